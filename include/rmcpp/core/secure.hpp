// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>
#include <rmcpp/core/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rmcpp::core {

/// Overwrites with zeros in a way the optimiser must keep.
constexpr void wipe(mutable_bytes b) noexcept {
  fill(b, 0);
  if (!std::is_constant_evaluated()) __asm__ __volatile__("" : : "r"(b.data()) : "memory");
}

namespace detail {

/// Adds up the differences of n bytes in steps of a word. Opaque to the optimiser after each, so that it cannot stop
/// once every bit is set.
template <class Word>
inline void add_differences(const std::uint8_t* a, const std::uint8_t* b, std::size_t n, std::uint32_t& sum) noexcept {
  for (std::size_t i = 0; i + sizeof(Word) <= n; i += sizeof(Word)) {
    Word x = 0;
    Word y = 0;
    __builtin_memcpy(&x, a + i, sizeof x);
    __builtin_memcpy(&y, b + i, sizeof y);
    sum |= static_cast<Word>(x ^ y);
    __asm__ __volatile__("" : "+r"(sum));
  }
}

}  // namespace detail

/// A secret value, made of plain bytes and zero when it holds nothing, that wipes itself. It moves, and then its source
/// is wiped; it is not copied.
template <class T> class self_wiping {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  self_wiping() noexcept = default;
  self_wiping(self_wiping&& from) noexcept : value_(from.value_) { from.wipe(); }
  self_wiping& operator=(self_wiping&& from) noexcept {
    if (this == &from) return *this;
    value_ = from.value_;
    from.wipe();
    return *this;
  }
  ~self_wiping() { wipe(); }

  void wipe() noexcept { core::wipe({reinterpret_cast<std::uint8_t*>(&value_), sizeof value_}); }
  [[nodiscard]] T* operator->() noexcept { return &value_; }
  [[nodiscard]] const T* operator->() const noexcept { return &value_; }

 private:
  T value_{};
};

}  // namespace rmcpp::core

namespace rmcpp {

/// Compares without an early exit: the time depends on the lengths only. False at once if the lengths differ.
constexpr bool equal_constant_time(bytes a, bytes b) noexcept {
  if (a.size() != b.size()) return false;
  std::uint32_t difference = 0;
  if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<std::uint32_t>(a[i] ^ b[i]);
  } else {
    const std::size_t whole = a.size() & ~std::size_t{3};
    core::detail::add_differences<std::uint32_t>(a.data(), b.data(), whole, difference);
    core::detail::add_differences<std::uint8_t>(a.data() + whole, b.data() + whole, a.size() - whole, difference);
  }
  return difference == 0;
}

/// N secret bytes, zero-padded, that wipe themselves and cannot be printed or compared by accident.
template <std::size_t N> class secret {
 public:
  static constexpr std::size_t capacity = N;

  constexpr secret() noexcept = default;
  /// A literal, `.password = "secret"`; its terminator is not part of it.
  template <std::size_t M> consteval secret(const char (&literal)[M]) noexcept {
    static_assert(M - 1 <= N, "rmcpp: the text is longer than its field");
    for (std::size_t i = 0; i + 1 < M; ++i) bytes_[i] = static_cast<std::uint8_t>(literal[i]);
  }
  /// As many bytes as an array has.
  template <std::size_t M>
  requires(M <= N) constexpr explicit secret(const std::array<std::uint8_t, M>& all) noexcept { (void)assign(all); }
  /// Text or bytes of any length. Errors: too_long above N bytes; nothing is cut.
  template <core::text_like T> [[nodiscard]] static constexpr result<secret> from(const T& text) noexcept {
    if (text.size() > N) return errc::too_long;
    secret s;
    for (std::size_t i = 0; i < text.size(); ++i) s.bytes_[i] = static_cast<std::uint8_t>(text.data()[i]);
    return s;
  }
  [[nodiscard]] static constexpr result<secret> from(const char* text) noexcept { return from(core::until_zero(text)); }
  constexpr secret(const secret&) noexcept = default;
  constexpr secret& operator=(const secret&) noexcept = default;
  constexpr ~secret() { core::wipe(bytes_); }

  /// False, and nothing changed, if `from` is longer than N; zero-padded if shorter.
  constexpr bool assign(bytes from) noexcept {
    if (from.size() > N) return false;
    clear();
    core::copy(from, bytes_);
    return true;
  }
  constexpr void clear() noexcept { core::wipe(bytes_); }
  [[nodiscard]] constexpr bool is_zero() const noexcept { return core::all_zero(bytes_); }
  /// The bytes, for the crypto backend only.
  [[nodiscard]] constexpr bytes reveal() const noexcept { return bytes_; }
  [[nodiscard]] constexpr mutable_bytes reveal() noexcept { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

}  // namespace rmcpp
