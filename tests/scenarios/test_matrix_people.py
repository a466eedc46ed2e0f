# SPDX-License-Identifier: MIT
"""
People on a real Synapse and what is theirs: their own voice, names, pictures, what they are told of each other. The helpers
are those of test_matrix. docs/matrix.md says what is promised.
"""
import asyncio
import json
import re
from urllib.parse import quote

from slixmpp.xmlstream import ET

from harness.http import http_ask
from harness.process import free_port, require, wait_answer, wait_until
from harness.synapse import client_packages
from test_matrix import (BOT, CAROL, PHOTO, alias, appservice_with, ask, beside_xmpp, chat_with, enter, fetch, ghost,
                         heard_on_irc, in_the_lobby, is_on_irc, nowhere_in, redacts, witnessed, with_account)
from test_steps import scan

PACKAGES = client_packages


async def with_events(world, *names, program="steps", **keys):
    """The backend that does what it is told (backends/steps.py); somebody with the chats "control", "witness" and others:
    (synapse, gateway, person, chat with the bot, chats by name)."""
    synapse, gateway = await appservice_with(world, program, **keys)
    alice, bot = await with_account(world, synapse, "alice")
    chats = {name: await chat_with(alice, ghost(name)) for name in ("control", "witness", *names)}
    return synapse, gateway, alice, bot, chats


async def do(person, chats, *events):
    await person.say(chats["control"], json.dumps(events))


async def another_client(synapse, name):
    """An access token of another device of this person."""
    answer = await synapse.call("POST", "/_matrix/client/v3/login",
                                {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name},
                                 "password": "a secret"})
    return answer["access_token"]


def carbon(name, text, **more):
    return ["CONV_MESSAGE", {1: "USER", 2: name, 3: text, 10: 1, **{int(key[1:]): value for key, value in more.items()}}]


# ------------------------------------------------------------------------------------------------------- their own voice


async def scenario_own_messages_with_a_token(world):
    """What alice writes with another client of the network is hers in chats and portals, goes no further, and survives
    the gateway."""
    synapse, gateway, alice, bot, chats = await with_events(world, "bob")
    token = await another_client(synapse, "alice")
    await ask(alice, bot, "puppet", "appears as somebody else's")
    # Without it the contact's ghost says it.
    await do(alice, chats, carbon("bob", "from my phone"))
    event = await alice.message(chats["bob"], "from my phone", ghost("bob"))
    require(event["content"]["msgtype"] == "m.notice", f"{event}")
    # Somebody else's token is not taken, nor one that is none.
    bob = await world.matrix_person(synapse, "bob")
    await ask(alice, bot, f"puppet {bob.client.access_token}", "somebody else's access token")
    await ask(alice, bot, "puppet nonsense", "does not know this access token")
    mark = alice.mark()
    said = await alice.say(bot, f"puppet {token}")
    await alice.message(bot, "appears as yours", BOT, mark)
    await alice.event(bot, "m.room.redaction", BOT, redacts(said), mark)
    require("body" not in (await alice.get(bot, said))["content"], "the token can be read")
    nowhere_in(gateway.folder, token)
    mark = alice.mark()
    await do(alice, chats, carbon("bob", "it is me", **{"_1000": "n1"}),
             ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "hello you", 1000: "n2"}],
             carbon("bob", "and again", **{"_1000": "n3", "_1001": "n2"}))
    event = await alice.message(chats["bob"], "^it is me$", alice.id, mark)
    require(event["content"]["msgtype"] == "m.text", f"{event}")
    reply = await alice.message(chats["bob"], "^and again$", alice.id, mark)
    theirs = await alice.message(chats["bob"], "^hello you$", ghost("bob"), mark)
    require(reply["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == theirs["event_id"], f"{reply}")
    # She goes on with it, and the network knows which message is meant.
    await alice.edit(chats["bob"], event["event_id"], "it was me")
    got = await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda f: f["3"] == ["it was me"])
    require(got["1003"] == ["n1"], f"the edit goes as {got}")
    # And takes it back.
    await alice.redact(chats["bob"], event["event_id"])
    got = await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda f: "1004" in f)
    require(got["1004"] == ["n1"] and "takes back" in got["3"][0], f"it is taken back as {got}")
    # Rooms.
    portal = await alice.join(alias("#den"))
    await witnessed(alice, chats["witness"], "JOIN_ROOM")
    for nick in ("bob", "alice"):
        await do(alice, chats, ["PARTICIPANT_CHANGED", {1: "USER", 2: "#den", 3: nick, 4: 0, 5: 0}])
    await alice.member(portal, ghost("bob"))
    await do(alice, chats, carbon("#den", "to all", **{"_4": "alice"}))
    await alice.message(portal, "^to all$", alice.id, mark)
    # A chat that is not there yet: she is invited, and there at once.
    await do(alice, chats, carbon("dave", "first"))
    await wait_until(lambda: alice.messages(None, "^first$", alice.id, mark), "her own words to dave")
    # The next process knows the token.
    await gateway.kill_core()
    await gateway.start()
    await alice.say(chats["bob"], "still there?")
    await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda f: f["3"] == ["still there?"])
    await do(alice, chats, carbon("bob", "as ever"))
    await alice.message(chats["bob"], "^as ever$", alice.id, mark)
    # Nothing of it went to the network again.
    for text in ("it is me", "and again", "to all", "first", "as ever"):
        again = [event for event in alice.messages(chats["witness"], r"^\[\"CONV_MESSAGE", ghost("witness"))
                 if text in json.loads(event["content"]["body"])[1]["3"]]
        require(not again, f"{text!r} went to the network: {again}")
    # The end of it.
    await ask(alice, bot, "puppet off", "forgotten")
    await do(alice, chats, carbon("bob", "and now?"))
    await alice.message(chats["bob"], "and now\\?", ghost("bob"))


async def scenario_a_token_that_ends(world):
    """She is told, and nothing is lost."""
    synapse, _, alice, bot, chats = await with_events(world, "bob")
    token = await another_client(synapse, "alice")
    await ask(alice, bot, f"puppet {token}", "appears as yours")
    await do(alice, chats, carbon("bob", "one"))
    await alice.message(chats["bob"], "^one$", alice.id)
    await synapse.call("POST", "/_matrix/client/v3/logout", {}, token)
    mark = alice.mark()
    await do(alice, chats, carbon("bob", "two"), carbon("bob", "three"))
    await alice.message(bot, "does not know the access token any more", BOT, mark)
    for text in ("two", "three"):
        await alice.message(chats["bob"], text, ghost("bob"), mark)
    await ask(alice, bot, "puppet", "appears as somebody else's")
    told = alice.messages(bot, "does not know the access token any more", BOT)
    require(len(told) == 1, f"she is told {len(told)} times")


async def scenario_own_messages_by_masquerading(world):
    """The registration covers the people of the homeserver: nobody has to give a token."""
    synapse, _, alice, bot, chats = await with_events(world, "bob", **{"matrix.masquerade": "1"})
    await ask(alice, bot, "puppet", "appears as yours")
    await do(alice, chats, carbon("bob", "it is me"))
    event = await alice.message(chats["bob"], "^it is me$", alice.id)
    await alice.react(chats["bob"], event["event_id"], "+")
    await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda f: f.get("1006") == ["+"])
    again = [e for e in alice.messages(chats["witness"], "it is me")
             if json.loads(e["content"]["body"])[1]["3"] == ["it is me"]]
    require(not again, f"it went to the network: {again}")
    # What is said elsewhere is nobody's business.
    bob = await world.matrix_person(synapse, "bob")
    room = await alice.create_room([bob.id])
    await bob.join(room)
    await bob.say(room, "among ourselves")
    await alice.message(room, "^among ourselves$", bob.id)
    await do(alice, chats, carbon("bob", "the end"))
    await alice.message(chats["bob"], "^the end$", alice.id)
    require(not alice.messages(chats["witness"], "among ourselves"), "it went to the network")


# ------------------------------------------------------------------------------------------------------------- pictures


async def scenario_a_qr_code_is_a_picture(world):
    """Beside its text: what a phone has to scan is there to be scanned."""
    synapse, gateway = await appservice_with(world, "steps")
    alice = await world.matrix_person(synapse, "alice")
    bot = await chat_with(alice, BOT)
    await ask(alice, bot, "login qr1", "Scan this\\..*sgnl://link\\?key=abc")
    event = await alice.event(bot, "m.room.message", BOT, lambda e: e["content"]["msgtype"] == "m.image")
    content = event["content"]
    picture = await alice.download(content["url"])
    width, height = (int.from_bytes(picture[at:at + 4], "big") for at in (16, 20))
    require(picture.startswith(b"\x89PNG\r\n\x1a\n") and width == height and width > 100, f"{picture[:40]}")
    require(content["info"] == {"mimetype": "image/png", "size": len(picture), "w": width, "h": height}, f"{content}")
    scan(gateway)
    chat = await alice.join(await alice.invited(ghost("keeper")))
    await alice.message(chat, "^logins: 1$", ghost("keeper"))


# ---------------------------------------------------------------------------------------------------------------- names


async def scenario_display_names_are_nicknames(world):
    """As far as the network lets her; changes are followed, and what is taken is not hers."""
    lobby = await in_the_lobby(world)
    carol = lobby.carol
    alice, bot = await with_account(world, lobby.synapse, "alice")
    await alice.set_display_name("Alice Smith!")
    irc_mark = carol.mark()
    portal = await enter(alice, carol)
    nick = (await carol.expect(r"^:alice!\S+ NICK :?(Alice\S*)$", irc_mark))[1]
    await alice.say(portal, "under a new name")
    await carol.expect(rf"^:{re.escape(nick)}!\S+ PRIVMSG #lobby :under a new name$", irc_mark)
    carol.send(f"PRIVMSG {nick} :in private")
    await alice.join(await alice.invited(CAROL))
    await alice.message(None, "^in private$", CAROL)
    await alice.set_display_name("Lissy")
    await carol.expect(rf"^:{re.escape(nick)}!\S+ NICK :?Lissy$", irc_mark)
    # Nobody's ghost stands for her, and what she says does not come back.
    await alice.say(portal, "and another")
    await carol.expect(r"^:Lissy!\S+ PRIVMSG #lobby :and another$", irc_mark)
    carol.send("PRIVMSG #lobby :hello Lissy")
    await alice.message(portal, "^hello Lissy$", CAROL)
    require(await alice.members(portal) == {alice.id, CAROL, BOT}, f"the members are {await alice.members(portal)}")
    # This one is somebody else's: she is told, keeps hers, and carol stays where she is.
    mark = alice.mark()
    await alice.set_display_name("carol")
    await alice.message(bot, "cannot be called carol", BOT, mark)
    await alice.say(portal, "still me")
    await carol.expect(r"^:Lissy!\S+ PRIVMSG #lobby :still me$", irc_mark)
    require(CAROL in await alice.members(portal), "carol was taken out")
    # The account's own name, when she has no other.
    await alice.set_display_name("alice")
    await carol.expect(r"^:Lissy!\S+ NICK :?alice$", irc_mark)
    # Not at all.
    await ask(alice, bot, "settings display_name off", ".")
    await alice.set_display_name("Alina")
    await alice.say(portal, "the end")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :the end$", irc_mark)
    require(not carol.find("Alina", irc_mark), "she is renamed all the same")


async def scenario_profiles_are_cards(world):
    """What she changes of her profile is her card on the network: each change once, and nothing by a login."""
    _, _, alice, bot, chats = await with_events(world)
    witness = chats["witness"]

    async def has_card(names, photo):
        await witnessed(alice, witness, "VCARD", lambda f: f["2"] == [""] and f["3"] == [0] and f.get("5", []) == names and
                        f["6"] == [photo.decode(errors="replace")])

    def cards():
        return [event for event in alice.messages(witness, r'^\["VCARD"') if '"2": [""]' in event["content"]["body"]]
    # Without a picture here nobody knows whether there is one there.
    await alice.set_display_name("Alice Smith")
    picture = PHOTO + b" of alice"
    await alice.set_avatar(await alice.upload(picture, "image/png", "me.png"))
    await has_card(["Alice Smith"], picture)
    require(len(cards()) == 1, f"{len(cards())} cards for one change")
    await alice.set_display_name("Lissy")
    await has_card(["Lissy"], picture)
    await alice.set_avatar("")
    await has_card(["Lissy"], b"")
    # Not at all.
    await ask(alice, bot, "settings display_name off", ".")
    await alice.set_avatar(await alice.upload(picture + b"!", "image/png", "me.png"))
    await alice.say(witness, "the end")
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["3"] == ["the end"])
    require(len(cards()) == 3, f"{len(cards())} cards for three changes")


# ------------------------------------------------------------------------------------------------- who types, who has read


async def scenario_typing_and_receipts_in_a_portal(world):
    """Both ways, once for each of those who are there."""
    synapse, _, alice, _, chats = await with_events(world)
    bob, _ = await with_account(world, synapse, "bob")
    portal = await alice.join(alias("#lobby"))
    await alice.member(portal, CAROL)
    await bob.join(portal)
    await witnessed(alice, chats["witness"], "JOIN_ROOM")
    mark, carol = alice.mark(), {1: "USER", 2: "#lobby", 1000: "carol"}
    await do(alice, chats, ["BUDDY_TYPING", carol])
    for person in (alice, bob):
        await person.types(portal, CAROL)
    await do(alice, chats, ["BUDDY_STOPPED_TYPING", carol])
    for person in (alice, bob):
        await person.types(portal, CAROL, False)
    # A person of the portal is not shown as somebody of the network.
    await do(alice, chats, ["BUDDY_TYPING", {1: "USER", 2: "#lobby", 1000: "bob"}], ["BUDDY_TYPING", carol])
    await alice.types(portal, CAROL)
    await alice.types(portal, ghost("bob"), False)
    # The other way.
    for on, kind in ((True, "BUDDY_TYPING"), (False, "BUDDY_TYPED")):
        await alice.typing(portal, on)
        await witnessed(alice, chats["witness"], kind, lambda f: f["2"] == ["#lobby"] and "1000" not in f, mark)
    # What was read.
    said = await alice.say(portal, "one")
    got = await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda f: f["3"] == ["one"])
    await do(alice, chats, ["READ_MARKER", {1: "USER", 2: "#lobby", 3: got["1000"][0], 4: "carol"}])
    await alice.has_read(portal, CAROL, said)
    await do(alice, chats, ["CONV_MESSAGE", {1: "USER", 2: "#lobby", 3: "two", 4: "carol", 1000: "n2"}])
    two = await alice.message(portal, "^two$", CAROL)
    await alice.read(portal, two["event_id"])
    await witnessed(alice, chats["witness"], "READ_MARKER", lambda f: f["2"] == ["#lobby"] and f["3"] == ["n2"], mark)


async def scenario_presence_goes_both_ways(world):
    """A contact's, as the homeserver tells it to her client; and hers, as the network is told."""
    synapse, _, alice, _, chats = await with_events(world, "bob")
    for status, presence, text in ((1, "unavailable", "at lunch"), (0, "online", "at work"), (5, "offline", "at home")):
        await do(alice, chats, ["BUDDY_CHANGED", {1: "USER", 2: "bob", 3: "Bob", 5: status, 6: text, 8: False}])
        await wait_until(lambda: (ghost("bob"), presence, text) in alice.presences,  # noqa: B023 - ends in this turn
                         f"bob to be {presence} at alice's client", 30)

    async def told():
        """All statuses that the network was told, without a client of hers that would be there to look."""
        answer = await alice.call("GET", f"/_matrix/client/v3/rooms/{quote(chats['witness'])}/messages?dir=b&limit=100")
        witnessed_so_far = [json.loads(event["content"]["body"]) for event in reversed(answer["chunk"])
                            if event["sender"] == ghost("witness") and event["type"] == "m.room.message"]
        return [(fields["3"][0], fields.get("4", [""])[0]) for kind, fields in witnessed_so_far if kind == "STATUS_CHANGED"]

    async def is_told(status, text):
        await wait_answer(told, lambda all_of_them: all_of_them and all_of_them[-1] == (status, text),
                          f"the network to be told {status} {text!r}")
    path = f"/_matrix/client/v3/presence/{alice.id}/status"
    # Each sync of a client's makes it "online" again; without one it is what it says.
    await alice.stop_syncing()
    await alice.call("PUT", path, {"presence": "offline", "status_msg": "in bed"})
    await is_told(1, "in bed")
    await alice.call("PUT", path, {"presence": "online", "status_msg": "up again"})
    await is_told(0, "up again")


async def scenario_presence_lasts(world):
    """A homeserver takes who has no client for gone after a time; a contact is there for as long as somebody sees it."""
    synapse = world.synapse_or_skip()
    synapse.more["presence"] = {"enabled": True, "sync_online_timeout": "4s"}
    _, gateway, alice, bot, chats = await with_events(world, "bob", "carol", synapse=synapse,
                                                      **{"matrix.presence_interval": 1})
    eve = await synapse.register("eve")

    async def presence(who, token=None):
        path = f"/_matrix/client/v3/presence/{quote(who)}/status"
        return (await synapse.call("GET", path, token=token) if token else await alice.call("GET", path))["presence"]

    async def becomes(name, wanted):
        await wait_answer(lambda: presence(ghost(name)), lambda answer: answer == wanted, f"{name} to be {wanted}")

    async def shows(name, status):
        await do(alice, chats, ["BUDDY_CHANGED", {1: "USER", 2: name, 3: name.title(), 5: status, 8: False}])
        await becomes(name, "online" if status == 0 else "unavailable")
    await shows("bob", 0)
    await shows("carol", 1)
    # Somebody without a client who came later is gone.
    await synapse.call("PUT", f"/_matrix/client/v3/presence/{quote(eve['user_id'])}/status", {"presence": "online"},
                       eve["access_token"])
    await wait_answer(lambda: presence(eve["user_id"], eve["access_token"]), lambda answer: answer == "offline",
                      "the homeserver to take eve for gone", 60)
    await becomes("bob", "online")
    await becomes("carol", "unavailable")
    # Who is removed, or whose person has logged out, is not there.
    await do(alice, chats, ["BUDDY_REMOVED", {1: "USER", 2: "bob"}])
    await becomes("bob", "offline")
    await becomes("carol", "unavailable")
    await ask(alice, bot, "logout", "You are logged out")
    await becomes("carol", "offline")


# ------------------------------------------------------------------------------------------------------------- messages


async def scenario_whom_the_network_means(world):
    """A nickname in a text is a mention of whoever has it, and of nobody else."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    for line, meant in (("alice: hello", [alice.id]), ("hello ALICE, and bob!", sorted([alice.id, bob.id])),
                        ("malice, alice_ and alice-2", None), ("hello", None)):
        mark = alice.mark()
        carol.send(f"PRIVMSG #lobby :{line}")
        event = await alice.message(portal, f"^{re.escape(line)}$", CAROL, mark)
        mentions = event["content"]["m.mentions"]
        require(sorted(mentions.get("user_ids", [])) == (meant or []), f"{line!r} means {mentions}")


async def scenario_places_and_polls(world):
    lobby = await in_the_lobby(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    irc_mark = carol.mark()
    await alice.send(portal, "m.room.message", {"msgtype": "m.location", "body": "the pub", "geo_uri": "geo:48.2,16.4;u=5"})
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :the pub geo:48\.2,16\.4;u=5$", irc_mark)
    # And back.
    for line in ("geo:48.2,16.4", "the pub geo:48.2,16.4;u=5"):
        carol.send(f"PRIVMSG #lobby :{line}")
        content = (await alice.message(portal, f"^{re.escape(line)}$", CAROL))["content"]
        require(content["msgtype"] == "m.location" and content["geo_uri"] == line.split()[-1], f"{line} comes as {content}")
    await alice.send(portal, "m.poll.start", {"m.poll": {
        "question": {"m.text": [{"body": "Lunch?"}]}, "kind": "m.disclosed", "max_selections": 1,
        "answers": [{"m.id": "1", "m.text": [{"body": "pizza"}]}, {"m.id": "2", "m.text": [{"body": "soup"}]}]}})
    for line in ("Lunch\\?", "1\\. pizza", "2\\. soup"):
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :{line}$", irc_mark)


def poll(question, *answers, kind="m.disclosed", most=1):
    return {"m.poll": {"question": {"m.text": [{"body": question}]}, "kind": kind, "max_selections": most,
                       "answers": [{"m.id": text[0], "m.text": [{"body": text}]} for text in answers]}}


def about(event, **content):
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": event}, **content}


async def scenario_votes(world):
    """Who votes for what, and the result, as text; also after a restart, and in a poll from before the bridge came."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal, gateway = lobby.people, lobby.carol, lobby.portal, lobby.gateway
    irc_mark = carol.mark()

    async def hears(who, *lines):
        for line in lines:
            await carol.expect(rf"^:{who}!\S+ PRIVMSG #lobby :{re.escape(line)}$", irc_mark)

    async def vote(person, in_poll, *answers):
        await person.send(portal, "m.poll.response", about(in_poll, **{"m.selections": list(answers)}))
    lunch = await alice.send(portal, "m.poll.start", poll("Lunch?", "pizza", "soup", "nothing", most=2))
    await hears("alice", "Lunch?", "1. pizza", "2. soup", "3. nothing")
    await vote(bob, lunch, "p", "unheard of", "s", "n")
    await hears("bob", '(votes in "Lunch?": pizza, soup)')
    await vote(alice, lunch, "n")
    await hears("alice", '(votes in "Lunch?": nothing)')
    await vote(bob, lunch, "s")
    await hears("bob", '(votes in "Lunch?": soup)')
    await vote(alice, lunch)
    await hears("alice", '(takes back the vote in "Lunch?")')
    # In the form of older clients, and after a restart.
    await gateway.stop()
    await alice.send(portal, "org.matrix.msc3381.poll.response",
                     about(lunch, **{"org.matrix.msc3381.poll.response": {"answers": ["p"]}}))
    await gateway.start()
    await hears("alice", '(votes in "Lunch?": pizza)')
    # Somebody who may not end it learns how it is.
    await bob.send(portal, "m.poll.end", about(lunch, **{"m.text": [{"body": "over"}]}))
    await hears("bob", 'Votes in "Lunch?" until now:', "pizza: 1 (alice)", "soup: 1 (bob)", "nothing: 0")
    await alice.send(portal, "m.poll.end", about(lunch, **{"m.text": [{"body": "over"}]}))
    await hears("alice", 'The poll "Lunch?" is over:', "pizza: 1 (alice)", "soup: 1 (bob)", "nothing: 0")
    irc_mark = carol.mark()
    await vote(bob, lunch, "p")
    # A secret one is told at its end.
    secret = await bob.send(portal, "m.poll.start", poll("Who?", "alice", "bob", kind="m.undisclosed"))
    await vote(alice, secret, "b")
    await hears("alice", '(has voted in "Who?")')
    # Synapse passes on whoever ends it.
    await alice.send(portal, "m.poll.end", about(secret, **{"m.text": [{"body": "over"}]}))
    await hears("alice", '(says that the poll "Who?" is over)')
    await bob.send(portal, "m.poll.end", about(secret, **{"m.text": [{"body": "over"}]}))
    await hears("bob", 'The poll "Who?" is over:', "alice: 0", "bob: 1 (alice)")
    # One that nobody here has seen: what the vote is about is not known.
    unknown = await alice.say(portal, "no poll")
    await vote(alice, unknown, "p")
    await hears("alice", "(votes in a poll that is not known here)")
    await bob.send(portal, "m.poll.end", about(unknown, **{"m.text": [{"body": "Pizza it is"}]}))
    await hears("bob", "Pizza it is")
    require(not carol.find("Lunch", irc_mark), "a vote after the end counts")


async def scenario_each_kind_of_message(world):
    """What Matrix can say, as it is read on IRC and by an XMPP client; and what that client can say, read on Matrix. The two
    meet on IRC: what that has no words for is said in words, and nothing is dropped."""
    port = free_port()
    alice, portal, bob, room, carol = await beside_xmpp(world, **{"media.port": port,
                                                                  "media.public_url": f"http://127.0.0.1:{port}"})
    await alice.wait_members(portal, {alice.id, ghost("bob"), CAROL, BOT})

    async def heard(wanted, after, emote=False):
        """By both. What IRC got."""
        irc = f"\x01ACTION {wanted}\x01" if emote else wanted
        line = await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :({irc})$", after[0])
        await bob.message(f"{room}/alice", f"^{'/me ' if emote else ''}{wanted}$", "groupchat", after[1])
        return line[1]

    async def says(wanted, doing, **how):
        after = carol.mark(), bob.mark()
        event = await doing
        await heard(wanted, after, **how)
        return event
    text = await says("a text", alice.say(portal, "a text"))
    await says("a notice", alice.say(portal, "a notice", kind="m.notice"))
    await says("waves", alice.say(portal, "waves", kind="m.emote"), emote=True)
    await says("see .*bold.* words", alice.say(portal, "see bold words", "see <b>bold</b> words"))
    await says("carol: hello", alice.say(portal, "Carol: hello", f"<a href='https://matrix.to/#/{CAROL}'>Carol</a>: hello"))
    await says("a reply", alice.reply(portal, text, "a reply"))
    await says("in a thread", alice.reply_in_thread(portal, text, "in a thread"))
    await says(r"\* a better text", alice.edit(portal, text, "a better text"))
    await says(".*\U0001f44d.*", alice.react(portal, text, "\U0001f44d"))
    await says(r"\(takes back: .*", alice.redact(portal, text))
    await says(r"the pub geo:48\.2,16\.4", alice.send(portal, "m.room.message", {
        "msgtype": "m.location", "body": "the pub", "geo_uri": "geo:48.2,16.4"}))
    lunch = await says("2\\. soup", alice.send(portal, "m.poll.start", poll("Lunch?", "pizza", "soup")))
    await says(r'\(votes in "Lunch\?": soup\)', alice.send(portal, "m.poll.response", about(lunch, **{"m.selections": ["s"]})))
    url = await alice.upload(PHOTO, "image/png", "cat.png")
    after = carol.mark(), bob.mark()
    await alice.send(portal, "m.sticker", {"body": "a cat", "url": url, "info": {"mimetype": "image/png"}})
    sticker = await heard(r"a cat http://127\.0\.0\.1:\S+", after)
    require((await asyncio.to_thread(fetch, sticker.split()[-1]))[0] == PHOTO, "the sticker is another one")
    for kind, mime, name in (("m.image", "image/png", "p.png"), ("m.audio", "audio/ogg", "a.ogg"), ("m.video", "video/mp4", "v.mp4"),
                             ("m.file", "application/pdf", "f.pdf")):
        after = carol.mark(), bob.mark()
        await alice.send_file(portal, PHOTO + name.encode(), mime, name, kind, caption=f"my {kind}")
        link = (await heard(rf"my {kind} http://127\.0\.0\.1:\S+/{name}\?\S+", after)).split()[-1]
        require((await asyncio.to_thread(fetch, link))[0] == PHOTO + name.encode(), f"{link} is another one")
    # The other way.
    bobs = ghost("bob")

    async def sends(wanted, kind="m.text", payload="", body=None, identity="x"):
        mark = alice.mark()
        message = bob.make_message(mto=room, mbody=body or wanted, mtype="groupchat")
        message["id"] = identity
        for inner in ET.fromstring(f"<x>{payload}</x>"):
            message.xml.append(inner)
        message.send()
        content = (await alice.message(portal, f"^{wanted}$", bobs, mark))["content"]
        require(content["msgtype"] == kind, f"{wanted} comes as {content}")
        return content
    await sends("his text", identity="one")
    await sends("nods", "m.emote", body="/me nods")
    content = await sends("his bold word", payload="<html xmlns='http://jabber.org/protocol/xhtml-im'>"
                          "<body xmlns='http://www.w3.org/1999/xhtml'>his <strong>bold</strong> word</body></html>")
    require("bold</" in content.get("formatted_body", ""), f"his markup is {content}")
    await sends(r"\* his better text", body="his better text", payload="<replace id='one' xmlns='urn:xmpp:message-correct:0'/>")
    await sends("his reply", payload="<reply to='#lobby@irc.localhost/alice' id='two' xmlns='urn:xmpp:reply:0'/>")
    await sends("\U0001f44d", payload="<reactions id='one' xmlns='urn:xmpp:reactions:0'><reaction>\U0001f44d</reaction></reactions>")
    await sends("geo:48.2,16.4", "m.location")
    await sends("https://example.org/cat.png", payload="<x xmlns='jabber:x:oob'><url>https://example.org/cat.png</url></x>")


async def scenario_contacts_by_command(world):
    """Requests are told with what to answer, and the answer reaches the network; contacts are added and taken away."""
    _, _, alice, bot, chats = await with_events(world, program="events")
    mark = alice.mark()

    async def witness(name, contact):
        await alice.message(chats["witness"], rf'^\["{name}", .*"2": \["{contact}"\]', ghost("witness"), mark)
    await do(alice, chats, ["AUTH_REQUEST", {1: "USER", 2: "eve", 3: "Eve"}], ["AUTH_REQUEST", {1: "USER", 2: "mallory"}])
    await alice.message(bot, "^eve asks to see when you are there. Say: accept eve, or: refuse eve$", BOT, mark)
    await alice.message(bot, "^mallory asks", BOT, mark)
    await ask(alice, bot, "accept eve", "^eve may see when you are there")
    await witness("BUDDY_CHANGED", "eve")
    await ask(alice, bot, "refuse mallory", "^mallory is refused")
    await witness("BUDDY_REMOVED", "mallory")
    await ask(alice, bot, "refuse mallory", "^mallory has not asked for anything")
    await ask(alice, bot, "add dave", "^dave is among your contacts")
    await witness("BUDDY_CHANGED", "dave")
    contacts = (await ask(alice, bot, "contacts", "^Your contacts:"))["content"]["body"].splitlines()
    require({"eve", "dave"} < {line.split(" ")[0].rstrip(":") for line in contacts}, f"{contacts}")
    await ask(alice, bot, "remove dave", "^dave is not among your contacts any more")


async def scenario_a_room_is_created(world):
    """By command: with a name, and on the network when she enters; who has no account is told so."""
    lobby = await in_the_lobby(world, "alice")
    alice, bot, carol = lobby.people[0], lobby.bots[0], lobby.carol
    eve = await world.matrix_person(lobby.synapse, "eve")
    await ask(eve, await chat_with(eve, BOT), "create #eve", "you need an account")
    await ask(alice, bot, "create", "create needs the name")
    irc_mark, mark = carol.mark(), alice.mark()
    await ask(alice, bot, "create #new A new room", "^I have made a room for #new and invited you")
    room = await alice.join(await alice.invited(BOT, mark))
    require((await alice.state(room, "m.room.name"))["name"] == "A new room", "it is called otherwise")
    await wait_answer(lambda: carol_sees_channel(carol, "#new"), bool, "the room to be there on the network")
    await carol.join("#new")
    await alice.say(room, "welcome")
    await carol.expect(r"^:alice!\S+ PRIVMSG #new :welcome$", irc_mark)
    # Once it is there that is what is said.
    await ask(alice, bot, "create #new Another name", "^You are in the room of #new already")
    require((await alice.state(room, "m.room.name"))["name"] == "A new room", "it was renamed")


async def scenario_a_room_with_a_password(world):
    """It is given with join, taken out of the room and sealed; the portal's listener enters with it again after a restart."""
    lobby = await in_the_lobby(world, "alice")
    alice, bot, carol, gateway = lobby.people[0], lobby.bots[0], lobby.carol, lobby.gateway
    await carol.join("#key")
    carol.send("MODE #key +k sesame")
    await carol.expect(r" MODE #key \+k sesame")
    mark = alice.mark()
    await ask(alice, bot, "join #key", "^I have invited you to #key")
    portal = await alice.join(await alice.invited(BOT, mark))
    await alice.message(bot, "^You are not in #key", BOT, mark)
    irc_mark, mark = carol.mark(), alice.mark()
    said = await alice.say(bot, "join #key allie sesame")
    await carol.expect(r"^:\S+ JOIN :?#key$", irc_mark)
    await alice.event(bot, "m.room.redaction", where=redacts(said))
    await alice.say(portal, "here I am")
    await carol.expect(r"^:\S+ PRIVMSG #key :here I am$", irc_mark)
    # Whatever of us ends comes back.
    await gateway.stop()
    nowhere_in(gateway.folder, "sesame")
    irc_mark = carol.mark()
    await gateway.start()
    await carol.expect(r"^:\S+ JOIN :?#key$", irc_mark)
    await alice.say(portal, "again")
    await carol.expect(r"^:\S+ PRIVMSG #key :again$", irc_mark)


async def scenario_what_is_missing_is_asked_for(world):
    """Step by step; and what may have a password in it does not stay, after a slip or in an edit either."""
    lobby = await in_the_lobby(world)
    eve = await world.matrix_person(lobby.synapse, "eve")
    bot = await chat_with(eve, BOT)
    await ask(eve, bot, "register", "^User name on the network[?]")
    await ask(eve, bot, "cancel", "^It is given up")
    await ask(eve, bot, "register", "^User name on the network[?]")
    await ask(eve, bot, "eve", "^You are registered")
    await is_on_irc(lobby.carol, "eve")
    slip = await eve.say(bot, "registr eve hunter2")
    await eve.event(bot, "m.room.redaction", where=redacts(slip))
    first = await eve.say(bot, "status")
    await eve.message(bot, "^eve: connected", BOT)
    mark = eve.mark()
    await eve.edit(bot, first, "register eve hunter2")
    await eve.message(bot, "^I do not read what is changed afterwards", BOT, mark)
    await eve.event(bot, "m.room.redaction", where=redacts(first))
    # A name that asks for nothing is left where it is.
    await ask(eve, bot, "join", "^Room[?]")
    await ask(eve, bot, "#lobby", "^I have invited you to #lobby")


async def carol_sees_channel(carol, channel):
    mark = carol.mark()
    carol.send(f"LIST {channel}")
    await carol.expect(r" 323 ", mark)
    return carol.find_all(rf" 322 \S+ {channel} ", mark)


async def scenario_what_is_too_long(world):
    """For the network it becomes its beginning and a link to the whole."""
    port = free_port()
    lobby = await in_the_lobby(world, "alice", **{"irc.lines_max": "10", "media.port": port,
                                                  "media.public_url": f"http://127.0.0.1:{port}"})
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    text = "\n".join(f"line {number} of \u00fc" for number in range(200))
    irc_mark = carol.mark()
    await alice.say(portal, text)
    link = (await carol.expect("^:alice!\\S+ PRIVMSG #lobby :line 0 of \u00fc\u2026 (http\\S+)$", irc_mark))[1]
    status, head, content = await http_ask("GET", link)
    require(status == 200 and content.decode() == text and "text/plain; charset=utf-8" in head, f"{head}")
    require(len(heard_on_irc(carol, irc_mark)) == 1, "more than the link is said")


async def scenario_what_is_too_long_for_an_event(world):
    """An edit has its text twice: it is split, and nothing of it is lost."""
    _, _, alice, _, chats = await with_events(world)
    words = " ".join(f"word{number}" for number in range(4500))
    await do(alice, chats, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "short", 1000: "n1"}])
    bob = await alice.join(await alice.invited(ghost("bob")))
    short = await alice.message(bob, "^short$", ghost("bob"))
    mark = alice.mark()
    await do(alice, chats, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: words, 1000: "n2", 1003: "n1"}],
             ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "the end"}])
    await alice.message(bob, "^the end$", ghost("bob"), mark)
    first, *others, _ = alice.messages(bob, None, ghost("bob"), mark)
    require(first["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": short["event_id"]}, f"{first}")
    require(others and not any("m.relates_to" in event["content"] for event in others), f"{others}")
    said = first["content"]["m.new_content"]["body"] + "".join(event["content"]["body"] for event in others)
    require(said == words, f"it came as {len(said)} of {len(words)} bytes")
