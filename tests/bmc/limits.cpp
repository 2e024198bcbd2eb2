// SPDX-License-Identifier: BSL-1.0
// A BMC under pressure: full tables, floods, lifetimes, and local resources that fail. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <deque>
#include <set>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;

using rig = bmc_rig<>;
using client = rig_console<rig>;
using status_code = rakp_status;
using tables = std::array<std::size_t, 3>;

struct small_traits : test_bmc_traits {
  static constexpr std::size_t opened = 4;
  static constexpr std::size_t proven = 3;
  static constexpr std::size_t quota = 2;
};
using small_rig = bmc_rig<bmc_backend, small_traits>;
using small_client = rig_console<small_rig>;

test_peer peer_number(std::uint32_t n) { return {0x0a000000u + n, 623}; }

/// Anybody's Open Session Request.
open_session_request any_open(std::uint32_t n) {
  rig r;
  client c(r);
  c.console_id = session_id{n + 1};
  c.tag = static_cast<std::uint8_t>(n);
  return c.open_request();
}
template <class Rig> status_code open_from(Rig& r, const test_peer& from, std::uint32_t n) {
  const auto reply = r.ask(from, sessionless(payload_type::open_session_request, any_open(n)));
  return decode<open_session_response>(payload_of(reply))->status;
}

}  // namespace

TEST_CASE("with all session slots taken, RAKP 4 says 01h, and a slot comes back with each session", "[session][bmc]") {
  for (const std::uint8_t limit : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{4}, std::uint8_t{63}}) {
    CAPTURE(int(limit));
    auto o = default_bmc();
    o.max_sessions = limit;
    rig r(o);
    const std::size_t slots = limit < 4 ? limit : 4u;
    std::deque<client> in;
    for (std::uint32_t i = 0; i < slots; ++i) {
      in.emplace_back(r, std::uint8_t{3}, peer_number(i));
      REQUIRE(in.back().login());
    }
    client late(r);
    REQUIRE(late.prove());
    const auto reply = r.ask(console_peer, late.rakp3_datagram());
    CHECK(reply.size() == payload_v2 + 8);
    CHECK(late.take_rakp4(reply) == status_code::insufficient_resources);
    CHECK(late.fourth.console_id == late.console_id);
    CHECK(r.tables() == tables{slots, 0, 0});
    CHECK(r.events.back().type == rig::kind::login_failed);
    CHECK(r.events.back().error == errc::no_slot);
    if (slots == 0) continue;
    CHECK(in.front().close());
    CHECK(late.login());
    for (std::size_t i = 1; i < slots; ++i) CHECK(in[i].chassis(1).got);
  }
}

TEST_CASE("10,000 Open Session Requests touch no session and no proven login", "[session][bmc][N-OS-07]") {
  rig r;
  client live(r, 17);
  client proven(r, 3, peer_number(99));
  REQUIRE(live.login());
  REQUIRE(proven.prove());
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const auto from = i % 3 == 0 ? peer_number(1000) : peer_number(2000 + i);  // one source, and ever new ones
    REQUIRE(open_from(r, from, i) == status_code::no_errors);
    REQUIRE(r.managed.opened_logins() <= test_bmc_traits::opened);
  }
  CHECK(r.tables() == tables{1, test_bmc_traits::opened, 1});
  CHECK(r.managed.counters().evicted == 10'000 - test_bmc_traits::opened);
  CHECK(r.events.size() == 1);  // evictions are no news: the log stays quiet
  CHECK(live.chassis(1).got);
  CHECK(proven.send_rakp3() == status_code::no_errors);
  // An honest console whose RAKP 1 follows within fewer opens than there are slots gets in often enough.
  int in = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    client honest(r, 3, peer_number(500));
    REQUIRE(honest.open() == status_code::no_errors);
    for (std::uint32_t k = 0; k < 4; ++k) (void)open_from(r, peer_number(20'000 + 4 * i + k), i);
    const auto reply = r.ask(honest.from, honest.rakp1_datagram());
    if (refused_as_unknown(reply)) continue;  // it gave way
    ++in;
    r.wait(5000);
    r.wait(0);
  }
  CHECK(in >= 20);
}

TEST_CASE("a flood of proven logins takes no session, and only its own table", "[session][bmc]") {
  rig r;
  client live(r);
  REQUIRE(live.login());
  client opened(r, 3, peer_number(77));
  REQUIRE(opened.open() == status_code::no_errors);
  for (std::uint32_t i = 0; i < 200; ++i) {
    client c(r, 3, peer_number(100 + i));
    REQUIRE(c.prove());
  }
  CHECK(r.tables() == tables{1, 1, test_bmc_traits::proven});
  CHECK(opened.send_rakp1() == status_code::no_errors);
  CHECK(opened.send_rakp3() == status_code::no_errors);
  CHECK(live.chassis(1).got);
}

TEST_CASE("who gives way: the oldest of a source over its quota, else nobody in particular", "[session][bmc]") {
  // Source A fills the table beyond its quota of 2; B holds one. A's next open costs A's oldest, never B's.
  small_rig r;
  small_client b(r, 3, peer_number(2));
  REQUIRE(b.open() == status_code::no_errors);
  std::deque<small_client> a;
  for (std::uint32_t i = 0; i < 12; ++i) {
    r.wait(1);
    a.emplace_back(r, std::uint8_t{3}, peer_number(1));
    a.back().tag = static_cast<std::uint8_t>(i);
    REQUIRE(a.back().open() == status_code::no_errors);
  }
  CHECK(r.managed.counters().evicted == 9);
  CHECK(b.send_rakp1() == status_code::no_errors);
  for (std::size_t i = 0; i < a.size(); ++i)
    CHECK(refused_as_unknown(r.ask(a[i].from, a[i].rakp1_datagram())) == (i < 9));

  // Sources within their quota: over many boots every slot is hit, so nobody can aim.
  std::set<std::size_t> victims;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    small_rig full;
    full.setup().random.seed = seed;
    std::deque<small_client> four;
    for (std::uint32_t i = 0; i < 4; ++i) {
      four.emplace_back(full, std::uint8_t{3}, peer_number(i));
      REQUIRE(four.back().open() == status_code::no_errors);
    }
    REQUIRE(open_from(full, peer_number(50), 1) == status_code::no_errors);
    for (std::size_t i = 0; i < 4; ++i)
      if (refused_as_unknown(full.ask(four[i].from, four[i].rakp1_datagram()))) victims.insert(i);
  }
  CHECK(victims.size() == 4);
}

TEST_CASE("half-open logins live 15 s from their Open Session Request, whatever is repeated",
          "[session][bmc][N-HOST-04]") {
  rig r;
  client a(r), b(r, 3, peer_number(1));
  REQUIRE(a.open() == status_code::no_errors);
  CHECK(r.managed.poll_timeout() == r.now + seconds(15));
  r.wait(1000);
  REQUIRE(b.open() == status_code::no_errors);
  r.wait(500);
  REQUIRE(b.send_rakp1() == status_code::no_errors);
  r.wait(13'499);
  CHECK(a.open() == status_code::no_errors);  // a repeat: the same login
  CHECK(b.send_rakp1() == status_code::no_errors);
  CHECK(r.managed.poll_timeout() == r.now + milliseconds{1});
  CHECK(r.tables() == tables{0, 1, 1});
  r.wait(1);
  CHECK(r.tables() == tables{0, 0, 1});
  r.wait(999);
  CHECK(r.tables() == tables{0, 0, 1});
  CHECK(b.send_rakp1() == status_code::no_errors);
  CHECK(r.managed.poll_timeout() == r.now + milliseconds{1});
  r.wait(1);
  CHECK(r.tables() == tables{0, 0, 0});
  CHECK(r.managed.poll_timeout().is_never());
  CHECK(refused_as_unknown(r.ask(b.from, b.rakp3_datagram())));
  CHECK(r.events.empty());
}

TEST_CASE("every login has its own SIDc and Rc, never zero", "[session][bmc]") {
  rig r;
  std::set<std::uint32_t> ids;
  std::set<nonce> randoms;
  for (int i = 0; i < 300; ++i) {
    client c(r);
    REQUIRE(c.prove());
    ids.insert(to_integer(c.transcript.managed_id));
    randoms.insert(c.transcript.managed_random);
    r.wait(15'000);
  }
  CHECK(ids.size() == 300);
  CHECK(randoms.size() == 300);
  CHECK(ids.count(0) == 0);
}

TEST_CASE("an entropy source that fails at any call costs a login, nothing else", "[session][bmc][N-RK-24]") {
  for (const std::uint8_t id : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{17}}) {
    for (std::uint64_t fail_at = 0; fail_at < 8; ++fail_at) {
      CAPTURE(int(id), fail_at);
      rig r;
      client c(r, id);
      auto& random = r.setup().random;
      random.fail_after = fail_at;  // 0: SIDc; 1: Rc; 2: the dummy key; 3: the first IV
      const auto opened = c.open();
      if (fail_at == 0) {
        CHECK(opened == status_code::insufficient_resources);
        CHECK(c.opened.managed_id == session_id::none);
        CHECK(r.tables() == tables{0, 0, 0});
      } else {
        REQUIRE(opened == status_code::no_errors);
        const auto reply = r.ask(console_peer, c.rakp1_datagram());
        if (fail_at <= 2) {
          CHECK(reply.size() == payload_v2 + 8);
          CHECK(c.take_rakp2(reply) == status_code::insufficient_resources);
          CHECK(r.tables() == tables{0, 0, 0});
        } else {
          REQUIRE(c.take_rakp2(reply) == status_code::no_errors);
          REQUIRE(c.send_rakp3() == status_code::no_errors);
          REQUIRE(c.begin_session());
          const auto first = c.chassis(1);
          const bool needs_iv = c.keys.encrypts();
          CHECK(first.got == !(needs_iv && fail_at == 3));
          if (!first.got) CHECK(r.last == errc::entropy_failure);
          CHECK(r.handler().commands.size() == 1);
        }
      }
      random.fail_after = ~std::uint64_t{0};  // it works again, and so does the BMC
      CHECK(c.login());
      CHECK(c.chassis(2).got);
    }
  }
}

TEST_CASE("an answer lost to a failing source comes with the repeat, and the command ran once", "[session][bmc]") {
  rig r;
  client c(r, 17);
  REQUIRE(c.login());
  r.setup().random.fail_after = r.setup().random.calls;
  const auto rq = c.request(net_fn::chassis, 2);
  CHECK_FALSE(c.send(rq).got);
  r.setup().random.fail_after = ~std::uint64_t{0};
  CHECK(c.send(rq).got);
  CHECK(r.handler().commands.size() == 1);
}

TEST_CASE("a full table is no way round a failing source: nobody is evicted without dice", "[session][bmc]") {
  small_rig r;
  for (std::uint32_t i = 0; i < 4; ++i) REQUIRE(open_from(r, peer_number(i), i) == status_code::no_errors);
  r.setup().random.fail_after = r.setup().random.calls;
  CHECK(open_from(r, peer_number(9), 9) == status_code::insufficient_resources);
  CHECK(r.tables() == tables{0, 4, 0});
  CHECK(r.managed.counters().evicted == 0);
}

namespace {

/// Says that it worked, and always gives the same byte.
struct stuck_entropy {
  std::uint8_t value = 0;
  bool fill(mutable_bytes out) noexcept {
    rmcpp::core::fill(out, value);
    return true;
  }
};
struct stuck_setup {
  using peer = test_peer;
  using traits = test_bmc_traits;
  bmc_backend crypto{};
  stuck_entropy random{};
  test_users users{};
  test_handler handler{};
};

}  // namespace

TEST_CASE("an entropy source that is stuck does not hang the BMC", "[session][bmc]") {
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{0x42}}) {
    bmc<stuck_setup> b(stuck_setup{.random = {value}}, default_bmc());
    octets reply(b.max_datagram);
    for (std::uint32_t i = 0; i < 2; ++i) {
      auto d = sessionless(payload_type::open_session_request, any_open(i));
      const auto n = b.feed(console_peer, d, reply, instant{1});
      REQUIRE(n.has_value());
      const auto rs = decode<open_session_response>(bytes(reply).first(*n).subspan(payload_v2));
      CHECK((rs->status == status_code::no_errors) == (value != 0 && i == 0));
    }
  }
}

TEST_CASE("a crypto operation that fails, whichever, leaves a login that a repeat completes",
          "[session][bmc][N-HOST-07]") {
  for (const auto id : {0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17}) {
    // The whole conversation, counted once.
    const auto operations = [&] {
      rig r;
      client c(r, static_cast<std::uint8_t>(id));
      REQUIRE(c.login());
      REQUIRE(c.chassis(1, {5}).got);
      return r.setup().crypto.calls.operations();
    }();
    CAPTURE(id, operations);
    for (std::uint64_t n = 1; n <= operations; ++n) {
      CAPTURE(n);
      rig r;
      client c(r, static_cast<std::uint8_t>(id));
      int failures = 0;
      // Sends until answered, as a console does; a failing operation answers nothing and says why.
      const auto insist = [&](auto datagram) {
        for (int tries = 0; tries < 3; ++tries) {
          auto reply = r.ask(console_peer, datagram());
          if (!reply.empty()) return reply;
          CHECK(r.last == errc::crypto_failure);
          ++failures;
        }
        return octets{};
      };
      r.setup().crypto.fail_operation(n);
      REQUIRE(c.open() == status_code::no_errors);
      REQUIRE(c.take_rakp2(insist([&] { return c.rakp1_datagram(); })) == status_code::no_errors);
      REQUIRE(c.take_rakp4(insist([&] { return c.rakp3_datagram(); })) == status_code::no_errors);
      REQUIRE(c.begin_session());
      const auto rq = c.request(net_fn::chassis, 1);
      CHECK(c.unseal(insist([&] { return c.sealed(rq); })).got);
      CHECK(failures == 1);
      CHECK(r.handler().commands.size() == 1);
      CHECK(r.tables() == tables{1, 0, 0});
      CHECK(r.count(rig::kind::login) == 1);
      CHECK(r.count(rig::kind::login_failed) == 0);
    }
  }
}

TEST_CASE("keys are unloaded when a session ends, however it ends, and with the BMC", "[session][bmc][N-HOST-07]") {
  rig r;
  client c(r, 17);
  const auto unloads = [&](auto end) {
    client x(r, 17);
    REQUIRE(x.login());
    const auto before = r.setup().crypto.calls.unload;
    end(x);
    CHECK(r.managed.active_sessions() == 0);
    return r.setup().crypto.calls.unload - before;
  };
  CHECK(unloads([](client& x) { x.close(); }) == 2);
  CHECK(unloads([&](client&) { r.wait(60'000); }) == 2);
  CHECK(unloads([&](client& x) { REQUIRE(r.managed.close(x.managed_id(), r.now)); }) == 2);
  CHECK(unloads([&](client&) { r.managed.user_changed(user_id{2}, r.now); }) == 2);
  CHECK(unloads([&](client&) { r.managed.kg_changed(r.now); }) == 2);

  static std::uint64_t at_the_end = 0;
  struct watching : bmc_backend {
    ~watching() { at_the_end = calls.unload; }
  };
  {
    bmc_rig<watching> w;
    at_the_end = 0;
  }
  CHECK(at_the_end == 2 * test_bmc_traits::sessions);
}

namespace {

struct two_traits : test_bmc_traits {
  static constexpr std::size_t sessions = 2;
};
using two_rig = bmc_rig<bmc_backend, two_traits>;
using two_client = rig_console<two_rig>;

}  // namespace

TEST_CASE("a session not used yet gives way to a login that needs its slot, once older than 3 s", "[session][bmc]") {
  two_rig r;
  two_client mute(r, 3, peer_number(1)), used(r, 3, peer_number(2)), next(r, 17, peer_number(3));
  REQUIRE(mute.login());
  r.wait(3000);
  REQUIRE((used.login() && used.chassis(1).got));
  REQUIRE(next.prove());
  CHECK(next.send_rakp3() == status_code::insufficient_resources);
  CHECK(r.events.back().error == errc::no_slot);
  r.wait(1);
  CHECK(next.login());
  CHECK(next.chassis(1).got);
  CHECK(used.chassis(1).got);
  CHECK_FALSE(mute.chassis(1).got);
  CHECK(r.managed.active_sessions() == 2);
  CHECK(r.managed.counters().evicted == 1);
  const auto gone =
      std::find_if(r.events.begin(), r.events.end(), [](const auto& e) { return e.type == two_rig::kind::closed; });
  REQUIRE(gone != r.events.end());
  CHECK(gone->error == errc::evicted);
  CHECK(gone->peer == mute.from);
  two_client late(r, 3, peer_number(4));
  REQUIRE(late.prove());
  r.wait(4000);
  CHECK(late.send_rakp3() == status_code::insufficient_resources);  // both were used: neither gives way
}

TEST_CASE("the last slot is an administrator's, where there are four and the option stands", "[session][bmc]") {
  for (const bool kept : {true, false}) {
    for (const std::uint8_t slots : {std::uint8_t{3}, std::uint8_t{4}}) {
      CAPTURE(kept, static_cast<int>(slots));
      auto o = default_bmc();
      o.max_sessions = slots;
      o.keep_one_for_administrators = kept;
      rig r(o);
      std::deque<client> users;
      const std::size_t theirs = kept && slots == 4 ? 3 : slots;
      for (std::uint32_t i = 0; i <= theirs; ++i) {
        client& c = users.emplace_back(r, std::uint8_t{3}, peer_number(i));
        c.name = name_of("operator");
        c.password = key_of("operpw");
        c.role = role_byte::of(privilege::operator_, true);
        REQUIRE(c.prove());
        CHECK(c.send_rakp3() == (i < theirs ? status_code::no_errors : status_code::insufficient_resources));
      }
      client admin(r, 3, peer_number(50));
      CHECK(admin.login() == (theirs < slots));
    }
  }
}

TEST_CASE("a user's sessions at once are bounded by his record", "[session][bmc]") {
  auto o = default_bmc();
  o.keep_one_for_administrators = false;  // a slot is free all the time
  rig r(o);
  r.setup().users.entries[1].record.sessions = 2;
  std::deque<client> users;
  for (std::uint32_t i = 0; i < 3; ++i) {
    client& c = users.emplace_back(r, std::uint8_t{3}, peer_number(i));
    c.name = name_of("operator");
    c.password = key_of("operpw");
    c.role = role_byte::of(privilege::operator_, true);
  }
  REQUIRE((users[0].login() && users[0].chassis(1).got && users[1].login() && users[2].prove()));
  client admin(r, 3, peer_number(9));
  REQUIRE(admin.login());
  CHECK(users[2].send_rakp3() == status_code::insufficient_resources);
  r.wait(3001);  // of two that have said nothing yet, his own gives way, not the administrator's
  REQUIRE(users[2].login());
  CHECK((users[0].chassis(1).got && users[2].chassis(1).got && admin.chassis(1).got));
  CHECK_FALSE(users[1].chassis(1).got);
}

TEST_CASE("into the administrator's slot nobody gives way, not even an administrator who has not used his yet",
          "[session][bmc]") {
  rig r;
  std::deque<client> users;
  for (std::uint32_t i = 0; i < 3; ++i) {
    client& c = users.emplace_back(r, std::uint8_t{3}, peer_number(i));
    c.name = name_of("operator");
    c.password = key_of("operpw");
    c.role = role_byte::of(privilege::operator_, true);
    REQUIRE((c.login() && c.chassis(1).got));
  }
  client admin(r, 3, peer_number(9)), late(r, 3, peer_number(10));
  REQUIRE(admin.login());
  r.wait(3001);
  late.name = name_of("operator");
  late.password = key_of("operpw");
  late.role = role_byte::of(privilege::operator_, true);
  REQUIRE(late.prove());
  CHECK(late.send_rakp3() == status_code::insufficient_resources);
  CHECK(admin.chassis(1).got);
}
