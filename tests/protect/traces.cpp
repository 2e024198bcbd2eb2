// SPDX-License-Identifier: BSL-1.0
// Recorded sessions of real BMCs and other people's software, from the password to the last byte: keys, codes, every
// trailer, every payload, and the same datagrams made again. tests/vectors/README.md names the sources.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/crypto/openssl.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>
#include <rmcpp/wire/lan_message.hpp>

#include "support/catch.hpp"
#include "support/handshake.hpp"
#include "support/vectors.hpp"

#include <map>
#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using nlohmann::json;

std::string string_of(const json& object, const char* name) { return object.at(name).get<std::string>(); }
/// Null: empty.
std::string optional_of(const json& object, const char* name) {
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? std::string() : at->get<std::string>();
}

/// Checks the setup's codes against the password and returns the keys.
template <backend B>
key_material check_handshake(B& b, const handshake& h, const user_key& password, const user_key& kg) {
  if (h.suite.authentication == authentication_algorithm::rakp_none) {
    CHECK(h.rakp2.empty());
    CHECK(h.rakp3.empty());
    CHECK(h.rakp4.empty());
    return {};
  }
  const auto m = derive(b, h.suite.authentication, h.transcript, password, kg);
  CHECK(m.rakp2 == to_hex(h.rakp2));
  CHECK(m.rakp3 == to_hex(h.rakp3));
  CHECK(h.rakp4.size() == rakp4_code_size(h.suite.authentication));
  CHECK(m.rakp4.substr(0, 2 * h.rakp4.size()) == to_hex(h.rakp4));
  return m;
}

struct replayed_session {
  int packets = 0;
  std::map<int, std::string> plaintext{};  ///< by frame
};

/// Opens each datagram behind the setup, checks that it holds an IPMI message, and seals the message again with the
/// recorded header and IV: the same bytes come out.
template <backend B>
replayed_session replay(B& b, const std::vector<datagram>& trace, const handshake& h, const user_key& password,
                        const std::string& sik) {
  session_keys<B> keys;
  REQUIRE(keys.load(b, h.suite, from_hex(sik), password).has_value());
  replay_window to_bmc, to_console;
  replayed_session done;
  for (std::size_t i = h.end; i < trace.size(); ++i) {
    const auto& d = trace[i];
    if (d.dir == direction::self) continue;
    CAPTURE(d.frame);
    const bool request = d.dir == direction::c2b;
    exact_bytes data(d.data);
    const auto packet = look(data);
    REQUIRE(packet.has_value());
    CHECK(packet->id == (request ? h.transcript.managed_id : h.transcript.console_id));
    block iv{};
    if (keys.encrypts()) copy(packet->payload(), iv);

    const open_policy policy{.encrypted = keys.encrypts(), .rule = window_rule::strict};
    const auto o = open(b, keys, request ? to_bmc : to_console, *packet, policy);
    REQUIRE(std::string(describe(o.error())) == "no error");
    CHECK(o->type() == payload_type::ipmi);
    CHECK((request ? decode<lan_request>(o->message()).error() : decode<lan_response>(o->message()).error()) ==
          errc::ok);
    done.plaintext[d.frame] = to_hex(o->message());

    const auto p = plan(packet->kind, h.suite.integrity, o->message().size());
    CHECK(p.total == d.data.size());
    exact_bytes again(p.total);
    copy(o->message(), mutable_bytes(again).subspan(p.message));
    REQUIRE(seal(b, keys, {.payload = packet->kind, .id = packet->id, .sequence = packet->sequence}, p, iv, again)
                .has_value());
    CHECK(to_hex(again) == to_hex(d.data));
    ++done.packets;
  }
  return done;
}

}  // namespace

TEMPLATE_TEST_CASE("sessions with real BMCs verify from the password on and are made again byte by byte",
                   "[protect][trace]", cryptopp_backend, openssl_backend) {
  struct row {
    const char* file;
    std::uint8_t suite;
    int packets;
  };
  constexpr row rows[] = {
      {"beingj-suite3-session.json", 3, 6},    // one IV for all of the BMC's packets: its RAKP random number
      {"ipmi4j-suite0-session.json", 0, 776},  // begins with the end of an older session
      {"ilo2-suite1-session.json", 1, 466},   {"ilo2-suite2-session-b.json", 2, 380},
      {"ilo2-suite3-rakp-kat.json", 3, 0},  // session setup only
  };
  for (const auto& r : rows) {
    CAPTURE(r.file);
    TestType b;
    const auto file = load_json(r.file);
    const auto trace = load_trace(file);
    const auto h = find_handshake(trace);
    CHECK(h.suite.id == r.suite);
    const auto password = to_user_key(string_of(file, "password"));
    const auto m = check_handshake(b, h, password, {});
    for (const char* list : {"known", "derived"}) {
      if (!file.contains(list) || file.at(list).is_null()) continue;
      CHECK(m.sik == string_of(file.at(list), "sik"));
      CHECK(m.k1 == string_of(file.at(list), "k1"));
      CHECK(m.k2 == string_of(file.at(list), "k2"));
    }
    CHECK(replay(b, trace, h, password, m.sik).packets == r.packets);
  }
}

TEMPLATE_TEST_CASE("every captured RMCP+ session between other people's programs verifies and is made again",
                   "[protect][trace][capture]", cryptopp_backend, openssl_backend) {
  std::map<int, int> sessions_of_suite;
  for (const auto& name : capture_names()) {
    const auto decoded = load_decoded(name);
    if (decoded.at("sessions").empty()) continue;  // IPMI v1.5: see crypto/keys
    CAPTURE(name);
    TestType b;
    const auto trace = load_capture(name);
    const auto h = find_handshake(trace);
    const auto& session = decoded.at("sessions").at(0);
    const auto& credentials = decoded.at("credentials");
    REQUIRE(session.at("suite") == static_cast<int>(h.suite.id));
    ++sessions_of_suite[h.suite.id];

    const auto password = to_user_key(string_of(credentials, "password"));
    const auto m = check_handshake(b, h, password, to_user_key(optional_of(credentials, "kg")));
    CHECK(m.sik == string_of(session, "sik"));
    CHECK(m.k1 == string_of(session, "k1"));
    CHECK(m.k2 == string_of(session, "k2"));
    CHECK(m.rakp4 == string_of(session, "rakp4_full"));

    // MD5-128 integrity (suites 11, 12) uses the password, the others K1.
    for (const auto& use : session.at("keys_used")) {
      if (use.at(0) == "integrity")
        CHECK(use.at(2) == (h.suite.integrity == integrity_algorithm::md5_128 ? "Kuid(20)" : "K1"));
    }

    const auto done = replay(b, trace, h, password, m.sik);
    int compared = 0;
    for (const auto& packet : decoded.at("packets")) {
      if (!packet.contains("plain")) continue;
      const auto plain = done.plaintext.find(packet.at("n").get<int>());
      if (plain == done.plaintext.end()) {
        CHECK(string_of(packet, "sid") == "00000000");  // outside the session
        continue;
      }
      CHECK(plain->second == string_of(packet, "plain"));
      ++compared;
    }
    CHECK(compared == done.packets);
    CHECK(done.packets >= 6);
  }
  const std::map<int, int> expected{{1, 1},  {2, 1},  {3, 3},  {6, 1},  {7, 1}, {8, 1},
                                    {11, 1}, {12, 1}, {15, 1}, {16, 2}, {17, 3}};
  CHECK(sessions_of_suite == expected);
}

TEST_CASE("a recorded session does not open with another password or K_g", "[protect][trace]") {
  cryptopp_backend b;
  const auto trace = load_capture("ipmi_sim_kg.ipmitool-lanplus.3");
  const auto h = find_handshake(trace);
  const auto first_packet = [&](const char* password, const char* kg) {
    const auto m = derive(b, h.suite.authentication, h.transcript, to_user_key(password), to_user_key(kg));
    session_keys<cryptopp_backend> keys;
    REQUIRE(keys.load(b, h.suite, from_hex(m.sik), to_user_key(password)).has_value());
    replay_window window;
    exact_bytes data(trace.at(h.end).data);
    const auto packet = look(data);
    REQUIRE(packet.has_value());
    return open(b, keys, window, *packet, {.encrypted = true}).error();
  };
  CHECK(first_packet("test", "0123456789abcdefghi") == errc::ok);
  CHECK(first_packet("test", "0123456789abcdefgh") == errc::bad_authcode);
  CHECK(first_packet("test", "") == errc::bad_authcode);
  CHECK(first_packet("tes", "0123456789abcdefghi") == errc::ok);  // with K_g, the password is in RAKP 2 and 3 only
  CHECK(first_packet("tes", "") == errc::bad_authcode);
}
