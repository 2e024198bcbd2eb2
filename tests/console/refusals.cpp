// SPDX-License-Identifier: BSL-1.0
// Logins that fail, each with its cause, and what is sent on the way.
#include "support/catch.hpp"
#include "support/console_script.hpp"

#include <set>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using kind = console_event::kind;

console_options console_for(std::uint8_t suite) {
  auto o = default_console();
  o.suites = suites_of({suite});
  return o;
}

/// How many datagrams of a type the console sent.
template <class Pair> int count_sent(const Pair& p, payload_type type) {
  int n = 0;
  for (const auto& d : p.log) n += format_of(d) != packet_format::v15 && payload_byte{d[5]}.type() == type ? 1 : 0;
  return n;
}

/// A pair whose BMC's replies of one type are replaced.
template <class Change>
session_pair<> pair_with(payload_type type, Change change, console_options o = default_console()) {
  session_pair<> p(o);
  p.network = [=](direction d, int, datagram& bytes_) {
    if (d == direction::to_console && type_of(bytes_) == type && format_of(bytes_) != packet_format::v15)
      bytes_ = change(bytes_);
    return true;
  };
  return p;
}

/// The refusal by `status` in place of a reply, with its own tag and SIDm.
auto refusal(std::uint8_t status) {
  return [status](const datagram& d) {
    return error_reply(type_of(d), tag_of(d), status, session_id{load_le32(d.data() + payload_v2 + 4)});
  };
}

}  // namespace

TEST_CASE("a wrong password: RAKP 3 says so once, without a code", "[session][console]") {
  for (const auto suite : all_suites) {
    if (suite == 0) continue;
    CAPTURE(int{suite});
    auto o = console_for(suite);
    o.password = key_of("wrong");
    session_pair p(o);
    const auto begin = p.now;
    CHECK_FALSE(p.login());
    CHECK(failed_with(p, errc::bad_rakp2_code));
    CHECK(p.session_events.size() == 1);
    CHECK(count_sent(p, payload_type::rakp3) == 1);
    const auto m = message_in<rakp3>(p.log.back());
    CHECK(m.status == rakp_status::invalid_integrity_check_value);
    CHECK(m.managed_id == p.con.managed_id());
    CHECK(p.log.back().size() == payload_v2 + 8);
    REQUIRE(p.bmc_events.size() == 1);
    CHECK(p.bmc_events[0].error == errc::console_gave_up);
    CHECK(p.managed.proven_logins() == 0);
    CHECK(p.con.poll_timeout().is_never());
    p.run(seconds(100));
    CHECK(p.sent[0] == 4);
    CHECK(p.now == begin + seconds(100));
  }
}

TEST_CASE("a wrong K_g shows in RAKP 4's value", "[session][console]") {
  for (const auto suite : {1, 3, 8, 12, 17}) {
    for (const auto* mine : {"", "kg"}) {
      auto o = console_for(static_cast<std::uint8_t>(suite));
      o.kg = key_of(mine);
      session_pair p(o);
      p.managed.config().users.kg_value = key_of("other");
      CHECK_FALSE(p.login());
      CHECK(failed_with(p, errc::bad_rakp4_code));
      CHECK(p.sent[0] == 4);
    }
  }
}

TEST_CASE("RAKP 4 refused with 0Fh: one restart; with 02h, as if the BMC forgot, all tries; then K_g or its state",
          "[session][console]") {
  for (const auto& [status, logins] : {std::pair<std::uint8_t, int>{0x0f, 2}, {0x02, 5}}) {
    CAPTURE(int{status});
    auto p = pair_with(payload_type::rakp4, refusal(status));
    const auto begin = p.now;
    CHECK_FALSE(p.login());
    CHECK(p.now == begin);
    CHECK(failed_with(p, errc::kg_or_bmc_state, status));
    CHECK(count_sent(p, payload_type::open_session_request) == logins);
    CHECK(count_sent(p, payload_type::rakp3) == logins);
    REQUIRE(p.log.size() > 10);
    const auto first = message_in<rakp1>(p.log[4]), second = message_in<rakp1>(p.log[10]);
    CHECK(first.console_random != second.console_random);
    CHECK(message_in<open_session_request>(p.log[2]).console_id !=
          message_in<open_session_request>(p.log[8]).console_id);
    // The restart is granted anew to each start().
    p.log.clear();
    (void)p.con.start(p.now);
    p.settle();
    CHECK(count_sent(p, payload_type::open_session_request) == logins);
  }
}

TEST_CASE("RAKP 2 refused with 02h: the BMC forgot the login, and the console begins anew", "[session][console]") {
  SECTION("RAKP 1 is lost until the BMC has forgotten") {
    auto forgetful = default_bmc();
    forgetful.half_open_lifetime = seconds(5);
    session_pair p(default_console(), forgetful);
    int lost = 0;
    p.network = [&](direction, int, datagram& b) {
      const bool rakp1 = format_of(b) != packet_format::v15 && type_of(b) == payload_type::rakp1;
      return !rakp1 || ++lost > 3;  // the fourth leaves after 6 s
    };
    REQUIRE(p.con.start(p.now));
    p.run(seconds(10));
    CHECK(p.con.state() == console_state::active);
    CHECK(count_sent(p, payload_type::open_session_request) == 2);
  }
  SECTION("a BMC that forgets every login, with or without our SIDm in its refusal") {
    for (const bool ours : {true, false}) {
      auto o = default_console();
      o.retry.tries = 3;
      auto p = pair_with(
          payload_type::rakp2,
          [=](const datagram& b) {
            return error_reply(payload_type::rakp2, tag_of(b), 0x02,
                               ours ? session_id{load_le32(b.data() + payload_v2 + 4)} : session_id::none);
          },
          o);
      REQUIRE(p.con.start(p.now));
      p.run(seconds(30));
      CHECK(failed_with(p, errc::refused_rakp2, 0x02));
      CHECK(count_sent(p, payload_type::open_session_request) == 3);
      CHECK(count_sent(p, payload_type::rakp1) == 3);
    }
  }
  SECTION("only that status") {
    auto p = pair_with(payload_type::rakp2, refusal(0x0d));
    CHECK_FALSE(p.login());
    CHECK(failed_with(p, errc::refused_rakp2, 0x0d));
    CHECK(count_sent(p, payload_type::open_session_request) == 1);
  }
}

TEST_CASE("the restart may succeed", "[session][console]") {
  bool first = true;
  session_pair p;
  p.network = [&](direction d, int, datagram& b) {
    if (d == direction::to_console && type_of(b) == payload_type::rakp4 && first) {
      first = false;
      b = refusal(0x0f)(b);
    }
    return true;
  };
  CHECK(p.login());
}

TEST_CASE("every status in every reply is told with the message that carried it", "[session][console]") {
  struct row {
    payload_type reply;
    errc why;
  };
  for (const auto& [reply, why] :
       {row{payload_type::open_session_response, errc::refused_open_session},
        row{payload_type::rakp2, errc::refused_rakp2}, row{payload_type::rakp4, errc::refused_rakp4}}) {
    for (int status = 1; status <= 255; ++status) {
      CAPTURE(static_cast<int>(reply), status);
      const auto code = static_cast<std::uint8_t>(status);
      const bool retried = reply == payload_type::rakp4 && (status == 0x0f || status == 0x02);
      const int logins = !retried ? 1 : status == 0x02 ? 5 : 2;
      auto p = pair_with(reply, refusal(code));
      const auto begin = p.now;
      CHECK_FALSE(p.login());
      CHECK(p.now == begin);
      CHECK(failed_with(p, retried ? errc::kg_or_bmc_state : why, code));
      CHECK(p.session_events.size() == 1);
      CHECK(count_sent(p, payload_type::rakp3) == (reply == payload_type::rakp4 ? logins : 0));
    }
  }
}

TEST_CASE("unknown and disabled users", "[session][console]") {
  for (const auto* name : {"nobody", "disabled", ""}) {
    CAPTURE(name);
    auto o = default_console();
    o.name = name_of(name);
    session_pair quiet(o);
    CHECK_FALSE(quiet.login());
    CHECK(failed_with(quiet, errc::bad_rakp2_code));
    auto b = default_bmc();
    b.disclose = true;
    session_pair open(o, b);
    CHECK_FALSE(open.login());
    CHECK(failed_with(open, errc::refused_rakp2, 0x0d));
  }
}

TEST_CASE("a level above the user's: refused in RAKP 4", "[session][console]") {
  auto o = default_console();
  o.name = name_of("operator");
  o.password = key_of("operpw");
  session_pair p(o);
  CHECK_FALSE(p.login());
  CHECK(failed_with(p, errc::refused_rakp4, 0x0a));
}

TEST_CASE("a level refused in the session: the session is closed before the failure is told", "[session][console]") {
  struct row {
    completion_code code;
    datagram data;
  };
  for (const auto& r : {row{completion_code{0x80}, {}}, row{completion_code{0x81}, {}},
                        row{completion_code::insufficient_privilege, {}}, row{completion_code{0xc1}, {}},
                        row{completion_code{0x81}, {4, 4}}}) {
    for (const bool answered : {true, false}) {
      session_pair p;
      login_until(p, console_state::set_privilege);
      const auto waiting = p.submit(1);
      insider bmc(p, default_console());
      const auto asked = bmc.read(p.next_from_console());
      CHECK(asked.rq.command == app::set_session_privilege);
      CHECK(asked.data == datagram{4});
      CHECK(p.tell_console(bmc.answer(asked.rq, r.code, r.data)) == errc::ok);
      CHECK(p.con.state() == console_state::closing);
      CHECK(p.session_events.empty());
      const auto goodbye = bmc.read(p.next_from_console());
      CHECK(goodbye.rq.command == app::close_session);
      CHECK(load_le32(goodbye.data.data()) == to_integer(p.con.managed_id()));
      if (answered) {
        CHECK(p.tell_console(bmc.answer(goodbye.rq)) == errc::ok);
      } else {
        p.network = [](direction, int, datagram&) { return false; };
        p.run(milliseconds{1500});
        CHECK(p.sent[0] == 5);  // four of the login, and Close Session once more
      }
      CHECK(failed_with(p, errc::refused_privilege, static_cast<std::uint8_t>(r.code)));
      REQUIRE(p.answers.size() == 1);
      CHECK(p.answers[0].id == *waiting);
      CHECK(p.answers[0].error == errc::refused_privilege);
    }
  }
}

TEST_CASE("an answer to Set Session Privilege Level of another length grants what it says, or what was asked",
          "[session][console]") {
  struct row {
    datagram data;
    privilege granted;
  };
  for (const auto& r :
       {row{{}, privilege::administrator}, row{{3, 4}, privilege::operator_}, row{{2, 0, 0, 0}, privilege::user}}) {
    session_pair p;
    login_until(p, console_state::set_privilege);
    insider bmc(p, default_console());
    const auto asked = bmc.read(p.next_from_console());
    CHECK(p.tell_console(bmc.answer(asked.rq, completion_code::ok, r.data)) == errc::ok);
    CHECK(p.con.state() == console_state::active);
    CHECK(last_event(p).level == r.granted);
  }
}

TEST_CASE("a busy or booting BMC is asked for the level again, within the tries", "[session][console]") {
  for (const auto code : {completion_code::busy, completion_code::timeout, completion_code::initialization_in_progress,
                          completion_code::unspecified}) {
    session_pair p;
    login_until(p, console_state::set_privilege);
    insider bmc(p, default_console());
    const auto asked = bmc.read(p.next_from_console());
    CHECK(p.tell_console(bmc.answer(asked.rq, code)) == errc::ok);
    CHECK(p.con.state() == console_state::set_privilege);
    CHECK(p.con.poll_timeout() == p.now + seconds(1));
    SECTION("it answers in the end") {
      p.now = p.now + seconds(1);
      p.con.handle_timeout(p.now);
      const auto again = bmc.read(p.next_from_console());
      CHECK(again.rq.sequence == asked.rq.sequence);
      CHECK(p.tell_console(bmc.answer(again.rq, completion_code::ok, datagram{4})) == errc::ok);
      CHECK(p.con.state() == console_state::active);
    }
    SECTION("it stays busy: refused, with the code") {
      for (int i = 0; i < 4; ++i) {
        p.now = p.con.poll_timeout();
        p.con.handle_timeout(p.now);
        CHECK(p.tell_console(bmc.answer(bmc.read(p.next_from_console()).rq, code)) == errc::ok);
      }
      p.now = p.con.poll_timeout();
      p.con.handle_timeout(p.now);
      CHECK(p.con.state() == console_state::closing);
      p.run(seconds(5));
      CHECK(failed_with(p, errc::refused_privilege, static_cast<std::uint8_t>(code)));
    }
  }
}

TEST_CASE("a first packet in the session that stays unanswered: one restart, then silence is told",
          "[session][console]") {
  for (const int lost : {5, 1000}) {
    session_pair p;
    int left = lost;
    p.network = [&](direction d, int, datagram& b) {
      const auto packet = look(b);
      return d != direction::to_bmc || packet->id == session_id::none || packet->kind.type() != payload_type::ipmi ||
             left-- <= 0;
    };
    REQUIRE(p.con.start(p.now));
    p.run(seconds(60));
    CHECK((p.con.state() == console_state::active) == (lost == 5));
    CHECK(count_sent(p, payload_type::open_session_request) == 2);
    if (lost != 5) CHECK(failed_with(p, errc::timed_out));
    CHECK(p.session_events.size() == 1);
  }
}

TEST_CASE("a verdict after a repeat is not believed once", "[session][console]") {
  // Which answer is lost at first, so that something is repeated, and what then comes in its place.
  struct row {
    payload_type lost, wrong;
    errc why;
    bool refuses;
  };
  for (const auto& r :
       {row{payload_type::open_session_response, payload_type::open_session_response, errc::refused_open_session, true},
        row{payload_type::open_session_response, payload_type::rakp2, errc::bad_rakp2_code, false},
        row{payload_type::rakp2, payload_type::rakp2, errc::refused_rakp2, true},
        row{payload_type::rakp2, payload_type::rakp4, errc::refused_rakp4, true},
        row{payload_type::rakp4, payload_type::rakp4, errc::bad_rakp4_code, false}}) {
    for (const bool for_ever : {false, true}) {
      CAPTURE(static_cast<int>(r.lost), static_cast<int>(r.wrong), for_ever);
      session_pair p;
      bool lost = false;
      int wrong = 0;
      p.network = [&](direction d, int, datagram& b) {
        const auto packet = look(b);
        if (d != direction::to_console || packet->format != packet_format::v2) return true;
        if (packet->kind.type() == r.lost && !lost) {
          lost = true;
          return false;
        }
        if (packet->kind.type() == r.wrong && (wrong == 0 || for_ever)) {
          ++wrong;
          if (r.refuses) b = error_reply(r.wrong, tag_of(b), 0x12, session_id{load_le32(b.data() + payload_v2 + 4)});
          if (!r.refuses) b.back() ^= 1;
        }
        return true;
      };
      REQUIRE(p.con.start(p.now));
      p.run(seconds(30));
      CHECK((p.con.state() == console_state::active) == !for_ever);
      if (for_ever) CHECK(failed_with(p, r.why, r.refuses ? 0x12 : 0));
      CHECK(wrong == (for_ever ? 2 : 1));
    }
  }
}

TEST_CASE("an answer that comes twice is a repeat too: of the network's", "[session][console]") {
  session_pair p;
  login_until(p, console_state::open_session);
  const auto opened = p.ask_bmc(p.next_from_console());
  CHECK(p.tell_console(opened) == errc::ok);
  const auto rakp1 = p.next_from_console();
  CHECK(p.tell_console(opened) == errc::unexpected_message);
  auto proof = p.ask_bmc(rakp1);
  proof.back() ^= 1;
  CHECK(p.tell_console(proof) == errc::ok);
  CHECK(p.con.state() == console_state::open_session);
  p.settle();
  CHECK(p.con.state() == console_state::active);
}

TEST_CASE("a suite that was given up is told", "[session][console]") {
  auto o = default_console();
  o.suites = suites_of({17, 3});
  session_pair p(o);
  bool refused = false;
  p.network = [&](direction d, int, datagram& b) {
    if (d == direction::to_console && format_of(b) != packet_format::v15 &&
        type_of(b) == payload_type::open_session_response && !refused) {
      refused = true;
      b = refusal(0x01)(b);
    }
    return true;
  };
  CHECK(p.con.given_up().suite == suite_given_up::none);
  REQUIRE(p.login());
  CHECK(p.con.suite().id == 3);
  CHECK(p.con.given_up().suite == 17);
  CHECK(p.con.given_up().why == errc::refused_open_session);
  CHECK(p.con.given_up().detail == 0x01);
  REQUIRE(p.con.suites_offered());
  CHECK((p.con.suites_offered()->offers(17) && p.con.suites_offered()->offers(3)));
}

TEST_CASE("the level in force is the BMC's answer", "[session][console]") {
  session_pair p;
  login_until(p, console_state::set_privilege);
  insider bmc(p, default_console());
  const auto asked = bmc.read(p.next_from_console());
  CHECK(p.tell_console(bmc.answer(asked.rq, completion_code::ok, std::array<std::uint8_t, 1>{0xf2})) == errc::ok);
  CHECK(p.con.state() == console_state::active);
  CHECK(last_event(p).level == privilege::user);
}

TEST_CASE("no server at all: five datagrams, and the end after 14 s", "[session][console]") {
  session_pair p;
  p.network = [](direction, int, datagram&) { return false; };
  const auto begin = p.now;
  REQUIRE(p.con.start(p.now));
  const auto waiting = p.submit(1);
  std::vector<std::uint64_t> deadlines;
  p.settle();
  while (p.con.state() != console_state::closed) {
    deadlines.push_back(p.con.poll_timeout().ms - begin.ms);
    REQUIRE(p.sleep(begin + seconds(60)));
    p.settle();
  }
  CHECK(deadlines == std::vector<std::uint64_t>{1000, 3000, 6000, 10'000, 14'000});
  CHECK(p.sent[0] == 5);
  CHECK(failed_with(p, errc::timed_out));
  REQUIRE(p.answers.size() == 1);
  CHECK(p.answers[0].id == *waiting);
  CHECK(p.answers[0].error == errc::timed_out);
}

TEST_CASE("a BMC that falls silent in any state of the login", "[session][console]") {
  for (const auto state : {console_state::capabilities, console_state::open_session, console_state::rakp1,
                           console_state::rakp3, console_state::set_privilege}) {
    CAPTURE(static_cast<int>(state));
    session_pair p;
    login_until(p, state);
    p.network = [](direction, int, datagram&) { return false; };
    const auto before = p.sent[0];
    const auto begin = p.now;
    p.run(milliseconds{13'999});
    CHECK(p.con.state() == state);
    CHECK(p.sent[0] - before == 5);
    p.run(milliseconds{1});
    if (state == console_state::set_privilege) {  // the BMC may have forgotten the login: once more
      CHECK(p.con.state() == console_state::open_session);
      p.run(seconds(14));
      CHECK(p.sent[0] - before == 10);
    } else {
      CHECK(p.sent[0] - before == 5);
      CHECK(p.now == begin + seconds(14));
    }
    CHECK(failed_with(p, errc::timed_out));
  }
}

// ---- Get Channel Authentication Capabilities ----

TEST_CASE("a BMC without IPMI v2.0", "[session][console]") {
  struct row {
    std::uint8_t types, extended;
  };
  const auto offer = GENERATE(row{0x17, 0x00}, row{0x97, 0x01}, row{0x17, 0x03}, row{0x97, 0x00});
  session_pair p;
  REQUIRE(p.con.start(p.now));
  const auto question = p.next_from_console();
  const datagram data{1, offer.types, 4, offer.extended, 0, 0, 0, 0};
  CHECK(p.tell_console(discovery_answer(question, completion_code::ok, data)) == errc::ok);
  // Anybody can say that, so it counts only if nothing better comes.
  CHECK(p.con.state() == console_state::capabilities);
  SECTION("no better answer") {
    p.network = [](direction, int, datagram&) { return false; };
    p.run(seconds(1));
    CHECK(failed_with(p, errc::peer_lacks_v2));
    CHECK(p.sent[0] == 0);
  }
  SECTION("the genuine one") {
    CHECK(p.tell_console(p.ask_bmc(question)) == errc::ok);
    p.settle();
    CHECK(p.con.state() == console_state::active);
  }
}

TEST_CASE("capabilities refused: asked once without the v2.0 bit", "[session][console]") {
  session_pair p;
  REQUIRE(p.con.start(p.now));
  const auto with_bit = p.next_from_console();
  const auto data_of = [](const datagram& d) {
    const auto rq = decode<lan_request>(bytes(d).subspan(sessionless_v15_payload));
    return datagram(rq->data.begin(), rq->data.end());
  };
  CHECK(data_of(with_bit) == datagram{0x8e, 4});
  CHECK(p.tell_console(discovery_answer(with_bit, completion_code::invalid_field, {})) == errc::ok);
  const auto without = p.next_from_console();
  REQUIRE_FALSE(without.empty());
  CHECK(data_of(without) == datagram{0x0e, 4});
  SECTION("answered: a v1.5 BMC") {
    CHECK(p.tell_console(discovery_answer(without, completion_code::ok, datagram{1, 0x17, 4, 0, 0, 0, 0, 0})) ==
          errc::ok);
    p.network = [](direction, int, datagram&) { return false; };
    p.run(seconds(2));
    CHECK(failed_with(p, errc::peer_lacks_v2));
  }
  SECTION("refused again") {
    CHECK(p.tell_console(discovery_answer(without, completion_code::invalid_field, {})) == errc::ok);
    CHECK(p.next_from_console().empty());
    p.run(seconds(2));
    CHECK(failed_with(p, errc::refused_capabilities, 0xcc));
  }
  SECTION("a question that is lost is asked again; silence behind a refusal ends with the refusal") {
    for (const bool for_ever : {false, true}) {
      int lost = 0;
      session_pair q;
      REQUIRE(q.con.start(q.now));
      CHECK(q.tell_console(discovery_answer(q.next_from_console(), completion_code::invalid_field, {})) == errc::ok);
      q.network = [&](direction d, int, datagram&) { return d == direction::to_console || (++lost > 1 && !for_ever); };
      q.run(seconds(30));
      // Ours does not need the bit to say that it speaks v2.0, but says so only if it was asked with it.
      CHECK(q.con.state() == console_state::closed);
      CHECK(failed_with(q, for_ever ? errc::refused_capabilities : errc::peer_lacks_v2, for_ever ? 0xcc : 0));
      CHECK(lost >= 2);
    }
  }
  SECTION("the refusal was forged: the genuine answer to either question") {
    CHECK(p.tell_console(p.ask_bmc(with_bit)) == errc::ok);
    p.settle();
    CHECK(p.con.state() == console_state::active);
  }
}

TEST_CASE("capabilities shorter or longer than they should be serve, as long as they tell of v2.0",
          "[session][console]") {
  for (std::size_t n = 4; n <= 12; ++n) {
    session_pair p;
    REQUIRE(p.con.start(p.now));
    datagram data{1, 0x97, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0};
    data.resize(n);
    CHECK(p.tell_console(discovery_answer(p.next_from_console(), completion_code::ok, data)) == errc::ok);
    p.settle();
    CHECK(p.con.state() == console_state::active);
  }
}

TEST_CASE("a busy or booting BMC is asked for its capabilities again, within the tries; other codes are named",
          "[session][console]") {
  for (const auto code : {completion_code::busy, completion_code::timeout, completion_code::initialization_in_progress,
                          completion_code::unspecified}) {
    for (const int busy_for : {1, 4, 5}) {
      CAPTURE(static_cast<int>(code), busy_for);
      session_pair p;
      REQUIRE(p.con.start(p.now));
      int asked = 0;
      p.network = [&](direction d, int, datagram& b) {
        if (d == direction::to_console && p.con.state() == console_state::capabilities && ++asked <= busy_for)
          b = discovery_answer(p.log.back(), code, {});
        return true;
      };
      p.run(seconds(30));
      CHECK((p.con.state() == console_state::active) == (busy_for < 5));
      CHECK(asked == (busy_for < 5 ? busy_for + 1 : 5));
      if (busy_for == 5) CHECK(failed_with(p, errc::refused_capabilities, static_cast<std::uint8_t>(code)));
    }
  }
}

TEST_CASE("the first request number is random, and the next ones follow it", "[session][console]") {
  std::set<int> first;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    session_pair p;
    p.con.config().random.seed = seed;
    REQUIRE(p.con.start(p.now));
    const auto number = [](const datagram& d) {
      return int{decode<lan_request>(bytes(d).subspan(sessionless_v15_payload))->sequence.sequence()};
    };
    const auto question = p.next_from_console();
    first.insert(number(question));
    CHECK(p.tell_console(p.ask_bmc(question)) == errc::ok);
    p.settle();
    REQUIRE(p.con.close(p.now));
    p.settle();
    REQUIRE(p.con.start(p.now));
    CHECK(number(p.next_from_console()) == (number(question) + 3) % 64);  // behind the level and the farewell
  }
  CHECK(first.size() > 50);
}

TEST_CASE("an end tells what was tried, and why what came was dropped", "[session][console]") {
  session_pair p;
  login_until(p, console_state::rakp1);
  const auto rakp1 = p.next_from_console();
  auto wrong_tag = p.ask_bmc(rakp1);
  wrong_tag[payload_v2] ^= 0x80;
  for (int i = 0; i < 3; ++i) {
    p.now = p.now + milliseconds{100};
    CHECK(p.tell_console(wrong_tag) == errc::wrong_tag);
  }
  p.network = [](direction, int, datagram&) { return false; };
  p.run(seconds(60));
  CHECK(failed_with(p, errc::timed_out));
  const auto told = last_event(p).effort;
  CHECK(told.tries == 5);
  CHECK(told.elapsed == milliseconds{14'000});
  CHECK(told.dropped == 3);
  CHECK(told.last_drop == errc::wrong_tag);
  SECTION("of silence there is nothing to tell") {
    session_pair silent;
    silent.network = [](direction, int, datagram&) { return false; };
    REQUIRE(silent.con.start(silent.now));
    silent.run(seconds(60));
    CHECK(failed_with(silent, errc::timed_out));
    CHECK(last_event(silent).effort.dropped == 0);
    CHECK(last_event(silent).effort.last_drop == errc::ok);
  }
  SECTION("a step begins to count anew") {
    p.network = [](direction, int, datagram&) { return true; };
    p.session_events.clear();
    REQUIRE(p.con.start(p.now));
    p.settle();
    REQUIRE(p.con.state() == console_state::active);
    CHECK(last_event(p).effort.dropped == 0);
    CHECK(last_event(p).effort.elapsed == milliseconds{0});
  }
}

TEST_CASE("a request's end tells its tries, its time and what was dropped meanwhile", "[session][console]") {
  active_console c;
  const auto tell = [&](instant at) {
    c.now = at;
    c.con.handle_timeout(at);
  };
  const auto begin = c.now;
  REQUIRE(c.con.submit({.command = 1}, c.now));
  auto heard = c.hear();
  REQUIRE(heard.size() == 1);
  auto forged = c.bmc.answer(heard[0].rq);
  forged.back() ^= 1;
  CHECK(c.tell_console(forged) == errc::bad_authcode);
  tell(begin + seconds(1));
  heard = c.hear();
  REQUIRE(heard.size() == 1);
  auto last = c.bmc.answer(heard[0].rq);
  octets out(c.con.max_datagram);
  REQUIRE(c.con.feed(last, begin + milliseconds{1500}));
  const auto done = c.con.next_event();
  REQUIRE(done.succeeded());
  CHECK(done.effort.tries == 2);
  CHECK(done.effort.elapsed == milliseconds{1500});
  CHECK(done.effort.dropped == 1);
  CHECK(done.effort.last_drop == errc::bad_authcode);
}

TEST_CASE("malformed capabilities are dropped", "[session][console]") {
  session_pair p;
  REQUIRE(p.con.start(p.now));
  const auto question = p.next_from_console();
  for (std::size_t n = 0; n < 4; ++n) {
    datagram data{1, 0x97, 4, 3};
    data.resize(n);
    CHECK(is_drop(p.tell_console(discovery_answer(question, completion_code::ok, data))));
  }
  auto other = question;
  const auto rq = decode<lan_request>(bytes(question).subspan(sessionless_v15_payload));
  for (const int what : {0, 1, 2, 3}) {
    lan_response rs = respond(*rq, completion_code::ok);
    const datagram data{1, 0x97, 4, 3, 0, 0, 0, 0};
    rs.data = data;
    if (what == 0) rs.sequence = seq_lun::of(static_cast<std::uint8_t>(rs.sequence.sequence() + 1));
    if (what == 1) rs.command = app::get_device_id;
    if (what == 2) rs.target = net_fn_lun::response(net_fn::chassis);
    if (what == 3) rs.responder = 0x22;
    other.resize(128);
    other.resize(*encode_sessionless_v15(rs, other));
    CHECK(p.tell_console(other) == errc::unmatched_response);
  }
  CHECK(p.con.state() == console_state::capabilities);
  CHECK(p.tell_console(p.ask_bmc(question)) == errc::ok);
  CHECK(p.con.state() == console_state::open_session);
}

TEST_CASE("a new start() forgets what the last login heard", "[session][console]") {
  auto o = default_console();
  o.suites = suites_of({17, 3});
  session_pair p(o);
  REQUIRE(p.login());
  REQUIRE(p.con.suites_offered());
  REQUIRE(p.con.capabilities().offers_v2());
  REQUIRE(p.con.close(p.now));
  p.settle();
  REQUIRE(p.con.start(p.now));
  CHECK_FALSE(p.con.suites_offered());
  CHECK_FALSE(p.con.capabilities().offers_v2());
  CHECK(p.con.given_up().suite == suite_given_up::none);
}

TEST_CASE("restarts are granted to each suite of a list anew", "[session][console]") {
  auto o = default_console();
  o.suites = suites_of({17, 16, 15, 12, 11, 8, 3});
  o.retry.tries = 2;
  session_pair p(o);
  int forgotten = 0;
  p.network = [&](direction d, int, datagram& b) {
    const auto packet = look(b);
    if (d != direction::to_console || packet->format != packet_format::v2 || packet->id != session_id::none)
      return true;
    if (packet->kind.type() == payload_type::open_session_response && p.con.suite().id != 3) b = refusal(0x11)(b);
    if (packet->kind.type() == payload_type::rakp2 && forgotten++ == 0) b = refusal(0x02)(b);
    return true;
  };
  REQUIRE(p.login());
  CHECK(p.con.suite().id == 3);
  CHECK(count_sent(p, payload_type::open_session_request) == 8);
}

TEST_CASE("a level that is refused is told with the effort of asking for it, not of the goodbye",
          "[session][console]") {
  session_pair p;
  login_until(p, console_state::set_privilege);
  insider bmc(p, default_console());
  const auto asked = bmc.read(p.next_from_console());
  auto forged = bmc.answer(asked.rq);
  forged.back() ^= 1;
  CHECK(p.tell_console(forged) == errc::bad_authcode);
  p.now = p.now + milliseconds{300};
  CHECK(p.tell_console(bmc.answer(asked.rq, completion_code{0x81})) == errc::ok);
  p.network = [](direction, int, datagram&) { return false; };
  p.run(seconds(5));
  REQUIRE(failed_with(p, errc::refused_privilege, 0x81));
  const auto told = last_event(p).effort;
  CHECK((told.tries == 1 && told.dropped == 1 && told.last_drop == errc::bad_authcode));
  CHECK(told.elapsed == milliseconds{300});
}
