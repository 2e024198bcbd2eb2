// SPDX-License-Identifier: BSL-1.0
// The window of sequence numbers against the rule in its plainest form.
#include "proof.hpp"

#include <rmcpp/protect/replay_window.hpp>
#include <rmcpp/protect/seal.hpp>

using namespace rmcpp;
using namespace rmcpp::protect;
using namespace rmcpp::proof;

namespace {

/// A list of the numbers taken last, and arithmetic in a type that no sum overflows.
class plain_window {
 public:
  constexpr explicit plain_window(std::uint32_t first) : highest_(std::uint32_t(first - 1)) {
    for (std::uint32_t i = 0; i < 32; ++i) take(first - 1 - i);
  }
  constexpr errc receive(std::uint32_t number, window_rule rule) {
    const std::int64_t ahead = ahead_of_highest(number);
    if (number == 0 || ahead < -std::int64_t{rule.behind}) return errc::outside_window;
    if (rule.ahead != window_rule::any && ahead > rule.ahead) return errc::outside_window;
    if (ahead > 0) {
      highest_ = number;
    } else {
      for (const auto n : taken_)
        if (n == number) return errc::replayed;
    }
    take(number);
    return errc::ok;
  }
  [[nodiscard]] constexpr std::int64_t highest() const { return highest_; }

 private:
  /// Half of the numbers, less one, lie ahead of any.
  [[nodiscard]] constexpr std::int64_t ahead_of_highest(std::uint32_t number) const {
    constexpr std::int64_t all = std::int64_t{1} << 32;
    const std::int64_t distance = number - highest_;
    if (distance >= all / 2) return distance - all;
    return distance < -all / 2 ? distance + all : distance;
  }

  constexpr void take(std::uint32_t number) { taken_[next_++ % taken_.size()] = number; }

  /// Of the numbers taken after one that a window of 32 still reaches, no more than 31 lie before it and 31 behind it.
  std::array<std::uint32_t, 64> taken_{};
  std::size_t next_ = 0;
  std::int64_t highest_;
};

constexpr window_rule rules[] = {window_rule::any_forward, window_rule::strict, window_rule::v15,
                                 window_rule{31, 0xfe},    window_rule{0, 0},   window_rule{31, window_rule::any}};

constexpr bool agree(replay_window& w, plain_window& m, std::uint32_t number, window_rule rule) {
  const auto fresh = w.check(number, rule);
  if (fresh) w.accept(number);
  return fresh.error() == m.receive(number, rule) && w.highest() == m.highest();
}

/// Every distance near the highest number, and those where the arithmetic turns over, each by itself.
constexpr bool every_distance(std::uint32_t first) {
  for (const auto rule : rules) {
    replay_window window(first);
    plain_window model(first);
    for (const std::uint32_t step : {0u, 2u, 5u}) demand(agree(window, model, first + step, rule));
    for (std::uint32_t i = 0; i < 84; ++i) {
      const std::uint32_t edges[] = {0x80000000u, 0x7fffffffu, 0x80000001u, 0xfeu, 0xffu};
      auto w = window;
      auto m = model;
      const std::uint32_t distance = i < 79 ? i - 40 : edges[i - 79];
      demand(agree(w, m, w.highest() + distance, rule));
      demand(agree(w, m, w.highest() - 3, rule) && agree(w, m, window.highest(), rule));
    }
  }
  return true;
}

/// Whatever arrives: mostly near the highest, sometimes anywhere.
constexpr bool whatever_arrives(std::uint32_t first, window_rule rule, int steps) {
  replay_window w(first);
  plain_window m(first);
  random_numbers random;
  for (int i = 0; i < steps; ++i) {
    const std::uint32_t r = random.next();
    demand(agree(w, m, r % 128 == 0 ? random.next() : w.highest() + (r >> 8) % 48 - 26, rule));
  }
  return true;
}

constexpr bool counter_goes_round() {
  for (std::uint32_t last = 0xfffffff0; last != 0x10; ++last) {
    sequence_counter counter(last);
    demand(counter.next() == (last == 0xffffffff ? 1 : last + 1));
  }
  return true;
}

}  // namespace

static_assert(counter_goes_round());
static_assert(every_distance(1) && every_distance(1000));
static_assert(every_distance(0x7fffffff) && every_distance(0x80000000));
static_assert(every_distance(0xfffffffd) && every_distance(0xffffffff));
static_assert(whatever_arrives(1, window_rule::any_forward, 1000));
static_assert(whatever_arrives(1, window_rule::strict, 1000));
static_assert(whatever_arrives(1, window_rule::v15, 1000));
static_assert(whatever_arrives(0xffffff80, window_rule::any_forward, 1000));
static_assert(whatever_arrives(0xffffff80, window_rule::strict, 1000));
static_assert(whatever_arrives(0xffffff80, window_rule::v15, 1000));
