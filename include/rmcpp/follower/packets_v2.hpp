// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/book.hpp>
#include <rmcpp/follower/credentials.hpp>

namespace rmcpp::detail {

/// Whose a packet is, and where its message belongs.
template <class Session> struct attribution {
  Session* subject = nullptr;  ///< the session that it is of, or claims to be of
  Session* within = nullptr;   ///< where its message is read; null: outside sessions
  bool read = false;           ///< whether there is a message to read
};

/// Follows the packets within RMCP+ sessions: finds whose each one is, by its keys where ids are used again, verifies
/// it, decrypts it, and says what is wrong with its protection. `Book` is a session_book; up to `Given` sessions are
/// known by keys alone.
template <crypto::backend B, class Book, std::size_t Given> class packets_v2 {
  using session = typename Book::session;
  using key = typename Book::key;
  static constexpr std::uint8_t max_key_tries = 8;  ///< packets spent on finding a session's keys

 public:
  packets_v2(B& b, login_secrets<B>& secrets, Book& book) noexcept : backend_(b), secrets_(secrets), book_(book) {}

  /// As follower::know().
  status know(const given_keys& keys) noexcept {
    if (given_ == given_keys_.size()) return errc::no_slot;
    protect::session_keys<B> trial;
    const status usable = load(trial, keys);
    trial.unload(backend_);
    if (usable) given_keys_[given_++] = keys;
    return usable;
  }

  /// Judges a packet whose id is not 0.
  attribution<session> feed(observation& o, conversation_facts& c, const wire::seen& packet) noexcept {
    const bool authenticated = packet.kind.authenticated();
    // Only outside sessions a receiver takes it.
    const bool surplus = !authenticated && !packet.behind().empty();
    if (surplus) o.refuse(errc::trailing_bytes);
    bool verified = false;
    session* const s = owner_of(c, packet, Book::key_of(o.dir), verified);
    if (!s) {
      o.findings.add(finding::unknown_session);
      return {.read = o.readable};
    }
    if (s->stage == followed_stage::closed && !s->closing) o.findings.add(finding::after_close);
    if (!judge_protection(o, *s, packet, verified) || surplus) return {.subject = s};
    // RAKP 4 may have been lost; but what cannot be verified does not prove that the login came through.
    const bool unprotected = s->suite_known && !authenticated;
    if (s->stage == followed_stage::login && (verified || s->accepted || unprotected)) s->activate();
    if (s->stage == followed_stage::login) return {.subject = s, .read = o.readable};

    const std::uint64_t digest = core::content_digest(packet.datagram.last(authenticated ? 12 : packet.payload_size));
    const bool repeat = s->judge(o.dir).judge(packet.sequence, digest, sequence_judge::v2, o.findings);
    if (o.encrypted && s->keyed) decrypt(o, *s, packet, repeat);
    return {s, s, o.readable};
  }

 private:
  status load(protect::session_keys<B>& keys, const given_keys& g) noexcept {
    if (g.sik.size != 0) {
      if (g.sik.size != protect::rakp_code_size(g.suite.authentication)) return errc::invalid_argument;
      return keys.load(backend_, g.suite, g.sik.reveal(), g.password);
    }
    return keys.load_derived(backend_, g.suite, g.k1.reveal(), g.k2.reveal(), g.password);
  }

  // ---- whose it is ----

  /// Ids are used again: of the sessions with this one, the packet's is that whose keys verify it; then `verified` is
  /// set. Else the likely one, and null without any.
  session* owner_of(conversation_facts& c, const wire::seen& packet, key k, bool& verified) noexcept {
    session* s = packet.kind.authenticated() ? signer_of(c, packet, k) : reader_of(c, packet, k);
    verified = s && packet.kind.authenticated() && s->keys.authenticates();
    if (!s) s = likely_owner(c, k, packet.id);
    return s ? s : adopt(c, packet, k);
  }
  /// The newest; where its request was answered twice, the login that went on.
  session* likely_owner(const conversation_facts& c, key k, session_id id) noexcept {
    session* const newest = book_.newest(c, k, id);
    if (!newest || newest->went_on()) return newest;
    session* const twin = book_.find_among_all(c, k, id, [&](const session& x) {
      return !x.v15 && x.opened_datagram == newest->opened_datagram && x.stage != followed_stage::closed && x.went_on();
    });
    return twin ? twin : newest;
  }
  session* signer_of(conversation_facts& c, const wire::seen& packet, key k) noexcept {
    const auto verifies = [&](session& x) { return verify_authcode(backend_, x.keys, packet).has_value(); };
    session* s = book_.find_among_all(c, k, packet.id, [&](session& x) { return x.keyed && verifies(x); });
    if (!s)
      s = book_.find(c, k, packet.id,
                     [&](session& x) { return !x.v15 && !x.keyed && find_keys(x, packet) && verifies(x); });
    return s ? s : adopt(c, packet, k);
  }
  session* reader_of(conversation_facts& c, const wire::seen& packet, key k) noexcept {
    return book_.find(c, k, packet.id, [&](session& x) { return !x.v15 && (x.keyed || find_keys(x, packet)); });
  }

  /// Tries what is known of a login on the session's first packets: RAKP 4 may have been lost.
  bool find_keys(session& s, const wire::seen& packet) noexcept {
    const wire::payload_byte kind = packet.kind;
    const wire::cipher_suite suite =
        s.suite_known ? s.suite : protect::usual_suite(s.suite.authentication, kind.authenticated(), kind.encrypted());
    if (suite.integrity == wire::integrity_algorithm::none &&
        suite.confidentiality == wire::confidentiality_algorithm::none) {
      s.keyed = s.suite_known && s.keys.load(backend_, suite, protect::derived_keys{}, {}).has_value();
      return s.keyed;
    }
    if (s.key_tries == max_key_tries || !kind.authenticated() || suite.integrity == wire::integrity_algorithm::none)
      return false;
    if (find_given_keys(s, packet) || find_login_keys(s, suite, packet)) {
      s.suite = s.keys.suite();
      s.suite_known = true;
      return true;
    }
    s.keys.unload(backend_);
    const auto complete = [](const rakp_exchange& e) { return e.complete(); };
    if (given_ != 0 || s.exchanges.find(complete)) ++s.key_tries;
    return false;
  }
  bool find_given_keys(session& s, const wire::seen& packet) noexcept {
    for (std::uint8_t i = 0; i < given_ && !s.keyed; ++i) {
      s.keyed = load(s.keys, given_keys_[i]).has_value() && s.keys.authenticates() &&
                verify_authcode(backend_, s.keys, packet).has_value();
      if (s.keyed) s.given = i;
    }
    return s.keyed;
  }
  bool find_login_keys(session& s, const wire::cipher_suite& suite, const wire::seen& packet) noexcept {
    const auto verifies = [&](const protect::session_secret& sik, const user_key& password, bool) {
      s.keyed = s.keys.load(backend_, suite, sik.reveal(), password).has_value() &&
                verify_authcode(backend_, s.keys, packet).has_value();
      return s.keyed;
    };
    (void)s.exchanges.find([&](const rakp_exchange& e) {
      return e.complete() && secrets_.for_siks(suite.authentication, e, s.user, verifies);
    });
    return s.keyed;
  }

  /// A packet of an unknown session under keys that were given, in either direction of it.
  session* adopt(const conversation_facts& c, const wire::seen& packet, key k) noexcept {
    const wire::payload_byte kind = packet.kind;
    for (std::uint8_t i = 0; i < given_; ++i) {
      protect::session_keys<B> trial;
      if (!load(trial, given_keys_[i])) continue;
      const bool fits = trial.authenticates() == kind.authenticated() && trial.encrypts() == kind.encrypted() &&
                        (!kind.authenticated() || verify_authcode(backend_, trial, packet).has_value());
      trial.unload(backend_);
      if (!fits) continue;
      session* s = book_.half_known(c, k, i);
      if (!s) {
        s = &book_.begin(backend_, c);
        s->given = i;
        s->suite = given_keys_[i].suite;
        s->suite_known = true;
        s->stage = followed_stage::active;
        s->keyed = load(s->keys, given_keys_[i]).has_value();
      }
      book_.set_id(*s, k, packet.id);
      return s;
    }
    return nullptr;
  }

  // ---- what is wrong with it ----

  /// Whether the packet is to be believed: the session's protection, and a right authentication code if it has one.
  bool judge_protection(observation& o, session& s, const wire::seen& packet, bool verified) noexcept {
    const wire::payload_byte kind = packet.kind;
    if (!s.suite_known) return !kind.authenticated();
    judge_flags(o, s, kind);
    const bool authenticates = s.suite.integrity != wire::integrity_algorithm::none;
    if (authenticates != kind.authenticated()) return false;
    return !authenticates || judge_authcode(o, s, packet, verified);
  }

  /// What the packet says of its protection, against what the session agreed on.
  static void judge_flags(observation& o, const session& s, wire::payload_byte kind) noexcept {
    const bool authenticates = s.suite.integrity != wire::integrity_algorithm::none;
    const bool encrypts = s.suite.confidentiality != wire::confidentiality_algorithm::none;
    if (authenticates && !kind.authenticated()) o.findings.add(finding::not_authenticated);
    if (encrypts && !kind.encrypted() && kind.type() == payload_type::ipmi &&
        !s.encryption.off(o.dir == direction::to_console))
      o.findings.add(finding::not_encrypted);
    if ((!authenticates && kind.authenticated()) || (!encrypts && kind.encrypted()))
      o.findings.add(finding::unexpected_protection);
  }

  /// Whether the packet may be believed: its authentication code is right, or there is no key for it.
  bool judge_authcode(observation& o, session& s, const wire::seen& packet, bool verified) noexcept {
    const std::size_t code_size = protect::authcode_size(s.suite.integrity);
    if (packet.behind().size() < code_size + wire::session_trailer::fixed_size) {
      o.findings.add(finding::trailer_short, static_cast<std::uint32_t>(packet.behind().size()));
      o.error = errc::bad_trailer;
      o.auth = verdict::bad;
      return false;
    }
    if (!s.keyed) return true;  // unknown
    const status genuine = verified ? status{} : verify_authcode(backend_, s.keys, packet);
    if (genuine.error() == errc::crypto_failure) return false;  // unknown
    o.auth = genuine ? verdict::ok : verdict::bad;
    if (!genuine) {
      o.findings.add(finding::bad_authcode);
      return false;
    }
    judge_trailer(o, packet, code_size);
    return true;
  }

  static void judge_trailer(observation& o, const wire::seen& packet, std::size_t code_size) noexcept {
    const bytes trailer = packet.behind();
    const std::size_t pad = trailer.size() - code_size - wire::session_trailer::fixed_size;
    const auto seen = static_cast<std::uint32_t>(pad);
    const std::size_t header = packet.payload_at - wire::rmcp_header::size;
    const auto expected = static_cast<std::uint32_t>(wire::session_trailer::pad_for(header, packet.payload_size));
    if (pad > 4) {
      o.findings.add(finding::pad_too_long, seen, expected);
    } else if (pad == 4 && expected == 0) {
      o.findings.add(finding::pad_length_4);
    } else if (seen != expected) {
      o.findings.add(finding::pad_alignment, seen, expected);
    }
    if (trailer[pad] != pad) o.findings.add(finding::pad_length, trailer[pad], seen);
    if (trailer[pad + 1] != wire::session_trailer::next_header)
      o.findings.add(finding::next_header, trailer[pad + 1], wire::session_trailer::next_header);
    for (const auto b : trailer.first(pad)) {
      if (b == wire::session_trailer::pad_byte) continue;
      o.findings.add(finding::pad_bytes, b, wire::session_trailer::pad_byte);
      break;
    }
  }

  void decrypt(observation& o, session& s, const wire::seen& packet, bool repeat) noexcept {
    const mutable_bytes payload = packet.payload();
    if (!s.keys.encrypts()) return;
    if (payload.size() < 2 * crypto::aes_block_size || payload.size() % crypto::aes_block_size != 0) {
      o.findings.add(finding::cipher_pad, static_cast<std::uint32_t>(payload.size()));
      o.error = errc::bad_padding;
      return;
    }
    if (!s.fresh_iv(o.dir, payload.first(crypto::aes_block_size)) && !repeat) o.findings.add(finding::iv_reused);
    const auto message = decrypt_payload(backend_, s.keys, payload);
    const std::size_t pad = payload.back();
    const mutable_bytes data = payload.subspan(crypto::aes_block_size);
    if (message) {
      if (pad == crypto::aes_block_size) o.findings.add(finding::cipher_pad_16);
      return o.show(*message);
    }
    if (message.error() != errc::bad_padding) {
      o.error = message.error();
      return;
    }
    // Decrypted all the same: FreeIPMI's library takes such a packet by its count alone.
    o.findings.add(finding::cipher_pad, static_cast<std::uint32_t>(pad));
    if (pad + 1 > data.size()) {
      o.error = errc::bad_padding;
      return;
    }
    o.show(data.first(data.size() - pad - 1));
  }

  B& backend_;
  login_secrets<B>& secrets_;
  Book& book_;
  std::array<given_keys, Given> given_keys_{};
  std::uint8_t given_ = 0;
};

}  // namespace rmcpp::detail
