// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/plan.hpp>
#include <rmcpp/protect/replay_window.hpp>
#include <rmcpp/protect/session_keys.hpp>
#include <rmcpp/wire/datagram.hpp>

namespace rmcpp::protect {

/// The shape of a session trailer, read from its end: authentication code of `code_size` bytes, next header, pad
/// length, pad of 0 to 4 bytes (4 is what OpenBMC sends where none is needed). Errors: bad_trailer.
constexpr status check_trailer(bytes trailer, std::size_t code_size) noexcept {
  constexpr std::size_t max_pad = 4;
  if (trailer.size() < code_size + wire::session_trailer::fixed_size) return errc::bad_trailer;
  const std::size_t pad = trailer.size() - code_size - wire::session_trailer::fixed_size;
  if (pad > max_pad || trailer[pad] != pad || trailer[pad + 1] != wire::session_trailer::next_header)
    return errc::bad_trailer;
  for (const auto byte : trailer.first(pad))
    if (byte != wire::session_trailer::pad_byte) return errc::bad_trailer;
  return {};
}

/// Whether the last bytes of a packet are its authentication code; compares in constant time. Nothing else about the
/// trailer is looked at. Errors: bad_trailer if it is shorter than the code; bad_authcode; crypto_failure.
template <crypto::backend B> status verify_authcode(B& b, session_keys<B>& keys, const wire::seen& packet) noexcept {
  const std::size_t code_size = authcode_size(keys.suite().integrity);
  if (packet.behind().size() < code_size) return errc::bad_trailer;
  const bytes datagram = packet.datagram;
  const std::array<bytes, 1> covered{
      datagram.subspan(wire::rmcp_header::size, datagram.size() - code_size - wire::rmcp_header::size)};
  std::array<std::uint8_t, max_authcode_size> expected{};
  const mutable_bytes code = mutable_bytes(expected).first(code_size);
  if (const auto computed = keys.sign(b, covered, code); !computed) return computed;
  const bool genuine = equal_constant_time(code, datagram.last(code_size));
  core::wipe(expected);
  return genuine ? status{} : status{errc::bad_authcode};
}

/// Decrypts a payload in place and returns the message in it: IV, then whole blocks that end in 01 02 .. n n (n up to
/// 15; 16 is what OpenBMC sends where 0 would do). Only for packets whose authentication code was right, where they
/// have one. Errors: bad_padding; crypto_failure.
template <crypto::backend B>
result<mutable_bytes> decrypt_payload(B& b, session_keys<B>& keys, mutable_bytes payload) noexcept {
  if (payload.size() < 2 * crypto::aes_block_size || payload.size() % crypto::aes_block_size != 0)
    return errc::bad_padding;
  // Where it lies, right before the data: some backends then decrypt all blocks in one call.
  const crypto::block& iv = *reinterpret_cast<const crypto::block*>(payload.data());
  const mutable_bytes data = payload.subspan(crypto::aes_block_size);
  if (const auto done = b.decrypt(keys.cipher_key(), iv, data); !done) return done.error();
  const std::size_t pad = data.back();
  if (pad > crypto::aes_block_size || pad + 1 > data.size()) return errc::bad_padding;
  const mutable_bytes message = data.first(data.size() - pad - 1);
  for (std::size_t i = 0; i < pad; ++i)
    if (data[message.size() + i] != i + 1) return errc::bad_padding;
  return message;
}

template <crypto::backend B> class opener;
template <crypto::backend B> class link_v15;

/// The message of a packet that passed every check of its session. Only who opens packets makes one, so holding it is
/// the proof.
class opened {
 public:
  [[nodiscard]] payload_type type() const noexcept { return type_; }
  /// Plaintext, a view into the datagram that was opened.
  [[nodiscard]] mutable_bytes message() const noexcept { return message_; }
  /// Whether its number was taken before: an exact repeat, told only to who asks for it (repeats::tell).
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }
  /// Whether it came without an authcode where that is good for commands of USER level and below only (v1.5, user-level
  /// authentication disabled).
  [[nodiscard]] bool at_user_level() const noexcept { return at_user_level_; }

  opened() noexcept = default;

 private:
  template <crypto::backend B> friend class opener;
  template <crypto::backend B> friend class link_v15;
  opened(payload_type type, mutable_bytes message, bool repeated, bool at_user_level = false) noexcept
      : message_(message), type_(type), repeated_(repeated), at_user_level_(at_user_level) {}

  mutable_bytes message_{};
  payload_type type_{};
  bool repeated_ = false;
  bool at_user_level_ = false;
};

/// What to do with a number that was taken before, where it is still inside the window.
enum class repeats : std::uint8_t {
  refuse,  ///< drop the packet
  tell,    ///< with integrity: verify and open it all the same, and say so in opened::repeated(); nothing moves
};

/// What a session demands of the packets it opens.
struct open_policy {
  bool encrypted = false;  ///< whether this payload is encrypted in this session: exactly so, neither more nor less
  window_rule rule = window_rule::any_forward;  ///< without integrity it is always strict
  repeats seen_before = repeats::refuse;
};

template <crypto::backend B> class opener {
 public:
  static result<opened> run(B& b, session_keys<B>& keys, replay_window& window, const wire::seen& packet,
                            const open_policy& policy) noexcept {
    const wire::payload_byte kind = packet.kind;
    if (packet.format != wire::packet_format::v2) return errc::bad_auth_type;
    if (const status as_agreed = check_protection(keys, kind, policy); !as_agreed) return as_agreed.error();
    const auto fresh = window.check(packet.sequence, keys.authenticates() ? policy.rule : window_rule::strict);
    const bool repeated = fresh.error() == errc::replayed;
    const bool tell = policy.seen_before == repeats::tell && keys.authenticates();
    if (!fresh && !(repeated && tell)) return fresh.error();
    if (const status genuine = check_behind(b, keys, packet); !genuine) return genuine.error();
    mutable_bytes message = packet.payload();
    if (kind.encrypted()) {
      const auto plain = protect::decrypt_payload(b, keys, message);
      if (!plain) return plain.error();
      message = *plain;
    }
    if (!repeated) window.accept(packet.sequence);
    return opened(kind.type(), message, repeated);
  }

 private:
  /// What a packet says of its protection is what the session has, neither more nor less.
  static status check_protection(const session_keys<B>& keys, wire::payload_byte kind,
                                 const open_policy& policy) noexcept {
    if (keys.authenticates() && !kind.authenticated()) return errc::not_authenticated;
    if (policy.encrypted && !kind.encrypted()) return errc::not_encrypted;
    if (keys.authenticates() != kind.authenticated() || policy.encrypted != kind.encrypted())
      return errc::unexpected_protection;
    return {};
  }
  /// What stands behind the payload is a trailer whose code is right, or nothing.
  static status check_behind(B& b, session_keys<B>& keys, const wire::seen& packet) noexcept {
    if (!packet.kind.authenticated()) return packet.behind().empty() ? status{} : status{errc::trailing_bytes};
    const status shape = check_trailer(packet.behind(), authcode_size(keys.suite().integrity));
    return shape ? protect::verify_authcode(b, keys, packet) : shape;
  }
};

/// Checks a packet against its session, decrypts it in place, and only then moves the window: protection as
/// negotiated, sequence window, trailer, authentication code (in constant time), padding. On error the session is
/// unchanged; the packet's bytes are spoilt only if the authentication code was right.
/// Errors: bad_auth_type (not RMCP+ format), not_authenticated, not_encrypted, unexpected_protection, outside_window,
/// replayed, bad_trailer, bad_authcode, trailing_bytes (behind the payload of a packet without a trailer), bad_padding,
/// crypto_failure.
template <crypto::backend B>
result<opened> open(B& b, session_keys<B>& keys, protect::replay_window& window, const wire::seen& packet,
                    const open_policy& policy) noexcept {
  return opener<B>::run(b, keys, window, packet, policy);
}

}  // namespace rmcpp::protect
