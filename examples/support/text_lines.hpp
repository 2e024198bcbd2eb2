// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cstdio>
#include <memory>
#include <utility>

#include "datagrams.hpp"

/// \file
/// Datagrams from lines of text: of hexadecimal digits, and what ipmitool -vvvvv prints.

namespace examples {

/// A datagram a line: `>` or `c2b` to the BMC, `<` or `b2c` to the console, or nothing; then the digits, with spaces or
/// colons if you like. `#` begins a comment.
///
/// Or what ipmitool says with -vvvvv: ">> sending packet (23 bytes)", then the digits, sixteen bytes a line. Whatever
/// stands between its packets is passed over.
class text_lines : public datagram_source {
 public:
  explicit text_lines(std::FILE* file) : file_(file) {}

  std::optional<captured> next() override {
    while (read_line()) {
      if (const auto head = packet_head()) return pasted_packet(*head);
      if (pasted_ || !complaint_.empty()) continue;
      if (auto found = datagram_of_line()) return found;
    }
    if (!pasted_ && !complaint_.empty()) throw unreadable_input(complaint_);
    return std::nullopt;
  }

 private:
  static constexpr std::size_t longest_line = 400'000;  // the longest datagram, generously spaced
  static constexpr std::size_t longest_datagram = 0xffff;
  static constexpr const char* too_long = "too long for a datagram";

  [[nodiscard]] std::string located(const char* why) const {
    return "line " + std::to_string(line_number_) + ": " + why;
  }
  [[noreturn]] void fail(const char* why) const { throw unreadable_input(located(why)); }

  bool read_line() {
    if (std::exchange(held_, false)) return true;
    line_.clear();
    ++line_number_;
    for (int c = 0; (c = std::getc(file_.get())) != '\n';) {
      if (c == EOF) {
        if (std::ferror(file_.get())) fail("cannot be read");
        return !line_.empty();
      }
      if (line_.size() == longest_line) fail(too_long);
      line_ += static_cast<char>(c);
    }
    return true;
  }
  captured numbered(rmcpp::direction dir) {
    captured d{.frame = ++counts_.frames, .data = buffer_};
    d.from.dir = dir;
    return d;
  }

  // ---- a datagram a line ----

  /// Nothing if there is none, or something else: that is complained about at the end, for it may be the beginning of
  /// what ipmitool says.
  std::optional<captured> datagram_of_line() {
    const auto dir = take_marker();
    buffer_.clear();
    const char* const wrong = append_digits(line_);
    if (!wrong && buffer_.empty() && !dir) return std::nullopt;  // blank, or a comment
    if (wrong || buffer_.empty()) {
      complaint_ = located(wrong ? wrong : "no datagram after the direction");
      return std::nullopt;
    }
    auto d = numbered(dir ? *dir : guess());
    if (d.data.size() >= 24 && d.data[4] == 0x06 && d.data[5] == 0x11) console_ids_.add(id_at(20));
    return d;
  }
  /// Also cuts off the comment.
  std::optional<rmcpp::direction> take_marker() {
    line_.erase(std::min(line_.find('#'), line_.size()));
    line_.erase(0, std::min(line_.find_first_not_of(" \t\r"), line_.size()));
    for (const auto& [marker, dir] : {std::pair(">", rmcpp::direction::to_bmc),
                                      {"c2b", rmcpp::direction::to_bmc},
                                      {"<", rmcpp::direction::to_console},
                                      {"b2c", rmcpp::direction::to_console}})
      if (line_.starts_with(marker)) {
        line_.erase(0, std::string(marker).size());
        return dir;
      }
    return std::nullopt;
  }
  /// To the buffer. What is wrong with them, or null.
  const char* append_digits(std::string_view text) {
    int high = -1;
    for (const char c : text) {
      if (c == ' ' || c == '\t' || c == '\r' || c == ':') {
        if (high >= 0) return "half a byte";
        continue;
      }
      const std::size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
      if (digit == std::string_view::npos) return "not a datagram in hexadecimal digits";
      if (high < 0) {
        high = static_cast<int>(digit);
      } else {
        buffer_.push_back(static_cast<std::uint8_t>(high * 16 + static_cast<int>(digit)));
        high = -1;
      }
    }
    if (high >= 0) return "half a byte";
    return buffer_.size() > longest_datagram ? too_long : nullptr;
  }
  /// Without a marker: what the datagram itself says, else whether its session id is one that a console chose.
  [[nodiscard]] rmcpp::direction guess() const {
    if (const auto own = own_direction(buffer_)) return *own;
    const bool for_console = buffer_.size() >= 10 && buffer_[4] == 0x06 && console_ids_.has(id_at(6));
    return for_console ? rmcpp::direction::to_console : rmcpp::direction::to_bmc;
  }
  [[nodiscard]] std::uint32_t id_at(std::size_t offset) const {
    return rmcpp::core::load_le32(buffer_.data() + offset);
  }

  // ---- what ipmitool says ----

  struct head_line {
    rmcpp::direction dir{};
    std::size_t size = 0;
  };
  /// The line above a packet: of -I lanplus, or of -I lan.
  [[nodiscard]] std::optional<head_line> packet_head() const {
    std::string_view text = line_;
    while (text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
    for (const auto& [words, dir] : {std::pair(">> sending packet (", rmcpp::direction::to_bmc),
                                     {"<< received packet (", rmcpp::direction::to_console},
                                     {"send_packet (", rmcpp::direction::to_bmc},
                                     {"recv_packet (", rmcpp::direction::to_console}}) {
      if (!text.starts_with(words)) continue;
      const std::string_view rest = text.substr(std::string_view(words).size());
      head_line head{dir};
      const auto number = std::from_chars(rest.data(), rest.data() + rest.size(), head.size);
      if (number.ec == std::errc() && rest.substr(static_cast<std::size_t>(number.ptr - rest.data())) == " bytes)")
        return head;
    }
    return std::nullopt;
  }
  captured pasted_packet(const head_line& head) {
    if (head.size > longest_datagram) fail(too_long);
    pasted_ = true;
    buffer_.clear();
    while (buffer_.size() < head.size && read_line()) {
      held_ = packet_head().has_value();
      if (held_) break;
      // Of what else the terminal showed in between nothing is digits alone.
      const std::size_t before = buffer_.size();
      if (append_digits(line_) || buffer_.size() > head.size) buffer_.resize(before);
    }
    auto d = numbered(head.dir);
    if (buffer_.size() != head.size)
      d.problem = "only " + std::to_string(buffer_.size()) + " of " + std::to_string(head.size) + " bytes are there";
    return d;
  }

  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  std::unique_ptr<std::FILE, closer> file_;
  std::string line_;
  bool held_ = false;      ///< the line is to be read once more
  bool pasted_ = false;    ///< a packet of ipmitool's was seen
  std::string complaint_;  ///< about the first line that is no datagram
  std::uint64_t line_number_ = 0;
  std::vector<std::uint8_t> buffer_;
  rmcpp::detail::recent<std::uint32_t, 32> console_ids_{};
};

}  // namespace examples
