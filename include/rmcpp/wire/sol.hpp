// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>

namespace rmcpp::wire {

/// Serial over LAN packet, payload type 01h (IPMI v2.0, 15.9, tables 15-2 and 15-3): 4 bytes and the characters.
struct sol_packet {
  static constexpr std::size_t header_size = 4;
  static constexpr std::uint8_t nack = 0x40;  ///< control bit of both directions; the others differ by direction

  std::uint8_t sequence = 0;  ///< bits 3:0, 1..15; 0: acknowledges only and carries no characters
  std::uint8_t acked = 0;     ///< bits 3:0: sequence acknowledged; 0: none
  std::uint8_t accepted = 0;  ///< characters accepted of the packet acknowledged
  std::uint8_t control = 0;   ///< console: operation bits; BMC: status bits
  bytes data{};               ///< characters, 0..255; view into the input

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("sequence", m.sequence, 0x0f);
    io.low_bits("acked", m.acked, 0x0f);
    io.u8("accepted", m.accepted);
    io.u8("control", m.control);
    io.tail("data", m.data);
  }
};

}  // namespace rmcpp::wire
