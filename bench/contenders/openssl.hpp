// SPDX-License-Identifier: BSL-1.0
// How one writes it with OpenSSL 3's EVP interface, contexts and keys kept between packets. Makes its own IVs.
#pragma once

#include "material.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace bench {

template <class Suite> class openssl_evp {
 public:
  static constexpr const char* name = "openssl";

  openssl_evp() {
    const material<Suite> m;
    std::string digest = Suite::integrity == 1 ? "SHA1" : Suite::integrity == 2 ? "MD5" : "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                 OSSL_PARAM_construct_end()};
    mac_algorithm_.reset(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    cipher_.reset(EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr));
    mac_.reset(EVP_MAC_CTX_new(mac_algorithm_.get()));
    encryption_.reset(EVP_CIPHER_CTX_new());
    decryption_.reset(EVP_CIPHER_CTX_new());
    if (EVP_MAC_init(mac_.get(), m.k1.data(), m.k1.size(), params) != 1 ||
        EVP_EncryptInit_ex2(encryption_.get(), cipher_.get(), m.k2.data(), nullptr, nullptr) != 1 ||
        EVP_DecryptInit_ex2(decryption_.get(), cipher_.get(), m.k2.data(), nullptr, nullptr) != 1)
      throw std::runtime_error("OpenSSL does not take the keys");
    EVP_CIPHER_CTX_set_padding(encryption_.get(), 0);
    EVP_CIPHER_CTX_set_padding(decryption_.get(), 0);
  }

  std::size_t seal(bytes message, std::uint32_t sequence, const iv_block&, mutable_bytes out) {
    std::uint8_t* p = out.data();
    const auto put = [&](std::size_t v) { *p++ = static_cast<std::uint8_t>(v); };
    const auto put32 = [&](std::uint32_t v) {
      for (int i = 0; i < 4; ++i, v >>= 8) put(v & 0xff);
    };
    const std::size_t pad = Suite::aes ? 15 - message.size() % 16 : 0;
    const std::size_t length = Suite::aes ? 16 + message.size() + pad + 1 : message.size();
    for (const unsigned v : {0x06u, 0x00u, 0xffu, 0x07u, 0x06u, Suite::aes ? 0xc0u : 0x40u}) put(v);
    put32(session_id);
    put32(sequence);
    put(length & 0xff);
    put(length >> 8);
    if (Suite::aes) {
      std::uint8_t* const iv = p;
      if (RAND_bytes(iv, 16) != 1) return 0;
      std::uint8_t* const text = p += 16;
      p = std::copy(message.begin(), message.end(), p);
      for (std::size_t i = 1; i <= pad; ++i) put(i);
      put(pad);
      int done = 0;
      if (EVP_EncryptInit_ex2(encryption_.get(), nullptr, nullptr, iv, nullptr) != 1 ||
          EVP_EncryptUpdate(encryption_.get(), text, &done, text, static_cast<int>(p - text)) != 1)
        return 0;
    } else {
      p = std::copy(message.begin(), message.end(), p);
    }
    const std::size_t trailer_pad = (0u - (12 + length + 2)) % 4;
    for (std::size_t i = 0; i < trailer_pad; ++i) put(0xff);
    put(trailer_pad);
    put(0x07);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> tag;
    if (!sign(bytes(out.data() + 4, p), tag)) return 0;
    p = std::copy_n(tag.begin(), Suite::code_size, p);
    return static_cast<std::size_t>(p - out.data());
  }

  mutable_bytes open(mutable_bytes d) {
    if (d.size() < 16 + 2 + Suite::code_size || d[0] != 0x06 || d[3] != 0x07 || d[4] != 0x06) return {};
    if (d[5] != (Suite::aes ? 0xc0 : 0x40)) return {};
    const std::size_t length = d[14] + 256u * d[15];
    if (16 + length + 2 + Suite::code_size > d.size()) return {};
    const std::size_t code = d.size() - Suite::code_size;
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> tag;
    if (!sign(d.subspan(4, code - 4), tag)) return {};
    if (CRYPTO_memcmp(tag.data(), d.data() + code, Suite::code_size) != 0) return {};
    if (!Suite::aes) return d.subspan(16, length);
    if (length < 32 || length % 16 != 0) return {};
    const auto text = d.subspan(32, length - 16);
    int done = 0;
    if (EVP_DecryptInit_ex2(decryption_.get(), nullptr, nullptr, d.data() + 16, nullptr) != 1 ||
        EVP_DecryptUpdate(decryption_.get(), text.data(), &done, text.data(), static_cast<int>(text.size())) != 1)
      return {};
    const std::size_t pad = text.back();
    if (pad > 15) return {};
    const std::size_t size = text.size() - pad - 1;
    for (std::size_t i = 0; i < pad; ++i)
      if (text[size + i] != i + 1) return {};
    return text.first(size);
  }

 private:
  template <auto Free> struct freed {
    template <class T> void operator()(T* p) const { Free(p); }
  };

  bool sign(bytes data, std::array<std::uint8_t, EVP_MAX_MD_SIZE>& tag) {
    std::size_t size = 0;
    return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
           EVP_MAC_update(mac_.get(), data.data(), data.size()) == 1 &&
           EVP_MAC_final(mac_.get(), tag.data(), &size, tag.size()) == 1;
  }

  std::unique_ptr<EVP_MAC, freed<EVP_MAC_free>> mac_algorithm_;
  std::unique_ptr<EVP_CIPHER, freed<EVP_CIPHER_free>> cipher_;
  std::unique_ptr<EVP_MAC_CTX, freed<EVP_MAC_CTX_free>> mac_;
  std::unique_ptr<EVP_CIPHER_CTX, freed<EVP_CIPHER_CTX_free>> encryption_, decryption_;
};

}  // namespace bench
