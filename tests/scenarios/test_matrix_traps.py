# SPDX-License-Identifier: MIT
"""
What somebody on Matrix may turn against others, or against the bridge, with rooms of his own, and what answers in another
order than they were asked for may do: on the fake homeserver.
"""
import asyncio
import json
import os
import re

from harness.fake_homeserver import Fault, answer, hang, refusal
from harness.process import require, wait_until
from harness.synapse import client_packages
from test_matrix import BOT, CAROL, ask, chat_with, enter, ghost, heard_on_irc, settled, witnessed
from test_matrix_faults import faulty_lobby
from test_matrix_rights import in_a_witnessed_portal

PACKAGES = client_packages


async def own_room(lobby, person, *guests):
    """A room of this person's, in which he may do everything, with the bot in it."""
    room = await person.create_room([BOT, *guests])
    await person.member(room, BOT)
    lobby.homeserver.add(lobby.homeserver.rooms[room], person.id, "m.room.power_levels", {"users": {person.id: 100}}, state_key="")
    return room


async def say_replaced(lobby, person, room, successor):
    """Returns when the bridge has looked at what the successor says of itself."""
    homeserver = lobby.homeserver
    looks = rf"GET .*/{re.escape(successor)}/state$"
    before = homeserver.count(looks)
    homeserver.add(homeserver.rooms[room], person.id, "m.room.tombstone", {"body": "go there", "replacement_room": successor},
                   state_key="")
    await wait_until(lambda: homeserver.count(looks) > before, f"the bridge to look at {successor}")


async def scenario_a_room_that_names_a_portal_of_others(world):
    """Whoever says that his room is replaced by one that is others' does not get the bot out of that one, be it tied or not."""
    lobby = await faulty_lobby(world, "alice")
    eve = await world.matrix_person(lobby.homeserver, "eve")
    untied = await own_room(lobby, lobby.people[0])
    for successor in (lobby.portal, untied):
        await say_replaced(lobby, eve, await own_room(lobby, eve), successor)
        await settled(lobby)
        require(BOT in lobby.homeserver.rooms[successor].joined, f"the bot has left {successor}")
    irc_mark = lobby.carol.mark()
    await lobby.people[0].say(lobby.portal, "still here")
    await lobby.carol.expect(r"^:alice!\S+ PRIVMSG #lobby :still here$", irc_mark)


async def scenario_a_successor_that_is_tied_already(world):
    """The old room goes on then: what is said for it waits for nothing."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    for channel in ("#hall", "#den"):
        await carol.join(channel)
    hall = await own_room(lobby, alice)
    await ask(alice, hall, "plumb #hall", "#hall")
    den = await own_room(lobby, alice)
    await ask(alice, den, "plumb #den", "#den")
    homeserver.rooms[den].state["m.room.create", ""]["predecessor"] = {"room_id": hall, "event_id": "$last"}
    carol.send("PRIVMSG #hall :hello")
    await alice.message(hall, "^hello$", CAROL)
    await say_replaced(lobby, alice, hall, den)
    # As a homeserver does in a room that was closed, until the bot says it.
    homeserver.fail(r"PUT .*/send/m.room.message/", refusal(403, "M_FORBIDDEN"), 2)
    carol.send("PRIVMSG #hall :once more")
    await alice.message(hall, "once more$")
    irc_mark = carol.mark()
    await alice.say(hall, "in the hall")
    await carol.expect(r"^:alice!\S+ PRIVMSG #hall :in the hall$", irc_mark)
    require(heard_on_irc(carol, irc_mark, channel="#den") == [], "it is said in the other one as well")


async def scenario_the_last_picture_of_a_portal_counts(world):
    """Also where that before it comes later."""
    homeserver, _, alice, witness, portal = await in_a_witnessed_portal(world)

    def show(name, fault):
        homeserver.fail(rf"GET .*/media/.*{name}", fault)
        homeserver.add(homeserver.rooms[portal], alice.id, "m.room.avatar", {"url": f"mxc://localhost/{name}"}, state_key="")
    first = Fault(answer(200, "the first"), waits=asyncio.Event())
    show("first", first)
    await homeserver.hit(first)
    show("second", Fault(answer(200, "the second")))
    await witnessed(alice, witness, "ROOM_CHANGE", lambda fields: fields["4"] == ["the second"])
    mark = alice.mark()
    first.waits.set()
    # What is asked for now is answered behind it.
    show("third", Fault(answer(200, "the third")))
    await witnessed(alice, witness, "ROOM_CHANGE", lambda fields: fields["4"] == ["the third"], mark)
    require(not alice.messages(witness, "the first", after=mark), "the network has the first picture again")


async def scenario_an_answer_to_the_oldest_that_is_remembered(world):
    """It is quoted; that it makes way for the answer itself comes after that."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    irc_mark = carol.mark()
    oldest = await alice.say(lobby.portal, "the oldest")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :the oldest$", irc_mark)
    # 4,999 more: of somebody without an account, whom nobody on the network hears.
    eve = await world.matrix_person(homeserver, "eve")
    await eve.join(lobby.portal)
    await homeserver.idle()
    more = [{"type": "m.room.message", "room_id": lobby.portal, "sender": eve.id, "event_id": f"$more{number}", "origin_server_ts": 1,
             "content": {"msgtype": "m.text", "body": f"number {number}"}} for number in range(4999)]
    status, _ = await homeserver.ask_bridge("PUT", "/_matrix/app/v1/transactions/more", {"events": more})
    require(status == 200, f"it is answered with {status}")
    await alice.say(lobby.portal, "the youngest", **{"m.relates_to": {"m.in_reply_to": {"event_id": oldest}}})
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :> alice: the oldest$", irc_mark)
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :the youngest$", irc_mark)


async def scenario_others_are_invited_into_a_chat(world):
    """The bot, or another contact: what is said in it stays for the first one, and is no line to the bot."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    chat = await chat_with(alice, CAROL)
    room = homeserver.rooms[chat]
    eve = await world.matrix_person(homeserver, "eve")
    await eve.join(chat)
    for person, guest in ((alice, BOT), (eve, BOT), (alice, ghost("dave"))):
        homeserver.add(room, person.id, "m.room.member", {"membership": "invite"}, state_key=guest)
        await wait_until(lambda who=guest: who not in room.invited, f"{guest} to answer the invitation")
        require(guest not in room.joined, f"{guest} is in it, as {person.id} wants")
    irc_mark = carol.mark()
    await alice.say(chat, "help")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :help$", irc_mark)
    mark = alice.mark()
    carol.send("PRIVMSG alice :with what?")
    answer = await alice.message(None, "^with what\\?$", CAROL, mark)
    require(answer["room_id"] == chat, f"it is said in another chat: {answer}")


async def scenario_somebody_else_ties_the_chat_with_the_bot(world):
    """What the bot has to say to its owner alone is not said there any more."""
    lobby = await faulty_lobby(world, "alice")
    alice, homeserver, chat = lobby.people[0], lobby.homeserver, lobby.bots[0]
    eve = await world.matrix_person(homeserver, "eve")
    await eve.join(chat)
    homeserver.add(homeserver.rooms[chat], alice.id, "m.room.power_levels", {"users": {alice.id: 100, eve.id: 100}}, state_key="")
    await ask(eve, chat, "plumb #hall", "tied to #hall now")
    mark = alice.mark()
    await lobby.gateway.control("message", alice.id, "for alice alone")
    said = await alice.message(None, "for alice alone", BOT, mark)
    require(said["room_id"] != chat and eve.id not in await alice.members(said["room_id"]), f"it is said where eve is: {said}")


async def scenario_faces_of_strangers_are_not_kept(world):
    """Of people without an account the network is told nothing: a crowd that changes its faces leaves nothing on the disk."""
    lobby = await faulty_lobby(world, "alice")
    alice, homeserver, gateway = lobby.people[0], lobby.homeserver, lobby.gateway
    eve = await world.matrix_person(homeserver, "eve")
    await eve.join(lobby.portal)
    await eve.say(lobby.portal, "hello")
    # Her account has been looked for when she is told that there is none.
    await alice.message(lobby.portal, "nobody on the network hears you", BOT)

    def change(person, picture):
        homeserver.add(homeserver.rooms[lobby.portal], person.id, "m.room.member",
                       {"membership": "join", "displayname": person.name, "avatar_url": f"mxc://localhost/{picture}"},
                       state_key=person.id, unsigned={"prev_content": {"membership": "join", "displayname": person.name}})
    change(eve, "the_stranger")
    change(alice, "the_friend")
    await homeserver.idle()
    await gateway.stop()
    kept = b"".join(open(os.path.join(folder, file), "rb").read() for folder, _, files in os.walk(gateway.folder)
                    for file in files if "spool" in os.path.relpath(folder, gateway.folder).split(os.sep))
    require(b"the_friend" in kept, "this does not look where it is kept")
    require(b"the_stranger" not in kept, "a stranger's face is kept")


async def scenario_strangers_are_invited_into_a_private_portal(world):
    """By somebody who is in it: they are put out, as the network has not let them in."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    await carol.join("#own")
    portal = await enter(alice, carol, "#own")
    carol.send("MODE #own +i")
    await wait_until(lambda: homeserver.rooms[portal].state.get(("m.room.join_rules", "")) == {"join_rule": "invite"}, "the door")
    # Nobody knows yet that she has no account; then it is known.
    eve = await world.matrix_person(homeserver, "eve")
    for _ in range(2):
        mark = alice.mark()
        await eve.join(portal)
        await alice.member(portal, eve.id, "leave", mark)
    require(alice.id in homeserver.rooms[portal].joined, "alice is put out as well")


async def scenario_a_channel_changes_while_we_are_away(world):
    """Its portal follows when we are there again: the network says what the channel is, not only what changes."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    await carol.join("#own")
    dave = await world.irc_client(lobby.ircd, "dave")
    await dave.join("#own")
    portal = await enter(alice, carol, "#own")
    await alice.wait_members(portal, lambda ids: {CAROL, ghost("dave")} <= ids)

    async def has_door(rule):
        await wait_until(lambda: homeserver.rooms[portal].state.get(("m.room.join_rules", "")) == {"join_rule": rule}, "the door")

    async def open_meanwhile():
        mark = carol.mark()
        carol.send("MODE #own -i")
        await carol.expect(r"MODE #own -i", mark)
    carol.send("MODE #own +i")
    await has_door("invite")
    # The session on IRC goes on.
    await gateway.kill_core()
    dave.send("PART #own")
    await carol.expect(r"^:dave!\S+ PART :?#own")
    await open_meanwhile()
    await gateway.start()
    await has_door("public")
    await alice.wait_members(portal, lambda ids: CAROL in ids and ghost("dave") not in ids)
    # And not.
    carol.send("MODE #own +i")
    await has_door("invite")
    await gateway.stop()
    await open_meanwhile()
    await gateway.start()
    await has_door("public")


async def scenario_somebody_refers_to_an_event_before_its_answer(world):
    """What refers to an event of ours whose name the homeserver has told everybody but us is told to the network all the same."""
    homeserver, gateway, alice, witness, _ = await in_a_witnessed_portal(world)
    control, bob = [await chat_with(alice, ghost(name)) for name in ("control", "bob")]
    room = homeserver.rooms[bob]
    await alice.say(bob, "hello")
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["3"] == ["hello"])

    def relation(event, kind, **more):
        return {"m.relates_to": {"rel_type": kind, "event_id": event, **more}}
    cases = (("1004", lambda event: homeserver.add(room, alice.id, "m.room.redaction", {"redacts": event}, redacts=event)),
             ("1005", lambda event: homeserver.add(room, alice.id, "m.reaction", relation(event, "m.annotation", key="+"))),
             ("1001", lambda event: homeserver.add(room, alice.id, "m.room.message", {
                 "msgtype": "m.text", "body": "yes", "m.relates_to": {"m.in_reply_to": {"event_id": event}}})))
    for number, (field, refer) in enumerate(cases):
        held = homeserver.fail(r"PUT .*/send/m.room.message/", Fault(does=True, cuts=1, waits=asyncio.Event()))
        await alice.say(control, json.dumps([["CONV_MESSAGE", {1: "USER", 2: "bob", 3: f"text {number}", 1000: f"n{number}"}],
                                             ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: f"after {number}", 1000: f"m{number}"}]]))
        event = (await alice.message(bob, f"^text {number}$", ghost("bob")))["event_id"]
        # Another's words behind it keep their place.
        told = refer(event)
        await alice.say(bob, f"behind {number}")
        pushed = await wait_until(lambda: [n for n, events in [homeserver.under_way or (0, []), *homeserver.transactions]
                                           if told in events], "the bridge to be told")
        await gateway.process.wait_log(f'transaction "{pushed[0]}"')
        mark = alice.mark()
        held.waits.set()
        got = await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f.get(field) == [f"n{number}"], mark)
        require(got, f"the network is told {got}")
        await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["3"] == [f"behind {number}"], mark)


async def scenario_put_out_of_a_space(world):
    """While a chat is told of its space, and while a space is read: what comes later is in the next space."""
    lobby = await faulty_lobby(world, "alice", **{"matrix.spaces": "1"})
    alice, homeserver, gateway = lobby.people[0], lobby.homeserver, lobby.gateway

    def spaces_with(room):
        return [one for one in homeserver.rooms.values() if BOT in one.joined and
                one.state.get(("m.space.child", room), {}).get("via")]

    async def put_out(space):
        homeserver.add(space, alice.id, "m.room.member", {"membership": "leave"}, state_key=BOT)
        await homeserver.idle()
    first = (await wait_until(lambda: spaces_with(lobby.portal), "the space"))[0]
    told = homeserver.fail("PUT .*/state/m.space.parent/", hang())
    await chat_with(alice, ghost("dave"))
    await homeserver.hit(told)
    await put_out(first)
    told.waits.set()
    chat = await chat_with(alice, ghost("erin"))
    second = (await wait_until(lambda: spaces_with(chat), "the next space"))[0]
    require(second is not first, "the bot is out of the first")
    await gateway.kill_core()
    read = homeserver.fail(rf"GET .*/{re.escape(second.id)}/state$", Fault(waits=asyncio.Event()))
    await gateway.start()
    chat = await chat_with(alice, ghost("frank"))
    await homeserver.hit(read)
    await put_out(second)
    # As it was before.
    read.says = answer(200, [{"type": "m.space.child", "state_key": chat, "sender": BOT, "content": {"via": ["localhost"]}}])
    read.waits.set()
    await wait_until(lambda: spaces_with(chat), "the last space")


async def scenario_what_is_quoted_of_another_room(world):
    """Who replies to an event of a room that he is not in, and whose name he has got by a link, quotes nothing of it; nor does he
    take it back, or vote or count the votes in a poll there."""
    lobby = await faulty_lobby(world, "alice", "eve")
    alice, eve = lobby.people
    carol, homeserver = lobby.carol, lobby.homeserver
    chat = await chat_with(alice, CAROL)
    mark = carol.mark()
    secret = await alice.say(chat, "the secret")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :the secret$", mark)
    public = await alice.say(lobby.portal, "no secret")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :no secret$", mark)
    question = {"m.poll": {"question": {"m.text": [{"body": "Whether the secret is out"}]}, "kind": "m.disclosed",
                           "max_selections": 1, "answers": [{"m.id": "y", "m.text": [{"body": "the secret is"}]}]},
                "m.text": [{"body": "Whether the secret is out"}]}
    poll = homeserver.add(homeserver.rooms[chat], alice.id, "m.poll.start", question)["event_id"]
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :.*Whether the secret is out", mark)
    mark = carol.mark()
    for kind, content in (("m.poll.response", {"m.selections": ["y"]}), ("m.poll.end", {"m.text": [{"body": "over"}]})):
        homeserver.add(homeserver.rooms[lobby.portal], eve.id, kind,
                       {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}, **content})
    for name, event in (("first", secret), ("second", public)):
        await eve.say(lobby.portal, f"{name} answer", **{"m.relates_to": {"m.in_reply_to": {"event_id": event}}})
    homeserver.add(homeserver.rooms[lobby.portal], eve.id, "m.room.redaction", {"redacts": secret}, redacts=secret)
    await eve.say(lobby.portal, "done")
    await carol.expect(r"^:eve!\S+ PRIVMSG #lobby :done$", mark)
    said = [match[1] for match in carol.find_all(r"^:eve!\S+ PRIVMSG #lobby :(.*)$", mark)]
    require(any("no secret" in line for line in said), f"nothing is quoted: {said}")
    require(any("a poll that is not known" in line for line in said), f"there is no vote: {said}")
    require(not any("the secret" in line for line in said), f"{said}")
