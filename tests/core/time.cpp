// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/core/time.hpp>

#include "support/catch.hpp"

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

TEST_CASE("monotonic ignores a clock that steps back") {
  monotonic clock;
  CHECK(clock.now() == instant{0});
  CHECK(clock.advance({100}) == instant{100});
  CHECK(clock.advance({40}) == instant{100});
  CHECK(clock.now() == instant{100});
  CHECK(clock.advance({101}) == instant{101});
}
