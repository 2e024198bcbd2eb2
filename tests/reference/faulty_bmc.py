#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""BMCs that misbehave in one named way each, to see what a console makes of it: faulty_bmc.py FAULT...

User admin, password password, cipher suites 3 and 17.  Each fault has a port of its own on 127.0.0.1; `all` are all of
them, `list` prints what they are.  Whoever asks from a new port meets a BMC that has heard nothing yet.

A fault changes some fields of one step of an otherwise correct conversation.  The steps and their fields:

    ipmi    the answer to a command, in the session or before it: netfn, command, requester, responder, sequence, code,
            data, checksum, late (seconds); `inside` says which of the two
    open    Open Session Response: tag, status, level, console, bmc, algorithms
    draw    what RAKP 2 is made of: random, guid, and role and auth (algorithm) of its code
    rakp2   RAKP 2: tag, status, console, code
    rakp4   RAKP 4: tag, status, console, code, and cut, its length
    setup   each of these as a payload: type, size (what the length field says), payload, and a tail behind it
    packet  a packet of the session: encrypted, authenticated, session, number, pad and trailer_pad (functions of how
            many bytes are needed), pad_length (of the trailer's pad), next_header, integrity (its algorithm), code (a
            function of the right one), tail
    wire    the datagrams that answer one

The answers (ipmi, open, rakp2, rakp4) have `silent`: nothing is sent.  Each step has `nth`, which counts how often this
client has come to it, of ipmi and setup with this command or type.
"""
import collections
import heapq
import hmac
import itertools
import os
import selectors
import socket
import struct
import sys
import time
from types import SimpleNamespace
from typing import Callable, Dict, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import follow
from traces import SUITES, setup

PASSWORD = b"password"
GUID = bytes(range(1, 17))
RMCP = bytes.fromhex("0600ff07")
SUITE_RECORDS = bytes.fromhex("c003014181 c011034481")
STATUSES = (*range(0x01, 0x13), 0x18, 0x20, 0xff)
ANSWERS = {                                     # (netFn, command): data
    (6, 0x38): bytes.fromhex("0197040300000000"),
    (6, 0x37): GUID,
    (6, 0x3c): b"",
    (6, 0x01): bytes.fromhex("200102000202bf57010001"),
    (0, 0x01): bytes.fromhex("01004000"),
}
SESSIONLESS = ((6, 0x38), (6, 0x37), (6, 0x54))


# ---- the faults ----------------------------------------------------------------------------------------------------

class Fault(NamedTuple):
    text: str
    step: str
    when: Callable                      # of the step's fields
    changes: Dict                       # field: its value, or a function of the right one


FAULTS = {}                             # name: Faults that come together; the first has the text


def fault(name, text, step="", when=lambda f: True, **changes):
    FAULTS.setdefault(name, []).append(Fault(text, step, when, changes))


def flip(code):
    return bytes([code[0] ^ 1]) + code[1:]


def command(number, netfn):
    """`netfn` is the answer's."""
    return lambda f: f.command == number and f.netfn == netfn


def first(when):
    return lambda f: when(f) and f.nth == 1


def inside(f):
    return f.inside


def oem_record(numbers=itertools.count()):
    return bytes([0xc1, next(numbers) & 0xff]) + bytes.fromhex("57010001 4181")


fault("none", "no fault")

# Open Session Response
for each in (0, 2, 5):
    fault("maxpriv%d" % each, "Open Session grants level %d" % each, "open", level=each)
fault("authreserved", "reserved bits in the algorithm bytes", "open", algorithms=lambda a: [n | 0xc0 for n in a])
fault("algs-sha1", "agrees to suite 3 whatever was asked", "open", algorithms=[1, 1, 1])
fault("algs-sha256", "agrees to suite 17 whatever was asked", "open", algorithms=[3, 4, 1])
fault("algs-none", "agrees to suite 0 whatever was asked", "open", algorithms=[0, 0, 0])
fault("algs-xrc4", "agrees to a confidentiality algorithm that was not asked for", "open",
      algorithms=lambda a: [*a[:2], 2])
fault("sidc0", "gives session id 0", "open", bmc=bytes(4))

# RAKP 2 and 4
fault("rakp2code", "RAKP 2 code wrong", "rakp2", code=flip)
fault("rolemask", "RAKP 2 code over the level instead of the whole role byte", "draw",
      role=lambda role: bytes([role[0] & 0x0f]))
fault("guidzero", "a GUID of zeros", "draw", guid=bytes(16))
fault("rc0", "a random number of zeros", "draw", random=bytes(16))
fault("rakp2code-none", "RAKP 2 without a code", "rakp2", code=b"")
for each, size, algorithm in ((2, 16, "MD5"), (1, 20, "SHA1"), (3, 32, "SHA256")):
    fault("rakp2code-%d" % size, "a RAKP 2 code of %d bytes, HMAC-%s's" % (size, algorithm), "draw", auth=each)
fault("rakp2code-21", "a RAKP 2 code with a byte too many", "rakp2", code=lambda c: c + b"\0")
fault("icv", "RAKP 4 value wrong", "rakp4", code=flip)
fault("icvlen20", "RAKP 4 value not cut", "rakp4", cut=None)
fault("icvlen12", "RAKP 4 value cut to 12 bytes", "rakp4", cut=12)
fault("icv-none", "RAKP 4 without a value", "rakp4", cut=0)

# Each answer of the login
for number, step in ((0x11, "open"), (0x13, "rakp2"), (0x15, "rakp4")):
    is_step = lambda f, number=number: f.type == number
    title = {"open": "Open Session Response", "rakp2": "RAKP 2", "rakp4": "RAKP 4"}[step]
    fault("silent-" + step, "%s: no answer" % title, step, silent=True)
    fault("tag-" + step, "%s with a tag that was never used" % title, step, tag=lambda t: (t + 100) % 256)
    fault("sidm-" + step, "%s for another console's session" % title, step, console=flip)
    fault("trailer-" + step, "%s with a session trailer's four bytes behind it" % title, "setup", is_step,
          tail=bytes.fromhex("ffff0207"))
    fault("cut-" + step, "%s cut in the middle" % title, "setup", is_step, payload=lambda p: p[:len(p) // 2],
          size=lambda n: n // 2)
    fault("byte-" + step, "%s of one byte" % title, "setup", is_step, payload=lambda p: p[:1], size=1)
    fault("beyond-" + step, "%s with a length beyond the datagram" % title, "setup", is_step, size=lambda n: n + 1)
    fault("type-" + step, "%s under another message's payload type" % title, "setup", is_step,
          type={0x11: 0x13, 0x13: 0x15, 0x15: 0x11}.get)
    fault(step + "-status0d-stray", "%s refuses with 0Dh, without tag and session id" % title, step, status=0x0d, tag=0,
          console=bytes(4))
    fault(step + "-status0d-stray", "", "setup", is_step, payload=lambda p: p[:8], size=8)
    for status in STATUSES:
        for form, size in (("full", None), ("len8", 8), ("len2", 2)):
            name = "%s-status%02x-%s" % (step, status, form)
            words = "%s refuses with %02Xh, %s" % (title, status, "whole" if size is None else "%d bytes" % size)
            fault(name, words, step, status=status)
            if size:
                fault(name, words, "setup", is_step, payload=lambda p, size=size: p[:size], size=size)
fault("trailer", "a session trailer's four bytes behind each answer of the login", "setup",
      tail=bytes.fromhex("ffff0207"))
fault("trailer-refusal", "RAKP 2 refuses with 12h, a session trailer's four bytes behind it", "rakp2", status=0x12)
fault("trailer-refusal", "", "setup", lambda f: f.type == 0x13, payload=lambda p: p[:8], size=8,
      tail=bytes.fromhex("ffff0207"))

# What only a repeat brings out
fault("lost-rakp4-sik", "after a repeated RAKP 3 the RAKP 4 value is wrong, as OpenBMC's", "rakp4",
      lambda f: f.nth == 1, silent=True)
fault("lost-rakp4-sik", "", "rakp4", lambda f: f.nth == 2, code=flip)
fault("lost-open-rakp2code", "after a repeated Open Session Request the RAKP 2 code is wrong, as pyghmi's", "open",
      lambda f: f.nth == 1, silent=True)
fault("lost-open-rakp2code", "", "rakp2", lambda f: f.nth == 1, code=flip)
fault("lost-rakp2-status", "after a repeated RAKP 1 RAKP 4 refuses with 0Dh, as go-ipmi's server", "rakp2",
      lambda f: f.nth == 1, silent=True)
fault("lost-rakp2-status", "", "rakp4", lambda f: f.nth == 1, status=0x0d)

# Packets of the session
fault("checksum2", "the message's second checksum wrong", "ipmi", inside, checksum=lambda c: c ^ 0xff)
fault("rqseq", "another request's sequence number", "ipmi", inside, sequence=lambda s: s ^ 0x40)
fault("rqaddr20", "requester's address 20h instead of 81h", "ipmi", inside, requester=0x20)
fault("rsaddr", "responder's address 81h instead of 20h", "ipmi", inside, responder=0x81)
fault("rqcommand", "another command's answer", "ipmi", inside, command=0x02)
fault("request", "requests instead of answers", "ipmi", inside, netfn=lambda n: n - 1)
fault("rqseq-command", "Get Chassis Status answered under another request's sequence number", "ipmi",
      lambda f: f.inside and f.command == 1 and f.netfn == 1, sequence=lambda s: s ^ 0x40)
fault("duplicated", "each command answered with CFh, duplicated request", "ipmi", inside, code=0xcf)
fault("confpad0", "confidentiality pad of zeros", "packet", pad=lambda _: lambda n: bytes(n) + bytes([n]))
fault("confpadbad", "confidentiality pad whose length is beyond the message", "packet",
      pad=lambda pad: lambda n: pad(n)[:-1] + b"\xf0")
fault("confpad16", "16 bytes of confidentiality pad where none is needed, as OpenBMC's", "packet",
      pad=lambda pad: lambda n: pad(n or 16))
fault("intpad0", "integrity pad whose length byte is 0", "packet", pad_length=lambda _: lambda pad: 0)
fault("intpadnone", "no integrity pad", "packet", trailer_pad=lambda _: lambda n: b"")
fault("intpadzero", "integrity pad of zeros", "packet", trailer_pad=lambda _: bytes)
fault("intpad4", "4 bytes of integrity pad where 2 are needed", "packet", trailer_pad=lambda pad: lambda n: pad(4))
fault("nexthdr", "next header 00h instead of 07h", "packet", next_header=0)
fault("integbad", "authentication code wrong", "packet", code=lambda _: flip)
fault("integbad-command", "authentication code wrong from the second answer on", "packet", lambda f: f.nth > 1,
      code=lambda _: flip)
fault("integ-none", "packets without their authentication code", "packet", code=lambda _: lambda right: b"")
fault("integ-other", "authentication code of the other suite's algorithm", "packet", integrity=lambda i: 5 - i)
fault("extrabytes", "four bytes behind the packet", "packet", tail=bytes(4))
fault("unauth", "answers are not authenticated", "packet", authenticated=False)
fault("unenc", "answers are not encrypted", "packet", encrypted=False)
fault("bare", "answers are neither authenticated nor encrypted", "packet", authenticated=False, encrypted=False)
fault("sidm-packet", "another session's id", "packet", session=flip)
fault("seq0", "each packet has number 0", "packet", number=0)
fault("seq1", "each packet has number 1", "packet", number=1)
fault("seqdup", "each number is used twice", "packet", number=lambda n: (n + 1) // 2)
fault("seqgap", "every other number is left out", "packet", number=lambda n: 2 * n)
fault("seqstart5", "the first number is 5", "packet", number=lambda n: n + 4)
fault("oldseq", "the second packet has number 1 again", "packet", lambda f: f.nth == 2, number=1)
fault("long", "answers of the session with 2,000 bytes of data", "ipmi", inside, data=lambda d: d + bytes(2000))
fault("long-38h", "Get Channel Authentication Capabilities with 2,000 bytes behind it", "wire", lambda f: f.nth == 1,
      datagrams=lambda all: [d + bytes(2000) for d in all])
fault("long-open", "Open Session Response with 2,000 bytes behind it", "setup", lambda f: f.type == 0x11,
      tail=bytes(2000))

# Datagrams
fault("dupresp", "each answer comes twice", "wire", datagrams=lambda all: [d for each in all for d in (each, each)])
fault("rmcpack", "an RMCP acknowledgement before each answer", "wire",
      datagrams=lambda all: [bytes.fromhex("0600ff87"), *all])
fault("rmcpversion", "RMCP version 05h", "wire", datagrams=lambda all: [b"\5" + d[1:] for d in all])
fault("rmcpclass", "RMCP class ASF", "wire", datagrams=lambda all: [d[:3] + b"\6" + d[4:] for d in all])
fault("empty", "empty datagrams before each answer", "wire", datagrams=lambda all: [b"", *all])

# Commands
NAMES = {0x38: "Get Channel Authentication Capabilities", 0x54: "Get Channel Cipher Suites",
         0x3b: "Set Session Privilege Level", 0x3c: "Close Session", 0x01: "Get Chassis Status"}
for number, netfn in ((0x38, 6), (0x54, 6), (0x3b, 6), (0x3c, 6), (0x01, 0)):
    title, key, when = NAMES[number], "%02xh" % number, command(number, netfn + 1)
    fault("drop-" + key, "%s: no answer" % title, "ipmi", when, silent=True)
    fault("drop-%s-once" % key, "%s: no answer to the first" % title, "ipmi", first(when), silent=True)
    for code in (0xc1, 0xc0, 0xc3, 0xd2, 0xd4, 0xff):
        fault("%02xh-%s" % (code, key), "%s answered with %02Xh" % (title, code), "ipmi", when, code=code)
        fault("%02xh-%s-once" % (code, key), "%s answered with %02Xh, then rightly" % (title, code), "ipmi",
              first(when), code=code)
for number, key, title in ((0x37, "37h", "Get System GUID"), (0x01, "06-01h", "Get Device ID")):
    fault("drop-" + key, "%s: no answer" % title, "ipmi", command(number, 7), silent=True)
    fault("c1h-" + key, "%s answered with C1h" % title, "ipmi", command(number, 7), code=0xc1)
for code in (0x80, 0x81):
    fault("%02xh-3bh" % code, "%s answered with %02Xh" % (NAMES[0x3b], code), "ipmi", command(0x3b, 7), code=code)

for name, text, changes in (
        ("kg-required", "says that a K_g is set", dict(data=lambda d: d[:2] + b"\x24" + d[3:])),
        ("no-nonnull", "says that there are no names", dict(data=lambda d: d[:2] + b"\0" + d[3:])),
        ("no2.0", "does not offer IPMI v2.0", dict(data=lambda d: d[:1] + b"\x17\4\0" + d[4:])),
        ("noauth1.5", "offers no v1.5 authentication", dict(data=lambda d: d[:1] + b"\x80\4\2" + d[4:])),
        ("38h-len5", "capabilities of 5 bytes", dict(data=lambda d: d[:5])),
        ("38h-len9", "capabilities of 9 bytes", dict(data=lambda d: d + b"\0")),
        ("38h-checksum", "capabilities whose checksum is wrong", dict(checksum=lambda c: c ^ 0xff)),
        ("38h-rqseq", "capabilities under another request's sequence number", dict(sequence=lambda s: s ^ 0x40))):
    fault(name, text, "ipmi", command(0x38, 7), **changes)
fault("3bh-len0", "Set Session Privilege Level succeeds without data", "ipmi", command(0x3b, 7), data=b"")
fault("3bh-len2", "Set Session Privilege Level succeeds with 2 bytes", "ipmi", command(0x3b, 7),
      data=lambda d: d + b"\0")
fault("guid-len17", "Get System GUID with 17 bytes", "ipmi", command(0x37, 7), data=lambda d: d + b"\0")
fault("guid-len15", "Get System GUID with 15 bytes", "ipmi", command(0x37, 7), data=lambda d: d[:15])
fault("status-len2", "Get Chassis Status with 2 bytes", "ipmi", command(0x01, 1), data=lambda d: d[:2])
fault("54h-endless", "Get Channel Cipher Suites with the same full chunk for ever", "ipmi", command(0x54, 7),
      data=b"\1" + SUITE_RECORDS + SUITE_RECORDS[:5] + b"\xc0")
fault("54h-new", "Get Channel Cipher Suites with another full chunk for ever", "ipmi", command(0x54, 7),
      data=lambda _: b"\1" + oem_record() + oem_record())
fault("54h-slow", "Get Channel Cipher Suites with another full chunk for ever, each 0.7 s late", "ipmi",
      command(0x54, 7), data=lambda _: b"\1" + oem_record() + oem_record(), late=0.7)
fault("54h-empty", "Get Channel Cipher Suites without any", "ipmi", command(0x54, 7), data=b"\1")
fault("54h-others", "Get Channel Cipher Suites with suite 1 only", "ipmi", command(0x54, 7),
      data=b"\1" + bytes.fromhex("c001014080"))


# ---- the BMC -------------------------------------------------------------------------------------------------------

class Bmc:
    """What one client meets."""

    def __init__(self, faults):
        self.faults = faults
        self.logins, self.keys = {}, {}         # by the BMC's session id
        self.counts = collections.Counter()
        self.sent = 0                           # packets within the session
        self.late = 0                           # seconds until the answer leaves

    def step(self, name, key=None, **fields):
        self.counts[name, key] += 1
        f = SimpleNamespace(silent=False, nth=self.counts[name, key], **fields)
        for each in self.faults:
            if each.step == name and each.when(f):
                for field, change in each.changes.items():
                    setattr(f, field, change(getattr(f, field)) if callable(change) else change)
        return f

    def replies(self, data):
        """The datagrams that answer one."""
        self.late = 0
        answer = self.reply(data)
        return self.step("wire", datagrams=[answer]).datagrams if answer else []

    def reply(self, data):
        if data[:4] != RMCP or len(data) < 14:
            return None
        if data[4] == 0:
            message = self.ipmi(data[14:14 + data[13]], False)
            return message and RMCP + bytes(9) + bytes([len(message) & 255]) + message
        if data[4] != 6:
            return None
        session, payload = data[6:10], data[16:16 + struct.unpack_from("<H", data, 14)[0]]
        if session in self.keys and data[5] == 0xc0:
            message = self.ipmi(self.keys[session].decrypt(payload), True)
            return message and self.seal(self.keys[session], message)
        if data[5] == 0:
            message = self.ipmi(payload, False)
            return message and setup(0, message)
        handler = {0x10: self.open_session, 0x12: self.rakp1, 0x14: self.rakp3}.get(data[5])
        answer = handler and handler(payload)
        return answer and self.setup(data[5] + 1, answer)

    def ipmi(self, request, within):
        """The IPMI message that answers one."""
        netfn, number, data = request[1] >> 2, request[5], request[6:-1]
        answers = {**ANSWERS, (6, 0x3b): data, (6, 0x54): b"\1" + (SUITE_RECORDS if data[2:] == b"\x80" else b"")}
        code = 0 if (netfn, number) in answers else 0xc1
        if not within and (netfn, number) not in SESSIONLESS:
            code = 0xd5                         # ipmitool asks such when its login has failed
        f = self.step("ipmi", (netfn, number), inside=within, netfn=netfn | 1, command=number, requester=request[3],
                      responder=request[0], sequence=request[4], code=code, data=answers.get((netfn, number), b""),
                      checksum=0, late=0)
        self.late = f.late
        if f.silent:
            return None
        head = bytes([f.requester, f.netfn << 2])
        body = bytes([f.responder, f.sequence, f.command, f.code]) + (f.data if f.code == 0 else b"")
        return head + bytes([-sum(head) & 255]) + body + bytes([-sum(body) & 255 ^ f.checksum])

    def setup(self, kind, payload):
        f = self.step("setup", kind, type=kind, payload=payload, size=len(payload), tail=b"")
        return RMCP + bytes([6, f.type]) + bytes(8) + struct.pack("<H", f.size) + f.payload + f.tail

    def open_session(self, p):
        asked = [p[8 + 4], p[16 + 4], p[24 + 4]]
        known = tuple(asked) in (SUITES[3], SUITES[17])
        f = self.step("open", tag=p[0], status=0 if known else 0x11, level=4, console=p[4:8], bmc=os.urandom(4),
                      algorithms=asked)
        if f.silent:
            return None
        # The keys are those of what was asked: who goes on after another answer is on his own.
        self.logins[f.bmc] = follow.Login(asked, p[4:8], f.bmc)
        return bytes([f.tag, f.status, f.level, 0]) + f.console + f.bmc + b"".join(
            bytes([n, 0, 0, 8, algorithm, 0, 0, 0]) for n, algorithm in enumerate(f.algorithms))

    def rakp1(self, p):
        login = self.logins.get(p[4:8])
        if not login:
            return None
        drawn = self.step("draw", random=os.urandom(16), guid=GUID, role=p[24:25], auth=login.auth)
        hashed = bytes(8) + drawn.random + drawn.guid

        def exchange(auth, role):
            asked = follow.Login([auth, login.integrity, login.confidentiality], login.console, login.bmc)
            return follow.Exchange(asked, (p[8:24], role, p[28:28 + p[27]]), hashed, PASSWORD, b"")
        self.keys[p[4:8]] = exchange(login.auth, p[24:25])
        f = self.step("rakp2", tag=p[0], status=0, console=login.console, code=exchange(drawn.auth, drawn.role).rakp2)
        return None if f.silent else bytes([f.tag, f.status, 0, 0]) + f.console + drawn.random + drawn.guid + f.code

    def rakp3(self, p):
        keys = self.keys.get(p[4:8])
        if not keys or p[8:] != keys.rakp3:
            return None
        f = self.step("rakp4", tag=p[0], status=0, console=keys.login.console, code=keys.rakp4,
                      cut=follow.HASHES[keys.login.auth][1])
        return None if f.silent else bytes([f.tag, f.status, 0, 0]) + f.console + f.code[:f.cut]

    def seal(self, keys, message):
        self.sent += 1
        f = self.step("packet", encrypted=True, authenticated=True, session=keys.login.console, number=self.sent,
                      pad=lambda n: bytes(range(1, n + 1)) + bytes([n]), trailer_pad=lambda n: b"\xff" * n,
                      pad_length=len, next_header=7, integrity=keys.login.integrity, code=lambda right: right, tail=b"")
        payload = message
        if f.encrypted:
            iv = os.urandom(16)
            aes = Cipher(algorithms.AES(keys.k2[:16]), modes.CBC(iv)).encryptor()
            payload = iv + aes.update(message + f.pad(-(len(message) + 1) % 16))
        packet = bytes([6, f.encrypted << 7 | f.authenticated << 6]) + f.session
        packet += struct.pack("<IH", f.number, len(payload)) + payload
        if f.authenticated:
            pad = f.trailer_pad(-(len(packet) + 2) % 4)
            packet += pad + bytes([f.pad_length(pad), f.next_header])
            hash_, size = follow.INTEGRITY[f.integrity]
            packet += f.code(hmac.new(keys.k1, packet, hash_).digest()[:size])
        return RMCP + packet + f.tail


# ---- the program ---------------------------------------------------------------------------------------------------

def serve(names):
    selector = selectors.DefaultSelector()
    for name in names:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        selector.register(udp, selectors.EVENT_READ, (FAULTS[name], {}))
        print("%s listening on 127.0.0.1:%d" % (name, udp.getsockname()[1]))
    print("ready", flush=True)
    waiting = []                        # (when, number, socket, datagram, client)
    numbers = itertools.count()
    while True:
        for key, _ in selector.select(max(0, waiting[0][0] - time.monotonic()) if waiting else None):
            faults, clients = key.data
            data, client = key.fileobj.recvfrom(65536)
            bmc = clients.setdefault(client, Bmc(faults))
            for answer in bmc.replies(data):
                heapq.heappush(waiting, (time.monotonic() + bmc.late, next(numbers), key.fileobj, answer, client))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, udp, answer, client = heapq.heappop(waiting)
            udp.sendto(answer, client)


if __name__ == "__main__":
    wanted = sys.argv[1:]
    if not wanted or not set(wanted) <= {"all", "list", *FAULTS}:
        sys.exit(__doc__)
    if wanted == ["list"]:
        for name, together in FAULTS.items():
            print("%-24s %s" % (name, together[0].text))
    else:
        serve(FAULTS if wanted == ["all"] else wanted)
