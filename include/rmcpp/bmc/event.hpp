// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/core/errc.hpp>

namespace rmcpp {

/// What a BMC tells its application.
template <peer_address Peer> struct bmc_event {
  enum class kind : std::uint8_t {
    none,
    login,         ///< a session began
    login_failed,  ///< RAKP 3 did not verify, the console gave up, or the level was refused; `error` says which
    privilege,     ///< Set Session Privilege Level changed `session.level`
    closed,        ///< a session ended; `error` says why
  };

  kind type = kind::none;
  errc error = errc::ok;
  session_info session{};  ///< of a failed login: name and, if it has one, user
  Peer peer{};

  /// False for `none`: `while (const auto e = bmc.next_event())`.
  constexpr explicit operator bool() const noexcept { return type != kind::none; }
};

}  // namespace rmcpp
