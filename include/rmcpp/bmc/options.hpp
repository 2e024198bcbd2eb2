// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/core/ref.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/protect/auth_types.hpp>
#include <rmcpp/protect/link_of.hpp>
#include <rmcpp/session/suite_choice.hpp>

namespace rmcpp {

/// Compile-time sizes of a BMC. Derive and override.
struct bmc_traits {
  static constexpr std::size_t sessions = 4;  ///< 1..63
  /// Half-open logins before and after RAKP 1, 1..1024 each. Each forged datagram of a login costs a look at all of
  /// them, about 4 ns each.
  static constexpr std::size_t opened = 64;
  static constexpr std::size_t proven = 16;
  static constexpr std::size_t quota = 16;       ///< half-open logins of one quota key before its own oldest gives way
  static constexpr std::size_t penalties = 256;  ///< who waits after a wrong RAKP 3; 1 and more
  static constexpr std::size_t tickets = 4;      ///< deferred answers, at most 254
  static constexpr std::size_t events = 8;       ///< 1 and more
  static constexpr std::size_t message_bytes = 256;  ///< longest response data, 32 and more
  static constexpr std::size_t reply_bytes = 64;     ///< longest response data kept for a repeat, at most 255
  static constexpr std::size_t replay_depth = 4;     ///< requests per session recognised as repeats, 1..8
  static constexpr bool tells_served = true;         ///< an event for each command
  /// Cipher suite 0, and of v1.5 type none and disabled authentication: anybody may log in, or go on, as anybody.
  static constexpr bool allow_unauthenticated = false;
  static constexpr bool v15 = false;  ///< IPMI v1.5 sessions beside RMCP+
};

/// For memory counted in kilobytes. Its BMC should forget half-open logins after 5 s: see
/// bmc_options::half_open_lifetime.
struct firmware_bmc_traits : bmc_traits {
  static constexpr std::size_t opened = 8;
  static constexpr std::size_t proven = 8;
  static constexpr std::size_t penalties = 8;
  static constexpr std::size_t reply_bytes = 16;
  static constexpr std::size_t replay_depth = 2;
  static constexpr bool tells_served = false;
};

/// A BMC's configuration: values or references `crypto`, `random`, `users`, `handler`; types `peer`, `traits`. May have
/// `observe(login_transition)`.
template <class C> concept bmc_config = requires(C c) {
  typename C::traits;
  requires peer_address<typename C::peer>;
  requires crypto::backend<core::policy_of<decltype(c.crypto)>>;
  requires crypto::entropy_source<core::policy_of<decltype(c.random)>>;
  requires user_directory<core::policy_of<decltype(c.users)>>;
  requires command_handler<core::policy_of<decltype(c.handler)>>;
};

namespace detail {

/// What a type lacks of the concept, in words: see crypto/concepts.hpp.
// clang-format off
template <class C> consteval bool check_bmc_config() {
  constexpr bool has_traits = requires { typename C::traits; };
  static_assert(has_traits,
                "rmcpp: a BMC's configuration needs a type `traits`, such as rmcpp::bmc_traits");
  constexpr bool has_peer = requires { typename C::peer; };
  static_assert(has_peer,
                "rmcpp: a BMC's configuration needs a type `peer`, an address (bmc/policy.hpp)");
  if constexpr (has_peer) check_peer_address<typename C::peer>();
  constexpr bool has_crypto = requires(C c) { c.crypto; };
  static_assert(has_crypto,
                "rmcpp: a BMC's configuration needs a public member `crypto`, a backend (crypto/concepts.hpp)");
  if constexpr (has_crypto) check_backend<core::policy_of<decltype(C::crypto)>>();
  constexpr bool has_random = requires(C c) { c.random; };
  static_assert(has_random,
                "rmcpp: a BMC's configuration needs a public member `random`, an entropy source (crypto/concepts.hpp)");
  if constexpr (has_random) check_entropy_source<core::policy_of<decltype(C::random)>>();
  constexpr bool has_users = requires(C c) { c.users; };
  static_assert(has_users,
                "rmcpp: a BMC's configuration needs a public member `users`, a user directory (bmc/policy.hpp)");
  if constexpr (has_users) check_user_directory<core::policy_of<decltype(C::users)>>();
  constexpr bool has_handler = requires(C c) { c.handler; };
  static_assert(has_handler,
                "rmcpp: a BMC's configuration needs a public member `handler`, a command handler (bmc/policy.hpp)");
  if constexpr (has_handler) check_command_handler<core::policy_of<decltype(C::handler)>>();
  return bmc_config<C>;
}
// clang-format on

}  // namespace detail

/// A configuration of values, for who needs no other.
template <peer_address Peer, crypto::backend Backend, crypto::entropy_source Entropy, user_directory Users,
          command_handler Handler, class Traits = bmc_traits>
struct basic_bmc_config {
  using peer = Peer;
  using traits = Traits;
  Backend crypto{};
  Entropy random{};
  Users users{};
  Handler handler{};
};

/// IPMI v1.5 sessions: what is offered and accepted. Only with the trait `v15`; what a build, its backend or its traits
/// lack vanishes from it.
struct bmc_v15_options {
  auth_type_list types{};  ///< empty: no v1.5 sessions
  auth_limits limits{};    ///< per type; Get Channel Authentication Capabilities tells of a level what is good for it
  /// After Activate Session packets go without authcodes (IPMI v2.0, 6.12.4). Only with `allow_unauthenticated`:
  /// without it check() refuses.
  bool message_authentication_off = false;
  /// The same for commands of USER level and below: what comes without an authcode is run at USER level at most.
  bool user_authentication_off = false;
};

struct bmc_options {
  guid system_guid{};
  /// Cipher suites by preference: what is offered, accepted, and chosen for a console that leaves the choice to us.
  suite_list suites = default_suites;
  std::uint8_t max_sessions = 63;  ///< fewer than the traits' session slots, if that is wanted
  bmc_v15_options v15{};
  privilege channel_limit = privilege::administrator;
  suite_limits limits{};  ///< per suite; an Open Session Request above it is refused with 0Ah
  /// Answer unknown names and unauthorised levels in RAKP 2 already, with their own codes. Off: every name gets a
  /// plausible RAKP 2, and the refusal comes in RAKP 4, so that names cannot be tried out.
  bool disclose = false;
  bool strict_window = false;  ///< session sequence numbers at most 15 ahead even with integrity
  /// From four sessions on the last one is for users whose limit is administrator: others cannot keep them out.
  bool keep_one_for_administrators = true;
  /// Of a login, from its Open Session Request to RAKP 3, and of a session whose console has sent nothing yet. Our own
  /// console's fourth RAKP 1 leaves after 6 s, its last packet of a login's message after 10 s.
  milliseconds half_open_lifetime{15'000};
  milliseconds inactivity{60'000};
};

struct bmc_counters {
  std::uint32_t datagrams = 0;
  std::uint32_t dropped = 0;
  std::uint32_t logins = 0;
  std::uint32_t failed_logins = 0;
  std::uint32_t evicted = 0;   ///< half-open logins, and sessions not used yet, that gave way
  std::uint32_t commands = 0;  ///< executed within sessions
  std::uint32_t repeats = 0;   ///< under new session numbers: answered from a kept reply, or swallowed
};

}  // namespace rmcpp
