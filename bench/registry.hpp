// SPDX-License-Identifier: BSL-1.0
// Rows are named layer/operation/size/suite/contender; each file of this folder adds its own.
#pragma once

#include <benchmark/benchmark.h>

#include <sstream>
#include <string>

namespace bench {

template <class... Parts> std::string row(const Parts&... parts) {
  std::ostringstream name;
  (name << ... << parts);
  return name.str();
}

template <class F> void add(const std::string& name, F&& f) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<F>(f));
}

void add_protect();
void add_session();
void add_fleet();
void add_wire();
void add_follower();

/// False once a contender was left out because what it made was wrong.
bool all_verified();

}  // namespace bench
