#!/usr/bin/python3
"""MAAS's exact command lines against examples/bmc.

    maas.py --build DIR [--suites 3,17]

MAAS drives a machine's power with FreeIPMI, always with the workaround `opensesspriv`, at operator privilege.
After each of its eight steps the chassis, read back with ipmitool, is in the state that MAAS asked for.

Then the same without `--driver-type`, as an operator types it who looks for what MAAS sees: FreeIPMI's tools speak
IPMI v1.5 then.
"""
import argparse
import os
import re
import tempfile
from typing import NamedTuple, Tuple

import rig
from clients import Login, ipmitool
from servers import OurBmc

USER, PASSWORD = "maas", "maaspass12345678"

BOOT = "Section Chassis_Boot_Flags\n\tBoot_Flags_Persistent  No\n%s\tBoot_Device  PXE\nEndSection\n"
FILES = {
    "pxe": BOOT % "",
    "efi": BOOT % "\tBIOS_Boot_Type  EFI\n",
    "legacy": BOOT % "\tBIOS_Boot_Type  PC-COMPATIBLE\n",
}
OK = r"^127\.0\.0\.1(:\d+)?: ok$"
COMMIT = "ipmi-config --category=chassis %(common)s --commit --filename %(files)s/"
PXE_ONCE = (r"Boot Flag Valid", r"Options apply to only next boot", r"Boot Device Selector : Force PXE")


class Step(NamedTuple):
    name: str
    before: str                     # ipmitool's words that make a state in which the step shows
    command: str
    expect: Tuple[str, ...]
    asks: str                       # ipmitool's words that read the state, and what they must show
    finds: Tuple[str, ...]


def power(state):
    return ("chassis power status", (r"^Chassis Power is %s$" % state,))


STEPS = (
    Step("TC-01 query, on", "chassis power on", "ipmipower %(common)s --stat", (r"^127\.0\.0\.1(:\d+)?: on$",),
         *power("on")),
    Step("TC-01 query, off", "chassis power off", "ipmipower %(common)s --stat", (r"^127\.0\.0\.1(:\d+)?: off$",),
         *power("off")),
    Step("TC-02 PXE", "chassis bootdev disk", COMMIT + "pxe", (), "chassis bootparam get 5", PXE_ONCE),
    Step("TC-03 cycle, was off", "chassis power off", "ipmipower %(common)s --cycle --on-if-off", (OK,), *power("on")),
    Step("TC-03 cycle, was on", "chassis power on", "ipmipower %(common)s --cycle --on-if-off", (OK,), *power("on")),
    Step("TC-04 off", "chassis power on", "ipmipower %(common)s --off", (OK,), *power("off")),
    Step("TC-05 soft", "chassis power on", "ipmipower %(common)s --soft", (OK,), *power("off")),
    Step("TC-06 PXE, EFI", "chassis bootdev disk", COMMIT + "efi", (), "chassis bootparam get 5",
         PXE_ONCE + (r"BIOS EFI boot",)),
    Step("TC-07 PXE, legacy", "chassis bootdev disk options=efiboot", COMMIT + "legacy", (), "chassis bootparam get 5",
         PXE_ONCE + (r"BIOS PC Compatible",)),
    Step("TC-08 checkout", "chassis bootdev pxe", "ipmi-config --category=chassis %(common)s --checkout",
         (r"^\s+Boot_Flags_Persistent +No$", r"^\s+Boot_Device +PXE$", r"^\s+BIOS_Boot_Type +PC-COMPATIBLE$",
          r"^EndSection$"), "chassis bootparam get 5", PXE_ONCE),
)


def body(report, options):
    report.need("ipmitool", "ipmipower", "ipmi-config")
    with tempfile.TemporaryDirectory(prefix="rmcpp-maas.") as files, \
            OurBmc(options.build, "--user", "%s:%s:operator" % (USER, PASSWORD), "--suites", options.suites,
                   "--v15", "md5") as bmc:
        for name, text in FILES.items():
            with open(os.path.join(files, name), "w") as file:
                file.write(text)
        # A fresh BMC never had a boot option set; reading them must work all the same.
        where = "-W opensesspriv -h %s:%d -u %s -p %s -l OPERATOR" % (rig.HOST, bmc.port, USER, PASSWORD)
        suites = options.suites.split(",")
        drivers = [("suite %s" % suite, "--driver-type LAN_2_0 -I %s" % suite) for suite in suites]
        for title, driver in (*drivers, ("no --driver-type", "")):
            login = Login(bmc.port, USER, PASSWORD, int(suites[0]), "OPERATOR")
            fill = {"common": "%s %s" % (where, driver), "files": files}
            report.case("%s, checkout first" % title, (STEPS[-1].command % fill).split(),
                        (r"^\s+Boot_Device +", r"^EndSection$"))
            for step in STEPS:
                before = rig.run(ipmitool(login, *step.before.split()))
                if before.status != 0:
                    report.fail("%s, before %s" % (title, step.name), "%s\n%s"
                                % (before.command(), rig.tail(before.output)))
                report.case("%s, %s" % (title, step.name), (step.command % fill).split(), step.expect)
                report.case("%s, %s: %s" % (title, step.name, step.asks),
                            ipmitool(login, *step.asks.split()), step.finds, patience=3)
        logins = re.findall(r"^login .*, IPMI v1\.5, authentication type MD5$", bmc.log(), re.M)
        report.check("without --driver-type it was IPMI v1.5", len(logins) >= len(STEPS) + 1, rig.tail(bmc.log()))
        status = bmc.stop()
        report.check("the bmc ends with status 0 on SIGTERM", status == 0, "status %s" % status)
        if report.failed:
            print("what the bmc printed:\n" + rig.tail(bmc.log(), 40))


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
parser.add_argument("--suites", default="3,17", help="offered by the BMC and used by FreeIPMI")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=100)
