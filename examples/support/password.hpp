// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <fstream>
#include <optional>
#include <rmcpp/protect/login_keys.hpp>
#include <string>

#include "text.hpp"

namespace examples {

/// Where a program's password comes from, as its options say: itself, -E or -f.
struct password_source {
  std::optional<std::string> text;
  bool in_environment = false;  ///< IPMI_PASSWORD
  std::string file;             ///< its first line
};

/// The password; empty if the options name none. Throws usage_error if it cannot be had or is too long.
inline std::optional<rmcpp::user_key> read_password(const password_source& from) {
  std::string text;
  if (from.text) {
    text = *from.text;
  } else if (from.in_environment) {
    const char* const value = std::getenv("IPMI_PASSWORD");
    if (!value) throw usage_error("-E: the environment has no IPMI_PASSWORD");
    text = value;
  } else if (!from.file.empty()) {
    std::ifstream file(from.file);
    if (!std::getline(file, text)) throw usage_error("-f: cannot read a password from " + from.file);
  } else {
    return std::nullopt;
  }
  return parse_key(text, "password");
}

}  // namespace examples
