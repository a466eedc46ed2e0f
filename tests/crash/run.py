#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Kills the gateway's processes under traffic and looks whether a message was lost. See docs/durability.md.

Messages are numbered, in both directions, through real Prosody; with the echo backend, then with the IRC backend on real
ngircd; then between IRC and a Matrix homeserver of the tests' own, and a test Slack. A ledger says of each whether it arrived
(once, in order), came back as an error, or neither. What was neither and
had been accepted, that is, had been in the spool at one of the kills, is lost: that must not be.
"""
import argparse
import asyncio
import json
import os
import random
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "scenarios")]

from slixmpp.xmlstream.handler import Callback  # noqa: E402

from harness.person import _Matcher  # noqa: E402
from harness.process import Failure, Skip, wait_until  # noqa: E402
from harness.world import World  # noqa: E402
from ledger import Ledger, look_in  # noqa: E402
from test_matrix import CAROL, alias, enter, ghost, with_account  # noqa: E402

GATEWAY = "irc.localhost"
ECHO = f"echo@{GATEWAY}"
ROOM = f"#lobby@{GATEWAY}"
SOURCES = os.path.join(HERE, "..", "..")
SETTLE_SECONDS = 30


def crash_points():
    """Names in the source."""
    found = set()
    for folder, _, files in os.walk(SOURCES):
        if "/build" in folder:
            continue
        for name in files:
            if name.endswith(".c"):
                with open(os.path.join(folder, name)) as file:
                    found.update(re.findall(r'CRASH_POINT\("([a-z_.]+)"\)', file.read()))
    return sorted(found)


class Trial:
    """Prosody, a gateway and alice, with messages going both ways."""

    backend = None
    resident = None  # nickname of the one on IRC through whom we hear what is said there
    rate = 100
    foreign = ("slack.", "core.matrix.")  # crash points that no message of this trial comes to

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
        self.missed_points = []

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
        victims = await self.gateway.kill_core()
        if point.startswith(("plugin.", "irc.")):
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            self.backend_killed()
        self.look_at_spool()
        os.environ["LIBTRANSPORT_CRASH_AT"] = f"{point}:{count}:{token}"
        await self.start_again()
        del os.environ["LIBTRANSPORT_CRASH_AT"]
        try:
            await wait_until(lambda: not os.path.exists(token), f"a crash at {point}", 10)
        except Failure:
            os.unlink(token)
            self.missed_points.append(f"{point}:{count}")
            if self.options.verbose:
                print(f"no crash at {point}:{count}\n{self.gateway.process.log()[-1500:]}", file=sys.stderr)
            return
        self.kills["point"] += 1
        if not point.startswith(("plugin.", "irc.")):
            await self.gateway.process.child.wait()
            self.look_at_spool()
            await self.start_again()
        else:
            self.backend_killed()
        await asyncio.sleep(0.3)

    async def settle(self):
        self.talking.cancel()
        await asyncio.gather(self.talking, return_exceptions=True)

        def settled():
            return not any(ledger.open() for ledger in self.ledgers)
        try:
            await wait_until(settled, "everything to have an outcome", SETTLE_SECONDS)
        except Failure:
            pass
        self.look_at_spool()

    def verdict(self):
        faults = []
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
            "backend": self.backend, "kills": self.kills, "points without a crash": self.missed_points,
            "ledgers": [ledger.report() for ledger in self.ledgers],
            "first message after a restart, s": {
                "median": round(times[len(times) // 2], 3), "p99": round(times[int(len(times) * 0.99)], 3),
                "worst": round(times[-1], 3)} if times else None,
        }


    def points(self):
        """Those that its processes pass."""
        return [point for point in crash_points() if not point.startswith(self.foreign)]


class SlackTrial(Trial):
    """egon on Slack and carol on IRC talk in one channel. Both ends can tell a repetition: there must be none."""

    backend = "irc"
    channels = ("general",)  # tied to #lobby; egon speaks in the first
    slow = None  # messages a second of egon's, if they are fewer than on IRC
    resident = "bridge"
    # slack_install.rotation_killed has those of tokens.
    foreign = ("core.matrix.", "core.stream", "plugin.", "irc.", "slack.token.")

    async def start(self):
        self.out = Ledger("Slack to IRC", "s")
        self.back = Ledger("IRC to Slack", "c")
        self.from_irc = [self.back, *(Ledger(f"IRC to #{name} of Slack", "c") for name in self.channels[1:])]
        self.crossing = [Ledger(f"Slack to #{name} of Slack", "s") for name in self.channels[1:]]
        self.ledgers = [self.out, *self.crossing, *self.from_irc]
        self.rate = self.slow or self.options.irc_rate
        self.slack = await self.world.slack()
        self.ircd = await self.world.ngircd()
        self.egon = self.slack.person("egon", display_name="egon")
        for channel in self.channels:
            self.slack.channel(channel, "egon")
        self.gateway = self.world.gateway(backend=self.backend)
        self.gateway.irc(self.ircd)
        self.gateway.slack_of(self.slack)
        self.gateway.keys.update({"logging.level": "info", "irc.line_interval": "0",
                                  "spool.durability": self.options.durability,
                                  "slack.admin": f"{self.slack.team.id}/{self.egon.id}"})
        await self.gateway.start()
        await self.slack.wait_connected()
        self.carol = await self.world.irc_client(self.ircd, "carol")
        await self.carol.join("#lobby")
        self.egon.say(self.egon.dm(self.slack.bot.bot_user), "relay login bridge")
        self.egon.slash("/bridge", "link #lobby", "general")
        await self.carol.expect(r"^:bridge!\S+ JOIN :?#lobby$")
        for number, channel in enumerate(self.channels[1:], 2):
            self.egon.slash("/bridge", "link #lobby", channel)
            await wait_until(lambda n=number: len(self.egon.user.ephemerals) >= n, f"{channel} to be tied", 20)
        self.watching = asyncio.create_task(self.watch())
        self.talking = asyncio.create_task(self.talk())

    async def watch(self):
        lines = 0
        # Who speaks where.
        ledgers = {("carol", name): ledger for name, ledger in zip(self.channels, self.from_irc)}
        ledgers.update({("egon", name): ledger for name, ledger in zip(self.channels[1:], self.crossing)})
        seen = {name: 0 for name in self.channels}
        while True:
            for way, line in self.carol.lines[lines:]:
                if way == "<":
                    self.see(line)
                match = way == "<" and re.match(r":bridge[^ ]* PRIVMSG #lobby :<egon> (s\d+)$", line)
                if match:
                    self.note(self.out, match[1])
            lines = len(self.carol.lines)
            for name, before in seen.items():
                there = self.slack.team.channel(name).in_order()
                for message in there[before:]:
                    ledger = ledgers.get((message.json.get("username"), name))
                    if ledger:
                        self.note(ledger, message.json["text"])
                seen[name] = len(there)
            await asyncio.sleep(0.01)

    async def talk(self):
        begun = time.monotonic()
        while True:
            self.egon.say("general", [ledger.next() for ledger in (self.out, *self.crossing)][0])
            # Slack takes about one a second in a channel.
            if self.back.sent < 0.9 * (time.monotonic() - begun):
                self.carol.send(f"PRIVMSG #lobby :{self.next_of_irc()}")
            await asyncio.sleep(1 / self.rate)

    def allowed_repetitions(self, ledger):
        return 0

    def verdict(self):
        missing = [f"{ledger.name}: lost: {[n for n in ledger.open() if n not in ledger.excused][:20]}"
                   for ledger in self.ledgers if set(ledger.open()) - ledger.excused]
        return super().verdict() + missing


class SlackChannelsTrial(SlackTrial):
    """Two channels of Slack are tied to the room: each has what carol says, and the second also what egon says in the first."""

    channels = ("general", "annex")
    slow = 0.4  # the second takes one a second, of both


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


class MatrixTrial(IrcTrial):
    """alice on a homeserver (the tests' own, which keeps what is not acknowledged and takes each transaction id once) and people
    on IRC, in a portal that is there, in portals that are made all the time, and in chats that somebody else begins."""

    foreign = ("slack.", "core.stream_")

    async def start(self):
        self.homeserver = self.world.fake_homeserver()
        self.gateway = self.world.gateway(backend=self.backend)
        self.gateway.keys.update({"logging.level": "info", "spool.durability": self.options.durability,
                                  "settings.stay_connected": "1", "matrix.spaces": "1"})
        await self.configure()
        await self.gateway.appservice_of(self.homeserver)
        await asyncio.gather(self.homeserver.start(), self.gateway.start())
        await self.enter()
        self.homeserver.watchers.append(self.happens)
        self.talking = asyncio.gather(self.talk(), self.talk_in_new_portals(), self.begin_chats())

    async def configure(self):
        await super().configure()
        self.dens = Ledger("alice to IRC in new portals", "d", ordered=False)
        self.chats = Ledger("IRC to alice in new chats", "p", ordered=False)
        self.ledgers += [self.dens, self.chats]
        self.deaths = 0

    async def enter(self):
        self.carol = await self.world.irc_client(self.ircd, "carol")
        self.dave = await self.world.irc_client(self.ircd, "dave")
        await self.carol.join("#lobby")
        self.alice, _ = await with_account(self.world, self.homeserver, "alice")
        self.portal = await enter(self.alice, self.carol)
        self.watching = asyncio.create_task(self.watch())

    def backend_killed(self):
        super().backend_killed()
        self.deaths += 1

    def carol_hears(self, line):
        super().carol_hears(line)
        match = re.match(r":alice[^ ]* PRIVMSG #den[0-9]+ :(d\d+)$", line)
        if match:
            self.note(self.dens, match[1])

    def happens(self, event):
        if event["type"] != "m.room.message":
            return
        if event["room_id"] == self.portal and event["sender"] == CAROL:
            self.note(self.back, event["content"]["body"])
        elif event["sender"].startswith(ghost("dave")[:-len(":localhost")]):
            self.note(self.chats, event["content"]["body"])

    async def talk(self):
        while True:
            await self.alice.say(self.portal, self.out.next())
            self.carol.send(f"PRIVMSG #lobby :{self.next_of_irc()}")
            await asyncio.sleep(1 / self.rate)

    async def talk_in_new_portals(self):
        while True:
            channel = f"#den{self.dens.sent + 1}"
            await self.carol.join(channel)
            room = None
            while not room:
                try:
                    room = await self.alice.join(alias(channel))
                except (OSError, EOFError, Failure):
                    await asyncio.sleep(0.05)  # there is no gateway to ask
            await self.alice.say(room, self.dens.next())
            await asyncio.sleep(0.3)

    async def begin_chats(self):
        while True:
            text = self.chats.next()
            self.dave.send(f"NICK dave{self.chats.sent}")
            if not self.inside:
                self.chats.excused.add(self.chats.sent)
            self.dave.send(f"PRIVMSG alice :{text}")
            await asyncio.sleep(0.3)

    def allowed_repetitions(self, ledger):
        # Where both ends know a repetition, there is none but for what the network had taken when a backend died.
        return self.deaths if ledger in (self.out, self.dens) else 0

    def verdict(self):
        faults = super().verdict()
        for ledger in (self.out, self.dens):
            if ledger.open():
                faults.append(f"{ledger.name}: the homeserver was told that it was taken: {ledger.open()[:20]}")
        for ledger in (self.back, self.chats):
            missing = [number for number in ledger.open() if number not in ledger.excused]
            if missing and not self.deaths:
                faults.append(f"{ledger.name}: lost: {missing[:20]}")
        return faults + self.rooms_made_twice()

    def rooms_made_twice(self):
        """Each contact makes one, and there is a space of alice's."""
        made = [(room.events[0]["sender"], room.state["m.room.create", ""].get("type")) for room in self.homeserver.rooms.values()]
        once = [(who, kind) for who, kind in made if who not in (self.homeserver.bot, self.alice.id) or kind == "m.space"]
        return [f"{who} has made {once.count((who, kind))} rooms" for who, kind in set(once) if once.count((who, kind)) > 1]


async def kill_at_random(trial, kills, seconds, only):
    end = time.monotonic() + seconds
    for _ in range(kills):
        await asyncio.sleep(random.uniform(0.05, 0.5))
        if time.monotonic() > end:
            break
        victim = only or random.choices(["core", "backend"], [3, 1])[0]
        try:
            await trial.kill(victim)
        except ProcessLookupError:
            continue
        # A core that was never up has nothing to lose.
        if victim == "core":
            await wait_until(lambda: trial.started is None, "a message to come through", 20)


async def kill_at_points(trial, counts, wanted):
    for point in trial.points():
        if not point.startswith(wanted):
            continue
        for count in counts:
            await trial.kill_at(point, count)


async def run_trial(kind, options):
    world = World(options.build, options.build)
    trial = kind(world, options)
    try:
        await trial.start()
        await asyncio.sleep(1)
        if options.points:
            await kill_at_points(trial, options.counts, options.only_points)
        await kill_at_random(trial, options.kills, options.seconds, options.only)
        await trial.settle()
        report, faults = trial.report(), trial.verdict()
        if faults and os.environ.get("KEEP_FAILED"):
            world.keep()
        return report, faults
    except Failure:
        print(world.show()[-6000:], file=sys.stderr)
        world.keep()
        raise
    finally:
        await world.stop()
        world.remove()


def show(report, faults):
    print(json.dumps(report, indent=2))
    for fault in faults:
        print(f"FAULT: {fault}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="a build with crash points (scripts/build plain)")
    parser.add_argument("--kills", type=int, default=50, help="kills at random moments, of each backend's trial")
    parser.add_argument("--seconds", type=float, default=3600, help="no more kills after that, of each trial")
    parser.add_argument("--points", action="store_true", help="also a kill at every crash point in turn")
    parser.add_argument("--only-points", default="", help="only points whose names begin so")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 7], help="at which passage of a point")
    parser.add_argument("--rate", type=float, default=150, help="messages a second to the echo backend")
    parser.add_argument("--irc-rate", type=float, default=20, help="messages a second each way on IRC")
    parser.add_argument("--only", choices=["core", "backend"], help="kill only these")
    parser.add_argument("--durability", default="process", choices=["process", "power"])
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("trials", nargs="*", default=["echo", "irc", "matrix", "slack"],
                        help="echo, irc, matrix, slack, channels (two of Slack, tied to one room)")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    random.seed(options.seed)
    failed = 0
    for name in options.trials:
        kind = {"echo": EchoTrial, "irc": IrcTrial, "matrix": MatrixTrial, "slack": SlackTrial,
                "channels": SlackChannelsTrial}[name]
        try:
            report, faults = asyncio.run(run_trial(kind, options))
        except Skip as why:
            print(f"skipped: {why}")
            continue
        show(report, faults)
        failed += bool(faults)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
