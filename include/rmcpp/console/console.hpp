// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/event.hpp>
#include <rmcpp/console/questions.hpp>
#include <rmcpp/console/requests.hpp>
#include <rmcpp/console/traffic.hpp>
#include <rmcpp/core/prefetch.hpp>
#include <rmcpp/session/keyed.hpp>
#include <rmcpp/session/outgoing.hpp>
#include <rmcpp/session/transitions.hpp>

/// \file
/// The remote console: logs in to a BMC and runs commands. No socket, clock, heap or thread of its own.

namespace rmcpp {

/// After any call that takes `now`, drain poll_transmit() and next_event() until they yield nothing, in any order; then
/// wait for a datagram or for poll_timeout(), and call handle_timeout() either way. session/pump.hpp is that loop.
///
/// Here are the verbs, the clock, the states and the events. What is asked before a login, the login itself, the
/// console's own commands and its caller's requests are parts, each in a header of its own.
template <console_config Config> class console<Config> {
  using crypto_type = core::policy_of<decltype(Config::crypto)>;
  using traits = typename Config::traits;
  static_assert(traits::in_flight >= 1 && traits::in_flight <= 15);

 public:
  /// Bytes that poll_transmit()'s buffer must hold.
  static constexpr std::size_t max_datagram =
      protect::max_datagram_for(wire::lan_request::overhead + detail::request_table<traits>::max_data);

  /// `config` moves in: `console c(std::move(config), options)`, unless it holds refs only and can be copied.
  console(Config config, const console_options& options) noexcept
      : held_(static_cast<Config&&>(config)), options_(options) {}

  /// Whether a console can use its options. Errors: unsupported_suite if the list is empty or names a suite that this
  /// build, its backend or its traits lack; invalid_argument for a level not 1..5, or `retry.tries` not 1..14.
  static constexpr status check(const console_options& o) noexcept {
    return detail::check_options<crypto_type, traits>(o);
  }

  /// Begins a login. Errors: wrong_state unless idle or closed; those of check().
  status start(instant now) noexcept {
    clock_.advance(now);
    if (!is_over()) return errc::wrong_state;
    if (const status sound = check(options_); !sound) return sound;
    news_ = {};
    if constexpr (traits::v15) requests_.limit_data(detail::longest_data<traits>(options_));
    move(console_trigger::start, console_state::capabilities);
    questions_.begin_discovery(parts());
    return {};
  }

  /// Queues a request; it is sent once the session is active. `rq.data` is borrowed until the request's `done` event
  /// or cancel(). Errors: wrong_state before start() or after the end; no_slot; too_long.
  result<request_id> submit(const request& rq, instant now) noexcept {
    clock_.advance(now);
    if (!detail::accepts_requests(state_)) return errc::wrong_state;
    return accepted(requests_.add(rq, clock_.now()), rq);
  }

  /// As submit(), but copies `rq.data`. Errors: also too_long above `traits::request_bytes`.
  result<request_id> submit_copy(const request& rq, instant now) noexcept requires(traits::request_bytes > 0) {
    clock_.advance(now);
    if (!detail::accepts_requests(state_)) return errc::wrong_state;
    return accepted(requests_.add_copy(rq, clock_.now()), rq);
  }

  /// Forgets a request; no `done` event follows. Its sequence number stays out of use until a late answer cannot be
  /// mistaken for another's. Errors: stale_handle.
  status cancel(request_id id, instant now) noexcept {
    clock_.advance(now);
    return requests_.cancel(id, clock_.now());
  }

  /// Ends the session, or the login in progress. Requests in flight end with closed_by_application.
  /// Errors: wrong_state if there is nothing to close.
  status close(instant now) noexcept {
    clock_.advance(now);
    if (is_over() || state_ == console_state::closing) return errc::wrong_state;
    requests_.end_all(errc::closed_by_application, clock_.now());
    end(parts(), console_trigger::close, errc::closed_by_application, 0);
    return {};
  }

  /// Takes a datagram from the BMC; decrypts in place. A bad one changes nothing and says why.
  /// Errors: the drop codes of errc; crypto_failure.
  status feed(mutable_bytes datagram, instant now) noexcept {
    clock_.advance(now);
    requests_.drop_views();
    const status taken = take(datagram);
    if (!taken) questions_.effort().dropped(taken.error());
    return taken;
  }

  /// Writes the next datagram to send; the rest of `out` is scratch. False: there is none, and `error` says why if
  /// something stood in the way. Errors: buffer_too_small (`out` below max_datagram: always, even if less would do);
  /// entropy_failure and crypto_failure end the session.
  outgoing<> poll_transmit(mutable_bytes out, instant now) noexcept {
    clock_.advance(now);
    if (out.size() < max_datagram) return {.error = errc::buffer_too_small};
    const auto written = transmit(out);
    return {.size = written.value_or(0), .error = written.error()};
  }

  /// The next thing to know, or kind `none`.
  console_event next_event() noexcept {
    console_event e;
    const instant now = clock_.now();
    if (news_.take_ready(e)) {
      e.effort = questions_.effort().of_login(now);
    } else if (!requests_.next_event(e, questions_.effort(), now) && news_.take_end(e) &&
               e.type == console_event::kind::closed) {
      e.effort = questions_.effort().of_step(now);
    }
    return e;
  }

  /// When there is something to do: the present while a datagram or an event waits, so that who drains in another order
  /// never waits in vain; instant::never() when idle.
  [[nodiscard]] instant poll_timeout() const noexcept {
    if (next_output() != output::nothing || news_.waits() || requests_.has_event()) return clock_.outside();
    instant t = questions_.deadline();
    if (detail::accepts_requests(state_)) t = earlier(t, requests_.next_deadline());
    if (awaits_keep_alive()) t = earlier(t, traffic_.keep_alive_at());
    return clock_.to_outside(t);
  }

  /// Does what has become due by `now`. Early and spurious calls are harmless.
  void handle_timeout(instant now) noexcept {
    clock_.advance(now);
    if (questions_.overdue(clock_.now())) (void)act(parts(), questions_.overdue(parts()));
    if (detail::accepts_requests(state_)) requests_.handle_timeout(clock_.now(), options_.retry);
    if (awaits_keep_alive() && clock_.now() >= traffic_.keep_alive_at())
      questions_.begin_control(parts(), wire::app::get_device_id);
  }

  /// Asks for the session to be brought into the cache, a packet's time before it is used: for pollers of thousands.
  void prefetch() const noexcept { core::prefetch_object(*this); }

  [[nodiscard]] console_state state() const noexcept { return state_; }
  /// Whether there is no login and no session: start() is next.
  [[nodiscard]] bool is_over() const noexcept {
    return state_ == console_state::idle || state_ == console_state::closed;
  }
  /// The suite of the login in progress or of the session.
  [[nodiscard]] const wire::cipher_suite& suite() const noexcept { return questions_.login().suite(); }
  /// What the BMC said of itself before the login: unauthenticated, for diagnosis only.
  [[nodiscard]] const wire::channel_auth_response& capabilities() const noexcept {
    return questions_.discovery().capabilities();
  }
  /// The suites that it listed, `offers(id)`; null: it was not asked, or gave no list. Unauthenticated likewise.
  [[nodiscard]] const wire::cipher_suite_reader* suites_offered() const noexcept {
    return questions_.discovery().offered();
  }
  /// The first suite of the list that this login gave up: what the session has is less than was asked for.
  [[nodiscard]] const suite_given_up& given_up() const noexcept { return questions_.login().given_up(); }
  [[nodiscard]] const protect::rakp_transcript& transcript() const noexcept { return questions_.login().transcript(); }
  /// In the BMC's packets, and in ours: one and the same in v1.5.
  [[nodiscard]] session_id id() const noexcept { return questions_.id(); }
  [[nodiscard]] session_id managed_id() const noexcept { return questions_.managed_id(); }
  [[nodiscard]] Config& config() noexcept { return held_.config; }

  /// Calls `sink(name, value)` for everything that later behaviour can depend on, times as what is left of them; a
  /// value is an unsigned integer, a bool, an enumeration or bytes. Consoles with equal options and configurations that
  /// are described alike behave alike. For exploration and debugging; the keys are not told.
  template <class Sink> void describe_state(Sink&& sink, instant now) const {
    core::elapsed_clock clock = clock_;
    clock.advance(now);
    sink("state", console_state{state_});
    sink("farewell_due", bool{farewell_due_});
    sink("granted", level_);
    traffic_.describe_state(sink, clock.now());
    held_.loaded.describe_state(sink);
    news_.describe_state(sink);
    questions_.describe_state(sink, clock.now());
    requests_.describe_state(sink, clock.now());
  }

 private:
  using context = detail::console_context<Config>;

  [[nodiscard]] auto& link() noexcept { return held_.loaded; }

  RMCPP_SHARED context parts() noexcept {
    return {held_.crypto(), core::deref(held_.config.random), options_, link(), requests_.sequences(), questions_.tag(),
            clock_.now()};
  }

  result<request_id> accepted(const result<request_id>& id, const request& rq) noexcept {
    if (id) requests_.begin(*id, clock_.from_outside(rq.deadline), questions_.effort().begin(clock_.now()));
    return id;
  }

  // ---- states ----

  /// Not while a keep-alive is in progress: its retries must run out.
  [[nodiscard]] bool awaits_keep_alive() const noexcept { return state_ == console_state::active && questions_.idle(); }

  void move(console_trigger on, console_state to) noexcept {
    detail::check_transition(held_.config, console_transition{state_, on, to});
    state_ = to;
  }

  /// Does what a part's step says; returns what feed() has to.
  status act(const context& c, detail::console_step step) noexcept {
    switch (step.kind) {
      case detail::step_kind::stay: break;
      case detail::step_kind::again: questions_.ask_next(c); break;
      case detail::step_kind::failed:
      case detail::step_kind::farewell: fail(c, step); break;
      default:
        if (state_ != console_state::active) go_on(c, step);  // there, a keep-alive was answered
    }
    return step.taken;
  }

  void go_on(const context& c, detail::console_step step) noexcept {
    const auto on = trigger_of(state_, step.kind, step.why == errc::ok);
    const auto to = next_state(state_, step.kind, c.is_v15());
    if (to == console_state::closed) return finish(on);
    const bool discovered = detail::discovers(state_);
    move(on, to);
    if (to == console_state::active) return news_.is_ready(level_);
    if (to == console_state::set_privilege) {
      traffic_.begin();
      return questions_.begin_control(c, wire::app::set_session_privilege);
    }
    if (detail::logs_in(to) && discovered) return questions_.begin_login(c);
    questions_.ask_next(c);
  }

  void fail(const context& c, detail::console_step step) noexcept {
    if (state_ == console_state::closing && step.why == errc::timed_out) return finish(console_trigger::failure);
    const bool farewell = step.kind == detail::step_kind::farewell;
    farewell_due_ = farewell && detail::logs_in(state_);
    end(c, farewell && detail::in_session(state_) ? console_trigger::close : console_trigger::failure, step.why,
        step.detail);
  }

  /// Ends the login or session; `why` is what the terminal event will say. close() within a session says goodbye first.
  void end(const context& c, console_trigger on, errc why, std::uint8_t detail) noexcept {
    news_.ends(why, detail, questions_.effort().of_step(clock_.now()));
    if (on != console_trigger::close || !detail::in_session(state_)) return finish(on);
    move(on, console_state::closing);
    questions_.begin_control(c, wire::app::close_session);
  }
  void finish(console_trigger on) noexcept {
    move(on, console_state::closed);
    questions_.end();
    requests_.end_all(news_.tell_end(), clock_.now());
    link().unload(held_.crypto());
  }

  // ---- datagrams ----

  status take(mutable_bytes datagram) noexcept {
    const auto packet = wire::look(datagram);
    if (!packet) return packet.error();
    if (packet->format != wire::packet_format::v15 && packet->format != wire::packet_format::v2)
      return errc::bad_message_class;
    const bool v15 = packet->format == wire::packet_format::v15 && !parts().is_v15();
    if (v15 || packet->id == session_id::none || state_ == console_state::activate) return feed_outside(*packet);
    if (!detail::in_session(state_) || packet->id != id()) return errc::unknown_session;
    return feed_session(*packet);
  }

  /// Outside a session, or under the temporary id of one that is not active yet.
  status feed_outside(const wire::seen& packet) noexcept {
    const context c = parts();
    const bool temporary = packet.id != session_id::none && c.is_v15();
    if (const status bare = check_sessionless(packet); !bare && !temporary) return bare;
    return act(c, questions_.take(c, packet));
  }

  status feed_session(const wire::seen& packet) noexcept {
    if (packet.kind.type() != payload_type::ipmi) return errc::bad_payload_type;
    const auto message = link().open(held_.crypto(), packet);
    if (!message) return message.error();
    const auto rs = wire::decode<wire::lan_response>(message->message());
    if (!rs) return rs.error();
    traffic_.heard();
    if (!rs->target.is_response()) return errc::unexpected_message;
    // The answer to a repeat whose original is still being worked on.
    if (rs->code == completion_code::duplicated_request) return errc::unmatched_response;
    if (!questions_.is_answer(*rs)) return requests_.answer(*rs, clock_.now());
    return act(parts(), questions_.take(*rs, level_));
  }

  // ---- sending ----

  enum class output : std::uint8_t { nothing, farewell, question, request, probe };

  [[nodiscard]] RMCPP_SHARED output next_output() const noexcept {
    if (farewell_due_) return output::farewell;
    if (questions_.due()) return output::question;
    if (state_ != console_state::active || !requests_.has_due()) return output::nothing;
    if (traffic_.has_room(options_.retry, detail::most_unanswered(held_.loaded))) return output::request;
    // The requests wait for answers to the others. Once none is to be hoped for, a question that every BMC answers
    // finds out whether anybody is there.
    return questions_.idle() && !requests_.awaits_answer() ? output::probe : output::nothing;
  }

  /// Without randomness or cryptography nothing can go on.
  result<std::size_t> transmit(mutable_bytes out) noexcept {
    const auto n = write(next_output(), out);
    if (!n) fail(parts(), detail::console_step::failed(n.error()));
    return n;
  }
  result<std::size_t> write(output what, mutable_bytes out) noexcept {
    switch (what) {
      case output::farewell: farewell_due_ = false; return questions_.encode_farewell(out);
      case output::request: return transmit_request(*requests_.next_due(), out);
      case output::probe: questions_.begin_control(parts(), wire::app::get_device_id); [[fallthrough]];
      case output::question: return transmit_question(out);
      default: return std::size_t{0};
    }
  }

  result<std::size_t> transmit_question(mutable_bytes out) noexcept {
    const auto n = questions_.encode(parts(), out);
    if (n && detail::in_session(state_)) traffic_.sent(options_, clock_.now());
    return n;
  }
  result<std::size_t> transmit_request(typename detail::request_table<traits>::entry& rq, mutable_bytes out) noexcept {
    const auto n = link().seal_message(held_.crypto(), parts().random, requests_.message(rq), out);
    if (!n) return n;
    requests_.sent(rq, options_.retry, clock_.now());
    traffic_.sent(options_, clock_.now());
    return n;
  }

  detail::keyed<Config, protect::link_of<crypto_type, traits>> held_;
  console_options options_;
  core::elapsed_clock clock_{};
  detail::handed_over<console_state> state_ = console_state::idle;
  detail::handed_over<bool> farewell_due_ = false;
  privilege level_{};
  detail::left_empty<detail::console_news> news_{};
  detail::session_traffic traffic_{};
  detail::console_questions<Config> questions_{};
  detail::left_empty<detail::request_table<traits>> requests_{};
};

}  // namespace rmcpp
