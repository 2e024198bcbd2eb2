// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/result.hpp>
#include <rmcpp/core/secure.hpp>
#include <rmcpp/crypto/concepts.hpp>

#include <array>

/// \file
/// RAKP authentication codes and the session's keys (IPMI v2.0, 13.31 and 13.32), and the v1.5 authcode (22.17.1).
/// Every function fails with crypto_failure only.

namespace rmcpp {

/// A user's password or K_g, zero-padded to 20 bytes. Passwords of IPMI v1.5 have at most 16.
using user_key = secret<20>;

/// Everything that the RAKP HMACs hash, as it lay on the wire.
struct rakp_transcript {
  std::uint32_t console_id = 0;  ///< SIDm
  std::uint32_t managed_id = 0;  ///< SIDc
  octets16 console_random{};     ///< Rm
  octets16 managed_random{};     ///< Rc
  octets16 managed_guid{};       ///< GUIDc
  std::uint8_t role = 0;         ///< ROLEm: RAKP 1's whole role byte, never the Open Session privilege
  bounded<16> name{};            ///< UNm
};

/// A MAC key that is unloaded at the end of its scope.
template <backend B> class scoped_mac_key {
 public:
  scoped_mac_key(B& b, mac_id id, bytes secret_bytes) noexcept : backend_(b), loaded_(b.load(key_, id, secret_bytes)) {}
  scoped_mac_key(const scoped_mac_key&) = delete;
  scoped_mac_key& operator=(const scoped_mac_key&) = delete;
  ~scoped_mac_key() { backend_.unload(key_); }

  /// HMAC of the concatenated parts, cut to tag.size().
  template <class... Parts> [[nodiscard]] status sign(mutable_bytes tag, const Parts&... parts) noexcept {
    if (!loaded_) return loaded_;
    const std::array<bytes, sizeof...(Parts)> all{bytes(parts)...};
    return backend_.sign(key_, all, tag);
  }

 private:
  B& backend_;
  typename B::mac_key key_{};
  status loaded_;
};

namespace detail {

constexpr std::array<std::uint8_t, 4> le32_bytes(std::uint32_t v) noexcept {
  std::array<std::uint8_t, 4> b{};
  store_le32(b.data(), v);
  return b;
}

/// ROLEm and ULm, which stand before UNm in three of the four HMACs.
constexpr std::array<std::uint8_t, 2> role_and_length(const rakp_transcript& t) noexcept {
  return {t.role, static_cast<std::uint8_t>(t.name.size())};
}

}  // namespace detail

/// Key exchange authentication code of RAKP 2 under Kuid: SIDm | SIDc | Rm | Rc | GUIDc | ROLEm | ULm | UNm.
template <backend B> status rakp2_code(scoped_mac_key<B>& kuid, const rakp_transcript& t, mutable_bytes tag) noexcept {
  return kuid.sign(tag, detail::le32_bytes(t.console_id), detail::le32_bytes(t.managed_id), t.console_random,
                   t.managed_random, t.managed_guid, detail::role_and_length(t), t.name.view());
}

/// Key exchange authentication code of RAKP 3 under Kuid: Rc | SIDm | ROLEm | ULm | UNm.
template <backend B> status rakp3_code(scoped_mac_key<B>& kuid, const rakp_transcript& t, mutable_bytes tag) noexcept {
  return kuid.sign(tag, t.managed_random, detail::le32_bytes(t.console_id), detail::role_and_length(t), t.name.view());
}

/// Session integrity key under K_g, or under Kuid where K_g is all zero: Rm | Rc | ROLEm | ULm | UNm.
template <backend B>
status session_integrity_key(scoped_mac_key<B>& kg_or_kuid, const rakp_transcript& t, mutable_bytes sik) noexcept {
  return kg_or_kuid.sign(sik, t.console_random, t.managed_random, detail::role_and_length(t), t.name.view());
}

/// Integrity check value of RAKP 4 under SIK: Rm | SIDc | GUIDc.
template <backend B> status rakp4_code(scoped_mac_key<B>& sik, const rakp_transcript& t, mutable_bytes tag) noexcept {
  return sik.sign(tag, t.console_random, detail::le32_bytes(t.managed_id), t.managed_guid);
}

/// K1 (n = 1) or K2 (n = 2) under SIK. The constant is 20 bytes for every hash, whatever the hash's block size.
template <backend B> status session_key(scoped_mac_key<B>& sik, std::uint8_t n, mutable_bytes key) noexcept {
  std::array<std::uint8_t, 20> constant{};
  fill(constant, n);
  return sik.sign(key, constant);
}

/// Authcode of an IPMI v1.5 packet, 16 bytes: digest(P | id | message | sequence | P), P the password's first 16 bytes.
template <digest_backend B>
status v15_authcode(B& b, digest_id id, const user_key& password, std::uint32_t session, std::uint32_t sequence,
                    bytes ipmi_message, mutable_bytes authcode) noexcept {
  const bytes p = password.reveal().first(16);
  const auto sid = detail::le32_bytes(session);
  const auto seq = detail::le32_bytes(sequence);
  const std::array<bytes, 5> parts{p, sid, ipmi_message, seq, p};
  return b.digest(id, parts, authcode);
}

}  // namespace rmcpp
