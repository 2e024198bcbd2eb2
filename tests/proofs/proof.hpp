// SPDX-License-Identifier: BSL-1.0
// What the proofs share. A proof is a constant expression: in one the compiler must refuse all undefined behaviour, so
// a proof that compiles had none.
#pragma once

#include <rmcpp/core/bytes.hpp>

#include <cstddef>
#include <cstdint>

namespace rmcpp::proof {

/// No constant expression can call it: the compiler then says through which calls it came here.
inline void refuted() {}
constexpr void demand(bool holds) {
  if (!holds) refuted();
}

/// Exactly `n` bytes, without a value until they are written: one too far, or one read too early, does not compile.
class storage {
 public:
  constexpr explicit storage(std::size_t n) : first_(new std::uint8_t[n]), size_(n) {}
  constexpr explicit storage(bytes from) : storage(from.size()) { core::copy(from, *this); }
  constexpr storage(const storage&) = delete;
  constexpr storage& operator=(const storage&) = delete;
  constexpr ~storage() { delete[] first_; }

  constexpr std::uint8_t& operator[](std::size_t at) { return first_[at]; }
  constexpr operator mutable_bytes() { return {first_, size_}; }
  constexpr operator bytes() const { return {first_, size_}; }

 private:
  std::uint8_t* first_;
  std::size_t size_;
};

/// All bytes are where the view says they are, and have a value.
constexpr void demand_readable(bytes view) {
  std::size_t sum = 0;
  for (const auto b : view) sum += b;
  demand(sum <= view.size() * 0xff);
}

/// Numbers without a pattern.
class random_numbers {
 public:
  constexpr std::uint32_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state_ >> 32);
  }

 private:
  std::uint64_t state_ = 1;
};

}  // namespace rmcpp::proof
