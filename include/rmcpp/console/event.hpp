// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/errc.hpp>
#include <rmcpp/session/request.hpp>
#include <rmcpp/wire/lan_message.hpp>

namespace rmcpp {

/// What it took, or what was tried in vain.
struct console_effort {
  milliseconds elapsed{};     ///< until it is told: of a request since submit(), of `ready` since start(), of `closed`
                              ///< since close(); of a failure its last step, from beginning to end
  std::uint32_t dropped = 0;  ///< datagrams that came meanwhile and were dropped: with 0, timed_out means silence
  errc last_drop = errc::ok;  ///< why the last of them was
  std::uint8_t tries = 0;     ///< how often the message was sent; ready: 0
};

/// A cipher suite that a login gave up for the next one on the list.
struct suite_given_up {
  static constexpr std::uint8_t none = 0xff;
  std::uint8_t suite = none;
  errc why = errc::ok;      ///< refused_open_session, algorithms_differ
  std::uint8_t detail = 0;  ///< refused_open_session: a rakp_status
};

/// What a console tells its caller.
struct console_event {
  enum class kind : std::uint8_t {
    none,    ///< nothing more
    ready,   ///< logged in; `level` is in force
    done,    ///< a request ended: `request`, and `code` with `data`, or `error`
    failed,  ///< the login or session ended: `error` says why, `detail` is the peer's status or completion code
    closed,  ///< the session ended as asked
  };

  kind type = kind::none;
  errc error = errc::ok;
  /// What the peer said: with refused_privilege and refused_capabilities a completion code; with wrong_rakp2_size and
  /// wrong_rakp4_size the length in bytes; with refused_open_session, refused_rakp2, refused_rakp4, kg_or_bmc_state and
  /// no_common_suite a rakp_status; else 0.
  std::uint8_t detail = 0;
  privilege level{};
  request_id request{};
  completion_code code{};
  bytes data{};  ///< view into the datagram that was fed: take it before the datagram goes
  console_effort effort{};

  /// False for `none`: `while (const auto e = console.next_event())`.
  constexpr explicit operator bool() const noexcept { return type != kind::none; }
  /// Whether a request was answered, and not with an error: only then `data` is its answer.
  [[nodiscard]] constexpr bool succeeded() const noexcept {
    return type == kind::done && error == errc::ok && code == completion_code::ok;
  }
  /// Whether nothing more comes: the login or session has ended.
  [[nodiscard]] constexpr bool is_last() const noexcept { return type == kind::failed || type == kind::closed; }
};

/// What a person would want to know of a request that did not succeed, or of an end.
constexpr const char* describe(const console_event& e) noexcept {
  return e.error == errc::ok ? describe(e.code) : describe(e.error);
}

}  // namespace rmcpp

namespace rmcpp::detail {

/// What a console has to tell besides the ends of requests: that it is ready, and in the end how it ended.
class console_news {
 public:
  constexpr void is_ready(privilege level) noexcept {
    level_ = level;
    ready_ = true;
  }
  /// Why the login or session ends, and what was tried; told once it has ended.
  constexpr void ends(errc why, std::uint8_t detail, const console_effort& effort) noexcept {
    end_ = {.type = why == errc::closed_by_application ? console_event::kind::closed : console_event::kind::failed,
            .error = why,
            .detail = detail,
            .effort = effort};
  }
  /// It has ended. Returns why.
  constexpr errc tell_end() noexcept {
    ended_ = true;
    return end_.error;
  }

  [[nodiscard]] constexpr bool waits() const noexcept { return ready_ || ended_; }
  /// Each writes an event and returns true if it has something to tell.
  constexpr bool take_ready(console_event& e) noexcept {
    if (!ready_) return false;
    ready_ = false;
    e.type = console_event::kind::ready;
    e.level = level_;
    return true;
  }
  constexpr bool take_end(console_event& e) noexcept {
    if (!ended_) return false;
    ended_ = false;
    e.type = end_.type;
    e.error = end_.error;
    e.detail = end_.detail;
    e.effort = end_.effort;
    return true;
  }
  template <class Sink> constexpr void describe_state(Sink& sink) const {
    sink("end", end_.type);
    sink("end_error", end_.error);
    sink("end_detail", end_.detail);
    sink("level", level_);
    sink("ready", ready_);
    sink("ended", ended_);
  }

 private:
  struct ending {
    console_event::kind type{};
    errc error = errc::ok;
    std::uint8_t detail = 0;
    console_effort effort{};
  };
  ending end_{};
  privilege level_{};
  bool ready_ = false;
  bool ended_ = false;
};

}  // namespace rmcpp::detail
