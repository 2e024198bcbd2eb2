#!/usr/bin/python3
"""The compatibility table of README.md: each cell is one command, its exit status and what it printed.

    table.py --build DIR [--write README.md | --check README.md]

Clients against examples/bmc, which offers all its suites, and examples/console against the servers.  Without an option
the table is printed; --write puts it between the marks in the README; --check fails unless it is there already.
A cell that is none of the outcomes below is a failure, with what the command printed.

Some clients can ask no other port than 623, which a BMC may have only as root, or where the system says so.
"""
import argparse
import difflib
import re
from typing import NamedTuple

import rig
from clients import ALL_SUITES, AUTH_TYPES, CLIENTS_OWN, PRESENCE, PROBES, SESSION_INFO, V15_PROBES, \
    XRC4_SUITES, Login, console
from servers import IpmiSim, OurBmc, PyghmiBmc

BEGIN, END = "<!-- compatibility -->", "<!-- /compatibility -->"
LIMIT = 20                      # seconds; OpenIPMI gives up after 7
CONSOLE = next(probe for probe in PROBES if probe.name == "console")
V15_CONSOLE = next(probe for probe in V15_PROBES if probe.name == "console")
V15_COLUMNS = (CLIENTS_OWN, *AUTH_TYPES)
V15_BMC = ("--user", "admin:password", "--v15", "none,md2,md5,password", "--max-sessions", "63")

TEXT = """\
Each cell is one command, judged by its exit status and by what it printed. `tests/interop/table.py` writes this, and
a test repeats it.

- **yes**: a session was held and the command done;
- **refused**: the login ended at once, its cause named;
- **–**: the program does not have the suite. In 7, 8 and 12, OpenIPMI's two derive K1 and K2 in a way of their own.

The xRC4 suites (%(xrc4)s) are recognised and refused with status 10h, invalid confidentiality algorithm.

Clients against `examples/bmc`, by cipher suite:

%(clients)s

`examples/console` against servers:

%(servers)s

The commands, `N` being the suite:

```sh
%(commands)s
```

Over IPMI v1.5, by authentication type; *none said*: the client's own choice. **–** here: the client lacks the type, or
fails at it with every BMC (`ipmipower` at straight password).

Clients against `examples/bmc --v15 none,md2,md5,password`:

%(v15_clients)s

`examples/console` against servers, with `--bare` where ours has disabled the packets' authentication (`ipmi_sim` sends
authcodes in any case):

%(v15_servers)s

The commands, `TYPE` being ipmitool's name of the type or the program's own (FreeIPMI: `STRAIGHT_PASSWORD_KEY`, and
without `-D LAN -a TYPE` where none is said; `openipmicmd`: `straight`; `ipmiutil`: 0, 2, 4), `HOST` an address whose
port 623 is the BMC's:

```sh
%(v15_commands)s
```

Who tells, without a session, that a BMC is there:

%(presence)s"""


class Outcome(NamedTuple):
    cell: str
    pattern: str
    succeeds: bool = False
    suites: tuple = ()          # only for these; () for all


class Row(NamedTuple):
    title: str
    probe: object
    login: Login
    outcomes: tuple


def client_rows(port):
    for probe in PROBES:
        outcomes = [Outcome("yes", probe.expect, True), Outcome("refused", probe.refused["suite"]),
                    Outcome("–", probe.lacks)]
        if probe.name == "openipmicmd":         # a session begins, but it understands no answer: time-out
            outcomes.append(Outcome("–", r"setup connection: 10000c3$", suites=(7, 8, 12)))
        if probe.name != "console":
            yield Row(probe.name, probe, Login(port, "admin", "password"), outcomes)


def server_row(title, server, user, password):
    outcomes = [Outcome("yes", CONSOLE.expect, True), Outcome("–", CONSOLE.lacks),
                Outcome("refused", CONSOLE.refused["suite"])]
    if isinstance(server, IpmiSim):             # a session begins, but it understands no request
        outcomes.append(Outcome("–", r"^console: no answer after all tries$", suites=(7, 8, 12)))
    return Row(title, CONSOLE, Login(server.port, user, password), outcomes)


def judge(report, row, suite, result):
    if not result.timed_out:
        for each in row.outcomes:
            if (result.status == 0) == each.succeeds and re.search(each.pattern, result.output, re.M) \
                    and (not each.suites or suite in each.suites):
                return each.cell
    report.fail("%s, suite %s" % (row.title, suite), "none of the outcomes\n    $ %s\n    exit status %s\n%s"
                % (result.command(), result.status, rig.tail(result.output)))
    return "?"


def cells(report, build, row):
    """{suite: cell}; all xRC4 suites make one cell."""
    suites = ALL_SUITES + XRC4_SUITES
    results = rig.run_all([row.probe.argv(build, row.login._replace(suite=s)) for s in suites], LIMIT)
    found = {s: judge(report, row, s, r) for s, r in zip(suites, results)}
    xrc4 = {found.pop(s) for s in XRC4_SUITES}
    report.check("%s: the xRC4 suites agree" % row.title, len(xrc4) == 1, "they are %s" % sorted(xrc4))
    found["xRC4"] = " or ".join(sorted(xrc4))
    return found


def judge_v15(report, title, probe, auth, result):
    if not result.timed_out and result.status == 0 and re.search(probe.expect, result.output, re.M):
        return "yes"
    for cell, pattern in (("refused", probe.refused.get("type")), ("–", probe.lacks)):
        if pattern and result.status != 0 and re.search(pattern, result.output, re.M) \
                and (cell != "–" or auth not in probe.types):
            return cell
    report.fail("%s, %s" % (title, auth or "none said"), "none of the outcomes\n    $ %s\n    exit status %s\n%s"
                % (result.command(), result.status, rig.tail(result.output)))
    return "?"


def v15_cells(report, build, title, probe, login, server):
    """{type: cell}.  A type that the client lacks comes last, for it sends wrong codes then, which make it wait.  Our
    own BMC must have seen each type with which a session was held."""
    found = {}
    for has in (True, False):
        types = [t for t in V15_COLUMNS if (t in probe.types) == has]
        if probe.name == "openipmicmd" and CLIENTS_OWN in types:        # RMCP+, where the BMC has it
            types.remove(CLIENTS_OWN)
            found[CLIENTS_OWN] = "–"
        commands = [probe.argv(build, login._replace(auth=t)) for t in types]
        found.update((t, judge_v15(report, title, probe, t, r)) for t, r in zip(types, rig.run_all(commands, LIMIT)))
    if isinstance(server, OurBmc):
        seen = set(re.findall(r"^login .*, IPMI v1\.5, authentication type (\w+)$", server.log(), re.M))
        used = {t or "MD5" for t, cell in found.items() if cell == "yes"}
        report.check("%s: the bmc saw %s" % (title, ", ".join(sorted(used))), used and used <= seen,
                     rig.tail(server.log()))
    return found


def v15_clients(report, build):
    """Each with a BMC of its own."""
    for probe in V15_PROBES:
        if probe.name != "console":
            place = {} if probe.any_port else {"listen": rig.lonely_address(), "port": 623}
            with OurBmc(build, *V15_BMC, **place) as bmc:
                login = Login(bmc.port, "admin", "password", host=bmc.listen)
                yield probe.name, v15_cells(report, build, probe.name, probe, login, bmc)


def v15_servers(report, build):
    bare = V15_CONSOLE._replace(argv=lambda build, login: console(build, login, *SESSION_INFO, options=("--bare",)))
    ours, theirs = "examples/bmc", "ipmi_sim"
    for title, server, probe in (
            (ours, OurBmc(build, *V15_BMC), V15_CONSOLE),
            (ours + " --v15-auth-off message", OurBmc(build, *V15_BMC, "--v15-auth-off", "message"), bare),
            (ours + " --v15-auth-off user", OurBmc(build, *V15_BMC, "--v15-auth-off", "user"), bare),
            (theirs, IpmiSim(), V15_CONSOLE),
            (theirs + ", per_msg_auth false", IpmiSim(per_message=False), V15_CONSOLE)):
        with server:
            login = Login(server.port, *server.users.get("administrator", ("admin", "password")))
            yield title, v15_cells(report, build, title, probe, login, server)


def presence(report, build):
    """{program: cell} of each server."""
    address = rig.lonely_address
    for title, server in (("examples/bmc", OurBmc(build, *V15_BMC, listen=address(), port=623)),
                          ("ipmi_sim", IpmiSim(host=address(), port=623))):
        with server:
            results = rig.run_all([p.argv(build, server.host, server.port) for p in PRESENCE], LIMIT)
            found = {}
            for each, result in zip(PRESENCE, results):
                found[each.name] = "yes" if result.status == 0 and re.search(each.expect, result.output, re.M) else "no"
                report.check("%s sees %s" % (each.name, title), found[each.name] == "yes", rig.tail(result.output))
            yield title, found


def markdown(corner, rows, columns=(*ALL_SUITES, "xRC4"), heads=None):
    """rows: (title, {column: cell})."""
    lines = [[corner] + [str(c) for c in heads or columns], ["---"] + [":-:"] * len(columns)]
    lines += [["`%s`" % title] + [found[c] for c in columns] for title, found in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def make(report, build):
    clients, servers = [], []
    suites = ",".join(str(s) for s in ALL_SUITES)
    with OurBmc(build, "--user", "admin:password", "--suites", suites, "--max-sessions", "63") as bmc:
        for row in client_rows(bmc.port):
            clients.append((row.title, cells(report, build, row)))
        servers.append(("examples/bmc", cells(report, build, server_row("examples/bmc", bmc, "admin", "password"))))
    for server in (IpmiSim(), PyghmiBmc()):
        with server:
            row = server_row(server.name, server, *server.users["administrator"])
            servers.append((server.name, cells(report, build, row)))
    heads = ["none said", *AUTH_TYPES]
    programs = [each.name for each in PRESENCE]
    return TEXT % {
        "xrc4": ", ".join(str(s) for s in XRC4_SUITES),
        "clients": markdown("client", clients),
        "servers": markdown("server", servers),
        "commands": "\n".join(probe.template() for probe in PROBES),
        "v15_clients": markdown("client", v15_clients(report, build), V15_COLUMNS, heads),
        "v15_servers": markdown("server", v15_servers(report, build), V15_COLUMNS, heads),
        "v15_commands": "\n".join(probe.template() for probe in V15_PROBES),
        "presence": markdown("server", presence(report, build), programs, ["`%s`" % p for p in programs]),
    }


def body(report, options):
    report.need(*(probe.name for probe in (*PROBES, *V15_PROBES[:-1]) if probe.name != "console"), "ipmi_sim",
                *(each.name.split()[0] for each in PRESENCE if not each.name.startswith("console")))
    for path in filter(None, (options.write, options.check)):
        with open(path, encoding="utf-8") as file:
            if not re.search(re.escape(BEGIN) + ".*" + re.escape(END), file.read(), re.S):
                raise rig.Failure("%s lacks the marks %s and %s" % (path, BEGIN, END))
    table = make(report, options.build)
    report.check("each cell has an outcome", " ? " not in table)
    if options.check:
        with open(options.check, encoding="utf-8") as file:
            old = file.read().split(BEGIN)[1].split(END)[0].strip()
        difference = "\n".join(difflib.unified_diff(old.splitlines(), table.splitlines(), options.check, "now",
                                                    lineterm=""))
        report.check("the README has this table", not difference, "write it anew with --write\n" + difference)
    elif options.write and not report.failed:
        with open(options.write, encoding="utf-8") as file:
            before, rest = file.read().split(BEGIN)
        with open(options.write, "w", encoding="utf-8") as file:
            file.write("%s%s\n%s\n%s%s" % (before, BEGIN, table, END, rest.split(END)[1]))
    else:
        print(table)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
choice = parser.add_mutually_exclusive_group()
choice.add_argument("--write", metavar="README", help="replace the table there")
choice.add_argument("--check", metavar="README", help="fail if the table there differs")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
