// SPDX-License-Identifier: BSL-1.0
// README.md shows the state diagrams that the transition tables make.
#include "support/diagram.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

using namespace rmcpp;
using namespace rmcpp::test;

// For pasting: session_diagram "[print]"
TEST_CASE("print README.md's state diagrams", "[.][print]") {
  std::cout << marked("console states", mermaid(console_transitions)) << '\n'
            << marked("login states", mermaid(login_transitions));
}

TEST_CASE("README.md has the state diagrams", "[session][readme]") {
  std::ifstream in(std::filesystem::path(RMCPP_TEST_DIR).parent_path() / "README.md");
  const std::string readme{std::istreambuf_iterator<char>(in), {}};
  for (const auto& expected :
       {marked("console states", mermaid(console_transitions)), marked("login states", mermaid(login_transitions))}) {
    INFO("README.md must contain exactly:\n" << expected);
    CHECK(readme.find(expected) != std::string::npos);
  }
}

TEST_CASE("one arrow for all triggers between two states", "[session][readme]") {
  constexpr std::array<login_transition, 3> table{{
      {login_state::none, login_trigger::rakp1, login_state::opened},
      {login_state::opened, login_trigger::expired, login_state::none},
      {login_state::none, login_trigger::rakp3, login_state::opened},
  }};
  CHECK(mermaid(table) ==
        "```mermaid\nstateDiagram-v2\n  [*] --> none\n  none --> opened: rakp1, rakp3\n  opened --> none: "
        "expired\n```\n");
  CHECK(text_of(table[0]) == "none --rakp1--> opened");
}
