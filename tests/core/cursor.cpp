// SPDX-License-Identifier: BSL-1.0
// Each primitive of a layout, alone: what it writes, what it reads back, what it refuses.
#include <rmcpp/core/cursor.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

enum class colour : std::uint8_t { red = 1 };
struct flags {
  std::uint8_t value = 0;
};

// One small message for every primitive.
struct numbers {
  std::uint8_t a = 0;
  std::uint16_t b = 0;
  std::uint32_t c = 0;
  std::uint32_t d = 0;
  std::uint32_t e = 0;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("a", m.a);
    io.le16("b", m.b);
    io.le24("c", m.c);
    io.le32("d", m.d);
    io.be32("e", m.e);
  }
};
struct bits {
  colour hue{};
  flags set{};
  colour low{};
  flags low_set{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("hue", m.hue);
    io.u8("set", m.set);
    io.low_bits("low", m.low, 0x0f);
    io.low_bits("low_set", m.low_set, 0x3f);
  }
};
struct fixed {
  std::array<std::uint8_t, 3> value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.constant("mark", 0x5a, errc::bad_constant);
    io.reserved(2);
    io.raw("value", m.value);
  }
};
struct counted {
  bounded<3> value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.counted8("value", m.value); }
};
struct resting {
  bounded<3> value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.rest("value", m.value); }
};
struct viewed8 {
  bytes value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.view8("value", m.value); }
};
struct viewed16 {
  bytes value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.view16("value", m.value); }
};
struct summed {
  std::uint8_t head = 0;
  bytes body{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("head", m.head);
    const auto start = io.mark();
    io.tail("body", m.body, 1);
    io.checksum("sum", start);
  }
};
struct nested {
  numbers first{};
  std::uint8_t last = 0;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.group("first", m.first);
    io.u8("last", m.last);
  }
};
struct optional_end {
  std::uint8_t a = 0;
  std::uint16_t b = 0;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("a", m.a);
    if (m.a == 0 && !io.more(2)) return io.ignore_rest();
    io.le16("b", m.b);
  }
};
struct judged {
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("a", m.a);
    if (m.a == 0xff) io.fail("a", errc::bad_constant);
    io.u8("b", m.b);
  }
};

}  // namespace

TEST_CASE("numbers: little-endian but for be32") {
  constexpr auto wire = "01 | 03 02 | 06 05 04 | 0A 09 08 07 | 0B 0C 0D 0E"_hex;
  check_encodes(numbers{0x01, 0x0203, 0x040506, 0x0708090a, 0x0b0c0d0e}, wire);
  const auto m = decode<numbers>(wire);
  REQUIRE(m);
  CHECK(m->a == 0x01);
  CHECK(m->b == 0x0203);
  CHECK(m->c == 0x040506);
  CHECK(m->d == 0x0708090a);
  CHECK(m->e == 0x0b0c0d0e);
  check_exact_size<numbers>(wire);
  check_survives<numbers>("FF FF FF FF FF FF FF FF FF FF FF FF FF FF"_hex);
}

TEST_CASE("enums and bit bytes: unknown values survive") {
  constexpr auto wire = "EE FF 0C 2A"_hex;
  check_survives<bits>(wire);
  check_encodes(bits{static_cast<colour>(0xee), {0xff}, static_cast<colour>(0x0c), {0x2a}}, wire);
}

TEST_CASE("low_bits: reserved bits are ignored when read and written as 0") {
  const auto m = decode<bits>("01 00 F1 FF"_hex);
  REQUIRE(m);
  CHECK(m->low == colour::red);
  CHECK(m->low_set.value == 0x3f);
  CHECK(encoded(bits{.low = static_cast<colour>(0xf1), .low_set = {0xff}}) == "0000013f");
}

TEST_CASE("constant: the one value is written, another is refused with its own error") {
  constexpr auto wire = "5A 00 00 01 02 03"_hex;
  check_encodes(fixed{{1, 2, 3}}, wire);
  check_exact_size<fixed>(wire);
  CHECK(text(decode_error<fixed>("5B 00 00 01 02 03"_hex)) == text(errc::bad_constant));
}

TEST_CASE("reserved: zero when written, anything when read") { check_reserved<fixed>("5A 00 00 01 02 03"_hex, {1, 2}); }

TEST_CASE("counted8: a length byte that exceeds the field or the bytes present is refused") {
  check_encodes(counted{bounded<3>("0A 0B"_hex)}, "02 0A 0B"_hex);
  check_encodes(counted{}, "00"_hex);
  check_exact_size<counted>("03 0A 0B 0C"_hex);
  CHECK(text(decode_error<counted>("04 01 02 03 04"_hex)) == text(errc::bad_length));
  CHECK(text(decode_error<counted>("02 01"_hex)) == text(errc::bad_length));
  CHECK(text(decode_error<counted>("FF"_hex)) == text(errc::bad_length));
}

TEST_CASE("rest: all that remains, up to the capacity") {
  check_encodes(resting{bounded<3>("0A 0B 0C"_hex)}, "0A 0B 0C"_hex);
  check_prefixes<resting>("0A 0B 0C"_hex, 0);
  CHECK(text(decode_error<resting>("01 02 03 04"_hex)) == text(errc::trailing_bytes));
}

TEST_CASE("view8 and view16: views into the input, with a length in front") {
  constexpr auto body = "0A 0B 0C"_hex;
  check_encodes(viewed8{body}, "03 0A 0B 0C"_hex);
  check_encodes(viewed16{body}, "03 00 0A 0B 0C"_hex);
  check_exact_size<viewed8>("03 0A 0B 0C"_hex);
  check_exact_size<viewed16>("03 00 0A 0B 0C"_hex);
  CHECK(text(decode_error<viewed8>("04 0A 0B 0C"_hex)) == text(errc::bad_length));
  CHECK(text(decode_error<viewed16>("03 01 0A 0B 0C"_hex)) == text(errc::bad_length));

  constexpr auto wire = "03 0A 0B 0C"_hex;
  CHECK(decode<viewed8>(wire)->value.data() == wire.data() + 1);
}

TEST_CASE("view8 and view16: what their length cannot say is refused") {
  const std::vector<std::uint8_t> long_body(0x10000);
  std::vector<std::uint8_t> out(0x10010);
  CHECK(encode(viewed8{bytes(long_body).first(0xff)}, out));
  CHECK(text(encode(viewed8{bytes(long_body).first(0x100)}, out).error()) == text(errc::too_long));
  CHECK(encode(viewed16{bytes(long_body).first(0xffff)}, out));
  CHECK(text(encode(viewed16{long_body}, out).error()) == text(errc::too_long));
}

TEST_CASE("tail leaves the bytes behind it, checksum makes the covered bytes sum to 0") {
  constexpr auto body = "81 04 01"_hex;
  check_encodes(summed{0x20, body}, "20 | 81 04 01 | 7A"_hex);
  check_encodes(summed{0x20, {}}, "20 | 00"_hex);
  check_survives<summed>("20 | 81 04 01 | 7A"_hex);
  CHECK(text(decode_error<summed>("20"_hex)) == text(errc::truncated));
  CHECK(text(decode_error<summed>("20 81 04 01 79"_hex)) == text(errc::bad_checksum));
  CHECK(text(decode_error<summed>("20 81 04 01 7B"_hex)) == text(errc::bad_checksum));
  CHECK(decode<summed>("21 81 04 01 7A"_hex));  // not covered
}

TEST_CASE("group runs the part's own layout") {
  constexpr auto wire = "01 03 02 06 05 04 0A 09 08 07 0B 0C 0D 0E | FF"_hex;
  check_survives<nested>(wire);
  check_exact_size<nested>(wire);
  CHECK(decode<nested>(wire)->last == 0xff);
}

TEST_CASE("more and ignore_rest: a reader takes the short form, a writer writes the long one") {
  CHECK(decode<optional_end>("00"_hex));
  CHECK(decode<optional_end>("00 07"_hex));
  CHECK(decode<optional_end>("00 34 12"_hex)->b == 0x1234);
  CHECK(text(decode_error<optional_end>("00 34 12 00"_hex)) == text(errc::trailing_bytes));
  CHECK(text(decode_error<optional_end>("01 07"_hex)) == text(errc::truncated));
  CHECK(encoded(optional_end{}) == "000000");
  CHECK(decode_prefix<optional_end>("00 07"_hex)->size == 2);
}

TEST_CASE("decode_prefix says how many bytes the message took") {
  const auto d = decode_prefix<counted>("02 0A 0B | 0C 0D"_hex);
  REQUIRE(d);
  CHECK(d->size == 3);
}

TEST_CASE("the first error sticks, and the fields before it are readable") {
  const auto m = decode<judged>("FF"_hex);  // also truncated
  CHECK(text(m.error()) == text(errc::bad_constant));
  CHECK(m->a == 0xff);
  CHECK(decode<numbers>("01 03 02 06"_hex)->b == 0x0203);
  CHECK(encoded(judged{.a = 0xff}) == text(errc::bad_constant));
}

TEST_CASE("explain names the field and its offset") {
  struct row {
    explanation got;
    errc error;
    const char* field;
    std::size_t offset;
  };
  const row rows[] = {
      {explain<numbers>("01 03 02 06"_hex), errc::truncated, "c", 3},
      {explain<numbers>({}), errc::truncated, "a", 0},
      {explain<bits>("01 02"_hex), errc::truncated, "low", 2},
      {explain<fixed>("00"_hex), errc::bad_constant, "mark", 0},
      {explain<fixed>("5A 00"_hex), errc::truncated, "reserved", 1},
      {explain<fixed>("5A 00 00 01"_hex), errc::truncated, "value", 3},
      {explain<counted>("04"_hex), errc::bad_length, "value", 0},
      {explain<resting>("01 02 03 04"_hex), errc::trailing_bytes, "value", 0},
      {explain<viewed16>("05"_hex), errc::truncated, "value", 0},
      {explain<summed>("20 81 04 01 00"_hex), errc::bad_checksum, "sum", 4},
      {explain<nested>("01 03 02 06 05 04 0A"_hex), errc::truncated, "d", 6},  // counted from the whole message
      {explain<judged>("FF 00"_hex), errc::bad_constant, "a", 0},
      {explain<judged>("00 01 02"_hex), errc::trailing_bytes, "end of message", 2},
      {explain<judged>("00 01"_hex), errc::ok, "b", 1},
      {explain<optional_end>("00 07"_hex), errc::ok, "a", 0},
  };
  for (const auto& r : rows) {
    CAPTURE(r.field, r.offset);
    CHECK(text(r.got.error) == text(r.error));
    CHECK(std::string(r.got.field) == r.field);
    CHECK(r.got.offset == r.offset);
  }
}

TEST_CASE("layouts run in constant expressions, in both directions") {
  constexpr auto wire = "20 | 81 04 01 | 7A"_hex;
  STATIC_REQUIRE(decode<summed>(wire)->head == 0x20);
  STATIC_REQUIRE(explain<summed>(bytes(wire).first(2)).error == errc::bad_checksum);
  constexpr auto out = [] {
    std::array<std::uint8_t, 6> b{};
    (void)encode(fixed{{1, 2, 3}}, b);
    return b;
  }();
  STATIC_REQUIRE(out == "5A 00 00 01 02 03"_hex);
  // An empty field at the very end of its room.
  constexpr auto full = [] {
    std::array<std::uint8_t, 1> b{0xff};
    const counted none;
    (void)encode(none, b);
    return b;
  }();
  STATIC_REQUIRE(full == "00"_hex);
}
