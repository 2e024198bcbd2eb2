// SPDX-License-Identifier: BSL-1.0
// Examples written for this project after IPMI v2.0, 15.9: a line typed, its echo, the acknowledgement of the echo.
#include <rmcpp/wire/dump.hpp>
#include <rmcpp/wire/sol.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

constexpr auto typed = "01 00 00 00 | 6C 73 0D"_hex;
constexpr auto echoed = "01 01 03 00 | 6C 73 0D"_hex;
constexpr auto acked = "00 01 03 00"_hex;

}  // namespace

TEST_CASE("SOL: characters, with and without an acknowledgement") {
  constexpr auto line = "6C 73 0D"_hex;
  check_encodes(sol_packet{.sequence = 1, .data = line}, typed);
  check_encodes(sol_packet{.sequence = 1, .acked = 1, .accepted = 3, .data = line}, echoed);
  check_survives<sol_packet>(typed);
  check_survives<sol_packet>(echoed);
  const auto m = decode<sol_packet>(echoed);
  REQUIRE(m);
  CHECK(m->sequence == 1);
  CHECK(m->acked == 1);
  CHECK(m->accepted == 3);
  CHECK(m->control == 0);
  CHECK(to_hex(m->data) == "6c730d");
}

TEST_CASE("SOL: an acknowledgement alone is the shortest packet") {
  check_encodes(sol_packet{.acked = 1, .accepted = 3}, acked);
  check_survives<sol_packet>(acked);
  check_prefixes<sol_packet>(acked, sol_packet::header_size);
  check_prefixes<sol_packet>(typed, sol_packet::header_size);
  CHECK(decode<sol_packet>(acked)->data.empty());
}

TEST_CASE("SOL: every sequence number, count and control byte survives") {
  for (unsigned v = 0; v <= 0xff; ++v) {
    const auto b = static_cast<std::uint8_t>(v);
    const auto low = static_cast<std::uint8_t>(v & 0x0f);
    check_survives<sol_packet>(std::array<std::uint8_t, 5>{low, static_cast<std::uint8_t>(15 - low), b, b, b});
  }
}

TEST_CASE("SOL: the upper bits of both sequence numbers are ignored and written as 0") {
  CHECK(encoded(*decode<sol_packet>("F1 A1 03 00 6C 73 0D"_hex)) == to_hex(echoed));
  CHECK(encoded(sol_packet{.sequence = 0xf1, .acked = 0xa1, .accepted = 3}) == "01010300");
}

TEST_CASE("SOL: 255 characters") {
  std::vector<std::uint8_t> wire(4 + 255, 0x41);
  wire[0] = 15;
  wire[1] = 0;
  check_survives<sol_packet>(wire);
  CHECK(decode<sol_packet>(wire)->data.size() == 255);
}

TEST_CASE("SOL: explain and dump name its fields") {
  CHECK(std::string(explain<sol_packet>("01 00"_hex).field) == "accepted");
  CHECK(explain<sol_packet>("01 00"_hex).offset == 2);
  CHECK(text(explain<sol_packet>("01 00"_hex).error) == text(errc::truncated));
  const auto shown = dump(*decode<sol_packet>(echoed));
  CHECK(shown ==
        "sequence            01h\n"
        "acked               01h\n"
        "accepted            03h\n"
        "control             00h\n"
        "data                6c730d\n");
}
