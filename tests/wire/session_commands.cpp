// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/session_commands.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

TEST_CASE("Get System GUID: 16 opaque bytes") {
  constexpr auto wire = "00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09"_hex;
  check_encodes(system_guid_response{wire}, wire);
  check_exact_size<system_guid_response>(wire);
  STATIC_REQUIRE(decode<system_guid_response>(wire)->value == wire);
}

TEST_CASE("Set Session Privilege Level: one byte each way, any value") {
  check_encodes(session_privilege{0x04}, "04"_hex);
  check_exact_size<session_privilege>("04"_hex);
  for (unsigned v = 0; v <= 0xff; ++v)
    check_survives<session_privilege>(std::array<std::uint8_t, 1>{static_cast<std::uint8_t>(v)});
}

TEST_CASE("Close Session: the BMC's id") {
  constexpr auto wire = "FB 2D B5 FF"_hex;
  check_encodes(close_session_request{session_id{0xffb52dfb}}, wire);
  check_exact_size<close_session_request>(wire);
  CHECK(decode<close_session_request>(wire)->id == session_id{0xffb52dfb});
}

TEST_CASE("Close Session: with id 0 a handle may follow") {
  const auto m = decode<close_session_request>("00 00 00 00 07"_hex);
  REQUIRE(m);
  CHECK(m->handle == 7);
  check_survives<close_session_request>("00 00 00 00 07"_hex);
  check_prefixes<close_session_request>("00 00 00 00 07"_hex, 4);
  CHECK(text(decode_error<close_session_request>("00 00 00 00 07 00"_hex)) == text(errc::trailing_bytes));
  CHECK(decode<close_session_request>("00 00 00 00"_hex)->handle == 0);
}

TEST_CASE("Get Session Info request: the index decides what follows") {
  check_encodes(session_info_request{.index = 0}, "00"_hex);
  check_exact_size<session_info_request>("00"_hex);
  check_encodes(session_info_request{.index = 3, .handle = 9, .id = session_id{9}}, "03"_hex);
  check_encodes(session_info_request{.index = session_info_request::by_handle, .handle = 9}, "FE 09"_hex);
  check_exact_size<session_info_request>("FE 09"_hex);
  check_encodes(session_info_request{.index = session_info_request::by_id, .id = session_id{0x02001234}},
                "FF 34 12 00 02"_hex);
  check_exact_size<session_info_request>("FF 34 12 00 02"_hex);
  CHECK(decode<session_info_request>("FE 09"_hex)->handle == 9);
  CHECK(decode<session_info_request>("FF 34 12 00 02"_hex)->id == session_id{0x02001234});
}

TEST_CASE("Get Session Info response: 18 bytes over LAN") {
  constexpr auto wire = "05 10 02 | 03 04 11 | C0 00 02 0A | 00 1A 2B 3C 4D 5E | 6F 02"_hex;
  check_encodes(session_info_response{.handle = 5,
                                      .slots = 16,
                                      .active = 2,
                                      .user = 3,
                                      .level = privilege::administrator,
                                      .channel = 0x11,
                                      .address = {192, 0, 2, 10},
                                      .mac = "00 1A 2B 3C 4D 5E"_hex,
                                      .port = 623},
                wire);
  check_prefixes<session_info_response>(wire, wire.size());
  constexpr auto m = decode<session_info_response>(wire);
  STATIC_REQUIRE(m->handle == 5);
  STATIC_REQUIRE(m->slots == 16);
  STATIC_REQUIRE(m->active == 2);
  STATIC_REQUIRE(m->user == 3);
  STATIC_REQUIRE(m->level == privilege::administrator);
  STATIC_REQUIRE(m->channel == 0x11);
  STATIC_REQUIRE(m->port == 623);

  std::vector<std::uint8_t> longer(wire.begin(), wire.end());
  longer.push_back(0xee);
  CHECK(text(decode_error<session_info_response>(longer)) == text(errc::ok));
  CHECK(encoded(*decode<session_info_response>(longer)) == to_hex(wire));
}

TEST_CASE("Get Session Info response: 3 bytes when there is no such session, a surplus is ignored") {
  check_encodes(session_info_response{.slots = 16, .active = 2, .user = 3}, "00 10 02"_hex);
  check_prefixes<session_info_response>("00 10 02"_hex, 3);
  check_prefixes<session_info_response>("00 10 02 03 04 01 00 00"_hex, 3);
}

TEST_CASE("Get Session Info response: reserved bits are ignored and written as 0") {
  CHECK(encoded(*decode<session_info_response>("05 D0 C2 C3 F4 11 C0 00 02 0A 00 1A 2B 3C 4D 5E 6F 02"_hex)) ==
        "051002030411c000020a001a2b3c4d5e6f02");
}

TEST_CASE("explain names the field that is cut off") {
  CHECK(std::string(explain<session_info_response>("05 10 02 03 04 11 C0 00"_hex).field) == "address");
  CHECK(explain<session_info_response>("05 10 02 03 04 11 C0 00"_hex).offset == 6);
  CHECK(std::string(explain<close_session_request>("FB 2D B5"_hex).field) == "id");
  CHECK(std::string(explain<system_guid_response>("00"_hex).field) == "guid");
  CHECK(std::string(explain<session_info_request>("FE"_hex).field) == "handle");
  CHECK(std::string(explain<session_privilege>({}).field) == "level");
}
