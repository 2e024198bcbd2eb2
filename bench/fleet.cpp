// SPDX-License-Identifier: BSL-1.0
// Consoles by the thousand in one thread, each logged in, with keys of its own and one backend for all. An iteration is
// one poll, hence two packets: a request of 8 message bytes sealed (submit, poll_transmit), an answer of 12 opened and
// consumed (feed, next_event).
// - fleet/poll: session by session; each waits for its answer before the next one's turn.
// - fleet/round: a request from every session, then every answer, as over a real network: by the time an answer comes,
//   thousands of other sessions have pushed its own out of the caches.
// - .._prefetch: the next session is asked into the cache while this one is worked on.
// The BMCs are not timed. Their answers are sealed beforehand, for as many rounds as make some 8,000 polls, in the
// order and with the sequence numbers that they will have: a console's request numbers are consecutive.
#include "machines.hpp"

#include <cstring>
#include <deque>

namespace bench {
namespace {

enum class order { by_session, by_round };

template <rmcpp::crypto::backend B> class fleet {
 public:
  fleet(std::uint8_t suite, std::size_t size) : rounds_(size < block ? block / size : 1) {
    const auto options = console_options_for(suite);
    rmcpp::bmc<bmc_side<B>> bmc({crypto_, random_}, bmc_options_for(suite));
    for (std::size_t i = 0; i < size; ++i) {
      auto& c = consoles_.emplace_back(console_side<B>{crypto_, random_}, options);
      if (!log_in(c, bmc)) good_ = false;
    }
    answers_.resize(size * rounds_);
  }

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::size_t polls() const { return consoles_.size() * rounds_; }

  /// Seals the answers of the next rounds.
  void prepare() {
    rmcpp::protect::session_keys<B> keys;
    for (std::size_t i = 0; i < consoles_.size(); ++i) {
      auto& p = peers_[i];
      const auto& suite = consoles_[i].suite();
      good_ = good_ && keys.load(crypto_, suite, p.sik.reveal(), {});
      for (std::size_t round = 0; round < rounds_; ++round) {
        auto& a = answers_[round * consoles_.size() + i];
        const auto kind = rmcpp::wire::payload_byte::of(rmcpp::payload_type::ipmi, true, keys.encrypts());
        const auto plan =
            rmcpp::protect::plan(kind, suite.integrity, rmcpp::wire::lan_response::overhead + reading.size());
        p.request = static_cast<std::uint8_t>((p.request + 1) & 63);
        const rmcpp::wire::lan_response rs{.target = rmcpp::wire::net_fn_lun::response(rmcpp::net_fn::sensor),
                                           .sequence = rmcpp::wire::seq_lun::of(p.request),
                                           .command = get_sensor_reading,
                                           .data = reading};
        const rmcpp::mutable_bytes d(a.datagram);
        rmcpp::crypto::block iv{};
        good_ = good_ && random_.fill(iv) && rmcpp::wire::encode(rs, d.subspan(plan.message, plan.message_size));
        const auto n = rmcpp::protect::seal(
            crypto_, keys, {.payload = kind, .id = consoles_[i].id(), .sequence = p.sequence.next()}, plan, iv, d);
        a.size = n ? *n : 0;
      }
    }
    keys.unload(crypto_);
  }

  /// All the polls that were prepared; returns how many brought the right answer.
  template <order Order, bool Prefetch> std::size_t run() {
    std::size_t right = 0;
    auto* next = answers_.data();
    for (std::size_t round = 0; round < rounds_; ++round) {
      for_each<Prefetch>([&](auto& c) {
        ask(c);
        if constexpr (Order == order::by_session) right += take(c, *next++);
      });
      if constexpr (Order == order::by_round) for_each<Prefetch>([&](auto& c) { right += take(c, *next++); });
    }
    return right;
  }

 private:
  static constexpr std::size_t block = 8192;
  static constexpr std::uint8_t get_sensor_reading = 0x2d;
  static constexpr std::array<std::uint8_t, 1> sensor{7};
  static constexpr std::array<std::uint8_t, 4> reading{42, 0xc0, 0, 0};

  using console_type = rmcpp::console<console_side<B>>;
  using consoles = std::deque<console_type>;
  /// What is left of a session's BMC.
  struct peer {
    rmcpp::protect::session_secret sik{};
    rmcpp::protect::sequence_counter sequence{};
    std::uint8_t request = 0;  ///< number of the last request
  };
  struct sealed_answer {
    std::array<std::uint8_t, 80> datagram{};
    std::size_t size = 0;
  };

  template <bool Prefetch, class F> [[gnu::always_inline]] inline void for_each(F&& f) {
    auto ahead = consoles_.begin();
    for (auto& c : consoles_) {
      if constexpr (Prefetch)
        if (++ahead != consoles_.end()) ahead->prefetch();
      f(c);
    }
  }
  [[gnu::always_inline]] inline void ask(console_type& c) {
    (void)c.submit({.fn = rmcpp::net_fn::sensor, .command = get_sensor_reading, .data = sensor}, now_);
    const auto sent = c.poll_transmit(out_, now_);
    benchmark::DoNotOptimize(sent);
  }
  /// 1 if the answer is right, and all.
  [[gnu::always_inline]] inline std::size_t take(console_type& c, sealed_answer& a) {
    (void)c.feed(rmcpp::mutable_bytes(a.datagram).first(a.size), now_);
    const auto e = c.next_event();
    return e.type == rmcpp::console_event::kind::done && e.error == rmcpp::errc::ok &&
                   e.data.size() == reading.size() && std::memcmp(e.data.data(), reading.data(), reading.size()) == 0 &&
                   c.next_event().type == rmcpp::console_event::kind::none
               ? 1
               : 0;
  }

  bool log_in(console_type& c, rmcpp::bmc<bmc_side<B>>& bmc) {
    std::array<std::uint8_t, 1024> reply{};
    if (!c.start(now_)) return false;
    std::uint8_t last = 0;
    bool first = true;
    while (const auto n = c.poll_transmit(out_, now_)) {
      // Of a login, two messages have a request number: that for the capabilities, which comes first and is random, and
      // that for the privilege level.
      if (first) last = next_number(rmcpp::mutable_bytes(out_).first(n.size));
      first = false;
      const auto m = bmc.feed({}, rmcpp::mutable_bytes(out_).first(n.size), reply, now_);
      if (!m || !c.feed(rmcpp::mutable_bytes(reply).first(*m), now_)) return false;
      while (c.next_event()) {
      }
      while (bmc.next_event()) {
      }
    }
    if (c.state() != rmcpp::console_state::active || !bmc.close(c.managed_id(), now_)) return false;
    while (bmc.next_event()) {
    }
    const auto& options = console_options_for(c.suite().id);
    const auto sik = rmcpp::protect::session_integrity_key(crypto_, c.suite().authentication, options.password,
                                                           options.kg, c.transcript());
    peers_.push_back({*sik, rmcpp::protect::sequence_counter(1), last});
    return sik.has_value();
  }
  /// The request number behind that of a datagram outside a session.
  static std::uint8_t next_number(rmcpp::mutable_bytes datagram) {
    const auto packet = rmcpp::wire::look(datagram);
    const auto rq = rmcpp::wire::decode<rmcpp::wire::lan_request>(packet->payload());
    return (rq->sequence.sequence() + 1) & 63;
  }

  B crypto_{};
  rmcpp::cryptopp_entropy random_{};
  rmcpp::instant now_{1'000'000};
  std::size_t rounds_;
  consoles consoles_{};
  std::vector<peer> peers_{};
  std::vector<sealed_answer> answers_{};
  std::array<std::uint8_t, 1024> out_{};
  bool good_ = true;
};

template <rmcpp::crypto::backend B, order Order, bool Prefetch> void poll(benchmark::State& state, fleet<B>& f) {
  const auto polls = static_cast<benchmark::IterationCount>(f.polls());
  bool right = true;
  while (state.KeepRunningBatch(polls)) {
    state.PauseTiming();
    f.prepare();
    state.ResumeTiming();
    right = f.template run<Order, Prefetch>() == f.polls() && right;
  }
  if (!right) state.SkipWithError("an answer is missing");
  state.SetItemsProcessed(2 * state.iterations());
}

template <rmcpp::crypto::backend B> void add_backend(std::uint8_t suite) {
  for (const std::size_t size : {1u, 100u, 1000u, 10'000u}) {
    // The fleet lives as long as its rows: ten thousand logins take a while.
    const auto f = std::make_shared<fleet<B>>(suite, size);
    for (int i = 0; i < 2; ++i) {
      f->prepare();
      if (f->good() && f->template run<order::by_session, false>() == f->polls()) continue;
      failed(backend_name<B>, suite, size, "a poll of a fleet brings no answer");
      return;
    }
    const std::string tail = row("/", size, "/suite", int{suite}, "/", backend_name<B>);
    add("fleet/poll" + tail, [f](benchmark::State& s) { poll<B, order::by_session, false>(s, *f); });
    add("fleet/poll_prefetch" + tail, [f](benchmark::State& s) { poll<B, order::by_session, true>(s, *f); });
    add("fleet/round" + tail, [f](benchmark::State& s) { poll<B, order::by_round, false>(s, *f); });
    add("fleet/round_prefetch" + tail, [f](benchmark::State& s) { poll<B, order::by_round, true>(s, *f); });
  }
}

}  // namespace

void add_fleet() {
  add_backend<rmcpp::cryptopp_backend>(3);
  add_backend<rmcpp::testing::null_backend>(3);
}

}  // namespace bench
