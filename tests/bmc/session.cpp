// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/session.hpp>

#include "support/catch.hpp"
#include "support/session_pair.hpp"

using namespace rmcpp;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

struct three_slots : bmc_traits {
  static constexpr std::size_t sessions = 3;
};
using table = session_table<null_backend, test_peer, three_slots>;

}  // namespace

TEST_CASE("the session table: ids, handles, the nth, and free slots", "[session][managed_session]") {
  table t;
  const auto activate = [&](std::uint32_t id) {
    auto* s = t.slot_for({}, instant{});
    REQUIRE(s);
    s->state.active = true;
    s->state.info.id = session_id{id};
    return s;
  };
  CHECK(t.active() == 0);
  CHECK_FALSE(t.find(session_id::none));
  CHECK_FALSE(t.nth(1));
  auto* const a = activate(10);
  auto* const b = activate(20);
  auto* const c = activate(30);
  CHECK_FALSE(t.slot_for({}, instant{}));
  CHECK((t.handle_of(*a) == 1 && t.handle_of(*b) == 2 && t.handle_of(*c) == 3));
  CHECK(t.by_handle(2) == b);
  for (const int n : {0, 4, 255}) CHECK_FALSE(t.by_handle(static_cast<std::uint8_t>(n)));
  CHECK(t.find(session_id{30}) == c);
  CHECK_FALSE(t.find(session_id{31}));
  CHECK((t.nth(1) == a && t.nth(2) == b && t.nth(3) == c && !t.nth(4) && !t.nth(0)));
  b->state.active = false;
  CHECK(t.active() == 2);
  CHECK_FALSE(t.find(session_id{20}));
  CHECK_FALSE(t.by_handle(2));
  CHECK((t.nth(1) == a && t.nth(2) == c && !t.nth(3)));
  CHECK(t.slot_for({}, instant{}) == b);
}
