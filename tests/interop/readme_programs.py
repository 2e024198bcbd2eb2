#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""The README's two programs as printed, built by the README's line, against real peers: the console says what is true of
each BMC and hangs at none, the BMC satisfies ipmitool and ipmipower without a complaint.

    readme_programs.py --build DIR
"""
import argparse
import os
import re
import shlex
import socket
import subprocess
import tempfile

import rig
from servers import IpmiSim, OurBmc, Server

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LONGEST = 15                    # lines besides includes and transport
NO_ENTROPY = "struct no_entropy { bool fill(rmcpp::mutable_bytes) noexcept { return false; } };\n"


def parts(readme):
    """The programs by name, and the command that builds one."""
    programs = dict(re.findall(r"<!-- program: (\w+) -->\n```cpp\n(.*?)```", readme, re.DOTALL))
    names, line = re.search(r"<!-- build: ([\w ]+) -->\n```sh\n(.*?)\n```", readme, re.DOTALL).groups()
    if sorted(programs) != sorted(names.split()) or sorted(programs) != ["bmc", "console"]:
        raise rig.Failure("README.md should hold the programs console and bmc, and one line that builds both")
    return programs, line


def counted_lines(program):
    """Those that are neither include nor transport nor empty."""
    return sum(bool(line.strip()) and not line.startswith("#include") and "examples::udp_" not in line
               for line in program.splitlines())


class Built:
    """Programs in a folder of their own."""

    def __init__(self, folder, line):
        self.folder = folder
        self.line = line

    def build(self, name, text):
        source = os.path.join(self.folder, name + ".cpp")
        with open(source, "w") as out:
            out.write(text)
        program = os.path.join(self.folder, name)
        argv = [word.replace("NAME.cpp", source) if word == "NAME.cpp" else program if word == "NAME" else word
                for word in shlex.split(self.line)]
        done = subprocess.run([*argv, "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"], cwd=ROOT,
                              text=True, capture_output=True)
        if done.returncode != 0:
            raise rig.Failure("README's %s does not build:\n%s" % (name, rig.tail(done.stderr)))
        return program


class ReadmeBmc(Server):
    name = "README's bmc"

    def __init__(self, program):
        super().__init__()
        self.program = program

    def argv(self):
        return [self.program, str(self.port)]

    def ready(self):
        return not self.process.wait(0.3)       # it says nothing


def console_cases(report, built, programs, build):
    console = built.build("console", programs["console"])
    mute = built.build("no_entropy", programs["console"].replace("using config", NO_ENTROPY + "using config")
                       .replace("rmcpp::cryptopp_entropy>", "no_entropy>"))
    says = lambda name, program, port, words, status=1, limit=10: report.case(
        "console: " + name, [program, rig.HOST, port], ("^" + words + "$",), status=status, limit=limit)
    with OurBmc(build, "--user", "admin:password") as bmc:
        says("power is on", console, bmc.port, "on", 0)
        off = [os.path.join(build, "examples", "console"), "-H", rig.HOST, "-p", bmc.port, "-U", "admin", "-P", "password",
               "chassis", "power", "off"]
        report.case("power off", off, ("Down/Off",))
        says("power is off", console, bmc.port, "off", 0)
        says("the entropy source fails", mute, bmc.port, "the entropy source failed")
    with OurBmc(build, "--user", "admin:another") as bmc:
        says("the password is wrong", console, bmc.port, "RAKP 2 authentication code is wrong: .*differs")
    with OurBmc(build, "--user", "admin:password:user") as bmc:
        says("the level is refused", console, bmc.port, "the BMC refused the login in RAKP 4")
    refusing = built.build("refusing", programs["bmc"].replace("rq.fn == rmcpp::net_fn::chassis", "false"))
    with ReadmeBmc(refusing) as bmc:
        says("the command is refused", console, bmc.port, "invalid command")
    with IpmiSim() as sim:
        user, password = sim.users["administrator"]
        theirs = built.build("theirs", programs["console"].replace('"admin"', '"%s"' % user)
                             .replace('"password"', '"%s"' % password))
        says("ipmi_sim", theirs, sim.port, "on|off", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((rig.HOST, 0))
        says("nobody answers", console, silent.getsockname()[1], "no answer after all tries", limit=20)


def bmc_cases(report, built, programs):
    with ReadmeBmc(built.build("bmc", programs["bmc"])) as bmc:
        tool = ["ipmitool", "-I", "lanplus", "-H", rig.HOST, "-p", bmc.port, "-U", "admin", "-P", "password"]
        power = ["ipmipower", "-D", "LAN_2_0", "-h", "%s:%d" % (rig.HOST, bmc.port), "-u", "admin", "-p", "password",
                 "--stat"]
        for name, argv, expect in (("ipmitool power status", [*tool, "chassis", "power", "status"], "Chassis Power is on"),
                                   ("ipmitool mc info", [*tool, "mc", "info"], "Device ID +: 32"),
                                   ("ipmipower", power, ": on")):
            result = rig.run(argv)
            report.check("bmc: " + name, result.status == 0 and re.search(expect, result.stdout) and not result.stderr,
                         result.output)
        report.case("bmc: README's console", [built.build("console", programs["console"]), rig.HOST, bmc.port], ("^on$",))
        report.check("bmc: still running", bmc.alive())


def body(report, options):
    report.need("ipmitool", "ipmipower", "ipmi_sim", "g++")
    with open(os.path.join(ROOT, "README.md")) as readme:
        programs, line = parts(readme.read())
    for name, program in programs.items():
        n = counted_lines(program)
        report.check("%s has at most %d lines" % (name, LONGEST), n <= LONGEST, "it has %d" % n)
    with tempfile.TemporaryDirectory() as folder:
        built = Built(folder, line)
        console_cases(report, built, programs, options.build)
        bmc_cases(report, built, programs)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=240)
