// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/bmc/user_table.hpp>
#include <rmcpp/console/console.hpp>
#include <rmcpp/testing/policies.hpp>

#include <array>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

/// \file
/// A crowd of consoles, one BMC, maybe an attacker, and a bad network between them, all from one seed: datagrams are
/// lost, late, doubled, overtaken, spoilt and forged, clocks jump, entropy and backends fail, handlers answer late.

namespace rmcpp::test::simulation {

using namespace rmcpp::testing;

/// What a network does to a datagram. Shares are parts of a thousand.
struct weather {
  unsigned loss = 0;
  unsigned twice = 0;   ///< arrives once more, up to `latest` later
  unsigned spoilt = 0;  ///< a bit is flipped
  unsigned delay = 1;   ///< milliseconds
  unsigned jitter = 0;  ///< up to so much longer
  unsigned latest = 0;
};

/// One crowd.
struct crowd {
  std::uint64_t seed = 0;
  weather network{};
  unsigned consoles = 1;
  unsigned conversations = 1;  ///< of each console, one after the other
  unsigned requests = 1;       ///< beside the one that must not run twice, pipelined with it
  unsigned late_answers = 0;   ///< parts of a thousand of the commands that the handler defers
  unsigned failures = 0;       ///< of ten thousand calls of entropy and backends that fail
  unsigned jumps = 0;          ///< of ten thousand calls of a machine before which its clock jumps
  unsigned attacks = 0;        ///< datagrams a second from an attacker
  bool careless = false;       ///< the handler does not mark what must not run twice: a fault that must be found
  bool strangers = false;      ///< every fourth console has a wrong password or K_g
  bool v15 = false;            ///< every other console speaks IPMI v1.5
};

inline constexpr std::uint8_t once_command = 0x02;

using dice = std::mt19937_64;
inline bool happens(dice& d, unsigned share, unsigned of) { return share != 0 && d() % of < share; }

/// Fails now and then.
struct weak_entropy {
  counting_entropy source{};
  dice* luck = nullptr;
  unsigned failures = 0;
  bool fill(mutable_bytes out) noexcept { return !(luck && happens(*luck, failures, 10'000)) && source.fill(out); }
};

/// Counts the executions of each command that must run once, by the id in its data.
struct late_handler {
  struct owed {
    ticket later{};
    std::uint32_t id = 0;
    bool once = false;
  };
  dice* luck = nullptr;
  unsigned late = 0;
  bool marks = true;
  std::unordered_map<std::uint32_t, unsigned> runs{};
  std::vector<owed> debts{};

  handled handle(const request& rq, const session_info&, response_writer& rs) noexcept {
    if (rq.fn != net_fn::chassis || rq.data.size() != 4) {
      rs.put(std::uint8_t{0});
      return handled::done;
    }
    const bool once = rq.command == once_command;
    const std::uint32_t id = core::load_le32(rq.data.data());
    const bool defers = rs.later().valid() && happens(*luck, late, 1000);
    if (once) {
      ++runs[id];
      if (marks) rs.run_once();
    }
    rs.put(rq.data);
    if (!defers) return handled::done;
    debts.push_back({rs.later(), id, once});
    return handled::pending;
  }
};

struct console_config {
  struct traits : console_traits {
    static constexpr bool v15 = true;
  };
  null_backend crypto{};
  weak_entropy random{};
};
struct bmc_config {
  using peer = test_peer;
  struct traits : bmc_traits {
    static constexpr std::size_t sessions = 8;
    static constexpr std::size_t opened = 16;
    static constexpr std::size_t penalties = 32;
    static constexpr std::size_t message_bytes = 32;
    static constexpr std::size_t reply_bytes = 16;
    static constexpr bool v15 = true;
  };
  null_backend crypto{};
  weak_entropy random{};
  user_table<1> users{};
  late_handler handler{};
};
using console_type = console<console_config>;
using bmc_type = bmc<bmc_config>;

/// What came of it.
struct outcome {
  std::string complaint{};  ///< empty: nothing went wrong
  std::uint64_t conversations = 0;
  std::uint64_t completed = 0;  ///< of those whose console may log in: every request answered
  std::uint64_t honest = 0;     ///< those
  std::uint64_t datagrams = 0;
  std::uint64_t executed = 0;  ///< commands that must run once
};

class simulation {
 public:
  explicit simulation(const crowd& c)
      : crowd_(c), luck_(c.seed), bmc_(std::make_unique<bmc_type>(bmc_setup(), options_for_bmc(c))) {
    bmc_->config().random.luck = &luck_;
    bmc_->config().handler.luck = &luck_;
    bmc_->config().handler.late = c.late_answers;
    bmc_->config().handler.marks = !c.careless;
    bmc_->config().random.failures = c.failures;
    for (unsigned i = 0; i < c.consoles; ++i) stations_.push_back(std::make_unique<station>(*this, i));
  }

  outcome run() {
    for (auto& s : stations_) begin(*s);
    if (crowd_.attacks != 0) next_attack_ = now_;
    std::uint64_t steps = 0;
    while (out_.complaint.empty() && !all_over()) {
      if (++steps > 2'000'000) complain("no end of it");
      if (now_ > 40'000'000) complain("a conversation never ends");
      step();
    }
    if (out_.complaint.empty()) check_drained();
    for (const auto& [id, n] : bmc_->config().handler.runs) out_.executed += n;
    return out_;
  }

 private:
  struct parcel {
    std::uint64_t at = 0;
    std::uint64_t number = 0;
    int to = -1;  ///< a station; -1 the BMC
    test_peer from{};
    std::uint8_t size = 0;
    std::array<std::uint8_t, 180> data{};
    bool operator<(const parcel& o) const { return at != o.at ? at > o.at : number > o.number; }
  };
  /// A clock of a machine's own.
  struct own_clock {
    std::uint64_t offset = 1'000'000'000;
    std::uint64_t reads = 0;
  };
  struct station {
    station(simulation& s, unsigned number)
        : index(number),
          peer{0x0a000000 + number % 3, static_cast<std::uint16_t>(1000 + number)},
          may_login(!(s.crowd_.strangers && number % 4 == 3)),
          machine(std::make_unique<console_type>(
              console_config{.random = {counting_entropy{.seed = s.luck_()}, nullptr, s.crowd_.failures}},
              options(*this, s.crowd_.v15 && number % 2 == 1))) {
      machine->config().random.luck = &s.luck_;
    }
    static console_options options(const station& st, bool v15) {
      auto o = default_console();
      o.kg = key_of("kg");
      if (v15) o.v15 = digest_auth_types;
      const bool guesses = v15 || st.index % 8 == 3;  // v1.5 knows no K_g
      if (!st.may_login && guesses) o.password = key_of("guess");
      if (!st.may_login && !guesses) o.kg = key_of("other");
      return o;
    }
    unsigned index;
    test_peer peer;
    bool may_login;
    std::unique_ptr<console_type> machine;
    own_clock clock{};
    unsigned done = 0;     ///< conversations
    unsigned pending = 0;  ///< requests without an end
    unsigned answered = 0;
    bool running = false;
    std::array<std::array<std::uint8_t, 4>, 4> data{};
  };

  static bmc_config bmc_setup() {
    bmc_config c;
    (void)c.users.add({name_of("admin"), key_of("secret"), privilege::administrator});
    c.users.set_kg(key_of("kg"));
    return c;
  }
  static bmc_options options_for_bmc(const crowd& c) {
    auto o = default_bmc();
    o.suites = suites_of({17, 3});
    if (c.v15) o.v15.types = {wire::auth_type::md5, wire::auth_type::md2};
    return o;
  }

  // ---- time ----

  /// The machine's clock, which may jump first: back by any span, ahead by little, or by so much that all has expired.
  instant time_of(own_clock& c) {
    if (happens(luck_, crowd_.jumps, 10'000)) {
      const std::uint64_t by = luck_() % 3 == 0 ? 1 + luck_() % 4000 : 200'000 + luck_() % 1'000'000;
      if (luck_() % 2 == 0)
        c.offset += by;
      else
        c.offset -= c.offset > by ? by : 0;
    }
    return {c.offset + now_};
  }
  [[nodiscard]] std::uint64_t due(const own_clock& c, instant t) const {
    if (t.is_never()) return ~std::uint64_t{0};
    return t.ms > c.offset + now_ ? t.ms - c.offset : now_;
  }

  void step() {
    std::uint64_t next = network_.empty() ? ~std::uint64_t{0} : network_.top().at;
    for (auto& s : stations_) next = std::min(next, due(s->clock, s->machine->poll_timeout()));
    next = std::min(next, due(bmc_clock_, bmc_->poll_timeout()));
    if (!debts_due_.empty()) next = std::min(next, debts_due_.top().first);
    next = std::min(next, next_attack_);
    if (next == ~std::uint64_t{0}) return complain("everybody waits for ever");
    now_ = std::max(now_, next);
    if (!network_.empty() && network_.top().at <= now_) {
      const parcel p = network_.top();
      network_.pop();
      return arrive(p);
    }
    if (next_attack_ <= now_) attack();
    for (auto& s : stations_) {
      if (due(s->clock, s->machine->poll_timeout()) > now_) continue;
      s->machine->handle_timeout(time_of(s->clock));
      settle(*s);
    }
    if (due(bmc_clock_, bmc_->poll_timeout()) <= now_) bmc_->handle_timeout(time_of(bmc_clock_));
    pay_debts();
  }

  // ---- the network ----

  void send(int to, const test_peer& from, bytes data) {
    ++out_.datagrams;
    const auto& w = crowd_.network;
    if (happens(luck_, w.loss, 1000)) return;
    parcel p{now_ + w.delay + (w.jitter == 0 ? 0 : luck_() % w.jitter), ++sent_, to, from,
             static_cast<std::uint8_t>(data.size())};
    if (data.size() > p.data.size()) return complain("a datagram is longer than expected");
    core::copy(data, p.data);
    if (happens(luck_, w.spoilt, 1000)) p.data[luck_() % p.size] ^= static_cast<std::uint8_t>(1u << luck_() % 8);
    network_.push(p);
    if (!happens(luck_, w.twice, 1000)) return;
    p.at += w.latest == 0 ? 0 : luck_() % w.latest;
    network_.push(p);
  }
  void arrive(parcel p) {
    const mutable_bytes datagram = mutable_bytes(p.data).first(p.size);
    if (crowd_.attacks != 0) overheard_[luck_() % overheard_.size()] = p;
    if (p.to >= 0) {
      station& s = *stations_[static_cast<std::size_t>(p.to)];
      weaken(s.machine->config().crypto);
      (void)s.machine->feed(datagram, time_of(s.clock));
      return settle(s);
    }
    weaken(bmc_->config().crypto);
    std::array<std::uint8_t, bmc_type::max_datagram> reply;
    const auto n = bmc_->feed(p.from, datagram, reply, time_of(bmc_clock_));
    while (bmc_->next_event()) {
    }
    if (bmc_->poll_timeout() < instant{bmc_clock_.offset + now_} && crowd_.jumps == 0)
      complain("a timer of the BMC lies in the past");
    if (n && *n != 0) answer(p.from, bytes(reply).first(*n));
    owe();
  }
  /// Lets an operation fail soon, now and then.
  void weaken(null_backend& b) {
    if (happens(luck_, crowd_.failures, 10'000)) b.fail_operation(1 + luck_() % 6);
  }
  void answer(const test_peer& to, bytes data) {
    for (const auto& s : stations_)
      if (s->peer == to) send(static_cast<int>(s->index), bmc_peer, data);
  }

  // ---- the BMC's program ----

  void owe() {
    auto& debts = bmc_->config().handler.debts;
    for (const auto& d : debts) debts_due_.push({now_ + luck_() % 8000, d});
    debts.clear();
  }
  void pay_debts() {
    while (!debts_due_.empty() && debts_due_.top().first <= now_) {
      const auto d = debts_due_.top().second;
      debts_due_.pop();
      std::array<std::uint8_t, 4> data{};
      core::store_le32(data.data(), d.id);
      std::array<std::uint8_t, bmc_type::max_datagram> out;
      const auto n = bmc_->complete(d.later, {.data = data, .once = d.once}, out, time_of(bmc_clock_));
      if (n && n->size != 0) answer(n->to, bytes(out).first(n->size));
    }
  }

  // ---- a console's program ----

  void begin(station& s) {
    s.pending = s.answered = 0;
    s.running = s.machine->start(time_of(s.clock)).has_value();
    if (!s.running) complain("a console does not start");
    settle(s);
  }
  void settle(station& s) {
    for (bool busy = true; busy && out_.complaint.empty();) {
      busy = false;
      std::array<std::uint8_t, console_type::max_datagram> out;
      while (const auto n = s.machine->poll_transmit(out, time_of(s.clock))) send(-1, s.peer, bytes(out).first(n.size));
      while (const auto e = s.machine->next_event()) {
        busy = true;
        hear(s, e);
      }
    }
  }
  void hear(station& s, const console_event& e) {
    if (e.type == console_event::kind::ready) {
      if (!s.may_login) return complain("a session where keys do not agree");
      for (unsigned i = 0; i <= crowd_.requests; ++i) {
        core::store_le32(s.data[i].data(), next_id_++);
        const request rq{.fn = net_fn::chassis,
                         .command = i == 0 ? once_command : static_cast<std::uint8_t>(0x10 + i),
                         .data = s.data[i]};
        if (s.machine->submit(rq, time_of(s.clock))) ++s.pending;
      }
    }
    if (e.type == console_event::kind::done) {
      if (s.pending == 0) return complain("a request ends twice");
      if (e.succeeded()) {
        ++s.answered;
        check_run_once(core::load_le32(e.data.data()));
      }
      if (--s.pending == 0) (void)s.machine->close(time_of(s.clock));
    }
    if (e.is_last()) end(s, e.error);
  }
  void check_run_once(std::uint32_t id) {
    const auto& runs = bmc_->config().handler.runs;
    const auto at = runs.find(id);
    if (at != runs.end() && at->second > 1) complain("what must run once ran twice");
  }
  void end(station& s, errc why) {
    if (s.pending != 0) complain("a request has no end");
    if (why == errc::ok) complain("an end without a cause");
    ++out_.conversations;
    out_.honest += s.may_login ? 1 : 0;
    out_.completed += s.may_login && s.answered == crowd_.requests + 1 ? 1 : 0;
    if (++s.done < crowd_.conversations) return begin(s);
    s.running = false;
  }

  // ---- the attacker ----

  /// From an address of its own, a forged one or a console's: floods, noise, and what it overheard, changed or not.
  void attack() {
    next_attack_ = now_ + 1 + luck_() % (2000 / crowd_.attacks + 1);
    const unsigned how = static_cast<unsigned>(luck_() % 6);
    const parcel& heard = overheard_[luck_() % overheard_.size()];
    parcel p = heard;
    if (how < 2 || p.size == 0) {
      std::array<std::uint8_t, 180> room{};
      const auto n = detail::encode_open_session_request(static_cast<std::uint8_t>(luck_()), privilege::highest,
                                                         session_id{static_cast<std::uint32_t>(luck_() | 1)},
                                                         *wire::find_suite(3), room);
      p = {.to = -1, .size = static_cast<std::uint8_t>(*n), .data = room};
    } else if (how < 5) {
      p.data[luck_() % p.size] = static_cast<std::uint8_t>(luck_());
    }
    p.from = how % 2 == 0 ? test_peer{static_cast<std::uint32_t>(0xc0a80000 + luck_() % 5000), 623} : p.from;
    if (p.from.udp_port == 0) p.from = stations_[luck_() % stations_.size()]->peer;
    p.at = now_;
    p.number = ++sent_;
    network_.push(p);
  }

  // ---- the end ----

  [[nodiscard]] bool all_over() const {
    for (const auto& s : stations_)
      if (s->running) return false;
    return true;
  }
  void check_drained() {
    for (const auto& [id, n] : bmc_->config().handler.runs)
      if (n > 1) return complain("what must run once ran twice");
    bmc_clock_.offset += 10'000'000;
    bmc_->handle_timeout({bmc_clock_.offset + now_});
    while (bmc_->next_event()) {
    }
    if (bmc_->active_sessions() + bmc_->opened_logins() + bmc_->proven_logins() != 0 ||
        !bmc_->poll_timeout().is_never())
      complain("something is left at the BMC");
    for (const auto& s : stations_)
      if (!s->machine->is_over() || !s->machine->poll_timeout().is_never()) complain("a console is not at rest");
  }
  void complain(const std::string& what) {
    if (out_.complaint.empty()) out_.complaint = what + ", at " + std::to_string(now_) + " ms";
  }

  struct later_first {
    bool operator()(const auto& a, const auto& b) const { return a.first > b.first; }
  };
  using debt = std::pair<std::uint64_t, late_handler::owed>;

  crowd crowd_;
  dice luck_;
  std::unique_ptr<bmc_type> bmc_;
  std::vector<std::unique_ptr<station>> stations_{};
  own_clock bmc_clock_{};
  std::priority_queue<parcel> network_{};
  std::priority_queue<debt, std::vector<debt>, later_first> debts_due_{};
  std::array<parcel, 16> overheard_{};
  std::uint64_t now_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t next_attack_ = ~std::uint64_t{0};
  std::uint32_t next_id_ = 1;
  outcome out_{};
};

/// A crowd of a kind that the seed chooses.
inline crowd crowd_of(std::uint64_t seed) {
  dice d(seed);
  const auto upto = [&](unsigned n) { return static_cast<unsigned>(d() % (n + 1)); };
  crowd c{.seed = seed};
  c.consoles = 1 + upto(7);
  c.conversations = 1 + upto(5);
  c.requests = upto(3);
  c.network.delay = upto(3) == 0 ? upto(300) : upto(20);
  if (upto(1) == 0) c.network.loss = upto(250);
  if (upto(1) == 0) c.network.twice = upto(200);
  if (upto(2) == 0) c.network.spoilt = upto(50);
  if (upto(1) == 0) c.network.jitter = 1 + upto(400);
  if (upto(2) == 0) c.network.latest = 1 + upto(60'000);
  if (upto(2) == 0) c.late_answers = upto(500);
  if (upto(5) == 0) c.failures = upto(100);
  // A packet that fails at the BMC and comes once more when the answer to the others of its request is forgotten is a
  // new request: no BMC could tell.
  if (c.failures != 0 && c.network.latest > 10'000) c.network.latest = 10'000;
  if (upto(5) == 0) c.jumps = upto(100);
  if (upto(3) == 0) c.attacks = 1 + upto(200);
  c.strangers = upto(2) == 0;
  c.v15 = upto(1) == 0;
  return c;
}

}  // namespace rmcpp::test::simulation
