"""The BMCs that the interop tests start: OpenIPMI's ipmi_sim, pyghmi's, and ours, each on a free loopback port.

A server is a context manager.  Entered, it is ready to answer: ipmi_sim says nothing when it is, so it is asked
with an ASF presence ping; the other two print `listening on ADDRESS:PORT`.  Left, it is gone, with its programs
and files.  If it does not start, that is an error with what it printed; a test that lacks its peer has failed.
"""
import os
import re
import shutil
import socket
import tempfile
import time

import rig

HERE = os.path.dirname(os.path.abspath(__file__))
PING = bytes.fromhex("0600ff06 000011be 80420000")
PONG = bytes.fromhex("0600ff06 000011be 40420010")


class Server:
    """What the tests know about a server.  `users` maps a role to (name, password)."""
    name = ""
    users = {}
    suites = ()             # those that it really holds sessions with
    answers_ping = True
    has_guid = True
    lists_suites = True     # answers Get Channel Cipher Suites within a session
    host = rig.HOST
    fixed_port = None       # else a free one

    def __init__(self):
        self.port = 0
        self.kg = None
        self.process = None

    def argv(self):
        raise NotImplementedError

    def ready(self):
        """True once it answers, False if it will not."""
        match = self.process.wait_for(r"listening on \S+:(\d+)", 10)
        if match:
            self.port = int(match.group(1))
        return bool(match)

    def __enter__(self):
        log = ""
        for _ in range(3):              # again, should someone have taken the port meanwhile
            self.port = self.fixed_port or rig.free_udp_port()
            self.process = rig.Process(self.argv())
            try:
                if not self.process.absent and self.ready():
                    return self
            except BaseException:
                self.process.end()
                self.__exit__()
                raise
            self.process.end()
            log = self.log()
            if self.process.absent:
                log = "program not found"
                break
        self.__exit__()
        raise rig.Failure("%s did not start: %s\n%s" % (self.name, self.process.argv[0], rig.tail(log)))

    def __exit__(self, *_):
        if self.process:
            self.process.end()

    def alive(self):
        return self.process.running()

    def stop(self, seconds=5):
        """Asks it to end.  Its exit status, or None if it had to be killed."""
        return self.process.status if self.process.terminate(seconds) else None

    def log(self):
        return self.process.stdout() + self.process.stderr()


class OurBmc(Server):
    """build/examples/bmc with the options given."""
    name = "our bmc"

    def __init__(self, build, *options, listen=rig.HOST, port=None):
        super().__init__()
        self.program = os.path.join(build, "examples", "bmc")
        self.options = options
        self.host = self.listen = listen
        self.fixed_port = port

    def argv(self):
        return [self.program, "--listen", self.listen, "--port", self.fixed_port or 0, *self.options]


class PyghmiBmc(Server):
    name = "pyghmi"
    users = {"administrator": ("admin", "password")}
    suites = (3,)
    answers_ping = False
    has_guid = False
    lists_suites = False

    def __init__(self, kg=None):
        super().__init__()
        self.kg = kg

    def argv(self):
        return ["/usr/bin/python3", os.path.join(HERE, "pyghmi_bmc.py"), str(self.port)] + \
               (["--kg", self.kg] if self.kg else [])


class FaultyBmcs(Server):
    """reference/faulty_bmc.py: a BMC for each fault, each on a port of its own."""
    name = "faulty_bmc"
    users = {"administrator": ("admin", "password")}
    suites = (3, 17)

    def __init__(self, faults):
        super().__init__()
        self.faults = faults
        self.ports = {}

    def argv(self):
        program = os.path.join(os.path.dirname(HERE), "reference", "faulty_bmc.py")
        return ["/usr/bin/python3", "-B", program, *self.faults]

    def ready(self):
        ready = self.process.wait_for(r"^ready$", 20)
        self.ports = {name: int(port) for name, port in re.findall(r"^(\S+) listening on \S+:(\d+)$",
                                                                   self.process.stdout(), re.M)}
        return bool(ready)


class IpmiSim(Server):
    """OpenIPMI's simulator.  It keeps 19 characters of a K_g and of a password, for IPMI v1.5 16 of a password.
    `per_message`: whether IPMI v1.5 packets have authcodes after the login."""
    name = "ipmi_sim"
    users = {"administrator": ("ipmiusr", "test"), "operator": ("operator", "operpw"), "user": ("user1", "userpw"),
             "long": ("ADMIN20", "12345678901234567890")}
    suites = (1, 2, 3, 6, 11)

    def __init__(self, kg=None, per_message=True, host=rig.HOST, port=None):
        super().__init__()
        self.kg = kg
        self.per_message = per_message
        self.host = host
        self.fixed_port = port
        self.directory = None

    def argv(self):
        if not self.directory:
            self.directory = tempfile.mkdtemp(prefix="rmcpp-ipmi_sim.")
        self._configure()
        return ["ipmi_sim", "-n", "-d", "-c", self._path("lan.conf"), "-f", self._path("sim.emu"),
                "-s", self._path("state")]

    def ready(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.1)
            probe.connect((self.host, self.port))
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and self.process.running():
                try:
                    probe.send(PING)
                    if probe.recv(100).startswith(PONG):
                        return True
                except OSError:         # refused until it listens, or a time-out
                    time.sleep(0.02)
        return False

    def __exit__(self, *args):
        super().__exit__(*args)
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _write(self, name, text, mode=0o644):
        with open(self._path(name), "w") as file:
            file.write(text)
        os.chmod(self._path(name), mode)

    def _configure(self):
        os.makedirs(self._path("state"), exist_ok=True)
        fill = {"d": self.directory, "host": self.host, "port": self.port,
                "kg": 'bmc_key "%s"' % self.kg if self.kg else "", "per_message": str(self.per_message).lower()}
        self._write("power", "1\n")
        self._write("boot", "default\n")
        self._write("chassis.sh", CHASSIS % fill, 0o755)
        self._write("lan.sh", LAN, 0o755)
        self._write("lan.conf", LAN_CONF % fill)
        self._write("sim.emu", SIM_EMU)


# Called as `chassis.sh 0x20 get|set|check PARAMETER [VALUE]...`; power and boot device live in two files.
CHASSIS = r"""#!/bin/sh
shift; op=$1; shift
case $op in
get)
  for p in "$@"; do
    case $p in
    power) echo "power:$(cat %(d)s/power)" ;;
    boot) echo "boot:$(cat %(d)s/boot)" ;;
    *) echo "Invalid parameter: $p"; exit 1 ;;
    esac
  done ;;
set)
  while [ -n "$1" ]; do
    case $1 in
    power) echo "$2" > %(d)s/power; shift 2 ;;
    boot) echo "$2" > %(d)s/boot; shift 2 ;;
    shutdown) echo 0 > %(d)s/power; shift 2 ;;
    reset) shift 2 ;;
    identify) exit 0 ;;
    *) echo "Invalid parameter: $1"; exit 1 ;;
    esac
  done ;;
esac
exit 0
"""

LAN = r"""#!/bin/sh
shift; op=$1; shift
[ "$op" = get ] && for p in "$@"; do
  case $p in
  ip_addr) echo "ip_addr:127.0.0.1" ;;
  ip_addr_src) echo "ip_addr_src:static" ;;
  mac_addr) echo "mac_addr:02:00:00:00:00:01" ;;
  subnet_mask) echo "subnet_mask:255.0.0.0" ;;
  default_gw_ip_addr) echo "default_gw_ip_addr:127.0.0.254" ;;
  default_gw_mac_addr) echo "default_gw_mac_addr:02:00:00:00:00:fe" ;;
  backup_gw_ip_addr) echo "backup_gw_ip_addr:127.0.0.253" ;;
  backup_gw_mac_addr) echo "backup_gw_mac_addr:02:00:00:00:00:fd" ;;
  esac
done
exit 0
"""

LAN_CONF = """name "rmcpp"
set_working_mc 0x20
  startlan 1
    addr %(host)s %(port)d
    priv_limit admin
    PEF_alerting false
    per_msg_auth %(per_message)s
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
    %(kg)s
    lan_config_program "%(d)s/lan.sh eth0"
  endlan
  chassis_control "%(d)s/chassis.sh 0x20"
  user 1 true  ""         "test"     user     10 none md2 md5 straight
  user 2 true  "ipmiusr"  "test"     admin    10 none md2 md5 straight
  user 3 true  "operator" "operpw"   operator 10 none md2 md5 straight
  user 4 true  "user1"    "userpw"   user     10 none md2 md5 straight
  user 5 true  "ADMIN20"  "12345678901234567890" admin 10 none md2 md5 straight
"""

SIM_EMU = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""
