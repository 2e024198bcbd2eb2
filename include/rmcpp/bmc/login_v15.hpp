// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/discovery.hpp>
#include <rmcpp/bmc/login_users.hpp>
#include <rmcpp/protect/link_v15.hpp>
#include <rmcpp/wire/session_challenge.hpp>

namespace rmcpp::detail {

/// A BMC's IPMI v1.5 logins: Get Session Challenge and Activate Session (IPMI v2.0, 22.16 and 22.17). Half-open ones
/// lie in the tables of the RMCP+ logins, none of whose messages finds them. Until the authcode of Activate Session
/// verifies there is no answer: nothing could sign it. Its answers go under the temporary id, which becomes the
/// session's, and under the number that the console asked for. Lives for one datagram.
template <bmc_config Config> class bmc_login_v15 {
 public:
  using context = bmc_context<Config>;
  using session = typename context::session;
  using step = bmc_step<session>;
  using logins = half_open_logins<context>;
  using users = login_users<context>;

  bmc_login_v15(const context& c, logins& l, users& u) noexcept : c_(c), logins_(l), users_(u) {}

  /// Takes a packet with number 0, from outside a session or with an id; what has expired is gone already.
  step take(const wire::seen& packet) noexcept {
    if (packet.id != session_id::none) return on_activate(packet);
    if (const status bare = check_sessionless(packet); !bare) return bare.error();
    const auto rq = wire::decode<wire::lan_request>(packet.payload());
    if (!rq || !asks(*rq, wire::app::get_session_challenge)) return answer_discovery(c_, packet);
    return on_challenge(*rq);
  }

 private:
  using crypto_type = typename context::crypto_type;
  using opened = typename logins::opened_type;
  using link = protect::link_v15<crypto_type>;
  using answer_size = result<std::size_t>;

  static bool asks(const wire::lan_request& rq, std::uint8_t command) noexcept {
    return rq.responder == wire::bmc_address && !rq.target.is_response() && rq.target.fn() == net_fn::app &&
           rq.command == command;
  }

  // ---- Get Session Challenge ----

  step on_challenge(const wire::lan_request& rq) noexcept {
    const auto m = wire::decode<wire::session_challenge_request>(rq.data);
    const username name = unpadded(m->name);
    step st;
    const opened* login = nullptr;
    completion_code code = m ? judge(m->type, name) : completion_code::length_invalid;
    if (code == completion_code::ok) login = opened_for(m->type, name, rq.sequence.sequence(), st);
    if (code == completion_code::ok && !login) code = completion_code::busy;  // clients name it, and try again
    std::array<std::uint8_t, 20> data{};
    wire::lan_response rs = respond(rq, code);
    if (login) {
      (void)encode(wire::session_challenge_response{login->managed_id, login->v15.challenge}, data);
      rs.data = data;
    }
    st.taken = encode_sessionless_v15(rs, c_.reply);
    return st;
  }

  static username unpadded(const octets16& padded) noexcept {
    std::size_t n = padded.size();
    while (n > 0 && padded[n - 1] == 0) --n;
    username name;
    (void)name.assign(bytes(padded).first(n));
    return name;
  }

  [[nodiscard]] completion_code judge(wire::auth_type type, const username& name) const noexcept {
    using refused = wire::session_challenge_request;
    if (!c_.options.v15.types.has(type) || !may_use<crypto_type>(type, context::traits::allow_unauthenticated))
      return completion_code::invalid_field;
    if (name.empty() && !has_null_user()) return completion_code{refused::no_null_name};
    user_record user;
    if (c_.options.disclose && !users_.find_v15(c_, name, user)) return completion_code{refused::unknown_name};
    return completion_code::ok;
  }
  [[nodiscard]] bool has_null_user() const noexcept {
    const std::uint8_t channel = c_.from.channel();
    if constexpr (requires { c_.users.kinds(channel); }) {
      const user_kinds k = c_.users.kinds(channel);
      return k.null || k.anonymous;
    }
    return false;
  }

  /// The login that the request began, or a new one. Under another rqSeq it is another request: of a console that began
  /// anew, because its Activate Session stayed unanswered or is still under way. Null without room or randomness.
  const opened* opened_for(wire::auth_type type, const username& name, std::uint8_t sequence, step& st) noexcept {
    opened* const known = logins_.opened.find_if([&](const opened& l) {
      return l.is_v15() && l.v15.type == type && l.v15.sequence == sequence && l.v15.name == name && l.peer == c_.from;
    });
    if (known) return known;
    bool gave_way = false;
    opened* const login = logins::make_room(logins_.opened, c_, gave_way);
    if (gave_way) st.evicted = login_stage::opened;
    opened made{.peer = c_.from, .since = c_.now, .v15 = {.name = name, .type = type, .sequence = sequence}};
    if (!login || !logins_.new_session_id(c_, made.managed_id) || !c_.random.fill(made.v15.challenge) ||
        !users_.prepare(c_))
      return nullptr;
    *login = made;
    st.kind = step_kind::next;
    return login;
  }

  // ---- Activate Session ----

  step on_activate(const wire::seen& packet) noexcept {
    const auto rq = wire::decode<wire::lan_request>(packet.payload());
    if (!rq) return rq.error();
    if (!asks(*rq, wire::app::activate_session)) return errc::unexpected_message;
    session* const s = c_.sessions.find(packet.id);
    if (s) return on_repeated(*s, *rq, packet);
    opened* const o = logins_.find_opened(packet.id, true);
    if (!o) return errc::unknown_session;
    if (!(o->peer == c_.from)) return errc::wrong_peer;
    if (packet.auth != o->v15.type) return errc::bad_auth_type;
    if (c_.penalties.waits(c_.from, o->v15.name, c_.now) || !c_.penalties.may_guess(c_.from, o->v15.name, c_.now))
      return errc::rate_limited;
    user_record user;
    link answers;
    const errc outcome = verify(o->v15.name, o->v15.type, packet, user, answers);
    if (outcome == errc::bad_authcode) {
      c_.penalties.failed(c_.from, o->v15.name, c_.now);
      return fail(*o, user, errc::bad_activation_code, std::size_t{0});
    }
    return outcome == errc::ok ? on_verified(*o, *rq, user, answers) : step(outcome);
  }

  /// Opens the packet with a link of its own, which carries the answer if it is none of a session's. A name that may
  /// not log in costs as much as a wrong password, and is as wrong, whatever the type.
  errc verify(const username& name, wire::auth_type type, const wire::seen& packet, user_record& user,
              link& l) const noexcept {
    const bool known = users_.find_v15(c_, name, user);
    if (const status loaded = l.load(c_.crypto, type, user.secret); !loaded) return loaded.error();
    const auto o = l.open(c_.crypto, packet);
    return o && !known ? errc::bad_authcode : o.error();
  }

  step on_verified(opened& o, const wire::lan_request& rq, const user_record& user, link& answers) noexcept {
    const auto m = wire::decode<wire::activate_session_request>(rq.data);
    completion_code code = m ? judge(o, *m, user) : completion_code::length_invalid;
    session* const s = code == completion_code::ok ? c_.sessions.slot_for(allowance_of(c_, user), c_.now) : nullptr;
    if (s) return begin_session(o, *s, rq, *m, user);
    if (code == completion_code::ok) code = no_slot(user);
    answers.begin(o.managed_id, m ? m->first_to_console : 0, 0);
    const answer_size refusal = answers.seal_message(c_.crypto, c_.random, respond(rq, code), c_.reply);
    return refusal ? fail(o, user, told(code), refusal) : step(refusal.error());
  }

  [[nodiscard]] completion_code judge(const opened& o, const wire::activate_session_request& m,
                                      const user_record& user) const noexcept {
    using refused = wire::activate_session_request;
    const bool defined = m.level >= privilege::callback && m.level <= privilege::oem;
    if (m.type != o.v15.type || m.challenge != o.v15.challenge || !defined) return completion_code::invalid_field;
    if (m.level > user.limit || m.level > c_.options.channel_limit || m.level > c_.options.v15.limits.of(m.type))
      return completion_code{refused::exceeds_limit};
    return m.first_to_console == 0 ? completion_code{refused::bad_sequence} : completion_code::ok;
  }
  /// Whose slots there are none of: the user's own, anybody's, or those of users who are no administrators.
  [[nodiscard]] completion_code no_slot(const user_record& user) const noexcept {
    using refused = wire::activate_session_request;
    std::size_t own = 0;
    for (const auto& s : c_.sessions) own += s.state.active && s.state.info.user == user.id ? 1 : 0;
    if (user.sessions != 0 && own >= user.sessions) return completion_code{refused::no_slot_for_user};
    const bool full = c_.sessions.active() >= c_.sessions.slots(c_.options.max_sessions);
    return completion_code{full ? refused::no_slot : refused::no_slot_for_level};
  }
  /// What the application is told of a refusal. That a message was malformed is between the two programs.
  static errc told(completion_code code) noexcept {
    using refused = wire::activate_session_request;
    switch (static_cast<std::uint8_t>(code)) {
      case refused::no_slot:
      case refused::no_slot_for_user:
      case refused::no_slot_for_level: return errc::no_slot;
      case refused::exceeds_limit: return errc::refused_privilege;
      default: return errc::ok;
    }
  }

  /// The login is gone: one guess for each challenge.
  static step fail(opened& o, const user_record& user, errc why, const answer_size& answer) noexcept {
    step st(answer);
    st.kind = step_kind::failed;
    st.at = login_stage::opened;
    st.why = why;
    st.who.name = o.v15.name;
    st.who.user = user.id;
    o = {};
    return st;
  }

  /// From opened to a session. On a failure of the backend the login stays as it was, and whoever was in the slot is
  /// out.
  step begin_session(opened& o, session& s, const wire::lan_request& rq, const wire::activate_session_request& m,
                     const user_record& user) noexcept {
    const auto first_in = random_session_id(c_.random);  // a number like an id: any but 0
    if (!first_in) return first_in.error();
    const bool bare = c_.options.v15.message_authentication_off;
    const wire::activate_session_response given{bare ? wire::auth_type::none : m.type, o.managed_id,
                                                to_integer(*first_in), m.level};
    step st;
    st.session = &s;
    (void)s.link.load(c_.crypto, m.type, user.secret);  // as in verify()
    (void)s.receipt.proof.assign(rq.data);
    (void)encode(given, s.receipt.answer.resize(10));
    st.taken = answer_activation(s, rq);
    if (!st.taken) {
      s.link.unload(c_.crypto);
      return st;
    }
    st.kind = step_kind::done;
    st.at = login_stage::opened;
    st.who = {.id = o.managed_id,
              .user = user.id,
              .name = o.v15.name,
              .level = m.level < privilege::user ? m.level : privilege::user,
              .limit = m.level,
              .auth = m.type,
              .channel = o.peer.channel()};
    c_.penalties.succeeded(o.peer, o.v15.name);
    o = {};
    return st;
  }

  /// Our first packet, from the slot's receipt and link, which then stand at the session's beginning: the same packet
  /// each time that the same is asked.
  answer_size answer_activation(session& s, const wire::lan_request& rq) noexcept {
    const auto asked = wire::decode<wire::activate_session_request>(s.receipt.proof);
    const auto given = wire::decode<wire::activate_session_response>(s.receipt.answer);
    s.link.begin(given->id, asked->first_to_console, given->first_to_bmc);
    wire::lan_response rs = respond(rq, completion_code::ok);
    rs.data = s.receipt.answer;
    const auto n = s.link.seal_message(c_.crypto, c_.random, rs, c_.reply);
    if (c_.options.v15.user_authentication_off) s.link.accept_bare(protect::bare_packets::user_level);
    if (c_.options.v15.message_authentication_off) s.link.go_bare();
    return n;
  }

  /// The Activate Session that made the session, once more: its answer was lost. Only until the console's first packet,
  /// for our numbers begin anew.
  step on_repeated(session& s, const wire::lan_request& rq, const wire::seen& packet) noexcept {
    if (!is_v15(s.link)) return errc::bad_auth_type;
    if (!(s.state.peer == c_.from)) return errc::wrong_peer;
    if (s.state.confirmed || !core::equal(rq.data, s.receipt.proof)) return errc::unexpected_message;
    user_record user;
    link own;
    const errc outcome = verify(s.state.info.name, s.state.info.auth, packet, user, own);
    return outcome == errc::ok ? step(answer_activation(s, rq)) : step(outcome);
  }

  const context& c_;
  logins& logins_;
  users& users_;
};

}  // namespace rmcpp::detail
