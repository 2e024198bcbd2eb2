// SPDX-License-Identifier: BSL-1.0
// What chosen_backend.hpp chooses from, compiled once for all tests.
#include "support/chosen_backend.hpp"

#include <rmcpp/core/secure.hpp>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/crypto/openssl.hpp>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

namespace rmcpp::test {

using namespace core;

using namespace crypto;

using namespace testing;

namespace {

backend_kind read_kind(std::string_view name) {
  if (name == "cryptopp") return backend_kind::cryptopp;
  if (name == "openssl") return backend_kind::openssl;
  throw std::invalid_argument("RMCPP_TEST_BACKENDS: \"" + std::string(name) + "\" is not cryptopp or openssl");
}

backend_choice choice_of_environment() {
  const char* const text = std::getenv("RMCPP_TEST_BACKENDS");
  if (!text) return {};
  try {
    return read_backend_choice(text);
  } catch (const std::invalid_argument& e) {
    std::cerr << e.what() << std::endl;
    std::exit(EXIT_FAILURE);
  }
}

/// A backend's key, and what it was loaded with: a real backend's keys cannot be copied, so a copy is loaded anew.
template <class B, class Key> class key_of_backend final : public opaque_key {
 public:
  Key key{};

  status load(B& b, mac_id id, bytes secret_bytes) noexcept {
    const status done = load_into(b, key, id, secret_bytes);
    if (!done) return done;
    id_ = id;
    secret_.clear();
    copy(secret_bytes, secret_.reveal());
    size_ = secret_bytes.size();
    loaded_ = true;
    return done;
  }
  void unload(B& b) noexcept {
    b.unload(key);
    secret_.clear();
    loaded_ = false;
  }
  [[nodiscard]] std::unique_ptr<opaque_key> copied() const override {
    if (!loaded_) return nullptr;
    B b{};
    auto made = std::make_unique<key_of_backend>();
    if (!made->load(b, id_, secret_.reveal().first(size_))) throw std::runtime_error("a key cannot be loaded again");
    return made;
  }

 private:
  static status load_into(B& b, typename B::mac_key& k, mac_id id, bytes s) noexcept { return b.load(k, id, s); }
  static status load_into(B& b, typename B::aes_key& k, mac_id, bytes s) noexcept { return b.load(k, s); }

  secret<max_mac_secret> secret_{};
  std::size_t size_ = 0;
  mac_id id_{};
  bool loaded_ = false;
};

template <class B> class engine_of final : public crypto_engine {
  using mac = key_of_backend<B, typename B::mac_key>;
  using aes = key_of_backend<B, typename B::aes_key>;

 public:
  status load_mac(key& k, mac_id id, bytes s) noexcept override { return in<mac>(k).load(backend_, id, s); }
  status load_aes(key& k, bytes s) noexcept override { return in<aes>(k).load(backend_, mac_id{}, s); }
  status sign(key& k, pieces data, mutable_bytes tag) noexcept override {
    return backend_.sign(in<mac>(k).key, data, tag);
  }
  status encrypt(key& k, const block& iv, mutable_bytes data) noexcept override {
    return backend_.encrypt(in<aes>(k).key, iv, data);
  }
  status decrypt(key& k, const block& iv, mutable_bytes data) noexcept override {
    return backend_.decrypt(in<aes>(k).key, iv, data);
  }
  /// In one call if the backend has it, else as the protection layer would.
  status encrypt_then_sign(key& a, key& m, const fused_packet& p) noexcept override {
    if constexpr (fused_backend<B>) {
      return backend_.encrypt_then_sign(in<aes>(a).key, in<mac>(m).key, p);
    } else {
      block iv{};
      copy(p.data.subspan(p.text - iv.size(), iv.size()), iv);
      if (const auto done = encrypt(a, iv, p.data.subspan(p.text, p.text_size)); !done) return done;
      const std::array<bytes, 1> covered{p.data.first(p.code)};
      return sign(m, covered, p.data.subspan(p.code, p.code_size));
    }
  }
  status digest(digest_id id, pieces data, mutable_bytes out) noexcept override {
    return backend_.digest(id, data, out);
  }
  void unload_mac(key& k) noexcept override {
    if (k) in<mac>(k).unload(backend_);
  }
  void unload_aes(key& k) noexcept override {
    if (k) in<aes>(k).unload(backend_);
  }

 private:
  template <class Key> static Key& in(key& k) {
    if (!k) k = std::make_unique<Key>();
    return static_cast<Key&>(*k);
  }
  B backend_{};
};

}  // namespace

backend_choice read_backend_choice(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos)
    throw std::invalid_argument("RMCPP_TEST_BACKENDS: \"" + std::string(text) + "\" does not name two backends");
  return {read_kind(text.substr(0, space)), read_kind(text.substr(space + 1))};
}

backend_kind backend_of(side s) {
  static const backend_choice choice = choice_of_environment();
  return s == side::console ? choice.console : choice.bmc;
}

std::unique_ptr<crypto_engine> make_engine(backend_kind kind) {
  switch (kind) {
    case backend_kind::null: break;
    case backend_kind::cryptopp: return std::make_unique<engine_of<cryptopp_backend>>();
    case backend_kind::openssl: return std::make_unique<engine_of<openssl_backend>>();
  }
  return std::make_unique<engine_of<null_backend>>();
}

namespace {
/// Asked before main(), so that a wrong value does not wait for the first test that has a backend.
[[maybe_unused]] const backend_kind asked_early = backend_of(side::console);
}  // namespace

}  // namespace rmcpp::test
