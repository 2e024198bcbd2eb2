// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/hash.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/session/response.hpp>

/// \file
/// What a BMC keeps for its sessions: the last answers, and the commands whose answers are still to come.

namespace rmcpp::detail {

/// The last requests of a session and their answers, so that a repeat is answered and not executed again. The answers
/// of commands that must run once are kept longer than any client repeats (ours and ipmitool's fourth try leaves after
/// 6 s, the last after 10), and give way to nothing but others of their kind.
template <std::size_t Depth, std::size_t ReplyBytes> class reply_cache {
 public:
  static constexpr milliseconds lifetime{5000};
  static constexpr milliseconds lifetime_once{20'000};
  /// After so many newer requests rqSeq comes round, and an equal request may be another.
  static constexpr std::uint8_t requests_until_reuse = 63;

  struct entry {
    std::uint64_t digest = 0;
    instant seen{};  ///< when it was answered; with `once`, when it was asked last
    bool used = false;
    bool once = false;
    std::uint8_t newer = 0;  ///< requests since; stays at requests_until_reuse
    std::uint8_t size = 0;
    completion_code code{};
    std::array<std::uint8_t, ReplyBytes> data{};

    [[nodiscard]] bool lives(instant now) const noexcept {
      if (!used || (!once && newer >= Depth)) return false;
      return now <= seen + (once && newer < requests_until_reuse ? lifetime_once : lifetime);
    }
  };

  /// The kept answer to an equal request; null: there is none, or not any more.
  [[nodiscard]] const entry* find(std::uint64_t digest, instant now) const noexcept {
    for (const auto& e : entries_)
      if (e.digest == digest && e.lives(now)) return &e;
    return nullptr;
  }
  /// It was asked for once more.
  void sighted(const entry& what, instant now) noexcept {
    entry& e = entries_[static_cast<std::size_t>(&what - entries_.data())];
    if (e.once) e.seen = now;
  }
  /// A request came that is no repeat.
  void count_request() noexcept {
    for (auto& e : entries_)
      if (e.newer < requests_until_reuse) ++e.newer;
  }
  /// Keeps an answer for repeats, if it finds a place. `newer` requests came since it was asked for. Not kept: busy,
  /// for the repeat is to be tried again; and, unless the command must run `once`, what comes `Depth` requests late, or
  /// is too long. A repeat of what must run once and is too long gets CFh.
  void keep(std::uint64_t digest, instant now, completion_code code, bytes data, bool once,
            std::uint8_t newer = 0) noexcept {
    const bool fits = data.size() <= ReplyBytes;
    if (code == completion_code::busy || (!once && (!fits || newer >= Depth))) return forget(digest);
    entry* const place = place_for(digest, once, now);
    if (!place) return;
    place->digest = digest;
    place->seen = now;
    place->used = true;
    place->once = once;
    place->newer = newer;
    place->code = fits ? code : completion_code::duplicated_request;
    place->size = static_cast<std::uint8_t>(core::copy(fits ? data : bytes(), place->data));
  }
  template <class Sink> void describe_state(Sink& sink, instant now) const {
    for (const auto& e : entries_) {
      sink("used", e.used);
      if (!e.used) continue;
      sink("digest", e.digest);
      sink("kept", core::time_left(e.seen + lifetime, now));
      sink("kept_once", core::time_left(e.seen + lifetime_once, now));
      sink("once", e.once);
      sink("newer", e.newer);
      sink("code", e.code);
      sink("data", bytes(e.data).first(e.size));
    }
  }

 private:
  void forget(std::uint64_t digest) noexcept {
    for (auto& e : entries_)
      if (e.digest == digest) e.used = false;
  }
  /// That of the same request, else one whose answer lives no more, else the oldest; of those that must run once only
  /// for another of their kind, and after all others.
  entry* place_for(std::uint64_t digest, bool once, instant now) noexcept {
    const auto rank = [&](const entry& e) {
      if (e.used && e.digest == digest) return 3;
      if (!e.lives(now)) return 2;
      return e.once ? 0 : 1;
    };
    entry* best = nullptr;
    int highest = once ? -1 : 0;  // rank 0 gives way to its own kind only
    for (auto& e : entries_) {
      const int r = rank(e);
      if (r < highest || (r == highest && (!best || e.newer <= best->newer))) continue;
      best = &e;
      highest = r;
    }
    return best;
  }

  std::array<entry, Depth> entries_{};
};

/// The commands that wait for a deferred answer.
template <std::size_t N> class ticket_table {
 public:
  struct held {
    session_id session{};
    std::uint64_t digest = 0;     ///< of the request, for its kept reply
    bool once = false;            ///< its handler said run_once()
    std::uint8_t newer = 0;       ///< requests of the session since, up to 255
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
    ++used_;
    return true;
  }
  [[nodiscard]] const held* find(ticket t) const noexcept {
    if (t.slot >= N) return nullptr;
    const slot& s = slots_[t.slot];
    return s.used && s.generation == t.generation ? &s.what : nullptr;
  }
  /// Whether the answer to this request of the session is still to come.
  [[nodiscard]] bool holds(session_id session, std::uint64_t digest) const noexcept {
    if (used_ == 0) return false;
    for (const auto& s : slots_)
      if (s.used && s.what.session == session && s.what.digest == digest) return true;
    return false;
  }
  /// A request came in the session that is no repeat.
  void count_request(session_id session) noexcept {
    if (used_ == 0) return;
    for (auto& s : slots_)
      if (s.used && s.what.session == session && s.what.newer < 0xff) ++s.what.newer;
  }
  /// A held one.
  void release(ticket t) noexcept { release(slots_[t.slot]); }
  void release_all(session_id of) noexcept {
    for (auto& s : slots_)
      if (s.used && s.what.session == of) release(s);
  }
  template <class Sink> void describe_state(Sink& sink) const {
    for (const auto& s : slots_) {
      sink("generation", s.generation);
      sink("used", s.used);
      if (!s.used) continue;
      sink("session", s.what.session);
      sink("digest", s.what.digest);
      sink("command", s.what.answer.command);
      sink("sequence", s.what.answer.sequence.value);
      sink("once", s.what.once);
      sink("newer", s.what.newer);
    }
  }

 private:
  struct slot {
    held what{};
    std::uint8_t generation = 0;
    bool used = false;
  };
  void release(slot& s) noexcept {
    s.used = false;
    --used_;
  }

  std::array<slot, N> slots_{};
  std::uint8_t used_ = 0;  ///< mostly none, and then nothing is looked for
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

  /// `lowered`: a request of less than its session's level, which is none of the others that look like it.
  /// `only_looks`: nothing is counted.
  [[nodiscard]] admission admit(session_id session, cache& answers, bytes message, bool lowered, instant now,
                                bool only_looks) noexcept {
    const auto digest = core::request_digest(message) ^ (lowered ? ~std::uint64_t{0} : 0);
    if (tickets_.holds(session, digest)) return {kind::pending, digest};
    const auto* const kept = answers.find(digest, now);
    if (!only_looks && kept) answers.sighted(*kept, now);
    if (!only_looks && !kept) {
      answers.count_request();
      tickets_.count_request(session);
    }
    return {kept ? kind::kept : kind::fresh, digest, kept};
  }
  /// The ticket of a command that is about to be executed; invalid if all are taken.
  [[nodiscard]] ticket offer() const noexcept { return tickets_.offer(); }
  /// The handler put its answer off; false if no ticket was free.
  bool defer(ticket t, session_id session, std::uint64_t digest, const wire::lan_request& rq, bool once) noexcept {
    return tickets_.hold(t, {session, digest, once, 0, respond(rq, completion_code::ok)});
  }
  [[nodiscard]] const typename tickets::held* find(ticket t) const noexcept { return tickets_.find(t); }
  /// The answer to a deferred request, complete; its ticket, which must be a held one, is used up.
  [[nodiscard]] wire::lan_response complete(ticket t, cache& answers, const response& rs, instant now) noexcept {
    const auto& held = *tickets_.find(t);
    wire::lan_response answer = held.answer;
    answer.code = rs.code;
    answer.data = rs.data;
    answers.keep(held.digest, now, rs.code, rs.data, rs.once || held.once, held.newer);
    tickets_.release(t);
    return answer;
  }
  void forget(session_id session) noexcept { tickets_.release_all(session); }
  template <class Sink> void describe_state(Sink& sink) const { tickets_.describe_state(sink); }

 private:
  tickets tickets_{};
};

}  // namespace rmcpp::detail
