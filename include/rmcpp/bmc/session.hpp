// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/bmc/replies.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/protect/link_of.hpp>
#include <rmcpp/session/keyed.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// A BMC's sessions: their slots, and how they are found.

namespace rmcpp::detail {

/// What is left of a login in its session.
struct login_receipt {
  wire::rakp_code proof{};   ///< RAKP 3's code, or the data of Activate Session: to recognise a repeat,
  wire::rakp_code answer{};  ///< and answer it: RAKP 4's code, or the number that the answer gave
};

/// A slot. What a login leaves to its session lies beside `state`, which is reset by assignment.
template <crypto::backend B, peer_address Peer, class Traits> struct managed_session {
  using replies = reply_cache<Traits::replay_depth, Traits::reply_bytes>;

  struct session_state {
    bool active = false;
    bool confirmed = false;   ///< its console has sent a packet, so it accepted our last answer of the login
    bool executing = false;   ///< its command is running: the session must not end before the answer is sealed
    login_trigger end_on{};   ///< what ended it meanwhile,
    errc end_why = errc::ok;  ///< and why; ok: nothing did
    Peer peer{};
    session_info info{};
    instant last_heard{};
    replies cache{};
  };

  protect::link_of<B, Traits> link{};
  login_receipt receipt{};
  left_empty<session_state> state{};

  template <class Sink> void describe_state(Sink& sink, instant now, instant expiry) const {
    sink("active", state.active);
    if (!state.active) return;
    link.describe_state(sink);
    sink("proof", receipt.proof.view());
    sink("answer", receipt.answer.view());
    sink("confirmed", state.confirmed);
    sink("peer", state.peer);
    sink("id", state.info.id);
    sink("user", state.info.user);
    sink("name", state.info.name.view());
    sink("level", state.info.level);
    sink("limit", state.info.limit);
    sink("expires", core::time_left(expiry, now));
    state.cache.describe_state(sink, now);
  }
};

/// The fixed table of sessions. A session's handle is its slot's number, from 1.
template <crypto::backend B, peer_address Peer, class Traits> class session_table {
 public:
  using session = managed_session<B, Peer, Traits>;

  [[nodiscard]] session* find(session_id id) noexcept {
    for (auto& s : slots_)
      if (s.state.active && s.state.info.id == id) return &s;
    return nullptr;
  }
  [[nodiscard]] session* by_handle(std::uint8_t handle) noexcept {
    if (handle < 1 || handle > slots_.size()) return nullptr;
    session& s = slots_[handle - 1u];
    return s.state.active ? &s : nullptr;
  }
  /// The nth active session, from 1.
  [[nodiscard]] session* nth(std::uint8_t n) noexcept {
    for (auto& s : slots_)
      if (s.state.active && n-- == 1) return &s;
    return nullptr;
  }
  /// The session that a Get Session Info asks about, in session `self`; null if there is none.
  [[nodiscard]] session* select(const wire::session_info_request& rq, session& self) noexcept {
    switch (rq.index) {
      case 0: return &self;
      case wire::session_info_request::by_handle: return by_handle(rq.handle);
      case wire::session_info_request::by_id: return find(rq.id);
      default: return nth(rq.index);
    }
  }
  /// How many sessions there may be, where the options say `most`.
  [[nodiscard]] static constexpr std::size_t slots(std::size_t most) noexcept {
    return most < Traits::sessions ? most : Traits::sessions;
  }
  /// What a login's user may take, of `slots` in all and `own` of his own. One session more than either and the user's
  /// login comes to nothing, unless one gives way that is older than `grace` and has sent no packet yet: its console
  /// rejected RAKP 4, or never saw it.
  struct allowance {
    std::size_t slots = Traits::sessions;
    std::size_t own = Traits::sessions;
    user_id user{};
    milliseconds grace{3000};
  };
  /// The slot for a login that came through; one that is active is to give way. Null: there is none.
  [[nodiscard]] session* slot_for(const allowance& a, instant now) noexcept {
    const std::size_t taken = active();
    std::size_t own = 0;
    for (const auto& s : slots_) own += s.state.active && s.state.info.user == a.user ? 1 : 0;
    if (taken > a.slots) return nullptr;  // into a slot that is not his, nobody gives way
    if (own >= a.own) return mutest(now, a.grace, [&](const session& s) { return s.state.info.user == a.user; });
    if (taken == a.slots) return mutest(now, a.grace, [](const session&) { return true; });
    for (auto& s : slots_)
      if (!s.state.active) return &s;
    return nullptr;
  }
  [[nodiscard]] std::uint8_t handle_of(const session& s) const noexcept {
    return static_cast<std::uint8_t>(&s - slots_.data() + 1);
  }
  [[nodiscard]] std::size_t active() const noexcept {
    std::size_t n = 0;
    for (const auto& s : slots_) n += s.state.active ? 1 : 0;
    return n;
  }

  void unload(B& b) noexcept {
    for (auto& s : slots_) s.link.unload(b);
  }

  [[nodiscard]] auto begin() noexcept { return slots_.begin(); }
  [[nodiscard]] auto end() noexcept { return slots_.end(); }
  [[nodiscard]] auto begin() const noexcept { return slots_.begin(); }
  [[nodiscard]] auto end() const noexcept { return slots_.end(); }

 private:
  /// Of those for which `pred` holds, the session that has been silent since its login longest, and longer than
  /// `grace`.
  template <class Pred> session* mutest(instant now, milliseconds grace, Pred&& pred) noexcept {
    session* found = nullptr;
    for (auto& s : slots_) {
      if (!s.state.active || s.state.confirmed || now <= s.state.last_heard + grace || !pred(s)) continue;
      if (!found || s.state.last_heard < found->state.last_heard) found = &s;
    }
    return found;
  }

  std::array<session, Traits::sessions> slots_{};
};

}  // namespace rmcpp::detail
