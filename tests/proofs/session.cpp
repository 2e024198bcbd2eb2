// SPDX-License-Identifier: BSL-1.0
// The parts of the machines that compute no cryptography: events, answers, states.
#include "messages.hpp"

#include <rmcpp/console/discovery.hpp>
#include <rmcpp/console/event.hpp>
#include <rmcpp/console/login_v2.hpp>
#include <rmcpp/session/events.hpp>
#include <rmcpp/session/response.hpp>
#include <rmcpp/session/transitions.hpp>
#include <rmcpp/wire/session_commands.hpp>

using namespace rmcpp;
using namespace rmcpp::detail;
using namespace rmcpp::proof;

namespace {

/// Events come out in the order in which they went in, but for those that found no place.
template <std::size_t N> constexpr bool ring_keeps_order() {
  event_ring<std::uint32_t, N> ring;
  random_numbers random;
  std::array<std::uint32_t, 400> kept{};
  std::size_t in = 0;
  std::size_t out = 0;
  std::uint32_t lost = 0;
  for (std::uint32_t i = 1; i <= kept.size(); ++i) {
    if (random.next() % 5 < 3) {
      ring.push(i);
      if (in - out == N) {
        ++lost;
      } else {
        kept[in++] = i;
      }
    } else {
      demand(ring.pop() == (in == out ? 0 : kept[out]));
      if (in != out) ++out;
    }
    demand(ring.lost() == lost);
  }
  return lost > 0;
}

constexpr bool news_are_told_once() {
  for (const auto why : {errc::closed_by_application, errc::timed_out, errc::refused_rakp4}) {
    console_news news;
    console_event e;
    demand(!news.waits() && !news.take_ready(e) && !news.take_end(e) && !e);
    news.is_ready(privilege::user);
    demand(news.waits() && !news.take_end(e) && news.take_ready(e) && !news.take_ready(e) && !e.is_last());
    demand(e.type == console_event::kind::ready && e.level == privilege::user);
    news.ends(why, 0x12, {.tries = 3});
    demand(!news.waits() && !news.take_end(e));
    demand(news.tell_end() == why && news.waits() && news.take_end(e) && !news.take_end(e));
    demand(e.is_last() && e.error == why && e.detail == 0x12 && !news.waits());
  }
  return true;
}

/// An answer that does not fit into its room is refused whole, and one that fits is there whole.
constexpr bool answers_fit() {
  const std::array<std::uint8_t, 5> data{1, 2, 3, 4, 5};
  for (std::size_t n = 0; n <= 24; ++n) {
    storage room(n);
    response_writer w{mutable_bytes(room)};
    const auto demand_put = [&](std::size_t more) {
      const bool fits = w.code() == completion_code::ok && w.size() + w.room() == n;
      demand(w.code() == completion_code::ok || w.code() == completion_code::cannot_return_bytes);
      demand(w.size() <= n && fits == (more <= n));
      demand_readable(bytes(room).first(w.size()));
      return fits;
    };
    w.put(std::uint8_t{7});
    if (!demand_put(1)) continue;
    w.put(bytes(data));
    if (!demand_put(6)) continue;
    w.put(wire::system_guid_response{});
    demand_put(22);
  }
  return true;
}

/// What a console sends before and while it logs in fits exactly or not at all.
constexpr bool questions_fit() {
  const protect::rakp_transcript transcript{.managed_id = session_id{1}, .name = "sixteen bytes .."};
  const wire::rakp_code code(std::array<std::uint8_t, 32>{});
  demand(demand_fits([](mutable_bytes out) {
           return encode_capabilities_request(63, true, privilege::administrator, out);
         }) == 23);
  demand(demand_fits([](mutable_bytes out) { return encode_cipher_suites_request(63, 0x3f, out); }) == 26);
  demand(demand_fits([](mutable_bytes out) {
           return encode_open_session_request(1, privilege::highest, session_id{1}, wire::standard_suites[17], out);
         }) == 48);
  demand(demand_fits([&](mutable_bytes out) { return encode_rakp1(1, transcript, out); }) == 60);
  demand(demand_fits([&](mutable_bytes out) {
           return encode_rakp3(1, rakp_status::no_errors, session_id{1}, code, out);
         }) == 56);
  return true;
}

/// Each row of a table is there once, and a part's step leads along one.
constexpr bool tables_are_sound() {
  for (std::size_t i = 0; i < console_transitions.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) demand(!(console_transitions[i] == console_transitions[k]));
  for (std::size_t i = 0; i < login_transitions.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) demand(!(login_transitions[i] == login_transitions[k]));
  for (auto at = console_state::capabilities; at < console_state::active; at = next_state(at, step_kind::next, false)) {
    demand(is_legal({at, trigger_of(at, step_kind::next, true), next_state(at, step_kind::next, false)}));
    if (logs_in(at)) demand(is_legal({at, trigger_of(at, step_kind::restart, true), console_state::open_session}));
    if (discovers(at)) demand(is_legal({at, trigger_of(at, step_kind::done, true), console_state::open_session}));
  }
  for (auto at = console_state::challenge; at < console_state::active; at = next_state(at, step_kind::next, true))
    demand(is_legal({at, trigger_of(at, step_kind::next, true), next_state(at, step_kind::next, true)}));
  demand(next_state(console_state::capabilities, step_kind::done, true) == console_state::challenge);
  demand(next_state(console_state::set_privilege, step_kind::restart, true) == console_state::challenge);
  return true;
}

}  // namespace

static_assert(ring_keeps_order<1>() && ring_keeps_order<2>() && ring_keeps_order<7>());
static_assert(news_are_told_once());
static_assert(answers_fit());
static_assert(questions_fit());
static_assert(tables_are_sound());
