// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/discovery.hpp>
#include <rmcpp/bmc/event.hpp>
#include <rmcpp/bmc/login_v15.hpp>
#include <rmcpp/bmc/login_v2.hpp>
#include <rmcpp/bmc/requests.hpp>
#include <rmcpp/session/events.hpp>
#include <rmcpp/session/keyed.hpp>
#include <rmcpp/session/transitions.hpp>

/// \file
/// The managed system: answers discovery, negotiates and holds sessions, runs the session commands itself and hands
/// every other command to the user's handler. No socket, clock, heap or thread.

namespace rmcpp {

/// For a type that is no configuration: a build stops here, and says what the type lacks.
template <class Config> class bmc {
  static_assert(detail::check_bmc_config<Config>(), "rmcpp: not a BMC's configuration (bmc/options.hpp)");

 public:
  bmc(Config config, const bmc_options& options) noexcept;
};

/// After any call that takes `now`, drain poll_transmit() and next_event() until they yield nothing, in any order; then
/// wait for a datagram or for poll_timeout(), and call handle_timeout() either way. session/pump.hpp is that loop.
///
/// Here are the verbs, the clock, the tables, the events and the counters. Discovery, logins and the way of a request
/// through its session are parts, each in a header of its own.
template <bmc_config Config> class bmc<Config> {
  using crypto_type = core::policy_of<decltype(Config::crypto)>;
  using traits = typename Config::traits;
  using session = detail::managed_session<crypto_type, typename Config::peer, traits>;
  static_assert(traits::sessions >= 1 && traits::sessions <= 63 && traits::replay_depth >= 1 &&
                traits::replay_depth <= 8 && traits::reply_bytes <= 255 && traits::tickets <= 254 &&
                traits::penalties >= 1 && traits::events >= 1 && traits::message_bytes >= 32);
  static_assert(traits::opened >= 1 && traits::opened <= 1024 && traits::proven >= 1 && traits::proven <= 1024);

 public:
  using peer_type = typename Config::peer;

  /// Bytes that a reply buffer must hold.
  static constexpr std::size_t max_datagram = detail::request_path<Config>::max_datagram;

  /// `config` moves in: `bmc b(std::move(config), options)`, unless it holds refs only and can be copied.
  bmc(Config config, const bmc_options& options) noexcept
      : held_(static_cast<Config&&>(config)),
        options_(options),
        suites_(detail::usable_suites<crypto_type>(options.suites, traits::allow_unauthenticated)),
        works_(check(options).has_value()) {}

  /// Whether a BMC can use its options; with others it answers every feed() with invalid_argument. Suites that the
  /// build, its backend or its traits lack vanish from the list, but one must be left. Errors: unsupported_suite if
  /// none is, or the list names what is no standard suite; invalid_argument for no sessions, a channel limit not 1..5,
  /// a lifetime or inactivity of 0, disabled v1.5 authentication without the trait `allow_unauthenticated`.
  static constexpr status check(const bmc_options& o) noexcept {
    for (const auto id : o.suites.view())
      if (!wire::find_suite(id)) return errc::unsupported_suite;
    if (detail::usable_suites<crypto_type>(o.suites, traits::allow_unauthenticated).empty())
      return errc::unsupported_suite;
    const bool limit = o.channel_limit >= privilege::callback && o.channel_limit <= privilege::oem;
    const bool lasts = o.half_open_lifetime.count != 0 && o.inactivity.count != 0;
    const bool waived = o.v15.message_authentication_off || o.v15.user_authentication_off;
    const bool may_waive = !traits::v15 || traits::allow_unauthenticated;
    return o.max_sessions != 0 && limit && lasts && (may_waive || !waived) ? status{} : errc::invalid_argument;
  }

  /// Takes a datagram (decrypted in place) and writes its answer, if any, to `reply`; returns the answer's size, 0 for
  /// none; the rest of `reply` is scratch. A bad datagram changes nothing and says why.
  /// Errors: invalid_argument (see check()), buffer_too_small (`reply` below max_datagram) and buffers_overlap before
  /// anything else; the drop codes of errc; crypto_failure; entropy_failure.
  result<std::size_t> feed(const peer_type& from, mutable_bytes datagram, mutable_bytes reply, instant now) noexcept {
    if (!works_) return errc::invalid_argument;
    if (reply.size() < max_datagram) return errc::buffer_too_small;
    if (core::overlap(datagram, reply)) return errc::buffers_overlap;
    clock_.advance(now);
    ++counters_.datagrams;
    const auto answered = from.can_reply() ? dispatch(from, datagram, reply) : errc::no_return_path;
    if (!answered) ++counters_.dropped;
    return answered;
  }

  /// Output that no call of feed() or complete() returned: none of today's payloads has any; Serial over LAN will.
  /// Errors: buffer_too_small (`out` below max_datagram).
  outgoing<peer_type> poll_transmit(mutable_bytes out, instant now) noexcept {
    clock_.advance(now);
    return {.error = out.size() < max_datagram ? errc::buffer_too_small : errc::ok};
  }

  /// The next thing to know, or kind `none`. Events are notes: those that find no room are dropped and counted.
  bmc_event<peer_type> next_event() noexcept { return events_.pop(); }

  /// Answers a command that the handler left pending. Errors: stale_handle (also if its session has ended); too_long;
  /// buffer_too_small (`out` below max_datagram; the ticket stays valid); entropy_failure; crypto_failure.
  result<outgoing<peer_type>> complete(ticket t, const response& rs, mutable_bytes out, instant now) noexcept {
    clock_.advance(now);
    typename request_part::step done;
    const auto answered = requests_.complete(parts(peer_type{}, out), t, rs, done);
    tell_served(done);
    return answered;
  }

  /// Ends a session without telling its console. Errors: unknown_session.
  status close(session_id id, instant now) noexcept {
    clock_.advance(now);
    session* const s = sessions().find(id);
    if (!s) return errc::unknown_session;
    revoke(*s);
    return {};
  }

  /// The user's password, limit or permission changed: ends the sessions and half-open logins that rest on it.
  void user_changed(user_id id, instant now) noexcept {
    clock_.advance(now);
    for (auto& s : sessions())
      if (s.state.active && s.state.info.user == id) revoke(s);
    while (login_.revoke(id) != detail::login_stage::none)
      move(login_state::proven, login_trigger::revoked, login_state::none);
  }

  /// K_g changed: ends every RMCP+ session and proven login.
  void kg_changed(instant now) noexcept {
    clock_.advance(now);
    for (auto& s : sessions())
      if (s.state.active && !s.state.info.is_v15()) revoke(s);
    while (login_.revoke_kg() != detail::login_stage::none)
      move(login_state::proven, login_trigger::revoked, login_state::none);
  }

  /// When handle_timeout() has something to do; instant::never() when idle.
  [[nodiscard]] instant poll_timeout() const noexcept {
    instant t = login_.oldest();
    if (!t.is_never()) t = t + options_.half_open_lifetime;
    for (const auto& s : sessions())
      if (s.state.active) t = earlier(t, expiry(s));
    return clock_.to_outside(t);
  }

  /// Ends what has expired by `now`. Early and spurious calls are harmless.
  void handle_timeout(instant now) noexcept {
    clock_.advance(now);
    expire();
  }

  /// Calls `f(const session_info&, const Peer&)` for every session.
  template <class F> void for_each_session(F&& f) const {
    for (const auto& s : sessions())
      if (s.state.active) f(s.state.info, s.state.peer);
  }
  [[nodiscard]] std::size_t active_sessions() const noexcept { return sessions().active(); }
  [[nodiscard]] std::size_t opened_logins() const noexcept { return login_.opened_logins(); }
  [[nodiscard]] std::size_t proven_logins() const noexcept { return login_.proven_logins(); }
  [[nodiscard]] const bmc_counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::uint32_t events_lost() const noexcept { return events_.lost(); }
  /// The suites in force: those of the options that this build, its backend and its traits have.
  [[nodiscard]] bytes suites() const noexcept { return suites_; }
  [[nodiscard]] Config& config() noexcept { return held_.config; }

  /// As console::describe_state(); a value may also be a peer.
  template <class Sink> void describe_state(Sink&& sink, instant now) const {
    core::elapsed_clock clock = clock_;
    clock.advance(now);
    login_.describe_state(sink, clock.now(), options_.half_open_lifetime);
    for (const auto& s : sessions()) s.describe_state(sink, clock.now(), expiry(s));
    requests_.describe_state(sink);
    penalties_.describe_state(sink, clock.now());
    sink("events", events_.size());
  }

 private:
  using context = detail::bmc_context<Config>;
  using login_part = detail::bmc_login_v2<Config>;
  using login_step = typename login_part::step;
  using request_part = detail::request_path<Config>;
  using event = bmc_event<peer_type>;
  using answer_size = result<std::size_t>;

  [[nodiscard]] auto& sessions() noexcept { return held_.loaded; }
  [[nodiscard]] const auto& sessions() const noexcept { return held_.loaded; }

  RMCPP_SHARED context parts(const peer_type& from, mutable_bytes reply) noexcept {
    Config& c = held_.config;
    return {
        held_.crypto(), core::deref(c.random), core::deref(c.users), options_, suites_, penalties_, sessions(), from,
        reply,          clock_.now()};
  }

  // ---- state changes ----

  void move(login_state from, login_trigger on, login_state to) noexcept {
    check_transition(held_.config, login_transition{from, on, to});
  }
  void expire() noexcept {
    const auto next = [&] { return login_.expire(clock_.now(), options_.half_open_lifetime); };
    for (auto at = next(); at != detail::login_stage::none; at = next())
      move(at, login_trigger::expired, login_state::none);
    for (auto& s : sessions()) expire(s);
  }
  void expire(session& s) noexcept {
    if (s.state.active && clock_.now() >= expiry(s)) end_session(s, login_trigger::expired, errc::expired);
  }
  /// A console that rejects our RAKP 4 says nothing: until its first packet a session lives no longer than a login.
  [[nodiscard]] instant expiry(const session& s) const noexcept {
    return s.state.last_heard + (s.state.confirmed ? options_.inactivity : options_.half_open_lifetime);
  }
  void revoke(session& s) noexcept { end_session(s, login_trigger::revoked, errc::closed_by_application); }
  /// While the session's own command runs the end waits for the answer.
  void end_session(session& s, login_trigger on, errc why) noexcept {
    if (s.state.executing) {
      s.state.end_on = on;
      s.state.end_why = why;
      return;
    }
    s.link.unload(held_.crypto());
    s.receipt = {};
    vacate(s, on, why);
  }
  /// All of a session's end but link and receipt, which may be the next one's already.
  void vacate(session& s, login_trigger on, errc why) noexcept {
    move(login_state::active, on, login_state::none);
    events_.push({.type = event::kind::closed, .error = why, .session = s.state.info, .peer = s.state.peer});
    requests_.forget(s.state.info.id);
    s.state = {};
  }

  /// Does what a login's step says; returns what feed() has to.
  answer_size act(const peer_type& from, const login_step& step) noexcept {
    if (step.evicted != detail::login_stage::none) {
      ++counters_.evicted;
      move(step.evicted, login_trigger::evicted, login_state::none);
    }
    if (step.session && step.session->state.active) {
      ++counters_.evicted;
      vacate(*step.session, login_trigger::evicted, errc::evicted);
    }
    switch (step.kind) {
      case detail::step_kind::next: move_on(step.at); break;
      case detail::step_kind::done: begin_session(step, from); break;
      case detail::step_kind::failed:
        move(step.at, login_trigger::refused, login_state::none);
        if (step.why == errc::ok) break;
        ++counters_.failed_logins;
        events_.push({.type = event::kind::login_failed, .error = step.why, .session = step.who, .peer = from});
        break;
      default: break;
    }
    return step.taken;
  }
  void move_on(detail::login_stage at) noexcept {
    if (at == detail::login_stage::none) return move(at, login_trigger::open_session, login_state::opened);
    move(at, login_trigger::rakp1, login_state::proven);  // once more from there, if the console began anew
  }
  void begin_session(const login_step& step, const peer_type& from) noexcept {
    move(step.at, step.at == login_state::proven ? login_trigger::rakp3 : login_trigger::activate, login_state::active);
    session& s = *step.session;
    s.state =
        typename session::session_state{.active = true, .peer = from, .info = step.who, .last_heard = clock_.now()};
    s.state.info.handle = sessions().handle_of(s);
    ++counters_.logins;
    events_.push({.type = event::kind::login, .session = s.state.info, .peer = from});
  }

  void tell_served(const typename request_part::step& done) noexcept {
    if constexpr (traits::tells_served) {
      if (!done.served) return;
      event* const e = events_.next_place();  // written there: there is one for each request
      if (!e) return;
      const auto& s = done.served->state;
      e->type = event::kind::served;
      e->error = errc::ok;
      e->session = s.info;
      e->peer = s.peer;
      e->fn = done.fn;
      e->command = done.command;
      e->code = done.code;
    }
  }

  // ---- datagrams ----

  answer_size dispatch(const peer_type& from, mutable_bytes datagram, mutable_bytes reply) noexcept {
    const auto packet = wire::look(datagram);
    if (!packet) return packet.error();
    switch (packet->format) {
      case wire::packet_format::asf: return detail::answer_ping(packet->payload(), reply);
      case wire::packet_format::v15:
        if (!traits::v15 || packet->sequence == 0) return on_sessionless(parts(from, reply), *packet);
        break;
      case wire::packet_format::v2: break;
      default: return errc::bad_message_class;
    }
    if (packet->id == session_id::none) return on_sessionless(parts(from, reply), *packet);
    session* const s = sessions().find(packet->id);
    if (s) expire(*s);
    if (!s || !s->state.active) return errc::unknown_session;
    if (!(s->state.peer == from)) return errc::wrong_peer;
    return on_session(parts(from, reply), *s, *packet);
  }

  /// From outside a session; of IPMI v1.5 also Activate Session.
  answer_size on_sessionless(const context& c, const wire::seen& packet) noexcept {
    const bool v15 = packet.format == wire::packet_format::v15;
    if (!traits::v15 || !v15 || packet.id == session_id::none)
      if (const status bare = check_sessionless(packet); !bare) return bare.error();
    if (!traits::v15 && v15) return answer_discovery(c, packet);
    expire();  // what has expired must not answer, even if nobody has called yet
    if (!v15 && packet.kind.type() == payload_type::ipmi) return answer_discovery(c, packet);
    const auto login = [&] {
      if constexpr (traits::v15)
        if (v15) return detail::bmc_login_v15<Config>(c, login_.half_open(), login_.users(), packet).take();
      return login_.take(c, packet.kind.type(), packet.payload());
    };
    return act(c.from, login());
  }

  answer_size on_session(const context& c, session& s, const wire::seen& packet) noexcept {
    if (packet.kind.type() != payload_type::ipmi) return errc::bad_payload_type;
    const auto message = s.link.open(held_.crypto(), packet, protect::repeats::tell);
    if (!message) return message.error();
    const privilege before = s.state.info.level;
    typename request_part::step step;
    const auto taken = requests_.take(c, core::deref(held_.config.handler), s, *message, step);
    using what = typename request_part::step::kind;
    counters_.commands += step.what == what::executed ? 1 : 0;
    counters_.repeats += step.what == what::repeated ? 1 : 0;
    tell_served(step);
    if (s.state.info.level != before)
      events_.push({.type = event::kind::privilege, .session = s.state.info, .peer = s.state.peer});
    if (step.closes)
      end_session(*step.closes, login_trigger::closed,
                  step.closes == &s ? errc::closed_by_peer : errc::closed_by_administrator);
    if (s.state.end_why != errc::ok) end_session(s, s.state.end_on, s.state.end_why);
    return taken;
  }

  detail::keyed<Config, detail::session_table<crypto_type, peer_type, traits>> held_;
  bmc_options options_;
  suite_list suites_;
  detail::handed_over<bool> works_;
  core::elapsed_clock clock_{};
  detail::left_empty<login_part> login_{};
  request_part requests_{};
  detail::penalty_table<peer_type, traits::penalties> penalties_{};
  detail::left_empty<detail::event_ring<event, traits::events>> events_{};
  bmc_counters counters_{};
};

}  // namespace rmcpp
