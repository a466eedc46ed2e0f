# SPDX-License-Identifier: MIT
"""
Whether the test Slack is like the real one, as far as Slack's own SDKs know: each of them runs a script against it
(tests/slack/referees), and for each rule that the test Slack has (testslack/rules.py) one of them notices when it is broken.
"""
import asyncio

from harness.process import Failure, require
from harness.referees import Referee, checks_of


async def pass_all(world, language, at_once=6):
    referee = Referee(language)
    world.started.append(referee)
    await referee.start()
    turn = asyncio.Semaphore(at_once)

    async def one(name):
        async with turn:
            return await referee.judge([name])
    failed = {}
    checks = checks_of(language)
    require(len(checks) > 3, f"the referee in {language} knows nothing: {checks}")
    for result in await asyncio.gather(*(one(name) for name in checks)):
        failed.update(result)
    if failed:
        raise Failure("\n".join(f"{name}: {why}" for name, why in failed.items()))


async def scenario_python(world):
    """slack_sdk and slack_bolt."""
    await pass_all(world, "python")


async def scenario_node(world):
    """@slack/web-api, @slack/socket-mode, @slack/bolt, and a JSON schema of the events in @slack/types."""
    await pass_all(world, "node")


async def scenario_go(world):
    """slack-go, and slacktest, its own server."""
    await pass_all(world, "go")
