// SPDX-License-Identifier: BSL-1.0
#ifdef RMCPP_MEASURE_BMC
#include <rmcpp/bmc.hpp>
#else
#include <rmcpp/console.hpp>
#endif

#include <new>

/// \file
/// One role as firmware links it, for sizes.py: the BMC with RMCPP_MEASURE_BMC, else the console, in the *slice*
/// configuration: suites 3 and 17, and what `slice` says; with RMCPP_MEASURE_V15 also IPMI v1.5 with MD5 and straight
/// password.
///
/// Counted is what the library brings: the machine's constructor and verbs with all that they call, the few
/// instructions by which each function below reaches them, and the machine's object. Not counted is what a board
/// brings: whatever stands in namespace `outside` is declared and nowhere defined, so that a call of it is one branch,
/// and memcpy, its like and libgcc's helpers stay undefined too. The object is built in place, in zeroed memory: no
/// static constructor, and no destructor, for firmware does not end. Left out are console::prefetch() and the observers
/// that load a member or count.
///
/// Each function with C linkage is a root of the link: `loop_...` is what a program cannot do without, `also_...` the
/// other verbs. Each array `ram_...` but the machine's own is a line of the table, by its size, and is not linked.

using namespace rmcpp;
using namespace rmcpp::crypto;

#ifdef RMCPP_MEASURE_V15
constexpr bool with_v15 = true;
#else
constexpr bool with_v15 = false;
#endif

namespace outside {

/// Keys as a small backend keeps them ready: 68 bytes for the inner and outer state of SHA-256, which holds SHA-1's
/// too, and the name of the hash; 176 for the 11 round keys of AES-128.
struct crypto {
  struct mac_key {
    std::array<std::uint32_t, 16> states{};
    mac_id id{};
  };
  struct aes_key {
    std::array<std::uint32_t, 44> round_keys{};
  };
  /// What suites 3 and 17 need.
  static constexpr bool supports(mac_id id) noexcept { return id != mac_id::hmac_md5; }
  static constexpr bool supports(cipher_id) noexcept { return true; }
  status load(mac_key& key, mac_id id, bytes secret) noexcept;
  status load(aes_key& key, bytes secret) noexcept;
  status sign(mac_key& key, pieces data, mutable_bytes tag) noexcept;
  status encrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept;
  status decrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept;
  void unload(mac_key& key) noexcept;
  void unload(aes_key& key) noexcept;
#ifdef RMCPP_MEASURE_V15
  static constexpr bool supports(digest_id id) noexcept { return id == digest_id::md5; }
  status digest(digest_id id, pieces data, mutable_bytes out) noexcept;
#endif
};

struct entropy {
  bool fill(mutable_bytes out) noexcept;
};

}  // namespace outside

namespace {

/// Memory for a machine, which nobody constructs or destroys but by hand.
template <class T> struct alignas(T) room {
  std::array<std::uint8_t, sizeof(T)> bytes;
  [[nodiscard]] T& object() noexcept { return *std::launder(reinterpret_cast<T*>(this)); }
};

}  // namespace

#ifdef RMCPP_MEASURE_BMC

namespace outside {

/// An IPv4 address and a port.
struct peer {
  std::uint32_t address = 0;
  std::uint16_t udp_port = 0;
  bool operator==(const peer& other) const noexcept;
  [[nodiscard]] std::uint32_t quota_key() const noexcept;
  [[nodiscard]] std::uint8_t channel() const noexcept;
  [[nodiscard]] bool can_reply() const noexcept;
  [[nodiscard]] std::array<std::uint8_t, 4> ipv4() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept;
};

struct users {
  bool find(const username& name, role_byte role, std::uint8_t channel, user_record& out) noexcept;
  user_key kg(std::uint8_t channel) noexcept;
};

struct handler {
  handled handle(const request& request, const session_info& session, response_writer& response) noexcept;
};

void visit(const session_info& session, const peer& from) noexcept;

}  // namespace outside

namespace {

/// Every member, so that another default changes nothing here.
struct slice : bmc_traits {
  static constexpr std::size_t sessions = 4;
  static constexpr std::size_t opened = 16;
  static constexpr std::size_t proven = 16;
  static constexpr std::size_t quota = 16;
  static constexpr std::size_t penalties = 4;
  static constexpr std::size_t tickets = 4;
  static constexpr std::size_t events = 8;
  static constexpr std::size_t message_bytes = 256;
  static constexpr std::size_t reply_bytes = 64;
  static constexpr std::size_t replay_depth = 1;
  static constexpr bool tells_served = false;
  static constexpr bool allow_unauthenticated = false;
  static constexpr bool v15 = with_v15;
};
struct one_more_session : slice {
  static constexpr std::size_t sessions = slice::sessions + 1;
};
struct one_more_opened : slice {
  static constexpr std::size_t opened = slice::opened + 1;
};
struct one_more_proven : slice {
  static constexpr std::size_t proven = slice::proven + 1;
};

template <class Traits> struct config {
  using peer = outside::peer;
  using traits = Traits;
  outside::crypto crypto;
  outside::entropy random;
  outside::users users;
  outside::handler handler;
};

using machine = bmc<config<slice>>;
template <class Traits> constexpr std::size_t more = sizeof(bmc<config<Traits>>) - sizeof(machine);

}  // namespace

extern "C" {

room<machine> ram_machine;
std::uint8_t ram_one_more_session[more<one_more_session>];
std::uint8_t ram_one_more_opened_login[more<one_more_opened>];
std::uint8_t ram_one_more_proven_login[more<one_more_proven>];

void loop_construct(const bmc_options& options) { new (&ram_machine) machine({}, options); }
result<std::size_t> loop_feed(const outside::peer& from, mutable_bytes datagram, mutable_bytes reply, instant now) {
  return ram_machine.object().feed(from, datagram, reply, now);
}
outgoing<outside::peer> loop_poll_transmit(mutable_bytes out, instant now) {
  return ram_machine.object().poll_transmit(out, now);
}
bmc_event<outside::peer> loop_next_event() { return ram_machine.object().next_event(); }
instant loop_poll_timeout() { return ram_machine.object().poll_timeout(); }
void loop_handle_timeout(instant now) { ram_machine.object().handle_timeout(now); }

result<outgoing<outside::peer>> also_complete(ticket t, const response& rs, mutable_bytes out, instant now) {
  return ram_machine.object().complete(t, rs, out, now);
}
status also_close(session_id id, instant now) { return ram_machine.object().close(id, now); }
void also_user_changed(user_id id, instant now) { ram_machine.object().user_changed(id, now); }
void also_kg_changed(instant now) { ram_machine.object().kg_changed(now); }
void also_for_each_session() { ram_machine.object().for_each_session(outside::visit); }

}  // extern "C"

#else

namespace {

/// Every member, so that another default changes nothing here.
struct slice : console_traits {
  static constexpr std::size_t in_flight = 4;
  static constexpr std::size_t request_bytes = 0;
  static constexpr bool allow_unauthenticated = false;
  static constexpr bool v15 = with_v15;
};
struct one_more_in_flight : slice {
  static constexpr std::size_t in_flight = slice::in_flight + 1;
};

template <class Traits> struct config {
  using traits = Traits;
  outside::crypto crypto;
  outside::entropy random;
};

using machine = console<config<slice>>;
template <class Traits> constexpr std::size_t more = sizeof(console<config<Traits>>) - sizeof(machine);

}  // namespace

extern "C" {

room<machine> ram_machine;
std::uint8_t ram_one_more_in_flight[more<one_more_in_flight>];

void loop_construct(const console_options& options) { new (&ram_machine) machine({}, options); }
status loop_start(instant now) { return ram_machine.object().start(now); }
result<request_id> loop_submit(const request& rq, instant now) { return ram_machine.object().submit(rq, now); }
status loop_close(instant now) { return ram_machine.object().close(now); }
status loop_feed(mutable_bytes datagram, instant now) { return ram_machine.object().feed(datagram, now); }
outgoing<> loop_poll_transmit(mutable_bytes out, instant now) { return ram_machine.object().poll_transmit(out, now); }
console_event loop_next_event() { return ram_machine.object().next_event(); }
instant loop_poll_timeout() { return ram_machine.object().poll_timeout(); }
void loop_handle_timeout(instant now) { ram_machine.object().handle_timeout(now); }

status also_cancel(request_id id, instant now) { return ram_machine.object().cancel(id, now); }

}  // extern "C"

#endif
