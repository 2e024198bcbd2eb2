// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/book.hpp>
#include <rmcpp/follower/credentials.hpp>

namespace rmcpp::detail {

/// Finds the login that a setup answer belongs to. An answer names it by the console's id alone, under which there may
/// be several: a BMC that takes a retry of the Open Session Request for a new login gives a second id of its own.
template <crypto::backend B, class Book> class addressee_finder {
  using session = typename Book::session;
  static constexpr std::size_t max_tries = 16;  ///< logins whose codes are computed for one answer

 public:
  addressee_finder(login_secrets<B>& secrets, Book& book) noexcept : secrets_(secrets), book_(book) {}

  /// Of several logins under its id that whose answer it is, else by the id, else the last login that began; then
  /// `echoed` tells whether the id is right. Null without any.
  template <class M> session* of(const conversation_facts& c, const M& m, bool& echoed) noexcept {
    if (session* s = one_of_several(c, m)) return s;
    if (session* s = book_.find(c, Book::console_key, m.console_id, Book::logging_in)) return s;
    if (session* s = book_.newest(c, Book::console_key, m.console_id)) return s;
    session* s = Book::pending(c);
    echoed = !s || s->console_id == session_id::none;
    return s;
  }

 private:
  static session* one_of_several(const conversation_facts&, const wire::open_session_response&) noexcept {
    return nullptr;
  }
  /// The one whose code it is, else the newest that asked since its Open Session Request.
  template <class M> session* one_of_several(const conversation_facts& c, const M& m) noexcept {
    const auto under_way = [&](auto&& accept) {
      return book_.find_among_all(c, Book::console_key, m.console_id,
                                  [&](session& s) { return Book::logging_in(s) && accept(s); });
    };
    std::size_t count = 0;
    (void)under_way([&](const session&) { return ++count == 2; });
    if (count < 2) return nullptr;
    std::size_t tries = max_tries;
    const auto right = [&](session& x) {
      if (tries == 0 || !asked(x, m, 0)) return false;
      --tries;
      return verifies(x, m);
    };
    if (session* s = under_way(right)) return s;
    return under_way([&](session& x) { return asked(x, m, x.opened_datagram); });
  }

  /// Whether the login asked for it after that datagram.
  static bool asked(session& s, const wire::rakp2& m, std::uint64_t after) noexcept {
    return s.exchanges.find([&](const rakp_exchange& e) { return e.asked(m.tag) && e.rakp1_datagram > after; });
  }
  static bool asked(const session& s, const wire::rakp4& m, std::uint64_t after) noexcept {
    return s.rakp3_tags.has(m.tag) && s.rakp3_datagram > after;
  }

  bool verifies(session& s, const wire::rakp2& m) noexcept {
    return verifiable(s, m.code) && s.exchanges.find([&](const rakp_exchange& e) {
      if (!e.asked(m.tag)) return false;
      rakp_exchange trial = e;
      trial.answer(m, s.console_id, s.managed_id);
      std::uint8_t user = s.user;
      return secrets_.rakp2(s.suite.authentication, trial, user) == verdict::ok;
    }) != nullptr;
  }
  bool verifies(session& s, const wire::rakp4& m) noexcept {
    const auto ignore = [](const auto&...) {};
    return verifiable(s, m.code) && s.exchanges.find([&](const rakp_exchange& e) {
      return e.complete() && secrets_.rakp4(s.suite.authentication, m.code, e, s.user, ignore) == verdict::ok;
    }) != nullptr;
  }
  static bool verifiable(const session& s, const wire::rakp_code& code) noexcept {
    const auto a = s.suite.authentication;
    return s.suite_known && !code.empty() && a != wire::authentication_algorithm::rakp_none && protect::supports<B>(a);
  }

  login_secrets<B>& secrets_;
  Book& book_;
};

}  // namespace rmcpp::detail
