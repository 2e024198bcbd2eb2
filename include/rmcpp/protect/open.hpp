// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/plan.hpp>
#include <rmcpp/protect/replay_window.hpp>

namespace rmcpp {

/// A datagram in RMCP+ format whose headers are sound. Nothing in it is authenticated.
struct split_packet {
  session_header_v2 header{};
  mutable_bytes datagram{};
  std::size_t payload_offset = 0;

  [[nodiscard]] constexpr mutable_bytes payload() const noexcept {
    return datagram.subspan(payload_offset, header.length);
  }
  /// Everything behind the payload: pad, pad length, next header, authentication code.
  [[nodiscard]] constexpr bytes trailer() const noexcept { return datagram.subspan(payload_offset + header.length); }
};

/// Walks the headers of a datagram that may be anything. The view in the result lives as long as `datagram`'s bytes.
/// Errors: truncated, bad_version, bad_rmcp_sequence, bad_message_class, bad_auth_type (not RMCP+ format),
/// bad_length (payload empty or longer than the datagram), trailing_bytes (something behind the payload of a packet
/// that is not authenticated).
inline result<split_packet> split(mutable_bytes datagram) noexcept {
  split_packet packet{.datagram = datagram};
  reader r(datagram);
  rmcp_header rmcp;
  r.group("rmcp_header", rmcp);
  if (r.error() != errc::ok) return r.error();
  if (rmcp.kind.value != rmcp_class::ipmi) return errc::bad_message_class;
  if (rmcp.sequence != rmcp_header::no_ack) return errc::bad_rmcp_sequence;
  r.group("session_header_v2", packet.header);
  if (r.error() != errc::ok) return r.error();
  packet.payload_offset = r.size();
  if (packet.header.length == 0 || packet.header.length > r.remaining()) return errc::bad_length;
  if (!packet.header.payload.authenticated() && packet.header.length != r.remaining()) return errc::trailing_bytes;
  return packet;
}

/// The shape of a session trailer, read from its end: authentication code of `code_size` bytes, next header, pad
/// length, pad of 0 to 4 bytes (4 is what OpenBMC sends where none is needed). Errors: bad_trailer.
inline status check_trailer(bytes trailer, std::size_t code_size) noexcept {
  constexpr std::size_t max_pad = 4;
  if (trailer.size() < code_size + session_trailer::fixed_size) return errc::bad_trailer;
  const std::size_t pad = trailer.size() - code_size - session_trailer::fixed_size;
  if (pad > max_pad || trailer[pad] != pad || trailer[pad + 1] != session_trailer::next_header)
    return errc::bad_trailer;
  for (const auto byte : trailer.first(pad))
    if (byte != session_trailer::pad_byte) return errc::bad_trailer;
  return {};
}

/// Whether the last bytes of a packet are its authentication code; compares in constant time. Nothing else about the
/// trailer is looked at. Errors: bad_trailer if it is shorter than the code; bad_authcode; crypto_failure.
template <backend B> status verify_authcode(B& b, session_keys<B>& keys, const split_packet& packet) noexcept {
  const std::size_t code_size = authcode_size(keys.suite().integrity);
  if (packet.trailer().size() < code_size) return errc::bad_trailer;
  const bytes datagram = packet.datagram;
  const std::array<bytes, 1> covered{
      datagram.subspan(rmcp_header::size, datagram.size() - code_size - rmcp_header::size)};
  std::array<std::uint8_t, max_authcode_size> expected{};
  const mutable_bytes code = mutable_bytes(expected).first(code_size);
  if (const auto computed = keys.sign(b, covered, code); !computed) return computed;
  const bool genuine = equal_constant_time(code, datagram.last(code_size));
  wipe(expected);
  return genuine ? status{} : status{errc::bad_authcode};
}

/// Decrypts a payload in place and returns the message in it: IV, then whole blocks that end in 01 02 .. n n (n up to
/// 15; 16 is what OpenBMC sends where 0 would do). Only for packets whose authentication code was right, where they
/// have one. Errors: bad_padding; crypto_failure.
template <backend B>
result<mutable_bytes> decrypt_payload(B& b, session_keys<B>& keys, mutable_bytes payload) noexcept {
  if (payload.size() < 2 * aes_block_size || payload.size() % aes_block_size != 0) return errc::bad_padding;
  // Where it lies, right before the data: some backends then decrypt all blocks in one call.
  const block& iv = *reinterpret_cast<const block*>(payload.data());
  const mutable_bytes data = payload.subspan(aes_block_size);
  if (const auto done = b.decrypt(keys.cipher_key(), iv, data); !done) return done.error();
  const std::size_t pad = data.back();
  if (pad > aes_block_size || pad + 1 > data.size()) return errc::bad_padding;
  const mutable_bytes message = data.first(data.size() - pad - 1);
  for (std::size_t i = 0; i < pad; ++i)
    if (data[message.size() + i] != i + 1) return errc::bad_padding;
  return message;
}

template <backend B> class opener;

/// The message of a packet that passed every check of its session. Only open() makes one, so holding it is the proof.
class opened {
 public:
  [[nodiscard]] payload_type type() const noexcept { return header_.payload.type(); }
  [[nodiscard]] const session_header_v2& header() const noexcept { return header_; }
  /// Plaintext, a view into the datagram that was opened.
  [[nodiscard]] mutable_bytes message() const noexcept { return message_; }

  opened() noexcept = default;

 private:
  template <backend B> friend class opener;
  opened(const session_header_v2& header, mutable_bytes message) noexcept : header_(header), message_(message) {}

  session_header_v2 header_{};
  mutable_bytes message_{};
};

/// What a session demands of the packets it opens.
struct open_policy {
  bool encrypted = false;  ///< whether this payload is encrypted in this session: exactly so, neither more nor less
  window_rule rule = window_rule::any_forward;  ///< without integrity it is always strict
};

template <backend B> class opener {
 public:
  static result<opened> run(B& b, session_keys<B>& keys, replay_window& window, const split_packet& packet,
                            const open_policy& policy) noexcept {
    const payload_byte kind = packet.header.payload;
    if (keys.authenticates() && !kind.authenticated()) return errc::not_authenticated;
    if (policy.encrypted && !kind.encrypted()) return errc::not_encrypted;
    if (keys.authenticates() != kind.authenticated() || policy.encrypted != kind.encrypted())
      return errc::unexpected_protection;
    const auto rule = keys.authenticates() ? policy.rule : window_rule::strict;
    if (const auto fresh = window.check(packet.header.sequence, rule); !fresh) return fresh.error();
    if (kind.authenticated()) {
      const status sound = check_trailer(packet.trailer(), authcode_size(keys.suite().integrity));
      if (!sound) return sound.error();
      if (const status genuine = verify_authcode(b, keys, packet); !genuine) return genuine.error();
    }
    mutable_bytes message = packet.payload();
    if (kind.encrypted()) {
      const auto plain = decrypt_payload(b, keys, message);
      if (!plain) return plain.error();
      message = *plain;
    }
    window.accept(packet.header.sequence);
    return opened(packet.header, message);
  }
};

/// Checks a packet against its session, decrypts it in place, and only then moves the window: protection as
/// negotiated, sequence window, trailer, authentication code (in constant time), padding. On error the session is
/// unchanged; the packet's bytes are spoilt only if the authentication code was right.
/// Errors: not_authenticated, not_encrypted, unexpected_protection, outside_window, replayed, bad_trailer,
/// bad_authcode, bad_padding, crypto_failure.
template <backend B>
result<opened> open(B& b, session_keys<B>& keys, replay_window& window, const split_packet& packet,
                    const open_policy& policy) noexcept {
  return opener<B>::run(b, keys, window, packet, policy);
}

}  // namespace rmcpp
