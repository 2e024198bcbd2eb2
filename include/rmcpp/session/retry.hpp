// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/time.hpp>

namespace rmcpp {

/// When to repeat an unanswered message: after `first`, then `step` longer each time up to `longest`; `tries` sends in
/// all, at least 1.
struct retry_policy {
  milliseconds first{1000};
  milliseconds step{1000};
  milliseconds longest{4000};
  std::uint8_t tries = 5;
};

}  // namespace rmcpp

namespace rmcpp::detail {

/// One message's progress through a retry policy: due, or sent and waiting until a deadline.
class retry_schedule {
 public:
  /// Makes the message due now, with all its tries ahead.
  constexpr void begin() noexcept { cancel(), due_ = true; }
  RMCPP_SHARED constexpr void cancel() noexcept { *this = {}; }

  [[nodiscard]] constexpr bool due() const noexcept { return due_; }
  /// Whether no message is in progress.
  [[nodiscard]] constexpr bool idle() const noexcept { return !due_ && deadline_.is_never(); }
  /// Whether the message has not gone out even once, so that nothing can answer it.
  [[nodiscard]] constexpr bool unsent() const noexcept { return sent_ == 0; }
  /// How often it has gone out.
  [[nodiscard]] constexpr std::uint8_t count() const noexcept { return static_cast<std::uint8_t>(sent_ - missed_); }
  /// When the answer is overdue; of a repeat that is due, when it comes too late to be sent. Never if none is in
  /// progress, or nothing has been sent yet.
  [[nodiscard]] constexpr instant deadline() const noexcept { return deadline_; }
  [[nodiscard]] constexpr bool overdue(instant now) const noexcept { return !due_ && now >= deadline_; }

  RMCPP_SHARED constexpr void sent(const retry_policy& policy, instant now) noexcept {
    const std::uint64_t grown = policy.first.count + std::uint64_t{policy.step.count} * sent_;
    deadline_ = now + (grown < policy.longest.count ? milliseconds{static_cast<std::uint32_t>(grown)} : policy.longest);
    due_ = false;
    ++sent_;
  }
  /// After overdue(): true if the message is due again, false if its tries are used up.
  RMCPP_SHARED constexpr bool again(const retry_policy& policy, instant now) noexcept {
    due_ = sent_ < policy.tries;
    deadline_ = due_ ? now + policy.longest : instant::never();
    return due_;
  }
  /// A repeat that was held back for the longest wait is a try that was lost: who answers repeats of a request
  /// without executing it again remembers it only for so long.
  constexpr void miss_held_back(instant now) noexcept {
    if (!due_ || now < deadline_) return;
    due_ = false;
    ++sent_;
    ++missed_;
  }
  template <class Sink> constexpr void describe_state(Sink& sink, instant now) const {
    sink("deadline", core::time_left(deadline_, now));
    sink("sent", sent_);
    sink("missed", missed_);
    sink("due", due_);
  }

 private:
  instant deadline_ = instant::never();
  std::uint8_t sent_ = 0;    ///< tries used up
  std::uint8_t missed_ = 0;  ///< those of them that did not go out
  bool due_ = false;
};

}  // namespace rmcpp::detail
