// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/rmcp.hpp>

/// \file
/// ASF presence ping and pong (IPMI v2.0, 13.2): finding out whether a BMC is there, without a session.

namespace rmcpp::wire {

inline constexpr std::uint32_t asf_enterprise = 4542;  ///< IANA number of the ASF, big-endian on the wire

enum class asf_type : std::uint8_t { presence_pong = 0x40, presence_ping = 0x80 };

/// ASF message, after the RMCP header of class 06h.
struct asf_message {
  std::uint32_t enterprise = asf_enterprise;  ///< big-endian, unlike everything in IPMI
  asf_type type = asf_type::presence_ping;
  std::uint8_t tag = 0;  ///< copied into the reply; FFh wants no reply
  bytes data{};          ///< view into the input

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.be32("enterprise", m.enterprise);
    io.u8("type", m.type);
    io.u8("tag", m.tag);
    io.reserved(1);
    io.view8("data", m.data);
  }
};

/// Data of a Presence Pong, 16 bytes.
struct presence_pong {
  std::uint32_t oem_enterprise = asf_enterprise;  ///< big-endian; 4542 without OEM capabilities, some send 0
  std::uint32_t oem_defined = 0;
  std::uint8_t entities = 0x81;  ///< bit 7: IPMI supported; bits 3:0: 1 = ASF 1.0
  std::uint8_t interactions = 0;

  [[nodiscard]] constexpr bool supports_ipmi() const noexcept { return (entities & 0x80) != 0; }

  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {
    io.be32("oem_enterprise", m.oem_enterprise);
    io.be32("oem_defined", m.oem_defined);
    io.u8("entities", m.entities);
    io.u8("interactions", m.interactions);
    io.reserved(6);
  }
};

/// A whole ping datagram, 12 bytes. Errors: buffer_too_small.
constexpr result<std::size_t> encode_ping(std::uint8_t tag, mutable_bytes out) noexcept {
  core::writer w(out);
  w.group("rmcp_header", rmcp_header{rmcp_header::no_ack, {rmcp_class::asf}});
  w.group("asf_message", asf_message{.tag = tag});
  return {w.size(), w.error()};
}

/// A whole pong datagram, 28 bytes. Errors: buffer_too_small.
constexpr result<std::size_t> encode_pong(std::uint8_t tag, const presence_pong& pong, mutable_bytes out) noexcept {
  std::array<std::uint8_t, 16> data{};
  const auto n = wire::encode(pong, data);
  core::writer w(out);
  w.group("rmcp_header", rmcp_header{rmcp_header::no_ack, {rmcp_class::asf}});
  w.group("asf_message", asf_message{.type = asf_type::presence_pong, .tag = tag, .data = bytes(data.data(), *n)});
  return {w.size(), w.error()};
}

}  // namespace rmcpp::wire
