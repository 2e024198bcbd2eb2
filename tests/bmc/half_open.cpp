// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/half_open.hpp>

#include "support/catch.hpp"
#include "support/session_pair.hpp"

#include <set>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

using login = opened_login<test_peer>;
using table4 = half_open_table<login, 4>;

login& put(table4& t, std::uint32_t address, std::uint32_t id, std::uint64_t since) {
  login* const slot = t.free_slot();
  REQUIRE(slot);
  *slot = {.peer = {address, 623}, .managed_id = session_id{id}, .since = instant{since}};
  return *slot;
}
std::uint32_t victim(table4& t, std::uint32_t address, std::size_t quota, std::uint32_t random) {
  return to_integer(t.victim(test_peer{address, 1}, quota, random).managed_id);
}

}  // namespace

TEST_CASE("a half-open table finds, counts and frees", "[session][half_open]") {
  table4 t;
  CHECK(t.size() == 0);
  CHECK(t.oldest().is_never());
  CHECK_FALSE(t.find(session_id::none));  // free slots are no logins
  CHECK_FALSE(t.find_if([](const login&) { return true; }));
  put(t, 1, 10, 500);
  login& second = put(t, 1, 20, 300);
  put(t, 1, 30, 400);
  CHECK(t.size() == 3);
  CHECK(t.oldest() == instant{300});
  CHECK(t.find(session_id{20}) == &second);
  CHECK_FALSE(t.find(session_id{21}));
  CHECK(t.find_if([](const login& l) { return l.since == instant{400}; })->managed_id == session_id{30});
  put(t, 1, 40, 600);
  CHECK_FALSE(t.free_slot());
  second = {};
  CHECK(t.free_slot() == &second);
  CHECK(t.oldest() == instant{400});
  CHECK(t.size() == 3);
}

TEST_CASE("the victim is the newcomer's own oldest from its quota on, else whom the dice say", "[session][half_open]") {
  table4 t;
  put(t, 1, 10, 100);
  put(t, 2, 20, 50);
  put(t, 1, 30, 90);
  put(t, 1, 40, 200);
  struct row {
    std::uint32_t address;
    std::size_t quota;
    std::uint32_t random;
    std::uint32_t expected;
  };
  for (const auto& row : {row{1, 3, 3, 30}, row{1, 2, 1, 30}, row{1, 4, 1, 20}, row{1, 4, 7, 40}, row{2, 1, 0, 20},
                          row{2, 2, 0, 10}, row{9, 1, 2, 30}, row{9, 1, 0xffffffff, 40}}) {
    CAPTURE(row.address, row.quota, row.random);
    CHECK(victim(t, row.address, row.quota, row.random) == row.expected);
  }
  std::set<std::uint32_t> hit;
  for (std::uint32_t random = 0; random < 4; ++random) hit.insert(victim(t, 9, 1, random));
  CHECK(hit.size() == 4);
}

TEST_CASE("a table of one slot", "[session][half_open]") {
  half_open_table<login, 1> t;
  *t.free_slot() = {.peer = {1, 1}, .managed_id = session_id{5}, .since = instant{1}};
  CHECK_FALSE(t.free_slot());
  CHECK(t.victim(test_peer{2, 2}, 1, 0xffffffff).managed_id == session_id{5});
}

TEST_CASE("a retransmission equals its original in everything the console chose", "[session][half_open]") {
  const open_session_request base{
      .tag = 1,
      .max_privilege = privilege::user,
      .console_id = session_id{2},
      .authentication = authentication_payload::of(authentication_algorithm::rakp_hmac_sha1),
      .integrity = integrity_payload::of(integrity_algorithm::hmac_sha1_96),
      .confidentiality = confidentiality_payload::any()};
  CHECK(same_request(base, base));
  const auto differs = [&](auto change) {
    auto other = base;
    change(other);
    CHECK_FALSE(same_request(base, other));
    CHECK_FALSE(same_request(other, base));
  };
  differs([](auto& o) { o.tag = 2; });
  differs([](auto& o) { o.max_privilege = privilege::highest; });
  differs([](auto& o) { o.console_id = session_id{3}; });
  differs([](auto& o) { o.authentication.algorithm = authentication_algorithm::rakp_hmac_md5; });
  differs([](auto& o) { o.authentication.length = 0; });
  differs([](auto& o) { o.integrity.algorithm = integrity_algorithm::none; });
  differs([](auto& o) { o.integrity.length = 0; });
  differs([](auto& o) { o.confidentiality.algorithm = confidentiality_algorithm::aes_cbc_128; });
  differs([](auto& o) { o.confidentiality.length = 8; });
}

TEST_CASE("a half-open login holds no key schedule", "[session][half_open]") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<proven_login<test_peer>>);
  STATIC_REQUIRE(sizeof(opened_login<test_peer>) <= 64);
  STATIC_REQUIRE(sizeof(proven_login<test_peer>) <= 128);
}
