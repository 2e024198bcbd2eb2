// SPDX-License-Identifier: BSL-1.0
#include "../../examples/support/chassis.hpp"

#include "support/catch.hpp"

using namespace rmcpp;
namespace cmd = examples::cmd;

TEST_CASE("what acts on the machine must not run twice, what reads may") {
  struct row {
    net_fn fn;
    std::uint8_t command;
    std::vector<std::uint8_t> data;
    bool once;
  };
  const row rows[] = {
      {net_fn::chassis, cmd::chassis_control, {0x00}, true},  // off
      {net_fn::chassis, cmd::chassis_control, {0x01}, true},
      {net_fn::chassis, cmd::chassis_control, {0x02}, true},  // cycle
      {net_fn::chassis, cmd::chassis_control, {0x03}, true},
      {net_fn::chassis, cmd::chassis_control, {0x05}, true},
      {net_fn::chassis, cmd::chassis_identify, {15}, true},
      {net_fn::chassis, cmd::set_boot_options, {0x03, 0x1f}, true},
      {net_fn::chassis, cmd::get_boot_options, {0x05, 0, 0}, false},
      {net_fn::chassis, cmd::get_chassis_status, {}, false},
      {net_fn::chassis, cmd::get_chassis_capabilities, {}, false},
      {net_fn::app, cmd::get_device_id, {}, false},
      {net_fn::app, cmd::get_channel_info, {0x0e}, false},
  };
  for (const auto& r : rows) {
    CAPTURE(int(r.fn), int(r.command));
    examples::chassis chassis(guid{});
    std::array<std::uint8_t, 64> room{};
    response_writer w(room);
    CHECK(chassis.handle({.fn = r.fn, .command = r.command, .data = r.data}, {.level = privilege::administrator}, w) ==
          handled::done);
    CHECK(w.code() == completion_code::ok);
    CHECK(w.once() == r.once);
  }
}
