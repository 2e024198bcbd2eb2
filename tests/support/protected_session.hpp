// SPDX-License-Identifier: BSL-1.0
// One side of an established session with the keys of tests/vectors/rakp.json, and packets that only a test would send.
#pragma once

#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>

#include "support/handshake.hpp"
#include "support/vectors.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace rmcpp::test {

using namespace wire;
using namespace core;
using namespace protect;
using namespace crypto;

using buffer = std::vector<std::uint8_t>;

inline constexpr std::array<std::uint8_t, 12> all_suites{0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17};
inline constexpr std::array<std::uint8_t, 8> suites_with_integrity{2, 3, 7, 8, 11, 12, 16, 17};
inline constexpr std::array<std::uint8_t, 4> suites_with_cipher{3, 8, 12, 17};
inline constexpr std::array<std::uint8_t, 4> suites_without_integrity{0, 1, 6, 15};

inline constexpr block example_iv{0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
                                  0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f};
inline constexpr session_id example_id{0x02001234};
/// A Get Device ID request.
inline const buffer example_message = from_hex("2018c88104017a");

/// SIK of tests/vectors/rakp.json; empty with RAKP-none.
inline buffer example_sik(authentication_algorithm a) {
  static const auto file = load_json("rakp.json");
  for (const auto& hash : file.at("hashes"))
    if (hash.at("auth") == static_cast<int>(a)) return from_hex(hash.at("sik").get<std::string>());
  return {};
}

/// n bytes that differ from their neighbours.
inline buffer counting_bytes(std::size_t n) {
  buffer b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8) + 1);
  return b;
}

template <backend B> struct protected_session {
  B b{};
  session_keys<B> keys{};
  replay_window window{};
  cipher_suite suite{};

  explicit protected_session(std::uint8_t suite_id) : suite(standard_suites.at(suite_id)) {
    if (!keys.load(b, suite, example_sik(suite.authentication), to_user_key("secret")))
      throw std::runtime_error("keys do not load");
  }

  /// Protection as the suite has it.
  [[nodiscard]] payload_byte kind(payload_type type = payload_type::ipmi) const {
    return payload_byte::of(type, keys.authenticates(), keys.encrypts());
  }
  [[nodiscard]] open_policy policy() const { return {.encrypted = keys.encrypts()}; }

  buffer sealed(std::uint32_t sequence, bytes message, payload_byte payload) {
    const auto p = plan(payload, suite.integrity, message.size());
    buffer out(p.total);
    copy(message, mutable_bytes(out).subspan(p.message));
    const auto n =
        rmcpp::protect::seal(b, keys, {.payload = payload, .id = example_id, .sequence = sequence}, p, example_iv, out);
    if (!n || *n != out.size()) throw std::runtime_error(describe(n.error()));
    return out;
  }
  buffer sealed(std::uint32_t sequence, bytes message = example_message) { return sealed(sequence, message, kind()); }

  /// look() and open(); the message's bytes lie in `datagram`.
  result<opened> open(mutable_bytes datagram, const open_policy& with) {
    const auto packet = look(datagram);
    if (packet->format == packet_format::v15) return errc::bad_auth_type;
    if (!packet) return packet.error();
    if (packet->format != packet_format::v2) return errc::bad_message_class;
    return rmcpp::protect::open(b, keys, window, *packet, with);
  }
  result<opened> open(mutable_bytes datagram) { return open(datagram, policy()); }

  /// The outcome for a copy of the datagram, in a block of exactly its size.
  errc outcome(bytes datagram, const open_policy& with) {
    exact_bytes copied(datagram);
    return open(copied, with).error();
  }
  errc outcome(bytes datagram) { return outcome(datagram, policy()); }

  /// IV and ciphertext of plaintext that is padded already.
  buffer encrypted(bytes padded, const block& iv = example_iv) {
    buffer out(aes_block_size + padded.size());
    copy(iv, out);
    copy(padded, mutable_bytes(out).subspan(aes_block_size));
    if (!b.encrypt(keys.cipher_key(), iv, mutable_bytes(out).subspan(aes_block_size)))
      throw std::runtime_error("not whole blocks");
    return out;
  }
};

/// A packet with every part as a test wants it; the defaults are sound, the parts need not fit each other.
struct crafted {
  payload_byte kind{};
  std::uint32_t sequence = 1;
  buffer payload{};
  buffer pad{};
  buffer rest{0, session_trailer::next_header};  ///< pad length and next header

  /// Pads as the specification says.
  crafted& pad_properly() {
    pad.assign(session_trailer::pad_for(session_header_v2::size, payload.size()), session_trailer::pad_byte);
    rest[0] = static_cast<std::uint8_t>(pad.size());
    return *this;
  }
  /// Everything before the authentication code.
  [[nodiscard]] buffer unsigned_bytes() const {
    const session_header_v2 header{
        .payload = kind, .id = example_id, .sequence = sequence, .length = static_cast<std::uint16_t>(payload.size())};
    buffer out(rmcp_header::size + header.encoded_size());
    writer w(out);
    w.group("rmcp_header", rmcp_header{});
    w.group("session_header_v2", header);
    for (const auto* part : {&payload, &pad, &rest}) out.insert(out.end(), part->begin(), part->end());
    return out;
  }
  /// With a right code of `size` bytes over what is there.
  template <backend B> [[nodiscard]] buffer signed_by(protected_session<B>& s, std::size_t size) const {
    buffer out = unsigned_bytes();
    buffer code(size);
    if (!s.keys.sign(s.b, std::array{bytes(out).subspan(rmcp_header::size)}, code)) throw std::runtime_error("sign");
    out.insert(out.end(), code.begin(), code.end());
    return out;
  }
  template <backend B> [[nodiscard]] buffer signed_by(protected_session<B>& s) const {
    return signed_by(s, authcode_size(s.suite.integrity));
  }
};

}  // namespace rmcpp::test
