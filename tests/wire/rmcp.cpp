// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/rmcp.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

TEST_CASE("an IPMI datagram begins 06 00 FF 07") {
  constexpr auto wire = "06 00 FF 07"_hex;
  check_encodes(rmcp_header{}, wire);
  check_exact_size<rmcp_header>(wire);
  check_reserved<rmcp_header>(wire, {1});

  constexpr auto h = decode<rmcp_header>(wire);
  STATIC_REQUIRE(h);
  STATIC_REQUIRE(h->sequence == rmcp_header::no_ack);
  STATIC_REQUIRE(h->kind == rmcp_class{rmcp_class::ipmi});
  STATIC_REQUIRE_FALSE(h->kind.is_ack());
}

TEST_CASE("a version other than 06h is refused") {
  for (const unsigned version : {0x00u, 0x05u, 0x07u, 0x86u}) {
    const std::array<std::uint8_t, 4> wire{static_cast<std::uint8_t>(version), 0x00, 0xff, 0x07};
    CHECK(text(decode_error<rmcp_header>(wire)) == text(errc::bad_version));
  }
  CHECK(std::string(explain<rmcp_header>("05 00 FF 07"_hex).field) == "version");
}

TEST_CASE("every class byte survives, and a reserved bit makes it no known class") {
  for (unsigned v = 0; v <= 0xff; ++v) {
    CAPTURE(v);
    const auto value = static_cast<std::uint8_t>(v);
    check_survives<rmcp_header>(std::array<std::uint8_t, 4>{0x06, 0x00, 0x05, value});
    CHECK(rmcp_class{value}.is_ack() == (v >= 0x80));
    CHECK(rmcp_class{value}.kind() == v % 0x80);
  }
  CHECK(rmcp_class{0x27}.kind() != rmcp_class::ipmi);
  CHECK(rmcp_class{0x47}.kind() != rmcp_class::ipmi);
  CHECK(rmcp_class{0x87} != rmcp_class{rmcp_class::ipmi});
}

TEST_CASE("an RMCP ACK copies sequence and class and sets bit 7") {
  const auto ping = decode<rmcp_header>("06 00 05 06"_hex);
  REQUIRE(ping);
  check_encodes(acknowledge(*ping), "06 00 05 86"_hex);
  CHECK(acknowledge(*ping).kind.is_ack());
}

TEST_CASE("the header is a prefix of its datagram") {
  const auto d = decode_prefix<rmcp_header>("06 00 FF 07 00"_hex);
  REQUIRE(d);
  CHECK(d->size == rmcp_header::size);
}
