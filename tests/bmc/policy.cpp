// SPDX-License-Identifier: BSL-1.0
// The least that conforms to each policy concept, and what is refused. Everything here fails at compile time.
#include <rmcpp/bmc/policy.hpp>

#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/console/console.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::crypto;
using rmcpp::testing::null_backend;

namespace {

struct least_entropy {
  bool fill(mutable_bytes) noexcept { return false; }
};
struct least_peer {
  bool operator==(const least_peer&) const = default;
  [[nodiscard]] int quota_key() const noexcept { return 0; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept { return true; }
};
struct least_users {
  bool find(const username&, role_byte, std::uint8_t, user_record&) noexcept { return false; }
  user_key kg(std::uint8_t) noexcept { return {}; }
};
struct least_handler {
  handled handle(const request&, const session_info&, response_writer& w) noexcept {
    w.fail(completion_code::invalid_command);
    return handled::done;
  }
};
static_assert(entropy_source<least_entropy> && peer_address<least_peer>);
static_assert(user_directory<least_users> && command_handler<least_handler>);

struct throwing_entropy {
  bool fill(mutable_bytes) { return true; }
};
struct silent_entropy {
  void fill(mutable_bytes) noexcept {}
};
struct sized_entropy {
  int fill(mutable_bytes) noexcept { return 0; }
};
static_assert(!entropy_source<throwing_entropy> && !entropy_source<silent_entropy> && !entropy_source<sized_entropy>);

struct incomparable_peer : least_peer {
  bool operator==(const incomparable_peer&) const = delete;
};
struct peer_without_quota : least_peer {
  int quota_key() const noexcept = delete;
};
struct peer_without_channel : least_peer {
  std::uint8_t channel() const noexcept = delete;
};
struct peer_with_wide_channel : least_peer {
  [[nodiscard]] int channel() const noexcept { return 1; }
};
struct throwing_peer : least_peer {
  [[nodiscard]] bool can_reply() const { return true; }
};
struct mutable_peer : least_peer {
  bool can_reply() noexcept { return true; }
};
struct peer_without_default : least_peer {
  explicit peer_without_default(int) {}
};
struct immovable_peer : least_peer {
  immovable_peer() = default;
  immovable_peer(const immovable_peer&) = delete;
};
static_assert(!peer_address<incomparable_peer> && !peer_address<peer_without_quota>);
static_assert(!peer_address<peer_without_channel> && !peer_address<peer_with_wide_channel>);
static_assert(!peer_address<throwing_peer> && !peer_address<mutable_peer>);
static_assert(!peer_address<peer_without_default> && !peer_address<immovable_peer>);

struct users_without_kg : least_users {
  user_key kg(std::uint8_t) noexcept = delete;
};
struct users_with_plain_kg : least_users {
  std::array<std::uint8_t, 20> kg(std::uint8_t) noexcept { return {}; }
};
struct throwing_users : least_users {
  bool find(const username&, role_byte, std::uint8_t, user_record&) { return false; }
};
struct users_by_privilege : least_users {
  bool find(const username&, privilege, std::uint8_t, user_record&) noexcept { return false; }
};
static_assert(!user_directory<users_without_kg> && !user_directory<users_with_plain_kg>);
static_assert(!user_directory<throwing_users> && !user_directory<users_by_privilege>);

struct throwing_handler {
  handled handle(const request&, const session_info&, response_writer&) { return handled::done; }
};
struct boolean_handler {
  bool handle(const request&, const session_info&, response_writer&) noexcept { return true; }
};
struct promoting_handler {  // a session's level is not the handler's to change
  handled handle(const request&, session_info&, response_writer&) noexcept { return handled::done; }
};
static_assert(!command_handler<throwing_handler> && !command_handler<boolean_handler>);
static_assert(!command_handler<promoting_handler>);

struct least_console {
  using traits = console_traits;
  null_backend crypto{};
  least_entropy random{};
};
struct least_bmc : least_console {
  using peer = least_peer;
  using traits = bmc_traits;
  least_users users{};
  least_handler handler{};
};
static_assert(console_config<least_console> && bmc_config<least_bmc>);
struct console_without_traits {
  null_backend crypto{};
  least_entropy random{};
};
struct console_without_random {
  using traits = console_traits;
  null_backend crypto{};
};
struct bmc_without_peer : least_console {
  using traits = bmc_traits;
  least_users users{};
  least_handler handler{};
};
struct bmc_with_wrong_users : least_bmc {
  least_entropy users{};
};
static_assert(!console_config<console_without_traits> && !console_config<console_without_random>);
static_assert(!bmc_config<bmc_without_peer> && !bmc_config<bmc_with_wrong_users> && !bmc_config<least_console>);

}  // namespace

TEST_CASE("machines of the least configurations compile, and refuse everything", "[session][policy]") {
  bmc<least_bmc> b(least_bmc{}, {});
  console<least_console> c(least_console{}, {});
  std::array<std::uint8_t, decltype(b)::max_datagram> out{}, reply{};
  REQUIRE(c.start({}).has_value());
  for (int i = 0; i < 4; ++i) {
    const auto n = c.poll_transmit(out, {});
    if (!n) break;
    const auto m = b.feed({}, mutable_bytes(out).first(n.size), reply, {});
    REQUIRE(m.has_value());
    CHECK(c.feed(mutable_bytes(reply).first(*m), {}).has_value());
  }
  CHECK(b.active_sessions() == 0);
  CHECK(c.state() == console_state::closed);  // its entropy failed
  CHECK(c.next_event().error == errc::entropy_failure);
}
