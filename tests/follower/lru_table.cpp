// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/follower/lru_table.hpp>

#include "support/catch.hpp"

#include <list>
#include <optional>
#include <random>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::detail;

struct record {
  int name = 0;
};

/// The records that find() offers, in its order.
template <class Table> std::vector<int> offered(Table& t, std::size_t key, std::uint64_t number, std::size_t limit) {
  std::vector<int> names;
  CHECK(t.find(
            key, number, [&](const record& r) { return names.push_back(r.name), false; }, limit) == nullptr);
  return names;
}
template <class Table> std::vector<int> offered(Table& t, std::size_t key, std::uint64_t number) {
  return offered(t, key, number, 1000);
}
constexpr auto any = [](const record&) { return true; };

}  // namespace

TEST_CASE("a record is found under each of its numbers until they are others", "[session][lru_table]") {
  lru_table<record, 4, 2> t;
  auto& r = t.acquire();
  r.name = 1;
  CHECK(t.find(0, 10, any) == nullptr);
  t.file(r, 0, 10);
  t.file(r, 1, 20);
  CHECK(t.find(0, 10, any) == &r);
  CHECK(t.find(1, 20, any) == &r);
  CHECK(t.find(0, 20, any) == nullptr);
  CHECK(t.find(1, 10, any) == nullptr);
  t.file(r, 0, 11);
  CHECK(t.find(0, 10, any) == nullptr);
  CHECK(t.find(0, 11, any) == &r);
  CHECK(t.find(1, 20, any) == &r);
}

TEST_CASE("one number for both keys and number 0 are numbers like others", "[session][lru_table]") {
  lru_table<record, 4, 2> t;
  auto& r = t.acquire();
  auto& s = t.acquire();
  t.file(r, 0, 0);
  t.file(r, 1, 0);
  t.file(s, 1, 0);
  CHECK(t.find(0, 0, any) == &r);
  CHECK(t.find(1, 0, any) == &s);
  t.file(r, 0, 5);
  CHECK(t.find(0, 0, any) == nullptr);
}

TEST_CASE("records with equal numbers are offered from the last filed on, as many as wanted", "[session][lru_table]") {
  lru_table<record, 8, 1> t;
  for (int i = 1; i <= 5; ++i) {
    auto& r = t.acquire();
    r.name = i;
    t.file(r, 0, 77);
  }
  CHECK(offered(t, 0, 77) == std::vector{5, 4, 3, 2, 1});
  CHECK(offered(t, 0, 77, 2) == std::vector{5, 4});
  CHECK(offered(t, 0, 77, 0).empty());
  CHECK(t.find(0, 77, [](const record& r) { return r.name == 3; })->name == 3);
  CHECK(t.find(
             0, 77, [](const record& r) { return r.name == 3; }, 3)
            ->name == 3);
  CHECK(t.find(
            0, 77, [](const record& r) { return r.name == 3; }, 2) == nullptr);
  // Filed again, it is the last one.
  t.file(*t.find(0, 77, [](const record& r) { return r.name == 2; }), 0, 77);
  CHECK(offered(t, 0, 77) == std::vector{2, 5, 4, 3, 1});
}

TEST_CASE("the least recently used record is given away, filed under nothing", "[session][lru_table]") {
  lru_table<record, 3, 2> t;
  record* all[3];
  for (int i = 0; i < 3; ++i) {
    all[i] = &t.acquire();
    all[i]->name = i;
    t.file(*all[i], 0, 100);
    t.file(*all[i], 1, 200 + static_cast<unsigned>(i));
  }
  CHECK(t.given_away() == 0);
  t.touch(*all[0]);
  t.touch(*all[0]);
  CHECK(&t.acquire() == all[1]);
  CHECK(t.given_away() == 1);
  CHECK(all[1]->name == 1);  // as it was
  CHECK(t.find(1, 201, any) == nullptr);
  CHECK(offered(t, 0, 100) == std::vector{2, 0});
  CHECK(&t.acquire() == all[2]);
  CHECK(&t.acquire() == all[0]);
  CHECK(t.given_away() == 3);
  CHECK(offered(t, 0, 100).empty());
}

TEST_CASE("preferred records are given away last, while the others take half of the table", "[session][lru_table]") {
  lru_table<record, 6, 1> t;
  record* all[6];
  for (auto& r : all) r = &t.acquire();
  for (auto* r : all) CHECK_FALSE(t.is_preferred(*r));
  for (int i : {0, 1, 2, 3}) t.prefer(*all[i]);
  CHECK(t.is_preferred(*all[0]));
  t.touch(*all[1]);  // stays a preferred one
  CHECK(t.is_preferred(*all[1]));
  // The others are two of six: the oldest of the preferred ones makes the third.
  CHECK(&t.acquire() == all[0]);
  CHECK_FALSE(t.is_preferred(*all[0]));
  // From now on it is one of the three others.
  CHECK(&t.acquire() == all[4]);
  CHECK(&t.acquire() == all[5]);
  t.touch(*all[0]);
  CHECK(&t.acquire() == all[4]);
  CHECK(&t.acquire() == all[5]);
  CHECK(&t.acquire() == all[0]);
  for (int n = 0; n < 1000; ++n) t.acquire();
  for (int i : {1, 2, 3}) CHECK(t.is_preferred(*all[i]));
  // As many as there are may be preferred; then it is the oldest of them.
  for (int i : {4, 5, 0}) t.prefer(*all[i]);
  CHECK(&t.acquire() == all[2]);
  CHECK(&t.acquire() == all[3]);
  CHECK(&t.acquire() == all[1]);
  CHECK(&t.acquire() == all[2]);
}

TEST_CASE("tables of one to three preferred records find room", "[session][lru_table]") {
  lru_table<record, 1, 1> one;
  lru_table<record, 2, 1> two;
  lru_table<record, 3, 1> three;
  for (int n = 0; n < 5; ++n) {
    one.prefer(one.acquire());
    two.prefer(two.acquire());
    three.prefer(three.acquire());
  }
  CHECK(one.given_away() == 4);
  CHECK(two.given_away() == 3);
  CHECK(three.given_away() == 2);
  // One place of three is for others, and only one.
  auto& r = three.acquire();
  for (int n = 0; n < 5; ++n) CHECK(&three.acquire() == &r);
}

TEST_CASE("a table of one record works", "[session][lru_table]") {
  lru_table<record, 1, 1> t;
  auto& r = t.acquire();
  t.file(r, 0, 1);
  t.touch(r);
  CHECK(&t.acquire() == &r);
  CHECK(t.find(0, 1, any) == nullptr);
}

TEST_CASE("the records used so far can be walked", "[session][lru_table]") {
  lru_table<record, 4, 1> t;
  CHECK(t.begin() == t.end());
  t.acquire().name = 1;
  t.acquire().name = 2;
  REQUIRE(t.end() - t.begin() == 2);
  CHECK(t.begin()[0].name + t.begin()[1].name == 3);
}

TEST_CASE("a long random run does what a list does", "[session][lru_table]") {
  constexpr std::size_t size = 16;
  constexpr std::size_t keys = 2;
  lru_table<record, size, keys> t;

  struct entry {
    record* at = nullptr;
    bool preferred = false;
    std::optional<std::uint64_t> numbers[keys]{};
  };
  std::list<entry> by_age;         // the oldest first
  std::list<record*> filed[keys];  // the last filed first
  std::uint64_t given_away = 0;
  std::mt19937 random(7);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto forget = [&](entry& e, std::size_t key) {
    filed[key].remove(e.at);
    e.numbers[key] = {};
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto what = pick(10);
    if (what == 0 || by_age.empty()) {
      record* r = &t.acquire();
      if (by_age.size() == size) {
        std::size_t others = 0;
        for (const auto& e : by_age) others += e.preferred ? 0u : 1u;
        auto victim = by_age.begin();
        while (victim->preferred != (others < size / 2)) ++victim;
        REQUIRE(victim->at == r);
        for (std::size_t key = 0; key < keys; ++key) forget(*victim, key);
        by_age.erase(victim);
        ++given_away;
      }
      by_age.push_back({r, false, {}});
    } else {
      const auto e = std::next(by_age.begin(), static_cast<std::ptrdiff_t>(pick(by_age.size())));
      if (what < 4) {
        const bool prefers = what == 1 && pick(3) == 0;
        prefers ? t.prefer(*e->at) : t.touch(*e->at);
        e->preferred = e->preferred || prefers;
        by_age.splice(by_age.end(), by_age, e);
      } else if (what < 7) {
        const auto key = pick(keys);
        const std::uint64_t number = pick(6);
        forget(*e, key);
        t.file(*e->at, key, number);
        e->numbers[key] = number;
        filed[key].push_front(e->at);
      }
    }
    const auto key = pick(keys);
    const std::uint64_t number = pick(6);
    std::vector<record*> expected, got;
    for (record* r : filed[key])
      for (const auto& e : by_age)
        if (e.at == r && e.numbers[key] == number) expected.push_back(r);
    (void)t.find(key, number, [&](record& r) { return got.push_back(&r), false; });
    REQUIRE(got == expected);
    REQUIRE(t.given_away() == given_away);
  }
  CHECK(given_away > 100);
}
