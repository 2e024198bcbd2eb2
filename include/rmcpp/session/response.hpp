// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/session_v15.hpp>

/// \file
/// The answer to a request on its way from whoever executes it: written at once by a handler, or later by ticket.

namespace rmcpp {

/// A user's number, 1..63.
enum class user_id : std::uint8_t { none = 0 };

/// Names a deferred answer. Stale ones are recognised: a slot's generation changes with every use.
struct ticket {
  std::uint8_t slot = 0xff;
  std::uint8_t generation = 0;
  [[nodiscard]] constexpr bool valid() const noexcept { return slot != 0xff; }
  friend constexpr bool operator==(ticket, ticket) noexcept = default;
};

/// The session in which a request came.
struct session_info {
  session_id id{};
  user_id user{};
  username name{};
  privilege level{};  ///< in force now
  privilege limit{};
  std::uint8_t suite = 0;                             ///< of RMCP+
  wire::auth_type auth = wire::auth_type::rmcp_plus;  ///< of an IPMI v1.5 session its authentication type
  std::uint8_t channel = 0;
  std::uint8_t handle = 0;  ///< 1..sessions

  [[nodiscard]] constexpr bool is_v15() const noexcept { return auth != wire::auth_type::rmcp_plus; }
};

/// Where a handler puts its answer: a completion code and data after it.
class response_writer {
 public:
  constexpr explicit response_writer(mutable_bytes room, ticket later = {}) noexcept : room_(room), later_(later) {}

  constexpr void fail(completion_code code) noexcept {
    code_ = code;
    size_ = 0;
  }
  constexpr void put(std::uint8_t byte) noexcept { put(bytes(&byte, 1)); }
  /// Answers CAh (cannot return number of requested data bytes) if the data does not fit.
  constexpr void put(bytes data) noexcept {
    if (data.size() > room_.size() - size_) return fail(completion_code::cannot_return_bytes);
    size_ += core::copy(data, room_.subspan(size_));
  }
  template <std::size_t N> constexpr void put(const std::uint8_t (&data)[N]) noexcept { put(bytes(data)); }
  /// A message of the wire layer, or one with such a layout.
  template <wire::message M> constexpr void put(const M& m) noexcept {
    const auto n = wire::encode(m, room_.subspan(size_));
    if (!n) return fail(completion_code::cannot_return_bytes);
    size_ += *n;
  }

  /// The command must not run twice (a power cycle, a reservation), whether it is answered now or later: should its
  /// answer be too long to keep for a repeat, the repeat gets CFh instead of being executed.
  constexpr void run_once() noexcept { once_ = true; }

  /// What a handler keeps that returns handled::pending, for bmc::complete(). Invalid if no ticket is free: then
  /// `pending` is answered with C0h, busy.
  [[nodiscard]] constexpr ticket later() const noexcept { return later_; }

  [[nodiscard]] constexpr bool once() const noexcept { return once_; }
  [[nodiscard]] constexpr completion_code code() const noexcept { return code_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  /// Bytes that still fit.
  [[nodiscard]] constexpr std::size_t room() const noexcept { return room_.size() - size_; }

 private:
  mutable_bytes room_;
  ticket later_;
  std::size_t size_ = 0;
  completion_code code_ = completion_code::ok;
  bool once_ = false;
};

enum class handled : std::uint8_t {
  done,     ///< the response writer holds the answer
  pending,  ///< bmc::complete() will give it, by response_writer::later()
};

/// An answer for bmc::complete().
struct response {
  completion_code code = completion_code::ok;
  bytes data{};
  bool once = false;  ///< as response_writer::run_once(), if that was not said before
};

}  // namespace rmcpp
