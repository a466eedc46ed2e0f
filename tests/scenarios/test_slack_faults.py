# SPDX-License-Identifier: MIT
"""
The Slack frontend when Slack does what it may: events in any order and more than once, all sockets taken, ghosts, limits,
answers that are too large, an app that is removed. Those of slack. are about sockets, gaps and lost answers.
"""
import json
import sqlite3
import time
from contextlib import closing

from harness.http import http_get
from harness.process import free_port, require
from test_logs import wait_for_way
from test_slack import Asker, chat, irc_hears, said_on_irc, tied, until
from test_slack_several import two_workspaces


async def scenario_reordered(world):
    """Events come in another order, and some of them twice: each counts once, whatever was there first."""
    lobby = await tied(world)
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon
    mark = carol.mark()
    expected = []
    for round_, order in enumerate((lambda held: held[::-1], None, lambda held: held[1::2] + held[::2])):
        slack.hub.hold()
        root = egon.say("general", f"root {round_}")
        for number in range(6):
            egon.say("general", f"number {round_} {number}")
        egon.say("general", f"leaf {round_}", thread=root)
        expected += [f"root {round_}", f"leaf {round_}", *(f"number {round_} {number}" for number in range(6))]
        slack.hub.duplicate = 3
        slack.hub.release(order)
        await until(lambda: {f"<Egon> {text}" for text in expected} <= set(said_on_irc(carol, mark)), "all of them")
    await slack.wait_acknowledged()
    egon.say("general", "the end")
    await irc_hears(carol, "bridge", "<Egon> the end", mark)
    said = [text.removeprefix("<Egon> ") for text in said_on_irc(carol, mark) if not text.startswith("> ")]  # quotations
    require(sorted(said) == sorted([*expected, "the end"]), f"{said}")


async def scenario_gap_behind_a_newer_event(world):
    """The newest event comes first, and the socket is cut before the older ones: they are read back all the same."""
    lobby = await tied(world)
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon
    root = egon.say("general", "a root")
    egon.say("general", "a leaf", thread=root)
    egon.edit("general", egon.say("general", "at eno"), "at one")
    egon.delete("general", root)
    await irc_hears(carol, "bridge", "<Egon> \\(takes back: a root\\)")
    egon.say("general", "before")
    await irc_hears(carol, "bridge", "<Egon> before")
    await slack.wait_acknowledged()
    mark = carol.mark()
    slack.hub.retry_delays, slack.hub.drop = (), 2
    for number in range(3):
        egon.say("general", f"number {number}")
    await irc_hears(carol, "bridge", "<Egon> number 2", mark)
    for socket in slack.hub.live():
        socket.cut()
    await slack.wait_connected()
    await until(lambda: len(said_on_irc(carol, mark)) >= 3, f"the others beside {said_on_irc(carol, mark)}")
    egon.say("general", "after")
    await irc_hears(carol, "bridge", "<Egon> after", mark)
    said = said_on_irc(carol, mark)
    require(sorted(said) == sorted([*(f"<Egon> number {n}" for n in range(3)), "<Egon> after"]), f"{said}")


async def scenario_clocks_apart(world):
    """Our clock is an hour ahead of Slack's: what was said before the first event of a channel has come is read back, too."""
    slack = await world.slack()
    slack.team.clock.ahead = slack.server.ahead = -3600
    lobby = await tied(world, slack)
    carol, egon = lobby.carol, lobby.egon
    await slack.wait_acknowledged()
    slack.hub.retry_delays, slack.hub.drop = (), 1
    egon.say("general", "dropped")
    for socket in slack.hub.live():
        socket.cut()
    await slack.wait_connected()
    await irc_hears(carol, "bridge", "<Egon> dropped")
    require(said_on_irc(carol) == ["<Egon> dropped"], f"{said_on_irc(carol)}")


async def scenario_deleted_after_a_kill(world):
    """kill -9 as soon as a message was handed on, and it is deleted before the next start: that is found."""
    lobby = await tied(world)
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon
    for number in range(20):
        egon.say("general", f"number {number}")
    await irc_hears(carol, "bridge", "<Egon> number 19")
    for round_ in range(3):
        deleted = egon.say("general", f"gone {round_}")
        await irc_hears(carol, "bridge", f"<Egon> gone {round_}")
        await lobby.gateway.kill_core()
        mark = carol.mark()
        egon.delete("general", deleted)
        await lobby.gateway.start()
        await slack.wait_connected()
        egon.say("general", f"after {round_}")
        await irc_hears(carol, "bridge", f"<Egon> after {round_}", mark)
        said = [text for text in said_on_irc(carol, mark) if not text.startswith("<Egon> after")]
        require(len(said) == 1 and "takes back" in said[0], f"{said}")


async def scenario_all_sockets_taken(world):
    """Slack has no place for another socket: it is asked again, not in a loop, and nothing is lost meanwhile."""
    lobby = await tied(world)
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon
    mark = carol.mark()
    ghosts = [slack.hub.add_ghost() for _ in range(9)]
    asked = len([call for call in slack.calls if call.name == "apps.connections.open"])
    for socket in slack.hub.live():
        slack.hub.add_ghost()
        socket.cut()
    egon.say("general", "to nobody")
    lobby.carol.send("PRIVMSG #lobby :posted meanwhile")
    await slack.wait_for_text("general", "posted meanwhile", "carol")
    await until(lambda: len([call for call in slack.calls if call.name == "apps.connections.open"]) >= asked + 3, "more tries")
    require(not slack.hub.live(), "an eleventh socket")
    tries = len([call for call in slack.calls if call.name == "apps.connections.open"]) - asked
    require(tries < 20, f"it was asked {tries} times")
    for ghost in list(slack.hub.sockets):
        slack.hub.forget(ghost)
    require(len(ghosts) == 9, "ghosts")
    await slack.wait_connected(timeout=60.0)
    await irc_hears(carol, "bridge", "<Egon> to nobody", mark)
    egon.say("general", "at home again")
    await irc_hears(carol, "bridge", "<Egon> at home again", mark)
    require(len(said_on_irc(carol, mark)) == 2, f"{said_on_irc(carol, mark)}")


async def scenario_ghosts(world):
    """A socket that is not ours is noticed and named; what it swallows comes again, once. Administrators are told when it
    does not go, once; it is counted anew, and shown to transportctl and Prometheus."""
    port = free_port()
    lobby = await tied(world, **{"metrics.port": str(port)})
    slack, gateway = lobby.slack, lobby.gateway

    async def shown():
        (row,) = json.loads(await gateway.control("--json", "workspaces"))["rows"]
        status, _, text = await http_get(port, "/metrics")
        require(status == 200 and f"libtransport_ghost_sockets {row['ghost_sockets']}\n" in text, f"{row} {text}")
        return row["ghost_sockets"]

    def told():
        return [text for text in lobby.asker.heard() if "not ours" in text]
    require(await shown() == 0, "there is a ghost")
    await slack.wait_acknowledged()
    slack.hub.ack_seconds, slack.hub.retry_delays = 1.0, (0.0,) * 20
    ghost = slack.hub.add_ghost()
    for socket in slack.hub.live():
        socket.disconnect("refresh_requested")
    await lobby.gateway.process.wait_log("Slack counts 3 sockets of this app, and 2 are ours")
    mark = lobby.carol.mark()
    texts = [f"number {number}" for number in range(8)]
    for text in texts:
        lobby.egon.say("general", text)
    await until(lambda: len(set(said_on_irc(lobby.carol, mark))) == len(texts), "all, though a ghost swallows some")
    await slack.wait_acknowledged()
    swallowed = [one for one in slack.hub.deliveries if len(one.attempts) > 1 and not one.lost]
    require(swallowed, "the ghost has swallowed nothing")
    require(sorted(said_on_irc(lobby.carol, mark)) == sorted(f"<Egon> {text}" for text in texts), "something came twice")
    require(await shown() == 1 and not told(), f"told at once: {told()}")
    await until(told, "a word to the administrator", 90.0)

    async def take_over():
        opened = slack.hub.opened
        for socket in slack.hub.live():
            socket.disconnect("refresh_requested")
        await until(lambda: slack.hub.opened > opened and len(slack.hub.live()) == 1, "another socket")
    await take_over()
    require(len(told()) == 1 and await shown() == 1, f"{told()}")
    slack.hub.forget(ghost)
    await take_over()
    await gateway.process.wait_log("Slack counts no sockets of this app any more that are not ours")
    require(len(told()) == 1 and await shown() == 0, f"{told()}")


ROOMS = 500  # LIMIT_ROOMS_PER_USER


async def scenario_too_many_rooms(world):
    """The account that speaks for people of a workspace is in all the rooms that it can be in: another channel is not tied to
    one more; one that was is told, and administrators, once; and it follows when there is a place."""
    lobby = await tied(world)
    slack, gateway, carol, egon, asker = lobby.slack, lobby.gateway, lobby.carol, lobby.egon, lobby.asker
    await slack.wait_acknowledged()
    await gateway.process.stop()
    channels = slack.add_channels(slack.team, ROOMS + 1, egon.id)  # the last two tied to the same room
    for channel in channels:
        channel.members[slack.bot.bot_user.id] = True
    with closing(sqlite3.connect(gateway.keys["database.database"])) as database:
        ((table,),) = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%places'")
        database.executemany(f"INSERT INTO {table} VALUES ('slack', ?, 'portal', '', ?, '')",
                             [(f"{slack.team.id}/{channel.id}", f"#room{min(number, ROOMS - 1)}")
                              for number, channel in enumerate(channels)])
        database.commit()

    def told(where):
        return [message["text"] for message in slack.posted(where) if "cannot be in" in message["text"]]

    def left_out():
        return [channel for channel in channels if told(channel.id)]
    mark = carol.mark()
    await gateway.start()
    await slack.wait_connected()
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    await until(lambda: len(left_out()) == 2, "a word in the channels that are left out", 60.0)
    alone, sister = left_out()
    await until(lambda: any("cannot be served: 2." in text for text in asker.heard()), "a word to the administrator")
    number = ROOMS - 1
    require([alone, sister] == channels[-2:], f"{left_out()}")
    await asker.ask("list", rf"(?s)#room{number} \(left out.*#room{number} \(left out")
    # What is said there is not lost without a word.
    egon.say(alone.id, "hello?")
    await until(lambda: any("too many rooms" in message["text"] for _, message in egon.user.ephemerals), "a word to who spoke")
    # Another room is refused, one that it is in is not.
    slack.channel("more", "egon")
    await asker.command("more", "link #more", f"cannot be tied to #more: .* {ROOMS} rooms")
    await asker.command("more", f"link #room{number - 1}", "tied to #room[0-9]+ now")
    await asker.command("more", "unlink", "not tied to")
    await asker.ask("create #other", "cannot be tied to #other")
    require("other" not in slack.team.titles, "the channel was made")

    # Once: not at the next start, and not by what is said.
    mark = carol.mark()
    await gateway.process.stop()
    await gateway.start()
    await slack.wait_connected()
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    egon.say("general", "still here")
    await irc_hears(carol, "bridge", "<Egon> still here", mark)
    egon.say(alone.id, "still nobody?")
    await until(lambda: sum("too many rooms" in message["text"] for _, message in egon.user.ephemerals) == 2, "another word")
    require(left_out() == [alone, sister] and len(told(alone.id)) == len(told(sister.id)) == 1, f"{left_out()}")
    require(sum("cannot be served" in text for text in asker.heard()) == 1, "administrators are told again")

    # It follows when another is untied.
    other = channels[number - 1]
    await carol.join(f"#room{number}")
    mark = carol.mark()
    await asker.command(other.id, "unlink", "not tied to")
    await carol.expect(rf"^:bridge!\S+ JOIN :?#room{number}$", mark)
    egon.say(alone.id, "at last")
    await carol.expect(rf"^:bridge!\S+ PRIVMSG #room{number} :<Egon> at last$", mark)
    for channel in (alone, sister):
        await slack.wait_for_message(channel.id, lambda message: "is heard now" in message["text"])
    await asker.command("more", "link #more", f"cannot be tied to #more: .* {ROOMS} rooms")


async def scenario_not_delivered(world):
    """What the network refuses is said where it was said, whichever workspace was tied to the room first, and is lost."""
    both = await two_workspaces(world)
    slack, carol = both.slack, both.carol
    await carol.join("#club")  # she made it
    for asker, nick in ((both.egon, "first"), (both.dana, "second")):
        mark, channel = carol.mark(), f"of-{asker.person.user.name}"
        await asker.command(channel, "unlink", "not tied to")
        await asker.command(channel, "link #club", "tied to #club now")
        await carol.expect(rf"^:{nick}!\S+ JOIN :?#club$", mark)
    mark = carol.mark()
    carol.send("MODE #club +m")
    await carol.expect(r"MODE #club \+m", mark)

    def refused(channel, team, text):
        return [message["text"] for message in slack.posted(channel, team)
                if message["text"].startswith("Not delivered") and text in message["text"]]
    # The log has the message's number in what becomes of the notice, too.
    mark = len(both.gateway.process.log())
    slack.faults.plan("error", "chat.postMessage", error="service_unavailable")
    both.egon.person.say("of-egon", "may I?")
    await until(lambda: refused("of-egon", slack.team, "may I?"), "a word to egon")
    await wait_for_way(both.gateway, r'message from "\S+": taken, trace (\d+)',
                       [" is kept,", " is not delivered: ", "chat.postMessage: to be asked again: "], mark)
    both.dana.person.say("of-dana", "and I?")
    await until(lambda: refused("of-dana", both.other, "and I?"), "a word to dana")
    slack.revoke(slack.bot.tokens[-1])
    await both.gateway.process.wait_log("is lost to the gateway")
    both.dana.person.say("of-dana", "not now either?")
    await until(lambda: refused("of-dana", both.other, "not now either?"), "a word to dana")
    require(not any("Not delivered" in text for asker in (both.egon, both.dana) for text in asker.heard()), "it is said elsewhere")


async def scenario_uninstalled(world):
    """The app is removed from a workspace: administrators of others are told, and are served on."""
    slack = await world.slack()
    other = slack.add_workspace("Hockey")
    bot = slack.install(slack.app, other)
    slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    ircd = await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    gateway.slack_of(slack, slack.bot, bot)
    gateway.keys.update({"slack.admin": f"{slack.team.id}/{slack.team.user('egon').id}", "irc.line_interval": "0"})
    await gateway.start()
    await slack.wait_connected()
    egon = Asker(slack, slack.person("egon"))
    await egon.ask("relay login bridge", "registered")
    await egon.command("general", "link #lobby", "tied to #lobby now")
    slack.uninstall(slack.app, other)
    await until(lambda: any("Hockey" in text and "lost" in text for text in egon.heard()), "a word to the administrator")
    slack.person("egon").say("general", "still here")
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    slack.person("egon").say("general", "and now?")
    await irc_hears(carol, "bridge", "<Egon> and now\\?")


async def scenario_limits(world):
    """429s with Retry-After in the middle of a conversation: the channel keeps its order, other methods go on, and Slack is not
    asked before the time that it names."""
    people = [f"person{number}" for number in range(3)]
    lobby = await tied(world, people=("egon", *people))
    slack, carol = lobby.slack, lobby.carol
    dave = await world.irc_client(lobby.ircd, "dave")
    await dave.join("#lobby")
    expected = []
    for round_, seconds in enumerate((10, 2)):
        slack.limits.force("chat.postMessage", times=1, retry_after=seconds)
        began, calls = time.monotonic(), len(slack.calls)
        for number in range(2):
            for speaker in (carol, dave):
                mark = dave.mark() if speaker is carol else carol.mark()
                speaker.send(f"PRIVMSG #lobby :{speaker.nick} {round_} {number}")
                await (dave if speaker is carol else carol).expect(rf"PRIVMSG #lobby :{speaker.nick} {round_} {number}$", mark)
                expected.append(f"{speaker.nick} {round_} {number}")
        # Who is asked for by another method comes at once.
        slack.person(people[round_]).say("general", f"hello {round_}")
        await irc_hears(carol, "bridge", f"<Person{round_}> hello {round_}")
        if not round_:
            queues = {row["queue"]: row for row in json.loads(await lobby.gateway.control("--json", "queues"))["rows"]}
            lane = queues[f"slack: calls to {slack.team.id}/{slack.team.channel('general').id}"]
            require(time.monotonic() - began < seconds, "what comes has waited for what goes")
            require(lane["items"] == 4 and lane["bytes"] > 0 and queues["slack: calls"]["items"] >= 4, f"{queues}")
        await slack.wait_for_text("general", expected[-1], timeout=40.0)
        posts = [call for call in slack.calls[calls:] if call.name == "chat.postMessage"]
        require(posts[0].status == 429 and posts[1].time - posts[0].time >= seconds, "it did not wait for as long as it was asked to")
    shown = [message["text"] for message in slack.posted("general") if message.get("username") in ("carol", "dave")]
    require(shown == expected, f"{shown}")
    require(all(call.status in (200, 429) for call in slack.calls) and not slack.limits.forced, "the limits were not met")


async def scenario_one_grep_through_a_refusal(world):
    """The log has a message's number in the lines about calls that are made again, looked up, or refused."""
    lobby = await tied(world)
    slack, carol, gateway = lobby.slack, lobby.carol, lobby.gateway
    for plan, wanted in ((("error", {"error": "service_unavailable"}), ["chat.postMessage: to be asked again: ", " has arrived"]),
                         (("hangup_after", {}), ["chat.postMessage: it is not known whether it was done: ", " has arrived"]),
                         (("error", {"error": "is_archived"}), ["chat.postMessage: .*is_archived", "is refused: .*is_archived",
                                                                " is refused, a dead letter now: "])):
        mark = len(gateway.process.log())
        slack.faults.plan(plan[0], "chat.postMessage", **plan[1])
        carol.send("PRIVMSG #lobby :said")
        await wait_for_way(gateway, r"message from backend \d+, trace (\d+)", [" is kept,", " message to ", *wanted], mark)


async def scenario_real_limits(world):
    """With the limits of the real Slack, a burst of posts has each of them, in order, and Slack hardly has to say stop."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    slack.limits.enforced = True
    texts = [f"number {number}" for number in range(12)]
    for text in texts:
        carol.send(f"PRIVMSG #lobby :{text}")
    await slack.wait_for_text("general", texts[-1], "carol", timeout=60.0)
    shown = [message["text"] for message in slack.posted("general") if message.get("username") == "carol"]
    require(shown == texts, f"{shown}")
    refused = [call for call in slack.calls if call.status == 429]
    require(len(refused) <= 2, f"{len(refused)} calls were over the limits")


async def scenario_too_large_an_answer(world):
    """What is too large to be an answer of Slack's is none: the history is asked for again, and nothing is lost."""
    lobby = await tied(world)
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon
    egon.say("general", "before")
    await irc_hears(carol, "bridge", "<Egon> before")
    await lobby.gateway.process.stop()
    slack.hub.retry_delays = ()
    mark = carol.mark()
    egon.say("general", "meanwhile")
    slack.faults.plan("status", "conversations.history", times=2, status=200, body='{"ok":true,"x":"' + "x" * (9 << 20) + '"}')
    await lobby.gateway.start()
    await slack.wait_connected()
    await irc_hears(carol, "bridge", "<Egon> meanwhile", mark)
    require(not slack.faults.planned, f"it was not asked: {slack.faults.planned}")
    carol.send("PRIVMSG #lobby :and back")
    await slack.wait_for_text("general", "and back", "carol")


async def scenario_reactions_in_a_chat(world):
    """Reactions on messages of a contact's thread, of either of the two: made while the gateway was down, and after a restart on
    what was said before it. Each comes once."""
    lobby, theirs = await chat(world)
    slack, carol, egon, gateway, dm = lobby.slack, lobby.carol, lobby.egon, lobby.gateway, lobby.asker.dm
    start = carol.mark()
    own = egon.say(dm, "yes?", thread=theirs["thread_ts"])

    async def hears(*texts):
        for text in texts:
            await carol.expect(rf"^:egon!\S+ PRIVMSG carol :{text}$", start)
    await hears("yes\\?")
    await slack.wait_acknowledged()
    await gateway.process.stop()
    slack.hub.retry_delays = ()
    egon.react(dm, theirs["ts"], "tada")
    egon.react(dm, own, "+1")
    await gateway.start()
    await slack.wait_connected()
    await hears("\U0001f389", "\U0001f44d")
    # Slack tells of these without saying in which thread they are.
    egon.react(dm, theirs["ts"], "eyes")
    egon.unreact(dm, own, "+1")
    await hears("\U0001f440", "\\(takes back: \U0001f44d\\)")
    await slack.wait_acknowledged()
    await gateway.process.stop()
    egon.unreact(dm, theirs["ts"], "tada")
    await gateway.start()
    await slack.wait_connected()
    await hears("\\(takes back: \U0001f389\\)")
    egon.say(dm, "the end", thread=theirs["thread_ts"])
    await hears("the end")
    said = [match[1] for match in carol.find_all(r"^:egon!\S+ PRIVMSG carol :(.*)$", start)]
    require(sorted(said) == sorted(["yes?", "\U0001f389", "\U0001f44d", "\U0001f440", "(takes back: \U0001f44d)",
                                    "(takes back: \U0001f389)", "the end"]), f"{said}")


async def scenario_slow_history(world):
    """History takes longer than an event may wait for its acknowledgement: what is said meanwhile is acknowledged in time, and
    comes behind what was said in the gap; also if the gateway is killed before it has come."""
    lobby = await tied(world)
    slack, carol, egon, gateway = lobby.slack, lobby.carol, lobby.egon, lobby.gateway
    egon.say("general", "before")
    await irc_hears(carol, "bridge", "<Egon> before")
    await slack.wait_acknowledged()
    mark = carol.mark()
    slack.hub.retry_delays = ()
    expected = []
    for round_, killed in enumerate((False, True)):
        await gateway.process.stop()
        for number in range(3):
            egon.say("general", f"missed {round_} {number}")
        slack.faults.planned.clear()
        slack.faults.plan("late", "conversations.history", times=10, seconds=5)
        await gateway.start()
        await slack.wait_connected()
        before = len(slack.hub.deliveries)
        egon.say("general", f"live {round_}")
        await slack.wait_acknowledged()
        require(all(one.acked is not None and not one.lost for one in slack.hub.deliveries[before:]), "not acknowledged in time")
        require(len(said_on_irc(carol, mark)) == len(expected), f"history was not waited for: {said_on_irc(carol, mark)}")
        if killed:
            await gateway.kill_core()
            slack.faults.planned.clear()
            await gateway.start()
        expected += [*(f"<Egon> missed {round_} {number}" for number in range(3)), f"<Egon> live {round_}"]
        await irc_hears(carol, "bridge", f"<Egon> live {round_}", mark)
        require(said_on_irc(carol, mark) == expected, f"{said_on_irc(carol, mark)}")
