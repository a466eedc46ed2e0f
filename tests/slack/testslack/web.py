# SPDX-License-Identifier: MIT
"""HTTP/1.1 as the test Slack serves it (RFC 9112): one handler for all, that may take a connection over."""
import asyncio
import json
import re
import time
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote, urlsplit

LONGEST_HEAD = 64 * 1024
LONGEST_BODY = 256 * 1024 * 1024
REASONS = {200: "OK", 101: "Switching Protocols", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
           404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large", 429: "Too Many Requests",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}


class BadRequest(Exception):
    """What was sent is no HTTP request."""


class Request:
    def __init__(self, method, target, headers, reader, writer):
        self.method = method
        self.target = target
        parts = urlsplit(target)
        self.path = unquote(parts.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers = headers  # names in lower case
        self.reader = reader
        self.writer = writer
        self.body = b""

    @property
    def content_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def form(self):
        """name -> text, of a body in either kind of form."""
        if self.content_type == "multipart/form-data":
            return {name: content.decode("utf-8", "replace") for name, content in self.parts()}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def parts(self):
        """The names and bytes of multipart/form-data (RFC 7578)."""
        boundary = re.search(r'boundary="?([^";]+)', self.headers["content-type"])
        if not boundary:
            raise BadRequest("the form has no boundary")
        found = []
        for part in (b"\r\n" + self.body).split(b"\r\n--" + boundary[1].encode())[1:]:
            head, blank, content = part.partition(b"\r\n\r\n")
            name = re.search(rb'[; ]name="([^"]*)"', head)
            if blank and name:
                found.append((name[1].decode("utf-8", "replace"), content))
        return found


class Answer:
    def __init__(self, status=200, body=b"", content_type="text/plain; charset=utf-8", headers=None, after=None):
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = {"Content-Type": content_type, **(headers or {})}
        self.after = after  # called once it has been written

    @classmethod
    def json(cls, content, status=200, headers=None, after=None):
        return cls(status, json.dumps(content, ensure_ascii=False, separators=(",", ":")),
                   "application/json; charset=utf-8", headers, after)


class Hangup(Exception):
    """Raised by a handler: the connection is cut without an answer."""


class WebServer:
    """handler(request) is awaited for an Answer; None: it has taken the connection over and is done with it."""

    def __init__(self, handler):
        self.handler = handler
        self.server = None
        self.writers = set()
        self.requests = 0
        self.ahead = 0  # seconds of its clock

    async def start(self, port, host="127.0.0.1", tls=None):
        self.server = await asyncio.start_server(self._serve, host, port, limit=LONGEST_HEAD, ssl=tls, backlog=512)
        return self.server.sockets[0].getsockname()[1]

    async def stop(self):
        if self.server:
            self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, Hangup):
            writer.transport.abort()
        except BadRequest as fault:
            writer.write(f"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{fault}".encode())
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _one(self, reader, writer):
        request = await read_request(reader, writer)
        if request is None:
            return False
        self.requests += 1
        answer = await self.handler(request)
        if answer is None:
            return False
        closes = request.headers.get("connection", "").lower() == "close"
        head = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}"]
        head += [f"Date: {formatdate(time.time() + self.ahead, usegmt=True)}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        head += [f"Content-Length: {len(answer.body)}", "Connection: close" if closes else "Connection: keep-alive"]
        body = b"" if request.method == "HEAD" else answer.body
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        if answer.after:
            answer.after()
        return not closes


async def read_request(reader, writer):
    """None: the connection ended between two requests."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(f"no request line: {lines[0][:80]!r}")
    headers = {}
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest(f"no header: {line[:80]!r}")
        headers[name.lower()] = value.strip()
    request = Request(words[0], words[1], headers, reader, writer)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        request.body = await read_chunks(reader)
    elif "content-length" in headers:
        size = int(headers["content-length"])
        if size > LONGEST_BODY:
            raise BadRequest("the body is too long")
        request.body = await reader.readexactly(size)
    return request


async def read_chunks(reader):
    parts = []
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        parts.append(await reader.readexactly(size))
        if size:
            await reader.readexactly(2)
            continue
        while (await reader.readline()).strip():
            pass
        return b"".join(parts)
