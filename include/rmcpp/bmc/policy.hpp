// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/session/request.hpp>
#include <rmcpp/session/response.hpp>

#include <concepts>

/// \file
/// What a BMC's user supplies, as concepts. Each is a value or a reference in the machine's configuration.

namespace rmcpp {

/// Where a datagram came from and where its answer goes. It is kept for answers that come later: on a host with several
/// addresses it should know which of them was asked, for a client hears of no other.
/// - `==` compares address and port: a session stays with the peer of its RAKP 3.
/// - `quota_key()`: what limits are counted by, the address or its prefix; comparable. A mapped address, an IPv4 client
///   of an IPv6 socket, counts as the IPv4 address that it is: ::ffff:0:0/96 is one /64.
/// - `channel()`: the channel number it arrived on, 0..0Bh.
/// - `can_reply()`: false for broadcast, multicast and port 0, which are never answered.
/// Optional: `ipv4()` (4 bytes, network order) and `port()`, which Get Session Info reports.
// clang-format off
template <class P>
concept peer_address = std::copyable<P> && std::default_initializable<P> && std::equality_comparable<P> &&
    requires(const P p) {
  { p.quota_key() == p.quota_key() } -> std::convertible_to<bool>;
  { p.channel() } noexcept -> std::same_as<std::uint8_t>;
  { p.can_reply() } noexcept -> std::same_as<bool>;
};
// clang-format on

struct user_record {
  user_id id{};
  privilege limit{};          ///< on the channel asked about
  bool enabled = false;       ///< allowed to log in over that channel
  user_key secret{};          ///< the password, zero-padded to 20 bytes
  std::uint8_t sessions = 0;  ///< at once; 0: as many as there are
};

/// Which kinds of users there are on a channel. Clients believe it: FreeIPMI's tools do not even try a kind that a BMC
/// does not announce.
struct user_kinds {
  bool named = true;       ///< some name is not empty
  bool null = false;       ///< the empty name, with a password
  bool anonymous = false;  ///< the empty name, with the empty password
};

/// The users, and K_g.
/// - `find(name, role, channel, out)`: whether there is such a user. With `role.name_only()` the first entry of that
///   name; else the entry whose name and limit both match the role. Names are counted strings, compared over all 16
///   padded bytes and over all entries without an early exit, so that time tells nothing.
/// - `kg(channel)`: the channel's K_g; all zero means one-key login.
/// Optional: `kinds(channel)`, a user_kinds, where there are other users than named ones.
// clang-format off
template <class U>
concept user_directory = requires(U u, const username& name, role_byte role, std::uint8_t channel, user_record& out) {
  { u.find(name, role, channel, out) } noexcept -> std::same_as<bool>;
  { u.kg(channel) } noexcept -> std::same_as<user_key>;
};
// clang-format on

/// Executes commands that the library does not know. It may call the BMC's close(), user_changed() and kg_changed():
/// the command's own session ends after its answer has been sealed. It checks `session.level` itself: privilege is per
/// command.
// clang-format off
template <class H>
concept command_handler = requires(H h, const request& request, const session_info& session,
                                   response_writer& response) {
  { h.handle(request, session, response) } noexcept -> std::same_as<handled>;
};
// clang-format on

}  // namespace rmcpp

namespace rmcpp::detail {

// What a type lacks of the concepts, in words: see crypto/concepts.hpp.
// clang-format off

template <class P> consteval bool check_peer_address() {
  // Named, because of a concept GCC would print all that it is made of.
  constexpr bool copies = std::copyable<P>, begins_empty = std::default_initializable<P>,
                 compares = std::equality_comparable<P>;
  static_assert(copies, "rmcpp: `peer` must be copyable");
  static_assert(begins_empty, "rmcpp: `peer` must be default-constructible");
  static_assert(compares, "rmcpp: `peer` needs `==`, which compares address and port");
  static_assert(requires(const P p) { { p.quota_key() == p.quota_key() } -> std::convertible_to<bool>; },
                "rmcpp: `peer` needs `quota_key() const`, whose result has `==`");
  constexpr bool has_channel = requires(const P p) { { p.channel() } -> std::same_as<std::uint8_t>; };
  static_assert(has_channel, "rmcpp: `peer` needs `std::uint8_t channel() const noexcept`");
  static_assert(!has_channel || requires(const P p) { { p.channel() } noexcept; },
                "rmcpp: `peer`: `channel()` must be `noexcept`");
  constexpr bool knows_way_back = requires(const P p) { { p.can_reply() } -> std::same_as<bool>; };
  static_assert(knows_way_back, "rmcpp: `peer` needs `bool can_reply() const noexcept`");
  static_assert(!knows_way_back || requires(const P p) { { p.can_reply() } noexcept; },
                "rmcpp: `peer`: `can_reply()` must be `noexcept`");
  return true;
}

template <class U> consteval bool check_user_directory() {
  constexpr bool finds = requires(U u, const username& name, role_byte role, std::uint8_t channel, user_record& out) {
    { u.find(name, role, channel, out) } -> std::same_as<bool>;
  };
  static_assert(finds, "rmcpp: `users` needs "
                       "`bool find(const username&, role_byte, std::uint8_t channel, user_record&) noexcept`");
  static_assert(!finds || requires(U u, const username& name, role_byte role, std::uint8_t channel, user_record& out) {
    { u.find(name, role, channel, out) } noexcept;
  }, "rmcpp: `users`: `find(const username&, role_byte, std::uint8_t channel, user_record&)` must be `noexcept`");
  constexpr bool has_kg = requires(U u, std::uint8_t channel) { { u.kg(channel) } -> std::same_as<user_key>; };
  static_assert(has_kg, "rmcpp: `users` needs `user_key kg(std::uint8_t channel) noexcept`");
  static_assert(!has_kg || requires(U u, std::uint8_t channel) { { u.kg(channel) } noexcept; },
                "rmcpp: `users`: `kg(std::uint8_t channel)` must be `noexcept`");
  return true;
}

template <class H> consteval bool check_command_handler() {
  constexpr bool handles = requires(H h, const request& rq, const session_info& session, response_writer& response) {
    { h.handle(rq, session, response) } -> std::same_as<handled>;
  };
  static_assert(handles, "rmcpp: `handler` needs "
                         "`handled handle(const request&, const session_info&, response_writer&) noexcept`");
  static_assert(!handles || requires(H h, const request& rq, const session_info& session, response_writer& response) {
    { h.handle(rq, session, response) } noexcept;
  }, "rmcpp: `handler`: `handle(const request&, const session_info&, response_writer&)` must be `noexcept`");
  return true;
}

// clang-format on

}  // namespace rmcpp::detail
