// SPDX-License-Identifier: BSL-1.0
// Runs a function on a stack of its own, to look through when it has returned.
#pragma once

#include <rmcpp/core/bytes.hpp>

#include <ucontext.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

namespace rmcpp::test {

class own_stack {
 public:
  void run(const std::function<void()>& f) {
    ucontext_t here{}, there{};
    if (getcontext(&there) != 0) throw std::runtime_error("no context");
    there.uc_stack.ss_sp = memory_.data();
    there.uc_stack.ss_size = memory_.size();
    there.uc_link = &here;
    task() = &f;
    makecontext(&there, &own_stack::start, 0);
    if (swapcontext(&here, &there) != 0) throw std::runtime_error("no switch");
  }
  /// Whether the function left `wanted` behind anywhere.
  [[nodiscard]] bool holds(bytes wanted) const {
    return std::search(memory_.begin(), memory_.end(), wanted.begin(), wanted.end()) != memory_.end();
  }

 private:
  static const std::function<void()>*& task() {
    static const std::function<void()>* f = nullptr;
    return f;
  }
  static void start() { (*task())(); }

  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(std::size_t{256} * 1024);
};

}  // namespace rmcpp::test
