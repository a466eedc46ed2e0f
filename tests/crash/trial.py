# SPDX-License-Identifier: MIT
"""What is done to a gateway, and what is counted; between people on XMPP and the echo backend, and IRC."""
import asyncio
import contextlib
import os
import re
import signal
import sys
import time

from slixmpp.xmlstream.handler import Callback

from harness.person import _Matcher
from harness.process import Failure, wait_until
from ledger import Ledger, look_in
from points import begins, crash_points

GATEWAY = "irc.localhost"
ECHO = f"echo@{GATEWAY}"
ROOM = f"#lobby@{GATEWAY}"
SETTLE_SECONDS = 30
OF_BACKENDS = ("plugin.", "irc.")  # the crash points at which a backend dies
PASSAGE_SECONDS = 15  # until a crash point is passed


class Trial:
    """Prosody, a gateway and alice, with messages going both ways."""

    backend = None
    resident = None  # nickname of the one on IRC through whom we hear what is said there
    rate = 100
    # Crash points that no message of this trial comes to, by the beginnings of their names, and why.
    elsewhere = {"slack.": "there is no Slack", "core.matrix.": "there is no homeserver", "core.http.": "nothing calls by HTTP",
                 "core.network.giving_back": "nothing of it is refused: the matrix trial has that"}
    # Passed now and then only: the first time counts.
    rare = ("core.attach.",)

    def __init__(self, world, options):
        self.world = world
        self.options = options
        self.ledgers = []
        self.restarts = []  # seconds from the start of a new core to the first message that came through
        self.kills = {"core": 0, "backend": 0, "point": 0}
        self.started = None
        self.inside = True  # the resident is in the channel
        self.quits = 0
        self.talking = None
        self.aim = ""  # the crash point at which the gateway is to die next
        self.reached = set()
        self.missed = {}  # crash point -> the passages at which nothing died

    async def start(self):
        self.prosody = await self.world.prosody()
        self.gateway = self.world.gateway(backend=self.backend)
        self.gateway.component_of(self.prosody)
        self.gateway.keys.update({"registration.auto_register": "1", "logging.level": "info",
                                  "spool.durability": self.options.durability})
        await self.configure()
        await self.gateway.start()
        await self.gateway.process.wait_log("connected to 127.0.0.1")
        self.alice = await self.world.person("alice@localhost", self.prosody.c2s_port)
        self.alice.register_handler(Callback("crash test", _Matcher("message"), self.heard))
        await self.enter()
        self.talking = asyncio.create_task(self.talk())

    def note(self, ledger, text):
        if ledger.arrives(text) and self.started:
            self.restarts.append(time.monotonic() - self.started)
            self.started = None

    def look_at_spool(self):
        accepted, waiting = look_in(os.path.join(self.gateway.folder, "state", "spool"),
                                    [ledger.prefix for ledger in self.ledgers])
        for ledger in self.ledgers:
            ledger.accepted |= accepted[ledger.prefix]
            ledger.waiting = waiting[ledger.prefix]

    async def kill(self, victim):
        self.kills[victim] += 1
        if victim == "backend":
            for pid in self.gateway.backends():
                os.kill(pid, signal.SIGKILL)
            self.backend_killed()
        else:
            await self.gateway.kill_core()
            self.look_at_spool()
            await self.start_again()

    def backend_killed(self):
        # What IRC says from here until the resident is back in the channel nobody can have heard.
        self.inside = False

    def see(self, line):
        """What carol reads of the resident."""
        if re.match(rf":{self.resident}[^ ]* JOIN ", line):
            self.inside = True
        elif re.match(rf":{self.resident}[^ ]* (QUIT|PART)", line):
            self.inside = False
            self.quits += 1
            # Said a moment ago, and perhaps not read by the process that died.
            for ledger in self.from_irc:
                ledger.excused.update(range(max(1, ledger.sent - int(self.rate)), ledger.sent + 1))

    def next_of_irc(self):
        texts = [ledger.next() for ledger in self.from_irc]
        for ledger in self.from_irc:
            if not self.inside:
                ledger.excused.add(ledger.sent)
        return texts[0]

    async def start_again(self):
        self.started = time.monotonic()
        await self.gateway.start(wait=False)

    async def kill_at(self, point, count):
        """A new core that will die at this point, or whose backend will."""
        token = os.path.join(self.gateway.folder, "state", "backend", "crash-token")
        os.makedirs(os.path.dirname(token), exist_ok=True)
        with open(token, "w"):
            pass
        if point.startswith("core.attach."):
            await wait_until(lambda: self.started is None, "a backend to be there", SETTLE_SECONDS)
        victims = await self.gateway.kill_core()
        if point.startswith((*OF_BACKENDS, "core.attach.announced")):
            for pid in victims:
                # One that was only being started goes with its core.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.backend_killed()
        self.look_at_spool()
        self.aim = point
        os.environ["LIBTRANSPORT_CRASH_AT"] = f"{point}:{count}:{token}"
        await self.start_again()
        del os.environ["LIBTRANSPORT_CRASH_AT"]
        try:
            await wait_until(lambda: not os.path.exists(token), f"a crash at {point}", PASSAGE_SECONDS)
        except Failure:
            os.unlink(token)
            self.aim = ""
            self.missed.setdefault(point, []).append(count)
            if self.options.verbose:
                print(f"no crash at {point}:{count}\n{self.gateway.process.log()[-1500:]}", file=sys.stderr)
            return
        self.aim = ""
        self.kills["point"] += 1
        if self.options.verbose:
            print(f"{time.strftime('%X', time.gmtime())} dead at {point}", file=sys.stderr)
        self.reached.add(point)
        if not point.startswith(OF_BACKENDS):
            await self.gateway.process.child.wait()
            self.look_at_spool()
            await self.start_again()
        else:
            self.backend_killed()
        await asyncio.sleep(0.3)

    def settled(self):
        return not any(ledger.open() for ledger in self.ledgers)

    async def settle(self):
        self.talking.cancel()
        await asyncio.gather(self.talking, return_exceptions=True)
        try:
            await wait_until(self.settled, "everything to have an outcome", SETTLE_SECONDS)
        except Failure:
            pass
        self.look_at_spool()

    def verdict(self):
        faults = [f"{point} was never passed: it is none, or this trial has to go there, or to say why not"
                  for point in self.missed if point not in self.reached]
        for ledger in self.ledgers:
            if ledger.lost():
                faults.append(f"{ledger.name}: accepted and lost: {ledger.lost()[:20]}")
            # The end of a stream that has unread input makes the kernel throw away what the other side had not read.
            if len(ledger.taken()) > 1 + self.kills["core"] // 50:
                faults.append(f"{ledger.name}: taken, and not there: {ledger.taken()[:20]}")
            if ledger.reordered:
                faults.append(f"{ledger.name}: out of order: {ledger.reordered[:20]}")
            if len(ledger.repeated) > self.allowed_repetitions(ledger):
                faults.append(f"{ledger.name}: came again: {ledger.repeated[:20]}")
        return faults

    def allowed_repetitions(self, ledger):
        # XMPP's end cannot tell a repetition: what the kernel had taken when the core died without having noted it.
        return self.kills["core"] + self.kills["point"]

    def report(self):
        times = sorted(self.restarts)
        return {
            "backend": self.backend, "kills": self.kills, "passages without a crash": self.missed,
            "ledgers": [ledger.report() for ledger in self.ledgers],
            "first message after a restart, s": {
                "median": round(times[len(times) // 2], 3), "p99": round(times[int(len(times) * 0.99)], 3),
                "worst": round(times[-1], 3)} if times else None,
        }

    def passages(self, counts):
        """(point, at which passage) of those that its processes pass."""
        for point in crash_points():
            if not begins(point, self.elsewhere):
                yield from ((point, count) for count in ([1] if begins(point, self.rare) else counts))


class EchoTrial(Trial):
    """Everything that alice says to a contact comes back from it, under an id that follows from hers."""

    backend = "echo"

    async def configure(self):
        self.echoes = Ledger("alice to the echo and back", "e")
        self.ledgers = [self.echoes]
        self.rate = self.options.rate

    async def enter(self):
        await self.alice.register(GATEWAY, "alice")
        self.alice.send_presence_subscription(pto=GATEWAY, ptype="subscribe")
        self.alice.send_presence(pto=GATEWAY)
        await self.alice.presence(ECHO, "available")

    async def talk(self):
        while True:
            text = self.echoes.next()
            message = self.alice.make_message(mto=ECHO, mbody=text, mtype="chat")
            message["id"] = text
            message.send()
            await asyncio.sleep(1 / self.rate)

    def heard(self, message):
        if message["from"].bare != ECHO:
            return
        if message["type"] == "error":
            self.echoes.bounces(message["id"])
        else:
            self.note(self.echoes, message["body"])


class IrcTrial(Trial):
    """alice on XMPP and carol on IRC talk in one channel."""

    backend = "irc"
    resident = "alice"

    async def configure(self):
        self.out = Ledger("alice to IRC", "a")
        self.back = Ledger("IRC to alice", "c")
        self.from_irc = [self.back]
        self.ledgers = [self.out, self.back]
        self.ircd = await self.world.ngircd()
        self.gateway.irc(self.ircd)
        self.gateway.keys["irc.line_interval"] = "0"
        self.rate = self.options.irc_rate

    async def enter(self):
        self.carol = await self.world.irc_client(self.ircd, "carol")
        await self.carol.join("#lobby")
        self.alice.join(ROOM, "alice")
        await self.alice.joined(ROOM, "alice")
        self.watching = asyncio.create_task(self.watch())

    async def watch(self):
        seen = 0
        while True:
            lines = self.carol.lines
            while seen < len(lines):
                way, line = lines[seen]
                seen += 1
                if way == "<":
                    self.carol_hears(line)
            await asyncio.sleep(0.002)

    def carol_hears(self, line):
        self.see(line)
        match = re.match(r":alice[^ ]* PRIVMSG #lobby :(a\d+)$", line)
        if match:
            self.note(self.out, match[1])

    async def talk(self):
        while True:
            text = self.out.next()
            message = self.alice.make_message(mto=ROOM, mbody=text, mtype="groupchat")
            message["id"] = text
            message.send()
            self.carol.send(f"PRIVMSG #lobby :{self.next_of_irc()}")
            await asyncio.sleep(1 / self.rate)

    def heard(self, message):
        if message["type"] == "error":
            self.out.bounces(message["id"])
        elif message["from"].full == f"{ROOM}/carol":
            self.note(self.back, message["body"])

    def allowed_repetitions(self, ledger):
        # What the network had taken when a backend died without having said so.
        if ledger is self.out:
            return self.kills["backend"] + self.kills["point"]
        return super().allowed_repetitions(ledger)

    def verdict(self):
        faults = super().verdict()
        backends = self.kills["backend"] + self.kills["point"]
        if self.quits > 2 * backends:
            faults.append(f"IRC saw alice leave {self.quits} times, with {backends} deaths of a backend")
        return faults
