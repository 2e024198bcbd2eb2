// SPDX-License-Identifier: BSL-1.0

/// A remote console for the command line, with ipmitool's options, commands and output.
///
/// It shows a login, commands in the session and what to tell the user when something is refused. The session itself is
/// support/remote.hpp; below are the commands, each a request and the decoding of its answer. Try it:
///
///     console -H 127.0.0.1 -p 6230 -U admin -P password chassis status

#include <CLI/CLI.hpp>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <iostream>

#include "support/auth_types.hpp"
#include "support/device_commands.hpp"
#include "support/password.hpp"
#include "support/remote.hpp"
#include "support/text.hpp"

namespace {

using examples::failure;
using examples::remote;
using examples::usage_error;
using rmcpp::completion_code;
using rmcpp::net_fn;

// ---- asking ----

/// Runs a command and returns the data of its answer; throws failure if it was refused.
std::vector<std::uint8_t> ask(remote& bmc, const char* name, net_fn fn, std::uint8_t code, rmcpp::bytes data = {}) {
  auto answer = bmc.run({.fn = fn, .command = code, .data = data});
  if (answer.code == completion_code::ok) return std::move(answer.data);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%02Xh", static_cast<unsigned>(answer.code));
  throw failure(std::string(name) + ": " + describe(answer.code) + " (" + digits + ')');
}

/// The same with a message as request.
template <rmcpp::wire::message Request>
std::vector<std::uint8_t> ask(remote& bmc, const char* name, net_fn fn, std::uint8_t code, const Request& request) {
  std::array<std::uint8_t, 32> data{};
  const auto n = rmcpp::wire::encode(request, data);
  return ask(bmc, name, fn, code, rmcpp::bytes(data).first(*n));
}

/// Some BMCs answer more than is due.
template <rmcpp::wire::message Response> Response read(const char* name, const std::vector<std::uint8_t>& data) {
  const auto m = rmcpp::wire::decode_prefix<Response>(data);
  if (!m) throw failure(std::string(name) + ": the answer is malformed: " + describe(m.error()));
  return m->message;
}

// ---- printing ----

[[gnu::format(printf, 1, 2)]] void line(const char* format, ...) {
  char text[200];
  va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof text, format, values);
  va_end(values);
  std::cout << text << '\n';
}

const char* yes(bool b) { return b ? "yes" : "no"; }
const char* truth(bool b) { return b ? "true" : "false"; }
const char* active(bool b) { return b ? "active" : "inactive"; }

// ---- the commands ----

void mc_info(remote& bmc) {
  const auto m =
      read<examples::device_id>("Get Device ID", ask(bmc, "Get Device ID", net_fn::app, examples::cmd::get_device_id));
  line("Device ID                 : %d", m.id);
  line("Device Revision           : %d", m.revision & 0x0f);
  line("Firmware Revision         : %d.%02x", m.firmware_major & 0x7f, m.firmware_minor);
  line("IPMI Version              : %x.%x", m.version_major(), m.version_minor());
  line("Manufacturer ID           : %u", m.manufacturer);
  line("Product ID                : %u (0x%04x)", m.product, m.product);
  line("Device Available          : %s", yes((m.firmware_major & 0x80) == 0));
  line("Provides Device SDRs      : %s", yes((m.revision & 0x80) != 0));
  line("Additional Device Support :");
  static constexpr const char* kinds[] = {
      "Sensor Device",       "SDR Repository Device", "SEL Device", "FRU Inventory Device",
      "IPMB Event Receiver", "IPMB Event Generator",  "Bridge",     "Chassis Device"};
  for (unsigned i = 0; i < 8; ++i)
    if (((m.support >> i) & 1) != 0) line("    %s", kinds[i]);
  if (m.auxiliary.size() < 4) return;
  line("Aux Firmware Rev Info     : ");
  for (const auto b : m.auxiliary.view().first(4)) line("    0x%02x", b);
}

/// Vendors disagree about the byte order of a GUID. As ipmitool does, take the first in which its version makes sense.
void mc_guid(remote& bmc) {
  const auto g = read<rmcpp::wire::system_guid_response>(
                     "Get System GUID", ask(bmc, "Get System GUID", net_fn::app, rmcpp::wire::app::get_system_guid))
                     .value;
  struct order {
    const char* name;
    std::array<std::uint8_t, 16> from;  // where each byte of the text comes from
  };
  static constexpr order orders[] = {
      {"SMBIOS (WARNING: IPMI Specification violation!)", {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}},
      {"IPMI", {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
      {"RFC4122 (WARNING: IPMI Specification violation!)", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}};
  static constexpr const char* versions[] = {"",
                                             "Time-based",
                                             "DCE Security with POSIX UIDs (not for IPMI)",
                                             "Name-based using MD5",
                                             "Random or pseudo-random",
                                             "Name-based using SHA-1"};
  for (const auto& each : orders) {
    rmcpp::octets16 text{};
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = g[each.from[i]];
    const unsigned version = text[6] >> 4;
    if (version < 1 || version > 5) continue;
    auto digits = rmcpp::wire::hex(text);
    for (const std::size_t at : {20u, 16u, 12u, 8u}) digits.insert(at, "-");
    line("System GUID   : %s", digits.c_str());
    line("GUID Encoding : %s", each.name);
    line("GUID Version  : %s", versions[version]);
    return;
  }
  auto digits = rmcpp::wire::hex(g);
  for (auto& c : digits) c = static_cast<char>(std::toupper(c));
  line("System GUID   : %s", digits.c_str());
}

examples::chassis_status get_chassis_status(remote& bmc) {
  return read<examples::chassis_status>(
      "Get Chassis Status", ask(bmc, "Get Chassis Status", net_fn::chassis, examples::cmd::get_chassis_status));
}

void chassis_status(remote& bmc) {
  const auto m = get_chassis_status(bmc);
  static constexpr const char* policies[] = {"always-off", "previous", "always-on", "unknown"};
  line("System Power         : %s", (m.power & 0x01) != 0 ? "on" : "off");
  line("Power Overload       : %s", truth((m.power & 0x02) != 0));
  line("Power Interlock      : %s", active((m.power & 0x04) != 0));
  line("Main Power Fault     : %s", truth((m.power & 0x08) != 0));
  line("Power Control Fault  : %s", truth((m.power & 0x10) != 0));
  line("Power Restore Policy : %s", policies[(m.power >> 5) & 3]);
  std::string events;
  unsigned bit = 1;
  for (const auto* name : {"ac-failed ", "overload ", "interlock ", "fault ", "command"}) {
    if ((m.last_event & bit) != 0) events += name;
    bit <<= 1;
  }
  line("Last Power Event     : %s", events.c_str());
  line("Chassis Intrusion    : %s", active((m.misc & 0x01) != 0));
  line("Front-Panel Lockout  : %s", active((m.misc & 0x02) != 0));
  line("Drive Fault          : %s", truth((m.misc & 0x04) != 0));
  line("Cooling/Fan Fault    : %s", truth((m.misc & 0x08) != 0));
  if (m.buttons.empty()) return;
  const unsigned buttons = m.buttons.view()[0];
  if (buttons == 0) return line("Front Panel Control  : none");
  static constexpr const char* names[] = {"Power", "Reset", "Diag", "Sleep"};
  for (int i = 3; i >= 0; --i)
    line("%-20s : %s", (names[i] + std::string(" Button Disable")).c_str(),
         ((buttons >> (4 + i)) & 1) != 0 ? "allowed" : "not allowed");
  for (int i = 3; i >= 0; --i)
    line("%-21s: %s", (names[i] + std::string(" Button Disabled")).c_str(), truth(((buttons >> i) & 1) != 0));
}

void power_status(remote& bmc) {
  line("Chassis Power is %s", (get_chassis_status(bmc).power & examples::chassis_status::power_on) != 0 ? "on" : "off");
}

struct power_word {
  const char* word;
  examples::power_action action;
  const char* done;
};
constexpr power_word power_words[] = {
    {"off", examples::power_action::off, "Down/Off"},     {"on", examples::power_action::on, "Up/On"},
    {"cycle", examples::power_action::cycle, "Cycle"},    {"reset", examples::power_action::reset, "Reset"},
    {"diag", examples::power_action::diagnostic, "Diag"}, {"soft", examples::power_action::soft, "Soft"}};

void power_control(remote& bmc, const power_word& p) {
  ask(bmc, "Chassis Control", net_fn::chassis, examples::cmd::chassis_control, examples::chassis_control{p.action});
  line("Chassis Power Control: %s", p.done);
}

struct boot_word {
  const char* word;
  std::uint8_t device;
};
constexpr boot_word boot_words[] = {{"none", 0x00}, {"pxe", 0x04},   {"disk", 0x08}, {"safe", 0x0c},
                                    {"diag", 0x10}, {"cdrom", 0x14}, {"bios", 0x18}, {"floppy", 0x3c}};

void boot_device(remote& bmc, const boot_word& b) {
  const auto set = [&](std::uint8_t parameter, rmcpp::bytes value) {
    ask(bmc, "Set System Boot Options", net_fn::chassis, examples::cmd::set_boot_options,
        examples::set_boot_option{parameter, *rmcpp::bounded<16>::from(value)});
  };
  // Telling the BMC when a set of parameters begins, takes effect and ends is optional, and not every BMC wants to
  // know.
  const auto progress = [&](std::uint8_t step) {
    try {
      set(examples::boot_parameter::set_in_progress, rmcpp::bytes(&step, 1));
    } catch (const failure&) {
    }
  };
  static constexpr std::array<std::uint8_t, 2> bios_has_not_seen_it{0x01, 0x01};
  std::array<std::uint8_t, 5> flags{};
  (void)rmcpp::wire::encode(examples::boot_flags{examples::boot_flags::valid, b.device}, flags);
  progress(1);
  set(examples::boot_parameter::acknowledge, bios_has_not_seen_it);
  set(examples::boot_parameter::flags, flags);
  progress(2);
  progress(0);
  line("Set Boot Device to %s", b.word);
}

void raw(remote& bmc, net_fn fn, std::uint8_t code, rmcpp::bytes data) {
  const auto got = ask(bmc, "raw", fn, code, data);
  std::string text;
  for (std::size_t i = 0; i < got.size(); ++i)
    text += (i != 0 && i % 16 == 0 ? "\n " : " ") + rmcpp::wire::hex(rmcpp::bytes(got).subspan(i, 1));
  std::cout << text << '\n';
}

void get_ciphers(remote& bmc) {
  const char* const name = "Get Channel Cipher Suites";
  rmcpp::wire::cipher_suite_reader list;
  for (std::uint8_t chunk = 0; chunk <= rmcpp::wire::cipher_suites_request::last_index; ++chunk) {
    const rmcpp::wire::cipher_suites_request rq{.list = static_cast<std::uint8_t>(0x80 | chunk)};
    const auto rs = read<rmcpp::wire::cipher_suites_response>(
        name, ask(bmc, name, net_fn::app, rmcpp::wire::app::get_channel_cipher_suites, rq));
    list.push(rs.records);
    if (rs.records.size() < decltype(rs.records)::capacity) break;
  }
  list.finish();
  static constexpr const char* authentication[] = {"none", "hmac_sha1", "hmac_md5", "hmac_sha256"};
  static constexpr const char* integrity[] = {"none", "hmac_sha1_96", "hmac_md5_128", "md5_128", "sha256_128"};
  static constexpr const char* confidentiality[] = {"none", "aes_cbc_128", "xrc4_128", "xrc4_40"};
  line("ID   IANA    Auth Alg        Integrity Alg   Confidentiality Alg");
  for (const auto& s : rmcpp::wire::standard_suites)
    if (list.offers(s.id))
      line("%-4d N/A     %-15s %-15s %-15s", s.id, authentication[static_cast<unsigned>(s.authentication)],
           integrity[static_cast<unsigned>(s.integrity)], confidentiality[static_cast<unsigned>(s.confidentiality)]);
}

/// ASF presence ping: is anybody there? It needs no session.
void ping(const examples::address& to, const rmcpp::retry_policy& retry) {
  auto socket = examples::udp_socket::connected_to(to);
  std::array<std::uint8_t, 64> buffer{};
  for (std::uint8_t tag = 0; tag < retry.tries; ++tag) {
    const auto n = rmcpp::wire::encode_ping(tag, buffer);
    socket.send(rmcpp::bytes(buffer).first(*n));
    const auto deadline = examples::now() + retry.first;
    while (examples::now() < deadline) {
      examples::wait_readable({socket.fd()}, deadline);
      const auto got = socket.receive(buffer);
      if (!got) continue;
      const auto header = rmcpp::wire::decode_prefix<rmcpp::wire::rmcp_header>(got->datagram);
      if (!header || header->message.kind.value != rmcpp::wire::rmcp_class::asf) continue;
      const auto asf = rmcpp::wire::decode<rmcpp::wire::asf_message>(got->datagram.subspan(header->size));
      if (!asf || asf->type != rmcpp::wire::asf_type::presence_pong || asf->tag > tag) continue;
      const auto pong = rmcpp::wire::decode<rmcpp::wire::presence_pong>(asf->data);
      if (!pong) continue;
      return line("pong from %s: %s", to.text().c_str(), pong->supports_ipmi() ? "IPMI" : "no IPMI");
    }
  }
  std::string why = describe(rmcpp::errc::timed_out);
  if (socket.last_error() != 0) why += std::string(" (") + std::strerror(socket.last_error()) + ')';
  throw failure(why);
}

// ---- from words to a command ----

using action = std::function<void(remote&)>;

template <class Table> const auto& find_word(const Table& table, const std::string& word, const char* what) {
  std::string known;
  for (const auto& each : table) {
    if (word == each.word) return each;
    known += std::string(" ") + each.word;
  }
  throw usage_error("unknown " + std::string(what) + " '" + word + "'; known:" + known);
}

/// Before anything is sent, so that a slip of the pen costs no login.
action parse_command(const std::vector<std::string>& words) {
  const auto is = [&](std::initializer_list<const char*> head, std::size_t more) {
    return words.size() == head.size() + more && std::equal(head.begin(), head.end(), words.begin());
  };
  if (is({"mc", "info"}, 0)) return mc_info;
  if (is({"mc", "guid"}, 0)) return mc_guid;
  if (is({"chassis", "status"}, 0)) return chassis_status;
  if (is({"chassis", "power", "status"}, 0)) return power_status;
  if (is({"channel", "getciphers"}, 0)) return get_ciphers;
  if (is({"chassis", "power"}, 1)) {
    const auto& p = find_word(power_words, words[2], "power command");
    return [&p](remote& bmc) { power_control(bmc, p); };
  }
  if (is({"chassis", "bootdev"}, 1)) {
    const auto& b = find_word(boot_words, words[2], "boot device");
    return [&b](remote& bmc) { boot_device(bmc, b); };
  }
  if (words[0] == "raw" && words.size() >= 3) {
    const auto fn = examples::parse_byte(words[1], 0x3f);
    if (fn % 2 != 0) throw usage_error("a request's network function is even: " + words[1]);
    const auto code = examples::parse_byte(words[2]);
    std::vector<std::uint8_t> data;
    for (std::size_t i = 3; i < words.size(); ++i) data.push_back(examples::parse_byte(words[i]));
    return [fn, code, data](remote& bmc) { raw(bmc, net_fn{fn}, code, data); };
  }
  if (words[0] == "sol") throw usage_error("sol: Serial over LAN is not part of this version");
  std::string all;
  for (const auto& w : words) all += (all.empty() ? "" : " ") + w;
  throw usage_error("unknown command: " + all);
}

// ---- options ----

struct arguments {
  std::string host, user, kg, hex_kg, auth_type, bridge_channel, bridge_target;
  std::string suite = "auto", level = "ADMINISTRATOR", interface = "lanplus";
  examples::password_source password;
  std::uint16_t port = 623;
  std::vector<std::string> quirks, command;
  bool bare = false;
  std::string not_of_v15;  ///< an option that was given and means something to RMCP+ only
  unsigned seconds = 1;
  unsigned tries = 4;
  int verbosity = 0;
};

rmcpp::retry_policy retry_of(const arguments& args) {
  const rmcpp::milliseconds first{args.seconds * 1000};
  return {
      .first = first, .step = {1000}, .longest = {first.count + 3000}, .tries = static_cast<std::uint8_t>(args.tries)};
}

/// What -I lan asks for, instead of RMCP+.
void choose_v15(rmcpp::console_options& o, const arguments& args) {
  if (!args.not_of_v15.empty()) throw usage_error(args.not_of_v15 + ": only with -I lanplus");
  if (!rmcpp::protect::fits_v15(o.password))
    throw usage_error("-I lan: the password is longer than the 16 bytes that IPMI v1.5 takes");
  if (args.tries >= rmcpp::max_unanswered_v15)
    throw usage_error("-I lan: at most " + std::to_string(rmcpp::max_unanswered_v15 - 1) + " tries (-R)");
  o.v15 = rmcpp::digest_auth_types;
  if (!args.auth_type.empty()) o.v15 = {examples::parse_auth_type<rmcpp::cryptopp_backend>(args.auth_type, "-A")};
  o.v15_bare = args.bare;
}

rmcpp::console_options options_of(const arguments& args) {
  const auto password = examples::read_password(args.password);
  if (!password) throw usage_error("a password is needed: -P, -E or -f");
  rmcpp::console_options o{.name = examples::parse_name(args.user), .password = *password};
  o.kg = args.hex_kg.empty() ? examples::parse_key(args.kg, "K_g")
                             : examples::parse_key(examples::parse_hex(args.hex_kg), "K_g");
  const auto level = examples::parse_privilege(args.level);
  if (!level) throw usage_error("-L takes CALLBACK, USER, OPERATOR or ADMINISTRATOR, not " + args.level);
  o.level = *level;
  if (args.suite != "auto") {
    const auto id = examples::parse_byte(args.suite, rmcpp::wire::standard_suites.size() - 1);
    o.suites = *rmcpp::suite_list::from(rmcpp::bytes(&id, 1));
  }
  for (const auto& quirk : args.quirks) {
    if (quirk != "opensesspriv") throw usage_error("unknown quirk '" + quirk + "'; known: opensesspriv");
    o.quirks.open_session_privilege = true;
  }
  o.retry = retry_of(args);
  if (args.interface == "lan") choose_v15(o, args);
  return o;
}

void check_interface(const arguments& args) {
  const bool v15 = args.interface == "lan";
  if (!v15 && args.interface != "lanplus") throw usage_error("-I takes lanplus or lan, not " + args.interface);
  if (!v15 && !args.auth_type.empty()) throw usage_error("-A: only with -I lan; with -I lanplus -C chooses");
  if (!v15 && args.bare) throw usage_error("--bare: only with -I lan");
  if (!args.bridge_channel.empty() || !args.bridge_target.empty())
    throw usage_error("-b and -t: bridged requests are not part of this version");
}

int run(const arguments& args) {
  check_interface(args);
  const auto to = [&] { return examples::address::resolve(args.host, args.port); };
  if (args.command.size() == 1 && args.command[0] == "ping") {
    ping(to(), retry_of(args));
  } else {
    const auto act = parse_command(args.command);
    const auto options = options_of(args);
    remote bmc(examples::udp_socket::connected_to(to()), options, args.verbosity);
    bmc.login();
    try {
      act(bmc);
    } catch (...) {
      bmc.close();
      throw;
    }
    bmc.close();
  }
  return std::cout.flush() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  arguments args;
  CLI::App app("A remote console for IPMI v2.0 and v1.5 sessions");
  app.add_option("-H", args.host, "the BMC's name or address")->required();
  app.add_option("-p", args.port, "its UDP port")->capture_default_str();
  app.add_option("-U", args.user, "user name");
  auto* const password = app.add_option("-P", args.password.text, "password");
  auto* const environment = app.add_flag("-E", args.password.in_environment, "password from IPMI_PASSWORD");
  auto* const file = app.add_option("-f", args.password.file, "password from the first line of a file");
  password->excludes(environment)->excludes(file);
  environment->excludes(file);
  app.add_option("-k", args.kg, "K_g")->excludes(app.add_option("-y", args.hex_kg, "K_g in hexadecimal"));
  app.add_option("-C", args.suite, "cipher suite, or auto: 17, then 3")->capture_default_str();
  app.add_option("-L", args.level, "privilege level")->capture_default_str();
  app.add_option("-I", args.interface, "lanplus: IPMI v2.0, or lan: IPMI v1.5, which encrypts nothing")
      ->capture_default_str();
  app.add_option(
      "-A", args.auth_type,
      "with -I lan, the authentication type: MD5, MD2, PASSWORD (which crosses the network in the clear), NONE "
      "(proves nothing to either side); if not said, MD5 or else MD2");
  app.add_flag(
      "--bare", args.bare,
      "with -I lan, go on with a BMC that wants packets without authcodes after the login; whoever can send to "
      "this host can then forge its answers, and commands to the BMC");
  app.add_option("-b", args.bridge_channel, "not part of this version");
  app.add_option("-t", args.bridge_target, "not part of this version");
  app.add_option("-o", args.quirks, "what odd firmware needs: opensesspriv")->delimiter(',')->allow_extra_args(false);
  app.add_option("-N", args.seconds, "seconds to wait for an answer, one more each try")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("-R", args.tries, "tries")->check(CLI::Range(1, 14))->capture_default_str();
  app.add_flag("-v", args.verbosity, "tell how the session is protected; -vv: show every datagram");
  app.add_option("COMMAND", args.command,
                 "mc info|guid, chassis status, chassis power status|on|off|cycle|reset|diag|soft, "
                 "chassis bootdev DEVICE, raw NETFN CMD [BYTE...], channel getciphers, ping")
      ->required();
  try {
    app.parse(argc, argv);
    for (const char* const option : {"-C", "-k", "-y", "-o"})
      if (app.count(option) != 0) args.not_of_v15 = option;
    return run(args);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const usage_error& e) {
    std::cerr << "console: " << e.what() << '\n';
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "console: " << e.what() << '\n';
    return 1;
  }
}
