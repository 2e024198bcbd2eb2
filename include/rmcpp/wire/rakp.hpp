// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/open_session.hpp>

/// \file
/// RAKP messages 1 to 4 (IPMI v2.0, 13.20 to 13.23).

namespace rmcpp {

/// RAKP 1's role byte: bits 3:0 privilege, bit 4 name-only lookup. The HMACs take the whole byte as sent.
struct role_byte {
  std::uint8_t value = 0;

  static constexpr role_byte of(privilege p, bool name_only) noexcept {
    return {static_cast<std::uint8_t>(static_cast<unsigned>(p) | (name_only ? 0x10u : 0u))};
  }
  [[nodiscard]] constexpr privilege level() const noexcept { return static_cast<privilege>(value & 0x0f); }
  /// True: the user is found by name alone. False: name and privilege limit must both match.
  [[nodiscard]] constexpr bool name_only() const noexcept { return (value & 0x10) != 0; }
  friend constexpr bool operator==(role_byte, role_byte) noexcept = default;
};

using username = bounded<16>;

}  // namespace rmcpp

namespace rmcpp::wire {

/// A RAKP code as on the wire, up to 32 bytes (SHA-256). Some firmware sends one byte too many; 33 lets it be seen.
using rakp_code = bounded<33>;

/// RAKP Message 1, console to BMC, 28 bytes and the name (IPMI v2.0, 13.20).
struct rakp1 {
  std::uint8_t tag = 0;
  session_id managed_id{};  ///< SIDc, which the BMC gave in its Open Session Response; never 0
  nonce console_random{};   ///< Rm
  role_byte role{};         ///< whole byte as sent; hashed unmasked
  username name{};          ///< 0..16 bytes, counted, not terminated

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("tag", m.tag);
    io.reserved(3);
    io.le32("managed_id", m.managed_id);
    io.raw("console_random", m.console_random);
    io.u8("role", m.role);
    io.reserved(2);
    io.counted8("name", m.name);
  }
};

/// RAKP Message 2, BMC to console, 40 bytes and the code (IPMI v2.0, 13.21). With an error status written as 8 bytes;
/// 2 bytes and more than 8 are read too.
struct rakp2 {
  std::uint8_t tag = 0;
  rakp_status status = rakp_status::no_errors;
  session_id console_id{};  ///< SIDm; 0 if an error form ended before it
  nonce managed_random{};   ///< Rc
  guid managed_guid{};      ///< GUIDc, hashed as it lies here
  rakp_code code{};         ///< key exchange authentication code; empty with RAKP-none

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("tag", m.tag);
    io.u8("status", m.status);
    const bool error = m.status != rakp_status::no_errors;
    if (error && !io.more(6)) return io.ignore_rest();
    io.reserved(2);
    io.le32("console_id", m.console_id);
    if (error) return io.ignore_rest();
    io.raw("managed_random", m.managed_random);
    io.raw("managed_guid", m.managed_guid);
    io.rest("code", m.code);
  }
};

/// RAKP Message 3, console to BMC, 8 bytes and the code (IPMI v2.0, 13.22). With an error status there is no code.
struct rakp3 {
  std::uint8_t tag = 0;
  rakp_status status = rakp_status::no_errors;
  session_id managed_id{};  ///< SIDc
  rakp_code code{};         ///< key exchange authentication code; empty with RAKP-none

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("tag", m.tag);
    io.u8("status", m.status);
    io.reserved(2);
    io.le32("managed_id", m.managed_id);
    if (m.status != rakp_status::no_errors) return io.ignore_rest();
    io.rest("code", m.code);
  }
};

/// RAKP Message 4, BMC to console, 8 bytes and the value (IPMI v2.0, 13.23). With an error status written as 8 bytes;
/// 2 bytes and more than 8 are read too.
struct rakp4 {
  std::uint8_t tag = 0;
  rakp_status status = rakp_status::no_errors;
  session_id console_id{};  ///< SIDm; 0 if an error form ended before it
  rakp_code code{};         ///< integrity check value, cut by the authentication algorithm: 12, 16 or 16 bytes

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("tag", m.tag);
    io.u8("status", m.status);
    const bool error = m.status != rakp_status::no_errors;
    if (error && !io.more(6)) return io.ignore_rest();
    io.reserved(2);
    io.le32("console_id", m.console_id);
    if (error) return io.ignore_rest();
    io.rest("code", m.code);
  }
};

}  // namespace rmcpp::wire
