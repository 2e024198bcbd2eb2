// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <type_traits>

/// \file
/// How a machine's configuration holds its policies: the backend, the entropy source, the users, the handler.

namespace rmcpp::detail {

/// The policy that a member holds, as a value or as a reference: policy_type<decltype(Config::crypto)>.
template <class Member> using policy_type = std::remove_cvref_t<Member>;

}  // namespace rmcpp::detail
