// SPDX-License-Identifier: BSL-1.0
// RAKP codes and session keys against vectors computed apart from this code and against traces of
// real BMCs; tests/vectors/README.md names their sources.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"
#include "support/handshake.hpp"
#include "support/vectors.hpp"

#include <set>
#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
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
  t.console_id = session_id{load_le32(hex_of(fields, "sidm").data())};
  t.managed_id = session_id{load_le32(hex_of(fields, "sidc").data())};
  t.console_random = octets_of(fields, "rm");
  t.managed_random = octets_of(fields, "rc");
  t.managed_guid = octets_of(fields, "guid");
  t.role = role_byte{hex_of(fields, "role").at(0)};
  t.name = *bounded<16>::from(username);
  return t;
}

user_key key_from_hex(const std::string& hex) { return *user_key::from(from_hex(hex)); }

/// HMAC of bytes that the test laid out itself.
std::string hmac(mac_id id, bytes key, const std::vector<std::uint8_t>& data) {
  cryptopp_backend b;
  cryptopp_backend::mac_key k;
  REQUIRE(b.load(k, id, key).has_value());
  std::array<std::uint8_t, max_tag_size> room{};
  const auto tag = mutable_bytes(room).first(tag_size(id));
  REQUIRE(b.sign(k, std::array{bytes(data)}, tag).has_value());
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

/// The login of tests/vectors/rakp.json.
struct vectors {
  nlohmann::json file = load_json("rakp.json");
  user_key password = "secret";
  user_key kg = *user_key::from(from_hex(file.at("kg").get<std::string>()));
  rakp_transcript transcript;

  vectors() {
    const auto field = [&](const char* name) { return from_hex(file.at(name).get<std::string>()); };
    transcript.console_id = session_id{load_le32(field("sidm").data())};
    transcript.managed_id = session_id{load_le32(field("sidc").data())};
    copy(field("rm"), transcript.console_random);
    copy(field("rc"), transcript.managed_random);
    copy(field("guid"), transcript.managed_guid);
    transcript.role = role_byte{field("role").at(0)};
    const auto name = file.at("username").get<std::string>();
    transcript.name = *username::from(name);
  }
};

}  // namespace

TEST_CASE("RAKP codes, SIK, K1 and K2 are the vectors' for SHA1, MD5 and SHA256", "[protect][rakp]") {
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

TEST_CASE("K_g changes SIK and what follows from it, but not RAKP 2 and 3", "[protect][rakp][kg]") {
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

TEST_CASE("the HMAC inputs are the specification's, byte for byte", "[protect][rakp]") {
  // IPMI v2.0, 13.31: ids as on the wire, name counted and not terminated.
  cryptopp_backend b;
  example ex;
  for (const std::size_t name_length : {0u, 1u, 16u}) {
    const auto name = std::vector<std::uint8_t>(name_length, 'n');
    ex.transcript.name = *bounded<16>::from(name);
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

TEST_CASE("the role byte is hashed whole, reserved bits and lookup bit included", "[protect][rakp]") {
  cryptopp_backend b;
  example ex;
  std::set<std::string> rakp2, rakp3, sik;
  for (unsigned role = 0; role < 256; ++role) {
    ex.transcript.role = role_byte{static_cast<std::uint8_t>(role)};
    const auto m = derive(b, authentication_algorithm::rakp_hmac_sha1, ex.transcript, ex.password);
    rakp2.insert(m.rakp2);
    rakp3.insert(m.rakp3);
    sik.insert(m.sik);
  }
  CHECK(rakp2.size() == 256);
  CHECK(rakp3.size() == 256);
  CHECK(sik.size() == 256);
}

TEST_CASE("an iDRAC's codes and SIK verify", "[protect][rakp][trace]") {
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

TEST_CASE("codes and keys of an Inventec BMC and an iLO 2 verify", "[protect][rakp][trace]") {
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

TEST_CASE("K1 hashes a constant of 20 bytes, also with SHA256", "[protect][rakp][trace]") {
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

    login_key<cryptopp_backend> key(b, authentication_algorithm::rakp_hmac_sha256, sik);
    derived_keys keys;
    REQUIRE(key.derive(standard_suites[17], keys).has_value());
    CHECK(signed_with(keys.k1.reveal()) != string_of(trailer, "output"));
  }
}

TEST_CASE("every byte of a 20-byte password counts", "[protect][rakp][password]") {
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

TEST_CASE("a password's zero padding does not change its codes", "[protect][rakp][password]") {
  // HMAC pads keys with zeros itself, so firmware that pads to 16, to 20 or not at all agrees.
  cryptopp_backend b;
  const example ex;
  const auto expected = string_of(ex.expected(authentication_algorithm::rakp_hmac_sha1), "rakp2");
  for (const std::size_t n : {6u, 7u, 16u, 20u}) {
    login_key<cryptopp_backend> kuid(b, authentication_algorithm::rakp_hmac_sha1, ex.password.reveal().first(n));
    CHECK(to_hex(kuid.rakp2(ex.transcript).value()) == expected);
  }
}

TEST_CASE("a K_g that begins with 00h is a K_g; only 20 zero bytes are none", "[protect][rakp][kg]") {
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

TEST_CASE("a login's key is unloaded on the way out, whatever happened, and before if asked", "[protect][rakp]") {
  testing::null_backend b;
  using key = login_key<testing::null_backend>;
  constexpr auto sha1 = authentication_algorithm::rakp_hmac_sha1;
  const std::array<std::uint8_t, 20> secret_bytes{};
  const rakp_transcript t;
  {
    key k(b, sha1, secret_bytes);
    CHECK(k.rakp2(t).has_value());
    CHECK(b.calls.unload == 0);
  }
  CHECK(b.calls.unload == 1);
  b.fail_operation(1);
  {
    key k(b, sha1, secret_bytes);
    CHECK(k.rakp2(t).error() == errc::crypto_failure);
  }
  CHECK(b.calls.unload == 2);
  CHECK(b.calls.sign == 1);
  key early(b, sha1, secret_bytes);
  early.unload();
  CHECK(b.calls.unload == 3);
  CHECK(early.rakp3(t).error() == errc::crypto_failure);
  CHECK(b.calls.sign == 1);
}

TEST_CASE("a failing backend fails every code", "[protect][rakp]") {
  testing::null_backend b;
  login_key<testing::null_backend> key(b, authentication_algorithm::rakp_hmac_sha1, {});
  const rakp_transcript t;
  const auto fails = [&](auto&& f) {
    b.fail_operation(1);
    return f().error() == errc::crypto_failure;
  };
  session_secret sik;
  derived_keys keys;
  CHECK(fails([&] { return key.rakp2(t); }));
  CHECK(fails([&] { return key.rakp3(t); }));
  CHECK(fails([&] { return key.sik(t, sik); }));
  CHECK(fails([&] { return key.rakp4(t); }));
  CHECK(fails([&] { return key.derive(standard_suites[3], keys); }));  // K1
  b.fail_operation(2);
  CHECK(key.derive(standard_suites[3], keys).error() == errc::crypto_failure);  // K2
}

TEST_CASE("what follows RAKP 3 takes one key at a time, each loaded once", "[protect][rakp]") {
  const example ex;
  for (const auto id : {3, 8, 17}) {
    for (const bool two_keys : {false, true}) {
      CAPTURE(id, two_keys);
      const auto& suite = standard_suites.at(static_cast<std::size_t>(id));
      const auto& expected = ex.expected(suite.authentication);
      cryptopp_backend real;
      login_key<cryptopp_backend> kuid(real, suite.authentication, ex.password.reveal());
      login_outcome out;
      const user_key kg = two_keys ? ex.kg : user_key{};
      REQUIRE(finish_login(real, kuid, kg, suite, ex.transcript, out).has_value());
      CHECK(to_hex(out.rakp4.view().first(rakp4_code_size(suite.authentication))) ==
            string_of(expected, two_keys ? "rakp4_kg" : "rakp4"));
      const std::size_t n = rakp_code_size(suite.authentication);
      const auto k1 = to_hex(out.keys.k1.reveal().first(n)), k2 = to_hex(out.keys.k2.reveal().first(n));
      if (!two_keys) CHECK((k1 == string_of(expected, "k1") && k2 == string_of(expected, "k2")));

      testing::null_backend b;
      login_key<testing::null_backend> key(b, suite.authentication, ex.password.reveal());
      CHECK(b.calls.load == 1);
      REQUIRE(finish_login(b, key, kg, suite, ex.transcript, out).has_value());
      CHECK(b.calls.load == (two_keys ? 3u : 2u));
      CHECK(b.calls.unload == b.calls.load);  // nothing of the login stays loaded
      CHECK(key.rakp2(ex.transcript).error() == errc::crypto_failure);
    }
  }
}

TEST_CASE("each operation behind RAKP 3 may fail, and then nothing stays loaded", "[protect][rakp]") {
  const example ex;
  const auto& suite = standard_suites[3];
  for (const bool two_keys : {false, true}) {
    for (std::uint64_t n = 1;; ++n) {
      CAPTURE(two_keys, n);
      testing::null_backend b;
      login_key<testing::null_backend> kuid(b, suite.authentication, ex.password.reveal());
      b.fail_operation(n);
      login_outcome out;
      const auto done = finish_login(b, kuid, two_keys ? ex.kg : user_key{}, suite, ex.transcript, out);
      CHECK(b.calls.unload == b.calls.load);
      if (done) {
        CHECK(n == (two_keys ? 7u : 6u));  // SIK, its load, RAKP 4, K1, K2; K_g's load
        break;
      }
      CHECK(done.error() == errc::crypto_failure);
    }
  }
}

TEST_CASE("the codes of each authentication algorithm are those of the vectors") {
  const vectors v;
  for (const auto& [hash, vector] : v.file.at("hashes").items()) {
    CAPTURE(hash);
    const auto expected = [&from = vector](const char* name) { return from.at(name).get<std::string>(); };
    const auto auth = static_cast<authentication_algorithm>(vector.at("auth").get<int>());
    cryptopp_backend crypto;
    CHECK(to_hex(*rakp2_code(crypto, auth, v.password, v.transcript)) == expected("rakp2"));
    CHECK(to_hex(*rakp3_code(crypto, auth, v.password, v.transcript)) == expected("rakp3"));
    for (const bool two_keys : {false, true}) {
      CAPTURE(two_keys);
      const auto sik = session_integrity_key(crypto, auth, v.password, two_keys ? v.kg : user_key{}, v.transcript);
      CHECK(to_hex(sik->reveal()) == expected(two_keys ? "sik_kg" : "sik"));
      const auto whole = rakp4_code(crypto, auth, *sik, v.transcript);
      const auto sent = whole->view().first(rakp4_code_size(auth));
      CHECK(to_hex(sent) == expected(two_keys ? "rakp4_kg" : "rakp4"));
    }
  }
}

TEST_CASE("RAKP-none has no codes and no keys, and asks nothing of the backend") {
  const vectors v;
  testing::null_backend crypto;
  const auto none = authentication_algorithm::rakp_none;
  CHECK(rakp2_code(crypto, none, v.password, v.transcript)->empty());
  CHECK(rakp3_code(crypto, none, v.password, v.transcript)->empty());
  const auto sik = session_integrity_key(crypto, none, v.password, v.kg, v.transcript);
  CHECK(sik->reveal().empty());
  CHECK(rakp4_code(crypto, none, *sik, v.transcript)->empty());
  CHECK(crypto.calls.operations() == 0);
}

TEST_CASE("a RAKP 4 value fits cut to its length or left whole, and in no other length", "[N-RK-18][N-RK-19]") {
  const vectors v;
  const auto auth = GENERATE(authentication_algorithm::rakp_hmac_sha1, authentication_algorithm::rakp_hmac_md5,
                             authentication_algorithm::rakp_hmac_sha256);
  cryptopp_backend crypto;
  const auto sik = session_integrity_key(crypto, auth, v.password, user_key{}, v.transcript);
  const auto whole = *rakp4_code(crypto, auth, *sik, v.transcript);
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    CAPTURE(n);
    const rakp_code received = *rakp_code::from(whole.view().first(n));
    CHECK(rakp4_code_fits(auth, whole, received) == (n == rakp4_code_size(auth) || n == whole.size()));
    for (std::size_t i = 0; i < n; ++i) {
      auto wrong = std::vector<std::uint8_t>(whole.view().begin(), whole.view().begin() + static_cast<long>(n));
      wrong[i] ^= 0x10;
      CHECK_FALSE(rakp4_code_fits(auth, whole, *rakp_code::from(bytes(wrong))));
    }
  }
}

TEST_CASE("a backend's failure is the code's failure") {
  const vectors v;
  const auto auth = authentication_algorithm::rakp_hmac_sha1;
  for (const std::uint64_t n : {1u, 2u}) {  // load, sign
    testing::null_backend crypto;
    crypto.fail_operation(n);
    CHECK(rakp2_code(crypto, auth, v.password, v.transcript).error() == errc::crypto_failure);
    crypto.fail_operation(n);
    CHECK(rakp3_code(crypto, auth, v.password, v.transcript).error() == errc::crypto_failure);
    crypto.fail_operation(n);
    CHECK(session_integrity_key(crypto, auth, v.password, v.kg, v.transcript).error() == errc::crypto_failure);
  }
}
