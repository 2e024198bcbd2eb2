// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/penalty.hpp>

#include "support/catch.hpp"
#include "support/session_pair.hpp"

#include <string>

using namespace rmcpp;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

constexpr test_peer here{0x7f000001, 1};
constexpr test_peer same_host{0x7f000001, 2};
constexpr test_peer elsewhere{0x7f000002, 1};
const username admin = name_of("admin");
const username operator_name = name_of("operator");

/// How long `name` from `peer` waits, in milliseconds, from `now`.
template <class Table> std::uint64_t wait_of(const Table& t, const test_peer& peer, const username& name, instant now) {
  std::uint64_t ms = 0;
  while (t.waits(peer, name, now + milliseconds{static_cast<std::uint32_t>(ms)})) ms += 500;
  return ms;
}

}  // namespace

TEST_CASE("each failure doubles the wait, up to 32 s", "[penalty][N-RK-13]") {
  penalty_table<test_peer, 4> table;
  instant now{5000};
  for (const std::uint64_t wait : {1000u, 2000u, 4000u, 8000u, 16000u, 32000u, 32000u, 32000u}) {
    table.failed(here, admin, now);
    CHECK(wait_of(table, here, admin, now) == wait);
    now = now + milliseconds{static_cast<std::uint32_t>(wait)};
  }
}

TEST_CASE("the same name from the same port waits, and from the whole host once a second port fails meanwhile",
          "[penalty][N-RK-13]") {
  penalty_table<test_peer, 4> table;
  table.failed(here, admin, instant{0});
  CHECK(table.waits(here, admin, instant{0}));
  CHECK_FALSE(table.waits(same_host, admin, instant{0}));  // another program behind that address, maybe the owner's
  CHECK_FALSE(table.waits(elsewhere, admin, instant{0}));
  CHECK_FALSE(table.waits(here, operator_name, instant{0}));
  table.failed(same_host, admin, instant{500});
  for (const auto& peer : {here, same_host, test_peer{here.address, 3}})
    CHECK(wait_of(table, peer, admin, instant{500}) == 2000);
  CHECK_FALSE(table.waits(elsewhere, admin, instant{500}));
  CHECK_FALSE(table.waits(here, operator_name, instant{500}));
}

TEST_CASE("ports that fail one after the other, each when the wait is over, are offenders of their own", "[penalty]") {
  penalty_table<test_peer, 4> table;
  table.failed(here, admin, instant{0});
  table.failed(same_host, admin, instant{1000});
  CHECK_FALSE(table.waits(here, admin, instant{1000}));
  CHECK(wait_of(table, same_host, admin, instant{1000}) == 1000);
}

TEST_CASE("a success, or a quiet minute after the wait, forgets the failures", "[penalty]") {
  penalty_table<test_peer, 4> table;
  table.failed(here, admin, instant{0});
  table.failed(here, admin, instant{1000});
  SECTION("success") {
    table.succeeded(here, admin);
    CHECK_FALSE(table.waits(here, admin, instant{1000}));
    table.failed(here, admin, instant{1000});
    CHECK(wait_of(table, here, admin, instant{1000}) == 1000);
  }
  SECTION("a success from another port is another's") {
    table.succeeded(same_host, admin);
    CHECK(table.waits(here, admin, instant{1000}));
  }
  SECTION("a minute, less a moment") {
    table.failed(here, admin, instant{3000 + 59'999});
    CHECK(wait_of(table, here, admin, instant{3000 + 59'999}) == 4000);
  }
  SECTION("a minute") {
    table.failed(here, admin, instant{3000 + 60'000});
    CHECK(wait_of(table, here, admin, instant{3000 + 60'000}) == 1000);
  }
}

TEST_CASE("who fails under ever new names takes few places, and then waits under every name", "[penalty][N-RK-13]") {
  penalty_table<test_peer, 8> table;
  table.failed(here, admin, instant{0});
  table.failed(here, operator_name, instant{0});
  CHECK_FALSE(table.waits(here, name_of("guess"), instant{0}));
  table.failed(same_host, name_of("junk"), instant{500});
  for (const auto& name : {admin, operator_name, name_of("junk"), name_of("guess")})
    CHECK(table.waits(here, name, instant{500}));
  for (std::uint32_t i = 0; i < 100; ++i) table.failed(here, name_of("n" + std::to_string(i)), instant{1000});
  CHECK_FALSE(table.waits(elsewhere, admin, instant{1000}));
  CHECK(table.may_guess(elsewhere, admin, instant{1000}));  // there is room for others
  CHECK(table.may_guess(elsewhere, admin, instant{1000}));
}

TEST_CASE("a login under a name of one's own does not end a wait that was earned under others", "[penalty][N-RK-13]") {
  penalty_table<test_peer, 8> table;
  for (const auto* name : {"a", "b", "c"}) table.failed(here, name_of(name), instant{0});
  REQUIRE(table.waits(here, name_of("mine"), instant{0}));
  table.succeeded(here, name_of("mine"));
  for (const auto* name : {"a", "mine", "d"}) CHECK(table.waits(here, name_of(name), instant{0}));
}

TEST_CASE("a full table shortens no wait and forgets no doubling", "[penalty][N-RK-13]") {
  penalty_table<test_peer, 2> table;
  table.failed(here, admin, instant{0});
  table.failed(test_peer{9, 9}, operator_name, instant{0});
  table.failed(elsewhere, admin, instant{500});  // finds no place
  CHECK_FALSE(table.waits(elsewhere, admin, instant{500}));
  CHECK(table.waits(here, admin, instant{500}));
  CHECK(table.waits(test_peer{9, 9}, operator_name, instant{500}));
}

TEST_CASE("while a place is free everybody may guess at once; then strangers share four guesses a second",
          "[penalty][N-RK-13]") {
  penalty_table<test_peer, 2> table;
  const auto stranger = [](std::uint32_t i) { return test_peer{0x0a000000 + i, 7}; };
  table.failed(here, admin, instant{0});
  for (std::uint32_t i = 0; i < 100; ++i) CHECK(table.may_guess(stranger(i), admin, instant{0}));
  table.failed(elsewhere, admin, instant{0});
  unsigned judged = 0;
  for (std::uint32_t ms = 0; ms < 60'000; ms += 10)
    for (std::uint32_t i = 0; i < 3; ++i)
      if (table.may_guess(stranger(ms + i), admin, instant{ms})) {
        ++judged;
        table.failed(stranger(ms + i), admin, instant{ms});
      }
  CHECK(judged == 240);
  CHECK(table.may_guess(here, admin, instant{60'000}));         // an offender whose wait is over is not one of them
  CHECK(table.may_guess(stranger(0), admin, instant{61'000}));  // the first place is free again
}

TEST_CASE("the last eight that came through stand outside the share, each until it fails", "[penalty][N-RK-13]") {
  penalty_table<test_peer, 8> table;
  const auto owner = [](std::uint32_t i) { return test_peer{0x0b000000 + i, 7}; };
  for (std::uint32_t i = 0; i < 9; ++i) table.succeeded(owner(i), admin);
  for (std::uint32_t i = 0; i < 8; ++i) table.failed(test_peer{0x0c000000 + i, 7}, admin, instant{0});
  REQUIRE(table.may_guess(elsewhere, admin, instant{0}));     // takes the share
  CHECK_FALSE(table.may_guess(owner(0), admin, instant{0}));  // the ninth pushed out the first
  for (std::uint32_t i = 1; i < 9; ++i) {
    test_peer other_port = owner(i);
    other_port.udp_port = 8;
    CHECK(table.may_guess(other_port, admin, instant{0}));
  }
  table.failed(owner(3), admin, instant{0});
  CHECK_FALSE(table.may_guess(owner(3), admin, instant{0}));
  CHECK(table.may_guess(owner(4), admin, instant{0}));
}
