// SPDX-License-Identifier: BSL-1.0
// A fleet as a tool has it: a vector of consoles that share one backend. Built with the address sanitizer.
#include "support/catch.hpp"

#include <rmcpp/core/ref.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/rmcpp.hpp>
#include <rmcpp/testing/policies.hpp>

#include <algorithm>
#include <memory>

using namespace rmcpp;
using namespace rmcpp::testing;

namespace {

using octets = std::vector<std::uint8_t>;

struct console_side {
  struct traits : console_traits {
    static constexpr std::size_t request_bytes = 4;
  };
  ref<cryptopp_backend> crypto;
  ref<cryptopp_entropy> random;
};
struct bmc_side {
  using peer = test_peer;
  struct traits : bmc_traits {
    static constexpr std::size_t sessions = 63;
  };
  ref<cryptopp_backend> crypto;
  ref<cryptopp_entropy> random;
  user_table<1> users = {{{"admin", "secret"}}};
  test_handler handler{};
};
using bmc_type = bmc<bmc_side>;

/// A session and what its owner knows of it.
struct member {
  rmcpp::console<console_side> con;
  std::uint32_t number;

  [[nodiscard]] test_peer address() const { return {.address = number, .udp_port = 623}; }
};

}  // namespace

TEST_CASE("a thousand consoles on Crypto++ grow, are sorted and erased, each with two requests in flight",
          "[session][moving]") {
  constexpr std::uint32_t count = 1000;
  const instant now{5000};
  cryptopp_backend backend, bmc_backend;
  cryptopp_entropy random;
  std::vector<std::unique_ptr<bmc_type>> bmcs;
  const auto bmc_for = [&](std::uint32_t number) -> bmc_type& { return *bmcs[number % bmcs.size()]; };
  for (std::uint32_t i = 0; i * bmc_side::traits::sessions < count; ++i)
    bmcs.push_back(std::make_unique<bmc_type>(bmc_side{bmc_backend, random}, bmc_options{}));

  octets out(console<console_side>::max_datagram), reply(bmc_type::max_datagram);
  const auto talk = [&](member& m) {
    while (const auto n = m.con.poll_transmit(out, now)) {
      const auto answer = bmc_for(m.number).feed(m.address(), mutable_bytes(out).first(n.size), reply, now);
      REQUIRE(answer);
      if (*answer != 0) REQUIRE(m.con.feed(mutable_bytes(reply).first(*answer), now));
      if (m.con.state() == console_state::active) return;  // what was submitted stays in flight
    }
  };

  std::vector<member> fleet;  // no reserve(): each growth moves all
  for (std::uint32_t i = 0; i < count; ++i) {
    fleet.push_back({{{backend, random}, {.name = "admin", .password = "secret"}}, i});
    REQUIRE(fleet.back().con.start(now));
    for (std::uint8_t n = 0; n < 2; ++n) {
      const std::array data{n, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
      REQUIRE(fleet.back().con.submit_copy({.fn = net_fn::oem_group, .command = 0x10, .data = data}, now));
    }
    talk(fleet.back());
    REQUIRE(fleet.back().con.state() == console_state::active);
  }

  std::sort(fleet.begin(), fleet.end(), [](const member& a, const member& b) {
    return a.number % 7 != b.number % 7 ? a.number % 7 < b.number % 7 : a.number > b.number;
  });
  std::erase_if(fleet, [](const member& m) { return m.number % 3 == 0; });
  fleet.shrink_to_fit();
  REQUIRE(fleet.size() == count - 334);

  std::size_t answers = 0;
  for (auto& m : fleet) {
    unsigned got = 0;
    const auto take = [&] {
      while (const auto e = m.con.next_event()) {
        if (e.type != console_event::kind::done) continue;
        REQUIRE(e.succeeded());
        REQUIRE(e.data.size() == 3);
        CHECK((e.data[1] | (e.data[2] << 8)) == static_cast<int>(m.number));
        ++got;
      }
    };
    while (const auto n = m.con.poll_transmit(out, now)) {
      const auto answer = bmc_for(m.number).feed(m.address(), mutable_bytes(out).first(n.size), reply, now);
      REQUIRE(answer);
      REQUIRE(m.con.feed(mutable_bytes(reply).first(*answer), now));
      take();
    }
    CHECK(got == 2);
    answers += got;
  }
  CHECK(answers == 2 * fleet.size());
}
