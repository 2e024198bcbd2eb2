// SPDX-License-Identifier: BSL-1.0

/// A whole IPMI v2.0 session without a network: a console and a BMC in one process, every datagram explained.
///
/// It shows what the library is: two machines that only turn datagrams into datagrams. The loop at the end carries them
/// from one to the other; a clock that the program moves and a counter for randomness make every run the same. The
/// password is a throw-away, so the keys are printed too.
///
///     loopback --suite 3

#include <CLI/CLI.hpp>
#include <cstring>
#include <iostream>
#include <optional>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/rmcpp.hpp>
#include <rmcpp/wire/dump.hpp>
#include <stdexcept>

#include "support/chassis.hpp"
#include "support/text.hpp"

namespace {

using rmcpp::console_state;

const rmcpp::username user_name = "admin";
constexpr char shown_password[] = "not a secret";
const rmcpp::user_key password = shown_password;

// ---- what both machines are given ----

/// Randomness for a demonstration, and for nothing else: the same in every run.
struct counting_entropy {
  std::uint8_t next;
  bool fill(rmcpp::mutable_bytes out) noexcept {
    for (auto& b : out) b = next++;
    return true;
  }
};

struct console_config {
  struct traits : rmcpp::console_traits {
    static constexpr bool allow_unauthenticated = true;  // so that --suite 0 can be seen
  };
  rmcpp::cryptopp_backend crypto{};
  counting_entropy random{0x10};
};

/// There is one way from here to there.
struct wire_end {
  friend bool operator==(wire_end, wire_end) = default;
  [[nodiscard]] int quota_key() const noexcept { return 0; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept { return true; }
};

struct bmc_config {
  using peer = wire_end;
  struct traits : rmcpp::bmc_traits {
    static constexpr bool allow_unauthenticated = true;
  };
  rmcpp::cryptopp_backend crypto{};
  counting_entropy random{0xa0};
  rmcpp::user_table<1> users = {{{user_name, password}}};
  examples::chassis handler;
};

constexpr rmcpp::guid guid{0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80,
                           0x00, 0x40, 0x00, 0x70, 0x70, 0x63, 0x6d, 0x72};

// ---- telling the story ----

void heading(const std::string& title, const std::string& text) {
  static int step = 0;
  std::cout << '\n' << ++step << ". " << title << '\n' << std::string(title.size() + 3, '=') << '\n' << text << "\n";
}

void indented(const std::string& text) {
  std::cout << "    ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::cout << text[i];
    if (text[i] == '\n' && i + 1 < text.size()) std::cout << "    ";
  }
}

/// The step that a console in this state is about to take. With RAKP-none nobody proves anything.
void tell(console_state state, bool proofs) {
  switch (state) {
    case console_state::capabilities:
      return heading("Get Channel Authentication Capabilities",
                     "The console asks, outside any session and in the old IPMI v1.5 format, what the BMC can do.");
    case console_state::open_session:
      return heading("Open Session",
                     "The console proposes algorithms and its session id (SIDm); the BMC agrees and gives its own "
                     "(SIDc).\nEach side labels its packets with the id that the other one chose.");
    case console_state::rakp1:
      return heading("RAKP 1 and 2",
                     std::string("The console sends a random number (Rm), the wanted privilege and the user name.\n"
                                 "The BMC answers with its own random number (Rc), its GUID, and ") +
                         (proofs ? "a code that takes the password to make." : "no code: RAKP-none proves nothing."));
    case console_state::rakp3:
      return heading("RAKP 3 and 4",
                     proofs ? "The BMC's code was right, so the console proves that it knows the password too.\n"
                              "The BMC's last message proves that both derived the same session key."
                            : "Without codes these two only say: let us begin.");
    case console_state::set_privilege:
      return heading("Set Session Privilege Level",
                     "A session begins at the level of a user. This is the first packet within the session.");
    case console_state::closing:
      return heading("Close Session", "The BMC forgets the keys and frees the session's slot.");
    default: return;
  }
}

/// A message under a heading of its own: a layout can hold another.
template <rmcpp::wire::message M> struct decrypted {
  M message{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.group("decrypted message", m.message);
  }
};

/// Derives the session's keys as both machines did, to print them and to look into protected datagrams.
class spy {
 public:
  spy(const rmcpp::protect::rakp_transcript& seen, const rmcpp::wire::cipher_suite& suite) : suite_(suite) {
    const auto sik = rmcpp::protect::session_integrity_key(crypto_, suite.authentication, password, {}, seen);
    check(sik, "SIK");
    sik_ = *sik;
    rmcpp::protect::login_key from(crypto_, suite.authentication, sik_.reveal());
    check(from.derive(suite, derived_), "K1 and K2");
    check(keys_.load(crypto_, suite, derived_, password), "the session's keys");
  }

  void print_keys() {
    if (sik_.size == 0) {
      std::cout << "\n    RAKP-none makes no keys: anybody could be at the other end.\n";
      return;
    }
    std::cout << "\n    The keys, which never cross the wire:\n";
    print_key("SIK", sik_.reveal(), "from the password, Rm, Rc, role and name");
    if (rmcpp::protect::needs_k1(suite_)) {
      print_key("K1", derived_.k1.reveal().first(sik_.size), "signs each packet");
    } else {
      std::cout << (suite_.integrity == rmcpp::wire::integrity_algorithm::none
                        ? "    No K1: the suite has no integrity.\n"
                        : "    No K1: MD5-128 signs each packet with the password.\n");
    }
    if (rmcpp::protect::needs_k2(suite_)) {
      print_key("K2", derived_.k2.reveal().first(sik_.size), "its first 16 bytes encrypt each packet");
    } else {
      std::cout << "    No K2: the suite has no encryption.\n";
    }
  }

  /// The message within a protected datagram; `window` is that of the direction.
  void print_inside(rmcpp::bytes datagram, rmcpp::protect::replay_window& window) {
    std::vector<std::uint8_t> copy(datagram.begin(), datagram.end());  // open() decrypts in place
    const auto packet = rmcpp::wire::look(copy);
    if (!packet || packet->id == rmcpp::session_id::none) return;
    const auto inside = rmcpp::protect::open(crypto_, keys_, window, *packet, {.encrypted = keys_.encrypts()});
    check(inside, "a datagram of the session");
    if (keys_.authenticates()) indented("its authentication code is right\n");
    if (!keys_.encrypts()) return;
    const rmcpp::bytes message = inside->message();
    if (rmcpp::wire::net_fn_lun{message[1]}.is_response()) {
      indented(rmcpp::wire::dump(
          decrypted<rmcpp::wire::lan_response>{*rmcpp::wire::decode<rmcpp::wire::lan_response>(message)}));
    } else {
      indented(rmcpp::wire::dump(
          decrypted<rmcpp::wire::lan_request>{*rmcpp::wire::decode<rmcpp::wire::lan_request>(message)}));
    }
  }

 private:
  static void print_key(const char* name, rmcpp::bytes key, const char* use) {
    std::cout << "    " << name << std::string(20 - std::strlen(name), ' ') << rmcpp::wire::hex(key) << "  (" << use
              << ")\n";
  }
  template <class Result> static void check(const Result& r, const char* what) {
    if (!r) throw std::runtime_error(std::string(what) + ": " + describe(r.error()));
  }

  rmcpp::cryptopp_backend crypto_{};
  rmcpp::wire::cipher_suite suite_;
  rmcpp::protect::session_secret sik_{};
  rmcpp::protect::derived_keys derived_{};
  rmcpp::protect::session_keys<rmcpp::cryptopp_backend> keys_{};
};

// ---- the two machines and the wire between them ----

class demonstration {
 public:
  explicit demonstration(std::uint8_t suite)
      : options_{.name = user_name, .password = password, .suites = *rmcpp::suite_list::from(rmcpp::bytes(&suite, 1))},
        console_({}, options_),
        bmc_({.handler = examples::chassis(guid)}, {.system_guid = guid, .suites = options_.suites}) {}

  void run() {
    const auto& suite = *rmcpp::wire::find_suite(options_.suites.view()[0]);
    std::cout << "A session with cipher suite " << int{suite.id} << ": " << describe(suite.authentication) << ", "
              << describe(suite.integrity) << ", " << describe(suite.confidentiality) << ".\nUser \""
              << examples::printable(user_name) << "\", password \"" << shown_password
              << "\". Numbers of several bytes are little-endian on the wire.\n";
    if (const auto started = console_.start(now_); !started) throw std::runtime_error(describe(started.error()));
    (void)wait_for(rmcpp::console_event::kind::ready);

    heading("Get Device ID", "Logged in as administrator. Now a command: which device is this?");
    command<examples::device_id>({.fn = rmcpp::net_fn::app, .command = examples::cmd::get_device_id});
    heading("Get Chassis Status", "And another: is the power on?");
    command<examples::chassis_status>({.fn = rmcpp::net_fn::chassis, .command = examples::cmd::get_chassis_status});

    if (const auto closing = console_.close(now_); !closing) throw std::runtime_error(describe(closing.error()));
    (void)wait_for(rmcpp::console_event::kind::closed);
    if (bmc_.active_sessions() != 0) throw std::runtime_error("the BMC still has a session");
    std::cout << "\nsession closed\n";
  }

 private:
  template <rmcpp::wire::message Response> void command(const rmcpp::request& rq) {
    if (const auto queued = console_.submit(rq, now_); !queued) throw std::runtime_error(describe(queued.error()));
    const auto e = wait_for(rmcpp::console_event::kind::done);
    if (e.error != rmcpp::errc::ok) throw std::runtime_error(describe(e.error));
    if (e.code != rmcpp::completion_code::ok) throw std::runtime_error(describe(e.code));
    const auto response = rmcpp::wire::decode<Response>(e.data);
    if (!response) throw std::runtime_error(describe(response.error()));
    std::cout << "\n    The answer's data:\n";
    indented(rmcpp::wire::dump(*response));
  }

  /// The event loop: carries datagrams to and fro until the console reports `kind`.
  rmcpp::console_event wait_for(rmcpp::console_event::kind kind) {
    for (;;) {
      const auto e = console_.next_event();
      if (e.type == kind) return e;
      if (e.type != rmcpp::console_event::kind::none) throw std::runtime_error(describe(e.error));
      const auto before = console_.state();
      tell(before, console_.suite().authentication != rmcpp::wire::authentication_algorithm::rakp_none);
      carry();
      if (before == console_state::rakp3 && console_.state() == console_state::set_privilege) {
        spy_.emplace(console_.transcript(), console_.suite());
        spy_->print_keys();
      }
      while (bmc_.next_event()) continue;
    }
  }

  /// One datagram of the console, and the BMC's answer.
  void carry() {
    const auto sent = console_.poll_transmit(to_bmc_, now_);
    if (!sent) throw std::runtime_error("the console has nothing to say: " + std::string(describe(sent.error)));
    const auto request = rmcpp::mutable_bytes(to_bmc_).first(sent.size);
    show("console -> BMC", request, from_console_);

    now_ = now_ + rmcpp::milliseconds{1};
    const auto answered = bmc_.feed({}, request, to_console_, now_);
    if (!answered) throw std::runtime_error("the BMC dropped it: " + std::string(describe(answered.error())));
    const auto reply = rmcpp::mutable_bytes(to_console_).first(*answered);
    show("BMC -> console", reply, from_bmc_);

    now_ = now_ + rmcpp::milliseconds{1};
    if (const auto taken = console_.feed(reply, now_); !taken)
      throw std::runtime_error("the console dropped it: " + std::string(describe(taken.error())));
  }

  void show(const char* direction, rmcpp::bytes datagram, rmcpp::protect::replay_window& window) {
    std::cout << "\n  " << direction << ", " << datagram.size() << " bytes, at " << now_.ms << " ms\n    "
              << rmcpp::wire::hex(datagram) << '\n';
    indented(rmcpp::wire::dump_datagram(datagram));
    if (spy_) spy_->print_inside(datagram, window);
  }

  rmcpp::console_options options_;
  rmcpp::console<console_config> console_;
  rmcpp::bmc<bmc_config> bmc_;
  rmcpp::instant now_{};
  std::optional<spy> spy_;
  rmcpp::protect::replay_window from_console_{};
  rmcpp::protect::replay_window from_bmc_{};
  std::array<std::uint8_t, 512> to_bmc_{};
  std::array<std::uint8_t, 512> to_console_{};
};

}  // namespace

int main(int argc, char** argv) {
  int suite = 17;
  CLI::App app("A whole IPMI v2.0 session in one process, every datagram explained");
  app.add_option("--suite", suite, "cipher suite")->check(CLI::Range(0, 19))->capture_default_str();
  try {
    app.parse(argc, argv);
    demonstration(static_cast<std::uint8_t>(suite)).run();
    return std::cout.flush() ? 0 : 1;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const std::exception& e) {
    std::cout.flush();
    std::cerr << "loopback: " << e.what() << '\n';
    return 1;
  }
}
