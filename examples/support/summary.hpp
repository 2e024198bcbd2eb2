// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>

#include "report.hpp"

/// \file
/// What a capture amounts to, to be pasted into a bug report: datagrams, sessions, and every kind of finding once.

namespace examples {

/// Counts while the capture streams by. Its size does not depend on the capture's.
class summary {
 public:
  void add(const record& r) {
    ++datagrams_;
    const auto& o = r.seen;
    auto& row = types_[static_cast<std::size_t>(o.type)];
    ++(o.dir == rmcpp::direction::to_bmc ? row.to_bmc : row.to_console);
    ++row.verdicts[static_cast<std::size_t>(o.auth)];
    if (r.error()) ++row.unreadable;
    for (const auto& f : o.findings) {
      auto& kind = findings_[static_cast<std::size_t>(f.what)];
      if (kind.times++ < kind.frames.size()) kind.frames[kind.times - 1] = r.datagram.frame;
    }
    if (r.session) add_session(r);
  }

  void print(std::ostream& out, const input_counts& input, const palette& colors) const {
    print_types(out, input, colors);
    for (const auto& [number, s] : sessions_) print_session(out, number, s, colors);
    if (more_sessions_ != 0) out << "\nPackets of further sessions, not listed: " << more_sessions_ << '\n';
    print_findings(out, colors);
  }

 private:
  using verdict_counts = std::array<std::uint64_t, 4>;
  static constexpr std::size_t max_sessions = 1000;

  struct type_row {
    std::uint64_t to_bmc = 0, to_console = 0, unreadable = 0;
    verdict_counts verdicts{};
  };
  struct finding_row {
    std::uint64_t times = 0;
    std::array<std::uint64_t, 5> frames{};
  };
  struct session_row {
    bool v15 = false;
    std::string user = "not seen", suite = "not seen";
    rmcpp::session_id console_id{}, managed_id{};
    rmcpp::detail::followed_stage stage{};
    rmcpp::datagram_type refused_in{};
    std::optional<rmcpp::rakp_status> refused{};
    std::uint64_t first = 0, last = 0, to_bmc = 0, to_console = 0;
    verdict_counts verdicts{};
  };

  void add_session(const record& r) {
    const auto& facts = *r.session;
    if (sessions_.size() == max_sessions && !sessions_.contains(facts.number)) {
      ++more_sessions_;
      return;
    }
    auto& row = sessions_[facts.number];
    const auto& o = r.seen;
    if (row.first == 0) row.first = r.datagram.frame;
    row.last = r.datagram.frame;
    ++(o.dir == rmcpp::direction::to_bmc ? row.to_bmc : row.to_console);
    ++row.verdicts[static_cast<std::size_t>(o.auth)];
    row.v15 = facts.v15;
    if (const auto user = user_text(facts)) row.user = *user;
    if (facts.v15) {
      row.suite = "authentication type " + describe(facts.activated);
    } else if (facts.suite_known) {
      row.suite = "cipher suite " + suite_text(facts.suite);
    }
    row.console_id = facts.console_id;
    row.managed_id = facts.managed_id;
    row.stage = facts.stage;
    if (const auto status = setup_status(o)) {
      row.refused = *status == rmcpp::rakp_status::no_errors ? std::nullopt : status;
      row.refused_in = o.type;
    }
  }

  static std::string verdict_text(const verdict_counts& counts) {
    std::string text;
    for (const auto v : {rmcpp::verdict::ok, rmcpp::verdict::bad, rmcpp::verdict::unknown})
      if (const auto n = counts[static_cast<std::size_t>(v)]; n != 0)
        text += (text.empty() ? "" : ", ") + std::to_string(n) + ' ' + describe(v);
    return text.empty() ? "none" : text;
  }

  void print_types(std::ostream& out, const input_counts& input, const palette& colors) const {
    out << colors.bold("Datagrams                   to BMC  to console  unreadable  authcodes") << '\n';
    for (std::size_t i = 0; i < types_.size(); ++i) {
      const auto& row = types_[i];
      if (row.to_bmc + row.to_console == 0) continue;
      char text[96];
      std::snprintf(text, sizeof text, "  %-24s%8llu%12llu%12llu  ", title(static_cast<rmcpp::datagram_type>(i)),
                    count(row.to_bmc), count(row.to_console), count(row.unreadable));
      out << text << verdict_text(row.verdicts) << '\n';
    }
    if (datagrams_ == 0) out << "  none\n";
    if (input.others != 0) out << "  " << plural(input.others, "frame") << " without RMCP\n";
    if (input.unsupported != 0)
      out << "  " << plural(input.unsupported, "frame") << " of link types that are not supported\n";
    if (input.fragments != 0)
      out << "  " << plural(input.fragments, "fragment") << " of IP packets, which are not put together\n";
    if (input.damaged != 0) out << "  " << plural(input.damaged, "damaged or cut frame") << '\n';
  }

  static void print_session(std::ostream& out, std::uint32_t number, const session_row& s, const palette& colors) {
    out << '\n' << colors.bold("Session " + std::to_string(number)) << (s.v15 ? ", IPMI v1.5" : ", IPMI v2.0") << '\n';
    line(out, "user", s.user);
    line(out, "protection", s.suite);
    const auto id = [](rmcpp::session_id i) { return hex_number(rmcpp::to_integer(i), 8); };
    line(out, "ids", s.v15 ? id(s.console_id) : "console " + id(s.console_id) + ", BMC " + id(s.managed_id));
    line(out, "frames",
         std::to_string(s.first) + " to " + std::to_string(s.last) + ": " + std::to_string(s.to_bmc) + " to the BMC, " +
             std::to_string(s.to_console) + " to the console");
    line(out, "authcodes", verdict_text(s.verdicts));
    line(out, "end", end_text(s));
  }
  static void line(std::ostream& out, const char* name, const std::string& value) {
    out << "  " << name << std::string(12 - std::string_view(name).size(), ' ') << value << '\n';
  }
  static std::string end_text(const session_row& s) {
    if (s.stage == rmcpp::detail::followed_stage::closed) return "closed";
    if (s.refused)
      return std::string("refused in ") + title(s.refused_in) + ": " +
             hex_number(static_cast<std::uint32_t>(*s.refused)) + ' ' + describe(*s.refused);
    return s.stage == rmcpp::detail::followed_stage::login ? "the login is not completed"
                                                           : "open at the end of the capture";
  }

  void print_findings(std::ostream& out, const palette& colors) const {
    std::array<std::uint64_t, 3> totals{};
    if (std::any_of(findings_.begin(), findings_.end(), [](const auto& f) { return f.times != 0; }))
      out << '\n' << colors.bold("Findings") << '\n';
    for (const auto weight : {rmcpp::severity::error, rmcpp::severity::warning, rmcpp::severity::note})
      for (const auto& about : rmcpp::all_findings) {
        const auto& kind = findings_[static_cast<std::size_t>(about.what)];
        if (about.weight != weight || kind.times == 0) continue;
        totals[static_cast<std::size_t>(weight)] += kind.times;
        print_finding(out, about, kind, colors);
      }
    out << '\n'
        << plural(totals[2], "error") << ", " << plural(totals[1], "warning") << ", " << plural(totals[0], "note")
        << " in " << plural(datagrams_, "datagram") << '\n';
  }
  static void print_finding(std::ostream& out, const rmcpp::finding_info& about, const finding_row& kind,
                            const palette& colors) {
    out << "  "
        << colors.weighted(about.weight,
                           std::string(1, mark(about.weight)) + ' ' + describe(about.weight) + ": " + about.name)
        << ", " << plural(kind.times, "time") << ", frame" << (kind.times == 1 ? "" : "s");
    for (std::size_t i = 0; i < kind.frames.size() && i < kind.times; ++i)
      out << (i == 0 ? " " : ", ") << kind.frames[i];
    out << (kind.times > kind.frames.size() ? ", ..\n" : "\n");
    wrapped(out, std::string(about.text) + " (IPMI v2.0, " + about.source + ')');
  }
  /// Below a finding, in lines of at most 100 columns.
  static void wrapped(std::ostream& out, std::string text) {
    constexpr std::size_t width = 94;
    while (!text.empty()) {
      const std::size_t end = text.size() <= width ? text.size() : text.rfind(' ', width);
      out << "      " << text.substr(0, end) << '\n';
      text.erase(0, end == text.size() ? end : end + 1);
    }
  }

  static unsigned long long count(std::uint64_t n) { return n; }
  static std::string plural(std::uint64_t n, const char* what) {
    return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
  }

  std::uint64_t datagrams_ = 0;
  std::array<type_row, static_cast<std::size_t>(rmcpp::datagram_type::oem) + 1> types_{};
  std::array<finding_row, rmcpp::all_findings.size()> findings_{};
  std::map<std::uint32_t, session_row> sessions_;
  std::uint64_t more_sessions_ = 0;
};

}  // namespace examples
