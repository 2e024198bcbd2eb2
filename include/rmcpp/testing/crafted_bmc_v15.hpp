// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/v15_packet.hpp>
#include <rmcpp/testing/datagram.hpp>
#include <rmcpp/testing/null_backend.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/session_challenge.hpp>
#include <rmcpp/wire/session_commands.hpp>

#include <functional>

/// \file
/// A BMC of IPMI v1.5 by hand, to try a console with: sound until it is told what to get wrong.

namespace rmcpp::testing {

/// Accepts any user with the password. In the session it grants what is asked and echoes the data of every command.
/// What the next answer is made of are members; `before` may change any of them for the command at hand, and `after`
/// may spoil the finished datagram, or withhold it by clear().
template <crypto::backend B = null_backend> struct crafted_bmc_v15 {
  B crypto{};
  user_key password = "secret";
  std::uint8_t offered = 0x17;   ///< bit n: auth type n
  std::uint8_t auth_status = 0;  ///< of Get Channel Authentication Capabilities
  session_id temporary_id{0x11223344};
  session_id id{0x55667788};  ///< of the session
  octets16 challenge{1, 2, 3, 4};
  std::uint32_t first_in = 100;                         ///< number of the console's first packet
  wire::auth_type agreed = wire::auth_type::rmcp_plus;  ///< said in the answer to Activate Session; default: as asked
  bool numbers_again = false;  ///< the first answer in the session is numbered as that to Activate Session

  completion_code code{};         ///< of the next answer
  octets data{};                  ///< and its data
  wire::auth_type type{};         ///< and its authentication type
  std::uint32_t sequence = 0;     ///< and its number; the session's next one stands in `next`
  session_id under{};             ///< and its id
  wire::lan_response response{};  ///< all else
  std::uint32_t next = 0;
  wire::lan_request request{};  ///< what is answered; its data is request_data
  octets request_data{};
  wire::activate_session_request activation{};  ///< the last one
  std::vector<std::uint32_t> numbers{};         ///< of the console's packets in the session

  std::function<void(crafted_bmc_v15&)> before{};
  std::function<void(crafted_bmc_v15&, octets&)> after{};

  /// The answer to the console's datagram. Throws if that is not sound, or its authcode is wrong.
  octets receive(bytes datagram) {
    octets copied = to_octets(datagram);
    const auto packet = value_of(wire::look(copied));
    if (packet.format != wire::packet_format::v15) throw std::runtime_error("not IPMI v1.5");
    if (packet.auth != wire::auth_type::none && code_of(packet) != to_octets(packet.authcode()))
      throw std::runtime_error("the authcode is wrong");
    request = value_of(wire::decode<wire::lan_request>(packet.payload()));
    request_data = to_octets(request.data);
    request.data = request_data;
    answer(packet);
    if (before) before(*this);
    octets d = sealed();
    if (after) after(*this, d);
    return d;
  }
  /// The answer as the members say.
  octets sealed() {
    response.code = code;
    response.data = data;
    const octets message = encoded(response);
    wire::session_v15 header{.type = type, .sequence = sequence, .id = under, .payload = message};
    octets d(wire::payload_at_v15(type) + message.size());
    const auto write = [&] {
      core::writer w(d);
      w.group("rmcp_header", wire::rmcp_header{});
      w.group("session_v15", header);
    };
    write();
    if (type == wire::auth_type::none) return d;
    const octets right = code_of(value_of(wire::look(d)));
    core::copy(right, header.authcode);
    write();
    return d;
  }

 private:
  octets code_of(const wire::seen& packet) {
    secret<16> right;
    if (!protect::v15_code(crypto, packet, password, right)) throw std::runtime_error("no such authcode");
    return to_octets(right.reveal());
  }
  void answer(const wire::seen& packet) {
    response = respond(request, completion_code::ok);
    code = completion_code::ok;
    data.clear();
    type = packet.auth;
    under = packet.id;
    sequence = 0;
    switch (request.command) {
      case wire::app::get_channel_auth_capabilities:
        data = encoded(wire::channel_auth_response{.channel = 1, .auth_types = offered, .auth_status = auth_status});
        break;
      case wire::app::get_session_challenge:
        data = encoded(wire::session_challenge_response{temporary_id, challenge});
        break;
      case wire::app::activate_session: activate(); break;
      default:
        numbers.push_back(packet.sequence);
        sequence = next++;
        data = request_data;
    }
  }
  void activate() {
    activation = value_of(wire::decode<wire::activate_session_request>(request_data));
    sequence = activation.first_to_console;
    next = sequence + (numbers_again ? 0 : 1);
    data = encoded(wire::activate_session_response{agreed == wire::auth_type::rmcp_plus ? activation.type : agreed, id,
                                                   first_in, activation.level});
  }
};

}  // namespace rmcpp::testing
