// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/addressee.hpp>
#include <rmcpp/follower/messages.hpp>
#include <rmcpp/follower/random_judge.hpp>
#include <rmcpp/follower/setup_findings.hpp>

namespace rmcpp::detail {

/// Follows RMCP+ session setup: pairs requests and answers in spite of loss, retries and restarts, verifies the codes,
/// and loads the keys of a login that came through. `Book` is a session_book.
template <crypto::backend B, class Book> class setup_follower {
  using session = typename Book::session;

 public:
  setup_follower(B& b, const follower_options& options, login_secrets<B>& secrets, Book& book) noexcept
      : backend_(b), options_(options), secrets_(secrets), book_(book) {}

  /// What can be said of a setup message wherever it stands.
  static void classify(observation& o, const wire::seen& packet) noexcept {
    const auto first = static_cast<unsigned>(payload_type::open_session_request);
    const unsigned step = static_cast<unsigned>(packet.kind.type()) - first;
    o.type = static_cast<datagram_type>(static_cast<unsigned>(datagram_type::open_session_request) + step);
    if (!packet.is_bare()) o.findings.add(finding::setup_in_session);
    const bool from_console = step % 2 == 0;
    if (from_console != (o.dir == direction::to_bmc)) o.findings.add(finding::wrong_direction);
  }

  /// Judges a setup message, which is the observation's payload unless that was encrypted. Returns its session; null if
  /// it has none.
  session* feed(observation& o, conversation_facts& c, const wire::seen& packet) noexcept {
    classify(o, packet);
    if (!o.readable || o.findings.has(finding::wrong_direction)) return nullptr;
    switch (packet.kind.type()) {
      case payload_type::open_session_request: return feed_open_request(o, c);
      case payload_type::open_session_response: return feed_open_response(o, c);
      case payload_type::rakp1: return feed_rakp1(o, c);
      case payload_type::rakp2: return feed_rakp2(o, c);
      case payload_type::rakp3: return feed_rakp3(o, c);
      default: return feed_rakp4(o, c);
    }
  }

 private:
  static constexpr std::size_t whole_refusal = 8;  ///< bytes up to the console's session id

  template <class M>
  session* answered(observation& o, const conversation_facts& c, payload_type t, const M& m) noexcept {
    const bool refused = m.status != rakp_status::no_errors;
    judge_status(t, m.status, o.findings);
    if (refused) judge_refusal(o.payload.size(), o.findings);
    bool echoed = true;
    session* s = addressee_.of(c, m, echoed);
    const bool has_id = !refused || o.payload.size() >= whole_refusal;
    if (!echoed && has_id)
      o.findings.add(finding::console_id_not_echoed, to_integer(m.console_id), to_integer(s->console_id));
    return s;
  }
  static void pair(observation& o, bool asked, bool echoed, std::uint8_t tag, std::uint64_t request) noexcept {
    if (asked && echoed) o.answers = request;
    if (asked && !echoed) o.findings.add(finding::tag_not_echoed, tag);
  }

  // ---- Open Session ----

  session* feed_open_request(observation& o, conversation_facts& c) noexcept {
    const auto m = decode_noting<wire::open_session_request>(o);
    if (!m) {
      if (!o.payload.empty()) c.malformed_opens.add({o.payload[0], o.number});
      return nullptr;
    }
    if (auto* malformed = malformed_open_with(c, m->tag)) malformed->datagram = 0;
    // A retry belongs to the login that it repeats; behind a login that came through, a new one begins.
    session* s = book_.find(c, Book::console_key, m->console_id, Book::logging_in);
    if (!s) {
      s = &book_.begin_login(backend_, c);
      book_.set_id(*s, Book::console_key, m->console_id);
    }
    s->opened_datagram = o.number;
    s->open_tags.add(m->tag);
    s->proposal = *m;
    return s;
  }

  session* feed_open_response(observation& o, conversation_facts& c) noexcept {
    const auto m = decode_noting<wire::open_session_response>(o);
    if (!m) return nullptr;
    const auto* malformed = malformed_open_with(c, m->tag);
    if (malformed && m->status != rakp_status::no_errors) {
      o.answers = malformed->datagram;
      judge_status(payload_type::open_session_response, m->status, o.findings);
      judge_refusal(o.payload.size(), o.findings);
      return book_.find(c, Book::console_key, m->console_id, Book::logging_in);
    }
    session* s = answered(o, c, payload_type::open_session_response, *m);
    if (s) pair(o, s->opened_datagram != 0, s->open_tags.has(m->tag), m->tag, s->opened_datagram);
    if (m->status != rakp_status::no_errors) {
      if (s && m->status == rakp_status::illegal_parameter && s->opened_datagram != 0 && well_formed(s->proposal))
        o.findings.add(finding::status_misleading, static_cast<std::uint32_t>(m->status));
      return s;
    }
    if (s && s->answered) {
      if (session* same = answered_so(c, *s, m->managed_id)) return same;
      s = &restart(c, *s);
    }
    if (!s) {
      s = &book_.begin_login(backend_, c);
      book_.set_id(*s, Book::console_key, m->console_id);
      s->proposal = {.authentication = wire::authentication_payload::any(),
                     .integrity = wire::integrity_payload::any(),
                     .confidentiality = wire::confidentiality_payload::any()};
    }
    judge_choice(s->proposal, *m, c.suites_listed ? &c.suites : nullptr, o.findings);
    s->answered = true;
    agree(*s, m->authentication.algorithm, m->integrity.algorithm, m->confidentiality.algorithm);
    book_.set_id(*s, Book::managed_key, m->managed_id);
    return s;
  }

  static malformed_open* malformed_open_with(conversation_facts& c, std::uint8_t tag) noexcept {
    return c.malformed_opens.find([&](const malformed_open& x) { return x.tag == tag && x.datagram != 0; });
  }

  /// The login whose request has got this very answer before: a retry's answer, or the network's repeat.
  session* answered_so(const conversation_facts& c, const session& asked, session_id managed_id) noexcept {
    return book_.find_among_all(c, Book::console_key, asked.console_id, [&](const session& x) {
      return !x.v15 && x.answered && x.managed_id == managed_id && x.opened_datagram == asked.opened_datagram;
    });
  }
  /// Another answer with another id: the BMC took a retry for a new login.
  session& restart(conversation_facts& c, const session& old) noexcept {
    const session_facts before = old;  // its place may be the one that is given away
    session& s = book_.begin_login(backend_, c);
    s.opened_datagram = before.opened_datagram;
    s.open_tags = before.open_tags;
    s.proposal = before.proposal;
    book_.set_id(s, Book::console_key, before.console_id);
    return s;
  }

  static void agree(session& s, wire::authentication_algorithm a, wire::integrity_algorithm i,
                    wire::confidentiality_algorithm c) noexcept {
    s.suite = suite_of(a, i, c);
    s.suite_known = true;
  }

  // ---- RAKP ----

  session* feed_rakp1(observation& o, conversation_facts& c) noexcept {
    const auto m = decode_noting<wire::rakp1>(o);
    if (!m) return nullptr;
    const auto same = [&](const rakp_exchange& e) {
      return e.rakp1_datagram != 0 && e.transcript.console_random == m->console_random &&
             e.transcript.role == m->role && e.transcript.name == m->name;
    };
    session* s =
        book_.find(c, Book::managed_key, m->managed_id, [&](session& x) { return x.exchanges.find(same) != nullptr; });
    if (!s) s = book_.find(c, Book::managed_key, m->managed_id, Book::logging_in);
    if (!s) s = &unanswered(c, m->managed_id);
    rakp_exchange* e = s->exchanges.find(same);
    if (!e) {
      randoms_.judge(m->console_random, s->number, nullptr, o.findings);
      // A capture may have RAKP 2 before it.
      e = s->exchanges.find([](const rakp_exchange& x) { return x.rakp1_datagram == 0; });
      if (!e) e = &s->add_exchange({});
      e->transcript.console_random = m->console_random;
      e->transcript.role = m->role;
      e->transcript.name = m->name;
    }
    e->tags.add(m->tag);
    e->rakp1_datagram = o.number;
    return s;
  }

  /// A login whose Open Session Response was lost, or both messages: the BMC has most likely taken what it was offered.
  session& unanswered(conversation_facts& c, session_id managed_id) noexcept {
    session* s = Book::pending(c);
    if (!s || s->managed_id != session_id::none) s = &book_.begin_login(backend_, c);
    book_.set_id(*s, Book::managed_key, managed_id);
    const auto& p = s->proposal;
    if (s->opened_datagram != 0 && !p.authentication.is_any() && !p.integrity.is_any() && !p.confidentiality.is_any())
      agree(*s, p.authentication.algorithm, p.integrity.algorithm, p.confidentiality.algorithm);
    return *s;
  }

  session* feed_rakp2(observation& o, conversation_facts& c) noexcept {
    const auto m = decode_noting<wire::rakp2>(o);
    if (!m) return nullptr;
    session* s = answered(o, c, payload_type::rakp2, *m);
    if (!s) return nullptr;
    rakp_exchange* e = exchange_of(*s, *m);
    if (e) pair(o, true, e->tags.has(m->tag), m->tag, e->rakp1_datagram);
    if (m->status != rakp_status::no_errors) return s;
    if (s->console_id == session_id::none) book_.set_id(*s, Book::console_key, m->console_id);

    if (!e || answers_anew(*m, *e)) {
      rakp_exchange asked = e ? *e : rakp_exchange{};
      asked.proven = asked.rakp2_bad = false;
      e = &s->add_exchange(asked);  // RAKP 1 was lost, or answered twice
    }
    const wire::nonce* console_random = e->rakp1_datagram != 0 ? &e->transcript.console_random : nullptr;
    randoms_.judge(m->managed_random, s->number, console_random, o.findings);
    e->rakp2_datagram = o.number;
    e->answer(*m, s->console_id, s->managed_id);
    judge_rakp2(o, *s, *e);
    return s;
  }

  /// The exchange that has the answer already, else one whose RAKP 1 waits for it, else another with its tag, else the
  /// newest with a RAKP 1. Null without any.
  static rakp_exchange* exchange_of(session& s, const wire::rakp2& m) noexcept {
    const auto asked_for = [&](const rakp_exchange& x) { return x.tags.has(m.tag); };
    auto* e = s.exchanges.find(
        [&](const rakp_exchange& x) { return asked_for(x) && x.rakp2_datagram != 0 && !answers_anew(m, x); });
    if (!e) e = s.exchanges.find([&](const rakp_exchange& x) { return asked_for(x) && x.rakp2_datagram == 0; });
    if (!e) e = s.exchanges.find(asked_for);
    if (!e) e = s.exchanges.find([](const rakp_exchange& x) { return x.rakp1_datagram != 0; });
    return e;
  }
  /// Whether it is another answer than the one that the exchange has.
  static bool answers_anew(const wire::rakp2& m, const rakp_exchange& x) noexcept {
    return x.rakp2_datagram != 0 && (x.transcript.managed_random != m.managed_random ||
                                     (x.proven && (x.rakp2 != m.code || x.transcript.managed_guid != m.managed_guid)));
  }

  void judge_rakp2(observation& o, session& s, rakp_exchange& e) noexcept {
    const auto a = authentication(s, e.rakp2);
    if (!judge_code(o, e.rakp2, a, protect::rakp_code_size(a)) || !e.complete()) return;
    o.auth = secrets_.rakp2(a, e, s.user);
    e.rakp2_bad = o.auth == verdict::bad;
    if (o.auth == verdict::ok) e.proven = true;
    if (!e.rakp2_bad) return;
    const auto spoken = protect::authentication_of_code(e.rakp2.size());
    std::uint8_t anybody = s.user;  // an empty code fits everybody
    auto& user = spoken == wire::authentication_algorithm::rakp_none ? anybody : s.user;
    if (spoken != a && secrets_.rakp2(spoken, e, user) == verdict::ok)
      o.findings.add(finding::other_algorithm, static_cast<std::uint32_t>(spoken), static_cast<std::uint32_t>(a));
    o.findings.add(finding::bad_authcode);
  }

  session* feed_rakp3(observation& o, conversation_facts& c) noexcept {
    const auto m = decode_noting<wire::rakp3>(o);
    if (!m) return nullptr;
    judge_status(payload_type::rakp3, m->status, o.findings);
    session* s = book_.newest(c, Book::managed_key, m->managed_id);
    if (!s) {
      o.findings.add(finding::unknown_session);
      return nullptr;
    }
    s->rakp3_datagram = o.number;
    s->rakp3_tags.add(m->tag);
    if (const auto* e = s->exchanges.find([](const rakp_exchange& x) { return x.rakp2_datagram != 0; }))
      o.answers = e->rakp2_datagram;
    if (m->status == rakp_status::no_errors) judge_rakp3(o, *s, m->code);
    return s;
  }

  void judge_rakp3(observation& o, session& s, const wire::rakp_code& code) noexcept {
    const auto a = authentication(s, code);
    if (!judge_code(o, code, a, protect::rakp_code_size(a))) return;
    const auto fits = [&](const rakp_exchange& e) {
      const verdict v = secrets_.rakp3(a, code, e, s.user);
      if (v != verdict::unknown) o.auth = v;
      return v == verdict::ok;
    };
    // A wrong RAKP 2 that somebody else sent must not stand before the right one.
    const auto* right = s.exchanges.find([&](const auto& e) { return e.complete() && !e.rakp2_bad && fits(e); });
    if (!right) right = s.exchanges.find([&](const auto& e) { return e.complete() && e.rakp2_bad && fits(e); });
    if (right) o.answers = right->rakp2_datagram;
    if (right && right->rakp2_bad) o.findings.add(finding::accepted_bad_code);
    if (right && !right->rakp2_bad) s.rakp3_right = true;
    if (o.auth == verdict::bad) s.rakp3_wrong = true;
    if (o.auth == verdict::bad) o.findings.add(finding::bad_authcode);
  }

  session* feed_rakp4(observation& o, conversation_facts& c) noexcept {
    const auto m = decode_noting<wire::rakp4>(o);
    if (!m) return nullptr;
    session* s = answered(o, c, payload_type::rakp4, *m);
    if (!s) return nullptr;
    pair(o, s->rakp3_datagram != 0, s->rakp3_tags.has(m->tag), m->tag, s->rakp3_datagram);
    if (m->status != rakp_status::no_errors) {
      if (m->status == rakp_status::invalid_integrity_check_value && s->rakp3_right && !s->rakp3_wrong)
        o.findings.add(finding::refused_good_code);
      return s;
    }
    // Where RAKP 2 did not verify either, it is the follower's password that is wrong.
    if (s->rakp3_wrong && !s->rakp3_right && s->user != session_facts::not_given)
      o.findings.add(finding::accepted_bad_code);
    s->accepted = true;
    judge_rakp4(o, *s, m->code);
    if (s->stage == followed_stage::login && o.auth != verdict::bad) s->activate();
    return s;
  }

  void judge_rakp4(observation& o, session& s, const wire::rakp_code& code) noexcept {
    const auto a = s.suite.authentication;
    if (!judge_code(o, code, a, protect::rakp4_code_size(a))) return;
    (void)s.exchanges.find([&](const rakp_exchange& e) { return e.complete() && find_sik(o, s, e, code); });
    if (o.auth == verdict::bad) o.findings.add(finding::bad_authcode);
  }

  /// Whether RAKP 4's code is right in this exchange. The session integrity key that makes it so becomes the session's.
  bool find_sik(observation& o, session& s, const rakp_exchange& e, const wire::rakp_code& code) noexcept {
    const auto take = [&](const protect::session_secret& sik, const user_key& password, bool with_kg) {
      if (!with_kg && !options_.kg.is_zero()) o.findings.add(finding::kg_not_used);
      load_keys(s, sik, password);
    };
    const verdict v = secrets_.rakp4(s.suite.authentication, code, e, s.user, take);
    if (v != verdict::unknown) o.auth = v;
    return v == verdict::ok;
  }
  void load_keys(session& s, const protect::session_secret& sik, const user_key& password) noexcept {
    // Under K_g the code may fit without any password, but such integrity needs one.
    const bool suffices = s.user != session_facts::not_given || !protect::keyed_by_password(s.suite.integrity);
    if (!s.keyed && s.suite_known && suffices)
      s.keyed = s.keys.load(backend_, s.suite, sik.reveal(), password).has_value();
  }

  /// The negotiated authentication algorithm; where the negotiation was not seen, the one whose codes are as long.
  static wire::authentication_algorithm authentication(session& s, const wire::rakp_code& code) noexcept {
    if (!s.suite_known) s.suite.authentication = protect::authentication_of_code(code.size());
    return s.suite.authentication;
  }
  /// Whether there is a code to verify.
  static bool judge_code(observation& o, const wire::rakp_code& code, wire::authentication_algorithm a,
                         std::size_t expected) noexcept {
    if (code.empty() && expected == 0) return false;
    o.auth = verdict::unknown;
    judge_code_length(code.size(), expected, protect::rakp_code_size(a), o.findings);
    return protect::supports<B>(a) && a != wire::authentication_algorithm::rakp_none;
  }

  B& backend_;
  const follower_options& options_;
  login_secrets<B>& secrets_;
  Book& book_;
  addressee_finder<B, Book> addressee_{secrets_, book_};
  random_judge randoms_{};
};

}  // namespace rmcpp::detail
