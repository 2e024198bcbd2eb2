// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/result.hpp>
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
#include <cryptopp/osrng.h>
#include <cryptopp/sha.h>
#ifdef RMCPP_UNDEF_NAMESPACE_WEAK
#undef CRYPTOPP_ENABLE_NAMESPACE_WEAK
#undef RMCPP_UNDEF_NAMESPACE_WEAK
#endif

#include <algorithm>
#include <cstring>
#include <type_traits>

/// \file
/// The Crypto++ backend. HMAC keys are kept as the two midstates behind the padded key (HMAC<> would hash both pads for
/// every message), AES keys as expanded schedules driven directly (CBC_Mode is not needed and allocates). Heap is used
/// when an AES key is loaded, and by MD2.

namespace rmcpp {

namespace detail {

/// A Crypto++ hash with its state and block function opened up.
template <class Hash> struct open_hash : Hash {
  using word = CryptoPP::word32;
  static constexpr bool big_endian = std::is_same_v<typename Hash::ByteOrderClass, CryptoPP::BigEndian>;
  static constexpr std::size_t words = Hash::DIGESTSIZE / sizeof(word);
  static constexpr std::size_t block_size = 64;

  void set(const word* midstate) noexcept { std::copy_n(midstate, words, this->StateBuf()); }
  void get(word* midstate) noexcept { std::copy_n(this->StateBuf(), words, midstate); }

  /// Whole blocks. Crypto++ reads words, so bytes at odd addresses go through an aligned copy.
  void blocks(const std::uint8_t* data, std::size_t size) {
    if (CryptoPP::IsAligned<word>(data)) {
      this->HashMultipleBlocks(reinterpret_cast<const word*>(data), size);
      return;
    }
    alignas(16) std::array<std::uint8_t, block_size> aligned;
    for (; size != 0; data += block_size, size -= block_size) {
      std::memcpy(aligned.data(), data, block_size);
      this->HashMultipleBlocks(reinterpret_cast<const word*>(aligned.data()), block_size);
    }
  }

  /// Hashes the pieces from the present state, of which `before` bytes are already in, and closes the message.
  void finish(pieces data, std::uint64_t before) {
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
    partial[held++] = 0x80;
    if (held > block_size - 8) {
      std::fill(partial.begin() + static_cast<std::ptrdiff_t>(held), partial.end(), std::uint8_t{0});
      blocks(partial.data(), block_size);
      held = 0;
    }
    std::fill(partial.begin() + static_cast<std::ptrdiff_t>(held), partial.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t at = big_endian ? block_size - 1 - i : block_size - 8 + i;
      partial[at] = static_cast<std::uint8_t>((total * 8) >> (8 * i));
    }
    blocks(partial.data(), block_size);
  }

  /// The second, outer hash of HMAC: one block that holds the inner digest as words already in native order.
  void finish_outer(const word* outer) {
    alignas(16) std::array<word, block_size / sizeof(word)> one{};
    get(one.data());
    constexpr word bits = (block_size + Hash::DIGESTSIZE) * 8;
    one[words] = big_endian ? 0x80000000u : 0x00000080u;
    one[big_endian ? 15 : 14] = bits;
    set(outer);
    Hash::Transform(this->StateBuf(), one.data());
  }

  /// What was hashed last may have been a key.
  void forget() noexcept { std::fill_n(this->StateBuf(), words, word{0}); }

  /// The leftmost bytes of the digest.
  void extract(mutable_bytes tag) noexcept {
    const word* state = this->StateBuf();
    for (std::size_t i = 0; i < tag.size(); ++i) {
      const auto shift = 8 * (big_endian ? 3 - i % 4 : i % 4);
      tag[i] = static_cast<std::uint8_t>(state[i / 4] >> shift);
    }
  }
};

}  // namespace detail

/// The default crypto backend, on Crypto++ 8. One per thread: it keeps scratch hashers.
class cryptopp_backend {
 public:
  /// HMAC midstates; wiped with the object.
  class mac_key {
   public:
    mac_key() noexcept = default;
    mac_key(const mac_key&) = delete;
    mac_key& operator=(const mac_key&) = delete;
    ~mac_key() { wipe(); }

   private:
    friend cryptopp_backend;
    void wipe() noexcept {
      rmcpp::wipe({reinterpret_cast<std::uint8_t*>(inner_.data()), sizeof inner_});
      rmcpp::wipe({reinterpret_cast<std::uint8_t*>(outer_.data()), sizeof outer_});
      loaded_ = false;
    }
    alignas(16) std::array<CryptoPP::word32, 8> inner_{};
    alignas(16) std::array<CryptoPP::word32, 8> outer_{};
    mac_id id_{};
    bool loaded_ = false;
  };

  /// Both key schedules, about 10 KB of heap once loaded.
  class aes_key {
   public:
    aes_key() noexcept = default;
    aes_key(const aes_key&) = delete;
    aes_key& operator=(const aes_key&) = delete;

   private:
    friend cryptopp_backend;
    CryptoPP::AES::Encryption encryption_;
    CryptoPP::AES::Decryption decryption_;
    bool loaded_ = false;
  };

  static constexpr bool supports(mac_id) noexcept { return true; }
  static constexpr bool supports(cipher_id) noexcept { return true; }
  static constexpr bool supports(digest_id) noexcept { return true; }

  /// Errors: invalid_argument if the secret is longer than 64 bytes.
  status load(mac_key& key, mac_id id, bytes secret_bytes) noexcept {
    if (secret_bytes.size() > max_mac_secret) return errc::invalid_argument;
    key.id_ = id;
    return guarded([&] {
      with_hash(id, [&](auto& hash) { load_midstates(hash, key, secret_bytes); });
      key.loaded_ = true;
      return status{};
    });
  }

  /// Errors: invalid_argument unless the secret has 16 bytes; crypto_failure if memory is short.
  status load(aes_key& key, bytes secret_bytes) noexcept {
    if (secret_bytes.size() != aes_key_size) return errc::invalid_argument;
    return guarded([&] {
      key.encryption_.SetKey(secret_bytes.data(), secret_bytes.size());
      key.decryption_.SetKey(secret_bytes.data(), secret_bytes.size());
      key.loaded_ = true;
      return status{};
    });
  }

  /// Errors: crypto_failure if the key is not loaded; invalid_argument if the tag is longer than the algorithm's.
  status sign(mac_key& key, pieces data, mutable_bytes tag) noexcept {
    if (!key.loaded_) return errc::crypto_failure;
    if (tag.size() > tag_size(key.id_)) return errc::invalid_argument;
    return guarded([&] {
      with_hash(key.id_, [&](auto& hash) {
        hash.set(key.inner_.data());
        hash.finish(data, hash.block_size);
        hash.finish_outer(key.outer_.data());
        hash.extract(tag);
        hash.forget();
      });
      return status{};
    });
  }

  /// Errors: crypto_failure if the key is not loaded; invalid_argument unless data is whole blocks, at least one.
  status encrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept {
    if (const auto ok = usable(key, data); !ok) return ok;
    return guarded([&] {
      std::uint8_t* const d = data.data();
      // Each block is xored with the ciphertext before it: for the first that is the IV, for the rest it lies there.
      const auto& aes = key.encryption_;
      aes.AdvancedProcessBlocks(d, iv.data(), d, aes_block_size, CryptoPP::BlockTransformation::BT_XorInput);
      if (data.size() > aes_block_size)
        aes.AdvancedProcessBlocks(d + aes_block_size, d, d + aes_block_size, data.size() - aes_block_size,
                                  CryptoPP::BlockTransformation::BT_XorInput);
      return status{};
    });
  }

  /// Errors: as encrypt().
  status decrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept {
    if (const auto ok = usable(key, data); !ok) return ok;
    return guarded([&] {
      std::uint8_t* const d = data.data();
      // From the last block backwards, so that each block's predecessor is still ciphertext when it is needed.
      const auto& aes = key.decryption_;
      if (data.size() > aes_block_size)
        aes.AdvancedProcessBlocks(
            d + aes_block_size, d, d + aes_block_size, data.size() - aes_block_size,
            CryptoPP::BlockTransformation::BT_ReverseDirection | CryptoPP::BlockTransformation::BT_AllowParallel);
      aes.ProcessAndXorBlock(d, iv.data(), d);
      return status{};
    });
  }

  /// Errors: invalid_argument unless out has at most 16 bytes. MD2 allocates: Crypto++ has it no other way.
  status digest(digest_id id, pieces data, mutable_bytes out) noexcept {
    if (out.size() > digest_size) return errc::invalid_argument;
    return guarded([&] {
      if (id == digest_id::md2) {
        CryptoPP::Weak1::MD2 md2;
        for (const bytes piece : data) md2.Update(piece.data(), piece.size());
        md2.TruncatedFinal(out.data(), out.size());
        return status{};
      }
      CryptoPP::Weak1::MD5::InitState(md5_.StateBuf());
      md5_.finish(data, 0);
      md5_.extract(out);
      md5_.forget();
      return status{};
    });
  }

  void unload(mac_key& key) noexcept { key.wipe(); }

  /// Overwrites both schedules with those of a zero key; the memory is kept for the next load.
  void unload(aes_key& key) noexcept {
    if (!key.loaded_) return;
    constexpr std::array<std::uint8_t, aes_key_size> zero{};
    (void)load(key, zero);
    key.loaded_ = false;
  }

 private:
  template <class Hash> struct scratch : detail::open_hash<Hash> { using detail::open_hash<Hash>::StateBuf; };

  /// A library's exception ends here.
  template <class F> static status guarded(F&& f) noexcept {
    try {
      return f();
    } catch (...) {
      return errc::crypto_failure;
    }
  }

  template <class F> void with_hash(mac_id id, F&& f) {
    switch (id) {
      case mac_id::hmac_md5: return f(md5_);
      case mac_id::hmac_sha1: return f(sha1_);
      case mac_id::hmac_sha256: return f(sha256_);
    }
  }

  template <class Hash> static void load_midstates(Hash& hash, mac_key& key, bytes secret_bytes) {
    alignas(16) std::array<std::uint8_t, Hash::block_size> pad{};
    const auto midstate = [&](std::uint8_t with, CryptoPP::word32* to) {
      pad.fill(with);
      for (std::size_t i = 0; i < secret_bytes.size(); ++i) pad[i] = static_cast<std::uint8_t>(secret_bytes[i] ^ with);
      Hash::InitState(hash.StateBuf());
      hash.blocks(pad.data(), pad.size());
      hash.get(to);
    };
    midstate(0x36, key.inner_.data());
    midstate(0x5c, key.outer_.data());
    rmcpp::wipe(pad);
    hash.forget();
  }

  static status usable(const aes_key& key, mutable_bytes data) noexcept {
    if (!key.loaded_) return errc::crypto_failure;
    return data.empty() || data.size() % aes_block_size != 0 ? status{errc::invalid_argument} : status{};
  }

  scratch<CryptoPP::Weak1::MD5> md5_;
  scratch<CryptoPP::SHA1> sha1_;
  scratch<CryptoPP::SHA256> sha256_;
};
static_assert(digest_backend<cryptopp_backend>);

/// Entropy from the operating system, fetched in larger pieces because each fetch opens a device. One per thread.
class cryptopp_entropy {
 public:
  cryptopp_entropy() noexcept = default;
  /// Moves the bytes not yet used: handing out the same randomness twice would repeat ids and IVs.
  cryptopp_entropy(cryptopp_entropy&& from) noexcept : pool_(from.pool_), used_(from.used_) { from.drain(); }
  cryptopp_entropy& operator=(cryptopp_entropy&& from) noexcept {
    if (this == &from) return *this;
    pool_ = from.pool_;
    used_ = from.used_;
    from.drain();
    return *this;
  }
  ~cryptopp_entropy() { drain(); }

  /// False if the operating system gives no randomness.
  bool fill(mutable_bytes out) noexcept {
    while (!out.empty()) {
      if (used_ == pool_.size() && !refill()) return false;
      const auto unused = mutable_bytes(pool_).subspan(used_);
      const std::size_t n = copy(unused, out);
      wipe(unused.first(n));
      used_ += n;
      out = out.subspan(n);
    }
    return true;
  }

 private:
  bool refill() noexcept {
    try {
      CryptoPP::OS_GenerateRandomBlock(false, pool_.data(), pool_.size());
      used_ = 0;
      return true;
    } catch (...) {
      return false;
    }
  }
  void drain() noexcept {
    wipe(pool_);
    used_ = pool_.size();
  }

  std::array<std::uint8_t, 1024> pool_{};
  std::size_t used_ = pool_.size();
};

}  // namespace rmcpp
