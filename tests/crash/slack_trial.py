# SPDX-License-Identifier: MIT
"""Between IRC and a Slack of the tests' own."""
import asyncio
import re
import time

from harness.process import wait_until
from ledger import Ledger
from trial import Trial


class SlackTrial(Trial):
    """egon on Slack and carol on IRC talk in one channel. Both ends can tell a repetition: there must be none."""

    backend = "irc"
    channels = ("general",)  # tied to #lobby; egon speaks in the first
    slow = None  # messages a second of egon's, if they are fewer than on IRC
    resident = "bridge"
    elsewhere = {
        "core.matrix.": "there is no homeserver", "core.stream_": "there is no XMPP server",
        "core.network.giving_back": "the matrix trial has it",
        "plugin.": "the irc trial has it", "slack.token.": "slack_install.rotation_killed has it",
        **{f"slack.{name}": "IRC has no such thing: the linked trial has it"
           for name in ("deleting", "editing", "file.", "reacting", "upload.")},
    }

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
        # What the network had taken when a backend died.
        return self.kills["backend"] if ledger is self.out else 0

    def verdict(self):
        missing = [f"{ledger.name}: lost: {[n for n in ledger.open() if n not in ledger.excused][:20]}"
                   for ledger in self.ledgers if set(ledger.open()) - ledger.excused]
        return super().verdict() + missing


class SlackChannelsTrial(SlackTrial):
    """Two channels of Slack are tied to the room: each has what carol says, and the second also what egon says in the first."""

    channels = ("general", "annex")
    slow = 0.4  # the second takes one a second, of both
