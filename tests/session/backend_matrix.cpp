// SPDX-License-Identifier: BSL-1.0
// Sessions between every ordered pair of real backends, the console on one and the BMC on the other: what one makes,
// the other must understand. Here the backends are used as they are; the other tests of this folder run on each pair
// too, behind chosen_backend.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/crypto/openssl.hpp>

#include "support/catch.hpp"
#include "support/console_script.hpp"

#include <tuple>
#include <utility>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using kind = console_event::kind;

namespace {

using every_pair =
    std::tuple<std::pair<cryptopp_backend, cryptopp_backend>, std::pair<cryptopp_backend, openssl_backend>,
               std::pair<openssl_backend, cryptopp_backend>, std::pair<openssl_backend, openssl_backend>>;
template <class Console, class Bmc> using pair_on = session_pair<Console, test_bmc_traits, Bmc>;

constexpr std::array<std::uint8_t, 4> some_suites{3, 8, 12, 17};  // every hash, with and without HMAC
const datagram data{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};

console_options console_with(std::uint8_t suite, std::string_view password = "secret", const user_key& kg = {}) {
  auto o = default_console();
  o.suites = suites_of({suite});
  o.password = key_of(password);
  o.kg = kg;
  return o;
}
template <class Pair> void set_up(Pair& p, std::string_view password, const user_key& kg) {
  auto& users = p.managed.config().users;
  users.entries[0].record.secret = key_of(password);
  users.kg_value = kg;
}

/// A request with the first n bytes of `data`, echoed.
template <class Pair> void check_echo(Pair& p, std::size_t n) {
  const auto before = p.answers.size();
  REQUIRE(p.submit(0x55, bytes(data).first(n)));
  p.run(seconds(30));
  REQUIRE(p.answers.size() == before + 1);
  CHECK(p.answers.back().error == errc::ok);
  CHECK(p.answers.back().code == completion_code::ok);
  CHECK(equal(p.answers.back().data, bytes(data).first(n)));
}
/// How often the BMC ran check_echo()'s command: keep-alives are commands too.
template <class Pair> std::size_t times_run(Pair& p) {
  std::size_t n = 0;
  for (const auto& c : p.managed.config().handler.commands) n += c.code == 0x55 ? 1 : 0;
  return n;
}
template <class Pair> void check_close(Pair& p) {
  REQUIRE(p.con.close(p.now));
  p.run(seconds(30));
  CHECK(p.con.state() == console_state::closed);
  CHECK(last_event(p).error == errc::closed_by_application);
  CHECK(p.managed.active_sessions() == 0);
}
template <class Pair> void check_no_drops(const Pair& p) {
  for (const auto e : p.console_drops) CHECK(e == errc::ok);
  for (const auto e : p.bmc_drops) CHECK(e == errc::ok);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("every suite, password and K_g between every two backends", "[session][matrix]", every_pair) {
  using pair = pair_on<typename TestType::first_type, typename TestType::second_type>;
  for (const auto suite : all_suites) {
    for (const auto* password : {"", "secret", "a password of 20 byt"}) {
      for (const auto& kg : {user_key{}, key_of("20 bytes as the K_g.")}) {
        CAPTURE(int{suite}, password, kg.is_zero());
        pair p(console_with(suite, password, kg));
        set_up(p, password, kg);
        REQUIRE(p.login());
        CHECK(p.con.suite() == *find_suite(suite));
        CHECK(last_event(p).level == privilege::administrator);
        for (const std::size_t n : {0u, 5u, 13u}) check_echo(p, n);
        check_close(p);
        check_no_drops(p);
      }
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a wrong password or K_g is refused between every two backends", "[session][matrix]",
                        every_pair) {
  using pair = pair_on<typename TestType::first_type, typename TestType::second_type>;
  for (const auto suite : all_suites) {
    if (suite == 0) continue;  // knows no password
    CAPTURE(int{suite});
    pair password(console_with(suite, "Secret"));
    CHECK_FALSE(password.login());
    CHECK(failed_with(password, errc::bad_rakp2_code));
    CHECK(password.managed.active_sessions() == 0);

    pair kg(console_with(suite, "secret", key_of("ours")));
    set_up(kg, "secret", key_of("theirs"));
    CHECK_FALSE(kg.login());
    CHECK(failed_with(kg, errc::bad_rakp4_code));
  }
}

TEMPLATE_LIST_TEST_CASE("any one datagram lost, doubled or spoilt between every two backends", "[session][matrix]",
                        every_pair) {
  using pair = pair_on<typename TestType::first_type, typename TestType::second_type>;
  enum class fault : std::uint8_t { lost, doubled, spoilt };
  for (const auto suite : some_suites) {
    for (const auto what : {fault::lost, fault::doubled, fault::spoilt}) {
      for (const auto way : {direction::to_bmc, direction::to_console}) {
        for (int nth = 3; nth <= 8; ++nth) {
          CAPTURE(int{suite}, int(what), int(way), nth);
          pair p(console_with(suite));
          p.network = [&](direction d, int count, typename pair::datagram& bytes_) {
            if (d != way || count != nth) return true;
            if (what == fault::lost) return false;
            if (what == fault::spoilt) bytes_.back() ^= 1;
            if (what == fault::doubled && d == direction::to_console) p.tell_console(bytes_);
            if (what == fault::doubled && d == direction::to_bmc) {
              const auto answer = p.ask_bmc(bytes_);
              if (!answer.empty()) p.tell_console(answer);
            }
            return true;
          };
          REQUIRE(p.con.start(p.now));
          p.run(seconds(30));
          // A spoilt RAKP 2, 3 or 4 may end a login; it must not make a session of it that does not work.
          if (p.con.state() != console_state::active) {
            CHECK(what == fault::spoilt);
            continue;
          }
          p.collect();
          p.answers.clear();
          check_echo(p, 13);
          CHECK(times_run(p) == 1);
          check_close(p);
        }
      }
    }
  }
}

TEMPLATE_LIST_TEST_CASE("many requests, levels, late answers and a second login between every two backends",
                        "[session][matrix]", every_pair) {
  using pair = pair_on<typename TestType::first_type, typename TestType::second_type>;
  for (const auto suite : some_suites) {
    CAPTURE(int{suite});
    auto o = console_with(suite);
    o.level = privilege::operator_;
    pair p(o);
    for (int login = 0; login < 2; ++login) {
      REQUIRE(p.login());
      CHECK(last_event(p).level == privilege::operator_);
      for (int i = 0; i < 40; ++i) check_echo(p, static_cast<std::size_t>(i) % (data.size() + 1));
      CHECK(p.managed.config().handler.commands.back().level == privilege::operator_);
      check_close(p);
    }
    check_no_drops(p);
    REQUIRE(p.login());
    p.answers.clear();
    REQUIRE(p.submit(test_handler::deferred_command));
    p.settle();
    CHECK(p.answers.empty());
    datagram out(p.managed.max_datagram);
    const auto ticket = p.managed.config().handler.tickets.back();
    const auto late = p.managed.complete(ticket, response{completion_code::ok, bytes(data)}, out, p.now);
    REQUIRE(late);
    out.resize(late->size);
    CHECK(p.tell_console(out) == errc::ok);
    REQUIRE(p.answers.size() == 1);
    CHECK(equal(p.answers[0].data, data));
    // Silence ends it on both sides.
    p.network = [](direction, int, typename pair::datagram&) { return false; };
    p.run(seconds(200));
    CHECK(p.con.state() == console_state::closed);
    CHECK(p.managed.active_sessions() == 0);
  }
}
