// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/core/secure.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <string>

#include <vector>

#include <memory>
#include <new>
#include <type_traits>

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::test;

TEST_CASE("wipe() zeroes every byte") {
  auto b = "01 02 03"_hex;
  wipe(b);
  CHECK(b == "00 00 00"_hex);
  wipe({});
}

TEST_CASE("equal_constant_time() finds a difference in any bit of any byte, whatever the length") {
  for (std::size_t size = 0; size <= 20; ++size) {
    CAPTURE(size);
    const std::vector<std::uint8_t> a(size);
    CHECK(equal_constant_time(a, a));
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        auto b = a;
        b[at] = static_cast<std::uint8_t>(1u << bit);
        CHECK_FALSE(equal_constant_time(a, b));
      }
    }
  }
  static constexpr std::array<std::uint8_t, 5> c{1, 2, 3, 4, 5}, d{1, 2, 3, 4, 4};
  static_assert(equal_constant_time(c, c) && !equal_constant_time(c, d));
}

TEST_CASE("equal_constant_time() does not let differences cancel out") {
  CHECK_FALSE(equal_constant_time("01 01"_hex, "00 00"_hex));
  CHECK_FALSE(equal_constant_time("FF 01"_hex, "FE 00"_hex));
}

TEST_CASE("equal_constant_time() is false for different lengths") {
  CHECK_FALSE(equal_constant_time("00"_hex, "00 00"_hex));
  CHECK(equal_constant_time({}, {}));
}

TEST_CASE("a secret pads with zeros, also after something longer") {
  secret<4> s("01 02 03 04"_hex);
  CHECK(s.assign("05 06"_hex));
  CHECK(equal(s.reveal(), "05 06 00 00"_hex));
}

TEST_CASE("a secret refuses what is too long, unchanged") {
  secret<2> s("01 02"_hex);
  CHECK_FALSE(s.assign("03 04 05"_hex));
  CHECK(equal(s.reveal(), "01 02"_hex));
}

TEST_CASE("a secret starts and clears to zero") {
  secret<20> s;
  CHECK(s.is_zero());
  CHECK(s.assign("00 01"_hex));  // as a K_g that begins with 00h
  CHECK_FALSE(s.is_zero());
  s.clear();
  CHECK(s.is_zero());
}

TEST_CASE("a literal or text becomes a secret, whole or not at all") {
  CHECK(equal(secret<8>("secret").reveal(), "73 65 63 72 65 74 00 00"_hex));
  CHECK(equal(secret<8>::from(std::string("secret"))->reveal(), secret<8>("secret").reveal()));
  CHECK(secret<8>::from("8 bytes!").has_value());
  CHECK(secret<8>::from(std::string(9, 'x')).error() == errc::too_long);
  CHECK(secret<8>::from(std::string(9, 'x'))->is_zero());
  STATIC_REQUIRE_FALSE(std::is_constructible_v<secret<8>, bytes>);
}

TEST_CASE("a secret's memory is zero after its end") {
  alignas(secret<16>) std::array<std::uint8_t, sizeof(secret<16>)> memory{};
  auto* s = new (memory.data()) secret<16>("0102030405060708090A0B0C0D0E0F10"_hex);
  CHECK_FALSE(all_zero(memory));
  std::destroy_at(s);
  CHECK(all_zero(memory));
}

template <class T> concept comparable = requires(const T& a) { a == a; };

TEST_CASE("what wipes itself is wiped where it was moved from, and at its end") {
  struct state {
    std::array<std::uint8_t, 20> key{};
    bool loaded = false;
  };
  using wiping = self_wiping<state>;
  STATIC_REQUIRE((std::is_nothrow_move_constructible_v<wiping> && std::is_nothrow_move_assignable_v<wiping>));
  STATIC_REQUIRE((!std::is_copy_constructible_v<wiping> && !std::is_copy_assignable_v<wiping>));
  const auto memory = [](const wiping& w) { return bytes(reinterpret_cast<const std::uint8_t*>(&w), sizeof w); };
  const auto holds = [](const wiping& w, std::uint8_t value) {
    return w->loaded && w->key == std::array<std::uint8_t, 20>{value};
  };
  alignas(wiping) std::array<std::uint8_t, sizeof(wiping)> room{};
  auto& first = *new (room.data()) wiping;
  CHECK(all_zero(memory(first)));
  first->key[0] = 7;
  first->loaded = true;
  wiping second = std::move(first);
  CHECK(holds(second, 7));
  CHECK(all_zero(memory(first)));
  first->key[0] = 9;
  first->loaded = true;
  first = std::move(second);
  CHECK(holds(first, 7));
  CHECK(all_zero(memory(second)));  // NOLINT(bugprone-use-after-move): that is what is tested
  auto& itself = first;
  first = std::move(itself);
  CHECK(holds(first, 7));
  second = std::move(first);
  second.wipe();
  CHECK(all_zero(memory(second)));
  first->key[0] = 7;
  first.~wiping();
  CHECK(all_zero(room));
}

TEST_CASE("secrets cannot be compared or printed by accident") {
  STATIC_REQUIRE_FALSE(comparable<secret<16>>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<secret<16>, bytes>);
}
