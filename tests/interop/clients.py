"""The command lines of the clients, ours included, from one description of a login.

What each client needs to be told differs, what it must achieve does not: a test names a Login and the words of
the command.  SUITES says what each client can do at all: ipmitool asserts on 11 and 12 itself, OpenIPMI
knows no SHA-256, and its MD5 key derivation is its own.
"""
import os
from typing import NamedTuple, Optional

import rig

SUITES = {
    "ipmitool": (0, 1, 2, 3, 6, 7, 8, 15, 16, 17),
    "freeipmi": (0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17),
    "openipmicmd": (0, 1, 2, 3, 6),
}

# Authentication, integrity, confidentiality in openipmicmd's words.
OPENIPMI_ALGORITHMS = {
    0: ("rakp_none", "none", "none"),
    1: ("rakp_hmac_sha1", "none", "none"),
    2: ("rakp_hmac_sha1", "hmac_sha1", "none"),
    3: ("rakp_hmac_sha1", "hmac_sha1", "aes_cbc_128"),
    6: ("rakp_hmac_md5", "none", "none"),
}

GET_DEVICE_ID = "0f 00 06 01"       # openipmicmd: channel (0fh = the BMC itself), LUN, NetFn, command


class Login(NamedTuple):
    port: int
    user: str
    password: str
    suite: Optional[int] = None         # None: the client chooses
    level: Optional[str] = None         # CALLBACK, USER, OPERATOR, ADMINISTRATOR; None: the client's default
    kg: Optional[str] = None            # hexadecimal


def ipmitool(login, *words):
    """With -v, since 1.8.19 names the cause of a refusal only then; -v also names the suite it chose."""
    argv = ["ipmitool", "-v", "-I", "lanplus", "-H", rig.HOST, "-p", login.port, "-U", login.user,
            "-P", login.password, "-N", "1", "-R", "2"]
    if login.suite is not None:
        argv += ["-C", login.suite]
    if login.level:
        argv += ["-L", login.level]
    if login.kg:
        argv += ["-y", login.kg]
    return argv + list(words)


def freeipmi(tool, login, *words):
    """Time-outs shorter than the 20 s that FreeIPMI takes to give up."""
    argv = [tool, "-D", "LAN_2_0", "-h", "%s:%d" % (rig.HOST, login.port), "-u", login.user, "-p", login.password,
            "--session-timeout=4000", "--retransmission-timeout=600"]
    if login.suite is not None:
        argv += ["-I", login.suite]
    if login.level:
        argv += ["-l", {"ADMINISTRATOR": "ADMIN"}.get(login.level, login.level)]
    if login.kg:
        argv += ["-k", "0x" + login.kg]
    return argv + list(words)


def openipmicmd(login, request):
    auth, integrity, confidentiality = OPENIPMI_ALGORITHMS[login.suite]
    argv = ["openipmicmd", "-k", request, "lan", "-U", login.user, "-P", login.password, "-p", login.port,
            "-A", "rmcp+", "-Ra", auth, "-Ri", integrity, "-Rc", confidentiality]
    if login.level:
        argv += ["-L", {"ADMINISTRATOR": "admin"}.get(login.level, login.level.lower())]
    if login.kg:
        argv += ["-Rk", bytes.fromhex(login.kg).decode("ascii")]
    return argv + [rig.HOST]


def rmcp_ping(port):
    """Takes its two seconds and exits with 0 in any case: only its output counts."""
    return ["rmcp_ping", "-t", "2", "-p", port, rig.HOST]


def console(build, login, *words, options=()):
    argv = [os.path.join(build, "examples", "console"), "-H", rig.HOST, "-p", login.port, "-U", login.user,
            "-P", login.password, "-N", "1", "-R", "2", "-C", "auto" if login.suite is None else login.suite]
    if login.level:
        argv += ["-L", login.level]
    if login.kg:
        argv += ["-y", login.kg]
    return argv + list(options) + list(words)
