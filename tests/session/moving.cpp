// SPDX-License-Identifier: BSL-1.0
// Machines that move, and those that are shared out: sessions live in vectors.
#include "support/catch.hpp"
#include "support/session_pair.hpp"
#include "support/slot_backend.hpp"

#include <rmcpp/core/ref.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/crypto/openssl.hpp>

#include <memory>
#include <type_traits>
#include <utility>

using namespace rmcpp;
using namespace rmcpp::test;

namespace {

using octets = std::vector<std::uint8_t>;

template <class B> using console_of = console<console_setup<B>>;
template <class B> using bmc_of = bmc<bmc_setup<B>>;

template <class M>
constexpr bool moves = std::is_nothrow_move_constructible_v<M>&& std::is_nothrow_move_assignable_v<M>;

static_assert(moves<console_of<cryptopp_backend>> && moves<bmc_of<cryptopp_backend>>);
static_assert(moves<console_of<openssl_backend>> && moves<bmc_of<openssl_backend>>);
static_assert(moves<console_of<slot_backend>> && moves<bmc_of<slot_backend>>);

// Copying is a backend's word: slots could be copied, and would be unloaded twice.
template <class M> constexpr bool copies = std::is_copy_constructible_v<M> || std::is_copy_assignable_v<M>;
static_assert(copies<console_of<null_backend>> && copies<bmc_of<null_backend>>);
static_assert(!copies<console_of<slot_backend>> && !copies<bmc_of<slot_backend>>);
static_assert(!copies<console_of<cryptopp_backend>> && !copies<bmc_of<cryptopp_backend>>);

/// A configuration that shares what it uses.
struct shared_console {
  struct traits : console_traits {
    static constexpr std::size_t request_bytes = 8;
  };
  ref<slot_backend> crypto;
  ref<counting_entropy> random;
};
struct shared_bmc {
  using peer = test_peer;
  using traits = bmc_traits;
  ref<slot_backend> crypto;
  ref<counting_entropy> random;
  ref<test_users> users;
  ref<test_handler> handler;
};
/// A plain reference will do where nothing is assigned.
struct referring_console {
  using traits = console_traits;
  slot_backend& crypto;
  counting_entropy& random;
};
static_assert(std::is_move_constructible_v<console<referring_console>>);
static_assert(!std::is_move_assignable_v<console<referring_console>>);

/// Both sides, on one device.
struct shared {
  slot_backend device{};
  counting_entropy random{};
  test_users users{};
  test_handler handler{};
  instant now{1000};

  console<shared_console> make_console() { return {{device, random}, default_console()}; }
  bmc<shared_bmc> make_bmc() { return {{device, random, users, handler}, default_bmc()}; }

  /// One datagram and its answer; false if there was none.
  template <class Console, class Bmc> bool step(Console& c, Bmc& b) {
    octets out(Console::max_datagram), reply(Bmc::max_datagram);
    const auto n = c.poll_transmit(out, now);
    if (!n) return false;
    const auto m = b.feed(console_peer, mutable_bytes(out).first(n.size), reply, now);
    if (m && *m != 0) (void)c.feed(mutable_bytes(reply).first(*m), now);
    return true;
  }
};

}  // namespace

TEST_CASE("both machines may move after every datagram, requests in flight included", "[session][moving]") {
  shared s;
  {
    auto c = std::make_unique<console<shared_console>>(s.make_console());
    auto b = s.make_bmc();
    REQUIRE(c->start(s.now));
    request_id id{};
    {
      const octets data{1, 2, 3};
      id = *c->submit_copy({.fn = net_fn::chassis, .command = 0x30, .data = data}, s.now);
    }
    bool answered = false;
    for (int i = 0; i < 40 && !answered; ++i) {
      auto there = std::make_unique<console<shared_console>>(std::move(*c));
      CHECK(c->state() == console_state::idle);
      CHECK_FALSE(c->next_event());
      const octets other{9, 9, 9};  // whatever it does is its own
      REQUIRE(c->start(s.now));
      REQUIRE(c->submit_copy({.command = 9, .data = other}, s.now));
      c = std::move(there);
      auto elsewhere = std::move(b);
      b = std::move(elsewhere);
      (void)s.step(*c, b);
      while (const auto e = c->next_event()) {
        if (e.type != console_event::kind::done) continue;
        CHECK(e.request == id);
        CHECK(octets(e.data.begin(), e.data.end()) == octets{1, 2, 3});
        answered = true;
      }
    }
    CHECK(answered);
    CHECK(b.active_sessions() == 1);
  }
  CHECK(s.device.each_unloaded_once());
}

TEST_CASE("what moved away is without a session and silent; it may begin anew", "[session][moving]") {
  shared s;
  auto c = s.make_console();
  auto b = s.make_bmc();
  REQUIRE(c.start(s.now));
  while (s.step(c, b)) {
  }
  REQUIRE(c.state() == console_state::active);
  REQUIRE(c.submit({.command = 1}, s.now));
  const auto c2 = std::move(c);
  const auto b2 = std::move(b);
  CHECK(c2.state() == console_state::active);
  CHECK(b2.active_sessions() == 1);
  CHECK(b.active_sessions() == 0);
  CHECK(c.poll_timeout().is_never());
  CHECK(b.poll_timeout().is_never());
  c.handle_timeout(s.now + seconds(100));
  b.handle_timeout(s.now + seconds(100));
  CHECK_FALSE(c.next_event());
  CHECK_FALSE(b.next_event());
  octets out(c.max_datagram), reply(b.max_datagram);
  CHECK_FALSE(c.poll_transmit(out, s.now));
  CHECK(c.submit({.command = 1}, s.now).error() == errc::wrong_state);
  CHECK(b.feed(console_peer, out, reply, s.now).error() == errc::invalid_argument);
  CHECK(c.start(s.now));
}

TEST_CASE("a deferred answer moves with its session, and is given once", "[session][moving]") {
  shared s;
  auto c = s.make_console();
  auto b = s.make_bmc();
  REQUIRE(c.start(s.now));
  REQUIRE(c.submit({.command = test_handler::deferred_command}, s.now));
  while (s.step(c, b)) {
  }
  REQUIRE(s.handler.tickets.size() == 1);
  auto b2 = std::move(b);
  octets out(b.max_datagram);
  CHECK(b.complete(s.handler.tickets[0], {}, out, s.now).error() == errc::stale_handle);
  const auto answer = b2.complete(s.handler.tickets[0], {}, out, s.now);
  REQUIRE(answer);
  CHECK(c.feed(mutable_bytes(out).first(answer->size), s.now));
  CHECK(b2.complete(s.handler.tickets[0], {}, out, s.now).error() == errc::stale_handle);
}

TEST_CASE("nor does a console that moved away in the middle of a login say anything more", "[session][moving]") {
  for (std::size_t sent = 0; sent < 4; ++sent) {
    CAPTURE(sent);
    shared s;
    auto c = s.make_console();
    auto b = s.make_bmc();
    REQUIRE(c.start(s.now));
    for (std::size_t i = 0; i < sent; ++i) REQUIRE(s.step(c, b));
    auto c2 = std::move(c);
    octets out(c.max_datagram);
    CHECK_FALSE(c.poll_transmit(out, s.now));
    CHECK(c.poll_timeout().is_never());
    c.handle_timeout(s.now + seconds(100));
    CHECK_FALSE(c.next_event());
    while (s.step(c2, b)) {
    }
    CHECK(c2.state() == console_state::active);
  }
}

TEST_CASE("an assigned machine gives back what it had", "[session][moving]") {
  shared s;
  {
    auto b = s.make_bmc();
    auto one = s.make_console();
    auto two = s.make_console();
    for (auto* c : {&one, &two}) {
      REQUIRE(c->start(s.now));
      while (s.step(*c, b)) {
      }
      REQUIRE(c->state() == console_state::active);
    }
    const auto id = two.id();
    one = std::move(two);
    CHECK(one.id() == id);
    CHECK(one.state() == console_state::active);
    b = s.make_bmc();
    CHECK(b.active_sessions() == 0);
  }
  CHECK(s.device.each_unloaded_once());
}
