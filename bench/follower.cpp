// SPDX-License-Identifier: BSL-1.0
// A follower reads a capture: whole sessions from the first datagram to the last, their datagrams interleaved as those
// of a busy network are. An iteration is one datagram. The follower knows the password; it derives the keys, verifies
// and decrypts everything.
#include "machines.hpp"

namespace bench {
namespace {

struct captured {
  rmcpp::flow from{};
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// A capture of about `datagrams` datagrams: each session logs in, runs commands and logs out.
template <rmcpp::crypto::backend B> class capture {
 public:
  capture(std::uint8_t suite, std::size_t sessions, std::size_t datagrams) {
    std::vector<std::vector<std::pair<bool, std::vector<std::uint8_t>>>> talks(sessions);
    std::size_t longest = 0;
    for (auto& talk : talks) {
      const auto m = std::make_unique<machines<B>>(suite);
      const auto keep = [&](rmcpp::bytes d, bool to_bmc) {
        talk.emplace_back(to_bmc, std::vector(d.begin(), d.end()));
      };
      const auto data = request_data(16);
      complete_ = m->login(keep) && complete_;
      while (talk.size() + 4 <= datagrams / sessions) complete_ = answers(m->exchange(data, keep), data) && complete_;
      complete_ = m->logout(keep) && complete_;
      longest = std::max(longest, talk.size());
    }
    for (std::size_t i = 0; i < longest; ++i) {
      for (std::size_t s = 0; s < sessions; ++s) {
        if (i >= talks[s].size()) continue;
        const auto& [to_bmc, d] = talks[s][i];
        datagrams_.push_back(
            {{s + 1, to_bmc ? rmcpp::direction::to_bmc : rmcpp::direction::to_console}, pristine_.size(), d.size()});
        pristine_.insert(pristine_.end(), d.begin(), d.end());
        pristine_.resize((pristine_.size() + 15) & ~std::size_t{15});
      }
    }
  }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const std::vector<captured>& datagrams() const { return datagrams_; }

  /// The datagrams as they were: following them decrypts in place.
  rmcpp::mutable_bytes fresh() {
    working_ = pristine_;
    return working_;
  }

 private:
  std::vector<captured> datagrams_{};
  std::vector<std::uint8_t> pristine_{};
  std::vector<std::uint8_t> working_{};
  bool complete_ = true;
};

template <std::size_t Sessions> struct traits : rmcpp::follower_traits {
  static constexpr std::size_t sessions = Sessions;
  static constexpr std::size_t conversations = Sessions;
};
template <rmcpp::crypto::backend B, std::size_t Sessions> struct config {
  using traits = bench::traits<Sessions>;
  B crypto{};
};

template <rmcpp::crypto::backend B, std::size_t Sessions> class reading {
  using follower_type = rmcpp::follower<config<B, Sessions>>;

 public:
  explicit reading(std::uint8_t suite) : capture_(suite, Sessions, Sessions == 1 ? 10'000 : 100'000) {}

  [[nodiscard]] std::size_t datagrams() const { return capture_.datagrams().size(); }
  /// Bytes that the follower and its keys have taken from the heap.
  [[nodiscard]] std::size_t heap() const { return heap_; }

  void prepare() {
    datagrams_ = capture_.fresh();
    follower_.reset();
    heap_before_ = heap_in_use();
    follower_ = std::make_unique<follower_type>(config<B, Sessions>{}, options_);
  }
  /// How many datagrams are as they should be: decoded, readable, nothing found, and a right code where there is one.
  std::size_t run() {
    std::size_t right = 0;
    for (const auto& c : capture_.datagrams()) {
      const auto o = follower_->feed(c.from, datagrams_.subspan(c.offset, c.size));
      right += o.error == rmcpp::errc::ok && o.readable && o.findings.empty() &&
                       (o.auth == rmcpp::verdict::ok || o.auth == rmcpp::verdict::none)
                   ? 1u
                   : 0u;
    }
    return right;
  }
  [[nodiscard]] bool works() {
    if (!capture_.complete()) return false;
    prepare();
    const bool right = run() == datagrams();
    heap_ = heap_in_use() - heap_before_;
    return right && follower_->sessions() == Sessions && follower_->forgotten() == 0;
  }

 private:
  rmcpp::credential user_{.password = "secret"};
  rmcpp::follower_options options_{.users = {&user_, 1}};
  capture<B> capture_;
  std::unique_ptr<follower_type> follower_{};
  rmcpp::mutable_bytes datagrams_{};
  std::size_t heap_before_ = 0;
  std::size_t heap_ = 0;
};

template <rmcpp::crypto::backend B, std::size_t Sessions> void feed(benchmark::State& state, reading<B, Sessions>& r) {
  const auto datagrams = static_cast<benchmark::IterationCount>(r.datagrams());
  bool right = true;
  while (state.KeepRunningBatch(datagrams)) {
    state.PauseTiming();
    r.prepare();
    state.ResumeTiming();
    right = r.run() == r.datagrams() && right;
  }
  if (!right) state.SkipWithError("a datagram is misjudged");
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes"] = static_cast<double>(r.heap());
}

template <rmcpp::crypto::backend B, std::size_t Sessions> void add_backend(std::uint8_t suite) {
  const auto r = std::make_shared<reading<B, Sessions>>(suite);
  if (!r->works()) {
    failed(backend_name<B>, suite, Sessions, "the follower misjudges a datagram");
    return;
  }
  add(row("follower/feed/", Sessions, "/suite", int{suite}, "/", backend_name<B>),
      [r](benchmark::State& s) { feed<B, Sessions>(s, *r); });
}

}  // namespace

void add_follower() {
  add_backend<rmcpp::cryptopp_backend, 1>(3);
  add_backend<rmcpp::cryptopp_backend, 1000>(3);
  add_backend<rmcpp::cryptopp_backend, 1000>(17);
}

}  // namespace bench
