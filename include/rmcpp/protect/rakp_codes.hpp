// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/suite.hpp>
#include <rmcpp/wire/rakp.hpp>

/// \file
/// The codes of a login as its messages carry them, by authentication algorithm: what both roles compute. With
/// RAKP-none every code and key is empty. Errors: crypto_failure only.

namespace rmcpp {

/// A secret of up to 32 bytes whose size is that of the hash: SIK.
struct session_secret {
  secret<max_tag_size> value{};
  std::uint8_t size = 0;

  [[nodiscard]] bytes reveal() const noexcept { return value.reveal().first(size); }
  [[nodiscard]] mutable_bytes reveal() noexcept { return value.reveal().first(size); }
};

namespace detail {

/// `compute(key, tag)` under `key_bytes`, with a tag of `size` bytes; empty with RAKP-none.
template <backend B, class Compute>
result<rakp_code> code_under(B& b, authentication_algorithm auth, bytes key_bytes, std::size_t size,
                             Compute&& compute) noexcept {
  if (auth == authentication_algorithm::rakp_none) return rakp_code{};
  std::array<std::uint8_t, max_tag_size> tag{};
  const auto out = mutable_bytes(tag).first(size);
  scoped_mac_key<B> key(b, rakp_mac(auth), key_bytes);
  const status made = compute(key, out);
  return {rakp_code(out), made.error()};
}

}  // namespace detail

/// The key exchange authentication code of RAKP 2.
template <backend B>
result<rakp_code> rakp2_code(B& b, authentication_algorithm auth, const user_key& password,
                             const rakp_transcript& t) noexcept {
  return detail::code_under(b, auth, password.reveal(), rakp_code_size(auth),
                            [&](auto& kuid, mutable_bytes tag) { return rakp2_code(kuid, t, tag); });
}

/// The key exchange authentication code of RAKP 3.
template <backend B>
result<rakp_code> rakp3_code(B& b, authentication_algorithm auth, const user_key& password,
                             const rakp_transcript& t) noexcept {
  return detail::code_under(b, auth, password.reveal(), rakp_code_size(auth),
                            [&](auto& kuid, mutable_bytes tag) { return rakp3_code(kuid, t, tag); });
}

/// SIK: under K_g, or under the password where K_g is all zero.
template <backend B>
result<session_secret> session_integrity_key(B& b, authentication_algorithm auth, const user_key& password,
                                             const user_key& kg, const rakp_transcript& t) noexcept {
  session_secret sik;
  sik.size = static_cast<std::uint8_t>(rakp_code_size(auth));
  if (sik.size == 0) return sik;
  scoped_mac_key<B> key(b, rakp_mac(auth), (kg.is_zero() ? password : kg).reveal());
  const status made = session_integrity_key(key, t, sik.reveal());
  return {sik, made.error()};
}

/// The integrity check value of RAKP 4, untruncated: the message carries its first rakp4_code_size() bytes.
template <backend B>
result<rakp_code> rakp4_code(B& b, authentication_algorithm auth, const session_secret& sik,
                             const rakp_transcript& t) noexcept {
  return detail::code_under(b, auth, sik.reveal(), rakp_code_size(auth),
                            [&](auto& key, mutable_bytes tag) { return rakp4_code(key, t, tag); });
}

/// Whether a received RAKP 4 value is right: `whole` cut to its length, or left untruncated as some BMCs do (ipmitool
/// and FreeIPMI accept that too). Constant time.
inline bool rakp4_code_fits(authentication_algorithm auth, const rakp_code& whole, const rakp_code& received) noexcept {
  const std::size_t n = received.size();
  return (n == rakp4_code_size(auth) || n == whole.size()) && equal_constant_time(whole.view().first(n), received);
}

}  // namespace rmcpp
