// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/open_session.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/rmcp.hpp>
#include <rmcpp/wire/session_commands.hpp>
#include <rmcpp/wire/session_v15.hpp>
#include <rmcpp/wire/session_v2.hpp>

#include <string>
#include <type_traits>

/// \file
/// Messages and datagrams as text for people. Hosted only: it allocates, and no other header includes it.

namespace rmcpp {

inline std::string describe(role_byte r) {
  return std::string(describe(r.level())) + (r.name_only() ? ", name-only lookup" : ", name and privilege lookup");
}

inline std::string describe(net_fn fn) {
  switch (fn) {
    case net_fn::chassis: return "Chassis";
    case net_fn::bridge: return "Bridge";
    case net_fn::sensor: return "Sensor/Event";
    case net_fn::app: return "App";
    case net_fn::firmware: return "Firmware";
    case net_fn::storage: return "Storage";
    case net_fn::transport: return "Transport";
    case net_fn::group_extension: return "Group Extension";
    case net_fn::oem_group: return "OEM/Group";
  }
  return static_cast<unsigned>(fn) >= 0x30 ? "OEM" : "reserved";
}

}  // namespace rmcpp

namespace rmcpp::wire {

/// Lower-case digits without separators, as tools take keys: "0600ff07".
inline std::string hex(bytes b) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * b.size());
  for (const auto v : b) {
    text += digits[v >> 4];
    text += digits[v & 0x0f];
  }
  return text;
}

// What the bits of a byte say, beside the describe() of plain enums.

inline std::string describe(rmcp_class c) {
  const auto kind = static_cast<std::uint8_t>(c.kind());
  const char* name = kind == rmcp_class::asf    ? "ASF"
                     : kind == rmcp_class::ipmi ? "IPMI"
                     : kind == rmcp_class::oem  ? "OEM"
                                                : "reserved";
  return std::string(name) + (c.is_ack() ? ", ACK" : "");
}

inline std::string describe(asf_type t) {
  switch (t) {
    case asf_type::presence_pong: return "Presence Pong";
    case asf_type::presence_ping: return "Presence Ping";
  }
  return "another ASF message";
}

inline std::string describe(auth_type t) {
  switch (t) {
    case auth_type::none: return "none";
    case auth_type::md2: return "MD2";
    case auth_type::md5: return "MD5";
    case auth_type::straight_password: return "straight password";
    case auth_type::oem: return "OEM";
    case auth_type::rmcp_plus: return "RMCP+";
  }
  return "reserved";
}

inline std::string describe(payload_byte p) {
  return std::string(describe(p.type())) + (p.encrypted() ? ", encrypted" : "") +
         (p.authenticated() ? ", authenticated" : "");
}

inline std::string describe(net_fn_lun n) {
  return describe(n.fn()) + (n.is_response() ? " response, LUN " : " request, LUN ") + std::to_string(n.lun());
}

inline std::string describe(seq_lun s) {
  return "sequence " + std::to_string(s.sequence()) + ", LUN " + std::to_string(s.lun());
}

namespace detail {

/// Found by ADL, so a user's own field types can have a meaning too.
template <class T> concept describable = requires(const T& v) { std::string(describe(v)); };

/// The third cursor beside writer and reader: writes a line for every field. Reserved bytes are left out.
class dumper {
 public:
  static constexpr bool reading = false;

  /// `size` is the message's size where it is known: then a short form is shown as short as it is.
  explicit dumper(std::string& out, std::size_t indent = 0, std::size_t size = ~std::size_t{0})
      : out_(out), indent_(indent), remaining_(size) {}

  void fail(const char* name, errc e) { line(name, "bad", rmcpp::describe(e)); }

  template <class T> void u8(const char* name, const T& v) { number(name, v, 1); }
  template <class T> void low_bits(const char* name, const T& v, std::uint8_t mask) {
    T shown = v;
    core::detail::from_wire(shown, core::detail::to_wire(v) & mask);
    number(name, shown, 1);
  }
  template <class T> void le16(const char* name, const T& v) { number(name, v, 2); }
  template <class T> void le24(const char* name, const T& v) { number(name, v, 3); }
  template <class T> void le32(const char* name, const T& v) { number(name, v, 4); }
  void be32(const char* name, const std::uint32_t& v) { number(name, v, 4); }
  void constant(const char* name, std::uint8_t v, errc) { number(name, v, 1); }
  void reserved(std::size_t n) { remaining_ -= n; }
  template <std::size_t N> void raw(const char* name, const std::array<std::uint8_t, N>& v) { string(name, v); }
  template <std::size_t N> void counted8(const char* name, const bounded<N>& v) {
    add(static_cast<std::uint32_t>(v.size()), 1);
    string(name, v);
  }
  template <std::size_t N> void rest(const char* name, const bounded<N>& v) { string(name, v); }
  void view8(const char* name, const bytes& v) {
    add(static_cast<std::uint32_t>(v.size()), 1);
    string(name, v);
  }
  void view16(const char* name, const bytes& v) {
    add(static_cast<std::uint32_t>(v.size()), 2);
    string(name, v);
  }
  void tail(const char* name, const bytes& v, std::size_t = 0) { string(name, v); }
  template <class M> void group(const char* name, const M& m) {
    heading(name);
    indent_ += 2;
    M::layout(*this, m);
    indent_ -= 2;
  }
  [[nodiscard]] bool more(std::size_t n = 1) const { return remaining_ >= n; }
  void ignore_rest() {}
  /// The sum of all bytes so far: all that a checksum needs to know.
  [[nodiscard]] std::size_t mark() const { return sum_; }
  void checksum(const char* name, std::size_t from) { number(name, static_cast<std::uint8_t>(from - sum_), 1); }

  void heading(const char* name) { out_ += std::string(indent_, ' ') + name + '\n'; }
  void line(const char* name, const std::string& value, const std::string& meaning = {}) {
    std::string text = std::string(indent_, ' ') + name;
    text.append(text.size() < 20 ? 20 - text.size() : 2, ' ');
    out_ += text + value + (meaning.empty() ? "" : "  (" + meaning + ")") + '\n';
  }
  /// Printable bytes are shown as text too. No other byte reaches the terminal.
  void string(const char* name, bytes v) {
    bool printable = !v.empty();
    std::string text;
    for (const auto b : v) {
      add(b, 1);
      printable = printable && b >= 0x20 && b < 0x7f;
      text += static_cast<char>(b);
    }
    line(name, v.empty() ? "empty" : hex(v), printable ? '"' + text + '"' : "");
  }

 private:
  template <class T> void number(const char* name, const T& v, std::size_t size) {
    const std::uint32_t raw = core::detail::to_wire(v);
    add(raw, size);
    std::string digits;
    for (std::size_t i = 2 * size; i-- > 0;) digits += "0123456789ABCDEF"[(raw >> (4 * i)) & 0x0f];
    std::string meaning;
    if constexpr (describable<T>) {
      meaning = describe(v);
    } else if constexpr (std::is_integral_v<T>) {
      // A byte is read well enough in hex, and so is a number of one digit.
      if (size > 1 && raw > 9) meaning = std::to_string(raw);
    }
    line(name, digits + 'h', meaning);
  }
  void add(std::uint32_t v, std::size_t size) {
    for (; v != 0; v >>= 8) sum_ += v & 0xff;
    remaining_ -= size;
  }

  std::string& out_;
  std::size_t indent_;
  std::size_t remaining_;
  std::size_t sum_ = 0;
};

/// The layers of one datagram, each under its name.
class datagram_dumper {
 public:
  static std::string dump(bytes datagram) {
    datagram_dumper d;
    d.rmcp(datagram);
    return d.out_;
  }

 private:
  void rmcp(bytes in) {
    const auto header = wire::decode_prefix<rmcp_header>(in);
    if (!layer("rmcp_header", header, in)) return;
    in = in.subspan(header->size);
    const auto kind = header->message.kind;
    if (kind == rmcp_class{rmcp_class::asf}) return asf(in);
    if (kind == rmcp_class{rmcp_class::ipmi}) return session(in);
    if (!in.empty()) raw("data", in);
  }

  void asf(bytes in) {
    const auto m = wire::decode<asf_message>(in);
    if (whole("asf_message", m, in) && m->type == asf_type::presence_pong)
      whole<presence_pong>("presence_pong", m->data);
  }

  void session(bytes in) {
    if (!in.empty() && wire::decode_prefix<session_header_v2>(in).error() != errc::bad_auth_type) return session_v2(in);
    auto wrapper = wire::decode_prefix<session_v15>(in);
    // This authentication code is the password itself.
    const bool password = wrapper->message.type == auth_type::straight_password;
    if (password) wrapper->message.authcode = {};
    if (!layer("session_v15", wrapper, in, password)) return;
    if (password) text("note", "the authcode is the password and not shown");
    const bytes payload = wrapper->message.payload;
    lan_message(payload);
    const std::size_t used = static_cast<std::size_t>(payload.data() - in.data()) + payload.size();
    if (used < in.size()) raw("pad", in.subspan(used));
  }

  void session_v2(bytes in) {
    const auto decoded = wire::decode_prefix<session_header_v2>(in);
    if (!layer("session_header_v2", decoded, in)) return;
    const auto& header = decoded->message;
    in = in.subspan(decoded->size);
    if (header.length == 0 || header.length > in.size()) {
      problem(errc::bad_length, "length", decoded->size - 2);
      return raw("data", in);
    }
    const bytes payload = in.first(header.length);
    in = in.subspan(header.length);
    if (header.payload.encrypted()) {
      raw("encrypted payload", payload);
    } else {
      plain_payload(header.payload.type(), payload);
    }
    if (header.payload.authenticated()) {
      raw("session_trailer", in);
    } else if (!in.empty() && header.id == session_id::none) {
      raw("surplus", in);
    } else if (!in.empty()) {
      problem(errc::trailing_bytes, "end of payload", decoded->size + payload.size());
      raw("data", in);
    }
  }

  void plain_payload(payload_type type, bytes in) {
    switch (type) {
      case payload_type::ipmi: return lan_message(in);
      case payload_type::open_session_request: return whole<open_session_request>("open_session_request", in);
      case payload_type::open_session_response: return whole<open_session_response>("open_session_response", in);
      case payload_type::rakp1: return whole<rakp1>("rakp1", in);
      case payload_type::rakp2: return whole<rakp2>("rakp2", in);
      case payload_type::rakp3: return whole<rakp3>("rakp3", in);
      case payload_type::rakp4: return whole<rakp4>("rakp4", in);
      default: return raw("payload", in);
    }
  }

  void lan_message(bytes in) {
    const bool response = in.size() > 1 && net_fn_lun{in[1]}.is_response();
    response ? whole<lan_response>("lan_response", in) : whole<lan_request>("lan_request", in);
  }

  /// True if the layer decodes; its bytes and what is wrong with them if not.
  template <class M> bool show(const char* name, const M& m, errc error, bytes in, bool hide = false) {
    if (error == errc::ok) {
      dumper(out_, 0, in.size()).group(name, m);
      return true;
    }
    dumper(out_).heading(name);
    const auto why = wire::explain<M>(in);
    problem(why.error, why.field, why.offset);
    if (!hide) text("bytes", in.empty() ? "empty" : hex(in));
    return false;
  }
  template <class M> bool layer(const char* name, const result<decoded_prefix<M>>& m, bytes in, bool hide = false) {
    return show(name, m->message, m.error(), in, hide);
  }
  template <class M> bool whole(const char* name, const result<M>& m, bytes in) {
    return show(name, *m, m.error(), in);
  }
  template <class M> void whole(const char* name, bytes in) { (void)whole(name, wire::decode<M>(in), in); }
  void raw(const char* name, bytes in) {
    dumper d(out_);
    d.heading(name);
    text("bytes", in.empty() ? "empty" : hex(in));
  }
  void text(const char* name, const std::string& value) { dumper(out_, 2).line(name, value); }
  void problem(errc e, const char* field, std::size_t offset) {
    text("error", std::string(describe(e)) + ": " + field + " at offset " + std::to_string(offset));
  }

  std::string out_;
};

}  // namespace detail

/// The fields of `m`, one to a line: its layout name, the value (numbers end in h, byte strings do not), the meaning.
/// Checksums are the right ones. Not for secrets.
template <message M> std::string dump(const M& m) {
  std::string out;
  detail::dumper io(out);
  M::layout(io, m);
  return out;
}

/// The layers of a datagram and their fields: RMCP header, session wrapper, message. What is encrypted or malformed is
/// shown as bytes, the latter with the error, the field and its offset in the layer. Never fails.
inline std::string dump_datagram(bytes datagram) { return detail::datagram_dumper::dump(datagram); }

}  // namespace rmcpp::wire
