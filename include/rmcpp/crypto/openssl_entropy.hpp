// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/secure.hpp>

#include <openssl/rand.h>

#include <array>
#include <utility>

namespace rmcpp {

/// libcrypto's random generator, asked for larger pieces because each request costs as much as 1 KB. One per thread,
/// and after fork() one per process: the library reseeds itself there, the bytes kept here do not.
class openssl_entropy {
 public:
  openssl_entropy() noexcept = default;
  explicit openssl_entropy(OSSL_LIB_CTX* library) noexcept : library_(library) {}
  /// Moves the bytes not yet used: handing out the same randomness twice would repeat ids and IVs.
  openssl_entropy(openssl_entropy&& from) noexcept { *this = std::move(from); }
  openssl_entropy& operator=(openssl_entropy&& from) noexcept {
    if (this == &from) return *this;
    library_ = from.library_;
    pool_ = from.pool_;
    used_ = from.used_;
    from.drain();
    return *this;
  }
  ~openssl_entropy() { drain(); }

  /// False if the library gives no randomness.
  bool fill(mutable_bytes out) noexcept {
    while (!out.empty()) {
      if (used_ == pool_.size()) {
        if (RAND_bytes_ex(library_, pool_.data(), pool_.size(), 0) != 1) return false;
        used_ = 0;
      }
      const auto unused = mutable_bytes(pool_).subspan(used_);
      const std::size_t n = core::copy(unused, out);
      core::wipe(unused.first(n));
      used_ += n;
      out = out.subspan(n);
    }
    return true;
  }

 private:
  void drain() noexcept {
    core::wipe(pool_);
    used_ = pool_.size();
  }

  OSSL_LIB_CTX* library_ = nullptr;
  std::array<std::uint8_t, 1024> pool_{};
  std::size_t used_ = pool_.size();
};

}  // namespace rmcpp
