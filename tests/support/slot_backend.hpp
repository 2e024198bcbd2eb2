// SPDX-License-Identifier: BSL-1.0
// A backend whose keys are slots of a device, for who must unload each of them once.
#pragma once

#include <rmcpp/testing/null_backend.hpp>

#include <algorithm>
#include <deque>

namespace rmcpp::test {

/// null_backend behind slots. A key is a plain number: moved from, it still names its slot, and copied, too. Every load
/// takes a new slot, and each counts how often it was unloaded.
class slot_backend {
  template <class Key> struct slot_of {
    Key key{};
    int unloaded = 0;
  };
  template <class Slots, class Key> static auto& of(Slots& slots, const Key& key) noexcept {
    return slots[static_cast<std::size_t>(key.slot)];
  }
  template <class Slots, class Key> void give_back(Slots& slots, Key& key) noexcept {
    if (key.slot < 0) return;
    soft_.unload(of(slots, key).key);
    ++of(slots, key).unloaded;
    key = {};
  }
  template <class Slots, class Key> auto& take(Slots& slots, Key& key) noexcept {
    give_back(slots, key);
    key.slot = static_cast<int>(slots.size());
    return slots.emplace_back();
  }

 public:
  struct mac_key {
    int slot = -1;
  };
  struct aes_key {
    int slot = -1;
  };

  static constexpr bool supports(crypto::mac_id) noexcept { return true; }
  static constexpr bool supports(crypto::cipher_id) noexcept { return true; }

  status load(mac_key& key, crypto::mac_id id, bytes secret) noexcept {
    return soft_.load(take(macs, key).key, id, secret);
  }
  status load(aes_key& key, bytes secret) noexcept { return soft_.load(take(ciphers, key).key, secret); }
  status sign(mac_key& key, crypto::pieces data, mutable_bytes tag) noexcept {
    return key.slot < 0 ? errc::crypto_failure : soft_.sign(of(macs, key).key, data, tag);
  }
  status encrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    return key.slot < 0 ? errc::crypto_failure : soft_.encrypt(of(ciphers, key).key, iv, data);
  }
  status decrypt(aes_key& key, const crypto::block& iv, mutable_bytes data) noexcept {
    return key.slot < 0 ? errc::crypto_failure : soft_.decrypt(of(ciphers, key).key, iv, data);
  }
  void unload(mac_key& key) noexcept { give_back(macs, key); }
  void unload(aes_key& key) noexcept { give_back(ciphers, key); }

  /// Whether every slot that was taken has been unloaded, and once.
  [[nodiscard]] bool each_unloaded_once() const {
    const auto once = [](const auto& s) { return s.unloaded == 1; };
    return std::all_of(macs.begin(), macs.end(), once) && std::all_of(ciphers.begin(), ciphers.end(), once);
  }

  std::deque<slot_of<testing::null_backend::mac_key>> macs{};
  std::deque<slot_of<testing::null_backend::aes_key>> ciphers{};

 private:
  testing::null_backend soft_{};
};
static_assert(crypto::backend<slot_backend> && !crypto::copyable_backend<slot_backend>);

}  // namespace rmcpp::test
