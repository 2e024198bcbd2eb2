// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/time.hpp>
#include <rmcpp/session/outgoing.hpp>

#include <concepts>

/// \file
/// The contract of the machines as code: their loop over a transport of the user's. Who has a loop already uses the
/// verbs instead.

namespace rmcpp {

/// A datagram that a transport put into the buffer it was given, and where it came from.
template <class Peer = void> struct incoming {
  std::size_t size = 0;  ///< 0: the time came first
  Peer from{};
};
/// A console's, which comes from its one BMC.
template <> struct incoming<void> { std::size_t size = 0; };

/// A console's way to its BMC.
/// - `send(datagram)`: one that cannot be sent is a lost one: the console repeats what matters.
/// - `receive(buffer, until)`: waits for a datagram until that instant, instant::never() for ever. 0 bytes: the time
///   came first. One that is longer than the buffer is cut, so that the machine can say that it came, or lost. An error
///   ends the loop.
/// - `now()`: milliseconds of a clock that does not step back, best a steady one.
/// Optional: `dropped(errc)`, told of each datagram that the machine dropped, and why.
// clang-format off
template <class T> concept console_transport = requires(T t, bytes datagram, mutable_bytes buffer, instant until) {
  t.send(datagram);
  { t.receive(buffer, until) } -> std::same_as<result<incoming<>>>;
  { t.now() } -> std::same_as<instant>;
};
/// A BMC's: the same with the peer's address, which the transport gives and takes back.
template <class T, class Peer>
concept bmc_transport = requires(T t, const Peer& to, bytes datagram, mutable_bytes buffer, instant until) {
  t.send(to, datagram);
  { t.receive(buffer, until) } -> std::same_as<result<incoming<Peer>>>;
  { t.now() } -> std::same_as<instant>;
};
// clang-format on

namespace detail {

/// More than any standard command's answer takes, and what Ethernet carries in one frame.
inline constexpr std::size_t longest_datagram = 1500;

/// True once the user has had enough.
template <class Machine, class OnEvent> bool tell_events(Machine& machine, OnEvent& on_event) {
  while (const auto e = machine.next_event())
    if (on_event(e)) return true;
  return false;
}

template <class Transport> void tell_dropped(Transport& t, errc why) {
  if constexpr (requires { t.dropped(why); }) {
    if (why != errc::ok) t.dropped(why);
  }
}

}  // namespace detail

/// Runs a console: sends, receives, keeps its time, and hands each event to `on_event(const console_event&) -> bool`
/// before the next datagram is taken, so that views in it are good. Returns ok once `on_event` returned true, or the
/// console has ended and told so; may be called again. Errors: what `receive` said.
template <class Console, console_transport Transport, class OnEvent>
requires requires(Console& c) { c.is_over(); }
status run(Console& console, Transport& transport, OnEvent&& on_event) {
  std::array<std::uint8_t, detail::longest_datagram> in;
  std::array<std::uint8_t, Console::max_datagram> out;
  for (;;) {
    while (const auto n = console.poll_transmit(out, transport.now())) transport.send(bytes(out).first(n.size));
    if (detail::tell_events(console, on_event)) return {};
    // What on_event() asked for is due at once.
    if (console.is_over()) return {};
    const auto got = transport.receive(in, console.poll_timeout());
    if (!got) return got.error();
    if (got->size != 0)
      detail::tell_dropped(transport, console.feed(mutable_bytes(in).first(got->size), transport.now()).error());
    console.handle_timeout(transport.now());
  }
}

/// Runs a BMC likewise; `on_event(const bmc_event<Peer>&) -> bool`. It ends when `on_event` returns true.
/// Errors: what `receive` said.
template <class Bmc, class Transport, class OnEvent>
requires bmc_transport<Transport, typename Bmc::peer_type> status run(Bmc& bmc, Transport& transport,
                                                                      OnEvent&& on_event) {
  std::array<std::uint8_t, detail::longest_datagram> in;
  std::array<std::uint8_t, Bmc::max_datagram> out;
  for (;;) {
    while (const auto n = bmc.poll_transmit(out, transport.now())) transport.send(n.to, bytes(out).first(n.size));
    if (detail::tell_events(bmc, on_event)) return {};
    const auto got = transport.receive(in, bmc.poll_timeout());
    if (!got) return got.error();
    if (got->size != 0) {
      const auto answer = bmc.feed(got->from, mutable_bytes(in).first(got->size), out, transport.now());
      if (answer && *answer != 0) transport.send(got->from, bytes(out).first(*answer));
      detail::tell_dropped(transport, answer.error());
    }
    bmc.handle_timeout(transport.now());
  }
}

}  // namespace rmcpp
