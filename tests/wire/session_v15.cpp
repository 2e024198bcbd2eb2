// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/session_v15.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

constexpr auto get_device_id = "20 18 C8 81 04 01 7A"_hex;
constexpr auto with_none = "00 | 00 00 00 00 | 00 00 00 00 | 07 | 20 18 C8 81 04 01 7A"_hex;
// Password "secret".
constexpr auto with_md5 =
    "02 07 00 00 00 44 33 22 11 D9 F2 02 A8 68 62 AD EA 5C 51 7E B9 E2 7D 4A CA 07 | 20 18 C8 81 04 01 7A"_hex;
// Captured: FreeIPMI to ipmi_sim, Set Session Privilege Level.
constexpr auto with_md2 =
    "01 0F 4F 17 41 86 06 00 00 5D B7 D5 EE 68 A0 04 62 5D 10 F9 EA E0 D2 CA 6E 08 | 20 18 C8 81 9C 3B 04 A4"_hex;

}  // namespace

TEST_CASE("auth type none: no authentication code, the length at offset 9") {
  check_encodes(session_v15{.payload = get_device_id}, with_none);
  check_survives<session_v15>(with_none);
  check_prefixes<session_v15>(with_none, with_none.size());

  constexpr auto m = decode<session_v15>(with_none);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->type == auth_type::none);
  STATIC_REQUIRE(equal(m->payload, get_device_id));
}

TEST_CASE("an authenticated packet: sequence before id, then the code, the length at offset 25") {
  constexpr auto m = decode<session_v15>(with_md5);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->type == auth_type::md5);
  STATIC_REQUIRE(m->sequence == 7);
  STATIC_REQUIRE(m->id == session_id{0x11223344});
  STATIC_REQUIRE(m->authcode == "D9 F2 02 A8 68 62 AD EA 5C 51 7E B9 E2 7D 4A CA"_hex);
  STATIC_REQUIRE(equal(m->payload, get_device_id));
  check_encodes(*m, with_md5);
  check_survives<session_v15>(with_md5);
  check_prefixes<session_v15>(with_md5, with_md5.size());

  const auto md2 = decode<session_v15>(with_md2);
  REQUIRE(md2);
  CHECK(md2->type == auth_type::md2);
  CHECK(md2->sequence == 0x41174f0f);
  CHECK(md2->id == session_id{0x00000686});
  CHECK(to_hex(md2->payload) == "2018c8819c3b04a4");
  check_survives<session_v15>(with_md2);
}

TEST_CASE("a decoded payload is a view into the input") {
  CHECK(decode<session_v15>(with_none)->payload.data() == with_none.data() + 10);
}

TEST_CASE("bytes behind the message are tolerated: the legacy pad") {
  for (std::size_t pad = 1; pad <= 4; ++pad) {
    CAPTURE(pad);
    std::vector<std::uint8_t> wire(with_none.begin(), with_none.end());
    wire.resize(wire.size() + pad, 0xee);
    const auto m = decode<session_v15>(wire);
    REQUIRE(m);
    CHECK(equal(m->payload, get_device_id));
    CHECK(encoded(*m) == to_hex(with_none));
    CHECK(explain<session_v15>(wire).error == errc::ok);
  }
}

TEST_CASE("a length beyond the bytes present is refused, an empty message is for the layer above") {
  CHECK(text(decode_error<session_v15>("00 00000000 00000000 FF"_hex)) == text(errc::bad_length));
  CHECK(text(decode_error<session_v15>("00 00000000 00000000 03 20 18"_hex)) == text(errc::bad_length));
  const auto why = explain<session_v15>("00 00000000 00000000 03 20 18"_hex);
  CHECK(std::string(why.field) == "payload");
  CHECK(why.offset == 9);
  CHECK(decode<session_v15>("00 00000000 00000000 00"_hex)->payload.empty());
}

TEST_CASE("unknown auth types survive and have an authentication code") {
  for (unsigned v = 1; v <= 0xff; ++v) {
    CAPTURE(v);
    std::vector<std::uint8_t> wire(with_md5.begin(), with_md5.end());
    wire[0] = static_cast<std::uint8_t>(v);
    check_survives<session_v15>(wire);
  }
}

TEST_CASE("a message longer than its length byte can say is refused") {
  const std::vector<std::uint8_t> payload(0x100);
  CHECK(encoded(session_v15{.payload = payload}) == text(errc::too_long));
}

TEST_CASE("encode_sessionless_v15 wraps a message in place") {
  constexpr auto datagram = "06 00 FF 07 | 00 00000000 00000000 09 | 20 18 C8 81 00 38 8E 04 B5"_hex;
  constexpr auto data = "8E 04"_hex;
  const lan_request rq{
      .target = net_fn_lun::request(net_fn::app), .command = app::get_channel_auth_capabilities, .data = data};
  std::array<std::uint8_t, datagram.size()> out{};
  const auto n = encode_sessionless_v15(rq, out);
  REQUIRE(n);
  CHECK(*n == datagram.size());
  CHECK(out == datagram);
  check_needs_room(datagram.size(), [&](mutable_bytes small) { return encode_sessionless_v15(rq, small); });
}

TEST_CASE("encode_sessionless_v15 refuses a message longer than its length byte can say") {
  const std::vector<std::uint8_t> data(0x100);
  std::vector<std::uint8_t> out(0x200);
  CHECK(
      text(encode_sessionless_v15(lan_request{.data = bytes(data).first(0xff - lan_request::overhead)}, out).error()) ==
      text(errc::ok));
  CHECK(text(encode_sessionless_v15(lan_request{.data = bytes(data).first(0x100 - lan_request::overhead)}, out)
                 .error()) == text(errc::too_long));
}
