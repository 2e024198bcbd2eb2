// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/effort.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/crypto/concepts.hpp>
#include <rmcpp/session/request.hpp>
#include <rmcpp/session/retry.hpp>

#include <type_traits>

/// \file
/// A console's requests in flight, and the request sequence numbers.

namespace rmcpp::detail {

/// The 64 request sequence numbers. One that was used rests for at least 10 s after its request ended, so that a late
/// answer cannot be mistaken for another's.
class sequence_pool {
 public:
  static constexpr milliseconds quarantine{10'000};

  /// Chooses the first number at random, once: else who cannot hear us could answer our first question, and be believed
  /// about the cipher suites. False without randomness.
  template <crypto::entropy_source E> bool begin_anywhere(E& random) noexcept {
    std::array<std::uint8_t, 1> first{};
    if (!begun_ && !random.fill(first)) return false;
    if (!begun_) last_ = first[0] & 63;
    begun_ = true;
    return true;
  }
  /// The next free number, round-robin. Who sends more than about three requests a second uses up 64 numbers within
  /// their rest; then resting ones are taken again, never those in use.
  std::uint8_t take(instant now) noexcept {
    rotate(now);
    const std::uint64_t taken = busy_ | recent_ | older_;
    const std::uint64_t avoid = ~taken == 0 ? busy_ : taken;
    do {
      last_ = (last_ + 1) & 63;
    } while (((avoid >> last_) & 1u) != 0);
    busy_ |= bit(last_);
    return last_;
  }
  /// A number for a question of the machine's own. It is quarantined at once: such questions are few.
  std::uint8_t draw(instant now) noexcept {
    const auto n = take(now);
    release(n, now);
    return n;
  }
  void release(std::uint8_t sequence, instant now) noexcept {
    rotate(now);
    busy_ &= ~bit(sequence);
    recent_ |= bit(sequence);
  }
  template <class Sink> void describe_state(Sink& sink, instant now) const {
    sink("busy", busy_);
    sink("recent", recent_);
    sink("older", older_);
    sink("rotation", core::time_left(rotate_at_ + quarantine, now));
    sink("last", last_);
    sink("begun", begun_);
  }

 private:
  static constexpr std::uint64_t bit(std::uint8_t n) noexcept { return std::uint64_t{1} << n; }
  /// Numbers rest in two generations, so that no time is kept for each: what was released lies in `recent_`, moves to
  /// `older_` when a quarantine has passed, and is free when another has. That makes one to two quarantines of rest.
  void rotate(instant now) noexcept {
    if (now < rotate_at_) return;
    const bool long_ago = now >= rotate_at_ + quarantine;
    older_ = long_ago ? 0 : recent_;
    recent_ = 0;
    rotate_at_ = now + quarantine;
  }

  std::uint64_t busy_ = 0;
  std::uint64_t recent_ = 0;
  std::uint64_t older_ = 0;
  instant rotate_at_{};
  std::uint8_t last_ = 63;
  bool begun_ = false;
};

/// A console's requests, in fixed slots. A request is queued until its answer comes or its tries are used up, however
/// often it was sent meanwhile; then it has ended, and keeps its slot until next_event() has told so.
template <class Traits> class request_table {
 public:
  static constexpr std::size_t max_data = 255;

  enum class state : std::uint8_t { free, queued, ended };

  struct entry {
    request rq{};
    retry_schedule retry{};
    state phase = state::free;
    std::uint8_t sequence = 0;
    std::uint8_t generation = 0;
    std::uint8_t copied = 0;  ///< bytes of data that add_copy() keeps here; then `rq.data` is empty
    std::uint8_t tries = 0;   ///< once it has ended
    effort_meter::mark began{};
    errc error = errc::ok;
    completion_code code{};
    bytes data{};
    bool has_view = false;  ///< `data` points into the datagram last fed
  };

  [[nodiscard]] sequence_pool& sequences() noexcept { return sequences_; }

  /// How long a request's data may be, where the session's format has less room than max_data.
  void limit_data(std::size_t longest) noexcept { longest_ = static_cast<std::uint8_t>(longest); }

  /// Errors: no_slot, too_long.
  result<request_id> add(const request& rq, instant now) noexcept {
    if (rq.data.size() > longest_) return errc::too_long;
    for (std::uint8_t i = 0; i < Traits::in_flight; ++i) {
      entry& e = entries_[i];
      if (e.phase != state::free) continue;
      const auto generation = static_cast<std::uint8_t>(e.generation + 1);
      e = {.rq = rq, .phase = state::queued, .sequence = sequences_.take(now), .generation = generation};
      e.retry.begin();
      return request_id{i, generation};
    }
    return errc::no_slot;
  }

  /// Errors: as add(); too_long above Traits::request_bytes.
  result<request_id> add_copy(const request& rq, instant now) noexcept {
    if (rq.data.size() > Traits::request_bytes) return errc::too_long;
    const auto id = add(rq, now);
    if (id) {
      entry& e = entries_[id->slot];
      e.copied = static_cast<std::uint8_t>(core::copy(rq.data, copies_[id->slot]));
      e.rq.data = {};  // a view into this table would not survive a move
    }
    return id;
  }

  /// Of one just added: its deadline, where it is not that of the request itself, and where its effort began.
  void begin(request_id id, instant deadline, const effort_meter::mark& began) noexcept {
    entries_[id.slot].rq.deadline = deadline;
    entries_[id.slot].began = began;
  }

  status cancel(request_id id, instant now) noexcept {
    if (id.slot >= Traits::in_flight) return errc::stale_handle;
    entry& e = entries_[id.slot];
    if (e.phase == state::free || e.generation != id.generation) return errc::stale_handle;
    if (e.phase == state::queued) sequences_.release(e.sequence, now);
    e.phase = state::free;
    return {};
  }

  /// What a request looks like on the wire; a view into its data.
  [[nodiscard]] wire::lan_request message(const entry& e) const noexcept {
    bytes data = e.rq.data;
    if constexpr (Traits::request_bytes > 0) {
      if (e.copied != 0) data = bytes(copies_[static_cast<std::size_t>(&e - entries_.data())]).first(e.copied);
    }
    return {.target = wire::net_fn_lun::request(e.rq.fn, e.rq.lun),
            .sequence = wire::seq_lun::of(e.sequence),
            .command = e.rq.command,
            .data = data};
  }

  /// Whether a request waits to be sent.
  [[nodiscard]] bool has_due() const noexcept { return any(state::queued, true); }
  /// Whether a request was sent whose answer is not overdue yet.
  [[nodiscard]] bool awaits_answer() const noexcept { return any(state::queued, false); }
  /// Whether next_event() has something to tell.
  [[nodiscard]] bool has_event() const noexcept { return any(state::ended, false); }

  /// The request to send next, or null.
  entry* next_due() noexcept {
    for (auto& e : entries_)
      if (e.phase == state::queued && e.retry.due()) return &e;
    return nullptr;
  }
  void sent(entry& e, const retry_policy& policy, instant now) noexcept { e.retry.sent(policy_for(e, policy), now); }

  /// Ends the request that `rs` answers. Errors: unmatched_response.
  status answer(const wire::lan_response& rs, instant now) noexcept {
    for (auto& e : entries_) {
      if (e.phase != state::queued || e.retry.unsent() || rs.sequence.sequence() != e.sequence ||
          rs.command != e.rq.command || rs.target.fn() != e.rq.fn || rs.responder != wire::bmc_address)
        continue;
      finish(e, errc::ok, now);
      e.code = rs.code;
      e.data = rs.data;
      e.has_view = true;
      return {};
    }
    return errc::unmatched_response;
  }

  void end_all(errc why, instant now) noexcept {
    for (auto& e : entries_)
      if (e.phase == state::queued) finish(e, why, now);
  }

  [[nodiscard]] instant next_deadline() const noexcept {
    instant t = instant::never();
    for (const auto& e : entries_)
      if (e.phase == state::queued) t = earlier(t, earlier(e.retry.deadline(), e.rq.deadline));
    return t;
  }

  /// Makes overdue requests due again, or ends them with timed_out or deadline_passed.
  void handle_timeout(instant now, const retry_policy& policy) noexcept {
    for (auto& e : entries_) {
      if (e.phase != state::queued) continue;
      const bool late = now >= e.rq.deadline;
      e.retry.miss_held_back(now);
      if (!late && (!e.retry.overdue(now) || e.retry.again(policy_for(e, policy), now))) continue;
      finish(e, late ? errc::deadline_passed : errc::timed_out, now);
    }
  }

  /// Writes the next end of a request; false if there is none.
  bool next_event(console_event& told, const effort_meter& effort, instant now) noexcept {
    for (std::uint8_t i = 0; i < Traits::in_flight; ++i) {
      entry& e = entries_[i];
      if (e.phase != state::ended) continue;
      e.phase = state::free;
      told.type = console_event::kind::done;
      told.error = e.error;
      told.request = {i, e.generation};
      told.code = e.code;
      told.data = e.data;
      told.effort = effort.since(e.began, now, e.tries);
      return true;
    }
    return false;
  }

  /// Called before the next datagram is taken. The answers that nobody has taken yet are views into the last datagram,
  /// which is gone by then: they are told as not_drained.
  void drop_views() noexcept {
    for (auto& e : entries_) {
      if (e.phase != state::ended || !e.has_view) continue;
      e.error = errc::not_drained;
      e.data = {};
      e.has_view = false;
    }
  }

  template <class Sink> void describe_state(Sink& sink, instant now) const {
    sequences_.describe_state(sink, now);
    for (const auto& e : entries_) {
      sink("phase", e.phase);
      sink("generation", e.generation);
      if (e.phase == state::free) continue;
      const wire::lan_request rq = message(e);
      sink("target", rq.target.value);
      sink("sequence", e.sequence);
      sink("command", rq.command);
      sink("data", rq.data);
      sink("tries", e.rq.tries);
      sink("ends", core::time_left(e.rq.deadline, now));
      e.retry.describe_state(sink, now);
      sink("error", e.error);
      sink("code", e.code);
      sink("answer", e.data);
      sink("has_view", e.has_view);
    }
  }

 private:
  [[nodiscard]] RMCPP_SHARED bool any(state phase, bool due) const noexcept {
    for (const auto& e : entries_)
      if (e.phase == phase && e.retry.due() == due) return true;
    return false;
  }
  static retry_policy policy_for(const entry& e, retry_policy policy) noexcept {
    if (e.rq.tries != 0) policy.tries = e.rq.tries;
    return policy;
  }
  void finish(entry& e, errc why, instant now) noexcept {
    e.phase = state::ended;
    e.error = why;
    e.tries = e.retry.count();
    e.retry.cancel();
    sequences_.release(e.sequence, now);
  }

  struct nothing {};
  using copies =
      std::conditional_t<(Traits::request_bytes > 0),
                         std::array<std::array<std::uint8_t, Traits::request_bytes>, Traits::in_flight>, nothing>;

  std::array<entry, Traits::in_flight> entries_{};
  sequence_pool sequences_{};
  std::uint8_t longest_ = max_data;
  [[no_unique_address]] copies copies_{};
};

}  // namespace rmcpp::detail
