#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""A second opinion on captured IPMI sessions: reads a capture, derives the keys of its logins, judges and decrypts.

    follow.py FILE [--user U] [--password P] [--kg HEX]         FILE -: datagrams in hexadecimal from stdin, one a line

It shares nothing with the C++ library: written from the IPMI v2.0 specification (and RFC 1319 for MD2), with
Python's hashlib and hmac, and Debian's python3-cryptography for AES.  It prints one JSON object a line for each
UDP datagram, as examples/dissect --json does:

    frame      its number in the file, from 1; packets that are no whole UDP datagram over IPv4 or IPv6 count too
    dir        c2b (console to BMC) or b2c
    type       asf_ping, asf_pong, asf, rmcp_ack, rmcp_oem, v15, ipmi, sol, oem, open_session_request,
               open_session_response, rakp1, rakp2, rakp3, rakp4, unreadable
    auth       ok or bad, for an authcode (session trailer, v1.5 wrapper, RAKP 2, 3, 4) under the key of its session;
               unknown: no key for it, or none that a RAKP 4 or another trailer has proved; none: there is none, or
               the message reports an error
    encrypted  whether the payload was
    payload    hexadecimal: the plaintext payload; of a v1.5 packet the IPMI message, of ASF the message, of an OEM
               payload what follows its IANA number; null if it stays secret or there is none
    error      null, or what is wrong other than the authcode

Exit status 1 if an authcode is bad, 2 if the file cannot be read.  --user restricts the password to RMCP+ logins
of that name.  Repeats, interleaved logins and reused session ids need no state machine: every login seen between two
endpoints is remembered, and an authcode is good if any of those that the packet may belong to explains it.
"""
import argparse
import hashlib
import hmac
import json
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HASHES = {1: (hashlib.sha1, 12), 2: (hashlib.md5, 16), 3: (hashlib.sha256, 16)}    # by RAKP algorithm: RAKP 4's length
INTEGRITY = {1: (hashlib.sha1, 12), 2: (hashlib.md5, 16), 4: (hashlib.sha256, 16)}
MD5_128 = 3
AES_CBC_128 = 1
TYPES = {0x00: "ipmi", 0x01: "sol", 0x02: "oem", 0x10: "open_session_request", 0x11: "open_session_response",
         0x12: "rakp1", 0x13: "rakp2", 0x14: "rakp3", 0x15: "rakp4", **{0x20 + n: "oem" for n in range(8)}}


class Malformed(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Malformed(what)


# ---- MD2, RFC 1319 -------------------------------------------------------------------------------------------------

def _pi_digits(count):
    """Machin's formula in integers, with ten digits to spare."""
    unit = 10 ** (count + 10)

    def arctan(x):
        term, total, n = unit // x, 0, 1
        while term:
            total += term // n if n % 4 == 1 else -(term // n)
            term, n = term // (x * x), n + 2
        return total
    return iter(str(4 * (4 * arctan(5) - arctan(239))))


def _md2_table():
    """The substitution table is a shuffle of 0..255 by the digits of pi."""
    digits, table = _pi_digits(800), list(range(256))

    def below(n):
        while True:
            width = 1 if n <= 10 else 2 if n <= 100 else 3
            x = int("".join(next(digits) for _ in range(width)))
            if x < 10 ** width // n * n:
                return x % n
    for i in range(1, 256):
        n = below(i + 1)
        table[n], table[i] = table[i], table[n]
    return table


_S = _md2_table()


def md2(data):
    pad = 16 - len(data) % 16
    data += bytes([pad]) * pad
    checksum, last = bytearray(16), 0
    for at in range(0, len(data), 16):
        for i in range(16):
            checksum[i] ^= _S[data[at + i] ^ last]
            last = checksum[i]
    data += bytes(checksum)
    x = bytearray(48)
    for at in range(0, len(data), 16):
        for i in range(16):
            x[16 + i] = data[at + i]
            x[32 + i] = x[16 + i] ^ x[i]
        t = 0
        for rounds in range(18):
            for i in range(48):
                x[i] ^= _S[t]
                t = x[i]
            t = (t + rounds) % 256
    return bytes(x[:16])


# ---- keys and codes ------------------------------------------------------------------------------------------------

def code_v15(kind, password, session, message, sequence):
    key = password[:16].ljust(16, b"\0")
    if kind == 4:
        return key
    return {1: md2, 2: lambda data: hashlib.md5(data).digest()}[kind](key + session + message + sequence + key)


class Login:
    """What an Open Session Response began: algorithms, the RAKP 1 messages seen, and an Exchange for each RAKP 2."""

    def __init__(self, algorithms_, console, bmc):
        self.auth, self.integrity, self.confidentiality = algorithms_
        self.console, self.bmc = console, bmc           # session ids as on the wire
        self.rakp1, self.exchanges = [], []

    def same(self, other):
        return vars(self) | {"rakp1": 0, "exchanges": 0} == vars(other) | {"rakp1": 0, "exchanges": 0}


class Exchange:
    """One RAKP 1 and RAKP 2: enough for all keys.  `password` is None if unknown; K_g alone opens a session that is
    keyed with it."""

    def __init__(self, login, rakp1, rakp2, password, kg):
        self.login, self.password, self.proven = login, password, False
        self.rm, self.role, self.name = rakp1
        self.rc, self.guid = rakp2[8:24], rakp2[24:40]
        self.rakp2 = self.rakp3 = self.rakp4 = self.k1 = self.k2 = None
        identity = self.role + bytes([len(self.name)]) + self.name
        if login.auth in HASHES and password is not None:
            self.rakp2 = self.mac(password, login.console + login.bmc + self.rm + self.rc + self.guid + identity)
            self.rakp3 = self.mac(password, self.rc + login.console + identity)
        key = kg if any(kg) else password
        if login.auth in HASHES and key is not None:
            sik = self.mac(key, self.rm + self.rc + identity)
            self.rakp4 = self.mac(sik, self.rm + login.bmc + self.guid)
            self.k1, self.k2 = (self.mac(sik, bytes([n]) * 20) for n in (1, 2))

    def mac(self, key, data):
        return hmac.new(key, data, HASHES[self.login.auth][0]).digest()

    def codes(self, which):
        """The right codes: of RAKP 4 a digest not truncated counts too, as ipmitool and FreeIPMI hold it."""
        code = getattr(self, which)
        return (code, code[:HASHES[self.login.auth][1]]) if which == "rakp4" else (code,)

    def trailer(self, packet):
        """(covered bytes, authcode, right authcode) of a packet from its auth type on; None: nothing to say."""
        kind = self.login.integrity
        if (self.password if kind == MD5_128 else self.k1 if kind in INTEGRITY else None) is None:
            return None
        size = INTEGRITY[kind][1] if kind in INTEGRITY else 16
        covered, code = packet[:-size], packet[-size:]
        if kind == MD5_128:
            key = self.password.ljust(20, b"\0")
            return covered, code, hashlib.md5(key + covered + key).digest()
        return covered, code, hmac.new(self.k1, covered, INTEGRITY[kind][0]).digest()[:size]

    def decrypt(self, payload):
        need(self.login.confidentiality == AES_CBC_128, "this confidentiality algorithm is not supported")
        need(len(payload) >= 32 and len(payload) % 16 == 0, "encrypted payload of a wrong length")
        aes = Cipher(algorithms.AES(self.k2[:16]), modes.CBC(payload[:16])).decryptor()
        plain = aes.update(payload[16:]) + aes.finalize()
        pad = plain[-1]
        need(pad <= 16 and pad < len(plain), "confidentiality pad length")
        need(plain[-1 - pad:-1] == bytes(range(1, pad + 1)), "confidentiality pad bytes")
        return plain[:-1 - pad]


# ---- the follower --------------------------------------------------------------------------------------------------

class Follower:
    def __init__(self, user=None, password=None, kg=b""):
        self.user = None if user is None else user.encode()
        self.password = None if password is None else password.encode()
        self.kg = kg
        self.flows = {}                 # pair of endpoints: its logins, newest first
        self.consoles = {}              # pair of endpoints: the console's

    def feed(self, frame, data, source=None, destination=None):
        """The record of one datagram.  Without endpoints, direction comes from the content alone."""
        self.flow = frozenset((source, destination))
        self.logins = self.flows.setdefault(self.flow, [])
        self.record = {"frame": frame, "dir": self.direction(data, source, destination), "type": "unreadable",
                       "auth": "none", "encrypted": False, "payload": None, "error": None}
        try:
            self.rmcp(data)
        except Malformed as why:
            self.record["error"] = str(why)
        return self.record

    def direction(self, data, source, destination):
        if source is not None and self.flow in self.consoles:
            return "c2b" if source == self.consoles[self.flow] else "b2c"
        from_console = self.sender(data)
        if from_console is None:
            return "b2c" if source and source[1] == 623 else "c2b"
        if source is not None:
            self.consoles[self.flow] = source if from_console else destination
        return "c2b" if from_console else "b2c"

    def sender(self, data):
        """True: a console sent this, False: a BMC, None: the content does not tell."""
        kind = data[3:4]
        if kind == b"\x06" and data[8:9] in (b"\x80", b"\x40"):
            return data[8] == 0x80
        if kind != b"\x07" or len(data) < 16:
            return None
        if data[4] != 6:
            netfn = data[15:16] if data[4] == 0 else data[31:32]
        elif 0x10 <= data[5] <= 0x15:
            return data[5] % 2 == 0
        else:
            for login in self.logins:
                if data[6:10] in (login.console, login.bmc):
                    return data[6:10] == login.bmc
            netfn = data[17:18] if data[5] == 0 else b""
        return netfn[0] & 4 == 0 if netfn else None

    def rmcp(self, data):
        need(len(data) >= 4 and data[0] == 6, "not RMCP")
        kind = data[3]
        if kind & 0x80:
            self.record["type"] = "rmcp_ack"
        elif kind == 6:
            need(len(data) >= 12 and data[4:8] == b"\0\0\x11\xbe" and len(data) >= 12 + data[11], "bad ASF message")
            self.record["type"] = {0x80: "asf_ping", 0x40: "asf_pong"}.get(data[8], "asf")
            self.record["payload"] = data[4:12 + data[11]].hex()
        elif kind == 8:
            self.record["type"] = "rmcp_oem"
        else:
            need(kind == 7 and len(data) > 4, "unknown RMCP class, or nothing in it")
            (self.v2 if data[4] == 6 else self.v15)(data[4:])

    def v15(self, packet):
        self.record["type"] = "v15"
        kind, sequence, session = packet[0], packet[1:5], packet[5:9]
        need(kind in (0, 1, 2, 4, 5), "unknown authentication type")
        at = 25 if kind else 9
        need(len(packet) > at and len(packet) > at + packet[at], "v1.5 packet too short")   # a legacy pad may follow
        message = packet[at + 1:at + 1 + packet[at]]
        self.record["payload"] = message.hex()
        if kind and (self.password is None or kind == 5):
            self.record["auth"] = "unknown"
        elif kind:
            self.judge(packet[9:25] == code_v15(kind, self.password, session, message, sequence))

    def judge(self, good):
        self.record["auth"] = "ok" if good else "bad"

    def v2(self, packet):
        need(len(packet) > 1, "RMCP+ packet too short")
        encrypted, authenticated, kind = packet[1] & 0x80, packet[1] & 0x40, packet[1] & 0x3f
        self.record.update(type=TYPES.get(kind, "unreadable"), encrypted=bool(encrypted))
        at = 8 if kind == 2 else 2
        need(len(packet) >= at + 10, "RMCP+ packet too short")
        session, length = packet[at:at + 4], struct.unpack_from("<H", packet, at + 8)[0]
        end = at + 10 + length
        need(len(packet) >= end, "payload longer than the datagram")
        payload = packet[at + 10:end]
        if any(session):
            payload = self.protected(packet, session, payload, end, encrypted, authenticated)
        else:
            need(not encrypted and not authenticated, "protected, but outside a session")
        if payload is None:
            return
        self.record["payload"] = payload.hex()
        need(kind in TYPES, "reserved payload type")
        if not any(session) and 0x10 <= kind <= 0x15:
            getattr(self, self.record["type"])(payload)

    def mine(self, session):
        """The logins in which this session id is the receiver's, newest first."""
        side = "bmc" if self.record["dir"] == "c2b" else "console"
        return [login for login in self.logins if getattr(login, side) == session]

    def protected(self, packet, session, payload, end, encrypted, authenticated):
        """The plaintext, or None if it stays secret."""
        logins = self.mine(session)
        keyed = [each for login in logins for each in reversed(login.exchanges) if each.k2]
        exchange = next(iter(keyed), None)
        if authenticated:
            trailers = [(each, each.trailer(packet)) for each in keyed]
            trailers = [(each, found) for each, found in trailers if found]
            self.record["auth"] = "bad" if any(each.proven for each, _ in trailers) else "unknown"
            need(len(packet) >= end + 2, "no room for a trailer")
            for exchange, (covered, code, right) in trailers:
                if code == right:
                    self.judge(True)
                    exchange.proven = True
                    need(covered[-1] == 7, "next header is not 07h")
                    need(len(covered) == end + covered[-2] + 2 and covered[-2] <= 4, "integrity pad length")
                    break
        elif logins and not any(login.integrity == 0 for login in logins):
            self.record["error"] = "not authenticated, in a session that is"
        if not encrypted:
            if logins and not any(login.confidentiality == 0 for login in logins) and packet[1] & 0x3f == 0:
                self.record["error"] = self.record["error"] or "not encrypted, in a session that is"
            return payload
        if self.record["auth"] in ("bad", "unknown") or not exchange:
            return None
        return exchange.decrypt(payload)

    # The setup messages, each a payload outside a session.

    def open_session_request(self, p):
        need(len(p) >= 32, "Open Session Request too short")

    def open_session_response(self, p):
        need(len(p) >= 2, "Open Session Response too short")
        if p[1]:
            return
        need(len(p) >= 36, "Open Session Response too short")
        login = Login([p[16] & 0x3f, p[24] & 0x3f, p[32] & 0x3f], p[4:8], p[8:12])
        if not any(login.same(other) and not other.exchanges for other in self.logins):     # else a repeat
            self.logins.insert(0, login)

    def rakp1(self, p):
        need(len(p) >= 28 and p[27] <= 16 and len(p) >= 28 + p[27], "bad RAKP 1")
        for login in self.mine_setup("bmc", p[4:8]):
            login.rakp1.append((p[8:24], p[24:25], p[28:28 + p[27]]))

    def rakp2(self, p):
        if not self.succeeds(p, 40):
            return
        tried = []
        for login in self.mine_setup("console", p[4:8]):
            for one in reversed(login.rakp1):
                password = self.password if self.user in (None, one[2]) else None
                tried.append(Exchange(login, one, p, password, self.kg))
        good = [each for each in tried if each.rakp2 == p[40:]]
        for each in (good or tried)[:1]:
            each.login.exchanges.append(each)
            if any(self.kg):                            # a BMC may not use K_g although there is one
                rakp1 = each.rm, each.role, each.name
                each.login.exchanges.insert(-1, Exchange(each.login, rakp1, p, each.password, b""))
        self.verdict(p[40:], tried, "rakp2")

    def rakp3(self, p):
        if self.succeeds(p, 8):
            self.verdict(p[8:], self.exchanges("bmc", p[4:8]), "rakp3")

    def rakp4(self, p):
        if self.succeeds(p, 8):
            exchanges = self.exchanges("console", p[4:8])
            self.verdict(p[8:], exchanges, "rakp4")
            for each in exchanges:                      # its keys are the ones: MD5-128 cannot tell, K_g is not in it
                if each.rakp4 and p[8:] in each.codes("rakp4"):
                    each.proven = True
                    each.login.exchanges.remove(each)
                    each.login.exchanges.append(each)
                    break

    def mine_setup(self, side, session):
        return [login for login in self.logins if getattr(login, side) == session]

    def exchanges(self, side, session):
        return [each for login in self.mine_setup(side, session) for each in reversed(login.exchanges)]

    def succeeds(self, p, size):
        need(len(p) >= 2, "RAKP message too short")
        need(p[1] or len(p) >= size, "RAKP message too short")
        return p[1] == 0

    def verdict(self, code, exchanges, which):
        known = [each for each in exchanges if getattr(each, which)]
        if not known:
            none = exchanges and all(each.login.auth == 0 for each in exchanges)
            self.record["auth"] = "none" if none or not code else "unknown"
            need(not (none and code), "a code where the suite has none")
        else:
            self.judge(any(code in each.codes(which) for each in known))


# ---- capture files -------------------------------------------------------------------------------------------------

def packets(data):
    """(link type, packet, whether it is whole) of a pcap or pcapng file."""
    magics = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        yield from pcapng(data)
        return
    if data[:4] not in magics or len(data) < 24:
        raise ValueError("not a capture file")
    order, at = magics[data[:4]], 24
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xffff
    while at < len(data):
        if at + 16 > len(data):
            raise ValueError("the file ends within a packet header")
        size, length = struct.unpack_from(order + "II", data, at + 8)
        if at + 16 + size > len(data):
            raise ValueError("the file ends within a packet")
        yield link, data[at + 16:at + 16 + size], size == length
        at += 16 + size


def pcapng(data):
    at, order, links = 0, "<", []
    while at < len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order, links = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">", []
        if at + 12 > len(data):
            raise ValueError("the file ends within a block")
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 12 or size % 4 or at + size > len(data):
            raise ValueError("bad block length")
        block = data[at + 8:at + size - 4]
        if kind == 1:
            links.append(struct.unpack_from(order + "H", block)[0])
        elif kind == 6:
            link, _, _, captured, length = struct.unpack_from(order + "IIIII", block)
            yield links[link], block[20:20 + captured], captured == length
        elif kind == 3:
            length = struct.unpack_from(order + "I", block)[0]
            yield links[0], block[4:4 + length], len(block) >= 4 + length
        at += size


def ip_packet(link, p):
    """What follows the link header, if that is IP; else None."""
    if link == 1:                                       # Ethernet
        at = 12
        while p[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
            at += 4
        return p[at + 2:] if p[at:at + 2] in (b"\x08\x00", b"\x86\xdd") else None
    if link in (0, 108):                                # null, loopback: an address family
        return p[4:]
    if link in (12, 14, 101, 228, 229):                 # raw
        return p
    if link in (113, 276):                              # Linux cooked, versions 1 and 2
        kind = p[14:16] if link == 113 else p[0:2]
        return p[16 if link == 113 else 20:] if kind in (b"\x08\x00", b"\x86\xdd") else None
    return None


def udp_datagram(p):
    """(data, source, destination) of an IP packet with one whole UDP datagram; else None."""
    if p and p[0] >> 4 == 4 and len(p) >= 20 and p[9] == 17 and struct.unpack_from(">H", p, 6)[0] & 0x3fff == 0:
        udp, addresses = p[4 * (p[0] & 15):], (p[12:16], p[16:20])
    elif p and p[0] >> 4 == 6 and len(p) >= 40 and p[6] == 17:
        udp, addresses = p[40:], (p[8:24], p[24:40])
    else:
        return None
    if len(udp) < 8:
        return None
    source, destination, length = struct.unpack_from(">HHH", udp)
    if not 8 <= length <= len(udp):
        return None
    return udp[8:length], (addresses[0], source), (addresses[1], destination)


def follow_file(path, user=None, password=None, kg=b""):
    """The records of a capture file.  Raises OSError or ValueError."""
    with open(path, "rb") as file:
        data = file.read()
    follower, records = Follower(user, password, kg), []
    for frame, (link, packet, whole) in enumerate(packets(data), 1):
        found = udp_datagram(ip_packet(link, packet)) if whole else None
        if found:
            records.append(follower.feed(frame, *found))
    return records


def follow_lines(lines, user=None, password=None, kg=b""):
    """The same of datagrams in hexadecimal, one a line; a line is a frame.  A leading < or > is passed over."""
    follower = Follower(user, password, kg)
    return [follower.feed(number, bytes.fromhex(line.lstrip("<> "))) for number, line in enumerate(lines, 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", default="-")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--kg", default="", type=bytes.fromhex, metavar="HEX")
    parser.add_argument("--json", action="store_true", help="the only format there is")
    options = parser.parse_args()
    try:
        keys = options.user, options.password, options.kg
        records = follow_lines(sys.stdin, *keys) if options.file == "-" else follow_file(options.file, *keys)
    except (OSError, ValueError, IndexError, struct.error) as why:
        print("follow: %s: %s" % (options.file, why), file=sys.stderr)
        return 2
    for record in records:
        print(json.dumps(record))
    return 1 if any(record["auth"] == "bad" for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
