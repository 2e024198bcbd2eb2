#!/usr/bin/python3
"""More clients than examples/bmc has slots: 20 ipmitool processes, 4 sessions.

    crowd.py --build DIR

All 20 are started at once as `ipmitool shell`, and those that get in stay in, so that the count does not depend on who
is quick: exactly 4 get in, and 16 are told in RAKP 4 that there are insufficient resources.  Then the slots are given
back, and 4 fresh logins at the same time take them again.  At last 20 short commands come at once; each of them is
done or refused.  Nobody waits longer than 10 s for either.
"""
import argparse
import contextlib
import re
import time

import rig
from clients import Login, console, freeipmi, ipmitool, openipmicmd, GET_DEVICE_ID
from servers import OurBmc

CROWD, SLOTS = 20, 4
LIMIT = 10                      # seconds
REFUSED = r"RAKP 4 message indicates an error : insufficient resources for session"
PROMPT = r"^ipmitool> "
SECONDS = 3                     # ipmitool's patience; a login that it repeats for a lost answer would take two slots


def enter(stack, login, count):
    """So many shells at once; (those that got in, those that were refused, those that did neither)."""
    argv = ipmitool(login, "shell", seconds=SECONDS)
    waiting = [stack.enter_context(rig.Process(argv, talk=True)) for _ in range(count)]
    inside, outside = [], []
    deadline = time.monotonic() + LIMIT
    while waiting and time.monotonic() < deadline:
        time.sleep(0.02)
        for each in list(waiting):
            ended = not each.running()
            if ended or re.search(PROMPT, each.stdout(), re.M):
                waiting.remove(each)
                (outside if ended else inside).append(each)
    for each in outside:
        each.end()
    return inside, outside, waiting


def printed(processes):
    return "".join("%s:\n%s\n" % (each.status, rig.tail(each.stdout() + each.stderr(), 4)) for each in processes)


def entered(report, name, groups, slots, refused):
    inside, outside, waiting = groups
    report.check("%s: nobody hangs" % name, not waiting, printed(waiting))
    report.check("%s: %d get in" % (name, slots), len(inside) == slots, "%d did" % len(inside))
    odd = [each for each in outside if each.status <= 0 or not re.search(REFUSED, each.stderr() + each.stdout())]
    report.check("%s: %d are told that there are insufficient resources" % (name, refused),
                 len(outside) == refused and not odd, "%d were refused, of these for other causes:\n%s"
                 % (len(outside), printed(odd)))
    for number, each in enumerate(inside):
        each.say("chassis power status")
        report.check("%s: session %d works" % (name, number + 1), each.wait_for(r"Chassis Power is on", LIMIT),
                     printed([each]))


def leave(report, name, inside):
    for each in inside:
        each.say("exit")
    ended = [each.wait(LIMIT) and each.end() == 0 for each in inside]
    report.check("%s: all leave with status 0" % name, all(ended), printed(inside))


def full(report, options, login):
    """What the others say of a BMC that is full."""
    for name, argv, says in (
            ("ipmipower", freeipmi("ipmipower", login, "--stat"), r"BMC busy"),
            ("ipmi-chassis", freeipmi("ipmi-chassis", login, "--get-chassis-status"), r"BMC busy"),
            ("openipmicmd", openipmicmd(login._replace(suite=3), GET_DEVICE_ID), r"setup connection: 2000001$"),
            ("console", console(options.build, login, "mc", "info"), r"^console: .*RAKP 4: 01h, insufficient resources")):
        report.case("full: " + name, argv, (says,), status=rig.NONZERO, limit=LIMIT)


def body(report, options):
    report.need("ipmitool", "ipmipower", "ipmi-chassis", "openipmicmd")
    with OurBmc(options.build, "--user", "admin:password", "--max-sessions", SLOTS) as bmc, \
            contextlib.ExitStack() as stack:
        login = Login(bmc.port, "admin", "password", 17)
        for name, count in (("crowd", CROWD), ("four more", SLOTS)):
            groups = enter(stack, login, count)
            entered(report, name, groups, SLOTS, count - SLOTS)
            if groups[0]:
                groups[0][0].say("session info active")
                report.check("%s: the bmc counts %d sessions" % (name, SLOTS), groups[0][0].wait_for(
                    r"active sessions +: %d$" % SLOTS, LIMIT), printed(groups[0][:1]))
            full(report, options, login)
            leave(report, name, groups[0])

        short = ipmitool(login, "chassis", "power", "status", seconds=SECONDS)
        results = rig.run_all([short] * CROWD, LIMIT, at_once=CROWD)
        done = [r for r in results if r.status == 0 and "Chassis Power is on" in r.stdout]
        refused = [r for r in results if r.status > 0 and re.search(REFUSED, r.output)]
        odd = [r for r in results if r not in done and r not in refused]
        report.check("%d short commands: each is done or refused" % CROWD, not odd and len(done) >= SLOTS,
                     "%d done, %d refused, and:\n%s" % (len(done), len(refused), "".join(
                         "%s, status %s\n%s\n" % ("late" if r.timed_out else "odd", r.status, rig.tail(r.output, 4))
                         for r in odd)))
        report.case("no session is left behind", ipmitool(login, "session", "info", "active"),
                    (r"^active sessions +: 1$",))
        status = bmc.stop()
        report.check("the bmc ends with status 0 on SIGTERM", status == 0, "status %s" % status)
        if report.failed:
            print("what the bmc printed:\n" + rig.tail(bmc.log(), 60))


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=120)
