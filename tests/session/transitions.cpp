// SPDX-License-Identifier: BSL-1.0
// What a step means where a console stands is a row of its table, whatever a part may say.
#include <rmcpp/session/transitions.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::detail;

TEST_CASE("every step that a part can make is a legal row", "[session][transitions]") {
  struct row {
    console_state at;
    step_kind kind;
    bool answered;
    console_transition expected;
    bool v15 = false;
  };
  using s = console_state;
  using t = console_trigger;
  constexpr row rows[] = {
      {s::capabilities, step_kind::next, true, {s::capabilities, t::answer, s::cipher_suites}},
      {s::capabilities, step_kind::done, true, {s::capabilities, t::answer, s::open_session}},
      {s::cipher_suites, step_kind::done, true, {s::cipher_suites, t::answer, s::open_session}},
      {s::cipher_suites, step_kind::done, false, {s::cipher_suites, t::silence, s::open_session}},
      {s::open_session, step_kind::next, true, {s::open_session, t::answer, s::rakp1}},
      {s::open_session, step_kind::restart, true, {s::open_session, t::next_suite, s::open_session}},
      {s::rakp1, step_kind::next, true, {s::rakp1, t::answer, s::rakp3}},
      {s::rakp1, step_kind::restart, true, {s::rakp1, t::restart, s::open_session}},
      {s::rakp3, step_kind::done, true, {s::rakp3, t::answer, s::set_privilege}},
      {s::rakp3, step_kind::restart, true, {s::rakp3, t::restart, s::open_session}},
      {s::set_privilege, step_kind::restart, true, {s::set_privilege, t::restart, s::open_session}},
      {s::capabilities, step_kind::done, true, {s::capabilities, t::answer, s::challenge}, true},
      {s::challenge, step_kind::next, true, {s::challenge, t::answer, s::activate}, true},
      {s::activate, step_kind::done, true, {s::activate, t::answer, s::set_privilege}, true},
      {s::set_privilege, step_kind::restart, true, {s::set_privilege, t::restart, s::challenge}, true},
      {s::set_privilege, step_kind::done, true, {s::set_privilege, t::answer, s::active}},
      {s::closing, step_kind::done, true, {s::closing, t::answer, s::closed}},
  };
  for (const auto& r : rows) {
    CAPTURE(static_cast<int>(r.at), static_cast<int>(r.kind));
    CHECK(next_state(r.at, r.kind, r.v15) == r.expected.to);
    CHECK(trigger_of(r.at, r.kind, r.answered) == r.expected.on);
    CHECK(is_legal(r.expected));
  }
}

TEST_CASE("each state is before, in or behind a login, and in a session or not", "[session][transitions]") {
  for (int i = 0; i <= static_cast<int>(console_state::closed); ++i) {
    const auto s = static_cast<console_state>(i);
    CHECK(int{discovers(s)} + int{logs_in(s)} + int{in_session(s)} ==
          (s == console_state::idle || s == console_state::closed ? 0 : 1));
    CHECK(accepts_requests(s) == (s != console_state::idle && s < console_state::closing));
  }
}
