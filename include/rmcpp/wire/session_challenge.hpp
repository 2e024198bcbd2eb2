// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/session_v15.hpp>

/// \file
/// The two commands with which an IPMI v1.5 session begins: data of the request, and of the response after its
/// completion code.

namespace rmcpp::wire {

/// Request of Get Session Challenge, App 39h (IPMI v2.0, 22.16), 17 bytes; outside a session.
struct session_challenge_request {
  /// Completion codes of this command.
  static constexpr std::uint8_t unknown_name = 0x81;
  static constexpr std::uint8_t no_null_name = 0x82;

  auth_type type{};                     ///< bits 3:0: for this and the next command
  std::array<std::uint8_t, 16> name{};  ///< zero-padded

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("type", m.type, 0x0f);
    io.raw("name", m.name);
  }
};

/// Response, 20 bytes.
struct session_challenge_response {
  session_id temporary_id{};  ///< carried by Activate Session
  octets16 challenge{};       ///< to be sent back there

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.le32("temporary_id", m.temporary_id);
    io.raw("challenge", m.challenge);
  }
};

/// Request of Activate Session, App 3Ah (IPMI v2.0, 22.17), 22 bytes; with an authcode, under the temporary id.
struct activate_session_request {
  /// Completion codes of this command.
  static constexpr std::uint8_t no_slot = 0x81;
  static constexpr std::uint8_t no_slot_for_user = 0x82;
  static constexpr std::uint8_t no_slot_for_level = 0x83;
  static constexpr std::uint8_t bad_sequence = 0x84;
  static constexpr std::uint8_t exceeds_limit = 0x86;

  auth_type type{};   ///< bits 3:0: as in Get Session Challenge
  privilege level{};  ///< bits 3:0: highest that the session may ask for
  octets16 challenge{};
  std::uint32_t first_to_console = 0;  ///< little-endian; sequence number of the BMC's first packet, never 0

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("type", m.type, 0x0f);
    io.low_bits("level", m.level, 0x0f);
    io.raw("challenge", m.challenge);
    io.le32("first_to_console", m.first_to_console);
  }
};

/// Response, 10 bytes.
struct activate_session_response {
  auth_type type{};                ///< bits 3:0: of the rest of the session
  session_id id{};                 ///< of the session, in both directions
  std::uint32_t first_to_bmc = 0;  ///< little-endian; sequence number of the console's next packet
  privilege level{};               ///< bits 3:0: highest that the session may ask for

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("type", m.type, 0x0f);
    io.le32("id", m.id);
    io.le32("first_to_bmc", m.first_to_bmc);
    io.low_bits("level", m.level, 0x0f);
  }
};

}  // namespace rmcpp::wire
