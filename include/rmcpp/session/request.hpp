// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/wire/lan_message.hpp>

namespace rmcpp {

/// What a console asks and a BMC's handler is asked: a command and its data. Its form on the wire is wire::lan_request,
/// and that of the answer (response.hpp) wire::lan_response.
struct request {
  net_fn fn = net_fn::app;
  std::uint8_t lun = 0;
  std::uint8_t command = 0;
  /// At most 255 bytes. For a handler a view into the datagram: gone when handle() returns.
  bytes data{};
  /// Of a console's request: after it the request ends with deadline_passed, whatever tries are left.
  instant deadline = instant::never();
  /// Of a console's request: how often it may be sent. 0: as the console's retry policy says.
  std::uint8_t tries = 0;
};

/// Names a submitted request. Stale ones are recognised by the generation.
struct request_id {
  std::uint8_t slot = 0xff;
  std::uint8_t generation = 0;
  friend constexpr bool operator==(request_id, request_id) noexcept = default;
};

}  // namespace rmcpp
