// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/suite.hpp>
#include <rmcpp/wire/datagram.hpp>

/// \file
/// The authcode of an IPMI v1.5 packet (IPMI v2.0, 22.17.1), 16 bytes.

namespace rmcpp::protect {

/// digest(P | id | message | sequence | P), P the password's first 16 bytes. Errors: crypto_failure.
template <crypto::digest_backend B>
status v15_authcode(B& b, crypto::digest_id id, const user_key& password, session_id session, std::uint32_t sequence,
                    bytes ipmi_message, mutable_bytes authcode) noexcept {
  const bytes p = password.reveal().first(16);
  std::array<std::uint8_t, 4> sid{};
  std::array<std::uint8_t, 4> number{};
  core::store_le32(sid.data(), to_integer(session));
  core::store_le32(number.data(), sequence);
  const std::array<bytes, 5> parts{p, sid, ipmi_message, number, p};
  return b.digest(id, parts, authcode);
}

/// The authcode that a packet has under a password, by its auth type; whatever stands in the packet's own authcode.
/// With straight password it is the password's first 16 bytes.
/// Errors: bad_auth_type for none, OEM, reserved types and digests that the backend lacks; crypto_failure.
template <crypto::backend B>
status v15_code(B& b, const wire::seen& packet, const user_key& password, secret<16>& code) noexcept {
  if (packet.auth == wire::auth_type::straight_password) {
    core::copy(password.reveal().first(16), code.reveal());
    return {};
  }
  if constexpr (crypto::digest_backend<B>) {
    if (packet.auth == wire::auth_type::md2 || packet.auth == wire::auth_type::md5) {
      const auto id = packet.auth == wire::auth_type::md2 ? crypto::digest_id::md2 : crypto::digest_id::md5;
      if (!B::supports(id)) return errc::bad_auth_type;
      return v15_authcode(b, id, password, packet.id, packet.sequence, packet.payload(), code.reveal());
    }
  }
  return errc::bad_auth_type;
}

}  // namespace rmcpp::protect
