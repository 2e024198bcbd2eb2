// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/result.hpp>
#include <rmcpp/crypto/algorithms.hpp>

#include <concepts>

/// \file
/// What a crypto backend is. Keys are loaded once and kept ready; data comes in pieces, so that nothing is
/// concatenated.

namespace rmcpp {

/// A crypto backend. `mac_key` and `aes_key` are default-constructible and hold nothing until loaded; they need not be
/// copyable. Every operation may fail (accelerators do) with crypto_failure and throws nothing.
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
  { B::supports(mac_id{}) } noexcept -> std::same_as<bool>;
  { B::supports(cipher_id{}) } noexcept -> std::same_as<bool>;
  { b.load(mac, mac_id{}, secret) } noexcept -> std::same_as<status>;
  { b.load(aes, secret) } noexcept -> std::same_as<status>;
  { b.sign(mac, data, out) } noexcept -> std::same_as<status>;
  { b.encrypt(aes, iv, out) } noexcept -> std::same_as<status>;
  { b.decrypt(aes, iv, out) } noexcept -> std::same_as<status>;
  { b.unload(mac) } noexcept;
  { b.unload(aes) } noexcept;
};
// clang-format on

/// A backend that also has plain digests, 16 bytes each: MD5 for the MD5-128 integrity of suites 11 and 12, MD5 and
/// MD2 for IPMI v1.5.
// clang-format off
template <class B> concept digest_backend = backend<B> && requires(B b, pieces data, mutable_bytes out) {
  { B::supports(digest_id{}) } noexcept -> std::same_as<bool>;
  { b.digest(digest_id{}, data, out) } noexcept -> std::same_as<status>;
};
// clang-format on

/// A backend that encrypts and then signs one packet in one call, because it can interleave the two. `packet` is
/// 12-byte header | IV | plaintext and pad | trailer up to the next-header byte | room for the tag; the cipher works on
/// `[cipher_from, cipher_to)`, the IV lies in the 16 bytes before it, the tag covers everything before it and is
/// `tag` bytes long. Without it the protection layer calls encrypt() and sign().
// clang-format off
template <class B>
concept fused_backend = backend<B> &&
    requires(B b, typename B::mac_key mac, typename B::aes_key aes, mutable_bytes packet, std::size_t n) {
  { b.encrypt_then_sign(aes, mac, packet, n, n, n) } noexcept -> std::same_as<status>;
};
// clang-format on

template <class B> constexpr bool supports_digest(digest_id id) noexcept {
  if constexpr (digest_backend<B>) return B::supports(id);
  return false;
}

}  // namespace rmcpp
