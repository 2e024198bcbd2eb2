// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>

#include <cstddef>
#include <cstdint>

/// \file
/// The primitives that a crypto backend may offer. Which wire algorithm needs which is the protection layer's matter.

namespace rmcpp::crypto {

/// Input in several parts, hashed as if concatenated.
using pieces = std::span<const bytes>;
/// One AES block, also an initialisation vector.
using block = std::array<std::uint8_t, 16>;

enum class mac_id : std::uint8_t { hmac_md5, hmac_sha1, hmac_sha256 };
enum class cipher_id : std::uint8_t { aes_cbc_128 };
enum class digest_id : std::uint8_t { md2, md5 };

/// Bytes of an untruncated tag: 16, 20 or 32.
constexpr std::size_t tag_size(mac_id m) noexcept {
  switch (m) {
    case mac_id::hmac_md5: return 16;
    case mac_id::hmac_sha1: return 20;
    case mac_id::hmac_sha256: break;
  }
  return 32;
}

inline constexpr std::size_t max_tag_size = 32;
inline constexpr std::size_t max_mac_secret = 64;  ///< bytes: every HMAC key of IPMI fits one hash block
inline constexpr std::size_t aes_key_size = 16;
inline constexpr std::size_t aes_block_size = 16;
inline constexpr std::size_t digest_size = 16;  ///< of MD2 and MD5

}  // namespace rmcpp::crypto
