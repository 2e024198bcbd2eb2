// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/login_v2.hpp>
#include <rmcpp/testing/crafted_session.hpp>

#include <functional>
#include <initializer_list>

/// \file
/// A console by hand, to try a BMC with: every message of a login and a session, in any order, with any field wrong.

namespace rmcpp::testing {

/// What a BMC answered to a command; `got` is false for silence.
struct command_answer {
  bool got = false;
  completion_code code = completion_code::no_response_possible;
  octets data{};
  std::uint32_t sequence = 0;    ///< of the session header
  wire::lan_response message{};  ///< its data is gone
};

/// One login and its session, step by step: open(), send_rakp1(), send_rakp3(), begin_session(), send(). Everything may
/// be changed before a step. Each step also exists as a datagram (open_request(), rakp1_datagram(), sealed(), ...) to
/// be spoilt and sent with exchange(), late, twice or never.
///
///     crafted_console console([&](const test_peer&, bytes datagram) { return my_bmc.answer(datagram); });
///     console.open();
///     console.role.value = 0;
///     console.send_rakp1();  // rakp_status::invalid_role, it is to be hoped
template <crypto::backend B = null_backend> struct crafted_console : crafted_session<B> {
  using session = crafted_session<B>;
  using session::crypto;
  using session::kg;
  using session::kind;
  using session::managed_id;
  using session::password;
  using session::sealed;
  using session::sequence;
  using session::suite;
  using session::transcript;

  /// Brings a datagram to the BMC and its answer back; empty: silence.
  using link_type = std::function<octets(const test_peer& from, bytes datagram)>;

  explicit crafted_console(link_type to_bmc, std::uint8_t suite_id = 3, const test_peer& peer = console_peer)
      : link(std::move(to_bmc)), from(peer) {
    suite = wire::standard_suites.at(suite_id);
  }

  link_type link;
  test_peer from;
  std::uint8_t tag = 1;
  privilege asked = privilege::highest;  ///< in the Open Session Request
  role_byte role = role_byte::of(privilege::administrator, true);
  username name = name_of("admin");
  session_id console_id{0xa0a2a3a4};
  wire::nonce console_random{0x5a, 1, 2, 3};
  std::uint8_t request_sequence = 0;
  wire::open_session_response opened{};  ///< the last of each reply
  wire::rakp2 second{};
  wire::rakp4 fourth{};

  octets exchange(bytes datagram) { return link(from, datagram); }

  // ---- setup ----

  [[nodiscard]] wire::open_session_request open_request() const {
    return {tag,
            asked,
            console_id,
            wire::authentication_payload::of(suite.authentication),
            wire::integrity_payload::of(suite.integrity),
            wire::confidentiality_payload::of(suite.confidentiality)};
  }
  /// Takes an Open Session Response; throws if there was none.
  rakp_status take_opened(const octets& reply) {
    opened = message_in<wire::open_session_response>(reply);
    transcript = {.console_id = console_id, .managed_id = opened.managed_id};
    return opened.status;
  }
  rakp_status open(const wire::open_session_request& rq) {
    return take_opened(exchange(sessionless(payload_type::open_session_request, rq)));
  }
  rakp_status open() { return open(open_request()); }

  [[nodiscard]] octets rakp1_datagram() {
    transcript.console_random = console_random;
    transcript.role = role;
    transcript.name = name;
    return datagram_of([&](mutable_bytes out) { return rmcpp::detail::encode_rakp1(tag, transcript, out); });
  }
  /// Takes RAKP 2; throws if there was none.
  rakp_status take_rakp2(const octets& reply) {
    second = message_in<wire::rakp2>(reply);
    transcript.managed_random = second.managed_random;
    transcript.managed_guid = second.managed_guid;
    return second.status;
  }
  rakp_status send_rakp1() { return take_rakp2(exchange(rakp1_datagram())); }
  [[nodiscard]] bool rakp2_verifies() {
    return value_of(rakp2_code(crypto, suite.authentication, password, transcript)) == second.code;
  }

  /// The code that RAKP 3 should have.
  [[nodiscard]] wire::rakp_code third_code() {
    return value_of(rakp3_code(crypto, suite.authentication, password, transcript));
  }
  [[nodiscard]] octets rakp3_datagram(const wire::rakp_code& code, rakp_status why = rakp_status::no_errors) {
    return datagram_of(
        [&](mutable_bytes out) { return rmcpp::detail::encode_rakp3(tag, why, managed_id(), code, out); });
  }
  [[nodiscard]] octets rakp3_datagram() { return rakp3_datagram(third_code()); }
  /// Takes RAKP 4; throws if there was none.
  rakp_status take_rakp4(const octets& reply) {
    fourth = message_in<wire::rakp4>(reply);
    return fourth.status;
  }
  rakp_status send_rakp3() { return take_rakp4(exchange(rakp3_datagram())); }

  /// Whether RAKP 4 proves the BMC; loads the session's keys if so.
  bool begin_session() {
    const auto whole = value_of(rakp4_code(crypto, suite.authentication, session::integrity_key(), transcript));
    if (fourth.code.size() != protect::rakp4_code_size(suite.authentication) ||
        !protect::rakp4_code_fits(suite.authentication, whole, fourth.code))
      return false;
    session::load_keys();
    return true;
  }
  /// Open Session to RAKP 2.
  bool prove() { return open() == rakp_status::no_errors && send_rakp1() == rakp_status::no_errors; }
  bool login() { return prove() && send_rakp3() == rakp_status::no_errors && begin_session(); }

  // ---- session ----

  [[nodiscard]] wire::lan_request request(net_fn fn, std::uint8_t cmd, bytes data = {}) {
    request_sequence = (request_sequence + 1) & 63;
    return {.target = wire::net_fn_lun::request(fn),
            .sequence = wire::seq_lun::of(request_sequence),
            .command = cmd,
            .data = data};
  }
  [[nodiscard]] octets sealed(bytes message, std::uint32_t number) {
    return sealed(message, kind(), number, managed_id());
  }
  [[nodiscard]] octets sealed(const wire::lan_request& rq, std::uint32_t number) { return sealed(encoded(rq), number); }
  [[nodiscard]] octets sealed(const wire::lan_request& rq) { return sealed(rq, sequence.next()); }

  /// Opens an answer with the session's keys; throws if it is not what a console would take.
  command_answer unseal(const octets& reply) {
    if (reply.empty()) return {};
    const auto packet = session::unsealed(reply);
    if (packet.id != console_id) throw std::runtime_error("not for this console");
    const auto rs = value_of(wire::decode<wire::lan_response>(packet.message));
    command_answer a{true, rs.code, to_octets(rs.data), packet.sequence, rs};
    a.message.data = {};
    return a;
  }
  command_answer send(const octets& datagram) { return unseal(exchange(datagram)); }
  command_answer send(const wire::lan_request& rq) { return send(sealed(rq)); }
  command_answer send(net_fn fn, std::uint8_t cmd, bytes data = {}) { return send(request(fn, cmd, data)); }
  command_answer app(std::uint8_t cmd, std::initializer_list<std::uint8_t> data = {}) {
    return send(net_fn::app, cmd, bytes(data.begin(), data.size()));
  }
  command_answer chassis(std::uint8_t cmd, std::initializer_list<std::uint8_t> data = {}) {
    return send(net_fn::chassis, cmd, bytes(data.begin(), data.size()));
  }
  bool set_privilege(privilege level) {
    return app(wire::app::set_session_privilege, {static_cast<std::uint8_t>(level)}).code == completion_code::ok;
  }
  bool close() {
    std::array<std::uint8_t, 4> id{};
    core::store_le32(id.data(), to_integer(transcript.managed_id));
    return send(net_fn::app, wire::app::close_session, id).code == completion_code::ok;
  }
};

}  // namespace rmcpp::testing
