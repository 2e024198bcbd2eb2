// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/rmcp.hpp>
#include <rmcpp/wire/session_v15.hpp>

namespace rmcpp {

/// RMCP+ payload types (IPMI v2.0, table 13-16).
enum class payload_type : std::uint8_t {
  ipmi = 0x00,
  sol = 0x01,
  oem_explicit = 0x02,
  open_session_request = 0x10,
  open_session_response = 0x11,
  rakp1 = 0x12,
  rakp2 = 0x13,
  rakp3 = 0x14,
  rakp4 = 0x15,
  oem0 = 0x20,  ///< OEM handles 0..7 are 20h..27h
  oem7 = 0x27,
};

constexpr const char* describe(payload_type t) noexcept {
  switch (t) {
    case payload_type::ipmi: return "IPMI message";
    case payload_type::sol: return "SOL";
    case payload_type::oem_explicit: return "OEM explicit";
    case payload_type::open_session_request: return "Open Session Request";
    case payload_type::open_session_response: return "Open Session Response";
    case payload_type::rakp1: return "RAKP 1";
    case payload_type::rakp2: return "RAKP 2";
    case payload_type::rakp3: return "RAKP 3";
    case payload_type::rakp4: return "RAKP 4";
    default: break;
  }
  return t >= payload_type::oem0 && t <= payload_type::oem7 ? "OEM payload" : "reserved";
}

}  // namespace rmcpp

namespace rmcpp::wire {

/// Payload type byte: bit 7 encrypted, bit 6 authenticated, bits 5:0 type.
struct payload_byte {
  std::uint8_t value = 0;

  static constexpr payload_byte of(payload_type t, bool authenticated = false, bool encrypted = false) noexcept {
    return {
        static_cast<std::uint8_t>(static_cast<unsigned>(t) | (authenticated ? 0x40u : 0u) | (encrypted ? 0x80u : 0u))};
  }
  [[nodiscard]] constexpr payload_type type() const noexcept { return static_cast<payload_type>(value & 0x3f); }
  [[nodiscard]] constexpr bool authenticated() const noexcept { return (value & 0x40) != 0; }
  [[nodiscard]] constexpr bool encrypted() const noexcept { return (value & 0x80) != 0; }
  friend constexpr bool operator==(payload_byte, payload_byte) noexcept = default;
};

/// RMCP+ session header (IPMI v2.0, 13.6): 12 bytes after the RMCP header, 18 with an OEM explicit payload.
/// The payload and, if authenticated, the trailer follow it.
struct session_header_v2 {
  static constexpr std::size_t size = 12;
  static constexpr std::size_t size_oem = 18;

  payload_byte payload{};
  std::uint32_t oem_iana = 0;        ///< 3 bytes little-endian and a zero; OEM explicit payloads only
  std::uint16_t oem_payload_id = 0;  ///< OEM explicit payloads only
  session_id id{};                   ///< chosen by the receiver of the packet; 0 outside a session
  std::uint32_t sequence = 0;        ///< little-endian; 0 outside a session, 1 in a session's first packet
  std::uint16_t length = 0;          ///< payload bytes, confidentiality header and trailer included; never 0

  /// Bytes of the header before such a payload.
  static constexpr std::size_t size_before(payload_byte payload) noexcept {
    return payload.type() == payload_type::oem_explicit ? size_oem : size;
  }

  [[nodiscard]] constexpr std::size_t encoded_size() const noexcept { return size_before(payload); }

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.constant("auth_type", static_cast<std::uint8_t>(auth_type::rmcp_plus), errc::bad_auth_type);
    io.u8("payload", m.payload);
    if (m.payload.type() == payload_type::oem_explicit) {
      io.le32("oem_iana", m.oem_iana);
      io.le16("oem_payload_id", m.oem_payload_id);
    }
    io.le32("id", m.id);
    io.le32("sequence", m.sequence);
    io.le16("length", m.length);
  }
};

/// Session trailer of an authenticated packet (IPMI v2.0, 13.28.4), written behind its pad: `pad` bytes of FFh, their
/// count, the next header 07h, the authentication code. Read from the end: see protect/open.hpp.
struct session_trailer {
  static constexpr std::uint8_t pad_byte = 0xff;
  static constexpr std::uint8_t next_header = 0x07;
  static constexpr std::size_t fixed_size = 2;  ///< pad length and next header

  /// Pad bytes, 0..3, that make header, payload, pad and the two fixed bytes a multiple of 4. The RMCP header and the
  /// authentication code do not count.
  static constexpr std::size_t pad_for(std::size_t header, std::size_t payload) noexcept {
    return (0u - (header + payload + fixed_size)) & 3u;
  }
};

/// Offset of the payload in a datagram with a 12-byte session header.
inline constexpr std::size_t payload_v2 = rmcp_header::size + session_header_v2::size;

namespace detail {

/// Headers before a payload of `n` bytes that lies at payload_v2; an error of its encoder stays what it is.
constexpr result<std::size_t> frame_sessionless_v2(payload_type type, result<std::size_t> n,
                                                   mutable_bytes out) noexcept {
  if (!n) return n;
  if (*n > 0xffff) return errc::too_long;
  core::writer w(out);
  w.group("rmcp_header", rmcp_header{});
  w.group("session_header_v2",
          session_header_v2{.payload = payload_byte::of(type), .length = static_cast<std::uint16_t>(*n)});
  return {w.size() + *n, w.error()};
}

}  // namespace detail

/// A whole datagram outside a session (session setup, or a command that needs none) around `m`. Errors: as encode();
/// invalid_argument for OEM explicit payloads, whose header is longer.
template <message M>
constexpr result<std::size_t> encode_sessionless_v2(payload_type type, const M& m, mutable_bytes out) noexcept {
  if (type == payload_type::oem_explicit) return errc::invalid_argument;
  if (out.size() < payload_v2) return errc::buffer_too_small;
  return detail::frame_sessionless_v2(type, encode(m, out.subspan(payload_v2)), out);
}

}  // namespace rmcpp::wire
