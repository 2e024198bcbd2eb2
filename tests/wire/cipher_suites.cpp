// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/wire/cipher_suites.hpp>

#include "support/messages.hpp"

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::test;

namespace {

using ids = std::vector<unsigned>;

ids offered(const cipher_suite_reader& r) {
  ids out;
  for (unsigned id = 0; id <= 0xff; ++id)
    if (r.offers(static_cast<std::uint8_t>(id))) out.push_back(id);
  return out;
}

ids read(bytes list) {
  cipher_suite_reader r;
  r.push(list);
  r.finish();
  return offered(r);
}

/// All chunks of the list of `suites`, as a console collects them.
std::vector<std::vector<std::uint8_t>> chunks_of(bytes suites) {
  std::vector<std::vector<std::uint8_t>> out;
  do {
    const auto chunk = cipher_suite_chunk(suites, out.size());
    out.emplace_back(chunk.view().begin(), chunk.view().end());
  } while (out.back().size() == 16);
  return out;
}

}  // namespace

TEST_CASE("the table of standard suites") {
  struct row {
    unsigned id, authentication, integrity, confidentiality;
  };
  constexpr row rows[] = {
      {0, 0, 0, 0},  {1, 1, 0, 0},  {2, 1, 1, 0},  {3, 1, 1, 1},  {4, 1, 1, 2},  {5, 1, 1, 3},  {6, 2, 0, 0},
      {7, 2, 2, 0},  {8, 2, 2, 1},  {9, 2, 2, 2},  {10, 2, 2, 3}, {11, 2, 3, 0}, {12, 2, 3, 1}, {13, 2, 3, 2},
      {14, 2, 3, 3}, {15, 3, 0, 0}, {16, 3, 4, 0}, {17, 3, 4, 1}, {18, 3, 4, 2}, {19, 3, 4, 3},
  };
  STATIC_REQUIRE(standard_suites.size() == std::size(rows));
  for (const auto& r : rows) {
    CAPTURE(r.id);
    const auto* s = find_suite(static_cast<std::uint8_t>(r.id));
    REQUIRE(s != nullptr);
    CHECK(s->id == r.id);
    CHECK(static_cast<unsigned>(s->authentication) == r.authentication);
    CHECK(static_cast<unsigned>(s->integrity) == r.integrity);
    CHECK(static_cast<unsigned>(s->confidentiality) == r.confidentiality);
    CHECK(find_suite(s->authentication, s->integrity, s->confidentiality) == s);
  }
}

TEST_CASE("of all 80 combinations of known algorithms, 20 are suites") {
  int found = 0;
  for (std::uint8_t a = 0; a < 4; ++a)
    for (std::uint8_t i = 0; i < 5; ++i)
      for (std::uint8_t c = 0; c < 4; ++c)
        found +=
            find_suite(authentication_algorithm{a}, integrity_algorithm{i}, confidentiality_algorithm{c}) != nullptr;
  CHECK(found == 20);
  STATIC_REQUIRE(find_suite(20) == nullptr);
  STATIC_REQUIRE(find_suite(0xff) == nullptr);
}

TEST_CASE("request: this channel, IPMI payloads, list by suite") {
  constexpr auto wire = "0E 00 80"_hex;
  check_encodes(cipher_suites_request{}, wire);
  check_exact_size<cipher_suites_request>(wire);
  constexpr auto m = decode<cipher_suites_request>("0E 00 BF"_hex);
  STATIC_REQUIRE(m->by_suite());
  STATIC_REQUIRE(m->index() == cipher_suites_request::last_index);
  STATIC_REQUIRE_FALSE(decode<cipher_suites_request>("0E 01 02"_hex)->by_suite());
  check_survives<cipher_suites_request>("FF FF FF"_hex);
}

TEST_CASE("response: a channel and 0 to 16 bytes") {
  constexpr auto wire = "01 | C0 00 00 40 80 C0 01 01 40 80 C0 02 01 41 80 C0"_hex;
  constexpr auto m = decode<cipher_suites_response>(wire);
  STATIC_REQUIRE(m);
  STATIC_REQUIRE(m->channel == 1);
  STATIC_REQUIRE(m->records.size() == 16);
  check_encodes(*m, wire);
  check_prefixes<cipher_suites_response>(wire, 1);
  std::vector<std::uint8_t> longer(wire.begin(), wire.end());
  longer.push_back(0x03);
  CHECK(text(decode_error<cipher_suites_response>(longer)) == text(errc::trailing_bytes));
  CHECK(std::string(explain<cipher_suites_response>(longer).field) == "records");
}

TEST_CASE("records are written with their \"none\" algorithms, as ipmi_sim does") {
  constexpr auto suites = "00 01 02 03 11"_hex;
  const auto chunks = chunks_of(suites);
  REQUIRE(chunks.size() == 2);
  CHECK(to_hex(chunks[0]) == to_hex("C0 00 00 40 80 C0 01 01 40 80 C0 02 01 41 80 C0"_hex));
  CHECK(to_hex(chunks[1]) == to_hex("03 01 41 81 C0 11 03 44 81"_hex));
  STATIC_REQUIRE(suite_record::of(*find_suite(17)) == "C0 11 03 44 81"_hex);
}

TEST_CASE("a list of an exact multiple of 16 bytes ends with an empty chunk") {
  const std::vector<std::uint8_t> suites(16, 3);  // 80 bytes
  const auto chunks = chunks_of(suites);
  REQUIRE(chunks.size() == 6);
  CHECK(chunks.back().empty());
  CHECK(cipher_suite_chunk(suites, 6).empty());
  CHECK(cipher_suite_chunk(suites, cipher_suites_request::last_index).empty());
  CHECK(cipher_suite_chunk({}, 0).empty());
}

TEST_CASE("what is written is what is read, for all suites and each alone") {
  std::vector<std::uint8_t> all;
  for (const auto& s : standard_suites) all.push_back(s.id);
  cipher_suite_reader r;
  for (const auto& chunk : chunks_of(all)) r.push(chunk);
  r.finish();
  CHECK(offered(r).size() == standard_suites.size());
  CHECK_FALSE(r.empty());
  for (const auto id : all) CHECK(read(suite_record::of(*find_suite(id))) == ids{id});
}

TEST_CASE("a list may be cut anywhere") {
  constexpr auto list = "C0 01 01 40 80 | C1 80 57 01 00 03 44 81 | C0 03 01 41 81 | C0 11 03 44 81"_hex;
  const ids expected{1, 3, 17};
  for (std::size_t a = 0; a <= list.size(); ++a) {
    for (std::size_t b = a; b <= list.size(); ++b) {
      CAPTURE(a, b);
      cipher_suite_reader r;
      r.push(bytes(list).first(a));
      r.push(bytes(list).subspan(a, b - a));
      r.push(bytes(list).subspan(b));
      r.finish();
      CHECK(offered(r) == expected);
    }
  }
}

TEST_CASE("lists as real BMCs and odd ones send them") {
  struct row {
    const char* what;
    std::vector<std::uint8_t> list;
    ids suites;
  };
  const row rows[] = {
      {"ipmi_sim's first chunk: ends in a start byte",
       from_hex("C0 00 00 40 80 C0 01 01 40 80 C0 02 01 41 80 C0"),
       {0, 1, 2}},
      {"\"none\" left out (go-ipmi)", from_hex("C0 00 00 | C0 01 01 | C0 02 01 41 | C0 03 01 41 81"), {0, 1, 2, 3}},
      {"authentication none left out too", from_hex("C0 00"), {0}},
      {"any order", from_hex("C0 03 81 41 01"), {3}},
      {"algorithms only, no record (OpenBMC)", from_hex("03 44 81"), {}},
      {"an empty list", {}, {}},
      {"cut inside a record: reads as none", from_hex("C0 11 03 44"), {}},
      {"cut behind the start byte", from_hex("C0 03 01 41 81 C0"), {3}},
      {"algorithms that are not the suite's", from_hex("C0 03 01 41 82 | C0 11 03 44 81"), {17}},
      {"an algorithm of another number space", from_hex("C0 03 01 41 BF"), {}},
      {"an id that is no standard suite's", from_hex("C0 14 03 44 81 | C0 FF 03 44 81"), {}},
      {"an OEM record with a standard suite's algorithms", from_hex("C1 11 57 01 00 03 44 81"), {}},
      {"an OEM record whose id and number look like a standard record", from_hex("C1 80 C0 11 00 03 44 81"), {}},
      {"an OEM record whose id looks like a start", from_hex("C1 C0 11 00 00 03 44 81 | C0 03 01 41 81"), {3}},
      {"an OEM record cut off", from_hex("C0 03 01 41 81 | C1 80 C0"), {3}},
      {"a reserved start byte", from_hex("C2 03 01 41 81 | C0 03 01 41 81"), {3}},
      {"garbage in front", from_hex("FF 7F 01 41 81 C0 03 01 41 81"), {3}},
      {"twice the same", from_hex("C0 03 01 41 81 C0 03 01 41 81"), {3}},
      {"a later record does not inherit", from_hex("C0 02 01 41 | C0 03 81"), {2}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    CHECK(read(r.list) == r.suites);
  }
}

TEST_CASE("a list of the largest size, of one byte only, offers nothing") {
  for (unsigned v = 0; v <= 0xff; ++v) {
    CAPTURE(v);
    CHECK(read(std::vector<std::uint8_t>(1024, static_cast<std::uint8_t>(v))).empty());
  }
}

TEST_CASE("a record counts once it is complete") {
  cipher_suite_reader r;
  r.push("C0 03 01 41 81"_hex);
  CHECK_FALSE(r.offers(3));
  CHECK(r.empty());
  r.push("C0"_hex);
  CHECK(r.offers(3));
  CHECK_FALSE(r.offers(20));
  CHECK_FALSE(r.offers(35));  // 3 plus the width of the set
}

TEST_CASE("after finish() a new list starts clean") {
  cipher_suite_reader r;
  r.push("C1 80"_hex);
  r.finish();
  r.push("C0 03 01 41 81"_hex);
  r.finish();
  CHECK(offered(r) == ids{3});
}
