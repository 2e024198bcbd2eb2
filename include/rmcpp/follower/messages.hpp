// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/book.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/payload_commands.hpp>
#include <rmcpp/wire/session_challenge.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// The commands that change what a follower expects. Bytes are taken as they come: a command that does not have them
/// changes nothing.

namespace rmcpp::detail {

/// Whether a message is Activate Session of IPMI v1.5, request or response.
inline bool is_activation(bytes message) noexcept {
  constexpr std::size_t command_at = 5;
  return message.size() > command_at && wire::net_fn_lun{message[1]}.fn() == net_fn::app &&
         message[command_at] == wire::app::activate_session;
}

// ---- the BMC's list of cipher suites ----

inline void note_suites_asked(bytes data, conversation_facts& c) noexcept {
  const auto m = wire::decode<wire::cipher_suites_request>(data);
  c.asked_chunk = m && m->by_suite() ? m->index() : conversation_facts::not_asked;
  if (c.asked_chunk != 0) return;
  c.suites = {};
  c.suites_listed = false;
  c.next_chunk = 0;
}

inline void note_suites_told(bytes data, conversation_facts& c) noexcept {
  const auto m = wire::decode<wire::cipher_suites_response>(data);
  if (!m || c.asked_chunk != c.next_chunk || c.suites_listed) return;
  c.suites.push(m->records.view());
  ++c.next_chunk;
  c.asked_chunk = conversation_facts::not_asked;
  if (m->records.size() == m->records.capacity) return;
  c.suites.finish();
  c.suites_listed = true;
}

// ---- activation of an IPMI v1.5 session ----

inline void note_challenged_name(bytes data, conversation_facts& c) noexcept {
  const auto m = wire::decode<wire::session_challenge_request>(data);
  if (!m) return;
  std::size_t n = 0;
  while (n < m->name.size() && m->name[n] != 0) ++n;
  c.challenged = *username::from(bytes(m->name).first(n));
}

inline void note_activation_asked(bytes data, session_facts& s) noexcept {
  const auto m = wire::decode<wire::activate_session_request>(data);
  const auto digest = core::content_digest(data);
  if (!m || digest == s.activate_request) return;  // a retry begins nothing
  s.activate_request = digest;
  s.activated = m->type;
  s.to_console.begin(m->first_to_console);
}

template <class Renamed> void note_activated(bytes data, session_facts& s, Renamed&& renamed) noexcept {
  const auto m = wire::decode<wire::activate_session_response>(data);
  const auto digest = core::content_digest(data);
  if (!m || (s.activation_seen && digest == s.activate_response)) return;
  s.activate_response = digest;
  s.activated = m->type;
  s.activation_seen = true;
  s.stage = followed_stage::active;
  s.to_bmc.begin(m->first_to_bmc);
  renamed(m->id);
}

/// Takes in a request; `s` is null outside sessions.
inline void note_request(const wire::lan_request& rq, conversation_facts& c, session_facts* s) noexcept {
  if (rq.target.fn() != net_fn::app) return;
  switch (rq.command) {
    case wire::app::get_channel_cipher_suites: detail::note_suites_asked(rq.data, c); return;
    case wire::app::get_session_challenge: detail::note_challenged_name(rq.data, c); return;
    case wire::app::activate_session:
      if (s) detail::note_activation_asked(rq.data, *s);
      return;
    case wire::app::change_payload_encryption: {
      const auto m = wire::decode<wire::payload_encryption_request>(rq.data);
      if (s && m && m->payload == payload_type::ipmi) s->encryption.asked(m->operation, rq.sequence);
      return;
    }
    case wire::app::close_session: {
      const auto m = wire::decode<wire::close_session_request>(rq.data);
      if (s && m && m->id == s->managed_id) s->closing = true;
      return;
    }
    default: return;
  }
}

/// Takes in a response. `began` is called with the temporary id of a v1.5 session, `renamed` with the id that it gets
/// for good.
template <class Began, class Renamed>
void note_response(const wire::lan_response& rs, conversation_facts& c, session_facts* s, Began&& began,
                   Renamed&& renamed) noexcept {
  if (rs.target.fn() != net_fn::app) return;
  const bool ok = rs.code == completion_code::ok;
  if (s && rs.command == wire::app::change_payload_encryption) s->encryption.answered(rs.sequence, ok);
  if (!ok) return;
  switch (rs.command) {
    case wire::app::get_channel_auth_capabilities: {
      const auto m = wire::decode_prefix<wire::channel_auth_response>(rs.data);
      if (m) c.message_auth_off = (m->message.auth_status & wire::channel_auth_response::status_msg_auth_off) != 0;
      return;
    }
    case wire::app::get_channel_cipher_suites: detail::note_suites_told(rs.data, c); return;
    case wire::app::get_session_challenge:
      if (const auto m = wire::decode<wire::session_challenge_response>(rs.data)) began(m->temporary_id);
      return;
    case wire::app::activate_session:
      if (s) detail::note_activated(rs.data, *s, renamed);
      return;
    case wire::app::close_session:
      if (!s || !s->closing) return;
      s->stage = followed_stage::closed;
      s->closing = false;
      return;
    default: return;
  }
}

}  // namespace rmcpp::detail
