// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/bmc/slots.hpp>
#include <rmcpp/core/time.hpp>

#include <array>

namespace rmcpp::detail {

/// Slows down guessing at a BMC. An offender is a name from an address and port; after a wrong RAKP 3 or Activate
/// Session it waits, 1 s at first, doubling up to 32 s. Once another port of the same quota key fails under that name
/// while the offender waits, the offender is that name from the whole quota key: a port of one's own is cheap. Nobody
/// else waits, and a user is never locked out: a garbage RAKP 3 needs no password, so a lock would shut out the owner.
///
/// The table holds N offenders, each until a minute after its wait, so that no wait is shortened and no doubling
/// forgotten. A quota key takes a sixteenth of it: who fails there under ever new names waits under every name. While
/// all offenders fit, whoever is none of them is judged at once. Where they do not, strangers share four judged guesses
/// a second; the quota keys of the last logins that came through, up to eight, stand outside, each until it fails.
template <peer_address Peer, std::size_t N> class penalty_table {
 public:
  static constexpr milliseconds first{1000};
  static constexpr std::uint8_t max_doublings = 5;
  /// Failures are forgotten this long after their wait is over.
  static constexpr milliseconds memory{60'000};
  /// Between the guesses of those who share.
  static constexpr milliseconds share{250};
  static constexpr std::size_t most_of_one_key = N < 48 ? 2 : N / 16;
  static constexpr std::size_t trusted_keys = N < 8 ? N : 8;

  [[nodiscard]] bool waits(const Peer& peer, const username& name, instant now) const noexcept {
    for (const auto& o : offenders_.taken())
      if (o.is(peer, name) && now < o.until) return true;
    return false;
  }

  /// Whether a guess may be judged now: not of one who waits. Asked once for each.
  [[nodiscard]] bool may_guess(const Peer& peer, const username& name, instant now) noexcept {
    if (waits(peer, name, now)) return false;
    if (free_place(now)) return true;
    for (const auto& o : offenders_.taken())
      if (o.is(peer, name)) return true;
    if (find_trusted(peer)) return true;
    if (now < next_guess_) return false;
    next_guess_ = now + share;
    return true;
  }

  void failed(const Peer& peer, const username& name, instant now) noexcept {
    offender* const o = offender_for(peer, name, now);
    if (!o) {
      if (Peer* const key = find_trusted(peer)) *key = {};
      return;
    }
    const std::uint8_t doublings = o->failures < max_doublings ? o->failures : max_doublings;
    o->until = now + milliseconds{first.count << doublings};
    if (o->failures < max_doublings) ++o->failures;
  }

  void succeeded(const Peer& peer, const username& name) noexcept {
    for (auto& o : offenders_.taken())
      if (o.who != extent::every_name && o.is(peer, name)) o = {};
    if (find_trusted(peer)) return;
    for (auto& t : trusted_) {
      if (!(t == Peer{})) continue;
      t = peer;
      return;
    }
    trusted_[next_trusted_] = peer;
    next_trusted_ = static_cast<std::uint8_t>((next_trusted_ + 1) % trusted_keys);
  }

  template <class Sink> void describe_state(Sink& sink, instant now) const {
    for (const auto& o : offenders_.all()) {
      sink("who", o.who);
      if (o.who == extent::nobody) continue;
      sink("peer", o.peer);
      sink("name", o.name.view());
      sink("remembered", core::time_left(o.until + memory, now));
      sink("failures", o.failures);
    }
    for (const auto& peer : trusted_) sink("trusted", peer);
    sink("next_trusted", next_trusted_);
    sink("next_guess", core::time_left(next_guess_, now));
  }

 private:
  enum class extent : std::uint8_t { nobody, port, quota_key, every_name };

  struct offender {
    Peer peer{};
    username name{};
    instant until{};
    std::uint8_t failures = 0;
    extent who{};

    [[nodiscard]] bool of(const Peer& p) const noexcept {
      return who != extent::nobody && peer.quota_key() == p.quota_key();
    }
    [[nodiscard]] bool is(const Peer& p, const username& n) const noexcept {
      if (who == extent::port) return peer == p && name == n;
      return of(p) && (who == extent::every_name || name == n);
    }
    [[nodiscard]] bool remembered(instant now) const noexcept { return who != extent::nobody && now < until + memory; }
  };

  /// The offender's own entry; else one of its quota key that is widened to take it in; else a free one. Null: there is
  /// none.
  offender* offender_for(const Peer& peer, const username& name, instant now) noexcept {
    offender* own = nullptr;
    offender* twin = nullptr;
    offender* kin = nullptr;
    std::size_t family = 0;
    for (auto& o : offenders_.taken()) {
      if (!o.remembered(now) || !o.of(peer)) continue;
      ++family;
      kin = &o;
      if (o.is(peer, name)) own = &o;
      if (o.name == name && now < o.until) twin = &o;
    }
    if (own) return own;
    if (twin) return widened(twin, extent::quota_key);
    offender* const free = family < most_of_one_key ? free_place(now) : nullptr;
    if (free) {
      *free = {.peer = peer, .name = name, .who = extent::port};
      return free;
    }
    return widened(kin, extent::every_name);
  }
  offender* free_place(instant now) noexcept {
    return offenders_.take([&](const offender& o) { return !o.remembered(now); });
  }
  static offender* widened(offender* o, extent to) noexcept {
    if (o) o->who = to;
    return o;
  }

  /// A peer of that quota key whose login came through lately; a default Peer is nobody.
  [[nodiscard]] Peer* find_trusted(const Peer& peer) noexcept {
    for (auto& t : trusted_)
      if (!(t == Peer{}) && t.quota_key() == peer.quota_key()) return &t;
    return nullptr;
  }

  slot_array<offender, N> offenders_{};
  std::array<Peer, trusted_keys> trusted_{};
  instant next_guess_{};
  std::uint8_t next_trusted_ = 0;
};

}  // namespace rmcpp::detail
