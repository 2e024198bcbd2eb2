// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/console/discovery.hpp>

#include "support/catch.hpp"
#include "support/written.hpp"

#include <string>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::detail;
using namespace rmcpp::test;

namespace {

std::string hex(std::string_view text) { return to_hex(from_hex(text)); }

}  // namespace

TEST_CASE("Get Channel Authentication Capabilities", "[console][discovery]") {
  CHECK(written([](mutable_bytes out) {
          return encode_capabilities_request(0, true, privilege::administrator, out);
        }) == hex("06 00 ff 07 00 00000000 00000000 09 20 18 c8 81 00 38 8e 04 b5"));
  CHECK(written([](mutable_bytes out) { return encode_capabilities_request(63, false, privilege::user, out); }) ==
        hex("06 00 ff 07 00 00000000 00000000 09 20 18 c8 81 fc 38 0e 02 3b"));
}

TEST_CASE("Get Channel Cipher Suites", "[console][discovery]") {
  CHECK(written([](mutable_bytes out) { return encode_cipher_suites_request(1, 0, out); }) ==
        hex("06 00 ff 07 06 00 00000000 00000000 0a 00 20 18 c8 81 04 54 0e 00 80 99"));
  CHECK(written([](mutable_bytes out) { return encode_cipher_suites_request(1, 63, out); }) ==
        hex("06 00 ff 07 06 00 00000000 00000000 0a 00 20 18 c8 81 04 54 0e 00 bf 5a"));
}

TEST_CASE("the answer to an App request of ours", "[console][discovery]") {
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
