// SPDX-License-Identifier: BSL-1.0
// The contract of both machines, held in every order, and by who forgets a part of it: nobody waits in vain.
#include "support/catch.hpp"
#include "support/session_pair.hpp"

#include <algorithm>

using namespace rmcpp;
using namespace rmcpp::test;

namespace {

using octets = std::vector<std::uint8_t>;

/// What a user's loop does between two waits, one letter each: e drains events, t transmits, f takes a datagram, h
/// handles the timeout.
using order = std::string;

/// A user's program: logs in, sends one request, closes. A wait for ever is a hang.
struct program {
  session_pair<> p;
  std::vector<octets> inbox{};
  bool answered = false;
  console_event last{};
  int waits = 0;

  explicit program(const console_options& o) : p(o) {}

  void events(bool one_at_a_time) {
    while (const auto e = p.con.next_event()) {
      if (e.type == console_event::kind::done) {
        answered = e.succeeded();
        last = e;
        (void)p.con.close(p.now);
      }
      if (e.is_last() && (last.type == console_event::kind::none || !answered)) last = e;
      if (e.is_last()) over = true;
      if (one_at_a_time) return;
    }
  }
  void transmit() {
    octets out(p.con.max_datagram);
    while (const auto n = p.con.poll_transmit(out, p.now)) {
      if (mute) continue;
      auto reply = p.ask_bmc({out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n.size)});
      if (!reply.empty()) inbox.push_back(std::move(reply));
    }
  }
  void take() {
    if (inbox.empty()) return;
    (void)p.con.feed(inbox.front(), p.now);
    inbox.erase(inbox.begin());
  }
  /// False: it would wait for ever.
  bool wait() {
    ++waits;
    if (!inbox.empty()) return true;
    const instant until = p.con.poll_timeout();
    if (until.is_never()) return false;
    if (until > p.now) p.now = until;
    return true;
  }

  /// Runs until the end is told; false if it hangs.
  bool run(const order& how, bool one_at_a_time = false) {
    REQUIRE(p.con.start(p.now));
    REQUIRE(p.con.submit({.fn = net_fn::chassis, .command = 0x01}, p.now));
    while (!over && waits < 1000) {
      for (const char step : how) {
        switch (step) {
          case 'e': events(one_at_a_time); break;
          case 't': transmit(); break;
          case 'f': take(); break;
          default: p.con.handle_timeout(p.now);
        }
      }
      if (!over && !wait()) return false;
    }
    return over;
  }

  bool mute = false;  ///< its datagrams reach nobody
  bool over = false;
};

}  // namespace

TEST_CASE("in every order of draining a session is held and ended", "[session][console]") {
  order how = "efht";
  do {
    CAPTURE(how);
    for (const bool one_at_a_time : {false, true}) {
      program user(default_console());
      CHECK(user.run(how, one_at_a_time));
      CHECK(user.answered);
    }
  } while (std::next_permutation(how.begin(), how.end()));
}

TEST_CASE("in every order an end is told: no entropy, a wrong password, silence", "[session][console]") {
  order how = "efht";
  do {
    CAPTURE(how);
    for (const std::uint64_t calls : {0u, 1u, 2u, 3u, 4u, 5u}) {
      CAPTURE(calls);
      program user(default_console());
      user.p.con.config().random.fail_after = calls;
      CHECK(user.run(how));
      CHECK(user.last.error == (calls == 5 ? errc::ok : errc::entropy_failure));
    }
    auto o = default_console();
    o.password = "wrong";
    program stranger(o);
    CHECK(stranger.run(how));
    CHECK(stranger.last.error == errc::bad_rakp2_code);
    program alone(default_console());
    alone.mute = true;
    CHECK(alone.run(how));
    CHECK(alone.last.error == errc::timed_out);
  } while (std::next_permutation(how.begin(), how.end()));
}

TEST_CASE("while a datagram or an event waits, the console is due at once", "[session][console]") {
  session_pair p;
  CHECK(p.con.poll_timeout().is_never());
  REQUIRE(p.con.start(p.now));
  CHECK(p.con.poll_timeout() == p.now);  // a datagram
  octets out(p.con.max_datagram);
  const auto n = p.con.poll_transmit(out, p.now);
  REQUIRE(n);
  CHECK(p.con.poll_timeout() == p.now + seconds(1));
  p.now = p.now + milliseconds{7};
  p.con.handle_timeout(p.now);
  CHECK(p.con.poll_timeout() == p.now + milliseconds{993});
  octets reply = p.ask_bmc({out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n.size)});
  REQUIRE(p.con.feed(reply, p.now));
  while (p.con.state() != console_state::active) {
    const auto more = p.con.poll_transmit(out, p.now);
    reply = p.ask_bmc({out.begin(), out.begin() + static_cast<std::ptrdiff_t>(more.size)});
    (void)p.con.feed(reply, p.now);
  }
  CHECK(p.con.poll_timeout() == p.now);  // `ready`
  CHECK(p.con.next_event().type == console_event::kind::ready);
  CHECK(p.con.poll_timeout() > p.now);
  REQUIRE(p.submit(0x01));
  CHECK(p.con.poll_timeout() == p.now);
  const auto asked = p.con.poll_transmit(out, p.now);
  CHECK(p.con.poll_timeout() > p.now);
  reply = p.ask_bmc({out.begin(), out.begin() + static_cast<std::ptrdiff_t>(asked.size)});
  REQUIRE(p.con.feed(reply, p.now));
  CHECK(p.con.poll_timeout() == p.now);  // `done`
  CHECK(p.con.next_event().type == console_event::kind::done);
  CHECK(p.con.poll_timeout() > p.now);
  REQUIRE(p.con.close(p.now));
  p.settle();
  CHECK(p.con.poll_timeout().is_never());
}

TEST_CASE("who forgets a console's events is never left waiting, and the end stays to be told", "[session][console]") {
  program user(default_console());
  REQUIRE(user.p.con.start(user.p.now));
  for (int i = 0; i < 100; ++i) {
    user.transmit();
    user.take();
    user.p.con.handle_timeout(user.p.now);
    REQUIRE(user.wait());
  }
  CHECK(user.p.con.state() == console_state::active);
  REQUIRE(user.p.con.close(user.p.now));
  for (int i = 0; i < 10; ++i) {
    user.transmit();
    user.take();
    REQUIRE(user.wait());
  }
  CHECK(user.p.con.next_event().type == console_event::kind::ready);
  CHECK(user.p.con.next_event().type == console_event::kind::closed);
  CHECK(user.p.con.poll_timeout().is_never());
}

TEST_CASE("who forgets a BMC's events loses notes, not sessions", "[session][bmc]") {
  session_pair p;
  octets out(p.con.max_datagram), reply(p.managed.max_datagram);
  const auto talk = [&] {
    while (const auto n = p.con.poll_transmit(out, p.now)) {
      const auto m = p.managed.feed(p.from, mutable_bytes(out).first(n.size), reply, p.now);
      REQUIRE(m);
      (void)p.con.feed(mutable_bytes(reply).first(*m), p.now);
      while (p.con.next_event()) {
      }
    }
  };
  for (int i = 0; i < 20; ++i) {
    REQUIRE(p.con.start(p.now));
    talk();
    REQUIRE(p.con.state() == console_state::active);
    CHECK(p.managed.poll_timeout() > p.now);
    REQUIRE(p.con.close(p.now));
    talk();
  }
  CHECK(p.managed.counters().logins == 20);
  CHECK(p.managed.events_lost() == 20 * 5 - test_bmc_traits::events);  // login, served, privilege, served, closed
}
