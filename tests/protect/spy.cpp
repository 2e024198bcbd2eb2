// SPDX-License-Identifier: BSL-1.0
// What a packet costs, counted: calls of the backend and of the heap. No test asserts a time; these are what times
// are made of.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>

#include "support/catch.hpp"
#include "support/heap_counter.hpp"
#include "support/protected_session.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::test;

struct counts {
  int load = 0, unload = 0, sign = 0, encrypt = 0, decrypt = 0, digest = 0, fused = 0;
  friend bool operator==(const counts&, const counts&) = default;
};

/// Crypto++ with every call counted; without its fused form.
struct spy : private cryptopp_backend {
  using cryptopp_backend::aes_key, cryptopp_backend::mac_key, cryptopp_backend::supports;
  template <class... Args> status load(Args&&... args) noexcept {
    return ++calls.load, cryptopp_backend::load(static_cast<Args&&>(args)...);
  }
  template <class Key> void unload(Key& key) noexcept { ++calls.unload, cryptopp_backend::unload(key); }
  status sign(mac_key& key, pieces data, mutable_bytes tag) noexcept {
    ++calls.sign;
    one_piece = one_piece && data.size() == 1;
    return cryptopp_backend::sign(key, data, tag);
  }
  status encrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept {
    return ++calls.encrypt, cryptopp_backend::encrypt(key, iv, data);
  }
  status decrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept {
    ++calls.decrypt;
    iv_in_place = iv_in_place && iv.data() + iv.size() == data.data();
    return cryptopp_backend::decrypt(key, iv, data);
  }
  status digest(digest_id id, pieces data, mutable_bytes out) noexcept {
    return ++calls.digest, cryptopp_backend::digest(id, data, out);
  }
  counts calls{};
  bool one_piece = true;
  bool iv_in_place = true;

 protected:
  status fuse(aes_key& aes, mac_key& mac, const fused_packet& p) noexcept {
    return ++calls.fused, cryptopp_backend::encrypt_then_sign(aes, mac, p);
  }
};
struct fused_spy : spy {
  status encrypt_then_sign(aes_key& aes, mac_key& mac, const fused_packet& p) noexcept { return fuse(aes, mac, p); }
};
static_assert(digest_backend<spy> && !fused_backend<spy> && fused_backend<fused_spy>);

}  // namespace

TEMPLATE_TEST_CASE("each packet costs one call for each protection that it has, both ways, and no key is loaded",
                   "[protect][spy]", spy, fused_spy) {
  for (const auto id : all_suites) {
    protected_session<TestType> s(id);
    const bool md5_128 = s.suite.integrity == integrity_algorithm::md5_128;
    const int sign = s.keys.authenticates() && !md5_128 ? 1 : 0;
    const int cipher = s.keys.encrypts() ? 1 : 0;
    const int digest = md5_128 ? 1 : 0;
    const int fused = fused_backend<TestType> && sign == 1 && cipher == 1 ? 1 : 0;
    std::uint32_t sequence = 0;
    for (const std::size_t size : {1u, 8u, 16u, 64u, 256u, 1024u, 4000u}) {
      CAPTURE(static_cast<int>(id), size);
      s.b.calls = {};
      auto datagram = s.sealed(++sequence, counting_bytes(size));
      CHECK(s.b.calls == counts{.sign = sign - fused, .encrypt = cipher - fused, .digest = digest, .fused = fused});
      s.b.calls = {};
      CHECK(s.open(datagram).has_value());
      CHECK(s.b.calls == counts{.sign = sign, .decrypt = cipher, .digest = digest});
    }
    CHECK(s.b.one_piece);    // what is hashed lies together
    CHECK(s.b.iv_in_place);  // and is decrypted where it came
  }
}

TEST_CASE("no packet makes a heap call with Crypto++, of any suite and size, either way", "[protect][spy][heap]") {
  for (const auto id : all_suites) {
    protected_session<cryptopp_backend> s(id);
    std::uint32_t sequence = 0;
    for (const std::size_t size : {1u, 8u, 16u, 64u, 256u, 1024u, 4000u}) {
      CAPTURE(static_cast<int>(id), size);
      const auto p = plan(s.kind(), s.suite.integrity, size);
      buffer out(p.total + seal_slack);
      bool good = true;
      CHECK(test::count_heap_calls([&] {
              for (const std::size_t room : {std::size_t{0}, seal_slack}) {
                const session_header_v2 header{.payload = s.kind(), .id = example_id, .sequence = ++sequence};
                const auto datagram = mutable_bytes(out).first(p.total + room);
                good = good && seal(s.b, s.keys, header, p, example_iv, datagram).has_value();
                good = good && s.open(datagram.first(p.total)).has_value();
              }
            }) == 0);
      CHECK(good);
    }
  }
}
