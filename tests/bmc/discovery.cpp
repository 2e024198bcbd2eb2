// SPDX-License-Identifier: BSL-1.0
// What a BMC says outside a session: pings, and the commands that need no login. Tags: tests/README.md.
#include "support/bmc_rig.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::from_hex;
using test::to_hex;

/// A BMC without its own console.
struct rig : bmc_rig<> {
  using bmc_rig::bmc_rig;
  std::string ask_hex(const std::string& datagram) { return to_hex(ask(console_peer, from_hex(datagram))); }
  errc outcome(bytes datagram) {
    const auto before = tables();
    CHECK(ask(console_peer, datagram).empty());
    CHECK(tables() == before);
    CHECK(events.empty());
    return last;
  }
  errc outcome_hex(const std::string& datagram) { return outcome(from_hex(datagram)); }
};

lan_request app_rq(std::uint8_t cmd, bytes data, net_fn fn = net_fn::app) {
  return {.target = net_fn_lun::request(fn), .sequence = seq_lun::of(0x21), .command = cmd, .data = data};
}

struct answer {
  bool got = false;
  completion_code code{};
  std::string data{};
  lan_response message{};
};

/// Sends a command outside a session in one of the two formats; the answer comes in the same format.
answer run(rig& r, const lan_request& rq, bool v2) {
  const auto datagram = datagram_of([&](mutable_bytes out) {
    return v2 ? encode_sessionless_v2(payload_type::ipmi, rq, out) : encode_sessionless_v15(rq, out);
  });
  const octets reply = r.ask(console_peer, datagram);
  if (reply.empty()) return {};
  REQUIRE(format_of(reply) == (v2 ? packet_format::v2 : packet_format::v15));
  const auto rs = decode<lan_response>(payload_of(reply));
  CHECK(rs.has_value());
  answer a{true, rs->code, to_hex(rs->data), *rs};
  a.message.data = {};
  return a;
}
answer run(rig& r, std::uint8_t cmd, const std::string& data, bool v2 = false) {
  const auto bytes_of = from_hex(data);
  return run(r, app_rq(cmd, bytes_of), v2);
}

constexpr const char* ping = "0600ff06 000011be 80 2a 00 00";

}  // namespace

TEST_CASE("a ping is answered with its tag, whatever the RMCP sequence", "[session][bmc]") {
  rig r;
  CHECK(r.ask_hex(ping) == to_hex(from_hex("0600ff06 000011be 40 2a 00 10 000011be 00000000 81 00 000000000000")));
  CHECK(r.last == errc::ok);
  CHECK_FALSE(r.ask_hex("06000106 000011be 80 00 00 00").empty());
  CHECK(r.managed.counters().dropped == 0);
}

TEST_CASE("pings that are none are dropped", "[session][bmc][N-RMCP-05][N-RMCP-06][N-RMCP-07][N-RMCP-08]") {
  rig r;
  const auto whole = from_hex(ping);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CAPTURE(n);
    CHECK(is_drop(r.outcome(bytes(whole).first(n))));
  }
  CHECK(r.outcome_hex("0600ff06 000011be 80 ff 00 00") == errc::ok);
  CHECK(r.managed.counters().dropped == whole.size());

  for (const char* bad : {
           "0600ff86 000011be 80 2a 00 00",     // ACK with data
           "0600ff86",                          // ACK without
           "0600ff06 000011be 80 2a 00 01",     // data length beyond the datagram
           "0600ff06 000011be 80 2a 00 01 00",  // data in a ping
           "0600ff06 000011be 80 2a 00 00 00",  // trailing byte
           "0600ff06 be110000 80 2a 00 00",     // little-endian enterprise
           "0600ff06 000011bf 80 2a 00 00",     // another enterprise
           "0600ff06 000011be 40 2a 00 00",     // a pong
           "0600ff26 000011be 80 2a 00 00",     // reserved class bits
       }) {
    CAPTURE(bad);
    CHECK(is_drop(r.outcome_hex(bad)));
  }
}

TEST_CASE("datagrams that are not RMCP are dropped",
          "[session][bmc][N-RMCP-01][N-RMCP-02][N-RMCP-03][N-RMCP-04][N-RMCP-10][N-RMCP-11][N-RMCP-12]") {
  rig r;
  const auto discovery = datagram_of(
      [](mutable_bytes out) { return encode_capabilities_request(1, true, privilege::administrator, out); });
  const auto changed = [&](std::size_t at, int value) {
    auto d = discovery;
    d[at] = static_cast<std::uint8_t>(value);
    return d;
  };
  for (int v = 0; v < 256; ++v) {
    CAPTURE(v);
    if (v != 0x06) CHECK(r.outcome(changed(0, v)) == errc::bad_version);
    if (v != 0xff) CHECK(r.outcome(changed(2, v)) == errc::bad_rmcp_sequence);
    if (v != 0x07) CHECK(is_drop(r.outcome(changed(3, v))));
  }
  CHECK(r.outcome(octets{}) == errc::truncated);
  CHECK(r.outcome_hex("0600ff07") == errc::truncated);
  for (int type = 0; type < 256; ++type) CHECK(is_drop(r.outcome_hex("0600ff07" + to_hex(octets{std::uint8_t(type)}))));
  CHECK(is_drop(r.outcome(octets(65507, 0x06))));
  auto huge = octets(65507, 0xff);
  copy(from_hex("0600ff07 06 c0 01000000 01000000 ffff"), huge);
  CHECK(r.outcome(huge) == errc::bad_length);
  CHECK_FALSE(r.ask(console_peer, discovery).empty());

  test_peer broadcast = console_peer;
  broadcast.answerable = false;
  CHECK(r.ask(broadcast, discovery).empty());
  CHECK(r.last == errc::no_return_path);
}

TEST_CASE("the v1.5 wrapper outside a session is taken with auth type none only",
          "[session][bmc][N-V15-01][N-V15-02][N-V15-03][N-V15-07][N-V15-08][N-V15-09]") {
  rig r;
  const auto good = datagram_of(
      [](mutable_bytes out) { return encode_capabilities_request(1, true, privilege::administrator, out); });
  REQUIRE_FALSE(r.ask(console_peer, good).empty());
  const auto changed = [&](std::size_t at, int value) {
    auto d = good;
    d[at] = static_cast<std::uint8_t>(value);
    return d;
  };
  for (std::size_t n = 0; n < good.size(); ++n) CHECK(is_drop(r.outcome(bytes(good).first(n))));
  for (int type = 1; type < 256; ++type) {
    CAPTURE(type);
    CHECK(is_drop(r.outcome(changed(4, type))));
  }
  for (int type = 1; type < 256; ++type) {  // also as those types have it, with an authentication code
    auto d = changed(4, type);
    d.insert(d.begin() + 13, 16, 0);
    if (type != 6) CHECK(r.outcome(d) == errc::bad_auth_type);
  }
  for (std::size_t at = 5; at < 13; ++at) CHECK(r.outcome(changed(at, 1)) == errc::unknown_session);
  for (const int length : {0, 1, 6, 8, 10, 255}) {
    CAPTURE(length);
    CHECK(is_drop(r.outcome(changed(13, length))));
  }
  CHECK(is_drop(r.outcome_hex("0600ff07 00 00000000 00000000 00")));
  CHECK(is_drop(r.outcome_hex("0600ff07 00 00000000 00000000 ff")));
  for (std::size_t at = 14; at < good.size(); ++at) {  // any byte of the message spoils a checksum
    CAPTURE(at);
    CHECK(r.outcome(changed(at, good[at] ^ 1)) == errc::bad_checksum);
  }
  auto longer = good;
  for (int n = 1; n <= 4; ++n) {
    longer.push_back(0xa5);
    CHECK_FALSE(r.ask(console_peer, longer).empty());
  }
}

TEST_CASE("messages for others, and responses, are dropped outside a session", "[session][bmc][N-V2-07]") {
  rig r;
  for (const bool v2 : {false, true}) {
    auto rq = app_rq(app::get_system_guid, {});
    CHECK(run(r, rq, v2).got);
    rq.responder = 0x22;
    CHECK_FALSE(run(r, rq, v2).got);
    CHECK(r.last == errc::unexpected_message);
    rq.responder = bmc_address;
    rq.target = net_fn_lun::response(net_fn::app);
    CHECK_FALSE(run(r, rq, v2).got);
    CHECK(r.last == errc::unexpected_message);
  }
}

TEST_CASE("answers outside a session swap addresses and LUNs and keep the sequence", "[session][bmc]") {
  rig r;
  for (const bool v2 : {false, true}) {
    auto rq = app_rq(app::get_system_guid, {});
    rq.target = net_fn_lun::request(net_fn::app, 1);
    rq.requester = 0x8f;
    rq.sequence = seq_lun::of(0x3e, 2);
    const auto a = run(r, rq, v2);
    CHECK(a.message.requester == 0x8f);
    CHECK(a.message.responder == bmc_address);
    CHECK(a.message.target == net_fn_lun::response(net_fn::app, 2));
    CHECK(a.message.sequence == seq_lun::of(0x3e, 1));
    CHECK(a.message.command == app::get_system_guid);
    CHECK(a.data == "202122232425262728292a2b2c2d2e2f");
  }
}

TEST_CASE("Get Channel Authentication Capabilities tells of v2.0 when asked, and of K_g exactly when it is set",
          "[session][bmc]") {
  rig r;
  for (const bool v2 : {false, true}) {
    CAPTURE(v2);
    r.setup().users.kg_value = {};
    CHECK(run(r, 0x38, "8e04", v2).data == "0180040200000000");
    CHECK(run(r, 0x38, "8104", v2).data == "0180040200000000");
    CHECK(run(r, 0x38, "0e04", v2).data == "0100040000000000");
    for (std::size_t at : {0u, 19u}) {
      octets kg(20);
      kg[at] = 1;
      r.setup().users.kg_value = *user_key::from(kg);
      CHECK(run(r, 0x38, "8e04", v2).data == "0180240200000000");
      CHECK(run(r, 0x38, "0e04", v2).data == "0100040000000000");
    }
  }
}

TEST_CASE("Get Channel Authentication Capabilities refuses what it cannot answer", "[session][bmc][N-V15-19]") {
  rig r;
  for (const char* data : {"", "8e", "8e0400"}) CHECK(run(r, 0x38, data).code == completion_code::length_invalid);
  for (int channel = 0; channel < 16; ++channel) {
    const octets data{static_cast<std::uint8_t>(0x80 | channel), 4};
    CHECK((run(r, 0x38, to_hex(data)).code == completion_code::ok) == (channel == 1 || channel == 0x0e));
  }
  for (int level = 0; level < 16; ++level) {
    const octets data{0x8e, static_cast<std::uint8_t>(level)};
    const auto a = run(r, 0x38, to_hex(data));
    CHECK(a.code == (level >= 1 && level <= 5 ? completion_code::ok : completion_code::invalid_field));
    if (a.code != completion_code::ok) CHECK(a.data.empty());
  }
}

TEST_CASE("Get Channel Cipher Suites lists the suites in force, in chunks, in both forms", "[session][bmc]") {
  bmc_options o = default_bmc();
  const auto list = [&](suite_list suites, const char* kind, bool v2) {
    o.suites = suites;
    rig r(o);
    std::string all;
    const int first = std::stoi(kind, nullptr, 16);
    for (int index = 0; index < 0x40; ++index) {
      const octets data{0x0e, 0, static_cast<std::uint8_t>(first | index)};
      const auto a = run(r, 0x54, to_hex(data), v2);
      REQUIRE(a.code == completion_code::ok);
      REQUIRE(a.data.substr(0, 2) == "01");
      all += a.data.substr(2);
      if (a.data.size() < 2 + 32) {  // the end; everything behind it is empty
        for (; index < 0x3f; ++index) {
          const octets rest{0x0e, 0, static_cast<std::uint8_t>(first | (index + 1))};
          CHECK(run(r, 0x54, to_hex(rest), v2).data == "01");
        }
        return all;
      }
    }
    return all;
  };
  for (const bool v2 : {false, true}) {
    CHECK(list(suites_of({3}), "80", v2) == "c003014181");
    CHECK(list(suites_of({17, 3}), "80", v2) == "c011034481c003014181");
    // What the build or the traits lack is not listed; the order is the options'.
    CHECK(list(suites_of({17, 5, 19, 3, 0}), "80", v2) == "c011034481c003014181c000004080");
    std::string records;
    for (const auto id : {17, 3, 0, 1, 2, 6, 7, 8, 11, 12, 15, 16})
      records += to_hex(suite_record::of(standard_suites[static_cast<std::size_t>(id)]));
    CHECK(list(default_bmc().suites, "80", v2) == records);
    CHECK(list(suites_of({17, 3}), "00", v2) == "0301444181");
    CHECK(list(default_bmc().suites, "00", v2) ==
          "03010002444140"
          "42438180");
  }
  // A list of whole chunks ends with an empty one: 16 suites of 5 bytes make five chunks.
  CHECK(list(suites_of({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}), "80", true).size() == 16 * 10);
}

TEST_CASE("Get Channel Cipher Suites refuses what it cannot answer", "[session][bmc][N-CMD-03]") {
  rig r;
  for (const char* data : {"", "0e", "0e00", "0e008000"})
    CHECK(run(r, 0x54, data, true).code == completion_code::length_invalid);
  for (const char* data : {"0f0080", "020080", "8e0080", "4e0080", "0e00c0", "0e0040"})
    CHECK(run(r, 0x54, data, true).code == completion_code::invalid_field);
  for (int payload = 1; payload < 256; ++payload)
    CHECK(run(r, 0x54, to_hex(octets{0x0e, std::uint8_t(payload), 0x80}), true).code == completion_code{0x80});
  CHECK(run(r, 0x54, "0e00bf", true).data == "01");
}

TEST_CASE("Get System GUID takes no data", "[session][bmc]") {
  rig r;
  CHECK(run(r, 0x37, "").data == "202122232425262728292a2b2c2d2e2f");
  CHECK(run(r, 0x37, "00").code == completion_code::length_invalid);
}

TEST_CASE("other commands outside a session are refused, never executed", "[session][bmc][N-V2-23]") {
  rig r;
  for (const bool v2 : {false, true}) {
    for (int cmd = 0; cmd < 256; ++cmd) {
      CAPTURE(v2, cmd);
      for (const auto fn : {net_fn::chassis, net_fn::app, net_fn::storage, net_fn{0x3e}}) {
        if (fn == net_fn::app && (cmd == 0x37 || cmd == 0x38 || cmd == 0x54)) continue;
        const octets data{0x04};
        const auto a = run(r, app_rq(static_cast<std::uint8_t>(cmd), data, fn), v2);
        CHECK(a.got);
        CHECK(a.code == completion_code::not_supported_in_state);
        CHECK(a.data.empty());
      }
    }
  }
  CHECK(r.handler().commands.empty());
  CHECK(r.managed.counters().commands == 0);
}

TEST_CASE("RMCP+ datagrams outside a session must be bare, whole, and of a type for a BMC",
          "[session][bmc][N-V2-01][N-V2-02][N-V2-03][N-V2-04][N-V2-05][N-V2-06][N-V2-07]") {
  rig r;
  rig_console<rig> c(r);
  const auto good = sessionless(payload_type::open_session_request, c.open_request());
  const auto changed = [&](std::size_t at, int value) {
    auto d = good;
    d[at] = static_cast<std::uint8_t>(value);
    return d;
  };
  for (std::size_t n = 0; n < good.size(); ++n) {
    CAPTURE(n);
    CHECK(is_drop(r.outcome(bytes(good).first(n))));
  }
  const auto oem = from_hex("0600ff07 06 02 010000000000 00000000 00000000 0100 00");
  for (std::size_t n = 0; n <= oem.size(); ++n) CHECK(is_drop(r.outcome(bytes(oem).first(n))));

  for (const int length : {0, 1, 7, 33, 255}) CHECK(is_drop(r.outcome(changed(14, length))));
  CHECK(r.outcome(changed(15, 0xff)) == errc::bad_length);
  for (int type = 0; type < 256; ++type) {
    CAPTURE(type);
    const bool ours = type == 0x10 || type == 0x12 || type == 0x14 || type == 0x00;
    if (!ours) CHECK(is_drop(r.outcome(changed(5, type))));
  }
  for (const int type : {0x50, 0x90, 0xd0, 0x52, 0x94, 0x40, 0x80}) CHECK(is_drop(r.outcome(changed(5, type))));
  CHECK(r.outcome(changed(5, 0x90)) == errc::unexpected_protection);
  for (std::size_t at = 6; at < 10; ++at) CHECK(r.outcome(changed(at, 1)) == errc::unknown_session);
  for (std::size_t at = 10; at < 14; ++at) CHECK(r.outcome(changed(at, 1)) == errc::unexpected_protection);
  CHECK(r.managed.opened_logins() == 0);
  CHECK(c.open() == rakp_status::no_errors);
}

TEST_CASE("answers outside a session are at most 2.4 times the question", "[session][bmc]") {
  rig r;
  for (const bool v2 : {false, true}) {
    for (const char* data : {"37", "388e04", "540e0080", "540e0000", "3b04", "01"}) {
      const auto all = from_hex(data);
      const auto rq = app_rq(all[0], bytes(all).subspan(1));
      const auto datagram = datagram_of([&](mutable_bytes out) {
        return v2 ? encode_sessionless_v2(payload_type::ipmi, rq, out) : encode_sessionless_v15(rq, out);
      });
      CHECK(r.ask(console_peer, datagram).size() * 10 <= datagram.size() * 24);
    }
  }
  rig_console<rig> c(r, 17);
  CHECK(c.open() == rakp_status::no_errors);
  const auto rakp1_sent = c.rakp1_datagram();
  CHECK(r.ask(console_peer, rakp1_sent).size() * 10 <= rakp1_sent.size() * 24);
}

TEST_CASE("answering a presence ping", "[session][bmc]") {
  std::array<std::uint8_t, 64> room{};
  const auto asked = from_hex("00 00 11 be 80 2a 00 00");
  const auto n = answer_ping(asked, room);
  REQUIRE(n);
  CHECK(*n == 28);
  CHECK(room[9] == 0x2a);
  for (std::size_t k = 0; k < asked.size(); ++k) CHECK(is_drop(answer_ping(bytes(asked).first(k), room).error()));
  for (std::size_t k = 0; k < 28; ++k)
    CHECK(answer_ping(asked, mutable_bytes(room).first(k)).error() == errc::buffer_too_small);
  const auto outcome = [&](std::string_view text) { return answer_ping(from_hex(text), room); };
  CHECK(outcome("00 00 11 be 80 ff 00 00").value_or(9) == 0);
  CHECK(outcome("00 00 11 bf 80 2a 00 00").error() == errc::unexpected_message);
  CHECK(outcome("00 00 11 be 40 2a 00 00").error() == errc::unexpected_message);
  CHECK(outcome("00 00 11 be 80 2a 00 01 00").error() == errc::bad_length);
}
