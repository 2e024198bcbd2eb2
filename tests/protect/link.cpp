// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/link.hpp>
#include <rmcpp/testing/policies.hpp>
#include <rmcpp/wire/lan_message.hpp>

#include "support/catch.hpp"
#include "support/protected_session.hpp"
#include "support/slot_backend.hpp"

#include <utility>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using testing::counting_entropy;
using testing::null_backend;

constexpr session_id console_id{0xa0a2a3a4};
constexpr session_id managed_id{0x02001234};

std::uint32_t number_of(buffer datagram) { return look(datagram)->sequence; }

derived_keys keys_of(const cipher_suite& suite) {
  null_backend b;
  derived_keys keys;
  const auto sik = example_sik(suite.authentication);
  REQUIRE(login_key<null_backend>(b, suite.authentication, sik).derive(suite, keys));
  return keys;
}

/// Both ends of a session.
template <backend B> struct ends {
  B b{};
  counting_entropy random{};
  link_v2<B> console{};
  link_v2<B> bmc{};

  explicit ends(std::uint8_t suite_id, window_rule rule = window_rule::any_forward) {
    const auto& suite = standard_suites.at(suite_id);
    const auto keys = keys_of(suite);
    for (auto* link : {&console, &bmc}) REQUIRE(link->load(b, suite, keys, to_user_key("secret")));
    console.begin(managed_id, rule);
    bmc.begin(console_id, rule);
  }
  /// A datagram from one end around a message.
  buffer send(link_v2<B>& from, bytes message = example_message, payload_type type = payload_type::ipmi) {
    buffer out(2000);
    const auto room = from.room(out, type, message.size());
    REQUIRE(room.size() == message.size());
    copy(message, room);
    const auto n = from.seal(b, random, type, message.size(), out);
    REQUIRE(n);
    out.resize(*n);
    return out;
  }
  result<opened> take(link_v2<B>& to, buffer& datagram, repeats r = repeats::refuse) {
    const auto packet = look(datagram);
    REQUIRE(packet);
    return to.open(b, *packet, r);
  }
  errc outcome(link_v2<B>& to, buffer datagram, repeats r = repeats::refuse) { return take(to, datagram, r).error(); }
};

}  // namespace

TEMPLATE_TEST_CASE("two links of one login understand each other, in every suite", "[protect][link]", cryptopp_backend,
                   null_backend) {
  for (const auto id : all_suites) {
    CAPTURE(static_cast<int>(id));
    ends<TestType> e(id);
    const auto& suite = standard_suites.at(id);
    CHECK(e.console.authenticated() == (suite.integrity != integrity_algorithm::none));
    CHECK(e.console.can_encrypt() == (suite.confidentiality != confidentiality_algorithm::none));
    for (std::uint32_t n = 1; n <= 3; ++n) {
      auto there = e.send(e.console);
      const auto packet = look(there);
      CHECK(packet->id == managed_id);
      CHECK(packet->sequence == n);
      CHECK(packet->kind.authenticated() == e.console.authenticated());
      CHECK(packet->kind.encrypted() == e.console.can_encrypt());
      const auto request = e.take(e.bmc, there);
      REQUIRE(request);
      CHECK(to_hex(request->message()) == to_hex(example_message));
      auto back = e.send(e.bmc);
      CHECK(look(back)->id == console_id);
      CHECK(look(back)->sequence == n);
      CHECK(e.take(e.console, back));
    }
  }
}

TEST_CASE("a link begins anew where it is told, in both directions", "[protect][link]") {
  ends<null_backend> e(3);
  e.console.begin(managed_id, window_rule::v15, 100, 7);
  e.bmc.begin(console_id, window_rule::v15, 7, 100);
  CHECK(number_of(e.send(e.console)) == 100);
  CHECK(e.outcome(e.bmc, e.send(e.console)) == errc::ok);  // 101
  CHECK(e.outcome(e.console, e.send(e.bmc)) == errc::ok);
  e.console.begin(managed_id, window_rule::v15, 0xffffffff);
  e.send(e.console);
  CHECK(number_of(e.send(e.console)) == 1);  // 0 is no number
}

TEST_CASE("the window's reach is that of the rule, 8 both ways with v1.5", "[protect][link][window]") {
  struct row {
    std::uint32_t number;
    errc any, strict, v15;
  };
  // After number 100.
  constexpr row rows[] = {
      {83, errc::outside_window, errc::outside_window, errc::outside_window},
      {84, errc::ok, errc::ok, errc::outside_window},
      {91, errc::ok, errc::ok, errc::outside_window},
      {92, errc::ok, errc::ok, errc::ok},
      {100, errc::replayed, errc::replayed, errc::replayed},
      {108, errc::ok, errc::ok, errc::ok},
      {109, errc::ok, errc::ok, errc::outside_window},
      {115, errc::ok, errc::ok, errc::outside_window},
      {116, errc::ok, errc::outside_window, errc::outside_window},
      {0x7fffffff, errc::ok, errc::outside_window, errc::outside_window},
  };
  const auto outcome = [](window_rule rule, std::uint32_t number) {
    ends<null_backend> e(2, rule);
    e.bmc.begin(console_id, rule, 1, 100);
    e.console.begin(managed_id, rule, 100);
    REQUIRE(e.outcome(e.bmc, e.send(e.console)) == errc::ok);
    e.console.begin(managed_id, rule, number);
    return e.outcome(e.bmc, e.send(e.console));
  };
  for (const auto& r : rows) {
    CAPTURE(r.number);
    // Before the first number nothing can be valid.
    const bool before_first = r.number < 100;
    CHECK(outcome(window_rule::any_forward, r.number) == (before_first && r.any == errc::ok ? errc::replayed : r.any));
    CHECK(outcome(window_rule::strict, r.number) == (before_first && r.strict == errc::ok ? errc::replayed : r.strict));
    CHECK(outcome(window_rule::v15, r.number) == (before_first && r.v15 == errc::ok ? errc::replayed : r.v15));
  }
}

TEST_CASE("encryption can be suspended for one payload type, and resumed", "[protect][link]") {
  ends<cryptopp_backend> e(3);
  const auto encrypted = [&](payload_type type) {
    auto d = e.send(e.console, example_message, type);
    return look(d)->kind.encrypted();
  };
  CHECK(encrypted(payload_type::sol));
  e.console.encrypt_payload(payload_type::sol, false);
  CHECK_FALSE(encrypted(payload_type::sol));
  CHECK(encrypted(payload_type::ipmi));
  CHECK(encrypted(payload_type::oem_explicit));
  for (unsigned t = 0x20; t <= 0x27; ++t) CHECK(encrypted(static_cast<payload_type>(t)));
  // Both ends must know: neither more nor less is taken.
  CHECK(e.outcome(e.bmc, e.send(e.console, example_message, payload_type::sol)) == errc::not_encrypted);
  e.bmc.encrypt_payload(payload_type::sol, false);
  CHECK(e.outcome(e.bmc, e.send(e.console, example_message, payload_type::sol)) == errc::ok);
  e.console.encrypt_payload(payload_type::sol, true);
  CHECK(e.outcome(e.bmc, e.send(e.console, example_message, payload_type::sol)) == errc::unexpected_protection);
  e.bmc.encrypt_payload(payload_type::sol, true);
  CHECK(e.outcome(e.bmc, e.send(e.console, example_message, payload_type::sol)) == errc::ok);
  e.bmc.encrypt_payload(payload_type::oem7, false);
  e.bmc.begin(console_id, window_rule::any_forward);
  CHECK(e.bmc.encrypts(payload_type::oem7));  // a new session begins with all of it
  ends<null_backend> plain(2);
  plain.console.encrypt_payload(payload_type::ipmi, true);
  CHECK_FALSE(plain.console.encrypts(payload_type::ipmi));  // the suite has no cipher
}

TEST_CASE("a datagram that does not fit has no room, and costs neither a number nor randomness", "[protect][link]") {
  ends<null_backend> e(3);
  const auto whole = e.send(e.console).size();
  for (std::size_t n = 0; n < whole; ++n) {
    buffer out(n);
    CHECK(e.console.room(out, payload_type::ipmi, example_message.size()).empty());
    const auto calls = e.random.calls;
    CHECK(e.console.seal(e.b, e.random, payload_type::ipmi, example_message.size(), out).error() ==
          errc::buffer_too_small);
    CHECK(e.random.calls == calls);
  }
  CHECK(number_of(e.send(e.console)) == 2);
}

TEST_CASE("without randomness nothing is sealed where there is a cipher", "[protect][link]") {
  for (const std::uint8_t id : {std::uint8_t{2}, std::uint8_t{3}}) {
    ends<null_backend> e(id);
    e.random.fail_after = 0;
    buffer out(200);
    const auto n = e.console.seal(e.b, e.random, payload_type::ipmi, 8, out);
    CHECK(n.error() == (id == 3 ? errc::entropy_failure : errc::ok));
  }
}

TEST_CASE("a payload of more than 65,535 bytes is refused", "[protect][link]") {
  ends<null_backend> e(2);
  buffer out(70'000);
  CHECK(e.console.seal(e.b, e.random, payload_type::ipmi, 65'535, out).has_value());
  CHECK(e.console.seal(e.b, e.random, payload_type::ipmi, 65'536, out).error() == errc::too_long);
}

TEST_CASE("told to tell repeats, a link opens one and stays as it was", "[protect][link]") {
  ends<null_backend> e(3);
  const auto first = e.send(e.console);
  REQUIRE(e.outcome(e.bmc, first) == errc::ok);
  CHECK(e.outcome(e.bmc, first) == errc::replayed);
  auto again = first;
  const auto o = e.take(e.bmc, again, repeats::tell);
  REQUIRE(o);
  CHECK(o->repeated());
  CHECK(e.outcome(e.bmc, e.send(e.console)) == errc::ok);
}

TEST_CASE("an unloaded link opens nothing", "[protect][link]") {
  ends<null_backend> e(3);
  const auto d = e.send(e.console);
  e.bmc.unload(e.b);
  e.bmc.unload(e.b);
  CHECK_FALSE(e.bmc.authenticated());
  CHECK(e.outcome(e.bmc, d) == errc::unexpected_protection);
}

// NOLINTBEGIN(bugprone-use-after-move): what a moved-from link still does is what is tested

TEMPLATE_TEST_CASE("a moved link goes on where its source was, and the source is unloaded", "[protect][link][move]",
                   cryptopp_backend, null_backend, slot_backend) {
  using link = link_v2<TestType>;
  STATIC_REQUIRE((std::is_nothrow_move_constructible_v<link> && std::is_nothrow_move_assignable_v<link>));
  STATIC_REQUIRE(std::is_copy_constructible_v<link> == copyable_backend<TestType>);
  STATIC_REQUIRE(std::is_copy_assignable_v<link> == copyable_backend<TestType>);
  ends<TestType> e(3);
  e.console.encrypt_payload(payload_type::sol, false);
  const auto first = e.send(e.console);
  REQUIRE(e.outcome(e.bmc, first) == errc::ok);
  const auto reply = e.send(e.bmc);
  REQUIRE(e.outcome(e.console, reply) == errc::ok);

  link moved = std::move(e.console);
  CHECK(moved.peer_id() == managed_id);
  CHECK_FALSE(moved.encrypts(payload_type::sol));
  const auto second = e.send(moved);
  CHECK(number_of(second) == 2);
  CHECK(e.outcome(e.bmc, second) == errc::ok);
  CHECK(e.outcome(moved, reply) == errc::replayed);  // the window came along
  CHECK(e.outcome(moved, e.send(e.bmc)) == errc::ok);

  CHECK_FALSE(e.console.authenticated());
  CHECK_FALSE(e.console.can_encrypt());
  CHECK(e.outcome(e.console, e.send(e.bmc)) == errc::unexpected_protection);
  // Nothing under the keys: what it makes is plain, and the peer does not take it.
  CHECK(e.outcome(e.bmc, e.send(e.console)) == errc::not_authenticated);

  e.console = std::move(moved);
  CHECK(e.outcome(e.bmc, e.send(e.console)) == errc::ok);
  CHECK_FALSE(moved.authenticated());
  for (auto* l : {&e.console, &e.bmc, &moved}) l->unload(e.b);
}

TEST_CASE("links in a vector unload each slot of an accelerator once", "[protect][link][move]") {
  slot_backend b;
  const auto& suite = standard_suites.at(3);
  const auto keys = keys_of(suite);
  std::vector<link_v2<slot_backend>> all;
  for (std::size_t n = 1; n <= 10; ++n) {
    link_v2<slot_backend> one;
    REQUIRE(one.load(b, suite, keys, to_user_key("secret")));
    all.push_back(std::move(one));
    one.unload(b);
  }
  CHECK(b.macs.size() == 10);
  CHECK(b.ciphers.size() == 10);
  for (const auto& s : b.macs) CHECK(s.unloaded == 0);
  all[0].unload(b);
  all.erase(all.begin());  // each of the others moves one place down, onto one that is empty by then
  for (auto& l : all) l.unload(b);
  CHECK(b.each_unloaded_once());
}

TEST_CASE("a copied link goes on by itself", "[protect][link][move]") {
  ends<null_backend> e(3);
  const auto first = e.send(e.console);
  auto copied = e.bmc;
  CHECK(e.outcome(e.bmc, first) == errc::ok);
  e.bmc.unload(e.b);
  CHECK(e.outcome(copied, first) == errc::ok);
  CHECK(e.outcome(copied, first) == errc::replayed);
}

// NOLINTEND(bugprone-use-after-move)

TEST_CASE("an IPMI message is built where it is sent from", "[protect][link]") {
  ends<cryptopp_backend> e(17);
  const std::array<std::uint8_t, 3> data{1, 2, 3};
  const lan_request rq{.target = net_fn_lun::request(net_fn::chassis), .command = 2, .data = data};
  buffer out(200);
  const auto n = e.console.seal_message(e.b, e.random, rq, out);
  REQUIRE(n);
  out.resize(*n);
  const auto o = e.take(e.bmc, out);
  REQUIRE(o);
  const auto m = decode<lan_request>(o->message());
  REQUIRE(m);
  CHECK((m->command == 2 && equal(m->data, data)));
  buffer small(*n - 1);
  CHECK(e.console.seal_message(e.b, e.random, rq, small).error() == errc::buffer_too_small);
}
