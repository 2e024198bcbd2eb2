// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/core/time.hpp>

#include "support/catch.hpp"

#include <vector>

using namespace rmcpp;
using namespace rmcpp::core;

TEST_CASE("instants count milliseconds") {
  STATIC_REQUIRE(instant{1000} + seconds(2) == instant{3000});
  STATIC_REQUIRE(instant{1000} + milliseconds{1} > instant{1000});
  STATIC_REQUIRE(seconds(60) == milliseconds{60'000});
}

TEST_CASE("never is later than any instant and stays never") {
  STATIC_REQUIRE(instant{~std::uint64_t{0} - 1} < instant::never());
  STATIC_REQUIRE((instant::never() + seconds(1)).is_never());
  STATIC_REQUIRE((instant::never() + milliseconds{0}).is_never());
  STATIC_REQUIRE_FALSE(instant{0}.is_never());
}

TEST_CASE("a sum that would overflow is never, the largest that fits is not") {
  constexpr std::uint64_t last = ~std::uint64_t{0} - 1;
  STATIC_REQUIRE((instant{last - 5} + milliseconds{5}) == instant{last});
  STATIC_REQUIRE((instant{last} + milliseconds{1}).is_never());
  STATIC_REQUIRE((instant{last} + milliseconds{2}).is_never());
  STATIC_REQUIRE((instant{last} + milliseconds{0xffffffff}).is_never());
}

TEST_CASE("earlier() of a deadline and never is the deadline") {
  STATIC_REQUIRE(earlier(instant{5}, instant::never()) == instant{5});
  STATIC_REQUIRE(earlier(instant{7}, instant{5}) == instant{5});
}

TEST_CASE("the count of elapsed time, whatever the caller's clock does") {
  struct row {
    std::vector<std::uint64_t> told;  // one instant after the other
    std::uint64_t elapsed;
  };
  constexpr std::uint64_t never = ~std::uint64_t{0};
  constexpr std::uint64_t leap = std::uint64_t{1} << 40;
  for (const auto& r : {
           row{{}, 0},
           row{{5000}, 0},
           row{{0, 100}, 100},
           row{{100, 100, 100}, 0},
           row{{1000, 400, 500}, 100},  // the step back costs 600 ms that would have passed, and no more
           row{{1000, 1500, 0, 20}, 520},
           row{{1000, never, 1300}, 300},  // no instant
           row{{never, never}, 0},
           row{{0, never - 1}, leap},  // counts as 34 years
           row{{0, never - 1, 0, 250}, leap + 250},
           row{{0, never - 1, 0, never - 1, 7, 8}, 2 * leap + 1},
       }) {
    CAPTURE(r.told);
    elapsed_clock clock;
    for (const auto ms : r.told) clock.advance({ms});
    CHECK(clock.now().ms == r.elapsed);
  }
}

TEST_CASE("deadlines cross between the caller's clock and the count") {
  elapsed_clock clock;
  CHECK(clock.outside().is_never());
  clock.advance({5000});
  clock.advance({5300});
  CHECK(clock.outside() == instant{5300});
  CHECK(clock.from_outside({5400}) == instant{400});
  CHECK(clock.to_outside({400}) == instant{5400});
  CHECK(clock.from_outside({5200}) == clock.now());  // has passed: now
  CHECK(clock.to_outside({100}) == instant{5300});
  CHECK(clock.from_outside(instant::never()).is_never());
  CHECK(clock.to_outside(instant::never()).is_never());
  clock.advance({10});  // a step back: deadlines stay as far away as they were
  CHECK(clock.to_outside({400}) == instant{110});
  CHECK(clock.from_outside({110}) == instant{400});
  clock.advance({~std::uint64_t{0} - 1});  // where no later instant exists, there is no deadline
  CHECK(clock.to_outside(clock.now() + seconds(1)).is_never());
}
