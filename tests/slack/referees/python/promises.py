# SPDX-License-Identifier: MIT
"""More of what a Slack does: lists of somebody's conversations, names that call everybody, the life of a connection, events
about channels, people and emoji."""
import asyncio
import os
import time

import aiohttp
from job import check, of_text, refused, require, until


@check
async def lists(job):
    """Conversations of a kind; of somebody else those that the caller sees."""
    open_, hidden, theirs = await job.channel(), await job.channel(private=True), await job.channel(bot=False, private=True)

    async def mine(types, **more):
        answer = await job.web.users_conversations(types=types, limit=900, **more)
        return {channel["id"] for channel in answer["channels"]}
    require({open_, hidden} & await mine("private_channel") == {hidden}, "channels of another kind")
    require({open_, hidden} & await mine("public_channel") == {open_}, "channels of another kind")
    egon = await mine("public_channel,private_channel", user=job.state["users"]["egon"])
    require({open_, hidden} <= egon and theirs not in egon, "of a channel that the bot is not in it is told")
    require(not {open_, hidden} & await mine("public_channel,private_channel", user=job.state["users"]["peter"]),
            "somebody is in channels that he is not in")


@check
async def names_of_all(job):
    """Only who asks for it makes a name of a text."""
    channel = await job.channel()

    async def said(text, **more):
        return (await job.web.chat_postMessage(channel=channel, text=text, **more))["message"]["text"]
    require(await said("@channel look") == "@channel look", "a word calls everybody")
    require(await said("@channel look", link_names=True) == "<!channel> look", "a word does not call whom it should")
    require(await said("@here look", parse="full") == "<!here> look", "a word does not call whom it should")
    require(await said("&lt;!channel&gt; look") == "&lt;!channel&gt; look", "text becomes a token")
    before = (await job.web.conversations_history(channel=channel))["messages"]
    await job.web.chat_postEphemeral(channel=channel, user=job.state["users"]["egon"], text="between us")
    require((await job.web.conversations_history(channel=channel))["messages"] == before, "what one person sees is in the history")
    shown = (await job.control("report"))["ephemerals"].get("egon", [])
    require([message["text"] for _, message in shown] == ["between us"], f"{shown}")


async def raw_socket(job, query=""):
    """A connection without a client, and its hello."""
    url = (await job.web.apps_connections_open(app_token=job.state["app_token"]))["url"] + query
    raw = await job.session.ws_connect(url)
    job.open.append(raw.close)
    return raw, await raw.receive_json(timeout=5)


async def next_frame(raw, good, seconds=4.0):
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        require(left > 0, "it does not come")
        try:
            message = await raw.receive(timeout=left)
        except asyncio.TimeoutError:
            continue
        require(message.type == aiohttp.WSMsgType.TEXT, f"the connection has ended: {message}")
        if good(message.json()):
            return message.json()


@check
async def socket_life(job):
    """It is told how long a connection lives, it is warned before the end, and up to then the connection is a whole one."""
    _, hello = await raw_socket(job, "&debug_reconnects=true")
    require(hello["debug_info"]["approximate_connection_time"] == 360, f"{hello}")
    _, hello = await raw_socket(job)
    require(hello["debug_info"]["approximate_connection_time"] > 360, f"{hello}")
    await job.control("sockets", do="cut")
    await job.control("set", of="hub", name="life_seconds", value=10.2)
    raw, hello = await raw_socket(job)
    frame = await next_frame(raw, lambda one: one["type"] == "disconnect")
    require(frame["reason"] == "warning", f"{frame}")
    await job.control("set", of="hub", name="life_seconds", value=18060)
    await job.control("sockets", do="cut")
    raw, hello = await raw_socket(job)
    require(hello["num_connections"] == 1, f"{hello}")
    await job.control("sockets", do="refresh")
    require((await next_frame(raw, lambda one: one["type"] == "disconnect"))["reason"] == "refresh_requested", "another reason")
    channel = await job.channel()
    await job.do("egon", "say", channel=channel, text="on the old one")
    event = await next_frame(raw, lambda one: one.get("payload", {}).get("event", {}).get("text") == "on the old one")
    await raw.send_json({"envelope_id": event["envelope_id"]})

    async def acked():
        deliveries = (await job.control("report"))["deliveries"]
        return next(one for one in deliveries if one["event"].get("text") == "on the old one")["acked"] is not None
    for _ in range(100):
        if await acked():
            break
        await asyncio.sleep(0.02)
    require(await acked(), "an acknowledgement on a connection that is to end is not seen")


@check
async def ticket_age(job):
    await job.control("set", of="hub", name="ticket_seconds", value=0.05)
    url = (await job.web.apps_connections_open(app_token=job.state["app_token"]))["url"]
    await asyncio.sleep(0.2)
    try:
        async with job.session.ws_connect(url):
            raise AssertionError("an old URL is good")
    except aiohttp.WSServerHandshakeError:
        pass


@check
async def envelopes(job):
    """What its acknowledgement may carry, and how often it was sent, an envelope says."""
    socket, channel = await job.socket(), await job.channel()
    await job.do("egon", "say", channel=channel, text="an event")
    await job.do("egon", "slash", command="/bridge", text="help", channel=channel)
    await until(lambda: len([text for text in socket.texts if "envelope_id" in text]) >= 2 and of_text(socket, "an event"), "both")
    event = next(text for text in socket.texts if text.get("payload", {}).get("event", {}).get("text") == "an event")
    command = next(text for text in socket.texts if text.get("type") == "slash_commands")
    require(event["accepts_response_payload"] is False and command["accepts_response_payload"] is True, f"{event} {command}")
    require(event["retry_attempt"] == 0 and event["retry_reason"] == "", f"{event}")


@check
async def limits_of_a_workspace(job):
    """A limit is a workspace's; over it the error is ratelimited, and nothing has happened."""
    other = await job.control("workspace", name="Baseball")
    channel = await job.channel()
    await job.control("limit", method="chat.postMessage", times=1, retry_after=1)
    await refused(job.web.chat_postMessage(channel=channel, text="too often"), "ratelimited")
    history = (await job.web.conversations_history(channel=channel))["messages"]
    require(all(message["text"] != "too often" for message in history), "it was posted")
    await job.with_token(other["bot_token"]).chat_postMessage(channel=other["channels"]["lounge"], text="elsewhere")


@check
async def history_goes_on(job):
    channel = await job.channel()
    for index in range(4):
        await job.do("egon", "say", channel=channel, text=f"{index}")
    first = await job.web.conversations_history(channel=channel, limit=3)
    last = await job.web.conversations_history(channel=channel, limit=100)
    require(first["has_more"] is True and last["has_more"] is False, f"{first['has_more']} {last['has_more']}")


@check
async def events_of_channels(job):
    """Of a public channel and of a private one: its end, archiving, the bot put out, who comes and goes, /me."""
    socket = await job.socket()
    for private in (False, True):
        word, kind = ("group", "group") if private else ("channel", "channel")
        channel = await job.channel(private=private)

        async def told(good, what, channel=channel):
            def here(event):
                about = event.get("channel")
                return (about["id"] if isinstance(about, dict) else about) == channel
            return await job.expect(socket, lambda event: here(event) and good(event), what)
        await job.do("egon", "me", channel=channel, text="waves")
        event = await told(lambda one: one.get("text") == "waves", "the wave")
        require(event.get("subtype") == "me_message" and event["channel_type"] == kind, f"{event}")
        await job.do("egon", "invite", channel=channel, who="peter")
        event = await told(lambda one: one.get("subtype") == f"{word}_join", "the message that peter has come")
        require(event["user"] == job.state["users"]["peter"] and event["inviter"] == job.state["users"]["egon"], f"{event}")
        await job.do("egon", "kick", channel=channel, who="peter")
        event = await told(lambda one: one.get("type") == "member_left_channel", "that peter has gone")
        require(event["user"] == job.state["users"]["peter"], f"{event}")
        await job.do("egon", "upload", channel=channel, name="a.txt", content="x", text="a file")
        event = await told(lambda one: one.get("text") == "a file", "the file")
        require(event.get("subtype") == "file_share" and event["files"][0]["name"] == "a.txt", f"{event}")
        await job.do("egon", "archive", channel=channel)
        await told(lambda one: one.get("type") == f"{word}_archive", "that it is archived")
        await job.do("egon", "unarchive", channel=channel)
        await told(lambda one: one.get("type") == f"{word}_unarchive", "that it is not any more")
        await job.do("egon", "kick", channel=channel, who=job.state["bot_user"])
        await told(lambda one: one.get("type") == f"{word}_left", "that the bot was put out")
        gone = await job.channel(private=private)
        await job.do("egon", "delete_channel", channel=gone)
        await job.expect(socket, lambda one, gone=gone: one.get("type") == f"{word}_deleted" and one["channel"] == gone, "its end")


@check
async def events_of_people(job):
    await job.control("subscribe", events=["user_change", "team_join", "emoji_changed"])
    socket = await job.socket()
    await job.do("dana", "change", display_name=f"d{os.urandom(3).hex()}")
    name = (await job.web.users_info(user=job.state["users"]["dana"]))["user"]["profile"]["display_name"]
    event = await job.expect(socket, lambda one: one.get("type") == "user_change", "another name")
    require(event["user"]["id"] == job.state["users"]["dana"] and event["user"]["profile"]["display_name"] == name, f"{event}")
    await job.control("emoji", name="of-ours")
    event = await job.expect(socket, lambda one: one.get("type") == "emoji_changed", "another emoji")
    require(event["subtype"] == "add" and event["name"] == "of-ours" and event["value"], f"{event}")
    require((await job.web.emoji_list())["emoji"]["of-ours"] == event["value"], "the list has it not")
