# SPDX-License-Identifier: MIT
"""
Whether the test Slack is like the real one, as far as Slack's own SDKs and others who know it can tell: each runs a script
against it (tests/slack/referees). And whether they would notice: for each rule that the test Slack keeps
(tests/slack/testslack/rules.py) one of them has to fail when it is broken.
"""
import asyncio

from harness.process import Failure, Skip, require
from harness.referees import LANGUAGES, Referee, checks_of, environment
from testslack import RULES

# rule -> who notices that it is broken: a language and the name of a check.
WITNESSES = {
    "auth.token": "python token", "auth.kind": "python token_kind", "auth.scope": "python token_scope",
    "args.required": "python arguments", "args.json": "python arguments", "args.form_json": "python form_json",
    "errors.status": "python error_status",
    "limits.status": "python rate_limits", "limits.retry_after": "python rate_limits",
    "limits.per_method": "python rate_limits",
    "pages.cursor": "python pages", "pages.limit": "python pages", "pages.invalid": "python pages",
    "history.order": "python history", "history.range": "python history", "history.replies": "python history",
    "replies.order": "python history",
    "message.ts": "python posting", "message.encoded": "python posting", "message.thread": "python history",
    "message.custom": "python posting",
    "update.own": "python updates", "update.length": "python updates",
    "delete.gone": "python deletions", "delete.tombstone": "python deletions",
    "reactions.once": "python reactions", "reactions.listed": "python reactions",
    "channels.member": "python conversations", "channels.private": "python conversations",
    "channels.archived": "python conversations", "channels.names": "python conversations",
    "files.late": "python files", "files.share": "python files", "files.token": "python files",
    "files.content": "python files",
    "oauth.code_once": "python oauth", "oauth.secret": "python oauth", "oauth.refresh_once": "python rotation",
    "oauth.expiry": "python rotation",
    "socket.hello": "python socket_limit", "socket.ticket_once": "python socket_ticket", "socket.spread": "python socket_spread",
    "socket.retry": "python socket_retry", "socket.no_retry": "python socket_no_retry",
    "socket.ack_length": "go ack_length", "socket.ack_fragments": "go ack_fragments",
    "socket.pong": "python socket_pings", "socket.ping": "python socket_pings", "socket.close": "python socket_close",
    "socket.disconnect": "python socket_limit", "socket.limit": "python socket_limit",
    "events.member": "python events", "events.subscribed": "python not_subscribed", "events.once": "python events",
    "events.team": "python events", "events.bot": "python events", "events.edit": "node types", "events.delete": "python events",
    "commands.response": "node bolt", "commands.response_url": "node bolt",
    "shape.ids": "java calls",
}


async def start(world, language):
    referee = Referee(language)
    world.started.append(referee)
    return await referee.start()


async def pass_all(world, language, at_once=6):
    referee = await start(world, language)
    turn = asyncio.Semaphore(at_once)

    async def one(name):
        async with turn:
            return await referee.judge([name])
    failed = {}
    checks = checks_of(language)
    require(len(checks) >= 4, f"the referee in {language} knows nothing: {checks}")
    for result in await asyncio.gather(*(one(name) for name in checks)):
        failed.update(result)
    if failed:
        raise Failure("\n".join(f"{name}: {why}" for name, why in failed.items()))


async def scenario_python(world):
    """slack_sdk and slack_bolt."""
    await pass_all(world, "python")


async def scenario_node(world):
    """@slack/web-api, @slack/socket-mode, @slack/bolt, a JSON schema of the events in @slack/types, and emulate."""
    await pass_all(world, "node")


async def scenario_go(world):
    """slack-go, and slacktest, its own server."""
    await pass_all(world, "go")


async def scenario_java(world):
    """Slack's SDK for Java in its strict mode: every answer and every event."""
    await pass_all(world, "java")


async def scenario_broken(world):
    """Each rule is broken once, and its witness notices."""
    require(set(WITNESSES) == set(RULES), f"rules without a witness: {set(RULES) ^ set(WITNESSES)}")
    missing = [language for language in LANGUAGES if not environment(language)]
    if missing:
        raise Skip(f"Slack's SDKs for {', '.join(missing)} are not installed (scripts/install-slack-sdks)")
    referees = {language: await start(world, language) for language in LANGUAGES}
    turn = asyncio.Semaphore(8)

    async def blind(rule, witness):
        language, check = witness.split()
        async with turn:
            return None if await referees[language].judge([check], [rule]) else f"{rule} is broken, and {witness} passes"
    seen = await asyncio.gather(*(blind(rule, witness) for rule, witness in WITNESSES.items()))
    require(not any(seen), "\n".join(filter(None, seen)))
