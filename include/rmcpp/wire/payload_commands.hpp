// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/session_v2.hpp>

/// \file
/// The App commands that steer an RMCP+ session's payloads: data of the request.

namespace rmcpp::wire {

/// Get Channel Payload Support, App 4Eh (IPMI v2.0, 24.8): request.
struct payload_support_request {
  std::uint8_t channel = 0x0e;  ///< bits 3:0

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("channel", m.channel, 0x0f);
  }
};

/// Its response, 8 bytes: which payload types there are, one bit each.
struct payload_support_response {
  std::uint16_t standard = 0;       ///< bit n: type n
  std::uint16_t session_setup = 0;  ///< bit n: type 10h + n
  std::uint16_t oem = 0;            ///< bit n: type 20h + n

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.le16("standard", m.standard);
    io.le16("session_setup", m.session_setup);
    io.le16("oem", m.oem);
    io.reserved(2);
  }
};

/// Request of Suspend/Resume Payload Encryption, App 55h (IPMI v2.0, 24.3), 3 bytes.
struct payload_encryption_request {
  payload_type payload{};      ///< bits 5:0
  std::uint8_t instance = 0;   ///< bits 3:0
  std::uint8_t operation = 0;  ///< bits 4:0: 0 suspend, 1 resume, 2 a new initialisation vector (xRC4)

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.low_bits("payload", m.payload, 0x3f);
    io.low_bits("instance", m.instance, 0x0f);
    io.low_bits("operation", m.operation, 0x1f);
  }
};

}  // namespace rmcpp::wire
