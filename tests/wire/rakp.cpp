// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/session_v2.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

// The session of tests/vectors/rakp.json, whose codes are SHA-1's.
constexpr session_id console_id{0xa0a2a3a4};
constexpr session_id managed_id{0x02001234};
constexpr auto rm = "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F"_hex;
constexpr auto rc = "10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F"_hex;
constexpr auto guid_c = "20 21 22 23 24 25 26 27 28 29 2A 2B 2C 2D 2E 2F"_hex;
constexpr auto admin = "61 64 6D 69 6E"_hex;
constexpr auto code2 = "b67b6ab82621348a19d74278dcfa5a5ed997cd3b"_hex;
constexpr auto code3 = "f2b8ed7378ab0857e9301e06537ccf674459a8f2"_hex;
constexpr auto code4 = "9fd61e5b740605ac6480cd88"_hex;

constexpr auto message1_datagram =
    "06 00 FF 07 06 12 00 00 00 00 00 00 00 00 21 00 | 00 00 00 00 34 12 00 02"
    "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 14 00 00 05 61 64 6D 69 6E"_hex;
constexpr auto message1 = "00 00 00 00 34 12 00 02 000102030405060708090A0B0C0D0E0F 14 00 00 05 61 64 6D 69 6E"_hex;
constexpr auto message2 =
    "00 00 00 00 A4 A3 A2 A0 101112131415161718191A1B1C1D1E1F 202122232425262728292A2B2C2D2E2F"
    "b67b6ab82621348a19d74278dcfa5a5ed997cd3b"_hex;
constexpr auto message3 = "00 00 00 00 34 12 00 02 f2b8ed7378ab0857e9301e06537ccf674459a8f2"_hex;
constexpr auto message4 = "00 00 00 00 A4 A3 A2 A0 9fd61e5b740605ac6480cd88"_hex;

constexpr rakp1 fields1{.managed_id = managed_id,
                        .console_random = rm,
                        .role = role_byte::of(privilege::administrator, true),
                        .name = username(admin)};

}  // namespace

TEST_CASE("RAKP 1: 28 bytes and the name") {
  check_encodes(fields1, message1);
  check_exact_size<rakp1>(message1);
  check_reserved<rakp1>(message1, {1, 2, 3, 25, 26});

  constexpr auto m = decode<rakp1>(message1);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->tag == 0);
  STATIC_REQUIRE(m->managed_id == managed_id);
  STATIC_REQUIRE(m->console_random == rm);
  STATIC_REQUIRE(m->role.value == 0x14);
  STATIC_REQUIRE(m->role.level() == privilege::administrator);
  STATIC_REQUIRE(m->role.name_only());
  STATIC_REQUIRE(equal(m->name, admin));
}

TEST_CASE("RAKP 1: its datagram") {
  std::array<std::uint8_t, message1_datagram.size()> out{};
  CHECK(*encode_sessionless_v2(payload_type::rakp1, fields1, out) == out.size());
  CHECK(out == message1_datagram);
}

TEST_CASE("RAKP 1: a name of 0 to 16 bytes, any bytes") {
  rakp1 m = fields1;
  for (std::size_t n = 0; n <= 16; ++n) {
    CAPTURE(n);
    std::vector<std::uint8_t> name(n, 0x00);  // a zero ends nothing
    if (n > 1) name.back() = 0xff;
    CHECK(m.name.assign(name));
    const auto wire = from_hex(encoded(m));
    CHECK(wire.size() == 28 + n);
    check_survives<rakp1>(wire);
    CHECK(decode<rakp1>(wire)->name == m.name);
  }
}

TEST_CASE("RAKP 1: a name length over 16 or beyond the bytes present is refused") {
  std::vector<std::uint8_t> wire(message1.begin(), message1.end());
  wire.resize(28 + 255);
  for (unsigned n = 17; n <= 0xff; ++n) {
    wire[27] = static_cast<std::uint8_t>(n);
    CHECK(text(decode_error<rakp1>(bytes(wire).first(28 + n))) == text(errc::bad_length));
  }
  wire[27] = 6;
  CHECK(text(decode_error<rakp1>(bytes(wire).first(28 + 5))) == text(errc::bad_length));
  const auto why = explain<rakp1>(bytes(wire).first(28 + 5));
  CHECK(std::string(why.field) == "name");
  CHECK(why.offset == 27);
}

TEST_CASE("RAKP 1: every role byte survives whole, for it is hashed as sent") {
  for (unsigned v = 0; v <= 0xff; ++v) {
    CAPTURE(v);
    auto wire = message1;
    wire[24] = static_cast<std::uint8_t>(v);
    check_survives<rakp1>(wire);
    const auto m = decode<rakp1>(wire);
    CHECK(m->role.value == v);
    CHECK(m->role.name_only() == ((v & 0x10) != 0));
    CHECK(static_cast<unsigned>(m->role.level()) == (v & 0x0f));
  }
  STATIC_REQUIRE(role_byte::of(privilege::user, false).value == 0x02);
}

TEST_CASE("RAKP 2: 40 bytes and the code") {
  check_encodes(rakp2{.console_id = console_id, .managed_random = rc, .managed_guid = guid_c, .code = rakp_code(code2)},
                message2);
  check_prefixes<rakp2>(message2, 40);
  check_reserved<rakp2>(message2, {2, 3});

  constexpr auto m = decode<rakp2>(message2);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->status == rakp_status::no_errors);
  STATIC_REQUIRE(m->console_id == console_id);
  STATIC_REQUIRE(m->managed_random == rc);
  STATIC_REQUIRE(m->managed_guid == guid_c);
  STATIC_REQUIRE(equal(m->code, code2));
}

TEST_CASE("RAKP 3: 8 bytes and the code") {
  check_encodes(rakp3{.managed_id = managed_id, .code = rakp_code(code3)}, message3);
  check_prefixes<rakp3>(message3, 8);
  check_reserved<rakp3>(message3, {2, 3});

  constexpr auto m = decode<rakp3>(message3);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->status == rakp_status::no_errors);
  STATIC_REQUIRE(m->managed_id == managed_id);
  STATIC_REQUIRE(equal(m->code, code3));
}

TEST_CASE("RAKP 4: 8 bytes and the integrity check value") {
  check_encodes(rakp4{.console_id = console_id, .code = rakp_code(code4)}, message4);
  check_prefixes<rakp4>(message4, 8);
  check_reserved<rakp4>(message4, {2, 3});

  constexpr auto m = decode<rakp4>(message4);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->status == rakp_status::no_errors);
  STATIC_REQUIRE(m->console_id == console_id);
  STATIC_REQUIRE(equal(m->code, code4));
}

TEST_CASE("tags are echoed in byte 0") {
  CHECK(encoded(rakp1{.tag = 0xa1}).substr(0, 4) == "a100");
  CHECK(encoded(rakp2{.tag = 0xa2}).substr(0, 4) == "a200");
  CHECK(encoded(rakp3{.tag = 0xa3}).substr(0, 4) == "a300");
  CHECK(encoded(rakp4{.tag = 0xa4}).substr(0, 4) == "a400");
  CHECK(decode<rakp4>("A4 01"_hex)->tag == 0xa4);
}

TEST_CASE("codes: none, every hash's size, one byte too many; more is refused") {
  const std::vector<std::uint8_t> code(34, 0xcd);
  for (const std::size_t n : {0u, 12u, 16u, 20u, 32u, 33u}) {
    CAPTURE(n);
    const rakp_code c = *rakp_code::from(bytes(code).first(n));
    CHECK(c.size() == n);
    CHECK(decode<rakp2>(from_hex(encoded(rakp2{.code = c})))->code == c);
    CHECK(decode<rakp3>(from_hex(encoded(rakp3{.code = c})))->code == c);
    CHECK(decode<rakp4>(from_hex(encoded(rakp4{.code = c})))->code == c);
  }
  CHECK(text(decode_error<rakp2>(from_hex(encoded(rakp2{}) + to_hex(code)))) == text(errc::trailing_bytes));
  CHECK(text(decode_error<rakp3>(from_hex(encoded(rakp3{}) + to_hex(code)))) == text(errc::trailing_bytes));
  CHECK(text(decode_error<rakp4>(from_hex(encoded(rakp4{}) + to_hex(code)))) == text(errc::trailing_bytes));
}

TEST_CASE("errors are written as 8 bytes, without code") {
  const rakp_code c(code2);
  check_encodes(rakp2{.tag = 1, .status = rakp_status::unauthorized_name, .console_id = console_id, .code = c},
                "01 0D 00 00 A4 A3 A2 A0"_hex);
  check_encodes(
      rakp3{.tag = 2, .status = rakp_status::invalid_integrity_check_value, .managed_id = managed_id, .code = c},
      "02 0F 00 00 34 12 00 02"_hex);
  check_encodes(rakp4{.tag = 3, .status = rakp_status::inactive_session_id, .console_id = console_id, .code = c},
                "03 08 00 00 A4 A3 A2 A0"_hex);
}

TEMPLATE_TEST_CASE("RAKP 2 and 4: errors of any size from 2 bytes are read, the surplus ignored", "", rakp2, rakp4) {
  std::vector<std::uint8_t> wire = from_hex("05 0D 00 00 A4 A3 A2 A0");
  wire.resize(60, 0xee);  // 40 and 60: zero-filled or with a code, as OpenBMC and OpenIPMI send
  for (std::size_t n = 0; n <= wire.size(); ++n) {
    CAPTURE(n);
    const exact_bytes in(bytes(wire).first(n));
    const auto m = decode<TestType>(in);
    CHECK(m.has_value() == (n >= 2));
    if (n < 2) continue;
    CHECK(m->tag == 5);
    CHECK(m->status == rakp_status::unauthorized_name);
    CHECK(m->console_id == (n < 8 ? session_id::none : console_id));
    CHECK(m->code.empty());
  }
}

TEST_CASE("RAKP 3: an error has the whole 8 bytes, a code behind them is ignored") {
  constexpr auto wire = "05 0F 00 00 34 12 00 02 01 02 03"_hex;
  check_prefixes<rakp3>(wire, 8);
  const auto m = decode<rakp3>(wire);
  REQUIRE(m);
  CHECK(m->managed_id == managed_id);
  CHECK(m->code.empty());
}

TEST_CASE("a success in the error's short form is truncated") {
  CHECK(text(decode_error<rakp2>("00 00 00 00 A4 A3 A2 A0"_hex)) == text(errc::truncated));
  CHECK(text(decode_error<rakp4>("00 00"_hex)) == text(errc::truncated));
}

TEST_CASE("unknown statuses survive") {
  for (unsigned v = 1; v <= 0xff; ++v) {
    const std::array<std::uint8_t, 8> wire{1, static_cast<std::uint8_t>(v), 0, 0, 4, 3, 2, 1};
    check_survives<rakp2>(wire);
    check_survives<rakp3>(wire);
    check_survives<rakp4>(wire);
  }
}

TEST_CASE("explain names the field and its offset") {
  struct row {
    explanation got;
    const char* field;
    std::size_t offset;
  };
  const auto first = [](bytes b, std::size_t n) { return b.first(n); };
  const row rows[] = {
      {explain<rakp1>(first(message1, 3)), "reserved", 1},
      {explain<rakp1>(first(message1, 23)), "console_random", 8},
      {explain<rakp1>(first(message1, 24)), "role", 24},
      {explain<rakp2>(first(message2, 1)), "status", 1},
      {explain<rakp2>(first(message2, 7)), "console_id", 4},
      {explain<rakp2>(first(message2, 23)), "managed_random", 8},
      {explain<rakp2>(first(message2, 39)), "managed_guid", 24},
      {explain<rakp3>(first(message3, 7)), "managed_id", 4},
      {explain<rakp4>(first(message4, 5)), "console_id", 4},
  };
  for (const auto& r : rows) {
    CAPTURE(r.field, r.offset);
    CHECK(text(r.got.error) == text(errc::truncated));
    CHECK(std::string(r.got.field) == r.field);
    CHECK(r.got.offset == r.offset);
  }
}
