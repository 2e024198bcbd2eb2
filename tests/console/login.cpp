// SPDX-License-Identifier: BSL-1.0
// Logins that succeed, with every suite and key; who may start one.
#include "support/catch.hpp"
#include "support/console_script.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using kind = console_event::kind;

const datagram five_bytes{1, 2, 3, 4, 5};

console_options console_with(std::uint8_t suite, const user_key& password, const user_key& kg) {
  auto o = default_console();
  o.suites = suites_of({suite});
  o.password = password;
  o.kg = kg;
  return o;
}

/// Login, a request, Close Session.
template <class Pair> void check_whole_session(Pair& p) {
  REQUIRE(p.login());
  REQUIRE(p.session_events.size() == 1);
  CHECK(p.session_events[0].type == kind::ready);
  CHECK(p.session_events[0].level == privilege::administrator);
  REQUIRE(p.bmc_events.size() == 3);  // login, served, privilege
  CHECK(p.bmc_events[0].session.suite == p.con.suite().id);
  CHECK(p.managed.active_sessions() == 1);

  const auto id = p.submit(0x55, five_bytes);
  REQUIRE(id);
  p.settle();
  REQUIRE(p.answers.size() == 1);
  CHECK(p.answers[0].id == *id);
  CHECK(p.answers[0].error == errc::ok);
  CHECK(p.answers[0].code == completion_code::ok);
  CHECK(p.answers[0].data == five_bytes);

  REQUIRE(p.con.close(p.now));
  p.settle();
  CHECK(p.con.state() == console_state::closed);
  CHECK(last_event(p).type == kind::closed);
  CHECK(last_event(p).error == errc::closed_by_application);
  CHECK(p.managed.active_sessions() == 0);
  CHECK(p.con.poll_timeout().is_never());
  for (const auto e : p.console_drops) CHECK(e == errc::ok);
  for (const auto e : p.bmc_drops) CHECK(e == errc::ok);
}

user_key kg_from_zero() {
  auto kg = key_of("?binary K_g");
  kg.reveal()[0] = 0;
  return kg;
}

}  // namespace

TEST_CASE("a session with every suite, password length and kind of K_g", "[session][console]") {
  for (const auto suite : all_suites) {
    for (const auto* password : {"", "secret", "16-byte-password", "a password of 20 byt"}) {
      for (const auto& kg : {user_key{}, key_of("20 bytes as the K_g."), kg_from_zero()}) {
        CAPTURE(int{suite}, password, int{kg.reveal()[1]});
        session_pair p(console_with(suite, key_of(password), kg));
        auto& users = p.managed.config().users;
        users.entries[0].record.secret = key_of(password);
        users.kg_value = kg;
        check_whole_session(p);
        CHECK(p.con.suite() == *find_suite(suite));
        // Capabilities, Open Session, RAKP 1, RAKP 3, Set Session Privilege Level, the request, Close Session.
        CHECK(p.sent[0] == 7);
      }
    }
  }
}

TEST_CASE("a K_g of zeros is none, and zeros at its end do not count", "[session][console]") {
  session_pair zero(console_with(17, key_of("secret"), user_key(std::array<std::uint8_t, 20>{})));
  CHECK(zero.login());
  session_pair tail(console_with(17, key_of("secret"), key_of(std::string_view("kg\0\0\0", 5))));
  tail.managed.config().users.kg_value = key_of("kg");
  CHECK(tail.login());
}

TEST_CASE("every byte of a 20-byte password counts", "[session][console]") {
  for (const auto suite : {1, 6, 8, 11, 12, 17}) {
    CAPTURE(suite);
    session_pair p(console_with(static_cast<std::uint8_t>(suite), key_of("a password of 20 byt"), {}));
    p.managed.config().users.entries[0].record.secret = key_of("a password of 20 by!");
    CHECK_FALSE(p.login());
    CHECK(failed_with(p, errc::bad_rakp2_code));
  }
}

TEST_CASE("lookup by name and level, and the levels", "[session][console]") {
  auto o = default_console();
  o.name = name_of("operator");
  o.password = key_of("operpw");
  for (const auto level : {privilege::user, privilege::operator_}) {
    o.level = level;
    session_pair p(o);
    CHECK(p.login());
    CHECK(last_event(p).level == level);
  }
  o.name_only = false;
  session_pair exact(o);
  CHECK(exact.login());
  o.level = privilege::user;
  session_pair other(o);
  CHECK_FALSE(other.login());
}

TEST_CASE("Open Session asks for the highest level, or by quirk for the wanted one", "[session][console]") {
  for (const bool quirk : {false, true}) {
    auto o = default_console();
    o.level = privilege::operator_;
    o.quirks.open_session_privilege = quirk;
    session_pair p(o);
    REQUIRE(p.login());
    const auto rq = message_in<open_session_request>(p.log[2]);
    CHECK(rq.max_privilege == (quirk ? privilege::operator_ : privilege::highest));
    CHECK(message_in<rakp1>(p.log[4]).role.value == 0x13);
  }
}

TEST_CASE("start() refuses what cannot work, and stays idle", "[session][console]") {
  const auto started = [](auto change) {
    auto o = default_console();
    change(o);
    session_pair p(o);
    const auto e = p.con.start(p.now).error();
    CHECK((p.con.state() == console_state::idle) == (e != errc::ok));
    return e;
  };
  CHECK(started([](auto& o) { o.suites = {}; }) == errc::unsupported_suite);
  for (const int id : {4, 5, 9, 10, 13, 14, 18, 19, 20, 255}) {
    CAPTURE(id);
    CHECK(started([&](auto& o) {
            o.suites = suites_of({3, static_cast<std::uint8_t>(id)});
          }) == errc::unsupported_suite);
  }
  for (const int level : {0, 6, 15, 255})
    CHECK(started([&](auto& o) { o.level = static_cast<privilege>(level); }) == errc::invalid_argument);
  for (const int level : {1, 2, 3, 4, 5})
    CHECK(started([&](auto& o) { o.level = static_cast<privilege>(level); }) == errc::ok);
  CHECK(started([](auto& o) { o.retry.tries = 15; }) == errc::invalid_argument);
  CHECK(started([](auto& o) { o.retry.tries = 14; }) == errc::ok);
}

namespace {
struct plain_setup {
  using traits = console_traits;
  console_backend crypto{};
  counting_entropy random{};
};
}  // namespace

TEST_CASE("suite 0 needs the build's consent too", "[session][console]") {
  auto o = default_console();
  o.suites = suites_of({0});
  console<plain_setup> c({}, o);
  CHECK(c.start({}).error() == errc::unsupported_suite);
}

TEST_CASE("start() is for idle and closed consoles, and begins anew", "[session][console]") {
  session_pair p;
  std::vector<std::uint32_t> ids;
  for (int round = 0; round < 3; ++round) {
    REQUIRE(p.login());
    CHECK(p.con.start(p.now).error() == errc::wrong_state);
    ids.push_back(to_integer(p.con.id()));
    ids.push_back(to_integer(p.con.managed_id()));
    REQUIRE(p.submit(1));
    p.settle();
    CHECK(p.answers.size() == static_cast<std::size_t>(round) + 1);
    REQUIRE(p.con.close(p.now));
    CHECK(p.con.start(p.now).error() == errc::wrong_state);
    p.settle();
  }
  CHECK(p.session_events.size() == 6);
  for (std::size_t i = 0; i < ids.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) CHECK(ids[i] != ids[k]);
}

TEST_CASE("what the BMC said of itself is there to look at", "[session][console]") {
  session_pair p;
  p.managed.config().users.kg_value = key_of("x");
  (void)p.login();
  CHECK((p.con.capabilities().auth_status & channel_auth_response::status_kg_set) != 0);
  CHECK(p.con.capabilities().offers_v2());
}
