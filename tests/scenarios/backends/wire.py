# SPDX-License-Identifier: MIT
"""
The backend protocol in a few lines of Python, independent of the C code: protobuf's wire format, frames, both sides.
A message is a dict: field number -> list of values (int, bytes). No type knows names but those that tests need.
"""
import os
import socket
import struct

CONNECTED, DISCONNECTED, LOGIN, LOGOUT = 1, 2, 3, 4
BUDDY_CHANGED, BUDDY_REMOVED, CONV_MESSAGE, PING, PONG, JOIN_ROOM, LEAVE_ROOM = 6, 7, 8, 9, 10, 11, 12
PARTICIPANT_CHANGED, ROOM_NICKNAME_CHANGED, ROOM_SUBJECT_CHANGED, VCARD, STATUS_CHANGED = 13, 14, 15, 16, 17
BUDDY_TYPING, BUDDY_STOPPED_TYPING, BUDDY_TYPED, AUTH_REQUEST, ATTENTION, STATS = 18, 19, 20, 21, 22, 23
EXIT, BACKEND_CONFIG, QUERY, ROOM_LIST, CONV_MESSAGE_ACK, RAW_XML, BUDDIES, API_VERSION = 29, 30, 31, 32, 33, 34, 35, 36
(HANDOVER, READ_MARKER, LOGIN_STEP, LOGIN_ANSWER, VALUES, PARTICIPANTS, ROOM_INFO, HOLD, ATTACH, ATTACHED, RESUME,
 RESUMED, MODERATION, ROOM_CHANGE, BANS) = range(1000, 1015)
NAMES = {value: name for name, value in list(globals().items()) if name.isupper() and isinstance(value, int)}


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def message(fields):
    """Serializes; None is left out, text becomes UTF-8, a list is a repeated field, a dict a message."""
    out = b""
    for number, values in sorted(fields.items()):
        for value in values if isinstance(values, list) else [values]:
            if value is None:
                continue
            if isinstance(value, dict):
                value = message(value)
            if isinstance(value, str):
                value = value.encode()
            if isinstance(value, bytes):
                out += varint(number << 3 | 2) + varint(len(value)) + value
            else:
                out += varint(number << 3) + varint(int(value))
    return out


def parse(data):
    fields, at = {}, 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if not byte & 0x80:
                return value
    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            value = number()
        elif tag & 7 == 2:
            length = number()
            value = data[at:at + length]
            if len(value) != length:
                raise ValueError("a field is cut short")
            at += length
        else:
            raise ValueError(f"wire type {tag & 7} is not in this protocol")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def text(fields, number, otherwise=""):
    return fields[number][-1].decode() if number in fields else otherwise


def frame(kind, payload=None, number=None):
    """payload: None, bytes, or fields; number: of a frame that is to be acknowledged."""
    body = message({1: kind, 2: message(payload) if isinstance(payload, dict) else payload, 1000: number})
    return struct.pack(">I", len(body)) + body


class Frames:
    """Cuts frames out of a stream."""

    def __init__(self):
        self.buffer = b""
        self.number = 0

    def feed(self, data):
        self.buffer += data
        while len(self.buffer) >= 4:
            length = struct.unpack(">I", self.buffer[:4])[0]
            if len(self.buffer) < 4 + length:
                return
            body, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
            fields = parse(body)
            self.number = fields.get(1000, [0])[0]  # of the frame that is given out next; 0: it has none
            yield fields[1][0], fields.get(2, [b""])[0]


class Backend:
    """A backend program that only knows --host and --port. Subclasses add what they do."""
    config = "[registration]\nneedPassword=0\n[features]\nmuc=1\nreceipts=1\n"
    config_first = False  # before the first PONG, even before PING is read
    ends_on_eof = True

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, int(port)))
        self.configured = False
        if self.config_first:
            self.configure()

    def configure(self):
        self.configured = True
        self.send(BACKEND_CONFIG, {1: self.config})

    def send(self, kind, payload=None, number=None):
        self.socket.sendall(frame(kind, payload, number))

    def say(self, user, contact, body, **more):
        numbers = {"nickname": 4, "xhtml": 5, "timestamp": 6, "headline": 7, "id": 8, "pm": 9, "carbon": 10,
                   "attachment": 11}
        self.send(CONV_MESSAGE, {1: user, 2: contact, 3: body, **{numbers[key]: more[key] for key in more}})

    def run(self):
        frames = Frames()
        while True:
            data = self.socket.recv(65536)
            if not data:
                break
            for kind, payload in frames.feed(data):
                self.on_frame(kind, payload)
        self.on_eof()

    def on_eof(self):
        raise SystemExit(0)

    def on_frame(self, kind, payload):
        if kind == PING:
            if not self.configured:
                self.configure()
            self.send(PONG)
            self.send(STATS, {1: 3000, 2: 2000, 3: 1000, 4: str(os.getpid())})
        elif kind == EXIT:
            raise SystemExit(0)
        elif kind == LOGIN:
            self.on_login(text(parse(payload), 1))
        elif kind == CONV_MESSAGE:
            fields = parse(payload)
            self.on_message(text(fields, 1), text(fields, 2), text(fields, 3), fields)
        else:
            self.on_other(kind, parse(payload) if payload and kind != RAW_XML else {})

    def on_login(self, user):
        self.send(CONNECTED, {1: user})

    def on_message(self, user, contact, body, fields):
        self.say(user, contact, f"{body} (pid {os.getpid()})")

    def on_other(self, kind, fields):
        pass
