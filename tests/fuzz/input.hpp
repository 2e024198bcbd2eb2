// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/time.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

/// \file
/// What the fuzz targets share: invariants, an input read as a script, and the clock that such a script moves.

namespace rmcpp::fuzz {

/// An invariant. libFuzzer reports the abort and keeps the input.
inline void require(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: this does not hold\n", file, line);
  std::abort();
}

using octets = std::vector<std::uint8_t>;

/// The input as a script: what is missing at its end is 0 or empty.
class script {
 public:
  explicit script(bytes in) : in_(in) {}

  [[nodiscard]] bool more() const { return !in_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t le16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t le32() { return static_cast<std::uint32_t>(number(4)); }
  bytes take(std::size_t n) {
    const bytes taken = in_.first(std::min(n, in_.size()));
    in_ = in_.subspan(taken.size());
    return taken;
  }
  bytes rest() { return take(in_.size()); }
  /// A count byte and that many bytes, in an allocation of their own: the sanitizer sees what lies beyond.
  octets counted() {
    const bytes b = take(byte());
    return {b.begin(), b.end()};
  }

  /// Changes up to 7 bytes, and perhaps the size.
  void spoil(octets& datagram) {
    const std::uint8_t how = byte();
    if ((how & 0x08) != 0) datagram.resize(std::min<std::size_t>(datagram.size(), le16()));
    if ((how & 0x10) != 0) {
      const auto behind = counted();
      datagram.insert(datagram.end(), behind.begin(), behind.end());
    }
    for (int i = 0; i < (how & 7); ++i) {
      const std::size_t at = le16();
      const std::uint8_t change = byte();
      if (!datagram.empty()) datagram[at % datagram.size()] ^= change;
    }
  }

 private:
  std::uint64_t number(std::size_t size) {
    std::uint64_t n = 0;
    const bytes b = take(size);
    for (std::size_t i = 0; i < b.size(); ++i) n |= std::uint64_t{b[i]} << (8 * i);
    return n;
  }

  bytes in_;
};

/// A caller's clock at its worst: it stands, runs, leaps, steps back, reaches the end of its 64 bits, is never().
class wild_clock {
 public:
  void step(script& s) {
    const std::uint8_t how = s.byte();
    const std::uint64_t leap = std::uint64_t{1} << (how >> 3 << 1);  // 1 ms to 2^62
    switch (how & 7) {
      case 0: return go(s.byte());
      case 1: return go(std::uint64_t{s.byte()} * 1000);
      case 2: return go(s.le32());
      case 3: return go(leap);
      case 4: return back(s.byte());
      case 5: return back(leap);
      case 6: told_ = instant::never(); return;
      default: go(~std::uint64_t{0} - 1 - present_);
    }
  }
  void go(std::uint64_t ms) {
    present_ += std::min(ms, ~std::uint64_t{0} - 1 - present_);
    told_ = {present_};
  }
  /// Far from the end of the 64 bits, where nothing would ever be due.
  void rewind() {
    present_ = 1'000'000;
    told_ = {present_};
  }
  /// Right to the time when something is due.
  void go_to(instant due) {
    if (!due.is_never() && due.ms > present_) go(due.ms - present_);
  }

  /// The present for the machine, which hears it now.
  instant now() {
    if (told_.is_never()) return told_;
    // Whatever a leap is, by 34 years everything has expired.
    if (told_ > heard_) elapsed_ += std::min(told_.ms - heard_.ms, std::uint64_t{1} << 40);
    heard_ = told_;
    return told_;
  }
  /// The present for somebody else.
  [[nodiscard]] instant present() const { return told_; }
  /// The last instant that the machine heard of; never() before the first.
  [[nodiscard]] instant heard() const { return heard_; }
  /// Milliseconds that have passed for the machine, which no step back takes away.
  [[nodiscard]] std::uint64_t elapsed() const { return elapsed_; }

 private:
  void back(std::uint64_t ms) {
    present_ -= std::min(ms, present_);
    told_ = {present_};
  }

  std::uint64_t present_ = 1'000'000;
  instant told_{present_};
  instant heard_ = instant::never();
  std::uint64_t elapsed_ = 0;
};

}  // namespace rmcpp::fuzz
