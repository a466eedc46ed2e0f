# SPDX-License-Identifier: MIT
"""The server's end of a WebSocket (RFC 6455), frame by frame: a peer's fragments and sizes are seen as they came."""
import base64
import hashlib
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LONGEST_FRAME = 16 * 1024 * 1024


class ProtocolError(Exception):
    """The peer breaks RFC 6455."""


class Frame:
    __slots__ = ("opcode", "final", "payload")

    def __init__(self, opcode, final, payload):
        self.opcode, self.final, self.payload = opcode, final, payload


def is_upgrade(request):
    return (request.method == "GET" and request.headers.get("upgrade", "").lower() == "websocket"
            and request.headers.get("sec-websocket-version") == "13" and "sec-websocket-key" in request.headers)


class WebSocket:
    def __init__(self, request):
        self.reader, self.writer = request.reader, request.writer
        key = request.headers["sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        self.writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())

    async def read(self):
        """The next frame; raises ProtocolError, IncompleteReadError or ConnectionError."""
        first, second = await self.reader.readexactly(2)
        if first & 0x70:
            raise ProtocolError("a reserved bit is set, and no extension was agreed on")
        if not second & 0x80:
            raise ProtocolError("a client's frame has to be masked")
        size = second & 0x7F
        if size == 126:
            size, = struct.unpack(">H", await self.reader.readexactly(2))
        elif size == 127:
            size, = struct.unpack(">Q", await self.reader.readexactly(8))
        opcode, final = first & 0x0F, bool(first & 0x80)
        if opcode & 8 and (size > 125 or not final):
            raise ProtocolError("a control frame is at most 125 bytes and one fragment")
        if size > LONGEST_FRAME:
            raise ProtocolError("a frame is too long")
        mask = await self.reader.readexactly(4)
        return Frame(opcode, final, unmask(await self.reader.readexactly(size), mask))

    def send(self, opcode, payload=b""):
        if isinstance(payload, str):
            payload = payload.encode()
        if self.writer.transport.is_closing():
            return
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", 0x80 | opcode, size)
        elif size < 65536:
            head = struct.pack(">BBH", 0x80 | opcode, 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 127, size)
        self.writer.write(head + payload)

    def close(self, code=1000, reason=""):
        self.send(CLOSE, struct.pack(">H", code) + reason.encode())

    def abort(self):
        """Cuts the connection as a failing network does."""
        self.writer.transport.abort()


def unmask(payload, mask):
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big") if size else b""
