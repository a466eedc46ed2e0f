# SPDX-License-Identifier: MIT
"""A client for the gateway's HTTP server."""
import asyncio
import re

from .process import PATIENCE


async def http_get(port, path, timeout=10):
    """Status, headers (one text) and content."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
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
