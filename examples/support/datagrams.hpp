// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <rmcpp/follower/follower.hpp>
#include <vector>

#include "frames.hpp"
#include "text.hpp"

/// \file
/// A datagram of a conversation as dissect takes it from its input, and which way it goes.

namespace examples {

/// The input cannot be read, or not to its end; exit status 2.
struct unreadable_input : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct captured {
  std::uint64_t frame = 0;       ///< counted from 1, all frames of the file or all datagrams of the lines
  std::optional<double> time{};  ///< seconds since the first frame
  rmcpp::flow from{};
  bool to_itself = false;  ///< sender and receiver are the same: pyghmi's BMC wakes itself so
  std::optional<std::pair<endpoint, endpoint>> addresses{};  ///< sender, receiver
  rmcpp::mutable_bytes data{};                               ///< until the next call; may be overwritten
  std::string problem{};  ///< why this is no datagram to judge: not all of it is there
};

struct input_counts {
  std::uint64_t frames = 0;
  std::uint64_t others = 0;       ///< frames without RMCP
  std::uint64_t unsupported = 0;  ///< frames of link types that are not read
  std::uint64_t fragments = 0;    ///< of UDP datagrams; they are not put together
  std::uint64_t damaged = 0;
};

class datagram_source {
 public:
  virtual ~datagram_source() = default;
  /// The next datagram, or nothing at the end. Throws unreadable_input.
  virtual std::optional<captured> next() = 0;
  [[nodiscard]] const input_counts& counts() const noexcept { return counts_; }

 protected:
  input_counts counts_{};
};

// ---- which way a datagram goes ----

/// What a datagram says about its direction, if anything: session setup, presence, and messages in the clear.
inline std::optional<rmcpp::direction> own_direction(rmcpp::bytes d) {
  using rmcpp::direction;
  const auto toward = [](bool console) { return console ? direction::to_console : direction::to_bmc; };
  if (d.size() < 10) return std::nullopt;
  std::vector<std::uint8_t> copied(d.begin(), d.end());
  const auto looked = rmcpp::wire::look(copied);
  const auto& seen = *looked;  // as far as it can be read
  if (looked.error() == rmcpp::errc::truncated) return std::nullopt;
  if (seen.format == rmcpp::wire::packet_format::asf) {
    if (d[8] == static_cast<std::uint8_t>(rmcpp::wire::asf_type::presence_pong)) return direction::to_console;
    if (d[8] == static_cast<std::uint8_t>(rmcpp::wire::asf_type::presence_ping)) return direction::to_bmc;
    return std::nullopt;
  }
  if (seen.format != rmcpp::wire::packet_format::v15 && seen.format != rmcpp::wire::packet_format::v2)
    return std::nullopt;
  const auto type = static_cast<unsigned>(seen.kind.type());
  if (type >= 0x10 && type <= 0x15) return toward(type % 2 != 0);
  if (seen.kind.type() != rmcpp::payload_type::ipmi || seen.kind.encrypted()) return std::nullopt;
  if (d.size() < seen.payload_at + 2) return std::nullopt;
  return toward(rmcpp::wire::net_fn_lun{d[seen.payload_at + 1]}.is_response());
}

/// Finds out which datagrams are RMCP, and who is the BMC.
class role_finder {
 public:
  explicit role_finder(std::vector<std::uint16_t> ports) : ports_(std::move(ports)) {}

  /// Fills in conversation and direction. False if the datagram is not ours to judge.
  bool judge(const endpoint& from, const endpoint& to, rmcpp::bytes data, captured& out) {
    out.to_itself = from == to;
    out.from.conversation = digest(from, to);
    known* const before = find(out.from.conversation);
    if (!before && !is_bmc_port(from.port) && !is_bmc_port(to.port) && !looks_like_rmcp(data)) return false;
    out.addresses = {from, to};
    if (out.to_itself) {
      out.from.dir = rmcpp::direction::to_console;
      return true;
    }
    bool to_bmc = true;
    if (is_bmc_port(from.port) != is_bmc_port(to.port)) {
      to_bmc = is_bmc_port(to.port);
    } else if (const auto own = own_direction(data)) {
      to_bmc = *own == rmcpp::direction::to_bmc;
    } else if (before) {
      to_bmc = before->bmc_is_greater == (to > from);
    }
    out.from.dir = to_bmc ? rmcpp::direction::to_bmc : rmcpp::direction::to_console;
    remember(before, out.from.conversation).bmc_is_greater = to_bmc == (to > from);
    const endpoint& bmc = to_bmc ? to : from;
    if (!before) remember(find(digest(bmc, bmc)), digest(bmc, bmc));
    return true;
  }

 private:
  struct known {
    bool bmc_is_greater = false;  ///< of the two endpoints
  };

  [[nodiscard]] bool is_bmc_port(std::uint16_t port) const {
    return std::find(ports_.begin(), ports_.end(), port) != ports_.end();
  }
  static bool looks_like_rmcp(rmcpp::bytes d) {
    const auto kind = [&] { return d[3] & 0x7f; };
    return d.size() >= 4 && d[0] == 0x06 && d[1] == 0x00 && kind() >= rmcpp::wire::rmcp_class::asf &&
           kind() <= rmcpp::wire::rmcp_class::oem;
  }
  static constexpr std::size_t packed_size = 19;
  static void pack(const endpoint& e, std::span<std::uint8_t, packed_size> to) {
    rmcpp::core::copy(e.address, to);
    to[16] = e.v6;
    to[17] = static_cast<std::uint8_t>(e.port >> 8);
    to[18] = static_cast<std::uint8_t>(e.port & 0xff);
  }
  /// The same for both directions.
  static std::uint64_t digest(const endpoint& a, const endpoint& b) {
    std::array<std::uint8_t, 2 * packed_size> both{};
    pack(std::min(a, b), std::span(both).first<packed_size>());
    pack(std::max(a, b), std::span(both).last<packed_size>());
    return rmcpp::core::content_digest(both);
  }
  known* find(std::uint64_t number) {
    known* const k = table_.find(0, number, [](const known&) { return true; });
    if (k) table_.touch(*k);
    return k;
  }
  known& remember(known* k, std::uint64_t number) {
    if (k) return *k;
    known& fresh = table_.acquire();
    fresh = {};
    table_.file(fresh, 0, number);
    return fresh;
  }

  std::vector<std::uint16_t> ports_;
  rmcpp::detail::lru_table<known, 4096, 1> table_;
};

}  // namespace examples
