// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/session/response.hpp>

#include <rmcpp/wire/session_commands.hpp>

#include "support/catch.hpp"
#include "support/written.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using test::answered;

TEST_CASE("a response writer takes what fits, whole or not at all", "[session][bmc_commands]") {
  const std::array<std::uint8_t, 4> four{1, 2, 3, 4};
  CHECK(answered(4, [&](auto& w) { w.put(four); }) == "00 01020304");
  CHECK(answered(3, [&](auto& w) { w.put(four); }) == "ca ");
  CHECK(answered(3, [&](auto& w) { w.put(std::uint8_t{9}), w.put(std::uint8_t{8}); }) == "00 0908");
  CHECK(answered(0, [&](auto& w) { w.put(std::uint8_t{9}); }) == "ca ");
  CHECK(answered(0, [&](auto& w) { w.put(bytes{}); }) == "00 ");
  CHECK(answered(4, [&](auto& w) { w.put(four), w.fail(completion_code::busy); }) == "c0 ");
  CHECK(answered(5, [&](auto& w) {
          CHECK(w.room() == 5);
          w.put(four);
          CHECK(w.room() == 1);
        }) == "00 01020304");
  CHECK(answered(16, [&](auto& w) { w.put(system_guid_response{}); }).size() == 3 + 32);
  CHECK(answered(15, [&](auto& w) { w.put(system_guid_response{}); }) == "ca ");
}
