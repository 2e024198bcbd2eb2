// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/datagram.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <string>
#include <vector>

using namespace rmcpp;
using namespace rmcpp::wire;
using test::exact_bytes;
using test::from_hex;
using test::to_hex;

namespace {

using datagram = std::vector<std::uint8_t>;

packet_format format_of(datagram d) { return look(d)->format; }

/// What a machine that is in no session makes of it.
errc outside_session(datagram d) {
  const auto packet = look(d);
  if (!packet) return packet.error();
  if (packet->format != packet_format::v15 && packet->format != packet_format::v2) return errc::bad_message_class;
  return check_sessionless(*packet).error();
}

}  // namespace

TEST_CASE("the format is told by the RMCP class, and with IPMI by the byte behind the RMCP header",
          "[wire][datagram]") {
  CHECK(format_of({}) == packet_format::none);
  CHECK(format_of(from_hex("06 00 ff 07")) == packet_format::v15);  // as far as it goes, which is not far
  CHECK(format_of(from_hex("06 00 ff 07 06")) == packet_format::v2);
  for (int type = 0; type < 256; ++type) {
    auto d = from_hex("06 00 ff 07 00");
    d[4] = static_cast<std::uint8_t>(type);
    CHECK((format_of(d) == packet_format::v15) == (type != 6));
  }
  for (int kind = 0; kind < 256; ++kind) {
    CAPTURE(kind);
    auto d = from_hex("06 00 ff 07 06 00 00000000 00000000 01 00 aa");
    d[3] = static_cast<std::uint8_t>(kind);
    const auto expected = kind >= 0x80   ? packet_format::ack
                          : kind == 0x06 ? packet_format::asf
                          : kind == 0x07 ? packet_format::v2
                          : kind == 0x08 ? packet_format::oem
                                         : packet_format::none;
    const auto packet = look(d);
    CHECK(packet->format == expected);
    CHECK(packet.error() == (expected == packet_format::none ? errc::bad_message_class : errc::ok));
    CHECK(packet->rmcp.value == kind);
  }
}

TEST_CASE("behind the RMCP header of an ACK, an ASF or an OEM message all is payload", "[wire][datagram]") {
  for (const char* text : {"06 00 2a 87", "06 00 ff 06 000011be 80 2a 00 00", "06 00 ff 08 06 01 02"}) {
    exact_bytes d(from_hex(text));
    const auto packet = look(d);
    REQUIRE(packet);
    CHECK(packet->payload().size() == mutable_bytes(d).size() - 4);
    CHECK(packet->behind().empty());
    CHECK(packet->authcode().empty());
  }
}

TEST_CASE("an RMCP+ packet: type and protection, id, sequence, payload, trailer", "[wire][datagram]") {
  exact_bytes d(from_hex("06 00 ff 07 06 c0 78563412 2a000000 0300 aabbcc ffff0207 010203"));
  const auto packet = look(d);
  REQUIRE(packet);
  CHECK(packet->kind == payload_byte::of(payload_type::ipmi, true, true));
  CHECK(packet->id == session_id{0x12345678});
  CHECK(packet->sequence == 42);
  CHECK(packet->payload_at == 16);
  CHECK(to_hex(packet->payload()) == "aabbcc");
  CHECK(to_hex(packet->behind()) == "ffff0207010203");
  CHECK_FALSE(packet->is_bare());

  exact_bytes oem(from_hex("06 00 ff 07 06 02 cafe1500 3412 00000000 00000000 0200 aabb"));
  CHECK(look(oem)->payload_at == 22);
  CHECK(to_hex(look(oem)->payload()) == "aabb");
  CHECK(look(oem)->is_bare());
}

TEST_CASE("an IPMI v1.5 packet: auth type, authcode, and a legacy pad behind the payload",
          "[wire][datagram][N-V15-07]") {
  exact_bytes d(from_hex("06 00 ff 07 02 2a000000 78563412 000102030405060708090a0b0c0d0e0f 03 aabbcc 00"));
  const auto packet = look(d);
  REQUIRE(packet);
  CHECK(packet->format == packet_format::v15);
  CHECK(packet->auth == auth_type::md5);
  CHECK(packet->sequence == 42);
  CHECK(packet->id == session_id{0x12345678});
  CHECK(to_hex(packet->authcode()) == "000102030405060708090a0b0c0d0e0f");
  CHECK(to_hex(packet->payload()) == "aabbcc");
  CHECK(to_hex(packet->behind()) == "00");
  CHECK(packet->kind == payload_byte::of(payload_type::ipmi));
}

TEST_CASE("a cut or contradictory header says why, and what was read stays readable",
          "[wire][datagram][N-RMCP-01][N-V2-01][N-V2-02][N-V2-03][N-V15-02]") {
  const auto v2 = from_hex("06 00 ff 07 06 00 00000000 00000000 0300 aabbcc");
  const auto v15 = from_hex("06 00 ff 07 00 00000000 00000000 03 aabbcc");
  for (const auto& good : {v2, v15}) {
    for (std::size_t n = 0; n < good.size(); ++n) {
      CAPTURE(n);
      exact_bytes cut(bytes(good).first(n));
      CHECK(is_drop(look(cut).error()));
    }
  }
  struct row {
    const char* datagram;
    errc why;
  };
  constexpr row rows[] = {
      {"05 00 ff 07 06 00 00000000 00000000 0100 aa", errc::bad_version},
      {"06 00 00 07 06 00 00000000 00000000 0100 aa", errc::bad_rmcp_sequence},
      {"06 00 00 06 000011be 80 2a 00 00", errc::ok},  // an ASF message may ask for an ACK
      {"06 00 ff 07 06 00 00000000 00000000 0000", errc::bad_length},
      {"06 00 ff 07 06 00 00000000 00000000 0200 aa", errc::bad_length},
      {"06 00 ff 07 06 00 00000000 00000000 ffff aa", errc::bad_length},
      {"06 00 ff 07 06 40 00000000 00000000 0100 aa bb", errc::ok},  // the trailer is open()'s to judge
      {"06 00 ff 07 00 00000000 00000000 02 aa", errc::bad_length},
      {"06 00 ff 07 00 00000000 00000000 00", errc::ok},
  };
  for (const auto& r : rows) {
    CAPTURE(r.datagram);
    exact_bytes d(from_hex(r.datagram));
    CHECK(look(d).error() == r.why);
  }
}

TEST_CASE("an RMCP+ packet that is not authenticated: what stands behind its payload is surplus, and no error",
          "[wire][datagram][N-V2-25]") {
  for (const char* tail : {"00", "bb", "0207", "ffff0207", "0102030405060708"}) {
    for (const char* header : {"06 13 00000000 00000000", "06 00 00000000 00000000", "06 80 78563412 2a000000"}) {
      CAPTURE(tail, header);
      exact_bytes d(from_hex(std::string("06 00 ff 07") + header + "0200 aabb" + tail));
      const auto packet = look(d);
      REQUIRE(packet);
      CHECK(to_hex(packet->payload()) == "aabb");
      CHECK(to_hex(packet->behind()) == tail);
    }
  }
}

TEST_CASE("outside a session a v1.5 packet has auth type none, id 0 and sequence 0", "[wire][datagram]") {
  const auto good = from_hex("06 00 ff 07 00 00000000 00000000 03 aa bb cc");
  const auto outcome = [&](std::size_t at, std::uint8_t value) {
    auto d = good;
    d[at] = value;
    return outside_session(d);
  };
  CHECK(outside_session(good) == errc::ok);
  CHECK(outcome(0, 5) == errc::bad_version);
  CHECK(outcome(1, 9) == errc::ok);
  CHECK(outcome(2, 0) == errc::bad_rmcp_sequence);
  for (const int kind : {0x06, 0x08, 0x27, 0x87})
    CHECK(outcome(3, static_cast<std::uint8_t>(kind)) == errc::bad_message_class);
  for (std::size_t at = 5; at < 13; ++at) CHECK(outcome(at, 1) == errc::unknown_session);
  CHECK(outcome(13, 4) == errc::bad_length);
  CHECK(outcome(13, 2) == errc::ok);  // the legacy pad
  // With an authcode there is a longer header; where it fits it is still no session of ours.
  auto longer = good;
  longer.resize(60);
  for (const int type : {1, 2, 3, 4, 5, 7, 0xff}) {
    longer[4] = static_cast<std::uint8_t>(type);
    CHECK(outside_session(longer) == errc::bad_auth_type);
  }
}

TEST_CASE("outside a session an RMCP+ packet has no protection and sequence 0", "[wire][datagram][N-V2-06]") {
  const auto good = from_hex("06 00 ff 07 06 10 00000000 00000000 01 00 aa");
  CHECK(outside_session(good) == errc::ok);
  for (const auto& [at, value] : {std::pair{5u, 0x50}, {5u, 0x90}, {10u, 1}, {13u, 1}, {6u, 1}}) {
    auto d = good;
    d[at] = static_cast<std::uint8_t>(value);
    CHECK(outside_session(d) == errc::unexpected_protection);
  }
}

TEST_CASE("headers are read at compile time too", "[wire][datagram]") {
  constexpr auto payload = [] {
    std::array<std::uint8_t, 17> d{0x06, 0, 0xff, 0x07, 0x06, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0xaa};
    const auto packet = look(d);
    return packet ? packet->payload()[0] : std::uint8_t{0};
  };
  STATIC_REQUIRE(payload() == 0xaa);
}
