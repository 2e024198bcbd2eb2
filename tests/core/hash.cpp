// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/core/hash.hpp>

#include "support/catch.hpp"

#include <set>

using namespace rmcpp;
using namespace rmcpp::core;

TEST_CASE("datagrams of different bytes have different digests", "[session][followed_session]") {
  STATIC_REQUIRE(content_digest({}) == 0xcbf29ce484222325u);
  const std::array<std::uint8_t, 1> a{0x61};
  CHECK(content_digest(a) == 0xaf63dc4c8601ec8cu);  // FNV-1a, 64 bits, of "a"
}

TEST_CASE("request digests differ with every bit and length", "[session][managed_session]") {
  std::array<std::uint8_t, 12> message{0x20, 0, 0xe0, 0x81, 4, 2};
  std::set<std::uint64_t> seen;
  for (std::size_t n = 0; n <= message.size(); ++n) seen.insert(request_digest(bytes(message).first(n)));
  CHECK(seen.size() == message.size() + 1);
  for (auto& byte : message) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte = static_cast<std::uint8_t>(byte ^ (1u << bit));
      seen.insert(request_digest(message));
      byte = static_cast<std::uint8_t>(byte ^ (1u << bit));
    }
  }
  CHECK(seen.size() == message.size() + 1 + 8 * message.size());
  STATIC_REQUIRE(request_digest({}) == 0xcbf29ce484222325u);
}
