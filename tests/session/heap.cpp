// SPDX-License-Identifier: BSL-1.0
// Nothing in the library allocates: not with a backend that does not, and with Crypto++ only while a key is loaded.
#include "support/catch.hpp"
#include "support/heap_counter.hpp"
#include "support/session_pair.hpp"

#include <rmcpp/crypto/cryptopp.hpp>

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

/// Crypto++, with the heap calls made inside `load` counted apart.
struct spying_cryptopp : cryptopp_backend {
  std::size_t in_load = 0;

  template <class... Args> status load(Args&&... args) noexcept {
    const std::size_t before = heap_calls;
    const status done = cryptopp_backend::load(static_cast<Args&&>(args)...);
    in_load += heap_calls - before;
    return done;
  }
};
static_assert(digest_backend<spying_cryptopp>);

/// One user and an echo, without the containers of the usual test types.
struct lone_user {
  bool find(const username&, role_byte, std::uint8_t, user_record& out) noexcept {
    out = {user_id{2}, privilege::administrator, true, password};
    return true;
  }
  user_key kg(std::uint8_t) noexcept { return {}; }
  user_key password = key_of("secret");
};
struct echo {
  handled handle(const request& request, const session_info&, response_writer& response) noexcept {
    response.put(request.data);
    return handled::done;
  }
};

template <backend B> struct console_side {
  struct traits : test_console_traits {
    static constexpr bool v15 = true;
  };
  B crypto{};
  counting_entropy random{.seed = 1};
};
template <backend B> struct bmc_side {
  using peer = test_peer;
  struct traits : test_bmc_traits {
    static constexpr bool v15 = true;
  };
  B crypto{};
  counting_entropy random{.seed = 2};
  lone_user users{};
  echo handler{};
};

/// A login, a wrong packet, a request and a close; returns whether the answer came. Allocates nothing of its own.
template <backend B> bool whole_session(console<console_side<B>>& con, bmc<bmc_side<B>>& managed) {
  std::array<std::uint8_t, 512> out{};
  std::array<std::uint8_t, bmc<bmc_side<B>>::max_datagram> reply{};
  const std::array<std::uint8_t, 3> data{1, 2, 3};
  const instant now{1000};
  bool answered = false;
  if (!con.start(now) || !con.submit({.fn = net_fn::oem_group, .command = 1, .data = data}, now)) return false;
  while (const auto n = con.poll_transmit(out, now)) {
    const auto m = managed.feed(console_peer, mutable_bytes(out).first(n.size), reply, now);
    while (managed.next_event()) {
    }
    if (!m || *m == 0) return false;
    reply[*m - 1] ^= 1;
    (void)con.feed(mutable_bytes(reply).first(*m - 1), now);
    reply[*m - 1] ^= 1;
    (void)con.feed(mutable_bytes(reply).first(*m), now);
    while (const auto e = con.next_event()) {
      if (e.type != console_event::kind::done) continue;
      answered = equal(e.data, data);
      (void)con.close(now);
    }
  }
  return answered && con.state() == console_state::closed && managed.active_sessions() == 0;
}

/// Heap calls of a whole session, less those inside `load`.
template <backend B> std::size_t heap_calls_of_session(const console_options& options) {
  auto offers = default_bmc();
  offers.v15.types = options.v15;
  console<console_side<B>> con{{}, options};
  bmc<bmc_side<B>> managed{{}, offers};
  bool complete = false;
  const std::size_t calls = count_heap_calls([&] { complete = whole_session<B>(con, managed); });
  REQUIRE(complete);
  if constexpr (requires { con.config().crypto.in_load; }) {
    return calls - con.config().crypto.in_load - managed.config().crypto.in_load;
  }
  return calls;
}

}  // namespace

TEST_CASE("a session of both roles makes no heap call", "[session][heap]") {
  const auto suite = GENERATE(std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{6},
                              std::uint8_t{7}, std::uint8_t{8}, std::uint8_t{11}, std::uint8_t{12}, std::uint8_t{15},
                              std::uint8_t{16}, std::uint8_t{17});
  CAPTURE(int{suite});
  auto options = default_console();
  options.suites = suites_of({suite});
  SECTION("with a backend that makes none") { CHECK(heap_calls_of_session<null_backend>(options) == 0); }
  SECTION("with Crypto++, outside load") { CHECK(heap_calls_of_session<spying_cryptopp>(options) == 0); }
}

TEST_CASE("nor does one of IPMI v1.5, but with Crypto++'s MD2", "[session][heap][v15]") {
  using wire::auth_type;
  for (const auto type : {auth_type::none, auth_type::md2, auth_type::md5, auth_type::straight_password}) {
    CAPTURE(static_cast<int>(type));
    auto options = default_console();
    options.v15 = {type};
    CHECK(heap_calls_of_session<null_backend>(options) == 0);
    const std::size_t calls = heap_calls_of_session<spying_cryptopp>(options);
    if (type != auth_type::md2) CHECK(calls == 0);
  }
}

TEST_CASE("the counter of heap calls counts", "[session][heap]") {
  const std::size_t calls = count_heap_calls([] {
    cryptopp_backend crypto;
    cryptopp_backend::aes_key key;
    const std::array<std::uint8_t, 16> secret{};
    REQUIRE(crypto.load(key, secret));
  });
  if (counts_heap_calls) CHECK(calls > 0);
}
