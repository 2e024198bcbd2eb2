// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/console/requests.hpp>

#include "support/catch.hpp"

#include <map>
#include <set>

namespace {

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::wire;
using namespace rmcpp::detail;

struct three {
  static constexpr std::size_t in_flight = 3;
  static constexpr std::size_t request_bytes = 4;
};
using table = request_table<three>;

constexpr instant t0{50'000};
const retry_policy policy{.tries = 2};

/// The answer to what the table would send next.
lan_response answer_to(const table::entry& e) {
  return {.target = net_fn_lun::response(e.rq.fn), .sequence = seq_lun::of(e.sequence), .command = e.rq.command};
}

console_event next_of(table& t) {
  console_event e;
  (void)t.next_event(e, {}, {});
  return e;
}

}  // namespace

// ---- sequence_pool ----

TEST_CASE("64 numbers, each once", "[session][requests]") {
  sequence_pool pool;
  std::set<int> taken;
  for (int i = 0; i < 63; ++i) CHECK(taken.insert(pool.take(t0)).second);
  CHECK(*taken.rbegin() <= 63);
  CHECK(taken.insert(pool.take(t0)).second);
  CHECK(taken.size() == 64);
}

TEST_CASE("a number that was used rests for at least 10 s, and at most 20 s", "[session][requests]") {
  for (const std::uint32_t offset : {0u, 1u, 5'000u, 9'999u, 10'000u, 12'345u, 19'999u}) {
    sequence_pool pool;
    for (int i = 0; i < 64; ++i) (void)pool.take(t0);
    pool.release(7, t0);
    const instant used = t0 + milliseconds{30'000 + offset};
    pool.release(3, used);
    // 3 comes before 7 in the round, unless it rests.
    for (std::uint32_t ms = 0; ms <= 25'000; ms += 50) {
      CAPTURE(offset, ms);
      auto once = pool;
      const auto n = once.take(used + milliseconds{ms});
      if (ms < 10'000) CHECK(n == 7);
      if (ms >= 20'000) CHECK(n == 3);
    }
  }
}

TEST_CASE("many calls at one time do not shorten the rest", "[session][requests]") {
  sequence_pool pool;
  for (int i = 0; i < 64; ++i) (void)pool.take(t0);
  pool.release(7, t0);
  const instant now = t0 + seconds(40);
  for (const std::uint8_t n : {std::uint8_t{3}, std::uint8_t{50}, std::uint8_t{51}, std::uint8_t{52}})
    pool.release(n, now);
  CHECK(pool.take(now) == 7);
}

TEST_CASE("a number in flight is never taken, even if all others rest", "[session][requests]") {
  sequence_pool pool;
  for (int i = 0; i < 64; ++i) (void)pool.take(t0);
  pool.release(7, t0);
  CHECK(pool.take(t0) == 7);
}

TEST_CASE("with all numbers resting the round goes on", "[session][requests]") {
  sequence_pool pool;
  const auto busy = pool.take(t0);
  std::array<int, 64> uses{};
  for (int i = 0; i < 63 * 4; ++i) {
    const auto n = pool.take(t0);
    CHECK(n != busy);
    ++uses[n];
    pool.release(n, t0);
  }
  for (std::size_t n = 0; n < 64; ++n) CHECK(uses[n] == (n == busy ? 0 : 4));
}

TEST_CASE("a number does not rest forever", "[session][requests]") {
  sequence_pool pool;
  for (int i = 0; i < 64; ++i) pool.release(pool.take(t0), t0);
  sequence_pool fresh;
  for (int i = 0; i < 64; ++i) CHECK(pool.take(t0 + seconds(20)) == fresh.take(t0));
}

// ---- request_table ----

TEST_CASE("adding: slots, sizes, copies", "[session][requests]") {
  table t;
  const std::array<std::uint8_t, 256> data{9, 8, 7, 6, 5};
  CHECK(t.add(request{.data = data}, t0).error() == errc::too_long);
  CHECK(t.add_copy(request{.data = bytes(data).first(5)}, t0).error() == errc::too_long);
  CHECK(t.next_due() == nullptr);
  CHECK(t.add(request{.data = bytes(data).first(255)}, t0));
  std::array<std::uint8_t, 4> mine{1, 2, 3, 4};
  const auto copied = t.add_copy(request{.data = mine}, t0);
  mine = {};
  CHECK(t.add(request{}, t0));
  CHECK(t.add(request{}, t0).error() == errc::no_slot);
  CHECK(t.add_copy(request{}, t0).error() == errc::no_slot);

  auto* first = t.next_due();
  REQUIRE(first);
  CHECK(first->rq.data.data() == data.data());
  t.sent(*first, policy, t0);
  auto* second = t.next_due();
  REQUIRE(second);
  CHECK(equal(t.message(*second).data, std::array<std::uint8_t, 4>{1, 2, 3, 4}));
  CHECK(second->generation == copied->generation);
}

TEST_CASE("an answer ends its request, once", "[session][requests]") {
  table t;
  const auto id = *t.add(request{.fn = net_fn::storage, .command = 5}, t0);
  auto& e = *t.next_due();
  CHECK(t.answer(answer_to(e), t0).error() == errc::unmatched_response);  // not sent yet
  t.sent(e, policy, t0);
  CHECK(t.next_due() == nullptr);
  auto rs = answer_to(e);
  rs.code = completion_code::busy;
  const std::array<std::uint8_t, 2> data{1, 2};
  rs.data = data;
  CHECK(t.answer(rs, t0));
  CHECK(t.answer(rs, t0).error() == errc::unmatched_response);
  CHECK(t.next_deadline().is_never());
  const auto event = next_of(t);
  CHECK(event.type == console_event::kind::done);
  CHECK(event.request == id);
  CHECK(event.error == errc::ok);
  CHECK(event.code == completion_code::busy);
  CHECK(event.data.data() == data.data());
  CHECK(next_of(t).type == console_event::kind::none);
}

TEST_CASE("an answer that fits no request", "[session][requests]") {
  table t;
  REQUIRE(t.add(request{.fn = net_fn::storage, .command = 5}, t0));
  auto& e = *t.next_due();
  t.sent(e, policy, t0);
  const auto outcome = [&](auto change) {
    auto rs = answer_to(e);
    change(rs);
    return t.answer(rs, t0).error();
  };
  CHECK(outcome([](auto& rs) { rs.sequence = seq_lun::of(63); }) == errc::unmatched_response);
  CHECK(outcome([](auto& rs) { rs.command = 6; }) == errc::unmatched_response);
  CHECK(outcome([](auto& rs) { rs.target = net_fn_lun::response(net_fn::app); }) == errc::unmatched_response);
  CHECK(outcome([](auto& rs) { rs.responder = 0x81; }) == errc::unmatched_response);
  CHECK(outcome([](auto&) {}) == errc::ok);
}

TEST_CASE("tries, deadlines and what is next", "[session][requests]") {
  table t;
  REQUIRE(t.add(request{.command = 1}, t0));
  REQUIRE(t.add(request{.command = 2, .deadline = t0 + milliseconds{1500}}, t0));
  REQUIRE(t.add(request{.command = 3, .tries = 1}, t0));
  CHECK(t.next_deadline() == t0 + milliseconds{1500});
  while (auto* e = t.next_due()) t.sent(*e, policy, t0);
  CHECK(t.next_deadline() == t0 + seconds(1));
  t.handle_timeout(t0 + milliseconds{999}, policy);
  CHECK(t.next_due() == nullptr);
  t.handle_timeout(t0 + seconds(1), policy);
  CHECK(next_of(t).error == errc::timed_out);  // one try only
  CHECK(next_of(t).type == console_event::kind::none);
  CHECK(t.next_deadline() == t0 + milliseconds{1500});
  int resent = 0;
  while (auto* e = t.next_due()) {
    t.sent(*e, policy, t0 + seconds(1));
    ++resent;
  }
  CHECK(resent == 2);
  t.handle_timeout(t0 + milliseconds{1500}, policy);
  CHECK(next_of(t).request.slot == 1);
  CHECK(t.next_deadline() == t0 + seconds(3));
  t.handle_timeout(t0 + seconds(3), policy);
  CHECK(next_of(t).request.slot == 0);
  CHECK(t.next_deadline().is_never());
}

TEST_CASE("cancelling", "[session][requests]") {
  table t;
  const auto id = *t.add(request{.command = 1}, t0);
  auto& e = *t.next_due();
  t.sent(e, policy, t0);
  const auto rs = answer_to(e);
  CHECK(t.cancel(id, t0));
  CHECK(t.cancel(id, t0).error() == errc::stale_handle);
  CHECK(t.answer(rs, t0).error() == errc::unmatched_response);
  CHECK(next_of(t).type == console_event::kind::none);
  // A number that an answer may still come for is not used again.
  for (int i = 0; i < 40; ++i) {
    const auto other = *t.add(request{.command = 1}, t0);
    CHECK(t.next_due()->sequence != rs.sequence.sequence());
    CHECK_FALSE(other == id);
    CHECK(t.cancel(id, t0).error() == errc::stale_handle);
    CHECK(t.cancel(other, t0));
  }
  CHECK(t.cancel({0xff, 0}, t0).error() == errc::stale_handle);
  CHECK(t.cancel({3, 1}, t0).error() == errc::stale_handle);
}

TEST_CASE("all end at once, the told ones apart", "[session][requests]") {
  table t;
  REQUIRE(t.add(request{.command = 1}, t0));
  t.sent(*t.next_due(), policy, t0);
  REQUIRE(t.add(request{.command = 2}, t0));
  t.end_all(errc::session_lost, t0);
  CHECK(t.next_due() == nullptr);
  CHECK(next_of(t).error == errc::session_lost);
  t.end_all(errc::timed_out, t0);
  CHECK(next_of(t).error == errc::session_lost);
  CHECK(next_of(t).type == console_event::kind::none);
}

TEST_CASE("views die with the next datagram, and only views", "[session][requests]") {
  table t;
  REQUIRE(t.add(request{.command = 1}, t0));
  auto& answered = *t.next_due();
  t.sent(answered, policy, t0);
  const std::array<std::uint8_t, 1> data{1};
  auto rs = answer_to(answered);
  rs.data = data;
  REQUIRE(t.answer(rs, t0));
  REQUIRE(t.add(request{.command = 2, .deadline = t0}, t0));
  t.handle_timeout(t0, policy);
  t.drop_views();
  t.drop_views();
  const auto first = next_of(t);
  CHECK(first.error == errc::not_drained);
  CHECK(first.data.empty());
  CHECK(next_of(t).error == errc::deadline_passed);
}

TEST_CASE("the machine's own questions take numbers from the same pool", "[session][requests]") {
  table t;
  REQUIRE(t.add(request{.command = 1}, t0));
  const auto busy = t.next_due()->sequence;
  std::set<int> taken;
  for (int i = 0; i < 63; ++i) taken.insert(t.sequences().draw(t0));
  CHECK(taken.size() == 63);
  CHECK(taken.count(busy) == 0);
}
