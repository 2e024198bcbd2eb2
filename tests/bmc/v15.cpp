// SPDX-License-Identifier: BSL-1.0
// IPMI v1.5 sessions at a BMC, beside RMCP+: packets, commands, and what is told of them. Tags: tests/README.md.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/crypto/openssl.hpp>

#include "support/catch.hpp"
#include "support/v15_rig.hpp"

#include <string>
#include <type_traits>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::to_hex;

using rig = v15_rig<>;
using client = v15_console<rig>;

const test_peer elsewhere{0x7f000002, 40000};
constexpr auth_type matrix_types[] = {auth_type::none, auth_type::md5, auth_type::straight_password};
constexpr std::uint8_t deferred = test_handler::deferred_command;

struct without_v15 : test_bmc_traits {};
struct guarded : v15_traits {
  static constexpr bool allow_unauthenticated = false;
};

/// bmc::complete(), and the datagram it made.
result<outgoing<test_peer>> complete(rig& r, ticket t, bytes data, octets& datagram) {
  datagram.assign(rig::machine::max_datagram, 0);
  const auto n = r.managed.complete(t, {completion_code::ok, data}, datagram, r.now);
  datagram.resize(n ? n->size : 0);
  return n;
}

/// Auth types, status and extended byte of Get Channel Authentication Capabilities.
template <class Rig> std::string capabilities(Rig& r, privilege level, bool v2) {
  v15_console<Rig> c(r, auth_type::none);
  const octets data{static_cast<std::uint8_t>(v2 ? 0x8e : 0x0e), static_cast<std::uint8_t>(level)};
  const auto a = c.ask(app::get_channel_auth_capabilities, data);
  REQUIRE(a.data.size() == 8);
  return to_hex(bytes(a.data).subspan(1, 3));
}

}  // namespace

TEST_CASE("a packet of a session that is not as agreed is dropped, and the genuine one is executed",
          "[session][bmc][v15][N-V15-02][N-V15-03][N-V15-04][N-V15-06][N-V15-08]") {
  for (const auto type : matrix_types) {
    CAPTURE(static_cast<int>(type));
    rig r(v15_bmc());
    client c(r, type);
    REQUIRE(c.login());
    const auto good = c.sealed(c.request(net_fn::chassis, 1, octets{1, 2, 3}));
    const bool has_code = type != auth_type::none;
    for (std::size_t n = 0; n < good.size(); ++n) CHECK(dropped(r, c.from, bytes(good).first(n)));
    for (std::size_t at = 0; at < good.size(); ++at) {
      if (at == 1) continue;  // RMCP's reserved byte
      // The number of a packet that nothing, or nothing but a password, vouches for may be one of the window's.
      if (type != auth_type::md5 && at == 5) continue;
      auto bad = good;
      bad[at] ^= 1;
      CAPTURE(at);
      CHECK(dropped(r, c.from, bad));
    }
    for (unsigned other = 0; other < 256; ++other) {
      if (other == static_cast<unsigned>(type)) continue;
      auto bad = good;
      bad[4] = static_cast<std::uint8_t>(other);
      CHECK(dropped(r, c.from, bad));
      if (has_code) bad.erase(bad.begin() + 13, bad.begin() + 29);
      if (!has_code) bad.insert(bad.begin() + 13, 16, 0);
      CHECK(dropped(r, c.from, bad));
    }
    for (const unsigned length : {0u, 1u, 6u, 9u, 11u, 255u}) {
      auto bad = good;
      bad[has_code ? 29 : 13] = static_cast<std::uint8_t>(length);
      CHECK(dropped(r, c.from, bad));
    }
    CHECK(dropped(r, elsewhere, good));
    CHECK(r.last == errc::wrong_peer);
    CHECK(r.handler().commands.empty());
    // Where nothing vouches for the message, its number is used up.
    if (type != auth_type::md5) CHECK(dropped(r, c.from, good));
    CHECK(c.send(type == auth_type::md5 ? good : c.sealed(c.request(net_fn::chassis, 1, octets{1, 2, 3}))).data ==
          octets{1, 2, 3});
    CHECK(r.managed.counters().commands == 1);
  }
}

TEST_CASE("a message too short, or with a wrong checksum under a right code, is dropped",
          "[session][bmc][v15][N-V15-01][N-V15-08][N-V15-09]") {
  for (const auto type : matrix_types) {
    rig r(v15_bmc());
    client c(r, type);
    REQUIRE(c.login());
    const auto message = encoded(c.request(net_fn::chassis, 1, octets{}));
    std::uint32_t number = c.activated.first_to_bmc;
    for (std::size_t n = 0; n < message.size(); ++n)
      CHECK(dropped(r, c.from, c.sealed(bytes(message).first(n), type, number, c.activated.id)));
    for (const std::size_t at : {std::size_t{2}, message.size() - 1}) {
      auto bad = message;
      ++bad[at];
      number = number == 0xffffffff ? 1 : number + 1;
      CHECK(dropped(r, c.from, c.sealed(bad, type, number, c.activated.id)));
      CHECK(r.last == errc::bad_checksum);
    }
    CHECK(r.handler().commands.empty());
  }
}

TEST_CASE("bytes behind the message are ignored", "[session][bmc][v15][N-V15-07]") {
  for (const auto type : matrix_types) {
    rig r(v15_bmc());
    client c(r, type);
    REQUIRE(c.ask_challenge() == completion_code::ok);
    auto activate = c.activate_datagram();
    activate.push_back(0);
    CHECK(c.take_activated(c.exchange(activate)).code == completion_code::ok);
    for (std::size_t n = 1; n <= 4; ++n) {
      auto datagram = c.sealed(c.request(net_fn::chassis, 1));
      datagram.insert(datagram.end(), n, 0xa5);
      CHECK(c.send(datagram).got);
    }
  }
}

TEST_CASE("numbers within eight of the highest, each once, round without 0", "[session][bmc][v15][N-V15-13]") {
  for (const auto type : matrix_types) {
    rig r(v15_bmc());
    client c(r, type);
    REQUIRE(c.login());
    const std::uint32_t first = c.activated.first_to_bmc;
    REQUIRE(first > 100);
    REQUIRE(first < 0xffffff00);  // with this entropy
    const auto taken = [&](std::uint32_t number) {
      const octets reply = r.ask(c.from, c.sealed(c.request(net_fn::chassis, 1), number));
      return !reply.empty();
    };
    for (const auto n : {first - 9, first + 9, 0u, first ^ 0x80000000u}) CHECK_FALSE(taken(n));
    CHECK(taken(first + 8));
    CHECK(taken(first));
    CHECK_FALSE(taken(first));  // another request under that number
    CHECK_FALSE(taken(first - 1));
    CHECK(taken(first + 16));
    CHECK(taken(first + 15));
    CHECK_FALSE(taken(first + 7));
    const auto executed = r.handler().commands.size();
    CHECK(executed == 4);
  }
  rig r(v15_bmc());
  client c(r);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  CHECK(c.activate().code == completion_code::ok);
  CHECK(dropped(r, c.from, c.sealed(c.request(net_fn::chassis, 1), 0)));
}

TEST_CASE("an id of one format in a packet of the other is dropped", "[session][bmc][v15][N-V15-05]") {
  rig r(v15_bmc());
  client v15(r);
  rig_console<rig> v2(r, 3, elsewhere);
  rig_console<rig> bare(r, 0, test_peer{0x7f000003, 1});  // suite 0: nothing but the format tells them apart
  client none(r, auth_type::none, test_peer{0x7f000004, 1});
  REQUIRE(v15.login());
  REQUIRE(v2.login());
  REQUIRE(bare.login());
  REQUIRE(none.login());
  CHECK(r.managed.active_sessions() == 4);
  const auto rq = encoded(v15.request(net_fn::chassis, 1));
  for (const auto type : matrix_types) {
    for (const std::uint32_t number : {0u, 1u, 2u, none.sequence}) {
      CHECK(dropped(r, v2.from, v15.sealed(rq, type, number, v2.managed_id())));
      CHECK(dropped(r, bare.from, v15.sealed(rq, type, number, bare.managed_id())));
      const auto activation = encoded(v15.request(net_fn::app, app::activate_session, octets(22)));
      CHECK(dropped(r, v2.from, v15.sealed(activation, type, number, v2.managed_id())));
    }
  }
  for (const std::uint32_t number : {1u, 2u, none.sequence}) {
    CHECK(dropped(r, v15.from, v2.sealed(rq, v2.kind(), number, v15.activated.id)));
    CHECK(r.last == errc::bad_auth_type);
    CHECK(dropped(r, none.from, bare.sealed(rq, bare.kind(), number, none.activated.id)));
  }
  CHECK(v15.chassis(1).got);
  CHECK(v2.chassis(1).got);
  CHECK(bare.chassis(1).got);
  CHECK(none.chassis(1).got);
}

TEST_CASE("sessions of both formats lie in one table, and end in all the ways there are", "[session][bmc][v15]") {
  rig r(v15_bmc());
  client a(r);
  client b(r, auth_type::straight_password, elsewhere);
  rig_console<rig> v2(r, 17, test_peer{0x7f000003, 1});
  REQUIRE(a.login());
  REQUIRE(b.login());
  REQUIRE(v2.login());
  std::string listed;
  r.managed.for_each_session([&](const session_info& s, const test_peer&) {
    listed += std::to_string(static_cast<int>(s.auth)) + "/" + std::to_string(s.suite) + " ";
  });
  CHECK(listed == "2/0 4/0 6/17 ");

  // Get Session Info: the protocol in the channel's upper bits.
  const auto own = a.app(app::get_session_info, {0});
  REQUIRE(own.code == completion_code::ok);
  CHECK(to_hex(own.data) == "0104030202017f000001000000000000409c");
  const auto info = value_of(decode<session_info_response>(own.data));
  CHECK(info.channel == 0x01);
  CHECK(info.port == 40000);
  CHECK(value_of(decode<session_info_response>(a.app(app::get_session_info, {3}).data)).channel == 0x11);
  CHECK(value_of(decode<session_info_response>(v2.app(app::get_session_info, {1}).data)).channel == 0x01);

  // Closed by an administrator's session of the other format.
  REQUIRE(v2.set_privilege(privilege::administrator));
  CHECK(v2.send(net_fn::app, app::close_session, id_bytes(b.activated.id)).code == completion_code::ok);
  CHECK(r.events.back().error == errc::closed_by_administrator);
  CHECK(r.events.back().session.auth == auth_type::straight_password);
  CHECK(dropped(r, b.from, b.sealed(b.request(net_fn::chassis, 1))));
  CHECK(r.last == errc::unknown_session);
  // Its own.
  REQUIRE(a.set_privilege(privilege::operator_));
  CHECK(r.events.back().type == rig::kind::privilege);
  CHECK(a.close());
  CHECK(r.events.back().error == errc::closed_by_peer);
  // By the application, and by the clock: before its first packet as soon as a login, after it later.
  REQUIRE(a.login());
  CHECK(r.managed.close(a.activated.id, r.now));
  REQUIRE(a.login());
  r.wait(15'000);
  CHECK(r.events.back().error == errc::expired);
  REQUIRE(a.login());
  CHECK(a.chassis(1).got);
  r.wait(59'999);
  CHECK(a.chassis(1).got);
  r.wait(60'000);
  CHECK(r.managed.active_sessions() == 0);
  CHECK(r.managed.poll_timeout().is_never());
}

TEST_CASE("a repeated request is answered from the kept reply, and what must run once runs once",
          "[session][bmc][v15][N-CMD-11]") {
  for (const auto type : matrix_types) {
    rig r(v15_bmc());
    client c(r, type);
    REQUIRE(c.login());
    for (const std::uint8_t command : {std::uint8_t{2}, test_handler::once_command}) {
      const octets data{1, 2};
      const auto rq = c.request(net_fn::chassis, command, data);
      const auto executed = r.handler().commands.size();
      const auto first = c.send(rq);
      for (std::uint32_t i = 1; i <= 3; ++i) {
        const auto again = c.send(rq);
        CHECK(again.data == data);
        CHECK(again.sequence == first.sequence + i);
      }
      CHECK(r.handler().commands.size() == executed + 1);
    }
    CHECK(r.managed.counters().repeats == 6);
    // The very packet again, where a digest vouches for its number.
    const auto packet = c.sealed(c.request(net_fn::chassis, 2, octets{9}));
    const auto first = c.send(packet);
    const auto again = c.exchange(packet);
    CHECK(again.empty() == (type != auth_type::md5));
    if (!again.empty()) CHECK(c.unseal(again).data == first.data);
  }
}

TEST_CASE("deferred answers go out in the session's format", "[session][bmc][v15]") {
  for (const auto type : matrix_types) {
    rig r(v15_bmc());
    client c(r, type);
    REQUIRE(c.login());
    const octets data{7};
    const auto rq = c.request(net_fn::chassis, deferred, data);
    CHECK_FALSE(c.send(rq).got);
    CHECK_FALSE(c.send(rq).got);  // swallowed
    REQUIRE(r.handler().tickets.size() == 1);
    octets datagram;
    const auto done = complete(r, r.handler().tickets[0], octets{1, 2, 3}, datagram);
    REQUIRE(done);
    CHECK(done->to == c.from);
    const auto a = c.unseal(datagram);
    CHECK(a.data == octets{1, 2, 3});
    CHECK(a.message.sequence == rq.sequence);
    CHECK(c.send(rq).data == octets{1, 2, 3});  // kept
    CHECK_FALSE(c.send(c.request(net_fn::chassis, deferred, octets{8})).got);
    CHECK(c.close());
    CHECK(complete(r, r.handler().tickets.back(), octets{1}, datagram).error() == errc::stale_handle);
  }
}

TEST_CASE("an answer has up to 247 bytes of data", "[session][bmc][v15]") {
  for (const auto type : matrix_types) {
    rig r(v15_bmc());
    client c(r, type);
    REQUIRE(c.login());
    const octets most(247, 0x5a);
    const octets more(248, 0x5a);
    CHECK(c.send(net_fn::chassis, 1, most).data == most);
    CHECK(c.send(net_fn::chassis, 1, more).code == completion_code::cannot_return_bytes);
    octets datagram;
    CHECK_FALSE(c.send(net_fn::chassis, deferred).got);
    const auto t = r.handler().tickets.back();
    CHECK(complete(r, t, more, datagram).error() == errc::too_long);
    REQUIRE(complete(r, t, most, datagram));
    CHECK(datagram.size() == payload_at_v15(type) + 255);
    CHECK(c.unseal(datagram).data == most);
    rig_console<rig> v2(r, 3, elsewhere);
    REQUIRE(v2.login());
    CHECK(v2.send(net_fn::chassis, 1, more).data == more);
  }
}

TEST_CASE("the capabilities tell exactly what is on, for the level asked about", "[session][bmc][v15][N-V15-19]") {
  struct row {
    const char* what;
    auth_type_list types;
    privilege md5_limit;
    privilege channel_limit;
    privilege asked;
    const char* with_v2;
    const char* without;
  };
  const auth_type_list all{auth_type::none, auth_type::md2, auth_type::md5, auth_type::straight_password};
  using p = privilege;
  for (const auto& w : {
           row{"off", {}, p::oem, p::administrator, p::user, "800402", "000400"},
           row{"all", all, p::oem, p::administrator, p::user, "970403", "170400"},
           row{"one", {auth_type::md5}, p::oem, p::administrator, p::administrator, "840403", "040400"},
           row{"password", {auth_type::straight_password}, p::oem, p::administrator, p::callback, "900403", "100400"},
           row{"above the type's limit", all, p::user, p::administrator, p::operator_, "930403", "130400"},
           row{"within it", all, p::user, p::administrator, p::user, "970403", "170400"},
           row{"above the channel's", all, p::oem, p::operator_, p::administrator, "800403", "000400"},
           row{"OEM", all, p::oem, p::oem, p::oem, "970403", "170400"},
       }) {
    CAPTURE(w.what);
    auto o = v15_bmc(w.types);
    o.v15.limits.set(auth_type::md5, w.md5_limit);
    o.channel_limit = w.channel_limit;
    null_v15_rig r(o);
    CHECK(capabilities(r, w.asked, true) == w.with_v2);
    CHECK(capabilities(r, w.asked, false) == w.without);
    if (w.types.has(auth_type::md5) && w.channel_limit == p::administrator && w.asked <= w.md5_limit) {
      v15_console<null_v15_rig> c(r);  // within a session the same
      c.level = w.asked;
      REQUIRE(c.login());
      CHECK(to_hex(bytes(c.app(app::get_channel_auth_capabilities, {0x8e, static_cast<std::uint8_t>(w.asked)}).data)
                       .subspan(1, 3)) == w.with_v2);
    }
  }
  for (const bool message : {false, true}) {
    for (const bool user : {false, true}) {
      auto o = v15_bmc();
      o.v15.message_authentication_off = message;
      o.v15.user_authentication_off = user;
      null_v15_rig r(o);
      const auto expected = octets{0x97, static_cast<std::uint8_t>(4 | (message ? 0x10 : 0) | (user ? 8 : 0)), 3};
      CHECK(capabilities(r, p::administrator, true) == to_hex(expected));
      o.v15.types = {};
      null_v15_rig off(o);
      CHECK(capabilities(off, p::administrator, true) == "800402");
    }
  }
}

TEST_CASE("what a build, its backend or its traits lack is neither offered nor accepted", "[session][bmc][v15]") {
  struct lacks {
    bool md2 = false;
    bool md5 = false;
    bool none = false;
  };
  const auto judge = [](auto r, const char* offered, const lacks& l) {
    using rig_type = decltype(r);
    CHECK(capabilities(r, privilege::administrator, true) == offered);
    for (const auto type : every_auth_type) {
      CAPTURE(static_cast<int>(type));
      crafted_console_v15<null_backend> c([&](const test_peer& from, bytes d) { return r.ask(from, d); }, type);
      const bool missing =
          (type == auth_type::md2 && l.md2) || (type == auth_type::md5 && l.md5) || (type == auth_type::none && l.none);
      CHECK(c.ask_challenge() == (missing ? completion_code::invalid_field : completion_code::ok));
    }
    CHECK(rig_type::machine::check(v15_bmc()));
  };
  judge(v15_rig<cryptopp_backend>(v15_bmc()), "970403", {});
  judge(v15_rig<openssl_backend>(v15_bmc()), "950403", {.md2 = true});
  judge(v15_rig<null_backend, guarded>(v15_bmc()), "960403", {.none = true});
  // Without the trait, options or not.
  bmc_rig<null_backend, without_v15> r(v15_bmc());
  CHECK(capabilities(r, privilege::administrator, true) == "800402");
  CHECK(capabilities(r, privilege::administrator, false) == "000400");
  crafted_console_v15<null_backend> c([&](const test_peer& from, bytes d) { return r.ask(from, d); });
  CHECK(c.ask_challenge() == completion_code::not_supported_in_state);
  CHECK(r.ask(c.from, c.activate_datagram()).empty());
}

TEST_CASE("with per-message authentication off packets go bare from Activate Session on",
          "[session][bmc][v15][N-V15-04]") {
  for (const auto type : matrix_types) {
    auto o = v15_bmc();
    o.v15.message_authentication_off = true;
    rig r(o);
    client c(r, type);
    REQUIRE(c.ask_challenge() == completion_code::ok);
    CHECK(c.activate().code == completion_code::ok);  // signed itself, as unseal() checked
    CHECK(c.activated.type == auth_type::none);
    CHECK(r.events.back().session.auth == type);
    CHECK(c.set_privilege(privilege::administrator));
    CHECK(c.chassis(1, {1}).data == octets{1});
    CHECK(r.handler().commands.back().level == privilege::administrator);
    c.session_type = type;  // signed all the same, and answered so
    CHECK(c.chassis(1, {2}).data == octets{2});
    CHECK(c.close());
    c.password = key_of("wrong");
    REQUIRE(c.ask_challenge() == completion_code::ok);
    if (type != auth_type::none) CHECK_FALSE(c.activate().got);
  }
}

TEST_CASE("with user-level authentication off what comes bare is run at user level", "[session][bmc][v15][N-V15-04]") {
  for (const auto type : {auth_type::md5, auth_type::straight_password}) {
    auto o = v15_bmc();
    o.v15.user_authentication_off = true;
    rig r(o);
    client c(r, type);
    REQUIRE(c.login());
    CHECK(c.activated.type == type);
    REQUIRE(c.set_privilege(privilege::administrator));
    client other(r, type, elsewhere);
    REQUIRE(other.login());
    const auto level = [&] { return r.handler().commands.back().level; };
    CHECK(c.chassis(1).got);
    CHECK(level() == privilege::administrator);
    const auto events = r.events.size();
    c.session_type = auth_type::none;
    CHECK(c.chassis(1).got);
    CHECK(level() == privilege::user);
    for (const std::uint8_t wanted : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{4}}) {
      const auto a = c.app(app::set_session_privilege, {wanted});
      CHECK(a.code == completion_code::insufficient_privilege);
      CHECK(a.data.empty());
    }
    CHECK(c.send(net_fn::app, app::close_session, id_bytes(other.activated.id)).code ==
          completion_code::insufficient_privilege);
    CHECK(r.managed.active_sessions() == 2);
    for (std::size_t i = events; i < r.events.size(); ++i) CHECK(r.events[i].type == rig::kind::served);
    CHECK(r.events.back().session.level == privilege::administrator);
    c.session_type = type;
    CHECK(c.chassis(1).got);
    CHECK(level() == privilege::administrator);
    c.session_type = auth_type::none;
    CHECK(c.close());  // its own
  }
  rig r(v15_bmc());  // by default nothing comes bare
  client c(r);
  REQUIRE(c.login());
  c.session_type = auth_type::none;
  CHECK(dropped(r, c.from, c.sealed(c.request(net_fn::chassis, 1))));
  CHECK(r.last == errc::not_authenticated);
}

TEST_CASE("who forges bare packets can neither replace a signed request nor fetch its answer", "[session][bmc][v15]") {
  auto o = v15_bmc();
  o.v15.user_authentication_off = true;
  rig r(o);
  client c(r);
  REQUIRE(c.login());
  REQUIRE(c.set_privilege(privilege::administrator));
  const auto send = [&](const lan_request& rq, auth_type as) {
    c.session_type = as;
    return c.send(rq);
  };
  const auto runs = [&] { return r.handler().commands.size(); };
  const auto signed_later = c.request(net_fn::chassis, 1);
  const auto before = runs();
  CHECK(send(signed_later, auth_type::none).got);  // the forgery
  CHECK(send(signed_later, auth_type::md5).got);
  REQUIRE(runs() == before + 2);
  CHECK(r.handler().commands.back().level == privilege::administrator);
  const auto signed_first = c.request(net_fn::chassis, 2);
  CHECK(send(signed_first, auth_type::md5).got);
  CHECK(send(signed_first, auth_type::none).got);
  REQUIRE(runs() == before + 4);
  CHECK(r.handler().commands.back().level == privilege::user);
}

TEST_CASE("a login that proves nothing ends nobody's wait", "[session][bmc][v15]") {
  rig r(v15_bmc());
  for (int second = 0; second < 60; ++second) {
    client none(r, auth_type::none, elsewhere);
    if (none.ask_challenge() == completion_code::ok && none.activate().got) CHECK(none.close());
    client guess(r, auth_type::md5, elsewhere);
    guess.password = key_of("guess");
    REQUIRE(guess.ask_challenge() == completion_code::ok);
    CHECK_FALSE(guess.activate().got);
    r.wait(1000);
  }
  CHECK(r.managed.counters().logins >= 6);
  CHECK(r.managed.counters().failed_logins == 6);  // at 0, 1, 3, 7, 15 and 31 s
}

TEST_CASE("a bare packet does not strip a deferred answer of its authcode", "[session][bmc][v15]") {
  auto o = v15_bmc();
  o.v15.user_authentication_off = true;
  rig r(o);
  client c(r);
  REQUIRE(c.login());
  CHECK_FALSE(c.send(net_fn::chassis, deferred).got);
  c.session_type = auth_type::none;
  CHECK(c.chassis(1).got);
  octets datagram;
  REQUIRE(complete(r, r.handler().tickets.back(), octets{5}, datagram));
  c.session_type = auth_type::md5;
  CHECK(c.unseal(datagram).data == octets{5});
}

TEST_CASE("K_g is nothing to a session of v1.5", "[session][bmc][v15]") {
  rig r(v15_bmc());
  client c(r);
  rig_console<rig> v2(r, 3, elsewhere);
  REQUIRE((c.login() && v2.login()));
  r.managed.kg_changed(r.now);
  CHECK(r.managed.active_sessions() == 1);
  CHECK(c.chassis(1).got);
}

TEST_CASE("RAKP 3 that quotes what activated a v1.5 session is no repeat", "[session][bmc][v15][N-V15-05]") {
  rig r(v15_bmc());
  client c(r);
  REQUIRE(c.ask_challenge() == completion_code::ok);
  const auto data = encoded(c.activation());
  REQUIRE(c.activate().got);
  rakp_code code;
  REQUIRE(code.assign(data));
  CHECK(dropped(r, c.from, sessionless(payload_type::rakp3, rakp3{1, rakp_status::no_errors, c.activated.id, code})));
  CHECK(r.last == errc::unexpected_message);
}

TEST_CASE("guesses at a session that has had no packet yet count", "[session][bmc][v15]") {
  rig r(v15_bmc());
  client owner(r);
  REQUIRE(owner.ask_challenge() == completion_code::ok);
  const auto data = encoded(owner.activation());
  REQUIRE(owner.activate().got);
  client guess(r);
  guess.given = owner.given;
  guess.password = key_of("guess");
  CHECK(r.ask(guess.from, guess.activate_datagram(data)).empty());
  client later(r);
  REQUIRE(later.ask_challenge() == completion_code::ok);
  CHECK_FALSE(later.activate().got);
  CHECK(r.last == errc::rate_limited);
  CHECK_FALSE(r.ask(owner.from, owner.activate_datagram(data)).empty());  // its own repeat is answered all the same
}

TEST_CASE("disabled authentication needs the trait that allows it", "[session][bmc][v15]") {
  using strict = bmc<bmc_setup<null_backend, guarded>>;
  using open = bmc<bmc_setup<null_backend, v15_traits>>;
  using off = bmc<bmc_setup<null_backend, without_v15>>;
  auto o = v15_bmc();
  CHECK(strict::check(o));
  for (bool bmc_v15_options::*which :
       {&bmc_v15_options::message_authentication_off, &bmc_v15_options::user_authentication_off}) {
    o = v15_bmc();
    o.v15.*which = true;
    CHECK(strict::check(o).error() == errc::invalid_argument);
    CHECK(open::check(o));
    CHECK(off::check(o));  // looks at none of it
  }
}

TEST_CASE("a command of a session outside of it is refused as in any format", "[session][bmc][v15][N-V2-23]") {
  rig r(v15_bmc());
  client c(r);
  for (unsigned cmd = 0; cmd < 256; ++cmd) {
    if (cmd == 0x37 || cmd == 0x38 || cmd == 0x39 || cmd == 0x54) continue;
    CHECK(c.ask(static_cast<std::uint8_t>(cmd), octets(22)).code == completion_code::not_supported_in_state);
  }
  CHECK(r.tables() == std::array<std::size_t, 3>{});
  // What claims to be outside a session and is not bare.
  const auto good = c.challenge_datagram();
  for (std::size_t at = 4; at < 9; ++at) {
    auto bad = good;
    bad[at] ^= 1;
    CHECK(dropped(r, c.from, bad));
  }
  const octets data(17);
  auto response = c.request(net_fn::app, app::get_session_challenge, data);
  response.target = net_fn_lun::response(net_fn::app);
  CHECK(dropped(r, c.from, c.sealed(encoded(response), auth_type::none, 0, session_id::none)));
  auto foreign = c.request(net_fn::app, app::get_session_challenge, data);
  foreign.responder = 0x22;
  CHECK(dropped(r, c.from, c.sealed(encoded(foreign), auth_type::none, 0, session_id::none)));
}

TEST_CASE("answers before a session are at most 2.4 times the question", "[session][bmc][v15]") {
  rig r(v15_bmc());
  client c(r);
  const auto asked = c.challenge_datagram();
  CHECK(r.ask(c.from, asked).size() * 10 <= asked.size() * 24);
}

namespace {

template <class Traits> using slot = rmcpp::detail::managed_session<null_backend, test_peer, Traits>;
template <class Traits>
using login = rmcpp::detail::half_open_logins<rmcpp::detail::bmc_context<bmc_setup<null_backend, Traits>>>;
// With the trait off nothing of v1.5 is in the tables; on, a session costs 40 bytes at most.
static_assert(std::is_same_v<decltype(slot<without_v15>::link), protect::link_v2<null_backend>>);
static_assert(sizeof(slot<v15_traits>) <= sizeof(slot<without_v15>) + 40);
static_assert(sizeof(typename login<v15_traits>::opened_type) <= sizeof(typename login<without_v15>::opened_type) + 40);

}  // namespace
