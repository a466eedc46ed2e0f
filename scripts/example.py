# SPDX-License-Identifier: MIT
"""What the examples of scripts/run share: a folder for their state, processes in it, a private IRC server with somebody in it."""
import asyncio
import os
import shutil
import signal
import socket

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build", "release")
CHANNEL = "#lobby"
WAIT_SECONDS = 60


class CannotStart(Exception):
    """A sentence for the person."""


def choose_port(wanted=None):
    for port in (wanted, 0) if wanted else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise CannotStart("There is no free port on 127.0.0.1.")


class Example:
    def __init__(self, name):
        self.state = os.path.join(TOP, ".run", name)
        self.processes, self.tasks = [], []  # in order; ended in reverse

    async def start(self, name, *argv):
        with open(os.path.join(self.state, f"{name}.log"), "wb") as log:
            process = await asyncio.create_subprocess_exec(
                *argv, cwd=self.state, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.processes.append(process)
        return process

    async def wait_for_port(self, port, what, process):
        for _ in range(WAIT_SECONDS * 20):
            if process.returncode is not None:
                break
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            except OSError:
                await asyncio.sleep(0.05)
        raise CannotStart(f"{what} did not start; its log is in {self.state}")

    async def start_network(self):
        """ngircd, and the greeter in its channel. The port."""
        port = choose_port()
        program = shutil.which("ngircd", path=os.environ.get("PATH", "") + ":/usr/sbin")
        config = os.path.join(self.state, "ngircd.conf")
        with open(config, "w") as file:
            file.write(f"""[Global]
Name = irc.example
Info = a private server for the example
Listen = 127.0.0.1
Ports = {port}
ServerUID = {os.getuid()}
ServerGID = {os.getgid()}
MotdPhrase = Welcome.
[Limits]
MaxNickLength = 30
MaxConnectionsIP = 0
[Options]
DNS = no
Ident = no
PAM = no
[Channel]
Name = {CHANNEL}
Topic = The lobby: say something, somebody answers
""")
        server = await self.start("ngircd", program, "-n", "-f", config)
        await self.wait_for_port(port, "ngircd", server)
        self.tasks.append(asyncio.create_task(greeter(port)))
        return port

    def write_gateway_config(self, irc_port, service, more=""):
        """transportd with the IRC backend. service: lines for [service], more: further sections. The file's path."""
        config = os.path.join(self.state, "transport.cfg")
        with open(os.open(config, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"""[service]
{service}backend = {BUILD}/backends/irc/transport-irc
irc_server = 127.0.0.1:{irc_port}
working_dir = {self.state}/gateway
pidfile = {self.state}/transportd.pid
portfile = {self.state}/transportd.port
[database]
type = sqlite3
database = {self.state}/gateway/database.sqlite
{more}""")
        return config

    async def run(self, begin):
        """begin() starts all and returns tasks; until one of them ends, transportd (the last process) does, or Ctrl-C comes."""
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        interrupted = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
        try:
            starting = asyncio.create_task(begin())
            waiting = [asyncio.create_task(interrupted.wait()), starting]
            self.tasks.extend(waiting)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if interrupted.is_set():
                return
            waiting = [waiting[0], asyncio.create_task(self.processes[-1].wait()), *starting.result()]
            self.tasks.extend(waiting)
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if waiting[1] in done:
                print(f"transportd ended with {self.processes[-1].returncode}; its log is {self.state}/transportd.log")
            for task in done:
                task.result()
        except CannotStart as problem:
            raise SystemExit(str(problem)) from None
        finally:
            try:
                print("\nStopping ...", flush=True)
            finally:  # also where nobody reads that any more
                await self.stop()

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for process in reversed(self.processes):
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except asyncio.TimeoutError:
                    process.kill()
                    await process.wait()


async def greeter(port):
    """Somebody on IRC who answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    def send(line):
        writer.write(line.encode() + b"\r\n")
    send("NICK greeter")
    send("USER greeter 0 * :who answers")
    while True:
        line = (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            return
        words = line.split(" ", 3)
        author = words[0][1:].split("!")[0]
        if words[0] == "PING":
            send("PONG " + line[5:])
        elif words[1] == "001":
            send(f"JOIN {CHANNEL}")
        elif words[1] == "JOIN" and author != "greeter":
            send(f"PRIVMSG {CHANNEL} :Welcome, {author}. I sit on IRC; you came over the bridge.")
        elif words[1] == "PRIVMSG" and len(words) == 4 and author != "greeter":
            target = CHANNEL if words[2].startswith("#") else author
            send(f"PRIVMSG {target} :{author}, I read: {words[3][1:][:300]}")
