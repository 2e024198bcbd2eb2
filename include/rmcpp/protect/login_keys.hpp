// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/secure.hpp>
#include <rmcpp/protect/suite.hpp>
#include <rmcpp/wire/rakp.hpp>

/// \file
/// The keys of an RMCP+ login, and the codes that they make (IPMI v2.0, 13.31 and 13.32): Kuid, the user's password,
/// makes the codes of RAKP 2 and 3; K_g, or Kuid where there is none, makes SIK; SIK makes RAKP 4's value, K1 and K2.
/// Each key is loaded once in a datagram that needs it. With RAKP-none nothing is loaded, and every code and key is
/// empty. Every function that can fail fails with crypto_failure only.

namespace rmcpp::protect {

/// Everything that the HMACs of a login hash, as it lay on the wire.
struct rakp_transcript {
  session_id console_id{};       ///< SIDm
  session_id managed_id{};       ///< SIDc
  wire::nonce console_random{};  ///< Rm
  wire::nonce managed_random{};  ///< Rc
  guid managed_guid{};           ///< GUIDc
  role_byte role{};              ///< ROLEm: RAKP 1's whole role byte, never the Open Session privilege
  username name{};               ///< UNm

  template <class Sink> void describe_state(Sink& sink) const {
    sink("console_id", console_id);
    sink("managed_id", managed_id);
    sink("console_random", bytes(console_random));
    sink("managed_random", bytes(managed_random));
    sink("managed_guid", bytes(managed_guid));
    sink("role", role.value);
    sink("name", name.view());
  }
};

/// A secret as long as the hash of the authentication algorithm, up to 32 bytes: SIK.
struct session_secret {
  secret<crypto::max_tag_size> value{};
  std::uint8_t size = 0;

  [[nodiscard]] bytes reveal() const noexcept { return value.reveal().first(size); }
  [[nodiscard]] mutable_bytes reveal() noexcept { return value.reveal().first(size); }
};

/// K1 and K2 on their way from SIK to the keys of a session, rakp_code_size() bytes each; those that the suite does not
/// need are zero.
struct derived_keys {
  secret<crypto::max_tag_size> k1{};
  secret<crypto::max_tag_size> k2{};
};

namespace detail {

/// The HMACs of a login.
enum class rakp_hmac : std::uint8_t { rakp2, rakp3, sik, rakp4, k1, k2 };

/// The text of one of them, in the order of 13.31 and 13.32. All parts but the name have one size.
class rakp_text {
 public:
  rakp_text(rakp_hmac what, const rakp_transcript& t) noexcept { lay_out(what, t); }
  [[nodiscard]] bytes view() const noexcept { return bytes(room_).first(size_); }

 private:
  void lay_out(rakp_hmac what, const rakp_transcript& t) noexcept {
    switch (what) {
      case rakp_hmac::rakp2:
        add(t.console_id);
        add(t.managed_id);
        add(t.console_random);
        add(t.managed_random);
        add(t.managed_guid);
        return add_user(t);
      case rakp_hmac::rakp3:
        add(t.managed_random);
        add(t.console_id);
        return add_user(t);
      case rakp_hmac::sik:
        add(t.console_random);
        add(t.managed_random);
        return add_user(t);
      case rakp_hmac::rakp4:
        add(t.console_random);
        add(t.managed_id);
        return add(t.managed_guid);
      default:
        // 20 bytes for every hash, whatever its block size.
        size_ = 20;
        core::fill(mutable_bytes(room_).first(size_), what == rakp_hmac::k1 ? 1 : 2);
    }
  }
  void add(session_id id) noexcept {
    core::store_le32(room_.data() + size_, to_integer(id));
    size_ += 4;
  }
  void add(const octets16& v) noexcept {
    __builtin_memcpy(room_.data() + size_, v.data(), v.size());
    size_ += v.size();
  }
  /// ROLEm, ULm, UNm.
  void add_user(const rakp_transcript& t) noexcept {
    room_[size_] = t.role.value;
    room_[size_ + 1] = static_cast<std::uint8_t>(t.name.size());
    __builtin_memcpy(room_.data() + size_ + 2, t.name.padded().data(), username::capacity);
    size_ += 2 + t.name.size();
  }

  static constexpr std::size_t longest = 4 + 4 + 3 * 16 + 1 + 1 + username::capacity;  // RAKP 2
  alignas(std::uint64_t) std::array<std::uint8_t, longest> room_;  // only what was written is ever read
  std::size_t size_ = 0;
};

}  // namespace detail

/// A key of a login, Kuid, K_g or SIK, loaded for all that one datagram needs of it.
template <crypto::backend B> class login_key {
 public:
  login_key(B& b, wire::authentication_algorithm a, bytes secret_bytes) noexcept
      : backend_(b), size_(static_cast<std::uint8_t>(rakp_code_size(a))), held_(size_ != 0) {
    if (held_) loaded_ = b.load(key_, rakp_mac(a), secret_bytes);
  }
  login_key(const login_key&) = delete;
  login_key& operator=(const login_key&) = delete;
  ~login_key() { unload(); }
  /// After its last use, before the next key is loaded: an accelerator may have one slot to spare.
  void unload() noexcept {
    if (held_) backend_.unload(key_);  // also where loading failed: an accelerator's slot may be taken
    held_ = false;
    loaded_ = errc::crypto_failure;
  }

  /// Under Kuid: the key exchange authentication codes of RAKP 2 and RAKP 3 (13.21, 13.22).
  [[nodiscard]] result<wire::rakp_code> rakp2(const rakp_transcript& t) noexcept { return code(hmac::rakp2, t); }
  [[nodiscard]] result<wire::rakp_code> rakp3(const rakp_transcript& t) noexcept { return code(hmac::rakp3, t); }
  /// Under K_g, or Kuid where K_g is all zero.
  status sik(const rakp_transcript& t, session_secret& out) noexcept {
    out.size = size_;
    return sign(hmac::sik, t, out.reveal());
  }
  /// Under SIK: the integrity check value of RAKP 4 (13.23), untruncated: the message carries its first
  /// rakp4_code_size() bytes.
  [[nodiscard]] result<wire::rakp_code> rakp4(const rakp_transcript& t) noexcept { return code(hmac::rakp4, t); }
  /// Under SIK: K1 and K2, as far as the suite needs them.
  status derive(const wire::cipher_suite& suite, derived_keys& out) noexcept {
    status made{};
    if (needs_k1(suite)) made = sign(hmac::k1, {}, out.k1.reveal().first(size_));
    if (made && needs_k2(suite)) made = sign(hmac::k2, {}, out.k2.reveal().first(size_));
    return made;
  }

 private:
  using hmac = detail::rakp_hmac;

  RMCPP_FLATTEN status sign(hmac what, const rakp_transcript& t, mutable_bytes tag) noexcept {
    if (size_ == 0) return {};
    if (!loaded_) return loaded_;
    const detail::rakp_text text(what, t);
    const std::array<bytes, 1> all{text.view()};
    return backend_.sign(key_, all, tag);
  }
  result<wire::rakp_code> code(hmac what, const rakp_transcript& t) noexcept {
    wire::rakp_code tag;
    const status made = sign(what, t, tag.resize(size_));
    return {tag, made.error()};
  }

  B& backend_;
  typename B::mac_key key_{};
  status loaded_{};
  std::uint8_t size_;  ///< of every code; 0 with RAKP-none
  bool held_;          ///< the backend has it
};

/// What RAKP 3 leads to, on both sides.
struct login_outcome {
  wire::rakp_code rakp4{};  ///< the integrity check value, untruncated
  derived_keys keys{};
};

/// SIK, which ends here, and what it makes. Kuid is loaded and comes back unloaded, so that never more than one key of
/// the login is. `kg` all zero: one-key login.
template <crypto::backend B>
status finish_login(B& b, login_key<B>& kuid, const user_key& kg, const wire::cipher_suite& suite,
                    const rakp_transcript& t, login_outcome& out) noexcept {
  session_secret sik;
  status made{};
  if (kg.is_zero()) made = kuid.sik(t, sik);
  kuid.unload();
  if (!kg.is_zero()) made = login_key<B>(b, suite.authentication, kg.reveal()).sik(t, sik);
  if (!made) return made;
  login_key<B> from_sik(b, suite.authentication, sik.reveal());
  const auto value = from_sik.rakp4(t);
  out.rakp4 = *value;
  return value ? from_sik.derive(suite, out.keys) : value.error();
}

// ---- one code at a time, for tests and for who follows others' logins ----

/// The key exchange authentication code of RAKP 2.
template <crypto::backend B>
result<wire::rakp_code> rakp2_code(B& b, wire::authentication_algorithm a, const user_key& password,
                                   const rakp_transcript& t) noexcept {
  return login_key<B>(b, a, password.reveal()).rakp2(t);
}
/// The key exchange authentication code of RAKP 3.
template <crypto::backend B>
result<wire::rakp_code> rakp3_code(B& b, wire::authentication_algorithm a, const user_key& password,
                                   const rakp_transcript& t) noexcept {
  return login_key<B>(b, a, password.reveal()).rakp3(t);
}
/// SIK: under K_g, or under the password where K_g is all zero.
template <crypto::backend B>
result<session_secret> session_integrity_key(B& b, wire::authentication_algorithm a, const user_key& password,
                                             const user_key& kg, const rakp_transcript& t) noexcept {
  session_secret sik;
  const status made = login_key<B>(b, a, (kg.is_zero() ? password : kg).reveal()).sik(t, sik);
  return {sik, made.error()};
}
/// The integrity check value of RAKP 4, untruncated.
template <crypto::backend B>
result<wire::rakp_code> rakp4_code(B& b, wire::authentication_algorithm a, const session_secret& sik,
                                   const rakp_transcript& t) noexcept {
  return login_key<B>(b, a, sik.reveal()).rakp4(t);
}

/// Whether a received RAKP 4 value is as long as a right one may be: see rakp4_code_fits().
inline bool rakp4_code_size_fits(wire::authentication_algorithm a, std::size_t size) noexcept {
  return size == rakp4_code_size(a) || size == rakp_code_size(a);
}

/// Whether a received RAKP 4 value is right: `whole` cut to its length, or left untruncated as some BMCs do (ipmitool
/// and FreeIPMI accept that too). Constant time.
inline bool rakp4_code_fits(wire::authentication_algorithm a, const wire::rakp_code& whole,
                            const wire::rakp_code& received) noexcept {
  const std::size_t n = received.size();
  return rakp4_code_size_fits(a, n) && equal_constant_time(whole.view().first(n), received);
}

}  // namespace rmcpp::protect
