// SPDX-License-Identifier: BSL-1.0
#pragma once

/// \file
/// The managed system and all that it needs but a crypto backend.

#include <rmcpp/config.hpp>

#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/bmc/user_table.hpp>
#include <rmcpp/session/pump.hpp>
