// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/plan.hpp>

namespace rmcpp {

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

 private:
  std::uint32_t last_ = 0;
};

/// Finishes a datagram in place. The caller has written `p.message_size` bytes of message at `p.message`; this writes
/// the headers before and the padding and trailer behind it, encrypts, then signs. The header's length field is set
/// from the plan; its payload byte says what is done and must agree with the plan and the keys.
/// `iv` is used with encryption only and must be unpredictable and new for every packet.
/// Returns the datagram's size, `p.total`.
/// Errors: buffer_too_small (nothing written); too_long above 65,535 payload bytes; invalid_argument if the payload
/// byte asks for protection that the keys lack, or the plan is not that of this payload byte and suite; crypto_failure.
template <backend B>
result<std::size_t> seal(B& b, session_keys<B>& keys, session_header_v2 header, const packet_plan& p, const block& iv,
                         mutable_bytes datagram) noexcept {
  if (datagram.size() < p.total) return errc::buffer_too_small;
  if (p.payload_length > 0xffff) return errc::too_long;
  const bool encrypted = header.payload.encrypted();
  const bool authenticated = header.payload.authenticated();
  if ((encrypted && !keys.encrypts()) || (authenticated && !keys.authenticates())) return errc::invalid_argument;
  if (!(p == plan(header.payload, keys.suite().integrity, p.message_size))) return errc::invalid_argument;

  header.length = static_cast<std::uint16_t>(p.payload_length);
  writer w(datagram.first(p.payload()));
  w.group("rmcp_header", rmcp_header{});
  w.group("session_header_v2", header);

  if (encrypted) {
    copy(iv, datagram.subspan(p.payload()));
    auto pad = datagram.subspan(p.message + p.message_size, p.cipher_pad + 1);
    for (std::size_t i = 0; i < p.cipher_pad; ++i) pad[i] = static_cast<std::uint8_t>(i + 1);
    pad[p.cipher_pad] = static_cast<std::uint8_t>(p.cipher_pad);
  }
  if (authenticated) {
    auto trailer = datagram.subspan(p.payload_end(), p.integrity_pad + session_trailer::fixed_size);
    fill(trailer.first(p.integrity_pad), session_trailer::pad_byte);
    trailer[p.integrity_pad] = static_cast<std::uint8_t>(p.integrity_pad);
    trailer[p.integrity_pad + 1] = session_trailer::next_header;
  }

  if constexpr (fused_backend<B>) {
    if (encrypted && authenticated && p.header == session_header_v2::size &&
        keys.suite().integrity != integrity_algorithm::md5_128) {
      const status done = b.encrypt_then_sign(
          keys.cipher_key(), keys.integrity_key(), datagram.first(p.total).subspan(rmcp_header::size),
          p.message - rmcp_header::size, p.payload_end() - rmcp_header::size, p.total - p.authcode);
      if (!done) return done.error();
      return p.total;
    }
  }
  if (encrypted) {
    const status done = b.encrypt(keys.cipher_key(), iv, datagram.subspan(p.message, p.payload_end() - p.message));
    if (!done) return done.error();
  }
  if (authenticated) {
    const std::array<bytes, 1> covered{datagram.subspan(rmcp_header::size, p.authcode - rmcp_header::size)};
    const status done = keys.sign(b, covered, datagram.subspan(p.authcode, p.total - p.authcode));
    if (!done) return done.error();
  }
  return p.total;
}

}  // namespace rmcpp
