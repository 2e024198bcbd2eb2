// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>

/// \file
/// Get Channel Authentication Capabilities, App 38h (IPMI v2.0, 22.13). Command messages are the data of a request and
/// the data of a response after its completion code.

namespace rmcpp::wire {

inline constexpr std::uint8_t this_channel = 0x0e;  ///< "the channel this arrives on"

/// Request, 2 bytes.
struct channel_auth_request {
  std::uint8_t channel = 0x80 | this_channel;  ///< bit 7: v2.0 data wanted; bits 3:0: channel
  privilege level = privilege::administrator;  ///< bits 3:0, 1..5

  [[nodiscard]] constexpr bool wants_v2() const noexcept { return (channel & 0x80) != 0; }
  [[nodiscard]] constexpr std::uint8_t number() const noexcept { return channel & 0x0f; }

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("channel", m.channel);
    io.low_bits("level", m.level, 0x0f);
  }
};

/// Response, 8 bytes. Unauthenticated, hence advisory only.
struct channel_auth_response {
  static constexpr std::uint8_t auth_v2_data = 0x80;          ///< auth_types: v2.0 data follows
  static constexpr std::uint8_t auth_v15_types = 0x37;        ///< auth_types: those of IPMI v1.5
  static constexpr std::uint8_t status_anonymous = 0x01;      ///< null name with null password
  static constexpr std::uint8_t status_null_names = 0x02;     ///< null name with a password
  static constexpr std::uint8_t status_named_users = 0x04;    ///< non-null names exist
  static constexpr std::uint8_t status_user_auth_off = 0x08;  ///< user-level authentication disabled
  static constexpr std::uint8_t status_msg_auth_off = 0x10;   ///< per-message authentication disabled
  static constexpr std::uint8_t status_kg_set = 0x20;         ///< K_g is set: two-key login
  static constexpr std::uint8_t supports_v15 = 0x01;
  static constexpr std::uint8_t supports_v2 = 0x02;

  std::uint8_t channel = 0;
  std::uint8_t auth_types = 0;   ///< bit n: auth_type n; bit 7: the v2.0 fields below are valid
  std::uint8_t auth_status = 0;  ///< status_ bits
  std::uint8_t extended = 0;     ///< supports_ bits
  std::uint32_t oem_iana = 0;    ///< 3 bytes, little-endian
  std::uint8_t oem_aux = 0;

  [[nodiscard]] constexpr bool offers_v2() const noexcept {
    return (auth_types & auth_v2_data) != 0 && (extended & supports_v2) != 0;
  }

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("channel", m.channel, 0x0f);
    io.u8("auth_types", m.auth_types);
    io.u8("auth_status", m.auth_status);
    io.u8("extended", m.extended);
    io.le24("oem_iana", m.oem_iana);
    io.u8("oem_aux", m.oem_aux);
  }
};

}  // namespace rmcpp::wire
