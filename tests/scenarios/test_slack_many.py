# SPDX-License-Identifier: MIT
"""Many at once: what one message names, and who comes at a start, keeps nobody else waiting."""
import json
import time

from harness.process import require
from test_slack import Asker, tied, until
from test_slack_kinds import between


async def scenario_thousands_of_names_in_a_message(world):
    """A message that names more people and channels than Slack tells of in an hour keeps no network from being read."""
    sides = await between(world)
    slack, network, egon = sides.slack, sides.network, sides.egon
    egon.say("general", "first")
    await network.heard("a word", lambda said: said["text"] == "first")
    for method in ("users.info", "conversations.info"):
        slack.limits.force(method, times=1000, retry_after=60)
    egon.say("general", " ".join(f"<@U{number:09}> <#C{number:09}>" for number in range(1500)), blocks=False)
    await network.heard("all of it", lambda said: "U000001499" in said["text"] and "C000001499" in said["text"])
    queues = {row["queue"]: row["items"] for row in json.loads(await sides.gateway.control("--json", "queues"))["rows"]}
    require(queues["slack: calls"] <= 100, f"{queues}")  # LIMIT_SLACK_NAMES_ASKED
    network.say("#lobby", "carol", "still read")
    await slack.wait_for_text("general", "still read", "carol")


async def scenario_more_commands_than_slack_answers(world):
    """Whoever says them without end is asked to wait, and nobody else does."""
    sides = await between(world)
    slack, egon = sides.slack, sides.egon
    slack.limits.force("users.conversations", times=1000, retry_after=60)
    for _ in range(60):
        egon.slash("/bridge", "list", "general")
    await until(lambda: sum("Too many commands wait" in message["text"] for _, message in egon.user.ephemerals) == 10,
                "to be asked to wait")  # LIMIT_SLACK_COMMANDS are 50
    await sides.asker.command("general", "settings send_headlines on", "You are not registered here")
    sides.network.say("#lobby", "carol", "still read")
    await slack.wait_for_text("general", "still read", "carol")


async def scenario_back_before_their_workspace(world):
    """Who was there before a restart is there again, however long Slack takes to say who we are in his workspace."""
    lobby = await tied(world, people=("egon", "dana", "otto"))
    slack, carol = lobby.slack, lobby.carol
    for name in ("dana", "otto"):
        mark = carol.mark()
        await Asker(slack, slack.person(name)).command("general", f"login {name}", "registered")
        await carol.expect(rf"^:{name}!\S+ JOIN :?#lobby$", mark)
    await lobby.gateway.stop()
    mark = carol.mark()
    slack.faults.plan("late", "auth.test", seconds=1)
    await lobby.gateway.start()
    for name in ("bridge", "dana", "otto"):
        await carol.expect(rf"^:{name}!\S+ JOIN :?#lobby$", mark)


async def scenario_many_come_at_a_start(world):
    """Whether people were deactivated while nobody heard of it is asked of one a second, however many come at once."""
    names = [f"p{number}" for number in range(16)]
    lobby = await tied(world, people=("egon", *names))
    slack, carol = lobby.slack, lobby.carol
    for name in names:
        mark = carol.mark()
        # Behind the slash command, as who has said something lately is asked for because of that.
        await Asker(slack, slack.person(name)).command("general", f"login {name}", "registered")
        await carol.expect(rf"^:{name}!\S+ JOIN :?#lobby$", mark)
    await lobby.gateway.stop()
    mark, before, begun = carol.mark(), len(slack.calls), time.monotonic()
    await lobby.gateway.start()
    for name in names:
        await carol.expect(rf"^:{name}!\S+ JOIN :?#lobby$", mark)
    asked = sum(call.name == "users.info" for call in slack.calls[before:])
    passed = time.monotonic() - begun
    require(asked <= passed + 1, f"{asked} are asked for in {passed:.1f} s")
