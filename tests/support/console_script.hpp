// SPDX-License-Identifier: BSL-1.0
// What a test does to a console besides letting it talk to a BMC: replies changed or made up, before and in a session.
#pragma once

#include <rmcpp/testing/crafted_session.hpp>

#include "support/session_pair.hpp"

#include <stdexcept>

namespace rmcpp::test {

using namespace wire;
using namespace core;
using namespace crypto;

using namespace testing;

using datagram = octets;

inline constexpr std::array<std::uint8_t, 12> all_suites{0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17};

/// The error form of a setup reply: `size` bytes of tag, status, 0, 0, SIDm, zeros.
inline datagram error_reply(payload_type type, std::uint8_t tag, std::uint8_t status, session_id console_id,
                            std::size_t size = 8) {
  datagram payload(size < 8 ? 8 : size);
  payload[0] = tag;
  payload[1] = status;
  store_le32(payload.data() + 4, to_integer(console_id));
  payload.resize(size);
  return sessionless(type, bytes(payload));
}

/// The answer to a sessionless App question in the format of the question.
inline datagram discovery_answer(bytes question, completion_code code, bytes data) {
  const bool v15 = format_of(question) == packet_format::v15;
  const auto rq = decode<lan_request>(question.subspan(v15 ? sessionless_v15_payload : payload_v2));
  if (!rq) throw std::runtime_error(describe(rq.error()));
  lan_response rs = respond(*rq, code);
  rs.data = data;
  datagram out(512);
  const auto n = v15 ? encode_sessionless_v15(rs, out) : encode_sessionless_v2(payload_type::ipmi, rs, out);
  out.resize(*n);
  return out;
}

/// The tag of a setup message from the console.
inline std::uint8_t tag_of(bytes d) { return d[payload_v2]; }

/// Runs a login by hand until the console is in `state`, every reply before that genuine.
template <class Pair> void login_until(Pair& p, console_state state) {
  if (p.con.state() == console_state::idle && !p.con.start(p.now)) throw std::runtime_error("no start");
  while (p.con.state() != state && p.step()) {
  }
  if (p.con.state() != state) throw std::runtime_error("state not reached");
}

template <class Pair> console_event last_event(const Pair& p) {
  return p.session_events.empty() ? console_event{} : p.session_events.back();
}
template <class Pair> bool failed_with(const Pair& p, errc why, std::uint8_t detail = 0) {
  const auto e = last_event(p);
  return p.con.state() == console_state::closed && e.type == console_event::kind::failed && e.error == why &&
         e.detail == detail;
}

/// A session's own keys in a test's hands, on the BMC's backend: reads the console's requests, and answers them as no
/// honest BMC would.
template <backend B = bmc_backend> class insider : public crafted_session<B> {
 public:
  struct heard {
    std::uint32_t session_sequence = 0;
    lan_request rq{};
    datagram data{};
  };

  template <class Pair> insider(Pair& p, const console_options& o) : id_(p.con.id()) {
    this->suite = p.con.suite();
    this->password = o.password;
    this->kg = o.kg;
    this->transcript = p.con.transcript();
    this->load_keys();
  }

  heard read(datagram d) {
    this->window = {};
    const auto packet = this->unsealed(std::move(d));
    heard h{packet.sequence, value_of(decode<lan_request>(packet.message)), {}};
    h.data = to_octets(h.rq.data);
    h.rq.data = {};
    return h;
  }

  datagram seal(std::uint32_t number, const lan_response& rs, payload_byte payload, session_id to) {
    return this->sealed(encoded(rs), payload, number, to);
  }
  datagram seal(std::uint32_t number, const lan_response& rs) { return seal(number, rs, this->kind(), id_); }
  /// The answer to `rq`, with the next sequence number; the first is far above what a BMC used in a login.
  datagram answer(const lan_request& rq, completion_code code = completion_code::ok, bytes data = {}) {
    lan_response rs = respond(rq, code);
    rs.data = data;
    return seal(next_++, rs);
  }
  [[nodiscard]] session_id id() const { return id_; }

 private:
  session_id id_;
  std::uint32_t next_ = 10;
};

/// A console in state active whose BMC is the test.
struct active_console : session_pair<> {
  explicit active_console(const console_options& o = default_console()) : session_pair<>(logged_in(o)), bmc(*this, o) {}

  /// All that the console wants to send now.
  std::vector<insider<>::heard> hear() {
    std::vector<insider<>::heard> all;
    for (auto d = next_from_console(); !d.empty(); d = next_from_console()) all.push_back(bmc.read(std::move(d)));
    return all;
  }
  insider<> bmc;

 private:
  static session_pair<> logged_in(const console_options& o) {
    session_pair<> p(o);
    if (!p.login()) throw std::runtime_error("no login");
    p.session_events.clear();
    p.console_drops.clear();
    return p;
  }
};

}  // namespace rmcpp::test
