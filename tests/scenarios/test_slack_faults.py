# SPDX-License-Identifier: MIT
"""
The Slack frontend when Slack does what it may: events in any order and more than once, all sockets taken, ghosts, limits,
answers that are too large, an app that is removed. Those of slack. are about sockets, gaps and lost answers.
"""
import time

from harness.process import require
from test_slack import Asker, chat, irc_hears, said_on_irc, tied, until


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
    """A socket that is not ours is noticed and named; what it swallows comes again, once."""
    lobby = await tied(world)
    slack = lobby.slack
    await slack.wait_acknowledged()
    slack.hub.ack_seconds, slack.hub.retry_delays = 1.0, (0.0,) * 20
    slack.hub.add_ghost()
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
    for round_ in range(3):
        slack.limits.force("chat.postMessage", times=1, retry_after=2)
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
        require(time.monotonic() - began < 2, "what comes has waited for what goes")
        await slack.wait_for_text("general", expected[-1], timeout=40.0)
        posts = [call for call in slack.calls[calls:] if call.name == "chat.postMessage"]
        require(posts[0].status == 429 and posts[1].time - posts[0].time >= 2, "it did not wait for as long as it was asked to")
    shown = [message["text"] for message in slack.posted("general") if message.get("username") in ("carol", "dave")]
    require(shown == expected, f"{shown}")
    require(all(call.status in (200, 429) for call in slack.calls) and not slack.limits.forced, "the limits were not met")


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
