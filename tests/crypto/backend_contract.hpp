// SPDX-License-Identifier: BSL-1.0
// What every real crypto backend must do, against the standards' vectors and Crypto++'s own HMAC and CBC classes. The
// includer names the backends that it tests: `using tested_backends = std::tuple<...>;` before the include.
#pragma once

#include <rmcpp/crypto/cryptopp.hpp>

#include <rmcpp/testing/null_backend.hpp>

#include <cryptopp/hmac.h>
#include <cryptopp/modes.h>

#include "support/catch.hpp"
#include "support/hex.hpp"
#include "support/residue.hpp"

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace rmcpp::test::contract {

using namespace core;
using namespace crypto;

using buffer = std::vector<std::uint8_t>;

inline buffer text(std::string_view s) { return {s.begin(), s.end()}; }
inline buffer times(std::size_t n, std::uint8_t value) { return buffer(n, value); }
/// 00h 01h 02h ..
inline buffer counting(std::size_t n) {
  buffer b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
  return b;
}

template <backend B> std::string hmac(B& b, mac_id id, bytes key, pieces data, std::size_t size) {
  typename B::mac_key k;
  REQUIRE(b.load(k, id, key).has_value());
  exact_bytes tag(size);
  REQUIRE(b.sign(k, data, tag).has_value());
  return to_hex(tag);
}
template <backend B> std::string hmac(B& b, mac_id id, bytes key, bytes data) {
  return hmac(b, id, key, std::array{data}, tag_size(id));
}

/// Crypto++'s own HMAC, which shares only the block function with cryptopp_backend.
inline std::string oracle(mac_id id, bytes key, bytes data) {
  const auto run = [&](auto mac) {
    mac.SetKey(key.data(), key.size());
    buffer tag(mac.DigestSize());
    mac.CalculateDigest(tag.data(), data.data(), data.size());
    return to_hex(tag);
  };
  switch (id) {
    case mac_id::hmac_md5: return run(CryptoPP::HMAC<CryptoPP::Weak1::MD5>());
    case mac_id::hmac_sha1: return run(CryptoPP::HMAC<CryptoPP::SHA1>());
    default: return run(CryptoPP::HMAC<CryptoPP::SHA256>());
  }
}

template <digest_backend B> std::string digest(B& b, digest_id id, pieces data) {
  exact_bytes out(digest_size);
  REQUIRE(b.digest(id, data, out).has_value());
  return to_hex(out);
}

inline constexpr std::array all_macs{mac_id::hmac_md5, mac_id::hmac_sha1, mac_id::hmac_sha256};

struct hmac_vector {
  mac_id id;
  buffer key, data;
  const char* tag;
};

inline const std::vector<hmac_vector> hmac_vectors{
    // RFC 2202, section 2
    {mac_id::hmac_md5, times(16, 0x0b), text("Hi There"), "9294727a3638bb1c13f48ef8158bfc9d"},
    {mac_id::hmac_md5, text("Jefe"), text("what do ya want for nothing?"), "750c783e6ab0b503eaa86e310a5db738"},
    {mac_id::hmac_md5, times(16, 0xaa), times(50, 0xdd), "56be34521d144c88dbb8c733f0e8b3f6"},
    {mac_id::hmac_md5, from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), times(50, 0xcd),
     "697eaf0aca3a3aea3a75164746ffaa79"},
    {mac_id::hmac_md5, times(16, 0x0c), text("Test With Truncation"), "56461ef2342edc00f9bab995690efd4c"},
    // RFC 2202, section 3
    {mac_id::hmac_sha1, times(20, 0x0b), text("Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00"},
    {mac_id::hmac_sha1, text("Jefe"), text("what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {mac_id::hmac_sha1, times(20, 0xaa), times(50, 0xdd), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
    {mac_id::hmac_sha1, from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), times(50, 0xcd),
     "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
    {mac_id::hmac_sha1, times(20, 0x0c), text("Test With Truncation"), "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
    // RFC 4231, section 4; of case 5 it gives the first 16 bytes
    {mac_id::hmac_sha256, times(20, 0x0b), text("Hi There"),
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {mac_id::hmac_sha256, text("Jefe"), text("what do ya want for nothing?"),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {mac_id::hmac_sha256, times(20, 0xaa), times(50, 0xdd),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {mac_id::hmac_sha256, from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), times(50, 0xcd),
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {mac_id::hmac_sha256, times(20, 0x0c), text("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"},
};

struct digest_vector {
  const char* message;
  const char* md2;  // RFC 1319, A.5
  const char* md5;  // RFC 1321, A.5
};
inline constexpr digest_vector digest_vectors[] = {
    {"", "8350e5a3e24c153df2275c9f80692773", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "32ec01ec4a6dac72c0ab96fb34c0b5d1", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "da853b0d3f88d99b30283a69e6ded6bb", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "ab4f496bfb2a530b219ff33031fe06b0", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "4e8ddff3650292ab5a4108c3aa47940b", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "da33def2a42df13975352846c30338cd",
     "d174ab98d277d9f5a5611c2c9f419d9f"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "d5976f79d83d3a0dc9806c3c66f3efd8", "57edf4a22be3c955ac49da2e2107b67a"},
};

// NIST SP 800-38A, F.2.1 and F.2.2
inline const buffer nist_key = from_hex("2b7e151628aed2a6abf7158809cf4f3c");
inline constexpr block nist_iv{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
inline const buffer nist_plain = from_hex(
    "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710");
inline const buffer nist_cipher = from_hex(
    "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7");

/// What holds without cryptography too holds for the tests' own backend.
template <class> struct with_null;
template <class... B> struct with_null<std::tuple<B...>> { using list = std::tuple<B..., testing::null_backend>; };
using ruled_backends = with_null<tested_backends>::list;

/// The data encrypted under a key that is loaded for it alone.
template <backend B> buffer encrypted(B& b, bytes key, bytes data) {
  typename B::aes_key k;
  REQUIRE(b.load(k, key).has_value());
  buffer out(data.begin(), data.end());
  REQUIRE(b.encrypt(k, nist_iv, out).has_value());
  return out;
}

/// The first 64 bytes of a key: pads, midstates, a schedule or pointers, whatever the backend has there.
template <class Key> buffer memory_of(const Key& key) {
  const auto* const at = reinterpret_cast<const std::uint8_t*>(&key);
  return {at, at + std::min<std::size_t>(sizeof key, 64)};
}
/// Whether any 16 of the bytes that were there once still are.
template <class Key> bool still_holds(const Key& key, bytes before) {
  for (std::size_t at = 0; at + 16 <= before.size(); at += 16) {
    const bytes part = before.subspan(at, 16);
    if (!all_zero(part) && test::memory_holds(key, part)) return true;
  }
  return false;
}
template <class T>
constexpr bool only_moves = std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

TEMPLATE_LIST_TEST_CASE("HMAC gives the tags of RFC 2202 and RFC 4231, and their leftmost bytes", "[crypto][hmac]",
                        tested_backends) {
  TestType b;
  for (const auto& v : hmac_vectors) {
    CAPTURE(to_hex(v.key), to_hex(v.data));
    const std::string expected = v.tag;
    CHECK(hmac(b, v.id, v.key, v.data).substr(0, expected.size()) == expected);
    for (std::size_t size = 0; size <= expected.size() / 2; ++size)
      CHECK(hmac(b, v.id, v.key, std::array{bytes(v.data)}, size) == expected.substr(0, 2 * size));
  }
}

TEMPLATE_LIST_TEST_CASE("HMAC takes keys of 0 to 64 bytes", "[crypto][hmac]", tested_backends) {
  TestType b;
  for (const auto id : all_macs) {
    const auto data = text("any message");
    for (std::size_t n = 0; n <= max_mac_secret; ++n) {
      const auto key = counting(n);
      CAPTURE(n);
      CHECK(hmac(b, id, key, data) == oracle(id, key, data));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("HMAC does not depend on the length's relation to the hash block", "[crypto][hmac]",
                        tested_backends) {
  TestType b;
  const auto key = counting(20);
  for (const auto id : all_macs) {
    for (std::size_t n = 0; n <= 300; ++n) {
      const auto data = counting(n);
      CAPTURE(n);
      CHECK(hmac(b, id, key, data) == oracle(id, key, data));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("HMAC does not depend on how the input is cut into pieces", "[crypto][hmac]", tested_backends) {
  TestType b;
  const auto key = counting(20);
  const auto data = counting(150);
  const bytes all(data);
  for (const auto id : all_macs) {
    const auto expected = oracle(id, key, data);
    for (std::size_t first = 0; first <= all.size(); ++first) {
      for (std::size_t second = first; second <= all.size(); ++second) {
        const std::array parts{all.first(first), bytes{}, all.subspan(first, second - first), all.subspan(second)};
        if (hmac(b, id, key, parts, tag_size(id)) != expected) FAIL("cut at " << first << " and " << second);
      }
    }
    std::vector<bytes> single;
    for (std::size_t i = 0; i < all.size(); ++i) single.push_back(all.subspan(i, 1));
    CHECK(hmac(b, id, key, single, tag_size(id)) == expected);
    CHECK(hmac(b, id, key, pieces{}, tag_size(id)) == oracle(id, key, {}));
  }
}

TEMPLATE_LIST_TEST_CASE("HMAC does not depend on the alignment of its input", "[crypto][hmac]", tested_backends) {
  TestType b;
  const auto key = counting(20);
  const auto data = counting(200);
  for (const auto id : all_macs) {
    const auto expected = oracle(id, key, data);
    for (std::size_t at = 0; at < 16; ++at) {
      alignas(16) std::array<std::uint8_t, 216> room{};
      copy(data, mutable_bytes(room).subspan(at));
      CAPTURE(at);
      CHECK(hmac(b, id, key, bytes(room).subspan(at, data.size())) == expected);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("MD2 and MD5 give the digests of RFC 1319 and RFC 1321", "[crypto][digest]", tested_backends) {
  TestType b;
  for (const auto& v : digest_vectors) {
    CAPTURE(v.message);
    const auto message = text(v.message);
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
      const std::array parts{bytes(message).first(cut), bytes(message).subspan(cut)};
      if constexpr (supports_digest<TestType>(digest_id::md2)) CHECK(digest(b, digest_id::md2, parts) == v.md2);
      CHECK(digest(b, digest_id::md5, parts) == v.md5);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("one backend serves many keys in any order", "[crypto][hmac]", tested_backends) {
  TestType b;
  std::array<typename TestType::mac_key, 15> keys;
  REQUIRE(hmac_vectors.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    REQUIRE(b.load(keys[i], hmac_vectors[i].id, hmac_vectors[i].key).has_value());
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t i = keys.size(); i-- > 0;) {
      const auto& v = hmac_vectors[i];
      exact_bytes tag(16);
      REQUIRE(b.sign(keys[i], std::array{bytes(v.data)}, tag).has_value());
      CHECK(to_hex(tag) == std::string(v.tag).substr(0, 32));
      CHECK(digest(b, digest_id::md5, std::array{bytes(v.data)}).size() == 32);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("AES-CBC gives the blocks of NIST SP 800-38A, in place, for 1 to 4 blocks", "[crypto][aes]",
                        tested_backends) {
  TestType b;
  typename TestType::aes_key key;
  REQUIRE(b.load(key, nist_key).has_value());
  for (std::size_t n = 16; n <= nist_plain.size(); n += 16) {
    exact_bytes data(bytes(nist_plain).first(n));
    REQUIRE(b.encrypt(key, nist_iv, data).has_value());
    CHECK(to_hex(data) == to_hex(bytes(nist_cipher).first(n)));
    REQUIRE(b.decrypt(key, nist_iv, data).has_value());
    CHECK(to_hex(data) == to_hex(bytes(nist_plain).first(n)));
  }
}

TEMPLATE_LIST_TEST_CASE("AES-CBC agrees with Crypto++'s CBC mode for every number of blocks and every alignment",
                        "[crypto][aes]", tested_backends) {
  TestType b;
  typename TestType::aes_key key;
  const auto secret = counting(aes_key_size);
  REQUIRE(b.load(key, secret).has_value());
  block iv{};
  copy(counting(100), iv);
  for (std::size_t blocks = 1; blocks <= 33; ++blocks) {
    const auto plain = counting(16 * blocks);
    buffer expected(plain.size());
    CryptoPP::CBC_Mode<CryptoPP::AES>::Encryption cbc(secret.data(), secret.size(), iv.data());
    cbc.ProcessData(expected.data(), plain.data(), plain.size());
    for (std::size_t at = 0; at < 16; at += blocks < 3 ? 1 : 5) {
      CAPTURE(blocks, at);
      buffer room(plain.size() + at);
      const auto data = mutable_bytes(room).subspan(at);
      copy(plain, data);
      REQUIRE(b.encrypt(key, iv, data).has_value());
      CHECK(equal(data, expected));
      REQUIRE(b.decrypt(key, iv, data).has_value());
      CHECK(equal(data, plain));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("the IV may lie in the bytes before the data, as it does in a packet", "[crypto][aes]",
                        tested_backends) {
  TestType b;
  typename TestType::aes_key key;
  REQUIRE(b.load(key, nist_key).has_value());
  buffer packet(nist_iv.begin(), nist_iv.end());
  packet.insert(packet.end(), nist_plain.begin(), nist_plain.end());
  const auto& iv = *reinterpret_cast<const block*>(packet.data());
  REQUIRE(b.encrypt(key, iv, mutable_bytes(packet).subspan(16)).has_value());
  CHECK(equal(bytes(packet).subspan(16), nist_cipher));
  REQUIRE(b.decrypt(key, iv, mutable_bytes(packet).subspan(16)).has_value());
  CHECK(equal(bytes(packet).subspan(16), nist_plain));
}

TEMPLATE_LIST_TEST_CASE("a key that is not loaded, or no longer, does nothing", "[crypto][misuse]", ruled_backends) {
  TestType b;
  typename TestType::mac_key mac;
  typename TestType::aes_key aes;
  const auto unusable = [&] {
    std::array<std::uint8_t, 16> out{};
    CHECK(b.sign(mac, {}, out).error() == errc::crypto_failure);
    CHECK(b.encrypt(aes, nist_iv, out).error() == errc::crypto_failure);
    CHECK(b.decrypt(aes, nist_iv, out).error() == errc::crypto_failure);
    CHECK(all_zero(out));
  };
  unusable();
  b.unload(mac);
  b.unload(aes);
  unusable();
  REQUIRE(b.load(mac, mac_id::hmac_sha1, nist_key).has_value());
  REQUIRE(b.load(aes, nist_key).has_value());
  for (int i = 0; i < 2; ++i) {
    b.unload(mac);
    b.unload(aes);
    unusable();
  }
  REQUIRE(b.load(aes, nist_key).has_value());
  buffer data(nist_plain);
  CHECK(b.encrypt(aes, nist_iv, data).has_value());
  CHECK(data == encrypted(b, nist_key, nist_plain));
}

TEMPLATE_LIST_TEST_CASE("loading a loaded key replaces it", "[crypto][misuse]", ruled_backends) {
  TestType b;
  typename TestType::mac_key mac;
  typename TestType::aes_key aes;
  const auto other = times(16, 0x42);
  REQUIRE(b.load(mac, mac_id::hmac_sha256, other).has_value());
  REQUIRE(b.load(mac, mac_id::hmac_sha1, text("Jefe")).has_value());
  std::array<std::uint8_t, 20> tag{};
  const auto data = text("what do ya want for nothing?");
  CHECK(b.sign(mac, std::array{bytes(data)}, tag).has_value());
  CHECK(to_hex(tag) == hmac(b, mac_id::hmac_sha1, text("Jefe"), data));
  REQUIRE(b.load(aes, other).has_value());
  REQUIRE(b.load(aes, nist_key).has_value());
  buffer blocks(nist_plain);
  CHECK(b.encrypt(aes, nist_iv, blocks).has_value());
  CHECK(blocks == encrypted(b, nist_key, nist_plain));
}

TEMPLATE_LIST_TEST_CASE("sizes that no algorithm has are refused and change nothing", "[crypto][misuse]",
                        ruled_backends) {
  TestType b;
  typename TestType::mac_key mac;
  typename TestType::aes_key aes;
  CHECK(b.load(mac, mac_id::hmac_sha1, times(65, 1)).error() == errc::invalid_argument);
  for (const std::size_t n : {0u, 15u, 17u, 24u, 32u})
    CHECK(b.load(aes, times(n, 1)).error() == errc::invalid_argument);
  REQUIRE(b.load(aes, nist_key).has_value());
  for (std::size_t n = 0; n <= 33; ++n) {
    if (n % 16 == 0 && n != 0) continue;
    buffer data(n, 0x55);
    CHECK(b.encrypt(aes, nist_iv, data).error() == errc::invalid_argument);
    CHECK(b.decrypt(aes, nist_iv, data).error() == errc::invalid_argument);
    CHECK(data == times(n, 0x55));
  }
  for (const auto id : all_macs) {
    REQUIRE(b.load(mac, id, nist_key).has_value());
    buffer tag(tag_size(id) + 1, 0x55);
    CHECK(b.sign(mac, {}, tag).error() == errc::invalid_argument);
    CHECK(tag == times(tag.size(), 0x55));
  }
  buffer out(digest_size + 1, 0x55);
  CHECK(b.digest(digest_id::md5, {}, out).error() == errc::invalid_argument);
  CHECK(b.digest(digest_id::md2, {}, out).error() == errc::invalid_argument);
  CHECK(out == times(out.size(), 0x55));
}

TEMPLATE_LIST_TEST_CASE("a refused load leaves the key as it was", "[crypto][misuse]", ruled_backends) {
  TestType b;
  typename TestType::mac_key mac;
  typename TestType::aes_key aes;
  REQUIRE(b.load(mac, mac_id::hmac_md5, text("Jefe")).has_value());
  REQUIRE(b.load(aes, nist_key).has_value());
  CHECK_FALSE(b.load(mac, mac_id::hmac_sha256, times(65, 1)));
  CHECK_FALSE(b.load(aes, times(15, 1)));
  std::array<std::uint8_t, 16> tag{};
  const auto data = text("what do ya want for nothing?");
  CHECK(b.sign(mac, std::array{bytes(data)}, tag).has_value());
  CHECK(to_hex(tag) == hmac(b, mac_id::hmac_md5, text("Jefe"), data));
  buffer blocks(nist_plain);
  CHECK(b.encrypt(aes, nist_iv, blocks).has_value());
  CHECK(blocks == encrypted(b, nist_key, nist_plain));
}

// NOLINTBEGIN(bugprone-use-after-move): what a moved-from key and backend still do is what is tested

TEMPLATE_LIST_TEST_CASE("a moved key signs as before, and its source is empty and wiped", "[crypto][move]",
                        tested_backends) {
  using mac_key = typename TestType::mac_key;
  STATIC_REQUIRE(only_moves<mac_key>);
  TestType b;
  const auto data = text("what do ya want for nothing?");
  const auto secret = counting(max_mac_secret);
  const auto tag_of = [&](mac_key& key, mac_id id) {
    buffer tag(tag_size(id));
    const auto made = b.sign(key, std::array{bytes(data)}, tag);
    return made ? to_hex(tag) : std::string(describe(made.error()));
  };
  const std::string failed = describe(errc::crypto_failure);
  for (const auto id : all_macs) {
    CAPTURE(static_cast<int>(id));
    const auto expected = oracle(id, secret, data);
    mac_key first;
    REQUIRE(b.load(first, id, secret).has_value());
    auto before = memory_of(first);
    mac_key second = std::move(first);
    CHECK(tag_of(second, id) == expected);
    CHECK(tag_of(first, id) == failed);
    CHECK_FALSE(still_holds(first, before));
    b.unload(first);

    before = memory_of(second);
    mac_key third = std::move(second);
    CHECK(tag_of(third, id) == expected);
    CHECK_FALSE(still_holds(second, before));

    // Onto a loaded key, of which nothing is left.
    const auto other = id == mac_id::hmac_md5 ? mac_id::hmac_sha256 : mac_id::hmac_md5;
    REQUIRE(b.load(first, other, times(max_mac_secret, 0x42)).has_value());
    const auto overwritten = memory_of(first);
    before = memory_of(third);
    first = std::move(third);
    CHECK(tag_of(first, id) == expected);
    CHECK(tag_of(third, id) == failed);
    CHECK_FALSE(still_holds(first, overwritten));
    CHECK_FALSE(still_holds(third, before));

    mac_key& itself = first;
    first = std::move(itself);
    CHECK(tag_of(first, id) == expected);

    // An empty one empties; what was moved from can be loaded again.
    before = memory_of(first);
    first = std::move(second);
    CHECK(tag_of(first, id) == failed);
    CHECK_FALSE(still_holds(first, before));
    REQUIRE(b.load(second, id, secret).has_value());
    CHECK(tag_of(second, id) == expected);
  }
}

TEMPLATE_LIST_TEST_CASE("a moved key encrypts and decrypts as before, and its source is empty and wiped",
                        "[crypto][move]", tested_backends) {
  using aes_key = typename TestType::aes_key;
  STATIC_REQUIRE(only_moves<aes_key>);
  TestType b;
  const auto works = [&](aes_key& key) {
    buffer data(nist_plain);
    if (!b.encrypt(key, nist_iv, data) || data != nist_cipher) return false;
    return b.decrypt(key, nist_iv, data).has_value() && data == nist_plain;
  };
  const auto fails = [&](aes_key& key) {
    buffer data(nist_plain);
    return b.encrypt(key, nist_iv, data).error() == errc::crypto_failure &&
           b.decrypt(key, nist_iv, data).error() == errc::crypto_failure && data == nist_plain;
  };
  aes_key first;
  REQUIRE(b.load(first, nist_key).has_value());
  auto before = memory_of(first);
  aes_key second = std::move(first);
  CHECK(works(second));
  CHECK(fails(first));
  CHECK_FALSE(still_holds(first, before));
  b.unload(first);

  before = memory_of(second);
  aes_key third = std::move(second);
  CHECK(works(third));
  CHECK(fails(second));
  CHECK_FALSE(still_holds(second, before));

  REQUIRE(b.load(first, times(aes_key_size, 0x42)).has_value());
  const auto overwritten = memory_of(first);
  before = memory_of(third);
  first = std::move(third);
  CHECK(works(first));
  CHECK(fails(third));
  CHECK_FALSE(still_holds(first, overwritten));
  CHECK_FALSE(still_holds(third, before));

  aes_key& itself = first;
  first = std::move(itself);
  CHECK(works(first));

  before = memory_of(first);
  first = std::move(second);
  CHECK(fails(first));
  CHECK_FALSE(still_holds(first, before));
  REQUIRE(b.load(second, nist_key).has_value());
  CHECK(works(second));
}

TEMPLATE_LIST_TEST_CASE("a moved backend works on with its keys, and its source unloads what is empty",
                        "[crypto][move]", tested_backends) {
  STATIC_REQUIRE(only_moves<TestType>);
  TestType first;
  typename TestType::mac_key mac, no_mac;
  typename TestType::aes_key aes, no_aes;
  REQUIRE(first.load(mac, mac_id::hmac_sha1, text("Jefe")).has_value());
  REQUIRE(first.load(aes, nist_key).has_value());
  const auto data = text("what do ya want for nothing?");
  const auto check_works = [&](TestType& b) {
    buffer tag(20), blocks(nist_plain);
    CHECK(b.sign(mac, std::array{bytes(data)}, tag).has_value());
    CHECK(to_hex(tag) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(b.encrypt(aes, nist_iv, blocks).has_value());
    CHECK(blocks == nist_cipher);
    CHECK(hmac(b, mac_id::hmac_md5, text("Jefe"), data) == "750c783e6ab0b503eaa86e310a5db738");
    CHECK(encrypted(b, nist_key, nist_plain) == nist_cipher);
  };
  TestType second = std::move(first);
  check_works(second);
  first.unload(no_mac);
  first.unload(no_aes);
  {
    TestType third;
    third = std::move(second);
    check_works(third);
    first = std::move(third);
  }
  check_works(first);
  second.unload(mac);
  second.unload(aes);
}

// NOLINTEND(bugprone-use-after-move)

}  // namespace rmcpp::test::contract
