// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/suite.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/open_session.hpp>

/// \file
/// How each side settles on a cipher suite.

namespace rmcpp {

/// Suite ids by preference.
using suite_list = bounded<20>;

inline constexpr suite_list default_suites{17, 3};

}  // namespace rmcpp

namespace rmcpp::detail {

/// Whether a build has the suite: known, possible with the backend, and with proof of identity unless that is waived.
template <crypto::backend B> constexpr bool may_use(std::uint8_t id, bool allow_unauthenticated) noexcept {
  const auto* suite = wire::find_suite(id);
  return suite && protect::supports<B>(*suite) &&
         (allow_unauthenticated || suite->authentication != wire::authentication_algorithm::rakp_none);
}

/// The part of `wanted` that a build has, in the same order.
template <crypto::backend B>
constexpr suite_list usable_suites(const suite_list& wanted, bool allow_unauthenticated) noexcept {
  std::array<std::uint8_t, suite_list::capacity> list{};
  std::size_t n = 0;
  for (const auto id : wanted.view())
    if (may_use<B>(id, allow_unauthenticated)) list[n++] = id;
  suite_list usable;
  (void)usable.assign(bytes(list).first(n));
  return usable;
}

/// Whether a suite is what a proposal asks for; a null payload asks for nothing.
constexpr bool fits(const wire::open_session_request& rq, const wire::cipher_suite& s) noexcept {
  return (rq.authentication.is_any() || rq.authentication.algorithm == s.authentication) &&
         (rq.integrity.is_any() || rq.integrity.algorithm == s.integrity) &&
         (rq.confidentiality.is_any() || rq.confidentiality.algorithm == s.confidentiality);
}

/// The BMC's side: the first of our suites that fits the proposal; a null payload leaves that algorithm to us, but
/// never brings a login without authentication. Sets `chosen` on success, else returns the status to refuse with.
template <crypto::backend B>
constexpr rakp_status negotiate(const wire::open_session_request& rq, bytes suites,
                                const wire::cipher_suite*& chosen) noexcept {
  if (!rq.authentication.is_any() && !protect::supports<B>(rq.authentication.algorithm))
    return rakp_status::invalid_authentication_algorithm;
  if (!rq.integrity.is_any() && !protect::supports<B>(rq.integrity.algorithm))
    return rakp_status::invalid_integrity_algorithm;
  if (!rq.confidentiality.is_any() && !protect::supports<B>(rq.confidentiality.algorithm))
    return rakp_status::invalid_confidentiality_algorithm;
  for (const auto id : suites) {
    const wire::cipher_suite& s = *wire::find_suite(id);
    const bool unasked = rq.authentication.is_any() && s.authentication == wire::authentication_algorithm::rakp_none;
    if (unasked || !fits(rq, s)) continue;
    chosen = &s;
    return rakp_status::no_errors;
  }
  return rakp_status::no_cipher_suite_match;
}

}  // namespace rmcpp::detail

namespace rmcpp {

/// The highest privilege that each standard suite may bring.
/// Without a limit of its own a suite brings what user and channel allow.
class suite_limits {
 public:
  constexpr suite_limits() noexcept {
    for (auto& level : levels_) level = privilege::oem;
  }
  /// Ignored for ids that are not standard.
  constexpr void set(std::uint8_t id, privilege level) noexcept {
    if (id < levels_.size()) levels_[id] = level;
  }
  [[nodiscard]] constexpr privilege of(const wire::cipher_suite& s) const noexcept {
    return s.id < levels_.size() ? levels_[s.id] : privilege::oem;
  }

 private:
  std::array<privilege, wire::standard_suites.size()> levels_{};
};

}  // namespace rmcpp

namespace rmcpp::detail {

/// The level that an Open Session Response grants: what was asked (0: the highest), but not above channel or suite.
constexpr privilege granted(privilege asked, privilege channel, privilege suite) noexcept {
  const privilege most = channel < suite ? channel : suite;
  return asked == privilege::highest || asked > most ? most : asked;
}

/// Whether a refused Open Session is about the algorithms, so that another suite may fare better.
constexpr bool is_about_suites(rakp_status s) noexcept {
  return s == rakp_status::invalid_authentication_algorithm || s == rakp_status::invalid_integrity_algorithm ||
         s == rakp_status::invalid_confidentiality_algorithm || s == rakp_status::no_cipher_suite_match;
}

/// The console's side: the caller's list, tried in order, less what the BMC says it lacks. A BMC whose list has none of
/// ours is not believed.
class suite_candidates {
 public:
  constexpr suite_candidates() noexcept = default;
  constexpr explicit suite_candidates(const suite_list& list) noexcept : list_(list) {}

  /// Whether there is a choice, so that asking the BMC is worth a datagram.
  [[nodiscard]] constexpr bool has_choice() const noexcept { return list_.size() > 1; }
  [[nodiscard]] constexpr const wire::cipher_suite& current() const noexcept {
    return *wire::find_suite(list_.view()[index_]);
  }

  /// Takes the BMC's list, finished; before the first Open Session.
  constexpr void restrict_to(const wire::cipher_suite_reader& offered) noexcept {
    offered_ = offered;
    restricted_ = false;
    for (const auto id : list_.view()) restricted_ = restricted_ || offered.offers(id);
    if (restricted_ && !offered_.offers(list_.view()[0])) advance();
  }
  /// Moves on to the next worth trying; false if there is none, and then the current one stays.
  constexpr bool advance() noexcept {
    for (std::size_t i = index_ + 1u; i < list_.size(); ++i) {
      if (restricted_ && !offered_.offers(list_.view()[i])) continue;
      index_ = static_cast<std::uint8_t>(i);
      return true;
    }
    return false;
  }
  template <class Sink> constexpr void describe_state(Sink& sink) const {
    sink("candidates", list_.view());
    sink("candidate", index_);
    sink("restricted", restricted_);
    offered_.describe_state(sink);
  }

 private:
  suite_list list_{};
  wire::cipher_suite_reader offered_{};
  std::uint8_t index_ = 0;
  bool restricted_ = false;
};

}  // namespace rmcpp::detail
