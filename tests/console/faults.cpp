// SPDX-License-Identifier: BSL-1.0
// Local trouble: the crypto backend, the entropy source or the caller's buffer fails.
#include "support/catch.hpp"
#include "support/console_script.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using kind = console_event::kind;

console_options console_for(std::uint8_t suite) {
  auto o = default_console();
  o.suites = suites_of({suite});
  return o;
}

/// A login, a request with answer, and a close, without the test's help; true if all went well.
template <class Pair> bool whole_run(Pair& p) {
  static const datagram data{1, 2, 3};
  if (!p.con.start(p.now)) return false;
  p.run(seconds(20));
  const bool ready = p.con.state() == console_state::active;
  if (ready) {
    (void)p.submit(0x30, data);
    p.run(seconds(20));
    if (p.con.state() == console_state::active) (void)p.con.close(p.now);
    p.run(seconds(20));
  }
  return ready && p.answers.size() == 1 && p.answers[0].error == errc::ok && last_event(p).type == kind::closed;
}

}  // namespace

TEST_CASE("the crypto backend fails at any one operation", "[session][console]") {
  for (const auto suite : {1, 3, 11, 12, 17}) {
    session_pair good(console_for(static_cast<std::uint8_t>(suite)));
    REQUIRE(whole_run(good));
    const auto operations = good.con.config().crypto.calls.operations();
    CHECK(operations >= 6);  // the least are suite 1's: two keys of the login, four codes
    for (std::uint64_t n = 1; n <= operations; ++n) {
      CAPTURE(suite, n, operations);
      session_pair p(console_for(static_cast<std::uint8_t>(suite)));
      p.con.config().crypto.fail_operation(n);
      const bool well = whole_run(p);
      // Either the login or session ended at once with that cause, or a packet was not read and a retry made up for it.
      if (!well) CHECK(failed_with(p, errc::crypto_failure));
      CHECK(p.con.state() == console_state::closed);
      CHECK(p.con.poll_timeout().is_never());
      for (const auto& a : p.answers) CHECK((a.error == errc::ok || a.error == errc::crypto_failure));
      // And the console is as good as new.
      p.run(seconds(61));
      p.answers.clear();
      CHECK(whole_run(p));
    }
    session_pair later(console_for(static_cast<std::uint8_t>(suite)));
    later.con.config().crypto.fail_operation(operations + 1);
    CHECK(whole_run(later));
  }
}

TEST_CASE("the entropy source fails at any one call", "[session][console]") {
  for (const auto suite : {0, 1, 3, 17}) {
    session_pair good(console_for(static_cast<std::uint8_t>(suite)));
    REQUIRE(whole_run(good));
    const auto calls = good.con.config().random.calls;
    CHECK(calls == (suite == 3 || suite == 17 ? 6u : 3u));  // rqSeq, SIDm, Rm, and an IV for each packet
    for (std::uint64_t n = 0; n < calls; ++n) {
      CAPTURE(suite, n);
      session_pair p(console_for(static_cast<std::uint8_t>(suite)));
      auto& random = p.con.config().random;
      random.fail_after = n;
      CHECK_FALSE(whole_run(p));
      CHECK(failed_with(p, errc::entropy_failure));
      CHECK(p.con.poll_timeout().is_never());
      CHECK(random.calls == n + 1);
      for (const auto& a : p.answers)
        CHECK((a.error == errc::entropy_failure || n == 5));  // n == 5: Close Session's IV
      random.fail_after = ~std::uint64_t{0};
      p.run(seconds(61));
      p.answers.clear();
      CHECK(whole_run(p));
    }
  }
}

TEST_CASE("poll_transmit() says what failed", "[session][console]") {
  session_pair p;
  p.con.config().random.fail_after = 1;  // behind rqSeq
  login_until(p, console_state::open_session);
  datagram out(p.con.max_datagram);
  CHECK(p.con.poll_transmit(out, p.now).error == errc::entropy_failure);
  CHECK_FALSE(p.con.poll_transmit(out, p.now));
  CHECK(p.con.poll_transmit(out, p.now).error == errc::ok);
}

namespace {
/// Zeros for rqSeq and twice more, then something else: a session id of 0 means "no session".
struct zero_entropy {
  int zeros = 3;
  bool fill(mutable_bytes out) noexcept {
    rmcpp::core::fill(out, zeros > 0 ? std::uint8_t{0} : std::uint8_t{5});
    --zeros;
    return true;
  }
};
struct zero_setup {
  using traits = console_traits;
  console_backend crypto{};
  zero_entropy random{};
};
}  // namespace

TEST_CASE("SIDm is never 0", "[session][console]") {
  session_pair bmc;
  console<zero_setup> c({}, default_console());
  REQUIRE(c.start(bmc.now));
  datagram out(c.max_datagram);
  const auto n = c.poll_transmit(out, bmc.now);
  auto reply = bmc.ask_bmc({out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n.size)});
  REQUIRE(c.feed(reply, bmc.now));
  REQUIRE(c.poll_transmit(out, bmc.now));
  CHECK(c.id() == session_id{0x05050505});
}

TEST_CASE("a buffer below max_datagram is refused whatever is to be sent, and changes nothing", "[session][console]") {
  for (const auto suite : all_suites) {
    CAPTURE(int{suite});
    auto o = console_for(suite);
    if (suite == 17) o.suites = suites_of({17, 3});
    session_pair p(o), other(o);
    // One is offered smaller buffers first; what comes out in the end must be what the other sends, who is not.
    const auto tease = [&] {
      const auto timeout = p.con.poll_timeout();
      for (const std::size_t n : {std::size_t{0}, std::size_t{24}, p.con.max_datagram - 1}) {
        datagram small(n);
        CHECK(p.con.poll_transmit(small, p.now).error == errc::buffer_too_small);
        CHECK(p.con.poll_timeout() == timeout);
        CHECK_FALSE(p.con.next_event());
      }
    };
    const auto exchange_all = [&] {
      for (;;) {
        tease();
        const auto one = p.next_from_console();
        const auto two = other.next_from_console();
        REQUIRE(one == two);
        if (one.empty()) break;
        (void)p.tell_console(p.ask_bmc(one));
        (void)other.tell_console(other.ask_bmc(two));
      }
    };
    REQUIRE(p.con.start(p.now));
    REQUIRE(other.con.start(other.now));
    exchange_all();
    REQUIRE(p.con.state() == console_state::active);
    const datagram data(100, 3);
    REQUIRE(p.submit(0x30, data));
    REQUIRE(other.submit(0x30, data));
    exchange_all();
    CHECK(p.answers.size() == 1);
    REQUIRE(p.con.close(p.now));
    REQUIRE(other.con.close(other.now));
    exchange_all();
    CHECK(p.con.state() == console_state::closed);
  }
}

TEST_CASE("so is it for the last word of a failed login", "[session][console]") {
  auto o = default_console();
  o.password = key_of("wrong");
  session_pair p(o);
  login_until(p, console_state::rakp1);
  (void)p.tell_console(p.ask_bmc(p.next_from_console()));
  CHECK(failed_with(p, errc::bad_rakp2_code));
  datagram small(payload_v2 + 8);
  CHECK(p.con.poll_transmit(small, p.now).error == errc::buffer_too_small);
  CHECK(p.next_from_console().size() == payload_v2 + 8);
  CHECK(p.next_from_console().empty());
}
