// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/errc.hpp>

#include <cstddef>

namespace rmcpp {

/// What poll_transmit() wrote, and where it goes. True only if there is something to send:
/// `while (const auto n = machine.poll_transmit(out, now)) send(first n.size bytes of out);`
template <class Peer = void> struct outgoing {
  std::size_t size = 0;   ///< bytes in the caller's buffer; 0: nothing to send
  errc error = errc::ok;  ///< why nothing could be written; ok: there is nothing
  Peer to{};

  constexpr explicit operator bool() const noexcept { return size != 0; }
};

/// A console's, whose peer is the one BMC.
template <> struct outgoing<void> {
  std::size_t size = 0;
  errc error = errc::ok;

  constexpr explicit operator bool() const noexcept { return size != 0; }
};

}  // namespace rmcpp
