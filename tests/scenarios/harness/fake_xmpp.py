# SPDX-License-Identifier: MIT
"""An XMPP server as the gateway's component port sees it (XEP-0114), which passes on whatever a test wants."""
import asyncio
import hashlib
import re
import time

from .process import PATIENCE, Failure

HEADER = ("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
          "xmlns='jabber:component:accept' from='{}' id='{}'>")


class FakeXmpp:
    secret = "component-secret"

    def __init__(self, domain="irc.localhost"):
        self.domain = domain
        self.seen = bytearray()   # all that the gateway sent, over all its connections
        self.connections = 0      # that were accepted
        self.news = asyncio.Event()
        self.server = self.writer = None
        self.component_port = None
        self.asked = 0

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.component_port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        if self.writer:
            self.writer.close()

    async def _serve(self, reader, writer):
        try:
            begin = len(self.seen)
            await self._read_until(reader, begin, b"<stream:stream[^>]*>")
            writer.write(HEADER.format(self.domain, "id-1").encode())
            proof = hashlib.sha1(b"id-1" + self.secret.encode()).hexdigest()
            await self._read_until(reader, begin, f"<handshake>{proof}</handshake>".encode())
            writer.write(b"<handshake/>")
            self.writer = writer
            self.connections += 1
            while await self._read(reader):
                pass
        except (ConnectionError, EOFError):
            pass
        self.news.set()
        writer.close()

    async def _read(self, reader):
        data = await reader.read(1 << 18)
        self.seen += data
        self.news.set()
        return bool(data)

    async def _read_until(self, reader, begin, pattern):
        while not re.search(pattern, self.seen[begin:]):
            if not await self._read(reader):
                raise EOFError

    def mark(self):
        return len(self.seen)

    async def _wait(self, condition, what, timeout):
        end = time.monotonic() + timeout * PATIENCE
        while True:
            self.news.clear()
            found = condition()
            if found:
                return found
            try:
                await asyncio.wait_for(self.news.wait(), max(0, end - time.monotonic()))
            except asyncio.TimeoutError:
                raise Failure(f"waited {timeout * PATIENCE:g} s in vain for {what}; the end of what came: "
                              f"{bytes(self.seen[-1500:])!r}") from None

    async def connected(self, count=1, timeout=20.0):
        await self._wait(lambda: self.connections >= count, f"connection {count} of the gateway", timeout)

    async def expect(self, pattern, after=0, timeout=20.0):
        """A match of the pattern, which is text, in what came after the mark."""
        expression = re.compile(pattern.encode(), re.DOTALL)
        return await self._wait(lambda: expression.search(self.seen, after), repr(pattern), timeout)

    async def send(self, text, may_break=False):
        try:
            self.writer.write(text if isinstance(text, bytes) else text.encode())
            await asyncio.wait_for(self.writer.drain(), 20 * PATIENCE)
        except ConnectionError:
            if not may_break:
                raise

    async def log_in(self, who, contact, timeout=20.0):
        """Registers `who` (a full JID), comes online, and waits until `contact` answers."""
        mark = self.mark()
        await self.send(f"<iq type='set' id='register' from='{who}' to='{self.domain}'><query "
                        f"xmlns='jabber:iq:register'><username>{who.split('@')[0]}</username></query></iq>")
        await self.expect("<iq [^>]*id=.register.[^>]*", mark, timeout)
        await self.come_back(who, contact, timeout)

    async def come_back(self, who, contact, timeout=20.0):
        """The presence, and words until there is an answer."""
        await self.send(f"<presence from='{who}' to='{self.domain}'/>")
        end = time.monotonic() + timeout * PATIENCE
        while True:
            try:
                return await self.ask(who, contact, 0.5)
            except Failure:
                if time.monotonic() > end:
                    raise

    async def ask(self, who, contact, timeout=20.0):
        """Seconds until `contact` has answered to `who` with the words it was sent."""
        self.asked += 1
        mark, begin = self.mark(), time.monotonic()
        await self.send(f"<message type='chat' from='{who}' to='{contact}'><body>question {self.asked};</body>"
                        "</message>")
        expression = re.compile(rb"<message [^>]*type=.chat.[^>]*>(?:(?!</message>).)*<body>question %d;"
                                % self.asked, re.DOTALL)
        await self._wait(lambda: expression.search(self.seen, mark), f"{contact}'s answer to {who}", timeout)
        return time.monotonic() - begin
