// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ostream>

#include "layers.hpp"

/// \file
/// The readable form: for each datagram a headline, its layers, and what is wrong with it.

namespace examples {

/// Escape sequences, or none.
class palette {
 public:
  explicit palette(bool on) : on_(on) {}
  [[nodiscard]] std::string bold(const std::string& text) const { return in("1", text); }
  [[nodiscard]] std::string faint(const std::string& text) const { return in("2", text); }
  [[nodiscard]] std::string good(const std::string& text) const { return in("32", text); }
  [[nodiscard]] std::string weighted(rmcpp::severity s, const std::string& text) const {
    switch (s) {
      case rmcpp::severity::note: return in("36", text);
      case rmcpp::severity::warning: return in("33", text);
      case rmcpp::severity::error: break;
    }
    return in("31", text);
  }

 private:
  [[nodiscard]] std::string in(const char* code, const std::string& text) const {
    return on_ ? std::string("\033[") + code + 'm' + text + "\033[0m" : text;
  }
  bool on_;
};

constexpr char mark(rmcpp::severity s) {
  return s == rmcpp::severity::error ? '!' : s == rmcpp::severity::warning ? '~' : '-';
}

/// "seen 05h, expected 03h" where a number is wrong.
inline std::string numbers_text(const rmcpp::found& f) {
  if (f.what == rmcpp::finding::malformed) return describe(static_cast<rmcpp::errc>(f.seen));
  if (f.seen == 0 && f.expected == 0) return {};
  return "seen " + hex_number(f.seen) + ", expected " + hex_number(f.expected);
}

/// The IPMI message in a few words: the command, and how it went.
inline std::string message_text(rmcpp::bytes in) {
  if (in.size() < 2) return {};
  if (!rmcpp::wire::net_fn_lun{in[1]}.is_response()) {
    const auto rq = rmcpp::wire::decode<rmcpp::wire::lan_request>(in);
    return rq ? command_text(rq->target.fn(), rq->command) + " request" : "";
  }
  const auto rs = rmcpp::wire::decode<rmcpp::wire::lan_response>(in);
  if (!rs) return {};
  return command_text(rs->target.fn(), rs->command) + " response: " + hex_number(static_cast<std::uint32_t>(rs->code)) +
         ' ' + describe(rs->code);
}

class text_report {
 public:
  text_report(std::ostream& out, bool color) : out_(out), colors_(color) {}

  void show(const record& r) {
    say_addresses(r);
    out_ << colors_.bold(headline(r)) << '\n';
    if (r.error())
      out_ << "    " << colors_.weighted(rmcpp::severity::error, std::string("unreadable: ") + r.error()) << '\n';
    indented(layers(r));
    for (const auto& f : r.seen.findings) show(f);
    out_ << '\n';
  }

 private:
  /// When it is not the same two as before.
  void say_addresses(const record& r) {
    const auto& d = r.datagram;
    if (!d.addresses || (said_ && conversation_ == d.from.conversation)) return;
    said_ = true;
    conversation_ = d.from.conversation;
    const auto& [from, to] = *d.addresses;
    const bool to_bmc = d.from.dir == rmcpp::direction::to_bmc;
    out_ << colors_.faint(d.to_itself
                              ? "BMC " + from.text()
                              : "console " + (to_bmc ? from : to).text() + ", BMC " + (to_bmc ? to : from).text())
         << '\n';
  }

  std::string headline(const record& r) const {
    const auto& o = r.seen;
    std::string text = '#' + std::to_string(r.datagram.frame);
    if (r.datagram.time) {
      char seconds[40];
      std::snprintf(seconds, sizeof seconds, "  %+.6f s", *r.datagram.time);
      text += seconds;
    }
    text += r.datagram.to_itself                ? "  BMC -> itself  "
            : o.dir == rmcpp::direction::to_bmc ? "  console -> BMC  "
                                                : "  BMC -> console  ";
    text += title(o.type);
    if (const auto said = what_it_says(o); !said.empty()) text += ", " + said;
    if (o.session != 0) text += "  session " + std::to_string(o.session);
    if (o.encrypted) text += o.readable ? "  decrypted" : "  encrypted";
    if (o.auth != rmcpp::verdict::none) text += std::string("  authcode ") + describe(o.auth);
    if (r.answers) text += "  answers #" + std::to_string(*r.answers);
    return text;
  }

  static std::string what_it_says(const rmcpp::observation& o) {
    if (const auto status = setup_status(o); status && *status != rmcpp::rakp_status::no_errors)
      return hex_number(static_cast<std::uint32_t>(*status)) + ' ' + describe(*status);
    const bool message = o.type == rmcpp::datagram_type::v15 || o.type == rmcpp::datagram_type::ipmi;
    return message && o.readable ? message_text(o.payload) : std::string();
  }

  void show(const rmcpp::found& f) {
    const auto& about = info(f.what);
    out_ << "  "
         << colors_.weighted(about.weight,
                             std::string(1, mark(about.weight)) + ' ' + describe(about.weight) + ": " + about.name)
         << ": " << about.text << " (" << about.source << ')';
    if (const auto numbers = numbers_text(f); !numbers.empty()) out_ << ": " << numbers;
    out_ << '\n';
  }

  void indented(const std::string& text) {
    bool line_begins = true;
    for (const char c : text) {
      if (line_begins) out_ << "    ";
      out_ << c;
      line_begins = c == '\n';
    }
  }

  std::ostream& out_;
  palette colors_;
  bool said_ = false;
  std::uint64_t conversation_ = 0;
};

}  // namespace examples
