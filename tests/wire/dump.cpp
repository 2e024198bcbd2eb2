// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/dump.hpp>

#include "support/messages.hpp"

#include <sstream>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Whether `text` has this line, however it is indented and its columns are padded.
bool has_line(const std::string& text, const std::string& expected) {
  const auto words = [](const std::string& line) {
    std::istringstream in(line);
    std::string out;
    for (std::string word; in >> word;) out += (out.empty() ? "" : " ") + word;
    return out;
  };
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (words(line) == expected) return true;
  return false;
}

}  // namespace

namespace elsewhere {

enum class mode : std::uint8_t { idle, busy };
const char* describe(mode m) { return m == mode::busy ? "busy" : "idle"; }
enum class nameless : std::uint16_t {};
struct lamp {
  std::uint8_t value = 0;
};
std::string describe(lamp l) { return l.value != 0 ? "lit" : "dark"; }

struct part {
  mode m = mode::busy;
  lamp l{0x81};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& p) {
    io.low_bits("mode", p.m, 0x0f);
    io.low_bits("lamp", p.l, 0x80);
  }
};

struct wordy {
  std::uint8_t v = 1;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("a_name_of_more_than_twenty_letters", m.v);
  }
};

// Every primitive that a layout may use.
struct everything {
  rmcpp::bytes viewed{};
  rmcpp::bytes viewed_long{};
  rmcpp::bytes body{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& e) {
    std::uint8_t small = 0x0a;
    std::uint16_t le16 = 0x1234;
    std::uint32_t le24 = 0x00abcdef, le32 = 9, be32 = 0x11be;
    nameless none{0x0fff};
    std::array<std::uint8_t, 2> raw{0x61, 0x62};
    rmcpp::bounded<4> counted, rest;
    part p;
    io.constant("constant", 0x06, rmcpp::errc::bad_constant);
    const auto start = io.mark();
    io.reserved(3);
    io.u8("u8", small);
    io.le16("le16", le16);
    io.le24("le24", le24);
    io.le32("le32", le32);
    io.be32("be32", be32);
    io.le16("nameless", none);
    io.raw("raw", raw);
    io.counted8("counted8", counted);
    io.view8("view8", e.viewed);
    io.view16("view16", e.viewed_long);
    io.group("group", p);
    if (io.more(100)) io.checksum("head", start);
    const auto middle = io.mark();
    io.tail("tail", e.body, 1);
    io.checksum("body", middle);
    io.rest("rest", rest);
    io.fail("verdict", rmcpp::errc::bad_constant);
    io.ignore_rest();
  }
};

}  // namespace elsewhere

TEST_CASE("hex() is lower case without separators") {
  CHECK(hex({}).empty());
  CHECK(hex("06 00 FF A0"_hex) == "0600ffa0");
}

TEST_CASE("dump(): one line a field, its name, value and meaning") {
  const rakp1 m{.tag = 0x07,
                .managed_id = session_id{0x02001234},
                .console_random = "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F"_hex,
                .role = role_byte::of(privilege::administrator, true),
                .name = *username::from("61 64 6D 69 6E"_hex)};
  CHECK(dump(m) ==
        "tag                 07h\n"
        "managed_id          02001234h\n"
        "console_random      000102030405060708090a0b0c0d0e0f\n"
        "role                14h  (administrator, name-only lookup)\n"
        "name                61646d696e  (\"admin\")\n");
}

TEST_CASE("dump(): groups are indented") {
  CHECK(dump(open_session_request{.integrity = integrity_payload::any()}) ==
        "tag                 00h\n"
        "max_privilege       00h  (highest)\n"
        "console_id          00000000h\n"
        "authentication\n"
        "  type              00h\n"
        "  length            08h\n"
        "  algorithm         00h  (RAKP-none)\n"
        "integrity\n"
        "  type              01h\n"
        "  length            00h\n"
        "  algorithm         00h  (none)\n"
        "confidentiality\n"
        "  type              02h\n"
        "  length            08h\n"
        "  algorithm         00h  (none)\n");
}

TEST_CASE("dump(): the checksums are those that encode() writes") {
  constexpr auto data = "8E 04"_hex;
  const lan_request m{
      .target = net_fn_lun::request(net_fn::app), .sequence = seq_lun::of(1), .command = 0x38, .data = data};
  CHECK(dump(m) ==
        "responder           20h\n"
        "target              18h  (App request, LUN 0)\n"
        "checksum1           C8h\n"
        "requester           81h\n"
        "sequence            04h  (sequence 1, LUN 0)\n"
        "command             38h\n"
        "data                8e04\n"
        "checksum2           B1h\n");
  CHECK(encoded(m) == "2018c88104388e04b1");
}

TEST_CASE("dump() understands every primitive, and meanings from other namespaces") {
  constexpr auto viewed = "31 0A"_hex;
  CHECK(dump(elsewhere::everything{.viewed = viewed, .body = viewed}) ==
        "constant            06h\n"
        "u8                  0Ah\n"
        "le16                1234h  (4660)\n"
        "le24                ABCDEFh  (11259375)\n"
        "le32                00000009h\n"
        "be32                000011BEh  (4542)\n"
        "nameless            0FFFh\n"
        "raw                 6162  (\"ab\")\n"
        "counted8            empty\n"
        "view8               310a\n"
        "view16              empty\n"
        "group\n"
        "  mode              01h  (busy)\n"
        "  lamp              80h  (lit)\n"
        "head                E2h\n"
        "tail                310a\n"
        "body                C5h\n"
        "rest                empty\n"
        "verdict             bad  (a byte with one legal value has another)\n");
}

TEST_CASE("a long name keeps its distance from the value") {
  CHECK(dump(elsewhere::wordy{}) == "a_name_of_more_than_twenty_letters  01h\n");
}

TEST_CASE("bytes are shown as text only if all are printable") {
  CHECK_THAT(dump(rakp1{.name = *username::from("61 1B 5B"_hex)}), ContainsSubstring("611b5b\n"));
  CHECK_THAT(dump(rakp1{.name = *username::from("61 7F"_hex)}), ContainsSubstring("617f\n"));
  CHECK_THAT(dump(rakp1{.name = *username::from("20 7E"_hex)}), ContainsSubstring("207e  (\" ~\")\n"));
  CHECK_THAT(dump(rakp1{}), ContainsSubstring("name                empty\n"));
}

TEST_CASE("bit bytes and enums have meanings") {
  struct row {
    std::string got;
    const char* expected;
  };
  const row rows[] = {
      {describe(rmcp_class{0x07}), "IPMI"},
      {describe(rmcp_class{0x86}), "ASF, ACK"},
      {describe(rmcp_class{0x08}), "OEM"},
      {describe(rmcp_class{0x27}), "reserved"},
      {describe(asf_type::presence_ping), "Presence Ping"},
      {describe(asf_type::presence_pong), "Presence Pong"},
      {describe(asf_type{0x43}), "another ASF message"},
      {describe(auth_type::none), "none"},
      {describe(auth_type::md2), "MD2"},
      {describe(auth_type::md5), "MD5"},
      {describe(auth_type{3}), "reserved"},
      {describe(auth_type::straight_password), "straight password"},
      {describe(auth_type::oem), "OEM"},
      {describe(auth_type::rmcp_plus), "RMCP+"},
      {describe(payload_byte{0x41}), "SOL, authenticated"},
      {describe(payload_byte{0xc0}), "IPMI message, encrypted, authenticated"},
      {describe(payload_byte{0x12}), "RAKP 1"},
      {describe(role_byte{0x04}), "administrator, name and privilege lookup"},
      {describe(net_fn_lun{0x18}), "App request, LUN 0"},
      {describe(net_fn_lun{0x07}), "Chassis response, LUN 3"},
      {describe(net_fn::bridge), "Bridge"},
      {describe(net_fn::sensor), "Sensor/Event"},
      {describe(net_fn::firmware), "Firmware"},
      {describe(net_fn::storage), "Storage"},
      {describe(net_fn::transport), "Transport"},
      {describe(net_fn::group_extension), "Group Extension"},
      {describe(net_fn::oem_group), "OEM/Group"},
      {describe(net_fn{0x0e}), "reserved"},
      {describe(net_fn{0x30}), "OEM"},
      {describe(seq_lun{0xfd}), "sequence 63, LUN 1"},
  };
  for (const auto& r : rows) CHECK(r.got == r.expected);
}

TEST_CASE("dump_datagram() shows every layer under its name") {
  CHECK(dump_datagram("06 00 FF 07 | 00 00000000 00000000 09 | 20 18 C8 81 00 38 8E 04 B5"_hex) ==
        "rmcp_header\n"
        "  version           06h\n"
        "  sequence          FFh\n"
        "  class             07h  (IPMI)\n"
        "session_v15\n"
        "  type              00h  (none)\n"
        "  sequence          00000000h\n"
        "  id                00000000h\n"
        "  payload           2018c88100388e04b5\n"
        "lan_request\n"
        "  responder         20h\n"
        "  target            18h  (App request, LUN 0)\n"
        "  checksum1         C8h\n"
        "  requester         81h\n"
        "  sequence          00h  (sequence 0, LUN 0)\n"
        "  command           38h\n"
        "  data              8e04\n"
        "  checksum2         B5h\n");
  CHECK(dump_datagram(
            "06 00 FF 07 | 06 15 00000000 00000000 1400 | 00 00 00 00 A4 A3 A2 A0 9fd61e5b740605ac6480cd88"_hex) ==
        "rmcp_header\n"
        "  version           06h\n"
        "  sequence          FFh\n"
        "  class             07h  (IPMI)\n"
        "session_header_v2\n"
        "  auth_type         06h\n"
        "  payload           15h  (RAKP 4)\n"
        "  id                00000000h\n"
        "  sequence          00000000h\n"
        "  length            0014h  (20)\n"
        "rakp4\n"
        "  tag               00h\n"
        "  status            00h  (no errors)\n"
        "  console_id        A0A2A3A4h\n"
        "  code              9fd61e5b740605ac6480cd88\n");
}

TEST_CASE("dump_datagram() knows the message of each datagram") {
  struct row {
    std::vector<std::uint8_t> datagram;
    std::vector<const char*> lines;
  };
  const row rows[] = {
      {from_hex("06 00 FF 06 | 00 00 11 BE 80 42 00 00"),
       {"class 06h (ASF)", "asf_message", "type 80h (Presence Ping)"}},
      {from_hex("06 00 FF 06 | 00 00 11 BE 40 42 00 10 | 00 00 11 BE 00 00 00 00 81 00 00 00 00 00 00 00"),
       {"type 40h (Presence Pong)", "presence_pong", "oem_enterprise 000011BEh (4542)", "entities 81h"}},
      {from_hex("06 00 05 86"), {"class 86h (ASF, ACK)"}},
      {from_hex("06 00 FF 08 0102"), {"class 08h (OEM)", "data", "bytes 0102"}},
      {from_hex("06 00 FF 07 | 00 00000000 00000000 10 | 81 1C 63 20 00 38 00 01 97 06 03 00 00 00 00 07"),
       {"lan_response", "target 1Ch (App response, LUN 0)", "code 00h (completed normally)", "data 0197060300000000"}},
      {from_hex("06 00 FF 07 | 00 00000000 00000000 07 | 20 18 C8 81 04 01 7A | 00"),
       {"lan_request", "pad", "bytes 00"}},
      {from_hex("06 00 FF 07 | 02 07000000 44332211 D9F202A86862ADEA5C517EB9E27D4ACA 07 | 20 18 C8 81 04 01 7A"),
       {"type 02h (MD5)", "authcode d9f202a86862adea5c517eb9e27d4aca", "lan_request", "command 01h"}},
      {from_hex("06 00 FF 07 | 06 10 00000000 00000000 2000 | 07 04 00 00 A4 A3 A2 A0"
                "00 00 00 08 03 00 00 00 01 00 00 08 04 00 00 00 02 00 00 08 01 00 00 00"),
       {"open_session_request", "algorithm 03h (RAKP-HMAC-SHA256)", "algorithm 04h (HMAC-SHA256-128)",
        "algorithm 01h (AES-CBC-128)"}},
      {from_hex("06 00 FF 07 | 06 11 00000000 00000000 0800 | 07 11 00 00 A4 A3 A2 A0"),
       {"open_session_response", "status 11h (no cipher suite match with proposed security algorithms)",
        "console_id A0A2A3A4h"}},
      {from_hex("06 00 FF 07 | 06 12 00000000 00000000 1D00 |"
                "00000000 34120002 000102030405060708090A0B0C0D0E0F 14 0000 01 61"),
       {"rakp1", "name 61 (\"a\")"}},
      {from_hex("06 00 FF 07 | 06 13 00000000 00000000 0800 | 00 0D 00 00 A4 A3 A2 A0"),
       {"rakp2", "status 0Dh (unauthorized name)"}},
      {from_hex("06 00 FF 07 | 06 14 00000000 00000000 0800 | 00 0F 00 00 34 12 00 02"),
       {"rakp3", "status 0Fh (invalid integrity check value)", "managed_id 02001234h"}},
      {from_hex("06 00 FF 07 | 06 00 34120002 05000000 0800 | 81 1C 63 20 04 3B C0 E1"),
       {"payload 00h (IPMI message)", "sequence 00000005h", "lan_response", "code C0h (node busy)"}},
      {from_hex(
           "06 00 FF 07 | 06 40 34120002 01000000 0700 | 20 18 C8 81 04 01 7A | FFFFFF0307CD1E6283BD0794CBCA6164C2"),
       {"lan_request", "session_trailer", "bytes ffffff0307cd1e6283bd0794cbca6164c2"}},
      {from_hex("06 00 FF 07 | 06 C0 34120002 01000000 0400 | 01020304 | FFFF0207AABB"),
       {"encrypted payload", "bytes 01020304", "session_trailer", "bytes ffff0207aabb"}},
      {from_hex("06 00 FF 07 | 06 01 34120002 05000000 0700 | 01 00 00 00 6C 73 0D"),
       {"payload 01h (SOL)", "payload", "bytes 010000006c730d"}},
      {from_hex("06 00 FF 07 | 06 02 57010000 3412 34120002 05000000 0100 | AA"),
       {"oem_iana 00000157h (343)", "oem_payload_id 1234h (4660)", "bytes aa"}},
  };
  for (const auto& r : rows) {
    const auto shown = dump_datagram(r.datagram);
    CAPTURE(shown);
    for (const std::string line : r.lines) {
      CAPTURE(line);
      CHECK(has_line(shown, line));
    }
    CHECK_THAT(shown, !ContainsSubstring("error"));
  }
}

TEST_CASE("dump_datagram() shows an error's short form as short as it is") {
  const auto shown = dump_datagram("06 00 FF 07 | 06 11 00000000 00000000 0200 | 07 12"_hex);
  CHECK_THAT(shown, ContainsSubstring("illegal or unrecognized parameter"));
  CHECK_THAT(shown, !ContainsSubstring("console_id"));
}

TEST_CASE("dump_datagram() says what is wrong, in which field and where") {
  struct row {
    std::vector<std::uint8_t> datagram;
    std::string error;
  };
  const row rows[] = {
      {{}, "the datagram ends inside a field: version at offset 0"},
      {from_hex("05 00 FF 07"), "the RMCP version is not 06h: version at offset 0"},
      {from_hex("06 00 FF 06 | 00 00 11 BE 80 42 00 01"),
       "a length field contradicts the bytes present: data at offset 7"},
      {from_hex("06 00 FF 06 | 00 00 11 BE 40 42 00 01 00"),
       "the datagram ends inside a field: oem_enterprise at offset 0"},
      {from_hex("06 00 FF 07"), "the datagram ends inside a field: type at offset 0"},
      {from_hex("06 00 FF 07 | 00 00000000 00000000 02 01"),
       "a length field contradicts the bytes present: payload at offset 9"},
      {from_hex("06 00 FF 07 | 00 00000000 00000000 00"), "the datagram ends inside a field: responder at offset 0"},
      {from_hex("06 00 FF 07 | 00 00000000 00000000 07 | 20 18 C8 81 04 01 7B"),
       "an IPMI message checksum is wrong: checksum2 at offset 6"},
      {from_hex("06 00 FF 07 | 06 12 00"), "the datagram ends inside a field: id at offset 2"},
      {from_hex("06 00 FF 07 | 06 12 00000000 00000000 0300 | 00 00"),
       "a length field contradicts the bytes present: length at offset 10"},
      {from_hex("06 00 FF 07 | 06 C0 00000000 00000000 0000"),
       "a length field contradicts the bytes present: length at offset 10"},
      {from_hex("06 00 FF 07 | 06 02 00000000 0000 00000000 00000000 0000 | 00"),
       "a length field contradicts the bytes present: length at offset 16"},
      {from_hex("06 00 FF 07 | 06 02 57010000 3412 00000000 00000000 0300 | 00 00"),
       "a length field contradicts the bytes present: length at offset 16"},
      {from_hex("06 00 FF 07 | 06 00 44332211 01000000 0700 | 20 18 C8 81 04 01 7A | EE"),
       "the datagram is longer than its message: end of payload at offset 19"},
      {from_hex("06 00 FF 07 | 06 10 00000000 00000000 0400 | 00 00 00 00"),
       "the datagram ends inside a field: console_id at offset 4"},
  };
  for (const auto& r : rows) {
    const auto shown = dump_datagram(exact_bytes(r.datagram));
    CAPTURE(shown);
    CHECK(has_line(shown, "error " + r.error));
  }
  CHECK(has_line(dump_datagram("06 00 FF 07 | 06 12 AB"_hex), "bytes 0612ab"));
  CHECK(has_line(dump_datagram("06 00 FF 07 | 06 12 00000000 00000000 0300 | AB CD"_hex), "bytes abcd"));
}

TEST_CASE("dump_datagram() shows what stands behind a payload that has no trailer", "[N-V2-25]") {
  const auto shown =
      dump_datagram("06 00 FF 07 | 06 15 00000000 00000000 0800 | 00 02 00 00 A4 A3 A2 A0 | FFFF0207"_hex);
  CAPTURE(shown);
  CHECK(has_line(shown, "surplus"));
  CHECK(has_line(shown, "bytes ffff0207"));
  CHECK_THAT(shown, !ContainsSubstring("error"));
}

TEST_CASE("dump_datagram() does not show a straight password") {
  const auto good =
      from_hex("06 00 FF 07 | 04 07000000 44332211 73656372657400000000000000000000 07 | 20 18 C8 81 04 01 7A");
  const auto bad =
      from_hex("06 00 FF 07 | 04 07000000 44332211 73656372657400000000000000000000 08 | 20 18 C8 81 04 01 7A");
  for (const auto& datagram : {good, bad}) {
    const auto shown = dump_datagram(datagram);
    CAPTURE(shown);
    CHECK(has_line(shown, "session_v15"));
    CHECK_THAT(shown, !ContainsSubstring("736563726574"));
    CHECK_THAT(shown, !ContainsSubstring("secret"));
  }
}

TEST_CASE("dump_datagram() takes any bytes") {
  std::uint32_t random = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::uint8_t> datagram;
    const auto next = [&] { return static_cast<std::uint8_t>((random = random * 1664525u + 1013904223u) >> 24); };
    for (std::size_t n = next() % 64u; n > 0; --n) datagram.push_back(next());
    // Mostly past the first checks.
    constexpr auto start = "06 00 FF 07 06"_hex;
    copy(bytes(start).first(next() % 6u), datagram);
    if (next() % 4u == 0 && datagram.size() > 16) {
      fill(mutable_bytes(datagram).subspan(6, 10), 0);
      datagram[14] = static_cast<std::uint8_t>(datagram.size() - 16);
      datagram[5] = next() % 0x18u;
    }
    CHECK_FALSE(dump_datagram(exact_bytes(datagram)).empty());
  }
}
