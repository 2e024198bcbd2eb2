// SPDX-License-Identifier: BSL-1.0
// The two cursors: each kind of field by itself, and what follows an error.
#include "messages.hpp"

using namespace rmcpp;
using namespace rmcpp::proof;

namespace {

constexpr std::array<std::uint8_t, 5> data{1, 2, 3, 4, 5};

struct numbers {
  std::uint8_t a = 0x12;
  std::uint16_t b = 0x1234;
  std::uint32_t c = 0x123456;
  std::uint32_t d = 0x12345678;
  std::uint32_t e = 0x12345678;
  std::uint8_t f = 0x3f;

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("a", m.a);
    io.le16("b", m.b);
    io.le24("c", m.c);
    io.le32("d", m.d);
    io.be32("e", m.e);
    io.low_bits("f", m.f, 0x3f);
  }
};

struct constants {
  template <class Io, class Self> static constexpr void layout(Io& io, Self&) {
    io.constant("a", 0x06, errc::bad_version);
    io.reserved(3);
    io.constant("b", 0x07, errc::bad_constant);
    io.reserved(0);
  }
};

struct octets {
  std::array<std::uint8_t, 5> value = data;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.raw("value", m.value); }
};

struct counted {
  bounded<5> value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.counted8("value", m.value); }
};

struct rest {
  bounded<5> value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.rest("value", m.value); }
};

struct short_view {
  bytes value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.view8("value", m.value); }
};

struct long_view {
  bytes value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.view16("value", m.value); }
};

struct tail {
  bytes value{};
  std::uint16_t kept = 0x1234;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.tail("value", m.value, 2);
    io.le16("kept", m.kept);
  }
};

struct summed {
  std::uint8_t first = 0x20;
  bytes value{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    const auto all = io.mark();
    io.u8("first", m.first);
    io.checksum("checksum1", all);
    const auto none = io.mark();
    io.checksum("checksum2", none);
    io.tail("value", m.value, 1);
    io.checksum("checksum3", all);
  }
};

struct longer_form {
  std::uint8_t first = 1;
  std::uint32_t more = 2;
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("first", m.first);
    if (io.more(4)) io.le32("more", m.more);
    io.ignore_rest();
  }
};

struct groups {
  counted first{};
  octets second{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.group("first", m.first);
    io.group("second", m.second);
  }
};

/// The first error stays, and nothing is read or written after it.
constexpr bool error_stays() {
  for (std::size_t n = 0; n <= 3; ++n) {
    const storage in(bytes(data).first(n));
    core::reader r(in);
    numbers m;
    r.le32("", m.d);
    demand(r.error() == errc::truncated && r.size() == 0 && m.d == numbers{}.d);
    constants::layout(r, m);
    numbers::layout(r, m);
    r.fail("", errc::bad_length);
    demand(r.error() == errc::truncated && r.size() == 0 && m.a == numbers{}.a && m.f == numbers{}.f);

    core::reader other(in);
    other.constant("", 0x06, errc::bad_version);
    numbers::layout(other, m);
    demand(other.error() == (n == 0 ? errc::truncated : errc::bad_version) && other.size() == (n == 0 ? 0 : 1));

    storage out(n);
    core::writer w(out);
    w.le32("", m.d);
    constants::layout(w, m);
    w.reserved(1);
    w.tail("", data);
    w.checksum("", 0);
    w.fail("", errc::bad_length);
    demand(w.error() == errc::buffer_too_small && w.size() == 0);
  }
  return true;
}

/// A view may lie where it is to be written, and one is too long where its length does not fit into its field.
constexpr bool views_are_written() {
  storage out(7);
  core::copy(data, mutable_bytes(out).subspan(2));
  const auto n = wire::encode(long_view{bytes(out).subspan(2)}, out);
  demand(*n == 7 && core::equal(bytes(out).subspan(2), data) && out[0] == 5 && out[1] == 0);
  const storage long_one(256);
  demand(wire::encode(short_view{long_one}, out).error() == errc::too_long);
  demand(wire::encode(short_view{bytes(long_one).first(255)}, out).error() == errc::buffer_too_small);
  return true;
}

/// A checksum brings the sum of what it covers, and itself, to 0.
constexpr bool sums_to_zero() {
  storage out(8);
  demand(wire::encode(summed{.first = 0x81, .value = bytes(data).first(4)}, out).has_value());
  std::uint8_t sum = 0;
  for (const auto b : bytes(out)) sum = static_cast<std::uint8_t>(sum + b);
  return sum == 0 && out[1] == 0x7f && out[2] == 0;
}

}  // namespace

static_assert(error_stays());
static_assert(holds(numbers{}) && reads<numbers>(18));
static_assert(holds(constants{}) && reads<constants>(8));
static_assert(holds(octets{}) && reads<octets>(8));
static_assert(holds(counted{}) && holds(counted{{1, 2, 3, 4, 5}}) && reads<counted>(9));
static_assert(holds(rest{}) && holds(rest{{1, 2, 3, 4, 5}}) && reads<rest>(8));
static_assert(holds(short_view{}) && holds(short_view{data}) && reads<short_view>(9));
static_assert(holds(long_view{}) && holds(long_view{data}) && reads<long_view>(10));
static_assert(holds(tail{}) && holds(tail{data}) && reads<tail>(10));
static_assert(holds(summed{}) && holds(summed{.value = data}) && reads<summed>(10));
static_assert(holds(longer_form{.more = 0x12345678}) && reads<longer_form>(8));
static_assert(holds(groups{}) && holds(groups{{{1, 2}}, {}}) && reads<groups>(14));
static_assert(views_are_written());
static_assert(sums_to_zero());
