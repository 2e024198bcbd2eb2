// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/wire/open_session.hpp>

#include <array>

/// \file
/// A BMC's half-open logins, in two classes that do not compete: *opened* (anybody can make one, even from a forged
/// address) and *proven* (RAKP 1 quoted our unpredictable session id, so the address is real). Neither holds key
/// schedules. A full table gives way by a rule that one sender cannot turn against the others.

namespace rmcpp::detail {

/// After an Open Session Request.
template <peer_address Peer> struct opened_login {
  Peer peer{};
  session_id managed_id{};  ///< SIDc; none: the slot is free
  instant since{};
  wire::open_session_request request{};  ///< to recognise its retransmission
  std::uint8_t suite = 0;
  privilege limit{};  ///< the level granted in the response
};

/// After a RAKP 1.
template <peer_address Peer> struct proven_login {
  Peer peer{};
  session_id managed_id{};  ///< SIDc; none: the slot is free
  instant since{};          ///< of the Open Session Request: repeats do not extend the lifetime
  std::uint8_t suite = 0;
  privilege limit{};
  user_id user{};  ///< none: unknown or not allowed, and RAKP 3 will fail
  protect::rakp_transcript transcript{};
};

/// Same tag, SIDm and body: with the same source, a retransmission.
constexpr bool same_request(const wire::open_session_request& a, const wire::open_session_request& b) noexcept {
  const auto same = [](const auto& x, const auto& y) { return x.length == y.length && x.algorithm == y.algorithm; };
  return a.tag == b.tag && a.console_id == b.console_id && a.max_privilege == b.max_privilege &&
         same(a.authentication, b.authentication) && same(a.integrity, b.integrity) &&
         same(a.confidentiality, b.confidentiality);
}

/// A fixed table of one class.
template <class Login, std::size_t N> class half_open_table {
 public:
  static_assert(N >= 1);

  [[nodiscard]] Login* find(session_id managed_id) noexcept {
    for (auto& slot : slots_)
      if (slot.managed_id == managed_id && managed_id != session_id::none) return &slot;
    return nullptr;
  }

  /// The first login for which `pred` holds, or null.
  template <class Pred> [[nodiscard]] Login* find_if(Pred&& pred) noexcept {
    for (auto& slot : slots_)
      if (slot.managed_id != session_id::none && pred(slot)) return &slot;
    return nullptr;
  }

  [[nodiscard]] Login* free_slot() noexcept {
    for (auto& slot : slots_)
      if (slot.managed_id == session_id::none) return &slot;
    return nullptr;
  }

  /// Who gives way in a full table to a newcomer of `peer`: the oldest of the same quota key if that key holds its
  /// quota, else slot `random % N`: an attacker with many addresses cannot choose the victim.
  template <class Peer>
  [[nodiscard]] Login& victim(const Peer& peer, std::size_t quota, std::uint32_t random) noexcept {
    Login* oldest = nullptr;
    std::size_t same = 0;
    for (auto& slot : slots_) {
      if (slot.managed_id == session_id::none || !(slot.peer.quota_key() == peer.quota_key())) continue;
      ++same;
      if (!oldest || slot.since < oldest->since) oldest = &slot;
    }
    return oldest && same >= quota ? *oldest : slots_[random % N];
  }

  [[nodiscard]] instant oldest() const noexcept {
    instant t = instant::never();
    for (const auto& slot : slots_)
      if (slot.managed_id != session_id::none) t = earlier(t, slot.since);
    return t;
  }

  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t n = 0;
    for (const auto& slot : slots_) n += slot.managed_id != session_id::none ? 1 : 0;
    return n;
  }

  [[nodiscard]] auto begin() noexcept { return slots_.begin(); }
  [[nodiscard]] auto end() noexcept { return slots_.end(); }

 private:
  std::array<Login, N> slots_{};
};

}  // namespace rmcpp::detail
