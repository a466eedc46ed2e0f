# SPDX-License-Identifier: MIT
"""
The Matrix frontend and what homeservers do differently, or badly as a whole: one that has given up on us until it is pinged, one
that knows the ping of before Matrix 1.7 or none, one that is slow or out of order whatever it is asked.
"""
import asyncio
import itertools
import json
import re
import sqlite3
import time
from contextlib import closing
from urllib.parse import unquote

from harness import valgrind
from harness.fake_homeserver import bad_gateway, lost, read_answer, refusal, reset, truncated
from harness.http import metrics_of
from harness.process import PATIENCE, free_port, require, wait_answer, wait_until
from harness.synapse import client_packages
from test_matrix import CAROL, alias, chat_with, ghost, in_the_lobby, nothing_else_on_irc, witnessed
from test_matrix_faults import faulty_lobby, hears_once, irc_hears_once
from test_matrix_people import do, with_events

PACKAGES = client_packages
STEPS = ("person_to_router", "router_to_backend", "backend_to_router", "router_to_person")
OLD_PING = "unstable/fi.mau.msc2659"
POSTPONED_SECONDS = 10  # LIMIT_MATRIX_POSTPONED_MS
BACKING_OFF, GOING_ON = r"Scheduling retries on \S+ in ([\d.]+)s", "Starting retries on "


# ----------------------------------------------------------------------------------------------------------------- ping


async def scenario_a_ping_ends_the_back_off(world):
    """Synapse tries again after 2, 4, 8 seconds, and so on. What it has for a bridge that was away comes when that is back."""
    lobby = await in_the_lobby(world, "alice")
    alice, carol, gateway, synapse = lobby.people[0], lobby.carol, lobby.gateway, lobby.synapse
    irc_mark = carol.mark()
    await gateway.stop()
    for number in range(3):
        await alice.say(lobby.portal, f"meanwhile {number}")
    # Longer than it takes to start.
    wait = 64 if valgrind.is_on() else 16
    await synapse.process.wait_log(f"Scheduling retries on irc.localhost in {wait}", 60)
    announced, before = time.monotonic(), len(synapse.process.log())
    await gateway.start()
    await synapse.process.wait_log(GOING_ON, after=before)
    require(time.monotonic() - announced < wait - 1, "it did not go on before its time")
    for number in range(3):
        await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :meanwhile {number}$", irc_mark)
    heard = await nothing_else_on_irc(carol, alice, lobby.portal, irc_mark)
    require(heard == [f"meanwhile {number}" for number in range(3)], f"carol has {heard}")
    waits = [float(wait) for wait in re.findall(BACKING_OFF, synapse.process.log())]
    require(waits[:4] == [2, 4, 8, 16], f"Synapse was to wait {waits}")


async def scenario_an_older_ping(world):
    """A homeserver that knows the ping at its older path only, and would not come again for an hour; then one that knows none."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, gateway, homeserver = lobby.people[0], lobby.carol, lobby.gateway, lobby.homeserver
    homeserver.ping_paths, homeserver.retry_seconds = (OLD_PING,), 3600
    irc_mark = carol.mark()
    await gateway.stop()
    await alice.say(lobby.portal, "meanwhile")
    await wait_until(lambda: homeserver.under_way, "the homeserver to try")
    calls = len(homeserver.calls)
    await gateway.start()
    await irc_hears_once(carol, "alice", ["meanwhile"], irc_mark)
    require(homeserver.count("POST .*/v1/appservice/irc.localhost/ping", calls) > 0, "the ping of today was not tried first")
    require("knows no ping" not in gateway.process.log(), "its own ping is not found")
    # Without any it comes in the homeserver's own time.
    homeserver.ping_paths = ()
    await gateway.stop()
    await alice.say(lobby.portal, "and again")
    await wait_until(lambda: homeserver.under_way, "the homeserver to try")
    await gateway.start()
    await gateway.process.wait_log("the homeserver knows no ping")
    homeserver.wake.set()
    await irc_hears_once(carol, "alice", ["meanwhile", "and again"], irc_mark)


# ----------------------------------------------------------------------------------------------- slow or out of order as a whole


def to_room(room):
    return rf"PUT .*/rooms/{re.escape(room)}/send/"


async def scenario_slow_in_everything(world):
    """Each call takes two seconds: people of the network are not made to wait, rooms do not wait for each other, and what is said
    in one keeps its order."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    chat = await chat_with(alice, CAROL)
    dave = await world.irc_client(lobby.ircd, "dave")
    irc_mark, mark, texts = carol.mark(), alice.mark(), [f"{number}" for number in range(4)]
    answers, under_way, at_once = asyncio.Event(), [], []  # rooms to which something is sent

    async def slowly(call):
        await answers.wait()
        found = re.search("/rooms/([^/]+)/send/", call.path)
        room = found and unquote(found[1])
        if room:
            under_way.append(room)
            at_once.append(list(under_way))
        await asyncio.sleep(2)
        if room:
            under_way.remove(room)
    homeserver.lateness = slowly
    for text in texts:
        carol.send(f"PRIVMSG #lobby :{text}")
        carol.send(f"PRIVMSG alice :{text}")
        dave.send(f"PRIVMSG alice :{text}")
        await alice.say(lobby.portal, text)
    # What people say does not wait for answers.
    await irc_hears_once(carol, "alice", texts, irc_mark)
    answers.set()
    await asyncio.gather(*[hears_once(alice, room, texts) for room in (lobby.portal, chat)])
    require(all(len(set(rooms)) == len(rooms) for rooms in at_once), f"two calls at once in one room: {at_once}")
    require(max(len(rooms) for rooms in at_once) > 1, "rooms wait for each other")
    room = await alice.invited(ghost("dave"), mark)
    await hears_once(alice, room, texts, sender=ghost("dave"), timeout=60)
    # One room alone: others are not held up.
    answers.clear()
    homeserver.lateness = lambda call: answers.wait() if re.search(to_room(lobby.portal), call.line) else 0
    mark = alice.mark()
    for text in texts:
        carol.send(f"PRIVMSG #lobby :{text}")
        carol.send(f"PRIVMSG alice :{text}")
    await hears_once(alice, chat, texts, mark)
    require(len(alice.texts(lobby.portal, CAROL, mark)) == 0, "the portal did not wait")
    answers.set()
    await hears_once(alice, lobby.portal, texts, mark)


async def scenario_out_of_order_in_everything(world):
    """For a while no call is answered as it should be: a proxy's 502, half an answer, a connection that ends. What people say
    goes to the network meanwhile, and what the network says is there once, in order, when it is over."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    chat = await chat_with(alice, CAROL)
    faults = itertools.cycle((bad_gateway(), truncated(), reset(), truncated(False), reset(True), lost()))
    usual, said, irc_mark, calls = homeserver._fault_of, [f"{number}" for number in range(4)], carol.mark(), len(homeserver.calls)
    homeserver._fault_of = lambda call: next(faults)
    for text in said:
        carol.send(f"PRIVMSG #lobby :{text}")
        carol.send(f"PRIVMSG alice :{text}")
    await wait_until(lambda: len(homeserver.calls) >= calls + 4, "calls of the gateway")
    # The first one waits for what may have been missed before it.
    for text in ("is anybody there?", "hello?", "answer me"):
        begin = time.monotonic()
        await alice.say(lobby.portal, text)
        await irc_hears_once(carol, "alice", [text], irc_mark)
        irc_mark = carol.mark()
    require(time.monotonic() - begin < POSTPONED_SECONDS - 2, "people wait for answers that the gateway does not get")
    homeserver._fault_of = usual
    for room in (lobby.portal, chat):
        await hears_once(alice, room, said)


# ----------------------------------------------------------------------------------------------------------- what it sends


async def scenario_transactions_as_large_as_they_come(world):
    """A transaction of almost 32 MiB is taken like others; one that is larger is refused at its head. The token may stand in the
    query, as old homeservers have it; a wrong one is refused before anything of the body is read."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver = lobby.people[0], lobby.carol, lobby.homeserver
    irc_mark, at = carol.mark(), "/_matrix/app/v1/transactions/large"

    def event(number, **content):
        return {"type": "m.room.message", "room_id": lobby.portal, "sender": alice.id, "event_id": f"$large{number}",
                "origin_server_ts": 1, "content": {"msgtype": "m.text", "body": f"number {number}", **content}}
    padding = "x" * 60000
    events = [{**event(number, padding=padding), "type": "org.example.large"} for number in range(550)] + [event(550)]
    require(31 << 20 < len(json.dumps({"events": events})) < 32 << 20, "it has another size")
    status, _ = await homeserver.ask_bridge("PUT", at, {"events": events})
    require(status == 200, f"it is answered with {status}")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :number 550$", irc_mark)
    reader, writer = await homeserver.open_to_bridge("PUT", at, {"events": events + events[:30]}, part=0.001)
    status, _ = await asyncio.wait_for(read_answer(reader), 20 * PATIENCE)
    require(status == 413, f"one that is too large is answered with {status}")
    writer.close()
    reader, writer = await homeserver.open_to_bridge("PUT", at, {"events": events}, token="wrong", part=0.001)
    status, text = await asyncio.wait_for(read_answer(reader), 20 * PATIENCE)
    require(status in (401, 403) and json.loads(text)["errcode"] == "M_FORBIDDEN", f"a wrong token: {status} {text}")
    writer.close()
    for query, wanted in ((f"?access_token={homeserver.hs_token}", 200), ("?access_token=wrong", 403)):
        status, text = await homeserver.ask_bridge("PUT", f"{at}{wanted}{query}", {"events": [event(1000 + wanted)]}, token="")
        require(status in (wanted, 401 if wanted == 403 else wanted), f"{wanted}: {status} {text}")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :number 1200$", irc_mark)
    heard = await nothing_else_on_irc(carol, alice, lobby.portal, irc_mark)
    require(heard == ["number 550", "number 1200"], f"IRC has heard {heard}")


# --------------------------------------------------------------------------------------------------- what is left behind


async def scenario_left_behind_with_nothing_newer(world):
    """Synapse leaves a transaction behind that it has stored just when it had caught up. Nothing newer comes to show it: it is found
    all the same, after a start, a homeserver that was away, and a transaction that was to come again; once, and by few calls."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    chat = await chat_with(alice, CAROL)
    for number in range(4):
        await alice.join(alias(f"#room{number}"))
    irc_mark, said, private, looks = carol.mark(), [], [], []

    def note_look(call):
        if call.path.endswith("/messages") and call.query["limit"] == ["20"]:
            looks.append((time.monotonic(), call.path))
        return 0
    homeserver.lateness = note_look

    async def say(text):
        said.append(text)
        await alice.say(lobby.portal, text)
        await homeserver.idle()

    async def leave_behind(text):
        """The event of the portal is in a transaction with a number of its own; the one of the chat in none."""
        homeserver.pushing = False
        said.append(text)
        private.append(text)
        await alice.say(lobby.portal, text)
        # From a homeserver whose clock is wrong, or who says so: nothing before it may be lost for that.
        homeserver.add(homeserver.rooms[lobby.portal], "@late:elsewhere.test", "org.example.late", {}, origin_server_ts=1)
        await alice.say(chat, text)
        left = list(homeserver.queue)
        homeserver.queue.clear()
        homeserver.pushing = True
        return left

    def in_private():
        return [match[1] for match in carol.find_all(r"^:alice!\S+ PRIVMSG carol :(.*)$", irc_mark)]

    async def heard():
        await irc_hears_once(carol, "alice", said, irc_mark, 15)
        await wait_until(lambda: private[-1] in in_private(), f"{private[-1]!r} in private", 15)
        require(in_private() == private, f"in private she has heard {in_private()}")
    await say("pushed")
    await homeserver.idle()
    await gateway.stop()
    await gateway.start()
    looks.clear()
    left = await leave_behind("right after the start")
    await heard()
    # Each room once, one after the other.
    rooms = {room.id for room in homeserver.rooms.values() if alice.id in room.joined}
    await wait_until(lambda: len(looks) >= len(rooms), f"a look at {len(rooms)} rooms")
    require(len({path for _, path in looks}) == len(looks), f"looked at twice: {looks}")
    pauses = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(looks)]
    require(min(pauses) >= 0.045, f"not spaced out: {pauses}")

    # The homeserver was away, and has been looked through for that.
    await homeserver.is_away_for(gateway, lambda: carol.send("PRIVMSG #lobby :nobody is there"))
    await alice.message(lobby.portal, "^nobody is there$", CAROL)
    await wait_until(lambda: homeserver.count("GET .*/messages") >= len(looks) + len(rooms), "rooms to be looked through")
    await homeserver.idle()
    looks.clear()
    left += await leave_behind("right after it was away")
    await heard()
    # The rooms in which somebody has spoken come before others.
    require({path.split("/")[5] for _, path in looks[:2]} == {lobby.portal, chat}, f"looked at first: {looks[:3]}")

    # One was refused, as it came before another; it came again.
    homeserver.number += 1
    await say("again")
    left += await leave_behind("right after it came again")
    await heard()

    # All that was left behind comes in the end: nothing twice. And where nothing is wrong nobody looks.
    await wait_until(lambda: len(looks) >= 2 * len(rooms), "the looks to end")
    homeserver.queue.extend(left)
    homeserver.wake.set()
    await homeserver.idle()
    calls = homeserver.count("GET .*/messages")
    await say("the end")
    await heard()
    require(homeserver.count("GET .*/messages") == calls, "rooms were looked at without a reason")


async def scenario_more_calls_than_may_wait(world):
    """2,100 ghosts are to leave a room: the network is not read while so many calls wait, and goes on by itself when they have
    been made."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    await carol.join("#hall")
    hall, answers = await alice.join(alias("#hall")), asyncio.Event()
    await alice.member(hall, CAROL)
    await homeserver.idle()
    await gateway.stop()
    gone = {ghost(f"gone{number}") for number in range(2100)}
    homeserver.registered |= gone
    homeserver.rooms[hall].joined |= gone
    leaves = rf"POST .*/rooms/{re.escape(hall)}/leave$"
    homeserver.lateness = lambda call: answers.wait() if re.search(leaves, call.line) else 0
    await gateway.start()
    await wait_until(lambda: homeserver.count(leaves) > 0, "ghosts to leave")
    carol.send("PRIVMSG #lobby :one")
    await alice.message(lobby.portal, "^one$", CAROL)
    await gateway.process.wait_log("takes no more: backends are not read")
    carol.send("PRIVMSG #lobby :two")
    answers.set()
    await wait_until(lambda: homeserver.count(leaves) >= 2100, "all of them to leave", 120)
    await alice.message(lobby.portal, "^two$", CAROL)


async def scenario_many_rooms_are_looked_at_slowly(world):
    """Of 1,100 rooms 1,000 are looked at, no more than 20 a second, not all over again for each call that is not answered."""
    lobby = await faulty_lobby(world, "alice")
    alice, carol, homeserver, gateway = lobby.people[0], lobby.carol, lobby.homeserver, lobby.gateway
    await homeserver.idle()
    await gateway.stop()
    homeserver.pushing = False
    rooms = [homeserver.new_room(homeserver.bot) for _ in range(1100)]
    with closing(sqlite3.connect(gateway.keys["database.database"])) as database, database:
        for room in rooms:
            database.execute("INSERT INTO places (frontend, place, kind, owner, name, value) SELECT frontend, ?, kind, owner, name, value"
                             " FROM places WHERE place = ?", (room.id, lobby.bots[0]))
            room.joined.add(alice.id)
    homeserver.queue.clear()
    homeserver.pushing = True
    looks = []

    def note_look(call):
        if call.path.endswith("/messages"):
            looks.append(time.monotonic())
        return 0
    homeserver.lateness = note_look
    await gateway.start()
    await gateway.process.wait_log("1000 rooms are looked at again")
    await wait_until(lambda: len(looks) > 20, "a second's looks")
    require(looks[20] - looks[0] >= 1, f"20 rooms were looked at in {looks[20] - looks[0]:.2f} s")
    # Nothing waits for that.
    mark = carol.mark()
    await alice.say(lobby.portal, "meanwhile")
    await irc_hears_once(carol, "alice", ["meanwhile"], mark, 5)
    pings = homeserver.count("/ping$")
    # Where the homeserver goes away it ends, and is begun anew when that answers. That is later the second time: rooms that are
    # never answered for must not have all of them looked at for ever.
    mark, began = len(gateway.process.log()), time.monotonic()
    fault = homeserver.fail(".*", reset(), 1000)
    await wait_until(lambda: homeserver.count("/ping$") > pings, "it to be given up")
    fault.left = 0
    await gateway.process.wait_log("1000 rooms are looked at again", after=mark)
    require(time.monotonic() - began >= 6, "it was begun anew too soon")


async def scenario_presence_where_it_is_wanted(world):
    """A homeserver that refuses presence is told of three changes and then of none, until it has been away; where the
    configuration says so it is told of none, nor is the network of people's."""
    homeserver = world.fake_homeserver()
    _, gateway, alice, _, chats = await with_events(world, "bob", synapse=homeserver, **{"matrix.presence_interval": 3600})
    told, named = (f"PUT .*/{what}/{re.escape(ghost('bob'))}/" for what in ("presence", "profile"))
    refused = homeserver.fail(told, refusal(403, "M_FORBIDDEN", "Presence is disabled on this server"), times=1000)
    names = itertools.count(1)

    async def changes(times):
        """So many changes of bob's. The homeserver has all the names, each of which comes behind the presence of the change
        before."""
        before = homeserver.count(named)
        for name in itertools.islice(names, times):
            await do(alice, chats, ["BUDDY_CHANGED", {1: "USER", 2: "bob", 3: f"Bob {name}", 5: name % 2, 8: False}])
        await wait_until(lambda: homeserver.count(named) >= before + times, f"{times} names of bob's")
    for number in (1, 2, 3):
        await changes(1)
        await wait_until(lambda: homeserver.count(told) == number, f"presence to be told {number} times")  # noqa: B023
    await gateway.process.wait_log("wants no presence of contacts")
    require("Presence is disabled on this server" in gateway.process.log(), "why is not said")
    await changes(5)
    require(homeserver.count(told) == 3, f"it is told {homeserver.count(told)} times")
    # It is away, and may be another one then.
    refused.left = 0
    before = len(gateway.process.log())
    homeserver.fail("PUT .*/profile/.*/displayname", reset())
    await changes(1)
    await gateway.process.wait_log("the homeserver answers", after=before)
    await changes(3)
    await wait_until(lambda: homeserver.count(told) >= 6, "presence to be told again")

    # Hers, and none either way when it is switched off.
    async def shows(presence, text):
        event = {"type": "m.presence", "sender": alice.id, "content": {"presence": presence, "status_msg": text}}
        status, _ = await homeserver.ask_bridge("PUT", f"/_matrix/app/v1/transactions/{text}", {"events": [], "ephemeral": [event]})
        require(status == 200, f"presence is answered with {status}")
    await shows("unavailable", "away")
    await witnessed(alice, chats["witness"], "STATUS_CHANGED", lambda fields: fields.get("4") == ["away"])
    gateway.keys["matrix.presence"] = "0"
    gateway.write_config()
    await gateway.control("reload")
    before = homeserver.count(told)
    await changes(3)
    await shows("online", "back")
    await alice.say(chats["bob"], "that was all")
    await witnessed(alice, chats["witness"], "CONV_MESSAGE", lambda fields: fields["3"] == ["that was all"])
    require(homeserver.count(told) == before, "it is told all the same")
    require(not alice.messages(chats["witness"], '"back"'), "the network is told all the same")


async def scenario_time_inside(world):
    """Prometheus is told how long messages take through the core, either way: with the homeserver's part where it has one."""
    port = free_port()
    lobby = await faulty_lobby(world, "alice", **{"metrics.port": port})
    alice, carol = lobby.people[0], lobby.carol

    async def steps():
        told = await metrics_of(port)
        return {step: (told[f'libtransport_latency_seconds_count{{step="{step}"}}'],
                       told[f'libtransport_latency_seconds_sum{{step="{step}"}}']) for step in STEPS}
    before = await steps()
    irc_mark = carol.mark()
    for number in range(3):
        await alice.say(lobby.portal, f"to IRC {number}")
        carol.send(f"PRIVMSG #lobby :to Matrix {number}")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :to IRC 2$", irc_mark)
    await alice.message(lobby.portal, "^to Matrix 2$", CAROL)
    after = await wait_answer(steps, lambda now: now["router_to_person"][0] >= before["router_to_person"][0] + 3,
                              "the confirmed messages to be counted")
    for step in STEPS:
        count, total = (now - then for now, then in zip(after[step], before[step]))
        require(count >= 3 and 0 < total < 100, f"{step}: {count} events in {total} s")
