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

/// What is left until then, in milliseconds, for describe_state(): 0 once it has come; the largest number for never().
constexpr std::uint64_t time_left(instant t, instant now) noexcept {
  if (t.is_never()) return t.ms;
  return t <= now ? 0 : t.ms - now.ms;
}

/// The time that has passed on the caller's clock, whatever that clock does. never() as the present is ignored; a step
/// back costs that step and time runs on from there; a leap forward counts as 34 years at most, by which everything has
/// expired, so that no sequence of leaps uses the count up.
///
/// The machines count in this time, and translate at their edges.
class elapsed_clock {
 public:
  RMCPP_SHARED constexpr void advance(instant to) noexcept {
    if (to.is_never()) return;
    if (to > last_) {
      const std::uint64_t passed = to.ms - last_.ms;
      now_.ms += passed < longest_leap ? passed : longest_leap;
    }
    last_ = to;
  }
  /// The present, counted from the first advance().
  [[nodiscard]] constexpr instant now() const noexcept { return now_; }
  /// The present as the caller last told it; never() before the first advance().
  [[nodiscard]] constexpr instant outside() const noexcept { return last_; }
  /// A deadline of ours on the caller's clock; one that has passed is the present.
  [[nodiscard]] constexpr instant to_outside(instant t) const noexcept { return moved(t, now_, last_); }
  /// A deadline of the caller's in our count; one that has passed is the present.
  [[nodiscard]] constexpr instant from_outside(instant t) const noexcept { return moved(t, last_, now_); }

 private:
  static constexpr std::uint64_t longest_leap = std::uint64_t{1} << 40;

  RMCPP_SHARED static constexpr instant moved(instant t, instant from, instant to) noexcept {
    if (t.is_never()) return t;
    if (t <= from) return to;
    const std::uint64_t sum = to.ms + (t.ms - from.ms);
    return sum >= to.ms ? instant{sum} : instant::never();
  }

  instant now_{};
  instant last_ = instant::never();  ///< nothing is later than that: the first advance() passes no time
};

}  // namespace rmcpp::core
