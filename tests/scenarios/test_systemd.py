# SPDX-License-Identifier: MIT
"""The service manager: what it is told, and the unit under a real systemd."""
import asyncio
import os
import re
import signal
import socket
import time

from harness.process import PATIENCE, Failure, descendants, find_program_or_skip, free_port, port_open, wait_until
from harness.systemd import Systemd
from test_install import TOP, install

DOMAIN = "localhost"


async def run(*argv):
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await asyncio.wait_for(child.communicate(), 60 * PATIENCE)
    return child.returncode, output.decode(errors="replace")


async def scenario_unit_is_hardened(world):
    """systemd's own measure of exposure, from 0 to 10 (here times ten)."""
    analyze = find_program_or_skip("systemd-analyze")
    unit = os.path.join(world.build, "daemon", "transportd@.service")
    status, output = await run(analyze, "security", "--offline=true", "--threshold=15", "--no-pager", unit)
    if status != 0 or "Overall exposure level" not in output:
        raise Failure(f"systemd-analyze security: {output}")


class Manager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        self.words = []

    def read(self):
        try:
            while True:
                self.words.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return "\n".join(self.words).splitlines()

    async def hears(self, word, after=0, timeout=20):
        await wait_until(lambda: [line for line in self.read()[after:] if line.startswith(word)], f"{word} to be told",
                         timeout)

    async def stop(self):
        self.socket.close()


async def scenario_tells_the_service_manager(world):
    for path in (os.path.join(world.folder, "notify"), f"\0libtransport-test-{os.getpid()}"):
        manager = Manager(path)
        world.started.insert(0, manager)
        os.environ.update({"NOTIFY_SOCKET": path.replace("\0", "@"), "WATCHDOG_USEC": "400000"})
        gateway = world.gateway(jid=DOMAIN, backend="echo")
        gateway.server()
        await gateway.start()
        await manager.hears("READY=1")
        await manager.hears("STATUS=serving 0 users on 1 backends")
        lines = manager.read()
        if lines.index("WATCHDOG=1") > lines.index("READY=1"):
            raise Failure(f"the watchdog waits for the start: {lines}")
        await world.person(f"alice@{DOMAIN}", gateway.port)
        await manager.hears("STATUS=serving 1 users")
        mark = len(manager.read())
        await manager.hears("WATCHDOG=1", mark)
        gateway.process.child.send_signal(signal.SIGHUP)
        await manager.hears("RELOADING=1", mark)
        await manager.hears("MONOTONIC_USEC=", mark)
        await manager.hears("READY=1", mark)
        with open(gateway.config) as file:
            good = file.read()
        for text, status in ((good + "nonsense\n", "STATUS=serving 1 users on 1 backends; not reloaded"),
                             (good, "STATUS=serving 1 users on 1 backends\n")):
            mark = len(manager.read())
            with open(gateway.config, "w") as file:
                file.write(text)
            gateway.process.child.send_signal(signal.SIGHUP)
            await manager.hears("READY=1", mark)
            await wait_until(lambda: any((line + "\n").startswith(status) for line in manager.read()[mark:]),  # noqa: B023
                             f"to be told {status}")
        # a process that hangs says nothing
        gateway.process.child.send_signal(signal.SIGSTOP)
        await wait_until(lambda: open(f"/proc/{gateway.process.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T",
                         "the process to stop")
        mark = len(manager.read())
        await asyncio.sleep(0.5)
        if len(manager.read()) != mark:
            raise Failure("a stopped process goes on to speak")
        gateway.process.child.send_signal(signal.SIGCONT)
        await manager.hears("WATCHDOG=1", mark)
        await gateway.stop()
        await manager.hears("STOPPING=1", mark)


async def scenario_a_reload_makes_nothing_ready(world):
    """SIGHUP while no backend has come up."""
    path = os.path.join(world.folder, "notify")
    manager = Manager(path)
    world.started.insert(0, manager)
    os.environ.update({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.keys["service.backend"] = "/bin/false"
    await gateway.start(wait=False)
    await gateway.process.wait_log("exited with status 1")
    gateway.process.child.send_signal(signal.SIGHUP)
    await gateway.process.wait_log("configuration reloaded")
    await manager.hears("WATCHDOG=1", len(manager.read()))
    if "READY=1" in manager.read():
        raise Failure(f"it is said to be ready: {manager.read()}")


CONFIG = """[service]
jid = {domain}
backend = transport-echo
server_mode = 1
server = 127.0.0.1
port = {port}
[database]
type = sqlite3
[logging]
level = debug
"""
DROP_IN = """[Unit]
After=
Wants=
DefaultDependencies=no
[Service]
StandardOutput=append:{log}
StandardError=append:{log}
WatchdogSec=2s
TimeoutStopSec={stop}
"""


OTHER_USER = """[Service]
User=root
PrivateUsers=no
CapabilityBoundingSet={capabilities}
SystemCallFilter=@setuid @chown capset
StateDirectoryMode=0711
"""


async def started_unit(world, stop="15s", drop_in="", config=""):
    """The installed unit, run by a systemd of its own: (systemd, port)."""
    prefix = await install(world)
    unit = "transportd@test.service"
    systemd = Systemd(world.folder, prefix, unit)
    world.started.append(systemd)
    port = free_port()
    with open(os.path.join(prefix, "lib", "systemd", "system", "transportd@.service")) as file:
        systemd.put("systemd/system/transportd@.service", file.read())
    systemd.put(f"systemd/system/{unit}.d/test.conf", DROP_IN.format(log=systemd.log_path, stop=stop))
    if drop_in:
        systemd.put(f"systemd/system/{unit}.d/more.conf", drop_in)
    systemd.put("libtransport/test.cfg", CONFIG.format(domain=DOMAIN, port=port) + config)
    await systemd.start()
    await wait_until(lambda: port_open(port), "the instance to listen", 20)
    return systemd, port


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def backends_of(core):
    return [pid for pid in descendants(core) if status_of(pid)["Name"].startswith("transport-echo")]


async def talk(world, port, text):
    alice = await world.person(f"alice@{DOMAIN}", port)
    alice.say(f"echo@{DOMAIN}", text)
    await alice.message(f"echo@{DOMAIN}", text)


async def scenario_sandbox_works_in_the_unit(world):
    systemd, port = await started_unit(world)
    await talk(world, port, "in the unit")
    core = await systemd.main_pid()
    backends = await wait_until(lambda: backends_of(core), "a backend to run")
    own, theirs = status_of(core), status_of(backends[0])
    if own["Uid"].split()[0] != "64001" or theirs["Uid"] != own["Uid"]:
        raise Failure(f"core and backend run as {own['Uid']} and {theirs['Uid']}")
    for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(own[name], 16) or int(theirs[name], 16):
            raise Failure(f"{name} is {own[name]} and {theirs[name]}")
    if theirs["NoNewPrivs"] != "1" or int(theirs["Seccomp_filters"]) != int(own["Seccomp_filters"]) + 1:
        raise Failure(f"the backend's filters: {theirs['Seccomp_filters']}, the core's: {own['Seccomp_filters']}")
    log = systemd.log()
    if "sandbox:" in log or "not permitted" in log or "not restricted" in log:
        raise Failure(f"something of the sandbox does not work: {log}")
    answer = await systemd.run("/usr/local/bin/transportctl", "-c", "/etc/libtransport/test.cfg", "status")
    if not answer.startswith("Running (1 users"):
        raise Failure(f"transportctl: {answer}")
    if "serving" not in await systemd.property("StatusText"):
        raise Failure(f"the status text is {await systemd.property('StatusText')!r}")
    await systemd.run("systemctl", "stop", systemd.unit)
    if await systemd.property("Result") != "success" or [pid for pid in backends if os.path.exists(f"/proc/{pid}")]:
        raise Failure(f"stopped with {await systemd.property('Result')}, or backends are left")
    await systemd.run("/usr/local/sbin/transportd", "--check", "/etc/libtransport/test.cfg")


async def scenario_backends_get_a_user_of_their_own(world):
    """As administration.md says how."""
    page = open(os.path.join(TOP, "docs", "administration.md")).read()
    capabilities = re.search(r"`CapabilityBoundingSet=([A-Z_ ]+)`", page)[1]
    systemd, port = await started_unit(world, drop_in=OTHER_USER.format(capabilities=capabilities),
                                       config="[backend]\nsandbox_user = nobody\n")
    await talk(world, port, "as somebody else")
    core = await systemd.main_pid()
    backends = await wait_until(lambda: backends_of(core), "a backend to run")
    own, theirs = status_of(core), status_of(backends[0])
    if own["Uid"].split()[0] != "0" or theirs["Uid"].split() != ["65534"] * 4 or int(theirs["CapEff"], 16):
        raise Failure(f"core and backend run as {own['Uid']} and {theirs['Uid']}, with {theirs['CapEff']}")
    await systemd.run("systemctl", "stop", systemd.unit)
    if [pid for pid in backends if os.path.exists(f"/proc/{pid}")]:
        raise Failure("a backend is left")


async def new_core(systemd, old, timeout):
    end = time.monotonic() + timeout * PATIENCE
    while time.monotonic() < end:
        core = await systemd.main_pid()
        if core and core != old and await systemd.property("ActiveState") == "active":
            return core
        await asyncio.sleep(0.05)
    raise Failure(f"no new core in {timeout} s: {systemd.said()}")


async def scenario_backends_outlive_a_killed_core(world):
    systemd, port = await started_unit(world)
    await talk(world, port, "before")
    core = await systemd.main_pid()
    backends = await wait_until(lambda: backends_of(core), "a backend to run")
    # Stopped, so that it is not the backend that decides to go.
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    os.kill(core, signal.SIGKILL)
    await new_core(systemd, core, 30)  # which waits for them for a while
    left = [pid for pid in backends if os.path.exists(f"/proc/{pid}") and status_of(pid)["State"][0] == "T"]
    if left != backends:
        raise Failure(f"of the backends {backends} only {left} are left")
    for pid in backends:
        os.kill(pid, signal.SIGKILL)
    await wait_until(lambda: port_open(port), "the instance to listen again")
    await talk(world, port, "after")


async def scenario_sessions_outlive_a_killed_core(world):
    """The backend waits for the core that systemd starts, and goes on with it."""
    systemd, port = await started_unit(world)
    await talk(world, port, "before")
    core = await systemd.main_pid()
    backends = await wait_until(lambda: backends_of(core), "a backend to run")
    os.kill(core, signal.SIGKILL)
    await new_core(systemd, core, 10)
    await wait_until(lambda: port_open(port), "the instance to listen again")
    await talk(world, port, "after")
    left = [pid for pid in backends if os.path.exists(f"/proc/{pid}")]
    if left != backends:
        raise Failure(f"of the backends {backends} only {left} are left")
    await systemd.run("systemctl", "stop", systemd.unit)
    if [pid for pid in backends if os.path.exists(f"/proc/{pid}")]:
        raise Failure("a backend that was adopted is left behind")


async def scenario_a_hanging_core_is_replaced(world):
    systemd, port = await started_unit(world, stop="1s")
    core = await systemd.main_pid()
    os.kill(core, signal.SIGSTOP)
    await new_core(systemd, core, 30)
    await wait_until(lambda: port_open(port), "the instance to listen again")
    await talk(world, port, "after")
    if await systemd.property("NRestarts") != "1":
        raise Failure(f"{await systemd.property('NRestarts')} restarts")


async def scenario_a_wrong_configuration_is_not_tried_again(world):
    systemd, _ = await started_unit(world)
    await systemd.run("sh", "-c", "echo nonsense = >> /etc/libtransport/test.cfg; sed -i 's/^port = .*/port = many/' "
                                  "/etc/libtransport/test.cfg")
    await systemd.run("systemctl", "restart", systemd.unit, expect=1)
    if await systemd.property("ActiveState") != "failed" or await systemd.property("NRestarts") not in ("0", ""):
        raise Failure(f"{await systemd.property('ActiveState')} after {await systemd.property('NRestarts')} restarts")
