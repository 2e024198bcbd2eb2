// SPDX-License-Identifier: BSL-1.0
// Loops over bytes, and what holds bytes in place.
#include "proof.hpp"

#include <rmcpp/core/hash.hpp>
#include <rmcpp/core/secure.hpp>

using namespace rmcpp;
using namespace rmcpp::proof;

namespace {

constexpr std::array<std::uint8_t, 40> counting = [] {
  std::array<std::uint8_t, 40> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i + 1);
  return all;
}();

constexpr bytes first(std::size_t n) { return bytes(counting).first(n); }

/// The shorter of the two ranges says how far.
constexpr bool copies() {
  for (std::size_t from = 0; from <= 5; ++from) {
    for (std::size_t to = 0; to <= 5; ++to) {
      const storage source(first(from));
      storage target(to);
      const std::size_t n = core::copy(source, target);
      demand(n == (from < to ? from : to) && core::equal(bytes(target).first(n), first(n)));
      core::fill(target, 0);
      demand(core::all_zero(target) && core::equal(source, first(to)) == (from == to));
      demand(equal_constant_time(source, first(to)) == (from == to));
      core::wipe(target);
    }
  }
  return true;
}

constexpr bool numbers_survive() {
  for (const std::uint32_t v : {0u, 1u, 0x80u, 0x8000u, 0x12345678u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    storage at(4);
    core::store_le32(&at[0], v);
    demand(core::load_le32(&at[0]) == v && core::load_le16(&at[2]) == v >> 16);
  }
  return true;
}

/// Each length and each place counts.
constexpr bool digests() {
  std::array<std::uint64_t, counting.size() + 1> seen{};
  for (std::size_t n = 0; n <= counting.size(); ++n) {
    storage in(first(n));
    seen[n] = core::request_digest(in);
    for (std::size_t i = 0; i < n; ++i) demand(seen[i] != seen[n]);
    demand(n == 0 || core::content_digest(in) != core::content_digest(first(n - 1)));
    if (n == 0) continue;
    in[n - 1] ^= 0x80;
    demand(core::request_digest(in) != seen[n]);
  }
  return true;
}

template <std::size_t N> constexpr bool bounds() {
  bounded<N> b;
  for (std::size_t n = 0; n <= N + 2; ++n) {
    const storage in(first(n));
    const auto before = b;
    const auto made = bounded<N>::from(bytes(in));
    demand(b.assign(in) == (n <= N) && made.has_value() == (n <= N));
    if (n > N) {
      demand(b == before && made.error() == errc::too_long);
      continue;
    }
    demand(b == *made && b.size() == n && core::equal(b, in) && b.empty() == (n == 0));
    demand(core::all_zero(bytes(b.padded()).subspan(n)));
    demand_readable(b.resize(N));
    demand(b.size() == N);
  }
  return true;
}

template <std::size_t N> constexpr bool keeps_secret() {
  secret<N> s;
  for (std::size_t n = 0; n <= N + 2; ++n) {
    const storage in(first(n));
    demand(s.assign(in) == (n <= N) && secret<N>::from(bytes(in)).has_value() == (n <= N));
    if (n <= N) demand(core::equal(bytes(s.reveal()).first(n), in) && core::all_zero(bytes(s.reveal()).subspan(n)));
  }
  s.clear();
  return s.is_zero();
}

}  // namespace

static_assert(copies());
static_assert(numbers_survive());
static_assert(digests());
static_assert(bounds<1>() && bounds<16>() && bounds<33>());
static_assert(bounded<255>::from(std::array<std::uint8_t, 255>{}) && !bounded<255>::from(std::array<char, 256>{}));
static_assert(keeps_secret<16>() && keeps_secret<20>());
