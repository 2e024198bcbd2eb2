// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/wire/lan_message.hpp>

namespace rmcpp {

/// A command for the BMC.
struct request {
  net_fn fn = net_fn::app;
  std::uint8_t lun = 0;
  std::uint8_t code = 0;
  bytes data{};                         ///< at most 255 bytes
  instant deadline = instant::never();  ///< after it the request ends with timed_out, whatever tries are left
  std::uint8_t tries = 0;               ///< 0: as the console's retry policy says
};

/// Names a submitted request. Stale ones are recognised by the generation.
struct request_id {
  std::uint8_t slot = 0xff;
  std::uint8_t generation = 0;
  friend constexpr bool operator==(request_id, request_id) noexcept = default;
};

}  // namespace rmcpp
