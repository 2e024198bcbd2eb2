// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>

/// \file
/// RMCP+ Open Session Request and Response (IPMI v2.0, 13.17 and 13.18), the algorithm numbers of tables 13-17 to
/// 13-19, and the status codes of table 13-15.

namespace rmcpp::wire {

enum class authentication_algorithm : std::uint8_t {
  rakp_none = 0,
  rakp_hmac_sha1 = 1,
  rakp_hmac_md5 = 2,
  rakp_hmac_sha256 = 3,
};

enum class integrity_algorithm : std::uint8_t {
  none = 0,
  hmac_sha1_96 = 1,
  hmac_md5_128 = 2,
  md5_128 = 3,
  hmac_sha256_128 = 4,
};

enum class confidentiality_algorithm : std::uint8_t {
  none = 0,
  aes_cbc_128 = 1,
  xrc4_128 = 2,
  xrc4_40 = 3,
};

/// Whether the tables give the number a meaning; OEM numbers they do not.
constexpr bool is_defined(authentication_algorithm a) noexcept {
  return a <= authentication_algorithm::rakp_hmac_sha256;
}
constexpr bool is_defined(integrity_algorithm i) noexcept { return i <= integrity_algorithm::hmac_sha256_128; }
constexpr bool is_defined(confidentiality_algorithm c) noexcept { return c <= confidentiality_algorithm::xrc4_40; }

constexpr const char* describe(authentication_algorithm a) noexcept {
  switch (a) {
    case authentication_algorithm::rakp_none: return "RAKP-none";
    case authentication_algorithm::rakp_hmac_sha1: return "RAKP-HMAC-SHA1";
    case authentication_algorithm::rakp_hmac_md5: return "RAKP-HMAC-MD5";
    case authentication_algorithm::rakp_hmac_sha256: return "RAKP-HMAC-SHA256";
  }
  return "reserved or OEM";
}
constexpr const char* describe(integrity_algorithm a) noexcept {
  switch (a) {
    case integrity_algorithm::none: return "none";
    case integrity_algorithm::hmac_sha1_96: return "HMAC-SHA1-96";
    case integrity_algorithm::hmac_md5_128: return "HMAC-MD5-128";
    case integrity_algorithm::md5_128: return "MD5-128";
    case integrity_algorithm::hmac_sha256_128: return "HMAC-SHA256-128";
  }
  return "reserved or OEM";
}
constexpr const char* describe(confidentiality_algorithm a) noexcept {
  switch (a) {
    case confidentiality_algorithm::none: return "none";
    case confidentiality_algorithm::aes_cbc_128: return "AES-CBC-128";
    case confidentiality_algorithm::xrc4_128: return "xRC4-128";
    case confidentiality_algorithm::xrc4_40: return "xRC4-40";
  }
  return "reserved or OEM";
}

}  // namespace rmcpp::wire

namespace rmcpp {

/// Status codes of Open Session Response and RAKP 2, 3, 4 (IPMI v2.0, 13.24, table 13-15).
enum class rakp_status : std::uint8_t {
  no_errors = 0x00,
  insufficient_resources = 0x01,
  invalid_session_id = 0x02,
  invalid_payload_type = 0x03,
  invalid_authentication_algorithm = 0x04,
  invalid_integrity_algorithm = 0x05,
  no_matching_authentication_payload = 0x06,
  no_matching_integrity_payload = 0x07,
  inactive_session_id = 0x08,
  invalid_role = 0x09,
  unauthorized_role_or_privilege = 0x0a,
  insufficient_resources_for_role = 0x0b,
  invalid_name_length = 0x0c,
  unauthorized_name = 0x0d,
  unauthorized_guid = 0x0e,
  invalid_integrity_check_value = 0x0f,
  invalid_confidentiality_algorithm = 0x10,
  no_cipher_suite_match = 0x11,
  illegal_parameter = 0x12,
};

constexpr const char* describe(rakp_status s) noexcept {
  switch (s) {
    case rakp_status::no_errors: return "no errors";
    case rakp_status::insufficient_resources: return "insufficient resources to create a session";
    case rakp_status::invalid_session_id: return "invalid session ID";
    case rakp_status::invalid_payload_type: return "invalid payload type";
    case rakp_status::invalid_authentication_algorithm: return "invalid authentication algorithm";
    case rakp_status::invalid_integrity_algorithm: return "invalid integrity algorithm";
    case rakp_status::no_matching_authentication_payload: return "no matching authentication payload";
    case rakp_status::no_matching_integrity_payload: return "no matching integrity payload";
    case rakp_status::inactive_session_id: return "inactive session ID";
    case rakp_status::invalid_role: return "invalid role";
    case rakp_status::unauthorized_role_or_privilege: return "unauthorized role or privilege level requested";
    case rakp_status::insufficient_resources_for_role: return "insufficient resources to create a session at that role";
    case rakp_status::invalid_name_length: return "invalid name length";
    case rakp_status::unauthorized_name: return "unauthorized name";
    case rakp_status::unauthorized_guid: return "unauthorized GUID";
    case rakp_status::invalid_integrity_check_value: return "invalid integrity check value";
    case rakp_status::invalid_confidentiality_algorithm: return "invalid confidentiality algorithm";
    case rakp_status::no_cipher_suite_match: return "no cipher suite match with proposed security algorithms";
    case rakp_status::illegal_parameter: return "illegal or unrecognized parameter";
  }
  return "unknown status";
}

}  // namespace rmcpp

namespace rmcpp::wire {

/// One algorithm payload, 8 bytes (table 13-9). `Type` is 0 authentication, 1 integrity, 2 confidentiality.
template <class Algorithm, std::uint8_t Type> struct algorithm_payload {
  /// Length byte of the null payload, "the BMC chooses". It is not "algorithm none", which has length 8 and number 0.
  static constexpr std::uint8_t wildcard_length = 0;
  static constexpr std::uint8_t full_length = 8;

  std::uint8_t length = full_length;
  Algorithm algorithm{};  ///< bits 5:0; without meaning in a null payload

  static constexpr algorithm_payload any() noexcept { return {wildcard_length, Algorithm{}}; }
  static constexpr algorithm_payload of(Algorithm a) noexcept { return {full_length, a}; }
  [[nodiscard]] constexpr bool is_any() const noexcept { return length == wildcard_length; }

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.constant("type", Type, errc::bad_algorithm_payload);
    io.reserved(2);
    io.u8("length", m.length);
    if (m.length != full_length && m.length != wildcard_length) io.fail("length", errc::bad_algorithm_payload);
    io.low_bits("algorithm", m.algorithm, 0x3f);
    io.reserved(3);
  }
};

using authentication_payload = algorithm_payload<authentication_algorithm, 0>;
using integrity_payload = algorithm_payload<integrity_algorithm, 1>;
using confidentiality_payload = algorithm_payload<confidentiality_algorithm, 2>;

/// Open Session Request, console to BMC, 32 bytes (IPMI v2.0, 13.17).
struct open_session_request {
  std::uint8_t tag = 0;                          ///< echoed in the response
  privilege max_privilege = privilege::highest;  ///< bits 3:0
  session_id console_id{};                       ///< SIDm, the console's choice; never 0
  authentication_payload authentication{};
  integrity_payload integrity{};
  confidentiality_payload confidentiality{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("tag", m.tag);
    io.low_bits("max_privilege", m.max_privilege, 0x0f);
    io.reserved(2);
    io.le32("console_id", m.console_id);
    io.group("authentication", m.authentication);
    io.group("integrity", m.integrity);
    io.group("confidentiality", m.confidentiality);
  }
};

/// Open Session Response, BMC to console (IPMI v2.0, 13.18): 36 bytes on success. With an error status it is written
/// as 8 bytes; 2 bytes (tag and status, as OpenIPMI sends) and more than 8 are read too, the surplus is ignored.
struct open_session_response {
  std::uint8_t tag = 0;
  rakp_status status = rakp_status::no_errors;
  privilege max_privilege = privilege::highest;  ///< bits 3:0, an actual level; some BMCs send 0
  session_id console_id{};                       ///< SIDm echoed; 0 if an error form ended before it
  session_id managed_id{};                       ///< SIDc, the BMC's choice; never 0
  authentication_payload authentication{};
  integrity_payload integrity{};
  confidentiality_payload confidentiality{};

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.u8("tag", m.tag);
    io.u8("status", m.status);
    const bool error = m.status != rakp_status::no_errors;
    if (error && !io.more(6)) return io.ignore_rest();
    io.low_bits("max_privilege", m.max_privilege, 0x0f);
    io.reserved(1);
    io.le32("console_id", m.console_id);
    if (error) return io.ignore_rest();
    io.le32("managed_id", m.managed_id);
    io.group("authentication", m.authentication);
    io.group("integrity", m.integrity);
    io.group("confidentiality", m.confidentiality);
  }
};

}  // namespace rmcpp::wire
