// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/event.hpp>
#include <rmcpp/core/time.hpp>

namespace rmcpp::detail {

/// Counts what a console's questions and requests take, for its events. Nothing else depends on it.
class effort_meter {
 public:
  /// Where a request began.
  struct mark {
    instant began{};
    std::uint32_t dropped = 0;
  };

  constexpr void begin_login(instant now) noexcept { login_began_ = now; }
  constexpr void begin_step(instant now) noexcept {
    step_ = begin(now);
    tries_ = 0;
  }
  constexpr void sent() noexcept { ++tries_; }
  constexpr void dropped(errc why) noexcept {
    ++dropped_;
    last_drop_ = why;
  }
  [[nodiscard]] constexpr mark begin(instant now) const noexcept { return {now, dropped_}; }

  [[nodiscard]] constexpr console_effort of_login(instant now) const noexcept {
    return {.elapsed = span(login_began_, now)};
  }
  [[nodiscard]] constexpr console_effort of_step(instant now) const noexcept { return since(step_, now, tries_); }
  [[nodiscard]] constexpr console_effort since(const mark& m, instant now, std::uint8_t tries) const noexcept {
    const std::uint32_t n = dropped_ - m.dropped;
    return {.elapsed = span(m.began, now), .dropped = n, .last_drop = n == 0 ? errc::ok : last_drop_, .tries = tries};
  }

 private:
  static constexpr milliseconds span(instant from, instant to) noexcept {
    const std::uint64_t ms = to.ms - from.ms;
    constexpr std::uint32_t longest = ~std::uint32_t{0};
    return {ms < longest ? static_cast<std::uint32_t>(ms) : longest};
  }

  instant login_began_{};
  mark step_{};
  std::uint32_t dropped_ = 0;
  errc last_drop_ = errc::ok;
  std::uint8_t tries_ = 0;
};

}  // namespace rmcpp::detail
