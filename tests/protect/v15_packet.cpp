// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/v15_packet.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"
#include "support/handshake.hpp"
#include "support/vectors.hpp"

#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using nlohmann::json;

std::vector<std::uint8_t> hex_of(const json& object, const char* name) {
  return from_hex(object.at(name).get<std::string>());
}
std::string string_of(const json& object, const char* name) { return object.at(name).get<std::string>(); }

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

TEST_CASE("v1.5 authcodes with MD5 and MD2 are the vectors'", "[protect][v15]") {
  cryptopp_backend b;
  const auto vectors = load_json("rakp.json").at("v15");
  const auto check = [&](const std::vector<std::uint8_t>& data, digest_id id, const user_key& password) {
    const auto m = decode<session_v15>(bytes(data).subspan(4));
    REQUIRE(m.has_value());
    REQUIRE(m->type == (id == digest_id::md5 ? auth_type::md5 : auth_type::md2));
    std::array<std::uint8_t, 16> authcode{};
    REQUIRE(v15_authcode(b, id, password, m->id, m->sequence, m->payload, authcode).has_value());
    CHECK(to_hex(authcode) == to_hex(m->authcode));
  };
  const auto password = to_user_key(string_of(vectors, "password"));
  check(hex_of(vectors, "md5"), digest_id::md5, password);
  check(hex_of(vectors, "md2"), digest_id::md2, password);
}

TEST_CASE("every authcode of the recorded v1.5 sessions verifies", "[protect][v15][trace]") {
  cryptopp_backend b;
  const auto verified = [&](const std::vector<datagram>& trace, const std::string& password) {
    int count = 0;
    for (const auto& d : trace) {
      if (d.data.size() < 5 || d.data[3] != rmcp_class::ipmi) continue;
      const auto m = decode<session_v15>(bytes(d.data).subspan(4));
      if (!m || m->type == auth_type::none) continue;
      CAPTURE(d.frame);
      std::array<std::uint8_t, 16> authcode{};
      const auto id = m->type == auth_type::md2 ? digest_id::md2 : digest_id::md5;
      CHECK(v15_authcode(b, id, to_user_key(password), m->id, m->sequence, m->payload, authcode));
      CHECK(to_hex(authcode) == to_hex(m->authcode));
      ++count;
    }
    return count;
  };
  const auto inventec = load_json("inventec-v15-md5-session.json");
  CHECK(verified(load_trace(inventec, "v15_packets"), string_of(inventec, "password")) == 8);
  CHECK(verified(load_capture("ipmi_sim.ipmi-chassis-LAN.MD2"), "test") == 10);
  CHECK(verified(load_capture("ipmi_sim.ipmi-chassis-LAN.MD5"), "test") == 10);
  CHECK(verified(load_capture("ipmi_sim.ipmitool-lan.MD5"), "test") == 16);
}

TEST_CASE("v1.5 knows the first 16 bytes of a password", "[protect][v15][password]") {
  cryptopp_backend b;
  const auto of = [&](std::string_view password) {
    std::array<std::uint8_t, 16> authcode{};
    REQUIRE(v15_authcode(b, digest_id::md5, to_user_key(password), session_id{1}, 2, {}, authcode).has_value());
    return to_hex(authcode);
  };
  CHECK(of("0123456789abcdef") == of("0123456789abcdefghij"));
  CHECK(of("0123456789abcde") != of("0123456789abcdef"));
}

TEST_CASE("a failing digest fails the authcode", "[protect][v15]") {
  testing::null_backend b;
  b.fail_operation(1);
  std::array<std::uint8_t, 16> authcode{};
  CHECK(v15_authcode(b, digest_id::md5, user_key{}, session_id{1}, 1, {}, authcode).error() == errc::crypto_failure);
}
