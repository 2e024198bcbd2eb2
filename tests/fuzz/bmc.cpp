// SPDX-License-Identifier: BSL-1.0
// Fuzz target of a BMC, on null_backend, among four peers: two ports of one host, another host, and an address that
// cannot be answered. Input: a byte of options, then a script: consoles that log in and work, step by step, with
// datagrams spoilt, repeated, made up or sent by another; the application; the clock. Beside what the sanitizers see:
// - answers fit, can be read, and none goes to who cannot be answered;
// - a session begins by a RAKP 3, or an Activate Session of v1.5, with the right code only, and there are never more
//   than allowed;
// - a command runs only if a console of ours sealed that very datagram, from the session's address, and runs once;
// - a datagram that was dropped changed nothing but its counter: no login, no session, no timer, no event;
// - counters, events and tables tell the same;
// - poll_timeout() is never in the past, and after handle_timeout() it is in the future;
// - in the end all tables are empty, and there is nothing to wait for.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/testing/crafted_console.hpp>
#include <rmcpp/testing/crafted_console_v15.hpp>

#include <map>
#include <set>

#include "input.hpp"

namespace {

using namespace rmcpp;
using fuzz::octets;
using fuzz::require;
using testing::test_peer;

/// Few of everything, so that places are given away all the time.
struct small : bmc_traits {
  static constexpr std::size_t sessions = 3;
  static constexpr std::size_t opened = 4;
  static constexpr std::size_t proven = 3;
  static constexpr std::size_t quota = 2;
  static constexpr std::size_t penalties = 2;
  static constexpr std::size_t tickets = 2;
  static constexpr std::size_t message_bytes = 64;
  static constexpr std::size_t reply_bytes = 32;
  static constexpr std::size_t replay_depth = 2;
  static constexpr bool v15 = true;
};
using machine = bmc<testing::bmc_setup<testing::null_backend, small>>;
using console = testing::crafted_console<>;
using console_v15 = testing::crafted_console_v15<>;

constexpr std::array<test_peer, 4> peers{
    {{0x0a000001, 40000}, {0x0a000001, 40001}, {0x0a000002, 40000}, {0x0a000002, 40001, false}}};

class scene {
 public:
  explicit scene(fuzz::script& s) : s_(s), options_(options_of(s)), bmc_({}, options_) {
    if (two_keys_) bmc_.config().users.kg_value = testing::key_of("kg");
    for (std::size_t i = 0; i < peers.size(); ++i) {
      consoles_.emplace_back([this](const test_peer& from, bytes d) { return send(from, testing::to_octets(d)); });
      consoles_[i].from = peers[i];
      consoles_[i].kg = bmc_.config().users.kg_value;
      consoles_[i].console_id = session_id{0xa0a0a0a0u + static_cast<std::uint32_t>(i)};
      old_consoles_.emplace_back([this](const test_peer& from, bytes d) { return send(from, testing::to_octets(d)); },
                                 wire::auth_type::md5, peers[i]);
    }
  }

  void run() {
    for (int steps = 0; s_.more() && steps < 400; ++steps) {
      const std::uint8_t op = s_.byte();
      if ((op & 0x80) != 0) handle_timeout();
      try {
        act(op >> 5 & 3, op & 0x1f);
      } catch (const std::runtime_error&) {
        // The console got no answer, or not the one that it waited for.
      }
      check_tables();
    }
    finish();
  }

 private:
  bmc_options options_of(fuzz::script& s) {
    const std::uint8_t how = s.byte();
    bmc_options o = testing::default_bmc();
    // With integrity all of them, so that nobody but their sealer can make a packet.
    o.suites = testing::suites_of({17, 3, 2, 8, 12, 16});
    o.max_sessions = static_cast<std::uint8_t>(1 + (how & 3));
    o.disclose = (how & 4) != 0;
    o.strict_window = (how & 8) != 0;
    if ((how & 16) != 0) o.channel_limit = privilege::operator_;
    two_keys_ = (how & 32) != 0;
    if ((how & 64) != 0) o.v15.types = {wire::auth_type::md5, wire::auth_type::md2};  // as above
    return o;
  }

  // ---- the script ----

  void act(unsigned who, std::uint8_t op) {
    console& c = consoles_[who];
    if (op > 22 && op < 29) return act_v15(old_consoles_[who], op);
    switch (op) {
      case 0: send(c.from, testing::to_octets(s_.take(s_.le16()))); break;
      case 1: change(c); break;
      case 2:
        c.take_opened(send_spoilt(c, testing::sessionless(payload_type::open_session_request, c.open_request())));
        break;
      case 3: c.take_rakp2(send_spoilt(c, c.rakp1_datagram())); break;
      case 4:
        c.take_rakp4(send_spoilt(c, c.rakp3_datagram()));
        c.begin_session();
        break;
      case 5: c.login(); break;
      case 6: c.open(); break;
      case 7: c.send_rakp1(); break;
      case 8:
        c.send_rakp3();
        c.begin_session();
        break;
      case 9: send(c.from, c.rakp3_datagram({}, rakp_status{s_.byte()})); break;
      case 10: c.exchange(sealed_request(c)); break;
      case 11: send_spoilt(c, sealed_request(c)); break;
      case 12: send_again(c.from, s_.byte()); break;
      case 13: clock_.step(s_); break;
      case 14: clock_.go(std::uint64_t{s_.byte()} * 100); break;
      case 15: handle_timeout(); break;
      case 16: wait(); break;
      case 17: complete(); break;
      case 18: application(); break;
      case 19: {
        const payload_type type{s_.byte()};
        send(c.from, testing::sessionless(type, s_.counted()));
        break;
      }
      case 20: c.close(); break;
      case 21: c.set_privilege(privilege{s_.byte()}); break;
      case 22: c.from = peers[s_.byte() % peers.size()]; break;
      default: c.exchange(sealed_request(c));
    }
  }

  void act_v15(console_v15& c, std::uint8_t op) {
    switch (op) {
      case 23: {
        const std::uint8_t how = s_.byte();
        c.name = testing::name_of((how & 1) != 0 ? "operator" : "admin");
        c.password = testing::key_of((how & 2) != 0 ? "guess" : (how & 1) != 0 ? "operpw" : "secret");
        c.type = wire::auth_type{static_cast<std::uint8_t>((how & 4) != 0 ? how >> 4 : 2)};
        c.level = privilege{static_cast<std::uint8_t>((how & 8) != 0 ? how >> 4 : 3)};
        c.from = peers[how >> 6];
        break;
      }
      case 24: c.login(); break;
      case 25: c.take_challenge(send_spoilt(c.from, c.challenge_datagram())); break;
      case 26: c.take_activated(send_spoilt(c.from, c.activate_datagram())); break;
      case 27: c.send(sealed_v15(c)); break;
      default: send_spoilt(c.from, sealed_v15(c));
    }
  }
  octets sealed_v15(console_v15& c) {
    const std::uint8_t how = s_.byte();
    constexpr std::array<std::uint8_t, 4> commands{0x01, 0x3b, 0x3d, 0xf0};
    auto rq = c.request((how & 4) != 0 ? net_fn::chassis : net_fn::app, commands[how & 3]);
    const octets data = s_.counted();
    if (data.size() > 200) return {};
    rq.data = data;
    octets datagram = c.sealed(rq);
    genuine_.insert(datagram);
    return datagram;
  }

  /// Who a console is and what it asks for, from now on.
  void change(console& c) {
    const std::uint8_t how = s_.byte();
    constexpr std::array<const char*, 4> names{"admin", "operator", "disabled", "nobody"};
    constexpr std::array<const char*, 4> passwords{"secret", "operpw", "secret", ""};
    c.name = testing::name_of(names[how & 3]);
    c.password = testing::key_of(passwords[(how & 4) != 0 ? 3 : how & 3]);
    c.suite = wire::standard_suites[s_.byte() % wire::standard_suites.size()];
    c.role = role_byte{s_.byte()};
    c.asked = privilege{static_cast<std::uint8_t>(how >> 4)};
    if ((how & 8) != 0) c.console_id = session_id{s_.le32()};
    c.tag = s_.byte();
  }
  octets send_spoilt(const test_peer& from, octets datagram) {
    s_.spoil(datagram);
    return send(from, std::move(datagram));
  }
  octets send_spoilt(console& c, octets datagram) { return send_spoilt(c.from, std::move(datagram)); }
  octets sealed_request(console& c) {
    const std::uint8_t how = s_.byte();
    constexpr std::array<std::uint8_t, 8> commands{0x01, 0x37, 0x38, 0x3d, 0x54, 0xf0, 0xf1, 0xf2};
    auto rq = c.request((how & 8) != 0 ? net_fn::chassis : net_fn::app, commands[how & 7]);
    const octets data = s_.counted();
    rq.data = data;
    std::uint32_t number = c.sequence.next();
    if ((how & 16) != 0) number += s_.byte();
    octets datagram = c.sealed(rq, number);
    genuine_.insert(datagram);
    return datagram;
  }
  void send_again(const test_peer& from, std::uint8_t which) {
    if (!history_.empty()) send(from, history_[which % history_.size()]);
  }
  void complete() {
    const auto& tickets = bmc_.config().handler.tickets;
    const std::uint8_t how = s_.byte();
    if (tickets.empty()) return;
    octets out(machine::max_datagram - ((how & 0x80) != 0 ? 1 : 0));
    const octets data(how & 0x7f);
    const auto done = bmc_.complete(tickets[s_.byte() % tickets.size()], {.data = data}, out, now());
    take_events();
    if (!done) {
      return require(done.error() == errc::stale_handle ||
                     (done.error() == errc::too_long && data.size() > small::message_bytes) ||
                     (done.error() == errc::buffer_too_small && out.size() < machine::max_datagram));
    }
    require(done->size <= out.size() && done->to.can_reply());
    require(wire::look(mutable_bytes(out).first(done->size)).has_value());
  }
  void application() {
    const std::uint8_t how = s_.byte();
    switch (how & 3) {
      case 0: bmc_.user_changed(user_id{static_cast<std::uint8_t>(how >> 2)}, now()); break;
      case 1: bmc_.kg_changed(now()); break;
      default: (void)bmc_.close(consoles_[how >> 2 & 3].managed_id(), now());
    }
    take_events();
  }
  void wait() {
    clock_.go_to(bmc_.poll_timeout());
    handle_timeout();
  }
  void handle_timeout() {
    bmc_.handle_timeout(now());
    take_events();
    require(bmc_.poll_timeout() > clock_.heard() || bmc_.poll_timeout().is_never());
  }
  instant now() { return clock_.now(); }

  // ---- one datagram, and what it may do ----

  octets send(const test_peer& from, octets datagram) {
    const octets as_sent = datagram;
    const bool right = proves(from, as_sent);
    const auto before = snapshot();
    const instant due = bmc_.poll_timeout();
    const instant heard = clock_.heard();
    // What was due when the machine heard of the clock last stays so, should the clock step back now.
    const bool late = (due <= clock_.present() && !clock_.present().is_never()) || (due <= heard && !heard.is_never());
    const auto runs = bmc_.config().handler.commands.size();
    const auto counted = bmc_.counters();

    octets reply(machine::max_datagram);
    const auto n = bmc_.feed(from, datagram, reply, now());

    if (history_.size() < 64) history_.push_back(as_sent);
    const auto& counters = bmc_.counters();
    require(counters.datagrams == counted.datagrams + 1);
    require(counters.dropped == counted.dropped + (n ? 0 : 1));
    require(counters.logins == counted.logins || (right && counters.logins == counted.logins + 1));
    if (counters.logins != counted.logins) {
      const auto h = testing::headers_of(as_sent);
      const bool v15 = h.format == wire::packet_format::v15;
      owners_[v15 ? h.id : session_id{core::load_le32(&as_sent[wire::payload_v2 + 4])}] = from;
    }
    if (bmc_.config().handler.commands.size() != runs) check_run(from, as_sent, runs);
    require(n || is_drop(n.error()));
    require(from.can_reply() || n.error() == errc::no_return_path);
    const std::size_t told = take_events();
    if (!n && !late) {
      require(told == 0 && snapshot() == before);
      // A step back of the clock moves every deadline.
      if (clock_.heard() >= heard) require(bmc_.poll_timeout() == due);
    }
    check_tables();
    if (!n || *n == 0) return {};
    require(*n <= reply.size());
    reply.resize(*n);
    require(wire::look(reply).has_value());
    learn(from, as_sent, reply);
    return reply;
  }

  /// A command ran: one, and from a datagram that nobody but its console could have made.
  void check_run(const test_peer& from, octets datagram, std::size_t runs_before) {
    require(bmc_.config().handler.commands.size() == runs_before + 1);
    datagram[1] = 0;  // the RMCP header's reserved byte, which nothing covers
    const auto h = testing::headers_of(datagram);
    if (h.format == wire::packet_format::v15) datagram.resize(h.payload_at + h.payload_size);  // nor surplus bytes
    require(genuine_.erase(datagram) == 1 && owners_[testing::headers_of(datagram).id] == from);
  }

  struct tables {
    std::size_t active, opened, proven;
    friend bool operator==(const tables&, const tables&) = default;
  };
  [[nodiscard]] tables snapshot() const { return {bmc_.active_sessions(), bmc_.opened_logins(), bmc_.proven_logins()}; }

  void check_tables() {
    require(bmc_.active_sessions() <= std::min<std::size_t>(small::sessions, options_.max_sessions));
    require(bmc_.opened_logins() <= small::opened && bmc_.proven_logins() <= small::proven);
    require(bmc_.poll_timeout() >= clock_.heard());
    std::size_t listed = 0;
    bmc_.for_each_session([&](const session_info& info, const test_peer& at) {
      require(info.id != session_id::none && info.level <= info.limit && at.can_reply());
      require(info.handle >= 1 && info.handle <= small::sessions);
      ++listed;
    });
    require(listed == bmc_.active_sessions());
    require(bmc_.events_lost() == 0 && begun_ == ended_ + listed && begun_ == bmc_.counters().logins);
  }
  std::size_t take_events() {
    std::size_t n = 0;
    for (; const auto e = bmc_.next_event(); ++n) {
      require(n < 16);
      begun_ += e.type == decltype(e)::kind::login ? 1 : 0;
      ended_ += e.type == decltype(e)::kind::closed ? 1 : 0;
    }
    return n;
  }

  void finish() {
    clock_.rewind();
    handle_timeout();
    clock_.go(std::uint64_t{1} << 41);
    handle_timeout();
    check_tables();
    require(snapshot() == tables{} && bmc_.poll_timeout().is_never());
  }

  // ---- who may log in, by what went over the wire ----

  struct login {
    protect::rakp_transcript transcript{};
    wire::authentication_algorithm authentication{};
    test_peer from{};
  };
  /// Takes notes of an answered step of a login.
  void learn(const test_peer& from, octets datagram, const octets& reply) {
    const auto answer = testing::headers_of(reply);
    if (answer.format == wire::packet_format::v15 && answer.id == session_id::none)
      return learn_challenge(from, datagram, reply);
    if (answer.format != wire::packet_format::v2 || answer.id != session_id::none) return;
    const bytes body = testing::payload_of(reply);
    if (answer.kind.type() == payload_type::open_session_response) {
      const auto m = wire::decode<wire::open_session_response>(body);
      require(m.has_value());
      if (m->status == rakp_status::no_errors)
        logins_[m->managed_id] = {
            {.console_id = m->console_id, .managed_id = m->managed_id}, m->authentication.algorithm, from};
    }
    if (answer.kind.type() == payload_type::rakp2) {
      const auto m = wire::decode<wire::rakp2>(body);
      require(m.has_value());
      if (m->status != rakp_status::no_errors) return;
      const auto asked = wire::decode_prefix<wire::rakp1>(testing::payload_of(datagram))->message;
      const auto known = logins_.find(asked.managed_id);
      require(known != logins_.end() && known->second.from == from);
      auto& t = known->second.transcript;
      t.console_random = asked.console_random;
      t.role = asked.role;
      t.name = asked.name;
      t.managed_random = m->managed_random;
      t.managed_guid = m->managed_guid;
    }
  }
  void learn_challenge(const test_peer& from, octets datagram, const octets& reply) {
    const auto rs = wire::decode<wire::lan_response>(testing::payload_of(reply));
    if (!rs || rs->command != wire::app::get_session_challenge || rs->code != completion_code::ok) return;
    const auto asked = wire::decode<wire::lan_request>(testing::value_of(wire::look(datagram)).payload());
    const auto m = wire::decode<wire::session_challenge_request>(asked->data);
    const auto given = wire::decode<wire::session_challenge_response>(rs->data);
    require(m.has_value() && given.has_value());
    std::size_t size = m->name.size();
    while (size > 0 && m->name[size - 1] == 0) --size;
    username name;
    (void)name.assign(bytes(m->name).first(size));
    challenges_[given->temporary_id] = {name, from};
  }
  bool proves_v15(const test_peer& from, const wire::seen& packet) {
    const auto known = challenges_.find(packet.id);
    if (known == challenges_.end() || !(known->second.second == from) || packet.sequence != 0) return false;
    user_record user;
    const auto role = role_byte::of(privilege::administrator, true);
    if (!bmc_.config().users.find(known->second.first, role, 1, user) || !user.enabled) return false;
    testing::null_backend crypto;
    secret<16> code;
    return protect::v15_code(crypto, packet, user.secret, code).has_value() &&
           core::equal(code.reveal(), packet.authcode());
  }

  /// Whether it is a RAKP 3, or an Activate Session, whose code only the password of an enabled user makes.
  bool proves(const test_peer& from, octets datagram) {
    const auto seen = wire::look(datagram);
    if (seen && seen->format == wire::packet_format::v15) return proves_v15(from, *seen);
    if (!seen || seen->format != wire::packet_format::v2 || seen->kind.type() != payload_type::rakp3) return false;
    const auto m = wire::decode<wire::rakp3>(seen->payload());
    const auto known = m ? logins_.find(m->managed_id) : logins_.end();
    if (known == logins_.end() || !(known->second.from == from)) return false;
    const auto& l = known->second;
    user_record user;
    if (!bmc_.config().users.find(l.transcript.name, l.transcript.role, 1, user) || !user.enabled) return false;
    testing::null_backend crypto;
    const auto code = rakp3_code(crypto, l.authentication, user.secret, l.transcript);
    return code.has_value() && *code == m->code && m->status == rakp_status::no_errors;
  }

  fuzz::script& s_;
  bool two_keys_ = false;
  bmc_options options_;
  machine bmc_;
  fuzz::wild_clock clock_{};
  std::vector<console> consoles_{};
  std::vector<console_v15> old_consoles_{};
  std::vector<octets> history_{};
  std::set<octets> genuine_{};                ///< sealed, and not taken yet
  std::map<session_id, test_peer> owners_{};  ///< by whose RAKP 3 a session began
  std::map<session_id, login> logins_{};
  std::map<session_id, std::pair<username, test_peer>> challenges_{};
  std::size_t begun_ = 0;
  std::size_t ended_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::script s(bytes(data, size));
  scene(s).run();
  return 0;
}
