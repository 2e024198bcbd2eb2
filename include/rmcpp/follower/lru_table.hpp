// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rmcpp::detail {

/// N records in place, each filed under up to `Keys` numbers (hashes: equal numbers may belong to different records).
/// Every operation takes constant time while numbers differ. Records never move.
///
/// A record may be preferred. When all N are taken and a new one is wanted, the least recently used of the ordinary
/// records is given away, so that preferred ones stay. But preferred records may not crowd out the others: once they
/// take more than half of the table, it is the least recently used of them that is given away.
template <class Record, std::size_t N, std::size_t Keys> class lru_table {
  static_assert(N >= 1 && N < 0x10000000 && Keys >= 1);

 public:
  constexpr lru_table() noexcept { heads_.fill(none); }
  // Records are told apart by their addresses, and they may hold keys: no copies.
  lru_table(const lru_table&) = delete;
  lru_table& operator=(const lru_table&) = delete;

  /// A record to use anew: one never used, else one that is given away. It is filed under nothing, not preferred, and
  /// holds what it held before.
  Record& acquire() noexcept {
    index i = used_;
    if (used_ < N) {
      ++used_;
    } else {
      const queue& others = queues_[0];
      i = others.size < share_of_others ? queues_[1].oldest : others.oldest;
      for (std::size_t key = 0; key < Keys; ++key) remove(i, key);
      unlink(i);
      ++given_away_;
    }
    link_newest(i, false);
    return records_[i];
  }

  /// Marks as the most recently used, among the preferred ones if it is one.
  void touch(const Record& r) noexcept { move_up(index_of(r), is_preferred(r)); }
  /// Marks as the most recently used, and prefers it until it is given away.
  void prefer(const Record& r) noexcept { move_up(index_of(r), true); }
  [[nodiscard]] bool is_preferred(const Record& r) const noexcept { return ages_[index_of(r)].preferred; }

  /// Files a record under `number` as its `key`-th key, in the place of the number it had there.
  void file(const Record& r, std::size_t key, std::uint64_t number) noexcept {
    const index i = index_of(r);
    remove(i, key);
    const index at = node_of(i, key);
    auto& head = heads_[bucket(number)];
    nodes_[at] = {number, head, true};
    head = at;
  }

  /// Calls `f(record)` for those filed under `number` as their `key`-th key, the last filed first, until it returns
  /// true; at most `limit` of them. Returns that record, or null.
  template <class F> Record* find(std::size_t key, std::uint64_t number, F&& f, std::size_t limit = N) noexcept {
    for (index at = heads_[bucket(number)]; at != none; at = nodes_[at].next) {
      if (nodes_[at].number != number || at % Keys != key) continue;
      if (limit-- == 0) return nullptr;
      Record& r = records_[at / Keys];
      if (f(r)) return &r;
    }
    return nullptr;
  }

  /// How often a record was taken from its user.
  [[nodiscard]] std::uint64_t given_away() const noexcept { return given_away_; }

  // The records used so far.
  [[nodiscard]] Record* begin() noexcept { return records_.data(); }
  [[nodiscard]] Record* end() noexcept { return records_.data() + used_; }

 private:
  using index = std::uint32_t;
  static constexpr index none = 0xffffffff;
  static constexpr index share_of_others = N < 4 ? 1 : N / 2;
  static constexpr unsigned bucket_bits = [] {
    unsigned bits = 1;
    while ((std::size_t{1} << bits) < 2 * N * Keys) ++bits;
    return bits;
  }();

  struct node {
    std::uint64_t number = 0;
    index next = none;
    bool filed = false;
  };
  struct age {
    index older = none;
    index newer = none;
    bool preferred = false;
  };
  struct queue {
    index oldest = none;
    index newest = none;
    index size = 0;
  };

  [[nodiscard]] index index_of(const Record& r) const noexcept { return static_cast<index>(&r - records_.data()); }
  static constexpr index node_of(index i, std::size_t key) noexcept { return static_cast<index>(i * Keys + key); }
  static constexpr std::size_t bucket(std::uint64_t number) noexcept {
    return static_cast<std::size_t>((number * 0x9e3779b97f4a7c15u) >> (64 - bucket_bits));
  }

  void remove(index i, std::size_t key) noexcept {
    node& filed = nodes_[node_of(i, key)];
    if (!filed.filed) return;
    index* at = &heads_[bucket(filed.number)];
    while (*at != node_of(i, key)) at = &nodes_[*at].next;
    *at = filed.next;
    filed.filed = false;
  }
  void unlink(index i) noexcept {
    const age a = ages_[i];
    queue& q = queues_[a.preferred];
    (a.older == none ? q.oldest : ages_[a.older].newer) = a.newer;
    (a.newer == none ? q.newest : ages_[a.newer].older) = a.older;
    --q.size;
  }
  void link_newest(index i, bool preferred) noexcept {
    queue& q = queues_[preferred];
    ages_[i] = {q.newest, none, preferred};
    (q.newest == none ? q.oldest : ages_[q.newest].newer) = i;
    q.newest = i;
    ++q.size;
  }
  void move_up(index i, bool preferred) noexcept {
    if (i == queues_[preferred].newest) return;
    unlink(i);
    link_newest(i, preferred);
  }

  std::array<Record, N> records_{};
  std::array<node, N * Keys> nodes_{};
  std::array<age, N> ages_{};
  std::array<index, (std::size_t{1} << bucket_bits)> heads_{};
  index used_ = 0;
  std::array<queue, 2> queues_{};  // the second: of the preferred ones
  std::uint64_t given_away_ = 0;
};

}  // namespace rmcpp::detail
