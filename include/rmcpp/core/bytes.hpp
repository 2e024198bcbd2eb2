// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>
#include <rmcpp/core/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rmcpp {

using bytes = std::span<const std::uint8_t>;
using mutable_bytes = std::span<std::uint8_t>;
/// A random number or GUID as it lies on the wire; opaque, never byte-swapped.
using octets16 = std::array<std::uint8_t, 16>;

}  // namespace rmcpp

namespace rmcpp::core {

/// Copies min(from.size(), to.size()) bytes and returns how many. The ranges may not overlap.
constexpr std::size_t copy(bytes from, mutable_bytes to) noexcept {
  const std::size_t n = from.size() < to.size() ? from.size() : to.size();
  for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
  return n;
}

constexpr void fill(mutable_bytes to, std::uint8_t value) noexcept {
  for (auto& b : to) b = value;
}

/// Not for secrets: see equal_constant_time().
constexpr bool equal(bytes a, bytes b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) return false;
  return true;
}

/// Whether two ranges share a byte.
inline bool overlap(bytes a, bytes b) noexcept {
  const auto begin = [](bytes s) { return reinterpret_cast<std::uintptr_t>(s.data()); };
  return begin(a) < begin(b) + b.size() && begin(b) < begin(a) + a.size();
}

constexpr bool all_zero(bytes b) noexcept {
  std::uint8_t sum = 0;
  for (const auto v : b) sum = static_cast<std::uint8_t>(sum | v);
  return sum == 0;
}

constexpr void store_le16(std::uint8_t* to, std::uint16_t v) noexcept {
  to[0] = static_cast<std::uint8_t>(v);
  to[1] = static_cast<std::uint8_t>(v >> 8);
}
constexpr void store_le32(std::uint8_t* to, std::uint32_t v) noexcept {
  store_le16(to, static_cast<std::uint16_t>(v));
  store_le16(to + 2, static_cast<std::uint16_t>(v >> 16));
}
constexpr std::uint16_t load_le16(const std::uint8_t* from) noexcept {
  return static_cast<std::uint16_t>(from[0] | (from[1] << 8));
}
constexpr std::uint32_t load_le32(const std::uint8_t* from) noexcept {
  return load_le16(from) | (static_cast<std::uint32_t>(load_le16(from + 2)) << 16);
}

/// What holds text or bytes one after the other: std::string, std::string_view, std::vector<std::uint8_t>, a span.
template <class T> concept text_like = requires(const T& t) {
  { t.size() } -> std::convertible_to<std::size_t>;
  requires sizeof(*t.data()) == 1;
};
/// A text that ends with a zero, without it.
constexpr std::span<const char> until_zero(const char* text) noexcept {
  std::size_t n = 0;
  while (text[n] != '\0') ++n;
  return {text, n};
}

}  // namespace rmcpp::core

namespace rmcpp::detail {

/// Not constexpr, so that a constant which would need it does not compile. (Clang 14 lets some pass that initialise a
/// global.)
inline void not_a_byte() noexcept { __builtin_trap(); }
constexpr std::uint8_t checked_byte(int v) noexcept {
  if (v < 0 || v > 0xff) not_a_byte();
  return static_cast<std::uint8_t>(v);
}

}  // namespace rmcpp::detail

namespace rmcpp {

/// Up to N bytes held in place, with their count. N is at most 255. What is longer is refused, never cut: a literal or
/// a list by the compiler, anything else by from() and assign().
template <std::size_t N> class bounded {
  static_assert(N > 0 && N <= 255);

 public:
  static constexpr std::size_t capacity = N;

  constexpr bounded() noexcept = default;
  /// A literal, `.name = "admin"`; its terminator is not part of it.
  template <std::size_t M> consteval bounded(const char (&literal)[M]) noexcept : size_(M - 1) {
    static_assert(M - 1 <= N, "rmcpp: the text is longer than its field");
    for (std::size_t i = 0; i + 1 < M; ++i) data_[i] = static_cast<std::uint8_t>(literal[i]);
  }
  /// A list of constants, `.suites = {17, 3}`.
  template <std::same_as<int>... Byte>
  requires(sizeof...(Byte) >= 1 && sizeof...(Byte) <= N) consteval bounded(Byte... b) noexcept
      : data_{detail::checked_byte(b)...}, size_(sizeof...(Byte)) {}
  /// As many bytes as an array has.
  template <std::size_t M>
  requires(M <= N) constexpr explicit bounded(const std::array<std::uint8_t, M>& all) noexcept { (void)assign(all); }

  /// Text or bytes of any length. Errors: too_long above N bytes.
  template <core::text_like T> [[nodiscard]] static constexpr result<bounded> from(const T& text) noexcept {
    if (text.size() > N) return errc::too_long;
    bounded b;
    b.size_ = static_cast<std::uint8_t>(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) b.data_[i] = static_cast<std::uint8_t>(text.data()[i]);
    return b;
  }
  [[nodiscard]] static constexpr result<bounded> from(const char* text) noexcept {
    return from(core::until_zero(text));
  }
  /// False, and nothing changed, if `from` is longer than N.
  constexpr bool assign(bytes from) noexcept {
    if (from.size() > N) return false;
    data_ = {};
    core::copy(from, data_);
    size_ = static_cast<std::uint8_t>(from.size());
    return true;
  }

  /// Makes it `n` bytes long, at most N (more is a bug: checked builds stop), and returns them, to be written: what
  /// they are before is not specified.
  [[nodiscard]] constexpr std::span<std::uint8_t> resize(std::size_t n) noexcept {
    RMCPP_ASSERT(n <= N);
    size_ = static_cast<std::uint8_t>(n <= N ? n : N);
    return {data_.data(), size_};
  }

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr bytes view() const noexcept { return bytes(data_.data(), size_); }
  constexpr operator bytes() const noexcept { return view(); }
  /// All N bytes, zero beyond size(): the fixed-width form in which names are compared.
  [[nodiscard]] constexpr const std::array<std::uint8_t, N>& padded() const noexcept { return data_; }
  friend constexpr bool operator==(const bounded&, const bounded&) noexcept = default;

 private:
  std::array<std::uint8_t, N> data_{};
  std::uint8_t size_ = 0;
};

}  // namespace rmcpp
