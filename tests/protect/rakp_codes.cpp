// SPDX-License-Identifier: BSL-1.0
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/rakp_codes.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

using namespace rmcpp;
using namespace rmcpp::test;

namespace {

/// The login of tests/vectors/rakp.json.
struct vectors {
  nlohmann::json file = load_json("rakp.json");
  user_key password{bytes(reinterpret_cast<const std::uint8_t*>("secret"), 6)};
  user_key kg{bytes(from_hex(file.at("kg").get<std::string>()))};
  rakp_transcript transcript;

  vectors() {
    const auto field = [&](const char* name) { return from_hex(file.at(name).get<std::string>()); };
    transcript.console_id = load_le32(field("sidm").data());
    transcript.managed_id = load_le32(field("sidc").data());
    copy(field("rm"), transcript.console_random);
    copy(field("rc"), transcript.managed_random);
    copy(field("guid"), transcript.managed_guid);
    transcript.role = field("role").at(0);
    const auto name = file.at("username").get<std::string>();
    transcript.name = bounded<16>(bytes(reinterpret_cast<const std::uint8_t*>(name.data()), name.size()));
  }
};

}  // namespace

TEST_CASE("the codes of each authentication algorithm are those of the vectors") {
  const vectors v;
  for (const auto& [hash, expected] : v.file.at("hashes").items()) {
    CAPTURE(hash);
    const auto auth = static_cast<authentication_algorithm>(expected.at("auth").get<int>());
    cryptopp_backend crypto;
    CHECK(to_hex(*rakp2_code(crypto, auth, v.password, v.transcript)) == expected.at("rakp2"));
    CHECK(to_hex(*rakp3_code(crypto, auth, v.password, v.transcript)) == expected.at("rakp3"));
    for (const bool two_keys : {false, true}) {
      CAPTURE(two_keys);
      const auto sik = session_integrity_key(crypto, auth, v.password, two_keys ? v.kg : user_key{}, v.transcript);
      CHECK(to_hex(sik->reveal()) == expected.at(two_keys ? "sik_kg" : "sik"));
      const auto whole = rakp4_code(crypto, auth, *sik, v.transcript);
      const auto sent = whole->view().first(rakp4_code_size(auth));
      CHECK(to_hex(sent) == expected.at(two_keys ? "rakp4_kg" : "rakp4"));
    }
  }
}

TEST_CASE("RAKP-none has no codes and no keys, and asks nothing of the backend") {
  const vectors v;
  testing::null_backend crypto;
  const auto none = authentication_algorithm::rakp_none;
  CHECK(rakp2_code(crypto, none, v.password, v.transcript)->empty());
  CHECK(rakp3_code(crypto, none, v.password, v.transcript)->empty());
  const auto sik = session_integrity_key(crypto, none, v.password, v.kg, v.transcript);
  CHECK(sik->reveal().empty());
  CHECK(rakp4_code(crypto, none, *sik, v.transcript)->empty());
  CHECK(crypto.calls.operations() == 0);
}

TEST_CASE("a RAKP 4 value fits cut to its length or left whole, and in no other length", "[N-RK-18][N-RK-19]") {
  const vectors v;
  const auto auth = GENERATE(authentication_algorithm::rakp_hmac_sha1, authentication_algorithm::rakp_hmac_md5,
                             authentication_algorithm::rakp_hmac_sha256);
  cryptopp_backend crypto;
  const auto sik = session_integrity_key(crypto, auth, v.password, user_key{}, v.transcript);
  const auto whole = *rakp4_code(crypto, auth, *sik, v.transcript);
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    CAPTURE(n);
    const rakp_code received(whole.view().first(n));
    CHECK(rakp4_code_fits(auth, whole, received) == (n == rakp4_code_size(auth) || n == whole.size()));
    for (std::size_t i = 0; i < n; ++i) {
      auto wrong = std::vector<std::uint8_t>(whole.view().begin(), whole.view().begin() + static_cast<long>(n));
      wrong[i] ^= 0x10;
      CHECK_FALSE(rakp4_code_fits(auth, whole, rakp_code(bytes(wrong))));
    }
  }
}

TEST_CASE("a backend's failure is the code's failure") {
  const vectors v;
  const auto auth = authentication_algorithm::rakp_hmac_sha1;
  for (const std::uint64_t n : {1u, 2u}) {  // load, sign
    testing::null_backend crypto;
    crypto.fail_operation(n);
    CHECK(rakp2_code(crypto, auth, v.password, v.transcript).error() == errc::crypto_failure);
    crypto.fail_operation(n);
    CHECK(rakp3_code(crypto, auth, v.password, v.transcript).error() == errc::crypto_failure);
    crypto.fail_operation(n);
    CHECK(session_integrity_key(crypto, auth, v.password, v.kg, v.transcript).error() == errc::crypto_failure);
  }
}
