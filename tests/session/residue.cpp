// SPDX-License-Identifier: BSL-1.0
// What the machines leave on the stack: no code that would be right for a forged packet, and no SIK.
#include "support/residue.hpp"
#include "support/catch.hpp"
#include "support/console_script.hpp"
#include "support/own_stack.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

struct v15_console : test_console_traits {
  static constexpr bool v15 = true;
};
struct v15_bmc : test_bmc_traits {
  static constexpr bool v15 = true;
};
using v15_pair = session_pair<null_backend, v15_bmc, null_backend, v15_console>;

console_options console_for(std::uint8_t suite) {
  auto o = default_console();
  o.suites = suites_of({suite});
  return o;
}

}  // namespace

TEST_CASE("what a function leaves on its stack is found", "[session][residue]") {
  own_stack stack;
  const octets16 secret{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  CHECK_FALSE(stack.holds(secret));
  stack.run([&] {
    octets16 copy = secret;
    __asm__ __volatile__("" : : "r"(copy.data()) : "memory");
  });
  CHECK(stack.holds(secret));
}

TEST_CASE("who forges a packet does not find its right code on the stack", "[session][residue]") {
  for (const std::uint8_t suite : {std::uint8_t{3}, std::uint8_t{17}}) {
    session_pair<null_backend> p(console_for(suite));
    REQUIRE(p.login());
    REQUIRE(p.submit(1));
    auto genuine = p.next_from_console();
    const std::size_t size = authcode_size(find_suite(suite)->integrity);
    const datagram code(genuine.end() - static_cast<std::ptrdiff_t>(size), genuine.end());
    auto forged = genuine;
    forged.back() ^= 1;
    own_stack stack;
    datagram reply(p.managed.max_datagram);
    errc why = errc::ok;
    stack.run([&] { why = p.managed.feed(p.from, forged, reply, p.now).error(); });
    CHECK(why == errc::bad_authcode);
    CHECK_FALSE(stack.holds(code));
    CHECK_FALSE(stack.holds(bytes(code).first(size - 1)));
  }
}

TEST_CASE("a login leaves its SIK behind at neither side", "[session][residue]") {
  for (const std::uint8_t suite : {std::uint8_t{3}, std::uint8_t{17}}) {
    session_pair<null_backend> p(console_for(suite));
    own_stack console_stack, bmc_stack;
    login_until(p, console_state::rakp1);
    auto proof = p.ask_bmc(p.next_from_console());
    console_stack.run([&] { CHECK(p.con.feed(proof, p.now)); });
    auto rakp3 = p.next_from_console();
    datagram reply(p.managed.max_datagram);
    bmc_stack.run([&] { CHECK(p.managed.feed(p.from, rakp3, reply, p.now)); });
    CHECK(p.managed.active_sessions() == 1);
    null_backend b;
    const auto sik =
        session_integrity_key(b, find_suite(suite)->authentication, key_of("secret"), {}, p.con.transcript());
    REQUIRE(sik);
    REQUIRE(sik->reveal().size() >= 20);
    CHECK_FALSE(console_stack.holds(sik->reveal()));
    CHECK_FALSE(bmc_stack.holds(sik->reveal()));
    CHECK_FALSE(memory_holds(p.con, sik->reveal()));
    CHECK_FALSE(memory_holds(p.managed, sik->reveal()));
  }
}

TEST_CASE("nor that of a packet of IPMI v1.5, nor a password that was sent", "[session][residue][v15]") {
  for (const auto type : {auth_type::md5, auth_type::straight_password}) {
    auto options = default_console();
    options.v15 = {type};
    options.password = "no other has it";
    auto offers = default_bmc();
    offers.v15.types = options.v15;
    v15_pair p(options, offers);
    p.managed.config().users.entries[0].record.secret = options.password;
    own_stack bmc_stack, console_stack;
    const auto ask = [&](datagram d) {
      datagram reply(p.managed.max_datagram);
      errc why = errc::ok;
      bmc_stack.run([&] {
        const auto n = p.managed.feed(p.from, d, reply, p.now);
        reply.resize(n.value_or(0));
        why = n.error();
      });
      return std::pair(reply, why);
    };
    REQUIRE(p.con.start(p.now));
    REQUIRE(p.submit(1));
    datagram genuine;
    for (bool forged = false; !forged;) {
      datagram out(1024);
      console_stack.run([&] { out.resize(p.con.poll_transmit(out, p.now).size); });
      REQUIRE_FALSE(out.empty());
      forged = p.con.state() == console_state::active;
      if (forged) genuine = out;
      if (!forged) p.tell_console(ask(out).first);
    }
    constexpr std::size_t code_at = payload_at_v15(auth_type::none) - 1;
    const datagram code(genuine.begin() + code_at, genuine.begin() + code_at + 16);
    auto forged = genuine;
    forged[code_at] ^= 1;
    CHECK(ask(forged).second == errc::bad_authcode);
    for (const auto* stack : {&bmc_stack, &console_stack}) {
      CHECK_FALSE(stack->holds(bytes(code).subspan(1)));
      CHECK_FALSE(stack->holds(options.password.reveal().first(15)));
    }
  }
}
