// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <arpa/inet.h>
#include <pcap/dlt.h>

#include <array>
#include <compare>
#include <optional>
#include <rmcpp/core/bytes.hpp>
#include <string>

/// \file
/// From a captured frame to the UDP datagram in it: Ethernet with VLAN tags, Linux cooked, loopback and raw captures,
/// over IPv4 and IPv6.

namespace examples {

/// Address and port of one side.
struct endpoint {
  std::array<std::uint8_t, 16> address{};  ///< IPv4: the first 4
  bool v6 = false;
  std::uint16_t port = 0;

  friend auto operator<=>(const endpoint&, const endpoint&) = default;

  [[nodiscard]] std::string text() const {
    char digits[INET6_ADDRSTRLEN] = "";
    inet_ntop(v6 ? AF_INET6 : AF_INET, address.data(), digits, sizeof digits);
    return (v6 ? '[' + std::string(digits) + ']' : digits) + ':' + std::to_string(port);
  }
};

/// What a frame holds.
struct frame_content {
  enum class kind {
    other,     ///< no UDP
    udp,       ///< a whole datagram
    cut,       ///< one of which the capture kept only the beginning, `data`
    fragment,  ///< a part of one, the first if the ports are known
    damaged,   ///< headers that contradict themselves or are missing
  };
  kind what = kind::other;
  endpoint from{};
  endpoint to{};
  rmcpp::bytes data{};
  std::size_t length = 0;  ///< bytes that were sent
};

/// Reads frames of one link type.
class frame_parser {
 public:
  explicit frame_parser(int link) noexcept : link_(link) {}

  [[nodiscard]] bool knows_link() const noexcept { return link_header() != unknown; }

  [[nodiscard]] frame_content parse(rmcpp::bytes frame) const noexcept {
    using enum frame_content::kind;
    if (frame.size() < link_header()) return {damaged};
    rmcpp::bytes packet = frame.subspan(link_header());
    if (const auto at = protocol_offset()) {
      std::uint16_t protocol = be16(frame, *at);
      while (protocol == 0x8100 || protocol == 0x88a8 || protocol == 0x9100) {  // VLAN tags: 2 bytes and the next type
        if (packet.size() < 4) return {damaged};
        protocol = be16(packet, 2);
        packet = packet.subspan(4);
      }
      if (protocol != 0x0800 && protocol != 0x86dd) return {other};
    }
    if (packet.empty()) return {damaged};
    switch (packet[0] >> 4) {
      case 4: return ipv4(packet);
      case 6: return ipv6(packet);
      default: return {other};
    }
  }

 private:
  static constexpr std::size_t unknown = ~std::size_t{0};
  static constexpr std::uint8_t udp_protocol = 17;

  [[nodiscard]] std::size_t link_header() const noexcept {
    switch (link_) {
      case DLT_EN10MB: return 14;
      case DLT_LINUX_SLL: return 16;
      case DLT_LINUX_SLL2: return 20;
      case DLT_NULL:
      case DLT_LOOP: return 4;
      case DLT_RAW:
      case DLT_IPV4:
      case DLT_IPV6: return 0;
      default: return unknown;
    }
  }
  /// Where the link header says which protocol follows. Without it the IP version tells; a loopback header also says,
  /// but in numbers that differ from system to system.
  [[nodiscard]] std::optional<std::size_t> protocol_offset() const noexcept {
    switch (link_) {
      case DLT_EN10MB: return 12;
      case DLT_LINUX_SLL: return 14;
      case DLT_LINUX_SLL2: return 0;
      default: return std::nullopt;
    }
  }

  static std::uint16_t be16(rmcpp::bytes b, std::size_t at) noexcept {
    return static_cast<std::uint16_t>((b[at] << 8) | b[at + 1]);
  }

  static frame_content ipv4(rmcpp::bytes packet) noexcept {
    using enum frame_content::kind;
    if (packet.size() < 20) return {damaged};
    const std::size_t header = 4u * (packet[0] & 0x0fu);
    const std::size_t total = be16(packet, 2);
    if (header < 20 || total < header || packet.size() < header) return {damaged};
    if (packet[9] != udp_protocol) return {other};
    frame_content c;
    rmcpp::core::copy(packet.subspan(12, 4), c.from.address);
    rmcpp::core::copy(packet.subspan(16, 4), c.to.address);
    const unsigned place = be16(packet, 6);
    const bool more_fragments = (place & 0x2000) != 0;
    const bool first = (place & 0x1fff) == 0;
    return transport(c, packet.subspan(header), total - header, first, first && !more_fragments);
  }

  static frame_content ipv6(rmcpp::bytes packet) noexcept {
    using enum frame_content::kind;
    if (packet.size() < 40) return {damaged};
    frame_content c;
    c.from.v6 = c.to.v6 = true;
    rmcpp::core::copy(packet.subspan(8, 16), c.from.address);
    rmcpp::core::copy(packet.subspan(24, 16), c.to.address);
    std::size_t left = be16(packet, 4);
    std::uint8_t next = packet[6];
    packet = packet.subspan(40);
    bool first = true;
    bool whole = true;
    const auto is_extension = [&] { return next == 0 || next == 43 || next == 44 || next == 60; };
    while (first && is_extension()) {
      if (packet.size() < 8 || left < 8) return {damaged};
      std::size_t size = 8;
      if (next == 44) {
        const unsigned place = be16(packet, 2);
        first = (place & 0xfff8) == 0;
        whole = first && (place & 1) == 0;
      } else {
        size += 8u * packet[1];
      }
      if (packet.size() < size || left < size) return {damaged};
      next = packet[0];
      packet = packet.subspan(size);
      left -= size;
    }
    if (next != udp_protocol) return {other};
    return transport(c, packet, left, first, whole);
  }

  /// `sent` bytes of this packet were on the wire, UDP header included; perhaps fewer were kept, or padding follows.
  static frame_content transport(frame_content c, rmcpp::bytes in, std::size_t sent, bool first, bool whole) noexcept {
    using enum frame_content::kind;
    c.what = whole ? damaged : fragment;
    if (!first || sent < 8 || in.size() < 8) return c;
    c.from.port = be16(in, 0);
    c.to.port = be16(in, 2);
    const std::size_t length = be16(in, 4);
    if (length < 8) return c;
    c.length = length - 8;
    c.data = in.subspan(8, in.size() - 8 < c.length ? in.size() - 8 : c.length);
    if (whole && length <= sent) c.what = c.data.size() < c.length ? cut : udp;
    return c;
  }

  int link_;
};

}  // namespace examples
