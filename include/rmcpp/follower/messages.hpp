// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/book.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// The commands that change what a follower expects. Bytes are taken as they come: a command that does not have them
/// changes nothing.

namespace rmcpp {

/// Get Session Challenge, App 39h, and Activate Session, App 3Ah, of IPMI v1.5 (IPMI v2.0, 22.16 and 22.17).
namespace v15_activation {
inline constexpr std::uint8_t get_session_challenge = 0x39;
inline constexpr std::uint8_t activate_session = 0x3a;

struct challenge_request {
  auth_type type{};                     ///< bits 3:0
  std::array<std::uint8_t, 16> name{};  ///< zero-padded

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("type", m.type, 0x0f);
    io.raw("name", m.name);
  }
};

struct challenge_response {
  session_id temporary{};
  octets16 challenge{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.le32("temporary", m.temporary);
    io.raw("challenge", m.challenge);
  }
};

struct activate_request {
  auth_type type{};  ///< bits 3:0
  privilege level{};
  octets16 challenge{};
  std::uint32_t first_to_console = 0;  ///< sequence number of the BMC's first packet

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("type", m.type, 0x0f);
    io.low_bits("level", m.level, 0x0f);
    io.raw("challenge", m.challenge);
    io.le32("first_to_console", m.first_to_console);
  }
};

struct activate_response {
  auth_type type{};  ///< of the rest of the session
  session_id id{};
  std::uint32_t first_to_bmc = 0;  ///< sequence number of the console's next packet
  privilege level{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("type", m.type, 0x0f);
    io.le32("id", m.id);
    io.le32("first_to_bmc", m.first_to_bmc);
    io.low_bits("level", m.level, 0x0f);
  }
};

}  // namespace v15_activation

/// Request of Suspend/Resume Payload Encryption, App 55h (24.3).
struct payload_encryption_change {
  static constexpr std::uint8_t command = 0x55;

  payload_type payload{};      ///< bits 5:0
  std::uint8_t instance = 0;   ///< bits 3:0
  std::uint8_t operation = 0;  ///< bits 4:0

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("payload", m.payload, 0x3f);
    io.low_bits("instance", m.instance, 0x0f);
    io.low_bits("operation", m.operation, 0x1f);
  }
};

/// Whether a message is Activate Session of IPMI v1.5, request or response.
inline bool is_activation(bytes message) noexcept {
  constexpr std::size_t command = 5;
  return message.size() > command && net_fn_lun{message[1]}.fn() == net_fn::app &&
         message[command] == v15_activation::activate_session;
}

/// Takes in a request; `s` is null outside sessions.
inline void note_request(const lan_request& rq, conversation_facts& c, session_facts* s) noexcept {
  if (rq.target.fn() != net_fn::app) return;
  switch (rq.command) {
    case app::get_channel_cipher_suites: {
      const auto m = decode<cipher_suites_request>(rq.data);
      c.asked_chunk = m && m->by_suite() ? m->index() : conversation_facts::not_asked;
      if (c.asked_chunk != 0) return;
      c.suites = {};
      c.suites_listed = false;
      c.next_chunk = 0;
      return;
    }
    case v15_activation::get_session_challenge: {
      const auto m = decode<v15_activation::challenge_request>(rq.data);
      std::size_t n = 0;
      while (n < m->name.size() && m->name[n] != 0) ++n;
      if (m) c.challenged = username(bytes(m->name).first(n));
      return;
    }
    case v15_activation::activate_session: {
      const auto m = decode<v15_activation::activate_request>(rq.data);
      const auto digest = content_digest(rq.data);
      if (!s || !m || digest == s->activate_request) return;  // a retry begins nothing
      s->activate_request = digest;
      s->activated = m->type;
      s->to_console.begin(m->first_to_console);
      return;
    }
    case payload_encryption_change::command: {
      const auto m = decode<payload_encryption_change>(rq.data);
      if (s && m && m->payload == payload_type::ipmi) s->encryption.asked(m->operation, rq.sequence);
      return;
    }
    case app::close_session: {
      const auto m = decode<close_session_request>(rq.data);
      if (s && m && m->id == s->managed_id) s->closing = true;
      return;
    }
    default: return;
  }
}

/// Takes in a response. `began` is called with the temporary id of a v1.5 session, `renamed` with the id that it gets
/// for good.
template <class Began, class Renamed>
void note_response(const lan_response& rs, conversation_facts& c, session_facts* s, Began&& began,
                   Renamed&& renamed) noexcept {
  if (rs.target.fn() != net_fn::app) return;
  const bool ok = rs.code == completion_code::ok;
  if (s && rs.command == payload_encryption_change::command) s->encryption.answered(rs.sequence, ok);
  if (!ok) return;
  switch (rs.command) {
    case app::get_channel_auth_capabilities: {
      const auto m = decode_prefix<channel_auth_response>(rs.data);
      if (m) c.message_auth_off = (m->message.auth_status & channel_auth_response::status_msg_auth_off) != 0;
      return;
    }
    case app::get_channel_cipher_suites: {
      const auto m = decode<cipher_suites_response>(rs.data);
      if (!m || c.asked_chunk != c.next_chunk || c.suites_listed) return;
      c.suites.push(m->records.view());
      ++c.next_chunk;
      c.asked_chunk = conversation_facts::not_asked;
      if (m->records.size() == m->records.capacity) return;
      c.suites.finish();
      c.suites_listed = true;
      return;
    }
    case v15_activation::get_session_challenge:
      if (const auto m = decode<v15_activation::challenge_response>(rs.data)) began(m->temporary);
      return;
    case v15_activation::activate_session: {
      const auto m = decode<v15_activation::activate_response>(rs.data);
      const auto digest = content_digest(rs.data);
      if (!s || !m || (s->activation_seen && digest == s->activate_response)) return;
      s->activate_response = digest;
      s->activated = m->type;
      s->activation_seen = true;
      s->stage = followed_stage::active;
      s->to_bmc.begin(m->first_to_bmc);
      renamed(m->id);
      return;
    }
    case app::close_session:
      if (!s || !s->closing) return;
      s->stage = followed_stage::closed;
      s->closing = false;
      return;
    default: return;
  }
}

}  // namespace rmcpp
