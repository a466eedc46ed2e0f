# SPDX-License-Identifier: MIT
"""A person with a Matrix client: matrix-nio, which is nobody's of this project. synapse.import_client_or_skip comes before."""
import asyncio
import io
import json
import logging
import re

import nio

from .process import Failure, require, wait_answer, wait_until

SYNC_FILTER = {"room": {"timeline": {"limit": 100000}}}


class MatrixPerson:
    def __init__(self, synapse, name, password="a secret"):
        self.synapse = synapse
        self.name = name
        self.password = password
        self.id = f"@{name}:{synapse.name}"
        self.client = self.task = None
        self.events = []     # (room, event of nio): the timelines of all rooms, in the order in which they came
        self.ephemeral = []  # (room, event of nio): who types, who has read
        self.invites = []    # (room, id of who invites)
        self.presences = []  # (who, presence, status message), in the order in which they came
        self.sent = []       # what was done, for traffic()

    async def start(self, register=True, password=None):
        """Registers unless told otherwise, logs in, and is there once the first answer to a sync has come."""
        self.password = password or self.password
        if register:
            await self.synapse.register(self.name, self.password)
        logging.getLogger("nio").setLevel(logging.ERROR)
        config = nio.AsyncClientConfig(encryption_enabled=False, store_sync_tokens=False,
                                       max_timeout_retry_wait_time=1, request_timeout=60)
        self.client = nio.AsyncClient(self.synapse.url, self.id, config=config)
        self.ok(await self.client.login(self.password, device_name="scenario"))
        self.client.add_event_callback(self._event, (nio.Event, nio.BadEvent, nio.UnknownBadEvent))
        self.client.add_ephemeral_callback(self._ephemeral, (nio.TypingNoticeEvent, nio.ReceiptEvent))
        self.client.add_response_callback(self._synced, nio.SyncResponse)
        self.task = asyncio.create_task(self.client.sync_forever(timeout=30000, sync_filter=SYNC_FILTER, full_state=True))
        await wait_until(lambda: self.client.next_batch or self.task.done(), f"the first sync of {self.id}", 60)

    async def stop(self):
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        if self.client:
            await self.client.close()
        # nio wants to know of an event in the room before, which rooms of version 12 do not name.
        bad = [event.source for _, event in self.events if isinstance(event, (nio.BadEvent, nio.UnknownBadEvent)) and
               event.source["content"].get("room_version") != "12"]
        require(not bad, f"{self.id} was sent events that are malformed: {bad}")

    async def _event(self, room, event):
        self.events.append((room.room_id, event))

    async def _ephemeral(self, room, event):
        self.ephemeral.append((room.room_id, event))

    async def _synced(self, response):
        self.presences += [(event.user_id, event.presence, event.status_msg) for event in response.presence_events]
        for room, info in response.rooms.invite.items():
            for event in info.invite_state:
                if isinstance(event, nio.InviteMemberEvent) and event.membership == "invite" and event.state_key == self.id:
                    self.invites.append((room, event.sender))
        # nio tells its listeners of rooms that it is in; how one was thrown out of another is said in here.
        for room, info in response.rooms.leave.items():
            self.events += [(room, event) for event in info.timeline.events]

    async def stop_syncing(self):
        """As if all clients were closed: nothing comes in any more, and the homeserver does not see anybody there."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def ok(self, response, what=None):
        """The answer itself, unless it is an error."""
        if isinstance(response, nio.ErrorResponse):
            raise Failure(f"{self.id}: {what or type(response).__name__}: {response.status_code} {response.message}")
        return response

    # what came in ---------------------------------------------------------------------------------------------------

    def mark(self):
        return len(self.events), len(self.ephemeral), len(self.invites)

    def find(self, room=None, kind=None, sender=None, where=None, after=(0, 0, 0)):
        """All events of timelines that match, as they stood on the wire: dicts. `where` is asked about such a dict."""
        found = []
        for in_room, event in self.events[after[0]:]:
            source = event.source
            if (room and in_room != room) or (kind and source.get("type") != kind) or \
                    (sender and source.get("sender") != sender) or (where and not where(source)):
                continue
            found.append(source)
        return found

    async def event(self, room=None, kind=None, sender=None, where=None, after=(0, 0, 0), timeout=30.0):
        """The first one of them."""
        found = await wait_until(lambda: self.find(room, kind, sender, where, after),
                                 f"{kind or 'an event'} from {sender} in {room} at {self.id}", timeout)
        return found[0]

    def messages(self, room=None, body=None, sender=None, after=(0, 0, 0)):
        """Bodies are regular expressions; in this order, each event once."""
        def matches(source):
            return body is None or re.search(body, str(source["content"].get("body") or ""), re.S)
        return self.find(room, "m.room.message", sender, matches, after)

    async def message(self, room=None, body=None, sender=None, after=(0, 0, 0), timeout=30.0):
        found = await wait_until(lambda: self.messages(room, body, sender, after),
                                 f"a message from {sender} like {body!r} in {room} at {self.id}", timeout)
        return found[0]

    def texts(self, room, sender=None, after=(0, 0, 0)):
        """The bodies of all messages."""
        return [source["content"].get("body") for source in self.messages(room, None, sender, after)]

    async def invited(self, sender, after=(0, 0, 0), timeout=30.0):
        """The room that `sender` invites to."""
        def find():
            return [room for room, who in self.invites[after[2]:] if who == sender]
        found = await wait_until(find, f"{sender} to invite {self.id}", timeout)
        return found[0]

    async def member(self, room, who, membership="join", after=(0, 0, 0), timeout=30.0):
        """Waits until `who` becomes that. The event."""
        return await self.event(room, "m.room.member", after=after, timeout=timeout,
                                where=lambda e: e.get("state_key") == who and e["content"].get("membership") == membership)

    async def types(self, room, who, on=True, after=(0, 0, 0), timeout=30.0):
        """Waits until `who` types, or does not any more."""
        def find():
            seen = [event for in_room, event in self.ephemeral[after[1]:]
                    if in_room == room and isinstance(event, nio.TypingNoticeEvent)]
            return seen and (who in seen[-1].users) == on
        await wait_until(find, f"{who} {'to type' if on else 'to type no more'} in {room} at {self.id}", timeout)

    async def has_read(self, room, who, event, timeout=30.0):
        """Waits for the receipt of `who` for that event."""
        def find():
            return any(in_room == room and isinstance(seen, nio.ReceiptEvent) and
                       any(receipt.user_id == who and receipt.event_id == event for receipt in seen.receipts)
                       for in_room, seen in self.ephemeral)
        await wait_until(find, f"{who} to have read {event} in {room}", timeout)

    async def members(self, room):
        """Ids of those who are in it, as the homeserver says."""
        return {member.user_id for member in self.ok(await self.client.joined_members(room)).members}

    async def wait_members(self, room, wanted, timeout=30.0):
        """`wanted`: a set of ids, or a function of such a set."""
        good = wanted if callable(wanted) else lambda found: found == wanted
        return await wait_answer(lambda: self.members(room), good, f"the members of {room}", timeout)

    async def state(self, room, kind, key=""):
        """The content; None where there is none."""
        answer = await self.client.room_get_state_event(room, kind, key)
        if isinstance(answer, nio.ErrorResponse):
            require(answer.status_code == "M_NOT_FOUND", f"{self.id}: the state {kind} of {room}: {answer}")
            return None
        return answer.content

    async def wait_state(self, room, kind, where, key="", timeout=30.0):
        return await wait_answer(lambda: self.state(room, kind, key),
                                 lambda content: content is not None and where(content), f"{kind} in {room}", timeout)

    async def get(self, room, event):
        """An event as the homeserver gives it out now: of one that was redacted not much."""
        return self.ok(await self.client.room_get_event(room, event)).event.source

    # what is done -----------------------------------------------------------------------------------------------------

    async def create_room(self, invite=(), direct=False, version=None, preset="private_chat", state=(), name=None):
        """preset "trusted_private_chat" gives whoever is invited the rights of whoever invites, as clients do for chats."""
        answer = await self.client.room_create(
            name=name, room_version=version, is_direct=direct, preset=nio.RoomPreset(preset), invite=list(invite),
            initial_state=list(state))
        return self.ok(answer, "createRoom").room_id

    async def join(self, room):
        """A room's id or alias; the id."""
        return self.ok(await self.client.join(room), f"join {room}").room_id

    async def leave(self, room):
        self.ok(await self.client.room_leave(room))

    async def invite(self, room, who):
        self.ok(await self.client.room_invite(room, who))

    async def kick(self, room, who, reason=None):
        self.ok(await self.client.room_kick(room, who, reason))

    async def set_state(self, room, kind, content, key=""):
        self.sent.append((room, kind, content))
        return self.ok(await self.client.room_put_state(room, kind, content, key)).event_id

    async def send(self, room, kind, content):
        """The event's id."""
        self.sent.append((room, kind, content))
        return self.ok(await self.client.room_send(room, kind, content), f"send {kind}").event_id

    async def say(self, room, body, html=None, kind="m.text", **more):
        content = {"msgtype": kind, "body": body, **more}
        if html is not None:
            content.update({"format": "org.matrix.custom.html", "formatted_body": html})
        return await self.send(room, "m.room.message", content)

    async def reply(self, room, event, body):
        return await self.say(room, body, **{"m.relates_to": {"m.in_reply_to": {"event_id": event}}})

    async def reply_in_thread(self, room, root, body):
        relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}
        return await self.say(room, body, **{"m.relates_to": relation})

    async def edit(self, room, event, body):
        return await self.say(room, f"* {body}", **{"m.new_content": {"msgtype": "m.text", "body": body},
                                                    "m.relates_to": {"rel_type": "m.replace", "event_id": event}})

    async def react(self, room, event, key):
        return await self.send(room, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": event,
                                                                     "key": key}})

    async def redact(self, room, event, reason=None):
        return self.ok(await self.client.room_redact(room, event, reason)).event_id

    async def typing(self, room, on=True):
        self.ok(await self.client.room_typing(room, on, 20000))

    async def read(self, room, event):
        self.ok(await self.client.update_receipt_marker(room, event))

    async def upload(self, content, mime, name):
        """The mxc:// address."""
        answer, _ = await self.client.upload(lambda *_: io.BytesIO(content), mime, name, filesize=len(content))
        return self.ok(answer, "upload").content_uri

    async def send_file(self, room, content, mime, name, kind="m.file", caption=None, info=None):
        url = await self.upload(content, mime, name)
        return await self.say(room, caption or name, kind=kind, filename=name, url=url,
                              info={"mimetype": mime, "size": len(content), **(info or {})})

    async def download(self, url):
        """The content of an mxc:// address."""
        return self.ok(await self.client.download(mxc=url), f"download {url}").body

    async def set_display_name(self, name):
        self.ok(await self.client.set_displayname(name))

    async def set_avatar(self, url):
        self.ok(await self.client.set_avatar(url))

    async def call(self, method, path, content=None):
        """A call that nio does not offer, as this person."""
        return await self.synapse.call(method, path, content, self.client.access_token)

    def traffic(self):
        lines = [f"> {room} {kind} {json.dumps(content, ensure_ascii=False)}" for room, kind, content in self.sent]
        for room, event in self.events:
            source = event.source
            key = f" of {source['state_key']}" if source.get("state_key") else ""
            lines.append(f"< {room} {source.get('sender')} {source.get('type')}{key} "
                         f"{json.dumps(source.get('content'), ensure_ascii=False)}")
        lines += [f"< invited to {room} by {who}" for room, who in self.invites]
        return "\n".join(lines)
