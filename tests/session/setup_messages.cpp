// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/session/setup_messages.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <string>

namespace {

using namespace rmcpp;
using namespace rmcpp::test;

/// What `f` writes, in hex; it must refuse every smaller buffer.
template <class F> std::string written(F&& f) {
  std::vector<std::uint8_t> room(512);
  const auto n = f(mutable_bytes(room));
  if (!n) return describe(n.error());
  for (std::size_t k = 0; k < *n; ++k) {
    exact_bytes small(k);
    CHECK(f(mutable_bytes(small)).error() == errc::buffer_too_small);
  }
  return to_hex(bytes(room).first(*n));
}

std::string hex(std::string_view text) { return to_hex(from_hex(text)); }

rakp_transcript example() {
  rakp_transcript t;
  t.console_id = session_id{0xa0a2a3a4};
  t.managed_id = session_id{0x02001234};
  for (std::size_t i = 0; i < 16; ++i) t.console_random[i] = static_cast<std::uint8_t>(i);
  t.role = role_byte{0x14};
  t.name = username(bytes(reinterpret_cast<const std::uint8_t*>("admin"), 5));
  return t;
}

}  // namespace

TEST_CASE("Get Channel Authentication Capabilities", "[session][setup]") {
  CHECK(written([](mutable_bytes out) {
          return encode_capabilities_request(0, true, privilege::administrator, out);
        }) == hex("06 00 ff 07 00 00000000 00000000 09 20 18 c8 81 00 38 8e 04 b5"));
  CHECK(written([](mutable_bytes out) { return encode_capabilities_request(63, false, privilege::user, out); }) ==
        hex("06 00 ff 07 00 00000000 00000000 09 20 18 c8 81 fc 38 0e 02 3b"));
}

TEST_CASE("Get Channel Cipher Suites", "[session][setup]") {
  CHECK(written([](mutable_bytes out) { return encode_cipher_suites_request(1, 0, out); }) ==
        hex("06 00 ff 07 06 00 00000000 00000000 0a 00 20 18 c8 81 04 54 0e 00 80 99"));
  CHECK(written([](mutable_bytes out) { return encode_cipher_suites_request(1, 63, out); }) ==
        hex("06 00 ff 07 06 00 00000000 00000000 0a 00 20 18 c8 81 04 54 0e 00 bf 5a"));
}

TEST_CASE("Open Session Request", "[session][setup]") {
  CHECK(written([](mutable_bytes out) {
          return encode_open_session_request(7, privilege::administrator, session_id{0xa0a2a3a4}, *find_suite(3), out);
        }) == hex("06 00 ff 07 06 10 00000000 00000000 20 00 07 04 00 00 a4 a3 a2 a0"
                  "00 00 00 08 01 00 00 00 01 00 00 08 01 00 00 00 02 00 00 08 01 00 00 00"));
}

TEST_CASE("RAKP 1 and RAKP 3", "[session][setup]") {
  CHECK(written([](mutable_bytes out) { return encode_rakp1(0, example(), out); }) ==
        hex("06 00 ff 07 06 12 00000000 00000000 21 00 00 00 00 00 34 12 00 02"
            "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 14 00 00 05 61 64 6d 69 6e"));
  const auto code = from_hex("f2b8ed7378ab0857e9301e06537ccf674459a8f2");
  CHECK(written([&](mutable_bytes out) {
          return encode_rakp3(9, rakp_status::no_errors, session_id{0x02001234}, rakp_code(code), out);
        }) == hex("06 00 ff 07 06 14 00000000 00000000 1c 00 09 00 00 00 34 12 00 02 "
                  "f2b8ed7378ab0857e9301e06537ccf674459a8f2"));
  CHECK(written([&](mutable_bytes out) {
          return encode_rakp3(9, rakp_status::invalid_integrity_check_value, session_id{0x02001234}, rakp_code(code),
                              out);
        }) == hex("06 00 ff 07 06 14 00000000 00000000 08 00 09 0f 00 00 34 12 00 02"));
}

TEST_CASE("answering a presence ping", "[session][setup]") {
  std::array<std::uint8_t, 64> room{};
  const auto ping = from_hex("00 00 11 be 80 2a 00 00");
  const auto n = answer_ping(ping, room);
  REQUIRE(n);
  CHECK(*n == 28);
  CHECK(room[9] == 0x2a);
  for (std::size_t k = 0; k < ping.size(); ++k) CHECK(is_drop(answer_ping(bytes(ping).first(k), room).error()));
  for (std::size_t k = 0; k < 28; ++k)
    CHECK(answer_ping(ping, mutable_bytes(room).first(k)).error() == errc::buffer_too_small);
  const auto outcome = [&](std::string_view text) { return answer_ping(from_hex(text), room); };
  CHECK(outcome("00 00 11 be 80 ff 00 00").value_or(9) == 0);
  CHECK(outcome("00 00 11 bf 80 2a 00 00").error() == errc::unexpected_message);
  CHECK(outcome("00 00 11 be 40 2a 00 00").error() == errc::unexpected_message);
  CHECK(outcome("00 00 11 be 80 2a 00 01 00").error() == errc::bad_length);
}

TEST_CASE("the answer to an App request of ours", "[session][setup]") {
  lan_response rs{.target = net_fn_lun::response(net_fn::app), .sequence = seq_lun::of(5), .command = 0x38};
  const std::array<std::uint8_t, 2> data{1, 2};
  rs.data = data;
  const auto outcome = [](const lan_response& m) {
    std::array<std::uint8_t, 64> out{};
    const auto n = encode(m, out);
    return app_response(0x38, 5, bytes(out).first(*n)).error();
  };
  CHECK(outcome(rs) == errc::ok);
  const auto changed = [&](auto change) {
    auto m = rs;
    change(m);
    return outcome(m);
  };
  CHECK(changed([](auto& m) { m.sequence = seq_lun::of(6); }) == errc::unmatched_response);
  CHECK(changed([](auto& m) { m.command = 0x54; }) == errc::unmatched_response);
  CHECK(changed([](auto& m) { m.target = net_fn_lun::request(net_fn::app); }) == errc::unmatched_response);
  CHECK(changed([](auto& m) { m.target = net_fn_lun::response(net_fn::chassis); }) == errc::unmatched_response);
  CHECK(changed([](auto& m) { m.responder = 0x22; }) == errc::unmatched_response);
  // Whatever it says.
  CHECK(changed([](auto& m) { m.code = completion_code::busy; }) == errc::ok);
  CHECK(changed([](auto& m) { m.sequence = seq_lun::of(5, 3); }) == errc::ok);
  CHECK(is_drop(app_response(0x38, 5, bytes{}).error()));
}
