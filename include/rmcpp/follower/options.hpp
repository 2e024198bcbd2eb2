// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/ref.hpp>
#include <rmcpp/protect/login_keys.hpp>

#include <span>

namespace rmcpp {

/// Compile-time sizes of a follower. Derive and override. README.md says what a session costs.
struct follower_traits {
  static constexpr std::size_t sessions = 64;       ///< at once; the one heard longest ago gives way
  static constexpr std::size_t conversations = 64;  ///< likewise
  static constexpr std::size_t given_keys = 4;      ///< sessions whose keys are given
};

/// A follower's configuration: `crypto` (a backend), a value or a reference, and `traits`.
template <class C> concept follower_config = requires(C c) {
  typename C::traits;
  requires crypto::backend<core::policy_of<decltype(c.crypto)>>;
};

namespace detail {

/// What a type lacks of the concept, in words: see crypto/concepts.hpp.
// clang-format off
template <class C> consteval bool check_follower_config() {
  constexpr bool has_traits = requires { typename C::traits; };
  static_assert(has_traits,
                "rmcpp: a follower's configuration needs a type `traits`, such as rmcpp::follower_traits");
  constexpr bool has_crypto = requires(C c) { c.crypto; };
  static_assert(has_crypto,
                "rmcpp: a follower's configuration needs a public member `crypto`, a backend (crypto/concepts.hpp)");
  if constexpr (has_crypto) check_backend<core::policy_of<decltype(C::crypto)>>();
  return follower_config<C>;
}
// clang-format on

}  // namespace detail

/// A password that may be somebody's.
struct credential {
  username name{};
  bool any_name = true;  ///< whatever name they log in with
  user_key password{};   ///< up to 20 bytes, zero-padded; v1.5 uses the first 16
};

/// What is known beforehand.
struct follower_options {
  std::span<const credential> users{};  ///< at most 255; borrowed for the follower's life
  user_key kg{};                        ///< all zero: none
};

/// Keys of a session whose login was not captured. Its ids are learnt from the first packet that verifies.
struct given_keys {
  wire::cipher_suite suite{};
  protect::session_secret sik{};  ///< empty: K1 and K2 are given instead
  protect::session_secret k1{};   ///< as long as the hash of the authentication algorithm
  protect::session_secret k2{};   ///< likewise, or its first 16 bytes
  user_key password{};            ///< for MD5-128 integrity only
};

}  // namespace rmcpp
