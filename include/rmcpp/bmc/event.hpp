// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/core/errc.hpp>

namespace rmcpp {

/// What a BMC tells its application.
template <peer_address Peer> struct bmc_event {
  enum class kind : std::uint8_t {
    none,
    login,  ///< a session began
    /// RAKP 3 or Activate Session did not verify, the console gave up, or the level was refused; `error` says which
    login_failed,
    privilege,  ///< Set Session Privilege Level changed `session.level`
    served,     ///< a command was answered: `command` of `fn`, with `code`; not told of repeats
    closed,     ///< a session ended; `error` says why
  };

  kind type = kind::none;
  errc error = errc::ok;
  session_info session{};  ///< of a failed login: name and, if it has one, user
  Peer peer{};
  net_fn fn{};
  std::uint8_t command = 0;
  completion_code code{};

  /// False for `none`: `while (const auto e = bmc.next_event())`.
  constexpr explicit operator bool() const noexcept { return type != kind::none; }
};

}  // namespace rmcpp
