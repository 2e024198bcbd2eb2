// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/credentials.hpp>
#include <rmcpp/follower/messages.hpp>
#include <rmcpp/follower/setup.hpp>
#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/sol.hpp>

/// \file
/// A passive third party that reads the conversations between consoles and BMCs: it verifies every authentication code,
/// decrypts every payload, and names what is wrong. It sends nothing, and needs neither clock nor randomness.

namespace rmcpp {

/// Compile-time sizes of a follower. Derive and override. README.md says what a session costs.
struct follower_traits {
  static constexpr std::size_t sessions = 64;       ///< at once; the one heard longest ago gives way
  static constexpr std::size_t conversations = 64;  ///< likewise
  static constexpr std::size_t given_keys = 4;      ///< sessions whose keys are given
};

/// A follower's configuration: `crypto` (a backend), a value or a reference, and `traits`.
template <class C> concept follower_config = requires(C c) {
  typename C::traits;
  requires backend<std::remove_cvref_t<decltype(c.crypto)>>;
};

/// Whose datagram it is.
struct flow {
  std::uint64_t conversation = 0;  ///< tells pairs of addresses and ports apart, for example a hash of them
  direction dir{};
};

/// Feed it the datagrams of both directions in the order of the capture. Memory is fixed: what was heard longest ago is
/// forgotten first. A hostile datagram costs bounded time and changes no verdict about another session's.
template <follower_config Config> class follower {
  using crypto_type = std::remove_cvref_t<decltype(Config::crypto)>;
  using traits = typename Config::traits;

 public:
  using session = followed_session<crypto_type>;

  follower(Config config, const follower_options& options) noexcept
      : config_(static_cast<Config&&>(config)), options_(options) {}
  follower(const follower&) = delete;
  follower& operator=(const follower&) = delete;
  ~follower() { book_.forget_keys(config_.crypto); }

  /// Makes a session readable whose login was not captured. Errors: no_slot; unsupported_suite; invalid_argument if
  /// a key that the suite needs is missing or has a wrong length; crypto_failure.
  status know(const given_keys& keys) noexcept {
    if (given_ == given_keys_.size()) return errc::no_slot;
    session_keys<crypto_type> trial;
    const status usable = load(trial, keys);
    trial.unload(config_.crypto);
    if (usable) given_keys_[given_++] = keys;
    return usable;
  }

  /// Judges one datagram. An encrypted payload is decrypted in place once its authentication code has verified, where
  /// it has one. Views in the result live as long as the datagram's bytes.
  observation feed(const flow& from, mutable_bytes datagram) noexcept {
    observation o{.number = ++datagrams_, .dir = from.dir};
    subject_ = nullptr;
    const auto looked = look(datagram);
    const seen& packet = *looked;
    switch (packet.format) {
      case packet_format::none: o.fail(looked.error()); break;
      case packet_format::ack:
        o.type = datagram_type::rmcp_ack;
        o.show(packet.payload());
        if (packet.rmcp.kind() == rmcp_class::ipmi) o.findings.add(finding::unexpected_ack);
        break;
      case packet_format::asf:
        o.show(packet.payload());
        feed_asf(o);
        break;
      case packet_format::oem:
        o.type = datagram_type::rmcp_oem;
        o.show(packet.payload());
        break;
      case packet_format::v15: feed_v15(o, book_.talk(from.conversation), looked); break;
      case packet_format::v2: feed_v2(o, book_.talk(from.conversation), looked); break;
    }
    if (subject_) {
      o.session = subject_->number;
      book_.heard(*subject_, o.auth == verdict::ok);
    }
    return o;
  }

  /// The session of the last datagram, or null; valid until the next feed().
  [[nodiscard]] const session* subject() const noexcept { return subject_; }
  /// Datagrams fed so far.
  [[nodiscard]] std::uint64_t datagrams() const noexcept { return datagrams_; }
  /// Sessions seen so far.
  [[nodiscard]] std::uint32_t sessions() const noexcept { return book_.begun(); }
  /// How many of them were forgotten for lack of room.
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return book_.forgotten(); }

 private:
  using book = session_book<crypto_type, traits::sessions, traits::conversations>;
  using key = typename book::key;
  static constexpr std::uint8_t max_key_tries = 8;  ///< packets spent on finding a session's keys

  status load(session_keys<crypto_type>& keys, const given_keys& g) noexcept {
    if (g.sik.size != 0) {
      if (g.sik.size != rakp_code_size(g.suite.authentication)) return errc::invalid_argument;
      return keys.load(config_.crypto, g.suite, g.sik.reveal(), g.password);
    }
    return keys.load_derived(config_.crypto, g.suite, g.k1.reveal(), g.k2.reveal(), g.password);
  }

  // ---- ASF ----

  static void feed_asf(observation& o) noexcept {
    o.type = datagram_type::asf;
    const auto m = decode_noting<asf_message>(o);
    if (!m) return;
    if (m->type == asf_type::presence_ping) o.type = datagram_type::asf_ping;
    if (m->type == asf_type::presence_pong) o.type = datagram_type::asf_pong;
    const auto wrong = o.dir == direction::to_bmc ? asf_type::presence_pong : asf_type::presence_ping;
    if (m->type == wrong) o.findings.add(finding::wrong_direction);
  }

  // ---- RMCP+ ----

  void feed_v2(observation& o, conversation_facts& c, const result<seen>& looked) noexcept {
    if (!looked) return o.refuse(looked.error());
    const seen& packet = *looked;
    const payload_byte kind = packet.kind;
    o.encrypted = kind.encrypted();
    o.auth = kind.authenticated() ? verdict::unknown : verdict::none;
    if (!o.encrypted) o.show(packet.payload());
    switch (kind.type()) {
      case payload_type::open_session_request:
      case payload_type::open_session_response:
      case payload_type::rakp1:
      case payload_type::rakp2:
      case payload_type::rakp3:
      case payload_type::rakp4: subject_ = setup_.feed(o, c, packet); return;
      case payload_type::ipmi: o.type = datagram_type::ipmi; break;
      case payload_type::sol: o.type = datagram_type::sol; break;
      default:
        o.type = datagram_type::oem;
        if (kind.type() != payload_type::oem_explicit &&
            (kind.type() < payload_type::oem0 || kind.type() > payload_type::oem7))
          return o.fail(errc::bad_payload_type);
    }
    if (packet.id == session_id::none) {
      if (kind.authenticated() || kind.encrypted()) o.findings.add(finding::unexpected_protection);
      if (packet.sequence != 0) o.findings.add(finding::sequence_outside_session, packet.sequence, 0);
      if (o.readable) feed_payload(o, c, nullptr);
      return;
    }
    feed_session(o, c, packet);
  }

  // ---- packets within an RMCP+ session ----

  void feed_session(observation& o, conversation_facts& c, const seen& packet) noexcept {
    const key k = book::key_of(o.dir);
    const bool authenticated = packet.kind.authenticated();
    const auto verifies = [&](session& candidate) {
      return verify_authcode(config_.crypto, candidate.keys, packet).has_value();
    };
    // Ids are used again: of the sessions with this one, the packet's is that whose keys verify it.
    session* s = nullptr;
    if (authenticated) s = book_.find_among_all(c, k, packet.id, [&](session& x) { return x.keyed && verifies(x); });
    if (!s) {
      s = book_.find(c, k, packet.id, [&](session& x) {
        return !x.v15 && ((!authenticated && x.keyed) || (!x.keyed && find_keys(x, packet))) &&
               (!authenticated || verifies(x));
      });
    }
    if (!s && authenticated) s = adopt(c, packet, k);
    const bool verified = s && authenticated && s->keys.authenticates();
    if (!s) s = book_.newest(c, k, packet.id);
    if (!s) s = adopt(c, packet, k);
    subject_ = s;
    if (!s) {
      o.findings.add(finding::unknown_session);
      if (o.readable) feed_payload(o, c, nullptr);
      return;
    }
    if (s->stage == followed_stage::closed && !s->closing) o.findings.add(finding::after_close);
    if (!judge_protection(o, *s, packet, verified)) return;
    // RAKP 4 may have been lost; but what cannot be verified does not prove that the login came through.
    const bool unprotected = s->suite_known && !authenticated;
    if (s->stage == followed_stage::login && (verified || s->accepted || unprotected)) s->activate();
    if (s->stage == followed_stage::login) {
      if (o.readable) feed_payload(o, c, nullptr);
      return;
    }

    const std::uint64_t digest = content_digest(packet.datagram.last(authenticated ? 12 : packet.payload_size));
    const bool repeat = s->judge(o.dir).judge(packet.sequence, digest, sequence_judge::v2, o.findings);
    if (o.encrypted && s->keyed) decrypt(o, *s, packet, repeat);
    if (o.readable) feed_payload(o, c, s);
  }

  /// Whether the packet is to be believed: the session's protection, and a right authentication code if it has one.
  bool judge_protection(observation& o, session& s, const seen& packet, bool verified) noexcept {
    const payload_byte kind = packet.kind;
    if (!s.suite_known) return !kind.authenticated();
    const bool authenticates = s.suite.integrity != integrity_algorithm::none;
    const bool encrypts = s.suite.confidentiality != confidentiality_algorithm::none;
    if (authenticates && !kind.authenticated()) o.findings.add(finding::not_authenticated);
    if (encrypts && !kind.encrypted() && kind.type() == payload_type::ipmi &&
        !s.encryption.off(o.dir == direction::to_console))
      o.findings.add(finding::not_encrypted);
    if ((!authenticates && kind.authenticated()) || (!encrypts && kind.encrypted()))
      o.findings.add(finding::unexpected_protection);
    if (authenticates != kind.authenticated()) return false;
    if (!authenticates) return true;
    const std::size_t code_size = authcode_size(s.suite.integrity);
    if (packet.behind().size() < code_size + session_trailer::fixed_size) {
      o.findings.add(finding::trailer_short, static_cast<std::uint32_t>(packet.behind().size()));
      o.error = errc::bad_trailer;
      o.auth = verdict::bad;
      return false;
    }
    if (!s.keyed) return true;  // unknown
    const status genuine = verified ? status{} : verify_authcode(config_.crypto, s.keys, packet);
    if (genuine.error() == errc::crypto_failure) return false;  // unknown
    o.auth = genuine ? verdict::ok : verdict::bad;
    if (!genuine) {
      o.findings.add(finding::bad_authcode);
      return false;
    }
    judge_trailer(o, packet, code_size);
    return true;
  }

  static void judge_trailer(observation& o, const seen& packet, std::size_t code_size) noexcept {
    const bytes trailer = packet.behind();
    const std::size_t pad = trailer.size() - code_size - session_trailer::fixed_size;
    const auto seen = static_cast<std::uint32_t>(pad);
    const std::size_t header = packet.payload_at - rmcp_header::size;
    const auto expected = static_cast<std::uint32_t>(session_trailer::pad_for(header, packet.payload_size));
    if (pad > 4) {
      o.findings.add(finding::pad_too_long, seen, expected);
    } else if (pad == 4 && expected == 0) {
      o.findings.add(finding::pad_length_4);
    } else if (seen != expected) {
      o.findings.add(finding::pad_alignment, seen, expected);
    }
    if (trailer[pad] != pad) o.findings.add(finding::pad_length, trailer[pad], seen);
    if (trailer[pad + 1] != session_trailer::next_header)
      o.findings.add(finding::next_header, trailer[pad + 1], session_trailer::next_header);
    for (const auto b : trailer.first(pad)) {
      if (b == session_trailer::pad_byte) continue;
      o.findings.add(finding::pad_bytes, b, session_trailer::pad_byte);
      break;
    }
  }

  void decrypt(observation& o, session& s, const seen& packet, bool repeat) noexcept {
    const mutable_bytes payload = packet.payload();
    if (!s.keys.encrypts()) return;
    if (payload.size() < 2 * aes_block_size || payload.size() % aes_block_size != 0) {
      o.findings.add(finding::cipher_pad, static_cast<std::uint32_t>(payload.size()));
      o.error = errc::bad_padding;
      return;
    }
    if (!s.fresh_iv(o.dir, payload.first(aes_block_size)) && !repeat) o.findings.add(finding::iv_reused);
    const auto message = decrypt_payload(config_.crypto, s.keys, payload);
    const std::size_t pad = payload.back();
    const mutable_bytes data = payload.subspan(aes_block_size);
    if (message) {
      if (pad == aes_block_size) o.findings.add(finding::cipher_pad_16);
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

  /// Tries what is known of a login on the session's first packets: RAKP 4 may have been lost.
  bool find_keys(session& s, const seen& packet) noexcept {
    const payload_byte kind = packet.kind;
    const cipher_suite suite =
        s.suite_known ? s.suite : usual_suite(s.suite.authentication, kind.authenticated(), kind.encrypted());
    if (suite.integrity == integrity_algorithm::none && suite.confidentiality == confidentiality_algorithm::none) {
      s.keyed = s.suite_known && s.keys.load(config_.crypto, suite, derived_keys{}, {}).has_value();
      return s.keyed;
    }
    if (s.key_tries == max_key_tries || !kind.authenticated() || suite.integrity == integrity_algorithm::none)
      return false;
    bool tried = given_ != 0;
    for (std::uint8_t i = 0; i < given_ && !s.keyed; ++i) {
      s.keyed = load(s.keys, given_keys_[i]).has_value() && s.keys.authenticates() &&
                verify_authcode(config_.crypto, s.keys, packet).has_value();
      if (s.keyed) s.given = i;
    }
    if (s.keyed) {
      s.suite = s.keys.suite();
      s.suite_known = true;
      return true;
    }
    (void)s.exchanges.find([&](const rakp_exchange& e) {
      if (!e.complete()) return false;
      tried = true;
      return secrets_.for_siks(suite.authentication, e, s.user,
                               [&](const session_secret& sik, const user_key& password, bool) {
                                 s.keyed = s.keys.load(config_.crypto, suite, sik.reveal(), password).has_value() &&
                                           verify_authcode(config_.crypto, s.keys, packet).has_value();
                                 return s.keyed;
                               });
    });
    if (s.keyed) {
      s.suite = suite;
      s.suite_known = true;
    } else {
      s.keys.unload(config_.crypto);
      if (tried) ++s.key_tries;
    }
    return s.keyed;
  }

  /// A packet of an unknown session under keys that were given, in either direction of it.
  session* adopt(const conversation_facts& c, const seen& packet, key k) noexcept {
    const payload_byte kind = packet.kind;
    for (std::uint8_t i = 0; i < given_; ++i) {
      session_keys<crypto_type> trial;
      if (!load(trial, given_keys_[i])) continue;
      const bool fits = trial.authenticates() == kind.authenticated() && trial.encrypts() == kind.encrypted() &&
                        (!kind.authenticated() || verify_authcode(config_.crypto, trial, packet).has_value());
      trial.unload(config_.crypto);
      if (!fits) continue;
      session* s = book_.half_known(c, k, i);
      if (!s) {
        s = &book_.begin(config_.crypto, c);
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

  /// The plaintext of a packet that is not session setup.
  void feed_payload(observation& o, conversation_facts& c, session* s) noexcept {
    if (o.type == datagram_type::ipmi) return feed_message(o, c, s);
    if (o.type == datagram_type::sol) feed_sol(o);
  }
  static void feed_sol(observation& o) noexcept {
    const auto m = decode_noting<sol_packet>(o);
    if (!m) return;
    if (m->sequence == 0 && !m->data.empty())
      o.findings.add(finding::sol_counts, static_cast<std::uint32_t>(m->data.size()), 0);
    if (m->acked == 0 && m->accepted != 0) o.findings.add(finding::sol_counts, m->accepted, 0);
  }

  // ---- IPMI v1.5 ----

  void feed_v15(observation& o, conversation_facts& c, const result<seen>& looked) noexcept {
    o.type = datagram_type::v15;
    const seen& m = *looked;
    if (!looked || !is_defined(m.auth)) return o.refuse(looked ? errc::bad_auth_type : looked.error());
    o.show(m.payload());
    if (!m.behind().empty()) o.findings.add(finding::legacy_pad);
    if (m.id == session_id::none) {
      if (m.auth != auth_type::none) o.auth = verdict::unknown;
      if (m.auth != auth_type::none) o.findings.add(finding::unexpected_protection);
      if (m.sequence != 0) o.findings.add(finding::sequence_outside_session, m.sequence, 0);
      return feed_message(o, c, nullptr);
    }
    feed_v15_session(o, c, m);
  }

  void feed_v15_session(observation& o, conversation_facts& c, const seen& m) noexcept {
    const auto v15 = [](const session& candidate) { return candidate.v15; };
    session* s = book_.find(c, book::managed_key, m.id, v15);
    // Activation goes out under the temporary id; repeats of it follow when the session has another one already.
    const bool activation = is_activation(m.payload());
    if (!s && activation) s = book_.find(c, book::console_key, m.id, v15);
    subject_ = s;
    std::uint8_t user = s ? s->user : session_facts::not_given;
    if (m.auth != auth_type::none) o.auth = secrets_.v15(m, s && s->name_known ? &s->name : nullptr, user);
    if (o.auth == verdict::bad) return o.findings.add(finding::bad_authcode);
    if (!s) {
      o.findings.add(finding::unknown_session);
      if (o.auth != verdict::ok) return feed_message(o, c, nullptr);
      s = &begin_v15(c, m.id);
      s->stage = followed_stage::active;
      s->activated = m.auth;
      subject_ = s;
    }
    if (o.auth == verdict::ok) s->user = user;
    if (s->stage == followed_stage::closed && !s->closing) o.findings.add(finding::after_close);
    if (s->stage == followed_stage::active && m.auth != s->activated) {
      if (m.auth != auth_type::none) {
        if (!activation)
          o.findings.add(finding::auth_type_differs, static_cast<std::uint32_t>(m.auth),
                         static_cast<std::uint32_t>(s->activated));
      } else if (!c.message_auth_off) {
        return o.findings.add(finding::not_authenticated);
      } else {
        o.findings.add(finding::authentication_off);
      }
    }
    // Activate Session itself goes out with number 0. Repeats of activation have no place among the numbers.
    const bool numbered = m.sequence != 0 || s->stage != followed_stage::login;
    if (numbered && !(activation && s->activation_seen))
      (void)s->judge(o.dir).judge(m.sequence, content_digest(m.datagram.subspan(rmcp_header::size)),
                                  sequence_judge::v15, o.findings);
    feed_message(o, c, s);
  }

  session& begin_v15(conversation_facts& c, session_id id) noexcept {
    session& s = book_.begin(config_.crypto, c);
    s.v15 = true;
    set_v15_id(s, id);
    return s;
  }
  /// A Get Session Challenge was answered: a new session, unless it is a repeat or the answer to one.
  void challenged(const observation& o, conversation_facts& c, session_id temporary) noexcept {
    session* s = book_.find(c, book::console_key, temporary, [&](const session& x) {
      return x.v15 && (x.stage == followed_stage::login || o.answers < x.activated_datagram);
    });
    if (!s) {
      s = &begin_v15(c, temporary);
      book_.set_temporary_id(*s, temporary);
    }
    if (s->stage == followed_stage::login) {
      s->name = c.challenged;
      s->name_known = true;
    }
    subject_ = s;
  }
  /// One id serves both directions.
  void set_v15_id(session& s, session_id id) noexcept {
    s.console_id = id;
    book_.set_id(s, book::managed_key, id);
  }

  // ---- IPMI messages ----

  /// `s` is null outside sessions.
  void feed_message(observation& o, conversation_facts& c, session* s) noexcept {
    open_requests& requests = s ? s->requests : c.requests;
    if (o.payload.size() < 2 || !net_fn_lun{o.payload[1]}.is_response()) {
      const auto rq = decode<lan_request>(o.payload);
      if (!rq) return o.fail(rq.error());
      if (o.dir != direction::to_bmc) return;  // bridged: nobody here answers it
      requests.asked(*rq, o.number);
      return note_request(*rq, c, s);
    }
    const auto rs = decode<lan_response>(o.payload);
    if (!rs) return o.fail(rs.error());
    if (o.dir != direction::to_console) return;  // bridged: nobody here asked for it
    o.answers = requests.answered(*rs);
    if (o.answers == 0 && requests.complete()) o.findings.add(finding::unasked_response);
    note_response(
        *rs, c, s, [&](session_id temporary) { challenged(o, c, temporary); },
        [&](session_id id) {
          set_v15_id(*s, id);
          s->activated_datagram = o.number;
        });
  }

  Config config_;
  follower_options options_;
  login_secrets<crypto_type> secrets_{config_.crypto, options_};
  std::array<given_keys, traits::given_keys> given_keys_{};
  std::uint8_t given_ = 0;
  std::uint64_t datagrams_ = 0;
  session* subject_ = nullptr;
  book book_{};
  setup_follower<crypto_type, book> setup_{config_.crypto, options_, secrets_, book_};
};

}  // namespace rmcpp
