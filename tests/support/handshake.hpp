// SPDX-License-Identifier: BSL-1.0
// A session's setup as a trace recorded it, and the codes and keys that a password makes of it.
#pragma once

#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/session_v2.hpp>

#include "support/vectors.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rmcpp::test {

using namespace wire;
using namespace protect;
using namespace crypto;

struct handshake {
  cipher_suite suite{};
  rakp_transcript transcript{};
  rakp_code rakp2{}, rakp3{}, rakp4{};
  std::size_t end = 0;  ///< index of the first datagram behind RAKP 4
};

/// The one complete session setup of a trace. Throws if there is none or a message of it does not decode.
inline handshake find_handshake(const std::vector<datagram>& trace) {
  handshake h;
  const auto read = [](const datagram& d, auto message) {
    const auto m = decode<decltype(message)>(bytes(d.data).subspan(payload_v2));
    if (!m) throw std::runtime_error("frame " + std::to_string(d.frame) + ": " + describe(m.error()));
    return *m;
  };
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const auto& d = trace[i];
    const auto header = decode_prefix<session_header_v2>(bytes(d.data).subspan(d.data.size() < 4 ? 0 : 4));
    if (!header || header->message.id != session_id::none) continue;
    auto& t = h.transcript;
    switch (header->message.payload.type()) {
      case payload_type::open_session_response: {
        const auto m = read(d, open_session_response{});
        const auto* suite = find_suite(m.authentication.algorithm, m.integrity.algorithm, m.confidentiality.algorithm);
        if (!suite) throw std::runtime_error("not a standard suite");
        h.suite = *suite;
        t.console_id = m.console_id;
        t.managed_id = m.managed_id;
        break;
      }
      case payload_type::rakp1: {
        const auto m = read(d, rmcpp::wire::rakp1{});
        t.console_random = m.console_random;
        t.role = m.role;
        t.name = m.name;
        break;
      }
      case payload_type::rakp2: {
        const auto m = read(d, rmcpp::wire::rakp2{});
        t.managed_random = m.managed_random;
        t.managed_guid = m.managed_guid;
        h.rakp2 = m.code;
        break;
      }
      case payload_type::rakp3: h.rakp3 = read(d, rmcpp::wire::rakp3{}).code; break;
      case payload_type::rakp4: {
        h.rakp4 = read(d, rmcpp::wire::rakp4{}).code;
        h.end = i + 1;
        return h;
      }
      default: break;
    }
  }
  throw std::runtime_error("the trace has no session setup");
}

inline user_key to_user_key(std::string_view password) {
  const auto key = user_key::from(password);
  if (!key) throw std::invalid_argument("more than 20 bytes");
  return *key;
}

/// Codes and keys in hex, the codes in full length.
struct key_material {
  std::string rakp2, rakp3, sik, rakp4, k1, k2;
};

/// What both sides of a session compute. `kg` all zero: one-key login.
template <backend B>
key_material derive(B& b, authentication_algorithm algorithm, const rakp_transcript& t, const user_key& password,
                    const user_key& kg = {}) {
  const auto hex = [](const result<rakp_code>& code) {
    if (!code) throw std::runtime_error(describe(code.error()));
    return to_hex(*code);
  };
  key_material m;
  login_key<B> kuid(b, algorithm, password.reveal());
  m.rakp2 = hex(kuid.rakp2(t));
  m.rakp3 = hex(kuid.rakp3(t));
  const auto sik = session_integrity_key(b, algorithm, password, kg, t);
  m.sik = to_hex(sik->reveal());
  login_key<B> from_sik(b, algorithm, sik->reveal());
  m.rakp4 = hex(from_sik.rakp4(t));
  const auto* suite =
      find_suite(algorithm,
                 algorithm == authentication_algorithm::rakp_hmac_sha1  ? integrity_algorithm::hmac_sha1_96
                 : algorithm == authentication_algorithm::rakp_hmac_md5 ? integrity_algorithm::hmac_md5_128
                                                                        : integrity_algorithm::hmac_sha256_128,
                 confidentiality_algorithm::aes_cbc_128);
  derived_keys keys;
  if (!sik || !from_sik.derive(*suite, keys)) throw std::runtime_error("keys are not derived");
  m.k1 = to_hex(keys.k1.reveal().first(rakp_code_size(algorithm)));
  m.k2 = to_hex(keys.k2.reveal().first(rakp_code_size(algorithm)));
  return m;
}

}  // namespace rmcpp::test
