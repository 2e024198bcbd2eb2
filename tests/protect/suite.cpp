// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/suite.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using testing::null_backend;

using aa = authentication_algorithm;
using ia = integrity_algorithm;
using ca = confidentiality_algorithm;

}  // namespace

TEST_CASE("codes have the sizes of the specification's tables", "[protect][suite]") {
  struct row {
    aa algorithm;
    std::size_t rakp_2_and_3, rakp_4;
  };
  constexpr row rakp[] = {
      {aa::rakp_none, 0, 0}, {aa::rakp_hmac_sha1, 20, 12}, {aa::rakp_hmac_md5, 16, 16}, {aa::rakp_hmac_sha256, 32, 16}};
  for (const auto& r : rakp) {
    CHECK(rakp_code_size(r.algorithm) == r.rakp_2_and_3);
    CHECK(rakp4_code_size(r.algorithm) == r.rakp_4);
    CHECK(rakp_code_size(r.algorithm) <= max_tag_size);
  }
  CHECK(authcode_size(ia::none) == 0);
  CHECK(authcode_size(ia::hmac_sha1_96) == 12);
  CHECK(authcode_size(ia::hmac_md5_128) == 16);
  CHECK(authcode_size(ia::md5_128) == 16);
  CHECK(authcode_size(ia::hmac_sha256_128) == 16);
}

TEST_CASE("each authentication algorithm has its own hash", "[protect][suite]") {
  STATIC_REQUIRE(rakp_mac(aa::rakp_hmac_sha1) == mac_id::hmac_sha1);
  STATIC_REQUIRE(rakp_mac(aa::rakp_hmac_md5) == mac_id::hmac_md5);
  STATIC_REQUIRE(rakp_mac(aa::rakp_hmac_sha256) == mac_id::hmac_sha256);
}

TEST_CASE("reserved and OEM algorithm numbers are supported by no backend", "[protect][suite]") {
  for (unsigned n = 4; n < 64; ++n) {
    CHECK_FALSE(supports<null_backend>(static_cast<aa>(n)));
    CHECK_FALSE(supports<null_backend>(static_cast<ia>(n + 1)));
    CHECK_FALSE(supports<null_backend>(static_cast<ca>(n - 2)));  // xRC4 among them
  }
}

TEST_CASE("without RAKP keys there is neither integrity nor confidentiality", "[protect][suite]") {
  // RAKP-none makes no SIK: K1 and K2 would follow from nothing secret.
  STATIC_REQUIRE(supports<null_backend>(cipher_suite{0, aa::rakp_none, ia::none, ca::none}));
  STATIC_REQUIRE_FALSE(supports<null_backend>(cipher_suite{0, aa::rakp_none, ia::hmac_sha1_96, ca::none}));
  STATIC_REQUIRE_FALSE(supports<null_backend>(cipher_suite{0, aa::rakp_none, ia::none, ca::aes_cbc_128}));
  STATIC_REQUIRE_FALSE(supports<null_backend>(cipher_suite{0, aa::rakp_none, ia::md5_128, ca::aes_cbc_128}));
}
