// SPDX-License-Identifier: BSL-1.0
// A crafted console of IPMI v1.5 is sound until told otherwise, and what it gets wrong is wrong in that one thing.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/testing/testing.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::crypto;
using namespace rmcpp::testing;

namespace {

struct v15_traits : test_bmc_traits {
  static constexpr bool v15 = true;
};
constexpr auth_type every_type[] = {auth_type::none, auth_type::md2, auth_type::md5, auth_type::straight_password};

bmc_options options() {
  bmc_options o = default_bmc();
  o.v15.types = {auth_type::none, auth_type::md2, auth_type::md5, auth_type::straight_password};
  return o;
}

/// A BMC of ours and a crafted console, without a network between them.
template <backend B = null_backend> struct scene {
  bmc<bmc_setup<B, v15_traits>> managed{bmc_setup<B, v15_traits>{}, options()};
  errc last = errc::ok;  ///< why the last datagram was dropped
  crafted_console_v15<B> con;

  explicit scene(auth_type type = auth_type::md5)
      : con([this](const test_peer& from, bytes d) { return feed(from, d); }, type) {}

  octets feed(const test_peer& from, bytes datagram) {
    octets in = to_octets(datagram);
    octets out(managed.max_datagram);
    const auto n = managed.feed(from, in, out, instant{1000});
    last = n.error();
    out.resize(n ? *n : 0);
    return out;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("a crafted v1.5 console that nothing was done to is a console, of every type", "[testing][crafted]",
                   null_backend, cryptopp_backend) {
  for (const auto type : every_type) {
    scene<TestType> s(type);
    REQUIRE(s.con.login());
    CHECK(s.con.set_privilege(privilege::administrator));
    CHECK(s.con.chassis(1, {1, 2, 3}).data == octets{1, 2, 3});
    CHECK(s.con.close());
    CHECK(s.managed.active_sessions() == 0);
  }
}

TEST_CASE("any field of a v1.5 packet can be wrong, with a stale authcode or a right one", "[testing][crafted]") {
  scene<> s;
  REQUIRE(s.con.login());
  const auto good = s.con.sealed(s.con.request(net_fn::chassis, 1));
  auto stale = good;
  override_field<session_v15>(stale, "sequence", s.con.sequence + 1);
  CHECK(s.con.exchange(stale).empty());
  CHECK(s.last == errc::bad_authcode);
  s.con.reseal(stale);
  CHECK(s.con.send(stale).got);
  auto far = good;
  override_field<session_v15>(far, "sequence", s.con.sequence + 100);
  s.con.reseal(far);
  CHECK(s.con.exchange(far).empty());
  CHECK(s.last == errc::outside_window);
  auto foreign = good;
  override_field<session_v15>(foreign, "id", 1);
  CHECK(s.con.exchange(foreign).empty());
  CHECK(s.last == errc::unknown_session);
  s.con.password = key_of("wrong");
  CHECK(s.con.exchange(s.con.sealed(s.con.request(net_fn::chassis, 1))).empty());
  CHECK(s.last == errc::bad_authcode);
}

TEST_CASE("a crafted v1.5 console takes no answer that a console would not", "[testing][crafted]") {
  scene<> s;
  REQUIRE(s.con.login());
  const auto answer = s.con.exchange(s.con.sealed(s.con.request(net_fn::chassis, 1)));
  CHECK(s.con.unseal(answer).got);
  CHECK_FALSE(s.con.unseal(octets{}).got);
  for (std::size_t at = 4; at < answer.size(); ++at) {
    if (at >= 5 && at < 9) continue;  // whether its number is good is the test's to say
    auto bad = answer;
    bad[at] ^= 1;
    CHECK_THROWS_AS(s.con.unseal(bad), std::runtime_error);
  }
  auto number = answer;
  number[5] ^= 1;
  CHECK_THROWS_AS(s.con.unseal(number), std::runtime_error);  // the authcode covers it
  auto longer = answer;
  longer.push_back(0);
  CHECK_THROWS_AS(s.con.unseal(longer), std::runtime_error);
  CHECK_THROWS_AS(s.con.unseal(answer, auth_type::md2, s.con.activated.id), std::runtime_error);
  CHECK_THROWS_AS(s.con.unseal(answer, auth_type::md5, session_id{1}), std::runtime_error);
  CHECK_THROWS_AS(s.con.take_challenge(octets{}), std::runtime_error);
}
