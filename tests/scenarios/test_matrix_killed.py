# SPDX-License-Identifier: MIT
"""kill -9 while the homeserver has been asked for something on which depends what becomes of an event that was taken."""
from harness.fake_homeserver import hang
from harness.process import require, wait_until
from test_matrix import BOT, CAROL, ask, chat_with, ghost
from test_matrix_faults import faulty_lobby, hears_once, irc_hears_once


async def killed_at(gateway, homeserver, pattern, act, taken=True):
    """The process that asks something like that does not live to see the answer. taken: of what was told nothing is told again."""
    fault = homeserver.fail(pattern, hang(), 1000)
    await act()
    await homeserver.hit(fault)
    if taken:
        await homeserver.idle()
    await gateway.kill_core()
    fault.left = 0
    fault.waits.set()
    await gateway.start()


async def scenario_a_room_is_replaced(world):
    """While it is asked whether the sender of a tombstone may replace the room, and while the new room is read back: it is
    followed all the same, and what was said in it before that is heard, once."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway

    def make(creation=None):
        room = homeserver.new_room(alice.id, creation)
        homeserver.add(room, alice.id, "m.room.power_levels", {"users": {alice.id: 100}}, state_key="")
        return room

    def invite(room):
        homeserver.add(room, alice.id, "m.room.member", {"membership": "invite"}, state_key=BOT)
    room = make()
    invite(room)
    await alice.member(room.id, BOT)
    await carol.join("#hall")
    await ask(alice, room.id, "plumb #hall", "#hall")
    await carol.expect(r"^:alice!\S+ JOIN :?#hall$")
    mark, said = carol.mark(), []

    async def say(text):
        said.append(text)
        await alice.say(room.id, text)

    def heard():
        return [match[1] for match in carol.find_all(r"^:alice!\S+ PRIVMSG #hall :(.*)$", mark)]
    for asked in ("GET .*/state$", "GET .*/messages"):
        old, room = room, make({"predecessor": {"room_id": room.id, "event_id": room.events[-1]["event_id"]}})

        async def replace(old=old):
            homeserver.add(old, alice.id, "m.room.tombstone", {"body": "go there", "replacement_room": room.id}, state_key="")
            invite(room)
            await say(f"before you came, {asked}")
        await killed_at(gateway, homeserver, asked, replace)
        await alice.member(room.id, BOT)
        await say(f"behind you, {asked}")
        await wait_until(lambda: said[-1] in heard(), f"{said[-1]!r} on IRC")
        require(heard() == said, f"alice said {said}, and IRC has heard {heard()}")
        carol.send("PRIVMSG #hall :I am here")
        await hears_once(alice, room.id, ["I am here"])


async def scenario_what_is_never_pushed(world):
    """The homeserver was away, which only the process that is killed has seen: what it has not told is found all the same."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    mark = carol.mark()
    await alice.say(lobby.portal, "pushed")
    await irc_hears_once(carol, "alice", ["pushed"], mark)
    homeserver.pushing = False
    await alice.say(lobby.portal, "kept back")
    await alice.say(lobby.portal, "not told")
    # Two calls in a row without an answer: no number of a transaction tells.
    await homeserver.is_away_for(gateway, lambda: carol.send("PRIVMSG #lobby :nobody is there"))
    await homeserver.stop()
    homeserver.forget()
    homeserver.pushing = True
    await homeserver.start()
    await killed_at(gateway, homeserver, "GET .*/messages", lambda: alice.say(lobby.portal, "told"), taken=False)
    await irc_hears_once(carol, "alice", ["pushed", "kept back", "not told", "told"], mark)
    await alice.message(lobby.portal, "^nobody is there$", CAROL)


async def scenario_a_chat_comes_into_its_space(world):
    """While the one or the other is told: the chat knows its space in the end, and the space the chat."""
    lobby = await faulty_lobby(world, "alice", **{"matrix.spaces": "1"})
    alice, homeserver, gateway = lobby.people[0], lobby.homeserver, lobby.gateway

    def space_with(room):
        return [one.id for one in homeserver.rooms.values() if one.state.get(("m.space.child", room), {}).get("via")]
    await wait_until(lambda: space_with(lobby.portal), "the space")
    space = space_with(lobby.portal)
    for name, asked in (("dave", "m.space.parent"), ("erin", "m.space.child")):
        chats = []

        async def begin(name=name, chats=chats):
            chats.append(await chat_with(alice, ghost(name)))
        await killed_at(gateway, homeserver, f"PUT .*/state/{asked}/", begin)
        room = homeserver.rooms[chats[0]]
        await wait_until(lambda: space_with(room.id) == space and room.state.get(("m.space.parent", space[0]), {}).get("via"),
                         f"the chat with {name} in its space")
