// SPDX-License-Identifier: BSL-1.0
// Sketches of those who will live in this API: firmware, accelerators, fleets, explorers, crafted peers. Most of it is
// checked by compiling.
#include <rmcpp/rmcpp.hpp>

#include "support/bmc_rig.hpp"
#include "support/catch.hpp"
#include "support/session_pair.hpp"

#include <deque>
#include <type_traits>
#include <utility>

using namespace rmcpp;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using namespace rmcpp::testing;

namespace {

struct plain_peer {  // of a transport that knows one address
  bool operator==(const plain_peer&) const = default;
  [[nodiscard]] int quota_key() const noexcept { return 0; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept { return true; }
};

// ---- firmware: everything shared is a reference, every table as small as it goes ----

struct firmware_traits : bmc_traits {
  static constexpr std::size_t sessions = 1;
  static constexpr std::size_t opened = 1;
  static constexpr std::size_t proven = 1;
  static constexpr std::size_t quota = 1;
  static constexpr std::size_t penalties = 1;
  static constexpr std::size_t replay_depth = 1;
  static constexpr std::size_t tickets = 1;
  static constexpr std::size_t events = 1;
  static constexpr std::size_t message_bytes = 32;
  static constexpr std::size_t reply_bytes = 0;
};
struct firmware {
  using peer = plain_peer;
  using traits = firmware_traits;
  null_backend& crypto;
  counting_entropy& random;
  test_users& users;
  test_handler& handler;
};
static_assert(bmc_config<firmware>);
static_assert(!std::is_copy_assignable_v<bmc<firmware>>);

struct default_setup {
  using peer = test_peer;
  using traits = bmc_traits;
  null_backend& crypto;
  counting_entropy& random;
  test_users& users;
  test_handler& handler;
};
struct default_console_setup {
  using traits = console_traits;
  null_backend& crypto;
  counting_entropy& random;
};
static_assert(sizeof(bmc<default_setup>) <= 20'480);  // of which the 256 that may wait are 12,288
static_assert(sizeof(console<default_console_setup>) <= 1200);
static_assert(sizeof(bmc<firmware>) <= 1024);

}  // namespace

TEST_CASE("the machines' sizes", "[session][tenants]") {
  // WARN prints them; the static_asserts above are the ceilings.
  WARN("bmc, defaults: " << sizeof(bmc<default_setup>) << "; bmc, smallest: " << sizeof(bmc<firmware>)
                         << "; console, defaults: " << sizeof(console<default_console_setup>));
  CHECK(bmc<firmware>::max_datagram < bmc<default_setup>::max_datagram);
}

TEST_CASE("the smallest BMC, made of references, logs in and answers", "[session][tenants]") {
  null_backend crypto, console_crypto;
  counting_entropy random, console_random{.seed = 9};
  test_users users;
  test_handler handler;
  bmc<firmware> b(firmware{crypto, random, users, handler}, default_bmc());
  console<default_console_setup> c(default_console_setup{console_crypto, console_random}, default_console());
  REQUIRE(c.start({}).has_value());
  const auto exchange = [&] {
    std::array<std::uint8_t, 512> out{}, reply{};
    while (const auto n = c.poll_transmit(out, {})) {
      const auto m = b.feed({}, mutable_bytes(out).first(n.size), reply, {});
      if (m && *m != 0) CHECK(c.feed(mutable_bytes(reply).first(*m), {}).has_value());
      while (const auto e = c.next_event()) {
      }
    }
  };
  exchange();
  CHECK(c.state() == console_state::active);
  CHECK(c.submit({.fn = net_fn::chassis, .command = 1}, {}).has_value());
  exchange();
  CHECK(handler.commands.size() == 1);
  CHECK(crypto.calls.operations() > 0);
}

// ---- an accelerator: keys are handles that move only, every operation may fail ----

namespace {

/// Keys live in the device, as with PSA; the host holds their numbers.
class device {
 public:
  struct handle {
    std::uint32_t number = 0;
    handle() = default;
    handle(handle&& o) noexcept : number(std::exchange(o.number, 0)) {}
    handle& operator=(handle&& o) noexcept {
      number = std::exchange(o.number, 0);
      return *this;
    }
  };
  struct mac_key : handle {};
  struct aes_key : handle {};

  static constexpr bool supports(mac_id) noexcept { return true; }
  static constexpr bool supports(cipher_id) noexcept { return true; }

  status load(mac_key& k, mac_id id, bytes s) noexcept {
    unload(k);
    const auto n = take(macs_);
    if (n == 0) return errc::crypto_failure;
    k.number = n;
    return soft_.load(macs_[n - 1].key, id, s);
  }
  status load(aes_key& k, bytes s) noexcept {
    unload(k);
    const auto n = take(ciphers_);
    if (n == 0) return errc::crypto_failure;
    k.number = n;
    return soft_.load(ciphers_[n - 1].key, s);
  }
  status sign(mac_key& k, pieces d, mutable_bytes t) noexcept {
    return k.number == 0 ? status{errc::crypto_failure} : soft_.sign(macs_[k.number - 1].key, d, t);
  }
  status encrypt(aes_key& k, const block& iv, mutable_bytes d) noexcept {
    return k.number == 0 ? status{errc::crypto_failure} : soft_.encrypt(ciphers_[k.number - 1].key, iv, d);
  }
  status decrypt(aes_key& k, const block& iv, mutable_bytes d) noexcept {
    return k.number == 0 ? status{errc::crypto_failure} : soft_.decrypt(ciphers_[k.number - 1].key, iv, d);
  }
  void unload(mac_key& k) noexcept { give_back(macs_, k); }
  void unload(aes_key& k) noexcept { give_back(ciphers_, k); }

  [[nodiscard]] std::size_t keys_in_use() const {
    std::size_t n = 0;
    for (const auto& m : macs_) n += m.used ? 1 : 0;
    for (const auto& c : ciphers_) n += c.used ? 1 : 0;
    return n;
  }
  null_backend& soft() { return soft_; }

 private:
  template <class Key> struct slot {
    Key key{};
    bool used = false;
  };
  template <class Slots> static std::uint32_t take(Slots& slots) noexcept {
    for (std::uint32_t i = 0; i < slots.size(); ++i)
      if (!slots[i].used) return slots[i].used = true, i + 1;
    return 0;
  }
  template <class Slots, class Key> void give_back(Slots& slots, Key& k) noexcept {
    if (k.number != 0) soft_.unload(slots[k.number - 1].key), slots[k.number - 1].used = false;
    k.number = 0;
  }
  null_backend soft_{};
  std::array<slot<null_backend::mac_key>, 8> macs_{};
  std::array<slot<null_backend::aes_key>, 8> ciphers_{};
};
static_assert(backend<device> && !digest_backend<device>);
static_assert(!std::is_copy_constructible_v<device::mac_key> && std::is_move_constructible_v<device::mac_key>);

template <class Backend> struct shared_bmc {
  using peer = test_peer;
  struct traits : bmc_traits {
    static constexpr std::size_t sessions = 63;
    static constexpr std::size_t opened = 100;
    static constexpr std::size_t proven = 100;
  };
  Backend& crypto;
  counting_entropy random{.seed = 2};
  test_users users{};
  test_handler handler{};
};
template <class Backend> struct shared_console {
  using traits = console_traits;
  Backend& crypto;
  counting_entropy random{};
};
static_assert(!std::is_copy_constructible_v<bmc<shared_bmc<device>>>);
static_assert(!std::is_copy_constructible_v<console<shared_console<device>>>);

/// Moves datagrams until both are quiet.
template <class Console, class Bmc> void converse(Console& c, Bmc& b, const test_peer& from, instant now) {
  octets out(1024), reply(Bmc::max_datagram);
  while (const auto n = c.poll_transmit(out, now)) {
    const auto m = b.feed(from, mutable_bytes(out).first(n.size), reply, now);
    if (m && *m != 0) (void)c.feed(mutable_bytes(reply).first(*m), now);
    while (c.next_event()) {
    }
  }
}

}  // namespace

TEST_CASE("an accelerator with a few key slots, each failure survived, no key left behind", "[session][tenants]") {
  for (std::uint64_t failing = 0; failing < 30; ++failing) {
    CAPTURE(failing);
    device chip;
    {
      bmc<shared_bmc<device>> b({chip}, default_bmc());
      null_backend soft;
      console<shared_console<null_backend>> c({soft}, default_console());
      chip.soft().fail_operation(failing);
      instant now{1};
      REQUIRE(c.start(now).has_value());
      for (int i = 0; i < 60 && c.state() != console_state::active && c.state() != console_state::closed; ++i) {
        converse(c, b, console_peer, now);
        now = earlier(c.poll_timeout(), now + milliseconds{1000});
        c.handle_timeout(now);
        b.handle_timeout(now);
      }
      CHECK(c.state() == console_state::active);
      CHECK(chip.keys_in_use() == 2);
      CHECK(c.close(now).has_value());
      for (int i = 0; i < 5; ++i) {
        converse(c, b, console_peer, now);
        now = now + milliseconds{1000};
        c.handle_timeout(now);
      }
      CHECK(b.active_sessions() == 0);
      CHECK(chip.keys_in_use() == 0);
    }
    CHECK(chip.keys_in_use() == 0);
  }
}

// ---- a backend that encrypts and signs in one go ----

namespace {

struct fused_one : null_backend {
  std::uint64_t fused_calls = 0;
  status encrypt_then_sign(aes_key& aes, mac_key& mac, const fused_packet& p) noexcept {
    ++fused_calls;
    block iv{};
    copy(p.data.subspan(p.text - iv.size(), iv.size()), iv);
    if (const auto done = encrypt(aes, iv, p.data.subspan(p.text, p.text_size)); !done) return done;
    const std::array<bytes, 1> covered{p.data.first(p.code)};
    return sign(mac, covered, p.data.subspan(p.code, p.code_size));
  }
};
static_assert(fused_backend<fused_one>);

}  // namespace

TEST_CASE("a fused backend makes the same datagrams", "[session][tenants]") {
  for (const auto id : octets{3, 8, 12, 17}) {
    CAPTURE(int(id));
    bmc_rig<fused_one> fast;
    bmc_rig<null_backend> plain;
    rig_console<bmc_rig<fused_one>> a(fast, id);
    rig_console<bmc_rig<null_backend>> b(plain, id);
    REQUIRE((a.login() && b.login()));
    for (std::size_t n = 0; n < 64; ++n) {
      const octets data(n, 0x33);
      REQUIRE(fast.ask(console_peer, a.sealed(a.request(net_fn::chassis, 1, data))) ==
              plain.ask(console_peer, b.sealed(b.request(net_fn::chassis, 1, data))));
    }
    CHECK(fast.setup().crypto.fused_calls == (id == 12 ? 0u : 64u));  // MD5-128 takes no HMAC
  }
}

// ---- a fleet: one backend, many consoles, by reference ----

TEST_CASE("100 consoles share a backend and log in to one BMC, as many as it has slots", "[session][tenants]") {
  null_backend crypto;
  bmc<shared_bmc<null_backend>> b({crypto}, default_bmc());
  std::deque<console<shared_console<null_backend>>> fleet;
  const instant now{1};
  std::size_t in = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    auto& c = fleet.emplace_back(shared_console<null_backend>{crypto, {.seed = i + 10}}, default_console());
    REQUIRE(c.start(now).has_value());
  }
  // In lock-step, one datagram of each at a time: all logins are under way together.
  octets out(1024), reply(b.max_datagram);
  for (bool busy = true; busy;) {
    busy = false;
    for (std::uint32_t i = 0; i < 100; ++i) {
      const auto n = fleet[i].poll_transmit(out, now);
      if (!n) continue;
      busy = true;
      const auto m = b.feed({i, 623}, mutable_bytes(out).first(n.size), reply, now);
      if (m && *m != 0) (void)fleet[i].feed(mutable_bytes(reply).first(*m), now);
      while (fleet[i].next_event()) {
      }
    }
    while (b.next_event()) {
    }
  }
  std::size_t refused = 0;
  for (const auto& c : fleet) {
    in += c.state() == console_state::active ? 1 : 0;
    refused += c.state() == console_state::closed ? 1 : 0;
  }
  CHECK(in == 63);
  CHECK(refused == 37);  // told so, none left hanging
  CHECK(b.active_sessions() == 63);
}

// ---- an explorer: copies of a conversation that go on alone ----

TEST_CASE("a conversation copied at any point ends alike in both copies", "[session][tenants]") {
  using pair = session_pair<>;
  static_assert(std::is_copy_constructible_v<pair> && std::is_copy_assignable_v<pair>);
  pair original;
  REQUIRE(original.con.start(original.now).has_value());
  std::vector<pair> snapshots{original};
  while (original.step()) snapshots.push_back(original);
  REQUIRE(original.con.state() == console_state::active);
  CHECK(snapshots.size() >= 6);
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    CAPTURE(i);
    pair one = snapshots[i];
    pair two = snapshots[i];
    one.settle();
    two.settle();
    CHECK(one.con.state() == console_state::active);
    CHECK(one.log == original.log);
    CHECK(two.log == original.log);
    CHECK(one.managed.config().steps == original.managed.config().steps);
    // A copy that loses everything from here on leaves the other alone.
    pair lost = snapshots[i];
    lost.network = [](direction, int, pair::datagram&) { return false; };
    lost.run(seconds(120));
    CHECK(lost.managed.active_sessions() == 0);
    CHECK(one.managed.active_sessions() == 1);
  }
}

// ---- a crafted peer: any field, after encoding ----

TEST_CASE("a peer that edits one field of a conversation's datagrams never gets a BMC to misbehave",
          "[session][tenants][N-HOST-08]") {
  // What each datagram of an honest login is, byte by byte spoilt on its way; the BMC stays whole and lets the honest
  // console in afterwards.
  bmc_rig<> recorder;
  rig_console<bmc_rig<>> honest(recorder);
  REQUIRE(honest.open() == rakp_status::no_errors);
  for (int step = 0; step < 3; ++step) {
    for (std::size_t at = 4; at < 90; ++at) {
      bmc_rig<> r;
      rig_console<bmc_rig<>> c(r);
      const auto spoil = [&](octets d) {
        if (at < d.size()) d[at] = static_cast<std::uint8_t>(d[at] ^ 0x05);
        r.ask(console_peer, d);
      };
      if (step == 0) spoil(sessionless(payload_type::open_session_request, c.open_request()));
      if (step == 1) (void)c.open(), spoil(c.rakp1_datagram());
      if (step == 2) c.prove(), spoil(c.rakp3_datagram());
      CHECK(r.managed.active_sessions() <= 1);
      CHECK(r.handler().commands.empty());
      rig_console<bmc_rig<>> after(r, 3, test_peer{9, 9});
      CHECK((after.login() && after.chassis(1).got));
    }
  }
  // Within a session, by a console that holds the keys: a right code around any message.
  bmc_rig<> r;
  rig_console<bmc_rig<>> insider(r, 17);
  REQUIRE(insider.login());
  counting_entropy dice{.seed = 77};
  std::size_t silent = 0;
  for (std::uint32_t i = 1; i <= 3000; ++i) {
    std::array<std::uint8_t, 2> shape{};
    REQUIRE(dice.fill(shape));
    octets message = datagram_of([&](mutable_bytes out) {
      return encode(
          insider.request(net_fn::app, static_cast<std::uint8_t>(0x37 + shape[0] % 0x20), octets(shape[1] % 6u)), out);
    });
    std::array<std::uint8_t, 3> edit{};
    REQUIRE(dice.fill(edit));
    message[edit[0] % message.size()] = edit[1];
    if (edit[2] % 4 == 0) message.resize(edit[2] % (message.size() + 1));
    if (message.empty()) continue;
    silent += insider.send(insider.sealed(message, i)).got ? 0 : 1;
    if (r.managed.active_sessions() == 0) break;
  }
  CHECK(silent > 0);
}
