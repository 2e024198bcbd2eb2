// SPDX-License-Identifier: BSL-1.0
// The files of tests/vectors; its README.md says what they are.
#pragma once

#include "support/hex.hpp"

#include <pcap/pcap.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace rmcpp::test {

inline std::filesystem::path vector_path(const std::string& name) {
  return std::filesystem::path(RMCPP_TEST_DIR) / "vectors" / name;
}

inline std::vector<std::uint8_t> load_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The file `name`, ".json" included, below tests/vectors.
inline nlohmann::json load_json(const std::string& name) {
  const auto text = load_bytes(vector_path(name));
  return nlohmann::json::parse(text.begin(), text.end());
}

/// Names below tests/vectors/captures, without folder and ending, sorted.
inline std::vector<std::string> capture_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(vector_path("captures")))
    if (entry.path().extension() == ".pcap") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

enum class direction { c2b, b2c, self };

struct datagram {
  int frame = 0;    ///< counted from 1 as in the file
  direction dir{};  ///< console to BMC or back; self: the BMC to itself (pyghmi wakes itself so)
  std::vector<std::uint8_t> data;
};

/// The datagrams of a JSON trace. Traces without frame numbers are numbered from 1.
inline std::vector<datagram> load_trace(const nlohmann::json& trace, const char* list = "packets") {
  std::vector<datagram> out;
  for (const auto& p : trace.at(list)) {
    out.push_back({p.value("frame", static_cast<int>(out.size()) + 1),
                   p.at("dir") == "c2b" ? direction::c2b : direction::b2c,
                   from_hex(p.at("hex").get_ref<const std::string&>())});
  }
  return out;
}

/// The datagrams of a capture file of Ethernet frames that each hold one whole UDP datagram over IPv4; anything else
/// throws. The first datagram's destination is the BMC.
inline std::vector<datagram> load_pcap(const std::filesystem::path& path) {
  const auto fail = [&](const char* what) { throw std::runtime_error(path.string() + ": " + what); };
  const auto be16 = [](const std::uint8_t* p) { return static_cast<std::uint16_t>((p[0] << 8) | p[1]); };
  char error[PCAP_ERRBUF_SIZE] = "";
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> file(pcap_open_offline(path.c_str(), error), &pcap_close);
  if (!file) fail(error);
  if (pcap_datalink(file.get()) != DLT_EN10MB) fail("not Ethernet");

  std::vector<datagram> out;
  int server = -1;
  pcap_pkthdr* header = nullptr;
  const std::uint8_t* p = nullptr;
  int more = 0;
  for (int frame = 1; (more = pcap_next_ex(file.get(), &header, &p)) == 1; ++frame) {
    const std::size_t size = header->caplen;
    if (size != header->len) fail("incomplete frame");
    if (size < 14 + 20 + 8 || be16(p + 12) != 0x0800 || p[14] >> 4 != 4 || p[23] != 17) fail("not UDP over IPv4");
    const std::size_t udp = 14 + 4u * (p[14] & 0x0fu);
    if (size < udp + 8) fail("incomplete frame");
    const int from = be16(p + udp);
    const int to = be16(p + udp + 2);
    const std::size_t end = udp + be16(p + udp + 4);
    if (end < udp + 8 || end > size) fail("bad UDP length");
    if (server < 0) server = to;
    const auto dir = to != server ? direction::b2c : from == server ? direction::self : direction::c2b;
    out.push_back({frame, dir, {p + udp + 8, p + end}});
  }
  if (more != PCAP_ERROR_BREAK) fail(pcap_geterr(file.get()));
  return out;
}

inline std::vector<datagram> load_capture(const std::string& name) {
  return load_pcap(vector_path("captures/" + name + ".pcap"));
}
inline nlohmann::json load_decoded(const std::string& name) { return load_json("captures/" + name + ".decoded.json"); }

}  // namespace rmcpp::test
