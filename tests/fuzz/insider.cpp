// SPDX-License-Identifier: BSL-1.0
// Fuzz target of a BMC's session, on null_backend, against a console that holds valid keys. Input: two bytes of
// options, then a script: packets under right codes with anything in them (message, session number, payload type,
// header, pads, trailer), repeats, and the clock. Between them an honest console of another peer works on. Beside what
// the sanitizers see:
// - a packet runs one command at most, and a session number is good for one packet;
// - a command does not run again for the same request while its answer must be kept: up to 5 s, and among the last
//   `replay_depth`; nor while it is pending;
// - every answer is the insider's own: its id, the next number, the request's sequence, command and addresses;
// - a packet that was dropped drew no answer and ran nothing;
// - the honest console is served, whatever happens to the insider, and ends only when its time is over.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/testing/crafted_console.hpp>

#include <map>
#include <set>

#include "input.hpp"

namespace {

using namespace rmcpp;
using fuzz::octets;
using fuzz::require;
using testing::test_peer;

struct traits : testing::test_bmc_traits {
  static constexpr std::size_t replay_depth = 2;
  static constexpr std::size_t reply_bytes = 32;
  static constexpr std::size_t tickets = 2;
};
using machine = bmc<testing::bmc_setup<testing::null_backend, traits>>;
using console = testing::crafted_console<>;
using handler = testing::test_handler;

constexpr std::uint64_t kept_for = 5000;         // ms that a BMC keeps an answer
constexpr std::uint64_t once_kept_for = 20'000;  // and that of a command that must not run twice
constexpr std::uint64_t inactivity = 60'000;     // ms that a session lives without a packet
constexpr test_peer honest_peer{0x0a000002, 623};

/// A console that logs in again when its session has ended.
struct user {
  console c;
  std::uint64_t heard = 0;  ///< when the BMC heard of its session last, in elapsed time
};

class scene {
 public:
  explicit scene(fuzz::script& s)
      : s_(s),
        bmc_({}, testing::default_bmc()),
        insider_{console(link(), suite_of(s))},
        honest_{console(link(), suite_of(s))} {
    honest_.c.from = honest_peer;
    // Below administrator, who may close the other's session.
    insider_.c.name = testing::name_of("operator");
    insider_.c.password = testing::key_of("operpw");
    insider_.c.role = role_byte::of(privilege::operator_, true);
  }

  void run() {
    log_in(insider_);
    log_in(honest_);
    for (int steps = 0; s_.more() && steps < 300; ++steps) {
      const std::uint8_t op = s_.byte();
      act(op & 0x0f);
      if ((op & 0x80) == 0) be_honest();
      while (bmc_.next_event()) {
      }
    }
    be_honest();
  }

 private:
  static std::uint8_t suite_of(fuzz::script& s) {
    constexpr std::array<std::uint8_t, 8> suites{3, 17, 2, 1, 8, 12, 11, 15};
    return suites[s.byte() % suites.size()];
  }
  console::link_type link() {
    return [this](const test_peer& from, bytes d) {
      octets datagram(d.begin(), d.end());
      octets reply(machine::max_datagram);
      const auto n = bmc_.feed(from, datagram, reply, clock_.now());
      reply.resize(n.value_or(0));
      return reply;
    };
  }
  [[nodiscard]] bool has_session(const user& u) const {
    bool found = false;
    bmc_.for_each_session([&](const session_info& i, const test_peer&) { found = found || i.id == u.c.managed_id(); });
    return found;
  }
  /// Logging in takes no time, and the first command makes the session last.
  void log_in(user& u) {
    require(u.c.login() && u.c.app(wire::app::get_session_info, {0}).code == completion_code::ok);
    u.heard = clock_.elapsed();
    if (&u != &insider_) return;
    next_ = u.c.sequence.next();
    ran_.clear();
    answered_.clear();
  }

  void act(std::uint8_t op) {
    switch (op) {
      case 0: return clock_.step(s_);
      case 1: return clock_.go(std::uint64_t{s_.byte()} * 50);
      case 2: return bmc_.handle_timeout(clock_.now());
      case 3: return complete();
      case 4: return attack(any_message());
      case 5: return attack(message_);
      case 6: return deliver(insider_.c.from, last_);
      case 7: return spoil();
      case 8: return trespass();
      default: attack(sound_message());
    }
  }

  // ---- the honest one ----

  /// Whatever an insider does, others are served.
  void be_honest() {
    bmc_.handle_timeout(clock_.now());
    if (!has_session(honest_)) {
      require(clock_.elapsed() - honest_.heard >= inactivity);
      log_in(honest_);
    }
    commands().clear();
    const auto a = honest_.c.chassis(0x77, {++counter_, 1, 2, 3});
    require(a.got && a.code == completion_code::ok && a.data == octets{counter_, 1, 2, 3});
    require(commands().size() == 1 && commands()[0].data == a.data);
    honest_.heard = clock_.elapsed();
  }

  // ---- what the insider sends ----

  octets sound_message() {
    const std::uint8_t how = s_.byte();
    constexpr std::array<std::uint8_t, 8> known{
        handler::once_command,       handler::deferred_command,        0x10,
        wire::app::get_system_guid,  wire::app::set_session_privilege, wire::app::close_session,
        wire::app::get_session_info, handler::unknown_command};
    auto rq = insider_.c.request((how & 8) != 0 ? net_fn::chassis : net_fn::app, known[how & 7]);
    if ((how & 0x10) != 0) rq.sequence = wire::seq_lun{static_cast<std::uint8_t>(how >> 6)};
    octets data = s_.counted();
    // Sessions are named by their ids; the other's is no secret here.
    if ((how & 0x20) != 0 && data.size() >= 4) core::store_le32(data.data(), to_integer(honest_.c.managed_id()));
    rq.data = data;
    return testing::encoded(rq);
  }
  /// Any bytes, whose checksums are put right now and then.
  octets any_message() {
    octets m = s_.counted();
    if (m.size() < wire::lan_request::overhead || (s_.byte() & 1) != 0) return m;
    m[2] = core::detail::checksum(bytes(m).first(2));
    m.back() = core::detail::checksum(bytes(m).subspan(3, m.size() - 4));
    return m;
  }
  void attack(octets message) {
    message_ = std::move(message);
    if (!has_session(insider_)) log_in(insider_);
    const std::uint8_t how = s_.byte();
    std::uint32_t number = next_;
    if ((how & 3) == 1) number += static_cast<std::uint32_t>(static_cast<std::int8_t>(s_.byte()));
    if ((how & 3) == 2) number -= 1;
    // Never so far that numbers come again.
    if ((how & 7) == 7) number += s_.le16();
    next_ = std::max(next_, number + 1);
    wire::payload_byte kind = insider_.c.kind();
    if ((how & 0x18) == 0x18) kind.value = static_cast<std::uint8_t>((kind.value & 0xc0) | (s_.byte() & 0x3f));
    if ((how & 0x60) == 0x60) kind.value &= static_cast<std::uint8_t>(s_.byte() | 0x3f);
    deliver(insider_.c.from, (how & 0x80) != 0 ? by_hand(kind, number)
                                               : insider_.c.sealed(message_, kind, number, insider_.c.managed_id()));
  }
  /// A packet whose pads and trailer are the input's, under a right code.
  octets by_hand(wire::payload_byte kind, std::uint32_t number) {
    octets text = message_;
    const octets pad = s_.counted();
    text.insert(text.end(), pad.begin(), pad.end());
    octets d(wire::payload_v2);
    if (kind.encrypted()) {
      const crypto::block iv{7, 7, 7};
      d.insert(d.end(), iv.begin(), iv.end());
      (void)insider_.c.crypto.encrypt(insider_.c.keys.cipher_key(), iv, text);  // stays as it is if it is no blocks
    }
    d.insert(d.end(), text.begin(), text.end());
    core::writer w(d);
    w.group("rmcp_header", wire::rmcp_header{});
    w.group("session_header_v2",
            wire::session_header_v2{.payload = kind,
                                    .id = insider_.c.managed_id(),
                                    .sequence = number,
                                    .length = static_cast<std::uint16_t>(d.size() - wire::payload_v2)});
    if (!kind.authenticated()) return d;
    const octets trailer = s_.counted();
    d.insert(d.end(), trailer.begin(), trailer.end());
    d.resize(d.size() + protect::authcode_size(insider_.c.suite.integrity));
    insider_.c.reseal(d);
    return d;
  }
  /// Not under a right code, where there are codes.
  void spoil() {
    octets datagram = last_;
    s_.spoil(datagram);
    if (last_.size() > 1 && datagram.size() > 1) datagram[1] = last_[1];
    if (insider_.c.keys.authenticates() && datagram != last_) {
      require(!feed(insider_.c.from, datagram));
    } else {
      deliver(insider_.c.from, datagram);
    }
  }
  /// Its own keys, and the other's session.
  void trespass() {
    if (!honest_.c.keys.authenticates() || !insider_.c.keys.authenticates()) return;
    const octets message = sound_message();
    const octets d = insider_.c.sealed(message, insider_.c.kind(), s_.byte(), honest_.c.managed_id());
    require(!feed((s_.byte() & 1) != 0 ? honest_peer : insider_.c.from, d));
    require(commands().empty());
  }
  void complete() {
    const auto& tickets = bmc_.config().handler.tickets;
    const std::size_t which = s_.byte();
    const octets data(s_.byte());
    if (which >= tickets.size()) return;
    octets out(machine::max_datagram);
    const auto done = bmc_.complete(tickets[which], {.data = data}, out, clock_.now());
    if (!done) return require(done.error() == errc::stale_handle);
    out.resize(done->size);
    const auto a = insider_.c.unseal(out);
    const octets& asked = deferred_[which];
    require(done->to == insider_.c.from && a.data == data);
    check_answer(a, asked);
    auto& answer = answered_[asked];
    answer = {clock_.elapsed(), 0, false, data.size() <= traits::reply_bytes, false, answer.request};
  }

  // ---- what may come of it ----

  result<std::size_t> feed(const test_peer& from, octets datagram) {
    commands().clear();
    reply_ = octets(machine::max_datagram);
    const auto before = bmc_.counters();
    const auto n = bmc_.feed(from, datagram, reply_, clock_.now());
    executed_ = bmc_.counters().commands != before.commands;
    require(n || is_drop(n.error()));
    require(n || (!executed_ && bmc_.counters().repeats == before.repeats));
    require(commands().size() <= (executed_ ? 1 : 0));
    reply_.resize(n.value_or(0));
    return n;
  }
  void deliver(const test_peer& from, const octets& datagram) {
    last_ = datagram;
    const auto before = bmc_.counters();
    if (!feed(from, datagram)) return;
    octets opened = datagram;
    const auto packet = testing::value_of(wire::look(opened));
    // One number, one packet; the very packet again is answered, and does nothing else.
    const bool again = !ran_.insert(packet.sequence).second;
    require(!again || (!executed_ && !reply_.empty() && bmc_.counters().repeats == before.repeats));
    if (!again) insider_.heard = clock_.elapsed();
    mutable_bytes message = packet.payload();
    if (packet.kind.encrypted()) {
      message = testing::value_of(decrypt_payload(insider_.c.crypto, insider_.c.keys, message));
    }
    const octets asked = testing::to_octets(message);
    const auto rq = testing::value_of(wire::decode<wire::lan_request>(asked));
    if (!commands().empty()) {
      const auto& ran = commands()[0];
      require(ran.code == rq.command && ran.fn == rq.target.fn() && core::equal(ran.data, rq.data));
      if (ran.code == handler::deferred_command) deferred_.push_back(asked);
    }
    testing::command_answer a;
    if (!reply_.empty()) {
      a = insider_.c.unseal(reply_);
      check_answer(a, asked);
    }
    if (executed_) check_repeat(asked, a);
  }
  static void check_answer(const testing::command_answer& a, const octets& asked) {
    const auto rq = testing::value_of(wire::decode<wire::lan_request>(asked));
    const auto& m = a.message;
    require(m.requester == rq.requester && m.responder == rq.responder && m.command == rq.command);
    require(m.target.value == ((rq.target.value & 0xfc) | 4 | rq.sequence.lun()));
    require(m.sequence.value == ((rq.sequence.value & 0xfc) | rq.target.lun()));
  }
  /// It ran: was that allowed, if it had run before?
  void check_repeat(const octets& asked, const testing::command_answer& a) {
    if (const auto before = answered_.find(asked); before != answered_.end()) {
      const auto& was = before->second;
      require(!was.pending);
      const std::uint64_t age = clock_.elapsed() - was.at;
      if (was.once) {
        require(age > once_kept_for || onces_ - was.number >= traits::replay_depth ||
                (requests_ - was.request >= 63 && age > kept_for));
      } else if (onces_ == 0) {  // else others may have taken its place
        require(!was.kept || age > kept_for || requests_ - was.request >= traits::replay_depth);
      }
    }
    const bool pending = !a.got;
    const bool once = !commands().empty() && commands()[0].code == handler::once_command;
    ++requests_;
    const bool kept = a.got && a.code != completion_code::busy && (once || a.data.size() <= traits::reply_bytes);
    if (once && !pending) {
      answered_[asked] = {clock_.elapsed(), ++onces_, false, kept, true, requests_};
    } else {
      answered_[asked] = {clock_.elapsed(), 0, pending, kept, false, requests_};
    }
  }
  std::vector<handler::seen>& commands() { return bmc_.config().handler.commands; }

  struct answered {
    std::uint64_t at = 0;      ///< elapsed time
    std::uint64_t number = 0;  ///< with `once`: among those
    bool pending = false;
    bool kept = false;
    bool once = false;          ///< must not run twice
    std::uint64_t request = 0;  ///< among all that ran
  };

  fuzz::script& s_;
  machine bmc_;
  fuzz::wild_clock clock_{};
  user insider_;
  user honest_;
  std::uint8_t counter_ = 0;
  std::uint32_t next_ = 0;
  octets message_{};
  octets last_{};
  octets reply_{};
  bool executed_ = false;
  std::set<std::uint32_t> ran_{};
  std::map<octets, answered> answered_{};
  std::uint64_t onces_ = 0;
  std::uint64_t requests_ = 0;
  std::vector<octets> deferred_{};  ///< requests, by the number of their ticket
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::script s(bytes(data, size));
  scene(s).run();
  return 0;
}
