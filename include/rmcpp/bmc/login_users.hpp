// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/context.hpp>
#include <rmcpp/bmc/half_open.hpp>

namespace rmcpp::detail {

/// The sessions that a login's user may take.
template <class Context> typename Context::allowance allowance_of(const Context& c, const user_record& user) noexcept {
  constexpr std::size_t enough_to_keep_one = 4;
  std::size_t slots = c.sessions.slots(c.options.max_sessions);
  const bool keep_one = c.options.keep_one_for_administrators && slots >= enough_to_keep_one;
  if (keep_one && user.limit < privilege::administrator) --slots;
  return {.slots = slots, .own = user.sessions == 0 ? slots : user.sessions, .user = user.id};
}

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
  /// The record behind a name of IPMI v1.5, as it is now; false, and a record that nobody has, for a name that may not
  /// log in there. A password of more than 16 bytes is none of v1.5.
  bool find_v15(const Context& c, const username& name, user_record& user) const noexcept {
    constexpr auto by_name = role_byte::of(privilege::administrator, true);
    const bool known = c.users.find(name, by_name, c.from.channel(), user) && user.enabled;
    if (known && protect::fits_v15(user.secret)) return true;
    user = {};
    core::copy(dummy_key_.reveal().first(protect::v15_password_size), user.secret.reveal());
    return false;
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
