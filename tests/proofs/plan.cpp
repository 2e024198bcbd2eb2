// SPDX-License-Identifier: BSL-1.0
// Where everything lies in a protected datagram, what is written around a message, and the trailer that is read.
#include "proof.hpp"

#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::proof;

namespace {

using ia = integrity_algorithm;

struct algorithm {
  ia number;
  std::size_t code;  ///< bytes
};
constexpr algorithm algorithms[] = {
    {ia::none, 0}, {ia::hmac_sha1_96, 12}, {ia::hmac_md5_128, 16}, {ia::md5_128, 16}, {ia::hmac_sha256_128, 16}};

/// The parts lie one behind the other, none overlaps another, and the pads are what tables 13-8 and 13-20 ask for.
constexpr void demand_plan(payload_byte kind, const algorithm& integrity, std::size_t n) {
  const auto p = plan(kind, integrity.number, n);
  const std::size_t header = kind.type() == payload_type::oem_explicit ? 18 : 12;
  const std::size_t iv = kind.encrypted() ? 16 : 0;
  demand(p.header == header && p.payload() == 4 + header && p.message == p.payload() + iv && p.message_size == n);
  demand(message_offset(kind) == p.message);
  if (kind.encrypted()) {
    demand(p.cipher_pad <= 15 && p.payload_length == iv + n + p.cipher_pad + 1 && p.payload_length % 16 == 0);
  } else {
    demand(p.cipher_pad == 0 && p.payload_length == n);
  }
  demand(p.payload_end() == p.payload() + p.payload_length);
  if (kind.authenticated()) {
    demand(p.integrity_pad <= 3 && (header + p.payload_length + p.integrity_pad + 2) % 4 == 0);
    demand(p.authcode == p.payload_end() + p.integrity_pad + 2 && p.total == p.authcode + integrity.code);
  } else {
    demand(p.integrity_pad == 0 && p.authcode == 0 && p.total == p.payload_end());
  }
  demand(p.total <= max_datagram_for(n));
}

/// No number of an algorithm, known or not, has a code that is longer than its room.
constexpr bool every_code() {
  for (unsigned number = 0; number <= 0xff; ++number) {
    demand(authcode_size(ia(number)) <= max_authcode_size);
    demand(tag_size(integrity_mac(ia(number))) >= authcode_size(ia(number)));
    const auto a = static_cast<authentication_algorithm>(number);
    demand(rakp_code_size(a) <= crypto::max_tag_size && rakp4_code_size(a) <= rakp_code_size(a));
    const auto guessed = authentication_of_code(number);
    demand(guessed == authentication_algorithm::rakp_none || rakp_code_size(guessed) == number);
  }
  return true;
}

constexpr bool every_kind(std::size_t from, std::size_t to) {
  for (unsigned value = 0; value <= 0xff; ++value)
    for (std::size_t n = from; n <= to; ++n)
      demand_plan({static_cast<std::uint8_t>(value)}, algorithms[value % std::size(algorithms)], n);
  return true;
}

constexpr bool every_size(std::size_t longest) {
  for (const auto type : {payload_type::ipmi, payload_type::oem_explicit}) {
    for (std::size_t n = 0; n <= longest; ++n) {
      for (const bool encrypted : {false, true}) {
        demand_plan(payload_byte::of(type, false, encrypted), algorithms[0], n);
        demand_plan(payload_byte::of(type, true, encrypted), algorithms[1], n);
        demand_plan(payload_byte::of(type, true, encrypted), algorithms[4], n);
      }
    }
  }
  return true;
}

constexpr crypto::block iv{0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
                           0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};

/// What frame() writes into exactly the datagram: nothing beyond it, nothing of the message, and everything else but
/// the authentication code.
constexpr void demand_framed(payload_byte kind, const algorithm& integrity, std::size_t n) {
  const auto p = plan(kind, integrity.number, n);
  storage datagram(p.total);
  for (std::size_t i = 0; i < n; ++i) datagram[p.message + i] = 0x5a;
  protect::detail::frame({.payload = kind, .id = session_id{1}, .sequence = 2}, p, iv, datagram);
  demand_readable(bytes(datagram).first(kind.authenticated() ? p.authcode : p.total));
  for (std::size_t i = 0; i < n; ++i) demand(datagram[p.message + i] == 0x5a);
  if (kind.encrypted()) {
    demand(core::equal(bytes(datagram).subspan(p.payload(), 16), iv));
    const std::size_t pad = p.message + n;
    for (std::size_t i = 0; i < p.cipher_pad; ++i) demand(datagram[pad + i] == i + 1);
    demand(datagram[pad + p.cipher_pad] == p.cipher_pad);
  }
  const auto packet = look(datagram);
  demand(packet && packet->format == packet_format::v2 && packet->kind == kind && packet->sequence == 2);
  demand(packet->payload_at == p.payload() && packet->payload_size == p.payload_length);
  if (!kind.authenticated()) return;
  // check_trailer() looks at no byte of the code, which nobody has written yet.
  demand(check_trailer(packet->behind(), integrity.code).has_value());
}

constexpr bool every_frame() {
  for (const auto type : {payload_type::ipmi, payload_type::oem_explicit})
    for (const bool encrypted : {false, true})
      for (std::size_t n = encrypted ? 0 : 1; n <= 17; ++n) {
        demand_framed(payload_byte::of(type, false, encrypted), algorithms[0], n);
        demand_framed(payload_byte::of(type, true, encrypted), algorithms[1], n);
        demand_framed(payload_byte::of(type, true, encrypted), algorithms[4], n);
      }
  return true;
}

/// Every trailer of every size up to `longest`, right or with one byte that is not.
constexpr bool every_trailer(std::size_t code, std::size_t longest) {
  for (std::size_t n = 0; n <= longest; ++n) {
    storage trailer(n);
    core::fill(trailer, 0xff);
    const bool fits = n >= code + 2 && n <= code + 6;
    if (n >= code + 2) {
      trailer[n - code - 2] = static_cast<std::uint8_t>(n - code - 2);
      trailer[n - code - 1] = 0x07;
    }
    demand(check_trailer(trailer, code).error() == (fits ? errc::ok : errc::bad_trailer));
    for (std::size_t at = 0; at < n; ++at) {
      trailer[at] ^= 0x01;
      const bool of_code = fits && at >= n - code;
      demand(check_trailer(trailer, code).error() == (of_code ? errc::ok : errc::bad_trailer));
      trailer[at] ^= 0x01;
    }
  }
  return true;
}

}  // namespace

static_assert(every_trailer(0, 8) && every_trailer(12, 20) && every_trailer(16, 24));
static_assert(every_frame());
static_assert(every_code());
static_assert(every_kind(0, 33));
static_assert(every_size(300));
