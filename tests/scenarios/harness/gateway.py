# SPDX-License-Identifier: MIT
"""The program under test: transportd from a build folder, with its configuration in a temporary one."""
import asyncio
import os
import signal

from . import valgrind
from .clock import JumpingClock, is_stepped
from .process import Failure, Process, Unavailable, descendants, free_port, port_open, wait_answer, wait_until

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=98",
    "LSAN_OPTIONS": "exitcode=97",
    "TSAN_OPTIONS": "exitcode=96:second_deadlock_stack=1",
}
SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer")


class Gateway:
    def __init__(self, build, folder, jid="irc.localhost", backend="irc"):
        self.build = build
        self.folder = os.path.join(folder, "gateway")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.jid = jid
        self.config = os.path.join(self.folder, "transport.cfg")
        self.daemon = os.path.join(build, "daemon", "transportd")
        self.backend = os.path.join(build, "backends", backend, f"transport-{backend}")
        self.keys = {
            "service.jid": jid,
            "service.backend": self.backend,
            "service.working_dir": os.path.join(self.folder, "state"),
            "service.pidfile": os.path.join(self.folder, "transportd.pid"),
            "service.portfile": os.path.join(self.folder, "transportd.port"),
            "database.type": "sqlite3",
            "database.database": os.path.join(self.folder, "state", "database.sqlite"),
            "logging.level": "debug",
        }
        if contains(self.daemon, b"__llvm_profile_runtime"):
            # Backends write what they have run through into the build of scripts/test --coverage.
            self.keys["backend.sandbox_write"] = [os.path.join(build, "profiles")]
        if sanitized(self.daemon):
            # Sanitizers reserve terabytes of addresses, and LeakSanitizer traces its own process.
            self.keys.update({"backend.sandbox_memory": "0", "backend.sandbox_allow": ["trace"]})
        self.port = None         # where clients connect to in server mode
        self.matrix_port = None  # where a Matrix homeserver connects to
        self.process = None
        self.wrapper = []
        self.starts = 0
        self.killed = False
        self.jumping = None  # a task that steps its clock

    def component_of(self, prosody):
        self.keys.update({"service.server": "127.0.0.1", "service.port": prosody.component_port,
                          "service.password": prosody.secret})

    def server(self):
        self.port = free_port()
        self.keys.update({"service.server_mode": "1", "service.server": "127.0.0.1", "service.port": self.port})

    async def appservice_of(self, synapse, prefix="_irc_", bot="ircbot"):
        """The Matrix frontend instead of others, for a Synapse that is started after this: it reads registrations then."""
        self.matrix_port = free_port()
        self.registration = os.path.join(self.folder, "registration.yaml")
        self.keys.update({
            "service.frontend": "matrix", "matrix.homeserver": synapse.url, "matrix.server_name": synapse.name,
            "matrix.prefix": prefix, "matrix.bot": bot, "matrix.port": self.matrix_port,
            "matrix.registration": self.registration,
        })
        # An invitation more, which only those want that are about it.
        self.keys.setdefault("matrix.spaces", "0")
        self.write_config()
        child = await asyncio.create_subprocess_exec(
            self.daemon, "--matrix-registration", self.registration, self.config, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, **SANITIZERS})
        output, _ = await child.communicate()
        if child.returncode != 0:
            raise Failure(f"no registration is written: {output.decode(errors='replace')[-2000:]}")
        synapse.registrations.append(self.registration)

    def slack_of(self, slack, *bots):
        """The Slack frontend instead of others, or beside them: in the workspaces of a test Slack where the app is."""
        before = self.keys.get("service.frontend")
        self.keys.update({
            "service.frontend": [before, "slack"] if before else "slack", "slack.api": slack.api_url,
            "slack.app_token": slack.app_token,
            "slack.bot_token": [bot.tokens[-1].value for bot in bots or (slack.bot,)],
        })

    def irc(self, ircd, fixed=True):
        if fixed:
            self.keys["service.irc_server"] = f"127.0.0.1:{ircd.port}"

    def write_config(self):
        sections = {}
        for name, value in self.keys.items():
            section, key = name.split(".", 1)
            for item in value if isinstance(value, list) else [value]:
                sections.setdefault(section, []).append(f"{key} = {item}")
        with open(self.config, "w") as file:
            for section, lines in sections.items():
                file.write(f"[{section}]\n" + "\n".join(lines) + "\n")
        os.chmod(self.config, 0o600)

    async def start(self, wait=True):
        memcheck = valgrind.words(self.folder) if valgrind.is_on() else []
        if is_stepped() and not self.wrapper:
            self.jumping = asyncio.create_task(JumpingClock(self.folder, self).go_on_jumping())
        if self.wrapper or memcheck:
            # What follows programs into their children (valgrind) cannot do so through the sandbox.
            self.keys["backend.sandbox"] = "off"
        self.write_config()
        self.process = Process(f"transportd-{self.starts}", [*self.wrapper, *memcheck, self.daemon, self.config],
                               self.folder, SANITIZERS)
        self.starts += 1
        self.killed = False
        await self.process.start()
        if wait:
            await self.process.wait_log("ready", 60 if self.wrapper else 20)
            for port in filter(None, (self.port, self.matrix_port)):
                await wait_until(lambda: port_open(port), "the server to listen")  # noqa: B023 - used at once

    def backends(self):
        """Process ids of living backends, also of those that an earlier core has started."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or zombie(int(entry)):
                continue
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = [word.decode(errors="replace") for word in file.read().split(b"\0")]
            except OSError:
                continue
            ours = any(word.startswith(self.folder) for word in words)
            if ours and any(os.path.basename(word).startswith("transport-") for word in words[:16]):
                found.append(int(entry))
        return sorted(found)

    async def kill_backend(self):
        pids = await wait_until(self.backends, "a backend to run")
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return pids

    async def kill_core(self):
        """SIGKILL to transportd alone; its backends are left behind. Their process ids."""
        if valgrind.is_on():
            raise Unavailable("valgrind knows no pidfd_open: no core takes over from another")
        backends = self.backends()
        os.kill(self.process.pid, signal.SIGKILL)
        await self.process.child.wait()
        self.killed = True
        return backends

    async def control(self, *words, expect=0):
        """Asks by transportctl; the answer as text."""
        child = await asyncio.create_subprocess_exec(
            os.path.join(self.build, "daemon", "transportctl"), "-c", self.config, *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **SANITIZERS})
        output, _ = await child.communicate()
        text = output.decode(errors="replace").strip()
        if child.returncode != expect:
            raise Failure(f"transportctl {' '.join(words)} ended with {child.returncode}: {text}")
        return text

    def reports(self):
        """What sanitizers said in the log, or valgrind in its own, if anything."""
        log = self.process.log() if self.process else ""
        for mark in SANITIZER_REPORTS:
            if mark in log:
                return log[max(0, log.index(mark) - 200):][:6000]
        return valgrind.complaints(self.folder)[:6000] or None

    async def stop(self):
        if self.jumping:
            self.jumping.cancel()
        if not self.process:
            return
        if self.killed:
            self.check_reports()
            return
        below = descendants(self.process.pid) if self.process.running() else []
        status = await self.process.stop(timeout=60 if self.wrapper else 20)
        self.check_reports()
        if status != 0:
            raise Failure(f"transportd ended with {status}")

        def gone():
            return not [pid for pid in below if os.path.exists(f"/proc/{pid}") and not zombie(pid)]
        await wait_until(gone, "the backends to be gone after transportd", 10)
        self.check_reports()

    def check_reports(self):
        report = self.reports()
        if report:
            raise Failure(f"a checker of memory complains:\n{report}")

def sanitized(program):
    """Whether a program was built with AddressSanitizer or ThreadSanitizer."""
    return contains(program, b"__asan_init", b"__tsan_init")


def contains(program, *symbols):
    try:
        with open(program, "rb") as file:
            text = file.read()
            return any(symbol in text for symbol in symbols)
    except OSError:
        return False


def zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


async def wait_for_answer(gateway, question, wanted):
    await wait_answer(lambda: gateway.control(question), lambda answer: answer == wanted, f"{question} to be {wanted}")
