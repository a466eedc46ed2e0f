# SPDX-License-Identifier: MIT
"""What stands between a client and its server: connections can be stalled, and cut where it hurts."""
import asyncio
import itertools
import re
import socket
import struct

from .process import free_port, wait_until


class Link:
    """One connection through it."""

    clock = itertools.count()

    def __init__(self, reader, writer, server_reader, server_writer):
        self.reader, self.writer, self.server_reader, self.server_writer = reader, writer, server_reader, server_writer
        self.open_to_client = asyncio.Event()  # cleared: what the server says waits here
        self.open_to_client.set()
        self.said = b""   # by the client, from the beginning
        self.came = []    # when each piece of it came, on the clock of all links: (its end, when)
        self.heard = b""  # by the client
        self.held = b""   # what waits
        self.alive = True

    async def to_server(self):
        while data := await self.reader.read(65536):
            self.said += data
            self.came.append((len(self.said), next(Link.clock)))
            self.server_writer.write(data)
            await self.server_writer.drain()

    async def to_client(self):
        while data := await self.server_reader.read(65536):
            self.held += data
            if not self.open_to_client.is_set():
                continue
            self.pass_on()

    def found(self, pattern):
        """What matches in what the client said: (when its last byte came, the match)."""
        for match in re.finditer(pattern, self.said):
            yield next(when for end, when in self.came if end >= match.end()), match

    def pass_on(self, count=None):
        """What is held, or so much of it."""
        data, self.held = (self.held, b"") if count is None else (self.held[:count], self.held[count:])
        self.heard += data
        if self.alive:
            self.writer.write(data)

    def stall(self):
        self.open_to_client.clear()

    def go_on(self):
        self.open_to_client.set()
        self.pass_on()

    async def holds(self, text, timeout=20.0):
        await wait_until(lambda: text in self.held, f"{text!r} to be held up", timeout)

    async def cut(self):
        """Both sides see a connection that was reset; what the client has not got it never gets."""
        await self.writer.drain()
        self.alive = False
        for writer in (self.writer, self.server_writer):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def end_after_what_was_said(self):
        """The client gets what was passed on, and then the end of the stream."""
        await self.writer.drain()
        self.alive = False
        self.writer.close()
        self.server_writer.transport.abort()


class Relay:
    """Listens on `port`. A connection is led to one of `targets`, which `choose` picks by the number of the connection."""

    def __init__(self, *targets, choose=lambda number: 0):
        self.targets, self.choose = targets, choose
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.links = []
        self.refuses = False
        self.server = None

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self):
        self.server.close()
        for link in self.links:
            if link.alive:
                await link.cut()

    async def _serve(self, reader, writer):
        if self.refuses:
            writer.close()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(
                "127.0.0.1", self.targets[self.choose(len(self.links))])
        except OSError:
            writer.close()
            return
        link = Link(reader, writer, server_reader, server_writer)
        self.links.append(link)
        ways = [asyncio.create_task(link.to_server()), asyncio.create_task(link.to_client())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        link.alive = False
        writer.close()
        server_writer.close()

    def found(self, pattern):
        """What matches in what clients said on all connections, in the order in which it came."""
        every = (pair for link in self.links for pair in link.found(pattern))
        return [match for _, match in sorted(every, key=lambda pair: pair[0])]

    def link_of(self, nick):
        """The newest connection of the client with that nickname; None: it has none."""
        for link in reversed(self.links):
            if link.alive and f"NICK {nick}\r\n".encode() in link.said:
                return link
        return None

    async def linked(self, nick, timeout=30.0):
        return await wait_until(lambda: self.link_of(nick), f"a connection of {nick}", timeout)
