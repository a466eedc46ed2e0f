# SPDX-License-Identifier: MIT
"""matrix.room_nicknames: on networks where a nickname means somebody in one room only (XMPP's), the carol of one room is not the
carol of another, nor the contact of that name."""
from harness.process import require
from harness.synapse import client_packages
from test_matrix import CAROL, alias, ask, chat_with, ghost, witnessed
from test_matrix_people import do, with_events

PACKAGES = client_packages
LEFT, ONLINE = 5, 0


async def scenario_who_is_who(world):
    _, gateway, alice, bot, chats = await with_events(world, **{"matrix.room_nicknames": "1"})
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
        await alice.say(room, text)
        await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda fields: fields["2"] == [to] and fields["3"] == [text])  # noqa: B023
    # A chat that she begins herself with the one in the den is another one; both are known to the next process.
    other = await chat_with(alice, in_den)
    await ask(alice, bot, "status", "connected")  # all that has happened has been told
    await gateway.stop()
    await gateway.start()
    for room, text, to in ((other, "you there", "#den/carol"), (private, "and you", "#hall/carol")):
        await alice.say(room, text)
        await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda fields: fields["2"] == [to] and fields["3"] == [text])  # noqa: B023
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
