# SPDX-License-Identifier: MIT
"""Between IRC and a homeserver of the tests' own."""
import asyncio
import re

from harness.process import Failure
from ledger import Ledger
from test_matrix import BOT, CAROL, alias, ask, enter, ghost, with_account
from trial import IrcTrial


class MatrixTrial(IrcTrial):
    """alice on a homeserver (the tests' own, which keeps what is not acknowledged and takes each transaction id once) and people
    on IRC, in a portal that is there, in portals that are made all the time, in a room that is replaced all the time, and in
    chats that somebody else begins."""

    elsewhere = {
        "slack.": "there is no Slack", "core.stream_": "there is no XMPP server",
        **{f"core.matrix.{name}": "IRC has no such thing: the linked trial has it"
           for name in ("media.", "reacting", "redacting")},
    }
    rare = (*IrcTrial.rare, "core.matrix.upgrade.", "core.matrix.gap_read")

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
        self.talking = asyncio.gather(self.talk(), self.talk_in_new_portals(), self.talk_in_replaced_rooms(),
                                      self.begin_chats())

    async def configure(self):
        await super().configure()
        self.dens = Ledger("alice to IRC in new portals", "d", ordered=False)
        self.chats = Ledger("IRC to alice in new chats", "p", ordered=False)
        self.halls = Ledger("alice to IRC in rooms that are replaced", "h")
        self.ledgers += [self.dens, self.chats, self.halls]
        self.deaths = 0

    async def enter(self):
        self.carol = await self.world.irc_client(self.ircd, "carol")
        self.dave = await self.world.irc_client(self.ircd, "dave")
        await self.carol.join("#lobby")
        self.alice, _ = await with_account(self.world, self.homeserver, "alice")
        self.portal = await enter(self.alice, self.carol)
        self.hall = self.make_hall().id
        self.invite_to_hall()
        await self.alice.member(self.hall, BOT)
        await self.carol.join("#hall")
        await ask(self.alice, self.hall, "plumb #hall", "#hall")
        await self.carol.expect(r"^:alice!\S+ JOIN :?#hall$")
        self.watching = asyncio.create_task(self.watch())

    def passages(self, counts):
        for point, count in super().passages(counts):
            # What the thread of the database has done of it by then is another thing each time.
            yield from [(point, count)] * (4 if point == "core.matrix.upgrade.tied" else 1)

    def backend_killed(self):
        super().backend_killed()
        self.deaths += 1

    def carol_hears(self, line):
        super().carol_hears(line)
        match = re.match(r":alice[^ ]* PRIVMSG #den[0-9]+ :(d\d+)$", line)
        if match:
            self.note(self.dens, match[1])
        match = re.match(r":alice[^ ]* PRIVMSG #hall :(h\d+)$", line)
        if match:
            self.note(self.halls, match[1])

    def happens(self, event):
        if event["type"] != "m.room.message":
            return
        if event["room_id"] == self.portal and event["sender"] == CAROL:
            self.note(self.back, event["content"]["body"])
            # IRC has no word for that, and refuses it.
            if len(self.back.arrived) % 10 == 0:
                asyncio.get_running_loop().call_soon(self.redact, event["event_id"])
        elif event["sender"].startswith(ghost("dave")[:-len(":localhost")]):
            self.note(self.chats, event["content"]["body"])

    def redact(self, event):
        self.homeserver.add(self.homeserver.rooms[self.portal], self.alice.id, "m.room.redaction", {"redacts": event}, redacts=event)

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
            await asyncio.sleep(max(0.3, self.dens.sent / 200))  # not more rooms than a start gets through at once

    def make_hall(self, creation=None):
        room = self.homeserver.new_room(self.alice.id, creation)
        self.homeserver.add(room, self.alice.id, "m.room.power_levels", {"users": {self.alice.id: 100}}, state_key="")
        return room

    def replace(self, old):
        new = self.make_hall({"predecessor": {"room_id": old.id, "event_id": old.events[-1]["event_id"]}})
        self.homeserver.add(old, self.alice.id, "m.room.tombstone", {"body": "go there", "replacement_room": new.id}, state_key="")
        return new

    def invite_to_hall(self):
        self.homeserver.add(self.homeserver.rooms[self.hall], self.alice.id, "m.room.member", {"membership": "invite"}, state_key=BOT)

    async def talk_in_replaced_rooms(self):
        """Also in the new room before the bot may be there. Every other time with a room between, which it may not enter."""
        between = False
        while True:
            await self.alice.say(self.hall, self.halls.next())
            new = self.replace(self.homeserver.rooms[self.hall])
            if between:
                self.homeserver.add(new, self.alice.id, "m.room.join_rules", {"join_rule": "invite"}, state_key="")
                new = self.replace(new)
            between = not between
            self.hall = new.id
            self.invite_to_hall()
            await self.alice.say(new.id, self.halls.next())
            await asyncio.sleep(0.2)
            await self.alice.say(new.id, self.halls.next())
            while BOT not in new.joined or self.halls.open():
                await asyncio.sleep(0.05)

    async def begin_chats(self):
        while True:
            text = self.chats.next()
            self.dave.send(f"NICK dave{self.chats.sent}")
            if not self.inside:
                self.chats.excused.add(self.chats.sent)
            self.dave.send(f"PRIVMSG alice :{text}")
            await asyncio.sleep(max(0.3, self.chats.sent / 200))

    def allowed_repetitions(self, ledger):
        # Where both ends know a repetition, there is none but for what the network had taken when a backend died.
        return self.deaths if ledger in (self.out, self.dens, self.halls) else 0

    def verdict(self):
        faults = super().verdict()
        for ledger in (self.out, self.dens, self.halls):
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
