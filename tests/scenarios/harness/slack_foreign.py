# SPDX-License-Identifier: MIT
"""
A Slack made by others, for a frontend under test: the Web API with its pages is emulate's (npm), Socket Mode is that of
slacktest (slack-go), and a test looks at the state by @slack/web-api. What passes between the two is this file's:
apps.connections.open is answered with slacktest's URL, all else is emulate's.

    slack = Foreign(folder, scopes); await slack.start()
    slack.api_url, slack.app_token, slack.bot_token       what a frontend is configured with
    await slack.call("conversations.history", channel=...)   @slack/web-api asks emulate, as the bot
    envelope = slack.tell({"type": "message", ...})        an event; in slack.acks once it is acknowledged
"""
import asyncio
import base64
import json
import os
import shutil
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from .process import PATIENCE, Failure, Process, free_port, port_open, wait_until
from .referees import Referee, environment_or_skip
from testslack.web import Answer, WebServer

# Of people's tokens; the app has what it asks for.
SCOPES = ("chat:write chat:write.customize channels:read channels:history channels:join channels:manage groups:read "
          "groups:history groups:write im:read im:history im:write mpim:read mpim:history mpim:write users:read files:read "
          "files:write reactions:read reactions:write team:read").split()
APP = {"client_id": "12345.67890", "client_secret": "a secret", "app_id": "A000000001", "name": "bridge",
       "redirect_uris": ["http://127.0.0.1/cb"]}


class Foreign:
    app_token = "xapp-1-A000000001-1-foreign"

    def __init__(self, folder, scopes, people=("egon", "dana"), public_url=None):
        """scopes: of the app (slack.manifest()). public_url: where a frontend's install page is; without it the app is installed already."""
        self.node = environment_or_skip("node")
        self.go = environment_or_skip("go")
        self.folder = os.path.join(folder, "foreign")
        os.makedirs(self.folder)
        self.people = people
        self.scopes = list(scopes)
        self.public_url = public_url
        self.sdk = Referee("node", folder)
        self.emulate_url = f"http://127.0.0.1:{free_port()}"
        self.front = WebServer(self._route)
        self.calls = []   # (method, arguments, answer)
        self.acks = []    # what the client has sent over its socket
        self.responses = []
        self.opened = 0
        self.child = self.emulate = self.task = None

    async def start(self):
        await asyncio.gather(self._start_emulate(), self._start_slacktest(), self.sdk.start())
        self.api_url = f"http://127.0.0.1:{await self.front.start(0)}/api/"
        self.team = (await self.call("team.info", "xoxp-egon"))["team"]["id"]
        if not self.public_url:
            self.bot_token, self.bot_user = await self._install()
            self.bot = await self.call("auth.test")

    async def person(self, name):
        """The id of somebody."""
        return (await self.call("users.lookupByEmail", f"xoxp-{name}", email=f"{name}@example.org"))["user"]["id"]

    async def _start_emulate(self):
        seed = os.path.join(self.folder, "seed.json")
        app = {**APP, "scopes": self.scopes}
        if self.public_url:
            app["redirect_uris"] = [f"{self.public_url}/slack/callback"]
        with open(seed, "w") as file:
            json.dump({"slack": {
                "team": {"name": "Softball", "domain": "softball"}, "strict_scopes": True, "oauth_apps": [app],
                "users": [{"name": name, "real_name": name.title(), "email": f"{name}@example.org"} for name in self.people],
                "tokens": [{"token": f"xoxp-{name}", "type": "user", "user": name, "scopes": SCOPES + ["users:read.email"]}
                           for name in self.people]}}, file)
        port = self.emulate_url.rsplit(":", 1)[1]
        modules = os.path.join(self.node, "node_modules")
        self.emulate = Process("emulate", [
            os.path.join(modules, "node", "bin", "node"), os.path.join(modules, "emulate", "dist", "index.js"), "start",
            "-s", "slack", "-p", port, "--seed", seed, "--base-url", self.emulate_url], self.folder)
        await self.emulate.start()
        await wait_until(lambda: port_open(int(port)), "emulate to listen", 30)

    async def _start_slacktest(self):
        self.child = await asyncio.create_subprocess_exec(
            os.path.join(self.go, "referee"), "--serve", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, start_new_session=True, limit=1 << 24)
        urls = json.loads(await asyncio.wait_for(self.child.stdout.readline(), 20 * PATIENCE))
        self.ws_url = urls["ws_url"]
        self.task = asyncio.create_task(self._read())

    async def _read(self):
        while line := await self.child.stdout.readline():
            self.acks.append(json.loads(line))

    async def stop(self):
        await self.front.stop()
        await self.sdk.stop()
        if self.task:
            self.task.cancel()
        if self.child and self.child.returncode is None:
            self.child.kill()
            await self.child.wait()
        if self.emulate:
            await self.emulate.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _install(self):
        """A bot token as an installation brings it."""
        form = {"user_id": await self.person("egon"), "redirect_uri": "http://127.0.0.1/cb", "scope": ",".join(self.scopes), "user_scope": "",
                "state": "s", "client_id": APP["client_id"]}
        _, headers, _ = await asyncio.to_thread(fetch, f"{self.emulate_url}/oauth/v2/authorize/callback", form, {})
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["location"]).query)["code"][0]
        answer = await self.call("oauth.v2.access", None, client_id=APP["client_id"], client_secret=APP["client_secret"],
                                 code=code, redirect_uri="http://127.0.0.1/cb")
        return answer["access_token"], answer["bot_user_id"]

    # the frontend's way to the two -----------------------------------------------------------------------------------

    async def _route(self, request):
        method = request.path.rsplit("/", 1)[1]
        if request.path.startswith("/commands/"):
            self.responses.append(json.loads(request.body))
            return Answer(200, "ok")
        if method == "apps.connections.open":
            if request.headers.get("authorization") != f"Bearer {self.app_token}":
                return Answer.json({"ok": False, "error": "invalid_auth"})
            self.opened += 1
            if self.opened == 1:
                self._frame({"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP["app_id"]},
                             "debug_info": {"host": "applink-foreign", "build_number": 1,
                                            "approximate_connection_time": 18060}})
            return Answer.json({"ok": True, "url": self.ws_url})
        headers = {name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers}
        status, head, content = await asyncio.to_thread(
            fetch, f"{self.emulate_url}{request.target}", request.body if request.method == "POST" else None, headers)
        if request.path.startswith("/api/"):
            form = request.form() if request.content_type != "application/json" else json.loads(request.body)
            self.calls.append((method, form, content.decode("utf-8", "replace")))
        return Answer(status, content, head.get("content-type", "text/plain"),
                      {"Location": head["location"]} if "location" in head else None)

    def _frame(self, content):
        self.child.stdin.write(json.dumps(content).encode() + b"\n")

    # what a test does ------------------------------------------------------------------------------------------------

    async def call(self, method, token="", **arguments):
        """@slack/web-api asks emulate; token: "" is the bot's, None is none."""
        answer = (await self.sdk.ask(call={
            "api_url": f"{self.emulate_url}/api/", "token": self.bot_token if token == "" else token, "method": method,
            "arguments": arguments}))["answer"]
        if not answer["ok"]:
            raise Failure(f"{method} {arguments} is answered {answer}")
        return answer

    def tell(self, event):
        """An event over the socket; returns the id of its envelope."""
        envelope = str(uuid.uuid4())
        self._frame({"envelope_id": envelope, "type": "events_api", "accepts_response_payload": False, "retry_attempt": 0,
                     "retry_reason": "", "payload": {
                         "token": "t", "team_id": self.team, "api_app_id": APP["app_id"], "type": "event_callback",
                         "event_id": f"Ev{uuid.uuid4().hex[:9].upper()}", "event_time": int(time.time()), "event": event,
                         "authorizations": [{"enterprise_id": None, "team_id": self.team, "is_bot": True,
                                             "user_id": self.bot_user, "is_enterprise_install": False}]}})
        return envelope

    def command(self, text, channel, user, name):
        """`/bridge text`; returns the id of its envelope. What the app answers to its URL is in .responses."""
        envelope = str(uuid.uuid4())
        self._frame({"envelope_id": envelope, "type": "slash_commands", "accepts_response_payload": True, "payload": {
            "token": "t", "team_id": self.team, "team_domain": "softball", "channel_id": channel,
            "channel_name": "a-channel", "user_id": user, "user_name": name, "command": "/bridge", "text": text,
            "api_app_id": APP["app_id"], "is_enterprise_install": "false", "trigger_id": "1.2.3",
            "response_url": self.api_url.replace("/api/", "/commands/1")}})
        return envelope

    async def say(self, name, channel, text, **more):
        """A person writes: emulate keeps it, slacktest tells of it. Returns ts and envelope."""
        answer = await self.call("chat.postMessage", f"xoxp-{name}", channel=channel, text=text, **more)
        message = {key: answer["message"][key] for key in ("text", "user", "ts", "thread_ts") if key in answer["message"]}
        return answer["ts"], self.tell({"type": "message", "channel": channel, "channel_type": "channel",
                                        "event_ts": answer["ts"], "team": self.team, **message})

    async def upload(self, name, channel, filename, content, text):
        """A person shares a file by the SDK; returns the envelope that tells of it."""
        await self.call("files.uploadV2", f"xoxp-{name}", channel_id=channel, filename=filename, initial_comment=text,
                        base64=base64.b64encode(content).decode())
        message = (await self.call("conversations.history", channel=channel, limit=1))["messages"][0]
        return self.tell({**message, "type": "message", "subtype": "file_share", "channel": channel,
                          "channel_type": "channel", "event_ts": message["ts"]})

    async def acknowledged(self, envelope, timeout=20.0):
        await wait_until(lambda: any(ack.get("envelope_id") == envelope for ack in self.acks), "an acknowledgement", timeout)


class Unredirected(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def fetch(url, body, headers):
    """Status, headers (names in lower case) and content; blocks."""
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body).encode()
    request = urllib.request.Request(url, body, headers, method="GET" if body is None else "POST")
    try:
        answer = urllib.request.build_opener(Unredirected).open(request, timeout=30)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
