// SPDX-License-Identifier: BSL-1.0
// A crafted console is sound until told otherwise, and to each thing that it gets wrong our BMC reacts as documented.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/console/console.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/testing/testing.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::testing;

namespace {

constexpr std::array<std::uint8_t, 12> every_suite{0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17};

/// A BMC of ours and a crafted console, without a network between them.
template <backend B = null_backend> struct scene {
  bmc<bmc_setup<B>> managed{bmc_setup<B>{}, default_bmc()};
  instant now{1000};
  errc last = errc::ok;  ///< why the last datagram was dropped
  std::vector<errc> events{};
  crafted_console<B> con;

  explicit scene(std::uint8_t suite = 3)
      : con([this](const test_peer& from, bytes d) { return feed(from, d); }, suite) {}

  octets feed(const test_peer& from, bytes datagram) {
    octets in = to_octets(datagram);
    octets out(managed.max_datagram);
    const auto n = managed.feed(from, in, out, now);
    last = n.error();
    while (const auto e = managed.next_event()) events.push_back(e.error);
    out.resize(n ? *n : 0);
    return out;
  }
};

octets overridden_open_request(const scene<>& s, const char* name, int value) {
  auto d = sessionless(payload_type::open_session_request, s.con.open_request());
  override_field<open_session_request>(d, name, value);
  return d;
}

}  // namespace

TEMPLATE_TEST_CASE("a crafted console that nothing was done to is a console, in every suite", "[testing][crafted]",
                   null_backend, cryptopp_backend) {
  for (const auto id : every_suite) {
    CAPTURE(int(id));
    scene<TestType> s(id);
    REQUIRE(s.con.login());
    CHECK(s.con.rakp2_verifies());
    CHECK(s.con.set_privilege(privilege::administrator));
    const auto a = s.con.chassis(1, {1, 2, 3});
    CHECK(a.data == octets{1, 2, 3});
    CHECK(a.sequence == 2);
    CHECK(s.con.close());
    CHECK(s.managed.active_sessions() == 0);
  }
}

TEST_CASE("a crafted console across a network", "[testing][crafted]") {
  virtual_network net;
  bmc<bmc_setup<>> managed(bmc_setup<>{}, default_bmc());
  net.attach(bmc_peer, bmc_station(managed));
  crafted_console con([&](const test_peer& from, bytes d) { return net.ask(from, bmc_peer, to_octets(d)); });
  REQUIRE(con.login());
  CHECK(con.chassis(1, {5}).data == octets{5});
  CHECK(net.transcript().size() == 8);
}

TEST_CASE("a wrong Open Session Request is refused with its code", "[testing][crafted]") {
  struct row {
    const char* field;
    int value;
    rakp_status expected;
  };
  for (const auto& r :
       {row{"authentication.algorithm", 9, rakp_status::invalid_authentication_algorithm},
        row{"integrity.algorithm", 9, rakp_status::invalid_integrity_algorithm},
        row{"confidentiality.algorithm", 2, rakp_status::invalid_confidentiality_algorithm},
        row{"integrity.algorithm", 4, rakp_status::no_cipher_suite_match},
        row{"confidentiality.type", 1, rakp_status::illegal_parameter},
        row{"authentication.length", 7, rakp_status::illegal_parameter},
        row{"max_privilege", 6, rakp_status::illegal_parameter}, row{"console_id", 0, rakp_status::invalid_session_id},
        row{"tag", 99, rakp_status::no_errors}}) {
    CAPTURE(r.field, r.value);
    scene<> s;
    CHECK(s.con.take_opened(s.con.exchange(overridden_open_request(s, r.field, r.value))) == r.expected);
    CHECK(s.con.opened.tag == (r.value == 99 ? 99 : 1));
    CHECK(s.managed.opened_logins() == (r.expected == rakp_status::no_errors ? 1 : 0));
  }
  scene<> s;
  CHECK(s.con.exchange(bytes(overridden_open_request(s, "tag", 1)).first(20)).empty());
  CHECK(s.last == errc::bad_length);
}

TEST_CASE("a wrong RAKP message is refused, or dropped", "[testing][crafted]") {
  scene<> s;
  auto& c = s.con;
  REQUIRE(c.open() == rakp_status::no_errors);

  SECTION("role 0") {
    c.role.value = 0;
    CHECK(c.send_rakp1() == rakp_status::invalid_role);
  }
  SECTION("a name of 17 bytes") {
    auto d = c.rakp1_datagram();
    octets name(18, 'x');
    name[0] = 17;
    override_field<rakp1>(d, "name", name);
    CHECK(c.take_rakp2(c.exchange(d)) == rakp_status::invalid_name_length);
  }
  SECTION("a session id of nobody") {
    auto d = c.rakp1_datagram();
    override_field<rakp1>(d, "managed_id", 12345);
    CHECK(c.take_rakp2(c.exchange(d)) == rakp_status::invalid_session_id);
  }
  SECTION("RAKP 3 before RAKP 1") {
    CHECK(c.exchange(c.rakp3_datagram()).empty());
    CHECK(s.last == errc::unexpected_message);
  }
  SECTION("from elsewhere") {
    c.from.udp_port = 1;
    CHECK(c.take_rakp2(c.exchange(c.rakp1_datagram())) == rakp_status::invalid_session_id);
  }
  SECTION("RAKP 1 again with another Rm") {
    REQUIRE(c.send_rakp1() == rakp_status::no_errors);
    c.console_random[0] ^= 1;
    CHECK(c.send_rakp1() == rakp_status::no_errors);
    c.name = name_of("operator");
    CHECK(c.exchange(c.rakp1_datagram()).empty());
    CHECK(s.last == errc::unexpected_message);
  }
  SECTION("the RAKP 3 code of another password") {
    REQUIRE(c.send_rakp1() == rakp_status::no_errors);
    c.password = key_of("wrong");
    CHECK_FALSE(c.rakp2_verifies());
    CHECK(c.send_rakp3() == rakp_status::invalid_integrity_check_value);
    CHECK(s.events == std::vector{errc::bad_rakp3_code});
  }
  SECTION("a RAKP 3 code cut short") {
    REQUIRE(c.send_rakp1() == rakp_status::no_errors);
    auto d = c.rakp3_datagram();
    override_field<rakp3>(d, "code", octets(12));
    CHECK(c.take_rakp4(c.exchange(d)) == rakp_status::invalid_integrity_check_value);
  }
  SECTION("a console that gives up") {
    REQUIRE(c.send_rakp1() == rakp_status::no_errors);
    CHECK(c.exchange(c.rakp3_datagram({}, rakp_status::invalid_integrity_check_value)).empty());
    CHECK(s.events == std::vector{errc::console_gave_up});
  }
  SECTION("session bits in a setup message") {
    auto d = c.rakp1_datagram();
    override_field<session_header_v2>(d, "sequence", 1);
    CHECK(c.exchange(d).empty());
    CHECK(s.last == errc::unexpected_protection);
  }
  CHECK(s.managed.active_sessions() == 0);
}

TEST_CASE("RAKP 4 is not believed under another K_g", "[testing][crafted]") {
  scene<> s;
  s.managed.config().users.kg_value = key_of("key");
  CHECK_FALSE(s.con.login());
  CHECK(s.con.fourth.status == rakp_status::no_errors);
  s.con.kg = key_of("key");
  CHECK(s.con.begin_session());
}

TEST_CASE("a wrong packet within the session is dropped and says why", "[testing][crafted]") {
  scene<> s;
  auto& c = s.con;
  REQUIRE(c.login());
  const auto sound = [&] { return c.sealed(c.request(net_fn::chassis, 1)); };
  const auto drops = [&](octets d, errc why) {
    CHECK(c.exchange(d).empty());
    CHECK(std::string(describe(s.last)) == describe(why));
    CHECK(c.chassis(1).got);
  };
  auto d = sound();
  d.back() ^= 1;
  drops(d, errc::bad_authcode);

  d = sound();
  override_field<session_header_v2>(d, "sequence", 1000);
  drops(d, errc::bad_authcode);
  c.reseal(d);
  CHECK(c.unseal(c.exchange(d)).got);
  c.sequence = sequence_counter(1000);
  drops(c.sealed(c.request(net_fn::chassis, 1), 1000), errc::replayed);
  drops(c.sealed(c.request(net_fn::chassis, 1), 0), errc::outside_window);
  drops(c.sealed(c.request(net_fn::chassis, 1), 900), errc::outside_window);

  d = sound();
  c.reword(d, [](octets& m) { override_in<lan_request>(m, "checksum2", 0); });
  drops(d, errc::bad_checksum);
  d = sound();
  c.reword(d, [](octets& m) { m = encoded(lan_request{.responder = 0x30, .command = 1}); });
  drops(d, errc::unexpected_message);

  d = sound();
  override_field<session_header_v2>(d, "id", 77);
  drops(d, errc::unknown_session);
  const auto message = encoded(c.request(net_fn::chassis, 1));
  drops(c.sealed(message, payload_byte::of(payload_type::ipmi, true), 2000, c.managed_id()), errc::not_encrypted);
  drops(c.sealed(message, payload_byte::of(payload_type::ipmi, false, true), 2000, c.managed_id()),
        errc::not_authenticated);
  drops(c.sealed(message, c.kind(payload_type::rakp1), 2000, c.managed_id()), errc::bad_payload_type);
  d = sound();
  c.from.address = 99;
  CHECK(c.exchange(d).empty());
  CHECK(s.last == errc::wrong_peer);
}

TEST_CASE("what a crafted console gets is checked as a console would", "[testing][crafted]") {
  scene<> s;
  auto& c = s.con;
  REQUIRE(c.login());
  const auto answer = c.exchange(c.sealed(c.request(net_fn::chassis, 1)));
  auto d = answer;
  d.back() ^= 1;
  CHECK_THROWS_AS(c.unseal(d), std::runtime_error);
  CHECK(c.unseal(answer).got);
  CHECK_THROWS_AS(c.unseal(answer), std::runtime_error);  // a second time
  CHECK_FALSE(c.unseal({}).got);
  CHECK_THROWS_AS(c.take_rakp2({}), std::runtime_error);
  c.console_id = session_id{1};
  CHECK_THROWS_AS(c.chassis(1), std::runtime_error);
}
