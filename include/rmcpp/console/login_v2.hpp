// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/context.hpp>
#include <rmcpp/console/login_messages.hpp>
#include <rmcpp/session/random_id.hpp>
#include <rmcpp/session/suite_choice.hpp>
#include <rmcpp/wire/rakp.hpp>

namespace rmcpp::detail {

/// A console's RMCP+ login, Open Session to RAKP 4 (IPMI v2.0, 13.17 to 13.24). At its end the link has its keys and
/// counts from its first packets. It knows no timer, no request, no event and no state of the console.
template <console_config Config> class console_login_v2 {
 public:
  using context = console_context<Config>;

  /// The suites of the options are tried in their order, less those that the BMC's own list lacks, if it gave one.
  void begin(const context& c, const wire::cipher_suite_reader* offered) noexcept {
    candidates_ = suite_candidates(c.options.suites);
    if (offered) candidates_.restrict_to(*offered);
    restarted_ = mute_ = disbelieved_ = false;
    opened_ = 0;
    given_up_ = {};
    open_session(c);
  }

  /// The session's first packet stayed unanswered: the BMC may have forgotten it. Restart, once; else failed.
  console_step first_packet_unanswered(const context& c) noexcept {
    if (mute_ || !may_restart(c)) return fail(errc::timed_out);
    mute_ = true;
    return restart(c);
  }

  /// Nothing is known of a login yet.
  void forget() noexcept { given_up_ = {}; }
  /// No answer is taken any more.
  void end() noexcept { stage_ = stage::none; }

  /// Takes a payload from outside a session. An answer that comes after the next message was sent is one too many, so
  /// something was repeated.
  console_step take(const context& c, payload_type type, bytes payload) noexcept {
    const bool waited_for = (type == payload_type::open_session_response && stage_ == stage::open_session) ||
                            (type == payload_type::rakp2 && stage_ == stage::rakp1) ||
                            (type == payload_type::rakp4 && stage_ == stage::rakp3);
    repeated_ = repeated_ || (!waited_for && stage_ != stage::none);
    switch (type) {
      case payload_type::open_session_response: return on_open_session_response(c, payload);
      case payload_type::rakp2: return on_rakp2(c, payload);
      case payload_type::rakp4: return on_rakp4(c, payload);
      default: return console_step::dropped(errc::bad_payload_type);
    }
  }

  /// The deadline of the message sent last: what was put off until then. Stay: it may be sent again.
  console_step overdue(const context& c) noexcept {
    if (stage_ == stage::rakp1 && has_older_rakp2_) {
      transcript_.managed_random = older_managed_random_;
      transcript_.managed_guid = older_managed_guid_;
      key kuid(c.crypto, suite_.authentication, c.options.password.reveal());
      return prove(c, kuid);
    }
    if (remembered_.error != errc::ok) return act_on_refusal(c, remembered_.error, remembered_.detail);
    return {};
  }

  /// The message was sent as often as it may be.
  console_step exhausted() noexcept { return fail(errc::timed_out); }

  /// The message that is due, under a new tag. Errors: entropy_failure; buffer_too_small.
  result<std::size_t> encode(const context& c, mutable_bytes out) noexcept {
    if (fresh_ && !draw_random(c)) return errc::entropy_failure;
    repeated_ = repeated_ || sent_;
    sent_ = true;
    const auto tag = static_cast<std::uint8_t>(c.tag + 1);
    switch (stage_) {
      case stage::open_session: {
        const auto level = c.options.quirks.open_session_privilege ? c.options.level : privilege::highest;
        return encode_open_session_request(tag, level, console_id_, suite_, out);
      }
      case stage::rakp1: return encode_rakp1(tag, transcript_, out);
      default: return encode_rakp3(tag, rakp_status::no_errors, managed_id(), rakp3_, out);
    }
  }
  /// RAKP 3 with a status: tells the BMC that its RAKP 2 was not believed, so that it frees the slot (13.22).
  result<std::size_t> encode_farewell(std::uint8_t last_tag, mutable_bytes out) const noexcept {
    return encode_rakp3(static_cast<std::uint8_t>(last_tag + 1), rakp_status::invalid_integrity_check_value,
                        managed_id(), {}, out);
  }

  /// The suite proposed last.
  [[nodiscard]] const wire::cipher_suite& suite() const noexcept { return suite_; }
  [[nodiscard]] const suite_given_up& given_up() const noexcept { return given_up_; }
  [[nodiscard]] const protect::rakp_transcript& transcript() const noexcept { return transcript_; }
  /// SIDm, by which packets to us are known.
  [[nodiscard]] session_id id() const noexcept { return console_id_; }
  [[nodiscard]] session_id managed_id() const noexcept { return transcript_.managed_id; }
  template <class Sink> void describe_state(Sink& sink) const {
    candidates_.describe_state(sink);
    sink("suite", suite_.id);
    sink("stage", stage_);
    sink("first_tag", first_tag_);
    sink("fresh", fresh_);
    sink("restarted", restarted_);
    sink("mute", mute_);
    sink("disbelieved", disbelieved_);
    sink("sent", sent_);
    sink("repeated", repeated_);
    sink("given_up", given_up_.suite);
    sink("opened", opened_);
    sink("remembered", remembered_.error);
    sink("remembered_detail", remembered_.detail);
    sink("id", console_id_);
    transcript_.describe_state(sink);
    sink("has_older_rakp2", has_older_rakp2_);
    sink("older_managed_random", bytes(older_managed_random_));
    sink("older_managed_guid", bytes(older_managed_guid_));
    sink("rakp3", rakp3_.view());
    sink("rakp4", rakp4_.view());
  }

 private:
  using key = protect::login_key<typename context::crypto_type>;
  enum class stage : std::uint8_t { none, open_session, rakp1, rakp3 };
  struct refusal {
    errc error = errc::ok;
    std::uint8_t detail = 0;
  };

  RMCPP_SHARED void enter(const context& c, stage s) noexcept {
    stage_ = s;
    sent_ = false;
    remembered_ = {};
    has_older_rakp2_ = false;
    first_tag_ = static_cast<std::uint8_t>(c.tag + 1);
  }
  void open_session(const context& c) noexcept {
    enter(c, stage::open_session);
    suite_ = candidates_.current();
    fresh_ = true;
    repeated_ = false;
    ++opened_;
  }
  console_step restart(const context& c) noexcept {
    open_session(c);
    return {.kind = step_kind::restart};
  }
  console_step fail(errc why, std::uint8_t detail = 0) noexcept {
    stage_ = stage::none;
    return console_step::failed(why, detail);
  }
  [[nodiscard]] bool may_restart(const context& c) const noexcept { return opened_ < c.options.retry.tries; }
  /// Whether a refusal or a wrong code is not believed yet. Some BMCs take a repeat for another message (OpenBMC hashes
  /// SIK twice into a repeated RAKP 4), and what they answer then is no verdict on password and K_g.
  bool doubts(const context& c) noexcept {
    if (!repeated_ || disbelieved_ || !may_restart(c)) return false;
    disbelieved_ = true;
    return true;
  }
  /// RAKP 2 or 4 has a code that cannot be right, or is not.
  console_step disbelieve(const context& c, errc why, std::size_t size = 0) noexcept {
    return doubts(c) ? restart(c) : fail(why, static_cast<std::uint8_t>(size));
  }

  // ---- what the answers share (13.24) ----

  struct answer_head {
    std::uint8_t tag;
    rakp_status status;
    session_id console_id;
  };

  /// Next: an answer is good and for us; else what it is instead. An error status is acted on at once if tag and SIDm
  /// are ours, else remembered until the deadline, because anybody could have sent it (and OpenBMC and ipmi_sim send
  /// errors that lack them).
  console_step judge(const context& c, answer_head m, errc refused) noexcept {
    const bool ours = m.console_id == console_id_;
    if (m.status == rakp_status::no_errors) {
      if (!is_own_tag(c, m.tag)) return console_step::dropped(errc::wrong_tag);
      return ours ? console_step{.kind = step_kind::next} : console_step::dropped(errc::unknown_session);
    }
    const auto detail = static_cast<std::uint8_t>(m.status);
    if (m.tag == c.tag && ours) return act_on_refusal(c, refused, detail);
    if (m.console_id != session_id::none && !ours) return console_step::dropped(errc::unknown_session);
    remembered_ = {refused, detail};
    return {};
  }

  console_step act_on_refusal(const context& c, errc why, std::uint8_t detail) noexcept {
    if (doubts(c)) return restart(c);
    if (why == errc::refused_open_session) return next_suite(c, why, detail);
    const auto code = static_cast<rakp_status>(detail);
    // The BMC forgot the login: RAKP 1 came late, or a flood of others took its place.
    const bool forgotten = code == rakp_status::invalid_session_id;
    if (forgotten && may_restart(c)) return restart(c);
    if (why != errc::refused_rakp4 || !(forgotten || code == rakp_status::invalid_integrity_check_value))
      return fail(why, detail);
    // RAKP 2 proved that both sides hold the same password, so this is K_g, or a BMC that lost the login.
    if (restarted_ || !may_restart(c)) return fail(errc::kg_or_bmc_state, detail);
    restarted_ = true;
    return restart(c);
  }

  console_step next_suite(const context& c, errc why, std::uint8_t detail) noexcept {
    if (given_up_.suite == suite_given_up::none) given_up_ = {suite_.id, why, detail};
    if (candidates_.advance()) {
      opened_ = 0;
      return restart(c);
    }
    const bool about_suites = why == errc::algorithms_differ || is_about_suites(static_cast<rakp_status>(detail));
    return fail(candidates_.has_choice() && about_suites ? errc::no_common_suite : why, detail);
  }

  // ---- Open Session (13.17, 13.18) ----

  console_step on_open_session_response(const context& c, bytes payload) noexcept {
    if (stage_ != stage::open_session) return console_step::dropped(errc::unexpected_message);
    const auto m = wire::decode<wire::open_session_response>(payload);
    if (!m) return console_step::dropped(m.error());
    const auto judged = judge(c, {m->tag, m->status, m->console_id}, errc::refused_open_session);
    if (judged.kind != step_kind::next) return judged;
    if (m->managed_id == session_id::none) return fail(errc::bad_managed_id);
    const wire::cipher_suite chosen{suite_.id, m->authentication.algorithm, m->integrity.algorithm,
                                    m->confidentiality.algorithm};
    if (chosen != suite_ || m->authentication.is_any() || m->integrity.is_any() || m->confidentiality.is_any())
      return next_suite(c, errc::algorithms_differ, 0);
    transcript_.console_id = console_id_;
    transcript_.managed_id = m->managed_id;
    transcript_.role = role_byte::of(c.options.level, c.options.name_only);
    transcript_.name = c.options.name;
    fresh_ = true;
    enter(c, stage::rakp1);
    return {.kind = step_kind::next};
  }

  // ---- RAKP 1 and 2 (13.20, 13.21) ----

  console_step on_rakp2(const context& c, bytes payload) noexcept {
    if (stage_ != stage::rakp1) return console_step::dropped(errc::unexpected_message);
    const auto m = wire::decode<wire::rakp2>(payload);
    if (!m) return console_step::dropped(m.error());
    const auto judged = judge(c, {m->tag, m->status, m->console_id}, errc::refused_rakp2);
    if (judged.kind != step_kind::next) return judged;
    protect::rakp_transcript heard = transcript_;
    heard.managed_random = m->managed_random;
    heard.managed_guid = m->managed_guid;
    key kuid(c.crypto, suite_.authentication, c.options.password.reveal());
    const auto expected = kuid.rakp2(heard);
    if (!expected) {
      auto step = fail(expected.error());
      step.taken = expected.error();
      return step;
    }
    const bool verified = equal_constant_time(*expected, m->code);
    if (verified && (core::all_zero(m->managed_random) || core::equal(m->managed_random, transcript_.console_random)))
      return fail(errc::weak_random);
    if (m->tag != c.tag) {
      // The answer to an earlier try. It serves if the last try stays unanswered: the BMC may have drawn a new Rc.
      if (!verified) return console_step::dropped(errc::wrong_tag);
      older_managed_random_ = m->managed_random;
      older_managed_guid_ = m->managed_guid;
      has_older_rakp2_ = true;
      return {};
    }
    if (!verified) {
      const std::size_t size = m->code.size();
      auto step =
          size == expected->size() ? disbelieve(c, errc::bad_rakp2_code) : disbelieve(c, errc::wrong_rakp2_size, size);
      if (step.kind == step_kind::failed) step.kind = step_kind::farewell;
      return step;
    }
    transcript_ = heard;
    return prove(c, kuid);
  }

  /// RAKP 2 verified: the code of RAKP 3, the value that RAKP 4 must have, and the keys of the link, which are not used
  /// before RAKP 4 has it.
  console_step prove(const context& c, key& kuid) noexcept {
    const auto code = kuid.rakp3(transcript_);
    protect::login_outcome outcome;
    status made = code ? finish_login(c.crypto, kuid, c.options.kg, suite_, transcript_, outcome) : code.error();
    if (made) made = c.link.load(c.crypto, suite_, outcome.keys, c.options.password);
    if (!made) return fail(errc::crypto_failure);
    rakp3_ = *code;
    rakp4_ = outcome.rakp4;
    enter(c, stage::rakp3);
    return {.kind = step_kind::next};
  }

  // ---- RAKP 3 and 4 (13.22, 13.23) ----

  console_step on_rakp4(const context& c, bytes payload) noexcept {
    if (stage_ != stage::rakp3) return console_step::dropped(errc::unexpected_message);
    const auto m = wire::decode<wire::rakp4>(payload);
    if (!m) return console_step::dropped(m.error());
    const auto judged = judge(c, {m->tag, m->status, m->console_id}, errc::refused_rakp4);
    if (judged.kind != step_kind::next) return judged;
    if (!protect::rakp4_code_size_fits(suite_.authentication, m->code.size()))
      return disbelieve(c, errc::wrong_rakp4_size, m->code.size());
    if (!protect::rakp4_code_fits(suite_.authentication, rakp4_, m->code)) return disbelieve(c, errc::bad_rakp4_code);
    c.link.begin(managed_id(),
                 c.options.strict_window ? protect::window_rule::strict : protect::window_rule::any_forward_wide);
    stage_ = stage::none;
    return {.kind = step_kind::done};
  }

  /// Whether a reply's tag is one of those used since this message was first sent; of an Open Session only the last.
  [[nodiscard]] bool is_own_tag(const context& c, std::uint8_t tag) const noexcept {
    if (stage_ == stage::open_session) return tag == c.tag;
    return static_cast<std::uint8_t>(c.tag - tag) <= static_cast<std::uint8_t>(c.tag - first_tag_);
  }

  /// A new SIDm for each Open Session, a new Rm for each login; retries keep them.
  bool draw_random(const context& c) noexcept {
    fresh_ = false;
    if (stage_ == stage::rakp1) return c.random.fill(transcript_.console_random);
    const auto id = detail::random_session_id(c.random);
    console_id_ = *id;
    return id.has_value();
  }

  suite_candidates candidates_{};
  wire::cipher_suite suite_{};
  stage stage_ = stage::none;
  std::uint8_t first_tag_ = 0;
  bool fresh_ = false;     ///< the next message has a random number that is not drawn yet
  bool sent_ = false;      ///< the message of this stage was
  bool repeated_ = false;  ///< since the Open Session: a message of ours, or an answer
  // What brought a restart once and brings none again:
  bool restarted_ = false;    ///< RAKP 4 refused though RAKP 2 verified
  bool mute_ = false;         ///< the session's first packet unanswered
  bool disbelieved_ = false;  ///< a verdict after a repeat
  std::uint8_t opened_ = 0;   ///< Open Sessions of this suite; restarts are granted while there are tries
  bool has_older_rakp2_ = false;
  refusal remembered_{};
  suite_given_up given_up_{};
  session_id console_id_{};
  protect::rakp_transcript transcript_{};
  wire::nonce older_managed_random_{};
  guid older_managed_guid_{};
  wire::rakp_code rakp3_{};  ///< what we send, and send again
  wire::rakp_code rakp4_{};  ///< what the BMC must answer, untruncated
};

}  // namespace rmcpp::detail
