// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/finding.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/session_v2.hpp>

/// \file
/// What can be said of a session setup message without a key: its status, and what it makes of its request.

namespace rmcpp::detail {

/// Status codes that mean nothing in this answer (13.24).
constexpr bool out_of_place(payload_type answer, rakp_status s) noexcept {
  switch (s) {
    case rakp_status::invalid_authentication_algorithm:
    case rakp_status::invalid_integrity_algorithm:
    case rakp_status::no_matching_authentication_payload:
    case rakp_status::no_matching_integrity_payload:
    case rakp_status::invalid_confidentiality_algorithm:
    case rakp_status::no_cipher_suite_match: return answer != payload_type::open_session_response;
    case rakp_status::inactive_session_id:
    case rakp_status::invalid_name_length:
    case rakp_status::unauthorized_name:
    case rakp_status::unauthorized_guid:
    case rakp_status::invalid_integrity_check_value: return answer == payload_type::open_session_response;
    default: return false;
  }
}

/// Of the status of an Open Session Response, RAKP 2, 3 or 4.
constexpr void judge_status(payload_type answer, rakp_status s, finding_list& findings) noexcept {
  const auto seen = static_cast<std::uint32_t>(s);
  if (s > rakp_status::illegal_parameter) {
    findings.add(finding::status_reserved, seen);
  } else if (detail::out_of_place(answer, s)) {
    findings.add(finding::status_out_of_place, seen);
  }
}

/// Of a payload of `size` bytes that refuses.
constexpr void judge_refusal(std::size_t size, finding_list& findings) noexcept {
  constexpr std::uint32_t whole = 8;
  if (size < whole) findings.add(finding::short_error, static_cast<std::uint32_t>(size), whole);
}

template <class Payload> void judge_algorithm(const Payload& proposed, const Payload& chosen, finding_list& findings) {
  if (chosen.is_any()) {
    findings.add(finding::algorithm_not_chosen);
  } else if (!proposed.is_any() && proposed.algorithm != chosen.algorithm) {
    findings.add(finding::algorithm_not_proposed, static_cast<std::uint32_t>(chosen.algorithm),
                 static_cast<std::uint32_t>(proposed.algorithm));
  }
}

/// Of what a BMC made of a proposal. `listed`: the BMC's own list of cipher suites, null if it was not seen.
inline void judge_choice(const wire::open_session_request& proposed, const wire::open_session_response& m,
                         const wire::cipher_suite_reader* listed, finding_list& findings) noexcept {
  detail::judge_algorithm(proposed.authentication, m.authentication, findings);
  detail::judge_algorithm(proposed.integrity, m.integrity, findings);
  detail::judge_algorithm(proposed.confidentiality, m.confidentiality, findings);
  const auto* suite = find_suite(m.authentication.algorithm, m.integrity.algorithm, m.confidentiality.algorithm);
  if (m.authentication.is_any() || m.integrity.is_any() || m.confidentiality.is_any()) {
    // No suite was chosen.
  } else if (!suite) {
    findings.add(finding::suite_not_standard);
  } else if (listed && !listed->offers(suite->id)) {
    findings.add(finding::suite_not_advertised, suite->id);
  }
  if (!m.authentication.is_any() && m.authentication.algorithm == wire::authentication_algorithm::rakp_none)
    findings.add(finding::no_authentication);
  if (m.managed_id == session_id::none) findings.add(finding::managed_id_zero);
  if (m.max_privilege == privilege::highest || m.max_privilege < proposed.max_privilege)
    findings.add(finding::privilege_not_granted, static_cast<std::uint32_t>(m.max_privilege),
                 static_cast<std::uint32_t>(proposed.max_privilege));
}

/// Of a code's length. RAKP 4's value may be whole where it should be cut.
constexpr void judge_code_length(std::size_t seen, std::size_t expected, std::size_t whole,
                                 finding_list& findings) noexcept {
  if (seen == expected) return;
  findings.add(seen == whole ? finding::rakp4_untruncated : finding::code_length, static_cast<std::uint32_t>(seen),
               static_cast<std::uint32_t>(expected));
}

/// A request that only an algorithm can be the reason to refuse: every number in it is one that the tables define.
constexpr bool well_formed(const wire::open_session_request& p) noexcept {
  return p.max_privilege <= privilege::oem && is_defined(p.authentication.algorithm) &&
         is_defined(p.integrity.algorithm) && is_defined(p.confidentiality.algorithm);
}

}  // namespace rmcpp::detail
