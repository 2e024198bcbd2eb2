// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/open_session.hpp>
#include <rmcpp/wire/session_v2.hpp>

#include "support/messages.hpp"

#include <set>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

constexpr auto request =
    "07 04 00 00 A4 A3 A2 A0 | 00 00 00 08 01 00 00 00 | 01 00 00 08 01 00 00 00 | 02 00 00 08 01 00 00 00"_hex;
constexpr auto response =
    "07 00 04 00 A4 A3 A2 A0 34 12 00 02 |"
    "00 00 00 08 01 00 00 00 | 01 00 00 08 01 00 00 00 | 02 00 00 08 01 00 00 00"_hex;
constexpr auto refusal = "07 11 00 00 A4 A3 A2 A0"_hex;

constexpr open_session_request request_fields{
    .tag = 7,
    .max_privilege = privilege::administrator,
    .console_id = session_id{0xa0a2a3a4},
    .authentication = authentication_payload::of(authentication_algorithm::rakp_hmac_sha1),
    .integrity = integrity_payload::of(integrity_algorithm::hmac_sha1_96),
    .confidentiality = confidentiality_payload::of(confidentiality_algorithm::aes_cbc_128)};

}  // namespace

TEST_CASE("request: 32 bytes") {
  check_encodes(request_fields, request);
  check_exact_size<open_session_request>(request);

  constexpr auto m = decode<open_session_request>(request);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->tag == 7);
  STATIC_REQUIRE(m->max_privilege == privilege::administrator);
  STATIC_REQUIRE(m->console_id == session_id{0xa0a2a3a4});
  STATIC_REQUIRE(m->authentication.algorithm == authentication_algorithm::rakp_hmac_sha1);
  STATIC_REQUIRE(m->integrity.algorithm == integrity_algorithm::hmac_sha1_96);
  STATIC_REQUIRE(m->confidentiality.algorithm == confidentiality_algorithm::aes_cbc_128);
  STATIC_REQUIRE_FALSE(m->authentication.is_any());
}

TEST_CASE("request: its datagram is sessionless, payload type 10h") {
  std::array<std::uint8_t, 48> out{};
  CHECK(*encode_sessionless_v2(payload_type::open_session_request, request_fields, out) == out.size());
  CHECK(to_hex(out) == to_hex("06 00 FF 07 06 10 00 00 00 00 00 00 00 00 20 00"_hex) + to_hex(request));
}

TEST_CASE("response: 36 bytes on success") {
  check_encodes(open_session_response{.tag = 7,
                                      .max_privilege = privilege::administrator,
                                      .console_id = session_id{0xa0a2a3a4},
                                      .managed_id = session_id{0x02001234},
                                      .authentication = request_fields.authentication,
                                      .integrity = request_fields.integrity,
                                      .confidentiality = request_fields.confidentiality},
                response);
  check_exact_size<open_session_response>(response);

  constexpr auto m = decode<open_session_response>(response);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->tag == 7);
  STATIC_REQUIRE(m->status == rakp_status::no_errors);
  STATIC_REQUIRE(m->max_privilege == privilege::administrator);
  STATIC_REQUIRE(m->console_id == session_id{0xa0a2a3a4});
  STATIC_REQUIRE(m->managed_id == session_id{0x02001234});
  STATIC_REQUIRE(m->confidentiality.algorithm == confidentiality_algorithm::aes_cbc_128);
}

TEST_CASE("reserved bytes are written zero and ignored when read") {
  check_reserved<open_session_request>(request, {2, 3, 9, 10, 13, 14, 15, 17, 18, 21, 22, 23, 25, 26, 29, 30, 31});
  check_reserved<open_session_response>(response, {3, 13, 14, 17, 18, 19, 21, 22, 25, 26, 27, 29, 30, 33, 34, 35});
  // A real BMC (Inventec) leaves 08h and FF0207h there.
  const auto m = decode<open_session_response>(
      "00 00 04 00 A4 A3 A2 A0 FB 2D B5 FF 00 00 00 08 01 00 00 08 01 00 00 08 01 00 00 08 02 00 00 08 01 FF 02 07"_hex);
  REQUIRE(m);
  CHECK(m->confidentiality.algorithm == confidentiality_algorithm::aes_cbc_128);
}

TEST_CASE("reserved bits beside privilege and algorithm are ignored") {
  auto wire = request;
  wire[1] |= 0xf0;
  wire[12] |= 0xc0;
  wire[20] |= 0x80;
  wire[28] |= 0x40;
  const auto m = decode<open_session_request>(wire);
  REQUIRE(m);
  CHECK(encoded(*m) == to_hex(request));
  auto answer = response;
  answer[2] |= 0xf0;
  CHECK(encoded(*decode<open_session_response>(answer)) == to_hex(response));
}

TEST_CASE("response: an error is written as 8 bytes, whatever the other fields hold") {
  check_encodes(open_session_response{.tag = 7,
                                      .status = rakp_status::no_cipher_suite_match,
                                      .console_id = session_id{0xa0a2a3a4},
                                      .managed_id = session_id{0x02001234}},
                refusal);
}

TEST_CASE("response: errors of any size from 2 bytes are read") {
  std::vector<std::uint8_t> wire(refusal.begin(), refusal.end());
  wire.resize(40, 0xee);
  for (std::size_t n = 0; n <= wire.size(); ++n) {
    CAPTURE(n);
    const exact_bytes in(bytes(wire).first(n));
    const auto m = decode<open_session_response>(in);
    CHECK(m.has_value() == (n >= 2));
    if (n < 2) continue;
    CHECK(m->tag == 7);
    CHECK(m->status == rakp_status::no_cipher_suite_match);
    CHECK(m->console_id == (n < 8 ? session_id::none : session_id{0xa0a2a3a4}));
    CHECK(m->managed_id == session_id::none);
    CHECK(explain<open_session_response>(in).error == errc::ok);
  }
  // OpenBMC's zero-filled error of full size.
  CHECK(decode<open_session_response>(
      "00 11 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"_hex));
}

TEST_CASE("response: a success in the error's short form is truncated") {
  CHECK(text(decode_error<open_session_response>("07 00"_hex)) == text(errc::truncated));
  CHECK(text(decode_error<open_session_response>("07 00 04 00 A4 A3 A2 A0"_hex)) == text(errc::truncated));
  CHECK(text(decode_error<open_session_response>("C7"_hex)) == text(errc::truncated));
}

TEST_CASE("a null payload is a wildcard, not \"none\"") {
  auto m = request_fields;
  m.integrity = integrity_payload::any();
  m.confidentiality = confidentiality_payload::of(confidentiality_algorithm::none);
  constexpr auto wire =
      "07 04 00 00 A4 A3 A2 A0 | 00 00 00 08 01 00 00 00 | 01 00 00 00 00 00 00 00 | 02 00 00 08 00 00 00 00"_hex;
  check_encodes(m, wire);
  const auto d = decode<open_session_request>(wire);
  REQUIRE(d);
  CHECK(d->integrity.is_any());
  CHECK_FALSE(d->confidentiality.is_any());
}

TEST_CASE("algorithm payloads: the type is 0, 1, 2 in this order") {
  for (const std::size_t at : {8u, 16u, 24u}) {
    for (unsigned v = 0; v <= 0xff; ++v) {
      auto wire = request;
      wire[at] = static_cast<std::uint8_t>(v);
      CAPTURE(at, v);
      CHECK(text(decode_error<open_session_request>(wire)) ==
            text(v == at / 8 - 1 ? errc::ok : errc::bad_algorithm_payload));
    }
  }
}

TEST_CASE("algorithm payloads: the length is 8, or 0 for a wildcard") {
  for (const std::size_t at : {11u, 19u, 27u}) {
    for (unsigned v = 0; v <= 0xff; ++v) {
      auto wire = request;
      wire[at] = static_cast<std::uint8_t>(v);
      CAPTURE(at, v);
      CHECK(text(decode_error<open_session_request>(wire)) ==
            text(v == 0 || v == 8 ? errc::ok : errc::bad_algorithm_payload));
    }
  }
  auto wire = request;
  wire[19] = 7;
  const auto why = explain<open_session_request>(wire);
  CHECK(std::string(why.field) == "length");
  CHECK(why.offset == 19);
}

TEST_CASE("unknown algorithms, privileges and statuses survive") {
  for (unsigned v = 0; v < 0x40; ++v) {
    auto wire = request;
    wire[12] = wire[20] = wire[28] = static_cast<std::uint8_t>(v);
    wire[1] = static_cast<std::uint8_t>(v & 0x0f);
    check_survives<open_session_request>(wire);
  }
  for (unsigned v = 1; v <= 0xff; ++v) {
    auto wire = refusal;
    wire[1] = static_cast<std::uint8_t>(v);
    check_survives<open_session_response>(wire);
  }
}

TEST_CASE("explain names the field and its offset") {
  struct row {
    std::size_t size;
    const char* field;
    std::size_t offset;
  };
  const row rows[] = {{0, "tag", 0},         {1, "max_privilege", 1}, {3, "reserved", 2},    {7, "console_id", 4},
                      {8, "type", 8},        {11, "length", 11},      {12, "algorithm", 12}, {15, "reserved", 13},
                      {20, "algorithm", 20}, {24, "type", 24},        {31, "reserved", 29}};
  for (const auto& r : rows) {
    CAPTURE(r.size);
    const auto why = explain<open_session_request>(bytes(request).first(r.size));
    CHECK(text(why.error) == text(errc::truncated));
    CHECK(std::string(why.field) == r.field);
    CHECK(why.offset == r.offset);
  }
}

TEST_CASE("every status code of table 13-15 has words of its own") {
  std::set<std::string> words;
  for (unsigned v = 0x00; v <= 0x12; ++v) words.insert(describe(static_cast<rakp_status>(v)));
  CHECK(words.size() == 0x13);
  CHECK(words.count("unknown status") == 0);
  for (unsigned v = 0x13; v <= 0xff; ++v) CHECK(std::string(describe(static_cast<rakp_status>(v))) == "unknown status");

  // The three that implementations mix up.
  STATIC_REQUIRE(static_cast<unsigned>(rakp_status::invalid_integrity_algorithm) == 0x05);
  STATIC_REQUIRE(static_cast<unsigned>(rakp_status::invalid_confidentiality_algorithm) == 0x10);
  STATIC_REQUIRE(static_cast<unsigned>(rakp_status::no_cipher_suite_match) == 0x11);
  CHECK(std::string(describe(rakp_status{0x05})) == "invalid integrity algorithm");
  CHECK(std::string(describe(rakp_status{0x10})) == "invalid confidentiality algorithm");
  CHECK(std::string(describe(rakp_status{0x11})) == "no cipher suite match with proposed security algorithms");
}

TEST_CASE("every algorithm has a name of its own, others are reserved or OEM") {
  const auto names = [](auto algorithm, unsigned known) {
    std::set<std::string> distinct;
    for (unsigned v = 0; v < 0x40; ++v) {
      const std::string name = describe(static_cast<decltype(algorithm)>(v));
      CHECK((name == "reserved or OEM") == (v >= known));
      if (v < known) distinct.insert(name);
    }
    CHECK(distinct.size() == known);
  };
  names(authentication_algorithm{}, 4);
  names(integrity_algorithm{}, 5);
  names(confidentiality_algorithm{}, 4);
}

TEST_CASE("every privilege level has a name of its own") {
  std::set<std::string> distinct;
  for (unsigned v = 0; v <= 5; ++v) distinct.insert(describe(static_cast<privilege>(v)));
  CHECK(distinct.size() == 6);
  for (unsigned v = 6; v <= 0x0f; ++v) CHECK(std::string(describe(static_cast<privilege>(v))) == "reserved");
}
