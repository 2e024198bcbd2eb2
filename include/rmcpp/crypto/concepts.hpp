// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/result.hpp>
#include <rmcpp/crypto/algorithms.hpp>

#include <concepts>
#include <type_traits>

/// \file
/// What a crypto backend is. Keys are loaded once and kept ready; data comes in pieces, so that nothing is
/// concatenated.

namespace rmcpp::crypto {

/// What `mac_key` and `aes_key` must be: made by default, and moved without an exception, for keys move where sessions
/// do. A moved-from key may keep what it had, as a plain struct does: who moves it overwrites it with a new one. Moving
/// from or onto a key unloads nothing, since a key need not know its backend.
template <class K>
concept key_type = std::default_initializable<K> && std::movable<K> && std::is_nothrow_move_constructible_v<K> &&
    std::is_nothrow_move_assignable_v<K>;

/// A crypto backend. `mac_key` and `aes_key` are default-constructible, hold nothing until loaded, and are movable;
/// they need not be copyable, see copyable_backend. Every operation may fail (accelerators do) with crypto_failure and
/// throws nothing.
///
/// - `B::supports(id)`, constexpr: suites that need what is missing vanish from the build.
/// - `load(mac_key&, mac_id, secret)`: secret of 0..64 bytes. `load(aes_key&, secret)`: 16 bytes. Loading a loaded key
///   replaces it. Heap use is allowed here and nowhere else.
/// - `sign(mac_key&, pieces, tag)`: HMAC of the concatenated pieces; a shorter tag takes the leftmost bytes.
/// - `encrypt`, `decrypt(aes_key&, iv, data)`: CBC in place, whole 16-byte blocks, at least one.
/// - `unload(key)`: wipes; harmless on an empty key.
// clang-format off
template <class B>
concept backend = requires(B b, typename B::mac_key mac, typename B::aes_key aes, bytes secret, pieces data,
                           mutable_bytes out, const block& iv) {
  requires std::default_initializable<typename B::mac_key> && std::default_initializable<typename B::aes_key>;
  { B::supports(mac_id{}) } noexcept -> std::same_as<bool>;
  { B::supports(cipher_id{}) } noexcept -> std::same_as<bool>;
  { b.load(mac, mac_id{}, secret) } noexcept -> std::same_as<status>;
  { b.load(aes, secret) } noexcept -> std::same_as<status>;
  { b.sign(mac, data, out) } noexcept -> std::same_as<status>;
  { b.encrypt(aes, iv, out) } noexcept -> std::same_as<status>;
  { b.decrypt(aes, iv, out) } noexcept -> std::same_as<status>;
  { b.unload(mac) } noexcept;
  { b.unload(aes) } noexcept;
} && key_type<typename B::mac_key> && key_type<typename B::aes_key>;
// clang-format on

/// A backend whose keys may be copied, so that a machine on it can be: a snapshot, for tests. It says so itself, by
/// `static constexpr bool copies_keys = true;`, because the type cannot tell: a key that is the number of an
/// accelerator's slot copies well, and then that slot is unloaded twice. A backend inherits the word of its base.
// clang-format off
template <class B>
concept copyable_backend = backend<B> && std::copyable<B> && std::copyable<typename B::mac_key> &&
    std::copyable<typename B::aes_key> && requires { requires B::copies_keys; };
// clang-format on

/// A backend that also has plain digests, 16 bytes each: MD5 for the MD5-128 integrity of suites 11 and 12, MD5 and
/// MD2 for IPMI v1.5.
// clang-format off
template <class B> concept digest_backend = backend<B> && requires(B b, pieces data, mutable_bytes out) {
  { B::supports(digest_id{}) } noexcept -> std::same_as<bool>;
  { b.digest(digest_id{}, data, out) } noexcept -> std::same_as<status>;
};
// clang-format on

/// One packet for encrypt_then_sign(). `data` is the 12-byte session header | IV | plaintext and pad | trailer up to
/// the next-header byte | room for the tag | surplus. Text and tag are where the offsets say; the IV lies in the 16
/// bytes before the text, the tag covers all bytes before it.
struct fused_packet {
  mutable_bytes data{};
  std::size_t text = 0;
  std::size_t text_size = 0;  ///< whole blocks, at least one
  std::size_t code = 0;  ///< offset of the tag: a multiple of 16, because of the shorter header and the trailer's pad
  std::size_t code_size = 0;
};

/// A backend that encrypts and then signs one packet in one call, because it can interleave the two. It may use what
/// lies behind the tag in `data` as scratch. Without it the protection layer calls encrypt() and sign().
// clang-format off
template <class B>
concept fused_backend = backend<B> &&
    requires(B b, typename B::mac_key mac, typename B::aes_key aes, const fused_packet& packet) {
  { b.encrypt_then_sign(aes, mac, packet) } noexcept -> std::same_as<status>;
};
// clang-format on

/// One of several packets, each with keys of its own.
template <class AesKey, class MacKey> struct fused_job {
  AesKey* aes = nullptr;
  MacKey* mac = nullptr;
  fused_packet packet{};
  status done{};  ///< for the backend to fill
};
template <backend B> using fused_job_of = fused_job<typename B::aes_key, typename B::mac_key>;

/// A backend that works on several packets at once, in wide registers or in an accelerator. Each job has its own
/// outcome. Without it packets are sealed one after the other, which costs nothing but what such a backend would gain.
// clang-format off
template <class B>
concept batch_backend = backend<B> && requires(B b, std::span<fused_job_of<B>> jobs) {
  { b.encrypt_then_sign(jobs) } noexcept;
};
// clang-format on

/// Randomness: fills the span with unpredictable bytes, or returns false, and then the machine refuses to go on.
// clang-format off
template <class E> concept entropy_source = requires(E e, mutable_bytes out) {
  { e.fill(out) } noexcept -> std::same_as<bool>;
};
// clang-format on

template <class B> constexpr bool supports_digest(digest_id id) noexcept {
  if constexpr (digest_backend<B>) return B::supports(id);
  return false;
}

}  // namespace rmcpp::crypto

namespace rmcpp::detail {

// What a type lacks of the concepts, in words: of a wrong configuration a build's first error is to name the member or
// function that is missing, wrong or not noexcept. For a concept, compilers print how they came to ask and then the
// whole of it; so of each machine the template that fits is constrained, and a primary one asks these and has no more.

// clang-format off

template <class B> consteval bool check_backend() {
  constexpr bool has_keys = requires { typename B::mac_key; typename B::aes_key; };
  static_assert(has_keys, "rmcpp: `crypto`, a backend, needs the types `mac_key` and `aes_key` (crypto/concepts.hpp)");
  if constexpr (has_keys) {
    using mac_key = typename B::mac_key;
    using aes_key = typename B::aes_key;
    constexpr bool begins_mac = std::default_initializable<mac_key>;
    static_assert(begins_mac, "rmcpp: `crypto`: its `mac_key` must be default-constructible");
    constexpr bool begins_aes = std::default_initializable<aes_key>;
    static_assert(begins_aes, "rmcpp: `crypto`: its `aes_key` must be default-constructible");

    constexpr bool asks_mac = requires { { B::supports(crypto::mac_id{}) } -> std::same_as<bool>; };
    static_assert(asks_mac, "rmcpp: `crypto` needs `static constexpr bool supports(mac_id) noexcept`");
    static_assert(!asks_mac || requires { { B::supports(crypto::mac_id{}) } noexcept; },
                  "rmcpp: `crypto`: `supports(mac_id)` must be `noexcept`");
    constexpr bool asks_cipher = requires { { B::supports(crypto::cipher_id{}) } -> std::same_as<bool>; };
    static_assert(asks_cipher, "rmcpp: `crypto` needs `static constexpr bool supports(cipher_id) noexcept`");
    static_assert(!asks_cipher || requires { { B::supports(crypto::cipher_id{}) } noexcept; },
                  "rmcpp: `crypto`: `supports(cipher_id)` must be `noexcept`");

    constexpr bool loads_mac = requires(B b, mac_key k, bytes s) {
      { b.load(k, crypto::mac_id{}, s) } -> std::same_as<status>;
    };
    static_assert(loads_mac, "rmcpp: `crypto` needs `status load(mac_key&, mac_id, bytes secret) noexcept`");
    static_assert(!loads_mac || requires(B b, mac_key k, bytes s) { { b.load(k, crypto::mac_id{}, s) } noexcept; },
                  "rmcpp: `crypto`: `load(mac_key&, mac_id, bytes secret)` must be `noexcept`");
    constexpr bool loads_aes = requires(B b, aes_key k, bytes s) { { b.load(k, s) } -> std::same_as<status>; };
    static_assert(loads_aes, "rmcpp: `crypto` needs `status load(aes_key&, bytes secret) noexcept`");
    static_assert(!loads_aes || requires(B b, aes_key k, bytes s) { { b.load(k, s) } noexcept; },
                  "rmcpp: `crypto`: `load(aes_key&, bytes secret)` must be `noexcept`");

    constexpr bool signs = requires(B b, mac_key k, crypto::pieces data, mutable_bytes out) {
      { b.sign(k, data, out) } -> std::same_as<status>;
    };
    static_assert(signs, "rmcpp: `crypto` needs `status sign(mac_key&, pieces data, mutable_bytes tag) noexcept`");
    static_assert(!signs || requires(B b, mac_key k, crypto::pieces data, mutable_bytes out) {
      { b.sign(k, data, out) } noexcept;
    }, "rmcpp: `crypto`: `sign(mac_key&, pieces data, mutable_bytes tag)` must be `noexcept`");
    constexpr bool encrypts = requires(B b, aes_key k, const crypto::block& iv, mutable_bytes data) {
      { b.encrypt(k, iv, data) } -> std::same_as<status>;
    };
    static_assert(encrypts,
                  "rmcpp: `crypto` needs `status encrypt(aes_key&, const block& iv, mutable_bytes data) noexcept`");
    static_assert(!encrypts || requires(B b, aes_key k, const crypto::block& iv, mutable_bytes data) {
      { b.encrypt(k, iv, data) } noexcept;
    }, "rmcpp: `crypto`: `encrypt(aes_key&, const block& iv, mutable_bytes data)` must be `noexcept`");
    constexpr bool decrypts = requires(B b, aes_key k, const crypto::block& iv, mutable_bytes data) {
      { b.decrypt(k, iv, data) } -> std::same_as<status>;
    };
    static_assert(decrypts,
                  "rmcpp: `crypto` needs `status decrypt(aes_key&, const block& iv, mutable_bytes data) noexcept`");
    static_assert(!decrypts || requires(B b, aes_key k, const crypto::block& iv, mutable_bytes data) {
      { b.decrypt(k, iv, data) } noexcept;
    }, "rmcpp: `crypto`: `decrypt(aes_key&, const block& iv, mutable_bytes data)` must be `noexcept`");

    constexpr bool unloads_mac = requires(B b, mac_key k) { b.unload(k); };
    static_assert(unloads_mac, "rmcpp: `crypto` needs `void unload(mac_key&) noexcept`");
    static_assert(!unloads_mac || requires(B b, mac_key k) { { b.unload(k) } noexcept; },
                  "rmcpp: `crypto`: `unload(mac_key&)` must be `noexcept`");
    constexpr bool unloads_aes = requires(B b, aes_key k) { b.unload(k); };
    static_assert(unloads_aes, "rmcpp: `crypto` needs `void unload(aes_key&) noexcept`");
    static_assert(!unloads_aes || requires(B b, aes_key k) { { b.unload(k) } noexcept; },
                  "rmcpp: `crypto`: `unload(aes_key&)` must be `noexcept`");
  }
  return true;
}

template <class E> consteval bool check_entropy_source() {
  constexpr bool fills = requires(E e, mutable_bytes out) { { e.fill(out) } -> std::same_as<bool>; };
  static_assert(fills, "rmcpp: `random`, an entropy source, needs `bool fill(mutable_bytes) noexcept`");
  static_assert(!fills || requires(E e, mutable_bytes out) { { e.fill(out) } noexcept; },
                "rmcpp: `random`: `fill(mutable_bytes)` must be `noexcept`");
  return true;
}

// clang-format on

}  // namespace rmcpp::detail
