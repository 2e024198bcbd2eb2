// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

/// \file
/// What can be wrong with a conversation, each deviation with a name, a weight, a sentence and its source.

namespace rmcpp {

/// How much a deviation matters to the peer that receives it.
enum class severity : std::uint8_t {
  note,     ///< tolerated by every implementation, or not a fault of the two peers
  warning,  ///< some implementations refuse it, or it weakens the session
  error,    ///< a correct peer drops it or ends the session, or the protection is broken
};

constexpr const char* describe(severity s) noexcept {
  switch (s) {
    case severity::note: return "note";
    case severity::warning: return "warning";
    case severity::error: break;
  }
  return "error";
}

enum class finding : std::uint8_t {
  // Any datagram.
  malformed,
  reserved_bits,
  legacy_pad,
  surplus,
  asf_enterprise,
  asf_length,
  wrong_direction,
  unexpected_ack,
  repeated_datagram,
  unknown_session,
  after_close,
  // Session setup.
  setup_in_session,
  tag_not_echoed,
  console_id_not_echoed,
  status_reserved,
  status_out_of_place,
  status_misleading,
  short_error,
  algorithm_not_proposed,
  algorithm_not_chosen,
  suite_not_standard,
  suite_not_advertised,
  no_authentication,
  privilege_not_granted,
  managed_id_zero,
  weak_random,
  random_reused,
  code_length,
  other_algorithm,
  rakp4_untruncated,
  bad_authcode,
  accepted_bad_code,
  refused_good_code,
  kg_not_used,
  // Protection of packets within a session.
  not_authenticated,
  authentication_off,
  not_encrypted,
  unexpected_protection,
  auth_type_differs,
  trailer_short,
  pad_length_4,
  pad_too_long,
  pad_alignment,
  pad_length,
  pad_bytes,
  next_header,
  cipher_pad,
  cipher_pad_16,
  iv_reused,
  // Session sequence numbers.
  sequence_outside_session,
  sequence_zero,
  first_sequence,
  sequence_reused,
  sequence_behind,
  sequence_ahead,
  out_of_order,
  // IPMI messages and Serial over LAN.
  unasked_response,
  sol_counts,
};

/// What is known about a kind of finding.
struct finding_info {
  finding what{};
  severity weight{};
  const char* name = "";    ///< for programs: never changes
  const char* text = "";    ///< for people
  const char* source = "";  ///< section of the IPMI v2.0 specification, revision 1.1
};

/// Every kind, in the order of the enumeration.
inline constexpr std::array all_findings{
    finding_info{finding::malformed, severity::error, "malformed", "not a message of its type", "13"},
    finding_info{finding::reserved_bits, severity::note, "reserved_bits", "reserved bits or bytes are not zero", "13"},
    finding_info{finding::legacy_pad, severity::note, "legacy_pad", "bytes behind the IPMI message", "13.6"},
    finding_info{finding::surplus, severity::note, "surplus",
                 "bytes behind the payload of a packet outside sessions, which has no trailer: ignored", "13.6"},
    finding_info{finding::asf_enterprise, severity::error, "asf_enterprise",
                 "the enterprise number of ASF is 4542, 000011BEh in big-endian order: receivers drop another",
                 "13.2.3, 13.2.4"},
    finding_info{finding::asf_length, severity::error, "asf_length",
                 "the data length of a ping is 0, that of a pong 16, and so many bytes follow: receivers drop another",
                 "13.2.3, 13.2.4"},
    finding_info{finding::wrong_direction, severity::error, "wrong_direction",
                 "a message of the other role: no receiver takes it", "13.16"},
    finding_info{finding::unexpected_ack, severity::note, "unexpected_ack",
                 "an RMCP ACK of class IPMI, which never asks for one: receivers drop it", "13.1.3"},
    finding_info{finding::repeated_datagram, severity::note, "repeated_datagram",
                 "the same datagram once more: the network, or a peer that does not number its retries", "6.12.8"},
    finding_info{finding::unknown_session, severity::warning, "unknown_session",
                 "a session whose login was not seen, or an id that is not the receiver's", "13.6"},
    finding_info{finding::after_close, severity::warning, "after_close", "the session was closed before", "22.19"},

    finding_info{finding::setup_in_session, severity::error, "setup_in_session",
                 "session setup with session id, sequence number or protection bits set", "13.16"},
    finding_info{finding::tag_not_echoed, severity::error, "tag_not_echoed",
                 "the message tag is not that of a request: FreeIPMI, OpenIPMI and pyghmi drop the answer", "13.18"},
    finding_info{finding::console_id_not_echoed, severity::error, "console_id_not_echoed",
                 "the console's session id is not echoed: FreeIPMI, OpenIPMI and pyghmi drop the answer", "13.18"},
    finding_info{finding::status_reserved, severity::warning, "status_reserved",
                 "a status code that no table has: clients can only say \"unknown\"", "13.24"},
    finding_info{finding::status_out_of_place, severity::warning, "status_out_of_place",
                 "a status code that says nothing about this message", "13.24"},
    finding_info{finding::status_misleading, severity::warning, "status_misleading",
                 "12h for a well-formed proposal: 04h, 05h, 10h or 11h would say what is not supported", "13.24"},
    finding_info{finding::short_error, severity::warning, "short_error",
                 "an error answer that ends before the console's session id: libfreeipmi and OpenIPMI do not take it",
                 "13.18"},
    finding_info{finding::algorithm_not_proposed, severity::error, "algorithm_not_proposed",
                 "the BMC chose an algorithm that the console did not propose", "13.18"},
    finding_info{finding::algorithm_not_chosen, severity::error, "algorithm_not_chosen",
                 "the BMC left an algorithm open: its answer must name one", "13.18"},
    finding_info{finding::suite_not_standard, severity::warning, "suite_not_standard",
                 "algorithms that are no cipher suite: accepted without a look at them?", "22.15"},
    finding_info{finding::suite_not_advertised, severity::error, "suite_not_advertised",
                 "the BMC accepted a cipher suite that its own list lacks: the proposal echoed, not negotiated",
                 "13.18, 22.15"},
    finding_info{finding::no_authentication, severity::warning, "no_authentication",
                 "a session without authentication: anybody can open it", "13.28"},
    finding_info{finding::privilege_not_granted, severity::warning, "privilege_not_granted",
                 "the BMC grants a lower privilege level than asked for, or names none: FreeIPMI refuses it", "13.18"},
    finding_info{finding::managed_id_zero, severity::error, "managed_id_zero", "the BMC gave session id 0", "13.18"},
    finding_info{finding::weak_random, severity::error, "weak_random",
                 "a random number that is zero, or the other side's", "13.20"},
    finding_info{finding::random_reused, severity::error, "random_reused", "a random number of an earlier login",
                 "13.20"},
    finding_info{finding::code_length, severity::error, "code_length",
                 "the code's length is not that of the negotiated authentication algorithm", "13.28"},
    finding_info{finding::other_algorithm, severity::error, "other_algorithm",
                 "the code is right under another authentication algorithm than the negotiated one", "13.28"},
    finding_info{finding::rakp4_untruncated, severity::note, "rakp4_untruncated",
                 "the integrity check value is not truncated", "13.28.1"},
    finding_info{finding::bad_authcode, severity::error, "bad_authcode",
                 "the authentication code is wrong: a wrong password or key, or a changed datagram", "13.28, 13.31"},
    finding_info{finding::accepted_bad_code, severity::error, "accepted_bad_code",
                 "a wrong code was answered as if it were right", "13.22, 13.23"},
    finding_info{finding::refused_good_code, severity::error, "refused_good_code", "a right code was refused as wrong",
                 "13.23"},
    finding_info{finding::kg_not_used, severity::warning, "kg_not_used",
                 "the BMC keyed the session with the password although K_g was given", "13.33"},

    finding_info{finding::not_authenticated, severity::error, "not_authenticated",
                 "an unauthenticated packet in an authenticated session", "13.6, 6.12.4"},
    finding_info{finding::authentication_off, severity::warning, "authentication_off",
                 "unauthenticated, as the BMC announced: anybody can send such a packet", "6.12.4"},
    finding_info{finding::not_encrypted, severity::error, "not_encrypted",
                 "an unencrypted IPMI message in an encrypted session", "13.6"},
    finding_info{finding::unexpected_protection, severity::error, "unexpected_protection",
                 "authenticated or encrypted, but the session has no algorithm for it", "13.6"},
    finding_info{finding::auth_type_differs, severity::error, "auth_type_differs",
                 "not the authentication type of the session's activation", "22.17"},
    finding_info{finding::trailer_short, severity::error, "trailer_short",
                 "the session trailer is too short for an authentication code", "13.28.4"},
    finding_info{finding::pad_length_4, severity::note, "pad_length_4",
                 "four integrity pad bytes where none are needed, as OpenBMC sends", "13.6"},
    finding_info{finding::pad_too_long, severity::error, "pad_too_long",
                 "more than four integrity pad bytes: receivers drop the packet", "13.6"},
    finding_info{finding::pad_alignment, severity::note, "pad_alignment",
                 "the integrity pad does not make the packet a multiple of four bytes", "13.6"},
    finding_info{finding::pad_length, severity::warning, "pad_length",
                 "the pad length is not the number of pad bytes: OpenIPMI drops the packet", "13.6"},
    finding_info{finding::pad_bytes, severity::warning, "pad_bytes",
                 "integrity pad bytes other than FFh: ipmipower and OpenIPMI drop the packet", "13.6"},
    finding_info{finding::next_header, severity::note, "next_header", "the next header is not 07h", "13.6"},
    finding_info{finding::cipher_pad, severity::error, "cipher_pad",
                 "confidentiality pad bytes are not 01 02 03 ..: ipmitool aborts", "13.29"},
    finding_info{finding::cipher_pad_16, severity::note, "cipher_pad_16",
                 "sixteen confidentiality pad bytes where none are needed, as OpenBMC sends", "13.29"},
    finding_info{finding::iv_reused, severity::warning, "iv_reused",
                 "an initialisation vector used before in this session", "13.29"},

    finding_info{finding::sequence_outside_session, severity::warning, "sequence_outside_session",
                 "a session sequence number outside a session, where it is 0", "13.6"},
    finding_info{finding::sequence_zero, severity::error, "sequence_zero",
                 "session sequence number 0 within a session: FreeIPMI and OpenIPMI drop the packet", "6.12.8"},
    finding_info{finding::first_sequence, severity::note, "first_sequence",
                 "the first packet of a session is not numbered 1 (v1.5: not as agreed)", "6.12.13"},
    finding_info{finding::sequence_reused, severity::error, "sequence_reused",
                 "another packet had this session sequence number: receivers drop the second", "6.12.13"},
    finding_info{finding::sequence_behind, severity::error, "sequence_behind",
                 "a session sequence number far behind the highest: receivers drop it", "6.12.13"},
    finding_info{finding::sequence_ahead, severity::warning, "sequence_ahead",
                 "a session sequence number far ahead: some receivers drop it", "6.12.13"},
    finding_info{finding::out_of_order, severity::note, "out_of_order", "overtaken by a later packet", "6.12.13"},

    finding_info{finding::unasked_response, severity::warning, "unasked_response",
                 "no request has this sequence number, network function and command: clients drop the response",
                 "13.8"},
    finding_info{finding::sol_counts, severity::warning, "sol_counts",
                 "characters without a packet number, or a count of accepted ones without the number of their packet",
                 "15.9"},
};

constexpr const finding_info& info(finding f) noexcept { return all_findings[static_cast<std::size_t>(f)]; }
constexpr const char* describe(finding f) noexcept { return info(f).text; }

/// One deviation in one datagram. Where a number is wrong: what was seen and what was expected; else both 0.
struct found {
  finding what{};
  std::uint32_t seen = 0;
  std::uint32_t expected = 0;
  friend constexpr bool operator==(const found&, const found&) noexcept = default;
};

/// The deviations of one datagram. Beyond its capacity, which no known datagram reaches, they are dropped.
class finding_list {
 public:
  static constexpr std::size_t capacity = 12;

  constexpr void add(finding what, std::uint32_t seen = 0, std::uint32_t expected = 0) noexcept {
    if (size_ < capacity) list_[size_++] = {what, seen, expected};
  }
  [[nodiscard]] constexpr bool has(finding what) const noexcept {
    for (const auto& f : *this)
      if (f.what == what) return true;
    return false;
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr const found* begin() const noexcept { return list_.data(); }
  [[nodiscard]] constexpr const found* end() const noexcept { return list_.data() + size_; }

 private:
  std::array<found, capacity> list_{};
  std::uint8_t size_ = 0;
};

}  // namespace rmcpp
