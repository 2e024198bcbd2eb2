// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <iostream>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/rmcpp.hpp>
#include <rmcpp/wire/dump.hpp>
#include <vector>

#include "udp.hpp"

/// \file
/// A blocking console: rmcpp::console joined to a socket and a clock, for programs that do one thing after another.

namespace examples {

/// The BMC, or the way to it, did not do what was asked; what() names the cause.
struct failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Why a login or session ended, in words.
inline std::string explain(const rmcpp::console_event& e) {
  using rmcpp::errc;
  std::string text = describe(e.error);
  if (e.detail == 0) return text;
  switch (e.error) {
    case errc::refused_open_session:
    case errc::refused_rakp2:
    case errc::refused_rakp4:
    case errc::no_common_suite: return text + ": " + describe(rmcpp::rakp_status{e.detail});
    case errc::refused_privilege: return text + ": " + describe(rmcpp::completion_code{e.detail});
    default: return text;
  }
}

struct answer {
  rmcpp::completion_code code{};
  std::vector<std::uint8_t> data{};
};

class remote {
 public:
  /// With `verbosity` 1 the cipher suite is told on stderr, with 2 every datagram too.
  remote(udp_socket socket, const rmcpp::console_options& options, int verbosity)
      : socket_(std::move(socket)), machine_({}, options), verbosity_(verbosity) {}

  /// Throws failure.
  void login() {
    if (const auto started = machine_.start(now()); !started) throw failure(describe(started.error()));
    for (;;) {
      const auto e = next_event();
      if (e.type == event::ready) break;
      if (e.type == event::failed) give_up(e);
    }
    if (verbosity_ >= 1) std::cerr << "cipher suite " << int{machine_.suite().id} << '\n';
  }

  /// Runs a command within the session. Throws failure if it stays unanswered.
  answer run(const rmcpp::request& rq) {
    const auto id = machine_.submit(rq, now());
    if (!id) throw failure(describe(id.error()));
    for (;;) {
      const auto e = next_event();
      if (e.type == event::failed) give_up(e);
      if (e.type != event::done || e.request != *id) continue;
      if (e.error != rmcpp::errc::ok) give_up(e);
      return {e.code, {e.data.begin(), e.data.end()}};
    }
  }

  /// Ends the session. By now everything is known that was asked, so nobody cares if the BMC does not answer.
  void close() {
    if (!machine_.close(now())) return;
    while (machine_.state() != rmcpp::console_state::closed) (void)next_event();
  }

 private:
  struct config {
    struct traits : rmcpp::console_traits {
      static constexpr bool allow_unauthenticated = true;  // suite 0, when it is asked for by number
    };
    rmcpp::cryptopp_backend crypto{};
    rmcpp::cryptopp_entropy random{};
  };
  using event = rmcpp::console_event::kind;

  /// The whole event loop. Views in the event last until the next call.
  rmcpp::console_event next_event() {
    for (;;) {
      const auto n = machine_.poll_transmit(out_, now());
      if (n && *n != 0) {
        show("console -> BMC", rmcpp::bytes(out_).first(*n));
        socket_.send(rmcpp::bytes(out_).first(*n));
        continue;
      }
      if (const auto e = machine_.next_event(); e.type != event::none) return e;
      if (machine_.state() == rmcpp::console_state::closed) return {};
      wait_readable({socket_.fd()}, machine_.poll_timeout());
      if (auto got = socket_.receive(in_)) {
        show("BMC -> console", got->datagram);
        const auto taken = machine_.feed(got->datagram, now());
        if (!taken && verbosity_ >= 2) std::cerr << "dropped: " << describe(taken.error()) << '\n';
      }
      machine_.handle_timeout(now());
    }
  }

  void show(const char* direction, rmcpp::bytes datagram) const {
    if (verbosity_ < 2) return;
    std::cerr << direction << ' ' << rmcpp::wire::hex(datagram) << '\n' << rmcpp::wire::dump_datagram(datagram);
  }

  [[noreturn]] void give_up(const rmcpp::console_event& e) const {
    std::string why = explain(e);
    if (socket_.last_error() != 0) why += std::string(" (") + std::strerror(socket_.last_error()) + ')';
    throw failure(why);
  }

  udp_socket socket_;
  rmcpp::console<config> machine_;
  int verbosity_;
  std::array<std::uint8_t, 1024> in_{};
  std::array<std::uint8_t, 1024> out_{};
};

}  // namespace examples
