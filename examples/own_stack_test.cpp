// SPDX-License-Identifier: BSL-1.0

/// How to test a BMC of your own with rmcpp/testing: a console by hand that asks what no honest console would, and the
/// library's own console across a network that exists only in the test. No sockets, no waiting.
///
/// The BMC here is a toy with a switch for each of three bugs, which a virtual BMC really had and which cost its users
/// days: ipmitool works with all three, while FreeIPMI times out without a word. Copy check_bmc() and hand it yours.

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/rmcpp.hpp>
#include <rmcpp/testing/testing.hpp>

#include <functional>
#include <string>
#include <vector>

namespace {

using rmcpp::bytes;
using rmcpp::rakp_status;
using rmcpp::testing::octets;

// ---- the BMC under test: somebody else's code, which knows nothing of rmcpp but its HMAC and AES ----

class toy_bmc {
 public:
  bool echoes_algorithms = false;   ///< agrees to whatever is proposed, then speaks suite 3
  bool wrong_status_codes = false;  ///< refuses an algorithm with 12h and 18h
  bool sequence_is_zero = false;    ///< does not count what it sends in a session

  /// Silence is empty.
  octets answer(bytes in) {
    if (in.size() < 16 || in[0] != 0x06 || in[3] != 0x07) return {};
    if (in[4] == 0x00) return capabilities(in.subspan(14));
    const bytes payload = in.subspan(16);
    switch (in[5]) {
      case 0x10: return payload.size() == 32 ? open_session(payload) : octets{};
      case 0x12: return payload.size() >= 28 ? rakp1(payload) : octets{};
      case 0x14: return payload.size() == 28 ? rakp3(payload) : octets{};
      case 0xc0: return in.size() >= 16 + 32 + 14 ? session_packet(in) : octets{};
      default: return {};
    }
  }

 private:
  static constexpr std::uint8_t managed_id[] = {0x34, 0x12, 0x00, 0x02};

  static void append(octets& to, bytes what) { to.insert(to.end(), what.begin(), what.end()); }
  static octets joined(std::initializer_list<bytes> parts) {
    octets all;
    for (const auto& p : parts) append(all, p);
    return all;
  }
  static octets cut(bytes from, std::size_t at, std::size_t n) {
    const bytes part = from.subspan(at, n);
    return {part.begin(), part.end()};
  }
  static std::uint8_t checksum(bytes of) {
    unsigned sum = 0;
    for (const auto b : of) sum += b;
    return static_cast<std::uint8_t>(0u - sum);
  }
  octets hmac(bytes key, bytes data, std::size_t size = 20) {
    octets tag(size);
    rmcpp::cryptopp_backend::mac_key k;
    const std::array<bytes, 1> parts{data};
    if (!crypto_.load(k, rmcpp::crypto::mac_id::hmac_sha1, key) || !crypto_.sign(k, parts, tag)) throw std::bad_alloc();
    return tag;
  }
  static octets outside_session(std::uint8_t type, const octets& payload) {
    octets out{0x06, 0x00, 0xff, 0x07, 0x06, type, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(payload.size()),
               0};
    append(out, payload);
    return out;
  }
  /// The answer to an IPMI message: code and data.
  static octets response(bytes rq, const octets& code_and_data) {
    octets out{rq[3], static_cast<std::uint8_t>(rq[1] | 0x04)};
    out.push_back(checksum(out));
    append(out, octets{rq[0], rq[4], rq[5]});
    append(out, code_and_data);
    out.push_back(checksum(bytes(out).subspan(3)));
    return out;
  }
  octets refusal(std::uint8_t type, std::uint8_t tag, std::uint8_t status) const {
    return outside_session(type, joined({octets{tag, status, 0, 0}, console_id_}));
  }

  static octets capabilities(bytes rq) {
    if (rq.size() < 9 || rq[5] != 0x38) return {};
    const octets message = response(rq, {0x00, 0x01, 0x80, 0x04, 0x02, 0, 0, 0, 0});
    octets out{0x06, 0x00, 0xff, 0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(message.size())};
    append(out, message);
    return out;
  }

  octets open_session(bytes rq) {
    console_id_ = cut(rq, 4, 4);
    if (!echoes_algorithms) {
      if (rq[12] != 1) return refusal(0x11, rq[0], wrong_status_codes ? 0x12 : 0x04);
      if (rq[20] != 1) return refusal(0x11, rq[0], wrong_status_codes ? 0x12 : 0x05);
      if (rq[28] != 1) return refusal(0x11, rq[0], wrong_status_codes ? 0x18 : 0x10);
    }
    return outside_session(0x11, joined({octets{rq[0], 0, 4, 0}, console_id_, managed_id, rq.subspan(8, 24)}));
  }

  octets rakp1(bytes m) {
    console_random_ = cut(m, 8, 16);
    role_and_name_ = joined({m.subspan(24, 1), m.subspan(27)});
    const auto code = hmac(
        password_, joined({console_id_, managed_id, console_random_, managed_random_, managed_guid_, role_and_name_}));
    return outside_session(0x13, joined({octets{m[0], 0, 0, 0}, console_id_, managed_random_, managed_guid_, code}));
  }

  octets rakp3(bytes m) {
    const auto code = hmac(password_, joined({managed_random_, console_id_, role_and_name_}));
    if (cut(m, 8, 20) != code) return refusal(0x15, m[0], 0x0f);
    const auto sik = hmac(password_, joined({console_random_, managed_random_, role_and_name_}));
    k1_ = hmac(sik, octets(20, 1));
    k2_ = cut(hmac(sik, octets(20, 2)), 0, 16);
    sequence_ = 0;
    const auto value = hmac(sik, joined({console_random_, managed_id, managed_guid_}), 12);
    return outside_session(0x15, joined({octets{m[0], 0, 0, 0}, console_id_, value}));
  }

  octets session_packet(bytes in) {
    const std::size_t signed_size = in.size() - 12;
    if (hmac(k1_, in.first(signed_size).subspan(4), 12) != cut(in, signed_size, 12)) return {};
    rmcpp::cryptopp_backend::aes_key key;
    if (!crypto_.load(key, k2_)) throw std::bad_alloc();
    rmcpp::crypto::block iv{};
    rmcpp::core::copy(in.subspan(16, 16), iv);
    octets plain = cut(in, 32, in[14] - 16u);
    if (!crypto_.decrypt(key, iv, plain)) return {};
    const octets rq = cut(plain, 0, plain.size() - plain.back() - 1u);

    octets answer = response(rq, rq[5] == 0x3b ? octets{0x00, rq[6]} : octets{0x00});
    std::uint8_t pad = 0;
    while ((answer.size() + 1) % 16 != 0) answer.push_back(++pad);
    answer.push_back(pad);
    if (!crypto_.encrypt(key, iv, answer)) return {};
    if (!sequence_is_zero) ++sequence_;
    // An encrypted payload is whole blocks, so two pad bytes always align it.
    octets out =
        joined({octets{0x06, 0x00, 0xff, 0x07, 0x06, 0xc0}, console_id_, octets{sequence_, 0, 0, 0},
                octets{static_cast<std::uint8_t>(16 + answer.size()), 0}, iv, answer, octets{0xff, 0xff, 2, 0x07}});
    append(out, hmac(k1_, bytes(out).subspan(4), 12));
    return out;
  }

  rmcpp::cryptopp_backend crypto_;
  octets password_{'s', 'e', 'c', 'r', 'e', 't'};
  octets managed_random_ = octets(16, 0xc5);  // a real one is random
  octets managed_guid_ = octets(16, 0x77);
  octets console_id_ = octets(4);
  octets console_random_, role_and_name_, k1_, k2_;
  std::uint8_t sequence_ = 0;
};

// ---- the checks: they take a datagram to your BMC and bring its answer ----

using bmc_link = std::function<octets(bytes)>;
using crafted_console = rmcpp::testing::crafted_console<rmcpp::cryptopp_backend>;
using complaints = std::vector<std::string>;

crafted_console console_of(const bmc_link& bmc, std::uint8_t suite = 3) {
  return crafted_console([bmc](const auto&, bytes datagram) { return bmc(datagram); }, suite);
}

/// What is agreed upon in Open Session must be what follows.
void check_agreement(const bmc_link& bmc, complaints& found) {
  for (const auto& suite : rmcpp::wire::standard_suites) {
    auto console = console_of(bmc, suite.id);
    if (!rmcpp::protect::supports<rmcpp::cryptopp_backend>(suite) || console.open() != rakp_status::no_errors) continue;
    bool speaks = false;
    try {
      speaks = console.send_rakp1() == rakp_status::no_errors && console.rakp2_verifies() &&
               console.send_rakp3() == rakp_status::no_errors && console.begin_session() &&
               console.app(rmcpp::wire::app::set_session_privilege, {4}).got;
    } catch (const std::runtime_error&) {  // what came was not even a message
    }
    if (!speaks) found.push_back("agrees to suite " + std::to_string(suite.id) + " but does not speak it");
  }
}

/// An algorithm that cannot exist is refused with the code that says which one it was (IPMI v2.0, table 13-15).
void check_status_codes(const bmc_link& bmc, complaints& found) {
  struct row {
    const char* field;
    rakp_status right;
  };
  for (const auto& [field, right] :
       {row{"authentication.algorithm", rakp_status::invalid_authentication_algorithm},
        row{"integrity.algorithm", rakp_status::invalid_integrity_algorithm},
        row{"confidentiality.algorithm", rakp_status::invalid_confidentiality_algorithm}}) {
    auto console = console_of(bmc);
    auto request = rmcpp::testing::sessionless(rmcpp::payload_type::open_session_request, console.open_request());
    rmcpp::testing::override_field<rmcpp::wire::open_session_request>(request, field, 0x3f);
    const auto status = console.take_opened(console.exchange(request));
    if (status == rakp_status::no_errors) {
      found.push_back(std::string("accepts 3Fh as ") + field);
    } else if (status != right) {
      found.push_back(std::string("refuses 3Fh as ") + field + " with \"" + describe(status) + '"');
    }
  }
}

/// The packets of a session are numbered 1, 2, 3 ...; 0 means that there is no session.
void check_sequence(const bmc_link& bmc, complaints& found) {
  auto console = console_of(bmc);
  if (!console.login()) return found.push_back("suite 3 does not log in");
  for (std::uint32_t expected = 1; expected <= 3; ++expected) {
    const auto reply = console.exchange(console.sealed(console.request(rmcpp::net_fn::app, 0x01)));
    const auto header = rmcpp::wire::decode_prefix<rmcpp::wire::session_header_v2>(bytes(reply).subspan(4));
    if (header->message.sequence != expected)
      return found.push_back("packet " + std::to_string(expected) + " of a session has sequence number " +
                             std::to_string(header->message.sequence));
  }
}

complaints check_bmc(const bmc_link& bmc) {
  complaints found;
  check_agreement(bmc, found);
  check_status_codes(bmc, found);
  check_sequence(bmc, found);
  return found;
}
complaints check_bmc(toy_bmc& toy) {
  return check_bmc([&toy](bytes datagram) { return toy.answer(datagram); });
}

}  // namespace

TEST_CASE("a sound BMC gives no cause for complaint") {
  toy_bmc toy;
  CHECK(check_bmc(toy) == complaints{});
}

TEST_CASE("algorithms echoed without negotiation are found") {
  toy_bmc toy;
  toy.echoes_algorithms = true;
  const auto found = check_bmc(toy);
  REQUIRE(found.size() == 14);  // every suite but 3, and three impossible algorithms
  CHECK(found.front() == "agrees to suite 0 but does not speak it");
  CHECK(found.back() == "accepts 3Fh as confidentiality.algorithm");
}

TEST_CASE("wrong status codes are found") {
  toy_bmc toy;
  toy.wrong_status_codes = true;
  CHECK(check_bmc(toy) ==
        complaints{"refuses 3Fh as authentication.algorithm with \"illegal or unrecognized parameter\"",
                   "refuses 3Fh as integrity.algorithm with \"illegal or unrecognized parameter\"",
                   "refuses 3Fh as confidentiality.algorithm with \"unknown status\""});
}

TEST_CASE("a session sequence number that stays 0 is found") {
  toy_bmc toy;
  toy.sequence_is_zero = true;
  // Such packets are no answer to a real console either, so the suite seems not to work.
  CHECK(check_bmc(toy) ==
        complaints{"agrees to suite 3 but does not speak it", "packet 1 of a session has sequence number 0"});
}

TEST_CASE("and in the end a real console logs in, though every third datagram is lost") {
  using namespace rmcpp::testing;
  for (const bool broken : {false, true}) {
    toy_bmc toy;
    toy.sequence_is_zero = broken;
    rmcpp::console<console_setup<rmcpp::cryptopp_backend>> console({}, default_console());  // admin, secret, suite 3
    virtual_network net;
    net.attach(bmc_peer, answering_station([&](bytes datagram) { return toy.answer(datagram); }));
    net.attach(console_peer, console_station(console, bmc_peer));
    net.add_rule([](parcel& p) { p.copies = p.number % 3 == 0 ? 0 : 1; });
    REQUIRE(console.start(net.now()).has_value());
    const bool in = net.run_until([&] { return console.state() == rmcpp::console_state::active; }, rmcpp::seconds(60));
    INFO(story_of(net));  // every datagram and field of it, should the check fail
    CHECK(in == !broken);
  }
}
