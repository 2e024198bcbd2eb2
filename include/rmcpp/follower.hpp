// SPDX-License-Identifier: BSL-1.0
#pragma once

/// \file
/// The passive third party and all that it needs but a crypto backend.

#include <rmcpp/config.hpp>

#include <rmcpp/follower/follower.hpp>
