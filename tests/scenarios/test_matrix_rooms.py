# SPDX-License-Identifier: MIT
"""
Rooms of the Matrix frontend, on a real Synapse with ngircd behind it: who may do what in them, how they hang together, and
how they begin and end. docs/matrix.md says what is promised.
"""
import asyncio
import json
import re
from types import SimpleNamespace
from urllib.parse import quote

from harness.process import require, wait_answer, wait_until
from harness.synapse import Answer, registration_value, request
from test_matrix import (BOT, CAROL, PACKAGES, PHOTO, alias, appservice_with, ask, chat_with, enter, fetch,  # noqa: F401
                         ghost, in_the_lobby, redacts, settled, until_answer, with_account, witnessed)

V3 = "/_matrix/client/v3"


def room_path(room, rest):
    return f"{V3}/rooms/{quote(room, safe='')}/{rest}"


async def levels_of(person, room):
    return await person.state(room, "m.room.power_levels")


async def has_level(person, room, who, level):
    """Waits until that is so; None: as everybody."""
    def good(content):
        return content.get("users", {}).get(who) == level
    return await person.wait_state(room, "m.room.power_levels", good)


async def set_level(person, room, who, level):
    content = await levels_of(person, room)
    content["users"][who] = level
    if level is None:
        del content["users"][who]
    await person.set_state(room, "m.room.power_levels", content)


async def make_admin(lobby, person, room):
    """The homeserver's administrator gives the room to somebody."""
    admin = await lobby.synapse.register("boss", admin=True)
    await lobby.synapse.call("POST", f"/_synapse/admin/v1/rooms/{quote(room, safe='')}/make_room_admin", {"user_id": person.id},
                             admin["access_token"])
    await has_level(person, room, person.id, 100)


async def in_an_own_channel(world, *names):
    """The same as in_the_lobby, in a channel where carol is the operator, with dave beside her."""
    lobby = await in_the_lobby(world, *names)
    await lobby.carol.join("#own")
    for person in lobby.people:
        lobby.portal = await enter(person, lobby.carol, "#own")
    lobby.dave = await world.irc_client(lobby.ircd, "dave")
    await lobby.dave.join("#own")
    await lobby.people[0].member(lobby.portal, ghost("dave"))
    return lobby


# ------------------------------------------------------------------------------------------------- who may do what


async def scenario_roles_are_power_levels(world):
    """What the network says somebody is, as the level of the ghost; of people in a portal of ours as well."""
    lobby = await in_an_own_channel(world, "alice", "bob")
    (alice, bob), carol, portal = lobby.people, lobby.carol, lobby.portal
    await has_level(alice, portal, CAROL, 50)
    for mode, who, level in (("+v", "dave", 10), ("-v", "dave", None), ("+o", "alice", 50), ("-o", "alice", None),
                             ("+v", "alice", 10)):
        carol.send(f"MODE #own {mode} {who}")
        await has_level(alice, portal, ghost(who) if who == "dave" else alice.id, level)
    # Whoever was given more by people keeps it, whatever becomes of him on the network.
    await make_admin(lobby, bob, portal)
    for mode in ("+o", "-o"):
        carol.send(f"MODE #own {mode} bob")
    carol.send("MODE #own +v dave")
    await has_level(alice, portal, ghost("dave"), 10)
    require((await levels_of(alice, portal))["users"][bob.id] == 100, "what bob was given is taken from him")
    # And whoever has gone has none.
    lobby.dave.send("PART #own")
    await has_level(alice, portal, ghost("dave"), None)


async def scenario_many_roles_are_few_events(world):
    lobby = await in_an_own_channel(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    crowd = [await world.irc_client(lobby.ircd, f"guest{number}") for number in range(12)]
    for guest in crowd:
        await guest.join("#own")
    await alice.wait_members(portal, lambda ids: all(ghost(guest.nick) in ids for guest in crowd))
    await has_level(alice, portal, CAROL, 50)
    mark = alice.mark()
    for sign in "+-+":
        for guest in crowd:
            carol.send(f"MODE #own {sign}v {guest.nick}")

    def all_have(content):
        return all(content["users"].get(ghost(guest.nick)) == 10 for guest in crowd)
    await carol.expect(rf"MODE #own \+v {crowd[-1].nick}")
    await alice.wait_state(portal, "m.room.power_levels", all_have)
    changes = alice.find(portal, "m.room.power_levels", BOT, after=mark)
    require(len(changes) <= 6, f"{3 * len(crowd)} changes of roles are {len(changes)} events")


async def scenario_a_moderator_moderates(world):
    """Kicks, bans and levels of a Matrix moderator happen on the network."""
    lobby = await in_an_own_channel(world, "alice", "bob")
    (alice, bob), carol, dave, portal = lobby.people, lobby.carol, lobby.dave, lobby.portal
    carol.send("MODE #own +o alice")
    await has_level(alice, portal, alice.id, 50)
    irc_mark = carol.mark()
    await set_level(alice, portal, ghost("dave"), 10)
    await carol.expect(r"^:alice!\S+ MODE #own \+v dave", irc_mark)
    await set_level(alice, portal, ghost("dave"), None)
    await carol.expect(r"^:alice!\S+ MODE #own -v dave", irc_mark)
    # Also somebody of the homeserver, who has an account.
    await set_level(alice, portal, bob.id, 10)
    await carol.expect(r"^:alice!\S+ MODE #own \+v bob", irc_mark)
    await alice.kick(portal, ghost("dave"), "too loud")
    await carol.expect(r"^:alice!\S+ KICK #own dave :too loud$", irc_mark)
    mark = alice.mark()
    await dave.join("#own")
    await alice.member(portal, ghost("dave"), after=mark)
    await alice.call("POST", room_path(portal, "ban"), {"user_id": ghost("dave"), "reason": "enough"})
    await carol.expect(r"^:alice!\S+ MODE #own \+b \*!\*@\S+", irc_mark)
    await carol.expect(r"^:alice!\S+ KICK #own dave :enough$", irc_mark)
    dave_mark = dave.mark()
    dave.send("JOIN #own")
    await dave.expect(r" 474 dave #own ", dave_mark)
    await alice.call("POST", room_path(portal, "unban"), {"user_id": ghost("dave")})
    await carol.expect(r"^:alice!\S+ MODE #own -b \*!\*@\S+", irc_mark)
    mark = alice.mark()
    await dave.join("#own")
    await alice.member(portal, ghost("dave"), after=mark)
    dave.send("PRIVMSG #own :thank you")
    await alice.message(portal, "^thank you$", ghost("dave"))
    # Somebody who has never been there.
    await alice.call("POST", room_path(portal, "ban"), {"user_id": ghost("mallory")})
    await carol.expect(r"^:alice!\S+ MODE #own \+b mallory!\*@\*$", irc_mark)
    mallory = await world.irc_client(lobby.ircd, "mallory")
    mallory.send("JOIN #own")
    await mallory.expect(r" 474 mallory #own ")
    await alice.call("POST", room_path(portal, "unban"), {"user_id": ghost("mallory")})
    await carol.expect(r"^:alice!\S+ MODE #own -b mallory!\*@\*$", irc_mark)
    mark = alice.mark()
    await mallory.join("#own")
    await alice.member(portal, ghost("mallory"), after=mark)


async def scenario_moderation_that_is_refused(world):
    """A Matrix moderator who is nobody on the network: he is told so, and the portal shows what is."""
    lobby = await in_an_own_channel(world, "alice")
    alice, dave, portal = lobby.people[0], lobby.dave, lobby.portal
    eve = await world.matrix_person(lobby.synapse, "eve")
    await eve.join(portal)
    await make_admin(lobby, alice, portal)
    mark = alice.mark()
    await alice.kick(portal, ghost("dave"), "out")
    await alice.message(portal, "On the network dave is not put out: Your privileges", BOT, mark)
    await alice.member(portal, ghost("dave"), after=mark)
    mark = alice.mark()
    await alice.call("POST", room_path(portal, "ban"), {"user_id": ghost("dave")})
    await alice.message(portal, "On the network dave is not banned: You are not channel operator", BOT, mark)
    await alice.member(portal, ghost("dave"), after=mark)
    await has_level(alice, portal, CAROL, 50)
    mark = alice.mark()
    await set_level(alice, portal, ghost("dave"), 50)
    await alice.message(portal, "On the network dave is not given another role: ", BOT, mark)
    await has_level(alice, portal, ghost("dave"), None)
    # Without an account.
    await set_level(alice, portal, eve.id, 60)
    mark = eve.mark()
    await eve.kick(portal, ghost("dave"))
    await eve.message(portal, "On the network dave is not put out: you have no account", BOT, mark)
    await eve.member(portal, ghost("dave"), after=mark)
    dave.send("PRIVMSG #own :still here")
    await alice.message(portal, "^still here$", ghost("dave"))


async def scenario_rooms_of_their_own(world):
    """In a plumbed room people own what they own: it is not touched, and a ghost that is put out stays out."""
    lobby = await in_an_own_channel(world, "alice")
    alice, carol, dave = lobby.people[0], lobby.carol, lobby.dave
    room = await alice.create_room([BOT], name="Our hall", version="10")
    await alice.member(room, BOT)
    carol.send("MODE #own +o alice")
    await ask(alice, room, "plumb #own", ".")
    await alice.wait_members(room, lambda ids: ghost("dave") in ids)
    # The bot may not change levels there, and then it may.
    require(CAROL not in (await levels_of(alice, room))["users"], "the bot has changed what it may not")
    await set_level(alice, room, BOT, 100)
    carol.send("MODE #own +v dave")
    await has_level(alice, room, ghost("dave"), 10)
    users = (await levels_of(alice, room))["users"]
    require(users == {alice.id: 100, BOT: 100, CAROL: 50, ghost("dave"): 10}, f"{users}")
    carol.send("MODE #own -o alice")
    await lobby.people[0].wait_state(lobby.portal, "m.room.power_levels", lambda content: alice.id not in content["users"])
    require((await levels_of(alice, room))["users"][alice.id] == 100, "the owner has lost her room")
    mark = alice.mark()
    await alice.call("POST", room_path(room, "ban"), {"user_id": ghost("dave")})
    await alice.message(room, "On the network dave is not banned: .*here it holds", BOT, mark)
    dave.send("PRIVMSG #own :hear me")
    await alice.message(lobby.portal, "^hear me$", ghost("dave"))
    require(ghost("dave") not in await alice.members(room), "he is back in a room that he is banned from")


async def scenario_kicks_and_bans_of_the_network(world):
    """They are shown with their reasons, of ghosts and of our people."""
    lobby = await in_an_own_channel(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    mark = alice.mark()
    carol.send("KICK #own dave :too loud")
    gone = await alice.member(portal, ghost("dave"), "leave", mark)
    require("too loud" in gone["content"].get("reason", ""), f"he leaves as {gone}")
    # With a ban, which a Matrix moderator takes back, by its mask as it means others as well; and one that the network does.
    carol.send("MODE #own +o alice")
    await has_level(alice, portal, alice.id, 50)
    for forgiven_here in (True, False):
        mark, irc_mark = alice.mark(), carol.mark()
        await lobby.dave.join("#own")
        await alice.member(portal, ghost("dave"), after=mark)
        carol.send("MODE #own +b D?VE!*@*")
        carol.send("KICK #own dave :never again")
        gone = await alice.member(portal, ghost("dave"), "ban", mark)
        require("never again" in gone["content"].get("reason", ""), f"he is banned as {gone}")
        if forgiven_here:
            mark = alice.mark()
            await alice.call("POST", room_path(portal, "unban"), {"user_id": ghost("dave")})
            said = await alice.message(portal, "^On the network dave is not allowed to come back: dave is banned by ", BOT, mark)
            line = re.search(r"room-unban #own (\S+)", said["content"]["body"])
            bans = await ask(alice, lobby.bots[0], "room-bans #own", "^Banned from #own:")
            require(f"\n{line[1]} (dave)" in bans["content"]["body"], f"banned are {bans['content']['body']}")
            await ask(alice, lobby.bots[0], line[0], "is to take the ban of")
            await carol.expect(r"^:alice!\S+ MODE #own -b [Dd]\?[Vv][Ee]!\*@\*$", irc_mark)
            await ask(alice, lobby.bots[0], "room-bans #own", "^Nobody is banned from #own")
        else:
            carol.send("MODE #own -b D?VE!*@*")
            await carol.expect(r"^:carol!\S+ MODE #own -b [Dd]\?[Vv][Ee]!\*@\*$", irc_mark)
    mark = alice.mark()
    await lobby.dave.join("#own")
    await alice.member(portal, ghost("dave"), after=mark)
    lobby.dave.send("PRIVMSG #own :thank you both")
    await alice.message(portal, "^thank you both$", ghost("dave"))
    carol.send("MODE #own +b alice!*@*")
    mark = alice.mark()
    carol.send("KICK #own alice :and stay out")
    gone = await alice.member(portal, alice.id, "leave", mark)
    require(gone["sender"] != alice.id and "and stay out" in gone["content"].get("reason", ""), f"she is thrown out as {gone}")
    # She tries again, and learns why not.
    await alice.join(alias("#own"))
    await alice.event(portal, "m.room.member", BOT, lambda e: "#own: " in e["content"].get("reason", ""))
    carol.send("MODE #own -b alice!*@*")
    require(await enter(alice, carol, "#own") == portal, "there is another portal")


# --------------------------------------------------------------------------------------------------------- spaces


async def in_the_space(person, space, *rooms):
    """Waits until these and no others are in it."""
    async def children():
        state = await person.call("GET", room_path(space, "state"))
        return {event["state_key"] for event in state if event["type"] == "m.space.child" and event["content"].get("via")}
    await wait_answer(children, lambda found: found == set(rooms), f"{len(rooms)} rooms to be in {space}")


async def space_of(person, after=(0, 0, 0)):
    """The space that the bot invites to: among its other invitations."""
    async def find():
        for room, sender in person.invites[after[2]:]:
            if sender == BOT:
                await person.join(room)
                if (await person.state(room, "m.room.create")).get("type") == "m.space":
                    return room
        return None
    return await wait_answer(find, bool, "an invitation to a space")


async def scenario_spaces(world):
    """One for each person, with his chats and portals; over a restart the same."""
    lobby = await in_the_lobby(world, "alice", "bob", **{"matrix.spaces": "1", "matrix.network": "The old net"})
    (alice, bob), carol, gateway = lobby.people, lobby.carol, lobby.gateway
    space, other = await space_of(alice), await space_of(bob)
    require(space != other, "they share a space")
    require((await alice.state(space, "m.room.name"))["name"] == "The old net", "the space has another name")
    await in_the_space(alice, space, lobby.portal)
    chat = await chat_with(alice, CAROL)
    await in_the_space(alice, space, lobby.portal, chat)
    await alice.wait_state(chat, "m.space.parent", lambda content: content.get("via"), space)
    # A contact writes first.
    dave = await world.irc_client(lobby.ircd, "dave")
    mark = alice.mark()
    dave.send("PRIVMSG alice :hello")
    second = await alice.join(await alice.invited(ghost("dave"), mark))
    await in_the_space(alice, space, lobby.portal, chat, second)
    await in_the_space(bob, other, lobby.portal)
    # What is left is taken out, also after a restart; and there is no second space.
    await gateway.stop()
    await gateway.start()
    mark = alice.mark()
    await alice.leave(chat)
    await in_the_space(alice, space, lobby.portal, second)
    await alice.leave(lobby.portal)
    await in_the_space(alice, space, second)
    await enter(alice, carol)
    await in_the_space(alice, space, lobby.portal, second)
    # Who has left it may come back.
    require(space not in [room for room, _ in alice.invites[mark[2]:]], "she is invited again")
    await alice.leave(space)
    mark = alice.mark()
    await ask(alice, lobby.bots[0], "space", "I have invited you")
    require(await alice.join(await alice.invited(BOT, mark)) == space, "there is another space")
    await in_the_space(alice, space, lobby.portal, second)


async def scenario_no_spaces(world):
    lobby = await in_the_lobby(world, "alice", **{"matrix.spaces": "0"})
    alice = lobby.people[0]
    await chat_with(alice, CAROL)
    await ask(alice, lobby.bots[0], "space", "There are no spaces here")
    require(not alice.invites, f"she is invited: {alice.invites}")


# ---------------------------------------------------------------------------------------------- chats with everybody


CONTACTS = 25


async def scenario_a_chat_with_each_contact(world):
    """After the login, one after the other: whoever talks meanwhile does not wait for it. What was left stays away."""
    synapse, gateway = await appservice_with(world, "events", **{"matrix.open_chats": "1"})
    alice, bot = await with_account(world, synapse, "alice")
    control = await chat_with(alice, ghost("control"))

    def friends():
        return [who for _, who in alice.invites if who.startswith(ghost("friend").split(":")[0])]

    await alice.say(control, json.dumps([["BUDDY_CHANGED", {1: "USER", 2: f"friend{number}", 3: f"Friend {number}", 5: 0,
                                                            8: False}] for number in range(CONTACTS)]))
    await wait_until(friends, "the first of them to invite her")
    await ask(alice, bot, "status", "^alice: connected", timeout=3.0)
    require(len(friends()) < CONTACTS, "she waits until all have come")
    await wait_until(lambda: len(set(friends())) == CONTACTS, "all of them to invite her", 60.0)
    require(len(friends()) == CONTACTS, "somebody invites her twice")
    # One is left, and all are known after a restart.
    gone = await alice.join(await alice.invited(ghost("friend3")))
    await alice.leave(gone)
    mark = alice.mark()
    await until_answer(alice, bot, "status", "^alice: connected")
    await gateway.stop()
    await gateway.start()
    await until_answer(alice, bot, "status", "^alice: connected")
    await alice.say(control, json.dumps([["BUDDY_CHANGED", {1: "USER", 2: name, 3: name, 5: 0, 8: False}]
                                         for name in ("friend3", "friend4", "newcomer")]))
    await alice.invited(ghost("newcomer"), mark)
    await ask(alice, bot, "status", "^alice: connected")
    asked = [who for _, who in alice.invites[mark[2]:]]
    require(asked == [ghost("newcomer")], f"she is invited by {asked}")


# ------------------------------------------------------------------------------------------------ replaced rooms


async def scenario_chats_that_are_replaced(world):
    """The ghost follows where it may enter, or is invited; to no other room."""
    lobby = await in_the_lobby(world, "alice", **{"matrix.spaces": "1"})
    alice, carol, gateway = lobby.people[0], lobby.carol, lobby.gateway
    space = await space_of(alice)
    chat = await alice.create_room([CAROL], direct=True, version="7", preset="trusted_private_chat")
    await alice.member(chat, CAROL)
    # Not to a room that knows nothing of it.
    other = await alice.create_room([], preset="public_chat")
    mark, irc_mark = alice.mark(), carol.mark()
    await alice.set_state(chat, "m.room.tombstone", {"body": "go there", "replacement_room": other})
    await alice.member(other, CAROL, "leave", mark)
    await alice.say(chat, "still here")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :still here$", irc_mark)
    # Without an invitation, as the door is open.
    await alice.set_state(chat, "m.room.join_rules", {"join_rule": "public"})

    async def upgrade(room, version):
        return (await alice.call("POST", room_path(room, "upgrade"), {"new_version": version}))["replacement_room"]
    mark = alice.mark()
    second = await upgrade(chat, "8")
    await alice.member(second, CAROL, after=mark)
    await alice.member(chat, CAROL, "leave", mark)
    await alice.say(second, "in the second")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :in the second$", irc_mark)
    carol.send("PRIVMSG alice :here, too")
    await alice.message(second, "^here, too$", CAROL)
    await in_the_space(alice, space, lobby.portal, second)
    # On invitation, as the door is shut; the gateway was started again in between.
    await alice.set_state(second, "m.room.join_rules", {"join_rule": "invite"})
    third = await upgrade(second, "11")
    await ask(alice, lobby.bots[0], "status", "^alice: connected")
    await gateway.stop()
    await gateway.start()
    mark = alice.mark()
    await alice.invite(third, CAROL)
    await alice.member(third, CAROL, after=mark)
    await alice.say(third, "in the third")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :in the third$", irc_mark)
    await in_the_space(alice, space, lobby.portal, third)
    require(not alice.find(None, "m.room.member", CAROL, lambda e: e["content"].get("is_direct")), "there is another chat")


async def scenario_nobody_else_replaces_a_room(world):
    """Who may not change the state of a room cannot replace it, even where its levels let him say so."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol = lobby.people, lobby.carol
    await carol.join("#hall")
    room = await alice.create_room([BOT, bob.id], name="Our hall", version="11")
    await alice.member(room, BOT)
    await bob.join(room)
    levels = await levels_of(alice, room)
    levels["events"]["m.room.tombstone"] = 0
    await alice.set_state(room, "m.room.power_levels", levels)
    await ask(alice, room, "plumb #hall", "#hall")
    await alice.wait_members(room, lambda ids: CAROL in ids)
    trap = (await bob.call("POST", f"{V3}/createRoom", {"preset": "public_chat", "creation_content": {
        "predecessor": {"room_id": room, "event_id": "$nothing"}}}))["room_id"]
    await bob.set_state(room, "m.room.tombstone", {"body": "go there", "replacement_room": trap})
    await settled(lobby)
    carol.send("PRIVMSG #hall :still there")
    await alice.message(room, "^still there$", CAROL)
    require(await bob.members(trap) == {bob.id}, "somebody has followed bob")


# --------------------------------------------------------------------------------------------------- the directory


async def scenario_clients_browse_the_network(world):
    """By the homeserver's third-party lookups: what the network is, its rooms and people, and back."""
    lobby = await in_the_lobby(world, **{"matrix.network": "The old net"})
    carol = lobby.carol
    await carol.join("#Garden")
    await carol.join("#garage")
    alice, _ = await with_account(world, lobby.synapse, "alice")

    async def found(what):
        try:
            return await alice.call("GET", f"{V3}/thirdparty/{what}")
        except Answer as answer:
            require(answer.status == 404, f"{answer}")
            return None
    protocol = (await found("protocols"))["irc"]
    require(protocol["location_fields"] == ["channel"] and protocol["user_fields"] == ["nickname"], f"{protocol}")
    require(protocol["instances"][0]["desc"] == "The old net", f"{protocol}")
    require(await found("protocol/irc") == protocol, "the protocol alone is another")
    require(await found("protocol/icq") is None, "there is a protocol of others")

    def room(name):
        return {"alias": alias(name), "protocol": "irc", "fields": {"channel": name}}
    # As the network lists them, once it has been asked.
    await wait_answer(lambda: found("location/irc?channel=gar"),
                      lambda answer: {at["alias"] for at in answer or []} >= {alias("#Garden"), alias("#garage")},
                      "two rooms to be found")
    require(alias("#lobby") in [at["alias"] for at in await found("location/irc")], "not all rooms are listed")
    nowhere = await found("location/irc?channel=%23nowhere")
    require(nowhere == [room("#nowhere")], f"a room that may be joined is not found by its name: {nowhere}")
    person = [{"userid": ghost("Dave[x]"), "protocol": "irc", "fields": {"nickname": "Dave[x]"}}]
    require(await found("user/irc?nickname=Dave%5Bx%5D") == person, "no ghost is found")
    # And back, which Synapse does not pass on.
    token = registration_value(lobby.gateway.registration, "hs_token")
    url = f"http://127.0.0.1:{lobby.gateway.matrix_port}/_matrix/app/v1/thirdparty"

    async def whose(what):
        try:
            return await asyncio.to_thread(request, f"{url}/{what}", "GET", None, token)
        except Answer as answer:
            require(answer.status == 404, f"{answer}")
            return None
    require(await whose(f"location?alias={quote(alias('#Garden'))}") == [room("#Garden")], "the alias is nobody's")
    require(await whose(f"user?userid={quote(ghost('Dave[x]'))}") == person, "the ghost is nobody's")
    require(not await whose(f"location?alias={quote('#lobby:localhost')}"), "it knows a stranger's alias")
    require(not await whose(f"user?userid={quote(alice.id)}"), "it knows a stranger")
    require(not await found("user/irc"), "it lists people")
    # What is found can be joined.
    irc_mark = carol.mark()
    await alice.join(alias("#Garden"))
    await carol.expect(r"^:alice!\S+ JOIN :?#Garden$", irc_mark)


# ------------------------------------------------------------------------------------------ how they look, begin and end


async def visibility(person, room):
    return (await person.call("GET", f"{V3}/directory/list/room/{quote(room, safe='')}"))["visibility"]


async def scenario_name_and_picture_of_a_portal(world):
    """What the network tells about a room; a room of people's own keeps what they gave it."""
    synapse, _ = await appservice_with(world, "steps", **{"matrix.list_portals": "1"})
    alice = await world.matrix_person(synapse, "alice")
    bot = await chat_with(alice, BOT)
    await ask(alice, bot, "login alice", "You are registered")
    portal = await alice.join(alias("lobby"))
    await alice.wait_state(portal, "m.room.name", lambda content: content["name"] == "The lobby")
    url = (await alice.wait_state(portal, "m.room.avatar", lambda content: content.get("url")))["url"]
    server, media = url.removeprefix("mxc://").split("/")
    picture, _ = await asyncio.to_thread(fetch, f"{synapse.url}{V3.replace('v3', 'v1')}/media/download/{server}/{media}",
                                         alice.client.access_token)
    require(picture == PHOTO, f"the picture is {picture[:50]}")
    require(await visibility(alice, portal) == "public", "the portal is not in the directory, as it was asked for")
    own = await alice.create_room([BOT], name="Mine")
    await alice.member(own, BOT)
    await set_level(alice, own, BOT, 100)
    await ask(alice, own, "plumb lobby", ".")
    await alice.wait_members(own, lambda ids: CAROL in ids)
    await alice.say(own, "hello")
    require((await alice.state(own, "m.room.name"))["name"] == "Mine", "the room was given another name")
    require(await alice.state(own, "m.room.avatar") is None, "the room was given a picture")


async def scenario_name_and_picture_are_changed(world):
    """By somebody in a portal who may: the network has them, the portal is not told its own; what is refused is put back."""
    synapse, _ = await appservice_with(world, "steps")
    alice, _ = await with_account(world, synapse, "alice")
    witness = await alice.join(await alice.invited(ghost("witness")))
    portal = await alice.join(alias("lobby"))
    await alice.wait_state(portal, "m.room.name", lambda content: content["name"] == "The lobby")
    old = (await alice.wait_state(portal, "m.room.avatar", lambda content: content.get("url")))["url"]
    await make_admin(SimpleNamespace(synapse=synapse), alice, portal)
    mark = alice.mark()
    await alice.set_state(portal, "m.room.name", {"name": "Our hall"})
    await witnessed(alice, witness, "ROOM_CHANGE", lambda f: f["2"] == ["lobby"] and f["3"] == ["Our hall"] and "4" not in f)
    picture = PHOTO + b" of our own"
    url = await alice.upload(picture, "image/png", "hall.png")
    await alice.set_state(portal, "m.room.avatar", {"url": url})
    await witnessed(alice, witness, "ROOM_CHANGE", lambda f: f["2"] == ["lobby"] and "3" not in f and
                    f["4"] == [picture.decode(errors="replace")])
    # What comes back from the network is no news: the same again, said by the bot, would be.
    await alice.say(portal, "is it?")
    await alice.event(portal, "m.room.message", alice.id, lambda e: e["content"]["body"] == "is it?")
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["3"] == ["is it?"])
    changes = alice.find(portal, "m.room.name", BOT, after=mark) + alice.find(portal, "m.room.avatar", BOT, after=mark)
    require(not changes, f"the bot changes it as well: {changes}")
    # Refused: it is as it was.
    mark = alice.mark()
    await alice.set_state(portal, "m.room.name", {"name": "forbidden"})
    await alice.message(portal, "On the network the room's name is not changed: Only the owner may do that", BOT, mark)
    await alice.wait_state(portal, "m.room.name", lambda content: content["name"] == "Our hall")
    await alice.set_state(portal, "m.room.avatar", {})
    await alice.message(portal, "On the network the room's picture is not changed: Only the owner", BOT, mark)
    back = (await alice.wait_state(portal, "m.room.avatar", lambda content: content.get("url")))["url"]
    require(back not in (url, old), f"the picture is {back}")
    large = await alice.upload(bytes((1 << 20) + 1), "image/png", "large.png")
    await alice.set_state(portal, "m.room.avatar", {"url": large})
    await alice.message(portal, "On the network the room's picture is not changed: it is too large", BOT, mark)
    await alice.wait_state(portal, "m.room.avatar", lambda content: content.get("url") not in (large, None))
    # A room of people's own has a name of its own.
    own = await alice.create_room([BOT], name="Mine")
    await alice.member(own, BOT)
    await ask(alice, own, "plumb lobby", ".")
    mark = alice.mark()
    await alice.set_state(own, "m.room.name", {"name": "Still mine"})
    await alice.say(own, "and this?")
    await witnessed(alice, witness, "CONV_MESSAGE", lambda f: f["3"] == ["and this?"])
    require(not alice.messages(witness, "ROOM_CHANGE", after=mark), "the network is told the name of a room that is not its own")


async def scenario_name_and_picture_on_irc(world):
    """IRC knows neither: whoever tries is told so, and the portal is called what the channel is called."""
    lobby = await in_the_lobby(world, "alice")
    alice, portal = lobby.people[0], lobby.portal
    await make_admin(lobby, alice, portal)
    mark = alice.mark()
    await alice.set_state(portal, "m.room.name", {"name": "Our hall"})
    await alice.message(portal, "On the network the room's name is not changed: Rooms have no such thing there", BOT, mark)
    await alice.wait_state(portal, "m.room.name", lambda content: content["name"] == "#lobby")
    url = await alice.upload(PHOTO, "image/png", "hall.png")
    await alice.set_state(portal, "m.room.avatar", {"url": url})
    await alice.message(portal, "On the network the room's picture is not changed: Rooms have no such thing", BOT, mark)
    await alice.wait_state(portal, "m.room.avatar", lambda content: not content.get("url"))
    # Without an account.
    eve = await world.matrix_person(lobby.synapse, "eve")
    await eve.join(portal)
    await set_level(alice, portal, eve.id, 50)
    mark = eve.mark()
    await eve.set_state(portal, "m.room.name", {"name": "Eve's"})
    await eve.message(portal, "On the network the room's name is not changed: you have no account", BOT, mark)
    await eve.wait_state(portal, "m.room.name", lambda content: content["name"] == "#lobby")


async def scenario_who_comes_later_sees_what_comes(world):
    """History of a portal is for those who were there; and nobody finds it but by its alias."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    carol.send("PRIVMSG #lobby :among us")
    await alice.message(portal, "^among us$", CAROL)
    bob, _ = await with_account(world, lobby.synapse, "bob")
    await enter(bob, carol)
    carol.send("PRIVMSG #lobby :for all")
    await bob.message(portal, "^for all$", CAROL)
    history = await bob.call("GET", room_path(portal, "messages?dir=b&limit=100"))
    texts = [event["content"].get("body") for event in history["chunk"] if event["type"] == "m.room.message"]
    require("for all" in texts and "among us" not in texts, f"he can read {texts}")
    require(await visibility(alice, portal) == "private", "the portal is in the directory")


async def scenario_history_is_seen_as_the_room_says(world):
    """Who reads what the network said before he came is up to the room's people: nothing of ours changes it."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    bob, eve = [await world.matrix_person(lobby.synapse, name) for name in ("bob", "eve")]
    rooms = {}
    for visibility in ("joined", "invited", "shared", "world_readable"):
        rule = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": visibility}}
        rooms[visibility] = room = await alice.create_room([BOT], name=visibility, preset="public_chat", state=[rule])
        await alice.member(room, BOT)
        await ask(alice, room, "plumb #lobby", ".")
        await alice.wait_members(room, lambda ids: CAROL in ids)

    async def heard(text):
        carol.send(f"PRIVMSG #lobby :{text}")
        for room in (lobby.portal, *rooms.values()):
            await alice.message(room, f"^{text}$", CAROL)
    await heard("among us")
    for room in rooms.values():
        await alice.invite(room, bob.id)
    await heard("to the guests")
    for room in rooms.values():
        await bob.join(room)
    await heard("to all")

    async def reads(person, room):
        history = await person.call("GET", room_path(room, "messages?dir=b&limit=100"))
        return [event["content"].get("body") for event in history["chunk"]
                if event["type"] == "m.room.message" and event["sender"] == CAROL][::-1]
    everything = ["among us", "to the guests", "to all"]
    for visibility, wanted in (("joined", everything[2:]), ("invited", everything[1:]), ("shared", everything),
                               ("world_readable", everything)):
        room = rooms[visibility]
        require(await reads(bob, room) == wanted, f"{visibility}: he can read {await reads(bob, room)}")
        now = (await alice.state(room, "m.room.history_visibility"))["history_visibility"]
        require(now == visibility, f"{visibility} has become {now}")
    require(await reads(eve, rooms["world_readable"]) == everything, "what is for the world cannot be read")
    # And what was said before the bridge came stays where it was said.
    before = await alice.create_room(name="Old")
    await alice.say(before, "old words")
    await alice.invite(before, BOT)
    await alice.member(before, BOT)
    irc_mark = carol.mark()
    await ask(alice, before, "plumb #lobby", ".")
    await alice.say(before, "new words")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :new words$", irc_mark)
    require(not carol.find("old words"), "what was said before is told")


async def scenario_leaving_and_forgetting(world):
    """Whoever leaves is gone on both sides, and comes back to what there was."""
    lobby = await in_the_lobby(world, "alice", **{"matrix.spaces": "1"})
    alice, carol, portal = lobby.people[0], lobby.carol, lobby.portal
    bob = await world.matrix_person(lobby.synapse, "bob")
    await bob.join(portal)
    space = await space_of(alice)
    # The last one who leaves shuts the door behind himself.
    irc_mark = carol.mark()
    await alice.leave(portal)
    await carol.expect(r"^:alice!\S+ PART #lobby", irc_mark)
    mark = bob.mark()
    await bob.leave(portal)
    require(await enter(alice, carol) == portal, "there is another portal")
    await alice.member(portal, CAROL, "leave", mark)
    await alice.wait_members(portal, {alice.id, BOT, CAROL})
    carol.send("PRIVMSG #lobby :welcome back")
    await alice.message(portal, "^welcome back$", CAROL)
    # A chat that is left and forgotten is no more; the contact opens another.
    chat = await chat_with(alice, CAROL)
    await in_the_space(alice, space, portal, chat)
    await alice.leave(chat)
    await alice.call("POST", room_path(chat, "forget"))
    await in_the_space(alice, space, portal)
    mark = alice.mark()
    carol.send("PRIVMSG alice :are you there?")
    second = await alice.join(await alice.invited(CAROL, mark))
    require(second != chat, "she is invited to what she has forgotten")
    await alice.message(second, "^are you there\\?$", CAROL)
    # A room that is untied has no ghosts, nor their power.
    room = await alice.create_room([BOT], name="Our hall", version="10")
    await alice.member(room, BOT)
    await set_level(alice, room, BOT, 100)
    await carol.join("#own")
    await ask(alice, room, "plumb #own", ".")
    await has_level(alice, room, CAROL, 50)
    await ask(alice, room, "unplumb", ".")
    await alice.wait_members(room, {alice.id, BOT})
    await has_level(alice, room, CAROL, None)
    # Without an account nothing of hers is kept up.
    await ask(alice, lobby.bots[0], "unregister", "You are unregistered")
    await alice.wait_members(second, {alice.id})
    await alice.wait_members(space, {alice.id})


# ------------------------------------------------------------------------------------------- several rooms for one channel


async def scenario_messages_about_messages_elsewhere(world):
    """Three rooms are tied to a channel. What refers to a message refers in each of them to what that is called there, whoever
    said it and wherever."""
    lobby = await in_the_lobby(world, "alice", "bob")
    (alice, bob), carol, portal, gateway = lobby.people, lobby.carol, lobby.portal, lobby.gateway
    rooms = {portal: bob}
    for person in (alice, bob):
        room = await person.create_room([BOT], name="A room of one's own")
        await person.member(room, BOT)
        await ask(person, room, "plumb #lobby", "#lobby")
        await person.wait_members(room, {person.id, BOT, CAROL})
        rooms[room] = person
    _, hers, his = rooms

    async def everywhere(body, but=None):
        """The message as it is called in each room."""
        found = {}
        for room, person in rooms.items():
            found[room] = (await person.message(room, f"^{body}$"))["event_id"] if room != but else None
        return found

    def related(event):
        relation = event["content"].get("m.relates_to", {})
        return relation.get("event_id") or relation["m.in_reply_to"]["event_id"]

    async def refers(kind, names, said_in, where=lambda event: True):
        """In all rooms but the one that it was said in."""
        for room, person in rooms.items():
            if room != said_in:
                event = await person.event(room, kind, where=lambda event: event["sender"] not in (alice.id, bob.id) and where(event))
                require(related(event) == names[room], f"in {room} {event} does not refer to {names[room]}")

    def says(body):
        return lambda event: event["content"].get("body", "").endswith(body)
    carol.send("PRIVMSG #lobby :lunch")
    lunch = await everywhere("lunch")
    await alice.reply(hers, lunch[hers], "gladly")
    await refers("m.room.message", lunch, hers, says("gladly"))
    mine = await alice.say(hers, "at tow")
    offer = {**await everywhere("at tow", hers), hers: mine}
    await bob.reply(his, offer[his], "make it three")
    await refers("m.room.message", offer, his, says("make it three"))
    await bob.reply_in_thread(portal, offer[portal], "why")
    await refers("m.room.message", offer, portal, says("why"))
    await bob.react(his, offer[his], "+")
    await refers("m.reaction", offer, his)
    await alice.edit(hers, mine, "at two")
    await refers("m.room.message", offer, hers, says("at two"))
    # Also what was said before a restart, and to a copy of a copy's reply.
    await gateway.stop()
    await gateway.start()
    three = {**await everywhere("make it three", his), his: bob.messages(his, "^make it three$")[0]["event_id"]}
    await alice.reply(hers, three[hers], "well then")
    await refers("m.room.message", three, hers, says("well then"))
    await alice.redact(hers, mine)
    for room, person in ((portal, bob), (his, bob)):
        await person.event(room, "m.room.redaction", where=redacts(offer[room]))


# ------------------------------------------------------------------------------------------------ rooms that are replaced


async def in_an_own_hall(world, version):
    """alice in the lobby, with a room of her own that is tied to #hall, where carol is; and carol's mark from before that."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol = lobby.people[0], lobby.carol
    await carol.join("#hall")
    room = await alice.create_room([BOT], name="Our hall", version=version)
    await alice.member(room, BOT)
    mark = carol.mark()
    await ask(alice, room, "plumb #hall", "#hall")
    await carol.expect(r"^:alice!\S+ JOIN :?#hall$", mark)
    return lobby, room, mark


async def scenario_rooms_that_are_replaced(world):
    """Room upgrades: followed where the new room names the old one, and nowhere else."""
    lobby, old, irc_mark = await in_an_own_hall(world, "10")
    alice, carol = lobby.people[0], lobby.carol
    # Some other room, which knows nothing of it.
    other = await alice.create_room([], preset="public_chat")
    mark = alice.mark()
    await alice.set_state(old, "m.room.tombstone", {"body": "go there", "replacement_room": other})
    await alice.member(other, BOT, "leave", mark)
    await alice.say(old, "still here")
    await carol.expect(r"^:alice!\S+ PRIVMSG #hall :still here$", irc_mark)
    # A real one.
    mark = alice.mark()
    new = (await alice.call("POST", f"/_matrix/client/v3/rooms/{quote(old)}/upgrade", {"new_version": "11"}))["replacement_room"]
    await alice.invite(new, BOT)
    await alice.member(new, BOT, after=mark)
    carol.send("PRIVMSG #hall :in the new one")
    await alice.message(new, "^in the new one$", CAROL)
    await alice.say(new, "so am I")
    await carol.expect(r"^:alice!\S+ PRIVMSG #hall :so am I$", irc_mark)
    require(not alice.messages(old, "in the new one"), "it is said in the old room")


async def upgrade(person, room):
    return (await person.call("POST", room_path(room, "upgrade"), {"new_version": "11"}))["replacement_room"]


async def scenario_what_is_said_while_a_room_is_replaced(world):
    """The old room is closed at once, the bot is in the new one only when somebody has invited it: nothing of what is said
    between is lost, in either direction, whether we are killed or not."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol, gateway = lobby.people[0], lobby.carol, lobby.gateway
    await carol.join("#hall")
    room = await alice.create_room([BOT], name="Our hall", version="10")
    await alice.member(room, BOT)
    chat = await chat_with(alice, CAROL)
    irc_mark = carol.mark()
    await ask(alice, room, "plumb #hall", "#hall")
    await carol.expect(r"^:alice!\S+ JOIN :?#hall$", irc_mark)
    await alice.say(room, "0 in the old room")
    carol.send("PRIVMSG #hall :0 in the old room")
    await alice.message(room, "^0 in the old room$", CAROL)
    said = ["0 in the old room"]
    for turn, (killed, at_once) in enumerate(((False, False), (True, False), (False, True)), 1):
        old, room = room, await upgrade(alice, room)
        if at_once:
            await alice.invite(room, BOT)
        carol.send(f"PRIVMSG #hall :{turn} closed")
        await alice.say(room, f"{turn} before you came")
        if not at_once:
            # What went to the closed room has come back when this is there.
            carol.send(f"PRIVMSG alice :{turn} you see")
            await alice.message(chat, f"^{turn} you see$")
        if killed:
            await gateway.kill_core()
            await gateway.start()
        if not at_once:
            await alice.invite(room, BOT)
        await alice.member(room, BOT)
        await alice.say(room, f"{turn} behind you")
        await alice.message(room, f"^{turn} closed$", CAROL)
        require(not alice.messages(old, f"{turn} closed"), "it is said in the old room")
        said += [f"{turn} before you came", f"{turn} behind you"]
        await carol.expect(rf"^:alice!\S+ PRIVMSG #hall :{turn} behind you$", irc_mark)
        heard = [match.string.split(" :", 1)[1] for match in carol.find_all(r"^:alice!\S+ PRIVMSG #hall", irc_mark)]
        require(heard == said, f"alice said {said}, and carol has {heard}")
        require(alice.texts(room, CAROL) == [f"{turn} closed"], f"the new room has {alice.texts(room, CAROL)}")
