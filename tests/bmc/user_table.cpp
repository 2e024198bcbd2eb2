// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/user_table.hpp>

#include "support/catch.hpp"

#include <string>

using namespace rmcpp;

namespace {

using table = user_table<3>;

/// "NUMBER" of who is found, with "-" behind it if disabled; "none".
std::string found(const table& t, const username& name, role_byte role) {
  user_record r;
  if (!t.find(name, role, 1, r)) return "none";
  return std::to_string(static_cast<unsigned>(r.id)) + (r.enabled ? "" : "-");
}
constexpr role_byte by_name{0x14};
constexpr role_byte as(privilege p) { return role_byte::of(p, false); }

}  // namespace

TEST_CASE("users are numbered from 2, in the order given", "[bmc][policy]") {
  const table t = {{{"admin", "secret"}, {"op", "pw", privilege::operator_}, {"old", "x", privilege::user, false}}};
  CHECK(found(t, "admin", by_name) == "2");
  CHECK(found(t, "op", by_name) == "3");
  CHECK(found(t, "old", by_name) == "4-");
  user_record r;
  REQUIRE(t.find("op", by_name, 1, r));
  CHECK(r.limit == privilege::operator_);
  CHECK(equal_constant_time(r.secret.reveal(), user_key("pw").reveal()));
}

TEST_CASE("a name is found whole, by its length too, and with its privilege if the role asks for it", "[bmc][policy]") {
  const table t = {{{"admin", "secret"}, {"op", "pw", privilege::operator_}}};
  for (const username& name :
       {username("admi"), username("adminn"), username("admin\0"), username("Admin"), username()})
    CHECK(found(t, name, by_name) == "none");
  CHECK(found(t, "op", as(privilege::operator_)) == "3");
  CHECK(found(t, "op", as(privilege::user)) == "none");
  CHECK(found({}, "admin", by_name) == "none");
}

TEST_CASE("adding: no name twice, no more than there is room for", "[bmc][policy]") {
  table t;
  CHECK(t.add({"a", "1"}));
  CHECK(t.add({"a", "2"}).error() == errc::invalid_argument);
  CHECK(t.add({"b", "1"}));
  CHECK(t.add({"", "1"}));  // the null user's name is a name
  CHECK(t.add({"d", "1"}).error() == errc::no_slot);
  CHECK(found(t, "b", by_name) == "3");
}

TEST_CASE("one K_g for every channel", "[bmc][policy]") {
  table t;
  CHECK(t.kg(1).is_zero());
  t.set_kg("twenty bytes of K_g!");
  CHECK_FALSE(t.kg(7).is_zero());
}

TEST_CASE("which kinds of users a table has: of those that may log in", "[bmc][policy]") {
  struct row {
    user_entry user;
    bool named, null, anonymous;
  };
  for (const auto& r : {row{{"admin", "secret"}, true, false, false}, row{{"admin", ""}, true, false, false},
                        row{{"", "secret"}, false, true, false}, row{{"", ""}, false, false, true},
                        row{{"", "", privilege::user, false}, false, false, false}}) {
    const table t = {{r.user}};
    CHECK((t.kinds(1).named == r.named && t.kinds(1).null == r.null && t.kinds(1).anonymous == r.anonymous));
  }
  const table both = {{{"admin", "secret"}, {"", "x"}}};
  CHECK((both.kinds(1).named && both.kinds(1).null && !both.kinds(1).anonymous));
}
