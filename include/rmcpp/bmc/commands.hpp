// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/session_commands.hpp>
#include <rmcpp/wire/session_v2.hpp>

/// \file
/// What a BMC answers to the commands of discovery and of session handling, apart from the machine that holds sessions.

namespace rmcpp {

/// Whether a request's channel number means the channel it came over.
constexpr bool is_channel(std::uint8_t asked, std::uint8_t channel) noexcept {
  return asked == this_channel || asked == channel;
}

/// Get Channel Authentication Capabilities. Without the request's v2.0 bit, nothing is offered: there is no v1.5 here.
inline void answer_capabilities(bytes data, std::uint8_t channel, bool kg_set, response_writer& w) noexcept {
  const auto rq = decode<channel_auth_request>(data);
  if (!rq) return w.fail(completion_code::length_invalid);
  if (!is_channel(rq->number(), channel) || rq->level < privilege::callback || rq->level > privilege::administrator)
    return w.fail(completion_code::invalid_field);
  channel_auth_response rs{.channel = channel, .auth_status = channel_auth_response::status_named_users};
  if (rq->wants_v2()) {
    rs.auth_types = channel_auth_response::auth_v2_data;
    rs.extended = channel_auth_response::supports_v2;
    if (kg_set) rs.auth_status |= channel_auth_response::status_kg_set;
  }
  w.put(rs);
}

/// Get Channel Cipher Suites.
inline void answer_cipher_suites(bytes data, std::uint8_t channel, bytes suites, response_writer& w) noexcept {
  constexpr completion_code payload_not_available{0x80};
  constexpr std::uint8_t reserved_list_bit = 0x40;
  const auto rq = decode<cipher_suites_request>(data);
  if (!rq) return w.fail(completion_code::length_invalid);
  if (!is_channel(rq->channel, channel) || (rq->list & reserved_list_bit) != 0)
    return w.fail(completion_code::invalid_field);
  if (rq->payload != static_cast<std::uint8_t>(payload_type::ipmi)) return w.fail(payload_not_available);
  w.put(cipher_suites_response{
      channel, rq->by_suite() ? cipher_suite_chunk(suites, rq->index()) : algorithm_chunk(suites, rq->index())});
}

/// Get System GUID.
inline void answer_system_guid(bytes data, const guid& id, response_writer& w) noexcept {
  if (!data.empty()) return w.fail(completion_code::length_invalid);
  w.put(system_guid_response{id});
}

/// Set Session Privilege Level; changes `session.level`. Level 0 asks only, callback cannot be a target.
inline void answer_set_privilege(bytes data, session_info& session, response_writer& w) noexcept {
  const auto rq = decode<session_privilege>(data);
  if (!rq) return w.fail(completion_code::length_invalid);
  const auto level = static_cast<privilege>(rq->level);
  if (level == privilege::callback || level > privilege::oem) return w.fail(completion_code::invalid_field);
  if (level > session.limit) return w.fail(completion_code{session_privilege::exceeds_limit});
  if (level != privilege::highest) session.level = level;
  w.put(static_cast<std::uint8_t>(session.level));
}

/// The part of Get Session Info that describes one session.
template <peer_address Peer>
constexpr void describe_session(const session_info& session, const Peer& peer, session_info_response& rs) noexcept {
  constexpr std::uint8_t protocol_v2 = 0x10;
  rs.handle = session.handle;
  rs.user = static_cast<std::uint8_t>(session.user);
  rs.level = session.level;
  rs.channel = static_cast<std::uint8_t>(protocol_v2 | session.channel);
  if constexpr (requires { peer.ipv4(); }) rs.address = peer.ipv4();
  if constexpr (requires { peer.port(); }) rs.port = peer.port();
}

}  // namespace rmcpp
