// SPDX-License-Identifier: BSL-1.0
// The follower over IPMI v1.5 sessions. All on null_backend, which has MD2: OpenSSL does not.
#include "support/catch.hpp"
#include "support/followed.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using testing::octets;

using session_with_md2 = v15_session_on<null_backend>;

constexpr auto to_bmc = rmcpp::direction::to_bmc;

constexpr auth_type all_types[] = {auth_type::none, auth_type::md2, auth_type::md5, auth_type::straight_password};
constexpr auth_type with_code[] = {auth_type::md2, auth_type::md5, auth_type::straight_password};

/// Login, three commands, Close Session: datagrams 1 to 6, 7 to 12, 13 and 14.
tape whole_session(session_with_md2& v, bool message_auth_off = false) {
  tape t = v.login("admin", message_auth_off);
  for (std::uint32_t i = 0; i < 3; ++i) v.ask(t, 0x200 + i, 0x101 + i);
  v.close(t, 0x203, 0x104);
  return t;
}

}  // namespace

TEST_CASE("a whole v1.5 session of each type has no findings", "[session][follower][v15]") {
  for (const auto type : all_types) {
    CAPTURE(static_cast<int>(type));
    session_with_md2 v{.type = type};
    listener<null_backend> l({user_with("root", "other"), user_with("admin", "secret")});
    l.play(whole_session(v));
    CHECK(describe_findings(l.notes).empty());
    for (std::size_t i = 0; i < l.notes.size(); ++i) {
      const auto& o = l.notes[i].seen;
      CAPTURE(i);
      CHECK(o.type == datagram_type::v15);
      CHECK(o.readable);
      CHECK(o.answers == (i % 2 == 1 ? i : 0));
      CHECK(o.session == (i < 3 ? 0 : 1));
      CHECK(describe(o.auth) == std::string(i >= 4 && type != auth_type::none ? "ok" : "none"));
    }
    CHECK(l.ear->subject()->user == (type == auth_type::none ? session_facts::not_given : 1));
    CHECK(l.ear->subject()->stage == followed_stage::closed);
  }
}

TEST_CASE("a user's name restricts the passwords that are tried", "[session][follower][v15]") {
  session_with_md2 v;
  const tape t = whole_session(v);
  listener<null_backend> l({user_with("root", "secret")});
  l.play(t);
  CHECK(describe_findings(l.notes).empty());
  for (std::size_t i = 4; i < l.notes.size(); ++i) CHECK(l.notes[i].seen.auth == verdict::unknown);
}

TEST_CASE("a wrong v1.5 password accuses of every code", "[session][follower][v15]") {
  for (const auto type : with_code) {
    CAPTURE(static_cast<int>(type));
    session_with_md2 v{.type = type};
    listener<null_backend> l({anybody_with("wrong"), user_with("admin", "wrong too")});
    l.play(whole_session(v));
    for (std::size_t i = 4; i < l.notes.size(); ++i) {
      CHECK(l.notes[i].seen.auth == verdict::bad);
      CHECK(findings_of(l.notes[i].seen).at(0) == found{finding::bad_authcode});
    }
  }
}

TEST_CASE("without a password nothing is said of v1.5 codes", "[session][follower][v15]") {
  for (const auto type : with_code) {
    session_with_md2 v{.type = type};
    const std::vector<credential> nobody_known{};
    listener<null_backend> l(nobody_known);
    l.play(whole_session(v));
    CHECK(describe_findings(l.notes).empty());
    CHECK(l.notes.back().seen.auth == verdict::unknown);
    CHECK(l.notes.back().seen.session == 1);
  }
}

TEST_CASE("a v1.5 session whose login was not seen is known by its first right code", "[session][follower][v15]") {
  for (const auto type : with_code) {
    for (std::size_t from = 6; from < 9; ++from) {
      CAPTURE(static_cast<int>(type), from);
      session_with_md2 v{.type = type};
      const tape t = whole_session(v);
      listener<null_backend> l({anybody_with("other"), anybody_with("secret")});
      l.play({t.begin() + static_cast<std::ptrdiff_t>(from), t.end()});
      CHECK(describe_findings(l.notes) == "1: unknown_session 0/0\n");
      for (const auto& n : l.notes) {
        CHECK(n.seen.auth == verdict::ok);
        CHECK(n.seen.session == 1);
      }
      CHECK(l.ear->subject()->user == 1);
    }
  }
}

TEST_CASE("a v1.5 session without codes, whose login was not seen, stays unknown", "[session][follower][v15]") {
  session_with_md2 v{.type = auth_type::none};
  const tape t = whole_session(v);
  listener<null_backend> l;
  l.play({t.begin() + 6, t.end()});
  for (const auto& n : l.notes) {
    CHECK(n.seen.readable);
    CHECK(findings_of(n.seen) == std::vector<found>{{finding::unknown_session}});
  }
  CHECK(l.ear->sessions() == 0);
}

TEST_CASE("per-message authentication is off: packets with and without code", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login("admin", true);
  t.push_back({to_bmc, v.packet(0x200, v.request(app::get_device_id), auth_type::none)});
  t.push_back({to_bmc, v.packet(0x201, v.request(app::get_device_id))});
  t.push_back({to_bmc, v.packet(0x202, v.request(app::get_device_id), auth_type::none)});
  listener<null_backend> l;
  l.play(t);
  CHECK(describe_findings(l.notes) == "7: authentication_off 0/0\n9: authentication_off 0/0\n");
  CHECK(l.notes[7].seen.auth == verdict::ok);
}

TEST_CASE("v1.5 sequence numbers: nine ahead, again, zero; and the off-by-one of ipmi_sim",
          "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login();
  v.ask(t, 0x200, 0x100);
  for (const std::uint32_t n : {0x209u, 0x209u, 0u, 0x1ffu}) t.push_back({to_bmc, v.packet(n, v.request(1))});
  listener<null_backend> l;
  l.play(t);
  CHECK(describe_findings(l.notes) ==
        "8: sequence_reused 256/257\n"
        "9: sequence_ahead 521/513\n"
        "10: sequence_reused 521/522\n"
        "11: sequence_zero 0/522\n"
        "12: sequence_behind 511/522\n");
}

TEST_CASE("a v1.5 packet with an unauthenticated or a bad code changes nothing", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login();
  v.ask(t, 0x200, 0x101);
  const auto good = t.size();
  t.push_back({to_bmc, v.packet(0x300, v.request(app::get_device_id), auth_type::none)});
  t.push_back({to_bmc, v.packet(0x300, v.request(app::get_device_id))});
  t.back().data[20] ^= 1;
  octets own(4);
  store_le32(own.data(), to_integer(v.id));
  t.push_back({to_bmc, v.packet(0x201, v.request(app::close_session, own), auth_type::none)});
  t.push_back({rmcpp::direction::to_console, v.packet(0x102, v.response(app::close_session), auth_type::none)});
  v.ask(t, 0x201, 0x102);
  listener<null_backend> l;
  l.play(t);
  CHECK(describe_findings({l.notes.begin(), l.notes.begin() + static_cast<std::ptrdiff_t>(good)}).empty());
  CHECK(describe_findings({l.notes.end() - 2, l.notes.end()}).empty());
  CHECK(l.ear->subject()->stage == followed_stage::active);
}

TEST_CASE("an RMCP+ session's id in a v1.5 packet, and the reverse", "[session][follower][v15]") {
  scene s;
  s.con.login();
  session_with_md2 v{.id = session_id{0x02001234}};
  s.say(to_bmc, v.packet(1, v.request(app::get_device_id), auth_type::none));
  listener<null_backend> l;
  l.play(s.said);
  CHECK(describe_findings(l.notes) == "7: unknown_session 0/0\n");

  session_with_md2 w;
  tape t = w.login();
  s.said.clear();
  s.bmc.transcript.managed_id = w.id;
  s.con.transcript.managed_id = w.id;
  t.push_back({to_bmc, s.con.sealed(octets{0x20, 0x18, 0xc8, 0x81, 4, 1, 0x7a}, 1)});
  listener<null_backend> m;
  m.play(t);
  CHECK(describe_findings(m.notes) == "7: unknown_session 0/0\n");
}

TEST_CASE("v1.5 garbage: types that do not exist, and every length", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login();
  v.ask(t, 0x200, 0x101);
  for (const unsigned type : {3u, 7u, 0x10u, 0xffu}) {
    CAPTURE(type);
    listener<null_backend> l;
    l.play(t);
    octets d = v.packet(0x201, v.request(1));
    d[4] = static_cast<std::uint8_t>(type);
    const auto& o = l.hear(to_bmc, d).seen;
    CHECK(o.error == errc::bad_auth_type);
    CHECK_FALSE(o.readable);
    CHECK(findings_of(o) == std::vector<found>{{finding::malformed, static_cast<std::uint32_t>(errc::bad_auth_type)}});
  }
  const octets whole = v.packet(0x201, v.request(1));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CAPTURE(n);
    listener<null_backend> l;
    l.play(t);
    const auto& o = l.hear(to_bmc, octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))).seen;
    CHECK(o.error != errc::ok);
    CHECK(o.auth != verdict::ok);
    const auto& next = l.hear(to_bmc, whole).seen;
    CHECK(next.auth == verdict::ok);
    CHECK(next.findings.empty());
  }
}

TEST_CASE("every v1.5 datagram twice, at once or later, begins nothing and is no stranger",
          "[session][follower][v15]") {
  for (const auto type : all_types) {
    for (const bool message_auth_off : {false, true}) {
      session_with_md2 v{.type = type};
      tape whole = whole_session(v, message_auth_off);
      whole.resize(whole.size() - 2);  // not over the end of the session
      for (std::size_t i = 0; i < whole.size(); ++i) {
        for (std::size_t delay = 1; i + delay <= whole.size() && delay <= 8; ++delay) {
          CAPTURE(static_cast<int>(type), message_auth_off, i, delay);
          tape t = whole;
          t.insert(t.begin() + static_cast<std::ptrdiff_t>(i + delay), whole[i]);
          listener<null_backend> l;
          l.play(t);
          CHECK(l.ear->sessions() == 1);
          CHECK(describe_findings(l.notes) ==
                (i < 6 ? "" : std::to_string(i + delay + 1) + ": repeated_datagram 0/0\n"));
          CHECK(l.notes[i + delay].seen.session == l.notes[i].seen.session);
          CHECK(l.notes[i + delay].seen.auth == l.notes[i].seen.auth);
          CHECK(l.ear->subject()->managed_id == v.id);
        }
      }
    }
  }
}

namespace {

/// The login of tape t with each of its messages said again under another request sequence, as FreeIPMI retries.
tape said_again(session_with_md2 v, const tape& t, std::size_t from) {
  tape retries;
  for (std::size_t i = from; i < t.size(); ++i) {
    const auto m = testing::value_of(decode_prefix<session_v15>(bytes(t[i].data).subspan(4))).message;
    octets message = testing::to_octets(m.payload);
    message[4] = static_cast<std::uint8_t>(message[4] ^ 0x80);
    message.back() = static_cast<std::uint8_t>(message.back() + 0x80);
    v.id = m.id;
    retries.push_back({t[i].dir, v.packet(m.sequence, message, m.type)});
  }
  return retries;
}

}  // namespace

TEST_CASE("v1.5 activation said again under other request numbers", "[session][follower][v15]") {
  for (const auto type : all_types) {
    for (const bool message_auth_off : {false, true}) {
      for (std::size_t from = 0; from < 6; from += 2) {
        for (const bool late : {false, true}) {
          if (late && from < 4) continue;
          CAPTURE(static_cast<int>(type), from, late);
          session_with_md2 v{.type = type};
          tape t = v.login("admin", message_auth_off);
          const tape retries = said_again(v, t, from);
          if (late) v.ask(t, 0x200, 0x101);
          const auto size = t.size();
          t.insert(t.end(), retries.begin(), retries.end());
          if (!late) v.ask(t, 0x200, 0x101);
          v.ask(t, 0x201, 0x102);
          listener<null_backend> l;
          l.play(t);
          // Challenged anew behind its activation, it is a new login.
          const std::uint32_t begun = from < 4 ? 2 : 1;
          CHECK(l.ear->sessions() == begun);
          CHECK(describe_findings(l.notes).empty());
          CHECK(l.notes[size].seen.auth == l.notes[from].seen.auth);
          CHECK(l.notes.back().seen.session == (late ? 1 : begun));
        }
      }
    }
  }
}

TEST_CASE("a challenge that is asked for twice before the activation begins one session", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login();
  const tape retries = said_again(v, t, 2);
  t.insert(t.begin() + 4, {retries[0], retries[1]});
  v.ask(t, 0x200, 0x101);
  listener<null_backend> l;
  l.play(t);
  CHECK(l.ear->sessions() == 1);
  CHECK(describe_findings(l.notes).empty());
}

TEST_CASE("a challenge that was asked for twice and answered again behind the activation", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login();
  const tape retries = said_again(v, t, 2);
  t.insert(t.begin() + 3, retries[0]);
  v.ask(t, 0x200, 0x101);
  t.push_back(retries[1]);
  v.ask(t, 0x201, 0x102);
  listener<null_backend> l;
  l.play(t);
  CHECK(l.ear->sessions() == 1);
  CHECK(describe_findings(l.notes).empty());
  CHECK(l.notes.back().seen.session == 1);
}

TEST_CASE("activated again the BMC may give another id and other numbers", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login();
  session_with_md2 again{.id = session_id{0x55667788}};
  const tape second = again.login();
  t.insert(t.end(), second.end() - 2, second.end());
  again.ask(t, 0x200, 0x101);
  listener<null_backend> l;
  l.play(t);
  CHECK(describe_findings(l.notes).empty());
  CHECK(l.ear->sessions() == 1);
  CHECK(l.ear->subject()->managed_id == again.id);
}

TEST_CASE("a later login with the same temporary id is another session", "[session][follower][v15]") {
  session_with_md2 first, second{.id = session_id{0x99887766}, .request_sequence = 20};
  tape t = first.login("admin");
  first.ask(t, 0x200, 0x101);
  for (const auto& h : second.login("root")) t.push_back(h);
  second.ask(t, 0x200, 0x101);
  first.ask(t, 0x201, 0x102);
  listener<null_backend> l({user_with("root", "secret"), user_with("admin", "secret")});
  l.play(t);
  CHECK(describe_findings(l.notes).empty());
  CHECK(l.ear->sessions() == 2);
  CHECK(l.notes[13].seen.session == 2);
  CHECK(l.ear->subject()->user == 1);
  for (std::size_t i = 12; i < t.size(); ++i) CHECK(l.notes[i].seen.auth == verdict::ok);
}

TEST_CASE("a challenge that came to nothing leaves the next one its user", "[session][follower][v15]") {
  session_with_md2 first, second{.request_sequence = 20};
  tape t = first.login("admin");
  t.resize(4);
  for (const auto& h : second.login("root")) t.push_back(h);
  listener<null_backend> l({user_with("root", "secret")});
  l.play(t);
  CHECK(describe_findings(l.notes).empty());
  CHECK(l.notes.back().seen.auth == verdict::ok);
}

TEST_CASE("under the temporary id nothing but activation belongs to an active session", "[session][follower][v15]") {
  session_with_md2 v;
  const tape t = v.login();
  const session_id own = v.id;
  v.id = session_id{0xaabb};
  const std::vector<credential> nobody{};
  for (const auto& users : {nobody, std::vector{anybody_with("secret")}}) {
    listener<null_backend> l(users);
    l.play(t);
    CHECK(findings_of(l.hear(to_bmc, v.packet(0x200, v.request(app::get_device_id))).seen) ==
          std::vector<found>{{finding::unknown_session}});
  }
  // Nor does an activation that nobody signed rename it.
  octets activated(10);
  activated[0] = 2;
  store_le32(activated.data() + 1, 0x666);
  listener<null_backend> l;
  l.play(t);
  l.hear(rmcpp::direction::to_console, v.packet(0x100, v.response(app::activate_session, activated), auth_type::none));
  REQUIRE(l.ear->subject());
  CHECK(l.ear->subject()->managed_id == own);
  CHECK(findings_of(l.notes.back().seen) == std::vector<found>{{finding::not_authenticated}});
}

TEST_CASE("a v1.5 user who is known is the only one whose password is tried", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login();
  v.ask(t, 0x200, 0x101);
  v.password = testing::key_of("other");
  v.ask(t, 0x201, 0x102);
  listener<null_backend> l({anybody_with("other"), anybody_with("secret")});
  l.play(t);
  CHECK(describe_findings(l.notes) == "9: bad_authcode 0/0\n10: bad_authcode 0/0\n");
  CHECK(l.ear->subject()->user == 1);
}

TEST_CASE("activation with a code, repeated in a session whose packets need none", "[session][follower][v15]") {
  session_with_md2 v;
  tape t = v.login("admin", true);
  const session_id own = v.id;
  octets activated(10);
  store_le32(activated.data() + 1, to_integer(own));
  store_le32(activated.data() + 5, 0x200);
  v.id = session_id{0xaabb};
  t.back().data = v.packet(0x100, v.response(app::activate_session, activated));
  t.push_back(t[4]);
  t.push_back(t[5]);
  v.id = own;
  t.push_back({to_bmc, v.packet(0x200, v.request(app::get_device_id), auth_type::none)});
  listener<null_backend> l;
  l.play(t);
  CHECK(describe_findings(l.notes).empty());
  for (const auto& n : l.notes) CHECK(n.seen.auth != verdict::bad);
  CHECK(l.notes.back().seen.session == 1);
}
