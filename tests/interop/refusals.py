#!/usr/bin/python3
"""Every refusal by examples/bmc as each client tells it: at once, in its own words, and never as a time-out.

    refusals.py --build DIR

The client's own sentence for each cause is in clients.PROBES.  Causes that lie in the account are tried with every
cipher suite the client has; suite 0 has neither password nor keys that could differ.
"""
import argparse

import rig
from clients import ALL_SUITES, PROBES, XRC4_SUITES, Login
from servers import OurBmc

LIMIT = 5                       # seconds
SLOTS = 63                      # who finds in RAKP 4 that K_g differs leaves a session behind
ACCOUNTS = ["--user", "admin:password", "--user", "operator:operpw:operator", "--user", "user1:userpw:user"]
OFFERED = (17, 3)
KG, OTHER_KG = b"0123456789abcdefghij".hex(), b"ABCDEFGHIJ0123456789".hex()

# (what, cause, user, password, level)
REFUSED = (
    ("wrong password", "password", "admin", "wrong", None),
    ("unknown user", "user", "nobody", "password", None),
    ("user as administrator", "privilege", "user1", "userpw", "ADMINISTRATOR"),
    ("user as operator", "privilege", "user1", "userpw", "OPERATOR"),
    ("operator as administrator", "privilege", "operator", "operpw", "ADMINISTRATOR"),
)


def bmc_with(options, suites, *more):
    return OurBmc(options.build, *ACCOUNTS, "--suites", ",".join(str(s) for s in suites), "--max-sessions", SLOTS,
                  *more)


def refused(report, options, probe, login, cause, name):
    # ipmipower's and ipmitool's exit status say little: given -y, ipmitool 1.8.19 exits with 0 when it has failed.
    status = None if probe.name == "ipmitool" and login.kg else rig.NONZERO
    says = (probe.refused[cause],)
    report.case("%s, suite %s: %s" % (probe.name, login.suite, name), probe.argv(options.build, login), says,
                (probe.expect, r"(?i)time-?out|timed out|no answer|no response"), status=status, limit=LIMIT,
                stderr=says if probe.name == "console" else ())


def accounts(report, options):
    with bmc_with(options, ALL_SUITES) as bmc:
        for probe in PROBES:
            for suite in probe.suites:
                for name, cause, user, password, level in REFUSED:
                    if suite != 0 or cause == "privilege":
                        refused(report, options, probe, Login(bmc.port, user, password, suite, level), cause, name)
        alive_and_well(report, options, bmc, None)


def suites(report, options):
    """A suite that the BMC does not offer; xRC4, which no build offers, where the client can ask for it."""
    with bmc_with(options, OFFERED) as bmc:
        login = Login(bmc.port, "admin", "password")
        for probe in PROBES:
            for suite in probe.suites:
                if suite not in OFFERED:
                    refused(report, options, probe, login._replace(suite=suite), "suite", "not offered")
            for suite in XRC4_SUITES:
                if probe.name == "ipmitool":            # it sends the request, although it could not go on
                    refused(report, options, probe, login._replace(suite=suite), "suite", "xRC4")
                else:
                    report.case("%s, suite %s: does not have xRC4" % (probe.name, suite),
                                probe.argv(options.build, login._replace(suite=suite)), (probe.lacks,),
                                (probe.expect,), status=rig.NONZERO, limit=LIMIT)
        alive_and_well(report, options, bmc, None)


def keys(report, options):
    """K_g where there is none, none where there is one, and another.  OpenIPMI looks whether the BMC has one."""
    for bmc_kg, kg, name in ((None, KG, "K_g, and the BMC has none"), (KG, None, "no K_g, and the BMC has one"),
                             (KG, OTHER_KG, "another K_g")):
        with bmc_with(options, ALL_SUITES, *(("--kg", bmc_kg) if bmc_kg else ())) as bmc:
            for probe in PROBES:
                for suite in (1, 3, 8, 12, 17):
                    login = Login(bmc.port, "admin", "password", suite, kg=kg)
                    if probe.can(login) and (bmc_kg or probe.name != "openipmicmd"):
                        refused(report, options, probe, login, "K_g", name)
            alive_and_well(report, options, bmc, bmc_kg)


def alive_and_well(report, options, bmc, kg):
    for probe in PROBES:
        report.case("%s, after the refusals" % probe.name,
                    probe.argv(options.build, Login(bmc.port, "admin", "password", 3, kg=kg)), (probe.expect,))
    if report.failed:
        print("what the bmc printed:\n" + rig.tail(bmc.log(), 40))


def body(report, options):
    report.need(*(probe.name for probe in PROBES if probe.name != "console"))
    accounts(report, options)
    suites(report, options)
    keys(report, options)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
