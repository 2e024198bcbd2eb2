// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/discovery.hpp>
#include <rmcpp/bmc/login_users.hpp>
#include <rmcpp/protect/link_of.hpp>
#include <rmcpp/wire/session_challenge.hpp>

namespace rmcpp::detail {

/// A BMC's IPMI v1.5 logins: Get Session Challenge and Activate Session (IPMI v2.0, 22.16 and 22.17). Half-open ones
/// lie in the tables of the RMCP+ logins, none of whose messages finds them. Until the authcode of Activate Session
/// verifies there is no answer: nothing could sign it. Its answer goes under the temporary id, which becomes the
/// session's, and under the number that the console asked for. Lives for one datagram.
template <bmc_config Config> class bmc_login_v15 {
 public:
  using context = bmc_context<Config>;
  using session = typename context::session;
  using step = bmc_step<session>;
  using logins = half_open_logins<context>;
  using users = login_users<context>;

  /// `packet`: with number 0, and without an id unless it is Activate Session.
  bmc_login_v15(const context& c, logins& l, users& u, const wire::seen& packet) noexcept
      : c_(c), logins_(l), users_(u), packet_(packet) {}

  /// Takes the packet; what has expired is gone already.
  step take() noexcept {
    const auto rq = wire::decode<wire::lan_request>(packet_.payload());
    const bool ours = rq->responder == wire::bmc_address && !rq->target.is_response() && rq->target.fn() == net_fn::app;
    const bool outside = packet_.id == session_id::none;
    errc outcome = rq ? errc::unexpected_message : rq.error();
    if (rq && ours && !outside && rq->command == wire::app::activate_session) {
      outcome = on_activate(*rq);
    } else if (rq && ours && outside && rq->command == wire::app::get_session_challenge) {
      outcome = on_challenge(*rq);
    } else if (rq && outside) {
      st_.taken = answer_discovery(c_, packet_);
      outcome = errc::ok;
    }
    if (outcome != errc::ok) st_.taken = outcome;
    return st_;
  }

 private:
  using crypto_type = typename context::crypto_type;
  using traits = typename context::traits;
  using opened = typename logins::opened_type;
  using link = protect::link_v15<crypto_type>;
  using activation = wire::activate_session_request;

  // In what follows errc::ok means that the step is complete.

  // ---- Get Session Challenge ----

  errc on_challenge(const wire::lan_request& rq) noexcept {
    const auto m = wire::decode<wire::session_challenge_request>(rq.data);
    const username name = unpadded(m->name);
    const opened* login = nullptr;
    completion_code code = m ? judge(m->type, name) : completion_code::length_invalid;
    if (code == completion_code::ok) {
      login = opened_for(m->type, name, rq.sequence.sequence());
      if (!login) code = completion_code::busy;  // clients name it, and try again
    }
    std::array<std::uint8_t, 20> data{};
    wire::lan_response rs = respond(rq, code);
    if (login) {
      (void)encode(wire::session_challenge_response{login->managed_id, login->v15.challenge}, data);
      rs.data = data;
    }
    st_.taken = encode_sessionless_v15(rs, c_.reply);
    return st_.taken.error();
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
    if (!c_.options.v15.types.has(type) || !may_use<crypto_type>(type, traits::allow_unauthenticated))
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

  /// The login that the request began, so that a client that repeats itself fills no table, or a new one. Under another
  /// rqSeq it is another request: of a console that began anew, because its Activate Session stayed unanswered or is
  /// still under way. It may also be a client that begins anew from its one port, with the rqSeq that it always begins
  /// with: the challenge lives on from now. Null without room or randomness.
  const opened* opened_for(wire::auth_type type, const username& name, std::uint8_t sequence) noexcept {
    opened* login = logins_.opened.find_if([&](const opened& l) {
      return l.is_v15() && l.v15.type == type && l.v15.sequence == sequence && l.v15.name == name && l.peer == c_.from;
    });
    if (login) {
      login->since = c_.now;
      return login;
    }
    bool gave_way = false;
    login = logins::make_room(logins_.opened, c_, gave_way);
    if (gave_way) st_.evicted = login_stage::opened;
    session_id id{};
    if (!login || !logins_.new_session_id(c_, id) || !c_.random.fill(login->v15.challenge) || !users_.prepare(c_))
      return nullptr;
    login->peer = c_.from;
    login->managed_id = id;
    login->since = c_.now;
    login->v15.name = name;
    login->v15.type = type;
    login->v15.sequence = sequence;
    st_.kind = step_kind::next;
    return login;
  }

  // ---- Activate Session ----

  errc on_activate(const wire::lan_request& rq) noexcept {
    if (session* const s = c_.sessions.find(packet_.id)) return on_repeated(*s, rq);
    opened* const o = logins_.find_opened(packet_.id, true);
    if (!o) return errc::unknown_session;
    if (!(o->peer == c_.from)) return errc::wrong_peer;
    if (packet_.auth != o->v15.type) return errc::bad_auth_type;
    if (!c_.penalties.may_guess(c_.from, o->v15.name, c_.now)) return errc::rate_limited;
    user_record user;
    link l;
    const errc outcome = verify(o->v15.name, o->v15.type, user, l);
    if (outcome == errc::bad_authcode) return fail(*o, user, errc::bad_activation_code);
    return outcome == errc::ok ? on_verified(*o, rq, wire::decode<activation>(rq.data), user, l) : outcome;
  }

  /// The one that made the session, whose answer was lost: once more, with the very same answer. Only until the
  /// console's first packet, for our numbers begin anew. Who waits may be another of the same name, and does not keep
  /// the owner out; but a wrong code is a guess here too.
  errc on_repeated(session& s, const wire::lan_request& rq) noexcept {
    const auto& info = s.state.info;
    if (!(s.state.peer == c_.from)) return errc::wrong_peer;
    if (packet_.auth != info.auth) return errc::bad_auth_type;
    if (s.state.confirmed || !core::equal(rq.data, s.receipt.proof)) return errc::unexpected_message;
    user_record user;
    link l;
    const errc outcome = verify(info.name, info.auth, user, l);
    if (outcome == errc::bad_authcode) return errc::ok;  // no drop, for it was counted
    if (outcome != errc::ok) return outcome;
    const auto m = wire::decode<activation>(rq.data);
    return answer(rq, *m, completion_code::ok, &s, core::load_le32(s.receipt.answer.view().data()), l);
  }

  /// Opens the packet with a link of its own, which then carries the answer. A name that may not log in costs as much
  /// as a wrong password, and is as wrong, whatever the type. What is wrong is a guess.
  errc verify(const username& name, wire::auth_type type, user_record& user, link& l) const noexcept {
    const bool known = users_.find_v15(c_, name, user);
    if (const status loaded = l.load(c_.crypto, type, user.secret); !loaded) return loaded.error();
    const auto o = l.open(c_.crypto, packet_);
    const errc outcome = o && !known ? errc::bad_authcode : o.error();
    if (outcome == errc::bad_authcode) c_.penalties.failed(c_.from, name, c_.now);
    return outcome;
  }

  errc on_verified(opened& o, const wire::lan_request& rq, const result<activation>& m, const user_record& user,
                   link& l) noexcept {
    completion_code code = m ? judge(o, *m, user) : completion_code::length_invalid;
    // That a message was malformed is between the two programs.
    errc told = code == completion_code{activation::exceeds_limit} ? errc::refused_privilege : errc::ok;
    session* s = nullptr;
    std::uint32_t first_in = 0;
    if (code == completion_code::ok) {
      const auto allowed = allowance_of(c_, user);
      s = c_.sessions.slot_for(allowed, c_.now);
      code = s ? code : no_slot(allowed);
      told = errc::no_slot;
    }
    if (s) {
      const auto drawn = random_session_id(c_.random);  // a number like an id: any but 0
      if (!drawn) return drawn.error();
      first_in = to_integer(*drawn);
    }
    if (const errc sealed = answer(rq, m, code, s, first_in, l); sealed != errc::ok) return sealed;
    return s ? begin_session(o, *s, rq, *m, user, first_in) : fail(o, user, told);
  }

  [[nodiscard]] completion_code judge(const opened& o, const activation& m, const user_record& user) const noexcept {
    const bool defined = m.level >= privilege::callback && m.level <= privilege::oem;
    if (m.type != o.v15.type || m.challenge != o.v15.challenge || !defined) return completion_code::invalid_field;
    if (m.level > user.limit || m.level > c_.options.channel_limit || m.level > c_.options.v15.limits.of(m.type))
      return completion_code{activation::exceeds_limit};
    return m.first_to_console == 0 ? completion_code{activation::bad_sequence} : completion_code::ok;
  }
  /// Whose slots there are none of: the user's own, those of users who are no administrators, or anybody's.
  [[nodiscard]] completion_code no_slot(const typename context::allowance& allowed) const noexcept {
    const std::size_t taken = c_.sessions.active();
    if (taken < allowed.slots) return completion_code{activation::no_slot_for_user};
    const bool full = taken >= c_.sessions.slots(c_.options.max_sessions);
    return completion_code{full ? activation::no_slot : activation::no_slot_for_level};
  }

  /// The login is gone: one guess for each challenge.
  errc fail(opened& o, const user_record& user, errc why) noexcept {
    st_.kind = step_kind::failed;
    st_.at = login_stage::opened;
    st_.why = why;
    st_.who.name = o.v15.name;
    st_.who.user = user.id;
    o = {};
    return errc::ok;
  }

  /// From opened to a session.
  errc begin_session(opened& o, session& s, const wire::lan_request& rq, const activation& m, const user_record& user,
                     std::uint32_t first_in) noexcept {
    (void)s.receipt.proof.assign(rq.data);
    core::store_le32(s.receipt.answer.resize(4).data(), first_in);
    st_.done(s, packet_.id, user.id, o.v15.name, m.level);
    st_.at = login_stage::opened;
    st_.who.auth = m.type;
    st_.who.channel = c_.from.channel();
    if (m.type != wire::auth_type::none) c_.penalties.succeeded(c_.from, o.v15.name);
    o = {};
    return errc::ok;
  }

  /// Our first packet: a refusal, or with a session its link as it then is, the same each time that the same is asked.
  /// On a failure all stays as it was.
  errc answer(const wire::lan_request& rq, const result<activation>& m, completion_code code, session* s,
              std::uint32_t first_in, link& l) noexcept {
    constexpr bool may_waive = traits::allow_unauthenticated;
    const bool bare = may_waive && c_.options.v15.message_authentication_off;
    std::array<std::uint8_t, 10> data{};
    wire::lan_response rs = respond(rq, code);
    if (s) {
      const auto type = bare ? wire::auth_type::none : m->type;
      (void)encode(wire::activate_session_response{type, packet_.id, first_in, m->level}, data);
      rs.data = data;
    }
    l.begin(packet_.id, m ? m->first_to_console : 0, first_in);
    st_.taken = l.seal_message(c_.crypto, c_.random, rs, c_.reply);
    if (!s || !st_.taken) return st_.taken.error();
    if (may_waive && c_.options.v15.user_authentication_off) l.accept_bare(protect::bare_packets::user_level);
    if (bare) l.go_bare();
    s->link.take(c_.crypto, l);
    return errc::ok;
  }

  const context& c_;
  logins& logins_;
  users& users_;
  const wire::seen& packet_;
  step st_{};
};

}  // namespace rmcpp::detail
