"""The command lines of the clients, ours included, from one description of a login.

What each client needs to be told differs, what it must achieve does not: a test names a Login and the words of
the command.  SUITES says what each client can do at all: ipmitool asserts on 11 and 12 itself, OpenIPMI
knows no SHA-256, and derives K1 and K2 of the MD5 suites in a way of its own, which leaves it 6 and 11.

PROBES has one short command for each client, and what that client says when it is refused; V15_PROBES the same for
sessions of IPMI v1.5, and PRESENCE what tells without a session whether a BMC is there.
"""
import os
import shlex
from typing import Callable, Dict, NamedTuple, Optional, Tuple

import rig

ALL_SUITES = (0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17)
XRC4_SUITES = (4, 5, 9, 10, 13, 14)

SUITES = {
    "ipmitool": (0, 1, 2, 3, 6, 7, 8, 15, 16, 17),
    "freeipmi": ALL_SUITES,
    "openipmicmd": (0, 1, 2, 3, 6, 11),
}

# Authentication, integrity, confidentiality in openipmicmd's words; it knows none for SHA-256.
OPENIPMI_ALGORITHMS = {
    0: ("rakp_none", "none", "none"),
    1: ("rakp_hmac_sha1", "none", "none"),
    2: ("rakp_hmac_sha1", "hmac_sha1", "none"),
    3: ("rakp_hmac_sha1", "hmac_sha1", "aes_cbc_128"),
    4: ("rakp_hmac_sha1", "hmac_sha1", "xrc4_128"),
    5: ("rakp_hmac_sha1", "hmac_sha1", "xrc4_40"),
    6: ("rakp_hmac_md5", "none", "none"),
    7: ("rakp_hmac_md5", "hmac_md5", "none"),
    8: ("rakp_hmac_md5", "hmac_md5", "aes_cbc_128"),
    9: ("rakp_hmac_md5", "hmac_md5", "xrc4_128"),
    10: ("rakp_hmac_md5", "hmac_md5", "xrc4_40"),
    11: ("rakp_hmac_md5", "md5", "none"),
    12: ("rakp_hmac_md5", "md5", "aes_cbc_128"),
    13: ("rakp_hmac_md5", "md5", "xrc4_128"),
    14: ("rakp_hmac_md5", "md5", "xrc4_40"),
    15: ("rakp_hmac_sha256", "none", "none"),
    16: ("rakp_hmac_sha256", "hmac_sha256", "none"),
    17: ("rakp_hmac_sha256", "hmac_sha256", "aes_cbc_128"),
}

# Authentication types of IPMI v1.5 by ipmitool's names; CLIENTS_OWN is a login that leaves the choice to the client.
AUTH_TYPES = ("NONE", "MD2", "MD5", "PASSWORD")
CLIENTS_OWN = ""
IPMIUTIL_NUMBERS = {"NONE": 0, "MD2": 1, "MD5": 2, "PASSWORD": 4}
LEVEL_NUMBERS = {"CALLBACK": 1, "USER": 2, "OPERATOR": 3, "ADMINISTRATOR": 4}

# Get Session Info for the console.  The high half of its sixth byte is 0 in a session of IPMI v1.5, 1 in one of RMCP+.
SESSION_INFO = ("raw", "0x06", "0x3d", "0x00")
IS_V15 = r"^( [0-9a-f]{2}){5} 0[0-9a-f]\b"

GET_DEVICE_ID = "0f 00 06 01"       # openipmicmd: channel (0fh = the BMC itself), LUN, NetFn, command


class Login(NamedTuple):
    port: int
    user: str
    password: str
    suite: Optional[int] = None         # None: the client chooses
    level: Optional[str] = None         # CALLBACK, USER, OPERATOR, ADMINISTRATOR; None: the client's default
    kg: Optional[str] = None            # hexadecimal
    host: str = rig.HOST
    auth: Optional[str] = None          # IPMI v1.5 with this type, or CLIENTS_OWN; None: RMCP+


def ipmitool(login, *words, seconds=1):
    """With -v, since 1.8.19 names the cause of a refusal only then; -v also names the suite it chose."""
    argv = ["ipmitool", "-v", "-I", "lanplus" if login.auth is None else "lan", "-H", login.host, "-p", login.port,
            "-U", login.user, "-P", login.password, "-N", seconds, "-R", "2"]
    if login.auth:
        argv += ["-A", login.auth]
    if login.suite is not None:
        argv += ["-C", login.suite]
    if login.level:
        argv += ["-L", login.level]
    if login.kg:
        argv += ["-y", login.kg]
    return argv + list(words)


def freeipmi(tool, login, *words):
    """Time-outs shorter than the 20 s that FreeIPMI takes to give up.  Without -D it speaks IPMI v1.5, by MD5."""
    host = "[%s]" % login.host if ":" in login.host else login.host
    argv = [tool]
    if login.auth is None:
        argv += ["-D", "LAN_2_0"]
    elif login.auth:
        argv += ["-D", "LAN", "-a", {"PASSWORD": "STRAIGHT_PASSWORD_KEY"}.get(login.auth, login.auth)]
    argv += ["-h", "%s:%s" % (host, login.port), "-u", login.user, "-p", login.password,
             "--session-timeout=4000", "--retransmission-timeout=600"]
    if login.suite is not None:
        argv += ["-I", login.suite]
    if login.level:
        argv += ["-l", {"ADMINISTRATOR": "ADMIN"}.get(login.level, login.level)]
    if login.kg:
        argv += ["-k", "0x" + login.kg]
    return argv + list(words)


def openipmicmd(login, request):
    """For IPMI v1.5 it has to be told the type: left to itself it takes RMCP+ where it can."""
    auth, integrity, confidentiality = OPENIPMI_ALGORITHMS.get(login.suite, ("AUTH", "INTEGRITY", "CONFIDENTIALITY"))
    argv = ["openipmicmd", "-k", request, "lan", "-U", login.user, "-P", login.password, "-p", login.port]
    if login.auth is None:
        argv += ["-A", "rmcp+", "-Ra", auth, "-Ri", integrity, "-Rc", confidentiality]
    else:
        argv += ["-A", {"PASSWORD": "straight"}.get(login.auth, login.auth.lower())]
    if login.level:
        argv += ["-L", {"ADMINISTRATOR": "admin"}.get(login.level, login.level.lower())]
    if login.kg:
        argv += ["-Rk", bytes.fromhex(login.kg).decode("ascii")]
    return argv + [login.host]


def pyghmi(login):
    """Debian's python3-pyghmi, so Debian's Python.  It prints `power on` or `power off`."""
    script = ("import sys, pyghmi.ipmi.command as c; host, port, user, password = sys.argv[1:]; "
              "print('power', c.Command(host, user, password, int(port)).get_power()['powerstate'])")
    return ["/usr/bin/python3", "-c", script, login.host, login.port, login.user, login.password]


def ipmiutil(login, *words):
    """It can name no port, so its BMC must have 623."""
    argv = ["ipmiutil", *words, "-N", login.host, "-U", login.user, "-P", login.password,
            "-F", "lan2" if login.auth is None else "lan"]
    if login.auth:
        argv += ["-T", IPMIUTIL_NUMBERS.get(login.auth, login.auth)]
    if login.level:
        argv += ["-V", LEVEL_NUMBERS[login.level]]
    return argv


def rmcp_ping(port, host=rig.HOST):
    """Takes its two seconds and exits with 0 in any case: only its output counts."""
    return ["rmcp_ping", "-t", "2", "-p", port, host]


def console(build, login, *words, tries=2, options=()):
    argv = [os.path.join(build, "examples", "console"), "-H", login.host, "-p", login.port, "-U", login.user,
            "-P", login.password, "-N", "1", "-R", tries]
    if login.auth is None:
        argv += ["-C", "auto" if login.suite is None else login.suite]
    else:
        argv += ["-I", "lan"] + (["-A", login.auth] if login.auth else [])
    if login.level:
        argv += ["-L", login.level]
    if login.kg:
        argv += ["-y", login.kg]
    return argv + list(options) + list(words)


class Probe(NamedTuple):
    """A login and one command that reads something, which any privilege level from USER up may do."""
    name: str
    argv: Callable                      # (build, login) -> command line
    suites: Tuple[int, ...]             # those that the client has
    expect: str                         # what success looks like, with exit status 0
    refused: Dict[str, str]             # why -> what the client says; an unknown user looks like a wrong password
    lacks: str                          # what it says of a suite that it does not have itself

    def can(self, login):
        """ipmitool ignores a K_g whose first byte is 0.  openipmicmd takes K_g as text only, and of a key for
        HMAC-MD5, be it K_g or the password, it uses no more than 16 bytes."""
        kg = bytes.fromhex(login.kg or "")
        if self.name == "ipmitool" and kg.startswith(b"\0"):
            return False
        if self.name == "openipmicmd":
            if kg and not kg.isalnum():
                return False
            if login.suite in (6, 7, 8, 11, 12) and max(len(kg), len(login.password)) > 16:
                return False
        return login.suite in self.suites

    def template(self):
        """The command line, as the README shows it."""
        return shlex.join(str(a) for a in self.argv("BUILD", Login("PORT", "USER", "PASSWORD", "N")))


def _free(name, expect, privilege, *words):
    return Probe(name, lambda build, login: freeipmi(name, login, *words), SUITES["freeipmi"], expect,
                 {"password": r"password invalid", "user": r"password invalid|username invalid",
                  "privilege": privilege, "suite": r"cipher suite id unavailable", "K_g": r"k_g invalid"},
                 r"^unsupported cipher suite id$")


PROBES = (
    Probe("ipmitool", lambda build, login: ipmitool(login, "chassis", "power", "status"), SUITES["ipmitool"],
          r"^Chassis Power is (on|off)$",
          {"password": r"RAKP 2 HMAC is invalid", "user": r"RAKP 2 HMAC is invalid|unauthorized name",
           "privilege": r"unauthorized role", "K_g": r"RAKP 4 message has invalid integrity check value",
           "suite": r"response message : (no matching cipher suite|invalid \w+ algorithm)"},
          r"Unsupported cipher suite ID|Assertion"),
    _free("ipmipower", r"^[\w.:]+: (on|off)$", r"privilege level cannot be obtained", "--stat"),
    _free("ipmi-chassis", r"^System Power +: (on|off)$", r"privilege level|bad rmcpplus status code",
          "--get-chassis-status"),
    _free("bmc-info", r"^Device ID +: \d+$", r"privilege level|bad rmcpplus status code"),
    Probe("openipmicmd", lambda build, login: openipmicmd(login, GET_DEVICE_ID), SUITES["openipmicmd"],
          r"^0f 07 00 01 00( [0-9a-f]{2}){11,15} *$",
          {"password": r"setup connection: 16$", "user": r"setup connection: (16|200000d)$",       # 16h is EINVAL
           "privilege": r"setup connection: 200000a$", "suite": r"setup connection: 20000(04|05|10|11)$",
           "K_g": r"setup connection: 16$"},
          r"Function not implemented|Error parsing command arguments"),
    Probe("console", lambda build, login: console(build, login, "chassis", "power", "status"), ALL_SUITES,
          r"^Chassis Power is (on|off)$",
          {"password": r"^console: .*\bpassword\b", "user": r"^console: .*\b(password|name|user)\b",
           "privilege": r"^console: .*\b0Ah, .*\bprivilege\b", "suite": r"^console: .*\b(suite|algorithm)",
           "K_g": r"^console: .*\bK_g\b"},
          r"^console: this build does not have the cipher suite$"),
)


class V15Probe(NamedTuple):
    """The same over IPMI v1.5, with exit status 0 against a BMC that answers all that it asks."""
    name: str
    argv: Callable                      # (build, login) -> command line
    types: Tuple[str, ...]              # those that the client has, CLIENTS_OWN among them
    expect: str
    refused: Dict[str, str]             # a wrong password ends in silence, whatever the client makes of that
    lacks: str = r"(?!)"                # what it says of a type that it does not have itself
    least: str = "USER"                 # privilege that its command needs
    any_port: bool = True               # False: 623 only

    def template(self):
        login = Login("PORT", "USER", "PASSWORD", host="HOST" if not self.any_port else rig.HOST)
        return shlex.join(str(a) for a in self.argv("BUILD", login._replace(auth="TYPE")))


# An unknown user is told so at Get Session Challenge, unless the BMC keeps to itself whom it knows: then it is silent.
_SILENCE = {"ipmitool": r"^Activate Session command failed$", "freeipmi": r"password verification timeout",
            "openipmicmd": r"setup connection: 10000c3$", "ipmiutil": r"^ipmilan receive from BMC failed$"}


def _free_v15(name, expect, types, *words, least="USER"):
    return V15Probe(name, lambda build, login: freeipmi(name, login, *words), types, expect,
                    {"password": _SILENCE["freeipmi"], "user": r"username invalid|" + _SILENCE["freeipmi"],
                     "privilege": r"privilege level cannot be obtained", "type": r"authentication type unavailable",
                     "slot": r"BMC busy"},
                    _SILENCE["freeipmi"], least)


# ipmiutil takes another type if the BMC does not offer the wanted one.  Its MD2 is wrong, ipmitool's is none.
# ipmipower clears its own copy of a straight password before it compares with it, and so never hears the BMC's answer.
V15_PROBES = (
    V15Probe("ipmitool", lambda build, login: ipmitool(login, "chassis", "power", "status"),
             (CLIENTS_OWN, "NONE", "MD5", "PASSWORD"), r"^Chassis Power is (on|off)$",
             {"password": _SILENCE["ipmitool"], "user": r"^Invalid user name$|" + _SILENCE["ipmitool"],
              "privilege": r"^Activate Session error:\s+Requested privilege level exceeds limit$",
              "type": r"^Authentication type \w+ not supported$",
              "slot": r"^Activate Session error:\s+No session slot available$"},
             r"^WARNING: No internal support for MD2!"),
    _free_v15("ipmipower", r"^[\w.:]+: (on|off)$", (CLIENTS_OWN, "NONE", "MD2", "MD5"), "--stat"),
    _free_v15("ipmi-chassis", r"^System Power +: (on|off)$", (CLIENTS_OWN, *AUTH_TYPES), "--get-chassis-status"),
    _free_v15("bmc-info", r"^Device ID +: \d+$", (CLIENTS_OWN, *AUTH_TYPES)),
    _free_v15("ipmi-config", r"^\s+Boot_Device +\S+$", (CLIENTS_OWN, *AUTH_TYPES), "--category=chassis", "--checkout",
              "-e", "Chassis_Boot_Flags:Boot_Device", least="OPERATOR"),
    V15Probe("openipmicmd", lambda build, login: openipmicmd(login, GET_DEVICE_ID), AUTH_TYPES,
             r"^0f 07 00 01 00( [0-9a-f]{2}){11,15} *$",
             {"password": _SILENCE["openipmicmd"], "user": r"setup connection: 1000081$|" + _SILENCE["openipmicmd"],
              "privilege": r"setup connection: 1000086$", "type": r"Requested authentication not supported$",
              "slot": r"setup connection: 1000081$"}),
    V15Probe("ipmiutil", lambda build, login: ipmiutil(login, "health"), (CLIENTS_OWN, "NONE", "MD5", "PASSWORD"),
             r"^BMC version +=",
             {"password": _SILENCE["ipmiutil"],
              "user": r"^GetSessChallenge: Invalid user name$|" + _SILENCE["ipmiutil"],
              "privilege": r"^ActivateSession: Privilege level exceeds user/channel limit$",
              "slot": r"^ActivateSession: No session slots available from BMC$"},
             _SILENCE["ipmiutil"], any_port=False),
    V15Probe("console", lambda build, login: console(build, login, *SESSION_INFO), (CLIENTS_OWN, *AUTH_TYPES),
             IS_V15,
             {"password": r"^console: .*\bpassword\b", "user": r"^console: .*\b(password|name|user)\b",
              "privilege": r"^console: .*\b86h, .*\blimit\b", "type": r"^console: .*\btype",
              "slot": r"^console: .*\b8[12]h, .*\bslot\b"}),
)


class Presence(NamedTuple):
    name: str
    argv: Callable                      # (build, host, port) -> command line
    expect: str
    any_port: bool = True               # False: 623 only


PRESENCE = (
    Presence("rmcp_ping", lambda build, host, port: rmcp_ping(port, host), r"^[\d.]+ IPMI$"),
    Presence("rmcpping", lambda build, host, port: ["rmcpping", "-c", "1", host], r"^1 pings transmitted, 1 pongs",
             False),
    Presence("ipmiping -r 1.5", lambda build, host, port: ["ipmiping", "-c", "1", "-r", "1.5", host],
             r"^1 requests transmitted, 1 responses", False),
    Presence("ipmiping -r 2.0", lambda build, host, port: ["ipmiping", "-c", "1", "-r", "2.0", host],
             r"^1 requests transmitted, 1 responses", False),
    Presence("console ping", lambda build, host, port: [os.path.join(build, "examples", "console"), "-H", host, "-p",
                                                        port, "-R", "2", "ping"], r"\bpong\b.*: IPMI$"),
)
