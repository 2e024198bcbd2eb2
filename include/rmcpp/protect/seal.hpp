// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/plan.hpp>
#include <rmcpp/protect/session_keys.hpp>

namespace rmcpp::protect {

/// A sender's session sequence number: 1 for the first packet, then up by one for every packet sent, retries included;
/// FFFFFFFFh is followed by 1 (IPMI v2.0, 6.12.13).
class sequence_counter {
 public:
  constexpr sequence_counter() noexcept = default;
  constexpr explicit sequence_counter(std::uint32_t last) noexcept : last_(last) {}
  constexpr std::uint32_t next() noexcept {
    if (++last_ == 0) last_ = 1;
    return last_;
  }
  template <class Sink> constexpr void describe_state(Sink& sink) const { sink("last", last_); }

 private:
  std::uint32_t last_ = 0;
};

namespace detail {

/// Whether one fused call can protect such a packet: it has everything, in the usual places, and an HMAC.
template <crypto::backend B>
bool fusable(const session_keys<B>& keys, const wire::session_header_v2& header, const packet_plan& p) noexcept {
  return header.payload.encrypted() && header.payload.authenticated() && p.header == wire::session_header_v2::size &&
         keys.suite().integrity != wire::integrity_algorithm::md5_128;
}

/// The datagram as a fused call takes it; the surplus behind it goes along.
constexpr crypto::fused_packet fused_view(const packet_plan& p, mutable_bytes datagram) noexcept {
  return {.data = datagram.subspan(wire::rmcp_header::size),
          .text = p.message - wire::rmcp_header::size,
          .text_size = p.payload_end() - p.message,
          .code = p.authcode - wire::rmcp_header::size,
          .code_size = p.total - p.authcode};
}

/// The size is a constant, so that no bound is left to check once all of it is inlined: a few wide stores.
template <std::size_t Size>
RMCPP_FLATTEN constexpr void write_headers(const wire::session_header_v2& header, std::uint8_t* to) noexcept {
  core::writer w(mutable_bytes(to, Size));
  w.group("rmcp_header", wire::rmcp_header{});
  w.group("session_header_v2", header);
}

/// Writes 01 02 .. and their count behind the first `used` bytes of a block. All 16 are written, without a branch that
/// depends on the message: compilers make it one wide store, which the cipher's load need not wait for.
constexpr void pad_last_block(std::uint8_t* block, std::size_t used) noexcept {
  const auto skip = static_cast<std::uint8_t>(used);
  for (std::uint8_t i = 0; i < crypto::aes_block_size; ++i) {
    const auto pad = static_cast<std::uint8_t>(i - skip + (i < crypto::aes_block_size - 1));
    block[i] = i < skip ? block[i] : pad;
  }
}

/// seal()'s checks. Errors: seal()'s, but crypto_failure.
template <crypto::backend B>
[[gnu::always_inline]] inline status check_frame(const session_keys<B>& keys, const wire::session_header_v2& header,
                                                 const packet_plan& p, mutable_bytes datagram) noexcept {
  if (datagram.size() < p.total) return errc::buffer_too_small;
  if (p.payload_length > 0xffff) return errc::too_long;
  if ((header.payload.encrypted() && !keys.encrypts()) || (header.payload.authenticated() && !keys.authenticates()))
    return errc::invalid_argument;
  return p == plan(header.payload, keys.suite().integrity, p.message_size) ? status{} : status{errc::invalid_argument};
}

/// Writes everything around the message: all of seal() that needs no cryptography.
[[gnu::always_inline]] constexpr void frame(const wire::session_header_v2& header, const packet_plan& p,
                                            const crypto::block& iv, mutable_bytes datagram) noexcept {
  if (p.header == wire::session_header_v2::size) {
    write_headers<wire::rmcp_header::size + wire::session_header_v2::size>(header, datagram.data());
  } else {
    write_headers<wire::rmcp_header::size + wire::session_header_v2::size_oem>(header, datagram.data());
  }
  core::store_le16(datagram.data() + p.payload() - 2, static_cast<std::uint16_t>(p.payload_length));
  if (header.payload.encrypted()) {
    std::uint8_t* const at = datagram.data() + p.payload();
    for (std::size_t i = 0; i < iv.size(); ++i) at[i] = iv[i];
    pad_last_block(datagram.data() + p.payload_end() - crypto::aes_block_size,
                   crypto::aes_block_size - 1 - p.cipher_pad);
  }
  if (header.payload.authenticated()) {
    std::uint8_t* const trailer = datagram.data() + p.payload_end();
    // Three bytes, the longest pad, whatever its length: what a shorter one leaves over is overwritten next, by its
    // count, the next header and the authentication code.
    for (std::size_t i = 0; i < 3; ++i) trailer[i] = wire::session_trailer::pad_byte;
    trailer[p.integrity_pad] = static_cast<std::uint8_t>(p.integrity_pad);
    trailer[p.integrity_pad + 1] = wire::session_trailer::next_header;
  }
}

/// Encrypts, then signs what frame() made.
template <crypto::backend B>
[[gnu::always_inline]] inline result<std::size_t> protect(B& b, session_keys<B>& keys,
                                                          const wire::session_header_v2& header, const packet_plan& p,
                                                          const crypto::block& iv, mutable_bytes datagram) noexcept {
  if constexpr (crypto::fused_backend<B>) {
    if (fusable(keys, header, p)) {
      const status done = b.encrypt_then_sign(keys.cipher_key(), keys.integrity_key(), fused_view(p, datagram));
      if (!done) return done.error();
      return p.total;
    }
  }
  if (header.payload.encrypted()) {
    const status done = b.encrypt(keys.cipher_key(), iv, datagram.subspan(p.message, p.payload_end() - p.message));
    if (!done) return done.error();
  }
  if (header.payload.authenticated()) {
    const std::array<bytes, 1> covered{datagram.subspan(wire::rmcp_header::size, p.authcode - wire::rmcp_header::size)};
    const status done = keys.sign(b, covered, datagram.subspan(p.authcode, p.total - p.authcode));
    if (!done) return done.error();
  }
  return p.total;
}

/// seal() for a plan that was made from this very header and these keys, and a datagram that has room for it.
template <crypto::backend B>
RMCPP_FLATTEN result<std::size_t> seal_planned(B& b, session_keys<B>& keys, const wire::session_header_v2& header,
                                               const packet_plan& p, const crypto::block& iv,
                                               mutable_bytes datagram) noexcept {
  frame(header, p, iv, datagram);
  return protect(b, keys, header, p, iv, datagram);
}

}  // namespace detail

/// Bytes behind a datagram that seal() makes good use of, where its span has them.
inline constexpr std::size_t seal_slack = 64;

/// Finishes a datagram in place. The caller has written `p.message_size` bytes of message at `p.message`; this writes
/// the headers before and the padding and trailer behind it, encrypts, then signs. The header's length field is set
/// from the plan; its payload byte says what is done and must agree with the plan and the keys.
/// `iv` is used with encryption only and must be unpredictable and new for every packet.
/// `datagram` may be longer than the plan's total. What lies behind the total in it is then scratch: some backends hash
/// faster if they can write up to seal_slack bytes there, which then hold nothing secret. Nothing outside the span is
/// ever written.
/// Returns the datagram's size, `p.total`.
/// Errors: buffer_too_small (nothing written); too_long above 65,535 payload bytes; invalid_argument if the payload
/// byte asks for protection that the keys lack, or the plan is not that of this payload byte and suite; crypto_failure.
template <crypto::backend B>
RMCPP_FLATTEN result<std::size_t> seal(B& b, session_keys<B>& keys, const wire::session_header_v2& header,
                                       const packet_plan& p, const crypto::block& iv, mutable_bytes datagram) noexcept {
  if (const status sound = detail::check_frame(keys, header, p, datagram); !sound) return sound.error();
  return detail::seal_planned(b, keys, header, p, iv, datagram);
}

}  // namespace rmcpp::protect
