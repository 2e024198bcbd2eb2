// SPDX-License-Identifier: BSL-1.0
// Fuzz target of the readers of examples/dissect: captures and lines of hexadecimal digits. Input: a whole file, whose
// first bytes tell which it is. Beside what the sanitizers see:
// - reading ends: at the end of the file, or with an error in words;
// - a datagram of a capture lies in the file, behind its UDP header; one of a line has its digits there;
// - frames count up from 1, and each is counted once at most as something else than a datagram.
#include <sys/mman.h>
#include <unistd.h>

#include <string_view>
#include "../../examples/support/capture.hpp"

#include "input.hpp"

namespace {

using rmcpp::bytes;
using rmcpp::fuzz::require;

/// A file in memory, which open_source() opens by its name.
class memory_file {
 public:
  explicit memory_file(bytes content) : fd_(memfd_create("fuzz", 0)) {
    require(fd_ >= 0 && write(fd_, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  ~memory_file() { close(fd_); }
  [[nodiscard]] std::string name() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

void check_words(std::string_view text) {
  require(!text.empty());
  for (const char c : text) require(c >= 0x20 && c < 0x7f);
}

/// Whether the datagram is in the file, and right behind a UDP header of these two ports.
bool lies_behind_ports(const examples::captured& d, bytes file) {
  const auto port_at = [&](std::size_t at) { return file[at] << 8 | file[at + 1]; };
  for (std::size_t at = 8; at + d.data.size() <= file.size(); ++at)
    if (port_at(at - 8) == d.addresses->first.port && port_at(at - 6) == d.addresses->second.port &&
        rmcpp::core::equal(d.data, file.subspan(at, d.data.size())))
      return true;
  return false;
}

void check(const examples::captured& d, std::uint64_t frame_before, bytes file) {
  require(d.frame > frame_before);
  if (!d.problem.empty()) check_words(d.problem);
  if (d.addresses) {
    check_words(d.addresses->first.text());
    check_words(d.addresses->second.text());
  }
  // What was compressed lies nowhere.
  const bool compressed = file.size() > 1 && file[0] == 0x1f && file[1] == 0x8b;
  if (compressed) return;
  if (!d.addresses) return require(2 * d.data.size() <= file.size());
  require(lies_behind_ports(d, file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes file(data, size);
  const memory_file in(file);
  std::unique_ptr<examples::datagram_source> source;
  std::uint64_t frame = 0;
  try {
    source = examples::open_source(in.name(), {623, 664});
    while (const auto d = source->next()) {
      check(*d, frame, file);
      frame = d->frame;
    }
  } catch (const examples::unreadable_input& e) {
    check_words(e.what());
  }
  if (!source) return 0;
  const auto& counts = source->counts();
  require(counts.frames >= frame && counts.others + counts.fragments + counts.damaged <= counts.frames);
  return 0;
}
