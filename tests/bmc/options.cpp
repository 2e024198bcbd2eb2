// SPDX-License-Identifier: BSL-1.0
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::test;

namespace {

template <class Change> bmc_options changed(Change change) {
  auto o = default_bmc();
  change(o);
  return o;
}

struct strict_traits : bmc_traits {};  // no suite 0
using strict = bmc<bmc_setup<null_backend, strict_traits>>;

}  // namespace

TEST_CASE("options that cannot work are known before a BMC is built", "[session][bmc]") {
  struct row {
    const char* what;
    void (*change)(bmc_options&);
    errc expected;
  };
  for (const auto& r : {
           row{"the defaults", [](bmc_options&) {}, errc::ok},
           row{"no suites", [](bmc_options& o) { o.suites = {}; }, errc::unsupported_suite},
           row{"none that a build has",
               [](bmc_options& o) {
                 o.suites = {4, 99};
               },
               errc::unsupported_suite},
           row{"a number that is no suite",
               [](bmc_options& o) {
                 o.suites = {3, 99};
               },
               errc::unsupported_suite},
           row{"one too few", [](bmc_options& o) { o.suites = {0}; }, errc::unsupported_suite},
           row{"one that is lacking and one that is not",
               [](bmc_options& o) {
                 o.suites = {4, 3};
               },
               errc::ok},
           row{"no sessions", [](bmc_options& o) { o.max_sessions = 0; }, errc::invalid_argument},
           row{"logins that last no time", [](bmc_options& o) { o.half_open_lifetime = {}; }, errc::invalid_argument},
           row{"sessions that last no time", [](bmc_options& o) { o.inactivity = {}; }, errc::invalid_argument},
           row{"no level", [](bmc_options& o) { o.channel_limit = privilege{}; }, errc::invalid_argument},
           row{"a reserved level", [](bmc_options& o) { o.channel_limit = privilege{6}; }, errc::invalid_argument},
       }) {
    CAPTURE(r.what);
    CHECK(strict::check(changed(r.change)).error() == r.expected);
  }
  STATIC_REQUIRE(strict::check({}));
}

TEST_CASE("a BMC with options that cannot work answers nothing, and says why", "[session][bmc]") {
  bmc_rig<> r(changed([](bmc_options& o) { o.max_sessions = 0; }));
  CHECK(r.ask(console_peer, rig_console<bmc_rig<>>(r).rakp1_datagram()).empty());
  CHECK(r.last == errc::invalid_argument);
  CHECK(r.managed.counters().datagrams == 0);
  CHECK(r.managed.poll_timeout().is_never());
}
