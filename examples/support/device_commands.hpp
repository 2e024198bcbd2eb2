// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>

/// \file
/// Commands of the device and its chassis as messages, written like the library's own: one layout in wire order, which
/// rmcpp::wire::encode, decode and dump all run. A response is what follows its completion code.

namespace examples {

/// Command numbers (IPMI v2.0, appendix G).
namespace cmd {
inline constexpr std::uint8_t get_chassis_capabilities = 0x00;
inline constexpr std::uint8_t get_chassis_status = 0x01;
inline constexpr std::uint8_t chassis_control = 0x02;
inline constexpr std::uint8_t chassis_identify = 0x04;
inline constexpr std::uint8_t set_boot_options = 0x08;
inline constexpr std::uint8_t get_boot_options = 0x09;
inline constexpr std::uint8_t get_device_id = 0x01;
inline constexpr std::uint8_t get_self_test_results = 0x04;
inline constexpr std::uint8_t get_device_guid = 0x08;
inline constexpr std::uint8_t get_channel_access = 0x41;
inline constexpr std::uint8_t get_channel_info = 0x42;
}  // namespace cmd

/// Response of Get Device ID, App 01h (IPMI v2.0, 20.1).
struct device_id {
  static constexpr std::uint8_t support_chassis = 0x80;  ///< bit of `support`

  std::uint8_t id = 0;
  std::uint8_t revision = 0;        ///< bit 7: provides SDRs; bits 3:0: revision
  std::uint8_t firmware_major = 0;  ///< bit 7: device not available; bits 6:0: revision
  std::uint8_t firmware_minor = 0;  ///< BCD
  std::uint8_t ipmi_version = 0;    ///< BCD, digits swapped: 02h is 2.0, 51h is 1.5
  std::uint8_t support = 0;         ///< bit 7 chassis .. bit 0 sensors
  std::uint32_t manufacturer = 0;   ///< IANA number, 20 bits; 0 unspecified
  std::uint16_t product = 0;
  rmcpp::bounded<16> auxiliary{};  ///< 4 bytes, or absent

  [[nodiscard]] constexpr unsigned version_major() const noexcept { return ipmi_version & 0x0f; }
  [[nodiscard]] constexpr unsigned version_minor() const noexcept { return ipmi_version >> 4; }

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("id", m.id);
    io.u8("revision", m.revision);
    io.u8("firmware_major", m.firmware_major);
    io.u8("firmware_minor", m.firmware_minor);
    io.u8("ipmi_version", m.ipmi_version);
    io.u8("support", m.support);
    io.le24("manufacturer", m.manufacturer);
    io.le16("product", m.product);
    io.rest("auxiliary", m.auxiliary);
  }
};

/// Response of Get Self Test Results, App 04h (IPMI v2.0, 20.4).
struct self_test {
  static constexpr std::uint8_t passed = 0x55;

  std::uint8_t verdict = passed;
  std::uint8_t detail = 0;

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("verdict", m.verdict);
    io.u8("detail", m.detail);
  }
};

/// Response of Get Chassis Capabilities, Chassis 00h (IPMI v2.0, 28.1): what there is, and on which device.
struct chassis_capabilities {
  std::uint8_t flags = 0;
  std::uint8_t fru_device = 0x20;
  std::uint8_t sdr_device = 0x20;
  std::uint8_t sel_device = 0x20;
  std::uint8_t management_device = 0x20;

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("flags", m.flags);
    io.u8("fru_device", m.fru_device);
    io.u8("sdr_device", m.sdr_device);
    io.u8("sel_device", m.sel_device);
    io.u8("management_device", m.management_device);
  }
};

/// Response of Get Chassis Status, Chassis 01h (IPMI v2.0, 28.2).
struct chassis_status {
  static constexpr std::uint8_t power_on = 0x01;          ///< bit of `power`
  static constexpr std::uint8_t event_by_command = 0x10;  ///< bit of `last_event`

  std::uint8_t power = 0;       ///< bit 0 on, 1 overload, 2 interlock, 3 fault, 4 control fault, 6:5 restore policy
  std::uint8_t last_event = 0;  ///< why power last changed
  std::uint8_t misc = 0;        ///< bit 0 intrusion, 1 lockout, 2 drive fault, 3 cooling fault
  rmcpp::bounded<8> buttons{};  ///< optional byte: bits 3:0 disabled, 7:4 may be disabled: power, reset, diag, sleep

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("power", m.power);
    io.u8("last_event", m.last_event);
    io.u8("misc", m.misc);
    io.rest("buttons", m.buttons);
  }
};

/// Chassis Control's one byte (IPMI v2.0, 28.3).
enum class power_action : std::uint8_t { off = 0, on = 1, cycle = 2, reset = 3, diagnostic = 4, soft = 5 };

/// Request of Chassis Control, Chassis 02h.
struct chassis_control {
  power_action action{};  ///< bits 3:0

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("action", m.action, 0x0f);
  }
};

/// Numbers of boot option parameters (IPMI v2.0, table 28-14).
namespace boot_parameter {
inline constexpr std::uint8_t set_in_progress = 0;
inline constexpr std::uint8_t valid_bit_clearing = 3;
inline constexpr std::uint8_t acknowledge = 4;
inline constexpr std::uint8_t flags = 5;
inline constexpr std::uint8_t invalid = 0x80;  ///< bit of the parameter byte: marked invalid or locked
}  // namespace boot_parameter

/// Request of Set System Boot Options, Chassis 08h (IPMI v2.0, 28.12). Its response is empty.
struct set_boot_option {
  std::uint8_t parameter = 0;  ///< bit 7: mark invalid; bits 6:0: number
  rmcpp::bounded<16> value{};  ///< empty: only the mark changes

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("parameter", m.parameter);
    io.rest("value", m.value);
  }
};

/// Request of Get System Boot Options, Chassis 09h (IPMI v2.0, 28.13).
struct get_boot_option {
  std::uint8_t parameter = 0;  ///< bits 6:0
  std::uint8_t set = 0;
  std::uint8_t block = 0;

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("parameter", m.parameter, 0x7f);
    io.u8("set", m.set);
    io.u8("block", m.block);
  }
};

/// Its response.
struct boot_option {
  std::uint8_t version = 0x01;
  std::uint8_t parameter = 0;  ///< as in set_boot_option
  rmcpp::bounded<16> value{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("version", m.version);
    io.u8("parameter", m.parameter);
    io.rest("value", m.value);
  }
};

/// Value of boot option parameter 5.
struct boot_flags {
  static constexpr std::uint8_t valid = 0x80;  ///< bit of `use`; 40h: for all boots, 20h: EFI

  std::uint8_t use = 0;
  std::uint8_t device = 0;  ///< bits 5:2: 0 no override, 1 PXE, 2 disk, 3 safe, 4 diagnostic, 5 CD, 6 setup, 15 floppy

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("use", m.use);
    io.u8("device", m.device);
    io.reserved(3);
  }
};

/// Request of Get Channel Info, App 42h (IPMI v2.0, 22.24).
struct channel_info_request {
  std::uint8_t channel = 0x0e;

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("channel", m.channel, 0x0f);
  }
};

/// Its response. The defaults describe a LAN channel.
struct channel_info {
  std::uint8_t channel = 1;
  std::uint8_t medium = 0x04;    ///< 802.3 LAN
  std::uint8_t protocol = 0x01;  ///< IPMB messages
  std::uint8_t sessions = 0x80;  ///< bits 7:6: 2 multi-session; bits 5:0: how many are active
  std::uint32_t vendor = 7154;   ///< IANA number of the IPMI forum, whose protocol it is
  std::uint16_t auxiliary = 0;

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("channel", m.channel, 0x0f);
    io.low_bits("medium", m.medium, 0x7f);
    io.low_bits("protocol", m.protocol, 0x1f);
    io.u8("sessions", m.sessions);
    io.le24("vendor", m.vendor);
    io.le16("auxiliary", m.auxiliary);
  }
};

/// Request of Get Channel Access, App 41h (IPMI v2.0, 22.23).
struct channel_access_request {
  std::uint8_t channel = 0x0e;
  std::uint8_t which = 0x80;  ///< bits 7:6: 1 non-volatile, 2 in force

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("channel", m.channel, 0x0f);
    io.low_bits("which", m.which, 0xc0);
  }
};

/// Its response.
struct channel_access {
  std::uint8_t mode = 0x22;  ///< bit 5 alerts off; bit 4 per-message authentication off; bits 2:0: 2 always available
  rmcpp::privilege limit = rmcpp::privilege::administrator;

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("mode", m.mode, 0x3f);
    io.low_bits("limit", m.limit, 0x0f);
  }
};

}  // namespace examples
