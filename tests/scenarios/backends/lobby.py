#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A network of rooms that has words for everything the protocol knows: whatever somebody says in a room is brought to everybody
in it, with an id, all that it refers to, and its files. bob and carol are in each room. A test steers it over a socket (see
harness/network.py), a line of JSON each:
  {"say": room, "as": nickname, "fields": {...}}   of a CONV_MESSAGE to everybody in the room
  {"picture": nickname, "hash": ..., "photo": base64}   whose it is from now on
  {"send": name of a frame, "fields": {...}}   as it is
  {"titles": {room: ...}}   what they are called, as the first line
  {"title": room, "text": ...}   what it is called from now on
  {"refuse": {"error": number, "reason": ...}}   the answer to changes of rooms from now on; null: they are done
and is told {"kind": name of a frame, "fields": {...}} of what the core sends.
"""
import argparse
import base64
import json
import re
import select
import socket
import sys

import wire

ONLINE, OFFLINE = 1, 0
RESIDENTS = ("bob", "carol")


def numbered(value):
    """JSON's names of fields as numbers."""
    if isinstance(value, dict):
        return {int(number): numbered(inner) for number, inner in value.items()}
    return [numbered(inner) for inner in value] if isinstance(value, list) else value


class Lobby(wire.Backend):
    config = "[registration]\nneedPassword=0\n[features]\nmuc=1\nreceipts=1\next=1\n"

    def __init__(self, host, port, steer):
        super().__init__(host, port)
        self.steering = socket.create_connection(("127.0.0.1", int(steer)))
        self.rooms = {}      # name -> {user: nickname}
        self.pictures = {}   # nickname -> (hash, bytes)
        self.titles = {}     # room -> what it is called, if not by its name
        self.refusal = None
        self.count = 0
        self.ids = {}        # what a person calls a message of his -> what the network calls it

    def to_all(self, room, kind, fields, but=None):
        for user in list(self.rooms.get(room, {})):
            if user != but:
                self.send(kind, {1: user, **fields})

    def participant(self, room, nickname, status):
        return {2: room, 3: nickname, 4: 0, 5: status, 8: self.pictures.get(nickname, (None,))[0], 9: nickname}

    def on_message(self, user, contact, body, fields):
        nickname = self.rooms.get(contact, {}).get(user)
        if nickname is None:
            return
        self.count += 1
        self.ids[user, wire.text(fields, 1000)] = f"net-{self.count}"
        said = {number: values for number, values in fields.items() if number in (11, 1006, 1008, 1009)}
        xhtml = wire.text(fields, 5)
        for number in range(1001, 1006):
            if number in fields:
                said[number] = self.ids.get((user, wire.text(fields, number)), wire.text(fields, number))
        # Who is spoken for is named, but to his own account.
        author = wire.text(wire.parse(fields[1007][0]), 1) if 1007 in fields else None
        for other in self.rooms[contact]:
            named = author and other != user and body
            shown = f"* {author} {body[4:]}" if named and body.startswith("/me ") else f"<{author}> {body}" if named else body
            markup = re.sub("^(<body[^>]*>)?", rf"\\1&lt;{author}&gt; ", xhtml) if named and xhtml else xhtml
            self.send(wire.CONV_MESSAGE, {1: other, 2: contact, 3: shown, 4: nickname, 5: markup or None, **said,
                                          1000: f"net-{self.count}"})

    def on_other(self, kind, fields):
        if kind == wire.JOIN_ROOM:
            user, nickname, room = (wire.text(fields, number) for number in (1, 2, 3))
            there = self.rooms.setdefault(room, {})
            there[user] = nickname
            self.to_all(room, wire.PARTICIPANT_CHANGED, self.participant(room, nickname, ONLINE), but=user)
            self.send(wire.ROOM_INFO, {1: user, 2: room, 3: self.titles.get(room, room)})
            for name in (*RESIDENTS, *(name for other, name in there.items() if other != user), nickname):
                self.send(wire.PARTICIPANT_CHANGED, {1: user, **self.participant(room, name, ONLINE)})
        elif kind in (wire.LEAVE_ROOM, wire.LOGOUT):
            user = wire.text(fields, 1)
            for room in [wire.text(fields, 3)] if kind == wire.LEAVE_ROOM else list(self.rooms):
                nickname = self.rooms.get(room, {}).pop(user, None)
                if nickname:
                    self.to_all(room, wire.PARTICIPANT_CHANGED, self.participant(room, nickname, OFFLINE))
        elif kind == wire.VCARD:
            name = wire.text(fields, 2)
            photo = self.pictures.get(name.rpartition("/")[2], (None, None))[1]
            self.send(wire.VCARD, {1: wire.text(fields, 1), 2: name, 3: fields[3][0], 6: photo})

    def call(self, room, title):
        self.titles[room] = title
        self.to_all(room, wire.ROOM_INFO, {2: room, 3: title})

    def answer(self, kind, payload, number):
        """That a frame is taken, or why it is not."""
        fields = wire.parse(payload) if kind == wire.ROOM_CHANGE else {}
        if fields and self.refusal:
            self.send(wire.HANDOVER, {3: {1: number, 2: self.refusal["error"], 3: self.refusal["reason"]}})
            return
        self.send(wire.HANDOVER, {2: wire.varint(number)})
        if 3 in fields:
            self.call(wire.text(fields, 2), wire.text(fields, 3))

    def on_frame(self, kind, payload):
        fields = wire.parse(payload) if payload and kind != wire.RAW_XML else {}
        plain = {number: [value.decode(errors="replace") if isinstance(value, bytes) else value for value in values]
                 for number, values in fields.items()}
        self.steering.sendall(json.dumps({"kind": wire.NAMES[kind], "fields": plain}).encode() + b"\n")
        super().on_frame(kind, payload)

    def told(self, line):
        order = json.loads(line)
        if "picture" in order:
            self.pictures[order["picture"]] = order["hash"], base64.b64decode(order["photo"])
            for room in self.rooms:
                self.to_all(room, wire.PARTICIPANT_CHANGED, self.participant(room, order["picture"], ONLINE))
        elif "send" in order:
            self.send(getattr(wire, order["send"]), numbered(order["fields"]))
        elif "titles" in order:
            self.titles.update(order["titles"])
        elif "title" in order:
            self.call(order["title"], order["text"])
        elif "refuse" in order:
            self.refusal = order["refuse"]
        else:
            self.to_all(order["say"], wire.CONV_MESSAGE, {2: order["say"], 4: order["as"], **numbered(order["fields"])})

    def run(self):
        frames, lines = wire.Frames(), b""
        # What rooms are called comes first: whoever joins one is told.
        while b"\n" not in lines:
            data = self.steering.recv(65536)
            if not data:
                return
            lines += data
        *whole, lines = lines.split(b"\n")
        for line in whole:
            self.told(line)
        while True:
            ready = select.select([self.socket, self.steering], [], [])[0]
            if self.steering in ready:
                data = self.steering.recv(65536)
                if not data:
                    return
                *whole, lines = (lines + data).split(b"\n")
                for line in whole:
                    self.told(line)
            if self.socket in ready:
                data = self.socket.recv(65536)
                if not data:
                    return
                for kind, payload in frames.feed(data):
                    if frames.number:
                        self.answer(kind, payload, frames.number)
                    self.on_frame(kind, payload)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port")
    parser.add_argument("--steer")
    arguments, _ = parser.parse_known_args()
    Lobby(arguments.host, arguments.port, arguments.steer).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
