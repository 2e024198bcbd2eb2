// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/prefetch.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>

/// \file
/// Packets of many sessions at once. Whoever polls thousands of sessions finds each one's keys in cold memory: a batch
/// fetches the next session's while it works on this one's. A backend that works on several packets at a time, in wide
/// registers or in an accelerator, gets them all (batch_backend).

namespace rmcpp::protect {

/// One packet to seal(); its members are seal()'s arguments.
template <crypto::backend B> struct seal_job {
  session_keys<B>* keys = nullptr;
  wire::session_header_v2 header{};
  packet_plan plan{};
  crypto::block iv{};
  mutable_bytes datagram{};
  result<std::size_t> done = std::size_t{0};  ///< what seal() returned
};

/// One packet to open(). Jobs of one session are opened in their order.
template <crypto::backend B> struct open_job {
  session_keys<B>* keys = nullptr;
  replay_window* window = nullptr;
  wire::seen packet{};
  open_policy policy{};
  result<opened> done = opened{};  ///< what open() returned
};

namespace detail {

/// As many packets as a batching backend gets at a time.
inline constexpr std::size_t batch_width = 16;

/// seal() for at most batch_width jobs. The backend gets those that can be fused all at once, the others one by one.
template <crypto::batch_backend B>
[[gnu::always_inline]] inline void seal_together(B& b, std::span<seal_job<B>> jobs) noexcept {
  std::array<crypto::fused_job_of<B>, batch_width> fused{};
  std::array<seal_job<B>*, batch_width> owner{};
  std::size_t count = 0;
  for (auto& j : jobs) {
    if (const status sound = check_frame(*j.keys, j.header, j.plan, j.datagram); !sound) {
      j.done = sound.error();
      continue;
    }
    frame(j.header, j.plan, j.iv, j.datagram);
    if (fusable(*j.keys, j.header, j.plan)) {
      fused[count] = {&j.keys->cipher_key(), &j.keys->integrity_key(), fused_view(j.plan, j.datagram), {}};
      owner[count++] = &j;
    } else {
      j.done = protect(b, *j.keys, j.header, j.plan, j.iv, j.datagram);
    }
  }
  if (count != 0) b.encrypt_then_sign(std::span(fused).first(count));
  for (std::size_t i = 0; i < count; ++i)
    owner[i]->done = fused[i].done ? result<std::size_t>(owner[i]->plan.total) : fused[i].done.error();
}

}  // namespace detail

/// Asks for a session's keys to be brought into the cache, for use a packet's time later. Changes nothing.
template <crypto::backend B> void prefetch(const session_keys<B>& keys) noexcept { core::prefetch_object(keys); }

/// seal() for every job; each has its own outcome, and none changes another's. No two jobs may share a datagram; they
/// may share a session.
template <crypto::backend B> void seal_batch(B& b, std::span<seal_job<B>> jobs) noexcept {
  if constexpr (crypto::batch_backend<B>) {
    while (!jobs.empty()) {
      const std::size_t n = jobs.size() < detail::batch_width ? jobs.size() : detail::batch_width;
      detail::seal_together(b, jobs.first(n));
      jobs = jobs.subspan(n);
    }
  } else {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (i + 1 < jobs.size()) prefetch(*jobs[i + 1].keys);
      auto& j = jobs[i];
      j.done = seal(b, *j.keys, j.header, j.plan, j.iv, j.datagram);
    }
  }
}

/// open() for every job; each has its own outcome, and none changes another's but by their common session's window.
template <crypto::backend B> void open_batch(B& b, std::span<open_job<B>> jobs) noexcept {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (i + 1 < jobs.size()) {
      prefetch(*jobs[i + 1].keys);
      __builtin_prefetch(jobs[i + 1].window);
    }
    auto& j = jobs[i];
    j.done = open(b, *j.keys, *j.window, j.packet, j.policy);
  }
}

}  // namespace rmcpp::protect
