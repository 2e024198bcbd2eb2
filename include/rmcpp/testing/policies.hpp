// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/options.hpp>
#include <rmcpp/console/options.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string_view>
#include <vector>

/// \file
/// The smallest entropy, peer, users and handler with which a machine runs in a test, and the configurations of a
/// console and a BMC made of them: they agree on user "admin", password "secret" and cipher suite 3.

namespace rmcpp::testing {

/// The bytes of a text, a view.
inline bytes as_bytes(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
/// Values of tests: what is too long throws.
template <class T> T checked(const result<T>& r) {
  if (!r) throw std::length_error(describe(r.error()));
  return *r;
}
inline user_key key_of(std::string_view s) { return checked(user_key::from(s)); }
inline username name_of(std::string_view s) { return checked(username::from(s)); }
inline suite_list suites_of(std::initializer_list<std::uint8_t> ids) {
  return checked(suite_list::from(bytes(ids.begin(), ids.size())));
}

/// Reproducible "randomness": a counter scrambled with a seed. Fails after `fail_after` calls, and counts them.
struct counting_entropy {
  std::uint64_t seed = 1;
  std::uint64_t calls = 0;
  std::uint64_t fail_after = ~std::uint64_t{0};

  bool fill(mutable_bytes out) noexcept {
    if (calls++ >= fail_after) return false;
    for (auto& b : out) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      b = static_cast<std::uint8_t>(seed >> 56);
    }
    return true;
  }
};
static_assert(crypto::entropy_source<counting_entropy>);

/// An address of the test network.
struct test_peer {
  std::uint32_t address = 0;
  std::uint16_t udp_port = 0;
  bool answerable = true;

  friend bool operator==(const test_peer&, const test_peer&) = default;
  [[nodiscard]] std::uint32_t quota_key() const noexcept { return address; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept { return answerable; }
  [[nodiscard]] std::array<std::uint8_t, 4> ipv4() const noexcept {
    return {static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
            static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address)};
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return udp_port; }
};
static_assert(peer_address<test_peer>);

inline constexpr test_peer console_peer{0x7f000001, 40000};
inline constexpr test_peer bmc_peer{0x7f000002, 623};

/// A few users; "admin" with password "secret" is there from the start.
struct test_users {
  struct entry {
    username name{};
    user_record record{};
  };
  std::vector<entry> entries{
      {name_of("admin"), {user_id{2}, privilege::administrator, true, key_of("secret")}},
      {name_of("operator"), {user_id{3}, privilege::operator_, true, key_of("operpw")}},
      {name_of("disabled"), {user_id{4}, privilege::administrator, false, key_of("secret")}},
  };
  user_key kg_value{};

  bool find(const username& name, role_byte role, std::uint8_t, user_record& out) noexcept {
    bool found = false;
    for (const auto& e : entries) {
      if (!(e.name == name) || (!role.name_only() && e.record.limit != role.level()) || found) continue;
      out = e.record;
      found = true;
    }
    return found;
  }
  user_key kg(std::uint8_t) noexcept { return kg_value; }
};
static_assert(user_directory<test_users>);

/// Echoes a request's data, and remembers what it was asked. Command F0h is answered later, by ticket; F2h must not run
/// twice.
struct test_handler {
  static constexpr std::uint8_t deferred_command = 0xf0;
  static constexpr std::uint8_t unknown_command = 0xf1;
  static constexpr std::uint8_t once_command = 0xf2;

  struct seen {
    net_fn fn{};
    std::uint8_t code = 0;
    std::uint8_t lun = 0;
    std::vector<std::uint8_t> data{};
    privilege level{};
  };
  std::vector<seen> commands{};
  std::vector<ticket> tickets{};

  handled handle(const request& request, const session_info& session, response_writer& response) noexcept {
    commands.push_back(
        {request.fn, request.command, request.lun, {request.data.begin(), request.data.end()}, session.level});
    if (request.command == deferred_command) {
      tickets.push_back(response.later());
      return handled::pending;
    }
    if (request.command == once_command) response.run_once();
    if (request.command == unknown_command) {
      response.fail(completion_code::invalid_command);
    } else {
      response.put(request.data);
    }
    return handled::done;
  }
};
static_assert(command_handler<test_handler>);

/// Suite 0 is allowed: tests want to see it.
struct test_console_traits : console_traits {
  static constexpr std::size_t request_bytes = 16;
  static constexpr bool allow_unauthenticated = true;
};

/// A console's configuration; remembers the transitions it made.
template <crypto::backend B = null_backend, class Traits = test_console_traits> struct console_setup {
  using traits = Traits;
  B crypto{};
  counting_entropy random{.seed = 0xc0};
  std::vector<console_transition> steps{};
  void observe(const console_transition& t) { steps.push_back(t); }
};

/// Suite 0 is allowed, if the options list it.
struct test_bmc_traits : bmc_traits {
  static constexpr bool allow_unauthenticated = true;
};

/// A BMC's configuration; remembers the transitions it made.
template <crypto::backend B = null_backend, class Traits = test_bmc_traits> struct bmc_setup {
  using peer = test_peer;
  using traits = Traits;
  B crypto{};
  counting_entropy random{.seed = 0xb3c};
  test_users users{};
  test_handler handler{};
  std::vector<login_transition> steps{};
  void observe(const login_transition& t) { steps.push_back(t); }
};

/// Logs in to a BMC of default_bmc().
inline console_options default_console() {
  console_options o;
  o.name = name_of("admin");
  o.password = key_of("secret");
  o.suites = suites_of({3});
  return o;
}
/// Every suite, 17 and 3 preferred.
inline bmc_options default_bmc() {
  bmc_options o;
  o.system_guid = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f};
  o.suites = suites_of({17, 3, 0, 1, 2, 6, 7, 8, 11, 12, 15, 16});
  return o;
}

}  // namespace rmcpp::testing
