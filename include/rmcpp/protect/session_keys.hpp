// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/login_keys.hpp>

#include <type_traits>

namespace rmcpp::protect {

/// The loaded keys of one session: K1 and K2, or for MD5-128 integrity the password. Both directions use the same.
/// Moving leaves the source as new, whatever a moved-from key of the backend keeps: each key is unloaded once. Assign
/// only to what is unloaded, for a backend that is not there cannot take back the keys that are overwritten. Copyable
/// where the backend says so.
template <crypto::backend B> class session_keys {
 public:
  session_keys() = default;
  // clang-format off
  session_keys(const session_keys&) requires crypto::copyable_backend<B> = default;
  session_keys& operator=(const session_keys&) requires crypto::copyable_backend<B> = default;
  // clang-format on
  session_keys(session_keys&& from) noexcept
      : k1_(static_cast<mac_key&&>(from.k1_)),
        k2_(static_cast<aes_key&&>(from.k2_)),
        password_(from.password_),
        suite_(from.suite_) {
    from.renew();
  }
  session_keys& operator=(session_keys&& from) noexcept {
    if (this == &from) return *this;
    k1_ = static_cast<mac_key&&>(from.k1_);
    k2_ = static_cast<aes_key&&>(from.k2_);
    password_ = from.password_;
    suite_ = from.suite_;
    from.renew();
    return *this;
  }
  ~session_keys() = default;

  /// Loads what the suite needs. `sik` has rakp_code_size() bytes; `password` is used by MD5-128 integrity only.
  /// Errors: unsupported_suite; crypto_failure. On error nothing stays loaded.
  status load(B& b, const wire::cipher_suite& suite, bytes sik, const user_key& password) noexcept {
    unload(b);
    if (!supports<B>(suite)) return errc::unsupported_suite;
    derived_keys keys;
    if (needs_k1(suite) || needs_k2(suite)) {
      const status made = login_key<B>(b, suite.authentication, sik).derive(suite, keys);
      if (!made) return made;
    }
    return load(b, suite, keys, password);
  }

  /// Loads K1 and K2 as a login made them. Errors: as load().
  status load(B& b, const wire::cipher_suite& suite, const derived_keys& keys, const user_key& password) noexcept {
    const std::size_t size = rakp_code_size(suite.authentication);
    return load_derived(b, suite, keys.k1.reveal().first(size), keys.k2.reveal().first(size), password);
  }

  /// Loads K1 and K2 as bytes, where SIK is not known; those that the suite does not need may be empty. K1 has
  /// rakp_code_size() bytes, K2 at least its first 16. Errors: as load(), and invalid_argument for a missing key.
  status load_derived(B& b, const wire::cipher_suite& suite, bytes k1, bytes k2,
                      [[maybe_unused]] const user_key& password) noexcept {
    unload(b);
    if (!supports<B>(suite)) return errc::unsupported_suite;
    if ((needs_k1(suite) && k1.size() != rakp_code_size(suite.authentication)) ||
        (needs_k2(suite) && k2.size() < crypto::aes_key_size))
      return errc::invalid_argument;
    if constexpr (has_md5_128<B>) {
      if (keyed_by_password(suite.integrity)) password_ = password;
    }
    status loaded{};
    if (needs_k1(suite)) loaded = b.load(k1_, integrity_mac(suite.integrity), k1);
    if (loaded && needs_k2(suite)) loaded = b.load(k2_, k2.first(crypto::aes_key_size));
    if (!loaded) {
      unload(b);
      return loaded;
    }
    suite_ = suite;
    return {};
  }

  void unload(B& b) noexcept {
    b.unload(k1_);
    b.unload(k2_);
    forget_the_rest();
  }

  [[nodiscard]] const wire::cipher_suite& suite() const noexcept { return suite_; }
  [[nodiscard]] bool authenticates() const noexcept { return suite_.integrity != wire::integrity_algorithm::none; }
  [[nodiscard]] bool encrypts() const noexcept {
    return suite_.confidentiality != wire::confidentiality_algorithm::none;
  }
  [[nodiscard]] typename B::aes_key& cipher_key() noexcept { return k2_; }
  [[nodiscard]] typename B::mac_key& integrity_key() noexcept { return k1_; }

  /// Authentication code over the pieces, authcode_size() bytes. Errors: crypto_failure.
  status sign(B& b, crypto::pieces data, mutable_bytes code) noexcept {
    if constexpr (has_md5_128<B>) {
      if (suite_.integrity == wire::integrity_algorithm::md5_128) return sign_md5_128(b, data, code);
    }
    return b.sign(k1_, data, code);
  }

 private:
  using mac_key = typename B::mac_key;
  using aes_key = typename B::aes_key;
  struct nothing {};

  /// After a move. The barrier keeps the stores to a key that is a plain struct and is never looked at again.
  void renew() noexcept {
    k1_ = mac_key{};
    k2_ = aes_key{};
    forget_the_rest();
    __asm__ __volatile__("" : : "r"(this) : "memory");
  }
  void forget_the_rest() noexcept {
    password_ = {};
    suite_ = {};
  }

  /// MD5(password | data | password), the password zero-padded to 20 bytes; SIK and K1 take no part.
  status sign_md5_128(B& b, crypto::pieces data, mutable_bytes code) noexcept {
    if (data.size() != 1) return errc::crypto_failure;
    const std::array<bytes, 3> parts{password_.reveal(), data[0], password_.reveal()};
    return b.digest(crypto::digest_id::md5, parts, code);
  }

  mac_key k1_{};
  aes_key k2_{};
  [[no_unique_address]] std::conditional_t<has_md5_128<B>, user_key, nothing> password_{};
  wire::cipher_suite suite_{};
};

}  // namespace rmcpp::protect
