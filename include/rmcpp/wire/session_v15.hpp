// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/rmcp.hpp>

namespace rmcpp::wire {

/// Authentication type or format, first byte after the RMCP header (IPMI v2.0, table 13-8).
enum class auth_type : std::uint8_t {
  none = 0,
  md2 = 1,
  md5 = 2,
  straight_password = 4,
  oem = 5,
  rmcp_plus = 6,  ///< not v1.5: the header of session_v2.hpp follows
};

/// Whether table 13-8 gives the number a meaning in an IPMI v1.5 packet.
constexpr bool is_defined(auth_type t) noexcept {
  return t <= auth_type::md5 || t == auth_type::straight_password || t == auth_type::oem;
}

/// IPMI v1.5 session wrapper (IPMI v2.0, 13.6). Sequence, then id: RMCP+ has them the other way round.
struct session_v15 {
  auth_type type = auth_type::none;
  std::uint32_t sequence = 0;  ///< little-endian; 0 outside a session
  session_id id{};
  octets16 authcode{};  ///< present only if type is not none
  bytes payload{};      ///< the IPMI message; view into the input. Bytes after it (the legacy pad) are tolerated

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("type", m.type);
    io.le32("sequence", m.sequence);
    io.le32("id", m.id);
    if (m.type != auth_type::none) io.raw("authcode", m.authcode);
    io.view8("payload", m.payload);
    io.ignore_rest();
  }
};

/// Offset of the payload in a datagram: the session header has 10 bytes, and 16 of authcode where there is one.
constexpr std::size_t payload_at_v15(auth_type type) noexcept {
  return rmcp_header::size + (type == auth_type::none ? 10 : 26);
}
inline constexpr std::size_t sessionless_v15_payload = payload_at_v15(auth_type::none);

/// A whole datagram outside a session, auth type none, around `m` (a LAN message). Errors: as encode().
template <message M> constexpr result<std::size_t> encode_sessionless_v15(const M& m, mutable_bytes out) noexcept {
  if (out.size() < sessionless_v15_payload) return errc::buffer_too_small;
  const auto n = encode(m, out.subspan(sessionless_v15_payload));
  if (!n) return n.error();
  core::writer w(out);
  w.group("rmcp_header", rmcp_header{});
  // The message already lies where the layout puts it.
  w.group("session_v15", session_v15{.payload = out.subspan(sessionless_v15_payload, *n)});
  return {w.size(), w.error()};
}

}  // namespace rmcpp::wire
