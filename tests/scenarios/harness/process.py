# SPDX-License-Identifier: MIT
"""Processes under test: started in their own session, logged to a file, always ended."""
import asyncio
import os
import random
import shutil
import signal
import socket
import time


# All time limits are multiplied by it. They are made for a machine that does much else; others are slower, and under valgrind
# everything is. Waiting longer costs nothing but where something is wrong.
PATIENCE = float(os.environ.get("SCENARIO_PATIENCE", "3"))


class Failure(AssertionError):
    """The scenario did not go as it should."""


def require(true, what):
    if not true:
        raise Failure(what)


class Skip(Exception):
    """The scenario cannot run on this machine."""


class Unavailable(Skip):
    """It needs what not everybody can have: that is no failure where CI=true either."""


def listening_ports():
    """Those that the kernel does not hand out itself: an outgoing connection of anybody could take one in the meantime."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first, last = map(int, file.read().split())
    choice = max(range(10000, first), range(last + 1, 65536), key=len)
    return choice if len(choice) > 1000 else range(10000, 32768)


given_ports = {}  # port -> what keeps it ours


def free_port():
    """One that nobody has now, and that no other scenario of this machine is given as long as this one runs: who is to listen
    there does so later, and again after it was stopped."""
    choice = listening_ports()
    for _ in range(10000):
        port = random.choice(choice)
        keeper = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                # A name that the kernel forgets with this process.
                keeper.bind(f"\0libtransport-test-port-{port}")
                probe.bind(("127.0.0.1", port))
            except OSError:
                keeper.close()
                continue
        given_ports[port] = keeper
        return port
    raise Failure(f"no port of {choice} is free")


async def wait_until(condition, what, timeout=20.0):
    """Polls `condition` until it returns something true, and returns that."""
    end = time.monotonic() + timeout * PATIENCE
    while True:
        begin = time.monotonic()
        result = condition()
        now = time.monotonic()
        if result:
            return result
        if now > end:
            raise Failure(f"waited {timeout * PATIENCE:g} s in vain for {what}")
        # A look through thousands of messages must not be what keeps them from coming.
        await asyncio.sleep(max(0.02, min(1.0, 4 * (now - begin))))


async def wait_answer(ask, good, what, timeout=30.0):
    """The same for what somebody else has to be asked for: awaits ask() until the answer is good, and returns that."""
    end = time.monotonic() + timeout * PATIENCE
    while True:
        answer = await ask()
        if good(answer):
            return answer
        if time.monotonic() > end:
            raise Failure(f"waited {timeout * PATIENCE:g} s in vain for {what}: the last answer was {answer!r}")
        await asyncio.sleep(0.1)


async def attempts(what, timeout=20.0, pause=0.1):
    """`async for _ in attempts(...)`: something is done again and again, until the loop is left."""
    end = time.monotonic() + timeout * PATIENCE
    while time.monotonic() < end:
        yield
        await asyncio.sleep(pause)
    raise Failure(f"tried for {timeout * PATIENCE:g} s in vain: {what}")


async def ended(child, timeout=20.0):
    """The exit status of a process that is to end by itself."""
    try:
        return await asyncio.wait_for(child.wait(), timeout * PATIENCE)
    except asyncio.TimeoutError:
        raise Failure(f"process {child.pid} has not ended after {timeout * PATIENCE:g} s") from None


def port_open(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Process:
    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.folder = folder
        self.log_path = os.path.join(folder, f"{name}.log")
        self.env = {**os.environ, **(env or {})}
        self.child = None

    async def start(self):
        log = open(self.log_path, "ab")
        self.child = await asyncio.create_subprocess_exec(
            *self.argv, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            env=self.env, start_new_session=True)
        log.close()

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child is not None and self.child.returncode is None

    def log(self):
        try:
            with open(self.log_path, "r", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    async def wait_log(self, text, timeout=20.0, after=0):
        def seen():
            if text in self.log()[after:]:
                return True
            if not self.running():
                raise Failure(f"{self.name} ended with {self.child.returncode} before it said {text!r}")
            return False
        await wait_until(seen, f"{text!r} in the log of {self.name}", timeout)

    async def stop(self, how=signal.SIGTERM, timeout=15.0):
        """Ends it, and returns its exit status; a process that does not end in time is killed and a failure."""
        if not self.running():
            return self.child.returncode if self.child else None
        self.child.send_signal(how)
        try:
            return await asyncio.wait_for(self.child.wait(), timeout * PATIENCE)
        except asyncio.TimeoutError:
            self.child.kill()
            await self.child.wait()
            raise Failure(f"{self.name} did not end within {timeout * PATIENCE:g} s of signal {how}") from None


def descendants(pid):
    """All living processes below pid."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            found.append(child)
            queue.append(child)
    return found


def find_program_or_skip(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"{name} is not installed")
    return path
