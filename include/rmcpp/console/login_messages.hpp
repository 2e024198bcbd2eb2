// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/wire/open_session.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/session_v2.hpp>

/// \file
/// What a console sends to log in, as whole datagrams. Errors: buffer_too_small.

namespace rmcpp::detail {

constexpr result<std::size_t> encode_open_session_request(std::uint8_t tag, privilege level, session_id console_id,
                                                          const wire::cipher_suite& suite, mutable_bytes out) noexcept {
  return encode_sessionless_v2(
      payload_type::open_session_request,
      wire::open_session_request{tag, level, console_id, wire::authentication_payload::of(suite.authentication),
                                 wire::integrity_payload::of(suite.integrity),
                                 wire::confidentiality_payload::of(suite.confidentiality)},
      out);
}

constexpr result<std::size_t> encode_rakp1(std::uint8_t tag, const protect::rakp_transcript& t,
                                           mutable_bytes out) noexcept {
  return encode_sessionless_v2(payload_type::rakp1, wire::rakp1{tag, t.managed_id, t.console_random, t.role, t.name},
                               out);
}

constexpr result<std::size_t> encode_rakp3(std::uint8_t tag, rakp_status why, session_id managed_id,
                                           const wire::rakp_code& code, mutable_bytes out) noexcept {
  return encode_sessionless_v2(payload_type::rakp3, wire::rakp3{tag, why, managed_id, code}, out);
}

}  // namespace rmcpp::detail
