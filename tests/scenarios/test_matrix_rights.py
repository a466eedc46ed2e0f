# SPDX-License-Identifier: MIT
"""
What becomes of messages where people of Matrix keep the bridge from something, on a real Synapse with ngircd behind it: in
rooms of their own without its rights, in encrypted ones. docs/matrix.md says what is promised.
"""
from harness.process import require
from test_matrix import BOT, CAROL, PACKAGES, ask, ghost, heard_on_irc, in_the_lobby  # noqa: F401
from test_matrix import in_room_version
from test_matrix_rooms import set_level


async def change_levels(person, room, **changes):
    content = await person.state(room, "m.room.power_levels")
    content.update(changes)
    await person.set_state(room, "m.room.power_levels", content)


async def room_with_levels(person, **levels):
    """A room of this person's with the bot in it, of a version in which its level stands in the event."""
    room = await person.create_room([BOT], name="Our hall", version="10")
    await person.member(room, BOT)
    await change_levels(person, room, **levels)
    return room


async def scenario_ghosts_that_may_not_come_in(world):
    """The bot may not invite: it says so when the room is tied, and says itself what people of the network say."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    await carol.join("#hall")
    room = await room_with_levels(alice, invite=50)
    irc_mark = carol.mark()
    answer = await ask(alice, room, "plumb #hall", "#hall")
    require("invite" in answer["content"]["body"] and "50" in answer["content"]["body"], f"it says {answer}")
    await carol.expect(r"^:alice!\S+ JOIN :?#hall$", irc_mark)
    carol.send("PRIVMSG #hall :hello \x02hall\x02")
    said = await alice.message(room, "^<carol> hello hall$", BOT)
    require("&lt;carol&gt;" in said["content"]["formatted_body"], f"its markup is {said}")
    carol.send("PRIVMSG #hall :\x01ACTION waves\x01")
    await alice.message(room, "^\\* carol waves$", BOT)
    # Also to the next process, and once.
    restart_mark = carol.mark()
    await lobby.gateway.stop()
    await lobby.gateway.start()
    await carol.expect(r"^:alice!\S+ JOIN :?#hall$", restart_mark)
    carol.send("PRIVMSG #hall :once more")
    await alice.message(room, "^<carol> once more$", BOT)
    require(alice.texts(room, BOT).count("<carol> once more") == 1, "it is said twice")
    # With the right the ghost is there again, without a word of anybody.
    await set_level(alice, room, BOT, 50)
    await alice.member(room, CAROL)
    carol.send("PRIVMSG #hall :here I am")
    await alice.message(room, "^here I am$", CAROL)
    # Whoever was banned by name is not heard through the bot.
    mark = alice.mark()
    await alice.call("POST", f"/_matrix/client/v3/rooms/{room}/ban", {"user_id": ghost("dave")})
    dave = await world.irc_client(lobby.ircd, "dave")
    await dave.join("#hall")
    dave.send("PRIVMSG #hall :me too")
    carol.send("PRIVMSG #hall :who was that")
    await alice.message(room, "^who was that$", CAROL, mark)
    require(not alice.messages(room, "me too"), "somebody who is banned is heard")


async def scenario_ghosts_that_may_not_speak(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    await carol.join("#hall")
    room = await room_with_levels(alice)
    await ask(alice, room, "plumb #hall", "^This room is tied to #hall now\\.$")
    carol.send("PRIVMSG #hall :hello")
    await alice.message(room, "^hello$", CAROL)
    # Nobody may: then one of those who are concerned is told in his chat with the bot.
    mark = alice.mark()
    await change_levels(alice, room, events_default=40)
    carol.send("PRIVMSG #hall :can you hear me")
    await alice.message(lobby.bots[0], "#hall", BOT, mark)
    await set_level(alice, room, BOT, 40)
    carol.send("PRIVMSG #hall :and now")
    await alice.message(room, "^<carol> and now$", BOT)
    answer = await ask(alice, room, f"{BOT}: plumb #hall", "tied to #hall already")
    require(answer, "no answer")
    await change_levels(alice, room, events_default=0)
    carol.send("PRIVMSG #hall :thank you")
    await alice.message(room, "^thank you$", CAROL)
    # Where only the bot may it says so at once.
    other = await room_with_levels(alice, events_default=40)
    await set_level(alice, other, BOT, 40)
    answer = await ask(alice, other, "plumb #hall", "#hall")
    require("may not speak" in answer["content"]["body"], f"it says {answer}")


async def scenario_room_version_6(world):
    await in_room_version(world, "6")


async def scenario_room_version_9(world):
    await in_room_version(world, "9")
