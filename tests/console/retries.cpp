// SPDX-License-Identifier: BSL-1.0
// Loss, duplication, reordering and delay during a login and its first request; what a retry keeps and what it changes.
#include "support/catch.hpp"
#include "support/console_script.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;

console_options two_suites() {
  auto o = default_console();
  o.suites = suites_of({17, 3});
  return o;
}

enum class fate : std::uint8_t { lost, doubled, late };

/// Runs a login, a request and a close in which one datagram has a fate of its own.
struct disturbed {
  session_pair<> p{two_suites()};
  direction which;
  int number;
  fate what;
  datagram held{};

  disturbed(direction d, int n, fate f) : which(d), number(n), what(f) {}

  void deliver(direction d, datagram b) {
    const bool mine = d == which && ++p.sent[static_cast<int>(d)] == number;
    if (d != which) ++p.sent[static_cast<int>(d)];
    if (mine && what == fate::lost) return;
    if (mine && what == fate::late) {
      held = std::move(b);
      return;
    }
    hand_over(d, b);
    if (mine && what == fate::doubled) hand_over(d, b);
    // What was held back comes behind the next one of its direction.
    if (d == which && !mine && !held.empty()) hand_over(d, std::exchange(held, {}));
  }
  void hand_over(direction d, const datagram& b) {
    if (d == direction::to_console) {
      (void)p.tell_console(b);
      return;
    }
    auto reply = p.ask_bmc(b);
    if (!reply.empty()) deliver(direction::to_console, std::move(reply));
  }
  void settle() {
    for (auto d = p.next_from_console(); !d.empty(); d = p.next_from_console()) deliver(direction::to_bmc, d);
  }
  void run(milliseconds limit, auto until) {
    const auto end = p.now + limit;
    settle();
    while (!until() && p.sleep(end)) settle();
  }
};

}  // namespace

TEST_CASE("any one datagram lost, doubled or late: login, request and close succeed", "[session][console]") {
  // To the BMC: capabilities, cipher suites (several chunks), Open Session, RAKP 1, RAKP 3, privilege, request, close.
  session_pair quiet(two_suites());
  REQUIRE(quiet.login());
  const int datagrams = quiet.sent[0] + 2;
  REQUIRE(quiet.sent[0] == quiet.sent[1]);
  for (const auto way : {direction::to_bmc, direction::to_console}) {
    for (int n = 1; n <= datagrams; ++n) {
      for (const auto what : {fate::lost, fate::doubled, fate::late}) {
        CAPTURE(static_cast<int>(way), n, static_cast<int>(what));
        disturbed d(way, n, what);
        auto& p = d.p;
        REQUIRE(p.con.start(p.now));
        d.run(seconds(3), [&] { return p.con.state() == console_state::active; });
        REQUIRE(p.con.state() == console_state::active);
        const datagram data{1, 2, 3};
        REQUIRE(p.submit(0x33, data));
        d.run(seconds(3), [&] { return !p.answers.empty(); });
        REQUIRE(p.answers.size() == 1);
        CHECK(p.answers[0].error == errc::ok);
        CHECK(p.answers[0].data == data);
        CHECK(p.managed.config().handler.commands.size() == 1);
        REQUIRE(p.con.close(p.now));
        d.run(seconds(3), [&] { return p.con.state() == console_state::closed; });
        CHECK(last_event(p).type == console_event::kind::closed);
        CHECK(p.session_events.size() == 2);
        CHECK(p.managed.active_sessions() == 0);
      }
    }
  }
}

TEST_CASE("half of the datagrams lost: still a session", "[session][console]") {
  auto b = default_bmc();
  b.half_open_lifetime = seconds(60);
  for (int phase = 0; phase < 4; ++phase) {
    session_pair p(two_suites(), b);
    int n = phase;
    p.network = [&](direction, int, datagram&) { return (++n & 3) > 1; };
    REQUIRE(p.con.start(p.now));
    p.settle();
    const auto end = p.now + seconds(60);
    while (p.con.state() != console_state::active && p.sleep(end)) p.settle();
    CHECK(p.con.state() == console_state::active);
  }
}

TEST_CASE("retries: growing intervals, a new tag each, the same ids and Rm", "[session][console]") {
  for (const auto state : {console_state::open_session, console_state::rakp1, console_state::rakp3}) {
    session_pair p;
    login_until(p, state);
    const auto begin = p.now;
    std::vector<datagram> tries;
    std::vector<std::uint64_t> times;
    while (p.con.state() != console_state::closed) {
      for (auto d = p.next_from_console(); !d.empty(); d = p.next_from_console()) {
        tries.push_back(d);
        times.push_back(p.now.ms - begin.ms);
      }
      if (!p.sleep(begin + seconds(60))) break;
    }
    CHECK(times == std::vector<std::uint64_t>{0, 1000, 3000, 6000, 10'000});
    REQUIRE(tries.size() == 5);
    for (std::size_t i = 1; i < tries.size(); ++i) {
      CHECK(tag_of(tries[i]) == static_cast<std::uint8_t>(tag_of(tries[i - 1]) + 1));
      auto same = tries[i];
      same[payload_v2] = tag_of(tries[0]);
      CHECK(same == tries[0]);
    }
  }
}

TEST_CASE("questions outside a session keep their sequence number when repeated", "[session][console]") {
  for (const auto state : {console_state::capabilities, console_state::set_privilege}) {
    session_pair p;
    login_until(p, state);
    std::vector<int> numbers;
    std::vector<std::uint32_t> session_numbers;
    for (int i = 0; i < 3; ++i) {
      auto d = p.next_from_console();
      REQUIRE_FALSE(d.empty());
      if (state == console_state::capabilities) {
        numbers.push_back(decode<lan_request>(bytes(d).subspan(sessionless_v15_payload))->sequence.sequence());
        session_numbers.push_back(static_cast<std::uint32_t>(i) + 1);
      } else {
        insider bmc(p, default_console());
        const auto h = bmc.read(d);
        numbers.push_back(h.rq.sequence.sequence());
        session_numbers.push_back(h.session_sequence);
      }
      p.sleep(instant::never());
    }
    CHECK(numbers[0] == numbers[1]);
    CHECK(numbers[0] == numbers[2]);
    CHECK(session_numbers == std::vector<std::uint32_t>{1, 2, 3});
  }
}

// ---- late answers ----

TEST_CASE("an Open Session Response under an older tag is dropped", "[session][console]") {
  session_pair p;
  login_until(p, console_state::open_session);
  const auto first = p.next_from_console();
  p.sleep(instant::never());
  const auto second = p.next_from_console();
  CHECK(p.tell_console(p.ask_bmc(first)) == errc::wrong_tag);
  CHECK(p.tell_console(p.ask_bmc(second)) == errc::ok);
  p.settle();
  CHECK(p.con.state() == console_state::active);
}

TEST_CASE("RAKP 2 under an older tag is used at the deadline, if nothing better came", "[session][console]") {
  session_pair p;
  login_until(p, console_state::rakp1);
  const auto first = p.next_from_console();
  p.sleep(instant::never());
  const auto second = p.next_from_console();
  CHECK(p.tell_console(p.ask_bmc(first)) == errc::ok);
  CHECK(p.con.state() == console_state::rakp1);
  SECTION("nothing") {
    REQUIRE(p.sleep(instant::never()));
    CHECK(p.con.state() == console_state::rakp3);
  }
  SECTION("the newest") {
    CHECK(p.tell_console(p.ask_bmc(second)) == errc::ok);
    CHECK(p.con.state() == console_state::rakp3);
  }
  SECTION("an error of no one in particular") {
    CHECK(p.tell_console(error_reply(payload_type::rakp2, 0, 0x0d, session_id::none)) == errc::ok);
    REQUIRE(p.sleep(instant::never()));
    CHECK(p.con.state() == console_state::rakp3);
  }
  SECTION("one with another Rc, as BMCs that make it anew for each RAKP 1 send") {
    auto other = p.con.transcript();
    other.managed_random = {9, 9, 9};
    other.managed_guid = default_bmc().system_guid;
    bmc_backend b;
    const auto code = rakp2_code(b, p.con.suite().authentication, key_of("secret"), other);
    CHECK(p.tell_console(sessionless(payload_type::rakp2, rakp2{tag_of(second), rakp_status::no_errors, p.con.id(),
                                                                other.managed_random, other.managed_guid, *code})) ==
          errc::ok);
    CHECK(p.con.state() == console_state::rakp3);
    CHECK(p.con.transcript().managed_random == other.managed_random);
    return;
  }
  p.settle();
  CHECK(p.con.state() == console_state::active);
  for (const auto& step : p.con.config().steps) CHECK(step.on != console_trigger::restart);
}

TEST_CASE("RAKP 2 under an older tag that does not verify is dropped", "[session][console]") {
  session_pair p;
  login_until(p, console_state::rakp1);
  const auto reply = p.ask_bmc(p.next_from_console());
  p.sleep(instant::never());
  const auto second = p.next_from_console();
  CHECK(p.tell_console(edited<rakp2>(reply, [](auto& m) { m.managed_random[0] ^= 1; })) == errc::wrong_tag);
  for (const int back : {1, 2, 100, 254}) {
    CAPTURE(back);
    CHECK(p.tell_console(edited<rakp2>(reply, [&](auto& m) { m.tag = static_cast<std::uint8_t>(m.tag - back); })) ==
          errc::wrong_tag);
  }
  CHECK(p.tell_console(edited<rakp2>(reply, [](auto& m) { m.tag = static_cast<std::uint8_t>(m.tag + 2); })) ==
        errc::wrong_tag);
  CHECK(p.tell_console(p.ask_bmc(second)) == errc::ok);
  p.settle();
  CHECK(p.con.state() == console_state::active);
}

TEST_CASE("a weak Rc is no better under an older tag", "[session][console]") {
  for (const bool own : {false, true}) {
    session_pair p;
    login_until(p, console_state::rakp1);
    const auto first = p.next_from_console();
    p.sleep(instant::never());
    const auto second = p.next_from_console();
    auto t = p.con.transcript();
    t.managed_random = own ? t.console_random : octets16{};
    bmc_backend b;
    const auto code = rakp2_code(b, p.con.suite().authentication, key_of("secret"), t);
    (void)p.tell_console(sessionless(payload_type::rakp2, rakp2{tag_of(first), rakp_status::no_errors, p.con.id(),
                                                                t.managed_random, t.managed_guid, *code}));
    CHECK(failed_with(p, errc::weak_random));
  }
}

TEST_CASE("a remembered RAKP 2 is forgotten with its login", "[session][console]") {
  session_pair p;
  login_until(p, console_state::rakp1);
  const auto first = p.next_from_console();
  p.sleep(instant::never());
  const auto second = p.next_from_console();
  CHECK(p.tell_console(p.ask_bmc(first)) == errc::ok);
  CHECK(p.tell_console(p.ask_bmc(second)) == errc::ok);
  CHECK(p.tell_console(error_reply(payload_type::rakp4, tag_of(p.next_from_console()), 0x0f, p.con.id())) == errc::ok);
  login_until(p, console_state::rakp1);  // the restart
  REQUIRE_FALSE(p.next_from_console().empty());
  p.con.handle_timeout(p.con.poll_timeout());
  CHECK(p.con.state() == console_state::rakp1);
}

TEST_CASE("RAKP 4 under an older tag counts at once", "[session][console]") {
  session_pair p;
  login_until(p, console_state::rakp3);
  const auto first = p.next_from_console();
  p.sleep(instant::never());
  const auto second = p.next_from_console();
  const auto reply = p.ask_bmc(first);
  CHECK(p.tell_console(edited<rakp4>(reply, [](auto& m) { m.tag = static_cast<std::uint8_t>(m.tag - 1); })) ==
        errc::wrong_tag);
  CHECK(p.tell_console(reply) == errc::ok);
  CHECK(p.con.state() == console_state::set_privilege);
  CHECK(p.tell_console(p.ask_bmc(second)) == errc::unexpected_message);
  p.settle();
  CHECK(p.con.state() == console_state::active);
}

TEST_CASE("tags wrap", "[session][console]") {
  session_pair p;
  for (int i = 0; i < 80; ++i) {
    // Each login has two tries of RAKP 1, the answer to the first being late; the tags go once around and more.
    REQUIRE(p.con.start(p.now));
    while (p.con.state() != console_state::rakp1) REQUIRE(p.step());
    const auto late = p.ask_bmc(p.next_from_console());
    p.sleep(instant::never());
    REQUIRE_FALSE(p.next_from_console().empty());
    CHECK(p.tell_console(late) == errc::ok);
    p.sleep(instant::never());
    p.settle();
    REQUIRE(p.con.state() == console_state::active);
    REQUIRE(p.con.close(p.now));
    p.settle();
  }
}

TEST_CASE("a remembered error takes effect at the deadline, not before", "[session][console]") {
  struct row {
    console_state state;
    payload_type reply;
    errc why;
  };
  for (const auto& r :
       {row{console_state::open_session, payload_type::open_session_response, errc::refused_open_session},
        row{console_state::rakp1, payload_type::rakp2, errc::refused_rakp2},
        row{console_state::rakp3, payload_type::rakp4, errc::refused_rakp4}}) {
    // The forms that do not name our SIDm: 2 and 7 bytes, zeros, a wrong tag.
    for (const int form : {2, 7, 8, 36, 40, -8}) {
      for (const bool genuine_comes : {false, true}) {
        CAPTURE(static_cast<int>(r.reply), form, genuine_comes);
        session_pair p;
        login_until(p, r.state);
        const auto out = p.next_from_console();
        const auto reply = p.ask_bmc(out);
        const auto deadline = p.con.poll_timeout();
        const auto error = form < 0 ? error_reply(r.reply, static_cast<std::uint8_t>(tag_of(out) + 1), 0x12, p.con.id())
                                    : error_reply(r.reply, 0, 0x12, session_id::none, static_cast<std::size_t>(form));
        CHECK(p.tell_console(error) == errc::ok);
        CHECK(p.con.state() == r.state);
        CHECK(p.con.poll_timeout() == deadline);
        CHECK(p.next_from_console().empty());
        if (genuine_comes) {
          CHECK(p.tell_console(reply) == errc::ok);
          p.settle();
          CHECK(p.con.state() == console_state::active);
        } else {
          p.con.handle_timeout({deadline.ms - 1});
          p.collect();
          CHECK(p.con.state() == r.state);
          p.con.handle_timeout(deadline);
          p.collect();
          CHECK(failed_with(p, r.why, 0x12));
        }
      }
    }
    // With our SIDm and tag it counts at once, whatever follows it.
    for (const std::size_t size : {8u, 9u, 36u, 40u}) {
      session_pair p;
      login_until(p, r.state);
      const auto out = p.next_from_console();
      CHECK(p.tell_console(error_reply(r.reply, tag_of(out), 0x12, p.con.id(), size)) == errc::ok);
      CHECK(failed_with(p, r.why, 0x12));
    }
    // Another console's.
    session_pair p;
    login_until(p, r.state);
    const auto out = p.next_from_console();
    CHECK(p.tell_console(error_reply(r.reply, tag_of(out), 0x12, session_id{to_integer(p.con.id()) ^ 1})) ==
          errc::unknown_session);
    CHECK(p.tell_console(p.ask_bmc(out)) == errc::ok);
  }
}

TEST_CASE("an error remembered in one state is forgotten in the next", "[session][console]") {
  session_pair p;
  login_until(p, console_state::open_session);
  const auto out = p.next_from_console();
  CHECK(p.tell_console(error_reply(payload_type::open_session_response, 0, 0x12, session_id::none)) == errc::ok);
  CHECK(p.tell_console(p.ask_bmc(out)) == errc::ok);
  CHECK_FALSE(p.next_from_console().empty());  // RAKP 1, unanswered
  p.con.handle_timeout(p.con.poll_timeout());
  CHECK(p.con.state() == console_state::rakp1);
  p.settle();
  CHECK(p.con.state() == console_state::active);
}
