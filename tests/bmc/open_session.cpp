// SPDX-License-Identifier: BSL-1.0
// How a BMC negotiates a login: every combination of algorithms, and every refusal with its own code. Tags:
// tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <set>

namespace {

using namespace rmcpp;
using namespace rmcpp::protect;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::to_hex;

using rig = bmc_rig<>;
using client = rig_console<rig>;
using status_code = rakp_status;

octets open_datagram(const open_session_request& rq) { return sessionless(payload_type::open_session_request, rq); }

/// The reply is the 8-byte error form: tag, status, zeros, SIDm.
void check_refusal(const octets& reply, payload_type type, std::uint8_t tag, status_code why, session_id console_id) {
  REQUIRE(reply.size() == payload_v2 + 8);
  CHECK(reply[5] == static_cast<std::uint8_t>(type));
  octets expected{tag, static_cast<std::uint8_t>(why), 0, 0};
  const auto id = id_bytes(console_id);
  expected.insert(expected.end(), id.begin(), id.end());
  CHECK(to_hex(payload_of(reply)) == to_hex(expected));
}

authentication_payload auth(int n) { return authentication_payload::of(authentication_algorithm(n)); }
integrity_payload integ(int n) { return integrity_payload::of(integrity_algorithm(n)); }
confidentiality_payload conf(int n) { return confidentiality_payload::of(confidentiality_algorithm(n)); }

}  // namespace

TEST_CASE("every combination of algorithms gets its suite or its own refusal", "[session][bmc][N-OS-04]") {
  rig r;
  client c(r);
  for (int a = 0; a < 64; ++a) {
    for (int i = 0; i < 64; ++i) {
      for (int k = 0; k < 64; ++k) {
        if ((a > 5) + (i > 6) + (k > 5) > 1) continue;
        CAPTURE(a, i, k);
        auto rq = c.open_request();
        rq.authentication = auth(a);
        rq.integrity = integ(i);
        rq.confidentiality = conf(k);
        const auto* suite =
            find_suite(rq.authentication.algorithm, rq.integrity.algorithm, rq.confidentiality.algorithm);
        const auto expected = a > 3              ? status_code::invalid_authentication_algorithm
                              : i > 4            ? status_code::invalid_integrity_algorithm
                              : k > 1            ? status_code::invalid_confidentiality_algorithm
                              : suite == nullptr ? status_code::no_cipher_suite_match
                                                 : status_code::no_errors;
        const auto reply = r.ask(console_peer, open_datagram(rq));
        if (expected != status_code::no_errors) {
          check_refusal(reply, payload_type::open_session_response, c.tag, expected, c.console_id);
          CHECK(r.managed.opened_logins() == 0);
          continue;
        }
        const auto m = decode<open_session_response>(payload_of(reply));
        CHECK(m->status == expected);
        CHECK(m->authentication.algorithm == rq.authentication.algorithm);
        CHECK(m->integrity.algorithm == rq.integrity.algorithm);
        CHECK(m->confidentiality.algorithm == rq.confidentiality.algorithm);
        r.wait(15'000);
      }
    }
  }
}

TEST_CASE("a suite that is known but not on our list matches nothing", "[session][bmc][N-OS-04][N-OS-05]") {
  auto o = default_bmc();
  o.suites = suites_of({17, 3});
  rig r(o);
  for (const auto& suite : standard_suites) {
    if (!supports<bmc_backend>(suite)) continue;
    client c(r, suite.id);
    CAPTURE(int(suite.id));
    CHECK(c.open() == (suite.id == 17 || suite.id == 3 ? status_code::no_errors : status_code::no_cipher_suite_match));
  }
}

TEST_CASE("null payloads leave the choice to our preference, and never bring suite 0", "[session][bmc][N-OS-05]") {
  const auto any_auth = authentication_payload::any();
  const auto any_integ = integrity_payload::any();
  const auto any_conf = confidentiality_payload::any();
  struct row {
    suite_list ours;
    authentication_payload a;
    integrity_payload i;
    confidentiality_payload k;
    int chosen;  ///< -1: 11h
  };
  const auto all = default_bmc().suites;
  const row rows[] = {
      {all, any_auth, any_integ, any_conf, 17},
      {suites_of({3, 17}), any_auth, any_integ, any_conf, 3},
      {suites_of({0, 2, 17}), any_auth, any_integ, any_conf, 2},
      {suites_of({0}), any_auth, any_integ, any_conf, -1},
      {suites_of({0}), any_auth, integ(0), conf(0), -1},
      {suites_of({0, 1}), any_auth, integ(0), conf(0), 1},
      {suites_of({0}), auth(0), any_integ, any_conf, 0},  // asked for by name
      {all, auth(1), any_integ, any_conf, 3},
      {all, auth(2), any_integ, any_conf, 6},
      {all, auth(2), integ(3), any_conf, 11},
      {all, any_auth, any_integ, conf(0), 1},
      {all, any_auth, integ(4), conf(0), 16},
      {all, auth(1), integ(4), any_conf, -1},
      {suites_of({17, 3}), auth(0), integ(0), conf(0), -1},
      {suites_of({17, 3}), auth(0), any_integ, any_conf, -1},
  };
  int n = 0;
  for (const auto& row : rows) {
    CAPTURE(n++);
    auto o = default_bmc();
    o.suites = row.ours;
    rig r(o);
    client c(r);
    auto rq = c.open_request();
    rq.authentication = row.a;
    rq.integrity = row.i;
    rq.confidentiality = row.k;
    const auto got = c.open(rq);
    if (row.chosen < 0) {
      CHECK(got == status_code::no_cipher_suite_match);
      continue;
    }
    REQUIRE(got == status_code::no_errors);
    const auto& want = standard_suites.at(static_cast<std::size_t>(row.chosen));
    CHECK(find_suite(c.opened.authentication.algorithm, c.opened.integrity.algorithm,
                     c.opened.confidentiality.algorithm) == &want);
    CHECK((c.opened.authentication.length == 8 && c.opened.integrity.length == 8 &&
           c.opened.confidentiality.length == 8));
    c.suite = want;
    CHECK((c.send_rakp1() == status_code::no_errors && c.send_rakp3() == status_code::no_errors && c.begin_session()));
  }
}

TEST_CASE("suite 0 needs the trait as well as the option", "[session][bmc][N-OS-05]") {
  bmc_rig<bmc_backend, bmc_traits> r;  // the option lists it, the library's default traits leave it out
  rig_console<decltype(r)> c(r, 0);
  CHECK(c.open() == status_code::no_cipher_suite_match);
  CHECK(r.managed.suites().size() == default_bmc().suites.size() - 1);
}

TEST_CASE("Open Session Requests that are malformed get 12h, if there is somebody to tell",
          "[session][bmc][N-OS-01][N-OS-02][N-OS-03][N-OS-06]") {
  rig r;
  client c(r);
  const auto whole = to_octets(payload_of(open_datagram(c.open_request())));
  const auto send = [&](bytes payload) {
    return r.ask(console_peer, sessionless(payload_type::open_session_request, payload));
  };
  const auto refused = [&](const octets& payload, status_code why, session_id id = session_id{0xa0a2a3a4}) {
    check_refusal(send(payload), payload_type::open_session_response, c.tag, why, id);
    CHECK(r.managed.opened_logins() == 0);
  };
  for (std::size_t n = 1; n < 40; ++n) {
    CAPTURE(n);
    auto sized = whole;
    sized.resize(n);
    if (n == 32) continue;
    if (n >= 8) {
      refused(sized, status_code::illegal_parameter);
    } else {
      CHECK(send(sized).empty());
      CHECK(r.last == errc::truncated);
    }
  }
  const auto changed = [&](std::size_t at, int value) {
    auto p = whole;
    p[at] = static_cast<std::uint8_t>(value);
    return p;
  };
  for (const std::size_t at : {8u, 16u, 24u}) {
    const int type = whole[at];
    for (int v = 0; v < 256; ++v) {
      CAPTURE(at, v);
      if (v != type) refused(changed(at, v), status_code::illegal_parameter);
      if (v != 0 && v != 8) refused(changed(at + 3, v), status_code::illegal_parameter);
    }
  }
  for (int level = 6; level < 16; ++level) refused(changed(1, level), status_code::illegal_parameter);
  auto nobody = whole;
  fill(mutable_bytes(nobody).subspan(4, 4), 0);
  refused(nobody, status_code::invalid_session_id, session_id::none);

  auto garbage = whole;  // reserved bits and bytes
  for (const std::size_t at : {2u, 3u, 9u, 10u, 13u, 14u, 15u, 17u, 18u, 21u, 22u, 23u, 25u, 26u, 29u, 30u, 31u})
    garbage[at] = 0xa5;
  for (const std::size_t at : {1u, 12u, 20u, 28u})
    garbage[at] = static_cast<std::uint8_t>(garbage[at] | (at == 1 ? 0xf0 : 0xc0));
  CHECK(send(garbage).size() == payload_v2 + 36);
}

TEST_CASE("Open Session grants what was asked, cut to the channel's limit", "[session][bmc][N-OS-06]") {
  for (const auto limit : {privilege::administrator, privilege::operator_}) {
    for (int asked = 0; asked <= 5; ++asked) {
      auto o = default_bmc();
      o.channel_limit = limit;
      rig r(o);
      client c(r);
      c.asked = static_cast<privilege>(asked);
      CHECK(c.open() == status_code::no_errors);
      CHECK(c.opened.max_privilege == (asked == 0 || c.asked > limit ? limit : c.asked));
    }
  }
}

TEST_CASE("a suite's own limit: more is refused with 0Ah, \"highest\" is cut to it, RAKP 1 cannot get past it",
          "[session][bmc][N-OS-06]") {
  bmc_options o = default_bmc();
  o.limits.set(3, privilege::user);
  rig r(o);
  for (int level = 0; level <= 5; ++level) {
    CAPTURE(level);
    client c(r);
    c.asked = privilege(level);
    c.tag = static_cast<std::uint8_t>(level);
    if (level > 2) {
      const auto reply = r.ask(console_peer, open_datagram(c.open_request()));
      check_refusal(reply, payload_type::open_session_response, c.tag, status_code::unauthorized_role_or_privilege,
                    c.console_id);
    } else {
      CHECK(c.open() == status_code::no_errors);
      CHECK(c.opened.max_privilege == (level == 1 ? privilege::callback : privilege::user));
    }
  }
  client above(r);
  REQUIRE(above.prove());
  CHECK(above.send_rakp3() == status_code::unauthorized_role_or_privilege);
  client other_suite(r, 17);
  CHECK(other_suite.login());
}

TEST_CASE("a repeated Open Session Request gets its answer again, a different one a login of its own",
          "[session][bmc][N-OS-08]") {
  rig r;
  client c(r);
  CHECK(c.open() == status_code::no_errors);
  const auto first = r.ask(console_peer, open_datagram(c.open_request()));
  for (int i = 0; i < 5; ++i) CHECK(r.ask(console_peer, open_datagram(c.open_request())) == first);
  CHECK(r.managed.opened_logins() == 1);

  const auto id_of = [&](const test_peer& from, const open_session_request& rq) {
    return decode<open_session_response>(payload_of(r.ask(from, open_datagram(rq))))->managed_id;
  };
  std::set<session_id> ids{c.managed_id()};
  auto rq = c.open_request();
  rq.tag = 2;
  ids.insert(id_of(console_peer, rq));
  rq = c.open_request();
  rq.console_id = session_id{7};
  ids.insert(id_of(console_peer, rq));
  rq = c.open_request();
  rq.max_privilege = privilege::user;
  ids.insert(id_of(console_peer, rq));
  rq = c.open_request();
  rq.authentication = authentication_payload::any();
  ids.insert(id_of(console_peer, rq));
  test_peer other_port = console_peer;
  ++other_port.udp_port;
  ids.insert(id_of(other_port, c.open_request()));
  CHECK(ids.size() == 6);
  CHECK(ids.count(session_id::none) == 0);
  CHECK(r.managed.opened_logins() == 6);
}
