// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/session/retry.hpp>

#include "support/catch.hpp"

#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::detail;

/// The waits after each send until the tries are used up.
std::vector<std::uint64_t> waits(const retry_policy& policy) {
  std::vector<std::uint64_t> all;
  retry_schedule s;
  instant now{100};
  s.begin();
  do {
    s.sent(policy, now);
    all.push_back(s.deadline().ms - now.ms);
    now = s.deadline();
  } while (s.again(policy, now) && all.size() < 300);
  return all;
}

}  // namespace

TEST_CASE("waits grow by a step up to the longest", "[session][retry]") {
  CHECK(waits({}) == std::vector<std::uint64_t>{1000, 2000, 3000, 4000, 4000});
  CHECK(waits({.first = {500}, .step = {500}, .longest = {1000}, .tries = 2}) == std::vector<std::uint64_t>{500, 1000});
  CHECK(waits({.first = {10}, .step = {0}, .longest = {20}, .tries = 3}) == std::vector<std::uint64_t>{10, 10, 10});
  CHECK(waits({.first = {9000}, .tries = 2}) == std::vector<std::uint64_t>{4000, 4000});
  CHECK(waits({.tries = 1}).size() == 1);
  CHECK(waits({.tries = 0}).size() == 1);
  CHECK(waits({.tries = 255}).size() == 255);
}

TEST_CASE("a step too large for 32 bits means the longest wait", "[session][retry]") {
  const retry_policy p{.first = {1}, .step = {0xffff'ffff}, .longest = {50}, .tries = 4};
  CHECK(waits(p) == std::vector<std::uint64_t>{1, 50, 50, 50});
}

TEST_CASE("due, sent, overdue", "[session][retry]") {
  const retry_policy policy{.tries = 2};
  retry_schedule s;
  const auto is = [&](bool due, bool idle, bool unsent, instant deadline) {
    CHECK(s.due() == due);
    CHECK(s.idle() == idle);
    CHECK(s.unsent() == unsent);
    CHECK(s.deadline() == deadline);
  };
  is(false, true, true, instant::never());
  CHECK_FALSE(s.overdue({1'000'000}));
  s.begin();
  is(true, false, true, instant::never());
  CHECK_FALSE(s.overdue({1'000'000}));
  s.sent(policy, {100});
  is(false, false, false, {1100});
  CHECK_FALSE(s.overdue({1099}));
  CHECK(s.overdue({1100}));
  CHECK(s.again(policy, {1100}));
  is(true, false, false, {5100});  // what is not sent by then is not sent at all
  CHECK_FALSE(s.overdue({9000}));
  s.sent(policy, {1100});
  is(false, false, false, {3100});
  CHECK_FALSE(s.again(policy, {3100}));
  is(false, true, false, instant::never());
  s.begin();
  is(true, false, true, instant::never());
  s.cancel();
  is(false, true, true, instant::never());
}

TEST_CASE("a repeat that is held back is a try that was lost", "[session][retry]") {
  const retry_policy policy{.tries = 3};
  retry_schedule s;
  s.begin();
  s.miss_held_back({1'000'000});  // the first time waits for ever
  CHECK(s.due());
  s.sent(policy, {0});
  REQUIRE(s.again(policy, {1000}));
  s.miss_held_back({4999});
  CHECK(s.due());
  s.miss_held_back({5000});
  CHECK_FALSE(s.due());
  CHECK(s.overdue({5000}));
  CHECK(s.count() == 1);
  REQUIRE(s.again(policy, {5000}));
  s.sent(policy, {5500});
  CHECK(s.count() == 2);
  CHECK(s.deadline() == instant{8500});
  CHECK_FALSE(s.again(policy, {8500}));
}
