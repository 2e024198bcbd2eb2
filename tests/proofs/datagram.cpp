// SPDX-License-Identifier: BSL-1.0
// The walk over a datagram's headers against the formats in their plainest form, and what makes whole datagrams.
#include "messages.hpp"

#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/datagram.hpp>
#include <rmcpp/wire/lan_message.hpp>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::proof;

namespace {

struct layout {
  packet_format format = packet_format::none;
  errc error = errc::ok;
  std::size_t at = 0;
  std::size_t size = 0;  ///< of the payload, where there is no error
};

/// What the offsets of figures 13-1 and 13-8 say.
constexpr layout plain_look(bytes d) {
  const std::size_t n = d.size();
  if (n >= 1 && d[0] != 0x06) return {packet_format::none, errc::bad_version};
  if (n < 4) return {packet_format::none, errc::truncated};
  if (d[3] >= 0x80) return {packet_format::ack, errc::ok, 4, n - 4};
  if (d[3] == 0x06) return {packet_format::asf, errc::ok, 4, n - 4};
  if (d[3] == 0x08) return {packet_format::oem, errc::ok, 4, n - 4};
  if (d[3] != 0x07) return {packet_format::none, errc::bad_message_class};
  if (d[2] != 0xff) return {packet_format::none, errc::bad_rmcp_sequence};
  if (n >= 5 && d[4] == 0x06) {
    const std::size_t payload = n >= 6 && d[5] % 0x40 == 0x02 ? 22 : 16;
    if (n < payload) return {packet_format::v2, errc::truncated};
    const std::size_t size = d[payload - 2] + d[payload - 1] * 256u;
    if (size == 0 || payload + size > n) return {packet_format::v2, errc::bad_length};
    return {packet_format::v2, errc::ok, payload, size};
  }
  const std::size_t payload = n >= 5 && d[4] != 0x00 ? 30 : 14;
  if (n < payload) return {packet_format::v15, errc::truncated};
  const std::size_t size = d[payload - 1];
  return {packet_format::v15, payload + size > n ? errc::bad_length : errc::ok, payload, size};
}

constexpr void demand_looks(mutable_bytes exact) {
  const layout expected = plain_look(exact);
  const auto packet = look(exact);
  demand(packet.error() == expected.error && packet->format == expected.format);
  // The views of what was refused lie within the datagram too.
  const std::size_t end = packet->payload_at + packet->payload().size();
  demand(end <= exact.size() && packet->behind().size() == exact.size() - end);
  if (!packet) return;
  demand(packet->payload_at == expected.at && packet->payload_size == expected.size);
  const bool has_code = packet->format == packet_format::v15 && packet->auth != auth_type::none;
  demand(packet->authcode().size() == (has_code ? 16 : 0));
  demand(!has_code || packet->authcode().data() == exact.data() + 13);
  if (packet->format < packet_format::v15) return;
  // Id and number are 8 bytes, in either order.
  const bool v2 = packet->format == packet_format::v2;
  const bool numbered = !core::all_zero(exact.subspan(v2 ? expected.at - 10 : 5, 8));
  demand(check_sessionless(*packet).has_value() == !(numbered || (v2 ? exact[5] >= 0x40 : has_code)));
}

using headers = std::array<std::uint8_t, 22>;
constexpr headers asf{0x06, 0x00, 0xff, 0x06};
constexpr headers v15{0x06, 0x00, 0xff, 0x07, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 0};
constexpr headers v2{0x06, 0x00, 0xff, 0x07, 0x06, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 3, 0};
constexpr headers v2_oem{0x06, 0x00, 0xff, 0x07, 0x06, 0x02, 1, 2, 3, 0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 3, 0};

// In no session.
constexpr headers bare_v15{0x06, 0x00, 0xff, 0x07};
constexpr headers bare_v2{0x06, 0x00, 0xff, 0x07, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 19};

/// Every datagram that begins so, cut or gone on with zeros, of every length.
constexpr bool every_length(const headers& begin, std::size_t longest) {
  for (std::size_t n = 0; n <= longest; ++n) {
    storage datagram(n);
    core::fill(datagram, 0);
    core::copy(begin, datagram);
    demand_looks(datagram);
  }
  return true;
}

/// Every value of one of its bytes, in a datagram of `n` bytes.
constexpr bool every_value(const headers& begin, std::size_t at, std::size_t n) {
  storage datagram(n);
  core::fill(datagram, 0);
  core::copy(begin, datagram);
  for (unsigned value = 0; value <= 0xff; ++value) {
    datagram[at] = static_cast<std::uint8_t>(value);
    demand_looks(datagram);
  }
  return true;
}

/// Payloads around what is there, with every authentication type and kind of payload.
constexpr bool every_payload_size() {
  for (const auto auth : std::array<std::uint8_t, 3>{0x00, 0x02, 0xff}) {
    for (std::size_t n = 14; n <= 40; ++n) {
      storage datagram(n);
      core::fill(datagram, 0);
      core::copy(v15, datagram);
      datagram[4] = auth;
      const std::size_t at = auth == 0 ? 13 : 29;
      if (at >= n) continue;
      for (std::size_t size = 0; size <= n - at + 1; ++size) {
        datagram[at] = static_cast<std::uint8_t>(size);
        demand_looks(datagram);
      }
    }
  }
  for (const auto kind : std::array<std::uint8_t, 5>{0x00, 0x40, 0xc0, 0x02, 0x42}) {
    for (const std::size_t n : {16u, 17u, 19u, 22u, 23u, 27u}) {
      storage datagram(n);
      core::fill(datagram, 0);
      core::copy(v2, datagram);
      datagram[5] = kind;
      const std::size_t at = kind % 0x40 == 0x02 ? 20 : 14;
      if (at + 2 > n) continue;
      for (const auto size :
           std::array<std::uint16_t, 16>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 0xff, 0x100, 0x7fff, 0x8000, 0xffff}) {
        core::store_le16(&datagram[at], size);
        demand_looks(datagram);
      }
    }
  }
  return true;
}

constexpr bool chance() {
  random_numbers random;
  for (std::size_t n = 5; n <= 60; ++n) {
    storage datagram(n);
    for (std::size_t i = 0; i < n; ++i) datagram[i] = static_cast<std::uint8_t>(random.next());
    for (std::size_t i = 0; i < 4; ++i) datagram[i] = v2[i];
    demand_looks(datagram);
    datagram[4] = 0x06;
    demand_looks(datagram);
  }
  return true;
}

/// What our encoders make is what look() sees, and it fits exactly or not at all.
constexpr bool whole_datagrams() {
  const std::array<std::uint8_t, 3> data{1, 2, 3};
  const lan_request rq{.command = 0x38, .data = data};
  const auto demand_made = [](packet_format format, std::size_t message, auto&& encode) {
    const std::size_t n = demand_fits(encode);
    storage datagram(n);
    demand(encode(mutable_bytes(datagram)).has_value());
    const auto packet = look(datagram);
    demand(packet && packet->format == format && packet->payload().size() == message && packet->behind().empty());
    demand(format == packet_format::asf || check_sessionless(*packet).has_value());
    demand_looks(datagram);
  };
  demand_made(packet_format::asf, 8, [](mutable_bytes out) { return encode_ping(1, out); });
  demand_made(packet_format::asf, 24, [](mutable_bytes out) { return encode_pong(1, {}, out); });
  demand_made(packet_format::v15, 10, [&](mutable_bytes out) { return encode_sessionless_v15(rq, out); });
  for (const auto type : {payload_type::ipmi, payload_type::rakp1, payload_type::oem7})
    demand_made(packet_format::v2, 10, [&](mutable_bytes out) { return encode_sessionless_v2(type, rq, out); });
  storage out(64);
  return encode_sessionless_v2(payload_type::oem_explicit, rq, out).error() == errc::invalid_argument;
}

}  // namespace

static_assert(whole_datagrams());
static_assert(every_length(v2, 30) && every_length(v2_oem, 30) && every_length(v15, 30) && every_length(asf, 30));
static_assert(every_value(v15, 0, 35) && every_value(v15, 2, 35) && every_value(v15, 3, 35));
static_assert(every_value(v15, 4, 5) && every_value(v15, 4, 21) && every_value(v15, 4, 35) && every_value(v15, 13, 35));
static_assert(every_value(v2, 5, 6) && every_value(v2, 5, 21) && every_value(v2, 5, 35));
static_assert(every_value(v2, 14, 35) && every_value(v2, 15, 35) && every_value(v2_oem, 20, 35));
static_assert(every_value(bare_v2, 5, 35) && every_value(bare_v2, 6, 35) && every_value(bare_v2, 13, 35));
static_assert(every_value(bare_v15, 4, 35) && every_value(bare_v15, 5, 35) && every_value(bare_v15, 12, 35));
static_assert(every_payload_size());
static_assert(chance());
