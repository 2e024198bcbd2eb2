// SPDX-License-Identifier: BSL-1.0
#pragma once

/// \file
/// The remote console and all that it needs but a crypto backend.

#include <rmcpp/config.hpp>

#include <rmcpp/console/console.hpp>
#include <rmcpp/session/pump.hpp>
