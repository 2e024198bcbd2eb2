// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/config.hpp>

#include <cstdint>

namespace rmcpp {

/// Why an operation did not succeed, one byte, in ranges by who is to blame (see blame_for()):
/// 01h..3Fh the datagram was bad and was dropped, nothing changed; 40h..5Fh the peer refused or fell silent, the
/// session or request ends; 60h..7Fh this side ended it; 80h..9Fh the caller misused the call, nothing changed; A0h.. a
/// local resource failed.
enum class errc : std::uint8_t {
  ok = 0x00,

  // The datagram was bad: dropped, no state changed.
  truncated = 0x01,       ///< ends inside a field
  trailing_bytes,         ///< longer than its message
  bad_length,             ///< a length field contradicts the bytes present
  bad_constant,           ///< a byte that has one legal value has another
  bad_version,            ///< RMCP version is not 06h
  bad_message_class,      ///< RMCP class is not one that is handled here
  bad_rmcp_sequence,      ///< IPMI class with an RMCP sequence other than FFh
  bad_auth_type,          ///< session auth type reserved, or not the session's
  bad_payload_type,       ///< reserved, or not one for this role
  bad_checksum,           ///< IPMI message checksum
  bad_algorithm_payload,  ///< type or length byte of an algorithm payload
  unexpected_message,     ///< well formed, but not what this state waits for
  unknown_session,        ///< session id that is not (or no longer) known
  wrong_peer,             ///< a session's packet from another address or port
  wrong_tag,              ///< message tag of no outstanding request
  not_authenticated,      ///< the session negotiated integrity, the packet has none
  not_encrypted,          ///< the session negotiated confidentiality, the packet has none
  unexpected_protection,  ///< authenticated or encrypted where nothing was negotiated
  bad_trailer,            ///< integrity pad, pad length or next header
  bad_authcode,           ///< the packet's authentication code does not verify
  bad_padding,            ///< confidentiality pad
  outside_window,         ///< session sequence number too far off
  replayed,               ///< session sequence number already seen
  no_return_path,         ///< the peer's address cannot be answered
  unmatched_response,     ///< answers no request in flight
  rate_limited,           ///< dropped to bound the work one peer can cause

  // The peer refused or fell silent.
  timed_out = 0x40,       ///< no answer after all tries
  peer_lacks_v2,          ///< the BMC does not speak IPMI v2.0
  refused_open_session,   ///< Open Session Response with an error status
  refused_rakp2,          ///< RAKP 2 with an error status
  refused_rakp4,          ///< RAKP 4 with an error status
  algorithms_differ,      ///< the BMC chose other algorithms than were proposed
  bad_managed_id,         ///< the BMC gave session id 0
  bad_rakp2_code,         ///< RAKP 2 authentication code is wrong
  bad_rakp4_code,         ///< RAKP 4 integrity check value is wrong
  bad_rakp3_code,         ///< RAKP 3 authentication code is wrong (seen by a BMC)
  console_gave_up,        ///< the console reported an error in RAKP 3
  kg_or_bmc_state,        ///< RAKP 4 refused although RAKP 2 verified, twice
  refused_privilege,      ///< Set Session Privilege Level failed
  no_common_suite,        ///< every cipher suite on the list was refused
  session_lost,           ///< the peer stopped answering within the session
  closed_by_peer,         ///< the peer closed the session
  weak_random,            ///< the BMC's random number is zero or our own
  refused_capabilities,   ///< Get Channel Authentication Capabilities failed
  wrong_rakp2_size,       ///< RAKP 2 authentication code is not as long as its algorithm's
  wrong_rakp4_size,       ///< RAKP 4 integrity check value is not as long as its algorithm's
  bad_activation_code,    ///< the authcode of v1.5's Activate Session is wrong (seen by a BMC)
  peer_lacks_v15,         ///< the BMC does not offer IPMI v1.5 sessions, or none at the level that was asked for
  no_common_auth_type,    ///< the BMC offers none of the authentication types on the list
  refused_challenge,      ///< Get Session Challenge failed
  refused_activation,     ///< Activate Session failed
  activation_unanswered,  ///< no answer to Activate Session: a BMC keeps silent where name, password or type is wrong
  weaker_authentication,  ///< Activate Session was answered with another authentication type than was asked for
  bad_activation,         ///< the answer to Activate Session has no session id or no sequence number

  // This side ended it.
  closed_by_application = 0x60,  ///< close() was called, or the user or K_g changed
  closed_by_administrator,       ///< the BMC closed it because another session, of administrator level, asked
  evicted,                       ///< it gave way to a newer login
  expired,                       ///< the BMC heard nothing of the session's console for too long
  deadline_passed,               ///< the request's own deadline came first

  // The caller misused the call.
  buffer_too_small = 0x80,  ///< the output span cannot hold what must be written
  buffers_overlap,          ///< reply and datagram share bytes
  wrong_state,              ///< not legal in the machine's present state
  too_long,                 ///< a value exceeds the field or buffer that must hold it
  invalid_argument,         ///< outside its documented range
  no_slot,                  ///< all request or ticket slots are taken
  stale_handle,             ///< request id or ticket that no longer exists
  unsupported_suite,        ///< not a suite, or v1.5 type, that this build and backend have
  not_drained,              ///< an answer was not taken before the next datagram was fed

  // A local resource failed.
  crypto_failure = 0xA0,  ///< the crypto backend failed
  entropy_failure,        ///< the entropy source failed
  transport_failure,      ///< nothing can be sent or received any more; a transport of the user's says so
};

/// Who is to blame for an error.
enum class blame : std::uint8_t { nobody, datagram, peer, this_side, caller, resource };

constexpr blame blame_for(errc e) noexcept {
  const auto code = static_cast<std::uint8_t>(e);
  if (e == errc::ok) return blame::nobody;
  if (code < 0x40) return blame::datagram;
  if (code < 0x60) return blame::peer;
  if (code < 0x80) return blame::this_side;
  return code < 0xA0 ? blame::caller : blame::resource;
}
/// True for the codes that mean "this datagram was dropped and changed nothing".
constexpr bool is_drop(errc e) noexcept { return blame_for(e) == blame::datagram; }

/// What a person would want to know, one sentence without a full stop; never null. Costs nothing when not called.
constexpr const char* describe(errc e) noexcept {
  switch (e) {
    case errc::ok: return "no error";
    case errc::truncated: return "the datagram ends inside a field";
    case errc::trailing_bytes: return "the datagram is longer than its message";
    case errc::bad_length: return "a length field contradicts the bytes present";
    case errc::bad_constant: return "a byte with one legal value has another";
    case errc::bad_version: return "the RMCP version is not 06h";
    case errc::bad_message_class: return "the RMCP message class is not handled here";
    case errc::bad_rmcp_sequence: return "an IPMI message needs RMCP sequence FFh";
    case errc::bad_auth_type: return "the authentication type is reserved or not the session's";
    case errc::bad_payload_type: return "the payload type is reserved or not for this role";
    case errc::bad_checksum: return "an IPMI message checksum is wrong";
    case errc::bad_algorithm_payload: return "an algorithm payload has a wrong type or length byte";
    case errc::unexpected_message: return "the message is not one that this state waits for";
    case errc::unknown_session: return "no session has this id";
    case errc::wrong_peer: return "the packet comes from another address than its session";
    case errc::wrong_tag: return "the message tag belongs to no outstanding request";
    case errc::not_authenticated: return "the session negotiated integrity but the packet is not authenticated";
    case errc::not_encrypted: return "the session negotiated confidentiality but the packet is not encrypted";
    case errc::unexpected_protection: return "the packet is protected in a way that was not negotiated";
    case errc::bad_trailer: return "the session trailer is malformed";
    case errc::bad_authcode: return "the packet's authentication code is wrong";
    case errc::bad_padding: return "the confidentiality padding is malformed";
    case errc::outside_window: return "the session sequence number lies outside the window";
    case errc::replayed: return "the session sequence number was already seen";
    case errc::no_return_path: return "the sender's address cannot be answered";
    case errc::unmatched_response: return "the response answers no request in flight";
    case errc::rate_limited: return "the sender must wait before it tries again";
    case errc::timed_out: return "no answer after all tries";
    case errc::peer_lacks_v2: return "the BMC does not offer IPMI v2.0 sessions";
    case errc::refused_open_session: return "the BMC refused the Open Session Request";
    case errc::refused_rakp2: return "the BMC refused the login in RAKP 2";
    case errc::refused_rakp4: return "the BMC refused the login in RAKP 4";
    case errc::algorithms_differ: return "the BMC answered with other algorithms than were proposed";
    case errc::bad_managed_id: return "the BMC gave session id 0";
    case errc::bad_rakp2_code:
      return "RAKP 2 authentication code is wrong: the name, the password or the user's key differs";
    case errc::bad_rakp4_code: return "RAKP 4 integrity check value is wrong: K_g differs";
    case errc::bad_rakp3_code: return "RAKP 3 authentication code is wrong: the console's password differs";
    case errc::console_gave_up: return "the console reported an error in RAKP 3";
    case errc::kg_or_bmc_state:
      return "RAKP 4 was refused though the password is right: K_g differs, or the BMC lost the login";
    case errc::refused_privilege: return "the BMC refused the privilege level";
    case errc::no_common_suite: return "the BMC refused every cipher suite on the list";
    case errc::session_lost: return "the peer stopped answering within the session";
    case errc::closed_by_peer: return "the peer closed the session";
    case errc::weak_random: return "the BMC's random number is zero or the console's own";
    case errc::refused_capabilities: return "the BMC refused Get Channel Authentication Capabilities";
    case errc::wrong_rakp2_size:
      return "RAKP 2 authentication code has another length than the algorithm that was agreed on gives";
    case errc::wrong_rakp4_size:
      return "RAKP 4 integrity check value has another length than the algorithm that was agreed on gives";
    case errc::bad_activation_code:
      return "Activate Session's authentication code is wrong: the password differs, or has more than 16 bytes";
    case errc::peer_lacks_v15: return "the BMC does not offer IPMI v1.5 sessions, or none at this privilege level";
    case errc::no_common_auth_type: return "the BMC offers none of the authentication types on the list";
    case errc::refused_challenge: return "the BMC refused Get Session Challenge";
    case errc::refused_activation: return "the BMC refused Activate Session";
    case errc::activation_unanswered:
      return "Activate Session brought no answer: the name, the password or the authentication type may be wrong";
    case errc::weaker_authentication:
      return "the BMC wants to go on with another authentication type than was asked for";
    case errc::bad_activation: return "the BMC activated a session without an id or a sequence number";
    case errc::closed_by_application: return "the application closed the session";
    case errc::closed_by_administrator: return "an administrator's session closed it";
    case errc::evicted: return "it gave way to a newer login";
    case errc::expired: return "nothing was heard of the session's console for too long";
    case errc::deadline_passed: return "no answer before the request's deadline";
    case errc::buffer_too_small: return "the output buffer is too small";
    case errc::buffers_overlap: return "the reply buffer overlaps the datagram";
    case errc::wrong_state: return "the call is not legal in this state";
    case errc::too_long: return "the value is too long";
    case errc::invalid_argument: return "an argument is outside its range";
    case errc::no_slot: return "all slots are taken";
    case errc::stale_handle: return "the request or ticket no longer exists";
    case errc::unsupported_suite: return "this build does not have the cipher suite";
    case errc::not_drained: return "the answer was not taken before the next datagram was fed";
    case errc::crypto_failure: return "the crypto backend failed";
    case errc::entropy_failure: return "the entropy source failed";
    case errc::transport_failure: return "nothing can be sent or received any more";
  }
  return "unknown error";
}

}  // namespace rmcpp
