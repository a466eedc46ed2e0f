# SPDX-License-Identifier: MIT
"""A plain IRC client: what a person on the other side of the bridge would use."""
import asyncio
import re

from .process import wait_until


class IrcClient:
    def __init__(self, port, nick, password=None, tls=None):
        self.port = port
        self.password = password
        self.tls = tls  # an SSL context, or None
        self.nick = nick
        self.lines = []  # every line: ("<", received) or (">", sent)
        self.reader = self.writer = self.task = None

    async def start(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)
        self.task = asyncio.create_task(self._read())
        if self.password:
            self.send(f"PASS {self.password}")
        self.send(f"NICK {self.nick}")
        self.send(f"USER {re.sub('[^a-zA-Z0-9]', '', self.nick)} 0 * :{self.nick} in person")
        await self.expect(r" 001 ")

    async def _read(self):
        while True:
            line = await self.reader.readline()
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.lines.append(("<", text))
            if text.startswith("PING"):
                self.send("PONG" + text[4:])

    def send(self, line):
        self.send_bytes(line.encode())

    def send_bytes(self, line):
        self.lines.append((">", line.decode("utf-8", "replace")))
        self.writer.write(line + b"\r\n")

    def mark(self):
        """A position in the traffic, for `after`."""
        return len(self.lines)

    def find(self, pattern, after=0):
        for way, line in self.lines[after:]:
            if way == "<":
                match = re.search(pattern, line)
                if match:
                    return match
        return None

    def find_all(self, pattern, after=0):
        """One match for each line that has one."""
        matches = [re.search(pattern, line) for way, line in self.lines[after:] if way == "<"]
        return [match for match in matches if match]

    def count(self, pattern, after=0):
        return len(self.find_all(pattern, after))

    async def expect(self, pattern, after=0, timeout=20.0):
        return await wait_until(lambda: self.find(pattern, after), f"{pattern!r} at IRC client {self.nick}",
                                timeout)

    async def join(self, channel):
        mark = self.mark()
        self.send(f"JOIN {channel}")
        await self.expect(rf" 366 {re.escape(self.nick)} {re.escape(channel)} ", mark)

    async def stop(self):
        if self.writer:
            self.writer.close()
        if self.task:
            self.task.cancel()

    def traffic(self):
        return "\n".join(f"{way} {line}" for way, line in self.lines)
