// SPDX-License-Identifier: BSL-1.0
// A crafted BMC is sound until told otherwise, and with each thing that it gets wrong our console ends as documented.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/console/console.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/testing/testing.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::crypto;
using namespace rmcpp::testing;

namespace {

constexpr std::array<std::uint8_t, 12> every_suite{0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17};

using replies = std::vector<octets>;
using crafted = crafted_bmc<>;
using kind = payload_type;

/// A console of ours and a crafted BMC.
template <backend B = null_backend> struct scene {
  virtual_network net{};
  crafted_bmc<B> managed{};
  console<console_setup<B>> con;
  console_event last{};  ///< but for `done`
  std::vector<console_event> done{};

  explicit scene(const console_options& o = default_console()) : con(console_setup<B>{}, o) {
    net.attach(console_peer, console_station(con, bmc_peer, [this](const console_event& e) {
                 (e.type == console_event::kind::done ? done.emplace_back() : last) = e;
               }));
    net.attach(bmc_peer, answering_station([this](bytes d) { return managed.receive(d); }));
  }
  void run() {
    (void)con.start(net.now());
    net.run_until([this] { return last.type != console_event::kind::none; }, seconds(60));
  }
};

/// How a login ended.
struct ending {
  errc why = errc::ok;
  std::uint8_t detail = 0;
  bool operator==(const ending&) const = default;
};
ending login_against(const std::function<void(crafted&)>& spoil) {
  scene<> s;
  spoil(s.managed);
  s.run();
  INFO(story_of(s.net));
  CHECK((s.last.type == console_event::kind::ready) == (s.con.state() == console_state::active));
  CHECK((s.last.type == console_event::kind::failed) == (s.con.state() == console_state::closed));
  return {s.last.error, s.last.detail};
}

/// `spoil` is applied to the encoded reply of that type.
auto after(kind type, std::function<void(crafted&, octets&)> spoil) {
  return [=](crafted& b) {
    b.after = [=](crafted& self, kind k, replies& r) {
      if (k == type) spoil(self, r[0]);
    };
  };
}
/// `spoil` is applied to the BMC before it encodes the reply of that type.
auto before(kind type, std::function<void(crafted&)> spoil) {
  return [=](crafted& b) {
    b.before = [=](crafted& self, kind k) {
      if (k == type) spoil(self);
    };
  };
}
/// `spoil` is applied to the packets of the session.
auto in_session(std::function<void(crafted&, octets&)> spoil) {
  return after(kind::ipmi, [=](crafted& self, octets& d) {
    if (self.in_session) spoil(self, d);
  });
}

}  // namespace

TEMPLATE_TEST_CASE("a crafted BMC that nothing was done to is a BMC, in every suite", "[testing][crafted]",
                   null_backend, cryptopp_backend) {
  for (const auto id : every_suite) {
    CAPTURE(int(id));
    auto o = default_console();
    o.suites = suites_of({id});
    scene<TestType> s(o);
    s.run();
    REQUIRE(s.last.type == console_event::kind::ready);
    CHECK(s.managed.rakp3_verifies());
    const octets data{1, 2, 3};
    REQUIRE(s.con.submit({.fn = net_fn::chassis, .command = 1, .data = data}, s.net.now()).has_value());
    s.net.run_for(seconds(1));
    REQUIRE(s.done.size() == 1);
    CHECK(s.done[0].code == completion_code::ok);
    REQUIRE(s.con.close(s.net.now()).has_value());
    s.net.run_for(seconds(1));
    CHECK(s.last.type == console_event::kind::closed);
  }
}

TEST_CASE("a crafted BMC offers its suites, and K_g makes a two-key login", "[testing][crafted]") {
  auto o = default_console();
  o.suites = suites_of({17, 8, 3});
  o.kg = key_of("key");
  scene<> s(o);
  s.managed.offered = suites_of({3, 8});
  s.managed.kg = key_of("key");
  s.run();
  CHECK(s.last.type == console_event::kind::ready);
  CHECK(s.managed.suite.id == 8);
}

TEST_CASE("what is wrong before encoding: the codes are computed over it", "[testing][crafted]") {
  struct row {
    const char* title;
    kind type;
    std::function<void(crafted&)> spoil;
    ending expected;
  };
  const row rows[] = {
      {"Open Session refused",
       kind::open_session_response,
       [](crafted& b) { b.status = rakp_status::insufficient_resources; },
       {errc::refused_open_session, 0x01}},
      {"session id 0",
       kind::open_session_response,
       [](crafted& b) { b.transcript.managed_id = session_id::none; },
       {errc::bad_managed_id}},
      {"other algorithms",
       kind::open_session_response,
       [](crafted& b) { b.suite = standard_suites[17]; },
       {errc::algorithms_differ}},
      {"the console's tag forgotten", kind::rakp2, [](crafted& b) { b.tag ^= 0x80; }, {errc::timed_out}},
      {"another console's RAKP 2",
       kind::rakp2,
       [](crafted& b) { b.transcript.console_id = session_id{5}; },
       {errc::timed_out}},
      {"Rc is 0", kind::rakp2, [](crafted& b) { b.transcript.managed_random = {}; }, {errc::weak_random}},
      {"Rc is Rm",
       kind::rakp2,
       [](crafted& b) { b.transcript.managed_random = b.transcript.console_random; },
       {errc::weak_random}},
      {"the role's level hashed, not its byte",
       kind::rakp2,
       [](crafted& b) { b.transcript.role.value &= 0x0f; },
       {errc::bad_rakp2_code}},
      {"another password", kind::rakp2, [](crafted& b) { b.password = key_of("other"); }, {errc::bad_rakp2_code}},
      {"RAKP 2 refused",
       kind::rakp2,
       [](crafted& b) { b.status = rakp_status::unauthorized_name; },
       {errc::refused_rakp2, 0x0d}},
      {"K_g that the console lacks", kind::rakp4, [](crafted& b) { b.kg = key_of("key"); }, {errc::bad_rakp4_code}},
      {"RAKP 4 refused for the level",
       kind::rakp4,
       [](crafted& b) { b.status = rakp_status::unauthorized_role_or_privilege; },
       {errc::refused_rakp4, 0x0a}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.title);
    const auto e = login_against(before(r.type, r.spoil));
    CHECK(std::string(describe(e.why)) == describe(r.expected.why));
    CHECK(e.detail == r.expected.detail);
  }
}

TEST_CASE("what is wrong after encoding: the codes are stale", "[testing][crafted]") {
  struct row {
    const char* title;
    std::function<void(crafted&)> spoil;
    ending expected;
  };
  const auto set = [](kind type, auto override_it) { return after(type, override_it); };
  const row rows[] = {
      {"no IPMI v2.0",
       set(kind::ipmi,
           [](crafted&, octets& d) {
             auto data = to_octets(message_in<lan_response>(d).data);
             override_in<channel_auth_response>(data, "extended", channel_auth_response::supports_v15);
             lan_response rs = message_in<lan_response>(d);
             rs.data = data;
             d = datagram_of([&](mutable_bytes out) { return encode_sessionless_v15(rs, out); });
           }),
       {errc::peer_lacks_v2}},
      {"a checksum",
       set(kind::ipmi, [](crafted&, octets& d) { override_field<lan_response>(d, "checksum2", 0); }),
       {errc::timed_out}},
      {"one algorithm",
       set(kind::open_session_response,
           [](crafted&, octets& d) { override_field<open_session_response>(d, "integrity.algorithm", 4); }),
       {errc::algorithms_differ}},
      {"an algorithm payload's type",
       set(kind::open_session_response,
           [](crafted&, octets& d) { override_field<open_session_response>(d, "integrity.type", 7); }),
       {errc::timed_out}},
      {"Rc",
       set(kind::rakp2, [](crafted&, octets& d) { override_field<rakp2>(d, "managed_random", octets(16, 9)); }),
       {errc::bad_rakp2_code}},
      {"GUID",
       set(kind::rakp2, [](crafted&, octets& d) { override_field<rakp2>(d, "managed_guid", octets(16, 9)); }),
       {errc::bad_rakp2_code}},
      {"a RAKP 2 code cut short",
       set(kind::rakp2,
           [](crafted&, octets& d) { override_field<rakp2>(d, "code", message_in<rakp2>(d).code.view().first(12)); }),
       {errc::wrong_rakp2_size, 12}},
      {"a session id in the header",
       set(kind::rakp2, [](crafted&, octets& d) { override_field<session_header_v2>(d, "id", 5); }),
       {errc::timed_out}},
      {"a sequence number in the header",
       set(kind::rakp4, [](crafted&, octets& d) { override_field<session_header_v2>(d, "sequence", 5); }),
       {errc::timed_out}},
      {"RAKP 4 value", set(kind::rakp4, [](crafted&, octets& d) { d.back() ^= 1; }), {errc::bad_rakp4_code}},
      {"RAKP 4 refused, and again after a new login",
       set(kind::rakp4, [](crafted&, octets& d) { override_field<rakp4>(d, "status", 0x0f); }),
       {errc::kg_or_bmc_state, 0x0f}},
      {"session sequence always 0, authcode right",
       in_session([](crafted& self, octets& d) {
         override_field<session_header_v2>(d, "sequence", 0);
         self.reseal(d);
       }),
       {errc::timed_out}},
      {"session sequence changed, authcode stale",
       in_session([](crafted&, octets& d) { override_field<session_header_v2>(d, "sequence", 9); }),
       {errc::timed_out}},
      {"session sequence changed, authcode right",
       in_session([](crafted& self, octets& d) {
         override_field<session_header_v2>(d, "sequence", 9);
         self.reseal(d);
       }),
       {}},
      {"wrong request sequence, sealed",
       in_session([](crafted& self, octets& d) {
         self.reword(d, [](octets& m) { m = encoded(lan_response{.command = 0x3b}); });
       }),
       {errc::timed_out}},
      {"wrong checksum, sealed",
       in_session([](crafted& self, octets& d) {
         self.reword(d, [](octets& m) { override_in<lan_response>(m, "checksum2", 0); });
       }),
       {errc::timed_out}},
      {"not encrypted",
       in_session([](crafted& self, octets& d) {
         d = self.sealed(encoded(self.response), payload_byte::of(kind::ipmi, true), 1, self.console_id());
       }),
       {errc::timed_out}},
      {"not authenticated",
       in_session([](crafted& self, octets& d) {
         d = self.sealed(encoded(self.response), payload_byte::of(kind::ipmi, false, true), 1, self.console_id());
       }),
       {errc::timed_out}},
      {"the level refused",
       before(kind::ipmi,
              [](crafted& b) {
                if (b.in_session) b.response.code = completion_code{0x81};
              }),
       {errc::refused_privilege, 0x81}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.title);
    const auto e = login_against(r.spoil);
    CHECK(std::string(describe(e.why)) == describe(r.expected.why));
    CHECK(e.detail == r.expected.detail);
  }
}

TEST_CASE("a reply withheld, repeated, or out of order", "[testing][crafted]") {
  for (const auto type : {kind::ipmi, kind::open_session_response, kind::rakp2, kind::rakp4}) {
    CAPTURE(int(type));
    const auto with = [&](auto change) {
      return login_against([&](crafted& b) {
        b.after = [=, n = 0](crafted&, kind k, replies& r) mutable {
          if (k == type) change(r, ++n);
        };
      });
    };
    CHECK(with([](replies& r, int) { r.clear(); }) == ending{errc::timed_out});
    CHECK(with([](replies& r, int n) {
            if (n == 1) r.clear();
          }) == ending{});
    CHECK(with([](replies& r, int) { r.push_back(r[0]); }) == ending{});
    // The first one is held back until the second is there, and comes behind it.
    CHECK(with([kept = octets{}](replies& r, int n) mutable {
            if (n == 1) {
              kept = r[0];
              r.clear();
            } else if (n == 2) {
              r.push_back(kept);
            }
          }) == ending{});
    // An answer to nothing comes first.
    CHECK(with([](replies& r, int) {
            r.insert(r.begin(), sessionless(payload_type::rakp4, rakp4{.status = rakp_status{0x0f}}));
          }).why != errc::crypto_failure);
  }
}

TEST_CASE("a crafted BMC step by step", "[testing][crafted]") {
  crafted b;
  CHECK(b.hear(sessionless(kind::open_session_request, open_session_request{.tag = 3, .console_id = session_id{7}})) ==
        kind::open_session_response);
  CHECK(message_in<open_session_response>(b.open_session_response_datagram()).tag == 3);
  CHECK(b.hear(sessionless(kind::rakp1, rakp1{.tag = 4, .name = name_of("x")})) == kind::rakp2);
  CHECK(message_in<rakp2>(b.rakp2_datagram()).console_id == session_id{7});
  CHECK(b.hear(sessionless(kind::rakp3, rakp3{.tag = 5})) == kind::rakp4);
  CHECK(b.hear(sessionless(kind::rakp3, rakp3{.status = rakp_status{0x0f}})) == std::nullopt);
  CHECK(b.hear(sessionless(kind::rakp2, rakp2{})) == std::nullopt);
  CHECK_THROWS_AS(b.hear(octets{6, 0, 0xff, 7, 6}), std::runtime_error);
}
