// SPDX-License-Identifier: BSL-1.0
// The OpenSSL backend: the contract in both of its forms, equality with Crypto++, heap, and libraries that lack or
// fail something.
#include <rmcpp/crypto/openssl.hpp>

#include "support/heap_counter.hpp"
#include "support/residue.hpp"

#include <cstring>
#include <random>
#include <tuple>
#include <type_traits>

/// HMAC as a whole by EVP_MAC, as a FIPS build has it.
struct openssl_by_context : rmcpp::openssl_backend {
  openssl_by_context() : openssl_backend(nullptr, "provider=default") {}
};
using tested_backends = std::tuple<rmcpp::openssl_backend, openssl_by_context>;
#include "crypto/backend_contract.hpp"

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::crypto;
using namespace rmcpp::test::contract;
using rmcpp::test::to_hex;

static_assert(!openssl_backend::supports(digest_id::md2) && openssl_backend::supports(digest_id::md5));
static_assert(!std::is_copy_constructible_v<openssl_backend::mac_key>);
static_assert(!std::is_copy_constructible_v<openssl_backend::aes_key>);
static_assert(!std::is_copy_constructible_v<openssl_backend> && std::is_nothrow_move_constructible_v<openssl_backend>);
static_assert(!std::is_copy_constructible_v<openssl_entropy> && std::is_nothrow_move_constructible_v<openssl_entropy>);

TEST_CASE("Crypto++ and OpenSSL agree on anything", "[crypto][openssl]") {
  std::mt19937 dice(20);
  cryptopp_backend cpp;
  openssl_backend ssl;
  const auto random = [&](std::size_t n) {
    buffer out(n);
    for (auto& b : out) b = static_cast<std::uint8_t>(dice());
    return out;
  };
  for (int i = 0; i < 3000; ++i) {
    const auto secret = random(dice() % (max_mac_secret + 1));
    const auto data = random(dice() % (i % 100 == 0 ? 5000 : 200));
    const bytes all(data);
    const std::size_t cut = dice() % (all.size() + 1);
    const std::array parts{all.first(cut), all.subspan(cut)};
    for (const auto id : all_macs) {
      const auto size = dice() % (tag_size(id) + 1);
      REQUIRE(hmac(cpp, id, secret, parts, size) == hmac(ssl, id, secret, parts, size));
    }
    REQUIRE(digest(cpp, digest_id::md5, parts) == digest(ssl, digest_id::md5, parts));

    const auto key = random(aes_key_size);
    block iv{};
    copy(random(iv.size()), iv);
    auto one = random(16 + data.size() / 16 * 16);
    const auto plain = one;
    auto two = one;
    cryptopp_backend::aes_key cpp_key;
    openssl_backend::aes_key ssl_key;
    REQUIRE((cpp.load(cpp_key, key) && ssl.load(ssl_key, key)));
    REQUIRE((cpp.encrypt(cpp_key, iv, one) && ssl.encrypt(ssl_key, iv, two)));
    REQUIRE(one == two);
    REQUIRE((cpp.decrypt(cpp_key, iv, two) && ssl.decrypt(ssl_key, iv, one)));
    REQUIRE((one == plain && two == plain));
  }
}

TEST_CASE("OpenSSL allocates in its constructor and when an AES key is loaded, and nowhere else",
          "[crypto][openssl][heap]") {
  openssl_backend b;
  openssl_backend::mac_key mac;
  openssl_backend::aes_key aes;
  const auto secret = counting(16);
  auto data = counting(160);
  std::array<std::uint8_t, 16> tag{};
  const std::array parts{bytes(data).first(77), bytes(data).subspan(77)};
  bool good = true;
  const auto counted = [&](auto&& f) { return test::count_heap_calls([&] { good = good && f().has_value(); }); };

  CHECK((counted([&] { return b.load(aes, secret); }) > 0) == test::counts_heap_calls);
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

TEST_CASE("with a library context, HMAC is EVP_MAC's, whose every tag allocates at most twice",
          "[crypto][openssl][heap]") {
  openssl_by_context b;
  openssl_backend::mac_key mac;
  std::array<std::uint8_t, 12> tag{};
  for (const auto id : all_macs) {
    const auto loading = test::count_heap_calls([&] { REQUIRE(b.load(mac, id, counting(20))); });
    CHECK((loading > 0) == test::counts_heap_calls);
    CHECK(test::count_heap_calls([&] { (void)b.sign(mac, {}, tag); }) <= 2);
  }
}

TEST_CASE("there is no MD2, and nothing else in its place", "[crypto][openssl]") {
  openssl_backend b;
  std::array<std::uint8_t, 16> out{};
  CHECK(b.digest(digest_id::md2, {}, out).error() == errc::crypto_failure);
  CHECK(all_zero(out));
}

TEST_CASE("keys live on when their backend moves or goes", "[crypto][openssl]") {
  for (const bool by_context : {false, true}) {
    openssl_backend::mac_key mac;
    openssl_backend::aes_key aes;
    {
      openssl_backend first = by_context ? openssl_backend(nullptr) : openssl_backend();
      REQUIRE(first.load(mac, mac_id::hmac_sha1, text("Jefe")));
      REQUIRE(first.load(aes, nist_key));
      openssl_backend second = std::move(first);
      CHECK(hmac(second, mac_id::hmac_md5, {}, {}) == oracle(mac_id::hmac_md5, {}, {}));
    }
    openssl_backend other;
    const auto data = text("what do ya want for nothing?");
    buffer tag(20), blocks(nist_plain);
    CHECK(other.sign(mac, std::array{bytes(data)}, tag));
    CHECK(to_hex(tag) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(other.encrypt(aes, nist_iv, blocks));
    CHECK(blocks == nist_cipher);
  }
}

TEST_CASE("a moved-from backend fails every operation", "[crypto][openssl][move]") {
  for (const bool by_context : {false, true}) {
    openssl_backend first = by_context ? openssl_backend(nullptr) : openssl_backend();
    openssl_backend second = std::move(first);
    openssl_backend::mac_key mac;
    openssl_backend::aes_key aes;
    std::array<std::uint8_t, 16> out{};
    // NOLINTBEGIN(bugprone-use-after-move): that is what is tested
    CHECK(first.load(mac, mac_id::hmac_sha1, nist_key).error() == errc::crypto_failure);
    CHECK(first.load(aes, nist_key).error() == errc::crypto_failure);
    CHECK(first.digest(digest_id::md5, {}, out).error() == errc::crypto_failure);
    if (!by_context) {  // a key with a context of its own needs no backend
      REQUIRE(second.load(mac, mac_id::hmac_sha1, nist_key));
      CHECK(first.sign(mac, {}, out).error() == errc::crypto_failure);
    }
    // NOLINTEND(bugprone-use-after-move)
    CHECK(all_zero(out));
  }
  crypto::detail::openssl_digest one(nullptr, "SHA1", 20, nullptr);
  crypto::detail::openssl_digest two = std::move(one);
  buffer out(20);
  CHECK_FALSE(one);                   // NOLINT(bugprone-use-after-move)
  CHECK_FALSE(one.run({}, {}, out));  // NOLINT(bugprone-use-after-move)
  CHECK(two.run({}, {}, out));
  CHECK(to_hex(out) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST_CASE("an unloaded key's memory holds no pad", "[crypto][openssl][secrets]") {
  openssl_backend b;
  openssl_backend::mac_key mac;
  const auto secret = counting(64);
  auto inner = secret, outer = secret;
  for (auto& v : inner) v ^= 0x36;
  for (auto& v : outer) v ^= 0x5c;
  REQUIRE(b.load(mac, mac_id::hmac_sha256, secret));
  CHECK(test::memory_holds(mac, inner));
  CHECK(test::memory_holds(mac, outer));
  b.unload(mac);
  for (const auto& pad : {inner, outer})
    for (const std::size_t at : {0u, 16u, 48u}) CHECK_FALSE(test::memory_holds(mac, bytes(pad).subspan(at, 16)));

  REQUIRE(b.load(mac, mac_id::hmac_sha256, secret));
  openssl_by_context other;
  REQUIRE(other.load(mac, mac_id::hmac_sha256, secret));
  CHECK_FALSE(test::memory_holds(mac, inner));

  // Unloading gives EVP_MAC's context back: the key is but a pointer to it and pads.
  const bytes memory(reinterpret_cast<const std::uint8_t*>(&mac), sizeof(void*) + 64 + 64);
  CHECK_FALSE(all_zero(memory));
  other.unload(mac);
  CHECK(all_zero(memory));
}

namespace {

/// The default provider as another library might have it: without MD5, and with a SHA-1 that fails when told to.
class odd_library {
 public:
  odd_library() {
    fail_init = fail_update = fail_final = 0;
    REQUIRE(OSSL_PROVIDER_add_builtin(context, "odd", &start) == 1);
    provider_ = OSSL_PROVIDER_load(context, "odd");
    REQUIRE(provider_);
  }
  odd_library(const odd_library&) = delete;
  odd_library& operator=(const odd_library&) = delete;
  ~odd_library() {
    OSSL_PROVIDER_unload(provider_);
    OSSL_LIB_CTX_free(context);
    OSSL_PROVIDER_unload(whole_);
  }

  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  static inline int fail_init = 0, fail_update = 0, fail_final = 0;  ///< the n-th call from now, once
  static inline const std::uint8_t* sha1_context = nullptr;          ///< the newest

 private:
  static bool fails(int& countdown) { return countdown != 0 && --countdown == 0; }
  static void* create(void* provider) {
    void* const made = OSSL_FUNC_digest_newctx(real(OSSL_FUNC_DIGEST_NEWCTX))(provider);
    sha1_context = static_cast<const std::uint8_t*>(made);
    return made;
  }
  static int init(void* c, const OSSL_PARAM* p) {
    return fails(fail_init) ? 0 : OSSL_FUNC_digest_init(real(OSSL_FUNC_DIGEST_INIT))(c, p);
  }
  static int update(void* c, const unsigned char* in, std::size_t n) {
    return fails(fail_update) ? 0 : OSSL_FUNC_digest_update(real(OSSL_FUNC_DIGEST_UPDATE))(c, in, n);
  }
  static int finish(void* c, unsigned char* out, std::size_t* n, std::size_t room) {
    return fails(fail_final) ? 0 : OSSL_FUNC_digest_final(real(OSSL_FUNC_DIGEST_FINAL))(c, out, n, room);
  }
  static const OSSL_DISPATCH* real(int id) {
    const auto* f = sha1_;
    while (f->function_id != id) ++f;
    return f;
  }

  static int start(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** provider_context) {
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(&query)}, {0, nullptr}};
    *out = functions;
    whole_ = OSSL_PROVIDER_load(nullptr, "default");
    *provider_context = OSSL_PROVIDER_get0_provider_ctx(whole_);
    return whole_ ? 1 : 0;
  }
  static const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
    const auto* all = OSSL_PROVIDER_query_operation(whole_, operation, no_cache);
    if (operation != OSSL_OP_DIGEST) return all;
    digests_.clear();
    for (; all->algorithm_names; ++all) {
      if (std::strncmp(all->algorithm_names, "MD5", 3) == 0) continue;
      digests_.push_back(*all);
      if (std::strncmp(all->algorithm_names, "SHA1", 4) != 0) continue;
      sha1_ = all->implementation;
      sha1_functions_.clear();
      for (const auto* f = sha1_; f->function_id != 0; ++f) sha1_functions_.push_back(*f);
      for (auto& f : sha1_functions_) {
        if (f.function_id == OSSL_FUNC_DIGEST_NEWCTX) f.function = reinterpret_cast<void (*)()>(&create);
        if (f.function_id == OSSL_FUNC_DIGEST_INIT) f.function = reinterpret_cast<void (*)()>(&init);
        if (f.function_id == OSSL_FUNC_DIGEST_UPDATE) f.function = reinterpret_cast<void (*)()>(&update);
        if (f.function_id == OSSL_FUNC_DIGEST_FINAL) f.function = reinterpret_cast<void (*)()>(&finish);
      }
      sha1_functions_.push_back({0, nullptr});
      digests_.back().implementation = sha1_functions_.data();
    }
    digests_.push_back({nullptr, nullptr, nullptr, nullptr});
    return digests_.data();
  }

  OSSL_PROVIDER* provider_ = nullptr;
  static inline OSSL_PROVIDER* whole_ = nullptr;
  static inline const OSSL_DISPATCH* sha1_ = nullptr;
  static inline std::vector<OSSL_ALGORITHM> digests_{};
  static inline std::vector<OSSL_DISPATCH> sha1_functions_{};
};

}  // namespace

TEST_CASE("a library without MD5, as under FIPS, costs what needs MD5", "[crypto][openssl][fips]") {
  odd_library odd;
  openssl_backend b(odd.context);
  openssl_backend::mac_key mac;
  openssl_backend::aes_key aes;
  buffer out(16);
  CHECK(b.load(mac, mac_id::hmac_md5, counting(20)).error() == errc::crypto_failure);
  CHECK(b.sign(mac, {}, out).error() == errc::crypto_failure);
  CHECK(b.digest(digest_id::md5, {}, out).error() == errc::crypto_failure);
  CHECK(all_zero(out));
  CHECK(b.load(aes, nist_key));
  for (const auto id : {mac_id::hmac_sha1, mac_id::hmac_sha256})
    CHECK(hmac(b, id, counting(20), text("x")) == oracle(id, counting(20), text("x")));
  // The failed load of another algorithm leaves a key as it was.
  REQUIRE(b.load(mac, mac_id::hmac_sha1, counting(20)));
  CHECK_FALSE(b.load(mac, mac_id::hmac_md5, counting(21)));
  CHECK(b.sign(mac, {}, out));
  CHECK(to_hex(out) == oracle(mac_id::hmac_sha1, counting(20), {}).substr(0, 32));
}

TEST_CASE("a library in which a property finds nothing fails every operation", "[crypto][openssl][fips]") {
  openssl_backend b(nullptr, "provider=nobody");
  openssl_backend::mac_key mac;
  openssl_backend::aes_key aes;
  std::array<std::uint8_t, 16> out{};
  for (const auto id : all_macs) CHECK(b.load(mac, id, counting(20)).error() == errc::crypto_failure);
  CHECK(b.load(aes, nist_key).error() == errc::crypto_failure);
  CHECK(b.sign(mac, {}, out).error() == errc::crypto_failure);
  CHECK(b.encrypt(aes, nist_iv, out).error() == errc::crypto_failure);
  CHECK(b.decrypt(aes, nist_iv, out).error() == errc::crypto_failure);
  CHECK(b.digest(digest_id::md5, {}, out).error() == errc::crypto_failure);
  CHECK(b.digest(digest_id::md2, {}, out).error() == errc::crypto_failure);
  b.unload(mac);
  b.unload(aes);
  CHECK(all_zero(out));
}

TEST_CASE("a digest that fails in any of its calls fails once and is well again", "[crypto][openssl]") {
  odd_library odd;
  const auto data = text("abc");
  const std::array parts{bytes(data)};
  buffer expected(20), out(20);
  crypto::detail::openssl_digest sha1(odd.context, "SHA1", 20, nullptr);
  REQUIRE(sha1.run({}, parts, expected));
  CHECK(to_hex(expected) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  const auto fails_once = [&](int& what, int n) {
    what = n;
    CHECK_FALSE(sha1.run(data, parts, out));
    (void)sha1.run(data, parts, out);  // where initialising failed, this brings the context back
    REQUIRE(sha1.run({}, parts, out));
    CHECK(out == expected);
  };
  fails_once(odd.fail_update, 1);
  fails_once(odd.fail_update, 2);
  fails_once(odd.fail_final, 1);
  fails_once(odd.fail_init, 1);

  // As the thread's default library: HMAC is then put together from this digest.
  OSSL_LIB_CTX* const usual = OSSL_LIB_CTX_set0_default(odd.context);
  openssl_backend b;
  OSSL_LIB_CTX_set0_default(usual);
  openssl_backend::mac_key mac;
  CHECK(b.load(mac, mac_id::hmac_md5, counting(20)).error() == errc::crypto_failure);
  REQUIRE(b.load(mac, mac_id::hmac_sha1, counting(20)));
  for (const int n : {1, 2}) {
    for (int* what : {&odd.fail_update, &odd.fail_final}) {
      *what = n;
      fill(out, 0x55);
      CHECK(b.sign(mac, parts, out).error() == errc::crypto_failure);
      CHECK(out == times(20, 0x55));
      REQUIRE(b.sign(mac, parts, out));
      CHECK(to_hex(out) == oracle(mac_id::hmac_sha1, counting(20), data));
    }
  }
  CHECK_FALSE(crypto::detail::openssl_digest(odd.context, "SHA1", 32, nullptr));
}

TEST_CASE("a digest's context forgets what it made: K1 and K2 are made by sign()", "[crypto][openssl][secrets]") {
  odd_library odd;
  crypto::detail::openssl_digest sha1(odd.context, "SHA1", 20, nullptr);
  const auto at_first = buffer(odd.sha1_context, odd.sha1_context + 96);  // SHA_CTX
  const auto data = counting(77);
  buffer out(20);
  REQUIRE(sha1.run(data, {}, out));
  CHECK(buffer(odd.sha1_context, odd.sha1_context + 96) == at_first);
}

TEST_CASE("OpenSSL's entropy fills any size, differently each time, and a moved source gives nothing twice",
          "[crypto][openssl][entropy]") {
  openssl_entropy e, other;
  for (const std::size_t n : {0u, 1u, 16u, 33u, 1000u, 5000u}) {
    test::exact_bytes a(n), b(n), c(n);
    CHECK(e.fill(a));
    CHECK(e.fill(b));
    CHECK(other.fill(c));
    if (n < 16) continue;
    CHECK_FALSE(equal(a, b));
    CHECK_FALSE(equal(a, c));
    CHECK_FALSE(all_zero(a));
  }
  std::array<std::uint8_t, 16> one{}, two{};
  REQUIRE(e.fill(one));
  CHECK_FALSE(test::memory_holds(e, one));
  openssl_entropy moved = std::move(e);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is what is tested
  REQUIRE((moved.fill(one) && e.fill(two)));
  CHECK_FALSE(equal(one, two));
  other = std::move(moved);
  REQUIRE((other.fill(one) && moved.fill(two)));  // NOLINT(bugprone-use-after-move)
  CHECK_FALSE(equal(one, two));
}

TEST_CASE("a library without a random generator gives no entropy", "[crypto][openssl][entropy]") {
  OSSL_LIB_CTX* const context = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* const nothing = OSSL_PROVIDER_load(context, "null");
  REQUIRE(nothing);
  {
    openssl_entropy e(context);
    std::array<std::uint8_t, 16> out{};
    CHECK_FALSE(e.fill(out));
    CHECK(all_zero(out));
  }
  OSSL_PROVIDER_unload(nothing);
  OSSL_LIB_CTX_free(context);
}
