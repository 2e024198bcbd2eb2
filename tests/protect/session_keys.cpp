// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/session_keys.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"
#include "support/protected_session.hpp"
#include "support/residue.hpp"
#include "support/slot_backend.hpp"

#include <utility>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using testing::null_backend;

using aa = authentication_algorithm;
using ia = integrity_algorithm;
using ca = confidentiality_algorithm;

const user_key secret_password = to_user_key("secret");

template <backend B> std::string code_of(session_keys<B>& keys, B& b, bytes data) {
  exact_bytes code(authcode_size(keys.suite().integrity));
  return keys.sign(b, std::array{data}, code) ? to_hex(code) : "failed";
}

/// Neither key works.
template <backend B> void check_empty(session_keys<B>& keys, B& b) {
  std::array<std::uint8_t, 16> room{};
  CHECK_FALSE(keys.authenticates());
  CHECK_FALSE(keys.encrypts());
  CHECK(keys.sign(b, {}, room).error() == errc::crypto_failure);
  CHECK(b.sign(keys.integrity_key(), {}, room).error() == errc::crypto_failure);
  CHECK(b.encrypt(keys.cipher_key(), example_iv, room).error() == errc::crypto_failure);
}

}  // namespace

TEST_CASE("K1 and K2 are the vectors' for every suite", "[protect][keys]") {
  cryptopp_backend b;
  const auto file = load_json("rakp.json");
  const auto data = counting_bytes(50);
  for (const auto& hash : file.at("hashes")) {
    for (const auto& suite : standard_suites) {
      if (static_cast<int>(suite.authentication) != hash.at("auth") || !supports<cryptopp_backend>(suite)) continue;
      CAPTURE(static_cast<int>(suite.id));
      session_keys<cryptopp_backend> keys;
      REQUIRE(keys.load(b, suite, example_sik(suite.authentication), secret_password).has_value());
      if (suite.integrity != ia::none && suite.integrity != ia::md5_128) {
        cryptopp_backend::mac_key k1;
        buffer expected(authcode_size(suite.integrity));
        REQUIRE(b.load(k1, rakp_mac(suite.authentication), from_hex(hash.at("k1").get<std::string>())).has_value());
        REQUIRE(b.sign(k1, std::array{bytes(data)}, expected).has_value());
        CHECK(code_of(keys, b, data) == to_hex(expected));
      }
      if (suite.confidentiality != ca::none) {
        cryptopp_backend::aes_key k2;
        block expected = example_iv, got = example_iv;
        const auto secret = from_hex(hash.at("k2").get<std::string>());
        REQUIRE(b.load(k2, bytes(secret).first(aes_key_size)).has_value());
        REQUIRE(b.encrypt(k2, example_iv, expected).has_value());
        REQUIRE(b.encrypt(keys.cipher_key(), example_iv, got).has_value());
        CHECK(got == expected);
      }
    }
  }
}

TEST_CASE("the integrity algorithm chooses the HMAC that K1 keys, the authentication algorithm makes K1",
          "[protect][keys]") {
  // No standard suite mixes hashes, but nothing on the wire forbids it.
  cryptopp_backend b;
  session_keys<cryptopp_backend> keys;
  const cipher_suite mixed{0x80, aa::rakp_hmac_sha1, ia::hmac_sha256_128, ca::none};
  REQUIRE(keys.load(b, mixed, example_sik(mixed.authentication), secret_password).has_value());
  cryptopp_backend::mac_key k1;
  const auto k1_bytes = from_hex("58dbc1afa00eb3f9487c9eaef0dc7892cc43e496");  // rakp.json, sha1
  const auto data = counting_bytes(50);
  buffer expected(16);
  REQUIRE(b.load(k1, mac_id::hmac_sha256, k1_bytes).has_value());
  REQUIRE(b.sign(k1, std::array{bytes(data)}, expected).has_value());
  CHECK(code_of(keys, b, data) == to_hex(expected));
}

TEST_CASE("MD5-128 is MD5 over password, data, password, each password of 20 bytes", "[protect][keys][password]") {
  cryptopp_backend b;
  const auto data = counting_bytes(50);
  const auto code = [&](const user_key& password, const buffer& sik) {
    session_keys<cryptopp_backend> keys;
    REQUIRE(keys.load(b, standard_suites[11], sik, password).has_value());
    return code_of(keys, b, data);
  };
  const auto sik = example_sik(aa::rakp_hmac_md5);
  for (const char* password : {"", "secret", "0123456789abcdef", "0123456789abcdefghij"}) {
    const auto key = to_user_key(password);
    const std::array parts{key.reveal(), bytes(data), key.reveal()};
    block expected{};
    REQUIRE(b.digest(digest_id::md5, parts, expected).has_value());
    CHECK(code(key, sik) == to_hex(expected));
    CHECK(code(key, buffer(16, 0x77)) == to_hex(expected));  // SIK takes no part
  }
  CHECK(code(to_user_key("0123456789abcdefghij"), sik) != code(to_user_key("0123456789abcdefghiX"), sik));
}

TEST_CASE("a suite loads the keys it needs and leaves SIK nowhere", "[protect][keys]") {
  for (const auto id : all_suites) {
    CAPTURE(static_cast<int>(id));
    null_backend b;
    session_keys<null_backend> keys;
    const auto& suite = standard_suites[id];
    REQUIRE(keys.load(b, suite, example_sik(suite.authentication), secret_password).has_value());
    const bool k1 = suite.integrity != ia::none && suite.integrity != ia::md5_128;
    const bool k2 = suite.confidentiality != ca::none;
    CHECK(b.calls.sign == (k1 ? 1u : 0u) + (k2 ? 1u : 0u));
    CHECK(keys.suite() == suite);
    CHECK(keys.authenticates() == (suite.integrity != ia::none));
    CHECK(keys.encrypts() == k2);
    std::array<std::uint8_t, 16> room{};
    CHECK(b.sign(keys.integrity_key(), {}, room).has_value() == k1);
    CHECK(b.encrypt(keys.cipher_key(), example_iv, room).has_value() == k2);
  }
}

TEST_CASE("what fails while keys are loaded leaves none loaded", "[protect][keys]") {
  for (const auto id : all_suites) {
    const auto& suite = standard_suites[id];
    const auto sik = example_sik(suite.authentication);
    null_backend counting;
    session_keys<null_backend> keys;
    REQUIRE(keys.load(counting, suite, sik, secret_password).has_value());
    const auto operations = counting.calls.operations();
    for (std::uint64_t n = 1; n <= operations; ++n) {
      CAPTURE(static_cast<int>(id), n);
      null_backend b;
      b.fail_operation(n);
      CHECK(keys.load(b, suite, sik, secret_password).error() == errc::crypto_failure);
      check_empty(keys, b);
      CHECK(keys.load(b, suite, sik, secret_password).has_value());
      CHECK(keys.suite() == suite);
    }
  }
}

TEST_CASE("K1 and K2 loaded themselves are those that SIK makes", "[protect][keys]") {
  cryptopp_backend b;
  const auto file = load_json("rakp.json");
  const auto data = counting_bytes(50);
  for (const auto& hash : file.at("hashes")) {
    for (const auto& suite : standard_suites) {
      if (static_cast<int>(suite.authentication) != hash.at("auth") || !supports<cryptopp_backend>(suite)) continue;
      CAPTURE(static_cast<int>(suite.id));
      const auto k1 = from_hex(hash.at("k1").get<std::string>());
      const auto k2 = from_hex(hash.at("k2").get<std::string>());
      session_keys<cryptopp_backend> from_sik, whole, cut;
      REQUIRE(from_sik.load(b, suite, example_sik(suite.authentication), secret_password).has_value());
      REQUIRE(whole.load_derived(b, suite, k1, k2, secret_password).has_value());
      REQUIRE(cut.load_derived(b, suite, k1, bytes(k2).first(aes_key_size), secret_password).has_value());
      CHECK(whole.suite() == suite);
      CHECK(code_of(whole, b, data) == code_of(from_sik, b, data));
      if (suite.confidentiality == ca::none) continue;
      block expected = example_iv, got = example_iv, got_cut = example_iv;
      REQUIRE(b.encrypt(from_sik.cipher_key(), example_iv, expected).has_value());
      REQUIRE(b.encrypt(whole.cipher_key(), example_iv, got).has_value());
      REQUIRE(b.encrypt(cut.cipher_key(), example_iv, got_cut).has_value());
      CHECK(got == expected);
      CHECK(got_cut == expected);
    }
  }
}

TEST_CASE("of K1 and K2 a suite wants those that it needs, in their right size", "[protect][keys]") {
  null_backend b;
  for (const auto id : all_suites) {
    const auto& suite = standard_suites[id];
    const bool needs_k1 = suite.integrity != ia::none && suite.integrity != ia::md5_128;
    const bool needs_k2 = suite.confidentiality != ca::none;
    const std::size_t whole = rakp_code_size(suite.authentication);
    for (std::size_t k1 = 0; k1 <= max_tag_size; ++k1) {
      for (const std::size_t k2 : {std::size_t{0}, std::size_t{15}, std::size_t{16}, whole}) {
        CAPTURE(static_cast<int>(id), k1, k2);
        session_keys<null_backend> keys;
        REQUIRE(keys.load(b, suite, example_sik(suite.authentication), secret_password).has_value());
        const bool good = (!needs_k1 || k1 == whole) && (!needs_k2 || k2 >= 16);
        const auto loaded = keys.load_derived(b, suite, buffer(k1, 1), buffer(k2, 2), secret_password);
        CHECK(loaded.error() == (good ? errc::ok : errc::invalid_argument));
        if (!good) check_empty(keys, b);
      }
    }
  }
  session_keys<null_backend> keys;
  CHECK(keys.load_derived(b, standard_suites[4], buffer(20), buffer(20), {}).error() == errc::unsupported_suite);
}

TEST_CASE("unload() forgets both keys, the password and the suite, twice too", "[protect][keys]") {
  const auto check = [](auto b) {
    for (const auto id : all_suites) {
      CAPTURE(static_cast<int>(id));
      const auto& suite = standard_suites[id];
      session_keys<decltype(b)> keys;
      REQUIRE(keys.load(b, suite, example_sik(suite.authentication), secret_password).has_value());
      for (int i = 0; i < 2; ++i) {
        keys.unload(b);
        check_empty(keys, b);
      }
    }
  };
  SECTION("null backend") { check(null_backend()); }
  SECTION("Crypto++") { check(cryptopp_backend()); }
}

// NOLINTBEGIN(bugprone-use-after-move): what a moved-from object still holds is what is tested

TEMPLATE_TEST_CASE("moved keys work as before and leave their source empty, whatever a moved-from key keeps",
                   "[protect][keys][move]", cryptopp_backend, null_backend, slot_backend) {
  TestType b;
  const auto data = counting_bytes(50);
  for (const auto id : all_suites) {
    CAPTURE(static_cast<int>(id));
    const auto& suite = standard_suites[id];
    if (!supports<TestType>(suite)) continue;
    session_keys<TestType> first, other;
    REQUIRE(first.load(b, suite, example_sik(suite.authentication), secret_password));
    const auto code = code_of(first, b, data);
    const auto cipher = [&](session_keys<TestType>& keys) {
      block out = example_iv;
      return b.encrypt(keys.cipher_key(), example_iv, out) ? to_hex(out) : "failed";
    };
    const auto text = cipher(first);
    const auto check_works = [&](session_keys<TestType>& keys) {
      CHECK(keys.suite() == suite);
      CHECK(code_of(keys, b, data) == code);
      CHECK(cipher(keys) == text);
    };
    session_keys<TestType> second = std::move(first);
    check_works(second);
    check_empty(first, b);
    CHECK_FALSE(test::memory_holds(first, secret_password.reveal().first(6)));
    other = std::move(second);
    check_works(other);
    check_empty(second, b);
    session_keys<TestType>& itself = other;
    other = std::move(itself);
    check_works(other);
    // What was moved from is as good as new.
    REQUIRE(first.load(b, suite, example_sik(suite.authentication), secret_password));
    check_works(first);
    for (auto* keys : {&first, &second, &other}) keys->unload(b);
  }
}

TEST_CASE("each slot of an accelerator is unloaded once, however its keys were moved", "[protect][keys][move]") {
  STATIC_REQUIRE(!std::is_copy_constructible_v<session_keys<slot_backend>>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<slot_backend::mac_key>);  // which says nothing about copying it
  slot_backend b;
  const auto& suite = standard_suites[3];
  std::vector<session_keys<slot_backend>> all;
  for (int i = 0; i < 10; ++i) {  // moves those before whenever the vector grows
    session_keys<slot_backend> one;
    REQUIRE(one.load(b, suite, example_sik(suite.authentication), secret_password));
    all.push_back(std::move(one));
    one.unload(b);
  }
  CHECK(b.macs.size() == 10 + 10);  // SIK too
  CHECK_FALSE(b.each_unloaded_once());
  std::swap(all.front(), all.back());
  all[3].unload(b);
  all[3] = std::move(all[4]);
  for (auto& keys : all) keys.unload(b);
  CHECK(b.each_unloaded_once());
}

TEST_CASE("keys are copied for a backend that says so, and for no other", "[protect][keys][move]") {
  STATIC_REQUIRE(std::is_copy_constructible_v<session_keys<null_backend>>);
  STATIC_REQUIRE(std::is_copy_assignable_v<session_keys<null_backend>>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<session_keys<cryptopp_backend>>);
  STATIC_REQUIRE(!std::is_copy_assignable_v<session_keys<slot_backend>>);
  null_backend b;
  const auto data = counting_bytes(50);
  for (const auto id : suites_with_integrity) {
    const auto& suite = standard_suites[id];
    session_keys<null_backend> original;
    REQUIRE(original.load(b, suite, example_sik(suite.authentication), secret_password));
    const auto code = code_of(original, b, data);
    session_keys<null_backend> copied = original, assigned;
    assigned = copied;
    original.unload(b);
    CHECK(code_of(copied, b, data) == code);
    CHECK(code_of(assigned, b, data) == code);
  }
}

// NOLINTEND(bugprone-use-after-move)

TEST_CASE("an unsupported suite is refused and the keys before it are gone", "[protect][keys]") {
  null_backend b;
  session_keys<null_backend> keys;
  for (const unsigned id : {4u, 5u, 9u, 10u, 13u, 14u, 18u, 19u}) {
    REQUIRE(keys.load(b, standard_suites[3], example_sik(aa::rakp_hmac_sha1), secret_password).has_value());
    CHECK(keys.load(b, standard_suites[id], bytes{}, secret_password).error() == errc::unsupported_suite);
    check_empty(keys, b);
  }
}

TEST_CASE("loading another suite's keys replaces the first ones", "[protect][keys]") {
  cryptopp_backend b;
  session_keys<cryptopp_backend> fresh, reused;
  const auto data = counting_bytes(20);
  for (const auto first : all_suites) {
    for (const auto id : suites_with_integrity) {
      const auto& suite = standard_suites[id];
      REQUIRE(reused.load(b, standard_suites[first], buffer(20, 9), to_user_key("other")).has_value());
      REQUIRE(reused.load(b, suite, example_sik(suite.authentication), secret_password).has_value());
      REQUIRE(fresh.load(b, suite, example_sik(suite.authentication), secret_password).has_value());
      CHECK(code_of(reused, b, data) == code_of(fresh, b, data));
    }
  }
}
