// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/console/event.hpp>

#include "support/catch.hpp"

#include <string>
#include <type_traits>

using namespace rmcpp;

TEST_CASE("request ids differ by slot and generation", "[session][event]") {
  CHECK(request_id{1, 2} == request_id{1, 2});
  CHECK_FALSE(request_id{1, 2} == request_id{1, 3});
  CHECK_FALSE(request_id{1, 2} == request_id{2, 2});
  CHECK(console_event{}.type == console_event::kind::none);
  STATIC_REQUIRE(std::is_trivially_copyable_v<console_event>);
}

TEST_CASE("an event is true if there is one, a success only with an answer that says so", "[session][event]") {
  using kind = console_event::kind;
  STATIC_REQUIRE_FALSE(console_event{});
  for (const auto k : {kind::ready, kind::done, kind::failed, kind::closed}) CHECK(console_event{.type = k});
  CHECK(console_event{.type = kind::done}.succeeded());
  CHECK_FALSE(console_event{.type = kind::done, .code = completion_code::busy}.succeeded());
  CHECK_FALSE(console_event{.type = kind::done, .error = errc::timed_out}.succeeded());
  CHECK_FALSE(console_event{.type = kind::ready}.succeeded());
  CHECK(console_event{.type = kind::failed}.is_last());
  CHECK(console_event{.type = kind::closed}.is_last());
  CHECK_FALSE(console_event{.type = kind::done}.is_last());
  CHECK(std::string(describe(console_event{.type = kind::done, .code = completion_code::busy})) ==
        describe(completion_code::busy));
  CHECK(std::string(describe(console_event{.type = kind::failed, .error = errc::timed_out})) ==
        describe(errc::timed_out));
}

TEST_CASE("readiness is told at once, an end once it has come, each once", "[session][event]") {
  detail::console_news news;
  console_event e;
  CHECK_FALSE(news.waits());
  news.is_ready(privilege::operator_);
  CHECK(news.waits());
  REQUIRE(news.take_ready(e));
  CHECK(e.type == console_event::kind::ready);
  CHECK(e.level == privilege::operator_);
  CHECK_FALSE(news.take_ready(e));
  news.ends(errc::refused_rakp4, 0x0f, {.tries = 3});
  CHECK_FALSE(news.waits());  // the farewell is still to come
  CHECK_FALSE(news.take_end(e));
  CHECK(news.tell_end() == errc::refused_rakp4);
  REQUIRE(news.take_end(e));
  CHECK(e.type == console_event::kind::failed);
  CHECK(int{e.detail} == 0x0f);
  CHECK_FALSE(news.waits());
}
