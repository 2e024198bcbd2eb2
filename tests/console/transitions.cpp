// SPDX-License-Identifier: BSL-1.0
// The console is driven through every row of its transition table, and through nothing else.
#include "support/catch.hpp"
#include "support/console_script.hpp"
#include "support/diagram.hpp"

#include <set>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using namespace rmcpp::testing;

constexpr auto last_state = static_cast<int>(console_state::closed);
constexpr auto last_trigger = static_cast<int>(console_trigger::close);

console_options two_suites() {
  auto o = default_console();
  o.suites = suites_of({17, 3});
  return o;
}

template <class Pair> void deaf(Pair& p) {
  p.network = [](direction, int, datagram&) { return false; };
}

struct v15_console : test_console_traits {
  static constexpr bool v15 = true;
};
struct v15_bmc : test_bmc_traits {
  static constexpr bool v15 = true;
};
using pair_of_both = session_pair<null_backend, v15_bmc, null_backend, v15_console>;

bmc_options with_v15() {
  auto o = default_bmc();
  o.v15.types = {auth_type::md5};
  return o;
}
/// How the console logs in that is to come to `state`.
console_options on_the_way_to(console_state state) {
  auto o = two_suites();
  if (state == console_state::challenge || state == console_state::activate) o.v15 = {auth_type::md5};
  return o;
}

/// A login brought to `state`, whatever state that is.
pair_of_both in(console_state state) {
  pair_of_both p(on_the_way_to(state), with_v15());
  if (state == console_state::idle) return p;
  if (state < console_state::closing) {
    login_until(p, state);
  } else {
    login_until(p, console_state::active);
    (void)p.con.close(p.now);
    if (state == console_state::closed) p.settle();
  }
  p.collect();
  return p;
}

/// What the console does in all its adventures.
std::vector<console_transition> adventures() {
  std::vector<console_transition> seen;
  const auto take = [&](auto& p) {
    const auto& steps = p.con.config().steps;
    seen.insert(seen.end(), steps.begin(), steps.end());
  };

  {  // with and without a question for the suites; begun anew
    session_pair<> p(two_suites());
    (void)p.login();
    (void)p.con.close(p.now);
    p.settle();
    (void)p.login();
    take(p);
    session_pair<> q;
    (void)q.login();
    take(q);
  }
  for (int s = static_cast<int>(console_state::capabilities); s <= static_cast<int>(console_state::closing); ++s) {
    const auto state = static_cast<console_state>(s);
    auto silent = in(state);
    deaf(silent);
    silent.run(seconds(100));
    take(silent);
    auto closed = in(state);
    (void)closed.con.close(closed.now);
    closed.settle();
    take(closed);
  }
  {  // v1.5, and a session whose packets are all lost
    pair_of_both p(on_the_way_to(console_state::activate), with_v15());
    (void)p.login();
    take(p);
    pair_of_both q(on_the_way_to(console_state::activate), with_v15());
    q.network = [](direction d, int, datagram& b) {
      return d == direction::to_console || look(b)->id == session_id::none || look(b)->sequence == 0;
    };
    REQUIRE(q.con.start(q.now));
    q.run(seconds(100));
    take(q);
    pair_of_both r(on_the_way_to(console_state::activate), with_v15());  // no answer to Activate Session, at first
    r.network = [](direction d, int n, datagram& b) { return d == direction::to_bmc || n < 3 || n > 6 || b.empty(); };
    (void)r.con.start(r.now);
    r.run(seconds(100));
    take(r);
    pair_of_both wrong(on_the_way_to(console_state::activate), with_v15());  // none at all, as to a wrong password
    wrong.network = [](direction d, int, datagram& b) {
      return d == direction::to_bmc || look(b)->id == session_id::none;
    };
    (void)wrong.con.start(wrong.now);
    wrong.run(seconds(100));
    take(wrong);
  }
  session_pair<> mute;  // whose packets in the session are all lost
  mute.network = [](direction d, int, datagram& b) {
    return d == direction::to_console || look(b)->id == session_id::none || format_of(b) == packet_format::v15 ||
           look(b)->kind.type() != payload_type::ipmi;
  };
  REQUIRE(mute.con.start(mute.now));
  mute.run(seconds(100));
  take(mute);
  for (const auto type : {payload_type::open_session_response, payload_type::rakp2, payload_type::rakp4}) {
    for (const std::uint8_t status : {std::uint8_t{0x11}, std::uint8_t{0x0f}, std::uint8_t{0x02}}) {
      session_pair<> p(two_suites());
      p.network = [=](direction d, int, datagram& b) {
        if (d == direction::to_console && format_of(b) != packet_format::v15 && type_of(b) == type)
          b = error_reply(type, tag_of(b), status, session_id{load_le32(b.data() + payload_v2 + 4)});
        return true;
      };
      (void)p.login();
      take(p);
    }
  }
  return seen;
}

}  // namespace

TEST_CASE("the console goes through every row of the table and no other", "[session][transitions]") {
  std::set<std::string> driven, table;
  for (const auto& step : adventures()) driven.insert(text_of(step));
  for (const auto& row : console_transitions) table.insert(text_of(row));
  CHECK(driven == table);
  CHECK(table.size() == console_transitions.size());
}

TEST_CASE("what is not in the table is illegal", "[session][transitions]") {
  std::size_t legal = 0;
  for (int from = 0; from <= last_state; ++from) {
    for (int on = 0; on <= last_trigger; ++on) {
      for (int to = 0; to <= last_state; ++to) {
        const console_transition step{static_cast<console_state>(from), static_cast<console_trigger>(on),
                                      static_cast<console_state>(to)};
        bool listed = false;
        for (const auto& row : console_transitions) listed = listed || row == step;
        CHECK(is_legal(step) == listed);
        legal += listed ? 1 : 0;
      }
    }
  }
  CHECK(legal == console_transitions.size());
}

TEST_CASE("steps join up: each begins where the last ended", "[session][transitions]") {
  auto state = console_state::idle;
  for (const auto& step : adventures()) {
    // Each adventure is a console of its own, and begins idle.
    if (step.from == console_state::idle) state = console_state::idle;
    CHECK(step.from == state);
    state = step.to;
  }
}

TEST_CASE("events that fit no row leave the state alone", "[session][transitions]") {
  for (int s = 0; s <= last_state; ++s) {
    const auto state = static_cast<console_state>(s);
    CAPTURE(name_of(state));
    for (const bool sent : {false, true}) {
      auto p = in(state);
      datagram out;
      if (sent) out = p.next_from_console();
      const auto id = p.con.id();
      const auto tag = out.size() > payload_v2 && format_of(out) != packet_format::v15 ? tag_of(out) : std::uint8_t{0};
      const auto& suite = *find_suite(17);

      struct input {
        console_state fits;  ///< the one state in which it might mean something, once its question is out
        datagram d;
      };
      std::vector<input> inputs;
      const auto add = [&](console_state fits, datagram d) { inputs.push_back({fits, std::move(d)}); };
      for (int number = 0; number < 64; ++number) {
        lan_request question{.target = net_fn_lun::request(net_fn::app),
                             .sequence = seq_lun::of(static_cast<std::uint8_t>(number)),
                             .command = app::get_channel_auth_capabilities,
                             .data = {}};
        datagram wire(64);
        wire.resize(*encode_sessionless_v15(question, wire));
        add(console_state::capabilities,
            discovery_answer(wire, completion_code::ok, datagram{1, 0x80, 0, 2, 0, 0, 0, 0}));
        add(console_state::capabilities, discovery_answer(wire, completion_code::invalid_field, {}));
        question.command = app::get_channel_cipher_suites;
        wire.resize(64);
        wire.resize(*encode_sessionless_v2(payload_type::ipmi, question, wire));
        add(console_state::cipher_suites, discovery_answer(wire, completion_code::ok, datagram{1}));
      }
      add(console_state::open_session,
          sessionless(payload_type::open_session_response,
                      open_session_response{tag, rakp_status::no_errors, privilege::administrator, id, session_id{7},
                                            authentication_payload::of(suite.authentication),
                                            integrity_payload::of(suite.integrity),
                                            confidentiality_payload::of(suite.confidentiality)}));
      add(console_state::rakp1, sessionless(payload_type::rakp2, rakp2{.tag = tag, .console_id = id}));
      add(console_state::rakp3, sessionless(payload_type::rakp4, rakp4{.tag = tag, .console_id = id}));
      for (const std::uint8_t status : {std::uint8_t{1}, std::uint8_t{0x0f}, std::uint8_t{0x11}}) {
        add(console_state::open_session, error_reply(payload_type::open_session_response, tag, status, id));
        add(console_state::rakp1, error_reply(payload_type::rakp2, tag, status, id));
        add(console_state::rakp3, error_reply(payload_type::rakp4, tag, status, id));
      }
      // Never for a console: requests, a packet of no session, nothing at all, an ASF pong.
      const auto never = console_state::idle;
      for (const auto type : {payload_type::open_session_request, payload_type::rakp1, payload_type::rakp3})
        add(never, sessionless(type, bytes(datagram(32, 1))));
      auto stray = sessionless(payload_type::ipmi, bytes(datagram(32, 1)));
      stray[6] = 1;
      add(never, stray);
      add(never, {});
      datagram pong(64);
      pong.resize(*encode_pong(0, presence_pong{}, pong));
      add(never, pong);

      const auto timeout = p.con.poll_timeout();
      const auto steps = p.con.config().steps.size();
      for (const auto& i : inputs) {
        if (i.fits == state && sent) continue;
        CHECK(is_drop(p.tell_console(i.d)));
      }
      p.con.handle_timeout(p.now);
      if (state != console_state::idle && state != console_state::closed)
        CHECK(p.con.start(p.now).error() == errc::wrong_state);
      if (state == console_state::idle || state == console_state::closed || state == console_state::closing) {
        CHECK(p.con.close(p.now).error() == errc::wrong_state);
        CHECK(p.submit(1).error() == errc::wrong_state);
      }
      CHECK(p.con.state() == state);
      CHECK(p.con.poll_timeout() == timeout);
      CHECK(p.con.config().steps.size() == steps);
    }
  }
}
