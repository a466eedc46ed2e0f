# SPDX-License-Identifier: MIT
"""
Spectrum 2's side of the backend protocol, to start our backends under: its command line, its frames, and nothing
else. Strict: a frame that Spectrum's server does not expect from a backend, or cannot parse, is a failure.
"""
import asyncio
import os
import sys

from .gateway import SANITIZERS
from .process import Failure, Process, ended, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "backends"))
import wire  # noqa: E402

# Of each type that the server takes: required fields, and all it knows (name of the wire type by number).
BUDDY = ((1, 2), {1: "text", 2: "text", 3: "text", 4: "text", 5: "int", 6: "text", 7: "text", 8: "int"})
MESSAGE = ((1, 2, 3), {1: "text", 2: "text", 3: "text", 4: "text", 5: "text", 6: "text", 7: "int", 8: "text",
                       9: "int", 10: "int", 11: "bytes"})
ROOM = ((1, 2, 3), {1: "text", 2: "text", 3: "text", 4: "text"})
TAKEN = {
    wire.CONNECTED: ((1,), {1: "text"}),
    wire.DISCONNECTED: ((1, 2), {1: "text", 2: "int", 3: "text"}),
    wire.BUDDY_CHANGED: BUDDY, wire.BUDDY_REMOVED: BUDDY, wire.BUDDY_TYPING: BUDDY, wire.BUDDY_TYPED: BUDDY,
    wire.BUDDY_STOPPED_TYPING: BUDDY, wire.AUTH_REQUEST: BUDDY,
    wire.CONV_MESSAGE: MESSAGE, wire.ROOM_SUBJECT_CHANGED: MESSAGE, wire.ATTENTION: MESSAGE,
    wire.CONV_MESSAGE_ACK: MESSAGE,
    wire.PARTICIPANT_CHANGED: ((1, 2, 3, 4, 5), {1: "text", 2: "text", 3: "text", 4: "int", 5: "int", 6: "text",
                                                 7: "text", 8: "text", 9: "text"}),
    wire.ROOM_NICKNAME_CHANGED: ROOM,
    wire.VCARD: ((1, 2, 3), {1: "text", 2: "text", 3: "int", 4: "text", 5: "text", 6: "bytes"}),
    wire.STATS: ((1, 2, 3, 4), {1: "int", 2: "int", 3: "int", 4: "text"}),
    wire.BACKEND_CONFIG: ((1,), {1: "text"}),
    wire.ROOM_LIST: ((), {1: "text", 2: "text", 3: "text"}),
    wire.PONG: None,
}


class Spectrum:
    """One backend process and the one connection it may make."""

    def __init__(self, folder, program, jid, config):
        self.folder, self.program, self.jid, self.config = folder, program, jid, config
        self.events = []  # (type, fields), in order
        self.fault = None
        self.server = self.writer = self.process = None
        self.ended = asyncio.Event()

    async def start(self):
        self.server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        name = os.path.basename(self.program)
        self.process = Process(name, [self.program, "--host", "127.0.0.1", "--port", port, "--service.backend_id=1",
                                      "-j", self.jid, self.config], self.folder, SANITIZERS)
        await self.process.start()
        await self.wait(wire.PONG)

    async def _accepted(self, reader, writer):
        if self.writer:
            self.fault = self.fault or "the backend connects twice"
            writer.close()
            return
        self.writer = writer
        self.send(wire.PING)
        frames = wire.Frames()
        while True:
            try:
                data = await reader.read(65536)
            except ConnectionError:
                data = b""
            if not data:
                break
            try:
                for kind, payload in frames.feed(data):
                    self._take(kind, payload)
            except Exception as problem:  # noqa: BLE001 - told to whoever waits
                self.fault = self.fault or f"a frame: {problem!r}"
        self.ended.set()

    def _take(self, kind, payload):
        if kind not in TAKEN:
            raise Failure(f"type {wire.NAMES.get(kind, kind)} is not for the server")
        if TAKEN[kind] is None:
            if payload:
                raise Failure(f"{wire.NAMES[kind]} has a payload")
            self.events.append((kind, {}))
            return
        required, known = TAKEN[kind]
        fields = wire.parse(payload)
        for number in required:
            if number not in fields:
                raise Failure(f"{wire.NAMES[kind]} lacks field {number}")
        for number, values in fields.items():
            if number not in known:
                raise Failure(f"{wire.NAMES[kind]} has a field {number}")
            for value in values:
                if isinstance(value, int) != (known[number] == "int"):
                    raise Failure(f"field {number} of {wire.NAMES[kind]} has another type")
                if known[number] == "text":
                    value.decode()
        self.events.append((kind, fields))

    def send(self, kind, payload=None):
        self.writer.write(wire.frame(kind, payload))

    def mark(self):
        return len(self.events)

    async def wait(self, kind, after=0, where=lambda fields: True, timeout=20.0):
        def find():
            if self.fault:
                raise Failure(self.fault)
            for got, fields in self.events[after:]:
                if got == kind and where(fields):
                    return fields or True
            if not self.process.running():
                raise Failure(f"the backend has ended with {self.process.child.returncode}")
            return None
        return await wait_until(find, f"{wire.NAMES[kind]} from {self.process.name}", timeout)

    async def ends(self, timeout=10.0):
        """Its exit status, without being told anything more."""
        return await ended(self.process.child, timeout)

    async def stop(self):
        if self.writer:
            self.writer.close()
        if self.server:
            self.server.close()
        if self.process and self.process.running():
            await self.process.stop()
        if self.fault:
            raise Failure(self.fault)
        log = self.process.log() if self.process else ""
        if "AddressSanitizer" in log or "runtime error:" in log or "LeakSanitizer" in log:
            raise Failure(f"a sanitizer complains:\n{log[-6000:]}")
