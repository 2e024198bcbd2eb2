// SPDX-License-Identifier: BSL-1.0
// This library through its public calls, with one of its backends.
#pragma once

#include "material.hpp"

#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/batch.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/seal.hpp>

#if RMCPP_BENCH_OPENSSL && __has_include(<rmcpp/crypto/openssl.hpp>)
#include <rmcpp/crypto/openssl.hpp>
#define RMCPP_BENCH_OPENSSL_BACKEND 1
#endif

namespace bench {

template <class Suite, rmcpp::crypto::backend Backend> class rmcpp_contender {
 public:
  rmcpp_contender() {
    const auto suite = rmcpp::wire::standard_suites.at(Suite::id);
    const material<Suite> m;
    loaded_ = keys_.load(crypto_, suite, m.sik, {}).has_value();
  }

  std::size_t seal(bytes message, std::uint32_t sequence, const iv_block& iv, mutable_bytes out) {
    const auto p = rmcpp::protect::plan(kind, keys_.suite().integrity, message.size());
    if (out.size() < p.total) return 0;
    build(message, out.data() + p.message);
    const auto n = rmcpp::protect::seal(crypto_, keys_, header(sequence), p, iv, out);
    return n ? *n : 0;
  }

  mutable_bytes open(mutable_bytes datagram) {
    const auto packet = rmcpp::wire::look(datagram);
    if (!packet) return {};
    window_ = {};  // so that the same datagram can be opened again
    const auto opened = rmcpp::protect::open(crypto_, keys_, window_, *packet, {.encrypted = Suite::aes});
    return opened ? opened->message() : mutable_bytes{};
  }

  [[nodiscard]] static rmcpp::wire::session_header_v2 header(std::uint32_t sequence) {
    return {.payload = kind, .id = rmcpp::session_id{session_id}, .sequence = sequence};
  }
  [[nodiscard]] rmcpp::protect::session_keys<Backend>& keys() { return keys_; }

  static constexpr auto kind = rmcpp::wire::payload_byte::of(rmcpp::payload_type::ipmi, true, Suite::aes);

 private:
  Backend crypto_{};
  rmcpp::protect::session_keys<Backend> keys_{};
  rmcpp::protect::replay_window window_{};
  bool loaded_ = false;
};

template <class Suite> struct rmcpp_cryptopp : rmcpp_contender<Suite, rmcpp::cryptopp_backend> {
  using backend = rmcpp::cryptopp_backend;
  static constexpr const char* name = "rmcpp";
};
#if RMCPP_BENCH_OPENSSL_BACKEND
template <class Suite> struct rmcpp_openssl : rmcpp_contender<Suite, rmcpp::openssl_backend> {
  using backend = rmcpp::openssl_backend;
  static constexpr const char* name = "rmcpp_openssl";
};
#endif

}  // namespace bench
