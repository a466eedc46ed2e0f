# SPDX-License-Identifier: MIT
"""Rooms of old versions that are replaced by newer ones (room upgrades), one after the other, on a real Synapse."""
from harness.process import require, wait_answer
from harness.synapse import client_packages
from test_matrix import BOT, CAROL, LOBBY, ask, chat_with, in_the_lobby
from test_matrix_rooms import make_admin, room_path

PACKAGES = client_packages
VERSIONS = ("6", "9", "12")


async def upgrade(person, room, version):
    """The new room."""
    new = (await person.call("POST", room_path(room, "upgrade"), {"new_version": version}))["replacement_room"]
    require((await person.state(new, "m.room.create"))["room_version"] == version, f"the new room is not of version {version}")
    return new


async def scenario_from_version_to_version(world):
    """A room that people have tied, a chat with a contact and a portal of ours go from version 6 to 9 and 12. Each time what is
    said goes on in the new room, both ways, once."""
    lobby = await in_the_lobby(world, "alice", synapse=world.synapse_or_skip(room_version=VERSIONS[0]))
    alice, carol = lobby.people[0], lobby.carol
    await carol.join("#hall")
    hall = await alice.create_room([BOT], name="Our hall")
    await alice.member(hall, BOT)
    irc_mark = carol.mark()
    await ask(alice, hall, "plumb #hall", "#hall")
    await carol.expect(r"^:alice!\S+ JOIN :?#hall$", irc_mark)
    await make_admin(lobby, alice, lobby.portal)
    rooms = [(hall, "#hall", "#hall", BOT), (await chat_with(alice, CAROL), "carol", "alice", CAROL),
             (lobby.portal, "#lobby", "#lobby", BOT)]
    for number, version in enumerate(VERSIONS):
        for room, target, to, _ in rooms:
            irc_mark, mark = carol.mark(), alice.mark()
            require((await alice.state(room, "m.room.create")).get("room_version", "1") == version, f"{target} has another version")
            await alice.say(room, f"{target} in {version}")
            await carol.expect(rf"^:alice!\S+ PRIVMSG {target} :{target} in {version}$", irc_mark)
            carol.send(f"PRIVMSG {to} :carol in {version}")
            await alice.message(room, f"^carol in {version}$", CAROL, mark)
            require(len(alice.messages(None, f"^carol in {version}$", CAROL, mark)) == 1, "it is said in the old room as well")
            require(carol.count(f" :{target} in {version}$", irc_mark) == 1, "the network has it twice")
        if version == VERSIONS[-1]:
            break
        following = []
        for room, target, to, ours in rooms:
            mark = alice.mark()
            new = await upgrade(alice, room, VERSIONS[number + 1])
            if room != rooms[2][0]:  # whose door is open
                await alice.invite(new, ours)
            await alice.member(new, ours, after=mark)
            await alice.member(room, ours, "leave", mark)
            following.append((new, target, to, ours))
        rooms = following
    # Who joins the channel by its alias comes into the portal of now.
    portal = rooms[2][0]
    await wait_answer(lambda: lobby.synapse.room_of_alias(LOBBY, alice.client.access_token), lambda room: room == portal,
                      "the alias to lead to the newest room")
