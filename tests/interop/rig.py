"""Processes and cases for the interop tests: the part that knows nothing about IPMI.

The tests beside this file run programs that other people wrote (ipmitool, FreeIPMI, OpenIPMI, pyghmi)
against ours, and ours against theirs.  Three things make such a test worth its time:

- Nothing is left behind.  Each program runs in its own process group.  The group is killed while its
  leader is still unreaped, so that its number cannot belong to anyone else, whatever ended the test: a
  normal end, an exception, a signal, the watchdog.  Should the test itself be killed by SIGKILL, the kernel
  ends its programs (PR_SET_PDEATHSIG).
- Nothing waits for ever.  Each command has a time limit, and the whole script a watchdog.
- A missing peer is a failure, never a skip: a matrix that shrinks in silence proves nothing.

An exit status alone is weak evidence (ipmipower exits with 0 when the BMC refused it, rmcp_ping when nobody
answered), so a case also names what the output must show.
"""
import ctypes
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HOST = "127.0.0.1"
NONZERO = "not 0"           # for Report.case(status=...)

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _in_child():
    """Runs between fork and exec: a group of its own is made by start_new_session, this adds the last net."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def free_udp_port(address=HOST):
    """A port that is free now, below the range the kernel hands out, so that no client takes it meanwhile."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    raise Failure("no free UDP port")


def lonely_address():
    """One of loopback's many, for a server on IPMI's own port: some clients can name no other."""
    return "127.%d.%d.%d" % tuple(random.randrange(1, 255) for _ in range(3))


class Process:
    """A program in its own process group, its output in files.  Used as a context manager it is always ended."""

    def __init__(self, argv, env=None, cwd=None, talk=False):
        """`talk`: its input stays open, for say()."""
        self.argv = [str(a) for a in argv]
        self.absent = False
        self.status = None              # exit status, or minus the signal's number; None while it runs
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        environment = dict(os.environ, LC_ALL="C", **(env or {}))
        try:
            self._popen = subprocess.Popen(self.argv, stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
                                           stdout=self._out, stderr=self._err, env=environment, cwd=cwd,
                                           start_new_session=True, preexec_fn=_in_child)
        except (FileNotFoundError, PermissionError):
            self.absent = True
            self._popen = None
            self.status = 127

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def _exited(self):
        """Whether the leader has ended; it is not reaped yet, so that its group's number stays ours."""
        return os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def running(self):
        return self.status is None and not self._exited()

    def wait(self, seconds):
        """True if it ended by itself within `seconds`."""
        if self.status is not None:
            return True
        deadline = time.monotonic() + seconds
        pause = 0.001
        while not self._exited():
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        return True

    def end(self):
        """Kills what is left of the group and reaps the leader.  Returns its exit status."""
        if self.status is None:
            try:
                os.killpg(self._popen.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            self.status = self._popen.wait()
            if self._popen.stdin:
                self._popen.stdin.close()
        return self.status

    def say(self, line):
        """Writes a line to its input; if it has ended meanwhile, the caller will see that anyway."""
        try:
            os.write(self._popen.stdin.fileno(), (line + "\n").encode())
        except BrokenPipeError:
            pass

    def terminate(self, seconds):
        """SIGTERM, then the end.  True if the program ended by itself."""
        if self.status is None and not self._exited():
            self._popen.send_signal(signal.SIGTERM)
        ended = self.wait(seconds)
        self.end()
        return ended

    @staticmethod
    def _text(stream):
        size = os.fstat(stream.fileno()).st_size
        return os.pread(stream.fileno(), min(size, 1 << 20), 0).decode("utf-8", "replace")

    def stdout(self):
        return self._text(self._out)

    def stderr(self):
        return self._text(self._err)

    def wait_for(self, pattern, seconds):
        """The match of `pattern` in what it printed so far, or None if it ended or the time passed."""
        deadline = time.monotonic() + seconds
        while True:
            running = self.running()
            match = re.search(pattern, self.stdout(), re.M)
            if match or not running or time.monotonic() >= deadline:
                return match
            time.sleep(0.01)


class Result:
    """What a finished command did."""

    def __init__(self, argv, status, stdout, stderr, seconds, timed_out=False, absent=False):
        self.argv, self.status, self.stdout, self.stderr = argv, status, stdout, stderr
        self.seconds, self.timed_out, self.absent = seconds, timed_out, absent

    @property
    def output(self):
        return self.stdout + self.stderr

    def command(self):
        return " ".join(shlex.quote(a) for a in self.argv)


def run(argv, limit=10, env=None):
    """Runs a command to its end, at most `limit` seconds."""
    begin = time.monotonic()
    with Process(argv, env) as process:
        if process.absent:
            return Result(process.argv, 127, "", "program not found\n", 0, absent=True)
        ended = process.wait(limit)
        status = process.end()
        return Result(process.argv, status, process.stdout(), process.stderr(), time.monotonic() - begin, not ended)


def run_all(commands, limit=10, at_once=3):
    """Runs many commands, some at a time; their Results in the order given."""
    results, running = [None] * len(commands), {}

    def reap():
        for number, (process, begin) in list(running.items()):
            seconds = time.monotonic() - begin
            if process.absent or not process.running() or seconds > limit:
                ended = process.absent or not process.running()
                status = process.end()
                results[number] = Result(process.argv, status, process.stdout(), process.stderr(), seconds, not ended,
                                         process.absent)
                del running[number]
    try:
        for number, argv in enumerate(commands):
            while len(running) >= at_once:
                time.sleep(0.005)
                reap()
            running[number] = Process(argv), time.monotonic()
        while running:
            time.sleep(0.005)
            reap()
    finally:
        for process, _ in running.values():
            process.end()
    return results


def tail(text, lines=12):
    return "\n".join("    | " + line for line in text.rstrip().splitlines()[-lines:])


class Report:
    """Runs the cases, prints one line for each, remembers whether all of them held."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def ok(self, name, note=""):
        self.passed += 1
        print("ok   %s%s" % (name, note), flush=True)

    def fail(self, name, why):
        self.failed += 1
        print("FAIL %s: %s" % (name, why), flush=True)

    def check(self, name, condition, why=""):
        if condition:
            self.ok(name)
        else:
            self.fail(name, why)
        return bool(condition)

    def need(self, *programs):
        """Names each absent program once, and counts it as a failure."""
        for program in programs:
            if shutil.which(program) is None:
                self.fail(program, "not installed; the test needs it")

    def case(self, name, argv, expect=(), reject=(), stderr=(), status=0, limit=10, patience=0, env=None):
        """One command.  `expect`, `reject`: regular expressions over its whole output, `stderr`: over stderr.
        `status`: an exit status, NONZERO, or None for any.  `limit`: seconds it may take.  `patience`: seconds
        during which it is run again until it holds, for states that are reached a little later."""
        deadline = time.monotonic() + patience
        while True:
            result = run(argv, limit, env)
            why = self._judge(result, expect, reject, stderr, status, limit)
            if why is None or time.monotonic() >= deadline or result.absent:
                return self.judge(name, result, expect, reject, stderr, status, limit)
            time.sleep(0.2)

    def judge(self, name, result, expect=(), reject=(), stderr=(), status=0, limit=10):
        """case() of a command that was run already."""
        why = self._judge(result, expect, reject, stderr, status, limit)
        if why is None:
            self.ok(name, " (%.2f s)" % result.seconds)
        else:
            self.fail(name, "%s\n    $ %s\n    exit status %s after %.2f s\n%s"
                      % (why, result.command(), result.status, result.seconds, tail(result.output)))
        return result

    @staticmethod
    def _judge(result, expect, reject, stderr, status, limit):
        if result.absent:
            return "the program is absent"
        if result.timed_out:
            return "not done after %g s" % limit
        if result.status < 0:
            return "killed by signal %d" % -result.status
        if status == NONZERO and result.status == 0:
            return "exit status 0, expected a failure"
        if status not in (NONZERO, None) and result.status != status:
            return "exit status %d, expected %d" % (result.status, status)
        for pattern in expect:
            if not re.search(pattern, result.output, re.M):
                return "the output lacks /%s/" % pattern
        for pattern in reject:
            if re.search(pattern, result.output, re.M):
                return "the output has /%s/" % pattern
        for pattern in stderr:
            if not re.search(pattern, result.stderr, re.M):
                return "stderr lacks /%s/" % pattern
        return None


class Failure(Exception):
    """The test cannot go on, and its message says all there is to say."""


class Stopped(BaseException):
    """A signal or the watchdog ended the test; the context managers on the way out end the programs."""


def _stop(number, _frame):
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(each, signal.SIG_IGN)       # the clean-up itself must not be interrupted
    raise Stopped(number)


def main(body, watchdog=120):
    """Runs body(report) and exits: 0 if all cases held, 1 if not, 128 + n if signal n ended it."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, _stop)
    signal.alarm(watchdog)
    report = Report()
    begin = time.monotonic()
    try:
        body(report)
        if not report.passed and not report.failed:
            report.fail("cases", "not one was run")
    except Stopped as stopped:
        number = stopped.args[0]
        report.fail("the test itself", "not done after %d s" % watchdog if number == signal.SIGALRM
                    else "ended by signal %d" % number)
        if number != signal.SIGALRM:
            sys.exit(128 + number)
    except Failure as failure:
        report.fail("the test itself", failure)
    except Exception:                   # a mistake in the test, or a system that has run out of something
        report.fail("the test itself", "\n" + traceback.format_exc())
    print("%d ok, %d failed, %.1f s" % (report.passed, report.failed, time.monotonic() - begin), flush=True)
    sys.exit(1 if report.failed else 0)
