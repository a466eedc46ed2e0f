# SPDX-License-Identifier: MIT
"""Programs of others, as their authors published them, and what they need on the other side."""
import asyncio
import fcntl
import json
import os
import shutil
import sys

from .process import Skip

INSTALL_SECONDS = 270


async def python_with(build, name, *packages):
    """An interpreter that has these packages, kept in the build folder for the next time."""
    folder = os.path.join(os.path.dirname(os.path.abspath(build)), "third-party", name)
    python = os.path.join(folder, "bin", "python3")
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if os.path.exists(os.path.join(folder, "complete")):
            return python
        shutil.rmtree(folder, ignore_errors=True)
        for words in ([sys.executable, "-m", "venv", folder],
                      [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]):
            child = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.DEVNULL,
                                                         stdout=asyncio.subprocess.PIPE,
                                                         stderr=asyncio.subprocess.STDOUT)
            try:
                output, _ = await asyncio.wait_for(child.communicate(), INSTALL_SECONDS)
            except asyncio.TimeoutError:
                child.kill()
                await child.wait()
                output = b"it takes too long"
            if child.returncode != 0:
                raise Skip(f"{' '.join(packages)} cannot be installed: {output.decode(errors='replace')[-300:]}")
        with open(os.path.join(folder, "complete"), "w"):
            pass
    return python


class FakeSignald:
    """The daemon that Signal's backend talks to: lines of JSON at a Unix socket."""

    def __init__(self, path):
        self.path = path
        self.accounts = set()  # numbers that are registered
        self.sent = []         # what was to be sent: requests
        self.writers = []
        self.server = None

    async def start(self):
        self.server = await asyncio.start_unix_server(self.serve, self.path)

    async def stop(self):
        self.server.close()
        for writer in self.writers:
            writer.close()

    def tell(self, **line):
        for writer in self.writers:
            writer.write(json.dumps(line).encode() + b"\n")

    def message(self, account, source, **what):
        self.tell(type="message", data={"username": account, "source": {"number": source}, **what})

    async def serve(self, reader, writer):
        self.writers.append(writer)
        while True:
            try:
                line = await reader.readline()
            except ConnectionError:
                return
            if not line:
                return
            request = json.loads(line)
            answer = getattr(self, f"on_{request['type']}", lambda _: {})(request)
            error = answer.pop("error", None)
            self.tell(type=request["type"], id=request["id"], data=answer, **({"error": error} if error else {}))
            after = getattr(self, f"after_{request['type']}", None)
            if after and not error:
                await writer.drain()
                after(request)

    def on_subscribe(self, request):
        if request["username"] in self.accounts:
            return {}
        return {"error": {"type": "no_such_account", "message": "no such account"}}

    def after_subscribe(self, request):
        self.tell(type="listen_started", data=request["username"])

    def after_register(self, request):
        self.tell(type="verification_required", data={"username": request["username"]})

    def after_verify(self, request):
        self.accounts.add(request["username"])
        self.tell(type="verified", data={"username": request["username"]})

    def on_get_profile(self, request):
        number = request["address"]["number"]
        return {"name": f"Name of {number}", "profile_name": f"Name of {number}", "address": {"number": number}}

    def on_list_contacts(self, request):
        return {"profiles": [{"profile_name": "Bob", "address": {"number": "+15550002"}}]}

    def on_list_groups(self, request):
        return {"groups": [{"id": "Group1=", "title": "A group"}]}

    def on_send(self, request):
        self.sent.append(request)
        return {}
