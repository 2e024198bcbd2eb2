// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/dump.hpp>

#include "device_commands.hpp"

/// \file
/// Names of the common commands (IPMI v2.0, appendix G), and for those that the library or the examples know as
/// messages the fields of their data.

namespace examples {

/// A message under a heading of its own.
template <rmcpp::wire::message M> struct headed {
  const char* heading = "";
  M message{};
  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) { io.group(m.heading, m.message); }
};

/// The fields of a command's data; empty if they do not decode.
template <rmcpp::wire::message M> std::string data_fields(rmcpp::bytes data) {
  const auto m = rmcpp::wire::decode<M>(data);
  return m ? rmcpp::wire::dump(headed<M>{"data", *m}) : std::string();
}

struct known_command {
  using fields = std::string (*)(rmcpp::bytes);
  rmcpp::net_fn fn{};
  std::uint8_t code = 0;
  const char* name = "";
  fields request = nullptr;
  fields response = nullptr;  ///< of what follows completion code 00h
};

inline const known_command* find_command(rmcpp::net_fn fn, std::uint8_t code) {
  using enum rmcpp::net_fn;
  static constexpr known_command all[] = {
      {chassis, 0x00, "Get Chassis Capabilities", nullptr, data_fields<chassis_capabilities>},
      {chassis, 0x01, "Get Chassis Status", nullptr, data_fields<chassis_status>},
      {chassis, 0x02, "Chassis Control", data_fields<chassis_control>},
      {chassis, 0x03, "Chassis Reset"},
      {chassis, 0x04, "Chassis Identify"},
      {chassis, 0x06, "Set Power Restore Policy"},
      {chassis, 0x07, "Get System Restart Cause"},
      {chassis, 0x08, "Set System Boot Options", data_fields<set_boot_option>},
      {chassis, 0x09, "Get System Boot Options", data_fields<get_boot_option>, data_fields<boot_option>},
      {chassis, 0x0f, "Get POH Counter"},
      {bridge, 0x00, "Get Bridge State"},
      {sensor, 0x02, "Platform Event Message"},
      {sensor, 0x20, "Get Device SDR Info"},
      {sensor, 0x21, "Get Device SDR"},
      {sensor, 0x22, "Reserve Device SDR Repository"},
      {sensor, 0x27, "Get Sensor Threshold"},
      {sensor, 0x2d, "Get Sensor Reading"},
      {app, 0x01, "Get Device ID", nullptr, data_fields<device_id>},
      {app, 0x02, "Cold Reset"},
      {app, 0x03, "Warm Reset"},
      {app, 0x04, "Get Self Test Results", nullptr, data_fields<self_test>},
      {app, 0x08, "Get Device GUID", nullptr, data_fields<rmcpp::wire::system_guid_response>},
      {app, 0x22, "Reset Watchdog Timer"},
      {app, 0x24, "Set Watchdog Timer"},
      {app, 0x25, "Get Watchdog Timer"},
      {app, 0x33, "Get Message"},
      {app, 0x34, "Send Message"},
      {app, 0x37, "Get System GUID", nullptr, data_fields<rmcpp::wire::system_guid_response>},
      {app, 0x38, "Get Channel Authentication Capabilities", data_fields<rmcpp::wire::channel_auth_request>,
       data_fields<rmcpp::wire::channel_auth_response>},
      {app, 0x39, "Get Session Challenge"},
      {app, 0x3a, "Activate Session"},
      {app, 0x3b, "Set Session Privilege Level", data_fields<rmcpp::wire::session_privilege>,
       data_fields<rmcpp::wire::session_privilege>},
      {app, 0x3c, "Close Session", data_fields<rmcpp::wire::close_session_request>},
      {app, 0x3d, "Get Session Info", data_fields<rmcpp::wire::session_info_request>,
       data_fields<rmcpp::wire::session_info_response>},
      {app, 0x40, "Set Channel Access"},
      {app, 0x41, "Get Channel Access", data_fields<channel_access_request>, data_fields<channel_access>},
      {app, 0x42, "Get Channel Info", data_fields<channel_info_request>, data_fields<channel_info>},
      {app, 0x43, "Set User Access"},
      {app, 0x44, "Get User Access"},
      {app, 0x45, "Set User Name"},
      {app, 0x46, "Get User Name"},
      {app, 0x47, "Set User Password"},
      {app, 0x48, "Activate Payload"},
      {app, 0x49, "Deactivate Payload"},
      {app, 0x4a, "Get Payload Activation Status"},
      {app, 0x4b, "Get Payload Instance Info"},
      {app, 0x4e, "Get Channel Payload Support"},
      {app, 0x52, "Master Write-Read"},
      {app, 0x54, "Get Channel Cipher Suites", data_fields<rmcpp::wire::cipher_suites_request>,
       data_fields<rmcpp::wire::cipher_suites_response>},
      {app, 0x55, "Suspend/Resume Payload Encryption"},
      {app, 0x56, "Set Channel Security Keys"},
      {storage, 0x10, "Get FRU Inventory Area Info"},
      {storage, 0x11, "Read FRU Data"},
      {storage, 0x12, "Write FRU Data"},
      {storage, 0x20, "Get SDR Repository Info"},
      {storage, 0x22, "Reserve SDR Repository"},
      {storage, 0x23, "Get SDR"},
      {storage, 0x40, "Get SEL Info"},
      {storage, 0x42, "Reserve SEL"},
      {storage, 0x43, "Get SEL Entry"},
      {storage, 0x47, "Clear SEL"},
      {storage, 0x48, "Get SEL Time"},
      {transport, 0x01, "Set LAN Configuration Parameters"},
      {transport, 0x02, "Get LAN Configuration Parameters"},
      {transport, 0x21, "Set SOL Configuration Parameters"},
      {transport, 0x22, "Get SOL Configuration Parameters"},
  };
  for (const auto& c : all)
    if (c.fn == fn && c.code == code) return &c;
  return nullptr;
}

/// "Get Device ID", or "App command 99h" for one without a name here.
inline std::string command_text(rmcpp::net_fn fn, std::uint8_t code) {
  if (const auto* c = find_command(fn, code)) return c->name;
  return describe(fn) + " command " + rmcpp::wire::hex({&code, 1}) + 'h';
}

}  // namespace examples
