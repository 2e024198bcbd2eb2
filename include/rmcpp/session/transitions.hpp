// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>
#include <rmcpp/session/step.hpp>

#include <array>
#include <cstdint>

/// \file
/// Every legal state change of the machines, as data. The machines themselves are plain functions; in checked builds
/// each state assignment is looked up here, so the tables cannot drift from the code. Release builds carry no trace.
///
/// A console's life (IPMI v2.0, 13.14 to 13.24): it asks for the BMC's capabilities and, where it has a choice, for its
/// cipher suites; opens a session, proves itself in RAKP 1 and 3 and has the BMC prove itself in RAKP 2 and 4, or in
/// IPMI v1.5 fetches a challenge and activates the session with it (22.16, 22.17); sets its privilege level, its first
/// packet within the session; runs requests; says goodbye. From every state close() and failure lead to the end, from
/// which start() begins anew. Not in the table: how often a message was tried, what was refused but is not believed
/// yet, requests in flight and keep-alives, the farewell after a RAKP 2 that is not believed.
///
/// A login's life at the BMC: opened by an Open Session Request, which anybody can send from a forged address; proven
/// by a RAKP 1 that quotes our unpredictable session id, and once more by one with another random number, from a
/// console that began anew on a late Open Session Response; active once RAKP 3 verifies, and then a session until it is
/// closed, expires or is revoked. In IPMI v1.5 it is opened by a Get Session Challenge, and active once an Activate
/// Session verifies, which quotes our challenge and id: nothing lies between. Half-open logins give way to newer ones,
/// of the sessions only those whose console has sent nothing yet. Not in the table: repeats, which change nothing;
/// penalties; whether a session's console has sent a packet yet, on which its lifetime depends; an end that waits for
/// the answer of the command that caused it.

namespace rmcpp {

/// What a console is waiting for.
enum class console_state : std::uint8_t {
  idle,           ///< nothing yet: start() is next
  capabilities,   ///< answer to Get Channel Authentication Capabilities
  cipher_suites,  ///< answer to Get Channel Cipher Suites, asked once
  open_session,   ///< Open Session Response
  rakp1,          ///< RAKP 2
  rakp3,          ///< RAKP 4
  challenge,      ///< v1.5: answer to Get Session Challenge
  activate,       ///< v1.5: answer to Activate Session
  set_privilege,  ///< answer to Set Session Privilege Level, the first packet within the session
  active,         ///< requests
  closing,        ///< answer to Close Session
  closed,         ///< nothing: start() begins anew
};

enum class console_trigger : std::uint8_t {
  start,       ///< start()
  answer,      ///< the answer waited for
  silence,     ///< an optional question stayed unanswered
  next_suite,  ///< the BMC refused a cipher suite and another is on the list
  restart,     ///< the BMC forgot the login, or refused RAKP 4 although RAKP 2 verified: once more from Open Session
  failure,     ///< refused, wrong or silent
  close,       ///< close()
};

/// Where a login stands at the BMC, from its first message to the session's end.
using login_state = detail::login_stage;

enum class login_trigger : std::uint8_t {
  open_session,  ///< Open Session Request, or Get Session Challenge
  rakp1,
  rakp3,
  activate,  ///< Activate Session
  refused,   ///< RAKP 1, RAKP 3 or Activate Session was wrong or not allowed, or the console gave up
  evicted,   ///< another login needed the slot
  expired,   ///< half-open lifetime or inactivity timeout
  closed,    ///< Close Session
  revoked,   ///< the application closed it, or the user or K_g changed
};

template <class State, class Trigger> struct transition {
  State from;
  Trigger on;
  State to;
  friend constexpr bool operator==(const transition&, const transition&) noexcept = default;
};

using console_transition = transition<console_state, console_trigger>;
using login_transition = transition<login_state, login_trigger>;

namespace detail {
using cs = console_state;
using ct = console_trigger;
using ls = login_state;
using lt = login_trigger;
}  // namespace detail

/// Legal changes of a console's state.
inline constexpr std::array<console_transition, 38> console_transitions{{
    {detail::cs::idle, detail::ct::start, detail::cs::capabilities},
    {detail::cs::closed, detail::ct::start, detail::cs::capabilities},
    {detail::cs::capabilities, detail::ct::answer, detail::cs::cipher_suites},
    {detail::cs::capabilities, detail::ct::answer, detail::cs::open_session},
    {detail::cs::capabilities, detail::ct::failure, detail::cs::closed},
    {detail::cs::capabilities, detail::ct::close, detail::cs::closed},
    {detail::cs::cipher_suites, detail::ct::answer, detail::cs::open_session},
    {detail::cs::cipher_suites, detail::ct::silence, detail::cs::open_session},
    {detail::cs::cipher_suites, detail::ct::close, detail::cs::closed},
    {detail::cs::capabilities, detail::ct::answer, detail::cs::challenge},
    {detail::cs::challenge, detail::ct::answer, detail::cs::activate},
    {detail::cs::challenge, detail::ct::failure, detail::cs::closed},
    {detail::cs::challenge, detail::ct::close, detail::cs::closed},
    {detail::cs::activate, detail::ct::answer, detail::cs::set_privilege},
    {detail::cs::activate, detail::ct::restart, detail::cs::challenge},
    {detail::cs::activate, detail::ct::failure, detail::cs::closed},
    {detail::cs::activate, detail::ct::close, detail::cs::closed},
    {detail::cs::open_session, detail::ct::answer, detail::cs::rakp1},
    {detail::cs::open_session, detail::ct::next_suite, detail::cs::open_session},
    {detail::cs::open_session, detail::ct::failure, detail::cs::closed},
    {detail::cs::open_session, detail::ct::close, detail::cs::closed},
    {detail::cs::rakp1, detail::ct::answer, detail::cs::rakp3},
    {detail::cs::rakp1, detail::ct::restart, detail::cs::open_session},
    {detail::cs::rakp1, detail::ct::failure, detail::cs::closed},
    {detail::cs::rakp1, detail::ct::close, detail::cs::closed},
    {detail::cs::rakp3, detail::ct::answer, detail::cs::set_privilege},
    {detail::cs::rakp3, detail::ct::restart, detail::cs::open_session},
    {detail::cs::rakp3, detail::ct::failure, detail::cs::closed},
    {detail::cs::rakp3, detail::ct::close, detail::cs::closed},
    {detail::cs::set_privilege, detail::ct::restart, detail::cs::open_session},
    {detail::cs::set_privilege, detail::ct::restart, detail::cs::challenge},
    {detail::cs::set_privilege, detail::ct::answer, detail::cs::active},
    {detail::cs::set_privilege, detail::ct::failure, detail::cs::closed},
    {detail::cs::set_privilege, detail::ct::close, detail::cs::closing},
    {detail::cs::active, detail::ct::close, detail::cs::closing},
    {detail::cs::active, detail::ct::failure, detail::cs::closed},
    {detail::cs::closing, detail::ct::answer, detail::cs::closed},
    {detail::cs::closing, detail::ct::failure, detail::cs::closed},
}};

/// Legal changes of a login's state at the BMC.
inline constexpr std::array<login_transition, 16> login_transitions{{
    {detail::ls::none, detail::lt::open_session, detail::ls::opened},
    {detail::ls::opened, detail::lt::rakp1, detail::ls::proven},
    {detail::ls::opened, detail::lt::activate, detail::ls::active},
    {detail::ls::opened, detail::lt::evicted, detail::ls::none},
    {detail::ls::opened, detail::lt::expired, detail::ls::none},
    {detail::ls::opened, detail::lt::refused, detail::ls::none},
    {detail::ls::proven, detail::lt::rakp1, detail::ls::proven},
    {detail::ls::proven, detail::lt::rakp3, detail::ls::active},
    {detail::ls::proven, detail::lt::evicted, detail::ls::none},
    {detail::ls::proven, detail::lt::expired, detail::ls::none},
    {detail::ls::proven, detail::lt::refused, detail::ls::none},
    {detail::ls::proven, detail::lt::revoked, detail::ls::none},
    {detail::ls::active, detail::lt::evicted, detail::ls::none},
    {detail::ls::active, detail::lt::expired, detail::ls::none},
    {detail::ls::active, detail::lt::closed, detail::ls::none},
    {detail::ls::active, detail::lt::revoked, detail::ls::none},
}};

}  // namespace rmcpp

namespace rmcpp::detail {

/// Whether `step` is a row of `table`.
template <class Transition, std::size_t N>
constexpr bool is_legal(const std::array<Transition, N>& table, const Transition& step) noexcept {
  for (const auto& row : table)
    if (row == step) return true;
  return false;
}

constexpr bool is_legal(const console_transition& step) noexcept { return is_legal(console_transitions, step); }
constexpr bool is_legal(const login_transition& step) noexcept { return is_legal(login_transitions, step); }

// ---- a console's states, by what they are good for ----

constexpr bool discovers(console_state s) noexcept {
  return s == console_state::capabilities || s == console_state::cipher_suites;
}
constexpr bool logs_in(console_state s) noexcept {
  return s == console_state::open_session || s == console_state::rakp1 || s == console_state::rakp3 ||
         s == console_state::challenge || s == console_state::activate;
}
constexpr bool in_session(console_state s) noexcept {
  return s == console_state::set_privilege || s == console_state::active || s == console_state::closing;
}
constexpr bool accepts_requests(console_state s) noexcept {
  return s != console_state::idle && s != console_state::closing && s != console_state::closed;
}

/// Where a part's step leads from a state, for steps that move a console on (next, restart, done): the states stand in
/// the order in which it passes through them.
constexpr console_state next_state(console_state at, step_kind kind, bool v15) noexcept {
  const bool to_login = kind == step_kind::restart || (kind == step_kind::done && discovers(at));
  if (to_login) return v15 ? console_state::challenge : console_state::open_session;
  if (at == console_state::rakp3) return console_state::set_privilege;
  return static_cast<console_state>(static_cast<unsigned>(at) + 1);
}
/// And what the table calls it. `answered`: whether an answer led to it; otherwise silence did.
constexpr console_trigger trigger_of(console_state at, step_kind kind, bool answered) noexcept {
  if (kind == step_kind::restart)
    return at == console_state::open_session ? console_trigger::next_suite : console_trigger::restart;
  return answered ? console_trigger::answer : console_trigger::silence;
}

/// The one gate through which every state change goes: asserts that the table has it, then tells the configuration's
/// `observe(step)` if it has one (tests use it to see that every row is driven).
template <class Config, class Transition>
constexpr void check_transition([[maybe_unused]] Config& config, [[maybe_unused]] const Transition& step) noexcept {
  RMCPP_ASSERT(is_legal(step));
  if constexpr (requires { config.observe(step); }) config.observe(step);
}

}  // namespace rmcpp::detail
