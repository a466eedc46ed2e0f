# SPDX-License-Identifier: MIT
"""A client for the gateway's HTTP server, and a stranger's server for files."""
import asyncio
import re
from urllib.parse import urlsplit

from .process import PATIENCE, free_port


async def http_get(port, path, timeout=10):
    """Status, headers (one text) and content."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(-1), timeout * PATIENCE)
    writer.close()
    head, _, content = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, content


async def metrics_of(port):
    """name{labels} -> value."""
    status, head, text = await http_get(port, "/metrics")
    if status != 200 or "text/plain; version=0.0.4" not in head:
        raise AssertionError(f"no metrics: {head}")
    return {match[1]: float(match[2]) for match in re.finditer(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.M)}


async def http_counts(port):
    """Connections and requests that the gateway's HTTP server has had."""
    figures = await metrics_of(port)
    return [int(figures[f"libtransport_http_{what}_total"]) for what in ("connections", "requests")]


async def http_counts_since(port, before):
    """The same, without those before and without the one of whoever counts."""
    return tuple(now - then - 1 for now, then in zip(await http_counts(port), before))


async def http_ask(method, url, content=b"", headers=(), timeout=20):
    """Asks what a URL names: status, headers (one text) and content (bytes)."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close", *headers]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + content)
    answer = await asyncio.wait_for(reader.read(-1), timeout * PATIENCE)
    writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), rest


class FileServer:
    """Somebody's web server: path -> content, each given out when its gate (if there is one) is open."""

    def __init__(self, host):
        self.host = host
        self.port = free_port()
        self.files, self.gates, self.asked = {}, {}, []
        self.server = None

    async def start(self):
        self.server = await asyncio.start_server(self._serve, self.host, self.port)

    def url(self, path):
        return f"http://{self.host}:{self.port}{path}"

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        self.asked.append(path)
        if path in self.gates:
            await self.gates[path].wait()
        content = self.files.get(path)
        status = "200 OK" if content is not None else "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(content or b'')}\r\nConnection: close\r\n\r\n".encode()
                     + (content or b""))
        await writer.drain()
        writer.close()

    async def stop(self):
        self.server.close()
