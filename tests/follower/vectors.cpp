// SPDX-License-Identifier: BSL-1.0
// The follower against recorded conversations: its verdicts and plaintexts are compared with what an independent
// dissector wrote down (captures/*.decoded.json). Every authenticated byte, flipped, is reported at its datagram.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/follower/follower.hpp>

#include "support/catch.hpp"
#include "support/handshake.hpp"
#include "support/vectors.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using nlohmann::json;
using test::capture_names;
using test::datagram;
using test::from_hex;
using test::load_json;
using test::load_pcap;
using test::load_trace;
using test::to_hex;
using test::to_user_key;
using test::vector_path;

struct setup {
  using traits = follower_traits;
  cryptopp_backend crypto{};
};
using capture_follower = follower<setup>;

/// What is known about a capture's users.
struct secrets {
  std::vector<credential> users{1};
  user_key kg{};

  secrets(const std::string& password, const std::string& kg_text) : kg(to_user_key(kg_text)) {
    users[0].password = to_user_key(password);
  }
  [[nodiscard]] std::unique_ptr<capture_follower> follow() const {
    return std::make_unique<capture_follower>(setup{}, follower_options{users, kg});
  }
};

flow flow_of(const datagram& d) {
  return {1, d.dir == test::direction::c2b ? direction::to_bmc : direction::to_console};
}

/// An observation whose views have been copied.
struct record {
  observation seen{};
  std::string payload{};
};

std::vector<record> follow_all(capture_follower& f, const std::vector<datagram>& trace) {
  std::vector<record> records;
  for (const auto& d : trace) {
    if (d.dir == test::direction::self) continue;
    auto copy = d.data;
    const auto o = f.feed(flow_of(d), copy);
    records.push_back({o, to_hex(o.payload)});
  }
  return records;
}

/// Names of captures below tests/vectors, without ending: sound sessions, and one whose requests arrived twice.
std::vector<std::string> followed_captures() {
  std::vector<std::string> names;
  for (const auto& name : capture_names()) names.push_back("captures/" + name);
  names.push_back("doubled/ipmi_sim.lossy-dup-c2s.ipmitool.3");
  return names;
}
std::vector<datagram> load_followed(const std::string& name) { return load_pcap(vector_path(name + ".pcap")); }

std::string optional_string(const json& object, const char* name) {
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? std::string() : at->get<std::string>();
}

const std::map<std::string, datagram_type> decoded_types{
    {"OPEN-REQ", datagram_type::open_session_request},
    {"OPEN-RSP", datagram_type::open_session_response},
    {"RAKP1", datagram_type::rakp1},
    {"RAKP2", datagram_type::rakp2},
    {"RAKP3", datagram_type::rakp3},
    {"RAKP4", datagram_type::rakp4},
    {"IPMI", datagram_type::ipmi},
    {"SOL", datagram_type::sol},
};

/// Whether the independent dissector saw an authentication code in this packet. All captures are of right passwords.
bool has_code(const json& packet, const json& algorithms) {
  if (packet.contains("authcode_ok")) return true;
  const auto type = packet.value("ptype", "");
  if (type == "RAKP2" || type == "RAKP3" || type == "RAKP4") return algorithms.at(0) != 0;
  return packet.value("auth", 0) != 0;
}

}  // namespace

TEST_CASE("every capture: types, verdicts and plaintexts are those of an independent dissector") {
  for (const auto& name : followed_captures()) {
    CAPTURE(name);
    const json decoded = load_json(name + ".decoded.json");
    const auto& known = decoded.at("credentials");
    const secrets s(optional_string(known, "password"), optional_string(known, "kg"));
    const auto follower = s.follow();
    const auto records = follow_all(*follower, load_followed(name));
    std::vector<json> packets;
    for (const auto& p : decoded.at("packets"))
      if (p.at("kind") != "self") packets.push_back(p);
    REQUIRE(records.size() == packets.size());
    const json algorithms = decoded.at("sessions").empty() ? json{0, 0, 0} : decoded.at("sessions").at(0).at("algs");

    for (std::size_t i = 0; i < packets.size(); ++i) {
      const json& p = packets[i];
      const observation& o = records[i].seen;
      CAPTURE(p.at("n").get<int>());
      CHECK(describe(o.auth) == std::string(has_code(p, algorithms) ? "ok" : "none"));
      CHECK(describe(o.error) == std::string(describe(errc::ok)));
      CHECK(o.readable);
      const std::string kind = p.at("kind");
      if (kind == "RMCP+") {
        CHECK(name_of(o.type) == std::string(name_of(decoded_types.at(p.at("ptype")))));
        CHECK(o.encrypted == (p.at("enc") != 0));
        CHECK(records[i].payload == p.value("plain", p.value("pl", p.value("ipmi_raw", "?"))));
      } else if (kind == "IPMI1.5") {
        CHECK(o.type == datagram_type::v15);
        CHECK(records[i].payload == p.at("ipmi_raw").get<std::string>());
      } else {
        CHECK(name_of(o.type) == std::string(kind == "ASF-PING" ? "asf_ping" : "asf_pong"));
      }
    }
  }
}

TEST_CASE("every keyed trace of real hardware verifies from its password alone") {
  for (const auto* name :
       {"beingj-suite3-session.json", "ilo2-suite1-session.json", "ilo2-suite2-session-b.json",
        "ilo2-suite3-rakp-kat.json", "inventec-v15-md5-session.json", "ipmi4j-suite0-session.json"}) {
    CAPTURE(name);
    const json trace = load_json(name);
    const bool v15 = trace.contains("v15_packets");
    const auto datagrams = load_trace(trace, v15 ? "v15_packets" : "packets");
    const secrets s(trace.at("password"), "");
    const auto follower = s.follow();
    const auto records = follow_all(*follower, datagrams);
    std::size_t codes = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& o = records[i].seen;
      CAPTURE(i);
      CHECK(o.readable);
      CHECK(o.auth != verdict::bad);
      CHECK(o.auth != verdict::unknown);
      if (o.auth == verdict::ok) ++codes;
      if (o.type == datagram_type::ipmi || o.type == datagram_type::v15) {
        const bool response = o.payload.size() > 1 && net_fn_lun{from_hex(records[i].payload)[1]}.is_response();
        const auto message = from_hex(records[i].payload);
        CHECK((response ? decode<lan_response>(message).error() : decode<lan_request>(message).error()) == errc::ok);
      }
    }
    CHECK((codes > 0) == (trace.value("id", "") != "ipmi4j-suite0-session"));
  }
}

namespace {

/// Whether something is said of a changed datagram that was not said of it before.
bool reported(const observation& o, const observation& sound) {
  if (o.auth == verdict::bad || o.error != errc::ok) return true;
  for (const auto& f : o.findings)
    if (info(f.what).weight != severity::note && !sound.findings.has(f.what)) return true;
  return false;
}

}  // namespace

TEST_CASE("flipping any single authenticated byte is reported at that datagram") {
  const auto authenticated = [](datagram_type type, std::size_t at) {
    // In v1.5 the type byte says how to authenticate, and no code covers it.
    if (type == datagram_type::v15) return at > rmcp_header::size;
    const bool setup_message = type >= datagram_type::rakp2 && type <= datagram_type::rakp4;
    if (!setup_message) return at >= rmcp_header::size;
    // The session header, the tag and the reserved bytes behind the status are not covered either.
    return at > payload_v2 && at != payload_v2 + 2 && at != payload_v2 + 3;
  };
  int flips = 0;
  for (const auto& name : followed_captures()) {
    CAPTURE(name);
    const json decoded = load_json(name + ".decoded.json");
    const auto& known = decoded.at("credentials");
    const secrets s(optional_string(known, "password"), optional_string(known, "kg"));
    const auto trace = load_followed(name);
    const auto sound = follow_all(*s.follow(), trace);
    std::set<datagram_type> done;
    std::size_t seen = 0;
    for (std::size_t i = 0; i < trace.size(); ++i) {
      if (trace[i].dir == test::direction::self) continue;
      const observation& before = sound[seen++].seen;
      // One packet of each type and direction.
      const auto kind = static_cast<datagram_type>(2 * static_cast<int>(before.type) + static_cast<int>(before.dir));
      if (before.auth != verdict::ok || !done.insert(kind).second) continue;
      for (std::size_t at = 0; at < trace[i].data.size(); ++at) {
        if (!authenticated(before.type, at)) continue;
        const auto follower = s.follow();
        std::vector<datagram> up_to(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        up_to.back().data[at] ^= 0x04;
        CAPTURE(trace[i].frame, at);
        CHECK(reported(follow_all(*follower, up_to).back().seen, before));
        ++flips;
      }
    }
  }
  CHECK(flips > 3000);
}
