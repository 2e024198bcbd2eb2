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

/// A link in IPMI v1.5 format (IPMI v2.0, 13.6 and 22.17): the password, the number of the next packet out, the window
/// of those in, and one id for both directions. It carries IPMI messages of up to 255 bytes and encrypts nothing.
template <crypto::backend B> class link_v15 {
 public:
  /// Bytes of the longest message that it carries.
  static constexpr std::size_t longest_message() noexcept { return 0xff; }

  link_v15() noexcept = default;
  link_v15(const link_v15&) noexcept = default;
  link_v15& operator=(const link_v15&) noexcept = default;
  /// Both leave `from` empty.
  link_v15(link_v15&& from) noexcept : link_v15(static_cast<const link_v15&>(from)) { from.clear(); }
  link_v15& operator=(link_v15&& from) noexcept {
    if (this == &from) return *this;
    *this = static_cast<const link_v15&>(from);
    from.clear();
    return *this;
  }

  /// Until begin() the link opens packets with number 0 only, and sends with it: Activate Session.
  /// Errors: bad_auth_type (nobody has such sessions, or the backend lacks the digest); too_long for a password of more
  /// than 16 bytes.
  status load(B& b, wire::auth_type type, const user_key& password) noexcept {
    unload(b);
    if (type != wire::auth_type::none && !supports<B>(type)) return errc::bad_auth_type;
    if (!fits_v15(password)) return errc::too_long;
    type_ = sends_ = type;
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
    sends_ = type_;
  }
  /// What of the peer's may come without an authcode. Ours goes as the peer's packet last opened.
  void accept_bare(bare_packets which) noexcept { accepts_ = which; }
  /// Packets without an authcode, both ways, from now on: both sides agreed on that in Activate Session.
  void go_bare() noexcept {
    accepts_ = bare_packets::all;
    sends_ = wire::auth_type::none;
  }
  /// The next packet is no answer to the one last opened: with an authcode, unless packets go without.
  void answer_as_agreed() noexcept { sends_ = accepts_ == bare_packets::all ? wire::auth_type::none : type_; }
  /// Wipes the password. Harmless on an empty link.
  void unload(B&) noexcept { clear(); }

  /// The session's id, or the temporary one.
  [[nodiscard]] session_id peer_id() const noexcept { return id_; }
  [[nodiscard]] wire::auth_type type() const noexcept { return type_; }
  [[nodiscard]] bool authenticated() const noexcept { return type_ != wire::auth_type::none; }
  [[nodiscard]] static constexpr bool can_encrypt() noexcept { return false; }
  [[nodiscard]] static constexpr bool encrypts(payload_type) noexcept { return false; }
  static void encrypt_payload(payload_type, bool) noexcept {}

  /// As link_v2::room(); empty also for what no v1.5 packet can carry.
  [[nodiscard]] mutable_bytes room(mutable_bytes out, payload_type type, std::size_t size) const noexcept {
    const auto packet = next_packet(size, out);
    return packet && type == payload_type::ipmi ? packet->payload() : mutable_bytes{};
  }
  /// Finishes the datagram around the `size` bytes at room(): counts the packet's number, signs. Returns the datagram's
  /// size. Errors: buffer_too_small; too_long above 255 bytes; bad_payload_type; crypto_failure.
  template <crypto::entropy_source E>
  result<std::size_t> seal(B& b, E&, payload_type type, std::size_t size, mutable_bytes out) noexcept {
    if (type != payload_type::ipmi) return errc::bad_payload_type;
    const auto packet = next_packet(size, out);
    return packet ? finish(b, *packet) : packet.error();
  }
  /// Builds an IPMI message where it will be sent from, and seals it. Errors: as seal().
  template <crypto::entropy_source E, wire::message M>
  result<std::size_t> seal_message(B& b, E&, const M& m, mutable_bytes out) noexcept {
    const auto packet = next_packet(M::overhead + m.data.size(), out);
    if (!packet) return packet.error();
    (void)encode(m, packet->payload());
    return finish(b, *packet);
  }

  /// Verifies a packet that look() has seen; only then the window moves. `seen_before`: repeats::tell only where a
  /// digest vouches for the message.
  /// Errors: bad_auth_type (not v1.5, or not the session's type), not_authenticated, outside_window, replayed,
  /// bad_authcode, crypto_failure.
  result<opened> open(B& b, const wire::seen& packet, repeats seen_before = repeats::refuse) noexcept {
    if (packet.format != wire::packet_format::v15) return errc::bad_auth_type;
    const bool bare = packet.auth == wire::auth_type::none;
    const bool excused = bare && authenticated();
    if (excused && accepts_ == bare_packets::none) return errc::not_authenticated;
    if (!excused && packet.auth != type_) return errc::bad_auth_type;
    const status fresh = check_number(packet.sequence);
    const bool repeated = fresh.error() == errc::replayed;
    const bool digested = !bare && type_ != wire::auth_type::straight_password;
    if (!fresh && !(repeated && digested && seen_before == repeats::tell)) return fresh.error();
    if (!bare)
      if (const status genuine = verify(b, packet); !genuine) return genuine.error();
    if (begun_ && !repeated) window_.accept(packet.sequence);
    sends_ = packet.auth;
    return opened(payload_type::ipmi, packet.payload(), repeated, excused && accepts_ == bare_packets::user_level);
  }

  /// All but the password.
  template <class Sink> void describe_state(Sink& sink) const {
    sink("auth_type", type_);
    window_.describe_state(sink);
    sink("next", next_);
    sink("id", id_);
    sink("accepts", accepts_);
    sink("begun", begun_);
    sink("sends", sends_);
  }

 private:
  void clear() noexcept {
    password_.clear();
    type_ = wire::auth_type::none;
    begin(session_id::none, 0, 0);
    begun_ = false;
    accepts_ = bare_packets::none;
  }
  /// Our next packet, with a message of that size. Errors: too_long; buffer_too_small.
  [[nodiscard]] result<wire::seen> next_packet(std::size_t size, mutable_bytes out) const noexcept {
    const std::size_t at = wire::payload_at_v15(sends_);
    if (size > longest_message()) return errc::too_long;
    if (out.size() < at + size) return errc::buffer_too_small;
    return wire::seen{.format = wire::packet_format::v15,
                      .auth = sends_,
                      .id = id_,
                      .sequence = next_,
                      .payload_at = at,
                      .payload_size = size,
                      .datagram = out.first(at + size)};
  }
  /// Writes all but the message, which lies there. Returns the datagram's size. Errors: crypto_failure.
  result<std::size_t> finish(B& b, const wire::seen& packet) noexcept {
    const wire::session_v15 header{.type = packet.auth, .sequence = next_, .id = id_, .payload = packet.payload()};
    core::writer w(packet.datagram);
    w.group("rmcp_header", wire::rmcp_header{});
    w.group("session_v15", header);
    if (packet.auth != wire::auth_type::none)
      if (const status made = detail::v15_code(b, packet, password_, packet.authcode()); !made) return made.error();
    if (next_ != 0 && ++next_ == 0) next_ = 1;
    return packet.datagram.size();
  }
  /// Before begin() a packet has no place in the sequence, and number 0.
  [[nodiscard]] status check_number(std::uint32_t number) const noexcept {
    if (begun_) return window_.check(number, window_rule::v15);
    return number == 0 ? status{} : status{errc::outside_window};
  }
  /// Whether the packet's authcode is right. Errors: bad_authcode; crypto_failure.
  [[nodiscard]] status verify(B& b, const wire::seen& packet) const noexcept {
    secret<16> code;
    const status made = detail::v15_code(b, packet, password_, code.reveal());
    if (!made) return made;
    return equal_constant_time(code.reveal(), packet.authcode()) ? status{} : status{errc::bad_authcode};
  }

  v15_password password_{};
  replay_window window_{};
  std::uint32_t next_ = 0;  ///< number of the next packet out
  session_id id_{};
  wire::auth_type type_{};
  wire::auth_type sends_{};  ///< type of our packets: none where they go without an authcode
  bare_packets accepts_{};
  bool begun_ = false;
};

}  // namespace rmcpp::protect
