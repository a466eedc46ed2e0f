# SPDX-License-Identifier: MIT
"""
scripts/run, as somebody runs it who has just got the sources: in a tree of its own, whose build is one that is there already.

    example = RunScript(world, "slack")        # arguments of scripts/run
    await example.start("Ctrl-C stops everything")
    example.type("hello")
    await example.printed("greeter")           # a pattern; behind the last that was waited for
    await example.end(signal.SIGINT)           # it ends well, and nothing is left of it
"""
import asyncio
import os
import re
import shutil
import signal

from .process import PATIENCE, Failure, require, wait_until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def make_tree(world):
    """The scripts as they are, but for those that install packages and build."""
    top = os.path.join(world.folder, "sources")
    os.makedirs(os.path.join(top, "build"))
    shutil.copytree(os.path.join(TOP, "scripts"), os.path.join(top, "scripts"), ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("install-packages", "build", "install-synapse"):
        path = os.path.join(top, "scripts", name)
        os.unlink(path)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o755), "w") as file:
            file.write("#!/bin/sh\n")
    for name in os.listdir(TOP):
        if name not in ("scripts", "build", ".git", ".run"):
            os.symlink(os.path.join(TOP, name), os.path.join(top, name))
    os.symlink(os.path.abspath(world.plain_build_or_skip()), os.path.join(top, "build", "release"))
    return top


def parents():
    """pid -> (pid of its parent, name), of all processes that are no zombies."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    stat = file.read()
            except OSError:  # it has just ended
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(name)] = int(parent), stat.partition("(")[2].rpartition(")")[0]
    return found


def below(pid):
    """pid -> name of a process and all that have come of it."""
    known = parents()
    found = {pid: known.get(pid, (0, "it"))[1]}
    while more := {child: name for child, (parent, name) in known.items() if parent in found and child not in found}:
        found.update(more)
    return found


class RunScript:
    def __init__(self, world, *arguments, top=None):
        self.top = top or make_tree(world)
        self.arguments = arguments
        self.child = None
        self.output = ""
        self.seen = 0
        self.reading = None
        world.started.append(self)

    async def start(self, ready):
        self.child = await asyncio.create_subprocess_exec(
            os.path.join(self.top, "scripts", "run"), *self.arguments, cwd=self.top, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            # Whoever runs us in the background may have it ignored, and a shell cannot trap that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.reading = asyncio.create_task(self._read())
        await self.printed(ready, 60)
        return self

    async def _read(self):
        while data := await self.child.stdout.read(65536):
            self.output += data.decode(errors="replace")

    def type(self, line):
        self.child.stdin.write(f"{line}\n".encode())

    async def printed(self, pattern, timeout=30):
        def look():
            found = re.compile(pattern, re.M).search(self.output, self.seen)
            if not found and self.reading.done():
                raise Failure(f"it has ended without {pattern!r}:\n{self.output}")
            return found
        try:
            found = await wait_until(look, repr(pattern), timeout)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.output}") from None
        self.seen = found.end()
        return found

    async def end(self, number):
        """SIGINT: Ctrl-C in its terminal, which all in it hear of; SIGTERM: to the script alone."""
        ours = below(self.child.pid)
        require(len(ours) > 1, f"nothing has come of it: {ours}")
        (os.killpg if number == signal.SIGINT else os.kill)(self.child.pid, number)
        await asyncio.wait_for(asyncio.gather(self.child.wait(), self.reading), 30 * PATIENCE)
        require(self.child.returncode == 0, f"ended with {self.child.returncode}:\n{self.output}")
        require("Traceback" not in self.output, self.output)
        left = {pid: name for pid, name in ours.items() if pid in parents()}
        require(not left, f"these are left: {left}\n{self.output}")

    async def stop(self):
        """Of a scenario that failed."""
        if not self.child or self.child.returncode is not None:
            return
        for pid in reversed(list(below(self.child.pid))):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        await self.child.wait()
