// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/seal.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"
#include "support/heap_counter.hpp"
#include "support/protected_session.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using namespace rmcpp::test;
using testing::null_backend;

/// Seals into the front of a buffer full of A5h that is `room` bytes longer than the datagram. seal() is told of `told`
/// of them.
template <backend B>
buffer seal_with_room(protected_session<B>& s, payload_byte kind, bytes message, std::size_t room, std::size_t told) {
  const auto p = plan(kind, s.suite.integrity, message.size());
  buffer out(p.total + room, 0xa5);
  copy(message, mutable_bytes(out).subspan(p.message));
  const auto n = seal(s.b, s.keys, {.payload = kind, .id = example_id, .sequence = 1}, p, example_iv,
                      mutable_bytes(out).first(p.total + told));
  REQUIRE(n.has_value());
  REQUIRE(*n == p.total);
  return out;
}

/// Crypto++ without its fused form.
struct unfused_cryptopp : private cryptopp_backend {
  using cryptopp_backend::aes_key, cryptopp_backend::mac_key, cryptopp_backend::supports;
  using cryptopp_backend::decrypt, cryptopp_backend::digest, cryptopp_backend::encrypt, cryptopp_backend::load,
      cryptopp_backend::sign, cryptopp_backend::unload;
};
static_assert(digest_backend<unfused_cryptopp> && !fused_backend<unfused_cryptopp>);

/// Fuses by the book, and writes down what it was asked.
struct fused_spy : cryptopp_backend {
  status encrypt_then_sign(aes_key& aes, mac_key& mac, const fused_packet& p) noexcept {
    ++fused;
    sound = sound && p.text == session_header_v2::size + aes_block_size && p.text_size % aes_block_size == 0 &&
            p.code % 16 == 0 && p.text + p.text_size + session_trailer::fixed_size <= p.code &&
            p.code + p.code_size <= p.data.size() && p.data[p.code - 1] == session_trailer::next_header;
    block iv{};
    copy(p.data.subspan(p.text - aes_block_size, aes_block_size), iv);
    if (const auto done = cryptopp_backend::encrypt(aes, iv, p.data.subspan(p.text, p.text_size)); !done) return done;
    const std::array<bytes, 1> covered{p.data.first(p.code)};
    return cryptopp_backend::sign(mac, covered, p.data.subspan(p.code, p.code_size));
  }
  status sign(mac_key& key, pieces data, mutable_bytes tag) noexcept {
    ++signed_apart;
    return cryptopp_backend::sign(key, data, tag);
  }
  status encrypt(aes_key& key, const block& iv, mutable_bytes data) noexcept {
    ++encrypted_apart;
    return cryptopp_backend::encrypt(key, iv, data);
  }
  int fused = 0;
  int signed_apart = 0;
  int encrypted_apart = 0;
  bool sound = true;
};
static_assert(fused_backend<fused_spy> && digest_backend<fused_spy>);

struct failing_fused : null_backend {
  status encrypt_then_sign(aes_key&, mac_key&, const fused_packet&) noexcept { return errc::crypto_failure; }
};

}  // namespace

TEST_CASE("seal() gives the vectors' bytes", "[protect][seal]") {
  const auto packets = load_json("rakp.json").at("packets");
  const auto message = from_hex(packets.at("plain").get<std::string>());
  block iv{};
  copy(from_hex(packets.at("iv").get<std::string>()), iv);
  REQUIRE(iv == example_iv);
  int count = 0;
  for (const auto& packet : packets.at("suites")) {
    const auto suite = packet.at("suite").get<std::uint8_t>();
    CAPTURE(static_cast<int>(suite));
    protected_session<cryptopp_backend> s(suite);
    CHECK(to_hex(s.sealed(1, message)) == packet.at("datagram").get<std::string>());
    ++count;
  }
  CHECK(count == static_cast<int>(suites_with_integrity.size()));
}

TEMPLATE_TEST_CASE("a sealed datagram has its parts where the plan says, and nothing is written behind its span",
                   "[protect][seal]", cryptopp_backend, unfused_cryptopp, null_backend) {
  for (const auto id : all_suites) {
    protected_session<TestType> s(id);
    for (const auto type : {payload_type::ipmi, payload_type::oem_explicit}) {
      const auto kind = s.kind(type);
      for (std::size_t size = 0; size <= 300; ++size) {
        CAPTURE(static_cast<int>(id), static_cast<int>(type), size);
        const auto message = counting_bytes(size);
        const auto p = plan(kind, s.suite.integrity, size);
        const auto out = seal_with_room(s, kind, message, 40, 0);
        REQUIRE(out.size() == p.total + 40);
        REQUIRE(equal(bytes(out).last(40), buffer(40, 0xa5)));

        const auto datagram = bytes(out).first(p.total);
        REQUIRE(equal(datagram.first(4), from_hex("0600ff07")));
        const auto header = decode<session_header_v2>(datagram.subspan(4, p.header));
        REQUIRE(header.has_value());
        REQUIRE(header->payload == kind);
        REQUIRE(header->id == example_id);
        REQUIRE(header->sequence == 1);
        REQUIRE(header->length == p.payload_length);
        if (kind.encrypted()) {
          REQUIRE(equal(datagram.subspan(p.payload(), 16), example_iv));
          buffer padded(datagram.begin() + static_cast<std::ptrdiff_t>(p.message),
                        datagram.begin() + static_cast<std::ptrdiff_t>(p.payload_end()));
          REQUIRE(s.b.decrypt(s.keys.cipher_key(), example_iv, padded).has_value());
          REQUIRE(equal(bytes(padded).first(size), message));
          for (std::size_t i = 0; i < p.cipher_pad; ++i) REQUIRE(padded[size + i] == i + 1);
          REQUIRE(padded.back() == p.cipher_pad);
        } else {
          REQUIRE(equal(datagram.subspan(p.message, size), message));
        }
        if (kind.authenticated()) {
          const auto trailer = datagram.subspan(p.payload_end());
          for (std::size_t i = 0; i < p.integrity_pad; ++i) REQUIRE(trailer[i] == 0xff);
          REQUIRE(trailer[p.integrity_pad] == p.integrity_pad);
          REQUIRE(trailer[p.integrity_pad + 1] == 0x07);
          buffer code(p.total - p.authcode);
          REQUIRE(s.keys.sign(s.b, std::array{datagram.subspan(4, p.authcode - 4)}, code).has_value());
          REQUIRE(equal(datagram.last(code.size()), code));
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("a longer span gives the same datagram; what is behind it there is scratch, and no more than said",
                   "[protect][seal]", cryptopp_backend, unfused_cryptopp, null_backend) {
  for (const auto id : all_suites) {
    protected_session<TestType> s(id);
    for (const std::size_t size : {0u, 7u, 15u, 16u, 30u, 47u, 63u, 64u, 200u}) {
      const auto message = counting_bytes(size);
      const auto exact = seal_with_room(s, s.kind(), message, 0, 0);
      for (std::size_t told = 1; told <= seal_slack + 16; ++told) {
        CAPTURE(static_cast<int>(id), size, told);
        const auto out = seal_with_room(s, s.kind(), message, 2 * seal_slack, told);
        REQUIRE(equal(bytes(out).first(exact.size()), exact));
        const std::size_t scratch = std::min(told, seal_slack);
        REQUIRE(equal(bytes(out).subspan(exact.size() + scratch), buffer(2 * seal_slack - scratch, 0xa5)));
      }
    }
  }
}

TEST_CASE("seal() fits a buffer of exactly the datagram's size, and no smaller one", "[protect][seal]") {
  for (const auto id : all_suites) {
    protected_session<cryptopp_backend> s(id);
    const auto p = plan(s.kind(), s.suite.integrity, example_message.size());
    const session_header_v2 header{.payload = s.kind(), .id = example_id, .sequence = 1};
    for (std::size_t size = 0; size <= p.total; ++size) {
      CAPTURE(static_cast<int>(id), size);
      exact_bytes out(size);
      fill(out, 0xa5);
      const auto n = seal(s.b, s.keys, header, p, example_iv, out);
      CHECK(n.error() == (size < p.total ? errc::buffer_too_small : errc::ok));
      if (!n) CHECK(equal(out, buffer(size, 0xa5)));
    }
  }
}

TEST_CASE("a payload of up to 65,535 bytes can be sealed", "[protect][seal]") {
  struct row {
    std::uint8_t suite;
    std::size_t size;
    errc outcome;
  };
  constexpr row rows[] = {{0, 65535, errc::ok},       {0, 65536, errc::too_long}, {2, 65535, errc::ok},
                          {2, 65536, errc::too_long}, {3, 65503, errc::ok},       {3, 65504, errc::too_long}};
  for (const auto& r : rows) {
    CAPTURE(static_cast<int>(r.suite), r.size);
    protected_session<null_backend> s(r.suite);
    const auto p = plan(s.kind(), s.suite.integrity, r.size);
    buffer out(p.total, 0xa5);
    const auto n = seal(s.b, s.keys, {.payload = s.kind(), .sequence = 1}, p, example_iv, out);
    CHECK(n.error() == r.outcome);
    if (!n) CHECK(out == buffer(p.total, 0xa5));
  }
}

TEST_CASE("a plan of another payload byte or suite is refused before a byte is written", "[protect][seal]") {
  protected_session<null_backend> s(3);
  const auto oem = payload_byte::of(payload_type::oem_explicit, true, true);
  const auto plain = payload_byte::of(payload_type::ipmi, true, false);
  auto tampered = plan(s.kind(), s.suite.integrity, 7);
  tampered.integrity_pad += 1;
  for (const auto& wrong : {plan(oem, s.suite.integrity, 7), plan(plain, s.suite.integrity, 7),
                            plan(s.kind(), integrity_algorithm::hmac_sha256_128, 7), tampered}) {
    buffer out(wrong.total + 64, 0xa5);
    const auto n = seal(s.b, s.keys, {.payload = s.kind(), .sequence = 1}, wrong, example_iv, out);
    CHECK(n.error() == errc::invalid_argument);
    CHECK(out == buffer(wrong.total + 64, 0xa5));
  }
}

TEST_CASE("protection that the keys lack is refused before a byte is written", "[protect][seal]") {
  struct row {
    std::uint8_t suite;
    bool authenticated, encrypted;
    errc outcome;
  };
  constexpr row rows[] = {
      {0, false, false, errc::ok}, {0, true, false, errc::invalid_argument}, {0, false, true, errc::invalid_argument},
      {2, true, false, errc::ok},  {2, true, true, errc::invalid_argument},  {3, true, true, errc::ok},
      {3, true, false, errc::ok},  // encryption suspended for this payload
  };
  for (const auto& r : rows) {
    CAPTURE(static_cast<int>(r.suite), r.authenticated, r.encrypted);
    protected_session<null_backend> s(r.suite);
    const auto kind = payload_byte::of(payload_type::ipmi, r.authenticated, r.encrypted);
    const auto p = plan(kind, s.suite.integrity, 7);
    buffer out(p.total, 0xa5);
    const auto n = seal(s.b, s.keys, {.payload = kind, .sequence = 1}, p, example_iv, out);
    CHECK(n.error() == r.outcome);
    if (!n) CHECK(out == buffer(p.total, 0xa5));
  }
}

TEST_CASE("one packet costs one encryption, one code and no key load", "[protect][seal]") {
  for (const auto id : all_suites) {
    CAPTURE(static_cast<int>(id));
    protected_session<null_backend> s(id);
    s.b.calls = {};
    (void)s.sealed(1);
    const bool md5_128 = s.suite.integrity == integrity_algorithm::md5_128;
    CHECK(s.b.calls == null_backend::counters{.sign = s.keys.authenticates() && !md5_128 ? 1u : 0u,
                                              .encrypt = s.keys.encrypts() ? 1u : 0u,
                                              .digest = md5_128 ? 1u : 0u});
  }
}

TEST_CASE("a backend's failure while sealing is reported, and the next packet is fine", "[protect][seal]") {
  for (const auto id : suites_with_integrity) {
    protected_session<null_backend> s(id);
    const auto good = s.sealed(1);
    const auto p = plan(s.kind(), s.suite.integrity, example_message.size());
    for (std::uint64_t n = 1; n <= (s.keys.encrypts() ? 2u : 1u); ++n) {
      CAPTURE(static_cast<int>(id), n);
      buffer out(p.total);
      copy(example_message, mutable_bytes(out).subspan(p.message));
      s.b.fail_operation(n);
      const session_header_v2 header{.payload = s.kind(), .id = example_id, .sequence = 1};
      CHECK(seal(s.b, s.keys, header, p, example_iv, out).error() == errc::crypto_failure);
      CHECK(s.sealed(1) == good);
    }
  }
}

TEST_CASE("a fused backend makes the same bytes in one call, and only where the suite allows",
          "[protect][seal][fused]") {
  for (const auto id : all_suites) {
    protected_session<fused_spy> fused(id);
    protected_session<unfused_cryptopp> plain(id);
    const bool hmac = fused.suite.integrity != integrity_algorithm::md5_128 && fused.keys.authenticates();
    for (const auto type : {payload_type::ipmi, payload_type::sol, payload_type::oem_explicit}) {
      // The fused form is for 12-byte headers.
      const bool fusable = hmac && fused.keys.encrypts() && type != payload_type::oem_explicit;
      for (std::size_t size = 0; size <= 300; ++size) {
        CAPTURE(static_cast<int>(id), static_cast<int>(type), size);
        const auto message = counting_bytes(size);
        fused.b.fused = fused.b.signed_apart = fused.b.encrypted_apart = 0;
        REQUIRE(fused.sealed(1, message, fused.kind(type)) == plain.sealed(1, message, plain.kind(type)));
        REQUIRE(fused.b.fused == (fusable ? 1 : 0));
        REQUIRE(fused.b.encrypted_apart == (fused.keys.encrypts() && !fusable ? 1 : 0));
        REQUIRE(fused.b.signed_apart == (hmac && !fusable ? 1 : 0));
        REQUIRE(fused.b.sound);
      }
    }
  }
}

TEST_CASE("a packet that is only authenticated is not fused, in a suite with encryption too",
          "[protect][seal][fused]") {
  protected_session<fused_spy> fused(3);
  protected_session<unfused_cryptopp> plain(3);
  const auto kind = payload_byte::of(payload_type::sol, true, false);
  CHECK(fused.sealed(1, example_message, kind) == plain.sealed(1, example_message, kind));
  CHECK(fused.b.fused == 0);
}

TEST_CASE("a fused backend's failure is reported", "[protect][seal][fused]") {
  protected_session<failing_fused> s(3);
  const auto p = plan(s.kind(), s.suite.integrity, 7);
  buffer out(p.total);
  const auto n = seal(s.b, s.keys, {.payload = s.kind(), .sequence = 1}, p, example_iv, out);
  CHECK(n.error() == errc::crypto_failure);
  CHECK(*n == 0);  // who looks at the size alone sends nothing
}

TEMPLATE_TEST_CASE("sealing calls no heap", "[protect][seal][heap]", cryptopp_backend, null_backend) {
  for (const auto id : all_suites) {
    CAPTURE(static_cast<int>(id));
    protected_session<TestType> s(id);
    const auto p = plan(s.kind(), s.suite.integrity, 200);
    buffer out(p.total);
    bool good = true;
    const auto calls = test::count_heap_calls([&] {
      for (std::uint32_t i = 1; i <= 10; ++i) {
        const session_header_v2 header{.payload = s.kind(), .id = example_id, .sequence = i};
        good = good && seal(s.b, s.keys, header, p, example_iv, out).has_value();
      }
    });
    CHECK(good);
    CHECK(calls == 0);
  }
  // The counter counts: a fresh session's AES schedules live on the heap.
  const auto loading = test::count_heap_calls([] { protected_session<cryptopp_backend> s(3); });
  CHECK((loading > 0) == test::counts_heap_calls);
}
