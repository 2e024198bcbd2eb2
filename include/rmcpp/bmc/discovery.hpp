// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/context.hpp>
#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/datagram.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// What a BMC answers to anybody: the ASF presence ping (IPMI v2.0, 13.2.3) and the commands that need no session
/// (22.13 to 22.15). It remembers nothing and makes no step.

namespace rmcpp::detail {

/// Answers an ASF presence ping, the part behind the RMCP header; 0 bytes where it wants no reply.
/// Errors: those of the decoder; unexpected_message, bad_length.
constexpr result<std::size_t> answer_ping(bytes body, mutable_bytes reply) noexcept {
  constexpr std::uint8_t no_reply = 0xff;
  const auto m = wire::decode<wire::asf_message>(body);
  if (!m) return m.error();
  if (m->enterprise != wire::asf_enterprise || m->type != wire::asf_type::presence_ping)
    return errc::unexpected_message;
  if (!m->data.empty()) return errc::bad_length;
  if (m->tag == no_reply) return std::size_t{0};
  return encode_pong(m->tag, wire::presence_pong{}, reply);
}

/// Whether a request's channel number means the channel it came over.
constexpr bool is_channel(std::uint8_t asked, std::uint8_t channel) noexcept {
  return asked == wire::this_channel || asked == channel;
}

/// Nothing of IPMI v1.5 in the capabilities.
struct announces_no_v15 {
  void operator()(privilege, wire::channel_auth_response&) const noexcept {}
};
/// IPMI v1.5 in the capabilities: the authentication types in force that are good for the level, and what goes without.
template <bmc_config Config> struct announces_v15 {
  const bmc_options& options;

  void operator()(privilege level, wire::channel_auth_response& rs) const noexcept {
    using context = bmc_context<Config>;
    for (const auto t : options.v15.types.view()) {
      if (!may_use<typename context::crypto_type>(t, context::traits::allow_unauthenticated)) continue;
      rs.extended = wire::channel_auth_response::supports_v15;
      if (level <= options.v15.limits.of(t) && level <= options.channel_limit)
        rs.auth_types = static_cast<std::uint8_t>(rs.auth_types | (1u << static_cast<unsigned>(t)));
    }
    if (!context::traits::allow_unauthenticated || rs.extended == 0) return;
    if (options.v15.message_authentication_off) rs.auth_status |= wire::channel_auth_response::status_msg_auth_off;
    if (options.v15.user_authentication_off) rs.auth_status |= wire::channel_auth_response::status_user_auth_off;
  }
};

/// Get Channel Authentication Capabilities. `announce_v15(level, response)` puts v1.5 into it. Without the request's
/// v2.0 bit nothing else is offered.
template <class V15 = announces_no_v15>
void answer_capabilities(bytes data, std::uint8_t channel, std::uint8_t status, response_writer& w,
                         const V15& announce_v15 = {}) noexcept {
  const auto rq = wire::decode<wire::channel_auth_request>(data);
  if (!rq) return w.fail(completion_code::length_invalid);
  if (!is_channel(rq->number(), channel) || rq->level < privilege::callback || rq->level > privilege::oem)
    return w.fail(completion_code::invalid_field);
  wire::channel_auth_response rs{.channel = channel, .auth_status = status};
  announce_v15(rq->level, rs);
  if (rq->wants_v2()) {
    rs.auth_types |= wire::channel_auth_response::auth_v2_data;
    rs.extended |= wire::channel_auth_response::supports_v2;
  } else {
    rs.auth_status &= static_cast<std::uint8_t>(~wire::channel_auth_response::status_kg_set);
    rs.extended = 0;
  }
  w.put(rs);
}

/// Which kinds of users there are, and whether there is a K_g, as its answer says it.
template <class Users> std::uint8_t auth_status(Users& users, std::uint8_t channel) noexcept {
  using rs = wire::channel_auth_response;
  user_kinds k{};
  if constexpr (requires { users.kinds(channel); }) k = users.kinds(channel);
  return static_cast<std::uint8_t>((k.named ? rs::status_named_users : 0) | (k.null ? rs::status_null_names : 0) |
                                   (k.anonymous ? rs::status_anonymous : 0) |
                                   (users.kg(channel).is_zero() ? 0 : rs::status_kg_set));
}

/// Get Channel Cipher Suites.
inline void answer_cipher_suites(bytes data, std::uint8_t channel, bytes suites, response_writer& w) noexcept {
  constexpr completion_code payload_not_available{0x80};
  constexpr std::uint8_t reserved_list_bit = 0x40;
  const auto rq = wire::decode<wire::cipher_suites_request>(data);
  if (!rq) return w.fail(completion_code::length_invalid);
  if (!is_channel(rq->channel, channel) || (rq->list & reserved_list_bit) != 0)
    return w.fail(completion_code::invalid_field);
  if (rq->payload != static_cast<std::uint8_t>(payload_type::ipmi)) return w.fail(payload_not_available);
  w.put(wire::cipher_suites_response{channel, rq->by_suite() ? wire::cipher_suite_chunk(suites, rq->index())
                                                             : wire::algorithm_chunk(suites, rq->index())});
}

/// Get System GUID.
inline void answer_system_guid(bytes data, const guid& id, response_writer& w) noexcept {
  if (!data.empty()) return w.fail(completion_code::length_invalid);
  w.put(wire::system_guid_response{id});
}

/// The commands that need no session; false if `rq` is none of them.
template <bmc_config Config>
bool run_discovery(const bmc_context<Config>& c, const wire::lan_request& rq, std::uint8_t channel,
                   response_writer& w) noexcept {
  switch (rq.command) {
    case wire::app::get_channel_auth_capabilities:
      if constexpr (Config::traits::v15)
        answer_capabilities(rq.data, channel, auth_status(c.users, channel), w, announces_v15<Config>{c.options});
      else
        answer_capabilities(rq.data, channel, auth_status(c.users, channel), w);
      return true;
    case wire::app::get_channel_cipher_suites: answer_cipher_suites(rq.data, channel, c.suites, w); return true;
    case wire::app::get_system_guid: answer_system_guid(rq.data, c.options.system_guid, w); return true;
    default: return false;
  }
}

/// Answers a message from outside a session in the format that it came in; other commands get D5h.
/// Errors: those of the decoder; unexpected_message for a response, or another responder than the BMC.
template <bmc_config Config>
result<std::size_t> answer_discovery(const bmc_context<Config>& c, const wire::seen& packet) noexcept {
  const auto rq = wire::decode<wire::lan_request>(packet.payload());
  if (!rq) return rq.error();
  if (rq->target.is_response() || rq->responder != wire::bmc_address) return errc::unexpected_message;
  std::array<std::uint8_t, 24> room{};
  response_writer w(room);
  if (rq->target.fn() != net_fn::app || !run_discovery(c, *rq, c.from.channel(), w))
    w.fail(completion_code::not_supported_in_state);
  wire::lan_response rs = respond(*rq, w.code());
  rs.data = bytes(room).first(w.size());
  return packet.format == wire::packet_format::v15 ? encode_sessionless_v15(rs, c.reply)
                                                   : encode_sessionless_v2(payload_type::ipmi, rs, c.reply);
}

}  // namespace rmcpp::detail
