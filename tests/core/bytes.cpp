// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/core/bytes.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::test;

TEST_CASE("copy() copies what fits and says how much") {
  const auto from = "01 02 03"_hex;
  std::array<std::uint8_t, 2> small{};
  CHECK(copy(from, small) == 2);
  CHECK(small == "01 02"_hex);
  std::array<std::uint8_t, 4> large{0xff, 0xff, 0xff, 0xff};
  CHECK(copy(from, large) == 3);
  CHECK(large == "01 02 03 FF"_hex);
  CHECK(copy({}, large) == 0);
}

TEST_CASE("equal() compares lengths and all bytes") {
  CHECK(equal("01 02"_hex, "01 02"_hex));
  CHECK_FALSE(equal("01 02"_hex, "01 03"_hex));
  CHECK_FALSE(equal("01 02"_hex, "01 02 00"_hex));
  CHECK(equal({}, {}));
}

TEST_CASE("all_zero() finds any other byte") {
  CHECK(all_zero({}));
  for (std::size_t at = 0; at < 20; ++at) {
    std::array<std::uint8_t, 20> key{};
    CHECK(all_zero(key));
    key[at] = 1;
    CHECK_FALSE(all_zero(key));
  }
}

TEST_CASE("numbers lie least-significant byte first") {
  std::array<std::uint8_t, 4> b{};
  store_le32(b.data(), 0x02001234);
  CHECK(b == "34 12 00 02"_hex);
  CHECK(load_le32(b.data()) == 0x02001234u);
  store_le32(b.data(), 0xfffefdfc);
  CHECK(load_le32(b.data()) == 0xfffefdfcu);
  store_le16(b.data(), 0xabcd);
  CHECK(b == "CD AB FE FF"_hex);
  CHECK(load_le16(b.data()) == 0xabcd);
}

TEST_CASE("bounded holds up to its capacity and refuses more, unchanged") {
  bounded<3> b;
  CHECK(b.empty());
  CHECK(b.assign("0A 0B"_hex));
  CHECK(b.size() == 2);
  CHECK(equal(b, "0A 0B"_hex));
  CHECK_FALSE(b.assign("01 02 03 04"_hex));
  CHECK(equal(b, "0A 0B"_hex));
  CHECK(b.assign("01 02 03"_hex));
  CHECK(b.size() == bounded<3>::capacity);
}

TEST_CASE("bounded is padded with zeros, also after something longer") {
  bounded<4> b("01 02 03 04"_hex);
  CHECK(b.assign("05"_hex));
  CHECK(b.padded() == "05 00 00 00"_hex);
  CHECK(b == bounded<4>("05"_hex));
}

TEST_CASE("bounded tells a trailing zero from no byte") { CHECK(bounded<4>("61 00"_hex) != bounded<4>("61"_hex)); }

TEST_CASE("a literal or a list of constants fills a bounded, as far as the compiler finds that it fits") {
  STATIC_REQUIRE(bounded<5>("admin").size() == 5);
  STATIC_REQUIRE(bounded<16>("").empty());
  CHECK(equal(bounded<5>("ad\0in"), "61 64 00 69 6E"_hex));
  const bounded<4> list = {17, 3, 0};
  CHECK(equal(list, "11 03 00"_hex));
  STATIC_REQUIRE(std::is_constructible_v<bounded<4>, const std::array<std::uint8_t, 4>&>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<bounded<4>, const std::array<std::uint8_t, 5>&>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<bounded<4>, bytes>);  // of unknown length: from() or assign()
  STATIC_REQUIRE_FALSE(std::is_constructible_v<bounded<2>, int, int, int>);
}

TEST_CASE("text of any kind becomes a bounded, whole or not at all") {
  using name = bounded<5>;
  const std::string text = "admin";
  const std::vector<std::uint8_t> raw{1, 2, 3};
  CHECK(equal(*name::from(text), "61 64 6D 69 6E"_hex));
  CHECK(equal(*name::from(std::string_view("ab")), "61 62"_hex));
  CHECK(equal(*name::from(text.c_str()), "61 64 6D 69 6E"_hex));
  CHECK(equal(*name::from(raw), "01 02 03"_hex));
  CHECK(equal(*name::from(std::string("a\0b", 3)), "61 00 62"_hex));
  CHECK(name::from(bytes{})->empty());
  for (const auto& longer : {std::string("admin2"), std::string(1000, 'x')}) {
    CHECK(name::from(longer).error() == errc::too_long);
    CHECK(name::from(longer)->empty());
    CHECK(name::from(longer.c_str()).error() == errc::too_long);
  }
}
