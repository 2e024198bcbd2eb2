// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/core/hash.hpp>
#include <rmcpp/follower/observation.hpp>
#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/session_v15.hpp>

/// \file
/// What a follower keeps about one session: its login, its two directions, the requests not yet answered.

namespace rmcpp::detail {

/// Remembers the last N values, the oldest gives way.
template <class T, std::size_t N> class recent {
 public:
  constexpr void add(const T& v) noexcept {
    values_[next_] = v;
    next_ = static_cast<std::uint8_t>((next_ + 1) % N);
    if (size_ < N) ++size_;
  }
  /// As add(), but what gives way is the oldest value that `spare` does not accept, if there is one.
  template <class F> constexpr void add_sparing(const T& v, F&& spare) noexcept {
    const auto by_age = [&](std::size_t n) -> T& { return values_[(next_ + n) % N]; };
    if (size_ == N) {
      std::size_t gap = 0;
      while (gap < N && spare(by_age(gap))) ++gap;
      if (gap < N)
        for (; gap != 0; --gap) by_age(gap) = by_age(gap - 1);
    }
    add(v);
  }
  /// The newest value that `f` accepts, or null.
  template <class F> constexpr T* find(F&& f) noexcept {
    for (std::size_t n = 1; n <= size_; ++n) {
      T& v = values_[(next_ + N - n) % N];
      if (f(v)) return &v;
    }
    return nullptr;
  }
  [[nodiscard]] constexpr bool has(const T& v) const noexcept {
    for (std::size_t n = 0; n < size_; ++n)
      if (values_[n] == v) return true;
    return false;
  }
  [[nodiscard]] constexpr T* newest() noexcept {
    return find([](const T&) { return true; });
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  constexpr void clear() noexcept { size_ = 0; }

 private:
  static_assert(N >= 1 && N <= 255);
  std::array<T, N> values_{};
  std::uint8_t next_ = 0;
  std::uint8_t size_ = 0;
};

/// One direction's session sequence numbers and initialisation vectors. Judges, and takes every number in.
class sequence_judge {
 public:
  /// How far from the highest number a receiver still accepts: 16 behind and 15 ahead (6.12.13), v1.5 8 (6.12.11).
  struct window {
    std::int32_t behind;
    std::int32_t ahead;
  };
  static constexpr window v2{16, 15};
  static constexpr window v15{8, 8};

  /// From a login that was seen the first number is known; 0: any may come first.
  constexpr void begin(std::uint32_t first) noexcept {
    *this = {};
    first_ = first;
  }

  /// Takes in a packet whose authentication code, if any, was right. `digest` tells packets of one number apart.
  /// Returns whether the packet is a mere repeat, byte for byte.
  constexpr bool judge(std::uint32_t number, std::uint64_t digest, window w, finding_list& findings) noexcept {
    const seen_number now{number, digest};
    const bool repeat = numbers_.has(now);
    const bool reused = numbers_.find([&](const seen_number& n) { return n.number == number; }) != nullptr;
    if (!repeat) numbers_.add(now);
    if (repeat && number != 0) findings.add(finding::repeated_datagram);
    if (number == 0) {
      findings.add(finding::sequence_zero, 0, started_ ? next() : first_);
      return repeat;
    }
    if (!started_) {
      started_ = true;
      highest_ = number;
      if (first_ != 0 && number != first_) findings.add(finding::first_sequence, number, first_);
      return repeat;
    }
    if (!repeat) judge_place(number, reused, w, findings);
    return repeat;
  }

  [[nodiscard]] constexpr bool has_iv(bytes iv) const noexcept { return ivs_.has(core::content_digest(iv)); }
  /// Whether an initialisation vector is new; takes it in.
  constexpr bool fresh_iv(bytes iv) noexcept {
    const std::uint64_t v = core::content_digest(iv);
    if (ivs_.has(v)) return false;
    ivs_.add(v);
    return true;
  }

 private:
  struct seen_number {
    std::uint32_t number = 0;
    std::uint64_t digest = 0;
    friend constexpr bool operator==(const seen_number&, const seen_number&) noexcept = default;
  };

  /// Where the number stands to the highest one, which it may become.
  constexpr void judge_place(std::uint32_t number, bool reused, window w, finding_list& findings) noexcept {
    const auto distance = static_cast<std::int32_t>(number - highest_);
    if (reused) {
      findings.add(finding::sequence_reused, number, next());
    } else if (distance < -w.behind) {
      findings.add(finding::sequence_behind, number, next());
    } else if (distance < 0) {
      findings.add(finding::out_of_order, number, next());
    } else if (distance > w.ahead) {
      findings.add(finding::sequence_ahead, number, next());
    }
    if (distance > 0) highest_ = number;
  }
  [[nodiscard]] constexpr std::uint32_t next() const noexcept { return highest_ + 1 == 0 ? 1 : highest_ + 1; }

  recent<seen_number, v2.behind + 1> numbers_{};
  recent<std::uint64_t, 8> ivs_{};
  std::uint32_t first_ = 0;
  std::uint32_t highest_ = 0;
  bool started_ = false;
};

/// Requests that an answer may still come for.
class open_requests {
 public:
  constexpr void asked(const wire::lan_request& rq, std::uint64_t datagram) noexcept {
    asked_.add({datagram, rq.target.fn(), rq.sequence.sequence(), rq.command});
    if (rq.target.fn() == net_fn::app && rq.command == send_message) bridging_ = true;
  }
  /// The number of the datagram that a response answers; 0 if none of the last requests asked for it.
  [[nodiscard]] constexpr std::uint64_t answered(const wire::lan_response& rs) noexcept {
    const auto* rq = asked_.find([&](const request& r) {
      return r.sequence == rs.sequence.sequence() && r.fn == rs.target.fn() && r.command == rs.command;
    });
    return rq ? rq->datagram : 0;
  }
  /// Whether an answer to none of them is strange: not before the first, and a bridged answer is another's.
  [[nodiscard]] constexpr bool complete() const noexcept { return asked_.size() > 0 && !bridging_; }

 private:
  static constexpr std::uint8_t send_message = 0x34;
  struct request {
    std::uint64_t datagram = 0;
    net_fn fn{};
    std::uint8_t sequence = 0;
    std::uint8_t command = 0;
  };
  recent<request, 16> asked_{};
  bool bridging_ = false;
};

/// Suspend/Resume Payload Encryption, App 55h (IPMI v2.0, 24.3), for IPMI messages.
class payload_encryption {
 public:
  static constexpr std::uint8_t suspend = 0;
  static constexpr std::uint8_t resume = 1;

  constexpr void asked(std::uint8_t operation, wire::seq_lun sequence) noexcept {
    if (operation != suspend && operation != resume) return;
    asked_.add({operation, sequence.sequence()});
    suspending_ = operation == suspend;
  }
  constexpr void answered(wire::seq_lun sequence, bool ok) noexcept {
    const auto* rq = asked_.find([&](const request& r) { return r.sequence == sequence.sequence(); });
    if (!rq) return;
    suspending_ = false;
    if (ok) suspended_ = rq->operation == suspend;
  }
  /// Whether a message may be unencrypted: while encryption is suspended, and from the BMC as soon as it was asked to.
  [[nodiscard]] constexpr bool off(bool from_bmc) const noexcept { return suspended_ || (suspending_ && from_bmc); }

 private:
  struct request {
    std::uint8_t operation = 0;
    std::uint8_t sequence = 0;
  };
  recent<request, 4> asked_{};
  bool suspending_ = false;
  bool suspended_ = false;
};

/// One exchange of random numbers within a login. Retries make more than one.
struct rakp_exchange {
  protect::rakp_transcript transcript{};
  recent<std::uint8_t, 4> tags{};    ///< of its RAKP 1
  std::uint64_t rakp1_datagram = 0;  ///< number of the datagram; 0: not seen
  std::uint64_t rakp2_datagram = 0;  ///< likewise
  wire::rakp_code rakp2{};           ///< as received
  bool rakp2_bad = false;            ///< its code is wrong under every password known
  bool proven = false;               ///< its code is right under one

  [[nodiscard]] constexpr bool complete() const noexcept { return rakp1_datagram != 0 && rakp2_datagram != 0; }
  /// Whether a RAKP 1 with this tag was seen.
  [[nodiscard]] constexpr bool asked(std::uint8_t tag) const noexcept { return rakp1_datagram != 0 && tags.has(tag); }
  /// Takes in an answer to it, in a login of these ids.
  constexpr void answer(const wire::rakp2& m, session_id console_id, session_id managed_id) noexcept {
    rakp2 = m.code;
    transcript.console_id = console_id;
    transcript.managed_id = managed_id;
    transcript.managed_random = m.managed_random;
    transcript.managed_guid = m.managed_guid;
  }
};

/// How far a session has come.
enum class followed_stage : std::uint8_t {
  login,   ///< session setup is going on
  active,  ///< packets within the session
  closed,  ///< Close Session was answered
};

/// What is known of one session, RMCP+ or v1.5, beside its keys.
struct session_facts {
  static constexpr std::uint8_t not_given = 0xff;

  std::uint32_t number = 0;  ///< counted from 1 in the order of their beginning
  std::uint64_t conversation = 0;
  bool v15 = false;
  followed_stage stage{};
  session_id console_id{};         ///< SIDm: in packets to the console; v1.5: in both directions. 0: not seen
  session_id managed_id{};         ///< SIDc: in packets to the BMC. 0: not seen
  std::uint8_t user = not_given;   ///< index of the credentials that fit
  std::uint8_t given = not_given;  ///< index of the given keys that fit
  bool closing = false;            ///< its own Close Session Request was seen

  // RMCP+ session setup.
  std::uint64_t opened_datagram = 0;  ///< number of the last Open Session Request; 0: not seen
  recent<std::uint8_t, 4> open_tags{};
  wire::open_session_request proposal{};
  bool answered = false;       ///< the Open Session Response was seen
  bool suite_known = false;    ///< by the response, the proposal or given keys
  wire::cipher_suite suite{};  ///< its id is no_suite_id if it is no standard one
  recent<rakp_exchange, 4> exchanges{};
  std::uint64_t rakp3_datagram = 0;
  recent<std::uint8_t, 4> rakp3_tags{};
  bool rakp3_right = false;    ///< a RAKP 3 had the right code, and RAKP 2 before it
  bool rakp3_wrong = false;    ///< a RAKP 3 had a wrong code
  bool accepted = false;       ///< a RAKP 4 without an error was seen
  std::uint8_t key_tries = 0;  ///< packets that no known secret could verify

  // IPMI v1.5 activation.
  wire::auth_type activated = wire::auth_type::none;
  session_id temporary_id{};             ///< of its activation; 0: not seen
  std::uint64_t activated_datagram = 0;  ///< number of its Activate Session Response; 0: not seen
  std::uint64_t activate_request = 0;    ///< digest of its data, to tell repeats from others
  std::uint64_t activate_response = 0;   ///< likewise
  bool activation_seen = false;
  username name{};
  bool name_known = false;

  // Packets within the session.
  bool keyed = false;
  sequence_judge to_bmc{};
  sequence_judge to_console{};
  open_requests requests{};
  payload_encryption encryption{};

  /// A RAKP exchange joins in: one that was proven gives way last.
  constexpr rakp_exchange& add_exchange(const rakp_exchange& e) noexcept {
    exchanges.add_sparing(e, [](const rakp_exchange& x) { return x.proven; });
    return *exchanges.newest();
  }
  /// Whether the login came as far as RAKP 3.
  [[nodiscard]] constexpr bool went_on() const noexcept {
    return stage != followed_stage::login || rakp3_datagram != 0 || accepted;
  }
  /// The login came through: both sides count from 1.
  constexpr void activate() noexcept {
    stage = followed_stage::active;
    to_bmc.begin(1);
    to_console.begin(1);
  }
  [[nodiscard]] constexpr sequence_judge& judge(direction d) noexcept {
    return d == direction::to_bmc ? to_bmc : to_console;
  }
  /// Whether an initialisation vector is new in both directions, which share a key; takes it in.
  constexpr bool fresh_iv(direction d, bytes iv) noexcept {
    return judge(d).fresh_iv(iv) && !(d == direction::to_bmc ? to_console : to_bmc).has_iv(iv);
  }
};

template <crypto::backend B> struct followed_session : session_facts {
  protect::session_keys<B> keys{};

  /// Whether its packets have authentication codes.
  [[nodiscard]] bool has_codes() const noexcept {
    return v15 ? activated != wire::auth_type::none : keys.authenticates();
  }
  void reset(B& b) noexcept {
    keys.unload(b);
    static_cast<session_facts&>(*this) = {};
  }
};

}  // namespace rmcpp::detail
