// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace rmcpp::detail {

/// The places of a table in which little is taken most of the time, and which is looked through for every datagram:
/// what is taken lies in front as far as can be, and nobody looks behind the last of it. Where there are few places all
/// are looked at, and no code is spent on fewer.
template <class T, std::size_t N> class slot_array {
  static constexpr bool small = N <= 16;

 public:
  [[nodiscard]] std::span<T> taken() noexcept { return std::span(all_).first(small ? N : end_); }
  [[nodiscard]] std::span<const T> taken() const noexcept { return std::span(all_).first(small ? N : end_); }

  /// The first place that `is_free`, which is among those taken from now on; null: there is none.
  template <class Free> [[nodiscard]] T* take(Free&& is_free) noexcept {
    if constexpr (!small)
      while (end_ > 0 && is_free(all_[end_ - 1])) --end_;
    for (auto& place : taken())
      if (is_free(place)) return &place;
    return small || end_ == N ? nullptr : &all_[end_++];
  }

  [[nodiscard]] T& operator[](std::size_t i) noexcept { return all_[i]; }
  [[nodiscard]] const std::array<T, N>& all() const noexcept { return all_; }

 private:
  std::array<T, N> all_{};
  std::size_t end_ = 0;  ///< behind it all are free
};

}  // namespace rmcpp::detail
