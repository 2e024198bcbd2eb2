// SPDX-License-Identifier: BSL-1.0
// A link in IPMI v1.5 format, alone and beside RMCP+'s. Tags: tests/README.md.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/link_of.hpp>
#include <rmcpp/testing/policies.hpp>
#include <rmcpp/wire/lan_message.hpp>

#include "support/catch.hpp"
#include "support/handshake.hpp"
#include "support/vectors.hpp"

#include <map>
#include <string>
#include <vector>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using testing::counting_entropy;
using testing::null_backend;
using buffer = std::vector<std::uint8_t>;

constexpr session_id id{0x11223344};
constexpr auth_type every_type[] = {auth_type::none, auth_type::md2, auth_type::md5, auth_type::straight_password};

struct digestless : null_backend {
  status digest(digest_id, pieces, mutable_bytes) = delete;
};

template <backend B> buffer sealed(B& b, link_v15<B>& from, bytes message) {
  counting_entropy random;
  buffer out(300);
  const auto room = from.room(out, payload_type::ipmi, message.size());
  REQUIRE(room.size() == message.size());
  core::copy(message, room);
  const auto n = from.seal(b, random, payload_type::ipmi, message.size(), out);
  REQUIRE(n);
  out.resize(*n);
  return out;
}

/// Both ends, and what crosses between them.
struct ends {
  null_backend b{};
  link_v15<null_backend> console{};
  link_v15<null_backend> bmc{};

  explicit ends(auth_type type = auth_type::md5, std::uint32_t to_bmc = 0x100, std::uint32_t to_console = 0x500) {
    for (auto* l : {&console, &bmc}) REQUIRE(l->load(b, type, to_user_key("secret")));
    console.begin(id, to_bmc, to_console);
    bmc.begin(id, to_console, to_bmc);
  }
  buffer request(bytes message = buffer{1, 2, 3}) { return sealed(b, console, message); }
  errc open(buffer datagram, repeats seen_before = repeats::refuse) {
    const auto packet = look(datagram);
    REQUIRE(packet);
    return bmc.open(b, *packet, seen_before).error();
  }
  /// The packet with another number, its code put right.
  errc open_numbered(std::uint32_t number, session_id from = id) {
    link_v15<null_backend> other;
    REQUIRE(other.load(b, bmc.type(), to_user_key("secret")));
    other.begin(from, number, 1);
    return open(sealed(b, other, buffer{1, 2, 3}));
  }
};

}  // namespace

TEST_CASE("every recorded packet of v1.5 sessions opens, and is made again byte by byte", "[protect][v15][trace]") {
  struct row {
    std::string name;
    std::vector<datagram> trace;
    std::string password;
    int packets;
  };
  const auto inventec = load_json("inventec-v15-md5-session.json");
  const row rows[] = {
      {"inventec", load_trace(inventec, "v15_packets"), inventec.at("password").get<std::string>(), 8},
      {"ipmi-chassis MD2", load_capture("ipmi_sim.ipmi-chassis-LAN.MD2"), "test", 10},
      {"ipmi-chassis MD5", load_capture("ipmi_sim.ipmi-chassis-LAN.MD5"), "test", 10},
      {"ipmitool MD5", load_capture("ipmi_sim.ipmitool-lan.MD5"), "test", 16},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    cryptopp_backend b;
    struct way {
      link_v15<cryptopp_backend> link{};
      std::uint32_t next = 0;
      bool loaded = false;
    };
    std::map<direction, way> ways;
    int packets = 0;
    int begun = 0;
    for (const auto& d : r.trace) {
      auto data = d.data;
      const auto packet = look(data);
      if (!packet || packet->format != packet_format::v15 || packet->auth == auth_type::none) continue;
      CAPTURE(d.frame);
      way& w = ways[d.dir];
      if (!w.loaded) REQUIRE(w.link.load(b, packet->auth, to_user_key(r.password)));
      w.loaded = true;
      // Activate Session, its answer, and the first packet within the session begin anew.
      if (packet->sequence != 0 && (packet->sequence != w.next || packet->id != w.link.peer_id())) {
        w.link.begin(packet->id, packet->sequence, packet->sequence);
        ++begun;
      }
      if (packet->sequence == 0) w.link.begin(packet->id, 0, 1);
      if (packet->sequence != 0) CHECK(w.link.open(b, *packet).error() == errc::ok);
      const auto again = sealed(b, w.link, packet->payload());
      CHECK(to_hex(again) == to_hex(bytes(d.data).first(again.size())));
      w.next = packet->sequence == 0xffffffff ? 1 : packet->sequence + 1;
      ++packets;
    }
    CHECK(packets == r.packets);
    CHECK(begun <= 3);  // each way its first number, and ipmi_sim's answer under that number once more
  }
}

TEST_CASE("the vectors' packets are made again", "[protect][v15]") {
  const auto vectors = load_json("rakp.json").at("v15");
  for (const auto* name : {"md5", "md2"}) {
    cryptopp_backend b;
    auto datagram = from_hex(vectors.at(name).get<std::string>());
    const auto packet = look(datagram);
    link_v15<cryptopp_backend> l;
    REQUIRE(l.load(b, packet->auth, to_user_key(vectors.at("password").get<std::string>())));
    l.begin(packet->id, packet->sequence, packet->sequence);
    CHECK(l.open(b, *packet).error() == errc::ok);
    CHECK(to_hex(sealed(b, l, packet->payload())) == to_hex(datagram));
  }
}

TEST_CASE("before begin() a link opens and sends number 0, then only others", "[protect][v15]") {
  for (const auto type : every_type) {
    ends e(type);
    link_v15<null_backend> before;
    REQUIRE(before.load(e.b, type, to_user_key("secret")));
    auto unnumbered = sealed(e.b, before, buffer{7});
    CHECK(look(unnumbered)->sequence == 0);
    CHECK(look(unnumbered)->id == session_id::none);
    CHECK(before.open(e.b, *look(unnumbered)).error() == errc::ok);
    CHECK(before.open(e.b, *look(unnumbered)).error() == errc::ok);  // nothing remembers it
    auto numbered = e.request();
    CHECK(before.open(e.b, *look(numbered)).error() == errc::outside_window);
    CHECK(e.open_numbered(0) == errc::outside_window);
    CHECK(e.open(numbered) == errc::ok);
  }
}

TEST_CASE("numbers from 8 before the first to 8 behind the highest, each once; 0 never", "[protect][v15][N-V15-13]") {
  ends e;
  for (const std::uint32_t n : {0x100u - 9, 0x100u + 9, 0u, 1u, 0x80000100u})
    CHECK(e.open_numbered(n) == errc::outside_window);
  for (std::uint32_t n = 0x100 - 8; n <= 0x100 + 8; ++n) {
    ends fresh;
    CHECK(fresh.open_numbered(n) == errc::ok);
    CHECK(fresh.open_numbered(n) == errc::replayed);
  }
  CHECK(e.open_numbered(0x108) == errc::ok);
  CHECK(e.open_numbered(0x100) == errc::ok);
  CHECK(e.open_numbered(0xff) == errc::outside_window);
  CHECK(e.open_numbered(0x110) == errc::ok);
  ends wrap(auth_type::md5, 0xfffffffe, 0xffffffff);
  for (const std::uint32_t n : {0xfffffffeu, 0xffffffffu, 1u, 2u}) CHECK(wrap.open_numbered(n) == errc::ok);
  CHECK(wrap.open_numbered(0) == errc::outside_window);
  for (const std::uint32_t n : {0xffffffffu, 1u, 2u}) {
    const auto answer = sealed(wrap.b, wrap.bmc, buffer{1});
    auto copied = answer;
    CHECK(look(copied)->sequence == n);
  }
}

TEST_CASE("a wrong authcode is refused and moves nothing", "[protect][v15][N-V15-06]") {
  for (const auto type : {auth_type::md2, auth_type::md5, auth_type::straight_password}) {
    ends e(type);
    const auto good = e.request();
    for (std::size_t at = 13; at < 29; ++at) {
      auto bad = good;
      bad[at] ^= 1;
      CHECK(e.open(bad) == errc::bad_authcode);
    }
    auto zero = good;
    std::fill(zero.begin() + 13, zero.begin() + 29, std::uint8_t{0});
    CHECK(e.open(zero) == errc::bad_authcode);
    CHECK(e.open(good) == errc::ok);
    CHECK(e.open(good) == errc::replayed);
  }
  // Codes over the same things in another order, or with the password as RMCP+ pads it.
  ends e;
  auto swapped = e.request();
  const auto packet = look(swapped);
  REQUIRE(v15_authcode(e.b, digest_id::md5, to_user_key("secret"), session_id{packet->sequence}, to_integer(id),
                       packet->payload(), mutable_bytes(swapped).subspan(13, 16)));
  CHECK(e.open(swapped) == errc::bad_authcode);
  auto padded = e.request();
  const auto second = look(padded);
  const user_key password = to_user_key("secret");
  std::array<std::uint8_t, 4> sid{};
  std::array<std::uint8_t, 4> number{};
  core::store_le32(sid.data(), to_integer(id));
  core::store_le32(number.data(), second->sequence);
  const std::array<bytes, 5> parts{password.reveal(), sid, second->payload(), number, password.reveal()};
  REQUIRE(e.b.digest(digest_id::md5, parts, mutable_bytes(padded).subspan(13, 16)));
  CHECK(e.open(padded) == errc::bad_authcode);
}

TEST_CASE("packets of another type than the session's are refused", "[protect][v15][N-V15-03][N-V15-04]") {
  for (const auto type : every_type) {
    for (unsigned other = 0; other < 256; ++other) {
      if (other == 6) continue;  // RMCP+
      ends e(type);
      auto datagram = e.request();
      const bool has_code = type != auth_type::none;
      if (has_code && other == 0) datagram.erase(datagram.begin() + 13, datagram.begin() + 29);
      if (!has_code && other != 0) datagram.insert(datagram.begin() + 13, 16, 0);
      datagram[4] = static_cast<std::uint8_t>(other);
      const errc outcome = e.open(datagram);
      if (static_cast<auth_type>(other) == type)
        CHECK(outcome == errc::ok);
      else
        CHECK(outcome == (other == 0 ? errc::not_authenticated : errc::bad_auth_type));
    }
  }
}

TEST_CASE("an exact repeat is told where a digest vouches for it", "[protect][v15]") {
  for (const auto type : every_type) {
    ends e(type);
    const auto datagram = e.request();
    CHECK(e.open(datagram) == errc::ok);
    const bool digested = type == auth_type::md2 || type == auth_type::md5;
    CHECK(e.open(datagram, repeats::tell) == (digested ? errc::ok : errc::replayed));
    auto copied = datagram;
    if (digested) CHECK(e.bmc.open(e.b, *look(copied), repeats::tell)->repeated());
    if (digested) copied[13] ^= 1;
    CHECK(e.bmc.open(e.b, *look(copied), repeats::tell).error() == (digested ? errc::bad_authcode : errc::replayed));
  }
}

TEST_CASE("without authcodes as far as was agreed, and ours go as theirs came", "[protect][v15][N-V15-04]") {
  struct row {
    bare_packets accepts;
    errc bare;
    bool at_user_level;
  };
  for (const auto& r : {row{bare_packets::none, errc::not_authenticated, false},
                        row{bare_packets::user_level, errc::ok, true}, row{bare_packets::all, errc::ok, false}}) {
    ends e;
    e.bmc.accept_bare(r.accepts);
    e.console.go_bare();
    auto bare = e.request();
    CHECK(look(bare)->auth == auth_type::none);
    const auto o = e.bmc.open(e.b, *look(bare));
    CHECK(o.error() == r.bare);
    if (o) CHECK(o->at_user_level() == r.at_user_level);
    auto answer = sealed(e.b, e.bmc, buffer{1});
    CHECK(look(answer)->auth == (o ? auth_type::none : auth_type::md5));
    CHECK(e.open_numbered(0x104) == errc::ok);
    auto next = sealed(e.b, e.bmc, buffer{1});
    CHECK(look(next)->auth == auth_type::md5);
  }
}

TEST_CASE("what can be no session's is not loaded", "[protect][v15][N-V15-16]") {
  null_backend b;
  digestless d;
  for (unsigned t = 0; t < 256; ++t) {
    const auto type = static_cast<auth_type>(t);
    link_v15<null_backend> l;
    const bool one = t == 0 || t == 1 || t == 2 || t == 4;
    CHECK(l.load(b, type, to_user_key("secret")).error() == (one ? errc::ok : errc::bad_auth_type));
    link_v15<digestless> without;
    CHECK(without.load(d, type, to_user_key("secret")).error() == (t == 0 || t == 4 ? errc::ok : errc::bad_auth_type));
  }
  link_v15<null_backend> l;
  CHECK(l.load(b, auth_type::md5, to_user_key("0123456789abcdef")).error() == errc::ok);
  CHECK(l.load(b, auth_type::md5, to_user_key("0123456789abcdefg")).error() == errc::too_long);
  CHECK(l.load(b, auth_type::md5, to_user_key("0123456789abcdefghij")).error() == errc::too_long);
}

TEST_CASE("messages of up to 255 bytes, and nothing but IPMI messages", "[protect][v15]") {
  counting_entropy random;
  for (const auto type : every_type) {
    ends e(type);
    buffer out(400);
    const buffer data(260);
    CHECK(e.bmc.room(out, payload_type::ipmi, 255).size() == 255);
    CHECK(e.bmc.room(out, payload_type::ipmi, 256).empty());
    CHECK(e.bmc.room(out, payload_type{1}, 5).empty());
    CHECK(e.bmc.seal(e.b, random, payload_type::ipmi, 256, out).error() == errc::too_long);
    CHECK(e.bmc.seal(e.b, random, payload_type{1}, 5, out).error() == errc::bad_payload_type);
    const auto answer = [&](std::size_t size) { return lan_response{.data = bytes(data).first(size)}; };
    CHECK(e.bmc.seal_message(e.b, random, answer(248), out).error() == errc::too_long);
    const std::size_t at = payload_at_v15(type);
    for (const std::size_t room : {std::size_t{0}, at, at + 254})
      CHECK(e.bmc.seal_message(e.b, random, answer(247), mutable_bytes(out).first(room)).error() ==
            errc::buffer_too_small);
    CHECK(e.bmc.seal_message(e.b, random, answer(247), out).value() == at + 255);
    CHECK(look(out)->sequence == 0x500);  // what was refused used up no number
    CHECK_FALSE(e.bmc.can_encrypt());
    CHECK_FALSE(e.bmc.encrypts(payload_type::ipmi));
  }
}

TEST_CASE("a backend that fails spends no number and moves no window", "[protect][v15]") {
  counting_entropy random;
  ends e;
  buffer out(300);
  const auto request = e.request();
  e.b.fail_operation(1);
  CHECK(e.open(request) == errc::crypto_failure);
  CHECK(e.open(request) == errc::ok);
  e.b.fail_operation(1);
  CHECK(e.bmc.seal(e.b, random, payload_type::ipmi, 3, out).error() == errc::crypto_failure);
  CHECK(e.bmc.seal(e.b, random, payload_type::ipmi, 3, out));
  CHECK(look(out)->sequence == 0x500);
}

namespace {

struct with_v15 {
  static constexpr bool v15 = true;
};
struct without_v15 {
  static constexpr bool v15 = false;
};
static_assert(std::is_same_v<link_of<null_backend, without_v15>, link_v2<null_backend>>);
static_assert(sizeof(link_of<null_backend, with_v15>) <= sizeof(link_v2<null_backend>) + 40);
static_assert(!is_v15(link_v2<null_backend>{}));

}  // namespace

TEST_CASE("a link of both formats is of that which was loaded, and takes no packet of the other",
          "[protect][v15][N-V15-05]") {
  null_backend b;
  counting_entropy random;
  const auto& suite = standard_suites[3];
  derived_keys keys;
  const std::array<std::uint8_t, 20> sik{1, 2, 3};
  REQUIRE(login_key<null_backend>(b, suite.authentication, sik).derive(suite, keys));
  link_of<null_backend, with_v15> l;
  link_of<null_backend, with_v15> v2;
  link_of<null_backend, with_v15> v15;
  const auto password = to_user_key("secret");
  REQUIRE(v2.load(b, suite, keys, password));
  v2.begin(id, window_rule::any_forward);
  REQUIRE(v15.load(b, auth_type::md5, password));
  v15.begin(id, 1, 1);
  const lan_request rq{.command = 1};
  buffer as_v2(300);
  buffer as_v15(300);
  as_v2.resize(*v2.seal_message(b, random, rq, as_v2));
  as_v15.resize(*v15.seal_message(b, random, rq, as_v15));
  CHECK(look(as_v2)->format == packet_format::v2);
  CHECK(look(as_v15)->format == packet_format::v15);

  for (int turn = 0; turn < 2; ++turn) {  // one slot, for one format after the other
    auto first = as_v15;
    auto second = as_v2;
    REQUIRE(l.load(b, auth_type::md5, password));
    l.begin(id, 1, 1);
    CHECK(is_v15(l));
    CHECK(l.v15().type() == auth_type::md5);
    CHECK(l.longest_message() == 255);
    CHECK(l.authenticated());
    CHECK_FALSE(l.can_encrypt());
    CHECK_FALSE(l.encrypts(payload_type::ipmi));
    CHECK(l.open(b, *look(second)).error() == errc::bad_auth_type);
    CHECK(l.open(b, *look(first)).error() == errc::ok);
    first = as_v15;
    second = as_v2;
    REQUIRE(l.load(b, suite, keys, password));
    l.begin(id, window_rule::any_forward);
    CHECK_FALSE(is_v15(l));
    CHECK(l.longest_message() == 65535);
    CHECK(l.encrypts(payload_type::ipmi));
    CHECK(l.open(b, *look(first)).error() == errc::bad_auth_type);
    CHECK(l.open(b, *look(second)).error() == errc::ok);
  }
  REQUIRE(l.load(b, auth_type::straight_password, password));
  l.unload(b);
  CHECK_FALSE(is_v15(l));
  CHECK_FALSE(l.authenticated());
  CHECK(l.v15().type() == auth_type::none);
}

TEST_CASE("a link that was moved leaves nothing behind, and can be copied", "[protect][v15]") {
  null_backend b;
  link_of_both<null_backend> from;
  REQUIRE(from.load(b, auth_type::md5, to_user_key("secret")));
  from.begin(session_id{7}, 1, 1);
  const link_of_both<null_backend> copied = from;
  CHECK((copied.is_v15() && from.is_v15()));
  link_of_both<null_backend> to(std::move(from));
  CHECK((to.is_v15() && to.peer_id() == session_id{7}));
  CHECK_FALSE(from.is_v15());  // NOLINT(bugprone-use-after-move)
  CHECK_FALSE(from.v15().authenticated());
  CHECK(from.v15().peer_id() == session_id::none);
  link_of_both<null_backend> assigned;
  assigned = std::move(to);
  CHECK((assigned.is_v15() && assigned.peer_id() == session_id{7}));
  CHECK_FALSE(to.v15().authenticated());  // NOLINT(bugprone-use-after-move)
}
