// SPDX-License-Identifier: BSL-1.0
// What an encoder or a command's answer writes, in hex.
#pragma once

#include <rmcpp/session/response.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <string>
#include <vector>

namespace rmcpp::test {

/// What `f` writes; it must refuse every smaller buffer.
template <class F> std::string written(F&& f) {
  std::vector<std::uint8_t> room(512);
  const auto n = f(mutable_bytes(room));
  if (!n) return describe(n.error());
  for (std::size_t k = 0; k < *n; ++k) {
    exact_bytes small(k);
    CHECK(f(mutable_bytes(small)).error() == errc::buffer_too_small);
  }
  return to_hex(bytes(room).first(*n));
}

/// What `answer(writer)` wrote into a block of exactly `room` bytes: completion code and data.
template <class Answer> std::string answered(std::size_t room, Answer&& answer) {
  exact_bytes block(room);
  response_writer w{mutable_bytes(block)};
  answer(w);
  const std::array<std::uint8_t, 1> code{static_cast<std::uint8_t>(w.code())};
  return to_hex(code) + " " + to_hex(bytes(block).first(w.size()));
}

}  // namespace rmcpp::test
