// SPDX-License-Identifier: BSL-1.0
// What a backend must have, and what a build gets from one that has less. Everything here fails at compile time.
#include <rmcpp/crypto/concepts.hpp>
#include <rmcpp/protect/session_keys.hpp>
#include <rmcpp/protect/suite.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"

#include <type_traits>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using testing::null_backend;

// The least that conforms: no digest, keys that can only be moved.
struct minimal {
  struct mac_key {
    mac_key() = default;
    mac_key(mac_key&&) noexcept = default;
    mac_key& operator=(mac_key&&) noexcept = default;
  };
  struct aes_key {
    aes_key() = default;
    aes_key(aes_key&&) noexcept = default;
    aes_key& operator=(aes_key&&) noexcept = default;
  };
  static constexpr bool supports(mac_id m) noexcept { return m == mac_id::hmac_sha1; }
  static constexpr bool supports(cipher_id) noexcept { return false; }
  status load(mac_key&, mac_id, bytes) noexcept { return errc::crypto_failure; }
  status load(aes_key&, bytes) noexcept { return errc::crypto_failure; }
  status sign(mac_key&, pieces, mutable_bytes) noexcept { return errc::crypto_failure; }
  status encrypt(aes_key&, const block&, mutable_bytes) noexcept { return errc::crypto_failure; }
  status decrypt(aes_key&, const block&, mutable_bytes) noexcept { return errc::crypto_failure; }
  void unload(mac_key&) noexcept {}
  void unload(aes_key&) noexcept {}
};
static_assert(backend<minimal> && !digest_backend<minimal> && !fused_backend<minimal>);
static_assert(backend<null_backend> && digest_backend<null_backend> && !fused_backend<null_backend>);

// Each lacks one piece, and no other.
class without_mac_key : public null_backend {
  struct mac_key;
};
class without_aes_key : public null_backend {
  struct aes_key;
};
struct without_supports_mac : null_backend {
  static bool supports(mac_id) = delete;
  using null_backend::supports;
};
struct without_supports_cipher : null_backend {
  static bool supports(cipher_id) = delete;
  using null_backend::supports;
};
struct without_load_mac : null_backend {
  status load(mac_key&, mac_id, bytes) noexcept = delete;
  using null_backend::load;
};
struct without_load_aes : null_backend {
  status load(aes_key&, bytes) noexcept = delete;
  using null_backend::load;
};
struct without_sign : null_backend {
  status sign(mac_key&, pieces, mutable_bytes) noexcept = delete;
};
struct without_encrypt : null_backend {
  status encrypt(aes_key&, const block&, mutable_bytes) noexcept = delete;
};
struct without_decrypt : null_backend {
  status decrypt(aes_key&, const block&, mutable_bytes) noexcept = delete;
};
struct without_unload_mac : null_backend {
  void unload(mac_key&) noexcept = delete;
  using null_backend::unload;
};
struct without_unload_aes : null_backend {
  void unload(aes_key&) noexcept = delete;
  using null_backend::unload;
};
static_assert(!backend<without_mac_key> && !backend<without_aes_key>);
static_assert(!backend<without_supports_mac> && !backend<without_supports_cipher>);
static_assert(!backend<without_load_mac> && !backend<without_load_aes>);
static_assert(!backend<without_sign> && !backend<without_encrypt> && !backend<without_decrypt>);
static_assert(!backend<without_unload_mac> && !backend<without_unload_aes>);

// Whatever may throw is refused: sessions are compiled without exceptions.
struct throwing_supports : null_backend {
  static bool supports(mac_id) { return true; }
  using null_backend::supports;
};
struct throwing_load_mac : null_backend {
  status load(mac_key&, mac_id, bytes) { return {}; }
  using null_backend::load;
};
struct throwing_load_aes : null_backend {
  status load(aes_key&, bytes) { return {}; }
  using null_backend::load;
};
struct throwing_sign : null_backend {
  status sign(mac_key&, pieces, mutable_bytes) { return {}; }
};
struct throwing_encrypt : null_backend {
  status encrypt(aes_key&, const block&, mutable_bytes) { return {}; }
};
struct throwing_decrypt : null_backend {
  status decrypt(aes_key&, const block&, mutable_bytes) { return {}; }
};
struct throwing_unload_mac : null_backend {
  void unload(mac_key&) {}
  using null_backend::unload;
};
struct throwing_unload_aes : null_backend {
  void unload(aes_key&) {}
  using null_backend::unload;
};
static_assert(!backend<throwing_supports> && !backend<throwing_load_mac> && !backend<throwing_load_aes>);
static_assert(!backend<throwing_sign> && !backend<throwing_encrypt> && !backend<throwing_decrypt>);
static_assert(!backend<throwing_unload_mac> && !backend<throwing_unload_aes>);

// An operation that cannot say that it failed is refused as well.
struct silent_sign : null_backend {
  void sign(mac_key&, pieces, mutable_bytes) noexcept {}
};
struct boolean_encrypt : null_backend {
  bool encrypt(aes_key&, const block&, mutable_bytes) noexcept { return true; }
};
static_assert(!backend<silent_sign> && !backend<boolean_encrypt>);

// Keys move with the sessions that hold them, and nothing may throw there.
struct immovable_mac_key : minimal {
  struct mac_key {
    mac_key() = default;
    mac_key(const mac_key&) = delete;
    mac_key& operator=(const mac_key&) = delete;
  };
  status load(mac_key&, mac_id, bytes) noexcept { return {}; }
  status sign(mac_key&, pieces, mutable_bytes) noexcept { return {}; }
  void unload(mac_key&) noexcept {}
  using minimal::load, minimal::unload;
};
struct throwing_aes_key : minimal {
  struct aes_key {
    aes_key() = default;
    aes_key(aes_key&&) noexcept(false) {}
    aes_key& operator=(aes_key&&) noexcept = default;
  };
  status load(aes_key&, bytes) noexcept { return {}; }
  status encrypt(aes_key&, const block&, mutable_bytes) noexcept { return {}; }
  status decrypt(aes_key&, const block&, mutable_bytes) noexcept { return {}; }
  void unload(aes_key&) noexcept {}
  using minimal::load, minimal::unload;
};
struct throwing_assignment : throwing_aes_key {
  struct aes_key {
    aes_key() = default;
    aes_key(aes_key&&) noexcept = default;
    aes_key& operator=(aes_key&&) noexcept(false) { return *this; }
  };
  status load(aes_key&, bytes) noexcept { return {}; }
  status encrypt(aes_key&, const block&, mutable_bytes) noexcept { return {}; }
  status decrypt(aes_key&, const block&, mutable_bytes) noexcept { return {}; }
  void unload(aes_key&) noexcept {}
  using minimal::load, minimal::unload;
};
static_assert(!backend<immovable_mac_key> && !backend<throwing_aes_key> && !backend<throwing_assignment>);

// Copying takes the backend's word, and keys and a backend that can be copied.
struct silent_on_copies : null_backend {
  static constexpr bool copies_keys = false;
};
struct promising : minimal {
  [[maybe_unused]] static constexpr bool copies_keys = true;
};
struct uncopyable : null_backend {
  uncopyable() = default;
  uncopyable(uncopyable&&) = default;
  uncopyable& operator=(uncopyable&&) = default;
};
static_assert(copyable_backend<null_backend>);
static_assert(!copyable_backend<minimal> && !copyable_backend<silent_on_copies> && !copyable_backend<promising> &&
              !copyable_backend<uncopyable>);
static_assert(backend<silent_on_copies> && backend<promising> && backend<uncopyable>);
static_assert(std::is_copy_constructible_v<session_keys<null_backend>> &&
              std::is_copy_assignable_v<session_keys<null_backend>>);
static_assert(!std::is_copy_constructible_v<session_keys<silent_on_copies>> &&
              !std::is_copy_assignable_v<session_keys<silent_on_copies>>);
static_assert(std::is_nothrow_move_constructible_v<session_keys<minimal>> &&
              std::is_nothrow_move_assignable_v<session_keys<minimal>>);

struct without_digest : null_backend {
  status digest(digest_id, pieces, mutable_bytes) noexcept = delete;
};
struct without_supports_digest : null_backend {
  static bool supports(digest_id) = delete;
  using null_backend::supports;
};
struct without_md5 : null_backend {
  static constexpr bool supports(digest_id d) noexcept { return d != digest_id::md5; }
  using null_backend::supports;
};
struct without_sha256 : null_backend {
  static constexpr bool supports(mac_id m) noexcept { return m != mac_id::hmac_sha256; }
  using null_backend::supports;
};
struct without_sha1 : null_backend {
  static constexpr bool supports(mac_id m) noexcept { return m != mac_id::hmac_sha1; }
  using null_backend::supports;
};
struct without_hmac_md5 : null_backend {
  static constexpr bool supports(mac_id m) noexcept { return m != mac_id::hmac_md5; }
  using null_backend::supports;
};
struct without_aes : null_backend {
  static constexpr bool supports(cipher_id) noexcept { return false; }
  using null_backend::supports;
};
static_assert(backend<without_digest> && !digest_backend<without_digest>);
static_assert(backend<without_supports_digest> && !digest_backend<without_supports_digest>);
static_assert(digest_backend<without_md5> && !supports_digest<without_md5>(digest_id::md5) &&
              supports_digest<without_md5>(digest_id::md2));
static_assert(!supports_digest<minimal>(digest_id::md5) && supports_digest<null_backend>(digest_id::md5));

struct fused : null_backend {
  status encrypt_then_sign(aes_key&, mac_key&, const fused_packet&) noexcept { return {}; }
};
static_assert(fused_backend<fused> && backend<fused>);

struct batched : null_backend {
  void encrypt_then_sign(std::span<fused_job<aes_key, mac_key>>) noexcept {}
};
static_assert(batch_backend<batched> && !batch_backend<fused> && !fused_backend<batched>);

/// The standard suites that a build on B has, as bits 0 to 19.
template <backend B> constexpr std::uint32_t suites_of() {
  std::uint32_t set = 0;
  for (const auto& s : standard_suites)
    if (supports<B>(s)) set |= 1u << s.id;
  return set;
}
constexpr std::uint32_t set_of(auto... suite) { return ((1u << suite) | ... | 0u); }

// xRC4 suites (4, 5, 9, 10, 13, 14, 18, 19) exist in no build.
static_assert(suites_of<null_backend>() == set_of(0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17));
static_assert(suites_of<without_digest>() == set_of(0, 1, 2, 3, 6, 7, 8, 15, 16, 17));
static_assert(suites_of<without_md5>() == suites_of<without_digest>());
static_assert(suites_of<without_sha256>() == set_of(0, 1, 2, 3, 6, 7, 8, 11, 12));
static_assert(suites_of<without_sha1>() == set_of(0, 6, 7, 8, 11, 12, 15, 16, 17));
static_assert(suites_of<without_hmac_md5>() == set_of(0, 1, 2, 3, 15, 16, 17));
static_assert(suites_of<without_aes>() == set_of(0, 1, 2, 6, 7, 11, 15, 16));
static_assert(suites_of<minimal>() == set_of(0, 1, 2));

}  // namespace

TEST_CASE("a minimal backend is enough to compile keys and codes", "[crypto][concepts]") {
  minimal b;
  session_keys<minimal> keys;
  const std::array<std::uint8_t, 20> sik{};
  CHECK(keys.load(b, standard_suites[3], sik, {}).error() == errc::unsupported_suite);
  CHECK(keys.load(b, standard_suites[2], sik, {}).error() == errc::crypto_failure);
  CHECK(keys.load(b, standard_suites[1], sik, {}).has_value());
  login_key<minimal> kuid(b, authentication_algorithm::rakp_hmac_sha1, {});
  CHECK(kuid.rakp2({}).error() == errc::crypto_failure);
}

TEST_CASE("a backend without digests keeps no password in its session keys", "[crypto][concepts]") {
  STATIC_REQUIRE(sizeof(session_keys<without_digest>) < sizeof(session_keys<null_backend>));
}

TEST_CASE("the null backend's tags change with data, length, key and algorithm, not with the cut",
          "[crypto][concepts]") {
  null_backend b;
  const std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
  const auto tag = [&](mac_id id, bytes key, pieces parts) {
    null_backend::mac_key k;
    std::array<std::uint8_t, 12> t{};
    CHECK(b.load(k, id, key).has_value());
    CHECK(b.sign(k, parts, t).has_value());
    return t;
  };
  const auto of = [&](bytes d) { return tag(mac_id::hmac_sha1, bytes(data), std::array{d}); };
  const auto whole = of(data);

  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    const std::array<bytes, 2> parts{bytes(data).first(cut), bytes(data).subspan(cut)};
    CHECK(tag(mac_id::hmac_sha1, data, parts) == whole);
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    CHECK(of(bytes(data).first(i)) != whole);
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto other = data;
      other[i] = static_cast<std::uint8_t>(other[i] ^ (1u << bit));
      CHECK(of(other) != whole);
      CHECK(tag(mac_id::hmac_sha1, other, std::array{bytes(data)}) != whole);
    }
  }
  CHECK(tag(mac_id::hmac_md5, data, std::array{bytes(data)}) != whole);
  CHECK(tag(mac_id::hmac_sha1, bytes(data).first(7), std::array{bytes(data)}) != whole);
}

TEST_CASE("the null backend's cipher depends on key, IV and position, and undoes itself", "[crypto][concepts]") {
  null_backend b;
  null_backend::aes_key key, other;
  const block secret{1}, iv{2}, zero{};
  REQUIRE(b.load(key, secret).has_value());
  REQUIRE(b.load(other, iv).has_value());
  const auto encrypted = [&](null_backend::aes_key& k, const block& with) {
    std::array<std::uint8_t, 32> d{};
    CHECK(b.encrypt(k, with, d).has_value());
    return d;
  };
  auto d = encrypted(key, iv);
  CHECK_FALSE(equal(bytes(d).first(16), bytes(d).last(16)));
  CHECK(encrypted(key, zero) != d);
  CHECK(encrypted(other, iv) != d);
  CHECK(b.decrypt(key, iv, d).has_value());
  CHECK(all_zero(d));
  CHECK(b.encrypt(key, iv, mutable_bytes(d).first(15)).error() == errc::invalid_argument);
}

TEST_CASE("the null backend counts its calls and fails the one it is told to", "[crypto][concepts]") {
  null_backend b;
  null_backend::mac_key key;
  std::array<std::uint8_t, 16> tag{};
  b.fail_operation(2);
  CHECK(b.load(key, mac_id::hmac_md5, tag).has_value());
  CHECK(b.sign(key, {}, tag).error() == errc::crypto_failure);
  CHECK(b.sign(key, {}, tag).has_value());
  b.unload(key);
  CHECK(b.sign(key, {}, tag).error() == errc::crypto_failure);
  CHECK(b.calls == null_backend::counters{.load = 1, .sign = 3, .unload = 1});
  CHECK(b.calls.operations() == 4);
  STATIC_REQUIRE(std::is_trivially_copyable_v<null_backend>);
}
