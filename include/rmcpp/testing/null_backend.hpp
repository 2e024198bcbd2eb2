// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/result.hpp>
#include <rmcpp/crypto/concepts.hpp>

#include <bit>

/// \file
/// A crypto backend for tests and measurements: no cryptography, but everything that a session can notice of it.

namespace rmcpp::testing {

/// Deterministic, cheap, copyable, without heap. A tag changes with every byte and length of the data, with the key,
/// its length and the algorithm; where the data is cut into pieces does not matter. The cipher is a keyed stream that
/// depends on the IV and the position. Misuse fails as with a real backend. Counts its calls, and fails on demand.
class null_backend {
 public:
  class mac_key {
    friend null_backend;
    std::uint64_t state_ = 0;
    crypto::mac_id id_{};
    bool loaded_ = false;
  };
  class aes_key {
    friend null_backend;
    std::uint64_t state_ = 0;
    bool loaded_ = false;
  };

  /// Calls so far, the failed ones included.
  struct counters {
    std::uint64_t load = 0;
    std::uint64_t sign = 0;
    std::uint64_t encrypt = 0;
    std::uint64_t decrypt = 0;
    std::uint64_t digest = 0;
    std::uint64_t unload = 0;

    /// Those that can fail.
    [[nodiscard]] constexpr std::uint64_t operations() const noexcept {
      return load + sign + encrypt + decrypt + digest;
    }
    friend constexpr bool operator==(const counters&, const counters&) noexcept = default;
  };

  static constexpr bool copies_keys = true;
  static constexpr bool supports(crypto::mac_id) noexcept { return true; }
  static constexpr bool supports(crypto::cipher_id) noexcept { return true; }
  static constexpr bool supports(crypto::digest_id) noexcept { return true; }

  status load(mac_key& key, crypto::mac_id id, bytes secret) noexcept {
    ++calls.load;
    if (fails()) return errc::crypto_failure;
    if (secret.size() > crypto::max_mac_secret) return errc::invalid_argument;
    key.state_ = mix_length(mix(step(seed, static_cast<std::uint8_t>(id)), secret), secret.size());
    key.id_ = id;
    key.loaded_ = true;
    return {};
  }

  status load(aes_key& key, bytes secret) noexcept {
    ++calls.load;
    if (fails()) return errc::crypto_failure;
    if (secret.size() != crypto::aes_key_size) return errc::invalid_argument;
    key.state_ = mix(step(seed, 0xae), secret);
    key.loaded_ = true;
    return {};
  }

  status sign(mac_key& key, crypto::pieces data, mutable_bytes tag) noexcept {
    ++calls.sign;
    if (fails() || !key.loaded_) return errc::crypto_failure;
    if (tag.size() > tag_size(key.id_)) return errc::invalid_argument;
    spread(mix(key.state_, data), tag);
    return {};
  }

  status encrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    ++calls.encrypt;
    return apply(key, iv, data);
  }

  status decrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    ++calls.decrypt;
    return apply(key, iv, data);
  }

  status digest(crypto::digest_id id, crypto::pieces data, mutable_bytes out) noexcept {
    ++calls.digest;
    if (fails()) return errc::crypto_failure;
    if (out.size() > crypto::digest_size) return errc::invalid_argument;
    spread(mix(step(seed, static_cast<std::uint8_t>(0xd0 + static_cast<unsigned>(id))), data), out);
    return {};
  }

  void unload(mac_key& key) noexcept {
    ++calls.unload;
    key = {};
  }
  void unload(aes_key& key) noexcept {
    ++calls.unload;
    key = {};
  }

  /// Lets the n-th operation from now fail, once, with crypto_failure; 1 is the next one. 0: none.
  void fail_operation(std::uint64_t n) noexcept { until_failure_ = n; }

  counters calls{};

 private:
  static constexpr std::uint64_t seed = 0x9e3779b97f4a7c15;

  // Each step is a bijection of the state, so a difference in one byte cannot vanish again.
  static constexpr std::uint64_t step(std::uint64_t h, std::uint8_t b) noexcept {
    return std::rotl((h ^ b) * 0xff51afd7ed558ccdu, 29) + seed;
  }
  static constexpr std::uint64_t mix(std::uint64_t h, bytes data) noexcept {
    for (const auto b : data) h = step(h, b);
    return h;
  }
  static constexpr std::uint64_t mix(std::uint64_t h, crypto::pieces data) noexcept {
    std::size_t total = 0;
    for (const bytes piece : data) {
      h = mix(h, piece);
      total += piece.size();
    }
    return mix_length(h, total);
  }
  static constexpr std::uint64_t mix_length(std::uint64_t h, std::size_t n) noexcept {
    for (int i = 0; i < 4; ++i, n >>= 8) h = step(h, static_cast<std::uint8_t>(n));
    return h;
  }
  static constexpr std::uint64_t scramble(std::uint64_t v) noexcept {
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
    return v ^ (v >> 31);
  }
  /// out[i] of the endless byte stream that belongs to the state.
  static constexpr std::uint8_t stream(std::uint64_t state, std::size_t i) noexcept {
    return static_cast<std::uint8_t>(scramble(state + (i / 8) * seed) >> (8 * (i % 8)));
  }
  static constexpr void spread(std::uint64_t state, mutable_bytes out) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = stream(state, i);
  }

  bool fails() noexcept { return until_failure_ != 0 && --until_failure_ == 0; }

  status apply(const aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    if (fails() || !key.loaded_) return errc::crypto_failure;
    if (data.empty() || data.size() % crypto::aes_block_size != 0) return errc::invalid_argument;
    const std::uint64_t state = mix(key.state_, bytes(iv));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(data[i] ^ stream(state, i));
    return {};
  }

  std::uint64_t until_failure_ = 0;
};
static_assert(crypto::digest_backend<null_backend> && !crypto::fused_backend<null_backend> &&
              crypto::copyable_backend<null_backend>);

}  // namespace rmcpp::testing
