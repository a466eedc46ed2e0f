# SPDX-License-Identifier: MIT
"""
What becomes of messages where people of Matrix keep the bridge from something, on a real Synapse with ngircd behind it: in
rooms of their own without its rights, in encrypted ones. docs/matrix.md says what is promised.
"""
import asyncio
import json
import re
from urllib.parse import quote

from harness.fake_homeserver import Fault, answer, hang
from harness.process import Failure, require, wait_until
from test_matrix import (BOT, CAROL, LOBBY, PACKAGES, alias, appservice_with, ask, chat_with, enter, ghost, heard_on_irc,  # noqa: F401
                         in_room_version, in_the_lobby, until_answer, with_account, witnessed)
from test_backends import BACKENDS, PYTHON
from test_steps import scan_folder
from test_matrix_rooms import make_admin, set_level


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
    # The bridge has seen it when it has seen what is said behind it.
    await alice.say(room, "speak")
    await carol.expect(r"^:alice!\S+ PRIVMSG #hall :speak$")
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


async def scenario_whose_relay(world):
    """Nobody puts himself in the place of another's relay, or ends it, but who may change the room, and the gateway's
    administrators."""
    lobby = await in_the_lobby(world, "alice", "bob", **{"matrix.admin": ["@warden:localhost"]})
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    eve, warden = [await world.matrix_person(lobby.synapse, name) for name in ("eve", "warden")]
    for person in (eve, warden):
        await person.join(LOBBY)

    async def speaks_through(person, text):
        mark = carol.mark()
        await eve.say(portal, text)
        await carol.expect(rf"^:{person.name}!\S+ PRIVMSG #lobby :.*{text}", mark)
    await ask(alice, portal, "relay on", "People without an account speak through yours")
    await speaks_through(alice, "first")
    for line in ("relay on", "relay off"):
        await ask(bob, portal, line, "You may not do that")
    await ask(alice, portal, "relay on", "People without an account speak through yours")
    await speaks_through(alice, "second")
    # Whoever may change the room may take it over; and it is no longer alice's then.
    await make_admin(lobby, bob, portal)
    await ask(bob, portal, "relay on", "People without an account speak through yours")
    await speaks_through(bob, "third")
    for line in ("relay on", "relay off"):
        await ask(alice, portal, line, "You may not do that")
    await ask(warden, portal, "relay on", "you need an account here")
    await ask(warden, portal, "relay off", "are not heard any more")
    # Nobody's: an account is enough again. It is nobody's as well when whose it was has none any more.
    await ask(alice, portal, "relay on", "People without an account speak through yours")
    await speaks_through(alice, "fourth")
    await set_level(bob, portal, bob.id, None)
    await ask(alice, lobby.bots[0], "unregister", ".")
    await until_answer(bob, portal, "relay on", "People without an account speak through yours")
    await speaks_through(bob, "fifth")


async def scenario_what_moderators_redact(world):
    """A moderator takes a message of somebody else out of the Matrix room: where the network has no word for it, it is not said
    there a second time."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    await make_admin(lobby, bob, portal)
    irc_mark, mark = carol.mark(), alice.mark()
    spam, slip, old, mine = [await alice.say(portal, text) for text in ("buy this", "a slip", "buy that", "an old slip")]
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :an old slip$", irc_mark)
    carol.send("PRIVMSG #lobby :more to buy")
    theirs = (await alice.message(portal, "^more to buy$", CAROL))["event_id"]
    reaction = await alice.react(portal, theirs, "+1")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*\+1", irc_mark)
    irc_mark = carol.mark()
    for event in (spam, theirs, reaction):
        await bob.redact(portal, event)
    await alice.redact(portal, slip)
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :\(takes back: a slip\)$", irc_mark)
    # Also what this process does not remember.
    restart_mark = carol.mark()
    await lobby.gateway.stop()
    await lobby.gateway.start()
    for name in ("alice", "bob"):
        await carol.expect(rf"^:{name}!\S+ JOIN :?#lobby$", restart_mark)
    await bob.redact(portal, old)
    await alice.redact(portal, mine)
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :\(takes back a message\)$", irc_mark)
    await bob.say(portal, "the end")
    await carol.expect(r"^:bob!\S+ PRIVMSG #lobby :the end$", irc_mark)
    heard = heard_on_irc(carol, irc_mark)
    require(heard == ["(takes back: a slip)", "(takes back a message)", "the end"], f"carol has {heard}")
    require(not alice.messages(portal, "Not delivered", after=mark), "somebody is told that it was not delivered")


async def scenario_what_is_redacted_where_there_are_words(world):
    synapse, _ = await appservice_with(world, "steps")
    alice, _ = await with_account(world, synapse, "alice")
    witness, control, bob = [await chat_with(alice, ghost(name)) for name in ("witness", "control", "bob")]
    await alice.say(control, json.dumps([["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "well?", 1000: "n7"}]]))
    well = (await alice.message(bob, "^well\\?$", ghost("bob")))["event_id"]
    await alice.redact(bob, well)
    got = await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f.get("1004") == ["n7"])
    require(got["3"] == [""], f"the network is told {got}")


ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
SECRET = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnB", "session_id": "x", "sender_key": "y", "device_id": "z"}


async def encrypted_chat_with(person, other):
    """As Element makes them by itself."""
    room = await person.create_room([other], direct=True, preset="trusted_private_chat", state=[ENCRYPTION])
    await person.member(room, other)
    return room


async def scenario_the_way_out_of_an_encrypted_chat(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol, bot = lobby.people[0], lobby.carol, lobby.bots[0]
    secret = await encrypted_chat_with(alice, CAROL)
    told = await alice.message(secret, "encrypted", CAROL)
    require("chat carol" in told["content"]["body"] and BOT in told["content"]["body"], f"the way out is {told}")
    mark = alice.mark()
    await ask(alice, bot, "chat carol", "^I have invited you")
    chat = await alice.join(await alice.invited(CAROL, mark))
    irc_mark = carol.mark()
    await alice.say(chat, "openly")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :openly$", irc_mark)
    for turn in range(2):
        carol.send(f"PRIVMSG alice :answer {turn}")
        await alice.message(chat, f"^answer {turn}$", CAROL)
        # Nor does the next process take it for the chat.
        await lobby.gateway.kill_core()
        await lobby.gateway.start()
    await ask(alice, bot, "chat carol", "^You have this chat already")
    # Another one changes nothing, and is left without harm to the one that is good.
    another = await encrypted_chat_with(alice, CAROL)
    await alice.send(another, "m.room.encrypted", SECRET)
    await alice.message(another, "encrypted", CAROL)
    await alice.leave(another)
    carol.send("PRIVMSG alice :still here")
    await alice.message(chat, "^still here$", CAROL)
    # A chat that becomes encrypted.
    mark = alice.mark()
    await alice.set_state(chat, "m.room.encryption", ENCRYPTION["content"])
    await alice.message(chat, "encrypted", CAROL, mark)
    carol.send("PRIVMSG alice :where are you")
    new = await alice.join(await alice.invited(CAROL, mark))
    await alice.message(new, "^where are you$", CAROL)
    require(new not in (chat, secret, another), "it goes on in an encrypted chat")
    for room in (secret, another, chat):
        require(not alice.messages(room, "answer|still|where", CAROL, mark), "the network speaks in an encrypted chat")


async def scenario_the_way_out_of_an_encrypted_chat_with_the_bot(world):
    lobby = await in_the_lobby(world)
    dora = await world.matrix_person(lobby.synapse, "dora")
    mark = dora.mark()
    secret = await encrypted_chat_with(dora, BOT)
    await dora.message(secret, "encrypted.*invited you", BOT)
    room = await dora.join(await dora.invited(BOT, mark))
    await dora.message(room, "help", BOT)
    await ask(dora, room, "register dora", "You are registered")
    await dora.message(room, "You are connected", BOT)
    # Another encrypted one changes nothing.
    another = await encrypted_chat_with(dora, BOT)
    await dora.message(another, "encrypted.*our other one", BOT)
    await lobby.gateway.kill_core()
    await lobby.gateway.start()
    mark = dora.mark()
    await ask(dora, room, "logout", ".")
    await ask(dora, room, "login", ".")
    await dora.message(room, "You are connected", BOT, mark)
    require(not dora.messages(secret, "connected", BOT) and not dora.messages(another, "connected", BOT),
            "the bot speaks in an encrypted chat")


async def scenario_private_channels(world):
    """The portal of a channel that is closed on IRC is so in Matrix."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, bot = lobby.people, lobby.carol, lobby.bots[1]
    eve = await world.matrix_person(lobby.synapse, "eve")
    await carol.join("#own")
    portal = await enter(alice, carol, "#own")
    # Without an account, and with one that the channel has not let in.
    for person in (eve, bob):
        require(await person.join(alias("#own")) == portal, "there is another portal")
    await carol.expect(r"^:bob!\S+ JOIN :?#own$")
    await bob.leave(portal)
    await carol.expect(r"^:bob!\S+ PART #own")

    async def has_door(rule):
        await alice.wait_state(portal, "m.room.join_rules", lambda content: content["join_rule"] == rule)

    async def refused(person):
        try:
            await person.join(alias("#own"))
        except Failure as refusal:
            require("M_FORBIDDEN" in str(refusal), f"{refusal}")
        else:
            raise Failure(f"{person.id} has come into a private portal")
    require((await alice.state(portal, "m.room.create"))["m.federate"] is False, "other homeservers may come in")
    carol.send("MODE #own +i")
    await has_door("invite")
    await eve.member(portal, eve.id, "leave")
    await refused(eve)
    await refused(bob)
    # Nor by the bot, until the channel lets him in.
    mark = bob.mark()
    await ask(bob, bot, "join #own", "private")
    await bob.message(bot, "You are not in #own", BOT, mark)
    require(not bob.find(portal, "m.room.member", BOT, after=mark), "bob is invited")
    carol.send("INVITE bob #own")
    chat = await bob.join(await bob.invited(CAROL, mark))
    await bob.message(chat, "carol invites you to #own", CAROL)
    mark, irc_mark = bob.mark(), carol.mark()
    await ask(bob, bot, "join #own", "private")
    await carol.expect(r"^:bob!\S+ JOIN :?#own$", irc_mark)
    require(await bob.invited(BOT, mark) == portal, "bob is invited to another room")
    await bob.join(portal)
    carol.send("PRIVMSG #own :hello bob")
    await bob.message(portal, "^hello bob$", CAROL)
    # So it stays for the next process; all are where they were.
    await lobby.gateway.kill_core()
    await lobby.gateway.start()
    carol.send("PRIVMSG #own :still private")
    await bob.message(portal, "^still private$", CAROL)
    await alice.wait_members(portal, lambda ids: {alice.id, bob.id} <= set(ids) and eve.id not in ids)
    # Other modes, and none.
    for modes, rule in (("-i", "public"), ("+k secret", "invite"), ("-k secret", "public"), ("+s", "invite"), ("+i", "invite"),
                        ("-s", "invite"), ("-i", "public")):
        carol.send(f"MODE #own {modes}")
        await has_door(rule)
    await eve.join(alias("#own"))
    # One that is private from the beginning.
    await carol.join("#den")
    carol.send("MODE #den +s")
    await carol.expect(r"MODE #den \+s")
    den = await enter(alice, carol, "#den")
    await alice.wait_state(den, "m.room.join_rules", lambda content: content["join_rule"] == "invite")


async def with_other_homeservers(world, federated):
    homeserver = world.fake_homeserver()
    await world.irc_appservice(synapse=homeserver, **{"matrix.federated": "1" if federated else "0"})
    alice, _ = await with_account(world, homeserver, "alice")
    portal = await alice.join(alias("#lobby"))
    made = homeserver.rooms[portal].state["m.room.create", ""]
    require(made.get("m.federate", True) == federated, f"the portal is made as {made}")
    for who in (BOT, CAROL):
        room = homeserver.new_room("@mallory:elsewhere.example")
        homeserver.add(room, "@mallory:elsewhere.example", "m.room.member", {"membership": "invite", "is_direct": True},
                       state_key=who)
        await wait_until(lambda: who not in room.invited, f"{who} to come in, or to refuse")  # noqa: B023
        require((who in room.joined) == federated, f"{who} is in a room of another homeserver: {who in room.joined}")


async def scenario_people_of_other_homeservers(world):
    """The bot and contacts come to nobody else, and our rooms are not theirs."""
    await with_other_homeservers(world, False)


async def scenario_people_of_other_homeservers_are_welcome(world):
    await with_other_homeservers(world, True)


async def scenario_whom_people_mean(world):
    """Links to people and portals are what the network calls them; who is meant without one is named."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    await bob.set_display_name("Robert")
    await carol.expect(r"^:bob!\S+ NICK :?Robert$")

    async def becomes(wanted, text, html=None, **more):
        mark = carol.mark()
        await alice.say(portal, text, html, **more)
        said = (await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :(.*)$", mark)).group(1)
        require(said == wanted, f"{text!r} is said as {said!r}")

    def link(to, text):
        return f'<a href="https://matrix.to/#/{to}">{text}</a>'
    await becomes("Robert: hello", "Bob: hello", f"{link(bob.id, 'Bob')}: hello")
    await becomes("come to #lobby", "come", f"come to {link(quote(portal), 'our lobby')}")
    await becomes("come to #lobby", "come", f"come to {link(quote(alias('#lobby')), 'our lobby')}")
    await becomes("and carol", "and she", f"and {link(CAROL, 'she')}")
    meant = {"m.mentions": {"user_ids": [bob.id, alice.id, CAROL, "@nobody:localhost", CAROL]}}
    await becomes("Robert, carol: look here", "look here", **meant)
    await becomes("carol: look, Robert", "look, Robert", **meant)
    await becomes("look, ROBERT and carol", "look, ROBERT and carol", **meant)
    await becomes("everybody", "everybody", **{"m.mentions": {"room": True}})
    await becomes("nonsense", "nonsense", **{"m.mentions": {"user_ids": []}})


async def scenario_ghosts_are_invited_into_a_portal(world):
    """That is an invitation on the network, by the account of whoever invites."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    dave = await world.irc_client(lobby.ircd, "dave")
    await alice.wait_state(portal, "m.room.power_levels", lambda content: True)
    await make_admin(lobby, alice, portal)
    await alice.invite(portal, ghost("dave"))
    await dave.expect(r"^:alice!\S+ INVITE dave :?#lobby$")
    await dave.join("#lobby")
    await alice.member(portal, ghost("dave"))
    # Nobody of that name.
    mark = alice.mark()
    await alice.invite(portal, ghost("nobody"))
    await alice.message(portal, "nobody is not invited", BOT, mark)
    await alice.member(portal, ghost("nobody"), "leave", mark)
    # Without an account.
    eve = await world.matrix_person(lobby.synapse, "eve")
    await eve.join(portal)
    await set_level(alice, portal, eve.id, 50)
    frank = await world.irc_client(lobby.ircd, "frank")
    mark = alice.mark()
    await eve.invite(portal, ghost("frank"))
    await alice.message(portal, "frank is not invited.*register", BOT, mark)
    # Into a room in which the bot may not invite: who is on the network comes.
    await carol.join("#hall")
    room = await room_with_levels(alice, invite=50)
    await ask(alice, room, "plumb #hall", "I may not invite")
    carol.send("PRIVMSG #hall :first")
    await alice.message(room, "^<carol> first$", BOT)
    await alice.invite(room, CAROL)
    await alice.member(room, CAROL)
    carol.send("PRIVMSG #hall :second")
    await alice.message(room, "^second$", CAROL)
    require(not frank.find("INVITE"), "frank is invited all the same")


async def scenario_events_that_make_no_sense(world):
    """They are dead letters, of which no log says what is in them, and hold up nobody."""
    homeserver = world.fake_homeserver()
    lobby = await in_the_lobby(world, "alice", synapse=homeserver)
    alice, carol, gateway = lobby.people[0], lobby.carol, lobby.gateway
    await homeserver.idle()
    good = {"event_id": "$some:where", "room_id": lobby.portal, "sender": alice.id}
    homeserver.queue += [7, ["hidden"], {"type": "m.room.message", "content": {"body": "hidden"}},
                         {**good, "event_id": "hidden"}, {**good, "content": 7}]
    irc_mark = carol.mark()
    await alice.say(lobby.portal, "hello")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :hello$", irc_mark)

    async def has_letters(count):
        rows = json.loads(await gateway.control("--json", "spool"))["rows"]
        letters = [row for row in rows if row["state"] == "dead letter"]
        require(len(letters) == count and {row["user"] for row in letters} == {"localhost"}, f"the spool has {rows}")
        return letters
    letters = await has_letters(4)
    for content in ([], {"events": 7}):
        status, _ = await homeserver.ask_bridge("PUT", "/_matrix/app/v1/transactions/none", content)
        require(status == 200, f"it is answered {status}")
    await has_letters(6)
    require("hidden" not in gateway.process.log(), "the log says what was in them")
    # Nobody can be shown it: it waits, for nothing else.
    await gateway.control("spool_retry", str(letters[0]["number"]))
    await gateway.control("spool_drop", str(letters[1]["number"]))
    await alice.say(lobby.portal, "again")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :again$", irc_mark)
    await has_letters(4)


async def scenario_a_topic_that_is_refused(world):
    """It is told, and the room shows again what the network has."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    await carol.join("#own")
    carol.send("MODE #own +t")
    carol.send("TOPIC #own :as it is")
    portal = await enter(alice, carol, "#own")

    async def has_topic(topic):
        await alice.wait_state(portal, "m.room.topic", lambda content: content["topic"] == topic)
    await has_topic("as it is")
    mark = alice.mark()
    for topic in ("better", "better"):
        await alice.set_state(portal, "m.room.topic", {"topic": topic})
        await alice.message(portal, "Not delivered", BOT, mark)
        mark = alice.mark()
        await has_topic("as it is")
    # By somebody whom the network does not know.
    eve = await world.matrix_person(lobby.synapse, "eve")
    await eve.join(portal)
    await eve.set_state(portal, "m.room.topic", {"topic": "worse"})
    await alice.message(portal, "Not delivered", BOT, mark)
    await has_topic("as it is")
    carol.send("MODE #own -t")
    await carol.expect("MODE #own -t")
    await alice.set_state(portal, "m.room.topic", {"topic": "better"})
    await carol.expect(r"^:alice!\S+ TOPIC #own :better$")


async def in_a_witnessed_portal(world):
    """alice in the portal of a network that takes pictures, on the fake homeserver: (homeserver, gateway, alice, the chat with
    whoever tells what the network gets, portal)."""
    homeserver, gateway = world.fake_homeserver(), world.gateway(backend="echo")
    gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/steps.py --folder {scan_folder(gateway)}"
    await gateway.appservice_of(homeserver)
    await asyncio.gather(homeserver.start(), gateway.start())
    alice, _ = await with_account(world, homeserver, "alice")
    witness = await alice.join(await alice.invited(ghost("witness")))
    portal = await alice.join(alias("lobby"))
    await witnessed(alice, witness, "JOIN_ROOM")
    return homeserver, gateway, alice, witness, portal


async def scenario_killed_while_a_picture_is_fetched(world):
    """The transaction that says so is answered already: a portal's picture and an avatar go to the network all the same."""
    homeserver, gateway, alice, witness, portal = await in_a_witnessed_portal(world)
    room = homeserver.rooms[portal]
    fetched = hang()
    homeserver.fail(r"GET .*/media/", fetched, 2)
    homeserver.add(room, alice.id, "m.room.avatar", {"url": "mxc://localhost/hall"}, state_key="")
    homeserver.add(room, alice.id, "m.room.member", {"membership": "join", "displayname": "Al", "avatar_url": "mxc://localhost/me"},
                   state_key=alice.id, unsigned={"prev_content": {"membership": "join", "displayname": "alice"}})
    await homeserver.hit(fetched, 2)
    await homeserver.idle()
    await gateway.kill_core()
    homeserver.fail(r"GET .*/media/.*hall", Fault(answer(200, "a hall")), 1)
    homeserver.fail(r"GET .*/media/.*me", Fault(answer(200, "a face")), 1)
    mark = alice.mark()
    await gateway.start()
    got = await witnessed(alice, witness, "ROOM_CHANGE", after=mark)
    require(got["4"] == ["a hall"], f"the network has {got}")
    got = await witnessed(alice, witness, "VCARD", lambda f: f["2"] == [""], after=mark)
    require(got["6"] == ["a face"], f"the network has {got}")


async def scenario_killed_while_an_author_is_asked_for(world):
    """Whose a redacted message was is asked after its transaction was answered: what the answer brings about outlives the process."""
    lobby = await in_the_lobby(world, "alice", synapse=world.fake_homeserver())
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.synapse, lobby.gateway
    room = homeserver.rooms[lobby.portal]
    old = [await alice.say(lobby.portal, text) for text in ("one", "two")]
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :two$")
    # Nobody remembers its text, nor who has said it.
    await gateway.stop()
    await gateway.start()
    irc_mark = carol.mark()
    asked = hang()
    homeserver.fail(r"GET .*/event/", asked, 2)
    for event in old:
        homeserver.add(room, alice.id, "m.room.redaction", {"redacts": event}, redacts=event)
    await homeserver.hit(asked, 2)
    await homeserver.idle()
    await gateway.kill_core()
    homeserver.fail(rf"GET .*/event/{re.escape(old[0])}", Fault(answer(200, {"sender": alice.id})))
    homeserver.fail(rf"GET .*/event/{re.escape(old[1])}", Fault(answer(200, {"sender": "@bob:localhost"})))
    await gateway.start()
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :\(takes back a message\)$", irc_mark)
    # And that is all, also after another start.
    await gateway.kill_core()
    await gateway.start()
    await alice.say(lobby.portal, "the end")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :the end$", irc_mark)
    heard = heard_on_irc(carol, irc_mark)
    require(heard == ["(takes back a message)", "the end"], f"carol has {heard}")
    require(homeserver.count(r"GET .*/event/") == 4, f"{homeserver.calls}")
    told = [line for line in alice.texts(lobby.portal) if "Not delivered" in line]
    require(not told, f"alice is told {told}")
    # Of too many that wait for an answer the last are given up.
    homeserver.fail(r"GET .*/event/", hang(), 2000)
    for number in range(1001):
        homeserver.add(room, alice.id, "m.room.redaction", {"redacts": f"$x{number}"}, redacts=f"$x{number}")
    await homeserver.idle()
    await gateway.process.wait_log("too many messages are taken back at once")


async def scenario_notices_while_there_is_no_chat(world):
    """What the bot has to say while its chat with somebody is being made is kept, the newest of it."""
    lobby = await in_the_lobby(world, "alice", synapse=world.fake_homeserver())
    alice, homeserver, gateway, control = lobby.people[0], lobby.synapse, lobby.gateway, lobby.bots[0]
    mark = alice.mark()
    homeserver.add(homeserver.rooms[control], alice.id, "m.room.member", {"membership": "leave"}, state_key=alice.id)
    await alice.member(control, BOT, "leave", mark)
    making = homeserver.fail(r"POST .*/createRoom", hang(), 1)
    for number in range(53):
        await gateway.control("message", alice.id, f"notice {number}")
        if not number:
            await homeserver.hit(making)
    making.waits.set()
    room = await alice.join(await alice.invited(BOT, mark))
    await alice.message(room, "notice 52", BOT)
    texts = alice.texts(room, BOT)
    require(texts[0] == "(3 older notices are left out here: there were too many before this chat was there.)", f"{texts[0]}")
    require(len(texts) == 51 and "notice 3" in texts[1], f"{texts}")
