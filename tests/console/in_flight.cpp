// SPDX-License-Identifier: BSL-1.0
// Requests within a session: matching, numbers, retries, timeouts, cancelling, and what a session must not accept.
#include "support/catch.hpp"
#include "support/console_script.hpp"

#include <map>
#include <set>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using namespace rmcpp::testing;

console_options console_for(std::uint8_t suite) {
  auto o = default_console();
  o.suites = suites_of({suite});
  return o;
}

}  // namespace

TEST_CASE("several requests in flight, answered in any order", "[session][console]") {
  for (const auto& order : {std::array{0, 1, 2, 3}, std::array{3, 2, 1, 0}, std::array{2, 0, 3, 1}}) {
    active_console c;
    std::array<request_id, 4> ids{};
    for (std::size_t i = 0; i < 4; ++i) ids[i] = *c.submit(static_cast<std::uint8_t>(0x10 + (i & 1)));
    CHECK(c.submit(1).error() == errc::no_slot);
    const auto heard = c.hear();
    REQUIRE(heard.size() == 4);
    for (const int n : order) {
      const auto i = static_cast<std::size_t>(n);
      const datagram data{static_cast<std::uint8_t>(n)};
      CHECK(c.tell_console(c.bmc.answer(heard[i].rq, completion_code{0x80}, data)) == errc::ok);
      CHECK(c.answers.back().id == ids[i]);
      CHECK(c.answers.back().code == completion_code{0x80});
      CHECK(c.answers.back().error == errc::ok);
      CHECK(c.answers.back().data == data);
    }
    CHECK(c.answers.size() == 4);
    CHECK(c.submit(1));
  }
}

TEST_CASE("a request carries what was submitted", "[session][console]") {
  active_console c;
  datagram data(255, 0xab);
  REQUIRE(c.con.submit(request{.fn = net_fn::storage, .lun = 2, .command = 0x44, .data = data}, c.now));
  data[3] = 0xcd;  // borrowed, not copied
  const auto heard = c.hear();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].rq.target == net_fn_lun::request(net_fn::storage, 2));
  CHECK(heard[0].rq.responder == bmc_address);
  CHECK(heard[0].rq.requester == console_address);
  CHECK(heard[0].rq.command == 0x44);
  CHECK(heard[0].data == data);
  CHECK(c.submit(1, datagram(256)).error() == errc::too_long);
}

TEST_CASE("submit_copy() needs its bytes no longer", "[session][console]") {
  active_console c;
  std::array<datagram, 4> wanted{};
  for (std::size_t i = 0; i < 4; ++i) {
    datagram data(i == 3 ? 16 : i, static_cast<std::uint8_t>(i));
    wanted[i] = data;
    REQUIRE(c.con.submit_copy(request{.command = 1, .data = data}, c.now));
    std::fill(data.begin(), data.end(), std::uint8_t{0xff});
  }
  const auto heard = c.hear();
  for (std::size_t i = 0; i < 4; ++i) CHECK(heard[i].data == wanted[i]);
  active_console d;
  CHECK(d.con.submit_copy(request{.data = datagram(17)}, d.now).error() == errc::too_long);
  for (int i = 0; i < 4; ++i) REQUIRE(d.con.submit_copy(request{.command = 1}, d.now));
  CHECK(d.con.submit_copy(request{.command = 1}, d.now).error() == errc::no_slot);
}

TEST_CASE("requests submitted before the session exists wait for it", "[session][console]") {
  session_pair p;
  CHECK(p.submit(1).error() == errc::wrong_state);
  REQUIRE(p.con.start(p.now));
  const datagram data{7};
  REQUIRE(p.submit(0x20, data));
  REQUIRE(p.con.submit_copy(request{.fn = net_fn::chassis, .command = 0x21, .data = data}, p.now));
  p.settle();
  REQUIRE(p.answers.size() == 2);
  CHECK(p.answers[0].data == data);
  CHECK(p.answers[1].data == data);
  CHECK(p.managed.config().handler.commands[0].level == privilege::administrator);
}

TEST_CASE("a request's own numbers are never shared", "[session][console]") {
  // Less than three requests a second, up to four in flight, some cancelled.
  active_console c;
  std::map<int, std::uint64_t> ended;  // when a number was last used
  std::set<int> flying;
  std::vector<std::pair<request_id, lan_request>> open;
  std::uint32_t dice = 1;
  for (int round = 0; round < 300; ++round) {
    const auto id = c.submit(0x30);
    if (id) {
      const auto heard = c.hear();
      for (const auto& h : heard) {
        const int n = h.rq.sequence.sequence();
        if (h.rq.command == 0x30 && flying.insert(n).second) {
          if (ended.count(n) != 0) CHECK(c.now.ms - ended[n] >= sequence_pool::quarantine.count);
          open.emplace_back(*id, h.rq);
        }
      }
    }
    dice = dice * 1664525 + 1013904223;
    if (open.size() == 4 || (!open.empty() && (dice >> 30) != 0)) {
      const auto which = (dice >> 16) % open.size();
      const auto [rid, rq] = open[which];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
      if ((dice >> 8) % 4 == 0) {
        CHECK(c.con.cancel(rid, c.now));
        CHECK(c.tell_console(c.bmc.answer(rq)) == errc::unmatched_response);
      } else {
        CHECK(c.tell_console(c.bmc.answer(rq)) == errc::ok);
      }
      const int n = rq.sequence.sequence();
      flying.erase(n);
      ended[n] = c.now.ms;
    }
    c.now = c.now + milliseconds{350};
  }
  CHECK(c.answers.size() > 150);
  CHECK(ended.size() == 64);
}

TEST_CASE("a retry keeps the request's number and takes a new session sequence", "[session][console]") {
  active_console c;
  REQUIRE(c.submit(0x30));
  const auto begin = c.now;
  std::vector<insider<>::heard> tries;
  std::vector<std::uint64_t> times;
  while (c.answers.empty()) {
    for (const auto& h : c.hear()) {
      tries.push_back(h);
      times.push_back(c.now.ms - begin.ms);
    }
    REQUIRE(c.sleep(begin + seconds(60)));
  }
  CHECK(times == std::vector<std::uint64_t>{0, 1000, 3000, 6000, 10'000});
  CHECK(c.answers[0].error == errc::timed_out);
  CHECK(c.now == begin + seconds(14));
  for (std::size_t i = 1; i < tries.size(); ++i) {
    CHECK(tries[i].rq.sequence == tries[0].rq.sequence);
    CHECK(tries[i].session_sequence == tries[0].session_sequence + i);
  }
  CHECK(c.con.state() == console_state::active);
  CHECK(c.tell_console(c.bmc.answer(tries[0].rq)) == errc::unmatched_response);
}

TEST_CASE("an answer to any try is the answer", "[session][console]") {
  active_console c;
  REQUIRE(c.submit(0x30));
  const auto first = c.hear();
  c.sleep(instant::never());
  CHECK(c.tell_console(c.bmc.answer(first[0].rq)) == errc::ok);
  CHECK(c.answers.size() == 1);
  CHECK(c.hear().empty());
}

TEST_CASE("a request's tries and deadline", "[session][console]") {
  struct row {
    std::uint8_t tries;
    instant deadline;
    std::size_t sends;
    std::uint64_t ends_after;
  };
  const auto at = [](std::uint64_t ms) { return instant{1'000'000 + ms}; };
  for (const auto& r : {row{0, instant::never(), 5, 14'000}, row{1, instant::never(), 1, 1000},
                        row{2, instant::never(), 2, 3000}, row{7, instant::never(), 7, 22'000}, row{0, at(1), 1, 1},
                        row{0, at(2500), 2, 2500}, row{1, at(5000), 1, 1000}, row{0, at(3000), 2, 3000}}) {
    CAPTURE(int{r.tries}, r.deadline.ms, r.ends_after);
    active_console c;
    REQUIRE(c.now == at(0));
    REQUIRE(c.con.submit(request{.command = 0x30, .deadline = r.deadline, .tries = r.tries}, c.now));
    std::size_t sends = 0;
    while (c.answers.empty()) {
      sends += c.hear().size();
      REQUIRE(c.sleep(at(24'000)));
    }
    CHECK(sends == r.sends);
    CHECK(c.now == at(r.ends_after));
    CHECK(c.answers[0].error == (c.now == r.deadline ? errc::deadline_passed : errc::timed_out));
    CHECK(c.con.state() == console_state::active);
  }
}

TEST_CASE("a deadline also holds before the session exists", "[session][console]") {
  session_pair p;
  REQUIRE(p.con.start(p.now));
  REQUIRE(p.con.submit(request{.command = 1, .deadline = p.now + milliseconds{5}}, p.now));
  p.network = [](direction, int, datagram&) { return false; };
  p.run(milliseconds{5});
  REQUIRE(p.answers.size() == 1);
  CHECK(p.answers[0].error == errc::deadline_passed);
}

TEST_CASE("cancel(): no event, a late answer matches nothing, old ids are stale", "[session][console]") {
  active_console c;
  const auto id = *c.submit(0x30);
  const auto heard = c.hear();
  CHECK(c.con.cancel(id, c.now));
  CHECK(c.con.cancel(id, c.now).error() == errc::stale_handle);
  CHECK(c.tell_console(c.bmc.answer(heard[0].rq)) == errc::unmatched_response);
  CHECK(c.answers.empty());
  const auto next = *c.submit(0x30);
  CHECK(next.slot == id.slot);
  CHECK_FALSE(next == id);
  CHECK(c.con.cancel(id, c.now).error() == errc::stale_handle);
  CHECK(c.con.cancel(request_id{}, c.now).error() == errc::stale_handle);
  CHECK(c.con.cancel(request_id{4, 0}, c.now).error() == errc::stale_handle);
  // Ended but not yet told: the event is withdrawn.
  const auto again = c.hear();
  auto answer = c.bmc.answer(again[0].rq);
  CHECK(c.con.feed(answer, c.now));
  CHECK(c.con.cancel(next, c.now));
  c.collect();
  CHECK(c.answers.empty());
  // Told: gone.
  const auto last = *c.submit(0x30);
  CHECK(c.tell_console(c.bmc.answer(c.hear()[0].rq)) == errc::ok);
  CHECK(c.answers.size() == 1);
  CHECK(c.con.cancel(last, c.now).error() == errc::stale_handle);
}

TEST_CASE("an answer not taken before the next datagram is lost, and says so", "[session][console]") {
  for (const bool junk : {false, true}) {
    active_console c;
    const auto id = *c.submit(0x30);
    const auto other = *c.submit(0x31);
    const auto heard = c.hear();
    const datagram data{1, 2, 3};
    auto first = c.bmc.answer(heard[0].rq, completion_code::ok, data);
    auto second = junk ? datagram{6} : c.bmc.answer(heard[1].rq, completion_code::ok, data);
    CHECK(c.con.feed(first, c.now));
    CHECK(c.con.feed(second, c.now).error() == (junk ? errc::truncated : errc::ok));
    c.collect();
    REQUIRE(c.answers.size() == (junk ? 1 : 2));
    CHECK(c.answers[0].id == id);
    CHECK(c.answers[0].error == errc::not_drained);
    CHECK(c.answers[0].data.empty());
    if (!junk) {
      CHECK(c.answers[1].id == other);
      CHECK(c.answers[1].error == errc::ok);
      CHECK(c.answers[1].data == data);
    }
  }
}

TEST_CASE("CFh says that the answer is still to come", "[session][console]") {
  active_console c;
  REQUIRE(c.submit(0x30));
  const auto heard = c.hear();
  CHECK(c.tell_console(c.bmc.answer(heard[0].rq, completion_code::duplicated_request)) == errc::unmatched_response);
  CHECK(c.answers.empty());
  CHECK(c.tell_console(c.bmc.answer(heard[0].rq)) == errc::ok);
  CHECK(c.answers.size() == 1);
}

TEST_CASE("an answer fits by number, command, network function and responder", "[session][console]") {
  active_console c;
  REQUIRE(c.submit(0x30));
  const auto heard = c.hear();
  std::uint32_t sequence = 20;
  const auto outcome = [&](auto change) {
    lan_response rs = respond(heard[0].rq, completion_code::ok);
    change(rs);
    return c.tell_console(c.bmc.seal(sequence++, rs));
  };
  const auto number = heard[0].rq.sequence.sequence();
  CHECK(outcome([&](auto& rs) { rs.sequence = seq_lun::of((number + 1) & 63); }) == errc::unmatched_response);
  CHECK(outcome([](auto& rs) { rs.command = 0x31; }) == errc::unmatched_response);
  CHECK(outcome([](auto& rs) { rs.target = net_fn_lun::response(net_fn::app); }) == errc::unmatched_response);
  CHECK(outcome([](auto& rs) { rs.responder = 0x22; }) == errc::unmatched_response);
  CHECK(outcome([](auto& rs) { rs.target = net_fn_lun::request(net_fn::chassis); }) == errc::unexpected_message);
  CHECK(c.answers.empty());
  CHECK(outcome([](auto&) {}) == errc::ok);
  CHECK(outcome([](auto&) {}) == errc::unmatched_response);
  CHECK(c.answers.size() == 1);
}

TEST_CASE("a request that has not been sent cannot be answered", "[session][console]") {
  active_console c;
  REQUIRE(c.submit(0x30));
  const auto number = c.hear()[0].rq.sequence.sequence();
  REQUIRE(c.submit(0x30));
  const lan_request guess{
      .target = net_fn_lun::request(net_fn::chassis), .sequence = seq_lun::of((number + 1) & 63), .command = 0x30};
  CHECK(c.tell_console(c.bmc.answer(guess)) == errc::unmatched_response);
  CHECK(c.hear()[0].rq.sequence.sequence() == guess.sequence.sequence());
  CHECK(c.tell_console(c.bmc.answer(guess)) == errc::ok);
}

// ---- protection ----

TEST_CASE("what was negotiated is enforced on every packet", "[session][console]") {
  for (const auto suite : all_suites) {
    CAPTURE(int{suite});
    active_console c(console_for(suite));
    REQUIRE(c.submit(0x30));
    const auto heard = c.hear();
    const auto rs = respond(heard[0].rq, completion_code::ok);
    const auto right = c.bmc.kind();
    std::uint32_t sequence = 2;
    for (const bool authenticated : {false, true}) {
      for (const bool encrypted : {false, true}) {
        const auto kind = payload_byte::of(payload_type::ipmi, authenticated, encrypted);
        if (kind == right) continue;
        // Signed and encrypted as far as the keys go, and falsely labelled beyond.
        const auto possible = payload_byte::of(payload_type::ipmi, authenticated && right.authenticated(),
                                               encrypted && right.encrypted());
        auto d = c.bmc.seal(sequence++, rs, possible, c.bmc.id());
        d[5] = kind.value;
        const auto e = c.tell_console(d);
        CHECK((e == errc::not_authenticated || e == errc::not_encrypted || e == errc::unexpected_protection));
      }
    }
    CHECK(c.answers.empty());
    CHECK(c.tell_console(c.bmc.seal(sequence, rs)) == errc::ok);
    CHECK(c.answers.size() == 1);
  }
}

TEST_CASE("every flipped bit of a packet is seen, and the genuine packet still counts", "[session][console]") {
  for (const std::uint8_t suite : {std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{12}, std::uint8_t{17}}) {
    active_console c(console_for(suite));
    REQUIRE(c.submit(0x30));
    const auto good = c.bmc.answer(c.hear()[0].rq, completion_code::ok, std::array<std::uint8_t, 3>{1, 2, 3});
    for (std::size_t at = 0; at < good.size(); ++at) {
      if (at == 1) continue;  // RMCP's reserved byte
      auto bad = good;
      bad[at] ^= 0x10;
      CAPTURE(int{suite}, at);
      CHECK(is_drop(c.tell_console(bad)));
    }
    for (std::size_t n = 0; n < good.size(); ++n)
      CHECK(is_drop(c.tell_console({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)})));
    CHECK(c.answers.empty());
    CHECK(c.tell_console(good) == errc::ok);
    CHECK(c.answers.size() == 1);
    CHECK(c.tell_console(good) == errc::replayed);
  }
}

TEST_CASE("other ids and other payloads are not this session's", "[session][console]") {
  active_console c;
  REQUIRE(c.submit(0x30));
  const auto rs = respond(c.hear()[0].rq, completion_code::ok);
  CHECK(c.tell_console(c.bmc.seal(20, rs, c.bmc.kind(), c.con.managed_id())) == errc::unknown_session);
  CHECK(c.tell_console(c.bmc.seal(20, rs, c.bmc.kind(), session_id{1})) == errc::unknown_session);
  for (const int type : {0x01, 0x02, 0x03, 0x0f, 0x10, 0x11, 0x13, 0x15, 0x16, 0x20, 0x27, 0x3f}) {
    CAPTURE(type);
    const auto kind = payload_byte::of(static_cast<payload_type>(type), true, true);
    CHECK(c.tell_console(c.bmc.seal(20, rs, kind, c.bmc.id())) == errc::bad_payload_type);
  }
  CHECK(c.tell_console(c.bmc.seal(20, rs)) == errc::ok);
}

TEST_CASE("the session sequence window", "[session][console]") {
  struct row {
    std::uint32_t sequence;
    errc open, strict;
  };
  // The BMC's answer to Set Session Privilege Level was number 1.
  const row rows[] = {{0, errc::outside_window, errc::outside_window},
                      {1, errc::replayed, errc::replayed},
                      {17, errc::unmatched_response, errc::outside_window},
                      {1'000'000, errc::unmatched_response, errc::outside_window},
                      {16, errc::unmatched_response, errc::unmatched_response}};
  for (const auto& r : rows) {
    CAPTURE(r.sequence);
    const auto outcome = [&](std::uint8_t suite, bool strict) {
      auto o = console_for(suite);
      o.strict_window = strict;
      active_console c(o);
      return c.tell_console(c.bmc.seal(r.sequence, lan_response{.target = net_fn_lun::response(net_fn::app)}));
    };
    CHECK(outcome(3, false) == r.open);
    CHECK(outcome(3, true) == r.strict);
    CHECK(outcome(1, false) == r.strict);  // without integrity always
  }
  active_console c;
  const lan_response rs{.target = net_fn_lun::response(net_fn::app)};
  for (const std::uint32_t s : {100u, 99u, 90u, 69u})
    CHECK(c.tell_console(c.bmc.seal(s, rs)) == errc::unmatched_response);
  for (const std::uint32_t s : {100u, 99u, 90u, 69u}) CHECK(c.tell_console(c.bmc.seal(s, rs)) == errc::replayed);
  CHECK(c.tell_console(c.bmc.seal(68, rs)) == errc::outside_window);
}

namespace {

template <std::size_t InFlight> struct jitter_setup {
  struct traits : console_traits {
    static constexpr std::size_t in_flight = InFlight;
  };
  console_backend crypto{};
  counting_entropy random{.seed = 0xc0};
};

/// 2000 requests over a path whose delay varies by 50 ms each way.
template <std::size_t InFlight> void check_jitter(std::uint64_t seed, std::size_t repeats) {
  virtual_network net(milliseconds{0});
  net.add_rule([random = counting_entropy{.seed = seed}](parcel& p) mutable {
    std::array<std::uint8_t, 1> dice{};
    random.fill(dice);
    p.latency = milliseconds{dice[0] % 51u};
  });
  bmc<bmc_setup<bmc_backend>> b({}, default_bmc());
  net.attach(bmc_peer, bmc_station(b));
  console<jitter_setup<InFlight>> c({}, default_console());
  std::size_t submitted = 0, answered = 0, tries = 0;
  const auto fill = [&] {
    while (submitted < 2000 && c.submit({.fn = net_fn::chassis, .command = 1}, net.now())) ++submitted;
  };
  net.attach(console_peer, console_station(c, bmc_peer, [&](const console_event& e) {
               if (e.type == console_event::kind::done) {
                 answered += e.succeeded() ? 1 : 0;
                 tries += e.effort.tries;
                 CHECK(e.effort.last_drop != errc::outside_window);
               }
               if (e.type == console_event::kind::done || e.type == console_event::kind::ready) fill();
             }));
  REQUIRE(c.start(net.now()));
  CHECK(net.run_until([&] { return answered == 2000; }, seconds(600)));
  CHECK(tries <= 2000 + repeats);
  CHECK(b.config().handler.commands.size() == 2000);
}

}  // namespace

TEST_CASE("over a path whose delay varies no answer falls behind the window, so nothing runs twice",
          "[session][console]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    check_jitter<console_traits::in_flight>(seed, 0);
    check_jitter<15>(seed, 10);  // a request may fall behind the BMC's 16, and is repeated before it ran
  }
}
