// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/bmc/slots.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/session/random_id.hpp>
#include <rmcpp/session/step.hpp>
#include <rmcpp/wire/open_session.hpp>

#include <type_traits>

/// \file
/// A BMC's half-open logins, in two classes that do not compete: *opened* (anybody can make one, even from a forged
/// address) and *proven* (RAKP 1 quoted our unpredictable session id, so the address is real). Neither holds key
/// schedules. A full table gives way by a rule that one sender cannot turn against the others.

namespace rmcpp::detail {

/// What a Get Session Challenge leaves, beside what every opened login has.
struct given_challenge {
  username name{};
  octets16 challenge{};
  wire::auth_type type = wire::auth_type::rmcp_plus;  ///< that one: no challenge
  std::uint8_t sequence = 0;                          ///< rqSeq of the request, to recognise its retransmission

  template <class Sink> void describe_state(Sink& sink) const {
    sink("name", name.view());
    sink("challenge", challenge);
    sink("type", type);
    sink("sequence", sequence);
  }
};
/// Where there is no IPMI v1.5.
struct no_challenge {
  static constexpr wire::auth_type type = wire::auth_type::rmcp_plus;

  template <class Sink> void describe_state(Sink&) const {}
};

/// After an Open Session Request, or after a Get Session Challenge: then what belongs to RMCP+ is empty.
template <peer_address Peer, bool V15 = false> struct opened_login {
  Peer peer{};
  session_id managed_id{};  ///< SIDc; none: the slot is free
  instant since{};
  wire::open_session_request request{};  ///< to recognise its retransmission
  std::uint8_t suite = 0;
  privilege limit{};  ///< the level granted in the response
  [[no_unique_address]] std::conditional_t<V15, given_challenge, no_challenge> v15{};

  /// Whether it is a challenge: of no use to RAKP 1, as the other kind is of none to Activate Session.
  [[nodiscard]] constexpr bool is_v15() const noexcept { return v15.type != wire::auth_type::rmcp_plus; }

  template <class Sink> void describe_state(Sink& sink) const {
    v15.describe_state(sink);
    sink("tag", request.tag);
    sink("level", request.max_privilege);
    sink("console_id", request.console_id);
    const auto proposes = [&](const auto& algorithms) {
      sink("length", algorithms.length);
      sink("algorithm", algorithms.algorithm);
    };
    proposes(request.authentication);
    proposes(request.integrity);
    proposes(request.confidentiality);
  }
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

  template <class Sink> void describe_state(Sink& sink) const {
    sink("user", user);
    transcript.describe_state(sink);
  }
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
    for (auto& slot : slots_.taken())
      if (slot.managed_id == managed_id && managed_id != session_id::none) return &slot;
    return nullptr;
  }

  /// The first login for which `pred` holds, or null.
  template <class Pred> [[nodiscard]] Login* find_if(Pred&& pred) noexcept {
    for (auto& slot : slots_.taken())
      if (slot.managed_id != session_id::none && pred(slot)) return &slot;
    return nullptr;
  }

  /// Forgets the first login for which `pred` holds; false: there was none.
  template <class Pred> bool forget(Pred&& pred) noexcept {
    Login* const l = find_if(pred);
    if (l) *l = {};
    return l != nullptr;
  }

  /// For a login that the caller puts there; null: the table is full.
  [[nodiscard]] Login* free_slot() noexcept {
    return slots_.take([](const Login& l) { return l.managed_id == session_id::none; });
  }

  /// Who gives way in a full table to a newcomer of `peer`: the oldest of the same quota key if that key holds its
  /// quota, else slot `random % N`: an attacker with many addresses cannot choose the victim.
  template <class Peer>
  [[nodiscard]] Login& victim(const Peer& peer, std::size_t quota, std::uint32_t random) noexcept {
    Login* oldest = nullptr;
    std::size_t same = 0;
    for (auto& slot : slots_.taken()) {
      if (slot.managed_id == session_id::none || !(slot.peer.quota_key() == peer.quota_key())) continue;
      ++same;
      if (!oldest || slot.since < oldest->since) oldest = &slot;
    }
    return oldest && same >= quota ? *oldest : slots_[random % N];
  }

  [[nodiscard]] instant oldest() const noexcept {
    instant t = instant::never();
    for (const auto& slot : slots_.taken())
      if (slot.managed_id != session_id::none) t = earlier(t, slot.since);
    return t;
  }

  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t n = 0;
    for (const auto& slot : slots_.taken()) n += slot.managed_id != session_id::none ? 1 : 0;
    return n;
  }

  template <class Sink> void describe_state(Sink& sink, instant now, milliseconds lifetime) const {
    for (const auto& slot : slots_.all()) {
      sink("managed_id", slot.managed_id);
      if (slot.managed_id == session_id::none) continue;
      sink("peer", slot.peer);
      sink("lives", core::time_left(slot.since + lifetime, now));
      sink("suite", slot.suite);
      sink("limit", slot.limit);
      slot.describe_state(sink);
    }
  }

 private:
  slot_array<Login, N> slots_{};
};

/// Both classes, and how long they live.
template <class Context> class half_open_logins {
  using peer_type = typename Context::peer_type;
  using traits = typename Context::traits;

 public:
  using opened_type = opened_login<peer_type, traits::v15>;
  using proven_type = proven_login<peer_type>;

  half_open_table<opened_type, traits::opened> opened{};
  half_open_table<proven_type, traits::proven> proven{};

  /// The opened login of that id, if it is of that format.
  [[nodiscard]] opened_type* find_opened(session_id managed_id, bool v15) noexcept {
    opened_type* const o = opened.find(managed_id);
    return o && o->is_v15() == v15 ? o : nullptr;
  }

  /// A free slot of `table`, if need be one that gives way, and then `gave_way` is set; null without randomness to
  /// choose it.
  template <class Table> static auto* make_room(Table& table, const Context& c, bool& gave_way) noexcept {
    auto* slot = table.free_slot();
    if (slot) return slot;
    std::array<std::uint8_t, 4> dice{};
    if (!c.random.fill(dice)) return slot;
    slot = &table.victim(c.from, traits::quota, core::load_le32(dice.data()));
    *slot = {};
    gave_way = true;
    return slot;
  }

  /// An id for a new login, that nothing else has. Unpredictable, because RAKP 1 proves its return path by quoting it.
  bool new_session_id(const Context& c, session_id& id) noexcept {
    for (int tries = 0; tries < 8; ++tries) {  // a source that is stuck must not hang us
      const auto drawn = random_session_id(c.random);
      if (!drawn) return false;
      id = *drawn;
      if (!opened.find(id) && !proven.find(id) && !c.sessions.find(id)) return true;
    }
    return false;
  }

  /// Forgets one login older than that: where it stood, or none. Call it until it says none.
  login_stage expire(instant now, milliseconds lifetime) noexcept {
    const auto old = [&](const auto& l) { return now >= l.since + lifetime; };
    if (opened.forget(old)) return login_stage::opened;
    return proven.forget(old) ? login_stage::proven : login_stage::none;
  }
  /// When the oldest began; never() without one.
  [[nodiscard]] instant oldest() const noexcept { return earlier(opened.oldest(), proven.oldest()); }

  template <class Sink> void describe_state(Sink& sink, instant now, milliseconds lifetime) const {
    opened.describe_state(sink, now, lifetime);
    proven.describe_state(sink, now, lifetime);
  }
};

}  // namespace rmcpp::detail
