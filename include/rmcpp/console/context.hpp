// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/options.hpp>
#include <rmcpp/console/requests.hpp>
#include <rmcpp/protect/link_of.hpp>
#include <rmcpp/session/step.hpp>

/// \file
/// What the parts of a console are given, and what they hand back.

namespace rmcpp::detail {

/// All that a part may use while it works on one datagram or deadline. Lives for one call.
template <console_config Config> struct console_context {
  using traits = typename Config::traits;
  using crypto_type = core::policy_of<decltype(Config::crypto)>;
  using random_type = core::policy_of<decltype(Config::random)>;

  crypto_type& crypto;
  random_type& random;
  const console_options& options;
  protect::link_of<crypto_type, typename Config::traits>& link;
  sequence_pool& sequences;  ///< request sequence numbers
  std::uint8_t tag;          ///< message tag of the datagram sent last outside the session
  instant now;

  /// Whether the login is one of IPMI v1.5; a constant where there are none.
  [[nodiscard]] bool is_v15() const noexcept { return traits::v15 && !options.v15.empty(); }
};

/// Four bytes, which small processors return in a register.
struct console_step {
  step_kind kind = step_kind::stay;
  std::uint8_t detail = 0;  ///< failed, farewell: the peer's status or completion code
  errc why = errc::ok;      ///< failed, farewell: the reason; done: not ok if no answer came
  status taken{};           ///< what feed() is to return, whatever the kind

  static constexpr console_step dropped(errc why) noexcept { return {.taken = why}; }
  static constexpr console_step failed(errc why, std::uint8_t detail = 0) noexcept {
    return {.kind = step_kind::failed, .detail = detail, .why = why};
  }
};

static_assert(sizeof(console_step) == 4);

/// Whether a BMC that answers so is busy or still starting, and may answer better when asked again.
constexpr bool means_later(completion_code code) noexcept {
  return code == completion_code::busy || code == completion_code::timeout ||
         code == completion_code::initialization_in_progress || code == completion_code::unspecified;
}

}  // namespace rmcpp::detail
