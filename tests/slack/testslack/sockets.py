# SPDX-License-Identifier: MIT
"""Socket Mode: tickets, sockets, and envelopes until they are acknowledged or given up."""
import asyncio
import json
import random
import secrets
import time
import uuid

from . import websocket
from .web import Answer
from .websocket import WebSocket

MAX_SOCKETS = 10
TICKET_SECONDS = 30
MAX_ACK = 20480      # one of that length is not seen
WARNING_SECONDS = 10
ACK_SECONDS = 3.0
LAG_SECONDS = 0.3
CUT_SECONDS = 5      # after refresh_requested


class Delivery:
    """Something that is sent until one acknowledges it."""

    def __init__(self, kind, payload, accepts):
        self.kind = kind          # events_api, slash_commands, interactive
        self.payload = payload
        self.accepts = accepts    # accepts_response_payload
        self.attempts = []        # of each: (envelope_id, time, number of the socket or None)
        self.acked = None         # seconds from the last attempt to the acknowledgement
        self.answer = None        # what the acknowledgement carried
        self.lost = False
        self.disturbed = False    # it was not sent, or the socket ended meanwhile
        self.done = asyncio.Event()

    @property
    def event_id(self):
        return self.payload.get("event_id")

    @property
    def event(self):
        return self.payload.get("event", {})


class Socket:
    def __init__(self, hub, number, link):
        self.hub = hub
        self.number = number
        self.link = link      # WebSocket; None: a ghost, whose other end is gone while nobody has noticed
        self.host = f"applink-{secrets.token_hex(4)}-{number}"
        self.leaving = False  # gets no more events
        self.hello = False
        self.pings = 0        # that came from the client
        self.pongs = 0
        self.frames = []      # texts that came, whole

    def send(self, content):
        if self.link:
            self.link.send(websocket.TEXT, json.dumps(content, ensure_ascii=False, separators=(",", ":")))

    def disconnect(self, reason):
        """Says why the connection is about to end."""
        content = {"type": "disconnect", "reason": reason, "debug_info": {"host": self.host}}
        if reason == "too_many_websockets":
            content.update({"num_connections": len(self.hub.sockets), "connection_info": {"app_id": self.hub.app.id}})
        if self.hub.slack.rules.keeps("socket.disconnect"):
            self.send(content)

    def cut(self):
        """As a network that fails: no frame, no FIN that would wait for what is under way."""
        self.hub.forget(self)
        if self.link:
            self.link.abort()

    def finish(self):
        """Ends the connection in order."""
        self.hub.forget(self)
        if self.link:
            self.link.close()


class Hub:
    """The sockets of one app."""

    def __init__(self, slack, app):
        self.slack = slack
        self.app = app
        self.random = random.Random(slack.seed)
        self.tickets = {}       # ticket -> (good until, debug_reconnects)
        self.sockets = []
        self.opened = 0
        self.deliveries = []    # all, in the order they arose
        self.pending = {}       # envelope_id -> Delivery, until it is acknowledged or given up
        self.dropped = []       # acknowledgements that are not seen: (why, length)
        self.unknown_acks = []
        self.late = []          # deliveries that nothing kept from being acknowledged in time, and that were not
        self.rotation = 0
        self.held = None        # deliveries that wait to be reordered
        # Faults, and figures that a test may want smaller.
        self.ack_seconds = ACK_SECONDS
        self.retry_delays = (0.0, 60.0, 300.0)
        self.new_id_on_retry = True  # a retry is another envelope around the same event
        self.ping_seconds = 10.0
        self.ticket_seconds = TICKET_SECONDS
        self.life_seconds = 18060
        self.duplicate = 0      # so many of the next deliveries are sent twice
        self.drop = 0           # so many of the next sendings never arrive
        self.delay = 0.0        # seconds before a delivery is sent
        self.disabled = False   # link_disabled

    # tickets and connections -----------------------------------------------------------------------------------------

    def ticket(self):
        ticket = f"{secrets.token_hex(8)}-{secrets.token_hex(8)}"
        self.tickets[ticket] = time.monotonic() + self.ticket_seconds
        return f"{self.slack.ws_url}/link/?ticket={ticket}&app_id={self.app.id}"

    def take_ticket(self, ticket):
        until = self.tickets.get(ticket)
        if until is None or (time.monotonic() > until and self.slack.rules.keeps("socket.ticket_age")):
            return False
        if self.slack.rules.keeps("socket.ticket_once"):
            del self.tickets[ticket]
        return True

    async def serve(self, request):
        """A connection that shows a good ticket, to its end."""
        self.opened += 1
        socket = Socket(self, self.opened, WebSocket(request))
        if len(self.sockets) >= MAX_SOCKETS and self.slack.rules.keeps("socket.limit"):
            socket.disconnect("too_many_websockets")
            socket.link.close()
            return
        if self.disabled:
            socket.disconnect("link_disabled")
            socket.link.close()
            return
        self.sockets.append(socket)
        short = request.query.get("debug_reconnects") == "true" and self.slack.rules.keeps("socket.life")
        life = 360 if short else self.life_seconds
        if self.slack.rules.keeps("socket.hello"):
            count = len(self.sockets if self.slack.rules.keeps("socket.count") else self.live())
            socket.send({"type": "hello", "num_connections": count,
                         "debug_info": {"host": socket.host, "build_number": 10, "approximate_connection_time": life},
                         "connection_info": {"app_id": self.app.id}})
        socket.hello = True
        pinging = asyncio.create_task(self._ping(socket))
        refreshing = asyncio.create_task(self._refresh(socket, life))
        try:
            await self._read(socket)
        except (ConnectionError, asyncio.IncompleteReadError):
            if self.slack.faults.ghosts_of_cut_connections:
                socket.link = None
        except websocket.ProtocolError as fault:
            self.slack.complaints.append(f"socket {socket.number}: {fault}")
            socket.link.close(1002, str(fault)[:100])
        finally:
            pinging.cancel()
            refreshing.cancel()
            if socket.link:
                self.forget(socket)

    async def _ping(self, socket):
        while True:
            await asyncio.sleep(self.ping_seconds)
            if self.slack.rules.keeps("socket.ping"):
                socket.link.send(websocket.PING, f"Ping from {socket.host}")

    async def _refresh(self, socket, life):
        await asyncio.sleep(max(0, life - WARNING_SECONDS))
        if self.slack.rules.keeps("socket.warning"):
            socket.disconnect("warning")
        await asyncio.sleep(min(life, WARNING_SECONDS))
        await self.refresh(socket)

    async def refresh(self, socket, cut_seconds=CUT_SECONDS):
        socket.disconnect("refresh_requested")
        await asyncio.sleep(cut_seconds if self.slack.rules.keeps("socket.refresh") else 0)
        socket.cut()

    async def _read(self, socket):
        parts = None
        while True:
            frame = await socket.link.read()
            if frame.opcode == websocket.PING:
                socket.pings += 1
                if self.slack.rules.keeps("socket.pong"):
                    socket.link.send(websocket.PONG, frame.payload)
            elif frame.opcode == websocket.PONG:
                socket.pongs += 1
            elif frame.opcode == websocket.CLOSE:
                self.forget(socket)
                if self.slack.rules.keeps("socket.close"):
                    socket.link.send(websocket.CLOSE, frame.payload[:2])
                # Slack leaves the TCP connection open: who closes it is the client.
                await socket.link.reader.read()
                return
            elif frame.opcode == websocket.CONTINUATION:
                if parts is None:
                    raise websocket.ProtocolError("a continuation of nothing")
                parts.append(frame.payload)
                if frame.final:
                    text, parts = b"".join(parts), None
                    if self.slack.rules.keeps("socket.ack_fragments"):
                        self.dropped.append(("fragments", len(text)))
                    else:
                        self.take(socket, text)
            elif not frame.final:
                parts = [frame.payload]
            elif frame.opcode == websocket.TEXT:
                if len(frame.payload) >= MAX_ACK and self.slack.rules.keeps("socket.ack_length"):
                    self.dropped.append(("length", len(frame.payload)))
                else:
                    self.take(socket, frame.payload)

    def forget(self, socket):
        for delivery in self.pending.values():
            if delivery.attempts[-1][2] == socket.number:
                delivery.disturbed = True
        if socket in self.sockets:
            self.sockets.remove(socket)

    def live(self):
        return [socket for socket in self.sockets if socket.link and not socket.leaving]

    def add_ghost(self):
        """A socket that counts and swallows, as one whose TCP connection has gone without a word."""
        self.opened += 1
        ghost = Socket(self, self.opened, None)
        self.sockets.append(ghost)
        return ghost

    def disable(self):
        """Socket Mode is switched off."""
        self.disabled = True
        for socket in list(self.sockets):
            socket.disconnect("link_disabled")
            socket.finish()

    async def link(self, request):
        """GET /link/..."""
        if not websocket.is_upgrade(request):
            return Answer(400, "this is for WebSockets")
        if not self.take_ticket(request.query.get("ticket")):
            return Answer(401, "the ticket is not good, or not any more")
        await self.serve(request)
        return None

    # envelopes -------------------------------------------------------------------------------------------------------

    def deliver(self, kind, payload, accepts=False):
        delivery = Delivery(kind, payload, accepts)
        self.deliveries.append(delivery)
        if self.held is not None:
            self.held.append(delivery)
        else:
            self._begin(delivery)
        return delivery

    def hold(self):
        """What arises from now on waits for release()."""
        self.held = self.held or []

    def release(self, order=None):
        """Sends what was held, in another order: shuffled, or as order(list) returns it."""
        held, self.held = self.held or [], None
        if order:
            held = order(held)
        else:
            self.random.shuffle(held)
        for delivery in held:
            self._begin(delivery)

    def _begin(self, delivery):
        twice = self.duplicate > 0
        if twice:
            self.duplicate -= 1

        def send():
            self._attempt(delivery, 0)
            if twice:
                self._send(delivery, 0)
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, send)
        else:
            send()

    def _attempt(self, delivery, number):
        self._send(delivery, number)
        asyncio.get_running_loop().call_later(self.ack_seconds, self._check, delivery, number)

    def _send(self, delivery, number):
        rules = self.slack.rules
        if number and not rules.keeps("socket.same_event"):
            delivery.payload = {**delivery.payload, "event_id": f"{delivery.event_id}{number}"}
        if not delivery.attempts or (self.new_id_on_retry and rules.keeps("socket.envelope")):
            envelope_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        else:
            envelope_id = delivery.attempts[-1][0]
        envelope = {"envelope_id": envelope_id, "payload": delivery.payload, "type": delivery.kind,
                    "accepts_response_payload": delivery.accepts or not rules.keeps("socket.accepts")}
        if delivery.kind == "events_api":
            told = number if rules.keeps("socket.attempt") else 0
            envelope.update({"retry_attempt": told, "retry_reason": "timeout" if told else ""})
        self.pending[envelope_id] = delivery
        targets = self._choose()
        delivery.attempts.append((envelope_id, time.monotonic(), targets[0].number if targets else None))
        dropped = self.drop > 0
        delivery.disturbed = delivery.disturbed or dropped or not targets or not targets[0].link
        if dropped:
            self.drop -= 1
            return
        for socket in targets:
            socket.send(envelope)

    def _choose(self):
        """The socket that an event goes to: any."""
        there = [socket for socket in self.sockets if not socket.leaving]
        if not self.slack.rules.keeps("socket.spread"):
            return there
        return [self.random.choice(there)] if there else []

    def _check(self, delivery, number):
        """Its time to be acknowledged is over."""
        if delivery.acked is not None or delivery.lost:
            return
        # Who gives less time, or has not looked for so long, cannot say.
        behind = time.monotonic() - delivery.attempts[0][1] - self.ack_seconds
        if number == 0 and not delivery.disturbed and behind < LAG_SECONDS and self.ack_seconds >= ACK_SECONDS:
            self.late.append(delivery)
        retried = delivery.kind == "events_api"
        if not self.slack.rules.keeps("socket.retry"):
            retried = False
        if delivery.kind != "events_api" and not self.slack.rules.keeps("socket.no_retry"):
            retried = True
        if not retried or number >= len(self.retry_delays):
            delivery.lost = True
            delivery.done.set()
            return
        asyncio.get_running_loop().call_later(self.retry_delays[number], self._again, delivery, number + 1)

    def _again(self, delivery, number):
        if delivery.acked is None and not delivery.lost:
            self._attempt(delivery, number)

    def take(self, socket, text):
        """A text frame from a client."""
        socket.frames.append(text)
        try:
            content = json.loads(text)
            envelope_id = content.get("envelope_id")
        except (ValueError, AttributeError):
            self.slack.complaints.append(f"socket {socket.number} sent {text[:80]!r}")
            return
        delivery = self.pending.pop(envelope_id, None)
        if not delivery:
            self.unknown_acks.append(envelope_id)
            return
        payload = content.get("payload")
        if payload and not delivery.accepts:
            self.slack.complaints.append(f"an acknowledgement carries a payload that nobody reads: {text[:80]!r}")
        if delivery.acked is not None:
            return
        sent = next(when for identity, when, _ in delivery.attempts if identity == envelope_id)
        delivery.acked = time.monotonic() - sent
        delivery.answer = payload if delivery.accepts else None
        delivery.done.set()
        if delivery.answer:
            self.slack.answered(self.app, delivery)

    def forget_all(self):
        """What has been sent so far is not sent again."""
        for delivery in self.deliveries:
            delivery.lost = delivery.acked is None
        self.deliveries.clear()
        self.pending.clear()

    def unacknowledged(self):
        return [delivery for delivery in self.deliveries if delivery.acked is None and not delivery.lost]
