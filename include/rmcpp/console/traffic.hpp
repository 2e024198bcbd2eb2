// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/options.hpp>

namespace rmcpp::detail {

/// The packets of a console's session, counted: how many went out since one came in, and when to find out whether
/// anybody is there.
class session_traffic {
 public:
  void begin() noexcept { unanswered_ = 0; }
  void sent(const console_options& o, instant now) noexcept {
    ++unanswered_;
    keep_alive_at_ = o.keep_alive.count == 0 ? instant::never() : now + o.keep_alive;
  }
  void heard() noexcept { unanswered_ = 0; }

  /// Whether a request may be sent, with all its repeats, so that `most` packets at most are without an answer.
  [[nodiscard]] bool has_room(const retry_policy& retry, std::uint8_t most) const noexcept {
    return unanswered_ + retry.tries < most;
  }
  [[nodiscard]] instant keep_alive_at() const noexcept { return keep_alive_at_; }

  template <class Sink> void describe_state(Sink& sink, instant now) const {
    sink("unanswered", unanswered_);
    sink("keep_alive", core::time_left(keep_alive_at_, now));
  }

 private:
  instant keep_alive_at_ = instant::never();
  std::uint8_t unanswered_ = 0;
};

}  // namespace rmcpp::detail
