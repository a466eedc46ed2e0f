#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A backend that knows the extension and lets in whom its name says, step by step:
  code...    a code (314159, or one that can be searched for: canary-314159), wrong ones are asked for again, the third ends the login
  choice...  a choice, then a secret (open sesame)
  qr...      a QR code, scanned by whoever makes the file "scanned" in the folder of --folder
  link...    a link, likewise
  slow...    a code that has to come within a second
  others     at once
It keeps the value "logins", how often somebody was let in, which "keeper" tells. Rooms have bob and carol in them, and
information; what is said there comes back with an id of the network. As in events.py a message to "control" is JSON, a list of [type name, fields]; what the core sends is told by "witness".
A room may be given another name but "forbidden", and another picture but none: that is refused.
A message to "numbers" is a number, and is answered by a frame with that number; what is acknowledged is logged.
"""
import argparse
import hashlib
import os
import select
import sys

import wire
from events import Events

NOTICE, TEXT, SECRET, CODE, CHOICE, QR, LINK = range(7)
LINK_DATA = "https://example.org/device?code=ABCD&x=1"


class Steps(Events):
    config = "[registration]\nneedPassword=0\n[features]\nmuc=1\nreceipts=1\next=1\n"
    extended = False

    def __init__(self, host, port):
        super().__init__(host, port)
        self.sessions = {}  # user -> what it is at
        self.values = {}    # user -> key -> bytes
        self.rooms = {}     # (user, room) -> nickname
        self.count = 0

    def ask(self, user, kind, text, data=None, choices=(), timeout=None):
        session = self.sessions[user]
        session["step"] += 1
        session["kind"] = kind
        self.send(wire.LOGIN_STEP, {1: user, 2: session["step"], 3: kind, 4: text, 5: data, 6: list(choices), 7: timeout})

    def keep(self, user, key, value):
        self.send(wire.VALUES, {1: user, 2: [{1: key, 2: value}]})

    def let_in(self, user):
        logins = int(self.values.get(user, {}).get("logins", b"0")) + 1
        self.keep(user, "logins", str(logins))
        self.values.setdefault(user, {})["logins"] = str(logins).encode()
        self.sessions.pop(user, None)
        self.send(wire.CONNECTED, {1: user})
        self.say(user, "keeper", f"logins: {logins}")

    def on_message(self, user, contact, body, fields):
        if contact == "numbers":
            self.send(wire.CONV_MESSAGE, {1: user, 2: contact, 3: f"frame {body}"}, int(body))
            return
        nickname = self.rooms.get((user, contact))
        if not nickname:
            super().on_message(user, contact, body, fields)
            return
        self.count += 1
        self.send(wire.CONV_MESSAGE, {1: user, 2: contact, 3: body, 4: nickname, 1000: f"net-{self.count}"})
        self.witness(wire.CONV_MESSAGE, fields)

    def on_other(self, kind, fields):
        if kind == wire.HANDOVER:
            print("ACKNOWLEDGED up to", fields.get(1, [0])[0], flush=True)
            return
        super().on_other(kind, fields)
        if kind == wire.ROOM_CHANGE:
            self.changed(fields)
        if kind == wire.JOIN_ROOM:
            user, nickname, room = (wire.text(fields, number) for number in (1, 2, 3))
            self.rooms[user, room] = nickname
            self.send(wire.ROOM_INFO, {1: user, 2: room, 3: "The lobby", 4: "For everybody", 5: "0a" * 20, 6: 3})
            self.send(wire.PARTICIPANTS, {1: user, 2: room, 3: [{1: "", 2: "", 3: name, 4: 0, 5: 0}
                                                                for name in ("bob", "carol", nickname)]})

    def answer(self, number, kind, payload):
        """The acknowledgement of a frame; False: it is refused."""
        fields = wire.parse(payload) if kind == wire.ROOM_CHANGE else {}
        refused = wire.text(fields, 3) == "forbidden" or fields.get(4) == [b""]
        if refused:
            self.send(wire.HANDOVER, {3: [{1: number, 2: 2, 3: "Only the owner may do that."}]})
        else:
            self.send(wire.HANDOVER, {2: wire.varint(number)})
        return not refused

    def changed(self, fields):
        user, room, picture = wire.text(fields, 1), wire.text(fields, 2), fields.get(4, [None])[-1]
        self.send(wire.ROOM_INFO, {1: user, 2: room, 3: wire.text(fields, 3) or None,
                                   5: hashlib.sha1(picture).hexdigest() if picture else None})

    def refuse(self, user, why):
        self.sessions.pop(user, None)
        self.send(wire.DISCONNECTED, {1: user, 2: 2, 3: why})

    def on_frame(self, kind, payload):
        fields = wire.parse(payload) if payload and kind != wire.RAW_XML else {}
        if kind == wire.API_VERSION:
            self.extended = fields[1][0] == 2
        elif kind == wire.VALUES:
            self.values[wire.text(fields, 1)] = {wire.text(pair, 1): pair[2][0]
                                                 for pair in map(wire.parse, fields.get(2, []))}
        elif kind == wire.LOGIN:
            self.log_in(wire.text(fields, 1), wire.text(fields, 2))
        elif kind == wire.LOGIN_ANSWER:
            self.answered(wire.text(fields, 1), fields[2][0], wire.text(fields, 3) if 3 in fields else None)
        else:
            if kind == wire.LOGOUT:
                self.sessions.pop(wire.text(fields, 1), None)
            super().on_frame(kind, payload)

    def log_in(self, user, name):
        if not self.extended:
            raise SystemExit("the core has not answered to ext=1")
        self.user = user
        self.sessions[user] = {"step": 0, "tries": 0, "kind": None, "name": name}
        if name.startswith("code"):
            self.ask(user, CODE, "The code, please.")
        elif name.startswith("slow"):
            self.ask(user, CODE, "The code, at once.", timeout=1)
        elif name.startswith("choice"):
            self.ask(user, CHOICE, "How?", choices=["by mail", "by phone"])
        elif name.startswith("qr"):
            self.ask(user, QR, "Scan this.", f"sgnl://link?key={'abc' if name == 'qr1' else 'canary-key-of-' + name}")
        elif name.startswith("link"):
            self.ask(user, LINK, "Go there.", LINK_DATA)
        else:
            self.let_in(user)

    def answered(self, user, step, value):
        session = self.sessions.get(user)
        print("ANSWER of", user, "to", step, "given up" if value is None else len(value), flush=True)
        if not session or step != session["step"]:
            return
        if value is None:
            self.refuse(user, "As you like.")
        elif session["kind"] == CODE and value == "die":
            os._exit(3)
        elif session["kind"] == CODE and value not in ("314159", "canary-314159"):
            session["tries"] += 1
            if session["tries"] == 3:
                self.refuse(user, "Three wrong codes.")
            else:
                self.ask(user, CODE, f"Wrong code number {session['tries']}.")
        elif session["kind"] == CHOICE:
            self.ask(user, SECRET, f"The secret, {value}.")
        elif session["kind"] == SECRET and value != "open sesame":
            self.ask(user, SECRET, "That is not it.")
        else:
            self.let_in(user)

    def look(self):
        """Somebody has scanned the code, or followed the link."""
        if os.path.exists(os.path.join(self.folder, "scanned")):
            for user, session in list(self.sessions.items()):
                if session["kind"] in (QR, LINK):
                    self.let_in(user)

    def run(self):
        frames = wire.Frames()
        while True:
            if not select.select([self.socket], [], [], 0.1)[0]:
                self.look()
                continue
            data = self.socket.recv(65536)
            if not data:
                return
            for kind, payload in frames.feed(data):
                if not frames.number or self.answer(frames.number, kind, payload):
                    self.on_frame(kind, payload)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port")
    parser.add_argument("--folder", default=".")
    arguments, _ = parser.parse_known_args()
    backend = Steps(arguments.host, arguments.port)
    backend.folder = arguments.folder
    backend.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
