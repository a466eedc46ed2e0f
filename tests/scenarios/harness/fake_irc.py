# SPDX-License-Identifier: MIT
"""A small IRC server that can do what ngircd cannot: SASL, away-notify, and refusals on demand."""
import asyncio
import base64

from .process import Failure, wait_until


class FakeIrc:
    name = "irc.fake"

    def __init__(self, port, capabilities="away-notify", greeting=None):
        self.port = port
        self.greeting = greeting  # said to whoever connects
        self.capabilities = capabilities
        self.passwords = {}  # name -> password, for SASL
        self.taken = set()   # nicknames that somebody has
        self.refusal = None  # said instead of a welcome
        self.support = ""    # more of what 005 says
        self.online = set()  # who is there, for ISON
        self.crowds = {}     # channel -> nicknames of those who are in it
        self.holds = set()   # "welcome", "JOIN": answered when `release` is called
        self.held = []
        self.connections = 0
        self.lines = []      # what clients sent
        self.logins = []     # names that SASL accepted
        self.writers = []
        self.server = None

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self):
        self.server.close()
        self.hang_up()

    async def expect(self, line, after=0):
        await wait_until(lambda: line in self.lines[after:], f"{line!r} at the fake IRC server")

    def tell(self, text):
        """To every client."""
        for writer in self.writers:
            writer.write(text.encode() + b"\r\n")

    def hang_up(self):
        """On every client, after what was said."""
        for writer in self.writers:
            writer.close()

    def release(self, what):
        """What was held is answered, and no longer held."""
        self.holds.discard(what)
        answers, self.held = self.held, []
        for answer in answers:
            answer()

    async def _serve(self, reader, writer):
        self.writers.append(writer)
        self.connections += 1
        if self.greeting:
            writer.write(self.greeting.encode() + b"\r\n")
        client = {"nick": "*", "cap": False, "user": False, "welcome": False}
        try:
            while line := await reader.readline():
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self.lines.append(text)
                self._handle(client, writer, *text.split(" ", 1))
                await writer.drain()
        except ConnectionError:
            pass
        self.writers.remove(writer)
        writer.close()

    def _handle(self, client, writer, command, rest=""):
        def send(text):
            writer.write(f":{self.name} {text}\r\n".encode())
        nick = client["nick"]
        if command == "CAP":
            self._capability(client, send, *rest.split(" ", 1))
        elif command == "AUTHENTICATE":
            self._authenticate(client, writer, send, rest)
        elif command == "NICK":
            wanted = rest.lstrip(":")
            if wanted in self.taken:
                send(f"433 {nick} {wanted} :Nickname is already in use")
                return
            client["nick"] = wanted
        elif command == "USER":
            client["user"] = True
        elif command == "PING":
            send(f"PONG {self.name} {rest}")
        elif command == "ISON":
            send(f"303 {nick} :{' '.join(name for name in rest.lstrip(':').split() if name in self.online)}")
        elif command == "JOIN":
            channel = rest.split(" ")[0].lstrip(":")
            if "JOIN" in self.holds:
                self.held.append(lambda: self._let_in(writer, send, nick, channel))
            else:
                self._let_in(writer, send, nick, channel)
        self._welcome(client, send)

    def _let_in(self, writer, send, nick, channel):
        writer.write(f":{nick}!u@host JOIN {channel}\r\n".encode())
        send(f"353 {nick} = {channel} :{nick} @carol")
        crowd = self.crowds.get(channel, [])
        for begin in range(0, len(crowd), 30):
            send(f"353 {nick} = {channel} :{' '.join(crowd[begin:begin + 30])}")
        send(f"366 {nick} {channel} :End of NAMES")

    def _welcome(self, client, send):
        if client["welcome"] or client["cap"] or not client["user"] or client["nick"] == "*":
            return
        client["welcome"] = True
        if "welcome" in self.holds:
            self.held.append(lambda: self._greet(client, send))
        else:
            self._greet(client, send)

    def _greet(self, client, send):
        if self.refusal:
            send(self.refusal)
            return
        send(f"001 {client['nick']} :Welcome")
        send(f"005 {client['nick']} CHANTYPES=# PREFIX=(ov)@+ {self.support} :are supported")
        send(f"422 {client['nick']} :No message of the day")

    def _capability(self, client, send, what, rest=""):
        if what == "LS":
            client["cap"] = True
            send(f"CAP * LS :{self.capabilities}")
        elif what == "REQ":
            send(f"CAP * ACK {rest}")
        elif what == "END":
            client["cap"] = False

    def _authenticate(self, client, writer, send, rest):
        if rest == "PLAIN":
            client["sasl"] = ""
            writer.write(b"AUTHENTICATE +\r\n")
            return
        client["sasl"] += "" if rest == "+" else rest
        if len(rest) == 400:
            return
        try:
            _, name, password = base64.b64decode(client["sasl"], validate=True).decode().split("\0")
        except ValueError:
            raise Failure(f"SASL with {client['sasl']!r}") from None
        if self.passwords.get(name) == password:
            self.logins.append(name)
            send(f"900 {client['nick']} x {name} :You are logged in as {name}")
            send(f"903 {client['nick']} :SASL authentication successful")
        else:
            send(f"904 {client['nick']} :SASL authentication failed")
