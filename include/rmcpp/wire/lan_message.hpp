// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>

/// \file
/// The IPMI message as LAN sessions carry it (IPMI v2.0, 13.8, figure 13-4), and the completion codes (5.2).

namespace rmcpp {

/// Network function of a request, always even; its response has the next odd number.
enum class net_fn : std::uint8_t {
  chassis = 0x00,
  bridge = 0x02,
  sensor = 0x04,
  app = 0x06,
  firmware = 0x08,
  storage = 0x0a,
  transport = 0x0c,
  group_extension = 0x2c,
  oem_group = 0x2e,
};

/// Completion codes (IPMI v2.0, table 5-2); 01h..7Eh are OEM, 80h..BEh belong to the command.
enum class completion_code : std::uint8_t {
  ok = 0x00,
  busy = 0xc0,
  invalid_command = 0xc1,
  invalid_for_lun = 0xc2,
  timeout = 0xc3,
  out_of_space = 0xc4,
  reservation_cancelled = 0xc5,
  data_truncated = 0xc6,
  length_invalid = 0xc7,
  length_limit_exceeded = 0xc8,
  parameter_out_of_range = 0xc9,
  cannot_return_bytes = 0xca,
  not_present = 0xcb,
  invalid_field = 0xcc,
  illegal_for_sensor = 0xcd,
  no_response_possible = 0xce,
  duplicated_request = 0xcf,
  sdr_update_mode = 0xd0,
  firmware_update_mode = 0xd1,
  initialization_in_progress = 0xd2,
  destination_unavailable = 0xd3,
  insufficient_privilege = 0xd4,
  not_supported_in_state = 0xd5,
  subfunction_disabled = 0xd6,
  unspecified = 0xff,
};

constexpr const char* describe(completion_code c) noexcept {
  switch (c) {
    case completion_code::ok: return "completed normally";
    case completion_code::busy: return "node busy";
    case completion_code::invalid_command: return "invalid command";
    case completion_code::invalid_for_lun: return "invalid command for this LUN";
    case completion_code::timeout: return "timeout while processing the command";
    case completion_code::out_of_space: return "out of space";
    case completion_code::reservation_cancelled: return "reservation cancelled or invalid";
    case completion_code::data_truncated: return "request data truncated";
    case completion_code::length_invalid: return "request data length invalid";
    case completion_code::length_limit_exceeded: return "request data field length limit exceeded";
    case completion_code::parameter_out_of_range: return "parameter out of range";
    case completion_code::cannot_return_bytes: return "cannot return number of requested data bytes";
    case completion_code::not_present: return "requested sensor, data or record not present";
    case completion_code::invalid_field: return "invalid data field in request";
    case completion_code::illegal_for_sensor: return "command illegal for this sensor or record type";
    case completion_code::no_response_possible: return "command response could not be provided";
    case completion_code::duplicated_request: return "cannot execute duplicated request";
    case completion_code::sdr_update_mode: return "SDR repository in update mode";
    case completion_code::firmware_update_mode: return "device in firmware update mode";
    case completion_code::initialization_in_progress: return "BMC initialization in progress";
    case completion_code::destination_unavailable: return "destination unavailable";
    case completion_code::insufficient_privilege: return "insufficient privilege level";
    case completion_code::not_supported_in_state: return "command not supported in the present state";
    case completion_code::subfunction_disabled: return "command sub-function disabled or unavailable";
    case completion_code::unspecified: return "unspecified error";
  }
  const auto v = static_cast<unsigned>(c);
  if (v >= 0x01 && v <= 0x7e) return "OEM completion code";
  if (v >= 0x80 && v <= 0xbe) return "command-specific completion code";
  return "reserved completion code";
}

}  // namespace rmcpp

namespace rmcpp::wire {

/// Network function and LUN in one byte: bits 7:2 and 1:0.
struct net_fn_lun {
  std::uint8_t value = 0;

  static constexpr net_fn_lun request(net_fn fn, std::uint8_t lun = 0) noexcept {
    return {static_cast<std::uint8_t>((static_cast<unsigned>(fn) << 2) | (lun & 3u))};
  }
  static constexpr net_fn_lun response(net_fn fn, std::uint8_t lun = 0) noexcept {
    return {static_cast<std::uint8_t>(((static_cast<unsigned>(fn) | 1u) << 2) | (lun & 3u))};
  }
  /// The request's number, also for a response.
  [[nodiscard]] constexpr net_fn fn() const noexcept { return static_cast<net_fn>((value >> 2) & 0x3eu); }
  [[nodiscard]] constexpr bool is_response() const noexcept { return (value & 0x04) != 0; }
  [[nodiscard]] constexpr std::uint8_t lun() const noexcept { return value & 3; }
  friend constexpr bool operator==(net_fn_lun, net_fn_lun) noexcept = default;
};

/// Request sequence and LUN in one byte: bits 7:2 and 1:0.
struct seq_lun {
  std::uint8_t value = 0;

  static constexpr seq_lun of(std::uint8_t sequence, std::uint8_t lun = 0) noexcept {
    return {static_cast<std::uint8_t>((static_cast<unsigned>(sequence) << 2) | (lun & 3u))};
  }
  [[nodiscard]] constexpr std::uint8_t sequence() const noexcept { return value >> 2; }
  [[nodiscard]] constexpr std::uint8_t lun() const noexcept { return value & 3; }
  friend constexpr bool operator==(seq_lun, seq_lun) noexcept = default;
};

inline constexpr std::uint8_t bmc_address = 0x20;
inline constexpr std::uint8_t console_address = 0x81;  ///< software id that every client uses

/// A request, at least 7 bytes.
struct lan_request {
  static constexpr std::size_t overhead = 7;

  std::uint8_t responder = bmc_address;
  net_fn_lun target{};  ///< responder's LUN
  std::uint8_t requester = console_address;
  seq_lun sequence{};  ///< requester's LUN
  std::uint8_t command = 0;
  bytes data{};  ///< view into the input

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    const auto start = io.mark();
    io.u8("responder", m.responder);
    io.u8("target", m.target);
    io.checksum("checksum1", start);
    const auto body = io.mark();
    io.u8("requester", m.requester);
    io.u8("sequence", m.sequence);
    io.u8("command", m.command);
    io.tail("data", m.data, 1);
    io.checksum("checksum2", body);
  }
};

/// A response, at least 8 bytes.
struct lan_response {
  static constexpr std::size_t overhead = 8;
  static constexpr std::size_t data_offset = 7;

  std::uint8_t requester = console_address;
  net_fn_lun target{};  ///< odd network function, requester's LUN
  std::uint8_t responder = bmc_address;
  seq_lun sequence{};  ///< the request's sequence, responder's LUN
  std::uint8_t command = 0;
  completion_code code = completion_code::ok;
  bytes data{};  ///< view into the input

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    const auto start = io.mark();
    io.u8("requester", m.requester);
    io.u8("target", m.target);
    io.checksum("checksum1", start);
    const auto body = io.mark();
    io.u8("responder", m.responder);
    io.u8("sequence", m.sequence);
    io.u8("command", m.command);
    io.u8("code", m.code);
    io.tail("data", m.data, 1);
    io.checksum("checksum2", body);
  }
};

/// The response to `rq` without data: addresses and LUNs swapped, sequence and command echoed.
constexpr lan_response respond(const lan_request& rq, completion_code code) noexcept {
  return {.requester = rq.requester,
          .target = net_fn_lun::response(rq.target.fn(), rq.sequence.lun()),
          .responder = rq.responder,
          .sequence = seq_lun::of(rq.sequence.sequence(), rq.target.lun()),
          .command = rq.command,
          .code = code};
}

/// App commands that session handling needs (IPMI v2.0, appendix G).
namespace app {
inline constexpr std::uint8_t get_device_id = 0x01;
inline constexpr std::uint8_t get_system_guid = 0x37;
inline constexpr std::uint8_t get_channel_payload_support = 0x4e;
inline constexpr std::uint8_t get_channel_auth_capabilities = 0x38;
inline constexpr std::uint8_t get_session_challenge = 0x39;
inline constexpr std::uint8_t activate_session = 0x3a;
inline constexpr std::uint8_t set_session_privilege = 0x3b;
inline constexpr std::uint8_t close_session = 0x3c;
inline constexpr std::uint8_t get_session_info = 0x3d;
inline constexpr std::uint8_t get_channel_cipher_suites = 0x54;
inline constexpr std::uint8_t change_payload_encryption = 0x55;
}  // namespace app

}  // namespace rmcpp::wire
