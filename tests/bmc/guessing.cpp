// SPDX-License-Identifier: BSL-1.0
// What guessing passwords costs at a BMC, and whom it does not cost anything. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::test;
using namespace rmcpp::testing;

using rig = bmc_rig<>;
using client = rig_console<rig>;
using status_code = rakp_status;

const test_peer elsewhere{0x7f000002, 40000};

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
