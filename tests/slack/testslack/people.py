# SPDX-License-Identifier: MIT
"""A person of a workspace with a client of Slack's own: what they do is what a frontend is told."""
import mimetypes
import secrets
import time

from . import text as mrkdwn
from .shapes import message_json
from .state import File

RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 1800


class ResponseUrl:
    """Where answers to a command or a click are posted to."""

    def __init__(self, app, workspace, channel, user, message=None):
        self.app, self.workspace, self.channel, self.user, self.message = app, workspace, channel, user, message
        self.until = time.time() + RESPONSE_URL_SECONDS
        self.uses = 0
        self.answers = []


class Person:
    def __init__(self, slack, workspace, user):
        self.slack = slack
        self.workspace = workspace
        self.user = user

    @property
    def id(self):
        return self.user.id

    def _channel(self, which):
        channel = self.workspace.channel(which)
        if self.id not in channel.members:
            raise ValueError(f"{self.user.name} is not in {channel.name or channel.id}")
        return channel

    def _message(self, which, ts):
        channel = self.workspace.channel(which)
        return channel, channel.messages[ts]

    def dm(self, other):
        """The DM with somebody (a bot, say): its Channel."""
        channel, created = self.workspace.im(self.id, self.workspace.user(other).id)
        if created:
            self.slack.tell_im_created(self.workspace, channel)
        return channel

    def say(self, channel, text, thread=None, broadcast=False, blocks=True, me=False, **more):
        """text: mrkdwn as Slack keeps it (entities, tokens). blocks: the rich_text to send along; True: what a client makes
        of the text; None: none. Returns the message's ts."""
        channel = self._channel(channel)
        content = {"text": text}
        if blocks is True and not me:
            content["blocks"] = [mrkdwn.rich_text(text)]
        elif blocks and blocks is not True:
            content["blocks"] = blocks
        message = self.slack.post(channel, self.user, content, thread=thread, broadcast=broadcast,
                                  subtype="me_message" if me else None, more=more)
        return message.ts

    def me(self, channel, text):
        return self.say(channel, text, me=True)

    def edit(self, channel, ts, text, blocks=True):
        channel, message = self._message(channel, ts)
        content = {"text": text}
        if blocks:
            content["blocks"] = [mrkdwn.rich_text(text)] if blocks is True else blocks
        self.slack.change(channel, message, content, self.id)

    def delete(self, channel, ts):
        self.slack.delete(*self._message(channel, ts))

    def react(self, channel, ts, name):
        channel, message = self._message(channel, ts)
        self.slack.react(channel, message, self.user, name)

    def unreact(self, channel, ts, name):
        channel, message = self._message(channel, ts)
        self.slack.unreact(channel, message, self.user, name)

    def unfurl(self, channel, ts, title="A page", link="https://example.org/"):
        channel, message = self._message(channel, ts)
        self.slack.unfurl(channel, message, [{"id": 1, "title": title, "title_link": link, "from_url": link,
                                              "original_url": link, "fallback": title, "service_name": "example.org"}])

    def upload(self, channel, name, content, text="", mimetype=None, thread=None, title=None):
        """Shares a file; returns (ts, File)."""
        channel = self._channel(channel)
        file = File(self.workspace.ids.next("F"), self.workspace, self.id, name, title or name, len(content),
                    mimetype or mimetypes.guess_type(name)[0] or "application/octet-stream")
        file.content, file.completed = content, True
        self.workspace.files[file.id] = file
        message, = self.slack.share([channel], [file], self.user, thread=thread, text=text)
        return message.ts, file

    def create(self, name, private=False, members=()):
        users = [self.workspace.user(member).id for member in members]
        return self.slack.create_channel(self.workspace, name, self.user, private, users)

    def join(self, channel):
        self.slack.join(self.workspace.channel(channel), self.user)

    def leave(self, channel):
        self.slack.leave(self._channel(channel), self.user)

    def invite(self, channel, who):
        self.slack.join(self._channel(channel), self.workspace.user(who), inviter=self.user)

    def kick(self, channel, who):
        self.slack.leave(self._channel(channel), self.workspace.user(who), actor=self.user)

    def rename(self, channel, name):
        self.slack.rename(self._channel(channel), self.user, name)

    def topic(self, channel, text):
        self.slack.describe(self._channel(channel), self.user, "topic", text)

    def purpose(self, channel, text):
        self.slack.describe(self._channel(channel), self.user, "purpose", text)

    def archive(self, channel):
        self.slack.archive(self._channel(channel), self.user)

    def unarchive(self, channel):
        self.slack.unarchive(self._channel(channel), self.user)

    def delete_channel(self, channel):
        self.slack.delete_channel(self._channel(channel), self.user)

    def change(self, **about):
        self.slack.change_user(self.workspace, self.user, **about)

    # what goes to the app by itself ----------------------------------------------------------------------------------

    def _app(self, app):
        return app or next(iter(self.workspace.installs.values())).app

    def _response_url(self, kind, app, channel, message=None):
        path = f"/{kind}/{self.workspace.id}/{secrets.randbelow(10**13)}/{secrets.token_hex(12)}"
        self.slack.response_urls[path] = ResponseUrl(app, self.workspace, channel, self.user, message)
        return self.slack.url + path

    def _trigger(self):
        return f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"

    def slash(self, command, text="", channel=None, app=None):
        """`/command text` in a conversation; returns the Delivery."""
        app = self._app(app)
        channel = self._channel(channel)
        delivery = self.slack.hub_of(app).deliver("slash_commands", {
            "token": app.verification_token, "team_id": self.workspace.id, "team_domain": self.workspace.domain,
            "channel_id": channel.id, "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": self.id, "user_name": self.user.name, "command": command, "text": text, "api_app_id": app.id,
            "is_enterprise_install": "false", "response_url": self._response_url("commands", app, channel),
            "trigger_id": self._trigger()}, accepts=True)
        delivery.channel, delivery.user = channel, self.user
        return delivery

    def _interaction(self, app, kind, **more):
        return {"type": kind, "team": {"id": self.workspace.id, "domain": self.workspace.domain},
                "user": {"id": self.id, "username": self.user.name, "name": self.user.name, "team_id": self.workspace.id},
                "api_app_id": app.id, "token": app.verification_token, "trigger_id": self._trigger(), "enterprise": None,
                "is_enterprise_install": False, **more}

    def click(self, channel, ts, action_id, value="", block_id="b1", app=None):
        """A button of a message."""
        app = self._app(app)
        channel, message = self._message(channel, ts)
        delivery = self.slack.hub_of(app).deliver("interactive", self._interaction(
            app, "block_actions",
            container={"type": "message", "message_ts": ts, "channel_id": channel.id, "is_ephemeral": False},
            channel={"id": channel.id, "name": channel.name or "directmessage"},
            message=message_json(self.slack, channel, message), state={"values": {}},
            response_url=self._response_url("actions", app, channel, message),
            actions=[{"action_id": action_id, "block_id": block_id, "text": {"type": "plain_text", "text": action_id,
                                                                             "emoji": True},
                      "value": value, "type": "button", "action_ts": self.workspace.clock.ts()}]), accepts=True)
        delivery.channel, delivery.user = channel, self.user
        return delivery

    def submit(self, callback_id, values, private_metadata="", app=None):
        """A modal."""
        app = self._app(app)
        plain = {"type": "plain_text", "text": "Modal", "emoji": True}
        view = {"id": self.workspace.ids.next("V"), "team_id": self.workspace.id, "type": "modal", "blocks": [],
                "private_metadata": private_metadata, "callback_id": callback_id, "state": {"values": values},
                "hash": f"{int(time.time())}.{secrets.token_hex(4)}", "title": plain, "clear_on_close": False,
                "notify_on_close": False, "close": None, "submit": plain, "previous_view_id": None, "app_id": app.id,
                "external_id": "", "app_installed_team_id": self.workspace.id,
                "bot_id": self.workspace.installs[app.id].bot_id, "root_view_id": "V0ROOT"}
        delivery = self.slack.hub_of(app).deliver("interactive", self._interaction(
            app, "view_submission", view=view, response_urls=[]), accepts=True)
        delivery.channel, delivery.user = None, self.user
        return delivery
