# SPDX-License-Identifier: MIT
"""
What happens in a workspace, whoever does it: the state changes, and the apps that may know are told. Each function takes
`events`, a list to which what is to be told is added; None: it is told at once.
"""
import asyncio
import time
import uuid

from . import text as mrkdwn
from .shapes import bot_profile, channel_json, file_json, file_stub, message_json, tombstone, user_json
from .state import Message

FAMILIES = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
ROOT = {"type", "subtype", "text", "user", "parent_user_id", "username", "team", "bot_id", "thread_ts", "icons", "bot_profile",
        "edited", "reply_count", "reply_users", "reply_users_count", "latest_reply", "subscribed", "ts"}


class Changes:
    """Mixed into TestSlack."""

    # telling ---------------------------------------------------------------------------------------------------------

    def note(self, events, workspace, event, subscription=None, channel=None, audience=None):
        """An event for the installed apps that subscribed to it. channel: only for those who are in it.
        audience: Installs that are told whatever they subscribed to."""
        installs = audience if audience is not None else workspace.installs.values()
        told = []
        for install in installs:
            subscribed = (subscription or event["type"]) in install.app.events or not self.rules.keeps("events.subscribed")
            if audience is None and not subscribed:
                continue
            if (channel is not None and install.bot_user.id not in channel.members and self.rules.keeps("events.own")):
                continue
            told.append((install, self.event_payload(install, event)))
        if events is None:
            self.tell(told)
        else:
            events += told

    def event_payload(self, install, event):
        workspace = install.workspace
        team = workspace.id if self.rules.keeps("events.team") else "T0SOMEBODY"
        event_id = workspace.ids.next("Ev") if self.rules.keeps("events.once") else "Ev000000001"
        payload = {
            "token": install.app.verification_token, "team_id": team, "context_team_id": team, "context_enterprise_id": None,
            "api_app_id": install.app.id, "event": event, "type": "event_callback", "event_id": event_id,
            "event_time": int(time.time()),
            "authorizations": [{"enterprise_id": None, "team_id": team, "user_id": install.bot_user.id, "is_bot": True,
                                "is_enterprise_install": False}],
            "is_ext_shared_channel": False, "event_context": f"4-{uuid.uuid4().hex}",
        }
        return payload

    def tell(self, told):
        """Sends events to the sockets of their apps; returns the deliveries."""
        return [self.hub_of(install.app).deliver("events_api", payload) for install, payload in told]

    async def tell_and_wait(self, told, seconds=5.0):
        for delivery in self.tell(told):
            try:
                await asyncio.wait_for(delivery.done.wait(), seconds)
            except asyncio.TimeoutError:
                pass

    def tell_rate_limited(self, workspace):
        """The notice that more events arose than an app is told in an hour."""
        for install in workspace.installs.values():
            self.hub_of(install.app).deliver("events_api", {
                "token": install.app.verification_token, "type": "app_rate_limited", "team_id": workspace.id,
                "minute_rate_limited": int(time.time()) // 60 * 60, "api_app_id": install.app.id})

    def note_message(self, events, channel, event):
        event = {**event, "channel": channel.id,
                 "channel_type": channel.kind if self.rules.keeps("events.kind") else "somewhere"}
        event.setdefault("event_ts", event["ts"])
        self.note(events, channel.workspace, event, f"message.{FAMILIES[channel.kind]}", channel)

    # messages --------------------------------------------------------------------------------------------------------

    def post(self, channel, user, content, install=None, app=None, face=None, thread=None, broadcast=False, metadata=None,
             subtype=None, files=(), more=None, events=None):
        """A new message. user: a User, who writes it. content: text, blocks, attachments. Returns the Message."""
        workspace = channel.workspace
        ts = workspace.clock.ts() if self.rules.keeps("message.ts") else f"{int(time.time())}"
        json = {"type": "message"}
        if subtype:
            json["subtype"] = subtype
        if face and self.rules.keeps("message.custom"):
            json.update({"subtype": subtype or "bot_message", **face})
        else:
            json["user"] = user.id
        json.update({"ts": ts, **content})
        if install or app:
            installed = install or workspace.installs.get(app.id)
            if installed and self.rules.keeps("events.bot"):
                json.update({"bot_id": installed.bot_id, "app_id": installed.app.id})
                if not face and subtype != "me_message":
                    json.update({"team": workspace.id, "bot_profile": bot_profile(self, installed)})
        elif not subtype or subtype == "file_share":
            json["client_msg_id"] = str(uuid.uuid4())
            json["team"] = workspace.id
        if files:
            json.update({"files": [file_json(self, file) for file in files], "upload": False, "display_as_bot": False})
        if metadata:
            json["metadata"] = metadata
        json.update(more or {})
        message = Message(ts, json, user.id, (install.app if install else app))
        parent = channel.messages.get(thread) if thread else None
        if parent:
            json.update({"thread_ts": parent.ts, "parent_user_id": parent.author})
            if broadcast:
                json["subtype"] = "thread_broadcast"
        channel.add(message)
        if mrkdwn.pings_everybody(content.get("text", "")):
            channel.pings.append(ts)
        event = dict(json)
        if subtype == "me_message" and not self.rules.keeps("events.me"):
            del event["subtype"]
        if files and not self.rules.keeps("events.file"):
            del event["files"]
        if parent and not self.rules.keeps("events.reply"):
            del event["thread_ts"], event["parent_user_id"]
        if files and self.faults.file_stubs:
            event["files"] = [file_stub(file) for file in files]
        if parent:
            before = message_json(self, channel, parent)
            parent.replies.append(ts)
            if broadcast:
                # The event tells less of the parent than a history does, and nothing of the client's.
                root = {key: value for key, value in message_json(self, channel, parent, reactions=False).items()
                        if key in ROOT}
                json["root"] = event["root"] = root
                if not self.rules.keeps("events.broadcast"):
                    del event["root"], event["subtype"]
                for key in ("team", "parent_user_id"):
                    event.pop(key, None)
        if files:
            for key in ("client_msg_id", "team", *(() if self.file_events_name_bot else ("bot_id", "app_id", "bot_profile"))):
                event.pop(key, None)
        self.note_message(events, channel, event)
        self._mention(events, channel, event)
        if parent and self.reply_count_events:
            self._changed(events, channel, parent, before)
        return message

    def _mention(self, events, channel, event):
        for install in channel.workspace.installs.values():
            if (f"<@{install.bot_user.id}" in event.get("text", "") and "user" in event and channel.kind != "im"
                    and "app_mention" in install.app.events and install.bot_user.id in channel.members):
                if not self.rules.keeps("events.mention"):
                    continue
                keys = ("user", "text", "ts", "team", "blocks", "client_msg_id", "thread_ts", "channel", "event_ts",
                        "bot_id", "app_id", "bot_profile", "files")
                mention = {"type": "app_mention", **{key: event[key] for key in keys if key in event}}
                mention.update({"channel": channel.id, "event_ts": event["ts"]})
                self.note(events, channel.workspace, mention, audience=[install])

    def _changed(self, events, channel, message, before):
        ts = channel.workspace.clock.ts()
        event = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": ts, "event_ts": ts,
                 "message": message_json(self, channel, message), "previous_message": before}
        if not self.rules.keeps("events.edit"):
            del event["previous_message"]
            event["subtype"] = "message_edited"
        self.note_message(events, channel, event)

    def change(self, channel, message, content, editor, events=None):
        """editor: the id that `edited` names: of a user, or of a bot."""
        before = message_json(self, channel, message)
        for key in ("text", "blocks", "attachments", *(() if self.rules.keeps("update.face") else ("username", "icons"))):
            message.json.pop(key, None)
        message.json.update(content)
        if message.json.get("subtype") != "me_message" and self.rules.keeps("update.edited"):
            message.json["edited"] = {"user": editor, "ts": channel.workspace.clock.ts()}
        self._changed(events, channel, message, before)

    def unfurl(self, channel, message, attachments, events=None):
        """A link gets its preview: the message changes, and nobody has edited it."""
        before = message_json(self, channel, message)
        message.json["attachments"] = attachments
        if not self.rules.keeps("events.unfurl"):
            message.json["edited"] = {"user": message.author, "ts": channel.workspace.clock.ts()}
        self._changed(events, channel, message, before)

    def delete(self, channel, message, events=None):
        before = message_json(self, channel, message)
        if message.replies and self.rules.keeps("delete.tombstone"):
            message.json = {**tombstone(message)}
            message.deleted = True
            if not self.rules.keeps("events.tombstone"):
                return
            self._changed(events, channel, message, before)
            return
        if message.is_reply() and message.thread_ts in channel.messages:
            parent = channel.messages[message.thread_ts]
            if message.ts in parent.replies:
                parent.replies.remove(message.ts)
        if self.rules.keeps("delete.gone"):
            channel.remove(message)
        ts = channel.workspace.clock.ts()
        event = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": message.ts, "ts": ts,
                 "event_ts": ts, "previous_message": before}
        if not self.rules.keeps("events.delete"):
            event["deleted_ts"] = ts
        self.note_message(events, channel, event)

    def show_only(self, user, channel, message):
        """An ephemeral message: no history has it, no event is about it."""
        user.ephemerals += ((channel.id, message),)

    def react(self, channel, message, user, name, events=None):
        users = message.reactions.setdefault(name, [])
        if user.id in users:
            return
        users.append(user.id)
        self._reaction(events, channel, message, user, name, "reaction_added")

    def unreact(self, channel, message, user, name, events=None):
        users = message.reactions.get(name, [])
        if user.id not in users:
            return
        users.remove(user.id)
        if not users:
            del message.reactions[name]
        if self.rules.keeps("events.taken_back"):
            self._reaction(events, channel, message, user, name, "reaction_removed")

    def _reaction(self, events, channel, message, user, name, kind):
        event = {"type": kind, "user": user.id, "reaction": name,
                 "item": {"type": "message", "channel": channel.id, "ts": message.ts}}
        if not self.rules.keeps("events.reaction"):
            event["item"]["ts"] = channel.workspace.clock.ts()
        if "username" not in message.json:  # such a message has no user
            event["item_user"] = message.author
        event["event_ts"] = channel.workspace.clock.ts()
        self.note(events, channel.workspace, event, channel=channel)

    # conversations ---------------------------------------------------------------------------------------------------

    def create_channel(self, workspace, name, creator, private=False, members=(), id=None, events=None):
        channel = workspace.add_channel(name, "group" if private else "channel", creator.id, [creator.id, *members], id)
        if not private:
            shown = channel_json(channel, creator.id)
            del shown["is_member"]
            self.note(events, workspace, {"type": "channel_created", "channel": shown, "event_ts": workspace.clock.ts()})
        return channel

    def tell_im_created(self, workspace, channel, events=None):
        for install in workspace.installs.values():
            if install.bot_user.id in channel.members and "im_created" in install.app.events:
                event = {"type": "im_created", "user": channel.other(install.bot_user.id),
                         "channel": channel_json(channel, install.bot_user.id)}
                self.note(events, workspace, event, audience=[install])

    def _system(self, channel, user, subtype, text, events, **more):
        if not subtype.endswith(("topic", "purpose")):
            more["team"] = channel.workspace.id
        return self.post(channel, user, {"text": text}, subtype=subtype, more=more, events=events)

    def _word(self, channel, word):
        return f"{'group' if channel.kind == 'group' and self.rules.keeps('events.private') else 'channel'}_{word}"

    def join(self, channel, user, inviter=None, events=None):
        if user.id in channel.members:
            return
        channel.members[user.id] = True
        event = {"type": "member_joined_channel", "user": user.id, "channel": channel.id,
                 "channel_type": "G" if channel.kind == "group" else "C", "team": channel.workspace.id}
        if inviter:
            event["inviter"] = inviter.id
        event["event_ts"] = channel.workspace.clock.ts()
        if self.rules.keeps("events.member"):
            self.note(events, channel.workspace, event, channel=channel)
        if self.rules.keeps("events.join"):
            self._system(channel, user, self._word(channel, "join"), f"<@{user.id}> has joined the channel", events,
                         **({"inviter": inviter.id} if inviter else {}))

    def leave(self, channel, user, actor=None, events=None):
        """actor: who removed them, if they did not go by themselves."""
        if user.id not in channel.members:
            return
        event = {"type": "member_left_channel", "user": user.id, "channel": channel.id,
                 "channel_type": "G" if channel.kind == "group" else "C", "team": channel.workspace.id,
                 "event_ts": channel.workspace.clock.ts()}
        for install in channel.workspace.installs.values():
            if install.bot_user is user and self.rules.keeps("events.left"):
                left = {"type": self._word(channel, "left"), "channel": channel.id, "event_ts": event["event_ts"]}
                if actor:
                    left["actor_id"] = actor.id
                audience = [install] if left["type"] in install.app.events else []
                self.note(events, channel.workspace, left, audience=audience)
        del channel.members[user.id]
        if self.rules.keeps("events.gone"):
            self.note(events, channel.workspace, event, channel=channel)
        self._system(channel, user, self._word(channel, "leave"), f"<@{user.id}> has left the channel", events)

    def rename(self, channel, user, name, events=None):
        workspace, old = channel.workspace, channel.name
        workspace.titles.pop(old, None)
        channel.previous_names.append(old)
        channel.name = name
        workspace.titles[name] = channel
        event = {"type": self._word(channel, "rename"), "channel": {
            "id": channel.id if self.rules.keeps("events.name") else name, "name": name, "name_normalized": name, "created": channel.created,
            "is_channel": channel.kind == "channel", "is_mpim": False}, "event_ts": workspace.clock.ts()}
        self.note(events, workspace, event, channel=None if channel.kind == "channel" else channel)
        self._system(channel, user, self._word(channel, "name"),
                     f'<@{user.id}> has renamed the channel from "{old}" to "{name}"', events, old_name=old, name=name)

    def describe(self, channel, user, what, text, events=None):
        """what: "topic" or "purpose"."""
        setattr(channel, what, {"value": text, "creator": user.id, "last_set": int(time.time())})
        if not self.rules.keeps("events.topic"):
            return
        said = f"set the channel {'topic' if what == 'topic' else 'description'}: {text}" if text else \
            f"cleared the channel {'topic' if what == 'topic' else 'description'}"
        self._system(channel, user, self._word(channel, what), f"<@{user.id}> {said}", events, **{what: text})

    def archive(self, channel, user, events=None):
        self._system(channel, user, self._word(channel, "archive"), f"<@{user.id}> archived the channel", events)
        channel.archived = True
        self._state(channel, user, "archive", events)

    def unarchive(self, channel, user, events=None):
        channel.archived = False
        self._state(channel, user, "unarchive", events)
        self._system(channel, user, self._word(channel, "unarchive"), f"<@{user.id}> un-archived the channel", events)

    def delete_channel(self, channel, user, events=None):
        self._state(channel, user, "deleted", events)
        del channel.workspace.channels[channel.id]
        channel.workspace.titles.pop(channel.name, None)

    def _state(self, channel, user, word, events):
        event = {"type": self._word(channel, word), "channel": channel.id, "event_ts": channel.workspace.clock.ts()}
        if word == "deleted" or event["type"] == "group_unarchive":
            event["actor_id"] = user.id
        else:
            event["user"] = user.id
        if word == "archive":
            event["is_moved"] = 0
        if event["type"] == "group_deleted":
            event["date_deleted"] = int(time.time())
        if not self.rules.keeps("events.deleted" if word == "deleted" else "events.archive"):
            return
        self.note(events, channel.workspace, event, channel=None if channel.kind == "channel" else channel)

    # files -----------------------------------------------------------------------------------------------------------

    def share(self, channels, files, user, install=None, app=None, face=None, thread=None, text="", blocks=None,
              events=None):
        """Completed uploads appear in conversations; returns the messages."""
        for file in files:
            if file.pending:
                file.mimetype, file.pending = file.pending, None
        messages = []
        for channel in channels:
            # The message shows the file with its share, so the share comes first.
            content = {"text": mrkdwn.stored(text)}
            if blocks:
                content["blocks"] = blocks
            message = self.post(channel, user, content, install=install, app=app, face=face, thread=thread,
                                subtype="file_share", files=files, events=events)
            for file in files:
                file.shares.setdefault(channel.id, []).append(message.ts)
                if thread:
                    file.threads[channel.id, message.ts] = thread
                self.note(events, channel.workspace, {
                    "type": "file_shared", "channel_id": channel.id, "file_id": file.id, "user_id": user.id,
                    "file": {"id": file.id}, "event_ts": channel.workspace.clock.ts()}, channel=channel)
            message.json["files"] = [file_json(self, file) for file in files]
            messages.append(message)
        return messages

    def share_later(self, **share):
        if self.faults.shares_fail > 0:
            self.faults.shares_fail -= 1
            return
        asyncio.get_running_loop().call_later(self.faults.share_seconds, lambda: self.share(**share))

    def delete_file(self, file, events=None):
        file.deleted = True
        self.note(events, file.workspace, {"type": "file_deleted", "file_id": file.id,
                                           "event_ts": file.workspace.clock.ts()})

    # people and workspaces -------------------------------------------------------------------------------------------

    def change_user(self, workspace, user, events=None, **about):
        """display_name, real_name, avatar, status_text, deleted ..."""
        for name, value in about.items():
            setattr(user, name, value)
        user.updated = int(time.time())
        shown = user_json(self, user, locale=True)
        for kind in ("user_change", "user_profile_changed") if self.rules.keeps("events.user") else ():
            self.note(events, workspace, {"type": kind, "user": shown, "cache_ts": user.updated,
                                          "event_ts": workspace.clock.ts()})

    def join_team(self, workspace, name, events=None, **about):
        user = workspace.add_user(name, **about)
        self.note(events, workspace, {"type": "team_join", "user": user_json(self, user, locale=True), "cache_ts": user.updated,
                                      "event_ts": workspace.clock.ts()})
        return user

    def add_emoji(self, workspace, name, value=None, events=None):
        """value: a URL or alias:NAME; None: a picture of this server."""
        workspace.emoji[name] = value or f"{self.url}/emoji/{name}.png"
        if not self.rules.keeps("events.emoji"):
            return
        self.note(events, workspace, {"type": "emoji_changed", "subtype": "add", "name": name,
                                      "value": workspace.emoji[name], "event_ts": workspace.clock.ts()})

    def remove_emoji(self, workspace, name, events=None):
        del workspace.emoji[name]
        self.note(events, workspace, {"type": "emoji_changed", "subtype": "remove", "names": [name],
                                      "event_ts": workspace.clock.ts()})

    def rename_emoji(self, workspace, old, new, events=None):
        value = workspace.emoji[new] = workspace.emoji.pop(old)
        self.note(events, workspace, {"type": "emoji_changed", "subtype": "rename", "old_name": old, "new_name": new,
                                      "value": value, "event_ts": workspace.clock.ts()})

    def rename_team(self, workspace, name, events=None):
        workspace.name = name
        self.note(events, workspace, {"type": "team_rename", "name": name})

    def revoke(self, token, events=None, error="token_revoked"):
        """One token is no good any more, and its app is told whose it was."""
        token.refusal = error
        if not token.workspace or token.app.id not in token.workspace.installs:
            return
        named = token.user.id if self.rules.keeps("events.revoked") else token.value
        tokens = {"oauth": [named]} if token.kind == "user" else {"bot": [named]}
        self.note(events, token.workspace, {"type": "tokens_revoked", "tokens": tokens},
                  audience=self._subscribed(token, "tokens_revoked"))

    def _subscribed(self, token, name):
        return [token.workspace.installs[token.app.id]] if name in token.app.events else []

    def uninstall(self, app, workspace, events=None):
        install = workspace.installs[app.id]
        tokens = {"bot": [install.bot_user.id]}
        people = [token.user.id for token in self.tokens.values()
                  if token.app is app and token.workspace is workspace and token.kind == "user"]
        if people:
            tokens["oauth"] = people
        for token in self.tokens.values():
            if token.app is app and token.workspace is workspace:
                token.refusal = "account_inactive"
        for event in ({"type": "tokens_revoked", "tokens": tokens}, {"type": "app_uninstalled"}):
            audience = [install] if event["type"] in app.events else []
            self.note(events, workspace, event, audience=audience)
        del workspace.installs[app.id]
        install.bot_user.deleted = True
