// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pcap/pcap.h>

#include <cstdio>
#include <memory>

#include "datagrams.hpp"

/// \file
/// Datagrams from a capture file or from lines of hexadecimal digits, each with its direction. Nothing but the datagram
/// in hand is kept, and of the conversations before it which side is the BMC, for a bounded number of them.

namespace examples {

// ---- capture files ----

/// pcap and pcapng.
class capture_file : public datagram_source {
 public:
  /// Takes over `file`.
  capture_file(std::FILE* file, std::vector<std::uint16_t> ports) : roles_(std::move(ports)) {
    char error[PCAP_ERRBUF_SIZE] = "";
    pcap_.reset(pcap_fopen_offline(file, error));
    if (!pcap_) {
      std::fclose(file);
      throw unreadable_input("not a capture: " + printable(as_bytes(error)));
    }
    frames_ = frame_parser(pcap_datalink(pcap_.get()));
    if (!frames_.knows_link())
      throw unreadable_input("captures of link type " + std::to_string(pcap_datalink(pcap_.get())) +
                             " are not supported");
  }

  std::optional<captured> next() override {
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* bytes = nullptr;
    for (;;) {
      const int got = pcap_next_ex(pcap_.get(), &header, &bytes);
      if (got == PCAP_ERROR_BREAK) return std::nullopt;
      if (got != 1)
        throw unreadable_input("after frame " + std::to_string(counts_.frames) + ": " +
                               printable(as_bytes(pcap_geterr(pcap_.get()))));
      if (auto found = datagram_in(*header, {bytes, header->caplen})) return found;
    }
  }

 private:
  std::optional<captured> datagram_in(const pcap_pkthdr& header, rmcpp::bytes frame) {
    using enum frame_content::kind;
    if (++counts_.frames == 1) start_ = header.ts;
    const frame_content content = frames_.parse(frame);
    captured d{.frame = counts_.frames};
    const bool has_ports = content.from.port != 0 || content.to.port != 0;
    const bool ours = has_ports && roles_.judge(content.from, content.to, content.data, d);
    if (content.what == fragment) ++counts_.fragments;
    if (content.what == damaged || content.what == cut) ++counts_.damaged;
    if (content.what == other || (content.what == udp && !ours)) ++counts_.others;
    if (!ours) return std::nullopt;
    d.time = static_cast<double>(header.ts.tv_sec - start_.tv_sec) +
             static_cast<double>(header.ts.tv_usec - start_.tv_usec) / 1e6;
    buffer_.assign(content.data.begin(), content.data.end());
    d.data = buffer_;
    if (content.what == fragment) d.problem = "a fragment: IP packets are not put together";
    if (content.what == damaged) d.problem = "the lengths in the IP and UDP headers contradict each other";
    if (content.what == cut)
      d.problem = "the capture kept only " + std::to_string(content.data.size()) + " of " +
                  std::to_string(content.length) + " bytes";
    return d;
  }

  struct closer {
    void operator()(pcap_t* p) const noexcept { pcap_close(p); }
  };
  std::unique_ptr<pcap_t, closer> pcap_;
  frame_parser frames_{-1};
  role_finder roles_;
  timeval start_{};
  std::vector<std::uint8_t> buffer_;
};

// ---- lines of hexadecimal digits ----

/// A datagram a line: `>` or `c2b` to the BMC, `<` or `b2c` to the console, or nothing; then the digits, with spaces or
/// colons if you like. `#` begins a comment.
class hex_lines : public datagram_source {
 public:
  explicit hex_lines(std::FILE* file) : file_(file) {}

  std::optional<captured> next() override {
    while (read_line()) {
      const auto dir = take_marker();
      parse_digits();
      if (buffer_.empty() && !dir) continue;  // blank, or a comment
      if (buffer_.empty()) fail("no datagram after the direction");
      captured d{.frame = ++counts_.frames, .data = buffer_};
      d.from.dir = dir ? *dir : guess();
      if (d.data.size() >= 24 && d.data[4] == 0x06 && d.data[5] == 0x11) console_ids_.add(id_at(20));
      return d;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t longest_line = 400'000;  // the longest datagram, generously spaced

  [[noreturn]] void fail(const char* why) const {
    throw unreadable_input("line " + std::to_string(line_number_) + ": " + why);
  }
  bool read_line() {
    line_.clear();
    ++line_number_;
    for (int c = 0; (c = std::getc(file_.get())) != '\n';) {
      if (c == EOF) {
        if (std::ferror(file_.get())) fail("cannot be read");
        return !line_.empty();
      }
      if (line_.size() == longest_line) fail("too long for a datagram");
      line_ += static_cast<char>(c);
    }
    return true;
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
  void parse_digits() {
    buffer_.clear();
    int high = -1;
    for (const char c : line_) {
      if (c == ' ' || c == '\t' || c == '\r' || c == ':') {
        if (high >= 0) fail("half a byte");
        continue;
      }
      const std::size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
      if (digit == std::string_view::npos) fail("not a datagram in hexadecimal digits");
      if (high < 0) {
        high = static_cast<int>(digit);
      } else {
        buffer_.push_back(static_cast<std::uint8_t>(high * 16 + static_cast<int>(digit)));
        high = -1;
      }
    }
    if (high >= 0) fail("half a byte");
    if (buffer_.size() > 0xffff) fail("too long for a datagram");
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

  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  std::unique_ptr<std::FILE, closer> file_;
  std::string line_;
  std::uint64_t line_number_ = 0;
  std::vector<std::uint8_t> buffer_;
  rmcpp::detail::recent<std::uint32_t, 32> console_ids_{};
};

/// `name` is a file, or `-` for the standard input; its first bytes tell which of the two it is. Throws
/// unreadable_input.
inline std::unique_ptr<datagram_source> open_source(const std::string& name, std::vector<std::uint16_t> ports) {
  std::FILE* const file = name == "-" ? stdin : std::fopen(name.c_str(), "rb");
  if (!file) throw unreadable_input("cannot open " + name);
  const int first = std::getc(file);
  if (first == EOF) {
    if (file != stdin) std::fclose(file);
    throw unreadable_input(name + " is empty, or cannot be read");
  }
  std::ungetc(first, file);
  bool capture = first >= 0x80 || first == 0x4d;  // no text begins with these
  if (first == '\n') {
    // A blank line, or pcapng: 0a 0d 0d 0a. Two bytes just read fit back into any C library's buffer.
    (void)std::getc(file);
    const int second = std::getc(file);
    capture = second == '\r';
    std::ungetc(second, file);
    std::ungetc(first, file);
  }
  if (capture) return std::make_unique<capture_file>(file, std::move(ports));
  return std::make_unique<hex_lines>(file);
}

}  // namespace examples
