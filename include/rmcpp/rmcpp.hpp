// SPDX-License-Identifier: BSL-1.0
#pragma once

/// \file
/// Both roles, the follower, and all that they are made of. Not here, to be included by who wants them: a crypto
/// backend (crypto/cryptopp.hpp is the default), the dumper (wire/dump.hpp, for hosted programs), and what helps to
/// test (testing/testing.hpp).

#include <rmcpp/config.hpp>
#include <rmcpp/version.hpp>

#include <rmcpp/core/bytes.hpp>
#include <rmcpp/core/cursor.hpp>
#include <rmcpp/core/errc.hpp>
#include <rmcpp/core/hash.hpp>
#include <rmcpp/core/prefetch.hpp>
#include <rmcpp/core/result.hpp>
#include <rmcpp/core/secure.hpp>
#include <rmcpp/core/time.hpp>

#include <rmcpp/wire/asf.hpp>
#include <rmcpp/wire/channel_auth.hpp>
#include <rmcpp/wire/cipher_suites.hpp>
#include <rmcpp/wire/datagram.hpp>
#include <rmcpp/wire/lan_message.hpp>
#include <rmcpp/wire/message.hpp>
#include <rmcpp/wire/open_session.hpp>
#include <rmcpp/wire/payload_commands.hpp>
#include <rmcpp/wire/rakp.hpp>
#include <rmcpp/wire/rmcp.hpp>
#include <rmcpp/wire/session_challenge.hpp>
#include <rmcpp/wire/session_commands.hpp>
#include <rmcpp/wire/session_v15.hpp>
#include <rmcpp/wire/session_v2.hpp>
#include <rmcpp/wire/sol.hpp>

#include <rmcpp/crypto/algorithms.hpp>
#include <rmcpp/crypto/concepts.hpp>

#include <rmcpp/protect/batch.hpp>
#include <rmcpp/protect/link.hpp>
#include <rmcpp/protect/login_keys.hpp>
#include <rmcpp/protect/open.hpp>
#include <rmcpp/protect/plan.hpp>
#include <rmcpp/protect/replay_window.hpp>
#include <rmcpp/protect/seal.hpp>
#include <rmcpp/protect/session_keys.hpp>
#include <rmcpp/protect/suite.hpp>
#include <rmcpp/protect/v15_packet.hpp>

#include <rmcpp/session/pump.hpp>

#include <rmcpp/bmc.hpp>
#include <rmcpp/console.hpp>
#include <rmcpp/follower.hpp>
