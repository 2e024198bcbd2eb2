// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/commands.hpp>
#include <rmcpp/session/outgoing.hpp>

namespace rmcpp::detail {

/// What became of a message within a session, beside the answer or the reason why there is none.
template <class Session> struct request_step {
  enum class kind : std::uint8_t { dropped, repeated, executed };

  kind what = kind::dropped;
  Session* closes = nullptr;  ///< a session, maybe this one, that Close Session named
  Session* served = nullptr;  ///< the session in which a command was answered for the first time:
  net_fn fn{};
  std::uint8_t command = 0;
  completion_code code{};
};

/// The way of a request through its session (IPMI v2.0, 6.12 and 13.8): admitted or answered again, run by the session
/// commands or the handler, its response built where it will be sent from, and sealed. It knows no timer, no event and
/// no other end of a session than the one that a command asks for.
template <bmc_config Config> class request_path {
 public:
  using context = bmc_context<Config>;
  using session = typename context::session;
  using step = request_step<session>;
  using traits = typename context::traits;
  using peer_type = typename context::peer_type;

  /// Takes what the session's link opened; returns what feed() has to: the answer's size, or why it was dropped. The
  /// very packet again, number and all, as go-ipmi repeats it, is answered once more under a new number if its answer
  /// was kept, and nothing else changes: no step but `dropped`.
  template <class Handler>
  result<std::size_t> take(const context& c, Handler& handler, session& s, const protect::opened& packet,
                           step& done) noexcept {
    const bytes message = packet.message();
    const auto rq = wire::decode<wire::lan_request>(message);
    if (!rq) return rq.error();
    if (rq->target.is_response() || rq->responder != wire::bmc_address) return errc::unexpected_message;
    const bool again = packet.repeated();
    if (!again) {
      s.state.last_heard = c.now;
      s.state.confirmed = true;
    }
    const bool at_user_level = traits::v15 && traits::allow_unauthenticated && packet.at_user_level();
    const auto seen = replies_.admit(s.state.info.id, s.state.cache, message, at_user_level, c.now, again);
    if (seen.is == reply_kind::kept) {
      if (!again) done.what = step::kind::repeated;
      return answer(c, s, *rq, seen.kept->code, bytes(seen.kept->data).first(seen.kept->size));
    }
    if (again) return errc::replayed;
    if (seen.is == reply_kind::pending) {
      done.what = step::kind::repeated;
      return std::size_t{0};
    }
    done.what = step::kind::executed;
    const privilege whole = s.state.info.level;
    if (at_user_level && whole > privilege::user) s.state.info.level = privilege::user;
    s.state.executing = true;  // its handler may call close() and the like
    const auto taken = execute(c, handler, s, *rq, seen.digest, done, at_user_level);
    s.state.executing = false;
    if (at_user_level) s.state.info.level = whole;
    return taken;
  }

  /// The answer to a command that the handler left pending; errors as bmc::complete(). `done` says what was served.
  result<outgoing<peer_type>> complete(const context& c, ticket t, const response& rs, step& done) noexcept {
    const auto* const held = replies_.find(t);
    session* const s = held ? c.sessions.find(held->session) : nullptr;
    if (!s) return errc::stale_handle;
    if (rs.data.size() > most_data(*s)) return errc::too_long;
    if (c.reply.size() < max_datagram) return errc::buffer_too_small;
    const wire::lan_response answer = replies_.complete(t, s->state.cache, rs, c.now);
    if constexpr (traits::v15) s->link.answer_as_agreed();
    const auto n = send(c, *s, answer);
    if (n) note(done, *s, answer.target.fn(), answer.command, rs.code);
    return {outgoing<peer_type>{.size = n.value(), .to = s->state.peer}, n.error()};
  }

  /// The session has ended.
  void forget(session_id id) noexcept { replies_.forget(id); }
  template <class Sink> void describe_state(Sink& sink) const { replies_.describe_state(sink); }

  static constexpr std::size_t max_datagram =
      protect::max_datagram_for(wire::lan_response::overhead + traits::message_bytes);

 private:
  using reply_kind = typename reply_book<traits>::kind;

  /// Bytes of data that an answer may have: so much as the session's packets carry.
  static std::size_t most_data(const session& s) noexcept {
    const std::size_t carried = s.link.longest_message() - wire::lan_response::overhead;
    return traits::message_bytes < carried ? traits::message_bytes : carried;
  }

  /// `at_user_level`: the level is lowered for this one command, and cannot be set by it.
  template <class Handler>
  result<std::size_t> execute(const context& c, Handler& handler, session& s, const wire::lan_request& rq,
                              std::uint64_t digest, step& done, bool at_user_level) noexcept {
    const std::size_t most = most_data(s);
    const mutable_bytes room = s.link.room(c.reply, payload_type::ipmi, wire::lan_response::overhead + most)
                                   .subspan(wire::lan_response::data_offset, most);
    response_writer w(room, replies_.offer());
    session_commands<Config> own(c, s, w);
    if (at_user_level && rq.target.fn() == net_fn::app && rq.command == wire::app::set_session_privilege) {
      w.fail(completion_code::insufficient_privilege);
    } else if (own.run(rq)) {
      done.closes = own.closes();
    } else {
      const request asked{.fn = rq.target.fn(), .lun = rq.target.lun(), .command = rq.command, .data = rq.data};
      if (handler.handle(asked, s.state.info, w) == handled::pending) {
        if (replies_.defer(w.later(), s.state.info.id, digest, rq, w.once())) return std::size_t{0};
        w.fail(completion_code::busy);
      }
    }
    const bytes data = bytes(room).first(w.size());
    s.state.cache.keep(digest, c.now, w.code(), data, w.once());
    note(done, s, rq.target.fn(), rq.command, w.code());
    return answer(c, s, rq, w.code(), data);
  }

  static void note(step& done, session& s, net_fn fn, std::uint8_t command, completion_code code) noexcept {
    if constexpr (traits::tells_served) {
      done.served = &s;
      done.fn = fn;
      done.command = command;
      done.code = code;
    }
  }
  static result<std::size_t> answer(const context& c, session& s, const wire::lan_request& rq, completion_code code,
                                    bytes data) noexcept {
    wire::lan_response rs = respond(rq, code);
    rs.data = data;
    return send(c, s, rs);
  }
  static result<std::size_t> send(const context& c, session& s, const wire::lan_response& rs) noexcept {
    return s.link.seal_message(c.crypto, c.random, rs, c.reply);
  }

  reply_book<traits> replies_{};
};

}  // namespace rmcpp::detail
