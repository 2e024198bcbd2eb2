// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/ref.hpp>
#include <rmcpp/crypto/concepts.hpp>

#include <concepts>
#include <type_traits>

namespace rmcpp::detail {

/// A machine's configuration, and what the machine has loaded into the configuration's backend: neither goes without
/// the keys being unloaded from the backend that has them. So a machine moves, and is assigned, member by member.
/// `Loaded` has `unload(backend&)`, and when moved leaves its source unloaded.
template <class Config, class Loaded> class keyed {
  using crypto_type = core::policy_of<decltype(Config::crypto)>;

 public:
  explicit keyed(Config&& c) noexcept : config(static_cast<Config&&>(c)) {}
  ~keyed() { unload(); }
  keyed(keyed&&) noexcept = default;
  keyed& operator=(keyed&& from) noexcept requires std::is_move_assignable_v<Config> {
    if (this == &from) return *this;
    unload();
    config = static_cast<Config&&>(from.config);
    loaded = static_cast<Loaded&&>(from.loaded);
    return *this;
  }
  keyed(const keyed&) requires(crypto::copyable_backend<crypto_type>&& std::is_copy_constructible_v<Config>) = default;
  keyed& operator=(const keyed& from) requires(
      crypto::copyable_backend<crypto_type>&& std::is_copy_assignable_v<Config>) {
    if (this == &from) return *this;
    unload();
    config = from.config;
    loaded = from.loaded;
    return *this;
  }

  [[nodiscard]] crypto_type& crypto() noexcept { return core::deref(config.crypto); }

  Config config;
  Loaded loaded{};

 private:
  void unload() noexcept { loaded.unload(crypto()); }
};

/// A part of a machine that only one machine has: moved, it leaves T{} behind.
template <class T> class left_empty : public T {
 public:
  left_empty() noexcept = default;
  left_empty(left_empty&& from) noexcept : T(static_cast<const T&>(from)) { static_cast<T&>(from) = T{}; }
  left_empty& operator=(left_empty&& from) noexcept {
    if (this == &from) return *this;
    T::operator=(static_cast<const T&>(from));
    static_cast<T&>(from) = T{};
    return *this;
  }
  left_empty(const left_empty&) = default;
  left_empty& operator=(const left_empty&) = default;
  template <std::same_as<T> U> left_empty& operator=(const U& value) noexcept {
    T::operator=(value);
    return *this;
  }
};

/// The same for a value that is no class.
template <class T> class handed_over {
 public:
  constexpr handed_over(T value = {}) noexcept : value_(value) {}
  constexpr handed_over(handed_over&& from) noexcept : value_(from.value_) { from.value_ = {}; }
  constexpr handed_over& operator=(handed_over&& from) noexcept {
    const T value = from.value_;
    from.value_ = {};
    value_ = value;
    return *this;
  }
  constexpr handed_over(const handed_over&) noexcept = default;
  constexpr handed_over& operator=(const handed_over&) noexcept = default;
  constexpr operator T() const noexcept { return value_; }

 private:
  T value_;
};

}  // namespace rmcpp::detail
