// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/follower/session.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::crypto;
using namespace rmcpp::detail;

using f = finding;

struct packet {
  std::uint32_t number = 0;
  std::vector<found> expected{};
  std::uint64_t digest = 0;  ///< 0: that of no other packet
};
struct row {
  const char* name;
  std::uint32_t first;
  std::vector<packet> packets;
  sequence_judge::window window = sequence_judge::v2;
};

std::string text_of(const std::vector<found>& list) {
  std::string text;
  for (const auto& x : list)
    text += std::string(info(x.what).name) + ' ' + std::to_string(x.seen) + '/' + std::to_string(x.expected) + '\n';
  return text;
}

/// Each number of a run, none of which is worth a word.
std::vector<packet> run(std::uint32_t from, std::uint32_t to, std::vector<packet> then) {
  std::vector<packet> all;
  for (std::uint32_t n = from; n != to + 1; ++n) all.push_back({n});
  all.insert(all.end(), then.begin(), then.end());
  return all;
}

}  // namespace

TEST_CASE("sequence numbers are judged by the window around the highest", "[session][followed_session]") {
  const std::vector<row> rows{
      {"from 1 on", 1, run(1, 100, {})},
      {"first 3: ipmitool", 1, {{3, {{f::first_sequence, 3, 1}}}, {4}, {5}}},
      {"any first number where the login was not seen", 0, {{0xabcdef}, {0xabcdf0}}},
      {"15 ahead", 1, {{1}, {16}}},
      {"16 ahead", 1, {{1}, {17, {{f::sequence_ahead, 17, 2}}}, {18}}},
      {"gaps of 2", 1, {{1}, {3}, {5}, {7}}},
      {"16 behind", 1, {{1}, {16}, {20}, {4, {{f::out_of_order, 4, 21}}}}},
      {"17 behind", 1, {{1}, {16}, {20}, {3, {{f::sequence_behind, 3, 21}}}}},
      {"1 behind", 1, {{1}, {3}, {2, {{f::out_of_order, 2, 4}}}, {4}}},
      {"once more, another packet", 1, {{1}, {2}, {2, {{f::sequence_reused, 2, 3}}}, {3}}},
      {"once more, the same packet", 1, {{1}, {2, {}, 7}, {2, {{f::repeated_datagram}}, 7}, {3}}},
      {"the same bytes under the next number", 1, {{1, {}, 7}, {2, {}, 7}}},
      {"16 behind, where another was", 1, run(1, 17, {{1, {{f::sequence_reused, 1, 18}}}})},
      {"15 behind, where another was", 1, run(1, 16, {{1, {{f::sequence_reused, 1, 17}}}})},
      {"out of order, and once more",
       1,
       {{1}, {5}, {3, {{f::out_of_order, 3, 6}}, 7}, {3, {{f::repeated_datagram}}, 7}, {6}}},
      {"a number behind does not move the window", 1, {{1}, {16}, {31}, {10, {{f::sequence_behind, 10, 32}}}, {46}}},
      {"a jump ahead moves it",
       1,
       {{1}, {1000, {{f::sequence_ahead, 1000, 2}}}, {999, {{f::out_of_order, 999, 1001}}}}},
      {"0 always", 1, {{0, {{f::sequence_zero, 0, 1}}}, {0, {{f::sequence_zero, 0, 1}}}}},
      {"0 always, the same packet", 1, {{0, {{f::sequence_zero, 0, 1}}, 7}, {0, {{f::sequence_zero, 0, 1}}, 7}}},
      {"0 in between", 1, {{1}, {0, {{f::sequence_zero, 0, 2}}}, {2}}},
      {"0 where the login was not seen", 0, {{0, {{f::sequence_zero, 0, 0}}}, {9}}},
      {"wrap over 0", 0, {{0xfffffffe}, {0xffffffff}, {1}, {2}}},
      {"0 in the place of 1", 0, {{0xffffffff}, {0, {{f::sequence_zero, 0, 1}}}, {1}}},
      {"out of order over 0", 0, {{0xfffffffe}, {1}, {0xffffffff, {{f::out_of_order, 0xffffffff, 2}}}}},
      {"v1.5: 8 ahead", 0, {{100}, {108}}, sequence_judge::v15},
      {"v1.5: 9 ahead", 0, {{100}, {109, {{f::sequence_ahead, 109, 101}}}}, sequence_judge::v15},
      {"v1.5: 8 behind", 0, {{100}, {92, {{f::out_of_order, 92, 101}}}}, sequence_judge::v15},
      {"v1.5: 9 behind", 0, {{100}, {91, {{f::sequence_behind, 91, 101}}}}, sequence_judge::v15},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    sequence_judge judge;
    judge.begin(r.first);
    std::uint64_t digest = 1000;
    for (const auto& p : r.packets) {
      CAPTURE(p.number);
      finding_list findings;
      bool known = false;
      for (const auto& e : p.expected) known = known || e.what == f::repeated_datagram;
      known = known || (p.digest != 0 && p.number == 0 && digest > 1000);
      CHECK(judge.judge(p.number, p.digest != 0 ? p.digest : ++digest, r.window, findings) == known);
      if (p.digest != 0) ++digest;
      CHECK(text_of({findings.begin(), findings.end()}) == text_of(p.expected));
    }
  }
}

TEST_CASE("a judge begins anew", "[session][followed_session]") {
  sequence_judge judge;
  finding_list findings;
  const block iv{1};
  (void)judge.judge(50, 1, sequence_judge::v2, findings);
  CHECK(judge.fresh_iv(iv));
  judge.begin(1);
  CHECK_FALSE(judge.judge(1, 1, sequence_judge::v2, findings));
  CHECK(judge.fresh_iv(iv));
  CHECK(findings.empty());
}

TEST_CASE("the last eight initialisation vectors of a direction are known", "[session][followed_session]") {
  sequence_judge judge;
  const auto iv = [](std::uint8_t n) { return block{0, n}; };
  for (std::uint8_t n = 0; n < 8; ++n) {
    CHECK_FALSE(judge.has_iv(iv(n)));
    CHECK(judge.fresh_iv(iv(n)));
    CHECK_FALSE(judge.fresh_iv(iv(n)));
  }
  CHECK_FALSE(judge.fresh_iv(iv(0)));
  CHECK(judge.fresh_iv(iv(8)));
  CHECK(judge.fresh_iv(iv(0)));  // forgotten
}

TEST_CASE("an initialisation vector of the other direction is no new one", "[session][followed_session]") {
  session_facts s;
  CHECK(s.fresh_iv(direction::to_bmc, block{1}));
  CHECK_FALSE(s.fresh_iv(direction::to_console, block{1}));
  CHECK(s.fresh_iv(direction::to_console, block{2}));
  CHECK_FALSE(s.fresh_iv(direction::to_bmc, block{2}));
}

TEST_CASE("recent values: the oldest gives way, the newest is found first", "[session][followed_session]") {
  recent<int, 3> r;
  std::deque<int> model;
  CHECK(r.newest() == nullptr);
  CHECK(r.size() == 0);
  for (int n = 0; n < 20; ++n) {
    r.add(n / 2);
    model.push_front(n / 2);
    if (model.size() > 3) model.pop_back();
    CHECK(r.size() == model.size());
    CHECK(*r.newest() == model.front());
    std::vector<int> seen;
    CHECK(r.find([&](int v) { return seen.push_back(v), false; }) == nullptr);
    CHECK(seen == std::vector<int>(model.begin(), model.end()));
    for (int v = 0; v < 10; ++v) CHECK(r.has(v) == (std::find(model.begin(), model.end(), v) != model.end()));
  }
  *r.newest() = 77;
  CHECK(r.has(77));
  r.clear();
  CHECK(r.size() == 0);
  CHECK_FALSE(r.has(77));
  CHECK(r.newest() == nullptr);
}

TEST_CASE("a response is paired with the newest request of its sequence, function and command",
          "[session][followed_session]") {
  const auto rq = [](std::uint8_t sequence, std::uint8_t command, net_fn fn = net_fn::app) {
    return lan_request{.target = net_fn_lun::request(fn), .sequence = seq_lun::of(sequence), .command = command};
  };
  const auto rs = [](std::uint8_t sequence, std::uint8_t command, net_fn fn = net_fn::app) {
    return lan_response{.target = net_fn_lun::response(fn), .sequence = seq_lun::of(sequence), .command = command};
  };
  open_requests open;
  CHECK_FALSE(open.complete());
  CHECK(open.answered(rs(1, 1)) == 0);
  open.asked(rq(1, 1), 7);
  CHECK(open.complete());
  CHECK(open.answered(rs(1, 1)) == 7);
  CHECK(open.answered(rs(2, 1)) == 0);
  CHECK(open.answered(rs(1, 2)) == 0);
  CHECK(open.answered(rs(1, 1, net_fn::chassis)) == 0);
  open.asked(rq(1, 1), 9);
  CHECK(open.answered(rs(1, 1)) == 9);

  for (std::uint8_t n = 2; n < 17; ++n) open.asked(rq(n, 1), 10u + n);
  CHECK(open.answered(rs(1, 1)) == 9);
  open.asked(rq(17, 1), 40);
  CHECK(open.answered(rs(1, 1)) == 0);
  CHECK(open.answered(rs(2, 1)) == 12);

  CHECK(open.complete());
  open.asked(rq(20, 0x34, net_fn::chassis), 50);  // not Send Message
  CHECK(open.complete());
  open.asked(rq(20, 0x34), 51);
  CHECK_FALSE(open.complete());
}

TEST_CASE("recent values that are spared: the oldest of the others gives way", "[session][followed_session]") {
  recent<int, 4> r;
  std::deque<int> model;  // the newest first
  const auto odd = [](int v) { return v % 2 != 0; };
  std::uint32_t random = 1;
  for (int n = 0; n < 2000; ++n) {
    random = random * 1664525u + 1013904223u;
    const int v = 2 * n + (random >> 24 < 80 ? 1 : 0);
    if (n % 50 == 49) {
      r.clear();
      model.clear();
    }
    if (model.size() == 4) {
      auto victim = std::find_if_not(model.rbegin(), model.rend(), odd);
      if (victim == model.rend()) victim = model.rbegin();
      model.erase(std::next(victim).base());
    }
    r.add_sparing(v, odd);
    model.push_front(v);
    std::vector<int> seen;
    CHECK(r.find([&](int x) { return seen.push_back(x), false; }) == nullptr);
    REQUIRE(seen == std::vector<int>(model.begin(), model.end()));
  }
}

TEST_CASE("a suspension of encryption takes its request and the answer to it", "[session][followed_session]") {
  constexpr auto suspend = payload_encryption::suspend;
  constexpr auto resume = payload_encryption::resume;
  const auto seq = [](std::uint8_t n) { return seq_lun::of(n); };
  payload_encryption e;
  CHECK_FALSE(e.off(true));
  CHECK_FALSE(e.off(false));
  e.answered(seq(0), true);
  CHECK_FALSE(e.off(true));
  e.asked(suspend, seq(3));
  CHECK(e.off(true));
  CHECK_FALSE(e.off(false));
  e.answered(seq(4), true);
  CHECK_FALSE(e.off(false));
  e.answered(seq(3), true);
  CHECK(e.off(false));
  CHECK(e.off(true));
  e.asked(resume, seq(4));
  CHECK(e.off(false));
  e.answered(seq(4), true);
  CHECK_FALSE(e.off(true));
  // A retry whose first try is answered late.
  e.asked(suspend, seq(5));
  e.asked(suspend, seq(6));
  e.answered(seq(5), true);
  CHECK(e.off(false));
  e.answered(seq(6), true);
  CHECK(e.off(false));
  e.asked(2, seq(7));
  e.answered(seq(7), true);
  CHECK(e.off(false));
  e.asked(resume, seq(8));
  e.answered(seq(8), false);
  CHECK(e.off(false));
  e.answered(seq(8), true);
  CHECK_FALSE(e.off(false));
  e.asked(suspend, seq(9));
  e.asked(resume, seq(10));
  CHECK_FALSE(e.off(true));
}
