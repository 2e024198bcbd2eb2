// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/session/suite_choice.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::crypto;
using namespace rmcpp::detail;
using rmcpp::testing::null_backend;

/// A backend that lacks MD5 in all its forms, and AES if so wished.
template <bool Aes> struct poor_backend : null_backend {
  static constexpr bool supports(mac_id id) noexcept { return id != mac_id::hmac_md5; }
  static constexpr bool supports(cipher_id) noexcept { return Aes; }
  static constexpr bool supports(digest_id) noexcept { return false; }
};

suite_list suites_of(std::initializer_list<std::uint8_t> ids) {
  return *suite_list::from(bytes(ids.begin(), ids.size()));
}

open_session_request proposing(std::uint8_t id) {
  const auto& s = *find_suite(id);
  return {.authentication = authentication_payload::of(s.authentication),
          .integrity = integrity_payload::of(s.integrity),
          .confidentiality = confidentiality_payload::of(s.confidentiality)};
}
open_session_request anything() {
  return {.authentication = authentication_payload::any(),
          .integrity = integrity_payload::any(),
          .confidentiality = confidentiality_payload::any()};
}

/// The id chosen, or minus the status.
template <class B = null_backend> int negotiated(const open_session_request& rq, const suite_list& suites) {
  const cipher_suite* chosen = nullptr;
  const auto why = negotiate<B>(rq, suites, chosen);
  CHECK((chosen != nullptr) == (why == rakp_status::no_errors));
  return chosen ? chosen->id : -static_cast<int>(why);
}

cipher_suite_reader offering(bytes records) {
  cipher_suite_reader r;
  r.push(records);
  r.finish();
  return r;
}
cipher_suite_reader offering(std::initializer_list<std::uint8_t> ids) {
  cipher_suite_reader r;
  for (const auto id : ids) r.push(suite_record::of(*find_suite(id)));
  r.finish();
  return r;
}

/// All candidates in turn.
std::vector<int> tried(suite_candidates c) {
  std::vector<int> all{c.current().id};
  while (c.advance()) all.push_back(c.current().id);
  CHECK(c.current().id == all.back());
  return all;
}

}  // namespace

TEST_CASE("which suites a build has", "[session][suites]") {
  for (int id = 0; id < 256; ++id) {
    CAPTURE(id);
    const auto n = static_cast<std::uint8_t>(id);
    const bool known = id <= 17 && id != 4 && id != 5 && id != 9 && id != 10 && id != 13 && id != 14;
    CHECK(may_use<null_backend>(n, true) == known);
    CHECK(may_use<null_backend>(n, false) == (known && id != 0));
    const bool without_md5 = known && (id < 6 || id > 14);
    CHECK(may_use<poor_backend<true>>(n, true) == without_md5);
    CHECK(may_use<poor_backend<false>>(n, true) == (without_md5 && id != 3 && id != 17));
  }
}

TEST_CASE("the usable part of a list, in its order", "[session][suites]") {
  const auto wanted = suites_of({17, 4, 3, 0, 99, 12, 3});
  CHECK(usable_suites<null_backend>(wanted, true) == suites_of({17, 3, 0, 12, 3}));
  CHECK(usable_suites<null_backend>(wanted, false) == suites_of({17, 3, 12, 3}));
  CHECK(usable_suites<poor_backend<false>>(wanted, false) == suites_of({}));
  CHECK(usable_suites<null_backend>({}, true) == suites_of({}));
  std::array<std::uint8_t, 20> full{};
  full.fill(3);
  CHECK(usable_suites<null_backend>(suite_list(full), false).size() == 20);
}

TEST_CASE("the BMC takes a proposal that is one of its suites", "[session][suites]") {
  const auto mine = suites_of({17, 3, 1});
  for (const int id : {17, 3, 1}) CHECK(negotiated(proposing(static_cast<std::uint8_t>(id)), mine) == id);
  for (const int id : {0, 2, 6, 7, 8, 11, 12, 15, 16})
    CHECK(negotiated(proposing(static_cast<std::uint8_t>(id)), mine) == -0x11);
  CHECK(negotiated(proposing(3), {}) == -0x11);
}

TEST_CASE("each unknown algorithm has its own refusal, authentication first", "[session][suites]") {
  const auto mine = suites_of({17, 3});
  auto rq = proposing(3);
  rq.confidentiality.algorithm = static_cast<confidentiality_algorithm>(4);
  CHECK(negotiated(rq, mine) == -0x10);
  rq.integrity.algorithm = static_cast<integrity_algorithm>(5);
  CHECK(negotiated(rq, mine) == -0x05);
  rq.authentication.algorithm = static_cast<authentication_algorithm>(0x3f);
  CHECK(negotiated(rq, mine) == -0x04);
  for (const int id : {4, 5}) CHECK(negotiated(proposing(static_cast<std::uint8_t>(id)), mine) == -0x10);
  // What this build lacks is unknown to it.
  CHECK(negotiated<poor_backend<true>>(proposing(6), mine) == -0x04);
  rq = proposing(3);
  rq.integrity.algorithm = integrity_algorithm::md5_128;
  CHECK(negotiated<poor_backend<true>>(rq, mine) == -0x05);
  CHECK(negotiated<poor_backend<false>>(proposing(3), suites_of({1})) == -0x10);
}

TEST_CASE("every triple of algorithms: a suite of the list or 11h", "[session][suites]") {
  const auto mine = suites_of({0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17});
  int accepted = 0;
  for (int a = 0; a < 4; ++a) {
    for (int i = 0; i < 5; ++i) {
      for (int c = 0; c < 2; ++c) {
        const cipher_suite s{0, static_cast<authentication_algorithm>(a), static_cast<integrity_algorithm>(i),
                             static_cast<confidentiality_algorithm>(c)};
        const auto* known = find_suite(s.authentication, s.integrity, s.confidentiality);
        const open_session_request rq{.authentication = authentication_payload::of(s.authentication),
                                      .integrity = integrity_payload::of(s.integrity),
                                      .confidentiality = confidentiality_payload::of(s.confidentiality)};
        CHECK(negotiated(rq, mine) == (known ? known->id : -0x11));
        accepted += known ? 1 : 0;
      }
    }
  }
  CHECK(accepted == 12);
}

TEST_CASE("a null payload leaves the choice to the BMC's preference", "[session][suites]") {
  const auto mine = suites_of({0, 12, 17, 3, 1});
  CHECK(negotiated(anything(), mine) == 12);
  auto rq = anything();
  rq.confidentiality = confidentiality_payload::of(confidentiality_algorithm::none);
  CHECK(negotiated(rq, mine) == 1);
  rq = anything();
  rq.authentication = authentication_payload::of(authentication_algorithm::rakp_hmac_sha1);
  CHECK(negotiated(rq, mine) == 3);
  rq = proposing(17);
  rq.integrity = integrity_payload::any();
  CHECK(negotiated(rq, mine) == 17);
  // The algorithm byte of a null payload means nothing.
  rq = anything();
  rq.authentication.algorithm = static_cast<authentication_algorithm>(9);
  CHECK(negotiated(rq, mine) == 12);
}

TEST_CASE("a null payload never brings a login without authentication", "[session][suites]") {
  const auto mine = suites_of({0});
  CHECK(negotiated(anything(), mine) == -0x11);
  CHECK(negotiated(proposing(0), mine) == 0);
  auto rq = proposing(0);
  rq.authentication = authentication_payload::any();
  CHECK(negotiated(rq, mine) == -0x11);
  rq = proposing(0);
  rq.integrity = integrity_payload::any();
  rq.confidentiality = confidentiality_payload::any();
  CHECK(negotiated(rq, mine) == 0);
}

TEST_CASE("refusals that another suite may mend", "[session][suites]") {
  for (int s = 0; s < 256; ++s)
    CHECK(is_about_suites(static_cast<rakp_status>(s)) == (s == 0x04 || s == 0x05 || s == 0x10 || s == 0x11));
}

TEST_CASE("limits: none of a suite that is no standard one", "[session][suites]") {
  suite_limits limits;
  limits.set(17, privilege::user);
  limits.set(no_suite_id, privilege::user);
  CHECK(limits.of(*find_suite(17)) == privilege::user);
  CHECK(limits.of(*find_suite(3)) == privilege::oem);
  const auto other = suite_of(authentication_algorithm::rakp_hmac_sha256, integrity_algorithm::hmac_sha1_96,
                              confidentiality_algorithm::aes_cbc_128);
  CHECK(other.id == no_suite_id);
  CHECK(limits.of(other) == privilege::oem);
}

// ---- suite_candidates ----

TEST_CASE("candidates in the caller's order, each once", "[session][suites]") {
  CHECK(tried(suite_candidates(suites_of({17, 3, 12}))) == std::vector{17, 3, 12});
  CHECK(tried(suite_candidates(suites_of({3}))) == std::vector{3});
  CHECK(suite_candidates(suites_of({17, 3})).has_choice());
  CHECK_FALSE(suite_candidates(suites_of({17})).has_choice());
  CHECK_FALSE(suite_candidates().has_choice());
}

TEST_CASE("less what the BMC lacks", "[session][suites]") {
  const auto of = [](const cipher_suite_reader& offered) {
    suite_candidates c(suites_of({17, 16, 12, 3}));
    c.restrict_to(offered);
    return tried(c);
  };
  CHECK(of(offering({3, 16})) == std::vector{16, 3});
  CHECK(of(offering({17})) == std::vector{17});
  CHECK(of(offering({3})) == std::vector{3});
  CHECK(of(offering({0, 1, 17, 16, 12, 3})) == std::vector{17, 16, 12, 3});
  // None of ours, or nothing: not believed.
  CHECK(of(offering({0, 1, 2, 6})) == std::vector{17, 16, 12, 3});
  CHECK(of(cipher_suite_reader{}) == std::vector{17, 16, 12, 3});
  const std::array<std::uint8_t, 5> lie{0xc0, 3, 0x03, 0x41, 0x81};
  CHECK(of(offering(bytes(lie))) == std::vector{17, 16, 12, 3});
}
