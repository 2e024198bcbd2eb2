// SPDX-License-Identifier: BSL-1.0
// The table of a BMC's login states: every row is driven, and nothing else is ever seen.
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/testing/crafted_console_v15.hpp>

#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <functional>
#include <set>
#include <string>
#include <tuple>

namespace {

using namespace rmcpp;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using ls = login_state;
using lt = login_trigger;

struct one_slot_traits : test_bmc_traits {
  static constexpr std::size_t sessions = 1;
  static constexpr std::size_t opened = 1;
  static constexpr std::size_t proven = 1;
  static constexpr bool v15 = true;
};
using rig = bmc_rig<bmc_backend, one_slot_traits>;
using client = rig_console<rig>;

using key = std::tuple<ls, lt, ls>;
key key_of_row(const login_transition& t) { return {t.from, t.on, t.to}; }

/// One way to drive each row. Every drive begins with a fresh BMC; its last step is the row.
struct drive {
  login_transition row;
  std::function<void(rig&, client&)> run;
};

const test_peer elsewhere{0x7f000002, 40000};

crafted_console_v15<peer_backend_t<bmc_backend>> client_v15(rig& r) {
  return crafted_console_v15<peer_backend_t<bmc_backend>>(
      [&r](const test_peer& from, bytes d) { return r.ask(from, d); });
}

bmc_options options() {
  bmc_options o = default_bmc();
  o.v15.types = {wire::auth_type::md5};
  return o;
}

const std::vector<drive>& drives() {
  static const std::vector<drive> all{
      {{ls::none, lt::open_session, ls::opened}, [](rig&, client& c) { (void)c.open(); }},
      {{ls::opened, lt::rakp1, ls::proven}, [](rig&, client& c) { c.prove(); }},
      {{ls::opened, lt::evicted, ls::none},
       [](rig& r, client& c) {
         (void)c.open();
         client other(r, 3, elsewhere);
         (void)other.open();
         r.setup().steps.pop_back();  // the newcomer's own
       }},
      {{ls::opened, lt::expired, ls::none},
       [](rig& r, client& c) {
         (void)c.open();
         r.wait(15'000);
       }},
      {{ls::opened, lt::refused, ls::none},
       [](rig&, client& c) {
         (void)c.open();
         c.role = {};
         (void)c.send_rakp1();
       }},
      {{ls::proven, lt::rakp1, ls::proven},
       [](rig&, client& c) {
         c.prove();
         c.console_random[0] ^= 1;
         (void)c.send_rakp1();
       }},
      {{ls::proven, lt::rakp3, ls::active}, [](rig&, client& c) { c.login(); }},
      {{ls::none, lt::open_session, ls::opened}, [](rig& r, client&) { client_v15(r).ask_challenge(); }},
      {{ls::opened, lt::activate, ls::active}, [](rig& r, client&) { client_v15(r).login(); }},
      {{ls::opened, lt::expired, ls::none},
       [](rig& r, client&) {
         client_v15(r).ask_challenge();
         r.wait(15'000);
       }},
      {{ls::opened, lt::evicted, ls::none},
       [](rig& r, client& c) {
         client_v15(r).ask_challenge();
         (void)c.open();
         r.setup().steps.pop_back();  // the newcomer's own
       }},
      {{ls::opened, lt::refused, ls::none},
       [](rig& r, client&) {
         auto v15 = client_v15(r);
         v15.password = key_of("wrong");
         v15.login();
       }},
      {{ls::active, lt::closed, ls::none},
       [](rig& r, client&) {
         auto v15 = client_v15(r);
         v15.login();
         v15.close();
       }},
      {{ls::active, lt::evicted, ls::none},
       [](rig& r, client& c) {
         c.login();
         r.wait(3001);
         client other(r, 3, elsewhere);
         other.login();
         r.setup().steps.pop_back();
       }},
      {{ls::proven, lt::evicted, ls::none},
       [](rig& r, client& c) {
         c.prove();
         client other(r, 3, elsewhere);
         other.prove();
         r.setup().steps.pop_back();
       }},
      {{ls::proven, lt::expired, ls::none},
       [](rig& r, client& c) {
         c.prove();
         r.wait(15'000);
       }},
      {{ls::proven, lt::refused, ls::none},
       [](rig&, client& c) {
         c.password = key_of("wrong");
         c.prove();
         (void)c.send_rakp3();
       }},
      {{ls::proven, lt::refused, ls::none},
       [](rig& r, client& c) {
         c.prove();
         r.ask(c.from, c.rakp3_datagram({}, rakp_status::invalid_integrity_check_value));
       }},
      {{ls::proven, lt::revoked, ls::none},
       [](rig& r, client& c) {
         c.prove();
         r.managed.user_changed(user_id{2}, r.now);
       }},
      {{ls::proven, lt::revoked, ls::none},
       [](rig& r, client& c) {
         c.prove();
         r.managed.kg_changed(r.now);
       }},
      {{ls::active, lt::expired, ls::none},
       [](rig& r, client& c) {
         c.login();
         r.wait(60'000);
       }},
      {{ls::active, lt::closed, ls::none},
       [](rig&, client& c) {
         c.login();
         c.close();
       }},
      {{ls::active, lt::revoked, ls::none},
       [](rig& r, client& c) {
         c.login();
         (void)r.managed.close(c.managed_id(), r.now);
       }},
      {{ls::active, lt::revoked, ls::none},
       [](rig& r, client& c) {
         c.login();
         r.managed.user_changed(user_id{2}, r.now);
       }},
      {{ls::active, lt::revoked, ls::none},
       [](rig& r, client& c) {
         c.login();
         r.managed.kg_changed(r.now);
       }},
  };
  return all;
}

}  // namespace

TEST_CASE("what a BMC does with its logins is the table, row for row", "[session][transitions]") {
  std::set<key> observed;
  for (const auto& d : drives()) {
    rig r(options());
    client c(r);
    d.run(r, c);
    REQUIRE_FALSE(r.setup().steps.empty());
    CHECK(r.setup().steps.back() == d.row);
    for (const auto& step : r.setup().steps) observed.insert(key_of_row(step));
  }
  std::set<key> table;
  for (const auto& row : login_transitions) table.insert(key_of_row(row));
  CHECK(observed == table);
  CHECK(table.size() == login_transitions.size());  // no row twice
}

TEST_CASE("each login's steps form a path from none to none", "[session][transitions]") {
  for (const auto& d : drives()) {
    rig r(options());
    client c(r);
    d.run(r, c);
    ls at = ls::none;
    for (const auto& step : r.setup().steps) {
      if (step.on == lt::open_session || step.on == lt::evicted) continue;  // of the other login
      if (step.on == lt::rakp1 && step.from == ls::opened) at = ls::opened;
      if (at != ls::none) CHECK(step.from == at);
      at = step.to;
    }
  }
}

TEST_CASE("everything that is not in the table is illegal", "[session][transitions]") {
  std::size_t legal = 0;
  for (int from = 0; from < 5; ++from) {
    for (int on = 0; on < 10; ++on) {
      for (int to = 0; to < 5; ++to) {
        const login_transition step{static_cast<ls>(from), static_cast<lt>(on), static_cast<ls>(to)};
        bool listed = false;
        for (const auto& row : login_transitions) listed = listed || row == step;
        CHECK(is_legal(step) == listed);
        legal += listed ? 1 : 0;
      }
    }
  }
  CHECK(legal == login_transitions.size());
}

TEST_CASE("no way into a session but through its RAKP 3 or Activate Session", "[session][transitions]") {
  for (const auto& row : login_transitions) {
    if (row.to == ls::active)
      CHECK(((row.from == ls::proven && row.on == lt::rakp3) || (row.from == ls::opened && row.on == lt::activate)));
    if (row.to == ls::proven) CHECK(((row.from == ls::opened || row.from == ls::proven) && row.on == lt::rakp1));
    if (row.to == ls::opened) CHECK((row.from == ls::none && row.on == lt::open_session));
    if (row.from == ls::none) CHECK(row.to == ls::opened);
  }
}

TEST_CASE("a configuration that does not observe needs nothing", "[session][transitions]") {
  struct plain {
  } config;
  check_transition(config, login_transition{ls::none, lt::open_session, ls::opened});
  STATIC_REQUIRE(is_legal(login_transitions, login_transition{ls::proven, lt::rakp3, ls::active}));
  STATIC_REQUIRE_FALSE(is_legal(login_transition{ls::opened, lt::rakp3, ls::active}));
}
