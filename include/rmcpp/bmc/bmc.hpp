// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/commands.hpp>
#include <rmcpp/bmc/event.hpp>
#include <rmcpp/bmc/half_open.hpp>
#include <rmcpp/bmc/options.hpp>
#include <rmcpp/bmc/penalty.hpp>
#include <rmcpp/bmc/session.hpp>
#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/session/events.hpp>
#include <rmcpp/session/random_id.hpp>
#include <rmcpp/session/setup_messages.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// The managed system: answers discovery, negotiates and holds sessions, runs the session commands itself and hands
/// every other command to the user's handler. No socket, clock, heap or thread.

namespace rmcpp {

/// After any call that takes `now`, drain next_event() until it yields `none` and poll_transmit() until it yields
/// nothing; then wait for a datagram or for poll_timeout(), and call handle_timeout() either way.
template <bmc_config Config> class bmc {
  using crypto_type = std::remove_cvref_t<decltype(Config::crypto)>;
  using traits = typename Config::traits;
  using peer_type = typename Config::peer;
  using session = managed_session<crypto_type, peer_type, traits>;
  static_assert(traits::sessions >= 1 && traits::sessions <= 63 && traits::replay_depth >= 1 &&
                traits::replay_depth <= 8 && traits::reply_bytes <= 255 && traits::tickets <= 254 &&
                traits::penalties >= 1 && traits::events >= 1 && traits::message_bytes >= 32);

 public:
  /// Bytes that a reply buffer must hold.
  static constexpr std::size_t max_datagram = max_datagram_for(lan_response::overhead + traits::message_bytes);

  bmc(Config config, const bmc_options& options) noexcept
      : config_(static_cast<Config&&>(config)),
        options_(options),
        suites_(usable_suites<crypto_type>(options.suites, traits::allow_unauthenticated)) {}
  ~bmc() {
    for (auto& s : sessions_) s.keys.unload(config_.crypto);
  }
  bmc(const bmc&) = default;
  bmc& operator=(const bmc&) = default;

  /// Takes a datagram (decrypted in place) and writes its answer, if any, to `reply`; returns the answer's size, 0 for
  /// none; the rest of `reply` is scratch. A bad datagram changes nothing and says why.
  /// Errors: buffer_too_small (`reply` below max_datagram) and buffers_overlap before anything else; the drop codes of
  /// errc; crypto_failure; entropy_failure.
  result<std::size_t> feed(const peer_type& from, mutable_bytes datagram, mutable_bytes reply, instant now) noexcept {
    if (reply.size() < max_datagram) return errc::buffer_too_small;
    if (overlap(datagram, reply)) return errc::buffers_overlap;
    clock_.advance(now);
    ++counters_.datagrams;
    const auto answered = from.can_reply() ? dispatch(from, datagram, reply) : errc::no_return_path;
    if (!answered) ++counters_.dropped;
    return answered;
  }

  /// Output that no call of feed() or complete() returned: none of today's payloads has any; Serial over LAN will.
  result<outgoing<peer_type>> poll_transmit(mutable_bytes, instant now) noexcept {
    clock_.advance(now);
    return outgoing<peer_type>{};
  }

  bmc_event<peer_type> next_event() noexcept { return events_.pop(); }

  /// Answers a command that the handler left pending. Errors: stale_handle (also if its session has ended); too_long;
  /// buffer_too_small (`out` below max_datagram; the ticket stays valid); entropy_failure; crypto_failure.
  result<outgoing<peer_type>> complete(ticket t, const response& rs, mutable_bytes out, instant now) noexcept {
    clock_.advance(now);
    const auto* const held = tickets_.find(t);
    session* const s = held ? sessions_.find(held->session) : nullptr;
    if (!s) return errc::stale_handle;
    if (rs.data.size() > traits::message_bytes) return errc::too_long;
    if (out.size() < max_datagram) return errc::buffer_too_small;
    lan_response answer = held->answer;
    answer.code = rs.code;
    answer.data = rs.data;
    s->cache.keep(held->digest, clock_.now(), rs.code, rs.data, rs.once);
    tickets_.release(t);
    const auto n = send(*s, answer, out);
    return {outgoing<peer_type>{s->peer, n.value()}, n.error()};
  }

  /// Ends a session without telling its console. Errors: unknown_session.
  status close(session_id id, instant now) noexcept {
    clock_.advance(now);
    session* const s = sessions_.find(id);
    if (!s) return errc::unknown_session;
    end_session(*s, login_trigger::revoked, errc::closed_by_application);
    return {};
  }

  /// The user's password, limit or permission changed: ends the sessions and half-open logins that rest on it.
  void user_changed(user_id id) noexcept {
    for (auto& s : sessions_)
      if (s.active && s.info.user == id) end_session(s, login_trigger::revoked, errc::closed_by_application);
    for (auto& l : proven_)
      if (l.managed_id != session_id::none && l.user == id) drop(l, login_state::proven, login_trigger::revoked);
  }

  /// K_g changed: ends every session and proven login.
  void kg_changed() noexcept {
    for (auto& s : sessions_)
      if (s.active) end_session(s, login_trigger::revoked, errc::closed_by_application);
    for (auto& l : proven_)
      if (l.managed_id != session_id::none) drop(l, login_state::proven, login_trigger::revoked);
  }

  /// When handle_timeout() has something to do; instant::never() when idle.
  [[nodiscard]] instant poll_timeout() const noexcept {
    instant t = earlier(opened_.oldest(), proven_.oldest());
    if (!t.is_never()) t = t + options_.half_open_lifetime;
    for (const auto& s : sessions_)
      if (s.active) t = earlier(t, expiry(s));
    return t;
  }

  /// Ends what has expired by `now`. Early and spurious calls are harmless.
  void handle_timeout(instant now) noexcept {
    clock_.advance(now);
    expire(opened_, login_state::opened);
    expire(proven_, login_state::proven);
    for (auto& s : sessions_) expire(s);
  }

  /// Calls `f(const session_info&, const Peer&)` for every session.
  template <class F> void for_each_session(F&& f) const {
    for (const auto& s : sessions_)
      if (s.active) f(s.info, s.peer);
  }
  [[nodiscard]] std::size_t active_sessions() const noexcept { return sessions_.active(); }
  [[nodiscard]] std::size_t opened_logins() const noexcept { return opened_.size(); }
  [[nodiscard]] std::size_t proven_logins() const noexcept { return proven_.size(); }
  [[nodiscard]] const bmc_counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::uint32_t events_lost() const noexcept { return events_.lost(); }
  /// The suites in force: those of the options that this build, its backend and its traits have.
  [[nodiscard]] bytes suites() const noexcept { return suites_; }
  [[nodiscard]] Config& config() noexcept { return config_; }

 private:
  using opened = opened_login<peer_type>;
  using proven = proven_login<peer_type>;
  using answer_size = result<std::size_t>;

  // ---- state changes ----

  void step(login_state from, login_trigger on, login_state to) noexcept {
    check_transition(config_, login_transition{from, on, to});
  }
  template <class Login> void drop(Login& l, login_state from, login_trigger on) noexcept {
    step(from, on, login_state::none);
    l = {};
  }
  void expire(session& s) noexcept {
    if (s.active && clock_.now() >= expiry(s)) end_session(s, login_trigger::expired, errc::timed_out);
  }
  template <class Table> void expire(Table& table, login_state from) noexcept {
    for (auto& l : table)
      if (l.managed_id != session_id::none && clock_.now() >= l.since + options_.half_open_lifetime)
        drop(l, from, login_trigger::expired);
  }
  /// A console that rejects our RAKP 4 says nothing: until its first packet a session lives no longer than a login.
  [[nodiscard]] instant expiry(const session& s) const noexcept {
    return s.last_heard + (s.confirmed ? options_.inactivity : options_.half_open_lifetime);
  }
  /// While the session's own command runs (its handler may call close() and the like) the end waits for the answer.
  void end_session(session& s, login_trigger on, errc why) noexcept {
    if (s.executing) {
      s.end_on = on;
      s.end_why = why;
      return;
    }
    step(login_state::active, on, login_state::none);
    events_.push({.type = bmc_event<peer_type>::kind::closed, .error = why, .session = s.info, .peer = s.peer});
    tickets_.release_all(s.info.id);
    s.keys.unload(config_.crypto);
    s.rakp3 = s.rakp4 = {};
    s.cache = {};
    s.active = false;
  }

  /// A free slot of the table, if need be one that gives way.
  template <class Table> auto* make_room(Table& table, login_state cls, const peer_type& from) noexcept {
    auto* slot = table.free_slot();
    if (slot) return slot;
    std::array<std::uint8_t, 4> dice{};
    if (!config_.random.fill(dice)) return slot;
    slot = &table.victim(from, traits::quota, load_le32(dice.data()));
    ++counters_.evicted;
    drop(*slot, cls, login_trigger::evicted);
    return slot;
  }

  // ---- by format ----

  answer_size dispatch(const peer_type& from, mutable_bytes datagram, mutable_bytes reply) noexcept {
    const auto packet = look(datagram);
    if (!packet) return packet.error();
    switch (packet->format) {
      case packet_format::asf: return answer_ping(packet->payload(), reply);
      case packet_format::v15: return on_sessionless(from, *packet, reply);
      case packet_format::v2: break;
      default: return errc::bad_message_class;
    }
    if (packet->id == session_id::none) return on_sessionless(from, *packet, reply);
    session* const s = sessions_.find(packet->id);
    if (s) expire(*s);
    if (!s || !s->active) return errc::unknown_session;
    if (!(s->peer == from)) return errc::wrong_peer;
    return on_session(*s, *packet, reply);
  }

  answer_size on_sessionless(const peer_type& from, const seen& packet, mutable_bytes reply) noexcept {
    if (const status bare = check_sessionless(packet); !bare) return bare.error();
    if (packet.format == packet_format::v15)
      return on_discovery(from, packet.payload(),
                          [&](const lan_response& rs) { return encode_sessionless_v15(rs, reply); });
    handle_timeout(clock_.now());  // what has expired must not answer, even if nobody has called yet
    switch (packet.kind.type()) {
      case payload_type::ipmi:
        return on_discovery(from, packet.payload(), [&](const lan_response& rs) {
          return encode_sessionless_v2(payload_type::ipmi, rs, reply);
        });
      case payload_type::open_session_request: return on_open_session(from, packet.payload(), reply);
      case payload_type::rakp1: return on_rakp1(from, packet.payload(), reply);
      case payload_type::rakp3: return on_rakp3(from, packet.payload(), reply);
      default: return errc::bad_payload_type;
    }
  }

  // ---- commands outside a session ----

  template <class Wrap> answer_size on_discovery(const peer_type& from, bytes message, Wrap&& wrap) noexcept {
    const auto rq = decode<lan_request>(message);
    if (!rq) return rq.error();
    if (rq->target.is_response() || rq->responder != bmc_address) return errc::unexpected_message;
    std::array<std::uint8_t, 24> room{};
    response_writer w(room);
    if (rq->target.fn() != net_fn::app || !run_discovery(*rq, from.channel(), w))
      w.fail(completion_code::not_supported_in_state);
    lan_response rs = respond(*rq, w.code());
    rs.data = bytes(room).first(w.size());
    return wrap(rs);
  }

  /// The commands that need no session; false if `rq` is none of them.
  bool run_discovery(const lan_request& rq, std::uint8_t channel, response_writer& w) noexcept {
    switch (rq.command) {
      case app::get_channel_auth_capabilities:
        return answer_capabilities(rq.data, channel, !config_.users.kg(channel).is_zero(), w), true;
      case app::get_channel_cipher_suites: return answer_cipher_suites(rq.data, channel, suites_, w), true;
      case app::get_system_guid: return answer_system_guid(rq.data, options_.system_guid, w), true;
      default: return false;
    }
  }

  // ---- Open Session ----

  answer_size on_open_session(const peer_type& from, bytes payload, mutable_bytes reply) noexcept {
    const auto decoded = decode<open_session_request>(payload);
    const open_session_request& rq = *decoded;
    const auto refuse = [&](rakp_status why) {
      return encode_refusal(payload_type::open_session_response, rq.tag, why, rq.console_id, reply);
    };
    // Tag and SIDm are needed to refuse; without them there is nobody to tell.
    if (!decoded && payload.size() < 8) return decoded.error();
    if (!decoded || rq.max_privilege > privilege::oem) return refuse(rakp_status::illegal_parameter);
    if (rq.console_id == session_id::none) return refuse(rakp_status::invalid_session_id);
    const cipher_suite* chosen = nullptr;
    if (const auto why = negotiate<crypto_type>(rq, suites_, chosen); why != rakp_status::no_errors) return refuse(why);

    if (rq.max_privilege > options_.limits.of(*chosen)) return refuse(rakp_status::unauthorized_role_or_privilege);

    opened* login = opened_.find_if([&](const opened& l) { return l.peer == from && same_request(l.request, rq); });
    if (!login) {
      login = make_room(opened_, login_state::opened, from);
      session_id id{};
      if (!login || !new_session_id(id)) return refuse(rakp_status::insufficient_resources);
      step(login_state::none, login_trigger::open_session, login_state::opened);
      const auto limit = granted(rq.max_privilege, options_.channel_limit, options_.limits.of(*chosen));
      *login = {from, id, clock_.now(), rq, chosen->id, limit};
    }
    return encode_sessionless_v2(
        payload_type::open_session_response,
        open_session_response{rq.tag, rakp_status::no_errors, login->limit, rq.console_id, login->managed_id,
                              authentication_payload::of(chosen->authentication),
                              integrity_payload::of(chosen->integrity),
                              confidentiality_payload::of(chosen->confidentiality)},
        reply);
  }

  /// Unpredictable, because RAKP 1 proves its return path by quoting it.
  bool new_session_id(session_id& id) noexcept {
    for (int tries = 0; tries < 8; ++tries) {  // a source that is stuck must not hang us
      const auto drawn = random_session_id(config_.random);
      if (!drawn) return false;
      id = *drawn;
      if (!opened_.find(id) && !proven_.find(id) && !sessions_.find(id)) return true;
    }
    return false;
  }

  // ---- RAKP ----

  /// Nobody here has that SIDc. Its SIDm is not known either, so 0 stands for it.
  static answer_size refuse_unknown(payload_type type, std::uint8_t tag, mutable_bytes reply) noexcept {
    return encode_refusal(type, tag, rakp_status::invalid_session_id, session_id::none, reply);
  }

  answer_size on_rakp1(const peer_type& from, bytes payload, mutable_bytes reply) noexcept {
    const auto prefix = decode_prefix<rakp1>(payload);
    const rakp1& m = prefix->message;
    if (prefix.error() == errc::truncated) return errc::truncated;
    if (proven* p = proven_.find(m.managed_id)) return on_repeated_rakp1(*p, from, m, prefix.error(), reply);
    opened* const o = opened_.find(m.managed_id);
    if (!o && sessions_.find(m.managed_id)) return errc::unexpected_message;
    if (!o) return refuse_unknown(payload_type::rakp2, m.tag, reply);
    if (!(o->peer == from)) return errc::wrong_peer;
    const auto refuse = [&](rakp_status why) {
      const auto console_id = o->request.console_id;
      drop(*o, login_state::opened, login_trigger::refused);
      return encode_refusal(payload_type::rakp2, m.tag, why, console_id, reply);
    };
    // Some firmware tools pad the name field to 16 bytes and count the name itself.
    constexpr std::size_t padded_size = 44;
    if (!prefix || (prefix->size != payload.size() && payload.size() != padded_size))
      return refuse(rakp_status::invalid_name_length);
    if (m.role.level() < privilege::callback || m.role.level() > privilege::oem)
      return refuse(rakp_status::invalid_role);

    if (penalties_.waits(from, m.name, clock_.now())) return errc::rate_limited;
    user_record user;
    const bool known = config_.users.find(m.name, m.role, from.channel(), user) && user.enabled;
    if (options_.disclose && !known) return refuse(rakp_status::unauthorized_name);
    if (options_.disclose && m.role.level() > user.limit) return refuse(rakp_status::unauthorized_role_or_privilege);

    proven* const p = make_room(proven_, login_state::proven, from);
    rakp_transcript t{.console_id = o->request.console_id,
                      .managed_id = m.managed_id,
                      .console_random = m.console_random,
                      .managed_guid = options_.system_guid,
                      .role = m.role,
                      .name = m.name};
    if (!p || !config_.random.fill(t.managed_random) || !draw_dummy_key())
      return refuse(rakp_status::insufficient_resources);
    *p = {from, o->managed_id, o->since, o->suite, o->limit, known ? user.id : user_id::none, t};
    step(login_state::opened, login_trigger::rakp1, login_state::proven);
    *o = {};
    return answer_rakp2(*p, m.tag, reply);
  }

  answer_size on_repeated_rakp1(proven& p, const peer_type& from, const rakp1& m, errc decoding,
                                mutable_bytes reply) noexcept {
    if (!(p.peer == from)) return errc::wrong_peer;
    // A second code under a new Rc would help nobody but somebody guessing passwords.
    if (decoding != errc::ok || m.console_random != p.transcript.console_random || !(m.role == p.transcript.role) ||
        !(m.name == p.transcript.name))
      return errc::unexpected_message;
    return answer_rakp2(p, m.tag, reply);
  }

  answer_size answer_rakp2(proven& p, std::uint8_t tag, mutable_bytes reply) noexcept {
    user_record user;
    password_of(p, user);
    const auto code = rakp2_code(config_.crypto, find_suite(p.suite)->authentication, user.secret, p.transcript);
    if (!code) return code.error();
    return encode_sessionless_v2(payload_type::rakp2,
                                 rakp2{tag, rakp_status::no_errors, p.transcript.console_id,
                                       p.transcript.managed_random, p.transcript.managed_guid, *code},
                                 reply);
  }

  bool draw_dummy_key() noexcept {
    has_dummy_key_ = has_dummy_key_ || config_.random.fill(dummy_key_.reveal());
    return has_dummy_key_;
  }
  /// The password behind a login, or for a name that may not log in a key of this boot's own, so that its RAKP 2 looks
  /// like any other and stays the same.
  void password_of(const proven& p, user_record& user) noexcept {
    const bool known = config_.users.find(p.transcript.name, p.transcript.role, p.peer.channel(), user) &&
                       user.enabled && p.user != user_id::none && user.id == p.user;
    if (!known) user = {.secret = dummy_key_};
  }

  answer_size on_rakp3(const peer_type& from, bytes payload, mutable_bytes reply) noexcept {
    const auto decoded = decode<rakp3>(payload);
    if (decoded.error() == errc::truncated) return errc::truncated;
    const rakp3& m = *decoded;
    if (session* s = sessions_.find(m.managed_id)) return on_repeated_rakp3(*s, from, m, reply);
    proven* const p = proven_.find(m.managed_id);
    if (!p && opened_.find(m.managed_id)) return errc::unexpected_message;
    if (!p && m.status != rakp_status::no_errors) return errc::unknown_session;
    if (!p) return refuse_unknown(payload_type::rakp4, m.tag, reply);
    if (!(p->peer == from)) return errc::wrong_peer;

    if (penalties_.waits(from, p->transcript.name, clock_.now())) return errc::rate_limited;

    user_record user;
    password_of(*p, user);
    const auto expected = rakp3_code(config_.crypto, find_suite(p->suite)->authentication, user.secret, p->transcript);
    if (!expected) return expected.error();
    const auto refuse = [&](rakp_status why, errc reason) {
      ++counters_.failed_logins;
      if (reason == errc::bad_rakp3_code) penalties_.failed(from, p->transcript.name, clock_.now());
      bmc_event<peer_type> e{.type = bmc_event<peer_type>::kind::login_failed, .error = reason, .peer = from};
      e.session.name = p->transcript.name;
      e.session.user = p->user;
      events_.push(e);
      const session_id console_id = p->transcript.console_id;
      drop(*p, login_state::proven, login_trigger::refused);
      if (reason == errc::console_gave_up) return answer_size{std::size_t{0}};
      return encode_refusal(payload_type::rakp4, m.tag, why, console_id, reply);
    };
    if (m.status != rakp_status::no_errors) return refuse(m.status, errc::console_gave_up);

    const bool genuine = decoded && equal_constant_time(*expected, m.code) && p->user != user_id::none;
    if (!genuine) return refuse(rakp_status::invalid_integrity_check_value, errc::bad_rakp3_code);
    const privilege level = p->transcript.role.level();
    if (level > user.limit || level > p->limit)
      return refuse(rakp_status::unauthorized_role_or_privilege, errc::refused_privilege);
    session* const s = sessions_.active() < slot_count() ? sessions_.free_slot() : nullptr;
    if (!s) return refuse(rakp_status::insufficient_resources, errc::no_slot);
    if (const auto made = establish(*s, *p, user, m.code); !made) return made.error();
    return answer_rakp4(*s, m.tag, reply);
  }

  /// After success, from the same peer and with the same code: RAKP 4 again, outside the session, whatever followed.
  answer_size on_repeated_rakp3(session& s, const peer_type& from, const rakp3& m, mutable_bytes reply) noexcept {
    if (!(s.peer == from)) return errc::wrong_peer;
    if (m.status != rakp_status::no_errors || !equal_constant_time(m.code, s.rakp3)) return errc::unexpected_message;
    return answer_rakp4(s, m.tag, reply);
  }

  /// SIK, the RAKP 4 value and the session's keys; then the login is a session. Errors: crypto_failure, and the login
  /// stays as it was.
  status establish(session& s, proven& p, const user_record& user, const rakp_code& received) noexcept {
    const cipher_suite& suite = *find_suite(p.suite);
    const auto sik = session_integrity_key(config_.crypto, suite.authentication, user.secret,
                                           config_.users.kg(p.peer.channel()), p.transcript);
    if (!sik) return sik.error();
    const auto value = rakp4_code(config_.crypto, suite.authentication, *sik, p.transcript);
    if (!value) return value.error();
    if (const auto loaded = s.keys.load(config_.crypto, suite, sik->reveal(), user.secret); !loaded) return loaded;

    const privilege asked = p.transcript.role.level();
    s.active = true;
    s.peer = p.peer;
    s.info = {.id = p.managed_id,
              .user = p.user,
              .name = p.transcript.name,
              .level = asked < privilege::user ? asked : privilege::user,
              .limit = asked,
              .suite = suite.id,
              .channel = p.peer.channel(),
              .handle = sessions_.handle_of(s)};
    s.console_id = p.transcript.console_id;
    s.window = {};
    s.sequence = {};
    s.last_heard = clock_.now();
    s.confirmed = false;
    s.rakp3 = received;
    s.rakp4 = rakp_code(value->view().first(rakp4_code_size(suite.authentication)));
    s.cache = {};
    penalties_.succeeded(p.peer, p.transcript.name);
    step(login_state::proven, login_trigger::rakp3, login_state::active);
    p = {};
    ++counters_.logins;
    events_.push({.type = bmc_event<peer_type>::kind::login, .session = s.info, .peer = s.peer});
    return {};
  }

  answer_size answer_rakp4(const session& s, std::uint8_t tag, mutable_bytes reply) noexcept {
    return encode_sessionless_v2(payload_type::rakp4, rakp4{tag, rakp_status::no_errors, s.console_id, s.rakp4}, reply);
  }

  // ---- within a session ----

  answer_size on_session(session& s, const seen& packet, mutable_bytes reply) noexcept {
    if (packet.kind.type() != payload_type::ipmi) return errc::bad_payload_type;
    const open_policy policy{.encrypted = s.keys.encrypts(),
                             .rule = options_.strict_window ? window_rule::strict : window_rule::any_forward};
    const auto message = open(config_.crypto, s.keys, s.window, packet, policy);
    if (!message) return message.error();
    const auto rq = decode<lan_request>(message->message());
    if (!rq) return rq.error();
    if (rq->target.is_response() || rq->responder != bmc_address) return errc::unexpected_message;
    s.last_heard = clock_.now();
    s.confirmed = true;

    const auto digest = request_digest(message->message());
    const auto* const kept = s.cache.find(digest, clock_.now());
    const bool pending = tickets_.holds(s.info.id, digest);
    if (kept || pending) {
      ++counters_.repeats;
      if (pending) return std::size_t{0};
      lan_response rs = respond(*rq, kept->code);
      rs.data = bytes(kept->data).first(kept->size);
      return send(s, rs, reply);
    }
    ++counters_.commands;
    s.executing = true;
    s.end_why = errc::ok;
    const auto n = execute(s, *rq, digest, reply);
    s.executing = false;
    if (s.end_why != errc::ok) end_session(s, s.end_on, s.end_why);
    return n;
  }

  /// Runs a command with its response built where it will be sent from.
  answer_size execute(session& s, const lan_request& rq, std::uint64_t digest, mutable_bytes reply) noexcept {
    const auto kind = payload_byte::of(payload_type::ipmi, s.keys.authenticates(), s.keys.encrypts());
    const mutable_bytes room = reply.subspan(message_offset(kind) + lan_response::data_offset, traits::message_bytes);
    response_writer w(room);
    if (rq.target.fn() != net_fn::app || !run_session_command(s, rq, w)) {
      const command c{rq.target.fn(), rq.target.lun(), rq.command, rq.data, tickets_.offer()};
      if (config_.handler.handle(c, s.info, w) == handled::pending) {
        if (tickets_.hold(c.deferred, {s.info.id, digest, respond(rq, completion_code::ok)})) return std::size_t{0};
        w.fail(completion_code::busy);
      }
    }
    lan_response rs = respond(rq, w.code());
    rs.data = room.first(w.size());
    s.cache.keep(digest, clock_.now(), rs.code, rs.data, w.once());
    return send(s, rs, reply);
  }

  answer_size send(session& s, const lan_response& rs, mutable_bytes out) noexcept {
    const auto kind = payload_byte::of(payload_type::ipmi, s.keys.authenticates(), s.keys.encrypts());
    const auto p = plan(kind, s.keys.suite().integrity, lan_response::overhead + rs.data.size());
    if (out.size() < p.total) return errc::buffer_too_small;
    block iv{};
    if (kind.encrypted() && !config_.random.fill(iv)) return errc::entropy_failure;
    (void)encode(rs, out.subspan(p.message, p.message_size));
    return seal(config_.crypto, s.keys,
                session_header_v2{.payload = kind, .id = s.console_id, .sequence = s.sequence.next()}, p, iv, out);
  }

  // ---- session commands ----

  /// The App commands of a session; false if `rq` is none of them.
  bool run_session_command(session& s, const lan_request& rq, response_writer& w) noexcept {
    switch (rq.command) {
      case app::set_session_privilege: return set_privilege(s, rq.data, w), true;
      case app::close_session: return close_session(s, rq.data, w), true;
      case app::get_session_info: return answer_session_info(s, rq.data, w), true;
      default: return run_discovery(rq, s.info.channel, w);
    }
  }

  void set_privilege(session& s, bytes data, response_writer& w) noexcept {
    const privilege before = s.info.level;
    answer_set_privilege(data, s.info, w);
    if (s.info.level != before)
      events_.push({.type = bmc_event<peer_type>::kind::privilege, .session = s.info, .peer = s.peer});
  }

  void close_session(session& s, bytes data, response_writer& w) noexcept {
    const auto rq = decode<close_session_request>(data);
    if (!rq) return w.fail(completion_code::length_invalid);
    const bool by_handle = rq->id == session_id::none && rq->handle != 0;
    session* const which = by_handle ? sessions_.by_handle(rq->handle) : sessions_.find(rq->id);
    if (!which)
      return w.fail(
          completion_code{by_handle ? close_session_request::invalid_handle : close_session_request::invalid_id});
    if (which != &s && s.info.level < privilege::administrator) return w.fail(completion_code::insufficient_privilege);
    end_session(*which, login_trigger::closed, which == &s ? errc::closed_by_peer : errc::closed_by_administrator);
  }
  [[nodiscard]] std::size_t slot_count() const noexcept {
    return options_.max_sessions < traits::sessions ? options_.max_sessions : traits::sessions;
  }
  void answer_session_info(session& s, bytes data, response_writer& w) noexcept {
    const auto rq = decode<session_info_request>(data);
    if (!rq) return w.fail(completion_code::length_invalid);
    const session* const which = sessions_.select(*rq, s);
    session_info_response rs{.slots = static_cast<std::uint8_t>(slot_count()),
                             .active = static_cast<std::uint8_t>(active_sessions())};
    if (which) describe_session(which->info, which->peer, rs);
    w.put(rs);
  }

  Config config_;
  bmc_options options_;
  suite_list suites_;
  monotonic clock_{};
  half_open_table<opened, traits::opened> opened_{};
  half_open_table<proven, traits::proven> proven_{};
  session_table<crypto_type, peer_type, traits> sessions_{};
  ticket_table<traits::tickets> tickets_{};
  penalty_table<peer_type, traits::penalties> penalties_{};
  event_ring<bmc_event<peer_type>, traits::events> events_{};
  bmc_counters counters_{};
  user_key dummy_key_{};
  bool has_dummy_key_ = false;
};

}  // namespace rmcpp
