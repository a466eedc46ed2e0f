# SPDX-License-Identifier: MIT
"""A tied room that is replaced more than once before the bot has followed."""
import re
import time

from harness.fake_homeserver import Fault, answer, hang, refusal
from harness.process import require, wait_until
from harness.synapse import client_packages
from test_matrix import BOT, CAROL, ask, chat_with
from test_matrix_faults import faulty_lobby, hears_once
from test_matrix_killed import killed_at
from test_matrix_rooms import in_an_own_hall, upgrade

PACKAGES = client_packages


class Hall:
    """#hall, tied to a room of alice's on the fake homeserver, which is replaced again and again."""

    def __init__(self, lobby):
        self.alice, self.carol = lobby.people[0], lobby.carol
        self.homeserver, self.gateway = lobby.homeserver, lobby.gateway
        self.said, self.closed = [], {}

    async def tie(self):
        self.room = self.make()
        self.invite(self.room)
        await self.alice.member(self.room.id, BOT)
        await self.carol.join("#hall")
        await ask(self.alice, self.room.id, "plumb #hall", "#hall")
        await self.carol.expect(r"^:alice!\S+ JOIN :?#hall$")
        self.mark = self.carol.mark()

    def make(self, before=None, closed=False, by=None):
        by = by or self.alice
        room = self.homeserver.new_room(by.id, before and {"predecessor": {"room_id": before.id, "event_id": "$last"}})
        levels = {"users": {by.id: 100}, "events": {"m.room.tombstone": 0}}
        self.homeserver.add(room, by.id, "m.room.power_levels", levels, state_key="")
        if closed:
            self.homeserver.add(room, by.id, "m.room.join_rules", {"join_rule": "invite"}, state_key="")
        return room

    def replace(self, old, new, by=None):
        """By alice; then it is closed, as homeservers do."""
        self.homeserver.add(old, (by or self.alice).id, "m.room.tombstone", {"body": "go there", "replacement_room": new.id},
                            state_key="")
        if not by:
            self.closed[old.id] = self.homeserver.fail(rf"PUT .*/{re.escape(old.id)}/send/", refusal(403, "M_FORBIDDEN"), 1000)

    def invite(self, room, by=None):
        self.homeserver.add(room, (by or self.alice).id, "m.room.member", {"membership": "invite"}, state_key=BOT)

    def hides_history(self, room):
        """Who comes later reads nothing of what was said before."""
        self.homeserver.fail(rf"GET .*/{re.escape(room.id)}/messages", Fault(answer(200, {"chunk": []})), 1000)

    async def say(self, room, text, heard=True):
        if heard:
            self.said.append(text)
        await self.alice.say(room.id, text)

    def heard(self):
        return [match[1] for match in self.carol.find_all(r"^:alice!\S+ PRIVMSG #hall :(.*)$", self.mark)]

    async def are_left(self, *rooms):
        await wait_until(lambda: not any({BOT, CAROL} & room.joined for room in rooms), "nobody to stay behind")

    async def goes_on_in(self, room, text):
        await wait_until(lambda: BOT in room.joined, f"the bot to come into {room.id}")
        self.carol.send(f"PRIVMSG #hall :{text}")
        await hears_once(self.alice, room.id, [text])
        await self.say(room, f"I hear: {text}")
        await wait_until(lambda: self.said[-1] in self.heard(), f"{self.said[-1]!r} on IRC")
        require(self.heard() == self.said, f"alice said {self.said}, and IRC has heard {self.heard()}")
        self.room = room


async def in_the_hall(world):
    hall = Hall(await faulty_lobby(world, "alice"))
    await hall.tie()
    return hall


def of(room, rest):
    return rf"GET .*/{re.escape(room.id)}/{rest}$"


async def scenario_twice_while_we_are_away(world):
    """What was said in each of the rooms is heard once, in order, where it may be read; the new room is found where not, too."""
    hall = await in_the_hall(world)
    for hidden in (False, True):
        a, b = hall.room, hall.make(hall.room)
        c = hall.make(b)
        await hall.gateway.kill_core()
        if hidden:
            hall.hides_history(b)
        await hall.say(a, f"in the first, {hidden}")
        hall.replace(a, b)
        await hall.say(b, f"in the second, {hidden}", heard=not hidden)
        hall.replace(b, c)
        await hall.say(c, f"in the third, {hidden}")
        await hall.gateway.start()
        await hall.goes_on_in(c, f"found you, {hidden}")
        await hall.are_left(a, b)


async def scenario_twice_and_killed(world):
    """At each question to the homeserver on the way from the first room to the third."""
    hall = await in_the_hall(world)
    for place, rest, hidden in ((0, "state", False), (1, "state", False), (1, r"messages\b.*", False),
                                (1, "state/m.room.tombstone/", True), (2, "state", True), (2, r"messages\b.*", True)):
        a, b = hall.room, hall.make(hall.room)
        c = hall.make(b)
        word = f"{place}, {rest}, {hidden}"
        if hidden:
            hall.hides_history(b)

        async def act():
            hall.replace(a, b)
            await hall.say(b, f"in the second, {word}", heard=not hidden)
            hall.replace(b, c)
            await hall.say(c, f"in the third, {word}")
        await killed_at(hall.gateway, hall.homeserver, of((a, b, c)[place], rest), act)
        await hall.goes_on_in(c, f"found you, {word}")


async def scenario_past_a_closed_room(world):
    """The bot is invited to the third room only. What is said there while that is found out is not lost."""
    hall = await in_the_hall(world)
    for killed in (None, "the first", "the second", "the third", "judged"):
        a, b = hall.room, hall.make(hall.room, closed=True)
        c = hall.make(b, closed=True)

        async def act():
            hall.replace(a, b)
            hall.replace(b, c)
            hall.invite(c)
            await hall.say(c, f"in the third, {killed}")
        asked = {"the first": of(a, "state"), "the second": f"POST .*/join/{re.escape(b.id)}$", "the third": of(c, "state")}
        if killed in asked:
            await killed_at(hall.gateway, hall.homeserver, asked[killed], act)
        elif killed:
            # Everything but the invitation has happened before.
            hall.replace(a, b)
            await wait_until(lambda: hall.homeserver.count(asked["the second"]), "the bot to try the second")
            hall.replace(b, c)

            async def invite():
                hall.invite(c)
                await hall.say(c, f"in the third, {killed}")
            await killed_at(hall.gateway, hall.homeserver, of(a, "state"), invite)
        else:
            await act()
        await hall.goes_on_in(c, f"found you, {killed}")
        await hall.are_left(a)


async def scenario_nobody_else_skips_a_room(world):
    """Whoever may not change the rooms moves nothing, and spoils nothing, while they wait for an invitation; his own room with the
    bot is any room."""
    hall = await in_the_hall(world)
    bob = await world.matrix_person(hall.homeserver, "bob")
    a, b = hall.room, hall.make(hall.room, closed=True)
    for room in (a, b):
        await bob.join(room.id)
    hall.replace(a, b)
    await wait_until(lambda: hall.homeserver.count(f"POST .*/join/{re.escape(b.id)}$"), "the bot to try the second")
    # He says that his own room continues the second, and that it replaces the first.
    trap, other = hall.make(b, by=bob), hall.make(a, by=bob)
    hall.invite(trap, bob)
    await bob.member(trap.id, BOT)
    await ask(bob, trap.id, "ircbot: help", "register")
    hall.replace(a, other, bob)
    await hall.homeserver.idle()
    require(BOT not in other.joined, "bob has the bot in his room")
    await hall.gateway.kill_core()
    await hall.gateway.start()
    hall.invite(b)
    await hall.goes_on_in(b, "in the second")
    # Nor does he replace the second.
    third = hall.make(b, by=bob)
    looks = hall.homeserver.count(of(b, "state"))
    hall.replace(b, third, bob)
    await wait_until(lambda: hall.homeserver.count(of(b, "state")) > looks, "the bot to look who bob is")
    mark = hall.alice.mark()
    hall.carol.send("PRIVMSG #hall :still there")
    await hall.alice.message(b.id, "^still there$", CAROL, mark)
    for room in (trap, other, third):
        require(not hall.alice.messages(room.id, None, CAROL), "carol is heard in a room of bob's")


async def scenario_a_chain_without_end(world):
    """Rooms that were replaced by the next before we came are followed up to a number of them."""
    hall = await in_the_hall(world)
    await hall.gateway.kill_core()
    rooms = [hall.room]
    for _ in range(13):
        rooms.append(hall.make(rooms[-1]))
        hall.hides_history(rooms[-1])
        hall.replace(rooms[-2], rooms[-1])
    await hall.gateway.start()
    await hall.gateway.process.wait_log("is replaced like 10 before it: not followed")

    # Of the first replacement the event may have told, or the state.
    def last():
        inside = [number for number, room in enumerate(rooms) if BOT in room.joined]
        return inside in ([10], [11]) and rooms[inside[0]]
    here = await wait_until(last, "the bot to stay")
    hall.closed[here.id].left = 0
    await hall.goes_on_in(here, "here we stay")


async def scenario_many_rooms_that_may_continue_ours(world):
    """So many are looked at; one more is any room at once. In the end all are."""
    hall = await in_the_hall(world)
    bob = await world.matrix_person(hall.homeserver, "bob")
    new = hall.make(hall.room)
    waits = hall.homeserver.fail(f"POST .*/join/{re.escape(new.id)}$", hang())
    hall.replace(hall.room, new)
    await hall.homeserver.hit(waits)
    rooms = [hall.make(new, by=bob) for _ in range(101)]
    for room in rooms:
        hall.invite(room, bob)
    for room in rooms:
        await bob.member(room.id, BOT)
    mark = bob.mark()
    await bob.say(rooms[0].id, "ircbot: help")
    await ask(bob, rooms[100].id, "ircbot: help", "register")
    require(not bob.messages(rooms[0].id, None, BOT, mark), "the first is decided")
    waits.waits.set()
    await bob.message(rooms[0].id, "register", BOT, mark)
    await hall.goes_on_in(new, "here")


async def scenario_put_out_behind_a_closed_room(world):
    """While it is asked whether the closed room may be skipped: nothing is tied to where the bot is not. Brought in again, it
    goes on."""
    hall = await in_the_hall(world)
    a, b = hall.room, hall.make(hall.room, closed=True)
    c = hall.make(b, closed=True)
    hall.replace(a, b)
    await hall.gateway.process.wait_log("which waits for an invitation")
    asked = hall.homeserver.fail(of(a, "state"), hang())
    hall.invite(c)
    await hall.homeserver.hit(asked)
    hall.homeserver.add(c, hall.alice.id, "m.room.member", {"membership": "leave"}, state_key=BOT)
    await hall.homeserver.idle()
    answered = hall.homeserver.count(of(a, "state"))
    asked.waits.set()
    await wait_until(lambda: hall.homeserver.count(of(a, "state")) > answered, "the question to be asked again")
    hall.invite(c)
    await hall.goes_on_in(c, "found you")


async def scenario_two_rooms_with_one_successor(world):
    """Somebody says that the room which is to replace ours, or continues that, replaces his own: it moves and spoils nothing."""
    hall = await in_the_hall(world)
    bob = await world.matrix_person(hall.homeserver, "bob")
    for skipped in (False, True):
        own = hall.make(by=bob)
        hall.invite(own, bob)
        await bob.member(own.id, BOT)
        # Ours is a newer one than his.
        first, second = hall.room, hall.make(hall.room)
        hall.replace(first, second)
        await hall.goes_on_in(second, f"in the second, {skipped}")
        third = hall.make(second, closed=True)
        fourth = hall.make(third, closed=True)
        tries = rf"POST .*/join/{re.escape(third.id)}$"
        hall.replace(own, third, bob)
        await wait_until(lambda: hall.homeserver.count(tries) == 1, "the bot to try the third")
        hall.replace(second, third)
        await wait_until(lambda: hall.homeserver.count(tries) == 2, "the bot to try the third again")
        await hall.homeserver.idle()
        hall.invite(fourth if skipped else third)
        await hall.goes_on_in(fourth if skipped else third, f"further on, {skipped}")


async def scenario_two_rooms_enter_one_successor(world):
    """At the same time: whichever is not replaced by it gets the bot out of it for none."""
    hall = await in_the_hall(world)
    bob = await world.matrix_person(hall.homeserver, "bob")
    own, second = hall.make(by=bob), hall.make(hall.room)
    hall.invite(own, bob)
    await bob.member(own.id, BOT)
    held = hall.homeserver.fail(rf"POST .*/join/{re.escape(second.id)}$", hang())
    hall.replace(own, second, bob)
    await hall.homeserver.hit(held)
    looks = hall.homeserver.count(of(hall.room, "state"))
    hall.replace(hall.room, second)
    await wait_until(lambda: hall.homeserver.count(of(hall.room, "state")) > looks, "the bot to look who alice is")
    held.waits.set()
    await hall.goes_on_in(second, "in the second")
    await hall.homeserver.idle()
    require(BOT in second.joined, "the bot has left the room that is tied")


async def third_of_a_hall(world):
    """
    The bot is invited into what may continue a room that may continue ours, while ours is asked for its state:
    (hall, that room, the question)
    """
    hall = await in_the_hall(world)
    successor = hall.make(hall.room)
    third = hall.make(successor)
    asked = hall.homeserver.fail(of(hall.room, "state"), hang())
    hall.replace(hall.room, successor)
    await hall.homeserver.hit(asked)
    hall.invite(third)
    return hall, third, asked


async def scenario_put_out_of_the_room_that_is_replaced(world):
    """While it is asked whether it may be: the room that might have continued it is any room then."""
    hall, c, asked = await third_of_a_hall(world)
    await wait_until(lambda: hall.homeserver.count(of(c, "state")), "the bot to look at the third")
    hall.homeserver.add(hall.room, hall.alice.id, "m.room.member", {"membership": "leave"}, state_key=BOT)
    await hall.homeserver.idle()
    asked.waits.set()
    await hall.alice.say(c.id, "ircbot: help")
    await hall.alice.message(c.id, "register", BOT)


async def scenario_said_long_before_it_is_any_room(world):
    """What was said since the bot has come in is not lost, whatever its time is: that of a homeserver whose clock is wrong, or we
    were not there meanwhile."""
    hall, c, asked = await third_of_a_hall(world)
    await hall.alice.member(c.id, BOT)
    hall.homeserver.add(c, hall.alice.id, "m.room.message", {"msgtype": "m.text", "body": "ircbot: help"},
                        origin_server_ts=int(time.time() * 1000) - 7200_000)
    await hall.homeserver.idle()
    asked.waits.set()
    await hall.alice.message(c.id, "register", BOT)


async def scenario_a_room_of_very_many(world):
    """Its state is longer than any other answer may be: it is followed all the same, and from there to the next."""
    hall = await in_the_hall(world)
    rooms = [hall.room, hall.make(hall.room)]
    rooms.append(hall.make(rooms[1]))
    for room in rooms:
        for number in range(13000):
            left = {"membership": "leave", "displayname": f"somebody who was here once, the {number}. " * 15}
            room.state["m.room.member", f"@somebody{number}:localhost"] = left
            room.state_senders["m.room.member", f"@somebody{number}:localhost"] = f"@somebody{number}:localhost"
    hall.replace(*rooms[:2])
    hall.replace(*rooms[1:])
    await hall.goes_on_in(rooms[2], "so many")


async def scenario_a_chat_that_goes_on_elsewhere(world):
    """The room that replaces the chat cannot be entered, and its owner takes the contact to another one: what waited is there."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    chat = await chat_with(alice, CAROL)
    old = homeserver.rooms[chat]
    homeserver.add(old, alice.id, "m.room.power_levels", {"users": {alice.id: 100}}, state_key="")
    new = homeserver.new_room(alice.id, {"predecessor": {"room_id": chat, "event_id": "$last"}})
    homeserver.add(new, alice.id, "m.room.join_rules", {"join_rule": "invite"}, state_key="")
    homeserver.add(old, alice.id, "m.room.tombstone", {"body": "go there", "replacement_room": new.id}, state_key="")
    await wait_until(lambda: homeserver.count(f"POST .*/join/{re.escape(new.id)}$"), "carol to try the new room")
    closed = homeserver.fail(rf"PUT .*/{re.escape(chat)}/send/", refusal(403, "M_FORBIDDEN"), 1000)
    carol.send("PRIVMSG alice :are you there")
    await homeserver.hit(closed)
    other = await chat_with(alice, CAROL)
    await hears_once(alice, other, ["are you there"])
    mark = carol.mark()
    await alice.say(other, "I am")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :I am$", mark)


async def scenario_twice_on_a_real_homeserver(world):
    """alice replaces her room twice, and invites the bot to the last only; what IRC says meanwhile is there."""
    lobby, first, mark = await in_an_own_hall(world, "11")
    alice, carol = lobby.people[0], lobby.carol
    third = await upgrade(alice, await upgrade(alice, first))
    carol.send("PRIVMSG #hall :where are you")
    await alice.invite(third, BOT)
    await alice.say(third, "here")
    await alice.message(third, "^where are you$", CAROL)
    await carol.expect(r"^:alice!\S+ PRIVMSG #hall :here$", mark)
    await alice.wait_members(first, {alice.id})
