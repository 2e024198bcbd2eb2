// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/event.hpp>
#include <rmcpp/console/event.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/testing/datagram.hpp>
#include <rmcpp/testing/policies.hpp>
#include <rmcpp/wire/dump.hpp>

#include <functional>
#include <map>
#include <string>
#include <utility>

/// \file
/// A network and a clock that exist only here: the same run every time, and a day in an instant.

namespace rmcpp::testing {

/// A datagram on its way. A rule may change all of it but its number.
struct parcel {
  test_peer from{};
  test_peer to{};
  std::size_t number = 0;  ///< counted from 1, of those from `from` to `to`
  octets data{};
  instant sent{};
  milliseconds latency{};  ///< one that takes longer is overtaken
  unsigned copies = 1;     ///< that arrive: 0 loses it, 2 repeats it
};

/// What a station wants to send, and to whom.
using outbox = std::vector<std::pair<test_peer, octets>>;

/// Something at an address, as callbacks. All but `receive` may be empty.
struct station {
  std::function<outbox(const test_peer& from, octets& datagram, instant now)> receive{};
  std::function<outbox(instant now)> transmit{};  ///< all that it wants to send by itself, asked after every call
  std::function<instant()> next_timeout{};
  std::function<void(instant now)> handle_timeout{};
};

/// Stations by address, and what lies between them. Addresses compare as test_peer does.
class virtual_network {
 public:
  using rule = std::function<void(parcel&)>;

  explicit virtual_network(milliseconds latency = {1}, instant start = {1'000'000}) : latency_(latency), now_(start) {}

  [[nodiscard]] instant now() const { return now_; }

  /// Puts a station at an address, instead of the one that is there.
  void attach(const test_peer& at, station s) {
    detach(at);
    stations_.emplace_back(at, std::move(s));
  }
  void detach(const test_peer& at) {
    std::erase_if(stations_, [&](const auto& s) { return s.first == at; });
  }

  /// Every datagram passes the rules in the order in which they were added.
  void add_rule(rule r) { rules_.push_back(std::move(r)); }

  void send(const test_peer& from, const test_peer& to, octets datagram) {
    parcel p{from, to, ++counts_[key(from, to)], std::move(datagram), now_, latency_};
    for (const auto& r : rules_) r(p);
    for (unsigned i = 0; i < p.copies; ++i) under_way_.emplace(now_ + p.latency, p);
    transcript_.push_back(std::move(p));
  }

  /// Lets everything happen that happens until then; the clock stands there afterwards.
  void run_for(milliseconds span) {
    (void)run_until([] { return false; }, span);
  }
  /// Lets everything happen until `done()`, which is asked after every step, or until the time is up; whether done.
  bool run_until(const std::function<bool()>& done, milliseconds limit) {
    const instant end = now_ + limit;
    std::size_t steps = 0;
    for (transmit(); !done(); transmit()) {
      const instant next = next_event();
      if (next > end) {
        now_ = end;
        return false;
      }
      steps = next > now_ ? 0 : steps + 1;
      if (steps > 100'000) throw std::runtime_error("no end of events without time passing");
      if (next > now_) now_ = next;
      step();
    }
    return true;
  }

  /// Sends a datagram from an address without a station and waits for the first answer to it; empty: none came.
  octets ask(const test_peer& from, const test_peer& to, octets datagram, milliseconds limit = seconds(1)) {
    octets answer;
    attach(from, {.receive = [&answer](const test_peer&, octets& d, instant) {
             if (answer.empty()) answer = d;
             return outbox{};
           }});
    send(from, to, std::move(datagram));
    (void)run_until([&] { return !answer.empty(); }, limit);
    detach(from);
    return answer;
  }

  /// Every datagram sent, as the rules left it.
  [[nodiscard]] const std::vector<parcel>& transcript() const { return transcript_; }

 private:
  /// can_reply() is no part of an address.
  static std::array<std::uint32_t, 4> key(const test_peer& from, const test_peer& to) {
    return {from.address, from.udp_port, to.address, to.udp_port};
  }
  void send_all(const test_peer& from, outbox&& out) {
    for (auto& [to, datagram] : out) send(from, to, std::move(datagram));
  }
  void transmit() {
    for (const auto& [at, s] : stations_)
      if (s.transmit) send_all(at, s.transmit(now_));
  }
  [[nodiscard]] instant next_event() const {
    instant next = under_way_.empty() ? instant::never() : under_way_.begin()->first;
    for (const auto& [at, s] : stations_)
      if (s.next_timeout) next = earlier(next, s.next_timeout());
    return next;
  }
  /// One arrival, or else the timeouts: what arrives in time comes first.
  void step() {
    if (!under_way_.empty() && under_way_.begin()->first <= now_) {
      parcel p = std::move(under_way_.extract(under_way_.begin()).mapped());
      for (const auto& [at, s] : stations_)
        if (at == p.to) return send_all(at, s.receive(p.from, p.data, now_));
      return;
    }
    for (const auto& [at, s] : stations_)
      if (s.next_timeout && s.handle_timeout && s.next_timeout() <= now_) s.handle_timeout(now_);
  }

  milliseconds latency_;
  instant now_;
  std::vector<std::pair<test_peer, station>> stations_{};
  std::vector<rule> rules_{};
  std::map<std::array<std::uint32_t, 4>, std::size_t> counts_{};
  std::multimap<instant, parcel> under_way_{};  // those of one instant stay in the order of sending
  std::vector<parcel> transcript_{};
};

/// A rule that loses a share of all datagrams, in percent: which ones, the seed says.
inline virtual_network::rule random_loss(unsigned percent, std::uint64_t seed) {
  return [percent, random = counting_entropy{.seed = seed}](parcel& p) mutable {
    std::array<std::uint8_t, 4> dice{};
    random.fill(dice);
    if (core::load_le32(dice.data()) % 100 < percent) p.copies = 0;
  };
}

/// The transcript for people: who sent what and when, every field of it. For INFO().
inline std::string story_of(const virtual_network& net) {
  const auto name = [](const test_peer& p) {
    std::string text;
    for (const auto b : p.ipv4()) text += std::to_string(b) + '.';
    text.back() = ':';
    return text + std::to_string(p.port());
  };
  std::string text;
  for (const auto& p : net.transcript())
    text += std::to_string(p.sent.ms) + " ms, " + name(p.from) + " -> " + name(p.to) +
            (p.copies == 0 ? ", lost\n" : "\n") + wire::dump_datagram(p.data);
  return text;
}

/// A console of ours, or anything of its shape, that talks to `to`. Takes its events and passes them to `on_event`.
template <class Console, class OnEvent> station console_station(Console& c, const test_peer& to, OnEvent on_event) {
  const auto drain = [&c, on_event]() {
    while (const auto e = c.next_event()) on_event(e);
  };
  return {.receive =
              [&c, drain](const test_peer&, octets& datagram, instant now) {
                (void)c.feed(datagram, now);
                drain();
                return outbox{};
              },
          .transmit =
              [&c, drain, to](instant now) {
                outbox all;
                octets out(Console::max_datagram);
                while (const auto n = c.poll_transmit(out, now))
                  all.emplace_back(to, to_octets(bytes(out).first(n.size)));
                drain();
                return all;
              },
          .next_timeout = [&c] { return c.poll_timeout(); },
          .handle_timeout = [&c](instant now) { c.handle_timeout(now); }};
}
template <class Console> station console_station(Console& c, const test_peer& to) {
  return console_station(c, to, [](const console_event&) {});
}

/// A BMC of ours, or anything of its shape. Takes its events and passes them to `on_event`.
template <class Bmc, class OnEvent> station bmc_station(Bmc& b, OnEvent on_event) {
  const auto drain = [&b, on_event]() {
    while (const auto e = b.next_event()) on_event(e);
  };
  return {.receive =
              [&b, drain](const test_peer& from, octets& datagram, instant now) {
                octets reply(Bmc::max_datagram);
                const auto n = b.feed(from, datagram, reply, now);
                drain();
                return n && *n != 0 ? outbox{{from, to_octets(bytes(reply).first(*n))}} : outbox{};
              },
          .transmit =
              [&b, drain](instant now) {
                outbox all;
                octets out(Bmc::max_datagram);
                while (const auto n = b.poll_transmit(out, now))
                  all.emplace_back(n.to, to_octets(bytes(out).first(n.size)));
                drain();
                return all;
              },
          .next_timeout = [&b] { return b.poll_timeout(); },
          .handle_timeout = [&b](instant now) { b.handle_timeout(now); }};
}
template <class Bmc> station bmc_station(Bmc& b) {
  return bmc_station(b, [](const auto&) {});
}

/// Anything that answers at once: `answer(bytes)` gives octets (empty: silence) or a vector of them.
template <class Answer> station answering_station(Answer answer) {
  return {.receive = [answer](const test_peer& from, octets& datagram, instant) mutable {
    outbox all;
    auto reply = answer(bytes(datagram));
    if constexpr (std::is_same_v<decltype(reply), octets>) {
      if (!reply.empty()) all.emplace_back(from, std::move(reply));
    } else {
      for (auto& r : reply) all.emplace_back(from, std::move(r));
    }
    return all;
  }};
}

}  // namespace rmcpp::testing
