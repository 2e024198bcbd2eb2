// SPDX-License-Identifier: BSL-1.0
// Finds what an object's memory still holds after it should be gone.
#pragma once

#include <rmcpp/core/bytes.hpp>

#include <algorithm>

namespace rmcpp::test {

/// Whether `wanted` stands anywhere in the object itself (not in heap that it owns).
template <class T> bool memory_holds(const T& object, bytes wanted) {
  const bytes memory{reinterpret_cast<const std::uint8_t*>(&object), sizeof object};
  return std::search(memory.begin(), memory.end(), wanted.begin(), wanted.end()) != memory.end();
}

}  // namespace rmcpp::test
