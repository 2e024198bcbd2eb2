#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""examples/dissect on every conversation at hand, against a second implementation and against what was promised.

    dissect_captures.py --build DIR [--dissect PROGRAM] [--only recorded,live,damaged,files]

recorded: the traces and captures of tests/vectors, with the right keys, with none and with wrong ones.
live: conversations of real clients with real BMCs, recorded here by a relay.
damaged: one authenticated byte of a datagram changed; the verdict on that very datagram must say so.
files: other link types, hexadecimal from stdin, what cannot be read, the exit statuses.

Record by record, what the program says must be what tests/reference/follow.py says (frame, dir, type, auth, encrypted,
payload, and whether there is an error), and what the captures' decoded.json says where there is one.  `--dissect`
names another program with the same options, such as tests/reference/follow.py itself.
"""
import argparse
import contextlib
import glob
import json
import os
import socket
import struct
import tempfile
import threading
from typing import NamedTuple, Optional

import rig
from capture import Relay, follow, traces  # the last two from tests/reference
from clients import Login, console, freeipmi, ipmitool
from servers import IpmiSim, OurBmc, PyghmiBmc, Server

VECTORS = traces.VECTORS
DECODED_TYPES = {"IPMI1.5": "v15", "ASF-PING": "asf_ping", "ASF-PONG": "asf_pong", "OPEN-REQ": "open_session_request",
                 "OPEN-RSP": "open_session_response", "RAKP1": "rakp1", "RAKP2": "rakp2", "RAKP3": "rakp3",
                 "RAKP4": "rakp4", "IPMI": "ipmi"}
FIELDS = ("frame", "dir", "type", "auth", "encrypted", "payload")
DAMAGED_PER_CAPTURE = 34


class Keys(NamedTuple):
    user: Optional[str] = None
    password: Optional[str] = None
    kg: str = ""                        # hexadecimal

    def options(self):
        given = (("--user", self.user), ("--password", self.password), ("--kg", self.kg or None))
        return [word for name, value in given if value is not None for word in (name, value)]

    def records(self, path):
        return follow.follow_file(path, self.user, self.password, bytes.fromhex(self.kg))


# ---- what a record must be -----------------------------------------------------------------------------------------

def noted(record):
    """The record reports something about its datagram, other than by its authcode verdict."""
    return record["error"] is not None or bool(record.get("findings"))


def broken(record):
    return record["type"] == "unreadable" and noted(record)


def remarks(record):
    """All that is said of a datagram but for the authcode verdict."""
    return [record["error"], *sorted(each["finding"] for each in record.get("findings", ()))]


def difference(got, want):
    """The first way in which the program's records differ from the ones wanted, or None.  A field that a wanted
    record lacks is not compared."""
    seen = {record["frame"]: record for record in got}
    if len(seen) != len(got):
        return "a frame has two records"
    for record in want:
        one = seen.pop(record["frame"], None)
        if record.get("type") == "unreadable":                  # may be passed over
            if one is not None and not broken(one):
                return "frame %d: nothing is wrong with %s" % (record["frame"], one)
            continue
        if one is None:
            return "frame %d: no record" % record["frame"]
        for name in FIELDS:
            if name in record and (one.get(name) or None) != (record[name] or None):
                return "frame %d: %s is %r, not %r" % (record["frame"], name, one.get(name), record[name])
        if record.get("error") and not noted(one):
            return "frame %d: no error, but the reference says: %s" % (record["frame"], record["error"])
        if "error" in record and not record["error"] and record["auth"] != "bad" and one["error"]:
            return "frame %d: error %r" % (record["frame"], one["error"])
    surplus = [one for one in seen.values() if not broken(one)]     # an incomplete frame may have a record
    return "nothing is at this frame: %s" % surplus[0] if surplus else None


def promised(decoded):
    """The records that a decoded.json asks for."""
    for packet in decoded["packets"]:
        record = {"frame": packet["n"], "type": DECODED_TYPES.get(packet.get("ptype", packet["kind"]), "unreadable"),
                  "auth": "none", "encrypted": bool(packet.get("enc")),
                  "dir": "c2b" if packet["from"] == "client" else "b2c"}
        for name in ("pl", "plain", "ipmi_raw"):
            if name in packet:
                record["payload"] = packet[name]
                break
        if record["type"].startswith("asf"):
            record["payload"] = packet["raw"][8:]
        if packet.get("auth") or packet.get("authcode") or packet.get("icv") or packet.get("authcode_ok"):
            record["auth"] = "ok"                               # no capture has a wrong one: checks, known_failures
        if packet.get("duplicate"):                             # its code is not written down once more
            del record["auth"]
        assert packet.get("authcode_ok", True) and not decoded["known_failures"]
        yield record


class Program:
    """examples/dissect, or a stand-in."""

    def __init__(self, path):
        self.argv = ["/usr/bin/python3", "-B", path] if path.endswith(".py") else [path]

    def command(self, path, keys):
        return self.argv + [path, "--json", *keys.options()]

    def run(self, path, keys=Keys(), via=()):
        """(exit status, records).  `via`: words before the command."""
        result = rig.run([*via, *self.command(path, keys)], limit=20)
        if result.absent or result.timed_out or result.status not in (0, 1, 2):
            raise rig.Failure("%s\nexit status %s\n%s" % (result.command(), result.status, rig.tail(result.output)))
        return result.status, [json.loads(line) for line in result.stdout.splitlines()]


class Check:
    """The cases that all kinds of captures have in common."""

    def __init__(self, report, program, directory):
        self.report, self.program, self.directory = report, program, directory

    def path(self, name):
        return os.path.join(self.directory, name)

    def agree(self, name, path, keys, want=(), rule=None):
        """The program's records against the reference's and against `want`, and its exit status.  `rule`: what else
        the reference's records must hold, so that the two cannot agree on nothing."""
        reference = keys.records(path)
        status, got = self.program.run(path, keys)
        why = difference(got, reference)
        if want and not why:
            partial = [record for record in got if record["frame"] in {each["frame"] for each in want}]
            why = difference(partial, want)
        if not why and status != any(record["auth"] == "bad" for record in reference):
            why = "exit status %d" % status
        if not why and rule and not rule(reference):
            why = "not what this conversation should hold: %s" % summary(reference)
        self.report.check("%s, %d records" % (name, len(reference)), why is None, why)

    def three_keys(self, name, path, keys, want=(), rule=None):
        self.agree(name, path, keys, want, rule)
        self.agree(name + ", no keys", path, Keys(), (), lambda records: not any(r["auth"] == "ok" for r in records))
        wrong_keys = Keys(keys.user, keys.password + "x", "00ff" * 10 if keys.kg else "")
        self.agree(name + ", wrong keys", path, wrong_keys, (),
                   lambda records: not any(r["auth"] == "ok" for r in records))
        if keys.kg:
            self.agree(name + ", K_g alone", path, Keys(kg=keys.kg), (), lambda records: by_type(records) >= {
                ("rakp2", "unknown"), ("rakp3", "unknown"), ("rakp4", "ok")})
        else:
            self.agree(name + ", with a K_g that the BMC has not", path, keys._replace(kg="00ff" * 10), want, rule)


def summary(records):
    count = {}
    for record in records:
        key = "%s %s %s" % (record["dir"], record["type"], record["auth"])
        count[key] = count.get(key, 0) + 1
    return ", ".join("%d %s" % (number, key) for key, number in count.items())


def by_type(records):
    return {(record["type"], record["auth"]) for record in records}


def sound(records):
    """No authcode is wrong or left open, and there is something to see."""
    return len(records) > 1 and not any(record["auth"] in ("bad", "unknown") for record in records)


def protected(records):
    """A login and what followed it, all verified."""
    return sound(records) and any(r["auth"] == "ok" and r["type"] in ("ipmi", "v15") for r in records)


# ---- recorded ------------------------------------------------------------------------------------------------------

def captures():
    """(name, path, keys, decoded) of each capture."""
    for path in sorted(path for folder in ("captures", "doubled")
                       for path in glob.glob(os.path.join(VECTORS, folder, "*.pcap"))):
        with open(path[:-len("pcap")] + "decoded.json") as file:
            decoded = json.load(file)
        given = decoded["credentials"]
        yield (os.path.basename(path)[:-len(".pcap")], path,
               Keys(given["username"], given["password"], (given["kg"] or "").encode().hex()), decoded)


def recorded(check):
    for name, path, keys, decoded in captures():
        check.three_keys(name, path, keys, list(promised(decoded)), sound)
    for trace, path in traces.write(check.directory):
        want = [{"frame": frame, "auth": auth, **({"payload": payload} if payload else {})}
                for frame, (auth, payload) in trace.expect.items()]
        check.three_keys(trace.name, path, Keys(trace.user, trace.password, trace.kg), want, sound)
    path = os.path.join(VECTORS, "echo-bug", "freeipmi-against-echo-bmc.pcap")
    check.agree("freeipmi-against-echo-bmc", path, Keys("admin", "password"), [{"frame": 6, "auth": "bad"}])


# ---- live ----------------------------------------------------------------------------------------------------------

KG = "ff80000102030405060708090a0b0c0d0e0f7f01"
KG_TEXT = "0123456789abcdefghi"                     # as much as ipmi_sim keeps
LONG = "12345678901234567890"
STATUS = ("chassis", "power", "status")


def lan(login, authentication, tool="ipmitool"):
    """IPMI v1.5."""
    if tool == "ipmitool":
        return ["ipmitool", "-I", "lan", "-A", authentication, "-H", rig.HOST, "-p", login.port, "-U", login.user,
                "-P", login.password, *STATUS]
    return [tool, "-D", "LAN", "-a", authentication, "-h", "%s:%d" % (rig.HOST, login.port), "-u", login.user,
            "-p", login.password, "--stat" if tool == "ipmipower" else "--get-chassis-status"]


def chassis(login, *words):
    return freeipmi("ipmi-chassis", login, "--get-chassis-status", *words)


def power(login, *words):
    return freeipmi("ipmipower", login, "--stat", *words)


def pyghmi(login):
    script = "from pyghmi.ipmi.command import Command as C; import sys; kg = bytes.fromhex(sys.argv[4]) or None; " \
             "print(C(bmc='127.0.0.1', userid=sys.argv[1], password=sys.argv[2], port=int(sys.argv[3]), kg=kg)" \
             ".get_power())"
    return ["/usr/bin/python3", "-c", script, login.user, login.password, login.port, login.kg or ""]


class Conversation:
    """Clients with one BMC, each recorded by itself; at the end all of them as one capture."""

    def __init__(self, check, name, server, keys):
        self.check, self.name, self.server, self.keys = check, name, server, keys
        self.packets = []

    def login(self, relay, suite=None, **more):
        return Login(relay.port, self.keys.user, self.keys.password, suite, kg=self.keys.kg or None)._replace(**more)

    def talk(self, what, argv, suite=None, rule=protected, works=True, lose=(), keys=None, **more):
        """`argv`: Login to command line.  `works`: whether the client must report success; None: no matter."""
        name = "%s, %s" % (self.name, what)
        with Relay(self.server.port, lose) as relay:
            result = rig.run(argv(self.login(relay, suite, **more)), limit=20)
            path = self.check.path("live.pcap")
            relay.save(path)
        refused = result.absent or result.timed_out or works is not None and (result.status == 0) != works
        if refused:
            self.check.report.fail(name, "%s\nexit status %d\n%s" % (result.command(), result.status,
                                                                     rig.tail(result.output)))
            return
        begin = self.packets[-1][2] + 1 if self.packets else 0
        self.packets += [(way, data, begin + when, port) for way, data, when, port in relay.packets]
        self.check.agree(name, path, keys or self.keys, (), rule)

    def together(self):
        """All sessions of this server in one file: ids come again, logins follow one another."""
        path = self.check.path("all.pcap")
        traces.write_pcap(path, self.packets, (b"\x7f\0\0\1", 0), (b"\x7f\0\0\1", 623))
        self.check.agree("%s, all of it" % self.name, path, self.keys)

    def at_once(self, commands):
        """Interleaved sessions."""
        with Relay(self.server.port) as relay:
            argvs = [argv(self.login(relay, suite)) for argv, suite in commands]
            failed = [each for each in rig.run_all(argvs, limit=20) if each.status]
            path = self.check.path("live.pcap")
            relay.save(path)
        name = "%s, %d clients at once" % (self.name, len(commands))
        if failed:
            self.check.report.fail(name, "%s\n%s" % (failed[0].command(), rig.tail(failed[0].output)))
        else:
            self.check.agree(name, path, self.keys, (), protected)


def with_status(login):
    return ipmitool(login, *STATUS)


def live(check, build):
    def with_console(login):
        return console(build, login, *STATUS)

    everything = "0,1,2,3,6,7,8,11,12,15,16,17"
    for what, kg in (("our bmc", ""), ("our bmc with K_g", KG)):
        with OurBmc(build, "--user", "admin:password", "--suites", everything, *(["--kg", kg] if kg else [])) as bmc:
            talk = Conversation(check, what, bmc, Keys("admin", "password", kg))
            for suite in (3, 17) if kg else (0, 1, 2, 3, 6, 7, 8, 15, 16, 17):
                # Without integrity nothing but the login can be verified.
                rule = sound if suite in (0, 1, 6, 15) else protected
                talk.talk("ipmitool %d" % suite, with_status, suite, rule)
            for suite in (3, 11, 12, 17) if kg else (8, 11, 12, 17):
                talk.talk("ipmi-chassis %d" % suite, chassis, suite)
            talk.talk("ipmipower 3", power, 3)
            for suite in (8, 17) if kg else (2, 3, 12, 17):
                talk.talk("console %d" % suite, with_console, suite)
            talk.talk("pyghmi", pyghmi)
            if not kg:
                for number, message in ((2, "Open Session Response"), (3, "RAKP 2"), (4, "RAKP 4")):
                    talk.talk("ipmitool without its first " + message, with_status, 3, lose=(number,))
                    talk.talk("ipmi-chassis without its first " + message, chassis, 17, lose=(number,))
                    talk.talk("console without its first " + message, with_console, 17, lose=(number,))
                talk.at_once([(with_status, 3), (chassis, 17), (with_status, 17), (with_console, 3), (power, 12),
                              (with_status, 3)])
            wrong(talk, kg)
            talk.together()
    with OurBmc(build, "--user", "admin:" + LONG, "--suites", everything) as bmc:
        talk = Conversation(check, "our bmc, password of 20 bytes", bmc, Keys("admin", LONG))
        for suite in (8, 11, 12, 17):
            talk.talk("ipmi-chassis %d" % suite, chassis, suite)
    live_ipmi_sim(check, with_console)
    live_pyghmi(check, with_console)
    live_echo_bmc(check)


def wrong(talk, kg):
    """A wrong password in the client: RAKP 2 is right under the BMC's, and the client ends it there.  So a follower
    with the BMC's keys finds nothing bad, one with the client's finds RAKP 2 bad."""
    def stopped(records):
        kinds = {record["type"] for record in records}
        return "rakp2" in kinds and "rakp3" not in kinds

    for name, argv, works in (("ipmitool", with_status, None), ("ipmi-chassis", chassis, False)):
        talk.talk("%s with a wrong password" % name, argv, 3, works=works, password="guess",
                  rule=lambda records: stopped(records) and sound(records))
        talk.talk("%s with a wrong password, seen with it" % name, argv, 3, works=works, password="guess",
                  keys=talk.keys._replace(password="guess"),
                  rule=lambda records: stopped(records) and {"bad"} == {r["auth"] for r in records
                                                                       if r["type"] == "rakp2"})
    if kg:
        other = "00" * 19 + "01"
        talk.talk("ipmi-chassis with a wrong K_g", chassis, 3, works=False, kg=other,
                  rule=lambda records: sound(records) and records[-1]["type"] == "rakp4")
        talk.talk("ipmi-chassis with a wrong K_g, seen with it", chassis, 3, works=False, kg=other,
                  keys=talk.keys._replace(kg=other),
                  rule=lambda records: [r["auth"] for r in records if r["type"].startswith("rakp")]
                  == ["none", "ok", "ok", "bad"])


class SolSim(IpmiSim):
    """ipmi_sim whose serial port echoes, behind a TCP connection to this process."""
    name = "ipmi_sim with SOL"

    def __enter__(self):
        self.listener = socket.socket()
        self.listener.bind((rig.HOST, 0))
        self.listener.listen()
        threading.Thread(target=self._echo, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *args):
        super().__exit__(*args)
        self.listener.close()

    def _echo(self):
        with contextlib.suppress(OSError):
            while True:
                line = self.listener.accept()[0]
                line.sendall(b"login: ")
                for data in iter(lambda: line.recv(256), b""):
                    line.sendall(data)

    def _write(self, name, text, mode=0o644):
        if name == "lan.conf":
            sol = '  sol "tcp:%s:%d" 115200\n' % self.listener.getsockname()
            text = text.replace("  chassis_control", sol + "  chassis_control")
        super()._write(name, text, mode)


def sol(check, suite):
    """ipmitool sol activate.  The BMC names its port, and ipmitool insists on it: the relay has another address."""
    name = "ipmi_sim, ipmitool sol activate, suite %d" % suite
    with SolSim() as server, Relay(server.port, listen=("127.0.0.2", server.port)) as relay:
        command = "ipmitool -I lanplus -C %d -H 127.0.0.2 -p %d -U ipmiusr -P test sol activate" % (suite, relay.port)
        with rig.Process(["script", "-qec", command, "/dev/null"], talk=True) as client:
            ready = client.wait_for("SOL Session operational", 10)
            client.say("hello")
            answered = client.wait_for(r"operational[^\0]*hello", 5)
            client.say("\r~.")
            ended = client.wait(5)
            said = client.stdout() + client.stderr()
        relay.save(check.path("sol.pcap"))
    if not (ready and answered and ended):
        check.report.fail(name, rig.tail(said))
        return

    def has_text(records):
        texts = [bytes.fromhex(record["payload"])[4:] for record in records if record["type"] == "sol"]
        return sound(records) and any(b"hello" in text for text in texts)
    check.agree(name, check.path("sol.pcap"), Keys("ipmiusr", "test"), (), has_text)


def live_ipmi_sim(check, with_console):
    with IpmiSim() as server:
        talk = Conversation(check, "ipmi_sim", server, Keys("ipmiusr", "test"))
        for suite in (1, 2, 3, 6):
            talk.talk("ipmitool %d" % suite, with_status, suite, sound if suite in (1, 6) else protected)
        for suite in (3, 11):
            talk.talk("ipmi-chassis %d" % suite, lambda login: chassis(login, "-W", "opensesspriv"), suite)
        talk.talk("console 3", with_console, 3)
        talk.talk("pyghmi", pyghmi)
        for kind in ("MD5", "PASSWORD", "NONE"):
            talk.talk("ipmitool lan %s" % kind, lambda login, kind=kind: lan(login, kind),
                      rule=sound if kind == "NONE" else protected)
        for kind in ("MD2", "MD5", "STRAIGHT_PASSWORD_KEY", "NONE"):
            talk.talk("ipmi-chassis LAN %s" % kind, lambda login, kind=kind: lan(login, kind, "ipmi-chassis"),
                      rule=sound if kind == "NONE" else protected)
        talk.talk("ipmipower LAN MD2", lambda login: lan(login, "MD2", "ipmipower"))
        # No answer to a wrong authcode; the client's own packets are bad under the BMC's password.
        talk.talk("ipmi-chassis LAN MD5 with a wrong password",
                  lambda login: lan(login, "MD5", "ipmi-chassis") + ["--session-timeout=2000"], works=False,
                  password="guess", rule=lambda records: {"bad"} == {r["auth"] for r in records if r["auth"] != "none"})
        talk.together()
    with IpmiSim(KG_TEXT) as server:
        talk = Conversation(check, "ipmi_sim with K_g", server, Keys("ipmiusr", "test", KG_TEXT.encode().hex()))
        for suite in (1, 2, 3):
            talk.talk("ipmitool %d" % suite, with_status, suite, sound if suite == 1 else protected)
    for suite in (1, 2, 3):
        sol(check, suite)


def live_pyghmi(check, with_console):
    for kg in (None, "0123456789abcdefghij"):
        with PyghmiBmc(kg) as server:
            keys = Keys("admin", "password", (kg or "").encode().hex())
            talk = Conversation(check, "pyghmi with K_g" if kg else "pyghmi", server, keys)
            talk.talk("ipmitool 3", with_status, 3)
            if not kg:                              # its capabilities never say that there is one: FreeIPMI gives up
                talk.talk("ipmi-chassis 3", chassis, 3)
            talk.talk("console 3", with_console, 3)


class EchoBmc(Server):
    name = "echo bmc"

    def argv(self):
        return ["/usr/bin/python3", "-B", os.path.join(os.path.dirname(follow.__file__), "echo_bmc.py"), str(self.port)]


def live_echo_bmc(check):
    """So that the capture in tests/vectors/echo-bug can be made anew."""
    with EchoBmc() as server:
        talk = Conversation(check, "echo bmc", server, Keys("admin", "password"))
        talk.talk("ipmitool 3", with_status, 3)
        talk.talk("ipmi-chassis 17", chassis, 17, works=False, rule=lambda records: records[-1]["auth"] == "bad")
        talk.talk("ipmi-chassis 3", lambda login: chassis(login, "--session-timeout=1500"), 3, works=False)


# ---- damaged -------------------------------------------------------------------------------------------------------

DAMAGED = ("ipmi_sim.ipmitool-lanplus.2", "ipmi_sim.ipmitool-lanplus.3", "faultbmc.ipmitool-lanplus.8",
           "ipmi_sim.ipmipower-2_0-opensesspriv.11", "faultbmc.ipmi-chassis-2_0.12", "goipmi_kg.ipmitool-lanplus.17",
           "ipmi_sim.ipmi-chassis-LAN.MD2", "ipmi_sim.ipmi-chassis-LAN.MD5")


def authenticated_bytes(data, kind):
    """(positions, positions of session ids) of what an authcode covers, itself included, from the RMCP header on."""
    if kind == "v15":
        return [*range(5, 29), *range(30, 30 + data[29])], range(9, 13)
    if kind == "ipmi":
        return [*range(4, len(data))], range(6, 10)
    return [*range(20, len(data))], range(20, 24)               # RAKP: from the session id on


def chosen(datagrams, reference):
    """A few datagrams with an authcode: each kind, both ways, the first and the last."""
    found = {}
    for (way, data), record in zip(datagrams, reference):
        if record["auth"] == "ok":
            key = way, record["type"]
            found[key] = [*found.get(key, ())[:1], (record["frame"], data)]
    return [(frame, data, kind) for (_, kind), some in found.items() for frame, data in some]


def spread(items, count):
    """`count` of them, evenly, the first and the last among them."""
    if len(items) <= count:
        return items
    return [items[i * (len(items) - 1) // (count - 1)] for i in range(count)]


def flips(datagrams, reference):
    """(frame to look at, what was done, the datagrams, whether the session id was hit)."""
    plan = []
    for frame, data, kind in chosen(datagrams, reference):
        positions, ids = authenticated_bytes(data, kind)
        plan += [(frame, frame, at, at in ids) for at in positions]
    plan = spread(plan, DAMAGED_PER_CAPTURE)
    by_type = {record["type"]: record["frame"] for record in reversed(reference)}
    if "rakp1" in by_type:                                      # what RAKP 2 covers of it: random, role, name
        plan += [(by_type["rakp2"], by_type["rakp1"], at, False) for at in (24, 40, 44)]
    for looked_at, frame, at, is_id in plan:
        way, data = datagrams[frame - 1]
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        copy = list(datagrams)
        copy[frame - 1] = (way, bytes(changed))
        yield looked_at, "frame %d byte %d" % (frame, at), copy, is_id


def damaged(check):
    for name, path, keys, _ in captures():
        if name not in DAMAGED:
            continue
        keys = keys._replace(user=None)                         # or a changed name would have no known password
        reference = keys.records(path)
        datagrams = [(record["dir"], found[0]) for record, found in zip(reference, udp(path))]
        usual = check.path("usual.pcap")
        traces.write_pcap(usual, datagrams)
        before = {record["frame"]: remarks(record) for record in check.program.run(usual, keys)[1]}
        missed, count = [], 0
        for frame, what, changed, is_id in flips(datagrams, reference):
            one = check.path("damaged.pcap")
            traces.write_pcap(one, changed)
            status, records = check.program.run(one, keys)
            record = next((each for each in records if each["frame"] == frame), None)
            if not record:
                missed.append("%s: no record" % what)
            elif is_id and record["auth"] == "ok" and remarks(record) == before[frame]:   # may be no session's at all
                missed.append("%s: auth ok" % what)
            elif not is_id and record["auth"] != "bad" and remarks(record) == before[frame]:
                missed.append("%s: auth %s, %s" % (what, record["auth"], remarks(record)))
            elif status != any(each["auth"] == "bad" for each in records):
                missed.append("%s: exit status %d" % (what, status))
            count += 1
        check.report.check("%s, %d bytes changed" % (name, count), count > 0 and not missed, "\n    ".join(missed))


def udp(path):
    with open(path, "rb") as file:
        for link, packet, _ in follow.packets(file.read()):
            yield follow.udp_datagram(follow.ip_packet(link, packet))


# ---- files ---------------------------------------------------------------------------------------------------------

LINKS = {0: b"\x02\0\0\0", 108: b"\0\0\0\x02", 101: b"", 113: b"\0\0\x03\x04\0\x06" + bytes(8) + b"\x08\0",
         1: bytes(12) + b"\x81\0\0\x07\x08\0"}
LINK_NAMES = {0: "null", 108: "loop", 101: "raw IP", 113: "Linux cooked", 1: "Ethernet with a VLAN tag"}


def ip_packets(path):
    with open(path, "rb") as file:
        return [follow.ip_packet(link, packet) for link, packet, _ in follow.packets(file.read())]


def pcap(link, packets, order="<", magic=0xa1b2c3d4):
    """A whole file of (captured bytes, length on the wire)."""
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack(order + "IIII", 0, 0, len(data), length) + data for data, length in packets)


def pcapng(link, packets):
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    return (block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) + block(1, struct.pack("<HHI", link, 0, 0)) +
            b"".join(block(6, struct.pack("<IIIII", 0, 0, 0, len(data), length) + data) for data, length in packets))


def written(check, name, data):
    with open(check.path(name), "wb") as file:
        file.write(data)
    return check.path(name)


def files(check):
    name, path, keys, _ = next(each for each in captures() if each[0] == "ipmi_sim.ipmitool-lanplus.3")
    packets = ip_packets(path)
    count = len(packets)

    def has_all(records):
        return sound(records) and len(records) == count
    for link, head in LINKS.items():
        data = pcap(link, [(head + packet, len(head + packet)) for packet in packets])
        check.agree(LINK_NAMES[link], written(check, "link.pcap", data), keys, (), has_all)
    six = [b"\x60\0\0\0" + packet[24:26] + b"\x11\x40" + bytes(12) + packet[12:16] + bytes(12) + packet[16:]
           for packet in packets]
    check.agree("IPv6", written(check, "six.pcap", pcap(101, [(packet, len(packet)) for packet in six])), keys, (),
                has_all)
    ethernet = [(bytes(12) + b"\x08\0" + packet, 14 + len(packet)) for packet in packets]
    for what, data in (("big-endian", pcap(1, ethernet, ">")), ("nanoseconds", pcap(1, ethernet, magic=0xa1b23c4d)),
                       ("padded frames", pcap(1, [(data + bytes(20), size + 20) for data, size in ethernet])),
                       ("pcapng", pcapng(1, ethernet))):
        check.agree(what, written(check, "file.pcap", data), keys, (), has_all)

    arp = bytes(12) + b"\x08\x06" + bytes(28)
    tcp = bytes(12) + b"\x08\0" + packets[0][:9] + b"\x06" + packets[0][10:]
    cut = ethernet[0][0][:44]
    odd = [(arp, len(arp)), *ethernet[:5], (tcp, len(tcp)), (cut, ethernet[0][1]), *ethernet[5:]]
    check.agree("other packets between", written(check, "odd.pcap", pcap(1, odd)), keys, [{"frame": 9, "auth": "ok"}],
                lambda records: [record["frame"] for record in records] == [*range(2, 7), *range(9, count + 4)])

    lines = check.path("lines")
    via = ("sh", "-c", 'exec "$@" < "$0"', lines)
    marked, guess = {"c2b": "> ", "b2c": "< "}, keys._replace(password="guess")
    for what, given, marks in (("", keys, {"c2b": "", "b2c": ""}), (" with directions", keys, marked),
                               (" with directions, wrong password", guess, marked)):
        records = given.records(path)
        with open(lines, "w") as file:
            file.writelines("%s%s\n" % (marks[r["dir"]], found[0].hex()) for r, found in zip(records, udp(path)))
        status, got = check.program.run("-", given, via)
        why = difference(got, records)
        check.report.check("hexadecimal from stdin%s" % what, not why and status == (given != keys),
                           why or "exit status %d" % status)
    with open(lines, "w") as file:
        file.write("no hexadecimal\n")
    unreadable = [("not hexadecimal", "-", via), ("no such file", check.path("nothing"), ()),
                  ("a capture that ends in a packet", written(check, "half", pcap(1, ethernet)[:-9]), ()),
                  ("a text", written(check, "text", b"text" * 9), ()), ("a directory", check.directory, ())]
    for what, target, words in unreadable:
        status, _ = check.program.run(target, keys, words)
        check.report.check("%s: exit status 2" % what, status == 2, "exit status %d" % status)
    check.agree("a capture of nothing", written(check, "none.pcap", pcap(1, [])), keys)


def body(report, options):
    parts = options.only.split(",")
    program = Program(options.dissect or os.path.join(options.build, "examples", "dissect"))
    with tempfile.TemporaryDirectory(prefix="rmcpp-dissect.") as directory:
        check = Check(report, program, directory)
        if "recorded" in parts:
            recorded(check)
        if "files" in parts:
            files(check)
        if "damaged" in parts:
            damaged(check)
        if "live" in parts:
            report.need("ipmitool", "ipmi-chassis", "ipmipower", "script")
            live(check, options.build)


parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True, help="the build directory")
parser.add_argument("--dissect", help="a program instead of examples/dissect")
parser.add_argument("--only", default="recorded,files,damaged,live", help="parts, separated by commas")
arguments = parser.parse_args()
rig.main(lambda report: body(report, arguments), watchdog=280)
