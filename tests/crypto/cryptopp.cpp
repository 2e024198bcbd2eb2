// SPDX-License-Identifier: BSL-1.0
// The Crypto++ backend: the contract, and what is its own.
#include <rmcpp/crypto/cryptopp.hpp>

#include "support/heap_counter.hpp"
#include "support/residue.hpp"

#include <tuple>

using tested_backends = std::tuple<rmcpp::cryptopp_backend>;
#include "crypto/backend_contract.hpp"

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::crypto;
using namespace rmcpp::test::contract;

TEST_CASE("Crypto++ allocates when an AES key is first loaded, and in MD2, and nowhere else", "[crypto][heap]") {
  cryptopp_backend b;
  cryptopp_backend::mac_key mac;
  cryptopp_backend::aes_key aes;
  const auto secret = counting(16);
  auto data = counting(160);
  std::array<std::uint8_t, 16> tag{};
  const std::array parts{bytes(data).first(77), bytes(data).subspan(77)};
  bool good = true;
  const auto counted = [&](auto&& f) { return test::count_heap_calls([&] { good = good && f().has_value(); }); };

  CHECK((counted([&] { return b.load(aes, secret); }) > 0) == test::counts_heap_calls);
  CHECK((counted([&] { return b.digest(digest_id::md2, parts, tag); }) > 0) == test::counts_heap_calls);
  for (const auto id : all_macs) {
    CHECK(counted([&] { return b.load(mac, id, secret); }) == 0);
    CHECK(counted([&] { return b.sign(mac, parts, tag); }) == 0);
  }
  CHECK(counted([&] { return b.encrypt(aes, nist_iv, data); }) == 0);
  CHECK(counted([&] { return b.decrypt(aes, nist_iv, data); }) == 0);
  CHECK(counted([&] { return b.digest(digest_id::md5, parts, tag); }) == 0);
  CHECK(test::count_heap_calls([&] {
          b.unload(mac);
          b.unload(aes);
        }) == 0);
  CHECK(good);
}

TEST_CASE("a moved backend has the heap that AES needs, and its source is as good as new", "[crypto][heap][move]") {
  cryptopp_backend first;
  cryptopp_backend::aes_key key;
  auto data = nist_plain;
  REQUIRE(first.load(key, nist_key));
  std::size_t moving = 0, using_it = 0;
  bool good = true;
  moving = test::count_heap_calls([&] {
    cryptopp_backend second = std::move(first);
    using_it = test::count_heap_calls([&] {
      good = good && second.encrypt(key, nist_iv, data) && second.load(key, nist_key) &&
             second.decrypt(key, nist_iv, data);
    });
  });
  CHECK(using_it == 0);
  CHECK(moving == 0);
  CHECK((good && data == nist_plain));
  // NOLINTNEXTLINE(bugprone-use-after-move): that is what is tested
  CHECK(encrypted(first, nist_key, nist_plain) == nist_cipher);
  CHECK(hmac(first, mac_id::hmac_md5, {}, {}) == oracle(mac_id::hmac_md5, {}, {}));
}

TEST_CASE("the scratch hashers forget what they made: K1 and K2 are made by sign()", "[crypto][secrets]") {
  for (const auto id : {mac_id::hmac_md5, mac_id::hmac_sha1, mac_id::hmac_sha256}) {
    CAPTURE(static_cast<int>(id));
    cryptopp_backend b;
    cryptopp_backend::mac_key key;
    const std::array<bytes, 1> data{};
    buffer tag(tag_size(id));
    REQUIRE(b.load(key, id, counting(20)));
    REQUIRE(b.sign(key, data, tag));
    buffer native = tag;  // as hash words lie in memory: the SHAs' are the wire's, reversed in fours
    if (id != mac_id::hmac_md5)
      for (std::size_t i = 0; i < native.size(); i += 4)
        std::reverse(native.begin() + static_cast<long>(i), native.begin() + static_cast<long>(i) + 4);
    CHECK_FALSE(test::memory_holds(b, bytes(native).first(16)));
    CHECK_FALSE(test::memory_holds(b, bytes(tag).first(16)));
  }
}

TEST_CASE("entropy fills any size, differently each time", "[crypto][entropy]") {
  cryptopp_entropy e, other;
  for (const std::size_t n : {0u, 1u, 16u, 33u, 1000u}) {
    test::exact_bytes a(n), b(n), c(n);
    CHECK(e.fill(a));
    CHECK(e.fill(b));
    CHECK(other.fill(c));
    if (n < 16) continue;
    CHECK_FALSE(equal(a, b));
    CHECK_FALSE(equal(a, c));
    CHECK_FALSE(all_zero(a));
  }
}
