// SPDX-License-Identifier: BSL-1.0
// When sessions end, what the application hears and may do, and calls that are misuse. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"
#include "support/residue.hpp"

#include <functional>

namespace {

using namespace rmcpp;
using namespace rmcpp::protect;
using namespace rmcpp::test;
using namespace rmcpp::testing;

using rig = bmc_rig<>;
using client = rig_console<rig>;
using tables = std::array<std::size_t, 3>;

}  // namespace

TEST_CASE("a session ends after 60 s of silence, counted from its last genuine packet", "[session][bmc]") {
  rig r;
  client c(r, 17);
  REQUIRE((c.login() && c.chassis(1).got));
  CHECK(r.managed.poll_timeout() == r.now + seconds(60));
  r.wait(59'999);
  CHECK(c.chassis(1).got);
  CHECK(r.managed.poll_timeout() == r.now + seconds(60));
  r.wait(59'999);
  CHECK(r.managed.active_sessions() == 1);
  r.wait(1);
  CHECK(r.managed.active_sessions() == 0);
  CHECK(r.managed.poll_timeout().is_never());
  REQUIRE(r.events.back().type == rig::kind::closed);
  CHECK(r.events.back().error == errc::expired);
  CHECK(r.events.back().session.id == c.managed_id());
  CHECK(r.events.back().session.name == c.name);
  CHECK(r.events.back().peer == console_peer);
  CHECK_FALSE(c.chassis(1).got);
  CHECK(r.last == errc::unknown_session);
}

TEST_CASE("until its first packet a session lives no longer than a login, RAKP 3 repeated or not", "[session][bmc]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  CHECK(r.managed.poll_timeout() == r.now + seconds(15));
  r.wait(14'999);
  CHECK(c.send_rakp3() == rakp_status::no_errors);
  r.wait(1);
  CHECK(r.managed.active_sessions() == 0);
  CHECK(r.events.back().type == rig::kind::closed);
  CHECK(r.events.back().error == errc::expired);
  REQUIRE(c.login());
  r.wait(14'999);
  CHECK(c.chassis(1).got);
  r.wait(59'999);
  CHECK(r.managed.active_sessions() == 1);
  // The next login in that slot starts afresh.
  CHECK(c.close());
  REQUIRE(c.login());
  r.wait(15'000);
  CHECK(r.managed.active_sessions() == 0);
}

TEST_CASE("the inactivity time is the option's", "[session][bmc]") {
  auto o = default_bmc();
  o.inactivity = milliseconds{100};
  o.half_open_lifetime = milliseconds{50};
  rig r(o);
  client c(r), half(r);
  half.console_id = session_id{7};
  REQUIRE((c.login() && c.chassis(1).got));
  REQUIRE(half.open() == rakp_status::no_errors);
  CHECK(r.managed.poll_timeout() == r.now + milliseconds{50});
  r.wait(50);
  CHECK(r.managed.opened_logins() == 0);
  CHECK(r.managed.poll_timeout() == r.now + milliseconds{50});
  r.wait(50);
  CHECK(r.managed.active_sessions() == 0);
}

TEST_CASE("junk does not keep a session alive", "[session][bmc][N-HOST-05]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  const auto old = c.sealed(c.request(net_fn::chassis, 1));
  CHECK(c.send(old).got);
  auto forged = c.sealed(c.request(net_fn::chassis, 1), 50);
  forged.back() ^= 1;
  auto plain = forged;
  plain[5] = 0;
  const auto other_peer = c.sealed(c.request(net_fn::chassis, 1), 60);
  const auto deadline = r.managed.poll_timeout();
  for (int i = 0; i < 59; ++i) {
    r.wait(1000);
    (void)r.ask(console_peer, old);  // answered again as long as its answer is kept
    CHECK(r.ask(console_peer, forged).empty());
    CHECK(r.ask(console_peer, plain).empty());
    CHECK(r.ask(test_peer{1, 1}, other_peer).empty());
    CHECK_FALSE(r.ask(console_peer, c.rakp3_datagram()).empty());  // RAKP 4 again, but no sign of life
    CHECK(r.managed.poll_timeout() == deadline);
  }
  r.wait(1000);
  CHECK(r.managed.active_sessions() == 0);
}

TEST_CASE("early, spurious and repeated timeouts do nothing; a late one ends all that is due", "[session][bmc]") {
  rig r;
  r.managed.handle_timeout(r.now);
  client a(r), b(r, 3, test_peer{5, 5}), half(r);
  half.console_id = session_id{3};
  REQUIRE((a.login() && b.login()));
  REQUIRE(half.open() == rakp_status::no_errors);
  for (int i = 0; i < 100; ++i) r.wait(0);
  CHECK(r.tables() == tables{2, 1, 0});
  r.wait(10'000'000);
  CHECK(r.tables() == tables{0, 0, 0});
  CHECK(r.count(rig::kind::closed) == 2);
  r.wait(0);
  CHECK(r.count(rig::kind::closed) == 2);
}

TEST_CASE("a clock that steps back costs that step, and time runs on from there", "[session][bmc][N-HOST-06]") {
  rig r;
  client c(r);
  REQUIRE((c.login() && c.chassis(1).got));
  r.wait(20'000);
  r.now = instant{5};
  r.managed.handle_timeout(r.now);
  CHECK(r.managed.poll_timeout() == r.now + milliseconds{40'000});
  CHECK(c.chassis(1).got);
  CHECK(r.managed.poll_timeout() == r.now + milliseconds{60'000});
  CHECK(r.managed.active_sessions() == 1);
  // Nor does the 32-bit boundary of milliseconds matter.
  r.now = instant{(std::uint64_t{1} << 32) - 10};
  r.managed.handle_timeout(r.now);
  CHECK(r.managed.active_sessions() == 0);
  REQUIRE((c.login() && c.chassis(1).got));
  r.wait(59'999);
  CHECK(r.managed.active_sessions() == 1);
  r.wait(1);
  CHECK(r.managed.active_sessions() == 0);
  // At the end of time nothing is ever due.
  r.now = instant{~std::uint64_t{0} - 5};
  REQUIRE(c.login());
  CHECK(r.managed.poll_timeout().is_never());
}

TEST_CASE("close(), user_changed() and kg_changed() end what depends on them", "[session][bmc]") {
  rig r;
  client admin(r), op(r, 3, test_peer{2, 2}), half(r, 3, test_peer{3, 3}), unknown(r, 3, test_peer{4, 4}),
      opened(r, 3, test_peer{5, 5});
  op.name = name_of("operator");
  op.password = key_of("operpw");
  op.role = role_byte::of(privilege::operator_, true);
  unknown.name = name_of("nobody");
  REQUIRE((admin.login() && op.login() && half.prove() && unknown.prove()));
  REQUIRE(opened.open() == rakp_status::no_errors);
  r.events.clear();

  CHECK(r.managed.close(session_id{1}, r.now).error() == errc::unknown_session);
  CHECK(r.managed.close(session_id::none, r.now).error() == errc::unknown_session);
  CHECK(r.managed.close(half.managed_id(), r.now).error() == errc::unknown_session);
  r.managed.user_changed(user_id{9}, r.now);
  r.managed.user_changed(user_id{4}, r.now);
  CHECK(r.tables() == tables{2, 1, 2});
  r.managed.user_changed(user_id{2}, r.now);
  CHECK(r.tables() == tables{1, 1, 1});
  r.drain();
  REQUIRE(r.events.size() == 1);
  CHECK(r.events[0].error == errc::closed_by_application);
  CHECK(r.events[0].session.id == admin.managed_id());
  CHECK(refused_as_unknown(r.ask(half.from, half.rakp3_datagram())));
  CHECK(op.chassis(1).got);

  REQUIRE((admin.login() && half.prove()));
  CHECK(r.managed.close(admin.managed_id(), r.now).has_value());
  CHECK(r.managed.close(admin.managed_id(), r.now).error() == errc::unknown_session);
  CHECK(r.tables() == tables{1, 1, 2});
  r.managed.kg_changed(r.now);
  CHECK(r.tables() == tables{0, 1, 0});
  r.drain();
  CHECK(r.count(rig::kind::closed) == 3);
  CHECK(opened.send_rakp1() == rakp_status::no_errors);  // rests on neither
  CHECK(opened.send_rakp3() == rakp_status::no_errors);
}

TEST_CASE("the event ring overflows into a count, and loses no state", "[session][bmc]") {
  rig r;
  r.drains = false;
  client live(r);
  REQUIRE(live.login());
  for (std::uint32_t i = 0; i < 20; ++i) {
    client c(r, 3, test_peer{i, 623});
    c.password = key_of("wrong");
    REQUIRE(c.prove());
    CHECK(c.send_rakp3() == rakp_status::invalid_integrity_check_value);
  }
  CHECK(r.managed.events_lost() == 21 - test_bmc_traits::events);
  CHECK(r.managed.counters().failed_logins == 20);
  CHECK(live.chassis(1).got);
  r.drains = true;
  r.drain();
  CHECK(r.events.size() == test_bmc_traits::events);
  CHECK(r.events.front().type == rig::kind::login);  // the newest are lost
  CHECK(live.close());
  CHECK(r.events.back().type == rig::kind::closed);
}

TEST_CASE("counters", "[session][bmc]") {
  rig r;
  const auto& n = r.managed.counters();
  client c(r);
  REQUIRE(c.login());
  CHECK(n.datagrams == 3);
  CHECK(n.dropped == 0);
  CHECK(n.logins == 1);
  const auto rq = c.request(net_fn::chassis, 1);
  CHECK((c.send(rq).got && c.send(rq).got));
  CHECK(n.commands == 1);
  CHECK(n.repeats == 1);
  CHECK(r.ask(console_peer, octets(3)).empty());
  CHECK(n.dropped == 1);
  CHECK(n.datagrams == 6);
  CHECK(n.failed_logins == 0);
  CHECK(n.evicted == 0);
}

TEST_CASE("a reply buffer that is too small or overlaps is misuse, before anything changes",
          "[session][bmc][N-RMCP-10]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  const auto packet = c.sealed(c.request(net_fn::chassis, 2));
  const auto before = r.managed.counters().datagrams;

  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, rig::machine::max_datagram - 1}) {
    octets d = packet;
    octets small(n);
    CHECK(r.managed.feed(console_peer, d, small, r.now).error() == errc::buffer_too_small);
  }
  octets both(rig::machine::max_datagram + packet.size());
  const auto room = mutable_bytes(both);
  const auto reply = room.last(rig::machine::max_datagram);
  copy(packet, room);  // they touch, and that is fine
  CHECK(r.managed.feed(console_peer, room.first(packet.size()), reply, r.now).has_value());
  CHECK(r.handler().commands.size() == 1);
  CHECK(r.managed.counters().datagrams == before + 1);
  const auto next = c.sealed(c.request(net_fn::chassis, 2));
  for (const std::size_t at : {std::size_t{1}, packet.size() - 1}) {
    copy(next, room.subspan(at));
    CHECK(r.managed.feed(console_peer, room.subspan(at, next.size()), reply, r.now).error() == errc::buffers_overlap);
    CHECK(equal(room.subspan(at, next.size()), next));
  }
  auto mute = console_peer;
  mute.answerable = false;
  CHECK(r.ask(mute, next).empty());
  CHECK(r.last == errc::no_return_path);
  CHECK(r.handler().commands.size() == 1);
  CHECK(c.send(next).got);
  CHECK(r.managed.feed(console_peer, {}, room, r.now).error() == errc::truncated);
}

TEST_CASE("poll_transmit has nothing to say yet", "[session][bmc]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  octets out(rig::machine::max_datagram);
  const auto n = r.managed.poll_transmit(out, r.now);
  CHECK_FALSE(n);
  CHECK(n.error == errc::ok);
  CHECK(r.managed.poll_transmit(mutable_bytes(out).first(out.size() - 1), r.now).error == errc::buffer_too_small);
}

TEST_CASE("an ended session leaves no answers and no codes behind", "[session][bmc]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const octets answer = test::from_hex("d1 d2 d3 d4 d5 d6 d7 d8 d9 da db dc dd de df e0");
  REQUIRE(c.send(c.request(net_fn::chassis, 1, answer)).data == answer);
  const octets code = to_octets(c.fourth.code);
  CHECK(test::memory_holds(r.managed, answer));
  CHECK(test::memory_holds(r.managed, code));
  CHECK(r.managed.close(c.managed_id(), r.now));
  CHECK_FALSE(test::memory_holds(r.managed, answer));
  CHECK_FALSE(test::memory_holds(r.managed, code));
}

TEST_CASE("what has expired does not answer, even if handle_timeout() was never called", "[session][bmc][N-V2-21]") {
  rig r;
  client session(r), opened_only(r), proven_only(r);
  opened_only.console_id = session_id{0xa1};
  proven_only.console_id = session_id{0xa2};
  REQUIRE((session.login() && session.chassis(1).got));
  const auto commands = r.handler().commands.size();
  SECTION("a session") {
    r.now = r.now + seconds(60);
    CHECK_FALSE(session.chassis(1).got);
    CHECK(r.last == errc::unknown_session);
    CHECK(r.handler().commands.size() == commands);
    CHECK(r.events.back().error == errc::expired);
  }
  SECTION("half-open logins") {
    REQUIRE((opened_only.open() == rakp_status::no_errors && proven_only.prove()));
    r.now = r.now + seconds(15);
    CHECK(refused_as_unknown(r.ask(console_peer, opened_only.rakp1_datagram())));
    CHECK(refused_as_unknown(r.ask(console_peer, proven_only.rakp3_datagram())));
    CHECK(session.chassis(1).got);
  }
}

namespace {

/// A handler whose commands act on the BMC that runs them.
struct acting_setup {
  struct actor {
    std::function<void(std::uint8_t, const session_info&)> act{};
    handled handle(const request& rq, const session_info& session, response_writer& rs) noexcept {
      act(rq.command, session);
      rs.put(rq.command);
      return handled::done;
    }
  };
  using peer = test_peer;
  using traits = test_bmc_traits;
  bmc_backend crypto{};
  counting_entropy random{};
  test_users users{};
  actor handler{};
};

}  // namespace

TEST_CASE("a command that ends its own session is still answered, protected as ever", "[session][bmc]") {
  for (const std::uint8_t code : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
    CAPTURE(int{code});
    const instant now{1000};
    bmc<acting_setup> managed{{}, default_bmc()};
    managed.config().handler.act = [&](std::uint8_t what, const session_info& session) {
      if (what == 1) (void)managed.close(session.id, now);
      if (what == 2) managed.user_changed(session.user, now);
      if (what == 3) managed.kg_changed(now);
    };
    console<console_setup<console_backend>> con{{}, default_console()};
    REQUIRE(con.start(now));
    REQUIRE(con.submit({.fn = net_fn::oem_group, .command = code}, now));
    octets out(512), reply(managed.max_datagram), answer;
    while (const auto n = con.poll_transmit(out, now)) {
      const auto m = managed.feed(console_peer, mutable_bytes(out).first(n.size), reply, now);
      REQUIRE(m);
      CHECK(con.feed(mutable_bytes(reply).first(*m), now));
      while (const auto e = con.next_event())
        if (e.type == console_event::kind::done) answer = to_octets(e.data);
    }
    CHECK(answer == octets{code});
    CHECK(managed.active_sessions() == 0);
    bmc_event<test_peer> last;
    while (const auto e = managed.next_event()) last = e;
    CHECK(last.type == bmc_event<test_peer>::kind::closed);
    CHECK(last.error == errc::closed_by_application);
  }
}
