// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/asf.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

constexpr auto ping = "06 00 FF 06 | 00 00 11 BE 80 42 00 00"_hex;
constexpr auto pong = "06 00 FF 06 | 00 00 11 BE 40 42 00 10 | 00 00 11 BE 00 00 00 00 81 00 00 00 00 00 00 00"_hex;

constexpr bytes after_rmcp(bytes datagram) { return datagram.subspan(rmcp_header::size); }

}  // namespace

TEST_CASE("a ping is 12 bytes, its enterprise number big-endian") {
  std::array<std::uint8_t, 12> out{};
  CHECK(*encode_ping(0x42, out) == ping.size());
  CHECK(out == ping);

  constexpr auto m = decode<asf_message>(after_rmcp(ping));
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->enterprise == asf_enterprise);
  STATIC_REQUIRE(m->type == asf_type::presence_ping);
  STATIC_REQUIRE(m->tag == 0x42);
  STATIC_REQUIRE(m->data.empty());
  check_exact_size<asf_message>(after_rmcp(ping));
  check_reserved<asf_message>(after_rmcp(ping), {6});
}

TEST_CASE("a pong is 28 bytes") {
  std::array<std::uint8_t, 28> out{};
  CHECK(*encode_pong(0x42, {}, out) == pong.size());
  CHECK(out == pong);

  const auto m = decode<asf_message>(after_rmcp(pong));
  REQUIRE(m);
  CHECK(m->type == asf_type::presence_pong);
  CHECK(m->tag == 0x42);
  const auto data = decode<presence_pong>(m->data);
  REQUIRE(data);
  CHECK(data->oem_enterprise == asf_enterprise);
  CHECK(data->supports_ipmi());
  check_exact_size<asf_message>(after_rmcp(pong));
  check_exact_size<presence_pong>(m->data);
  check_reserved<presence_pong>(m->data, {10, 11, 12, 13, 14, 15});
  check_encodes(*m, after_rmcp(pong));
  check_encodes(*data, m->data);
}

TEST_CASE("encode_ping and encode_pong need room for the whole datagram") {
  check_needs_room(ping.size(), [](mutable_bytes out) { return encode_ping(1, out); });
  check_needs_room(pong.size(), [](mutable_bytes out) { return encode_pong(1, {}, out); });
}

TEST_CASE("other BMCs' pongs are readable") {
  struct row {
    const char* who;
    std::vector<std::uint8_t> data;
    std::uint32_t oem_enterprise, oem_defined;
    bool ipmi;
  };
  const row rows[] = {
      {"OpenIPMI: no OEM number", from_hex("00000000 00000000 81 00 000000000000"), 0, 0, true},
      {"Inventec", from_hex("00000000 03000000 81 00 000000000000"), 0, 0x03000000, true},
      {"OpenBMC: the number the wrong way round", from_hex("BE110000 00000000 81 00 000000000000"), 0xbe110000, 0,
       true},
      {"without IPMI", from_hex("000011BE 00000000 01 00 000000000000"), asf_enterprise, 0, false},
  };
  for (const auto& r : rows) {
    CAPTURE(r.who);
    const auto m = decode<presence_pong>(r.data);
    REQUIRE(m);
    CHECK(m->oem_enterprise == r.oem_enterprise);
    CHECK(m->oem_defined == r.oem_defined);
    CHECK(m->supports_ipmi() == r.ipmi);
    check_survives<presence_pong>(r.data);
  }
}

TEST_CASE("a data length other than the bytes present is refused") {
  CHECK(text(decode_error<asf_message>("00 00 11 BE 80 42 00 01"_hex)) == text(errc::bad_length));
  CHECK(text(decode_error<asf_message>("00 00 11 BE 80 42 00 00 00"_hex)) == text(errc::trailing_bytes));
  const auto why = explain<asf_message>("00 00 11 BE 80 42 00 01"_hex);
  CHECK(std::string(why.field) == "data");
  CHECK(why.offset == 7);
}

TEST_CASE("message types that are not IPMI survive") { check_survives<asf_message>("00 00 11 BE C1 00 00 00"_hex); }
