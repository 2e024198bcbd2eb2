// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/payload_commands.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

TEST_CASE("Suspend/Resume Payload Encryption: three bytes, reserved bits ignored", "[wire][payload_commands]") {
  const auto m = decode<payload_encryption_request>(from_hex("c1 f2 e1"));
  REQUIRE(m);
  CHECK(m->payload == payload_type::sol);
  CHECK(m->instance == 2);
  CHECK(m->operation == 1);
  std::array<std::uint8_t, 3> again{};
  REQUIRE(encode(*m, again));
  CHECK(to_hex(again) == "010201");
  CHECK(decode<payload_encryption_request>(from_hex("01 02")).error() == errc::truncated);
  CHECK(decode<payload_encryption_request>(from_hex("01 02 01 00")).error() == errc::trailing_bytes);
}

TEST_CASE("Get Channel Payload Support: one bit a type, three little-endian words", "[wire][payload_commands]") {
  const auto rq = decode<payload_support_request>(from_hex("fe"));
  REQUIRE(rq);
  CHECK(rq->channel == 0x0e);
  CHECK(decode<payload_support_request>(from_hex("")).error() == errc::truncated);
  std::array<std::uint8_t, 8> out{};
  REQUIRE(encode(payload_support_response{.standard = 3, .session_setup = 0x3f, .oem = 0x8001}, out));
  CHECK(to_hex(out) == "03003f0001800000");
  CHECK(decode<payload_support_response>(out)->oem == 0x8001);
}
