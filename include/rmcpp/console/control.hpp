// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/context.hpp>
#include <rmcpp/wire/session_commands.hpp>

namespace rmcpp::detail {

/// A console's own commands within its session, one at a time: Set Session Privilege Level (IPMI v2.0, 22.18), with
/// which a session begins, Get Device ID, which keeps it alive and finds out whether anybody is there, and Close
/// Session (22.19). It knows no timer and no state.
class console_control {
 public:
  template <class Context> void begin(const Context& c, std::uint8_t command) noexcept {
    command_ = command;
    sequence_ = c.sequences.draw(c.now);
    size_ = 0;
    busy_ = completion_code::ok;
    if (command == wire::app::set_session_privilege) {
      data_[0] = static_cast<std::uint8_t>(c.options.level);
      size_ = 1;
    } else if (command == wire::app::close_session) {
      core::store_le32(data_.data(), to_integer(c.link.peer_id()));
      size_ = 4;
    }
  }

  /// The command; a view into this object.
  [[nodiscard]] wire::lan_request message() const noexcept {
    return {.target = wire::net_fn_lun::request(net_fn::app),
            .sequence = wire::seq_lun::of(sequence_),
            .command = command_,
            .data = bytes(data_).first(size_)};
  }
  [[nodiscard]] bool begins_session() const noexcept { return command_ == wire::app::set_session_privilege; }
  [[nodiscard]] bool says_goodbye() const noexcept { return command_ == wire::app::close_session; }
  [[nodiscard]] bool is_answer(const wire::lan_response& rs) const noexcept {
    return rs.target.fn() == net_fn::app && rs.command == command_ && rs.sequence.sequence() == sequence_ &&
           rs.responder == wire::bmc_address;
  }
  /// Takes its answer. Sets `level` to what was granted; a BMC that does not say grants what was asked. Stay: the BMC
  /// is busy, and the command is to be repeated.
  console_step take(const wire::lan_response& rs, privilege& level) noexcept {
    if (!begins_session()) return {.kind = step_kind::done};
    busy_ = rs.code;
    if (means_later(rs.code)) return {};
    if (rs.code != completion_code::ok) return refusal();
    level = static_cast<privilege>((rs.data.empty() ? data_[0] : rs.data[0]) & 0x0f);
    return {.kind = step_kind::done};
  }
  /// Whether all that came of Set Session Privilege Level was that it must be repeated.
  [[nodiscard]] bool was_busy() const noexcept { return busy_ != completion_code::ok; }
  /// The session exists all the same, so it is closed before the failure is told.
  [[nodiscard]] console_step refusal() const noexcept {
    return {step_kind::farewell, static_cast<std::uint8_t>(busy_), errc::refused_privilege};
  }
  template <class Sink> void describe_state(Sink& sink) const {
    sink("command", command_);
    sink("sequence", sequence_);
    sink("busy", busy_);
    sink("data", bytes(data_).first(size_));
  }

 private:
  std::array<std::uint8_t, 4> data_{};
  std::uint8_t size_ = 0;
  std::uint8_t command_ = 0;
  completion_code busy_{};     ///< what the last answer said
  std::uint8_t sequence_ = 0;  ///< rqSeq
};

}  // namespace rmcpp::detail
