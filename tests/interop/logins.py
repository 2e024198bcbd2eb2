#!/usr/bin/python3
"""Every form of a login: each client with each cipher suite it has, for each key, privilege and password below.

    logins.py --build DIR

One short command a case (clients.PROBES); clients_against_bmc.py has the long lists.  The plain administrator is
table.py's.  One BMC for each K_g; it has fewer slots than logins to come, so a session that is kept shows.
"""
import argparse

import rig
from clients import ALL_SUITES, PROBES, Login
from servers import OurBmc

ACCOUNTS = {                    # user: (password, privilege limit)
    "admin": ("password", "administrator"),
    "operator": ("operpw", "operator"),
    "user1": ("userpw", "user"),
    "long16": ("1234567890123456", "administrator"),
    "long20": ("12345678901234567890", "administrator"),
}
OPTIONS = ["--suites", ",".join(str(s) for s in ALL_SUITES), "--max-sessions", "4"]
for name, (password, limit) in ACCOUNTS.items():
    OPTIONS += ["--user", "%s:%s:%s" % (name, password, limit)]

# (what, user, level asked for); None is the client's default
PLAIN = ("administrator", "admin", None)
OTHERS = (
    ("operator", "operator", "OPERATOR"),
    ("user", "user1", "USER"),
    ("operator as user", "operator", "USER"),
    ("password of 16 bytes", "long16", None),
    ("password of 20 bytes", "long20", None),
)

# (what, K_g, the logins to try)
KEYS = (
    ("no K_g", None, OTHERS),
    ("K_g of 20 letters", b"0123456789abcdefghij".hex(), (PLAIN, OTHERS[0], OTHERS[1], OTHERS[4])),
    ("K_g of 16 letters", b"0123456789abcdef".hex(), (PLAIN,)),
    ("binary K_g", "ff80000102030405060708090a0b0c0d0e0f7f01", (PLAIN,)),
    ("K_g from 00h on", "00112233445566778899aabbccddeeff00112233", (PLAIN, OTHERS[0], OTHERS[4])),
)


def body(report, options):
    report.need(*(probe.name for probe in PROBES if probe.name != "console"))
    for key, kg, logins in KEYS:
        with OurBmc(options.build, *OPTIONS, *(("--kg", kg) if kg else ())) as bmc:
            for suite in ALL_SUITES:
                for probe in PROBES:
                    for what, user, level in logins:
                        login = Login(bmc.port, user, ACCOUNTS[user][0], suite, level, kg)
                        if probe.can(login):
                            report.case("%s, suite %s, %s, %s" % (probe.name, suite, key, what),
                                        probe.argv(options.build, login), (probe.expect,))
            status = bmc.stop()
            report.check("%s: the bmc ends with status 0 on SIGTERM" % key, status == 0,
                         "status %s\n%s" % (status, rig.tail(bmc.log(), 40)))


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
