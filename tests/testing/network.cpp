// SPDX-License-Identifier: BSL-1.0
// The virtual network: what its rules do, that it repeats itself exactly, and machines that live in it.
#include <rmcpp/bmc/bmc.hpp>
#include <rmcpp/console/console.hpp>
#include <rmcpp/testing/network.hpp>

#include "support/catch.hpp"

using namespace rmcpp;
using namespace rmcpp::testing;

namespace {

const test_peer here{1, 1};
const test_peer there{2, 2};

/// Remembers what arrives and when; echoes if told to.
struct listener {
  std::vector<std::pair<std::uint64_t, int>> heard{};
  bool echoes = false;

  station attached() {
    return {.receive = [this](const test_peer& from, octets& d, instant now) {
      heard.emplace_back(now.ms, d.empty() ? -1 : d[0]);
      return echoes ? outbox{{from, d}} : outbox{};
    }};
  }
  [[nodiscard]] std::vector<int> order() const {
    std::vector<int> all;
    for (const auto& h : heard) all.push_back(h.second);
    return all;
  }
};

/// A network with a listener `there`, to whom bytes 1, 2, 3 ... are sent.
struct line {
  virtual_network net{{10}, {0}};
  listener ear{};
  line() { net.attach(there, ear.attached()); }
  std::vector<int> after_sending(std::uint8_t n) {
    for (std::uint8_t i = 1; i <= n; ++i) net.send(here, there, {i});
    net.run_for(seconds(1));
    return ear.order();
  }
};

/// A machine of a BMC's shape that sends by itself.
struct sender {
  static constexpr std::size_t max_datagram = 16;
  bool due = true;
  result<std::size_t> feed(const test_peer&, mutable_bytes, mutable_bytes, instant) { return std::size_t{0}; }
  outgoing<test_peer> poll_transmit(mutable_bytes out, instant) {
    out[0] = 8;
    return {.size = std::exchange(due, false) ? std::size_t{1} : std::size_t{0}, .to = there};
  }
  bmc_event<test_peer> next_event() { return {}; }
  [[nodiscard]] instant poll_timeout() const { return instant::never(); }
  void handle_timeout(instant) {}
};

/// Our console and our BMC at the two ends of a network.
struct machines {
  virtual_network net{};
  console<console_setup<>> con{console_setup<>{}, default_console()};
  bmc<bmc_setup<>> managed{bmc_setup<>{}, default_bmc()};
  std::vector<console_event::kind> events{};

  machines() {
    net.attach(console_peer,
               console_station(con, bmc_peer, [this](const console_event& e) { events.push_back(e.type); }));
    net.attach(bmc_peer, bmc_station(managed));
  }
  bool login(milliseconds limit = seconds(30)) {
    return con.start(net.now()) && net.run_until([this] { return con.state() == console_state::active; }, limit);
  }
};

}  // namespace

TEST_CASE("datagrams arrive after the latency, in order, and the clock ends where it should", "[testing][network]") {
  line l;
  CHECK(l.after_sending(3) == std::vector{1, 2, 3});
  CHECK(l.ear.heard.front().first == 10);
  CHECK(l.ear.heard.back().first == 10);
  CHECK(l.net.now().ms == 1000);
  l.net.send(here, {3, 3}, {9});  // nobody is there
  l.net.run_for(seconds(86'400));
  CHECK(l.net.now().ms == 86'401'000);
  CHECK(l.ear.heard.size() == 3);
}

TEST_CASE("an address is its number and its port", "[testing][network]") {
  line l;
  l.net.send(here, {there.address, 99}, {1});
  l.net.send(here, {99, there.udp_port}, {2});
  CHECK(l.after_sending(1) == std::vector{1});
  CHECK(l.ear.heard.size() == 1);
}

TEST_CASE("rules drop, repeat, delay and rewrite", "[testing][network]") {
  line l;
  SECTION("drop") {
    l.net.add_rule([](parcel& p) { p.copies = p.number == 2 ? 0 : 1; });
    CHECK(l.after_sending(3) == std::vector{1, 3});
  }
  SECTION("repeat") {
    l.net.add_rule([](parcel& p) { p.copies = p.number == 2 ? 3 : 1; });
    CHECK(l.after_sending(3) == std::vector{1, 2, 2, 2, 3});
  }
  SECTION("delay, so that others overtake") {
    l.net.add_rule([](parcel& p) {
      if (p.number == 1) p.latency = {25};
    });
    CHECK(l.after_sending(3) == std::vector{2, 3, 1});
    CHECK(l.ear.heard.back().first == 25);
  }
  SECTION("rewrite") {
    l.net.add_rule([](parcel& p) { p.data[0] = 7; });
    CHECK(l.after_sending(2) == std::vector{7, 7});
  }
  SECTION("another address") {
    listener other;
    l.net.attach(here, other.attached());
    l.net.add_rule([](parcel& p) { p.to = here; });
    CHECK(l.after_sending(1).empty());
    CHECK(other.order() == std::vector{1});
  }
  SECTION("each sees what the one before left, and directions are counted apart") {
    std::vector<std::size_t> numbers;
    l.ear.echoes = true;
    l.net.add_rule([](parcel& p) { p.data[0] = 5; });
    l.net.add_rule([&](parcel& p) {
      CHECK(p.data[0] == 5);
      numbers.push_back(p.number);
    });
    CHECK(l.after_sending(2) == std::vector{5, 5});
    CHECK(numbers == std::vector<std::size_t>{1, 2, 1, 2});
  }
}

TEST_CASE("random loss is that share, and the seed's", "[testing][network]") {
  const auto lost = [](unsigned percent, std::uint64_t seed) {
    virtual_network net;
    net.add_rule(random_loss(percent, seed));
    for (int i = 0; i < 1000; ++i) net.send(here, there, {1});
    std::vector<int> which;
    for (const auto& p : net.transcript())
      if (p.copies == 0) which.push_back(static_cast<int>(p.number));
    return which;
  };
  CHECK(lost(0, 1).empty());
  CHECK(lost(100, 1).size() == 1000);
  CHECK((lost(30, 1).size() > 250 && lost(30, 1).size() < 350));
  CHECK(lost(30, 1) == lost(30, 1));
  CHECK(lost(30, 1) != lost(30, 2));
}

TEST_CASE("a question gets its first answer, or none when the time is up", "[testing][network]") {
  line l;
  l.ear.echoes = true;
  CHECK(l.net.ask(here, there, {4}) == octets{4});
  CHECK(l.net.now().ms == 20);
  CHECK(l.net.ask(here, {3, 3}, {4}, {500}).empty());
  CHECK(l.net.now().ms == 520);
}

TEST_CASE("a station that never lets time pass is found out", "[testing][network]") {
  virtual_network net;
  net.attach(here, {.receive = [](const test_peer&, octets&, instant) { return outbox{}; },
                    .next_timeout = [&net] { return net.now(); },
                    .handle_timeout = [](instant) {}});
  CHECK_THROWS_AS(net.run_for(seconds(1)), std::runtime_error);
}

TEST_CASE("our machines log in, work, idle for a day and say goodbye", "[testing][network]") {
  machines m;
  REQUIRE(m.login());
  CHECK(m.net.transcript().size() == 10);
  std::vector<int> answers;
  m.net.attach(console_peer, console_station(m.con, bmc_peer, [&](const console_event& e) {
                 if (e.type == console_event::kind::done) answers.push_back(e.data.empty() ? -1 : e.data[0]);
               }));
  const octets data{42};
  REQUIRE(m.con.submit({.fn = net_fn::chassis, .command = 1, .data = data}, m.net.now()).has_value());
  m.net.run_for(seconds(86'400));
  CHECK(answers == std::vector{42});
  CHECK(m.con.state() == console_state::active);  // its keep-alives saw to that
  CHECK(m.managed.active_sessions() == 1);
  REQUIRE(m.con.close(m.net.now()).has_value());
  m.net.run_for(seconds(1));
  CHECK(m.con.state() == console_state::closed);
  CHECK(m.managed.active_sessions() == 0);
}

TEST_CASE("a BMC's time passes too", "[testing][network]") {
  machines m;
  REQUIRE(m.login());
  m.net.detach(console_peer);
  m.net.run_for(seconds(59));
  CHECK(m.managed.active_sessions() == 1);
  m.net.run_for(seconds(2));
  CHECK(m.managed.active_sessions() == 0);
}

TEST_CASE("logins survive loss, repeats and reordering, the same way every time", "[testing][network]") {
  const auto story = [](std::uint64_t seed) {
    machines m;
    m.net.add_rule(random_loss(20, seed));
    m.net.add_rule([](parcel& p) { p.copies *= p.number % 3 == 0 ? 2 : 1; });
    m.net.add_rule([](parcel& p) { p.latency = milliseconds{static_cast<std::uint32_t>(p.number * 37 % 50)}; });
    CHECK(m.login());
    CHECK(m.events.front() == console_event::kind::ready);
    return story_of(m.net);
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    CHECK(story(seed) == story(seed));
  }
  CHECK(story(1) != story(2));
}

TEST_CASE("the story names the sender, the time, the loss and every field", "[testing][network]") {
  machines m;
  m.net.add_rule([](parcel& p) { p.copies = p.from == console_peer && p.number == 1 ? 0 : 1; });
  REQUIRE(m.login());
  const auto text = story_of(m.net);
  CHECK_THAT(text, Catch::Matchers::ContainsSubstring("1000000 ms, 127.0.0.1:40000 -> 127.0.0.2:623, lost"));
  CHECK_THAT(text, Catch::Matchers::ContainsSubstring("ms, 127.0.0.2:623 -> 127.0.0.1:40000\n"));
  CHECK_THAT(text, Catch::Matchers::ContainsSubstring("open_session_response"));
  CHECK_THAT(text, Catch::Matchers::ContainsSubstring("managed_random"));
}

TEST_CASE("what a BMC sends by itself goes where it says", "[testing][network]") {
  sender s;
  line l;
  l.net.attach(here, bmc_station(s));
  CHECK(l.after_sending(0) == std::vector{8});
}
