// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/testing/datagram.hpp>

#include <string>
#include <string_view>
#include <type_traits>

/// \file
/// Any field of an encoded message by its layout name, to be overridden with anything. Nothing else is put right:
/// checksums and codes stay as they were, so that one thing is wrong. crafted_session.hpp computes codes again.

namespace rmcpp::testing {

/// Where a field lies in its message. A counted field includes its count.
struct field {
  std::string name{};  ///< as the layout has it; within a part, "part.name"
  std::size_t offset = 0;
  std::size_t size = 0;
};

namespace detail {

struct field_log {
  std::vector<testing::field> fields{};
  void field(const char* name, std::size_t at) { fields.push_back({name, at, 0}); }
};

/// Reads past what is wrong: a field can be found behind another that was overridden before.
class field_finder : public core::basic_reader<field_log> {
  using base = core::basic_reader<field_log>;

 public:
  using base::base;

  void fail(const char*, errc) {}
  void constant(const char* name, std::uint8_t, errc) { skip_byte(name); }
  void checksum(const char* name, std::size_t) { skip_byte(name); }
  template <class M> void group(const char* name, M& m) {
    const std::size_t first = trace().fields.size();
    M::layout(*this, m);
    prefixes_.resize(trace().fields.size());
    for (std::size_t i = first; i < prefixes_.size(); ++i) prefixes_[i].insert(0, std::string(name) + '.');
  }
  /// The fields read, up to the end of the message or to where its bytes end.
  std::vector<field> fields() {
    auto all = trace().fields;
    prefixes_.resize(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].name = prefixes_[i] + all[i].name;
      all[i].size = (i + 1 < all.size() ? all[i + 1].offset : size()) - all[i].offset;
    }
    if (error() != errc::ok) all.pop_back();
    return all;
  }

 private:
  void skip_byte(const char* name) {
    std::uint8_t any = 0;
    u8(name, any);
  }
  std::vector<std::string> prefixes_{};
};

/// Little-endian, as the protocol has its numbers; anything else byte by byte.
template <class V> octets field_bytes(const V& value, std::size_t size) {
  if constexpr (std::is_integral_v<V> || std::is_enum_v<V>) {
    octets out(size);
    auto rest = static_cast<std::uint64_t>(value);
    for (auto& b : out) {
      b = static_cast<std::uint8_t>(rest);
      rest >>= 8;
    }
    return out;
  } else {
    return to_octets(value);
  }
}

/// Where the layer M begins in a datagram.
template <wire::message M> std::size_t layer_offset(bytes datagram) {
  if constexpr (std::is_same_v<M, wire::rmcp_header>) {
    return 0;
  } else if constexpr (std::is_same_v<M, wire::session_header_v2> || std::is_same_v<M, wire::session_v15>) {
    return wire::rmcp_header::size;
  } else {
    const bytes payload = payload_of(datagram);
    if (payload.empty()) throw std::runtime_error("no payload");
    if (headers_of(datagram).kind.encrypted()) throw std::runtime_error("the payload is encrypted");
    return datagram.size() - payload.size();
  }
}

}  // namespace detail

/// The fields of a message in wire order.
template <wire::message M> std::vector<field> fields_of(bytes message) {
  M m{};
  detail::field_finder finder(message);
  M::layout(finder, m);
  return finder.fields();
}

/// Finds a field: "console_id", "integrity.algorithm". Throws if the message has no such field.
template <wire::message M> field find_field(bytes message, std::string_view name) {
  for (const auto& f : fields_of<M>(message))
    if (f.name == name) return f;
  throw std::runtime_error("no field " + std::string(name));
}

/// Overrides a field of an encoded message. `value` is a number or an enum, written little-endian over the field's
/// size, or bytes, which may be more or fewer than they replace.
template <wire::message M, class V> void override_in(octets& message, std::string_view name, const V& value) {
  const auto f = find_field<M>(message, name);
  const auto with = detail::field_bytes(value, f.size);
  const auto at = message.begin() + static_cast<std::ptrdiff_t>(f.offset);
  message.insert(message.erase(at, at + static_cast<std::ptrdiff_t>(f.size)), with.begin(), with.end());
}

/// Overrides a field of a datagram outside a session, or of the headers of any: M is rmcp_header, session_header_v2,
/// session_v15, or the message. The header's length follows a message that grows or shrinks.
///
///     override_field<rakp2>(datagram, "managed_random", octets(16));  // and its code is stale
template <wire::message M, class V> void override_field(octets& datagram, std::string_view name, const V& value) {
  const std::size_t at = detail::layer_offset<M>(datagram);
  octets layer(datagram.begin() + static_cast<std::ptrdiff_t>(at), datagram.end());
  override_in<M>(layer, name, value);
  const std::size_t before = datagram.size();
  datagram.resize(at);
  datagram.insert(datagram.end(), layer.begin(), layer.end());
  if (datagram.size() == before) return;
  if (at == wire::payload_v2)
    core::store_le16(&datagram[wire::payload_v2 - 2], static_cast<std::uint16_t>(layer.size()));
  if (at == wire::sessionless_v15_payload) datagram[at - 1] = static_cast<std::uint8_t>(layer.size());
}

}  // namespace rmcpp::testing
