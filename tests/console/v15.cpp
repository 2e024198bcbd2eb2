// SPDX-License-Identifier: BSL-1.0
// A console in IPMI v1.5: its login, its session, and what a BMC can get wrong (N-V15 of the hostile inputs).
#include <rmcpp/console/console.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/testing/crafted_bmc_v15.hpp>
#include <rmcpp/testing/policies.hpp>

#include "support/catch.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::testing;
using kind = console_event::kind;

struct v15_traits : test_console_traits {
  static constexpr bool v15 = true;
};
struct careful_traits : v15_traits {
  static constexpr bool allow_unauthenticated = false;
};
struct without_md2 : cryptopp_backend {
  static constexpr bool supports(crypto::digest_id id) noexcept { return id != crypto::digest_id::md2; }
  using cryptopp_backend::supports;
};

console_options v15_options(auth_type_list types = digest_auth_types) {
  auto o = default_console();
  o.v15 = types;
  return o;
}

/// A console and a BMC by hand on a network without length.
template <crypto::backend B = cryptopp_backend> struct scene {
  console<console_setup<B, v15_traits>> con;
  crafted_bmc_v15<B> bmc{};
  instant now{1'000'000};
  std::vector<errc> drops{};
  std::vector<octets> sent{};
  console_event last{};
  octets answered{};

  explicit scene(const console_options& o = v15_options()) : con({}, o) {}

  void collect() {
    while (const auto e = con.next_event()) {
      last = e;
      if (e.type == kind::done) answered = to_octets(e.data);
    }
  }
  octets next() {
    octets out(1024);
    out.resize(con.poll_transmit(out, now).size);
    if (!out.empty()) sent.push_back(out);
    return out;
  }
  errc tell(octets d) {
    const errc e = con.feed(d, now).error();
    drops.push_back(e);
    collect();
    return e;
  }
  bool step() {
    const octets d = next();
    collect();
    if (d.empty()) return false;
    if (const octets answer = bmc.receive(d); !answer.empty()) tell(answer);
    return true;
  }
  /// Until nothing is due any more, or the login has failed.
  void run(std::uint32_t ms = 60'000) {
    for (const instant end = now + milliseconds{ms}; now < end;) {
      while (step()) {
      }
      if (con.is_over() || con.state() == console_state::active || con.poll_timeout() >= end) return;
      now = con.poll_timeout();
      con.handle_timeout(now);
      collect();
    }
  }
  bool login() {
    REQUIRE(con.start(now));
    run();
    return con.state() == console_state::active;
  }
  errc outcome() {
    (void)login();
    return last.error;
  }
  /// Steps until the console waits for an answer to this App command, which is returned unanswered.
  octets until(std::uint8_t command) {
    if (con.is_over()) REQUIRE(con.start(now));
    for (octets d = next(); !d.empty(); d = next()) {
      const octets answer = bmc.receive(d);
      if (bmc.request.command == command) return answer;
      tell(answer);
    }
    FAIL("the command did not come");
    return {};
  }
  octets ask(octets data = {1, 2, 3}) {
    const request rq{.fn = net_fn::chassis, .command = 0x77, .data = data};
    REQUIRE(con.submit(rq, now));
    answered.clear();
    run(100);
    return answered;
  }
};

template <class Scene> void fails_with(Scene& s, errc why, std::uint8_t detail = 0) {
  CHECK(s.outcome() == why);
  CHECK(s.last.type == kind::failed);
  CHECK(static_cast<int>(s.last.detail) == detail);
}

}  // namespace

TEST_CASE("a login and a session in each authentication type", "[session][console][v15]") {
  for (const auto type : {auth_type::none, auth_type::md2, auth_type::md5, auth_type::straight_password}) {
    CAPTURE(static_cast<int>(type));
    scene s(v15_options({type}));
    REQUIRE(s.login());
    CHECK(s.con.id() == s.bmc.id);
    CHECK(s.con.managed_id() == s.bmc.id);
    CHECK(s.bmc.activation.type == type);
    CHECK(s.bmc.activation.level == privilege::administrator);
    CHECK(s.bmc.activation.challenge == s.bmc.challenge);
    CHECK(s.bmc.activation.first_to_console != 0);
    CHECK(s.ask({4, 5, 6}) == octets{4, 5, 6});
    CHECK(s.bmc.numbers == std::vector<std::uint32_t>{100, 101});  // Set Session Privilege Level, and this
    REQUIRE(s.con.close(s.now));
    s.run();
    CHECK(s.con.state() == console_state::closed);
    CHECK(s.last.error == errc::closed_by_application);
    CHECK(s.bmc.request.command == app::close_session);
    CHECK(core::load_le32(s.bmc.request_data.data()) == to_integer(s.bmc.id));
    for (const auto& d : s.sent) CHECK(format_of(d) == packet_format::v15);
  }
}

TEST_CASE("Activate Session goes out as number 0 under the temporary id", "[session][console][v15]") {
  scene s;
  (void)s.until(app::activate_session);
  const auto h = headers_of(s.sent.back());
  CHECK(h.id == s.bmc.temporary_id);
  CHECK(h.sequence == 0);
  CHECK(h.auth == auth_type::md5);
  // A repeat is the same to the byte.
  s.now = s.con.poll_timeout();
  s.con.handle_timeout(s.now);
  const octets first = s.sent.back();
  CHECK(s.next() == first);
}

TEST_CASE("the first type of the list that the BMC offers is used", "[session][console][v15]") {
  struct row {
    std::uint8_t offered;
    auth_type_list wanted;
    auth_type used;
  };
  const row rows[] = {
      {0x17, digest_auth_types, auth_type::md5},
      {0x13, digest_auth_types, auth_type::md2},
      {0x17, {auth_type::straight_password, auth_type::md5}, auth_type::straight_password},
      {0x04, {auth_type::straight_password, auth_type::md5}, auth_type::md5},
      {0x97, {auth_type::none}, auth_type::none},
  };
  scene<without_md2> lacking;  // MD2 vanishes from the list
  lacking.bmc.offered = 0x02;
  CHECK_FALSE(lacking.login());
  CHECK(lacking.last.error == errc::no_common_auth_type);
  for (const auto& r : rows) {
    CAPTURE(static_cast<int>(r.offered));
    scene s(v15_options(r.wanted));
    s.bmc.offered = r.offered;
    REQUIRE(s.login());
    CHECK(s.bmc.activation.type == r.used);
  }
}

TEST_CASE("a BMC that has nothing of the list", "[session][console][v15]") {
  scene none;
  none.bmc.offered = 0x80;  // v2.0 only
  fails_with(none, errc::peer_lacks_v15, 0x80);
  scene other;
  other.bmc.offered = 0x11;  // nor is straight password chosen unasked
  fails_with(other, errc::no_common_auth_type, 0x11);
}

TEST_CASE("refusals of Get Session Challenge and Activate Session, with their completion codes",
          "[session][console][v15]") {
  for (const auto code : std::array<std::uint8_t, 4>{0x81, 0x82, 0xc1, 0xd4}) {
    CAPTURE(static_cast<int>(code));
    scene s;
    s.bmc.before = [&](auto& b) {
      if (b.request.command == app::get_session_challenge) b.code = completion_code{code}, b.data.clear();
    };
    fails_with(s, errc::refused_challenge, code);
    for (const bool in_clear : {false, true}) {
      CAPTURE(in_clear);
      scene t;
      t.bmc.before = [&](auto& b) {
        if (b.request.command != app::activate_session) return;
        b.code = completion_code{code};
        b.data.clear();
        if (in_clear) b.type = auth_type::none, b.under = {}, b.sequence = 0;
      };
      fails_with(t, errc::refused_activation, code);
    }
  }
}

TEST_CASE("a BMC that is busy is asked again", "[session][console][v15]") {
  for (const std::uint8_t command : {app::get_session_challenge, app::activate_session}) {
    CAPTURE(static_cast<int>(command));
    scene s;
    int times = 0;
    s.bmc.before = [&](auto& b) {
      if (b.request.command == command && ++times <= 2) b.code = completion_code::busy, b.data.clear();
    };
    CHECK(s.login());
    CHECK(times == 3);
  }
}

TEST_CASE("a wrong password is told by silence, and the words say so", "[session][console][v15]") {
  scene s;
  s.bmc.after = [](auto& b, octets& d) {
    if (b.request.command == app::activate_session) d.clear();
  };
  fails_with(s, errc::activation_unanswered);
  CHECK(std::string(describe(s.last.error)).find("password") != std::string::npos);
  scene t;  // silent before: nobody is there
  t.bmc.after = [](auto& b, octets& d) {
    if (b.request.command == app::get_session_challenge) d.clear();
  };
  fails_with(t, errc::timed_out);
}

TEST_CASE("what the answer to Activate Session must have", "[session][console][v15][N-V15-14]") {
  const auto with = [](auto change) {
    scene s;
    s.bmc.before = [=](auto& b) {
      if (b.request.command == app::activate_session) change(b);
    };
    return s.outcome();
  };
  const auto response = [](auto edit) {
    return [edit](auto& b) {
      auto m = value_of(decode<activate_session_response>(b.data));
      edit(m);
      b.data = encoded(m);
    };
  };
  CHECK(with([](auto&) {}) == errc::ok);
  CHECK(with(response([](auto& m) { m.id = {}; })) == errc::bad_activation);
  CHECK(with(response([](auto& m) { m.first_to_bmc = 0; })) == errc::bad_activation);
  for (const auto t : {auth_type::none, auth_type::md2, auth_type::straight_password})
    CHECK(with(response([t](auto& m) { m.type = t; })) == errc::weaker_authentication);
  CHECK(with([](auto& b) { b.sequence += 8; }) == errc::ok);  // some BMCs are one off; the window is 8 both ways
  CHECK(with([](auto& b) { b.sequence -= 8; }) == errc::ok);
  CHECK(with([](auto& b) { b.sequence += 9; }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.sequence -= 9; }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.sequence = 0; }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.under = session_id{1}; }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.under = {}; }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.type = auth_type::none; }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.type = auth_type::straight_password; }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.data.resize(9); }) == errc::activation_unanswered);
  CHECK(with([](auto& b) { b.data.push_back(0); }) == errc::ok);
}

TEST_CASE("the answer to Get Session Challenge must have an id", "[session][console][v15]") {
  scene s;
  s.bmc.temporary_id = {};
  fails_with(s, errc::bad_managed_id);
}

TEST_CASE("a BMC that does without authcodes is followed only where that is allowed", "[session][console][v15]") {
  for (const bool allowed : {false, true}) {
    CAPTURE(allowed);
    auto o = v15_options();
    o.v15_bare = allowed;
    scene s(o);
    s.bmc.agreed = auth_type::none;
    CHECK(s.login() == allowed);
    if (!allowed) {
      CHECK(s.last.error == errc::weaker_authentication);
      continue;
    }
    CHECK(headers_of(s.sent.back()).auth == auth_type::none);
    CHECK(s.ask({7}) == octets{7});
  }
}

TEST_CASE("each byte of an authcode counts", "[session][console][v15][N-V15-06]") {
  scene s;
  REQUIRE(s.login());
  const octets data{1, 2, 3};
  REQUIRE(s.con.submit({.fn = net_fn::chassis, .command = 0x77, .data = data}, s.now));
  const octets answer = s.bmc.receive(s.next());
  for (std::size_t i = 0; i < 16; ++i) {
    octets spoilt = answer;
    spoilt[13 + i] ^= 1;
    CHECK(s.tell(spoilt) == errc::bad_authcode);
  }
  octets zeros = answer;
  std::fill(zeros.begin() + 13, zeros.begin() + 29, std::uint8_t{0});
  CHECK(s.tell(zeros) == errc::bad_authcode);
  octets swapped = answer;  // number and id
  std::swap_ranges(swapped.begin() + 5, swapped.begin() + 9, swapped.begin() + 9);
  CHECK(s.tell(swapped) == errc::unknown_session);
  CHECK(s.tell(answer) == errc::ok);
  CHECK(s.answered == octets{1, 2, 3});
  CHECK(s.tell(answer) == errc::replayed);
}

TEST_CASE("answers that are somebody else's or none",
          "[session][console][v15][N-V15-02][N-V15-07][N-V15-09][N-V15-15][N-V15-17][N-V15-18]") {
  struct row {
    const char* what;
    std::function<void(crafted_bmc_v15<cryptopp_backend>&)> change;
    errc why;
  };
  const row rows[] = {
      {"another rqSeq", [](auto& b) { b.response.sequence.value ^= 0x04; }, errc::unmatched_response},
      {"another command", [](auto& b) { b.response.command ^= 1; }, errc::unmatched_response},
      {"the request echoed", [](auto& b) { b.response.target.value &= 0xfb; }, errc::unexpected_message},
      {"CFh", [](auto& b) { b.code = completion_code::duplicated_request; }, errc::unmatched_response},
      {"session id 0", [](auto& b) { b.under = {}; }, errc::bad_auth_type},
      {"no authcode", [](auto& b) { b.type = auth_type::none; }, errc::not_authenticated},
      {"another type", [](auto& b) { b.type = auth_type::md2; }, errc::bad_auth_type},
      {"number 0", [](auto& b) { b.sequence = 0; }, errc::outside_window},
      {"number swapped", [](auto& b) { b.sequence = __builtin_bswap32(b.sequence); }, errc::outside_window},
      {"9 ahead", [](auto& b) { b.sequence += 8; }, errc::outside_window},  // of the last one, 8 behind this
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    scene s;
    REQUIRE(s.login());
    s.bmc.before = [&](auto& b) {
      if (b.request.command == 0x77) r.change(b);
    };
    CHECK(s.ask().empty());
    CHECK(s.drops.back() == r.why);
  }
  scene s;
  REQUIRE(s.login());
  const octets data{1, 2, 3};
  REQUIRE(s.con.submit({.fn = net_fn::chassis, .command = 0x77, .data = data}, s.now));
  const octets answer = s.bmc.receive(s.next());
  const std::size_t message = payload_at_v15(auth_type::md5);
  octets long_one = answer;
  long_one[message - 1] = 0xff;
  CHECK(s.tell(long_one) == errc::bad_length);
  for (std::size_t size = 0; size < 8; ++size) {
    octets short_one(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(message + size));
    short_one[message - 1] = static_cast<std::uint8_t>(size);
    CHECK(s.tell(short_one) != errc::ok);
  }
  octets padded = answer;
  padded.insert(padded.end(), 4, 0);
  CHECK(s.tell(padded) == errc::ok);
  CHECK(s.answered == octets{1, 2, 3});
}

TEST_CASE("a BMC whose first answer in the session has the number of that to Activate Session",
          "[session][console][v15]") {
  scene s;
  s.bmc.numbers_again = true;
  REQUIRE(s.login());
  CHECK(s.ask() == octets{1, 2, 3});
}

TEST_CASE("what came under the temporary id is no part of the session", "[session][console][v15]") {
  scene s;
  const octets activated = s.until(app::activate_session);
  REQUIRE(s.tell(activated) == errc::ok);
  s.run();
  REQUIRE(s.con.state() == console_state::active);
  CHECK(s.tell(activated) == errc::unknown_session);
}

TEST_CASE("a session whose first packet stays unanswered begins anew, once", "[session][console][v15]") {
  scene s;
  int deaf = 0;
  s.bmc.after = [&](auto& b, octets& d) {
    if (b.request.command == app::set_session_privilege && deaf++ < 5) d.clear();
  };
  CHECK(s.login());
  scene t;
  t.bmc.after = [](auto& b, octets& d) {
    if (b.request.command == app::set_session_privilege) d.clear();
  };
  CHECK(t.outcome() == errc::timed_out);
}

TEST_CASE("a v1.5 console ignores RMCP+, and an RMCP+ console v1.5", "[session][console][v15][N-V15-05]") {
  scene s;
  REQUIRE(s.login());
  octets v2 = sessionless(payload_type::ipmi, octets(8, 0));
  core::store_le32(v2.data() + 6, to_integer(s.bmc.id));
  CHECK(s.tell(v2) == errc::bad_auth_type);
  scene plain(default_console());
  REQUIRE(plain.con.start(plain.now));
  const octets question = plain.next();
  CHECK(plain.tell(s.bmc.sealed()) != errc::ok);
  CHECK_FALSE(question.empty());
}

TEST_CASE("no more packets are under way than the window of v1.5 has room for", "[session][console][v15]") {
  auto o = v15_options();
  for (const auto tries : std::array<std::uint8_t, 3>{1, 5, 7}) {
    o.retry.tries = tries;
    scene s(o);
    REQUIRE(s.login());
    const octets data{1};
    for (int i = 0; i < 4; ++i) REQUIRE(s.con.submit({.fn = net_fn::chassis, .command = 0x77, .data = data}, s.now));
    const std::size_t before = s.sent.size();
    for (int i = 0; i < 100; ++i) {
      while (!s.next().empty()) {
      }
      if (s.con.is_over()) break;
      s.now = s.con.poll_timeout();
      s.con.handle_timeout(s.now);
      if (s.con.state() == console_state::active && s.con.poll_timeout() > s.now + seconds(20)) break;
    }
    CHECK(s.sent.size() - before <= 8);
  }
}

TEST_CASE("a request that was held back for room is not repeated when the BMC may have forgotten it",
          "[session][console][v15]") {
  scene s;
  REQUIRE(s.login());
  const octets data{1};
  for (int i = 0; i < 3; ++i) REQUIRE(s.con.submit({.fn = net_fn::chassis, .command = 0x77, .data = data}, s.now));
  const instant begun = s.now;
  instant last = begun;
  unsigned repeats = 0;
  for (int steps = 0; steps < 200 && s.now < begun + seconds(60) && !s.con.is_over(); ++steps) {
    for (octets d = s.next(); !d.empty(); d = s.next()) {
      const octets answer = s.bmc.receive(d);
      // The requests are never answered, and the first question whether anybody is there late.
      if (s.bmc.request.command == 0x77) last = s.now, repeats += s.now == begun ? 0 : 1;
      if (s.bmc.request.command != 0x77 && s.now >= begun + seconds(11)) s.tell(answer);
    }
    s.now = s.con.poll_timeout();
    s.con.handle_timeout(s.now);
    s.collect();
  }
  CHECK(repeats > 0);
  CHECK(last < begun + seconds(20));  // as long as a BMC keeps the answer to what must run once
}

TEST_CASE("what a console of v1.5 cannot use", "[session][console][v15][N-V15-16]") {
  using machine = console<console_setup<cryptopp_backend, v15_traits>>;
  CHECK(machine::check(v15_options()));
  auto o = v15_options();
  o.password = "seventeen bytes!!";
  CHECK(machine::check(o).error() == errc::too_long);
  o.password = "sixteen bytes!!!";
  CHECK(machine::check(o));
  o.retry.tries = 8;
  CHECK(machine::check(o).error() == errc::invalid_argument);
  using machine_without_md2 = console<console_setup<without_md2, v15_traits>>;
  CHECK(machine_without_md2::check(v15_options()));
  CHECK(machine_without_md2::check(v15_options({auth_type::md2})).error() == errc::unsupported_suite);
  CHECK(console<console_setup<cryptopp_backend>>::check(v15_options()).error() == errc::invalid_argument);
  using careful_machine = console<console_setup<cryptopp_backend, careful_traits>>;
  CHECK(careful_machine::check(v15_options({auth_type::none})).error() == errc::unsupported_suite);
  CHECK(careful_machine::check(v15_options({auth_type::md5, auth_type::none})).error() == errc::unsupported_suite);
  o = v15_options();
  o.v15_bare = true;
  CHECK(careful_machine::check(o).error() == errc::invalid_argument);
}

TEST_CASE("a request has room for 248 bytes of data in v1.5", "[session][console][v15]") {
  scene s;
  REQUIRE(s.login());
  const octets longest(248), longer(249);
  CHECK(s.con.submit({.fn = net_fn::chassis, .command = 0x77, .data = longer}, s.now).error() == errc::too_long);
  REQUIRE(s.con.submit({.fn = net_fn::chassis, .command = 0x77, .data = longest}, s.now));
  octets d = s.next();
  CHECK(d.size() == payload_at_v15(auth_type::md5) + 255);
  CHECK(look(d));
}
