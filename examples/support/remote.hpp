// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
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

/// What Set Session Privilege Level was refused with (IPMI v2.0, 22.18), and what helps.
inline std::string explain_privilege(rmcpp::completion_code code) {
  switch (static_cast<unsigned>(code)) {
    case 0x80: return "not available to this user; ask for less with -L";
    case 0x81: return "above the limit of the user or channel; ask for less with -L";
    default: return describe(code);
  }
}

/// What Get Session Challenge was refused with (IPMI v2.0, 22.16).
inline std::string explain_challenge(rmcpp::completion_code code) {
  switch (static_cast<unsigned>(code)) {
    case 0x81: return "unknown user name";
    case 0x82: return "logins without a user name are not enabled";
    default: return describe(code);
  }
}

/// What Activate Session was refused with (IPMI v2.0, 22.17), and what helps.
inline std::string explain_activation(rmcpp::completion_code code) {
  switch (static_cast<unsigned>(code)) {
    case 0x81: return "no session slot is free";
    case 0x82: return "no session slot is free for this user";
    case 0x83: return "no session slot is free at this privilege level; ask for less with -L";
    case 0x84: return "the session sequence number is out of range";
    case 0x85: return "the session id is invalid";
    case 0x86: return "above the limit of the user or channel; ask for less with -L";
    default: return describe(code);
  }
}

/// Which hash makes an authentication code of so many bytes.
inline std::string explain_code_size(std::size_t bytes) {
  const std::string text = std::to_string(bytes) + " bytes";
  switch (bytes) {
    case 0: return "none came";
    case 12: return text + " came, as HMAC-SHA1-96 gives";
    case 16: return text + " came, as HMAC-MD5 or HMAC-SHA256-128 gives";
    case 20: return text + " came, as HMAC-SHA1 gives";
    case 32: return text + " came, as HMAC-SHA256 gives";
    default: return text + " came, as no algorithm gives";
  }
}

/// What was tried in vain: silence is told from answers that were no good.
inline std::string explain(const rmcpp::console_effort& effort) {
  if (effort.dropped == 0) return {};
  const bool one = effort.dropped == 1;
  return " (" + std::to_string(effort.dropped) +
         (one ? " datagram came and was dropped: " : " datagrams came and were dropped, the last because ") +
         describe(effort.last_drop) + ')';
}

/// The suites of a BMC's list.
inline std::string list_of(const rmcpp::wire::cipher_suite_reader& suites) {
  std::string text;
  for (const auto& s : rmcpp::wire::standard_suites)
    if (suites.offers(s.id)) text += (text.empty() ? "" : ", ") + std::to_string(s.id);
  return text.empty() ? "none" : text;
}

/// Why a request, a login or a session ended, in words and with the peer's own code.
inline std::string explain(const rmcpp::console_event& e) {
  using rmcpp::errc;
  const std::string text = describe(e.error);
  if (e.error == errc::timed_out || e.error == errc::session_lost || e.error == errc::deadline_passed ||
      e.error == errc::activation_unanswered)
    return text + explain(e.effort);
  if (e.error == errc::wrong_rakp2_size || e.error == errc::wrong_rakp4_size)
    return text + ": " + explain_code_size(e.detail);
  if (e.error == errc::peer_lacks_v2) return text + "; -I lan asks for one of IPMI v1.5";
  if (e.error == errc::peer_lacks_v15) return text + "; -I lanplus asks for one of IPMI v2.0";
  if (e.error == errc::no_common_auth_type) return text + "; -A asks for another";
  if (e.error == errc::weaker_authentication) return text + "; --bare accepts that";
  if (e.detail == 0) return text;
  char number[8];
  std::snprintf(number, sizeof number, "%02Xh", static_cast<unsigned>(e.detail));
  const std::string with_number = text + ": " + number + ", ";
  switch (e.error) {
    case errc::refused_open_session:
    case errc::refused_rakp2:
    case errc::refused_rakp4:
    case errc::kg_or_bmc_state:
    case errc::no_common_suite: return with_number + describe(rmcpp::rakp_status{e.detail});
    case errc::refused_privilege: return with_number + explain_privilege(rmcpp::completion_code{e.detail});
    case errc::refused_challenge: return with_number + explain_challenge(rmcpp::completion_code{e.detail});
    case errc::refused_activation: return with_number + explain_activation(rmcpp::completion_code{e.detail});
    case errc::refused_capabilities: return with_number + describe(rmcpp::completion_code{e.detail});
    default: return text;
  }
}

struct answer {
  rmcpp::completion_code code{};
  std::vector<std::uint8_t> data{};
};

/// A transport that shows what passes.
class shown_udp : public udp_client {
 public:
  shown_udp(udp_socket socket, bool shown) : udp_client(std::move(socket)), shown_(shown) {}

  void send(rmcpp::bytes datagram) {
    show("console -> BMC", datagram);
    udp_client::send(datagram);
  }
  rmcpp::result<rmcpp::incoming<>> receive(rmcpp::mutable_bytes buffer, rmcpp::instant until) {
    const auto got = udp_client::receive(buffer, until);
    if (got && got->size != 0) show("BMC -> console", buffer.first(got->size));
    return got;
  }
  void dropped(rmcpp::errc why) const {
    if (shown_) std::cerr << "dropped: " << describe(why) << '\n';
  }

 private:
  void show(const char* direction, rmcpp::bytes datagram) const {
    if (!shown_) return;
    std::cerr << direction << ' ' << rmcpp::wire::hex(datagram) << '\n' << rmcpp::wire::dump_datagram(datagram);
  }

  bool shown_;
};

class remote {
 public:
  /// With `verbosity` 1 the protection is told on stderr, with 2 every datagram too.
  remote(udp_socket socket, const rmcpp::console_options& options, int verbosity)
      : transport_(std::move(socket), verbosity >= 2),
        machine_({}, options),
        v15_(!options.v15.empty()),
        verbosity_(verbosity) {}

  /// Throws failure.
  void login() {
    if (const auto started = machine_.start(now()); !started) throw failure(describe(started.error()));
    wait([](const event& e) { return e.type == event::kind::ready; });
    if (verbosity_ >= 1) tell_protection();
    const auto& less = machine_.given_up();
    if (less.suite != rmcpp::suite_given_up::none)
      std::cerr << "cipher suite " << int{less.suite} << " was given up for " << int{machine_.suite().id} << ": "
                << explain(rmcpp::console_event{.error = less.why, .detail = less.detail}) << '\n';
  }

  /// Runs a command within the session. Throws failure if it stays unanswered.
  answer run(const rmcpp::request& rq) {
    const auto id = machine_.submit(rq, now());
    if (!id) throw failure(describe(id.error()));
    answer got;
    wait([&](const event& e) {
      if (e.type != event::kind::done || e.request != *id) return false;
      if (e.error != rmcpp::errc::ok) give_up(e);
      got = {e.code, {e.data.begin(), e.data.end()}};
      return true;
    });
    return got;
  }

  /// Ends the session. By now everything is known that was asked, so nobody cares if the BMC does not answer.
  void close() {
    if (machine_.close(now())) wait([](const event&) { return false; });
  }

 private:
  struct config {
    struct traits : rmcpp::console_traits {
      static constexpr bool allow_unauthenticated = true;  // suite 0 and its like, when asked for by name
      static constexpr bool v15 = true;
    };
    rmcpp::cryptopp_backend crypto{};
    rmcpp::cryptopp_entropy random{};
  };
  using event = rmcpp::console_event;

  void tell_protection() const {
    if (v15_)
      std::cerr << "IPMI v1.5\n";
    else
      std::cerr << "cipher suite " << int{machine_.suite().id} << '\n';
  }

  /// Until `has_come(event)`, or the session has ended as asked. Throws failure if it ends otherwise.
  template <class Predicate> void wait(Predicate has_come) {
    (void)rmcpp::run(machine_, transport_, [&](const event& e) {
      if (e.type == event::kind::failed) give_up(e);
      return has_come(e);
    });
  }

  [[noreturn]] void give_up(const event& e) const {
    std::string why = explain(e);
    const auto* const offered = machine_.suites_offered();
    if (offered && (e.error == rmcpp::errc::no_common_suite || e.error == rmcpp::errc::refused_open_session))
      why += "; the BMC's list of cipher suites: " + list_of(*offered);
    if (const int error = transport_.socket().last_error(); error != 0)
      why += std::string(" (") + std::strerror(error) + ')';
    throw failure(why);
  }

  shown_udp transport_;
  rmcpp::console<config> machine_;
  bool v15_;
  int verbosity_;
};

}  // namespace examples
