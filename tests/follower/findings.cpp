// SPDX-License-Identifier: BSL-1.0
// Every kind of finding, provoked in a conversation that is sound otherwise: reported at its datagram, with its
// numbers, and nothing else reported. Sound conversations have no findings.
#include "support/catch.hpp"
#include "support/followed.hpp"
#include "support/hex.hpp"
#include "support/session_pair.hpp"

#include <functional>

namespace {

using namespace rmcpp;
using namespace rmcpp::protect;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::crypto;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using testing::edited;
using testing::encoded;
using testing::override_field;
using testing::sessionless;
using testing::to_octets;
using testing::value_of;

constexpr auto to_bmc = rmcpp::direction::to_bmc;
constexpr auto to_console = rmcpp::direction::to_console;

/// What is expected of one datagram.
struct expected_finding {
  std::uint64_t datagram = 0;
  found is{};
};

struct deviation {
  const char* name;
  std::function<void(scene&)> act;
  std::vector<expected_finding> expected;
  std::uint8_t suite = 3;
  const char* kg = "";  ///< of the follower
};

/// Decrypts the payload of a sealed packet, changes the padded plaintext, encrypts and signs it again.
void repad(scene& s, octets& datagram, const std::function<void(octets&)>& change) {
  auto packet = value_of(look(datagram));
  block iv{};
  copy(packet.payload().first(16), iv);
  octets plain = to_octets(packet.payload().subspan(16));
  REQUIRE(s.con.crypto.decrypt(s.con.keys.cipher_key(), iv, plain));
  change(plain);
  if (!plain.empty()) REQUIRE(s.con.crypto.encrypt(s.con.keys.cipher_key(), iv, plain));
  octets out(datagram.begin(), datagram.begin() + 16 + 16);
  store_le16(out.data() + 14, static_cast<std::uint16_t>(16 + plain.size()));
  out.insert(out.end(), plain.begin(), plain.end());
  const auto trailer = packet.behind();
  out.insert(out.end(), trailer.begin(), trailer.end());
  s.con.reseal(out);
  datagram = out;
}

/// Replaces pad, pad length and next header, and signs again.
void retrail(scene& s, octets& datagram, const octets& trailer) {
  const auto packet = value_of(look(datagram));
  octets out(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(16 + packet.payload_size));
  out.insert(out.end(), trailer.begin(), trailer.end());
  out.resize(out.size() + authcode_size(s.con.suite.integrity));
  s.con.reseal(out);
  datagram = out;
}

void refuse(scene& s, std::uint8_t status) {
  s.bmc.before = [status](auto& b, payload_type) { b.status = static_cast<rakp_status>(status); };
}

/// The session is of suite 2, whose packets show everything; its next sequence number is 2.
void begin_numbered(scene& s) {
  s.con.login();
  s.say(to_bmc, s.numbered(1));
}
void number_each(scene& s, std::initializer_list<std::uint32_t> numbers) {
  for (const auto n : numbers) s.say(to_bmc, s.numbered(n));
}

const std::vector<deviation>& deviations() {
  using f = finding;
  static const std::vector<deviation> all{
      {"a RAKP 1 of five bytes",
       [](scene& s) { s.say(to_bmc, sessionless(payload_type::rakp1, octets(5))); },
       {{1, {f::malformed, static_cast<std::uint32_t>(errc::truncated)}}}},
      {"a datagram that is no RMCP",
       [](scene& s) {
         s.say(to_bmc, {5, 0, 0xff, 7});
       },
       {{1, {f::malformed, static_cast<std::uint32_t>(errc::bad_version)}}}},
      {"an IPMI datagram that wants an RMCP ACK",
       [](scene& s) {
         v15_session v{.type = auth_type::none, .id = session_id::none};
         s.say(to_bmc, v.packet(0, v.request(app::get_device_id)));
         s.last()[2] = 5;
       },
       {{1, {f::malformed, static_cast<std::uint32_t>(errc::bad_rmcp_sequence)}}}},
      {"garbage in a reserved byte of the Open Session Response",
       [](scene& s) {
         s.whole_session();
         s.at(2)[16 + 3] = 0xff;
       },
       {{2, {f::reserved_bits}}}},
      {"a byte behind a v1.5 message",
       [](scene& s) {
         v15_session v{.type = auth_type::none, .id = session_id::none};
         s.say(to_bmc, v.packet(0, v.request(app::get_device_id)));
         s.last().push_back(0);
       },
       {{1, {f::legacy_pad}}}},
      {"a session trailer behind RAKP 2, as a server BMC sends it",
       [](scene& s) {
         s.con.prove();
         const octets trailer{0xff, 0xff, 0x02, 0x07};
         s.last().insert(s.last().end(), trailer.begin(), trailer.end());
       },
       {{4, {f::surplus, 4}}}},
      {"a byte behind an IPMI message in RMCP+ format, outside a session",
       [](scene& s) {
         s.con.exchange(
             testing::datagram_of([](mutable_bytes out) { return encode_cipher_suites_request(2, 0, out); }));
         s.at(1).push_back(0);
       },
       {{1, {f::surplus, 1}}}},
      {"a byte behind a packet of a session without integrity",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         s.last().push_back(0);
       },
       {{7, {f::malformed, static_cast<std::uint32_t>(errc::trailing_bytes)}}},
       1},
      {"a packet that denies its trailer",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         s.last()[5] &= 0xbf;
       },
       {{7, {f::malformed, static_cast<std::uint32_t>(errc::trailing_bytes)}}, {7, {f::not_authenticated}}}},
      {"a byte-swapped enterprise number in a ping, and in a pong",
       [](scene& s) {
         s.say(to_bmc, from_hex("06 00 ff 06 be110000 80 01 00 00"));
         s.say(to_console, from_hex("06 00 ff 06 be110000 40 01 00 10 000011be 00000000 81 00 000000000000"));
       },
       {{1, {f::asf_enterprise, 0xbe110000, 4542}}, {2, {f::asf_enterprise, 0xbe110000, 4542}}}},
      {"a ping with data, and one that claims some",
       [](scene& s) {
         s.say(to_bmc, from_hex("06 00 ff 06 000011be 80 01 00 02 aabb"));
         s.say(to_bmc, from_hex("06 00 ff 06 000011be 80 01 00 10"));
       },
       {{1, {f::asf_length, 2, 0}},
        {2, {f::malformed, static_cast<std::uint32_t>(errc::bad_length)}},
        {2, {f::asf_length, 16, 0}}}},
      {"a pong of fourteen bytes that says so, and one that says sixteen",
       [](scene& s) {
         s.say(to_console, from_hex("06 00 ff 06 000011be 40 01 00 0e 000011be 00000000 81 00 00000000"));
         s.say(to_console, from_hex("06 00 ff 06 000011be 40 01 00 10 000011be 00000000 81 00 00000000"));
       },
       {{1, {f::asf_length, 14, 16}},
        {2, {f::malformed, static_cast<std::uint32_t>(errc::bad_length)}},
        {2, {f::asf_length, 14, 16}}}},
      {"two bytes behind a ping, behind a pong, and behind an ASF message of another type",
       [](scene& s) {
         s.say(to_bmc, from_hex("06 00 ff 06 000011be 80 01 00 00 aabb"));
         s.say(to_console, from_hex("06 00 ff 06 000011be 40 01 00 10 000011be 00000000 81 00 000000000000 aabb"));
         s.say(to_bmc, from_hex("06 00 ff 06 000011be 81 01 00 03 aabbcc ddee"));
       },
       {{1, {f::malformed, static_cast<std::uint32_t>(errc::trailing_bytes)}},
        {1, {f::asf_length, 2, 0}},
        {2, {f::malformed, static_cast<std::uint32_t>(errc::trailing_bytes)}},
        {2, {f::asf_length, 18, 16}},
        {3, {f::malformed, static_cast<std::uint32_t>(errc::trailing_bytes)}},
        {3, {f::asf_length, 5, 3}}}},
      {"an ASF message of another type, with data",
       [](scene& s) { s.say(to_bmc, from_hex("06 00 ff 06 000011be 81 01 00 03 aabbcc")); },
       {}},
      {"an Open Session Request to a console",
       [](scene& s) { s.say(to_console, sessionless(payload_type::open_session_request, s.con.open_request())); },
       {{1, {f::wrong_direction}}}},
      {"a RAKP 2 to a BMC",
       [](scene& s) { s.say(to_bmc, sessionless(payload_type::rakp2, rakp2{})); },
       {{1, {f::wrong_direction}}}},
      {"a ping to a console",
       [](scene& s) { s.say(to_console, testing::datagram_of([](mutable_bytes out) { return encode_ping(1, out); })); },
       {{1, {f::wrong_direction}}}},
      {"a pong to a BMC",
       [](scene& s) { s.say(to_bmc, testing::datagram_of([](mutable_bytes out) { return encode_pong(1, {}, out); })); },
       {{1, {f::wrong_direction}}}},
      {"an RMCP ACK of class IPMI, and one of class ASF",
       [](scene& s) {
         s.say(to_console, {6, 0, 5, 0x87});
         s.say(to_console, {6, 0, 5, 0x86});
       },
       {{1, {f::unexpected_ack}}}},
      {"a request that arrives twice",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         s.say(to_bmc, s.last());
       },
       {{8, {f::repeated_datagram}}}},
      {"a packet of a session that nobody opened",
       [](scene& s) {
         s.con.login();
         s.said.clear();
         s.say(to_bmc, s.request());
       },
       {{1, {f::unknown_session}}}},
      {"a RAKP 3 to a session id that nobody gave",
       [](scene& s) { s.say(to_bmc, s.con.rakp3_datagram(rakp_code{})); },
       {{1, {f::unknown_session}}}},
      {"a v1.5 packet of a session that nobody opened",
       [](scene& s) {
         v15_session v{.type = auth_type::none};
         s.say(to_bmc, v.packet(1, v.request(app::get_device_id)));
       },
       {{1, {f::unknown_session}}}},
      {"a request after Close Session was answered",
       [](scene& s) {
         s.whole_session();
         s.say(to_bmc, s.request());
       },
       {{13, {f::after_close}}}},
      {"a v1.5 request after Close Session was answered",
       [](scene& s) {
         v15_session v;
         s.said = v.login();
         v.close(s.said, 0x200, 0x101);
         v.ask(s.said, 0x201, 0x102);
       },
       {{9, {f::after_close}}, {10, {f::after_close}}}},

      {"an Open Session Request with a sequence number",
       [](scene& s) {
         s.whole_session();
         override_field<session_header_v2>(s.at(1), "sequence", 5);
       },
       {{1, {f::setup_in_session}}}},
      {"an authenticated RAKP 4",
       [](scene& s) {
         s.whole_session();
         s.at(6)[5] |= 0x40;
       },
       {{6, {f::setup_in_session}}}},
      {"a RAKP 1 with a session id",
       [](scene& s) {
         s.whole_session();
         override_field<session_header_v2>(s.at(3), "id", 0x02001234);
       },
       {{3, {f::setup_in_session}}}},
      {"a RAKP 4 that is encrypted: ipmi_sim",
       [](scene& s) {
         s.whole_session();
         s.at(6)[5] |= 0x80;
       },
       {{6, {f::setup_in_session}}}},
      {"another tag in the Open Session Response",
       [](scene& s) {
         s.whole_session();
         s.at(2)[16] = 9;
       },
       {{2, {f::tag_not_echoed, 9}}}},
      {"another tag in RAKP 2",
       [](scene& s) {
         s.whole_session();
         s.at(4)[16] = 9;
       },
       {{4, {f::tag_not_echoed, 9}}}},
      {"another tag in RAKP 4",
       [](scene& s) {
         s.whole_session();
         s.at(6)[16] = 9;
       },
       {{6, {f::tag_not_echoed, 9}}}},
      {"another console id in the Open Session Response",
       [](scene& s) {
         s.whole_session();
         override_field<open_session_response>(s.at(2), "console_id", 0x77);
       },
       {{2, {f::console_id_not_echoed, 0x77, 0xa0a2a3a4}}}},
      {"another console id in RAKP 2",
       [](scene& s) {
         s.whole_session();
         override_field<rakp2>(s.at(4), "console_id", 0x77);
       },
       {{4, {f::console_id_not_echoed, 0x77, 0xa0a2a3a4}}}},
      {"another console id in RAKP 4",
       [](scene& s) {
         s.whole_session();
         override_field<rakp4>(s.at(6), "console_id", 0x77);
       },
       {{6, {f::console_id_not_echoed, 0x77, 0xa0a2a3a4}}}},
      {"status 18h: qemu-bmc",
       [](scene& s) {
         refuse(s, 0x18);
         s.con.open();
         s.last() = sessionless(payload_type::open_session_response, octets{1, 0x18, 0, 0, 0xa4, 0xa3, 0xa2, 0xa0});
       },
       {{2, {f::status_reserved, 0x18}}}},
      {"an Open Session Response with a status of RAKP 4",
       [](scene& s) {
         refuse(s, 0x0f);
         s.con.open();
       },
       {{2, {f::status_out_of_place, 0x0f}}}},
      {"a RAKP 2 with a status of the Open Session Response",
       [](scene& s) {
         s.con.open();
         refuse(s, 0x11);
         s.con.send_rakp1();
       },
       {{4, {f::status_out_of_place, 0x11}}}},
      {"a RAKP 3 with a status of the Open Session Response",
       [](scene& s) {
         s.con.prove();
         s.say(to_bmc, s.con.rakp3_datagram(rakp_code{}, rakp_status::no_cipher_suite_match));
       },
       {{5, {f::status_out_of_place, 0x11}}}},
      {"12h for a proposal that is well formed",
       [](scene& s) {
         refuse(s, 0x12);
         s.con.open();
       },
       {{2, {f::status_misleading, 0x12}}}},
      {"an error answer of two bytes: OpenIPMI",
       [](scene& s) {
         s.con.open();
         s.last() = sessionless(payload_type::open_session_response, octets{1, 1});
       },
       {{2, {f::short_error, 2, 8}}}},
      {"suite 3 for a proposal of suite 17: pyghmi",
       [](scene& s) {
         s.bmc.before = [](auto& b, payload_type) { b.suite = standard_suites[3]; };
         s.con.open();
       },
       {{2, {f::algorithm_not_proposed, 1, 3}}, {2, {f::algorithm_not_proposed, 1, 4}}},
       17},
      {"an answer that leaves the integrity algorithm open",
       [](scene& s) {
         s.whole_session();
         s.at(2)[16 + 20 + 3] = 0;
       },
       {{2, {f::algorithm_not_chosen}}}},
      {"SHA-1 with AES but without integrity",
       [](scene& s) {
         s.con.suite.integrity = integrity_algorithm::none;
         s.con.open();
       },
       {{2, {f::suite_not_standard}}}},
      {"a suite that the BMC's own list lacks",
       [](scene& s) {
         s.bmc.offered = testing::suites_of({3, 17});
         s.con.exchange(testing::datagram_of([](mutable_bytes o) { return encode_cipher_suites_request(1, 0, o); }));
         s.con.open();
       },
       {{4, {f::suite_not_advertised, 2}}},
       2},
      {"the last suite of the BMC's list, which is longer than one answer",
       [](scene& s) {
         s.bmc.offered = testing::suites_of({3, 17, 2, 1, 7, 8});
         for (const auto i : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{1}})
           s.con.exchange(testing::datagram_of([&](mutable_bytes o) { return encode_cipher_suites_request(1, i, o); }));
         s.con.open();
       },
       {},
       8},
      {"a suite missed by half a list",
       [](scene& s) {
         s.bmc.offered = testing::suites_of({3, 17, 2, 1, 7, 8});
         s.con.exchange(testing::datagram_of([](mutable_bytes o) { return encode_cipher_suites_request(1, 0, o); }));
         s.con.open();
       },
       {},
       8},
      {"a suite missed by a list without its beginning",
       [](scene& s) {
         s.bmc.offered = testing::suites_of({3, 17, 2, 1, 7, 8});
         s.con.exchange(testing::datagram_of([](mutable_bytes o) { return encode_cipher_suites_request(1, 1, o); }));
         s.con.open();
       },
       {},
       3},
      {"suite 0", [](scene& s) { s.whole_session(); }, {{2, {f::no_authentication}}}, 0},
      {"a lower privilege level than asked for",
       [](scene& s) {
         s.con.asked = privilege::administrator;
         s.bmc.granted = privilege::user;
         s.whole_session();
       },
       {{2, {f::privilege_not_granted, 2, 4}}}},
      {"no privilege level: OpenIPMI",
       [](scene& s) {
         s.bmc.granted = privilege::highest;
         s.whole_session();
       },
       {{2, {f::privilege_not_granted, 0, 0}}}},
      {"session id 0",
       [](scene& s) {
         s.bmc.transcript.managed_id = session_id::none;
         s.con.open();
       },
       {{2, {f::managed_id_zero}}}},
      {"a console's random number of zeros",
       [](scene& s) {
         s.con.console_random = {};
         s.whole_session();
       },
       {{3, {f::weak_random}}}},
      {"a BMC's random number that is the console's",
       [](scene& s) {
         s.bmc.transcript.managed_random = s.con.console_random;
         s.whole_session();
       },
       {{4, {f::weak_random}}}},
      {"random numbers of an earlier login",
       [](scene& s) {
         s.con.login();
         s.con.console_id = session_id{0x55};
         s.bmc.transcript.managed_id = session_id{0x66};
         s.con.login();
       },
       {{9, {f::random_reused}}, {10, {f::random_reused}}}},
      {"a RAKP 2 code that lacks a byte",
       [](scene& s) {
         s.con.prove();
         s.last() = edited<rakp2>(s.last(), [](rakp2& m) { m.code = *rakp_code::from(m.code.view().first(19)); });
       },
       {{4, {f::code_length, 19, 20}}, {4, {f::bad_authcode}}}},
      {"a RAKP 3 code that has a byte too many",
       [](scene& s) {
         s.con.login();
         s.at(5).push_back(0);
         s.at(5)[14] = 29;
         s.said.resize(5);
       },
       {{5, {f::code_length, 21, 20}}, {5, {f::bad_authcode}}}},
      {"a RAKP 4 value with RAKP-none",
       [](scene& s) {
         s.con.login();
         s.at(6) = edited<rakp4>(s.at(6), [](rakp4& m) { m.code = *rakp_code::from(octets(12)); });
       },
       {{2, {f::no_authentication}}, {6, {f::code_length, 12, 0}}},
       0},
      {"a RAKP 2 code of another algorithm",
       [](scene& s) {
         s.con.prove();
         const auto other = authentication_algorithm::rakp_hmac_sha256;
         const auto code = value_of(rakp2_code(s.con.crypto, other, s.con.password, s.con.transcript));
         s.last() = edited<rakp2>(s.last(), [&](rakp2& m) { m.code = code; });
       },
       {{4, {f::code_length, 32, 20}}, {4, {f::other_algorithm, 3, 1}}, {4, {f::bad_authcode}}}},
      {"a RAKP 2 without a code: as if nothing had been negotiated",
       [](scene& s) {
         s.con.prove();
         s.last() = edited<rakp2>(s.last(), [&](rakp2& m) { m.code = {}; });
       },
       {{4, {f::code_length, 0, 20}}, {4, {f::other_algorithm, 0, 1}}, {4, {f::bad_authcode}}}},
      {"a RAKP 4 value that is not cut",
       [](scene& s) {
         s.whole_session();
         s.at(6) = edited<rakp4>(s.at(6), [&](rakp4& m) {
           m.code =
               value_of(rakp4_code(s.con.crypto, s.con.suite.authentication, s.con.integrity_key(), s.con.transcript));
         });
       },
       {{6, {f::rakp4_untruncated, 20, 12}}}},
      {"a wrong RAKP 4 value",
       [](scene& s) {
         s.con.login();
         s.last().back() ^= 1;
       },
       {{6, {f::bad_authcode}}}},
      {"a changed packet",
       [](scene& s) {
         s.whole_session();
         s.at(10)[40] ^= 1;
       },
       {{10, {f::bad_authcode}}}},
      {"a changed v1.5 packet",
       [](scene& s) {
         v15_session v;
         s.said = v.login();
         v.ask(s.said, 0x200, 0x101);
         s.last().back() ^= 1;
       },
       {{8, {f::bad_authcode}}}},
      {"a wrong RAKP 3 code that the BMC takes",
       [](scene& s) {
         s.whole_session();
         s.at(5).back() ^= 1;
       },
       {{5, {f::bad_authcode}}, {6, {f::accepted_bad_code}}}},
      {"a wrong RAKP 2 code that the console takes",
       [](scene& s) {
         s.whole_session();
         s.at(4).back() ^= 1;
       },
       {{4, {f::bad_authcode}}, {5, {f::accepted_bad_code}}}},
      {"0Fh for a right RAKP 3 code",
       [](scene& s) {
         s.con.prove();
         refuse(s, 0x0f);
         s.con.send_rakp3();
       },
       {{6, {f::refused_good_code}}}},
      {"0Fh for a right RAKP 3 code behind a wrong RAKP 2: the BMC knows another password",
       [](scene& s) {
         s.con.prove();
         s.last().back() ^= 1;
         refuse(s, 0x0f);
         s.con.send_rakp3();
       },
       {{4, {f::bad_authcode}}, {5, {f::accepted_bad_code}}}},
      {"K_g is set and not used", [](scene& s) { s.whole_session(); }, {{6, {f::kg_not_used}}}, 3, "two keys"},

      {"an unauthenticated request in an authenticated session",
       [](scene& s) {
         s.con.login();
         const auto rq = encoded(s.con.request(net_fn::app, app::get_device_id));
         s.say(to_bmc, s.con.sealed(rq, payload_byte::of(payload_type::ipmi), 1, s.con.managed_id()));
       },
       {{7, {f::not_authenticated}}},
       2},
      {"a request neither authenticated nor encrypted",
       [](scene& s) {
         s.con.login();
         const auto rq = encoded(s.con.request(net_fn::app, app::get_device_id));
         s.say(to_bmc, s.con.sealed(rq, payload_byte::of(payload_type::ipmi), 1, s.con.managed_id()));
       },
       {{7, {f::not_authenticated}}, {7, {f::not_encrypted}}}},
      {"an unauthenticated v1.5 request",
       [](scene& s) {
         v15_session v;
         s.said = v.login();
         s.say(to_bmc, v.packet(0x200, v.request(app::get_device_id), auth_type::none));
       },
       {{7, {f::not_authenticated}}}},
      {"an unauthenticated v1.5 request where the BMC announced that",
       [](scene& s) {
         v15_session v;
         s.said = v.login("admin", true);
         s.say(to_bmc, v.packet(0x200, v.request(app::get_device_id), auth_type::none));
       },
       {{7, {f::authentication_off}}}},
      {"an authenticated request that is not encrypted",
       [](scene& s) {
         s.con.login();
         const auto rq = encoded(s.con.request(net_fn::app, app::get_device_id));
         s.say(to_bmc, s.con.sealed(rq, payload_byte::of(payload_type::ipmi, true), 1, s.con.managed_id()));
       },
       {{7, {f::not_encrypted}}}},
      {"an authenticated packet outside sessions",
       [](scene& s) {
         s.con.login();
         s.said.clear();
         s.say(to_bmc, s.con.sealed(encoded(s.con.request(net_fn::app, 1)), payload_byte::of(payload_type::ipmi, true),
                                    0, session_id::none));
       },
       {{1, {f::unexpected_protection}}}},
      {"a v1.5 packet with an authcode outside sessions",
       [](scene& s) {
         v15_session v{.id = session_id::none};
         s.say(to_bmc, v.packet(0, v.request(app::get_device_id)));
       },
       {{1, {f::unexpected_protection}}}},
      {"an authenticated packet in a session without integrity",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         s.last()[5] |= 0x40;
       },
       {{7, {f::unexpected_protection}}},
       1},
      {"an encrypted packet in a session without confidentiality",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         s.last()[5] |= 0x80;
         s.con.reseal(s.last());
       },
       {{7, {f::unexpected_protection}}},
       2},
      {"another v1.5 authentication type",
       [](scene& s) {
         v15_session v;
         s.said = v.login();
         s.say(to_bmc, v.packet(0x200, v.request(app::get_device_id), auth_type::md2));
       },
       {{7, {f::auth_type_differs, 1, 2}}}},
      {"a trailer of thirteen bytes",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {7});
       },
       {{7, {f::trailer_short, 13}}}},
      {"four pad bytes: OpenBMC",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request(octets{1, 2, 3}));
         retrail(s, s.last(), {0xff, 0xff, 0xff, 0xff, 4, 7});
       },
       {{7, {f::pad_length_4}}},
       2},
      {"four pad bytes where two are needed",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {0xff, 0xff, 0xff, 0xff, 4, 7});
       },
       {{7, {f::pad_alignment, 4, 2}}}},
      {"five pad bytes",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {0xff, 0xff, 0xff, 0xff, 0xff, 5, 7});
       },
       {{7, {f::pad_too_long, 5, 2}}}},
      {"six pad bytes, to a multiple of four",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 6, 7});
       },
       {{7, {f::pad_too_long, 6, 2}}}},
      {"no pad bytes where two are needed",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {0, 7});
       },
       {{7, {f::pad_alignment, 0, 2}}}},
      {"a pad length of 0 behind two pad bytes",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {0xff, 0xff, 0, 7});
       },
       {{7, {f::pad_length, 0, 2}}}},
      {"pad bytes of 00h",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {0xff, 0, 2, 7});
       },
       {{7, {f::pad_bytes, 0, 0xff}}}},
      {"a next header of 00h",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         retrail(s, s.last(), {0xff, 0xff, 2, 0});
       },
       {{7, {f::next_header, 0, 7}}}},
      {"confidentiality pad bytes of 00h",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         repad(s, s.last(), [](octets& p) { p[p.size() - 3] = 0; });
       },
       {{7, {f::cipher_pad, 8}}}},
      {"a confidentiality pad longer than its payload",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         repad(s, s.last(), [](octets& p) { p.back() = 16; });
       },
       {{7, {f::cipher_pad, 16}}}},
      {"an encrypted payload of one block",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         repad(s, s.last(), [](octets& p) { p.clear(); });
       },
       {{7, {f::cipher_pad, 16}}}},
      {"sixteen confidentiality pad bytes: OpenBMC",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request(octets(8)));
         repad(s, s.last(), [](octets& p) {
           p.resize(15);
           for (std::uint8_t i = 1; i <= 16; ++i) p.push_back(i);
           p.push_back(16);
         });
       },
       {{7, {f::cipher_pad_16}}}},
      {"an initialisation vector used before",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.request());
         s.say(to_bmc, s.request());
         auto& d = s.last();
         auto p = value_of(look(d));
         octets plain = to_octets(value_of(decrypt_payload(s.con.crypto, s.con.keys, p.payload())));
         auto plan_of = plan(s.con.kind(), s.con.suite.integrity, plain.size());
         octets out(plan_of.total);
         copy(plain, mutable_bytes(out).subspan(plan_of.message));
         block iv{};
         copy(bytes(s.at(7)).subspan(16, 16), iv);
         REQUIRE(seal(s.con.crypto, s.con.keys,
                      {.payload = s.con.kind(), .id = s.con.managed_id(), .sequence = p.sequence}, plan_of, iv, out));
         d = out;
       },
       {{8, {f::iv_reused}}}},
      {"an initialisation vector of the other direction",
       [](scene& s) {
         s.con.login();
         s.con.app(app::get_device_id);
         const octets message = encoded(s.con.request(net_fn::app, app::get_device_id));
         const auto plan_of = plan(s.con.kind(), s.con.suite.integrity, message.size());
         octets out(plan_of.total);
         copy(message, mutable_bytes(out).subspan(plan_of.message));
         block iv{};
         copy(bytes(s.at(8)).subspan(16, 16), iv);
         REQUIRE(seal(s.con.crypto, s.con.keys,
                      {.payload = s.con.kind(), .id = s.con.managed_id(), .sequence = s.con.sequence.next()}, plan_of,
                      iv, out));
         s.say(to_bmc, out);
       },
       {{9, {f::iv_reused}}}},

      {"a v1.5 message outside sessions with a sequence number",
       [](scene& s) {
         v15_session v{.type = auth_type::none, .id = session_id::none};
         s.say(to_bmc, v.packet(3, v.request(app::get_device_id)));
       },
       {{1, {f::sequence_outside_session, 3}}}},
      {"an RMCP+ message outside sessions with a sequence number",
       [](scene& s) {
         s.say(to_bmc, testing::datagram_of([](mutable_bytes out) { return encode_cipher_suites_request(1, 0, out); }));
         override_field<session_header_v2>(s.last(), "sequence", 4);
       },
       {{1, {f::sequence_outside_session, 4}}}},
      {"sequence number 0 every time: qemu-bmc",
       [](scene& s) {
         s.con.login();
         number_each(s, {0, 0});
       },
       {{7, {f::sequence_zero, 0, 1}}, {8, {f::sequence_zero, 0, 1}}},
       2},
      {"a first sequence number of 5",
       [](scene& s) {
         s.con.login();
         number_each(s, {5, 6});
       },
       {{7, {f::first_sequence, 5, 1}}},
       2},
      {"a v1.5 session that does not begin where the BMC said",
       [](scene& s) {
         v15_session v;
         s.said = v.login();
         v.ask(s.said, 0x203, 0x101);
       },
       {{7, {f::first_sequence, 0x203, 0x200}}}},
      {"a v1.5 activation response with another number than the console said",
       [](scene& s) {
         v15_session v;
         s.said = v.login();
         octets message = to_octets(bytes(s.last()).subspan(4 + 26));
         v.id = session_id{0xaabb};
         s.last() = v.packet(0x150, message);
       },
       {{6, {f::first_sequence, 0x150, 0x100}}}},
      {"a sequence number that another packet had",
       [](scene& s) {
         begin_numbered(s);
         number_each(s, {2, 2});
       },
       {{9, {f::sequence_reused, 2, 3}}},
       2},
      {"a sequence number 17 behind",
       [](scene& s) {
         begin_numbered(s);
         for (std::uint32_t n = 2; n <= 19; ++n)
           if (n != 2) number_each(s, {n});
         number_each(s, {2});
       },
       {{25, {f::sequence_behind, 2, 20}}},
       2},
      {"a sequence number 16 ahead",
       [](scene& s) {
         begin_numbered(s);
         number_each(s, {17});
       },
       {{8, {f::sequence_ahead, 17, 2}}},
       2},
      {"a packet that another overtook",
       [](scene& s) {
         begin_numbered(s);
         number_each(s, {3, 2});
       },
       {{9, {f::out_of_order, 2, 4}}},
       2},
      {"a response that nobody asked for",
       [](scene& s) {
         s.con.login();
         s.bmc.before = [](auto& b, payload_type) { b.response.sequence.value ^= 0x40; };
         s.con.app(app::get_device_id);
       },
       {{8, {f::unasked_response}}}},
      {"a response to another command",
       [](scene& s) {
         s.con.login();
         s.bmc.before = [](auto& b, payload_type) { b.response.command = 7; };
         s.con.app(app::get_device_id);
       },
       {{8, {f::unasked_response}}}},
      {"a response of another network function",
       [](scene& s) {
         s.con.login();
         s.bmc.before = [](auto& b, payload_type) { b.response.target = net_fn_lun::response(net_fn::chassis); };
         s.con.app(app::get_device_id);
       },
       {{8, {f::unasked_response}}}},
      {"characters without a packet number",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc,
               s.con.sealed(octets{0, 0, 0, 0, 0x6c, 0x73}, s.con.kind(payload_type::sol), 1, s.con.managed_id()));
       },
       {{7, {f::sol_counts, 2}}}},
      {"a count of accepted characters without a packet number",
       [](scene& s) {
         s.con.login();
         s.say(to_bmc, s.con.sealed(octets{1, 0, 3, 0, 0x6c}, s.con.kind(payload_type::sol), 1, s.con.managed_id()));
       },
       {{7, {f::sol_counts, 3}}}},
      {"SOL packets that count right: characters, an acknowledgement, both, control bits alone",
       [](scene& s) {
         s.con.login();
         const octets right[] = {{1, 0, 0, 0, 0x6c}, {0, 1, 3, 0}, {2, 1, 3, 0, 0x6c}, {0, 0, 0, 0x10}, {3, 2, 0, 0}};
         for (const auto& payload : right)
           s.say(to_bmc,
                 s.con.sealed(payload, s.con.kind(payload_type::sol), s.con.sequence.next(), s.con.managed_id()));
       },
       {}},
  };
  return all;
}

std::string text_of(const std::vector<expected_finding>& expected) {
  std::string text;
  for (const auto& e : expected)
    text += std::to_string(e.datagram) + ": " + info(e.is.what).name + ' ' + std::to_string(e.is.seen) + '/' +
            std::to_string(e.is.expected) + '\n';
  return text;
}

}  // namespace

TEST_CASE("each deviation is named at its datagram, and nothing else is", "[session][follower]") {
  for (const auto& d : deviations()) {
    CAPTURE(d.name);
    scene s(d.suite);
    d.act(s);
    listener<> l({anybody_with("secret")}, testing::key_of(d.kg));
    l.play(s.said);
    CHECK(describe_findings(l.notes) == text_of(d.expected));
  }
}

TEST_CASE("no finding is without a deviation that provokes it", "[session][follower]") {
  for (const auto& kind : all_findings) {
    CAPTURE(kind.name);
    bool provoked = false;
    for (const auto& d : deviations())
      for (const auto& e : d.expected) provoked = provoked || e.is.what == kind.what;
    CHECK(provoked);
  }
}

TEST_CASE("a session of ours has no findings, and everything in it is verified and read", "[session][follower]") {
  const auto suite = GENERATE(std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{6},
                              std::uint8_t{7}, std::uint8_t{8}, std::uint8_t{11}, std::uint8_t{12}, std::uint8_t{15},
                              std::uint8_t{16}, std::uint8_t{17});
  const bool two_keys = GENERATE(false, true);
  CAPTURE(int{suite}, two_keys);
  const user_key kg = two_keys ? testing::key_of("\x01second key") : user_key{};
  auto options = testing::default_console();
  options.suites = testing::suites_of({suite});
  options.kg = kg;
  test::session_pair<> pair(options);
  pair.managed.config().users.kg_value = kg;
  tape t;
  pair.network = [&](direction d, int, std::vector<std::uint8_t>& bytes_) {
    t.push_back({d == direction::to_bmc ? to_bmc : to_console, bytes_});
    return true;
  };
  REQUIRE(pair.login());
  for (std::uint8_t i = 0; i < 20; ++i) {
    const octets data(i % 16, i);
    REQUIRE(pair.submit(i, data));
    pair.settle();
  }
  REQUIRE(pair.con.close(pair.now));
  pair.settle();

  listener<> l({anybody_with("secret")}, kg);
  l.play(t);
  CHECK(describe_findings(l.notes) == (suite == 0 ? "4: no_authentication 0/0\n" : ""));
  const auto& algorithms = standard_suites[suite];
  const bool coded = algorithms.authentication != authentication_algorithm::rakp_none;
  const bool signed_ = algorithms.integrity != integrity_algorithm::none;
  constexpr std::size_t setup = 2;  // behind the capabilities
  constexpr std::size_t session = setup + 6;
  REQUIRE(l.notes.size() == session + 2 * 22);
  for (std::size_t i = 0; i < l.notes.size(); ++i) {
    const auto& o = l.notes[i].seen;
    CAPTURE(i);
    CHECK(o.readable);
    CHECK(o.number == i + 1);
    CHECK(o.session == (i < setup ? 0 : 1));
    CHECK(o.error == errc::ok);
    // Every second one is an answer to the one before it, and RAKP 3 answers RAKP 2.
    CHECK(o.answers == (i % 2 == 1 || i == setup + 4 ? i : 0));
    const bool has_code = i < session ? i >= setup + 3 && coded : signed_;
    CHECK(describe(o.auth) == std::string(has_code ? "ok" : "none"));
    CHECK(o.encrypted == (i >= session && algorithms.confidentiality != confidentiality_algorithm::none));
    if (i >= session) {
      REQUIRE(l.notes[i].payload.size() >= 7);
      CHECK(net_fn_lun{l.notes[i].payload[1]}.is_response() == (i % 2 == 1));
    }
  }
}
