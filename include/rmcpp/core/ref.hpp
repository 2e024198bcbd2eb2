// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <type_traits>

namespace rmcpp {

/// A member of a configuration that lies elsewhere: a thousand machines share one backend. Unlike a `T&` it can be
/// assigned, so the machines can be sorted, erased and kept in vectors. What it refers to must outlive the machine.
template <class T> class ref {
 public:
  constexpr ref(T& to) noexcept : to_(&to) {}
  [[nodiscard]] constexpr T& get() const noexcept { return *to_; }
  constexpr operator T&() const noexcept { return *to_; }

 private:
  T* to_;
};

namespace core {

template <class T> struct policy { using type = T; };
template <class T> struct policy<ref<T>> { using type = T; };
/// The type of a configuration's member, which is a value, a reference or a ref.
template <class Member> using policy_of = typename policy<std::remove_cvref_t<Member>>::type;

/// That member itself.
template <class T> constexpr T& deref(T& member) noexcept { return member; }
template <class T> constexpr T& deref(const ref<T>& member) noexcept { return member.get(); }
template <class T> constexpr T& deref(ref<T>& member) noexcept { return member.get(); }

}  // namespace core

}  // namespace rmcpp
