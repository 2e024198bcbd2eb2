#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""examples/dissect as people use it: its forms of output, its inputs, its exit statuses, --check-password.

    dissect.py --build DIR

That its verdicts and payloads are right on every capture at hand is shown by tests/interop/dissect_captures.py.
"""
import argparse
import gzip
import hashlib
import hmac
import json
import os
import re
import struct
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "interop"))
import rig  # noqa: E402

CAPTURES = os.path.join(ROOT, "vectors", "captures")
SUITE_3 = os.path.join(CAPTURES, "ipmi_sim.ipmitool-lanplus.3.pcap")
PYGHMI = os.path.join(CAPTURES, "pyghmi.ipmitool-lanplus.3.pcap")
DOUBLED = os.path.join(ROOT, "vectors", "doubled", "ipmi_sim.lossy-dup-c2s.ipmitool.3.pcap")
PASTE = os.path.join(ROOT, "vectors", "pastes", "ipmitool-lanplus.3.txt")
SURPLUS = os.path.join(ROOT, "vectors", "surplus", "refused-rakp2-with-trailer.hex")
PING, PONG = "0600ff06000011be80000000", "0600ff06000011be40000010000011be000000008100000000000000"
MEMBERS = ["frame", "dir", "type", "auth", "encrypted", "payload", "error", "session", "answers", "findings"]


# ---- a login, sound or with one of the faults of real firmware -----------------------------------------------------

HASHES = {1: (hashlib.sha1, 12), 2: (hashlib.md5, 16), 3: (hashlib.sha256, 16)}


def code(algorithm, key, *parts):
    return hmac.new(key, b"".join(parts), HASHES[algorithm][0]).digest()


def setup(kind, payload):
    return bytes.fromhex("0600ff0706") + bytes([kind]) + bytes(8) + struct.pack("<H", len(payload)) + payload


def login(password=b"secret", kg=b"", algorithm=1, made_with=None, bmc_password=None, role=None, bmc_role=None,
          privilege=4, guid=None, name=None, surplus=b"", status=0):
    """The six messages.  The BMC's codes deviate in what is given of `made_with` (algorithm), `bmc_password`,
    `bmc_role`, `guid` (the one that is hashed), `name` (likewise, with its length), `surplus`."""
    sidm, sidc, rm, rc = b"\1\2\3\4", b"\5\6\7\x08", bytes(range(16)), bytes(range(16, 32))
    sent_guid = bytes(range(32, 48))
    role = b"\x14" if role is None else role
    user = b"admin"
    bmc = bmc_password if bmc_password is not None else password
    named = (bmc_role or role) + (name or bytes([len(user)]) + user)
    used = made_with or algorithm
    chosen = b"".join(bytes([n, 0, 0, 8, a, 0, 0, 0]) for n, a in enumerate((algorithm, 0, 0)))
    rakp2 = code(used, bmc, sidm, sidc, rm, rc, guid or sent_guid, named) + surplus
    rakp3 = code(algorithm, password, rc, sidm, role, bytes([len(user)]), user)
    sik = code(used, kg or bmc, rm, rc, named)
    rakp4 = code(used, sik, rm, sidc, guid or sent_guid)[:HASHES[used][1]]
    return [("c2b", setup(0x10, bytes([0, privilege, 0, 0]) + sidm + chosen)),
            ("b2c", setup(0x11, bytes([0, 0, 4, 0]) + sidm + sidc + chosen)),
            ("c2b", setup(0x12, bytes(4) + sidc + rm + role + bytes([0, 0, len(user)]) + user)),
            ("b2c", setup(0x13, bytes([0, status, 0, 0]) + sidm + (b"" if status else rc + sent_guid + rakp2))),
            ("c2b", setup(0x14, bytes([0, status, 0, 0]) + sidc + (b"" if status else rakp3))),
            ("b2c", setup(0x15, bytes([0, status, 0, 0]) + sidm + (b"" if status else rakp4)))]


def as_lines(packets):
    return "".join("%s %s\n" % (direction, data.hex()) for direction, data in packets)


# ---- captures ------------------------------------------------------------------------------------------------------

def frames(path):
    """The Ethernet frames of a little-endian pcap file."""
    with open(path, "rb") as file:
        data = file.read()[24:]
    while data:
        size = struct.unpack_from("<I", data, 8)[0]
        yield data[16:16 + size]
        data = data[16 + size:]


def pcap(link, packets, kept=65535):
    return struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, kept, link) + b"".join(
        struct.pack("<IIII", 100 + n, 0, min(len(p), kept), len(p)) + p[:kept] for n, p in enumerate(packets))


class Pcapng:
    """The blocks of a pcapng file."""

    def __init__(self, order="<"):
        self.order = order

    def block(self, kind, form, *values, data=b""):
        body = struct.pack(self.order + form, *values) + data
        body += bytes(-len(body) % 4)
        size = struct.pack(self.order + "I", 12 + len(body))
        return struct.pack(self.order + "I", kind) + size + body + size

    def section(self):
        return self.block(0x0a0d0d0a, "IHHq", 0x1a2b3c4d, 1, 0, -1)

    def interface(self, link, kept=0, options=()):
        """Options: (code, format, value)."""
        data = b""
        for code, form, value in options:
            value = struct.pack(self.order + form, value)
            data += struct.pack(self.order + "HH", code, len(value)) + value + bytes(-len(value) % 4)
        return self.block(1, "HHI", link, 0, kept, data=data)

    def packet(self, data, interface=0, time=0):
        return self.block(6, "IIIII", interface, time >> 32, time & 0xffffffff, len(data), len(data), data=data)

    def obsolete(self, data, interface=0, time=0):
        return self.block(2, "HHIIII", interface, 0, time >> 32, time & 0xffffffff, len(data), len(data), data=data)

    def simple(self, data, sent=None):
        return self.block(3, "I", sent or len(data), data=data)


def pcapng(link, packets, order="<"):
    file = Pcapng(order)
    return file.section() + file.interface(link) + b"".join(file.packet(p, 0, n) for n, p in enumerate(packets))


def ipv4(source, destination, data, fragment=0, protocol=17):
    udp = struct.pack(">HHHH", source[1], destination[1], 8 + len(data), 0) + data
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, fragment, 64, protocol, 0) + source[0] + \
        destination[0] + udp


def ipv6(source, destination, data, extension=False):
    udp = struct.pack(">HHHH", source[1], destination[1], 8 + len(data), 0) + data
    options = b"\x11\0\1\4\0\0\0\0" if extension else b""
    return struct.pack(">IHBB", 6 << 28, len(options + udp), 0 if extension else 17, 64) + bytes(12) + source[0] + \
        bytes(12) + destination[0] + options + udp


CONSOLE, BMC = (b"\x0a\0\0\1", 40000), (b"\x0a\0\0\2", 623)
ETHERNET = bytes(12)


def ends(direction, console=CONSOLE, bmc=BMC):
    return (console, bmc) if direction == "c2b" else (bmc, console)


class Test:
    def __init__(self, report, program, directory):
        self.report, self.program, self.directory = report, program, directory
        self.files = 0

    def file(self, data):
        self.files += 1
        path = os.path.join(self.directory, "input%d" % self.files)
        with open(path, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return path

    def case(self, name, words, expect=(), reject=(), status=0, stderr=()):
        return self.report.case(name, [self.program, *words], expect, reject, stderr, status)

    def records(self, name, words, rule, status=0):
        result = rig.run([self.program, "--json", *words])
        try:
            found = [json.loads(line) for line in result.stdout.splitlines()]
            held = result.status == status and rule(found)
        except (ValueError, KeyError, IndexError) as e:
            found, held = repr(e), False
        self.report.check(name, held, "%s: exit status %d\n%s" % (result.command(), result.status,
                                                                  rig.tail(result.output)))


def text_form(test):
    test.case("text", [SUITE_3, "--password", "test"], (
        r"^console 127\.0\.0\.1:\d+, BMC 127\.0\.0\.1:\d+$",
        r"^#1  \+0\.000000 s  console -> BMC  IPMI v1\.5, Get Channel Authentication Capabilities request$",
        r"^#6 .* BMC -> console  RAKP 2  session 1  authcode ok  answers #5$",
        r"^#9 .* IPMI v2\.0, Set Session Privilege Level request  session 1  decrypted  authcode ok$",
        r"^#10 .* Set Session Privilege Level response: 00h completed normally .* answers #9$",
        r"^    lan_request$", r"^      iv +[0-9a-f]{32}$", r"^      level +04h",
        r"^      authcode +[0-9a-f]{24}  \(ok\)$",
        r"^  - note: first_sequence: .*: seen 03h, expected 01h$"), (r"\033", r"authcode bad"))
    test.case("text without a password", [SUITE_3], (r"^    encrypted payload$", r"authcode unknown",
                                                     r'name +[0-9a-f]+  \("ipmiusr"\)'), (r"decrypted",))
    test.case("text with a wrong password", [SUITE_3, "--password", "tset"], (
        r"^#6 .* authcode bad", r"^  ! error: bad_authcode: "), status=1)
    test.case("a password that is another user's", [SUITE_3, "--password", "tset", "--user", "root"], (
        r"authcode unknown",), (r"authcode bad",))
    test.case("colours", [SUITE_3, "--password", "tset", "--color", "always"], (r"\033\[1m#1 ", r"\033\[31m! error"),
              status=1)
    evil = test.file("".join("> %s\n" % each for each in (
        "0600ff07061200000000000000001f0000000000050607080001020304050607" "08090a0b0c0d0e0f140000031b5b6d",
        "0600ff070601000000000000000008000100000" "01b5b326d")))
    test.case("no escape sequence gets through", [evil], (r"1b5b6d", r"RAKP 1", r"SOL"), (r"\033",))
    test.case("a user name in the summary", [evil, "--summary"], (r'user +"\?\[m"',), (r"\033",))
    sol = test.file("> 0600ff070601000000000000000009000304024068690d1b5b\n"
                    "< 0600ff0706010000000000000000040000040254\n")
    test.case("SOL", [sol], (r"^    sol$", r"^      acked +04h$", r"^      control bits +NACK$",
                             r'^      characters +"hi\?\?\["$',
                             r"^      control bits +BREAK received, SOL deactivated, NACK$"), (r"\033",))
    secret = b"do not print me!"
    message = bytes.fromhex("2018c881043a0441")
    straight = bytes.fromhex("0600ff0704") + struct.pack("<II", 1, 2) + secret + bytes([len(message)]) + message
    spoilt = [straight, straight[:20], straight[:-2], b"\6\0\7\7" + straight[4:], straight + b"\0"]
    lines = test.file(as_lines(("c2b", each) for each in spoilt))
    cut = test.file(pcap(1, [ETHERNET + b"\x08\0" + ipv4(CONSOLE, BMC, straight)], 80))
    for path in (lines, cut):
        for words in ((), ("--json",), ("--summary",)):
            test.case("no password is printed: %s" % " ".join(words), [path, "--password", "other", *words], (),
                      (secret.decode(), secret.hex(), secret.hex()[:8]), status=None)
    test.case("nor one that fits", [lines, "--password", secret.decode()], (r"authcode ok", r"not shown"),
              (secret.decode(), secret.hex()), status=None)


def json_form(test):
    with open(PYGHMI[:-len("pcap")] + "decoded.json") as file:
        packets = {packet["n"]: packet for packet in json.load(file)["packets"]}
    test.records("JSON", [PYGHMI, "--password", "password"], lambda got: (
        [list(each) for each in got] == [MEMBERS] * len(packets) and
        all(each["payload"] == packets[each["frame"]].get("plain", each["payload"]) for each in got) and
        got[4] == {**got[4], "frame": 5, "dir": "b2c", "type": "open_session_response", "answers": 4, "session": 1} and
        got[13]["answers"] == 13 and got[13]["auth"] == "ok" and got[13]["encrypted"] is True and
        got[12]["findings"] == [{"finding": "first_sequence", "severity": "note", "seen": 3, "expected": 1}] and
        got[2] == {**got[2], "type": "unreadable", "payload": None, "session": None, "answers": None} and
        got[2]["error"]))
    with open(DOUBLED[:-len("pcap")] + "decoded.json") as file:
        doubled = {packet["n"]: packet for packet in json.load(file)["packets"]}
    test.records("JSON of a session whose requests arrived twice", [DOUBLED, "--password", "test"], lambda got: (
        len(got) == len(doubled) and all(
            each["payload"] == doubled[each["frame"]].get("plain", each["payload"]) and not each["error"] and
            (each["auth"] == "ok" or each["frame"] < 8) for each in got)))
    test.records("JSON without a password", [PYGHMI], lambda got: got[12]["auth"] == "unknown" and
                 got[12]["payload"] is None and got[12]["encrypted"])
    test.records("JSON with a wrong password", [PYGHMI, "--password", "x"], lambda got: got[7]["auth"] == "bad", 1)


def summary_form(test):
    result = test.case("summary", [SUITE_3, "--password", "test", "--summary"], (
        r"^  RAKP 2 +0 +1 +0  1 ok$", r"^Session 1, IPMI v2\.0$", r'^  user +"ipmiusr"$',
        r"^  protection +cipher suite 3: RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128$",
        r"^  ids +console A0A2A3A4h, BMC 00000402h$", r"^  frames +3 to 22: 10 to the BMC, 10 to the console$",
        r"^  end +closed$", r"^  - note: first_sequence, 1 time, frame 9$", r"^ +.*\(IPMI v2\.0, 6\.12\.13\)$",
        r"^0 errors, 1 warning, 1 note in 22 datagrams$"))
    test.report.check("summary: no line beyond 100 columns", max(map(len, result.output.splitlines())) <= 100)
    test.case("summary of errors first", [SUITE_3, "--password", "tset", "--summary"], (
        r"(?s:! error: bad_authcode, .*~ warning: )",
        r"^\d+ errors, "), status=1)
    refused = test.file(as_lines(login(status=0x0d)[:4]))
    test.case("summary of a refusal", [refused, "--summary"], (r"^  end +refused in RAKP 2: 0Dh unauthorized name$",))
    test.case("summary of a refusal with a session trailer behind it", [SURPLUS, "--summary"], (
        r"^  end +refused in RAKP 2: 12h illegal or unrecognized parameter$", r"^  RAKP 2 +0 +1 +0  none$",
        r"^  - note: surplus, 1 time, frame 4$"), (r"malformed",))
    test.case("and the trailer", [SURPLUS], (r"(?m:^    surplus$\n^      bytes +ffff0207$)",), (r"unreadable",))
    test.case("nothing is summed up before a refusal to read", [test.file("xyz\n"), "--summary"], (),
              (r"Datagrams", r"errors"), 2, (r"^dissect: line 1: ",))
    test.case("nor checked", [test.file("xyz\n"), "--check-password", "--password", "x"], (), (r"login",), 2,
              (r"^dissect: line 1: ",))
    test.case("but what came before it is", [test.file(PING + "\nxyz\n"), "--summary"], (r" in 1 datagram$",), (), 2,
              (r"^dissect: line 2: ",))
    lan = os.path.join(CAPTURES, "ipmi_sim.ipmitool-lan.MD5.pcap")
    test.case("summary of IPMI v1.5", [lan, "--password", "test", "--summary"], (
        r"^Session 1, IPMI v1\.5$", r"^  protection +authentication type MD5$", r"^  authcodes +16 ok$"))
    test.case("summary of an incomplete file", [test.file(pcap(1, frames(SUITE_3))[:1000]), "--summary"],
              (r" in \d datagrams$",), status=2, stderr=(r"^dissect: after frame \d: ",))


def hex_input(test):
    marked = "# who is there?\n\n> 06:00:ff:06:00:00:11:be:80:00:00:00  # a ping\r\nb2c %s\n" % PONG
    test.records("markers, comments, separators", [test.file(marked)], lambda got: [
        (each["frame"], each["dir"], each["type"]) for each in got] == [(1, "c2b", "asf_ping"), (2, "b2c", "asf_pong")])
    test.records("no markers", [test.file("\n%s\n%s" % (PONG, PING))], lambda got: [
        each["dir"] for each in got] == ["b2c", "c2b"])
    session = [bytes.fromhex("0600ff0706c0") + sid + struct.pack("<IH", 1, 32) + bytes(32 + 14) for sid in
               (b"\1\2\3\4", b"\5\6\7\x08")]
    unmarked = test.file("".join(data.hex() + "\n" for data in [data for _, data in login()] + session))
    test.records("no markers: ids of the login tell", [unmarked], lambda got: [
        each["dir"] for each in got] == ["c2b", "b2c"] * 3 + ["b2c", "c2b"])
    lines = test.file(as_lines(login()))
    test.report.case("standard input", ["sh", "-c", 'exec "$0" --password secret --json - < "$1"', test.program, lines],
                     (r'"type":"rakp4","auth":"ok"',))
    piped = ["sh", "-c", 'cat "$1" | "$0" --password test', test.program]
    test.report.case("standard input: a capture", [*piped, SUITE_3], (r"^#22 .* authcode ok",))
    test.report.case("standard input: pcapng", [*piped, test.file(pcapng(1, list(frames(SUITE_3))))],
                     (r"^#22 .* authcode ok",))
    for name, text, line in (("no digits", PING + "\nxyz\n", 2), ("half a byte", PING + "0\n", 1),
                             ("a marker alone", "#\n\n>\n", 3), ("too long", "00" * 70000, 1),
                             ("no end", "0" * 500000, 1)):
        test.case("unreadable: " + name, [test.file(text)], status=2, stderr=(r"^dissect: line %d: " % line,))
    test.case("unreadable: an escape sequence", [test.file("\033[31m")], (), (r"\033",), 2, (r"^dissect: line 1: ",))


def pasted(test):
    def whole(got):
        return len(got) == 22 and sum(each["auth"] == "ok" for each in got) == 17 and \
            not any(each["error"] for each in got) and [each["dir"] for each in got] == ["c2b", "b2c"] * 11
    with open(PASTE) as file:
        text = file.read()
    given = ("--password", "secret")
    test.records("what ipmitool -vvvvv prints", [PASTE, *given], whole)
    test.records("from a terminal", [test.file(text.replace("\n", "\r\n")), *given], whole)
    test.records("from where it begins to send", [test.file(text[text.index(">> sending packet"):]), *given], whole)
    interrupted = re.sub(r"^((?:>> sending|<< received) packet.*\n.*\n)", r"\1Chassis Power is off\n\n", text,
                         flags=re.M)
    test.report.check("interrupted at each packet", interrupted.count("Chassis") > 22)
    test.records("with other output in between", [test.file(interrupted), *given], whole)
    lan = "Sending IPMI/RMCP presence ping packet\nsend_packet (12 bytes)\n 06 00 ff 06 00 00 11 be 80 00 00 00\n" \
          "recv_packet (28 bytes)\n 06 00 ff 06 00 00 11 be 40 00 00 10 00 00 11 be\n" \
          " 00 00 00 00 81 00 00 00 00 00 00 00\nReceived IPMI/RMCP response packet: \n  IPMI Supported\n"
    test.records("of -I lan", [test.file(lan)], lambda got: [
        (each["dir"], each["type"], each["error"]) for each in got] == [
            ("c2b", "asf_ping", None), ("b2c", "asf_pong", None)])
    test.records("a packet that is not whole", [test.file(lan.replace(" 80 00 00 00\n", "\n"))], lambda got: [
        (each["type"], each["error"]) for each in got] == [
            ("unreadable", "only 8 of 12 bytes are there"), ("asf_pong", None)])
    test.records("nor at the end", [test.file(lan[:lan.index(" 00 00 00 00 81")])], lambda got: [
        each["error"] for each in got] == [None, "only 16 of 28 bytes are there"])
    test.case("unreadable: a packet that cannot be", [test.file(">> sending packet (65536 bytes)\n")], status=2,
              stderr=(r"^dissect: line 1: too long",))
    test.case("unreadable: ipmitool that is not verbose enough", [test.file("Chassis Power is off\n" * 3)], status=2,
              stderr=(r"^dissect: line 1: ",))


def compressed(test):
    with open(SUITE_3, "rb") as file:
        plain = file.read()
    ether = list(frames(SUITE_3))

    def whole(got):
        return len(got) == 22 and sum(each["auth"] == "ok" for each in got) == 17
    for name, data in (("pcap", plain), ("pcapng", pcapng(1, ether))):
        test.records("gzip: " + name, [test.file(gzip.compress(data)), "--password", "test"], whole)
    members = gzip.compress(plain[:1000]) + gzip.compress(b"") + gzip.compress(plain[1000:])
    test.records("gzip: several members", [test.file(members), "--password", "test"], whole)
    test.records("gzip: lines", [test.file(gzip.compress(as_lines(login()).encode())), "--password", "secret"],
                 lambda got: [each["auth"] for each in got] == ["none"] * 3 + ["ok"] * 3)
    test.report.case("gzip: standard input", ["sh", "-c", 'cat "$1" | "$0" --password test', test.program,
                                              test.file(gzip.compress(plain))], (r"^#22 .* authcode ok",))
    large = pcap(1, ether * 200)
    test.case("gzip: longer than any buffer", [test.file(gzip.compress(large)), "--password", "test", "--summary"],
              (r" in 4400 datagrams$",))
    packed = gzip.compress(plain)
    test.case("gzip: cut short", [test.file(packed[:-200]), "--summary"], (r" in \d+ datagrams$",), status=2,
              stderr=(r"^dissect: after frame \d+: ",))
    spoilt = bytearray(packed)
    spoilt[-6] ^= 1                                         # of the checksum
    test.case("gzip: damaged", [test.file(bytes(spoilt)), "--summary"], (r" in \d+ datagrams$",), status=2,
              stderr=(r"^dissect: after frame \d+: ",))
    for name, data in (("nothing in it", gzip.compress(b"")), ("not gzip", b"\x1f\x8b" + bytes(20)),
                       ("its first byte alone", b"\x1f")):
        test.case("gzip: " + name, [test.file(data)], status=2, stderr=(r"^dissect: .*is empty, or cannot be read",))


def interfaces(test):
    ether = list(frames(SUITE_3))
    ip = [each[14:] for each in ether]
    forms = ((1, ether), (101, ip), (228, ip), (0, [struct.pack("<I", 2) + each for each in ip]),
             (113, [bytes(14) + b"\x08\0" + each for each in ip]), (276, [b"\x08\0" + bytes(18) + each for each in ip]))

    def whole(got):
        return len(got) == 22 and sum(each["auth"] == "ok" for each in got) == 17 and not any(
            each["error"] for each in got)
    given = ("--password", "test")
    for name, order in (("little-endian", "<"), ("big-endian", ">")):
        file = Pcapng(order)
        mixed = file.section() + b"".join(file.interface(link) for link, _ in forms) + b"".join(
            file.packet(forms[n % len(forms)][1][n], n % len(forms), n) for n in range(len(ether)))
        test.records("pcapng, an interface of each link type, " + name, [test.file(mixed), *given], whole)
        test.records("pcapng, %s, one type" % name, [test.file(pcapng(1, ether, order)), *given], whole)
        for kind, link, packets in (("simple", 1, map(file.simple, ether)), ("obsolete", 101, map(file.obsolete, ip))):
            test.records("pcapng, %s, %s packets" % (name, kind), [test.file(
                file.section() + file.interface(link, 4000) + b"".join(packets)), *given], whole)
    little, big = Pcapng("<"), Pcapng(">")
    test.records("pcapng, a section of each order", [test.file(
        pcapng(1, ether[:9]) + pcapng(101, ip[9:], ">")), *given], whole)
    other = little.block(5, "IIII", 0, 0, 0, 0) + little.block(0x0bad, "I", 1) + little.block(0xa, "", data=bytes(64))
    test.records("pcapng, other blocks", [test.file(
        little.section() + other + little.interface(1) + other.join(map(little.packet, ether)) + other), *given], whole)
    for name, options, ticks in (
            ("microseconds", (), 10 ** 6), ("nanoseconds", ((9, "B", 9),), 10 ** 9),
            ("seconds", ((9, "B", 0),), 1), ("a power of two", ((2, "5s", b"eth0\0"), (9, "B", 0x8a)), 1024),
            ("another zero", ((14, "q", -5000), (9, "B", 6)), 10 ** 6)):
        for file in (little, big):
            data = file.section() + file.interface(1, 0, options) + file.packet(ether[0], 0, 1700000000 * ticks) + \
                file.packet(ether[1], 0, 1700000003 * ticks + ticks // 2)
            test.case("pcapng, times: %s, %s" % (name, file.order), [test.file(data)], (
                r"^#1  \+0\.000000 s ", r"^#2  \+3\.%s00000 s " % (5 if ticks > 1 else 0)))
    test.case("pcapng, no times", [test.file(little.section() + little.interface(1) + little.simple(ether[0]))],
              (r"^#1  console -> BMC ",))
    unknown = little.section() + little.interface(195) + little.interface(1)
    some = unknown + b"".join(little.packet(each, n % 2) for n, each in enumerate(ether))
    test.case("pcapng, one interface of an unknown link type", [test.file(some), "--summary"], (
        r" in 11 datagrams$", r"^  11 frames of link types that are not supported$"))
    test.case("pcapng, none of a known one", [test.file(unknown + little.packet(ether[0])), "--summary"], (),
              (r"Datagrams",), 2, (r"^dissect: captures of link type 195 are not supported",))
    begun = little.section() + little.interface(1) + little.packet(ether[0])
    wrong = struct.pack("<III", 6, 40, 0)
    for name, data, said in (
            ("ends within a block", begun[:-8], "ends within"),
            ("ends within a block's head", begun + wrong[:6], "ends within"),
            ("a length that is too small", begun + struct.pack("<III", 6, 8, 8), "length of a block"),
            ("a length that is no multiple of 4", begun + struct.pack("<II", 6, 41) + bytes(33), "length of a block"),
            ("a length beyond all reason", begun + struct.pack("<II", 6, 0xfffffff0), "length of a block"),
            ("two lengths", begun[:-4] + struct.pack("<I", 12), "two lengths"),
            ("an interface that is not there", begun + little.packet(ether[1], 1), "not described"),
            ("a frame longer than its block", begun + little.block(6, "IIIII", 0, 0, 0, 99, 99, data=bytes(8)),
             "longer"),
            ("a packet block that is too short", begun + little.block(6, "II", 0, 0), "too short"),
            ("a time resolution", begun + little.interface(1, 0, ((9, "B", 20),)), "resolution"),
            ("a byte order", begun + little.block(0x0a0d0d0a, "IHHq", 0x2b1a3c4d, 1, 0, -1), "byte order")):
        test.case("pcapng, unreadable: " + name, [test.file(data)], status=2, stderr=(r"^dissect: .*%s" % said,))
    cut = b"".join(little.packet(each) for each in ether)
    for size in range(0, len(cut), 37):
        test.report.check("pcapng, cut at %d" % size, rig.run(
            [test.program, test.file(begun + cut[:size])]).status in (0, 2))


def capture_input(test):
    ether = list(frames(SUITE_3))
    ip = [each[14:] for each in ether]
    four = [ipv4(*ends(direction), data) for direction, data in login()]
    six = [ipv6(*ends(direction), data) for direction, data in login()]
    loopback = [struct.pack("<I", 2) + each for each in ip]
    vlan = [each[:12] + b"\x81\0\0\5" + each[12:] for each in ether]
    forms = (("pcapng", pcapng(1, ether)), ("raw", pcap(101, ip)), ("IPv4 only", pcap(228, ip)),
             ("null", pcap(0, loopback)), ("loop", pcap(108, [each[3::-1] + each[4:] for each in loopback])),
             ("cooked", pcap(113, [bytes(14) + b"\x08\0" + each for each in ip])),
             ("cooked 2", pcap(276, [b"\x08\0" + bytes(18) + each for each in ip])),
             ("VLAN", pcap(1, vlan)),
             ("two VLANs", pcap(1, [each[:12] + b"\x88\xa8\0\6" + each[12:] for each in vlan])),
             ("padded", pcap(1, [each + bytes(9) for each in ether])))
    for name, data in forms:
        test.records(name, [test.file(data), "--password", "test"], lambda got: len(got) == 22 and
                     sum(each["auth"] == "ok" for each in got) == 17 and not any(each["error"] for each in got))
    for name, packets in (("IPv6", six), ("IPv4, port 623", four), ("IPv6 with an extension header", [
            ipv6(*ends(direction), data, extension=True) for direction, data in login()])):
        test.records(name, [test.file(pcap(101, packets)), "--password", "secret"],
                     lambda got: [each["auth"] for each in got] == ["none"] * 3 + ["ok"] * 3)
    junk = [ETHERNET + b"\x08\x06" + bytes(28), ETHERNET + b"\x08\0" + ipv4(CONSOLE, BMC, b"", protocol=6), b"\1\2",
            ETHERNET + b"\x08\0" + ipv4(CONSOLE, (BMC[0], 53), b"no RMCP"), ETHERNET + b"\x08\0" + b"\x45"]
    test.records("other frames are counted and passed over", [test.file(pcap(1, junk + ether)), "--password", "test"],
                 lambda got: [each["frame"] for each in got] == [*range(6, 28)] and got[1]["answers"] == 6)
    test.case("and told in the summary", [test.file(pcap(1, junk + ether)), "--summary"],
              (r"^  3 frames without RMCP$", r"^  2 damaged or cut frames$"))
    data = login()[0][1]
    odd = [ipv4(CONSOLE, BMC, data, 0x2000), ipv4(CONSOLE, BMC, data, 0x0010), ipv4(CONSOLE, BMC, data)]
    test.records("fragments", [test.file(pcap(101, odd))], lambda got: [
        (each["frame"], each["type"], "fragment" in (each["error"] or "")) for each in got] == [
            (1, "unreadable", True), (3, "open_session_request", False)])
    test.case("fragments in the summary", [test.file(pcap(101, odd)), "--summary"], (r"^  2 fragments of IP packets",))
    test.records("cut frames", [test.file(pcap(101, four, 70))], lambda got: len(got) == 6 and all(
        each["type"] == "unreadable" and "of 48 bytes" in each["error"] or each["frame"] > 1 for each in got))
    other = ((CONSOLE[0], 1111), (BMC[0], 2222))
    plain = test.file(pcap(101, [ipv4(*other, b"\7\7\7\7"), ipv4(*other, b"\6\0\xff\x09")]))
    test.records("ports of nobody", [plain], lambda got: got == [])
    test.records("--port", [plain, "--port", "2222"], lambda got: [
        (each["frame"], each["dir"], each["type"]) for each in got] == [
            (1, "c2b", "unreadable"), (2, "c2b", "unreadable")])
    test.records("--port on the other side", [plain, "--port", "9", "--port", "1111"],
                 lambda got: [each["dir"] for each in got] == ["b2c", "b2c"])
    moved = [ipv4(*ends(direction, *other), data) for direction, data in login()]
    test.records("ports found out by the content", [test.file(pcap(101, moved[1:] + [ipv4(*other, b"\1")]))],
                 lambda got: [each["dir"] for each in got] == ["b2c", "c2b", "b2c", "c2b", "b2c", "c2b"])
    wrong = [("a link type", pcap(195, ether), "link type 195"), ("a damaged head", pcap(1, [])[:9], "not a capture"),
             ("nothing", b"", "empty")]
    for name, data, said in wrong:
        test.case("unreadable: " + name, [test.file(data)], status=2, stderr=(r"^dissect: .*%s" % said,))
    test.case("unreadable: absent", ["/nonexistent/file"], status=2, stderr=(r"^dissect: cannot open",))


def options(test):
    with open(SUITE_3[:-len("pcap")] + "decoded.json") as file:
        keys = json.load(file)["sessions"][0]
    late = test.file(pcap(1, [each for n, each in enumerate(frames(SUITE_3)) if n >= 8]))

    def all_right(got):
        return len(got) == 14 and all(each["auth"] == "ok" and each["payload"] for each in got)
    test.records("--sik", [late, "--sik", keys["sik"], "--suite", "3"], all_right)
    test.records("--k1 and --k2", [late, "--k1", keys["k1"], "--k2", keys["k2"], "--suite", "3"], all_right)
    for name, words, said in (
            ("keys without a suite", ["--sik", keys["sik"]], "--suite"),
            ("a suite without keys", ["--suite", "3"], "--sik"),
            ("a short key", ["--sik", "0011", "--suite", "3"], "the keys do not go"),
            ("a bad key", ["--sik", "0123xx", "--suite", "3"], "hexadecimal"),
            ("a bad K_g", ["--kg", "0123x"], "hexadecimal"), ("a long password", ["--password", "x" * 21], "20 bytes"),
            ("a long name", ["--password", "x", "--user", "x" * 17], "16 bytes"),
            ("-f", ["-f", "/nonexistent/file"], "-f"), ("-E", ["-E"], "IPMI_PASSWORD"),
            ("--check-password alone", ["--check-password"], "password"), ("a word too many", ["x"], ""),
            ("no such option", ["--nothing"], ""), ("--suite 20", ["--suite", "20"], ""),
            ("two passwords", ["-E", "--password", "x"], ""), ("two forms", ["--json", "--summary"], ""),
            ("no port", ["--port", "70000"], "")):
        test.case("refused: " + name, [SUITE_3, *words], (said,), (r"0123x", keys["sik"]), 2)
    test.report.case("-E", [test.program, SUITE_3, "-E"], (r"^#22 .*authcode ok",), env={"IPMI_PASSWORD": "test"})
    test.case("-f", [SUITE_3, "-f", test.file("test\nsecond line\n")], (r"^#22 .*authcode ok",))
    test.case("--help", ["--help"], (r"--check-password",))
    kg = "0123456789abcdefghij".encode()
    test.records("--kg", [test.file(as_lines(login(kg=kg))), "--password", "secret", "--kg", kg.hex()],
                 lambda got: [each["auth"] for each in got[3:]] == ["ok"] * 3)
    test.records("--kg alone", [test.file(as_lines(login(kg=kg))), "--kg", kg.hex()],
                 lambda got: [each["auth"] for each in got[3:]] == ["unknown", "unknown", "ok"])


def check_password(test):
    def check(name, packets, expect, status, *words):
        test.case("check: " + name, [test.file(as_lines(packets)), "--check-password", *words], expect, (), status)
    given = ("--password", "secret")
    fits = (r"^  RAKP 2  fits", r"^  RAKP 3  fits", r"^  RAKP 4  fits with K_g = password")
    for algorithm in HASHES:
        check("right, algorithm %d" % algorithm, login(algorithm=algorithm), fits, 0, *given)
    wrong = (r"^  RAKP 2  does not fit, nor", r"^  RAKP 3  does not fit, nor", r"^  RAKP 4  does not fit, nor")
    check("wrong", login(), wrong, 1, "--password", "guess")
    kg = b"k" * 20
    check("with K_g", login(kg=kg), (*fits[:2], r"^  RAKP 4  fits with the given K_g"), 0, *given, "--kg", kg.hex())
    check("with a K_g that the BMC has not", login(), fits, 0, *given, "--kg", kg.hex())
    check("without the K_g", login(kg=kg), (*fits[:2], r"^  RAKP 4  does not fit"), 1, *given)
    twenty = b"12345678901234567890"
    long = ("--password", twenty.decode())
    check("cut to 16", login(twenty, bmc_password=twenty[:16]), (r"RAKP 2  .*would with the password cut to 16",
                                                                 r"RAKP 3  fits"), 1, *long)
    check("cut to 19", login(twenty, bmc_password=twenty[:19]), (r"RAKP 2  .*would with the password cut to 19",), 1,
          *long)
    check("role without bit 4", login(bmc_role=b"\4"), (r"RAKP 2  .*would with RAKP 1's role byte without bit 4",), 1,
          *given)
    check("another privilege", login(bmc_role=b"\0", privilege=0),
          (r"RAKP 2  .*would with the privilege of the Open Session Request as role byte",), 1, *given)
    check("another privilege and bit 4", login(bmc_role=b"\x13", privilege=3),
          (r"RAKP 2  .*would with the privilege of the Open Session Request in the role byte",), 1, *given)
    check("GUID of zeros", login(guid=bytes(16)), (r"RAKP 2  .*would with a GUID of zeros",), 1, *given)
    check("GUID reversed", login(guid=bytes(range(47, 31, -1))), (r"RAKP 2  .*would with the GUID byte-reversed",
                                                                  r"RAKP 4  .*would with the GUID"), 1, *given)
    check("padded name", login(name=b"\x10admin" + bytes(11)), (r"RAKP 2  .*would with the user name zero-padded",), 1,
          *given)
    check("K_g as the user's key", login(kg=kg, bmc_password=kg), (r"RAKP 2  .*would with K_g in the place of",), 1,
          *given, "--kg", kg.hex())
    check("another hash", login(algorithm=1, made_with=3), (r"RAKP 2  .*would with the hash of RAKP-HMAC-SHA256",), 1,
          *given)
    check("a byte too many", login(surplus=b"\0"), (r"RAKP 2  .*would with bytes behind the code",), 1, *given)
    check("refused", login(status=0x0d)[:4], (r"^  RAKP 2  refused: unauthorized name",), 0, *given)
    check("another user", login(), (r"^no login",), 2, *given, "--user", "root")
    check("the user", login(), fits, 0, *given, "--user", "admin")
    check("no login", [("c2b", bytes.fromhex(PING))], (r"^no login",), 2, *given)
    lan = os.path.join(CAPTURES, "ipmi_sim.ipmitool-lan.MD5.pcap")
    test.case("check: IPMI v1.5", [lan, "--check-password", "--password", "test"], (r"^  authcodes: 16 fit, 0 do not",))
    test.case("check: IPMI v1.5, wrong", [lan, "--check-password", "--password", "x"], (r" 0 fit, \d+ do not",),
              status=1)


def body(report, arguments):
    with tempfile.TemporaryDirectory(prefix="rmcpp-dissect.") as directory:
        test = Test(report, arguments.dissect or os.path.join(arguments.build, "examples", "dissect"), directory)
        for part in (text_form, json_form, summary_form, hex_input, pasted, capture_input, compressed, interfaces,
                     options, check_password):
            part(test)


parser = argparse.ArgumentParser()
parser.add_argument("--build", help="the build directory")
parser.add_argument("--dissect", help="a program instead of examples/dissect")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments))
