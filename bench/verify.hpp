// SPDX-License-Identifier: BSL-1.0
// A contender that is wrong is not timed. Its datagrams must be byte for byte those of the naive code, which shares
// nothing with it but the primitives' library, under the IV that it chose; and it must open them and refuse spoilt
// ones. The naive code itself is checked against the known answers.
#pragma once

#include "contenders/naive.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {

inline bool all_right = true;

inline bool failed(const char* name, int suite, std::size_t n, const char* what) {
  std::fprintf(stderr, "%s, suite %d, %zu bytes: %s\n", name, suite, n, what);
  return all_right = false;
}

/// A message with readable bytes behind it and a datagram's room, for contenders that look or write a little further.
struct workplace {
  alignas(64) std::array<std::uint8_t, max_datagram> message_bytes{};
  alignas(64) std::array<std::uint8_t, max_datagram> datagram{};
  bytes message;
  explicit workplace(std::size_t n) : message(message_bytes.data(), n) {
    const auto m = message_of(n);
    std::copy(m.begin(), m.end(), message_bytes.begin());
  }
};

template <class Contender, class Suite> bool verify(Contender& c, std::size_t n) {
  const auto fail = [&](const char* what) { return failed(Contender::name, Suite::id, n, what); };
  workplace place(n), expected(n);
  naive<Suite> reference;
  for (const std::uint32_t sequence : {1u, 0x12345678u}) {
    std::fill(place.datagram.begin(), place.datagram.end(), std::uint8_t{0xa5});
    const std::size_t size = c.seal(place.message, sequence, known_iv, place.datagram);
    if (size == 0) return fail("does not seal");
    iv_block iv{};
    std::copy_n(place.datagram.begin() + 16, iv.size(), iv.begin());
    if (size != reference.seal(expected.message, sequence, iv, expected.datagram) ||
        !std::equal(place.datagram.begin(), place.datagram.begin() + static_cast<std::ptrdiff_t>(size),
                    expected.datagram.begin()))
      return fail("seals other bytes than the naive code");

    auto d = expected.datagram;
    const auto opened = c.open(mutable_bytes(d).first(size));
    if (!std::equal(opened.begin(), opened.end(), expected.message.begin(), expected.message.end()))
      return fail("does not open a good datagram");
    for (const std::size_t spoilt : {std::size_t{10}, size / 2, size - Suite::code_size - 5, size - 1}) {
      d = expected.datagram;
      d[spoilt] ^= 1;
      if (!c.open(mutable_bytes(d).first(size)).empty()) return fail("opens a spoilt datagram");
    }
  }
  return true;
}

template <class Suite> bool verify_reference() {
  workplace place(7);
  naive<Suite> c;
  const auto known = known_datagram<Suite>();
  const std::size_t size = c.seal(place.message, 1, known_iv, place.datagram);
  if (size != known.size() || !std::equal(known.begin(), known.end(), place.datagram.begin()))
    return failed(c.name, Suite::id, 7, "does not give the known answer");
  return true;
}

}  // namespace bench
