// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>
#include <rmcpp/testing/fields.hpp>
#include <rmcpp/testing/policies.hpp>

/// \file
/// What both crafted peers share: a login's secrets and a session's keys in a test's hands.

namespace rmcpp::testing {

/// A session packet, opened.
struct unsealed_packet {
  session_id id{};
  std::uint32_t sequence = 0;
  payload_type type{};
  octets message{};
};

/// One side of a session, every part of which may be changed at any time. To get one thing wrong: give sealed() what no
/// honest peer would, or take a sound datagram and
/// - override a header field: the authentication code is stale, until reseal();
/// - reword() its message: encrypted and signed again, so that only the message is wrong.
template <crypto::backend B = null_backend> struct crafted_session {
  B crypto{};
  wire::cipher_suite suite = wire::standard_suites[3];
  user_key password = key_of("secret");
  user_key kg{};
  protect::rakp_transcript transcript{};
  protect::session_keys<B> keys{};
  protect::sequence_counter sequence{};  ///< of what this side sends
  protect::replay_window window{};       ///< of what it takes

  [[nodiscard]] session_id managed_id() const { return transcript.managed_id; }

  /// SIK, of the transcript as it is now.
  [[nodiscard]] protect::session_secret integrity_key() {
    return value_of(session_integrity_key(crypto, suite.authentication, password, kg, transcript));
  }
  /// Begins a session: keys of the transcript as it is now, both directions at their first packet.
  void load_keys() {
    sequence = {};
    window = {};
    const auto sik = integrity_key();
    if (const auto loaded = keys.load(crypto, suite, sik.reveal(), password); !loaded)
      throw std::runtime_error(describe(loaded.error()));
  }

  /// A payload type byte with the session's protection.
  [[nodiscard]] wire::payload_byte kind(payload_type type = payload_type::ipmi) const {
    return wire::payload_byte::of(type, keys.authenticates(), keys.encrypts());
  }

  /// A packet around any message, protected as `payload` says, to session `id`.
  [[nodiscard]] octets sealed(bytes message, wire::payload_byte payload, std::uint32_t number, session_id id) {
    const auto p = protect::plan(payload, suite.integrity, message.size());
    octets out(p.total);
    core::copy(message, mutable_bytes(out).subspan(p.message));
    const crypto::block iv{static_cast<std::uint8_t>(number), 0x77, static_cast<std::uint8_t>(to_integer(id))};
    (void)value_of(seal(crypto, keys, {.payload = payload, .id = id, .sequence = number}, p, iv, out));
    return out;
  }

  /// Computes the authentication code again over the packet as it is; nothing else is put right.
  void reseal(octets& datagram) {
    const std::size_t size = protect::authcode_size(suite.integrity);
    const auto signed_size = datagram.size() - size;
    const std::array<bytes, 1> covered{bytes(datagram).first(signed_size).subspan(wire::rmcp_header::size)};
    if (const auto done = keys.sign(crypto, covered, mutable_bytes(datagram).subspan(signed_size)); !done)
      throw std::runtime_error(describe(done.error()));
  }

  /// Changes the message within a sound packet by `change(octets&)`; headers and protection stay as they were.
  template <class F> void reword(octets& datagram, F&& change) {
    const auto packet = value_of(wire::look(datagram));
    mutable_bytes message = packet.payload();
    if (packet.kind.encrypted()) message = value_of(decrypt_payload(crypto, keys, message));
    octets changed = to_octets(message);
    change(changed);
    datagram = sealed(changed, packet.kind, packet.sequence, packet.id);
  }

  /// Opens a packet as strictly as the machines do; throws if it is not sound.
  [[nodiscard]] unsealed_packet unsealed(octets datagram) {
    const auto packet = value_of(wire::look(datagram));
    const auto o = value_of(rmcpp::protect::open(crypto, keys, window, packet, {.encrypted = keys.encrypts()}));
    return {packet.id, packet.sequence, o.type(), to_octets(o.message())};
  }
};

}  // namespace rmcpp::testing
