// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/control.hpp>
#include <rmcpp/console/discovery.hpp>
#include <rmcpp/console/event.hpp>
#include <rmcpp/console/login_v2.hpp>
#include <rmcpp/console/requests.hpp>
#include <rmcpp/core/prefetch.hpp>
#include <rmcpp/session/transitions.hpp>

/// \file
/// The remote console: logs in to a BMC and runs commands. No socket, clock, heap or thread of its own.

namespace rmcpp {

/// For a type that is no configuration: a build stops here, and says what the type lacks.
template <class Config> class console {
  static_assert(detail::check_console_config<Config>(), "rmcpp: not a console's configuration (console/options.hpp)");

 public:
  console(Config config, const console_options& options) noexcept;
};

/// After any call that takes `now`, drain next_event() until it yields `none` and poll_transmit() until it yields
/// nothing; then wait for a datagram or for poll_timeout(), and call handle_timeout() either way.
///
/// Here are the verbs, the clock, the states and the events. What is asked before a login, the login itself, the
/// console's own commands and its caller's requests are parts, each in a header of its own.
template <console_config Config> class console<Config> {
  using crypto_type = std::remove_cvref_t<decltype(Config::crypto)>;
  using traits = typename Config::traits;
  static_assert(traits::in_flight >= 1 && traits::in_flight <= 15);

 public:
  static constexpr std::uint8_t max_unanswered = rmcpp::max_unanswered;
  /// Bytes that poll_transmit()'s buffer must hold: with less, a longer request waits for ever.
  static constexpr std::size_t max_datagram =
      protect::max_datagram_for(wire::lan_request::overhead + detail::request_table<traits>::max_data);

  console(Config config, const console_options& options) noexcept
      : config_(static_cast<Config&&>(config)), options_(options) {}
  ~console() { link_.unload(config_.crypto); }
  console(const console&) = default;
  console& operator=(const console&) = default;

  /// Begins a login. Errors: wrong_state unless idle or closed; unsupported_suite if the list is empty or names a suite
  /// that this build, its backend or its traits lack; invalid_argument for a level not 1..5 or over 14 `retry.tries`.
  status start(instant now) noexcept {
    clock_.advance(now);
    if (state_ != console_state::idle && state_ != console_state::closed) return errc::wrong_state;
    if (const status sound = check<crypto_type, traits>(options_); !sound) return sound;
    terminal_ = {};
    move(console_trigger::start, console_state::capabilities);
    discovery_.begin(requests_.sequences(), clock_.now());
    question_.begin();
    return {};
  }

  /// Queues a request; it is sent once the session is active. `rq.data` is borrowed until the request's `done` event
  /// or cancel(). Errors: wrong_state before start() or after the end; no_slot; too_long.
  result<request_id> submit(const request& rq, instant now) noexcept {
    clock_.advance(now);
    if (!detail::accepts_requests(state_)) return errc::wrong_state;
    return requests_.add(rq, clock_.now());
  }

  /// As submit(), but copies `rq.data`. Errors: also too_long above `traits::request_bytes`.
  result<request_id> submit_copy(const request& rq, instant now) noexcept requires(traits::request_bytes > 0) {
    clock_.advance(now);
    if (!detail::accepts_requests(state_)) return errc::wrong_state;
    return requests_.add_copy(rq, clock_.now());
  }

  /// Forgets a request; no `done` event follows. Its sequence number stays out of use until a late answer cannot be
  /// mistaken for another's. Errors: stale_handle.
  status cancel(request_id id) noexcept { return requests_.cancel(id, clock_.now()); }

  /// Ends the session, or the login in progress. Requests in flight end with closed_by_application.
  /// Errors: wrong_state if there is nothing to close.
  status close(instant now) noexcept {
    clock_.advance(now);
    if (state_ == console_state::idle || state_ == console_state::closed || state_ == console_state::closing)
      return errc::wrong_state;
    requests_.end_all(errc::closed_by_application, clock_.now());
    end(parts(), console_trigger::close, errc::closed_by_application, 0);
    return {};
  }

  /// Takes a datagram from the BMC; decrypts in place. A bad one changes nothing and says why.
  /// Errors: the drop codes of errc; crypto_failure.
  status feed(mutable_bytes datagram, instant now) noexcept {
    clock_.advance(now);
    requests_.drop_views();
    const auto packet = wire::look(datagram);
    if (!packet) return packet.error();
    if (packet->format != wire::packet_format::v15 && packet->format != wire::packet_format::v2)
      return errc::bad_message_class;
    if (packet->format == wire::packet_format::v15 || packet->id == session_id::none) return feed_sessionless(*packet);
    if (!detail::in_session(state_) || packet->id != login_.id()) return errc::unknown_session;
    return feed_session(*packet);
  }

  /// Writes the next datagram to send and returns its size, or 0 if there is none; the rest of `out` is scratch.
  /// Errors: buffer_too_small (nothing changed: call again with more room); entropy_failure and crypto_failure end the
  /// session.
  result<std::size_t> poll_transmit(mutable_bytes out, instant now) noexcept {
    clock_.advance(now);
    if (farewell_due_) return transmit_farewell(out);
    if (question_.due()) return transmit_question(out);
    auto* rq = state_ == console_state::active ? requests_.next_due() : nullptr;
    if (!rq) return std::size_t{0};
    if (unanswered_ + options_.retry.tries < max_unanswered) return transmit_request(*rq, out);
    // The requests wait; a question that every BMC answers finds out whether anybody is there.
    if (!question_.idle()) return std::size_t{0};
    begin_control(parts(), wire::app::get_device_id);
    return transmit_question(out);
  }

  /// The next thing to know, or kind `none`.
  console_event next_event() noexcept {
    if (ready_pending_) {
      ready_pending_ = false;
      return {.type = console_event::kind::ready, .level = level_};
    }
    if (auto e = requests_.next_event(); e.type != console_event::kind::none) return e;
    if (state_ != console_state::closed) return {};
    const detail::console_ending e = terminal_;
    terminal_ = {};
    return e.event();
  }

  /// When handle_timeout() has something to do; instant::never() when idle.
  [[nodiscard]] instant poll_timeout() const noexcept {
    instant t = question_.deadline();
    if (detail::accepts_requests(state_)) t = earlier(t, requests_.next_deadline());
    if (awaits_keep_alive()) t = earlier(t, keep_alive_at_);
    return t;
  }

  /// Does what has become due by `now`. Early and spurious calls are harmless.
  void handle_timeout(instant now) noexcept {
    clock_.advance(now);
    if (question_.overdue(clock_.now())) question_overdue();
    if (detail::accepts_requests(state_)) requests_.handle_timeout(clock_.now(), options_.retry);
    if (awaits_keep_alive() && clock_.now() >= keep_alive_at_) begin_control(parts(), wire::app::get_device_id);
  }

  /// Asks for the session to be brought into the cache, a packet's time before it is used: for pollers of thousands.
  void prefetch() const noexcept { core::prefetch_object(*this); }

  [[nodiscard]] console_state state() const noexcept { return state_; }
  /// The suite of the login in progress or of the session.
  [[nodiscard]] const wire::cipher_suite& suite() const noexcept { return login_.suite(); }
  /// What the BMC said of itself before the login: unauthenticated, for diagnosis only.
  [[nodiscard]] const wire::channel_auth_response& capabilities() const noexcept { return discovery_.capabilities(); }
  [[nodiscard]] const protect::rakp_transcript& transcript() const noexcept { return login_.transcript(); }
  [[nodiscard]] session_id id() const noexcept { return login_.id(); }
  [[nodiscard]] session_id managed_id() const noexcept { return login_.managed_id(); }
  [[nodiscard]] Config& config() noexcept { return config_; }

 private:
  using context = detail::console_context<Config>;

  context parts() noexcept {
    return {config_.crypto, config_.random, options_, link_, requests_.sequences(), tag_, clock_.now()};
  }

  // ---- states ----

  /// Not while a keep-alive is in progress: its retries must run out.
  [[nodiscard]] bool awaits_keep_alive() const noexcept { return state_ == console_state::active && question_.idle(); }

  void move(console_trigger on, console_state to) noexcept {
    detail::check_transition(config_, console_transition{state_, on, to});
    state_ = to;
  }

  /// Does what a part's step says; returns what feed() has to.
  status act(const context& c, detail::console_step step) noexcept {
    switch (step.kind) {
      case detail::step_kind::stay: break;
      case detail::step_kind::again: question_.begin(); break;
      case detail::step_kind::failed:
      case detail::step_kind::farewell: fail(c, step); break;
      default:
        if (state_ != console_state::active) go_on(c, step);  // there, a keep-alive was answered
    }
    return step.taken;
  }

  void go_on(const context& c, detail::console_step step) noexcept {
    const auto on = trigger_of(state_, step.kind, step.why == errc::ok);
    const auto to = next_state(state_, step.kind);
    if (to == console_state::closed) return finish(on);
    const bool discovered = detail::discovers(state_);
    move(on, to);
    question_.begin();
    if (to == console_state::open_session && discovered) login_.begin(c, discovery_.offered());
    if (to == console_state::set_privilege) {
      unanswered_ = 0;
      begin_control(c, wire::app::set_session_privilege);
    }
    if (to == console_state::active) {
      question_.cancel();
      ready_pending_ = true;
    }
  }

  void fail(const context& c, detail::console_step step) noexcept {
    const bool farewell = step.kind == detail::step_kind::farewell;
    farewell_due_ = farewell && detail::logs_in(state_);
    end(c, farewell && detail::in_session(state_) ? console_trigger::close : console_trigger::failure, step.why,
        step.detail);
  }

  /// Ends the login or session; `why` is what the terminal event will say. close() within a session says goodbye first.
  void end(const context& c, console_trigger on, errc why, std::uint8_t detail) noexcept {
    const bool asked_for = why == errc::closed_by_application;
    terminal_ = {asked_for ? console_event::kind::closed : console_event::kind::failed, why, detail};
    if (on != console_trigger::close || !detail::in_session(state_)) return finish(on);
    move(on, console_state::closing);
    begin_control(c, wire::app::close_session);
  }
  void finish(console_trigger on) noexcept {
    move(on, console_state::closed);
    question_.cancel();
    requests_.end_all(terminal_.error, clock_.now());
    login_.end();
    link_.unload(config_.crypto);
  }

  /// The deadline of a question outside the session, or of a command of the console's own.
  void question_overdue() noexcept {
    const context c = parts();
    detail::console_step step;
    if (detail::discovers(state_)) step = discovery_.overdue();
    if (detail::logs_in(state_)) step = login_.overdue(c);
    if (step.kind != detail::step_kind::stay) return (void)act(c, step);
    const bool closing = state_ == console_state::closing;
    if (question_.again(closing ? farewell_retry : options_.retry)) return;
    if (closing) return finish(console_trigger::failure);
    fail(c, detail::console_step::failed(state_ == console_state::active ? errc::session_lost : errc::timed_out));
  }

  // ---- datagrams ----

  status feed_sessionless(const wire::seen& packet) noexcept {
    if (const status bare = check_sessionless(packet); !bare) return bare;
    if (question_.unsent()) return errc::unexpected_message;
    const context c = parts();
    if (packet.kind.type() != payload_type::ipmi) return act(c, login_.take(c, packet.kind.type(), packet.payload()));
    return detail::discovers(state_) ? act(c, discovery_.take(c, packet)) : errc::unexpected_message;
  }

  status feed_session(const wire::seen& packet) noexcept {
    if (packet.kind.type() != payload_type::ipmi) return errc::bad_payload_type;
    const auto message = link_.open(config_.crypto, packet);
    if (!message) return message.error();
    const auto rs = wire::decode<wire::lan_response>(message->message());
    if (!rs) return rs.error();
    unanswered_ = 0;
    if (!rs->target.is_response()) return errc::unexpected_message;
    // The answer to a repeat whose original is still being worked on.
    if (rs->code == completion_code::duplicated_request) return errc::unmatched_response;
    if (question_.unsent() || !control_.is_answer(*rs)) return requests_.answer(*rs, clock_.now());
    question_.cancel();
    return act(parts(), control_.take(*rs, level_));
  }

  // ---- sending ----

  void begin_control(const context& c, std::uint8_t command) noexcept {
    control_.begin(c, command);
    question_.begin();
  }

  result<std::size_t> transmit_question(mutable_bytes out) noexcept {
    const auto n = detail::in_session(state_) ? send(control_.message(), out) : transmit_setup(out);
    if (n) question_.sent(patience(), clock_.now());
    return n;
  }
  result<std::size_t> transmit_setup(mutable_bytes out) noexcept {
    const auto n = detail::discovers(state_) ? discovery_.encode(options_, out) : login_.encode(parts(), out);
    if (n) ++tag_;
    return ended_by(n);
  }
  /// Nobody waits long for the answer to a farewell, and many BMCs do not give their cipher suites.
  [[nodiscard]] retry_policy patience() const noexcept {
    if (state_ == console_state::closing) return farewell_retry;
    if (state_ != console_state::cipher_suites) return options_.retry;
    return {.first = options_.suites_wait, .longest = options_.suites_wait};
  }

  result<std::size_t> transmit_request(typename detail::request_table<traits>::entry& rq, mutable_bytes out) noexcept {
    const auto n = send(rq.message(), out);
    if (n) requests_.sent(rq, options_.retry, clock_.now());
    return n;
  }

  /// Sent once.
  result<std::size_t> transmit_farewell(mutable_bytes out) noexcept {
    const auto n = login_.encode_farewell(tag_, out);
    if (n.error() != errc::buffer_too_small) farewell_due_ = false;
    return n;
  }

  result<std::size_t> send(const wire::lan_request& rq, mutable_bytes out) noexcept {
    const auto n = ended_by(link_.seal_message(config_.crypto, config_.random, rq, out));
    if (!n) return n;
    ++unanswered_;
    keep_alive_at_ = options_.keep_alive.count == 0 ? instant::never() : clock_.now() + options_.keep_alive;
    return n;
  }

  /// Without randomness or cryptography nothing can go on; a buffer can be larger next time.
  result<std::size_t> ended_by(const result<std::size_t>& n) noexcept {
    if (!n && n.error() != errc::buffer_too_small) fail(parts(), detail::console_step::failed(n.error()));
    return n;
  }

  Config config_;
  console_options options_;
  core::monotonic clock_{};
  console_state state_ = console_state::idle;
  std::uint8_t tag_ = 0;         ///< counts what was sent outside the session: RAKP's message tags
  std::uint8_t unanswered_ = 0;  ///< packets sent in the session since the last one from the BMC
  bool farewell_due_ = false;
  bool ready_pending_ = false;
  privilege level_{};
  detail::console_ending terminal_{};
  detail::retry_schedule
      question_{};  ///< of the console's own question, one at a time: a part's, before and in the session
  instant keep_alive_at_ = instant::never();

  detail::console_discovery discovery_{};
  detail::console_login_v2<Config> login_{};
  protect::link_v2<crypto_type> link_{};
  detail::console_control control_{};
  detail::request_table<traits> requests_{};
};

}  // namespace rmcpp
