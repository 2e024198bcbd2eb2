// SPDX-License-Identifier: BSL-1.0
// FreeIPMI's packet calls, its fiid objects kept between packets. Makes its own IVs.
#pragma once

#include "material.hpp"

#include <freeipmi/freeipmi.h>

#include <stdexcept>

namespace bench {

template <class Suite> class freeipmi {
 public:
  static constexpr const char* name = "freeipmi";

  freeipmi() {
    if (ipmi_rmcpplus_init() != 0) throw std::runtime_error("ipmi_rmcpplus_init");
  }

  std::size_t seal(bytes message, std::uint32_t sequence, const iv_block&, mutable_bytes out) {
    // FreeIPMI builds the LAN message's first five bytes and its last checksum itself.
    const bytes command = message.subspan(5, message.size() - 6);
    if (fill_rmcp_hdr_ipmi(rmcp_.get()) < 0 ||
        fill_rmcpplus_session_hdr(IPMI_PAYLOAD_TYPE_IPMI, IPMI_PAYLOAD_FLAG_AUTHENTICATED,
                                  Suite::aes ? IPMI_PAYLOAD_FLAG_ENCRYPTED : IPMI_PAYLOAD_FLAG_UNENCRYPTED, 0, 0,
                                  session_id, sequence, session_.get()) < 0 ||
        fill_lan_msg_hdr(message[0], static_cast<std::uint8_t>(message[1] >> 2), 0,
                         static_cast<std::uint8_t>(message[4] >> 2), request_.get()) < 0 ||
        fiid_obj_set_all(command_.get(), command.data(), static_cast<unsigned>(command.size())) < 0 ||
        fill_rmcpplus_session_trlr(trailer_.get()) < 0)
      return 0;
    const int n = assemble_ipmi_rmcpplus_pkt(
        Suite::authentication, Suite::integrity, Suite::confidentiality, m_.k1.data(), size(m_.k1), m_.k2.data(),
        size(m_.k2), nullptr, 0, rmcp_.get(), session_.get(), request_.get(), command_.get(), trailer_.get(),
        out.data(), static_cast<unsigned>(out.size()), IPMI_INTERFACE_FLAGS_DEFAULT);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

  /// FreeIPMI takes the message apart; it is not put together again for whoever wants it whole.
  mutable_bytes open(mutable_bytes d) {
    const int done = unassemble_ipmi_rmcpplus_pkt(
        Suite::authentication, Suite::integrity, Suite::confidentiality, m_.k1.data(), size(m_.k1), m_.k2.data(),
        size(m_.k2), d.data(), static_cast<unsigned>(d.size()), in_rmcp_.get(), in_session_.get(), payload_.get(),
        response_.get(), in_command_.get(), message_trailer_.get(), in_trailer_.get(), IPMI_INTERFACE_FLAGS_DEFAULT);
    if (done != 1 || ipmi_rmcpplus_check_packet_session_authentication_code(
                         Suite::integrity, d.data(), static_cast<unsigned>(d.size()), m_.k1.data(), size(m_.k1),
                         nullptr, 0, in_trailer_.get()) != 1)
      return {};
    if (Suite::aes && ipmi_rmcpplus_check_payload_pad(Suite::confidentiality, payload_.get()) != 1) return {};
    const int n = fiid_obj_get_data(payload_.get(), "payload_data", text_.data(), static_cast<unsigned>(text_.size()));
    return n > 0 ? mutable_bytes(text_).first(static_cast<std::size_t>(n)) : mutable_bytes{};
  }

 private:
  class object {
   public:
    explicit object(fiid_field_t* of) : o_(fiid_obj_create(of)) {
      if (o_ == nullptr) throw std::runtime_error("fiid_obj_create");
    }
    object(const object&) = delete;
    ~object() { fiid_obj_destroy(o_); }
    [[nodiscard]] fiid_obj_t get() const { return o_; }

   private:
    fiid_obj_t o_;
  };
  static unsigned size(const buffer& key) { return static_cast<unsigned>(key.size()); }

  /// Any command: its code and its data.
  static inline fiid_field_t any_command_[] = {
      {8, "cmd", FIID_FIELD_REQUIRED | FIID_FIELD_LENGTH_FIXED | FIID_FIELD_MAKES_PACKET_SUFFICIENT},
      {8 * 1100, "data", FIID_FIELD_OPTIONAL | FIID_FIELD_LENGTH_VARIABLE},
      {0, "", 0}};

  material<Suite> m_;
  object rmcp_{tmpl_rmcp_hdr}, session_{tmpl_rmcpplus_session_hdr}, request_{tmpl_lan_msg_hdr_rq},
      command_{any_command_}, trailer_{tmpl_rmcpplus_session_trlr};
  object in_rmcp_{tmpl_rmcp_hdr}, in_session_{tmpl_rmcpplus_session_hdr}, payload_{tmpl_rmcpplus_payload},
      response_{tmpl_lan_msg_hdr_rs}, in_command_{any_command_}, message_trailer_{tmpl_lan_msg_trlr},
      in_trailer_{tmpl_rmcpplus_session_trlr};
  buffer text_ = buffer(2048);
};

}  // namespace bench
