// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/core/secure.hpp>

/// \file
/// Users that are known when the program starts.

namespace rmcpp {

/// One of them.
struct user_entry {
  username name{};
  user_key password{};
  privilege limit = privilege::administrator;
  bool enabled = true;
  std::uint8_t sessions = 0;  ///< at once; 0: as many as there are
};

/// Up to N users, numbered from 2 (1 is the null user, IPMI v2.0, 6.9), and one K_g for all channels: a user_directory.
/// A look-up compares the name with every entry, whatever it finds.
template <std::size_t N> class user_table {
  static_assert(N >= 1 && N <= 62);

 public:
  constexpr user_table() noexcept = default;
  template <std::size_t M>
  requires(M <= N) constexpr user_table(const user_entry (&all)[M]) noexcept : size_(M) {
    for (std::size_t i = 0; i < M; ++i) users_[i] = all[i];
  }

  /// Errors: no_slot; invalid_argument if there is such a name.
  constexpr status add(const user_entry& u) noexcept {
    for (std::size_t i = 0; i < size_; ++i)
      if (users_[i].name == u.name) return errc::invalid_argument;
    if (size_ == N) return errc::no_slot;
    users_[size_++] = u;
    return {};
  }
  /// All zero: one-key logins.
  constexpr void set_kg(const user_key& kg) noexcept { kg_ = kg; }

  bool find(const username& name, role_byte role, std::uint8_t, user_record& out) const noexcept {
    bool found = false;
    for (std::size_t i = 0; i < size_; ++i) {
      const user_entry& u = users_[i];
      const bool same = u.name.size() == name.size();
      const bool fits_name = equal_constant_time(u.name.padded(), name.padded());  // asked for every entry
      const bool fits_role = role.name_only() || u.limit == role.level();
      if (!(same && fits_name && fits_role) || found) continue;
      out = {user_id{static_cast<std::uint8_t>(i + 2)}, u.limit, u.enabled, u.password, u.sessions};
      found = true;
    }
    return found;
  }
  [[nodiscard]] constexpr user_key kg(std::uint8_t) const noexcept { return kg_; }
  [[nodiscard]] constexpr user_kinds kinds(std::uint8_t) const noexcept {
    user_kinds k{.named = false};
    for (std::size_t i = 0; i < size_; ++i) {
      const user_entry& u = users_[i];
      if (!u.enabled) continue;
      bool& kind = u.name.size() != 0 ? k.named : u.password.is_zero() ? k.anonymous : k.null;
      kind = true;
    }
    return k;
  }

 private:
  std::array<user_entry, N> users_{};
  std::size_t size_ = 0;
  user_key kg_{};
};
static_assert(user_directory<user_table<1>>);

}  // namespace rmcpp
