// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>

namespace rmcpp::core {

/// FNV-1a: tells datagrams apart, no more.
constexpr std::uint64_t content_digest(bytes data) noexcept {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const auto b : data) h = (h ^ b) * 0x100000001b3u;
  return h;
}

/// Tells requests apart: a hash over addresses, sequence, command and data, eight bytes at a time (byte by byte took as
/// long as the cryptography). Each step is a bijection, so requests of one length that differ within eight bytes never
/// collide. Only the session's own console can send two that do, and only to its own harm.
constexpr std::uint64_t request_digest(bytes lan_message) noexcept {
  std::uint64_t h = 0xcbf29ce484222325u ^ lan_message.size();
  const auto mix = [&](std::uint64_t chunk) {
    h = (h ^ chunk) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;  // or the highest bits, which a product does not spread, would meet one bit of the next chunk
  };
  for (; lan_message.size() >= 8; lan_message = lan_message.subspan(8))
    mix(load_le32(lan_message.data()) | std::uint64_t{load_le32(lan_message.data() + 4)} << 32);
  std::uint64_t rest = 0;
  for (const auto b : lan_message) rest = rest << 8 | b;
  if (!lan_message.empty()) mix(rest);
  return h;
}

}  // namespace rmcpp::core
