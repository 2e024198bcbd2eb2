// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <nlohmann/json.hpp>
#include <rmcpp/wire/dump.hpp>

#include "datagrams.hpp"

/// \file
/// All that is known of one datagram, for every form of output, and the form for programs.

namespace examples {

struct record {
  captured datagram{};  ///< `data` as it was captured
  rmcpp::observation seen{};
  const rmcpp::detail::session_facts* session = nullptr;  ///< valid until the next datagram
  std::optional<std::uint64_t> answers{};                 ///< frame

  /// Whether `seen.payload` is a message in the clear.
  [[nodiscard]] bool payload_known() const { return seen.readable && seen.type != rmcpp::datagram_type::unreadable; }
  /// Why a receiver could not read it, or null.
  [[nodiscard]] const char* error() const {
    if (!datagram.problem.empty()) return datagram.problem.c_str();
    return seen.error == rmcpp::errc::ok ? nullptr : describe(seen.error);
  }
};

/// One object: `frame`, `dir`, `type`, `auth`, `encrypted`, `payload`, `error`, `session`, `answers`, `findings`.
inline std::string to_json(const record& r) {
  using json = nlohmann::ordered_json;
  const auto or_null = [](bool known, auto value) { return known ? json(value) : json(nullptr); };
  const auto& o = r.seen;
  json findings = json::array();
  for (const auto& f : o.findings)
    findings.push_back({{"finding", info(f.what).name},
                        {"severity", describe(info(f.what).weight)},
                        {"seen", f.seen},
                        {"expected", f.expected}});
  return json{{"frame", r.datagram.frame},
              {"dir", o.dir == rmcpp::direction::to_bmc ? "c2b" : "b2c"},
              {"type", name_of(o.type)},
              {"auth", describe(o.auth)},
              {"encrypted", o.encrypted},
              {"payload", or_null(r.payload_known(), rmcpp::wire::hex(o.payload))},
              {"error", or_null(r.error() != nullptr, r.error() ? r.error() : "")},
              {"session", or_null(o.session != 0, o.session)},
              {"answers", or_null(r.answers.has_value(), r.answers.value_or(0))},
              {"findings", findings}}
      .dump();
}

/// What a datagram is, for people.
constexpr const char* title(rmcpp::datagram_type t) {
  using enum rmcpp::datagram_type;
  switch (t) {
    case unreadable: break;
    case rmcp_ack: return "RMCP ACK";
    case asf_ping: return "ASF Presence Ping";
    case asf_pong: return "ASF Presence Pong";
    case asf: return "ASF message";
    case rmcp_oem: return "RMCP OEM message";
    case v15: return "IPMI v1.5";
    case open_session_request: return "Open Session Request";
    case open_session_response: return "Open Session Response";
    case rakp1: return "RAKP 1";
    case rakp2: return "RAKP 2";
    case rakp3: return "RAKP 3";
    case rakp4: return "RAKP 4";
    case ipmi: return "IPMI v2.0";
    case sol: return "SOL";
    case oem: return "OEM payload";
  }
  return "unreadable";
}

/// The status code of a session setup answer or of RAKP 3.
inline std::optional<rmcpp::rakp_status> setup_status(const rmcpp::observation& o) {
  using enum rmcpp::datagram_type;
  const bool has_one = o.type == open_session_response || o.type == rakp2 || o.type == rakp3 || o.type == rakp4;
  if (!has_one || !o.readable || o.payload.size() < 2) return std::nullopt;
  return static_cast<rmcpp::rakp_status>(o.payload[1]);
}

/// "3: RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128"
inline std::string suite_text(const rmcpp::wire::cipher_suite& s) {
  return (s.id == rmcpp::wire::no_suite_id ? std::string("no standard suite") : std::to_string(s.id)) + ": " +
         describe(s.authentication) + ", " + describe(s.integrity) + ", " + describe(s.confidentiality);
}

/// The newest user name in a login, if one was seen.
inline std::optional<std::string> user_text(const rmcpp::detail::session_facts& s) {
  const auto quoted = [](const rmcpp::username& name) { return '"' + printable(name) + '"'; };
  if (s.v15) return s.name_known ? std::optional(quoted(s.name)) : std::nullopt;
  auto exchanges = s.exchanges;
  const auto* const newest = exchanges.newest();
  return newest ? std::optional(quoted(newest->transcript.name)) : std::nullopt;
}

/// "0Dh"; at least so many digits.
inline std::string hex_number(std::uint32_t v, int digits = 2) {
  char text[12];
  std::snprintf(text, sizeof text, "%0*Xh", digits, v);
  return text;
}

}  // namespace examples
