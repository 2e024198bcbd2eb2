// SPDX-License-Identifier: BSL-1.0
// What holds of each message, whatever its layout and whatever the bytes.
#pragma once

#include <rmcpp/wire/message.hpp>

#include "proof.hpp"

namespace rmcpp::proof {

inline constexpr std::size_t longest_message = 96;
/// Bytes behind a message, which it refuses, tolerates or takes as its own.
inline constexpr std::size_t surplus = 3;
inline constexpr std::array<std::uint8_t, 3> fills{0x00, 0xff, 0x01};

/// Whatever the bytes are: no other byte is read, and decode(), decode_prefix() and explain() agree.
template <wire::message M> constexpr void demand_read(bytes exact) {
  const auto whole = wire::decode<M>(exact);
  const auto prefix = wire::decode_prefix<M>(exact);
  const auto why = wire::explain<M>(exact);
  demand(why.error == whole.error() && why.offset <= exact.size());
  demand(whole || why.field[0] != '\0');
  demand(prefix->size <= exact.size());
  if (prefix) {
    demand(whole.error() == (prefix->size == exact.size() ? errc::ok : errc::trailing_bytes));
  } else {
    demand(prefix.error() == whole.error());
  }
  // What was read lies within the input, of a message that ends too soon too: all of it can be written.
  storage out(longest_message);
  const auto written = wire::encode(*whole, out);
  if (whole) {
    M m{};
    core::reader r(exact);
    M::layout(r, m);
    demand(written.has_value() && *written >= r.size());
  }
  demand_readable(bytes(out).first(*written));
}

/// A room that is too small is refused, one that is large enough is enough, and no more is written than is said.
template <class Encode> constexpr std::size_t demand_fits(Encode&& encode) {
  storage ample(longest_message);
  const auto size = encode(mutable_bytes(ample));
  demand(size.has_value());
  for (std::size_t n = 0; n < *size; ++n) {
    storage small(n);
    const auto part = encode(mutable_bytes(small));
    demand(part.error() == errc::buffer_too_small && *part <= n);
  }
  storage exact(*size);
  const auto again = encode(mutable_bytes(exact));
  demand(again.has_value() && *again == *size && core::equal(exact, bytes(ample).first(*size)));
  return *size;
}

/// One that encodes: in every room; cut at every length and with bytes behind it; with each byte changed.
template <wire::message M> constexpr bool holds(const M& m) {
  const std::size_t size = demand_fits([&m](mutable_bytes out) { return wire::encode(m, out); });
  std::array<std::uint8_t, longest_message> sound{};
  std::array<std::uint8_t, longest_message> again{};
  demand(wire::encode(m, sound).has_value());
  const auto read = wire::decode<M>(bytes(sound).first(size));
  demand(read && *wire::encode(*read, again) == size && again == sound);
  for (std::size_t n = 0; n <= size + surplus; ++n) demand_read<M>(storage(bytes(sound).first(n)));
  for (std::size_t at = 0; at < size; ++at) {
    storage changed(bytes(sound).first(size));
    changed[at] ^= 0x81;
    demand_read<M>(changed);
  }
  return true;
}

/// Of every length up to `longest`, filled with what is no message of this kind, or is one by chance.
template <wire::message M> constexpr bool reads(std::size_t longest) {
  for (std::size_t n = 0; n <= longest; ++n) {
    storage in(n);
    for (const auto value : fills) {
      core::fill(in, value);
      demand_read<M>(in);
    }
    core::fill(in, static_cast<std::uint8_t>(n - 1));  // a length that is right, where it stands first
    demand_read<M>(in);
    for (std::size_t i = 0; i < n; ++i) in[i] = static_cast<std::uint8_t>(i);
    demand_read<M>(in);
    random_numbers random;
    for (std::size_t i = 0; i < n; ++i) in[i] = static_cast<std::uint8_t>(random.next());
    demand_read<M>(in);
  }
  return true;
}

}  // namespace rmcpp::proof
