// SPDX-License-Identifier: BSL-1.0
// Fuzz target of a BMC's IPMI v1.5 session, on null_backend, against a console that knows its password. Input: a byte
// of options, then a script: packets under right authcodes with anything in them (message, number, surplus bytes),
// spoilt ones, Activate Session with any data, repeats, deferred answers, and the clock. Between them an honest RMCP+
// console of another peer works on. What becomes of repeated requests is the other insider's: the way of a request is
// one for both formats. Beside what the sanitizers see:
// - a packet runs one command at most, and a number is good for one packet;
// - what is not under a right authcode, or goes to the other's session, is dropped and runs nothing;
// - every answer is the insider's own: its id and type, the next number, the request's sequence, command and addresses;
// - the level is never above that of the login;
// - the honest console is served, whatever happens to the insider.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/testing/crafted_console.hpp>
#include <rmcpp/testing/crafted_console_v15.hpp>

#include <set>

#include "input.hpp"

namespace {

using namespace rmcpp;
using fuzz::octets;
using fuzz::require;
using testing::test_peer;

struct traits : testing::test_bmc_traits {
  static constexpr bool v15 = true;
  static constexpr std::size_t replay_depth = 2;
  static constexpr std::size_t reply_bytes = 32;
  static constexpr std::size_t tickets = 2;
};
using machine = bmc<testing::bmc_setup<testing::null_backend, traits>>;
using handler = testing::test_handler;

constexpr test_peer honest_peer{0x0a000002, 623};

class scene {
 public:
  explicit scene(fuzz::script& s)
      : s_(s), bmc_({}, options()), insider_(link(), type_of(s)), honest_([this](const test_peer& from, bytes d) {
          octets datagram = testing::to_octets(d);
          return feed(from, datagram).value_or(octets{});
        }) {
    honest_.from = honest_peer;
    // Below administrator, who may close the other's session.
    insider_.name = testing::name_of("operator");
    insider_.password = testing::key_of("operpw");
    insider_.level = privilege::operator_;
  }

  void run() {
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
  static wire::auth_type type_of(fuzz::script& s) {
    return (s.byte() & 1) != 0 ? wire::auth_type::md2 : wire::auth_type::md5;
  }
  static bmc_options options() {
    bmc_options o = testing::default_bmc();
    o.v15.types = {wire::auth_type::md5, wire::auth_type::md2};
    return o;
  }
  testing::crafted_console_v15<>::link_type link() {
    return [this](const test_peer& from, bytes d) { return feed(from, testing::to_octets(d)).value_or(octets{}); };
  }
  result<octets> feed(const test_peer& from, octets datagram) {
    bmc_.config().handler.commands.clear();
    octets reply(machine::max_datagram);
    const auto n = bmc_.feed(from, datagram, reply, clock_.now());
    require(n || is_drop(n.error()));
    require(n || bmc_.config().handler.commands.empty());
    require(bmc_.config().handler.commands.size() <= 1);
    for (const auto& ran : bmc_.config().handler.commands)
      require(from == honest_peer || ran.level <= privilege::operator_);
    if (!n) return n.error();
    reply.resize(*n);
    return reply;
  }
  [[nodiscard]] bool has_session(session_id id) const {
    bool found = false;
    bmc_.for_each_session([&](const session_info& i, const test_peer&) { found = found || i.id == id; });
    return found;
  }

  void act(std::uint8_t op) {
    switch (op) {
      case 0: return clock_.step(s_);
      case 1: return clock_.go(std::uint64_t{s_.byte()} * 50);
      case 2: return bmc_.handle_timeout(clock_.now());
      case 3: return complete();
      case 4: return deliver(any_message());
      case 5: return again();
      case 6: return spoil();
      case 7: return trespass();
      case 8: return activate();
      default: deliver(sound_message());
    }
  }
  void be_honest() {
    bmc_.handle_timeout(clock_.now());
    if (!has_session(honest_.managed_id())) require(honest_.login());
    const auto a = honest_.chassis(0x77, {++counter_, 1, 2, 3});
    require(a.got && a.code == completion_code::ok && a.data == octets{counter_, 1, 2, 3});
  }
  void log_in() {
    if (has_session(insider_.activated.id)) return;
    clock_.go(100'000);  // whatever was guessed before is forgotten
    require(insider_.login());
    next_in_ = insider_.first_to_console + 1;
    taken_.clear();
  }

  octets sound_message() {
    const std::uint8_t how = s_.byte();
    constexpr std::array<std::uint8_t, 8> known{
        handler::once_command,       handler::deferred_command,        0x10,
        wire::app::get_system_guid,  wire::app::set_session_privilege, wire::app::close_session,
        wire::app::get_session_info, wire::app::activate_session};
    auto rq = insider_.request((how & 8) != 0 ? net_fn::chassis : net_fn::app, known[how & 7]);
    octets data = s_.counted();
    if (data.size() > 200) data.resize(200);
    if ((how & 0x20) != 0 && data.size() >= 4) core::store_le32(data.data(), to_integer(honest_.managed_id()));
    rq.data = data;
    return testing::encoded(rq);
  }
  /// Any bytes, whose checksums are put right now and then.
  octets any_message() {
    octets m = s_.counted();
    if (m.size() > 255) m.resize(255);
    if (m.size() < wire::lan_request::overhead || (s_.byte() & 1) != 0) return m;
    m[2] = core::detail::checksum(bytes(m).first(2));
    m.back() = core::detail::checksum(bytes(m).subspan(3, m.size() - 4));
    return m;
  }
  void deliver(const octets& message) {
    log_in();
    std::uint32_t number = insider_.sequence;
    const std::uint8_t how = s_.byte();
    if ((how & 1) != 0) number += static_cast<std::uint32_t>(static_cast<std::int8_t>(s_.byte()));
    last_ = insider_.sealed(message, insider_.session_type, number, insider_.activated.id);
    if ((how & 2) != 0) {
      const octets tail = s_.counted();
      last_.insert(last_.end(), tail.begin(), tail.end());
    }
    const auto reply = feed(insider_.from, last_);
    if (!reply) return;
    require(taken_.insert(number).second);
    if (number - insider_.sequence < 0x80000000u) insider_.sequence = number + 1 == 0 ? 1 : number + 1;
    check(*reply, message);
  }
  void check(const octets& reply, const octets& asked) {
    if (reply.empty()) return;
    const auto a = insider_.unseal(reply);
    require(a.sequence == next_in_);
    ++next_in_;
    const auto rq = testing::value_of(wire::decode<wire::lan_request>(asked));
    require(a.message.requester == rq.requester && a.message.command == rq.command &&
            a.message.sequence.sequence() == rq.sequence.sequence());
  }
  /// The very packet once more: answered at most, under a new number.
  void again() {
    if (!has_session(insider_.activated.id) || last_.empty()) return;
    const auto executed = bmc_.counters().commands;
    octets copied = last_;
    const auto packet = wire::look(copied);
    const auto reply = feed(insider_.from, last_);
    if (!packet || taken_.count(packet->sequence) == 0) {
      if (reply && packet) taken_.insert(packet->sequence);
    } else {
      require(bmc_.counters().commands == executed);
    }
    if (reply && !reply->empty()) check(*reply, testing::to_octets(packet->payload()));
  }
  void spoil() {
    if (!has_session(insider_.activated.id) || last_.empty()) return;
    octets datagram = last_;
    s_.spoil(datagram);
    octets genuine = last_, spoilt = datagram;
    const auto was = wire::look(genuine);
    const auto is = wire::look(spoilt);
    // What the authcode covers, and the code; a header that is none is dropped in any case.
    const bool same = was && is && is->format == was->format && is->auth == was->auth && is->id == was->id &&
                      is->sequence == was->sequence && core::equal(is->payload(), was->payload()) &&
                      core::equal(is->authcode(), was->authcode());
    if (!same) require(!feed(insider_.from, datagram) || is->id == session_id::none);
  }
  /// Its own password, and the other's session.
  void trespass() {
    const octets message = sound_message();
    const octets d = insider_.sealed(message, insider_.type, s_.byte(), honest_.managed_id());
    require(!feed((s_.byte() & 1) != 0 ? honest_peer : insider_.from, d));
  }
  /// Activate Session with any data, under a challenge of its own.
  void activate() {
    if (has_session(insider_.activated.id)) return;
    clock_.go(100'000);
    require(insider_.ask_challenge() == completion_code::ok);
    const std::uint8_t how = s_.byte();
    octets data = s_.counted();
    if (data.size() > 200) data.resize(200);
    if ((how & 1) != 0) {
      auto m = insider_.activation();
      m.level = privilege{static_cast<std::uint8_t>(how >> 4)};
      if ((how & 2) != 0) m.first_to_console = s_.le32();
      data = testing::encoded(m);
    }
    const auto a = insider_.take_activated(insider_.exchange(insider_.activate_datagram(data)));
    require(!a.got || a.code != completion_code::ok || data.size() == 22);
    if (!a.got || a.code != completion_code::ok) return;
    require(insider_.activated.level <= privilege::operator_);
    insider_.first_to_console = core::load_le32(data.data() + 18);
    next_in_ = insider_.first_to_console == 0xffffffff ? 1 : insider_.first_to_console + 1;
    taken_.clear();
  }
  void complete() {
    const auto& tickets = bmc_.config().handler.tickets;
    const std::size_t which = s_.byte();
    const octets data(s_.byte());
    if (which >= tickets.size()) return;
    octets out(machine::max_datagram);
    const auto done = bmc_.complete(tickets[which], {.data = data}, out, clock_.now());
    if (!done) return require(done.error() == errc::stale_handle || done.error() == errc::too_long);
    if (!(done->to == insider_.from)) return;
    out.resize(done->size);
    const auto a = insider_.unseal(out);
    require(a.sequence == next_in_ && a.data == data);
    ++next_in_;
  }

  fuzz::script& s_;
  machine bmc_;
  fuzz::wild_clock clock_{};
  testing::crafted_console_v15<> insider_;
  testing::crafted_console<> honest_;
  std::uint8_t counter_ = 0;
  std::uint32_t next_in_ = 0;  ///< number of the BMC's next packet
  octets last_{};
  std::set<std::uint32_t> taken_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::script s(bytes(data, size));
  scene(s).run();
  return 0;
}
