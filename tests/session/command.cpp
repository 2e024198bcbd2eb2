// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/session/command.hpp>

#include <rmcpp/wire/session_commands.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <string>

using namespace rmcpp;
using test::to_hex;

namespace {

/// What `answer(writer)` wrote into a block of exactly `room` bytes: completion code and data.
std::string written(std::size_t room, auto answer) {
  test::exact_bytes block(room);
  response_writer w{mutable_bytes(block)};
  answer(w);
  const std::array<std::uint8_t, 1> code{static_cast<std::uint8_t>(w.code())};
  return to_hex(code) + " " + to_hex(bytes(block).first(w.size()));
}

}  // namespace

TEST_CASE("a response writer takes what fits, whole or not at all", "[session][bmc_commands]") {
  const std::array<std::uint8_t, 4> four{1, 2, 3, 4};
  CHECK(written(4, [&](auto& w) { w.put(four); }) == "00 01020304");
  CHECK(written(3, [&](auto& w) { w.put(four); }) == "ca ");
  CHECK(written(3, [&](auto& w) { w.put(std::uint8_t{9}), w.put(std::uint8_t{8}); }) == "00 0908");
  CHECK(written(0, [&](auto& w) { w.put(std::uint8_t{9}); }) == "ca ");
  CHECK(written(0, [&](auto& w) { w.put(bytes{}); }) == "00 ");
  CHECK(written(4, [&](auto& w) { w.put(four), w.fail(completion_code::busy); }) == "c0 ");
  CHECK(written(5, [&](auto& w) {
          CHECK(w.room() == 5);
          w.put(four);
          CHECK(w.room() == 1);
        }) == "00 01020304");
  CHECK(written(16, [&](auto& w) { w.put(system_guid_response{}); }).size() == 3 + 32);
  CHECK(written(15, [&](auto& w) { w.put(system_guid_response{}); }) == "ca ");
}
