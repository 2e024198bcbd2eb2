// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <rmcpp/rmcpp.hpp>

#include "device_commands.hpp"

/// \file
/// A simulated chassis: the BMC's command handler. It shows what a handler does with each command: find it, check the
/// session's privilege, decode the request, act, put the response.

namespace examples {

class chassis {
 public:
  explicit chassis(const rmcpp::guid& guid) noexcept : guid_(guid) {}

  /// Lets time pass: power that was told to change does so.
  void advance(rmcpp::instant now) noexcept {
    now_ = now;
    if (now < next_change_) return;
    next_change_ = rmcpp::instant::never();
    set_power(power_after_);
  }
  /// When advance() has something to do.
  [[nodiscard]] rmcpp::instant poll_timeout() const noexcept { return next_change_; }
  [[nodiscard]] bool is_on() const noexcept { return on_; }
  /// Get Channel Info tells how many sessions there are, which only the BMC knows.
  void set_sessions(std::size_t n) noexcept { sessions_ = static_cast<std::uint8_t>(n < 0x3f ? n : 0x3f); }

  rmcpp::handled handle(const rmcpp::request& rq, const rmcpp::session_info& session,
                        rmcpp::response_writer& rs) noexcept {
    for (const entry& known : commands) {
      if (known.fn != rq.fn || known.code != rq.command) continue;
      if (rq.lun != 0) {
        rs.fail(completion_code::invalid_for_lun);
      } else if (session.level < known.least) {
        rs.fail(completion_code::insufficient_privilege);
      } else {
        if (known.repeat == on_repeat::answer_again) rs.run_once();
        (this->*known.run)(rq.data, rs);
      }
      return rmcpp::handled::done;
    }
    rs.fail(completion_code::invalid_command);
    return rmcpp::handled::done;
  }

 private:
  using completion_code = rmcpp::completion_code;
  using privilege = rmcpp::privilege;
  using net_fn = rmcpp::net_fn;
  using writer = rmcpp::response_writer;

  /// What to do with a request that comes again because its answer was lost. What acts on the machine must not act
  /// again, for by then another's order may lie between the two; what only reads may as well read anew.
  enum class on_repeat : std::uint8_t { run_again, answer_again };

  struct entry {
    net_fn fn;
    std::uint8_t code;
    privilege least;  ///< who may run it (IPMI v2.0, appendix G)
    void (chassis::*run)(rmcpp::bytes data, writer& rs) noexcept;
    on_repeat repeat = on_repeat::run_again;
  };
  static const std::array<entry, 11> commands;

  // ---- device ----

  void get_device_id(rmcpp::bytes, writer& rs) noexcept {
    static constexpr std::array<std::uint8_t, 4> auxiliary{};
    rs.put(device_id{.id = 0x20,
                     .revision = 1,
                     .firmware_major = 0,
                     .firmware_minor = 0x10,
                     .ipmi_version = 0x02,
                     .support = device_id::support_chassis,
                     .product = 1,
                     .auxiliary = rmcpp::bounded<16>(auxiliary)});
  }
  void get_self_test_results(rmcpp::bytes, writer& rs) noexcept { rs.put(self_test{}); }
  void get_device_guid(rmcpp::bytes, writer& rs) noexcept { rs.put(rmcpp::bytes(guid_)); }

  void get_channel_info(rmcpp::bytes data, writer& rs) noexcept {
    const auto rq = rmcpp::wire::decode<channel_info_request>(data);
    if (!rq) return rs.fail(completion_code::length_invalid);
    if (!is_lan(rq->channel)) return rs.fail(completion_code::invalid_field);
    rs.put(channel_info{.sessions = static_cast<std::uint8_t>(0x80 | sessions_)});
  }
  void get_channel_access(rmcpp::bytes data, writer& rs) noexcept {
    const auto rq = rmcpp::wire::decode<channel_access_request>(data);
    if (!rq) return rs.fail(completion_code::length_invalid);
    const bool known = rq->which == 0x40 || rq->which == 0x80;
    if (!is_lan(rq->channel) || !known) return rs.fail(completion_code::invalid_field);
    rs.put(channel_access{});
  }
  static bool is_lan(std::uint8_t channel) noexcept { return channel == 1 || channel == rmcpp::wire::this_channel; }

  // ---- power ----

  void get_chassis_capabilities(rmcpp::bytes, writer& rs) noexcept { rs.put(chassis_capabilities{}); }

  void get_chassis_status(rmcpp::bytes, writer& rs) noexcept {
    static constexpr std::array<std::uint8_t, 1> no_button_disabled{};
    rs.put(chassis_status{.power = on_ ? chassis_status::power_on : std::uint8_t{0},
                          .last_event = commanded_ ? chassis_status::event_by_command : std::uint8_t{0},
                          .buttons = rmcpp::bounded<8>(no_button_disabled)});
  }

  void control(rmcpp::bytes data, writer& rs) noexcept {
    const auto rq = rmcpp::wire::decode<chassis_control>(data);
    if (!rq) return rs.fail(completion_code::length_invalid);
    next_change_ = rmcpp::instant::never();  // a new order replaces what was still to come
    switch (rq->action) {
      case power_action::off: return set_power(false);
      case power_action::on: commanded_ = commanded_ || !on_; return set_power(true);
      case power_action::reset: return set_power(true);  // of a chassis that is off: starts it, as OpenBMC does
      case power_action::cycle:
        if (!on_) return rs.fail(completion_code::not_supported_in_state);
        commanded_ = true;
        set_power(false);
        return set_power_later(true);
      case power_action::diagnostic: return on_ ? void() : rs.fail(completion_code::not_supported_in_state);
      case power_action::soft: return on_ ? set_power_later(false) : void();  // the operating system takes its time
    }
    rs.fail(completion_code::invalid_field);
  }
  void set_power(bool on) noexcept { on_ = on; }
  void set_power_later(bool on) noexcept {
    power_after_ = on;
    next_change_ = now_ + rmcpp::milliseconds{500};
  }

  void identify(rmcpp::bytes data, writer& rs) noexcept {
    if (data.size() > 2) rs.fail(completion_code::length_invalid);  // there is no light to switch on
  }

  // ---- boot options ----

  struct parameter {
    std::uint8_t number;
    std::uint8_t size;
    std::uint8_t mark = 0;  ///< boot_parameter::invalid or 0
    std::array<std::uint8_t, 16> value{};
  };

  parameter* find(std::uint8_t number) noexcept {
    for (auto& p : parameters_)
      if (p.number == number) return &p;
    return nullptr;
  }

  /// A parameter that was never set reads as zeros: provisioning tools ask before they set, and give up on an error.
  void get_boot_options(rmcpp::bytes data, writer& rs) noexcept {
    const auto rq = rmcpp::wire::decode<get_boot_option>(data);
    if (!rq) return rs.fail(completion_code::length_invalid);
    const parameter* const p = find(rq->parameter);
    if (!p) return rs.fail(parameter_not_supported);
    rs.put(boot_option{.parameter = static_cast<std::uint8_t>(p->mark | p->number),
                       .value = *rmcpp::bounded<16>::from(rmcpp::bytes(p->value).first(p->size))});
  }

  void set_boot_options(rmcpp::bytes data, writer& rs) noexcept {
    const auto rq = rmcpp::wire::decode<set_boot_option>(data);
    if (!rq) return rs.fail(completion_code::length_invalid);
    parameter* const p = find(rq->parameter & 0x7f);
    if (!p) return rs.fail(parameter_not_supported);
    if (!rq->value.empty() && rq->value.size() != p->size) return rs.fail(completion_code::length_invalid);
    p->mark = rq->parameter & boot_parameter::invalid;
    if (rq->value.empty()) return;
    const auto from = rq->value.padded();
    if (p->number == boot_parameter::acknowledge) {
      // A mask of the bits to change, then the bits; the mask reads as 0.
      p->value[1] = static_cast<std::uint8_t>((p->value[1] & ~from[0]) | (from[1] & from[0]));
    } else if (p->number == boot_parameter::set_in_progress) {
      constexpr std::uint8_t commit = 2;
      p->value[0] = from[0] == commit ? p->value[0] : from[0];  // every write takes effect at once
    } else {
      p->value = from;
    }
  }
  static constexpr completion_code parameter_not_supported{0x80};

  rmcpp::guid guid_;
  bool on_ = true;
  bool power_after_ = true;
  bool commanded_ = false;
  std::uint8_t sessions_ = 0;
  rmcpp::instant now_{};
  rmcpp::instant next_change_ = rmcpp::instant::never();
  std::array<parameter, 7> parameters_{{
      {boot_parameter::set_in_progress, 1},
      {1, 1},  // service partition selector
      {2, 1},  // service partition scan
      {boot_parameter::valid_bit_clearing, 1},
      {boot_parameter::acknowledge, 2},
      {boot_parameter::flags, 5},
      {6, 9},  // boot initiator
  }};
};

inline constexpr std::array<chassis::entry, 11> chassis::commands{{
    {net_fn::app, cmd::get_device_id, privilege::user, &chassis::get_device_id},
    {net_fn::app, cmd::get_self_test_results, privilege::user, &chassis::get_self_test_results},
    {net_fn::app, cmd::get_device_guid, privilege::user, &chassis::get_device_guid},
    {net_fn::app, cmd::get_channel_info, privilege::user, &chassis::get_channel_info},
    {net_fn::app, cmd::get_channel_access, privilege::user, &chassis::get_channel_access},
    {net_fn::chassis, cmd::get_chassis_capabilities, privilege::user, &chassis::get_chassis_capabilities},
    {net_fn::chassis, cmd::get_chassis_status, privilege::user, &chassis::get_chassis_status},
    {net_fn::chassis, cmd::chassis_control, privilege::operator_, &chassis::control, on_repeat::answer_again},
    {net_fn::chassis, cmd::chassis_identify, privilege::operator_, &chassis::identify, on_repeat::answer_again},
    {net_fn::chassis, cmd::set_boot_options, privilege::operator_, &chassis::set_boot_options, on_repeat::answer_again},
    {net_fn::chassis, cmd::get_boot_options, privilege::operator_, &chassis::get_boot_options},
}};

}  // namespace examples
