// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

namespace rmcpp {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;
inline constexpr char version_string[] = "0.1.0";

}  // namespace rmcpp
