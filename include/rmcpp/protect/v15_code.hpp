// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/crypto/keys.hpp>
#include <rmcpp/wire/datagram.hpp>

namespace rmcpp {

/// The authcode that an IPMI v1.5 packet has under a password, by its auth type; whatever stands in the packet's own
/// authcode (IPMI v2.0, 22.17.1). With straight password it is the password's first 16 bytes.
/// Errors: bad_auth_type for none, OEM, reserved types and digests that the backend lacks; crypto_failure.
template <backend B> status v15_code(B& b, const seen& packet, const user_key& password, secret<16>& code) noexcept {
  if (packet.auth == auth_type::straight_password) {
    copy(password.reveal().first(16), code.reveal());
    return {};
  }
  if constexpr (digest_backend<B>) {
    if (packet.auth == auth_type::md2 || packet.auth == auth_type::md5) {
      const auto id = packet.auth == auth_type::md2 ? digest_id::md2 : digest_id::md5;
      if (!B::supports(id)) return errc::bad_auth_type;
      return v15_authcode(b, id, password, to_integer(packet.id), packet.sequence, packet.payload(), code.reveal());
    }
  }
  return errc::bad_auth_type;
}

}  // namespace rmcpp
