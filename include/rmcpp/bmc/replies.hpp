// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/hash.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/session/response.hpp>

/// \file
/// What a BMC keeps for its sessions: the last answers, and the commands whose answers are still to come.

namespace rmcpp::detail {

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
    if (fits) e.size = static_cast<std::uint8_t>(core::copy(data, e.data));
  }

 private:
  std::array<entry, Depth> entries_{};
  std::size_t next_ = 0;
};

/// The commands that wait for a deferred answer.
template <std::size_t N> class ticket_table {
 public:
  struct held {
    session_id session{};
    std::uint64_t digest = 0;     ///< of the request, for its kept reply
    wire::lan_response answer{};  ///< without code and data
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

/// Decides whether a request is new, and remembers its answer. The answers lie in the sessions, the tickets here.
template <class Traits> class reply_book {
 public:
  using cache = reply_cache<Traits::replay_depth, Traits::reply_bytes>;
  using tickets = ticket_table<Traits::tickets>;

  enum class kind : std::uint8_t {
    fresh,    ///< to be executed
    kept,     ///< a repeat, whose answer was kept
    pending,  ///< a repeat, whose answer is still to come
  };
  struct admission {
    kind is{};
    std::uint64_t digest = 0;
    const typename cache::entry* kept = nullptr;
  };

  [[nodiscard]] admission admit(session_id session, const cache& answers, bytes message, instant now) const noexcept {
    const auto digest = core::request_digest(message);
    if (tickets_.holds(session, digest)) return {kind::pending, digest};
    const auto* const kept = answers.find(digest, now);
    return {kept ? kind::kept : kind::fresh, digest, kept};
  }
  /// The ticket of a command that is about to be executed; invalid if all are taken.
  [[nodiscard]] ticket offer() const noexcept { return tickets_.offer(); }
  /// The handler put its answer off; false if no ticket was free.
  bool defer(ticket t, session_id session, std::uint64_t digest, const wire::lan_request& rq) noexcept {
    return tickets_.hold(t, {session, digest, respond(rq, completion_code::ok)});
  }
  [[nodiscard]] const typename tickets::held* find(ticket t) const noexcept { return tickets_.find(t); }
  /// The answer to a deferred request, complete; its ticket, which must be a held one, is used up.
  [[nodiscard]] wire::lan_response complete(ticket t, cache& answers, const response& rs, instant now) noexcept {
    const auto& held = *tickets_.find(t);
    wire::lan_response answer = held.answer;
    answer.code = rs.code;
    answer.data = rs.data;
    answers.keep(held.digest, now, rs.code, rs.data, rs.once);
    tickets_.release(t);
    return answer;
  }
  void forget(session_id session) noexcept { tickets_.release_all(session); }

 private:
  tickets tickets_{};
};

}  // namespace rmcpp::detail
