// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/core/time.hpp>

#include <array>

namespace rmcpp::detail {

/// Slows down guessing at a BMC: after a wrong RAKP 3, further logins of the same name from the same quota key wait,
/// 1 s at first, doubling up to 32 s. Nobody else waits, and a user is never locked out: a garbage RAKP 3 needs no
/// password, so a lock would shut out the owner.
///
/// An offender is a name and a quota key; the table holds N of them. Where it is full of offenders that still wait, and
/// one of their quota keys fails under yet another name, that key's entry is widened to all names: from then on the
/// whole quota key waits. A newcomer of another quota key takes the place of the one whose wait ends first. Once a wait
/// is over its place may go to anybody, and then the doubling begins anew.
template <peer_address Peer, std::size_t N> class penalty_table {
 public:
  static constexpr milliseconds first{1000};
  static constexpr std::uint8_t max_doublings = 5;
  /// Failures are forgotten this long after their wait is over.
  static constexpr milliseconds memory{60'000};

  [[nodiscard]] bool waits(const Peer& peer, const username& name, instant now) const noexcept {
    for (const auto& o : offenders_)
      if (o.is(peer, name) && now < o.until) return true;
    return false;
  }

  void failed(const Peer& peer, const username& name, instant now) noexcept {
    offender& o = slot_for(peer, name, now);
    if (!o.is(peer, name) && o.used && now < o.until && o.of(peer)) {
      o.every_name = true;
    } else if (!o.is(peer, name) || now >= o.until + memory) {
      o = {.peer = peer, .name = name};
    }
    const std::uint8_t doublings = o.failures < max_doublings ? o.failures : max_doublings;
    o.until = now + milliseconds{first.count << doublings};
    if (o.failures < max_doublings) ++o.failures;
    o.used = true;
  }

  void succeeded(const Peer& peer, const username& name) noexcept {
    for (auto& o : offenders_)
      if (o.is(peer, name)) o = {};
  }

 private:
  struct offender {
    Peer peer{};
    username name{};
    instant until{};
    std::uint8_t failures = 0;
    bool used = false;
    bool every_name = false;  ///< one that tried more names than fit

    [[nodiscard]] bool of(const Peer& p) const noexcept { return used && peer.quota_key() == p.quota_key(); }
    [[nodiscard]] bool is(const Peer& p, const username& n) const noexcept {
      return of(p) && (every_name || name == n);
    }
  };

  /// The offender's own slot, else one whose wait is over, else another of the same quota key, else that of the one
  /// whose wait ends first.
  offender& slot_for(const Peer& peer, const username& name, instant now) noexcept {
    offender* best = &offenders_[0];
    for (auto& o : offenders_) {
      if (o.is(peer, name)) return o;
      if (o.until < best->until) best = &o;
    }
    if (!best->used || now >= best->until) return *best;
    for (auto& o : offenders_)
      if (o.of(peer)) return o;
    return *best;
  }

  std::array<offender, N> offenders_{};
};

}  // namespace rmcpp::detail
