// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/discovery.hpp>
#include <rmcpp/wire/payload_commands.hpp>

/// \file
/// The App commands of a session (IPMI v2.0, 22.18 to 22.20 and 24.8), and within it those that need none. They know
/// sessions, and no datagram, timer or event.

namespace rmcpp::detail {

/// Set Session Privilege Level; changes `session.level`. Level 0 asks only, callback cannot be a target.
inline void answer_set_privilege(bytes data, session_info& session, response_writer& w) noexcept {
  const auto rq = wire::decode<wire::session_privilege>(data);
  if (!rq) return w.fail(completion_code::length_invalid);
  const auto level = static_cast<privilege>(rq->level);
  if (level == privilege::callback || level > privilege::oem) return w.fail(completion_code::invalid_field);
  if (level > session.limit) return w.fail(completion_code{wire::session_privilege::exceeds_limit});
  if (level != privilege::highest) session.level = level;
  w.put(static_cast<std::uint8_t>(session.level));
}

/// The part of Get Session Info that describes one session.
template <peer_address Peer>
constexpr void describe_session(const session_info& session, const Peer& peer,
                                wire::session_info_response& rs) noexcept {
  constexpr std::uint8_t protocol_v2 = 0x10;
  rs.handle = session.handle;
  rs.user = static_cast<std::uint8_t>(session.user);
  rs.level = session.level;
  rs.channel = static_cast<std::uint8_t>((session.is_v15() ? 0 : protocol_v2) | session.channel);
  if constexpr (requires { peer.ipv4(); }) rs.address = peer.ipv4();
  if constexpr (requires { peer.port(); }) rs.port = peer.port();
}

/// Get Channel Payload Support: IPMI messages, and the payloads by which sessions begin. FreeIPMI's ipmiconsole asks
/// first of all.
inline void answer_payload_support(bytes data, std::uint8_t channel, response_writer& w) noexcept {
  constexpr std::uint16_t ipmi_messages = 1u << static_cast<unsigned>(payload_type::ipmi);
  constexpr std::uint16_t open_session_to_rakp4 = 0x003f;
  const auto rq = wire::decode<wire::payload_support_request>(data);
  if (!rq) return w.fail(completion_code::length_invalid);
  if (!is_channel(rq->channel, channel)) return w.fail(completion_code::invalid_field);
  w.put(wire::payload_support_response{.standard = ipmi_messages, .session_setup = open_session_to_rakp4});
}

/// The session commands, run for one session.
template <bmc_config Config> class session_commands {
 public:
  using context = bmc_context<Config>;
  using session = typename context::session;

  session_commands(const context& c, session& s, response_writer& w) noexcept : c_(c), self_(s), answer_(w) {}

  /// False if `rq` is none of them: it is the handler's.
  bool run(const wire::lan_request& rq) noexcept {
    if (rq.target.fn() != net_fn::app) return false;
    switch (rq.command) {
      case wire::app::set_session_privilege: answer_set_privilege(rq.data, self_.state.info, answer_); return true;
      case wire::app::close_session: close(rq.data); return true;
      case wire::app::get_session_info: describe(rq.data); return true;
      case wire::app::get_channel_payload_support:
        answer_payload_support(rq.data, self_.state.info.channel, answer_);
        return true;
      default: return run_discovery(c_, rq, self_.state.info.channel, answer_);
    }
  }
  /// The session that the command ends, maybe its own; null for none.
  [[nodiscard]] session* closes() const noexcept { return closes_; }

 private:
  /// Close Session (22.19): one's own, or as an administrator another's.
  void close(bytes data) noexcept {
    const auto rq = wire::decode<wire::close_session_request>(data);
    if (!rq) return answer_.fail(completion_code::length_invalid);
    const bool by_handle = rq->id == session_id::none && rq->handle != 0;
    session* const which = by_handle ? c_.sessions.by_handle(rq->handle) : c_.sessions.find(rq->id);
    if (!which)
      return answer_.fail(completion_code{by_handle ? wire::close_session_request::invalid_handle
                                                    : wire::close_session_request::invalid_id});
    if (which != &self_ && self_.state.info.level < privilege::administrator)
      return answer_.fail(completion_code::insufficient_privilege);
    closes_ = which;
  }

  /// Get Session Info (22.20).
  void describe(bytes data) noexcept {
    const auto rq = wire::decode<wire::session_info_request>(data);
    if (!rq) return answer_.fail(completion_code::length_invalid);
    const session* const which = c_.sessions.select(*rq, self_);
    wire::session_info_response rs{.slots = static_cast<std::uint8_t>(c_.sessions.slots(c_.options.max_sessions)),
                                   .active = static_cast<std::uint8_t>(c_.sessions.active())};
    if (which) describe_session(which->state.info, which->state.peer, rs);
    answer_.put(rs);
  }

  const context& c_;
  session& self_;
  response_writer& answer_;
  session* closes_ = nullptr;
};

}  // namespace rmcpp::detail
