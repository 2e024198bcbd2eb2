// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/errc.hpp>
#include <rmcpp/session/policy.hpp>
#include <rmcpp/wire/lan_message.hpp>

namespace rmcpp {

/// Names a submitted request. Stale ones are recognised by the generation.
struct request_id {
  std::uint8_t slot = 0xff;
  std::uint8_t generation = 0;
  friend constexpr bool operator==(request_id, request_id) noexcept = default;
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
  std::uint8_t detail =
      0;  ///< with refused_open_session, refused_rakp2/4: rakp_status; refused_privilege: completion code
  privilege level{};
  request_id request{};
  completion_code code{};
  bytes data{};  ///< view into the datagram that was fed: take it before the datagram goes
};

/// What a BMC tells its application.
template <peer_address Peer> struct bmc_event {
  enum class kind : std::uint8_t {
    none,
    login,         ///< a session began
    login_failed,  ///< RAKP 3 did not verify, the console gave up, or the level was refused; `error` says which
    privilege,     ///< Set Session Privilege Level changed `session.level`
    closed,        ///< a session ended; `error` says why
  };

  kind type = kind::none;
  errc error = errc::ok;
  session_info session{};  ///< of a failed login: name and, if it has one, user
  Peer peer{};
};

/// A ring of the last N events. Overflow drops the newest and is counted: state lives in the machine, not here.
template <class Event, std::size_t N> class event_ring {
 public:
  constexpr void push(const Event& e) noexcept {
    if (size_ == N) {
      ++lost_;
      return;
    }
    events_[(first_ + size_++) % N] = e;
  }
  constexpr Event pop() noexcept {
    if (size_ == 0) return {};
    const Event e = events_[first_];
    first_ = (first_ + 1) % N;
    --size_;
    return e;
  }
  [[nodiscard]] constexpr std::uint32_t lost() const noexcept { return lost_; }

 private:
  std::array<Event, N> events_{};
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint32_t lost_ = 0;
};

}  // namespace rmcpp
