# SPDX-License-Identifier: MIT
"""Clients of Matrix in JavaScript, from scripts/install-matrix-clients: a person with matrix-js-sdk, and Hydrogen's view of a
room in Chromium."""
import asyncio
import json
import os
import shutil
import subprocess

from .process import PATIENCE, Failure, Skip, require, wait_until

INSTALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "scripts", "install-matrix-clients")


def folder_or_skip():
    found = subprocess.run([INSTALL, "--where"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if found.returncode != 0:
        raise Skip("matrix-js-sdk and Hydrogen are not installed: scripts/install-matrix-clients does that")
    return found.stdout.decode().strip()


class JsPerson:
    """Events are dicts as matrix-js-sdk shows them, edits and redactions applied: person.js says which keys."""

    def __init__(self, synapse, name, password="a secret"):
        self.synapse = synapse
        self.name = name
        self.password = password
        self.id = f"@{name}:{synapse.name}"
        self.child = self.reader = None
        self.events, self.typing, self.memberships = [], [], []
        self.answers = asyncio.Queue()
        self.complaints = b""

    async def start(self):
        folder = folder_or_skip()
        await self.synapse.register(self.name, self.password)
        self.child = await asyncio.create_subprocess_exec(
            "node", "person.js", self.synapse.url, self.name, self.password, cwd=folder, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True, limit=1 << 24)
        self.reader = asyncio.gather(self._read(), self._read_complaints())
        await self._answer("start")

    async def _read_complaints(self):
        self.complaints = await self.child.stderr.read()

    async def _read(self):
        async for line in self.child.stdout:
            value = json.loads(line)
            if "event" in value:
                self.events.append(value["event"])
            elif "typing" in value:
                self.typing.append(value)
            elif "membership" in value:
                self.memberships.append(value)
            else:
                self.answers.put_nowait(value)
        self.answers.put_nowait({"error": "the client has ended"})

    async def _answer(self, what):
        answer = await asyncio.wait_for(self.answers.get(), 60 * PATIENCE)
        if answer.get("done") != what:
            raise Failure(f"{self.id} with matrix-js-sdk: {what}: {answer} {self.complaints.decode(errors='replace')}")
        return answer

    async def do(self, what, **arguments):
        self.child.stdin.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
        await self.child.stdin.drain()
        return await self._answer(what)

    async def stop(self):
        if not self.child:
            return
        self.child.stdin.close()
        try:
            await asyncio.wait_for(self.child.wait(), 20 * PATIENCE)
        except asyncio.TimeoutError:
            self.child.kill()
            await self.child.wait()
        await self.reader

    def find(self, room=None, where=None, **wanted):
        return [event for event in self.events
                if (not room or event["room"] == room) and all(event.get(key) == value for key, value in wanted.items()) and
                (not where or where(event))]

    async def event(self, room=None, where=None, what="an event", **wanted):
        found = await wait_until(lambda: self.find(room, where, **wanted), f"{what} {wanted} at {self.id} in matrix-js-sdk", 40)
        return found[-1]

    async def message(self, room, body, sender):
        return await self.event(room, lambda event: event["content"].get("body") == body, f"{body!r}", sender=sender,
                                type="m.room.message")


def chromium_or_skip():
    found = shutil.which("chromium")
    if not found:
        raise Skip("Chromium is not installed: Debian's package chromium")
    return found


async def look(synapse, name, room, texts, pictures, screenshot, password="a secret"):
    """Waits until Hydrogen shows these texts and so many pictures in the room; what it shows of each message, as dicts:
    "sender" ("" if the one before is the same person's), "text", "html", "quoted" (of a reply), "pictures" ([width, height], ...).
    The picture of it is in the file."""
    asked = {"chromium": chromium_or_skip(), "homeserver": synapse.url, "user": name, "password": password, "room": room,
             "texts": texts, "pictures": pictures, "screenshot": screenshot}
    child = await asyncio.create_subprocess_exec(
        "node", "look.js", json.dumps(asked), cwd=folder_or_skip(), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True, limit=1 << 24)
    out, err = await child.communicate()
    require(child.returncode == 0, f"Hydrogen does not show it: {err.decode(errors='replace')}")
    return json.loads(out)["messages"]
