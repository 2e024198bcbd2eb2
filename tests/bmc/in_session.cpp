// SPDX-License-Identifier: BSL-1.0
// Inside a session: what is executed, what is dropped, and the session commands. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <string>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::to_hex;

using rig = bmc_rig<>;
using client = rig_console<rig>;

constexpr auto all_suites = {0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17};
octets suite_ids() { return octets(all_suites.begin(), all_suites.end()); }
completion_code code(int n) { return completion_code{static_cast<std::uint8_t>(n)}; }

/// Drops the datagram: silence, nothing executed, nobody's timer refreshed.
void check_dropped(rig& r, const test_peer& from, const octets& datagram, errc why) {
  const auto deadline = r.managed.poll_timeout();
  const auto executed = r.handler().commands.size();
  const auto tables = r.tables();
  CHECK(r.ask(from, datagram).empty());
  CHECK(std::string(describe(r.last)) == describe(why));
  CHECK(r.managed.poll_timeout() == deadline);
  CHECK(r.handler().commands.size() == executed);
  CHECK(r.tables() == tables);
}

}  // namespace

TEST_CASE("a request is echoed with its sequence, addresses and LUNs swapped, numbered from 1", "[session][bmc]") {
  for (const auto id : suite_ids()) {
    CAPTURE(int(id));
    rig r;
    client c(r, id);
    REQUIRE(c.login());
    for (std::uint32_t n = 1; n <= 70; ++n) {
      const octets data{static_cast<std::uint8_t>(n), 2, 3};
      auto rq = c.request(net_fn{0x2e}, static_cast<std::uint8_t>(n), data);
      rq.target = net_fn_lun::request(net_fn{0x2e}, static_cast<std::uint8_t>(n & 3));
      rq.sequence = seq_lun::of(rq.sequence.sequence(), static_cast<std::uint8_t>(n >> 2 & 3));
      rq.requester = 0x8d;
      const auto a = c.send(rq);
      REQUIRE(a.got);
      CHECK(a.sequence == n);
      CHECK(a.data == data);
      CHECK(a.message.requester == 0x8d);
      CHECK(a.message.responder == bmc_address);
      CHECK(a.message.target == net_fn_lun::response(net_fn{0x2e}, rq.sequence.lun()));
      CHECK(a.message.sequence == seq_lun::of(rq.sequence.sequence(), rq.target.lun()));
      CHECK(a.message.command == rq.command);
      const auto& seen = r.handler().commands.back();
      CHECK(seen.fn == net_fn{0x2e});
      CHECK(seen.code == rq.command);
      CHECK(seen.lun == rq.target.lun());
      CHECK(seen.data == data);
      CHECK(seen.level == privilege::user);
    }
    CHECK(r.handler().commands.size() == 70);
    CHECK(r.managed.counters().commands == 70);
  }
}

TEST_CASE("answers fill the buffer's limit and no more", "[session][bmc]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  for (const std::size_t n : {0u, 1u, 15u, 16u, 17u, 255u, 256u}) {
    const octets data(n, 0x5a);
    const auto a = c.send(net_fn::chassis, 1, data);
    CHECK(a.code == completion_code::ok);
    CHECK(a.data == data);
  }
  const auto a = c.send(net_fn::chassis, 1, octets(257, 0x5a));
  CHECK(a.code == completion_code::cannot_return_bytes);
  CHECK(a.data.empty());
}

TEST_CASE("a session begins at USER, or below if no more was asked", "[session][bmc]") {
  for (int level = 1; level <= 4; ++level) {
    rig r;
    client c(r);
    c.role = role_byte::of(static_cast<privilege>(level), true);
    REQUIRE(c.login());
    const auto expected = level == 1 ? privilege::callback : privilege::user;
    CHECK(r.events.back().session.level == expected);
    CHECK(c.chassis(1).got);
    CHECK(r.handler().commands.back().level == expected);
    CHECK(c.app(app::set_session_privilege, {0}).data == octets{static_cast<std::uint8_t>(expected)});
  }
}

TEST_CASE("Set Session Privilege Level", "[session][bmc][N-CMD-01][N-CMD-12]") {
  rig r;
  client c(r);
  c.role = role_byte::of(privilege::operator_, true);
  REQUIRE(c.login());
  const auto set = [&](std::initializer_list<std::uint8_t> data) {
    const auto a = c.app(app::set_session_privilege, data);
    return a.code == completion_code::ok ? "ok " + to_hex(a.data)
                                         : to_hex(octets{static_cast<std::uint8_t>(a.code)}) + to_hex(a.data);
  };
  CHECK(set({}) == "c7");
  CHECK(set({2, 0}) == "c7");
  CHECK(set({0}) == "ok 02");
  CHECK(set({1}) == "cc");
  for (int level = 6; level < 256; ++level) CHECK(set({static_cast<std::uint8_t>(level)}) == "cc");
  CHECK(set({4}) == "81");
  CHECK(set({5}) == "81");
  CHECK(set({0}) == "ok 02");
  CHECK(r.count(rig::kind::privilege) == 0);
  CHECK(set({3}) == "ok 03");
  REQUIRE(r.count(rig::kind::privilege) == 1);
  CHECK(r.events.back().session.level == privilege::operator_);
  CHECK(c.chassis(1).got);
  CHECK(r.handler().commands.back().level == privilege::operator_);
  CHECK(set({3}) == "ok 03");
  CHECK(r.count(rig::kind::privilege) == 1);
  CHECK(set({2}) == "ok 02");
  CHECK(c.chassis(2).got);
  CHECK(r.handler().commands.back().level == privilege::user);
}

TEST_CASE("Close Session: itself by id or handle; others only as administrator", "[session][bmc][N-CMD-02]") {
  for (const bool by_handle : {false, true}) {
    CAPTURE(by_handle);
    rig r;
    client a(r), b(r);
    b.console_id = session_id{0xb};
    REQUIRE((a.login() && b.login()));
    const auto of = [&](const client& c, std::uint8_t handle) {
      return by_handle ? octets{0, 0, 0, 0, handle} : id_bytes(c.managed_id());
    };
    const auto close = [](client& c, const octets& data) { return c.send(net_fn::app, app::close_session, data).code; };
    for (const std::size_t n : {0u, 1u, 2u, 3u, 6u, 7u})
      CHECK(close(a, octets(n, 0)) == completion_code::length_invalid);
    auto five = id_bytes(a.managed_id());
    five.push_back(1);
    CHECK(close(a, five) == completion_code::length_invalid);
    CHECK(close(a, {0, 0, 0, 0}) == code(0x87));
    CHECK(close(a, {0, 0, 0, 0, 0}) == code(0x87));
    CHECK(close(a, {1, 2, 3, 4}) == code(0x87));
    for (const auto handle : octets{3, 4, 5, 63, 64, 255}) CHECK(close(a, {0, 0, 0, 0, handle}) == code(0x88));
    CHECK(close(a, id_bytes(a.console_id)) == code(0x87));

    CHECK(close(b, of(a, 1)) == completion_code::insufficient_privilege);
    CHECK(b.set_privilege(privilege::operator_));
    CHECK(close(b, of(a, 1)) == completion_code::insufficient_privilege);
    CHECK(r.managed.active_sessions() == 2);
    CHECK(b.set_privilege(privilege::administrator));
    CHECK(close(b, of(a, 1)) == completion_code::ok);
    CHECK(r.managed.active_sessions() == 1);
    REQUIRE(r.events.back().type == rig::kind::closed);
    CHECK(r.events.back().error == errc::closed_by_administrator);
    CHECK(r.events.back().session.id == a.managed_id());
    CHECK(b.chassis(1).got);

    CHECK(close(b, of(b, 2)) == completion_code::ok);  // its answer still opens under its keys
    CHECK(r.managed.active_sessions() == 0);
    check_dropped(r, console_peer, b.sealed(b.request(net_fn::app, app::close_session, of(b, 2))),
                  errc::unknown_session);
  }
}

TEST_CASE("Get Session Info: this session, the Nth, by handle and by id", "[session][bmc]") {
  auto o = default_bmc();
  o.max_sessions = 3;
  rig r(o);
  client a(r), gone(r), b(r, 17, test_peer{0x0a0b0c0d, 0x1234});
  REQUIRE((a.login() && gone.login() && b.login()));
  CHECK(gone.close());
  const auto info = [&](octets data) {
    const auto rs = a.send(net_fn::app, app::get_session_info, data);
    return rs.code == completion_code::ok ? to_hex(rs.data) : to_hex(octets{static_cast<std::uint8_t>(rs.code)});
  };
  const auto with = [](std::uint8_t index, octets rest) {
    rest.insert(rest.begin(), index);
    return rest;
  };
  // handle, slots, active, user, level, v2.0 on channel 1, address, no MAC, port
  const std::string of_a =
      "010302"
      "02"
      "02"
      "11"
      "7f000001"
      "000000000000"
      "409c";
  const std::string of_b =
      "030302"
      "02"
      "02"
      "11"
      "0a0b0c0d"
      "000000000000"
      "3412";
  CHECK(info({0}) == of_a);
  CHECK(info({1}) == of_a);
  CHECK(info({2}) == of_b);
  for (std::uint8_t n = 3; n < 0xfe; ++n) REQUIRE(info({n}) == "000302");
  CHECK(info({0xfe, 1}) == of_a);
  CHECK(info({0xfe, 3}) == of_b);
  for (const auto n : octets{0, 2, 4, 5, 255}) CHECK(info({0xfe, n}) == "000302");
  CHECK(info(with(0xff, id_bytes(a.managed_id()))) == of_a);
  CHECK(info(with(0xff, id_bytes(b.managed_id()))) == of_b);
  CHECK(info(with(0xff, id_bytes(gone.managed_id()))) == "000302");
  CHECK(info(with(0xff, {0, 0, 0, 0})) == "000302");
  for (const auto& bad : {octets{}, octets{0, 0}, octets{0xfe}, octets{0xfe, 1, 1}, octets{0xff}, octets{0xff, 1, 2, 3},
                          octets{0xff, 1, 2, 3, 4, 5}})
    CHECK(info(bad) == "c7");
  CHECK(r.handler().commands.empty());
}

TEST_CASE("the discovery commands also answer inside a session; other App commands go to the handler",
          "[session][bmc]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  CHECK(to_hex(c.app(0x37).data) == "202122232425262728292a2b2c2d2e2f");
  CHECK(to_hex(c.app(0x38, {0x8e, 4}).data) == "0180040200000000");
  CHECK(to_hex(c.app(0x54, {0x0e, 0, 0x80}).data) == "01c011034481c003014181c000004080c0");
  CHECK(r.handler().commands.empty());
  CHECK(c.app(0x01).got);
  CHECK(r.handler().commands.size() == 1);
  CHECK(c.chassis(0x37).got);  // the number means something else there
  CHECK(r.handler().commands.size() == 2);
  CHECK(c.chassis(test_handler::unknown_command).code == completion_code::invalid_command);
}

TEST_CASE("packets that are not protected as negotiated are dropped",
          "[session][bmc][N-V2-09][N-V2-10][N-V2-11][N-V2-15]") {
  for (const auto id : suite_ids()) {
    CAPTURE(int(id));
    rig r;
    client c(r, id);
    REQUIRE(c.login());
    const auto rq = datagram_of([&](mutable_bytes out) { return encode(c.request(net_fn::chassis, 2), out); });
    const auto good = c.kind();
    for (const bool authenticated : {false, true}) {
      for (const bool encrypted : {false, true}) {
        const auto kind = payload_byte::of(payload_type::ipmi, authenticated, encrypted);
        if (kind == good) continue;
        const auto why = c.keys.authenticates() && !authenticated ? errc::not_authenticated
                         : c.keys.encrypts() && !encrypted        ? errc::not_encrypted
                                                                  : errc::unexpected_protection;
        // A sender that holds the keys can sign what it likes; one that does not just sets the bits.
        if ((c.keys.authenticates() || !authenticated) && (c.keys.encrypts() || !encrypted)) {
          check_dropped(r, console_peer, c.sealed(rq, kind, 1, c.managed_id()), why);
        } else {
          auto forged = c.sealed(rq, good, 1, c.managed_id());
          forged[5] = kind.value;
          forged.resize(payload_v2 + load_le16(&forged[14]) + (authenticated ? 20 : 0), 0xff);
          check_dropped(r, console_peer, forged, why);
        }
      }
    }
    if (c.keys.authenticates()) {
      const auto packet = c.sealed(rq, 1);
      for (std::size_t at = 4; at < packet.size(); ++at) {
        auto flipped = packet;
        flipped[at] ^= 0x10;
        const auto executed = r.handler().commands.size();
        CHECK(r.ask(console_peer, flipped).empty());
        CHECK(is_drop(r.last));
        CHECK(r.handler().commands.size() == executed);
      }
    }
    CHECK(c.send(c.sealed(rq, 1)).got);
  }
}

TEST_CASE("packets for nobody, from elsewhere, or of another type are dropped",
          "[session][bmc][N-V2-04][N-V2-05][N-V2-08][N-V2-21][N-V2-24][N-V15-05]") {
  rig r;
  client c(r, 17), other(r, 17);
  REQUIRE((c.login() && other.login()));
  const auto rq = datagram_of([&](mutable_bytes out) { return encode(c.request(net_fn::chassis, 2), out); });
  for (const std::uint32_t nobody : {to_integer(c.console_id), to_integer(c.managed_id()) + 1, 0xffffffffu})
    check_dropped(r, console_peer, c.sealed(rq, c.kind(), 1, session_id{nobody}), errc::unknown_session);
  check_dropped(r, console_peer, c.sealed(rq, c.kind(), 1, other.managed_id()), errc::bad_authcode);
  for (const auto& from : {test_peer{console_peer.address, 40001}, test_peer{console_peer.address + 1, 40000}})
    check_dropped(r, from, c.sealed(rq, 1), errc::wrong_peer);
  for (const auto type : {payload_type::sol, payload_type::oem_explicit, payload_type::open_session_request,
                          payload_type::rakp1, payload_type::rakp3, payload_type::oem0, payload_type{0x3f}})
    check_dropped(r, console_peer, c.sealed(rq, c.kind(type), 1, c.managed_id()), errc::bad_payload_type);
  // The session's id in the v1.5 format, and a v1.5 id in the session's.
  octets v15 =
      datagram_of([&](mutable_bytes out) { return encode_sessionless_v15(c.request(net_fn::chassis, 2), out); });
  store_le32(v15.data() + 9, to_integer(c.managed_id()));
  check_dropped(r, console_peer, v15, errc::unknown_session);
  // Messages for other addresses, responses, and bad checksums, though the packet is genuine: each uses up its number.
  auto elsewhere = c.request(net_fn::chassis, 2);
  elsewhere.responder = 0x22;
  check_dropped(r, console_peer, c.sealed(elsewhere, 1), errc::unexpected_message);
  auto response = c.request(net_fn::chassis, 2);
  response.target = net_fn_lun::response(net_fn::chassis);
  check_dropped(r, console_peer, c.sealed(response, 2), errc::unexpected_message);
  auto spoilt = rq;
  spoilt.back() ^= 1;
  check_dropped(r, console_peer, c.sealed(spoilt, 3), errc::bad_checksum);
  for (std::size_t n = 1; n < 7; ++n)
    check_dropped(r, console_peer, c.sealed(bytes(rq).first(n), static_cast<std::uint32_t>(3 + n)), errc::truncated);
  CHECK(c.send(c.sealed(rq, 10)).got);
  CHECK(c.close() == false);  // its own counter is behind: replayed
  c.sequence = sequence_counter(10);
  CHECK(c.close());
  check_dropped(r, console_peer, c.sealed(rq, 12), errc::unknown_session);
}

TEST_CASE("numbers: each once, 16 behind, any distance ahead with integrity, 15 without",
          "[session][bmc][N-V2-16][N-V2-17][N-V2-18][N-V2-19][N-V2-20]") {
  for (const auto id : suite_ids()) {
    for (const bool strict : {false, true}) {
      CAPTURE(int(id), strict);
      auto o = default_bmc();
      o.strict_window = strict;
      rig r(o);
      client c(r, id);
      REQUIRE(c.login());
      const bool bounded = strict || !c.keys.authenticates();
      const auto outcome = [&](std::uint32_t number) {
        const auto executed = r.handler().commands.size();
        const bool got = c.send(c.sealed(c.request(net_fn::chassis, 2), number)).got;
        CHECK(r.handler().commands.size() == executed + (got ? 1u : 0u));
        return r.last;
      };
      CHECK(outcome(0) == errc::outside_window);
      CHECK(outcome(3) == errc::ok);  // ipmitool's first
      CHECK(outcome(3) == errc::replayed);
      CHECK(outcome(1) == errc::ok);
      CHECK(outcome(2) == errc::ok);
      CHECK(outcome(18) == errc::ok);
      CHECK(outcome(18 + 16) == (bounded ? errc::outside_window : errc::ok));
      if (bounded) CHECK(outcome(18 + 15) == errc::ok);
      const std::uint32_t top = bounded ? 33 : 34;
      CHECK(outcome(top - 17) == errc::outside_window);
      for (std::uint32_t back = 1; back <= 16; ++back)
        CHECK(outcome(top - back) == (top - back == 18 ? errc::replayed : errc::ok));
      for (std::uint32_t back = 0; back <= 16; ++back) CHECK(outcome(top - back) == errc::replayed);
      if (c.keys.authenticates()) {
        auto forged = c.sealed(c.request(net_fn::chassis, 2), top + 15);
        forged.back() ^= 1;
        check_dropped(r, console_peer, forged, errc::bad_authcode);
        CHECK(outcome(top + 1) == errc::ok);
      }
      for (std::uint32_t i = 0; i < 1000; ++i) REQUIRE(outcome(top + 3 + 2 * i) == errc::ok);
      if (bounded) continue;
      for (const std::uint32_t n : {0x70000000u, 0xe0000000u, 0xfffffffeu, 0xffffffffu, 1u, 2u})
        CHECK(outcome(n) == errc::ok);
      CHECK(outcome(0xffffffffu) == errc::replayed);
    }
  }
}

TEST_CASE("sessions do not touch each other", "[session][bmc]") {
  rig r;
  client a(r, 17), b(r, 3, test_peer{9, 9}), c(r, 2);
  b.console_id = a.console_id;  // two consoles may choose the same
  REQUIRE((a.login() && b.login() && c.login()));
  CHECK(b.set_privilege(privilege::administrator));
  CHECK(a.chassis(1, {1}).sequence == 1);
  CHECK(r.handler().commands.back().level == privilege::user);
  CHECK(b.chassis(1, {2}).sequence == 2);
  CHECK(r.handler().commands.back().level == privilege::administrator);
  std::size_t seen = 0;
  r.managed.for_each_session([&](const session_info& s, const test_peer& p) {
    ++seen;
    CHECK(s.handle == seen);
    CHECK((s.handle == 2) == (p.port() == 9));
  });
  CHECK(seen == 3);
}

TEST_CASE("a slot's next session begins afresh: numbers, window, kept replies, level", "[session][bmc]") {
  for (const std::uint8_t id : {std::uint8_t{0}, std::uint8_t{17}}) {
    rig r;
    client c(r, id);
    lan_request last{};
    for (std::size_t round = 1; round <= 3; ++round) {
      REQUIRE(c.login());
      c.request_sequence = 0;
      for (std::uint32_t n = 1; n <= 20; ++n) {
        last = c.request(net_fn::chassis, 1);
        const auto a = c.send(last);
        CHECK(a.sequence == n);
        CHECK(r.handler().commands.back().level == privilege::user);
      }
      CHECK(c.set_privilege(privilege::administrator));
      CHECK(r.handler().commands.size() == 20 * round);
      CHECK(r.managed.close(c.managed_id(), r.now).has_value());
      r.drain();
    }
    // The very request that a session ended with is new to the next one.
    REQUIRE(c.login());
    CHECK(c.send(last).got);
    CHECK(r.managed.close(c.managed_id(), r.now).has_value());
    REQUIRE(c.login());
    CHECK(c.send(last).sequence == 1);
    CHECK(r.handler().commands.size() == 62);
  }
}

TEST_CASE("each command that was answered is told once, with its code; a repeat is not", "[session][bmc]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  r.events.clear();
  const auto rq = c.request(net_fn::chassis, 2);
  CHECK(c.send(rq).got);
  CHECK(c.send(rq).got);
  CHECK(c.send(c.request(net_fn::chassis, test_handler::unknown_command)).got);
  CHECK(c.send(c.request(net_fn::app, app::get_channel_payload_support, octets{0x0e})).got);
  CHECK_FALSE(c.send(c.request(net_fn::chassis, test_handler::deferred_command)).got);
  REQUIRE(r.count(rig::kind::served) == 3);
  CHECK(r.events.size() == 3);
  octets out(rig::machine::max_datagram);
  REQUIRE(r.managed.complete(r.handler().tickets.back(), {completion_code{0xc9}}, out, r.now));
  r.drain();
  REQUIRE(r.events.size() == 4);
  struct row {
    net_fn fn;
    std::uint8_t command, code;
  };
  const row rows[] = {{net_fn::chassis, 2, 0},
                      {net_fn::chassis, test_handler::unknown_command, 0xc1},
                      {net_fn::app, app::get_channel_payload_support, 0},
                      {net_fn::chassis, test_handler::deferred_command, 0xc9}};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& e = r.events[i];
    CHECK((e.type == rig::kind::served && e.fn == rows[i].fn && e.command == rows[i].command));
    CHECK(e.code == code(rows[i].code));
    CHECK(e.peer == console_peer);
    CHECK(e.session.id == c.managed_id());
  }
}
