#!/usr/bin/python3
"""Every form of a login: each client with each cipher suite it has, for each key, privilege and password below; and
with each authentication type of IPMI v1.5 that it has.

    logins.py --build DIR

One short command a case (clients.PROBES, clients.V15_PROBES); clients_against_bmc.py has the long lists.  RMCP+'s plain
administrator is table.py's.  One BMC for each K_g; it has fewer slots than logins to come, so a session that is kept
shows.
"""
import argparse

import rig
from clients import ALL_SUITES, PROBES, V15_PROBES, Login
from servers import OurBmc

ACCOUNTS = {                    # user: (password, privilege limit)
    "admin": ("password", "administrator"),
    "operator": ("operpw", "operator"),
    "user1": ("userpw", "user"),
    "long16": ("1234567890123456", "administrator"),
    "name567890123456": ("password", "administrator"),
    "": ("null", "administrator"),
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
OVER_V15 = (
    PLAIN,
    *OTHERS[:4],
    ("administrator as operator", "admin", "OPERATOR"),
    ("administrator as user", "admin", "USER"),
    ("name of 16 bytes", "name567890123456", None),
    ("null user", "", None),
)

# (what, K_g, the logins to try)
KEYS = (
    ("no K_g", None, OTHERS),
    ("K_g of 20 letters", b"0123456789abcdefghij".hex(), (PLAIN, OTHERS[0], OTHERS[1], OTHERS[4])),
    ("K_g of 16 letters", b"0123456789abcdef".hex(), (PLAIN,)),
    ("binary K_g", "ff80000102030405060708090a0b0c0d0e0f7f01", (PLAIN,)),
    ("K_g from 00h on", "00112233445566778899aabbccddeeff00112233", (PLAIN, OTHERS[0], OTHERS[4])),
)


def over_v15(report, options):
    for any_port in (True, False):
        place = {} if any_port else {"listen": rig.lonely_address(), "port": 623}
        with OurBmc(options.build, *OPTIONS, "--v15", "none,md2,md5,password", **place) as bmc:
            for probe in V15_PROBES:
                for auth in probe.types if probe.any_port == any_port else ():
                    for what, user, level in OVER_V15:
                        if level != "USER" or probe.least == "USER":
                            login = Login(bmc.port, user, ACCOUNTS[user][0], level=level, host=bmc.host, auth=auth)
                            report.case("%s, IPMI v1.5 %s, %s" % (probe.name, auth or "as it likes", what),
                                        probe.argv(options.build, login), (probe.expect,))
            status = bmc.stop()
            report.check("IPMI v1.5, %s: the bmc ends with status 0 on SIGTERM" % bmc.host, status == 0,
                         "status %s\n%s" % (status, rig.tail(bmc.log(), 40)))


def body(report, options):
    report.need(*(probe.name for probe in (*PROBES, *V15_PROBES) if probe.name != "console"))
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
    over_v15(report, options)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
