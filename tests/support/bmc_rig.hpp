// SPDX-License-Identifier: BSL-1.0
// A BMC by itself, and crafted consoles that talk to it.
#pragma once

#include <rmcpp/rmcpp.hpp>
#include <rmcpp/testing/crafted_console.hpp>

#include "support/chosen_backend.hpp"
#include "support/hex.hpp"

namespace rmcpp::test {

using namespace wire;
using namespace core;
using namespace crypto;

using namespace testing;

/// A BMC, its clock, and what became of the datagrams fed. Datagrams and replies lie in blocks of exactly their size.
template <backend B = bmc_backend, class Traits = test_bmc_traits> struct bmc_rig {
  using backend_type = B;
  using machine = bmc<bmc_setup<B, Traits>>;
  using event = bmc_event<test_peer>;
  using kind = typename event::kind;

  explicit bmc_rig(const bmc_options& o = default_bmc()) : managed(bmc_setup<B, Traits>{}, o) {}

  machine managed;
  instant now{1'000'000};
  errc last = errc::ok;         ///< of the last datagram
  std::vector<event> events{};  ///< drained after every call here
  bool drains = true;

  octets ask(const test_peer& from, bytes datagram) {
    test::exact_bytes in(datagram);
    test::exact_bytes reply(machine::max_datagram);
    const auto n = managed.feed(from, in, reply, now);
    last = n.error();
    drain();
    return to_octets(bytes(reply).first(n ? *n : 0));
  }
  void drain() {
    if (!drains) return;
    while (const auto e = managed.next_event()) events.push_back(e);
  }
  void wait(std::uint32_t ms) {
    now = now + milliseconds{ms};
    managed.handle_timeout(now);
    drain();
  }
  [[nodiscard]] auto& setup() { return managed.config(); }
  [[nodiscard]] auto& handler() { return managed.config().handler; }
  [[nodiscard]] std::size_t count(kind k) const {
    std::size_t n = 0;
    for (const auto& e : events) n += e.type == k ? 1 : 0;
    return n;
  }
  /// Sessions, opened and proven logins, to compare before and after.
  [[nodiscard]] std::array<std::size_t, 3> tables() const {
    return {managed.active_sessions(), managed.opened_logins(), managed.proven_logins()};
  }
};

/// Whether a reply to RAKP 1 or RAKP 3 says that there is no such login: 8 bytes, status 02h, SIDm 0.
inline bool refused_as_unknown(const octets& reply) {
  const auto m = decode<rakp4>(payload_of(reply));
  return reply.size() == payload_v2 + 8 && m && m->status == rakp_status::invalid_session_id &&
         m->console_id == session_id::none;
}

/// A crafted console of a rig, on the console's backend.
template <class Rig> struct rig_console : crafted_console<peer_backend_t<typename Rig::backend_type>> {
  explicit rig_console(Rig& r, std::uint8_t suite_id = 3, const test_peer& peer = console_peer)
      : crafted_console<peer_backend_t<typename Rig::backend_type>>(
            [&r](const test_peer& sender, bytes d) { return r.ask(sender, d); }, suite_id, peer) {}
};

/// The little-endian bytes of a session id.
inline octets id_bytes(session_id id) {
  octets out(4);
  store_le32(out.data(), to_integer(id));
  return out;
}

}  // namespace rmcpp::test
