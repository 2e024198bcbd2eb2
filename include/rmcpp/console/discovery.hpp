// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/context.hpp>
#include <rmcpp/core/hash.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/datagram.hpp>

namespace rmcpp::detail {

/// The answer to an App request of ours. Errors: those of the decoder; unmatched_response.
constexpr result<wire::lan_response> app_response(std::uint8_t command, std::uint8_t sequence, bytes message) noexcept {
  auto rs = wire::decode<wire::lan_response>(message);
  if (rs && (rs->target != wire::net_fn_lun::response(net_fn::app) || rs->sequence.sequence() != sequence ||
             rs->command != command || rs->responder != wire::bmc_address))
    return errc::unmatched_response;
  return rs;
}

/// An App request.
RMCPP_SHARED constexpr wire::lan_request app_request(std::uint8_t command, std::uint8_t sequence, bytes data) noexcept {
  return {.target = wire::net_fn_lun::request(net_fn::app),
          .sequence = wire::seq_lun::of(sequence),
          .command = command,
          .data = data};
}

/// Get Channel Authentication Capabilities, in the v1.5 format that every BMC reads. `want_v2` sets the v2.0 bit.
constexpr result<std::size_t> encode_capabilities_request(std::uint8_t sequence, bool want_v2, privilege level,
                                                          mutable_bytes out) noexcept {
  const auto channel = static_cast<std::uint8_t>((want_v2 ? 0x80 : 0x00) | wire::this_channel);
  std::array<std::uint8_t, 2> data{};
  (void)encode(wire::channel_auth_request{channel, level}, data);
  return encode_sessionless_v15(app_request(wire::app::get_channel_auth_capabilities, sequence, data), out);
}

/// Get Channel Cipher Suites, chunk `index`.
constexpr result<std::size_t> encode_cipher_suites_request(std::uint8_t sequence, std::uint8_t index,
                                                           mutable_bytes out) noexcept {
  std::array<std::uint8_t, 3> data{};
  (void)encode(wire::cipher_suites_request{.list = static_cast<std::uint8_t>(0x80 | index)}, data);
  const auto rq = app_request(wire::app::get_channel_cipher_suites, sequence, data);
  return encode_sessionless_v2(payload_type::ipmi, rq, out);
}

/// What a console asks before it logs in: Get Channel Authentication Capabilities (IPMI v2.0, 22.13), then, where its
/// caller left a choice, Get Channel Cipher Suites (22.15). It knows no timer and no session; nothing that it learns is
/// authenticated, so it decides nothing but what to propose.
class console_discovery {
 public:
  /// The first question is due. For a login in v1.5 it is asked without the v2.0 bit.
  void begin(bool v15) noexcept {
    plain_ = v15;
    listing_ = false;
    listed_ = false;
    refused_ = false;
    refusal_ = {};
    capabilities_ = {};
    fresh_ = true;
  }

  /// Takes a packet from outside a session, an IPMI message in either format.
  template <class Context> console_step take(const Context& c, const wire::seen& packet) noexcept {
    const bool v15 = packet.format == wire::packet_format::v15;
    if (v15 == listing_) return console_step::dropped(errc::unexpected_message);
    return listing_ ? on_cipher_suites(packet.payload()) : on_capabilities(c, packet.payload());
  }

  /// The question stayed without a usable answer until its deadline.
  [[nodiscard]] console_step overdue() const noexcept {
    if (listing_) return {.kind = step_kind::done, .why = errc::timed_out};
    return !refused_ || means_later(completion_code{refusal_.detail}) ? console_step{} : refusal_;
  }
  /// It was asked as often as it may be.
  [[nodiscard]] console_step exhausted() const noexcept {
    return refusal_.why == errc::ok ? console_step::failed(errc::timed_out) : refusal_;
  }

  /// The question that is due. Errors: buffer_too_small; entropy_failure.
  template <class Context> result<std::size_t> encode(const Context& c, mutable_bytes out) noexcept {
    if (fresh_) {
      if (!c.sequences.begin_anywhere(c.random)) return errc::entropy_failure;
      sequence_ = c.sequences.draw(c.now);
      if (listing_ && chunk_ == 0) lists_until_ = c.now + c.options.suites_wait;
      fresh_ = false;
    }
    return listing_ ? encode_cipher_suites_request(sequence_, chunk_, out)
                    : encode_capabilities_request(sequence_, !plain_, c.options.level, out);
  }
  [[nodiscard]] bool lists_suites() const noexcept { return listing_; }
  [[nodiscard]] instant lists_until() const noexcept { return lists_until_; }
  [[nodiscard]] const wire::channel_auth_response& capabilities() const noexcept { return capabilities_; }
  /// v1.5: the first type of the options that the BMC offers.
  [[nodiscard]] wire::auth_type auth() const noexcept { return auth_; }
  /// The BMC's suites; null if it gave no list.
  [[nodiscard]] const wire::cipher_suite_reader* offered() const noexcept { return listed_ ? &reader_ : nullptr; }
  template <class Sink> void describe_state(Sink& sink, instant now) const {
    sink("auth_types", capabilities_.auth_types);
    sink("auth_status", capabilities_.auth_status);
    sink("extended", capabilities_.extended);
    sink("auth", auth_);
    reader_.describe_state(sink);
    sink("refusal", refusal_.why);
    sink("refusal_detail", refusal_.detail);
    sink("sequence", sequence_);
    sink("chunk", chunk_);
    sink("plain", plain_);
    sink("refused", refused_);
    sink("listing", listing_);
    sink("listed", listed_);
    sink("fresh", fresh_);
    sink("lists_until", core::time_left(lists_until_, now));
    sink("last_chunk", last_chunk_);
  }

 private:
  template <class Context> console_step on_capabilities(const Context& c, bytes message) noexcept {
    const auto rs = app_response(wire::app::get_channel_auth_capabilities, sequence_, message);
    if (!rs) return console_step::dropped(rs.error());
    if (rs->code != completion_code::ok) {
      // An IPMI v1.5 BMC may refuse the v2.0 bit; ask without it, and it can say so itself.
      refusal_ = console_step::failed(errc::refused_capabilities, static_cast<std::uint8_t>(rs->code));
      refused_ = true;
      if (plain_ || means_later(rs->code)) return {};
      plain_ = true;
      refused_ = false;
      return {.kind = step_kind::again};
    }
    // Some answer less than is due, some more.
    constexpr std::size_t least = 4;
    if (rs->data.size() < least) return console_step::dropped(errc::truncated);
    std::array<std::uint8_t, 8> whole{};
    core::copy(rs->data.first(rs->data.size() < whole.size() ? rs->data.size() : whole.size()), whole);
    const auto answer = wire::decode<wire::channel_auth_response>(whole);
    if constexpr (Context::traits::v15)
      if (c.is_v15())
        return choose_auth(
            usable_auth_types<typename Context::crypto_type>(c.options.v15, Context::traits::allow_unauthenticated),
            *answer);
    if (!answer->offers_v2()) {
      refusal_ = console_step::failed(errc::peer_lacks_v2);
      refused_ = true;
      return {};
    }
    capabilities_ = *answer;
    listed_ = false;
    if (c.options.suites.size() == 1) return {.kind = step_kind::done};
    listing_ = true;
    chunk_ = 0;
    reader_ = {};
    fresh_ = true;
    return {.kind = step_kind::next};
  }

  console_step choose_auth(const auth_type_list& wanted, const wire::channel_auth_response& answer) noexcept {
    for (const auto t : wanted.view()) {
      if ((answer.auth_types >> static_cast<unsigned>(t) & 1u) == 0) continue;
      auth_ = t;
      capabilities_ = answer;
      return {.kind = step_kind::done};
    }
    const bool none = (answer.auth_types & wire::channel_auth_response::auth_v15_types) == 0;
    refusal_ = console_step::failed(none ? errc::peer_lacks_v15 : errc::no_common_auth_type, answer.auth_types);
    refused_ = true;
    return {};
  }

  console_step on_cipher_suites(bytes message) noexcept {
    const auto rs = app_response(wire::app::get_channel_cipher_suites, sequence_, message);
    if (!rs) return console_step::dropped(rs.error());
    if (rs->code != completion_code::ok) return {.kind = step_kind::done};
    const auto answer = wire::decode<wire::cipher_suites_response>(rs->data);
    if (!answer) return console_step::dropped(answer.error());
    // A BMC that gives the same chunk again does not know of chunks.
    const bool whole = answer->records.size() == decltype(answer->records)::capacity;
    const auto digest = core::request_digest(answer->records);
    const bool same = chunk_ != 0 && digest == last_chunk_;
    if (!same) reader_.push(answer->records);
    last_chunk_ = digest;
    if (whole && !same && chunk_ < wire::cipher_suites_request::last_index) {
      ++chunk_;
      fresh_ = true;
      return {.kind = step_kind::again};
    }
    reader_.finish();
    listed_ = true;
    return {.kind = step_kind::done};
  }

  wire::channel_auth_response capabilities_{};
  wire::cipher_suite_reader reader_{};
  console_step refusal_{};        ///< what it comes to if nothing better is heard: anybody could have said it
  instant lists_until_{};         ///< all chunks have one deadline
  std::uint64_t last_chunk_ = 0;  ///< its digest
  std::uint8_t sequence_ = 0;     ///< rqSeq of the question
  std::uint8_t chunk_ = 0;
  wire::auth_type auth_{};
  bool plain_ = false;    ///< asked without the v2.0 bit
  bool refused_ = false;  ///< `refusal_` is to this question
  bool listing_ = false;  ///< the question is for cipher suites
  bool listed_ = false;   ///< and its answer was read to the end
  bool fresh_ = false;    ///< the question has no rqSeq yet
};

}  // namespace rmcpp::detail
