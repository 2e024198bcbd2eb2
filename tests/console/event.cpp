// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/console/event.hpp>

#include "support/catch.hpp"

#include <type_traits>

using namespace rmcpp;

TEST_CASE("request ids differ by slot and generation", "[session][event]") {
  CHECK(request_id{1, 2} == request_id{1, 2});
  CHECK_FALSE(request_id{1, 2} == request_id{1, 3});
  CHECK_FALSE(request_id{1, 2} == request_id{2, 2});
  CHECK(console_event{}.type == console_event::kind::none);
  STATIC_REQUIRE(std::is_trivially_copyable_v<console_event>);
}
