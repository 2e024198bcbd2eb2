// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <rmcpp/core/bytes.hpp>
#include <stdexcept>
#include <string>

/// \file
/// The address of the other side, as a BMC's peer.

namespace examples {

/// A name for socket calls.
struct socket_name {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  [[nodiscard]] const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* data() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

/// An IPv4 or IPv6 address with its port, and by which of this host's own addresses it came: the answer has to leave
/// from there, now or later. It is the `peer` of examples/bmc: see rmcpp::peer_address.
///
/// Who comes by IPv4 has one address, whatever the socket calls him: one of IPv6 says ::ffff:192.0.2.1.
class address {
 public:
  address() = default;
  explicit address(const socket_name& from) noexcept {
    if (from.storage.ss_family == AF_INET) {
      sockaddr_in v4;
      std::memcpy(&v4, &from.storage, sizeof v4);
      host_ = mapped(v4.sin_addr);
      port_ = ntohs(v4.sin_port);
    } else {
      sockaddr_in6 v6;
      std::memcpy(&v6, &from.storage, sizeof v6);
      std::memcpy(host_.data(), &v6.sin6_addr, host_.size());
      port_ = ntohs(v6.sin6_port);
      scope_ = v6.sin6_scope_id;
    }
  }

  /// The first address of `host`, a name or a number; throws std::runtime_error.
  static address resolve(const std::string& host, std::uint16_t port, int flags = 0) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (error != 0) throw std::runtime_error("address " + host + ": " + gai_strerror(error));
    socket_name first;
    std::memcpy(&first.storage, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return address(first);
  }

  [[nodiscard]] bool is_v4() const noexcept { return std::equal(v4_prefix.begin(), v4_prefix.end(), host_.begin()); }
  /// No host's: to listen there is to listen on all of one's own.
  [[nodiscard]] bool is_any() const noexcept {
    return rmcpp::core::all_zero(rmcpp::bytes(host_).subspan(is_v4() ? v4_prefix.size() : 0));
  }
  [[nodiscard]] int family() const noexcept { return is_v4() ? AF_INET : AF_INET6; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// For a socket of that family: one of IPv6 takes either.
  [[nodiscard]] socket_name name_for(int socket_family) const noexcept {
    socket_name to;
    if (socket_family == AF_INET) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port_);
      std::memcpy(&v4.sin_addr, host_.data() + v4_prefix.size(), sizeof v4.sin_addr);
      std::memcpy(&to.storage, &v4, to.size = sizeof v4);
    } else {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port_);
      v6.sin6_scope_id = scope_;
      std::memcpy(&v6.sin6_addr, host_.data(), host_.size());
      std::memcpy(&to.storage, &v6, to.size = sizeof v6);
    }
    return to;
  }

  [[nodiscard]] std::string text() const {
    char host[INET6_ADDRSTRLEN] = "";
    if (is_v4()) {
      inet_ntop(AF_INET, host_.data() + v4_prefix.size(), host, sizeof host);
      return std::string(host) + ':' + std::to_string(port());
    }
    inet_ntop(AF_INET6, host_.data(), host, sizeof host);
    return '[' + std::string(host) + "]:" + std::to_string(port());
  }

  /// This host's address that the datagram was sent to, all zero if nobody knows: then the routing table chooses.
  [[nodiscard]] const rmcpp::octets16& local() const noexcept { return local_; }
  void set_local(const rmcpp::octets16& ip) noexcept { local_ = ip; }

  /// An IPv4 address as one of IPv6.
  static rmcpp::octets16 mapped(const in_addr& v4) noexcept {
    rmcpp::octets16 ip{};
    std::copy(v4_prefix.begin(), v4_prefix.end(), ip.begin());
    std::memcpy(ip.data() + v4_prefix.size(), &v4, sizeof v4);
    return ip;
  }
  static constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

  // What a BMC asks of its peers.

  /// The other side only. A session belongs to who proved himself in RAKP 3; which of this host's addresses he writes
  /// to says where the answer must leave from, and nothing about him: who can forge his address can forge that one too.
  /// And it may change under him, where an address of this host moves or is one of several names for it.
  friend bool operator==(const address& a, const address& b) noexcept {
    return a.port_ == b.port_ && a.host_ == b.host_ && a.scope_ == b.scope_;
  }

  /// Limits are counted by IPv4 address or by IPv6 /64, which one site can fill at will. Of IPv4 it is the half that
  /// differs, and that no /64 in use begins with.
  [[nodiscard]] std::uint64_t quota_key() const noexcept {
    std::uint64_t key = 0;
    std::memcpy(&key, host_.data() + (is_v4() ? sizeof key : 0), sizeof key);
    return key;
  }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept {
    const bool multicast = is_v4() ? ipv4()[0] >= 224 : host_[0] == 0xff;  // IPv4 broadcast lies above multicast
    return port_ != 0 && !is_any() && !multicast;
  }
  /// All zero for one of IPv6.
  [[nodiscard]] std::array<std::uint8_t, 4> ipv4() const noexcept {
    std::array<std::uint8_t, 4> ip{};
    if (is_v4()) std::copy(host_.begin() + v4_prefix.size(), host_.end(), ip.begin());
    return ip;
  }

 private:
  rmcpp::octets16 host_{};  ///< in network order, IPv4 mapped
  rmcpp::octets16 local_{};
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace examples
