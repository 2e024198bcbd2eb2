#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""A BMC with two real faults, to see what clients and dissect make of it: echo_bmc.py [PORT].

User admin, password password, on 127.0.0.1.  It behaves like qemu-bmc 0.5.x:

- it accepts whatever algorithms are proposed and echoes them, but knows only those of cipher suite 3;
- every packet that it sends within a session has the session sequence number 0.

Otherwise it is correct, for as much as a client needs to read the chassis status.
"""
import os
import socket
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import follow
from traces import setup

PASSWORD = b"password"
GUID = bytes(range(1, 17))
RMCP = bytes.fromhex("0600ff07")
ANSWERS = {                                     # (netFn, command): data
    (6, 0x38): bytes.fromhex("0180040200000000"),
    (6, 0x54): bytes.fromhex("01c003014181"),   # suite 3 and no other
    (6, 0x3b): b"\x04",
    (6, 0x3c): b"",
    (6, 0x01): bytes.fromhex("200102000202bf57010001"),
    (0, 0x01): bytes.fromhex("01004000"),
}


def answer(request):
    """The IPMI message that answers one."""
    netfn, command = request[1] >> 2, request[5]
    found = (netfn, command) in ANSWERS
    head = bytes([request[3], (netfn | 1) << 2])
    body = bytes([request[0], request[4], command]) + (b"\0" + ANSWERS[netfn, command] if found else b"\xc1")
    return head + bytes([-sum(head) & 255]) + body + bytes([-sum(body) & 255])


class Bmc:
    def __init__(self):
        self.logins, self.keys = {}, {}         # by the BMC's session id

    def reply(self, data):
        """The datagram that answers one, or None."""
        if data[:4] != RMCP or len(data) < 14:
            return None
        if data[4] == 0:
            message = answer(data[14:14 + data[13]])
            return RMCP + bytes(9) + bytes([len(message)]) + message
        if data[4] != 6:
            return None
        session, payload = data[6:10], data[16:16 + struct.unpack_from("<H", data, 14)[0]]
        if session in self.keys and data[5] == 0xc0:
            return self.seal(self.keys[session], answer(self.keys[session].decrypt(payload)))
        if data[5] == 0:
            message = answer(payload)
            return RMCP + b"\x06\0" + bytes(8) + struct.pack("<H", len(message)) + message
        handler = {0x10: self.open_session, 0x12: self.rakp1, 0x14: self.rakp3}.get(data[5])
        answer_payload = handler and handler(payload)
        return answer_payload and setup(data[5] + 1, answer_payload)

    def open_session(self, p):
        session = os.urandom(4)
        self.logins[session] = follow.Login([1, 1, 1], p[4:8], session)
        return p[:1] + b"\0\4\0" + p[4:8] + session + p[8:32]                   # the echo

    def rakp1(self, p):
        login = self.logins.get(p[4:8])
        if not login:
            return None
        head = p[:1] + bytes(3) + login.console + os.urandom(16) + GUID
        self.keys[p[4:8]] = follow.Exchange(login, (p[8:24], p[24:25], p[28:28 + p[27]]), head, PASSWORD, b"")
        return head + self.keys[p[4:8]].rakp2

    def rakp3(self, p):
        keys = self.keys.get(p[4:8])
        good = keys and p[8:] == keys.rakp3
        return p[:1] + b"\0\0\0" + keys.login.console + keys.rakp4[:12] if good else None

    @staticmethod
    def seal(keys, message):
        pad = -(len(message) + 1) % 16
        iv = os.urandom(16)
        aes = Cipher(algorithms.AES(keys.k2[:16]), modes.CBC(iv)).encryptor()
        payload = iv + aes.update(message + bytes(range(1, pad + 1)) + bytes([pad]))
        packet = b"\x06\xc0" + keys.login.console + struct.pack("<IH", 0, len(payload)) + payload   # sequence 0
        packet += b"\xff\xff\x02\x07"
        return RMCP + packet + keys.trailer(packet + bytes(12))[2]


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
        print("listening on 127.0.0.1:%d" % udp.getsockname()[1], flush=True)
        bmc = Bmc()
        while True:
            data, client = udp.recvfrom(65536)
            reply = bmc.reply(data)
            if reply:
                udp.sendto(reply, client)


if __name__ == "__main__":
    main()
