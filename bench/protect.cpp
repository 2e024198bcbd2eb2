// SPDX-License-Identifier: BSL-1.0
// protect/seal, protect/open: a message to a finished datagram and back, one session.
// protect/seal_batch: as many sessions as packets, each packet's time is 1 / items_per_second.
#include "registry.hpp"

#include "contenders/floor.hpp"
#include "contenders/naive.hpp"
#include "contenders/rmcpp.hpp"
#include "verify.hpp"
#if RMCPP_BENCH_OPENSSL
#include "contenders/openssl.hpp"
#endif
#if RMCPP_BENCH_FREEIPMI
#include "contenders/freeipmi.hpp"
#endif

#include <memory>

namespace bench {
namespace {

constexpr std::size_t batch_sizes[] = {1, 4, 8, 16, 64};

template <class Contender> void seal(benchmark::State& state, std::size_t n) {
  auto c = std::make_unique<Contender>();
  workplace place(n);
  iv_block iv = known_iv;
  std::uint32_t sequence = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(iv);
    const std::size_t size = c->seal(place.message, ++sequence, iv, place.datagram);
    benchmark::DoNotOptimize(size);
    benchmark::ClobberMemory();
  }
}

template <class Contender> void open(benchmark::State& state, std::size_t n) {
  auto c = std::make_unique<Contender>();
  workplace sealed(n), place(n);
  const std::size_t size = c->seal(sealed.message, 1, known_iv, sealed.datagram);
  for (auto _ : state) {
    std::memcpy(place.datagram.data(), sealed.datagram.data(), size);  // opening spoils it
    auto message = c->open(mutable_bytes(place.datagram).first(size));
    benchmark::DoNotOptimize(message);
    benchmark::ClobberMemory();
  }
}

/// What a batch is compared with: the same sessions in a loop.
template <class Suite> class floor_loop {
 public:
  static constexpr const char* name = "floor";
  floor_loop(std::size_t n, std::size_t count) : sessions_(count), places_(count, workplace(n)) {
    for (auto& p : places_) p.message = bytes(p.message_bytes).first(n);
  }
  bool run() {
    ++sequence_;
    for (std::size_t i = 0; i < sessions_.size(); ++i)
      (void)sessions_[i].seal(places_[i].message, sequence_, known_iv, places_[i].datagram);
    return true;
  }
  [[nodiscard]] const workplace& place(std::size_t i) const { return places_[i]; }

 private:
  std::vector<floor_code<Suite>> sessions_;
  std::vector<workplace> places_;
  std::uint32_t sequence_ = 0;
};

template <class Suite, class Contender> class rmcpp_batch {
 public:
  static constexpr const char* name = Contender::name;
  using backend = typename Contender::backend;

  rmcpp_batch(std::size_t n, std::size_t count) : sessions_(count), places_(count, workplace(n)), jobs_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      places_[i].message = bytes(places_[i].message_bytes).first(n);
      jobs_[i].keys = &sessions_[i].keys();
      jobs_[i].plan = rmcpp::protect::plan(Contender::kind, sessions_[i].keys().suite().integrity, n);
      jobs_[i].iv = known_iv;
      jobs_[i].datagram = places_[i].datagram;
    }
  }
  bool run() {
    ++sequence_;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      jobs_[i].header = Contender::header(sequence_);
      build(places_[i].message, jobs_[i].datagram.data() + jobs_[i].plan.message);
    }
    rmcpp::protect::seal_batch(crypto_, std::span(jobs_));
    for (const auto& j : jobs_)
      if (!j.done) return false;
    return true;
  }
  [[nodiscard]] const workplace& place(std::size_t i) const { return places_[i]; }

 private:
  backend crypto_{};
  std::vector<Contender> sessions_;
  std::vector<workplace> places_;
  std::vector<rmcpp::protect::seal_job<backend>> jobs_;
  std::uint32_t sequence_ = 0;
};

template <class Batch> void seal_batch(benchmark::State& state, std::size_t n, std::size_t count) {
  Batch batch(n, count);
  bool good = true;
  for (auto _ : state) {
    good = batch.run() && good;
    benchmark::ClobberMemory();
  }
  if (!good) state.SkipWithError("a packet was not sealed");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}

template <class Suite, class Batch> void add_batch(std::size_t n, std::size_t count) {
  Batch batch(n, count);
  workplace expected(n);
  naive<Suite> reference;
  const std::size_t size = reference.seal(expected.message, 1, known_iv, expected.datagram);
  const bool sealed = batch.run();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& d = batch.place(i).datagram;
    if (!sealed || !std::equal(d.begin(), d.begin() + static_cast<std::ptrdiff_t>(size), expected.datagram.begin())) {
      failed(Batch::name, Suite::id, n, "a batch's bytes are not the naive code's");
      return;
    }
  }
  add(row("protect/seal_batch/", n, "x", count, "/suite", Suite::id, "/", Batch::name),
      [=](benchmark::State& s) { seal_batch<Batch>(s, n, count); });
}

template <class Suite, class Contender> void add_seal(std::size_t n) {
  add(row("protect/seal/", n, "/suite", Suite::id, "/", Contender::name),
      [=](benchmark::State& s) { seal<Contender>(s, n); });
}
template <class Suite, class Contender> void add_open(std::size_t n) {
  add(row("protect/open/", n, "/suite", Suite::id, "/", Contender::name),
      [=](benchmark::State& s) { open<Contender>(s, n); });
}

/// Rows that are to be compared are registered, and so run, next to each other.
template <class Suite, class... Contenders> void add_all() {
  if (!verify_reference<Suite>()) return;
  for (const std::size_t n : message_sizes) {
    const bool good[] = {[&] {
      auto c = std::make_unique<Contenders>();
      return verify<Contenders, Suite>(*c, n);
    }()...};
    std::size_t i = 0;
    ((good[i++] ? add_seal<Suite, Contenders>(n) : void()), ...);
    i = 0;
    ((good[i++] ? add_open<Suite, Contenders>(n) : void()), ...);
    for (const std::size_t count : batch_sizes) {
      add_batch<Suite, floor_loop<Suite>>(n, count);
      add_batch<Suite, rmcpp_batch<Suite, rmcpp_cryptopp<Suite>>>(n, count);
    }
  }
}

template <class Suite> void add_suite() {
  add_all<Suite, rmcpp_cryptopp<Suite>, floor_code<Suite>, naive<Suite>
#if RMCPP_BENCH_OPENSSL
          ,
          openssl_evp<Suite>
#if RMCPP_BENCH_OPENSSL_BACKEND
          ,
          rmcpp_openssl<Suite>
#endif
#endif
#if RMCPP_BENCH_FREEIPMI
          ,
          freeipmi<Suite>
#endif
          >();
}

}  // namespace

void add_protect() {
  add_suite<suite<2>>();
  add_suite<suite<3>>();
  add_suite<suite<8>>();
  add_suite<suite<16>>();
  add_suite<suite<17>>();
}

bool all_verified() { return all_right; }

}  // namespace bench
