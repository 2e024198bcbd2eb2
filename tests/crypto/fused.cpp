// SPDX-License-Identifier: BSL-1.0
// encrypt_then_sign() of the Crypto++ backend against Crypto++'s own CBC_Mode and HMAC classes, for every length, room
// behind the tag and address.
#include <rmcpp/crypto/cryptopp.hpp>

#include <cryptopp/hmac.h>
#include <cryptopp/modes.h>

#include "support/catch.hpp"
#include "support/heap_counter.hpp"
#include "support/hex.hpp"

#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::crypto;
using buffer = std::vector<std::uint8_t>;

constexpr std::size_t text_at = 12 + aes_block_size;  ///< behind session header and IV
constexpr std::size_t slow_tag = 32;

buffer counting(std::size_t n) {
  buffer b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8) + 3);
  return b;
}
const buffer cipher_secret = counting(aes_key_size);
const buffer mac_secret = counting(20);

/// What a packet of `text_size` bytes of text and a trailer up to offset `code` becomes, its whole tag behind it.
buffer slowly(mac_id id, std::size_t text_size, std::size_t code) {
  buffer packet = counting(code);
  std::uint8_t* const text = packet.data() + text_at;
  CryptoPP::CBC_Mode<CryptoPP::AES>::Encryption cbc(cipher_secret.data(), cipher_secret.size(), text - aes_block_size);
  cbc.ProcessData(text, text, text_size);
  const auto sign = [&](auto mac) {
    mac.SetKey(mac_secret.data(), mac_secret.size());
    buffer tag(slow_tag);
    mac.CalculateTruncatedDigest(tag.data(), mac.DigestSize(), packet.data(), packet.size());
    return tag;
  };
  const buffer tag = id == mac_id::hmac_md5    ? sign(CryptoPP::HMAC<CryptoPP::Weak1::MD5>())
                     : id == mac_id::hmac_sha1 ? sign(CryptoPP::HMAC<CryptoPP::SHA1>())
                                               : sign(CryptoPP::HMAC<CryptoPP::SHA256>());
  packet.insert(packet.end(), tag.begin(), tag.end());
  return packet;
}

struct keys {
  explicit keys(mac_id id) {
    REQUIRE(b.load(aes, cipher_secret).has_value());
    REQUIRE(b.load(mac, id, mac_secret).has_value());
  }
  cryptopp_backend b{};
  cryptopp_backend::aes_key aes{};
  cryptopp_backend::mac_key mac{};
};

/// Seals at `at` bytes into a block full of A5h, with `room` bytes behind the tag, and compares all of the block.
/// Empty if all is well.
const char* problem(keys& k, const buffer& expected, std::size_t text_size, std::size_t code, std::size_t code_size,
                    std::size_t room, std::size_t at) {
  constexpr std::size_t beyond = 80;
  buffer block(at + code + code_size + room + beyond, 0xa5);
  const mutable_bytes data = mutable_bytes(block).subspan(at, code + code_size + room);
  copy(counting(code), data);
  if (!k.b.encrypt_then_sign(k.aes, k.mac, {data, text_at, text_size, code, code_size})) return "refused";
  if (!equal(data.first(code + code_size), bytes(expected).first(code + code_size))) return "other bytes";
  if (!equal(bytes(block).first(at), buffer(at, 0xa5))) return "wrote before the packet";
  if (!equal(bytes(block).last(beyond), buffer(beyond, 0xa5))) return "wrote behind the span";
  constexpr std::size_t scratch = 64;  // from the tag on
  const std::size_t used = code_size < scratch ? scratch - code_size : 0;
  if (room > used && !equal(data.last(room - used), buffer(room - used, 0xa5))) return "took more room than it says";
  return "";
}

constexpr std::array all_macs{mac_id::hmac_md5, mac_id::hmac_sha1, mac_id::hmac_sha256};
constexpr std::size_t code_size_of(mac_id id) { return id == mac_id::hmac_sha1 ? 12 : 16; }

}  // namespace

TEST_CASE("fused packets of any length, with any room behind them, are those of the slow classes", "[crypto][fused]") {
  for (const auto id : all_macs) {
    keys k(id);
    // 1 to 14 blocks are the texts of messages of 0 to 200 bytes and more; then the interleaved ones' odd ends.
    for (std::size_t blocks = 1; blocks <= 70; blocks += blocks < 24 ? 1 : 7) {
      const std::size_t text_size = blocks * aes_block_size;
      const std::size_t code = text_at + text_size + 4;
      const auto expected = slowly(id, text_size, code);
      for (std::size_t room = 0; room <= 80; ++room) {
        CAPTURE(static_cast<int>(id), blocks, room);
        REQUIRE(std::string(problem(k, expected, text_size, code, code_size_of(id), room, 0)).empty());
      }
    }
  }
}

TEST_CASE("fused packets may lie at any address", "[crypto][fused]") {
  for (const auto id : all_macs) {
    keys k(id);
    for (const std::size_t blocks : {1u, 2u, 5u, 7u, 8u, 11u, 12u, 65u}) {
      const std::size_t text_size = blocks * aes_block_size;
      const std::size_t code = text_at + text_size + 4;
      const auto expected = slowly(id, text_size, code);
      for (std::size_t at = 0; at < 16; ++at) {
        for (const std::size_t room : {0u, 36u, 52u, 80u}) {
          CAPTURE(static_cast<int>(id), blocks, at, room);
          REQUIRE(std::string(problem(k, expected, text_size, code, code_size_of(id), room, at)).empty());
        }
      }
    }
  }
}

TEST_CASE("a tag at any offset and of any size is right, though packets have few", "[crypto][fused]") {
  for (const auto id : all_macs) {
    keys k(id);
    for (std::size_t trailer = 0; trailer <= 70; ++trailer) {
      for (const std::size_t blocks : {1u, 9u}) {
        const std::size_t text_size = blocks * aes_block_size;
        const std::size_t code = text_at + text_size + trailer;
        const auto expected = slowly(id, text_size, code);
        for (std::size_t size = 0; size <= tag_size(id); ++size) {
          CAPTURE(static_cast<int>(id), trailer, blocks, size);
          REQUIRE(std::string(problem(k, expected, text_size, code, size, 80, 4)).empty());
        }
      }
    }
  }
}

TEST_CASE("fused packets whose parts do not fit are refused and untouched", "[crypto][fused][misuse]") {
  keys k(mac_id::hmac_sha1);
  cryptopp_backend::aes_key no_aes;
  cryptopp_backend::mac_key no_mac;
  buffer data(200, 0xa5);
  const fused_packet good{data, text_at, 32, 64, 12};
  const auto refused = [&](auto&& change, errc why) {
    fused_packet p = good;
    change(p);
    CHECK(k.b.encrypt_then_sign(k.aes, k.mac, p).error() == why);
    CHECK(data == buffer(200, 0xa5));
  };
  refused([](auto& p) { p.text = 15; }, errc::invalid_argument);
  refused([](auto& p) { p.text = 65; }, errc::invalid_argument);
  refused([](auto& p) { p.text_size = 0; }, errc::invalid_argument);
  refused([](auto& p) { p.text_size = 31; }, errc::invalid_argument);
  refused([](auto& p) { p.text_size = 48; }, errc::invalid_argument);
  refused([](auto& p) { p.text_size = ~std::size_t{15}; }, errc::invalid_argument);
  refused([](auto& p) { p.code = 201; }, errc::invalid_argument);
  refused([](auto& p) { p.code_size = 21; }, errc::invalid_argument);
  refused([](auto& p) { p.code = 190; }, errc::invalid_argument);
  CHECK(k.b.encrypt_then_sign(no_aes, k.mac, good).error() == errc::crypto_failure);
  CHECK(k.b.encrypt_then_sign(k.aes, no_mac, good).error() == errc::crypto_failure);
  CHECK(data == buffer(200, 0xa5));
  CHECK(k.b.encrypt_then_sign(k.aes, k.mac, good).has_value());
}

TEST_CASE("a fused packet makes no heap call", "[crypto][fused][heap]") {
  for (const auto id : all_macs) {
    keys k(id);
    buffer data(1200);
    bool good = true;
    CHECK(test::count_heap_calls([&] {
            for (const std::size_t size : {16u, 112u, 128u, 1024u})
              for (const std::size_t room : {0u, 80u})
                good = good && k.b.encrypt_then_sign(k.aes, k.mac,
                                                     {mutable_bytes(data).first(size + 44 + room), text_at, size,
                                                      text_at + size + 4, 12})
                                   .has_value();
          }) == 0);
    CHECK(good);
  }
}
