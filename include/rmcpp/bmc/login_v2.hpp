// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/context.hpp>
#include <rmcpp/bmc/login_users.hpp>

namespace rmcpp::detail {

/// A BMC's refusal, 8 bytes of payload: Open Session Response, RAKP 2 and RAKP 4 share their error form (13.18, 13.21,
/// 13.23).
constexpr result<std::size_t> encode_refusal(payload_type type, std::uint8_t tag, rakp_status why,
                                             session_id console_id, mutable_bytes out) noexcept {
  return encode_sessionless_v2(type, wire::rakp4{tag, why, console_id, {}}, out);
}

/// A BMC's RMCP+ logins, Open Session to RAKP 4 (IPMI v2.0, 13.17 to 13.24), all of them: it holds those half open. A
/// login's end is a slot whose link has keys and counts from its first packets, and a receipt beside it. It knows no
/// event, counter or timer, and ends no session.
template <bmc_config Config> class bmc_login_v2 {
 public:
  using context = bmc_context<Config>;
  using session = typename context::session;
  using step = bmc_step<session>;

  /// Takes a payload from outside a session; what has expired is gone already.
  step take(const context& c, payload_type type, bytes payload) noexcept {
    switch (type) {
      case payload_type::open_session_request: return on_open_session(c, payload);
      case payload_type::rakp1: return on_rakp1(c, payload);
      case payload_type::rakp3: return on_rakp3(c, payload);
      default: return errc::bad_payload_type;
    }
  }

  /// As half_open_logins::expire().
  login_stage expire(instant now, milliseconds lifetime) noexcept { return logins_.expire(now, lifetime); }
  /// Forgets one login that rests on the user, or on K_g. Call it until it says none.
  login_stage revoke(user_id id) noexcept {
    return logins_.proven.forget([&](const proven& l) { return l.user == id; }) ? login_stage::proven
                                                                                : login_stage::none;
  }
  login_stage revoke_kg() noexcept {
    return logins_.proven.forget([](const proven&) { return true; }) ? login_stage::proven : login_stage::none;
  }
  /// When the oldest began; never() without one.
  [[nodiscard]] instant oldest() const noexcept { return logins_.oldest(); }
  /// What the logins of IPMI v1.5 share with these.
  [[nodiscard]] half_open_logins<context>& half_open() noexcept { return logins_; }
  [[nodiscard]] login_users<context>& users() noexcept { return users_; }

  [[nodiscard]] std::size_t opened_logins() const noexcept { return logins_.opened.size(); }
  [[nodiscard]] std::size_t proven_logins() const noexcept { return logins_.proven.size(); }
  template <class Sink> void describe_state(Sink& sink, instant now, milliseconds lifetime) const {
    logins_.describe_state(sink, now, lifetime);
    users_.describe_state(sink);
  }

 private:
  using crypto_type = typename context::crypto_type;
  using logins = half_open_logins<context>;
  using opened = typename logins::opened_type;
  using proven = typename logins::proven_type;
  using key = protect::login_key<crypto_type>;
  using answer_size = result<std::size_t>;

  /// As half_open_logins::make_room().
  template <class Table> static auto* make_room(Table& table, login_stage cls, const context& c, step& st) noexcept {
    bool gave_way = false;
    auto* const slot = logins::make_room(table, c, gave_way);
    if (gave_way) st.evicted = cls;
    return slot;
  }

  // ---- Open Session (13.17, 13.18) ----

  step on_open_session(const context& c, bytes payload) noexcept {
    const auto decoded = wire::decode<wire::open_session_request>(payload);
    const wire::open_session_request& rq = *decoded;
    // Tag and SIDm are needed to refuse; without them there is nobody to tell.
    constexpr std::size_t refusable = 8;
    if (!decoded && payload.size() < refusable) return decoded.error();
    const wire::cipher_suite* chosen = nullptr;
    step st;
    opened* login = nullptr;
    rakp_status why = decoded ? judge(c, rq, chosen) : rakp_status::illegal_parameter;
    if (why == rakp_status::no_errors) login = opened_for(c, rq, *chosen, st);
    if (why == rakp_status::no_errors && !login) why = rakp_status::insufficient_resources;
    st.taken =
        login ? encode_sessionless_v2(payload_type::open_session_response,
                                      wire::open_session_response{
                                          rq.tag, rakp_status::no_errors, login->limit, rq.console_id,
                                          login->managed_id, wire::authentication_payload::of(chosen->authentication),
                                          wire::integrity_payload::of(chosen->integrity),
                                          wire::confidentiality_payload::of(chosen->confidentiality)},
                                      c.reply)
              : encode_refusal(payload_type::open_session_response, rq.tag, why, rq.console_id, c.reply);
    return st;
  }

  /// Whether what was asked can be had, and with which suite.
  static rakp_status judge(const context& c, const wire::open_session_request& rq,
                           const wire::cipher_suite*& chosen) noexcept {
    if (rq.max_privilege > privilege::oem) return rakp_status::illegal_parameter;
    if (rq.console_id == session_id::none) return rakp_status::invalid_session_id;
    const auto why = detail::negotiate<crypto_type>(rq, c.suites, chosen);
    if (why != rakp_status::no_errors) return why;
    return rq.max_privilege > c.options.limits.of(*chosen) ? rakp_status::unauthorized_role_or_privilege : why;
  }

  /// The login that the request began, or a new one; null without room or randomness.
  opened* opened_for(const context& c, const wire::open_session_request& rq, const wire::cipher_suite& suite,
                     step& st) noexcept {
    opened* const known = logins_.opened.find_if(
        [&](const opened& l) { return !l.is_v15() && l.peer == c.from && same_request(l.request, rq); });
    if (known) return known;
    opened* const login = make_room(logins_.opened, login_stage::opened, c, st);
    session_id id{};
    if (!login || !logins_.new_session_id(c, id)) return nullptr;
    const auto limit = granted(rq.max_privilege, c.options.channel_limit, c.options.limits.of(suite));
    *login = {c.from, id, c.now, rq, suite.id, limit};
    st.kind = step_kind::next;
    return login;
  }

  // ---- RAKP 1 and 2 (13.20, 13.21) ----

  /// Neither a login nor a session has that SIDc. Which SIDm would belong to it is not known either: 0 stands for it.
  static step refuse_unknown(const context& c, payload_type type, std::uint8_t tag) noexcept {
    return encode_refusal(type, tag, rakp_status::invalid_session_id, session_id::none, c.reply);
  }

  step on_rakp1(const context& c, bytes payload) noexcept {
    const auto prefix = wire::decode_prefix<wire::rakp1>(payload);
    const wire::rakp1& m = prefix->message;
    if (prefix.error() == errc::truncated) return errc::truncated;
    opened* const o = logins_.find_opened(m.managed_id, false);
    proven* const p = logins_.proven.find(m.managed_id);
    const session* const s = c.sessions.find(m.managed_id);
    if (s && s->state.peer == c.from) return errc::unexpected_message;
    // A stranger is told the same of every SIDc.
    if (!(o && o->peer == c.from) && !(p && p->peer == c.from)) return refuse_unknown(c, payload_type::rakp2, m.tag);
    if (p && m.console_random == p->transcript.console_random) return on_repeated_rakp1(c, *p, m, prefix.error());
    if (p && !(m.role == p->transcript.role && m.name == p->transcript.name)) return errc::unexpected_message;
    if (const auto why = judge_form(prefix, payload.size()); why != rakp_status::no_errors)
      return o ? refuse_rakp1(c, *o, m.tag, why) : step(errc::unexpected_message);
    if (c.penalties.waits(c.from, m.name, c.now)) return errc::rate_limited;
    user_record user;
    const auto why = users_.find(c, m, user);
    if (p) return restarted_by(c, *p, m, user);
    return why == rakp_status::no_errors ? proven_by(c, *o, m, user) : refuse_rakp1(c, *o, m.tag, why);
  }

  static rakp_status judge_form(const result<wire::decoded_prefix<wire::rakp1>>& m, std::size_t size) noexcept {
    // Some firmware tools pad the name field to 16 bytes and count the name itself.
    constexpr std::size_t padded_size = 44;
    if (!m || (m->size != size && size != padded_size)) return rakp_status::invalid_name_length;
    const privilege level = m->message.role.level();
    const bool defined = level >= privilege::callback && level <= privilege::oem;
    return defined ? rakp_status::no_errors : rakp_status::invalid_role;
  }

  /// The login is gone; nothing is told of it, for nobody has proved anything.
  static step refuse_rakp1(const context& c, opened& o, std::uint8_t tag, rakp_status why) noexcept {
    step st(encode_refusal(payload_type::rakp2, tag, why, o.request.console_id, c.reply));
    st.kind = step_kind::failed;
    st.at = login_stage::opened;
    o = {};
    return st;
  }

  /// From opened to proven. `user.id` is none where the name may not log in: its RAKP 2 looks like any other.
  step proven_by(const context& c, opened& o, const wire::rakp1& m, const user_record& user) noexcept {
    step made;
    proven* const p = make_room(logins_.proven, login_stage::proven, c, made);
    protect::rakp_transcript t = transcript_of(c, o.request.console_id, m);
    if (!p || !c.random.fill(t.managed_random) || !users_.prepare(c)) {
      step refused = refuse_rakp1(c, o, m.tag, rakp_status::insufficient_resources);
      refused.evicted = made.evicted;
      return refused;
    }
    *p = {c.from, o.managed_id, o.since, o.suite, o.limit, user.id, t};
    o = {};
    return answered(c, made, login_stage::opened, *p, user, m.tag);
  }

  /// A RAKP 1 with another Rm: a console that repeated its Open Session Request and began anew when the late second
  /// answer came (ipmitool does). Its Rc is fresh, its age stays. That is no help to a guesser, whom every new Open
  /// Session gets as much.
  step restarted_by(const context& c, proven& p, const wire::rakp1& m, const user_record& user) noexcept {
    protect::rakp_transcript t = transcript_of(c, p.transcript.console_id, m);
    if (!c.random.fill(t.managed_random)) return errc::entropy_failure;
    p.transcript = t;
    p.user = user.id;
    return answered(c, {}, login_stage::proven, p, user, m.tag);
  }

  static protect::rakp_transcript transcript_of(const context& c, session_id console_id,
                                                const wire::rakp1& m) noexcept {
    return {.console_id = console_id,
            .managed_id = m.managed_id,
            .console_random = m.console_random,
            .managed_guid = c.options.system_guid,
            .role = m.role,
            .name = m.name};
  }
  step answered(const context& c, step made, login_stage at, const proven& p, const user_record& user,
                std::uint8_t tag) const noexcept {
    made.kind = step_kind::next;
    made.at = at;
    made.taken = answer_rakp2(c, p, users_.password(user), tag);
    return made;
  }

  step on_repeated_rakp1(const context& c, const proven& p, const wire::rakp1& m, errc decoding) noexcept {
    if (decoding != errc::ok || !(m.role == p.transcript.role) || !(m.name == p.transcript.name))
      return errc::unexpected_message;
    user_record user;
    users_.find_again(c, p, user);
    return answer_rakp2(c, p, user.secret, m.tag);
  }

  static answer_size answer_rakp2(const context& c, const proven& p, const user_key& password,
                                  std::uint8_t tag) noexcept {
    key kuid(c.crypto, wire::find_suite(p.suite)->authentication, password.reveal());
    const auto code = kuid.rakp2(p.transcript);
    if (!code) return code.error();
    return encode_sessionless_v2(payload_type::rakp2,
                                 wire::rakp2{tag, rakp_status::no_errors, p.transcript.console_id,
                                             p.transcript.managed_random, p.transcript.managed_guid, *code},
                                 c.reply);
  }

  // ---- RAKP 3 and 4 (13.22, 13.23) ----

  step on_rakp3(const context& c, bytes payload) noexcept {
    const auto decoded = wire::decode<wire::rakp3>(payload);
    if (decoded.error() == errc::truncated) return errc::truncated;
    const wire::rakp3& m = *decoded;
    const session* const active = c.sessions.find(m.managed_id);
    if (active && active->state.peer == c.from) return on_repeated_rakp3(c, *active, m);
    proven* const p = logins_.proven.find(m.managed_id);
    if (!p || !(p->peer == c.from)) return on_stray_rakp3(c, m);
    if (!c.penalties.may_guess(c.from, p->transcript.name, c.now)) return errc::rate_limited;

    user_record user;
    users_.find_again(c, *p, user);
    key kuid(c.crypto, wire::find_suite(p->suite)->authentication, user.secret.reveal());
    const auto expected = kuid.rakp3(p->transcript);
    if (!expected) return expected.error();
    if (m.status != rakp_status::no_errors) return fail(*p, errc::console_gave_up, std::size_t{0});
    if (!decoded || !equal_constant_time(*expected, m.code) || p->user == user_id::none) {
      c.penalties.failed(c.from, p->transcript.name, c.now);
      return refuse_rakp3(c, *p, m.tag, rakp_status::invalid_integrity_check_value, errc::bad_rakp3_code);
    }
    const privilege level = p->transcript.role.level();
    if (level > user.limit || level > p->limit)
      return refuse_rakp3(c, *p, m.tag, rakp_status::unauthorized_role_or_privilege, errc::refused_privilege);
    session* const s = c.sessions.slot_for(allowance_of(c, user), c.now);
    if (!s) return refuse_rakp3(c, *p, m.tag, rakp_status::insufficient_resources, errc::no_slot);
    return begin_session(c, *s, *p, user, kuid, m);
  }

  /// No login of this peer waits for it. A stranger is told the same of every SIDc.
  step on_stray_rakp3(const context& c, const wire::rakp3& m) noexcept {
    const opened* const o = logins_.find_opened(m.managed_id, false);
    if (o && o->peer == c.from) return errc::unexpected_message;
    if (m.status != rakp_status::no_errors) return errc::unknown_session;
    return refuse_unknown(c, payload_type::rakp4, m.tag);
  }

  /// The login is gone, and its user is told of.
  static step fail(proven& p, errc why, const answer_size& answer) noexcept {
    step st(answer);
    st.kind = step_kind::failed;
    st.at = login_stage::proven;
    st.why = why;
    st.who.name = p.transcript.name;
    st.who.user = p.user;
    p = {};
    return st;
  }
  static step refuse_rakp3(const context& c, proven& p, std::uint8_t tag, rakp_status answer, errc why) noexcept {
    return fail(p, why, encode_refusal(payload_type::rakp4, tag, answer, p.transcript.console_id, c.reply));
  }

  /// From proven to a session. On a failure of the backend the login stays as it was, and so does the slot unless its
  /// keys were written over already.
  static step begin_session(const context& c, session& s, proven& p, const user_record& user, key& kuid,
                            const wire::rakp3& m) noexcept {
    const wire::cipher_suite& suite = *wire::find_suite(p.suite);
    protect::login_outcome outcome;
    status made = finish_login(c.crypto, kuid, c.users.kg(p.peer.channel()), suite, p.transcript, outcome);
    if (!made) return made.error();
    step st;
    st.session = &s;
    if (made = s.link.load(c.crypto, suite, outcome.keys, user.secret); !made) {
      st.taken = made.error();
      return st;
    }
    using protect::window_rule;
    s.link.begin(p.transcript.console_id, c.options.strict_window ? window_rule::strict : window_rule::any_forward);
    s.receipt.proof = m.code;
    (void)s.receipt.answer.assign(outcome.rakp4.view().first(protect::rakp4_code_size(suite.authentication)));
    st.taken = answer_rakp4(c, s, m.tag);
    st.done(s, p.managed_id, p.user, p.transcript.name, p.transcript.role.level());
    st.at = login_stage::proven;
    st.who.suite = p.suite;
    st.who.channel = p.peer.channel();
    if (suite.authentication != wire::authentication_algorithm::rakp_none)
      c.penalties.succeeded(p.peer, p.transcript.name);
    p = {};
    return st;
  }

  /// After success, from the same peer and with the same code: RAKP 4 again, outside the session, whatever followed.
  static step on_repeated_rakp3(const context& c, const session& s, const wire::rakp3& m) noexcept {
    const bool same =
        !is_v15(s.link) && m.status == rakp_status::no_errors && equal_constant_time(m.code, s.receipt.proof);
    return same ? step(answer_rakp4(c, s, m.tag)) : step(errc::unexpected_message);
  }

  static answer_size answer_rakp4(const context& c, const session& s, std::uint8_t tag) noexcept {
    return encode_sessionless_v2(payload_type::rakp4,
                                 wire::rakp4{tag, rakp_status::no_errors, s.link.peer_id(), s.receipt.answer}, c.reply);
  }

  logins logins_{};
  login_users<context> users_{};
};

}  // namespace rmcpp::detail
