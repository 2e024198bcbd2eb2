// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "frame_files.hpp"
#include "gzip.hpp"
#include "text_lines.hpp"

/// \file
/// Datagrams from a capture file or from lines of text, each with its direction. Nothing but the datagram in hand is
/// kept, and of the conversations before it which side is the BMC, for a bounded number of them.

namespace examples {

/// The datagrams in the frames of a file.
class capture_file : public datagram_source {
 public:
  capture_file(std::unique_ptr<frame_file> file, std::vector<std::uint16_t> ports)
      : file_(std::move(file)), roles_(std::move(ports)) {}

  std::optional<captured> next() override {
    while (const auto frame = next_frame())
      if (auto found = datagram_in(*frame)) return found;
    if (counts_.unsupported != 0 && counts_.unsupported == counts_.frames) refuse_link(unsupported_);
    return std::nullopt;
  }

 private:
  std::optional<captured_frame> next_frame() {
    try {
      return file_->next();
    } catch (const unreadable_input& e) {
      if (counts_.frames == 0) throw;
      throw unreadable_input("after frame " + std::to_string(counts_.frames) + ": " + e.what());
    }
  }

  std::optional<captured> datagram_in(const captured_frame& frame) {
    using enum frame_content::kind;
    ++counts_.frames;
    if (!start_) start_ = frame.time;
    const frame_parser parser(frame.link);
    if (!parser.knows_link()) {
      unsupported_ = frame.link;
      ++counts_.unsupported;
      return std::nullopt;
    }
    const frame_content content = parser.parse(frame.data);
    captured d{.frame = counts_.frames};
    const bool has_ports = content.from.port != 0 || content.to.port != 0;
    const bool ours = has_ports && roles_.judge(content.from, content.to, content.data, d);
    if (content.what == fragment) ++counts_.fragments;
    if (content.what == damaged || content.what == cut) ++counts_.damaged;
    if (content.what == other || (content.what == udp && !ours)) ++counts_.others;
    if (!ours) return std::nullopt;
    if (frame.time) d.time = since(*start_, *frame.time);
    buffer_.assign(content.data.begin(), content.data.end());
    d.data = buffer_;
    if (content.what == fragment) d.problem = "a fragment: IP packets are not put together";
    if (content.what == damaged) d.problem = "the lengths in the IP and UDP headers contradict each other";
    if (content.what == cut)
      d.problem = "the capture kept only " + std::to_string(content.data.size()) + " of " +
                  std::to_string(content.length) + " bytes";
    return d;
  }

  static double since(const captured_frame::stamp& start, const captured_frame::stamp& time) {
    const auto seconds = static_cast<std::uint64_t>(time.seconds) - static_cast<std::uint64_t>(start.seconds);
    return static_cast<double>(static_cast<std::int64_t>(seconds)) + (time.fraction - start.fraction);
  }

  std::unique_ptr<frame_file> file_;
  role_finder roles_;
  std::optional<captured_frame::stamp> start_{};
  int unsupported_ = 0;  ///< link type of the last such frame
  std::vector<std::uint8_t> buffer_;
};

/// `name` is a file, or `-` for the standard input, compressed by gzip or not; its first bytes tell what it is. Throws
/// unreadable_input.
inline std::unique_ptr<datagram_source> open_source(const std::string& name, std::vector<std::uint16_t> ports) {
  constexpr int gzip = 0x1f, text_below = 0x80, pcap = 0x4d;  // no text begins with the first and the last
  std::FILE* file = name == "-" ? stdin : std::fopen(name.c_str(), "rb");
  if (!file) throw unreadable_input("cannot open " + name);
  const auto look = [&] {
    const int first = std::getc(file);
    if (first == EOF) {
      if (file != stdin) std::fclose(file);
      throw unreadable_input(name + " is empty, or cannot be read");
    }
    std::ungetc(first, file);
    return first;
  };
  int first = look();
  if (first == gzip) {
    file = gunzipper::open(file);
    if (!file) throw unreadable_input("no memory to decompress " + name);
    first = look();
  }
  if (first >= text_below || first == pcap)
    return std::make_unique<capture_file>(std::make_unique<pcap_file>(file), std::move(ports));
  if (first == '\n') {
    // A blank line, or pcapng: 0a 0d 0d 0a. Two bytes just read fit back into any C library's buffer.
    (void)std::getc(file);
    const int second = std::getc(file);
    std::ungetc(second, file);
    std::ungetc(first, file);
    if (second == '\r') return std::make_unique<capture_file>(std::make_unique<pcapng_file>(file), std::move(ports));
  }
  return std::make_unique<text_lines>(file);
}

}  // namespace examples
