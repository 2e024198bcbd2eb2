// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/slots.hpp>

#include "support/catch.hpp"

using rmcpp::detail::slot_array;

namespace {
constexpr auto is_zero = [](const int& n) { return n == 0; };
}

TEST_CASE("a table of slots takes the first free one, and is looked at no further than the last that was taken",
          "[session][managed_session]") {
  slot_array<int, 32> t;
  CHECK(t.taken().empty());
  for (int i = 1; i <= 4; ++i) *t.take(is_zero) = i;
  REQUIRE(t.taken().size() == 4);
  t[1] = 0;
  CHECK(t.take(is_zero) == &t[1]);  // a gap
  t[1] = t[2] = t[3] = 0;
  CHECK(t.take(is_zero) == &t[1]);  // those behind the last that is taken are looked at no more
  CHECK(t.taken().size() == 2);
}

TEST_CASE("a table of slots that is full has none to take, whether it is small or not", "[session][managed_session]") {
  const auto fill = [](auto t, int n) {
    for (int i = 0; i < n; ++i) {
      int* const place = t.take(is_zero);
      REQUIRE(place == &t[static_cast<std::size_t>(i)]);
      *place = 1;
    }
    CHECK(t.take(is_zero) == nullptr);
    t[0] = 0;
    CHECK(t.take(is_zero) == &t[0]);
  };
  fill(slot_array<int, 3>{}, 3);
  fill(slot_array<int, 16>{}, 16);
  fill(slot_array<int, 17>{}, 17);
}
