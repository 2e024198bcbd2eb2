// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/session_v2.hpp>

#include "support/messages.hpp"

#include <set>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

// Without authentication (suite 1 or 0): SOL to session 02001234h, sequence 5.
constexpr auto sol = "06 00 FF 07 | 06 01 34 12 00 02 05 00 00 00 07 00 | 01 00 00 00 6C 73 0D"_hex;
// Suite 3, payload of 32 bytes; the trailer is left out.
constexpr auto protected_header = "06 C0 34 12 00 02 01 00 00 00 20 00"_hex;
constexpr auto oem_header = "06 02 | 57 01 00 00 | 34 12 | 78 56 34 12 01 00 00 00 05 00"_hex;

}  // namespace

TEST_CASE("the header: id before sequence, 12 bytes") {
  constexpr auto d = decode_prefix<session_header_v2>(bytes(sol).subspan(rmcp_header::size));
  STATIC_REQUIRE(d);
  STATIC_REQUIRE(d->size == session_header_v2::size);
  constexpr auto h = d->message;
  STATIC_REQUIRE(h.payload == payload_byte::of(payload_type::sol));
  STATIC_REQUIRE(h.id == session_id{0x02001234});
  STATIC_REQUIRE(h.sequence == 5);
  STATIC_REQUIRE(h.length == 7);
  STATIC_REQUIRE(h.encoded_size() == session_header_v2::size);
  const auto wire = bytes(sol).subspan(rmcp_header::size, session_header_v2::size);
  check_encodes(h, wire);
  check_exact_size<session_header_v2>(wire);
}

TEST_CASE("the payload byte tells encrypted, authenticated and type") {
  constexpr auto h = decode<session_header_v2>(protected_header);
  STATIC_REQUIRE(h);
  STATIC_REQUIRE(h->payload.type() == payload_type::ipmi);
  STATIC_REQUIRE(h->payload.authenticated());
  STATIC_REQUIRE(h->payload.encrypted());
  STATIC_REQUIRE(h->payload == payload_byte::of(payload_type::ipmi, true, true));
  STATIC_REQUIRE(payload_byte::of(payload_type::sol, true).value == 0x41);
  STATIC_REQUIRE(payload_byte::of(payload_type::sol, false, true).value == 0x81);
  check_survives<session_header_v2>(protected_header);
}

TEST_CASE("an OEM explicit payload has 6 more bytes, whatever its protection") {
  constexpr auto h = decode<session_header_v2>(oem_header);
  STATIC_REQUIRE(h);
  STATIC_REQUIRE(h->oem_iana == 343);
  STATIC_REQUIRE(h->oem_payload_id == 0x1234);
  STATIC_REQUIRE(h->id == session_id{0x12345678});
  STATIC_REQUIRE(h->encoded_size() == session_header_v2::size_oem);
  check_encodes(*h, oem_header);
  check_exact_size<session_header_v2>(oem_header);
  check_survives<session_header_v2>("06 C2 | 57 01 00 00 | 34 12 | 78 56 34 12 01 00 00 00 05 00"_hex);
}

TEST_CASE("every payload byte survives") {
  for (unsigned v = 0; v <= 0xff; ++v) {
    CAPTURE(v);
    std::vector<std::uint8_t> wire(oem_header.begin(), oem_header.end());
    if ((v & 0x3f) != 2) wire.assign(protected_header.begin(), protected_header.end());
    wire[1] = static_cast<std::uint8_t>(v);
    check_survives<session_header_v2>(wire);
  }
}

TEST_CASE("an auth type other than 06h is refused") {
  CHECK(text(decode_error<session_header_v2>("00 C0 34 12 00 02 01 00 00 00 20 00"_hex)) == text(errc::bad_auth_type));
  CHECK(text(decode_error<session_header_v2>("16 C0 34 12 00 02 01 00 00 00 20 00"_hex)) == text(errc::bad_auth_type));
}

TEST_CASE("explain names the header's fields") {
  for (std::size_t n = 0; n < oem_header.size(); ++n) {
    CAPTURE(n);
    const auto why = explain<session_header_v2>(bytes(oem_header).first(n));
    const std::string field = n < 1    ? "auth_type"
                              : n < 2  ? "payload"
                              : n < 6  ? "oem_iana"
                              : n < 8  ? "oem_payload_id"
                              : n < 12 ? "id"
                              : n < 16 ? "sequence"
                                       : "length";
    CHECK(std::string(why.field) == field);
  }
}

TEST_CASE("the integrity pad makes header, payload, pad and two bytes a multiple of 4") {
  STATIC_REQUIRE(session_trailer::pad_for(12, 7) == 3);   // Get Device ID in clear
  STATIC_REQUIRE(session_trailer::pad_for(12, 32) == 2);  // any AES payload
  STATIC_REQUIRE(session_trailer::pad_for(12, 10) == 0);
  STATIC_REQUIRE(session_trailer::pad_for(12, 9) == 1);
  STATIC_REQUIRE(session_trailer::pad_for(18, 32) == 0);  // OEM explicit: the header counts
  for (const std::size_t header : {session_header_v2::size, session_header_v2::size_oem}) {
    for (std::size_t n = 0; n < 100; ++n) {
      const auto pad = session_trailer::pad_for(header, n);
      CHECK(pad < 4);
      CHECK((header + n + pad + 2) % 4 == 0);
    }
  }
}

TEST_CASE("every payload type has a name, and only the reserved ones are \"reserved\"") {
  std::set<unsigned> named;
  for (unsigned v = 0; v < 0x40; ++v)
    if (std::string(describe(static_cast<payload_type>(v))) != "reserved") named.insert(v);
  CHECK(named == std::set<unsigned>{0x00, 0x01, 0x02, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,  //
                                    0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27});
}

TEST_CASE("encode_sessionless_v2 wraps a message, and needs room for it") {
  constexpr auto datagram = "06 00 FF 07 | 06 00 00000000 00000000 0700 | 20 18 C8 81 00 37 48"_hex;
  const lan_request rq{.target = net_fn_lun::request(net_fn::app), .command = app::get_system_guid};
  std::array<std::uint8_t, datagram.size()> out{};
  const auto n = encode_sessionless_v2(payload_type::ipmi, rq, out);
  REQUIRE(n);
  CHECK(*n == datagram.size());
  CHECK(out == datagram);
  check_needs_room(datagram.size(),
                   [&](mutable_bytes small) { return encode_sessionless_v2(payload_type::ipmi, rq, small); });
}

TEST_CASE("encode_sessionless_v2 refuses a message longer than its length field can say") {
  const std::vector<std::uint8_t> data(0x10000);
  std::vector<std::uint8_t> out(0x10100);
  const auto error_of = [&](std::size_t size) {
    const lan_request rq{.data = bytes(data).first(size - lan_request::overhead)};
    return encode_sessionless_v2(payload_type::ipmi, rq, out).error();
  };
  CHECK(text(error_of(0xffff)) == text(errc::ok));
  CHECK(text(error_of(0x10000)) == text(errc::too_long));
}

TEST_CASE("encode_sessionless_v2 refuses OEM explicit payloads, whose header is longer") {
  std::array<std::uint8_t, 64> out{};
  CHECK(text(encode_sessionless_v2(payload_type::oem_explicit, lan_request{}, out).error()) ==
        text(errc::invalid_argument));
}
