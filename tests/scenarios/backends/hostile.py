#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A backend that answers as contact "echo", does what "control" is told (events.py), and misbehaves as "hostile" is told:
the name of a do_... below. Where the connection survives that, a good frame follows: "after it" from "hostile".
The login of anybody called mallory ends it. --mode: "mute" has one that says what it is and nothing ever after;
"silent" does not even that; "exits:FILE" ends as soon as it is ready, but for the first one, which makes the file.
"""
import argparse
import os
import sys
import time

import wire
from events import Events

DATES = ("yesterday", "2000001231T000000", "2000000101T00:00:00", "", "99999999T999999", "20261399T256161", "-1", "%s%n%n", "2026-11-23T10:11:12Z" * 200)


class Hostile(Events):
    config = "[registration]\nneedPassword=0\n[features]\nmuc=1\nreceipts=1\n"
    mute = False

    def on_frame(self, kind, payload):
        if not self.mute:
            super().on_frame(kind, payload)

    def on_login(self, user):
        if user.startswith("mallory"):
            raise SystemExit(1)
        super().on_login(user)

    def on_message(self, user, contact, body, fields):
        if contact == "echo":
            self.say(user, "echo", body)
        elif contact == "hostile":
            name, *words = body.split()
            getattr(self, f"do_{name}")(user, *words)
        else:
            super().on_message(user, contact, body, fields)

    def on_other(self, kind, fields):
        if kind == wire.JOIN_ROOM:
            self.send(wire.PARTICIPANT_CHANGED, {1: wire.text(fields, 1), 2: wire.text(fields, 3),
                                                 3: wire.text(fields, 2), 4: 16, 5: 1})

    def after(self, user):
        self.say(user, "hostile", "after it")

    def do_unknown(self, user):
        for kind in (0, 5, 24, 28, 37, 99, 1 << 31):
            self.send(kind, b"\x0a\x04abcd")
        self.socket.sendall(b"\0\0\0\0" b"\0\0\0\x01\xff" b"\0\0\0\x04\x12\x02\x0a\x00")
        self.after(user)

    def do_lacking(self, user):
        for kind in range(1, 37):
            if kind != wire.EXIT:
                self.send(kind, {1: user})
                self.send(kind, {2: "bob"})
                self.send(kind, {})
        self.after(user)

    def do_core(self, user):
        for kind in (wire.LOGIN, wire.LOGOUT, wire.PING, wire.JOIN_ROOM, wire.LEAVE_ROOM, wire.STATUS_CHANGED,
                     wire.BUDDIES, wire.API_VERSION, wire.EXIT):
            self.send(kind, {1: user, 2: "x", 3: "y", 4: "z"})
        self.after(user)

    def do_dates(self, user):
        for date in DATES:
            self.say(user, "bob", "dated", timestamp=date)
        self.after(user)

    def do_garbage(self, user):
        for kind in range(1, 37):
            for payload in (b"\xff" * 50, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b\x0c", b"\x08" * 9, b"\x0a\x02\xc3\x28"):
                self.send(kind, payload)
        self.after(user)

    def do_drip(self, user):
        """A byte of it each second, at first."""
        frame = wire.frame(wire.CONV_MESSAGE, {1: user, 2: "hostile", 3: "after it"})
        for at in range(3):
            self.socket.sendall(frame[at:at + 1])
            time.sleep(1)
        self.socket.sendall(frame[3:])

    def do_drip_for_ever(self, _user):
        self.socket.sendall(b"\0\0\xff\xff")
        while True:
            time.sleep(1)
            self.socket.sendall(b"\x0a")

    def do_mute(self, user):
        self.after(user)
        self.mute = True

    def do_close(self, _user):
        self.socket.close()
        while True:
            time.sleep(3600)

    def do_stats(self, user, pid):
        self.send(wire.STATS, {1: 1, 2: 1, 3: 1, 4: pid})
        self.do_mute(user)

    def do_forge(self, _user):
        for _ in range(20):
            self.socket.sendall(wire.frame(wire.CONV_MESSAGE, {1: "bob@localhost", 2: "eve", 3: "x" * 100}) * 100)

    def do_memory(self, _user):
        taken = []
        while True:
            taken.append(b"x" * (1 << 20))

    def do_spin(self, _user):
        while True:
            pass

    def do_huge(self, user):
        self.socket.sendall(b"\xff\xff\xff\xff\x08\x08\x12" + b"x" * 100000)

    def do_flood(self, user):
        for _ in range(1000):
            self.socket.sendall(wire.frame(wire.CONV_MESSAGE, {1: user, 2: "eve", 3: "x" * 200}) * 100)
        self.after(user)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port")
    parser.add_argument("--mode", default="")
    arguments, _ = parser.parse_known_args()
    mode, _, file = arguments.mode.partition(":")
    if mode == "silent":
        while True:
            time.sleep(3600)
    backend = Hostile(arguments.host, arguments.port)
    if mode == "mute":
        backend.configure()
        backend.mute = True
    elif mode == "exits" and os.path.exists(file):
        backend.configure()
        return 3
    elif mode == "exits":
        open(file, "w", encoding="ascii").close()
    backend.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
