// SPDX-License-Identifier: BSL-1.0
// Bytes written as the specification and protocol analysers write them.
#pragma once

#include <rmcpp/core/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rmcpp::test {

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Hands each byte to `take`; spaces and bars between bytes are for the reader. Throws at anything else.
constexpr void parse_hex(std::string_view text, auto take) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' || text[i] == '|') continue;
    const int high = hex_digit(text[i]);
    const int low = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    if (high < 0 || low < 0) throw std::invalid_argument("not hex: " + std::string(text));
    take(static_cast<std::uint8_t>((high << 4) | low));
    ++i;
  }
}

inline std::vector<std::uint8_t> from_hex(std::string_view text) {
  std::vector<std::uint8_t> out;
  parse_hex(text, [&](std::uint8_t b) { out.push_back(b); });
  return out;
}

inline std::string to_hex(bytes b) {
  std::string out;
  for (const auto v : b) {
    out += "0123456789abcdef"[v >> 4];
    out += "0123456789abcdef"[v & 15];
  }
  return out;
}

template <std::size_t N> struct hex_text {
  char text[N]{};
  consteval hex_text(const char (&from)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
  [[nodiscard]] consteval std::size_t count() const {
    std::size_t n = 0;
    parse_hex(view(), [&](std::uint8_t) { ++n; });
    return n;
  }
};

inline namespace literals {
/// "06 00 FF 07 | 06 10"_hex, an array of 6 bytes that constant expressions can use.
template <hex_text Text> consteval auto operator""_hex() {
  std::array<std::uint8_t, Text.count()> out{};
  std::size_t n = 0;
  parse_hex(Text.view(), [&](std::uint8_t b) { out[n++] = b; });
  return out;
}
}  // namespace literals

/// Bytes in a heap block of exactly their size: AddressSanitizer then sees any access beyond.
class exact_bytes {
 public:
  explicit exact_bytes(bytes b) : data_(b.begin(), b.end()) {}
  explicit exact_bytes(std::size_t n) : data_(n) {}
  exact_bytes(const exact_bytes&) = delete;
  exact_bytes& operator=(const exact_bytes&) = delete;

  operator bytes() const { return data_; }
  operator mutable_bytes() { return data_; }

 private:
  std::vector<std::uint8_t> data_;
};

}  // namespace rmcpp::test
