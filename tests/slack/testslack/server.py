# SPDX-License-Identifier: MIT
"""
The test Slack: Web API, files, OAuth and Socket Mode on one port of the loopback interface.

    slack = TestSlack()
    await slack.start()
    app = slack.add_app()
    team = slack.add_workspace("Softball")
    install = slack.install(app, team)
    egon = slack.add_person(team, "egon")
    general = egon.create("general", members=[install.bot_user])
    egon.say("general", "hi")
    ...
    await slack.stop()
"""
import base64
import json
import secrets
import struct
import time
import traceback
import zlib

from . import (calls_chat, calls_conversations, calls_files, calls_people, methods, oauth,  # noqa: F401 - they register
               text as mrkdwn)
from .changes import Changes
from .control import control
from .faults import Faults
from .methods import Limits
from .people import RESPONSE_URL_USES, Person
from .rules import Rules
from .sockets import Hub
from .state import App, Ids, Install, Token, Workspace
from .web import Answer, Hangup, WebServer

BOT_SCOPES = (
    "channels:history channels:read channels:join channels:manage groups:history groups:read groups:write im:history im:read "
    "im:write mpim:history mpim:read mpim:write chat:write chat:write.customize chat:write.public reactions:read "
    "reactions:write files:read files:write users:read users:read.email users.profile:read emoji:read team:read commands").split()
EVENTS = (
    "message.channels message.groups message.im message.mpim reaction_added reaction_removed member_joined_channel "
    "member_left_channel channel_created channel_rename channel_archive channel_unarchive channel_deleted channel_left "
    "group_rename group_archive group_unarchive group_deleted group_left user_change team_join emoji_changed tokens_revoked "
    "app_uninstalled").split()
TOKEN_SECONDS = 43200


class TestSlack(Changes):
    def __init__(self, broken=(), seed=1):
        self.rules = Rules(broken)
        self.seed = seed
        self.ids = Ids()
        self.apps = {}
        self.workspaces = {}
        self.tokens = {}          # value -> Token
        self.refresh_tokens = {}  # value -> Token, of the kind it refreshes
        self.codes = {}
        self.uploads = {}         # ticket -> File
        self.hubs = {}
        self.response_urls = {}
        self.faults = Faults()
        self.limits = Limits(self)
        self.server = WebServer(self._handle)
        self.url = self.ws_url = None
        self.avatars_url = None   # where people's pictures are, if elsewhere
        self.token_seconds = TOKEN_SECONDS
        self.reply_count_events = True
        # Recorded events about files name a user only; whether those of a bot have its bot_id is not known.
        self.file_events_name_bot = False
        self.consent = None       # True or False: OAuth's page is answered at once so
        self.consenting = None    # (workspace, user): who is at that page
        self.calls = []           # all calls of the Web API
        self.downloads = []       # (path, whether a known token was shown)
        self.complaints = []      # what a client did that Slack would not say a word about
        self.failures = []        # tracebacks of the test Slack itself

    async def start(self, port=0, tls=None):
        """tls: an ssl.SSLContext; the URLs are https and wss then."""
        port = await self.server.start(port, tls=tls)
        secure = "s" if tls else ""
        self.url = f"http{secure}://127.0.0.1:{port}"
        self.ws_url = f"ws{secure}://127.0.0.1:{port}"
        self.port = port

    async def stop(self):
        await self.server.stop()

    @property
    def api_url(self):
        return f"{self.url}/api/"

    # what there is ---------------------------------------------------------------------------------------------------

    def add_app(self, name="bridge", scopes=BOT_SCOPES, events=EVENTS):
        app = App(self.ids, name, scopes, events)
        self.apps[app.id] = app
        self.hubs[app.id] = Hub(self, app)
        self.tokens[app.app_token] = Token(app.app_token, "app", app, scopes=("connections:write",))
        return app

    def hub_of(self, app):
        return self.hubs[app.id]

    def add_workspace(self, name="Softball", domain=None):
        workspace = Workspace(self.ids, name, domain or name.lower().replace(" ", "-"))
        workspace.one_dm = self.rules.keeps("channels.one_dm")
        self.workspaces[workspace.id] = workspace
        return workspace

    def install(self, app, workspace, installer=None, scopes=None, token=True):
        """The app in a workspace, with a bot and (token) a token of it: install.tokens[-1].value."""
        install = workspace.installs.get(app.id)
        scopes = list(scopes if scopes is not None else app.scopes)
        if not install:
            bot = workspace.add_user(app.name, real_name=app.name, is_bot=True)
            bot.app_id = app.id
            bot.bot_id = self.ids.next("B")
            install = Install(app, workspace, bot.bot_id, bot, installer, scopes)
            workspace.installs[app.id] = workspace.bots[bot.bot_id] = install
        install.scopes = scopes
        if token:
            self.issue(app, "bot", workspace, install.bot_user, scopes)
        return install

    def issue(self, app, kind, workspace, user, scopes, rotating=None):
        """A new token; and one to refresh it, or None."""
        rotating = app.rotation if rotating is None else rotating
        prefix = "xoxb" if kind == "bot" else "xoxp"
        secret = f"{secrets.randbelow(10**12):012d}-{secrets.token_hex(12)}"
        value = f"xoxe.{prefix}-1-{base64.urlsafe_b64encode(secret.encode()).decode().rstrip('=')}" if rotating else \
            f"{prefix}-{secrets.randbelow(10**12):012d}-{secret}"
        token = Token(value, kind, app, workspace, user, scopes, self.token_seconds if rotating else None)
        self.tokens[value] = token
        if kind == "bot":
            workspace.installs[app.id].tokens.append(token)
        refresh = None
        if rotating:
            refresh = f"xoxe-1-{secrets.token_urlsafe(48)}"
            self.refresh_tokens[refresh] = token
        return token, refresh

    def add_person(self, workspace, name, **about):
        return Person(self, workspace, workspace.add_user(name, **about))

    def person_of(self, workspace, who):
        return Person(self, workspace, workspace.user(who))

    def add_people(self, workspace, number, prefix="person"):
        """Tens of thousands, say."""
        return [workspace.add_user(f"{prefix}{index}", display_name=f"{prefix.title()} {index}") for index in range(number)]

    def add_channels(self, workspace, number, creator, prefix="channel"):
        return [workspace.add_channel(f"{prefix}-{index}", "channel", creator, [creator]) for index in range(number)]

    def consent_of(self, team):
        if self.consenting:
            return self.consenting
        workspace = self.workspaces.get(team) or next(iter(self.workspaces.values()))
        return workspace, next(user for user in workspace.users.values() if not user.is_bot and user.name != "slackbot")

    # pages -----------------------------------------------------------------------------------------------------------

    def cursor(self, prefix, id):
        return base64.b64encode(f"{prefix}:{id}".encode()).decode()

    def open_cursor(self, cursor, prefix):
        """The id that a cursor begins with, or None."""
        try:
            name, _, id = base64.b64decode(cursor, validate=True).decode().partition(":")
        except ValueError:
            return None
        return id if name == prefix else None

    def anything(self, call, name):
        """An argument that a broken rule does without."""
        if name == "channel" and call.workspace:
            return next((id for id, channel in call.workspace.channels.items() if call.user.id in channel.members), "")
        return "1"

    # answers of apps -------------------------------------------------------------------------------------------------

    def answered(self, app, delivery):
        """The acknowledgement of a command or a click carries a message."""
        channel = getattr(delivery, "channel", None)
        if channel and self.rules.keeps("commands.response"):
            self._show_answer(app, channel, delivery.user, delivery.answer)

    def _show_answer(self, app, channel, user, content):
        install = channel.workspace.installs.get(app.id)
        if not install or not (content.get("text") or content.get("blocks") or content.get("attachments")):
            return
        shown = {key: content[key] for key in ("text", "blocks", "attachments") if key in content}
        shown["text"] = mrkdwn.stored(shown.get("text", ""))
        if content.get("response_type") == "in_channel":
            thread = content.get("thread_ts")
            self.post(channel, install.bot_user, shown, install=install, thread=thread)
        else:
            self.show_only(user, channel, {"ts": channel.workspace.clock.ts(), **shown})

    def _response(self, request):
        """A POST to a response_url."""
        url = self.response_urls.get(request.path)
        if not url or time.time() > url.until:
            return Answer.json({"ok": False, "error": "expired_url"}, 404)
        if url.uses >= RESPONSE_URL_USES and self.rules.keeps("commands.response_url"):
            return Answer.json({"ok": False, "error": "used_url"}, 404)
        try:
            content = json.loads(request.body)
        except ValueError:
            return Answer(400, "invalid_payload")
        url.uses += 1
        url.answers.append(content)
        if url.message and (content.get("delete_original") or content.get("replace_original")):
            if content.get("delete_original"):
                self.delete(url.channel, url.message)
            else:
                self.change(url.channel, url.message, {"text": mrkdwn.stored(content.get("text", ""))},
                            url.workspace.installs[url.app.id].bot_id)
        else:
            self._show_answer(url.app, url.channel, url.user, content)
        return Answer(200, "ok")

    # requests --------------------------------------------------------------------------------------------------------

    async def _handle(self, request):
        try:
            return await self._route(request)
        except (ConnectionError, Hangup):
            raise
        except Exception:  # noqa: BLE001 - a fault of ours, shown when the server is stopped
            self.failures.append(traceback.format_exc())
            return Answer.json({"ok": False, "error": "internal_error"}, 500)

    async def _route(self, request):
        first = request.path.split("/")[1] if request.path.startswith("/") else ""
        if first == "api":
            return await methods.serve(self, request.path[5:], request)
        if first == "link":
            app = self.apps.get(request.query.get("app_id"))
            if not app:
                return Answer(401, "no such app")
            return await self.hub_of(app).link(request)
        if first == "upload" and self.faults.uploads_fail:
            self.faults.uploads_fail -= 1
            return Answer(503, "upstream connect error", "text/html")
        if first == "upload":
            return calls_files.take_upload(self, request)
        if first == "files-pri":
            return calls_files.give_file(self, request)
        if first in ("avatars", "emoji"):
            return Answer(200, picture(request.path), "image/png")
        if first in ("commands", "actions"):
            return self._response(request)
        if request.path == "/oauth/v2/authorize":
            return oauth.authorize(self, request)
        if first == "control":
            return await control(self, request)
        if request.path == "/":
            return Answer(200, calls_files.LOGIN_PAGE, "text/html; charset=utf-8")
        return Answer(404, "<html><body>There is no such page.</body></html>", "text/html; charset=utf-8")


def picture(about, width=48, height=48):
    """A PNG whose colour tells what it is the picture of."""
    colour = zlib.crc32(about.encode()).to_bytes(4, "big")[:3]

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress((b"\0" + colour * width) * height)) + chunk(b"IEND", b""))
