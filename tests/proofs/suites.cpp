// SPDX-License-Identifier: BSL-1.0
// Lists of cipher suites as they are written and read, and how each side settles on one.
#include "proof.hpp"

#include <rmcpp/session/suite_choice.hpp>

using namespace rmcpp;
using namespace rmcpp::wire;
using namespace rmcpp::proof;

namespace {

using aa = authentication_algorithm;
using ia = integrity_algorithm;
using ca = confidentiality_algorithm;

constexpr suite_list all_suites{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};

constexpr bool has(bytes list, std::uint8_t id) {
  for (const auto b : list)
    if (b == id) return true;
  return false;
}

/// The chunks of a list, one behind the other, as a BMC gives them.
constexpr std::size_t write_list(bytes suites, mutable_bytes out) {
  std::size_t n = 0;
  for (std::size_t index = 0;; ++index) {
    const auto chunk = cipher_suite_chunk(suites, index);
    n += core::copy(chunk, out.subspan(n));
    if (chunk.size() < 16) return n;
  }
}

/// Cut anywhere, a list is read as what it offers and no more.
constexpr bool list_survives(const suite_list& suites) {
  std::array<std::uint8_t, 128> all{};
  const std::size_t n = write_list(suites, all);
  demand(n == suites.size() * 5);
  for (std::size_t cut = 0; cut <= n; cut += n < 16 ? 1 : 7) {
    const storage first(bytes(all).first(cut));
    const storage second(bytes(all).subspan(cut, n - cut));
    cipher_suite_reader reader;
    reader.push(first);
    reader.push(second);
    reader.finish();
    demand(reader.empty() == suites.empty());
    for (unsigned id = 0; id <= 0xff; id += id < 32 ? 1 : 31)
      demand(reader.offers(static_cast<std::uint8_t>(id)) == has(suites, static_cast<std::uint8_t>(id)));
  }
  return true;
}

constexpr bool each_suite_survives() {
  for (const auto& s : standard_suites) demand(list_survives(suite_list(std::array<std::uint8_t, 1>{s.id})));
  return true;
}

/// Whatever a BMC says, and wherever its chunks begin.
constexpr bool chance_is_read() {
  random_numbers random;
  cipher_suite_reader reader;
  for (int i = 0; i < 2000; ++i) {
    // Starts of records, and numbers that a shift must not meet, more often than others.
    const std::uint32_t r = random.next();
    const std::array<std::uint8_t, 6> likely{0xc0, 0xc1, 0x00, 0x1f, 0x20, 0xff};
    const std::array<std::uint8_t, 1> next{r % 2 == 0 ? likely[(r >> 8) % likely.size()]
                                                      : static_cast<std::uint8_t>(r >> 16)};
    reader.push(next);
    if (r % 64 == 0) reader.finish();
  }
  return true;
}

/// No index and no id leads out of the tables.
constexpr bool chunks_end() {
  const std::array<std::uint8_t, 4> ids{17, 20, 0xff, 3};
  for (const bytes suites : {bytes(all_suites), bytes(ids), bytes{}}) {
    for (std::size_t index = 0; index <= cipher_suites_request::last_index; ++index) {
      const std::size_t before = index * 16 < suites.size() * 5 ? suites.size() * 5 - index * 16 : 0;
      demand(cipher_suite_chunk(suites, index).size() == (before < 16 ? before : 16));
      demand_readable(algorithm_chunk(suites, index));
    }
  }
  demand(algorithm_chunk(all_suites, 0).size() == 13 && algorithm_chunk(all_suites, 1).empty());
  for (unsigned id = 0; id <= 0xff; ++id)
    demand((find_suite(static_cast<std::uint8_t>(id)) != nullptr) == (id < standard_suites.size()));
  for (const auto& s : standard_suites) demand(find_suite(s.authentication, s.integrity, s.confidentiality) == &s);
  return true;
}

/// A backend, of which only what it supports is asked.
template <bool Md5, bool Aes> struct with {
  struct mac_key {};
  struct aes_key {};
  static constexpr bool supports(crypto::mac_id m) noexcept { return Md5 || m != crypto::mac_id::hmac_md5; }
  static constexpr bool supports(crypto::cipher_id) noexcept { return Aes; }
  status load(mac_key&, crypto::mac_id, bytes) noexcept;
  status load(aes_key&, bytes) noexcept;
  status sign(mac_key&, crypto::pieces, mutable_bytes) noexcept;
  status encrypt(aes_key&, const crypto::block&, mutable_bytes) noexcept;
  status decrypt(aes_key&, const crypto::block&, mutable_bytes) noexcept;
  void unload(mac_key&) noexcept;
  void unload(aes_key&) noexcept;
};

template <class Payload, class Algorithm> constexpr bool takes(const Payload& asked, Algorithm a) {
  return asked.is_any() || asked.algorithm == a;
}

/// Each proposal gets the first suite that has what it names, never suite 0 unless it names RAKP-none, or the status
/// that says which algorithm there is not.
template <class Backend> constexpr void demand_settled(const open_session_request& rq, const suite_list& list) {
  const cipher_suite* chosen = nullptr;
  const auto status = rmcpp::detail::negotiate<Backend>(rq, list, chosen);
  const bool authenticates = rq.authentication.is_any() || protect::supports<Backend>(rq.authentication.algorithm);
  const bool protects = rq.integrity.is_any() || protect::supports<Backend>(rq.integrity.algorithm);
  const bool encrypts = rq.confidentiality.is_any() || protect::supports<Backend>(rq.confidentiality.algorithm);
  demand((status == rakp_status::invalid_authentication_algorithm) == !authenticates);
  demand((status == rakp_status::invalid_integrity_algorithm) == (authenticates && !protects));
  demand((status == rakp_status::invalid_confidentiality_algorithm) == (authenticates && protects && !encrypts));
  demand((status == rakp_status::no_errors) == (chosen != nullptr));
  demand(chosen != nullptr || rmcpp::detail::is_about_suites(status));
  if (!authenticates || !protects || !encrypts) return;
  for (const auto id : list.view()) {
    const auto& s = standard_suites[id];
    const bool fits = takes(rq.authentication, s.authentication) && takes(rq.integrity, s.integrity) &&
                      takes(rq.confidentiality, s.confidentiality) && (id != 0 || !rq.authentication.is_any());
    if (fits) return demand(chosen == &s);
  }
  demand(status == rakp_status::no_cipher_suite_match);
}

template <class Backend> constexpr bool every_proposal(const suite_list& wanted) {
  const auto list = rmcpp::detail::usable_suites<Backend>(wanted, true);
  for (const auto id : list.view()) demand(rmcpp::detail::may_use<Backend>(id, true) && has(wanted, id));
  for (const auto id : wanted.view()) demand(has(list, id) == rmcpp::detail::may_use<Backend>(id, true));
  for (unsigned id = 0; id <= 0xff; ++id) {
    const auto* s = find_suite(static_cast<std::uint8_t>(id));
    const bool has_it = s && protect::supports<Backend>(*s);
    demand(rmcpp::detail::may_use<Backend>(static_cast<std::uint8_t>(id), true) == has_it);
    demand(rmcpp::detail::may_use<Backend>(static_cast<std::uint8_t>(id), false) == (has_it && id != 0));
  }
  open_session_request rq;
  for (unsigned a = 0; a <= 5; ++a) {
    rq.authentication = a == 5 ? authentication_payload::any() : authentication_payload::of(aa(a));
    for (unsigned i = 0; i <= 6; ++i) {
      rq.integrity = i == 6 ? integrity_payload::any() : integrity_payload::of(ia(i));
      for (unsigned c = 0; c <= 5; ++c) {
        rq.confidentiality = c == 5 ? confidentiality_payload::any() : confidentiality_payload::of(ca(c == 4 ? 63 : c));
        demand_settled<Backend>(rq, list);
      }
    }
  }
  return true;
}

/// A console tries each suite of its list once, in order, less those that a list it believes has not.
constexpr bool candidates_end(const suite_list& wanted, const suite_list& offered) {
  std::array<std::uint8_t, 128> all{};
  cipher_suite_reader reader;
  reader.push(bytes(all).first(write_list(offered, all)));
  reader.finish();
  bool believed = false;
  for (const auto id : wanted.view()) believed = believed || has(offered, id);
  rmcpp::detail::suite_candidates candidates(wanted);
  candidates.restrict_to(reader);
  bool more = true;
  for (const auto id : wanted.view()) {
    if (believed && !has(offered, id)) continue;
    demand(more && candidates.current().id == id);
    more = candidates.advance();
  }
  return !more;
}

/// A suite without a limit of its own, standard or not, has none.
constexpr bool limits_hold() {
  suite_limits limits;
  for (unsigned id = 0; id <= 0xff; ++id) {
    demand(limits.of({.id = static_cast<std::uint8_t>(id)}) == privilege::oem);
    limits.set(static_cast<std::uint8_t>(id), privilege::user);
    const bool standard = id < standard_suites.size();
    demand(limits.of({.id = static_cast<std::uint8_t>(id)}) == (standard ? privilege::user : privilege::oem));
  }
  for (unsigned asked = 0; asked <= 15; ++asked)
    for (unsigned channel = 1; channel <= 5; ++channel)
      for (unsigned suite = 1; suite <= 5; ++suite) {
        const unsigned most = channel < suite ? channel : suite;
        const auto level = rmcpp::detail::granted(privilege(asked), privilege(channel), privilege(suite));
        demand(level == privilege(asked == 0 || asked > most ? most : asked));
      }
  return true;
}

}  // namespace

static_assert(limits_hold());
static_assert(chunks_end());
static_assert(each_suite_survives() && list_survives({}) && list_survives({17, 3, 8}) && list_survives(all_suites));
static_assert(chance_is_read());
static_assert(every_proposal<with<true, true>>(all_suites) && every_proposal<with<true, true>>({17, 3}));
static_assert(every_proposal<with<false, true>>(all_suites) && every_proposal<with<true, false>>({3, 17, 1, 0}));
static_assert(every_proposal<with<true, true>>({}) && every_proposal<with<true, true>>({0}));
static_assert(candidates_end({17, 3}, {3}) && candidates_end({17, 3}, {17}) && candidates_end({17, 3}, {3, 17}));
static_assert(candidates_end({17, 3}, {}) && candidates_end({3}, {8}) && candidates_end(all_suites, {19, 5}));
