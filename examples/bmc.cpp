// SPDX-License-Identifier: BSL-1.0

/// A BMC on UDP, with a small simulated chassis.
///
/// It shows what the library leaves to a BMC's author: users, a command handler (support/chassis.hpp), a socket and a
/// clock, and the loop that joins them. Try it:
///
///     bmc --port 6230 --user admin:password &
///     ipmitool -I lanplus -H 127.0.0.1 -p 6230 -U admin -P password chassis status

#include <sys/signalfd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/rmcpp.hpp>

#include "support/auth_types.hpp"
#include "support/chassis.hpp"
#include "support/text.hpp"
#include "support/udp.hpp"

namespace {

using examples::usage_error;

// ---- configuration of the library ----

using accounts = rmcpp::user_table<62>;

/// Adds a user from "NAME:PASSWORD" or "NAME:PASSWORD:PRIVILEGE". A password may have colons unless it ends like a
/// privilege. With `v15` it warns of passwords that are too long for IPMI v1.5.
void add_account(accounts& all, const std::string& text, bool v15) {
  const auto colon = text.find(':');
  if (colon == text.npos) throw usage_error("--user takes NAME:PASSWORD[:PRIVILEGE]");
  auto password = text.substr(colon + 1);
  auto limit = rmcpp::privilege::administrator;
  if (const auto last = password.rfind(':'); last != password.npos) {
    if (const auto given = examples::parse_privilege(password.substr(last + 1))) {
      limit = *given;
      password.resize(last);
    }
  }
  const auto name = text.substr(0, colon);
  const auto added = all.add({examples::parse_name(name), examples::parse_key(password, "password"), limit});
  if (added.error() == rmcpp::errc::no_slot) throw usage_error("more than 62 users");
  if (!added) throw usage_error("two users have the name " + name);
  if (v15 && password.size() > rmcpp::protect::v15_password_size)
    std::cerr << "bmc: warning: user \"" << name << "\" cannot log in over IPMI v1.5: the password has more than "
              << rmcpp::protect::v15_password_size << " bytes\n";
}

struct traits : rmcpp::bmc_traits {
  static constexpr std::size_t sessions = 63;
  static constexpr std::size_t opened = 64;
  static constexpr std::size_t proven = 64;
  static constexpr std::size_t events = 64;
  static constexpr bool allow_unauthenticated = true;  // and yet only where --suites names 0, --v15 none, and so on
  static constexpr bool v15 = true;                    // and yet only with --v15
};

struct config {
  using peer = examples::address;
  using traits = ::traits;

  rmcpp::cryptopp_backend crypto{};
  rmcpp::cryptopp_entropy random{};
  accounts& users;
  examples::chassis& handler;
};

using bmc = rmcpp::bmc<config>;
using event = rmcpp::bmc_event<examples::address>;

// ---- the program ----

struct arguments {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 623;
  std::vector<std::string> users;
  std::string kg;
  std::vector<std::uint8_t> suites{17, 3};
  std::size_t max_sessions = 16;
  std::vector<std::string> v15, v15_auth_off;
  std::string sol;
};

/// SIGTERM and SIGINT as something to poll for, so that the loop ends where it waits and nowhere else.
examples::descriptor catch_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return examples::descriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
}

bool has_signal(const examples::descriptor& signals) {
  signalfd_siginfo info;
  return ::read(signals.get(), &info, sizeof info) > 0;
}

std::string protection_of(const rmcpp::session_info& s) {
  if (s.is_v15()) return std::string("IPMI v1.5, authentication type ") + examples::word_of(s.auth);
  return "cipher suite " + std::to_string(s.suite);
}

void log(const event& e) {
  const auto& s = e.session;
  const auto who = '"' + examples::printable(s.name) + "\" from " + e.peer.text();
  switch (e.type) {
    case event::kind::login: std::cout << "login " << who << ", " << protection_of(s); break;
    case event::kind::login_failed:
      std::cout << "login failed " << who << (s.is_v15() ? ", IPMI v1.5: " : ": ") << describe(e.error);
      break;
    case event::kind::privilege: std::cout << "privilege " << who << ": " << describe(s.level); break;
    case event::kind::closed: std::cout << "closed " << who << ": " << describe(e.error); break;
    case event::kind::served:
    case event::kind::none: return;
  }
  std::cout << std::endl;
}

rmcpp::bmc_v15_options v15_options_from(const arguments& args) {
  rmcpp::bmc_v15_options options;
  for (const auto& word : args.v15)
    options.types.add(examples::parse_auth_type<rmcpp::cryptopp_backend>(word, "--v15"));
  if (args.v15.empty() && !args.v15_auth_off.empty()) throw usage_error("--v15-auth-off needs --v15");
  for (const auto& word : args.v15_auth_off) {
    if (word == "message")
      options.message_authentication_off = true;
    else if (word == "user")
      options.user_authentication_off = true;
    else
      throw usage_error("--v15-auth-off takes message or user, not " + word);
  }
  return options;
}

rmcpp::bmc_options options_from(const arguments& args, const rmcpp::guid& guid) {
  const auto suites = rmcpp::suite_list::from(args.suites);
  if (!suites) throw usage_error("--suites names more than 20");
  rmcpp::bmc_options options{.system_guid = guid, .suites = *suites};
  options.max_sessions = static_cast<std::uint8_t>(args.max_sessions);
  options.v15 = v15_options_from(args);
  return options;
}

int run(const arguments& args) {
  if (!args.sol.empty()) throw usage_error("--sol: Serial over LAN is not part of this version");
  if (args.users.empty()) throw usage_error("at least one --user is needed");

  constexpr rmcpp::guid guid{0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80,
                             0x00, 0x40, 0x00, 0x70, 0x70, 0x63, 0x6d, 0x72};  // last byte first
  const auto options = options_from(args, guid);
  accounts users;
  for (const auto& text : args.users) add_account(users, text, !args.v15.empty());
  users.set_kg(examples::parse_key(examples::parse_hex(args.kg), "K_g"));
  examples::chassis chassis(guid);
  bmc machine({.users = users, .handler = chassis}, options);
  if (machine.suites().size() != args.suites.size()) throw usage_error("--suites names one that this build lacks");

  const auto signals = catch_signals();
  auto socket = examples::udp_socket::bound_to(
      examples::address::resolve(args.listen, args.port, AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE));
  std::cout << "listening on " << socket.local().text() << std::endl;

  std::array<std::uint8_t, 1024> in{};
  std::array<std::uint8_t, bmc::max_datagram> out{};
  while (!has_signal(signals)) {
    examples::wait_readable({socket.fd(), signals.get()}, earlier(machine.poll_timeout(), chassis.poll_timeout()));
    const auto now = examples::now();
    chassis.advance(now);
    machine.handle_timeout(now);
    chassis.set_sessions(machine.active_sessions());
    // All that has come before it waits again; not for ever, for time goes on, and each may make two events.
    for (auto left = traits::events / 2; left > 0; --left) {
      const auto got = socket.receive(in);
      if (!got) break;
      const auto reply = machine.feed(got->from, got->datagram, out, now);
      if (reply && *reply != 0) socket.send_to(got->from, rmcpp::bytes(out).first(*reply));
    }
    while (const auto more = machine.poll_transmit(out, now))
      socket.send_to(more.to, rmcpp::bytes(out).first(more.size));
    while (const auto e = machine.next_event()) log(e);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  arguments args;
  CLI::App app("A BMC on UDP with a simulated chassis");
  app.add_option("--listen", args.listen, "address to listen on")->capture_default_str();
  app.add_option("--port", args.port, "UDP port, 0 for a free one")->capture_default_str();
  app.add_option("--user", args.users, "NAME:PASSWORD[:PRIVILEGE], administrator if not said; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--kg", args.kg, "K_g in hexadecimal: two-key logins");
  app.add_option("--suites", args.suites, "cipher suites offered, best first; 0 lets in anybody")
      ->delimiter(',')
      ->check(CLI::Range(0, 19))
      ->capture_default_str();
  app.add_option("--max-sessions", args.max_sessions, "sessions at once")
      ->check(CLI::Range(std::size_t{1}, traits::sessions))
      ->capture_default_str();
  app.add_option("--v15", args.v15,
                 "IPMI v1.5 sessions too, of these authentication types: md5, md2, password (which crosses the network "
                 "in the clear), none (lets in anybody). Only users whose password has at most 16 bytes have them")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--v15-auth-off", args.v15_auth_off,
                 "after the login of an IPMI v1.5 session accept packets without authcodes, which anybody can forge: "
                 "message (for all commands), user (for those that need USER privilege or less)")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--sol", args.sol, "not part of this version");
  try {
    app.parse(argc, argv);
    return run(args);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const usage_error& e) {
    std::cerr << "bmc: " << e.what() << '\n';
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "bmc: " << e.what() << '\n';
    return 1;
  }
}
