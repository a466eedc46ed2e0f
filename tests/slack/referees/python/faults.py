# SPDX-License-Identifier: MIT
"""What goes wrong on demand in a test Slack, and its limits."""
import asyncio
import time

import aiohttp
from job import check, of_text, refused, require, until
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


@check
async def fault_events(job):
    """An event before the answer; one twice, one that gets lost, some in another order."""
    await job.control("set", of="hub", name="ack_seconds", value=0.4)
    await job.control("set", of="hub", name="retry_delays", value=[0.0, 0.2, 0.2])
    socket, channel = await job.socket(), await job.channel()
    await job.control("set", of="faults", name="event_first", value=True)
    ts = (await job.web.chat_postMessage(channel=channel, text="overtaken"))["ts"]
    require([one.payload["event"]["ts"] for one in of_text(socket, "overtaken")] == [ts], "the answer came first")
    await job.control("set", of="hub", name="duplicate", value=1)
    await job.do("egon", "say", channel=channel, text="twice")
    await until(lambda: len(of_text(socket, "twice")) == 2, "both")
    require(len({one.payload["event_id"] for one in of_text(socket, "twice")}) == 1, "they are two events")
    await job.control("set", of="hub", name="drop", value=1)
    await job.do("egon", "say", channel=channel, text="lost once")
    await until(lambda: of_text(socket, "lost once"), "the second attempt")
    require(of_text(socket, "lost once")[0].retry_attempt == 1, "the first attempt came")
    for names_bot in (False, True):
        await job.control("set", of="slack", name="file_events_name_bot", value=names_bot)
        await job.web.files_upload_v2(channel=channel, content="x", filename=f"{names_bot}.txt", initial_comment=f"{names_bot}",
                                      request_file_info=False)
        await until(lambda names_bot=names_bot: of_text(socket, f"{names_bot}"), "a file")
        event = of_text(socket, f"{names_bot}")[0].payload["event"]
        require(("bot_id" in event) == names_bot and event["user"] == job.state["bot_user"], f"{event}")
    await job.control("sockets", do="hold")
    for index in range(8):
        await job.do("egon", "say", channel=channel, text=f"number {index}")
    require(not of_text(socket, "number 0"), "it was not held")
    await job.control("sockets", do="release")

    def order():
        return [one.payload["event"]["text"] for one in socket.seen
                if one.payload.get("event", {}).get("text", "").startswith("number ")]
    await until(lambda: len(order()) == 8, "all of them")
    require(order() != sorted(order()), "they come in order")


@check
async def fault_calls(job):
    channel = await job.channel()
    # Without retries: the SDK would post again what it has no answer to.
    job.web = AsyncWebClient(token=job.state["bot_token"], base_url=job.state["api_url"], retry_handlers=[])
    await job.control("plan", what="hangup_after", method="chat.postMessage")
    try:
        await job.web.chat_postMessage(channel=channel, text="was it posted?")
        raise AssertionError("it was answered")
    except aiohttp.ClientError:
        pass
    history = await job.web.conversations_history(channel=channel)
    require([one["text"] for one in history["messages"]].count("was it posted?") == 1, f"{history}")
    await job.control("plan", what="hangup", method="chat.postMessage")
    try:
        await job.web.chat_postMessage(channel=channel, text="never")
        raise AssertionError("it was answered")
    except aiohttp.ClientError:
        pass
    history = await job.web.conversations_history(channel=channel)
    require("never" not in [one["text"] for one in history["messages"]], f"{history}")
    await job.control("plan", what="error", method="chat.update", error="edit_window_closed")
    ts = (await job.web.chat_postMessage(channel=channel, text="old"))["ts"]
    await refused(job.web.chat_update(channel=channel, ts=ts, text="new"), "edit_window_closed")
    await job.web.chat_update(channel=channel, ts=ts, text="new")
    await job.control("plan", what="status", method="auth.test", status=503, body="<html>")
    try:
        await job.web.auth_test()
        raise AssertionError("it was answered")
    except SlackApiError as problem:
        require(problem.response.status_code == 503, f"{problem}")
    begin = time.monotonic()
    await job.control("plan", what="late", method="auth.test", seconds=0.3)
    await job.web.auth_test()
    require(time.monotonic() - begin > 0.25, "it was not late")


@check
async def fault_pages(job):
    """Slack may give short pages, even empty ones, that are not the last."""
    await job.control("crowd", users=20)
    await job.control("set", of="faults", name="short_pages", value=True)
    seen, sizes = [], []
    async for page in await job.web.users_list(limit=6):
        sizes.append(len(page["members"]))
        seen += [member["id"] for member in page["members"]]
    people = (await job.control("state"))["users"]
    require(sizes[0] == 0 and max(sizes) == 3 and set(seen) == set(people.values()), f"{sizes}")


@check
async def tiers(job):
    """The limits of the real one: postMessage once a second in a channel with a short burst, a tier per method."""
    await job.control("set", of="limits", name="enforced", value=True)
    channel = await job.channel()
    answers = []
    for index in range(8):
        try:
            answers.append((await job.web.chat_postMessage(channel=channel, text=f"{index}")).status_code)
        except SlackApiError as refusal:
            answers.append(refusal.response.status_code)
    require(answers[:5] == [200] * 5 and 429 in answers, f"{answers}")
    await job.web.auth_test()
    tier = []
    for _ in range(25):
        try:
            tier.append((await job.web.emoji_list()).status_code)
        except SlackApiError as refusal:
            tier.append(refusal.response.status_code)
    require(tier[:20] == [200] * 20 and tier[-1] == 429, f"{tier}")


@check
async def ghosts(job):
    await job.control("set", of="hub", name="ack_seconds", value=0.2)
    await job.control("set", of="hub", name="retry_delays", value=[0.0] * 12)
    await job.control("sockets", do="ghost")
    socket, channel = await job.socket(), await job.channel()
    require(socket.texts[0]["num_connections"] == 2, f"{socket.texts[0]}")
    for index in range(6):
        await job.do("egon", "say", channel=channel, text=f"to whom {index}")
    await until(lambda: all(of_text(socket, f"to whom {index}") for index in range(6)), "all, though a ghost swallows some")
    require(any(of_text(socket, f"to whom {index}")[0].retry_attempt for index in range(6)), "the ghost swallows nothing")


@check
async def goodbyes(job):
    """The reasons of a disconnect, a token that is revoked, an app that is uninstalled."""
    for deed, reason in (("warn", "warning"), ("too_many", "too_many_websockets"), ("disable", "link_disabled")):
        url = (await job.web.apps_connections_open(app_token=job.state["app_token"]))["url"]
        async with job.session.ws_connect(url) as raw:
            await raw.receive_json(timeout=5)
            await job.control("sockets", do=deed)
            frame = await raw.receive_json(timeout=5)
            require(frame["type"] == "disconnect" and frame["reason"] == reason and frame["debug_info"]["host"], f"{frame}")
    await refused(job.web.apps_connections_open(app_token=job.state["app_token"]), "forbidden_team")
    await job.control("set", of="hub", name="disabled", value=False)
    socket = await job.socket()
    await job.control("revoke")
    event = await job.expect(socket, lambda one: one.get("type") == "tokens_revoked", "the revocation")
    require(event["tokens"] == {"bot": [job.state["bot_user"]]}, f"{event}")
    await refused(job.web.auth_test(), "token_revoked")
    await job.control("uninstall")
    await job.expect(socket, lambda one: one.get("type") == "app_uninstalled", "the end")
    await refused(job.web.auth_test(), "account_inactive")


@check
async def workspaces(job):
    """One socket carries the events of every workspace; a token is good for its own."""
    other = await job.control("workspace", name="Baseball")
    socket, channel = await job.socket(), await job.channel()
    await job.do("egon", "say", channel=channel, text="in one")
    await job.control("person", **{"workspace": "Baseball", "as": "winston", "do": "say",
                                   "with": {"channel": "lounge", "text": "in the other"}})
    await until(lambda: of_text(socket, "in one") and of_text(socket, "in the other"), "both")
    require(of_text(socket, "in one")[0].payload["team_id"] == job.state["team_id"], "whose event")
    require(of_text(socket, "in the other")[0].payload["team_id"] == other["team_id"] != job.state["team_id"], "whose event")
    await refused(job.with_token(other["bot_token"]).chat_postMessage(channel=channel, text="x"), "channel_not_found")
    await job.with_token(other["bot_token"]).chat_postMessage(channel=other["channels"]["lounge"], text="x")
