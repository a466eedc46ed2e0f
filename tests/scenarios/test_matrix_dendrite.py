# SPDX-License-Identifier: MIT
"""Another homeserver's habits: no ping, ids of transactions that are times, an event a transaction, rooms of version 10."""
import asyncio
import os
import signal

from harness.dendrite import Dendrite
from harness.process import free_port, require
from harness.synapse import client_packages
from test_matrix import BOT, CAROL, chat_with, enter, fetch, heard_on_irc, in_the_lobby, nothing_else_on_irc, until_answer

PACKAGES = client_packages


async def kinds_of_messages(alice, carol, room):
    """What Dendrite pushes to application services of a room: no redactions, no typing, no receipts."""
    mark = carol.mark()
    first = await alice.say(room, "plain", "<b>plain</b>")
    await carol.expect("^:alice!\\S+ PRIVMSG #lobby :\x02plain", mark)
    await alice.reply(room, first, "an answer")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*an answer$", mark)
    await alice.edit(room, first, "better")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*better$", mark)
    await alice.react(room, first, "\U0001f44d")
    await carol.expect("^:alice!\\S+ PRIVMSG #lobby :.*\U0001f44d", mark)
    content = os.urandom(3000)
    await alice.send_file(room, content, "image/png", "a.png", "m.image")
    url = (await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*?(http://\S+)", mark)).group(1)
    require((await asyncio.to_thread(fetch, url))[0] == content, f"{url} is another file")
    heard = heard_on_irc(carol, mark)
    require(heard[:-1] == ["\x02plain", "> alice: plain", "an answer", "* better", "\U0001f44d"], f"IRC has heard {heard}")


async def scenario_from_the_beginning(world):
    """Registration, a chat both ways, a portal by its alias, a restart, and each kind of message."""
    server = Dendrite(world.folder)
    world.started.append(server)
    port = free_port()
    lobby = await in_the_lobby(world, "alice", synapse=server,
                               **{"media.public_url": f"http://127.0.0.1:{port}", "media.port": port})
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    require((await alice.state(portal, "m.room.create"))["room_version"] == "10", "the portal is of another version than expected")
    await lobby.gateway.process.wait_log("the homeserver knows no ping")
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
    await kinds_of_messages(alice, carol, portal)
    await alice.wait_members(portal, {alice.id, CAROL, BOT})
    await carol.join("#den")
    den = await enter(alice, carol, "#den")
    carol.send("PRIVMSG #den :welcome")
    await alice.message(den, "^welcome$", CAROL)
