// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/protect/auth_types.hpp>
#include <string>

#include "text.hpp"

/// \file
/// The authentication types of IPMI v1.5 by ipmitool's names.

namespace examples {

struct auth_word {
  const char* word;
  rmcpp::wire::auth_type type;
};
inline constexpr auth_word auth_words[] = {{"NONE", rmcpp::wire::auth_type::none},
                                           {"MD2", rmcpp::wire::auth_type::md2},
                                           {"MD5", rmcpp::wire::auth_type::md5},
                                           {"PASSWORD", rmcpp::wire::auth_type::straight_password}};

inline const char* word_of(rmcpp::wire::auth_type type) {
  for (const auto& each : auth_words)
    if (each.type == type) return each.word;
  return "another";
}

/// The type by its name in any case. Throws usage_error, which begins with `option`: for another word, and for a digest
/// that the backend lacks.
template <rmcpp::crypto::backend Backend>
rmcpp::wire::auth_type parse_auth_type(const std::string& text, const std::string& option) {
  std::string word;
  for (const char c : text) word += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const auto& each : auth_words) {
    if (word != each.word) continue;
    if (each.type != rmcpp::wire::auth_type::none && !rmcpp::protect::supports<Backend>(each.type))
      throw usage_error(option + ": this build's crypto backend has no " + word);
    return each.type;
  }
  throw usage_error(option + ": unknown authentication type '" + text + "'; known: none md2 md5 password");
}

}  // namespace examples
