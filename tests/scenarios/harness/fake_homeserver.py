# SPDX-License-Identifier: MIT
"""
A Matrix homeserver of a few hundred lines, for what a real one does only when it is in trouble: each call of the bridge can be
given another answer, or none, with or without being carried out. It pushes transactions as Synapse does: one at a time, the same
one again until it is answered with 200, what has gathered meanwhile in the next. Its people (Person) live in it.
"""
import asyncio
import inspect
import json
import re
import socket
import struct
import time
from email.utils import formatdate
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .process import PATIENCE, Failure, free_port, require, wait_until
from .synapse import registration_value

BATCH = 100          # events of one transaction
RETRY_SECONDS = 0.1  # Synapse begins with two seconds and doubles them
REASONS = {200: "OK", 429: "Too Many Requests", 502: "Bad Gateway"}


# ------------------------------------------------------------------------------------------- what goes wrong with a call


def answer(status, content, *headers):
    """The bytes of an answer; content is JSON, or text as it is."""
    text = content if isinstance(content, str) else json.dumps(content)
    kind = "text/html" if isinstance(content, str) else "application/json"
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}", f"Content-Type: {kind}", f"Content-Length: {len(text.encode())}",
             *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + text).encode()


class Fault:
    """
    For the next `times` calls whose "METHOD path" matches (the path decoded). `says`: bytes instead of the answer, behind which
    the connection ends unless they are a whole one (`keeps`). `does`: the call is carried out all the same; `late`: not before
    what it `waits` for.
    """

    def __init__(self, says=b"", does=False, keeps=True, resets=False, waits=None, cuts=None, late=False):
        self.says, self.does, self.keeps, self.resets, self.waits, self.cuts = says, does, keeps, resets, waits, cuts
        self.late = late
        self.pattern, self.left, self.hit = None, 0, 0


def bad_gateway():
    return Fault(answer(502, "<html><body><h1>502 Bad Gateway</h1></body></html>"))


def limited(retry_after_ms=None, retry_after=None):
    headers = [f"Retry-After: {retry_after}"] if retry_after is not None else []
    content = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests"}
    if retry_after_ms is not None:
        content["retry_after_ms"] = retry_after_ms
    return Fault(answer(429, content, *headers))


def refusal(status, errcode, text="no"):
    return Fault(answer(status, {"errcode": errcode, "error": text}))


def reset(does=False):
    return Fault(does=does, keeps=False, resets=True)


def lost(does=True):
    """The call was carried out, and nobody is told."""
    return Fault(does=does, keeps=False)


def truncated(does=True):
    """Half of the true answer, though its head has promised all of it."""
    return Fault(does=does, keeps=False, cuts=0.5)


def hang(does=False):
    """No answer until the event is set; then the connection ends."""
    return Fault(does=does, keeps=False, waits=asyncio.Event())


def slow():
    """Carried out when the event is set, whoever waits for it then; nobody is told."""
    return Fault(late=True, keeps=False, waits=asyncio.Event())


# ------------------------------------------------------------------------------------------------------------- homeserver


class Refused(Exception):
    def __init__(self, status, errcode, text="no"):
        super().__init__(text)
        self.content = {"errcode": errcode, "error": text}
        self.status = status


class Room:
    def __init__(self, identity):
        self.id = identity
        self.joined, self.invited, self.names = set(), set(), {}
        self.events = []
        self.state = {}
        self.state_senders = {}

    def is_closed_to(self, who):
        rule = self.state.get(("m.room.join_rules", ""), {}).get("join_rule")
        return rule == "invite" and who not in self.joined | self.invited


class Call:
    def __init__(self, method, path, query, body, headers):
        self.method, self.path, self.query, self.body = method, path, query, body
        self.kind = headers.get("content-type", "")
        self.content = json.loads(body) if body and self.kind.startswith("application/json") else {}
        self.token = headers.get("authorization", "").removeprefix("Bearer ")
        self.line = f"{method} {path}"


class FakeHomeserver:
    name = "localhost"

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.registrations = []
        self.rooms, self.aliases, self.registered = {}, {}, set()
        self.files = {}          # mxc:// address -> (content, type)
        self.done = {}           # path of what was sent with a transaction id -> event id
        self.calls = []          # lines of all calls that came, in order
        self.faults = []
        self.transactions = []   # (number, events) that were answered with 200
        self.queue = []          # events that wait
        self.number = 0
        self.pushing = True
        self.retry_seconds = RETRY_SECONDS
        self.ping_paths = ("v1",)  # of the client API; "unstable/fi.mau.msc2659" is an older one, () is none
        self.lateness = lambda call: 0  # seconds before a call is carried out, or what is awaited before
        self.watchers = []       # functions that are called with each event
        self.under_way = None    # (number, events) being pushed
        self.wake = asyncio.Event()
        self.ahead = 0           # seconds of its clock
        self.counter = 0
        self.server = self.pusher = None
        self.writers = set()

    # life ------------------------------------------------------------------------------------------------------------

    async def start(self):
        if self.registrations:
            path = self.registrations[0]
            self.as_token, self.hs_token = registration_value(path, "as_token"), registration_value(path, "hs_token")
            self.bridge = urlsplit(registration_value(path, "url"))
            self.bot = f"@{registration_value(path, 'sender_localpart')}:{self.name}"
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 24)
        self.pusher = self.pusher or asyncio.create_task(self._push())

    async def stop(self):
        """Also in the middle of whatever it does; `start` begins again with all it knows."""
        if self.server:
            self.server.close()
            self.server = None
        for writer in list(self.writers):
            writer.transport.abort()
        while self.pusher and not self.pusher.done():  # wait_for may swallow a cancellation
            self.pusher.cancel()
            await asyncio.wait([self.pusher], timeout=0.1)
        self.pusher = None

    def forget(self):
        """What a Synapse has in memory only: what waits behind a transaction that is under way, and what it has answered by
        transaction id (which it tells all the same of an event to who has sent it)."""
        self.queue.clear()
        self.done.clear()

    def person(self, name):
        return Person(self, name)

    # faults ----------------------------------------------------------------------------------------------------------

    def fail(self, pattern, fault, times=1):
        fault.pattern, fault.left = re.compile(pattern), times
        self.faults.append(fault)
        return fault

    def _fault_of(self, call):
        for fault in self.faults:
            if fault.left > 0 and fault.pattern.search(call.line):
                fault.left -= 1
                fault.hit += 1
                return fault
        return None

    async def hit(self, fault, times=1, timeout=20.0):
        await wait_until(lambda: fault.hit >= times, f"{times} calls like {fault.pattern.pattern!r}", timeout)

    async def is_away_for(self, gateway, cause):
        """Two calls of the gateway in a row end without an answer: curl makes one on each connection that was open by itself."""
        def failed():
            return gateway.process.log().count(": to be asked again")
        before, fault = failed(), self.fail(".*", reset(), 1000)
        cause()
        await wait_until(lambda: failed() >= before + 2, "two calls to fail")
        fault.left = 0

    def count(self, pattern, after=0):
        return len([line for line in self.calls[after:] if re.search(pattern, line)])

    # the bridge's calls ----------------------------------------------------------------------------------------------

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _serve_one(self, reader, writer):
        call = await read_call(reader)
        if not call:
            return False
        self.calls.append(call.line)
        fault = self._fault_of(call)
        late = self.lateness(call)
        await (late if inspect.isawaitable(late) else asyncio.sleep(late))
        says = self._carry_out(call) if not fault or fault.does else b""
        if not fault:
            # A call to the bridge from within a call of its own must not hold up others: each has its connection.
            if call.path.endswith("/ping") and says.startswith(b"HTTP/1.1 200"):
                says = await self._ping("v1" if "/v1/" in call.path else "unstable/fi.mau.msc2659")
            writer.write(says)
            await writer.drain()
            return True
        if fault.waits:
            await fault.waits.wait()
        if fault.late:
            self._carry_out(call)
        if fault.resets:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        writer.write(says[:int(len(says) * fault.cuts)] if fault.cuts else fault.says)
        await writer.drain()
        return fault.keeps

    def _carry_out(self, call):
        try:
            if call.token != self.as_token:
                raise Refused(401, "M_UNKNOWN_TOKEN")
            if "/media/" in call.path:
                return self._media(call)
            return answer(200, self._do(call), f"Date: {formatdate(self.now(), usegmt=True)}")
        except Refused as refused:
            return answer(refused.status, refused.content)

    def now(self):
        return time.time() + self.ahead

    def keep_file(self, content, kind="application/octet-stream"):
        """The mxc:// address."""
        self.counter += 1
        url = f"mxc://{self.name}/file{self.counter}"
        self.files[url] = (content, kind)
        return url

    def _media(self, call):
        if call.method == "POST" and call.path == "/_matrix/media/v3/upload":
            return answer(200, {"content_uri": self.keep_file(call.body, call.kind)})
        found = re.fullmatch(r"/_matrix/client/v1/media/download/(.+)", call.path)
        content, kind = self.files.get(found and f"mxc://{found[1]}", (None, None))
        if content is None:
            raise Refused(404, "M_NOT_FOUND", call.line)
        return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content

    def _do(self, call):
        who = call.query.get("user_id", [self.bot])[0]
        if who != self.bot and who not in self.registered and not call.path.endswith("/register"):
            raise Refused(403, "M_FORBIDDEN", "Application service has not registered this user")
        for method, pattern, handle in HANDLERS:
            match = re.fullmatch(pattern, call.path) if call.method == method else None
            if match:
                return handle(self, who, call, *match.groups())
        raise Refused(404, "M_UNRECOGNIZED", call.line)

    def room(self, identity):
        identity = self.aliases.get(identity, identity)
        if identity not in self.rooms:
            raise Refused(404, "M_NOT_FOUND", f"no room {identity}")
        return self.rooms[identity]

    def _register(self, _, call):
        user = f"@{call.content['username']}:{self.name}"
        if user in self.registered:
            raise Refused(400, "M_USER_IN_USE")
        self.registered.add(user)
        return {"user_id": user}

    def _whoami(self, who, _):
        return {"user_id": who}

    def _nothing(self, *_):
        return {}

    def _take_ping(self, _, call, path):
        if path not in self.ping_paths:
            raise Refused(404, "M_UNRECOGNIZED", call.line)
        return {}

    def _create(self, who, call):
        alias = call.content.get("room_alias_name")
        alias = alias and f"#{alias}:{self.name}"
        if alias in self.aliases:
            raise Refused(400, "M_ROOM_IN_USE")
        room = self.new_room(who, call.content.get("creation_content"))
        if call.content.get("preset") == "public_chat":
            self.add(room, who, "m.room.join_rules", {"join_rule": "public"}, state_key="")
        if alias:
            self.aliases[alias] = room.id
        for guest in call.content.get("invite", []):
            self._set_member(room, who, guest, "invite", is_direct=call.content.get("is_direct", False))
        return {"room_id": room.id}

    def _directory(self, _, __, alias):
        return {"room_id": self.room(alias).id}

    def _join(self, who, _, identity):
        room = self.room(identity)
        if room.is_closed_to(who):
            raise Refused(403, "M_FORBIDDEN", f"{who} is not invited to {room.id}")
        self._set_member(room, who, who, "join")
        return {"room_id": room.id}

    def _leave(self, who, _, identity):
        self._set_member(self.room(identity), who, who, "leave")
        return {}

    def _invite(self, who, call, identity):
        self._set_member(self.room(identity), who, call.content["user_id"], "invite")
        return {}

    def _put_out(self, who, call, identity, how):
        self._set_member(self.room(identity), who, call.content["user_id"], {"kick": "leave", "ban": "ban", "unban": "leave"}[how],
                         reason=call.content.get("reason"))
        return {}

    def _send(self, who, call, identity, kind, transaction):
        room = self.room(identity)
        if who not in room.joined:
            raise Refused(403, "M_FORBIDDEN", f"{who} is not in {room.id}")
        if len(json.dumps(call.content)) > 65536:
            raise Refused(413, "M_TOO_LARGE")
        if call.path not in self.done:
            self.done[call.path] = self.add(room, who, kind, call.content, unsigned={"transaction_id": transaction})["event_id"]
        return {"event_id": self.done[call.path]}

    def _redact(self, who, call, identity, event, transaction):
        if call.path not in self.done:
            content = {**call.content, "redacts": event}
            self.done[call.path] = self.add(self.room(identity), who, "m.room.redaction", content,
                                            unsigned={"transaction_id": transaction})["event_id"]
        return {"event_id": self.done[call.path]}

    def _put_state(self, who, call, identity, kind, key):
        return {"event_id": self.add(self.room(identity), who, kind, call.content, state_key=key or "")["event_id"]}

    def _get_state(self, _, __, identity, kind, key):
        state = self.room(identity).state
        if (kind, key or "") not in state:
            raise Refused(404, "M_NOT_FOUND")
        return state[kind, key or ""]

    def _whole_state(self, who, _, identity):
        room = self.room(identity)
        if who not in room.joined:
            raise Refused(403, "M_FORBIDDEN", f"{who} is not in {room.id}")
        return [{"type": kind, "state_key": key, "sender": room.state_senders[kind, key], "content": content}
                for (kind, key), content in room.state.items()]

    def _messages(self, who, call, identity):
        room = self.room(identity)
        if who not in room.joined:
            raise Refused(403, "M_FORBIDDEN", f"{who} is not in {room.id}")
        return {"chunk": [{**event, "unsigned": {"transaction_id": event["unsigned"]["transaction_id"]}
                           if event["sender"] == who and "unsigned" in event else {}}
                          for event in room.events[::-1][:int(call.query["limit"][0])]]}

    def _event(self, who, _, identity, wanted):
        room = self.room(identity)
        found = [event for event in room.events if event["event_id"] == wanted and who in room.joined]
        if not found:
            raise Refused(404, "M_NOT_FOUND", wanted)
        return found[0]

    def _members(self, who, _, identity):
        room = self.room(identity)
        if who not in room.joined:
            raise Refused(403, "M_FORBIDDEN", f"{who} is not in {room.id}")
        return {"joined": {user: {"display_name": user[1:].split(":")[0]} for user in room.joined}}

    def _rooms_of(self, who, _):
        return {"joined_rooms": [room.id for room in self.rooms.values() if who in room.joined]}

    async def _ping(self, path):
        try:
            status, _ = await self.ask_bridge("POST", f"/_matrix/app/{path}/ping", {})
        except (OSError, EOFError):
            status = 0
        if status != 200:
            return answer(502, {"errcode": "M_CONNECTION_FAILED", "error": "the bridge is not there"})
        self.wake.set()
        return answer(200, {"duration_ms": 1})

    # rooms -----------------------------------------------------------------------------------------------------------

    def new_room(self, creator, creation=None):
        self.counter += 1
        room = Room(f"!room{self.counter}:{self.name}")
        self.rooms[room.id] = room
        self.add(room, creator, "m.room.create", {"room_version": "11", **(creation or {})}, state_key="")
        self._set_member(room, creator, creator, "join")
        return room

    def _set_member(self, room, sender, who, membership, **content):
        if membership == "join" and who in room.joined:
            return
        self.add(room, sender, "m.room.member", {"membership": membership, **{k: v for k, v in content.items() if v}},
                 state_key=who)

    def add(self, room, sender, kind, content, **more):
        """An event, which everybody in the room has from now on; the bridge too, if one of its own is there or invited."""
        self.counter += 1
        event = {"type": kind, "room_id": room.id, "sender": sender, "event_id": f"$event{self.counter}",
                 "origin_server_ts": int(self.now() * 1000), "content": content, **more}
        if kind == "m.room.member":
            room.joined.discard(more["state_key"])
            room.invited.discard(more["state_key"])
            if content["membership"] in ("join", "invite"):
                (room.joined if content["membership"] == "join" else room.invited).add(more["state_key"])
        if "state_key" in more:
            room.state[kind, more["state_key"]] = content
            room.state_senders[kind, more["state_key"]] = sender
        room.events.append(event)
        for watch in self.watchers:
            watch(event)
        ours = kind == "m.room.member" and self.is_ours(more["state_key"])
        if ours or any(self.is_ours(user) for user in room.joined | room.invited):
            self.queue.append(event)
            self.wake.set()
        return event

    def is_ours(self, user):
        return user == self.bot or user.startswith("@_irc_")

    # transactions ----------------------------------------------------------------------------------------------------

    async def _push(self):
        while True:
            if not (self.queue or self.under_way) or not self.pushing:
                self.wake.clear()
                await self.wake.wait()
                continue
            if not self.under_way:
                self.number += 1
                self.under_way = (self.number, self.queue[:BATCH])
                del self.queue[:BATCH]
            if await self.deliver(*self.under_way):
                self.transactions.append(self.under_way)
                self.under_way = None
                continue
            self.wake.clear()
            try:
                await asyncio.wait_for(self.wake.wait(), self.retry_seconds)
            except asyncio.TimeoutError:
                pass

    async def deliver(self, number, events):
        """Whether it was answered with 200. An answer that does not come is waited for only so long."""
        try:
            status, _ = await self.ask_bridge("PUT", f"/_matrix/app/v1/transactions/{number}", {"events": events})
        except (OSError, EOFError, asyncio.TimeoutError):
            return False
        return status == 200

    async def ask_bridge(self, method, path, content, timeout=20, token=None):
        reader, writer = await self.open_to_bridge(method, path, content, token)
        try:
            return await asyncio.wait_for(read_answer(reader), timeout * PATIENCE)
        finally:
            writer.close()

    async def open_to_bridge(self, method, path, content, token=None, part=1.0):
        """Sends a request, or the first part of it, and leaves the answer to the caller. token "": none, None: its own."""
        reader, writer = await asyncio.open_connection(self.bridge.hostname, self.bridge.port)
        body = json.dumps(content).encode()
        token = self.hs_token if token is None else token
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.bridge.netloc}\r\n{bearer}" \
               f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        data = head.encode() + body
        writer.write(data[:int(len(data) * part)])
        await writer.drain()
        return reader, writer

    async def idle(self, timeout=30.0):
        """Everything that happened so far has been taken by the bridge."""
        await wait_until(lambda: not self.queue and not self.under_way, "the bridge to take all transactions", timeout)

    async def alias_exists(self, alias):
        if alias not in self.aliases:
            await self.ask_bridge("GET", f"/_matrix/app/v1/rooms/{quote(alias, safe='')}", {}, timeout=60)
        return alias in self.aliases


HANDLERS = [(method, r"/_matrix/client/" + pattern, handle) for method, pattern, handle in (
    ("POST", r"v3/register", FakeHomeserver._register),
    ("GET", r"v3/account/whoami", FakeHomeserver._whoami),
    ("POST", r"(v1|unstable/fi\.mau\.msc2659)/appservice/[^/]+/ping", FakeHomeserver._take_ping),
    ("POST", r"v3/createRoom", FakeHomeserver._create),
    ("GET", r"v3/directory/room/([^/]+)", FakeHomeserver._directory),
    ("GET", r"v3/joined_rooms", FakeHomeserver._rooms_of),
    ("POST", r"v3/join/([^/]+)", FakeHomeserver._join),
    ("POST", r"v3/rooms/([^/]+)/leave", FakeHomeserver._leave),
    ("POST", r"v3/rooms/([^/]+)/invite", FakeHomeserver._invite),
    ("POST", r"v3/rooms/([^/]+)/(kick|ban|unban)", FakeHomeserver._put_out),
    ("GET", r"v3/rooms/([^/]+)/joined_members", FakeHomeserver._members),
    ("PUT", r"v3/rooms/([^/]+)/send/([^/]+)/([^/]+)", FakeHomeserver._send),
    ("PUT", r"v3/rooms/([^/]+)/redact/([^/]+)/([^/]+)", FakeHomeserver._redact),
    ("PUT", r"v3/rooms/([^/]+)/state/([^/]+)/?([^/]*)", FakeHomeserver._put_state),
    ("GET", r"v3/rooms/([^/]+)/state/([^/]+)/?([^/]*)", FakeHomeserver._get_state),
    ("GET", r"v3/rooms/([^/]+)/messages", FakeHomeserver._messages),
    ("GET", r"v3/rooms/([^/]+)/event/([^/]+)", FakeHomeserver._event),
    ("GET", r"v3/rooms/([^/]+)/state", FakeHomeserver._whole_state),
    ("PUT", r"v3/rooms/[^/]+/typing/.*", FakeHomeserver._nothing),
    ("POST", r"v3/rooms/[^/]+/receipt/.*", FakeHomeserver._nothing),
    ("PUT", r"v3/(profile|presence)/.*", FakeHomeserver._nothing),
)]


async def read_head(reader):
    """The first line and the headers; None: the connection has ended before."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    first, *lines = head.decode().split("\r\n")
    return first, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


async def read_call(reader):
    found = await read_head(reader)
    if not found:
        return None
    (method, target, _), headers = found[0].split(" "), found[1]
    length = int(headers.get("content-length", 0))
    body = await reader.readexactly(length) if length else b""
    url = urlsplit(target)
    return Call(method, unquote(url.path), parse_qs(url.query), body, headers)


async def read_answer(reader):
    found = await read_head(reader)
    if not found:
        raise EOFError("the bridge has closed without an answer")
    first, headers = found
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(first.split()[1]), body.decode()


# ----------------------------------------------------------------------------------------------------------------- people


class Person:
    """Somebody with an account on the fake homeserver; the same words as MatrixPerson has, as far as they are needed."""

    def __init__(self, homeserver, name):
        self.homeserver = homeserver
        self.name = name
        self.id = f"@{name}:{homeserver.name}"

    async def start(self, **_):
        pass

    async def stop(self):
        pass

    def mark(self):
        """All events so far, of all rooms."""
        return self.homeserver.counter, 0, 0

    def _events(self, room, after):
        rooms = [self.homeserver.rooms[room]] if room else self.homeserver.rooms.values()
        return [event for one in rooms for event in one.events if int(event["event_id"][6:]) > after[0]]

    def messages(self, room=None, body=None, sender=None, after=(0, 0, 0)):
        return [event for event in self._events(room, after)
                if event["type"] == "m.room.message" and (not sender or event["sender"] == sender) and
                (body is None or re.search(body, str(event["content"].get("body") or ""), re.S))]

    async def message(self, room=None, body=None, sender=None, after=(0, 0, 0), timeout=30.0):
        found = await wait_until(lambda: self.messages(room, body, sender, after),
                                 f"a message from {sender} like {body!r} in {room} at {self.id}", timeout)
        return found[0]

    def texts(self, room, sender=None, after=(0, 0, 0)):
        return [event["content"].get("body") for event in self.messages(room, None, sender, after)]

    async def invited(self, sender, after=(0, 0, 0), timeout=30.0):
        def find():
            return [event["room_id"] for event in self._events(None, after)
                    if event.get("state_key") == self.id and event["sender"] == sender and
                    event["content"].get("membership") == "invite"]
        return (await wait_until(find, f"{sender} to invite {self.id}", timeout))[0]

    async def member(self, room, who, membership="join", after=(0, 0, 0), timeout=30.0):
        def find():
            return [event for event in self._events(room, after)
                    if event.get("state_key") == who and event["content"].get("membership") == membership]
        return (await wait_until(find, f"{who} to {membership} {room}", timeout))[0]

    async def members(self, room):
        return set(self.homeserver.rooms[room].joined)

    async def wait_members(self, room, wanted, timeout=30.0):
        good = wanted if callable(wanted) else lambda found: found == wanted
        await wait_until(lambda: good(self.homeserver.rooms[room].joined), f"the members of {room}", timeout)

    async def create_room(self, invite=(), direct=False, **_):
        room = self.homeserver.new_room(self.id)
        for guest in invite:
            self.homeserver.add(room, self.id, "m.room.member", {"membership": "invite", "is_direct": direct}, state_key=guest)
        return room.id

    async def join(self, room):
        if room.startswith("#"):
            if not await self.homeserver.alias_exists(room):
                raise Failure(f"there is no {room}")
            room = self.homeserver.aliases[room]
        self.homeserver.add(self.homeserver.rooms[room], self.id, "m.room.member", {"membership": "join"}, state_key=self.id)
        return room

    async def leave(self, room):
        self.homeserver.add(self.homeserver.rooms[room], self.id, "m.room.member", {"membership": "leave"}, state_key=self.id)

    async def say(self, room, body, kind="m.text", **more):
        require(self.id in self.homeserver.rooms[room].joined, f"{self.id} is not in {room}")
        content = {"msgtype": kind, "body": body, **more}
        return self.homeserver.add(self.homeserver.rooms[room], self.id, "m.room.message", content)["event_id"]

    def traffic(self):
        return "\n".join(f"{event['event_id']} {event['room_id']} {event['sender']} {event['type']} {event.get('state_key', '')} "
                         f"{json.dumps(event['content'], ensure_ascii=False)}"
                         for event in sorted(self._events(None, (0, 0, 0)), key=lambda event: int(event["event_id"][6:])))
