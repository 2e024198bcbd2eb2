// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/bmc/replies.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::core;
using namespace rmcpp::detail;

namespace {

using cache = reply_cache<2, 4>;

}  // namespace

TEST_CASE("the reply cache keeps the last answers for 5 s", "[session][managed_session]") {
  cache c;
  const instant t{1000};
  const auto keep = [&](std::uint64_t digest) {
    c.count_request();
    c.keep(digest, t, completion_code::ok, {}, false);
  };
  CHECK_FALSE(c.find(0, t));  // an empty entry is no request, though its digest is 0
  keep(1);
  REQUIRE(c.find(1, t));
  CHECK(c.find(1, t + seconds(5)));
  CHECK_FALSE(c.find(1, t + milliseconds{5001}));
  keep(2);
  CHECK((c.find(1, t) && c.find(2, t)));
  keep(3);
  CHECK((!c.find(1, t) && c.find(2, t) && c.find(3, t)));
  keep(4);
  CHECK((!c.find(2, t) && c.find(3, t) && c.find(4, t)));
}

TEST_CASE("what must run once is kept 20 s from the last time it was asked for", "[session][managed_session]") {
  cache c;
  const instant t{1000};
  c.keep(1, t, completion_code::ok, {}, true);
  CHECK(c.find(1, t + seconds(20)));
  CHECK_FALSE(c.find(1, t + milliseconds{20'001}));
  c.sighted(*c.find(1, t), t + seconds(15));
  CHECK(c.find(1, t + seconds(35)));
  CHECK_FALSE(c.find(1, t + milliseconds{35'001}));
  c.keep(2, t, completion_code::ok, {}, false);
  c.sighted(*c.find(2, t), t + seconds(5));
  CHECK_FALSE(c.find(2, t + milliseconds{5001}));  // an ordinary one gains nothing
}

TEST_CASE("what must run once gives way to its own kind only, the oldest first", "[session][managed_session]") {
  cache c;
  const instant t{1000};
  const auto keep = [&](std::uint64_t digest, bool once) {
    c.count_request();
    c.keep(digest, t, completion_code::ok, {}, once);
  };
  keep(1, true);
  for (std::uint64_t ordinary = 10; ordinary < 20; ++ordinary) keep(ordinary, false);
  CHECK((c.find(1, t) && c.find(19, t)));
  keep(2, true);
  CHECK((c.find(1, t) && c.find(2, t) && !c.find(19, t)));
  keep(20, false);
  CHECK((c.find(1, t) && c.find(2, t) && !c.find(20, t)));
  keep(3, true);
  CHECK((!c.find(1, t) && c.find(2, t) && c.find(3, t)));
  c.keep(20, t + milliseconds{20'001}, completion_code::ok, {}, false);  // its time is over
  CHECK(c.find(20, t + milliseconds{20'001}));
}

TEST_CASE("an ordinary answer is forgotten after as many requests as are kept, whether theirs were kept or not",
          "[session][managed_session]") {
  cache c;
  c.keep(1, {}, completion_code::ok, {}, false);
  c.count_request();
  CHECK(c.find(1, {}));
  c.count_request();
  CHECK_FALSE(c.find(1, {}));
  c.keep(2, {}, completion_code::ok, {}, false, 1);  // one that was answered late
  CHECK(c.find(2, {}));
  c.keep(3, {}, completion_code::ok, {}, false, 2);
  CHECK_FALSE(c.find(3, {}));
}

TEST_CASE("an answer too late to be kept takes no place from those that live", "[session][managed_session]") {
  cache c;
  for (const unsigned digest : {1u, 2u}) {
    c.count_request();
    c.keep(digest, {}, completion_code::ok, {}, false);
  }
  c.keep(3, {}, completion_code::ok, {}, false, 2);
  CHECK((c.find(1, {}) && c.find(2, {}) && !c.find(3, {})));
}

TEST_CASE("after 63 newer requests rqSeq has come round, and 5 s must do", "[session][managed_session]") {
  cache c;
  const instant t{1000};
  c.keep(1, t, completion_code::ok, {}, true);
  for (int i = 0; i < 62; ++i) c.count_request();
  CHECK(c.find(1, t + seconds(20)));
  c.count_request();
  CHECK(c.find(1, t + seconds(5)));
  CHECK_FALSE(c.find(1, t + milliseconds{5001}));
  for (int i = 0; i < 1000; ++i) c.count_request();
  CHECK(c.find(1, t + seconds(5)));
}

TEST_CASE("the reply cache knows a request once: a newer answer displaces the older", "[session][managed_session]") {
  cache c;
  const octets16 too_long{};
  c.keep(1, {}, completion_code::ok, {}, false);
  c.keep(1, {}, completion_code::invalid_command, {}, false);
  CHECK(c.find(1, {})->code == completion_code::invalid_command);
  c.keep(1, {}, completion_code::ok, too_long, false);
  CHECK_FALSE(c.find(1, {}));
}

TEST_CASE("the reply cache keeps what fits, and CFh for what must run once", "[session][managed_session]") {
  const std::array<std::uint8_t, 5> data{1, 2, 3, 4, 5};
  for (const bool once : {false, true}) {
    for (std::size_t n = 0; n <= data.size(); ++n) {
      CAPTURE(n, once);
      cache c;
      c.keep(7, {}, completion_code::invalid_field, bytes(data).first(n), once);
      const auto* e = c.find(7, {});
      REQUIRE((e != nullptr) == (n <= 4 || once));
      if (!e) continue;
      CHECK(e->code == (n <= 4 ? completion_code::invalid_field : completion_code::duplicated_request));
      CHECK(equal(bytes(e->data).first(e->size), bytes(data).first(n <= 4 ? n : 0)));
    }
  }
  reply_cache<1, 0> none;  // a build that keeps no data still keeps completion codes
  none.keep(1, {}, completion_code::ok, {}, false);
  CHECK(none.find(1, {}));
}

TEST_CASE("the reply cache does not keep busy: the repeat is to be tried again", "[session][managed_session]") {
  cache c;
  c.keep(1, {}, completion_code::busy, {}, false);
  CHECK_FALSE(c.find(1, {}));
}

TEST_CASE("tickets: offered, held, found, released; a generation each", "[session][managed_session]") {
  ticket_table<2> t;
  const auto hold = [&](std::uint32_t session) {
    const ticket x = t.offer();
    CHECK(t.hold(x, {.session = session_id{session}, .digest = session}));
    return x;
  };
  CHECK_FALSE(t.find(ticket{}));
  CHECK_FALSE(t.find(t.offer()));  // offered is not held
  CHECK(t.offer() == t.offer());
  const ticket a = hold(1);
  const ticket b = hold(2);
  CHECK_FALSE(a == b);
  CHECK_FALSE(t.offer().valid());
  CHECK_FALSE(t.hold(t.offer(), {}));
  CHECK(t.find(a)->digest == 1);
  CHECK(t.find(b)->digest == 2);
  CHECK_FALSE(t.find(ticket{2, a.generation}));
  CHECK_FALSE(t.find(ticket{a.slot, static_cast<std::uint8_t>(a.generation + 1)}));
  t.release(a);
  CHECK_FALSE(t.find(a));
  const ticket again = hold(2);
  CHECK(again.slot == a.slot);
  CHECK_FALSE(again == a);
  CHECK_FALSE(t.find(a));
  t.release_all(session_id{2});
  CHECK_FALSE(t.find(b));
  CHECK_FALSE(t.find(again));
  CHECK(t.offer().valid());
}
