// SPDX-License-Identifier: BSL-1.0
// A console and a BMC wired back to back, one datagram at a time, with which tests can interfere; time passes on the
// virtual network of rmcpp::testing.
#pragma once

#include <rmcpp/rmcpp.hpp>
#include <rmcpp/testing/network.hpp>

#include "support/chosen_backend.hpp"

#include <functional>
#include <vector>

namespace rmcpp::test {

using namespace crypto;

using namespace testing;

using rmcpp::direction;

/// One console and one BMC, each on its own backend: on those that the environment chooses if none is named. step()
/// hands over one datagram and its answer; run() lets virtual time pass.
template <backend B = console_backend, class BmcTraits = test_bmc_traits, backend BmcB = peer_backend_t<B>,
          class ConsoleTraits = test_console_traits>
struct session_pair {
  using datagram = std::vector<std::uint8_t>;
  struct done {
    request_id id{};
    errc error{};
    completion_code code{};
    std::vector<std::uint8_t> data{};
  };

  explicit session_pair(const console_options& c = default_console(), const bmc_options& b = default_bmc())
      : con(console_setup<B, ConsoleTraits>{}, c), managed(bmc_setup<BmcB, BmcTraits>{}, b) {}

  console<console_setup<B, ConsoleTraits>> con;
  bmc<bmc_setup<BmcB, BmcTraits>> managed;
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
    while (const auto e = managed.next_event()) bmc_events.push_back(e);
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
    while (const auto e = con.next_event()) {
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
    out.resize(n.size);
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
  /// Lets everything happen until `limit` from now, on a network of no length, one datagram at a time.
  void run(milliseconds limit) {
    settle();
    virtual_network net({0}, now);
    bool under_way = false;
    net.add_rule([&](parcel& p) {
      const auto dir = p.to == from ? direction::to_console : direction::to_bmc;
      if (passes(dir, p.data)) return;
      p.copies = 0;
      under_way = false;
    });
    net.attach(bmc_peer, {.receive =
                              [&](const test_peer& peer, octets& d, instant at) {
                                now = at;
                                octets reply = ask_bmc(peer, std::move(d));
                                under_way = !reply.empty();
                                return under_way ? outbox{{peer, std::move(reply)}} : outbox{};
                              },
                          .next_timeout = [&] { return managed.poll_timeout(); },
                          .handle_timeout = [&](instant at) { expire(at); }});
    net.attach(from, {.receive =
                          [&](const test_peer&, octets& d, instant at) {
                            now = at;
                            under_way = false;
                            tell_console(std::move(d));
                            return outbox{};
                          },
                      .transmit =
                          [&](instant at) {
                            now = at;
                            octets out = under_way ? octets{} : next_from_console();
                            under_way = under_way || !out.empty();
                            return out.empty() ? outbox{} : outbox{{bmc_peer, std::move(out)}};
                          },
                      .next_timeout = [&] { return con.poll_timeout(); },
                      .handle_timeout = [&](instant at) { expire(at); }});
    net.run_for(limit);
    now = net.now();
    collect();
  }
  /// By hand: moves the clock to the next deadline of either side; false if there is none before `limit`.
  bool sleep(instant limit) {
    const instant next = earlier(con.poll_timeout(), managed.poll_timeout());
    if (next > limit) return false;
    expire(next > now ? next : now);
    return true;
  }
  /// What has become due on either side.
  void expire(instant at) {
    now = at;
    con.handle_timeout(now);
    managed.handle_timeout(now);
    while (const auto e = managed.next_event()) bmc_events.push_back(e);
    collect();
  }
  /// Starts and settles: an undisturbed login needs no time.
  bool login() {
    const auto started = con.start(now);
    settle();
    return started && con.state() == console_state::active;
  }
  /// A request whose data is `data` (must outlive it), settled.
  result<request_id> submit(std::uint8_t code, bytes data = {}, net_fn fn = net_fn::chassis) {
    const auto id = con.submit(request{.fn = fn, .command = code, .data = data}, now);
    return id;
  }
};

}  // namespace rmcpp::test
