// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "command_names.hpp"
#include "record.hpp"

/// \file
/// The layers of a datagram and their fields, with what the library's own dump cannot know: the plaintext, the parts of
/// the session trailer, the data of commands.

namespace examples {

/// One field as rmcpp::wire::dump() writes it.
inline std::string field_line(const char* name, const std::string& value, const std::string& meaning = {}) {
  std::string text = std::string("  ") + name;
  text.append(text.size() < 20 ? 20 - text.size() : 2, ' ');
  return text + value + (meaning.empty() ? "" : "  (" + meaning + ')') + '\n';
}
inline std::string hex_line(const char* name, rmcpp::bytes b) {
  return field_line(name, b.empty() ? "empty" : rmcpp::wire::hex(b));
}

template <rmcpp::wire::message M> std::string message_layer(const char* name, rmcpp::bytes in) {
  const auto m = rmcpp::wire::decode<M>(in);
  if (m) return rmcpp::wire::dump(headed<M>{name, *m});
  const auto why = rmcpp::wire::explain<M>(in);
  return std::string(name) + '\n' +
         field_line("error",
                    std::string(describe(why.error)) + ": " + why.field + " at offset " + std::to_string(why.offset)) +
         hex_line("bytes", in);
}

/// The data of an IPMI message, if there is a message for it.
inline std::string command_layer(rmcpp::bytes in) {
  if (in.size() < 2) return {};
  if (rmcpp::wire::net_fn_lun{in[1]}.is_response()) {
    const auto rs = rmcpp::wire::decode<rmcpp::wire::lan_response>(in);
    if (!rs || rs->code != rmcpp::completion_code::ok || rs->data.empty()) return {};
    const auto* const known = find_command(rs->target.fn(), rs->command);
    return known && known->response ? known->response(rs->data) : std::string();
  }
  const auto rq = rmcpp::wire::decode<rmcpp::wire::lan_request>(in);
  if (!rq || rq->data.empty()) return {};
  const auto* const known = find_command(rq->target.fn(), rq->command);
  return known && known->request ? known->request(rq->data) : std::string();
}

inline std::string sol_layer(rmcpp::bytes in, rmcpp::direction dir) {
  auto text = message_layer<rmcpp::wire::sol_packet>("sol", in);
  if (in.size() < rmcpp::wire::sol_packet::header_size) return text;
  static constexpr const char* operations[] = {"flush outbound", "flush inbound", "DCD and DSR off",
                                               "CTS off: pause", "send BREAK",    "RI on",
                                               "NACK",           "reserved"};
  static constexpr const char* states[] = {"DTR test",        "RTS test",  "BREAK received", "characters lost",
                                           "SOL deactivated", "not ready", "NACK",           "reserved"};
  std::string names;
  for (unsigned bit = 0; bit < 8; ++bit) {
    const char* const name = (dir == rmcpp::direction::to_bmc ? operations : states)[bit];
    if (((in[3] >> bit) & 1) != 0) names += std::string(names.empty() ? "" : ", ") + name;
  }
  if (!names.empty()) text += field_line("control bits", names);
  const auto characters = in.subspan(rmcpp::wire::sol_packet::header_size);
  if (!characters.empty()) text += field_line("characters", '"' + printable(characters) + '"');
  return text;
}

inline std::string payload_layer(const record& r) {
  const auto payload = r.seen.payload;
  switch (r.seen.type) {
    case rmcpp::datagram_type::sol: return sol_layer(payload, r.seen.dir);
    case rmcpp::datagram_type::ipmi:
      return (payload.size() > 1 && rmcpp::wire::net_fn_lun{payload[1]}.is_response()
                  ? message_layer<rmcpp::wire::lan_response>("lan_response", payload)
                  : message_layer<rmcpp::wire::lan_request>("lan_request", payload)) +
             command_layer(payload);
    case rmcpp::datagram_type::open_session_request:
      return message_layer<rmcpp::wire::open_session_request>("open_session_request", payload);
    case rmcpp::datagram_type::open_session_response:
      return message_layer<rmcpp::wire::open_session_response>("open_session_response", payload);
    case rmcpp::datagram_type::rakp1: return message_layer<rmcpp::wire::rakp1>("rakp1", payload);
    case rmcpp::datagram_type::rakp2: return message_layer<rmcpp::wire::rakp2>("rakp2", payload);
    case rmcpp::datagram_type::rakp3: return message_layer<rmcpp::wire::rakp3>("rakp3", payload);
    case rmcpp::datagram_type::rakp4: return message_layer<rmcpp::wire::rakp4>("rakp4", payload);
    default: return "payload\n" + hex_line("bytes", payload);
  }
}

/// What stands behind the payload of an authenticated packet, read from its end.
inline std::string trailer_layer(const record& r, rmcpp::bytes trailer) {
  std::string text = "session_trailer\n";
  const bool known = r.session && r.session->suite_known;
  const std::size_t code = known ? rmcpp::protect::authcode_size(r.session->suite.integrity) : 0;
  if (code == 0 || trailer.size() < code + rmcpp::wire::session_trailer::fixed_size)
    return text + hex_line("bytes", trailer);
  const std::size_t pad = trailer.size() - code - rmcpp::wire::session_trailer::fixed_size;
  return text + hex_line("pad", trailer.first(pad)) + field_line("pad_length", hex_number(trailer[pad])) +
         field_line("next_header", hex_number(trailer[pad + 1])) +
         field_line("authcode", rmcpp::wire::hex(trailer.last(code)), describe(r.seen.auth));
}

/// A packet in RMCP+ format whose headers are sound: every layer, the payload in the clear where it could be read.
inline std::string session_layers(const record& r, const rmcpp::wire::seen& packet) {
  auto text = rmcpp::wire::dump(headed<rmcpp::wire::rmcp_header>{"rmcp_header"}) +
              message_layer<rmcpp::wire::session_header_v2>(
                  "session_header_v2",
                  rmcpp::bytes(packet.datagram).first(packet.payload_at).subspan(rmcpp::wire::rmcp_header::size));
  if (r.seen.encrypted && r.seen.readable) {
    text += "decrypted\n" + hex_line("iv", packet.payload().first(rmcpp::crypto::aes_block_size));
  }
  if (r.seen.readable) {
    text += payload_layer(r);
  } else {
    text += (packet.kind.encrypted() ? "encrypted payload\n" : "payload\n") + hex_line("bytes", packet.payload());
  }
  if (packet.kind.authenticated()) {
    text += trailer_layer(r, packet.behind());
  } else if (!packet.behind().empty()) {
    text += "surplus\n" + hex_line("bytes", packet.behind());
  }
  return text;
}

inline std::string layers(const record& r) {
  if (r.seen.type >= rmcpp::datagram_type::open_session_request)  // of RMCP+
    if (const auto packet = rmcpp::wire::look(r.datagram.data)) return session_layers(r, *packet);
  auto text = rmcpp::wire::dump_datagram(r.datagram.data);
  if (r.seen.type == rmcpp::datagram_type::v15 && r.seen.readable) text += command_layer(r.seen.payload);
  return text;
}

}  // namespace examples
