#!/usr/bin/python3
"""Every refusal by examples/bmc as each client tells it: at once, in its own words, and never as a time-out.

    refusals.py --build DIR [--v15]

The client's own sentence for each cause is in clients.PROBES.  Causes that lie in the account are tried with every
cipher suite the client has; suite 0 has neither password nor keys that could differ.

With --v15 the same over IPMI v1.5, with clients.V15_PROBES and each authentication type.  There a BMC has no words for
a wrong password, and silence is what the clients tell.
"""
import argparse
import contextlib
import re

import rig
from clients import ALL_SUITES, AUTH_TYPES, CLIENTS_OWN, PROBES, V15_PROBES, XRC4_SUITES, Login, ipmitool
from servers import OurBmc

LIMIT = 5                       # seconds
WAIT = 15                       # likewise, for an answer that does not come
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


LONG = "12345678901234567890"
TOO_LONG = {                    # a password of 20 bytes; the others cut it, and to the BMC it is no password
    "ipmitool": r"password is longer than 16 bytes", "console": r"^console: .*\bpassword\b.*\b16 bytes",
    **dict.fromkeys(("ipmipower", "ipmi-chassis", "bmc-info", "ipmi-config"), r"^password too long$"),
}


LACKS_V15 = r"^console: .*IPMI v1\.5.*-I lanplus"


def v15_bmc(options, probe, *more, types=",".join(AUTH_TYPES).lower()):
    place = {} if probe.any_port else {"listen": rig.lonely_address(), "port": 623}
    return OurBmc(options.build, *ACCOUNTS, "--user", "long:" + LONG, "--v15", types, *more, **place)


def title_v15(probe, login, name):
    return "%s, IPMI v1.5 %s: %s" % (probe.name, login.auth or "as it likes", name)


def refused_v15(report, options, probe, bmc, login, name, says):
    report.case(title_v15(probe, login, name), probe.argv(options.build, login._replace(port=bmc.port, host=bmc.host)),
                (says,), (probe.expect, r"(?i)time-?out|timed out|no answer|no response"), status=rig.NONZERO,
                limit=LIMIT, stderr=(says,) if probe.name == "console" else ())


def well_v15(report, options, probe, bmc, name):
    login = Login(bmc.port, "admin", "password", host=bmc.host, auth="MD5")
    report.case("%s, IPMI v1.5, after %s" % (probe.name, name), probe.argv(options.build, login), (probe.expect,))


def accounts_v15(report, options):
    for probe in V15_PROBES:
        with v15_bmc(options, probe) as bmc:
            for auth in probe.types:
                for name, cause, user, password, level in REFUSED:
                    if cause == "privilege":
                        refused_v15(report, options, probe, bmc, Login(0, user, password, level=level, auth=auth), name,
                                    probe.refused[cause])
            well_v15(report, options, probe, bmc, "levels that are too high")
        guesses_v15(report, options, probe)


def guesses_v15(report, options, probe):
    """Whoever guesses waits, and everybody at his address with him: so a BMC for each guess.  The clients wait for an
    answer in vain, all of them at once."""
    cases = []
    for auth in (t for t in probe.types if t not in (CLIENTS_OWN, "NONE")):
        for name, user, password, says in (
                ("wrong password", "admin", "wrong", probe.refused["password"]),
                ("unknown user", "nobody", "password", probe.refused["user"]),
                ("password of 20 bytes", "long", LONG, TOO_LONG.get(probe.name, probe.refused["user"]))):
            cases.append((Login(0, user, password, auth=auth), name, says))
    with contextlib.ExitStack() as stack:
        bmcs = [stack.enter_context(v15_bmc(options, probe)) for _ in cases]
        commands = [probe.argv(options.build, login._replace(port=bmc.port, host=bmc.host))
                    for bmc, (login, *_) in zip(bmcs, cases)]
        results = rig.run_all(commands, WAIT, at_once=len(commands))
        for bmc, (login, name, says), result in zip(bmcs, cases, results):
            report.judge(title_v15(probe, login, name), result, (says,), (probe.expect,), status=rig.NONZERO,
                         limit=WAIT, stderr=(says,) if probe.name == "console" else ())
            report.check(title_v15(probe, login, name) + ": the bmc tells of no login",
                         not re.search(r'^login "', bmc.log(), re.M), rig.tail(bmc.log()))


def types_v15(report, options):
    """A type that the BMC does not offer, and a BMC that has no IPMI v1.5."""
    for probe in V15_PROBES:
        if "type" not in probe.refused:
            continue
        for offered in ("md5", "password"):
            with v15_bmc(options, probe, types=offered) as bmc:
                for auth in probe.types:
                    # Each client's own choice is one with a digest.
                    if auth not in (offered.upper(), CLIENTS_OWN):
                        refused_v15(report, options, probe, bmc, Login(0, "admin", "password", auth=auth),
                                    "only %s is offered" % offered, probe.refused["type"])
                if offered == "md5":
                    well_v15(report, options, probe, bmc, "types that are not offered")
        with OurBmc(options.build, *ACCOUNTS) as bmc:
            for auth in probe.types:
                says = LACKS_V15 if probe.name == "console" else probe.refused["type"]
                refused_v15(report, options, probe, bmc, Login(0, "admin", "password", auth=auth), "no IPMI v1.5", says)


def slots_v15(report, options):
    """The one slot is taken by a shell."""
    for probe in V15_PROBES:
        with v15_bmc(options, probe, "--max-sessions", "1") as bmc:
            login = Login(bmc.port, "admin", "password", host=bmc.host, auth="MD5")
            with rig.Process(ipmitool(login, "shell"), talk=True) as shell:
                if not report.check("a shell for %s" % probe.name, shell.wait_for(r"^ipmitool> ", 10),
                                    rig.tail(shell.stdout() + shell.stderr())):
                    continue
                for auth in probe.types:
                    refused_v15(report, options, probe, bmc, login._replace(auth=auth), "no slot",
                                probe.refused["slot"])


def alive_and_well(report, options, bmc, kg):
    for probe in PROBES:
        report.case("%s, after the refusals" % probe.name,
                    probe.argv(options.build, Login(bmc.port, "admin", "password", 3, kg=kg)), (probe.expect,))
    if report.failed:
        print("what the bmc printed:\n" + rig.tail(bmc.log(), 40))


def body(report, options):
    report.need(*(probe.name for probe in (*PROBES, *V15_PROBES) if probe.name != "console"))
    if options.v15:
        accounts_v15(report, options)
        types_v15(report, options)
        slots_v15(report, options)
        return
    accounts(report, options)
    suites(report, options)
    keys(report, options)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
parser.add_argument("--v15", action="store_true", help="IPMI v1.5 instead of RMCP+")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
