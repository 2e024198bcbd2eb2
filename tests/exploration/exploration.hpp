// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/bmc/user_table.hpp>
#include <rmcpp/console/console.hpp>
#include <rmcpp/testing/policies.hpp>

#include <array>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

/// \file
/// Every schedule of a conversation that a network with so many faults can bring about: a console logs in to a BMC, has
/// two requests in flight, one of which must not run twice, and closes. The two machines are copied at every fork, and
/// a state that was met before, by their descriptions, is not walked again.

namespace rmcpp::test::exploration {

using namespace rmcpp::testing;

/// What differs between the walks.
struct variant {
  std::string name{};
  console_options console = default_console();
  bmc_options bmc = default_bmc();
  std::string kg{};            ///< the BMC's; the console's is in its options
  bool agrees = true;          ///< password and K_g are the same on both sides
  bool defers = false;         ///< the BMC answers the request that must not run twice only when the other is answered
  bool answers_twice = false;  ///< the network repeats every answer
  bool one_request = false;    ///< only the one that must not run twice
  bool marks = true;           ///< the handler marks it; else it is a fault that the walk must find
};

enum class fault : std::uint8_t { drop, duplicate, late_duplicate, swap, corrupt, early_timer, late_timer };
inline constexpr std::array fault_names{"drop",    "duplicate",   "late duplicate", "swap",
                                        "corrupt", "early timer", "late timer"};

inline constexpr std::uint8_t plain_command = 0x01;
inline constexpr std::uint8_t once_command = 0x02;

/// Counts executions.
struct counting_handler {
  bool defers = false;
  bool marks = true;
  std::uint8_t plain = 0;
  std::uint8_t once = 0;
  ticket later{};

  handled handle(const request& rq, const session_info&, response_writer& rs) noexcept {
    if (rq.fn != net_fn::chassis) {
      rs.put(std::uint8_t{0});  // Get Device ID and the like
      return handled::done;
    }
    if (rq.command != once_command) {
      ++plain;
      rs.put(plain_command);
      return handled::done;
    }
    ++once;
    if (marks) rs.run_once();
    rs.put(once_command);
    if (!defers) return handled::done;
    later = rs.later();
    return handled::pending;
  }
};

/// Which rows of the tables were hit, by all machines.
struct rows_hit {
  std::set<std::array<int, 3>> console{};
  std::set<std::array<int, 3>> login{};
};

struct console_config {
  struct traits : console_traits {
    static constexpr std::size_t in_flight = 2;
    static constexpr bool v15 = true;
  };
  null_backend crypto{};
  counting_entropy random{.seed = 0xc0};
  rows_hit* rows = nullptr;
  void observe(const console_transition& t) const {
    rows->console.insert({static_cast<int>(t.from), static_cast<int>(t.on), static_cast<int>(t.to)});
  }
};

struct bmc_config {
  using peer = test_peer;
  struct traits : bmc_traits {
    static constexpr std::size_t sessions = 4;
    static constexpr std::size_t opened = 4;
    static constexpr std::size_t proven = 4;
    static constexpr std::size_t reply_bytes = 16;
    static constexpr std::size_t penalties = 2;
    static constexpr std::size_t message_bytes = 32;
    static constexpr bool v15 = true;
  };
  null_backend crypto{};
  counting_entropy random{.seed = 0xb3c};
  user_table<1> users{};
  counting_handler handler{};
  rows_hit* rows = nullptr;
  void observe(const login_transition& t) const {
    rows->login.insert({static_cast<int>(t.from), static_cast<int>(t.on), static_cast<int>(t.to)});
  }
};

using console_type = console<console_config>;
using bmc_type = bmc<bmc_config>;

/// A description as a number.
class digest_sink {
 public:
  template <class T> void operator()(const char*, const T& value) {
    if constexpr (std::is_same_v<T, test_peer>) {
      add(value.address);
    } else if constexpr (std::is_convertible_v<const T&, bytes>) {
      add(core::request_digest(value));
    } else {
      add(static_cast<std::uint64_t>(value));
    }
  }
  void add(std::uint64_t v) {
    h_ = (h_ ^ v) * 0xff51afd7ed558ccdu;
    h_ ^= h_ >> 32;
  }
  [[nodiscard]] std::uint64_t value() const { return h_; }

 private:
  std::uint64_t h_ = 0x243f6a8885a308d3u;
};

struct parcel {
  bool to_bmc = false;
  std::uint8_t size = 0;
  std::array<std::uint8_t, 160> data{};
  [[nodiscard]] mutable_bytes view() { return mutable_bytes(data).first(size); }
};

/// Both machines, their program, and what lies between them.
struct world {
  console_type console;
  bmc_type bmc;
  instant now{1'000'000};
  std::vector<parcel> under_way{};
  std::vector<parcel> late{};  ///< duplicates that may arrive at any time from now on
  std::uint8_t submitted = 0;
  std::uint8_t answered = 0;  ///< requests that ended with an answer
  std::uint8_t ended = 0;     ///< requests that ended
  std::uint8_t terminal = 0;  ///< events that say that the console has ended
  errc why = errc::ok;
  bool was_ready = false;
  bool corrupted = false;

  world(const variant& v, rows_hit& rows) : console({.rows = &rows}, v.console), bmc(config_of(v, rows), v.bmc) {
    (void)console.start(now);
  }
  static bmc_config config_of(const variant& v, rows_hit& rows) {
    bmc_config c{.rows = &rows};
    (void)c.users.add({name_of("admin"), key_of("secret"), privilege::administrator});
    c.users.set_kg(key_of(v.kg));
    c.handler.defers = v.defers;
    c.handler.marks = v.marks;
    return c;
  }

  [[nodiscard]] std::uint64_t digest() const {
    digest_sink sink;
    console.describe_state(sink, now);
    bmc.describe_state(sink, now);
    auto& self = const_cast<world&>(*this);
    sink.add(self.console.config().random.seed);
    sink.add(self.bmc.config().random.seed);
    const auto& h = self.bmc.config().handler;
    for (const auto n : {h.plain, h.once, h.later.slot, h.later.generation, submitted, answered, ended, terminal})
      sink.add(n);
    sink.add(was_ready ? 1 : 0);
    sink.add(corrupted ? 1 : 0);
    for (const auto* list : {&self.under_way, &self.late}) {
      sink.add(list->size());
      for (const auto& p : *list) {
        sink.add(p.to_bmc ? 1 : 0);
        sink("", bytes(p.data).first(p.size));
      }
    }
    return sink.value();
  }
};

/// What went wrong, and how it came about.
struct complaint {
  std::string what{};
  std::string schedule{};
};

class explorer {
 public:
  explorer(const variant& v, unsigned faults) : v_(v), faults_(faults) {}

  /// Walks them all; stops at the first complaint.
  void run() {
    world w(v_, rows_);
    settle(w);
    walk(w, faults_);
  }

  [[nodiscard]] std::size_t states() const { return seen_.size(); }
  [[nodiscard]] std::size_t schedules() const { return schedules_; }
  [[nodiscard]] std::size_t compared() const { return compared_; }
  [[nodiscard]] const std::vector<complaint>& complaints() const { return complaints_; }
  [[nodiscard]] const rows_hit& rows() const { return rows_; }

 private:
  struct visit {
    std::uint64_t next = 0;  ///< what comes after it without a fault
    std::uint8_t faults_left = 0;
  };

  /// Goes on without a fault to the end, and at each step tries every one.
  void walk(world w, unsigned faults_left) {
    std::uint64_t before = 0;
    for (unsigned steps = 0;; ++steps) {
      if (!complaints_.empty()) return;
      if (steps > 5000) return complain("no end");
      const auto here = w.digest();
      if (before != 0) seen_[before].next = here;
      const auto [at, is_new] = seen_.try_emplace(here);
      if (!is_new && at->second.faults_left >= faults_left) return compare(w, at->second.next);
      at->second.faults_left = static_cast<std::uint8_t>(faults_left);
      before = here;
      for (std::size_t i = 0; i < w.late.size(); ++i) {
        world fork = w;
        trail_.push_back("late arrival");
        deliver(fork, take(fork.late, i));
        walk(fork, faults_left);
        trail_.pop_back();
      }
      if (faults_left > 0) try_faults(w, faults_left - 1);
      if (!step(w)) return finish(w);
    }
  }

  /// States that are described alike behave alike, or descriptions lack something.
  void compare(world w, std::uint64_t next) {
    constexpr std::uint64_t sampled = 8;
    if (next % sampled != 1) return;
    ++compared_;
    if (step(w) && w.digest() != next) complain("two states with one description behave differently");
  }

  /// One step without a fault: the oldest datagram arrives, else the next timer fires. False: nothing is left.
  bool step(world& w) {
    if (!w.under_way.empty()) {
      deliver(w, take(w.under_way, 0));
      return true;
    }
    const instant next = earlier(w.console.poll_timeout(), w.bmc.poll_timeout());
    if (w.terminal != 0 || next.is_never()) return false;
    fire(w, next);
    return true;
  }

  void try_faults(const world& w, unsigned faults_left) {
    const auto with = [&](fault f, auto&& apply) {
      world fork = w;
      trail_.push_back(fault_names[static_cast<std::size_t>(f)] + (" at " + place(w)));
      apply(fork);
      walk(std::move(fork), faults_left);
      trail_.pop_back();
    };
    if (w.under_way.empty()) {
      const instant next = earlier(w.console.poll_timeout(), w.bmc.poll_timeout());
      if (w.terminal == 0 && !next.is_never()) with(fault::late_timer, [&](world& f) { fire(f, next + seconds(7)); });
      return;
    }
    with(fault::drop, [&](world& f) { (void)take(f.under_way, 0); });
    with(fault::duplicate, [&](world& f) {
      const parcel twin = f.under_way.front();
      deliver(f, take(f.under_way, 0));
      deliver(f, twin);
    });
    with(fault::late_duplicate, [&](world& f) {
      f.late.push_back(f.under_way.front());
      deliver(f, take(f.under_way, 0));
    });
    if (w.under_way.size() > 1) with(fault::swap, [&](world& f) { deliver(f, take(f.under_way, 1)); });
    for (const std::size_t at :
         {std::size_t{wire::payload_v2}, std::size_t{wire::payload_v2 + 1}, std::size_t{w.under_way[0].size} - 1})
      with(fault::corrupt, [&](world& f) {
        parcel p = take(f.under_way, 0);
        f.corrupted = true;
        if (at < p.size) p.data[at] ^= 0x10;
        deliver(f, p);
      });
    with(fault::early_timer, [&](world& f) { fire(f, earlier(f.console.poll_timeout(), f.bmc.poll_timeout())); });
  }

  static parcel take(std::vector<parcel>& list, std::size_t i) {
    const parcel p = list[i];
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
    return p;
  }
  void send(world& w, bool to_bmc, bytes data) {
    if (data.size() > parcel{}.data.size()) return complain("a datagram is longer than expected");
    parcel p{to_bmc, static_cast<std::uint8_t>(data.size())};
    core::copy(data, p.data);
    w.under_way.push_back(p);
    if (!to_bmc && v_.answers_twice) w.under_way.push_back(p);
  }

  void deliver(world& w, parcel p) {
    if (p.to_bmc) {
      std::array<std::uint8_t, bmc_type::max_datagram> reply;
      const auto n = w.bmc.feed(console_peer, p.view(), reply, w.now);
      if (n && *n != 0) send(w, false, bytes(reply).first(*n));
    } else {
      (void)w.console.feed(p.view(), w.now);
    }
    settle(w);
  }
  void fire(world& w, instant at) {
    if (at.is_never()) return;
    w.now = at < w.now ? w.now : at;
    w.console.handle_timeout(w.now);
    w.bmc.handle_timeout(w.now);
    settle(w);
  }

  /// Drains both machines, and lets their programs act on what they hear.
  void settle(world& w) {
    for (bool busy = true; busy;) {
      busy = false;
      std::array<std::uint8_t, console_type::max_datagram> out;
      while (const auto n = w.console.poll_transmit(out, w.now)) send(w, true, bytes(out).first(n.size));
      while (const auto e = w.console.next_event()) {
        busy = true;
        hear(w, e);
      }
      while (w.bmc.next_event()) {
      }
      if (answer_later(w)) busy = true;
    }
    if (w.console.poll_timeout() < w.now || w.bmc.poll_timeout() < w.now) complain("a timer lies in the past");
    if (w.bmc.config().handler.once > 1) complain("what must run once ran twice");
  }
  void hear(world& w, const console_event& e) {
    using kind = console_event::kind;
    if (e.type == kind::ready) {
      if (!v_.agrees) complain("a session where keys do not agree");
      w.was_ready = true;
      for (const auto command : {plain_command, once_command}) {
        if (v_.one_request && command == plain_command) continue;
        if (w.console.submit({.fn = net_fn::chassis, .command = command}, w.now)) ++w.submitted;
      }
    }
    if (e.type == kind::done) {
      ++w.ended;
      w.answered = static_cast<std::uint8_t>(w.answered + (e.succeeded() ? 1 : 0));
      if (w.ended == w.submitted) (void)w.console.close(w.now);
    }
    if (e.is_last()) {
      ++w.terminal;
      w.why = e.error;
    }
  }
  /// The deferred answer comes once the other request was executed.
  bool answer_later(world& w) {
    auto& handler = w.bmc.config().handler;
    if (!handler.later.valid() || handler.plain == 0) return false;
    std::array<std::uint8_t, bmc_type::max_datagram> out;
    constexpr std::uint8_t data[] = {once_command};
    const auto sent = w.bmc.complete(handler.later, {.data = data, .once = v_.marks}, out, w.now);
    handler.later = {};
    if (sent && sent->size != 0) send(w, false, bytes(out).first(sent->size));
    return true;
  }

  /// The conversation is over: what must be true of any.
  void finish(world& w) {
    ++schedules_;
    if (!w.console.is_over() || w.terminal != 1) return complain("the console has no end, or more than one");
    if (w.why == errc::ok) return complain("an end without a cause");
    if (w.ended != w.submitted) return complain("a request has no end");
    if (v_.agrees && !w.corrupted && (w.answered != (v_.one_request ? 1 : 2) || w.why != errc::closed_by_application))
      return complain(std::string("it came to nothing: ") + describe(w.why));
    w.now = w.now + seconds(1000);
    w.bmc.handle_timeout(w.now);
    while (w.bmc.next_event()) {
    }
    if (w.bmc.active_sessions() + w.bmc.opened_logins() + w.bmc.proven_logins() != 0 ||
        !w.bmc.poll_timeout().is_never())
      return complain("something is left at the BMC");
  }

  std::string place(const world& w) const {
    if (w.under_way.empty()) return "a timer";
    const parcel& p = w.under_way.front();
    return std::string(p.to_bmc ? "-> " : "<- ") + describe(payload_type{static_cast<std::uint8_t>(p.data[5] & 0x3f)}) +
           ", state " + std::to_string(static_cast<int>(w.console.state())) + ", " +
           std::to_string(w.now.ms - 1'000'000) + " ms";
  }
  void complain(const std::string& what) {
    std::string all;
    for (const auto& t : trail_) all += t + "; ";
    complaints_.push_back({what, all});
  }

  const variant& v_;
  unsigned faults_;
  rows_hit rows_{};
  std::unordered_map<std::uint64_t, visit> seen_{};
  std::vector<std::string> trail_{};
  std::vector<complaint> complaints_{};
  std::size_t schedules_ = 0;
  std::size_t compared_ = 0;
};

/// The conversations that are walked.
inline std::vector<variant> variants() {
  std::vector<variant> all;
  all.push_back({.name = "plain", .one_request = true});
  all.push_back({.name = "two requests"});
  all.push_back({.name = "K_g", .kg = "bmc key"});
  all.back().console.kg = key_of("bmc key");
  all.push_back({.name = "wrong password", .agrees = false});
  all.back().console.password = key_of("guess");
  all.push_back({.name = "wrong K_g", .kg = "bmc key", .agrees = false});
  all.back().console.kg = key_of("another");
  all.push_back({.name = "deferred answer", .defers = true});
  all.push_back({.name = "repeated answers", .answers_twice = true});
  all.push_back({.name = "refused suite first"});
  all.back().console.suites = suites_of({17, 3});
  all.back().console.quirks.open_session_privilege = true;
  all.back().bmc.limits.set(17, privilege::user);
  const auto in_v15 = [&](const char* name) -> variant& {
    variant& v = all.emplace_back(variant{.name = name});
    v.console.v15 = {wire::auth_type::md5};
    v.bmc.v15.types = {wire::auth_type::md5};
    return v;
  };
  in_v15("v1.5").one_request = true;
  in_v15("v1.5, two requests");
  variant& stranger = in_v15("v1.5, wrong password");
  stranger.agrees = false;
  stranger.console.password = key_of("guess");
  in_v15("v1.5, deferred answer").defers = true;
  return all;
}

}  // namespace rmcpp::test::exploration
