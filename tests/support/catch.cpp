// SPDX-License-Identifier: BSL-1.0
// What every test relies on: the shim's macros, the same on both Catch2 versions, and the folder of the vectors.
#include "support/catch.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

TEST_CASE("the shim offers sections, generators and matchers") {
  const int n = GENERATE(range(1, 4));
  SECTION("values") { CHECK((n >= 1 && n < 4)); }
  SECTION("strings") { CHECK_THAT("rakp " + std::to_string(n), Catch::Matchers::ContainsSubstring("rakp")); }
  SECTION("exceptions") { CHECK_THROWS_AS(throw std::runtime_error("refused"), std::runtime_error); }
}

TEMPLATE_TEST_CASE("the shim offers typed cases", "", int, char) { CHECK(sizeof(TestType) <= sizeof(int)); }

TEST_CASE("RMCPP_TEST_DIR is the tests folder") {
  CHECK(std::filesystem::exists(std::filesystem::path(RMCPP_TEST_DIR) / "support" / "catch.hpp"));
}
