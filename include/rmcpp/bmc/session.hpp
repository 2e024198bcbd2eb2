// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/time.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>
#include <rmcpp/session/policy.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/session_commands.hpp>

/// \file
/// A BMC's sessions, and what it keeps for them: the last answers, and the commands whose answers are still to come.

namespace rmcpp {

/// The last requests of a session and their answers, so that a repeat is answered and not executed again.
template <std::size_t Depth, std::size_t ReplyBytes> class reply_cache {
 public:
  static constexpr milliseconds lifetime{5000};

  struct entry {
    std::uint64_t digest = 0;
    instant since{};
    bool used = false;
    std::uint8_t size = 0;
    completion_code code{};
    std::array<std::uint8_t, ReplyBytes> data{};
  };

  /// The kept answer to an equal request, if it was given within the last 5 s; else null.
  [[nodiscard]] const entry* find(std::uint64_t digest, instant now) const noexcept {
    for (const auto& e : entries_)
      if (e.used && e.digest == digest && now <= e.since + lifetime) return &e;
    return nullptr;
  }
  /// Keeps an answer for repeats, in the place of an older one to the same request, else of the oldest. Not kept: busy,
  /// for the repeat is to be tried again; and what is too long, unless the command must run `once`: then a repeat gets
  /// CFh.
  void keep(std::uint64_t digest, instant now, completion_code code, bytes data, bool once) noexcept {
    for (auto& old : entries_)
      if (old.digest == digest) old.used = false;
    const bool fits = data.size() <= ReplyBytes;
    if (code == completion_code::busy || (!fits && !once)) return;
    entry& e = entries_[next_];
    next_ = (next_ + 1) % Depth;
    e = {.digest = digest, .since = now, .used = true, .code = fits ? code : completion_code::duplicated_request};
    if (fits) e.size = static_cast<std::uint8_t>(copy(data, e.data));
  }

 private:
  std::array<entry, Depth> entries_{};
  std::size_t next_ = 0;
};

/// Tells requests apart: a hash over addresses, sequence, command and data, eight bytes at a time (byte by byte took as
/// long as the cryptography). Each step is a bijection, so requests of one length that differ within eight bytes never
/// collide. Only the session's own console can send two that do, and only to its own harm.
constexpr std::uint64_t request_digest(bytes lan_message) noexcept {
  std::uint64_t h = 0xcbf29ce484222325u ^ lan_message.size();
  const auto mix = [&](std::uint64_t chunk) {
    h = (h ^ chunk) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;  // or the highest bits, which a product does not spread, would meet one bit of the next chunk
  };
  for (; lan_message.size() >= 8; lan_message = lan_message.subspan(8))
    mix(load_le32(lan_message.data()) | std::uint64_t{load_le32(lan_message.data() + 4)} << 32);
  std::uint64_t rest = 0;
  for (const auto b : lan_message) rest = rest << 8 | b;
  if (!lan_message.empty()) mix(rest);
  return h;
}

template <backend B, peer_address Peer, class Traits> struct managed_session {
  using replies = reply_cache<Traits::replay_depth, Traits::reply_bytes>;

  bool active = false;
  Peer peer{};
  session_info info{};
  session_id console_id{};  ///< SIDm, which our packets carry
  session_keys<B> keys{};
  replay_window window{};
  sequence_counter sequence{};
  instant last_heard{};
  bool executing = false;  ///< its command is running
  login_trigger end_on{};  ///< how and why it ends after that; ok: it does not
  errc end_why = errc::ok;
  bool confirmed = false;  ///< its console has sent a packet, so it accepted RAKP 4
  rakp_code rakp3{};       ///< to recognise a repeat
  rakp_code rakp4{};       ///< and answer it
  replies cache{};
};

/// The fixed table of sessions. A session's handle is its slot's number, from 1.
template <backend B, peer_address Peer, class Traits> class session_table {
 public:
  using session = managed_session<B, Peer, Traits>;

  [[nodiscard]] session* find(session_id id) noexcept {
    for (auto& s : slots_)
      if (s.active && s.info.id == id) return &s;
    return nullptr;
  }
  [[nodiscard]] session* by_handle(std::uint8_t handle) noexcept {
    if (handle < 1 || handle > slots_.size()) return nullptr;
    session& s = slots_[handle - 1u];
    return s.active ? &s : nullptr;
  }
  /// The nth active session, from 1.
  [[nodiscard]] session* nth(std::uint8_t n) noexcept {
    for (auto& s : slots_)
      if (s.active && n-- == 1) return &s;
    return nullptr;
  }
  /// The session that a Get Session Info asks about, in session `self`; null if there is none.
  [[nodiscard]] session* select(const session_info_request& rq, session& self) noexcept {
    switch (rq.index) {
      case 0: return &self;
      case session_info_request::by_handle: return by_handle(rq.handle);
      case session_info_request::by_id: return find(rq.id);
      default: return nth(rq.index);
    }
  }
  [[nodiscard]] session* free_slot() noexcept {
    for (auto& s : slots_)
      if (!s.active) return &s;
    return nullptr;
  }
  [[nodiscard]] std::uint8_t handle_of(const session& s) const noexcept {
    return static_cast<std::uint8_t>(&s - slots_.data() + 1);
  }
  [[nodiscard]] std::size_t active() const noexcept {
    std::size_t n = 0;
    for (const auto& s : slots_) n += s.active ? 1 : 0;
    return n;
  }

  [[nodiscard]] auto begin() noexcept { return slots_.begin(); }
  [[nodiscard]] auto end() noexcept { return slots_.end(); }
  [[nodiscard]] auto begin() const noexcept { return slots_.begin(); }
  [[nodiscard]] auto end() const noexcept { return slots_.end(); }

 private:
  std::array<session, Traits::sessions> slots_{};
};

/// The commands that wait for a deferred answer.
template <std::size_t N> class ticket_table {
 public:
  struct held {
    session_id session{};
    std::uint64_t digest = 0;  ///< of the request, for its kept reply
    lan_response answer{};     ///< without code and data
  };

  /// The ticket that hold() would take next; invalid if all are taken.
  [[nodiscard]] ticket offer() const noexcept {
    for (std::size_t i = 0; i < N; ++i)
      if (!slots_[i].used) return {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(slots_[i].generation + 1)};
    return {};
  }
  bool hold(ticket t, const held& what) noexcept {
    if (!t.valid()) return false;
    slots_[t.slot] = {what, t.generation, true};
    return true;
  }
  [[nodiscard]] const held* find(ticket t) const noexcept {
    if (t.slot >= N) return nullptr;
    const slot& s = slots_[t.slot];
    return s.used && s.generation == t.generation ? &s.what : nullptr;
  }
  /// Whether the answer to this request of the session is still to come.
  [[nodiscard]] bool holds(session_id session, std::uint64_t digest) const noexcept {
    for (const auto& s : slots_)
      if (s.used && s.what.session == session && s.what.digest == digest) return true;
    return false;
  }
  void release(ticket t) noexcept { slots_[t.slot].used = false; }
  void release_all(session_id of) noexcept {
    for (auto& s : slots_)
      if (s.used && s.what.session == of) s.used = false;
  }

 private:
  struct slot {
    held what{};
    std::uint8_t generation = 0;
    bool used = false;
  };
  std::array<slot, N> slots_{};
};

}  // namespace rmcpp
