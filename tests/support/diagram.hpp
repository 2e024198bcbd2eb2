// SPDX-License-Identifier: BSL-1.0
// The transition tables in words, and the diagrams of README.md.
#pragma once

#include <rmcpp/session/transitions.hpp>

#include <string>

namespace rmcpp::test {

constexpr const char* name_of(console_state s) {
  switch (s) {
    case console_state::idle: return "idle";
    case console_state::capabilities: return "capabilities";
    case console_state::cipher_suites: return "cipher_suites";
    case console_state::open_session: return "open_session";
    case console_state::rakp1: return "rakp1";
    case console_state::rakp3: return "rakp3";
    case console_state::challenge: return "challenge";
    case console_state::activate: return "activate";
    case console_state::set_privilege: return "set_privilege";
    case console_state::active: return "active";
    case console_state::closing: return "closing";
    case console_state::closed: return "closed";
  }
  return "?";
}
constexpr const char* name_of(console_trigger t) {
  switch (t) {
    case console_trigger::start: return "start";
    case console_trigger::answer: return "answer";
    case console_trigger::silence: return "silence";
    case console_trigger::next_suite: return "next_suite";
    case console_trigger::restart: return "restart";
    case console_trigger::failure: return "failure";
    case console_trigger::close: return "close";
  }
  return "?";
}
constexpr const char* name_of(login_state s) {
  switch (s) {
    case login_state::none: return "none";
    case login_state::opened: return "opened";
    case login_state::proven: return "proven";
    case login_state::active: return "active";
  }
  return "?";
}
constexpr const char* name_of(login_trigger t) {
  switch (t) {
    case login_trigger::open_session: return "open_session";
    case login_trigger::rakp1: return "rakp1";
    case login_trigger::rakp3: return "rakp3";
    case login_trigger::activate: return "activate";
    case login_trigger::refused: return "refused";
    case login_trigger::evicted: return "evicted";
    case login_trigger::expired: return "expired";
    case login_trigger::closed: return "closed";
    case login_trigger::revoked: return "revoked";
  }
  return "?";
}

/// "rakp1 --answer--> rakp3"
template <class Transition> std::string text_of(const Transition& t) {
  return std::string(name_of(t.from)) + " --" + name_of(t.on) + "--> " + name_of(t.to);
}

/// A table as a Mermaid diagram, in the table's order, with one arrow for all triggers between two states.
template <class Transition, std::size_t N> std::string mermaid(const std::array<Transition, N>& table) {
  std::string out = "```mermaid\nstateDiagram-v2\n";
  out += std::string("  [*] --> ") + name_of(table.front().from) + "\n";
  for (std::size_t i = 0; i < N; ++i) {
    std::string triggers;
    bool drawn = false;
    for (std::size_t k = 0; k < N; ++k) {
      if (table[k].from != table[i].from || table[k].to != table[i].to) continue;
      drawn = drawn || k < i;
      triggers += (triggers.empty() ? "" : ", ") + std::string(name_of(table[k].on));
    }
    if (!drawn)
      out += std::string("  ") + name_of(table[i].from) + " --> " + name_of(table[i].to) + ": " + triggers + "\n";
  }
  return out + "```\n";
}

/// What README.md holds for a diagram, its markers included.
inline std::string marked(const std::string& name, const std::string& diagram) {
  return "<!-- " + name + " -->\n" + diagram + "<!-- /" + name + " -->\n";
}

}  // namespace rmcpp::test
