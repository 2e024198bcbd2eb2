#!/usr/bin/python3
"""pyghmi's BMC as a program: pyghmi_bmc.py PORT [--kg KG].  Debian's python3-pyghmi, so Debian's Python.

Users admin/password and root/calvin, cipher suite 3 only, on 127.0.0.1.  It simulates a chassis in memory and
prints what it was told to do.  It answers neither ASF pings nor IPMI 1.5 packets other than the capabilities
request, is silent to unknown users, and dies on a RAKP 3 without a good RAKP 1.
"""
import argparse
import uuid

import pyghmi.ipmi.bmc as bmc


class Chassis(bmc.Bmc):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.power = "on"
        self.boot = "default"

    def get_boot_device(self):
        return self.boot

    def set_boot_device(self, bootdevice):
        self.boot = bootdevice
        print("boot device", bootdevice, flush=True)

    def get_power_state(self):
        return self.power

    def is_active(self):
        return self.power == "on"

    def _set(self, power, what):
        self.power = power
        print(what, flush=True)

    def power_on(self):
        self._set("on", "on")

    def power_off(self):
        self._set("off", "off")

    def power_shutdown(self):
        self._set("off", "soft")

    def power_cycle(self):
        self._set("on", "cycle")

    def power_reset(self):
        self._set("on", "reset")

    def pulse_diag(self):
        print("nmi", flush=True)

    def cold_reset(self):
        print("cold reset", flush=True)
        return 0


parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--kg")
options = parser.parse_args()
chassis = Chassis({"admin": "password", "root": "calvin"}, port=options.port, address="127.0.0.1",
                  bmcuuid=uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"))
if options.kg:
    chassis.set_kg(options.kg)
print("listening on 127.0.0.1:%d" % options.port, flush=True)
chassis.listen()
