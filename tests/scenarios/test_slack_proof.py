# SPDX-License-Identifier: MIT
"""
Whether the test Slack is like the real one, as far as Slack's own SDKs and others who know it can tell: each runs a script
against it (tests/slack/referees). And whether they would notice: for each rule that the test Slack keeps
(tests/slack/testslack/rules.py) one of them has to fail when it is broken.
"""
import asyncio
import glob
import os
import re
from types import SimpleNamespace

from harness.process import Failure, Skip, require, wait_until
from harness.referees import LANGUAGES, Referee, checks_of, environment, start_furnished
from harness.slack import manifest
from harness.slack_foreign import Foreign
from harness.slack_reference import Reference, there_or_skip, unknown_keys
from test_slack_install import source_of_the_frontend
from testslack import EVENTS, RULES
from testslack.methods import METHODS
from testslack.tour import tour

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EVERY_EVENT = {*EVENTS, "app_mention", "user_profile_changed", "file_shared", "file_deleted", "im_created", "team_rename"}
# What is documented and has not been recorded.
MORE_THAN_RECORDED = {
    "chat.update: its answers have no message.subtype", "chat.update: its answers have no message.ts",
    "chat.update: its answers have no message.username", "chat.update: its answers have no message.icons",
    "conversations.history: its answers have no messages[].root.team",
    "conversations.history: its answers have no messages[].root.user",
    "conversations.replies: its answers have no messages[].client_msg_id",
    "conversations.replies: its answers have no messages[].root",
    "conversations.replies: its answers have no messages[].subtype",
    "emoji.list: its answers have no emoji.of-ours",  # a name is a key there
    "event ('message', None) has no app_id", "event ('message', 'bot_message') has no app_id",
    "event ('team_join', None) has no cache_ts", "event ('team_join', None) has no event_ts",
    "event ('user_change', None) has no event_ts",
}

# rule -> who notices that it is broken: a language and the name of a check.
WITNESSES = {
    "auth.header": "python token_header", "auth.revoked": "python goodbyes", "auth.team": "python workspaces",
    "args.known": "python arguments", "errors.messages": "python arguments", "limits.tiers": "python tiers",
    "message.length": "python posting", "message.blocks": "python form_json", "message.parent": "python posting",
    "message.empty": "python form_json", "update.face": "python updates", "update.edited": "python updates",
    "reactions.removed": "python reactions", "reactions.names": "python reactions",
    "channels.joined": "python conversations", "channels.direct": "python direct", "channels.invited": "python conversations",
    "channels.one_dm": "python direct", "files.face": "python one_upload", "files.once": "python one_upload",
    "oauth.state": "python oauth", "oauth.redirect": "python oauth", "socket.disabled": "python goodbyes",
    "events.kind": "python events", "events.reply": "python event_kinds", "events.broadcast": "python event_kinds",
    "events.unfurl": "python event_kinds", "events.tombstone": "python event_kinds", "events.reaction": "python events",
    "events.taken_back": "python event_kinds", "events.member": "python event_kinds", "events.topic": "python event_kinds",
    "events.name": "python event_kinds", "events.mention": "python event_kinds", "events.revoked": "python goodbyes",
    "auth.token": "python token", "auth.kind": "python token_kind", "auth.scope": "python token_scope",
    "args.required": "python arguments", "args.json": "python arguments", "args.form_json": "python form_json",
    "errors.status": "python error_status",
    "limits.status": "python rate_limits", "limits.retry_after": "python rate_limits",
    "limits.per_method": "python rate_limits", "limits.error": "python rate_limits",
    "limits.per_workspace": "python limits_of_a_workspace",
    "pages.cursor": "python pages", "pages.limit": "python pages", "pages.invalid": "python pages",
    "history.order": "python history", "history.range": "python history", "history.replies": "python history",
    "history.metadata": "python metadata", "replies.order": "python history",
    "message.ts": "python posting", "message.encoded": "python posting", "message.thread": "python history",
    "message.custom": "python posting", "message.names": "python names_of_all", "message.ephemeral": "python names_of_all",
    "history.more": "python history_goes_on", "channels.types": "python lists", "channels.of_others": "python lists",
    "files.type": "python files",
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
    "socket.count": "python ghosts", "socket.life": "python socket_life", "socket.warning": "python socket_life",
    "socket.refresh": "python socket_life", "socket.ticket_age": "python ticket_age", "socket.accepts": "python envelopes",
    "socket.attempt": "python socket_retry", "socket.envelope": "python socket_retry", "socket.same_event": "python socket_retry",
    "events.me": "python events_of_channels", "events.file": "python events_of_channels",
    "events.join": "python events_of_channels", "events.gone": "python events_of_channels",
    "events.left": "python events_of_channels", "events.archive": "python events_of_channels",
    "events.deleted": "python events_of_channels", "events.private": "python events_of_channels",
    "events.user": "python events_of_people", "events.emoji": "python events_of_people",
    "events.own": "python events", "events.subscribed": "python not_subscribed", "events.once": "python events",
    "events.team": "python events", "events.bot": "python events", "events.edit": "node types", "events.delete": "python events",
    "commands.response": "node bolt", "commands.response_url": "node bolt",
    "shape.ids": "java calls",
}


# emulate notices, too: where it agrees, and where it is known not to.
ALSO = {"reactions.once": "node emulate", "message.custom": "node emulate"}


async def start(world, language):
    referee = Referee(language, world.folder)
    world.started.append(referee)
    return await referee.start()


async def pass_all(world, language, busy=(), at_once=6, apart=()):
    """busy: checks that keep the referee from anything else for seconds; they come last. apart: those that the scenario makes
    itself."""
    referee = await start(world, language)
    turn = asyncio.Semaphore(at_once)

    async def one(name):
        async with turn:
            return await referee.judge([name])
    failed = {}
    checks = [name for name in checks_of(language) if name not in apart]
    require(len(checks) + len(apart) >= 4, f"the referee in {language} knows nothing: {checks}")
    for result in await asyncio.gather(*(one(name) for name in checks if name not in busy)):
        failed.update(result)
    for name in busy:
        failed.update(await one(name))
    if failed:
        raise Failure("\n".join(f"{name}: {why}" for name, why in failed.items()))


async def scenario_python(world):
    """slack_sdk and slack_bolt."""
    await pass_all(world, "python")


async def scenario_node(world):
    """@slack/web-api, @slack/socket-mode, @slack/bolt, a JSON schema of the events in @slack/types, and emulate."""
    await pass_all(world, "node", busy=["types"])


async def scenario_go(world):
    """slack-go, and slacktest, its own server."""
    await pass_all(world, "go")


# What is refused whoever asks: the old ways.
SWITCHED_OFF = {"files.upload", "rtm.connect", "rtm.start"}
# Names with a dot in the frontend that are no methods.
NO_METHODS = {"message", "slack"}


def methods_of_the_frontend():
    names = set(re.findall(r'"([a-z]\w*(?:\.\w+)+)"', source_of_the_frontend(), re.I))
    return {name for name in names if name.partition(".")[0] not in NO_METHODS}


async def scenario_java(world):
    """Slack's SDK for Java in its strict mode: every answer and every event. It has seen an answer of each method that the test
    Slack has and the frontend calls."""
    await pass_all(world, "java", apart=["calls"])
    referee = next(one for one in world.started if isinstance(one, Referee))
    slack = await start_furnished()
    world.started.append(slack)
    failed = (await referee.ask(state=slack.state(), checks=["calls"]))["failed"]
    require(not failed, f"{failed}")
    parsed = {call.name for call in slack.calls if call.answer and call.answer["ok"]}
    require(parsed == set(METHODS) - SWITCHED_OFF, f"not parsed: {set(METHODS) - SWITCHED_OFF - parsed}")
    called = methods_of_the_frontend()
    require(len(called) > 20 and called <= parsed, f"called by the frontend, and not parsed: {called - parsed}")


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
    seen = await asyncio.gather(*(blind(rule, witness) for rule, witness in [*WITNESSES.items(), *ALSO.items()]))
    require(not any(seen), "\n".join(filter(None, seen)))


def errors_of_the_test_slack():
    """Each application's error that it may give, from its source."""
    source = "".join(open(path).read() for path in glob.glob(f"{TOP}/tests/slack/testslack/*.py"))
    places = re.findall(r'Refused\((.*)|\.structure\("\w+", (.*)|own_message\(call, "ts", (.*)', source)
    found = {word for place in places for text in place for word in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', text)}
    return found - {"response_metadata"}


async def scenario_errors(world):
    """Each error of the test Slack is met by one of the checks, which notices if it is another."""
    referee = await start(world, "python")
    turn = asyncio.Semaphore(8)
    met = {}

    async def meets(name):
        async with turn:
            slack = await start_furnished()
            try:
                await referee.ask(state=slack.state(), checks=[name])
                for call in slack.calls:
                    if call.answer and not call.answer["ok"]:
                        met.setdefault(call.answer["error"], set()).add(name)
            finally:
                await slack.stop()
    await asyncio.gather(*(meets(name) for name in checks_of("python")))
    known = errors_of_the_test_slack()
    require(len(known) > 60, f"{known}")
    require(known <= set(met), f"no check meets {sorted(known - set(met))}")

    async def unnoticed(error):
        for name in sorted(met[error]):
            async with turn:
                if await referee.judge([name], [f"error {error}"]):
                    return None
        return f"{error}, which {', '.join(sorted(met[error]))} meet"
    blind = await asyncio.gather(*(unnoticed(error) for error in sorted(known)))
    require(not any(blind), "nobody notices if these are others: " + "; ".join(filter(None, blind)))


def check_the_reference(reference):
    """Whether it would notice: calls that are right, and the same with one thing wrong."""
    def faults(name, answer=None, is_json=False, **arguments):
        call = SimpleNamespace(name=name, arguments=arguments, is_json=is_json, answer=answer)
        return reference.request_faults(call) + reference.error_faults(call)
    post = {"channel": "C0AAAAAAA", "text": "x", "unfurl_links": "false", "thread_ts": "1355517523.000005"}
    files = '[{"id":"F0AAAAAAA"}]'
    right = [("chat.postMessage", {**post, "is_json": True}), ("users.info", {"user": "U0AAAAAAA"}),
             ("conversations.history", {"channel": "C0AAAAAAA", "oldest": "1355517523.000005", "limit": "200"}),
             ("files.completeUploadExternal", {"files": files, "channel_id": "C0AAAAAAA"}),
             ("chat.postMessage", {**post, "answer": {"ok": False, "error": "is_archived"}})]
    wrong = [("chat.sayHello", {}), ("chat.postMessage", {**post, "colour": "red"}), ("chat.postMessage", {"text": "x"}),
             ("chat.postMessage", {**post, "unfurl_links": "no"}), ("conversations.history", {"channel": "C0AAAAAAA", "oldest": "yesterday"}),
             ("users.info", {"user": "U0AAAAAAA", "is_json": True}), ("users.info", {"user": "egon"}),
             ("conversations.history", {"channel": "#general"}),
             ("conversations.history", {"channel": "C0AAAAAAA", "limit": "many"}),
             ("files.completeUploadExternal", {"files": "F0AAAAAAA", "channel_id": "C0AAAAAAA"}),
             ("chat.postMessage", {**post, "answer": {"ok": False, "error": "so_it_goes"}})]
    for name, about in right:
        require(not faults(name, **about), f"{name} {about}: {faults(name, **about)}")
    for name, about in wrong:
        require(len(faults(name, **about)) == 1, f"{name} {about}: {faults(name, **about)}")


async def scenario_reference(world):
    """Answers and events have the keys that recorded ones have, and errors are documented ones: of all that the checks in
    Python ask, and of all that can happen."""
    there_or_skip()
    reference = Reference()
    check_the_reference(reference)
    referee = await start(world, "python")
    faults = set()

    async def one(name):
        slack = await start_furnished()
        try:
            failed = (await referee.ask(state=slack.state(), checks=[name]))["failed"]
            require(not failed, f"{failed}")
            for call in slack.calls:
                # A file that is to be uploaded in the old way, and a method that nobody has: what they are answered is known.
                if call.name not in ("files.upload", "chat.sayHello"):
                    faults.update(reference.error_faults(call) + reference.answer_faults(call))
        finally:
            await slack.stop()
    turn = asyncio.Semaphore(6)

    async def in_turn(name):
        async with turn:
            await one(name)
    await asyncio.gather(*(in_turn(name) for name in checks_of("python")))
    slack = await start_furnished()
    slack.app.events = EVERY_EVENT
    tour(slack, slack.team)
    recorded = reference.events()
    for delivery in slack.hub.deliveries:
        event = delivery.event
        kind = (event["type"], event.get("subtype") if event["type"] == "message" else None)
        sample = recorded.get(kind) or recorded.get((kind[0], (kind[1] or "").replace("group_", "channel_")))
        if not sample:
            faults.add(f"no event {kind} has been recorded")
            continue
        faults.update(f"event {kind} has no {path}" for path in unknown_keys(event, sample["event"], lists=False))
    await slack.stop()
    faults -= MORE_THAN_RECORDED
    require(not faults, "\n".join(sorted(faults)))


async def scenario_foreign(world):
    """What others' programs stand in for, as frontends are tested with it, against one of the SDKs: slack_sdk is told by
    slacktest of what emulate keeps."""
    foreign = Foreign(world.folder, manifest(world.build)["scopes"])
    world.started.append(foreign)
    await foreign.start()
    referee = await start(world, "python")
    channel = (await foreign.call("conversations.create", name="lobby"))["channel"]["id"]
    await foreign.call("conversations.join", "xoxp-egon", channel=channel)
    asked = asyncio.create_task(referee.ask(checks=["foreign"], state={
        "api_url": foreign.api_url, "app_token": foreign.app_token, "bot_token": foreign.bot_token, "channel": channel}))
    await wait_until(lambda: foreign.opened, "a connection")
    ts, envelope = await foreign.say("egon", channel, "hello")
    await foreign.acknowledged(envelope)
    failed = (await asked)["failed"]
    require(not failed, f"{failed}")
    history = (await foreign.call("conversations.replies", channel=channel, ts=ts))["messages"]
    require([message["text"] for message in history] == ["hello", "hello yourself"], f"{history}")
