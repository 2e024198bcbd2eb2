#!/usr/bin/python3
"""The field's own clients against examples/bmc: ipmitool, FreeIPMI's tools, OpenIPMI's.

    clients_against_bmc.py --build DIR [--suites 3,17] [--kg HEX]
    clients_against_bmc.py --build DIR --v15 md2,md5,...

With --v15 it is sessions of IPMI v1.5, by these authentication types, and as the clients like.

One BMC serves all of it, for each suite in turn, so a session that is not given back shows: the BMC is started
with fewer slots than there are logins to come, and asked now and then how many sessions are active.  No
workaround flag is used anywhere.  What the chassis was told is read back, by another session.

Other forms of a login are in logins.py, and what is refused in refusals.py.

The tables below hold (words, what the output must show); a new command is a row, a new suite an argument.
"""
import argparse
from typing import NamedTuple, Tuple

import rig
from clients import CLIENTS_OWN, GET_DEVICE_ID, PROBES, SUITES, V15_PROBES, Login, freeipmi, ipmitool, ipmiutil, \
    openipmicmd, rmcp_ping
from servers import OurBmc

ADMIN = ("admin", "password")
OPERATOR = ("operator", "operpw")
USER = ("user1", "userpw")
SLOTS = 4
OPENIPMI = next(probe for probe in PROBES if probe.name == "openipmicmd")
V15_TYPES = {probe.name: probe.types for probe in V15_PROBES}


class Row(NamedTuple):
    words: str                      # for FreeIPMI with the tool first
    expect: Tuple[str, ...]
    patience: float = 0             # seconds until the state must be reached


def power(state, words, pattern):
    return Row(words, (pattern % state,), 3)


def tool_power(state):
    return power(state, "chassis power status", r"^Chassis Power is %s$")


def ipmipower_stat(state):
    return power(state, "ipmipower --stat", r"^127[.\d]+(:\d+)?: %s$")


def ipmipower_row(words):
    return Row("ipmipower " + words, (r"^127[.\d]+(:\d+)?: ok$",))


def session_count(login):
    """One session, the asking one: had a client's session been kept, it would be counted too."""
    kind = r"IPMIv2/RMCP\+" if login.auth is None else r"IPMIv1\.5"
    return Row("session info active", (r"^active sessions +: 1$", r"^session type +: %s$" % kind,
                                       r"^privilege level +: ADMINISTRATOR$"))

IPMITOOL = (
    Row("mc info", (r"^Device ID +: \d+$", r"^IPMI Version +: 2\.0$", r"^Device Available +: yes$",
                    r"^    Chassis Device$")),
    Row("mc guid", (r"^System GUID +: [0-9A-Fa-f-]{32,36}$",)),
    Row("raw 0x06 0x01", (r"^( [0-9a-f]{2}){11,15} *$",)),
    Row("channel getciphers ipmi", (r"^ID +IANA +Auth Alg", r"^\d+ +N/A ")),
    Row("chassis status", (r"^System Power +: (on|off)$", r"^Power Overload +: false$", r"^Main Power Fault +: false$",
                           r"^Cooling/Fan Fault +: false$")),
    Row("chassis power on", (r"^Chassis Power Control: Up/On$",)), tool_power("on"),
    Row("chassis status", (r"^System Power +: on$",)),
    Row("chassis power off", (r"^Chassis Power Control: Down/Off$",)), tool_power("off"),
    Row("chassis status", (r"^System Power +: off$",)),
    Row("chassis power on", (r"^Chassis Power Control: Up/On$",)), tool_power("on"),
    Row("chassis power cycle", (r"^Chassis Power Control: Cycle$",)), tool_power("on"),
    Row("chassis power reset", (r"^Chassis Power Control: Reset$",)), tool_power("on"),
    Row("chassis power soft", (r"^Chassis Power Control: Soft$",)), tool_power("off"),
    Row("chassis power on", (r"^Chassis Power Control: Up/On$",)), tool_power("on"),
    Row("chassis bootdev disk", (r"^Set Boot Device to disk$",)),
    Row("chassis bootparam get 5", (r"^Boot parameter 5 is valid/unlocked$", r"Boot Flag Valid",
                                    r"Boot Device Selector : Force Boot from default Hard-Drive")),
    Row("chassis bootdev pxe", (r"^Set Boot Device to pxe$",)),
    Row("chassis bootparam get 5", (r"Boot Flag Valid", r"Options apply to only next boot",
                                    r"Boot Device Selector : Force PXE")),
    Row("chassis bootdev pxe options=efiboot,persistent", (r"^Set Boot Device to pxe$",)),
    Row("chassis bootparam get 5", (r"Options apply to all future boots", r"BIOS EFI boot", r"Force PXE")),
)

FREEIPMI = (
    ipmipower_row("--on"), ipmipower_stat("on"),
    ipmipower_row("--off"), ipmipower_stat("off"),
    ipmipower_row("--on"), ipmipower_stat("on"),
    ipmipower_row("--cycle"), ipmipower_stat("on"),
    ipmipower_row("--soft"), ipmipower_stat("off"),
    ipmipower_row("--cycle --on-if-off"), ipmipower_stat("on"),
    Row("ipmi-chassis --get-chassis-status", (r"^System Power +: on$", r"^Power overload +: false$")),
    Row("ipmi-chassis --chassis-control=POWER-DOWN", ()),
    Row("ipmi-chassis --get-chassis-status", (r"^System Power +: off$",), 3),
    Row("ipmi-chassis --get-chassis-capabilities", (r"^Intrusion sensor +: ",)),
    Row("ipmi-raw 0 6 1", (r"^rcvd: 01 00( [0-9A-F]{2}){11,15} *$",)),
    Row("bmc-info", (r"^Device ID +: \d+$", r"^IPMI Version +: 2\.0$", r"^Chassis Device +: supported$")),
    Row("bmc-info --get-device-id", (r"^Manufacturer ID +: ", r"^Product ID +: \d+")),
    Row("bmc-info --get-system-guid", (r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",)),
    Row("ipmi-config --category=chassis --commit -e Chassis_Boot_Flags:Boot_Device=HARD-DRIVE", ()),
    Row("ipmi-config --category=chassis --checkout", (r"^Section Chassis_Boot_Flags$",
                                                      r"^\s+Boot_Device +HARD-DRIVE$", r"^EndSection$")),
    Row("ipmi-config --category=chassis --commit -e Chassis_Boot_Flags:Boot_Device=PXE", ()),
    Row("ipmi-config --category=chassis --checkout -e Chassis_Boot_Flags:Boot_Device", (r"^\s+Boot_Device +PXE$",)),
)

OPENIPMICMD = (
    Row(GET_DEVICE_ID, (r"^0f 07 00 01 00( [0-9a-f]{2}){11,15} *$",)),
    Row("0f 00 00 01", (r"^0f 01 00 01 00( [0-9a-f]{2}){3,4} *$",)),
)

# (user, level, words, exit status, what the output must show)
LEVELS = (
    (OPERATOR, "OPERATOR", "chassis power on", 0, r"^Chassis Power Control: Up/On$"),
    (OPERATOR, "USER", "chassis power status", 0, r"^Chassis Power is on$"),
    (USER, "USER", "chassis power status", 0, r"^Chassis Power is on$"),
    (USER, "USER", "chassis power off", rig.NONZERO, r"Insufficient privilege level"),
    (OPERATOR, "USER", "chassis power off", rig.NONZERO, r"Insufficient privilege level"),
    (ADMIN, "ADMINISTRATOR", "chassis power status", 0, r"^Chassis Power is on$"),
)


def short(words):
    return words if len(words) < 60 else words[:57] + "..."


def kind(login):
    if login.auth is not None:
        return "IPMI v1.5 %s" % (login.auth or "as it likes")
    return "suite %s" % login.suite


def with_ipmitool(report, login):
    for row in IPMITOOL + (session_count(login),):
        report.case("ipmitool, %s: %s" % (kind(login), row.words), ipmitool(login, *row.words.split()), row.expect,
                    patience=row.patience)


def with_freeipmi(report, login):
    """ipmipower is left out where it has not the authentication type."""
    for row in FREEIPMI:
        tool, *words = row.words.split()
        if login.auth is None or login.auth in V15_TYPES.get(tool, ()) or tool == "ipmi-raw":
            report.case("%s, %s" % (short(row.words), kind(login)), freeipmi(tool, login, *words), row.expect,
                        patience=row.patience)


def with_openipmicmd(report, login):
    for row in OPENIPMICMD:
        report.case("openipmicmd, %s: %s" % (kind(login), row.words), openipmicmd(login, row.words), row.expect)


def with_ipmiutil(report, login):
    for words, state in (("power -u", "on"), ("power -d", "off"), ("power -u", "on")):
        report.case("ipmiutil %s, %s" % (words, kind(login)), ipmiutil(login, *words.split()),
                    (r"^ipmiutil power, completed successfully$",))
        report.case("ipmiutil %s, %s: says ipmitool" % (words, kind(login)),
                    ipmitool(login._replace(auth=None, suite=3), "chassis", "power", "status"),
                    (r"^Chassis Power is %s$" % state,), patience=3)
    report.case("ipmiutil health, %s" % kind(login), ipmiutil(login, "health"),
                (r"^BMC version +=", r"^Selftest status +=.*OK", r"chassis_power +=", r"completed successfully$"))


def count_sessions(report, login, suites):
    usable = [s for s in suites if s in SUITES["ipmitool"]]
    if usable:
        report.case("no session is left behind after suite %s" % login.suite,
                    ipmitool(login._replace(suite=usable[-1]), *session_count(login).words.split()),
                    session_count(login).expect)


def reset_without_close(report, login):
    """ipmipower alone, and for --reset alone, never closes its session: it stays until it is idle too long."""
    report.case("ipmipower --reset", freeipmi("ipmipower", login, "--reset"), ipmipower_row("--reset").expect)
    row = ipmipower_stat("on")
    report.case("ipmipower --stat after --reset", freeipmi("ipmipower", login, "--stat"), row.expect, patience=3)
    report.case("ipmipower --reset leaves its session open", ipmitool(login, "session", "info", "active"),
                (r"^active sessions +: 2$",))


def levels(report, login):
    for (user, password), level, words, status, expect in LEVELS:
        report.case("ipmitool, %s: -U %s -L %s %s" % (kind(login), user, level, words),
                    ipmitool(login._replace(user=user, password=password, level=level), *words.split()), (expect,),
                    status=status)


def same_guid(report, login):
    """Two clients, one identity.  `ipmi` is the byte order that FreeIPMI assumes."""
    ours = rig.run(ipmitool(login, "mc", "guid", "ipmi"))
    theirs = rig.run(freeipmi("bmc-info", login, "--get-system-guid"))
    guid = theirs.stdout.strip()
    report.check("ipmitool and bmc-info see the same GUID", guid and guid in ours.stdout.split(),
                 "%r against %r" % (ours.output, theirs.output))


def accounts():
    for (user, password), level in ((ADMIN, "administrator"), (OPERATOR, "operator"), (USER, "user")):
        yield from ("--user", "%s:%s:%s" % (user, password, level))


def over_v15(report, options):
    report.need(*V15_TYPES.keys() - {"console"}, "ipmi-raw")
    types = (CLIENTS_OWN, *options.v15.upper().split(","))
    with OurBmc(options.build, "--v15", options.v15, "--max-sessions", SLOTS, *accounts()) as bmc:
        login = Login(bmc.port, *ADMIN)
        for auth in types:
            each = login._replace(auth=auth)
            if auth in V15_TYPES["ipmitool"]:
                with_ipmitool(report, each)
                levels(report, each)
            with_freeipmi(report, each)
            if auth in V15_TYPES["openipmicmd"]:
                with_openipmicmd(report, each)
        if "MD5" in types:
            report.case("no session is left behind", ipmitool(login._replace(auth="MD5"), "session", "info", "active"),
                        (r"^active sessions +: 1$",))
        if report.failed:
            print("what the bmc printed:\n" + rig.tail(bmc.log(), 40))
    # It knows port 623 only, and leaves its sessions open after `power`.
    with OurBmc(options.build, "--v15", options.v15, *accounts(), listen=rig.lonely_address(), port=623) as bmc:
        for auth in types:
            if auth in V15_TYPES["ipmiutil"]:
                with_ipmiutil(report, Login(bmc.port, *ADMIN, host=bmc.host, auth=auth))


def body(report, options):
    if options.v15:
        return over_v15(report, options)
    suites = [int(s) for s in options.suites.split(",")]
    report.need("ipmitool", "ipmipower", "ipmi-chassis", "ipmi-config", "ipmi-raw", "bmc-info", "openipmicmd",
                "rmcp_ping")
    arguments = ["--suites", options.suites, "--max-sessions", SLOTS, *accounts()]
    if options.kg:
        arguments += ["--kg", options.kg]
    with OurBmc(options.build, *arguments) as bmc, rig.Process(rmcp_ping(bmc.port)) as ping:
        login = Login(bmc.port, *ADMIN, kg=options.kg)
        for suite in suites:
            each = login._replace(suite=suite)
            clients = [c for c in SUITES if suite in SUITES[c]]
            if not OPENIPMI.can(each):
                clients = [c for c in clients if c != "openipmicmd"]
            if "ipmitool" in clients:
                with_ipmitool(report, each)
                levels(report, each)
            if "freeipmi" in clients:
                with_freeipmi(report, each)
            if "openipmicmd" in clients:
                with_openipmicmd(report, each)
            count_sessions(report, each, suites)
        best = [s for s in (17, 3) if s in suites]
        if best:        # asked with Get Channel Cipher Suites, before the session
            report.case("ipmitool without -C picks suite %d" % best[0], ipmitool(login, "chassis", "power", "status"),
                        (r"Using best available cipher suite %d\b" % best[0], r"^Chassis Power is (on|off)$"))
            same_guid(report, login._replace(suite=best[0]))
            reset_without_close(report, login._replace(suite=best[0]))
        ping.wait(5)
        report.check("rmcp_ping", "IPMI" in ping.stdout(), "it prints %r" % (ping.stdout() + ping.stderr()))
        if report.check("the bmc still runs", bmc.alive(), rig.tail(bmc.log())):
            status = bmc.stop()
            report.check("the bmc ends with status 0 on SIGTERM", status == 0,
                         "status %s\n%s" % (status, rig.tail(bmc.log())))
        if report.failed:
            print("what the bmc printed:\n" + rig.tail(bmc.log(), 40))


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
parser.add_argument("--suites", default="3,17", help="offered by the BMC and used by the clients")
parser.add_argument("--v15", help="authentication types of IPMI v1.5, instead of the suites")
parser.add_argument("--kg", help="K_g, hexadecimal: two-key logins")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=60 + 30 * len((arguments.v15 or arguments.suites).split(",")))
