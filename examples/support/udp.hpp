// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <initializer_list>
#include <optional>
#include <rmcpp/core/time.hpp>
#include <rmcpp/session/pump.hpp>
#include <system_error>
#include <utility>

#include "address.hpp"

/// \file
/// What the library leaves to its user on a POSIX system: a UDP socket, a clock and waiting for them.

namespace examples {

/// The library's time: milliseconds of a clock that never steps back.
inline rmcpp::instant now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count())};
}

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
  /// On all of this host's addresses if `local` is none of them: each datagram then says by which it came.
  static udp_socket bound_to(const address& local) {
    udp_socket s(local.family());
    const auto name = local.name_for(s.family_);
    if (::bind(s.fd(), name.data(), name.size) != 0)
      throw std::system_error(errno, std::generic_category(), local.text());
    if (!local.is_any()) return s;      // what it sends can leave from one address alone
    s.ask_for(IPPROTO_IP, IP_PKTINFO);  // on a socket of IPv6 too, where it tells of who comes by IPv4
    if (s.family_ == AF_INET6) s.ask_for(IPPROTO_IPV6, IPV6_RECVPKTINFO);
    return s;
  }
  /// Takes datagrams from `remote` only, and hears of its refusal.
  static udp_socket connected_to(const address& remote) {
    udp_socket s(remote.family());
    const auto name = remote.name_for(s.family_);
    if (::connect(s.fd(), name.data(), name.size) != 0)
      throw std::system_error(errno, std::generic_category(), remote.text());
    return s;
  }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] address local() const {
    socket_name name;
    ::getsockname(fd(), name.data(), &name.size);
    return address(name);
  }
  /// Of the last call that failed: ECONNREFUSED where nobody listens. 0 once a datagram came.
  [[nodiscard]] int last_error() const noexcept { return last_error_; }

  /// The next datagram, a view into `buffer`, or nothing. What does not fit is cut, and so is dropped by who takes it,
  /// who can say that it came.
  std::optional<received> receive(rmcpp::mutable_bytes buffer) {
    socket_name from;
    control_room control;
    iovec data{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &from.storage;
    message.msg_namelen = from.size;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const auto n = ::recvmsg(fd(), &message, 0);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) last_error_ = errno;
      return std::nullopt;
    }
    last_error_ = 0;
    received got{buffer.first(static_cast<std::size_t>(n)), address(from)};
    got.from.set_local(local_of(message));
    return got;
  }

  /// From where `to` wrote to, if that is known. A datagram that cannot be sent is lost, as on the wire: the machines
  /// repeat what matters.
  void send_to(const address& to, rmcpp::bytes datagram) {
    auto name = to.name_for(family_);
    control_room control;
    iovec data{const_cast<std::uint8_t*>(datagram.data()), datagram.size()};
    msghdr message{};
    message.msg_name = &name.storage;
    message.msg_namelen = name.size;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!rmcpp::core::all_zero(to.local())) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = control.bytes.size();
      message.msg_controllen = say_local(to, *CMSG_FIRSTHDR(&message));
    }
    if (::sendmsg(fd(), &message, 0) < 0) last_error_ = errno;
  }
  void send(rmcpp::bytes datagram) {
    if (::send(fd(), datagram.data(), datagram.size(), 0) < 0) last_error_ = errno;
  }

 private:
  /// For what the kernel tells of a datagram besides its bytes, or is told.
  struct control_room {
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(in6_pktinfo))> bytes{};
  };

  explicit udp_socket(int family)
      : family_(family), fd_(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "UDP socket") {}

  void ask_for(int level, int option) {
    const int on = 1;
    if (::setsockopt(fd(), level, option, &on, sizeof on) != 0)
      throw std::system_error(errno, std::generic_category(), "packet information");
  }

  /// Which of this host's addresses an answer has to leave from; all zero if the datagram went to a multicast group.
  static rmcpp::octets16 local_of(msghdr& message) noexcept {
    rmcpp::octets16 ip{};
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        in_pktinfo info;
        std::memcpy(&info, CMSG_DATA(c), sizeof info);
        return address::mapped(info.ipi_spec_dst);  // what was broadcast came to one of ours all the same
      }
      if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info;
        std::memcpy(&info, CMSG_DATA(c), sizeof info);
        if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) std::memcpy(ip.data(), &info.ipi6_addr, ip.size());
      }
    }
    return ip;
  }

  /// The same on the way back; returns the room it takes.
  static std::size_t say_local(const address& to, cmsghdr& c) noexcept {
    const auto& ip = to.local();
    if (to.is_v4()) {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, ip.data() + address::v4_prefix.size(), sizeof info.ipi_spec_dst);
      return put_control(c, IPPROTO_IP, IP_PKTINFO, info);
    }
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, ip.data(), ip.size());
    return put_control(c, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  template <class Info> static std::size_t put_control(cmsghdr& c, int level, int type, const Info& info) noexcept {
    c.cmsg_level = level;
    c.cmsg_type = type;
    c.cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(&c), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }

  int family_;
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
