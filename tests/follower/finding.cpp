// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/follower/finding.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <set>
#include <string>

using namespace rmcpp;

TEST_CASE("the table of findings is in the order of the enumeration and complete", "[session][finding]") {
  for (std::size_t i = 0; i < all_findings.size(); ++i) {
    CAPTURE(i);
    CHECK(static_cast<std::size_t>(all_findings[i].what) == i);
    CHECK(&info(static_cast<finding>(i)) == &all_findings[i]);
  }
  // The last of the enumeration: one behind it must be put here and into the table.
  STATIC_REQUIRE(static_cast<std::size_t>(finding::sol_counts) + 1 == all_findings.size());
}

TEST_CASE("names of findings are unique and in snake case", "[session][finding]") {
  std::set<std::string> names;
  for (const auto& f : all_findings) {
    const std::string name = f.name;
    CAPTURE(name);
    CHECK(names.insert(name).second);
    REQUIRE_FALSE(name.empty());
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos);
    CHECK((name.front() >= 'a' && name.front() <= 'z'));
    CHECK(name.back() != '_');
    CHECK(name.find("__") == std::string::npos);
  }
}

TEST_CASE("every finding has a sentence of its own and a section of the specification", "[session][finding]") {
  std::set<std::string> texts;
  for (const auto& f : all_findings) {
    CAPTURE(f.name);
    CHECK(texts.insert(f.text).second);
    CHECK(std::string(f.text).size() > 10);
    CHECK(std::string(f.text) == describe(f.what));
    CHECK(std::string(f.source).find_first_not_of("0123456789., ") == std::string::npos);
    CHECK_FALSE(std::string(f.source).empty());
    CHECK((f.weight == severity::note || f.weight == severity::warning || f.weight == severity::error));
  }
  CHECK(describe(severity::note) == std::string("note"));
  CHECK(describe(severity::warning) == std::string("warning"));
  CHECK(describe(severity::error) == std::string("error"));
}

TEST_CASE("a list of findings keeps their order, and drops what is beyond its capacity", "[session][finding]") {
  finding_list list;
  CHECK(list.empty());
  CHECK_FALSE(list.has(finding::malformed));
  for (std::uint32_t i = 0; i < finding_list::capacity + 3; ++i) {
    list.add(static_cast<finding>(i), i, i + 100);
    CHECK(list.size() == std::min<std::size_t>(i + 1, finding_list::capacity));
  }
  CHECK_FALSE(list.empty());
  std::uint32_t i = 0;
  for (const auto& f : list) {
    CHECK(f == found{static_cast<finding>(i), i, i + 100});
    ++i;
  }
  CHECK(i == finding_list::capacity);
  CHECK(list.has(static_cast<finding>(finding_list::capacity - 1)));
  CHECK_FALSE(list.has(static_cast<finding>(finding_list::capacity)));
}
