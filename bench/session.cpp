// SPDX-License-Identifier: BSL-1.0
// The machines: a login, and one request with its answer. Beside each the cryptography in it, so that the difference is
// what a machine costs.
#include "machines.hpp"

#include <chrono>
#include <cstring>

namespace bench {
namespace {

using rmcpp::console_state;

// ---- one exchange ----

/// Both machines: submit() to the last event.
template <rmcpp::crypto::backend B> void exchange(benchmark::State& state, std::uint8_t suite, std::size_t n) {
  machines<B> m(suite);
  const auto data = request_data(n);
  if (!m.login()) return state.SkipWithError("no login");
  benchmark::IterationCount answered = 0;
  for (auto _ : state) {
    const auto e = m.exchange(data);
    answered += e.type == rmcpp::console_event::kind::done && e.error == rmcpp::errc::ok ? 1 : 0;
    benchmark::DoNotOptimize(e.data.data());
  }
  if (answered != state.iterations()) state.SkipWithError("an answer is missing");
}

template <rmcpp::crypto::backend B> bool exchange_works(std::uint8_t suite, std::size_t n) {
  machines<B> m(suite);
  const auto data = request_data(n);
  if (!m.login()) return false;
  std::size_t datagrams = 0;
  const auto length =
      rmcpp::protect::plan(rmcpp::wire::payload_byte::of(rmcpp::payload_type::ipmi, true, m.console.suite().id != 2),
                           m.console.suite().integrity, n)
          .total;
  for (int i = 0; i < 200; ++i) {  // more often than there are request sequence numbers
    bool sized = true;
    const auto e = m.exchange(data, [&](rmcpp::bytes d, bool) {
      sized = sized && d.size() == length;
      ++datagrams;
    });
    if (!sized || !answers(e, data)) return false;
  }
  return datagrams == 400 && m.bmc.counters().commands == 201 && m.bmc.counters().repeats == 0;
}

/// The cryptography of an exchange: two IVs drawn, two packets sealed, two split and opened, of the same sizes and with
/// the loaded keys of a session. Opening decrypts in place, which puts the message back for the next round.
template <rmcpp::crypto::backend B> class sealed_pair {
 public:
  sealed_pair(std::uint8_t suite, std::size_t n) {
    const auto& s = *rmcpp::wire::find_suite(suite);
    std::array<std::uint8_t, 32> sik{};
    std::iota(sik.begin(), sik.end(), std::uint8_t{0x40});
    for (auto* p : {&console_, &bmc_}) {
      const auto secret = rmcpp::bytes(sik).first(rmcpp::protect::rakp_code_size(s.authentication));
      loaded_ = p->keys.load(p->crypto, s, secret, {}).has_value();
    }
    kind_ = rmcpp::wire::payload_byte::of(rmcpp::payload_type::ipmi, console_.keys.authenticates(),
                                          console_.keys.encrypts());
    size_ = n;
    const auto at = rmcpp::protect::message_offset(kind_);
    for (auto* p : {&console_, &bmc_}) rmcpp::core::fill(rmcpp::mutable_bytes(p->datagram).subspan(at, n), 0x33);
  }

  [[gnu::always_inline]] inline bool run() {
    return loaded_ && pass(console_, bmc_, 0x1111) && pass(bmc_, console_, 0x2222);
  }
  /// Whether the message came back whole.
  [[nodiscard]] bool intact() const {
    const auto message = rmcpp::bytes(console_.datagram).subspan(rmcpp::protect::message_offset(kind_), size_);
    return std::ranges::all_of(message, [](auto b) { return b == 0x33; });
  }

 private:
  struct party {
    B crypto{};
    rmcpp::cryptopp_entropy random{};
    rmcpp::protect::session_keys<B> keys{};
    rmcpp::protect::replay_window window{};
    rmcpp::protect::sequence_counter sequence{};
    std::array<std::uint8_t, 1024> datagram{};
  };

  [[gnu::always_inline]] inline bool pass(party& from, party& to, std::uint32_t id) {
    const auto p = rmcpp::protect::plan(kind_, from.keys.suite().integrity, size_);
    rmcpp::crypto::block iv{};
    if (kind_.encrypted() && !from.random.fill(iv)) return false;
    const rmcpp::wire::session_header_v2 header{
        .payload = kind_, .id = rmcpp::session_id{id}, .sequence = from.sequence.next()};
    const auto n = rmcpp::protect::seal(from.crypto, from.keys, header, p, iv, from.datagram);
    if (!n) return false;
    const auto packet = rmcpp::wire::look(rmcpp::mutable_bytes(from.datagram).first(*n));
    if (!packet) return false;
    const auto opened = rmcpp::protect::open(to.crypto, to.keys, to.window, *packet, {.encrypted = kind_.encrypted()});
    return opened && opened->message().size() == size_;
  }

  party console_{};
  party bmc_{};
  rmcpp::wire::payload_byte kind_{};
  std::size_t size_ = 0;
  bool loaded_ = false;
};

template <rmcpp::crypto::backend B> void seal_open(benchmark::State& state, std::uint8_t suite, std::size_t n) {
  sealed_pair<B> pair(suite, n);
  benchmark::IterationCount opened = 0;
  for (auto _ : state) opened += pair.run() ? 1 : 0;
  if (opened != state.iterations()) state.SkipWithError("a packet was refused");
}

// ---- a login ----

/// From the moment at which the Open Session Request is due to the moment at which RAKP 4 has been believed: six
/// datagrams, both machines. The rest of a login and the logout run between the timed parts.
template <rmcpp::crypto::backend B> void handshake(benchmark::State& state, std::uint8_t suite) {
  using clock = std::chrono::steady_clock;
  machines<B> m(suite);
  std::array<std::uint8_t, 1024> out{}, reply{};
  const auto step = [&] {
    const auto n = m.console.poll_transmit(out, m.now);
    const auto r = m.bmc.feed({}, rmcpp::mutable_bytes(out).first(n.size), reply, m.now);
    while (m.bmc.next_event()) {
    }
    return n && r && m.console.feed(rmcpp::mutable_bytes(reply).first(*r), m.now);
  };
  for (auto _ : state) {
    m.now = m.now + rmcpp::milliseconds{1};
    bool fine = m.console.start(m.now) && step() && m.console.state() == console_state::open_session;
    const auto begun = clock::now();
    fine = fine && step() && step() && step();
    const auto done = clock::now();
    typename machines<B>::outcome o;
    fine = fine && m.console.state() == console_state::set_privilege && m.settle(o, [](rmcpp::bytes, bool) {}) &&
           m.console.state() == console_state::active && m.logout();
    while (m.console.next_event()) {
    }
    if (!fine) return state.SkipWithError("no login");
    state.SetIterationTime(std::chrono::duration<double>(done - begun).count());
  }
}

template <rmcpp::crypto::backend B> bool handshake_works(std::uint8_t suite) {
  machines<B> m(suite);
  const auto data = request_data(8);
  return m.login() && answers(m.exchange(data), data) && m.logout();
}

/// One side's cryptography of a login, as the machines run it: a console's at RAKP 2, where all of it falls. K1 and K2
/// are derived; loading them, which every session needs whatever made them, has a row of its own.
template <rmcpp::crypto::backend B> class login_crypto {
 public:
  explicit login_crypto(std::uint8_t suite) : suite_(*rmcpp::wire::find_suite(suite)) {
    transcript_.console_id = rmcpp::session_id{0x11223344};
    transcript_.managed_id = rmcpp::session_id{0x55667788};
    transcript_.console_random.fill(0x11);
    transcript_.managed_random.fill(0x22);
    transcript_.managed_guid.fill(0x5a);
    transcript_.role = rmcpp::role_byte{0x14};
    transcript_.name = "admin";
  }
  [[gnu::always_inline]] inline bool run() {
    benchmark::DoNotOptimize(transcript_);
    rmcpp::protect::login_key<B> kuid(crypto_, suite_.authentication, password_.reveal());
    const auto second = kuid.rakp2(transcript_);
    const auto third = kuid.rakp3(transcript_);
    const auto done = rmcpp::protect::finish_login(crypto_, kuid, kg_, suite_, transcript_, outcome_);
    second_ = *second;
    third_ = *third;
    benchmark::DoNotOptimize(outcome_);
    return second && third && done;
  }
  /// Loads the keys of a session.
  [[gnu::always_inline]] inline bool load() {
    benchmark::DoNotOptimize(outcome_);
    return keys_.load(crypto_, suite_, outcome_.keys, password_).has_value();
  }
  [[nodiscard]] const rmcpp::protect::rakp_transcript& transcript() const { return transcript_; }
  /// The codes of RAKP 2 and 3, SIK, RAKP 4's value, K1 and K2.
  [[nodiscard]] std::array<std::vector<std::uint8_t>, 6> codes() {
    const auto n = rmcpp::protect::rakp_code_size(suite_.authentication);
    const auto sik = rmcpp::protect::session_integrity_key(crypto_, suite_.authentication, password_, kg_, transcript_);
    const auto copy = [](rmcpp::bytes b) { return std::vector<std::uint8_t>(b.begin(), b.end()); };
    return {copy(second_),
            copy(third_),
            copy(sik->reveal()),
            copy(outcome_.rakp4),
            copy(outcome_.keys.k1.reveal().first(n)),
            copy(outcome_.keys.k2.reveal().first(n))};
  }

 private:
  B crypto_{};
  rmcpp::wire::cipher_suite suite_;
  rmcpp::user_key password_ = "secret";
  rmcpp::user_key kg_{};
  rmcpp::protect::rakp_transcript transcript_{};
  rmcpp::wire::rakp_code second_{};
  rmcpp::wire::rakp_code third_{};
  rmcpp::protect::login_outcome outcome_{};
  rmcpp::protect::session_keys<B> keys_{};
};

/// The same, by hand: the pads of each key hashed once, every message laid out in whole blocks.
template <class Hash> class login_floor : Hash {
 public:
  using octets = std::vector<std::uint8_t>;

  void run() {
    benchmark::DoNotOptimize(secret_);
    kuid_.load(*this, secret_.data(), secret_.size());
    mac(kuid_, messages_[0], tags_[0]);
    mac(kuid_, messages_[1], tags_[1]);
    mac(kuid_, messages_[2], tags_[2]);
    sik_.load(*this, tags_[2].data(), Hash::DIGESTSIZE);
    for (std::size_t i = 3; i < 6; ++i) mac(sik_, messages_[i], tags_[i]);
    benchmark::ClobberMemory();
  }
  /// The messages of the six HMACs are inputs here: in a login they are bytes that were received or drawn.
  explicit login_floor(const rmcpp::protect::rakp_transcript& t) {
    std::memcpy(secret_.data(), "secret", 6);
    std::array<std::uint8_t, 4> sidm{}, sidc{};
    rmcpp::core::store_le32(sidm.data(), to_integer(t.console_id));
    rmcpp::core::store_le32(sidc.data(), to_integer(t.managed_id));
    const std::array<std::uint8_t, 2> role{t.role.value, static_cast<std::uint8_t>(t.name.size())};
    const rmcpp::bytes rm(t.console_random), rc(t.managed_random), guid(t.managed_guid), name(t.name.view());
    const std::array<std::uint8_t, 20> one = filled(1), two = filled(2);
    messages_ = {lay_out({sidm, sidc, rm, rc, guid, role, name}),
                 lay_out({rc, sidm, role, name}),
                 lay_out({rm, rc, role, name}),
                 lay_out({rm, sidc, guid}),
                 lay_out({one}),
                 lay_out({two})};
  }
  [[nodiscard]] rmcpp::bytes tag(std::size_t i) const {
    return {reinterpret_cast<const std::uint8_t*>(tags_[i].data()), Hash::DIGESTSIZE};
  }

 private:
  using word = CryptoPP::word32;
  using digest = std::array<word, 8>;
  struct key {
    alignas(16) digest inner{};
    alignas(16) digest outer{};
    template <class Secret> void load(login_floor& h, const Secret* secret, std::size_t size) {
      alignas(16) std::array<std::uint8_t, 64> padded{}, pad{};
      std::memcpy(padded.data(), secret, size);
      for (auto [with, to] : {std::pair{0x36, &inner}, std::pair{0x5c, &outer}}) {
        for (std::size_t i = 0; i < pad.size(); ++i) pad[i] = static_cast<std::uint8_t>(padded[i] ^ with);
        Hash::InitState(h.m_state);
        h.HashMultipleBlocks(reinterpret_cast<const word*>(pad.data()), pad.size());
        std::memcpy(to->data(), h.m_state, Hash::DIGESTSIZE);
      }
    }
  };

  static std::array<std::uint8_t, 20> filled(std::uint8_t with) {
    std::array<std::uint8_t, 20> a{};
    a.fill(with);
    return a;
  }
  static octets lay_out(std::initializer_list<rmcpp::bytes> parts) {
    octets m;
    for (const auto part : parts) m.insert(m.end(), part.begin(), part.end());
    const std::uint64_t bits = (m.size() + 64) * 8;
    m.push_back(0x80);
    m.resize((m.size() + 8 + 63) / 64 * 64);
    for (std::size_t i = 0; i < 8; ++i) m[m.size() - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
    return m;
  }
  void mac(const key& k, const octets& message, digest& to) {
    std::memcpy(this->m_state, k.inner.data(), Hash::DIGESTSIZE);
    Hash::HashMultipleBlocks(reinterpret_cast<const word*>(message.data()), message.size());
    alignas(16) std::array<word, 16> last{};
    std::memcpy(last.data(), this->m_state, Hash::DIGESTSIZE);
    last[Hash::DIGESTSIZE / 4] = 0x80000000;
    last[15] = (64 + Hash::DIGESTSIZE) * 8;
    std::memcpy(this->m_state, k.outer.data(), Hash::DIGESTSIZE);
    Hash::Transform(this->m_state, last.data());
    for (std::size_t i = 0; i < Hash::DIGESTSIZE / 4; ++i) to[i] = __builtin_bswap32(this->m_state[i]);
  }

  std::array<std::uint8_t, 20> secret_{};
  key kuid_{};
  key sik_{};
  std::array<octets, 6> messages_{};
  std::array<digest, 6> tags_{};
};

template <rmcpp::crypto::backend B> void handshake_crypto(benchmark::State& state, std::uint8_t suite) {
  login_crypto<B> login(suite);
  benchmark::IterationCount done = 0;
  for (auto _ : state) done += login.run() ? 1 : 0;
  if (done != state.iterations()) state.SkipWithError("the backend failed");
}

/// K1 and K2 made ready for a session's packets.
template <rmcpp::crypto::backend B> void session_keys_load(benchmark::State& state, std::uint8_t suite) {
  login_crypto<B> login(suite);
  bool fine = login.run();
  for (auto _ : state) fine = login.load() && fine;
  if (!fine) state.SkipWithError("the backend failed");
}

// ---- rows ----

template <class Hash> void add_login_floor(std::uint8_t suite) {
  login_crypto<rmcpp::cryptopp_backend> reference(suite);
  login_floor<Hash> floor(reference.transcript());
  bool right = reference.run();
  floor.run();
  const auto codes = reference.codes();
  for (std::size_t i = 0; i < 6; ++i) right = right && std::ranges::equal(floor.tag(i), codes[i]);
  if (!right) {
    failed("floor", suite, 0, "other codes of a login than the library's");
    return;
  }
  add(row("session/handshake_crypto/suite", int{suite}, "/floor"),
      [transcript = reference.transcript()](benchmark::State& state) {
        login_floor<Hash> login(transcript);
        for (auto _ : state) login.run();
      });
}

template <rmcpp::crypto::backend B> void add_backend(std::uint8_t suite) {
  const std::string tail = row("/suite", int{suite}, "/", backend_name<B>);
  if (!handshake_works<B>(suite) || !login_crypto<B>(suite).run()) {
    failed(backend_name<B>, suite, 0, "a login fails");
    return;
  }
  benchmark::RegisterBenchmark(("session/handshake" + tail).c_str(), handshake<B>, suite)->UseManualTime();
  add("session/handshake_crypto" + tail, [=](benchmark::State& s) { handshake_crypto<B>(s, suite); });
  add("session/session_keys_load" + tail, [=](benchmark::State& s) { session_keys_load<B>(s, suite); });
  // A console's request holds 255 bytes of data at most, which rules 1024 out.
  for (const std::size_t n : {8u, 16u, 64u, 256u}) {
    sealed_pair<B> pair(suite, n);
    if (!exchange_works<B>(suite, n)) {
      failed(backend_name<B>, suite, n, "an exchange fails");
    } else if (!pair.run() || !pair.run() || !pair.intact()) {
      failed(backend_name<B>, suite, n, "what was sealed does not open");
    } else {
      add(row("session/exchange/", n, tail), [=](benchmark::State& s) { exchange<B>(s, suite, n); });
      add(row("session/seal_open/", n, tail), [=](benchmark::State& s) { seal_open<B>(s, suite, n); });
    }
  }
}

// ---- sizes ----

/// Bytes of heap for a backend's first session, and for each further one.
template <rmcpp::crypto::backend B> std::array<std::size_t, 2> heap_of_sessions() {
  B crypto{};
  std::array<rmcpp::protect::session_keys<B>, 2> keys;
  std::array<std::size_t, 2> held{};
  const std::array<std::uint8_t, 20> sik{};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto before = heap_in_use();
    if (keys[i].load(crypto, *rmcpp::wire::find_suite(3), sik, {})) held[i] = heap_in_use() - before;
  }
  return held;
}

template <rmcpp::crypto::backend B> struct following {
  using traits = rmcpp::follower_traits;
  B crypto{};
};

template <rmcpp::crypto::backend B> void add_sizes() {
  const auto add_size = [](const char* what, std::size_t bytes) {
    benchmark::AddCustomContext(row("bytes/", what, "/", backend_name<B>), std::to_string(bytes));
  };
  // Backend and entropy source are shared, hence references, and not counted.
  add_size("console", sizeof(typename machines<B>::console_type));
  add_size("bmc", sizeof(typename machines<B>::bmc_type));
  add_size("session_keys", sizeof(rmcpp::protect::session_keys<B>));
  add_size("bmc_session", sizeof(rmcpp::detail::managed_session<B, address, rmcpp::bmc_traits>));
  add_size("follower_session", sizeof(typename rmcpp::follower<following<B>>::session));
  const auto heap = heap_of_sessions<B>();
  add_size("heap_of_first_session", heap[0]);
  add_size("heap_of_session", heap[1]);
}

}  // namespace

void add_session() {
#ifdef __clang__
  benchmark::AddCustomContext("compiler", row("Clang ", __clang_major__, ".", __clang_minor__));
#else
  benchmark::AddCustomContext("compiler", row("GCC ", __GNUC__, ".", __GNUC_MINOR__));
#endif
  add_sizes<rmcpp::cryptopp_backend>();
  add_sizes<rmcpp::testing::null_backend>();
  add_login_floor<CryptoPP::SHA1>(3);
  add_login_floor<CryptoPP::SHA256>(17);
  for (const std::uint8_t suite : {std::uint8_t{3}, std::uint8_t{17}}) {
    add_backend<rmcpp::cryptopp_backend>(suite);
    add_backend<rmcpp::testing::null_backend>(suite);
  }
}

}  // namespace bench
