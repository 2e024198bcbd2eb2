// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/lan_message.hpp>

#include "support/messages.hpp"

#include <set>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

constexpr auto request = "20 18 C8 81 04 01 7A"_hex;
constexpr auto response = "81 1C 63 20 04 01 00 20 01 81 02 9B 28 00 01 57 01 00 01 1A"_hex;

}  // namespace

TEST_CASE("request: Get Device ID, 7 bytes") {
  check_encodes(
      lan_request{
          .target = net_fn_lun::request(net_fn::app), .sequence = seq_lun::of(1), .command = app::get_device_id},
      request);
  check_prefixes<lan_request>(request, request.size());

  constexpr auto m = decode<lan_request>(request);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->responder == bmc_address);
  STATIC_REQUIRE(m->target.fn() == net_fn::app);
  STATIC_REQUIRE_FALSE(m->target.is_response());
  STATIC_REQUIRE(m->target.lun() == 0);
  STATIC_REQUIRE(m->requester == console_address);
  STATIC_REQUIRE(m->sequence.sequence() == 1);
  STATIC_REQUIRE(m->sequence.lun() == 0);
  STATIC_REQUIRE(m->command == app::get_device_id);
  STATIC_REQUIRE(m->data.empty());
}

TEST_CASE("response: at least 8 bytes, the completion code before the data") {
  constexpr auto m = decode<lan_response>(response);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->requester == console_address);
  STATIC_REQUIRE(m->target.fn() == net_fn::app);
  STATIC_REQUIRE(m->target.is_response());
  STATIC_REQUIRE(m->responder == bmc_address);
  STATIC_REQUIRE(m->sequence.sequence() == 1);
  STATIC_REQUIRE(m->command == app::get_device_id);
  STATIC_REQUIRE(m->code == completion_code::ok);
  STATIC_REQUIRE(m->data.size() == 12);
  STATIC_REQUIRE(m->data.data() == response.data() + lan_response::data_offset);
  check_encodes(*m, response);
  check_prefixes<lan_response>(response, response.size());

  check_encodes(lan_response{.target = net_fn_lun::response(net_fn::app),
                             .sequence = seq_lun::of(1),
                             .command = app::get_device_id,
                             .code = completion_code::invalid_command},
                "81 1C 63 20 04 01 C1 1A"_hex);
}

TEST_CASE("captured messages survive") {
  check_survives<lan_request>("20 18 C8 81 04 3B 04 3C"_hex);  // Set Session Privilege Level
  check_survives<lan_request>("20 18 C8 81 9C 3B 04 A4"_hex);
  // Send Message to channel 0, target 72h: the bridged message's own checksum precedes the outer one.
  check_survives<lan_request>("20 18 C8 81 04 34 | 40 | 72 18 76 20 08 01 D7 | 07"_hex);
  check_survives<lan_request>("20 18 C8 81 04 34 | 40 | 72 18 76 81 08 01 76 | 07"_hex);
  check_survives<lan_request>("20 18 C8 81 04 34 | 40 | 72 18 76 20 08 34 | 47 | 82 18 66 20 0C 01 D3 | 5D | 07"_hex);
}

TEST_CASE("the bridged message of a Send Message is a request itself") {
  constexpr auto wire = "20 18 C8 81 04 34 40 72 18 76 20 08 01 D7 07"_hex;
  const auto outer = decode<lan_request>(wire);
  REQUIRE(outer);
  const auto inner = decode<lan_request>(outer->data.subspan(1));
  REQUIRE(inner);
  CHECK(inner->responder == 0x72);
  CHECK(inner->requester == bmc_address);
  CHECK(inner->command == app::get_device_id);
}

TEST_CASE("any byte that does not fit its checksum is refused, and explain says which one") {
  for (std::size_t at = 0; at < response.size(); ++at) {
    for (const int step : {1, -1}) {
      CAPTURE(at, step);
      auto wire = response;
      wire[at] = static_cast<std::uint8_t>(wire[at] + step);
      CHECK(text(decode_error<lan_response>(wire)) == text(errc::bad_checksum));
      const auto why = explain<lan_response>(wire);
      CHECK(std::string(why.field) == (at < 3 ? "checksum1" : "checksum2"));
      CHECK(why.offset == (at < 3 ? 2u : response.size() - 1));
    }
  }
  for (std::size_t at = 0; at < request.size(); ++at) {
    auto wire = request;
    wire[at] = static_cast<std::uint8_t>(wire[at] + 1);
    CHECK(text(decode_error<lan_request>(wire)) == text(errc::bad_checksum));
  }
}

TEST_CASE("the shortest message of the other kind is too short") {
  CHECK(text(decode_error<lan_response>(request)) == text(errc::truncated));
  CHECK(lan_request::overhead == request.size());
  CHECK(encoded(lan_response{}).size() == 2 * lan_response::overhead);
}

TEST_CASE("network function and LUN share a byte, and so do sequence and LUN") {
  STATIC_REQUIRE(net_fn_lun::request(net_fn::app).value == 0x18);
  STATIC_REQUIRE(net_fn_lun::response(net_fn::app).value == 0x1c);
  STATIC_REQUIRE(net_fn_lun::request(net_fn::oem_group, 3).value == 0xbb);
  STATIC_REQUIRE(net_fn_lun{0xbf}.fn() == net_fn::oem_group);
  STATIC_REQUIRE(net_fn_lun{0xbf}.is_response());
  STATIC_REQUIRE(net_fn_lun{0xbf}.lun() == 3);
  STATIC_REQUIRE(seq_lun::of(0x3f, 2).value == 0xfe);
  STATIC_REQUIRE(seq_lun{0xfe}.sequence() == 0x3f);
  STATIC_REQUIRE(seq_lun{0xfe}.lun() == 2);
  STATIC_REQUIRE(seq_lun::of(0x40).sequence() == 0);  // 6 bits
}

TEST_CASE("every byte of the fixed fields survives") {
  for (unsigned v = 0; v <= 0xff; ++v) {
    const auto b = static_cast<std::uint8_t>(v);
    check_survives<lan_response>(from_hex(encoded(lan_response{
        .requester = b, .target = {b}, .responder = b, .sequence = {b}, .command = b, .code = completion_code{b}})));
  }
}

TEST_CASE("respond() swaps addresses and LUNs and echoes sequence and command") {
  constexpr lan_request rq{.responder = 0x20,
                           .target = net_fn_lun::request(net_fn::storage, 2),
                           .requester = 0x83,
                           .sequence = seq_lun::of(0x2a, 1),
                           .command = 0x11};
  constexpr lan_response rs = respond(rq, completion_code::busy);
  STATIC_REQUIRE(rs.requester == 0x83);
  STATIC_REQUIRE(rs.target == net_fn_lun::response(net_fn::storage, 1));
  STATIC_REQUIRE(rs.responder == 0x20);
  STATIC_REQUIRE(rs.sequence == seq_lun::of(0x2a, 2));
  STATIC_REQUIRE(rs.command == 0x11);
  STATIC_REQUIRE(rs.code == completion_code::busy);
  STATIC_REQUIRE(rs.data.empty());
}

TEST_CASE("every generic completion code has words of its own") {
  std::set<std::string> words;
  std::vector<unsigned> generic{0x00, 0xff};
  for (unsigned v = 0xc0; v <= 0xd6; ++v) generic.push_back(v);
  for (const auto v : generic) words.insert(describe(static_cast<completion_code>(v)));
  CHECK(words.size() == generic.size());
  for (const auto* range : {"OEM completion code", "command-specific completion code", "reserved completion code"})
    CHECK(words.count(range) == 0);
}

TEST_CASE("other completion codes are told by their range") {
  for (unsigned v = 0x01; v <= 0xfe; ++v) {
    if (v >= 0xc0 && v <= 0xd6) continue;
    CAPTURE(v);
    const std::string expected = v <= 0x7e                ? "OEM completion code"
                                 : v >= 0x80 && v <= 0xbe ? "command-specific completion code"
                                                          : "reserved completion code";
    CHECK(describe(static_cast<completion_code>(v)) == expected);
  }
}
