# SPDX-License-Identifier: MIT
"""What changed in rooms while nobody has told us of it: the homeserver has forgotten, or we were away."""
from harness.fake_homeserver import hang
from harness.process import require, wait_until
from harness.synapse import client_packages
from test_matrix import CAROL, enter
from test_matrix_faults import faulty_lobby

PACKAGES = client_packages


async def untold(homeserver, act, shows=True):
    """The homeserver forgets what it has to tell of `act`. shows: the number of its next transaction says so."""
    await homeserver.idle()
    homeserver.pushing = False
    await act()
    await homeserver.stop()
    homeserver.forget()
    homeserver.pushing = True
    homeserver.number += shows
    await homeserver.start()


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
            await homeserver.idle()
            await gateway.kill_core()
            await untold(homeserver, leave, shows=False)
            await gateway.start()
        else:
            await untold(homeserver, leave if way == "a gap" else leave_long_ago)
            await alice.say(lobby.portal, f"told after {way}")
        await carol.expect(r"^:bob!\S+ (PART|QUIT)", mark)
        await alice.say(lobby.portal, f"without him after {way}")
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :without him after {way}$", mark)
        require(not carol.find_all(r"^:alice!\S+ (PART|QUIT)", mark), "alice has left as well")
        await enter(bob, carol)
    require(CAROL in room.joined, "carol has left as well")


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
