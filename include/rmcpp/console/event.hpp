// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/errc.hpp>
#include <rmcpp/session/request.hpp>
#include <rmcpp/wire/lan_message.hpp>

namespace rmcpp {

/// What a console tells its caller.
struct console_event {
  enum class kind : std::uint8_t {
    none,    ///< nothing more
    ready,   ///< logged in; `level` is in force
    done,    ///< a request ended: `request`, and `code` with `data`, or `error`
    failed,  ///< the login or session ended: `error` says why, `detail` is the peer's status or completion code
    closed,  ///< the session ended as asked
  };

  kind type = kind::none;
  errc error = errc::ok;
  std::uint8_t detail =
      0;  ///< with refused_open_session, refused_rakp2/4: rakp_status; refused_privilege: completion code
  privilege level{};
  request_id request{};
  completion_code code{};
  bytes data{};  ///< view into the datagram that was fed: take it before the datagram goes
};

}  // namespace rmcpp

namespace rmcpp::detail {

/// How a console's login or session ended, until it is told.
struct console_ending {
  console_event::kind type = console_event::kind::none;
  errc error = errc::ok;
  std::uint8_t detail = 0;

  [[nodiscard]] constexpr console_event event() const noexcept {
    return {.type = type, .error = error, .detail = detail};
  }
};

}  // namespace rmcpp::detail
