// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/penalty.hpp>

#include "support/catch.hpp"
#include "support/session_pair.hpp"

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

TEST_CASE("only the same name from the same host waits", "[penalty][N-RK-13]") {
  penalty_table<test_peer, 4> table;
  table.failed(here, admin, instant{0});
  CHECK(table.waits(here, admin, instant{0}));
  CHECK(table.waits(same_host, admin, instant{0}));
  CHECK_FALSE(table.waits(elsewhere, admin, instant{0}));
  CHECK_FALSE(table.waits(here, operator_name, instant{0}));
}

TEST_CASE("a success, or a quiet minute after the wait, forgets the failures", "[penalty]") {
  penalty_table<test_peer, 4> table;
  table.failed(here, admin, instant{0});
  table.failed(here, admin, instant{1000});
  SECTION("success") {
    table.succeeded(same_host, admin);
    CHECK_FALSE(table.waits(here, admin, instant{1000}));
    table.failed(here, admin, instant{1000});
    CHECK(wait_of(table, here, admin, instant{1000}) == 1000);
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

TEST_CASE("a full table: a free slot, one whose wait is over, else the whole quota key waits", "[penalty][N-RK-13]") {
  penalty_table<test_peer, 2> table;
  const instant now{0};
  table.failed(here, admin, now);
  table.failed(here, operator_name, now);
  CHECK_FALSE(table.waits(here, name_of("guess"), now));
  table.failed(same_host, name_of("junk"), now);  // who tries many names does not get rid of the first
  for (const auto& name : {admin, operator_name, name_of("junk"), name_of("guess")})
    CHECK(table.waits(here, name, now));
  CHECK_FALSE(table.waits(elsewhere, admin, now));
  const instant later{10'000};
  table.failed(elsewhere, admin, later);
  CHECK(table.waits(elsewhere, admin, later));
  CHECK_FALSE(table.waits(here, admin, later));
}

TEST_CASE("a full table of others: whoever is free first gives way", "[penalty]") {
  penalty_table<test_peer, 2> table;
  table.failed(here, admin, instant{0});
  table.failed(here, admin, instant{0});
  table.failed(here, operator_name, instant{0});
  table.failed(elsewhere, admin, instant{0});
  CHECK(table.waits(elsewhere, admin, instant{0}));
  CHECK(table.waits(here, admin, instant{0}));
  CHECK_FALSE(table.waits(here, operator_name, instant{0}));
}
