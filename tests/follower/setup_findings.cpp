// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/follower/setup_findings.hpp>

#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::detail;

using f = finding;
using p = payload_type;
using aa = authentication_algorithm;
using ia = integrity_algorithm;
using ca = confidentiality_algorithm;

std::string text_of(const std::vector<found>& list) {
  std::string text;
  for (const auto& x : list)
    text += std::string(info(x.what).name) + ' ' + std::to_string(x.seen) + '/' + std::to_string(x.expected) + '\n';
  return text;
}
std::string text_of(const finding_list& list) { return text_of(std::vector<found>(list.begin(), list.end())); }

open_session_request asking(aa a, ia i, ca c, privilege level = privilege::highest) {
  return {.max_privilege = level,
          .authentication = authentication_payload::of(a),
          .integrity = integrity_payload::of(i),
          .confidentiality = confidentiality_payload::of(c)};
}
open_session_response choosing(aa a, ia i, ca c, privilege level = privilege::administrator) {
  return {.max_privilege = level,
          .managed_id = session_id{1},
          .authentication = authentication_payload::of(a),
          .integrity = integrity_payload::of(i),
          .confidentiality = confidentiality_payload::of(c)};
}
const auto suite_3 = asking(aa::rakp_hmac_sha1, ia::hmac_sha1_96, ca::aes_cbc_128);
const auto is_suite_3 = choosing(aa::rakp_hmac_sha1, ia::hmac_sha1_96, ca::aes_cbc_128);

std::string judged(const open_session_request& proposed, const open_session_response& m,
                   const cipher_suite_reader* listed = nullptr) {
  finding_list findings;
  judge_choice(proposed, m, listed, findings);
  return text_of(findings);
}

}  // namespace

TEST_CASE("each status code in each answer: in place, out of place, or in no table", "[session][setup_findings]") {
  // 04h to 07h, 10h and 11h speak of algorithms; 08h and 0Ch to 0Fh of what comes after them.
  for (unsigned code = 0; code <= 0xff; ++code) {
    const bool of_algorithms = (code >= 0x04 && code <= 0x07) || code == 0x10 || code == 0x11;
    const bool of_rakp = code == 0x08 || (code >= 0x0c && code <= 0x0f);
    for (const auto answer : {p::open_session_response, p::rakp2, p::rakp3, p::rakp4}) {
      CAPTURE(code, static_cast<int>(answer));
      finding_list findings;
      judge_status(answer, static_cast<rakp_status>(code), findings);
      std::vector<found> expected;
      if (code > 0x12) {
        expected = {{f::status_reserved, code}};
      } else if (answer == p::open_session_response ? of_rakp : of_algorithms) {
        expected = {{f::status_out_of_place, code}};
      }
      CHECK(text_of(findings) == text_of(expected));
    }
  }
}

TEST_CASE("a refusal needs eight bytes", "[session][setup_findings]") {
  for (std::size_t size = 0; size < 50; ++size) {
    finding_list findings;
    judge_refusal(size, findings);
    CHECK(findings.size() == (size < 8 ? 1u : 0u));
    if (size < 8) CHECK(*findings.begin() == found{f::short_error, static_cast<std::uint32_t>(size), 8});
  }
}

TEST_CASE("every standard suite is a sound choice of its own proposal and of an open one",
          "[session][setup_findings]") {
  const open_session_request open{.authentication = authentication_payload::any(),
                                  .integrity = integrity_payload::any(),
                                  .confidentiality = confidentiality_payload::any()};
  for (const auto& s : standard_suites) {
    CAPTURE(int{s.id});
    const auto chosen = choosing(s.authentication, s.integrity, s.confidentiality);
    const std::string expected = s.id == 0 ? "no_authentication 0/0\n" : "";
    CHECK(judged(asking(s.authentication, s.integrity, s.confidentiality), chosen) == expected);
    CHECK(judged(open, chosen) == expected);
  }
}

TEST_CASE("choices that are none", "[session][setup_findings]") {
  auto without_integrity = is_suite_3;
  without_integrity.integrity = integrity_payload::any();
  auto without_authentication = is_suite_3;
  without_authentication.authentication = authentication_payload::any();
  auto without_confidentiality = is_suite_3;
  without_confidentiality.confidentiality = confidentiality_payload::any();
  auto without_id = is_suite_3;
  without_id.managed_id = session_id::none;
  struct row {
    const char* name;
    open_session_request proposed;
    open_session_response chosen;
    std::vector<found> expected;
  };
  const row rows[] = {
      {"another authentication",
       suite_3,
       choosing(aa::rakp_hmac_md5, ia::hmac_sha1_96, ca::aes_cbc_128),
       {{f::algorithm_not_proposed, 2, 1}, {f::suite_not_standard}}},
      {"another integrity",
       suite_3,
       choosing(aa::rakp_hmac_sha1, ia::hmac_sha256_128, ca::aes_cbc_128),
       {{f::algorithm_not_proposed, 4, 1}, {f::suite_not_standard}}},
      {"another confidentiality",
       suite_3,
       choosing(aa::rakp_hmac_sha1, ia::hmac_sha1_96, ca::none),
       {{f::algorithm_not_proposed, 0, 1}}},
      {"all others",
       suite_3,
       choosing(aa::rakp_none, ia::none, ca::none),
       {{f::algorithm_not_proposed, 0, 1},
        {f::algorithm_not_proposed, 0, 1},
        {f::algorithm_not_proposed, 0, 1},
        {f::no_authentication}}},
      {"an echo of what is no suite",
       asking(aa::rakp_hmac_sha1, ia::none, ca::aes_cbc_128),
       choosing(aa::rakp_hmac_sha1, ia::none, ca::aes_cbc_128),
       {{f::suite_not_standard}}},
      {"an echo of what is no algorithm",
       asking(static_cast<aa>(0x3f), ia::hmac_sha1_96, ca::aes_cbc_128),
       choosing(static_cast<aa>(0x3f), ia::hmac_sha1_96, ca::aes_cbc_128),
       {{f::suite_not_standard}}},
      {"authentication left open", suite_3, without_authentication, {{f::algorithm_not_chosen}}},
      {"integrity left open", suite_3, without_integrity, {{f::algorithm_not_chosen}}},
      {"confidentiality left open", suite_3, without_confidentiality, {{f::algorithm_not_chosen}}},
      {"session id 0", suite_3, without_id, {{f::managed_id_zero}}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    CHECK(judged(r.proposed, r.chosen) == text_of(r.expected));
  }
}

TEST_CASE("a level is granted, and at least what was asked for", "[session][setup_findings]") {
  for (unsigned asked = 0; asked <= 5; ++asked) {
    for (unsigned granted = 0; granted <= 5; ++granted) {
      CAPTURE(asked, granted);
      auto rq = suite_3;
      auto rs = is_suite_3;
      rq.max_privilege = static_cast<privilege>(asked);
      rs.max_privilege = static_cast<privilege>(granted);
      const bool lacking = granted == 0 || granted < asked;
      CHECK(judged(rq, rs) ==
            text_of(lacking ? std::vector<found>{{f::privilege_not_granted, granted, asked}} : std::vector<found>{}));
    }
  }
}

TEST_CASE("what is chosen is on the BMC's own list", "[session][setup_findings]") {
  cipher_suite_reader list;
  list.push(std::array<std::uint8_t, 10>{0xc0, 2, 1, 0x41, 0x80, 0xc0, 17, 3, 0x44, 0x81});
  list.finish();
  CHECK(judged(suite_3, is_suite_3, &list) == "suite_not_advertised 3/0\n");
  CHECK(judged(asking(aa::rakp_hmac_sha256, ia::hmac_sha256_128, ca::aes_cbc_128),
               choosing(aa::rakp_hmac_sha256, ia::hmac_sha256_128, ca::aes_cbc_128), &list)
            .empty());
}

TEST_CASE("a code is as long as its algorithm says", "[session][setup_findings]") {
  struct row {
    std::size_t seen, expected, whole;
    std::vector<found> findings;
  };
  const row rows[] = {
      {20, 20, 20, {}},
      {21, 20, 20, {{f::code_length, 21, 20}}},
      {0, 20, 20, {{f::code_length, 0, 20}}},
      {12, 12, 20, {}},
      {20, 12, 20, {{f::rakp4_untruncated, 20, 12}}},
      {16, 12, 20, {{f::code_length, 16, 12}}},
      {32, 16, 32, {{f::rakp4_untruncated, 32, 16}}},
      {16, 16, 16, {}},
      {12, 0, 0, {{f::code_length, 12, 0}}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.seen, r.expected);
    finding_list findings;
    judge_code_length(r.seen, r.expected, r.whole, findings);
    CHECK(text_of(findings) == text_of(r.findings));
  }
}

TEST_CASE("a proposal is well formed if the tables know its numbers", "[session][setup_findings]") {
  for (const auto& s : standard_suites)
    for (unsigned level = 0; level <= 15; ++level)
      CHECK(well_formed(asking(s.authentication, s.integrity, s.confidentiality, static_cast<privilege>(level))) ==
            (level <= 5));
  CHECK(well_formed(asking(aa::rakp_hmac_sha256, ia::none, ca::xrc4_40)));
  CHECK_FALSE(well_formed(asking(static_cast<aa>(4), ia::none, ca::none)));
  CHECK_FALSE(well_formed(asking(aa::rakp_none, static_cast<ia>(5), ca::none)));
  CHECK_FALSE(well_formed(asking(aa::rakp_none, ia::none, static_cast<ca>(4))));
}
