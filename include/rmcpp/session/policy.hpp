// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/crypto/concepts.hpp>
#include <rmcpp/crypto/keys.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/rakp.hpp>

#include <concepts>

/// \file
/// What a machine's user supplies, as concepts. Each is a value or a reference in the machine's configuration.

namespace rmcpp {

/// Randomness: fills the span with unpredictable bytes, or returns false, and then the machine refuses to go on.
// clang-format off
template <class E> concept entropy_source = requires(E e, mutable_bytes out) {
  { e.fill(out) } noexcept -> std::same_as<bool>;
};
// clang-format on

/// An unpredictable session id, not 0. Errors: entropy_failure, also of a source that yields nothing but zeros.
template <entropy_source E> result<session_id> random_session_id(E& random) noexcept {
  std::array<std::uint8_t, 4> id{};
  for (int tries = 0; tries < 8 && all_zero(id); ++tries)
    if (!random.fill(id)) return errc::entropy_failure;
  if (all_zero(id)) return errc::entropy_failure;
  return session_id{load_le32(id.data())};
}

// ---- BMC ----

/// Where a datagram came from and where its answer goes.
/// - `==` compares address and port: a session stays with the peer of its RAKP 3.
/// - `quota_key()`: what limits are counted by, the address or its prefix; comparable.
/// - `channel()`: the channel number it arrived on, 0..0Bh.
/// - `can_reply()`: false for broadcast, multicast and port 0, which are never answered.
/// Optional: `ipv4()` (4 bytes, network order) and `port()`, which Get Session Info reports.
// clang-format off
template <class P>
concept peer_address = std::copyable<P> && std::default_initializable<P> && std::equality_comparable<P> &&
    requires(const P p) {
  { p.quota_key() == p.quota_key() } -> std::convertible_to<bool>;
  { p.channel() } noexcept -> std::same_as<std::uint8_t>;
  { p.can_reply() } noexcept -> std::same_as<bool>;
};
// clang-format on

/// A user's number, 1..63.
enum class user_id : std::uint8_t { none = 0 };

struct user_record {
  user_id id{};
  privilege limit{};     ///< on the channel asked about
  bool enabled = false;  ///< allowed to log in over that channel
  user_key secret{};     ///< the password, zero-padded to 20 bytes
};

/// The users, and K_g.
/// - `find(name, role, channel, out)`: whether there is such a user. With `role.name_only()` the first entry of that
///   name; else the entry whose name and limit both match the role. Names are counted strings, compared over all 16
///   padded bytes and over all entries without an early exit, so that time tells nothing.
/// - `kg(channel)`: the channel's K_g; all zero means one-key login.
// clang-format off
template <class U>
concept user_directory = requires(U u, const username& name, role_byte role, std::uint8_t channel, user_record& out) {
  { u.find(name, role, channel, out) } noexcept -> std::same_as<bool>;
  { u.kg(channel) } noexcept -> std::same_as<user_key>;
};
// clang-format on

/// Names a deferred answer. Stale ones are recognised: a slot's generation changes with every use.
struct ticket {
  std::uint8_t slot = 0xff;
  std::uint8_t generation = 0;
  [[nodiscard]] constexpr bool valid() const noexcept { return slot != 0xff; }
  friend constexpr bool operator==(ticket, ticket) noexcept = default;
};

/// A request as the handler sees it.
struct command {
  net_fn fn{};
  std::uint8_t lun = 0;
  std::uint8_t code = 0;
  bytes data{};       ///< view into the datagram; gone when handle() returns
  ticket deferred{};  ///< what to keep before returning handled::pending; invalid if no ticket is free
};

/// The session in which a request came.
struct session_info {
  session_id id{};
  user_id user{};
  username name{};
  privilege level{};  ///< in force now
  privilege limit{};
  std::uint8_t suite = 0;
  std::uint8_t channel = 0;
  std::uint8_t handle = 0;  ///< 1..sessions
};

/// Where a handler puts its answer: a completion code and data after it.
class response_writer {
 public:
  constexpr explicit response_writer(mutable_bytes room) noexcept : room_(room) {}

  constexpr void fail(completion_code code) noexcept {
    code_ = code;
    size_ = 0;
  }
  constexpr void put(std::uint8_t byte) noexcept { put(bytes(&byte, 1)); }
  /// Answers CAh (cannot return number of requested data bytes) if the data does not fit.
  constexpr void put(bytes data) noexcept {
    if (data.size() > room_.size() - size_) return fail(completion_code::cannot_return_bytes);
    size_ += copy(data, room_.subspan(size_));
  }
  /// A message of the wire layer, or one with such a layout.
  template <message M> constexpr void put(const M& m) noexcept {
    const auto n = encode(m, room_.subspan(size_));
    if (!n) return fail(completion_code::cannot_return_bytes);
    size_ += *n;
  }

  /// The command must not run twice (a power cycle, a reservation): should its answer be too long to keep for a
  /// repeat, the repeat gets CFh instead of being executed.
  constexpr void run_once() noexcept { once_ = true; }

  [[nodiscard]] constexpr bool once() const noexcept { return once_; }
  [[nodiscard]] constexpr completion_code code() const noexcept { return code_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  /// Bytes that still fit.
  [[nodiscard]] constexpr std::size_t room() const noexcept { return room_.size() - size_; }

 private:
  mutable_bytes room_;
  std::size_t size_ = 0;
  completion_code code_ = completion_code::ok;
  bool once_ = false;
};

enum class handled : std::uint8_t {
  done,     ///< the response writer holds the answer
  pending,  ///< bmc::complete() will give it, by the command's ticket
};

/// Executes commands that the library does not know. It may call the BMC's close(), user_changed() and kg_changed():
/// the command's own session ends after its answer has been sealed. It checks `session.level` itself: privilege is per
/// command.
// clang-format off
template <class H>
concept command_handler = requires(H h, const command& request, const session_info& session,
                                   response_writer& response) {
  { h.handle(request, session, response) } noexcept -> std::same_as<handled>;
};
// clang-format on

}  // namespace rmcpp
