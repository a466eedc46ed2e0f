# SPDX-License-Identifier: MIT
"""
The gateway as application service of a real Synapse; people use matrix-nio, and ngircd is the network unless a scenario needs
what IRC does not have. docs/matrix.md says what is promised.
"""
import asyncio
import json
import os
import random
import re
import signal
import sys
from types import SimpleNamespace
from urllib.parse import quote

from harness.http import http_counts, http_counts_since
from harness.process import Failure, attempts, free_port, require, wait_answer, wait_until
from harness.synapse import Answer, client_packages, registration_value, request
from test_backends import BACKENDS, PYTHON
from test_logs import each_way_is_whole

sys.path.insert(0, BACKENDS)
from events import PHOTO  # noqa: E402
from test_steps import CODE, scan_folder

PACKAGES = client_packages

SERVER, PREFIX = "localhost", "_irc_"
BOT = f"@ircbot:{SERVER}"
KILLS = int(os.environ.get("MATRIX_KILLS", "4"))


def escaped(name, plain):
    return "".join(letter if re.fullmatch(plain, letter) else "".join(f"={byte:02x}" for byte in letter.encode())
                   for letter in name)


def ghost(name):
    return f"@{PREFIX}{escaped(name, '[a-z0-9._/+-]')}:{SERVER}"


def alias(room):
    return f"#{PREFIX}{escaped(room, '[^=:A-Z]')}:{SERVER}"


LOBBY = alias("#lobby")
CAROL = ghost("carol")


def redacts(event):
    """Whether an event takes that one back: rooms of version 11 and later say it in the content."""
    return lambda source: event in (source.get("redacts"), source["content"].get("redacts"))


async def chat_with(person, other):
    """A chat that a client begins: with the bot, or with a ghost. Returns when the other is there."""
    room = await person.create_room([other], direct=True, preset="trusted_private_chat")
    await person.member(room, other)
    return room


async def ask(person, room, line, answer, timeout=30.0):
    """Says a line to the bot, and waits for what it answers."""
    mark = person.mark()
    await person.say(room, line)
    return await person.message(room, answer, BOT, mark, timeout)


async def with_account(world, synapse, name):
    """Somebody who has told the bot to register: (person, the chat with the bot)."""
    person = await world.matrix_person(synapse, name)
    room = await chat_with(person, BOT)
    await ask(person, room, f"register {name}", "You are registered")
    return person, room


async def until_answer(person, room, line, wanted):
    """Asks until the answer is as wanted."""
    async def answer():
        return (await ask(person, room, line, "."))["content"]["body"]
    return await wait_answer(answer, lambda body: re.search(wanted, body), f"{wanted!r} as answer to {line!r}")


async def is_on_irc(carol, nick, there=True):
    """Waits until that is so; the network is asked by carol."""
    async def is_there():
        mark = carol.mark()
        carol.send(f"ISON {nick}")
        return nick in (await carol.expect(r" 303 \S+ :(.*)$", mark)).group(1).split()
    await wait_answer(is_there, lambda answer: answer == there, f"{nick} to be {'on' if there else 'gone from'} IRC")


async def enter(person, carol, channel="#lobby"):
    """Joins the portal by its alias; returns when the network has seen it."""
    mark = carol.mark()
    portal = await person.join(alias(channel))
    await carol.expect(rf"^:{person.name}!\S+ JOIN :?{channel}$", mark)
    return portal


async def in_the_lobby(world, *names, synapse=None, **keys):
    """People with accounts in the portal of #lobby, carol on IRC in the channel."""
    synapse, ircd, gateway = await world.irc_appservice(synapse=synapse, **keys)
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    people, bots, portal = [], [], None
    for name in names:
        person, room = await with_account(world, synapse, name)
        people.append(person)
        bots.append(room)
        portal = await enter(person, carol)
    if people:
        await people[0].wait_members(portal, lambda ids: CAROL in ids)
    return SimpleNamespace(synapse=synapse, ircd=ircd, gateway=gateway, carol=carol, people=people, bots=bots, portal=portal,
                           chats={})


async def settled(lobby):
    """Returns when what IRC has said so far is in the portal: whatever came by the session of any of them, whose last word is
    private, and then by the portal itself, which keeps the order."""
    for person in lobby.people:
        if person not in lobby.chats:
            lobby.chats[person] = await chat_with(person, CAROL)
    marks = [person.mark() for person in lobby.people]
    for person in lobby.people:
        lobby.carol.send(f"PRIVMSG {person.name} :that was all")
    for person, mark in zip(lobby.people, marks):
        await person.message(lobby.chats[person], "^that was all$", CAROL, mark)
    lobby.carol.send("PRIVMSG #lobby :the end")
    for person, mark in zip(lobby.people, marks):
        await person.message(lobby.portal, "^the end$", CAROL, mark)


def heard_on_irc(carol, after, who=r"\S+", channel="#lobby"):
    """The texts that the network has heard in the channel, from anybody or from one."""
    return [match[1] for match in carol.find_all(rf"^:{who} PRIVMSG {channel} :(.*)$", after)]


async def nothing_else_on_irc(carol, person, room, after, channel="#lobby"):
    """The texts that the network has heard from anybody in the channel, up to a last one of this person."""
    await person.say(room, "the end")
    await carol.expect(rf"^:{person.name}!\S+ PRIVMSG {channel} :the end$", after)
    return heard_on_irc(carol, after, channel=channel)[:-1]


async def appservice_with(world, program, synapse=None, build=None, **keys):
    """Synapse (or the homeserver given), and the gateway with a backend of the tests or with echo: (synapse, gateway)."""
    synapse = synapse or world.synapse_or_skip()
    gateway = world.gateway(backend="echo", **({"build": build} if build else {}))
    if program != "echo":
        gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/{program}.py --folder {scan_folder(gateway)}"
    gateway.keys.update(keys)
    await gateway.appservice_of(synapse)
    await asyncio.gather(synapse.start(), gateway.start())
    return synapse, gateway


def nowhere_in(folder, secret):
    for below, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(below, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    require(secret.encode() not in file.read(), f"a secret is in {path}")


# ------------------------------------------------------------------------------------------------ the counterpart itself


async def talk_in_version(alice, bob, version):
    mark = bob.mark()
    room = await alice.create_room([bob.id], version=version, name="A hall")
    require(await bob.invited(alice.id, mark) == room, "bob is invited to another room")
    await bob.join(room)
    await alice.member(room, bob.id)
    require((await alice.state(room, "m.room.create")).get("room_version") == version, f"the room is not of version {version}")
    first = await alice.say(room, "plain")
    await alice.say(room, "big", "<b>big</b>")
    heard = await bob.message(room, "^plain$", alice.id)
    require(heard["event_id"] == first, f"{heard}")
    require((await bob.message(room, "^big$"))["content"]["formatted_body"] == "<b>big</b>", "no markup")
    await bob.reply(room, first, "an answer")
    await bob.react(room, first, "\U0001f44d")
    await alice.edit(room, first, "better")
    for kind, relation in (("m.room.message", "m.in_reply_to"), ("m.reaction", "rel_type"), ("m.room.message", "rel_type")):
        await alice.event(room, kind, where=lambda e: relation in e["content"].get("m.relates_to", {}))
    await alice.redact(room, first, "a slip")
    await bob.event(room, "m.room.redaction", where=redacts(first))
    require("body" not in (await bob.get(room, first))["content"], "what was redacted can be read")
    await alice.typing(room)
    await bob.types(room, alice.id)
    await alice.typing(room, False)
    await bob.types(room, alice.id, False)
    last = await alice.say(room, "last")
    await bob.message(room, "^last$")
    await bob.read(room, last)
    await alice.has_read(room, bob.id, last)
    await alice.set_state(room, "m.room.topic", {"topic": "a topic"})
    await bob.event(room, "m.room.topic", where=lambda e: e["content"]["topic"] == "a topic")
    await alice.wait_members(room, {alice.id, bob.id})
    await alice.kick(room, bob.id, "enough")
    for person in (alice, bob):
        require((await person.member(room, bob.id, "leave"))["content"]["reason"] == "enough", "no reason for the kick")
    await alice.wait_members(room, {alice.id})


async def scenario_synapse_starts(world):
    """Without the gateway: what the other scenarios stand on."""
    synapse = world.synapse_or_skip()
    await synapse.start()
    alice = await world.matrix_person(synapse, "alice")
    bob = await world.matrix_person(synapse, "bob")
    for version in ("10", "11", "12"):
        await talk_in_version(alice, bob, version)
    mark = bob.mark()
    room = await alice.create_room([bob.id], direct=True, preset="trusted_private_chat")
    await bob.join(await bob.invited(alice.id, mark))
    await alice.send_file(room, b"\x89PNG not much of a picture", "image/png", "a picture.png", "m.image", "look")
    picture = (await bob.message(room, "^look$"))["content"]
    require(picture["filename"] == "a picture.png" and picture["url"].startswith("mxc://localhost/"), f"{picture}")
    # Both clients go on over a restart, whatever sort.
    for how in (signal.SIGTERM, signal.SIGKILL):
        await synapse.restart(how)
        await alice.say(room, f"after {how.name}")
        await bob.message(room, f"^after {how.name}$")
    try:
        await alice.call("GET", "/_matrix/client/v3/rooms/!nothing:localhost/state")
    except Answer as answer:
        require(answer.status == 403 and answer.errcode == "M_FORBIDDEN", f"{answer}")
    else:
        raise Failure("a room that is not there has a state")


# --------------------------------------------------------------------------------------------------------------- the bot


async def scenario_help_and_registration(world):
    lobby = await in_the_lobby(world)
    alice = await world.matrix_person(lobby.synapse, "alice")
    room = await chat_with(alice, BOT)
    answer = await ask(alice, room, "help", "register")
    require("login" in answer["content"]["body"], f"help says {answer}")
    await ask(alice, room, "make me a sandwich", "I do not understand")
    await ask(alice, room, "register alice", "You are registered")
    await until_answer(alice, room, "status", "^alice: connected")
    await is_on_irc(lobby.carol, "alice")
    body = (await ask(alice, room, "help", "register"))["content"]["body"]
    for word in ("login", "logout", "contacts", "rooms", "chat", "join", "plumb", "unplumb", "relay", "settings", "unregister"):
        require(re.search(rf"\b{word}\b", body), f"help does not know {word}: {body}")
    await ask(alice, room, "settings", "stay_connected")
    # Out, and in again, in both ways.
    for line in ("login", "settings enable_transport on"):
        await ask(alice, room, "logout", ".")
        await is_on_irc(lobby.carol, "alice", False)
        await ask(alice, room, line, ".")
        await is_on_irc(lobby.carol, "alice")
    await ask(alice, room, "unregister", "You are unregistered")
    await is_on_irc(lobby.carol, "alice", False)
    # A second chat with the bot is as good as the first.
    second = await chat_with(alice, BOT)
    await ask(alice, second, "register alice", "You are registered")
    await is_on_irc(lobby.carol, "alice")


async def scenario_two_chats_with_the_bot(world):
    """What the bot has to say comes in the one that is left."""
    lobby = await in_the_lobby(world)
    alice, first = await with_account(world, lobby.synapse, "alice")
    second = await chat_with(alice, BOT)
    await until_answer(alice, second, "status", "^alice: connected")
    await alice.leave(first)
    await alice.member(second, BOT)
    mark = alice.mark()
    await ask(alice, second, "logout", ".")
    await ask(alice, second, "login", ".")
    await alice.message(second, "You are connected", BOT, mark)
    require(BOT not in [who for _, who in alice.invites[mark[2]:]], "there is a third chat")
    # Put out of one that she rules alone the bot forgets it, and answers in the other.
    third = await alice.create_room([BOT], direct=True, preset="private_chat")
    await alice.member(third, BOT)
    await until_answer(alice, third, "status", "^alice: connected")
    await alice.kick(third, BOT, "enough")
    await lobby.gateway.process.wait_log(f'the bot was put out of "{third}"')
    await until_answer(alice, second, "status", "^alice: connected")


async def scenario_nobody_without_an_account(world):
    """Whoever has none is told so by whomever he turns to, and what he says goes nowhere."""
    lobby = await in_the_lobby(world)
    bob = await world.matrix_person(lobby.synapse, "bob")
    room = await chat_with(bob, CAROL)
    await bob.say(room, "hello?")
    await bob.message(room, "register")
    bot = await chat_with(bob, BOT)
    for line in ("status", "join #lobby", "rooms", "contacts"):
        await ask(bob, bot, line, "^You are not logged in. Say: login$")
    require(not lobby.carol.find("PRIVMSG"), "somebody without an account was heard on IRC")
    # Who wants to log in is asked for what an account needs, and has one then.
    await ask(bob, bot, "login", "^You have no account here yet. User name")
    await ask(bob, bot, "bob", "You are registered")
    await is_on_irc(lobby.carol, "bob")


async def scenario_administrators(world):
    lobby = await in_the_lobby(world, "alice", **{"matrix.admin": ["@admin:localhost", "@boss:localhost"]})
    admin = await world.matrix_person(lobby.synapse, "admin")
    room = await chat_with(admin, BOT)
    await ask(admin, room, "online_users_count", "^1$")
    # People are called by their addresses, in lists and in the log, and found by them.
    await ask(admin, room, "users @alice:local", r"(?m)^USER .*\n@alice:localhost +alice +connected")
    await ask(admin, room, "users @bob:", r"^USER [^\n]*$")
    await ask(admin, room, "online_users", '^@alice:localhost "3rd-party network username:" "alice"$')
    await ask(admin, room, "admin-rooms @alice:localhost", r"(?m)^#lobby +@alice:localhost +alice +joined")
    table = (await ask(admin, room, "users", "alice"))["content"]
    require(table["formatted_body"].startswith("<pre><code>USER "), f"the table is {table}")
    await lobby.gateway.process.wait_log("user @alice:localhost: login through backend")
    await ask(admin, room, "ban @alice:localhost Enough", "is banned and logged out")
    await ask(admin, room, "bans", r"(?m)^@alice:localhost +\S+ +Enough$")
    await lobby.people[0].message(lobby.bots[0], "^You are banned from this gateway: Enough$", BOT)
    mark = lobby.people[0].mark()
    for line in ("login", "login alice"):
        await ask(lobby.people[0], lobby.bots[0], line, "^You are banned from this gateway: Enough$")
    await ask(lobby.people[0], lobby.bots[0], "help", "register")
    told = [event["content"]["body"] for event in lobby.people[0].messages(lobby.bots[0], None, BOT, mark)]
    require(len(told) == 3, f"who is banned is told more than once each time: {told}")
    await ask(admin, room, "unban @alice:localhost", "no longer banned")
    await ask(lobby.people[0], lobby.bots[0], "login", ".")
    await ask(admin, room, "user_log_level @alice:localhost", "default")
    await until_answer(admin, room, "online_users_count", "^1$")
    await ask(admin, room, "spool_status", "survives .* and a power cut\\.[^$]*on matrix: .* has confirmed it")
    await ask(lobby.people[0], lobby.bots[0], "online_users_count", "I do not understand")


async def scenario_passwords_are_redacted(world):
    lobby = await in_the_lobby(world)
    services = await world.irc_client(lobby.ircd, "NickServ")
    alice = await world.matrix_person(lobby.synapse, "alice")
    room = await chat_with(alice, BOT)
    for line, secret in (("register alice {}", "sesame-4711"), ("login alice {}", "sesame-0815")):
        mark, irc_mark = alice.mark(), services.mark()
        event = await alice.say(room, line.format(secret))
        await alice.event(room, "m.room.redaction", BOT, redacts(event), mark)
        require("body" not in (await alice.get(room, event))["content"], f"{line} can be read")
        await services.expect(rf"^:alice!\S+ PRIVMSG NickServ :identify {secret}$", irc_mark)
        nowhere_in(lobby.gateway.folder, secret)
        require(not alice.messages(room, secret, BOT), "the bot repeats the password")
        await ask(alice, room, "unregister", "You are unregistered")
        await is_on_irc(lobby.carol, "alice", False)
    # What has no password in it stays.
    event = await alice.say(room, "register alice")
    await alice.message(room, "You are registered", BOT, mark)
    require((await alice.get(room, event))["content"]["body"] == "register alice", "it was redacted")


async def scenario_login_in_steps(world):
    synapse, gateway = await appservice_with(world, "steps")
    alice = await world.matrix_person(synapse, "alice")
    room = await chat_with(alice, BOT)
    await ask(alice, room, "login code1", "The code, please\\.")
    await ask(alice, room, "271828", "Wrong code number 1\\.")
    mark = alice.mark()
    await alice.say(room, CODE)
    chat = await alice.join(await alice.invited(ghost("keeper"), mark))
    await alice.message(chat, "^logins: 1$", ghost("keeper"))
    for secret in (CODE, "271828"):
        nowhere_in(gateway.folder, secret)
    bob = await world.matrix_person(synapse, "bob")
    room = await chat_with(bob, BOT)
    await ask(bob, room, "login code2", "The code, please\\.")
    await ask(bob, room, "cancel", "given up")
    # An address has to be readable, too.
    await ask(bob, room, "unregister", "You are unregistered")
    await ask(bob, room, "login link1", "https://example\\.org/device\\?code=ABCD&x=1")


# -------------------------------------------------------------------------------------------------------------- contacts


async def scenario_a_chat_with_a_contact(world):
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol = lobby.people, lobby.carol
    room = await chat_with(alice, CAROL)
    await alice.say(room, "hello")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :hello$")
    carol.send("PRIVMSG alice :hello yourself")
    await alice.message(room, "^hello yourself$", CAROL)
    member = await alice.state(room, "m.room.member", CAROL)
    require(member.get("displayname") == "carol", f"the ghost is called {member}")
    # Lines, actions, notices.
    mark, irc_mark = alice.mark(), carol.mark()
    await alice.say(room, "one\n\ntwo <&>")
    await alice.say(room, "waves", kind="m.emote")
    await alice.say(room, "by the way", kind="m.notice")
    for text in ("one", "two <&>", "\x01ACTION waves\x01", "by the way"):
        await carol.expect(rf"^:alice!\S+ PRIVMSG carol :{re.escape(text)}$", irc_mark)
    carol.send("PRIVMSG alice :\x01ACTION nods\x01")
    nod = await alice.message(room, "nods", CAROL, mark)
    require(nod["content"]["msgtype"] == "m.emote" and nod["content"]["body"] == "nods", f"{nod}")
    # Everybody has his own chat with her.
    second = await chat_with(bob, CAROL)
    await bob.say(second, "from bob")
    await carol.expect(r"^:bob!\S+ PRIVMSG carol :from bob$")
    carol.send("PRIVMSG bob :to bob")
    await bob.message(second, "^to bob$", CAROL)
    await settled(lobby)
    require(alice.texts(room, CAROL) == ["hello yourself", "nods"], f"alice has {alice.texts(room, CAROL)}")
    # The bot knows her, and opens chats.
    await ask(alice, lobby.bots[0], "contacts", "carol")
    dave = await world.irc_client(lobby.ircd, "dave")
    mark = alice.mark()
    await alice.say(lobby.bots[0], "chat dave")
    chat = await alice.join(await alice.invited(ghost("dave"), mark))
    await alice.say(chat, "hello dave")
    await dave.expect(r"^:alice!\S+ PRIVMSG dave :hello dave$")
    # Nobody has this name.
    nobody = await chat_with(alice, ghost("nobody"))
    await alice.say(nobody, "are you there?")
    await alice.message(nobody, "[Nn]o such nick")


async def scenario_a_contact_writes_first(world):
    lobby = await in_the_lobby(world, "alice")
    alice = lobby.people[0]
    names = ("dave", "[Eve]")
    for name in names:
        contact = await world.irc_client(lobby.ircd, name)
        mark = alice.mark()
        for number in range(3):
            contact.send(f"PRIVMSG alice :{number}")
        room = await alice.invited(ghost(name), mark)
        await alice.join(room)
        await alice.message(room, "^2$", ghost(name))
        require(alice.texts(room, ghost(name)) == ["0", "1", "2"], f"alice has {alice.texts(room, ghost(name))}")
        await alice.say(room, "an answer")
        await contact.expect(rf"^:alice!\S+ PRIVMSG {re.escape(name)} :an answer$")
        contact.send("PRIVMSG alice :3")
        await alice.message(room, "^3$", ghost(name))
        require([who for _, who in alice.invites].count(ghost(name)) == 1, "there is more than one invitation")
        # She goes, and is written to again.
        mark = alice.mark()
        await alice.leave(room)
        await ask(alice, lobby.bots[0], "status", "alice")  # so the gateway knows that she has left
        contact.send("PRIVMSG alice :are you gone?")
        again = await alice.invited(ghost(name), mark)
        await alice.join(again)
        await alice.message(again, "^are you gone\\?$", ghost(name))


# ----------------------------------------------------------------------------------------------------------------- rooms


async def scenario_a_portal_by_its_alias(world):
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    require(await bob.join(LOBBY) == portal, "the alias leads bob to another room")
    canonical = await alice.state(portal, "m.room.canonical_alias")
    require(canonical and LOBBY in (canonical.get("alias"), *canonical.get("alt_aliases", ())), f"the alias is {canonical}")
    await alice.wait_members(portal, lambda ids: {alice.id, bob.id, CAROL, BOT} == ids)
    irc_mark = carol.mark()
    for person in (alice, bob):
        await person.say(portal, f"from {person.name}")
        await carol.expect(rf"^:{person.name}!\S+ PRIVMSG #lobby :from {person.name}$", irc_mark)
    carol.send("PRIVMSG #lobby :from carol")
    for person in (alice, bob):
        await person.message(portal, "^from carol$", CAROL)
    # Another one, with a name that is escaped.
    await carol.join("#Big=Room")
    await carol.expect(" 366 carol #Big=Room ")
    mark = carol.mark()
    other = await alice.join(alias("#Big=Room"))
    await carol.expect(r"^:alice!\S+ JOIN :?#Big=Room$", mark)
    carol.send("PRIVMSG #Big=Room :in the big one")
    await alice.message(other, "^in the big one$", CAROL)
    require(not alice.messages(portal, "big one"), "it is said in the wrong room")
    # What nobody can be in is no room.
    try:
        await alice.join(f"#{PREFIX}:{SERVER}")
    except Failure:
        pass
    else:
        raise Failure("there is a portal without a room")


async def scenario_a_portal_by_command(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    await carol.join("#den")
    mark, irc_mark = alice.mark(), carol.mark()
    await ask(alice, lobby.bots[0], "join #den", "#den")
    portal = await alice.invited(BOT, mark)
    await alice.join(portal)
    await carol.expect(r"^:alice!\S+ JOIN :?#den$", irc_mark)
    carol.send("PRIVMSG #den :welcome")
    await alice.message(portal, "^welcome$", CAROL)
    await alice.say(portal, "thanks")
    await carol.expect(r"^:alice!\S+ PRIVMSG #den :thanks$", irc_mark)
    rooms = (await ask(alice, lobby.bots[0], "rooms", "#den"))["content"]["body"]
    require("#lobby" in rooms, f"the rooms are {rooms}")
    require(await alice.join(alias("#den")) == portal, "its alias leads elsewhere")


async def scenario_two_in_a_portal(world):
    """Two people here are two sessions there, and each of them hears everything."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    irc_mark = carol.mark()
    said = ["well", "well", "what", "what", "well"]
    for text in said:
        carol.send(f"PRIVMSG #lobby :{text}")
    await settled(lobby)
    for person in (alice, bob):
        heard = person.texts(portal, CAROL)
        require(heard == said + ["the end"], f"carol said {said}, {person.name} has {heard}")
    for text in said:
        await alice.say(portal, text)
        await bob.say(portal, text)
    await bob.say(portal, "that was bob")
    await carol.expect(r"^:bob!\S+ PRIVMSG #lobby :that was bob$", irc_mark)
    everything = await nothing_else_on_irc(carol, alice, portal, irc_mark)
    for name in ("alice", "bob"):
        heard = [text for text in heard_on_irc(carol, irc_mark, rf"{name}!\S+") if not text.startswith("th")]
        require(heard == said, f"{name} said {said}, carol has {heard}")
    require(len(everything) == 2 * len(said) + 1, f"carol has {everything}")
    await settled(lobby)
    # Nobody is there twice, and nobody is spoken for by a ghost.
    members = await alice.members(portal)
    require(members == {alice.id, bob.id, CAROL, BOT}, f"the members are {members}")
    senders = {event["sender"] for event in alice.messages(portal)}
    require(senders == {alice.id, bob.id, CAROL}, f"somebody else spoke: {senders}")


async def scenario_plumbed_rooms(world):
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol = lobby.people, lobby.carol
    await carol.join("#hall")
    room = await alice.create_room([BOT, bob.id], name="Our hall")
    await alice.member(room, BOT)
    await bob.join(room)
    irc_mark = carol.mark()
    await ask(bob, room, "plumb #hall", ".")
    require(not await alice.state(room, "m.room.member", CAROL), "bob may not do that")
    await ask(alice, room, "plumb #hall", "#hall")
    for person in (alice, bob):
        await carol.expect(rf"^:{person.name}!\S+ JOIN :?#hall$", irc_mark)
    await alice.wait_members(room, {alice.id, bob.id, BOT, CAROL})
    carol.send("PRIVMSG #hall :hello hall")
    for person in (alice, bob):
        await person.message(room, "^hello hall$", CAROL)
    for person in (alice, bob):
        await person.say(room, f"{person.name} in the hall")
        await carol.expect(rf"^:{person.name}!\S+ PRIVMSG #hall :{person.name} in the hall$", irc_mark)
    require((await alice.state(room, "m.room.name"))["name"] == "Our hall", "the room was given another name")
    # Whoever may throw people out of the Matrix room throws them out of the other as well.
    await alice.kick(room, bob.id, "enough")
    await carol.expect(r"^:bob!\S+ PART ", irc_mark)
    await ask(alice, room, "unplumb", ".")
    await carol.expect(r"^:alice!\S+ PART ", irc_mark)
    await alice.wait_members(room, {alice.id, BOT})
    await alice.say(room, "among ourselves")
    carol.send("PRIVMSG #hall :anybody?")
    carol.send("PRIVMSG #lobby :and here?")
    await alice.message(lobby.portal, "^and here\\?$", CAROL)
    await alice.say(lobby.portal, "here we are")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :here we are$", irc_mark)
    require(not carol.find("among ourselves") and not alice.messages(room, "anybody"), "the rooms are still tied")
    commands = carol.find(r"PRIVMSG #hall :.*plumb")
    require(not commands, f"a command was said on IRC: {commands}")


async def scenario_two_rooms_of_one_channel(world):
    """Alice's room and bob's are tied to #lobby besides its portal: what is said in one is seen in all, once."""
    port = free_port()
    lobby = await in_the_lobby(world, "alice", "bob", **{"media.public_url": f"http://127.0.0.1:{port}", "media.port": port})
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    room = await bob.create_room([BOT], name="Bob's")
    await bob.member(room, BOT)
    await ask(bob, room, "plumb #lobby", "#lobby")
    await bob.wait_members(room, {bob.id, BOT, CAROL})
    irc_mark = carol.mark()
    await alice.say(portal, "from the portal")
    shown = await bob.message(room, "^from the portal$", ghost("alice"))
    await bob.say(room, "from the other room")
    await alice.message(portal, "^from the other room$", ghost("bob"))
    carol.send("PRIVMSG #lobby :here is carol")
    for person, place in ((alice, portal), (bob, portal), (bob, room)):
        await person.message(place, "^here is carol$", CAROL)
    for nickname, text in (("alice", "from the portal"), ("bob", "from the other room")):
        heard = carol.find_all(rf"^:{nickname}!\S+ PRIVMSG #lobby :{text}$", irc_mark)
        require(len(heard) == 1, f"carol has {heard}")
    require(len(bob.messages(room, "from the portal")) == 1 and shown["sender"] == ghost("alice"), "it came twice")
    require(len(alice.messages(portal, "from the")) == 2, f"the portal has {alice.messages(portal, 'from the')}")
    # A file is one there, too, and its address for who has but text.
    content = b"some notes\n" * 500
    await alice.send_file(portal, content, "text/plain", "notes.txt", caption="look")
    shown = await bob.event(room, "m.room.message", ghost("alice"), where=lambda e: e["content"]["msgtype"] == "m.file")
    require(await bob.download(shown["content"]["url"]) == content, f"another file: {shown}")
    require(shown["content"]["filename"] == "notes.txt" and shown["content"]["body"] == "look", f"{shown}")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :look http://127\.0\.0\.1:\S+$", irc_mark)
    await alice.say(portal, "behind it")
    await bob.message(room, "^behind it$", ghost("alice"))
    require(not bob.messages(room, "http"), f"it is shown as a link, too: {bob.messages(room, 'http')}")
    require(not [one for one in alice.messages(portal) if one["sender"] != alice.id and "look" in one["content"]["body"]],
            "it came back to where it was sent")


async def scenario_the_relay(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    bob = await world.matrix_person(lobby.synapse, "bob")
    await bob.join(LOBBY)
    irc_mark, mark = carol.mark(), bob.mark()

    def told():
        return [event for event in bob.messages(None, "register|account|heard", after=mark)
                if event["sender"] != bob.id] or bob.invites[mark[2]:]
    await bob.say(portal, "can you hear me?")
    await wait_until(told, "bob to be told that nobody hears him", 30)
    await bob.say(portal, "hello?")
    await bob.say(portal, "relay on")
    require(await nothing_else_on_irc(carol, alice, portal, irc_mark) == [], "bob is heard, or a command")
    require(len(told()) <= 2, f"bob is told again and again: {told()}")
    await ask(alice, portal, "relay on", ".")
    irc_mark = carol.mark()
    for text in ("now?", "now?"):
        await bob.say(portal, text)
    await bob.say(portal, "waves", kind="m.emote")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*bob.*waves", irc_mark)
    heard = await nothing_else_on_irc(carol, alice, portal, irc_mark)
    require(heard[:2] == ["<bob> now?"] * 2 and len(heard) == 3, f"carol has {heard}")
    carol.send("PRIVMSG #lobby :yes")
    await bob.message(portal, "^yes$", CAROL)
    await settled(lobby)
    senders = [event["sender"] for event in alice.messages(portal, "now")]
    require(senders == [bob.id, bob.id], f"what was relayed came back: {senders}")
    # Nobody writes lines of IRC by his name.
    await bob.set_display_name("bob\r\nQUIT :gone\r\n<eve>")
    await bob.say(portal, "who am I?")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*who am I\?$", irc_mark)
    require(not carol.find(r"^:alice!\S+ QUIT", irc_mark), "a name became a command")
    await ask(alice, portal, "relay off", ".")
    irc_mark = carol.mark()
    await bob.say(portal, "and now?")
    require(await nothing_else_on_irc(carol, alice, portal, irc_mark) == [], "bob is heard, or a command")


async def scenario_comings_and_goings(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    await carol.join("#own")  # whoever comes first may throw out others
    portal = await enter(alice, carol, "#own")
    dave = await world.irc_client(lobby.ircd, "dave")
    await dave.join("#own")
    await alice.member(portal, ghost("dave"))
    mark = alice.mark()
    dave.send("NICK [David]")
    await alice.member(portal, ghost("[David]"), after=mark)
    await alice.member(portal, ghost("dave"), "leave", mark)
    dave.send("PRIVMSG #own :a new name")
    await alice.message(portal, "^a new name$", ghost("[David]"))
    member = await alice.state(portal, "m.room.member", ghost("[David]"))
    require(member["displayname"] == "[David]", f"he is called {member}")
    dave.nick = "[David]"
    dave.send("PART #own :tired")
    await alice.member(portal, ghost("[David]"), "leave", mark)
    mark = alice.mark()
    await dave.join("#own")
    await alice.member(portal, ghost("[David]"), after=mark)
    mark = alice.mark()
    carol.send("KICK #own [David] :too loud")
    await alice.member(portal, ghost("[David]"), "leave", mark)
    mark = alice.mark()
    await dave.join("#own")
    await alice.member(portal, ghost("[David]"), after=mark)
    mark = alice.mark()
    dave.send("QUIT :for good")
    await alice.member(portal, ghost("[David]"), "leave", mark)
    await alice.wait_members(portal, {alice.id, CAROL, BOT})
    # She leaves and comes back; then she is thrown out.
    irc_mark = carol.mark()
    await alice.leave(portal)
    await carol.expect(r"^:alice!\S+ PART #own", irc_mark)
    require(await enter(alice, carol, "#own") == portal, "there is another portal")
    carol.send("PRIVMSG #own :welcome back")
    await alice.message(portal, "^welcome back$", CAROL)
    mark = alice.mark()
    carol.send("KICK #own alice :too quiet")
    gone = await alice.member(portal, alice.id, "leave", mark)
    require(gone["sender"] != alice.id and "too quiet" in gone["content"].get("reason", ""), f"she is thrown out as {gone}")
    require(await enter(alice, carol, "#own") == portal, "there is another portal")
    carol.send("PRIVMSG #own :once more")
    await alice.message(portal, "^once more$", CAROL)


async def scenario_topics(world):
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    await alice.wait_state(portal, "m.room.topic", lambda content: content["topic"] == "the lobby")
    carol.send("TOPIC #lobby :of carol")
    await alice.wait_state(portal, "m.room.topic", lambda content: content["topic"] == "of carol")
    irc_mark = carol.mark()
    await bob.set_state(portal, "m.room.topic", {"topic": "of bob"})
    await carol.expect(r"^:bob!\S+ TOPIC #lobby :of bob$", irc_mark)
    await settled(lobby)
    require((await alice.state(portal, "m.room.topic"))["topic"] == "of bob", "the topic is another one again")
    topics = [event["content"]["topic"] for event in alice.find(portal, "m.room.topic")]
    require(topics.count("of carol") == 1 and topics.count("of bob") == 1, f"the topics were {topics}")
    require(carol.count(" TOPIC #lobby ", irc_mark) == 1, "the topic was set more than once")


# -------------------------------------------------------------------------------------------------------------- messages


async def scenario_formatted_text(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    carol.send("PRIVMSG #lobby :plain \x02bold\x02 \x1ditalic\x1d \x0304red\x03 <&>")
    content = (await alice.message(portal, "^plain bold italic red <&>$", CAROL))["content"]
    html = content.get("formatted_body", "")
    require(content.get("format") == "org.matrix.custom.html", f"the format is {content}")
    require(re.search("<(b|strong)>bold</", html) and re.search("<(i|em)>italic</", html), f"the markup is {html}")
    require(re.search("data-mx-color=[\"']#ff0000[\"'][^>]*>red</", html, re.I) and html.endswith("&lt;&amp;&gt;"),
            f"the markup is {html}")
    carol.send("PRIVMSG #lobby :<b>no markup</b>")
    content = (await alice.message(portal, "^<b>no markup</b>$", CAROL))["content"]
    require("<b>no" not in content.get("formatted_body", ""), f"text became markup: {content}")
    irc_mark = carol.mark()
    await alice.say(portal, "a big red <word>", "a <strong>big</strong> <font data-mx-color='#ff0000'>red</font> &lt;word&gt;")
    line = (await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :(a .*)$", irc_mark)).group(1)
    require(line.startswith("a \x02big") and "\x0304red" in line and line.endswith("<word>"), f"IRC got {line!r}")
    # Lists, quotes, links and mentions are readable where there is nothing but text.
    await alice.say(portal, "whatever", f"<ul><li>one</li><li>two</li></ul><a href='https://matrix.to/#/{CAROL}'>Caroline</a>: "
                    "see <a href='https://example.org/x'>this</a>")
    for pattern in ("one", "two", r"carol: see this \(?https://example\.org/x"):
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :.*{pattern}", irc_mark)


async def scenario_messages_about_messages_on_irc(world):
    """What IRC has no words for, in words."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    carol.send("PRIVMSG #lobby :lunch?")
    lunch = (await alice.message(portal, "^lunch\\?$", CAROL))["event_id"]
    irc_mark = carol.mark()
    await alice.reply(portal, lunch, "gladly")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :> carol: lunch\?$", irc_mark)
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :gladly$", irc_mark)
    await alice.reply_in_thread(portal, lunch, "where?")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :where\?$", irc_mark)
    own = await alice.say(portal, "at tow")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :at tow$", irc_mark)
    await alice.edit(portal, own, "at two")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :\* at two$", irc_mark)
    await alice.react(portal, lunch, "\U0001f44d")
    await carol.expect("^:alice!\\S+ PRIVMSG #lobby :.*\U0001f44d", irc_mark)
    count = carol.count(r"^:alice!\S+ PRIVMSG #lobby ", irc_mark)
    await alice.redact(portal, own, "a slip")
    await wait_until(lambda: carol.count(r"^:alice!\S+ PRIVMSG #lobby ", irc_mark) > count, "a line about the redaction")
    everything = await nothing_else_on_irc(carol, alice, portal, irc_mark)
    require(len(everything) == count + 1, f"carol has {everything}")
    # What was redacted before it was read is nothing to say; what comes back to Matrix of all this is nothing.
    await settled(lobby)
    require(alice.texts(portal, CAROL) == ["lunch?", "the end"], f"alice has {alice.texts(portal, CAROL)}")
    require({event["sender"] for event in alice.messages(portal)} == {alice.id, CAROL}, "somebody else spoke")


async def witnessed(person, chat, kind, where=lambda fields: True, after=(0, 0, 0)):
    """What the backend got, as fields (backends/events.py)."""
    def look():
        for event in person.messages(chat, r"^\[", ghost("witness"), after):
            name, fields = json.loads(event["content"]["body"])
            if name == kind and where(fields):
                return fields
        return None
    return await wait_until(look, f"the backend to get {kind}", 30)


def key_is(key):
    return lambda event: event["content"].get("m.relates_to", {}).get("key") == key


async def scenario_messages_about_messages(world):
    """Where the network has words for them."""
    synapse, gateway = await appservice_with(world, "steps")
    alice, _ = await with_account(world, synapse, "alice")
    control, witness, bob = [await chat_with(alice, ghost(name)) for name in ("control", "witness", "bob")]

    async def do(*events):
        await alice.say(control, json.dumps(events))
    first = await alice.say(bob, "helo")
    got = await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["3"] == ["helo"])
    own = got["1000"]
    await alice.edit(bob, first, "hello")
    got = await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["3"] == ["hello"])
    require(got["1003"] == own, f"the edit goes as {got}")
    await do(["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "well?", 1000: "n7"}],
             ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "well, well?", 1000: "n8", 1003: "n7"}],
             ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "", 1000: "n9", 1005: own[0], 1006: ["+"]}],
             ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "indeed", 1000: "n11", 1001: own[0], 1008: "hello", 1009: "al"}],
             ["READ_MARKER", {1: "USER", 2: "bob", 3: own[0]}])
    well = (await alice.message(bob, "^well\\?$", ghost("bob")))["event_id"]
    edit = await alice.message(bob, "well, well", ghost("bob"))
    relation = edit["content"]["m.relates_to"]
    require(relation == {"rel_type": "m.replace", "event_id": well} and
            edit["content"]["m.new_content"]["body"] == "well, well?", f"the edit comes as {edit}")
    reaction = (await alice.event(bob, "m.reaction", ghost("bob")))["content"]["m.relates_to"]
    require(reaction == {"rel_type": "m.annotation", "event_id": first, "key": "+"}, f"the reaction comes as {reaction}")
    reply = (await alice.message(bob, "indeed", ghost("bob")))["content"]
    require(reply["m.relates_to"]["m.in_reply_to"]["event_id"] == first, f"the reply comes as {reply}")
    await alice.has_read(bob, ghost("bob"), first)
    # On what came from there.
    await alice.react(bob, well, "\U0001f44b")
    got = await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f.get("1005") == ["n7"])
    require(got["1006"] == ["\U0001f44b"], f"the reaction goes as {got}")
    # All that stand are told, both ways; what does no more is redacted.
    second = await alice.react(bob, well, "\U0001f389")
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f.get("1006") == ["\U0001f44b", "\U0001f389"])
    await alice.redact(bob, second)
    mark = alice.mark()
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: "takes back" in f["3"][0] and f.get("1006") == ["\U0001f44b"]
                    and f.get("1005") == ["n7"])
    await do(["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "", 1000: "n20", 1005: own[0], 1006: ["+", "-"]}],
             ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "", 1000: "n21", 1005: own[0], 1006: ["-", "*"]}])
    put = {key: (await alice.event(bob, "m.reaction", ghost("bob"), key_is(key)))["event_id"] for key in ("+", "-", "*")}
    await alice.event(bob, "m.room.redaction", where=redacts(put["+"]), after=mark)
    await do(["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "", 1000: "n22", 1005: own[0]}])
    for key in ("-", "*"):
        await alice.event(bob, "m.room.redaction", where=redacts(put[key]), after=mark)
    require(len(alice.find(bob, "m.reaction", ghost("bob"))) == 3, "a reaction came twice")
    await alice.reply(bob, well, "yes")
    got = await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f.get("1001") == ["n7"])
    require(got["3"] == ["yes"], f"the reply goes as {got}")
    await alice.read(bob, well)
    got = await witnessed(alice, witness, "READ_MARKER")
    require(got["2"] == ["bob"] and got["3"] == ["n7"], f"the receipt goes as {got}")
    # Taken back, both ways.
    await alice.redact(bob, first)
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f.get("1004") == own)
    await do(["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "took it back", 1000: "n10", 1004: "n7"}])
    await alice.event(bob, "m.room.redaction", where=redacts(well))
    # In a room.
    portal = await alice.join(alias("#hall"))
    for name in ("bob", "carol"):
        await alice.member(portal, ghost(name))
    await alice.wait_state(portal, "m.room.name", lambda content: content["name"] == "The lobby")
    said = await alice.say(portal, "hello all")
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["2"] == ["#hall"] and f["3"] == ["hello all"])
    await do(["READ_MARKER", {1: "USER", 2: "#hall", 3: "net-1", 4: "bob"}])
    await alice.has_read(portal, ghost("bob"), said)
    require(alice.texts(portal) == ["hello all"], f"the echo is shown: {alice.texts(portal)}")
    await each_way_is_whole(gateway)


async def scenario_typing(world):
    synapse, _ = await appservice_with(world, "echo")
    alice, _ = await with_account(world, synapse, "alice")
    chat = await chat_with(alice, ghost("echo"))
    await alice.say(chat, "hello")
    await alice.message(chat, "^hello$", ghost("echo"))
    for on in (True, False, True):
        mark = alice.mark()
        await alice.typing(chat, on)
        await alice.types(chat, ghost("echo"), on, mark)
    portal = await alice.join(alias("lobby"))
    await alice.say(portal, "hello, lobby")
    await alice.wait_members(portal, {alice.id, ghost("echo"), BOT})


async def scenario_files(world):
    port = free_port()
    lobby = await in_the_lobby(world, "alice", **{"media.public_url": f"http://127.0.0.1:{port}", "media.port": port})
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    for kind, mime, name in (("m.image", "image/png", "a picture.png"), ("m.file", "text/html", "../../passwd.html")):
        irc_mark, content = carol.mark(), os.urandom(3000)
        await alice.send_file(portal, content, mime, name, kind, caption=f"look at this {kind}")
        url = (await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*?(https?://\S+)", irc_mark)).group(1)
        require(".." not in url, f"the address is {url}")
        fetched, headers = await asyncio.to_thread(fetch, url)
        require(fetched == content, f"{url} has {len(fetched)} bytes")
        require("html" not in (headers.get("Content-Type") or "") or "attachment" in headers["Content-Disposition"],
                f"a stranger's page is shown as ours: {headers}")
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :.*look at this {kind}", irc_mark)


def fetch(url, token=None):
    from urllib.request import Request, urlopen
    with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"} if token else {}), timeout=20) as answer:
        return answer.read(), answer.headers


async def scenario_encrypted_rooms(world):
    """The gateway cannot read them, says so once, and what to do."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    secret = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnB", "session_id": "x", "sender_key": "y", "device_id": "z"}
    for other in (CAROL, BOT):
        room = await alice.create_room([other], direct=True, preset="trusted_private_chat", state=[encryption])
        await alice.member(room, other)
        for _ in range(3):
            await alice.send(room, "m.room.encrypted", secret)
        await alice.message(room, "encrypt")
        # What is not encrypted is read all the same, and comes behind those.
        if other == CAROL:
            await alice.say(room, "openly")
            await carol.expect(r"^:alice!\S+ PRIVMSG carol :openly$")
        else:
            await ask(alice, room, "status", "alice")
        said = alice.messages(room, "encrypt")
        require(len(said) == 1 and said[0]["sender"] in (BOT, other), f"it is said {len(said)} times: {said}")
        # Nor again by the next process.
        await lobby.gateway.kill_core()
        await lobby.gateway.start()
        await alice.send(room, "m.room.encrypted", secret)
        await alice.say(room, "openly again" if other == CAROL else "status")
        if other == CAROL:
            await carol.expect(r"^:alice!\S+ PRIVMSG carol :openly again$")
        require(len(alice.messages(room, "encrypt")) == 1, "it is said again after a restart")
    # A chat that becomes one.
    room = await chat_with(alice, CAROL)
    await alice.say(room, "before")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :before$")
    await alice.set_state(room, "m.room.encryption", encryption["content"])
    await alice.message(room, "encrypt")
    require(not carol.find("PRIVMSG carol :.*(AwgAEnB|ciphertext)"), "something encrypted is said on IRC")


async def scenario_contacts_show_themselves(world):
    """Name, presence and picture of a contact, as its ghost."""
    synapse, _ = await appservice_with(world, "events")
    alice, _ = await with_account(world, synapse, "alice")
    control, bob = [await chat_with(alice, ghost(name)) for name in ("control", "bob")]

    async def is_now(status, presence, alias="Robert"):
        await alice.say(control, json.dumps([["BUDDY_CHANGED", {1: "USER", 2: "bob", 3: alias, 5: status, 6: "at the lake",
                                                                7: "a" * 40, 8: False}]]))

        async def shown():
            return (await alice.call("GET", f"/_matrix/client/v3/presence/{quote(ghost('bob'))}/status"))["presence"]
        await wait_answer(shown, lambda answer: answer == presence, f"status {status} to be shown as {presence}")
    await is_now(0, "online")
    await alice.wait_state(bob, "m.room.member", lambda content: content.get("displayname") == "Robert", ghost("bob"))
    content = await alice.wait_state(bob, "m.room.member", lambda content: content.get("avatar_url"), ghost("bob"))
    server, media = re.fullmatch(r"mxc://([^/]+)/(\S+)", content["avatar_url"]).groups()
    url = f"{synapse.url}/_matrix/client/v1/media/download/{server}/{media}"
    picture, _ = await asyncio.to_thread(fetch, url, alice.client.access_token)
    require(picture == PHOTO, f"the picture is {picture[:50]}")
    await is_now(1, "unavailable")
    await is_now(5, "offline", "Bobby")
    await alice.wait_state(bob, "m.room.member", lambda content: content.get("displayname") == "Bobby", ghost("bob"))


# ------------------------------------------------------------------------------- nothing is lost, and nothing comes twice


async def refused(asking, status):
    try:
        await asking
    except Answer as answer:
        require(answer.status == status, f"{answer}")
    else:
        raise Failure(f"it is not refused with {status}")


async def scenario_transactions_that_come_again(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol, gateway = lobby.people[0], lobby.carol, lobby.gateway
    token = registration_value(gateway.registration, "hs_token")
    url = f"http://127.0.0.1:{gateway.matrix_port}/_matrix/app/v1"

    async def put(number, *events, token=token):
        return await asyncio.to_thread(request, f"{url}/transactions/{number}", "PUT", {"events": list(events)}, token)

    def message(number, **more):
        return {"type": "m.room.message", "room_id": lobby.portal, "sender": alice.id, "event_id": f"$by-hand-{number}",
                "origin_server_ts": 1700000000000 + number, "content": {"msgtype": "m.text", "body": f"by hand {number}"}, **more}
    irc_mark = carol.mark()
    for number in range(3):
        await put("first", *[message(n) for n in range(5)])
        # The same events in another transaction, some of them new, as after a homeserver was set back.
        await put(f"again-{number}", *[message(n, age=number) for n in range(5 + number)])
    # What makes no sense is accepted, since it would come again for ever.
    await put("nonsense", 7, "x", None, [], {}, {"type": 7}, message(50, content=None), message(51, content={"body": {}}),
              message(52, sender="alice"), message(53, sender=CAROL), message(54, sender=BOT), message(55, room_id="!no:where"),
              message(56, event_id=None))
    for body in ({}, {"events": {}}, {"events": None}, []):
        require(await asyncio.to_thread(request, f"{url}/transactions/odd", "PUT", body, token) == {}, f"{body}")
    await put("last", message(99))
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :by hand 99$", irc_mark)
    heard = [match.string.rsplit(" ", 1)[1] for match in carol.find_all("PRIVMSG #lobby :by hand", irc_mark)]
    require(heard == [*"0123456", "99"], f"carol has {heard}")
    # Again over a restart of the gateway that nobody has announced. Whoever comes as soon as it listens waits for it.
    for _ in range(3):
        await gateway.kill_core()
        await gateway.start(wait=False)
        async for _ in attempts("it to listen", pause=0.01):
            try:
                await put("first", *[message(n) for n in range(5)])
                break
            except OSError:
                pass
        await gateway.process.wait_log("ready")
    await put("yet-another", message(3), message(99), message(100))
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :by hand 100$", irc_mark)
    require(carol.count("PRIVMSG #lobby :by hand", irc_mark) == 9, "something came again after the restart")
    # One that has overtaken another has to come again, behind that; and only once, as the other may not be.
    irc_mark = carol.mark()
    await refused(put("1000000"), 503)
    await put("1000000")
    await refused(put("1000002", message(302)), 503)
    await put("1000001", message(301))
    await put("1000002", message(302))
    # The next process knows it too.
    await gateway.kill_core()
    await gateway.start()
    await refused(put("1000009", message(303)), 503)
    await put("1000009", message(303))
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :by hand 303$", irc_mark)
    heard = [line.rsplit(" ", 1)[1] for way, line in carol.lines[irc_mark:] if way == "<" and "PRIVMSG #lobby :by hand" in line]
    require(heard == ["301", "302", "303"], f"carol has {heard}")
    # Strangers.
    for wrong in (None, "", token[:-1], token + "x", token.upper()):
        try:
            await put("stranger", message(200), token=wrong)
        except Answer as answer:
            require(answer.status in (401, 403) and answer.errcode, f"{wrong!r}: {answer}")
        else:
            raise Failure(f"the token {wrong!r} is good")
    require(await nothing_else_on_irc(carol, alice, lobby.portal, carol.mark()) == [], "a stranger was heard")


async def scenario_transactions_on_one_connection(world):
    """A homeserver's transactions come one after the other, on the connection that it has."""
    port = free_port()
    synapse, _ = await appservice_with(world, "echo", **{"metrics.port": port})
    alice = await world.matrix_person(synapse, "alice")
    bot = await chat_with(alice, BOT)
    await ask(alice, bot, "help", "register")
    before = await http_counts(port)
    for _ in range(10):
        await ask(alice, bot, "help", "register")
    connections, requests = await http_counts_since(port, before)
    require(connections == 0 and requests >= 10, f"{requests} requests on {connections} more connections")


async def scenario_the_homeserver_is_restarted(world):
    lobby = await in_the_lobby(world, "alice", **{"settings.stay_connected": "1"})
    alice, carol, synapse, portal = lobby.people[0], lobby.carol, lobby.synapse, lobby.portal
    chat = await chat_with(alice, CAROL)
    irc_mark, number = carol.mark(), 0

    async def state():
        return json.loads(await lobby.gateway.control("--json", "frontends"))["rows"][0]["state"]
    for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        await alice.say(portal, f"before {number}")
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :before {number}$", irc_mark)
        await synapse.stop(how)
        for _ in range(5):
            number += 1
            carol.send(f"PRIVMSG #lobby :{number}")
            carol.send(f"PRIVMSG alice :{number}")
        await wait_answer(state, lambda answer: answer == "not connected", "an administrator to see it")
        await synapse.start()
        for room in (portal, chat):
            await alice.message(room, f"^{number}$", CAROL, timeout=60)
        await alice.say(portal, f"after {number}")
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :after {number}$", irc_mark, 60)
        await wait_answer(state, lambda answer: answer == "connected", "an administrator to see that it is back")
    for room in (portal, chat):
        heard = alice.texts(room, CAROL)
        require(heard == [str(n) for n in range(1, number + 1)], f"of {number} messages came {heard}")
    heard = [match.groups() for match in carol.find_all(r"PRIVMSG #lobby :(before|after) (\d+)")]
    require(len(heard) == len(set(heard)) == 6, f"carol has {heard}")
    require(not carol.find(r"^:alice!\S+ (QUIT|PART)", irc_mark), "IRC noticed it")


async def scenario_the_gateway_is_restarted(world):
    """In good order: the network sees her go, and what was said meanwhile comes as soon as it is back."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol, gateway, portal = lobby.people[0], lobby.carol, lobby.gateway, lobby.portal
    irc_mark = carol.mark()
    await gateway.stop()
    await is_on_irc(carol, "alice", False)
    # The homeserver finds out, and would try again more and more rarely.
    for number in range(3):
        await alice.say(portal, f"meanwhile {number}")
    await gateway.start()
    for number in range(3):
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :meanwhile {number}$", irc_mark, timeout=30)
    carol.send("PRIVMSG #lobby :welcome back")
    await alice.message(portal, "^welcome back$", CAROL)
    heard = await nothing_else_on_irc(carol, alice, portal, irc_mark)
    require(heard == [f"meanwhile {number}" for number in range(3)], f"carol has {heard}")
    await alice.wait_members(portal, {alice.id, CAROL, BOT})


async def scenario_killed_under_traffic(world):
    """kill -9 of transportd while both sides talk. What the homeserver and the network have taken arrives once, in order."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, gateway, portal = lobby.people, lobby.carol, lobby.gateway, lobby.portal
    irc_mark, said = carol.mark(), {"alice": 0, "bob": 0, "carol": 0}
    over = asyncio.Event()

    async def talk(person):
        while not over.is_set():
            await person.say(portal, f"{said[person.name] + 1}")
            said[person.name] += 1

    async def talk_on_irc():
        while not over.is_set():
            said["carol"] += 1
            carol.send(f"PRIVMSG #lobby :{said['carol']}")
            await asyncio.sleep(0.02)
    talking = [asyncio.create_task(talk(alice)), asyncio.create_task(talk(bob)), asyncio.create_task(talk_on_irc())]
    try:
        for _ in range(KILLS):
            heard = len(alice.texts(portal, CAROL))
            await wait_until(lambda: len(alice.texts(portal, CAROL)) > heard, "the traffic to go on", 60)
            await asyncio.sleep(random.uniform(0, 0.5))  # anywhere in what it does
            await gateway.kill_core()
            await asyncio.sleep(random.uniform(0, 0.5))
            await gateway.start(wait=False)
    finally:
        over.set()
        ends = await asyncio.gather(*talking, return_exceptions=True)
    require(not any(ends), f"{ends}")
    for name in ("alice", "bob"):
        await carol.expect(rf"^:{name}!\S+ PRIVMSG #lobby :{said[name]}$", irc_mark, 120)
    for person in (alice, bob):
        await person.message(portal, f"^{said['carol']}$", CAROL, timeout=120)
    await settled(lobby)
    for name in ("alice", "bob"):
        heard = [text for text in heard_on_irc(carol, irc_mark, rf"{name}!\S+") if re.fullmatch(r"\d+", text)]
        require(heard == [str(n) for n in range(1, said[name] + 1)], f"of {said[name]} messages of {name} came {heard}")
    for person in (alice, bob):
        heard = person.texts(portal, CAROL)[:-1]
        require(heard == [str(n) for n in range(1, said["carol"] + 1)], f"of {said['carol']} messages of carol came {heard}")
    require(not carol.find(r"^:(alice|bob)!\S+ (QUIT|PART)", irc_mark), "IRC noticed it")


async def scenario_limits_of_the_homeserver(world):
    """A Synapse with its limits: they are none for us, and nothing is lost by them."""
    lobby = await in_the_lobby(world, "alice", synapse=world.synapse_or_skip(limits=True))
    alice, carol = lobby.people[0], lobby.carol
    for number in range(60):
        carol.send(f"PRIVMSG #lobby :{number}")
    await alice.message(lobby.portal, "^59$", CAROL, timeout=60)
    heard = alice.texts(lobby.portal, CAROL)
    require(heard == [str(number) for number in range(60)], f"alice has {heard}")


# ---------------------------------------------------------------------------------------------------------- combinations


async def in_room_version(world, version):
    """The things that differ from one to the next: powers, ids of rooms, redactions."""
    lobby = await in_the_lobby(world, "alice", synapse=world.synapse_or_skip(room_version=version))
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    require((await alice.state(portal, "m.room.create"))["room_version"] == version, "the portal has another version")
    chat = await chat_with(alice, CAROL)
    for room, target in ((portal, "#lobby"), (chat, "carol")):
        irc_mark = carol.mark()
        event = await alice.say(room, "hello")
        await carol.expect(rf"^:alice!\S+ PRIVMSG {target} :hello$", irc_mark)
        irc_mark = carol.mark()
        await alice.redact(room, event)
        await carol.expect(rf"^:alice!\S+ PRIVMSG {target} :", irc_mark)
        carol.send(f"PRIVMSG {'alice' if room == chat else '#lobby'} :hello alice")
        await alice.message(room, "^hello alice$", CAROL)
    mark = alice.mark()
    event = await alice.say(lobby.bots[0], "register alice again-and-again")
    await alice.event(lobby.bots[0], "m.room.redaction", BOT, redacts(event), mark)
    carol.send("TOPIC #lobby :in any version")
    await alice.wait_state(portal, "m.room.topic", lambda content: content["topic"] == "in any version")
    # Rooms of people.
    await carol.join("#own")
    room = await alice.create_room([BOT], version=version)
    await alice.member(room, BOT)
    irc_mark, mark = carol.mark(), alice.mark()
    await ask(alice, room, "plumb #own", "#own")
    await carol.expect(r"^:alice!\S+ JOIN :?#own$", irc_mark)
    await alice.member(room, CAROL)
    carol.send("PRIVMSG #own :hello hall")
    await alice.message(room, "^hello hall$", CAROL, mark)
    # A chat that begins there, and somebody who is thrown out of a portal.
    dave = await world.irc_client(lobby.ircd, "dave")
    dave.send("PRIVMSG alice :hello")
    chat = await alice.join(await alice.invited(ghost("dave")))
    await alice.message(chat, "^hello$", ghost("dave"))
    await carol.join("#den")
    den = await enter(alice, carol, "#den")
    await alice.member(den, CAROL)
    carol.send("KICK #den alice :out")
    await alice.member(den, alice.id, "leave")


async def scenario_room_version_10(world):
    await in_room_version(world, "10")


async def scenario_room_version_11(world):
    await in_room_version(world, "11")


async def scenario_room_version_12(world):
    await in_room_version(world, "12")


async def beside_xmpp(world, **keys):
    """Three in #lobby: alice on Matrix and bob on XMPP, of one instance, and carol on IRC: (alice, her portal, bob, his room,
    carol)."""
    synapse, ircd, prosody = world.synapse_or_skip(), await world.ngircd(), await world.prosody()
    gateway = world.gateway()
    gateway.irc(ircd)
    gateway.keys.update({"registration.auto_register": "1", "irc.line_interval": "0", **keys})
    await gateway.appservice_of(synapse)
    gateway.component_of(prosody)
    gateway.keys["service.frontend"] = ["xmpp", "matrix"]
    await asyncio.gather(synapse.start(), gateway.start())
    await gateway.process.wait_log("connected to 127.0.0.1")
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice, _ = await with_account(world, synapse, "alice")
    portal = await enter(alice, carol)
    bob = await world.person("bob@localhost", prosody.c2s_port)
    room = "#lobby@irc.localhost"
    bob.join(room, "bob")
    await bob.joined(room, "bob")
    return alice, portal, bob, room, carol


async def scenario_beside_xmpp(world):
    """One instance, two frontends; everybody meets on IRC."""
    alice, portal, bob, room, carol = await beside_xmpp(world)
    await alice.say(portal, "from Matrix")
    await bob.message(f"{room}/alice", "^from Matrix$", "groupchat")
    bob.say(room, "from XMPP", "groupchat")
    await alice.message(portal, "^from XMPP$", ghost("bob"))
    carol.send("PRIVMSG #lobby :from IRC")
    await alice.message(portal, "^from IRC$", CAROL)
    await bob.message(f"{room}/carol", "^from IRC$", "groupchat")
    await alice.wait_members(portal, {alice.id, ghost("bob"), CAROL, BOT})
    chat = await chat_with(alice, ghost("bob"))
    await alice.say(chat, "in private")
    await bob.message("alice@irc.localhost", "^in private$", "chat")


async def scenario_the_alias_of_a_stranger(world):
    """What the homeserver asks of us by itself: names that may be, and those that may not."""
    lobby = await in_the_lobby(world, "alice")
    gateway, alice = lobby.gateway, lobby.people[0]
    token = registration_value(gateway.registration, "hs_token")
    url = f"http://127.0.0.1:{gateway.matrix_port}/_matrix/app/v1"

    async def asked(kind, name):
        try:
            return await asyncio.to_thread(request, f"{url}/{kind}/{quote(name, safe='')}", "GET", None, token)
        except Answer as answer:
            return answer.status
    require(await asked("users", CAROL) == {}, "the ghost of carol is not known")
    for name in ("@alice:localhost", f"@{PREFIX}x:example.org", "", "@", "x" * 5000):
        require(await asked("users", name) == 404, f"{name[:80]!r} is one of ours")
    for name in (f"#{PREFIX}:localhost", "#lobby:localhost", f"#{PREFIX}#lobby:example.org", "", "x" * 5000):
        require(await asked("rooms", name) == 404, f"{name[:80]!r} is one of ours")
    # The same question many times at once makes one room.
    answers = await asyncio.gather(*(asked("rooms", alias("#den")) for _ in range(8)))
    require(answers == [{}] * 8, f"{answers}")
    found = await lobby.synapse.room_of_alias(alias("#den"), alice.client.access_token)
    require(await alice.join(alias("#den")) == found, "there are two rooms of one alias")
