// SPDX-License-Identifier: BSL-1.0
// Fuzz target of protect/, on Crypto++. Input: a bit that chooses packet or window, then what these read. Beside what
// the sanitizers see:
// - a plan's parts follow one another and end within max_datagram_for();
// - what seal() made, open() gives back, once, under its own keys only; and nothing that was changed anywhere, the RMCP
//   header's reserved byte aside, where there is integrity;
// - changed under a right code, it is opened only if its trailer and its pad are those of the specification;
// - seal() keeps within its buffer, and does what seal_batch() does;
// - the replay window is that of a set of all numbers accepted.
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/batch.hpp>

#include <set>

#include "input.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::protect;
using fuzz::octets;
using fuzz::require;
using engine = cryptopp_backend;

// ---- the replay window ----

/// Keeps every number, in 64 bits, where nothing goes round.
class naive_window {
 public:
  explicit naive_window(std::uint32_t first) : highest_(std::int64_t{first} - 1), begin_(highest_) {}

  [[nodiscard]] std::uint32_t highest() const { return static_cast<std::uint32_t>(highest_); }
  [[nodiscard]] errc check(std::uint32_t number, window_rule rule) const {
    const std::int64_t at = place_of(number);
    if (number == 0 || at < highest_ - rule.behind) return errc::outside_window;
    if (rule.ahead != window_rule::any && at > highest_ + rule.ahead) return errc::outside_window;
    return at <= begin_ || seen_.contains(at) ? errc::replayed : errc::ok;
  }
  void accept(std::uint32_t number) {
    const std::int64_t at = place_of(number);
    seen_.insert(at);
    highest_ = std::max(highest_, at);
  }

 private:
  [[nodiscard]] std::int64_t place_of(std::uint32_t number) const {
    return highest_ + static_cast<std::int32_t>(number - highest());
  }
  std::int64_t highest_;
  std::int64_t begin_;
  std::set<std::int64_t> seen_;
};

void check_window(fuzz::script& s) {
  const std::uint32_t first = s.le32();
  replay_window window(first);
  naive_window model(first);
  std::uint32_t number = first;
  constexpr window_rule widest{31, 200};
  for (int steps = 0; s.more() && steps < 200; ++steps) {
    const std::uint8_t how = s.byte();
    switch (how & 3) {
      case 0: break;  // the same again
      case 1: number = model.highest() + 1; break;
      case 2: number = model.highest() + static_cast<std::uint32_t>(static_cast<std::int8_t>(s.byte())); break;
      default: number = s.le32();
    }
    constexpr window_rule rules[] = {window_rule::any_forward, window_rule::strict, window_rule::v15, widest};
    const window_rule rule = rules[how >> 2 & 3];
    const errc expected = model.check(number, rule);
    require(window.check(number, rule).error() == expected);
    const bool genuine = (how & 0x10) == 0;
    if (expected == errc::ok && genuine) {
      window.accept(number);
      model.accept(number);
      require(window.check(number, rule).error() == errc::replayed);
    }
    require(window.highest() == model.highest());
    for (std::uint32_t behind = 0; behind <= 32; ++behind) {
      const std::uint32_t old = window.highest() - behind;
      require(window.check(old, widest).error() == model.check(old, widest));
    }
  }
}

// ---- packets ----

void check_plan(const packet_plan& p, wire::payload_byte kind, std::size_t code_size) {
  require(p.message == message_offset(kind) && p.message >= p.payload());
  require(p.message + p.message_size <= p.payload_end() && p.payload_end() <= p.total);
  require(p.total <= max_datagram_for(p.message_size));
  if (kind.encrypted()) {
    require(p.cipher_pad < 16 && p.payload_length % 16 == 0);
    require(p.message + p.message_size + p.cipher_pad + 1 == p.payload_end());
  } else {
    require(p.payload_length == p.message_size);
  }
  if (!kind.authenticated()) return require(p.total == p.payload_end());
  require(p.integrity_pad < 4 && (p.authcode - wire::rmcp_header::size) % 4 == 0);
  require(p.payload_end() + p.integrity_pad + 2 == p.authcode && p.authcode + code_size == p.total);
}

/// What open() took under a right code, read once more by the letter of 13.28.4 and 13.29, and its known lenience: four
/// bytes of integrity pad and sixteen of confidentiality pad, as OpenBMC sends.
void check_shape(const wire::seen& packet, bytes message, std::size_t code_size) {
  const bytes all = packet.datagram;
  std::size_t end = all.size();
  if (packet.kind.authenticated()) {
    require(all.size() >= packet.payload_at + packet.payload_size + code_size + 2);
    end -= code_size;
    const std::size_t pad = all[end - 2];
    require(all[end - 1] == 0x07 && pad <= 4);
    end -= 2 + pad;
    for (std::size_t i = 0; i < pad; ++i) require(all[end + i] == 0xff);
  }
  require(end == packet.payload_at + packet.payload_size);
  if (!packet.kind.encrypted()) return require(core::equal(message, packet.payload()));
  const std::size_t pad = all[end - 1];
  require(packet.payload_size % 16 == 0 && packet.payload_size >= 32 && pad <= 16);
  require(message.data() == &all[packet.payload_at + 16] && message.size() + 17 + pad == packet.payload_size);
  for (std::size_t i = 0; i < pad; ++i) require(all[end - 1 - pad + i] == i + 1);
}

struct sender {
  engine crypto{};
  session_keys<engine> keys{};

  /// The keys of a session whose secrets are made of one byte.
  sender(const wire::cipher_suite& suite, std::uint8_t secret) {
    std::array<std::uint8_t, crypto::max_tag_size> sik{};
    sik.fill(secret);
    user_key password;
    core::fill(password.reveal(), secret);
    const auto size = rakp_code_size(suite.authentication);
    require(keys.load(crypto, suite, bytes(sik).first(size), password).has_value());
  }
  ~sender() { keys.unload(crypto); }

  /// Opens it as the first packet of a session, at its own number.
  result<opened> open_first(octets& datagram, std::uint32_t number, bool encrypted, wire::seen& packet) {
    const auto seen = wire::look(datagram);
    packet = *seen;
    if (!seen) return seen.error();
    replay_window window(number);
    const auto o = open(crypto, keys, window, packet, {.encrypted = encrypted});
    require(o ? window.highest() == packet.sequence : window.highest() == number - 1);
    return o;
  }
};

void check_packet(fuzz::script& s) {
  const auto& suite = wire::standard_suites[s.byte() % wire::standard_suites.size()];
  if (!supports<engine>(suite)) return;
  sender one(suite, 1);
  const std::size_t code_size = authcode_size(suite.integrity);
  const std::uint8_t how = s.byte();
  const wire::payload_byte kind{s.byte()};
  const std::uint8_t size_byte = s.byte();
  // The longest that there are are slow: seldom.
  const std::size_t size = how >= 0xf0 ? 0xffd0u + size_byte / 4 : (how & 2) != 0 ? size_byte * 4u : size_byte;
  const wire::session_header_v2 header{.payload = kind,
                                       .oem_iana = s.le16(),
                                       .oem_payload_id = s.le16(),
                                       .id = session_id{s.le32()},
                                       .sequence = s.le32()};
  const packet_plan p = plan(kind, suite.integrity, size);
  check_plan(p, kind, code_size);

  // Behind the datagram there are up to 64 bytes of scratch, and others that are not seal()'s.
  const std::size_t slack = s.byte() % 96;
  octets room(p.total + slack, 0xa5);
  octets message(size);
  for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::uint8_t>(i * how + size_byte);
  core::copy(message, mutable_bytes(room).subspan(p.message));
  crypto::block iv{};
  core::copy(s.take(16), iv);
  octets batched = room;
  octets small(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(p.total) - 1);
  require(seal(one.crypto, one.keys, header, p, iv, small).error() == errc::buffer_too_small);
  const auto n = seal(one.crypto, one.keys, header, p, iv, room);
  std::array<seal_job<engine>, 1> jobs{{{&one.keys, header, p, iv, batched}}};
  seal_batch<engine>(one.crypto, jobs);
  require(jobs[0].done.error() == n.error());
  const bool lacking =
      (kind.encrypted() && !one.keys.encrypts()) || (kind.authenticated() && !one.keys.authenticates());
  if (p.payload_length > 0xffff) return require(n.error() == errc::too_long);
  if (lacking) return require(n.error() == errc::invalid_argument);
  require(n.has_value() && *n == p.total);
  for (std::size_t i = p.total + seal_slack; i < room.size(); ++i) require(room[i] == 0xa5 && batched[i] == 0xa5);
  room.resize(p.total);
  batched.resize(p.total);
  require(room == batched);

  wire::seen packet;
  octets copied = room;
  const auto o = one.open_first(copied, header.sequence, kind.encrypted(), packet);
  if (p.payload_length == 0) return require(o.error() == errc::bad_length);
  if (one.keys.authenticates() && !kind.authenticated()) return require(o.error() == errc::not_authenticated);
  if (header.sequence == 0) return require(o.error() == errc::outside_window);
  require(o.has_value() && o->type() == kind.type() && !o->repeated() && core::equal(o->message(), message));
  require(packet.id == header.id && packet.sequence == header.sequence && packet.kind == kind);
  check_shape(packet, o->message(), code_size);

  replay_window window(header.sequence);
  window.accept(header.sequence);
  copied = room;
  const auto again = wire::look(copied);
  require(open(one.crypto, one.keys, window, *again, {.encrypted = kind.encrypted()}).error() == errc::replayed);
  const auto told =
      open(one.crypto, one.keys, window, *again, {.encrypted = kind.encrypted(), .seen_before = repeats::tell});
  require(told.has_value() == kind.authenticated() && told->repeated() == kind.authenticated());

  if (one.keys.authenticates()) {
    sender other(suite, 2);
    copied = room;
    require(other.open_first(copied, header.sequence, kind.encrypted(), packet).error() == errc::bad_authcode);
  }

  octets spoilt = room;
  s.spoil(spoilt);
  if (spoilt.size() > 1) spoilt[1] = room[1];
  if (spoilt == room) return;
  const bool right_code = (how & 4) != 0 && spoilt.size() >= wire::rmcp_header::size + code_size;
  if (right_code && one.keys.authenticates()) {
    const auto to = mutable_bytes(spoilt).last(code_size);
    const std::array<bytes, 1> covered{
        bytes(spoilt).subspan(wire::rmcp_header::size, spoilt.size() - code_size - wire::rmcp_header::size)};
    require(one.keys.sign(one.crypto, covered, to).has_value());
  }
  const auto spoilt_open = one.open_first(spoilt, header.sequence, kind.encrypted(), packet);
  if (!spoilt_open) return require(is_drop(spoilt_open.error()));
  require(right_code || !one.keys.authenticates());
  require(packet.kind.authenticated() == one.keys.authenticates() && packet.kind.encrypted() == kind.encrypted());
  check_shape(packet, spoilt_open->message(), code_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::script s(bytes(data, size));
  (s.byte() & 1) != 0 ? check_window(s) : check_packet(s);
  return 0;
}
