// SPDX-License-Identifier: BSL-1.0
// Whatever clock a caller has: every entry of both machines is driven with instants that no clock should give.
#include "support/catch.hpp"
#include "support/session_pair.hpp"

#include <utility>

using namespace rmcpp;
using namespace rmcpp::test;

namespace {

using octets = std::vector<std::uint8_t>;
constexpr std::uint64_t last_ms = ~std::uint64_t{0} - 1;

/// A pair whose every call is told the instants of a list, one after the other, over and over.
struct told : session_pair<> {
  explicit told(std::vector<std::uint64_t> list) : list_(std::move(list)) {}

  instant next() { return {list_[at_++ % list_.size()]}; }

  /// Lets both talk; every call with the next instant.
  void talk() {
    octets out(con.max_datagram), reply(managed.max_datagram);
    for (int calls = 0; calls < 200; ++calls) {
      con.handle_timeout(next());
      managed.handle_timeout(next());
      CHECK_FALSE(managed.poll_transmit(reply, next()));
      const auto n = con.poll_transmit(out, next());
      take();
      if (!n) return;
      const auto m = managed.feed(from, mutable_bytes(out).first(n.size), reply, next());
      if (m && *m != 0) (void)con.feed(mutable_bytes(reply).first(*m), next());
      take();
    }
    FAIL("no end of datagrams");
  }
  void take() {
    while (const auto e = con.next_event()) {
      if (e.type == console_event::kind::done) answered = answered || e.succeeded();
    }
    while (managed.next_event()) {
    }
  }

  bool answered = false;

 private:
  std::vector<std::uint64_t> list_;
  std::size_t at_ = 0;
};

}  // namespace

TEST_CASE("a session is held whatever instants the machines are told", "[session][time]") {
  const std::uint64_t never = instant::never().ms;
  for (const auto& list : std::vector<std::vector<std::uint64_t>>{
           {0},            // a clock that stands
           {1000, never},  // handle_timeout(poll_timeout()) of an idle machine
           {never},
           {last_ms},
           {last_ms, last_ms - 1},    // runs backwards
           {5000, 4000, 4500, 3000},  // jumps back
           {10, 11, 12, 10},
       }) {
    CAPTURE(list);
    told p(list);
    REQUIRE(p.con.start(p.next()));
    p.talk();
    REQUIRE(p.con.state() == console_state::active);
    REQUIRE(p.con.submit({.command = 1}, p.next()));
    p.talk();
    CHECK(p.answered);
    const auto id = p.con.submit({.command = 1}, p.next());
    REQUIRE(id);
    CHECK(p.con.cancel(*id, p.next()));
    p.managed.user_changed(user_id{9}, p.next());
    CHECK(p.managed.active_sessions() == 1);
    REQUIRE(p.con.close(p.next()));
    p.talk();
    CHECK(p.con.state() == console_state::closed);
    CHECK(p.managed.active_sessions() == 0);
  }
}

TEST_CASE("handle_timeout(poll_timeout()) is harmless, idle or not", "[session][time]") {
  session_pair p;
  p.con.handle_timeout(p.con.poll_timeout());
  p.managed.handle_timeout(p.managed.poll_timeout());
  CHECK(p.con.poll_timeout().is_never());
  REQUIRE(p.login());
  CHECK_FALSE(p.con.poll_timeout().is_never());
}

TEST_CASE("a leap forward expires everything at once, and the machines go on", "[session][time]") {
  session_pair p;
  REQUIRE(p.login());
  p.expire(instant{last_ms});
  CHECK(p.managed.active_sessions() == 0);
  p.expire(instant{5});  // the clock comes to its senses
  CHECK(p.con.close(p.now));
  p.run(seconds(5));
  CHECK(p.con.state() == console_state::closed);
  CHECK(p.login());
  p.run(seconds(30));  // keep-alives
  CHECK(p.con.state() == console_state::active);
  CHECK(p.managed.active_sessions() == 1);
}

TEST_CASE("a step back delays what is due by no more than the step", "[session][time]") {
  session_pair p;
  p.network = [](direction, int, octets&) { return false; };
  REQUIRE(p.con.start(p.now));
  (void)p.step();
  CHECK(p.con.poll_timeout() == p.now + seconds(1));
  p.now = p.now + milliseconds{400};
  p.con.handle_timeout(p.now);
  p.now = instant{p.now.ms - 100'000};
  p.con.handle_timeout(p.now);
  CHECK(p.con.poll_timeout() == p.now + milliseconds{600});
}

TEST_CASE("a request's deadline is on the caller's clock", "[session][time]") {
  session_pair p;
  p.now = instant{1'000'000'000'000};
  REQUIRE(p.login());
  p.network = [](direction, int, octets&) { return false; };
  REQUIRE(p.con.submit({.command = 1, .deadline = p.now + milliseconds{300}}, p.now));
  REQUIRE(p.con.submit({.command = 1, .deadline = instant{5}}, p.now));  // has passed
  (void)p.step();
  p.expire(p.now);
  REQUIRE(p.answers.size() == 1);
  CHECK(p.con.poll_timeout() == p.now + milliseconds{300});
  p.expire(p.now + milliseconds{300});
  REQUIRE(p.answers.size() == 2);
  for (const auto& a : p.answers) CHECK(a.error == errc::deadline_passed);
}
