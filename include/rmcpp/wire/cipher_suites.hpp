// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/open_session.hpp>

/// \file
/// Cipher suites 0 to 19 (IPMI v2.0, tables 22-19 and 22-20) and Get Channel Cipher Suites, App 54h (22.15).

namespace rmcpp::wire {

struct cipher_suite {
  std::uint8_t id = 0;
  authentication_algorithm authentication{};
  integrity_algorithm integrity{};
  confidentiality_algorithm confidentiality{};

  /// Same algorithms; the id does not count.
  [[nodiscard]] constexpr bool same_algorithms(const cipher_suite& o) const noexcept {
    return authentication == o.authentication && integrity == o.integrity && confidentiality == o.confidentiality;
  }
  friend constexpr bool operator==(const cipher_suite&, const cipher_suite&) noexcept = default;
};

namespace detail {

using aa = authentication_algorithm;
using ia = integrity_algorithm;
using ca = confidentiality_algorithm;

}  // namespace detail

/// All standard suites; a suite's id is its index.
inline constexpr std::array<cipher_suite, 20> standard_suites{{
    {0, detail::aa::rakp_none, detail::ia::none, detail::ca::none},
    {1, detail::aa::rakp_hmac_sha1, detail::ia::none, detail::ca::none},
    {2, detail::aa::rakp_hmac_sha1, detail::ia::hmac_sha1_96, detail::ca::none},
    {3, detail::aa::rakp_hmac_sha1, detail::ia::hmac_sha1_96, detail::ca::aes_cbc_128},
    {4, detail::aa::rakp_hmac_sha1, detail::ia::hmac_sha1_96, detail::ca::xrc4_128},
    {5, detail::aa::rakp_hmac_sha1, detail::ia::hmac_sha1_96, detail::ca::xrc4_40},
    {6, detail::aa::rakp_hmac_md5, detail::ia::none, detail::ca::none},
    {7, detail::aa::rakp_hmac_md5, detail::ia::hmac_md5_128, detail::ca::none},
    {8, detail::aa::rakp_hmac_md5, detail::ia::hmac_md5_128, detail::ca::aes_cbc_128},
    {9, detail::aa::rakp_hmac_md5, detail::ia::hmac_md5_128, detail::ca::xrc4_128},
    {10, detail::aa::rakp_hmac_md5, detail::ia::hmac_md5_128, detail::ca::xrc4_40},
    {11, detail::aa::rakp_hmac_md5, detail::ia::md5_128, detail::ca::none},
    {12, detail::aa::rakp_hmac_md5, detail::ia::md5_128, detail::ca::aes_cbc_128},
    {13, detail::aa::rakp_hmac_md5, detail::ia::md5_128, detail::ca::xrc4_128},
    {14, detail::aa::rakp_hmac_md5, detail::ia::md5_128, detail::ca::xrc4_40},
    {15, detail::aa::rakp_hmac_sha256, detail::ia::none, detail::ca::none},
    {16, detail::aa::rakp_hmac_sha256, detail::ia::hmac_sha256_128, detail::ca::none},
    {17, detail::aa::rakp_hmac_sha256, detail::ia::hmac_sha256_128, detail::ca::aes_cbc_128},
    {18, detail::aa::rakp_hmac_sha256, detail::ia::hmac_sha256_128, detail::ca::xrc4_128},
    {19, detail::aa::rakp_hmac_sha256, detail::ia::hmac_sha256_128, detail::ca::xrc4_40},
}};

/// The standard suite with this id, or null.
constexpr const cipher_suite* find_suite(std::uint8_t id) noexcept {
  return id < standard_suites.size() ? &standard_suites[id] : nullptr;
}

/// The standard suite with these algorithms, or null.
constexpr const cipher_suite* find_suite(authentication_algorithm a, integrity_algorithm i,
                                         confidentiality_algorithm c) noexcept {
  for (const auto& s : standard_suites)
    if (s.same_algorithms({0, a, i, c})) return &s;
  return nullptr;
}

inline constexpr std::uint8_t no_suite_id = 0xff;  ///< of a combination that is no standard suite

/// The standard suite with these algorithms, else one with id no_suite_id.
constexpr cipher_suite suite_of(authentication_algorithm a, integrity_algorithm i,
                                confidentiality_algorithm c) noexcept {
  const auto* standard = find_suite(a, i, c);
  return standard ? *standard : cipher_suite{no_suite_id, a, i, c};
}

/// Request of Get Channel Cipher Suites, 3 bytes.
struct cipher_suites_request {
  static constexpr std::uint8_t last_index = 0x3f;

  std::uint8_t channel = 0x0e;  ///< bits 3:0
  std::uint8_t payload = 0;     ///< bits 5:0: payload type
  std::uint8_t list = 0x80;     ///< bit 7: by cipher suite, else algorithms only; bits 5:0: index of a 16-byte chunk

  [[nodiscard]] constexpr bool by_suite() const noexcept { return (list & 0x80) != 0; }
  [[nodiscard]] constexpr std::uint8_t index() const noexcept { return list & 0x3f; }

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("channel", m.channel);
    io.u8("payload", m.payload);
    io.u8("list", m.list);
  }
};

/// Response: 0 to 16 bytes of the concatenated records. Fewer than 16 end the list.
struct cipher_suites_response {
  std::uint8_t channel = 0;
  bounded<16> records{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("channel", m.channel);
    io.rest("records", m.records);
  }
};

/// Record bytes (table 22-19): a start byte, the suite id (and an OEM's IANA number), then algorithms tagged by bits
/// 7:6.
namespace suite_record {
inline constexpr std::size_t size = 5;  ///< of a standard record, "none" algorithms included
inline constexpr std::uint8_t standard_start = 0xc0;
inline constexpr std::uint8_t oem_start = 0xc1;
inline constexpr std::uint8_t oem_number_size = 4;  ///< suite id and IANA number
inline constexpr std::uint8_t tag_mask = 0xc0;
inline constexpr std::uint8_t tag_authentication = 0x00;
inline constexpr std::uint8_t tag_integrity = 0x40;
inline constexpr std::uint8_t tag_confidentiality = 0x80;

constexpr std::array<std::uint8_t, size> of(const cipher_suite& s) noexcept {
  return {standard_start, s.id, static_cast<std::uint8_t>(s.authentication),
          static_cast<std::uint8_t>(tag_integrity | static_cast<unsigned>(s.integrity)),
          static_cast<std::uint8_t>(tag_confidentiality | static_cast<unsigned>(s.confidentiality))};
}
}  // namespace suite_record

/// Chunk `index` of the record list of `suites` (ids of standard suites; others are left out by the caller).
constexpr bounded<16> cipher_suite_chunk(bytes suites, std::size_t index) noexcept {
  std::array<std::uint8_t, 16> chunk{};
  std::size_t n = 0;
  for (std::size_t at = index * chunk.size(); n < chunk.size() && at < suites.size() * suite_record::size; ++at, ++n) {
    const auto* suite = find_suite(suites[at / suite_record::size]);
    chunk[n] = suite ? suite_record::of(*suite)[at % suite_record::size] : std::uint8_t{0};
  }
  bounded<16> part;
  core::copy(chunk, part.resize(n));
  return part;
}

/// Chunk `index` of the list of distinct algorithms of `suites`, tagged, without suite records (request bit 7 clear).
constexpr bounded<16> algorithm_chunk(bytes suites, std::size_t index) noexcept {
  std::array<std::uint8_t, standard_suites.size() * 3> list{};
  std::size_t n = 0;
  const auto add = [&](std::uint8_t tagged) {
    for (std::size_t i = 0; i < n; ++i)
      if (list[i] == tagged) return;
    list[n++] = tagged;
  };
  // By kind, as in a record: authentication, integrity, confidentiality.
  for (std::size_t kind = 2; kind < suite_record::size; ++kind)
    for (const auto id : suites)
      if (const auto* suite = find_suite(id)) add(suite_record::of(*suite)[kind]);
  const std::size_t from = index * 16 < n ? index * 16 : n;
  bounded<16> part;
  core::copy(bytes(list).subspan(from), part.resize(n - from < 16 ? n - from : 16));
  return part;
}

/// Reads a record list byte by byte, however it is cut into chunks, and keeps the set of standard suites whose
/// algorithms are what the table says. Lenient: a missing algorithm means none, the order is free, bytes outside a
/// record and OEM records are skipped.
class cipher_suite_reader {
 public:
  constexpr void push(bytes chunk) noexcept {
    for (const auto b : chunk) push(b);
  }
  /// Ends the list: takes in the record that has no successor.
  constexpr void finish() noexcept {
    take_record();
    state_ = state::outside;
    skip_ = 0;
  }
  /// Whether the finished part of the list offers the standard suite `id`.
  [[nodiscard]] constexpr bool offers(std::uint8_t id) const noexcept {
    return id < standard_suites.size() && ((offered_ >> id) & 1u) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return offered_ == 0; }
  template <class Sink> constexpr void describe_state(Sink& sink) const {
    sink("reading", state_);
    sink("skip", skip_);
    sink("record", record_.id);
    sink("authentication", record_.authentication);
    sink("integrity", record_.integrity);
    sink("confidentiality", record_.confidentiality);
    sink("offered", offered_);
  }

 private:
  enum class state : std::uint8_t { outside, suite_number, algorithms };

  constexpr void push(std::uint8_t b) noexcept {
    if (skip_ > 0) {
      --skip_;
      return;
    }
    if (state_ == state::suite_number) {
      record_ = {.id = b};
      state_ = state::algorithms;
      return;
    }
    const auto number = static_cast<std::uint8_t>(b & 0x3f);
    switch (b & suite_record::tag_mask) {
      case suite_record::tag_authentication:
        record_.authentication = static_cast<authentication_algorithm>(number);
        break;
      case suite_record::tag_integrity: record_.integrity = static_cast<integrity_algorithm>(number); break;
      case suite_record::tag_confidentiality:
        record_.confidentiality = static_cast<confidentiality_algorithm>(number);
        break;
      default:
        take_record();
        state_ = b == suite_record::standard_start ? state::suite_number : state::outside;
        if (b == suite_record::oem_start) skip_ = suite_record::oem_number_size;
    }
  }
  constexpr void take_record() noexcept {
    const auto* known = find_suite(record_.id);
    if (state_ == state::algorithms && known && *known == record_) offered_ |= 1u << record_.id;
  }

  state state_ = state::outside;
  std::uint8_t skip_ = 0;  ///< bytes of an OEM's numbers still to come: any value, C0h too
  cipher_suite record_{};
  std::uint32_t offered_ = 0;
};

}  // namespace rmcpp::wire
