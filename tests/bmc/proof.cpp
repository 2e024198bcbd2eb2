// SPDX-License-Identifier: BSL-1.0
// RAKP at the BMC: what proves a login, what a stranger can learn before that, and repeats. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <string>

namespace {

using namespace rmcpp;
using namespace rmcpp::protect;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::to_hex;

using rig = bmc_rig<>;
using client = rig_console<rig>;
using status_code = rakp_status;

constexpr auto all_suites = {0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17};
const test_peer elsewhere{0x7f000002, 40000};

/// An address that nobody had before: wrong passwords slow down only the one they came from.
test_peer new_peer() {
  static std::uint32_t last = 0x0a000000;
  return {++last, 623};
}
rakp_code code_of(bytes b) { return *rakp_code::from(b); }
octets suite_ids() { return octets(all_suites.begin(), all_suites.end()); }

}  // namespace

TEST_CASE("every suite logs in, and its RAKP messages have its lengths", "[session][bmc]") {
  for (const auto id : suite_ids()) {
    CAPTURE(int(id));
    rig r;
    client c(r, id);
    REQUIRE(c.prove());
    CHECK(c.rakp2_verifies());
    CHECK(c.second.code.size() == rakp_code_size(c.suite.authentication));
    CHECK(c.second.managed_guid == default_bmc().system_guid);
    CHECK(c.second.tag == c.tag);
    CHECK(c.second.console_id == c.console_id);
    CHECK(c.send_rakp3() == status_code::no_errors);
    CHECK(c.fourth.tag == c.tag);
    CHECK(c.fourth.console_id == c.console_id);
    CHECK(c.begin_session());
    CHECK(c.chassis(1, {1, 2, 3}).data == octets{1, 2, 3});
    CHECK(r.tables() == std::array<std::size_t, 3>{1, 0, 0});
    CHECK(r.managed.counters().logins == 1);
  }
}

TEST_CASE("RAKP 3 with any wrong code is refused and the login is over", "[session][bmc][N-RK-09][N-RK-11]") {
  for (const auto id : suite_ids()) {
    rig r;
    const auto refused = [&](auto change) {
      client c(r, id, new_peer());
      REQUIRE(c.prove());
      octets code = to_octets(c.third_code());
      change(code);
      const auto reply = r.ask(c.from, c.rakp3_datagram(code_of(code)));
      REQUIRE(reply.size() == payload_v2 + 8);
      CHECK(c.take_rakp4(reply) == status_code::invalid_integrity_check_value);
      CHECK(c.fourth.console_id == c.console_id);
      CHECK(c.fourth.tag == c.tag);
      CHECK(r.tables() == std::array<std::size_t, 3>{0, 0, 0});
      CHECK(r.events.back().type == rig::kind::login_failed);
      CHECK(r.events.back().error == errc::bad_rakp3_code);
      CHECK(r.events.back().session.name == c.name);
      CHECK(r.events.back().session.level == privilege{});
      // The right code comes too late.
      CHECK(refused_as_unknown(r.ask(c.from, c.rakp3_datagram())));
    };
    const std::size_t size = rakp_code_size(standard_suites.at(id).authentication);
    CAPTURE(int(id), size);
    for (std::size_t at = 0; at < size; ++at)
      for (const int flip : {0x01, 0x80}) refused([&](octets& c) { c[at] = static_cast<std::uint8_t>(c[at] ^ flip); });
    refused([](octets& c) { c.push_back(0); });
    if (size == 0) continue;
    refused([](octets& c) { c.clear(); });
    refused([](octets& c) { c.pop_back(); });
    refused([](octets& c) { c.resize(12); });
    refused([](octets& c) { c.assign(c.size(), 0); });
  }
}

TEST_CASE("a RAKP 3 far too long is as wrong as any", "[session][bmc][N-RK-09]") {
  rig r;
  for (const std::size_t extra : {34u, 100u, 1000u}) {
    client c(r, 3, new_peer());
    REQUIRE(c.prove());
    auto payload = to_octets(payload_of(c.rakp3_datagram()));
    payload.resize(payload.size() + extra);
    CHECK(c.take_rakp4(r.ask(c.from, sessionless(payload_type::rakp3, payload))) ==
          status_code::invalid_integrity_check_value);
  }
  client c(r);
  REQUIRE(c.prove());
  const auto payload = to_octets(payload_of(c.rakp3_datagram()));
  for (std::size_t n = 1; n < 8; ++n) {
    CHECK(r.ask(console_peer, sessionless(payload_type::rakp3, bytes(payload).first(n))).empty());
    CHECK(is_drop(r.last));
  }
  CHECK(c.send_rakp3() == status_code::no_errors);
}

TEST_CASE("a console that gives up ends its login, code or not", "[session][bmc][N-RK-10]") {
  for (const bool with_code : {false, true}) {
    rig r;
    client c(r);
    REQUIRE(c.prove());
    auto payload = to_octets(payload_of(c.rakp3_datagram()));
    payload[1] = static_cast<std::uint8_t>(status_code::invalid_integrity_check_value);
    if (!with_code) payload.resize(8);
    CHECK(r.ask(console_peer, sessionless(payload_type::rakp3, payload)).empty());
    CHECK(r.last == errc::ok);
    CHECK(r.tables() == std::array<std::size_t, 3>{0, 0, 0});
    CHECK(r.events.back().error == errc::console_gave_up);
    CHECK(r.ask(console_peer, sessionless(payload_type::rakp3, payload)).empty());  // nothing left to give up
    CHECK(r.last == errc::unknown_session);
    CHECK(refused_as_unknown(r.ask(console_peer, c.rakp3_datagram())));
    CHECK(r.managed.counters().logins == 0);
  }
}

TEST_CASE("a RAKP 3 from an earlier login fails against the new Rc", "[session][bmc][N-RK-12]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const auto old = c.third_code();
  CHECK(c.close());
  REQUIRE(c.prove());
  CHECK(c.take_rakp4(r.ask(console_peer, c.rakp3_datagram(old))) == status_code::invalid_integrity_check_value);
}

TEST_CASE("messages out of order, or for somebody else's login, change nothing",
          "[session][bmc][N-RK-06][N-RK-08][N-V2-22]") {
  rig r;
  client live(r, 17);
  REQUIRE(live.login());
  client c(r);
  c.console_id = session_id{0xbbbb};
  REQUIRE(c.open() == status_code::no_errors);

  const auto dropped = [&](const octets& datagram, errc why) {
    const auto before = r.tables();
    CHECK(r.ask(console_peer, datagram).empty());
    CHECK(r.last == why);
    CHECK(r.tables() == before);
  };
  // Whether there is such a SIDc, a stranger does not learn.
  const auto unknown_elsewhere = [&](const octets& datagram) {
    const auto before = r.tables();
    CHECK(refused_as_unknown(r.ask(elsewhere, datagram)));
    CHECK(r.tables() == before);
  };
  // RAKP 3 of a login that is only opened; RAKP 1 and 3 for no login at all.
  dropped(c.rakp3_datagram(), errc::unexpected_message);
  unknown_elsewhere(c.rakp1_datagram());
  unknown_elsewhere(c.rakp3_datagram());
  const auto managed_id = c.transcript.managed_id;
  for (const std::uint32_t nobody : {0u, 1u, to_integer(managed_id) ^ 0x80000000u, to_integer(c.console_id)}) {
    c.transcript.managed_id = session_id{nobody};
    const auto before = r.tables();
    CHECK(refused_as_unknown(r.ask(console_peer, c.rakp1_datagram())));
    CHECK(refused_as_unknown(r.ask(console_peer, c.rakp3_datagram())));
    CHECK(r.tables() == before);
  }
  c.transcript.managed_id = managed_id;
  // Packets of a session that does not exist yet, under keys that are no secret.
  const auto premature = [&](bytes sik) {
    client x(r, 17);
    x.transcript.managed_id = managed_id;
    REQUIRE(x.keys.load(x.crypto, x.suite, sik, {}));
    dropped(x.sealed(x.request(net_fn::chassis, 2)), errc::unknown_session);
  };
  premature(octets(32));
  premature(octets{});
  REQUIRE(c.send_rakp1() == status_code::no_errors);
  premature(octets(32));
  premature(octets{});
  unknown_elsewhere(c.rakp1_datagram());
  unknown_elsewhere(c.rakp3_datagram());

  // Naming a live session: neither its user nor its level moves.
  c.transcript.managed_id = live.transcript.managed_id;
  c.name = name_of("operator");
  dropped(c.rakp1_datagram(), errc::unexpected_message);
  dropped(live.rakp1_datagram(), errc::unexpected_message);
  dropped(c.rakp3_datagram(), errc::unexpected_message);
  dropped(live.rakp3_datagram({}, status_code::invalid_integrity_check_value), errc::unexpected_message);
  unknown_elsewhere(live.rakp1_datagram());
  unknown_elsewhere(live.rakp3_datagram());
  CHECK(r.handler().commands.empty());
  CHECK(live.chassis(1).got);
  CHECK(r.handler().commands.back().level == privilege::user);
}

TEST_CASE("RAKP 1 again: the same answer under its tag; another name or role is dropped", "[session][bmc][N-RK-07]") {
  rig r;
  client c(r);
  REQUIRE(c.prove());
  const auto first = c.second;
  c.tag = 9;
  CHECK(c.send_rakp1() == status_code::no_errors);
  CHECK(c.second.tag == 9);
  CHECK(c.second.managed_random == first.managed_random);
  CHECK(c.second.code == first.code);
  CHECK(r.managed.proven_logins() == 1);

  const auto good = to_octets(payload_of(c.rakp1_datagram()));
  for (std::size_t at = 24; at < good.size(); ++at) {
    CAPTURE(at);
    if (at == 25 || at == 26) continue;  // reserved
    auto other = good;
    other[at] ^= 1;
    CHECK(r.ask(console_peer, sessionless(payload_type::rakp1, other)).empty());
    CHECK(r.last == errc::unexpected_message);
  }
  CHECK(c.send_rakp3() == status_code::no_errors);
}

TEST_CASE("RAKP 1 with another Rm: a login begun anew, under a fresh Rc and as old as before",
          "[session][bmc][N-RK-07]") {
  for (const auto id : suite_ids()) {
    CAPTURE(int(id));
    rig r;
    client c(r, id);
    REQUIRE(c.prove());
    const auto first = c.second;
    const auto lives_until = r.managed.poll_timeout();
    const auto old_code = c.third_code();
    r.wait(2000);
    c.console_random[0] ^= 1;
    REQUIRE(c.send_rakp1() == status_code::no_errors);
    CHECK(c.second.managed_random != first.managed_random);
    if (find_suite(id)->authentication != authentication_algorithm::rakp_none) {
      CHECK(c.second.code != first.code);
      CHECK(c.third_code() != old_code);
    }
    CHECK(r.tables() == std::array<std::size_t, 3>{0, 0, 1});
    CHECK(r.managed.poll_timeout() == lives_until);
    REQUIRE(c.send_rakp3() == status_code::no_errors);
    REQUIRE(c.begin_session());
    CHECK(c.chassis(1).got);
  }
}

TEST_CASE("a login begun anew waits like any other, and without randomness stays what it was",
          "[session][bmc][N-RK-07][N-RK-13]") {
  rig r;
  client guesser(r), c(r, 3, console_peer);
  guesser.console_id = session_id{0x77};
  REQUIRE(guesser.prove());
  REQUIRE(c.prove());
  const auto good = c.rakp1_datagram();
  c.console_random[0] ^= 1;
  r.setup().random.fail_after = r.setup().random.calls;
  CHECK(r.ask(console_peer, c.rakp1_datagram()).empty());
  CHECK(r.last == errc::entropy_failure);
  CHECK_FALSE(r.ask(console_peer, good).empty());
  r.setup().random.fail_after = ~std::uint64_t{0};
  CHECK(guesser.take_rakp4(r.ask(console_peer, guesser.rakp3_datagram(code_of(octets(20))))) ==
        status_code::invalid_integrity_check_value);
  CHECK(r.ask(console_peer, c.rakp1_datagram()).empty());
  CHECK(r.last == errc::rate_limited);
}

TEST_CASE("RAKP 3 again: RAKP 4 outside the session under its tag, whatever followed", "[session][bmc]") {
  for (const auto id : suite_ids()) {
    CAPTURE(int(id));
    rig r;
    client c(r, id);
    REQUIRE(c.login());
    const auto first = c.fourth;
    CHECK(c.chassis(1).sequence == 1);
    c.tag = 77;
    CHECK(c.send_rakp3() == status_code::no_errors);
    CHECK(c.fourth.tag == 77);
    CHECK(c.fourth.code == first.code);
    CHECK(c.chassis(2).sequence == 2);  // the repeat used up none
    CHECK(r.managed.counters().logins == 1);
    CHECK(r.count(rig::kind::login) == 1);
    auto wrong = to_octets(c.third_code());
    wrong.push_back(1);
    CHECK(r.ask(console_peer, c.rakp3_datagram(code_of(wrong))).empty());
    CHECK(c.close());
    CHECK(refused_as_unknown(r.ask(console_peer, c.rakp3_datagram())));
  }
}

TEST_CASE("until RAKP 4 a stranger cannot tell a name that may log in from one that may not",
          "[session][bmc][N-RK-05][N-HOST-03]") {
  struct row {
    const char* name;
    role_byte role;
    bool valid;
  };
  const row rows[] = {{"admin", role_byte::of(privilege::administrator, true), true},
                      {"admin", role_byte::of(privilege::administrator, false), true},
                      {"nobody", role_byte::of(privilege::administrator, true), false},
                      {"disabled", role_byte::of(privilege::administrator, true), false},
                      {"operator", role_byte::of(privilege::administrator, false), false},
                      {"", role_byte::of(privilege::administrator, true), false},
                      {"", role_byte::of(privilege::user, false), false}};
  for (const auto id : suite_ids()) {
    std::uint64_t operations = 0;
    std::uint64_t draws = 0;
    for (const auto& row : rows) {
      CAPTURE(int(id), row.name);
      rig r;
      client c(r, id);
      c.name = name_of(row.name);
      c.role = row.role;
      REQUIRE(c.open() == status_code::no_errors);
      const auto before = r.setup().crypto.calls.operations();
      const auto drawn = r.setup().random.calls;
      const auto reply = r.ask(console_peer, c.rakp1_datagram());
      // Same status, size, work and randomness.
      CHECK(reply.size() == payload_v2 + 40 + rakp_code_size(c.suite.authentication));
      CHECK(c.take_rakp2(reply) == status_code::no_errors);
      if (operations == 0) operations = r.setup().crypto.calls.operations() - before;
      if (draws == 0) draws = r.setup().random.calls - drawn;
      CHECK(r.setup().crypto.calls.operations() - before == operations);
      CHECK(r.setup().random.calls - drawn == draws);
      // Stable under repetition, and no constant key: neither the password, nor another name's, nor zeros.
      CHECK(r.ask(console_peer, c.rakp1_datagram()) == reply);
      if (id != 0) {
        CHECK(c.rakp2_verifies() == row.valid);
        const auto sent = c.second.code;
        c.password = {};
        CHECK_FALSE(c.rakp2_verifies());
        CHECK(c.second.code == sent);
      }
      c.password = key_of(row.valid ? "secret" : "");
      CHECK(r.events.empty());
      const auto fourth = c.take_rakp4(r.ask(console_peer, c.rakp3_datagram()));
      CHECK((fourth == status_code::no_errors) == row.valid);
      if (!row.valid) CHECK(fourth == status_code::invalid_integrity_check_value);
    }
  }
}

TEST_CASE("the dummy key is one per boot: two logins of an unknown name agree on it", "[session][bmc][N-RK-05]") {
  // The codes differ with Rc and the ids; under one key, equal transcripts would have equal codes. The test backend's
  // codes are a function of key and transcript, so the key shows as the one thing that a second BMC has otherwise.
  const auto code_with = [](std::uint64_t seed) {
    rig r;
    r.setup().random.seed = seed;
    client c(r);
    c.name = name_of("nobody");
    CHECK(c.prove());
    return c.second.code;
  };
  CHECK(code_with(1) == code_with(1));
  CHECK_FALSE(code_with(1) == code_with(2));
  rig r;
  client known(r), unknown(r);
  unknown.name = name_of("nobody");
  REQUIRE(known.prove());
  const auto drawn = r.setup().random.calls;
  REQUIRE(unknown.prove());
  CHECK(r.setup().random.calls - drawn == 2);  // SIDc and Rc: the key is there already
}

TEST_CASE("`disclose` says at once what is wrong with a name or a level", "[session][bmc][N-RK-05]") {
  auto o = default_bmc();
  o.disclose = true;
  rig r(o);
  struct row {
    const char* name;
    role_byte role;
    status_code second;
  };
  for (const auto& row :
       {row{"admin", role_byte::of(privilege::administrator, true), status_code::no_errors},
        row{"nobody", role_byte::of(privilege::user, true), status_code::unauthorized_name},
        row{"disabled", role_byte::of(privilege::user, true), status_code::unauthorized_name},
        row{"operator", role_byte::of(privilege::administrator, false), status_code::unauthorized_name},
        row{"operator", role_byte::of(privilege::administrator, true), status_code::unauthorized_role_or_privilege},
        row{"admin", role_byte::of(privilege::oem, true), status_code::unauthorized_role_or_privilege},
        row{"operator", role_byte::of(privilege::operator_, true), status_code::no_errors}}) {
    CAPTURE(row.name);
    client c(r);
    c.name = name_of(row.name);
    c.role = row.role;
    REQUIRE(c.open() == status_code::no_errors);
    const auto reply = r.ask(console_peer, c.rakp1_datagram());
    CHECK(c.take_rakp2(reply) == row.second);
    CHECK(c.second.console_id == c.console_id);
    if (row.second != status_code::no_errors) {
      CHECK(reply.size() == payload_v2 + 8);
      CHECK(r.managed.opened_logins() == 0);
    }
  }
}

TEST_CASE("a user who changes during the login does not get in", "[session][bmc]") {
  const auto attempt = [](auto change) {
    rig r;
    client c(r);
    REQUIRE(c.prove());
    change(r);
    return r.ask(console_peer, c.rakp3_datagram());
  };
  const auto code = [](const octets& reply) { return decode<rakp4>(payload_of(reply))->status; };
  CHECK(code(attempt([](rig&) {})) == status_code::no_errors);
  constexpr auto wrong = status_code::invalid_integrity_check_value;
  CHECK(code(attempt([](rig& r) { r.setup().users.entries[0].record.enabled = false; })) == wrong);
  CHECK(code(attempt([](rig& r) { r.setup().users.entries[0].record.secret = key_of("new"); })) == wrong);
  CHECK(code(attempt([](rig& r) { r.setup().users.entries[0].record.id = user_id{7}; })) == wrong);
  CHECK(code(attempt([](rig& r) { r.setup().users.entries.clear(); })) == wrong);
  CHECK(code(attempt([](rig& r) { r.setup().users.entries[0].record.limit = privilege::user; })) ==
        status_code::unauthorized_role_or_privilege);
  CHECK(refused_as_unknown(attempt([](rig& r) { r.managed.user_changed(user_id{2}, r.now); })));
  CHECK(code(attempt([](rig& r) { r.managed.user_changed(user_id{3}, r.now); })) == status_code::no_errors);
  CHECK(refused_as_unknown(attempt([](rig& r) { r.managed.kg_changed(r.now); })));
  // A name that becomes valid in the middle was given a code under the dummy key: it must not get in either.
  rig r;
  client c(r);
  c.name = name_of("disabled");
  REQUIRE(c.prove());
  r.setup().users.entries[2].record.enabled = true;
  CHECK(c.send_rakp3() == wrong);
}
