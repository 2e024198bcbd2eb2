// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <compare>
#include <cstdint>

namespace rmcpp {

/// A span of time in milliseconds.
struct milliseconds {
  std::uint32_t count = 0;
  friend constexpr auto operator<=>(milliseconds, milliseconds) noexcept = default;
};

constexpr milliseconds seconds(std::uint32_t n) noexcept { return {n * 1000}; }

/// A point in time: 64-bit milliseconds from an origin that the caller chooses. The machines never read a clock.
struct instant {
  std::uint64_t ms = 0;

  /// Later than any other: "no deadline".
  static constexpr instant never() noexcept { return {~std::uint64_t{0}}; }
  [[nodiscard]] constexpr bool is_never() const noexcept { return ms == ~std::uint64_t{0}; }

  friend constexpr auto operator<=>(instant, instant) noexcept = default;
  /// never() stays never(); a sum that would overflow becomes never().
  friend constexpr instant operator+(instant t, milliseconds d) noexcept {
    return t.ms > ~std::uint64_t{0} - d.count ? never() : instant{t.ms + d.count};
  }
};

constexpr instant earlier(instant a, instant b) noexcept { return a < b ? a : b; }

}  // namespace rmcpp

namespace rmcpp::core {

/// A clock that only moves forward: after a backward step of the caller's clock no time passes until it has caught up.
/// A steady clock does not step.
class monotonic {
 public:
  constexpr instant advance(instant to) noexcept {
    if (to > now_) now_ = to;
    return now_;
  }
  [[nodiscard]] constexpr instant now() const noexcept { return now_; }

 private:
  instant now_{};
};

}  // namespace rmcpp::core
