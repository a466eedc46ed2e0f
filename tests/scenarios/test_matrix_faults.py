# SPDX-License-Identifier: MIT
"""
The Matrix frontend when something goes wrong: a homeserver that answers badly, late or never (harness/fake_homeserver.py), one
that is restarted in the middle (Synapse too), and IRC connections that break. Whatever it is: in each room everything that was said
comes once, and in order.
"""
import asyncio
import json
import os
import random
import re
import signal
import time

from harness.fake_homeserver import (Fault, answer, bad_gateway, hang, limited, lost, refusal, reset, slow, truncated)
from harness.process import Failure, require, wait_answer, wait_until
from harness.servers import Ngircd, Peer
from harness.synapse import client_packages
from harness.watch import resident_kb
from test_logs import wait_for_way
from test_matrix import (BOT, CAROL, LOBBY, alias, chat_with, enter, ghost, heard_on_irc, in_the_lobby, with_account)

PACKAGES = client_packages


async def faulty_lobby(world, *names, **keys):
    """in_the_lobby with the fake homeserver; lobby.homeserver is it."""
    lobby = await in_the_lobby(world, *names, synapse=world.fake_homeserver(), **keys)
    lobby.homeserver = lobby.synapse
    return lobby


async def hears_once(person, room, texts, after=(0, 0, 0), timeout=30.0, sender=CAROL):
    """Waits for the last of these texts; they are all that came from the sender, in this order."""
    await wait_until(lambda: texts[-1] in person.texts(room, sender, after), f"{texts[-1]!r} in {room}", timeout)
    heard = person.texts(room, sender, after)
    require(heard == texts, f"{sender} said {texts}, and there is {heard}")


async def irc_hears_once(carol, name, texts, after, timeout=30.0):
    def heard():
        return heard_on_irc(carol, after, rf"{name}!\S+")
    await wait_until(lambda: texts[-1] in heard(), f"{texts[-1]!r} of {name} on IRC", timeout)
    require(heard() == texts, f"{name} said {texts}, and IRC has heard {heard()}")


def answer_that_is_no_json():
    """A proxy's page, which says that all is well."""
    return Fault(answer(200, "<html>It works!</html>"))


# -------------------------------------------------------------------------------------------- calls that are not answered


async def scenario_answers_that_are_none(world):
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    said = []
    for fault, times in ((bad_gateway(), 2), (limited(300), 2), (limited(None, 1), 1), (limited(0), 2), (truncated(), 1), (lost(), 2),
                         (lost(False), 1), (reset(), 2), (reset(True), 1), (answer_that_is_no_json(), 2),
                         (refusal(500, "M_UNKNOWN"), 1), (refusal(503, "M_UNKNOWN"), 1)):
        homeserver.fail(r"PUT .*/send/", fault, times)
        for _ in range(4):
            said.append(f"{len(said)}")
            carol.send(f"PRIVMSG #lobby :{said[-1]}")
        await homeserver.hit(fault, times)
        await hears_once(alice, lobby.portal, said)


async def scenario_one_room_waits_for_itself_only(world):
    """A call of the portal that is never answered, and one that is to come again much later, hold up no chat."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    chat = await chat_with(alice, CAROL)
    in_portal, in_chat = [], []
    for fault in (hang(), hang(does=True), limited(8000)):
        homeserver.fail(rf"PUT .*/rooms/{re.escape(lobby.portal)}/send/", fault)
        begin = time.monotonic()
        for _ in range(3):
            in_portal.append(f"{len(in_portal)}")
            in_chat.append(in_portal[-1])
            carol.send(f"PRIVMSG #lobby :{in_portal[-1]}")
        await homeserver.hit(fault)
        for text in in_chat[-3:]:
            carol.send(f"PRIVMSG alice :{text}")
        await hears_once(alice, chat, in_chat)
        require(len(alice.texts(lobby.portal, CAROL)) <= len(in_portal) - 2, "others of the portal did not wait")
        if fault.waits:
            fault.waits.set()
        await hears_once(alice, lobby.portal, in_portal)
        require(fault.waits or time.monotonic() - begin > 8, "it came again too soon")
    # Nor does a chat that cannot be made yet.
    dave = await world.irc_client(lobby.ircd, "dave")
    mark, fault = alice.mark(), homeserver.fail(r"POST .*/createRoom", hang())
    dave.send("PRIVMSG alice :may I")
    dave.send("PRIVMSG alice :come in?")
    await homeserver.hit(fault)
    row = next(row for row in json.loads(await lobby.gateway.control("--json", "queues"))["rows"] if row["queue"] == "matrix: calls")
    require(row["items"] > 0 and row["bytes"] > 0 and row["oldest"] is not None and row["held"] == "no", f"{row}")
    in_chat.append("meanwhile")
    carol.send("PRIVMSG alice :meanwhile")
    await hears_once(alice, chat, in_chat)
    fault.waits.set()
    room = await alice.invited(ghost("dave"), mark)
    await hears_once(alice, room, ["may I", "come in?"], sender=ghost("dave"))


async def scenario_messages_that_are_refused(world):
    """What the homeserver will never take is a dead letter, and what is behind it goes on."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway

    async def dead(count):
        await wait_answer(lambda: gateway.control("spool"), lambda text: text.count("dead letter") == count, f"{count} dead letters")
    for number, fault in enumerate((refusal(413, "M_TOO_LARGE"), refusal(400, "M_BAD_JSON"), refusal(404, "M_NOT_FOUND")), 1):
        mark = alice.mark()
        homeserver.fail(r"PUT .*/send/", fault)
        for text in ("it is refused", "it is not"):
            carol.send(f"PRIVMSG #lobby :{text}")
        await hears_once(alice, lobby.portal, ["it is not"], mark)
        await dead(number)
    # Put out of the room behind our back: in again, and nothing is lost.
    mark = alice.mark()
    homeserver.rooms[lobby.portal].joined.discard(CAROL)
    for number in range(3):
        carol.send(f"PRIVMSG #lobby :back {number}")
    await hears_once(alice, lobby.portal, ["back 0", "back 1", "back 2"], mark)
    # And if she may not come back at all the bot says it.
    homeserver.rooms[lobby.portal].joined.discard(CAROL)
    fault = homeserver.fail(rf"POST .*/join/{re.escape(lobby.portal)}", refusal(403, "M_FORBIDDEN"), 1000)
    carol.send("PRIVMSG #lobby :hear me")
    await hears_once(alice, lobby.portal, ["<carol> hear me"], sender=BOT)
    await dead(3)
    fault.left = 0
    mark = alice.mark()
    carol.send("PRIVMSG #lobby :there again")
    await hears_once(alice, lobby.portal, ["there again"], mark)


async def scenario_one_grep_through_a_refusal(world):
    """The log has a message's number in the lines about calls that are made again and about the one that is refused."""
    lobby = await faulty_lobby(world, "alice")
    carol, homeserver, gateway = lobby.carol, lobby.homeserver, lobby.gateway
    for fault, wanted in ((bad_gateway(), [": to be asked again: ", " has arrived"]),
                          (limited(retry_after_ms=100), [": to be asked again: ", " has arrived"]),
                          (refusal(400, "M_BAD_JSON"), [r'/send/.*": .*M_BAD_JSON', "is refused by the homeserver: ",
                                                        " is refused, a dead letter now: "])):
        mark = len(gateway.process.log())
        homeserver.fail(r"PUT .*/send/", fault)
        carol.send("PRIVMSG #lobby :said")
        await wait_for_way(gateway, r"message from backend \d+, trace (\d+)", [" is kept,", " message to ", *wanted], mark)


async def scenario_first_words_of_somebody_on_the_way(world):
    """Participants join one after the other, not to hold up what is said; who speaks before his turn is in at once, and what he
    says next comes behind that."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    dave = await world.irc_client(lobby.ircd, "dave")
    for fault, pattern in ((limited(1500), "POST .*/register"), (limited(1500), "POST .*/join/.*")):
        mark = alice.mark()
        homeserver.fail(pattern, fault)
        await dave.join("#lobby")
        await homeserver.hit(fault)
        said = [f"{number}" for number in range(5)]
        for text in said[:2]:
            dave.send(f"PRIVMSG #lobby :{text}")
        await wait_until(lambda: alice.texts(lobby.portal, ghost("dave"), mark), "the first words")  # noqa: B023
        for text in said[2:]:
            dave.send(f"PRIVMSG #lobby :{text}")
        await hears_once(alice, lobby.portal, said, mark, sender=ghost("dave"))
        dave.send("PART #lobby")
        await alice.member(lobby.portal, ghost("dave"), "leave", mark)
    # Others' words are behind those that are tried again.
    mark = alice.mark()
    homeserver.rooms[lobby.portal].joined.discard(CAROL)
    fault = homeserver.fail("POST .*/join/", limited(500))
    for number in range(4):
        carol.send(f"PRIVMSG #lobby :{number}")
        await asyncio.sleep(0.1)
    await hears_once(alice, lobby.portal, ["0", "1", "2", "3"], mark)
    require(fault.hit == 1, "nothing was tried again")


async def scenario_registered_where_it_is_slow(world):
    """A ghost whose registration waits in one place is not refused in others."""
    lobby = await faulty_lobby(world, "alice")
    alice, homeserver = lobby.people[0], lobby.homeserver
    dave, other = await world.irc_client(lobby.ircd, "dave"), await alice.join(alias("#den"))
    mark, fault = alice.mark(), homeserver.fail("POST .*/register", hang())
    await dave.join("#lobby")
    await homeserver.hit(fault)
    dave.send("PRIVMSG alice :in private")
    chat = await alice.invited(ghost("dave"), mark, timeout=5)
    await hears_once(alice, chat, ["in private"], sender=ghost("dave"))
    dave.send("PRIVMSG #lobby :I am not in yet")
    await dave.join("#den")
    dave.send("PRIVMSG #den :nor here")
    await hears_once(alice, other, ["nor here"], sender=ghost("dave"))
    fault.waits.set()
    await hears_once(alice, lobby.portal, ["I am not in yet"], mark, sender=ghost("dave"))
    require(homeserver.count("POST .*/register") < 12, "it is registered again and again")


async def scenario_a_reply_to_a_copy_on_its_way(world):
    """The message is in the portal already, and not in the other room that is tied to the channel."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, portal = lobby.people[0], lobby.carol, lobby.homeserver, lobby.portal
    room = await alice.create_room([BOT])
    homeserver.add(homeserver.rooms[room], alice.id, "m.room.power_levels", {"users": {alice.id: 100}}, state_key="")
    await alice.member(room, BOT)
    await alice.say(room, "plumb #lobby")
    await alice.member(room, CAROL)
    fault = homeserver.fail(rf"PUT .*/rooms/{re.escape(room)}/send/", hang())
    carol.send("PRIVMSG #lobby :lunch?")
    lunch = (await alice.message(portal, "^lunch\\?$", CAROL))["event_id"]
    await homeserver.hit(fault)
    await alice.say(portal, "gladly", **{"m.relates_to": {"m.in_reply_to": {"event_id": lunch}}})
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :gladly$")
    fault.waits.set()
    there = (await alice.message(room, "^lunch\\?$", CAROL))["event_id"]
    copy = await alice.message(room, "^gladly$", ghost("alice"))
    require(copy["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == there, f"it refers to {copy}, not {there}")


async def scenario_killed_before_an_author_is_told(world):
    """That the network has refused something is said to its author once, also if the gateway ends before the homeserver has the
    words, or before it has said so."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    await carol.join("#den")
    portal = await enter(alice, carol, "#den")
    await alice.member(portal, CAROL)
    carol.send("MODE #den +m")
    for does in (False, True):
        mark = alice.mark()
        fault = homeserver.fail(rf"PUT .*/rooms/{re.escape(portal)}/send/", hang(does))
        event = await alice.say(portal, "may I?")
        await homeserver.hit(fault)
        await gateway.kill_core()
        await gateway.start()
        found = await alice.message(portal, "^Not delivered", BOT, mark)
        require(found["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == event, f"{found}")
        await wait_answer(lambda: gateway.control("spool"), lambda text: "network" not in text, "the spool to be empty")
        require(len(alice.messages(portal, "^Not delivered", BOT, mark)) == 1, "she is told more than once")
        require(not carol.find("PRIVMSG #den"), "it was said in the channel")


async def scenario_a_portal_made_in_trouble(world):
    """Whatever goes wrong on the way to a portal: in the end there is one, with everybody in it."""
    lobby = await faulty_lobby(world)
    homeserver, carol = lobby.homeserver, lobby.carol
    alice, _ = await with_account(world, homeserver, "alice")
    for number, faults in enumerate(([("createRoom", lost())], [("createRoom", bad_gateway())], [("createRoom", truncated())],
                                     [("join", lost()), ("register", lost())], [("join", reset()), ("register", truncated())],
                                     [("join", limited(200))])):
        channel = f"#den{number}"
        await carol.join(channel)
        newcomer = await world.irc_client(lobby.ircd, f"dave{number}")  # whose ghost has to be registered
        await newcomer.join(channel)
        for what, fault in faults:
            homeserver.fail(rf"POST .*/{what}", fault)
        rooms = len(homeserver.rooms)
        portal = await enter(alice, carol, channel)
        carol.send(f"PRIVMSG {channel} :welcome")
        await hears_once(alice, portal, ["welcome"])
        await alice.wait_members(portal, {alice.id, CAROL, ghost(f"dave{number}"), BOT})
        require(len(homeserver.rooms) == rooms + 1, f"{channel} has {len(homeserver.rooms) - rooms} rooms")
        require(all(fault.hit == 1 for _, fault in faults), f"{channel} was made in no trouble: {[what for what, _ in faults]}")
    # A homeserver that never will is asked for the reason, and the next attempt is as good as the first.
    await carol.join("#never")
    homeserver.fail("POST .*/createRoom", refusal(403, "M_FORBIDDEN"))
    try:
        await alice.join(alias("#never"))
    except Failure:
        pass
    else:
        raise Failure("there is a portal that was refused")
    await enter(alice, carol, "#never")


MAKING_SECONDS = 5  # LIMIT_MATRIX_MAKING_MS


async def in_doubt(lobby, fault, begin, made):
    """Something has the gateway ask for a room, and it gets no answer. Returns the room, when there is one; `made` has all that
    are like it."""
    homeserver, gateway = lobby.homeserver, lobby.gateway
    homeserver.fail("POST .*/createRoom", fault)
    await begin()
    await homeserver.hit(fault)
    if fault.waits:
        await gateway.kill_core()
        looks = len(homeserver.calls)
        await gateway.start()
    if fault.late:
        await wait_until(lambda: homeserver.count("GET .*/joined_rooms", looks), "it to be looked for")
        fault.waits.set()
    await wait_until(made, "a room", 10 + MAKING_SECONDS)
    return made()[0]


async def scenario_rooms_are_made_once(world):
    """A chat, a space and a chat with the bot are asked for, and there is no answer: it is lost, or the gateway is killed; the
    room is made before that, or while the next process looks for it, or not at all. In the end there is one, and it is used."""
    lobby = await faulty_lobby(world, "alice", **{"matrix.spaces": "1"})
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway

    def rooms(creator, person, space=False):
        return [room for room in homeserver.rooms.values()
                if room.events[0]["sender"] == creator and person.id in room.joined | room.invited and
                (room.state["m.room.create", ""].get("type") == "m.space") == space]

    def children(space):
        return {key for (kind, key), content in space.state.items() if kind == "m.space.child" and content.get("via")}
    space = rooms(BOT, alice, True)[0]
    never = 3, 4
    for number, trouble in enumerate((lost, lambda: hang(True), slow, hang, lambda: lost(False))):
        # A contact writes first.
        dave = await world.irc_client(lobby.ircd, f"dave{number}")

        async def write(dave=dave):
            dave.send("PRIVMSG alice :may I")
        chat = await in_doubt(lobby, trouble(), write, lambda: rooms(ghost(dave.nick), alice))  # noqa: B023
        dave.send("PRIVMSG alice :come in?")
        await alice.join(chat.id)
        await hears_once(alice, chat.id, ["may I", "come in?"], sender=ghost(dave.nick))
        mark = dave.mark()
        await alice.say(chat.id, "welcome")
        await dave.expect(r"^:alice!\S+ PRIVMSG \S+ :welcome$", mark)
        await wait_until(lambda: chat.id in children(space), "the chat to be in the space")  # noqa: B023
        require(len(rooms(ghost(dave.nick), alice)) == 1, f"there are {len(rooms(ghost(dave.nick), alice))} chats")
        if number in never:
            continue
        # Somebody comes into the portal for the first time, and has no space.
        person, control = await with_account(world, homeserver, f"person{number}")
        other = await in_doubt(lobby, trouble(), lambda: enter(person, carol), lambda: rooms(BOT, person, True))  # noqa: B023
        await wait_until(lambda: lobby.portal in children(other), "the portal to be in the space")  # noqa: B023
        # The bot has something to say, and no chat for that; what it was goes with the process.
        await person.leave(control)
        await homeserver.idle()

        def controls():
            return [room for room in rooms(BOT, person) if room.id != lobby.portal]  # noqa: B023
        await in_doubt(lobby, trouble(), lambda: gateway.control("broadcast", "hello, hello"), controls)
        await wait_answer(lambda: gateway.control("broadcast", "the end"), lambda _: any(  # noqa: B023
            event["content"].get("body") == "the end" for room in controls() for event in room.events), "the bot to say so", 20)
        require(len(rooms(BOT, person, True)) == 1, f"there are {len(rooms(BOT, person, True))} spaces")
        require(len(controls()) == 1, f"there are {len(controls())} chats with the bot")
    # What is to be in it is not forgotten either.
    dave = await world.irc_client(lobby.ircd, "dave")
    fault = homeserver.fail("PUT .*/m.space.child/", hang())
    dave.send("PRIVMSG alice :may I")
    await homeserver.hit(fault)
    await gateway.kill_core()
    before = len(homeserver.calls)
    await gateway.start()
    await wait_until(lambda: rooms(ghost("dave"), alice)[0].id in children(space), "the chat to be in the space")
    # Nor is what is in it told again.
    told = [call for call in homeserver.calls[before:] if "/m.space." in call and rooms(ghost("dave"), alice)[0].id not in call]
    require(not told, f"of what was there the homeserver is told again: {told}")
    require(rooms(BOT, alice, True) == [space], "alice has another space")


async def scenario_trouble_all_the_time(world):
    """A fifth of all calls goes wrong, in every way, while three people talk in two rooms."""
    lobby = await faulty_lobby(world, "alice", "bob")
    (alice, bob), carol, homeserver = lobby.people, lobby.carol, lobby.homeserver
    chat = await chat_with(alice, CAROL)
    random.seed(7)
    kinds = (bad_gateway, lambda: limited(50), truncated, lost, lambda: lost(False), reset, lambda: reset(True),
             answer_that_is_no_json, lambda: refusal(500, "M_UNKNOWN"))
    usual = homeserver._fault_of
    homeserver._fault_of = lambda call: random.choice(kinds)() if random.random() < 0.2 else usual(call)
    irc_mark = carol.mark()
    said = {"alice": [], "bob": [], "carol": []}
    for number in range(40):
        for person in (alice, bob):
            said[person.name].append(f"{person.name} {number}")
            await person.say(lobby.portal, said[person.name][-1])
        said["carol"].append(f"carol {number}")
        carol.send(f"PRIVMSG #lobby :{said['carol'][-1]}")
        carol.send(f"PRIVMSG alice :{said['carol'][-1]}")
        await asyncio.sleep(0.02)
    for person in (alice, bob):
        await irc_hears_once(carol, person.name, said[person.name], irc_mark)
    for room in (lobby.portal, chat):
        await hears_once(alice, room, said["carol"], timeout=120)


# --------------------------------------------------------------------------------------------------------- many people

CROWD = 10000
MEMBERS = int(os.environ.get("MATRIX_MEMBERS", "2000"))


async def round_trips(alice, portal, irc, until):
    """Seconds that a word of alice's takes to IRC, and one from there to her; again and again."""
    times = []
    while not until() or len(times) < 50:
        text = f"ping {len(times)}"
        begin, mark = time.monotonic(), alice.mark()
        await alice.say(portal, text)
        await wait_until(lambda: f"PRIVMSG #lobby :{text}" in irc.lines, f"{text} on IRC", 60)  # noqa: B023
        there = time.monotonic()
        irc.tell(f":carol!u@host PRIVMSG #lobby :{text}")
        await alice.message(portal, f"^{text}$", CAROL, mark, 60)
        times += [there - begin, time.monotonic() - there]
        await asyncio.sleep(0.01)
    return sorted(times)


def p99(times):
    return times[int(len(times) * 0.99)]


async def crowded(world, crowd, join_ghosts):
    """alice and bob in #lobby; bob enters a channel with a crowd in it. (homeserver, irc, gateway, alice, big, slow): how long
    others waited at most, for 99 words of 100."""
    homeserver, irc = world.fake_homeserver(), await world.fake_irc()
    _, _, gateway = await world.irc_appservice(synapse=homeserver, ircd=irc, **{"matrix.join_ghosts": str(join_ghosts)})
    alice, _ = await with_account(world, homeserver, "alice")
    bob, _ = await with_account(world, homeserver, "bob")
    portal = await alice.join(LOBBY)
    await irc.expect("JOIN #lobby")
    await alice.member(portal, CAROL)
    usual = p99(await round_trips(alice, portal, irc, lambda: True))
    before = resident_kb(gateway.process.pid)
    irc.crowds["#big"] = [f"guest{number}" for number in range(crowd)]
    big = await bob.join(alias("#big"))
    # With carol, who is there as well.
    room = homeserver.rooms[big]
    slow = p99(await round_trips(alice, portal, irc, lambda: len(room.joined) >= join_ghosts + 2))
    grown = resident_kb(gateway.process.pid) - before
    print(f"{crowd} participants, {join_ghosts} of them shown: others' p99 {usual * 1000:.0f} ms before, {slow * 1000:.0f} ms "
          f"meanwhile; {grown} kB more")
    return homeserver, irc, gateway, alice, big, slow


async def scenario_ten_thousand_in_a_channel(world):
    """They hold up nobody, and no more of them are members than are wanted; who speaks comes in for it."""
    homeserver, irc, _, alice, big, slow = await crowded(world, CROWD, 100)
    require(slow < 3, f"others waited {slow:.2f} s")
    mark = alice.mark()
    irc.tell(":guest9999!u@host PRIVMSG #big :I am here, too")
    await alice.message(big, "^I am here, too$", ghost("guest9999"), mark)
    require(len(homeserver.rooms[big].joined) <= 104, f"{len(homeserver.rooms[big].joined)} members")
    require(homeserver.count("POST .*/register") < 120, "ghosts were made that nobody sees")
    # All but the last go at once.
    irc.tell("\r\n".join(f":guest{number}!u@host QUIT :split" for number in range(CROWD - 1)))
    await alice.wait_members(big, lambda members: len([who for who in members if "guest" in who]) <= 1, 60)
    irc.tell(":guest9999!u@host PRIVMSG #big :Where are you all?")
    await alice.message(big, "^Where are you all\\?$", ghost("guest9999"), mark)


async def scenario_thousands_of_members(world):
    """All of them are to be members of the portal: they come one after the other, while others talk; also in there."""
    homeserver, _, _, _, big, slow = await crowded(world, MEMBERS, MEMBERS)
    require(slow < 3, f"others waited {slow:.2f} s")
    require(len(homeserver.rooms[big].joined) >= MEMBERS, f"{len(homeserver.rooms[big].joined)} members")


# ------------------------------------------------------------------------------------------------------- transactions


async def scenario_transactions_in_pieces(world):
    """The homeserver's own calls: cut off, without waiting for the answer, again, in part, two at once, out of order."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    await homeserver.idle()
    homeserver.pushing = False
    said, irc_mark = [], carol.mark()

    async def words(count):
        for _ in range(count):
            said.append(f"{len(said)}")
            await alice.say(lobby.portal, said[-1])
        homeserver.number += 1
        events, homeserver.queue = homeserver.queue, []
        return homeserver.number, events

    def path(number):
        return f"/_matrix/app/v1/transactions/{number}"
    # In the middle of the body, at several places; then whole.
    number, events = await words(5)
    for part in (0.01, 0.2, 0.5, 0.99):
        _, writer = await homeserver.open_to_bridge("PUT", path(number), {"events": events}, part=part)
        writer.transport.abort()
    require(await homeserver.deliver(number, events), "the whole one is refused")
    # Whole, but nobody waits for the answer; then the same again, more than once.
    number, events = await words(5)
    for _ in range(3):
        _, writer = await homeserver.open_to_bridge("PUT", path(number), {"events": events})
        writer.transport.abort()
    require(await homeserver.deliver(number, events), "the same again is refused")
    # In part, under another number: what a homeserver that was set back puts together anew.
    number, more = await words(5)
    require(await homeserver.deliver(number, events[3:] + more[:2]), "a part is refused")
    homeserver.number += 1
    require(await homeserver.deliver(homeserver.number, more), "the rest is refused")
    # The same one twice at once.
    number, events = await words(5)
    results = await asyncio.gather(*(homeserver.deliver(number, events) for _ in range(4)))
    require(results == [True] * 4, f"{results}")
    # One that has overtaken another.
    (first, early), (second, late) = await words(5), await words(5)
    require(not await homeserver.deliver(second, late), "what came too early was taken")
    require(await homeserver.deliver(first, early) and await homeserver.deliver(second, late), "in order they are refused")
    # An old one, after all.
    require(await homeserver.deliver(first, early), "an old one is refused")
    await irc_hears_once(carol, "alice", said, irc_mark)
    homeserver.pushing = True
    homeserver.wake.set()
    await alice.say(lobby.portal, "the end")
    await irc_hears_once(carol, "alice", said + ["the end"], irc_mark)


async def scenario_restarted_in_mid_transaction(world):
    """The homeserver ends whatever it is doing, also between our call and its answer, and is back at once."""
    lobby = await faulty_lobby(world, "alice", "bob")
    (alice, bob), carol, homeserver = lobby.people, lobby.carol, lobby.homeserver
    irc_mark = carol.mark()
    said = {"alice": [], "bob": [], "carol": []}
    random.seed(11)
    for number in range(60):
        for person in (alice, bob):
            said[person.name].append(f"{person.name} {number}")
            await person.say(lobby.portal, said[person.name][-1])
        said["carol"].append(f"carol {number}")
        carol.send(f"PRIVMSG #lobby :{said['carol'][-1]}")
        await asyncio.sleep(random.uniform(0, 0.02))
        if number % 6 == 5:
            await homeserver.stop()
            await asyncio.sleep(random.uniform(0, 0.2))
            await homeserver.start()
    for person in (alice, bob):
        await irc_hears_once(carol, person.name, said[person.name], irc_mark, 60)
    await hears_once(alice, lobby.portal, said["carol"], timeout=120)


async def scenario_what_was_taken_is_known_again(world):
    """The homeserver takes a message and ends before it says so; when it is back it knows no transaction ids any more."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    said = []
    for trouble in (lost, lambda: lost(False), lambda: reset(True), lambda: hang(True), truncated):
        fault = homeserver.fail(r"PUT .*/send/", trouble())
        for text in ("the same", "the same", "another"):
            said.append(text)
            carol.send(f"PRIVMSG #lobby :{text}")
        await homeserver.hit(fault)
        await homeserver.stop()
        homeserver.forget()
        await homeserver.start()
        await wait_until(lambda: len(alice.texts(lobby.portal, CAROL)) >= len(said), f"{len(said)} messages")
        require(alice.texts(lobby.portal, CAROL) == said, f"carol said {said}, and there is {alice.texts(lobby.portal, CAROL)}")
    require(homeserver.count("GET .*/messages") >= 5, "nothing was looked for")


async def scenario_what_is_never_pushed(world):
    """The homeserver ends with messages that it has accepted and not told yet. They are found when it is back, in order, and before
    what is pushed then; whoever came in meanwhile is there."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    chat = await chat_with(alice, CAROL)
    await homeserver.idle()
    irc_mark, said = carol.mark(), []

    async def say(*texts):
        for text in texts:
            said.append(text)
            await alice.say(lobby.portal, text)
            await alice.say(chat, text)

    async def heard():
        await irc_hears_once(carol, "alice", said, irc_mark)

        def private():
            return [match[1] for way, line in carol.lines[irc_mark:]
                    if way == "<" and (match := re.match(r":alice!\S+ PRIVMSG carol :(.*)$", line))]
        await wait_until(lambda: said[-1] in private(), f"{said[-1]!r} in private")
        require(private() == said, f"in private she has heard {private()}")

    async def answers_again():
        await homeserver.start()
        await wait_until(lambda: homeserver.count("GET .*/messages", calls), "rooms to be looked through")
    await say("pushed")
    await heard()
    for turn, sign in enumerate(("silence", "a gap", "again", "killed")):
        homeserver.pushing = False
        await say(f"kept {turn}", f"kept back {turn}")
        calls = len(homeserver.calls)
        if sign == "silence":
            # Our own calls are the first to notice.
            await homeserver.is_away_for(gateway, lambda: carol.send("PRIVMSG #lobby :nobody is there"))
        await homeserver.stop()
        homeserver.forget()
        homeserver.pushing = True
        if sign == "silence":
            await answers_again()
            await alice.message(lobby.portal, "^nobody is there$", CAROL)
        elif sign == "killed":
            await gateway.kill_core()
            await gateway.start(wait=False)
            await gateway.process.wait_log("does not answer")
            await answers_again()
        else:
            homeserver.number += 1 if sign == "a gap" else -1
            await homeserver.start()
        await say(f"pushed after {turn}")
        await heard()
    # Somebody comes in; and what was said before the bot came is not for it.
    zoe, _ = await with_account(world, homeserver, "zoe")
    room = await alice.create_room()
    await alice.say(room, "help")
    homeserver.add(homeserver.rooms[room], alice.id, "m.room.member", {"membership": "invite", "is_direct": True}, state_key=BOT)
    await alice.message(room, "Say: help", BOT)
    homeserver.pushing = False
    await zoe.join(lobby.portal)
    await homeserver.stop()
    homeserver.forget()
    homeserver.pushing = True
    homeserver.number -= 1
    await homeserver.start()
    await say("the end")
    await heard()
    await carol.expect(r"^:zoe!\S+ JOIN :?#lobby$", irc_mark)
    require(len(alice.messages(room, None, BOT)) == 1, f"the bot says {alice.texts(room, BOT)}")


async def scenario_a_question_that_is_never_answered(world):
    """A number was left out, so what the homeserver has not told is asked for, which it does not answer: the transaction waits for
    it so long and no longer, without having to come again."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    await homeserver.idle()
    tries, deliver = [], homeserver.deliver

    async def counted(number, events):
        tries.append(number)
        return await deliver(number, events)
    homeserver.deliver = counted
    fault = hang()
    homeserver.fail(r"GET .*/messages", fault, 99)
    homeserver.number += 1
    homeserver.transactions.append((homeserver.number, []))
    mark = carol.mark()
    await alice.say(lobby.portal, "is anybody there")
    await homeserver.hit(fault)
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :is anybody there$", mark, 20)
    require(len(tries) <= 2, f"it had to come {len(tries)} times: {tries}")


async def scenario_synapse_restarted_in_mid_transaction(world):
    """The same with a Synapse, killed or ended while three people talk: what stands in the room is what IRC hears, also what was
    committed and is never pushed; and what IRC says stands in the room, once, though a Synapse that ends between its commit and its
    answer takes it a second time."""
    pushed = await world.relay(0)
    lobby = await in_the_lobby(world, **{"settings.stay_connected": "1", "matrix.url": pushed.url})
    pushed.targets = [lobby.gateway.matrix_port]
    carol, synapse = lobby.carol, lobby.synapse
    alice, _ = await with_account(world, synapse, "alice")
    bob, _ = await with_account(world, synapse, "bob")
    portal = await enter(alice, carol)
    await enter(bob, carol)
    irc_mark, over, said = carol.mark(), asyncio.Event(), []

    async def talk(person):
        number = 0
        while not over.is_set():
            number += 1
            try:
                await asyncio.wait_for(person.say(portal, f"{person.name} {number}"), 5)
            except (Failure, asyncio.TimeoutError):
                pass  # it may be in the room or not

    async def talk_on_irc():
        while not over.is_set():
            said.append(f"carol {len(said)}")
            carol.send(f"PRIVMSG #lobby :{said[-1]}")
            await asyncio.sleep(0.05)

    def pushed_by_synapse():
        return ["the end", *(match[1].decode() for match in pushed.found(rb'"body":"(\w+ \d+)"'))]
    talking = [asyncio.create_task(work) for work in (talk(alice), talk(bob), talk_on_irc())]
    kills = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)
    try:
        for how in kills:
            heard = len(alice.texts(portal, CAROL))
            await wait_until(lambda: len(alice.texts(portal, CAROL)) > heard + 5, "the traffic to go on", 60)  # noqa: B023
            await asyncio.sleep(random.uniform(0, 0.2))  # anywhere in what it does
            await synapse.restart(how)
    finally:
        over.set()
        ends = await asyncio.gather(*talking, return_exceptions=True)
    require(not any(ends), f"{ends}")
    await alice.message(portal, f"^{said[-1]}$", CAROL, timeout=120)
    for person in (alice, bob):
        last = await wait_answer(lambda: try_to_say(person, portal, "the end"), bool, "Synapse to take a word")
        require(last, "nothing was said")
        await alice.message(portal, "^the end$", person.id, timeout=60)
        await carol.expect(rf"^:{person.name}!\S+ PRIVMSG #lobby :the end$", irc_mark, 60)
        # What nio was told of as lost may stand in the room all the same.
        there = alice.texts(portal, person.id)
        heard = heard_on_irc(carol, irc_mark, rf"{person.name}!\S+")
        print(f"{len(there)} of {person.name}, {len(set(there) - set(pushed_by_synapse()))} of them never pushed")
        require(heard == there, f"{person.name} said {there}, and IRC has heard {heard}")
    heard = alice.texts(portal, CAROL)
    require(heard == said, f"carol said {said}, and there is {heard}")


async def try_to_say(person, room, text):
    try:
        return await asyncio.wait_for(person.say(room, text), 10)
    except (Failure, asyncio.TimeoutError):
        return None


# ------------------------------------------------------------------------------------- connections to IRC that break


async def relayed_lobby(world, *names, **options):
    """faulty_lobby (with nothing wrong with the homeserver), where IRC is reached through lobby.relay."""
    ircd = await world.ngircd()
    relay = await world.relay(ircd.port, **options)
    synapse, _, gateway = await world.irc_appservice(synapse=world.fake_homeserver(), ircd=relay)
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    people, portal = [], None
    for name in names:
        person, _ = await with_account(world, synapse, name)
        people.append(person)
        portal = await enter(person, carol)
    return relay, gateway, carol, people, portal


async def scenario_the_listener_is_lost_in_mid_message(world):
    """The connection that is shown breaks, in the middle of a line: the next one goes on where it was. People say the same thing
    twice meanwhile, and that stays twice."""
    relay, _, carol, (alice, bob), portal = await relayed_lobby(world, "alice", "bob")
    said, mark = [], alice.mark()

    def say(*texts):
        for text in texts:
            said.append(text)
            carol.send(f"PRIVMSG #lobby :{text}")
    say("well", "well", "it begins", "well")
    await hears_several(alice, portal, said, mark)
    for turn, (listener, other) in enumerate(((alice, bob), (bob, alice), (alice, bob))):
        link = await relay.linked(listener.name)
        before = carol.mark()
        link.stall()
        say("twice", "twice", f"turn {turn}", "well")
        await link.holds(f"turn {turn}".encode())
        # The first of them, and half of the second.
        held = bytes(link.held)
        first = held.index(b"PRIVMSG #lobby :twice")
        link.pass_on(held.index(b"PRIVMSG #lobby :twice", first + 1) + len(b"PRIVMSG #lobby :tw"))
        await (link.cut() if turn == 1 else link.end_after_what_was_said())
        say("without her", "without her")
        await carol.expect(rf"^:{listener.name}!\S+ QUIT", before)
        await carol.expect(rf"^:{listener.name}!\S+ JOIN :?#lobby", before, 60)
        say("all there", "all there")
        await hears_several(alice, portal, said, mark)
    members = await alice.members(portal)
    require(members == {alice.id, bob.id, CAROL, BOT}, f"the members are {members}")


async def hears_several(person, room, texts, mark, timeout=30.0):
    """hears_once, where the last text is not the only one of its kind."""
    await wait_until(lambda: len(person.texts(room, CAROL, mark)) >= len(texts), f"{len(texts)} messages in {room}", timeout)
    heard = person.texts(room, CAROL, mark)
    require(heard == texts, f"carol said {texts}, and there is {heard}")


async def scenario_the_listener_lags(world):
    """Longer than the others' copies wait: they are shown, and what the listener brings after all is known."""
    relay, _, carol, (alice, bob), portal = await relayed_lobby(world, "alice", "bob")
    mark = alice.mark()
    said = ["before"]
    carol.send("PRIVMSG #lobby :before")
    await hears_several(alice, portal, said, mark)
    link = await relay.linked("alice")
    link.stall()
    for text in ("late", "late", "later"):
        said.append(text)
        carol.send(f"PRIVMSG #lobby :{text}")
    await link.holds(b"later")
    await hears_several(alice, portal, said, mark)
    link.go_on()
    for text in ("late", "after"):
        said.append(text)
        carol.send(f"PRIVMSG #lobby :{text}")
    await hears_several(alice, portal, said, mark)


async def scenario_the_listener_is_ahead(world):
    """It sees somebody of the portal come, or take another name, before his own connection knows: no ghost stands for him in the
    end, also if it was still on its way."""
    relay, gateway, carol, (alice, bob), _ = await relayed_lobby(world, "alice", "bob")
    homeserver = alice.homeserver
    link = await relay.linked("bob")
    for number, channel in enumerate(("#hall", "#den")):
        await carol.join(channel)
        portal = await enter(alice, carol, channel)
        link.stall()
        fault = homeserver.fail(rf"POST .*/join/{re.escape(portal)}", slow()) if number else None
        await bob.join(portal)
        await link.holds(f"JOIN :{channel}".encode())
        await (homeserver.hit(fault) if fault else alice.member(portal, ghost("bob")))
        link.go_on()
        if fault:
            await wait_until(lambda: homeserver.count(rf"POST .*/rooms/{re.escape(portal)}/leave"), "it to leave")  # noqa: B023
            fault.waits.set()
        await alice.wait_members(portal, {alice.id, bob.id, CAROL, BOT})
        carol.send(f"PRIVMSG {channel} :all there")
        await hears_once(alice, portal, ["all there"])
    link.stall()
    for room in [room for room in homeserver.rooms.values() if bob.id in room.joined]:
        homeserver.add(room, bob.id, "m.room.member", {"membership": "join", "displayname": "bobby"}, state_key=bob.id)
    await link.holds(b"NICK")
    await alice.member(portal, ghost("bobby"))
    link.go_on()
    await alice.wait_members(portal, {alice.id, bob.id, CAROL, BOT})
    mark = carol.mark()
    await bob.say(portal, "it is me")
    await carol.expect(r"^:bobby!\S+ PRIVMSG #den :it is me$", mark)
    require(not alice.messages(portal, "^it is me$", ghost("bobby")), "he speaks twice")


async def scenario_a_netsplit(world):
    """Two servers of one network, somebody of the portal on each. Between them the link breaks, and comes back."""
    here, there = Ngircd(world.folder, name="here.test"), Ngircd(world.folder, name="there.test")
    between = await world.relay(here.port)
    here.peers.append(Peer(there.name))
    there.peers.append(Peer(here.name, between.port))
    for server in (here, there):
        world.started.append(server)
        await server.start()
    await wait_until(lambda: between.links, "the two servers to be linked")
    relay = await world.relay(here.port, there.port, choose=lambda number: min(number, 1))
    homeserver = world.fake_homeserver()
    await world.irc_appservice(synapse=homeserver, ircd=relay)
    carol, dave = await world.irc_client(here, "carol"), await world.irc_client(there, "dave")
    for client in (carol, dave):
        await client.join("#lobby")
    await wait_until(lambda: sees(carol, "dave"), "carol to see dave")
    alice, _ = await with_account(world, homeserver, "alice")
    portal = await enter(alice, carol)
    bob, _ = await with_account(world, homeserver, "bob")
    await enter(bob, carol)
    await dave.expect(r"^:alice!\S+ JOIN")
    mark = alice.mark()
    said = {"carol": [], "dave": []}

    def say(*texts):
        for client in (carol, dave):
            for text in texts:
                said[client.nick].append(f"{text}")
                client.send(f"PRIVMSG #lobby :{text}")

    async def heard():
        for name in said:
            await wait_until(lambda: len(alice.texts(portal, ghost(name), mark)) >= len(said[name]),  # noqa: B023
                             f"{len(said[name])} messages of {name}", 40)
            words = alice.texts(portal, ghost(name), mark)
            require(words == said[name], f"{name} said {said[name]}, and there is {words}")
    say("together", "together")
    await heard()
    for turn in range(2):
        marks = {client: client.mark() for client in (carol, dave)}
        between.refuses = True
        await between.links[-1].cut()
        await carol.expect(r"^:dave!\S+ QUIT", marks[carol])
        await dave.expect(r"^:carol!\S+ QUIT", marks[dave])
        say("apart", "apart", f"turn {turn}")
        # Each side hears its own people, and both say what their people write.
        await alice.say(portal, f"alice {turn}")
        await bob.say(portal, f"bob {turn}")
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :alice {turn}$", marks[carol])
        await dave.expect(rf"^:bob!\S+ PRIVMSG #lobby :bob {turn}$", marks[dave])
        await heard()
        between.refuses = False
        await carol.expect(r"^:dave!\S+ JOIN", marks[carol], 60)
        await dave.expect(r"^:carol!\S+ JOIN", marks[dave], 60)
        say("together again", "together again")
        await heard()
    await alice.wait_members(portal, {alice.id, bob.id, CAROL, ghost("dave"), BOT})


def sees(client, nick):
    client.send("NAMES #lobby")
    return client.find(rf" 353 .*:.*\b{nick}\b")
