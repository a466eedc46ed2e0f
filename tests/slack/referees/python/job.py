# SPDX-License-Identifier: MIT
"""What the checks of the referee in Python share: a test Slack, clients of it, what is waited for."""
import asyncio
import json
import os
import time

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def require(true, what):
    if not true:
        raise AssertionError(what)


async def until(condition, what, seconds=8.0):
    end = time.monotonic() + seconds
    while not condition():
        require(time.monotonic() < end, f"waited in vain for {what}")
        await asyncio.sleep(0.02)


class Job:
    """A test Slack, and what all checks need of it."""

    def __init__(self, state):
        self.state = state
        self.session = None
        self.open = []

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        self.web = AsyncWebClient(token=self.state["bot_token"], base_url=self.state["api_url"])
        return self

    async def __aexit__(self, *_):
        for thing in self.open:
            await thing()
        await self.session.close()

    async def control(self, what, /, **content):
        async with self.session.post(f"{self.state['url']}/control/{what}", json=content) as answer:
            content = await answer.json()
            require("error" not in content, f"control/{what}: {content}")
            return content["result"]

    async def do(self, who, deed, /, **arguments):
        return await self.control("person", **{"as": who, "do": deed, "with": arguments})

    async def channel(self, bot=True, private=False):
        """A new channel of egon and dana."""
        name = f"c{os.urandom(5).hex()}"
        members = ["dana", self.state["bot_user"]] if bot else ["dana"]
        return await self.do("egon", "create", name=name, members=members, private=private)

    def with_token(self, token):
        return AsyncWebClient(token=token, base_url=self.state["api_url"])

    async def token(self, *scopes, kind="bot", user=None):
        return self.with_token(await self.control("issue", kind=kind, scopes=list(scopes), user=user))

    async def socket(self, listener=None, acks=True, client=SocketModeClient, ping_interval=1):
        """A connected client of Socket Mode; the requests that came are in .seen."""
        socket = client(app_token=self.state["app_token"], web_client=AsyncWebClient(base_url=self.state["api_url"]),
                        ping_interval=ping_interval)
        socket.seen = []
        socket.texts = []

        async def on_request(client, request):
            socket.seen.append(request)
            if listener:
                await listener(client, request)
            elif acks:
                await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

        async def on_text(message):
            if message.type == aiohttp.WSMsgType.TEXT:
                socket.texts.append(json.loads(message.data))
        socket.socket_mode_request_listeners.append(on_request)
        socket.on_message_listeners.append(on_text)
        await socket.connect()
        self.open.append(socket.close)
        await until(lambda: any(text.get("type") == "hello" for text in socket.texts), "hello")
        return socket

    async def expect(self, socket, good, what, seconds=8.0):
        """The first event that is good(event)."""
        def events():
            return [request.payload.get("event", request.payload) for request in socket.seen]
        await until(lambda: any(good(event) for event in events()), what, seconds)
        return next(event for event in events() if good(event))


async def refused(call, error):
    """The call is an application's error; returns the answer."""
    try:
        answer = await call
    except SlackApiError as refusal:
        require(refusal.response.get("error") == error, f"{refusal.response.get('error')} instead of {error}")
        return refusal.response
    raise AssertionError(f"{error} was due, and it went well: {answer.data}")


def of_text(socket, text):
    return [one for one in socket.seen if one.payload.get("event", {}).get("text") == text]
