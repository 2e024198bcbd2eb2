// SPDX-License-Identifier: BSL-1.0
// How an IPMI v1.5 session begins at a BMC: Get Session Challenge and Activate Session. Tags: tests/README.md.
#include "support/catch.hpp"
#include "support/v15_rig.hpp"

#include <set>
#include <string>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::test;
using namespace rmcpp::testing;

using rig = v15_rig<>;
using client = v15_console<rig>;
using challenge = session_challenge_request;
using activation = activate_session_request;

const test_peer elsewhere{0x7f000002, 40000};
const test_peer another_port{console_peer.address, 40001};

struct one : v15_traits {
  static constexpr std::size_t opened = 1;
};
struct crowded : v15_traits {
  static constexpr std::size_t penalties = 1;
};
struct guarded : v15_traits {
  static constexpr bool allow_unauthenticated = false;
};

/// Of a packet, whatever was agreed on.
struct packet_type {
  auth_type packet = auth_type::md5;
};

completion_code code_of(std::uint8_t c) { return completion_code{c}; }

/// Users of whom one has no name.
struct null_users : test_users {
  user_kinds which{};
  user_kinds kinds(std::uint8_t) noexcept { return which; }
};
struct null_user_setup : bmc_setup<bmc_backend, v15_traits> {
  null_users users{};
};

}  // namespace

TEST_CASE("each authentication type logs in, at each level", "[session][bmc][v15]") {
  for (const auto type : every_auth_type) {
    for (const auto level : {privilege::callback, privilege::user, privilege::operator_, privilege::administrator}) {
      CAPTURE(static_cast<int>(type), static_cast<int>(level));
      null_v15_rig r(v15_bmc());
      v15_console<null_v15_rig> c(r, type);
      c.level = level;
      REQUIRE(c.ask_challenge() == completion_code::ok);
      CHECK(r.tables() == std::array<std::size_t, 3>{0, 1, 0});
      const auto a = c.activate();
      REQUIRE(a.code == completion_code::ok);
      CHECK(r.tables() == std::array<std::size_t, 3>{1, 0, 0});
      CHECK(a.sequence == c.first_to_console);
      CHECK(c.activated.id == c.given.temporary_id);
      CHECK(c.activated.type == type);
      CHECK(c.activated.level == level);
      CHECK(c.activated.first_to_bmc != 0);
      REQUIRE(r.events.size() == 1);
      const auto& e = r.events[0];
      CHECK(e.type == null_v15_rig::kind::login);
      CHECK(e.session.id == c.activated.id);
      CHECK(e.session.name == name_of("admin"));
      CHECK(e.session.user == user_id{2});
      CHECK(e.session.limit == level);
      CHECK(e.session.level == (level < privilege::user ? level : privilege::user));
      CHECK(e.session.is_v15());
      CHECK(e.session.auth == type);
      CHECK(e.session.channel == 1);
      CHECK(e.session.handle == 1);
      CHECK(r.managed.counters().logins == 1);
      const auto first = c.chassis(1, {0xaa});
      CHECK(first.code == completion_code::ok);
      CHECK(first.data == octets{0xaa});
      CHECK(first.sequence == c.first_to_console + 1);
      CHECK(c.close());
      CHECK(r.managed.active_sessions() == 0);
    }
  }
}

TEST_CASE("names and passwords of sixteen bytes log in", "[session][bmc][v15]") {
  rig r(v15_bmc());
  r.setup().users.entries.push_back(
      {name_of("sixteen-bytes-of"), {user_id{5}, privilege::operator_, true, key_of("0123456789abcdef")}});
  for (const auto type : {auth_type::md5, auth_type::straight_password}) {
    client c(r, type);
    c.name = name_of("sixteen-bytes-of");
    c.password = key_of("0123456789abcdef");
    c.level = privilege::operator_;
    CHECK(c.login());
    CHECK(c.close());
  }
}

TEST_CASE("a password of seventeen to twenty bytes is refused as a wrong one", "[session][bmc][v15][N-V15-16]") {
  for (const auto* password : {"0123456789abcdefg", "0123456789abcdefghij"}) {
    for (const auto type : {auth_type::none, auth_type::md5, auth_type::straight_password}) {
      rig r(v15_bmc());
      r.setup().users.entries[0].record.secret = key_of(password);
      client c(r, type);
      c.password = key_of("0123456789abcdef");
      REQUIRE(c.ask_challenge() == completion_code::ok);
      CHECK_FALSE(c.activate().got);
      CHECK(r.managed.active_sessions() == 0);
      CHECK(r.events.back().error == errc::bad_activation_code);
      rig_console<rig> v2(r, 3);
      v2.password = key_of(password);
      CHECK((r.wait(1000), v2.login()));
    }
  }
}

TEST_CASE("challenges that are refused", "[session][bmc][v15][N-V15-10]") {
  rig r(v15_bmc({auth_type::md5}));
  client c(r);
  const auto whole = encoded(c.challenge_request());
  for (std::size_t n = 0; n < whole.size(); ++n)
    CHECK(c.ask(app::get_session_challenge, bytes(whole).first(n)).code == completion_code::length_invalid);
  auto longer = whole;
  longer.push_back(0);
  CHECK(c.ask(app::get_session_challenge, longer).code == completion_code::length_invalid);
  for (unsigned t = 0; t < 256; ++t) {
    if ((t & 15) == 2) continue;  // the upper bits are reserved
    auto data = whole;
    data[0] = static_cast<std::uint8_t>(t);
    CHECK(c.ask(app::get_session_challenge, data).code == completion_code::invalid_field);
  }
  c.name = {};
  CHECK(c.ask_challenge() == code_of(challenge::no_null_name));
  CHECK(r.managed.opened_logins() == 0);
  CHECK(r.events.empty());
  for (const auto* name : {"nobody", "disabled", "admi", "Admin"}) {
    c.name = name_of(name);
    CHECK(c.ask_challenge() == completion_code::ok);  // as any other
  }
  CHECK(r.managed.opened_logins() == 4);

  auto o = v15_bmc();
  o.disclose = true;
  rig telling(o);
  client d(telling);
  for (const auto* name : {"nobody", "disabled"}) {
    d.name = name_of(name);
    CHECK(d.ask_challenge() == code_of(challenge::unknown_name));
  }
  CHECK(telling.managed.opened_logins() == 0);
  d.name = name_of("admin");
  CHECK(d.login());
}

TEST_CASE("the null user logs in where there is one", "[session][bmc][v15][N-V15-10]") {
  struct row {
    user_kinds kinds;
    const char* password;
    completion_code expected;
  };
  for (const auto& w : {row{{}, "", code_of(challenge::no_null_name)}, row{{.null = true}, "pw", completion_code::ok},
                        row{{.anonymous = true}, "", completion_code::ok}}) {
    bmc<null_user_setup> b(null_user_setup{}, v15_bmc());
    b.config().users.which = w.kinds;
    b.config().users.entries.push_back({{}, {user_id{1}, privilege::administrator, true, key_of(w.password)}});
    crafted_console_v15<peer_backend_t<bmc_backend>> c([&](const test_peer& from, bytes d) {
      octets in = to_octets(d);
      octets reply(b.max_datagram);
      reply.resize(*b.feed(from, in, reply, instant{1}));
      return reply;
    });
    c.name = {};
    c.password = key_of(w.password);
    CHECK(c.ask_challenge() == w.expected);
    if (w.expected == completion_code::ok) CHECK(c.activate().code == completion_code::ok);
  }
}

TEST_CASE("a repeated Get Session Challenge gets the same answer; another one another", "[session][bmc][v15]") {
  rig r(v15_bmc());
  client c(r);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  const auto first = c.given;
  for (int i = 0; i < 3; ++i) {
    --c.request_sequence;
    REQUIRE(c.ask_challenge() == completion_code::ok);
    CHECK(c.given.temporary_id == first.temporary_id);
    CHECK(c.given.challenge == first.challenge);
  }
  CHECK(r.managed.opened_logins() == 1);
  std::set<std::uint32_t> ids{to_integer(first.temporary_id)};
  const auto other = [&](auto&& change) {
    client d(r);
    d.request_sequence = static_cast<std::uint8_t>(c.request_sequence - 1);
    change(d);
    REQUIRE(d.ask_challenge() == completion_code::ok);
    CHECK(d.given.challenge != first.challenge);
    CHECK(ids.insert(to_integer(d.given.temporary_id)).second);
  };
  other([](client& d) { d.from = another_port; });
  other([](client& d) { d.name = name_of("operator"); });
  other([](client& d) { d.type = auth_type::straight_password; });
  other([](client& d) { ++d.request_sequence; });
  CHECK(r.managed.opened_logins() == 5);
  CHECK(c.activate().code == completion_code::ok);
  client again(r);
  REQUIRE(again.ask_challenge() == completion_code::ok);
  CHECK(again.given.challenge != first.challenge);  // that one is used up
}

TEST_CASE("without room or randomness for a challenge the BMC is busy", "[session][bmc][v15]") {
  for (std::uint64_t calls = 0; calls < 3; ++calls) {  // id, challenge, the password that nobody has
    rig r(v15_bmc());
    r.setup().random.fail_after = calls;
    client c(r);
    CHECK(c.ask_challenge() == completion_code::busy);
    CHECK(r.managed.opened_logins() == 0);
    r.setup().random.fail_after = ~std::uint64_t{0};
    CHECK(c.login());
  }
  v15_rig<bmc_backend, one> r(v15_bmc());
  v15_console<v15_rig<bmc_backend, one>> c(r);
  v15_console<v15_rig<bmc_backend, one>> d(r, auth_type::md5, elsewhere);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  r.setup().random.fail_after = 0;
  CHECK(d.ask_challenge() == completion_code::busy);
  CHECK(r.managed.opened_logins() == 1);
  r.setup().random.fail_after = ~std::uint64_t{0};
  CHECK(d.ask_challenge() == completion_code::ok);
  CHECK(r.managed.counters().evicted == 1);
  CHECK_FALSE(c.activate().got);
  CHECK(d.activate().code == completion_code::ok);
}

TEST_CASE("Activate Session that verifies, and asks for what cannot be", "[session][bmc][v15][N-V15-11]") {
  struct row {
    const char* what;
    octets data;
    completion_code expected;
    errc told;
  };
  rig sample(v15_bmc());
  const auto rows = [](client& c) {
    std::vector<row> all;
    const auto whole = encoded(c.activation());
    const auto with = [&](std::size_t at, std::uint8_t value) {
      auto d = whole;
      d[at] = value;
      return d;
    };
    for (std::size_t n = 0; n < whole.size(); ++n)
      all.push_back({"short",
                     {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)},
                     completion_code::length_invalid,
                     errc::ok});
    auto longer = whole;
    longer.push_back(0);
    all.push_back({"long", longer, completion_code::length_invalid, errc::ok});
    for (unsigned t = 0; t < 16; ++t)
      if (t != 2)
        all.push_back({"type", with(0, static_cast<std::uint8_t>(t)), completion_code::invalid_field, errc::ok});
    for (const unsigned level : {0u, 6u, 7u, 8u, 9u, 10u, 11u, 12u, 13u, 14u, 15u})
      all.push_back({"level", with(1, static_cast<std::uint8_t>(level)), completion_code::invalid_field, errc::ok});
    all.push_back({"too high", with(1, 5), code_of(activation::exceeds_limit), errc::refused_privilege});
    for (std::size_t at = 2; at < 18; ++at)
      all.push_back(
          {"challenge", with(at, static_cast<std::uint8_t>(whole[at] ^ 1)), completion_code::invalid_field, errc::ok});
    auto zero = whole;
    std::fill(zero.begin() + 18, zero.end(), std::uint8_t{0});
    all.push_back({"number 0", zero, code_of(activation::bad_sequence), errc::ok});
    return all;
  };
  client first(sample);
  REQUIRE(first.ask_challenge() == completion_code::ok);
  const std::size_t count = rows(first).size();
  for (std::size_t i = 0; i < count; ++i) {
    rig r(v15_bmc());
    client c(r);
    REQUIRE(c.ask_challenge() == completion_code::ok);
    const auto w = rows(c)[i];
    CAPTURE(w.what, i);
    const auto a = c.take_activated(c.exchange(c.activate_datagram(w.data)));
    REQUIRE(a.got);
    CHECK(a.code == w.expected);
    CHECK(a.data.empty());
    CHECK(a.sequence ==
          (w.data.size() == 22 && w.data[18] + w.data[19] + w.data[20] + w.data[21] != 0 ? c.first_to_console : 0));
    CHECK(r.tables() == std::array<std::size_t, 3>{});
    CHECK(r.events.size() == (w.told == errc::ok ? 0u : 1u));
    if (w.told != errc::ok) CHECK(r.events[0].error == w.told);
    CHECK_FALSE(c.activate().got);  // the challenge is used up
    CHECK(c.login());               // and nobody waits
  }
}

TEST_CASE("a level above the user's, the channel's or the type's limit is refused", "[session][bmc][v15][N-V15-11]") {
  for (const auto channel : {privilege::user, privilege::administrator}) {
    for (const auto of_type : {privilege::callback, privilege::operator_, privilege::oem}) {
      for (const auto* name : {"admin", "operator"}) {
        for (unsigned level = 1; level <= 5; ++level) {
          auto o = v15_bmc();
          o.channel_limit = channel;
          o.v15.limits.set(auth_type::md5, of_type);
          rig r(o);
          client c(r);
          c.name = name_of(name);
          const bool admin = c.name == name_of("admin");
          c.password = key_of(admin ? "secret" : "operpw");
          c.level = static_cast<privilege>(level);
          REQUIRE(c.ask_challenge() == completion_code::ok);
          const bool good = c.level <= channel && c.level <= of_type && level <= (admin ? 4u : 3u);
          CHECK(c.activate().code == (good ? completion_code::ok : code_of(activation::exceeds_limit)));
        }
      }
    }
  }
}

TEST_CASE("until Activate Session verifies there is silence, and nothing changes",
          "[session][bmc][v15][N-V15-06][N-V15-11][N-V15-12]") {
  rig r(v15_bmc());
  client c(r);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  const auto id = to_integer(c.given.temporary_id);
  for (const std::uint32_t other : {0u, 1u, 2u, 0x3fu, 0x40u, id + 1, id ^ 0x80000000u, 0x7fffffffu, 0xffffffffu}) {
    CAPTURE(other);
    const auto data = encoded(c.activation());
    CHECK(
        dropped(r, c.from,
                c.sealed(encoded(c.request(net_fn::app, app::activate_session, data)), c.type, 0, session_id{other})));
  }
  const auto good = c.activate_datagram();
  CHECK(dropped(r, elsewhere, good));
  CHECK(r.last == errc::wrong_peer);
  CHECK(dropped(r, another_port, good));
  for (std::size_t n = 0; n < good.size(); ++n) CHECK(dropped(r, c.from, bytes(good).first(n)));
  for (unsigned t = 0; t < 256; ++t) {  // under another type, with a code and without
    if (t == 2) continue;
    auto other = good;
    other[4] = static_cast<std::uint8_t>(t);
    CHECK(dropped(r, c.from, other));
    other.erase(other.begin() + 13, other.begin() + 29);
    CHECK(dropped(r, c.from, other));
  }
  for (const auto cmd :
       {app::get_device_id, app::set_session_privilege, app::get_session_challenge, app::get_channel_auth_capabilities})
    CHECK(dropped(r, c.from,
                  c.sealed(encoded(c.request(net_fn::app, cmd, octets{0x8e, 4})), c.type, 0, c.given.temporary_id)));
  for (const std::uint32_t number : {1u, 0x1000u})
    CHECK(dropped(r, c.from,
                  c.sealed(encoded(c.request(net_fn::app, app::activate_session, encoded(c.activation()))), c.type,
                           number, c.given.temporary_id)));
  auto spoilt = good;
  spoilt[34] ^= 1;
  c.reseal(spoilt);
  CHECK(dropped(r, c.from, spoilt));
  CHECK(r.last == errc::bad_checksum);
  CHECK(r.managed.counters().failed_logins == 0);
  CHECK(c.take_activated(c.exchange(good)).code == completion_code::ok);

  client late(r, auth_type::md5, elsewhere);
  REQUIRE(late.ask_challenge() == completion_code::ok);
  r.now = r.now + milliseconds{15'000};  // nobody called handle_timeout()
  CHECK_FALSE(late.activate().got);
  CHECK(r.last == errc::unknown_session);
}

TEST_CASE("a wrong authcode is one guess: silence, an event, and its challenge is gone",
          "[session][bmc][v15][N-V15-06]") {
  for (std::size_t at = 0; at < 18; ++at) {
    rig r(v15_bmc());
    client c(r);
    REQUIRE(c.ask_challenge() == completion_code::ok);
    const auto good = c.activate_datagram();
    auto bad = good;
    if (at < 16) {
      bad[13 + at] ^= 1;
    } else if (at == 16) {
      std::fill(bad.begin() + 13, bad.begin() + 29, std::uint8_t{0});
    } else {
      bad[good.size() - 1] ^= 1;  // not the authcode, but a checksum: the drop comes first
      CHECK(dropped(r, c.from, bad));
      continue;
    }
    CHECK(c.exchange(bad).empty());
    CHECK(r.last == errc::ok);  // no drop: it was judged
    CHECK(r.tables() == std::array<std::size_t, 3>{});
    REQUIRE(r.events.size() == 1);
    CHECK(r.events[0].type == rig::kind::login_failed);
    CHECK(r.events[0].error == errc::bad_activation_code);
    CHECK(r.events[0].session.name == name_of("admin"));
    CHECK(r.events[0].session.user == user_id{2});
    CHECK(r.managed.counters().failed_logins == 1);
    CHECK(dropped(r, c.from, good));
    CHECK(r.last == errc::unknown_session);
  }
}

TEST_CASE("wrong passwords and unknown names wait, and the owner's success ends it", "[session][bmc][v15]") {
  for (const auto type : {auth_type::none, auth_type::md5, auth_type::straight_password}) {
    for (const auto* name : {"admin", "nobody", "disabled"}) {
      if (type == auth_type::none && std::string(name) == "admin") continue;  // knows no wrong password
      rig r(v15_bmc());
      client guess(r, type, elsewhere);
      guess.name = name_of(name);
      guess.password = key_of(guess.name == name_of("admin") ? "wrong" : "secret");
      REQUIRE(guess.ask_challenge() == completion_code::ok);
      CHECK_FALSE(guess.activate().got);
      CHECK(r.last == errc::ok);
      CHECK(r.events.back().session.user == (guess.name == name_of("admin") ? user_id{2} : user_id::none));
      REQUIRE(guess.ask_challenge() == completion_code::ok);
      const auto next = guess.activate_datagram();
      CHECK(dropped(r, guess.from, next));
      CHECK(r.last == errc::rate_limited);
      client owner(r);
      CHECK(owner.login());  // from elsewhere nobody waits
      r.wait(1000);
      CHECK(guess.exchange(next).empty());
      CHECK(r.last == errc::ok);  // judged again
      CHECK(r.managed.counters().failed_logins == 2);
    }
  }
  rig r(v15_bmc());
  client c(r);
  c.password = key_of("wrong");
  CHECK_FALSE(c.login());
  r.wait(1000);
  c.password = key_of("secret");
  CHECK(c.login());
  CHECK(c.close());
  c.password = key_of("wrong");
  CHECK_FALSE(c.login());
  r.wait(1000);  // as after the first, for success came between
  REQUIRE(c.ask_challenge() == completion_code::ok);
  c.password = key_of("secret");
  CHECK(c.activate().got);
  rig_console<rig> v2(r);  // one book for both formats
  v2.password = key_of("wrong");
  REQUIRE(v2.prove());
  CHECK(v2.send_rakp3() == rakp_status::invalid_integrity_check_value);
  client waits(r);
  REQUIRE(waits.ask_challenge() == completion_code::ok);
  CHECK_FALSE(waits.activate().got);
  CHECK(r.last == errc::rate_limited);
}

TEST_CASE("where not all offenders fit strangers share the guesses, which a packet of another type does not use up",
          "[session][bmc][v15]") {
  using crowded_rig = v15_rig<bmc_backend, crowded>;
  crowded_rig r(v15_bmc());
  const auto activation_from = [&](std::uint32_t address, const char* password, packet_type type = {}) {
    v15_console<crowded_rig> c(r, auth_type::md5, test_peer{address, 1});
    REQUIRE(c.ask_challenge() == completion_code::ok);
    c.password = key_of(password);
    return c.sealed(encoded(c.request(net_fn::app, app::activate_session, encoded(c.activation()))), type.packet, 0,
                    c.given.temporary_id);
  };
  const auto outcome = [&](std::uint32_t address, const octets& datagram) {
    r.ask(test_peer{address, 1}, datagram);
    return r.last;
  };
  CHECK(outcome(1, activation_from(1, "wrong")) == errc::ok);
  CHECK(r.managed.counters().failed_logins == 1);
  CHECK(outcome(2, activation_from(2, "secret", {auth_type::straight_password})) == errc::bad_auth_type);
  const auto right = activation_from(3, "secret");
  CHECK(outcome(2, activation_from(2, "wrong")) == errc::ok);
  CHECK(outcome(3, right) == errc::rate_limited);
  r.wait(250);
  CHECK(outcome(3, right) == errc::ok);
  CHECK(r.managed.active_sessions() == 1);
}

TEST_CASE("what changes between challenge and activation counts", "[session][bmc][v15]") {
  rig r(v15_bmc());
  client c(r);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  r.setup().users.entries[0].record.secret = key_of("new");
  r.managed.user_changed(user_id{2}, r.now);
  c.password = key_of("new");
  CHECK(c.activate().code == completion_code::ok);
  r.managed.user_changed(user_id{2}, r.now);
  CHECK(r.managed.active_sessions() == 0);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  r.setup().users.entries[0].record.enabled = false;
  CHECK_FALSE(c.activate().got);
}

TEST_CASE("no slot for anybody, for the user, or for users of that level", "[session][bmc][v15]") {
  const auto login = [](rig& r, const char* name, const char* password, std::uint16_t port) {
    client c(r, auth_type::md5, {0x7f000005, port});
    c.name = name_of(name);
    c.password = key_of(password);
    c.level = privilege::user;
    REQUIRE(c.ask_challenge() == completion_code::ok);
    return c.activate().code;
  };
  rig r(v15_bmc());  // four slots, the last for administrators
  for (std::uint16_t port = 1; port <= 3; ++port) CHECK(login(r, "operator", "operpw", port) == completion_code::ok);
  CHECK(login(r, "operator", "operpw", 4) == code_of(activation::no_slot_for_level));
  CHECK(login(r, "admin", "secret", 5) == completion_code::ok);
  CHECK(login(r, "admin", "secret", 6) == code_of(activation::no_slot));
  CHECK(r.events.back().error == errc::no_slot);
  CHECK(r.managed.opened_logins() == 0);
  r.wait(3001);  // those who never spoke give way
  CHECK(login(r, "admin", "secret", 7) == completion_code::ok);
  CHECK(r.managed.counters().evicted == 1);

  rig own(v15_bmc());
  own.setup().users.entries[1].record.sessions = 1;
  CHECK(login(own, "operator", "operpw", 1) == completion_code::ok);
  CHECK(login(own, "operator", "operpw", 2) == code_of(activation::no_slot_for_user));
}

TEST_CASE("the Activate Session that made the session is answered again until its first packet",
          "[session][bmc][v15][N-V15-11]") {
  for (const bool bare : {false, true}) {
    for (const auto type : {auth_type::none, auth_type::md5, auth_type::straight_password}) {
      CAPTURE(bare, static_cast<int>(type));
      auto o = v15_bmc();
      o.v15.message_authentication_off = bare;
      rig r(o);
      client c(r, type);
      c.first_to_console = 0xffffffff;  // then 1
      REQUIRE(c.ask_challenge() == completion_code::ok);
      const auto asked = c.activate_datagram();
      const auto answer = c.exchange(asked);
      CHECK(c.take_activated(answer).code == completion_code::ok);
      CHECK(c.activated.type == (bare ? auth_type::none : type));
      for (int i = 0; i < 3; ++i) CHECK(c.exchange(asked) == answer);
      CHECK(r.managed.active_sessions() == 1);
      CHECK(r.managed.counters().logins == 1);
      CHECK(r.events.size() == 1);
      CHECK(dropped(r, elsewhere, asked));
      CHECK(r.last == errc::wrong_peer);
      auto other = asked;  // other data
      other[other.size() - 2] ^= 1;
      other[other.size() - 1] =
          static_cast<std::uint8_t>(other[other.size() - 1] + (asked[asked.size() - 2] - other[other.size() - 2]));
      c.reseal(other);
      CHECK(dropped(r, c.from, other));
      CHECK(r.last == errc::unexpected_message);
      if (type != auth_type::none) {
        auto wrong = asked;
        wrong[13] ^= 1;
        CHECK(r.ask(c.from, wrong).empty());  // a guess, and counted as one
        CHECK(r.last == errc::ok);
      }
      const auto first = c.chassis(1, {1});
      CHECK(first.code == completion_code::ok);
      CHECK(first.sequence == 1);
      CHECK(dropped(r, c.from, asked));
      CHECK(r.last == errc::unexpected_message);
      CHECK(c.chassis(1, {2}).sequence == 2);
    }
  }
}

TEST_CASE("a backend or an entropy source that fails leaves the login as it was", "[session][bmc][v15]") {
  for (std::uint64_t n = 1; n <= 2; ++n) {  // the code looked at, the code made
    rig r(v15_bmc());
    client c(r);
    REQUIRE(c.ask_challenge() == completion_code::ok);
    const auto asked = c.activate_datagram();
    r.setup().crypto.fail_operation(n);
    CHECK(c.exchange(asked).empty());
    CHECK(r.last == errc::crypto_failure);
    CHECK(r.tables() == std::array<std::size_t, 3>{0, 1, 0});
    CHECK(r.events.empty());
    CHECK(c.take_activated(c.exchange(asked)).code == completion_code::ok);
  }
  rig r(v15_bmc());
  client c(r);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  r.setup().random.fail_after = 0;
  const auto asked = c.activate_datagram();
  CHECK(c.exchange(asked).empty());
  CHECK(r.last == errc::entropy_failure);
  CHECK(r.managed.opened_logins() == 1);
  r.setup().random.fail_after = ~std::uint64_t{0};
  CHECK(c.take_activated(c.exchange(asked)).code == completion_code::ok);
}

TEST_CASE("half-open logins of one format are not found by the other's messages", "[session][bmc][v15][N-V15-05]") {
  rig r(v15_bmc());
  client c(r);
  rig_console<rig> v2(r);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  REQUIRE(v2.open() == rakp_status::no_errors);
  CHECK(r.managed.opened_logins() == 2);
  // RAKP 1 and RAKP 3 with the challenge's id, Activate Session with the open session's.
  const session_id opened = v2.opened.managed_id;
  v2.transcript.managed_id = c.given.temporary_id;
  CHECK(refused_as_unknown(r.ask(v2.from, v2.rakp1_datagram())));
  CHECK(refused_as_unknown(r.ask(v2.from, v2.rakp3_datagram({}))));
  for (const auto type : {auth_type::none, auth_type::md5, auth_type::straight_password})
    CHECK(dropped(
        r, c.from,
        c.sealed(encoded(c.request(net_fn::app, app::activate_session, encoded(c.activation()))), type, 0, opened)));
  CHECK(r.managed.opened_logins() == 2);
  v2.transcript.managed_id = opened;
  CHECK(v2.send_rakp1() == rakp_status::no_errors);
  CHECK(c.activate().code == completion_code::ok);
  CHECK(v2.send_rakp3() == rakp_status::no_errors);
  CHECK(r.managed.active_sessions() == 2);
}

TEST_CASE("types that are not in force log nobody in", "[session][bmc][v15]") {
  v15_rig<bmc_backend, guarded> r(v15_bmc());
  v15_console<v15_rig<bmc_backend, guarded>> none(r, auth_type::none);
  CHECK(none.ask_challenge() == completion_code::invalid_field);
  v15_console<v15_rig<bmc_backend, guarded>> md5(r);
  CHECK(md5.login());

  rig off(v15_bmc({}));
  client c(off);
  CHECK(c.ask_challenge() == completion_code::invalid_field);
}
