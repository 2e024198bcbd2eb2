// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/messages.hpp>
#include <rmcpp/follower/packets_v2.hpp>

namespace rmcpp::detail {

/// Follows IPMI v1.5 sessions: activation under a temporary id (IPMI v2.0, 22.16 and 22.17), authcodes, sequence
/// numbers. `Book` is a session_book.
template <crypto::backend B, class Book> class packets_v15 {
  using session = typename Book::session;

 public:
  packets_v15(B& b, login_secrets<B>& secrets, Book& book) noexcept : backend_(b), secrets_(secrets), book_(book) {}

  /// Judges a packet of a known auth type.
  attribution<session> feed(observation& o, conversation_facts& c, const wire::seen& m) noexcept {
    if (m.id != session_id::none) return feed_session(o, c, m);
    if (m.auth != wire::auth_type::none) o.auth = verdict::unknown;
    if (m.auth != wire::auth_type::none) o.findings.add(finding::unexpected_protection);
    if (m.sequence != 0) o.findings.add(finding::sequence_outside_session, m.sequence, 0);
    return {.read = true};
  }

  /// A Get Session Challenge was answered: a new session, unless it is a repeat or the answer to one. Returns it.
  session* challenged(const observation& o, conversation_facts& c, session_id temporary) noexcept {
    session* s = book_.find(c, Book::console_key, temporary, [&](const session& x) {
      return x.v15 && (x.stage == followed_stage::login || o.answers < x.activated_datagram);
    });
    if (!s) {
      s = &begin(c, temporary);
      book_.set_temporary_id(*s, temporary);
    }
    if (s->stage == followed_stage::login) {
      s->name = c.challenged;
      s->name_known = true;
    }
    return s;
  }
  /// Activate Session was answered: the session has its id. One id serves both directions.
  void set_id(session& s, session_id id) noexcept {
    s.console_id = id;
    book_.set_id(s, Book::managed_key, id);
  }

 private:
  attribution<session> feed_session(observation& o, conversation_facts& c, const wire::seen& m) noexcept {
    const bool activation = is_activation(m.payload());
    session* s = owner_of(c, m.id, activation);
    std::uint8_t user = s ? s->user : session_facts::not_given;
    if (m.auth != wire::auth_type::none) o.auth = secrets_.v15(m, s && s->name_known ? &s->name : nullptr, user);
    if (o.auth == verdict::bad) {
      o.findings.add(finding::bad_authcode);
      return {.subject = s};
    }
    if (!s) {
      o.findings.add(finding::unknown_session);
      if (o.auth != verdict::ok) return {.read = true};
      s = &join(c, m);
    }
    if (o.auth == verdict::ok) s->user = user;
    if (s->stage == followed_stage::closed && !s->closing) o.findings.add(finding::after_close);
    if (!judge_type(o, *s, m.auth, activation, c.message_auth_off)) return {.subject = s};
    judge_number(o, *s, m, activation);
    return {s, s, true};
  }

  /// Null where the session is not known.
  session* owner_of(const conversation_facts& c, session_id id, bool activation) noexcept {
    const auto v15 = [](const session& candidate) { return candidate.v15; };
    session* s = book_.find(c, Book::managed_key, id, v15);
    // Activation goes out under the temporary id; repeats of it follow when the session has another one already.
    return !s && activation ? book_.find(c, Book::console_key, id, v15) : s;
  }

  /// Whether a packet of this auth type is to be believed in the session.
  static bool judge_type(observation& o, const session& s, wire::auth_type type, bool activation,
                         bool auth_off) noexcept {
    if (s.stage != followed_stage::active || type == s.activated) return true;
    if (type == wire::auth_type::none) {
      o.findings.add(auth_off ? finding::authentication_off : finding::not_authenticated);
      return auth_off;
    }
    if (!activation)
      o.findings.add(finding::auth_type_differs, static_cast<std::uint32_t>(type),
                     static_cast<std::uint32_t>(s.activated));
    return true;
  }

  static void judge_number(observation& o, session& s, const wire::seen& m, bool activation) noexcept {
    // Activate Session itself goes out with number 0. Repeats of activation have no place among the numbers.
    const bool numbered = m.sequence != 0 || s.stage != followed_stage::login;
    if (numbered && !(activation && s.activation_seen))
      (void)s.judge(o.dir).judge(m.sequence, core::content_digest(m.datagram.subspan(wire::rmcp_header::size)),
                                 sequence_judge::v15, o.findings);
  }

  session& begin(conversation_facts& c, session_id id) noexcept {
    session& s = book_.begin(backend_, c);
    s.v15 = true;
    set_id(s, id);
    return s;
  }
  /// A session whose activation was not seen: its packet says how it protects itself.
  session& join(conversation_facts& c, const wire::seen& m) noexcept {
    session& s = begin(c, m.id);
    s.stage = followed_stage::active;
    s.activated = m.auth;
    return s;
  }

  B& backend_;
  login_secrets<B>& secrets_;
  Book& book_;
};

}  // namespace rmcpp::detail
