// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/errc.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// \file
/// The two cursors that run a message's layout: writer and reader. Both check every bound, the first error sticks and
/// every later call does nothing. Field names cost nothing unless the cursor is a naming one (wire/message.hpp, dump).

namespace rmcpp::core {

namespace detail {

template <class T> constexpr std::uint32_t to_wire(const T& v) noexcept {
  if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    return static_cast<std::uint32_t>(v);
  } else {
    return v.value;  // a byte with named bits: struct { std::uint8_t value; ... }
  }
}

template <class T> constexpr void from_wire(T& v, std::uint32_t raw) noexcept {
  if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    v = static_cast<T>(raw);
  } else {
    v.value = static_cast<decltype(v.value)>(raw);
  }
}

/// Two's complement of the sum: makes the covered bytes and itself sum to 0 (IPMI v2.0, 13.8).
constexpr std::uint8_t checksum(bytes covered) noexcept {
  std::uint8_t sum = 0;  // no wider than a byte: compilers then add 16 of them at a time
  for (const auto b : covered) sum = static_cast<std::uint8_t>(sum - b);
  return sum;
}

}  // namespace detail

/// Writes a message into a span. After an error the bytes written so far stay, size() says how many.
class writer {
 public:
  static constexpr bool reading = false;

  constexpr explicit writer(mutable_bytes out) noexcept : out_(out) {}

  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return at_; }
  constexpr void fail(const char*, errc e) noexcept {
    if (error_ == errc::ok) error_ = e;
  }

  template <class T> constexpr void u8(const char*, const T& v) noexcept { put(detail::to_wire(v), 1); }
  /// A byte whose bits outside `mask` are reserved: written as 0, ignored when read.
  template <class T> constexpr void low_bits(const char*, const T& v, std::uint8_t mask) noexcept {
    put(detail::to_wire(v) & mask, 1);
  }
  template <class T> constexpr void le16(const char*, const T& v) noexcept { put(detail::to_wire(v), 2); }
  template <class T> constexpr void le24(const char*, const T& v) noexcept { put(detail::to_wire(v), 3); }
  template <class T> constexpr void le32(const char*, const T& v) noexcept { put(detail::to_wire(v), 4); }
  constexpr void be32(const char*, const std::uint32_t& v) noexcept {
    put((v >> 24) | ((v >> 8) & 0xff00u) | ((v << 8) & 0xff0000u) | (v << 24), 4);
  }
  /// A byte with one legal value; reading another is `mismatch`.
  constexpr void constant(const char*, std::uint8_t v, errc) noexcept { put(v, 1); }
  constexpr void reserved(std::size_t n) noexcept {
    if (room(n)) fill(out_.subspan(at_, n), 0), at_ += n;
  }
  template <std::size_t N> constexpr void raw(const char*, const std::array<std::uint8_t, N>& v) noexcept { append(v); }
  /// A length byte, then that many bytes held in place.
  template <std::size_t N> constexpr void counted8(const char*, const bounded<N>& v) noexcept {
    put(static_cast<std::uint32_t>(v.size()), 1);
    append(v);
  }
  /// All remaining bytes held in place.
  template <std::size_t N> constexpr void rest(const char*, const bounded<N>& v) noexcept { append(v); }
  /// A length byte, then that many bytes viewed.
  constexpr void view8(const char* name, const bytes& v) noexcept {
    if (v.size() > 0xff) return fail(name, errc::too_long);
    put(static_cast<std::uint32_t>(v.size()), 1);
    append(v);
  }
  /// A little-endian 16-bit length, then that many bytes viewed.
  constexpr void view16(const char* name, const bytes& v) noexcept {
    if (v.size() > 0xffff) return fail(name, errc::too_long);
    put(static_cast<std::uint32_t>(v.size()), 2);
    append(v);
  }
  /// All remaining bytes but the last `keep`, viewed.
  constexpr void tail(const char*, const bytes& v, std::size_t = 0) noexcept { append(v); }
  /// A part with a layout of its own.
  template <class M> constexpr void group(const char*, const M& m) noexcept { M::layout(*this, m); }
  /// Whether `n` more bytes exist: a writer always writes the long form.
  [[nodiscard]] constexpr bool more(std::size_t = 1) const noexcept { return true; }
  /// Whatever follows is not part of the message and is tolerated.
  constexpr void ignore_rest() noexcept {}
  [[nodiscard]] constexpr std::size_t mark() const noexcept { return at_; }
  /// Checksum of everything since `from`.
  constexpr void checksum(const char*, std::size_t from) noexcept {
    if (error_ == errc::ok) put(detail::checksum(out_.subspan(from, at_ - from)), 1);
  }

 private:
  constexpr bool room(std::size_t n) noexcept {
    if (error_ == errc::ok && out_.size() - at_ < n) error_ = errc::buffer_too_small;
    return error_ == errc::ok;
  }
  constexpr void put(std::uint32_t v, std::size_t n) noexcept {
    if (!room(n)) return;
    for (std::size_t i = 0; i < n; ++i, v >>= 8) out_[at_++] = static_cast<std::uint8_t>(v);
  }
  /// A view may point to where it is to be written: who builds a message's data inside the datagram encodes the message
  /// around it, and nothing is copied.
  constexpr void append(bytes v) noexcept {
    if (!room(v.size())) return;
    // In a constant expression an empty view cannot be compared with what lies behind the output.
    if (std::is_constant_evaluated() || v.data() != out_.data() + at_) copy(v, out_.subspan(at_));
    at_ += v.size();
  }

  mutable_bytes out_;
  std::size_t at_ = 0;
  errc error_ = errc::ok;
};

/// The usual reader keeps no field names.
struct no_trace {
  constexpr void field(const char*, std::size_t) noexcept {}
};

/// Remembers the field being read: after an error, the one that failed and its offset.
struct field_trace {
  const char* name = "";
  std::size_t offset = 0;
  constexpr void field(const char* field_name, std::size_t at) noexcept {
    name = field_name;
    offset = at;
  }
};

/// Reads a message out of a span. Views point into that span and live as long as its bytes.
template <class Trace = no_trace> class basic_reader {
 public:
  static constexpr bool reading = true;

  constexpr explicit basic_reader(bytes in) noexcept : in_(in) {}

  [[nodiscard]] constexpr const Trace& trace() const noexcept { return trace_; }

  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return at_; }
  [[nodiscard]] constexpr std::size_t remaining() const noexcept { return in_.size() - at_; }
  [[nodiscard]] constexpr bool tolerates_rest() const noexcept { return ignore_rest_; }
  /// Refuses the field read last, which is the one that a trace names.
  constexpr void fail(const char*, errc e) noexcept {
    if (error_ == errc::ok) error_ = e;
  }

  template <class T> constexpr void u8(const char* name, T& v) noexcept {
    enter(name);
    get(v, 1);
  }
  /// A byte whose bits outside `mask` are reserved.
  template <class T> constexpr void low_bits(const char* name, T& v, std::uint8_t mask) noexcept {
    std::uint8_t raw = 0;
    u8(name, raw);
    if (error_ == errc::ok) detail::from_wire(v, raw & mask);
  }
  template <class T> constexpr void le16(const char* name, T& v) noexcept {
    enter(name);
    get(v, 2);
  }
  template <class T> constexpr void le24(const char* name, T& v) noexcept {
    enter(name);
    get(v, 3);
  }
  template <class T> constexpr void le32(const char* name, T& v) noexcept {
    enter(name);
    get(v, 4);
  }
  constexpr void be32(const char* name, std::uint32_t& v) noexcept {
    enter(name);
    if (!have(4)) return;
    v = 0;
    for (int i = 0; i < 4; ++i) v = (v << 8) | in_[at_++];
  }
  constexpr void constant(const char* name, std::uint8_t v, errc mismatch) noexcept {
    enter(name);
    if (have(1) && in_[at_++] != v) error_ = mismatch;
  }
  constexpr void reserved(std::size_t n) noexcept {
    enter("reserved");
    if (have(n)) at_ += n;
  }
  template <std::size_t N> constexpr void raw(const char* name, std::array<std::uint8_t, N>& v) noexcept {
    enter(name);
    if (have(N)) at_ += copy(in_.subspan(at_, N), v);
  }
  template <std::size_t N> constexpr void counted8(const char* name, bounded<N>& v) noexcept {
    enter(name);
    std::uint8_t n = 0;
    get(n, 1);
    if (error_ != errc::ok) return;
    if (n > N || n > remaining()) return refuse(errc::bad_length);
    (void)v.assign(take(n));
  }
  template <std::size_t N> constexpr void rest(const char* name, bounded<N>& v) noexcept {
    enter(name);
    if (error_ != errc::ok) return;
    if (remaining() > N) return refuse(errc::trailing_bytes);
    (void)v.assign(take(remaining()));
  }
  constexpr void view8(const char* name, bytes& v) noexcept {
    enter(name);
    std::uint8_t n = 0;
    get(n, 1);
    view(v, n);
  }
  constexpr void view16(const char* name, bytes& v) noexcept {
    enter(name);
    std::uint16_t n = 0;
    get(n, 2);
    view(v, n);
  }
  constexpr void tail(const char* name, bytes& v, std::size_t keep = 0) noexcept {
    enter(name);
    if (have(keep)) v = take(remaining() - keep);
  }
  template <class M> constexpr void group(const char*, M& m) noexcept { M::layout(*this, m); }
  [[nodiscard]] constexpr bool more(std::size_t n = 1) const noexcept { return remaining() >= n; }
  constexpr void ignore_rest() noexcept { ignore_rest_ = true; }
  [[nodiscard]] constexpr std::size_t mark() const noexcept { return at_; }
  constexpr void checksum(const char* name, std::size_t from) noexcept {
    enter(name);
    if (error_ != errc::ok) return;
    const auto expected = detail::checksum(in_.subspan(from, at_ - from));
    if (have(1) && in_[at_++] != expected) error_ = errc::bad_checksum;
  }

 private:
  constexpr void enter(const char* name) noexcept {
    if (error_ == errc::ok) trace_.field(name, at_);
  }
  constexpr bool have(std::size_t n) noexcept {
    if (error_ == errc::ok && remaining() < n) error_ = errc::truncated;
    return error_ == errc::ok;
  }
  template <class T> constexpr void get(T& v, std::size_t n) noexcept {
    if (!have(n)) return;
    std::uint32_t raw = 0;
    for (std::size_t i = 0; i < n; ++i) raw |= static_cast<std::uint32_t>(in_[at_++]) << (8 * i);
    detail::from_wire(v, raw);
  }
  constexpr bytes take(std::size_t n) noexcept {
    const bytes v = in_.subspan(at_, n);
    at_ += n;
    return v;
  }
  constexpr void refuse(errc e) noexcept { error_ = e; }
  constexpr void view(bytes& v, std::size_t n) noexcept {
    if (error_ != errc::ok) return;
    if (n > remaining()) return refuse(errc::bad_length);
    v = take(n);
  }

  bytes in_;
  std::size_t at_ = 0;
  errc error_ = errc::ok;
  bool ignore_rest_ = false;
  [[no_unique_address]] Trace trace_{};
};

using reader = basic_reader<>;

}  // namespace rmcpp::core
