// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/v15_packet.hpp>
#include <rmcpp/wire/lan_message.hpp>

#include <array>
#include <span>

/// \file
/// Which authentication types an IPMI v1.5 session may have.

namespace rmcpp {

/// Authentication types of IPMI v1.5 by preference; OEM is none of them.
class auth_type_list {
 public:
  constexpr auth_type_list() noexcept = default;
  /// Types beyond the capacity, ones that are no session's and those that were named before are left out.
  template <std::same_as<wire::auth_type>... More>
  constexpr auth_type_list(wire::auth_type first, More... more) noexcept {
    add(first);
    (add(more), ...);
  }
  constexpr void add(wire::auth_type t) noexcept {
    const bool known = wire::is_defined(t) && t != wire::auth_type::oem;
    if (known && !has(t) && size_ < types_.size()) types_[size_++] = t;
  }
  [[nodiscard]] constexpr bool has(wire::auth_type t) const noexcept {
    for (const auto known : view())
      if (known == t) return true;
    return false;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr std::span<const wire::auth_type> view() const noexcept {
    return std::span(types_).first(size_);
  }
  /// Bit n for type n, as Get Channel Authentication Capabilities tells them.
  [[nodiscard]] constexpr std::uint8_t bits() const noexcept {
    unsigned b = 0;
    for (const auto t : view()) b |= 1u << static_cast<unsigned>(t);
    return static_cast<std::uint8_t>(b);
  }

 private:
  std::array<wire::auth_type, 4> types_{};
  std::uint8_t size_ = 0;
};

/// What a console may choose by itself. None and straight password it must be told to use.
inline constexpr auth_type_list digest_auth_types{wire::auth_type::md5, wire::auth_type::md2};

/// The highest privilege that each authentication type of IPMI v1.5 may bring. Without a limit of its own a type brings
/// what user and channel allow.
class auth_limits {
 public:
  constexpr auth_limits() noexcept {
    for (auto& level : levels_) level = privilege::oem;
  }
  /// Ignored for types that are no session's.
  constexpr void set(wire::auth_type t, privilege level) noexcept {
    if (static_cast<std::size_t>(t) < levels_.size()) levels_[static_cast<std::size_t>(t)] = level;
  }
  [[nodiscard]] constexpr privilege of(wire::auth_type t) const noexcept {
    return static_cast<std::size_t>(t) < levels_.size() ? levels_[static_cast<std::size_t>(t)] : privilege::oem;
  }

 private:
  std::array<privilege, 5> levels_{};
};

}  // namespace rmcpp

namespace rmcpp::detail {

/// Whether a build can have sessions of the type: its digest, and proof of identity unless that is waived.
template <crypto::backend B> constexpr bool may_use(wire::auth_type t, bool allow_unauthenticated) noexcept {
  return t == wire::auth_type::none ? allow_unauthenticated : protect::supports<B>(t);
}

/// The part of `wanted` that a build has, in the same order.
template <crypto::backend B>
constexpr auth_type_list usable_auth_types(const auth_type_list& wanted, bool allow_unauthenticated) noexcept {
  auth_type_list usable;
  for (const auto t : wanted.view())
    if (may_use<B>(t, allow_unauthenticated)) usable.add(t);
  return usable;
}

}  // namespace rmcpp::detail
