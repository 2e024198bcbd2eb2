// SPDX-License-Identifier: BSL-1.0
// Every message of the wire layer, encoded and decoded by itself. Before it is timed, a message must come back from its
// bytes: encoded again it gives the same ones.
#include "registry.hpp"
#include "verify.hpp"

#include <rmcpp/rmcpp.hpp>
#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/sol.hpp>

#include <algorithm>
#include <array>

namespace bench {
namespace {

constexpr std::array<std::uint8_t, 16> sixteen{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr std::array<std::uint8_t, 20> twenty{0x55};

template <class M> struct encoded {
  std::array<std::uint8_t, 128> bytes{};
  std::size_t size = 0;

  explicit encoded(const M& m) {
    const auto n = rmcpp::wire::encode(m, bytes);
    size = n ? *n : 0;
  }
  [[nodiscard]] rmcpp::bytes view() const { return rmcpp::bytes(bytes).first(size); }
};

template <class M> bool comes_back(const M& m) {
  const encoded<M> first(m);
  const auto decoded = rmcpp::wire::decode<M>(first.view());
  return first.size != 0 && decoded && std::ranges::equal(encoded<M>(*decoded).view(), first.view());
}

template <class M> void add_message(const char* name, const M& m) {
  if (!comes_back(m)) {
    failed(name, 0, sizeof m, "does not come back from its bytes");
    return;
  }
  const auto size = static_cast<double>(encoded<M>(m).size);
  add(row("wire/encode_", name), [m, size](benchmark::State& state) {
    M from = m;
    std::array<std::uint8_t, 128> out{};
    auto* const somebody_reads_it = out.data();
    benchmark::DoNotOptimize(somebody_reads_it);
    bool good = true;
    for (auto _ : state) {
      benchmark::DoNotOptimize(from);
      good = rmcpp::wire::encode(from, out).has_value() && good;
      benchmark::ClobberMemory();
    }
    if (!good) state.SkipWithError("not encoded");
    state.counters["size"] = size;
  });
  add(row("wire/decode_", name), [m, size](benchmark::State& state) {
    encoded<M> from(m);
    bool good = true;
    for (auto _ : state) {
      benchmark::DoNotOptimize(from);
      auto decoded = rmcpp::wire::decode<M>(from.view());
      good = decoded.has_value() && good;
      benchmark::DoNotOptimize(decoded);
    }
    if (!good) state.SkipWithError("not decoded");
    state.counters["size"] = size;
  });
}

}  // namespace

void add_wire() {
  using namespace rmcpp;
  using namespace rmcpp::wire;
  constexpr rmcpp::session_id id{0x02001234};
  const rakp_code sha1(twenty);
  const username name = *username::from(rmcpp::bytes(sixteen).first(5));
  const auto suite = *find_suite(3);
  const auto authentication = authentication_payload::of(suite.authentication);
  const auto integrity = integrity_payload::of(suite.integrity);
  const auto confidentiality = confidentiality_payload::of(suite.confidentiality);

  add_message("rmcp_header", rmcp_header{});
  add_message("asf_ping", asf_message{.tag = 1});
  add_message("asf_pong", asf_message{.type = asf_type::presence_pong, .tag = 1, .data = sixteen});
  add_message("presence_pong", presence_pong{});
  add_message("session_v15", session_v15{.payload = sixteen});
  add_message("session_v15_authcode", session_v15{auth_type::md5, 1, id, sixteen, sixteen});
  add_message(
      "session_header_v2",
      session_header_v2{.payload = payload_byte::of(payload_type::ipmi), .id = id, .sequence = 1, .length = 16});
  add_message("open_session_request",
              open_session_request{1, privilege::highest, id, authentication, integrity, confidentiality});
  add_message("open_session_response", open_session_response{1, rakp_status::no_errors, privilege::administrator, id,
                                                             id, authentication, integrity, confidentiality});
  add_message("rakp1", rakp1{1, id, sixteen, role_byte{0x14}, name});
  add_message("rakp2", rakp2{1, rakp_status::no_errors, id, sixteen, sixteen, sha1});
  add_message("rakp3", rakp3{1, rakp_status::no_errors, id, sha1});
  add_message("rakp4", rakp4{1, rakp_status::no_errors, id, *rakp_code::from(rmcpp::bytes(twenty).first(12))});
  add_message("lan_request", lan_request{.target = net_fn_lun::request(net_fn::app), .command = 1, .data = sixteen});
  add_message("lan_response", lan_response{.target = net_fn_lun::response(net_fn::app), .command = 1, .data = sixteen});
  add_message("channel_auth_request", channel_auth_request{});
  add_message("channel_auth_response", channel_auth_response{.channel = 1, .auth_types = 0x80, .extended = 2});
  add_message("cipher_suites_request", cipher_suites_request{});
  add_message("cipher_suites_response", cipher_suites_response{1, *bounded<16>::from(sixteen)});
  add_message("system_guid_response", system_guid_response{sixteen});
  add_message("session_privilege", session_privilege{4});
  add_message("close_session_request", close_session_request{id, 0});
  add_message("session_info_request", session_info_request{session_info_request::by_id, 0, id});
  add_message("session_info_response", session_info_response{.handle = 1, .slots = 4, .active = 1});
  add_message("sol_packet", sol_packet{1, 2, 3, 0, sixteen});
}

}  // namespace bench
