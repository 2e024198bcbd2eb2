// SPDX-License-Identifier: BSL-1.0
// Fields are found by name, in every message, and overriding one changes nothing else.
#include <rmcpp/testing/fields.hpp>
#include <rmcpp/testing/policies.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <stdexcept>

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::wire;
using namespace rmcpp::test;
using namespace rmcpp::testing;
using test::to_hex;

namespace {

rakp2 example() {
  rakp2 m{7, rakp_status::no_errors, session_id{0xa0a2a3a4}, {}, {}, *rakp_code::from(octets(20, 0xcc))};
  m.managed_random.fill(0x11);
  m.managed_guid.fill(0x22);
  return m;
}
octets example_datagram() { return sessionless(payload_type::rakp2, example()); }

}  // namespace

TEST_CASE("the fields of a message are its bytes, each once and in order", "[testing][fields]") {
  const auto check = [](const std::vector<field>& fields, std::size_t size) {
    std::size_t at = 0;
    for (const auto& f : fields) {
      CAPTURE(f.name);
      CHECK(f.offset == at);
      at += f.size;
    }
    CHECK(at == size);
  };
  check(fields_of<rakp2>(encoded(example())), 60);
  check(fields_of<open_session_response>(encoded(open_session_response{})), 36);
  check(fields_of<rakp1>(encoded(rakp1{.name = name_of("admin")})), 33);
  check(fields_of<lan_request>(encoded(lan_request{.data = bytes(octets{1, 2, 3})})), 10);
  check(fields_of<session_header_v2>(encoded(session_header_v2{.payload = {0x02}})), 18);
}

TEST_CASE("a field lies where the specification says", "[testing][fields]") {
  const auto at = [](const field& f) { return std::pair{f.offset, f.size}; };
  using place = std::pair<std::size_t, std::size_t>;
  CHECK(at(find_field<rakp2>(encoded(example()), "managed_random")) == place{8, 16});
  CHECK(at(find_field<rakp2>(encoded(example()), "code")) == place{40, 20});
  CHECK(at(find_field<rakp1>(encoded(rakp1{.name = name_of("admin")}), "name")) == place{27, 6});  // with its count
  const auto opened = encoded(open_session_response{});
  CHECK(at(find_field<open_session_response>(opened, "authentication.algorithm")) == place{16, 1});
  CHECK(at(find_field<open_session_response>(opened, "integrity.type")) == place{20, 1});
  CHECK(at(find_field<open_session_response>(opened, "confidentiality.length")) == place{31, 1});
  CHECK_THROWS_AS(find_field<rakp2>(encoded(example()), "no such"), std::runtime_error);
  CHECK_THROWS_AS(find_field<open_session_response>(opened, "algorithm"), std::runtime_error);
  // An error form ends early, and a truncated message where its bytes do.
  CHECK_THROWS_AS(find_field<rakp2>(encoded(rakp2{.status = rakp_status::unauthorized_name}), "code"),
                  std::runtime_error);
  CHECK_THROWS_AS(find_field<rakp2>(bytes(encoded(example())).first(23), "managed_random"), std::runtime_error);
}

TEST_CASE("an override changes its field and no other byte", "[testing][fields]") {
  const auto before = example_datagram();
  auto after = before;
  override_field<rakp2>(after, "managed_random", octets(16, 0xee));
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool inside = i >= payload_v2 + 8 && i < payload_v2 + 24;
    CHECK(after[i] == (inside ? 0xee : before[i]));
  }
  override_field<rakp2>(after, "managed_random", example().managed_random);
  CHECK(after == before);
}

TEST_CASE("numbers are little-endian over the field's size", "[testing][fields]") {
  auto d = example_datagram();
  override_field<rakp2>(d, "console_id", 0x01020304u);
  CHECK(to_hex(payload_of(d).subspan(4, 4)) == "04030201");
  override_field<rakp2>(d, "status", rakp_status::illegal_parameter);
  CHECK(payload_of(d)[1] == 0x12);
  override_field<session_header_v2>(d, "sequence", 5);
  override_field<session_header_v2>(d, "length", 0x1234);
  override_field<rmcp_header>(d, "sequence", 0);
  CHECK(to_hex(bytes(d).first(payload_v2)) == "06000007061300000000050000003412");
}

TEST_CASE("a field may grow or shrink: the header's length follows, unless it is overridden itself",
          "[testing][fields]") {
  auto d = example_datagram();
  override_field<rakp2>(d, "code", octets(12, 0xcc));
  CHECK(d.size() == payload_v2 + 52);
  CHECK(message_in<rakp2>(d).code.size() == 12);
  CHECK(load_le16(&d[payload_v2 - 2]) == 52);
  override_field<session_header_v2>(d, "length", 60);
  CHECK(d.size() == payload_v2 + 52);
  override_field<rakp2>(d, "tag", 1);
  CHECK(load_le16(&d[payload_v2 - 2]) == 60);

  octets v15 = datagram_of([](mutable_bytes out) {
    return encode_sessionless_v15(lan_request{.command = 0x38, .data = bytes(octets{0x8e, 4})}, out);
  });
  override_field<lan_request>(v15, "data", octets{1, 2, 3});
  CHECK(v15[sessionless_v15_payload - 1] == 10);
  CHECK(v15.size() == sessionless_v15_payload + 10);
}

TEST_CASE("what is wrong already hides no field behind it", "[testing][fields]") {
  auto d = sessionless(payload_type::open_session_response, open_session_response{});
  override_field<open_session_response>(d, "authentication.type", 9);
  override_field<open_session_response>(d, "authentication.length", 3);
  override_field<open_session_response>(d, "confidentiality.algorithm", 2);
  CHECK(payload_of(d)[32] == 2);

  auto message = encoded(lan_request{.command = 1});
  override_in<lan_request>(message, "checksum1", 0xff);
  override_in<lan_request>(message, "command", 2);  // its checksum is stale now
  CHECK(message[5] == 2);
  CHECK(decode<lan_request>(message).error() == errc::bad_checksum);
}

TEST_CASE("a payload that nobody can read is refused", "[testing][fields]") {
  auto d = example_datagram();
  d[5] |= 0x80;
  CHECK_THROWS_AS(override_field<rakp2>(d, "code", octets{}), std::runtime_error);
  d.resize(payload_v2);
  CHECK_THROWS_AS(override_field<rakp2>(d, "code", octets{}), std::runtime_error);
}

TEST_CASE("a message may be changed before it is encoded, too", "[testing][fields]") {
  const auto d = edited<rakp2>(example_datagram(), [](rakp2& m) { m.tag = 9; });
  auto expected = example_datagram();
  override_field<rakp2>(expected, "tag", 9);
  CHECK(d == expected);
  CHECK_THROWS_AS(message_in<rakp1>(octets(payload_v2 + 3)), std::runtime_error);
}
