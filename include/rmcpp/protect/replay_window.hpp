// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/errc.hpp>
#include <rmcpp/core/result.hpp>

namespace rmcpp {

/// How far ahead of the highest accepted sequence number a packet may be.
enum class window_rule : std::uint8_t {
  /// Any distance: with integrity the authentication code vouches for the number, and a long outage must not wedge the
  /// session (the rule of RFC 4303, 3.4.3).
  any_forward,
  /// At most 15 (IPMI v2.0, 6.12.13): without integrity, or where asked for.
  strict,
};

/// A receiver's session sequence window: at most 16 behind the highest, each number once. Starts at 0, so that a
/// first packet numbered 1 is accepted, and also 3, with which ipmitool begins.
class replay_window {
 public:
  static constexpr std::int32_t behind = 16;
  static constexpr std::int32_t ahead = 15;

  /// Whether a packet may be looked at. Errors: outside_window (also for number 0), replayed.
  [[nodiscard]] constexpr status check(std::uint32_t sequence, window_rule rule) const noexcept {
    const std::int32_t distance = distance_to(sequence);
    if (sequence == 0 || distance < -behind || (rule == window_rule::strict && distance > ahead))
      return errc::outside_window;
    if (distance <= 0 && ((seen_ >> -distance) & 1u) != 0) return errc::replayed;
    return {};
  }

  /// Records a packet that check() let through and whose authentication code, if any, verified.
  constexpr void accept(std::uint32_t sequence) noexcept {
    const std::int32_t distance = distance_to(sequence);
    if (distance > 0) {
      seen_ = distance > behind ? 1u : (seen_ << distance) | 1u;
      highest_ = sequence;
    } else {
      seen_ |= 1u << -distance;
    }
  }

  [[nodiscard]] constexpr std::uint32_t highest() const noexcept { return highest_; }

 private:
  /// Modulo 2^32; number 0 is never sent but keeps its place, so a wrap narrows the window by one.
  [[nodiscard]] constexpr std::int32_t distance_to(std::uint32_t sequence) const noexcept {
    return static_cast<std::int32_t>(sequence - highest_);
  }

  std::uint32_t highest_ = 0;
  std::uint32_t seen_ = 0xffffffffu;  ///< bit n: highest - n was seen; at the start nothing older can be valid
};

}  // namespace rmcpp
