// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/discovery.hpp>
#include <rmcpp/session/random_id.hpp>
#include <rmcpp/wire/session_challenge.hpp>

namespace rmcpp::detail {

/// A console's IPMI v1.5 login: Get Session Challenge, then Activate Session (IPMI v2.0, 22.16 and 22.17). At its end
/// the link counts from the session's first packets. It knows no timer, no request, no event and no state of the
/// console.
///
/// What is heard before the session is active proves nothing but that its sender saw our question, so a refusal is
/// believed at the deadline only, unless it is under a right authcode.
template <console_config Config> class console_login_v15 {
 public:
  using context = console_context<Config>;

  void begin(wire::auth_type type) noexcept {
    type_ = type;
    mute_ = renewed_ = false;
    id_ = {};
    enter(stage::challenge);
  }
  /// The session's first packet stayed unanswered: the BMC may have forgotten it. Restart, once; else failed.
  console_step first_packet_unanswered(const context&) noexcept {
    if (mute_) return fail(errc::timed_out);
    mute_ = true;
    return renew();
  }
  /// No answer is taken any more.
  void end() noexcept { stage_ = stage::none; }

  /// Takes a v1.5 packet: from outside a session, or with the temporary id.
  console_step take(const context& c, const wire::seen& packet) noexcept {
    if (stage_ == stage::none || packet.format != wire::packet_format::v15)
      return console_step::dropped(errc::unexpected_message);
    const bool proven = packet.id != session_id::none;
    bytes message = packet.payload();
    if (proven) {
      if (stage_ != stage::activate || packet.id != c.link.v15().peer_id())
        return console_step::dropped(errc::unknown_session);
      const auto opened = c.link.open(c.crypto, packet);
      if (!opened) return console_step::dropped(opened.error());
      message = opened->message();
    }
    const auto rs = app_response(command(), sequence_, message);
    if (!rs) return console_step::dropped(rs.error());
    if (rs->code != completion_code::ok) return on_refusal(c, rs->code, proven);
    if (proven) return on_activated(c, rs->data);
    return stage_ == stage::challenge ? on_challenge(c, rs->data) : console_step::dropped(errc::not_authenticated);
  }

  /// The deadline of the message sent last. Stay: it may be sent again; a BMC that is busy may answer better then.
  console_step overdue(const context& c) noexcept {
    if (refused_ && !means_later(refusal_)) return exhausted();
    // Silence may also mean that the BMC forgot the challenge: once more with a new one, when half of the tries are
    // used up.
    const bool half = stage_ == stage::activate && sent_ * 2 > c.options.retry.tries;
    return half && !refused_ && !renewed_ ? renew() : console_step{};
  }
  /// It was sent as often as it may be.
  [[nodiscard]] console_step exhausted() noexcept {
    const bool activates = stage_ == stage::activate;
    if (refused_)
      return fail(activates ? errc::refused_activation : errc::refused_challenge, static_cast<std::uint8_t>(refusal_));
    return fail(activates ? errc::activation_unanswered : errc::timed_out);
  }

  /// The message that is due. Errors: entropy_failure; buffer_too_small; crypto_failure.
  result<std::size_t> encode(const context& c, mutable_bytes out) noexcept {
    if (fresh_) sequence_ = c.sequences.draw(c.now);
    fresh_ = false;
    ++sent_;
    if (stage_ == stage::challenge) {
      wire::session_challenge_request m{.type = type_};
      core::copy(c.options.name.view(), m.name);
      std::array<std::uint8_t, 17> data{};
      (void)wire::encode(m, data);
      return encode_sessionless_v15(app_request(command(), sequence_, data), out);
    }
    if (first_in_ == 0 && !draw_first_number(c)) return errc::entropy_failure;
    std::array<std::uint8_t, 22> data{};
    (void)wire::encode(wire::activate_session_request{type_, c.options.level, challenge_, first_in_}, data);
    return c.link.seal_message(c.crypto, c.random, app_request(command(), sequence_, data), out);
  }

  /// Of the session, in both directions; none before it is active.
  [[nodiscard]] session_id id() const noexcept { return id_; }
  template <class Sink> void describe_state(Sink& sink) const {
    sink("v15_id", id_);
    sink("v15_type", type_);
    sink("v15_stage", stage_);
    sink("v15_sequence", sequence_);
    sink("v15_fresh", fresh_);
    sink("v15_sent", sent_);
    sink("v15_mute", mute_);
    sink("v15_renewed", renewed_);
    sink("v15_refused", refused_);
    sink("v15_refusal", refusal_);
    sink("v15_first_in", first_in_);
    sink("v15_challenge", bytes(challenge_));
  }

 private:
  enum class stage : std::uint8_t { none, challenge, activate };

  void enter(stage s) noexcept {
    stage_ = s;
    fresh_ = true;
    sent_ = 0;
    refused_ = false;
    first_in_ = 0;
  }
  RMCPP_SHARED console_step renew() noexcept {
    renewed_ = true;
    enter(stage::challenge);
    return {.kind = step_kind::restart};
  }
  console_step fail(errc why, std::uint8_t detail = 0) noexcept {
    stage_ = stage::none;
    return console_step::failed(why, detail);
  }
  [[nodiscard]] std::uint8_t command() const noexcept {
    return stage_ == stage::challenge ? wire::app::get_session_challenge : wire::app::activate_session;
  }
  /// `proven`: under a right authcode.
  console_step on_refusal(const context& c, completion_code code, bool proven) noexcept {
    if (proven && !means_later(code)) return fail(errc::refused_activation, static_cast<std::uint8_t>(code));
    if (proven) c.link.begin(c.link.v15().peer_id(), 0, first_in_);  // the answer to the repeat has the same number
    refused_ = true;
    refusal_ = code;
    return {};
  }

  console_step on_challenge(const context& c, bytes data) noexcept {
    const auto m = wire::decode_prefix<wire::session_challenge_response>(data);
    if (!m) return console_step::dropped(m.error());
    if (m->message.temporary_id == session_id::none) return fail(errc::bad_managed_id);
    if (const status made = c.link.load(c.crypto, type_, c.options.password); !made) return fail(made.error());
    challenge_ = m->message.challenge;
    enter(stage::activate);
    c.link.begin(m->message.temporary_id, 0, 0);
    return {.kind = step_kind::next};
  }

  /// The BMC's first packet, under the temporary id. Its number is the one that we asked for.
  console_step on_activated(const context& c, bytes data) noexcept {
    const auto decoded = wire::decode_prefix<wire::activate_session_response>(data);
    if (!decoded) return console_step::dropped(decoded.error());
    const wire::activate_session_response& m = decoded->message;
    if (m.id == session_id::none || m.first_to_bmc == 0) return fail(errc::bad_activation);
    const bool bare = m.type == wire::auth_type::none && type_ != wire::auth_type::none && c.options.v15_bare;
    if (m.type != type_ && !bare) return fail(errc::weaker_authentication, static_cast<std::uint8_t>(m.type));
    // Some BMCs number their next packet as this one.
    c.link.begin(m.id, m.first_to_bmc, first_in_);
    if (bare) c.link.go_bare();
    id_ = m.id;
    stage_ = stage::none;
    return {.kind = step_kind::done};
  }

  /// The number of the BMC's first packet, never 0. The link takes it as its window's start.
  bool draw_first_number(const context& c) noexcept {
    const auto id = detail::random_session_id(c.random);
    if (!id) return false;
    first_in_ = to_integer(*id);
    c.link.begin(c.link.v15().peer_id(), 0, first_in_);
    return true;
  }

  octets16 challenge_{};
  session_id id_{};
  std::uint32_t first_in_ = 0;  ///< 0: not drawn yet
  wire::auth_type type_{};
  stage stage_ = stage::none;
  completion_code refusal_{};
  std::uint8_t sequence_ = 0;  ///< rqSeq
  std::uint8_t sent_ = 0;      ///< how often the message was
  bool fresh_ = false;         ///< the message has no rqSeq yet
  bool refused_ = false;       ///< `refusal_` is to this message
  bool mute_ = false;          ///< a session's first packet stayed unanswered already
  bool renewed_ = false;       ///< this is not the first challenge
};

}  // namespace rmcpp::detail
