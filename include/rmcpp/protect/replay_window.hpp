// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/errc.hpp>
#include <rmcpp/core/result.hpp>

namespace rmcpp::protect {

/// How far a packet's sequence number may be from the highest one accepted.
struct window_rule {
  static constexpr std::uint8_t any = 0xff;

  std::uint8_t behind = 16;  ///< at most 31
  std::uint8_t ahead = any;  ///< `any`: however far

  /// RMCP+: 16 behind, any distance ahead. With integrity the authentication code vouches for the number, and a long
  /// outage must not wedge the session (the rule of RFC 4303, 3.4.3).
  static const window_rule any_forward;
  /// The same, 31 behind: for a console, whose answers overtake each other. With 15 requests in flight over a path
  /// whose delay varies by 50 ms, some fall more than 16 behind, and what they answer would be asked again.
  static const window_rule any_forward_wide;
  /// RMCP+: 16 behind, 15 ahead (IPMI v2.0, 6.12.13): without integrity, or where asked for.
  static const window_rule strict;
  /// IPMI v1.5: 8 behind, 8 ahead (6.12.11).
  static const window_rule v15;

  friend constexpr bool operator==(window_rule, window_rule) noexcept = default;
};
inline constexpr window_rule window_rule::any_forward{16, any};
inline constexpr window_rule window_rule::any_forward_wide{31, any};
inline constexpr window_rule window_rule::strict{16, 15};
inline constexpr window_rule window_rule::v15{8, 8};

/// A receiver's session sequence window: each number once, none that the rule finds too far from the highest.
class replay_window {
 public:
  constexpr replay_window() noexcept = default;
  /// `first`: number that the peer's first packet should have. Later ones are accepted before it too, as the rule
  /// allows: ipmitool begins with 3.
  constexpr explicit replay_window(std::uint32_t first) noexcept : highest_(first - 1) {}
  /// Where the peer's first packet may also be a few numbers before `first`, as those of some IPMI v1.5 BMCs are.
  static constexpr replay_window around(std::uint32_t first) noexcept {
    replay_window w;
    w.highest_ = first;
    w.seen_ = 0;
    return w;
  }

  /// Whether a packet may be looked at. Errors: outside_window, also for number 0, which no session uses; replayed.
  [[nodiscard]] constexpr status check(std::uint32_t sequence, window_rule rule) const noexcept {
    const std::int32_t distance = distance_to(sequence);
    if (sequence == 0 || distance < -rule.behind || (rule.ahead != window_rule::any && distance > rule.ahead))
      return errc::outside_window;
    if (distance <= 0 && ((seen_ >> -distance) & 1u) != 0) return errc::replayed;
    return {};
  }

  /// Records a packet that check() let through and whose authentication code, if any, verified.
  constexpr void accept(std::uint32_t sequence) noexcept {
    const std::int32_t distance = distance_to(sequence);
    if (distance > 0) {
      seen_ = distance > 31 ? 1u : (seen_ << distance) | 1u;
      highest_ = sequence;
    } else {
      seen_ |= 1u << -distance;
    }
  }

  [[nodiscard]] constexpr std::uint32_t highest() const noexcept { return highest_; }
  template <class Sink> constexpr void describe_state(Sink& sink) const {
    sink("highest", highest_);
    sink("seen", seen_);
  }

 private:
  /// Numbers go round: FFFFFFFFh is followed by 1. The 0 between them counts as a step all the same, so that right
  /// after a wrap the window reaches one number less far back.
  [[nodiscard]] constexpr std::int32_t distance_to(std::uint32_t sequence) const noexcept {
    return static_cast<std::int32_t>(sequence - highest_);
  }

  std::uint32_t highest_ = 0;
  std::uint32_t seen_ = 0xffffffffu;  ///< bit n: highest - n was seen; at the start nothing older can be valid
};

}  // namespace rmcpp::protect
