// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/packets_v15.hpp>
#include <rmcpp/follower/packets_v2.hpp>
#include <rmcpp/follower/setup.hpp>
#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/sol.hpp>

/// \file
/// A passive third party that reads the conversations between consoles and BMCs: it verifies every authentication code,
/// decrypts every payload, and names what is wrong. It sends nothing, and needs neither clock nor randomness.

namespace rmcpp {

/// Whose datagram it is.
struct flow {
  std::uint64_t conversation = 0;  ///< tells pairs of addresses and ports apart, for example a hash of them
  direction dir{};
};

/// For a type that is no configuration: a build stops here, and says what the type lacks.
template <class Config> class follower {
  static_assert(detail::check_follower_config<Config>(),
                "rmcpp: not a follower's configuration (follower/options.hpp)");

 public:
  follower(Config config, const follower_options& options) noexcept;
};

/// Feed it the datagrams of both directions in the order of the capture. Memory is fixed: what was heard longest ago is
/// forgotten first. A hostile datagram costs bounded time and changes no verdict about another session's.
template <follower_config Config> class follower<Config> {
  using crypto_type = core::policy_of<decltype(Config::crypto)>;
  using traits = typename Config::traits;

 public:
  using session = detail::followed_session<crypto_type>;

  follower(Config config, const follower_options& options) noexcept
      : config_(static_cast<Config&&>(config)), options_(options) {}
  follower(const follower&) = delete;
  follower& operator=(const follower&) = delete;
  ~follower() { book_.forget_keys(core::deref(config_.crypto)); }

  /// Makes a session readable whose login was not captured. Errors: no_slot; unsupported_suite; invalid_argument if
  /// a key that the suite needs is missing or has a wrong length; crypto_failure.
  status know(const given_keys& keys) noexcept { return packets_v2_.know(keys); }

  /// Judges one datagram. An encrypted payload is decrypted in place once its authentication code has verified, where
  /// it has one. Views in the result live as long as the datagram's bytes.
  observation feed(const flow& from, mutable_bytes datagram) noexcept {
    observation o{.number = ++datagrams_, .dir = from.dir};
    subject_ = nullptr;
    const auto looked = wire::look(datagram);
    const wire::seen& packet = *looked;
    switch (packet.format) {
      case wire::packet_format::none: o.fail(looked.error()); break;
      case wire::packet_format::ack:
        o.type = datagram_type::rmcp_ack;
        o.show(packet.payload());
        if (packet.rmcp.kind() == wire::rmcp_class::ipmi) o.findings.add(finding::unexpected_ack);
        break;
      case wire::packet_format::asf:
        o.show(packet.payload());
        feed_asf(o);
        break;
      case wire::packet_format::oem:
        o.type = datagram_type::rmcp_oem;
        o.show(packet.payload());
        break;
      case wire::packet_format::v15: feed_v15(o, book_.talk(from.conversation), looked); break;
      case wire::packet_format::v2: feed_v2(o, book_.talk(from.conversation), looked); break;
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
  using book = detail::session_book<crypto_type, traits::sessions, traits::conversations>;

  // ---- ASF ----

  static void feed_asf(observation& o) noexcept {
    o.type = datagram_type::asf;
    const auto m = decode_noting<wire::asf_message>(o);
    constexpr std::size_t length_at = 7;
    if (o.payload.size() <= length_at) return;
    // Where the length is wrong, what stands before it is readable all the same.
    const bool ping = m->type == wire::asf_type::presence_ping, pong = m->type == wire::asf_type::presence_pong;
    if (ping) o.type = datagram_type::asf_ping;
    if (pong) o.type = datagram_type::asf_pong;
    if (o.dir == direction::to_bmc ? pong : ping) o.findings.add(finding::wrong_direction);
    if (m->enterprise != wire::asf_enterprise)
      o.findings.add(finding::asf_enterprise, m->enterprise, wire::asf_enterprise);
    judge_asf_length(o.payload[length_at], o.payload.size() - length_at - 1, ping ? 0 : 16, ping || pong, o.findings);
  }
  /// What the message says of its data's length, and how much there is. Other messages have data of any length.
  static void judge_asf_length(std::size_t said, std::size_t present, std::size_t due, bool fixed,
                               finding_list& findings) noexcept {
    if (!fixed) due = said;
    const std::size_t seen = said != due ? said : present;
    if (seen != due)
      findings.add(finding::asf_length, static_cast<std::uint32_t>(seen), static_cast<std::uint32_t>(due));
  }

  // ---- RMCP+ ----

  static constexpr bool is_setup(payload_type t) noexcept {
    return t >= payload_type::open_session_request && t <= payload_type::rakp4;
  }
  void classify(observation& o, const wire::seen& packet) noexcept {
    const payload_type t = packet.kind.type();
    if (is_setup(t)) return setup_.classify(o, packet);  // in a session no receiver takes it for a step of a login
    o.type = t == payload_type::ipmi  ? datagram_type::ipmi
             : t == payload_type::sol ? datagram_type::sol
                                      : datagram_type::oem;
    const bool oem = t == payload_type::oem_explicit || (t >= payload_type::oem0 && t <= payload_type::oem7);
    if (o.type == datagram_type::oem && !oem) o.fail(errc::bad_payload_type);
  }
  void feed_v2(observation& o, detail::conversation_facts& c, const result<wire::seen>& looked) noexcept {
    if (!looked) return o.refuse(looked.error());
    const wire::seen& packet = *looked;
    const wire::payload_byte kind = packet.kind;
    o.encrypted = kind.encrypted();
    o.auth = kind.authenticated() ? verdict::unknown : verdict::none;
    if (!o.encrypted) o.show(packet.payload());
    const bool is_protected = kind.authenticated() || kind.encrypted();
    const bool in_session = packet.id != session_id::none && (is_protected || !is_setup(kind.type()));
    if (!in_session && !kind.authenticated() && !packet.behind().empty())
      o.findings.add(finding::surplus, static_cast<std::uint32_t>(packet.behind().size()), 0);
    if (is_setup(kind.type()) && !in_session) return void(subject_ = setup_.feed(o, c, packet));
    classify(o, packet);
    if (in_session) return read(o, c, packets_v2_.feed(o, c, packet));
    if (o.error != errc::ok) return;
    if (is_protected) o.findings.add(finding::unexpected_protection);
    if (packet.sequence != 0) o.findings.add(finding::sequence_outside_session, packet.sequence, 0);
    if (o.readable) feed_payload(o, c, nullptr);
  }

  // ---- IPMI v1.5 ----

  void feed_v15(observation& o, detail::conversation_facts& c, const result<wire::seen>& looked) noexcept {
    o.type = datagram_type::v15;
    const wire::seen& m = *looked;
    if (!looked || !is_defined(m.auth)) return o.refuse(looked ? errc::bad_auth_type : looked.error());
    o.show(m.payload());
    if (!m.behind().empty()) o.findings.add(finding::legacy_pad);
    read(o, c, packets_v15_.feed(o, c, m));
  }

  // ---- messages ----

  void read(observation& o, detail::conversation_facts& c, const detail::attribution<session>& whose) noexcept {
    subject_ = whose.subject;
    if (whose.read) feed_payload(o, c, whose.within);
  }

  /// The plaintext of a packet that is not session setup.
  void feed_payload(observation& o, detail::conversation_facts& c, session* s) noexcept {
    if (o.type == datagram_type::ipmi || o.type == datagram_type::v15) return feed_message(o, c, s);
    if (o.type == datagram_type::sol) feed_sol(o);
  }
  static void feed_sol(observation& o) noexcept {
    const auto m = decode_noting<wire::sol_packet>(o);
    if (!m) return;
    if (m->sequence == 0 && !m->data.empty())
      o.findings.add(finding::sol_counts, static_cast<std::uint32_t>(m->data.size()), 0);
    if (m->acked == 0 && m->accepted != 0) o.findings.add(finding::sol_counts, m->accepted, 0);
  }

  /// `s` is null outside sessions.
  void feed_message(observation& o, detail::conversation_facts& c, session* s) noexcept {
    detail::open_requests& requests = s ? s->requests : c.requests;
    if (o.payload.size() < 2 || !wire::net_fn_lun{o.payload[1]}.is_response()) {
      const auto rq = wire::decode<wire::lan_request>(o.payload);
      if (!rq) return o.fail(rq.error());
      if (o.dir != direction::to_bmc) return;  // bridged: nobody here answers it
      requests.asked(*rq, o.number);
      return note_request(*rq, c, s);
    }
    const auto rs = wire::decode<wire::lan_response>(o.payload);
    if (!rs) return o.fail(rs.error());
    if (o.dir != direction::to_console) return;  // bridged: nobody here asked for it
    o.answers = requests.answered(*rs);
    if (o.answers == 0 && requests.complete()) o.findings.add(finding::unasked_response);
    note_response(
        *rs, c, s, [&](session_id temporary) { subject_ = packets_v15_.challenged(o, c, temporary); },
        [&](session_id id) {
          packets_v15_.set_id(*s, id);
          s->activated_datagram = o.number;
        });
  }

  Config config_;
  follower_options options_;
  detail::login_secrets<crypto_type> secrets_{core::deref(config_.crypto), options_};
  std::uint64_t datagrams_ = 0;
  session* subject_ = nullptr;
  book book_{};
  detail::setup_follower<crypto_type, book> setup_{core::deref(config_.crypto), options_, secrets_, book_};
  detail::packets_v2<crypto_type, book, traits::given_keys> packets_v2_{core::deref(config_.crypto), secrets_, book_};
  detail::packets_v15<crypto_type, book> packets_v15_{core::deref(config_.crypto), secrets_, book_};
};

}  // namespace rmcpp
