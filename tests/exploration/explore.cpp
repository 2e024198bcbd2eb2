// SPDX-License-Identifier: BSL-1.0
// explore FAULTS [VARIANT]...: walks every schedule of up to so many faults, of all variants or those named, and fails
// on the first conversation that goes wrong. explore --rows FAULTS: also which rows of the transition tables were not
// hit. explore --self-test: a BMC that does not mark what must run once is found out.
#include "exploration.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

using namespace rmcpp::test::exploration;

namespace {

/// Walks one variant and reports; whether nothing went wrong.
bool explore(const variant& v, unsigned faults, rows_hit& rows) {
  const auto begin = std::chrono::steady_clock::now();
  explorer e(v, faults);
  e.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << v.name << ", " << faults << " faults: " << e.states() << " states, " << e.schedules() << " schedules, "
            << e.compared() << " compared, " << took.count() << " s\n";
  for (const auto& c : e.complaints()) std::cout << "  " << c.what << ": " << c.schedule << '\n';
  rows.console.insert(e.rows().console.begin(), e.rows().console.end());
  rows.login.insert(e.rows().login.begin(), e.rows().login.end());
  return e.complaints().empty();
}

template <class Table, class Hit> void print_missing(const char* what, const Table& table, const Hit& hit) {
  std::cout << what << ": " << hit.size() << " of " << table.size() << " rows hit\n";
  for (const auto& row : table) {
    const std::array<int, 3> key{static_cast<int>(row.from), static_cast<int>(row.on), static_cast<int>(row.to)};
    if (hit.count(key) == 0) std::cout << "  not " << key[0] << ' ' << key[1] << ' ' << key[2] << '\n';
  }
}

int self_test() {
  rows_hit rows;
  variant careless{.name = "careless", .marks = false};
  careless.bmc.inactivity = rmcpp::seconds(3600);
  const bool missed = explore(careless, 3, rows);
  std::cout << (missed ? "not found out\n" : "found out\n");
  return missed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "--self-test") return self_test();
  const bool prints_rows = !arguments.empty() && arguments[0] == "--rows";
  if (prints_rows) arguments.erase(arguments.begin());
  if (arguments.empty()) {
    std::cerr << "explore [--rows] FAULTS [VARIANT]... | explore --self-test\n";
    return 2;
  }
  const auto faults = static_cast<unsigned>(std::stoul(arguments[0]));
  arguments.erase(arguments.begin());
  rows_hit rows;
  bool sound = true;
  for (const auto& v : variants()) {
    const bool chosen = arguments.empty() || std::find(arguments.begin(), arguments.end(), v.name) != arguments.end();
    if (chosen) sound = explore(v, faults, rows) && sound;
  }
  if (prints_rows) {
    print_missing("console", rmcpp::console_transitions, rows.console);
    print_missing("login", rmcpp::login_transitions, rows.login);
  }
  return sound ? 0 : 1;
}
