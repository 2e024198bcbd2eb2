// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>

namespace rmcpp::wire {

/// Class byte of the RMCP header: bit 7 acknowledges, bits 4:0 are the class.
struct rmcp_class {
  static constexpr std::uint8_t asf = 0x06;
  static constexpr std::uint8_t ipmi = 0x07;
  static constexpr std::uint8_t oem = 0x08;

  std::uint8_t value = ipmi;

  [[nodiscard]] constexpr bool is_ack() const noexcept { return (value & 0x80) != 0; }
  /// Bits 6:0, reserved bits 6:5 included: a value with them set equals no class.
  [[nodiscard]] constexpr std::uint8_t kind() const noexcept { return value & 0x7f; }
  friend constexpr bool operator==(rmcp_class, rmcp_class) noexcept = default;
};

/// RMCP header, first 4 bytes of every datagram (IPMI v2.0, 13.1.3).
struct rmcp_header {
  static constexpr std::size_t size = 4;
  static constexpr std::uint8_t no_ack = 0xff;  ///< sequence of a datagram that wants no RMCP ACK: always with IPMI

  std::uint8_t sequence = no_ack;
  rmcp_class kind{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.constant("version", 0x06, errc::bad_version);
    io.reserved(1);
    io.u8("sequence", m.sequence);
    io.u8("class", m.kind);
  }
};

/// The RMCP ACK of `h`: sequence and class copied, bit 7 set, no data. An ACK and a datagram with sequence FFh are
/// never acknowledged.
constexpr rmcp_header acknowledge(const rmcp_header& h) noexcept {
  return {h.sequence, {static_cast<std::uint8_t>(h.kind.value | 0x80)}};
}

}  // namespace rmcpp::wire
