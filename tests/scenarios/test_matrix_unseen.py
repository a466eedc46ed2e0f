# SPDX-License-Identifier: MIT
"""What changed in rooms while nobody has told us of it: the homeserver has forgotten, or we were away."""
import asyncio
import re

from harness.fake_homeserver import Fault, hang
from harness.process import require, wait_until
from harness.synapse import client_packages
from test_matrix import CAROL, enter
from test_matrix_faults import faulty_lobby, irc_hears_once

PACKAGES = client_packages


async def untold(homeserver, act, killed=None):
    """The homeserver forgets what it has to tell of `act`, during which this gateway is dead; or else the number of its next
    transaction shows it."""
    await homeserver.idle()
    homeserver.pushing = False
    if killed:
        await killed.kill_core()
    await act()
    await homeserver.stop()
    homeserver.forget()
    homeserver.pushing = True
    homeserver.number += not killed
    await homeserver.start()
    if killed:
        await killed.start()


async def scenario_somebody_has_left(world):
    """He leaves the room of the network, too: after a gap, after one that is too long to be read, and after a start with a session
    that went on; others stay."""
    lobby = await faulty_lobby(world, "alice", "bob")
    (alice, bob), carol, homeserver, gateway = lobby.people, lobby.carol, lobby.homeserver, lobby.gateway
    room = homeserver.rooms[lobby.portal]

    async def leave():
        await bob.leave(lobby.portal)

    async def leave_long_ago():
        await leave()
        for number in range(120):
            homeserver.add(room, alice.id, "org.example.noise", {"number": number})
    for way in ("a gap", "a long gap", "killed"):
        mark = carol.mark()
        if way == "killed":
            await untold(homeserver, leave, gateway)
        else:
            await untold(homeserver, leave if way == "a gap" else leave_long_ago)
            await alice.say(lobby.portal, f"told after {way}")
        await carol.expect(r"^:bob!\S+ (PART|QUIT)", mark)
        await alice.say(lobby.portal, f"without him after {way}")
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :without him after {way}$", mark)
        require(not carol.find_all(r"^:alice!\S+ (PART|QUIT)", mark), "alice has left as well")
        await enter(bob, carol)
    require(CAROL in room.joined, "carol has left as well")


async def scenario_people_move_while_they_are_asked_for(world):
    """It is asked so many times who is there, and whoever has left is found with the next question."""
    lobby = await faulty_lobby(world, "alice", "bob")
    (alice, bob), carol, homeserver = lobby.people, lobby.carol, lobby.homeserver
    zoe = await world.matrix_person(homeserver, "zoe")
    asked, mark = rf"GET .*/{re.escape(lobby.portal)}/joined_members", carol.mark()
    before = len(homeserver.calls)
    faults = [homeserver.fail(asked, Fault(does=True, cuts=1.0, waits=asyncio.Event())) for _ in range(3)]

    async def leave():
        await bob.leave(lobby.portal)
    await untold(homeserver, leave)
    await alice.say(lobby.portal, "told")
    for fault, move in zip(faults, (zoe.join, zoe.leave, zoe.join)):
        await homeserver.hit(fault)
        await move(lobby.portal)
        await homeserver.idle()
        fault.waits.set()
    await alice.say(lobby.portal, "behind it")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :behind it$", mark)
    require(homeserver.count(asked, before) == 3, f"it is asked {homeserver.count(asked, before)} times")
    require(not carol.find_all(r"^:bob!\S+ (PART|QUIT)", mark), "it is known who is there")

    async def go():
        await zoe.leave(lobby.portal)
    await untold(homeserver, go)
    await alice.say(lobby.portal, "told again")
    await carol.expect(r"^:bob!\S+ (PART|QUIT)", mark)


async def scenario_a_door_that_was_not_shut(world):
    """We are killed before the homeserver has heard that the room is private."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    await carol.join("#own")
    portal = await enter(alice, carol, "#own")
    await alice.wait_members(portal, lambda ids: CAROL in ids)
    fault = homeserver.fail(r"PUT .*/state/m\.room\.join_rules", hang(), 1000)
    carol.send("MODE #own +i")
    await homeserver.hit(fault)
    await gateway.kill_core()
    fault.left = 0
    fault.waits.set()
    await gateway.start()
    await wait_until(lambda: homeserver.rooms[portal].state.get(("m.room.join_rules", "")) == {"join_rule": "invite"}, "the door")


async def scenario_clocks_apart(world):
    """Our clock is an hour ahead of the homeserver's, whose times what it has never pushed has: that is found all the same."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    homeserver.ahead = -3600
    mark = carol.mark()
    await alice.say(lobby.portal, "pushed")
    await irc_hears_once(carol, "alice", ["pushed"], mark)
    await untold(homeserver, lambda: alice.say(lobby.portal, "never pushed"), gateway)
    await irc_hears_once(carol, "alice", ["pushed", "never pushed"], mark)
