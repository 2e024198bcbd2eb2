// SPDX-License-Identifier: BSL-1.0
// The machines as they are measured: a console and a BMC in one process, each with a backend and randomness of its own,
// one user, and commands that answer with their own data.
#pragma once

#include "registry.hpp"
#include "verify.hpp"

#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/rmcpp.hpp>
#include <rmcpp/testing/null_backend.hpp>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Bytes that the program holds on its heap; 0 where the C library does not say.
inline std::size_t heap_in_use() {
#ifdef __GLIBC__
  const auto m = mallinfo2();
  return m.uordblks + m.hblkhd;
#else
  return 0;
#endif
}

inline rmcpp::bytes text(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

template <class B> inline constexpr const char* backend_name = nullptr;
template <> inline constexpr const char* backend_name<rmcpp::cryptopp_backend> = "cryptopp";
template <> inline constexpr const char* backend_name<rmcpp::testing::null_backend> = "null";

/// A console's address.
struct address {
  std::uint32_t ip = 0x7f000001;
  friend bool operator==(const address&, const address&) = default;
  [[nodiscard]] std::uint32_t quota_key() const noexcept { return ip; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept { return true; }
};

struct one_user {
  rmcpp::user_key password = "secret";
  bool find(const rmcpp::username&, rmcpp::role_byte, std::uint8_t, rmcpp::user_record& out) const noexcept {
    out = {rmcpp::user_id{2}, rmcpp::privilege::administrator, true, password};
    return true;
  }
  [[nodiscard]] rmcpp::user_key kg(std::uint8_t) const noexcept { return {}; }
};

/// Answers with the request's data but its first byte: the completion code takes that byte's place, so that both
/// messages have one size.
struct echo {
  rmcpp::handled handle(const rmcpp::request& rq, const rmcpp::session_info&,
                        rmcpp::response_writer& rs) const noexcept {
    rs.put(rq.data.subspan(rq.data.empty() ? 0 : 1));
    return rmcpp::handled::done;
  }
};

template <rmcpp::crypto::backend B> struct console_side {
  using traits = rmcpp::console_traits;
  B& crypto;
  rmcpp::cryptopp_entropy& random;
};
template <rmcpp::crypto::backend B> struct bmc_side {
  using peer = address;
  using traits = rmcpp::bmc_traits;
  B& crypto;
  rmcpp::cryptopp_entropy& random;
  one_user users{};
  echo handler{};
};

inline rmcpp::console_options console_options_for(std::uint8_t suite) {
  rmcpp::console_options o;
  o.name = "admin";
  o.password = "secret";
  o.suites = *rmcpp::suite_list::from(rmcpp::bytes(&suite, 1));
  return o;
}
inline rmcpp::bmc_options bmc_options_for(std::uint8_t suite) {
  rmcpp::bmc_options o;
  o.system_guid.fill(0x5a);
  o.suites = *rmcpp::suite_list::from(rmcpp::bytes(&suite, 1));
  return o;
}

/// A request whose message has n bytes, and so has the answer; n from 8 on.
inline std::vector<std::uint8_t> request_data(std::size_t n) {
  std::vector<std::uint8_t> data(n - rmcpp::wire::lan_request::overhead);
  std::iota(data.begin(), data.end(), std::uint8_t{3});
  return data;
}

/// A console and a BMC, and the wire between them.
template <rmcpp::crypto::backend B> class machines {
 public:
  using console_type = rmcpp::console<console_side<B>>;
  using bmc_type = rmcpp::bmc<bmc_side<B>>;
  /// Of the events of one turn: the last, and how many.
  struct outcome {
    rmcpp::console_event last{};
    unsigned events = 0;
  };

  explicit machines(std::uint8_t suite)
      : console(console_side<B>{console_crypto, console_random}, console_options_for(suite)),
        bmc(bmc_side<B>{bmc_crypto, bmc_random}, bmc_options_for(suite)) {}

  /// What the contract asks for after a call: all that the console sends goes to the BMC, and the answers back.
  /// `on_datagram(bytes, to_bmc)` sees each of them. False if one was dropped.
  template <class F> bool settle(outcome& o, F&& on_datagram) {
    while (const auto n = console.poll_transmit(out_, now)) {
      const auto request = rmcpp::mutable_bytes(out_).first(n.size);
      on_datagram(rmcpp::bytes(request), true);
      const auto m = bmc.feed({}, request, reply_, now);
      if (!m) return false;
      while (bmc.next_event()) {
      }
      const auto reply = rmcpp::mutable_bytes(reply_).first(*m);
      on_datagram(rmcpp::bytes(reply), false);
      if (!console.feed(reply, now)) return false;
      while (const auto e = console.next_event()) {
        o.last = e;
        ++o.events;
      }
    }
    return true;
  }

  template <class F> bool login(F&& on_datagram) {
    outcome o;
    return console.start(now) && settle(o, on_datagram) && console.state() == rmcpp::console_state::active;
  }
  bool login() {
    return login([](rmcpp::bytes, bool) {});
  }
  template <class F> bool logout(F&& on_datagram) {
    outcome o;
    return console.close(now) && settle(o, on_datagram) && bmc.active_sessions() == 0;
  }
  bool logout() {
    return logout([](rmcpp::bytes, bool) {});
  }

  /// One request and its answer; its data is good until the next call.
  template <class F> [[gnu::always_inline]] inline rmcpp::console_event exchange(rmcpp::bytes data, F&& on_datagram) {
    now = now + rmcpp::milliseconds{1};
    outcome o;
    if (!console.submit({.fn = rmcpp::net_fn::oem_group, .command = 1, .data = data}, now)) return {};
    if (!settle(o, on_datagram) || o.events != 1) return {};
    return o.last;
  }
  [[gnu::always_inline]] inline rmcpp::console_event exchange(rmcpp::bytes data) {
    return exchange(data, [](rmcpp::bytes, bool) {});
  }

  B console_crypto{};
  B bmc_crypto{};
  rmcpp::cryptopp_entropy console_random{};
  rmcpp::cryptopp_entropy bmc_random{};
  rmcpp::instant now{1'000'000};
  console_type console;
  bmc_type bmc;

 private:
  std::array<std::uint8_t, 1024> out_{};
  std::array<std::uint8_t, 1024> reply_{};
};

/// Whether `e` answers a request with this data.
inline bool answers(const rmcpp::console_event& e, rmcpp::bytes data) {
  return e.type == rmcpp::console_event::kind::done && e.error == rmcpp::errc::ok &&
         e.code == rmcpp::completion_code::ok && std::ranges::equal(e.data, data.subspan(1));
}

}  // namespace bench
