// SPDX-License-Identifier: BSL-1.0
// The commands that begin an IPMI v1.5 session, as ipmitool, FreeIPMI and ipmi_sim sent them.
#include <rmcpp/wire/session_challenge.hpp>

#include <rmcpp/wire/datagram.hpp>
#include <rmcpp/wire/lan_message.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

template <message M> M decoded(bytes data) {
  const auto m = decode<M>(data);
  REQUIRE(m);
  std::array<std::uint8_t, 32> again{};
  const auto n = encode(*m, again);
  REQUIRE(n);
  CHECK(to_hex(bytes(again).first(*n)) == to_hex(data));
  for (std::size_t k = 0; k < data.size(); ++k) CHECK(decode<M>(data.first(k)).error() == errc::truncated);
  return *m;
}

}  // namespace

TEST_CASE("each Get Session Challenge and Activate Session of the captures decodes, and encodes to the same bytes",
          "[wire][session_challenge][trace]") {
  for (const auto* file :
       {"ipmi_sim.ipmitool-lan.MD5", "ipmi_sim.ipmi-chassis-LAN.MD5", "ipmi_sim.ipmi-chassis-LAN.MD2"}) {
    CAPTURE(file);
    session_challenge_response challenge;
    activate_session_request asked;
    int messages = 0;
    for (const auto& d : load_capture(file)) {
      exact_bytes data(d.data);
      const auto packet = look(data);
      if (!packet || packet->format != packet_format::v15) continue;
      const auto rq = decode<lan_request>(packet->payload());
      const auto rs = decode<lan_response>(packet->payload());
      const bool response = packet->payload().size() > 1 && net_fn_lun{packet->payload()[1]}.is_response();
      const auto command = response ? rs->command : rq->command;
      if (command != app::get_session_challenge && command != app::activate_session) continue;
      ++messages;
      if (command == app::get_session_challenge && !response) {
        const auto m = decoded<session_challenge_request>(rq->data);
        CHECK((m.type == auth_type::md5 || m.type == auth_type::md2));
        CHECK(m.name[0] != 0);
      } else if (command == app::get_session_challenge) {
        challenge = decoded<session_challenge_response>(rs->data);
        CHECK(challenge.temporary_id != session_id::none);
      } else if (!response) {
        asked = decoded<activate_session_request>(rq->data);
        CHECK(asked.challenge == challenge.challenge);
        CHECK(packet->id == challenge.temporary_id);
        CHECK(packet->sequence == 0);
        CHECK(asked.first_to_console != 0);
      } else {
        const auto m = decoded<activate_session_response>(rs->data);
        CHECK(m.id != session_id::none);
        CHECK(m.type == asked.type);
        CHECK(m.level == asked.level);
      }
    }
    CHECK(messages == 4);
  }
}
