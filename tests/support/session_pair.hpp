// SPDX-License-Identifier: BSL-1.0
// A console and a BMC wired back to back, with a virtual clock and a network that tests can interfere with.
#pragma once

#include <rmcpp/rmcpp.hpp>

#include "support/test_backend.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace rmcpp::testing {

inline bytes as_bytes(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
inline user_key key_of(std::string_view s) { return user_key(as_bytes(s)); }
inline username name_of(std::string_view s) { return username(as_bytes(s)); }
inline suite_list suites_of(std::initializer_list<std::uint8_t> ids) {
  return suite_list(bytes(ids.begin(), ids.size()));
}

/// Reproducible "randomness": a counter scrambled with a seed. Fails after `fail_after` calls, and counts them.
struct counting_entropy {
  std::uint64_t seed = 1;
  std::uint64_t calls = 0;
  std::uint64_t fail_after = ~std::uint64_t{0};

  bool fill(mutable_bytes out) noexcept {
    if (calls++ >= fail_after) return false;
    for (auto& b : out) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      b = static_cast<std::uint8_t>(seed >> 56);
    }
    return true;
  }
};
static_assert(entropy_source<counting_entropy>);

/// An address of the test network.
struct test_peer {
  std::uint32_t address = 0;
  std::uint16_t udp_port = 0;
  bool answerable = true;

  friend bool operator==(const test_peer&, const test_peer&) = default;
  [[nodiscard]] std::uint32_t quota_key() const noexcept { return address; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept { return answerable; }
  [[nodiscard]] std::array<std::uint8_t, 4> ipv4() const noexcept {
    return {static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
            static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address)};
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return udp_port; }
};
static_assert(peer_address<test_peer>);

inline constexpr test_peer console_peer{0x7f000001, 40000};

/// A few users; "admin" with password "secret" is there from the start.
struct test_users {
  struct entry {
    username name{};
    user_record record{};
  };
  std::vector<entry> entries{
      {name_of("admin"), {user_id{2}, privilege::administrator, true, key_of("secret")}},
      {name_of("operator"), {user_id{3}, privilege::operator_, true, key_of("operpw")}},
      {name_of("disabled"), {user_id{4}, privilege::administrator, false, key_of("secret")}},
  };
  user_key kg_value{};

  bool find(const username& name, role_byte role, std::uint8_t, user_record& out) noexcept {
    bool found = false;
    for (const auto& e : entries) {
      if (!(e.name == name) || (!role.name_only() && e.record.limit != role.level()) || found) continue;
      out = e.record;
      found = true;
    }
    return found;
  }
  user_key kg(std::uint8_t) noexcept { return kg_value; }
};
static_assert(user_directory<test_users>);

/// Echoes a request's data, and remembers what it was asked. Command F0h is answered later, by ticket; F2h must not run
/// twice.
struct test_handler {
  static constexpr std::uint8_t deferred_command = 0xf0;
  static constexpr std::uint8_t unknown_command = 0xf1;
  static constexpr std::uint8_t once_command = 0xf2;

  struct seen {
    net_fn fn{};
    std::uint8_t code = 0;
    std::uint8_t lun = 0;
    std::vector<std::uint8_t> data{};
    privilege level{};
  };
  std::vector<seen> commands{};
  std::vector<ticket> tickets{};

  handled handle(const command& request, const session_info& session, response_writer& response) noexcept {
    commands.push_back(
        {request.fn, request.code, request.lun, {request.data.begin(), request.data.end()}, session.level});
    if (request.code == deferred_command) {
      tickets.push_back(request.deferred);
      return handled::pending;
    }
    if (request.code == once_command) response.run_once();
    if (request.code == unknown_command) {
      response.fail(completion_code::invalid_command);
    } else {
      response.put(request.data);
    }
    return handled::done;
  }
};
static_assert(command_handler<test_handler>);

struct test_console_traits : console_traits {
  static constexpr std::size_t request_bytes = 16;
  static constexpr bool allow_unauthenticated = true;
};

template <backend B = null_backend> struct console_setup {
  using traits = test_console_traits;
  B crypto{};
  counting_entropy random{.seed = 0xc0};
  std::vector<console_transition> steps{};
  void observe(const console_transition& t) { steps.push_back(t); }
};

struct test_bmc_traits : bmc_traits {
  static constexpr bool allow_unauthenticated = true;
};

template <backend B = null_backend, class Traits = test_bmc_traits> struct bmc_setup {
  using peer = test_peer;
  using traits = Traits;
  B crypto{};
  counting_entropy random{.seed = 0xb3c};
  test_users users{};
  test_handler handler{};
  std::vector<login_transition> steps{};
  void observe(const login_transition& t) { steps.push_back(t); }
};

inline console_options default_console() {
  console_options o;
  o.name = name_of("admin");
  o.password = key_of("secret");
  o.suites = suites_of({3});
  return o;
}
inline bmc_options default_bmc() {
  bmc_options o;
  o.system_guid = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f};
  o.suites = suites_of({17, 3, 0, 1, 2, 6, 7, 8, 11, 12, 15, 16});
  return o;
}

/// Which way a datagram goes.
enum class direction : std::uint8_t { to_bmc, to_console };

/// One console and one BMC. `step()` moves what can be moved now; `run()` also lets virtual time pass.
template <backend B = null_backend, class BmcTraits = test_bmc_traits> struct session_pair {
  using datagram = std::vector<std::uint8_t>;
  struct done {
    request_id id{};
    errc error{};
    completion_code code{};
    std::vector<std::uint8_t> data{};
  };

  explicit session_pair(const console_options& c = default_console(), const bmc_options& b = default_bmc())
      : con(console_setup<B>{}, c), managed(bmc_setup<B, BmcTraits>{}, b) {}

  console<console_setup<B>> con;
  bmc<bmc_setup<B, BmcTraits>> managed;
  instant now{1'000'000};
  test_peer from = console_peer;

  /// Sees every datagram, may change it; false drops it. The count is per direction, from 1.
  std::function<bool(direction, int, datagram&)> network = [](direction, int, datagram&) { return true; };
  int sent[2] = {0, 0};

  std::vector<console_event> session_events{};  ///< ready, failed, closed
  std::vector<done> answers{};
  std::vector<bmc_event<test_peer>> bmc_events{};
  std::vector<errc> console_drops{};
  std::vector<errc> bmc_drops{};
  std::vector<datagram> log{};  ///< every datagram that arrived, both ways

  /// Hands a datagram to the BMC; returns its answer (empty: none).
  datagram ask_bmc(datagram d) { return ask_bmc(from, std::move(d)); }
  datagram ask_bmc(const test_peer& peer, datagram d) {
    datagram reply(managed.max_datagram);
    const auto n = managed.feed(peer, d, reply, now);
    bmc_drops.push_back(n.error());
    for (auto e = managed.next_event(); e.type != bmc_event<test_peer>::kind::none; e = managed.next_event())
      bmc_events.push_back(e);
    reply.resize(n ? *n : 0);
    return reply;
  }
  /// Hands a datagram to the console; returns why it was dropped, or ok.
  errc tell_console(datagram d) {
    const auto e = con.feed(d, now).error();
    console_drops.push_back(e);
    collect();
    return e;
  }
  void collect() {
    for (auto e = con.next_event(); e.type != console_event::kind::none; e = con.next_event()) {
      if (e.type == console_event::kind::done) {
        answers.push_back({e.request, e.error, e.code, {e.data.begin(), e.data.end()}});
      } else {
        session_events.push_back(e);
      }
    }
  }
  /// The console's next datagram; empty: none.
  datagram next_from_console() {
    datagram out(1024);
    const auto n = con.poll_transmit(out, now);
    collect();
    out.resize(n ? *n : 0);
    return out;
  }
  bool passes(direction d, datagram& bytes_) {
    const bool through = network(d, ++sent[static_cast<int>(d)], bytes_);
    if (through) log.push_back(bytes_);
    return through;
  }
  /// One datagram of the console and its answer; false if the console had nothing to send.
  bool step() {
    datagram out = next_from_console();
    if (out.empty()) return false;
    if (!passes(direction::to_bmc, out)) return true;
    datagram reply = ask_bmc(std::move(out));
    if (!reply.empty() && passes(direction::to_console, reply)) tell_console(std::move(reply));
    return true;
  }
  void settle() {
    while (step()) {
    }
    collect();
  }
  /// Lets time pass to the next deadline of either side; false if there is none before `limit`.
  bool sleep(instant limit) {
    const instant next = earlier(con.poll_timeout(), managed.poll_timeout());
    if (next > limit) return false;
    if (next > now) now = next;
    con.handle_timeout(now);
    managed.handle_timeout(now);
    for (auto e = managed.next_event(); e.type != bmc_event<test_peer>::kind::none; e = managed.next_event())
      bmc_events.push_back(e);
    collect();
    return true;
  }
  /// Runs until nothing happens before `limit` from now.
  void run(milliseconds limit) {
    const instant until = now + limit;
    settle();
    while (sleep(until)) settle();
    now = until;
  }
  /// Starts and settles: an undisturbed login needs no time.
  bool login() {
    const auto started = con.start(now);
    settle();
    return started && con.state() == console_state::active;
  }
  /// A request whose data is `data` (must outlive it), settled.
  result<request_id> submit(std::uint8_t code, bytes data = {}, net_fn fn = net_fn::chassis) {
    const auto id = con.submit(request{.fn = fn, .code = code, .data = data}, now);
    return id;
  }
};

}  // namespace rmcpp::testing
