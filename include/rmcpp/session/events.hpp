// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rmcpp::detail {

/// Up to N events that nobody has taken yet, the oldest first. One that comes when all places are taken is dropped, and
/// counted: what a machine knows is in the machine, events only tell of it.
template <class Event, std::size_t N> class event_ring {
 public:
  constexpr void push(const Event& e) noexcept {
    if (Event* const place = next_place()) *place = e;
  }
  /// Where to write the next event, which is another's old one till then; null: there is no room, and it is lost.
  [[nodiscard]] constexpr Event* next_place() noexcept {
    if (size_ < N) return &events_[(first_ + size_++) % N];
    ++lost_;
    return nullptr;
  }
  constexpr Event pop() noexcept {
    if (size_ == 0) return {};
    const Event e = events_[first_];
    first_ = (first_ + 1) % N;
    --size_;
    return e;
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr std::uint32_t lost() const noexcept { return lost_; }

 private:
  std::array<Event, N> events_{};
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint32_t lost_ = 0;
};

}  // namespace rmcpp::detail
