# SPDX-License-Identifier: MIT
"""
Slack's SDK for Python against a test Slack. Reads jobs, one a line of JSON: {"id", "state", "checks": [names]}, and answers
each with {"id", "passed": [...], "failed": {name: why}}. `state` is what POST /control/state answers.
"""
import asyncio
import hashlib
import json
import os
import re
import sys
import time
import traceback
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import faults  # noqa: F401 - its checks
import promises  # noqa: F401
import refusals  # noqa: F401
from job import CHECKS, Job, check, of_text, refused, require, until
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.socket_mode.builtin import SocketModeClient as BuiltinClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.client import WebClient

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK_SECONDS = 15
AT_ONCE = 6


# tokens and arguments ------------------------------------------------------------------------------------------------

@check
async def token(job):
    await refused(job.with_token("xoxb-nobody").auth_test(), "invalid_auth")
    await refused(job.with_token(None).auth_test(), "not_authed")
    answer = await job.web.auth_test()
    require(answer["user_id"] == job.state["bot_user"] and answer["bot_id"] == job.state["bot_id"], f"{answer}")
    require(answer["team_id"] == job.state["team_id"], f"{answer}")


@check
async def token_kind(job):
    await refused(job.web.apps_connections_open(app_token=job.state["bot_token"]), "not_allowed_token_type")
    await refused(job.with_token(job.state["app_token"]).users_list(), "not_allowed_token_type")
    answer = await job.web.apps_connections_open(app_token=job.state["app_token"])
    require(re.fullmatch(r"wss?://[^/]+/link/\?ticket=\S+", answer["url"]), answer["url"])


@check
async def token_header(job):
    """As the SDK puts each token into the header: without it."""
    async def with_form(method, token):
        async with job.session.post(job.state["api_url"] + method, data={"token": token}) as answer:
            return await answer.json()
    answer = await with_form("apps.connections.open", job.state["app_token"])
    require(answer.get("error") == "not_authed", f"{answer}")
    require((await with_form("auth.test", job.state["bot_token"]))["ok"], "no other method is like that")
    await job.with_token(None).apps_connections_open(app_token=job.state["app_token"])


@check
async def token_scope(job):
    channel = await job.channel()
    narrow = await job.token("users:read", "channels:read")
    answer = await refused(narrow.chat_postMessage(channel=channel, text="x"), "missing_scope")
    require(answer["needed"] == "chat:write" and "users:read" in answer["provided"].split(","), f"{answer}")
    await refused(narrow.conversations_history(channel=channel), "missing_scope")
    poster = await job.token("chat:write")
    answer = await refused(poster.chat_postMessage(channel=channel, text="x", username="carol"), "missing_scope")
    require(answer["needed"] == "chat:write.customize", f"{answer}")


@check
async def arguments(job):
    answer = await refused(job.web.api_call("conversations.info"), "invalid_arguments")
    require("channel" in answer["response_metadata"]["messages"][0], f"{answer}")
    await refused(job.web.api_call("users.info", json={"user": job.state["users"]["egon"]}), "invalid_arguments")
    await job.web.api_call("users.info", params={"user": job.state["users"]["egon"]})
    await refused(job.web.api_call("chat.sayHello"), "unknown_method")


@check
async def form_json(job):
    channel = await job.channel()
    await refused(job.web.api_call("chat.postMessage", params={"channel": channel, "text": "x", "blocks": "{section"}),
                  "invalid_blocks_format")
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "a block"}}]
    answer = await job.web.api_call("chat.postMessage", params={"channel": channel, "blocks": json.dumps(blocks)})
    require(answer["message"]["blocks"][0]["text"]["text"] == "a block", f"{answer}")
    await refused(job.web.chat_postMessage(channel=channel, blocks=blocks * 51, text=""), "invalid_blocks")
    await refused(job.web.chat_postMessage(channel=channel, text=""), "no_text")


@check
async def error_status(job):
    answer = await refused(job.web.conversations_info(channel="C0NOWHERE"), "channel_not_found")
    require(answer.status_code == 200, f"HTTP {answer.status_code}")


# limits --------------------------------------------------------------------------------------------------------------

@check
async def rate_limits(job):
    await job.control("limit", method="users.info", times=1, retry_after=1)
    answer = await refused(job.web.users_info(user=job.state["users"]["egon"]), "ratelimited")
    require(answer.status_code == 429, f"HTTP {answer.status_code}")
    require(re.fullmatch(r"[1-9]\d*", answer.headers.get("Retry-After", "")), f"{answer.headers}")
    await refused(job.web.users_info(user=job.state["users"]["egon"]), "ratelimited")
    await job.web.users_getPresence(user=job.state["users"]["egon"])
    patient = AsyncWebClient(token=job.state["bot_token"], base_url=job.state["api_url"],
                             retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)])
    await patient.users_info(user=job.state["users"]["egon"])


# lists ---------------------------------------------------------------------------------------------------------------

@check
async def pages(job):
    await job.control("crowd", users=23, channels=11)
    people = (await job.control("state"))["users"]
    seen, sizes = [], []
    async for page in await job.web.users_list(limit=7):
        sizes.append(len(page["members"]))
        seen += [member["id"] for member in page["members"]]
    require(max(sizes) <= 7, f"pages of {sizes}")
    require(sorted(seen) == sorted(set(seen)) and set(seen) == set(people.values()), f"{len(seen)} of {len(people)} people")
    seen = []
    async for page in await job.web.conversations_list(limit=5, types="public_channel,private_channel"):
        seen += [channel["name"] for channel in page["channels"]]
        require(len(page["channels"]) <= 5, "a page is too long")
    require(len(seen) == len(set(seen)) and {"general", "random"} <= set(seen), f"{seen}")
    await refused(job.web.conversations_list(cursor="bm9ib2R5Om5vd2hlcmU="), "invalid_cursor")
    await refused(job.web.users_list(cursor="?"), "invalid_cursor")
    # A blocking client goes through them as well.
    blocking = WebClient(token=job.state["bot_token"], base_url=job.state["api_url"])
    total = await asyncio.to_thread(lambda: sum(len(page["members"]) for page in blocking.users_list(limit=9)))
    require(total == len(people), f"{total} of {len(people)}")


@check
async def history(job):
    channel = await job.channel()
    times = [await job.do("egon", "say", channel=channel, text=f"number {index}") for index in range(6)]
    reply = await job.do("dana", "say", channel=channel, text="a reply", thread=times[2])
    both = await job.do("dana", "say", channel=channel, text="to all", thread=times[2], broadcast=True)
    answer = await job.web.conversations_history(channel=channel)
    found = [message["ts"] for message in answer["messages"]]
    require(reply not in found, "history has a reply")
    require(found == [both, *reversed(times)], f"{found} instead of {[both, *reversed(times)]}")
    answer = await job.web.conversations_history(channel=channel, oldest=times[1], latest=times[4])
    require([message["ts"] for message in answer["messages"]] == [times[3], times[2]], f"{answer}")
    answer = await job.web.conversations_history(channel=channel, oldest=times[1], latest=times[4], inclusive=True)
    require([message["ts"] for message in answer["messages"]] == times[4:0:-1], f"{answer}")
    seen = []
    async for page in await job.web.conversations_history(channel=channel, limit=2):
        seen += [message["ts"] for message in page["messages"]]
        require(page["has_more"] == bool((page.get("response_metadata") or {}).get("next_cursor")), f"{page}")
    require(seen == found, f"{seen}")
    parent = next(message for message in answer["messages"] if message["ts"] == times[2])
    require(parent["reply_count"] == 2 and parent["latest_reply"] == both and parent["thread_ts"] == times[2], f"{parent}")
    answer = await job.web.conversations_replies(channel=channel, ts=times[2])
    require([message["ts"] for message in answer["messages"]] == [times[2], reply, both], f"{answer}")
    require(answer["messages"][1]["parent_user_id"] == job.state["users"]["egon"], f"{answer}")


@check
async def metadata(job):
    channel = await job.channel()
    said = {"event_type": "a_note", "event_payload": {"number": 7}}
    ts = (await job.web.chat_postMessage(channel=channel, text="with more", metadata=said))["ts"]
    for call, more in ((job.web.conversations_history, {}), (job.web.conversations_replies, {"ts": ts})):
        bare = (await call(channel=channel, **more))["messages"]
        require(bare[0]["ts"] == ts and "metadata" not in bare[0], f"{bare}")
        whole = (await call(channel=channel, include_all_metadata=True, **more))["messages"]
        require(whole[0].get("metadata") == said, f"{whole}")


@check
async def people(job):
    egon = (await job.web.users_info(user=job.state["users"]["egon"]))["user"]
    require(egon["profile"]["display_name"] == "spengler" and egon["real_name"] == "Egon Spengler", f"{egon}")
    require(isinstance(egon["updated"], int) and not egon["is_bot"], f"{egon}")
    await refused(job.web.users_info(user="U0NOBODY"), "user_not_found")
    found = await job.web.users_lookupByEmail(email="dana@example.org")
    require(found["user"]["id"] == job.state["users"]["dana"], f"{found}")
    require((await job.web.users_getPresence(user=egon["id"]))["presence"] in ("active", "away"), "presence")
    bot = (await job.web.bots_info(bot=job.state["bot_id"]))["bot"]
    require(bot["user_id"] == job.state["bot_user"] and bot["app_id"] == job.state["app_id"], f"{bot}")
    require((await job.web.team_info())["team"]["id"] == job.state["team_id"], "team")
    require(isinstance((await job.web.emoji_list())["emoji"], dict), "emoji")


# messages ------------------------------------------------------------------------------------------------------------

@check
async def posting(job):
    channel = await job.channel()
    first = await job.web.chat_postMessage(channel=channel, text="a < b & c > d <@U1> <https://x.y|z>")
    require(re.fullmatch(r"\d{10}\.\d{6}", first["ts"]), first["ts"])
    require(first["message"]["text"] == "a &lt; b &amp; c &gt; d <@U1> <https://x.y|z>", first["message"]["text"])
    require(first["message"]["user"] == job.state["bot_user"] and first["message"]["bot_id"] == job.state["bot_id"],
            f"{first['message']}")
    second = await job.web.chat_postMessage(channel=channel, text="y", username="carol", icon_emoji=":ghost:",
                                            thread_ts=first["ts"])
    require(second["ts"] > first["ts"], f"{second['ts']} after {first['ts']}")
    message = second["message"]
    require(message["subtype"] == "bot_message" and message["username"] == "carol" and "user" not in message, f"{message}")
    require(message["thread_ts"] == first["ts"], f"{message}")
    await refused(job.web.chat_postMessage(channel=channel, text="z", thread_ts="1234567890.123456"),
                  "cannot_reply_to_message")
    long = await job.web.chat_postMessage(channel=channel, text="x" * 40010)
    require(len(long["message"]["text"]) == 40000, f"{len(long['message']['text'])} characters")
    link = await job.web.chat_getPermalink(channel=channel, message_ts=second["ts"])
    require(second["ts"].replace(".", "") in link["permalink"], f"{link}")


@check
async def updates(job):
    channel = await job.channel()
    mine = (await job.web.chat_postMessage(channel=channel, text="old", username="carol"))["ts"]
    theirs = await job.do("egon", "say", channel=channel, text="not yours")
    answer = await job.web.chat_update(channel=channel, ts=mine, text="new & better")
    require(answer["text"] == "new &amp; better" and answer["message"]["username"] == "carol", f"{answer}")
    require("edited" in answer["message"], f"{answer}")
    await refused(job.web.chat_update(channel=channel, ts=theirs, text="x"), "cant_update_message")
    await refused(job.web.chat_update(channel=channel, ts="1234567890.000001", text="x"), "message_not_found")
    await refused(job.web.chat_update(channel=channel, ts=mine, text="x" * 4001), "msg_too_long")
    await job.web.chat_update(channel=channel, ts=mine, text="x" * 4000)


@check
async def deletions(job):
    channel = await job.channel()
    plain = (await job.web.chat_postMessage(channel=channel, text="gone"))["ts"]
    parent = (await job.web.chat_postMessage(channel=channel, text="parent"))["ts"]
    await job.do("egon", "say", channel=channel, text="reply", thread=parent)
    theirs = await job.do("egon", "say", channel=channel, text="not yours")
    await job.web.chat_delete(channel=channel, ts=plain)
    await job.web.chat_delete(channel=channel, ts=parent)
    await refused(job.web.chat_delete(channel=channel, ts=theirs), "cant_delete_message")
    await refused(job.web.chat_delete(channel=channel, ts=plain), "message_not_found")
    messages = {message["ts"]: message for message in (await job.web.conversations_history(channel=channel))["messages"]}
    require(plain not in messages, "it is still there")
    require(messages.get(parent, {}).get("subtype") == "tombstone", f"{messages.get(parent)}")


@check
async def reactions(job):
    channel = await job.channel()
    ts = await job.do("egon", "say", channel=channel, text="react")
    await job.web.reactions_add(channel=channel, timestamp=ts, name="thumbsup")
    await job.do("dana", "react", channel=channel, ts=ts, name="thumbsup")
    await job.do("dana", "react", channel=channel, ts=ts, name="wave::skin-tone-3")
    await refused(job.web.reactions_add(channel=channel, timestamp=ts, name="thumbsup"), "already_reacted")
    await refused(job.web.reactions_add(channel=channel, timestamp=ts, name="no name"), "invalid_name")
    await refused(job.web.reactions_add(channel=channel, timestamp="yesterday", name="wave"), "bad_timestamp")
    message = (await job.web.reactions_get(channel=channel, timestamp=ts, full=True))["message"]
    found = {one["name"]: one for one in message.get("reactions", [])}
    require(found.get("thumbsup", {}).get("count") == 2 and found["thumbsup"]["users"][0] == job.state["bot_user"],
            f"{found}")
    require("wave::skin-tone-3" in found, f"{found}")
    await job.web.reactions_remove(channel=channel, timestamp=ts, name="thumbsup")
    await refused(job.web.reactions_remove(channel=channel, timestamp=ts, name="thumbsup"), "no_reaction")


# conversations -------------------------------------------------------------------------------------------------------

@check
async def conversations(job):
    outside = await job.channel(bot=False)
    hidden = await job.channel(bot=False, private=True)
    narrow = await job.token("chat:write", "channels:history", "groups:read", "channels:read", "channels:join",
                             "groups:history")
    await refused(narrow.chat_postMessage(channel=outside, text="x"), "not_in_channel")
    await job.web.chat_postMessage(channel=outside, text="by chat:write.public")
    await refused(narrow.conversations_history(channel=outside), "not_in_channel")
    await refused(narrow.conversations_info(channel=hidden), "channel_not_found")
    await refused(narrow.conversations_join(channel=hidden), "channel_not_found")
    joined = await narrow.conversations_join(channel=outside)
    require(joined["channel"]["is_member"], f"{joined}")
    again = await narrow.conversations_join(channel=outside)
    require(again["warning"] == "already_in_channel", f"{again}")
    members = await job.web.conversations_members(channel=outside)
    require(members["members"][-1] == job.state["bot_user"], f"{members}")
    name = f"made-{os.urandom(4).hex()}"
    made = (await job.web.conversations_create(name=name))["channel"]
    require(made["name"] == name and made["is_member"] and not made["is_private"], f"{made}")
    await refused(job.web.conversations_create(name=name), "name_taken")
    await refused(job.web.conversations_create(name="Of Capitals"), "invalid_name_specials")
    await refused(job.web.conversations_create(name="x" * 81), "invalid_name_maxlength")
    await job.web.conversations_setTopic(channel=made["id"], topic="what it is about")
    info = (await job.web.conversations_info(channel=made["id"], include_num_members=True))["channel"]
    require(info["topic"]["value"] == "what it is about" and info["num_members"] == 1, f"{info}")
    await job.web.conversations_invite(channel=made["id"], users=[job.state["users"]["egon"]])
    await refused(job.web.conversations_invite(channel=made["id"], users=job.state["users"]["egon"]), "already_in_channel")
    await job.web.conversations_archive(channel=made["id"])
    await refused(job.web.chat_postMessage(channel=made["id"], text="x"), "is_archived")
    mine = await job.web.users_conversations(types="public_channel", exclude_archived=True)
    require(made["id"] not in [channel["id"] for channel in mine["channels"]], f"{mine}")
    await job.web.conversations_leave(channel=outside)
    require(not (await job.web.conversations_info(channel=outside))["channel"]["is_member"], "it has left")


@check
async def direct(job):
    one = await job.web.conversations_open(users=job.state["users"]["peter"], return_im=True)
    require(one["channel"]["is_im"] and one["channel"]["user"] == job.state["users"]["peter"], f"{one}")
    again = await job.web.conversations_open(users=[job.state["users"]["peter"]])
    require(again["channel"]["id"] == one["channel"]["id"], f"{again}")
    group = await job.web.conversations_open(users=[job.state["users"]["peter"], job.state["users"]["dana"]])
    info = await job.web.conversations_info(channel=group["channel"]["id"])
    require(info["channel"]["is_mpim"], f"{info}")
    await refused(job.web.conversations_open(users="U0NOBODY"), "user_not_found")
    await refused(job.web.api_call("conversations.open"), "users_list_not_supplied")
    await refused(job.web.conversations_join(channel=one["channel"]["id"]), "method_not_supported_for_channel_type")


# files ---------------------------------------------------------------------------------------------------------------

@check
async def files(job):
    channel = await job.channel()
    content = hashlib.sha256(os.urandom(8)).digest() * 700
    answer = await job.web.files_upload_v2(channel=channel, content=content, filename="a.png", title="A picture",
                                           initial_comment="look", request_file_info=False)
    file = answer["files"][0]
    require(not file.get("shares") and not file.get("mimetype"), f"the answer tells too much: {file}")
    message = {}

    async def shared():
        history = await job.web.conversations_history(channel=channel)
        return next((one for one in history["messages"] if one.get("files")), None)
    end = time.monotonic() + 5
    while not (message := await shared()):
        require(time.monotonic() < end, "the file never appears")
        await asyncio.sleep(0.03)
    require(message["subtype"] == "file_share" and message["text"] == "look" and message["files"][0]["id"] == file["id"],
            f"{message}")
    info = (await job.web.files_info(file=file["id"]))["file"]
    require(info["shares"]["public"][channel][0]["ts"] == message["ts"] and info["mimetype"] == "image/png", f"{info}")
    headers = {"Authorization": f"Bearer {job.state['bot_token']}"}
    async with job.session.get(info["url_private_download"], headers=headers) as got:
        require(await got.read() == content, "its content has changed")
        require(got.headers["Content-Type"] == "image/png", got.headers["Content-Type"])
    poor = await job.token("chat:write")
    for token in ("xoxb-nobody", poor.token):
        async with job.session.get(info["url_private_download"], headers={"Authorization": f"Bearer {token}"}) as got:
            require(got.headers["Content-Type"].startswith("text/html"), "anybody gets the file")
    await refused(job.web.files_upload(content="x", filename="x"), "method_deprecated")
    await refused(job.web.files_completeUploadExternal(files=[{"id": "F0NOTHING"}], channel_id=channel), "file_not_found")


# OAuth ---------------------------------------------------------------------------------------------------------------

async def agreed(job, **more):
    """A code, as the browser brings it."""
    query = {"client_id": job.state["client_id"], "scope": "chat:write,users:read", "user_scope": "",
             "redirect_uri": "http://127.0.0.1/cb", "state": "xyz", **more}
    async with job.session.post(f"{job.state['url']}/oauth/v2/authorize?{urlencode(query)}", data={"agree": "1"},
                                allow_redirects=False) as answer:
        require(answer.status == 302, f"HTTP {answer.status}: {await answer.text()}")
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        require(back["state"] == ["xyz"], f"{back}")
        return back["code"][0]


@check
async def oauth(job):
    nobody = job.with_token(None)
    identity = {"client_id": job.state["client_id"], "redirect_uri": "http://127.0.0.1/cb"}
    secret = job.state["client_secret"]
    code = await agreed(job)
    await refused(nobody.oauth_v2_access(code=code, client_secret="wrong", **identity), "bad_client_secret")
    await refused(nobody.oauth_v2_access(code="wrong", client_secret=secret, **identity), "invalid_code")
    await refused(nobody.oauth_v2_access(code=code, client_secret=secret, client_id=job.state["client_id"],
                                         redirect_uri="http://127.0.0.1/other"), "bad_redirect_uri")
    answer = await nobody.oauth_v2_access(code=code, client_secret=secret, **identity)
    require(answer["token_type"] == "bot" and answer["team"]["id"] == job.state["team_id"], f"{answer}")
    require(answer["scope"] == "chat:write,users:read" and answer["access_token"].startswith("xoxb-"), f"{answer}")
    require((await job.with_token(answer["access_token"]).auth_test())["user_id"] == answer["bot_user_id"], "who it is")
    await refused(nobody.oauth_v2_access(code=code, client_secret=secret, **identity), "invalid_code")


@check
async def rotation(job):
    await job.control("set", of="app", name="rotation", value=True)
    try:
        answer = await job.with_token(None).oauth_v2_access(
            code=await agreed(job), client_secret=job.state["client_secret"], client_id=job.state["client_id"],
            redirect_uri="http://127.0.0.1/cb")
    finally:
        await job.control("set", of="app", name="rotation", value=False)
    require(answer["access_token"].startswith("xoxe.xoxb-") and answer["expires_in"] == 43200, f"{answer}")
    rotator = AsyncTokenRotator(client=job.with_token(None), client_id=job.state["client_id"],
                                client_secret=job.state["client_secret"])
    installation = Installation(
        app_id=answer["app_id"], team_id=answer["team"]["id"], user_id=answer["authed_user"]["id"],
        bot_token=answer["access_token"], bot_refresh_token=answer["refresh_token"],
        bot_token_expires_at=int(time.time()) + answer["expires_in"])
    await job.control("expire", token=answer["access_token"])
    await refused(job.with_token(answer["access_token"]).auth_test(), "token_expired")
    fresh = await rotator.perform_token_rotation(installation=installation, minutes_before_expiration=60 * 24)
    require(fresh and fresh.bot_token != answer["access_token"], "no new token")
    require((await job.with_token(fresh.bot_token).auth_test())["user_id"] == answer["bot_user_id"], "who it is")
    try:
        await rotator.perform_token_rotation(installation=installation, minutes_before_expiration=60 * 24)
    except SlackTokenRotationError as refusal:
        require("invalid_refresh_token" in str(refusal), str(refusal))
    else:
        raise AssertionError("a refresh token is good twice")


# Socket Mode ---------------------------------------------------------------------------------------------------------

@check
async def socket_hello(job):
    socket = await job.socket()
    hello = socket.texts[0]
    require(hello["type"] == "hello" and hello["num_connections"] >= 1, f"{hello}")
    require(hello["connection_info"]["app_id"] == job.state["app_id"], f"{hello}")
    require(hello["debug_info"]["approximate_connection_time"] > 0 and hello["debug_info"]["host"], f"{hello}")


@check
async def socket_ticket(job):
    url = (await job.web.apps_connections_open(app_token=job.state["app_token"]))["url"]
    async with job.session.ws_connect(url) as first:
        require((await first.receive_json(timeout=5))["type"] == "hello", "no hello")
        try:
            async with job.session.ws_connect(url):
                raise AssertionError("the URL is good twice")
        except aiohttp.WSServerHandshakeError:
            pass


@check
async def socket_pings(job):
    """The client sends pings and leaves where nothing comes back; the server's own are answered by it."""
    await job.control("set", of="hub", name="ping_seconds", value=0.2)
    socket = await job.socket(ping_interval=0.6)
    url = (await job.web.apps_connections_open(app_token=job.state["app_token"]))["url"]
    async with job.session.ws_connect(url, autoping=False) as raw:
        await raw.receive_json(timeout=5)
        await raw.ping(b"are you there")
        kinds = {}
        end = time.monotonic() + 3
        while len(kinds) < 2 and time.monotonic() < end:
            try:
                message = await raw.receive(timeout=max(0.01, end - time.monotonic()))
            except asyncio.TimeoutError:
                break
            kinds.setdefault(message.type, bytes(message.data) if message.type != aiohttp.WSMsgType.TEXT else b"")
        require(kinds.get(aiohttp.WSMsgType.PONG) == b"are you there", f"no pong: {kinds}")
        require(aiohttp.WSMsgType.PING in kinds, f"no ping: {kinds}")
    session = await socket.session_id()
    await asyncio.sleep(3.5)
    require(await socket.session_id() == session and await socket.is_connected(), "the client has left")


@check
async def socket_close(job):
    url = (await job.web.apps_connections_open(app_token=job.state["app_token"]))["url"]
    async with job.session.ws_connect(url, autoclose=False, autoping=False, timeout=1.5) as raw:
        await raw.receive_json(timeout=5)
        before = await job.control("sockets", do="count")
        require(await raw.close(code=1000), "it was closed already")
        require(raw.close_code == 1000, f"the close frame is answered with {raw.close_code}")
        require(await job.control("sockets", do="count") == before - 1, "a closed socket counts")


@check
async def socket_disconnect(job):
    """The SDK makes a new connection when it is told that the old one ends."""
    socket = await job.socket()
    await job.control("sockets", do="refresh")
    await until(lambda: any(text.get("type") == "disconnect" for text in socket.texts), "disconnect")
    reason = next(text for text in socket.texts if text.get("type") == "disconnect")
    require(reason["reason"] == "refresh_requested" and reason["debug_info"]["host"], f"{reason}")
    await until(lambda: sum(text.get("type") == "hello" for text in socket.texts) >= 2, "a second hello")
    channel = await job.channel()
    await job.do("egon", "say", channel=channel, text="on the new one")
    await job.expect(socket, lambda event: event.get("text") == "on the new one", "an event on the new connection")


@check
async def socket_limit(job):
    raws, last = [], None
    try:
        for _ in range(12):
            url = (await job.web.apps_connections_open(app_token=job.state["app_token"]))["url"]
            raw = await job.session.ws_connect(url)
            raws.append(raw)
            last = await raw.receive_json(timeout=5)
            if last["type"] == "disconnect":
                break
        require(last["type"] == "disconnect" and last["reason"] == "too_many_websockets", f"{last}")
        require(last["num_connections"] == 10 and len(raws) == 11, f"{last}, {len(raws)} sockets")
    finally:
        for raw in raws:
            await raw.close()


@check
async def socket_spread(job):
    one, other = await job.socket(), await job.socket()
    channel = await job.channel()
    for index in range(24):
        await job.do("egon", "say", channel=channel, text=f"event {index}")

    def texts(socket):
        return [request.payload["event"].get("text") for request in socket.seen
                if request.payload.get("event", {}).get("channel") == channel]
    await until(lambda: len(set(texts(one) + texts(other))) == 24, "24 events")
    require(texts(one) and texts(other), "all events go to one socket")
    require(len(texts(one)) + len(texts(other)) == 24, "an event goes to both sockets")


@check
async def socket_retry(job):
    """What is not acknowledged comes again, says so, and is the same event."""
    await job.control("set", of="hub", name="ack_seconds", value=0.3)
    await job.control("set", of="hub", name="retry_delays", value=[0.0, 0.2, 0.2])
    socket = await job.socket(acks=False)
    channel = await job.channel()
    await job.do("egon", "say", channel=channel, text="again")

    def tries():
        return [request for request in socket.seen if request.payload.get("event", {}).get("text") == "again"]
    await until(lambda: len(tries()) == 4, "four attempts", 6)
    require([request.retry_attempt for request in tries()] == [0, 1, 2, 3], f"{[one.retry_attempt for one in tries()]}")
    require({request.retry_reason for request in tries()[1:]} == {"timeout"}, f"{[one.retry_reason for one in tries()]}")
    require(len({request.payload["event_id"] for request in tries()}) == 1, "its id changes")
    require(len({request.envelope_id for request in tries()}) == 4, "a retry is the same envelope")
    await job.control("set", of="hub", name="new_id_on_retry", value=False)
    await job.do("egon", "say", channel=channel, text="once more")
    await until(lambda: len(of_text(socket, "once more")) == 4, "four attempts", 6)
    require(len({request.envelope_id for request in of_text(socket, "once more")}) == 1, "a retry is another envelope")


@check
async def socket_no_retry(job):
    await job.control("set", of="hub", name="ack_seconds", value=0.2)
    await job.control("set", of="hub", name="retry_delays", value=[0.0, 0.1, 0.1])
    socket = await job.socket(acks=False)
    channel = await job.channel()
    result = await job.do("egon", "slash", command="/bridge", text="list", channel=channel)
    require(not result["acked"] and result["attempts"] == 1, f"{result}")
    await asyncio.sleep(0.6)
    require(len([request for request in socket.seen if request.type == "slash_commands"]) == 1, "the command came again")


@check
async def builtin_client(job):
    """The SDK's own WebSocket, which no library helps."""
    seen = []
    client = BuiltinClient(app_token=job.state["app_token"], web_client=WebClient(base_url=job.state["api_url"]),
                           ping_interval=1)

    def on_request(client, request):
        seen.append(request)
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
    client.socket_mode_request_listeners.append(on_request)
    await asyncio.to_thread(client.connect)
    try:
        channel = await job.channel()
        await until(lambda: client.is_connected(), "its connection")
        ts = await job.do("egon", "say", channel=channel, text="to the builtin client")
        await until(lambda: any(one.payload.get("event", {}).get("ts") == ts for one in seen), "an event")
    finally:
        await asyncio.to_thread(client.close)
    acked = [one for one in (await job.control("report"))["deliveries"] if one["event"].get("ts") == ts]
    require(acked[0]["acked"] is not None, f"{acked}")


# events --------------------------------------------------------------------------------------------------------------

@check
async def events(job):
    socket = await job.socket()
    channel, outside = await job.channel(), await job.channel(bot=False)
    await job.do("egon", "say", channel=outside, text="not for the bot")
    ts = await job.do("egon", "say", channel=channel, text="first")
    event = await job.expect(socket, lambda one: one.get("text") == "first", "the message")
    require(event["channel"] == channel and event["ts"] == ts == event["event_ts"], f"{event}")
    require(event["channel_type"] == "channel" and event["user"] == job.state["users"]["egon"], f"{event}")
    await job.do("egon", "edit", channel=channel, ts=ts, text="second")
    event = await job.expect(socket, lambda one: one.get("subtype") == "message_changed", "the edit")
    require(event["message"]["text"] == "second" and event["previous_message"]["text"] == "first", f"{event}")
    require(event["message"]["ts"] == ts and event["ts"] != ts and "edited" in event["message"], f"{event}")
    await job.do("egon", "delete", channel=channel, ts=ts)
    event = await job.expect(socket, lambda one: one.get("subtype") == "message_deleted", "the deletion")
    require(event["deleted_ts"] == ts and event["previous_message"]["text"] == "second", f"{event}")
    mine = (await job.web.chat_postMessage(channel=channel, text="mine"))["ts"]
    event = await job.expect(socket, lambda one: one.get("ts") == mine, "the bot's own message")
    require(event.get("bot_id") == job.state["bot_id"] and event.get("app_id") == job.state["app_id"], f"{event}")
    await job.do("dana", "react", channel=channel, ts=mine, name="wave")
    event = await job.expect(socket, lambda one: one.get("type") == "reaction_added", "the reaction")
    require(event["item"] == {"type": "message", "channel": channel, "ts": mine}, f"{event}")
    require(not any(one.payload.get("event", {}).get("text") == "not for the bot" for one in socket.seen),
            "the bot hears a conversation that it is not in")
    await job.do("egon", "create", name=f"c{os.urandom(5).hex()}", members=[])
    require(not any(one.payload.get("event", {}).get("type") == "app_mention" for one in socket.seen),
            "an event that nobody subscribed to")
    ids = [one.payload["event_id"] for one in socket.seen if one.type == "events_api"]
    require(len(ids) == len(set(ids)), "two events have one id")
    require({one.payload["team_id"] for one in socket.seen if one.type == "events_api"} == {job.state["team_id"]},
            "whose workspace")


@check
async def not_subscribed(job):
    """app_mention is not among the events that the app asked for."""
    socket = await job.socket()
    channel = await job.channel()
    await job.do("egon", "say", channel=channel, text=f"<@{job.state['bot_user']}> hi")
    await job.do("egon", "say", channel=channel, text="and then this")
    await job.control("renameteam", name="Softball")
    await job.do("egon", "say", channel=channel, text="the last")
    await job.expect(socket, lambda one: one.get("text") == "the last", "the last message")
    kinds = {one.payload["event"]["type"] for one in socket.seen if one.type == "events_api"}
    require("team_rename" not in kinds and "app_mention" not in kinds, f"{kinds}")


@check
async def event_kinds(job):
    """What happens to messages and channels, besides what `events` has."""
    await job.control("set", of="app", name="events", value=[
        "message.channels", "app_mention", "reaction_added", "reaction_removed", "member_joined_channel", "channel_rename"])
    socket = await job.socket()
    channel = await job.channel()
    root = await job.do("egon", "say", channel=channel, text="root")
    leaf = await job.do("dana", "say", channel=channel, text="leaf", thread=root)
    event = await job.expect(socket, lambda one: one.get("ts") == leaf, "the reply")
    require(event.get("thread_ts") == root and event["parent_user_id"] == job.state["users"]["egon"], f"{event}")
    shown = await job.do("dana", "say", channel=channel, text="to all", thread=root, broadcast=True)
    event = await job.expect(socket, lambda one: one.get("ts") == shown, "the reply in the channel")
    require(event.get("subtype") == "thread_broadcast" and event["root"]["ts"] == root, f"{event}")
    page = await job.do("egon", "say", channel=channel, text="<https://example.org/>")
    await job.do("egon", "unfurl", channel=channel, ts=page)
    event = await job.expect(socket, lambda one: one.get("message", {}).get("ts") == page, "the preview")
    require(event["subtype"] == "message_changed" and "edited" not in event["message"], f"{event}")
    await job.do("dana", "react", channel=channel, ts=page, name="wave")
    await job.do("dana", "unreact", channel=channel, ts=page, name="wave")
    event = await job.expect(socket, lambda one: one.get("type") == "reaction_removed", "the reaction to be taken back")
    require(event["item"]["ts"] == page and event["reaction"] == "wave", f"{event}")
    await job.do("egon", "delete", channel=channel, ts=root)
    event = await job.expect(socket, lambda one: one.get("message", {}).get("subtype") == "tombstone", "the tombstone")
    require(event["subtype"] == "message_changed" and event["message"]["ts"] == root, f"{event}")
    await job.do("peter", "join", channel=channel)
    event = await job.expect(socket, lambda one: one.get("type") == "member_joined_channel", "peter")
    require(event["user"] == job.state["users"]["peter"] and event["channel_type"] == "C", f"{event}")
    await job.do("egon", "topic", channel=channel, text="what it is about")
    event = await job.expect(socket, lambda one: one.get("subtype") == "channel_topic", "the topic")
    require(event["topic"] == "what it is about" and event["channel"] == channel, f"{event}")
    name = f"r{os.urandom(5).hex()}"
    await job.do("egon", "rename", channel=channel, name=name)
    event = await job.expect(socket, lambda one: one.get("type") == "channel_rename", "the name")
    require(event["channel"]["id"] == channel and event["channel"]["name"] == name, f"{event}")
    called = await job.do("egon", "say", channel=channel, text=f"<@{job.state['bot_user']}> hi")
    event = await job.expect(socket, lambda one: one.get("type") == "app_mention", "the mention")
    require(event["ts"] == called and event["channel"] == channel, f"{event}")
    await job.expect(socket, lambda one: one.get("type") == "message" and one.get("ts") == called, "the message besides")


@check
async def one_upload(job):
    """A file under another name; completed once."""
    channel = await job.channel()
    place = await job.web.files_getUploadURLExternal(filename="a.txt", length=3)
    async with job.session.post(place["upload_url"], data=b"yes") as answer:
        require((answer.status, await answer.text()) == (200, "OK - 3"), f"{answer}")
    share = {"files": [{"id": place["file_id"], "title": "A"}], "channel_id": channel, "username": "carol"}
    await job.web.api_call("files.completeUploadExternal", json=share)
    await refused(job.web.api_call("files.completeUploadExternal", json=share), "file_not_found")

    async def message():
        found = (await job.web.conversations_history(channel=channel))["messages"]
        return next((one for one in found if one.get("files")), None)
    end = time.monotonic() + 5
    while not (shared := await message()):
        require(time.monotonic() < end, "the file never appears")
        await asyncio.sleep(0.03)
    require(shared.get("username") == "carol", f"{shared}")


async def foreign(job):
    """Somebody says hello, and is answered in a thread: in a Slack that is none of ours (harness/slack_foreign.py)."""
    socket = await job.socket()
    event = await job.expect(socket, lambda one: one.get("text") == "hello", "the message")
    require(event["channel"] == job.state["channel"], f"{event}")
    await job.web.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="hello yourself")


# Bolt ----------------------------------------------------------------------------------------------------------------

@check
async def bolt(job):
    """An app written with Bolt: messages, a command, a button."""
    app = AsyncApp(token=job.state["bot_token"], client=job.with_token(job.state["bot_token"]))
    seen = []

    @app.message("ping")
    async def on_ping(message, say):
        seen.append(message)
        await say(text="pong", thread_ts=message["ts"])

    @app.event("reaction_added")
    async def on_reaction(event):
        seen.append(event)

    @app.command("/bridge")
    async def on_command(ack, respond, command):
        await ack("at once")
        await respond(f"later: {command['text']}")
        for index in range(5):
            answer = await respond(f"more {index}")
            seen.append(answer.status_code)

    @app.action("ok")
    async def on_click(ack, respond, action):
        await ack()
        await respond(f"clicked {action['value']}", replace_original=True)
    handler = AsyncSocketModeHandler(app, job.state["app_token"])
    handler.client.web_client = AsyncWebClient(base_url=job.state["api_url"])
    await handler.connect_async()
    job.open.append(handler.close_async)
    channel = await job.channel()
    for _ in range(100):
        if await job.control("sockets", do="count"):
            break
        await asyncio.sleep(0.05)
    ts = await job.do("egon", "say", channel=channel, text="ping please")

    async def has(good):
        end = time.monotonic() + 6
        while True:
            messages = await job.control("history", **{"in": channel})
            if any(good(message) for message in messages):
                return
            require(time.monotonic() < end, f"waited in vain: {messages}")
            await asyncio.sleep(0.05)
    await has(lambda message: message["text"] == "pong" and message.get("thread_ts") == ts)
    result = await job.do("dana", "slash", command="/bridge", text="list", channel=channel)
    require(result["acked"] and result["answer"]["text"] == "at once", f"{result}")
    await until(lambda: sum(isinstance(one, int) for one in seen) == 5, "its answers")
    shown = [message["text"] for _, message in (await job.control("report"))["ephemerals"].get("dana", [])]
    require("at once" in shown, f"what the acknowledgement says is not shown: {shown}")
    require("later: list" in shown, f"{shown}")
    require(seen[-5:] == [200, 200, 200, 200, 404], f"a response_url takes five answers: {seen[-5:]}")
    button = (await job.web.chat_postMessage(channel=channel, text="press", blocks=[
        {"type": "actions", "elements": [{"type": "button", "action_id": "ok", "value": "v",
                                          "text": {"type": "plain_text", "text": "OK"}}]}]))["ts"]
    await job.do("egon", "click", channel=channel, ts=button, action_id="ok", value="v")
    await has(lambda message: message["ts"] == button and message["text"] == "clicked v")


# jobs ----------------------------------------------------------------------------------------------------------------

async def run(job, turn):
    passed, failed = [], {}
    async with turn:
        for name in job["checks"]:
            try:
                async with Job(job["state"]) as connection:
                    await asyncio.wait_for({**CHECKS, "foreign": foreign}[name](connection), CHECK_SECONDS)
                passed.append(name)
            except asyncio.TimeoutError:
                failed[name] = f"it does not end: {traceback.format_exc(limit=4)}"
            except Exception as why:  # noqa: BLE001 - whatever it is, the check has failed
                place = traceback.extract_tb(why.__traceback__)
                line = next((f"{os.path.basename(frame.filename)} {frame.lineno}" for frame in reversed(place)
                             if os.path.dirname(frame.filename) == HERE and frame.name != "require"), "")
                failed[name] = f"{type(why).__name__}: {str(why)[:1200]} ({line})"
    print(json.dumps({"id": job["id"], "passed": passed, "failed": failed}), flush=True)


async def main():
    import logging
    logging.disable(logging.CRITICAL)
    turn = asyncio.Semaphore(AT_ONCE)
    jobs = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        jobs.add(asyncio.create_task(run(json.loads(line), turn)))
    await asyncio.gather(*jobs)


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CHECKS))
    else:
        asyncio.run(main())
