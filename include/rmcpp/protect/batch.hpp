// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/prefetch.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>

/// \file
/// Packets of many sessions at once. Whoever polls thousands of sessions finds each one's keys in cold memory: a batch
/// fetches the next session's while it works on this one's. A backend that works on several packets at a time, in wide
/// registers or in an accelerator, gets them all (batch_backend).

namespace rmcpp {

/// One packet to seal(); its members are seal()'s arguments.
template <backend B> struct seal_job {
  session_keys<B>* keys = nullptr;
  session_header_v2 header{};
  packet_plan plan{};
  block iv{};
  mutable_bytes datagram{};
  result<std::size_t> done = std::size_t{0};  ///< what seal() returned
};

/// One packet to open(). Jobs of one session are opened in their order.
template <backend B> struct open_job {
  session_keys<B>* keys = nullptr;
  replay_window* window = nullptr;
  seen packet{};
  open_policy policy{};
  result<opened> done = opened{};  ///< what open() returned
};

/// Asks for a session's keys to be brought into the cache, for use a packet's time later. Changes nothing.
template <backend B> void prefetch(const session_keys<B>& keys) noexcept { detail::prefetch_object(keys); }

/// seal() for every job; each has its own outcome, and none changes another's. No two jobs may share a datagram; they
/// may share a session.
template <backend B> void seal_batch(B& b, std::span<seal_job<B>> jobs) noexcept {
  if constexpr (batch_backend<B>) {
    constexpr std::size_t width = 16;
    for (; !jobs.empty(); jobs = jobs.subspan(jobs.size() < width ? jobs.size() : width)) {
      std::array<fused_job_of<B>, width> fused{};
      std::array<seal_job<B>*, width> owner{};
      std::size_t count = 0;
      for (auto& j : jobs.first(jobs.size() < width ? jobs.size() : width)) {
        if (const status sound = detail::check_frame(*j.keys, j.header, j.plan, j.datagram); !sound) {
          j.done = sound.error();
          continue;
        }
        detail::frame(j.header, j.plan, j.iv, j.datagram);
        if (detail::fusable(*j.keys, j.header, j.plan)) {
          fused[count] = {&j.keys->cipher_key(), &j.keys->integrity_key(), detail::fused_view(j.plan, j.datagram), {}};
          owner[count++] = &j;
        } else {
          j.done = detail::protect(b, *j.keys, j.header, j.plan, j.iv, j.datagram);
        }
      }
      if (count != 0) b.encrypt_then_sign(std::span(fused).first(count));
      for (std::size_t i = 0; i < count; ++i)
        owner[i]->done = fused[i].done ? result<std::size_t>(owner[i]->plan.total) : fused[i].done.error();
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
template <backend B> void open_batch(B& b, std::span<open_job<B>> jobs) noexcept {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (i + 1 < jobs.size()) {
      prefetch(*jobs[i + 1].keys);
      __builtin_prefetch(jobs[i + 1].window);
    }
    auto& j = jobs[i];
    j.done = open(b, *j.keys, *j.window, j.packet, j.policy);
  }
}

}  // namespace rmcpp
