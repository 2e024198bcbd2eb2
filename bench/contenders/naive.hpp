// SPDX-License-Identifier: BSL-1.0
// How one writes it after reading Crypto++'s manual: a CBC_Mode and an HMAC object for each packet. Also the reference
// that the others are checked against, itself checked against the known answers.
#pragma once

#include "material.hpp"

#include <cryptopp/aes.h>
#include <cryptopp/modes.h>

#include <algorithm>

namespace bench {

template <class Suite> class naive {
 public:
  static constexpr const char* name = "naive";

  std::size_t seal(bytes message, std::uint32_t sequence, const iv_block& iv, mutable_bytes out) {
    std::uint8_t* p = out.data();
    const auto put = [&](std::size_t v) { *p++ = static_cast<std::uint8_t>(v); };
    const auto put32 = [&](std::uint32_t v) {
      for (int i = 0; i < 4; ++i, v >>= 8) put(v & 0xff);
    };
    const std::size_t pad = Suite::aes ? 15 - message.size() % 16 : 0;
    const std::size_t length = Suite::aes ? 16 + message.size() + pad + 1 : message.size();
    for (const unsigned v : {0x06u, 0x00u, 0xffu, 0x07u, 0x06u}) put(v);
    put(Suite::aes ? 0xc0 : 0x40);
    put32(session_id);
    put32(sequence);
    put(length & 0xff);
    put(length >> 8);
    if (Suite::aes) {
      p = std::copy(iv.begin(), iv.end(), p);
      std::uint8_t* const text = p;
      p = std::copy(message.begin(), message.end(), p);
      for (std::size_t i = 1; i <= pad; ++i) put(i);
      put(pad);
      CryptoPP::CBC_Mode<CryptoPP::AES>::Encryption cbc(m_.k2.data(), m_.k2.size(), iv.data());
      cbc.ProcessData(text, text, static_cast<std::size_t>(p - text));
    } else {
      p = std::copy(message.begin(), message.end(), p);
    }
    const std::size_t trailer_pad = (0u - (12 + length + 2)) % 4;
    for (std::size_t i = 0; i < trailer_pad; ++i) put(0xff);
    put(trailer_pad);
    put(0x07);
    CryptoPP::HMAC<typename Suite::hash> mac(m_.k1.data(), m_.k1.size());
    mac.Update(out.data() + 4, static_cast<std::size_t>(p - out.data()) - 4);
    mac.TruncatedFinal(p, Suite::code_size);
    return static_cast<std::size_t>(p - out.data()) + Suite::code_size;
  }

  /// The message, empty if the datagram is refused.
  mutable_bytes open(mutable_bytes d) {
    if (d.size() < 16 + 2 + Suite::code_size || d[0] != 0x06 || d[3] != 0x07 || d[4] != 0x06) return {};
    if (d[5] != (Suite::aes ? 0xc0 : 0x40)) return {};
    const std::size_t length = d[14] + 256u * d[15];
    if (16 + length + 2 + Suite::code_size > d.size()) return {};
    CryptoPP::HMAC<typename Suite::hash> mac(m_.k1.data(), m_.k1.size());
    const std::size_t code = d.size() - Suite::code_size;
    mac.Update(d.data() + 4, code - 4);
    if (!mac.TruncatedVerify(d.data() + code, Suite::code_size)) return {};
    if (!Suite::aes) return d.subspan(16, length);
    if (length < 32 || length % 16 != 0) return {};
    const auto text = d.subspan(32, length - 16);
    CryptoPP::CBC_Mode<CryptoPP::AES>::Decryption cbc(m_.k2.data(), m_.k2.size(), d.data() + 16);
    cbc.ProcessData(text.data(), text.data(), text.size());
    const std::size_t pad = text.back();
    if (pad > 15) return {};
    const std::size_t size = text.size() - pad - 1;
    for (std::size_t i = 0; i < pad; ++i)
      if (text[size + i] != i + 1) return {};
    return text.first(size);
  }

 private:
  material<Suite> m_;
};

}  // namespace bench
