// SPDX-License-Identifier: BSL-1.0
// What every message must hold, whatever its fields.
#pragma once

#include <rmcpp/wire/message.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <functional>
#include <initializer_list>
#include <string>

namespace rmcpp::test {

using namespace wire;

/// Catch prints the text of what it compares.
inline std::string text(errc e) { return describe(e); }

template <message M> std::string encoded(const M& m) {
  std::vector<std::uint8_t> out(0x400);
  const auto n = encode(m, out);
  return n ? to_hex(bytes(out).first(*n)) : text(n.error());
}

template <message M> errc decode_error(bytes in) { return decode<M>(exact_bytes(in)).error(); }

/// What `encode_into` writes into a buffer of `size` bytes or more is refused by every smaller one, and nothing is
/// written beyond it. Through std::function, or GCC unrolls this for each size and warns of writes that never happen.
inline void check_needs_room(std::size_t size, const std::function<result<std::size_t>(mutable_bytes)>& encode_into) {
  for (std::size_t n = 0; n < size; ++n) {
    CAPTURE(n);
    exact_bytes small(n);
    const auto written = encode_into(small);
    CHECK(text(written.error()) == text(errc::buffer_too_small));
    CHECK(*written <= n);
  }
}

/// `fields` encode to `wire`, and to nothing in any shorter buffer.
template <message M> void check_encodes(const M& fields, bytes wire) {
  CHECK(encoded(fields) == to_hex(wire));
  check_needs_room(wire.size(), [&](mutable_bytes out) { return encode(fields, out); });
}

/// `wire` decodes, and what it decodes to encodes to the same bytes.
template <message M> void check_survives(bytes wire) {
  const exact_bytes in(wire);
  const auto m = decode<M>(in);
  CHECK(text(m.error()) == text(errc::ok));
  CHECK(encoded(*m) == to_hex(wire));
}

/// Every prefix of `wire` shorter than `min` is refused, and no byte beyond it is read. Prefixes of `min` bytes and
/// more are messages too.
template <message M> void check_prefixes(bytes wire, std::size_t min) {
  for (std::size_t n = 0; n < wire.size(); ++n) {
    CAPTURE(n);
    const exact_bytes in(wire.first(n));
    const errc e = decode<M>(in).error();
    const auto why = explain<M>(in);
    CHECK(text(why.error) == text(e));
    CHECK(why.offset <= n);
    if (n < min) {
      CHECK((e == errc::truncated || e == errc::bad_length || e == errc::bad_checksum));
    } else {
      CHECK(text(e) == text(errc::ok));
    }
  }
}

/// Only whole messages are accepted: no prefix, nothing behind.
template <message M> void check_exact_size(bytes wire) {
  check_prefixes<M>(wire, wire.size());
  std::vector<std::uint8_t> longer(wire.begin(), wire.end());
  longer.push_back(0);
  CHECK(text(decode_error<M>(longer)) == text(errc::trailing_bytes));
  CHECK(text(explain<M>(longer).error) == text(errc::trailing_bytes));
}

/// The bytes at `positions` are reserved: `wire` has zeros there, and whatever else stands there is ignored.
template <message M> void check_reserved(bytes wire, std::initializer_list<std::size_t> positions) {
  std::vector<std::uint8_t> garbage(wire.begin(), wire.end());
  for (const auto at : positions) {
    CAPTURE(at);
    CHECK(wire[at] == 0);
    garbage[at] = 0xa5;
  }
  const auto m = decode<M>(garbage);
  CHECK(text(m.error()) == text(errc::ok));
  CHECK(encoded(*m) == to_hex(wire));
}

}  // namespace rmcpp::test
