# SPDX-License-Identifier: MIT
"""
The gateway as an app of a Slack workspace: the test Slack (tests/slack), which Slack's own SDKs check, on one side, ngircd or
another network on the other. docs/slack.md says what is promised.
"""
import asyncio
import html
import os
import re
from types import SimpleNamespace

from harness.process import free_port, require, wait_until
from harness.synapse import client_packages
from test_logs import wait_for_way
from test_matrix import enter, fetch, with_account

PACKAGES = client_packages  # where people on Matrix have their client from

KILLS = int(os.environ.get("SLACK_KILLS", "4"))


async def until(good, what, timeout=30.0):
    return await wait_until(good, what, timeout)


class Asker:
    """Somebody who talks to the bot, in a DM or by its slash command."""

    def __init__(self, slack, person, team=None):
        self.slack = slack
        self.person = person
        self.team = team or slack.team
        self.dm = person.dm(self.team.installs[slack.app.id].bot_user)

    def heard(self):
        """What the bot has said in the DM itself."""
        return [html.unescape(message["text"]) for message in self.slack.posted(self.dm, self.team)
                if message.get("thread_ts", message["ts"]) == message["ts"]]

    async def ask(self, line, answer):
        before = len(self.heard())
        self.person.say(self.dm, line)
        return await until(lambda: next((text for text in self.heard()[before:] if re.search(answer, text)), None),
                           f"{answer!r} as answer to {line!r} in {self.heard()[before:]}")

    async def command(self, channel, line, answer):
        ephemerals = self.person.user.ephemerals
        before = len(ephemerals)
        self.person.slash("/bridge", line, channel)

        def found():
            shown = [message["text"] for _, message in list(self.person.user.ephemerals)[before:]]
            return next((text for text in shown if re.search(answer, text)), None)
        return await until(found, f"{answer!r} as answer to /bridge {line}")


async def tied(world, slack=None, relay=True, people=("egon",), **keys):
    """#general of the test Slack tied to #lobby of an ngircd, where carol is. egon has made the channel, and is an
    administrator; bridge is the account that speaks for people without one."""
    slack = slack or await world.slack()
    persons = {name: slack.person(name, display_name=name.title()) for name in people}
    slack.channel("general", people[0], people[1:])
    admin = f"{slack.team.id}/{persons[people[0]].id}"
    slack, ircd, gateway = await world.irc_slack(slack=slack, **{"slack.admin": [admin], **keys})
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    asker = Asker(slack, persons[people[0]])
    mark = carol.mark()
    if relay:
        await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    if relay:
        await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    return SimpleNamespace(slack=slack, ircd=ircd, gateway=gateway, carol=carol, asker=asker, **persons)


async def irc_hears(carol, who, text, after=0):
    return await carol.expect(rf"^:{who}!\S+ PRIVMSG #lobby :{text}$", after)


def said_on_irc(carol, after=0):
    return [match[1] for match in carol.find_all(r"^:\S+ PRIVMSG #lobby :(.*)$", after)]


async def scenario_text_both_ways(world):
    """People without an account are spoken for; people of the network have their own names; each message comes once."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    carol.send("PRIVMSG #lobby :hello Slack")
    message = await slack.wait_for_text("general", "hello Slack", "carol")
    require(message["subtype"] == "bot_message", f"{message}")
    mark = carol.mark()
    lobby.egon.say("general", "hello &lt;IRC&gt;")
    await irc_hears(carol, "bridge", "<Egon> hello <IRC>")
    lobby.egon.me("general", "waves")
    await irc_hears(carol, "bridge", r"\* Egon waves")
    # Text that would be a token, and must not be one.
    carol.send("PRIVMSG #lobby :<!channel> and <@U123> & more")
    await slack.wait_for_text("general", "&lt;!channel&gt; and &lt;@U123&gt; &amp; more")
    await slack.wait_acknowledged()
    require(said_on_irc(carol, mark) == ["<Egon> hello <IRC>", "* Egon waves"], f"{said_on_irc(carol, mark)}")
    texts = [message["text"] for message in slack.posted("general") if message.get("username") == "carol"]
    require(len(texts) == 2, f"carol is shown more often than she spoke: {texts}")


async def scenario_duplicates_and_retries(world):
    """An event that comes twice, or again because its acknowledgement was lost, counts once."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    mark = carol.mark()
    slack.hub.duplicate = 3
    for text in ("one", "two", "three"):
        lobby.egon.say("general", text)
    slack.hub.drop = 1
    lobby.egon.say("general", "four")
    lobby.egon.say("general", "five")
    await irc_hears(carol, "bridge", "<Egon> five", mark)
    await irc_hears(carol, "bridge", "<Egon> four", mark)
    await slack.wait_acknowledged()
    # The mention of the bot comes as an event of its own besides the message.
    lobby.egon.say("general", f"<@{slack.bot.bot_user}> six")
    await irc_hears(carol, "bridge", "<Egon> .*six", mark)
    await slack.wait_acknowledged()
    lobby.egon.say("general", "the end")
    await irc_hears(carol, "bridge", "<Egon> the end", mark)
    said = said_on_irc(carol, mark)
    require(len(said) == 7 and len(set(said)) == 7, f"{said}")
    require(not slack.hub.duplicate and not slack.hub.drop, "nothing came twice, or was dropped")


async def scenario_many_new_people_at_once(world):
    """Of people who all begin to speak at once the names are asked for together: nobody waits for the others' answers."""
    names = [f"p{number}" for number in range(24)]
    lobby = await tied(world, people=("egon", *names))
    slack, carol = lobby.slack, lobby.carol
    mark = carol.mark()
    # One after the other they would take longer than an event may wait for a name.
    slack.faults.plan("delay", "users.info", times=len(names), seconds=0.4)
    for name in names:
        slack.person(name).say("general", f"hello from {name}")
    await irc_hears(carol, "bridge", f"<{names[-1].title()}> hello from {names[-1]}", mark)
    await slack.wait_acknowledged()
    require(said_on_irc(carol, mark) == [f"<{name.title()}> hello from {name}" for name in names],
            f"{said_on_irc(carol, mark)}")
    require(not slack.faults.planned, f"not all were asked for: {slack.faults.planned}")


async def scenario_own_account(world):
    """Who has logged in speaks in his own name, and is in the room as long as he is in the channel."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, carol = lobby.slack, lobby.carol
    dana = Asker(slack, lobby.dana)
    await dana.ask("help", "link <room>")
    mark = carol.mark()
    await dana.ask("login", "no account here yet. User name on the network[?]")
    await dana.ask("dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    lobby.dana.say("general", "as myself")
    await irc_hears(carol, "dana", "as myself")
    lobby.egon.say("general", "by another")
    await irc_hears(carol, "bridge", "<Egon> by another")
    require([text for text in said_on_irc(carol, mark) if "as myself" in text] == ["as myself"], f"{said_on_irc(carol, mark)}")
    # What she says herself is not shown to her again.
    carol.send("PRIVMSG #lobby :done")
    await slack.wait_for_text("general", "done", "carol")
    require(not [m for m in slack.posted("general") if m["text"] in ("as myself", "by another")], "an echo came back")
    mark = carol.mark()
    lobby.dana.leave("general")
    await carol.expect(r"^:dana!\S+ (PART #lobby|QUIT)", mark)
    mark = carol.mark()
    lobby.dana.join("general")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    await dana.ask("status", "dana: connected")
    mark = carol.mark()
    await dana.ask("unregister", "unregistered")
    await carol.expect(r"^:dana!\S+ (PART #lobby|QUIT)", mark)


async def scenario_references(world):
    """Edits, deletions, threads and reactions of Slack, in words where the network has nothing else."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    ts = lobby.egon.say("general", "a first")
    await irc_hears(carol, "bridge", "<Egon> a first")
    lobby.egon.edit("general", ts, "a second")
    await irc_hears(carol, "bridge", r"<Egon> \* a second")
    lobby.egon.react("general", ts, "+1")
    await irc_hears(carol, "bridge", "<Egon> \U0001f44d")
    reply = lobby.egon.say("general", "in a thread", thread=ts)
    await carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :<Egon> in a thread$")
    lobby.egon.delete("general", reply)
    await irc_hears(carol, "bridge", r"<Egon> \(takes back: in a thread\)")
    root = lobby.egon.say("general", "a root")
    lobby.egon.say("general", "a reply", thread=root)
    lobby.egon.delete("general", root)
    await irc_hears(carol, "bridge", r"<Egon> \(takes back: a root\)")
    longer = lobby.egon.say("general", "short")
    await irc_hears(carol, "bridge", "<Egon> short")
    words = [f"word{number}" for number in range(1000)]
    mark = carol.mark()
    lobby.egon.edit("general", longer, " ".join(words))
    await irc_hears(carol, "bridge", f".*{words[-1]}", mark)
    said = said_on_irc(carol, mark)
    require(said[0].startswith("<Egon> * word0 ") and re.findall(r"word\d+", " ".join(said)) == words, f"{said}")
    mark = carol.mark()
    lobby.egon.unfurl("general", ts)
    lobby.egon.say("general", "no more of that")
    await irc_hears(carol, "bridge", "<Egon> no more of that", mark)
    require(said_on_irc(carol, mark) == ["<Egon> no more of that"], f"{said_on_irc(carol, mark)}")


async def scenario_custom_emoji(world):
    """Emoji that the workspace made are shown by their names, other names of standard ones as what they are."""
    slack = await world.slack()
    slack.add_emoji(slack.team, "partyparrot")
    slack.add_emoji(slack.team, "hello", "alias:wave")
    lobby = await tied(world, slack=slack)
    carol, egon = lobby.carol, lobby.egon
    ts = egon.say("general", "look :partyparrot: :hello: :tada: :nothing: 10:20:30")
    await irc_hears(carol, "bridge", "<Egon> look :partyparrot: \U0001f44b \U0001f389 :nothing: 10:20:30")
    egon.react("general", ts, "partyparrot")
    await irc_hears(carol, "bridge", "<Egon> :partyparrot:")
    slack.add_emoji(slack.team, "later", "alias:hello")
    egon.react("general", ts, "later")
    await irc_hears(carol, "bridge", "<Egon> \U0001f44b")
    slack.rename_emoji(slack.team, "hello", "hi")
    slack.remove_emoji(slack.team, "later")
    egon.say("general", "now :hi: :hello:")
    await irc_hears(carol, "bridge", "<Egon> now \U0001f44b :hello:")
    require(len([call for call in slack.calls if call.name == "emoji.list"]) == 1, "emoji.list is asked more than once")


async def scenario_mentions(world):
    """Names of people of Slack are mentions, and nothing else is: nobody on the network can call all."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, carol = lobby.slack, lobby.carol
    egon, dana = f"<@{lobby.egon.id}>", f"<@{lobby.dana.id}>"
    await Asker(slack, lobby.dana).ask("login dee", "registered")
    await carol.expect(r"^:dee!\S+ JOIN :?#lobby$")
    mark = carol.mark()
    lobby.egon.say("general", "who is there?")
    await irc_hears(carol, "bridge", "<Egon> who is there.", mark)
    for said, shown in (("egon: me", f"{egon}: me"), ("and @EGON?", f"and {egon}?"), ("dee, too", f"{dana}, too"),
                        ("@channel @here @everyone <!here> <!channel|x>",
                         "@channel @here @everyone &lt;!here&gt; &lt;!channel|x&gt;"),
                        (f"<@{lobby.egon.id}> @bridge bridge: @general", f"&lt;@{lobby.egon.id}&gt; @bridge bridge: @general")):
        carol.send(f"PRIVMSG #lobby :{said}")
        await slack.wait_for_text("general", shown, "carol")
    carol.send("PRIVMSG #lobby :see https://x.org/@egon_/*a*")
    await slack.wait_for_text("general", "see <https://x.org/@egon_/*a*>", "carol")
    for call in slack.calls:
        if call.name == "chat.postMessage" and "username" in call.arguments:
            require((call.arguments["parse"], call.arguments["link_names"]) == ("none", "false"), f"{call.arguments}")


async def scenario_late_answers(world):
    """A command is answered when its response_url is good no more: to whoever gave it, in the channel, else in the DM."""
    lobby = await tied(world)
    slack = lobby.slack

    class Expired(dict):
        def __setitem__(self, path, url):
            url.until = 0
            super().__setitem__(path, url)
    slack.response_urls = Expired()
    await lobby.asker.command("general", "list", "general - #lobby")
    require(slack.team.channel("general").id == lobby.egon.user.ephemerals[-1][0], f"{lobby.egon.user.ephemerals[-1]}")
    slack.channel("elsewhere", "egon", bot=False)
    before = len(lobby.asker.heard())
    lobby.egon.slash("/bridge", "list", "elsewhere")
    await until(lambda: any("general - #lobby" in text for text in lobby.asker.heard()[before:]), "the answer in the DM")


async def chat(world):
    """tied, with a session of egon's own, and a thread that carol has begun with "psst": its message."""
    lobby = await tied(world)
    await lobby.asker.ask("login egon", "registered")
    await until(lambda: "You are connected to the network." in lobby.asker.heard(), "egon's session")
    lobby.carol.send("PRIVMSG egon :psst")
    return lobby, await lobby.slack.wait_for_text(lobby.asker.dm, "psst", "carol")


async def scenario_chats(world):
    """One thread of the DM for each contact, begun by either side."""
    lobby, message = await chat(world)
    slack, carol, egon, dm = lobby.slack, lobby.carol, lobby.egon, lobby.asker.dm
    mark = carol.mark()
    thread = message["thread_ts"]
    egon.say(dm, "yes?", thread=thread)
    await carol.expect(r"^:egon!\S+ PRIVMSG carol :yes\?$", mark)
    carol.send("PRIVMSG egon :the same thread")
    require((await slack.wait_for_text(dm, "the same thread"))["thread_ts"] == thread, "another thread")
    await lobby.asker.ask("chat dave", "a thread")
    dave = await world.irc_client(lobby.ircd, "dave")
    root = await slack.wait_for_message(dm, lambda m: "*dave*" in m["text"])
    mark = dave.mark()
    egon.say(dm, "hello dave", thread=root["ts"])
    await dave.expect(r"^:egon!\S+ PRIVMSG dave :hello dave$", mark)


async def scenario_bans_of_a_room(world):
    """Listed and taken back by command: people of Slack have no other way to it."""
    lobby = await tied(world)
    asker, carol = lobby.asker, lobby.carol
    await carol.join("#own")  # the first one is the operator
    lobby.slack.channel("another", "egon")
    await asker.command("another", "link #own", "tied to #own now")
    await asker.command("another", "room-bans #own", "You are not logged in")
    mark = carol.mark()
    await asker.ask("login egon", "registered")
    await carol.expect(r"^:egon!\S+ JOIN :?#own$", mark)
    carol.send("MODE #own +b *!*@_x_.example.net")
    await carol.expect(r"MODE #own \+b", mark)
    text = await asker.command("another", "room-bans #own", "Banned from #own")
    # Nothing of it is taken for a mark: U+200B keeps them apart, and is not read again.
    require("\u200b" in text and "*!*@_x_.example.net, by carol" in html.unescape(text.replace("\u200b", "")),
            f"banned are {text}")
    # Who is no operator is told so.
    shown = len(lobby.egon.user.ephemerals)
    await asker.command("another", "room-unban #own *!*@_x_.example.net", "#own is to take the ban of")
    await until(lambda: any("not channel operator" in message["text"] for _, message in lobby.egon.user.ephemerals[shown:]),
                f"the refusal in {lobby.egon.user.ephemerals[shown:]}")
    carol.send("MODE #own +o egon")
    mark = carol.mark()
    copied = re.search(r"\S*example.net", text)[0]
    await asker.command("another", f"room-unban #own {copied}", "#own is to take the ban of")
    await carol.expect(r"^:egon!\S+ MODE #own -b ", mark)
    await asker.command("another", "room-bans #own", "Nobody is banned from #own")


async def scenario_long_messages(world):
    """What is longer than a line of IRC is several, and all there. The other way: long_edits, very_long."""
    lobby = await tied(world)
    words = [f"word{number}" for number in range(150)]
    mark = lobby.carol.mark()
    lobby.egon.say("general", " ".join(words))
    await irc_hears(lobby.carol, "bridge", f".*{words[-1]}", mark)
    said = said_on_irc(lobby.carol, mark)
    require(len(said) > 1 and said[0].startswith("<Egon> "), f"{said}")
    require(re.findall(r"word\d+", " ".join(said)) == words, f"{said}")


async def scenario_files(world):
    """A file becomes an address of ours, behind which it is."""
    port = free_port()
    lobby = await tied(world, **{"media.public_url": f"http://127.0.0.1:{port}", "media.port": port})
    content = os.urandom(5000)
    lobby.egon.upload("general", "a picture.png", content, "look at this")
    heard = await lobby.carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :.*?(http://127\.0\.0\.1:\S+)")
    await lobby.carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :.*look at this")
    fetched, _ = await asyncio.to_thread(fetch, heard.group(1))
    require(fetched == content, f"{heard.group(1)} has {len(fetched)} bytes")


async def scenario_sockets(world):
    """Sockets are refreshed, cut and refused in the middle of events: each of them counts once."""
    lobby = await tied(world)
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon
    mark = carol.mark()
    number = 0

    def say(count):
        nonlocal number
        for _ in range(count):
            number += 1
            egon.say("general", f"number {number}")

    async def heard():
        await irc_hears(carol, "bridge", f"<Egon> number {number}", mark)
    for reason in ("warning", "refresh_requested", "too_many_websockets"):
        say(3)
        for socket in slack.hub.live():
            socket.disconnect(reason)
        say(3)
        await heard()
    for _ in range(3):
        say(2)
        for socket in slack.hub.live():
            socket.cut()
        say(2)
        await slack.wait_connected()
        say(1)
        await heard()
    slack.hub.delay = 0.3
    say(2)
    slack.hub.delay = 0.0
    say(2)
    await slack.wait_acknowledged()
    await until(lambda: len(set(said_on_irc(carol, mark))) == number, "everything to be heard")
    said = said_on_irc(carol, mark)
    require(len(said) == number, f"{number} were said, heard is {said}")


async def scenario_disabled(world):
    """Socket Mode is switched off: administrators are told, and nobody loops."""
    lobby = await tied(world)
    slack = lobby.slack
    slack.hub.disabled = True
    for socket in slack.hub.live():
        socket.disconnect("link_disabled")
    await until(lambda: any("no events any more" in text for text in lobby.asker.heard()), "a word to the administrator")
    calls = len([call for call in slack.calls if call.name == "apps.connections.open"])
    lobby.carol.send("PRIVMSG #lobby :still to Slack")
    await slack.wait_for_text("general", "still to Slack", "carol")
    require(len([call for call in slack.calls if call.name == "apps.connections.open"]) <= calls + 1, "it tries on")


async def scenario_a_large_workspace(world):
    """100,000 people and 20,000 channels: nothing is read of them before it is needed."""
    slack = await world.slack()
    slack.add_people(slack.team, 100000)
    slack.add_channels(slack.team, 20000, "U0")
    lobby = await tied(world, slack=slack)
    lobby.egon.say("general", "hello from many")
    await irc_hears(lobby.carol, "bridge", "<Egon> hello from many")
    asked = [call.name for call in slack.calls]
    require(len(asked) < 40 and not {"users.list", "conversations.list", "conversations.members"} & set(asked), f"{asked}")


async def scenario_gap(world):
    """What was said while no socket was open is read back, in order, and once."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    ts = lobby.egon.say("general", "before")
    await irc_hears(carol, "bridge", "<Egon> before")
    mark = carol.mark()
    await lobby.gateway.process.stop()
    slack.hub.retry_delays = ()
    for number in range(5):
        lobby.egon.say("general", f"meanwhile {number}")
    lobby.egon.say("general", "in the thread", thread=ts)
    await lobby.gateway.start()
    await slack.wait_connected()
    await irc_hears(carol, "bridge", "<Egon> in the thread", mark)
    lobby.egon.say("general", "after")
    await irc_hears(carol, "bridge", "<Egon> after", mark)
    said = [text for text in said_on_irc(carol, mark) if "meanwhile" in text or "after" in text]
    require(said == [f"<Egon> meanwhile {number}" for number in range(5)] + ["<Egon> after"], f"{said}")


async def changes_are_found(world, begin_gap, end_gap):
    """Edits, deletions and reactions in a gap, of messages of the channel and of a thread; each comes once."""
    lobby = await tied(world)
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon
    edited, deleted, reacted, thread, root = [egon.say("general", text) for text in ("wrong", "gone", "nice", "root", "stone")]
    reply, answer = egon.say("general", "reply", thread=thread), egon.say("general", "answer", thread=thread)
    egon.say("general", "below", thread=root)
    before = egon.say("general", "before")
    carol.send("PRIVMSG #lobby :of IRC")
    ours = (await slack.wait_for_text("general", "of IRC", "carol"))["ts"]
    egon.react("general", edited, "+1")
    egon.react("general", ours, "eyes")
    egon.edit("general", before, "edited before")
    for text in ("before", r"\* edited before", "\U0001f44d", "\U0001f440"):
        await irc_hears(carol, "bridge", f"<Egon> {text}")
    await slack.wait_acknowledged()
    mark = carol.mark()
    await begin_gap(lobby)
    egon.edit("general", edited, "right")
    egon.delete("general", deleted)
    egon.react("general", reacted, "tada")
    egon.unreact("general", edited, "+1")
    egon.react("general", ours, "wave")
    egon.edit("general", answer, "answered")
    egon.delete("general", reply)
    egon.delete("general", root)
    await end_gap(lobby)
    egon.say("general", "after")
    await irc_hears(carol, "bridge", "<Egon> after", mark)

    def changes():
        return sorted(re.sub(r"takes back: (?![^\x00-\x7f]).*\)", "takes back a message)", text)
                      for text in said_on_irc(carol, mark) if text != "<Egon> after")
    # Where it takes longer than an envelope may wait, some come behind it.
    await until(lambda: len(changes()) >= 8, f"all changes, not {changes()}")
    require(changes() == ["<Egon> (takes back a message)"] * 3 + [
        "<Egon> (takes back: \U0001f44d)", "<Egon> * answered", "<Egon> * right", "<Egon> \U0001f389", "<Egon> \U0001f44b"],
        f"{changes()}")
    # Nothing comes again after another gap.
    mark = carol.mark()
    await begin_gap(lobby)
    await end_gap(lobby)
    egon.say("general", "the end")
    await irc_hears(carol, "bridge", "<Egon> the end", mark)
    require(said_on_irc(carol, mark) == ["<Egon> the end"], f"{said_on_irc(carol, mark)}")


async def scenario_changed_meanwhile(world):
    """What people changed while the gateway was down is found when it is there again."""
    async def stop(lobby):
        lobby.slack.hub.retry_delays = ()
        await lobby.gateway.process.stop()

    async def start(lobby):
        await lobby.gateway.start()
        await lobby.slack.wait_connected()
    await changes_are_found(world, stop, start)


async def scenario_changes_left_out(world):
    """Also what Slack left out while a socket was open."""
    async def begin(lobby):
        lobby.slack.hub.retry_delays, lobby.slack.hub.drop = (), 1000

    async def end(lobby):
        lobby.slack.hub.drop = 0
        lobby.slack.tell_rate_limited(lobby.slack.team)
    await changes_are_found(world, begin, end)


async def scenario_left_out(world):
    """What Slack leaves out, as there are too many events, is read back when it says so."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    lobby.egon.say("general", "before")
    await irc_hears(carol, "bridge", "<Egon> before")
    await slack.wait_acknowledged()
    mark = carol.mark()
    slack.hub.retry_delays, slack.hub.drop = (), 3
    for number in range(3):
        lobby.egon.say("general", f"left out {number}")
    require(not slack.hub.drop, "it was sent")
    slack.tell_rate_limited(slack.team)
    await irc_hears(carol, "bridge", "<Egon> left out 2", mark)
    lobby.egon.say("general", "after")
    await irc_hears(carol, "bridge", "<Egon> after", mark)
    said = said_on_irc(carol, mark)
    require(said == [f"<Egon> left out {number}" for number in range(3)] + ["<Egon> after"], f"{said}")


async def scenario_acknowledged_in_time(world):
    """Who waits for history, and then for names in it, is acknowledged within three seconds all the same."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, carol = lobby.slack, lobby.carol
    lobby.egon.say("general", "before")
    await irc_hears(carol, "bridge", "<Egon> before")
    await slack.wait_acknowledged()
    mark = carol.mark()
    slack.hub.retry_delays, slack.hub.drop = (), 1
    lobby.dana.say("general", "left out")
    slack.faults.plan("delay", "conversations.history", seconds=1.7)
    slack.faults.plan("late", "users.info", times=100, seconds=20)
    calls = len(slack.calls)
    slack.tell_rate_limited(slack.team)
    await until(lambda: any(call.name == "conversations.history" for call in slack.calls[calls:]), "history to be read")
    lobby.egon.say("general", "after")
    delivery = slack.hub.deliveries[-1]
    await irc_hears(carol, "bridge", "<Egon> after", mark)
    await until(lambda: delivery.acked is not None, "its acknowledgement")
    require(len(delivery.attempts) == 1 and 1.7 < delivery.acked < 3, f"{delivery.attempts} {delivery.acked}")
    require(len(said_on_irc(carol, mark)) == 2, f"{said_on_irc(carol, mark)}")


async def scenario_lost_answers(world):
    """A post whose answer is lost is looked up before it is made again: nothing is lost, nothing doubled."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    slack.faults.plan("hangup_after", "chat.postMessage", times=2)
    slack.faults.plan("hangup", "chat.postMessage", times=1)
    texts = [f"number {number}" for number in range(6)]
    for text in texts:
        carol.send(f"PRIVMSG #lobby :{text}")
    await slack.wait_for_text("general", texts[-1], "carol", timeout=60.0)
    shown = [message["text"] for message in slack.posted("general") if message.get("username") == "carol"]
    require(shown == texts, f"{shown}")
    require(not slack.faults.planned, f"nothing went wrong: {slack.faults.planned}")


async def scenario_killed(world):
    """kill -9 in the middle of messages both ways: each of them is there once, in order."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    mark = carol.mark()
    number = 0
    for round_ in range(KILLS):
        for _ in range(5):
            number += 1
            carol.send(f"PRIVMSG #lobby :from IRC {number}")
            lobby.egon.say("general", f"from Slack {number}")
        await slack.wait_for_text("general", f"from IRC {number - 2 - round_ % 3}", "carol", timeout=60.0)
        await lobby.gateway.kill_core()
        number += 1
        carol.send(f"PRIVMSG #lobby :from IRC {number}")
        lobby.egon.say("general", f"from Slack {number}")
        await lobby.gateway.start()
        await slack.wait_connected()
    await slack.wait_for_text("general", f"from IRC {number}", "carol", timeout=60.0)
    await irc_hears(carol, "bridge", f"<Egon> from Slack {number}", mark)
    shown = [message["text"] for message in slack.posted("general") if message.get("username") == "carol"]
    require(shown == [f"from IRC {n}" for n in range(1, number + 1)], f"{shown}")
    said = said_on_irc(carol, mark)
    require(said == [f"<Egon> from Slack {n}" for n in range(1, number + 1)], f"{said}")


# ------------------------------------------------------------------------------------------------------ beside others


async def with_matrix(world, **keys):
    """As tied; the room is a portal of Matrix, too, where alice is."""
    slack = await world.slack()
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    synapse = world.synapse_or_skip()
    ircd = await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    await gateway.appservice_of(synapse)
    gateway.slack_of(slack)
    gateway.keys.update({"irc.line_interval": "0", "slack.admin": f"{slack.team.id}/{egon.id}", **keys})
    await synapse.start()
    await gateway.start()
    await slack.wait_connected()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice, _ = await with_account(world, synapse, "alice")
    portal = await enter(alice, carol)
    asker = Asker(slack, egon)
    mark = carol.mark()
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    return SimpleNamespace(slack=slack, ircd=ircd, gateway=gateway, carol=carol, egon=egon, alice=alice, portal=portal,
                           synapse=synapse)


def text_of(slack, ts, channel="general"):
    return next((message["text"] for message in slack.messages(channel) if message["ts"] == ts), None)


async def scenario_matrix_and_irc(world):
    """Three places, one room: everything is everywhere once, with its author."""
    hall = await with_matrix(world)
    slack, carol, alice, egon, portal = hall.slack, hall.carol, hall.alice, hall.egon, hall.portal
    carol.send("PRIVMSG #lobby :from IRC")
    await slack.wait_for_text("general", "from IRC", "carol")
    await alice.message(portal, "^from IRC$")
    await alice.say(portal, "from Matrix")
    ours = (await slack.wait_for_text("general", "from Matrix", "alice"))["ts"]
    await irc_hears(carol, "alice", "from Matrix")
    theirs = egon.say("general", "from Slack")
    await irc_hears(carol, "bridge", "<Egon> from Slack")
    heard = await alice.message(portal, "^from Slack$")
    require(heard["sender"].startswith("@_irc_slack"), f"the author is {heard}")
    # Each kind of thing that is said about another, from either side.
    event = alice.messages(portal, "^from Matrix$")[0]["event_id"]
    await alice.edit(portal, event, "from Matrix, corrected")
    await until(lambda: text_of(slack, ours) == "from Matrix, corrected", "the edit in Slack")
    # Synapse passes on what anybody edits; who did not say it changes nothing.
    mallory, _ = await with_account(world, hall.synapse, "mallory")
    await enter(mallory, carol)
    await mallory.edit(portal, event, "I owe mallory money")
    await slack.wait_for_text("general", "* I owe mallory money", "mallory")
    require(text_of(slack, ours) == "from Matrix, corrected", f"{text_of(slack, ours)}")
    egon.edit("general", theirs, "from Slack, corrected")
    await alice.event(portal, "m.room.message", where=lambda e: e["content"].get("m.new_content", {}).get("body")
                      == "from Slack, corrected" and e["content"]["m.relates_to"]["event_id"] == heard["event_id"])
    await alice.react(portal, heard["event_id"], "\U0001f44d")
    await slack.wait_for_call("reactions.add", lambda call: call.arguments["timestamp"] == theirs
                              and call.arguments["name"] in ("+1", "thumbsup"))
    egon.react("general", ours, "tada")
    await alice.event(portal, "m.reaction", where=lambda e: e["content"]["m.relates_to"]["event_id"] == event
                      and e["content"]["m.relates_to"]["key"] == "\U0001f389")
    await alice.reply_in_thread(portal, heard["event_id"], "about that")
    inside = await slack.wait_for_text("general", "about that", "alice")
    require(inside["thread_ts"] == theirs, f"{inside}")
    egon.say("general", "about yours", thread=ours)
    answer = await alice.message(portal, "^about yours$")
    require(answer["content"]["m.relates_to"].get("event_id") == event, f"{answer}")
    await alice.redact(portal, event)
    await until(lambda: text_of(slack, ours) != "from Matrix, corrected", "the message to be gone in Slack")
    egon.delete("general", theirs)
    await alice.event(portal, "m.room.redaction",
                      where=lambda e: heard["event_id"] in (e.get("redacts"), e["content"].get("redacts")))
    # Nothing of all that came twice.
    await alice.say(portal, "the end")
    await slack.wait_for_text("general", "the end", "alice")
    for text in ("from IRC", "from Matrix", "from Slack", "about that", "about yours"):
        require(len(alice.messages(portal, f"^{text}$")) == 1, f"{text}: {alice.messages(portal, f'^{text}$')}")
    shown = [message["text"] for message in slack.posted("general") if "username" in message]
    require(len(shown) == len(set(shown)), f"{shown}")


async def scenario_long_edits(world):
    """What is longer than a message of Slack's is several, and is edited part by part."""
    hall = await with_matrix(world)
    slack, alice, portal = hall.slack, hall.alice, hall.portal
    lines = [f"line {number:03} of a text that is quite long, as texts go, and goes on and on" for number in range(140)]

    def parts():
        return [message["text"] for message in slack.posted("general") if message.get("username") == "alice"]
    event = await alice.say(portal, "\n".join(lines))
    await until(lambda: len(parts()) == 3, "three parts")
    require("\n".join(parts()).replace("\n", "") == "".join(lines), f"{parts()}")
    shorter = [line.replace("line", "row") for line in lines[:80]]
    await alice.edit(portal, event, "\n".join(shorter))
    await until(lambda: len(parts()) == 2, "two parts")
    await until(lambda: "\n".join(parts()).replace("\n", "") == "".join(shorter), "the edit")
    longer = [line.replace("line", "verse") for line in lines]
    await alice.edit(portal, event, "\n".join(longer))
    await until(lambda: "\n".join(parts()).replace("\n", "") == "".join(longer), f"the longer edit, {parts()}")
    await alice.redact(portal, event)
    await until(lambda: not parts(), "all parts to be gone")


async def scenario_copies(world):
    """A room in several channels: what is said about a message reaches each of its copies, and the original."""
    hall = await with_matrix(world)
    slack, alice, egon, portal = hall.slack, hall.alice, hall.egon, hall.portal
    places = ("general", "annex", "attic")
    for name in places[1:]:
        slack.channel(name, "egon")
        await Asker(slack, egon).command(name, "link #lobby", "tied to #lobby now")

    async def everywhere(text, where=places):
        return {place: (await slack.wait_for_text(place, text))["ts"] for place in where}

    async def all_are(copies, text):
        for place, ts in copies.items():
            await until(lambda p=place, t=ts: text_of(slack, t, p) == text, f"{text!r} in {place}")

    async def reacted(copies, name):
        for place, ts in copies.items():
            await slack.wait_for_call("reactions.add", lambda call, t=ts, p=place: call.arguments["timestamp"] == t
                                      and call.arguments["channel"] == slack.team.channel(p).id
                                      and call.arguments["name"] == name)
    event = await alice.say(portal, "from Matrix")
    copies = await everywhere("from Matrix")
    # At once: it waits until each of them has a name.
    await alice.edit(portal, event, "corrected")
    await all_are(copies, "corrected")
    await alice.react(portal, event, "\U0001f389")
    await reacted(copies, "tada")
    await alice.reply_in_thread(portal, event, "below")
    for place, ts in copies.items():
        inside = await slack.wait_for_text(place, "below", "alice")
        require(inside.get("thread_ts") == ts, f"{place}: {inside}")
    # What a person of Slack says about one of them is said about the others.
    egon.react("attic", copies["attic"], "eyes")
    await reacted({place: copies[place] for place in places[:2]}, "eyes")
    await alice.event(portal, "m.reaction", where=lambda e: e["content"]["m.relates_to"]["event_id"] == event
                      and e["content"]["m.relates_to"]["key"] == "\U0001f440")
    theirs = egon.say("general", "from Slack")
    heard = await alice.message(portal, "^from Slack$")
    copies = {"general": theirs, **await everywhere("from Slack", places[1:])}
    await alice.react(portal, heard["event_id"], "\U0001f44d")
    await reacted(copies, "+1")
    egon.react("annex", copies["annex"], "wave")
    await reacted({place: copies[place] for place in ("general", "attic")}, "wave")
    egon.edit("general", theirs, "from Slack, corrected")
    await all_are(copies, "from Slack, corrected")
    egon.delete("general", theirs)
    await all_are(copies, None)
    shown = [message["text"] for place in places for message in slack.posted(place) if "username" in message]
    require(sorted(shown) == ["below"] * 3 + ["corrected"] * 3, f"{shown}")
    await alice.redact(portal, event)
    for place in places:
        await until(lambda p=place: not [m for m in slack.posted(p) if m["text"] == "corrected"], f"it to be gone in {place}")


async def scenario_very_long(world):
    """What is too long for some messages is its beginning and a file."""
    hall = await with_matrix(world)
    slack, alice, portal = hall.slack, hall.alice, hall.portal
    text = "\n".join(f"line {number:03} of a text that is very long, as texts go, and goes on" for number in range(620))
    event = await alice.say(portal, text)

    def posts():
        return [message for message in slack.posted("general")
                if message.get("username") == "alice" or message.get("files")]
    await until(lambda: len(posts()) == 2, "a beginning and a file")
    beginning = next(message for message in posts() if not message.get("files"))
    file = next(message for message in posts() if message.get("files"))["files"][0]
    require(text.startswith(beginning["text"]) and len(beginning["text"]) > 3000, f"{beginning}")
    require(slack.team.files[file["id"]].content.decode() == text, "the file is not the text")
    # Edited, it is another beginning and another file; or a message like others, which may become one again.
    other = text.replace("line", "verse")

    async def edit(to):
        # What clients that know no edits show stays short: both do not fit into an event.
        await alice.say(portal, "* edited", **{"m.new_content": {"msgtype": "m.text", "body": to},
                                               "m.relates_to": {"rel_type": "m.replace", "event_id": event}})
    await edit(other)

    def now_says(content):
        kept = [message["files"][0]["id"] for message in posts() if message.get("files")]
        begin = [message["text"] for message in posts() if not message.get("files")]
        return (len(kept) == 1 and slack.team.files[kept[0]].content.decode() == content
                and len(begin) == 1 and content.startswith(begin[0]) and len(begin[0]) > 3000)
    await until(lambda: now_says(other), "the other text")
    await edit("short")
    await until(lambda: [message["text"] for message in posts()] == ["short"], "the short text, and no file")
    await edit(text)
    await until(lambda: now_says(text), "the long text again")
    await alice.redact(portal, event)
    await until(lambda: not posts(), "both to be gone")


async def scenario_files_once(world):
    """A file of the network is there once, whatever becomes of the answer to its last call, and of the gateway."""
    hall = await with_matrix(world)
    slack, alice, portal = hall.slack, hall.alice, hall.portal

    def files():
        return [message["files"][0]["id"] for message in slack.posted("general") if message.get("files")]

    async def say_long(word):
        await alice.say(portal, "\n".join(f"{word} {number:03} of a text that is very long, as texts go, and on" for number in range(620)))

    async def completed(count):
        await until(lambda: len([call for call in slack.calls if call.name == "files.completeUploadExternal"]) >= count,
                    f"call {count} that completes an upload")
    slack.faults.share_seconds = 1.0
    slack.faults.plan("hangup_after", "files.completeUploadExternal", times=1)
    await say_long("answer")
    await completed(1)
    await alice.say(portal, "behind the first")
    await slack.wait_for_text("general", "behind the first", "alice")
    await until(lambda: len(files()) == 1, "the first file")
    # The log has the message's number where the upload is tried again.
    mark = len(hall.gateway.process.log())
    slack.faults.uploads_fail = 1
    await say_long("again")
    await wait_for_way(hall.gateway, r'message from "@alice\S+": taken, trace (\d+)', ["upload: to be asked again: "], mark)
    await until(lambda: len(files()) == 2, "the file that was tried again")
    slack.faults.share_seconds = 2.0
    mark = len(hall.gateway.process.log())
    await say_long("killed")
    await completed(3)
    trace = await wait_for_way(hall.gateway, r'message from "@alice\S+": taken, trace (\d+)', [" is kept,"], mark)
    await hall.gateway.kill_core()
    await hall.gateway.start()
    await slack.wait_connected()
    # It keeps its number in the next process.
    await wait_for_way(hall.gateway, rf'message \d+ for "{slack.team.id}/\S+", from before the start, trace ({trace})\b',
                       [" has arrived,"], 0)
    await alice.say(portal, "behind the second")
    await slack.wait_for_text("general", "behind the second", "alice")
    await until(lambda: len(files()) == 3, "the last file")
    # It was asked for, and not brought again.
    await slack.wait_for_call("files.info")
    require(len(files()) == 3, f"{files()}")
    calls = [call.name for call in slack.calls]
    require(calls.count("files.getUploadURLExternal") == 3, f"{calls}")


async def scenario_beside_xmpp(world):
    """Somebody on XMPP and somebody on Slack, in one instance, in one room."""
    slack = await world.slack()
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    ircd = await world.ngircd()
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.keys["service.frontend"] = "xmpp"
    gateway.irc(ircd)
    gateway.slack_of(slack)
    gateway.keys.update({"registration.auto_register": "1", "irc.line_interval": "0",
                         "slack.admin": f"{slack.team.id}/{egon.id}"})
    await gateway.start()
    await gateway.process.wait_log("connected to 127.0.0.1")
    await slack.wait_connected()
    asker = Asker(slack, egon)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    bob = await world.person("bob@localhost", prosody.c2s_port)
    room = "#lobby@irc.localhost"
    bob.join(room, "bob")
    await bob.joined(room, "bob")
    egon.say("general", "hello XMPP")
    await bob.message(f"{room}/bridge", "^<Egon> hello XMPP$", "groupchat")
    bob.say(room, "hello Slack", "groupchat")
    await slack.wait_for_text("general", "hello Slack", "bob")
