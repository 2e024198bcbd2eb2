// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/result.hpp>
#include <rmcpp/core/secure.hpp>
#include <rmcpp/crypto/concepts.hpp>
#include <rmcpp/crypto/cryptopp_kernel.hpp>

#include <cryptopp/osrng.h>

#include <utility>

/// \file
/// The Crypto++ backend: keys, checks and the end of exceptions. How Crypto++ is driven, and what that buys, is in
/// cryptopp_kernel.hpp. Heap is used when a backend first loads or uses an AES key (9.3 KB, of which a key itself holds
/// nothing), by MD2, and when an entropy source is first used.

namespace rmcpp {

/// The default crypto backend, on Crypto++ 8. One per thread: it keeps scratch hashers.
class cryptopp_backend {
 public:
  /// HMAC midstates; wiped with the object, and where they are moved from.
  class mac_key {
    friend cryptopp_backend;
    struct state {
      crypto::detail::hmac_midstates midstates{};
      crypto::mac_id id{};
      bool loaded = false;
    };
    core::self_wiping<state> its_{};
  };

  /// Both key schedules; wiped with the object, and where they are moved from.
  class aes_key {
    friend cryptopp_backend;
    using schedule = crypto::detail::aes_encryption::schedule;
    static_assert(std::is_same_v<schedule, crypto::detail::aes_decryption::schedule>);
    struct state {
      alignas(16) schedule encryption{};
      alignas(16) schedule decryption{};
      bool loaded = false;
    };
    core::self_wiping<state> its_{};
  };

  cryptopp_backend() noexcept = default;
  /// Moves the heap that AES needs. The hashers stay, for they hold nothing between two calls; the source is as good as
  /// new.
  cryptopp_backend(cryptopp_backend&& from) noexcept
      : encryption_(std::move(from.encryption_)), decryption_(std::move(from.decryption_)) {}
  cryptopp_backend& operator=(cryptopp_backend&& from) noexcept {
    encryption_ = std::move(from.encryption_);
    decryption_ = std::move(from.decryption_);
    return *this;
  }
  ~cryptopp_backend() = default;

  static constexpr bool supports(crypto::mac_id) noexcept { return true; }
  static constexpr bool supports(crypto::cipher_id) noexcept { return true; }
  static constexpr bool supports(crypto::digest_id) noexcept { return true; }

  /// Errors: invalid_argument if the secret is longer than 64 bytes.
  status load(mac_key& key, crypto::mac_id id, bytes secret_bytes) noexcept {
    if (secret_bytes.size() > crypto::max_mac_secret) return errc::invalid_argument;
    key.its_->id = id;
    return guarded([&] {
      with_hash(id, [&](auto& hash) { load_midstates(hash, key, secret_bytes); });
      key.its_->loaded = true;
      return status{};
    });
  }

  /// Errors: invalid_argument unless the secret has 16 bytes; crypto_failure if memory is short.
  status load(aes_key& key, bytes secret_bytes) noexcept {
    if (secret_bytes.size() != crypto::aes_key_size) return errc::invalid_argument;
    return guarded([&] {
      encryption_.expand(secret_bytes, key.its_->encryption);
      decryption_.expand(secret_bytes, key.its_->decryption);
      key.its_->loaded = true;
      return status{};
    });
  }

  /// Errors: crypto_failure if the key is not loaded; invalid_argument if the tag is longer than the algorithm's.
  status sign(mac_key& key, crypto::pieces data, mutable_bytes tag) noexcept {
    if (!key.its_->loaded) return errc::crypto_failure;
    if (tag.size() > tag_size(key.its_->id)) return errc::invalid_argument;
    return guarded([&] {
      with_hash(key.its_->id, [&](auto& hash) {
        hash.set(key.its_->midstates.inner.data());
        hash.finish_pieces(data, hash.block_size);
        hash.finish_outer(key.its_->midstates.outer.data());
        hash.extract(tag);
        hash.forget();
      });
      return status{};
    });
  }

  /// Errors: crypto_failure if the key is not loaded; invalid_argument unless data is whole blocks, at least one.
  status encrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    if (const auto ok = usable(key, data); !ok) return ok;
    return guarded([&] {
      std::uint8_t* const d = data.data();
      const crypto::detail::aes_encryption::lease lease(encryption_, key.its_->encryption);
      // Where the IV lies elsewhere, the first block is done apart.
      encryption_.AdvancedProcessBlocks(d, iv.data(), d, crypto::aes_block_size,
                                        CryptoPP::BlockTransformation::BT_XorInput);
      if (data.size() > crypto::aes_block_size)
        crypto::detail::encrypt_behind_iv(encryption_, d + crypto::aes_block_size,
                                          data.size() - crypto::aes_block_size);
      return status{};
    });
  }

  /// encrypt() and sign() of one packet, interleaved; clobbers up to 64 bytes of `p.data` behind `p.code`, where it has
  /// them. Errors: as theirs.
  status encrypt_then_sign(aes_key& aes, mac_key& mac, const crypto::fused_packet& p) noexcept {
    if (!mac.its_->loaded) return errc::crypto_failure;
    if (p.code_size > tag_size(mac.its_->id) || p.code > p.data.size() || p.code_size > p.data.size() - p.code)
      return errc::invalid_argument;
    if (p.text < crypto::aes_block_size || p.text > p.code || p.text_size > p.code - p.text)
      return errc::invalid_argument;
    if (const auto ok = usable(aes, p.data.subspan(p.text, p.text_size)); !ok) return ok;
    return guarded([&] {
      const crypto::detail::aes_encryption::lease lease(encryption_, aes.its_->encryption);
      with_hash(mac.its_->id,
                [&](auto& hash) { crypto::detail::encrypt_then_sign(hash, encryption_, mac.its_->midstates, p); });
      return status{};
    });
  }

  /// Errors: as encrypt().
  status decrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    if (const auto ok = usable(key, data); !ok) return ok;
    return guarded([&] {
      std::uint8_t* const d = data.data();
      const crypto::detail::aes_decryption::lease lease(decryption_, key.its_->decryption);
      // In a packet the IV lies right before; elsewhere the first block is done apart, and last, for the second needs
      // it.
      const std::size_t apart = d == iv.data() + iv.size() ? 0 : crypto::aes_block_size;
      if (data.size() > apart) crypto::detail::decrypt_behind_iv(decryption_, d + apart, data.size() - apart);
      if (apart != 0) decryption_.ProcessAndXorBlock(d, iv.data(), d);
      return status{};
    });
  }

  /// Errors: invalid_argument unless out has at most 16 bytes. MD2 allocates: Crypto++ has it no other way.
  status digest(crypto::digest_id id, crypto::pieces data, mutable_bytes out) noexcept {
    if (out.size() > crypto::digest_size) return errc::invalid_argument;
    return guarded([&] {
      if (id == crypto::digest_id::md2) {
        CryptoPP::Weak1::MD2 md2;
        for (const bytes piece : data) md2.Update(piece.data(), piece.size());
        md2.TruncatedFinal(out.data(), out.size());
        return status{};
      }
      md5_.start();
      md5_.finish_pieces(data, 0);
      md5_.extract(out);
      md5_.forget();
      return status{};
    });
  }

  void unload(mac_key& key) noexcept { key.its_.wipe(); }

  void unload(aes_key& key) noexcept { key.its_.wipe(); }

 private:
  /// A library's exception ends here.
  template <class F> [[gnu::always_inline]] static status guarded(F&& f) noexcept {
    try {
      return f();
    } catch (...) {
      return errc::crypto_failure;
    }
  }

  template <class F> [[gnu::always_inline]] void with_hash(crypto::mac_id id, F&& f) {
    switch (id) {
      case crypto::mac_id::hmac_md5: return f(md5_);
      case crypto::mac_id::hmac_sha1: return f(sha1_);
      case crypto::mac_id::hmac_sha256: return f(sha256_);
    }
  }

  template <class Hash> static void load_midstates(Hash& hash, mac_key& key, bytes secret_bytes) {
    alignas(16) std::array<std::uint8_t, Hash::block_size> pad{};
    core::copy(secret_bytes, pad);
    const auto midstate = [&](std::uint8_t flips, CryptoPP::word32* to) {
      for (auto& byte : pad) byte ^= flips;
      hash.start();
      hash.blocks(pad.data(), pad.size());
      hash.get(to);
    };
    midstate(0x36, key.its_->midstates.inner.data());
    midstate(0x36 ^ 0x5c, key.its_->midstates.outer.data());
    core::wipe(pad);
    hash.forget();
  }

  static status usable(const aes_key& key, mutable_bytes data) noexcept {
    if (!key.its_->loaded) return errc::crypto_failure;
    return data.empty() || data.size() % crypto::aes_block_size != 0 ? status{errc::invalid_argument} : status{};
  }

  crypto::detail::aes_encryption encryption_;
  crypto::detail::aes_decryption decryption_;
  crypto::detail::open_hash<CryptoPP::Weak1::MD5> md5_;
  crypto::detail::open_hash<CryptoPP::SHA1> sha1_;
  crypto::detail::open_hash<CryptoPP::SHA256> sha256_;
};
static_assert(crypto::digest_backend<cryptopp_backend> && crypto::fused_backend<cryptopp_backend>);

/// Randomness of the operating system. Each request opens a device: 180 ns for an IV, more than sealing a small packet.
struct cryptopp_os_entropy {
  bool fill(mutable_bytes out) noexcept {
    try {
      CryptoPP::OS_GenerateRandomBlock(false, out.data(), out.size());
      return true;
    } catch (...) {
      return false;
    }
  }
};

/// Entropy by AES-256 in counter mode, keyed by `Seed` and rekeyed for every pool: the first bytes that a key gives are
/// the next key, which replaces it, and bytes handed out are wiped, so that a stolen state tells nothing of the past.
/// `Seed` takes part again every `pools_per_seed` pools. One per thread. Heap: once, for the key schedule.
/// After fork() both processes would hand out the same bytes: call reseed() in the child.
template <class Seed> class cryptopp_generator {
 public:
  static constexpr std::size_t pool_size = 1024;
  static constexpr std::uint32_t pools_per_seed = 1024;  // a megabyte

  cryptopp_generator() noexcept = default;
  explicit cryptopp_generator(Seed seed) noexcept : seed_(seed) {}
  /// Moves the bytes not yet used: handing out the same randomness twice would repeat ids and IVs.
  cryptopp_generator(cryptopp_generator&& from) noexcept { take(from); }
  cryptopp_generator& operator=(cryptopp_generator&& from) noexcept {
    if (this != &from) take(from);
    return *this;
  }
  ~cryptopp_generator() { reseed(); }

  /// False if the seed's source gives none; what was written of `out` by then is random.
  bool fill(mutable_bytes out) noexcept {
    while (!out.empty()) {
      if (used_ == pool_size && !refill()) return false;
      const auto unused = mutable_bytes(pool_).subspan(used_);
      const std::size_t n = core::copy(unused, out);
      core::wipe(unused.first(n));
      used_ += n;
      out = out.subspan(n);
    }
    return true;
  }

  /// Forgets everything; the next fill() asks the seed's source.
  void reseed() noexcept {
    core::wipe(pool_);
    core::wipe(key_);
    used_ = pool_size;
    pools_left_ = 0;
  }

 private:
  using key = std::array<std::uint8_t, 32>;

  bool refill() noexcept {
    if (pools_left_ == 0) {
      secret<std::tuple_size_v<key>> fresh;
      if (!seed_.fill(fresh.reveal())) return false;
      for (std::size_t i = 0; i < key_.size(); ++i) key_[i] = static_cast<std::uint8_t>(key_[i] ^ fresh.reveal()[i]);
      pools_left_ = pools_per_seed;
    }
    try {
      aes_.SetKey(key_.data(), key_.size());
      generate(key_, 0);
      generate(pool_, key_.size() / crypto::aes_block_size);
      aes_.forget();
    } catch (...) {
      reseed();
      return false;
    }
    --pools_left_;
    used_ = 0;
    return true;
  }

  /// The key stream from block `counter` on; `out` is whole blocks.
  void generate(mutable_bytes out, std::size_t counter) {
    rmcpp::core::fill(out, 0);
    for (std::size_t at = 0; at < out.size(); at += crypto::aes_block_size)
      core::store_le32(out.data() + at, static_cast<std::uint32_t>(counter++));
    aes_.AdvancedProcessBlocks(out.data(), nullptr, out.data(), out.size(),
                               CryptoPP::BlockTransformation::BT_AllowParallel);
  }

  void take(cryptopp_generator& from) noexcept {
    seed_ = from.seed_;
    pool_ = from.pool_;
    key_ = from.key_;
    used_ = from.used_;
    pools_left_ = from.pools_left_;
    aes_ = std::move(from.aes_);
    from.reseed();
  }

  [[no_unique_address]] Seed seed_{};
  std::array<std::uint8_t, pool_size> pool_{};
  key key_{};
  std::size_t used_ = pool_size;
  std::uint32_t pools_left_ = 0;
  crypto::detail::aes_encryption aes_;
};

/// Entropy for sessions: ids, random numbers and IVs.
using cryptopp_entropy = cryptopp_generator<cryptopp_os_entropy>;

}  // namespace rmcpp
