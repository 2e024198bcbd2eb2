// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rmcpp {

/// A ring of the last N events. Overflow drops the newest and is counted: state lives in the machine, not here.
template <class Event, std::size_t N> class event_ring {
 public:
  constexpr void push(const Event& e) noexcept {
    if (size_ == N) {
      ++lost_;
      return;
    }
    events_[(first_ + size_++) % N] = e;
  }
  constexpr Event pop() noexcept {
    if (size_ == 0) return {};
    const Event e = events_[first_];
    first_ = (first_ + 1) % N;
    --size_;
    return e;
  }
  [[nodiscard]] constexpr std::uint32_t lost() const noexcept { return lost_; }

 private:
  std::array<Event, N> events_{};
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint32_t lost_ = 0;
};

}  // namespace rmcpp
