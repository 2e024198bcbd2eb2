// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/secure.hpp>
#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <stdexcept>
#include <string>
#include <vector>

/// \file
/// Between what people type and read, and bytes.

namespace examples {

/// What the user asked for and cannot get, in words; exit status 2.
struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline rmcpp::bytes as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Bytes that came over the network as text: what a terminal could take for a command is shown as '?'.
inline std::string printable(rmcpp::bytes b) {
  std::string text;
  for (const auto v : b) text += v >= 0x20 && v < 0x7f ? static_cast<char>(v) : '?';
  return text;
}

/// "0a1B" as two bytes, an optional 0x before them; throws usage_error.
inline std::vector<std::uint8_t> parse_hex(std::string text) {
  if (text.starts_with("0x")) text.erase(0, 2);
  if (text.size() % 2 != 0 || text.find_first_not_of("0123456789abcdefABCDEF") != text.npos)
    throw usage_error("not pairs of hexadecimal digits: " + text);
  std::vector<std::uint8_t> b;
  for (std::size_t i = 0; i < text.size(); i += 2)
    b.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return b;
}

/// A number from 0 to `limit` as C writes it: decimal, 0x before hexadecimal, 0 before octal; throws usage_error.
inline std::uint8_t parse_byte(const std::string& text, unsigned long limit = 0xff) {
  char* end = nullptr;
  const auto v = std::strtoul(text.c_str(), &end, 0);
  if (text.empty() || text[0] == '-' || *end != '\0' || v > limit)
    throw usage_error("not a number from 0 to " + std::to_string(limit) + ": " + text);
  return static_cast<std::uint8_t>(v);
}

/// A password or K_g of at most 20 bytes; throws usage_error.
template <rmcpp::core::text_like Text> rmcpp::user_key parse_key(const Text& text, const char* what) {
  const auto key = rmcpp::user_key::from(text);
  if (!key) throw usage_error(std::string(what) + " is longer than 20 bytes");
  return *key;
}

/// A user name of at most 16 bytes; throws usage_error.
inline rmcpp::username parse_name(const std::string& text) {
  const auto name = rmcpp::username::from(text);
  if (!name) throw usage_error("user name is longer than 16 bytes: " + text);
  return *name;
}

/// "user" .. "administrator" in any case, or nothing.
inline std::optional<rmcpp::privilege> parse_privilege(std::string text) {
  using rmcpp::privilege;
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const auto p : {privilege::callback, privilege::user, privilege::operator_, privilege::administrator})
    if (text == describe(p)) return p;
  return std::nullopt;
}

}  // namespace examples
