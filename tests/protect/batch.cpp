// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/batch.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"
#include "support/heap_counter.hpp"
#include "support/protected_session.hpp"

#include <deque>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using testing::null_backend;

/// Works on all the jobs it is given, last one first, and writes down how many came at a time.
struct batching_cryptopp : cryptopp_backend {
  using cryptopp_backend::encrypt_then_sign;
  void encrypt_then_sign(std::span<fused_job<aes_key, mac_key>> jobs) noexcept {
    widths.push_back(jobs.size());
    for (std::size_t i = jobs.size(); i-- > 0;) {
      jobs[i].done = ++count == fail_at
                         ? status{errc::crypto_failure}
                         : cryptopp_backend::encrypt_then_sign(*jobs[i].aes, *jobs[i].mac, jobs[i].packet);
    }
  }
  std::vector<std::size_t> widths;
  std::size_t count = 0;
  std::size_t fail_at = 0;
};
static_assert(batch_backend<batching_cryptopp> && !batch_backend<cryptopp_backend> && !batch_backend<null_backend>);

/// Sessions of every suite, a packet of its own size each.
template <backend B> struct crowd {
  explicit crowd(std::size_t count) {
    // Crypto++ allocates for a backend's first AES key; the sessions' were loaded by others.
    typename B::aes_key first;
    REQUIRE(b.load(first, buffer(aes_key_size)).has_value());
    b.unload(first);
    for (std::size_t i = 0; i < count; ++i) {
      auto& s = sessions.emplace_back(all_suites[i % all_suites.size()]);
      // Every third encrypted packet has the long header, which is not fused.
      kinds.push_back(s.kind(i % 3 == 2 ? payload_type::oem_explicit : payload_type::ipmi));
      messages.push_back(counting_bytes(i * 11 % 300));
      const auto p = plan(kinds[i], s.suite.integrity, messages[i].size());
      auto& d = datagrams.emplace_back(p.total + i % 70, std::uint8_t{0xa5});
      copy(messages[i], mutable_bytes(d).subspan(p.message));
      jobs.push_back({.keys = &s.keys,
                      .header = {.payload = kinds[i], .id = example_id, .sequence = static_cast<std::uint32_t>(i + 1)},
                      .plan = p,
                      .iv = example_iv,
                      .datagram = d});
    }
  }
  /// What one seal() makes of packet i.
  buffer alone(std::size_t i) { return sessions[i].sealed(static_cast<std::uint32_t>(i + 1), messages[i], kinds[i]); }
  void check(std::size_t i) {
    CAPTURE(i);
    REQUIRE(jobs[i].done.has_value());
    REQUIRE(*jobs[i].done == jobs[i].plan.total);
    REQUIRE(equal(bytes(datagrams[i]).first(jobs[i].plan.total), alone(i)));
  }

  B b{};
  std::deque<protected_session<B>> sessions;
  std::vector<payload_byte> kinds;
  std::vector<buffer> messages;
  std::deque<buffer> datagrams;
  std::vector<seal_job<B>> jobs;
};

}  // namespace

TEMPLATE_TEST_CASE("a batch seals what seal() does, for any number of sessions", "[protect][batch]", cryptopp_backend,
                   batching_cryptopp, null_backend) {
  for (const std::size_t count : {0u, 1u, 2u, 15u, 16u, 17u, 64u, 100u}) {
    crowd<TestType> c(count);
    seal_batch(c.b, std::span(c.jobs));
    for (std::size_t i = 0; i < count; ++i) c.check(i);
  }
}

TEMPLATE_TEST_CASE("a job that cannot be sealed does not touch the others", "[protect][batch]", cryptopp_backend,
                   batching_cryptopp, null_backend) {
  const bool too_small = GENERATE(true, false);
  for (const std::size_t bad : {0u, 3u, 16u, 39u}) {
    crowd<TestType> c(40);
    const buffer before = c.datagrams[bad];
    if (too_small) {
      c.jobs[bad].datagram = c.jobs[bad].datagram.first(c.jobs[bad].plan.total - 1);
    } else {
      c.jobs[bad].plan.total -= 1;
    }
    seal_batch(c.b, std::span(c.jobs));
    CHECK(c.jobs[bad].done.error() == (too_small ? errc::buffer_too_small : errc::invalid_argument));
    CHECK(c.datagrams[bad] == before);
    CHECK(*c.jobs[bad].done == 0);
    for (std::size_t i = 0; i < 40; ++i)
      if (i != bad) c.check(i);
  }
}

TEST_CASE("a batching backend gets its packets together, the others are sealed one by one", "[protect][batch]") {
  crowd<batching_cryptopp> c(40);
  std::size_t fusable = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    const auto& s = c.sessions[i];
    fusable += s.keys.encrypts() && s.suite.integrity != integrity_algorithm::md5_128 && i % 3 != 2;
  }
  REQUIRE(fusable > 4);
  seal_batch(c.b, std::span(c.jobs));
  CHECK(c.b.count == fusable);
  CHECK(c.b.widths.size() == 3);  // of 16, 16 and 8 jobs
}

TEST_CASE("a batching backend's failure is its job's own", "[protect][batch]") {
  for (std::size_t fail_at = 1; fail_at <= 9; ++fail_at) {
    crowd<batching_cryptopp> c(40);
    c.b.fail_at = fail_at;
    seal_batch(c.b, std::span(c.jobs));
    std::size_t failures = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      if (c.jobs[i].done) {
        c.check(i);
      } else {
        CHECK(c.jobs[i].done.error() == errc::crypto_failure);
        CHECK(*c.jobs[i].done == 0);
        ++failures;
      }
    }
    CHECK(failures == (fail_at <= c.b.count ? 1 : 0));
  }
}

TEMPLATE_TEST_CASE("a batch opens what open() does, and a bad packet does not touch the others", "[protect][batch]",
                   cryptopp_backend, null_backend) {
  crowd<TestType> c(40);
  seal_batch(c.b, std::span(c.jobs));
  std::vector<open_job<TestType>> jobs;
  std::vector<errc> expected;
  for (std::size_t i = 0; i < 40; ++i) {
    auto& s = c.sessions[i];
    const auto datagram = c.jobs[i].datagram.first(c.jobs[i].plan.total);
    errc why = errc::ok;
    if (i % 5 == 4 && s.keys.authenticates()) datagram.back() ^= 1, why = errc::bad_authcode;
    if (!s.keys.authenticates() && i + 1 > 15) why = errc::outside_window;
    const auto packet = look(datagram);
    REQUIRE((packet.has_value() || c.messages[i].empty()));
    if (!packet) continue;
    jobs.push_back({.keys = &s.keys, .window = &s.window, .packet = *packet, .policy = s.policy()});
    expected.push_back(why);
  }
  open_batch(c.b, std::span(jobs));
  std::size_t opened = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    CAPTURE(i);
    CHECK(jobs[i].done.error() == expected[i]);
    const auto sequence = jobs[i].packet.sequence;
    CHECK(jobs[i].window->highest() == (expected[i] == errc::ok ? sequence : 0));
    if (expected[i] != errc::ok) continue;
    CHECK(equal(jobs[i].done->message(), c.messages[sequence - 1]));
    ++opened;
  }
  CHECK(opened > 20);
}

TEST_CASE("packets of one session in a batch are opened in their order, each once", "[protect][batch]") {
  protected_session<cryptopp_backend> s(3);
  std::vector<buffer> datagrams{s.sealed(1), s.sealed(2), s.sealed(2), s.sealed(1), s.sealed(3)};
  std::vector<open_job<cryptopp_backend>> jobs;
  for (auto& d : datagrams)
    jobs.push_back({.keys = &s.keys, .window = &s.window, .packet = *look(d), .policy = s.policy()});
  open_batch(s.b, std::span(jobs));
  constexpr errc expected[] = {errc::ok, errc::ok, errc::replayed, errc::replayed, errc::ok};
  for (std::size_t i = 0; i < jobs.size(); ++i) CHECK(jobs[i].done.error() == expected[i]);
}

TEST_CASE("a batch makes no heap call", "[protect][batch][heap]") {
  crowd<cryptopp_backend> c(24);
  CHECK(test::count_heap_calls([&] { seal_batch(c.b, std::span(c.jobs)); }) == 0);
  std::vector<open_job<cryptopp_backend>> jobs;
  for (std::size_t i = 0; i < 24; ++i) {
    auto& s = c.sessions[i];
    if (const auto packet = look(c.jobs[i].datagram.first(c.jobs[i].plan.total)))
      jobs.push_back({.keys = &s.keys, .window = &s.window, .packet = *packet, .policy = s.policy()});
  }
  CHECK(test::count_heap_calls([&] { open_batch(c.b, std::span(jobs)); }) == 0);
}
