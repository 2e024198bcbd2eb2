// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/link.hpp>
#include <rmcpp/protect/v15_packet.hpp>

namespace rmcpp::protect {

/// Packets without an authcode that a session of another authentication type accepts (IPMI v2.0, 6.12.4).
enum class bare_packets : std::uint8_t {
  none,
  user_level,  ///< user-level authentication is disabled: what they carry counts as asked at USER level at most
  all,         ///< per-message authentication is disabled
};

/// Opens IPMI v1.5 packets; beside opener the only one that makes an `opened`.
template <crypto::backend B> class opener_v15 {
 public:
  /// Null `window`: the packet has no place in the sequence, and number 0. `tell`: as repeats::tell; only where a
  /// digest vouches for the message. Errors: outside_window, replayed, bad_authcode, crypto_failure.
  static result<opened> run(B& b, const v15_password& password, replay_window* window, const wire::seen& packet,
                            bool tell, bool at_user_level) noexcept {
    const status unnumbered = packet.sequence == 0 ? status{} : status{errc::outside_window};
    const status fresh = window ? window->check(packet.sequence, window_rule::v15) : unnumbered;
    const bool repeated = fresh.error() == errc::replayed;
    const bool digested = packet.auth == wire::auth_type::md2 || packet.auth == wire::auth_type::md5;
    if (!fresh && !(repeated && tell && digested)) return fresh.error();
    if (packet.auth != wire::auth_type::none) {
      secret<16> code;
      if (const status made = v15_code(b, packet, password, code); !made) return made.error();
      if (!equal_constant_time(code.reveal(), packet.authcode())) return errc::bad_authcode;
    }
    if (window && !repeated) window->accept(packet.sequence);
    return opened(payload_type::ipmi, packet.payload(), repeated, at_user_level);
  }
};

/// A link in IPMI v1.5 format (IPMI v2.0, 13.6 and 22.17): the password, the number of the next packet out, the window
/// of those in, and one id for both directions. It carries IPMI messages of up to 255 bytes and encrypts nothing.
template <crypto::backend B> class link_v15 {
 public:
  /// Bytes of the longest message that it carries.
  static constexpr std::size_t longest_message() noexcept { return 0xff; }

  /// Until begin() the link opens packets with number 0 only, and sends with it: Activate Session.
  /// Errors: bad_auth_type (nobody has such sessions, or the backend lacks the digest); too_long for a password of more
  /// than 16 bytes.
  status load(B&, wire::auth_type type, const user_key& password) noexcept {
    *this = {};
    if (type != wire::auth_type::none && !supports<B>(type)) return errc::bad_auth_type;
    if (!fits_v15(password)) return errc::too_long;
    type_ = type;
    core::copy(password.reveal().first(v15_password_size), password_.reveal());
    return {};
  }
  /// Both directions at their first packet; ours carry `id`, and the number `first_out`, 0 as long as they are outside
  /// the sequence. The peer's are accepted from 8 before `first_in` to 8 behind it, each once.
  void begin(session_id id, std::uint32_t first_out, std::uint32_t first_in) noexcept {
    id_ = id;
    next_ = first_out;
    window_ = replay_window::around(first_in);
    begun_ = true;
    bare_ = false;
  }
  /// What of the peer's may come without an authcode. Ours goes as the peer's packet last opened.
  void accept_bare(bare_packets which) noexcept { accepts_ = which; }
  /// Packets without an authcode, both ways, from now on: both sides agreed on that in Activate Session.
  void go_bare() noexcept {
    accepts_ = bare_packets::all;
    bare_ = true;
  }
  /// Wipes the password. Harmless on an empty link.
  void unload(B&) noexcept { *this = {}; }

  /// The session's id, or the temporary one.
  [[nodiscard]] session_id peer_id() const noexcept { return id_; }
  [[nodiscard]] wire::auth_type type() const noexcept { return type_; }
  [[nodiscard]] bool authenticated() const noexcept { return type_ != wire::auth_type::none; }
  [[nodiscard]] static constexpr bool can_encrypt() noexcept { return false; }
  [[nodiscard]] static constexpr bool encrypts(payload_type) noexcept { return false; }
  static void encrypt_payload(payload_type, bool) noexcept {}

  /// As link_v2::room(); empty also for what no v1.5 packet can carry.
  [[nodiscard]] mutable_bytes room(mutable_bytes out, payload_type type, std::size_t size) const noexcept {
    const std::size_t at = wire::payload_at_v15(sent_type());
    if (type != payload_type::ipmi || size > longest_message() || out.size() < at + size) return {};
    return out.subspan(at, size);
  }
  /// Finishes the datagram around the `size` bytes at room(): counts the packet's number, signs. Returns the datagram's
  /// size. Errors: buffer_too_small; too_long above 255 bytes; bad_payload_type; crypto_failure.
  template <crypto::entropy_source E>
  result<std::size_t> seal(B& b, E&, payload_type type, std::size_t size, mutable_bytes out) noexcept {
    if (type != payload_type::ipmi) return errc::bad_payload_type;
    if (size > longest_message()) return errc::too_long;
    const wire::auth_type as = sent_type();
    const std::size_t at = wire::payload_at_v15(as);
    if (out.size() < at + size) return errc::buffer_too_small;
    const mutable_bytes datagram = out.first(at + size);
    const wire::seen packet{
        .auth = as, .id = id_, .sequence = next_, .payload_at = at, .payload_size = size, .datagram = datagram};
    secret<16> code;
    if (as != wire::auth_type::none)
      if (const status made = v15_code(b, packet, password_, code); !made) return made.error();
    wire::session_v15 header{.type = as, .sequence = next_, .id = id_, .payload = packet.payload()};
    core::copy(code.reveal(), header.authcode);
    core::writer w(datagram);
    w.group("rmcp_header", wire::rmcp_header{});
    w.group("session_v15", header);
    if (next_ != 0 && ++next_ == 0) next_ = 1;
    return at + size;
  }
  /// Builds an IPMI message where it will be sent from, and seals it. Errors: as seal().
  template <crypto::entropy_source E, wire::message M>
  result<std::size_t> seal_message(B& b, E& random, const M& m, mutable_bytes out) noexcept {
    const std::size_t size = M::overhead + m.data.size();
    if (size > longest_message()) return errc::too_long;
    const mutable_bytes place = room(out, payload_type::ipmi, size);
    if (place.empty()) return errc::buffer_too_small;
    (void)encode(m, place);
    return seal(b, random, payload_type::ipmi, size, out);
  }

  /// Verifies a packet that look() has seen; only then the window moves.
  /// Errors: bad_auth_type (not v1.5, or not the session's type), not_authenticated, outside_window, replayed,
  /// bad_authcode, crypto_failure.
  result<opened> open(B& b, const wire::seen& packet, repeats seen_before = repeats::refuse) noexcept {
    if (packet.format != wire::packet_format::v15) return errc::bad_auth_type;
    const bool bare = packet.auth == wire::auth_type::none;
    if (bare && authenticated() && accepts_ == bare_packets::none) return errc::not_authenticated;
    if (!bare && packet.auth != type_) return errc::bad_auth_type;
    const bool lowered = bare && authenticated() && accepts_ == bare_packets::user_level;
    const auto o =
        opener_v15<B>::run(b, password_, begun_ ? &window_ : nullptr, packet, seen_before == repeats::tell, lowered);
    if (o) bare_ = bare;
    return o;
  }

  /// All but the password.
  template <class Sink> void describe_state(Sink& sink) const {
    sink("auth_type", type_);
    window_.describe_state(sink);
    sink("next", next_);
    sink("id", id_);
    sink("accepts", accepts_);
    sink("begun", begun_);
    sink("bare", bare_);
  }

 private:
  [[nodiscard]] wire::auth_type sent_type() const noexcept { return bare_ ? wire::auth_type::none : type_; }

  v15_password password_{};
  replay_window window_{};
  std::uint32_t next_ = 0;  ///< number of the next packet out
  session_id id_{};
  wire::auth_type type_{};
  bare_packets accepts_{};
  bool begun_ = false;
  bool bare_ = false;  ///< our packets go without an authcode
};

}  // namespace rmcpp::protect
