// SPDX-License-Identifier: BSL-1.0
// simulate CONVERSATIONS [SEED]: so many, in crowds of which each has a seed of its own; the first complaint is told
// with that seed. simulate --crowd SEED: that crowd again. simulate --loss PERCENT CONVERSATIONS LEAST [SEED]: one
// console and nothing but loss each way; fails if less than LEAST percent of the conversations are completed, or
// anything ran twice. simulate --self-test: a BMC that does not mark what must run once is found out. Without a seed it
// is the time.
#include "simulation.hpp"

#include <chrono>
#include <iostream>

using namespace rmcpp::test::simulation;

namespace {

std::uint64_t seed_from(int argc, char** argv, int at) {
  if (argc > at) return std::stoull(argv[at]);
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

void print(const crowd& c) {
  std::cout << "crowd " << c.seed << ": " << c.consoles << " consoles, " << c.conversations << " conversations, "
            << c.requests << " requests beside; loss " << c.network.loss << ", twice " << c.network.twice << " (latest "
            << c.network.latest << " ms), spoilt " << c.network.spoilt << ", delay " << c.network.delay << " + "
            << c.network.jitter << " ms; late answers " << c.late_answers << ", failures " << c.failures << ", jumps "
            << c.jumps << ", attacks " << c.attacks << (c.strangers ? ", strangers" : "") << '\n';
}

bool run_crowd(const crowd& c, outcome& sum) {
  const auto o = simulation(c).run();
  sum.conversations += o.conversations;
  sum.completed += o.completed;
  sum.honest += o.honest;
  sum.datagrams += o.datagrams;
  sum.executed += o.executed;
  if (o.complaint.empty()) return true;
  print(c);
  std::cout << "  " << o.complaint << '\n';
  return false;
}

int simulate(std::uint64_t conversations, std::uint64_t seed) {
  std::cout << "seed " << seed << '\n';
  outcome sum;
  dice d(seed);
  std::uint64_t crowds = 0;
  for (; sum.conversations < conversations; ++crowds)
    if (!run_crowd(crowd_of(d()), sum)) return 1;
  std::cout << crowds << " crowds, " << sum.conversations << " conversations, " << sum.completed << " of " << sum.honest
            << " honest ones completed, " << sum.datagrams << " datagrams, " << sum.executed
            << " commands that must run once\n";
  return sum.completed * 2 > sum.honest ? 0 : 1;
}

int lose(unsigned percent, std::uint64_t conversations, double least, std::uint64_t seed) {
  outcome sum;
  dice d(seed);
  while (sum.conversations < conversations) {
    crowd c{.seed = d(), .conversations = 50, .requests = 0};
    c.network = {.loss = percent * 10, .delay = 10};
    if (!run_crowd(c, sum)) return 1;
  }
  const double share = 100.0 * static_cast<double>(sum.completed) / static_cast<double>(sum.conversations);
  std::cout << "seed " << seed << ", " << percent << " % loss each way: " << share << " % of " << sum.conversations
            << " conversations completed\n";
  return share >= least ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--crowd" && argc > 2) {
    outcome sum;
    const crowd c = crowd_of(std::stoull(argv[2]));
    print(c);
    return run_crowd(c, sum) ? 0 : 1;
  }
  if (first == "--loss" && argc > 4)
    return lose(static_cast<unsigned>(std::stoul(argv[2])), std::stoull(argv[3]), std::stod(argv[4]),
                seed_from(argc, argv, 5));
  if (first == "--self-test") {
    outcome sum;
    const bool missed = run_crowd({.seed = 1, .network = {.loss = 200}, .conversations = 1000, .careless = true}, sum);
    std::cout << (missed ? "not found out\n" : "found out\n");
    return missed ? 1 : 0;
  }
  if (first.empty() || first[0] == '-') {
    std::cerr
        << "simulate CONVERSATIONS [SEED] | --crowd SEED | --loss PERCENT CONVERSATIONS LEAST [SEED] | --self-test\n";
    return 2;
  }
  return simulate(std::stoull(first), seed_from(argc, argv, 2));
}
