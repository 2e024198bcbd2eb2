// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/console.hpp>

#include <rmcpp/testing/policies.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::testing;

namespace {

struct strict_setup {
  using traits = console_traits;  // no suite 0
  null_backend crypto{};
  counting_entropy random{};
};

}  // namespace

TEST_CASE("options that cannot work are known before a login, and start() refuses them alike", "[session][console]") {
  struct row {
    const char* what;
    void (*change)(console_options&);
    errc expected;
  };
  for (const auto& r : {
           row{"the defaults", [](console_options&) {}, errc::ok},
           row{"no suites", [](console_options& o) { o.suites = {}; }, errc::unsupported_suite},
           row{"one that the traits lack",
               [](console_options& o) {
                 o.suites = {3, 0};
               },
               errc::unsupported_suite},
           row{"one that no build has", [](console_options& o) { o.suites = {4}; }, errc::unsupported_suite},
           row{"no suite at all", [](console_options& o) { o.suites = {99}; }, errc::unsupported_suite},
           row{"level 0", [](console_options& o) { o.level = privilege::highest; }, errc::invalid_argument},
           row{"level 6", [](console_options& o) { o.level = privilege{6}; }, errc::invalid_argument},
           row{"no tries", [](console_options& o) { o.retry.tries = 0; }, errc::invalid_argument},
           row{"15 tries", [](console_options& o) { o.retry.tries = 15; }, errc::invalid_argument},
       }) {
    CAPTURE(r.what);
    auto o = default_console();
    r.change(o);
    using machine = console<strict_setup>;
    CHECK(machine::check(o).error() == r.expected);
    machine c({}, o);
    CHECK(c.start(instant{1}).error() == r.expected);
  }
}
