// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/options.hpp>
#include <rmcpp/follower/session.hpp>
#include <rmcpp/protect/v15_packet.hpp>

/// \file
/// The cryptography of following a login: trying what is known against the codes that were seen.

namespace rmcpp::detail {

/// Tries the known secrets. Verdicts are unknown where nothing is known, or the backend fails.
template <crypto::backend B> class login_secrets {
 public:
  login_secrets(B& b, const follower_options& options) noexcept : backend_(b), options_(options) {}

  /// RAKP 2 or 3: whether `code` is right under the password of a user of that name; then `user` is its index.
  template <class Code>
  verdict judge(const wire::rakp_code& code, const protect::rakp_transcript& t, std::uint8_t& user,
                Code&& expected) noexcept {
    verdict v = verdict::unknown;
    for_users(&t.name, user, [&](std::uint8_t i) {
      const auto computed = expected(backend_, options_.users[i].password);
      if (!computed) return false;
      v = equal_constant_time(*computed, code) ? verdict::ok : verdict::bad;
      if (v == verdict::ok) user = i;
      return v == verdict::ok;
    });
    return v;
  }
  verdict rakp2(wire::authentication_algorithm a, const rakp_exchange& e, std::uint8_t& user) noexcept {
    return judge(e.rakp2, e.transcript, user,
                 [&](B& b, const user_key& p) { return rakp2_code(b, a, p, e.transcript); });
  }
  verdict rakp3(wire::authentication_algorithm a, const wire::rakp_code& code, const rakp_exchange& e,
                std::uint8_t& user) noexcept {
    return judge(code, e.transcript, user, [&](B& b, const user_key& p) { return rakp3_code(b, a, p, e.transcript); });
  }

  /// RAKP 4: whether `code` is right in this exchange; then `f(sik, password, used_kg)` is called with the session
  /// integrity key that makes it so.
  template <class F>
  verdict rakp4(wire::authentication_algorithm a, const wire::rakp_code& code, const rakp_exchange& e,
                std::uint8_t user, F&& f) noexcept {
    verdict v = verdict::unknown;
    (void)for_siks(a, e, user, [&](const protect::session_secret& sik, const user_key& password, bool with_kg) {
      const auto whole = rakp4_code(backend_, a, sik, e.transcript);
      if (!whole) return false;
      v = protect::rakp4_code_fits(a, *whole, code) ? verdict::ok : verdict::bad;
      if (v == verdict::ok) f(sik, password, with_kg);
      return v == verdict::ok;
    });
    return v;
  }

  /// Session integrity keys that may be this exchange's, under K_g first: `f(sik, password, used_kg)` until it returns
  /// true. False if none was right.
  template <class F>
  bool for_siks(wire::authentication_algorithm a, const rakp_exchange& e, std::uint8_t user, F&& f) noexcept {
    const auto attempt = [&](const user_key& password, const user_key& kg) {
      const auto sik = session_integrity_key(backend_, a, password, kg, e.transcript);
      return sik && f(*sik, password, !kg.is_zero());
    };
    const auto with_users = [&](const user_key& kg) {
      bool done = false;
      for_users(&e.transcript.name, user,
                [&](std::uint8_t i) { return done = attempt(options_.users[i].password, kg); });
      return done;
    };
    // Where K_g is used the password takes no part in SIK: without one the session can be read all the same.
    const user_key& kg = options_.kg;
    return (!kg.is_zero() && (with_users(kg) || attempt({}, kg))) || with_users({});
  }

  /// Authcode of an IPMI v1.5 packet, whose type is not none. `name`: who logged in, null where it is not known.
  verdict v15(const wire::seen& packet, const username* name, std::uint8_t& user) noexcept {
    verdict v = verdict::unknown;
    for_users(name, user, [&](std::uint8_t i) {
      secret<16> code;
      if (!protect::v15_code(backend_, packet, options_.users[i].password, code)) return false;
      v = equal_constant_time(code.reveal(), packet.authcode()) ? verdict::ok : verdict::bad;
      if (v == verdict::ok) user = i;
      return v == verdict::ok;
    });
    return v;
  }

 private:
  /// The users of that name (null: all), or only the one known already, until `f(index)` returns true.
  template <class F> void for_users(const username* name, std::uint8_t known, F&& f) noexcept {
    for (std::size_t i = 0; i < options_.users.size() && i < session_facts::not_given; ++i) {
      const credential& c = options_.users[i];
      if (known != session_facts::not_given ? i != known : name && !c.any_name && !(c.name == *name)) continue;
      if (f(static_cast<std::uint8_t>(i))) return;
    }
  }

  B& backend_;
  const follower_options& options_;
};

}  // namespace rmcpp::detail
