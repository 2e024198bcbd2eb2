// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/bmc/discovery.hpp>
#include <rmcpp/session/suite_choice.hpp>
#include <rmcpp/testing/crafted_session.hpp>

#include <functional>
#include <optional>

/// \file
/// A BMC by hand, to try a console with: sound until it is told what to get wrong.

namespace rmcpp::testing {

/// A BMC of one login at a time that accepts any user and agrees to any suite. In a session it grants what is asked and
/// echoes the data of every command. receive() gives its replies, and two hooks get something wrong:
/// - `before` may change any member before a reply is encoded: its codes are computed over the change;
/// - `after` gets the encoded reply, to override a field and leave the codes stale, to withhold it (clear()), repeat it
///   (push_back()), or keep it for later.
/// Both are told the reply's type, payload_type::ipmi for answers to commands. Or do it step by step: hear(), then the
/// reply by its own function.
template <crypto::backend B = null_backend> struct crafted_bmc : crafted_session<B> {
  using session = crafted_session<B>;
  using session::crypto;
  using session::keys;
  using session::kind;
  using session::password;
  using session::sealed;
  using session::sequence;
  using session::suite;
  using session::transcript;

  crafted_bmc() {
    transcript.managed_id = session_id{0x02001234};
    for (std::size_t i = 0; i < 16; ++i) {
      transcript.managed_random[i] = static_cast<std::uint8_t>(0x10 + i);
      transcript.managed_guid[i] = static_cast<std::uint8_t>(0x20 + i);
    }
  }

  std::function<void(crafted_bmc&, payload_type)> before{};
  std::function<void(crafted_bmc&, payload_type, std::vector<octets>&)> after{};

  /// What the next reply is made of, besides the transcript.
  std::uint8_t tag = 0;
  rakp_status status =
      rakp_status::no_errors;  ///< of Open Session Response, RAKP 2, RAKP 4: not 0 gives the error form
  privilege granted = privilege::administrator;
  suite_list offered = default_suites;
  wire::lan_response response{};  ///< its data is response_data
  octets response_data{};
  bool in_session = false;  ///< whether the request came in one
  bool v15 = false;         ///< whether it came in v1.5 format
  wire::rakp3 third{};      ///< the last RAKP 3

  [[nodiscard]] session_id console_id() const { return transcript.console_id; }

  /// The console's datagram is taken, and answered if it deserves it.
  std::vector<octets> receive(bytes datagram) {
    const auto due = hear(datagram);
    if (!due) return {};
    if (before) before(*this, *due);
    std::vector<octets> replies{reply(*due)};
    if (after) after(*this, *due, replies);
    return replies;
  }

  /// Takes a datagram, and says what is to be sent in return. Throws if the datagram is not sound.
  std::optional<payload_type> hear(bytes datagram) {
    in_session = false;
    octets copied = to_octets(datagram);
    const auto packet = value_of(wire::look(copied));
    v15 = packet.format == wire::packet_format::v15;
    if (!v15 && packet.id != session_id::none) {
      in_session = true;
      return hear_request(session::unsealed(copied).message);
    }
    switch (type_of(datagram)) {
      case payload_type::ipmi: return hear_request(payload_of(datagram));
      case payload_type::open_session_request: {
        const auto m = message_in<wire::open_session_request>(datagram);
        tag = m.tag;
        transcript.console_id = m.console_id;
        suite = {0, m.authentication.algorithm, m.integrity.algorithm, m.confidentiality.algorithm};
        if (const auto* known = find_suite(suite.authentication, suite.integrity, suite.confidentiality))
          suite = *known;
        return payload_type::open_session_response;
      }
      case payload_type::rakp1: {
        const auto m = message_in<wire::rakp1>(datagram);
        tag = m.tag;
        transcript.console_random = m.console_random;
        transcript.role = m.role;
        transcript.name = m.name;
        return payload_type::rakp2;
      }
      case payload_type::rakp3:
        third = message_in<wire::rakp3>(datagram);
        tag = third.tag;
        if (third.status != rakp_status::no_errors) return {};
        return payload_type::rakp4;
      default: return {};
    }
  }
  /// Whether RAKP 3 proves the console.
  [[nodiscard]] bool rakp3_verifies() {
    return value_of(rakp3_code(crypto, suite.authentication, password, transcript)) == third.code;
  }

  octets reply(payload_type type) {
    switch (type) {
      case payload_type::open_session_response: return open_session_response_datagram();
      case payload_type::rakp2: return rakp2_datagram();
      case payload_type::rakp4: return rakp4_datagram();
      default: return response_datagram();
    }
  }
  [[nodiscard]] octets open_session_response_datagram() const {
    return sessionless(payload_type::open_session_response,
                       wire::open_session_response{tag, status, granted, console_id(), session::managed_id(),
                                                   wire::authentication_payload::of(suite.authentication),
                                                   wire::integrity_payload::of(suite.integrity),
                                                   wire::confidentiality_payload::of(suite.confidentiality)});
  }
  [[nodiscard]] octets rakp2_datagram() {
    const auto code = value_of(rakp2_code(crypto, suite.authentication, password, transcript));
    return sessionless(payload_type::rakp2, wire::rakp2{tag, status, console_id(), transcript.managed_random,
                                                        transcript.managed_guid, code});
  }
  /// The session begins with it.
  [[nodiscard]] octets rakp4_datagram() {
    const auto whole = value_of(rakp4_code(crypto, suite.authentication, session::integrity_key(), transcript));
    session::load_keys();
    return sessionless(
        payload_type::rakp4,
        wire::rakp4{tag, status, console_id(),
                    *wire::rakp_code::from(whole.view().first(protect::rakp4_code_size(suite.authentication)))});
  }
  /// The answer to the last request, in its format.
  [[nodiscard]] octets response_datagram() {
    response.data = response_data;
    if (in_session) return sealed(encoded(response), kind(), sequence.next(), console_id());
    if (!v15) return sessionless(payload_type::ipmi, response);
    return datagram_of([&](mutable_bytes out) { return encode_sessionless_v15(response, out); });
  }

 private:
  std::optional<payload_type> hear_request(bytes message) {
    const auto rq = value_of(wire::decode<wire::lan_request>(message));
    response_data.resize(64);
    response_writer w(response_data);
    switch (rq.target.fn() == net_fn::app ? rq.command : std::uint8_t{0}) {
      case wire::app::get_channel_auth_capabilities:
        rmcpp::detail::answer_capabilities(rq.data, 1, !session::kg.is_zero(), w);
        break;
      case wire::app::get_channel_cipher_suites: rmcpp::detail::answer_cipher_suites(rq.data, 1, offered, w); break;
      case wire::app::close_session: break;
      default: w.put(rq.data);  // Set Session Privilege Level included: what is asked is granted
    }
    response = respond(rq, w.code());
    response_data.resize(w.size());
    return payload_type::ipmi;
  }
};

}  // namespace rmcpp::testing
