// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/errc.hpp>

#include <type_traits>

namespace rmcpp {

/// A value beside an error code, named after std::expected so that it can become an alias of it. Unlike
/// std::expected the value is readable on error too: a failed decode leaves the fields that were read so far.
/// An error alone is never success: one that says `ok` has no value to go with it, and becomes invalid_argument.
template <class T> class [[nodiscard]] result {
 public:
  using value_type = T;

  constexpr result(const T& value) noexcept : value_(value) {}
  constexpr result(errc error) noexcept : error_(error == errc::ok ? errc::invalid_argument : error) {}
  constexpr result(const T& partial, errc error) noexcept : value_(partial), error_(error) {}

  [[nodiscard]] constexpr bool has_value() const noexcept { return error_ == errc::ok; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] constexpr errc error() const noexcept { return error_; }

  [[nodiscard]] constexpr const T& value() const noexcept { return value_; }
  [[nodiscard]] constexpr T& value() noexcept { return value_; }
  constexpr const T& operator*() const noexcept { return value_; }
  constexpr T& operator*() noexcept { return value_; }
  constexpr const T* operator->() const noexcept { return &value_; }
  constexpr T* operator->() noexcept { return &value_; }
  [[nodiscard]] constexpr T value_or(const T& other) const noexcept { return has_value() ? value_ : other; }

 private:
  T value_{};
  errc error_ = errc::ok;
};

template <> class [[nodiscard]] result<void> {
 public:
  constexpr result() noexcept = default;
  constexpr result(errc error) noexcept : error_(error) {}

  [[nodiscard]] constexpr bool has_value() const noexcept { return error_ == errc::ok; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] constexpr errc error() const noexcept { return error_; }

 private:
  errc error_ = errc::ok;
};

/// Success, or why not.
using status = result<void>;

}  // namespace rmcpp
