// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/protect/replay_window.hpp>
#include <rmcpp/protect/seal.hpp>

#include "support/catch.hpp"

#include <initializer_list>
#include <set>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::protect;

constexpr auto any = window_rule::any_forward;
constexpr auto strict = window_rule::strict;

/// What receive() says of a packet that is genuine.
errc receive(replay_window& w, std::uint32_t sequence, window_rule rule) {
  const auto fresh = w.check(sequence, rule);
  if (fresh) w.accept(sequence);
  return fresh.error();
}

replay_window after(std::initializer_list<std::uint32_t> sequences) {
  replay_window w;
  for (const auto s : sequences) w.accept(s);
  return w;
}

/// The rule in its plainest form, with a set of numbers instead of bits.
struct model {
  std::uint32_t highest = 0;
  std::set<std::uint32_t> seen;

  model() {
    for (std::uint32_t i = 0; i <= 16; ++i) seen.insert(0u - i);
  }
  errc receive(std::uint32_t sequence, window_rule rule) {
    const std::int64_t distance = static_cast<std::int32_t>(sequence - highest);
    if (sequence == 0 || distance < -16 || (rule == strict && distance > 15)) return errc::outside_window;
    if (!seen.insert(sequence).second) return errc::replayed;
    if (distance > 0) highest = sequence;
    std::erase_if(seen, [&](std::uint32_t s) { return static_cast<std::int32_t>(s - highest) < -16; });
    return errc::ok;
  }
};

}  // namespace

TEST_CASE("check() for every distance from the highest number", "[protect][window]") {
  struct row {
    const char* what;
    std::uint32_t sequence;
    errc with_any_forward;
    errc with_strict;
  };
  // 1000 and 995 were received, nothing between.
  const auto window = after({995, 1000});
  const row rows[] = {
      {"never sent", 0, errc::outside_window, errc::outside_window},
      {"the highest again", 1000, errc::replayed, errc::replayed},
      {"an older one again", 995, errc::replayed, errc::replayed},
      {"late, one behind", 999, errc::ok, errc::ok},
      {"late, at the window's end", 984, errc::ok, errc::ok},
      {"beyond the window's end", 983, errc::outside_window, errc::outside_window},
      {"far behind", 1, errc::outside_window, errc::outside_window},
      {"the next", 1001, errc::ok, errc::ok},
      {"15 ahead", 1015, errc::ok, errc::ok},
      {"16 ahead", 1016, errc::ok, errc::outside_window},
      {"after a long outage", 1000 + 1000000, errc::ok, errc::outside_window},
      {"as far ahead as there is", 1000 + 0x7fffffffu, errc::ok, errc::outside_window},
      {"half the numbers away: behind", 1000 + 0x80000000u, errc::outside_window, errc::outside_window},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    CHECK(window.check(r.sequence, any).error() == r.with_any_forward);
    CHECK(window.check(r.sequence, strict).error() == r.with_strict);
    CHECK(window.highest() == 1000);
  }
}

TEST_CASE("what a session's first packet may be numbered", "[protect][window]") {
  struct row {
    std::uint32_t sequence;
    errc with_any_forward;
    errc with_strict;
  };
  constexpr row rows[] = {
      {0, errc::outside_window, errc::outside_window},
      {1, errc::ok, errc::ok},
      {2, errc::ok, errc::ok},
      {3, errc::ok, errc::ok},  // ipmitool
      {15, errc::ok, errc::ok},
      {16, errc::ok, errc::outside_window},
      {0x7fffffff, errc::ok, errc::outside_window},
      {0x80000000, errc::outside_window, errc::outside_window},
      {0xfffffff0, errc::replayed, errc::replayed},  // nothing can be older than the first
      {0xffffffff, errc::replayed, errc::replayed},
  };
  for (const auto& r : rows) {
    CAPTURE(r.sequence);
    CHECK(replay_window().check(r.sequence, any).error() == r.with_any_forward);
    CHECK(replay_window().check(r.sequence, strict).error() == r.with_strict);
  }
}

TEST_CASE("numbers before a first packet of 3 are still good, once", "[protect][window]") {
  for (const auto rule : {any, strict}) {
    replay_window w;
    CHECK(receive(w, 3, rule) == errc::ok);
    CHECK(receive(w, 1, rule) == errc::ok);
    CHECK(receive(w, 2, rule) == errc::ok);
    CHECK(receive(w, 1, rule) == errc::replayed);
    CHECK(w.highest() == 3);
  }
}

TEST_CASE("late packets are accepted once each and do not move the window back", "[protect][window]") {
  for (std::uint32_t behind = 1; behind <= 16; ++behind) {
    CAPTURE(behind);
    auto w = after({1000});
    CHECK(receive(w, 1000 - behind, any) == errc::ok);
    CHECK(receive(w, 1000 - behind, any) == errc::replayed);
    CHECK(w.highest() == 1000);
    for (std::uint32_t other = 1; other <= 16; ++other)
      CHECK(w.check(1000 - other, any).error() == (other == behind ? errc::replayed : errc::ok));
  }
}

TEST_CASE("a jump ahead keeps what was seen within the window and forgets nothing of it", "[protect][window]") {
  for (std::uint32_t jump = 1; jump <= 40; ++jump) {
    CAPTURE(jump);
    auto w = after({990, 1000});
    REQUIRE(receive(w, 1000 + jump, any) == errc::ok);
    for (const std::uint32_t seen : {990u, 1000u})
      CHECK(w.check(seen, any).error() == (1000 + jump - seen <= 16 ? errc::replayed : errc::outside_window));
    if (jump > 1) CHECK(w.check(1000 + jump - 1, any).error() == errc::ok);
  }
}

TEST_CASE("check() alone changes nothing", "[protect][window]") {
  const auto w = after({5});
  for (int i = 0; i < 3; ++i) CHECK(w.check(6, any).has_value());
  CHECK(w.highest() == 5);
}

TEST_CASE("FFFFFFFEh, FFFFFFFFh, 1 follow each other", "[protect][window][N-V2-18]") {
  for (const auto rule : {any, strict}) {
    auto w = after({0x7fffffff, 0xfffffffd});
    CHECK(receive(w, 0xfffffffe, rule) == errc::ok);
    CHECK(receive(w, 0xffffffff, rule) == errc::ok);
    CHECK(receive(w, 0, rule) == errc::outside_window);
    CHECK(receive(w, 1, rule) == errc::ok);
    CHECK(receive(w, 0xfffffffe, rule) == errc::replayed);
    CHECK(receive(w, 0xfffffffc, rule) == errc::ok);  // late, from before the wrap
    CHECK(receive(w, 2, rule) == errc::ok);
    CHECK(w.highest() == 2);
  }
}

TEST_CASE("a sender counts 1, 2, .. and skips 0 at the wrap", "[protect][window][N-V2-18]") {
  sequence_counter fresh;
  CHECK(fresh.next() == 1);
  CHECK(fresh.next() == 2);
  sequence_counter old(0xfffffffd);
  CHECK(old.next() == 0xfffffffe);
  CHECK(old.next() == 0xffffffff);
  CHECK(old.next() == 1);
  CHECK(old.next() == 2);
}

TEST_CASE("a gap of 2 before each of 1000 packets, starting at 3, is accepted", "[protect][window][N-V2-19]") {
  for (const auto rule : {any, strict}) {
    replay_window w;
    for (std::uint32_t i = 0; i < 1000; ++i) REQUIRE(receive(w, 3 + 3 * i, rule) == errc::ok);
    CHECK(w.highest() == 3 + 3 * 999);
  }
}

TEST_CASE("the window agrees with a set of numbers, whatever arrives", "[protect][window]") {
  for (const auto rule : {any, strict}) {
    replay_window w;
    model m;
    std::uint32_t random = 12345;
    for (int i = 0; i < 20000; ++i) {
      random = random * 1664525 + 1013904223;
      // Mostly near the highest, sometimes anywhere, sometimes across the wrap.
      std::uint32_t sequence = m.highest + (random >> 16) % 48 - 24;
      if (random % 256 == 0) sequence = random;
      if (rule == any && random % 255 == 0 && m.highest < 0xffffff00u) sequence = 0xfffffff0;
      const auto before = w.highest();
      const auto outcome = receive(w, sequence, rule);
      if (outcome != m.receive(sequence, rule) || w.highest() != m.highest)
        FAIL("number " << sequence << " after highest " << before);
    }
  }
}

TEST_CASE("the window costs eight bytes a session", "[protect][window]") { STATIC_REQUIRE(sizeof(replay_window) == 8); }
