// SPDX-License-Identifier: BSL-1.0
// A follower beside a conversation that a test directs: what was said is kept on a tape, spoilt if wanted, and played.
#pragma once

#include <rmcpp/follower/follower.hpp>
#include <rmcpp/testing/crafted_bmc.hpp>
#include <rmcpp/testing/crafted_console.hpp>

#include "support/chosen_backend.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rmcpp::test {

using namespace protect;

using namespace wire;
using namespace core;
using namespace crypto;

using test::bmc_backend;
using test::console_backend;
using testing::crafted_bmc;
using testing::crafted_console;
using testing::null_backend;
using testing::octets;

/// One datagram of a recording.
struct heard {
  direction dir{};
  octets data{};
  std::uint64_t conversation = 1;
};
using tape = std::vector<heard>;

/// An observation whose payload was copied.
struct note {
  observation seen{};
  octets payload{};
};

inline std::vector<found> findings_of(const observation& o) { return {o.findings.begin(), o.findings.end()}; }
/// For failed checks: "8: sequence_reused 3/4".
inline std::string describe_findings(const std::vector<note>& notes) {
  std::string text;
  for (const auto& n : notes)
    for (const auto& f : n.seen.findings)
      text += std::to_string(n.seen.number) + ": " + info(f.what).name + ' ' + std::to_string(f.seen) + '/' +
              std::to_string(f.expected) + '\n';
  return text;
}

inline credential anybody_with(std::string_view password) {
  return {.any_name = true, .password = testing::key_of(password)};
}
inline credential user_with(std::string_view name, std::string_view password) {
  return {.name = testing::name_of(name), .any_name = false, .password = testing::key_of(password)};
}

/// A follower and its notes; on the console's backend, so that it too hears what another backend made.
template <backend B = console_backend, class Traits = follower_traits> struct listener {
  struct setup {
    using traits = Traits;
    B crypto{};
  };
  using follower_type = follower<setup>;

  explicit listener(std::vector<credential> known = {anybody_with("secret")}, const user_key& kg = {})
      : users(std::move(known)), ear(std::make_unique<follower_type>(setup{}, follower_options{users, kg})) {}

  std::vector<credential> users;
  std::unique_ptr<follower_type> ear;
  std::vector<note> notes{};

  const note& hear(const heard& h) {
    octets copied = h.data;
    const auto o = ear->feed({h.conversation, h.dir}, copied);
    notes.push_back({o, testing::to_octets(o.payload)});
    notes.back().seen.payload = {};
    return notes.back();
  }
  const note& hear(direction d, const octets& data) { return hear(heard{d, data}); }
  void play(const tape& t) {
    for (const auto& h : t) hear(h);
  }
};

/// A crafted console and a crafted BMC; what they say goes on the tape.
struct scene {
  explicit scene(std::uint8_t suite = 3) : con([this](const auto&, bytes d) { return carry(d); }, suite) {}
  scene(const scene&) = delete;
  scene& operator=(const scene&) = delete;

  crafted_bmc<bmc_backend> bmc{};
  crafted_console<console_backend> con;
  tape said{};

  octets carry(bytes datagram) {
    said.push_back({direction::to_bmc, testing::to_octets(datagram)});
    auto replies = bmc.receive(datagram);
    for (const auto& r : replies) said.push_back({direction::to_console, r});
    return replies.empty() ? octets{} : replies.front();
  }
  octets& last() { return said.back().data; }
  /// The n-th datagram, counted from 1 as observations are.
  octets& at(std::size_t n) { return said.at(n - 1).data; }
  void say(direction d, octets data) { said.push_back({d, std::move(data)}); }
  /// A request of the console that no reply follows.
  octets request(bytes data = {}) { return con.sealed(con.request(net_fn::app, app::get_device_id, data)); }
  octets numbered(std::uint32_t sequence, bytes data = {}) {
    return con.sealed(con.request(net_fn::app, app::get_device_id, data), sequence);
  }

  /// Login, two commands, Close Session: datagrams 1 to 6, 7 to 10, 11 and 12.
  scene& whole_session() {
    con.login();
    con.set_privilege(privilege::administrator);
    con.app(app::get_device_id);
    con.close();
    return *this;
  }
};

/// IPMI v1.5 packets of one session, as either side writes them.
template <backend B> struct v15_session_on {
  auth_type type = auth_type::md5;
  session_id id{0x11223344};
  user_key password = testing::key_of("secret");
  std::uint8_t request_sequence = 0;
  B crypto{};

  [[nodiscard]] octets packet(std::uint32_t sequence, bytes message) { return packet(sequence, message, type); }
  [[nodiscard]] octets packet(std::uint32_t sequence, bytes message, auth_type with) {
    session_v15 m{.type = with, .sequence = sequence, .id = id, .payload = message};
    if (with == auth_type::straight_password) copy(password.reveal().first(16), m.authcode);
    if (with == auth_type::md2 || with == auth_type::md5)
      (void)v15_authcode(crypto, with == auth_type::md2 ? digest_id::md2 : digest_id::md5, password, id, sequence,
                         message, m.authcode);
    octets out(400);
    writer w(out);
    w.group("rmcp_header", rmcp_header{});
    w.group("session_v15", m);
    out.resize(w.size());
    return out;
  }
  [[nodiscard]] octets request(std::uint8_t command, bytes data = {}) {
    request_sequence = (request_sequence + 1) & 63;
    return testing::encoded(lan_request{.target = net_fn_lun::request(net_fn::app),
                                        .sequence = seq_lun::of(request_sequence),
                                        .command = command,
                                        .data = data});
  }
  /// The answer to the last request.
  [[nodiscard]] octets response(std::uint8_t command, bytes data = {}) const {
    return testing::encoded(lan_response{.target = net_fn_lun::response(net_fn::app),
                                         .sequence = seq_lun::of(request_sequence),
                                         .command = command,
                                         .data = data});
  }

  /// A login as FreeIPMI and ipmitool do it, datagrams 1 to 6: capabilities, challenge, activation. From then on the
  /// console counts from 0x200, the BMC from 0x101: its activation response was 0x100.
  tape login(std::string_view user = "admin", bool message_auth_off = false) {
    constexpr session_id temporary{0xaabb};
    tape t;
    const auto chosen = type;
    const auto final_id = id;
    id = session_id::none;
    t.push_back(
        {direction::to_bmc, packet(0, request(app::get_channel_auth_capabilities, octets{0x0e, 4}), auth_type::none)});
    const octets capabilities{1, 0x17, static_cast<std::uint8_t>(message_auth_off ? 0x14 : 0x04), 0, 0, 0, 0, 0};
    t.push_back({direction::to_console,
                 packet(0, response(app::get_channel_auth_capabilities, capabilities), auth_type::none)});
    octets challenge{static_cast<std::uint8_t>(chosen)};
    challenge.resize(17);
    copy(testing::as_bytes(user), mutable_bytes(challenge).subspan(1));
    t.push_back({direction::to_bmc, packet(0, request(app::get_session_challenge, challenge), auth_type::none)});
    octets challenged(20, 0x5c);
    store_le32(challenged.data(), to_integer(temporary));
    t.push_back({direction::to_console, packet(0, response(app::get_session_challenge, challenged), auth_type::none)});
    id = temporary;
    octets activate(22, 0x5c);
    activate[0] = static_cast<std::uint8_t>(chosen);
    activate[1] = 4;
    store_le32(activate.data() + 18, 0x100);
    t.push_back({direction::to_bmc, packet(0, request(app::activate_session, activate))});
    octets activated(10);
    activated[0] = static_cast<std::uint8_t>(chosen);
    store_le32(activated.data() + 1, to_integer(final_id));
    store_le32(activated.data() + 5, 0x200);
    activated[9] = 4;
    t.push_back({direction::to_console, packet(0x100, response(app::activate_session, activated))});
    id = final_id;
    return t;
  }
  /// A command and its answer.
  void ask(tape& t, std::uint32_t to_bmc, std::uint32_t to_console, std::uint8_t command = app::get_device_id,
           bytes data = {}) {
    t.push_back({direction::to_bmc, packet(to_bmc, request(command, data))});
    t.push_back({direction::to_console, packet(to_console, response(command))});
  }
  void close(tape& t, std::uint32_t to_bmc, std::uint32_t to_console) {
    octets own(4);
    store_le32(own.data(), to_integer(id));
    ask(t, to_bmc, to_console, app::close_session, own);
  }
};
using v15_session = v15_session_on<bmc_backend>;

}  // namespace rmcpp::test
