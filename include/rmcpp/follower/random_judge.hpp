// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/session.hpp>

namespace rmcpp::detail {

/// The random numbers of the last logins, of consoles and BMCs. Judges, and takes every number in.
class random_judge {
 public:
  /// `session`: number of the session whose login it is in; its retries repeat it. `others`: the other side's random
  /// number, null where it is not known.
  constexpr void judge(const wire::nonce& value, std::uint32_t session, const wire::nonce* others,
                       finding_list& findings) noexcept {
    if (core::all_zero(value) || (others && value == *others)) findings.add(finding::weak_random);
    const std::uint64_t digest = core::content_digest(value);
    const auto* before = used_.find([&](const used_random& r) { return r.digest == digest; });
    if (!before) {
      used_.add({digest, session});
    } else if (before->session != session) {
      findings.add(finding::random_reused);
    }
  }

 private:
  struct used_random {
    std::uint64_t digest = 0;
    std::uint32_t session = 0;
  };
  recent<used_random, 64> used_{};
};

}  // namespace rmcpp::detail
