// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/secure.hpp>
#include <rmcpp/crypto/keys.hpp>
#include <rmcpp/wire/cipher_suites.hpp>

#include <type_traits>

/// \file
/// Joins the wire's algorithm numbers to the backend's primitives: which suites a build can have, how long each code
/// is, and a session's loaded keys. Nothing above this layer names a hash.

namespace rmcpp {

/// Hash of an authentication algorithm's HMACs, which also makes SIK, K1 and K2. Not for RAKP-none.
constexpr mac_id rakp_mac(authentication_algorithm a) noexcept {
  switch (a) {
    case authentication_algorithm::rakp_hmac_md5: return mac_id::hmac_md5;
    case authentication_algorithm::rakp_hmac_sha256: return mac_id::hmac_sha256;
    default: return mac_id::hmac_sha1;
  }
}

/// Bytes of the RAKP 2 and RAKP 3 codes, and of SIK, K1 and K2: 0 with RAKP-none.
constexpr std::size_t rakp_code_size(authentication_algorithm a) noexcept {
  return a == authentication_algorithm::rakp_none ? 0 : tag_size(rakp_mac(a));
}

/// The authentication algorithm whose RAKP 2 and 3 codes have this length; rakp_none if there is none.
constexpr authentication_algorithm authentication_of_code(std::size_t size) noexcept {
  for (const auto a : {authentication_algorithm::rakp_hmac_sha1, authentication_algorithm::rakp_hmac_md5,
                       authentication_algorithm::rakp_hmac_sha256})
    if (rakp_code_size(a) == size) return a;
  return authentication_algorithm::rakp_none;
}

/// Bytes of the RAKP 4 integrity check value: cut by the authentication algorithm, not the integrity algorithm.
constexpr std::size_t rakp4_code_size(authentication_algorithm a) noexcept {
  switch (a) {
    case authentication_algorithm::rakp_none: return 0;
    case authentication_algorithm::rakp_hmac_sha1: return 12;
    default: return 16;
  }
}

/// Hash of an integrity algorithm's HMAC, which K1 keys. Not for none and MD5-128.
constexpr mac_id integrity_mac(integrity_algorithm i) noexcept {
  switch (i) {
    case integrity_algorithm::hmac_md5_128: return mac_id::hmac_md5;
    case integrity_algorithm::hmac_sha256_128: return mac_id::hmac_sha256;
    default: return mac_id::hmac_sha1;
  }
}

/// The suite that a packet's protection most likely means where only the authentication algorithm is known: the
/// integrity algorithm with the same hash, and AES.
constexpr cipher_suite usual_suite(authentication_algorithm a, bool authenticated, bool encrypted) noexcept {
  auto i = integrity_algorithm::none;
  if (authenticated) {
    switch (a) {
      case authentication_algorithm::rakp_none: break;
      case authentication_algorithm::rakp_hmac_sha1: i = integrity_algorithm::hmac_sha1_96; break;
      case authentication_algorithm::rakp_hmac_md5: i = integrity_algorithm::hmac_md5_128; break;
      case authentication_algorithm::rakp_hmac_sha256: i = integrity_algorithm::hmac_sha256_128; break;
    }
  }
  return suite_of(a, i, encrypted ? confidentiality_algorithm::aes_cbc_128 : confidentiality_algorithm::none);
}

/// Whether the password itself keys the integrity algorithm; else K1 does.
constexpr bool keyed_by_password(integrity_algorithm i) noexcept { return i == integrity_algorithm::md5_128; }

/// Bytes of a packet's authentication code.
constexpr std::size_t authcode_size(integrity_algorithm i) noexcept {
  switch (i) {
    case integrity_algorithm::none: return 0;
    case integrity_algorithm::hmac_sha1_96: return 12;
    default: return 16;
  }
}
inline constexpr std::size_t max_authcode_size = 16;

template <backend B> constexpr bool supports(authentication_algorithm a) noexcept {
  switch (a) {
    case authentication_algorithm::rakp_none: return true;
    case authentication_algorithm::rakp_hmac_sha1:
    case authentication_algorithm::rakp_hmac_md5:
    case authentication_algorithm::rakp_hmac_sha256: return B::supports(rakp_mac(a));
  }
  return false;
}

template <backend B> constexpr bool supports(integrity_algorithm i) noexcept {
  switch (i) {
    case integrity_algorithm::none: return true;
    case integrity_algorithm::hmac_sha1_96: return B::supports(mac_id::hmac_sha1);
    case integrity_algorithm::hmac_md5_128: return B::supports(mac_id::hmac_md5);
    case integrity_algorithm::md5_128: return supports_digest<B>(digest_id::md5);
    case integrity_algorithm::hmac_sha256_128: return B::supports(mac_id::hmac_sha256);
  }
  return false;
}

/// xRC4 is known on the wire and supported nowhere: RC4, and no two implementations to check against.
template <backend B> constexpr bool supports(confidentiality_algorithm c) noexcept {
  switch (c) {
    case confidentiality_algorithm::none: return true;
    case confidentiality_algorithm::aes_cbc_128: return B::supports(cipher_id::aes_cbc_128);
    default: return false;
  }
}

/// RAKP-none goes with no integrity and no confidentiality only: it makes no SIK, so their keys would be no secret.
template <backend B> constexpr bool supports(const cipher_suite& s) noexcept {
  if (s.authentication == authentication_algorithm::rakp_none &&
      (s.integrity != integrity_algorithm::none || s.confidentiality != confidentiality_algorithm::none))
    return false;
  return supports<B>(s.authentication) && supports<B>(s.integrity) && supports<B>(s.confidentiality);
}

/// The loaded keys of one session: K1 and K2, or for MD5-128 integrity the password. Both directions use the same.
template <backend B> class session_keys {
 public:
  /// Loads what the suite needs. `sik` has rakp_code_size() bytes; `password` is used by MD5-128 integrity only.
  /// Errors: unsupported_suite; crypto_failure. On error nothing stays loaded.
  status load(B& b, const cipher_suite& suite, bytes sik, const user_key& password) noexcept {
    unload(b);
    if (!supports<B>(suite)) return errc::unsupported_suite;
    secret<max_tag_size> k1;
    secret<max_tag_size> k2;
    const std::size_t size = rakp_code_size(suite.authentication);
    const mutable_bytes k1_bytes = k1.reveal().first(size);
    const mutable_bytes k2_bytes = k2.reveal().first(size);
    if (needs_k1(suite) || needs_k2(suite)) {
      scoped_mac_key<B> from(b, rakp_mac(suite.authentication), sik);
      if (needs_k1(suite))
        if (const status made = session_key(from, 1, k1_bytes); !made) return made;
      if (needs_k2(suite))
        if (const status made = session_key(from, 2, k2_bytes); !made) return made;
    }
    return load_derived(b, suite, k1_bytes, k2_bytes, password);
  }

  /// Loads K1 and K2 themselves, where SIK is not known; those that the suite does not need may be empty. K1 has
  /// rakp_code_size() bytes, K2 at least its first 16. Errors: as load(), and invalid_argument for a missing key.
  status load_derived(B& b, const cipher_suite& suite, bytes k1, bytes k2,
                      [[maybe_unused]] const user_key& password) noexcept {
    unload(b);
    if (!supports<B>(suite)) return errc::unsupported_suite;
    if ((needs_k1(suite) && k1.size() != rakp_code_size(suite.authentication)) ||
        (needs_k2(suite) && k2.size() < aes_key_size))
      return errc::invalid_argument;
    if constexpr (digest_backend<B>) {
      if (keyed_by_password(suite.integrity)) password_ = password;
    }
    status loaded{};
    if (needs_k1(suite)) loaded = b.load(k1_, integrity_mac(suite.integrity), k1);
    if (loaded && needs_k2(suite)) loaded = b.load(k2_, k2.first(aes_key_size));
    if (!loaded) {
      unload(b);
      return loaded;
    }
    suite_ = suite;
    return {};
  }

  void unload(B& b) noexcept {
    b.unload(k1_);
    b.unload(k2_);
    password_ = {};
    suite_ = {};
  }

  [[nodiscard]] const cipher_suite& suite() const noexcept { return suite_; }
  [[nodiscard]] bool authenticates() const noexcept { return suite_.integrity != integrity_algorithm::none; }
  [[nodiscard]] bool encrypts() const noexcept { return suite_.confidentiality != confidentiality_algorithm::none; }
  [[nodiscard]] typename B::aes_key& cipher_key() noexcept { return k2_; }
  [[nodiscard]] typename B::mac_key& integrity_key() noexcept { return k1_; }

  /// Authentication code over the pieces, authcode_size() bytes. Errors: crypto_failure.
  status sign(B& b, pieces data, mutable_bytes code) noexcept {
    if constexpr (digest_backend<B>) {
      if (suite_.integrity == integrity_algorithm::md5_128) return sign_md5_128(b, data, code);
    }
    return b.sign(k1_, data, code);
  }

 private:
  struct nothing {};

  static constexpr bool needs_k1(const cipher_suite& s) noexcept {
    return s.integrity != integrity_algorithm::none && !keyed_by_password(s.integrity);
  }
  static constexpr bool needs_k2(const cipher_suite& s) noexcept {
    return s.confidentiality != confidentiality_algorithm::none;
  }

  /// MD5(password | data | password), the password zero-padded to 20 bytes; SIK and K1 take no part.
  status sign_md5_128(B& b, pieces data, mutable_bytes code) noexcept {
    if (data.size() != 1) return errc::crypto_failure;
    const std::array<bytes, 3> parts{password_.reveal(), data[0], password_.reveal()};
    return b.digest(digest_id::md5, parts, code);
  }

  typename B::mac_key k1_{};
  typename B::aes_key k2_{};
  [[no_unique_address]] std::conditional_t<digest_backend<B>, user_key, nothing> password_{};
  cipher_suite suite_{};
};

}  // namespace rmcpp
