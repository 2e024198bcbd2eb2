// SPDX-License-Identifier: BSL-1.0
// The backend of the session tests: which one is decided when a test program starts, for the console and for the BMC,
// so that one program runs on every pair of backends and no test has to be a template.
#pragma once

#include <rmcpp/testing/null_backend.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace rmcpp::test {

using namespace crypto;

using namespace testing;

enum class side : std::uint8_t { console, bmc };
enum class backend_kind : std::uint8_t { null, cryptopp, openssl };

/// The backends of the console and of the BMC.
struct backend_choice {
  backend_kind console = backend_kind::null;
  backend_kind bmc = backend_kind::null;
  friend bool operator==(const backend_choice&, const backend_choice&) = default;
};

/// Reads "CONSOLE BMC", two of "cryptopp" and "openssl". Throws invalid_argument for anything else: a null_backend
/// understands none but itself, and a run on another pair than the one asked for would prove nothing.
backend_choice read_backend_choice(std::string_view text);

/// What the environment variable RMCPP_TEST_BACKENDS says; unset: null_backend for both. A wrong value has ended the
/// program before main(), with a message.
backend_kind backend_of(side s);

/// A key of the backend chosen, which the test program cannot see: its headers are compiled once, not once a test.
class opaque_key {
 public:
  virtual ~opaque_key() = default;
  /// A copy, loaded again, by a backend of its own; null if nothing is loaded.
  [[nodiscard]] virtual std::unique_ptr<opaque_key> copied() const = 0;
};

/// The backend chosen, behind virtual calls. A key that is null, or was made by the same kind, will do.
class crypto_engine {
 public:
  using key = std::unique_ptr<opaque_key>;
  virtual ~crypto_engine() = default;
  virtual status load_mac(key& k, mac_id id, bytes secret) noexcept = 0;
  virtual status load_aes(key& k, bytes secret) noexcept = 0;
  virtual status sign(key& k, pieces data, mutable_bytes tag) noexcept = 0;
  virtual status encrypt(key& k, const block& iv, mutable_bytes data) noexcept = 0;
  virtual status decrypt(key& k, const block& iv, mutable_bytes data) noexcept = 0;
  virtual status encrypt_then_sign(key& aes, key& mac, const fused_packet& packet) noexcept = 0;
  virtual status digest(digest_id id, pieces data, mutable_bytes out) noexcept = 0;
  virtual void unload_mac(key& k) noexcept = 0;
  virtual void unload_aes(key& k) noexcept = 0;
};
std::unique_ptr<crypto_engine> make_engine(backend_kind kind);

/// One side's backend. Like null_backend it can be copied, keys and all, counts its calls and fails on demand.
template <side S> class chosen_backend {
  class any_key {
   public:
    any_key() = default;
    any_key(const any_key& other) : held(other.held ? other.held->copied() : nullptr) {}
    any_key(any_key&&) noexcept = default;
    any_key& operator=(any_key other) noexcept {
      held.swap(other.held);
      return *this;
    }
    ~any_key() = default;

   private:
    friend chosen_backend;
    crypto_engine::key held{};
  };

 public:
  class mac_key : public any_key {};
  class aes_key : public any_key {};
  using counters = null_backend::counters;

  chosen_backend() : engine_(make_engine(backend_of(S))) {}
  chosen_backend(const chosen_backend& other) noexcept  // moves too; without memory a test may end
      : calls(other.calls), engine_(make_engine(backend_of(S))), until_failure_(other.until_failure_) {}
  chosen_backend& operator=(const chosen_backend& other) noexcept {  // an engine remembers nothing but its keys do
    calls = other.calls;
    until_failure_ = other.until_failure_;
    return *this;
  }
  ~chosen_backend() = default;

  static constexpr bool copies_keys = true;
  static constexpr bool supports(mac_id) noexcept { return true; }
  static constexpr bool supports(cipher_id) noexcept { return true; }
  /// No MD2: OpenSSL has none.
  static constexpr bool supports(digest_id id) noexcept { return id == digest_id::md5; }

  status load(mac_key& key, mac_id id, bytes secret) noexcept {
    return fails(calls.load) ? crypto_failure() : engine_->load_mac(key.held, id, secret);
  }
  status load(aes_key& key, bytes secret) noexcept {
    return fails(calls.load) ? crypto_failure() : engine_->load_aes(key.held, secret);
  }
  status sign(mac_key& key, pieces data, mutable_bytes tag) noexcept {
    return fails(calls.sign) ? crypto_failure() : engine_->sign(key.held, data, tag);
  }
  status encrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept {
    return fails(calls.encrypt) ? crypto_failure() : engine_->encrypt(key.held, iv, data);
  }
  status decrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept {
    return fails(calls.decrypt) ? crypto_failure() : engine_->decrypt(key.held, iv, data);
  }
  /// Counts, and may fail, as the two operations that it is.
  status encrypt_then_sign(aes_key& aes, mac_key& mac, const fused_packet& packet) noexcept {
    if (fails(calls.encrypt) || fails(calls.sign)) return crypto_failure();
    return engine_->encrypt_then_sign(aes.held, mac.held, packet);
  }
  status digest(digest_id id, pieces data, mutable_bytes out) noexcept {
    return fails(calls.digest) ? crypto_failure() : engine_->digest(id, data, out);
  }
  void unload(mac_key& key) noexcept {
    ++calls.unload;
    engine_->unload_mac(key.held);
  }
  void unload(aes_key& key) noexcept {
    ++calls.unload;
    engine_->unload_aes(key.held);
  }

  /// Lets the n-th operation from now fail, once, with crypto_failure; 1 is the next one. 0: none.
  void fail_operation(std::uint64_t n) noexcept { until_failure_ = n; }

  counters calls{};

 private:
  static status crypto_failure() noexcept { return errc::crypto_failure; }
  bool fails(std::uint64_t& count) noexcept {
    ++count;
    return until_failure_ != 0 && --until_failure_ == 0;
  }

  std::unique_ptr<crypto_engine> engine_;
  std::uint64_t until_failure_ = 0;
};

using console_backend = chosen_backend<side::console>;
using bmc_backend = chosen_backend<side::bmc>;
static_assert(digest_backend<console_backend> && fused_backend<console_backend> && !batch_backend<console_backend>);
static_assert(copyable_backend<console_backend> && copyable_backend<bmc_backend>);

/// The backend of the other side: any other than a chosen one talks to its own kind.
template <class B> struct peer_backend { using type = B; };
template <> struct peer_backend<console_backend> { using type = bmc_backend; };
template <> struct peer_backend<bmc_backend> { using type = console_backend; };
template <class B> using peer_backend_t = typename peer_backend<B>::type;

}  // namespace rmcpp::test
