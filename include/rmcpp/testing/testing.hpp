// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/testing/crafted_bmc.hpp>
#include <rmcpp/testing/crafted_bmc_v15.hpp>
#include <rmcpp/testing/crafted_console.hpp>
#include <rmcpp/testing/crafted_console_v15.hpp>
#include <rmcpp/testing/crafted_session.hpp>
#include <rmcpp/testing/datagram.hpp>
#include <rmcpp/testing/fields.hpp>
#include <rmcpp/testing/network.hpp>
#include <rmcpp/testing/null_backend.hpp>
#include <rmcpp/testing/policies.hpp>

/// \file
/// All that helps to test a console or a BMC, ours or yours, without sockets. For tests only: it allocates and throws.
