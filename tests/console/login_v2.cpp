// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/console/login_v2.hpp>

#include "support/catch.hpp"
#include "support/written.hpp"

#include <string>

using namespace rmcpp;
using namespace rmcpp::detail;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::test;

namespace {

std::string hex(std::string_view text) { return to_hex(from_hex(text)); }

rakp_transcript example() {
  rakp_transcript t;
  t.console_id = session_id{0xa0a2a3a4};
  t.managed_id = session_id{0x02001234};
  for (std::size_t i = 0; i < 16; ++i) t.console_random[i] = static_cast<std::uint8_t>(i);
  t.role = role_byte{0x14};
  t.name = "admin";
  return t;
}

}  // namespace

TEST_CASE("Open Session Request", "[console][login]") {
  CHECK(written([](mutable_bytes out) {
          return encode_open_session_request(7, privilege::administrator, session_id{0xa0a2a3a4}, *find_suite(3), out);
        }) == hex("06 00 ff 07 06 10 00000000 00000000 20 00 07 04 00 00 a4 a3 a2 a0"
                  "00 00 00 08 01 00 00 00 01 00 00 08 01 00 00 00 02 00 00 08 01 00 00 00"));
}

TEST_CASE("RAKP 1 and RAKP 3", "[console][login]") {
  CHECK(written([](mutable_bytes out) { return encode_rakp1(0, example(), out); }) ==
        hex("06 00 ff 07 06 12 00000000 00000000 21 00 00 00 00 00 34 12 00 02"
            "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 14 00 00 05 61 64 6d 69 6e"));
  const auto code = from_hex("f2b8ed7378ab0857e9301e06537ccf674459a8f2");
  CHECK(written([&](mutable_bytes out) {
          return encode_rakp3(9, rakp_status::no_errors, session_id{0x02001234}, *rakp_code::from(code), out);
        }) == hex("06 00 ff 07 06 14 00000000 00000000 1c 00 09 00 00 00 34 12 00 02 "
                  "f2b8ed7378ab0857e9301e06537ccf674459a8f2"));
  CHECK(written([&](mutable_bytes out) {
          return encode_rakp3(9, rakp_status::invalid_integrity_check_value, session_id{0x02001234},
                              *rakp_code::from(code), out);
        }) == hex("06 00 ff 07 06 14 00000000 00000000 08 00 09 0f 00 00 34 12 00 02"));
}
