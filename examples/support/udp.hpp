// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/session/pump.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

/// \file
/// What the library leaves to its user on a POSIX system: an address, a UDP socket, a clock and waiting for them.

namespace examples {

/// The library's time: milliseconds of a clock that never steps back.
inline rmcpp::instant now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count())};
}

/// An IPv4 or IPv6 address with its port. It is the `peer` of examples/bmc: see rmcpp::peer_address.
class address {
 public:
  address() = default;
  explicit address(const sockaddr_storage& from) {
    if (from.ss_family == AF_INET6) {
      std::memcpy(&v6_, &from, sizeof v6_);
      v6_.sin6_flowinfo = 0;
    } else {
      std::memcpy(&v4_, &from, sizeof v4_);
      is_v4_ = true;
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
    sockaddr_storage first{};
    std::memcpy(&first, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return address(first);
  }

  [[nodiscard]] int family() const noexcept { return is_v4_ ? AF_INET : AF_INET6; }
  [[nodiscard]] const sockaddr* data() const noexcept {
    return is_v4_ ? reinterpret_cast<const sockaddr*>(&v4_) : reinterpret_cast<const sockaddr*>(&v6_);
  }
  [[nodiscard]] socklen_t size() const noexcept { return is_v4_ ? sizeof v4_ : sizeof v6_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return ntohs(is_v4_ ? v4_.sin_port : v6_.sin6_port); }

  [[nodiscard]] std::string text() const {
    char host[INET6_ADDRSTRLEN] = "";
    if (is_v4_) {
      inet_ntop(AF_INET, &v4_.sin_addr, host, sizeof host);
      return std::string(host) + ':' + std::to_string(port());
    }
    inet_ntop(AF_INET6, &v6_.sin6_addr, host, sizeof host);
    return '[' + std::string(host) + "]:" + std::to_string(port());
  }

  friend bool operator==(const address& a, const address& b) noexcept {
    return a.is_v4_ == b.is_v4_ && a.port() == b.port() && a.host() == b.host() &&
           a.v6_.sin6_scope_id == b.v6_.sin6_scope_id;
  }

  // What a BMC asks of its peers.

  /// Limits are counted by IPv4 address or by IPv6 /64, which one site can fill at will.
  [[nodiscard]] std::uint64_t quota_key() const noexcept {
    std::uint64_t key = 0;
    const auto ip = host();
    std::memcpy(&key, ip.data(), sizeof key);
    return key;
  }
  [[nodiscard]] std::uint8_t channel() const noexcept { return 1; }
  [[nodiscard]] bool can_reply() const noexcept {
    const auto ip = host();
    const bool multicast = is_v4_ ? ip[0] >= 224 : ip[0] == 0xff;  // IPv4 broadcast lies above multicast
    return port() != 0 && !rmcpp::core::all_zero(ip) && !multicast;
  }
  [[nodiscard]] std::array<std::uint8_t, 4> ipv4() const noexcept {
    const auto ip = host();
    return is_v4_ ? std::array<std::uint8_t, 4>{ip[0], ip[1], ip[2], ip[3]} : std::array<std::uint8_t, 4>{};
  }

 private:
  /// In network order, IPv4 in the first four bytes.
  [[nodiscard]] rmcpp::octets16 host() const noexcept {
    rmcpp::octets16 ip{};
    if (is_v4_) {
      std::memcpy(ip.data(), &v4_.sin_addr, sizeof v4_.sin_addr);
    } else {
      std::memcpy(ip.data(), &v6_.sin6_addr, sizeof v6_.sin6_addr);
    }
    return ip;
  }

  sockaddr_in v4_{};
  sockaddr_in6 v6_{};
  bool is_v4_ = false;
};

/// Owns a file descriptor.
class descriptor {
 public:
  explicit descriptor(int fd, const char* what) : fd_(fd) {
    if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  }
  descriptor(descriptor&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
  descriptor& operator=(descriptor&& from) noexcept {
    std::swap(fd_, from.fd_);
    return *this;
  }
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

struct received {
  rmcpp::mutable_bytes datagram{};
  address from{};
};

/// A UDP socket that never blocks. Construction throws std::system_error.
class udp_socket {
 public:
  static udp_socket bound_to(const address& local) {
    udp_socket s(local.family());
    if (::bind(s.fd(), local.data(), local.size()) != 0)
      throw std::system_error(errno, std::generic_category(), local.text());
    return s;
  }
  /// Takes datagrams from `remote` only, and hears of its refusal.
  static udp_socket connected_to(const address& remote) {
    udp_socket s(remote.family());
    if (::connect(s.fd(), remote.data(), remote.size()) != 0)
      throw std::system_error(errno, std::generic_category(), remote.text());
    return s;
  }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] address local() const {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    ::getsockname(fd(), reinterpret_cast<sockaddr*>(&name), &size);
    return address(name);
  }
  /// Of the last call that failed: ECONNREFUSED where nobody listens. 0 once a datagram came.
  [[nodiscard]] int last_error() const noexcept { return last_error_; }

  /// The next datagram, a view into `buffer`, or nothing. What does not fit is dropped: it cannot be valid.
  std::optional<received> receive(rmcpp::mutable_bytes buffer) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const auto n = ::recvfrom(fd(), buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) last_error_ = errno;
      return std::nullopt;
    }
    last_error_ = 0;
    if (static_cast<std::size_t>(n) > buffer.size()) return std::nullopt;
    return received{buffer.first(static_cast<std::size_t>(n)), address(from)};
  }

  /// A datagram that cannot be sent is lost, as on the wire: the machines repeat what matters.
  void send_to(const address& to, rmcpp::bytes datagram) {
    if (::sendto(fd(), datagram.data(), datagram.size(), 0, to.data(), to.size()) < 0) last_error_ = errno;
  }
  void send(rmcpp::bytes datagram) {
    if (::send(fd(), datagram.data(), datagram.size(), 0) < 0) last_error_ = errno;
  }

 private:
  explicit udp_socket(int family) : fd_(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "UDP socket") {}

  descriptor fd_;
  int last_error_ = 0;
};

/// Sleeps until one of the descriptors can be read or the deadline has come.
inline void wait_readable(std::initializer_list<int> descriptors, rmcpp::instant deadline) {
  std::array<pollfd, 4> set{};
  nfds_t count = 0;
  for (const int fd : descriptors) set.at(count++) = {fd, POLLIN, 0};
  int timeout = -1;
  if (!deadline.is_never()) {
    const auto t = now();
    const auto left = deadline > t ? deadline.ms - t.ms : 0;
    timeout = left < INT_MAX ? static_cast<int>(left) : INT_MAX;
  }
  ::poll(set.data(), count, timeout);
}

/// What rmcpp::run() sends and receives by, to one BMC. Construction throws.
class udp_client {
 public:
  udp_client(const std::string& host, std::uint16_t port)
      : udp_client(udp_socket::connected_to(address::resolve(host, port))) {}
  explicit udp_client(udp_socket socket) : socket_(std::move(socket)) {}

  void send(rmcpp::bytes datagram) { socket_.send(datagram); }
  rmcpp::result<rmcpp::incoming<>> receive(rmcpp::mutable_bytes buffer, rmcpp::instant until) {
    wait_readable({socket_.fd()}, until);
    const auto got = socket_.receive(buffer);
    return rmcpp::incoming<>{got ? got->datagram.size() : 0};
  }
  [[nodiscard]] rmcpp::instant now() const { return examples::now(); }
  [[nodiscard]] const udp_socket& socket() const noexcept { return socket_; }

 private:
  udp_socket socket_;
};

/// The same for a BMC, from whoever asks.
class udp_server {
 public:
  /// On `host`, a numeric address of this machine; port 0 is a free one.
  udp_server(const std::string& host, std::uint16_t port)
      : socket_(udp_socket::bound_to(address::resolve(host, port, AI_NUMERICHOST | AI_PASSIVE))) {}

  void send(const address& to, rmcpp::bytes datagram) { socket_.send_to(to, datagram); }
  rmcpp::result<rmcpp::incoming<address>> receive(rmcpp::mutable_bytes buffer, rmcpp::instant until) {
    wait_readable({socket_.fd()}, until);
    const auto got = socket_.receive(buffer);
    return got ? rmcpp::incoming<address>{got->datagram.size(), got->from} : rmcpp::incoming<address>{};
  }
  [[nodiscard]] rmcpp::instant now() const { return examples::now(); }
  [[nodiscard]] address local() const { return socket_.local(); }

 private:
  udp_socket socket_;
};

}  // namespace examples
