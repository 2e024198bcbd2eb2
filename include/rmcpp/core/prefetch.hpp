// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <cstddef>
#include <cstdint>

namespace rmcpp::core {

/// Asks for an object's own bytes, at most the first 2 KB.
template <class T> void prefetch_object(const T& object) noexcept {
  constexpr std::size_t line = 64;
  const auto* const at = reinterpret_cast<const std::uint8_t*>(&object);
  for (std::size_t i = 0; i < sizeof object && i < 32 * line; i += line) __builtin_prefetch(at + i);
}

}  // namespace rmcpp::core
