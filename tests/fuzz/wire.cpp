// SPDX-License-Identifier: BSL-1.0
// Fuzz target of wire/. Input: a byte that names a message type, and bytes to decode as one; or, for the numbers behind
// the last type, a whole datagram, or a list of cipher suite records. Beside what the sanitizers see:
// - decode() and explain() agree, decode_prefix() uses no more than there is, and errors are drop codes;
// - what decodes is encoded to the bytes that it came from, reserved bits aside, and does not fit into one byte less;
// - dump() gives text for people, and not without end;
// - look() finds everything within the datagram, and what is wrong for it is wrong for dump_datagram(), and no more;
// - cipher suite records mean the same however the list is cut.
#include <rmcpp/wire/datagram.hpp>
#include <rmcpp/wire/dump.hpp>
#include <rmcpp/wire/payload_commands.hpp>
#include <rmcpp/wire/session_challenge.hpp>
#include <rmcpp/wire/sol.hpp>

#include <array>
#include <string_view>

#include "input.hpp"

namespace {

using namespace rmcpp;
using namespace rmcpp::wire;
using fuzz::octets;
using fuzz::require;

/// Which bits of a message mean something: all but the reserved ones. Zeroes the others in a copy of the input.
class meaning_reader : public core::reader {
 public:
  explicit meaning_reader(bytes in) : core::reader(in), meant_(in.begin(), in.end()) {}

  template <class T> void low_bits(const char* name, T& v, std::uint8_t mask) {
    const std::size_t at = size();
    core::reader::low_bits(name, v, mask);
    if (size() > at) meant_[at] &= mask;
  }
  void reserved(std::size_t n) {
    const std::size_t at = size();
    core::reader::reserved(n);
    core::fill(mutable_bytes(meant_).subspan(at, size() - at), 0);
  }
  template <class M> void group(const char*, M& m) { M::layout(*this, m); }

  [[nodiscard]] bytes meant() const { return bytes(meant_).first(size()); }

 private:
  octets meant_;
};

void check_text(std::string_view text, std::size_t bytes_shown) {
  require(text.size() <= 8192 + 8 * bytes_shown);
  for (const char c : text) require(c == '\n' || (c >= 0x20 && c < 0x7f));
}

template <message M> octets encoded(const M& m, std::size_t size) {
  octets out(size);
  const auto n = encode(m, out);
  require(n.has_value() && *n <= out.size());
  out.resize(*n);
  return out;
}

template <message M> void check_message(bytes in) {
  const auto prefix = decode_prefix<M>(in);
  require(prefix->size <= in.size());
  require(prefix || is_drop(prefix.error()));
  const auto whole = decode<M>(in);
  require(whole.has_value() == (prefix && prefix->size == in.size()));
  const auto why = explain<M>(in);
  require(why.error == whole.error() && why.offset <= in.size() && why.field != nullptr);
  check_text(dump(prefix->message), in.size());
  if (!prefix) return;

  const auto first = encoded(prefix->message, in.size() + 64);
  octets small(first.size());
  require(encode(prefix->message, small) && small == first);
  small = octets(first.size() - 1);
  require(encode(prefix->message, small).error() == errc::buffer_too_small);
  const auto again = decode<M>(first);
  require(again.has_value() && encoded(*again, first.size()) == first);

  // A short error form is written long, and what was tolerated behind a message is not written.
  meaning_reader r(in);
  M m{};
  M::layout(r, m);
  require(r.error() == errc::ok && r.meant().size() <= first.size());
  require(core::equal(r.meant(), bytes(first).first(r.meant().size())));
}

bool within(bytes part, bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// The errors that a dump tells of the headers: those of the messages behind them are none of look()'s.
std::vector<std::string> header_errors(std::string_view text) {
  std::vector<std::string> found;
  std::string_view layer;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    if (!line.starts_with(' ')) layer = line;
    if (!line.starts_with("  error ")) continue;
    const bool of_header = layer == "rmcp_header" || layer == "session_v15" || layer == "session_header_v2";
    if (of_header || line.find(": end of payload at") != line.npos)
      found.emplace_back(line.substr(line.find_first_not_of(' ', 7)));
  }
  return found;
}

void check_datagram(bytes in) {
  octets datagram(in.begin(), in.end());
  const auto seen = look(datagram);
  require(seen || is_drop(seen.error()));
  require(seen->payload_at <= datagram.size() && seen->payload_size <= datagram.size() - seen->payload_at);
  require(within(seen->payload(), datagram) && within(seen->behind(), datagram));
  if (seen) require(within(seen->authcode(), datagram));
  require(core::equal(datagram, in));

  const auto text = dump_datagram(datagram);
  check_text(text, 4 * datagram.size());
  const auto told = header_errors(text);
  // A dump shows what look() refuses by policy: other classes, and IPMI that wants an ACK.
  const bool by_policy = seen.error() == errc::bad_message_class || seen.error() == errc::bad_rmcp_sequence;
  // What stands behind a payload in a session without integrity is the opener's to refuse; a dump shows it.
  const bool surplus = seen && seen->format == packet_format::v2 && seen->id != session_id::none &&
                       !seen->kind.authenticated() && !seen->behind().empty();
  const errc wrong = surplus ? errc::trailing_bytes : seen.error();
  if (wrong == errc::ok) require(told.empty());
  if (wrong != errc::ok && !by_policy)
    require(told.size() == 1 && told[0].starts_with(std::string(describe(wrong)) + ": "));
}

void check_suites(bytes in) {
  const std::size_t cut = in.empty() ? 0 : in[0] % in.size();
  cipher_suite_reader whole;
  whole.push(in);
  whole.finish();
  cipher_suite_reader parts;
  parts.push(in.first(cut));
  parts.push(in.subspan(cut));
  parts.finish();
  bool any = false;
  for (unsigned id = 0; id < 256; ++id) {
    const auto number = static_cast<std::uint8_t>(id);
    require(whole.offers(number) == parts.offers(number) && (!whole.offers(number) || find_suite(number) != nullptr));
    any = any || whole.offers(number);
  }
  require(whole.empty() == !any);
  for (std::size_t i = 0; i < 4; ++i) {
    require(cipher_suite_chunk(in, i).size() <= 16);
    require(algorithm_chunk(in, i).size() <= 16);
  }
}

using check = void (*)(bytes);
template <class... M> constexpr std::array<check, sizeof...(M)> checks_of{check_message<M>...};
constexpr auto messages =
    checks_of<rmcp_header, asf_message, presence_pong, channel_auth_request, channel_auth_response,
              cipher_suites_request, cipher_suites_response, lan_request, lan_response, open_session_request,
              open_session_response, authentication_payload, integrity_payload, confidentiality_payload,
              payload_encryption_request, rakp1, rakp2, rakp3, rakp4, session_challenge_request,
              session_challenge_response, activate_session_request, activate_session_response, system_guid_response,
              session_privilege, close_session_request, session_info_request, session_info_response, session_v15,
              session_header_v2, sol_packet>;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bytes in(data + 1, size - 1);
  if (data[0] < messages.size()) {
    messages[data[0]](in);
  } else {
    data[0] == messages.size() ? check_suites(in) : check_datagram(in);
  }
  return 0;
}
