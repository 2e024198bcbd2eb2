// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/protect/plan.hpp>

#include "support/catch.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;

using ia = integrity_algorithm;

// The 7 bytes of a Get Device ID request, in suites 0, 2, 3 and 17: WIRE lengths of IPMI v2.0, table 13-8.
constexpr auto plain = plan(payload_byte::of(payload_type::ipmi), ia::none, 7);
static_assert(plain.message == 16 && plain.payload_length == 7 && plain.total == 23);
constexpr auto suite2 = plan(payload_byte::of(payload_type::ipmi, true), ia::hmac_sha1_96, 7);
static_assert(suite2.message == 16 && suite2.integrity_pad == 3 && suite2.authcode == 28 && suite2.total == 40);
constexpr auto suite3 = plan(payload_byte::of(payload_type::ipmi, true, true), ia::hmac_sha1_96, 7);
static_assert(suite3.message == 32 && suite3.cipher_pad == 8 && suite3.payload_length == 32);
static_assert(suite3.integrity_pad == 2 && suite3.authcode == 52 && suite3.total == 64);
constexpr auto suite17 = plan(payload_byte::of(payload_type::ipmi, true, true), ia::hmac_sha256_128, 7);
static_assert(suite17.authcode == 52 && suite17.total == 68);
// An OEM explicit header is 6 bytes longer, which changes the pad.
constexpr auto oem = plan(payload_byte::of(payload_type::oem_explicit, true), ia::hmac_sha1_96, 7);
static_assert(oem.header == 18 && oem.message == 22 && oem.integrity_pad == 1 && oem.total == 44);

}  // namespace

TEST_CASE("every plan keeps the specification's padding rules", "[protect][plan]") {
  for (const auto type : {payload_type::ipmi, payload_type::sol, payload_type::oem_explicit, payload_type::oem0}) {
    const std::size_t header = type == payload_type::oem_explicit ? 18 : 12;
    for (const auto integrity : {ia::none, ia::hmac_sha1_96, ia::hmac_md5_128, ia::md5_128, ia::hmac_sha256_128}) {
      const std::size_t code = integrity == ia::none ? 0 : integrity == ia::hmac_sha1_96 ? 12 : 16;
      for (const bool encrypted : {false, true}) {
        const auto kind = payload_byte::of(type, integrity != ia::none, encrypted);
        for (std::size_t n = 0; n <= 300; ++n) {
          CAPTURE(header, static_cast<int>(integrity), encrypted, n);
          const auto p = plan(kind, integrity, n);
          REQUIRE(p.header == header);
          REQUIRE(p.message_size == n);
          REQUIRE(p.payload() == 4 + header);
          if (encrypted) {
            // IV, then message, pad and pad length in whole blocks: IPMI v2.0, table 13-20.
            REQUIRE(p.message == p.payload() + 16);
            REQUIRE(p.cipher_pad < 16);
            REQUIRE((n + p.cipher_pad + 1) % 16 == 0);
            REQUIRE(p.payload_length == 16 + n + p.cipher_pad + 1);
          } else {
            REQUIRE(p.message == p.payload());
            REQUIRE(p.cipher_pad == 0);
            REQUIRE(p.payload_length == n);
          }
          REQUIRE(p.payload_end() == p.payload() + p.payload_length);
          if (integrity != ia::none) {
            // Session header to next header in multiples of 4: table 13-8.
            REQUIRE(p.integrity_pad < 4);
            REQUIRE((header + p.payload_length + p.integrity_pad + 2) % 4 == 0);
            REQUIRE(p.authcode == p.payload_end() + p.integrity_pad + 2);
            REQUIRE(p.total == p.authcode + code);
          } else {
            REQUIRE(p.integrity_pad == 0);
            REQUIRE(p.total == p.payload_end());
          }
          REQUIRE(message_offset(kind) == p.message);
          REQUIRE(p.total <= max_datagram_for(n));
        }
      }
    }
  }
}

TEST_CASE("max_datagram_for() is the longest plan of 16 successive sizes, or a little more", "[protect][plan]") {
  std::size_t longest = 0;
  for (std::size_t n = 0; n < 16; ++n) {
    const auto p = plan(payload_byte::of(payload_type::oem_explicit, true, true), ia::hmac_sha256_128, n);
    longest = longest < p.total - n ? p.total - n : longest;
  }
  CHECK(longest <= max_datagram_for(0));
  CHECK(max_datagram_for(0) - longest < 4);
}
