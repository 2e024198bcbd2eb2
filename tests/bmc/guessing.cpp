// SPDX-License-Identifier: BSL-1.0
// What guessing passwords costs at a BMC, and whom it does not cost anything. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <deque>

namespace {

using namespace rmcpp;
using namespace rmcpp::test;
using namespace rmcpp::testing;

using rig = bmc_rig<>;
using client = rig_console<rig>;
using status_code = rakp_status;

const test_peer elsewhere{0x7f000002, 40000};

struct many_traits : test_bmc_traits {  // hosted: as the defaults are
  static constexpr std::size_t proven = 128;
  static constexpr std::size_t opened = 128;
};
struct few_traits : firmware_bmc_traits {
  static constexpr std::size_t proven = 128;
  static constexpr std::size_t opened = 128;
};

/// A minute of guesses from so many addresses, each every 10 ms: how many were judged. `meanwhile` runs every second.
template <class Rig, class Meanwhile> unsigned judged_in_a_minute(Rig& r, std::uint32_t sources, Meanwhile meanwhile) {
  std::deque<rig_console<Rig>> guessers;
  for (std::uint32_t i = 0; i < sources; ++i) {
    auto& g = guessers.emplace_back(r, std::uint8_t{3}, test_peer{0x0a000000 + i, 623});
    g.console_id = session_id{0x1000 + i};
    g.password = key_of("guess");
  }
  unsigned judged = 0;
  for (std::uint32_t ms = 0; ms < 60'000; ms += 10) {
    for (auto& g : guessers) {
      if (g.open() != status_code::no_errors) continue;
      const auto second = r.ask(g.from, g.rakp1_datagram());
      if (second.empty() || g.take_rakp2(second) != status_code::no_errors) continue;
      const auto fourth = r.ask(g.from, g.rakp3_datagram());
      if (!fourth.empty() && g.take_rakp4(fourth) == status_code::invalid_integrity_check_value) ++judged;
    }
    if (ms % 1000 == 0) meanwhile();
    r.wait(10);
  }
  return judged;
}

}  // namespace

TEST_CASE("wrong passwords slow down that name from there, growing and bounded; the owner still gets in",
          "[session][bmc][N-RK-13]") {
  for (const char* name : {"admin", "nobody"}) {  // else the wait would tell which names there are
    rig r;
    client owner(r);
    REQUIRE(owner.login());
    client guess(r, 3, elsewhere);
    guess.name = name_of(name);
    guess.password = key_of("guess");
    for (const std::uint32_t wait : {1000u, 2000u, 4000u, 8000u, 16000u, 32000u, 32000u}) {
      REQUIRE(guess.prove());
      CHECK(guess.send_rakp3() == status_code::invalid_integrity_check_value);
      CHECK(owner.chassis(1).got);
      for (const std::uint32_t step : {0u, wait / 2, wait - wait / 2 - 1}) {
        r.wait(step);
        REQUIRE(guess.open() == status_code::no_errors);
        CHECK(r.ask(elsewhere, guess.rakp1_datagram()).empty());
        CHECK(r.last == errc::rate_limited);
      }
      client other_name(r, 3, elsewhere);
      other_name.name = name_of("operator");
      other_name.password = key_of("operpw");
      other_name.role = role_byte::of(privilege::operator_, true);
      CHECK((other_name.login() && other_name.close()));
      client other_host(r);
      CHECK((other_host.login() && other_host.close()));
      r.wait(1);
    }
    CHECK(r.managed.counters().failed_logins == 7);
    CHECK(r.count(rig::kind::login_failed) == 7);
  }
}

TEST_CASE("a login in suite 0, which proves nothing, ends nobody's wait", "[session][bmc][N-RK-13]") {
  auto o = default_bmc();
  o.suites = suites_of({3, 0});
  rig r(o);
  const auto gets_in = [&](client& c) {
    if (c.open() != status_code::no_errors) return false;
    const auto second = r.ask(c.from, c.rakp1_datagram());
    if (second.empty() || c.take_rakp2(second) != status_code::no_errors) return false;
    const auto fourth = r.ask(c.from, c.rakp3_datagram());
    return !fourth.empty() && c.take_rakp4(fourth) == status_code::no_errors;
  };
  for (int second = 0; second < 60; ++second) {
    client none(r, 0, elsewhere);
    if (gets_in(none)) {
      none.begin_session();
      CHECK(none.close());
    }
    client guess(r, 3, elsewhere);
    guess.password = key_of("guess");
    CHECK_FALSE(gets_in(guess));
    r.wait(1000);
  }
  CHECK(r.managed.counters().logins >= 6);
  CHECK(r.managed.counters().failed_logins == 6);
}

TEST_CASE("neither RAKP 1 alone, nor giving up, nor a level too high is a wrong password", "[session][bmc][N-RK-13]") {
  rig r;
  for (int i = 0; i < 20; ++i) {
    client c(r);
    REQUIRE(c.prove());
    if (i % 4 == 1) r.ask(c.from, c.rakp3_datagram({}, status_code::invalid_integrity_check_value));
    if (i % 4 == 2) {
      c.role = role_byte::of(privilege::oem, true);
      REQUIRE(c.prove());
      CHECK(c.send_rakp3() == status_code::unauthorized_role_or_privilege);
    }
  }
  client c(r);
  CHECK(c.login());
}

TEST_CASE("a right password ends the wait's growth", "[session][bmc][N-RK-13]") {
  rig r;
  client c(r);
  for (int i = 0; i < 3; ++i) {
    c.password = key_of("wrong");
    REQUIRE(c.prove());
    CHECK(c.send_rakp3() == status_code::invalid_integrity_check_value);
    r.wait(1000);
    c.password = key_of("secret");
    CHECK((c.login() && c.close()));
  }
}

TEST_CASE("the wait holds for logins that were proven before it began", "[session][bmc][N-RK-13]") {
  rig r;
  std::vector<client> logins;
  for (std::uint32_t i = 0; i < 4; ++i) {
    logins.emplace_back(r);
    logins.back().console_id = session_id{0x100 + i};
    logins.back().tag = static_cast<std::uint8_t>(i);
    if (i < 3) logins.back().password = key_of("guess");
    REQUIRE(logins.back().prove());
  }
  CHECK(logins[0].send_rakp3() == status_code::invalid_integrity_check_value);
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(r.ask(console_peer, logins[i].rakp3_datagram()).empty());
    CHECK(r.last == errc::rate_limited);
  }
  r.wait(1000);
  CHECK(logins[3].send_rakp3() == status_code::no_errors);
}

TEST_CASE("what is judged in a minute is bounded, whatever the number of sources; the owner elsewhere always gets in",
          "[session][bmc][N-RK-13]") {
  struct row {
    std::uint32_t sources;
    unsigned most;  // 6 for each that fits
  };
  for (const auto& [sources, most] : {row{1, 6}, row{4, 24}, row{5, 30}, row{16, 96}, row{64, 384}}) {
    CAPTURE(sources);
    bmc_rig<bmc_backend, many_traits> r;
    unsigned refused = 0;
    const unsigned judged = judged_in_a_minute(r, sources, [&] {
      rig_console<bmc_rig<bmc_backend, many_traits>> owner(r);
      if (!(owner.login() && owner.chassis(1).got && owner.close())) ++refused;
    });
    WARN(sources << " sources, hosted: " << judged << " judged");
    CHECK(judged <= most);
    CHECK(judged >= sources * 6);
    CHECK(refused == 0);
  }
}

TEST_CASE("more offenders than fit: a share for strangers, and who logged in before gets in",
          "[session][bmc][N-RK-13]") {
  bmc_rig<bmc_backend, few_traits> r;
  using owner_type = rig_console<bmc_rig<bmc_backend, few_traits>>;
  owner_type known(r);
  REQUIRE((known.login() && known.close()));
  unsigned refused = 0;
  const unsigned judged = judged_in_a_minute(r, 16, [&] {
    owner_type owner(r);
    if (!(owner.login() && owner.chassis(1).got && owner.close())) ++refused;
  });
  WARN("16 sources, firmware: " << judged << " judged");
  CHECK(judged <= few_traits::penalties * 6 + 240);
  CHECK(judged > 200);
  CHECK(refused == 0);
}

TEST_CASE("an owner behind the guesser's address gets in as long as the guesser keeps to one port",
          "[session][bmc][N-RK-13]") {
  bmc_rig<bmc_backend, many_traits> r;
  using client_type = rig_console<bmc_rig<bmc_backend, many_traits>>;
  unsigned refused = 0;
  (void)judged_in_a_minute(r, 1, [&] {
    client_type owner(r, 3, test_peer{0x0a000000, 40'000});  // the first guesser's address
    if (!(owner.login() && owner.close())) ++refused;
  });
  CHECK(refused == 0);
  // Two ports that fail at once make the whole address wait, and who shares it.
  client_type first(r, 3, test_peer{0x0a000000, 1}), second(r, 3, test_peer{0x0a000000, 2}),
      owner(r, 3, test_peer{0x0a000000, 40'000});
  for (auto* g : {&first, &second}) {
    r.wait(33'000);
    g->password = key_of("guess");
  }
  REQUIRE((first.prove() && second.prove()));
  for (auto* g : {&first, &second}) CHECK(g->send_rakp3() == status_code::invalid_integrity_check_value);
  REQUIRE(owner.open() == status_code::no_errors);
  CHECK(r.ask(owner.from, owner.rakp1_datagram()).empty());
  CHECK(r.last == errc::rate_limited);
}
