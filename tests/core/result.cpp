// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/core/result.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>

using namespace rmcpp;

TEST_CASE("a result with a value is true") {
  constexpr result<int> r = 7;
  STATIC_REQUIRE(r);
  STATIC_REQUIRE(r.has_value());
  STATIC_REQUIRE(r.error() == errc::ok);
  CHECK(*r == 7);
  CHECK(r.value_or(1) == 7);
}

TEST_CASE("a result with an error is false, and its value is the default") {
  constexpr result<int> r = errc::truncated;
  STATIC_REQUIRE_FALSE(r);
  STATIC_REQUIRE(r.error() == errc::truncated);
  CHECK(r.value() == 0);
  CHECK(r.value_or(1) == 1);
}

TEST_CASE("a result keeps what was read before the error") {
  const result<int> r{5, errc::bad_length};
  CHECK_FALSE(r);
  CHECK(*r == 5);
}

TEST_CASE("an error alone is no success, even if it says ok") {
  STATIC_REQUIRE_FALSE(result<int>(errc::ok));
  STATIC_REQUIRE(result<int>(errc::ok).error() == errc::invalid_argument);
}

TEST_CASE("a result with error ok is a value") { CHECK(result<int>{5, errc::ok}.has_value()); }

TEST_CASE("status is success unless told otherwise") {
  CHECK(status());
  CHECK(status(errc::ok));
  CHECK_FALSE(status(errc::timed_out));
  CHECK(status(errc::timed_out).error() == errc::timed_out);
}

TEST_CASE("every error code has a sentence of its own") {
  std::set<std::string> sentences;
  int codes = 0;
  for (unsigned v = 0; v <= 0xff; ++v) {
    const std::string sentence = describe(static_cast<errc>(v));
    if (sentence == "unknown error") continue;
    ++codes;
    sentences.insert(sentence);
    CHECK(sentence.back() != '.');
  }
  CHECK(sentences.size() == static_cast<std::size_t>(codes));
}

TEST_CASE("the last code of each range is described, and so is every one before it") {
  const auto run = [](errc first, errc last) {
    for (auto v = static_cast<unsigned>(first); v <= static_cast<unsigned>(last); ++v)
      CHECK(std::string(describe(static_cast<errc>(v))) != "unknown error");
  };
  run(errc::ok, errc::rate_limited);
  run(errc::timed_out, errc::weak_random);
  run(errc::closed_by_application, errc::deadline_passed);
  run(errc::buffer_too_small, errc::unsupported_suite);
  run(errc::crypto_failure, errc::transport_failure);
}

TEST_CASE("a code's range says who is to blame") {
  STATIC_REQUIRE(blame_for(errc::ok) == blame::nobody);
  STATIC_REQUIRE(blame_for(errc::truncated) == blame::datagram);
  STATIC_REQUIRE(blame_for(errc::rate_limited) == blame::datagram);
  for (const auto e : {errc::timed_out, errc::session_lost, errc::closed_by_peer, errc::weak_random})
    CHECK(blame_for(e) == blame::peer);
  for (const auto e : {errc::closed_by_application, errc::closed_by_administrator, errc::evicted, errc::expired,
                       errc::deadline_passed})
    CHECK(blame_for(e) == blame::this_side);
  STATIC_REQUIRE(blame_for(errc::buffer_too_small) == blame::caller);
  STATIC_REQUIRE(blame_for(errc::not_drained) == blame::caller);
  STATIC_REQUIRE(blame_for(errc::entropy_failure) == blame::resource);
}

TEST_CASE("only codes of the first range mean that the datagram was dropped") {
  STATIC_REQUIRE_FALSE(is_drop(errc::ok));
  STATIC_REQUIRE(is_drop(errc::truncated));
  STATIC_REQUIRE(is_drop(errc::rate_limited));
  STATIC_REQUIRE_FALSE(is_drop(errc::timed_out));
  STATIC_REQUIRE_FALSE(is_drop(errc::weak_random));
  STATIC_REQUIRE_FALSE(is_drop(errc::buffer_too_small));
  STATIC_REQUIRE_FALSE(is_drop(errc::entropy_failure));
}
