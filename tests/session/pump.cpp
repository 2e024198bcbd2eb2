// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/session_pair.hpp"

#include <rmcpp/session/pump.hpp>

#include <deque>

using namespace rmcpp;
using namespace rmcpp::test;

namespace {

using octets = std::vector<std::uint8_t>;

/// A console's transport that ends at a BMC of ours, on a clock that its waits move.
struct direct {
  session_pair<>& p;
  std::deque<octets> arrived{};
  std::vector<errc> drops{};
  bool loses_all = false;
  std::size_t fails_after = ~std::size_t{0};
  std::size_t receives = 0;

  void send(bytes datagram) {
    if (loses_all) return;
    auto reply = p.ask_bmc({datagram.begin(), datagram.end()});
    if (!reply.empty()) arrived.push_back(std::move(reply));
  }
  result<incoming<>> receive(mutable_bytes buffer, instant until) {
    if (receives++ == fails_after) return errc::transport_failure;
    if (arrived.empty()) {
      if (until.is_never()) throw std::runtime_error("it would wait for ever");
      if (until > p.now) p.now = until;
      return incoming<>{};
    }
    const auto n = core::copy(arrived.front(), buffer);
    arrived.pop_front();
    return incoming<>{n};
  }
  [[nodiscard]] instant now() const { return p.now; }
  void dropped(errc why) { drops.push_back(why); }
};
static_assert(console_transport<direct>);

/// A BMC's transport: a list of what comes, from whom.
struct listed {
  std::deque<std::pair<test_peer, octets>> coming{};
  std::vector<std::pair<test_peer, octets>> sent{};
  instant time{1000};
  void send(const test_peer& to, bytes datagram) { sent.emplace_back(to, octets(datagram.begin(), datagram.end())); }
  result<incoming<test_peer>> receive(mutable_bytes buffer, instant) {
    if (coming.empty()) return errc::transport_failure;
    const auto [from, datagram] = coming.front();
    coming.pop_front();
    return incoming<test_peer>{core::copy(datagram, buffer), from};
  }
  [[nodiscard]] instant now() const { return time; }
};
static_assert(bmc_transport<listed, test_peer> && !console_transport<listed>);

}  // namespace

TEST_CASE("a console is run until its user has what he wants", "[session][pump]") {
  session_pair p;
  direct way{p};
  REQUIRE(p.con.start(p.now));
  REQUIRE(run(p.con, way, [](const console_event& e) { return e.type == console_event::kind::ready; }));
  CHECK(p.con.state() == console_state::active);
  const std::array<std::uint8_t, 2> data{7, 8};
  REQUIRE(p.submit(0x30, data));
  octets answer;
  REQUIRE(run(p.con, way, [&](const console_event& e) {
    answer.assign(e.data.begin(), e.data.end());  // a view that is good here
    return e.succeeded();
  }));
  CHECK(answer == octets{7, 8});
  REQUIRE(p.con.close(p.now));
  int events = 0;
  REQUIRE(run(p.con, way, [&](const console_event&) { return ++events == 0; }));
  CHECK(events == 1);  // closed; then there is nothing to wait for
  REQUIRE(run(p.con, way, [&](const console_event&) { return ++events == 0; }));
  CHECK(events == 1);
}

TEST_CASE("what the user asks for within an event is sent before the next wait", "[session][pump]") {
  session_pair p;
  direct way{p};
  REQUIRE(p.con.start(p.now));
  int answers = 0;
  REQUIRE(run(p.con, way, [&](const console_event& e) {
    if (e.type == console_event::kind::done) ++answers;
    if (!e.is_last() && answers < 3) CHECK(p.submit(0x30));
    if (!e.is_last() && answers == 3) CHECK(p.con.close(p.now));
    return e.is_last();
  }));
  CHECK(answers == 3);
  CHECK(p.con.state() == console_state::closed);
}

TEST_CASE("a lost datagram is repeated, and silence told", "[session][pump]") {
  session_pair p;
  direct way{p};
  way.loses_all = true;
  REQUIRE(p.con.start(p.now));
  errc why{};
  REQUIRE(run(p.con, way, [&](const console_event& e) {
    why = e.error;
    return e.is_last();
  }));
  CHECK(why == errc::timed_out);
}

TEST_CASE("a farewell leaves before the failure is told", "[session][pump]") {
  auto o = default_console();
  o.password = "wrong";
  session_pair p(o);
  direct way{p};
  REQUIRE(p.con.start(p.now));
  std::uint32_t heard_before = 0;
  REQUIRE(run(p.con, way, [&](const console_event& e) {
    heard_before = p.managed.counters().failed_logins;
    return e.is_last();
  }));
  CHECK(heard_before == 1);
}

TEST_CASE("a receive that fails ends the loop with its error; drops are told to who wants to know", "[session][pump]") {
  session_pair p;
  direct way{p};
  way.fails_after = 2;
  way.arrived.push_back({1, 2, 3});
  REQUIRE(p.con.start(p.now));
  CHECK(run(p.con, way, [](const console_event&) { return false; }).error() == errc::transport_failure);
  CHECK(way.drops == std::vector{errc::bad_version});
}

TEST_CASE("a BMC answers whoever asked, until its user or its transport ends it", "[session][pump]") {
  session_pair p;
  listed way;
  octets out(p.con.max_datagram);
  REQUIRE(p.con.start(p.now));
  const auto n = p.con.poll_transmit(out, p.now);
  out.resize(n.size);
  const test_peer other{0x7f000009, 1};
  way.coming = {{console_peer, out}, {other, out}, {other, {9}}};
  CHECK(run(p.managed, way, [](const auto&) { return false; }).error() == errc::transport_failure);
  REQUIRE(way.sent.size() == 2);
  CHECK(way.sent[0].first == console_peer);
  CHECK(way.sent[1].first == other);
  CHECK(p.managed.counters().dropped == 1);
}

TEST_CASE("a BMC's user hears of events between two datagrams and may end it", "[session][pump]") {
  session_pair p;
  REQUIRE(p.login());  // its login waits: session_pair has taken it, so a second one tells
  listed way;
  p.now = p.now + seconds(61);
  way.time = p.now;
  way.coming = {{console_peer, {9}}, {console_peer, {9}}};
  const auto ended = run(p.managed, way, [](const auto& e) { return e.error == errc::expired; });
  CHECK(ended);
  CHECK(way.coming.size() == 1);
}
