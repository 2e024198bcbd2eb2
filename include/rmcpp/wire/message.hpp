// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/cursor.hpp>
#include <rmcpp/core/result.hpp>

#include <cstddef>
#include <cstdint>

/// \file
/// What every message shares: encode, decode and explain, and the field types that appear in more than one message.

namespace rmcpp::wire {

/// A struct whose static `layout(io, self)` names its fields in wire order; cursors of all kinds run it.
template <class M> concept message = requires(core::writer w, core::reader r, M m, const M c) {
  M::layout(w, c);
  M::layout(r, m);
};

/// Writes `m` to the front of `out` and returns its length in bytes.
/// Errors: buffer_too_small; too_long if a view exceeds what its length field can say.
template <message M> RMCPP_FLATTEN constexpr result<std::size_t> encode(const M& m, mutable_bytes out) noexcept {
  core::writer w(out);
  M::layout(w, m);
  return {w.size(), w.error()};
}

template <class M> struct decoded_prefix {
  M message{};
  std::size_t size = 0;  ///< bytes used
};

/// Reads a message from the front of `in`. On error the fields read so far are readable. Views point into `in`.
/// Errors: truncated, bad_length, and what the message's own constants and checksums give.
template <message M> constexpr result<decoded_prefix<M>> decode_prefix(bytes in) noexcept {
  decoded_prefix<M> d;
  core::reader r(in);
  M::layout(r, d.message);
  d.size = r.tolerates_rest() && r.error() == errc::ok ? in.size() : r.size();
  return {d, r.error()};
}

/// Reads a message that is the whole of `in`. Errors: as decode_prefix(), and trailing_bytes.
template <message M> RMCPP_FLATTEN constexpr result<M> decode(bytes in) noexcept {
  const auto d = decode_prefix<M>(in);
  const errc error = d && d->size != in.size() ? errc::trailing_bytes : d.error();
  return {d->message, error};
}

/// Where and why a decode fails: the field by its layout name, its offset in bytes, and the error. `error` is ok and
/// the field is the last one if the bytes decode.
struct explanation {
  errc error = errc::ok;
  const char* field = "";
  std::size_t offset = 0;
};

template <message M> constexpr explanation explain(bytes in) noexcept {
  M m{};
  core::basic_reader<core::field_trace> r(in);
  M::layout(r, m);
  if (r.error() == errc::ok && r.size() != in.size() && !r.tolerates_rest())
    return {errc::trailing_bytes, "end of message", r.size()};
  return {r.error(), r.trace().name, r.trace().offset};
}

/// 16 random bytes of one side (Rm, Rc).
using nonce = octets16;

}  // namespace rmcpp::wire

namespace rmcpp {

/// A session id, chosen by the receiver of the packets that carry it; 0 means "outside a session".
enum class session_id : std::uint32_t { none = 0 };

constexpr std::uint32_t to_integer(session_id id) noexcept { return static_cast<std::uint32_t>(id); }

/// 16 opaque bytes: RAKP hashes them exactly as they lie on the wire.
using guid = octets16;

/// Privilege levels (IPMI v2.0, 6.8). In an Open Session Request 0 asks for the highest that fits.
enum class privilege : std::uint8_t {
  highest = 0,
  callback = 1,
  user = 2,
  operator_ = 3,
  administrator = 4,
  oem = 5,
};

constexpr const char* describe(privilege p) noexcept {
  switch (p) {
    case privilege::highest: return "highest";
    case privilege::callback: return "callback";
    case privilege::user: return "user";
    case privilege::operator_: return "operator";
    case privilege::administrator: return "administrator";
    case privilege::oem: return "oem";
  }
  return "reserved";
}

}  // namespace rmcpp
