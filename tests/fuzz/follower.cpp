// SPDX-License-Identifier: BSL-1.0
// Fuzz target of follower/follower.hpp. Input: one byte of options, then records of a flag byte, a 16-bit little-endian
// length and that many bytes of a datagram; fuzz.py writes recorded conversations in this form. Beside what the
// sanitizers see, it checks what must hold whatever is fed:
// - payloads lie within their datagram, and are readable where the verdict of an encrypted one is ok;
// - with the real backend and no password or key no code is ever right;
// - a sound session in another conversation is followed as if nothing had been fed in between.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/follower/follower.hpp>
#include <rmcpp/protect/seal.hpp>
#include <rmcpp/testing/null_backend.hpp>

#include <memory>

#include "input.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::core;
using namespace rmcpp::protect;
using namespace rmcpp::crypto;
using fuzz::require;

constexpr std::uint64_t sound_conversation = 99;

struct small : follower_traits {
  // Few, so that places are given away all the time.
  static constexpr std::size_t sessions = 4;
  static constexpr std::size_t conversations = 3;
};
template <backend B, class Traits> struct setup {
  using traits = Traits;
  B crypto{};
};

struct options_byte {
  std::uint8_t value;
  [[nodiscard]] bool knows_password() const { return (value & 1) != 0; }
  [[nodiscard]] bool knows_keys() const { return (value & 2) != 0; }
  [[nodiscard]] bool null_crypto() const { return (value & 4) != 0; }
  [[nodiscard]] bool few_places() const { return (value & 8) != 0; }
  [[nodiscard]] bool sound_between() const { return (value & 16) != 0; }
};

user_key key_of(const char* text) { return *user_key::from(text); }

/// The passwords of the recorded conversations.
const std::vector<credential>& users() {
  static const std::vector<credential> all{{.password = key_of("test")},
                                           {.password = key_of("password")},
                                           {.password = key_of("ADMIN")},
                                           {.password = key_of("admin")},
                                           {.password = key_of("123456abc")}};
  return all;
}

given_keys session_keys_of_ones() {
  given_keys g{.suite = standard_suites[3]};
  g.sik.size = 20;
  fill(g.sik.reveal(), 1);
  return g;
}

/// A session that goes on while everything else is fed: its requests, sealed, one after the other.
template <backend B> class sound_session {
 public:
  sound_session() {
    const auto g = session_keys_of_ones();
    require(keys_.load(crypto_, g.suite, g.sik.reveal(), {}).has_value());
  }
  template <class Follower> void step(Follower& f) {
    std::uint8_t message[16];
    const auto n =
        encode(lan_request{.sequence = seq_lun::of(static_cast<std::uint8_t>(number_ & 63)), .command = 1}, message);
    const auto kind = payload_byte::of(payload_type::ipmi, true, true);
    const auto p = plan(kind, keys_.suite().integrity, *n);
    std::vector<std::uint8_t> datagram(p.total);
    copy(bytes(message, *n), mutable_bytes(datagram).subspan(p.message));
    const block iv{static_cast<std::uint8_t>(number_), static_cast<std::uint8_t>(number_ >> 8), 0x51};
    require(seal(crypto_, keys_, {.payload = kind, .id = session_id{7}, .sequence = ++number_}, p, iv, datagram)
                .has_value());
    const auto o = f.feed({sound_conversation, direction::to_bmc}, datagram);
    require(o.auth == verdict::ok && o.readable && o.findings.empty());
    require(equal(o.payload, bytes(message, *n)));
  }

 private:
  B crypto_{};
  session_keys<B> keys_{};
  std::uint32_t number_ = 0;
};

template <backend B, class Traits> void run(options_byte options, bytes input) {
  using machine = follower<setup<B, Traits>>;
  follower_options known;
  if (options.knows_password()) known.users = users();
  const auto f = std::make_unique<machine>(setup<B, Traits>{}, known);
  // With few places the sound session may be forgotten: then it is not fed.
  const bool sound = options.sound_between() && !options.few_places();
  if (options.knows_keys() || sound) require(f->know(session_keys_of_ones()).has_value());
  const bool secretless = !options.knows_password() && !options.knows_keys() && !sound && !options.null_crypto();
  sound_session<B> between;
  int steps = 0;
  while (input.size() >= 3) {
    const std::uint8_t flags = input[0];
    const std::size_t size = std::min<std::size_t>(load_le16(input.data() + 1), input.size() - 3);
    std::vector<std::uint8_t> datagram(input.begin() + 3, input.begin() + 3 + static_cast<std::ptrdiff_t>(size));
    input = input.subspan(3 + size);
    const flow from{static_cast<std::uint64_t>(flags >> 1 & 3),
                    (flags & 1) != 0 ? direction::to_console : direction::to_bmc};
    const auto o = f->feed(from, datagram);
    const auto* begin = datagram.data();
    require(o.payload.empty() || (o.payload.data() >= begin && o.payload.data() + o.payload.size() <= begin + size));
    require(!secretless || o.auth != verdict::ok);
    require(o.answers < o.number && (o.session != 0) == (f->subject() != nullptr));
    require(o.auth != verdict::bad || o.findings.size() != 0);
    if (sound && ++steps < 256) between.step(*f);
  }
}

template <backend B> void run(options_byte options, bytes input) {
  options.few_places() ? run<B, small>(options, input) : run<B, follower_traits>(options, input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const options_byte options{data[0]};
  const bytes rest(data + 1, size - 1);
  options.null_crypto() ? run<testing::null_backend>(options, rest) : run<cryptopp_backend>(options, rest);
  return 0;
}
