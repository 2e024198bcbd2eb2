// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/datagram.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/rakp.hpp>

/// \file
/// The datagrams before a session, as each role sends them.

namespace rmcpp {

/// Answers an ASF presence ping, the part behind the RMCP header; 0 bytes where it wants no reply.
/// Errors: those of the decoder; unexpected_message, bad_length.
constexpr result<std::size_t> answer_ping(bytes body, mutable_bytes reply) noexcept {
  constexpr std::uint8_t no_reply = 0xff;
  const auto m = decode<asf_message>(body);
  if (!m) return m.error();
  if (m->enterprise != asf_enterprise || m->type != asf_type::presence_ping) return errc::unexpected_message;
  if (!m->data.empty()) return errc::bad_length;
  if (m->tag == no_reply) return std::size_t{0};
  return encode_pong(m->tag, presence_pong{}, reply);
}

/// The answer to an App request of ours. Errors: those of the decoder; unmatched_response.
constexpr result<lan_response> app_response(std::uint8_t command, std::uint8_t sequence, bytes message) noexcept {
  auto rs = decode<lan_response>(message);
  if (rs && (rs->target != net_fn_lun::response(net_fn::app) || rs->sequence.sequence() != sequence ||
             rs->command != command || rs->responder != bmc_address))
    return errc::unmatched_response;
  return rs;
}

/// An App request around the data of `m`, passed on to `wrap`.
template <message M, class Wrap>
constexpr result<std::size_t> app_request(std::uint8_t command, std::uint8_t sequence, const M& m,
                                          Wrap&& wrap) noexcept {
  std::array<std::uint8_t, 8> data{};
  const auto n = encode(m, data);
  if (!n) return n;
  return wrap(lan_request{.target = net_fn_lun::request(net_fn::app),
                          .sequence = seq_lun::of(sequence),
                          .command = command,
                          .data = bytes(data).first(*n)});
}

/// Get Channel Authentication Capabilities, in the v1.5 format that every BMC reads. `want_v2` sets the v2.0 bit.
constexpr result<std::size_t> encode_capabilities_request(std::uint8_t sequence, bool want_v2, privilege level,
                                                          mutable_bytes out) noexcept {
  const auto channel = static_cast<std::uint8_t>((want_v2 ? 0x80 : 0x00) | this_channel);
  return app_request(app::get_channel_auth_capabilities, sequence, channel_auth_request{channel, level},
                     [out](const lan_request& rq) { return encode_sessionless_v15(rq, out); });
}

/// Get Channel Cipher Suites, chunk `index`.
constexpr result<std::size_t> encode_cipher_suites_request(std::uint8_t sequence, std::uint8_t index,
                                                           mutable_bytes out) noexcept {
  const auto list = static_cast<std::uint8_t>(0x80 | index);
  return app_request(app::get_channel_cipher_suites, sequence, cipher_suites_request{.list = list},
                     [out](const lan_request& rq) { return encode_sessionless_v2(payload_type::ipmi, rq, out); });
}

constexpr result<std::size_t> encode_open_session_request(std::uint8_t tag, privilege level, session_id console_id,
                                                          const cipher_suite& suite, mutable_bytes out) noexcept {
  return encode_sessionless_v2(
      payload_type::open_session_request,
      open_session_request{tag, level, console_id, authentication_payload::of(suite.authentication),
                           integrity_payload::of(suite.integrity), confidentiality_payload::of(suite.confidentiality)},
      out);
}

constexpr result<std::size_t> encode_rakp1(std::uint8_t tag, const rakp_transcript& t, mutable_bytes out) noexcept {
  return encode_sessionless_v2(payload_type::rakp1, rakp1{tag, t.managed_id, t.console_random, t.role, t.name}, out);
}

constexpr result<std::size_t> encode_rakp3(std::uint8_t tag, rakp_status why, session_id managed_id,
                                           const rakp_code& code, mutable_bytes out) noexcept {
  return encode_sessionless_v2(payload_type::rakp3, rakp3{tag, why, managed_id, code}, out);
}

/// A BMC's refusal, 8 bytes of payload: Open Session Response, RAKP 2 and RAKP 4 share their error form.
constexpr result<std::size_t> encode_refusal(payload_type type, std::uint8_t tag, rakp_status why,
                                             session_id console_id, mutable_bytes out) noexcept {
  return encode_sessionless_v2(type, rakp4{tag, why, console_id, {}}, out);
}

}  // namespace rmcpp
