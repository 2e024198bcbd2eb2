// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/datagram.hpp>

#include <stdexcept>
#include <vector>

/// \file
/// Datagrams as byte vectors: built, looked into, and changed by message. All of it throws std::runtime_error where the
/// bytes are not what the test says.

namespace rmcpp::testing {

using octets = std::vector<std::uint8_t>;

inline octets to_octets(bytes b) { return {b.begin(), b.end()}; }

/// The value of a result; throws its error.
template <class T> const T& value_of(const result<T>& r) {
  if (!r) throw std::runtime_error(describe(r.error()));
  return r.value();
}

/// What `encode(mutable_bytes) -> result<std::size_t>` writes.
template <class Encode> octets datagram_of(Encode&& encode) {
  octets out(2048);
  const result<std::size_t> n = encode(mutable_bytes(out));
  out.resize(value_of(n));
  return out;
}

/// A message alone, without headers.
template <wire::message M> octets encoded(const M& m) {
  return datagram_of([&](mutable_bytes out) { return encode(m, out); });
}

/// An RMCP+ datagram outside a session with any payload, sound or not.
inline octets sessionless(payload_type type, bytes payload) {
  octets out(wire::payload_v2 + payload.size());
  core::writer w(out);
  w.group("rmcp_header", wire::rmcp_header{});
  w.group("session_header_v2", wire::session_header_v2{.payload = wire::payload_byte::of(type),
                                                       .length = static_cast<std::uint16_t>(payload.size())});
  w.tail("payload", payload);
  return out;
}
/// An RMCP+ datagram outside a session around a message.
template <wire::message M> octets sessionless(payload_type type, const M& m) { return sessionless(type, encoded(m)); }

/// What look() finds in a datagram, sound or not: its offsets and numbers, without views.
inline wire::seen headers_of(bytes datagram) {
  octets copied = to_octets(datagram);
  wire::seen s = *wire::look(copied);
  s.datagram = {};
  return s;
}
inline wire::packet_format format_of(bytes datagram) { return headers_of(datagram).format; }
/// The payload type that a datagram's header claims; v1.5 format holds IPMI messages only.
inline payload_type type_of(bytes datagram) { return headers_of(datagram).kind.type(); }
/// What stands behind the headers of a datagram outside a session, either format; empty without any.
inline bytes payload_of(bytes datagram) {
  const bool v15 = format_of(datagram) == wire::packet_format::v15;
  const std::size_t at = v15 ? wire::sessionless_v15_payload : wire::payload_v2;
  return datagram.size() > at ? datagram.subspan(at) : bytes{};
}
/// The message in a datagram outside a session. Its views point into `datagram`.
template <wire::message M> M message_in(bytes datagram) { return value_of(wire::decode<M>(payload_of(datagram))); }

/// The RMCP+ datagram outside a session with its message changed by `change(M&)` before it is encoded again.
template <wire::message M, class F> octets edited(bytes datagram, F&& change) {
  M m = message_in<M>(datagram);
  change(m);
  return sessionless(type_of(datagram), m);
}

}  // namespace rmcpp::testing
