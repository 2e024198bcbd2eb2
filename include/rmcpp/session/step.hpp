// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <cstdint>

/// \file
/// A machine is made of parts. A part is given a context, references to what it may use for one datagram, and returns a
/// step; it never calls the machine, and names none of its states, triggers and events. One function of the machine
/// acts on steps: it finds the row of the transition table (transitions.hpp) that a step means where the machine
/// stands.

namespace rmcpp::detail {

/// What a part made of a datagram or a deadline.
enum class step_kind : std::uint8_t {
  stay,      ///< nothing: it was answered, remembered or dropped
  again,     ///< where it was, with another question to ask now
  next,      ///< one message further
  restart,   ///< back to the part's beginning
  done,      ///< at its end
  failed,    ///< it ended without success
  farewell,  ///< likewise, and the peer is told before the end
};

/// How far a login has come at the BMC.
enum class login_stage : std::uint8_t {
  none,    ///< no record
  opened,  ///< Open Session Request or Get Session Challenge seen: the console's return path is unproven
  proven,  ///< RAKP 1 quoted our session id from the same address
  active,  ///< RAKP 3 or Activate Session verified: a session
};

}  // namespace rmcpp::detail
