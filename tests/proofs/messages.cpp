// SPDX-License-Identifier: BSL-1.0
// Every message of the wire layer.
#include "messages.hpp"

#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/open_session.hpp>
#include <rmcpp/wire/payload_commands.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/rmcp.hpp>
#include <rmcpp/wire/session_challenge.hpp>
#include <rmcpp/wire/session_commands.hpp>
#include <rmcpp/wire/session_v15.hpp>
#include <rmcpp/wire/session_v2.hpp>
#include <rmcpp/wire/sol.hpp>

using namespace rmcpp;
using namespace rmcpp::wire;
using proof::holds;
using proof::reads;

namespace {

constexpr std::array<std::uint8_t, 5> data{1, 2, 3, 4, 5};
constexpr session_id id{0xa0a2a3a4};
constexpr octets16 random{0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
                          0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
constexpr rakp_code code{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
constexpr auto refused = rakp_status::illegal_parameter;

}  // namespace

static_assert(holds(rmcp_header{}) && reads<rmcp_header>(7));

static_assert(holds(asf_message{}) && holds(asf_message{.data = data}) && reads<asf_message>(24));
static_assert(holds(presence_pong{}) && reads<presence_pong>(19));

static_assert(holds(session_v15{}) && holds(session_v15{.id = id, .payload = data}));
static_assert(holds(session_v15{.type = auth_type::md5, .sequence = 7, .id = id, .authcode = random, .payload = data}));
static_assert(reads<session_v15>(40));

static_assert(holds(session_header_v2{.id = id, .sequence = 7, .length = 0x1234}));
static_assert(holds(session_header_v2{.payload = payload_byte::of(payload_type::oem_explicit, true, true),
                                      .oem_iana = 0x123456,
                                      .oem_payload_id = 0x789a,
                                      .id = id}));
static_assert(reads<session_header_v2>(21));

static_assert(holds(lan_request{}) && holds(lan_request{.command = 0x01, .data = data}) && reads<lan_request>(16));
static_assert(holds(lan_response{}) && holds(lan_response{.command = 0x01, .data = data}) && reads<lan_response>(16));

static_assert(holds(authentication_payload::of(authentication_algorithm::rakp_hmac_sha256)));
static_assert(holds(integrity_payload::any()) && holds(confidentiality_payload{}));
static_assert(reads<authentication_payload>(11) && reads<integrity_payload>(11) && reads<confidentiality_payload>(11));
static_assert(holds(open_session_request{.tag = 7, .console_id = id}) && reads<open_session_request>(35));
static_assert(holds(open_session_response{.tag = 7, .console_id = id, .managed_id = id}));
static_assert(holds(open_session_response{.status = refused, .console_id = id}) && reads<open_session_response>(39));

static_assert(holds(rakp1{.managed_id = id, .console_random = random}));
static_assert(holds(rakp1{.managed_id = id, .console_random = random, .name = "sixteen bytes .."}));
static_assert(reads<rakp1>(47));
static_assert(holds(rakp2{.console_id = id, .managed_random = random, .managed_guid = random, .code = code}));
static_assert(holds(rakp2{.console_id = id}) && holds(rakp2{.status = refused, .console_id = id}) && reads<rakp2>(76));
static_assert(holds(rakp3{.managed_id = id, .code = code}) && holds(rakp3{.status = refused, .managed_id = id}));
static_assert(reads<rakp3>(44));
static_assert(holds(rakp4{.console_id = id, .code = code}) && holds(rakp4{.status = refused, .console_id = id}));
static_assert(reads<rakp4>(44));

static_assert(holds(channel_auth_request{}) && reads<channel_auth_request>(5));
static_assert(holds(channel_auth_response{.oem_iana = 0x123456}) && reads<channel_auth_response>(11));
static_assert(holds(cipher_suites_request{}) && reads<cipher_suites_request>(6));
static_assert(holds(cipher_suites_response{}) && holds(cipher_suites_response{.records = {1, 2, 3}}));
static_assert(reads<cipher_suites_response>(20));
static_assert(holds(session_challenge_request{.name = random}) && reads<session_challenge_request>(20));
static_assert(holds(session_challenge_response{id, random}) && reads<session_challenge_response>(23));
static_assert(holds(activate_session_request{.challenge = random}) && reads<activate_session_request>(25));
static_assert(holds(activate_session_response{.id = id}) && reads<activate_session_response>(13));
static_assert(holds(system_guid_response{random}) && reads<system_guid_response>(19));
static_assert(holds(session_privilege{4}) && reads<session_privilege>(4));
static_assert(holds(close_session_request{id}) && holds(close_session_request{.handle = 1}));
static_assert(reads<close_session_request>(8));
static_assert(holds(session_info_request{}) && reads<session_info_request>(8));
static_assert(holds(session_info_request{.index = session_info_request::by_handle, .handle = 3}));
static_assert(holds(session_info_request{.index = session_info_request::by_id, .id = id}));
static_assert(holds(session_info_response{}) && holds(session_info_response{.handle = 1, .port = 623}));
static_assert(reads<session_info_response>(21));
static_assert(holds(payload_encryption_request{}) && reads<payload_encryption_request>(6));
static_assert(holds(payload_support_request{}) && reads<payload_support_request>(4));
static_assert(holds(payload_support_response{.standard = 3, .oem = 0x8001}) && reads<payload_support_response>(12));

static_assert(holds(sol_packet{}) && holds(sol_packet{.sequence = 5, .data = data}) && reads<sol_packet>(12));
