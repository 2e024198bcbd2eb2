# SPDX-License-Identifier: BSL-1.0
"""Records a conversation: a UDP relay on loopback between a client and a BMC, which keeps each datagram.

No root and no tcpdump: the client is told the relay's port.  In the capture file the console has the client's own
port, and the BMC is port 623 of 127.0.0.1.
"""
import os
import selectors
import socket
import sys
import threading
import time

import rig

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "reference"))
import follow                           # noqa: E402,F401  (for those who import from here)
import traces                           # noqa: E402

LOOPBACK = socket.inet_aton(rig.HOST)


class Relay:
    """A context manager.  Each client port gets a socket of its own towards the server.  `lose`: numbers, from 1, of
    answers that are kept but do not reach the client, so that it must ask again.  `listen`: where, for a client that
    insists on the server's own port."""

    def __init__(self, server_port, lose=(), listen=(rig.HOST, 0)):
        self.server = (rig.HOST, server_port)
        self.listen = listen
        self.lose = lose
        self.packets = []               # (dir, datagram, seconds since the first, client's port)
        self.answers = 0

    def __enter__(self):
        self.upstream = {}              # client's address: socket to the server
        self.selector = selectors.DefaultSelector()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(self.listen)
        self.port = self.socket.getsockname()[1]
        self.selector.register(self.socket, selectors.EVENT_READ)
        self.begin = None
        self.ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()
        for each in (self.socket, *self.upstream.values()):
            each.close()
        self.selector.close()

    def save(self, path):
        """Writes what has passed so far."""
        traces.write_pcap(path, self.packets, (LOOPBACK, 0), (LOOPBACK, 623))

    def _keep(self, direction, data, client):
        now = time.time()
        self.begin = self.begin or now
        self.packets.append((direction, data, now - self.begin, client[1]))

    def _run(self):
        while not self.ended:
            for key, _ in self.selector.select(0.05):
                try:
                    if key.fileobj is self.socket:
                        self._from_client(*self.socket.recvfrom(65536))
                    else:
                        data = key.fileobj.recv(65536)
                        self._keep("b2c", data, key.data)
                        self.answers += 1
                        if self.answers not in self.lose:
                            self.socket.sendto(data, key.data)
                except OSError:         # a port that is closed by now
                    pass

    def _from_client(self, data, client):
        if client not in self.upstream:
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            out.connect(self.server)
            self.selector.register(out, selectors.EVENT_READ, client)
            self.upstream[client] = out
        self._keep("c2b", data, client)
        self.upstream[client].send(data)


def main(arguments):
    """capture.py FILE PORT COMMAND...: runs the commands, each one argument, with {} for the port to talk to."""
    with Relay(int(arguments[1])) as relay:
        for command in arguments[2:]:
            result = rig.run(command.replace("{}", str(relay.port)).split(), limit=60)
            print("$ %s\n%sexit status %d, %.1f s" % (command, result.output, result.status, result.seconds))
        relay.save(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
