// SPDX-License-Identifier: BSL-1.0
// A program outside the tree, built by check_consumer.py as a user would build it.
#include <rmcpp/rmcpp.hpp>

#include <cstdio>

int main() { std::printf("%s\n", rmcpp::version_string); }
