// SPDX-License-Identifier: BSL-1.0
// The pooled entropy source of the Crypto++ backend.
#include <rmcpp/crypto/cryptopp.hpp>

#include <cryptopp/modes.h>

#include "support/catch.hpp"
#include "support/heap_counter.hpp"
#include "support/residue.hpp"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::core;
using buffer = std::vector<std::uint8_t>;

/// Gives n, n + 1, .. for the n-th request; none while `dry`.
struct script {
  int asked = 0;
  bool dry = false;
};
struct scripted_seed {
  script* s;
  bool fill(mutable_bytes out) noexcept {
    ++s->asked;
    if (s->dry) return false;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<std::uint8_t>(i + 100u * static_cast<unsigned>(s->asked));
    return true;
  }
};
using generator = cryptopp_generator<scripted_seed>;
constexpr std::size_t per_seed = generator::pool_size * generator::pools_per_seed;

buffer take(generator& g, std::size_t n) {
  buffer out(n);
  REQUIRE(g.fill(out));
  return out;
}

/// The key that the n-th answer of the script is.
buffer seed_key(unsigned n) {
  buffer key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i + 100u * n);
  return key;
}

/// Next key and pool by Crypto++'s own CTR mode. Its counter is big-endian at the end, ours little-endian in front, so
/// the blocks are encrypted one by one.
std::pair<buffer, buffer> one_pool(const buffer& key) {
  CryptoPP::ECB_Mode<CryptoPP::AES>::Encryption ecb(key.data(), key.size());
  buffer stream(32 + generator::pool_size);
  for (std::size_t i = 0; i < stream.size() / 16; ++i) {
    std::array<std::uint8_t, 16> counter{static_cast<std::uint8_t>(i)};
    ecb.ProcessData(stream.data() + 16 * i, counter.data(), 16);
  }
  return {{stream.begin(), stream.begin() + 32}, {stream.begin() + 32, stream.end()}};
}

/// Where the C library's small blocks lie.
std::pair<const std::uint8_t*, const std::uint8_t*> heap_range() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[heap]") == std::string::npos) continue;
    const auto at = [&](std::size_t from) {
      return reinterpret_cast<const std::uint8_t*>(std::stoull(line.substr(from), nullptr, 16));
    };
    return {at(0), at(line.find('-') + 1)};
  }
  return {};
}

}  // namespace

TEST_CASE("the pool is AES-256 in counter mode, each pool under a key that the one before made", "[crypto][entropy]") {
  script s;
  generator g(scripted_seed{&s});
  auto [next, first] = one_pool(seed_key(1));
  CHECK(take(g, first.size()) == first);
  const auto second = one_pool(next);
  const auto third = one_pool(second.first);
  buffer both = second.second;
  both.insert(both.end(), third.second.begin(), third.second.end());
  buffer got;  // how much is asked at a time does not matter
  for (std::size_t n = 1; got.size() + n <= both.size(); n = n % 61 + 1) {
    const auto part = take(g, n);
    got.insert(got.end(), part.begin(), part.end());
  }
  const auto rest = take(g, both.size() - got.size());
  got.insert(got.end(), rest.begin(), rest.end());
  CHECK(got == both);
  CHECK(s.asked == 1);
}

TEST_CASE("the seed takes part again after a megabyte, with what there was before", "[crypto][entropy]") {
  script s;
  generator g(scripted_seed{&s});
  buffer key = seed_key(1);
  for (std::uint32_t i = 0; i < generator::pools_per_seed; ++i) key = one_pool(key).first;
  (void)take(g, per_seed);
  CHECK(s.asked == 1);
  const buffer fresh = seed_key(2);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(key[i] ^ fresh[i]);
  CHECK(take(g, generator::pool_size) == one_pool(key).second);
  CHECK(s.asked == 2);
}

TEST_CASE("without a seed there is no entropy, at first, at a reseed, and until one comes", "[crypto][entropy]") {
  script s{.dry = true};
  generator g(scripted_seed{&s});
  buffer out(16, 0xa5);
  CHECK_FALSE(g.fill(out));
  CHECK(out == buffer(16, 0xa5));
  CHECK_FALSE(g.fill(out));
  CHECK(g.fill(mutable_bytes{}));
  s.dry = false;
  (void)take(g, per_seed);
  s.dry = true;
  CHECK_FALSE(g.fill(out));
  s.dry = false;
  CHECK(g.fill(out));
}

TEST_CASE("what was handed out, and the key that made it, are not in the source's memory", "[crypto][entropy]") {
  script s;
  generator g(scripted_seed{&s});
  const auto handed_out = take(g, 160);
  const auto [next, pool] = one_pool(seed_key(1));
  for (std::size_t i = 0; i < handed_out.size(); i += 16)
    CHECK_FALSE(test::memory_holds(g, bytes(handed_out).subspan(i, 16)));
  CHECK_FALSE(test::memory_holds(g, bytes(seed_key(1)).first(16)));
  CHECK(test::memory_holds(g, bytes(next).first(16)));  // the search can find a key
  CHECK(test::memory_holds(g, bytes(pool).subspan(160, 16)));
}

TEST_CASE("the key that made a pool is not left in its schedule on the heap either", "[crypto][entropy]") {
  if (!test::counts_heap_calls) return;  // another allocator
  script s;
  generator g(scripted_seed{&s});
  std::array<std::uint8_t, 16> iv{};
  REQUIRE(g.fill(iv));
  // The key is spelled out, so that no copy of it is on the heap.
  const auto holds = [](std::uint8_t first) {
    const auto [low, high] = heap_range();
    for (const std::uint8_t* p = low; p + 16 <= high; ++p) {
      std::size_t n = 0;
      while (n < 16 && p[n] == static_cast<std::uint8_t>(first + n)) ++n;
      if (n == 16) return true;
    }
    return false;
  };
  CHECK_FALSE(holds(100));
  const auto visible = seed_key(1);
  CHECK(holds(100));  // the search can find it
  CHECK(visible.size() == 32);
}

TEST_CASE("a source that was moved from asks for a new seed; nothing is handed out twice", "[crypto][entropy]") {
  script s;
  generator a(scripted_seed{&s});
  const auto first = take(a, 16);
  generator b(std::move(a));
  const auto second = take(b, 16);
  CHECK(equal(second, bytes(one_pool(seed_key(1)).second).subspan(16, 16)));
  CHECK(s.asked == 1);
  CHECK(equal(take(a, 16), bytes(one_pool(seed_key(2)).second).first(16)));
  CHECK(s.asked == 2);
  a = std::move(b);
  CHECK(equal(take(a, 16), bytes(one_pool(seed_key(1)).second).subspan(32, 16)));
}

TEST_CASE("reseed() forgets all there was", "[crypto][entropy]") {
  script s;
  generator g(scripted_seed{&s});
  (void)take(g, 16);
  const auto [next, pool] = one_pool(seed_key(1));
  g.reseed();
  CHECK_FALSE(test::memory_holds(g, bytes(next).first(16)));
  CHECK_FALSE(test::memory_holds(g, bytes(pool).subspan(32, 16)));
  CHECK(equal(take(g, 16), bytes(one_pool(seed_key(2)).second).first(16)));
}

TEST_CASE("only the first use makes a heap call", "[crypto][entropy][heap]") {
  cryptopp_entropy e;
  std::array<std::uint8_t, 16> iv{};
  bool good = e.fill(iv);
  const auto calls = test::count_heap_calls([&] {
    for (int i = 0; i < 1000; ++i) good = good && e.fill(iv);  // some 15 pools
  });
  CHECK(calls == 0);
  // The schedule moves with the rest.
  const auto calls_moved = test::count_heap_calls([&] {
    cryptopp_entropy moved = std::move(e);
    for (int i = 0; i < 1000; ++i) good = good && moved.fill(iv);
  });
  CHECK(calls_moved == 0);
  CHECK(good);
}
