#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""Every fault that a BMC can show to a console: examples/console lives with it, or names it.

    faults.py --build DIR [--write faults.md | --check faults.md] [--only PATTERN]

The BMCs are those of tests/reference/faulty_bmc.py.  ROWS says of each fault with which exit status the console ends
and what it says of the cause; "no answer" alone is right only where nothing came.

faults.md holds what it said, and what ipmitool and ipmipower say: --write runs all three and writes it, --check runs
the console alone and compares its words.
"""
import argparse
import fnmatch
import os
import re
import sys
from typing import NamedTuple, Optional

import rig
from clients import Login, console, freeipmi, ipmitool
from servers import FaultyBmcs

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "reference"))
from faulty_bmc import FAULTS, STATUSES                 # noqa: E402

LIMIT = 15                      # seconds for one command
AT_ONCE = 6                     # they wait most of the time


class Row(NamedTuple):
    fault: str
    says: str                           # in the output, in any case
    status: Optional[int] = 1           # None: living with it is as good as naming it
    suite: Optional[int] = 3            # None: -C auto
    tries: int = 1
    words: str = "chassis power status"


def good(fault, suite=3, tries=1, words="chassis power status", says=r"^Chassis Power is on$"):
    return Row(fault, says, 0, suite, tries, words)


NOTHING_CAME = r"^console: no answer after all tries(?!.*dropped)"
# The causes in the library's words, as far as they tell one from the others.
TRUNCATED, BAD_LENGTH = r"ends inside a field", r"length field contradicts"
UNEXPECTED = r"not one that this state waits for"
UNKNOWN_SESSION, WRONG_TAG, UNMATCHED = r"no session has this id", r"message tag", r"answers no request in flight"
CHECKSUM, PADDING = r"checksum", r"confidentiality pad"
TRAILER, AUTHCODE = r"session trailer", r"authentication code is wrong"
NUMBER = r"session sequence number"
PRIVILEGE = r"refused the privilege level: %02Xh\b"
BUSY = (0xc0, 0xc3, 0xd2, 0xff)         # what a BMC says that may do it when it is asked again
ALL_CODES = (0xc1, 0xc0, 0xc3, 0xd2, 0xd4, 0xff)

ROWS = [
    good("none"), good("none", 17), good("none", None),

    # Open Session
    good("maxpriv0"), good("maxpriv2"), good("maxpriv5"), good("authreserved"),
    good("algs-sha1"), Row("algs-sha1", r"other algorithms", suite=17), good("algs-sha1", None),
    *(Row(fault, r"other algorithms") for fault in ("algs-sha256", "algs-none", "algs-xrc4")),
    Row("sidc0", r"session id 0"),

    # RAKP 2 and 4
    Row("rakp2code", r"RAKP 2 authentication code is wrong"), Row("rolemask", r"RAKP 2 authentication code is wrong"),
    good("guidzero"), Row("rc0", r"random number is zero"),
    Row("rakp2code-none", r"algorithm|length"), Row("rakp2code-16", r"algorithm|length", suite=17),
    Row("rakp2code-20", r"algorithm|length", suite=17), Row("rakp2code-32", r"algorithm|length"),
    Row("rakp2code-21", r"RAKP 2|length"), Row("rakp2code-21", r"RAKP 2|length", suite=17),
    Row("icv", r"RAKP 4 integrity check value is wrong"), good("icvlen20"), good("icvlen20", 17),
    Row("icvlen12", r"RAKP 4", suite=17), Row("icv-none", r"RAKP 4"),

    # Each answer of the login
    *(Row("silent-" + step, NOTHING_CAME) for step in ("open", "rakp2", "rakp4")),
    *(Row("tag-" + step, WRONG_TAG) for step in ("open", "rakp2", "rakp4")),
    *(Row("sidm-" + step, UNKNOWN_SESSION) for step in ("open", "rakp2", "rakp4")),
    *(good("trailer-" + step) for step in ("open", "rakp2", "rakp4")), good("trailer"), good("trailer", 17),
    Row("trailer-refusal", r"RAKP 2: 12h\b"),
    Row("cut-open", TRUNCATED), Row("cut-rakp2", TRUNCATED), Row("cut-rakp4", TRUNCATED + r"|RAKP 4 integrity check"),
    *(Row("byte-" + step, TRUNCATED) for step in ("open", "rakp2", "rakp4")),
    *(Row("beyond-" + step, BAD_LENGTH) for step in ("open", "rakp2", "rakp4")),
    *(Row("type-" + step, UNEXPECTED) for step in ("open", "rakp2", "rakp4")),
    Row("open-status0d-stray", r"refused the Open Session Request: 0Dh, \w"),
    Row("rakp2-status0d-stray", r"RAKP 2: 0Dh, \w"), Row("rakp4-status0d-stray", r"RAKP 4: 0Dh, \w"),
    *(Row("open-status%02x-%s" % (s, form), r"refused the Open Session Request: %02Xh, \w" % s)
      for s in STATUSES for form in ("full", "len8", "len2")),
    *(Row("rakp2-status%02x-%s" % (s, form), r"RAKP 2: %02Xh, \w" % s)
      for s in STATUSES for form in ("full", "len8", "len2")),
    *(Row("rakp4-status%02x-%s" % (s, form), r"RAKP 4\b.*: %02Xh, \w" % s)
      for s in STATUSES for form in ("full", "len8", "len2")),

    # What only a repeat brings out: another login helps.
    good("lost-rakp4-sik", 17, 2), good("lost-open-rakp2code", tries=2), good("lost-rakp2-status", tries=2),

    # Packets of the session
    Row("checksum2", CHECKSUM), Row("rqseq", UNMATCHED), good("rqaddr20"), Row("rsaddr", UNMATCHED),
    Row("rqcommand", UNMATCHED), Row("request", UNEXPECTED), Row("rqseq-command", UNMATCHED),
    Row("duplicated", UNMATCHED + r"|duplicated|CFh"),
    Row("confpad0", PADDING), Row("confpadbad", PADDING), good("confpad16"),
    Row("intpad0", TRAILER), good("intpadnone"), Row("intpadzero", TRAILER), good("intpad4"), Row("nexthdr", TRAILER),
    Row("integbad", AUTHCODE), Row("integbad", AUTHCODE, suite=17), Row("integbad-command", AUTHCODE),
    *(Row(fault, TRAILER + "|" + AUTHCODE, suite=suite) for suite in (3, 17)
      for fault in ("integ-none", "integ-other", "extrabytes")),
    Row("unauth", r"not authenticated"), Row("unenc", r"not encrypted"),
    Row("bare", r"not authenticated|not encrypted"), Row("sidm-packet", UNKNOWN_SESSION), Row("seq0", NUMBER),
    Row("seq1", NUMBER),
    good("seqdup", tries=2), good("seqgap"), good("seqstart5"), good("oldseq", tries=2),
    Row("long", BAD_LENGTH + r"|longer|too long"),
    Row("long-38h", r"^Chassis Power is on$|longer|too long|" + BAD_LENGTH, None),
    Row("long-open", r"^Chassis Power is on$|longer|too long|" + BAD_LENGTH, None),

    # Datagrams
    good("dupresp"), good("dupresp", 17), good("rmcpack"), good("empty"), Row("rmcpversion", r"RMCP version"),
    Row("rmcpclass", r"message class"),

    # Commands
    Row("drop-38h", NOTHING_CAME), good("drop-54h", None), Row("drop-3bh", NOTHING_CAME), good("drop-3ch"),
    Row("drop-01h", NOTHING_CAME),
    *(good("drop-%s-once" % number, tries=2) for number in ("38h", "3bh", "3ch", "01h")),
    good("drop-54h-once", None, 2),
    *(Row("%02xh-38h" % code, r"\b%02Xh\b" % code) for code in ALL_CODES),
    *(good("%02xh-38h-once" % code, tries=2) for code in ALL_CODES),
    *(good("%02xh-54h%s" % (code, once), None) for code in ALL_CODES for once in ("", "-once")),
    *(Row("%02xh-3bh" % code, PRIVILEGE % code) for code in (*ALL_CODES, 0x80, 0x81)),
    *(good("%02xh-3bh-once" % code, tries=2) if code in BUSY else
      Row("%02xh-3bh-once" % code, PRIVILEGE % code, tries=2) for code in ALL_CODES),
    *(good("%02xh-3ch%s" % (code, once)) for code in ALL_CODES for once in ("", "-once")),
    *(Row("%02xh-01h%s" % (code, once), r"Get Chassis Status: .*\(%02Xh\)" % code)
      for code in ALL_CODES for once in ("", "-once")),
    *(Row("drop-" + key, NOTHING_CAME, words=words) for key, words in (("37h", "mc guid"), ("06-01h", "mc info"))),
    Row("c1h-37h", r"Get System GUID: .*\(C1h\)", words="mc guid"),
    Row("c1h-06-01h", r"Get Device ID: .*\(C1h\)", words="mc info"),
    good("kg-required"), good("no-nonnull"), Row("no2.0", r"does not offer IPMI v2\.0"), good("noauth1.5"),
    Row("38h-len5", r"^Chassis Power is on$|" + TRUNCATED, None), good("38h-len9"), Row("38h-checksum", CHECKSUM),
    Row("38h-rqseq", UNMATCHED),
    Row("3bh-len0", r"^Chassis Power is on$|privilege|" + TRUNCATED, None), good("3bh-len2"),
    good("guid-len17", words="mc guid", says=r"^System GUID +: "),
    Row("guid-len15", r"Get System GUID: the answer is malformed", words="mc guid"),
    Row("status-len2", r"Get Chassis Status: the answer is malformed"),
    *(good(fault, None) for fault in ("54h-endless", "54h-new", "54h-slow", "54h-empty", "54h-others")),
]


# ---- what the programs say -------------------------------------------------------------------------------------------

def login_of(server, row):
    return Login(server.ports[row.fault], *server.users["administrator"], suite=row.suite)


def ours(build, server, row):
    return console(build, login_of(server, row), *row.words.split(), tries=row.tries)


def tool(server, row):
    return ipmitool(login_of(server, row), *row.words.split())


def power(server, row):
    return freeipmi("ipmipower", login_of(server, row), "--stat")


def said(result, noise=()):
    """A cell of the table: the first line that is not said when all is well."""
    if result.timed_out:
        return "(not done after %d s)" % LIMIT
    lines = [re.sub(r"^(console|127\.0\.0\.1(:\d+)?): ", "", line.strip()) for line in result.output.splitlines()]
    strange = [line for line in lines if line and line not in noise]
    done = r"^(Chassis Power is on|on|System GUID +: .*|Device ID +: .*)$"
    if result.status == 0 and any(re.search(done, each) for each in lines):
        return "ok"
    words = strange[0] if strange else "(nothing)"
    # How many came is a matter of time.
    return re.sub(r"\b\d+ (?=answers? |datagrams? |packets? )", "N ", words).replace("|", "\\|")


def title(row):
    name = "`%s`" % row.fault
    if row.suite != 3:
        name += ", suite %s" % ("auto" if row.suite is None else row.suite)
    return "%s: %s" % (name, FAULTS[row.fault][0].text)


HEAD = """\
# What a console says of a BMC's fault

`tests/interop/faults.py --write` writes this, from one run against `tests/reference/faulty_bmc.py`, with cipher suite 3
where nothing else is said. ipmitool is 1.8.19, ipmipower is FreeIPMI's 1.6.10, each with short time limits; "ok" means
that the command was done. A test compares the last column with what `examples/console` says.

| fault | ipmitool | ipmipower | ours |
| --- | --- | --- | --- |
"""


def write(path, rows, results, server):
    commands = [tool(server, row) for row in rows] + [power(server, row) for row in rows]
    others = rig.run_all(commands, LIMIT, AT_ONCE)
    noise = {each.strip() for row, result in zip(rows, others) if row.fault == "none"
             for each in result.output.splitlines()}
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEAD)
        for row, theirs, theirs_too, mine in zip(rows, others, others[len(rows):], results):
            # ipmipower asks for the power and nothing else; it does not meet the fault.
            power_says = "–" if row.words.startswith("mc ") else said(theirs_too)
            file.write("| " + " | ".join((title(row), said(theirs, noise), power_says, said(mine))) + " |\n")


def compare(report, path, rows, results):
    with open(path, encoding="utf-8") as file:
        table = [text[2:-2].split(" | ") for text in file.read().splitlines() if text.startswith("| ")]
    recorded = {cells[0]: cells[-1] for cells in table}
    for row, result in zip(rows, results):
        report.check("%s has these words" % title(row), recorded.get(title(row)) == said(result),
                     "%r, the table says %r" % (said(result), recorded.get(title(row))))


def judge(report, row, result):
    why = None
    if result.absent or result.timed_out or result.status < 0:
        why = "not done"
    elif row.status is not None and result.status != row.status:
        why = "exit status %d, expected %d" % (result.status, row.status)
    elif not re.search(row.says, result.output, re.M | re.I):
        why = "the output lacks /%s/" % row.says
    report.check(title(row) + (" (%.1f s)" % result.seconds if why is None else ""), why is None,
                 "%s\n    $ %s\n%s" % (why, result.command(), rig.tail(result.output, 3)))


def body(report, options):
    report.need("ipmitool", "ipmipower")
    report.check("each fault has its row", {row.fault for row in ROWS} == set(FAULTS),
                 "they differ by %s" % sorted({row.fault for row in ROWS} ^ set(FAULTS)))
    rows = [row for row in ROWS if fnmatch.fnmatch(row.fault, options.only)]
    with FaultyBmcs(sorted({row.fault for row in rows})) as server:
        results = rig.run_all([ours(options.build, server, row) for row in rows], LIMIT, AT_ONCE)
        for row, result in zip(rows, results):
            judge(report, row, result)
        if options.write:
            write(options.write, rows, results, server)
        if options.check:
            compare(report, options.check, rows, results)
        report.check("the BMCs still run", server.alive(), rig.tail(server.log()))


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
parser.add_argument("--only", default="*", metavar="PATTERN", help="the faults of these names only")
choice = parser.add_mutually_exclusive_group()
choice.add_argument("--write", metavar="FILE", help="write the table there")
choice.add_argument("--check", metavar="FILE", help="fail if the console's words differ from those there")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=1200 if arguments.write else 240)
