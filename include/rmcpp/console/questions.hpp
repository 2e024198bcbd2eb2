// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/console/control.hpp>
#include <rmcpp/console/discovery.hpp>
#include <rmcpp/console/effort.hpp>
#include <rmcpp/console/login_v15.hpp>
#include <rmcpp/console/login_v2.hpp>
#include <rmcpp/session/keyed.hpp>

namespace rmcpp::detail {

/// What a console asks of its own accord, one question at a time: what the BMC offers, the login, and then the
/// commands that begin, keep and end the session. Here are the questions' tags, tries and deadlines.
template <console_config Config> class console_questions {
 public:
  using context = console_context<Config>;
  using traits = typename context::traits;

  [[nodiscard]] const console_discovery& discovery() const noexcept { return discovery_; }
  [[nodiscard]] const console_login_v2<Config>& login() const noexcept { return login_; }

  /// In the BMC's packets.
  [[nodiscard]] session_id id() const noexcept {
    if constexpr (traits::v15)
      if (login_v15_.id() != session_id::none) return login_v15_.id();
    return login_.id();
  }
  /// In ours.
  [[nodiscard]] session_id managed_id() const noexcept {
    if constexpr (traits::v15)
      if (login_v15_.id() != session_id::none) return login_v15_.id();
    return login_.managed_id();
  }

  // Each makes its first question due.
  void begin_discovery(const context& c) noexcept {
    effort_.begin_login(c.now);
    discovery_.begin(c.is_v15());
    login_.forget();
    ask(c, about::discovery);
  }
  void begin_login(const context& c) noexcept {
    if constexpr (traits::v15)
      if (c.is_v15()) login_v15_.begin(discovery_.auth());
    if (!c.is_v15()) login_.begin(c, discovery_.offered());
    ask(c, about::login);
  }
  void begin_control(const context& c, std::uint8_t command) noexcept {
    control_.begin(c, command);
    ask(c, about::control);
  }
  /// The part has another question than before.
  void ask_next(const context& c) noexcept { ask(c, about_); }
  /// No answer is waited for.
  void cancel() noexcept { schedule_.cancel(); }
  /// No login is in progress any more.
  void end() noexcept {
    cancel();
    login_.end();
    if constexpr (traits::v15) login_v15_.end();
  }

  [[nodiscard]] bool due() const noexcept { return schedule_.due(); }
  /// Whether nothing is asked.
  [[nodiscard]] bool idle() const noexcept { return schedule_.idle(); }
  [[nodiscard]] instant deadline() const noexcept { return schedule_.deadline(); }

  /// Takes a packet from outside a session, or from one that is not active yet.
  console_step take(const context& c, const wire::seen& packet) noexcept {
    if (schedule_.unsent()) return console_step::dropped(errc::unexpected_message);
    if constexpr (traits::v15)
      if (c.is_v15() && about_ == about::login) return login_v15_.take(c, packet);
    if (packet.kind.type() != payload_type::ipmi) return login_.take(c, packet.kind.type(), packet.payload());
    if (about_ != about::discovery) return console_step::dropped(errc::unexpected_message);
    return discovery_.take(c, packet);
  }
  /// Whether a message from within the session answers the command.
  [[nodiscard]] bool is_answer(const wire::lan_response& rs) const noexcept {
    return !schedule_.unsent() && control_.is_answer(rs);
  }
  /// Takes that answer. Sets `level` to what was granted.
  console_step take(const wire::lan_response& rs, privilege& level) noexcept {
    const auto step = control_.take(rs, level);
    if (step.kind != step_kind::stay) cancel();
    return step;
  }

  /// Whether the deadline has come: overdue() says what follows.
  [[nodiscard]] bool overdue(instant now) const noexcept { return schedule_.overdue(now); }
  /// Stay: the question is due again. Else its tries are used up, or it was refused and nothing better came: failed or
  /// farewell, with the cause, timed_out for silence; done without the list of suites, which is optional; or what a
  /// login makes of it, restart among it.
  console_step overdue(const context& c) noexcept {
    console_step step;
    if (about_ == about::discovery) step = discovery_.overdue();
    if (about_ == about::login) step = with_login(c, [&](auto& login) { return login.overdue(c); });
    if (step.kind != step_kind::stay || schedule_.again(patience(c), c.now)) return step;
    if (about_ == about::discovery) return discovery_.exhausted();
    if (about_ == about::login) return with_login(c, [](auto& login) { return login.exhausted(); });
    if (!control_.begins_session())
      return console_step::failed(control_.says_goodbye() ? errc::timed_out : errc::session_lost);
    if (control_.was_busy()) return control_.refusal();
    about_ = about::login;
    return with_login(c, [&](auto& login) { return login.first_packet_unanswered(c); });
  }

  /// The question that is due. Errors: buffer_too_small; entropy_failure; crypto_failure.
  result<std::size_t> encode(const context& c, mutable_bytes out) noexcept {
    const auto n = write(c, out);
    if (!n) return n;
    schedule_.sent(patience(c), c.now);
    effort_.sent();
    return n;
  }
  /// What tells the BMC that its RAKP 2 was not believed.
  result<std::size_t> encode_farewell(mutable_bytes out) const noexcept { return login_.encode_farewell(tag_, out); }

  /// Message tag of the datagram sent last outside the session.
  [[nodiscard]] std::uint8_t tag() const noexcept { return tag_; }
  [[nodiscard]] effort_meter& effort() noexcept { return effort_; }
  template <class Sink> void describe_state(Sink& sink, instant now) const {
    discovery_.describe_state(sink, now);
    login_.describe_state(sink);
    if constexpr (traits::v15) login_v15_.describe_state(sink);
    control_.describe_state(sink);
    schedule_.describe_state(sink, now);
    sink("about", about_);
    sink("tag", tag_);
  }

 private:
  struct nothing {};
  using login_v15 = std::conditional_t<traits::v15, console_login_v15<Config>, nothing>;
  enum class about : std::uint8_t { discovery, login, control };

  /// The login of the format that was asked for.
  template <class F> auto with_login(const context& c, F&& f) noexcept {
    if constexpr (traits::v15)
      if (c.is_v15()) return f(login_v15_);
    return f(login_);
  }

  void ask(const context& c, about what) noexcept {
    about_ = what;
    schedule_.begin();
    effort_.begin_step(c.now);
  }
  result<std::size_t> write(const context& c, mutable_bytes out) noexcept {
    if (about_ == about::control) return c.link.seal_message(c.crypto, c.random, control_.message(), out);
    const auto n = about_ == about::discovery ? discovery_.encode(c, out)
                                              : with_login(c, [&](auto& login) { return login.encode(c, out); });
    if (n) ++tag_;
    return n;
  }
  /// How long a question waits for its answer. Nobody waits long for the answer to a farewell, and many BMCs do not
  /// give their cipher suites: all chunks of the list have one deadline.
  [[nodiscard]] retry_policy patience(const context& c) const noexcept {
    if (about_ == about::control && control_.says_goodbye()) return farewell_retry;
    if (about_ == about::discovery && discovery_.lists_suites()) {
      const milliseconds left{static_cast<std::uint32_t>(core::time_left(discovery_.lists_until(), c.now))};
      return {.first = left, .longest = left};
    }
    return c.options.retry;
  }

  console_discovery discovery_{};
  console_login_v2<Config> login_{};
  [[no_unique_address]] login_v15 login_v15_{};
  console_control control_{};
  left_empty<retry_schedule> schedule_{};
  effort_meter effort_{};
  about about_{};
  std::uint8_t tag_ = 0;  ///< counts what was sent outside the session
};

}  // namespace rmcpp::detail
