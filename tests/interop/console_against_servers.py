#!/usr/bin/python3
"""examples/console against BMCs that others wrote, and against ours; ipmitool's answers are the yardstick.

    console_against_servers.py --build DIR [--server NAME]

For each server and suite the console asks what ipmitool asks in the same minute of the same server, and every line
that both print must say the same.  What the console makes the server do is read back with ipmitool.  ipmi_sim
and pyghmi know suite 3 and no Get Channel Cipher Suites before a session (pyghmi even agrees to anything and then
means suite 3), so `-C auto` shows there how the console finds out; our own BMC offers 3 and 17.  The other
suites, keys and accounts get a few commands each; those of our own BMC are in logins.py.

Over IPMI v1.5 (-I lan) the same with each authentication type, of ipmi_sim also without authcodes after the login.

Then the failures: each ends soon, with a status other than 0, and its cause on stderr.
"""
import argparse
import re
import socket
from typing import Callable, NamedTuple, Optional, Tuple

import rig
from clients import AUTH_TYPES, CLIENTS_OWN, IS_V15, SESSION_INFO, SUITES, Login, console, ipmitool
from servers import IpmiSim, OurBmc, PyghmiBmc, Server

LIMIT = 8                       # seconds for one command, negotiation included


class OwnBmc(OurBmc):
    users = {"administrator": ("admin", "password"), "operator": ("operator", "operpw"), "user": ("user1", "userpw")}
    suites = (3, 17)

    def __init__(self, build, *more):
        options = ["--suites", ",".join(str(s) for s in self.suites), "--v15", ",".join(AUTH_TYPES).lower(), *more]
        for level, (user, password) in self.users.items():
            options += ["--user", "%s:%s:%s" % (user, password, level)]
        super().__init__(build, *options)


class Plan(NamedTuple):
    title: str
    make: Callable[[str], Server]           # from the build directory
    suites: Tuple[Optional[int], ...]       # None: -C auto
    auto: int                               # the suite that auto must end on


PLANS = (
    Plan("ipmi_sim", lambda build: IpmiSim(), (3, None), 3),
    Plan("pyghmi", lambda build: PyghmiBmc(), (3, None), 3),
    Plan("our bmc", OwnBmc, (3, 17, None), 17),
)


class Variant(NamedTuple):
    """A login that is not the plain administrator's with suite 3."""
    what: str
    suites: Tuple[Optional[int], ...]
    user: Tuple[str, str]
    level: Optional[str] = None
    kg: Optional[str] = None


# ipmi_sim keeps 19 characters of a K_g and of a password, and uses 16 of them as a key for HMAC-MD5 (6 and 11).  It
# gives anybody the privilege that he asks for.  pyghmi's users are all administrators.
SIM_USER, SIM_LONG, PYGHMI_USER = ("ipmiusr", "test"), ("ADMIN20", "1234567890123456789"), ("admin", "password")
SIM_KG, SIM_SHORT_KG, PYGHMI_KG = "0123456789abcdefghi", "0123456789abcdef", "0123456789abcdefghij"
VARIANTS = {
    "ipmi_sim": (
        Variant("administrator", (1, 2, 6, 11), SIM_USER),
        Variant("operator", (1, 3, 11), ("operator", "operpw"), "OPERATOR"),
        Variant("user", (1, 3, 11), ("user1", "userpw"), "USER"),
        Variant("password of 19 bytes", (1, 2, 3, None), SIM_LONG),
        Variant("K_g of 19 bytes", (1, 2, 3, None), SIM_USER, None, SIM_KG),
        Variant("K_g and password of 19 bytes", (1, 2, 3), SIM_LONG, None, SIM_KG),
        Variant("K_g of 16 bytes", (1, 2, 3, 6, 11), SIM_USER, None, SIM_SHORT_KG),
    ),
    "pyghmi": (
        Variant("operator", (3,), PYGHMI_USER, "OPERATOR"),
        Variant("K_g of 20 bytes", (3, None), PYGHMI_USER, None, PYGHMI_KG),
        Variant("K_g of 20 bytes, operator", (3,), PYGHMI_USER, "OPERATOR", PYGHMI_KG),
    ),
}
KINDS = {"ipmi_sim": IpmiSim, "pyghmi": PyghmiBmc}

# Commands whose lines `key : value` are compared: (words, keys that both must print, what the server must have)
FIELDS = (
    ("mc info", ("Device ID", "Device Revision", "Firmware Revision", "IPMI Version", "Manufacturer ID",
                 "Product ID"), None),
    ("chassis status", ("System Power", "Power Overload", "Main Power Fault", "Power Control Fault",
                        "Power Restore Policy", "Drive Fault"), None),
    ("mc guid", ("System GUID",), "has_guid"),
)

# (console's words, what it prints, ipmitool's words then, what those must show)
CHANGES = (
    ("chassis power off", r"^Chassis Power Control: Down/Off$", "chassis power status", r"^Chassis Power is off$"),
    ("chassis power on", r"^Chassis Power Control: Up/On$", "chassis power status", r"^Chassis Power is on$"),
    ("chassis power cycle", r"^Chassis Power Control: Cycle$", "chassis power status", r"^Chassis Power is on$"),
    ("chassis power reset", r"^Chassis Power Control: Reset$", "chassis power status", r"^Chassis Power is on$"),
    ("chassis power soft", r"^Chassis Power Control: Soft$", "chassis power status", r"^Chassis Power is off$"),
    ("chassis power on", r"^Chassis Power Control: Up/On$", "chassis power status", r"^Chassis Power is on$"),
    ("chassis bootdev disk", r"^Set Boot Device to disk$", "chassis bootparam get 5", r"default Hard-Drive$"),
    ("chassis bootdev pxe", r"^Set Boot Device to pxe$", "chassis bootparam get 5", r"Force PXE$"),
)


def fields(text):
    """{key: value} of the lines `key : value`, without regard to case and spacing; the indented lines that follow
    a key belong to its value."""
    found, key = {}, None
    for line in text.splitlines():
        words = " ".join(line.split()).casefold()
        if line[:1].isspace() and key and ":" not in line:
            found[key] += "\n" + words
        elif ":" in words:
            key, value = (part.strip() for part in words.split(":", 1))
            found[key] = value
    return found


def yardstick(login, words):
    """ipmitool's command; it need not discover what the console does, nor has it each suite and type."""
    if login.suite not in SUITES["ipmitool"]:
        login = login._replace(suite=3, auth=None)
    return ipmitool(login, *words.split())


def ask_both(report, name, build, login, words, tool_words=None):
    """ipmitool's stdout and the console's, or None for both if one of them failed."""
    theirs = rig.run(yardstick(login, tool_words or words))
    if theirs.status != 0:
        report.fail(name, "ipmitool failed: %s\n%s" % (theirs.command(), rig.tail(theirs.output)))
        return None, None
    ours = rig.run(console(build, login, *words.split()), LIMIT)
    if ours.status != 0 or ours.timed_out:
        report.fail(name, "\n    $ %s\n    exit status %s after %.2f s\n%s"
                    % (ours.command(), ours.status, ours.seconds, rig.tail(ours.output)))
        return None, None
    return theirs.stdout, ours.stdout


def compare_fields(report, name, build, login, words, required):
    theirs, ours = ask_both(report, name, build, login, words)
    if theirs is None:
        return
    reference, answer = fields(theirs), fields(ours)
    wrong = ["no line %r" % key for key in required if key.casefold() not in answer or key.casefold() not in reference]
    both = [key for key in reference if key in answer]
    wrong += ["%s: %r, ipmitool says %r" % (key, answer[key], reference[key]) for key in both
              if answer[key] != reference[key]]
    report.check("%s (%d lines agree)" % (name, len(both)) if not wrong else name, not wrong,
                 "; ".join(wrong) + "\n" + rig.tail(ours, 30))


def compare_text(report, name, build, login, words, tool_words=None):
    theirs, ours = ask_both(report, name, build, login, words, tool_words)
    if theirs is not None:
        report.check(name, theirs.split() == ours.split(), "%r, ipmitool says %r" % (ours, theirs))


def compare_suites(report, name, build, login):
    """The IDs, first on their lines.  ipmitool 1.8.19 prints 12 of the 15 that ipmi_sim lists."""
    theirs, ours = ask_both(report, name, build, login, "channel getciphers", "channel getciphers ipmi")
    if theirs is None:
        return
    reference, answer = ({int(n) for n in re.findall(r"^\s*(\d+)\s", text, re.M)} for text in (theirs, ours))
    agree = answer == reference or (len(reference) >= 12 and answer > reference)
    report.check(name, reference and agree, "%s, ipmitool says %s" % (sorted(answer), sorted(reference)))


def account(server, suite):
    return Login(server.port, *server.users["administrator"], suite=suite,
                 kg=server.kg.encode("ascii").hex() if server.kg else None)


def succeed(report, plan, server, build):
    for suite in plan.suites:
        login = account(server, suite)
        title = "%s, -C %s: " % (plan.title, "auto" if suite is None else suite)
        uses = plan.auto if suite is None else suite
        report.case(title + "-v names suite %d" % uses,
                    console(build, login, "chassis", "power", "status", options=("-v",)),
                    (r"(?i)suite\D{0,12}%d\b" % uses, r"^Chassis Power is on$"), limit=LIMIT)
        for words, required, needs in FIELDS:
            if needs is None or getattr(server, needs):
                compare_fields(report, title + words, build, login, words, required)
        compare_text(report, title + "raw 06 01", build, login, "raw 06 01", "raw 0x06 0x01")
        compare_text(report, title + "chassis power status", build, login, "chassis power status")
        if server.lists_suites:
            compare_suites(report, title + "channel getciphers", build, login)
        for words, prints, asks, finds in CHANGES if suite is not None else CHANGES[:2]:    # negotiation takes 2 s
            report.case(title + words, console(build, login, *words.split()), (prints,), limit=LIMIT)
            report.case(title + words + ", says ipmitool", yardstick(login, asks), (finds,), patience=3)
            if asks == "chassis power status":
                report.case(title + words + ", says console", console(build, login, *asks.split()), (finds,),
                            limit=LIMIT, patience=3)
    if server.answers_ping:
        report.case("%s: ping" % plan.title, console(build, login, "ping"), (r"(?i)\bpong\b",), limit=LIMIT)


def vary(report, plan, build):
    """Reads, switches off and on again; ipmitool, as the plain administrator, sees the chassis follow."""
    variants = VARIANTS.get(plan.title, ())
    for kg in sorted({v.kg for v in variants}, key=str):
        with KINDS[plan.title](kg) as server:
            for v in variants:
                for suite in v.suites if v.kg == kg else ():
                    vary_one(report, plan, build, server, v, suite)
            report.check("%s, K_g %s, still runs" % (plan.title, kg), server.alive(), rig.tail(server.log()))


def vary_one(report, plan, build, server, variant, suite):
    login = account(server, suite)._replace(user=variant.user[0], password=variant.user[1], level=variant.level)
    title = "%s, -C %s, %s: " % (plan.title, "auto" if suite is None else suite, variant.what)
    uses = plan.auto if suite is None else suite
    report.case(title + "status", console(build, login, "chassis", "power", "status", options=("-v",)),
                (r"^cipher suite %d$" % uses, r"^Chassis Power is on$"), limit=LIMIT)
    if variant.level == "USER":
        report.case(title + "off is denied", console(build, login, "chassis", "power", "off"),
                    stderr=(r"(?i)privilege",), status=rig.NONZERO, limit=LIMIT)
        return
    report.case(title + "off", console(build, login, "chassis", "power", "off"),
                (r"^Chassis Power Control: Down/Off$",), limit=LIMIT)
    report.case(title + "off, says ipmitool", ipmitool(account(server, 3), "chassis", "power", "status"),
                (r"^Chassis Power is off$",), patience=3)
    report.case(title + "on", console(build, login, "chassis", "power", "on"), (r"^Chassis Power Control: Up/On$",),
                limit=LIMIT)


# (server, what, user, password, suite, level, command, what stderr must say)
NOBODY = ("nobody", "nothing")
FAILURES = (
    ("ipmi_sim", "wrong password", ("ipmiusr", "wrong"), 3, None, "mc info", r"(?i)password"),
    ("ipmi_sim", "wrong password", ("ipmiusr", "wrong"), None, None, "mc info", r"(?i)password"),
    ("ipmi_sim", "unknown user", NOBODY, 3, None, "mc info", r"(?i)user|name"),
    ("ipmi_sim", "suite not offered", ("ipmiusr", "test"), 17, None, "mc info", r"(?i)suite|algorithm"),
    ("pyghmi", "wrong password", ("admin", "wrong"), 3, None, "mc info", r"(?i)password"),
    ("pyghmi", "wrong password", ("admin", "wrong"), None, None, "mc info", r"(?i)password"),
    ("pyghmi", "unknown user", NOBODY, 3, None, "mc info", r"(?i)time|answer|respon"),      # it is silent
    ("pyghmi", "suite not offered", ("admin", "password"), 17, None, "mc info", r"(?i)suite|algorithm"),
    ("our bmc", "wrong password", ("admin", "wrong"), None, None, "mc info", r"(?i)password"),
    ("our bmc", "command above the privilege", ("user1", "userpw"), 17, "USER", "chassis power off", r"(?i)privilege"),
)


def fail(report, plan, server, build):
    for title, what, (user, password), suite, level, words, cause in FAILURES:
        if title == plan.title:
            report.case("%s, -C %s: %s" % (title, "auto" if suite is None else suite, what),
                        console(build, Login(server.port, user, password, suite, level), *words.split()),
                        stderr=(cause,), reject=(r"^Device ID",), status=rig.NONZERO, limit=LIMIT)
    report.check("%s still runs" % plan.title, server.alive(), rig.tail(server.log()))
    report.case("%s: a login after the failures" % plan.title,
                console(build, account(server, plan.auto), "chassis", "power", "status"),
                (r"^Chassis Power is ",), limit=LIMIT)


# (what, how to make it from the build directory, whether the packets have authcodes after a login that has one; None:
# it depends on the command).  ipmi_sim 2.0.33 sends them, and says that it does, whatever its configuration says.
V15_SERVERS = {
    "ipmi_sim": (("ipmi_sim", lambda build: IpmiSim(), True),
                 ("ipmi_sim, per_msg_auth false", lambda build: IpmiSim(per_message=False), True)),
    "our bmc": (("our bmc", OwnBmc, True),
                ("our bmc, --v15-auth-off message", lambda build: OwnBmc(build, "--v15-auth-off", "message"), False),
                ("our bmc, --v15-auth-off user", lambda build: OwnBmc(build, "--v15-auth-off", "user"), None)),
}


def over_v15(report, plan, build):
    """A BMC that guesses have been made at may have a console wait: those have servers of their own."""
    for title, make, codes in V15_SERVERS.get(plan.title, ()):
        with make(build) as server:
            for auth in (CLIENTS_OWN, *AUTH_TYPES):
                v15_session(report, "%s, IPMI v1.5 %s: " % (title, auth or "as it likes"), build, server, auth, codes)
            report.check("%s still runs" % title, server.alive(), rig.tail(server.log()))
            if plan.title == "our bmc":
                for auth in AUTH_TYPES:
                    line = r"^login .*, IPMI v1\.5, authentication type %s$" % auth
                    report.check("%s saw %s" % (title, auth), re.search(line, server.log(), re.M),
                                 rig.tail(server.log()))
        for auth in ("MD2", "MD5", "PASSWORD") if codes else ():
            for what, user, says in (("wrong password", None, r"password"), ("unknown user", NOBODY, r"(user|name)")):
                with make(build) as server:
                    name, password = user or (server.users["administrator"][0], "wrong")
                    report.case("%s, IPMI v1.5 %s: %s" % (title, auth, what),
                                console(build, Login(server.port, name, password, auth=auth), "mc", "info"),
                                stderr=(r"^console: .*\b%s\b" % says,), reject=(r"^Device ID",), status=rig.NONZERO,
                                limit=LIMIT)
    if plan.title == "pyghmi":              # silent to all that does not speak of RMCP+
        with PyghmiBmc() as server:
            login = account(server, None)._replace(auth=CLIENTS_OWN)
            report.case("pyghmi: IPMI v1.5", console(build, login, "mc", "info"),
                        stderr=(r"^console: .*(IPMI v1\.5|no answer)",), status=rig.NONZERO, limit=LIMIT)


def v15_session(report, title, build, server, auth, codes):
    login = Login(server.port, *server.users["administrator"], auth=auth)
    bare = () if codes or auth == "NONE" else ("--bare",)
    ask = lambda *words, user=None, level=None: console(
        build, login if user is None else login._replace(user=user[0], password=user[1], level=level), *words,
        options=bare)
    report.case(title + "it is IPMI v1.5", ask(*SESSION_INFO), (IS_V15,), limit=LIMIT)
    if codes is False and auth != "NONE":
        report.case(title + "not without --bare", console(build, login, *SESSION_INFO), stderr=(r"^console: .*--bare",),
                    status=rig.NONZERO, limit=LIMIT)
    if not bare:
        for words, required, _ in FIELDS[:2]:
            compare_fields(report, title + words, build, login, words, required)
    for words, prints, asks, finds in CHANGES if auth == CLIENTS_OWN else CHANGES[:2]:
        report.case(title + words, ask(*words.split()), (prints,), limit=LIMIT)
        report.case(title + words + ", says ipmitool", yardstick(login, asks), (finds,), patience=3)
    for role, level in (("operator", "OPERATOR"), ("user", "USER"), ("operator", "USER")):
        user = server.users[role]
        report.case("%s%s as %s" % (title, user[0], level), ask("chassis", "power", "status", user=user, level=level),
                    (r"^Chassis Power is on$",), limit=LIMIT)
    user = server.users["user"]
    report.case(title + "level too high", ask("mc", "info", user=user, level="ADMINISTRATOR"),
                stderr=(r"^console: .*\b86h, .*\blimit\b",), status=rig.NONZERO, limit=LIMIT)
    report.case(title + "command above the privilege", ask("chassis", "power", "off", user=user, level="USER"),
                stderr=(r"(?i)privilege",), status=rig.NONZERO, limit=LIMIT)


def refuse_keys(report, plan, build):
    """K_g differs: noticed in RAKP 4 at the latest, where the BMC proves that it has the key."""
    if plan.title not in KINDS:
        return
    with KINDS[plan.title](SIM_KG) as server:
        for what, kg in (("no K_g", None), ("another K_g", b"ABCDEFGHIJ012345678".hex())):
            report.case("%s, -C 3: %s" % (plan.title, what),
                        console(build, account(server, 3)._replace(kg=kg), "mc", "info"), stderr=(r"K_g",),
                        status=rig.NONZERO, limit=LIMIT)


def nobody_there(report, build):
    """A port that swallows everything, and one that is closed: loopback says so with an ICMP message."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((rig.HOST, 0))
        for suite in (None, 3):
            login = Login(silent.getsockname()[1], "admin", "password", suite)
            report.case("silent port, -C %s" % ("auto" if suite is None else suite),
                        console(build, login, "mc", "info"), stderr=(r"(?i)time|no answer|no response",),
                        status=rig.NONZERO, limit=LIMIT)
        report.case("silent port: ping", console(build, login, "ping"), stderr=(r"(?i)time|no answer|no response",),
                    reject=(r"(?i)\bpong\b",), status=rig.NONZERO, limit=LIMIT)
    login = Login(rig.free_udp_port(), "admin", "password")
    report.case("closed port", console(build, login, "mc", "info"),
                stderr=(r"(?i)time|no answer|no response|refused|unreachable",), status=rig.NONZERO, limit=LIMIT)


def body(report, options):
    report.need("ipmitool", "ipmi_sim")
    for plan in PLANS:
        if options.server not in (None, plan.title):
            continue
        before = report.failed
        try:
            with plan.make(options.build) as server:
                succeed(report, plan, server, options.build)
                fail(report, plan, server, options.build)
                if report.failed > before:
                    print("what %s printed:\n%s" % (plan.title, rig.tail(server.log())))
            vary(report, plan, options.build)
            refuse_keys(report, plan, options.build)
            over_v15(report, plan, options.build)
        except rig.Failure as failure:          # the other servers still have something to tell
            report.fail(plan.title, failure)
    if options.server in (None, PLANS[-1].title):
        nobody_there(report, options.build)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
parser.add_argument("--server", choices=[plan.title for plan in PLANS], help="this one only")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=290)
