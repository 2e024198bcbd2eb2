// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/result.hpp>
#include <rmcpp/core/secure.hpp>
#include <rmcpp/crypto/concepts.hpp>
#include <rmcpp/crypto/openssl_entropy.hpp>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <array>
#include <climits>
#include <utility>

/// \file
/// The OpenSSL backend, on libcrypto 3 (`-lcrypto`); nothing that is deprecated there, no exceptions, no RTTI.
///
/// Measured with libcrypto 3.0: EVP_DigestInit_ex2(), EVP_MD_CTX_copy_ex() and EVP_MAC_init() allocate at every call,
/// two allocations a tag whichever is used. So digests are called where EVP gets them from, by the provider's dispatch
/// table, and HMAC is put together here: both pads are hashed for every tag, which costs no more time than EVP's copies
/// of midstates and makes no heap call. AES by EVP makes none once keyed. Where HMAC has to be made inside a validated
/// module, give the constructor a library context: then EVP_MAC makes it, at those two heap calls a tag.

namespace rmcpp::crypto::detail {

/// Owns what libcrypto has made; move-only. As std::unique_ptr, whose header takes twice as long to compile as all the
/// rest of this one.
template <class T, auto Free> class openssl_ptr {
 public:
  openssl_ptr() noexcept = default;
  explicit openssl_ptr(T* p) noexcept : p_(p) {}
  openssl_ptr(openssl_ptr&& from) noexcept : p_(from.release()) {}
  openssl_ptr& operator=(openssl_ptr&& from) noexcept {
    reset(from.release());
    return *this;
  }
  ~openssl_ptr() { reset(); }

  [[nodiscard]] T* get() const noexcept { return p_; }
  explicit operator bool() const noexcept { return p_ != nullptr; }
  void reset(T* p = nullptr) noexcept {
    if (p_) Free(p_);
    p_ = p;
  }

 private:
  T* release() noexcept { return std::exchange(p_, nullptr); }

  T* p_ = nullptr;
};

/// A provider's digest and one context for it, always initialised and holding nothing between two calls. False if the
/// library has no such digest.
class openssl_digest {
 public:
  openssl_digest() noexcept = default;
  openssl_digest(OSSL_LIB_CTX* library, const char* name, std::size_t size, const char* properties) noexcept
      : md_(EVP_MD_fetch(library, name, properties)), size_(size) {
    if (!md_ || EVP_MD_get_size(md_.get()) != static_cast<int>(size)) return;
    // The fetched EVP_MD keeps the provider loaded, so the functions outlive the table.
    const OSSL_PROVIDER* const provider = EVP_MD_get0_provider(md_.get());
    int no_cache = 0;
    const OSSL_ALGORITHM* const table = OSSL_PROVIDER_query_operation(provider, OSSL_OP_DIGEST, &no_cache);
    if (!table) return;
    for (const auto* a = table; a->algorithm_names; ++a) {
      if (!is_called(a->algorithm_names)) continue;
      take(a->implementation, OSSL_PROVIDER_get0_provider_ctx(provider));
      break;
    }
    OSSL_PROVIDER_unquery_operation(provider, OSSL_OP_DIGEST, table);
  }

  openssl_digest(openssl_digest&& from) noexcept
      : md_(std::move(from.md_)), size_(from.size_), its_(std::exchange(from.its_, {})) {}
  openssl_digest& operator=(openssl_digest&& from) noexcept {
    if (this == &from) return *this;
    free_context();  // before what keeps its provider loaded
    md_ = std::move(from.md_);
    size_ = from.size_;
    its_ = std::exchange(from.its_, {});
    return *this;
  }
  ~openssl_digest() { free_context(); }

  explicit operator bool() const noexcept { return its_.context != nullptr; }

  /// The whole digest of `first` and `rest`; `out` has at least the digest's size.
  bool run(bytes first, pieces rest, mutable_bytes out) noexcept {
    bool ok = its_.fresh && update(first);
    for (const bytes piece : rest) ok = ok && update(piece);
    std::size_t n = 0;
    ok = ok && its_.finish(its_.context, out.data(), &n, out.size()) == 1 && n == size_;
    // Now rather than before the next message: what was hashed may have been a key.
    if (its_.context) its_.fresh = its_.init(its_.context, nullptr) == 1;
    return ok && its_.fresh;
  }

 private:
  /// What the provider gave: its functions, and a context unless one of them is missing.
  struct provided {
    OSSL_FUNC_digest_init_fn* init = nullptr;
    OSSL_FUNC_digest_update_fn* update = nullptr;
    OSSL_FUNC_digest_final_fn* finish = nullptr;
    OSSL_FUNC_digest_freectx_fn* free = nullptr;
    void* context = nullptr;
    bool fresh = false;
  };

  /// `names` are separated by colons; one will do.
  [[nodiscard]] bool is_called(const char* names) const noexcept {
    std::array<char, 64> one{};
    for (std::size_t i = 0; i < one.size() - 1 && names[i] != '\0' && names[i] != ':'; ++i) one[i] = names[i];
    return EVP_MD_is_a(md_.get(), one.data()) == 1;
  }
  void take(const OSSL_DISPATCH* f, void* provider_context) noexcept {
    OSSL_FUNC_digest_newctx_fn* create = nullptr;
    for (; f->function_id != 0; ++f) {
      switch (f->function_id) {
        case OSSL_FUNC_DIGEST_NEWCTX: create = OSSL_FUNC_digest_newctx(f); break;
        case OSSL_FUNC_DIGEST_FREECTX: its_.free = OSSL_FUNC_digest_freectx(f); break;
        case OSSL_FUNC_DIGEST_INIT: its_.init = OSSL_FUNC_digest_init(f); break;
        case OSSL_FUNC_DIGEST_UPDATE: its_.update = OSSL_FUNC_digest_update(f); break;
        case OSSL_FUNC_DIGEST_FINAL: its_.finish = OSSL_FUNC_digest_final(f); break;
        default: break;
      }
    }
    if (!create || !its_.free || !its_.init || !its_.update || !its_.finish) return;
    its_.context = create(provider_context);
    its_.fresh = its_.context && its_.init(its_.context, nullptr) == 1;
  }
  bool update(bytes data) noexcept { return data.empty() || its_.update(its_.context, data.data(), data.size()) == 1; }
  void free_context() noexcept {
    if (its_.context) its_.free(its_.context);
    its_ = {};
  }

  openssl_ptr<EVP_MD, EVP_MD_free> md_{};
  std::size_t size_ = 0;
  provided its_{};
};

}  // namespace rmcpp::crypto::detail

namespace rmcpp {

/// A crypto backend on libcrypto 3. One per thread: it keeps scratch contexts, made by its constructor. An algorithm
/// that the library does not give at run time, such as MD5 under a FIPS provider, fails with crypto_failure. There is
/// no MD2. Keys may outlive the backend that loaded them. A moved-from backend loads nothing.
class openssl_backend {
  using mac_context = crypto::detail::openssl_ptr<EVP_MAC_CTX, EVP_MAC_CTX_free>;
  using cipher_context = crypto::detail::openssl_ptr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

 public:
  /// HMAC's padded keys, or EVP_MAC's context; wiped with the object, and where they are moved from.
  class mac_key {
    friend openssl_backend;
    void wipe() noexcept {
      context_.reset();
      its_.wipe();
    }
    struct state {
      std::array<std::uint8_t, 64> inner{};
      std::array<std::uint8_t, 64> outer{};
      crypto::mac_id id{};
      bool loaded = false;
    };
    mac_context context_{};
    core::self_wiping<state> its_{};
  };

  /// A context for each direction, about 1 KB of heap once loaded. Moving hands it over: the source is left unloaded,
  /// and what the target had is wiped.
  class aes_key {
    friend openssl_backend;
    cipher_context encryption_{};
    cipher_context decryption_{};
  };

  static constexpr bool supports(crypto::mac_id) noexcept { return true; }
  static constexpr bool supports(crypto::cipher_id) noexcept { return true; }
  static constexpr bool supports(crypto::digest_id id) noexcept { return id == crypto::digest_id::md5; }

  /// With the library's default context and properties.
  openssl_backend() noexcept : openssl_backend(nullptr, nullptr, false) {}
  /// For FIPS: everything, HMAC as a whole too, comes from this context (nullptr: the default one) and by this property
  /// query, such as "fips=yes" (nullptr: none). Both must outlive the backend.
  explicit openssl_backend(OSSL_LIB_CTX* library, const char* properties = nullptr) noexcept
      : openssl_backend(library, properties, true) {}

  /// Errors: invalid_argument if the secret is longer than 64 bytes; crypto_failure if the library lacks the digest.
  status load(mac_key& key, crypto::mac_id id, bytes secret_bytes) noexcept {
    if (secret_bytes.size() > crypto::max_mac_secret) return errc::invalid_argument;
    if (!digest_of(id)) return errc::crypto_failure;
    mac_context context{};
    if (whole_hmac_) {
      context = keyed(id, secret_bytes);
      if (!context) return errc::crypto_failure;
    }
    key.wipe();
    key.context_ = std::move(context);
    for (std::size_t i = 0; i < key.its_->inner.size() && !whole_hmac_; ++i) {
      const unsigned k = i < secret_bytes.size() ? secret_bytes[i] : 0u;
      key.its_->inner[i] = static_cast<std::uint8_t>(k ^ 0x36u);
      key.its_->outer[i] = static_cast<std::uint8_t>(k ^ 0x5cu);
    }
    key.its_->id = id;
    key.its_->loaded = true;
    return {};
  }

  /// Errors: invalid_argument unless the secret has 16 bytes; crypto_failure if memory is short or the library lacks
  /// AES.
  status load(aes_key& key, bytes secret_bytes) noexcept {
    if (secret_bytes.size() != crypto::aes_key_size) return errc::invalid_argument;
    cipher_context encryption = keyed(true, secret_bytes);
    cipher_context decryption = keyed(false, secret_bytes);
    if (!encryption || !decryption) return errc::crypto_failure;
    key.encryption_ = std::move(encryption);
    key.decryption_ = std::move(decryption);
    return {};
  }

  /// Errors: crypto_failure if the key is not loaded; invalid_argument if the tag is longer than the algorithm's.
  status sign(mac_key& key, crypto::pieces data, mutable_bytes tag) noexcept {
    if (!key.its_->loaded) return errc::crypto_failure;
    if (tag.size() > tag_size(key.its_->id)) return errc::invalid_argument;
    std::array<std::uint8_t, crypto::max_tag_size> whole{};
    const bool made = key.context_ ? sign_by_evp(key, data, whole) : sign_by_pads(key, data, whole);
    if (made) core::copy(whole, tag);
    core::wipe(whole);
    return made ? status{} : status{errc::crypto_failure};
  }

  /// Errors: crypto_failure if the key is not loaded; invalid_argument unless data is whole blocks, at least one.
  status encrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    return apply(key.encryption_.get(), iv, data);
  }
  /// Errors: as encrypt().
  status decrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    return apply(key.decryption_.get(), iv, data);
  }

  /// Errors: invalid_argument unless out has at most 16 bytes; crypto_failure if the library lacks the digest, as it
  /// always lacks MD2.
  status digest(crypto::digest_id id, crypto::pieces data, mutable_bytes out) noexcept {
    if (out.size() > crypto::digest_size) return errc::invalid_argument;
    if (id != crypto::digest_id::md5 || !md5_) return errc::crypto_failure;
    std::array<std::uint8_t, crypto::digest_size> whole{};
    if (!md5_.run({}, data, whole)) return errc::crypto_failure;
    core::copy(whole, out);
    return {};
  }

  void unload(mac_key& key) noexcept { key.wipe(); }
  /// libcrypto wipes the schedules that it frees.
  void unload(aes_key& key) noexcept {
    key.encryption_.reset();
    key.decryption_.reset();
  }

 private:
  openssl_backend(OSSL_LIB_CTX* library, const char* properties, bool whole_hmac) noexcept
      : md5_(library, OSSL_DIGEST_NAME_MD5, tag_size(crypto::mac_id::hmac_md5), properties),
        sha1_(library, OSSL_DIGEST_NAME_SHA1, tag_size(crypto::mac_id::hmac_sha1), properties),
        sha256_(library, OSSL_DIGEST_NAME_SHA2_256, tag_size(crypto::mac_id::hmac_sha256), properties),
        aes_(EVP_CIPHER_fetch(library, "AES-128-CBC", properties)),
        hmac_(whole_hmac ? EVP_MAC_fetch(library, OSSL_MAC_NAME_HMAC, properties) : nullptr),
        properties_(properties),
        whole_hmac_(whole_hmac) {}

  crypto::detail::openssl_digest& digest_of(crypto::mac_id id) noexcept {
    switch (id) {
      case crypto::mac_id::hmac_md5: return md5_;
      case crypto::mac_id::hmac_sha1: return sha1_;
      case crypto::mac_id::hmac_sha256: break;
    }
    return sha256_;
  }

  mac_context keyed(crypto::mac_id id, bytes secret_bytes) noexcept {
    static constexpr std::array names{OSSL_DIGEST_NAME_MD5, OSSL_DIGEST_NAME_SHA1, OSSL_DIGEST_NAME_SHA2_256};
    const auto text = [](const char* name, const char* value) {  // only read, though its type does not say so
      return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(value), 0);
    };
    const std::array parameters{
        text(OSSL_MAC_PARAM_DIGEST, names[static_cast<std::size_t>(id)]),
        properties_ ? text(OSSL_MAC_PARAM_PROPERTIES, properties_) : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    // A null pointer would mean "as before", not "an empty key".
    const std::uint8_t none = 0;
    const std::uint8_t* const secret_data = secret_bytes.empty() ? &none : secret_bytes.data();
    mac_context context(hmac_ ? EVP_MAC_CTX_new(hmac_.get()) : nullptr);
    if (context && EVP_MAC_init(context.get(), secret_data, secret_bytes.size(), parameters.data()) != 1)
      context.reset();
    return context;
  }

  static bool sign_by_evp(mac_key& key, crypto::pieces data, mutable_bytes whole) noexcept {
    EVP_MAC_CTX* const c = key.context_.get();
    bool ok = EVP_MAC_init(c, nullptr, 0, nullptr) == 1;
    for (const bytes piece : data) ok = ok && EVP_MAC_update(c, piece.data(), piece.size()) == 1;
    std::size_t n = 0;
    return ok && EVP_MAC_final(c, whole.data(), &n, whole.size()) == 1 && n == tag_size(key.its_->id);
  }

  bool sign_by_pads(const mac_key& key, crypto::pieces data, mutable_bytes whole) noexcept {
    auto& hash = digest_of(key.its_->id);
    if (!hash || !hash.run(key.its_->inner, data, whole)) return false;
    const std::array<bytes, 1> inner{whole.first(tag_size(key.its_->id))};
    return hash.run(key.its_->outer, inner, whole);
  }

  cipher_context keyed(bool encrypt, bytes secret_bytes) noexcept {
    cipher_context c(aes_ ? EVP_CIPHER_CTX_new() : nullptr);
    if (c && (EVP_CipherInit_ex2(c.get(), aes_.get(), secret_bytes.data(), nullptr, encrypt ? 1 : 0, nullptr) != 1 ||
              EVP_CIPHER_CTX_set_padding(c.get(), 0) != 1))
      c.reset();
    return c;
  }

  /// One CBC message in place: a new IV keeps key and direction.
  static status apply(EVP_CIPHER_CTX* c, const crypto::block& iv, mutable_bytes data) noexcept {
    if (!c) return errc::crypto_failure;
    if (data.empty() || data.size() % crypto::aes_block_size != 0 || data.size() > INT_MAX)
      return errc::invalid_argument;
    const int size = static_cast<int>(data.size());
    int n = 0;
    const bool done = EVP_CipherInit_ex2(c, nullptr, nullptr, iv.data(), -1, nullptr) == 1 &&
                      EVP_CipherUpdate(c, data.data(), &n, data.data(), size) == 1 && n == size;
    return done ? status{} : status{errc::crypto_failure};
  }

  crypto::detail::openssl_digest md5_;
  crypto::detail::openssl_digest sha1_;
  crypto::detail::openssl_digest sha256_;
  crypto::detail::openssl_ptr<EVP_CIPHER, EVP_CIPHER_free> aes_;
  crypto::detail::openssl_ptr<EVP_MAC, EVP_MAC_free> hmac_;
  const char* properties_;
  bool whole_hmac_;
};
static_assert(crypto::digest_backend<openssl_backend>);

}  // namespace rmcpp
