// SPDX-License-Identifier: BSL-1.0
// RAKP codes, session keys and v1.5 authcodes against vectors computed apart from this code and against traces of
// real BMCs; tests/vectors/README.md names their sources.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/crypto/keys.hpp>
#include <rmcpp/testing/null_backend.hpp>
#include <rmcpp/wire/session_v15.hpp>

#include "support/catch.hpp"
#include "support/handshake.hpp"
#include "support/vectors.hpp"

#include <set>
#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::test;
using nlohmann::json;

std::vector<std::uint8_t> hex_of(const json& object, const char* name) {
  return from_hex(object.at(name).get<std::string>());
}
std::string string_of(const json& object, const char* name) { return object.at(name).get<std::string>(); }

octets16 octets_of(const json& object, const char* name) {
  octets16 out{};
  if (copy(hex_of(object, name), out) != out.size()) throw std::invalid_argument(name);
  return out;
}

rakp_transcript transcript_of(const json& fields, std::string_view username) {
  rakp_transcript t;
  t.console_id = load_le32(hex_of(fields, "sidm").data());
  t.managed_id = load_le32(hex_of(fields, "sidc").data());
  t.console_random = octets_of(fields, "rm");
  t.managed_random = octets_of(fields, "rc");
  t.managed_guid = octets_of(fields, "guid");
  t.role = hex_of(fields, "role").at(0);
  t.name = bounded<16>(bytes(reinterpret_cast<const std::uint8_t*>(username.data()), username.size()));
  return t;
}

user_key key_from_hex(const std::string& hex) { return user_key(from_hex(hex)); }

/// HMAC of bytes that the test laid out itself.
std::string hmac(mac_id id, bytes key, const std::vector<std::uint8_t>& data) {
  cryptopp_backend b;
  scoped_mac_key<cryptopp_backend> k(b, id, key);
  std::array<std::uint8_t, max_tag_size> room{};
  const auto tag = mutable_bytes(room).first(tag_size(id));
  REQUIRE(k.sign(tag, bytes(data)).has_value());
  return to_hex(tag);
}

constexpr std::array all_algorithms{authentication_algorithm::rakp_hmac_sha1, authentication_algorithm::rakp_hmac_md5,
                                    authentication_algorithm::rakp_hmac_sha256};

/// A session with every field different.
struct example {
  json file = load_json("rakp.json");
  rakp_transcript transcript = transcript_of(file, string_of(file, "username"));
  user_key password = to_user_key(string_of(file, "password"));
  user_key kg = key_from_hex(string_of(file, "kg"));

  [[nodiscard]] const json& expected(authentication_algorithm a) const {
    for (const auto& h : file.at("hashes"))
      if (h.at("auth") == static_cast<int>(a)) return h;
    throw std::out_of_range("hashes");
  }
};

}  // namespace

TEST_CASE("RAKP codes, SIK, K1 and K2 are the vectors' for SHA1, MD5 and SHA256", "[crypto][rakp]") {
  cryptopp_backend b;
  const example ex;
  for (const auto a : all_algorithms) {
    CAPTURE(describe(a));
    const auto& expected = ex.expected(a);
    const auto m = derive(b, a, ex.transcript, ex.password);
    CHECK(m.rakp2 == string_of(expected, "rakp2"));
    CHECK(m.rakp3 == string_of(expected, "rakp3"));
    CHECK(m.sik == string_of(expected, "sik"));
    CHECK(m.k1 == string_of(expected, "k1"));
    CHECK(m.k2 == string_of(expected, "k2"));
    CHECK(m.rakp4.substr(0, 2 * rakp4_code_size(a)) == string_of(expected, "rakp4"));
  }
}

TEST_CASE("K_g changes SIK and what follows from it, but not RAKP 2 and 3", "[crypto][rakp][kg]") {
  cryptopp_backend b;
  const example ex;
  for (const auto a : all_algorithms) {
    CAPTURE(describe(a));
    const auto& expected = ex.expected(a);
    const auto m = derive(b, a, ex.transcript, ex.password, ex.kg);
    CHECK(m.rakp2 == string_of(expected, "rakp2"));
    CHECK(m.rakp3 == string_of(expected, "rakp3"));
    CHECK(m.sik == string_of(expected, "sik_kg"));
    CHECK(m.rakp4.substr(0, 2 * rakp4_code_size(a)) == string_of(expected, "rakp4_kg"));
    CHECK(m.k1 != string_of(expected, "k1"));
    CHECK(m.k2 != string_of(expected, "k2"));
  }
}

TEST_CASE("the HMAC inputs are the specification's, byte for byte", "[crypto][rakp]") {
  // IPMI v2.0, 13.31: ids as on the wire, name counted and not terminated.
  cryptopp_backend b;
  example ex;
  for (const std::size_t name_length : {0u, 1u, 16u}) {
    const auto name = std::vector<std::uint8_t>(name_length, 'n');
    ex.transcript.name = bounded<16>(name);
    const std::string length = to_hex(std::array{static_cast<std::uint8_t>(name_length)}) + to_hex(name);
    const std::string sidm = "a4a3a2a0", sidc = "34120002", rm = "000102030405060708090a0b0c0d0e0f",
                      rc = "101112131415161718191a1b1c1d1e1f", guid = "202122232425262728292a2b2c2d2e2f", role = "14";
    for (const auto a : all_algorithms) {
      CAPTURE(describe(a), name_length);
      const auto mac = rakp_mac(a);
      const auto kuid = ex.password.reveal();
      const auto m = derive(b, a, ex.transcript, ex.password);
      CHECK(m.rakp2 == hmac(mac, kuid, from_hex(sidm + sidc + rm + rc + guid + role + length)));
      CHECK(m.rakp3 == hmac(mac, kuid, from_hex(rc + sidm + role + length)));
      CHECK(m.sik == hmac(mac, kuid, from_hex(rm + rc + role + length)));
      const auto sik = from_hex(m.sik);
      CHECK(m.rakp4 == hmac(mac, sik, from_hex(rm + sidc + guid)));
      CHECK(m.k1 == hmac(mac, sik, std::vector<std::uint8_t>(20, 1)));
      CHECK(m.k2 == hmac(mac, sik, std::vector<std::uint8_t>(20, 2)));
    }
  }
}

TEST_CASE("the role byte is hashed whole, reserved bits and lookup bit included", "[crypto][rakp]") {
  cryptopp_backend b;
  example ex;
  std::set<std::string> rakp2, rakp3, sik;
  for (unsigned role = 0; role < 256; ++role) {
    ex.transcript.role = static_cast<std::uint8_t>(role);
    const auto m = derive(b, authentication_algorithm::rakp_hmac_sha1, ex.transcript, ex.password);
    rakp2.insert(m.rakp2);
    rakp3.insert(m.rakp3);
    sik.insert(m.sik);
  }
  CHECK(rakp2.size() == 256);
  CHECK(rakp3.size() == 256);
  CHECK(sik.size() == 256);
}

TEST_CASE("an iDRAC's codes and SIK verify", "[crypto][rakp][trace]") {
  cryptopp_backend b;
  const auto trace = load_json("idrac-aleph-suite3.json");
  const auto t = transcript_of(trace.at("fields"), string_of(trace, "username"));
  const auto m = derive(b, authentication_algorithm::rakp_hmac_sha1, t, to_user_key(string_of(trace, "password")));
  const auto& known = trace.at("known");
  CHECK(m.rakp2 == string_of(known, "rakp2"));
  CHECK(m.rakp3 == string_of(known, "rakp3"));
  CHECK(m.sik == string_of(known, "sik"));
  CHECK(m.rakp4 == string_of(known, "rakp4"));  // printed untruncated
}

TEST_CASE("codes and keys of an Inventec BMC and an iLO 2 verify", "[crypto][rakp][trace]") {
  cryptopp_backend b;
  for (const char* name : {"beingj-suite3-session.json", "ilo2-suite3-rakp-kat.json"}) {
    CAPTURE(name);
    const auto trace = load_json(name);
    const auto h = find_handshake(load_trace(trace));
    const auto m = derive(b, h.suite.authentication, h.transcript, to_user_key(string_of(trace, "password")));
    CHECK(m.rakp2 == to_hex(h.rakp2));
    CHECK(m.rakp3 == to_hex(h.rakp3));
    CHECK(m.rakp4.substr(0, 24) == to_hex(h.rakp4));
    const auto& known = trace.at("known");
    CHECK(m.sik == string_of(known, "sik"));
    CHECK(m.k1 == string_of(known, "k1"));
    CHECK(m.k2 == string_of(known, "k2"));
  }
}

TEST_CASE("K1 hashes a constant of 20 bytes, also with SHA256", "[crypto][rakp][trace]") {
  // A console that took 32 bytes, the size of the hash, was not answered by a real BMC.
  cryptopp_backend b;
  const auto file = load_json("gebn-bmc-49-k1-constant.json");
  for (const auto& trailer : file.at("trailers")) {
    const auto sik = hex_of(trailer, "sik");
    const auto signed_with = [&](bytes k1) {
      return hmac(mac_id::hmac_sha256, k1, hex_of(trailer, "input")).substr(0, 32);
    };
    const auto wrong_k1 = from_hex(hmac(mac_id::hmac_sha256, sik, std::vector<std::uint8_t>(32, 1)));
    REQUIRE(signed_with(wrong_k1) == string_of(trailer, "output"));

    scoped_mac_key<cryptopp_backend> key(b, mac_id::hmac_sha256, sik);
    std::array<std::uint8_t, 32> k1{};
    REQUIRE(session_key(key, 1, k1).has_value());
    CHECK(signed_with(k1) != string_of(trailer, "output"));
  }
}

TEST_CASE("every byte of a 20-byte password counts", "[crypto][rakp][password]") {
  cryptopp_backend b;
  const example ex;
  const std::string password = "abcdefghijklmnopqrst";
  for (const auto a : all_algorithms) {
    CAPTURE(describe(a));
    std::set<std::string> rakp2, rakp3, sik;
    const auto take = [&](const std::string& p) {
      const auto m = derive(b, a, ex.transcript, to_user_key(p));
      rakp2.insert(m.rakp2);
      rakp3.insert(m.rakp3);
      sik.insert(m.sik);
    };
    for (std::size_t n = 0; n <= password.size(); ++n) take(password.substr(0, n));  // 21 lengths, 17 to 20 among them
    for (std::size_t i = 0; i < password.size(); ++i) {
      auto other = password;
      other[i] = 'X';
      take(other);
    }
    CHECK(rakp2.size() == 41);
    CHECK(rakp3.size() == 41);
    CHECK(sik.size() == 41);
  }
}

TEST_CASE("a password's zero padding does not change its codes", "[crypto][rakp][password]") {
  // HMAC pads keys with zeros itself, so firmware that pads to 16, to 20 or not at all agrees.
  cryptopp_backend b;
  const example ex;
  const auto expected = string_of(ex.expected(authentication_algorithm::rakp_hmac_sha1), "rakp2");
  for (const std::size_t n : {6u, 7u, 16u, 20u}) {
    scoped_mac_key<cryptopp_backend> kuid(b, mac_id::hmac_sha1, ex.password.reveal().first(n));
    std::array<std::uint8_t, 20> tag{};
    REQUIRE(rakp2_code(kuid, ex.transcript, tag).has_value());
    CHECK(to_hex(tag) == expected);
  }
}

TEST_CASE("a K_g that begins with 00h is a K_g; only 20 zero bytes are none", "[crypto][rakp][kg]") {
  cryptopp_backend b;
  const example ex;
  const auto sik = [&](const user_key& kg) {
    return derive(b, authentication_algorithm::rakp_hmac_sha1, ex.transcript, ex.password, kg).sik;
  };
  const auto without = string_of(ex.expected(authentication_algorithm::rakp_hmac_sha1), "sik");
  CHECK(user_key().is_zero());
  CHECK(sik(user_key()) == without);
  std::set<std::string> siks{without};
  for (std::size_t i = 0; i < user_key::capacity; ++i) {
    user_key kg;
    kg.reveal()[i] = 1;  // i zero bytes before it
    CHECK_FALSE(kg.is_zero());
    siks.insert(sik(kg));
  }
  CHECK(siks.size() == 21);
}

TEST_CASE("v1.5 authcodes with MD5 and MD2 are the vectors'", "[crypto][v15]") {
  cryptopp_backend b;
  const auto vectors = load_json("rakp.json").at("v15");
  const auto check = [&](const std::vector<std::uint8_t>& data, digest_id id, const user_key& password) {
    const auto m = decode<session_v15>(bytes(data).subspan(4));
    REQUIRE(m.has_value());
    REQUIRE(m->type == (id == digest_id::md5 ? auth_type::md5 : auth_type::md2));
    std::array<std::uint8_t, 16> authcode{};
    REQUIRE(v15_authcode(b, id, password, to_integer(m->id), m->sequence, m->payload, authcode).has_value());
    CHECK(to_hex(authcode) == to_hex(m->authcode));
  };
  const auto password = to_user_key(string_of(vectors, "password"));
  check(hex_of(vectors, "md5"), digest_id::md5, password);
  check(hex_of(vectors, "md2"), digest_id::md2, password);
}

TEST_CASE("every authcode of the recorded v1.5 sessions verifies", "[crypto][v15][trace]") {
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
      CHECK(v15_authcode(b, id, to_user_key(password), to_integer(m->id), m->sequence, m->payload, authcode));
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

TEST_CASE("v1.5 knows the first 16 bytes of a password", "[crypto][v15][password]") {
  cryptopp_backend b;
  const auto of = [&](std::string_view password) {
    std::array<std::uint8_t, 16> authcode{};
    REQUIRE(v15_authcode(b, digest_id::md5, to_user_key(password), 1, 2, {}, authcode).has_value());
    return to_hex(authcode);
  };
  CHECK(of("0123456789abcdef") == of("0123456789abcdefghij"));
  CHECK(of("0123456789abcde") != of("0123456789abcdef"));
}

TEST_CASE("a scoped key is unloaded on the way out, whatever happened", "[crypto][rakp]") {
  testing::null_backend b;
  std::array<std::uint8_t, 20> tag{};
  {
    scoped_mac_key<testing::null_backend> key(b, mac_id::hmac_sha1, tag);
    CHECK(key.sign(tag, bytes(tag)).has_value());
    CHECK(b.calls.unload == 0);
  }
  CHECK(b.calls.unload == 1);
  b.fail_operation(1);
  {
    scoped_mac_key<testing::null_backend> key(b, mac_id::hmac_sha1, tag);
    CHECK(key.sign(tag, bytes(tag)).error() == errc::crypto_failure);
  }
  CHECK(b.calls.unload == 2);
  CHECK(b.calls.sign == 1);
}

TEST_CASE("a failing backend fails every code", "[crypto][rakp]") {
  testing::null_backend b;
  scoped_mac_key<testing::null_backend> key(b, mac_id::hmac_sha1, {});
  std::array<std::uint8_t, 20> tag{};
  const rakp_transcript t;
  const auto fails = [&](auto&& f) {
    b.fail_operation(1);
    return f().error() == errc::crypto_failure;
  };
  CHECK(fails([&] { return rakp2_code(key, t, tag); }));
  CHECK(fails([&] { return rakp3_code(key, t, tag); }));
  CHECK(fails([&] { return session_integrity_key(key, t, tag); }));
  CHECK(fails([&] { return rakp4_code(key, t, tag); }));
  CHECK(fails([&] { return session_key(key, 1, tag); }));
  CHECK(fails([&] { return v15_authcode(b, digest_id::md5, {}, 1, 1, {}, mutable_bytes(tag).first(16)); }));
}
