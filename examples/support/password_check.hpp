// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <rmcpp/crypto/cryptopp.hpp>
#include <rmcpp/protect/login_keys.hpp>

#include "record.hpp"

/// \file
/// Which messages of a login a password fits; and where it does not, whether it would if one of the peers deviated from
/// the specification in one of the ways known of real firmware.

namespace examples {

/// How a code may have been made.
struct code_recipe {
  const char* deviation = nullptr;  ///< null: as specified
  rmcpp::user_key password{};
  rmcpp::user_key kg{};
  rmcpp::protect::rakp_transcript transcript{};
  rmcpp::wire::authentication_algorithm auth{};
};

/// As specified, then every known deviation that makes a difference for this login.
inline std::vector<code_recipe> code_recipes(const code_recipe& right, rmcpp::privilege asked) {
  std::vector<code_recipe> all{right};
  const auto add = [&](const char* deviation, auto&& change) {
    code_recipe r = right;
    r.deviation = deviation;
    change(r);
    all.push_back(r);
  };
  const auto add_password = [&](const char* deviation, std::size_t size) {
    const auto password = right.password.reveal();
    if (rmcpp::core::all_zero(password.subspan(size))) return;
    add(deviation, [&](code_recipe& r) { (void)r.password.assign(password.first(size)); });
  };
  add_password("the password cut to 16 bytes", 16);
  add_password("the password cut to 19 bytes (OpenIPMI's ipmi_sim)", 19);

  const std::uint8_t role = right.transcript.role.value;
  const auto add_role = [&](const char* deviation, unsigned value) {
    if (value != role)
      add(deviation, [&](code_recipe& r) { r.transcript.role = rmcpp::role_byte{static_cast<std::uint8_t>(value)}; });
  };
  add_role("RAKP 1's role byte without bit 4 (Intel: ipmitool -o intelplus, FreeIPMI -W intel20)", role & 0x0fu);
  add_role("the privilege of the Open Session Request as role byte (FreeIPMI -W opensesspriv)",
           static_cast<unsigned>(asked));
  add_role("the privilege of the Open Session Request in the role byte (FreeIPMI -W opensesspriv)",
           (role & 0xf0u) | static_cast<unsigned>(asked));

  add("a GUID of zeros", [](code_recipe& r) { r.transcript.managed_guid = {}; });
  add("the GUID byte-reversed",
      [](code_recipe& r) { std::reverse(r.transcript.managed_guid.begin(), r.transcript.managed_guid.end()); });
  add("the session ids byte-reversed", [](code_recipe& r) {
    const auto reversed = [](rmcpp::session_id id) {
      const auto v = to_integer(id);
      return rmcpp::session_id{v >> 24 | (v >> 8 & 0xff00u) | (v << 8 & 0xff0000u) | v << 24};
    };
    r.transcript.console_id = reversed(r.transcript.console_id);
    r.transcript.managed_id = reversed(r.transcript.managed_id);
  });
  if (right.transcript.name.size() < 16)
    add("the user name zero-padded to 16 bytes, with length 16 (Intel: FreeIPMI -W intel20)", [](code_recipe& r) {
      const auto padded = r.transcript.name.padded();
      (void)r.transcript.name.assign(padded);
    });
  if (!right.kg.is_zero()) add("K_g in the place of the password", [](code_recipe& r) { r.password = r.kg; });
  using enum rmcpp::wire::authentication_algorithm;
  for (const auto& [deviation, auth] : {std::pair("the hash of RAKP-HMAC-SHA1", rakp_hmac_sha1),
                                        {"the hash of RAKP-HMAC-MD5", rakp_hmac_md5},
                                        {"the hash of RAKP-HMAC-SHA256", rakp_hmac_sha256}})
    if (auth != right.auth) add(deviation, [other = auth](code_recipe& r) { r.auth = other; });
  return all;
}

class password_check {
 public:
  /// Checks all logins, or those of one user.
  password_check(const rmcpp::user_key& password, const rmcpp::user_key& kg, std::optional<rmcpp::username> only)
      : password_(password), kg_(kg), only_(only) {}

  void add(const record& r) {
    using enum rmcpp::datagram_type;
    if (!r.session) return;
    if (r.session->v15) return add_v15(r);
    if (r.seen.type != rakp2 && r.seen.type != rakp3 && r.seen.type != rakp4) return;
    if (!r.seen.readable) return;  // encrypted within a session, whose keys are not known
    auto* const entry = login_of(r);
    if (!entry) return;
    if (const auto status = setup_status(r.seen); status && *status != rmcpp::rakp_status::no_errors) {
      entry->say(r, std::string("refused: ") + describe(*status));
    } else if (r.seen.type == rakp2) {
      judge<rmcpp::wire::rakp2>(r, *entry);
    } else if (r.seen.type == rakp3) {
      judge<rmcpp::wire::rakp3>(r, *entry);
    } else {
      judge<rmcpp::wire::rakp4>(r, *entry);
    }
  }

  /// The report; 0 if everything fits, 1 if not, 2 if there was nothing to check.
  int print(std::ostream& out) const {
    for (const auto& [number, l] : logins_) {
      out << "login " << number << ", user " << l.user << ", " << l.protection << '\n';
      for (const auto& text : l.lines) out << "  " << text << '\n';
      if (l.lines.size() == max_lines) out << "  further messages are not listed\n";
      if (l.v15_good + l.v15_bad != 0) out << "  authcodes: " << l.v15_good << " fit, " << l.v15_bad << " do not\n";
    }
    if (more_ != 0) out << "messages of further logins, not checked: " << more_ << '\n';
    if (logins_.empty()) out << "no login to check\n";
    return logins_.empty() ? 2 : misfits_ ? 1 : 0;
  }

 private:
  static constexpr std::size_t max_logins = 1000;
  static constexpr std::size_t max_lines = 32;

  struct login {
    std::string user, protection;
    std::vector<std::string> lines;
    std::uint64_t v15_good = 0, v15_bad = 0;

    void say(const record& r, const std::string& text) {
      if (lines.size() < max_lines)
        lines.push_back(title(r.seen.type) + std::string("  ") + text + "  (frame " + std::to_string(r.datagram.frame) +
                        ')');
    }
  };

  login* login_of(const record& r) {
    const auto user = user_text(*r.session);
    if (only_ && (!user || *user != '"' + printable(*only_) + '"')) return nullptr;
    if (logins_.size() == max_logins && !logins_.contains(r.session->number)) {
      ++more_;
      return nullptr;
    }
    auto& l = logins_[r.session->number];
    l.user = user.value_or("not seen");
    l.protection = r.session->v15           ? "IPMI v1.5, " + describe(r.session->activated)
                   : r.session->suite_known ? "cipher suite " + suite_text(r.session->suite)
                                            : "cipher suite not seen";
    return &l;
  }

  void add_v15(const record& r) {
    const bool judged = r.seen.auth == rmcpp::verdict::ok || r.seen.auth == rmcpp::verdict::bad;
    if (!judged) return;
    auto* const entry = login_of(r);
    if (!entry) return;
    ++(r.seen.auth == rmcpp::verdict::ok ? entry->v15_good : entry->v15_bad);
    misfits_ |= r.seen.auth == rmcpp::verdict::bad;
  }

  template <class Message> void judge(const record& r, login& entry) {
    const auto m = rmcpp::wire::decode<Message>(r.seen.payload);
    if (!m) return misfit(r, entry, "is malformed");
    const auto auth = r.session->suite.authentication;  // the follower's guess if the negotiation was not captured
    if (auth == rmcpp::wire::authentication_algorithm::rakp_none && r.session->suite_known)
      return entry.say(r, "has no code: RAKP-none");
    if (auth == rmcpp::wire::authentication_algorithm::rakp_none)
      return misfit(r, entry, "cannot be checked: the algorithms are not known");
    // Retries make several exchanges of random numbers in one login: the code may belong to any of them.
    auto exchanges = r.session->exchanges;
    std::vector<code_recipe> recipes;
    (void)exchanges.find([&](const rmcpp::detail::rakp_exchange& e) {
      if (!e.complete()) return false;
      for (const auto& each :
           code_recipes({nullptr, password_, kg_, e.transcript, auth}, r.session->proposal.max_privilege))
        recipes.push_back(each);
      return false;
    });
    if (recipes.empty()) return misfit(r, entry, "cannot be checked: RAKP 1 or 2 was not captured");
    // What is right in one of the exchanges comes before what is wrong in another.
    std::stable_partition(recipes.begin(), recipes.end(), [](const auto& each) { return !each.deviation; });
    for (const auto& each : recipes)
      if (const auto fit = fits(each, *m, r.seen.type); !fit.empty()) {
        if (!each.deviation && fit.starts_with("fits")) return entry.say(r, fit);
        return misfit(r, entry, "does not fit, but would with " + (each.deviation ? std::string(each.deviation) : fit));
      }
    misfit(r, entry, "does not fit, nor with a known deviation: a wrong password or another user's");
  }

  void misfit(const record& r, login& entry, const std::string& text) {
    misfits_ = true;
    entry.say(r, text);
  }

  /// How the code fits: "fits ..", or else what is odd about it; empty if it does not.
  template <class Message> std::string fits(const code_recipe& how, const Message& m, rmcpp::datagram_type type) {
    if (type == rmcpp::datagram_type::rakp4) return fits_rakp4(how, m.code);
    const auto made = type == rmcpp::datagram_type::rakp2
                          ? rmcpp::protect::rakp2_code(crypto_, how.auth, how.password, how.transcript)
                          : rmcpp::protect::rakp3_code(crypto_, how.auth, how.password, how.transcript);
    if (!made) return {};
    const rmcpp::bytes whole = made->view();
    if (rmcpp::core::equal(whole, m.code)) return "fits";
    if (m.code.size() > whole.size() && rmcpp::core::equal(whole, m.code.view().first(whole.size())))
      return "bytes behind the code (Supermicro, Sun: FreeIPMI -W supermicro20, sun20)";
    if (m.code.size() >= 8 && m.code.size() < whole.size() && rmcpp::core::equal(whole.first(m.code.size()), m.code))
      return "the code cut short";
    return {};
  }

  std::string fits_rakp4(const code_recipe& how, const rmcpp::wire::rakp_code& code) {
    for (const bool with_kg : {true, false}) {
      if (with_kg && how.kg.is_zero()) continue;
      const auto sik = rmcpp::protect::session_integrity_key(crypto_, how.auth, how.password,
                                                             with_kg ? how.kg : rmcpp::user_key{}, how.transcript);
      const auto made = rmcpp::protect::rakp4_code(crypto_, how.auth, *sik, how.transcript);
      if (!sik || !made || !rmcpp::protect::rakp4_code_fits(how.auth, *made, code)) continue;
      return with_kg ? "fits with the given K_g" : "fits with K_g = password";
    }
    return {};
  }

  rmcpp::cryptopp_backend crypto_{};
  rmcpp::user_key password_;
  rmcpp::user_key kg_;
  std::optional<rmcpp::username> only_;
  std::map<std::uint32_t, login> logins_;
  std::uint64_t more_ = 0;
  bool misfits_ = false;
};

}  // namespace examples
