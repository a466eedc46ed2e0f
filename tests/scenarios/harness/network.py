# SPDX-License-Identifier: MIT
"""
A network that has words for everything (backends/lobby.py), and does what a test says.

    network = await world.network(gateway)     # before the gateway's start: it is the backend then
    id = network.say("#lobby", "carol", "hello")
    network.say("#lobby", "carol", "hello!", replaces=id)
    network.picture("carol", png)
    await network.heard("bob", "a text")       what somebody of ours has said, as fields by name
    network.write(account, "carol", "hello")   to one of ours alone, who is known as await network.account("egon")
    network.tell("AUTH_REQUEST", account, {2: "carol"})     any frame about one of ours
"""
import asyncio
import base64
import hashlib
import json
import os
import sys

from .process import wait_until

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "backends", "lobby.py")
FIELDS = {"text": 3, "xhtml": 5, "id": 1000, "reply_to": 1001, "thread": 1002, "replaces": 1003, "retracts": 1004,
          "reacts_to": 1005, "reactions": 1006, "reply_text": 1008, "reply_author": 1009}


class Network:
    def __init__(self):
        self.server = None
        self.writer = None
        self.frames = []  # (name, {number: values}) of what the core has sent
        self.count = 0
        self.titles = {}  # room -> its name, which outlives the backend's process

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    @property
    def command(self):
        return f"{sys.executable} {os.path.realpath(PROGRAM)} --steer {self.port}"

    async def _serve(self, reader, writer):
        self.writer = writer
        self._order(titles=self.titles)
        while line := await reader.readline():
            told = json.loads(line)
            self.frames.append((told["kind"], {int(number): values for number, values in told["fields"].items()}))

    def _order(self, **order):
        self.writer.write(json.dumps(order).encode() + b"\n")

    def say(self, room, nickname, text, files=(), **more):
        """files: (URL, type). more: FIELDS by name. Returns the message's id."""
        self.count += 1
        fields = {FIELDS[name]: value for name, value in more.items()}
        fields.update({3: text, 1000: f"theirs-{self.count}", 11: [{1: url, 2: kind} for url, kind in files]})
        self._order(say=room, fields=fields, **{"as": nickname})
        return f"theirs-{self.count}"

    async def account(self, name):
        """What the core calls the account that has logged in under this name of the network."""
        logins = await self.sent("LOGIN", lambda fields: fields.get(2) == [name])
        return logins[1][0]

    async def sent(self, kind, where=lambda fields: True, after=0, timeout=30.0):
        """The first frame of a kind, behind the first `after` of all, that where(its fields by number) is true of."""
        return await wait_until(lambda: next((fields for name, fields in self.frames[after:] if name == kind and where(fields)),
                                             None), f"a frame {kind}", timeout)

    def tell(self, kind, account, fields):
        self._order(send=kind, fields={1: account, **fields})

    def write(self, account, contact, text, files=(), **more):
        """As say, to one of ours alone."""
        self.count += 1
        fields = {FIELDS[name]: value for name, value in more.items()}
        fields.update({2: contact, 3: text, 1000: f"theirs-{self.count}", 11: [{1: url, 2: kind} for url, kind in files]})
        self.tell("CONV_MESSAGE", account, fields)
        return f"theirs-{self.count}"

    def picture(self, nickname, photo):
        self._order(picture=nickname, hash=hashlib.sha1(photo).hexdigest(), photo=base64.b64encode(photo).decode())

    def call(self, room, title):
        self.titles[room] = title
        self._order(title=room, text=title)

    def refuse_changes(self, error=None, reason=""):
        """Of rooms, from now on; None: they are done."""
        self._order(refuse=error and {"error": error, "reason": reason})

    async def heard(self, what, where=lambda said: True, timeout=30.0):
        """The first message to the network that where(fields by name) is true of; who: the account that said it."""
        def look():
            for kind, fields in self.frames:
                if kind == "CONV_MESSAGE":
                    said = {name: fields.get(number, [""]) for name, number in FIELDS.items()}
                    said = {name: values if name == "reactions" else values[-1] for name, values in said.items()}
                    if where({"who": fields[1][0], "to": fields[2][0], "files": fields.get(11, []), **said}):
                        return {"who": fields[1][0], "to": fields[2][0], "files": fields.get(11, []), **said}
            return None
        return await wait_until(look, f"the network to hear {what}", timeout)

    async def joined(self, room):
        """Until somebody of ours is in a room: before that nobody hears what is said there."""
        await wait_until(lambda: any(kind == "JOIN_ROOM" and fields[3] == [room] for kind, fields in self.frames),
                         f"somebody in {room}", 30)

    def traffic(self):
        return "\n".join(f"{kind} {fields}" for kind, fields in self.frames)

    async def stop(self):
        self.server.close()
        if self.writer:
            self.writer.close()
