# SPDX-License-Identifier: MIT
"""Another homeserver's habits: no ping, ids of transactions that are times, an event a transaction, rooms of version 10."""
import signal

from harness.dendrite import Dendrite
from harness.synapse import client_packages
from test_matrix import BOT, CAROL, chat_with, enter, in_the_lobby, nothing_else_on_irc, until_answer

PACKAGES = client_packages
# Only where it is asked for: it has to be built first, by a newer Go than Debian's.
RUN_UNNAMED = ()


async def scenario_from_the_beginning(world):
    """Registration, a chat both ways, a portal by its alias, and a restart."""
    server = Dendrite(world.folder)
    world.started.append(server)
    lobby = await in_the_lobby(world, "alice", synapse=server)
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    await until_answer(alice, lobby.bots[0], "status", "^alice: connected")
    chat = await chat_with(alice, CAROL)
    for number in range(2):
        irc_mark, mark = carol.mark(), alice.mark()
        for room, target, to in ((portal, "#lobby", "#lobby"), (chat, "carol", "alice")):
            await alice.say(room, f"hello {number}")
            await carol.expect(rf"^:alice!\S+ PRIVMSG {target} :hello {number}$", irc_mark)
            carol.send(f"PRIVMSG {to} :hello alice {number}")
            await alice.message(room, f"^hello alice {number}$", CAROL, mark)
        heard = await nothing_else_on_irc(carol, alice, portal, irc_mark)
        assert heard == [f"hello {number}"], heard
        if number == 0:
            await server.restart(signal.SIGTERM)
    await alice.wait_members(portal, {alice.id, CAROL, BOT})
    await carol.join("#den")
    den = await enter(alice, carol, "#den")
    carol.send("PRIVMSG #den :welcome")
    await alice.message(den, "^welcome$", CAROL)
