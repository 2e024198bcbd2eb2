// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/channel_auth.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

TEST_CASE("request: this channel, v2.0 data wanted, administrator") {
  constexpr auto wire = "8E 04"_hex;
  check_encodes(channel_auth_request{}, wire);
  check_exact_size<channel_auth_request>(wire);
  constexpr auto m = decode<channel_auth_request>(wire);
  STATIC_REQUIRE(m->wants_v2());
  STATIC_REQUIRE(m->number() == this_channel);
  STATIC_REQUIRE(m->level == privilege::administrator);
}

TEST_CASE("request: without bit 7 it is the v1.5 form") {
  const auto m = decode<channel_auth_request>("01 02"_hex);
  REQUIRE(m);
  CHECK_FALSE(m->wants_v2());
  CHECK(m->number() == 1);
  CHECK(m->level == privilege::user);
  check_survives<channel_auth_request>("01 02"_hex);
}

TEST_CASE("request: reserved bits beside the level are ignored and written as 0, unknown levels survive") {
  CHECK(encoded(*decode<channel_auth_request>("8E F4"_hex)) == "8e04");
  check_survives<channel_auth_request>("8E 0F"_hex);
}

TEST_CASE("response: 8 bytes") {
  constexpr auto wire = "01 97 06 03 57 01 00 AB"_hex;
  check_encodes(
      channel_auth_response{
          .channel = 1, .auth_types = 0x97, .auth_status = 0x06, .extended = 0x03, .oem_iana = 343, .oem_aux = 0xab},
      wire);
  check_exact_size<channel_auth_response>(wire);
  constexpr auto m = decode<channel_auth_response>(wire);
  STATIC_REQUIRE(m->channel == 1);
  STATIC_REQUIRE(m->auth_types == 0x97);
  STATIC_REQUIRE((m->auth_status & channel_auth_response::status_named_users) != 0);
  STATIC_REQUIRE(m->oem_iana == 343);
  STATIC_REQUIRE(m->oem_aux == 0xab);
  STATIC_REQUIRE(m->offers_v2());
}

TEST_CASE("response: v2.0 is offered only if the extended data is valid and says so") {
  struct row {
    const char* who;
    std::vector<std::uint8_t> data;
    bool v2;
  };
  const row rows[] = {
      {"ipmi_sim", from_hex("01 97 06 03 00 00 00 00"), true},
      {"ipmi_sim, v1.5 request", from_hex("01 17 06 00 00 00 00 00"), false},
      {"Inventec", from_hex("01 97 05 03 00 00 00 00"), true},
      {"extended bits without bit 7", from_hex("01 17 06 03 00 00 00 00"), false},
      {"v1.5 only", from_hex("01 97 06 01 00 00 00 00"), false},
  };
  for (const auto& r : rows) {
    CAPTURE(r.who);
    check_survives<channel_auth_response>(r.data);
    CHECK(decode<channel_auth_response>(r.data)->offers_v2() == r.v2);
  }
}

TEST_CASE("response: every status bit survives, reserved ones too; the channel's high bits are reserved") {
  check_survives<channel_auth_response>("0F FF FF FF FF FF FF FF"_hex);
  CHECK(encoded(*decode<channel_auth_response>("F1 97 06 03 00 00 00 00"_hex)) == "0197060300000000");
}

TEST_CASE("explain names the field that is cut off") {
  constexpr auto wire = "01 97 06 03 57 01 00 00"_hex;
  const char* const fields[] = {"channel",  "auth_types", "auth_status", "extended",
                                "oem_iana", "oem_iana",   "oem_iana",    "oem_aux"};
  for (std::size_t n = 0; n < wire.size(); ++n) {
    const auto why = explain<channel_auth_response>(bytes(wire).first(n));
    CHECK(std::string(why.field) == fields[n]);
    CHECK(why.offset == (n == 5 || n == 6 ? 4 : n));
  }
}
