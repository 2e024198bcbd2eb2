// SPDX-License-Identifier: BSL-1.0
// The floor: straight-line code on Crypto++'s block functions, for these packets and nothing else. No checks of its
// arguments, no errors, no other suites. Needs 64 writable bytes behind the datagram and 16 readable ones behind the
// message. What the library adds to this is the price of being a library.
#pragma once

#include "material.hpp"

#include <cryptopp/aes.h>

#include <bit>
#include <cstring>

namespace bench {

template <class Suite> class floor_code {
 public:
  static constexpr const char* name = "floor";

  floor_code() {
    const material<Suite> m;
    encryption_.SetKey(m.k2.data(), m.k2.size());
    decryption_.SetKey(m.k2.data(), m.k2.size());
    midstate(m.k1, 0x36, inner_);
    midstate(m.k1, 0x5c, outer_);
  }

  std::size_t seal(bytes message, std::uint32_t sequence, const iv_block& iv, mutable_bytes out) {
    std::uint8_t* const d = out.data();
    const std::size_t n = message.size();
    const std::size_t whole = n & ~std::size_t{15};
    const std::size_t text = Suite::aes ? whole + 16 : n;
    const std::size_t length = Suite::aes ? 16 + text : n;
    header(d, sequence, length);
    std::uint8_t* const t = d + layout<Suite>::message;
    std::uint8_t* const end = t + text;
    hash_.set(inner_);
    if constexpr (Suite::aes) {
      std::memcpy(d + 16, iv.data(), 16);
      for (std::size_t i = 0; i < whole; i += 16) store(t + i, load(message.data() + i));
      const std::size_t rest = n - whole;  // the last block, finished in a register
      store(t + whole, (load(message.data() + whole) & load(keep_.data() + 16 - rest)) | load(pads_[rest].data()));
      const std::uint32_t trailer = 0x0702ffff;
      std::memcpy(end, &trailer, 4);
      std::size_t encrypted = 0;
      std::uint8_t* h = d + 4;
      if (text > 112) {
        encrypt(t, 48);
        for (encrypted = 48; encrypted + 64 <= text; encrypted += 64, h += 64) {
          encrypt(t + encrypted, 64);
          hash_.blocks(h, 64);
        }
      }
      if (encrypted != text) encrypt(t + encrypted, text - encrypted);
      close(end + 4, static_cast<std::size_t>(end - d), 64 - static_cast<std::size_t>(end - d) % 64);
      hash_.blocks(h, static_cast<std::size_t>(end + 4 - h) + 64 - static_cast<std::size_t>(end - d) % 64);
      finish(end + 4);
      return static_cast<std::size_t>(end - d) + 4 + Suite::code_size;
    } else {
      std::memcpy(t, message.data(), n);
      const std::size_t pad = (2 - n) & 3;
      std::memset(end, 0xff, pad);
      end[pad] = static_cast<std::uint8_t>(pad);
      end[pad + 1] = 0x07;
      std::uint8_t* const code = end + pad + 2;
      const std::size_t size = static_cast<std::size_t>(code - d) - 4;
      hash_.blocks(d + 4, size & ~std::size_t{63});
      tail(d + 4, size);
      finish(code);
      return size + 4 + Suite::code_size;
    }
  }

  mutable_bytes open(mutable_bytes datagram) {
    std::uint8_t* const d = datagram.data();
    const std::size_t size = datagram.size();
    if (size < layout<Suite>::message + 4 + Suite::code_size) return {};
    std::array<std::uint32_t, 4> head;
    std::memcpy(head.data(), d, 16);
    const std::size_t length = head[3] >> 16;
    if (head[0] != 0x07ff0006 || (head[1] & 0xffff) != (Suite::aes ? 0xc006u : 0x4006u)) return {};
    std::uint32_t sequence = 0;
    std::memcpy(&sequence, d + 10, 4);
    if (sequence - highest_ > 0x7fffffff) return {};
    const std::size_t signed_size = size - 4 - Suite::code_size;
    const std::size_t pad = d[size - Suite::code_size - 2];
    if (length == 0 || pad > 3 || 16 + length + pad + 2 + Suite::code_size != size) return {};
    hash_.set(inner_);
    if (signed_size >= 64) hash_.blocks(d + 4, signed_size & ~std::size_t{63});
    tail(d + 4, signed_size);
    alignas(16) std::array<std::uint8_t, 16> code{};
    finish(code.data());
    if (!same(code.data(), d + size - Suite::code_size)) return {};
    highest_ = sequence - 1;  // so that the same datagram can be opened again
    if constexpr (!Suite::aes) return datagram.subspan(16, length);
    if (length % 16 != 0 || length < 32) return {};
    decryption_.AdvancedProcessBlocks(
        d + 32, d + 16, d + 32, length - 16,
        CryptoPP::BlockTransformation::BT_ReverseDirection | CryptoPP::BlockTransformation::BT_AllowParallel);
    const std::size_t text_pad = d[16 + length - 1];
    if (text_pad > 15) return {};
    const std::uint8_t* const last = d + length;
    if (!zero((load(last) ^ load(pads_[15 - text_pad].data())) & load(keep_.data() + 16 - (15 - text_pad), true)))
      return {};
    return datagram.subspan(32, length - 16 - text_pad - 1);
  }

 private:
  using word = CryptoPP::word32;
  static constexpr bool md5 = std::is_same_v<typename Suite::hash, CryptoPP::Weak1::MD5>;
  static constexpr std::size_t words = Suite::hash::DIGESTSIZE / 4;
  using vec = std::uint64_t __attribute__((vector_size(16)));

  struct opened_hash : Suite::hash {
    void set(const word* from) { std::memcpy(this->m_state, from, words * 4); }
    word* state() { return this->m_state; }
    void blocks(const std::uint8_t* data, std::size_t size) {
      Suite::hash::HashMultipleBlocks(reinterpret_cast<const word*>(data), size);
    }
  };

  static vec load(const std::uint8_t* from, bool inverted = false) {
    vec v;
    std::memcpy(&v, from, 16);
    return inverted ? ~v : v;
  }
  template <class T> static void store(T* to, vec v) { std::memcpy(to, &v, 16); }
  static bool zero(vec v) { return (v[0] | v[1]) == 0; }
  static bool same(const std::uint8_t* a, const std::uint8_t* b) {
    std::uint64_t x = 0, y = 0, u = 0, v = 0;
    std::memcpy(&x, a, 8);
    std::memcpy(&y, b, 8);
    std::memcpy(&u, a + 8, Suite::code_size - 8);
    std::memcpy(&v, b + 8, Suite::code_size - 8);
    return ((x ^ y) | (u ^ v)) == 0;
  }

  static void header(std::uint8_t* d, std::uint32_t sequence, std::size_t length) {
    const std::uint64_t low = 0x000006'07ff0006ull | (Suite::aes ? 0xc0ull : 0x40ull) << 40 |
                              static_cast<std::uint64_t>(session_id) << 48 | 0x06ull << 32;
    const std::uint64_t high =
        (session_id >> 16) | static_cast<std::uint64_t>(sequence) << 16 | static_cast<std::uint64_t>(length) << 48;
    store(d, vec{low, high});
  }

  void encrypt(std::uint8_t* data, std::size_t size) {
    encryption_.AdvancedProcessBlocks(data, data - 16, data, size, CryptoPP::BlockTransformation::BT_XorInput);
  }

  static std::uint64_t bits(std::size_t size) {
    const std::uint64_t n = (64 + size) * 8;
    return md5 ? n : __builtin_bswap64(n);
  }
  /// Hash padding of `room` bytes, a multiple of 16.
  static void close(std::uint8_t* end, std::size_t size, std::size_t room) {
    vec v{0x80, 0};
    for (; room > 16; room -= 16, end += 16, v = vec{}) store(end, v);
    v[1] = bits(size);
    store(end, v);
  }
  /// The last incomplete block of a message that must not be written behind.
  void tail(const std::uint8_t* data, std::size_t size) {
    alignas(16) std::array<std::uint8_t, 128> block{};
    const std::size_t rest = size % 64;
    const std::size_t room = rest + 9 <= 64 ? 64 : 128;
    if constexpr (Suite::aes) {  // whole chunks
      for (std::size_t i = 0; i < rest; i += 16) store(block.data() + i, load(data + size - rest + i));
      close(block.data() + rest, size, 64 - rest);
    } else {
      std::memcpy(block.data(), data + size - rest, rest);
      block[rest] = 0x80;
      const std::uint64_t n = bits(size);
      std::memcpy(block.data() + room - 8, &n, 8);
    }
    hash_.blocks(block.data(), room);
  }

  /// The outer hash, and the code.
  void finish(std::uint8_t* code) {
    alignas(16) std::array<word, 16> one;
    const word* const s = hash_.state();
    vec v;
    std::memcpy(&v, s, 16);
    store(one.data(), v);
    if constexpr (words == 4) {
      store(one.data() + 4, vec{0x80, 0});
      store(one.data() + 8, vec{});
      store(one.data() + 12, vec{0, (64 + 16) * 8});
    } else if constexpr (words == 5) {
      store(one.data() + 4, vec{s[4] | 0x80000000ull << 32, 0});
      store(one.data() + 8, vec{});
      store(one.data() + 12, vec{0, (64ull + 20) * 8 << 32});
    } else {
      std::memcpy(&v, s + 4, 16);
      store(one.data() + 4, v);
      store(one.data() + 8, vec{0x80000000ull, 0});
      store(one.data() + 12, vec{0, (64ull + 32) * 8 << 32});
    }
    hash_.set(outer_);
    Suite::hash::Transform(hash_.state(), one.data());
    for (std::size_t i = 0; i < Suite::code_size / 4; ++i) {
      const word w = md5 ? hash_.state()[i] : __builtin_bswap32(hash_.state()[i]);
      std::memcpy(code + 4 * i, &w, 4);
    }
  }

  void midstate(bytes key, std::uint8_t with, word* to) {
    alignas(16) std::array<std::uint8_t, 64> pad;
    pad.fill(with);
    for (std::size_t i = 0; i < key.size(); ++i) pad[i] = static_cast<std::uint8_t>(key[i] ^ with);
    Suite::hash::InitState(hash_.state());
    hash_.blocks(pad.data(), pad.size());
    std::memcpy(to, hash_.state(), words * 4);
  }

  /// [r]: r zeros, then 01 02 .., then their count. The last block of a message with r bytes left over.
  static constexpr auto pads_ = [] {
    std::array<std::array<std::uint8_t, 16>, 16> t{};
    for (std::size_t r = 0; r < 16; ++r) {
      for (std::size_t i = r; i < 15; ++i) t[r][i] = static_cast<std::uint8_t>(i - r + 1);
      t[r][15] = static_cast<std::uint8_t>(15 - r);
    }
    return t;
  }();
  /// From 16 - r on: r times FFh, then zeros.
  static constexpr auto keep_ = [] {
    std::array<std::uint8_t, 32> t{};
    for (std::size_t i = 0; i < 16; ++i) t[i] = 0xff;
    return t;
  }();

  opened_hash hash_;
  CryptoPP::AES::Encryption encryption_;
  CryptoPP::AES::Decryption decryption_;
  std::uint32_t highest_ = 0;
  alignas(16) word inner_[8]{};
  alignas(16) word outer_[8]{};
};

}  // namespace bench
