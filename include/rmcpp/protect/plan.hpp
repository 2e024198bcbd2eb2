// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/suite.hpp>
#include <rmcpp/wire/session_v2.hpp>

/// \file
/// Where everything lies in a protected datagram: pure arithmetic, so that a caller can build its message in place.
/// ```
/// RMCP 4 | session header 12 (18 OEM) | IV 16 | message | pad, pad length | FFh.. pad, pad length, 07h | authcode
///        '------------------------ authenticated ---------------------------------------------------'
/// ```

namespace rmcpp::protect {

/// Bytes of a datagram's parts; offsets count from its first byte, the RMCP header.
struct packet_plan {
  std::size_t header = 0;   ///< bytes of the session header: 12, or 18 for OEM explicit payloads
  std::size_t message = 0;  ///< offset of the message, behind the IV if there is one
  std::size_t message_size = 0;
  std::size_t cipher_pad = 0;      ///< bytes of 01 02 .. after the message, 0..15; their count byte not included
  std::size_t payload_length = 0;  ///< the header's length field: IV, message, pad and count
  std::size_t integrity_pad = 0;   ///< FFh bytes, 0..3
  std::size_t authcode = 0;        ///< offset of the authentication code
  std::size_t total = 0;           ///< bytes of the datagram

  [[nodiscard]] constexpr std::size_t payload() const noexcept { return wire::rmcp_header::size + header; }
  [[nodiscard]] constexpr std::size_t payload_end() const noexcept { return payload() + payload_length; }
  friend constexpr bool operator==(const packet_plan&, const packet_plan&) noexcept = default;
};

/// Offset at which a message must be built: it does not depend on the message's size.
constexpr std::size_t message_offset(wire::payload_byte payload) noexcept {
  return wire::rmcp_header::size + wire::session_header_v2::size_before(payload) +
         (payload.encrypted() ? crypto::aes_block_size : 0);
}

/// Plan of a datagram around `message_size` bytes, protected as the payload byte's bits 6 and 7 say (AES-CBC-128 is the
/// only cipher there is).
constexpr packet_plan plan(wire::payload_byte payload, wire::integrity_algorithm integrity,
                           std::size_t message_size) noexcept {
  packet_plan p;
  p.header = wire::session_header_v2::size_before(payload);
  p.message = message_offset(payload);
  p.message_size = message_size;
  p.payload_length = message_size;
  if (payload.encrypted()) {
    p.cipher_pad = (0u - (message_size + 1)) & (crypto::aes_block_size - 1);
    p.payload_length = crypto::aes_block_size + message_size + p.cipher_pad + 1;
  }
  p.total = p.payload_end();
  if (payload.authenticated()) {
    p.integrity_pad = wire::session_trailer::pad_for(p.header, p.payload_length);
    p.authcode = p.payload_end() + p.integrity_pad + wire::session_trailer::fixed_size;
    p.total = p.authcode + authcode_size(integrity);
  }
  return p;
}

/// Bytes of the largest datagram around a message of this size, whatever the suite.
constexpr std::size_t max_datagram_for(std::size_t message_size) noexcept {
  return wire::rmcp_header::size + wire::session_header_v2::size_oem + crypto::aes_block_size + message_size +
         crypto::aes_block_size + 3 + wire::session_trailer::fixed_size + max_authcode_size;
}

}  // namespace rmcpp::protect
