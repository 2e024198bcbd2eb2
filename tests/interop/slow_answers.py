#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""Clients of examples/bmc that it lets in although the network is slow, or their names are empty.

    slow_answers.py --build DIR [--logins N]

ipmitool gives each message of a login a second, and begins anew with another random number when the answer to a
repeated Open Session comes late: so answers 2 to 5 come 1.2 s late.  FreeIPMI's tools try a null user only where a BMC
announces it.
"""
import argparse
import select
import socket
import threading
import time

import rig
from clients import Login, freeipmi, ipmitool
from servers import OurBmc

LATE = 1.2


class Delay:
    """A port in front of another: answers number 2 to 5 of whoever asks come late."""

    def __init__(self, port):
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind((rig.HOST, 0))
        self.port = self.front.getsockname()[1]
        self.behind = (rig.HOST, port)
        self.over = False
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.front.close()

    def _run(self):
        back, counts, due = {}, {}, []
        while not self.over:
            now = time.monotonic()
            for item in [d for d in due if d[0] <= now]:
                due.remove(item)
                self.front.sendto(item[1], item[2])
            ready = select.select([self.front, *back.values()], [], [], 0.02)[0]
            for s in ready:
                if s is self.front:
                    data, client = s.recvfrom(2048)
                    if client not in back:
                        back[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                        back[client].connect(self.behind)
                    back[client].send(data)
                else:
                    client = next(c for c, b in back.items() if b is s)
                    data = s.recv(2048)
                    counts[client] = counts.get(client, 0) + 1
                    late = LATE if 2 <= counts[client] <= 5 else 0
                    due.append((time.monotonic() + late, data, client))
        for s in back.values():
            s.close()


def body(report, options):
    report.need("ipmitool", "ipmipower")
    with OurBmc(options.build, "--user", "admin:password", "--user", ":null") as bmc:
        with Delay(bmc.port) as slow:
            login = Login(slow.port, "admin", "password", 3)
            argv = ipmitool(login, "chassis", "power", "status")
            results = rig.run_all([argv] * options.logins, limit=60, at_once=4)
            good = sum(r.status == 0 and "Chassis Power is" in r.stdout for r in results)
            report.check("ipmitool behind late answers: %d of %d logins" % (good, options.logins),
                         good == options.logins, "\n".join(rig.tail(r.output, 3) for r in results if r.status != 0))
        null = Login(bmc.port, "", "null", 3)
        nameless = freeipmi("ipmipower", null, "--stat")
        at = nameless.index("-u")
        report.case("ipmipower as the null user", nameless[:at] + nameless[at + 2:], (r": (on|off)$",))
        report.case("ipmitool as the null user", ipmitool(null, "chassis", "power", "status"), (r"Chassis Power is",))


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
parser.add_argument("--logins", type=int, default=8, help="of ipmitool, behind late answers")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
