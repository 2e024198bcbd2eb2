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

}  // namespace rmcpp

namespace rmcpp::protect {

/// Hash of an authentication algorithm's HMACs, which also makes SIK, K1 and K2. Not for RAKP-none.
constexpr crypto::mac_id rakp_mac(wire::authentication_algorithm a) noexcept {
  switch (a) {
    case wire::authentication_algorithm::rakp_hmac_md5: return crypto::mac_id::hmac_md5;
    case wire::authentication_algorithm::rakp_hmac_sha256: return crypto::mac_id::hmac_sha256;
    default: return crypto::mac_id::hmac_sha1;
  }
}

/// Bytes of the RAKP 2 and RAKP 3 codes, and of SIK, K1 and K2: 0 with RAKP-none.
constexpr std::size_t rakp_code_size(wire::authentication_algorithm a) noexcept {
  return a == wire::authentication_algorithm::rakp_none ? 0 : tag_size(rakp_mac(a));
}

/// The authentication algorithm whose RAKP 2 and 3 codes have this length; rakp_none if there is none.
constexpr wire::authentication_algorithm authentication_of_code(std::size_t size) noexcept {
  for (const auto a : {wire::authentication_algorithm::rakp_hmac_sha1, wire::authentication_algorithm::rakp_hmac_md5,
                       wire::authentication_algorithm::rakp_hmac_sha256})
    if (rakp_code_size(a) == size) return a;
  return wire::authentication_algorithm::rakp_none;
}

/// Bytes of the RAKP 4 integrity check value: cut by the authentication algorithm, not the integrity algorithm.
constexpr std::size_t rakp4_code_size(wire::authentication_algorithm a) noexcept {
  switch (a) {
    case wire::authentication_algorithm::rakp_none: return 0;
    case wire::authentication_algorithm::rakp_hmac_sha1: return 12;
    default: return 16;
  }
}

/// Hash of an integrity algorithm's HMAC, which K1 keys. Not for none and MD5-128.
constexpr crypto::mac_id integrity_mac(wire::integrity_algorithm i) noexcept {
  switch (i) {
    case wire::integrity_algorithm::hmac_md5_128: return crypto::mac_id::hmac_md5;
    case wire::integrity_algorithm::hmac_sha256_128: return crypto::mac_id::hmac_sha256;
    default: return crypto::mac_id::hmac_sha1;
  }
}

/// A guess at a session's suite for who has seen its packets but not the Open Session messages that agreed on it. RAKP
/// codes tell the authentication algorithm by their length, a packet's bits tell whether it is authenticated and
/// encrypted; what nothing tells is taken to be what everybody uses: the integrity algorithm with the same hash, AES.
constexpr wire::cipher_suite usual_suite(wire::authentication_algorithm a, bool authenticated,
                                         bool encrypted) noexcept {
  auto i = wire::integrity_algorithm::none;
  if (authenticated) {
    switch (a) {
      case wire::authentication_algorithm::rakp_none: break;
      case wire::authentication_algorithm::rakp_hmac_sha1: i = wire::integrity_algorithm::hmac_sha1_96; break;
      case wire::authentication_algorithm::rakp_hmac_md5: i = wire::integrity_algorithm::hmac_md5_128; break;
      case wire::authentication_algorithm::rakp_hmac_sha256: i = wire::integrity_algorithm::hmac_sha256_128; break;
    }
  }
  return suite_of(a, i,
                  encrypted ? wire::confidentiality_algorithm::aes_cbc_128 : wire::confidentiality_algorithm::none);
}

/// Whether the password itself keys the integrity algorithm; else K1 does.
constexpr bool keyed_by_password(wire::integrity_algorithm i) noexcept {
  return i == wire::integrity_algorithm::md5_128;
}

/// Bytes of a packet's authentication code.
constexpr std::size_t authcode_size(wire::integrity_algorithm i) noexcept {
  switch (i) {
    case wire::integrity_algorithm::none: return 0;
    case wire::integrity_algorithm::hmac_sha1_96: return 12;
    default: return 16;
  }
}
inline constexpr std::size_t max_authcode_size = 16;

template <crypto::backend B> constexpr bool supports(wire::authentication_algorithm a) noexcept {
  switch (a) {
    case wire::authentication_algorithm::rakp_none: return true;
    case wire::authentication_algorithm::rakp_hmac_sha1:
    case wire::authentication_algorithm::rakp_hmac_md5:
    case wire::authentication_algorithm::rakp_hmac_sha256: return B::supports(rakp_mac(a));
  }
  return false;
}

/// Whether a build has MD5-128. All suites with it prove identity by HMAC-MD5: who has the digest alone, for IPMI v1.5,
/// has none of them.
template <crypto::backend B>
inline constexpr bool has_md5_128 =
    B::supports(crypto::mac_id::hmac_md5) && crypto::supports_digest<B>(crypto::digest_id::md5);

template <crypto::backend B> constexpr bool supports(wire::integrity_algorithm i) noexcept {
  switch (i) {
    case wire::integrity_algorithm::none: return true;
    case wire::integrity_algorithm::hmac_sha1_96: return B::supports(crypto::mac_id::hmac_sha1);
    case wire::integrity_algorithm::hmac_md5_128: return B::supports(crypto::mac_id::hmac_md5);
    case wire::integrity_algorithm::md5_128: return has_md5_128<B>;
    case wire::integrity_algorithm::hmac_sha256_128: return B::supports(crypto::mac_id::hmac_sha256);
  }
  return false;
}

/// xRC4 is known on the wire and supported nowhere: RC4, and no two implementations to check against.
template <crypto::backend B> constexpr bool supports(wire::confidentiality_algorithm c) noexcept {
  switch (c) {
    case wire::confidentiality_algorithm::none: return true;
    case wire::confidentiality_algorithm::aes_cbc_128: return B::supports(crypto::cipher_id::aes_cbc_128);
    default: return false;
  }
}

/// RAKP-none goes with no integrity and no confidentiality only: it makes no SIK, so their keys would be no secret.
template <crypto::backend B> constexpr bool supports(const wire::cipher_suite& s) noexcept {
  if (s.authentication == wire::authentication_algorithm::rakp_none &&
      (s.integrity != wire::integrity_algorithm::none || s.confidentiality != wire::confidentiality_algorithm::none))
    return false;
  return supports<B>(s.authentication) && supports<B>(s.integrity) && supports<B>(s.confidentiality);
}

/// Whether a session of the suite is signed with K1, and encrypted with K2.
constexpr bool needs_k1(const wire::cipher_suite& s) noexcept {
  return s.integrity != wire::integrity_algorithm::none && !keyed_by_password(s.integrity);
}
constexpr bool needs_k2(const wire::cipher_suite& s) noexcept {
  return s.confidentiality != wire::confidentiality_algorithm::none;
}

}  // namespace rmcpp::protect
