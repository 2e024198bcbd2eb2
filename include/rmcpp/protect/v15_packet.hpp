// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/suite.hpp>
#include <rmcpp/wire/datagram.hpp>

/// \file
/// The authcode of an IPMI v1.5 packet (IPMI v2.0, 22.17.1), 16 bytes.

namespace rmcpp::protect {

/// Bytes of a password that IPMI v1.5 knows.
inline constexpr std::size_t v15_password_size = 16;
using v15_password = secret<v15_password_size>;

/// Whether a password can be one of IPMI v1.5: it has 16 bytes at most.
constexpr bool fits_v15(const user_key& password) noexcept {
  return core::all_zero(password.reveal().subspan(v15_password_size));
}

/// Whether a backend can make authcodes of the type. Not for none, which has no code, nor for OEM and reserved types.
template <crypto::backend B> constexpr bool supports(wire::auth_type type) noexcept {
  switch (type) {
    case wire::auth_type::md2: return crypto::supports_digest<B>(crypto::digest_id::md2);
    case wire::auth_type::md5: return crypto::supports_digest<B>(crypto::digest_id::md5);
    default: return type == wire::auth_type::straight_password;
  }
}

/// digest(P | id | message | sequence | P), P the first 16 bytes of the password, zero-padded. Errors: crypto_failure.
template <crypto::digest_backend B, std::size_t N>
status v15_authcode(B& b, crypto::digest_id id, const secret<N>& password, session_id session, std::uint32_t sequence,
                    bytes ipmi_message, mutable_bytes authcode) noexcept {
  const bytes p = password.reveal().first(v15_password_size);
  std::array<std::uint8_t, 4> sid{};
  std::array<std::uint8_t, 4> number{};
  core::store_le32(sid.data(), to_integer(session));
  core::store_le32(number.data(), sequence);
  const std::array<bytes, 5> parts{p, sid, ipmi_message, number, p};
  return b.digest(id, parts, authcode);
}

namespace detail {

/// v15_code() for a type that the backend has.
template <crypto::backend B, std::size_t N>
status v15_code(B& b, const wire::seen& packet, const secret<N>& password, mutable_bytes code) noexcept {
  if constexpr (crypto::digest_backend<B>) {
    if (packet.auth != wire::auth_type::straight_password) {
      const auto id = packet.auth == wire::auth_type::md2 ? crypto::digest_id::md2 : crypto::digest_id::md5;
      return v15_authcode(b, id, password, packet.id, packet.sequence, packet.payload(), code);
    }
  }
  core::copy(password.reveal().first(v15_password_size), code);
  return {};
}

}  // namespace detail

/// The authcode that a packet has under a password, by its auth type; whatever stands in the packet's own authcode.
/// With straight password it is the password's first 16 bytes.
/// Errors: bad_auth_type for none, OEM, reserved types and digests that the backend lacks; crypto_failure.
template <crypto::backend B, std::size_t N>
status v15_code(B& b, const wire::seen& packet, const secret<N>& password, secret<16>& code) noexcept {
  if (!supports<B>(packet.auth)) return errc::bad_auth_type;
  return detail::v15_code(b, packet, password, code.reveal());
}

}  // namespace rmcpp::protect
