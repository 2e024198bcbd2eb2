// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/session/events.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::detail;

namespace {

struct numbered {
  int n = 0;
};

}  // namespace

TEST_CASE("an event ring gives back in order, and yields nothing when empty", "[session][event]") {
  event_ring<numbered, 3> ring;
  CHECK(ring.pop().n == 0);
  int next_in = 1;
  int next_out = 1;
  for (int round = 0; round < 10; ++round) {  // wraps around at every fill level
    for (int i = 0; i <= round % 3; ++i) ring.push({next_in++});
    for (int i = 0; i <= round % 3; ++i) CHECK(ring.pop().n == next_out++);
    CHECK(ring.pop().n == 0);
  }
  CHECK(ring.lost() == 0);
}

TEST_CASE("a full event ring drops the newest and counts it", "[session][event]") {
  event_ring<numbered, 2> ring;
  for (int i = 1; i <= 5; ++i) ring.push({i});
  CHECK(ring.lost() == 3);
  CHECK(ring.pop().n == 1);
  ring.push({6});
  CHECK(ring.pop().n == 2);
  CHECK(ring.pop().n == 6);
  CHECK(ring.pop().n == 0);
  CHECK(ring.lost() == 3);
}

TEST_CASE("a ring of one event works, and so does a constant expression", "[session][event]") {
  constexpr auto sum = [] {
    event_ring<numbered, 1> ring;
    ring.push({4});
    ring.push({5});
    return 100 * static_cast<int>(ring.lost()) + 10 * ring.pop().n + ring.pop().n;
  };
  STATIC_REQUIRE(sum() == 140);
}
