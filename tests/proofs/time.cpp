// SPDX-License-Identifier: BSL-1.0
// Time near both of its ends, the clock that takes leaps, and the deadlines of a message that is repeated.
#include "proof.hpp"

#include <rmcpp/core/time.hpp>
#include <rmcpp/session/retry.hpp>

using namespace rmcpp;
using namespace rmcpp::proof;

namespace {

constexpr std::uint64_t last = ~std::uint64_t{0};
constexpr std::uint64_t leap = std::uint64_t{1} << 40;
constexpr std::uint64_t moments[] = {0,           1,           999,      1000,     0x7fffffff, 0xffffffff,
                                     0x100000000, leap - 1,    leap,     leap + 1, last / 2,   last / 2 + 1,
                                     last - leap, last - 1001, last - 2, last - 1, last};
constexpr std::uint32_t spans[] = {0, 1, 1000, 0x7fffffff, 0x80000000, 0xffffffff};

constexpr bool sums_end_at_never() {
  for (const auto ms : moments) {
    for (const auto count : spans) {
      const instant sum = instant{ms} + milliseconds{count};
      const bool fits = last - ms >= count;
      demand(fits ? sum.ms - ms == count : sum.is_never());
      demand(sum >= instant{ms} && (ms != last || sum.is_never()));
      demand(earlier(sum, instant{ms}) == instant{ms});
    }
  }
  return true;
}

/// How far ours has come is what the caller's went forward, a leap cut to its longest, and deadlines keep their
/// distance.
constexpr bool clock_counts(std::uint64_t first, std::uint64_t second, std::uint64_t third) {
  core::elapsed_clock clock;
  std::uint64_t passed = 0;
  std::uint64_t outside = last;
  for (const auto to : {first, second, third}) {
    clock.advance(instant{to});
    if (to != last) {
      const std::uint64_t step = to > outside ? to - outside : 0;
      passed += step < leap ? step : leap;
      outside = to;
    }
    demand(clock.now().ms == passed && clock.outside().ms == outside);
    for (const auto ms : moments) {
      const instant deadline{ms};
      const instant seen = clock.to_outside(deadline);
      const std::uint64_t left = ms > passed ? ms - passed : 0;
      if (ms == last) {
        demand(seen.is_never());
      } else {
        demand(left > last - outside ? seen.is_never() : seen.ms == outside + left);
      }
      const instant ours = clock.from_outside(deadline);
      const std::uint64_t ahead = ms > outside ? ms - outside : 0;
      if (ms == last) {
        demand(ours.is_never());
      } else {
        demand(ahead > last - passed ? ours.is_never() : ours.ms == passed + ahead);
      }
    }
  }
  return true;
}

constexpr bool every_clock() {
  constexpr std::uint64_t stops[] = {0, 1000, leap - 1, leap + 1, last - 1, last};
  for (const auto first : stops)
    for (const auto second : stops)
      for (const auto third : {std::uint64_t{0}, leap, last - 1}) demand(clock_counts(first, second, third));
  return true;
}

/// A message goes out as often as there are tries, at least once, and waits as the policy says.
constexpr bool repeats(const retry_policy& policy, instant now) {
  detail::retry_schedule schedule;
  demand(schedule.idle() && !schedule.due() && schedule.unsent());
  schedule.begin();
  unsigned sent = 0;
  do {
    demand(schedule.due() && !schedule.idle() && !schedule.overdue(instant::never()));
    demand(sent != 0 || schedule.deadline().is_never());
    const std::uint64_t grown = policy.first.count + std::uint64_t{sent} * policy.step.count;
    const std::uint64_t wait = grown < policy.longest.count ? grown : policy.longest.count;
    schedule.sent(policy, now);
    ++sent;
    demand(!schedule.due() && !schedule.unsent());
    demand(wait > last - now.ms ? schedule.deadline().is_never() : schedule.deadline().ms == now.ms + wait);
    demand(schedule.overdue(instant::never()) && schedule.overdue(schedule.deadline()));
  } while (schedule.again(policy, now));
  demand(sent == (policy.tries == 0 ? 1u : policy.tries) && schedule.idle());
  return true;
}

constexpr bool every_retry() {
  for (const auto now : {std::uint64_t{0}, std::uint64_t{0xffffffff}, last - 1000, last - 1, last})
    for (const auto first : spans)
      for (const auto step : spans)
        for (const std::uint8_t tries : std::array<std::uint8_t, 3>{0, 1, 4})
          for (const std::uint32_t longest : {0u, 4000u, 0xffffffffu})
            demand(repeats({{first}, {step}, {longest}, tries}, instant{now}));
  return repeats({{1}, {0xffffffff}, {0xffffffff}, 255}, instant{0});
}

}  // namespace

static_assert(sums_end_at_never());
static_assert(every_clock());
static_assert(every_retry());
