// SPDX-License-Identifier: BSL-1.0
// Whether the session tests really run on the backends that RMCPP_TEST_BACKENDS names: what only one of them computes
// tells which it is. Run in every setting.
#include "support/chosen_backend.hpp"

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::to_hex;

namespace {

bytes text(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
const bytes jefe = text("Jefe");
const std::array<bytes, 2> question{text("what do ya want "), text("for nothing?")};

template <backend B> std::string tag_of_question(B& b) {
  typename B::mac_key key;
  REQUIRE(b.load(key, mac_id::hmac_sha1, jefe));
  std::array<std::uint8_t, 20> tag{};
  REQUIRE(b.sign(key, question, tag));
  b.unload(key);
  return to_hex(tag);
}
/// MD2 of "abc"; empty if the backend has none.
template <class B> std::string md2_of_abc(B& b) {
  const std::array<bytes, 1> abc{text("abc")};
  std::array<std::uint8_t, digest_size> out{};
  return b.digest(digest_id::md2, abc, out) ? to_hex(out) : "";
}

/// The word of the environment for this side; empty: none.
template <class B> std::string wanted() {
  const char* const all = std::getenv("RMCPP_TEST_BACKENDS");
  std::istringstream words(all ? all : "");
  std::string console_word, bmc_word;
  words >> console_word >> bmc_word;
  return std::is_same_v<B, console_backend> ? console_word : bmc_word;
}

}  // namespace

TEMPLATE_TEST_CASE("each side computes what the backend named computes", "[support]", console_backend, bmc_backend) {
  const auto name = wanted<TestType>();
  CAPTURE(name);
  TestType b;
  null_backend null;
  if (name.empty()) {
    CHECK(tag_of_question(b) == tag_of_question(null));
    CHECK(md2_of_abc(b) == md2_of_abc(null));
  } else {
    CHECK(tag_of_question(b) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");  // RFC 2202, section 3
    // RFC 1319, appendix A.5. OpenSSL has no MD2, which tells the two apart.
    CHECK(md2_of_abc(b) == (name == "cryptopp" ? "da853b0d3f88d99b30283a69e6ded6bb" : ""));
  }
}

TEMPLATE_TEST_CASE("every operation is counted, and fails on demand", "[support]", console_backend, bmc_backend) {
  TestType b;
  typename TestType::mac_key mac;
  typename TestType::aes_key aes;
  const std::array<std::uint8_t, 16> secret{1, 2, 3};
  const block iv{7};
  std::array<std::uint8_t, 32> data{};
  std::array<std::uint8_t, 16> out{};
  std::array<std::uint8_t, 12 + 16 + 16 + 4 + 12> packet{};
  const fused_packet fused{.data = packet, .text = 28, .text_size = 16, .code = 48, .code_size = 12};
  const auto all = [&] {
    std::vector<bool> done;
    const auto note = [&](const status& s) { done.push_back(s.has_value()); };
    note(b.load(mac, mac_id::hmac_sha256, secret));
    note(b.load(aes, secret));
    note(b.sign(mac, question, out));
    note(b.encrypt(aes, iv, data));
    note(b.decrypt(aes, iv, data));
    note(b.digest(digest_id::md5, question, out));
    note(b.encrypt_then_sign(aes, mac, fused));
    return done;
  };
  const null_backend::counters once{.load = 2, .sign = 2, .encrypt = 2, .decrypt = 1, .digest = 1};
  CHECK(all() == std::vector<bool>(7, true));
  CHECK(b.calls == once);
  for (std::uint64_t n = 1; n <= once.operations(); ++n) {
    b.fail_operation(n);
    auto expected = std::vector<bool>(7, true);
    expected[n < 7 ? static_cast<std::size_t>(n) - 1 : 6] = false;
    CHECK(all() == expected);
    b.fail_operation(0);
  }
  const auto unloaded = b.calls.unload;
  b.unload(mac);
  b.unload(aes);
  b.unload(aes);
  CHECK(b.calls.unload == unloaded + 3);
  CHECK(b.sign(mac, question, out).error() == errc::crypto_failure);
  CHECK(b.encrypt(aes, iv, data).error() == errc::crypto_failure);
}

TEMPLATE_TEST_CASE("the fused call is encryption, then the tag", "[support]", console_backend, bmc_backend) {
  TestType b;
  typename TestType::mac_key mac;
  typename TestType::aes_key aes;
  const std::array<std::uint8_t, 16> secret{1, 2, 3};
  REQUIRE(b.load(mac, mac_id::hmac_sha1, secret));
  REQUIRE(b.load(aes, secret));
  std::array<std::uint8_t, 12 + 16 + 32 + 4 + 12> packet{};
  for (std::size_t i = 0; i < packet.size(); ++i) packet[i] = static_cast<std::uint8_t>(3 * i);
  auto apart = packet;
  REQUIRE(b.encrypt_then_sign(aes, mac, {.data = packet, .text = 28, .text_size = 32, .code = 64, .code_size = 12}));
  block iv{};
  copy(bytes(apart).subspan(12, 16), iv);
  REQUIRE(b.encrypt(aes, iv, mutable_bytes(apart).subspan(28, 32)));
  const std::array<bytes, 1> covered{bytes(apart).first(64)};
  REQUIRE(b.sign(mac, covered, mutable_bytes(apart).subspan(64)));
  CHECK(to_hex(packet) == to_hex(apart));
}

TEMPLATE_TEST_CASE("a copied key works beside the original, and without it", "[support]", console_backend,
                   bmc_backend) {
  TestType b;
  typename TestType::mac_key none;
  typename TestType::mac_key key = none;
  std::array<std::uint8_t, 20> one{}, two{};
  CHECK(b.sign(key, question, one).error() == errc::crypto_failure);
  REQUIRE(b.load(key, mac_id::hmac_sha1, jefe));
  auto copied = key;
  TestType other = b;
  CHECK(other.calls == b.calls);
  REQUIRE(b.sign(key, question, one));
  b.unload(key);
  REQUIRE(other.sign(copied, question, two));
  CHECK(one == two);
  copied = key;
  CHECK(other.sign(copied, question, two).error() == errc::crypto_failure);
}

TEST_CASE("only two real backends can be asked for", "[support]") {
  using enum backend_kind;
  CHECK(read_backend_choice("cryptopp openssl") == backend_choice{cryptopp, openssl});
  CHECK(read_backend_choice("openssl cryptopp") == backend_choice{openssl, cryptopp});
  for (const auto* text : {"", " ", "cryptopp", "openssl ", " openssl", "null null", "null openssl", "cryptopp null",
                           "cryptopp  openssl", "cryptopp openssl ", "cryptopp,openssl", "CryptoPP OpenSSL"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read_backend_choice(text), std::invalid_argument);
  }
}
