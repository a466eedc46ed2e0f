# SPDX-License-Identifier: MIT
"""A room of the network in several channels of Slack, when one of them, or its workspace, goes another way than the others."""
import asyncio
import json
from types import SimpleNamespace

from harness.process import require, wait_answer
from test_slack import Asker, until
from test_slack_follow import Gap


async def two_workspaces(world):
    """Channels of two workspaces tied to #lobby, each with an account that speaks for its people. The first is the one whose
    connection is shown."""
    slack = await world.slack()
    other = slack.add_workspace("Hockey")
    bot = slack.install(slack.app, other)
    for team, name in ((slack.team, "egon"), (other, "dana")):
        slack.person(name, team, display_name=name.title())
        slack.channel(f"of-{name}", name, team=team)
    ircd = await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    gateway.slack_of(slack, slack.bot, bot)
    admins = [f"{team.id}/{team.user(name).id}" for team, name in ((slack.team, "egon"), (other, "dana"))]
    gateway.keys.update({"slack.admin": admins, "irc.line_interval": "0"})
    await gateway.start()
    await slack.wait_connected()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    egon, dana = Asker(slack, slack.person("egon")), Asker(slack, slack.person("dana", other), other)
    for asker, nick in ((egon, "first"), (dana, "second")):
        mark = carol.mark()
        await asker.ask(f"relay login {nick}", "registered")
        await asker.command(f"of-{asker.person.user.name}", "link #lobby", "tied to #lobby now")
        await carol.expect(rf"^:{nick}!\S+ JOIN :?#lobby$", mark)
    carol.send("PRIVMSG #lobby :to all")
    await slack.wait_for_text("of-egon", "to all", "carol")
    await slack.wait_for_text("of-dana", "to all", "carol", other)
    return SimpleNamespace(slack=slack, gateway=gateway, carol=carol, egon=egon, dana=dana, other=other, bot=bot)


async def scenario_one_is_slow(world):
    """A workspace that does not say who we are there holds up no other at the start; what was said in it is not lost."""
    both = await two_workspaces(world)
    slack, carol, egon, dana = both.slack, both.carol, both.egon.person, both.dana.person
    await slack.wait_acknowledged()
    await both.gateway.process.stop()
    mark = carol.mark()
    slack.hub.ack_seconds, slack.hub.retry_delays = 1.0, (0.0,) * 5
    dana.say("of-dana", "while it was down")
    slack.limits.force("auth.test", retry_after=9, workspace=both.other)
    await both.gateway.start()
    await slack.wait_connected(timeout=9)
    dana.say("of-dana", "while it was not known")
    egon.say("of-egon", "at once")
    await carol.expect(r"^:first!\S+ PRIVMSG #lobby :<Egon> at once$", mark)
    require(not carol.count("PRIVMSG #lobby :<Dana>", mark), "it was known too early")
    await carol.expect(r"^:second!\S+ PRIVMSG #lobby :<Dana> while it was not known$", mark)
    said = [match.string for match in carol.find_all(r"PRIVMSG #lobby :<Dana>", mark)]
    require(len(said) == 2 and said[0].endswith("while it was down"), f"{said}")
    dana.say("of-dana", "and now")
    await carol.expect(r"^:second!\S+ PRIVMSG #lobby :<Dana> and now$", mark)


async def lose_one(world, lost, left):
    """The token of `lost` is revoked while a message is on its way to both: the rest of it, and what follows, goes on."""
    both = await two_workspaces(world)
    slack, carol = both.slack, both.carol
    askers = {"of-egon": both.egon, "of-dana": both.dana}
    team = askers[left].team
    slack.faults.hold_answers = asyncio.Event()
    carol.send("PRIVMSG #lobby :on its way")
    await slack.wait_for_text("of-egon", "on its way", "carol")
    await slack.wait_for_text("of-dana", "on its way", "carol", both.other)
    slack.revoke((slack.bot if lost == "of-egon" else both.bot).tokens[-1])
    name = askers[lost].team.name
    await until(lambda: any(name in text and "lost" in text for text in askers[left].heard()),
                "a word to the administrator of the other workspace")
    slack.faults.hold_answers, held = None, slack.faults.hold_answers
    held.set()
    carol.send("PRIVMSG #lobby :to one")
    await slack.wait_for_text(left, "to one", "carol", team)
    shown = [message["text"] for message in slack.posted(left, team) if message.get("username") == "carol"]
    require(shown == ["to all", "on its way", "to one"], f"{shown}")


async def scenario_revoked(world):
    """A token that is revoked ends its workspace alone."""
    await lose_one(world, "of-dana", "of-egon")


async def scenario_revoked_listener(world):
    """Also if it is the workspace whose account hears what is shown in both."""
    await lose_one(world, "of-egon", "of-dana")


async def scenario_stopped_while_it_holds_the_socket(world):
    """Where more waits of a workspace than may, nothing is read of any; one that is stopped or lost then holds up no other."""
    both = await two_workspaces(world)
    slack, carol = both.slack, both.carol
    louis = slack.person("louis", both.other, display_name="Louis")
    louis.join("of-dana")
    async with Gap(slack):
        # The first waits for a name, and the others for the first.
        for number in range(2100):  # LIMIT_SLACK_WAITING_EVENTS are 2000
            louis.say("of-dana", f"<@U0NOBODY> {number}", blocks=False)
        slack.limits.force("users.info", times=1000, retry_after=60, workspace=both.other)
        before = len(slack.calls)

    def read():
        return sum(call.name == "conversations.history" and call.workspace is both.other and call.answer is not None
                   for call in slack.calls[before:])
    await until(lambda: read() >= 11, "his words to be read back")
    await both.gateway.control("workspace_stop", both.other.id)
    mark = carol.mark()
    both.egon.person.say("of-egon", "still heard")
    await carol.expect(r"^:first!\S+ PRIVMSG #lobby :<Egon> still heard$", mark)


async def dead_letters(gateway):
    return [row for row in json.loads(await gateway.control("--json", "spool"))["rows"] if row["state"] == "dead letter"]


def said_by_carol(both, channel, team):
    return [message["text"] for message in both.slack.posted(channel, team) if message.get("username") == "carol"]


async def scenario_refused_in_one(world):
    """What one channel refuses is a dead letter for that one: the other has it, once, though the gateway is killed before it was
    posted there; and tried again it comes where it was refused, and nowhere else."""
    both = await two_workspaces(world)
    slack, carol, gateway = both.slack, both.carol, both.gateway
    refusing = both.other.channel("of-dana")
    refusing.restriction = "restricted_action"
    slack.limits.force("chat.postMessage", times=1000, retry_after=1, workspace=slack.team)
    carol.send("PRIVMSG #lobby :refused in one")
    await gateway.process.wait_log(f"a message for {refusing.id} is refused")
    await gateway.kill_core()
    slack.limits.forced.clear()
    await gateway.start()
    await slack.wait_connected()
    await slack.wait_for_text("of-egon", "refused in one", "carol")
    carol.send("PRIVMSG #lobby :again refused")
    await slack.wait_for_text("of-egon", "again refused", "carol")
    await until(lambda: any("of-dana" in text or refusing.id in text for text in both.dana.heard()), "a word to the administrator")

    async def refused(count):
        return await wait_answer(lambda: dead_letters(gateway), lambda rows: len(rows) == count, f"{count} dead letters")
    letters = await refused(2)
    require(all(refusing.id in letter["reason"] and "restricted_action" in letter["reason"] for letter in letters), f"{letters}")
    require(not any(slack.team.channel("of-egon").id in letter["reason"] for letter in letters), f"{letters}")
    # Tried again in vain, then with success: by this process, and by another.
    await gateway.control("spool_retry", str(letters[0]["number"]))
    await refused(2)
    refusing.restriction = None
    await gateway.control("spool_retry", str(letters[0]["number"]))
    await slack.wait_for_text("of-dana", "refused in one", "carol", both.other)
    await gateway.kill_core()
    await gateway.start()
    await slack.wait_connected()
    await gateway.control("spool_retry", str(letters[1]["number"]))
    await slack.wait_for_text("of-dana", "again refused", "carol", both.other)
    carol.send("PRIVMSG #lobby :the end")
    await slack.wait_for_text("of-egon", "the end", "carol")
    await slack.wait_for_text("of-dana", "the end", "carol", both.other)
    for channel, team in (("of-egon", slack.team), ("of-dana", both.other)):
        require(said_by_carol(both, channel, team) == ["to all", "refused in one", "again refused", "the end"],
                f"{channel}: {said_by_carol(both, channel, team)}")
    require(not await dead_letters(gateway), "dead letters are left")


async def scenario_accounts_of_a_lost_workspace(world):
    """Whoever is at home in a workspace that is lost leaves the rooms of the network, also if it was lost while the gateway was
    down; when the app is installed again all of them are back, others were there all the time."""
    both = await two_workspaces(world)
    slack, carol, gateway = both.slack, both.carol, both.gateway
    mark = carol.mark()
    await both.dana.ask("login dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)

    async def stay(*expected):
        carol.send("NAMES #lobby")
        names = (await carol.expect(r"^:\S+ 353 carol . #lobby :(.*)$", carol.mark()))[1]
        require(set(names.replace("@", "").split()) == {"carol", *expected}, f"{names} are in the room")

    async def go(since):
        for nick in ("second", "dana"):
            await carol.expect(rf"^:{nick}!\S+ (QUIT|PART)", since)
        await stay("first")

    async def install():
        bot = slack.install(slack.app, both.other)
        gateway.keys["slack.bot_token"] = [slack.bot.tokens[-1].value, bot.tokens[-1].value]
        since = carol.mark()
        await gateway.start()
        for nick in ("second", "dana"):
            await carol.expect(rf"^:{nick}!\S+ JOIN :?#lobby$", since)
        return bot
    mark = carol.mark()
    slack.revoke(both.bot.tokens[-1])
    await go(mark)
    await gateway.process.stop()
    bot = await install()
    await stay("first", "second", "dana")
    # Their sessions go on without the gateway; the next one finds that the workspace is lost.
    await gateway.kill_core()
    mark = carol.mark()
    slack.revoke(bot.tokens[-1])
    await gateway.start()
    await go(mark)
    await gateway.process.stop()
    await install()
    carol.send("PRIVMSG #lobby :to all again")
    for channel, team in (("of-egon", slack.team), ("of-dana", both.other)):
        await slack.wait_for_text(channel, "to all again", "carol", team)
