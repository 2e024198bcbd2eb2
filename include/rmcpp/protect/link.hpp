// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>

/// \file
/// One session's packets, both ways. A link knows no role, no peer and no state: a login fills it, a session uses it,
/// and nothing else touches keys, numbers or the window.

namespace rmcpp::protect {

/// A link in RMCP+ format (IPMI v2.0, 13.6): keys, the number of the next packet out, the window of those in, the id
/// that our packets carry, and which payloads are encrypted.
template <crypto::backend B> class link_v2 {
 public:
  /// Bytes of the longest message that it carries.
  static constexpr std::size_t longest_message() noexcept { return 0xffff; }

  /// The keys of a login that came through; whatever was loaded before is gone, also on error.
  /// Errors: unsupported_suite; crypto_failure.
  status load(B& b, const wire::cipher_suite& suite, const derived_keys& keys, const user_key& password) noexcept {
    return keys_.load(b, suite, keys, password);
  }
  /// Both directions at their first packet; ours carry `peer_id`. Without integrity the rule is always strict.
  void begin(session_id peer_id, window_rule rule, std::uint32_t first_out = 1, std::uint32_t first_in = 1) noexcept {
    peer_id_ = peer_id;
    rule_ = rule;
    sequence_ = sequence_counter(first_out - 1);
    window_ = replay_window(first_in);
    plaintext_ = 0;
  }
  /// Wipes the keys. Harmless on an empty link.
  void unload(B& b) noexcept { keys_.unload(b); }

  /// The id in our packets, which the peer chose.
  [[nodiscard]] session_id peer_id() const noexcept { return peer_id_; }
  [[nodiscard]] bool authenticated() const noexcept { return keys_.authenticates(); }
  /// Whether the suite has a cipher, so that payloads may be encrypted.
  [[nodiscard]] bool can_encrypt() const noexcept { return keys_.encrypts(); }
  /// Whether this payload is encrypted, both ways: if the suite can, until encrypt_payload() says otherwise.
  [[nodiscard]] bool encrypts(payload_type type) const noexcept {
    return keys_.encrypts() && (plaintext_ & bit(type)) == 0;
  }
  /// Suspends or resumes the encryption of one payload type (Suspend/Resume Payload Encryption, 24.3; Activate Payload,
  /// 24.1).
  void encrypt_payload(payload_type type, bool on) noexcept {
    plaintext_ = static_cast<std::uint16_t>(on ? plaintext_ & ~bit(type) : plaintext_ | bit(type));
  }

  /// Where a message of `size` bytes is built, so that seal() finds it; empty if `out` cannot hold the datagram.
  [[nodiscard]] mutable_bytes room(mutable_bytes out, payload_type type, std::size_t size) const noexcept {
    const auto p = planned(type, size);
    return p.total <= out.size() ? out.subspan(p.message, size) : mutable_bytes{};
  }

  /// Finishes the datagram around the `size` bytes at room(): draws the initialisation vector, counts the packet's
  /// number, encrypts, signs. Returns the datagram's size; what `out` has behind it is scratch.
  /// Errors: buffer_too_small (nothing changed); too_long above 65,535 payload bytes; entropy_failure; crypto_failure.
  template <crypto::entropy_source E>
  result<std::size_t> seal(B& b, E& random, payload_type type, std::size_t size, mutable_bytes out) noexcept {
    return seal(b, random, kind(type), planned(type, size), out);
  }

  /// Builds an IPMI message where it will be sent from, and seals it. Errors: as seal().
  template <crypto::entropy_source E, wire::message M>
  RMCPP_FLATTEN result<std::size_t> seal_message(B& b, E& random, const M& m, mutable_bytes out) noexcept {
    const auto p = planned(payload_type::ipmi, M::overhead + m.data.size());
    if (out.size() < p.total) return errc::buffer_too_small;
    (void)encode(m, out.subspan(p.message, p.message_size));
    return seal(b, random, kind(payload_type::ipmi), p, out);
  }

  /// All but the keys.
  template <class Sink> void describe_state(Sink& sink) const {
    sink("suite", keys_.suite().id);
    window_.describe_state(sink);
    sequence_.describe_state(sink);
    sink("peer_id", peer_id_);
    sink("behind", rule_.behind);
    sink("ahead", rule_.ahead);
    sink("plaintext", plaintext_);
  }

  /// Verifies and decrypts a packet that look() has seen, in place; only then the window moves.
  /// Errors: as rmcpp::protect::open().
  result<opened> open(B& b, const wire::seen& packet, repeats seen_before = repeats::refuse) noexcept {
    const open_policy policy{.encrypted = encrypts(packet.kind.type()), .rule = rule_, .seen_before = seen_before};
    return rmcpp::protect::open(b, keys_, window_, packet, policy);
  }

 private:
  [[nodiscard]] wire::payload_byte kind(payload_type type) const noexcept {
    return wire::payload_byte::of(type, keys_.authenticates(), encrypts(type));
  }
  [[nodiscard]] packet_plan planned(payload_type type, std::size_t size) const noexcept {
    return plan(kind(type), keys_.suite().integrity, size);
  }
  template <crypto::entropy_source E>
  result<std::size_t> seal(B& b, E& random, wire::payload_byte payload, const packet_plan& p,
                           mutable_bytes out) noexcept {
    if (out.size() < p.total) return errc::buffer_too_small;
    if (p.payload_length > 0xffff) return errc::too_long;
    crypto::block iv{};
    if (payload.encrypted() && !random.fill(iv)) return errc::entropy_failure;
    const wire::session_header_v2 header{.payload = payload, .id = peer_id_, .sequence = sequence_.next()};
    return detail::seal_planned(b, keys_, header, p, iv, out);
  }
  /// One bit each for the types that a session carries: 0 to 7, and the OEM handles 20h to 27h.
  static constexpr unsigned bit(payload_type type) noexcept {
    const auto number = static_cast<unsigned>(type);
    return 1u << ((number & 7u) | ((number >> 2) & 8u));
  }

  session_keys<B> keys_{};
  replay_window window_{};
  sequence_counter sequence_{};
  session_id peer_id_{};
  window_rule rule_{};
  std::uint16_t plaintext_ = 0;  ///< payload types whose encryption is off
};

}  // namespace rmcpp::protect
