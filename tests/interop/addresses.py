#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""examples/bmc on all addresses of its host: each client hears from the address that it asked, and from no other.

    addresses.py --build DIR

Loopback has as many addresses as one likes, and left to itself the kernel would answer from 127.0.0.1 whichever was
asked.  Each client is tried at each of them, by IPv4 on the socket of IPv6 too.
"""
import argparse

import rig
from clients import PROBES, Login, pyghmi
from servers import OurBmc

# (what --listen is given, addresses to ask)
LISTENERS = (
    ("0.0.0.0", ("127.0.0.1", "127.0.0.5")),
    ("::", ("127.0.0.1", "127.0.0.5", "::1")),
    ("127.0.0.5", ("127.0.0.5",)),
    ("::1", ("::1",)),
)


def body(report, options):
    report.need(*(probe.name for probe in PROBES if probe.name != "console"))
    for listen, addresses in LISTENERS:
        with OurBmc(options.build, "--user", "admin:password", listen=listen) as bmc:
            for host in addresses:
                login = Login(bmc.port, "admin", "password", 3, host=host)
                for probe in PROBES:
                    report.case("%s at %s, the bmc on %s" % (probe.name, host, listen),
                                probe.argv(options.build, login), (probe.expect,))
                report.case("pyghmi at %s, the bmc on %s" % (host, listen), pyghmi(login), (r"^power (on|off)$",))
            # A peer is shown as what it is.
            report.check("the bmc on %s tells of mapped addresses as of IPv4" % listen, "::ffff:" not in bmc.log(),
                         rig.tail(bmc.log(), 40))


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
