// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/secure.hpp>
#include <rmcpp/crypto/concepts.hpp>

// The Weak1 namespace holds MD2 and MD5 without the macro dance that Weak needs and without its warning.
#ifndef CRYPTOPP_ENABLE_NAMESPACE_WEAK
#define CRYPTOPP_ENABLE_NAMESPACE_WEAK 1  // NOLINT(readability-identifier-naming)
#define RMCPP_UNDEF_NAMESPACE_WEAK
#endif
#include <cryptopp/aes.h>
#include <cryptopp/md2.h>
#include <cryptopp/md5.h>
#include <cryptopp/sha.h>
#ifdef RMCPP_UNDEF_NAMESPACE_WEAK
#undef CRYPTOPP_ENABLE_NAMESPACE_WEAK
#undef RMCPP_UNDEF_NAMESPACE_WEAK
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

/// \file
/// Part of the Crypto++ backend, included by it only: Crypto++ driven below its own classes. Every trick that buys
/// speed is in this file, beside what it buys: suite 3, sealing 8 and 1024 bytes, from 934 and 2511 ns with a
/// CBC_Mode and an HMAC object per packet to 132 and 1288.

namespace rmcpp::crypto::detail {

/// 16 bytes in one register, at any address. Crypto++ loads its input in such, and the processor forwards a load from
/// one store that covers it but waits for two that do so together: 26 ns a packet.
using chunk = std::uint64_t __attribute__((vector_size(16)));
inline constexpr std::size_t chunk_size = sizeof(chunk);
struct [[gnu::packed, gnu::may_alias]] chunk_anywhere {
  chunk value;
};

inline chunk load_chunk(const void* from) noexcept { return static_cast<const chunk_anywhere*>(from)->value; }
inline void store_chunk(void* to, chunk c) noexcept { static_cast<chunk_anywhere*>(to)->value = c; }

constexpr std::uint64_t from_little(std::uint64_t v) noexcept {
  return std::endian::native == std::endian::little ? v : __builtin_bswap64(v);
}
constexpr std::uint64_t from_big(std::uint64_t v) noexcept {
  return std::endian::native == std::endian::big ? v : __builtin_bswap64(v);
}

/// A Crypto++ hash with its state and block functions opened up.
template <class Hash> struct open_hash : Hash {
  using word = CryptoPP::word32;
  static constexpr bool big_endian = std::is_same_v<typename Hash::ByteOrderClass, CryptoPP::BigEndian>;
  static constexpr std::size_t words = Hash::DIGESTSIZE / sizeof(word);
  static constexpr std::size_t block_size = 64;

  /// Named by class, so that it is no virtual call.
  [[nodiscard]] word* state() noexcept { return Hash::StateBuf(); }
  void start() noexcept { Hash::InitState(state()); }
  void set(const word* midstate) noexcept { std::memcpy(state(), midstate, Hash::DIGESTSIZE); }
  void get(word* midstate) noexcept { std::memcpy(midstate, state(), Hash::DIGESTSIZE); }
  /// What was hashed last may have been a key.
  void forget() noexcept { std::fill_n(state(), words, word{0}); }

  /// Whole blocks, straight from where they lie: Update() would copy them through its own buffer and count them.
  /// Crypto++ reads words, so bytes at odd addresses go through an aligned copy.
  void blocks(const std::uint8_t* data, std::size_t size) {
    if (CryptoPP::IsAligned<word>(data)) {
      Hash::HashMultipleBlocks(reinterpret_cast<const word*>(data), size);
      return;
    }
    alignas(16) std::array<std::uint8_t, block_size> aligned;
    for (; size != 0; data += block_size, size -= block_size) {
      std::memcpy(aligned.data(), data, block_size);
      Hash::HashMultipleBlocks(reinterpret_cast<const word*>(aligned.data()), block_size);
    }
  }

  /// Closes a message in whole chunks. `end` is the place of its last, incomplete chunk and `c` that chunk with the 80h
  /// behind it; the padding reaches to `end + size`.
  static void pad(std::uint8_t* end, chunk c, std::size_t size, std::uint64_t message_size) noexcept {
    for (; size > chunk_size; size -= chunk_size, end += chunk_size) {
      store_chunk(end, c);
      c = chunk{};
    }
    c[1] = big_endian ? from_big(message_size * 8) : from_little(message_size * 8);
    store_chunk(end, c);
  }

  /// Hashes what is left of a message of `total` bytes that may not be written behind: its end is closed on the stack.
  void finish(bytes rest, std::uint64_t total) {
    const std::size_t whole = rest.size() & ~(block_size - 1);
    if (whole != 0) blocks(rest.data(), whole);
    rest = rest.subspan(whole);
    alignas(chunk_size) std::array<std::uint8_t, 2 * block_size> tail;
    std::size_t at = 0;
    for (; at + chunk_size <= rest.size(); at += chunk_size)
      store_chunk(tail.data() + at, load_chunk(rest.data() + at));
    chunk last{from_little(0x80), 0};  // with AES nothing is left over here
    if (at != rest.size()) {
      std::array<std::uint8_t, chunk_size> odd{};
      std::copy_n(rest.data() + at, rest.size() - at, odd.data());
      odd[rest.size() - at] = 0x80;
      last = load_chunk(odd.data());
    }
    const std::size_t size = rest.size() + 9 <= block_size ? block_size : 2 * block_size;
    pad(tail.data() + at, last, size - at, total);
    blocks(tail.data(), size);
  }

  /// As finish(), for a message of whole chunks with `room` writable bytes behind it: what fits is closed where it lies
  /// and hashed in one call.
  void finish_in_place(std::uint8_t* rest, std::size_t size, std::size_t room, std::uint64_t total) {
    const std::size_t padding = block_size - size % block_size;
    if (room < padding || size % chunk_size != 0) return finish({rest, size}, total);
    pad(rest + size, chunk{from_little(0x80), 0}, padding, total);
    blocks(rest, size + padding);
  }

  /// Hashes pieces as if concatenated, from the present state, of which `before` bytes are already in.
  void finish_pieces(pieces data, std::uint64_t before) {
    if (data.size() == 1) return finish(data[0], before + data[0].size());
    alignas(16) std::array<std::uint8_t, block_size> partial;
    std::size_t held = 0;
    std::uint64_t total = before;
    for (bytes piece : data) {
      total += piece.size();
      if (held != 0) {
        const std::size_t n = std::min(piece.size(), block_size - held);
        std::copy_n(piece.data(), n, partial.data() + held);
        held += n;
        piece = piece.subspan(n);
        if (held < block_size) continue;
        blocks(partial.data(), block_size);
        held = 0;
      }
      const std::size_t whole = piece.size() & ~(block_size - 1);
      if (whole != 0) blocks(piece.data(), whole);
      held = piece.size() - whole;
      std::copy_n(piece.data() + whole, held, partial.data());
    }
    finish(bytes(partial).first(held), total);
  }

  /// The second, outer hash of HMAC: one block that holds the inner digest, whose words are in native order already, so
  /// that Transform() takes them without swapping them there and back.
  void finish_outer(const word* outer) {
    constexpr word bits = (block_size + Hash::DIGESTSIZE) * 8;
    const word* const inner = state();
    // Word i of the block: digest, end mark, zeros, length.
    const auto at = [&](std::size_t i) -> word {
      if (i == words) return big_endian ? 0x80000000u : 0x00000080u;
      if (i == (big_endian ? 15 : 14)) return bits;
      return i < words ? inner[i] : 0;
    };
    alignas(chunk_size) std::array<word, block_size / sizeof(word)> one;
    for (std::size_t i = 0; i < one.size(); i += 4) {
      const chunk c = i + 4 <= words ? load_chunk(inner + i) : chunk{two(at(i), at(i + 1)), two(at(i + 2), at(i + 3))};
      store_chunk(&one[i], c);
    }
    set(outer);
    Hash::Transform(state(), one.data());
  }

  /// The leftmost bytes of the digest.
  void extract(mutable_bytes tag) noexcept {
    const word* const from = state();
    std::size_t i = 0;
    for (; i + sizeof(word) <= tag.size(); i += sizeof(word)) {
      const word w = in_digest_order(from[i / sizeof(word)]);
      std::memcpy(tag.data() + i, &w, sizeof(word));
    }
    if (i == tag.size()) return;
    const word w = in_digest_order(from[i / sizeof(word)]);
    std::memcpy(tag.data() + i, &w, tag.size() - i);
  }

 private:
  /// Two words as they lie in memory.
  static constexpr std::uint64_t two(word first, word second) noexcept {
    return std::endian::native == std::endian::little ? first | std::uint64_t{second} << 32
                                                      : second | std::uint64_t{first} << 32;
  }
  static constexpr word in_digest_order(word w) noexcept {
    return big_endian == (std::endian::native == std::endian::big) ? w : __builtin_bswap32(w);
  }
};

/// HMAC key: the states behind the two padded keys. HMAC<> keeps the key and hashes both pads for every message, which
/// is half the work of a small packet.
struct hmac_midstates {
  alignas(16) std::array<CryptoPP::word32, 8> inner{};
  alignas(16) std::array<CryptoPP::word32, 8> outer{};
};

/// An AES direction that works with schedules which lie elsewhere. A Crypto++ object takes 4.8 KB of heap, of which its
/// 11 round keys are 176 bytes: with these alone in a session, 10,000 sessions are polled three times as fast.
template <class Direction> class open_aes : public Direction {
 public:
  using schedule = std::array<CryptoPP::word32, 44>;

  open_aes() noexcept = default;
  /// Takes the heap over, so that the object moved to needs none of its own; the other one begins anew.
  open_aes(open_aes&& from) noexcept { swap(from); }
  open_aes& operator=(open_aes&& from) noexcept {
    swap(from);
    return *this;
  }
  ~open_aes() override = default;

  /// The round keys of a key, which is then forgotten here. Throws if memory is short, the first time.
  void expand(bytes key, schedule& to) {
    Direction::SetKey(key.data(), key.size());
    std::memcpy(to.data(), this->m_key.begin(), sizeof to);
    forget();
    ready_ = true;
  }
  /// Wipes the schedule, whose first words are the key.
  void forget() noexcept {
    core::wipe({reinterpret_cast<std::uint8_t*>(this->m_key.begin()), this->m_key.size() * sizeof(CryptoPP::word32)});
  }

  /// Until it ends, the cipher works with a schedule where it lies: nothing is copied. Throws as expand().
  class lease {
   public:
    lease(open_aes& aes, const schedule& s) : at_(aes.m_key.*words::pointer()) {
      if (!aes.ready_) aes.prepare();
      own_ = at_;
      at_ = const_cast<CryptoPP::word32*>(s.data());  // only read from
    }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() { at_ = own_; }

   private:
    CryptoPP::word32*& at_;
    CryptoPP::word32* own_ = nullptr;
  };

 private:
  /// Crypto++ can only copy these, on the heap.
  void swap(open_aes& other) noexcept {
    this->m_key.swap(other.m_key);
    this->m_aliasBlock.swap(other.m_aliasBlock);
    std::swap(this->m_rounds, other.m_rounds);
    std::swap(ready_, other.ready_);
  }

  using block = CryptoPP::SecBlock<CryptoPP::word32, CryptoPP::AllocatorWithCleanup<CryptoPP::word32, true>>;
  struct words : block {
    static constexpr CryptoPP::word32* block::*pointer() noexcept { return &words::m_ptr; }
  };
  /// The number of rounds comes with a key: for a backend that uses keys which another one loaded.
  void prepare() {
    schedule unused;
    expand(std::array<std::uint8_t, aes_key_size>{}, unused);
  }
  bool ready_ = false;
};
using aes_encryption = open_aes<CryptoPP::AES::Encryption>;
using aes_decryption = open_aes<CryptoPP::AES::Decryption>;

/// CBC over blocks behind their IV or the ciphertext before them, in place: the cipher xors each block with the 16
/// bytes before it by itself. CBC_Mode would copy the IV and call it once a block.
inline void encrypt_behind_iv(const aes_encryption& aes, std::uint8_t* data, std::size_t size) {
  aes.aes_encryption::AdvancedProcessBlocks(data, data - aes_block_size, data, size,
                                            CryptoPP::BlockTransformation::BT_XorInput);
}

/// The reverse, from the last blocks backwards: each block's predecessor is still ciphertext when it is needed, and
/// several blocks are decrypted at once.
inline void decrypt_behind_iv(const aes_decryption& aes, std::uint8_t* data, std::size_t size) {
  aes.aes_decryption::AdvancedProcessBlocks(
      data, data - aes_block_size, data, size,
      CryptoPP::BlockTransformation::BT_ReverseDirection | CryptoPP::BlockTransformation::BT_AllowParallel);
}

/// Encrypts and signs one packet. In a long one, SHA and AES take turns: one block of SHA is independent of the four
/// blocks of AES before it and runs in the gaps of their chain, a fifth of the time at 1024 bytes. Below 112 bytes of
/// ciphertext there is nothing to overlap.
template <class Hash>
void encrypt_then_sign(open_hash<Hash>& hash, const aes_encryption& aes, const hmac_midstates& key,
                       const fused_packet& p) {
  constexpr std::size_t block_size = open_hash<Hash>::block_size;
  constexpr std::size_t lead = 3 * aes_block_size;  // with header and IV, the first 64 bytes to hash
  std::uint8_t* const d = p.data.data();
  std::uint8_t* const text = d + p.text;
  std::size_t hashed = 0;
  std::size_t encrypted = 0;
  hash.set(key.inner.data());
  if (p.text_size > lead + block_size) {
    encrypt_behind_iv(aes, text, lead);
    for (encrypted = lead; encrypted + block_size <= p.text_size; encrypted += block_size, hashed += block_size) {
      encrypt_behind_iv(aes, text + encrypted, block_size);
      hash.blocks(d + hashed, block_size);
    }
  }
  if (encrypted != p.text_size) encrypt_behind_iv(aes, text + encrypted, p.text_size - encrypted);
  hash.finish_in_place(d + hashed, p.code - hashed, p.data.size() - p.code, block_size + p.code);
  hash.finish_outer(key.outer.data());
  hash.extract(p.data.subspan(p.code, p.code_size));
}

}  // namespace rmcpp::crypto::detail
