#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""What examples/bmc and examples/console make of their options for IPMI v1.5, before and without a session.

    options.py --build DIR

What they do with a peer is shown by tests/interop.
"""
import argparse
import hashlib
import os
import socket
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "interop"))
import rig  # noqa: E402

USAGE = 2                       # exit status
LONG = "12345678901234567"      # one byte more than IPMI v1.5 takes
ALL = "none,md2,md5,password"


class OldBmc:
    """Answers Get Channel Authentication Capabilities: IPMI v1.5 with MD5, and no more than that."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((rig.HOST, 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", (rig.HOST, self.port))      # an empty datagram ends it
        self.thread.join()
        self.socket.close()

    def serve(self):
        while True:
            request, sender = self.socket.recvfrom(1000)
            if not request:
                return
            if len(request) > 20 and request[4] == 0:
                answer = self.answer(request[14], request[19])
                if answer is not None:
                    self.socket.sendto(self.packet(request[14:], answer), sender)

    def answer(self, address, command):
        """A completion code and data, or None."""
        return bytes([0, 1, 0x04, 0x04, 0, 0, 0, 0, 0]) if address == 0x20 and command == 0x38 else None

    @staticmethod
    def packet(message, answer):
        whole = lambda part: part + bytes([-sum(part) & 0xff])
        response = whole(bytes([message[3], message[1] | 0x04])) + whole(bytes([message[0], message[4], message[5]]) +
                                                                         answer)
        return bytes.fromhex("0600ff07") + bytes(9) + bytes([len(response)]) + response


class RefusingBmc(OldBmc):
    """It refuses Get Session Challenge or Activate Session (by MD5, the password is `password`)."""

    def __init__(self, challenge_code, activation_code):
        super().__init__()
        self.codes = {0x39: challenge_code, 0x3a: activation_code}

    def serve(self):
        while True:
            request, sender = self.socket.recvfrom(1000)
            if not request:
                return
            if request[3] != 0x07 or request[4] not in (0, 2):
                continue
            message = request[30:] if request[4] else request[14:]
            code = self.codes.get(message[5])
            if code is None:
                self.socket.sendto(self.packet(message, self.answer(message[0], message[5])), sender)
            elif request[4] == 0:
                challenge = b"" if code else b"\1\2\3\4" + bytes(range(16))
                self.socket.sendto(self.packet(message, bytes([code]) + challenge), sender)
            else:
                plain = self.packet(message, bytes([code]))[14:]
                identifier, number, key = request[9:13], message[24:28], b"password".ljust(16, b"\0")
                signed = hashlib.md5(key + identifier + plain + number + key).digest()
                self.socket.sendto(request[:5] + number + identifier + signed + bytes([len(plain)]) + plain, sender)


REFUSALS = (
    (0x81, 0, r"81h, unknown user name$"),
    (0x82, 0, r"82h, logins without a user name are not enabled$"),
    (0, 0x81, r"81h, no session slot is free$"),
    (0, 0x82, r"82h, no session slot is free for this user$"),
    (0, 0x83, r"83h, no session slot is free at this privilege level; ask for less with -L$"),
    (0, 0x84, r"84h, the session sequence number is out of range$"),
    (0, 0x85, r"85h, the session id is invalid$"),
    (0, 0x86, r"86h, above the limit of the user or channel; ask for less with -L$"),
)


def bmc(report, build):
    program = [os.path.join(build, "examples", "bmc"), "--port", "0", "--user", "admin:password"]

    def refused(words, says):
        report.case("bmc " + words, program + words.split(), stderr=(says,), status=USAGE)
    refused("--v15 oem", r"^bmc: --v15: unknown authentication type 'oem'; known: none md2 md5 password$")
    refused("--v15 md5,rmcp+", r"^bmc: --v15: unknown authentication type 'rmcp\+'")
    refused("--v15-auth-off message", r"^bmc: --v15-auth-off needs --v15$")
    refused("--v15 md5 --v15-auth-off all", r"^bmc: --v15-auth-off takes message or user, not all$")
    refused("--sol x", r"^bmc: --sol: ")
    report.case("bmc --help", program + ["--help"], (r"--v15 .*md5, md2, password .*clear.*none .*anybody.*16 bytes",
                                                     r"--v15-auth-off .*forge.*message.*user"))
    for words, warns in (("--user long:" + LONG, False), ("--user long:%s --v15 MD5" % LONG, True),
                         ("--user long:%s:operator --v15 %s --v15-auth-off message,user" % (LONG, ALL), True),
                         ("--user fits:%s --v15 None,MD2,md5,Password" % LONG[:-1], False),
                         ("--v15 md5 --v15 md2 --v15-auth-off user --v15-auth-off message", False)):
        with rig.Process(program + words.split()) as process:
            listens = process.wait_for(r"^listening on ", 10)
            line = 'bmc: warning: user "long" cannot log in over IPMI v1.5: the password has more than 16 bytes\n'
            report.check("bmc %s: starts and %s" % (words, "warns" if warns else "does not warn"),
                         listens and process.stderr() == (line if warns else ""), rig.tail(process.stderr()))
            report.check("bmc %s: ends on SIGTERM" % words, process.terminate(5) and process.status == 0,
                         "status %s" % process.status)


def console(report, build):
    program = [os.path.join(build, "examples", "console"), "-H", rig.HOST, "-U", "admin"]

    def refused(words, says, password="password"):
        report.case("console " + words, program + ["-P", password, *words.split(), "mc", "info"], stderr=(says,),
                    status=USAGE)
    for option, value in (("-C", "3"), ("-C", "auto"), ("-k", "key"), ("-y", "00ff"), ("-o", "opensesspriv")):
        refused("-I lan %s %s" % (option, value), r"^console: %s: only with -I lanplus$" % option)
    for words in ("-A MD5", "-I lanplus -A none"):
        refused(words, r"^console: -A: only with -I lan\b")
    for words in ("--bare", "-I lanplus --bare"):
        refused(words, r"^console: --bare: only with -I lan$")
    refused("-I LAN", r"^console: -I takes lanplus or lan, not LAN$")
    refused("-I open", r"^console: -I takes lanplus or lan, not open$")
    refused("-I lan -A oem", r"^console: -A: unknown authentication type 'oem'; known: none md2 md5 password$")
    refused("-I lan -R 8", r"^console: -I lan: at most 7 tries")
    refused("-I lan", r"^console: -I lan: the password is longer than the 16 bytes that IPMI v1\.5 takes$", LONG)
    refused("-b 0", r"^console: -b and -t: ")
    report.case("console --help", program + ["--help"], (r"-I .*lan: IPMI v1\.5, which encrypts nothing",
                                                         r"-A .*PASSWORD .*clear.*NONE.*MD5 or else MD2$",
                                                         r"--bare .*forge"))
    port = rig.free_udp_port()
    types = ("-A NONE", "-A none", "-A MD2", "-A mD5", "-A Password", "-A PASSWORD")
    for words in ("-I lan", "-I lan --bare", *("-I lan " + each for each in types)):
        report.case("console %s: nobody there" % words,
                    program + ["-p", port, "-P", LONG[:-1], "-R", "1", *words.split(), "mc", "info"],
                    stderr=(r"^console: no answer",), status=1)
    with OldBmc() as old:
        report.case("console: a BMC without IPMI v2.0",
                    program + ["-p", old.port, "-P", "password", "-R", "2", "mc", "info"],
                    stderr=(r"^console: the BMC does not offer IPMI v2\.0 sessions; -I lan asks for one of IPMI v1\.5$",),
                    status=1)
        report.case("console: a type that the BMC does not offer",
                    program + ["-p", old.port, "-P", "password", "-I", "lan", "-A", "MD2", "mc", "info"],
                    stderr=(r"^console: .*\btype.*; -A asks for another$",), status=1)
    for challenge, activation, says in REFUSALS:
        with RefusingBmc(challenge, activation) as refusing:
            report.case("console: challenge %02Xh, activation %02Xh" % (challenge, activation),
                        program + ["-p", refusing.port, "-P", "password", "-I", "lan", "mc", "info"],
                        stderr=(r"^console: .*: " + says,), status=1)


def body(report, options):
    bmc(report, options.build)
    console(report, options.build)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments))
