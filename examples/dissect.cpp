// SPDX-License-Identifier: BSL-1.0

/// Reads a captured conversation and explains it: every datagram's fields, the verdict on every authentication code,
/// every payload decrypted, and whatever is wrong by name.
///
/// It shows the follower: a third party that is only fed datagrams, here from a pcap or pcapng file, from lines of
/// hexadecimal digits, or from what ipmitool -vvvvv prints. Everything below is input and output. It streams: a capture
/// of any size takes the same memory.
///
///     dissect capture.pcap --password secret
///     dissect capture.pcap.gz --password secret --summary
///     ipmitool -I lanplus ... -vvvvv chassis power status 2>&1 | dissect --password secret
///     echo "> 06 00 ff 06 00 00 11 be 80 00 00 00" | dissect

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/follower/follower.hpp>

#include "support/capture.hpp"
#include "support/password.hpp"
#include "support/password_check.hpp"
#include "support/report.hpp"
#include "support/summary.hpp"

namespace {

using examples::record;
using examples::usage_error;

struct follower_config {
  struct traits : rmcpp::follower_traits {
    static constexpr std::size_t sessions = 1024;
    static constexpr std::size_t conversations = 1024;
  };
  rmcpp::cryptopp_backend crypto{};
};
using follower = rmcpp::follower<follower_config>;

// ---- options ----

struct arguments {
  std::string input = "-", user, kg, sik, k1, k2, color = "auto";
  examples::password_source password;
  std::optional<unsigned> suite;
  std::vector<std::uint16_t> ports;
  bool json = false, summary = false, check_password = false;
};

/// A key in hexadecimal. What was typed is not repeated in the message.
std::vector<std::uint8_t> parse_secret(const std::string& digits, const char* option) {
  try {
    return examples::parse_hex(digits);
  } catch (const usage_error&) {
    throw usage_error(std::string(option) + " takes pairs of hexadecimal digits");
  }
}

rmcpp::protect::session_secret session_secret_of(const std::string& digits, const char* option) {
  const auto key = parse_secret(digits, option);
  rmcpp::protect::session_secret s;
  if (!s.value.assign(key)) throw usage_error(std::string(option) + " is longer than 32 bytes");
  s.size = static_cast<std::uint8_t>(key.size());
  return s;
}

std::optional<rmcpp::given_keys> keys_of(const arguments& args, const rmcpp::user_key& password) {
  const bool any = !args.sik.empty() || !args.k1.empty() || !args.k2.empty();
  if (any != args.suite.has_value()) throw usage_error("--suite goes with --sik or --k1 and --k2");
  if (!any) return std::nullopt;
  return rmcpp::given_keys{.suite = rmcpp::wire::standard_suites.at(*args.suite),
                           .sik = session_secret_of(args.sik, "--sik"),
                           .k1 = session_secret_of(args.k1, "--k1"),
                           .k2 = session_secret_of(args.k2, "--k2"),
                           .password = password};
}

// ---- numbers of datagrams and of frames ----

/// The follower counts the datagrams it was fed, people count frames. Of the last ones only: an answer comes soon.
class frame_numbers {
 public:
  void add(std::uint64_t datagram, std::uint64_t frame) { frames_[datagram % frames_.size()] = {datagram, frame}; }
  [[nodiscard]] std::optional<std::uint64_t> find(std::uint64_t datagram) const {
    const auto& [number, frame] = frames_[datagram % frames_.size()];
    return datagram != 0 && number == datagram ? std::optional(frame) : std::nullopt;
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> frames_{65536};
};

// ---- the whole ----

class dissection {
 public:
  explicit dissection(const arguments& args)
      : args_(args),
        password_(examples::read_password(args.password)),
        kg_(examples::parse_key(parse_secret(args.kg, "--kg"), "K_g")),
        user_{.name = examples::parse_name(args.user),
              .any_name = args.user.empty(),
              .password = password_.value_or(rmcpp::user_key{})},
        follower_(std::make_unique<follower>(
            follower_config{}, rmcpp::follower_options{.users = std::span(&user_, password_ ? 1u : 0u), .kg = kg_})),
        colors_(colored(args)),
        text_(std::cout, colors_),
        check_(user_.password, kg_, user_.any_name ? std::nullopt : std::optional(user_.name)) {
    if (args.check_password && !password_) throw usage_error("--check-password needs a password");
    if (const auto keys = keys_of(args, user_.password))
      if (const auto known = follower_->know(*keys); !known)
        throw usage_error(std::string("the keys do not go with the suite: ") + describe(known.error()));
    auto ports = args.ports;
    ports.insert(ports.end(), {623, 664});
    source_ = examples::open_source(args.input, std::move(ports));
  }

  /// The exit status.
  int run() {
    std::string unreadable;
    try {
      while (auto datagram = source_->next()) take(std::move(*datagram));
    } catch (const examples::unreadable_input& e) {
      unreadable = e.what();  // what came before it is told all the same
    }
    // Where there was nothing to tell, totals of nothing would stand before the reason.
    if (!unreadable.empty() && !any_) throw examples::unreadable_input(unreadable);
    int status = any_bad_ ? 1 : 0;
    if (args_.summary) summary_.print(std::cout, source_->counts(), examples::palette(colors_));
    if (args_.check_password) status = check_.print(std::cout);
    if (!unreadable.empty()) throw examples::unreadable_input(unreadable);
    return status;
  }

 private:
  static bool colored(const arguments& args) {
    if (args.color != "auto") return args.color == "always";
    return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  }

  void take(examples::captured datagram) {
    record r{.datagram = std::move(datagram)};
    // What is fed is decrypted in place; the report also wants it as it was.
    const rmcpp::mutable_bytes fed = r.datagram.data;
    wire_.assign(fed.begin(), fed.end());
    r.datagram.data = wire_;
    if (r.datagram.to_itself && r.datagram.problem.empty())
      r.datagram.problem = "sent to itself: no part of a conversation";
    r.seen.dir = r.datagram.from.dir;
    if (r.datagram.problem.empty()) {
      r.seen = follower_->feed(r.datagram.from, fed);
      r.session = follower_->subject();
      frames_.add(r.seen.number, r.datagram.frame);
      r.answers = frames_.find(r.seen.answers);
    }
    any_ = true;
    any_bad_ |= r.seen.auth == rmcpp::verdict::bad;
    if (args_.json) {
      std::cout << to_json(r) << '\n';
    } else if (args_.summary) {
      summary_.add(r);
    } else if (args_.check_password) {
      check_.add(r);
    } else {
      text_.show(r);
    }
  }

  const arguments& args_;
  std::optional<rmcpp::user_key> password_;
  rmcpp::user_key kg_;
  rmcpp::credential user_;
  std::unique_ptr<follower> follower_;  // too large for the stack
  std::unique_ptr<examples::datagram_source> source_;
  std::vector<std::uint8_t> wire_;
  frame_numbers frames_;
  bool colors_;
  bool any_ = false;
  bool any_bad_ = false;
  examples::text_report text_;
  examples::summary summary_;
  examples::password_check check_;
};

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  arguments args;
  CLI::App app(
      "Explains a captured IPMI conversation. Exit status: 1 if an authentication code is wrong, 2 if the input "
      "is unreadable");
  app.add_option("FILE", args.input,
                 "pcap or pcapng file, datagrams in hexadecimal, one a line, or what ipmitool -vvvvv prints; "
                 "compressed by gzip or not; -: standard input");
  app.add_option("--user", args.user, "whose password it is; otherwise anybody's");
  auto* const password = app.add_option("--password", args.password.text, "password");
  auto* const environment = app.add_flag("-E", args.password.in_environment, "password from IPMI_PASSWORD");
  auto* const file = app.add_option("-f", args.password.file, "password from the first line of a file");
  password->excludes(environment)->excludes(file);
  environment->excludes(file);
  app.add_option("--kg", args.kg, "K_g in hexadecimal");
  auto* const k1 = app.add_option("--k1", args.k1, "a session's K1 in hexadecimal, its login not being captured");
  auto* const k2 = app.add_option("--k2", args.k2, "likewise K2");
  app.add_option("--sik", args.sik, "likewise SIK, in the place of both")->excludes(k1)->excludes(k2);
  app.add_option("--suite", args.suite, "cipher suite of these keys")->check(CLI::Range(0, 19));
  app.add_option("--port", args.ports, "UDP port of a BMC, beside 623 and 664")->allow_extra_args(false);
  auto* const json = app.add_flag("--json", args.json, "one object a line");
  auto* const summary = app.add_flag("--summary", args.summary, "only the totals, the sessions and the findings");
  auto* const check = app.add_flag("--check-password", args.check_password,
                                   "which messages of the logins the password fits, and if not why; exit status 1 if "
                                   "one does not, 2 if there are none");
  json->excludes(summary)->excludes(check);
  summary->excludes(check);
  app.add_option("--color", args.color, "auto, always or never")->check(CLI::IsMember({"auto", "always", "never"}));
  try {
    app.parse(argc, argv);
    const int status = dissection(args).run();
    return std::cout.flush() ? status : 2;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const std::exception& e) {
    std::cout.flush();
    std::cerr << "dissect: " << e.what() << '\n';
    return 2;
  }
}
