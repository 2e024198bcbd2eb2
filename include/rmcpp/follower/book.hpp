// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <rmcpp/follower/lru_table.hpp>
#include <rmcpp/follower/session.hpp>

namespace rmcpp::detail {

/// An Open Session Request that could not be read beyond its tag.
struct malformed_open {
  std::uint8_t tag = 0;
  std::uint64_t datagram = 0;  ///< number of the datagram; 0: another with this tag followed
};

/// What is said outside sessions between two addresses.
struct conversation_facts {
  std::uint64_t number = 0;
  open_requests requests{};
  bool message_auth_off = false;       ///< announced in Get Channel Authentication Capabilities
  wire::cipher_suite_reader suites{};  ///< the BMC's own list
  bool suites_listed = false;          ///< to its end
  std::uint8_t asked_chunk = not_asked;
  std::uint8_t next_chunk = 0;
  username challenged{};  ///< name in the last Get Session Challenge
  recent<malformed_open, 4> malformed_opens{};
  session_facts* login = nullptr;  ///< the login that began last
  std::uint32_t login_number = 0;  ///< by which it is known again if its place has been given away

  static constexpr std::uint8_t not_asked = 0xff;
};

/// The sessions and conversations that a follower remembers, and how they are found.
template <crypto::backend B, std::size_t Sessions, std::size_t Conversations> class session_book {
  static constexpr std::size_t max_same_id = 4;  ///< looked at under one id: newer sessions hide older ones

 public:
  using session = followed_session<B>;
  enum key : std::size_t { console_key, managed_key };

  static constexpr key key_of(direction d) noexcept { return d == direction::to_bmc ? managed_key : console_key; }

  /// The conversation with this number, new if it is not known.
  conversation_facts& talk(std::uint64_t number) noexcept {
    if (auto* known = conversation(number)) {
      conversations_.touch(*known);
      return *known;
    }
    conversation_facts& c = conversations_.acquire();
    c = {};
    c.number = number;
    conversations_.file(c, 0, number);
    return c;
  }

  /// The newest session of the conversation with this id that `accept` takes, or null.
  template <class F>
  session* find(const conversation_facts& c, key k, session_id id, F&& accept,
                std::size_t limit = max_same_id) noexcept {
    if (id == session_id::none) return nullptr;
    return sessions_.find(
        k, filed_under(c.number, id),
        [&](session& s) { return s.conversation == c.number && id_of(s, k) == id && accept(s); }, limit);
  }
  /// Likewise, however many newer ones have the same id: nobody can hide a session behind others.
  template <class F> session* find_among_all(const conversation_facts& c, key k, session_id id, F&& accept) noexcept {
    return find(c, k, id, accept, Sessions);
  }
  session* newest(const conversation_facts& c, key k, session_id id) noexcept {
    return find(c, k, id, [](const session& s) { return !s.v15; });
  }
  static bool logging_in(const session& s) noexcept { return !s.v15 && s.stage == followed_stage::login; }
  /// The session that was begun with these given keys and whose `k` is not known yet, or null.
  session* half_known(const conversation_facts& c, key k, std::uint8_t given) noexcept {
    for (auto& s : sessions_)
      if (s.given == given && s.conversation == c.number && id_of(s, k) == session_id::none) return &s;
    return nullptr;
  }
  /// The last login of a conversation while it still goes on, or null.
  static session* pending(const conversation_facts& c) noexcept {
    auto* s = static_cast<session*>(c.login);
    return s && s->number == c.login_number && s->stage == followed_stage::login ? s : nullptr;
  }

  session& begin(B& b, const conversation_facts& c) noexcept {
    session& s = sessions_.acquire();
    s.reset(b);
    s.number = ++begun_;
    s.conversation = c.number;
    return s;
  }
  session& begin_login(B& b, conversation_facts& c) noexcept {
    session& s = begin(b, c);
    c.login = &s;
    c.login_number = s.number;
    return s;
  }
  void set_id(session& s, key k, session_id id) noexcept {
    (k == managed_key ? s.managed_id : s.console_id) = id;
    sessions_.file(s, k, filed_under(s.conversation, id));
  }
  /// For the lookup of IPMI v1.5 activation under its temporary id: `console_key`.
  void set_temporary_id(session& s, session_id id) noexcept {
    s.temporary_id = id;
    sessions_.file(s, console_key, filed_under(s.conversation, id));
  }
  /// One of its datagrams was heard. `proven`: with a right authentication code. A session that was proven once, and
  /// its conversation, give way after others; then it takes such a code to move to the front.
  void heard(const session& s, bool proven) noexcept {
    if (!proven) {
      if (!sessions_.is_preferred(s) || !s.has_codes()) sessions_.touch(s);
      return;
    }
    sessions_.prefer(s);
    const auto* c = conversation(s.conversation);
    if (c) conversations_.prefer(*c);
  }

  void forget_keys(B& b) noexcept {
    for (auto& s : sessions_) s.keys.unload(b);
  }
  [[nodiscard]] std::uint32_t begun() const noexcept { return begun_; }
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return sessions_.given_away(); }

 private:
  static constexpr std::uint64_t filed_under(std::uint64_t conversation, session_id id) noexcept {
    return (conversation + to_integer(id)) * 0xff51afd7ed558ccdu + to_integer(id);
  }
  static session_id id_of(const session& s, key k) noexcept {
    return k == managed_key ? s.managed_id : s.v15 ? s.temporary_id : s.console_id;
  }
  conversation_facts* conversation(std::uint64_t number) noexcept {
    return conversations_.find(0, number, [&](const conversation_facts& c) { return c.number == number; });
  }

  lru_table<session, Sessions, 2> sessions_{};
  lru_table<conversation_facts, Conversations, 1> conversations_{};
  std::uint32_t begun_ = 0;
};

}  // namespace rmcpp::detail
