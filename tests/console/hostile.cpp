// SPDX-License-Identifier: BSL-1.0
// Setup replies that are malformed, misplaced or forged.
#include "support/catch.hpp"
#include "support/console_script.hpp"

#include <algorithm>

namespace {

using namespace rmcpp;
using namespace rmcpp::protect;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;

console_options console_for(std::uint8_t suite) {
  auto o = default_console();
  o.suites = suites_of({suite});
  return o;
}

/// A console that waits in `state`, what it sent, and the genuine reply to that.
struct waiting {
  session_pair<> p;
  datagram out, reply;
  explicit waiting(console_state state, const console_options& o = default_console()) : p(o) {
    login_until(p, state);
    out = p.next_from_console();
    reply = p.ask_bmc(out);
  }
  /// The genuine reply and then the rest of the login.
  bool succeeds() {
    if (p.tell_console(reply) != errc::ok) return false;
    p.settle();
    return p.con.state() == console_state::active;
  }
};

constexpr std::array setup_states{console_state::open_session, console_state::rakp1, console_state::rakp3};
constexpr std::array<std::uint8_t, 3> reply_types{0x11, 0x13, 0x15};

}  // namespace

// ---- every setup reply ----

TEST_CASE("no prefix of a setup reply counts, and none harms", "[session][console][hostile]") {
  for (const auto state : setup_states) {
    waiting w(state);
    const bool rakp4 = state == console_state::rakp3;
    // The fixed parts; shorter codes are a matter of RAKP.
    const std::size_t fixed = state == console_state::open_session ? 36 : rakp4 ? 8 : 40;
    for (std::size_t n = 0; n < w.reply.size(); ++n)
      CHECK(is_drop(w.p.tell_console({w.reply.begin(), w.reply.begin() + static_cast<std::ptrdiff_t>(n)})));
    for (std::size_t n = 0; n < fixed; ++n) {
      CAPTURE(static_cast<int>(state), n);
      CHECK(is_drop(w.p.tell_console(sessionless(type_of(w.reply), payload_of(w.reply).first(n)))));
    }
    CHECK(w.p.con.state() == state);
    CHECK(w.succeeds());
  }
}

TEST_CASE("error forms: 0 and 1 bytes are no message", "[session][console][hostile]") {
  for (const auto state : setup_states) {
    waiting w(state);
    const auto type = type_of(w.reply);
    CHECK(is_drop(w.p.tell_console(sessionless(type, bytes{}))));
    CHECK(is_drop(w.p.tell_console(sessionless(type, bytes(std::array<std::uint8_t, 1>{0xc7})))));
    w.p.run(milliseconds{999});
    CHECK(w.p.con.state() == state);
    CHECK(w.succeeds());
  }
}

TEST_CASE("setup replies are unprotected, outside a session, and whole", "[session][console][hostile]") {
  for (const auto state : setup_states) {
    waiting w(state);
    const auto outcome = [&](std::size_t at, std::uint8_t value) {
      auto d = w.reply;
      d[at] = value;
      return w.p.tell_console(d);
    };
    CHECK(is_drop(outcome(5, static_cast<std::uint8_t>(w.reply[5] | 0x40))));
    CHECK(outcome(5, static_cast<std::uint8_t>(w.reply[5] | 0x80)) == errc::unexpected_protection);
    CHECK(outcome(6, 1) == errc::unknown_session);
    CHECK(outcome(10, 1) == errc::unexpected_protection);
    CHECK(outcome(14, 0) == errc::bad_length);
    CHECK(outcome(14, static_cast<std::uint8_t>(w.reply[14] + 1)) == errc::bad_length);
    CHECK(outcome(15, 0xff) == errc::bad_length);
    CHECK(outcome(0, 0x05) == errc::bad_version);
    CHECK(outcome(2, 0x00) == errc::bad_rmcp_sequence);
    CHECK(outcome(3, 0x06) == errc::bad_message_class);
    CHECK(outcome(3, 0x87) == errc::bad_message_class);
    CHECK(w.succeeds());
  }
}

TEST_CASE("bytes behind a setup message, or behind an answer to a question before it, change nothing",
          "[session][console][hostile][N-V2-25]") {
  for (std::size_t surplus = 1; surplus <= 8; ++surplus) {
    for (const int with : {0x00, 0x07, 0xff}) {
      CAPTURE(surplus, with);
      session_pair<> p;
      int extended = 0;
      p.network = [&](direction, int, datagram& d) {
        const auto packet = look(d);
        if (packet->format != packet_format::v2 || packet->id != session_id::none) return true;
        ++extended;
        d.insert(d.end(), surplus, static_cast<std::uint8_t>(with));
        return true;
      };
      CHECK(p.login());
      CHECK(extended >= 6);
      for (const auto dropped : p.console_drops) CHECK(dropped == errc::ok);
      for (const auto dropped : p.bmc_drops) CHECK(dropped == errc::ok);
    }
  }
}

TEST_CASE("a refusal with bytes behind it is a refusal", "[session][console][hostile][N-V2-25]") {
  waiting w(console_state::rakp1);
  auto refusal = error_reply(payload_type::rakp2, tag_of(w.out), 0x12, w.p.con.id(), 40);
  const datagram trailer{0xff, 0xff, 0x02, 0x07};
  refusal.insert(refusal.end(), trailer.begin(), trailer.end());
  CHECK(w.p.tell_console(refusal) == errc::ok);
}

TEST_CASE("wrong tag, wrong SIDm", "[session][console][hostile]") {
  for (const auto state : setup_states) {
    waiting w(state);
    for (const int by : {1, 2, 128, 255}) {
      auto d = w.reply;
      d[payload_v2] = static_cast<std::uint8_t>(d[payload_v2] + by);
      CHECK(w.p.tell_console(d) == errc::wrong_tag);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      auto d = w.reply;
      d[payload_v2 + 4 + i] ^= 1;
      CHECK(w.p.tell_console(d) == errc::unknown_session);
    }
    CHECK(w.succeeds());
  }
}

TEST_CASE("replies that another state waits for, and requests, are dropped", "[session][console][hostile]") {
  for (const auto state : setup_states) {
    waiting w(state);
    for (int type = 0; type < 0x40; ++type) {
      auto d = w.reply;
      if (d[5] == type) continue;
      d[5] = static_cast<std::uint8_t>(type);
      CAPTURE(static_cast<int>(state), type);
      const auto e = w.p.tell_console(d);
      const bool reply = std::find(reply_types.begin(), reply_types.end(), type) != reply_types.end();
      CHECK(e == (reply || type == 0 ? errc::unexpected_message
                  : type == 2        ? e  // a longer header
                                     : errc::bad_payload_type));
      CHECK(is_drop(e));
    }
    CHECK(w.succeeds());
  }
}

TEST_CASE("nothing can answer what has not been sent", "[session][console][hostile]") {
  for (const auto state : setup_states) {
    session_pair p;
    login_until(p, state);
    CHECK(p.tell_console(error_reply(payload_type{reply_types[static_cast<std::size_t>(state) - 3]}, 0, 1,
                                     session_id::none)) == errc::unexpected_message);
    p.settle();
    CHECK(p.con.state() == console_state::active);
  }
}

TEST_CASE("a spoofer off the path answers every step first", "[session][console][hostile]") {
  auto o = default_console();
  o.suites = suites_of({17, 3});
  session_pair p(o);
  REQUIRE(p.con.start(p.now));
  std::uint32_t dice = 7;
  while (p.con.state() != console_state::active) {
    auto out = p.next_from_console();
    REQUIRE_FALSE(out.empty());
    const auto state = p.con.state();
    for (int i = 0; i < 300; ++i) {
      datagram junk(static_cast<std::size_t>(i % 90));
      for (auto& b : junk) b = static_cast<std::uint8_t>((dice = dice * 1664525 + 1013904223) >> 24);
      (void)p.tell_console(junk);
      // He does not know SIDm; tags he may guess.
      for (const auto type : reply_types) {
        const auto tag = static_cast<std::uint8_t>(i);
        (void)p.tell_console(error_reply(payload_type{type}, tag, tag, session_id::none, 2u + junk.size() % 39));
        (void)p.tell_console(error_reply(payload_type{type}, tag, tag, session_id{dice | 1}));
        (void)p.tell_console(sessionless(payload_type{type}, bytes(junk)));
      }
    }
    REQUIRE(p.con.state() == state);
    CHECK(p.tell_console(p.ask_bmc(out)) == errc::ok);
  }
  CHECK(p.session_events.size() == 1);
}

// ---- Open Session Response ----

TEST_CASE("a BMC's session id of 0 ends the login", "[session][console][hostile]") {
  waiting w(console_state::open_session);
  (void)w.p.tell_console(edited<open_session_response>(w.reply, [](auto& m) { m.managed_id = session_id::none; }));
  CHECK(failed_with(w.p, errc::bad_managed_id));
  CHECK(w.p.next_from_console().empty());
}

TEST_CASE("the level in an Open Session Response is not believed", "[session][console][hostile]") {
  for (const int level : {0, 1, 2, 3, 5, 15}) {
    waiting w(console_state::open_session);
    w.reply = edited<open_session_response>(w.reply, [&](auto& m) { m.max_privilege = static_cast<privilege>(level); });
    CHECK(w.succeeds());
  }
}

TEST_CASE("reserved bytes of an Open Session Response may be anything", "[session][console][hostile]") {
  waiting w(console_state::open_session);
  for (const std::size_t at : {3u, 13u, 14u, 17u, 18u, 19u, 21u, 22u, 25u, 26u, 27u, 29u, 30u, 33u, 34u, 35u})
    w.reply[payload_v2 + at] = 0xff;
  CHECK(w.succeeds());
}

TEST_CASE("the first valid reply wins", "[session][console][hostile]") {
  for (const auto state : setup_states) {
    waiting w(state);
    CHECK(w.p.tell_console(w.reply) == errc::ok);
    const auto late = error_reply(type_of(w.reply), tag_of(w.reply), 1, w.p.con.id());
    CHECK(w.p.tell_console(late) == errc::unexpected_message);
    CHECK(w.p.tell_console(w.reply) == errc::unexpected_message);
    w.p.settle();
    CHECK(w.p.con.state() == console_state::active);

    waiting other(state);
    CHECK(other.p.tell_console(error_reply(type_of(other.reply), tag_of(other.reply), 1, other.p.con.id())) ==
          errc::ok);
    CHECK(other.p.tell_console(other.reply) == errc::unexpected_message);
    CHECK(other.p.con.state() == console_state::closed);
  }
}

// ---- RAKP 2 and RAKP 4 ----

TEST_CASE("RAKP 2 codes that are not the code", "[session][console][hostile]") {
  for (const auto suite : all_suites) {
    const auto size = rakp_code_size(find_suite(suite)->authentication);
    std::vector<datagram> codes;
    if (size == 0) {
      codes = {datagram(1), datagram(20), datagram(32)};
    } else {
      codes = {{}, datagram(size), datagram(size - 1), datagram(size + 1)};
    }
    for (std::size_t n = 0; n < 2 * size + 2 && size != 0; ++n) codes.push_back({});
    for (std::size_t n = 0; n < codes.size(); ++n) {
      CAPTURE(int{suite}, n);
      waiting w(console_state::rakp1, console_for(suite));
      const auto right = message_in<rakp2>(w.reply).code;
      auto code = codes[n];
      if (size != 0 && n >= 4) {
        code.assign(right.view().begin(), right.view().end());
        if (n - 4 < size) {
          code[n - 4] ^= 1;
        } else if (n - 4 < 2 * size) {
          code.resize(n - 4 - size);
        } else {
          code.push_back(n % 2 != 0 ? 0 : code.back());
        }
      }
      const auto told = w.p.tell_console(edited<rakp2>(w.reply, [&](auto& m) { CHECK(m.code.assign(code)); }));
      CHECK(told == errc::ok);
      if (code.size() == size) CHECK(failed_with(w.p, errc::bad_rakp2_code));
      if (code.size() != size) CHECK(failed_with(w.p, errc::wrong_rakp2_size, static_cast<std::uint8_t>(code.size())));
      const auto last = w.p.next_from_console();
      REQUIRE(last.size() == payload_v2 + 8);
      CHECK(message_in<rakp3>(last).status == rakp_status::invalid_integrity_check_value);
      CHECK(w.p.next_from_console().empty());
    }
  }
}

TEST_CASE("a RAKP 2 code too long for any algorithm is dropped", "[session][console][hostile]") {
  waiting w(console_state::rakp1);
  const auto good = payload_of(w.reply);
  datagram longer(good.begin(), good.end());
  longer.resize(40 + 34);
  CHECK(is_drop(w.p.tell_console(sessionless(payload_type::rakp2, bytes(longer)))));
  CHECK(w.succeeds());
}

TEST_CASE("RAKP 2 codes over other bytes", "[session][console][hostile]") {
  for (int what = 0; what < 7; ++what) {
    CAPTURE(what);
    waiting w(console_state::rakp1);
    auto m = message_in<rakp2>(w.reply);
    auto t = w.p.con.transcript();
    t.managed_random = m.managed_random;
    t.managed_guid = m.managed_guid;
    if (what == 0) std::swap(t.console_id, t.managed_id);
    if (what == 1) std::reverse(t.managed_guid.begin(), t.managed_guid.end());
    if (what == 2) std::swap(t.console_random, t.managed_random);
    if (what == 3) t.role = role_byte{0x04};
    if (what == 4) t.name = {};
    if (what == 5) m.managed_random[15] ^= 1;
    if (what == 6) m.managed_guid[0] ^= 1;
    bmc_backend b;
    m.code = *rakp2_code(b, w.p.con.suite().authentication, key_of("secret"), t);
    CHECK(w.p.tell_console(sessionless(payload_type::rakp2, m)) == errc::ok);
    CHECK(failed_with(w.p, errc::bad_rakp2_code));
  }
}

TEST_CASE("an Rc of zeros, or our own Rm come back", "[session][console][hostile]") {
  for (const auto suite : {std::uint8_t{3}, std::uint8_t{0}}) {
    for (const bool own : {false, true}) {
      waiting w(console_state::rakp1, console_for(suite));
      auto m = message_in<rakp2>(w.reply);
      auto t = w.p.con.transcript();
      t.managed_random = own ? t.console_random : octets16{};
      t.managed_guid = m.managed_guid;
      m.managed_random = t.managed_random;
      bmc_backend b;
      m.code = *rakp2_code(b, w.p.con.suite().authentication, key_of("secret"), t);
      CHECK(w.p.tell_console(sessionless(payload_type::rakp2, m)) == errc::ok);
      CHECK(failed_with(w.p, errc::weak_random));
      CHECK(w.p.next_from_console().empty());
    }
  }
}

TEST_CASE("RAKP 4 values: cut or whole, but right", "[session][console][hostile]") {
  for (const auto suite : all_suites) {
    const auto auth = find_suite(suite)->authentication;
    const auto whole_size = rakp_code_size(auth), cut = rakp4_code_size(auth);
    for (std::size_t size = 0; size <= 33; ++size) {
      for (const bool right : {true, false}) {
        CAPTURE(int{suite}, size, right);
        session_pair p(console_for(suite));
        login_until(p, console_state::rakp3);
        const auto reply = p.ask_bmc(p.next_from_console());
        bmc_backend b;
        const auto& t = p.con.transcript();
        const auto sik = session_integrity_key(b, auth, key_of("secret"), {}, t);
        const auto whole = rakp4_code(b, auth, *sik, t);
        datagram value(whole->view().begin(), whole->view().end());
        value.resize(size);
        if (!right && size == 0) continue;
        if (!right) value[size / 2] ^= 1;
        const bool accepted = right && (size == cut || size == whole_size);
        CHECK(p.tell_console(edited<rakp4>(reply, [&](auto& m) { CHECK(m.code.assign(value)); })) == errc::ok);
        CHECK((p.con.state() == console_state::set_privilege) == accepted);
        const bool fits = size == cut || size == whole_size;
        if (!accepted && fits) CHECK(failed_with(p, errc::bad_rakp4_code));
        if (!accepted && !fits) {
          CHECK(failed_with(p, errc::wrong_rakp4_size, static_cast<std::uint8_t>(size)));
        }
      }
    }
  }
}

// ---- outside and after a session ----

TEST_CASE("setup replies have no effect within a session", "[session][console][hostile]") {
  session_pair p;
  std::vector<datagram> replies;
  p.network = [&](direction d, int, datagram& b) {
    if (d == direction::to_console) replies.push_back(b);
    return true;
  };
  REQUIRE(p.login());
  for (const auto& d : replies) CHECK(is_drop(p.tell_console(d)));
  for (const auto type : reply_types)
    CHECK(p.tell_console(error_reply(payload_type{type}, 0, 1, p.con.id())) == errc::unexpected_message);
  CHECK(p.con.state() == console_state::active);
}

TEST_CASE("random bytes at every state", "[session][console][hostile]") {
  std::uint32_t dice = 99;
  const auto next = [&] { return static_cast<std::uint8_t>((dice = dice * 1664525 + 1013904223) >> 24); };
  for (int round = 0; round < 300; ++round) {
    session_pair p;
    REQUIRE(p.con.start(p.now));
    for (int i = 0; i < 12; ++i) {
      auto out = p.next_from_console();
      if (out.empty()) break;
      auto reply = p.ask_bmc(out);
      for (int k = 0; k < 4 && !reply.empty(); ++k) {
        auto bad = reply;
        for (int flips = next() % 3; flips >= 0; --flips) bad[next() % bad.size()] = next();
        if (next() % 4 == 0) bad.resize(bad.size() - next() % bad.size());
        (void)p.tell_console(bad);
      }
      if (!reply.empty()) (void)p.tell_console(reply);
    }
    p.run(seconds(100));
    CHECK((p.con.state() == console_state::active || p.con.state() == console_state::closed));
  }
}
