// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/v15_packet.hpp>
#include <rmcpp/testing/crafted_console.hpp>
#include <rmcpp/wire/session_challenge.hpp>

/// \file
/// A console of IPMI v1.5 by hand, to try a BMC with: each message of a login and a session, with any field wrong.

namespace rmcpp::testing {

/// One login and its session, step by step: ask_challenge(), activate(), send(). Everything may be changed before a
/// step. Each step also exists as a datagram (challenge_datagram(), activate_datagram(), sealed()) to be spoilt, put
/// right again with reseal(), and sent with exchange(), late, twice or never.
///
///     crafted_console_v15 console([&](const test_peer&, bytes datagram) { return my_bmc.answer(datagram); });
///     console.ask_challenge();
///     console.password = key_of("wrong");
///     console.activate().got;  // false, it is to be hoped
template <crypto::backend B = null_backend> struct crafted_console_v15 {
  using link_type = std::function<octets(const test_peer& from, bytes datagram)>;

  explicit crafted_console_v15(link_type to_bmc, wire::auth_type wanted = wire::auth_type::md5,
                               const test_peer& peer = console_peer)
      : link(std::move(to_bmc)), from(peer), type(wanted), session_type(wanted) {}

  link_type link;
  test_peer from;
  B crypto{};
  wire::auth_type type;  ///< asked for in the challenge and in Activate Session
  username name = name_of("admin");
  user_key password = key_of("secret");
  privilege level = privilege::administrator;
  std::uint32_t first_to_console = 0x1000;      ///< what Activate Session asks the BMC's numbers to begin with
  wire::session_challenge_response given{};     ///< the last of each answer
  wire::activate_session_response activated{};  ///< its id is that of our packets
  wire::auth_type session_type;                 ///< of packets within the session, both ways
  std::uint32_t sequence = 0;                   ///< of our next packet within it
  std::uint8_t request_sequence = 0;

  octets exchange(bytes datagram) { return link(from, datagram); }

  [[nodiscard]] wire::lan_request request(net_fn fn, std::uint8_t cmd, bytes data = {}) {
    request_sequence = (request_sequence + 1) & 63;
    return {.target = wire::net_fn_lun::request(fn),
            .sequence = wire::seq_lun::of(request_sequence),
            .command = cmd,
            .data = data};
  }

  // ---- packets ----

  /// A packet around any message.
  [[nodiscard]] octets sealed(bytes message, wire::auth_type as, std::uint32_t number, session_id id) {
    octets out(wire::payload_at_v15(as) + message.size());
    core::writer w(out);
    w.group("rmcp_header", wire::rmcp_header{});
    w.group("session_v15", wire::session_v15{.type = as, .sequence = number, .id = id, .payload = message});
    reseal(out);
    return out;
  }
  [[nodiscard]] octets sealed(const wire::lan_request& rq, std::uint32_t number) {
    return sealed(encoded(rq), session_type, number, activated.id);
  }
  /// Under the next number, which goes round without 0.
  [[nodiscard]] octets sealed(const wire::lan_request& rq) {
    const std::uint32_t number = sequence;
    sequence = sequence == 0xffffffff ? 1 : sequence + 1;
    return sealed(rq, number);
  }

  /// The authcode that a packet should have; zeros where its type has none.
  [[nodiscard]] octets16 authcode(const wire::seen& packet) {
    secret<16> code;
    if (protect::supports<B>(packet.auth))
      if (const auto made = protect::v15_code(crypto, packet, password, code); !made)
        throw std::runtime_error(describe(made.error()));
    octets16 out{};
    core::copy(code.reveal(), out);
    return out;
  }
  /// Computes the authcode again over the packet as it is; nothing else is put right.
  void reseal(octets& datagram) {
    const auto packet = value_of(wire::look(datagram));
    if (packet.auth == wire::auth_type::none) return;
    core::copy(authcode(packet), mutable_bytes(datagram).subspan(packet.payload_at - 17, 16));
  }

  /// Opens an answer as strictly as a console does; throws if it is not one of session `id`, of that type. Silence is
  /// an answer too.
  command_answer unseal(octets reply, wire::auth_type as, session_id id) {
    if (reply.empty()) return {};
    const auto packet = value_of(wire::look(reply));
    if (packet.format != wire::packet_format::v15 || packet.auth != as) throw std::runtime_error("of another type");
    if (packet.id != id) throw std::runtime_error("not for this session");
    if (as != wire::auth_type::none && !core::equal(authcode(packet), packet.authcode()))
      throw std::runtime_error("the authcode is wrong");
    if (!packet.behind().empty()) throw std::runtime_error("bytes behind the message");
    const auto rs = value_of(wire::decode<wire::lan_response>(packet.payload()));
    command_answer a{true, rs.code, to_octets(rs.data), packet.sequence, rs};
    a.message.data = {};
    return a;
  }

  // ---- login ----

  /// Any command outside a session.
  [[nodiscard]] octets bare(std::uint8_t cmd, bytes data) {
    return sealed(encoded(request(net_fn::app, cmd, data)), wire::auth_type::none, 0, session_id::none);
  }
  command_answer ask(std::uint8_t cmd, bytes data) {
    return unseal(exchange(bare(cmd, data)), wire::auth_type::none, session_id::none);
  }

  [[nodiscard]] wire::session_challenge_request challenge_request() const { return {type, name.padded()}; }
  [[nodiscard]] octets challenge_datagram() {
    return bare(wire::app::get_session_challenge, encoded(challenge_request()));
  }
  /// Takes the answer to Get Session Challenge; throws if there was none.
  completion_code take_challenge(const octets& reply) {
    const auto a = unseal(reply, wire::auth_type::none, session_id::none);
    if (!a.got) throw std::runtime_error("no answer");
    if (a.code == completion_code::ok) given = value_of(wire::decode<wire::session_challenge_response>(a.data));
    return a.code;
  }
  completion_code ask_challenge() { return take_challenge(exchange(challenge_datagram())); }

  [[nodiscard]] wire::activate_session_request activation() const {
    return {type, level, given.challenge, first_to_console};
  }
  [[nodiscard]] octets activate_datagram(bytes data) {
    return sealed(encoded(request(net_fn::app, wire::app::activate_session, data)), type, 0, given.temporary_id);
  }
  [[nodiscard]] octets activate_datagram() { return activate_datagram(encoded(activation())); }
  /// Takes the answer to Activate Session; begins the session if it says so.
  command_answer take_activated(const octets& reply) {
    const auto a = unseal(reply, type, given.temporary_id);
    if (!a.got || a.code != completion_code::ok) return a;
    activated = value_of(wire::decode<wire::activate_session_response>(a.data));
    session_type = activated.type;
    sequence = activated.first_to_bmc;
    return a;
  }
  command_answer activate() { return take_activated(exchange(activate_datagram())); }
  bool login() {
    if (ask_challenge() != completion_code::ok) return false;
    const auto a = activate();
    return a.got && a.code == completion_code::ok;
  }

  // ---- session ----

  command_answer unseal(const octets& reply) { return unseal(reply, session_type, activated.id); }
  command_answer send(const octets& datagram) { return unseal(exchange(datagram)); }
  command_answer send(const wire::lan_request& rq) { return send(sealed(rq)); }
  command_answer send(net_fn fn, std::uint8_t cmd, bytes data = {}) { return send(request(fn, cmd, data)); }
  command_answer app(std::uint8_t cmd, std::initializer_list<std::uint8_t> data = {}) {
    return send(net_fn::app, cmd, bytes(data.begin(), data.size()));
  }
  command_answer chassis(std::uint8_t cmd, std::initializer_list<std::uint8_t> data = {}) {
    return send(net_fn::chassis, cmd, bytes(data.begin(), data.size()));
  }
  bool set_privilege(privilege wanted) {
    return app(wire::app::set_session_privilege, {static_cast<std::uint8_t>(wanted)}).code == completion_code::ok;
  }
  bool close() {
    std::array<std::uint8_t, 4> id{};
    core::store_le32(id.data(), to_integer(activated.id));
    return send(net_fn::app, wire::app::close_session, id).code == completion_code::ok;
  }
};

}  // namespace rmcpp::testing
