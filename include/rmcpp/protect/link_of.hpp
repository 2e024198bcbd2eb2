// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/link_v15.hpp>

#include <type_traits>

namespace rmcpp::protect {

/// A link of the one format or the other: that of the login which loads it. Both parts lie side by side, and the one
/// that is not used is empty.
template <crypto::backend B> class link_of_both {
 public:
  link_of_both() noexcept = default;
  link_of_both(const link_of_both&) = default;
  link_of_both& operator=(const link_of_both&) = default;
  /// Both leave `from` empty.
  link_of_both(link_of_both&& from) noexcept
      : v2_(static_cast<link_v2<B>&&>(from.v2_)), v15_(static_cast<link_v15<B>&&>(from.v15_)), is_v15_(from.is_v15_) {
    from.is_v15_ = false;
  }
  link_of_both& operator=(link_of_both&& from) noexcept {
    if (this == &from) return *this;
    v2_ = static_cast<link_v2<B>&&>(from.v2_);
    v15_ = static_cast<link_v15<B>&&>(from.v15_);
    is_v15_ = from.is_v15_;
    from.is_v15_ = false;
    return *this;
  }

  /// As link_v2.
  status load(B& b, const wire::cipher_suite& suite, const derived_keys& keys, const user_key& password) noexcept {
    v15_.unload(b);
    is_v15_ = false;
    return v2_.load(b, suite, keys, password);
  }
  void begin(session_id peer_id, window_rule rule, std::uint32_t first_out = 1, std::uint32_t first_in = 1) noexcept {
    v2_.begin(peer_id, rule, first_out, first_in);
  }
  /// As link_v15.
  status load(B& b, wire::auth_type type, const user_key& password) noexcept {
    v2_.unload(b);
    is_v15_ = true;
    return v15_.load(b, type, password);
  }
  /// Takes over a link that was loaded elsewhere, as far as it has come.
  void take(B& b, const link_v15<B>& from) noexcept {
    v2_.unload(b);
    is_v15_ = true;
    v15_ = from;
  }
  void begin(session_id id, std::uint32_t first_out, std::uint32_t first_in) noexcept {
    v15_.begin(id, first_out, first_in);
  }
  void accept_bare(bare_packets which) noexcept { v15_.accept_bare(which); }
  void go_bare() noexcept { v15_.go_bare(); }
  void answer_as_agreed() noexcept { v15_.answer_as_agreed(); }
  [[nodiscard]] const link_v15<B>& v15() const noexcept { return v15_; }

  void unload(B& b) noexcept {
    v2_.unload(b);
    v15_.unload(b);
    is_v15_ = false;
  }

  [[nodiscard]] bool is_v15() const noexcept { return is_v15_; }
  [[nodiscard]] session_id peer_id() const noexcept { return is_v15_ ? v15_.peer_id() : v2_.peer_id(); }
  [[nodiscard]] bool authenticated() const noexcept { return is_v15_ ? v15_.authenticated() : v2_.authenticated(); }
  [[nodiscard]] bool can_encrypt() const noexcept { return !is_v15_ && v2_.can_encrypt(); }
  [[nodiscard]] bool encrypts(payload_type type) const noexcept { return !is_v15_ && v2_.encrypts(type); }
  void encrypt_payload(payload_type type, bool on) noexcept {
    if (!is_v15_) v2_.encrypt_payload(type, on);
  }
  [[nodiscard]] std::size_t longest_message() const noexcept {
    return is_v15_ ? link_v15<B>::longest_message() : link_v2<B>::longest_message();
  }

  [[nodiscard]] mutable_bytes room(mutable_bytes out, payload_type type, std::size_t size) const noexcept {
    return is_v15_ ? v15_.room(out, type, size) : v2_.room(out, type, size);
  }
  template <crypto::entropy_source E>
  result<std::size_t> seal(B& b, E& random, payload_type type, std::size_t size, mutable_bytes out) noexcept {
    return is_v15_ ? v15_.seal(b, random, type, size, out) : v2_.seal(b, random, type, size, out);
  }
  template <crypto::entropy_source E, wire::message M>
  result<std::size_t> seal_message(B& b, E& random, const M& m, mutable_bytes out) noexcept {
    return is_v15_ ? v15_.seal_message(b, random, m, out) : v2_.seal_message(b, random, m, out);
  }
  result<opened> open(B& b, const wire::seen& packet, repeats seen_before = repeats::refuse) noexcept {
    return is_v15_ ? v15_.open(b, packet, seen_before) : v2_.open(b, packet, seen_before);
  }
  template <class Sink> void describe_state(Sink& sink) const {
    sink("is_v15", is_v15_);
    is_v15_ ? v15_.describe_state(sink) : v2_.describe_state(sink);
  }

 private:
  link_v2<B> v2_{};
  link_v15<B> v15_{};
  bool is_v15_ = false;
};

/// The link of a machine whose traits say which formats it has.
template <crypto::backend B, class Traits> using link_of = std::conditional_t<Traits::v15, link_of_both<B>, link_v2<B>>;

/// Whether a machine's link carries IPMI v1.5 just now; a constant where it cannot.
template <class Link> constexpr bool is_v15(const Link& link) noexcept {
  if constexpr (requires { link.is_v15(); }) return link.is_v15();
  return false;
}

}  // namespace rmcpp::protect
