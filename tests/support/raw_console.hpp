// SPDX-License-Identifier: BSL-1.0
// A BMC by itself, and a console by hand: every message of a login and a session, in any order, with any field wrong.
#pragma once

#include <rmcpp/rmcpp.hpp>

#include "support/hex.hpp"
#include "support/session_pair.hpp"

#include <initializer_list>
#include <stdexcept>
#include <vector>

namespace rmcpp::testing {

using octets = std::vector<std::uint8_t>;

inline octets to_octets(bytes b) { return {b.begin(), b.end()}; }

/// The datagram that `encode(out)` writes.
template <class Encode> octets datagram_of(Encode&& encode) {
  octets out(2048);
  const result<std::size_t> n = encode(mutable_bytes(out));
  if (!n) throw std::runtime_error(describe(n.error()));
  out.resize(*n);
  return out;
}
template <message M> octets sessionless(payload_type type, const M& m) {
  return datagram_of([&](mutable_bytes out) { return encode_sessionless_v2(type, m, out); });
}
/// A datagram outside a session around any bytes.
inline octets sessionless_raw(payload_type type, bytes payload) {
  octets out{0x06, 0x00, 0xff, 0x07, 0x06, static_cast<std::uint8_t>(type), 0, 0, 0, 0, 0, 0, 0, 0};
  out.push_back(static_cast<std::uint8_t>(payload.size()));
  out.push_back(static_cast<std::uint8_t>(payload.size() >> 8));
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}
/// What stands behind the headers of a datagram outside a session; empty without any.
inline bytes setup_payload(const octets& d) { return d.size() > payload_v2 ? bytes(d).subspan(payload_v2) : bytes{}; }

/// A BMC, its clock, and what became of the datagrams fed. Datagrams and replies lie in blocks of exactly their size.
template <backend B = null_backend, class Traits = test_bmc_traits> struct bmc_rig {
  using backend_type = B;
  using machine = bmc<bmc_setup<B, Traits>>;
  using event = bmc_event<test_peer>;
  using kind = typename event::kind;

  explicit bmc_rig(const bmc_options& o = default_bmc()) : managed(bmc_setup<B, Traits>{}, o) {}

  machine managed;
  instant now{1'000'000};
  errc last = errc::ok;         ///< of the last datagram
  std::vector<event> events{};  ///< drained after every call here
  bool drains = true;

  octets ask(const test_peer& from, bytes datagram) {
    test::exact_bytes in(datagram);
    test::exact_bytes reply(machine::max_datagram);
    const auto n = managed.feed(from, in, reply, now);
    last = n.error();
    drain();
    return to_octets(bytes(reply).first(n ? *n : 0));
  }
  void drain() {
    if (!drains) return;
    for (auto e = managed.next_event(); e.type != kind::none; e = managed.next_event()) events.push_back(e);
  }
  void wait(std::uint32_t ms) {
    now = now + milliseconds{ms};
    managed.handle_timeout(now);
    drain();
  }
  [[nodiscard]] auto& setup() { return managed.config(); }
  [[nodiscard]] auto& handler() { return managed.config().handler; }
  [[nodiscard]] std::size_t count(kind k) const {
    std::size_t n = 0;
    for (const auto& e : events) n += e.type == k ? 1 : 0;
    return n;
  }
  /// Sessions, opened and proven logins, to compare before and after.
  [[nodiscard]] std::array<std::size_t, 3> tables() const {
    return {managed.active_sessions(), managed.opened_logins(), managed.proven_logins()};
  }
};

/// Whether a reply to RAKP 1 or RAKP 3 says that there is no such login: 8 bytes, status 02h, SIDm 0.
inline bool refused_as_unknown(const octets& reply) {
  const auto m = decode<rakp4>(setup_payload(reply));
  return reply.size() == payload_v2 + 8 && m && m->status == rakp_status::invalid_session_id &&
         m->console_id == session_id::none;
}

/// What the BMC answered to a command; `got` is false for silence.
struct command_answer {
  bool got = false;
  completion_code code = completion_code::no_response_possible;
  octets data{};
  std::uint32_t sequence = 0;  ///< of the session header
  lan_response message{};      ///< its data is gone
};

/// One login and its session. Everything may be changed before a step.
template <class Rig> struct raw_console {
  using backend_type = typename Rig::backend_type;

  explicit raw_console(Rig& r, std::uint8_t suite_id = 3, const test_peer& peer = console_peer)
      : rig(r), from(peer), suite(standard_suites.at(suite_id)) {}

  Rig& rig;
  test_peer from;
  cipher_suite suite;
  backend_type crypto{};
  std::uint8_t tag = 1;
  privilege asked = privilege::highest;  ///< in the Open Session Request
  role_byte role = role_byte::of(privilege::administrator, true);
  username name = name_of("admin");
  user_key password = key_of("secret");
  user_key kg{};
  session_id console_id{0xa0a2a3a4};
  nonce console_random{0x5a, 1, 2, 3};
  rakp_transcript transcript{};
  session_keys<backend_type> keys{};
  sequence_counter sequence{};
  replay_window window{};
  std::uint8_t request_sequence = 0;
  open_session_response opened{};
  rakp2 second{};
  rakp4 fourth{};

  [[nodiscard]] session_id managed_id() const { return session_id{transcript.managed_id}; }

  // ---- setup ----

  [[nodiscard]] open_session_request open_request() const {
    return {tag,
            asked,
            console_id,
            authentication_payload::of(suite.authentication),
            integrity_payload::of(suite.integrity),
            confidentiality_payload::of(suite.confidentiality)};
  }
  rakp_status open(const open_session_request& rq) {
    const auto m = decode<open_session_response>(
        setup_payload(rig.ask(from, sessionless(payload_type::open_session_request, rq))));
    if (!m) throw std::runtime_error("no Open Session Response");
    opened = *m;
    transcript = {.console_id = to_integer(console_id), .managed_id = to_integer(m->managed_id)};
    return m->status;
  }
  rakp_status open() { return open(open_request()); }

  [[nodiscard]] octets rakp1_datagram() {
    transcript.console_random = console_random;
    transcript.role = role.value;
    transcript.name = name;
    return datagram_of([&](mutable_bytes out) { return encode_rakp1(tag, transcript, out); });
  }
  /// Takes RAKP 2; throws if there was none.
  rakp_status take_rakp2(const octets& reply) {
    const auto m = decode<rakp2>(setup_payload(reply));
    if (!m) throw std::runtime_error("no RAKP 2");
    second = *m;
    transcript.managed_random = m->managed_random;
    transcript.managed_guid = m->managed_guid;
    return m->status;
  }
  rakp_status send_rakp1() { return take_rakp2(rig.ask(from, rakp1_datagram())); }
  [[nodiscard]] bool rakp2_verifies() {
    return *rakp2_code(crypto, suite.authentication, password, transcript) == second.code;
  }

  [[nodiscard]] rakp_code third_code() { return *rakp3_code(crypto, suite.authentication, password, transcript); }
  [[nodiscard]] octets rakp3_datagram(const rakp_code& code, rakp_status why = rakp_status::no_errors) {
    return datagram_of([&](mutable_bytes out) { return encode_rakp3(tag, why, managed_id(), code, out); });
  }
  [[nodiscard]] octets rakp3_datagram() { return rakp3_datagram(third_code()); }
  rakp_status take_rakp4(const octets& reply) {
    const auto m = decode<rakp4>(setup_payload(reply));
    if (!m) throw std::runtime_error("no RAKP 4");
    fourth = *m;
    return m->status;
  }
  rakp_status send_rakp3() { return take_rakp4(rig.ask(from, rakp3_datagram())); }

  /// Verifies RAKP 4 and makes the session's keys.
  bool begin_session() {
    const auto sik = session_integrity_key(crypto, suite.authentication, password, kg, transcript);
    const auto whole = rakp4_code(crypto, suite.authentication, *sik, transcript);
    sequence = {};
    window = {};
    return fourth.code.size() == rakp4_code_size(suite.authentication) &&
           rakp4_code_fits(suite.authentication, *whole, fourth.code) &&
           keys.load(crypto, suite, sik->reveal(), password).has_value();
  }
  /// Open Session to RAKP 2.
  bool prove() { return open() == rakp_status::no_errors && send_rakp1() == rakp_status::no_errors; }
  bool login() { return prove() && send_rakp3() == rakp_status::no_errors && begin_session(); }

  // ---- session ----

  [[nodiscard]] payload_byte kind(payload_type type = payload_type::ipmi) const {
    return payload_byte::of(type, keys.authenticates(), keys.encrypts());
  }
  [[nodiscard]] lan_request request(net_fn fn, std::uint8_t cmd, bytes data = {}) {
    request_sequence = (request_sequence + 1) & 63;
    return {.target = net_fn_lun::request(fn), .sequence = seq_lun::of(request_sequence), .command = cmd, .data = data};
  }
  [[nodiscard]] octets sealed(bytes message, payload_byte payload, std::uint32_t number, session_id id) {
    const auto p = plan(payload, suite.integrity, message.size());
    octets out(p.total);
    copy(message, mutable_bytes(out).subspan(p.message));
    const block iv{static_cast<std::uint8_t>(number), 0x77};
    const auto n = seal(crypto, keys, {.payload = payload, .id = id, .sequence = number}, p, iv, out);
    if (!n) throw std::runtime_error(describe(n.error()));
    return out;
  }
  [[nodiscard]] octets sealed(bytes message, std::uint32_t number) {
    return sealed(message, kind(), number, managed_id());
  }
  [[nodiscard]] octets sealed(const lan_request& rq, std::uint32_t number) {
    return sealed(datagram_of([&](mutable_bytes out) { return encode(rq, out); }), number);
  }
  [[nodiscard]] octets sealed(const lan_request& rq) { return sealed(rq, sequence.next()); }

  /// Opens an answer with the session's keys; throws if it is not what a console would take.
  command_answer unseal(octets reply) {
    if (reply.empty()) return {};
    const auto packet = split(reply);
    if (!packet || packet->header.id != console_id) throw std::runtime_error("not for this console");
    const auto o = rmcpp::open(crypto, keys, window, *packet, {.encrypted = keys.encrypts()});
    if (!o) throw std::runtime_error(describe(o.error()));
    const auto rs = decode<lan_response>(o->message());
    if (!rs) throw std::runtime_error(describe(rs.error()));
    command_answer a{true, rs->code, to_octets(rs->data), o->header().sequence, *rs};
    a.message.data = {};
    return a;
  }
  command_answer send(const octets& datagram) { return unseal(rig.ask(from, datagram)); }
  command_answer send(const lan_request& rq) { return send(sealed(rq)); }
  command_answer send(net_fn fn, std::uint8_t cmd, bytes data = {}) { return send(request(fn, cmd, data)); }
  command_answer app(std::uint8_t cmd, std::initializer_list<std::uint8_t> data = {}) {
    return send(net_fn::app, cmd, bytes(data.begin(), data.size()));
  }
  command_answer chassis(std::uint8_t cmd, std::initializer_list<std::uint8_t> data = {}) {
    return send(net_fn::chassis, cmd, bytes(data.begin(), data.size()));
  }
  bool set_privilege(privilege level) {
    return app(app::set_session_privilege, {static_cast<std::uint8_t>(level)}).code == completion_code::ok;
  }
  bool close() {
    std::array<std::uint8_t, 4> id{};
    store_le32(id.data(), transcript.managed_id);
    return send(net_fn::app, app::close_session, id).code == completion_code::ok;
  }
};

/// The little-endian bytes of a session id.
inline octets id_bytes(session_id id) {
  octets out(4);
  store_le32(out.data(), to_integer(id));
  return out;
}

}  // namespace rmcpp::testing
