// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/commands.hpp>

#include "support/catch.hpp"
#include "support/session_pair.hpp"
#include "support/written.hpp"

#include <string>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::detail;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

std::string capabilities(const char* data, std::size_t room = 8, std::uint8_t channel = 3, std::uint8_t status = 4) {
  const auto rq = from_hex(data);
  return answered(room, [&](response_writer& w) { answer_capabilities(rq, channel, status, w); });
}
std::string suites(const char* data, bytes list, std::size_t room = 17) {
  const auto rq = from_hex(data);
  return answered(room, [&](response_writer& w) { answer_cipher_suites(rq, 3, list, w); });
}

}  // namespace

TEST_CASE("this channel's number, or 0Eh", "[session][bmc_commands]") {
  for (int asked = 0; asked < 256; ++asked)
    CHECK(is_channel(static_cast<std::uint8_t>(asked), 3) == (asked == 3 || asked == 0x0e));
}

TEST_CASE("the capabilities' bytes", "[session][bmc_commands][N-V15-19]") {
  CHECK(capabilities("8e04") == "00 0380040200000000");
  CHECK(capabilities("8301") == "00 0380040200000000");
  CHECK(capabilities("8e04", 8, 3, 0x27) == "00 0380270200000000");
  CHECK(capabilities("0e04") == "00 0300040000000000");
  CHECK(capabilities("0e04", 8, 3, 0x27) == "00 0300070000000000");
  CHECK(capabilities("8e04", 7) == "ca ");
  for (const char* data : {"", "8e", "8e0404"}) CHECK(capabilities(data) == "c7 ");
  for (const char* data : {"8104", "8f04", "8e00", "8e06", "8e0f"}) CHECK(capabilities(data) == "cc ");
}

TEST_CASE("the suites' bytes", "[session][bmc_commands][N-CMD-03]") {
  const octets16 many{17, 3, 8, 7};
  const auto list = bytes(many).first(4);
  CHECK(suites("0e0080", list) == "00 03c011034481c003014181c008024281c0");
  CHECK(suites("030081", list) == "00 0307024280");
  CHECK(suites("0e0082", list) == "00 03");
  CHECK(suites("0e0000", list) == "00 030301024441428180");
  CHECK(suites("0e0080", {}) == "00 03");
  CHECK(suites("0e0080", list, 16) == "ca ");
  CHECK(suites("0e00", list) == "c7 ");
  CHECK(suites("0e00c0", list) == "cc ");
  CHECK(suites("0f0080", list) == "cc ");
  CHECK(suites("0e0180", list) == "80 ");
}

TEST_CASE("setting the level changes the session only on success", "[session][bmc_commands][N-CMD-01]") {
  for (int limit = 1; limit <= 5; ++limit) {
    for (int asked = 0; asked < 256; ++asked) {
      CAPTURE(limit, asked);
      session_info s{.level = privilege::callback, .limit = static_cast<privilege>(limit)};
      const octets16 data{static_cast<std::uint8_t>(asked)};
      const auto got = answered(1, [&](auto& w) { answer_set_privilege(bytes(data).first(1), s, w); });
      const bool granted = asked == 0 || (asked >= 2 && asked <= limit);
      CHECK(got.substr(0, 2) == (granted ? "00" : asked == 1 || asked > 5 ? "cc" : "81"));
      const int now = granted && asked != 0 ? asked : 1;
      CHECK(s.level == static_cast<privilege>(now));
      if (granted) CHECK(got == "00 0" + std::to_string(now));
    }
  }
}

namespace {

struct bare_peer {  // no address to report
  // A peer must have it; nothing calls it.
  [[maybe_unused]] friend bool operator==(const bare_peer&, const bare_peer&) = default;
  [[nodiscard]] int quota_key() const noexcept { return 0; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept { return true; }
};

}  // namespace

TEST_CASE("a session's description has what its peer type knows", "[session][bmc_commands]") {
  const session_info s{.user = user_id{63}, .level = privilege::administrator, .channel = 0x0b, .handle = 4};
  session_info_response rs{.slots = 63, .active = 2};
  describe_session(s, test_peer{0xc0a80102, 0x1234}, rs);
  CHECK(answered(18, [&](auto& w) { w.put(rs); }) ==
        "00 043f023f041b"
        "c0a80102"
        "000000000000"
        "3412");
  rs = {.slots = 63, .active = 2};
  describe_session(s, bare_peer{}, rs);
  CHECK(answered(18, [&](auto& w) { w.put(rs); }) ==
        "00 043f023f041b"
        "00000000"
        "000000000000"
        "0000");
}

TEST_CASE("the status bits say which kinds of users there are; without kinds() there are named ones",
          "[session][bmc_commands]") {
  struct with_kinds : test_users {
    user_kinds there{};
    [[nodiscard]] user_kinds kinds(std::uint8_t) const noexcept { return there; }
  };
  for (int bits = 0; bits < 8; ++bits) {
    with_kinds users;
    users.there = {(bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0};
    CHECK(auth_status(users, 1) == bits);
    users.kg_value = key_of("kg");
    CHECK(auth_status(users, 1) == (bits | 0x20));
  }
  test_users plain;
  CHECK(auth_status(plain, 1) == 0x04);
}

TEST_CASE("the payloads' bytes", "[session][bmc_commands]") {
  const auto payloads = [](const char* data) {
    const auto rq = from_hex(data);
    return answered(8, [&](response_writer& w) { answer_payload_support(rq, 3, w); });
  };
  CHECK(payloads("0e") == "00 01003f0000000000");
  CHECK(payloads("03") == "00 01003f0000000000");
  CHECK(payloads("01") == "cc ");
  for (const char* data : {"", "0e00"}) CHECK(payloads(data) == "c7 ");
}
