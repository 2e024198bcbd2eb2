// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/policy.hpp>
#include <rmcpp/bmc/replies.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/protect/link.hpp>
#include <rmcpp/session/keyed.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// A BMC's sessions: their slots, and how they are found.

namespace rmcpp::detail {

/// What is left of a login in its session.
struct login_receipt {
  wire::rakp_code rakp3{};  ///< to recognise a repeat
  wire::rakp_code rakp4{};  ///< and answer it
};

/// A slot. What a login leaves to its session lies beside `state`, which is reset by assignment.
template <crypto::backend B, peer_address Peer, class Traits> struct managed_session {
  using replies = reply_cache<Traits::replay_depth, Traits::reply_bytes>;

  struct session_state {
    bool active = false;
    bool confirmed = false;   ///< its console has sent a packet, so it accepted RAKP 4
    bool executing = false;   ///< its command is running: the session must not end before the answer is sealed
    login_trigger end_on{};   ///< what ended it meanwhile,
    errc end_why = errc::ok;  ///< and why; ok: nothing did
    Peer peer{};
    session_info info{};
    instant last_heard{};
    replies cache{};
  };

  protect::link_v2<B> link{};
  login_receipt receipt{};
  left_empty<session_state> state{};
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
  /// A free slot, if fewer than `most` are taken; else null.
  [[nodiscard]] session* free_slot(std::size_t most = Traits::sessions) noexcept {
    if (active() >= most) return nullptr;
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
  std::array<session, Traits::sessions> slots_{};
};

}  // namespace rmcpp::detail
