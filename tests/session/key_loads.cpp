// SPDX-License-Identifier: BSL-1.0
// How often a login loads keys and looks up passwords: each key once in a datagram that needs it.
#include <rmcpp/testing/crafted_console.hpp>

#include "support/catch.hpp"
#include "support/console_script.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;

console_options console_with(std::uint8_t suite, bool two_keys) {
  auto o = default_console();
  o.suites = suites_of({suite});
  if (two_keys) o.kg = key_of("the BMC's own key");
  return o;
}

/// A pair that agrees on K_g, if there is one.
session_pair<> pair_for(const console_options& o) {
  session_pair<> p(o);
  p.managed.config().users.kg_value = o.kg;
  return p;
}

std::uint64_t console_loads(session_pair<>& p) { return p.con.config().crypto.calls.load; }
std::uint64_t bmc_loads(session_pair<>& p) { return p.managed.config().crypto.calls.load; }

/// Users that count how often somebody asks.
struct counting_users : test_users {
  std::size_t lookups = 0;
  bool find(const username& name, role_byte role, std::uint8_t channel, user_record& out) noexcept {
    ++lookups;
    return test_users::find(name, role, channel, out);
  }
};
struct counting_setup {
  using peer = test_peer;
  using traits = test_bmc_traits;
  null_backend crypto{};
  counting_entropy random{.seed = 0xb3c};
  counting_users users{};
  test_handler handler{};
};

}  // namespace

TEST_CASE("a login loads Kuid, SIK, K1 and K2, the BMC Kuid twice; with K_g one more", "[session][keys]") {
  for (const std::uint8_t suite : {std::uint8_t{3}, std::uint8_t{8}, std::uint8_t{17}}) {
    for (const bool two_keys : {false, true}) {
      CAPTURE(static_cast<int>(suite), two_keys);
      auto p = pair_for(console_with(suite, two_keys));
      REQUIRE(p.login());
      CHECK(console_loads(p) == (two_keys ? 5 : 4));
      CHECK(bmc_loads(p) == (two_keys ? 6 : 5));
      const auto before = std::pair(console_loads(p), bmc_loads(p));
      (void)p.submit(0x30, datagram{1});
      p.settle();
      REQUIRE(p.answers.size() == 1);
      CHECK(std::pair(console_loads(p), bmc_loads(p)) == before);  // and a session none
    }
  }
}

TEST_CASE("a suite without integrity and encryption loads neither K1 nor K2, RAKP-none nothing", "[session][keys]") {
  auto one = pair_for(console_with(1, false));
  REQUIRE(one.login());
  CHECK(console_loads(one) == 2);
  CHECK(bmc_loads(one) == 3);
  auto none = pair_for(console_with(0, false));
  REQUIRE(none.login());
  CHECK(console_loads(none) == 0);
  CHECK(bmc_loads(none) == 0);
}

TEST_CASE("a repeated RAKP 1 loads Kuid once more at the BMC, a repeated RAKP 3 nothing on either side",
          "[session][keys]") {
  struct row {
    payload_type lost;  ///< the first one of these
    std::uint64_t console, bmc;
  };
  for (const auto& r :
       {row{payload_type::open_session_response, 4, 5}, row{payload_type::rakp1, 4, 5}, row{payload_type::rakp2, 4, 6},
        row{payload_type::rakp3, 4, 5}, row{payload_type::rakp4, 4, 5}}) {
    CAPTURE(describe(r.lost));
    auto p = pair_for(console_with(3, false));
    bool lost = false;
    p.network = [&](direction, int, datagram& d) {
      const bool loses = !lost && format_of(d) == packet_format::v2 && type_of(d) == r.lost;
      lost = lost || loses;
      return !loses;
    };
    REQUIRE(p.con.start(p.now));
    p.run(seconds(5));
    REQUIRE(p.con.state() == console_state::active);
    REQUIRE(lost);
    CHECK(console_loads(p) == r.console);
    CHECK(bmc_loads(p) == r.bmc);
  }
}

TEST_CASE("a password is looked up at most once a datagram", "[session][keys]") {
  bmc<counting_setup> managed(counting_setup{}, default_bmc());
  auto& lookups = managed.config().users.lookups;
  std::size_t most = 0;
  crafted_console<null_backend> c([&](const test_peer& from, bytes d) {
    octets in = to_octets(d);
    octets reply(managed.max_datagram);
    const auto before = lookups;
    const auto n = managed.feed(from, in, reply, {1'000'000});
    most = std::max(most, lookups - before);
    reply.resize(n ? *n : 0);
    return reply;
  });
  REQUIRE(c.open() == rakp_status::no_errors);
  REQUIRE(c.send_rakp1() == rakp_status::no_errors);
  REQUIRE(c.send_rakp1() == rakp_status::no_errors);  // repeated
  const auto third = c.rakp3_datagram();
  REQUIRE(c.take_rakp4(c.exchange(third)) == rakp_status::no_errors);
  REQUIRE(c.take_rakp4(c.exchange(third)) == rakp_status::no_errors);
  REQUIRE(c.begin_session());
  CHECK(c.chassis(1).got);
  CHECK(most == 1);
  CHECK(lookups == 3);  // two RAKP 1, the first RAKP 3
}
