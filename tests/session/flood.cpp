// SPDX-License-Identifier: BSL-1.0
// Logins under a flood of forged Open Session Requests, at a round trip that leaves the flood time between any two
// messages.
#include "support/catch.hpp"
#include "support/chosen_backend.hpp"

#include <rmcpp/console/login_messages.hpp>
#include <rmcpp/rmcpp.hpp>
#include <rmcpp/testing/network.hpp>

using namespace rmcpp;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

template <std::size_t Opened> struct flooded_traits : bmc_traits { static constexpr std::size_t opened = Opened; };

/// Of 40 logins one after the other, those that came through.
template <std::size_t Opened> unsigned logins_under_flood(unsigned per_second, std::uint64_t seed) {
  virtual_network net(milliseconds{10});
  bmc<bmc_setup<bmc_backend, flooded_traits<Opened>>> b({.random = {.seed = seed}}, default_bmc());
  net.attach(bmc_peer, bmc_station(b));
  counting_entropy dice{.seed = seed + 1};
  station forger;
  instant next = net.now();
  forger.next_timeout = [&] { return next; };
  forger.handle_timeout = [&](instant now) { next = now + milliseconds{1000 / per_second}; };
  instant flooded = net.now();
  forger.transmit = [&](instant now) {
    outbox all;
    if (now < flooded + milliseconds{1000 / per_second}) return all;
    flooded = now;
    std::array<std::uint8_t, 8> random{};
    dice.fill(random);
    octets out(64);
    const auto n = rmcpp::detail::encode_open_session_request(
        0, privilege::highest, session_id{core::load_le32(random.data()) | 1}, *wire::find_suite(3), out);
    out.resize(*n);
    octets reply(decltype(b)::max_datagram);
    (void)b.feed(test_peer{core::load_le32(random.data() + 4), 623}, out, reply, now);  // from nowhere that is attached
    return all;
  };
  net.attach(test_peer{1, 1}, forger);
  unsigned in = 0;
  for (unsigned i = 0; i < 40; ++i) {
    console<console_setup<console_backend>> c({.random = {.seed = seed * 100 + i}}, default_console());
    const test_peer at{0x7f000001, static_cast<std::uint16_t>(40'000 + i)};
    net.attach(at, console_station(c, bmc_peer));
    REQUIRE(c.start(net.now()));
    (void)net.run_until([&] { return c.state() == console_state::active || c.is_over(); }, seconds(120));
    in += c.state() == console_state::active ? 1 : 0;
    if (c.state() == console_state::active) REQUIRE(c.close(net.now()));
    (void)net.run_until([&] { return c.is_over(); }, seconds(10));
    net.detach(at);
  }
  return in;
}

}  // namespace

TEST_CASE("a thousand forged Open Sessions a second keep hardly anybody out", "[session][N-HOST-04]") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const unsigned many = logins_under_flood<64>(1000, seed), few = logins_under_flood<16>(1000, seed);
    WARN("of 40 logins, with 64 opened slots: " << many << ", with 16: " << few);
    CHECK(many >= 38);
    CHECK(few >= 24);
  }
}
