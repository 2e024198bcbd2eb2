// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

/// \file
/// Files that are compressed by gzip, as streams.

namespace examples {

/// What inflates a file while it is read. Several members in a row are one file, as for gunzip.
class gunzipper {
 public:
  /// The plain contents of `compressed`, which it takes over; null if there is no memory. Where the file is damaged or
  /// ends too early, reading fails.
  static std::FILE* open(std::FILE* compressed) {
    auto self = std::make_unique<gunzipper>(compressed);
    if (!self->ready_) return nullptr;
    std::FILE* const plain =
        fopencookie(self.get(), "rb", {.read = read, .write = nullptr, .seek = nullptr, .close = close});
    if (plain) (void)self.release();  // close() takes it back
    return plain;
  }

  explicit gunzipper(std::FILE* compressed) : file_(compressed) {
    constexpr int gzip_only = 16;
    ready_ = inflateInit2(&stream_, MAX_WBITS + gzip_only) == Z_OK;
  }
  ~gunzipper() {
    if (ready_) inflateEnd(&stream_);
  }
  gunzipper(const gunzipper&) = delete;
  gunzipper& operator=(const gunzipper&) = delete;

 private:
  static ssize_t read(void* self, char* out, std::size_t size) {
    return static_cast<gunzipper*>(self)->inflated(reinterpret_cast<Bytef*>(out), size);
  }
  static int close(void* self) {
    delete static_cast<gunzipper*>(self);
    return 0;
  }

  /// Some bytes, 0 at the end, -1 on error.
  ssize_t inflated(Bytef* out, std::size_t size) {
    stream_.next_out = out;
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0 && !refill()) return at_end_ && std::ferror(file_.get()) == 0 ? 0 : damaged();
      const int outcome = inflate(&stream_, Z_NO_FLUSH);
      at_end_ = outcome == Z_STREAM_END;
      if (at_end_) inflateReset(&stream_);
      // What came before the damage is handed out first.
      if (outcome != Z_OK && !at_end_ && stream_.avail_out == size) return damaged();
    }
    return static_cast<ssize_t>(size - stream_.avail_out);
  }
  bool refill() {
    stream_.next_in = buffer_.data();
    stream_.avail_in = static_cast<uInt>(std::fread(buffer_.data(), 1, buffer_.size(), file_.get()));
    return stream_.avail_in != 0;
  }
  static ssize_t damaged() {
    errno = EBADMSG;
    return -1;
  }

  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  std::unique_ptr<std::FILE, closer> file_;
  z_stream stream_{};
  bool ready_ = false;
  bool at_end_ = false;  ///< of a member
  std::array<Bytef, 16384> buffer_{};
};

}  // namespace examples
