// SPDX-License-Identifier: BSL-1.0
// Commands run at most once: repeats answered from what was kept, and answers that come later. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;

using rig = bmc_rig<>;
using client = rig_console<rig>;
constexpr std::uint8_t deferred = test_handler::deferred_command;

template <std::size_t Depth> struct deep_traits : test_bmc_traits {
  static constexpr std::size_t replay_depth = Depth;
  static constexpr std::size_t reply_bytes = 8;
  static constexpr std::size_t tickets = 2;
};
template <std::size_t Depth> using deep_rig = bmc_rig<bmc_backend, deep_traits<Depth>>;

/// bmc::complete(), and the datagram it made.
template <class Rig>
result<outgoing<test_peer>> complete(Rig& r, ticket t, bytes data, octets& datagram,
                                     completion_code code = completion_code::ok) {
  datagram.assign(Rig::machine::max_datagram, 0);
  const auto n = r.managed.complete(t, {code, data}, datagram, r.now);
  datagram.resize(n ? n->size : 0);
  return n;
}

}  // namespace

TEST_CASE("a repeated request is answered from the kept reply under a new number", "[session][bmc][N-CMD-11]") {
  for (const std::uint8_t id : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{17}}) {
    rig r;
    client c(r, id);
    REQUIRE(c.login());
    for (const auto size : octets{0, 1, 64}) {
      const octets data(size, 0x42);
      const auto rq = c.request(net_fn::chassis, 2, data);
      const auto executed = r.handler().commands.size();
      const auto first = c.send(rq);
      for (std::uint32_t i = 1; i <= 3; ++i) {
        const auto again = c.send(rq);
        CHECK(again.data == data);
        CHECK(again.code == first.code);
        CHECK(again.message.sequence == first.message.sequence);
        CHECK(again.sequence == first.sequence + i);
      }
      CHECK(r.handler().commands.size() == executed + 1);
    }
    CHECK(r.managed.counters().repeats == 9);
    CHECK(r.managed.counters().commands == 3);
    const auto failing = c.request(net_fn::chassis, test_handler::unknown_command);
    CHECK(c.send(failing).code == completion_code::invalid_command);
    CHECK(c.send(failing).code == completion_code::invalid_command);
    CHECK(r.managed.counters().repeats == 10);
  }
}

TEST_CASE("a request that differs in anything is a new one", "[session][bmc][N-CMD-11]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const octets data{1, 2}, longer{1, 2, 0}, other{1, 3};
  const auto base = c.request(net_fn::chassis, 2, data);
  auto by_sequence = base, by_command = base, by_fn = base, by_lun = base, by_requester = base, by_longer = base,
       by_data = base;
  by_sequence.sequence = seq_lun::of(40);
  by_command.command = 3;
  by_fn.target = net_fn_lun::request(net_fn::storage);
  by_lun.target = net_fn_lun::request(net_fn::chassis, 1);
  by_requester.requester = 0x83;
  by_longer.data = longer;
  by_data.data = other;
  for (const auto& changed : {by_sequence, by_command, by_fn, by_lun, by_requester, by_longer, by_data}) {
    const auto executed = r.handler().commands.size();
    r.wait(5001);
    CHECK(c.send(base).got);
    CHECK(c.send(changed).got);
    CHECK(r.handler().commands.size() == executed + 2);
  }
  client elsewhere(r);  // the same request in another session
  REQUIRE(elsewhere.login());
  CHECK(c.send(base).got);
  const auto executed = r.handler().commands.size();
  CHECK(elsewhere.send(base).got);
  CHECK(r.handler().commands.size() == executed + 1);
}

TEST_CASE("a request is remembered for 5 s", "[session][bmc][N-CMD-11]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const auto rq = c.request(net_fn::chassis, 2);
  CHECK(c.send(rq).got);
  r.wait(5000);
  CHECK(c.send(rq).got);
  CHECK(r.handler().commands.size() == 1);
  r.wait(1);
  CHECK(c.send(rq).got);  // repeats do not extend it: now it is a new command with the old number
  CHECK(r.handler().commands.size() == 2);
}

TEMPLATE_TEST_CASE_SIG("the last replay_depth requests are remembered, each newer one evicts the oldest",
                       "[session][bmc][N-CMD-11]", ((std::size_t Depth), Depth), 1, 2, 8) {
  deep_rig<Depth> r;
  rig_console<deep_rig<Depth>> c(r);
  REQUIRE(c.login());
  std::vector<lan_request> sent;
  for (std::size_t i = 0; i < Depth; ++i) {
    sent.push_back(c.request(net_fn::chassis, 2));
    CHECK(c.send(sent.back()).got);
  }
  for (const auto& rq : sent) CHECK(c.send(rq).got);
  CHECK(r.handler().commands.size() == Depth);
  CHECK(c.send(c.request(net_fn::chassis, 2)).got);  // evicts the first
  for (std::size_t i = 1; i < Depth; ++i) CHECK(c.send(sent[i]).got);
  CHECK(r.handler().commands.size() == Depth + 1);
  CHECK(c.send(sent[0]).got);
  CHECK(r.handler().commands.size() == Depth + 2);
}

TEST_CASE("a reply too long to keep means that the repeat runs again", "[session][bmc]") {
  deep_rig<2> r;
  rig_console<deep_rig<2>> c(r);
  REQUIRE(c.login());
  for (const std::size_t size : {7u, 8u, 9u, 200u}) {
    CAPTURE(size);
    const octets data(size, 0x42);
    const auto rq = c.request(net_fn::chassis, 2, data);
    const auto executed = r.handler().commands.size();
    for (int i = 0; i < 3; ++i) CHECK(c.send(rq).data == data);
    CHECK(r.handler().commands.size() - executed == (size <= 8 ? 1u : 3u));
  }
}

TEST_CASE("session commands are repeated, not run again", "[session][bmc]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const octets level{3};
  const auto rq = c.request(net_fn::app, app::set_session_privilege, level);
  CHECK(c.send(rq).data == octets{3});
  CHECK(c.send(rq).data == octets{3});
  CHECK(r.count(rig::kind::privilege) == 1);
  CHECK(r.managed.counters().repeats == 1);
}

TEST_CASE("1,000 requests in a row are answered in order", "[session][bmc][N-CMD-14]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  for (std::uint32_t i = 1; i <= 1000; ++i) {
    const octets data{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
    const auto a = c.send(net_fn::chassis, 7, data);
    REQUIRE((a.got && a.data == data && a.sequence == i));
  }
}

TEST_CASE("a deferred answer goes to the session's peer under the request's number", "[session][bmc]") {
  for (const std::uint8_t id : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{17}}) {
    rig r;
    client c(r, id);
    REQUIRE(c.login());
    auto rq = c.request(net_fn::chassis, deferred);
    rq.sequence = seq_lun::of(33, 1);
    CHECK_FALSE(c.send(rq).got);
    CHECK(r.last == errc::ok);
    CHECK(r.managed.counters().dropped == 0);
    REQUIRE(r.handler().tickets.size() == 1);
    CHECK(c.chassis(1).sequence == 1);  // others go on meanwhile

    octets datagram;
    const octets data{7, 8, 9};
    const auto n = complete(r, r.handler().tickets[0], data, datagram, completion_code::timeout);
    REQUIRE(n.has_value());
    CHECK(n->to == console_peer);
    const auto a = c.unseal(datagram);
    CHECK(a.sequence == 2);
    CHECK(a.code == completion_code::timeout);
    CHECK(a.data == data);
    CHECK(a.message.sequence == seq_lun::of(33, 0));
    CHECK(a.message.target == net_fn_lun::response(net_fn::chassis, 1));
    CHECK(a.message.command == deferred);
    CHECK(complete(r, r.handler().tickets[0], data, datagram).error() == errc::stale_handle);
  }
}

TEST_CASE("a repeat of a pending request is swallowed, of a completed one answered", "[session][bmc][N-CMD-11]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  const auto rq = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(rq).got);
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(c.send(rq).got);
    CHECK(r.last == errc::ok);
  }
  CHECK(r.handler().commands.size() == 1);
  CHECK(r.managed.counters().repeats == 3);
  octets datagram;
  const octets data{5};
  REQUIRE(complete(r, r.handler().tickets[0], data, datagram).has_value());
  CHECK(c.unseal(datagram).data == data);
  CHECK(c.send(rq).data == data);
  CHECK(r.handler().commands.size() == 1);
}

TEST_CASE("what must run once runs once: the repeat gets the kept reply, or CFh if that was too long to keep",
          "[session][bmc][N-CMD-11]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const octets fits(test_bmc_traits::reply_bytes, 7), too_long(test_bmc_traits::reply_bytes + 1, 7);
  const auto kept = c.request(net_fn::chassis, test_handler::once_command, fits);
  CHECK(c.send(kept).data == fits);
  CHECK(c.send(kept).data == fits);
  CHECK(r.handler().commands.size() == 1);
  const auto lost = c.request(net_fn::chassis, test_handler::once_command, too_long);
  CHECK(c.send(lost).data == too_long);
  for (int i = 0; i < 2; ++i) {
    const auto again = c.send(lost);
    CHECK(again.code == completion_code::duplicated_request);
    CHECK(again.data.empty());
  }
  CHECK(r.handler().commands.size() == 2);

  // The same for a deferred answer.
  const auto later = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(later).got);
  octets out(rig::machine::max_datagram);
  REQUIRE(r.managed.complete(r.handler().tickets.back(), {.data = too_long, .once = true}, out, r.now));
  CHECK(c.send(later).code == completion_code::duplicated_request);
  CHECK(r.handler().commands.size() == 3);
}

TEST_CASE("a pending request is swallowed also where its last answer was too long to keep", "[session][bmc]") {
  deep_rig<2> r;
  rig_console<deep_rig<2>> c(r);
  REQUIRE(c.login());
  const auto rq = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(rq).got);
  octets datagram;
  const octets long_data(20, 1);
  REQUIRE(complete(r, r.handler().tickets.at(0), long_data, datagram).has_value());
  CHECK_FALSE(c.send(rq).got);  // too long to keep: runs again, and is pending again
  REQUIRE(r.handler().tickets.size() == 2);
  CHECK_FALSE(c.send(rq).got);
  CHECK(r.handler().commands.size() == 2);
  REQUIRE(complete(r, r.handler().tickets.at(1), octets{1}, datagram).has_value());
  CHECK(c.send(rq).data == octets{1});
  CHECK(r.handler().commands.size() == 2);
}

TEST_CASE("a request whose answer takes long is not executed again by a late repeat", "[session][bmc]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const auto rq = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(rq).got);
  r.wait(4000);
  CHECK(c.chassis(1).got);
  r.wait(4000);
  CHECK(r.handler().tickets.size() == 1);
  const auto other = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(other).got);
  r.wait(7000);
  CHECK_FALSE(c.send(other).got);
  CHECK(r.handler().tickets.size() == 2);
}

TEST_CASE("a pending request is swallowed whatever was asked since", "[session][bmc][N-CMD-11]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const auto first = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(first).got);
  for (int i = 0; i < 3; ++i) CHECK(c.chassis(1).got);
  CHECK_FALSE(c.send(first).got);
  CHECK(r.handler().tickets.size() == 1);
}

TEST_CASE("a deferred answer is kept for 5 s from when it was given; busy is not kept", "[session][bmc]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  octets datagram;
  const auto slow = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(slow).got);
  r.wait(9000);
  REQUIRE(complete(r, r.handler().tickets.at(0), octets{7}, datagram).has_value());
  r.wait(5000);
  CHECK(c.send(slow).data == octets{7});
  CHECK(r.handler().tickets.size() == 1);

  const auto refused = c.request(net_fn::chassis, deferred);
  CHECK_FALSE(c.send(refused).got);
  octets out(rig::machine::max_datagram);
  REQUIRE(r.managed.complete(r.handler().tickets.at(1), {.code = completion_code::busy}, out, r.now));
  CHECK_FALSE(c.send(refused).got);
  CHECK(r.handler().tickets.size() == 3);
}

TEST_CASE("tickets: as many as there are, then C0h; stale ones answer nothing", "[session][bmc]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  for (int i = 0; i < 4; ++i) CHECK_FALSE(c.chassis(deferred).got);
  const auto busy = c.chassis(deferred);
  CHECK(busy.code == completion_code::busy);
  CHECK(busy.data.empty());
  const auto rq = c.request(net_fn::chassis, deferred);
  const auto tried = r.handler().commands.size();
  CHECK(c.send(rq).code == completion_code::busy);
  CHECK(c.send(rq).code == completion_code::busy);  // the repeat is tried again, not answered from a kept "busy"
  CHECK(r.handler().commands.size() == tried + 2);
  CHECK_FALSE(r.handler().tickets.back().valid());
  CHECK(c.chassis(1).code == completion_code::ok);

  octets datagram;
  for (const ticket t : {ticket{}, ticket{4, 1}, ticket{254, 1}, r.handler().tickets.back(),
                         ticket{0, static_cast<std::uint8_t>(r.handler().tickets[0].generation + 1)}})
    CHECK(complete(r, t, {}, datagram).error() == errc::stale_handle);

  const auto first = r.handler().tickets[0];
  REQUIRE(complete(r, first, {}, datagram).has_value());
  CHECK_FALSE(c.chassis(deferred).got);  // takes the slot again, as another generation
  const auto second = r.handler().tickets.back();
  CHECK(second.slot == first.slot);
  CHECK_FALSE(second == first);
  CHECK(complete(r, first, {}, datagram).error() == errc::stale_handle);
  CHECK(complete(r, second, {}, datagram).has_value());
}

TEST_CASE("misuse of complete() changes nothing", "[session][bmc]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  CHECK_FALSE(c.chassis(deferred).got);
  const auto t = r.handler().tickets[0];
  octets datagram;
  CHECK(complete(r, t, octets(257), datagram).error() == errc::too_long);
  octets small(rig::machine::max_datagram - 1);
  CHECK(r.managed.complete(t, {}, small, r.now).error() == errc::buffer_too_small);
  CHECK(complete(r, t, octets(256, 3), datagram).has_value());
  CHECK(c.unseal(datagram).data == octets(256, 3));
}

TEST_CASE("tickets die with their session, and only with theirs", "[session][bmc][N-V2-21]") {
  rig r;
  client a(r), b(r);
  REQUIRE((a.login() && b.login()));
  const auto ends = [&](auto end) {
    client c(r);
    REQUIRE(c.login());
    CHECK_FALSE(c.chassis(deferred).got);
    CHECK_FALSE(c.chassis(deferred).got);
    const auto t = r.handler().tickets.back();
    end(c);
    octets datagram;
    CHECK(complete(r, t, {}, datagram).error() == errc::stale_handle);
    CHECK(datagram.empty());
  };
  CHECK(a.chassis(1).got);
  CHECK_FALSE(b.chassis(deferred).got);
  const auto kept = r.handler().tickets.back();
  ends([](client& c) { CHECK(c.close()); });
  ends([&](client& c) { CHECK(r.managed.close(c.managed_id(), r.now).has_value()); });
  ends([&](client& c) {
    r.wait(30'000);
    CHECK((a.chassis(1).got && b.chassis(1).got));
    r.wait(30'000);
    CHECK(c.chassis(1).got == false);
  });
  octets datagram;
  CHECK(complete(r, kept, {}, datagram).has_value());
}

TEST_CASE("a deferred answer that cannot be sealed says so, and the repeat gets it", "[session][bmc]") {
  for (const bool entropy : {false, true}) {
    rig r;
    client c(r, 17);
    REQUIRE(c.login());
    const auto rq = c.request(net_fn::chassis, deferred);
    CHECK_FALSE(c.send(rq).got);
    if (entropy) {
      r.setup().random.fail_after = r.setup().random.calls;
    } else {
      r.setup().crypto.fail_operation(1);
    }
    octets datagram;
    CHECK(complete(r, r.handler().tickets[0], octets{1}, datagram).error() ==
          (entropy ? errc::entropy_failure : errc::crypto_failure));
    r.setup().random.fail_after = ~std::uint64_t{0};
    CHECK(c.send(rq).data == octets{1});
    CHECK(r.handler().commands.size() == 1);
  }
}

TEST_CASE("what must run once runs once, however late its last repeat and whatever else is asked meanwhile",
          "[session][bmc][N-CMD-11]") {
  rig r;
  client c(r);
  REQUIRE(c.login());
  const auto once = c.request(net_fn::chassis, test_handler::once_command);
  CHECK(c.send(once).got);
  const auto level = c.request(net_fn::app, app::set_session_privilege, octets{4});
  for (const std::uint32_t later : {1000u, 2000u, 3000u, 4000u}) {  // as ipmitool and our console repeat
    r.wait(later);
    for (int i = 0; i < 5; ++i) CHECK(c.chassis(static_cast<std::uint8_t>(i)).got);
    CHECK(c.send(level).got);
    CHECK(c.send(level).got);
    CHECK(c.send(once).got);
  }
  std::size_t runs = 0;
  for (const auto& done : r.handler().commands) runs += done.code == test_handler::once_command ? 1 : 0;
  CHECK(runs == 1);
}

TEST_CASE("the very packet again is answered from what was kept, under a new number, and nothing else changes",
          "[session][bmc][N-V2-16]") {
  for (const std::uint8_t id : {std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{17}}) {
    rig r;
    client c(r, id);
    REQUIRE(c.login());
    const auto packet = c.sealed(c.request(net_fn::chassis, test_handler::once_command));
    const auto first = c.send(packet);
    REQUIRE(first.got);
    const auto before = r.managed.counters();
    const auto deadline = r.managed.poll_timeout();
    r.wait(1000);
    const auto again = c.send(packet);
    CHECK(again.got);
    CHECK(again.data == first.data);
    CHECK(again.message.sequence == first.message.sequence);
    CHECK(again.sequence == first.sequence + 1);
    CHECK(r.handler().commands.size() == 1);
    CHECK(r.managed.counters().repeats == before.repeats);
    CHECK(r.managed.counters().commands == before.commands);
    CHECK(r.managed.poll_timeout() == deadline);
    // Only whole, only from its own address, only while the answer is kept.
    for (std::size_t at = 4; at < packet.size(); ++at) {
      auto forged = packet;
      forged[at] ^= 1;
      CHECK(r.ask(console_peer, forged).empty());
    }
    CHECK(r.ask(test_peer{1, 1}, packet).empty());
    r.wait(19'000);  // 20 s after the only sighting: the exact repeats were none
    CHECK(c.send(packet).got);
    r.wait(1);
    CHECK(r.ask(console_peer, packet).empty());
    CHECK(r.last == errc::replayed);
    CHECK(r.handler().commands.size() == 1);
  }
}

TEST_CASE("the very packet again is dropped without integrity, behind the window, and while its answer is to come",
          "[session][bmc][N-V2-16]") {
  for (const std::uint8_t id : {std::uint8_t{0}, std::uint8_t{1}}) {
    rig r;
    client c(r, id);
    REQUIRE(c.login());
    const auto packet = c.sealed(c.request(net_fn::chassis, 1));
    CHECK(c.send(packet).got);
    CHECK(r.ask(console_peer, packet).empty());
    CHECK(r.last == errc::replayed);
  }
  rig r;
  client c(r);
  REQUIRE(c.login());
  const auto pending = c.sealed(c.request(net_fn::chassis, deferred));
  CHECK(r.ask(console_peer, pending).empty());
  CHECK(r.ask(console_peer, pending).empty());
  CHECK(r.last == errc::replayed);
  CHECK(r.handler().commands.size() == 1);
  const auto old = c.sealed(c.request(net_fn::chassis, 1));
  CHECK(c.send(old).got);
  for (int i = 0; i < 17; ++i) CHECK(c.chassis(1).got);
  CHECK(r.ask(console_peer, old).empty());
  CHECK(r.last == errc::outside_window);
}

TEST_CASE("a command that is answered later is marked by its handler, or with its answer", "[session][bmc][N-CMD-11]") {
  struct setup : bmc_setup<bmc_backend> {
    struct marking {
      bool marks = false;
      unsigned runs = 0;
      ticket later{};
      handled handle(const request& rq, const session_info&, response_writer& rs) noexcept {
        if (rq.command != deferred) return handled::done;
        ++runs;
        if (marks) rs.run_once();
        later = rs.later();
        return handled::pending;
      }
    };
    marking handler{};
  };
  for (const bool by_handler : {true, false}) {
    bmc<setup> managed({}, default_bmc());
    managed.config().handler.marks = by_handler;
    instant now{1000};
    octets out(managed.max_datagram);
    const auto ask = [&](const test_peer& from, bytes d) {
      auto in = to_octets(d);
      const auto n = managed.feed(from, in, out, now);
      return to_octets(bytes(out).first(n.value_or(0)));
    };
    crafted_console<peer_backend_t<bmc_backend>> c(ask, 3, console_peer);
    REQUIRE(c.login());
    const auto rq = c.request(net_fn::chassis, deferred);
    CHECK_FALSE(c.send(rq).got);
    for (int i = 0; i < 40; ++i) CHECK(c.chassis(1).got);
    REQUIRE(managed.complete(managed.config().handler.later, {.once = !by_handler}, out, now));
    now = now + seconds(8);
    CHECK(c.send(rq).got);
    CHECK(managed.config().handler.runs == 1);
    // rqSeq comes round 63 requests behind it, those before its answer among them; from then on 5 s must do.
    for (int i = 0; i < 23; ++i) CHECK(c.chassis(1).got);
    now = now + milliseconds{5001};
    CHECK_FALSE(c.send(rq).got);
    CHECK(managed.config().handler.runs == 2);
  }
}
