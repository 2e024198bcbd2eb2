// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/event.hpp>
#include <rmcpp/console/options.hpp>
#include <rmcpp/console/requests.hpp>
#include <rmcpp/protect/batch.hpp>
#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/session/random_id.hpp>
#include <rmcpp/session/setup_messages.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// The remote console: logs in to a BMC and runs commands. No socket, clock, heap or thread of its own.

namespace rmcpp {

/// After any call that takes `now`, drain next_event() until it yields `none` and poll_transmit() until it yields
/// nothing; then wait for a datagram or for poll_timeout(), and call handle_timeout() either way.
template <console_config Config> class console {
  using crypto_type = std::remove_cvref_t<decltype(Config::crypto)>;
  using traits = typename Config::traits;
  static_assert(traits::in_flight >= 1 && traits::in_flight <= 15);

 public:
  static constexpr std::uint8_t max_unanswered = 15;  ///< packets; more would overrun a strict BMC's window
  /// Bytes that poll_transmit()'s buffer must hold: with less, a longer request waits for ever.
  static constexpr std::size_t max_datagram = max_datagram_for(lan_request::overhead + request_table<traits>::max_data);

  console(Config config, const console_options& options) noexcept
      : config_(static_cast<Config&&>(config)), options_(options) {}
  ~console() { forget_keys(); }
  console(const console&) = default;
  console& operator=(const console&) = default;

  /// Begins a login. Errors: wrong_state unless idle or closed; unsupported_suite if the list is empty or names a suite
  /// that this build, its backend or its traits lack; invalid_argument for a level not 1..5 or over 14 `retry.tries`.
  status start(instant now) noexcept {
    clock_.advance(now);
    if (state_ != console_state::idle && state_ != console_state::closed) return errc::wrong_state;
    if (options_.suites.empty()) return errc::unsupported_suite;
    for (const auto id : options_.suites.view())
      if (!may_use<crypto_type>(id, traits::allow_unauthenticated)) return errc::unsupported_suite;
    if (options_.level < privilege::callback || options_.level > privilege::oem ||
        options_.retry.tries >= max_unanswered)
      return errc::invalid_argument;
    candidates_ = suite_candidates(options_.suites);
    restarted_ = false;
    plain_capabilities_ = false;
    terminal_ = {};
    move(console_trigger::start, console_state::capabilities);
    ask();
    return {};
  }

  /// Queues a request; it is sent once the session is active. `rq.data` is borrowed until the request's `done` event
  /// or cancel(). Errors: wrong_state before start() or after the end; no_slot; too_long.
  result<request_id> submit(const request& rq, instant now) noexcept {
    clock_.advance(now);
    if (!accepts_requests()) return errc::wrong_state;
    return requests_.add(rq, clock_.now());
  }

  /// As submit(), but copies `rq.data`. Errors: also too_long above `traits::request_bytes`.
  result<request_id> submit_copy(const request& rq, instant now) noexcept requires(traits::request_bytes > 0) {
    clock_.advance(now);
    if (!accepts_requests()) return errc::wrong_state;
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
    end(console_trigger::close, errc::closed_by_application);
    return {};
  }

  /// Takes a datagram from the BMC; decrypts in place. A bad one changes nothing and says why.
  /// Errors: the drop codes of errc; crypto_failure.
  status feed(mutable_bytes datagram, instant now) noexcept {
    clock_.advance(now);
    requests_.drop_views();
    const auto packet = look(datagram);
    if (!packet) return packet.error();
    switch (packet->format) {
      case packet_format::v15: return feed_v15(*packet);
      case packet_format::v2: break;
      default: return errc::bad_message_class;
    }
    if (packet->id == session_id::none) return feed_sessionless(*packet);
    if (!in_session() || packet->id != console_id_) return errc::unknown_session;
    return feed_session(*packet);
  }

  /// Writes the next datagram to send and returns its size, or 0 if there is none; the rest of `out` is scratch.
  /// Errors: buffer_too_small (nothing changed: call again with more room); entropy_failure and crypto_failure end the
  /// session.
  result<std::size_t> poll_transmit(mutable_bytes out, instant now) noexcept {
    clock_.advance(now);
    if (apology_due_) return transmit_apology(out);
    if (setup_.due()) return transmit_setup(out);
    auto* rq = state_ == console_state::active ? requests_.next_due() : nullptr;
    if (!rq) return std::size_t{0};
    if (unanswered_ + options_.retry.tries < max_unanswered) return transmit_request(*rq, out);
    // The requests wait; a question that every BMC answers finds out whether anybody is there.
    if (!setup_.idle()) return std::size_t{0};
    begin_control(app::get_device_id);
    return transmit_control(out);
  }

  /// The next thing to know, or kind `none`.
  console_event next_event() noexcept {
    if (ready_pending_) {
      ready_pending_ = false;
      return {.type = console_event::kind::ready, .level = level_};
    }
    if (auto e = requests_.next_event(); e.type != console_event::kind::none) return e;
    if (state_ != console_state::closed) return {};
    const console_event e = terminal_;
    terminal_ = {};
    return e;
  }

  /// When handle_timeout() has something to do; instant::never() when idle.
  [[nodiscard]] instant poll_timeout() const noexcept {
    instant t = setup_.deadline();
    if (accepts_requests()) t = earlier(t, requests_.next_deadline());
    if (awaits_keep_alive()) t = earlier(t, keep_alive_at_);
    return t;
  }

  /// Does what has become due by `now`. Early and spurious calls are harmless.
  void handle_timeout(instant now) noexcept {
    clock_.advance(now);
    if (setup_.overdue(clock_.now())) setup_overdue();
    if (accepts_requests()) requests_.handle_timeout(clock_.now(), options_.retry);
    if (awaits_keep_alive() && clock_.now() >= keep_alive_at_) begin_control(app::get_device_id);
  }

  /// Asks for the session to be brought into the cache, a packet's time before it is used: for pollers of thousands.
  void prefetch() const noexcept { detail::prefetch_object(*this); }

  [[nodiscard]] console_state state() const noexcept { return state_; }
  /// The suite of the login in progress or of the session.
  [[nodiscard]] const cipher_suite& suite() const noexcept { return suite_; }
  /// What the BMC said of itself before the login: unauthenticated, for diagnosis only.
  [[nodiscard]] const channel_auth_response& capabilities() const noexcept { return capabilities_; }
  [[nodiscard]] const rakp_transcript& transcript() const noexcept { return transcript_; }
  [[nodiscard]] session_id id() const noexcept { return console_id_; }
  [[nodiscard]] session_id managed_id() const noexcept { return transcript_.managed_id; }
  [[nodiscard]] Config& config() noexcept { return config_; }

 private:
  // ---- states ----

  void move(console_trigger on, console_state to) noexcept {
    check_transition(config_, console_transition{state_, on, to});
    state_ = to;
  }
  [[nodiscard]] bool in_session() const noexcept {
    return state_ == console_state::set_privilege || state_ == console_state::active ||
           state_ == console_state::closing;
  }
  [[nodiscard]] bool accepts_requests() const noexcept {
    return state_ != console_state::idle && state_ != console_state::closing && state_ != console_state::closed;
  }
  /// Not while a keep-alive is in progress: its retries must run out.
  [[nodiscard]] bool awaits_keep_alive() const noexcept { return state_ == console_state::active && setup_.idle(); }

  void expect_answer() noexcept {
    setup_.begin();
    remembered_ = {};
    first_tag_ = static_cast<std::uint8_t>(tag_ + 1);
    has_older_rakp2_ = false;
  }

  /// expect_answer() for a question that has a request sequence number.
  void ask() noexcept {
    setup_sequence_ = requests_.take_sequence(clock_.now());
    expect_answer();
  }

  /// Ends the login or session; `why` is what the terminal event will say. close() within a session says goodbye first.
  void end(console_trigger on, errc why, std::uint8_t detail = 0) noexcept {
    terminal_ = {.type = why == errc::closed_by_application ? console_event::kind::closed : console_event::kind::failed,
                 .error = why,
                 .detail = detail};
    if (on != console_trigger::close || !in_session()) return finish(on);
    move(on, console_state::closing);
    begin_control(app::close_session);
  }
  void finish(console_trigger on) noexcept {
    move(on, console_state::closed);
    setup_.cancel();
    requests_.end_all(terminal_.error, clock_.now());
    forget_keys();
  }
  void fail(errc why, std::uint8_t detail = 0) noexcept { end(console_trigger::failure, why, detail); }

  void forget_keys() noexcept {
    keys_.unload(config_.crypto);
    sik_.value.clear();
  }

  // ---- timeouts of the setup and of the control commands ----

  void setup_overdue() noexcept {
    if (state_ == console_state::rakp1 && has_older_rakp2_) {
      has_older_rakp2_ = false;
      transcript_ = older_rakp2_;
      return begin_rakp3();
    }
    if (remembered_.error != errc::ok) return act_on_refusal(remembered_.error, remembered_.detail);
    if (state_ == console_state::cipher_suites) return begin_open_session(console_trigger::silence);
    const bool closing = state_ == console_state::closing;
    if (setup_.again(closing ? farewell_retry : options_.retry)) return;
    if (closing) return finish(console_trigger::failure);
    fail(state_ == console_state::active ? errc::session_lost : errc::timed_out);
  }

  // ---- capabilities and cipher suites, outside a session ----

  status feed_v15(const seen& packet) noexcept {
    if (const status bare = check_sessionless(packet); !bare) return bare;
    if (state_ != console_state::capabilities || setup_.unsent()) return errc::unexpected_message;
    const auto rs = app_response(app::get_channel_auth_capabilities, setup_sequence_, packet.payload());
    if (!rs) return rs.error();
    if (rs->code != completion_code::ok) {
      // An IPMI v1.5 BMC may refuse the v2.0 bit; ask without it, and it can say so itself.
      remember(errc::peer_lacks_v2, static_cast<std::uint8_t>(rs->code));
      if (plain_capabilities_) return {};
      plain_capabilities_ = true;
      setup_.begin();
      return {};
    }
    const auto answer = decode<channel_auth_response>(rs->data);
    if (!answer) return answer.error();
    if (!answer->offers_v2()) {
      remember(errc::peer_lacks_v2, 0);
      return {};
    }
    capabilities_ = *answer;
    if (!candidates_.has_choice()) return begin_open_session(console_trigger::answer), status{};
    move(console_trigger::answer, console_state::cipher_suites);
    chunk_ = 0;
    reader_ = {};
    ask();
    return {};
  }

  status on_cipher_suites(const seen& packet) noexcept {
    if (state_ != console_state::cipher_suites) return errc::unexpected_message;
    const auto rs = app_response(app::get_channel_cipher_suites, setup_sequence_, packet.payload());
    if (!rs) return rs.error();
    if (rs->code != completion_code::ok) return begin_open_session(console_trigger::answer), status{};
    const auto answer = decode<cipher_suites_response>(rs->data);
    if (!answer) return answer.error();
    reader_.push(answer->records);
    if (answer->records.size() == decltype(answer->records)::capacity && chunk_ < cipher_suites_request::last_index)
      return ++chunk_, ask(), status{};
    reader_.finish();
    candidates_.restrict_to(reader_);
    begin_open_session(console_trigger::answer);
    return {};
  }

  // ---- Open Session and RAKP ----

  void begin_open_session(console_trigger on) noexcept {
    move(on, console_state::open_session);
    suite_ = candidates_.current();
    fresh_login_ = true;
    expect_answer();
  }

  status feed_sessionless(const seen& packet) noexcept {
    if (const status bare = check_sessionless(packet); !bare) return bare;
    if (setup_.unsent()) return errc::unexpected_message;
    switch (packet.kind.type()) {
      case payload_type::ipmi: return on_cipher_suites(packet);
      case payload_type::open_session_response: return on_open_session_response(packet.payload());
      case payload_type::rakp2: return on_rakp2(packet.payload());
      case payload_type::rakp4: return on_rakp4(packet.payload());
      default: return errc::bad_payload_type;
    }
  }

  /// An error status: acted on at once if tag and SIDm are ours, else remembered until the retry deadline, because
  /// anybody could have sent it (and OpenBMC and ipmi_sim send errors that lack them).
  template <message M> status on_refusal(const M& m, errc why) noexcept {
    const auto detail = static_cast<std::uint8_t>(m.status);
    if (m.tag == tag_ && m.console_id == console_id_) {
      act_on_refusal(why, detail);
      return {};
    }
    if (m.console_id != session_id::none && m.console_id != console_id_) return errc::unknown_session;
    remember(why, detail);
    return {};
  }
  void remember(errc why, std::uint8_t detail) noexcept { remembered_ = {.error = why, .detail = detail}; }

  void act_on_refusal(errc why, std::uint8_t detail) noexcept {
    if (why == errc::refused_open_session) return try_next_suite(why, detail);
    const auto code = static_cast<rakp_status>(detail);
    if (why == errc::refused_rakp4 &&
        (code == rakp_status::invalid_integrity_check_value || code == rakp_status::invalid_session_id)) {
      // RAKP 2 proved that both sides hold the same password, so this is K_g, or a BMC that lost the login.
      if (restarted_) return fail(errc::kg_or_bmc_state, detail);
      restarted_ = true;
      return begin_open_session(console_trigger::restart);
    }
    fail(why, detail);
  }

  void try_next_suite(errc why, std::uint8_t detail) noexcept {
    if (candidates_.advance()) return begin_open_session(console_trigger::next_suite);
    const bool about_suites = why == errc::algorithms_differ || is_about_suites(static_cast<rakp_status>(detail));
    fail(candidates_.has_choice() && about_suites ? errc::no_common_suite : why, detail);
  }

  status on_open_session_response(bytes payload) noexcept {
    if (state_ != console_state::open_session) return errc::unexpected_message;
    const auto m = decode<open_session_response>(payload);
    if (!m) return m.error();
    if (m->status != rakp_status::no_errors) return on_refusal(*m, errc::refused_open_session);
    if (m->tag != tag_) return errc::wrong_tag;
    if (m->console_id != console_id_) return errc::unknown_session;
    if (m->managed_id == session_id::none) return fail(errc::bad_managed_id), status{};
    const cipher_suite chosen{suite_.id, m->authentication.algorithm, m->integrity.algorithm,
                              m->confidentiality.algorithm};
    if (chosen != suite_ || m->authentication.is_any() || m->integrity.is_any() || m->confidentiality.is_any())
      return try_next_suite(errc::algorithms_differ, 0), status{};
    transcript_ = {.console_id = console_id_,
                   .managed_id = m->managed_id,
                   .role = role_byte::of(options_.level, options_.name_only),
                   .name = options_.name};
    fresh_login_ = true;
    move(console_trigger::answer, console_state::rakp1);
    expect_answer();
    return {};
  }

  status on_rakp2(bytes payload) noexcept {
    if (state_ != console_state::rakp1) return errc::unexpected_message;
    const auto m = decode<rakp2>(payload);
    if (!m) return m.error();
    if (m->status != rakp_status::no_errors) return on_refusal(*m, errc::refused_rakp2);
    if (!is_own_tag(m->tag)) return errc::wrong_tag;
    if (m->console_id != console_id_) return errc::unknown_session;
    rakp_transcript seen = transcript_;
    seen.managed_random = m->managed_random;
    seen.managed_guid = m->managed_guid;
    const auto expected = rakp2_code(config_.crypto, suite_.authentication, options_.password, seen);
    if (!expected) return fail(errc::crypto_failure), errc::crypto_failure;
    const bool verified = equal_constant_time(*expected, m->code);
    if (verified && (all_zero(m->managed_random) || equal(m->managed_random, transcript_.console_random)))
      return fail(errc::weak_random), status{};
    if (m->tag != tag_) {
      // Under an older tag: good enough if the newest tag brings nothing (the BMC may have made a new Rc for it).
      if (!verified) return errc::wrong_tag;
      older_rakp2_ = seen;
      has_older_rakp2_ = true;
      return {};
    }
    if (!verified) {
      apology_due_ = true;
      return fail(errc::bad_rakp2_code), status{};
    }
    transcript_ = seen;
    begin_rakp3();
    return {};
  }

  void begin_rakp3() noexcept {
    if (!derive_keys()) return fail(errc::crypto_failure);
    move(console_trigger::answer, console_state::rakp3);
    expect_answer();
  }

  status derive_keys() noexcept {
    const auto sik =
        session_integrity_key(config_.crypto, suite_.authentication, options_.password, options_.kg, transcript_);
    if (!sik) return sik.error();
    sik_ = *sik;
    return keys_.load(config_.crypto, suite_, sik_.reveal(), options_.password);
  }

  status on_rakp4(bytes payload) noexcept {
    if (state_ != console_state::rakp3) return errc::unexpected_message;
    const auto m = decode<rakp4>(payload);
    if (!m) return m.error();
    if (m->status != rakp_status::no_errors) return on_refusal(*m, errc::refused_rakp4);
    if (!is_own_tag(m->tag)) return errc::wrong_tag;
    if (m->console_id != console_id_) return errc::unknown_session;
    const auto whole = rakp4_code(config_.crypto, suite_.authentication, sik_, transcript_);
    if (!whole) return fail(whole.error()), whole.error();
    if (!rakp4_code_fits(suite_.authentication, *whole, m->code)) return fail(errc::bad_rakp4_code), status{};
    sik_.value.clear();
    window_ = {};
    sequence_ = {};
    unanswered_ = 0;
    move(console_trigger::answer, console_state::set_privilege);
    begin_control(app::set_session_privilege);
    return {};
  }

  /// Whether a reply's tag is one of the tags used since this message was first sent.
  [[nodiscard]] bool is_own_tag(std::uint8_t tag) const noexcept {
    return static_cast<std::uint8_t>(tag_ - tag) <= static_cast<std::uint8_t>(tag_ - first_tag_);
  }

  // ---- sending outside the session ----

  result<std::size_t> transmit_setup(mutable_bytes out) noexcept {
    if (in_session()) return transmit_control(out);
    if (fresh_login_ && !draw_random()) return fail(errc::entropy_failure), errc::entropy_failure;
    const auto tag = static_cast<std::uint8_t>(tag_ + 1);
    const auto n = encode_setup(tag, out);
    if (!n) {
      if (n.error() != errc::buffer_too_small) fail(n.error());
      return n;
    }
    tag_ = tag;
    const retry_policy once{.first = options_.suites_wait, .longest = options_.suites_wait};
    setup_.sent(state_ == console_state::cipher_suites ? once : options_.retry, clock_.now());
    return n;
  }

  /// A new SIDm for each Open Session, a new Rm for each login; retries keep them.
  bool draw_random() noexcept {
    fresh_login_ = false;
    if (state_ == console_state::open_session) {
      const auto id = random_session_id(config_.random);
      console_id_ = *id;
      return id.has_value();
    }
    return state_ != console_state::rakp1 || config_.random.fill(transcript_.console_random);
  }

  result<std::size_t> encode_setup(std::uint8_t tag, mutable_bytes out) noexcept {
    switch (state_) {
      case console_state::capabilities:
        return encode_capabilities_request(setup_sequence_, !plain_capabilities_, options_.level, out);
      case console_state::cipher_suites: return encode_cipher_suites_request(setup_sequence_, chunk_, out);
      case console_state::open_session: {
        const auto level = options_.quirks.open_session_privilege ? options_.level : privilege::highest;
        return encode_open_session_request(tag, level, console_id_, suite_, out);
      }
      case console_state::rakp1: return encode_rakp1(tag, transcript_, out);
      case console_state::rakp3: {
        const auto code = rakp3_code(config_.crypto, suite_.authentication, options_.password, transcript_);
        if (!code) return code.error();
        return encode_rakp3(tag, rakp_status::no_errors, managed_id(), *code, out);
      }
      default: return errc::wrong_state;
    }
  }

  /// RAKP 3 with a status: tells the BMC that its RAKP 2 was not believed, so that it frees the slot. Sent once.
  result<std::size_t> transmit_apology(mutable_bytes out) noexcept {
    const auto n = encode_rakp3(static_cast<std::uint8_t>(tag_ + 1), rakp_status::invalid_integrity_check_value,
                                managed_id(), {}, out);
    if (n.error() != errc::buffer_too_small) apology_due_ = false;
    return n;
  }

  // ---- within the session ----

  /// The machine's own commands: Set Session Privilege Level, keep-alive, Close Session. They share `setup_` with the
  /// login's messages, of which none is outstanding by then.
  void begin_control(std::uint8_t code) noexcept {
    control_code_ = code;
    ask();
  }

  result<std::size_t> transmit_control(mutable_bytes out) noexcept {
    std::array<std::uint8_t, 4> data{};
    std::size_t size = 0;
    if (control_code_ == app::set_session_privilege) {
      data[0] = static_cast<std::uint8_t>(options_.level);
      size = 1;
    } else if (control_code_ == app::close_session) {
      store_le32(data.data(), to_integer(transcript_.managed_id));
      size = 4;
    }
    const auto n =
        send(request{.fn = net_fn::app, .code = control_code_, .data = bytes(data).first(size)}, setup_sequence_, out);
    if (n) setup_.sent(state_ == console_state::closing ? farewell_retry : options_.retry, clock_.now());
    return n;
  }

  result<std::size_t> transmit_request(typename request_table<traits>::entry& rq, mutable_bytes out) noexcept {
    const auto n = send(rq.rq, rq.sequence, out);
    if (n) requests_.sent(rq, options_.retry, clock_.now());
    return n;
  }

  /// Builds the request inside the datagram and seals it.
  result<std::size_t> send(const request& rq, std::uint8_t sequence, mutable_bytes out) noexcept {
    const auto kind = payload_byte::of(payload_type::ipmi, keys_.authenticates(), keys_.encrypts());
    const auto p = plan(kind, suite_.integrity, lan_request::overhead + rq.data.size());
    if (out.size() < p.total) return errc::buffer_too_small;
    block iv{};
    if (kind.encrypted() && !config_.random.fill(iv)) return fail(errc::entropy_failure), errc::entropy_failure;
    (void)encode(lan_request{.target = net_fn_lun::request(rq.fn, rq.lun),
                             .sequence = seq_lun::of(sequence),
                             .command = rq.code,
                             .data = rq.data},
                 out.subspan(p.message, p.message_size));
    const auto n =
        seal(config_.crypto, keys_,
             session_header_v2{.payload = kind, .id = managed_id(), .sequence = sequence_.next()}, p, iv, out);
    if (!n) return fail(n.error()), n;
    ++unanswered_;
    keep_alive_at_ = options_.keep_alive.count == 0 ? instant::never() : clock_.now() + options_.keep_alive;
    return n;
  }

  status feed_session(const seen& packet) noexcept {
    if (packet.kind.type() != payload_type::ipmi) return errc::bad_payload_type;
    const open_policy policy{.encrypted = keys_.encrypts(),
                             .rule = options_.strict_window ? window_rule::strict : window_rule::any_forward};
    const auto message = open(config_.crypto, keys_, window_, packet, policy);
    if (!message) return message.error();
    const auto rs = decode<lan_response>(message->message());
    if (!rs) return rs.error();
    unanswered_ = 0;
    if (!rs->target.is_response()) return errc::unexpected_message;
    // The answer to a repeat whose original is still being worked on.
    if (rs->code == completion_code::duplicated_request) return errc::unmatched_response;
    if (is_control_answer(*rs)) return on_control(*rs), status{};
    return requests_.answer(*rs, clock_.now());
  }

  [[nodiscard]] bool is_control_answer(const lan_response& rs) const noexcept {
    return !setup_.unsent() && rs.target.fn() == net_fn::app && rs.command == control_code_ &&
           rs.sequence.sequence() == setup_sequence_ && rs.responder == bmc_address;
  }

  void on_control(const lan_response& rs) noexcept {
    setup_.cancel();
    if (state_ == console_state::closing) return finish(console_trigger::answer);
    if (state_ != console_state::set_privilege) return;
    const auto granted = decode<session_privilege>(rs.data);
    if (rs.code != completion_code::ok || !granted) {
      // The session exists all the same, so it is closed before the failure is told.
      return end(console_trigger::close, errc::refused_privilege, static_cast<std::uint8_t>(rs.code));
    }
    level_ = static_cast<privilege>(granted->level & 0x0f);
    ready_pending_ = true;
    move(console_trigger::answer, console_state::active);
  }

  Config config_;
  console_options options_;
  monotonic clock_{};
  console_state state_ = console_state::idle;

  // Login.
  retry_schedule setup_{};
  std::uint8_t setup_sequence_ = 0;  ///< rqSeq of the sessionless question or control command in progress
  std::uint8_t control_code_ = 0;
  std::uint8_t tag_ = 0;
  std::uint8_t first_tag_ = 0;
  std::uint8_t chunk_ = 0;
  bool plain_capabilities_ = false;
  bool fresh_login_ = false;
  bool restarted_ = false;
  bool has_older_rakp2_ = false;
  bool apology_due_ = false;
  bool ready_pending_ = false;
  console_event remembered_{};
  console_event terminal_{};
  channel_auth_response capabilities_{};
  cipher_suite_reader reader_{};
  suite_candidates candidates_{};
  cipher_suite suite_{};
  session_id console_id_{};
  rakp_transcript transcript_{};
  rakp_transcript older_rakp2_{};
  session_secret sik_{};

  // Session.
  session_keys<crypto_type> keys_{};
  replay_window window_{};
  sequence_counter sequence_{};
  std::uint8_t unanswered_ = 0;
  privilege level_{};
  instant keep_alive_at_ = instant::never();
  request_table<traits> requests_{};
};

}  // namespace rmcpp
