# SPDX-License-Identifier: MIT
"""
One room on Slack, on a homeserver of the tests' own, and on IRC. What IRC does not have is done to what was said: files,
corrections, reactions and deletions, each of which has to be seen on the other side in the end, once.
"""
import asyncio
import json
import re
import sys
import time

from harness.process import wait_until
from ledger import Ledger
from slack_trial import SlackTrial
from test_matrix import CAROL, enter, with_account
from test_slack import Asker
from test_slack_kinds import media_keys

THUMB, TADA = "\U0001f44d", "\U0001f389"
DEED_SECONDS = 0.1


class LinkedTrial(SlackTrial):
    elsewhere = {
        "core.stream_": "there is no XMPP server", "plugin.": "the irc trial has it",
        "core.network.giving_back": "the matrix trial has it",
        "slack.token.": "slack_install.rotation_killed has it",
        **{f"core.matrix.{name}": "the matrix trial has it" for name in ("entered", "gap_read", "made", "making", "room_", "space.",
                                                                                   "upgrade.")},
    }
    rate = 4

    async def start(self):
        self.slack = await self.world.slack()
        # Slack's own take minutes, in which no gateway dies so often.
        self.slack.hub.retry_delays = (0.0, *(1.0,) * 20)
        self.egon = self.slack.person("egon", display_name="egon")
        self.slack.channel("general", "egon")
        self.homeserver = self.world.fake_homeserver()
        self.ircd = await self.world.ngircd()
        self.gateway = self.world.gateway(backend=self.backend)
        self.gateway.irc(self.ircd)
        await self.gateway.appservice_of(self.homeserver)
        self.gateway.slack_of(self.slack)
        self.gateway.keys.update({"logging.level": "info", "irc.line_interval": "0", "settings.stay_connected": "1",
                                  "spool.durability": self.options.durability,
                                  "slack.admin": f"{self.slack.team.id}/{self.egon.id}", **media_keys()})
        self.open_books()
        await asyncio.gather(self.homeserver.start(), self.gateway.start())
        await self.slack.wait_connected()
        self.carol = await self.world.irc_client(self.ircd, "carol")
        await self.carol.join("#lobby")
        self.alice, _ = await with_account(self.world, self.homeserver, "alice")
        self.portal = await enter(self.alice, self.carol)
        asker = Asker(self.slack, self.egon)
        await asker.ask("relay login bridge", "registered")
        await asker.command("general", "link #lobby", "tied to #lobby now")
        await self.carol.expect(r"^:bridge!\S+ JOIN :?#lobby$")
        self.homeserver.watchers.append(self.happens)
        self.watching = asyncio.create_task(self.watch())
        self.talking = asyncio.gather(self.talk(), self.do_deeds())

    def open_books(self):
        self.from_irc = [Ledger("IRC to Slack", "c"), Ledger("IRC to Matrix", "c")]
        self.of_alice = [Ledger("Matrix to Slack", "m"), Ledger("Matrix to IRC", "m")]
        self.of_egon = [Ledger("Slack to Matrix", "s"), Ledger("Slack to IRC", "s")]
        # Files are shown when they have been carried over, not in the order in which they were said.
        self.file_of_alice = Ledger("files of Matrix to Slack", "a", ordered=False)
        self.file_of_egon = Ledger("files of Slack to Matrix", "e", ordered=False)
        self.ledgers = [*self.from_irc, *self.of_alice, *self.of_egon, self.file_of_alice, self.file_of_egon]
        self.deaths = 0
        self.events, self.stamps = {}, {}  # text -> event id, and ts in the channel
        self.fresh = {"m": [], "s": []}    # what has arrived, and nothing was done to it yet
        self.wanted = []                   # (what was done, a function: whether it is to be seen)

    def backend_killed(self):
        super().backend_killed()
        self.deaths += 1

    # what is seen ----------------------------------------------------------------------------------------------------

    async def watch(self):
        lines, last = 0, 0
        while True:
            for way, line in self.carol.lines[lines:]:
                if way == "<":
                    self.see(line)
                    self.carol_hears(line)
            lines = len(self.carol.lines)
            # One that was deleted leaves its place to the next.
            there = [number for number in self.slack.team.channel("general").order if number > last]
            for message in (self.slack.team.channel("general").messages[f"{n // 1000000}.{n % 1000000:06d}"] for n in there):
                self.appears(message)
            last = max([last, *there])
            await asyncio.sleep(0.01)

    def carol_hears(self, line):
        for ledger, pattern in ((self.of_alice[1], r":alice\S* PRIVMSG #lobby :(m\d+)$"),
                                (self.of_egon[1], r":bridge\S* PRIVMSG #lobby :<egon> (s\d+)$")):
            match = re.match(pattern, line)
            if match:
                self.note(ledger, match[1])

    def appears(self, message):
        """In the channel of Slack."""
        speaker, text = message.json.get("username"), message.json["text"]
        if speaker == "carol":
            self.note(self.from_irc[0], text)
        elif speaker == "alice" and message.json.get("files"):
            self.note(self.file_of_alice, message.json["files"][0]["name"].removesuffix(".txt"))
        elif speaker == "alice" and self.of_alice[0].number(text):
            self.note(self.of_alice[0], text)
            self.keep(self.stamps, text, message.ts)

    def keep(self, names, text, name):
        if text not in names:
            names[text] = name
            self.fresh[text[0]].append(text)

    def happens(self, event):
        """On the homeserver."""
        content = event["content"]
        if event["type"] != "m.room.message" or event["room_id"] != self.portal or "m.new_content" in content:
            return
        if event["sender"] == CAROL:
            self.note(self.from_irc[1], content["body"])
        elif event["sender"].startswith("@_irc_slack") and content["msgtype"] == "m.file":
            self.note(self.file_of_egon, content["filename"].removesuffix(".txt"))
        elif event["sender"].startswith("@_irc_slack") and self.of_egon[0].number(content["body"]):
            self.note(self.of_egon[0], content["body"])
            self.keep(self.events, content["body"], event["event_id"])

    # what is said ----------------------------------------------------------------------------------------------------

    async def talk(self):
        while True:
            # Slack takes about one a second, so that the gateway does not send it more.
            if len(self.of_alice[0].open()) < 2:
                text = [ledger.next() for ledger in self.of_alice][0]
                self.events[text] = await self.alice.say(self.portal, text)
            if not set(self.from_irc[0].open()) - self.from_irc[0].excused:
                self.carol.send(f"PRIVMSG #lobby :{self.next_of_irc()}")
            text = [ledger.next() for ledger in self.of_egon][0]
            self.stamps[text] = self.egon.say("general", text)
            await asyncio.sleep(1 / self.rate)

    # what is done to it ----------------------------------------------------------------------------------------------

    async def do_deeds(self):
        # With the crash points that they lead to, which come first when the gateway is to die there.
        deeds = (
            (self.alice_corrects, "slack.editing"), (self.egon_corrects, None), (self.alice_reacts, "slack.reacting"),
            (self.egon_reacts, "core.matrix.reacting"), (self.alice_takes_back, "slack.deleting"),
            (self.egon_takes_back, "core.matrix.redacting"), (self.alice_gives_a_file, ("slack.upload.", "core.matrix.media.pulled")),
            (self.egon_gives_a_file, ("slack.file.", "core.matrix.media.")),
        )
        while True:
            aimed = [deed for deed, points in deeds if points and self.aim.startswith(points)]
            for deed in aimed or [deed for deed, _ in deeds]:
                await deed()
                await asyncio.sleep(DEED_SECONDS)
                if not aimed and any(points and self.aim.startswith(points) for _, points in deeds):
                    break

    async def one_of(self, whose):
        await wait_until(lambda: self.fresh[whose], f"a message {whose}<number> to have arrived", 60)
        return self.fresh[whose].pop(0)

    def want(self, what, seen):
        self.wanted.append((what, seen))

    def of_alice_on_slack(self, text):
        return self.slack.team.channel("general").messages.get(self.stamps[text])

    def about(self, kind, target, good=lambda event: True):
        """Events of the gateway in the portal that relate to that one, and were not taken back."""
        events = self.homeserver.rooms[self.portal].events
        gone = {event["content"].get("redacts", event.get("redacts")) for event in events if event["type"] == "m.room.redaction"}
        return [event for event in events if event["type"] == kind and event["sender"] != self.alice.id
                and event["event_id"] not in gone
                and event["content"].get("m.relates_to", {}).get("event_id") == target and good(event)]

    def alice_does(self, kind, content, **more):
        return self.homeserver.add(self.homeserver.rooms[self.portal], self.alice.id, kind, content, **more)["event_id"]

    def alice_redacts(self, event):
        self.alice_does("m.room.redaction", {"redacts": event}, redacts=event)

    async def alice_corrects(self):
        text = await self.one_of("m")
        self.alice_does("m.room.message", {
            "msgtype": "m.text", "body": f"* {text} corrected", "m.new_content": {"msgtype": "m.text", "body": f"{text} corrected"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": self.events[text]}})
        self.want(f"alice corrects {text}", lambda: self.of_alice_on_slack(text).json["text"] == f"{text} corrected")

    async def egon_corrects(self):
        text = await self.one_of("s")
        self.egon.edit("general", self.stamps[text], f"{text} corrected")
        self.want(f"egon corrects {text}", lambda: len(self.about(
            "m.room.message", self.events[text],
            lambda event: event["content"].get("m.new_content", {}).get("body") == f"{text} corrected")) == 1)

    async def alice_reacts(self):
        kept, gone = await self.one_of("s"), await self.one_of("s")
        for text in (kept, gone):
            event = self.alice_does("m.reaction", {
                "m.relates_to": {"rel_type": "m.annotation", "event_id": self.events[text], "key": THUMB}})
        message = self.slack.team.channel("general").messages
        self.want(f"alice reacts to {kept}", lambda: "+1" in message[self.stamps[kept]].reactions)
        await asyncio.sleep(DEED_SECONDS)
        self.alice_redacts(event)
        self.want(f"alice takes her reaction to {gone} back", lambda: not message[self.stamps[gone]].reactions)

    async def egon_reacts(self):
        kept, gone = await self.one_of("m"), await self.one_of("s")
        for text in (kept, gone):
            self.egon.react("general", self.stamps[text], "tada")
        self.want(f"egon reacts to {kept}", lambda: [event["content"]["m.relates_to"]["key"] for event in
                                                     self.about("m.reaction", self.events[kept])] == [TADA])
        await asyncio.sleep(DEED_SECONDS)
        self.egon.unreact("general", self.stamps[gone], "tada")
        self.want(f"egon takes his reaction to {gone} back", lambda: not self.about("m.reaction", self.events[gone]))

    async def alice_takes_back(self):
        text = await self.one_of("m")
        self.alice_redacts(self.events[text])
        self.want(f"alice takes {text} back", lambda: not self.of_alice_on_slack(text))

    async def egon_takes_back(self):
        text = await self.one_of("s")
        self.egon.delete("general", self.stamps[text])
        self.want(f"egon takes {text} back", lambda: any(
            event["type"] == "m.room.redaction" and event["content"].get("redacts", event.get("redacts")) == self.events[text]
            for event in self.homeserver.rooms[self.portal].events))

    async def alice_gives_a_file(self):
        name = self.file_of_alice.next()
        content = f"what {name} says\n".encode() * 100
        await self.alice.say(self.portal, f"{name}.txt", "m.file", url=self.homeserver.keep_file(content, "text/plain"),
                             filename=f"{name}.txt", info={"mimetype": "text/plain", "size": len(content)})
        self.want(f"alice gives {name}", lambda: [file.content for file in self.slack.team.files.values()
                                                  if file.name == f"{name}.txt" and file.shares] == [content])

    async def egon_gives_a_file(self):
        name = self.file_of_egon.next()
        content = f"what {name} says\n".encode() * 100
        self.egon.upload("general", f"{name}.txt", content)
        self.want(f"egon gives {name}", lambda: [
            self.homeserver.files[event["content"]["url"]][0] for event in self.homeserver.rooms[self.portal].events
            if event["type"] == "m.room.message" and event["content"].get("filename") == f"{name}.txt"
            and event["sender"] != self.alice.id] == [content])

    # what came of it -------------------------------------------------------------------------------------------------

    def settled(self):
        return super().settled() and not self.unseen()

    def unseen(self):
        return [what for what, seen in self.wanted if not seen()]

    def allowed_repetitions(self, ledger):
        # What the network had taken when a backend died.
        return self.deaths if ledger in (self.of_alice[1], self.of_egon[1]) else 0

    def report(self):
        return {**super().report(), "done to messages": len(self.wanted), "of that not seen in the end": len(self.unseen())}

    def tell(self, what):
        """All that is known of a message to which something was done."""
        name = re.search(r"\b[a-z]\d+\b", what)[0]
        names = [re.escape(one) for one in (name, self.events.get(name), self.stamps.get(name)) if one]
        pattern = re.compile(r"(?<![\w.$])(" + "|".join(names) + r")(?!\w)")
        lines = [f"{time.strftime('%X', time.gmtime(event['origin_server_ts'] / 1000))} {event}"
                 for event in self.homeserver.rooms[self.portal].events if pattern.search(json.dumps(event))]
        lines += [f"{call.name} {call.arguments} -> {call.answer}"[:400] for call in self.slack.calls
                  if pattern.search(json.dumps(call.arguments))]
        lines += [f"{one.payload.get('event')} acked {one.acked}"[:400] for one in self.slack.hub.deliveries
                  if pattern.search(json.dumps(one.payload))]
        return "\n    ".join([what, *lines])

    def verdict(self):
        if self.options.verbose:
            for what in self.unseen():
                print(self.tell(what), file=sys.stderr)
        return super().verdict() + [f"not seen on the other side, or more than once: {what}" for what in self.unseen()]
