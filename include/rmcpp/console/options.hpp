// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/ref.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/protect/auth_types.hpp>
#include <rmcpp/protect/link_of.hpp>
#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/session/retry.hpp>
#include <rmcpp/session/suite_choice.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/wire/rakp.hpp>

namespace rmcpp {

/// Compile-time sizes of a console. Derive and override.
struct console_traits {
  /// Requests at once, 1..15. At most `15 - retry.tries` of them (10 by default) are under way, so that repeats cannot
  /// overrun a strict BMC's window; the others wait for answers.
  static constexpr std::size_t in_flight = 4;
  static constexpr std::size_t request_bytes = 0;  ///< longest data of submit_copy(); 0 leaves it out
  /// Cipher suite 0, and of v1.5 type none and packets without authcodes, which prove nothing to anybody.
  static constexpr bool allow_unauthenticated = false;
  static constexpr bool v15 = false;  ///< IPMI v1.5 sessions beside RMCP+
};

/// A console's configuration: `crypto` (a backend) and `random` (an entropy source), values or references, and
/// `traits`. May have `observe(console_transition)`.
template <class C> concept console_config = requires(C c) {
  typename C::traits;
  requires crypto::backend<core::policy_of<decltype(c.crypto)>>;
  requires crypto::entropy_source<core::policy_of<decltype(c.random)>>;
};

namespace detail {

/// What a type lacks of the concept, in words: see crypto/concepts.hpp.
// clang-format off
template <class C> consteval bool check_console_config() {
  constexpr bool has_traits = requires { typename C::traits; };
  static_assert(has_traits,
                "rmcpp: a console's configuration needs a type `traits`, such as rmcpp::console_traits");
  constexpr bool has_crypto = requires(C c) { c.crypto; };
  static_assert(has_crypto,
                "rmcpp: a console's configuration needs a public member `crypto`, a backend (crypto/concepts.hpp)");
  if constexpr (has_crypto) check_backend<core::policy_of<decltype(C::crypto)>>();
  constexpr bool has_random = requires(C c) { c.random; };
  static_assert(has_random, "rmcpp: a console's configuration needs a public member `random`, an entropy source "
                            "(crypto/concepts.hpp)");
  if constexpr (has_random) check_entropy_source<core::policy_of<decltype(C::random)>>();
  return console_config<C>;
}
// clang-format on

}  // namespace detail

/// A configuration of values, for who needs no other: `console<basic_console_config<cryptopp_backend,
/// cryptopp_entropy>>`.
template <crypto::backend Backend, crypto::entropy_source Entropy, class Traits = console_traits>
struct basic_console_config {
  using traits = Traits;
  Backend crypto{};
  Entropy random{};
};

/// Deviations that some firmware needs, each off by default.
struct console_quirks {
  /// Open Session asks for the wanted level instead of "highest", for firmware that hashes that level instead of
  /// RAKP 1's (Sun X4150, Inventec 5441, Supermicro X8DT*, Intel S5500WB; FreeIPMI's and ipmitool's `opensesspriv`).
  bool open_session_privilege = false;
};

/// A session that ends says so, but nobody waits long for the answer.
inline constexpr retry_policy farewell_retry{.first = {500}, .step = {500}, .longest = {1000}, .tries = 2};

/// Who logs in, and how.
struct console_options {
  username name{};
  user_key password{};  ///< up to 20 bytes, zero-padded
  user_key kg{};        ///< all zero: one-key login
  privilege level = privilege::administrator;
  bool name_only = true;  ///< the BMC finds the user by name alone; else by name and level
  /// Cipher suites by preference. One: used as given. More: the BMC is asked what it has, then each is tried in turn.
  suite_list suites = default_suites;
  /// IPMI v1.5 instead of RMCP+: authentication types by preference, such as digest_auth_types. The first is used that
  /// both the build and the BMC have. Only with the trait `v15`. The password has at most 16 bytes then, and
  /// `retry.tries` is at most 7. Empty: RMCP+.
  auth_type_list v15{};
  /// v1.5: whether a BMC may do without the packets' authcodes, which anybody can forge then. Only with the trait
  /// `allow_unauthenticated`.
  bool v15_bare = false;
  retry_policy retry{};             ///< `tries` at most 14: see max_unanswered
  milliseconds suites_wait{1000};   ///< for the answer to Get Channel Cipher Suites, which many BMCs do not give
  milliseconds keep_alive{25'000};  ///< idle time after which Get Device ID is sent; 0: never
  bool strict_window = false;       ///< session sequence numbers at most 15 ahead even with integrity
  console_quirks quirks{};
};

/// Packets that a console sends in a session without an answer; more would overrun a strict BMC's window.
inline constexpr std::uint8_t max_unanswered = 15;
/// The same in an IPMI v1.5 session, whose window reaches 8 ahead.
inline constexpr std::uint8_t max_unanswered_v15 = 8;

namespace detail {

/// Bytes of a request's data: a v1.5 packet has room for 255 bytes of message.
template <class Traits> constexpr std::size_t longest_data(const console_options& o) noexcept {
  return Traits::v15 && !o.v15.empty() ? 0xff - wire::lan_request::overhead : 0xff;
}
template <class Link> constexpr std::uint8_t most_unanswered(const Link& link) noexcept {
  return protect::is_v15(link) ? max_unanswered_v15 : max_unanswered;
}

/// What IPMI v1.5 asks of the options, beside the rest.
template <crypto::backend B, class Traits> constexpr status check_v15_options(const console_options& o) noexcept {
  if (!Traits::v15 || o.retry.tries >= max_unanswered_v15) return errc::invalid_argument;
  if (o.v15_bare && !Traits::allow_unauthenticated) return errc::invalid_argument;
  const bool waives = o.v15.has(wire::auth_type::none) && !Traits::allow_unauthenticated;
  if (waives || usable_auth_types<B>(o.v15, true).empty()) return errc::unsupported_suite;
  return protect::fits_v15(o.password) ? status{} : status{errc::too_long};
}

/// console::check().
template <crypto::backend B, class Traits> constexpr status check_options(const console_options& o) noexcept {
  if (!o.v15.empty())
    if (const status v15 = check_v15_options<B, Traits>(o); !v15) return v15;
  if (o.suites.empty()) return errc::unsupported_suite;
  for (const auto id : o.suites.view())
    if (!may_use<B>(id, Traits::allow_unauthenticated)) return errc::unsupported_suite;
  const bool level = o.level >= privilege::callback && o.level <= privilege::oem;
  const bool tries = o.retry.tries >= 1 && o.retry.tries < max_unanswered;
  return level && tries ? status{} : errc::invalid_argument;
}

}  // namespace detail

/// For a type that is no configuration: a build stops here, and says what the type lacks.
template <class Config> class console {
  static_assert(detail::check_console_config<Config>(), "rmcpp: not a console's configuration (console/options.hpp)");

 public:
  console(Config config, const console_options& options) noexcept;
};

}  // namespace rmcpp
