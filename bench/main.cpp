// SPDX-License-Identifier: BSL-1.0
// One binary with every contender, so that a run gives ratios: the machine's moods hit all rows alike.
//   taskset -c 1 build/bench/bench --benchmark_filter='protect/seal/.*/suite3/'
#include "registry.hpp"

#include <vector>

int main(int argc, char** argv) {
  // Rows in random order, many times, medians: what comes later on the command line overrides these.
  std::vector<std::string> defaults{"--benchmark_enable_random_interleaving=true", "--benchmark_repetitions=9",
                                    "--benchmark_min_time=0.02", "--benchmark_display_aggregates_only=true"};
  std::vector<char*> args{argv[0]};
  for (auto& d : defaults) args.push_back(d.data());
  args.insert(args.end(), argv + 1, argv + argc);
  int count = static_cast<int>(args.size());
  args.push_back(nullptr);

  benchmark::Initialize(&count, args.data());
  if (benchmark::ReportUnrecognizedArguments(count, args.data())) return 2;
  bench::add_protect();
  bench::add_session();
  bench::add_fleet();
  bench::add_wire();
  bench::add_follower();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return bench::all_verified() ? 0 : 1;
}
