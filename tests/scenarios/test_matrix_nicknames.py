# SPDX-License-Identifier: MIT
"""matrix.room_nicknames: on networks where a nickname means somebody in one room only (XMPP's), the carol of one room is not the
carol of another, nor the contact of that name."""
from harness.process import require
from harness.synapse import client_packages
from test_matrix import CAROL, alias, ask, chat_with, enter, ghost, with_account, witnessed
from test_matrix_people import do, with_events

PACKAGES = client_packages
LEFT, ONLINE = 5, 0


async def scenario_who_is_who(world):
    _, gateway, alice, bot, chats = await with_events(world, **{"matrix.room_nicknames": "1"})

    async def reaches(room, text, to):
        await alice.say(room, text)
        await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda fields: fields["2"] == [to] and fields["3"] == [text])
    in_hall, in_den = ghost("#hall/carol"), ghost("#den/carol")
    hall, den = await alice.join(alias("#hall")), await alice.join(alias("#den"))
    for room, carol, other in ((hall, in_hall, in_den), (den, in_den, in_hall)):
        joined = await alice.member(room, carol)
        require(joined["content"]["displayname"] == "carol", f"she is called {joined}")
        await alice.wait_members(room, lambda ids: carol in ids and not ids & {other, CAROL})  # noqa: B023 - used at once
    # What she says in one is said by that one; what somebody of this name says to alice, by a third.
    await do(alice, chats, ["CONV_MESSAGE", {1: "USER", 2: "#hall", 3: "in the hall", 4: "carol"}],
             ["CONV_MESSAGE", {1: "USER", 2: "#den", 3: "in the den", 4: "carol"}],
             ["CONV_MESSAGE", {1: "USER", 2: "#hall", 3: "psst", 4: "carol", 9: True}],
             ["CONV_MESSAGE", {1: "USER", 2: "carol", 3: "I am a contact"}])
    await alice.message(hall, "^in the hall$", in_hall)
    await alice.message(den, "^in the den$", in_den)
    private = await alice.join(await alice.invited(in_hall))
    await alice.message(private, "^psst$", in_hall)
    contact = await alice.join(await alice.invited(CAROL))
    await alice.message(contact, "^I am a contact$", CAROL)
    # And the way back: to whom in which room.
    for room, text, to in ((private, "yes?", "#hall/carol"), (contact, "hello", "carol")):
        await reaches(room, text, to)
    # A chat that she begins herself with the one in the den is another one; both are known to the next process.
    other = await chat_with(alice, in_den)
    await ask(alice, bot, "status", "connected")  # all that has happened has been told
    await gateway.stop()
    await gateway.start()
    for room, text, to in ((other, "you there", "#den/carol"), (private, "and you", "#hall/carol")):
        await reaches(room, text, to)
    # Another nickname is another ghost, in that room.
    mark = alice.mark()
    await do(alice, chats, ["PARTICIPANT_CHANGED", {1: "USER", 2: "#hall", 3: "carol", 4: 0, 5: ONLINE, 7: "caro"}])
    await alice.member(hall, ghost("#hall/caro"), after=mark)
    await alice.member(hall, in_hall, "leave", mark)
    await do(alice, chats, ["PARTICIPANT_CHANGED", {1: "USER", 2: "#hall", 3: "caro", 4: 0, 5: LEFT}],
             ["CONV_MESSAGE", {1: "USER", 2: "#den", 3: "still here", 4: "carol"}])
    await alice.member(hall, ghost("#hall/caro"), "leave", mark)
    await alice.message(den, "^still here$", in_den, mark)
    require(in_den in await alice.members(den), "the carol of another room has left")


async def scenario_said_right_after_a_start(world):
    """In private to somebody in a room, before it is known who is in the portal, and in the room: it waits for both."""
    homeserver = world.fake_homeserver()
    _, ircd, gateway = await world.irc_appservice(synapse=homeserver, **{"matrix.room_nicknames": "1"})
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice, _ = await with_account(world, homeserver, "alice")
    portal, in_lobby = await enter(alice, carol), ghost("#lobby/carol")
    await alice.wait_members(portal, lambda ids: in_lobby in ids)
    chat = await chat_with(alice, in_lobby)
    said, mark = [], carol.mark()

    async def hears(text):
        said.append(text)
        await alice.say(chat, text)
        await carol.expect(rf"^:alice!\S+ PRIVMSG carol :{text}$", mark)
    await hears("before")
    await homeserver.idle()
    for end, late in ((gateway.stop, portal), (gateway.stop, None), (gateway.kill_core, portal), (gateway.kill_core, None)):
        await end()
        homeserver.lateness = lambda call, late=late: 1 if call.path.endswith(f"{late}/joined_members") else 0
        await gateway.start()
        await hears(f"first word {len(said)}")
    require(not alice.texts(chat, in_lobby), f"she is told {alice.texts(chat, in_lobby)}")
    require(carol.count(r"^:alice!\S+ PRIVMSG carol ", mark) == len(said), "something was said twice")
