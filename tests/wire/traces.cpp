// SPDX-License-Identifier: BSL-1.0
// Every datagram that real consoles and BMCs exchanged, tests/vectors: all layers decode to what an independent
// dissector found, and encode to the same bytes again.
#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/dump.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/open_session.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/rmcp.hpp>
#include <rmcpp/wire/session_v15.hpp>
#include <rmcpp/wire/session_v2.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using json = nlohmann::json;

namespace {

/// A reserved byte that its sender did not leave zero: what encodes again has a zero there.
struct garbage {
  const char* trace;
  int frame;
  std::size_t offset;
  std::uint8_t value;
};

constexpr std::size_t open_session_response_at = payload_v2;
constexpr garbage known_garbage[] = {
    // The Inventec BMC leaves something in the last three bytes of each algorithm payload.
    {"beingj-suite3-session", 4, open_session_response_at + 19, 0x08},
    {"beingj-suite3-session", 4, open_session_response_at + 27, 0x08},
    {"beingj-suite3-session", 4, open_session_response_at + 33, 0xff},
    {"beingj-suite3-session", 4, open_session_response_at + 34, 0x02},
    {"beingj-suite3-session", 4, open_session_response_at + 35, 0x07},
    {"ipmi4j-suite0-session", 6, open_session_response_at + 19, 0x08},
    {"ipmi4j-suite0-session", 6, open_session_response_at + 27, 0x08},
};

using octets = std::vector<std::uint8_t>;

void append(octets& out, bytes more) { out.insert(out.end(), more.begin(), more.end()); }

/// What an error of a layer says.
template <message M> [[noreturn]] void refuse(const char* layer, bytes in) {
  const auto why = explain<M>(in);
  throw std::runtime_error(std::string(layer) + ", " + why.field + " at " + std::to_string(why.offset) + ": " +
                           describe(why.error));
}

template <message M> void append_encoded(octets& out, const M& m) {
  octets buffer(0x400);
  const auto n = encode(m, buffer);
  if (!n) throw std::runtime_error(describe(n.error()));
  append(out, bytes(buffer).first(*n));
}

/// Decodes a message that is all of `in`, notes its fields and appends it, encoded again.
template <message M> M through(const char* layer, bytes in, octets& out) {
  const exact_bytes exact(in);
  if (!decode<M>(exact)) refuse<M>(layer, exact);
  const auto m = decode<M>(in);
  append_encoded(out, *m);
  return *m;
}

template <message M> decoded_prefix<M> header_through(const char* layer, bytes in, octets& out) {
  const auto d = decode_prefix<M>(in);
  if (!d) refuse<M>(layer, in);
  append_encoded(out, d->message);
  return *d;
}

std::string id_text(session_id id) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += to_hex(std::array<std::uint8_t, 1>{static_cast<std::uint8_t>(to_integer(id) >> shift)});
  return text;
}
std::string byte_text(unsigned v) { return to_hex(std::array<std::uint8_t, 1>{static_cast<std::uint8_t>(v)}); }

template <class Message> json lan_fields(const Message& m, std::uint8_t first, std::uint8_t second) {
  return {{"rs_addr", first},  {"netfn", m.target.value >> 2}, {"lun", m.target.lun()},
          {"rq_addr", second}, {"seq", m.sequence.sequence()}, {"rq_lun", m.sequence.lun()},
          {"cmd", m.command},  {"data", to_hex(m.data)}};
}

json lan_through(bytes in, direction dir, octets& out) {
  if (dir == direction::c2b) {
    const auto m = through<lan_request>("LAN request", in, out);
    CHECK_FALSE(m.target.is_response());
    return lan_fields(m, m.responder, m.requester);
  }
  const auto m = through<lan_response>("LAN response", in, out);
  CHECK(m.target.is_response());
  auto fields = lan_fields(m, m.requester, m.responder);
  fields["cc"] = static_cast<unsigned>(m.code);
  return fields;
}

json setup_through(payload_type type, bytes in, octets& out) {
  switch (type) {
    case payload_type::open_session_request: {
      const auto m = through<open_session_request>("Open Session Request", in, out);
      return {{"ptype", "OPEN-REQ"},
              {"tag", m.tag},
              {"priv", static_cast<unsigned>(m.max_privilege)},
              {"sidm", id_text(m.console_id)},
              {"algs",
               {static_cast<unsigned>(m.authentication.algorithm), static_cast<unsigned>(m.integrity.algorithm),
                static_cast<unsigned>(m.confidentiality.algorithm)}}};
    }
    case payload_type::open_session_response: {
      const auto m = through<open_session_response>("Open Session Response", in, out);
      return {{"ptype", "OPEN-RSP"},
              {"tag", m.tag},
              {"status", byte_text(static_cast<unsigned>(m.status))},
              {"maxpriv", static_cast<unsigned>(m.max_privilege)},
              {"sidm", id_text(m.console_id)},
              {"sidc", id_text(m.managed_id)},
              {"algs",
               {static_cast<unsigned>(m.authentication.algorithm), static_cast<unsigned>(m.integrity.algorithm),
                static_cast<unsigned>(m.confidentiality.algorithm)}}};
    }
    case payload_type::rakp1: {
      const auto m = through<rakp1>("RAKP 1", in, out);
      return {{"ptype", "RAKP1"},
              {"tag", m.tag},
              {"sidc", id_text(m.managed_id)},
              {"rm", to_hex(m.console_random)},
              {"role", byte_text(m.role.value)},
              {"user", std::string(m.name.view().begin(), m.name.view().end())}};
    }
    case payload_type::rakp2: {
      const auto m = through<rakp2>("RAKP 2", in, out);
      return {{"ptype", "RAKP2"},
              {"tag", m.tag},
              {"status", byte_text(static_cast<unsigned>(m.status))},
              {"sidm", id_text(m.console_id)},
              {"rc", to_hex(m.managed_random)},
              {"guid", to_hex(m.managed_guid)},
              {"authcode", to_hex(m.code)}};
    }
    case payload_type::rakp3: {
      const auto m = through<rakp3>("RAKP 3", in, out);
      return {{"ptype", "RAKP3"},
              {"tag", m.tag},
              {"status", byte_text(static_cast<unsigned>(m.status))},
              {"sidc", id_text(m.managed_id)},
              {"authcode", to_hex(m.code)}};
    }
    case payload_type::rakp4: {
      const auto m = through<rakp4>("RAKP 4", in, out);
      return {{"ptype", "RAKP4"},
              {"tag", m.tag},
              {"status", byte_text(static_cast<unsigned>(m.status))},
              {"sidm", id_text(m.console_id)},
              {"icv", to_hex(m.code)}};
    }
    default: throw std::runtime_error(std::string("unexpected payload: ") + describe(type));
  }
}

struct dissected {
  json fields;   ///< named as in the captures' decoded.json
  octets again;  ///< the datagram, encoded again layer by layer; protected bytes and trailer as they were
};

dissected dissect(const datagram& d) {
  dissected out;
  auto& again = out.again;
  bytes in = d.data;
  const auto rmcp = header_through<rmcp_header>("RMCP header", in, again);
  out.fields["rmcp_seq"] = rmcp.message.sequence;
  in = in.subspan(rmcp.size);

  if (rmcp.message.kind == rmcp_class{rmcp_class::asf}) {
    const auto m = through<asf_message>("ASF message", in, again);
    out.fields["kind"] = m.type == asf_type::presence_ping ? "ASF-PING" : "ASF-PONG";
    if (m.type == asf_type::presence_pong) {
      octets data;
      (void)through<presence_pong>("Presence Pong", m.data, data);
      CHECK(to_hex(data) == to_hex(m.data));
    }
    return out;
  }

  if (in[0] != static_cast<std::uint8_t>(auth_type::rmcp_plus)) {
    const auto m = header_through<session_v15>("v1.5 wrapper", in, again).message;
    out.fields.update({{"kind", "IPMI1.5"},
                       {"authtype", static_cast<unsigned>(m.type)},
                       {"seq", m.sequence},
                       {"sid", id_text(m.id)},
                       {"ipmi_raw", to_hex(m.payload)}});
    octets message;
    out.fields["ipmi"] = lan_through(m.payload, d.dir, message);
    CHECK(to_hex(message) == to_hex(m.payload));
    return out;
  }

  const auto header = header_through<session_header_v2>("RMCP+ header", in, again);
  const auto& h = header.message;
  out.fields.update({{"kind", "RMCP+"},
                     {"enc", h.payload.encrypted()},
                     {"auth", h.payload.authenticated()},
                     {"sid", id_text(h.id)},
                     {"seq", h.sequence},
                     {"len", h.length}});
  in = in.subspan(header.size);
  if (h.length > in.size() || (!h.payload.authenticated() && h.length != in.size()))
    throw std::runtime_error("payload length");
  const bytes payload = in.first(h.length);
  if (h.payload.encrypted()) {
    append(again, payload);
  } else if (h.payload.type() == payload_type::ipmi) {
    out.fields["ptype"] = "IPMI";
    out.fields["ipmi"] = lan_through(payload, d.dir, again);
  } else {
    out.fields.update(setup_through(h.payload.type(), payload, again));
    out.fields["pl"] = to_hex(payload);
  }
  append(again, in.subspan(h.length));
  return out;
}

/// The datagram as it should encode again.
octets without_garbage(const std::string& trace, const datagram& d) {
  octets clean = d.data;
  for (const auto& g : known_garbage) {
    if (trace != g.trace || d.frame != g.frame) continue;
    CHECK(clean.at(g.offset) == g.value);
    clean[g.offset] = 0;
  }
  return clean;
}

}  // namespace

TEST_CASE("traces: every datagram decodes, and encodes to the same bytes") {
  struct row {
    const char* name;
    const char* list;
    std::size_t datagrams;
  };
  const row rows[] = {
      {"beingj-suite3-session", "packets", 14},        {"ilo2-suite3-rakp-kat", "packets", 6},
      {"ilo2-suite1-session", "packets", 474},         {"ilo2-suite2-session-b", "packets", 388},
      {"inventec-v15-md5-session", "v15_packets", 14}, {"ipmi4j-suite0-session", "packets", 786},
  };
  for (const auto& r : rows) {
    const auto datagrams = load_trace(load_json(std::string(r.name) + ".json"), r.list);
    CHECK(datagrams.size() == r.datagrams);
    for (const auto& d : datagrams) {
      INFO(r.name << " frame " << d.frame << '\n' << dump_datagram(d.data));
      CHECK(to_hex(dissect(d).again) == to_hex(without_garbage(r.name, d)));
    }
  }
}

TEST_CASE("captures: every datagram decodes to what was recorded, and encodes to the same bytes") {
  const auto names = capture_names();
  CHECK(names.size() == 19);
  for (const auto& name : names) {
    const auto datagrams = load_capture(name);
    const auto decoded = load_decoded(name);
    const auto& expected = decoded.at("packets");
    REQUIRE(datagrams.size() == expected.size());
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      const auto& d = datagrams[i];
      const auto& e = expected[i];
      INFO(name << " frame " << d.frame << '\n' << dump_datagram(d.data));
      CHECK(e.at("n") == d.frame);
      CHECK(e.at("raw") == to_hex(d.data));
      if (e.at("kind") == "self") {
        CHECK(d.dir == direction::self);
        CHECK(decode_prefix<rmcp_header>(d.data).error() == errc::bad_version);
        continue;
      }
      CHECK((e.at("from") == "client") == (d.dir == direction::c2b));
      const auto got = dissect(d);
      CHECK(to_hex(got.again) == to_hex(without_garbage(name, d)));
      for (const auto& [key, value] : got.fields.items()) {
        INFO(key);
        if (value.is_boolean()) {
          CHECK(e.at(key) == value.get<int>());
        } else if (e.contains(key)) {
          CHECK(e.at(key) == value);
        } else {
          FAIL_CHECK("not recorded");
        }
      }
    }
  }
}

TEST_CASE("traces: no prefix of any datagram is read beyond its end, or confuses dump_datagram()") {
  const auto datagrams = load_trace(load_json("beingj-suite3-session.json"));
  for (const auto& d : datagrams) {
    for (std::size_t n = 0; n < d.data.size(); ++n) {
      const exact_bytes cut(bytes(d.data).first(n));
      CHECK_FALSE(dump_datagram(cut).empty());
    }
  }
}
