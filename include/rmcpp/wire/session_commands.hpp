// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>

/// \file
/// The App commands that steer a session: data of the request, and of the response after its completion code.

namespace rmcpp::wire {

/// Get System GUID, App 37h (IPMI v2.0, 22.14): no request data; response 16 bytes.
struct system_guid_response {
  guid value{};  ///< opaque: vendors disagree about the byte order

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.raw("guid", m.value); }
};

/// Set Session Privilege Level, App 3Bh (IPMI v2.0, 22.18): request and response, 1 byte each.
struct session_privilege {
  /// Completion codes of this command.
  static constexpr std::uint8_t not_available = 0x80;
  static constexpr std::uint8_t exceeds_limit = 0x81;

  std::uint8_t level = 0;  ///< request: bits 3:0 level wanted, 0 asks only; response: the level in force

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.u8("level", m.level); }
};

/// Close Session, App 3Ch (IPMI v2.0, 22.19): request 4 bytes, or 5 where the id is 0 and a handle follows.
struct close_session_request {
  /// Completion codes of this command.
  static constexpr std::uint8_t invalid_id = 0x87;
  static constexpr std::uint8_t invalid_handle = 0x88;

  session_id id{};          ///< the BMC's id (SIDc)
  std::uint8_t handle = 0;  ///< read and written only with id 0

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.le32("id", m.id);
    if (m.id == session_id::none && io.more()) io.u8("handle", m.handle);
  }
};

/// Get Session Info, App 3Dh (IPMI v2.0, 22.20). Request: an index, then a handle or an id if the index asks for one.
struct session_info_request {
  static constexpr std::uint8_t by_handle = 0xfe;
  static constexpr std::uint8_t by_id = 0xff;

  std::uint8_t index = 0;  ///< 0 this session, N the Nth active one, or one of the above
  std::uint8_t handle = 0;
  session_id id{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("index", m.index);
    if (m.index == by_handle) io.u8("handle", m.handle);
    if (m.index == by_id) io.le32("id", m.id);
  }
};

/// Response of Get Session Info over LAN: 3 bytes if no such session, else 18. Longer ones are read, the surplus
/// ignored.
struct session_info_response {
  std::uint8_t handle = 0;  ///< 0: no such session, and nothing after `active`
  std::uint8_t slots = 0;   ///< bits 5:0
  std::uint8_t active = 0;  ///< bits 5:0
  std::uint8_t user = 0;    ///< bits 5:0
  privilege level{};
  std::uint8_t channel = 0;               ///< bits 3:0 channel, bits 7:4 protocol: 0 v1.5, 1 v2.0
  std::array<std::uint8_t, 4> address{};  ///< IPv4, network order
  std::array<std::uint8_t, 6> mac{};
  std::uint16_t port = 0;  ///< little-endian

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("handle", m.handle);
    io.low_bits("slots", m.slots, 0x3f);
    io.low_bits("active", m.active, 0x3f);
    if (m.handle == 0) return io.ignore_rest();
    io.low_bits("user", m.user, 0x3f);
    io.low_bits("level", m.level, 0x0f);
    io.u8("channel", m.channel);
    io.raw("address", m.address);
    io.raw("mac", m.mac);
    io.le16("port", m.port);
    io.ignore_rest();
  }
};

}  // namespace rmcpp::wire
