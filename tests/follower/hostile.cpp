// SPDX-License-Identifier: BSL-1.0
// Spoofed, broken and truncated datagrams between those of a real session: they are judged, and the session is
// followed as if they had not been there.
#include "support/catch.hpp"
#include "support/followed.hpp"

#include <functional>
#include <random>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::crypto;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using testing::encoded;
using testing::octets;
using testing::sessionless;
using testing::value_of;

constexpr auto to_bmc = rmcpp::direction::to_bmc;
constexpr auto to_console = rmcpp::direction::to_console;
constexpr std::size_t setup_size = 6;
constexpr std::array<std::uint8_t, 8> with_integrity{2, 3, 7, 8, 11, 12, 16, 17};

/// What somebody without a key can send into a conversation that he sees.
struct attack {
  const char* name;
  std::function<void(scene&, tape&)> forge;
};

open_session_response response_of(const scene& s, std::uint32_t managed_id, std::uint8_t suite) {
  const auto& algorithms = standard_suites[suite];
  return {.tag = s.con.tag,
          .max_privilege = privilege::administrator,
          .console_id = s.con.console_id,
          .managed_id = session_id{managed_id},
          .authentication = authentication_payload::of(algorithms.authentication),
          .integrity = integrity_payload::of(algorithms.integrity),
          .confidentiality = confidentiality_payload::of(algorithms.confidentiality)};
}
octets unprotected(scene& s, bytes message, std::uint32_t sequence) {
  return s.con.sealed(message, payload_byte::of(payload_type::ipmi), sequence, s.con.managed_id());
}

const std::vector<attack>& attacks() {
  static const std::vector<attack> all{
      {"unauthenticated requests, far ahead",
       [](scene& s, tape& t) {
         for (std::uint32_t n = 1; n < 40; ++n)
           t.push_back({to_bmc, unprotected(s, encoded(s.con.request(net_fn::app, 1)), 1000 * n)});
       }},
      {"an unauthenticated goodbye and its answer",
       [](scene& s, tape& t) {
         octets id(4);
         store_le32(id.data(), to_integer(s.con.transcript.managed_id));
         const auto rq = s.con.request(net_fn::app, app::close_session, id);
         t.push_back({to_bmc, unprotected(s, encoded(rq), 2)});
         auto rs = unprotected(s, encoded(respond(rq, completion_code::ok)), 2);
         testing::override_field<session_header_v2>(rs, "id", s.con.console_id);
         t.push_back({to_console, rs});
       }},
      {"packets with a bad code, far ahead",
       [](scene& s, tape& t) {
         for (std::uint32_t n = 1; n < 40; ++n) {
           auto d = s.numbered(1000 * n);
           d.back() ^= 1;
           t.push_back({to_bmc, d});
         }
       }},
      {"packets with a short trailer",
       [](scene& s, tape& t) {
         auto d = s.numbered(5000);
         d.resize(d.size() - 3);
         t.push_back({to_bmc, d});
       }},
      {"Open Session Requests under the session's id",
       [](scene& s, tape& t) {
         auto rq = s.con.open_request();
         for (std::uint8_t n = 0; n < 20; ++n) {
           rq.tag = n;
           t.push_back({to_bmc, sessionless(payload_type::open_session_request, rq)});
         }
       }},
      {"Open Session Responses with ids of their own",
       [](scene& s, tape& t) {
         for (std::uint32_t n = 1; n <= 20; ++n)
           t.push_back({to_console, sessionless(payload_type::open_session_response, response_of(s, 0x7000 + n, 3))});
       }},
      {"Open Session Responses with the session's id and suite 0",
       [](scene& s, tape& t) {
         for (int n = 0; n < 5; ++n) {
           auto m = response_of(s, to_integer(s.con.transcript.managed_id), 0);
           t.push_back({to_console, sessionless(payload_type::open_session_response, m)});
         }
       }},
      {"RAKP 1 under the session's id",
       [](scene& s, tape& t) {
         for (std::uint8_t n = 0; n < 20; ++n) {
           rakp1 m{.tag = n, .managed_id = s.con.managed_id(), .console_random = {n, 2, 3}, .role = s.con.role};
           t.push_back({to_bmc, sessionless(payload_type::rakp1, m)});
         }
       }},
      {"RAKP 2 under the console's id",
       [](scene& s, tape& t) {
         for (std::uint8_t n = 0; n < 20; ++n) {
           rakp2 m{.tag = s.con.tag, .console_id = s.con.console_id, .managed_random = {n, 9}, .code = {}};
           m.code = *rakp_code::from(octets(20, n));
           t.push_back({to_console, sessionless(payload_type::rakp2, m)});
         }
       }},
      {"RAKP 3 under the session's id",
       [](scene& s, tape& t) {
         for (std::uint8_t n = 0; n < 20; ++n)
           t.push_back({to_bmc, s.con.rakp3_datagram(*rakp_code::from(octets(20, n)))});
       }},
      {"RAKP 4, right and wrong",
       [](scene& s, tape& t) {
         for (std::uint8_t n = 0; n < 20; ++n) {
           rakp4 m{.tag = n, .console_id = s.con.console_id, .code = *rakp_code::from(octets(12, n))};
           t.push_back({to_console, sessionless(payload_type::rakp4, m)});
           m.status = rakp_status::invalid_session_id;
           t.push_back({to_console, sessionless(payload_type::rakp4, m)});
         }
       }},
      {"whole logins under both of the session's ids",
       [](scene& s, tape& t) {
         for (std::uint8_t n = 0; n < 20; ++n) {
           t.push_back({to_bmc, sessionless(payload_type::open_session_request, s.con.open_request())});
           auto rs = response_of(s, to_integer(s.con.transcript.managed_id) + (n & 1), n % 3 == 0 ? 0 : 3);
           t.push_back({to_console, sessionless(payload_type::open_session_response, rs)});
           rakp1 first{.tag = n, .managed_id = s.con.managed_id(), .console_random = {n, 5, 6}, .role = s.con.role};
           t.push_back({to_bmc, sessionless(payload_type::rakp1, first)});
           rakp2 second{.tag = n, .console_id = s.con.console_id, .managed_random = {n, 7}, .code = {}};
           t.push_back({to_console, sessionless(payload_type::rakp2, second)});
           t.push_back({to_bmc, s.con.rakp3_datagram(rakp_code{})});
           t.push_back({to_console, sessionless(payload_type::rakp4, rakp4{.console_id = s.con.console_id})});
         }
       }},
      {"a v1.5 login with the session's id",
       [](scene& s, tape& t) {
         v15_session v{.type = auth_type::none, .id = s.con.managed_id()};
         for (const auto& h : v.login()) t.push_back(h);
         v.close(t, 0x200, 0x101);
       }},
      {"random bytes, and random bytes behind a session header",
       [](scene& s, tape& t) {
         std::mt19937 random(5);
         const auto head = s.numbered(77);
         for (int n = 0; n < 500; ++n) {
           octets d(random() % 100);
           for (auto& b : d) b = static_cast<std::uint8_t>(random());
           const std::size_t keep = std::min<std::size_t>(d.size(), random() % 17);
           for (std::size_t i = 0; i < keep; ++i) d[i] = head[i];
           t.push_back({n % 2 == 0 ? to_bmc : to_console, d});
         }
       }},
  };
  return all;
}

}  // namespace

TEST_CASE("an attack between the packets of a session changes nothing of it", "[session][follower][hostile]") {
  for (const auto suite : with_integrity) {
    for (const auto& a : attacks()) {
      CAPTURE(int{suite}, a.name);
      scene s(suite);
      s.con.login();
      s.con.set_privilege(privilege::administrator);
      listener<> l;
      l.play(s.said);
      tape forged;
      scene copy_of(suite);  // so that the real console's numbers go on
      copy_of.con.login();
      copy_of.con.sequence = {};
      a.forge(copy_of, forged);
      for (const auto& h : forged) {
        CHECK(l.hear(h).seen.auth != verdict::ok);
      }
      l.notes.clear();
      s.said.clear();
      s.con.app(app::get_device_id);
      s.con.close();
      l.play(s.said);
      CHECK(describe_findings(l.notes).empty());
      for (const auto& n : l.notes) {
        CHECK(n.seen.auth == verdict::ok);
        CHECK(n.seen.readable);
        CHECK(n.seen.session == 1);
      }
      REQUIRE(l.ear->subject());
      CHECK(l.ear->subject()->stage == followed_stage::closed);
    }
  }
}

TEST_CASE("a packet before the login is through begins no session", "[session][follower][hostile]") {
  for (std::size_t before = 2; before <= setup_size; ++before) {
    for (const bool authenticated : {false, true}) {
      CAPTURE(before, authenticated);
      scene s;
      s.con.login();
      tape t(s.said.begin(), s.said.begin() + static_cast<std::ptrdiff_t>(before));
      octets forged = authenticated ? s.numbered(70) : unprotected(s, encoded(s.con.request(net_fn::app, 1)), 70);
      forged.back() ^= 1;
      listener<> l;
      l.play(t);
      // Tried in vain more often than keys are looked for.
      for (int n = 0; n < 20; ++n) CHECK(l.hear(to_bmc, forged).seen.auth != verdict::ok);
      REQUIRE(l.ear->subject());
      CHECK((l.ear->subject()->stage == followed_stage::login) == (before < setup_size));
      l.notes.clear();
      s.said.erase(s.said.begin(), s.said.begin() + static_cast<std::ptrdiff_t>(before));
      s.con.sequence = {};
      s.con.set_privilege(privilege::administrator);
      l.play(s.said);
      CHECK(describe_findings(l.notes).empty());
      CHECK(l.notes.back().seen.auth == verdict::ok);
      CHECK(l.ear->sessions() == 1);
    }
  }
}

TEST_CASE("packets before a login has its keys do not use up the tries for them", "[session][follower][hostile]") {
  scene s;
  s.con.login();
  auto forged = s.numbered(70);
  forged.back() ^= 1;
  s.con.sequence = {};
  listener<> l;
  l.play({s.said.begin(), s.said.begin() + 3});
  for (int n = 0; n < 20; ++n) l.hear(to_bmc, forged);
  l.play({s.said.begin() + 3, s.said.begin() + 5});  // RAKP 4 is lost
  CHECK(l.hear(to_bmc, s.request()).seen.auth == verdict::ok);
}

TEST_CASE("a RAKP 2 of somebody else, before and behind the right one", "[session][follower][hostile]") {
  scene s;
  s.con.login();
  const auto forged = testing::edited<rakp2>(s.at(4), [](rakp2& m) { m.managed_random[3] ^= 1; });
  for (const std::ptrdiff_t at : {3, 4, 5}) {
    tape t = s.said;
    t.insert(t.begin() + at, {to_console, forged});
    s.con.sequence = {};
    t.push_back({to_bmc, s.request()});
    listener<> l;
    l.play(t);
    CHECK(describe_findings(l.notes) == std::to_string(at + 1) + ": bad_authcode 0/0\n");
    CHECK(l.notes.back().seen.auth == verdict::ok);
    CHECK(l.notes.back().seen.readable);
  }
}

TEST_CASE("a wrong RAKP 4 begins no session", "[session][follower][hostile]") {
  scene s;
  s.con.login();
  octets wrong = s.last();
  wrong.back() ^= 1;
  listener<> l;
  l.play({s.said.begin(), s.said.begin() + 5});
  l.hear(to_console, wrong);
  REQUIRE(l.ear->subject());
  CHECK(l.ear->subject()->stage == followed_stage::login);
  l.hear(to_console, s.last());
  CHECK(l.ear->subject()->stage == followed_stage::active);
}

TEST_CASE("nobody is accused of a RAKP 3 that somebody else sent", "[session][follower][hostile]") {
  scene s;
  s.con.login();
  const auto forged = s.con.rakp3_datagram(*rakp_code::from(octets(20, 7)));
  for (const std::size_t at : {std::size_t{4}, std::size_t{5}}) {
    tape t = s.said;
    t.insert(t.begin() + static_cast<std::ptrdiff_t>(at), {to_bmc, forged});
    listener<> l;
    l.play(t);
    CHECK(describe_findings(l.notes) == std::to_string(at + 1) + ": bad_authcode 0/0\n");
  }
  // It is that one which the BMC refuses.
  tape t(s.said.begin(), s.said.begin() + 5);
  t.push_back({to_bmc, forged});
  t.push_back({to_console, sessionless(payload_type::rakp4, rakp4{.tag = s.con.tag,
                                                                  .status = rakp_status::invalid_integrity_check_value,
                                                                  .console_id = s.con.console_id})});
  listener<> l;
  l.play(t);
  CHECK(describe_findings(l.notes) == "6: bad_authcode 0/0\n");
}

TEST_CASE("a RAKP 2 without a code proves no user", "[session][follower][hostile]") {
  scene s;
  s.con.login();
  const auto empty = testing::edited<rakp2>(s.at(4), [](rakp2& m) { m.code = {}; });
  s.said.insert(s.said.begin() + 3, {to_console, empty});
  listener<> l({anybody_with("other"), anybody_with("secret")});
  l.play(s.said);
  CHECK(l.notes.back().seen.auth == verdict::ok);
  CHECK(l.ear->subject()->user == 1);
}

TEST_CASE("every datagram cut at every length: nothing in it is right, and the session goes on",
          "[session][follower][hostile]") {
  for (const std::uint8_t suite : {std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{11}, std::uint8_t{17}}) {
    scene s(suite);
    s.whole_session();
    for (std::size_t i = 0; i < s.said.size(); ++i) {
      const auto& whole = s.said[i].data;
      for (std::size_t n = 0; n < whole.size(); ++n) {
        CAPTURE(int{suite}, i, n);
        listener<> l;
        l.play({s.said.begin(), s.said.begin() + static_cast<std::ptrdiff_t>(i)});
        const auto& o =
            l.hear(s.said[i].dir, octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))).seen;
        CHECK(o.auth != verdict::ok);
        CHECK_FALSE(o.findings.empty());
        l.notes.clear();
        l.play({s.said.begin() + static_cast<std::ptrdiff_t>(i), s.said.end()});
        CHECK(describe_findings(l.notes).empty());
        CHECK(l.notes.back().seen.auth == verdict::ok);
      }
    }
  }
}

TEST_CASE("every bit of every datagram flipped: no packet of the session is right, none behind it is wrong",
          "[session][follower][hostile]") {
  scene s;
  s.whole_session();
  for (std::size_t i = setup_size; i < s.said.size(); ++i) {
    const auto& whole = s.said[i].data;
    for (std::size_t bit = 8 * 4; bit < 8 * whole.size(); ++bit) {
      listener<> l;
      l.play({s.said.begin(), s.said.begin() + static_cast<std::ptrdiff_t>(i)});
      octets d = whole;
      d[bit / 8] = static_cast<std::uint8_t>(d[bit / 8] ^ (1u << (bit % 8)));
      const auto& o = l.hear(s.said[i].dir, d).seen;
      const bool honest = o.auth != verdict::ok && !o.findings.empty();
      l.notes.clear();
      l.play({s.said.begin() + static_cast<std::ptrdiff_t>(i), s.said.end()});
      const bool sound = describe_findings(l.notes).empty() && l.notes.back().seen.auth == verdict::ok;
      if (honest && sound) continue;
      CAPTURE(i, bit, describe_findings(l.notes));
      CHECK(honest);
      CHECK(sound);
    }
  }
}

namespace {

/// Signs nothing while it is broken.
struct breakable : console_backend {
  bool broken = false;
  status sign(mac_key& key, pieces data, mutable_bytes tag) noexcept {
    if (broken) return errc::crypto_failure;
    return console_backend::sign(key, data, tag);
  }
};
struct borrowing {
  using traits = follower_traits;
  breakable& crypto;
};

}  // namespace

TEST_CASE("keys that do not fit are not tried for ever", "[session][follower][hostile]") {
  scene s;
  s.con.login();
  breakable b;
  const std::vector<credential> users{anybody_with("wrong")};
  follower<borrowing> f(borrowing{b}, {users, {}});
  for (const auto& h : s.said) {
    octets d = h.data;
    (void)f.feed({1, h.dir}, d);
  }
  for (int n = 0; n < 100; ++n) {
    octets d = s.request();
    const auto before = b.calls.sign;
    (void)f.feed({1, to_bmc}, d);
    if (n >= 20) CHECK(b.calls.sign == before);
  }
}

TEST_CASE("a backend that fails accuses nobody", "[session][follower][hostile]") {
  scene s;
  s.whole_session();
  for (std::size_t from = 0; from < s.said.size(); ++from) {
    CAPTURE(from);
    breakable b;
    const std::vector<credential> users{anybody_with("secret")};
    follower<borrowing> f(borrowing{b}, {users, {}});
    for (std::size_t i = 0; i < s.said.size(); ++i) {
      b.broken = i == from;
      octets d = s.said[i].data;
      const auto o = f.feed({1, s.said[i].dir}, d);
      CHECK(o.auth != verdict::bad);
      CHECK_FALSE(o.findings.has(finding::bad_authcode));
      if (i == from) CHECK(o.auth != verdict::ok);
    }
  }
}

namespace {

octets open_request_of(scene& s, std::uint32_t console_id, std::uint8_t tag) {
  auto rq = s.con.open_request();
  rq.console_id = session_id{console_id};
  rq.tag = tag;
  return sessionless(payload_type::open_session_request, rq);
}
octets with_bad_code(octets datagram) {
  datagram.back() ^= 1;
  return datagram;
}
/// What a flood is made of: the n-th datagrams of it.
struct flood {
  const char* name;
  std::function<void(listener<>&, scene&, std::uint32_t)> wave;
};

const std::vector<flood>& floods() {
  static const std::vector<flood> all{
      {"Open Session Requests in other conversations",
       [](listener<>& l, scene& s, std::uint32_t n) {
         l.hear({to_bmc, open_request_of(s, 5, 1), 1000u + n});
       }},
      {"Open Session Requests in the same conversation",
       [](listener<>& l, scene& s, std::uint32_t n) { l.hear(to_bmc, open_request_of(s, 1000 + n, 1)); }},
      {"Open Session Requests under the session's own id",
       [](listener<>& l, scene& s, std::uint32_t n) {
         l.hear(to_bmc, open_request_of(s, to_integer(s.con.console_id), static_cast<std::uint8_t>(n)));
         l.hear(to_console, sessionless(payload_type::open_session_response, response_of(s, 0x7000 + n, 3)));
       }},
      {"RAKP 1 to ids that nobody gave",
       [](listener<>& l, scene&, std::uint32_t n) {
         l.hear(to_bmc, sessionless(payload_type::rakp1, rakp1{.managed_id = session_id{100 + n}}));
       }},
      {"answers to v1.5 challenges",
       [](listener<>& l, scene&, std::uint32_t n) {
         v15_session v{.type = auth_type::none, .id = session_id::none};
         octets challenged(20, 0x5c);
         store_le32(challenged.data(), 1000 + n);
         l.hear(to_console, v.packet(0, v.response(app::get_session_challenge, challenged)));
       }},
  };
  return all;
}

}  // namespace

TEST_CASE("a flood of logins pushes out no session that goes on verifying", "[session][follower][hostile]") {
  for (const auto& f : floods()) {
    for (const bool on_and_on : {false, true}) {
      CAPTURE(f.name, on_and_on);
      scene s(2);
      s.con.login();
      v15_session v;
      tape old = v.login();
      listener<> l;
      l.play(s.said);
      for (auto& h : old) {
        h.conversation = 2;
        l.hear(h);
      }
      for (std::uint32_t n = 0; n < 10'000; ++n) {
        f.wave(l, s, n);
        if (!on_and_on || n % 40 != 0) continue;
        const auto& seen = l.hear(to_bmc, s.request()).seen;
        if (seen.auth != verdict::ok || seen.session != 1) FAIL_CHECK("lost at " << n);
      }
      CHECK(l.ear->sessions() > 5'000);
      CHECK(l.hear(to_bmc, s.request()).seen.session == 1);
      CHECK(l.notes.back().seen.auth == verdict::ok);
      CHECK(l.notes.back().seen.findings.empty());
      CHECK(l.hear({to_bmc, v.packet(0x200, v.request(app::get_device_id)), 2}).seen.session == 2);
      CHECK(describe_findings({l.notes.back()}).empty());
    }
  }
}

namespace {

struct four : follower_traits {
  static constexpr std::size_t sessions = 4;
  static constexpr std::size_t conversations = 8;
};
/// Four sessions in as many conversations fill the table.
struct full_table {
  std::vector<std::unique_ptr<scene>> all{};
  listener<console_backend, four> l{};

  explicit full_table(std::uint8_t suite_of_first = 3) {
    for (std::uint8_t i = 0; i < 4; ++i) {
      auto& s = *all.emplace_back(std::make_unique<scene>(i == 0 ? suite_of_first : std::uint8_t{3}));
      s.con.console_random[1] = i;
      s.bmc.transcript.managed_random[1] = static_cast<std::uint8_t>(i ^ 0x80);
      s.con.login();
      for (auto& h : s.said) {
        h.conversation = i;
        l.hear(h);
      }
    }
  }
  std::uint32_t talk(std::uint64_t i) { return l.hear({to_bmc, all[i]->request(), i}).seen.session; }
  void spoof(std::uint64_t i) { l.hear({to_bmc, with_bad_code(all[i]->request()), i}); }
  void begin_login(std::uint32_t n) { l.hear({to_bmc, open_request_of(*all[0], 0x1000 + n, 1), 7}); }
};

}  // namespace

TEST_CASE("only what verifies keeps a session that has codes", "[session][follower][hostile]") {
  full_table t;
  CHECK(t.talk(0) == 1);
  for (const std::uint64_t i : {1u, 2u, 3u}) t.spoof(i);
  t.begin_login(1);
  t.begin_login(2);  // half of the table is for those who are not proven
  CHECK(t.talk(0) == 1);
  CHECK(t.talk(3) == 4);
  CHECK(t.talk(1) == 0);
  CHECK(t.talk(2) == 0);
}

TEST_CASE("a session without codes is kept by whatever is said in it", "[session][follower][hostile]") {
  full_table t(1);
  CHECK(t.talk(0) == 1);
  t.begin_login(1);
  CHECK(t.talk(0) == 1);
  t.begin_login(2);
  CHECK(t.talk(0) == 1);
  CHECK(t.talk(1) == 0);
  CHECK(t.talk(2) == 0);
}

TEST_CASE("a login that nothing has proven yet is kept by its own messages", "[session][follower][hostile]") {
  full_table t;
  scene s;
  s.con.console_id = session_id{0x4444};
  s.bmc.transcript.managed_id = session_id{0x5555};
  s.con.console_random[1] = 9;
  s.con.login();
  for (auto& h : s.said) h.conversation = 6;
  t.l.hear(s.said[0]);
  t.begin_login(1);
  t.l.hear(s.said[1]);
  t.begin_login(2);
  t.l.hear(s.said[2]);
  t.begin_login(3);
  for (std::size_t i = 3; i < s.said.size(); ++i) t.l.hear(s.said[i]);
  CHECK(t.l.notes.back().seen.auth == verdict::ok);
  CHECK(t.l.notes.back().seen.session == 5);
}

TEST_CASE("a flood of conversations leaves what is known of that of a proven session", "[session][follower][hostile]") {
  v15_session v;
  listener<> l;
  l.play(v.login("admin", true));
  scene s;
  for (std::uint32_t n = 0; n < 1'000; ++n) l.hear({to_bmc, open_request_of(s, 5, 1), 1000u + n});
  l.hear(to_bmc, v.packet(0x200, v.request(app::get_device_id), auth_type::none));
  CHECK(findings_of(l.notes.back().seen) == std::vector<found>{{finding::authentication_off}});
}

TEST_CASE("RAKP 1 and 2 of somebody else behind the right RAKP 2 do not hide it", "[session][follower][hostile]") {
  struct forgery {
    const char* name;
    std::function<octets(scene&, const octets& second, std::uint8_t n)> make;
    direction dir;
  };
  const forgery forgeries[] = {
      {"RAKP 1 with other random numbers",
       [](scene& s, const octets&, std::uint8_t n) {
         return sessionless(payload_type::rakp1, rakp1{.tag = s.con.tag,
                                                       .managed_id = s.con.managed_id(),
                                                       .console_random = {n, 77},
                                                       .role = s.con.role,
                                                       .name = s.con.name});
       },
       to_bmc},
      {"RAKP 2 with other random numbers",
       [](scene&, const octets& second, std::uint8_t n) {
         return testing::edited<rakp2>(second, [&](rakp2& m) { m.managed_random = {n, 78}; });
       },
       to_console},
      {"RAKP 2 with the right random number and other codes",
       [](scene&, const octets& second, std::uint8_t n) {
         auto d = second;
         d.back() = static_cast<std::uint8_t>(d.back() + 1 + n);
         return d;
       },
       to_console},
      {"RAKP 2 with the right random number and another GUID",
       [](scene&, const octets& second, std::uint8_t n) {
         return testing::edited<rakp2>(second, [&](rakp2& m) { m.managed_guid[3] = n; });
       },
       to_console},
  };
  for (const auto suite : with_integrity) {
    for (const auto& f : forgeries) {
      for (const bool repeated : {false, true}) {
        CAPTURE(int{suite}, f.name, repeated);
        scene s(suite);
        s.con.login();
        listener<> l;
        l.play({s.said.begin(), s.said.begin() + 4});
        const octets second = s.at(4);
        for (std::uint8_t n = 0; n < 10; ++n) {
          const auto& o = l.hear(f.dir, f.make(s, second, n)).seen;
          CHECK(o.session == 1);
          CHECK(o.auth == (f.dir == to_bmc ? verdict::none : verdict::bad));
        }
        if (repeated) CHECK(l.hear(to_console, second).seen.auth == verdict::ok);
        l.notes.clear();
        l.play({s.said.begin() + 4, s.said.end()});
        l.hear(to_bmc, s.request());
        CHECK(describe_findings(l.notes).empty());
        for (const auto& n : l.notes) CHECK(n.seen.auth == verdict::ok);
        CHECK(l.notes[0].seen.answers == (repeated ? 15 : 4));
      }
    }
  }
}

TEST_CASE("logins of somebody else under the console's id do not hide whose answers are whose",
          "[session][follower][hostile]") {
  for (const auto suite : with_integrity) {
    CAPTURE(int{suite});
    scene s(suite);
    s.con.login();
    listener<> l;
    const auto intrude = [&](std::uint8_t n) {
      const session_id id{0x77000000u + n};
      l.hear(to_console, testing::edited<open_session_response>(s.at(2), [&](auto& m) { m.managed_id = id; }));
      l.hear(to_bmc, testing::edited<rakp1>(s.at(3), [&](auto& m) {
               m.managed_id = id;
               m.console_random = {n, 79};
             }));
    };
    l.play({s.said.begin(), s.said.begin() + 3});
    for (std::uint8_t n = 0; n < 10; ++n) intrude(n);
    l.hear(s.said[3]);
    CHECK(l.notes.back().seen.auth == verdict::ok);
    CHECK(l.notes.back().seen.answers == 3);
    for (std::uint8_t n = 10; n < 20; ++n) intrude(n);
    l.hear(s.said[4]);
    l.hear(s.said[5]);
    l.hear(to_bmc, s.request());
    for (std::size_t i = l.notes.size() - 3; i < l.notes.size(); ++i) {
      CHECK(l.notes[i].seen.auth == verdict::ok);
      CHECK(l.notes[i].seen.session == 1);
    }
  }
}
