// SPDX-License-Identifier: BSL-1.0
// Fuzz target of a console, on Crypto++, before a BMC: a real one, or one that says anything under right keys. Input:
// three bytes of options, then a script: datagrams are delivered, spoilt, lost, repeated, reordered, made up; requests
// come and go; the clock does what it likes. Beside what the sanitizers see:
// - draining ends, and whoever then keeps to poll_timeout() has no more to do at that instant;
// - poll_timeout() is never in the past;
// - no session begins, and no request is answered, where the BMC does not know the password or K_g;
// - a request ends once: by its `done` event, or by cancel();
// - after the last event there is no login, no request and nothing to wait for;
// - a datagram that was dropped changed no state.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/console/console.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/testing/crafted_bmc.hpp>

#include <deque>
#include <set>

#include "input.hpp"

namespace {

using namespace rmcpp;
using fuzz::octets;
using fuzz::require;

struct setup {
  struct traits : testing::test_console_traits {
    static constexpr bool v15 = true;
  };
  cryptopp_backend crypto{};
  testing::counting_entropy random{.seed = 0xc0};
};
struct peer_traits : testing::test_bmc_traits {
  static constexpr bool v15 = true;
};
using peer_setup = testing::bmc_setup<cryptopp_backend, peer_traits>;

class scene {
 public:
  explicit scene(fuzz::script& s) : s_(s), peer_(peer_of(s)), console_(setup{}, options_of(s)) {}

  void run() {
    for (int steps = 0; s_.more() && steps < 400; ++steps) {
      const std::uint8_t op = s_.byte();
      act(op & 0x1f);
      // Whoever does not drain at once loses nothing but time.
      if ((op & 0x80) == 0) drain();
      look_around();
    }
    finish();
  }

 private:
  using console_type = console<setup>;
  using bmc_type = bmc<peer_setup>;

  // ---- the two sides ----

  bmc_type peer_of(fuzz::script& s) {
    const std::uint8_t how = s.byte();
    peer_setup p;
    trusted_ = password_known_ = (how & 3) != 0;
    if (!trusted_) p.users.entries[0].record.secret = testing::key_of("another");
    if ((how & 12) == 0) {
      p.users.kg_value = testing::key_of("key of the console");
      if ((how & 16) != 0) {
        p.users.kg_value = testing::key_of("key of another one");
        trusted_ = false;
      }
      has_kg_ = true;
    }
    crafted_.kg = p.users.kg_value;
    crafted_.password = p.users.entries[0].record.secret;
    bmc_options o = testing::default_bmc();
    o.strict_window = (how & 32) != 0;
    o.disclose = (how & 64) != 0;
    o.v15.types = {wire::auth_type::md5, wire::auth_type::straight_password};
    if ((how & 128) != 0) o.channel_limit = privilege::user;
    return {std::move(p), o};
  }
  console_options options_of(fuzz::script& s) {
    const std::uint8_t how = s.byte();
    console_options o = testing::default_console();
    constexpr std::uint8_t lists[4][3] = {{1, 3, 17}, {17, 8, 2}, {15, 12, 6}, {3, 16, 11}};
    (void)o.suites.assign(bytes(lists[how & 3]).first((how & 4) != 0 ? 1 : 3));
    if (has_kg_) o.kg = testing::key_of("key of the console");
    o.strict_window = (how & 8) != 0;
    o.name_only = (how & 16) == 0;
    o.quirks.open_session_privilege = (how & 32) != 0;
    if ((how & 64) != 0) o.level = privilege::operator_;
    if ((how & 128) != 0) o.keep_alive = {0};
    const std::uint8_t retry = s.byte();
    o.retry.tries = static_cast<std::uint8_t>(1 + retry % 14);
    hostile_ = (retry & 0x10) != 0;
    if ((retry & 0x20) != 0 && !hostile_ && o.retry.tries < max_unanswered_v15) {
      o.v15 = digest_auth_types;
      trusted_ = password_known_;  // there is no K_g in v1.5
      v15_ = true;
    }
    if (retry >= 224) o.retry = {.first = {0}, .step = {0}, .longest = {0}, .tries = o.retry.tries};
    return o;
  }

  // ---- the script ----

  void act(std::uint8_t op) {
    switch (op) {
      case 0: return (void)console_.start(now());
      case 1: return transmit();
      case 2: return to_bmc();
      case 3: return deliver(false);
      case 4: return deliver(true);
      case 5: return round_trip();
      case 6: return lose(to_bmc_);
      case 7: return lose(to_console_);
      case 8: return repeat();
      case 9: return clock_.step(s_);
      case 10: return clock_.go(std::uint64_t{s_.byte()} * 100);
      case 11: return console_.handle_timeout(now());
      case 12: return wait();
      case 13:
      case 14: return submit(op == 14);
      case 15: return cancel();
      case 16: return (void)console_.close(now());
      case 17: return raw();
      case 18: return make_up();
      case 19: return turn_round();
      case 20: return all_lost();
      default: return round_trip();
    }
  }

  /// One step of a conversation in which nothing goes wrong.
  void round_trip() {
    transmit();
    while (!to_bmc_.empty()) to_bmc();
    while (!to_console_.empty()) deliver(false);
  }
  void transmit() {
    for (int i = 0;; ++i) {
      require(i < 100);
      octets out(console_type::max_datagram);
      const auto n = console_.poll_transmit(out, now());
      if (!n) return require(n.error == errc::ok);
      require(n.size <= out.size());
      out.resize(n.size);
      last_sent_ = out;
      if (to_bmc_.size() < 64) to_bmc_.push_back(std::move(out));
    }
  }
  void to_bmc() {
    if (to_bmc_.empty()) return;
    octets datagram = std::move(to_bmc_.front());
    to_bmc_.pop_front();
    if (to_console_.size() >= 64) return;
    if (hostile_) {
      try {
        for (auto& reply : crafted_.receive(datagram)) to_console_.push_back(std::move(reply));
      } catch (const std::runtime_error&) {
        // It does not understand a console that has begun anew.
      }
      return;
    }
    octets reply(bmc_type::max_datagram);
    const auto n = peer_.feed(testing::console_peer, datagram, reply, clock_.present());
    if (!n || *n == 0) return;
    reply.resize(*n);
    to_console_.push_back(std::move(reply));
  }
  void deliver(bool spoil) {
    if (to_console_.empty()) return;
    last_answer_ = std::move(to_console_.front());
    to_console_.pop_front();
    octets datagram = last_answer_;
    if (spoil) hostile_ && (s_.byte() & 1) != 0 ? reword(datagram) : s_.spoil(datagram);
    feed(std::move(datagram));
  }
  /// Another message under the same right code.
  void reword(octets& datagram) {
    try {
      crafted_.reword(datagram, [this](octets& m) {
        s_.spoil(m);
        if (m.size() < wire::lan_response::overhead || (s_.byte() & 1) != 0) return;
        m[2] = core::detail::checksum(bytes(m).first(2));
        m.back() = core::detail::checksum(bytes(m).subspan(3, m.size() - 4));
      });
    } catch (const std::runtime_error&) {
      // An answer of an earlier session, whose keys are gone.
    }
  }
  void repeat() { feed(last_answer_); }
  static void lose(std::deque<octets>& queue) {
    if (!queue.empty()) queue.pop_front();
  }
  void turn_round() {
    std::reverse(to_console_.begin(), to_console_.end());
    std::reverse(to_bmc_.begin(), to_bmc_.end());
  }
  /// Nobody hears anything until the console has given up.
  void all_lost() {
    for (int i = 0; i < 40; ++i) {
      wait();
      drain();
      to_bmc_.clear();
    }
  }
  void raw() { feed(s_.counted()); }
  /// An answer outside a session, perhaps with the tag and the id that the console waits for.
  void make_up() {
    const std::uint8_t type = s_.byte();
    octets payload = s_.counted();
    if ((type & 0x40) != 0 && !payload.empty() && last_sent_.size() > wire::payload_v2)
      payload[0] = last_sent_[wire::payload_v2];
    if ((type & 0x80) != 0 && payload.size() >= 8) core::store_le32(&payload[4], to_integer(console_.id()));
    constexpr payload_type answers[] = {payload_type::open_session_response, payload_type::rakp2, payload_type::rakp4,
                                        payload_type::ipmi};
    feed(testing::sessionless(answers[type & 3], payload));
  }
  void wait() {
    clock_.go_to(console_.poll_timeout());
    console_.handle_timeout(now());
  }

  void feed(octets datagram) {
    fed_ = std::move(datagram);
    const auto state = console_.state();
    const auto id = console_.id();
    const auto managed = console_.managed_id();
    const auto taken = console_.feed(fed_, now());
    if (taken || !is_drop(taken.error())) return;
    require(console_.state() == state && console_.id() == id && console_.managed_id() == managed);
  }

  void submit(bool copied) {
    const std::uint8_t how = s_.byte();
    request rq{.fn = static_cast<net_fn>((how & 7) * 2),
               .command = s_.byte(),
               .data = bytes(sent_data).first(s_.byte() % sent_data.size())};
    if ((how & 8) != 0) rq.deadline = clock_.heard() + milliseconds{s_.le16()};
    if ((how & 16) != 0) rq.deadline = instant{s_.le32()};
    if ((how & 32) != 0) rq.tries = s_.byte();
    const auto id = copied ? console_.submit_copy(rq, now()) : console_.submit(rq, now());
    if (id) return require(live_.insert(key_of(*id)).second);
    const std::size_t longest = v15_ ? 248 : 255;
    const bool too_long = rq.data.size() > (copied ? testing::test_console_traits::request_bytes : longest);
    require(id.error() == errc::wrong_state || (id.error() == errc::no_slot && live_.size() == 4) ||
            (id.error() == errc::too_long && too_long));
  }
  void cancel() {
    const request_id id{static_cast<std::uint8_t>(s_.byte() % 5), s_.byte()};
    const bool alive = live_.erase(key_of(id)) != 0;
    require(console_.cancel(id, now()).has_value() == alive);
  }
  static unsigned key_of(request_id id) { return unsigned{id.slot} << 8 | id.generation; }

  // ---- what must hold ----

  instant now() { return clock_.now(); }

  void events() {
    for (int i = 0; const auto e = console_.next_event(); ++i) {
      require(i < 100);
      switch (e.type) {
        case console_event::kind::ready: require(trusted_); break;
        case console_event::kind::done:
          require(live_.erase(key_of(e.request)) == 1);
          require(e.error != errc::ok || trusted_);
          require(e.data.empty() || (e.error == errc::ok && e.data.data() >= fed_.data() &&
                                     e.data.data() + e.data.size() <= fed_.data() + fed_.size()));
          break;
        default: require(e.is_last() && e.error != errc::ok && console_.is_over() && live_.empty());
      }
    }
  }
  void drain() {
    events();
    transmit();
    events();
    transmit();
    require(!console_.next_event());
    // Retries without a pause come at once, but not without end.
    for (int i = 0; console_.poll_timeout() <= clock_.heard() && !console_.poll_timeout().is_never(); ++i) {
      require(i < 1000);
      console_.handle_timeout(now());
      transmit();
      events();
    }
    if (console_.is_over()) require(live_.empty() && console_.poll_timeout().is_never());
  }
  void look_around() {
    require(trusted_ || console_.state() != console_state::active);
    require(console_.poll_timeout() >= clock_.heard());
  }
  /// Left alone, every login and session comes to its end.
  void finish() {
    clock_.rewind();
    drain();
    (void)console_.close(now());
    for (int i = 0; !console_.is_over(); ++i) {
      require(i < 100);
      drain();
      wait();
    }
    drain();
    require(live_.empty() && console_.poll_timeout().is_never());
    require(console_.submit({}, now()).error() == errc::wrong_state);
  }

  static constexpr std::array<std::uint8_t, 300> sent_data{1, 2, 3};

  fuzz::script& s_;
  fuzz::wild_clock clock_{};
  bool password_known_ = true;
  bool v15_ = false;
  bool trusted_ = false;
  bool has_kg_ = false;
  bool hostile_ = false;  ///< the BMC is the crafted one
  testing::crafted_bmc<cryptopp_backend> crafted_{};
  bmc_type peer_;
  console_type console_;
  std::deque<octets> to_bmc_{};
  std::deque<octets> to_console_{};
  octets last_sent_{};
  octets last_answer_{};
  octets fed_{};
  std::set<unsigned> live_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::script s(bytes(data, size));
  scene(s).run();
  return 0;
}
