#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""The keyed traces of tests/vectors as capture files: Ethernet, IPv4, UDP, the BMC on port 623.

    traces.py DIRECTORY

Frames are numbered in the order of the trace.  Where a file has only the fields of a login or single packets, the
datagrams around them are made here.
"""
import json
import os
import struct
import sys
from typing import NamedTuple, Optional

VECTORS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "vectors")
CONSOLE = (b"\x0a\0\0\x01", 50000)
BMC = (b"\x0a\0\0\x02", 623)
SUITES = {2: (1, 1, 0), 3: (1, 1, 1), 7: (2, 2, 0), 8: (2, 2, 1), 11: (2, 3, 0), 12: (2, 3, 1), 16: (3, 4, 0),
          17: (3, 4, 1)}


class Trace(NamedTuple):
    name: str
    user: Optional[str]
    password: Optional[str]
    kg: str                             # hexadecimal
    packets: list                       # of (dir, datagram)
    expect: dict                        # what the file promises: frame to (auth, payload; None: not said)


def load(name):
    with open(os.path.join(VECTORS, name)) as file:
        return json.load(file)


# ---- capture files -------------------------------------------------------------------------------------------------

def ones_complement(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def ethernet(data, source, destination):
    length = 8 + len(data)
    udp = struct.pack(">HHH", source[1], destination[1], length)
    pseudo = source[0] + destination[0] + struct.pack(">HH", 17, length) + udp + b"\0\0" + data + b"\0" * (length % 2)
    udp += struct.pack(">H", ones_complement(pseudo) or 0xffff)
    ip = struct.pack(">BBHHHBB", 0x45, 0, 20 + length, 0, 0x4000, 64, 17), source[0] + destination[0]
    ip = ip[0] + struct.pack(">H", ones_complement(ip[0] + ip[1])) + ip[1]
    return bytes(12) + b"\x08\x00" + ip + udp + data


def write_pcap(path, packets, console=CONSOLE, bmc=BMC):
    """`packets`: (dir, datagram), 1 ms apart, or (dir, datagram, time in seconds, the console's port)."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, (direction, data, *more) in enumerate(packets):
            time, port = more or (number / 1000, console[1])
            ends = (console[0], port), bmc
            frame = ethernet(data, *(ends if direction == "c2b" else reversed(ends)))
            file.write(struct.pack("<IIII", *divmod(round(time * 1000000), 1000000), len(frame), len(frame)) + frame)


# ---- the traces ----------------------------------------------------------------------------------------------------

def setup(kind, payload):
    return bytes.fromhex("0600ff0706") + bytes([kind]) + bytes(8) + struct.pack("<H", len(payload)) + payload


def login(suite, user, sidm, sidc, rm, rc, guid, role, rakp2, rakp3, rakp4):
    """The six setup messages."""
    chosen = b"".join(bytes([n, 0, 0, 8, algorithm, 0, 0, 0]) for n, algorithm in enumerate(suite))
    return [("c2b", setup(0x10, bytes(4) + sidm + chosen)),
            ("b2c", setup(0x11, b"\0\0\4\0" + sidm + sidc + chosen)),
            ("c2b", setup(0x12, bytes(4) + sidc + rm + role + b"\0\0" + bytes([len(user)]) + user)),
            ("b2c", setup(0x13, bytes(4) + sidm + rc + guid + rakp2)),
            ("c2b", setup(0x14, bytes(4) + sidc + rakp3)),
            ("b2c", setup(0x15, bytes(4) + sidm + rakp4))]


def recorded(name, key="packets"):
    """A trace of whole datagrams.  Its `verifies` says of each kind of code how many are right: all of them."""
    file = load(name + ".json")
    return Trace(name, file["username"], file["password"], "",
                 [(p["dir"], bytes.fromhex(p["hex"])) for p in file[key]], {})


CODES = {4: ("ok", None), 5: ("ok", None), 6: ("ok", None)}


def idrac():
    file = load("idrac-aleph-suite3.json")
    field = {name: bytes.fromhex(file["fields"][name]) for name in ("sidm", "sidc", "rm", "rc", "guid", "role")}
    codes = [bytes.fromhex(file["known"][name]) for name in ("rakp2", "rakp3", "rakp4")]
    packets = login(SUITES[3], file["username"].encode(), **field, rakp2=codes[0], rakp3=codes[1],
                    rakp4=codes[2][:12])
    return Trace("idrac-aleph-suite3", file["username"], file["password"], "", packets, CODES)


def computed():
    """rakp.json: for each suite the login and one packet, once more with K_g as far as the codes go; IPMI v1.5."""
    file = load("rakp.json")
    field = {name: bytes.fromhex(file[name]) for name in ("sidm", "sidc", "rm", "rc", "guid", "role")}
    user, password = file["username"], file["password"]
    hashes = {each["auth"]: each for each in file["hashes"].values()}
    for packet in file["packets"]["suites"]:
        suite = SUITES[packet["suite"]]
        for kg in ("", file["kg"]):
            codes = {name: bytes.fromhex(hashes[suite[0]][name]) for name in ("rakp2", "rakp3")}
            codes["rakp4"] = bytes.fromhex(hashes[suite[0]]["rakp4_kg" if kg else "rakp4"])
            packets, expect = login(suite, user.encode(), **field, **codes), dict(CODES)
            assert packets[2][1].hex() == file["rakp1_datagram"]
            if not kg:
                packets.append(("c2b", bytes.fromhex(packet["datagram"])))
                expect[7] = ("ok", file["packets"]["plain"])
            name = "rakp suite %d%s" % (packet["suite"], " K_g" if kg else "")
            yield Trace(name, user, password, kg, packets, expect)
    packets = [("c2b", bytes.fromhex(file["v15"][kind])) for kind in ("md5", "md2")]
    yield Trace("rakp v1.5", None, file["v15"]["password"], "", packets,
                {1: ("ok", "2018c88104017a"), 2: ("ok", "2018c8819c3b04a4")})


def traces():
    return [recorded("beingj-suite3-session"), recorded("ilo2-suite1-session"), recorded("ilo2-suite2-session-b"),
            recorded("ilo2-suite3-rakp-kat"), recorded("ipmi4j-suite0-session"),
            recorded("inventec-v15-md5-session", "v15_packets"), idrac(), *computed()]


def write(directory):
    """Writes each into `directory`; yields (trace, path)."""
    for trace in traces():
        path = os.path.join(directory, trace.name.replace(" ", "_") + ".pcap")
        write_pcap(path, trace.packets)
        yield trace, path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for written, name in write(sys.argv[1]):
        print(name, "user", written.user, "password", written.password, "kg", written.kg or "-")
