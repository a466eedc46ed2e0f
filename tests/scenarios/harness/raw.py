# SPDX-License-Identifier: MIT
"""A client that sends whatever a test wants, well-formed or not."""
import asyncio
import base64

from .process import PATIENCE, Failure


class RawClient:
    def __init__(self, port):
        self.port = port
        self.seen = ""
        self.reader = self.writer = None

    async def open(self, domain):
        """Connects if that is not done, and opens a stream; returns when the features are there."""
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.seen = ""
        await self.send(f"<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' to='{domain}' "
                        "xmlns:stream='http://etherx.jabber.org/streams'>")
        await self.expect("</stream:features>")

    async def send(self, text, may_break=False):
        try:
            self.writer.write(text if isinstance(text, bytes) else text.encode())
            await asyncio.wait_for(self.writer.drain(), 20 * PATIENCE)
        except (ConnectionError, asyncio.TimeoutError):
            if not may_break:
                raise

    async def _more(self, timeout):
        data = await asyncio.wait_for(self.reader.read(65536), timeout * PATIENCE)
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    async def expect(self, text, timeout=20):
        while text not in self.seen:
            if not await self._more(timeout):
                raise EOFError(f"the stream ended before {text!r}: {self.seen[-500:]!r}")

    async def until_closed(self, what, timeout=20):
        """All that came until the other side closed."""
        try:
            while await self._more(timeout):
                pass
        except ConnectionError:
            pass
        except asyncio.TimeoutError:
            raise Failure(f"{what}: the connection stays open") from None
        return self.seen

    async def start_tls(self, context):
        await self.writer.start_tls(context, server_hostname="localhost")

    async def close(self):
        if self.writer:
            self.writer.close()


def sasl_plain(name, password):
    text = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
    return f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{text}</auth>"
