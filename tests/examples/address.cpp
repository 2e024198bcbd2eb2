// SPDX-License-Identifier: BSL-1.0
#include "../../examples/support/udp.hpp"

#include <set>

#include "support/catch.hpp"

// The address and the socket of the example programs, on loopback: what rmcpp::peer_address asks of them.

namespace {

using examples::address;
using examples::udp_socket;

address at(const char* host, std::uint16_t port = 623) { return address::resolve(host, port, AI_NUMERICHOST); }

/// Waits for one, for at most a second.
std::optional<examples::received> next(udp_socket& socket, rmcpp::mutable_bytes room) {
  examples::wait_readable({socket.fd()}, examples::now() + rmcpp::seconds(1));
  return socket.receive(room);
}

TEST_CASE("a mapped IPv4 address is that IPv4 address") {
  const auto plain = at("192.0.2.1");
  const auto mapped = at("::ffff:192.0.2.1");
  CHECK(mapped == plain);
  CHECK(mapped.text() == "192.0.2.1:623");
  CHECK(mapped.family() == AF_INET);
  CHECK(mapped.quota_key() == plain.quota_key());
  CHECK(mapped.ipv4() == std::array<std::uint8_t, 4>{192, 0, 2, 1});
}

TEST_CASE("quotas are counted by IPv4 address or by IPv6 /64") {
  std::set<std::uint64_t> keys;
  const char* const sites[] = {"192.0.2.1",   "192.0.2.2",  "::ffff:192.0.2.3", "::ffff:192.0.2.4",
                               "2001:db8::1", "c000:201::", "2001:db8:0:1::1"};
  for (const auto* site : sites) keys.insert(at(site).quota_key());
  CHECK(keys.size() == std::size(sites));
  CHECK(at("2001:db8::1").quota_key() == at("2001:db8::ffff:1:2:3").quota_key());
  CHECK(at("192.0.2.1", 1).quota_key() == at("192.0.2.1", 2).quota_key());
}

TEST_CASE("multicast, broadcast, nobody and port 0 cannot be answered, mapped or not") {
  for (const auto* host : {"127.0.0.1", "::ffff:127.0.0.1", "::1", "2001:db8::1"}) {
    CAPTURE(host);
    CHECK(at(host).can_reply());
    CHECK_FALSE(at(host, 0).can_reply());
  }
  for (const auto* host : {"0.0.0.0", "::ffff:0.0.0.0", "::", "224.0.0.1", "::ffff:224.0.0.1", "255.255.255.255",
                           "::ffff:255.255.255.255", "ff02::1"}) {
    CAPTURE(host);
    CHECK_FALSE(at(host).can_reply());
  }
}

TEST_CASE("a peer is who it is, by whichever of this host's addresses it came") {
  auto here = at("192.0.2.1"), there = here;
  here.set_local(address::mapped({htonl(0x7f000005)}));
  there.set_local(address::mapped({htonl(0x7f000006)}));
  CHECK(here == there);
  CHECK_FALSE(at("192.0.2.1", 1) == at("192.0.2.1", 2));
  CHECK_FALSE(at("192.0.2.1") == at("192.0.2.2"));
  CHECK_FALSE(at("192.0.2.1") == at("c000:201::"));
}

TEST_CASE("an answer leaves from the address that was asked, at once and later") {
  struct row {
    const char* listen;
    const char* asked;
  };
  for (const auto& [listen, asked] :
       {row{"0.0.0.0", "127.0.0.1"}, row{"0.0.0.0", "127.0.0.5"}, row{"::", "127.0.0.5"}, row{"::", "::1"},
        row{"127.0.0.5", "127.0.0.5"}, row{"::ffff:127.0.0.5", "127.0.0.5"}, row{"::1", "::1"}}) {
    CAPTURE(listen, asked);
    auto server = udp_socket::bound_to(at(listen, 0));
    auto client = udp_socket::connected_to(at(asked, server.local().port()));  // hears of this address alone
    std::array<std::uint8_t, 16> room{};
    const std::array<std::uint8_t, 2> question{1, 2}, answers{3, 4};
    client.send(question);
    const auto got = next(server, room);
    REQUIRE(got);
    CHECK(got->from == client.local());
    CHECK(got->from.text() == client.local().text());
    const auto peer = got->from;
    for (const auto& answer : answers) {
      server.send_to(peer, rmcpp::bytes(&answer, 1));
      const auto heard = next(client, room);
      REQUIRE(heard);
      CHECK(heard->datagram[0] == answer);
    }
  }
}

TEST_CASE("a datagram that does not fit is cut") {
  auto server = udp_socket::bound_to(at("127.0.0.1", 0));
  auto client = udp_socket::connected_to(server.local());
  client.send(std::array<std::uint8_t, 5>{1, 2, 3, 4, 5});
  std::array<std::uint8_t, 4> room{};
  const auto got = next(server, room);
  REQUIRE(got);
  CHECK(got->datagram.size() == 4);
  CHECK(room == std::array<std::uint8_t, 4>{1, 2, 3, 4});
}

}  // namespace
