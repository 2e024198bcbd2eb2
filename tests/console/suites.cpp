// SPDX-License-Identifier: BSL-1.0
// How the console and the BMC come to a cipher suite.
#include "support/catch.hpp"
#include "support/console_script.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::test;
using namespace rmcpp::testing;

console_options wanting(std::initializer_list<std::uint8_t> ids) {
  auto o = default_console();
  o.suites = suites_of(ids);
  return o;
}
bmc_options having(std::initializer_list<std::uint8_t> ids) {
  auto o = default_bmc();
  o.suites = suites_of(ids);
  return o;
}

bool is_suites_question(direction d, const datagram& b) {
  return d == direction::to_bmc && format_of(b) != packet_format::v15 &&
         payload_byte{b[5]} == payload_byte::of(payload_type::ipmi);
}

/// The suites proposed, in order, and how many questions there were about them.
struct proposals {
  std::vector<int> suites{};
  int questions = 0;
  int rakp1s = 0;
};
template <class Pair>
void watch(
    Pair& p, proposals& seen, std::function<void(datagram&)> change = [](datagram&) {}) {
  p.network = [&seen, change](direction d, int, datagram& b) {
    if (d == direction::to_console) {
      if (format_of(b) != packet_format::v15 && type_of(b) == payload_type::open_session_response) change(b);
      return true;
    }
    if (format_of(b) == packet_format::v15) return true;
    if (is_suites_question(d, b)) ++seen.questions;
    if (type_of(b) == payload_type::rakp1) ++seen.rakp1s;
    if (type_of(b) == payload_type::open_session_request) {
      const auto rq = message_in<open_session_request>(b);
      seen.suites.push_back(
          find_suite(rq.authentication.algorithm, rq.integrity.algorithm, rq.confidentiality.algorithm)->id);
    }
    return true;
  };
}

/// A console in state cipher_suites with its first question out.
struct asked {
  session_pair<> p;
  datagram question{};
  explicit asked(const console_options& o) : p(o) {
    login_until(p, console_state::cipher_suites);
    question = p.next_from_console();
  }
  errc tell(bytes records, completion_code code = completion_code::ok) {
    datagram data{1};
    data.insert(data.end(), records.begin(), records.end());
    return p.tell_console(discovery_answer(question, code, data));
  }
};

}  // namespace

TEST_CASE("one suite is used as given, without a question", "[session][console][suites]") {
  proposals seen;
  session_pair p(wanting({8}), having({17, 3, 8}));
  watch(p, seen);
  CHECK(p.login());
  CHECK(seen.questions == 0);
  CHECK(seen.suites == std::vector{8});
}

TEST_CASE("of several the first that the BMC lists", "[session][console][suites]") {
  struct row {
    std::initializer_list<std::uint8_t> has;
    int used;
    int questions;
  };
  // A record has 5 bytes, a chunk 16: with 4 and more suites there is a second chunk.
  for (const auto& r :
       {row{{17, 3}, 17, 1}, row{{3}, 3, 1}, row{{1, 2, 6, 7, 8, 11, 12, 15, 3}, 3, 3}, row{{16, 17, 3, 1}, 17, 2}}) {
    proposals seen;
    session_pair p(wanting({17, 3}), having(r.has));
    watch(p, seen);
    const auto begin = p.now;
    CHECK(p.login());
    CHECK(p.now == begin);
    CHECK(seen.questions == r.questions);
    CHECK(seen.suites == std::vector{r.used});
  }
}

TEST_CASE("the default list is 17, then 3", "[session][console][suites]") {
  CHECK(console_options{}.suites == suites_of({17, 3}));
}

TEST_CASE("silence to 54h costs one suites_wait and no more", "[session][console][suites]") {
  for (const auto wait : {milliseconds{1}, milliseconds{300}, milliseconds{1000}, milliseconds{9000}}) {
    CAPTURE(wait.count);
    auto o = wanting({17, 3});
    o.suites_wait = wait;
    session_pair p(o, having({3}));
    int questions = 0;
    p.network = [&](direction d, int, datagram& b) {
      if (!is_suites_question(d, b)) return true;
      ++questions;
      return false;
    };
    const auto begin = p.now;
    CHECK_FALSE(p.login());
    CHECK(p.con.poll_timeout() == begin + wait);
    REQUIRE(p.sleep(begin + wait));
    p.settle();
    CHECK(p.con.state() == console_state::active);
    CHECK(p.con.suite().id == 3);
    CHECK(questions == 1);
  }
}

TEST_CASE("silence in the middle of the list costs no more either", "[session][console][suites]") {
  auto o = wanting({17, 3});
  session_pair p(o);
  int questions = 0;
  p.network = [&](direction d, int, datagram& b) { return !is_suites_question(d, b) || ++questions < 3; };
  const auto begin = p.now;
  CHECK_FALSE(p.login());
  REQUIRE(p.sleep(begin + o.suites_wait));
  p.settle();
  CHECK(p.con.state() == console_state::active);
  CHECK(questions == 3);
}

TEST_CASE("lists that lie", "[session][console][suites]") {
  const auto next_proposal = [](session_pair<>& p) {
    const auto rq = message_in<open_session_request>(p.next_from_console());
    return int{find_suite(rq.authentication.algorithm, rq.integrity.algorithm, rq.confidentiality.algorithm)->id};
  };
  const auto after = [&](datagram records, completion_code code = completion_code::ok) {
    asked a(wanting({17, 3}));
    CHECK(a.tell(records, code) == errc::ok);
    CHECK(a.p.con.state() == console_state::open_session);
    return next_proposal(a.p);
  };
  CHECK(after({}) == 17);
  CHECK(after({}, completion_code::invalid_command) == 17);
  CHECK(after({0xc0, 3, 0x01, 0x41, 0x81}) == 3);
  // None of ours: not believed. Suite 17 with suite 3's algorithms is no suite 17.
  CHECK(after({0xc0, 8, 0x02, 0x42, 0x81}) == 17);
  CHECK(after({0xc0, 17, 0x01, 0x41, 0x81, 0xc0, 3, 0x01, 0x41, 0x81}) == 3);
  CHECK(after({0x03, 0x44, 0x81}) == 17);
  CHECK(after({0xc1, 0x80}) == 17);
  CHECK(after({0xc0, 3, 0x01, 0x41, 0x81, 0xc0}) == 3);
  CHECK(after({0xff, 0xee, 0xc0, 3, 0x81, 0x41, 0x01}) == 3);
}

TEST_CASE("a list whose chunks repeat ends with the first repetition", "[session][console][suites]") {
  asked a(wanting({17, 3}));
  const datagram endless(16, 0xc0);
  CHECK(a.tell(endless) == errc::ok);
  a.question = a.p.next_from_console();
  CHECK(a.tell(endless) == errc::ok);
  CHECK(a.p.con.state() == console_state::open_session);
}

TEST_CASE("all chunks of a list have one deadline", "[session][console][suites]") {
  auto o = wanting({17, 3});
  o.suites_wait = milliseconds{1000};
  asked a(o);
  const auto begin = a.p.now;
  for (std::uint8_t n = 0; a.p.con.state() == console_state::cipher_suites; ++n) {
    REQUIRE(a.p.now <= begin + milliseconds{1000});
    a.p.now = a.p.now + milliseconds{300};
    a.p.con.handle_timeout(a.p.now);
    if (a.p.con.state() != console_state::cipher_suites) break;
    CHECK(a.tell(datagram(16, n)) == errc::ok);
    a.question = a.p.next_from_console();
    CHECK(a.p.con.poll_timeout() == begin + milliseconds{1000});
  }
  CHECK(a.p.now == begin + milliseconds{1200});
}

TEST_CASE("a list without end is asked for in 64 chunks", "[session][console][suites]") {
  asked a(wanting({17, 3}));
  int questions = 0;
  while (a.p.con.state() == console_state::cipher_suites) {
    ++questions;
    REQUIRE(questions <= 64);
    const auto rq = decode<lan_request>(payload_of(a.question));
    CHECK(datagram(rq->data.begin(), rq->data.end()) ==
          datagram{0x0e, 0x00, static_cast<std::uint8_t>(0x80 + questions - 1)});
    CHECK(a.tell(datagram(16, static_cast<std::uint8_t>(questions))) == errc::ok);
    a.question = a.p.next_from_console();
  }
  CHECK(questions == 64);
  CHECK(a.p.con.suite().id == 17);
}

TEST_CASE("answers to another chunk's question are dropped", "[session][console][suites]") {
  asked a(wanting({17, 3}));
  const auto first = a.question;
  CHECK(a.tell(datagram(16, 0xc0)) == errc::ok);
  CHECK(a.tell(datagram{0xc0}) == errc::unexpected_message);  // the next question has not even been sent
  a.question = a.p.next_from_console();
  datagram late(17, 1);
  CHECK(a.p.tell_console(discovery_answer(first, completion_code::ok, late)) == errc::unmatched_response);
  CHECK(is_drop(a.tell(datagram(17, 0xc0))));
  CHECK(a.p.con.state() == console_state::cipher_suites);
}

TEST_CASE("a refused suite is followed by the next of the list", "[session][console][suites]") {
  proposals seen;
  session_pair p(wanting({17, 16, 12, 3}), having({3}));
  watch(p, seen);
  // The list is lost, so every one is tried.
  auto watching = p.network;
  p.network = [&](direction d, int n, datagram& b) { return watching(d, n, b) && !is_suites_question(d, b); };
  CHECK_FALSE(p.login());
  const auto begin = p.now;
  REQUIRE(p.sleep(begin + seconds(1)));
  p.settle();
  CHECK(p.con.state() == console_state::active);
  CHECK(seen.suites == std::vector{17, 16, 12, 3});
}

TEST_CASE("suites that the BMC does not list are not tried later either", "[session][console][suites]") {
  proposals seen;
  session_pair p(wanting({17, 16, 12, 3, 1}), having({16, 3}));
  watch(p, seen, [](datagram& b) {
    b = error_reply(payload_type::open_session_response, tag_of(b), 0x11, session_id{load_le32(b.data() + 20)});
  });
  CHECK_FALSE(p.login());
  CHECK(seen.suites == std::vector{16, 3});
  CHECK(failed_with(p, errc::no_common_suite, 0x11));
}

TEST_CASE("all suites refused: no common suite, if that is what it is about", "[session][console][suites]") {
  struct row {
    std::initializer_list<std::uint8_t> wanted;
    std::uint8_t status;
    errc why;
  };
  for (const auto& r : {row{{17, 3}, 0x04, errc::no_common_suite}, row{{17, 3}, 0x05, errc::no_common_suite},
                        row{{17, 3}, 0x10, errc::no_common_suite}, row{{17, 3}, 0x11, errc::no_common_suite},
                        row{{17, 3}, 0x01, errc::refused_open_session}, row{{17}, 0x11, errc::refused_open_session},
                        row{{17}, 0x12, errc::refused_open_session}}) {
    CAPTURE(int{r.status});
    proposals seen;
    session_pair p(wanting(r.wanted));
    watch(p, seen, [&](datagram& b) {
      b = error_reply(payload_type::open_session_response, tag_of(b), r.status, session_id{load_le32(b.data() + 20)});
    });
    CHECK_FALSE(p.login());
    CHECK(seen.suites.size() == r.wanted.size());
    CHECK(failed_with(p, r.why, r.status));
    CHECK(seen.rakp1s == 0);
  }
}

TEST_CASE("other algorithms than proposed: no RAKP 1, and the next suite if there is one",
          "[session][console][suites]") {
  using change = std::function<void(open_session_response&)>;
  const change changes[] = {
      [](auto& m) { m.authentication.algorithm = authentication_algorithm::rakp_hmac_md5; },
      [](auto& m) { m.integrity.algorithm = integrity_algorithm::none; },
      [](auto& m) { m.confidentiality.algorithm = confidentiality_algorithm::none; },
      [](auto& m) { m.confidentiality.algorithm = confidentiality_algorithm::xrc4_128; },
      [](auto& m) { m.authentication = authentication_payload::any(); },
      [](auto& m) { m.integrity = integrity_payload::any(); },
      [](auto& m) { m.confidentiality = confidentiality_payload::any(); },
      // A null payload whose algorithm byte is right is no answer either.
      [](auto& m) { m.authentication.length = 0; },
      [](auto& m) { m.integrity.length = 0; },
      [](auto& m) { m.confidentiality.length = 0; },
      [](auto& m) {
        m.authentication.algorithm = authentication_algorithm::rakp_none;
        m.integrity.algorithm = integrity_algorithm::none;
        m.confidentiality.algorithm = confidentiality_algorithm::none;
      },
  };
  int number = 0;
  for (const auto& f : changes) {
    CAPTURE(number++);
    const auto alter = [&](datagram& b) { b = edited<open_session_response>(b, f); };
    proposals one, both;
    session_pair p(wanting({3}));
    watch(p, one, alter);
    CHECK_FALSE(p.login());
    CHECK(failed_with(p, errc::algorithms_differ));
    CHECK(one.rakp1s == 0);
    CHECK(one.suites == std::vector{3});

    session_pair q(wanting({17, 3}));
    watch(q, both, alter);
    CHECK_FALSE(q.login());
    CHECK(failed_with(q, errc::no_common_suite));
    CHECK(both.rakp1s == 0);
    CHECK(both.suites == std::vector{17, 3});
  }
}

TEST_CASE("a man in the middle who rewrites the proposal and the answer", "[session][console][suites]") {
  // He takes the protection out of what the BMC gets and puts it back into what the console hears.
  session_pair p(wanting({3}));
  p.network = [](direction d, int, datagram& b) {
    if (format_of(b) == packet_format::v15) return true;
    if (d == direction::to_bmc && type_of(b) == payload_type::open_session_request)
      b = edited<open_session_request>(b, [](auto& m) {
        m.integrity.algorithm = integrity_algorithm::none;
        m.confidentiality.algorithm = confidentiality_algorithm::none;
      });
    if (d == direction::to_console && type_of(b) == payload_type::open_session_response)
      b = edited<open_session_response>(b, [](auto& m) {
        m.integrity.algorithm = integrity_algorithm::hmac_sha1_96;
        m.confidentiality.algorithm = confidentiality_algorithm::aes_cbc_128;
      });
    return true;
  };
  CHECK_FALSE(p.login());
  p.run(seconds(60));
  CHECK(failed_with(p, errc::timed_out));
  for (const auto& e : p.session_events) CHECK(e.type != console_event::kind::ready);
}
