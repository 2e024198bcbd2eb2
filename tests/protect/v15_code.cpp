// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/v15_code.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"
#include "support/handshake.hpp"
#include "support/vectors.hpp"

namespace {

using namespace rmcpp;
using test::from_hex;
using test::to_hex;
using test::to_user_key;

/// All a backend needs, and no digest.
struct digestless : testing::null_backend {
  status digest(digest_id, pieces, mutable_bytes) = delete;
};

}  // namespace

TEST_CASE("the authcode of a v1.5 packet, by its auth type") {
  const auto vectors = test::load_json("rakp.json").at("v15");
  const auto password = to_user_key(vectors.at("password").get<std::string>());
  cryptopp_backend b;
  for (const auto* name : {"md5", "md2"}) {
    CAPTURE(name);
    auto datagram = from_hex(vectors.at(name).get<std::string>());
    const auto packet = look(datagram);
    REQUIRE(packet);
    secret<16> code;
    REQUIRE(v15_code(b, *packet, password, code).has_value());
    CHECK(to_hex(code.reveal()) == to_hex(packet->authcode()));
  }
}

TEST_CASE("with straight password the authcode is the password's first sixteen bytes") {
  cryptopp_backend b;
  secret<16> code;
  REQUIRE(v15_code(b, {.auth = auth_type::straight_password}, to_user_key("twenty bytes long pw"), code).has_value());
  CHECK(to_hex(code.reveal()) == to_hex(bytes(to_user_key("twenty bytes lon").reveal().first(16))));
}

TEST_CASE("types without a code, and digests that the backend lacks, are refused") {
  for (const auto type : {auth_type::none, auth_type{3}, auth_type::oem, auth_type::rmcp_plus, auth_type{0xff}}) {
    cryptopp_backend b;
    secret<16> code;
    CHECK(v15_code(b, {.auth = type}, to_user_key("secret"), code).error() == errc::bad_auth_type);
  }
  digestless b;
  for (const auto type : {auth_type::md2, auth_type::md5}) {
    secret<16> code;
    CHECK(v15_code(b, {.auth = type}, to_user_key("secret"), code).error() == errc::bad_auth_type);
  }
}

TEST_CASE("a backend that fails is reported") {
  testing::null_backend b;
  b.fail_operation(1);
  secret<16> code;
  CHECK(v15_code(b, {.auth = auth_type::md5}, to_user_key("secret"), code).error() == errc::crypto_failure);
}
