// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/secure.hpp>
#include <rmcpp/crypto/concepts.hpp>
#include <rmcpp/wire/cipher_suites.hpp>

/// \file
/// Joins the wire's algorithm numbers to the backend's primitives: which suites a build can have, and how long each
/// code is. Nothing above this layer names a hash.

namespace rmcpp {

/// A user's password or K_g, zero-padded to 20 bytes. Passwords of IPMI v1.5 have at most 16.
using user_key = secret<20>;

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

/// A guess at a session's suite for who has seen its packets but not the Open Session messages that agreed on it. RAKP
/// codes tell the authentication algorithm by their length, a packet's bits tell whether it is authenticated and
/// encrypted; what nothing tells is taken to be what everybody uses: the integrity algorithm with the same hash, AES.
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

/// Whether a session of the suite is signed with K1, and encrypted with K2.
constexpr bool needs_k1(const cipher_suite& s) noexcept {
  return s.integrity != integrity_algorithm::none && !keyed_by_password(s.integrity);
}
constexpr bool needs_k2(const cipher_suite& s) noexcept { return s.confidentiality != confidentiality_algorithm::none; }

}  // namespace rmcpp
