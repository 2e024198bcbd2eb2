// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/options.hpp>
#include <rmcpp/bmc/penalty.hpp>
#include <rmcpp/bmc/session.hpp>
#include <rmcpp/session/step.hpp>

/// \file
/// What the parts of a BMC are given, and what they hand back.

namespace rmcpp::detail {

/// One datagram and all that a part may use while it works on it. Lives for one call.
template <bmc_config Config> struct bmc_context {
  using crypto_type = core::policy_of<decltype(Config::crypto)>;
  using random_type = core::policy_of<decltype(Config::random)>;
  using users_type = core::policy_of<decltype(Config::users)>;
  using peer_type = typename Config::peer;
  using traits = typename Config::traits;
  using session = managed_session<crypto_type, peer_type, traits>;
  using allowance = typename session_table<crypto_type, peer_type, traits>::allowance;

  crypto_type& crypto;
  random_type& random;
  users_type& users;
  const bmc_options& options;
  bytes suites;  ///< in force
  penalty_table<peer_type, traits::penalties>& penalties;
  session_table<crypto_type, peer_type, traits>& sessions;  ///< to look at; a login writes link and receipt of one slot
  const peer_type& from;
  mutable_bytes reply;
  instant now;
};

/// What a login part made of a datagram: at most one other login gave way, then at most one went a step.
template <class Session> struct bmc_step {
  step_kind kind = step_kind::stay;           ///< done: `session` has keys and receipt
  login_stage at{};                           ///< not stay: where this login stood
  login_stage evicted{};                      ///< not none: where the login stood that gave way
  errc why = errc::ok;                        ///< failed: what to tell the application; ok: nothing
  result<std::size_t> taken{std::size_t{0}};  ///< what feed() returns: size in `reply`, or why it was dropped
  Session* session = nullptr;                 ///< the slot whose link was written: who was in it is out
  session_info who{};                         ///< done: all but the handle; failed: name and, if it has one, user

  constexpr bmc_step() noexcept = default;
  constexpr bmc_step(errc dropped) noexcept : taken(dropped) {}
  constexpr bmc_step(const result<std::size_t>& answered) noexcept : taken(answered) {}

  /// The login is at its end: a session of the user, up to the level that was asked for.
  RMCPP_SHARED constexpr void done(Session& slot, session_id id, user_id user, const username& name,
                                   privilege asked) noexcept {
    kind = step_kind::done;
    session = &slot;
    who.id = id;
    who.user = user;
    who.name = name;
    who.level = asked < privilege::user ? asked : privilege::user;
    who.limit = asked;
  }
};

}  // namespace rmcpp::detail
