// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/errc.hpp>
#include <rmcpp/follower/finding.hpp>
#include <rmcpp/wire/message.hpp>

namespace rmcpp {

enum class direction : std::uint8_t { to_bmc, to_console };

constexpr const char* describe(direction d) noexcept {
  return d == direction::to_bmc ? "console to BMC" : "BMC to console";
}

/// What a datagram is, as far as its headers say.
enum class datagram_type : std::uint8_t {
  unreadable,
  rmcp_ack,
  asf_ping,
  asf_pong,
  asf,
  rmcp_oem,
  v15,  ///< IPMI v1.5 packet, within a session or not
  open_session_request,
  open_session_response,
  rakp1,
  rakp2,
  rakp3,
  rakp4,
  ipmi,  ///< IPMI message in RMCP+ format, within a session or not
  sol,
  oem,
};

/// For programs: the names of the enumeration.
constexpr const char* name_of(datagram_type t) noexcept {
  switch (t) {
    case datagram_type::unreadable: break;
    case datagram_type::rmcp_ack: return "rmcp_ack";
    case datagram_type::asf_ping: return "asf_ping";
    case datagram_type::asf_pong: return "asf_pong";
    case datagram_type::asf: return "asf";
    case datagram_type::rmcp_oem: return "rmcp_oem";
    case datagram_type::v15: return "v15";
    case datagram_type::open_session_request: return "open_session_request";
    case datagram_type::open_session_response: return "open_session_response";
    case datagram_type::rakp1: return "rakp1";
    case datagram_type::rakp2: return "rakp2";
    case datagram_type::rakp3: return "rakp3";
    case datagram_type::rakp4: return "rakp4";
    case datagram_type::ipmi: return "ipmi";
    case datagram_type::sol: return "sol";
    case datagram_type::oem: return "oem";
  }
  return "unreadable";
}

/// About a datagram's authentication code: the trailer of an RMCP+ packet, the code of RAKP 2, 3 or 4, the authcode of
/// a v1.5 packet.
enum class verdict : std::uint8_t {
  none,     ///< it has none
  ok,       ///< right
  bad,      ///< wrong
  unknown,  ///< no password or key for it
};

constexpr const char* describe(verdict v) noexcept {
  switch (v) {
    case verdict::none: return "none";
    case verdict::ok: return "ok";
    case verdict::bad: return "bad";
    case verdict::unknown: break;
  }
  return "unknown";
}

/// What a follower says of one datagram.
struct observation {
  std::uint64_t number = 0;  ///< of the datagram, counted from 1
  direction dir{};
  datagram_type type{};
  verdict auth = verdict::none;
  bool encrypted = false;     ///< on the wire
  bool readable = false;      ///< `payload` is plaintext
  bytes payload{};            ///< message without headers, trailer and padding: a view into the datagram
  errc error = errc::ok;      ///< why a receiver could not read it
  std::uint32_t session = 0;  ///< number of its session, counted from 1; 0: none
  std::uint64_t answers = 0;  ///< number of the datagram it answers; 0: none, or not seen
  finding_list findings{};

  constexpr void fail(errc why) noexcept {
    error = why;
    findings.add(finding::malformed, static_cast<std::uint32_t>(why));
  }
  /// As fail(), where no part of it can be relied upon.
  constexpr void refuse(errc why) noexcept {
    fail(why);
    hide();
  }
  constexpr void show(bytes plaintext) noexcept {
    payload = plaintext;
    readable = true;
  }
  constexpr void hide() noexcept {
    payload = {};
    readable = false;
  }
};

/// Decodes a whole payload, and notes reserved bits: encoding again gives other bytes.
template <wire::message M> result<M> decode_noting(observation& o) noexcept {
  const auto m = wire::decode<M>(o.payload);
  if (!m) {
    o.fail(m.error());
    return m;
  }
  std::array<std::uint8_t, 80> again{};
  const auto n = encode(*m, again);
  if (n && *n == o.payload.size() && !core::equal(o.payload, bytes(again).first(*n)))
    o.findings.add(finding::reserved_bits);
  return m;
}

}  // namespace rmcpp
