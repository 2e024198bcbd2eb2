// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/rmcp.hpp>
#include <rmcpp/wire/session_v15.hpp>
#include <rmcpp/wire/session_v2.hpp>

/// \file
/// The one walk over a datagram's headers: RMCP (IPMI v2.0, 13.1.3), then the IPMI v1.5 or the RMCP+ session header
/// (13.6). It decrypts and believes nothing, and applies no policy: what may come in which format is its caller's.

namespace rmcpp::wire {

/// What stands behind the RMCP header.
enum class packet_format : std::uint8_t {
  none,  ///< nothing known: the RMCP header itself is not sound, or of no known class
  ack,   ///< RMCP ACK, of whatever class
  asf,   ///< ASF message
  oem,   ///< RMCP class of an OEM
  v15,   ///< IPMI v1.5 session header
  v2,    ///< RMCP+ session header
};

/// A datagram whose headers were read. Nothing in it is authenticated. Views live as long as the datagram's bytes.
struct seen {
  packet_format format = packet_format::none;
  rmcp_class rmcp{};             ///< class byte of the RMCP header
  payload_byte kind{};           ///< RMCP+: type, and how the packet says it is protected; v1.5: an IPMI message, bare
  auth_type auth{};              ///< v1.5: as it lay there, whether it is defined or not
  session_id id{};               ///< 0 outside a session
  std::uint32_t sequence = 0;    ///< session sequence number
  std::size_t payload_at = 0;    ///< offset of the payload
  std::size_t payload_size = 0;  ///< its bytes, still encrypted where they are
  mutable_bytes datagram{};

  /// RMCP+ and v1.5: the payload; otherwise all that follows the RMCP header.
  [[nodiscard]] constexpr mutable_bytes payload() const noexcept { return datagram.subspan(payload_at, payload_size); }
  /// Everything behind the payload: the session trailer of an authenticated RMCP+ packet, otherwise surplus bytes, such
  /// as the legacy pad of v1.5.
  [[nodiscard]] constexpr mutable_bytes behind() const noexcept { return datagram.subspan(payload_at + payload_size); }
  /// v1.5: the authcode, 16 bytes before the length byte; empty with auth type none. Only where look() had no error.
  [[nodiscard]] constexpr mutable_bytes authcode() const noexcept {
    if (format != packet_format::v15 || auth == auth_type::none) return {};
    return datagram.subspan(payload_at - 1 - authcode_size_v15, authcode_size_v15);
  }
  /// RMCP+: whether it claims to be neither in a session nor protected.
  [[nodiscard]] constexpr bool is_bare() const noexcept {
    return id == session_id::none && sequence == 0 && !kind.authenticated() && !kind.encrypted();
  }

  static constexpr std::size_t authcode_size_v15 = 16;
};

namespace detail {

constexpr errc look_v15(core::reader& r, seen& s) noexcept {
  session_v15 header;
  s.format = packet_format::v15;
  r.group("session_v15", header);
  s.auth = header.type;
  s.id = header.id;
  s.sequence = header.sequence;
  s.payload_at = r.size() - header.payload.size();
  s.payload_size = header.payload.size();
  return r.error();
}

constexpr errc look_v2(core::reader& r, seen& s) noexcept {
  session_header_v2 header;
  s.format = packet_format::v2;
  r.group("session_header_v2", header);
  s.kind = header.payload;
  s.id = header.id;
  s.sequence = header.sequence;
  s.payload_at = r.size();
  s.payload_size = 0;
  if (r.error() != errc::ok) return r.error();
  if (header.length == 0 || header.length > r.remaining()) return errc::bad_length;
  s.payload_size = header.length;
  return errc::ok;
}

constexpr errc look_rmcp(core::reader& r, seen& s) noexcept {
  rmcp_header header;
  r.group("rmcp_header", header);
  if (r.error() != errc::ok) return r.error();
  s.rmcp = header.kind;
  s.payload_at = r.size();
  s.payload_size = r.remaining();
  if (header.kind.is_ack()) {
    s.format = packet_format::ack;
  } else if (header.kind.value == rmcp_class::asf) {
    s.format = packet_format::asf;
  } else if (header.kind.value == rmcp_class::oem) {
    s.format = packet_format::oem;
  } else if (header.kind.value != rmcp_class::ipmi) {
    return errc::bad_message_class;
  } else if (header.sequence != rmcp_header::no_ack) {
    return errc::bad_rmcp_sequence;
  } else if (r.more() && s.datagram[s.payload_at] == static_cast<std::uint8_t>(auth_type::rmcp_plus)) {
    return look_v2(r, s);
  } else {
    return look_v15(r, s);
  }
  return errc::ok;
}

}  // namespace detail

/// Walks the headers of a datagram that may be anything. On error the result holds what was read so far. Surplus bytes
/// behind a payload are no error: some BMCs send a session trailer behind setup messages, which have none. What to make
/// of them within a session is open()'s to say.
/// Errors: truncated; bad_version; bad_message_class (RMCP); bad_rmcp_sequence (an IPMI datagram that wants an RMCP
/// ACK); bad_length (a payload longer than the datagram; of RMCP+ also an empty one).
RMCPP_FLATTEN constexpr result<seen> look(mutable_bytes datagram) noexcept {
  seen s{.datagram = datagram};
  core::reader r(datagram);
  const errc error = detail::look_rmcp(r, s);
  return {s, error};
}

/// What a packet that is in no session must look like: nothing protects it, and it has no place in a sequence (13.6,
/// table 13-8). Errors: bad_auth_type and unknown_session (v1.5); unexpected_protection (RMCP+, whose id is 0).
constexpr status check_sessionless(const seen& packet) noexcept {
  if (packet.format == packet_format::v2) return packet.is_bare() ? status{} : status{errc::unexpected_protection};
  if (packet.auth != auth_type::none) return errc::bad_auth_type;
  return packet.id == session_id::none && packet.sequence == 0 ? status{} : status{errc::unknown_session};
}

}  // namespace rmcpp::wire
