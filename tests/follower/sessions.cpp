// SPDX-License-Identifier: BSL-1.0
// The follower over incomplete, repeated, reordered and interleaved conversations: what is still verified and read,
// and that nobody is accused of the capture's faults.
#include <rmcpp/console/discovery.hpp>

#include "support/catch.hpp"
#include "support/followed.hpp"
#include "support/heap_counter.hpp"

#include <set>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using testing::edited;
using testing::encoded;
using testing::key_of;
using testing::name_of;
using testing::octets;
using testing::payload_of;
using testing::sessionless;
using testing::to_octets;
using testing::value_of;

constexpr auto to_bmc = rmcpp::direction::to_bmc;
constexpr auto to_console = rmcpp::direction::to_console;

constexpr std::array<std::uint8_t, 8> with_integrity{2, 3, 7, 8, 11, 12, 16, 17};
constexpr std::size_t setup_size = 6;
const std::vector<credential> nobody_known{};
const user_key second_key = key_of(std::string_view("\0two keys", 9));

/// A recorded session and its secrets.
struct recording {
  tape said{};
  given_keys sik{};
  given_keys derived{};  ///< K1 and K2 in its place

  explicit recording(std::uint8_t suite, const user_key& kg = {}) {
    scene s(suite);
    s.bmc.kg = s.con.kg = kg;
    s.whole_session();
    said = s.said;
    sik.suite = derived.suite = s.con.suite;
    sik.password = derived.password = s.con.password;
    sik.sik = s.con.integrity_key();
    derived.k1.size = derived.k2.size = sik.sik.size;
    if (sik.sik.size == 0) return;
    login_key<console_backend> from(s.con.crypto, s.con.suite.authentication, sik.sik.reveal());
    derived_keys keys;
    REQUIRE(from.derive(s.con.suite, keys));
    derived.k1.value = keys.k1;
    derived.k2.value = keys.k2;
  }
  [[nodiscard]] tape packets() const { return {said.begin() + setup_size, said.end()}; }
};

/// Every packet within the session is verified and read.
template <class Notes> bool all_read(const Notes& notes) {
  bool all = true;
  std::size_t packets = 0;
  for (const auto& n : notes) {
    if (n.seen.type != datagram_type::ipmi || n.seen.session == 0) continue;
    ++packets;
    all = all && n.seen.readable && n.seen.auth == verdict::ok && n.seen.error == errc::ok;
  }
  return all && packets > 0;
}
/// None is.
template <class Notes> bool none_verified(const Notes& notes) {
  for (const auto& n : notes)
    if (n.seen.type == datagram_type::ipmi && n.seen.auth == verdict::ok) return false;
  return true;
}

}  // namespace

TEST_CASE("given SIK, or K1 and K2, a session is read from its middle on", "[session][follower]") {
  for (const auto suite : with_integrity) {
    const recording r(suite);
    for (const bool derived : {false, true}) {
      for (const bool console_first : {false, true}) {
        CAPTURE(int{suite}, derived, console_first);
        listener<> l(nobody_known);
        REQUIRE(l.ear->know(derived ? r.derived : r.sik));
        tape t = r.packets();
        if (console_first) t.erase(t.begin());
        l.play(t);
        CHECK(all_read(l.notes));
        CHECK(l.ear->sessions() == 1);
        // In the middle: the answer of a request that was not seen is nobody's fault.
        CHECK(describe_findings(l.notes).empty());
      }
    }
  }
}

TEST_CASE("given keys serve a session whose login was seen but whose password is not known", "[session][follower]") {
  for (const auto suite : with_integrity) {
    CAPTURE(int{suite});
    const recording r(suite);
    listener<> l(nobody_known);
    REQUIRE(l.ear->know(r.derived));
    l.play(r.said);
    CHECK(all_read(l.notes));
    CHECK(l.ear->sessions() == 1);
    CHECK(describe_findings(l.notes).empty());
  }
}

TEST_CASE("given keys are found behind a login that has taken the session's id", "[session][follower]") {
  const recording r(3);
  listener<> l(nobody_known);
  REQUIRE(l.ear->know(r.sik));
  scene other;
  other.con.console_random[0] = 0x99;
  other.con.login();
  l.play(other.said);
  for (int i = 0; i < 20; ++i) {  // its keys are looked for, in vain, until that is given up
    l.hear(to_bmc, other.request());
    CHECK(l.notes.back().seen.auth == verdict::unknown);
  }
  l.notes.clear();
  l.play(r.packets());
  CHECK(all_read(l.notes));
}

TEST_CASE("wrong keys verify nothing and accuse nobody", "[session][follower]") {
  for (const auto suite : with_integrity) {
    CAPTURE(int{suite});
    recording r(suite);
    r.sik.sik.value = *secret<max_tag_size>::from(octets(max_tag_size, 0x11));
    r.sik.password = key_of("other");
    listener<> l(nobody_known);
    REQUIRE(l.ear->know(r.sik));
    l.play(r.packets());
    for (const auto& n : l.notes) {
      CHECK(n.seen.auth == verdict::unknown);
      CHECK(n.seen.readable == !n.seen.encrypted);
      CHECK(findings_of(n.seen) == std::vector<found>{{finding::unknown_session}});
    }
  }
}

TEST_CASE("a session without protection can be given too", "[session][follower]") {
  recording r(1);
  listener<> l(nobody_known);
  REQUIRE(l.ear->know(r.sik));
  l.play(r.packets());
  CHECK(describe_findings(l.notes).empty());
  CHECK(l.ear->sessions() == 1);
}

TEST_CASE("keys that cannot be are refused when they are given", "[session][follower]") {
  const recording r(3);
  listener<> l;
  auto wrong = r.sik;
  wrong.sik.size = 19;
  CHECK(l.ear->know(wrong).error() == errc::invalid_argument);
  wrong = r.derived;
  wrong.k1.size = 0;
  CHECK(l.ear->know(wrong).error() == errc::invalid_argument);
  wrong = r.derived;
  wrong.k2.size = 15;
  CHECK(l.ear->know(wrong).error() == errc::invalid_argument);
  wrong = r.sik;
  wrong.suite = standard_suites[4];
  CHECK(l.ear->know(wrong).error() == errc::unsupported_suite);
  for (std::size_t i = 0; i < follower_traits::given_keys; ++i) CHECK(l.ear->know(r.sik));
  CHECK(l.ear->know(r.sik).error() == errc::no_slot);
}

TEST_CASE("a login under K_g is read with K_g only", "[session][follower]") {
  for (const auto suite : with_integrity) {
    CAPTURE(int{suite});
    const recording r(suite, second_key);
    listener<> knows({anybody_with("secret")}, second_key);
    knows.play(r.said);
    CHECK(all_read(knows.notes));
    CHECK(describe_findings(knows.notes).empty());
    if (suite == 11 || suite == 12) continue;
    listener<> lacks;
    lacks.play(r.said);
    CHECK(none_verified(lacks.notes));
    CHECK(lacks.notes[3].seen.auth == verdict::ok);
    CHECK(lacks.notes[4].seen.auth == verdict::ok);
    CHECK(describe_findings(lacks.notes) == "6: bad_authcode 0/0\n");
  }
}

TEST_CASE("a wrong password accuses once of each code, and of no packet", "[session][follower]") {
  for (const auto suite : with_integrity) {
    CAPTURE(int{suite});
    const recording r(suite);
    listener<> l({anybody_with("wrong")});
    l.play(r.said);
    CHECK(none_verified(l.notes));
    CHECK(describe_findings(l.notes) == "4: bad_authcode 0/0\n5: bad_authcode 0/0\n6: bad_authcode 0/0\n");
    CHECK(l.notes.back().seen.session == 1);
    CHECK(l.notes.back().seen.auth == verdict::unknown);
  }
}

TEST_CASE("setup datagrams that were lost: what is needed are RAKP 1 and RAKP 2", "[session][follower]") {
  for (const auto suite : with_integrity) {
    const recording r(suite);
    for (std::size_t i = 1; i <= setup_size; ++i) {
      for (std::size_t j = i; j <= setup_size; ++j) {
        CAPTURE(int{suite}, i, j);
        const auto lost = [&](std::size_t n) { return n == i || n == j; };
        listener<> l;
        for (std::size_t n = 1; n <= r.said.size(); ++n)
          if (!lost(n)) l.hear(r.said[n - 1]);
        // Without both messages of Open Session, the packets tell the suite; 7 and 8 are tried, 11 and 12 are not.
        const bool suite_told = !lost(1) || !lost(2) || (suite != 11 && suite != 12);
        const bool readable = !lost(3) && !lost(4) && suite_told;
        CHECK((readable ? all_read(l.notes) : none_verified(l.notes)));
        // The BMC's id is in the Open Session Response and in RAKP 1.
        std::string expected;
        if (lost(2) && lost(3)) {
          for (const auto& n : l.notes)
            if (n.seen.dir == to_bmc && (n.seen.type == datagram_type::rakp3 || n.seen.type == datagram_type::ipmi))
              expected += std::to_string(n.seen.number) + ": unknown_session 0/0\n";
        }
        CHECK(describe_findings(l.notes) == expected);
      }
    }
  }
}

TEST_CASE("an Open Session Request answered twice: the login goes on under either id", "[session][follower]") {
  for (const auto suite : with_integrity) {
    const recording r(suite);
    for (const bool known : {true, false}) {
      for (std::size_t behind = 1; behind <= setup_size; ++behind) {
        CAPTURE(int{suite}, known, behind);
        tape t = r.said;
        const octets other =
            edited<open_session_response>(t[1].data, [](auto& m) { m.managed_id = session_id{0x0200abcd}; });
        t.insert(t.begin() + static_cast<std::ptrdiff_t>(behind), {to_console, other});
        listener<> l(known ? std::vector{anybody_with("secret")} : nobody_known);
        l.play(t);
        CHECK(describe_findings(l.notes).empty());
        CHECK(l.ear->sessions() == 2);
        CHECK((known ? all_read(l.notes) : none_verified(l.notes)));
        const auto& rakp1 = l.notes[behind <= 2 ? 3 : 2].seen;
        for (const auto& n : l.notes) {
          CAPTURE(n.seen.number);
          if (n.seen.number > rakp1.number && n.seen.number != behind + 1) CHECK(n.seen.session == rakp1.session);
          if (n.seen.type == datagram_type::rakp2) CHECK(n.seen.answers == rakp1.number);
          if (n.seen.type == datagram_type::rakp2 || n.seen.type == datagram_type::rakp4)
            CHECK(n.seen.auth == (known ? verdict::ok : verdict::unknown));
        }
      }
    }
  }
}

TEST_CASE("an answer that comes again after the login went on is of the login that has it", "[session][follower]") {
  const recording r(3);
  const octets other =
      edited<open_session_response>(r.said[1].data, [](auto& m) { m.managed_id = session_id{0x0200abcd}; });
  for (std::size_t again = 3; again <= 8; ++again) {
    CAPTURE(again);
    tape t = r.said;
    t.insert(t.begin() + static_cast<std::ptrdiff_t>(again), {to_console, r.said[1].data});
    t.insert(t.begin() + 2, {to_console, other});
    listener<> l;
    l.play(t);
    CHECK(all_read(l.notes));
    CHECK(describe_findings(l.notes).empty());
    CHECK(l.ear->sessions() == 2);
    CHECK(l.notes[again + 1].seen.session == 1);
  }
}

TEST_CASE("two logins under one console id at once: what verifies is right", "[session][follower]") {
  for (const auto suite : with_integrity) {
    if (suite == 11 || suite == 12) continue;  // MD5-128 is keyed by the password alone: either session verifies
    scene a(suite), b(suite);
    b.bmc.transcript.managed_id = session_id{0x0200abcd};
    b.bmc.transcript.managed_random[0] ^= 0xff;
    b.con.console_random[0] ^= 0xff;
    const auto &first = a.whole_session().said, &second = b.whole_session().said;
    for (const bool swapped : {false, true}) {
      CAPTURE(int{suite}, swapped);
      tape t{first[0]};
      for (std::size_t step = 1; step < setup_size; ++step) {
        t.push_back(first[step]);
        t.push_back(second[step]);
        if (swapped && step % 2 == 1) std::swap(t[t.size() - 1], t[t.size() - 2]);
      }
      t.insert(t.end(), first.begin() + setup_size, first.end() - 2);
      t.insert(t.end(), second.begin() + setup_size, second.end() - 2);
      listener<> l;
      l.play(t);
      CHECK(all_read(l.notes));
      CHECK(describe_findings(l.notes).empty());
      for (const auto& n : l.notes)
        if (n.seen.type >= datagram_type::rakp2 && n.seen.type <= datagram_type::rakp4)
          CHECK(n.seen.auth == verdict::ok);
    }
  }
}

TEST_CASE("a session packet that was lost is missed by nobody but the first number", "[session][follower]") {
  const recording r(3);
  for (std::size_t lost = setup_size; lost < r.said.size(); ++lost) {
    CAPTURE(lost);
    listener<> l;
    for (std::size_t n = 0; n < r.said.size(); ++n)
      if (n != lost) l.hear(r.said[n]);
    CHECK(all_read(l.notes));
    for (const auto& n : l.notes)
      for (const auto& f : n.seen.findings)
        CHECK((f == found{finding::first_sequence, 2, 1} || f.what == finding::unasked_response));
  }
}

TEST_CASE("every datagram twice, at once or later", "[session][follower]") {
  for (const std::uint8_t suite : {std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{11}}) {
    const recording r(suite);
    const std::size_t size = r.said.size() - 2;  // not over the end of the session
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t delay = 1; i + delay <= size && delay <= 6; ++delay) {
        CAPTURE(int{suite}, i, delay);
        tape t(r.said.begin(), r.said.begin() + static_cast<std::ptrdiff_t>(size));
        t.insert(t.begin() + static_cast<std::ptrdiff_t>(i + delay), t[i]);
        listener<> l;
        l.play(t);
        CHECK(all_read(l.notes));
        CHECK(l.ear->sessions() <= 2);
        CHECK(describe_findings(l.notes) ==
              (i < setup_size ? "" : std::to_string(i + delay + 1) + ": repeated_datagram 0/0\n"));
      }
    }
  }
}

TEST_CASE("neighbouring datagrams that changed places", "[session][follower]") {
  for (const std::uint8_t suite : {std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{12}}) {
    const recording r(suite);
    for (std::size_t i = 0; i + 1 < r.said.size(); ++i) {
      CAPTURE(int{suite}, i);
      tape t = r.said;
      std::swap(t[i], t[i + 1]);
      listener<> l;
      l.play(t);
      CHECK(all_read(l.notes));
      for (const auto& n : l.notes)
        for (const auto& f : n.seen.findings) {
          CAPTURE(info(f.what).name);
          // An answer before its question, and a goodbye before the last word.
          CHECK((f.what == finding::unasked_response || f.what == finding::after_close));
        }
    }
  }
}

TEST_CASE("retries with new tags: FreeIPMI", "[session][follower]") {
  scene s;
  s.con.open();
  s.con.tag = 2;
  s.con.open();
  s.con.tag = 3;
  s.con.send_rakp1();
  s.con.tag = 4;
  s.con.send_rakp1();
  s.con.tag = 5;
  s.con.send_rakp3();
  s.con.tag = 6;
  s.con.send_rakp3();
  REQUIRE(s.con.begin_session());
  s.con.set_privilege(privilege::administrator);
  listener<> l;
  l.play(s.said);
  CHECK(describe_findings(l.notes).empty());
  CHECK(all_read(l.notes));
  CHECK(l.ear->sessions() == 1);
  for (std::size_t i = 1; i < l.notes.size(); i += 2) CHECK(l.notes[i].seen.answers == i);
}

TEST_CASE("late answers to earlier tries", "[session][follower]") {
  scene s;
  s.con.open();
  const auto first_response = s.last();
  s.con.tag = 2;
  s.con.open();
  s.con.send_rakp1();
  const auto early = s.last();
  s.said.pop_back();
  s.con.tag = 3;
  s.con.send_rakp1();
  s.say(to_console, early);
  s.say(to_console, first_response);
  s.con.send_rakp3();
  REQUIRE(s.con.begin_session());
  s.con.set_privilege(privilege::administrator);
  listener<> l;
  l.play(s.said);
  CHECK(describe_findings(l.notes).empty());
  CHECK(all_read(l.notes));
}

TEST_CASE("a login begun again from Open Session with the same id and tag: ipmitool", "[session][follower]") {
  for (const bool answer_seen : {false, true}) {
    CAPTURE(answer_seen);
    scene s;
    s.con.tag = 0;
    s.con.open();
    s.con.send_rakp1();
    if (!answer_seen) s.said.pop_back();
    for (std::uint8_t again = 1; again <= 3; ++again) {
      s.bmc.transcript.managed_id = session_id{to_integer(s.bmc.transcript.managed_id) + again};
      s.bmc.transcript.managed_random[0] = static_cast<std::uint8_t>(0x80 + again);
      s.con.console_random[0] = again;
      s.con.open();
      s.con.send_rakp1();
    }
    s.con.send_rakp3();
    REQUIRE(s.con.begin_session());
    s.con.set_privilege(privilege::administrator);
    listener<> l;
    l.play(s.said);
    CHECK(describe_findings(l.notes).empty());
    CHECK(all_read(l.notes));
    CHECK(l.ear->sessions() == 4);
    CHECK(l.notes.back().seen.session == 4);
  }
}

TEST_CASE("fifty sessions with the same ids, each between other addresses", "[session][follower]") {
  std::vector<tape> all;
  for (std::uint8_t i = 0; i < 50; ++i) {
    scene s(with_integrity[i % with_integrity.size()]);
    s.con.console_random[1] = i;
    s.bmc.transcript.managed_random[1] = static_cast<std::uint8_t>(i ^ 0x80);
    s.whole_session();
    all.push_back(s.said);
    for (auto& h : all.back()) h.conversation = 1000u + i;
  }
  listener<> l;
  for (std::size_t n = 0; n < 12; ++n)
    for (const auto& t : all) {
      const auto& seen = l.hear(t[n]).seen;
      CHECK(seen.session == t[n].conversation - 999);
      if (n % 2 == 1) CHECK(seen.answers == seen.number - 50);
    }
  CHECK(describe_findings(l.notes).empty());
  CHECK(all_read(l.notes));
  CHECK(l.ear->forgotten() == 0);
}

TEST_CASE("sessions that follow each other with the same ids", "[session][follower]") {
  for (const std::uint8_t first : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{3}, std::uint8_t{17}}) {
    for (const std::uint8_t second : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{3}, std::uint8_t{12}}) {
      for (const bool closed : {false, true}) {
        CAPTURE(int{first}, int{second}, closed);
        scene a(first), b(second);
        b.con.console_random[0] = 0x77;
        b.bmc.transcript.managed_random[0] = 0x78;
        a.whole_session();
        b.whole_session();
        if (!closed) a.said.resize(a.said.size() - 2);
        listener<> l;
        l.play(a.said);
        const auto before = l.notes.size();
        l.play(b.said);
        std::string expected;
        if (first == 0) expected += "2: no_authentication 0/0\n";
        if (second == 0) expected += std::to_string(before + 2) + ": no_authentication 0/0\n";
        CHECK(describe_findings(l.notes) == expected);
        for (std::size_t i = before; i < l.notes.size(); ++i) CHECK(l.notes[i].seen.session == 2);
        for (const auto& n : l.notes) CHECK(n.seen.readable);
        CHECK(l.notes.back().seen.auth == (second > 1 ? verdict::ok : verdict::none));
      }
    }
  }
}

namespace {

struct few : follower_traits {
  static constexpr std::size_t sessions = 4;
  static constexpr std::size_t conversations = 4;
};
struct lone : follower_traits {
  static constexpr std::size_t sessions = 1;
  static constexpr std::size_t conversations = 1;
};

}  // namespace

TEST_CASE("of more sessions than there is room for, the one heard longest ago is forgotten", "[session][follower]") {
  std::vector<tape> all;
  for (std::uint8_t i = 0; i < 10; ++i) {
    scene s;
    s.con.console_random[1] = i;
    s.bmc.transcript.managed_random[1] = static_cast<std::uint8_t>(i ^ 0x80);
    s.con.login();
    for (int n = 0; n < 4; ++n) s.say(to_bmc, s.request());
    all.push_back(s.said);
    for (auto& h : all.back()) h.conversation = i;
  }
  listener<console_backend, few> l;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t n = 0; n < setup_size; ++n) l.hear(all[i][n]);
    if (i > 0) CHECK(l.hear(all[0][setup_size + (i - 1) / 3]).seen.auth == verdict::ok);  // keeps it
  }
  CHECK(l.ear->sessions() == 10);
  CHECK(l.ear->forgotten() == 6);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    const bool kept = i == 0 || i > 6;
    const auto& o = l.hear(all[i].back()).seen;
    CHECK(o.auth == (kept ? verdict::ok : verdict::unknown));
    CHECK(o.findings.has(finding::unknown_session) == !kept);
  }
}

TEST_CASE("a table of one session and one conversation crashes at nothing", "[session][follower]") {
  listener<console_backend, lone> l;
  const recording a(3), b(17);
  v15_session v;
  const tape c = v.login();
  for (std::size_t n = 0; n < a.said.size(); ++n) {
    for (const auto* t : {&a.said, &b.said, &c}) {
      if (n >= t->size()) continue;
      heard h = (*t)[n];
      h.conversation = t == &b.said ? 2 : 1;
      l.hear(h);
    }
  }
  l.notes.clear();
  l.play(a.said);  // and it still works
  CHECK(all_read(l.notes));
}

TEST_CASE("sequence numbers are judged without a key too", "[session][follower]") {
  for (const std::uint8_t suite : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
    for (const bool rakp4_lost : {false, true}) {
      CAPTURE(int{suite}, rakp4_lost);
      if (suite != 1 && rakp4_lost) continue;  // then nothing says that the login came through
      scene s(suite);
      s.con.login();
      if (rakp4_lost) s.said.pop_back();
      const auto at = s.said.size() + 1;
      s.say(to_bmc, s.numbered(0));
      listener<> l({anybody_with(suite == 1 ? "secret" : "wrong")});
      l.play(s.said);
      CHECK(findings_of(l.notes[at - 1].seen) == std::vector<found>{{finding::sequence_zero, 0, 1}});
    }
  }
}

TEST_CASE("given keys take no packet whose protection is not theirs", "[session][follower]") {
  const recording plain(1), signed_(2), encrypted(3);
  for (const auto* given : {&plain, &encrypted}) {
    listener<> l(nobody_known);
    REQUIRE(l.ear->know(given->sik));
    l.play(signed_.packets());
    CHECK(l.ear->sessions() == 0);
  }
  listener<> l(nobody_known);
  REQUIRE(l.ear->know(signed_.sik));
  l.play(encrypted.packets());
  l.play(plain.packets());
  CHECK(l.ear->sessions() == 0);
}

TEST_CASE("several sessions from their middle on, in several conversations", "[session][follower]") {
  const recording a(3), b(17);
  listener<> l(nobody_known);
  REQUIRE(l.ear->know(a.sik));
  REQUIRE(l.ear->know(b.sik));
  const auto from_a = a.packets(), from_b = b.packets();
  for (std::size_t i = 0; i < from_a.size(); ++i) {
    l.hear(from_a[i]);
    l.hear({from_b[i].dir, from_b[i].data, i % 2 == 0 ? 2u : 3u});
    CHECK(l.notes[2 * i].seen.session == 1);
    CHECK(l.notes[2 * i + 1].seen.session == (i % 2 == 0 ? 2u : 3u));
  }
  CHECK(all_read(l.notes));
  CHECK(l.ear->sessions() == 3);
}

TEST_CASE("bridged messages against the usual direction are nobody's questions and answers", "[session][follower]") {
  scene s;
  s.con.login();
  s.con.app(app::get_device_id);
  const auto rq = s.con.request(net_fn::app, 0x22);
  const auto response = encoded(respond(rq, completion_code::ok));
  s.say(to_console, s.bmc.sealed(encoded(rq), s.bmc.kind(), 2, s.con.console_id));
  s.say(to_bmc, s.con.sealed(response, 2));
  s.say(to_console, s.bmc.sealed(response, s.bmc.kind(), 3, s.con.console_id));
  listener<> l;
  l.play(s.said);
  CHECK(describe_findings(l.notes) == "11: unasked_response 0/0\n");
  CHECK(l.notes[9].seen.answers == 0);
  CHECK(l.notes[10].seen.answers == 0);
}

TEST_CASE("a goodbye that was refused, or meant another session, ends nothing", "[session][follower]") {
  const auto end_with = [](completion_code code, std::uint32_t id) {
    scene s;
    s.con.login();
    octets data(4);
    store_le32(data.data(), id);
    s.bmc.before = [code](auto& b, payload_type) { b.response.code = code; };
    s.con.send(net_fn::app, app::close_session, data);
    listener<> l;
    l.play(s.said);
    CHECK(describe_findings(l.notes).empty());
    return l.ear->subject()->stage;
  };
  CHECK(end_with(completion_code::ok, 0x02001234) == followed_stage::closed);
  CHECK(end_with(completion_code{0x87}, 0x02001234) == followed_stage::active);
  CHECK(end_with(completion_code::ok, 0x02001235) == followed_stage::active);
}

TEST_CASE("messages outside sessions, in both formats", "[session][follower]") {
  scene s;
  s.con.exchange(testing::datagram_of(
      [](mutable_bytes out) { return encode_capabilities_request(1, true, privilege::administrator, out); }));
  s.con.exchange(testing::datagram_of([](mutable_bytes out) { return encode_cipher_suites_request(2, 0, out); }));
  s.con.exchange(testing::datagram_of([](mutable_bytes out) { return encode_cipher_suites_request(3, 1, out); }));
  s.say(to_bmc, testing::datagram_of([](mutable_bytes out) { return encode_ping(1, out); }));
  s.say(to_console, testing::datagram_of([](mutable_bytes out) { return encode_pong(1, {}, out); }));
  s.say(to_bmc, {6, 0, 5, 0x86});
  s.say(to_bmc, {6, 0, 0xff, 8, 1, 2});
  listener<> l(nobody_known);
  l.play(s.said);
  CHECK(describe_findings(l.notes).empty());
  const datagram_type types[] = {datagram_type::v15,      datagram_type::v15,      datagram_type::ipmi,
                                 datagram_type::ipmi,     datagram_type::ipmi,     datagram_type::ipmi,
                                 datagram_type::asf_ping, datagram_type::asf_pong, datagram_type::rmcp_ack,
                                 datagram_type::rmcp_oem};
  REQUIRE(l.notes.size() == std::size(types));
  for (std::size_t i = 0; i < l.notes.size(); ++i) {
    const auto& o = l.notes[i].seen;
    CAPTURE(i);
    CHECK(name_of(o.type) == std::string(name_of(types[i])));
    CHECK(o.readable);
    CHECK(o.session == 0);
    CHECK(o.auth == verdict::none);
    CHECK(o.answers == (i < 6 && i % 2 == 1 ? i : 0));
  }
}

TEST_CASE("a setup message in a session is verified and read like any packet, and is no step of a login",
          "[session][follower]") {
  for (const auto suite : with_integrity) {
    for (const bool lost : {false, true}) {
      CAPTURE(int{suite}, lost);
      scene s(suite);
      s.con.login();
      const octets answer = to_octets(payload_of(s.last()));
      if (lost) s.said.pop_back();  // what follows proves that the login came through
      s.say(to_console, s.bmc.sealed(answer, s.bmc.kind(payload_type::rakp4), s.bmc.sequence.next(), s.con.console_id));
      s.con.set_privilege(privilege::administrator);
      octets forged = s.bmc.sealed(answer, s.bmc.kind(payload_type::rakp4), s.bmc.sequence.next(), s.con.console_id);
      forged.back() ^= 1;
      s.say(to_console, forged);
      s.con.app(app::get_device_id);
      listener<> l;
      l.play(s.said);
      const std::size_t at = setup_size - (lost ? 1 : 0);
      CHECK(describe_findings(l.notes) == std::to_string(at + 1) + ": setup_in_session 0/0\n" + std::to_string(at + 4) +
                                              ": setup_in_session 0/0\n" + std::to_string(at + 4) +
                                              ": bad_authcode 0/0\n");
      CHECK(all_read(l.notes));
      CHECK(l.notes[at].seen.auth == verdict::ok);
      CHECK(l.notes[at].seen.session == 1);
      CHECK(l.notes[at].payload == answer);
      CHECK(l.notes[at].seen.type == datagram_type::rakp4);
      CHECK(l.notes[at + 3].seen.auth == verdict::bad);
    }
  }
}

TEST_CASE("a protected packet of any payload type is verified and decrypted", "[session][follower]") {
  const octets message{1, 2, 3, 4, 5};
  for (const auto suite : with_integrity) {
    scene s(suite);
    s.con.login();
    for (unsigned type = 0; type < 64; ++type)
      s.say(to_bmc, s.con.sealed(message, s.con.kind(payload_type(type)), type + 1, s.con.managed_id()));
    listener<> l;
    l.play(s.said);
    for (unsigned type = 0; type < 64; ++type) {
      CAPTURE(int{suite}, type);
      const auto& n = l.notes.at(setup_size + type);
      CHECK(n.seen.auth == verdict::ok);
      CHECK(n.payload == message);
      CHECK(n.seen.session == 1);
      const bool reserved = (type > 2 && type < 0x10) || (type > 0x15 && type < 0x20) || type > 0x27;
      if (reserved) CHECK(n.seen.error == errc::bad_payload_type);
    }
  }
}

TEST_CASE("SOL in an encrypted session, and unencrypted beside it", "[session][follower]") {
  scene s;
  s.con.login();
  const octets typed{1, 0, 0, 0, 0x6c, 0x73, 0x0d};
  const octets garbage{0xf1, 0, 0, 0, 0x6c};
  s.say(to_bmc, s.con.sealed(typed, s.con.kind(payload_type::sol), 1, s.con.managed_id()));
  s.say(to_console, s.bmc.sealed(typed, s.bmc.kind(payload_type::sol), 1, s.con.console_id));
  s.say(to_bmc, s.con.sealed(typed, payload_byte::of(payload_type::sol, true), 2, s.con.managed_id()));
  s.say(to_bmc, s.con.sealed(garbage, s.con.kind(payload_type::sol), 3, s.con.managed_id()));
  s.say(to_bmc, s.con.sealed(octets(3), s.con.kind(payload_type::sol), 4, s.con.managed_id()));
  listener<> l;
  l.play(s.said);
  CHECK(describe_findings(l.notes) == "10: reserved_bits 0/0\n11: malformed 1/0\n");
  for (std::size_t i = setup_size; i < l.notes.size(); ++i) {
    CHECK(l.notes[i].seen.type == datagram_type::sol);
    CHECK(l.notes[i].seen.auth == verdict::ok);
    if (i < setup_size + 3) CHECK(l.notes[i].payload == typed);
  }
}

TEST_CASE("garbage in reserved fields is noted and changes nothing", "[session][follower]") {
  // Of each setup message the reserved bytes, and the bits above algorithm numbers and privilege.
  const std::vector<std::vector<std::pair<std::size_t, std::uint8_t>>> reserved{
      {{1, 0xf0}, {2, 0xff}, {3, 0xff}, {9, 0xff}, {12, 0xc0}, {13, 0xff}, {31, 0xff}},
      {{2, 0xf0}, {3, 0xff}, {13, 0xff}, {16, 0xc0}, {33, 0xff}, {34, 0x02}, {35, 0x07}},
      {{1, 0xff}, {2, 0xff}, {3, 0xff}, {25, 0xff}, {26, 0xff}},
      {{2, 0xff}, {3, 0xff}},
      {{2, 0xff}, {3, 0xff}},
      {{2, 0xff}, {3, 0xff}}};
  const recording r(3);
  for (std::size_t i = 0; i < reserved.size(); ++i) {
    for (const auto& [at, bits] : reserved[i]) {
      CAPTURE(i, at);
      tape t = r.said;
      t[i].data[16 + at] |= bits;
      listener<> l;
      l.play(t);
      CHECK(describe_findings(l.notes) == std::to_string(i + 1) + ": reserved_bits 0/0\n");
      CHECK(all_read(l.notes));
    }
  }
}

TEST_CASE("of several users it is the one of that name, and of those with any name the one that fits",
          "[session][follower]") {
  const recording r(3);
  const auto user_of = [&](std::vector<credential> users) {
    listener<> l(std::move(users));
    l.play(r.said);
    return all_read(l.notes) ? int{l.ear->subject()->user} : -1;
  };
  CHECK(user_of({anybody_with("wrong"), anybody_with("secret")}) == 1);
  CHECK(user_of({anybody_with("secret"), anybody_with("secret")}) == 0);
  CHECK(user_of({user_with("root", "secret"), user_with("admin", "secret")}) == 1);
  CHECK(user_of({user_with("admin", "wrong"), user_with("admin", "secret")}) == 1);
  CHECK(user_of({user_with("root", "secret")}) == -1);
  CHECK(user_of({user_with("root", "secret"), anybody_with("secret")}) == 1);
  CHECK(user_of({user_with("admi", "secret"), user_with("adminn", "secret"), user_with("", "secret")}) == -1);
  CHECK(user_of({}) == -1);

  listener<> nobody({user_with("root", "secret")});
  nobody.play(r.said);
  CHECK(describe_findings(nobody.notes).empty());  // nothing is known of this user
  for (const auto& n : nobody.notes) CHECK(n.seen.auth != verdict::ok);
}

TEST_CASE("with a backend that allocates nothing, nothing is allocated", "[session][follower][heap]") {
  const recording r(3);
  v15_session v;
  tape all = r.said;
  for (auto& h : v.login()) all.push_back(h);
  for (auto& h : all) h.data.reserve(h.data.size());
  listener<null_backend> l;  // the chosen one allocates when it loads a key
  octets room(2048);
  for (const auto& h : all) {
    copy(h.data, room);
    const auto calls = test::count_heap_calls([&] {
      (void)l.ear->feed({1, h.dir}, mutable_bytes(room).first(h.data.size()));
    });
    CHECK(calls == 0);
  }
  CHECK(l.ear->sessions() == 2);
}

namespace {

/// A session in which encryption is suspended, resumed and not: what is said unencrypted then, in both directions.
struct encryption_scene : scene {
  encryption_scene() { con.login(); }
  encryption_scene& change(std::uint8_t payload, std::uint8_t operation, completion_code code = completion_code::ok) {
    bmc.before = [code](auto& b, payload_type) { b.response.code = code; };
    con.app(0x55, {payload, 0, operation});
    bmc.before = {};
    return *this;
  }
  void say_plain(direction d, bytes message) {
    const auto kind = payload_byte::of(payload_type::ipmi, true);
    if (d == to_bmc) return say(d, con.sealed(message, kind, con.sequence.next(), con.managed_id()));
    say(d, bmc.sealed(message, kind, bmc.sequence.next(), con.console_id));
  }
  /// Which of an unencrypted request and its answer is found fault with.
  std::string faults() {
    const auto rq = con.request(net_fn::app, app::get_device_id);
    say_plain(to_bmc, encoded(rq));
    say_plain(to_console, encoded(respond(rq, completion_code::ok)));
    listener<> l;
    l.play(said);
    CHECK(all_read(l.notes));
    const auto size = static_cast<std::ptrdiff_t>(l.notes.size());
    CHECK(describe_findings({l.notes.begin(), l.notes.end() - 2}).empty());
    std::string text;
    for (auto i = size - 2; i < size; ++i) {
      const auto list = findings_of(l.notes[static_cast<std::size_t>(i)].seen);
      text += list.empty() ? '-' : list == std::vector<found>{{finding::not_encrypted}} ? 'e' : '?';
    }
    return text;
  }
};
constexpr completion_code not_supported{0x80};
constexpr std::uint8_t suspension[] = {0, 0, 0};

}  // namespace

TEST_CASE("unencrypted messages are nobody's fault while encryption is suspended", "[session][follower]") {
  using e = encryption_scene;
  CHECK(e().faults() == "ee");
  CHECK(e().change(0, 0).faults() == "--");
  CHECK(e().change(0, 0).change(0, 1).faults() == "ee");
  CHECK(e().change(0, 0).change(0, 1).change(0, 0).faults() == "--");
  CHECK(e().change(0, 0, not_supported).faults() == "ee");
  CHECK(e().change(0, 0).change(0, 1, not_supported).faults() == "--");
  CHECK(e().change(1, 0).faults() == "ee");               // of SOL
  CHECK(e().change(0, 0).change(1, 1).faults() == "--");  // of SOL
  CHECK(e().change(0, 2).faults() == "ee");               // a new initialisation vector
  CHECK(e().change(0, 0).change(0, 2).faults() == "--");
  // Bits that are reserved say nothing.
  CHECK(e().change(0xc0, 0xe0).faults() == "--");
}

TEST_CASE("the BMC may suspend encryption with its answer", "[session][follower]") {
  encryption_scene s;
  const auto rq = s.con.request(net_fn::app, 0x55, suspension);
  const auto asks = encoded(rq);
  s.say(to_bmc, s.con.sealed(asks, s.con.sequence.next()));
  encryption_scene unanswered;
  unanswered.say(to_bmc, unanswered.con.sealed(asks, unanswered.con.sequence.next()));
  CHECK(unanswered.faults() == "e-");

  s.say_plain(to_console, encoded(respond(rq, completion_code::ok)));
  CHECK(s.faults() == "--");

  // An answer to another request is none to this one.
  encryption_scene other;
  (void)other.con.request(net_fn::app, 0x56);
  const auto command = other.con.request(net_fn::app, 0x56);
  other.con.app(app::get_device_id);
  other.say(to_bmc, other.con.sealed(asks, other.con.sequence.next()));
  listener<> l;
  l.play(other.said);
  auto stray = respond(command, completion_code::ok);
  stray.command = 0x55;
  other.say_plain(to_console, encoded(stray));
  CHECK(findings_of(l.hear(other.said.back()).seen) == std::vector<found>{{finding::unasked_response}});
  other.say_plain(to_bmc, encoded(command));
  CHECK(findings_of(l.hear(other.said.back()).seen) == std::vector<found>{{finding::not_encrypted}});
}

TEST_CASE("a suspension that nobody signed suspends nothing", "[session][follower]") {
  encryption_scene s;
  const auto rq = s.con.request(net_fn::app, 0x55, suspension);
  const auto plain = payload_byte::of(payload_type::ipmi);
  tape forged{{to_bmc, s.con.sealed(encoded(rq), plain, 1, s.con.managed_id())},
              {to_console, s.bmc.sealed(encoded(respond(rq, completion_code::ok)), plain, 1, s.con.console_id)}};
  listener<> l;
  l.play(s.said);
  l.play(forged);
  s.say_plain(to_console, encoded(respond(rq, completion_code::ok)));
  CHECK(l.hear(s.said.back()).seen.findings.has(finding::not_encrypted));
  // Outside sessions it means nothing.
  l.hear(to_bmc, sessionless(payload_type::ipmi, rq));
  CHECK(describe_findings({l.notes.back()}).empty());
}

namespace {

octets malformed_open_request(const scene& s, std::uint8_t tag, std::uint32_t console_id) {
  auto rq = s.con.open_request();
  rq.tag = tag;
  rq.console_id = session_id{console_id};
  auto d = sessionless(payload_type::open_session_request, rq);
  d[16 + 8 + 3] = 9;  // the length of the authentication payload
  return d;
}
octets refusal(std::uint8_t tag, std::uint32_t console_id, rakp_status status) {
  octets payload{tag, static_cast<std::uint8_t>(status), 0, 0, 0, 0, 0, 0};
  store_le32(payload.data() + 4, console_id);
  return sessionless(payload_type::open_session_response, payload);
}

}  // namespace

TEST_CASE("the refusal of a malformed proposal is no fault of the answer", "[session][follower]") {
  const auto illegal = rakp_status::illegal_parameter;
  for (const std::uint8_t tag : {std::uint8_t{1}, std::uint8_t{9}}) {  // as in the login, and another
    for (const std::uint32_t id : {0xa0a2a3a4u, 0x77u}) {              // likewise
      for (const bool answered : {false, true}) {                      // the login's own proposal
        CAPTURE(int{tag}, id, answered);
        scene s;
        s.con.open();
        if (!answered) s.said.pop_back();
        s.say(to_bmc, malformed_open_request(s, tag, id));
        const auto asked = s.said.size();
        s.say(to_console, refusal(tag, id, illegal));
        s.say(to_console, s.last());
        listener<> l;
        l.play(s.said);
        CHECK(describe_findings(l.notes) == std::to_string(asked) + ": malformed " +
                                                std::to_string(static_cast<unsigned>(l.notes[asked - 1].seen.error)) +
                                                "/0\n");
        for (std::size_t i = asked; i < l.notes.size(); ++i) {
          CHECK(l.notes[i].seen.answers == asked);
          CHECK(l.notes[i].seen.session == (id == 0x77 ? 0 : 1));
        }
      }
    }
  }
  // Its status is judged, and so are the answers to what follows under its tag or came before under another.
  scene s;
  s.say(to_bmc, malformed_open_request(s, 1, 0x77));
  s.say(to_console, refusal(1, 0x77, rakp_status::invalid_name_length));
  s.say(to_console, sessionless(payload_type::open_session_response, octets{1, 1}));
  s.con.tag = 2;
  s.con.open();
  s.last() = refusal(2, 0xa0a2a3a4, illegal);
  s.con.tag = 1;
  s.con.open();
  s.last() = refusal(1, 0xa0a2a3a4, illegal);
  s.con.open();
  s.last()[16] = 5;
  listener<> l;
  l.play(s.said);
  l.notes.erase(l.notes.begin());
  CHECK(describe_findings(l.notes) ==
        "2: status_out_of_place 12/0\n3: short_error 2/8\n5: status_misleading 18/0\n7: status_misleading 18/0\n"
        "9: tag_not_echoed 5/0\n");
}

TEST_CASE("a proposal that is accepted is not the malformed one of its tag", "[session][follower]") {
  scene s;
  s.say(to_bmc, malformed_open_request(s, 3, 0x77));
  s.con.open();
  s.last()[16] = 3;
  listener<> l;
  l.play(s.said);
  CHECK(findings_of(l.notes.back().seen) == std::vector<found>{{finding::tag_not_echoed, 3}});
}

TEST_CASE("a RAKP 1 belongs to the login that its id names, and its repeat to the session that came of it",
          "[session][follower]") {
  scene s;
  s.con.login();
  listener<> l;
  l.play(s.said);
  s.con.console_random[0] = 0x77;
  CHECK(l.hear(to_bmc, s.con.rakp1_datagram()).seen.session == 2);  // a login whose beginning was not seen
  CHECK(l.hear(s.said[2]).seen.session == 1);
  CHECK(l.hear(to_bmc, s.con.rakp1_datagram()).seen.session == 2);
  CHECK(l.ear->sessions() == 2);

  v15_session v{.id = s.con.managed_id()};
  listener<> m;
  m.play(v.login());
  CHECK(m.notes.back().seen.session == 1);
  CHECK(m.hear(to_bmc, s.con.rakp1_datagram()).seen.session == 2);
  CHECK(m.hear(to_bmc, s.con.rakp1_datagram()).seen.session == 2);

  v15_session w;
  listener<> n;
  const tape activation = w.login();
  n.play({activation.begin(), activation.begin() + 4});
  s.con.transcript.managed_id = session_id{0xaabb};  // the temporary id
  CHECK(n.hear(to_bmc, s.con.rakp1_datagram()).seen.session == 2);
}

TEST_CASE("a RAKP 1 to an id that nobody gave takes the unanswered login, and no other", "[session][follower]") {
  scene s;
  s.con.open();
  const auto known = s.con.rakp1_datagram();
  s.con.transcript.managed_id = session_id{0x5555};
  const auto unknown = s.con.rakp1_datagram();
  listener<> l;
  l.play(s.said);
  CHECK(l.hear(to_bmc, unknown).seen.session == 2);
  CHECK(l.hear(to_bmc, known).seen.session == 1);

  listener<> m;
  m.hear(s.said[0]);
  CHECK(m.hear(to_bmc, unknown).seen.session == 1);
  CHECK(m.hear(to_bmc, known).seen.session == 2);
}

TEST_CASE("a list of algorithms is no list of cipher suites", "[session][follower]") {
  for (const bool by_suite : {false, true}) {
    scene s(2);
    s.bmc.offered = testing::suites_of({3, 17});
    s.con.exchange(testing::datagram_of([](mutable_bytes o) { return encode_cipher_suites_request(1, 0, o); }));
    if (!by_suite) {
      s.at(1)[16 + 8] = 0;  // the list index without its bit 7
      s.at(1)[16 + 9] = static_cast<std::uint8_t>(s.at(1)[16 + 9] + 0x80);
    }
    s.con.open();
    listener<> l;
    l.play(s.said);
    CHECK(describe_findings(l.notes) == (by_suite ? "4: suite_not_advertised 2/0\n" : ""));
  }
}

TEST_CASE("once RAKP 2 has told the user, no other user's password is tried", "[session][follower]") {
  scene s;
  s.con.prove();
  s.con.password = key_of("other");
  s.say(to_bmc, s.con.rakp3_datagram());
  for (const bool second_is_other : {false, true}) {
    std::vector<credential> users{anybody_with("secret"), anybody_with("other")};
    if (!second_is_other) std::swap(users[0], users[1]);
    listener<> l(users);
    l.play(s.said);
    CHECK(l.notes[3].seen.auth == verdict::ok);
    CHECK(findings_of(l.notes[4].seen) == std::vector<found>{{finding::bad_authcode}});
    CHECK(l.ear->subject()->user == (second_is_other ? 0 : 1));
  }
}

TEST_CASE("a user's name restricts which codes are right, in each of the three", "[session][follower]") {
  const recording r(3);
  const auto verdicts = [](const tape& t, std::vector<credential> users, const user_key& kg = {}) {
    listener<> l(std::move(users), kg);
    l.play(t);
    std::string text;
    for (std::size_t i = 3; i < setup_size; ++i) text += describe(l.notes[i].seen.auth), text += ' ';
    return text;
  };
  CHECK(verdicts(r.said, {user_with("admin", "secret")}) == "ok ok ok ");
  CHECK(verdicts(r.said, {user_with("root", "secret")}) == "unknown unknown unknown ");
  CHECK(verdicts(r.said, {user_with("root", "secret"), user_with("admin", "wrong")}) == "bad bad bad ");
  CHECK(verdicts(r.said, {user_with("", "secret")}) == "unknown unknown unknown ");
  // Under K_g the password takes no part in RAKP 4: there it is K_g that is right.
  const recording k(3, second_key);
  CHECK(verdicts(k.said, {user_with("root", "secret")}, second_key) == "unknown unknown ok ");
}

namespace {

struct talkative : few {
  static constexpr std::size_t conversations = 8;
};

}  // namespace

TEST_CASE("an answer belongs to no login that took the place of its own", "[session][follower]") {
  scene s;
  s.con.open();
  listener<console_backend, talkative> l;
  l.hear(s.said[0]);
  for (std::uint64_t other = 2; other <= 5; ++other) l.hear({to_bmc, s.said[0].data, other});
  CHECK(l.ear->forgotten() == 1);
  // That of conversation 1 is gone.
  const auto& o = l.hear(to_console, sessionless(payload_type::open_session_response, octets{1, 0x01})).seen;
  CHECK(o.session == 0);
  CHECK(o.answers == 0);
  CHECK(l.hear({to_console, sessionless(payload_type::open_session_response, octets{1, 0x01}), 5}).seen.session == 5);
}

TEST_CASE("two sessions of different given keys in one conversation, each from one direction first",
          "[session][follower]") {
  const recording a(3), b(17);
  listener<> l(nobody_known);
  REQUIRE(l.ear->know(a.sik));
  REQUIRE(l.ear->know(b.sik));
  const auto from_a = a.packets(), from_b = b.packets();
  CHECK(l.hear(from_a[0]).seen.session == 1);  // to the BMC
  CHECK(l.hear(from_b[1]).seen.session == 2);  // to the console
  CHECK(l.hear(from_a[1]).seen.session == 1);
  CHECK(l.hear(from_b[2]).seen.session == 2);
  CHECK(all_read(l.notes));
  CHECK(l.ear->sessions() == 2);
}

TEST_CASE("K_g is tried before the login without it: one that is the password as well is used", "[session][follower]") {
  for (const auto suite : with_integrity) {
    CAPTURE(int{suite});
    const recording same(suite, key_of("secret"));
    listener<> l({anybody_with("secret")}, key_of("secret"));
    l.play(same.said);
    CHECK(describe_findings(l.notes).empty());
    CHECK(all_read(l.notes));

    const recording unused(suite);
    listener<> m({anybody_with("wrong"), anybody_with("secret")}, second_key);
    m.play(unused.said);
    CHECK(describe_findings(m.notes) == "6: kg_not_used 0/0\n");
    CHECK(all_read(m.notes));
  }
}

TEST_CASE("K_g alone opens a session but one whose packets are signed with the password", "[session][follower]") {
  for (const auto suite : with_integrity) {
    for (const bool rakp4_lost : {false, true}) {
      CAPTURE(int{suite}, rakp4_lost);
      const bool needs_password = suite == 11 || suite == 12;
      recording r(suite, second_key);
      if (rakp4_lost) r.said.erase(r.said.begin() + 5);
      for (const auto& users : {nobody_known, std::vector{user_with("root", "secret")}}) {
        listener<> l(users, second_key);
        l.play(r.said);
        CHECK(describe_findings(l.notes).empty());
        CHECK(l.notes[3].seen.auth == verdict::unknown);
        CHECK(l.notes[4].seen.auth == verdict::unknown);
        if (!rakp4_lost) CHECK(l.notes[5].seen.auth == verdict::ok);
        CHECK((needs_password ? none_verified(l.notes) : all_read(l.notes)));
      }
    }
  }
}

TEST_CASE("of several passwords beside K_g it is that which signs the packets", "[session][follower]") {
  for (const auto suite : with_integrity) {
    for (const bool codes_lost : {false, true}) {
      CAPTURE(int{suite}, codes_lost);
      recording r(suite, second_key);
      if (codes_lost) {  // then neither RAKP 2 nor RAKP 3 tells the user
        r.said[3].data.back() ^= 1;
        r.said[4].data.back() ^= 1;
      }
      listener<> l({anybody_with("wrong"), user_with("admin", "wrong too"), user_with("root", "secret"),
                    anybody_with("secret"), anybody_with("last")},
                   second_key);
      l.play(r.said);
      CHECK(all_read(l.notes));
      CHECK(l.notes[5].seen.auth == verdict::ok);
      CHECK(describe_findings(l.notes) == (codes_lost ? "4: bad_authcode 0/0\n5: bad_authcode 0/0\n" : ""));
    }
  }
}
