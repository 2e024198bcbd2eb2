// SPDX-License-Identifier: BSL-1.0
// What every contender is given: a session's keys and messages. Nothing here calls the library that is measured.
#pragma once

#include <cryptopp/hmac.h>
#include <cryptopp/sha.h>
#define CRYPTOPP_ENABLE_NAMESPACE_WEAK 1
#include <cryptopp/md5.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bench {

using bytes = std::span<const std::uint8_t>;
using mutable_bytes = std::span<std::uint8_t>;
using buffer = std::vector<std::uint8_t>;
using iv_block = std::array<std::uint8_t, 16>;

inline buffer from_hex(std::string_view hex) {
  buffer out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

/// A cipher suite by its number (IPMI v2.0, table 22-20), as far as packets go.
template <int Id> struct suite {
  static_assert(Id == 2 || Id == 3 || Id == 8 || Id == 16 || Id == 17);
  static constexpr int id = Id;
  static constexpr bool aes = Id == 3 || Id == 8 || Id == 17;
  static constexpr int authentication = Id <= 3 ? 1 : Id == 8 ? 2 : 3;  ///< wire numbers
  static constexpr int integrity = Id <= 3 ? 1 : Id == 8 ? 2 : 4;
  static constexpr int confidentiality = aes ? 1 : 0;
  static constexpr std::size_t code_size = Id <= 3 ? 12 : 16;
  using hash =
      std::conditional_t<Id <= 3, CryptoPP::SHA1, std::conditional_t<Id == 8, CryptoPP::Weak1::MD5, CryptoPP::SHA256>>;
};

inline constexpr std::uint32_t session_id = 0x02001234;
inline constexpr std::array<std::size_t, 5> message_sizes{8, 16, 64, 256, 1024};
inline constexpr std::size_t max_datagram = 2048;  ///< room behind the datagram included

/// The session of tests/vectors/rakp.json without K_g.
template <class Suite> struct material {
  buffer sik, k1, k2;

  material() {
    sik = from_hex(Suite::authentication == 1   ? "a39ae2b160a1e5efe017ffd6ec1a4ff8eeac6f54"
                   : Suite::authentication == 2 ? "4c3d49d8eda56585fc428f2d478028e3"
                                                : "0c4b7464110cf18fd94ec46aa0242c66ab06157709c02ea7db1653aac04b1023");
    k1 = derived(1);
    k2 = derived(2);
    k2.resize(16);
  }

 private:
  buffer derived(std::uint8_t n) const {
    CryptoPP::HMAC<typename Suite::hash> mac(sik.data(), sik.size());
    const buffer constant(20, n);
    buffer out(mac.DigestSize());
    mac.CalculateDigest(out.data(), constant.data(), constant.size());
    return out;
  }
};

/// An IPMI message of n bytes, at least 7: a request, its data and its checksums.
inline buffer message_of(std::size_t n) {
  buffer m{0x20, 0x18, 0xc8, 0x81, 0x04, 0x01};
  for (std::size_t i = m.size(); i + 1 < n; ++i) m.push_back(static_cast<std::uint8_t>(i * 7 + (i >> 8)));
  unsigned sum = 0;
  for (std::size_t i = 3; i < m.size(); ++i) sum += m[i];
  m.push_back(static_cast<std::uint8_t>(0u - sum));
  return m;
}

/// Builds a message where it will be sealed, as fast as that can be done: in chunks of 16 bytes, so up to 15 bytes are
/// read and written behind it.
inline void build(bytes message, std::uint8_t* to) {
  for (std::size_t i = 0; i < message.size(); i += 16) std::memcpy(to + i, message.data() + i, 16);
}

/// The datagram of tests/vectors/rakp.json: message_of(7), sequence 1, known_iv.
inline constexpr iv_block known_iv{0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
                                   0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f};
template <class Suite> buffer known_datagram() {
  switch (Suite::id) {
    case 2: return from_hex("0600ff070640341200020100000007002018c88104017affffff0307cd1e6283bd0794cbca6164c2");
    case 3:
      return from_hex(
          "0600ff0706c034120002010000002000404142434445464748494a4b4c4d4e4fda99f873146380454870d0b315195d7c"
          "ffff02073cddfa4b4754127490be4145");
    case 8:
      return from_hex(
          "0600ff0706c034120002010000002000404142434445464748494a4b4c4d4e4ff17b55d801de590623c31d14c8477e3b"
          "ffff020731eb91e9b52db965b80c4dcaaf1203d2");
    case 16:
      return from_hex("0600ff070640341200020100000007002018c88104017affffff0307e6c121672e4ff3f937d10ecdec8a9f74");
    case 17:
      return from_hex(
          "0600ff0706c034120002010000002000404142434445464748494a4b4c4d4e4f39b3e9fe6a1186babd2ff050daa13369"
          "ffff0207ebefe30702939135d80f832ab7a282b0");
    default: return {};
  }
}

/// Where the parts of a datagram lie: RMCP header 4, session header 12, IV 16 with AES.
template <class Suite> struct layout {
  static constexpr std::size_t payload = 16;
  static constexpr std::size_t message = payload + (Suite::aes ? 16 : 0);
};

}  // namespace bench
