// SPDX-License-Identifier: BSL-1.0
// Who may log in to a BMC: RAKP 1's fields, names, levels, keys, each refusal with its own code. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <string>
#include <tuple>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::to_hex;

using rig = bmc_rig<>;
using client = rig_console<rig>;
using status_code = rakp_status;

/// An address that nobody had before: wrong passwords slow down only the one they came from.
test_peer new_peer() {
  static std::uint32_t last = 0x0a000000;
  return {++last, 623};
}

/// The reply is the 8-byte error form: tag, status, zeros, SIDm.
void check_refusal(const octets& reply, payload_type type, std::uint8_t tag, status_code why, session_id console_id) {
  REQUIRE(reply.size() == payload_v2 + 8);
  CHECK(reply[5] == static_cast<std::uint8_t>(type));
  octets expected{tag, static_cast<std::uint8_t>(why), 0, 0};
  const auto id = id_bytes(console_id);
  expected.insert(expected.end(), id.begin(), id.end());
  CHECK(to_hex(payload_of(reply)) == to_hex(expected));
}

}  // namespace

TEST_CASE("a login restarted with the same tag and SIDm is fresh and succeeds", "[session][bmc][N-RK-07]") {
  rig r;
  client c(r);
  REQUIRE(c.prove());
  const auto abandoned = c.managed_id();
  const auto old_random = c.transcript.managed_random;
  c.console_random[0] ^= 0xff;  // ipmitool's restart draws a new Rm
  REQUIRE(c.login());
  CHECK(c.managed_id() != abandoned);
  CHECK(c.transcript.managed_random != old_random);
  CHECK(r.managed.proven_logins() == 1);  // the abandoned one
  CHECK(c.chassis(1).got);
  // Even while the session lives: a restart takes nothing from it.
  client again(r);
  REQUIRE(again.login());
  CHECK(c.chassis(2).got);
  CHECK(again.chassis(3).got);
  CHECK(r.managed.active_sessions() == 2);
}

TEST_CASE("bytes behind setup messages, which have no trailer, change nothing", "[session][bmc][N-V2-25]") {
  for (std::size_t surplus = 1; surplus <= 8; ++surplus) {
    for (const int with : {0x00, 0x07, 0xff}) {
      CAPTURE(surplus, with);
      rig r;
      const auto extend = [&](const test_peer& sender, bytes d) {
        auto longer = to_octets(d);
        longer.insert(longer.end(), look(longer)->id == session_id::none ? surplus : 0,
                      static_cast<std::uint8_t>(with));
        return r.ask(sender, longer);
      };
      crafted_console<peer_backend_t<rig::backend_type>> c(extend, 3, console_peer);
      REQUIRE(c.login());
      CHECK(c.chassis(1).got);
    }
  }
}

TEST_CASE("RAKP 1 that is malformed", "[session][bmc][N-RK-01][N-RK-02]") {
  rig r;
  client c(r);
  const auto payload = [&] { return to_octets(payload_of(c.rakp1_datagram())); };
  const auto send = [&](bytes p) { return r.ask(console_peer, sessionless(payload_type::rakp1, p)); };
  REQUIRE(c.open() == status_code::no_errors);
  for (std::size_t n = 1; n < 28; ++n) {
    CAPTURE(n);
    CHECK(send(bytes(payload()).first(n)).empty());
    CHECK(is_drop(r.last));
    CHECK(r.managed.opened_logins() == 1);
  }
  for (int length = 0; length < 256; ++length) {
    CAPTURE(length);
    REQUIRE(c.open() == status_code::no_errors);
    auto p = payload();
    p[27] = static_cast<std::uint8_t>(length);
    if (length == 5) continue;
    check_refusal(send(p), payload_type::rakp2, c.tag, status_code::invalid_name_length, c.console_id);
    CHECK(r.managed.opened_logins() == 0);
    CHECK(r.managed.proven_logins() == 0);
  }
  for (std::size_t total = 29; total < 50; ++total) {  // bytes behind the name: to 44 it is padding
    CAPTURE(total);
    REQUIRE(c.open() == status_code::no_errors);
    auto p = payload();
    p.resize(total);
    const auto reply = send(p);
    if (total == 33 || total == 44) {
      CHECK(c.take_rakp2(reply) == status_code::no_errors);
      CHECK(c.rakp2_verifies());
      r.wait(5000);
    } else {
      check_refusal(reply, payload_type::rakp2, c.tag, status_code::invalid_name_length, c.console_id);
    }
  }
}

TEST_CASE("names are counted strings of any bytes", "[session][bmc][N-RK-03]") {
  rig r;
  const std::string_view odd("a\0d\xff", 4);
  const std::string_view full("0123456789abcdef");
  auto& users = r.setup().users.entries;
  users.push_back({name_of(odd), {user_id{9}, privilege::administrator, true, key_of("odd")}});
  users.push_back({name_of(full), {user_id{10}, privilege::administrator, true, key_of("full")}});
  for (const auto& [name, password, works] : {std::tuple{odd, "odd", true},
                                              {full, "full", true},
                                              {std::string_view("a"), "odd", false},
                                              {std::string_view("admin\0", 6), "secret", false},
                                              {std::string_view("Admin"), "secret", false},
                                              {full.substr(0, 15), "full", false}}) {
    client c(r);
    c.name = name_of(name);
    c.password = key_of(password);
    CHECK(c.login() == works);
    r.wait(5000);
  }
}

TEST_CASE("the role byte: levels 1 to 5, and hashed as it came", "[session][bmc][N-RK-04]") {
  rig r;
  for (int value = 0; value < 256; ++value) {
    CAPTURE(value);
    client c(r, 3, new_peer());
    c.role = {static_cast<std::uint8_t>(value)};
    REQUIRE(c.open() == status_code::no_errors);
    const int level = value & 15;
    const auto reply = r.ask(c.from, c.rakp1_datagram());
    if (level < 1 || level > 5) {
      check_refusal(reply, payload_type::rakp2, c.tag, status_code::invalid_role, c.console_id);
      CHECK(r.managed.opened_logins() == 0);
      continue;
    }
    CHECK(c.take_rakp2(reply) == status_code::no_errors);
    const bool found = c.role.name_only() || level == 4;
    CHECK(c.rakp2_verifies() == found);
    const auto fourth = c.send_rakp3();
    CHECK(fourth == (!found      ? status_code::invalid_integrity_check_value
                     : level > 4 ? status_code::unauthorized_role_or_privilege
                                 : status_code::no_errors));
    if (fourth != status_code::no_errors) continue;
    REQUIRE(c.begin_session());
    CHECK(c.close());
  }
  CHECK(r.managed.active_sessions() == 0);
}

TEST_CASE("name alone finds the first of that name; name and level the one with that limit", "[session][bmc]") {
  rig r;
  auto& users = r.setup().users.entries;
  users.push_back({name_of("two"), {user_id{20}, privilege::user, true, key_of("first")}});
  users.push_back({name_of("two"), {user_id{21}, privilege::operator_, true, key_of("second")}});
  users.push_back({name_of(""), {user_id{22}, privilege::operator_, true, key_of("nobody")}});
  struct row {
    const char* name;
    privilege level;
    bool name_only;
    const char* password;
    status_code fourth;
    int id;
  };
  constexpr auto wrong = status_code::invalid_integrity_check_value;
  for (const auto& row :
       {row{"two", privilege::user, true, "first", status_code::no_errors, 20},
        row{"two", privilege::operator_, false, "second", status_code::no_errors, 21},
        row{"two", privilege::user, false, "first", status_code::no_errors, 20},
        row{"two", privilege::user, false, "second", wrong, 0},
        row{"two", privilege::administrator, false, "second", wrong, 0},
        row{"two", privilege::callback, true, "first", status_code::no_errors, 20},
        row{"two", privilege::operator_, true, "first", status_code::unauthorized_role_or_privilege, 0},
        row{"", privilege::operator_, false, "nobody", status_code::no_errors, 22}}) {
    client c(r, 3, new_peer());
    CAPTURE(row.name, int(row.level), row.name_only);
    c.name = name_of(row.name);
    c.password = key_of(row.password);
    c.role = role_byte::of(row.level, row.name_only);
    REQUIRE(c.prove());
    CHECK(c.send_rakp3() == row.fourth);
    if (row.fourth != status_code::no_errors) continue;
    REQUIRE(c.begin_session());
    const auto& login = r.events.back();
    CHECK(login.type == rig::kind::login);
    CHECK(login.session.user == user_id{static_cast<std::uint8_t>(row.id)});
    CHECK(login.session.limit == row.level);
    CHECK(login.session.name == c.name);
    CHECK(login.peer == c.from);
    CHECK(c.close());
  }
}

TEST_CASE("a level above the channel's or the Open Session's limit is refused in RAKP 4", "[session][bmc]") {
  auto o = default_bmc();
  o.channel_limit = privilege::operator_;
  rig r(o);
  for (const auto& [asked, level] : {std::pair{privilege::highest, privilege::administrator},
                                     {privilege::administrator, privilege::administrator},
                                     {privilege::user, privilege::operator_}}) {
    client c(r);
    c.asked = asked;
    c.role = role_byte::of(level, true);
    REQUIRE(c.prove());
    check_refusal(r.ask(console_peer, c.rakp3_datagram()), payload_type::rakp4, c.tag,
                  status_code::unauthorized_role_or_privilege, c.console_id);
    CHECK(r.events.back().type == rig::kind::login_failed);
    CHECK(r.events.back().error == errc::refused_privilege);
    CHECK(r.events.back().session.name == c.name);
    // The wrong password is what counts first.
    client guess(r, 3, new_peer());
    guess.asked = asked;
    guess.role = c.role;
    guess.password = key_of("wrong");
    REQUIRE(guess.prove());
    CHECK(guess.send_rakp3() == status_code::invalid_integrity_check_value);
  }
  CHECK(r.managed.counters().logins == 0);
  CHECK(r.managed.counters().failed_logins == 6);
}

TEST_CASE("K_g is the SIK's key wherever its bytes lie, and all zero means none", "[session][bmc][N-RK-22]") {
  for (const std::size_t at : {0u, 1u, 10u, 19u, 99u}) {
    octets kg(20);
    if (at < kg.size()) kg[at] = 0x80;
    rig r;
    r.setup().users.kg_value = *user_key::from(kg);
    client c(r, 17);
    c.kg = *user_key::from(kg);
    CHECK(c.login());
    CHECK(c.chassis(1).got);
    client without(r, 17);
    CHECK(without.login() == (at == 99));
  }
}

TEST_CASE("passwords of 16 and 20 bytes are used whole in every suite", "[session][bmc][N-RK-23]") {
  const std::string_view twenty = "0123456789abcdefghij";
  for (const auto id : {1, 3, 6, 8, 11, 12, 15, 17}) {
    for (std::size_t n = 16; n <= 20; ++n) {
      rig r;
      r.setup().users.entries[0].record.secret = key_of(twenty.substr(0, n));
      client c(r, static_cast<std::uint8_t>(id));
      c.password = key_of(twenty.substr(0, n));
      CHECK((c.login() && c.chassis(1).got));
      client cut(r, static_cast<std::uint8_t>(id));
      cut.password = key_of(twenty.substr(0, n - 1));
      REQUIRE(cut.prove());
      CHECK_FALSE(cut.rakp2_verifies());
      CHECK(cut.send_rakp3() == status_code::invalid_integrity_check_value);
    }
  }
}
