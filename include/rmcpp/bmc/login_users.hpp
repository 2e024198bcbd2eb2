// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/context.hpp>
#include <rmcpp/bmc/half_open.hpp>

namespace rmcpp::detail {

/// The users as a login sees them. A name that may not log in, because it is unknown or disabled or asks in the wrong
/// way, has a password of this boot's own, so that its RAKP 2 looks like any other.
template <class Context> class login_users {
 public:
  /// Draws that password, once; false without randomness.
  bool prepare(const Context& c) noexcept {
    has_dummy_key_ = has_dummy_key_ || c.random.fill(dummy_key_.reveal());
    return has_dummy_key_;
  }

  /// Finds the user of a RAKP 1 and sets `user.id` to none where the name may not log in; only with the option
  /// `disclose` that is told here already.
  static rakp_status find(const Context& c, const wire::rakp1& m, user_record& user) noexcept {
    const bool known = c.users.find(m.name, m.role, c.from.channel(), user) && user.enabled;
    if (!known) user.id = user_id::none;
    if (!c.options.disclose) return rakp_status::no_errors;
    if (!known) return rakp_status::unauthorized_name;
    return m.role.level() > user.limit ? rakp_status::unauthorized_role_or_privilege : rakp_status::no_errors;
  }
  /// The record behind a login, as it is now.
  void find_again(const Context& c, const proven_login<typename Context::peer_type>& p,
                  user_record& user) const noexcept {
    const bool known = c.users.find(p.transcript.name, p.transcript.role, p.peer.channel(), user) && user.enabled &&
                       p.user != user_id::none && user.id == p.user;
    if (!known) user = {.secret = dummy_key_};
  }
  [[nodiscard]] const user_key& password(const user_record& user) const noexcept {
    return user.id == user_id::none ? dummy_key_ : user.secret;
  }

  template <class Sink> void describe_state(Sink& sink) const { sink("has_dummy_key", has_dummy_key_); }

 private:
  user_key dummy_key_{};
  bool has_dummy_key_ = false;
};

}  // namespace rmcpp::detail
