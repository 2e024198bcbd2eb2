// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pcap/pcap.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "datagrams.hpp"

/// \file
/// The frames of capture files: pcap by libpcap; pcapng here, because libpcap refuses files whose interfaces are not
/// all of one link type.

namespace examples {

struct captured_frame {
  /// In two parts, because a double cannot hold nanoseconds since 1970.
  struct stamp {
    std::int64_t seconds = 0;
    double fraction = 0;
  };

  int link = 0;                 ///< DLT_ number
  std::optional<stamp> time{};  ///< since 1970
  rmcpp::bytes data{};          ///< as much as was kept, until the next call
};

class frame_file {
 public:
  virtual ~frame_file() = default;
  /// The next frame, or nothing at the end. Throws unreadable_input.
  virtual std::optional<captured_frame> next() = 0;
};

[[noreturn]] inline void refuse_link(int link) {
  throw unreadable_input("captures of link type " + std::to_string(link) + " are not supported");
}

// ---- pcap ----

class pcap_file : public frame_file {
 public:
  /// Takes over `file`.
  explicit pcap_file(std::FILE* file) {
    char error[PCAP_ERRBUF_SIZE] = "";
    pcap_.reset(pcap_fopen_offline(file, error));
    if (!pcap_) {
      std::fclose(file);
      throw unreadable_input("not a capture: " + printable(as_bytes(error)));
    }
    link_ = pcap_datalink(pcap_.get());
    if (!frame_parser(link_).knows_link()) refuse_link(link_);
  }

  std::optional<captured_frame> next() override {
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* bytes = nullptr;
    const int got = pcap_next_ex(pcap_.get(), &header, &bytes);
    if (got == PCAP_ERROR_BREAK) return std::nullopt;
    if (got != 1) throw unreadable_input(printable(as_bytes(pcap_geterr(pcap_.get()))));
    const captured_frame::stamp time{header->ts.tv_sec, static_cast<double>(header->ts.tv_usec) / 1e6};
    return captured_frame{link_, time, {bytes, header->caplen}};
  }

 private:
  struct closer {
    void operator()(pcap_t* p) const noexcept { pcap_close(p); }
  };
  std::unique_ptr<pcap_t, closer> pcap_;
  int link_ = 0;
};

// ---- pcapng ----

/// Sections of either byte order, interfaces of any link type and time resolution; enhanced, simple and obsolete packet
/// blocks. Other blocks are passed over.
class pcapng_file : public frame_file {
 public:
  /// Takes over `file`.
  explicit pcapng_file(std::FILE* file) : file_(file) {}

  std::optional<captured_frame> next() override {
    while (read_block()) {
      switch (type_) {
        case section_header: interfaces_.clear(); break;
        case interface_description: add_interface(); break;
        case obsolete_packet: return packet(u16(0));
        case enhanced_packet: return packet(u32(0));
        case simple_packet: return simple();
        default: break;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t interface_description = 1, obsolete_packet = 2, simple_packet = 3, enhanced_packet = 6,
                                 section_header = 0x0a0d0d0a;
  static constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
  static constexpr std::size_t frame_size = 12;  ///< of a block: type, and its length at both ends
  static constexpr std::size_t longest_block = 16u << 20, most_interfaces = 65536;

  struct interface_facts {
    int link = 0;
    std::uint32_t kept = 0;           ///< of each frame at most; 0: all
    std::uint64_t ticks = 1'000'000;  ///< a second
    std::int64_t offset = 0;          ///< seconds
  };

  [[noreturn]] static void fail(const char* why) { throw unreadable_input(why); }

  // ---- blocks ----

  /// False at the end of the file.
  bool read_block() {
    body_.clear();
    if (!append(8)) return false;
    if (u32(0) == section_header) {  // the same in either order, which follows
      if (!append(4)) fail("the file ends within a block");
      big_ = false;
      big_ = u32(8) != byte_order_magic;
      if (u32(8) != byte_order_magic) fail("a section of unknown byte order");
    } else if (!begun_) {
      fail("not a capture: no section header");
    }
    begun_ = true;
    type_ = u32(0);
    const std::uint32_t size = u32(4);
    if (size < frame_size || size < body_.size() + 4 || size % 4 != 0 || size > longest_block)
      fail("the length of a block cannot be");
    if (!append(size - body_.size())) fail("the file ends within a block");
    if (u32(size - 4) != size) fail("the two lengths of a block differ");
    body_.erase(body_.begin(), body_.begin() + 8);
    body_.resize(size - frame_size);
    return true;
  }
  /// In steps: what is claimed may not be there. False if nothing is; throws if something is, but less.
  bool append(std::size_t n) {
    constexpr std::size_t step = 65536;
    bool any = !body_.empty();
    while (n != 0) {
      const std::size_t begin = body_.size(), part = std::min(n, step);
      body_.resize(begin + part);
      const std::size_t got = std::fread(body_.data() + begin, 1, part, file_.get());
      if (got != part) {
        if (std::ferror(file_.get()) != 0) fail(std::strerror(errno));
        if (any || got != 0) fail("the file ends within a block");
        return false;
      }
      any = true;
      n -= part;
    }
    return true;
  }

  [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const {
    if (at + size > body_.size()) fail("a block is too short");
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < size; ++i) v = v << 8 | body_[big_ ? at + i : at + size - 1 - i];
    return v;
  }
  [[nodiscard]] std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
  [[nodiscard]] std::uint32_t u32(std::size_t at) const { return number(at, 4); }

  // ---- interfaces ----

  void add_interface() {
    constexpr int linktype_raw = 101;  // the one of those read whose number in files is not that in memory
    constexpr std::uint16_t time_resolution = 9, time_offset = 14;
    if (interfaces_.size() == most_interfaces) fail("too many interfaces");
    interface_facts i{.link = u16(0), .kept = u32(4)};
    if (i.link == linktype_raw) i.link = DLT_RAW;
    for (std::size_t at = 8; at + 4 <= body_.size();) {
      const std::uint16_t code = u16(at), size = u16(at + 2);
      if (code == 0) break;
      at += 4;
      if (code == time_resolution && size == 1) i.ticks = ticks_of(static_cast<std::uint8_t>(number(at, 1)));
      if (code == time_offset && size == 8)
        i.offset = static_cast<std::int64_t>(std::uint64_t{u32(at + (big_ ? 0 : 4))} << 32 | u32(at + (big_ ? 4 : 0)));
      at += (size + 3u) / 4 * 4;
    }
    interfaces_.push_back(i);
  }
  /// Of a second: a power of 10, or with bit 7 of 2.
  static std::uint64_t ticks_of(std::uint8_t resolution) {
    const unsigned exponent = resolution & 0x7f;
    const bool binary = (resolution & 0x80) != 0;
    if (exponent > (binary ? 63u : 19u)) fail("a time resolution that cannot be");
    std::uint64_t ticks = 1;
    for (unsigned n = 0; n < exponent; ++n) ticks *= binary ? 2 : 10;
    return ticks;
  }
  [[nodiscard]] const interface_facts& interface_of(std::uint32_t number) const {
    if (number >= interfaces_.size()) fail("a frame of an interface that was not described");
    return interfaces_[number];
  }

  // ---- packets ----

  /// Both kinds with a time, whose fields behind the interface's number lie alike.
  captured_frame packet(std::uint32_t interface) const {
    const auto& i = interface_of(interface);
    const std::uint64_t time = std::uint64_t{u32(4)} << 32 | u32(8);
    const auto seconds = static_cast<std::int64_t>(time / i.ticks + static_cast<std::uint64_t>(i.offset));
    const double fraction = static_cast<double>(time % i.ticks) / static_cast<double>(i.ticks);
    return {i.link, captured_frame::stamp{seconds, fraction}, data(20, u32(12))};
  }
  captured_frame simple() const {
    const auto& i = interface_of(0);
    const std::uint32_t sent = u32(0);
    return {i.link, std::nullopt, data(4, i.kept != 0 ? std::min(sent, i.kept) : sent)};
  }
  [[nodiscard]] rmcpp::bytes data(std::size_t at, std::size_t size) const {
    if (at > body_.size() || size > body_.size() - at) fail("a frame is longer than its block");
    return rmcpp::bytes(body_).subspan(at, size);
  }

  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  std::unique_ptr<std::FILE, closer> file_;
  std::vector<std::uint8_t> body_;
  std::uint32_t type_ = 0;
  bool big_ = false;
  bool begun_ = false;
  std::vector<interface_facts> interfaces_;
};

}  // namespace examples
