// SPDX-License-Identifier: BSL-1.0
// A session's life: keep-alive, the limit on unanswered packets, close() in every state, time.
#include "support/catch.hpp"
#include "support/console_script.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using kind = console_event::kind;

/// Lets time pass without a BMC; what was sent, and when.
struct silence {
  std::vector<std::uint8_t> commands{};
  std::vector<std::uint64_t> times{};

  silence(active_console& c, milliseconds limit) {
    const auto begin = c.now;
    do {
      for (const auto& h : c.hear()) {
        commands.push_back(h.rq.command);
        times.push_back(c.now.ms - begin.ms);
      }
    } while (c.con.state() != console_state::closed && c.sleep(begin + limit));
  }
};

console_options keeping_alive_every(milliseconds m) {
  auto o = default_console();
  o.keep_alive = m;
  return o;
}

}  // namespace

TEST_CASE("an idle session is kept alive by Get Device ID", "[session][console]") {
  active_console c;
  const auto begin = c.now;
  CHECK(c.con.poll_timeout() == begin + seconds(25));
  for (int round = 1; round <= 2; ++round) {
    REQUIRE(c.sleep(instant::never()));
    CHECK(c.now == begin + seconds(25u * static_cast<std::uint32_t>(round)));
    const auto heard = c.hear();
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].rq.target == net_fn_lun::request(net_fn::app));
    CHECK(heard[0].rq.command == app::get_device_id);
    CHECK(heard[0].data.empty());
    // Whatever it says, it is alive.
    CHECK(c.tell_console(c.bmc.answer(heard[0].rq, completion_code::busy)) == errc::ok);
  }
  CHECK(c.answers.empty());
  CHECK(c.session_events.empty());
}

TEST_CASE("only the BMC itself answers for the session", "[session][console]") {
  active_console c;
  REQUIRE(c.sleep(instant::never()));
  const auto asked = c.hear()[0].rq;
  const auto outcome = [&](std::uint32_t sequence, auto change) {
    lan_response rs = respond(asked, completion_code::ok);
    change(rs);
    return c.tell_console(c.bmc.seal(sequence, rs));
  };
  CHECK(outcome(20, [](auto& rs) { rs.responder = 0x22; }) == errc::unmatched_response);
  CHECK(outcome(21, [](auto& rs) { rs.command = app::close_session; }) == errc::unmatched_response);
  CHECK(outcome(22, [](auto& rs) { rs.target = net_fn_lun::response(net_fn::chassis); }) == errc::unmatched_response);
  CHECK(outcome(23, [](auto& rs) { rs.sequence = seq_lun::of((rs.sequence.sequence() + 1) & 63); }) ==
        errc::unmatched_response);
  CHECK(outcome(24, [](auto&) {}) == errc::ok);
  CHECK(outcome(25, [](auto&) {}) == errc::unmatched_response);
}

TEST_CASE("requests put the keep-alive off", "[session][console]") {
  active_console c;
  c.now = c.now + seconds(20);
  REQUIRE(c.submit(0x30));
  CHECK(c.tell_console(c.bmc.answer(c.hear()[0].rq)) == errc::ok);
  CHECK(c.con.poll_timeout() == c.now + seconds(25));
}

TEST_CASE("no keep-alive if none is wanted", "[session][console]") {
  active_console c(keeping_alive_every({0}));
  CHECK(c.con.poll_timeout().is_never());
  c.con.handle_timeout(c.now + seconds(1000));
  CHECK(c.hear().empty());
}

TEST_CASE("an unanswered keep-alive ends the session", "[session][console]") {
  active_console c;
  const silence s(c, seconds(100));
  CHECK(s.commands == std::vector<std::uint8_t>(5, app::get_device_id));
  CHECK(s.times == std::vector<std::uint64_t>{25'000, 26'000, 28'000, 31'000, 35'000});
  CHECK(failed_with(c, errc::session_lost));
  CHECK(c.con.poll_timeout().is_never());
}

TEST_CASE("a keep-alive shorter than its own retries ends all the same", "[session][console]") {
  for (const std::uint32_t every : {1u, 10u, 500u, 1000u, 3000u}) {
    CAPTURE(every);
    active_console c(keeping_alive_every({every}));
    const silence s(c, seconds(100));
    CHECK(failed_with(c, errc::session_lost));
    CHECK(s.commands.size() == 5);
    CHECK(s.times.back() == every + 10'000);
  }
}

TEST_CASE("a keep-alive that falls due while one is out follows its answer", "[session][console]") {
  active_console c(keeping_alive_every({500}));
  REQUIRE(c.sleep(instant::never()));
  const auto heard = c.hear();
  REQUIRE(heard.size() == 1);
  c.now = c.now + milliseconds{600};
  c.con.handle_timeout(c.now);
  CHECK(c.hear().empty());
  CHECK(c.tell_console(c.bmc.answer(heard[0].rq)) == errc::ok);
  REQUIRE(c.con.poll_timeout() <= c.now);
  c.con.handle_timeout(c.now);
  CHECK(c.hear().size() == 1);
  CHECK(c.con.poll_timeout() > c.now);
}

TEST_CASE("at most 15 packets go unanswered, whatever is asked", "[session][console]") {
  active_console c;
  std::size_t requests = 0, questions = 0;
  const auto begin = c.now;
  while (c.con.state() != console_state::closed) {
    while (c.submit(0x30)) {
    }
    for (const auto& h : c.hear()) ++(h.rq.command == app::get_device_id ? questions : requests);
    REQUIRE(requests + questions <= max_unanswered);
    REQUIRE(c.sleep(begin + seconds(100)));
  }
  CHECK(requests == 10);
  CHECK(questions == 5);
  CHECK(failed_with(c, errc::session_lost));
  for (const auto& a : c.answers) CHECK((a.error == errc::timed_out || a.error == errc::session_lost));
}

namespace {
struct burst_setup : console_setup<console_backend> {
  struct traits : test_console_traits {
    static constexpr std::size_t in_flight = 15;
  };
};
}  // namespace

TEST_CASE("of a burst as many go out as can be repeated, the others follow the answers, and nothing unasked",
          "[session][console]") {
  session_pair p;  // its BMC
  console<burst_setup> c({}, default_console());
  octets out(c.max_datagram);
  const auto sent = [&] { return c.poll_transmit(out, p.now); };
  const auto answered = [&](outgoing<> n) {
    auto reply = p.ask_bmc({out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n.size)});
    (void)c.feed(reply, p.now);
    while (c.next_event()) {
    }
  };
  REQUIRE(c.start(p.now));
  while (const auto n = sent()) answered(n);
  REQUIRE(c.state() == console_state::active);
  for (std::uint8_t i = 0; i < 15; ++i) REQUIRE(c.submit({.fn = net_fn::oem_group, .command = i}, p.now));
  std::vector<octets> held;
  while (const auto n = sent()) held.emplace_back(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n.size));
  CHECK(held.size() == 10);  // 15 less the default's five tries
  for (auto& d : held) {
    auto reply = p.ask_bmc(d);
    (void)c.feed(reply, p.now);
    while (c.next_event()) {
    }
    while (const auto n = sent()) answered(n);
  }
  CHECK(p.managed.config().handler.commands.size() == 15);
  for (const auto& asked : p.managed.config().handler.commands) CHECK(asked.fn == net_fn::oem_group);
}

TEST_CASE("an answer to the question lets the waiting requests go", "[session][console]") {
  active_console c;
  std::size_t requests = 0;
  std::vector<insider<>::heard> heard;
  const auto begin = c.now;
  for (bool asked = false; !asked;) {
    while (c.submit(0x30)) {
    }
    heard = c.hear();
    for (const auto& h : heard) {
      asked = asked || h.rq.command == app::get_device_id;
      requests += h.rq.command == 0x30 ? 1 : 0;
    }
    if (!asked) REQUIRE(c.sleep(begin + seconds(100)));
  }
  CHECK(requests == 10);
  CHECK(heard.back().rq.command == app::get_device_id);
  CHECK(c.tell_console(c.bmc.answer(heard.back().rq)) == errc::ok);
  const auto more = c.hear();
  REQUIRE_FALSE(more.empty());
  for (const auto& h : more) CHECK(h.rq.command == 0x30);
  CHECK(c.tell_console(c.bmc.answer(more.back().rq)) == errc::ok);
}

TEST_CASE("the most tries that are allowed still let requests through", "[session][console]") {
  auto o = default_console();
  o.retry.tries = 14;
  active_console c(o);
  REQUIRE(c.submit(0x30));
  const auto heard = c.hear();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].rq.command == 0x30);
}

// ---- close() ----

TEST_CASE("close() in every state of the login", "[session][console]") {
  auto o = default_console();
  o.suites = suites_of({17, 3});
  for (int state = 1; state <= static_cast<int>(console_state::rakp3); ++state) {
    for (const bool sent : {false, true}) {
      CAPTURE(state, sent);
      session_pair p(o);
      login_until(p, static_cast<console_state>(state));
      if (sent) (void)p.next_from_console();
      REQUIRE(p.submit(1));
      CHECK(p.con.close(p.now));
      p.collect();
      CHECK(p.con.state() == console_state::closed);
      CHECK(p.next_from_console().empty());
      CHECK(p.con.poll_timeout().is_never());
      REQUIRE(p.session_events.size() == 1);
      CHECK(p.session_events[0].type == kind::closed);
      REQUIRE(p.answers.size() == 1);
      CHECK(p.answers[0].error == errc::closed_by_application);
      CHECK(p.con.close(p.now).error() == errc::wrong_state);
      CHECK(p.submit(1).error() == errc::wrong_state);
      p.run(seconds(10));  // the BMC forgets its half
      CHECK(p.login());
    }
  }
  session_pair idle;
  CHECK(idle.con.close(idle.now).error() == errc::wrong_state);
  CHECK(idle.con.state() == console_state::idle);
}

TEST_CASE("close() in a session says goodbye", "[session][console]") {
  for (const auto state : {console_state::set_privilege, console_state::active}) {
    for (const bool heard : {true, false}) {
      CAPTURE(static_cast<int>(state), heard);
      session_pair p;
      login_until(p, state);
      p.collect();
      p.session_events.clear();
      REQUIRE(p.submit(1));
      REQUIRE(p.con.close(p.now));
      p.collect();
      CHECK(p.con.state() == console_state::closing);
      CHECK(p.con.close(p.now).error() == errc::wrong_state);
      CHECK(p.submit(1).error() == errc::wrong_state);
      CHECK(p.con.submit_copy(request{}, p.now).error() == errc::wrong_state);
      REQUIRE(p.answers.size() == 1);
      CHECK(p.answers[0].error == errc::closed_by_application);
      CHECK(p.session_events.empty());
      const auto before = p.sent[0];
      const auto begin = p.now;
      if (!heard) p.network = [](direction, int, datagram&) { return false; };
      p.settle();
      if (!heard) {
        CHECK(p.con.poll_timeout() == begin + milliseconds{500});
        REQUIRE(p.sleep(instant::never()));
        p.settle();
        CHECK(p.con.poll_timeout() == begin + milliseconds{1500});
        REQUIRE(p.sleep(instant::never()));
        p.settle();
      }
      CHECK(p.sent[0] - before == (heard ? 1 : 2));
      CHECK(p.con.state() == console_state::closed);
      REQUIRE(p.session_events.size() == 1);
      CHECK(p.session_events[0].type == kind::closed);
      CHECK(p.managed.active_sessions() == (heard ? 0u : 1u));
      p.network = [](direction, int, datagram&) { return true; };
      CHECK(p.login());
    }
  }
}

TEST_CASE("the end of a session unloads its keys", "[session][console]") {
  for (const bool closed : {true, false}) {
    active_console c;
    if (closed) REQUIRE(c.con.close(c.now));
    const auto before = c.con.config().crypto.calls.unload;
    const silence s(c, seconds(100));
    CHECK(c.con.state() == console_state::closed);
    CHECK(c.con.config().crypto.calls.unload == before + 2);
  }
}

TEST_CASE("answers that come while closing match nothing", "[session][console]") {
  active_console c;
  REQUIRE(c.submit(0x30));
  const auto heard = c.hear();
  REQUIRE(c.con.close(c.now));
  CHECK(c.tell_console(c.bmc.answer(heard[0].rq)) == errc::unmatched_response);
  CHECK(c.con.state() == console_state::closing);
  const auto goodbye = c.hear();
  REQUIRE(goodbye.size() == 1);
  CHECK(c.tell_console(c.bmc.answer(goodbye[0].rq, completion_code{0x87})) == errc::ok);
  CHECK(c.con.state() == console_state::closed);
  CHECK(c.tell_console(c.bmc.answer(goodbye[0].rq)) == errc::unknown_session);
}

TEST_CASE("a failed console can start again", "[session][console]") {
  auto o = default_console();
  o.keep_alive = seconds(3);
  session_pair p(o);
  REQUIRE(p.login());
  p.network = [](direction, int, datagram&) { return false; };
  p.run(seconds(30));
  CHECK(failed_with(p, errc::session_lost));
  REQUIRE(p.con.start(p.now));
  p.run(seconds(30));
  CHECK(failed_with(p, errc::timed_out));
  p.network = [](direction, int, datagram&) { return true; };
  CHECK(p.login());
  CHECK(last_event(p).type == kind::ready);
}

// ---- time ----

TEST_CASE("early and spurious handle_timeout() is harmless", "[session][console]") {
  session_pair p;
  for (int i = 0; i < 3; ++i) p.con.handle_timeout(p.now);
  CHECK(p.con.state() == console_state::idle);
  REQUIRE(p.con.start(p.now));
  while (p.con.state() != console_state::active) {
    p.con.handle_timeout(p.now);
    auto out = p.next_from_console();
    REQUIRE_FALSE(out.empty());
    const auto deadline = p.con.poll_timeout();
    p.con.handle_timeout(p.now);
    p.con.handle_timeout({deadline.ms - 1});
    CHECK(p.con.poll_timeout() == deadline);
    CHECK(p.next_from_console().empty());
    CHECK(p.tell_console(p.ask_bmc(out)) == errc::ok);
  }
  REQUIRE(p.con.close(p.now));
  p.settle();
  p.con.handle_timeout(instant::never());
  p.collect();
  CHECK(p.session_events.size() == 2);
}

TEST_CASE("no time is special", "[session][console]") {
  for (const std::uint64_t origin :
       {std::uint64_t{0}, std::uint64_t{0xffff'fff0}, std::uint64_t{1} << 63, ~std::uint64_t{0} - 100'000'000}) {
    session_pair p;
    p.now = {origin};
    int n = 0;
    p.network = [&](direction, int, datagram&) { return ++n % 3 != 0; };
    REQUIRE(p.con.start(p.now));
    const auto end = p.now + seconds(30);
    p.settle();
    while (p.con.state() != console_state::active && p.sleep(end)) p.settle();
    CHECK(p.con.state() == console_state::active);
  }
}

TEST_CASE("poll_timeout(): never when idle, a retry's deadline, the earliest of several", "[session][console]") {
  auto o = default_console();
  o.suites = suites_of({17, 3});
  o.suites_wait = milliseconds{700};
  session_pair p(o);
  CHECK(p.con.poll_timeout().is_never());
  REQUIRE(p.con.start(p.now));
  CHECK(p.con.poll_timeout() == p.now);  // a datagram waits
  instant listed_by = instant::never();  // all chunks of the list together
  while (p.con.state() != console_state::active) {
    const bool optional = p.con.state() == console_state::cipher_suites;
    if (optional) listed_by = earlier(listed_by, p.now + milliseconds{700});
    auto out = p.next_from_console();
    CHECK(p.con.poll_timeout() == (optional ? listed_by : p.now + seconds(1)));
    CHECK(p.tell_console(p.ask_bmc(out)) == errc::ok);
    p.now = p.now + milliseconds{10};
  }
  const auto quiet = p.con.poll_timeout();
  const auto long_ago = p.now;
  REQUIRE(p.con.submit(request{.command = 1, .deadline = long_ago + milliseconds{50}}, p.now));
  CHECK(p.con.poll_timeout() == p.now);  // it waits to be sent
  REQUIRE(p.con.submit(request{.command = 2}, p.now));
  (void)p.next_from_console();
  (void)p.next_from_console();
  CHECK(p.con.poll_timeout() == long_ago + milliseconds{50});
  p.now = p.now + milliseconds{50};
  p.con.handle_timeout(p.now);
  p.collect();
  CHECK(p.answers.size() == 1);
  CHECK(p.con.poll_timeout() == long_ago + seconds(1));
  CHECK(quiet > p.con.poll_timeout());
}
