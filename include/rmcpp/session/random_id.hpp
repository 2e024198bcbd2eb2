// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/crypto/concepts.hpp>
#include <rmcpp/wire/message.hpp>

namespace rmcpp::detail {

/// An unpredictable session id, not 0. Errors: entropy_failure, also of a source that yields nothing but zeros.
template <crypto::entropy_source E> result<session_id> random_session_id(E& random) noexcept {
  std::array<std::uint8_t, 4> id{};
  for (int tries = 0; tries < 8 && core::all_zero(id); ++tries)
    if (!random.fill(id)) return errc::entropy_failure;
  if (core::all_zero(id)) return errc::entropy_failure;
  return session_id{core::load_le32(id.data())};
}

}  // namespace rmcpp::detail
