// SPDX-License-Identifier: BSL-1.0
// A BMC that speaks IPMI v1.5 beside RMCP+, and crafted consoles of either kind.
#pragma once

#include <rmcpp/testing/crafted_console_v15.hpp>

#include "support/bmc_rig.hpp"

namespace rmcpp::test {

struct v15_traits : test_bmc_traits {
  static constexpr bool v15 = true;
};
/// What the backends of the matrix have; MD2 is only null_backend's.
template <backend B = bmc_backend, class Traits = v15_traits> using v15_rig = bmc_rig<B, Traits>;
using null_v15_rig = v15_rig<null_backend>;

inline constexpr auth_type every_auth_type[] = {auth_type::none, auth_type::md2, auth_type::md5,
                                                auth_type::straight_password};

/// default_bmc() with every type, or those.
inline bmc_options v15_bmc(auth_type_list types = {auth_type::md5, auth_type::md2, auth_type::straight_password,
                                                   auth_type::none}) {
  bmc_options o = default_bmc();
  o.v15.types = types;
  return o;
}

/// A crafted console of a rig, on the console's backend.
template <class Rig> struct v15_console : crafted_console_v15<peer_backend_t<typename Rig::backend_type>> {
  explicit v15_console(Rig& r, auth_type wanted = auth_type::md5, const test_peer& peer = console_peer)
      : crafted_console_v15<peer_backend_t<typename Rig::backend_type>>(
            [&r](const test_peer& sender, bytes d) { return r.ask(sender, d); }, wanted, peer) {}
};

/// Whether a datagram is dropped without a trace.
template <class Rig> bool dropped(Rig& r, const test_peer& from, bytes datagram) {
  const auto before = r.tables();
  const auto events = r.events.size();
  const auto commands = r.handler().commands.size();
  const bool silent = r.ask(from, datagram).empty();
  return silent && is_drop(r.last) && r.tables() == before && r.events.size() == events &&
         r.handler().commands.size() == commands;
}

}  // namespace rmcpp::test
