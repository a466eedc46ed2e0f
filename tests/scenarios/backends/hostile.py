#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A backend that answers as contact "echo", does what "control" is told (events.py), and misbehaves as "hostile" is told:
the name of a do_... below. Where the connection survives that, a good frame follows: "after it" from "hostile".
The login of anybody called mallory ends it.
"""
import argparse
import sys
import time

import wire
from events import Events

DATES = ("yesterday", "", "99999999T999999", "20261399T256161", "-1", "%s%n%n", "2026-11-23T10:11:12Z" * 200)


class Hostile(Events):
    config = "[registration]\nneedPassword=0\n[features]\nmuc=1\nreceipts=1\n"

    def on_login(self, user):
        if user.startswith("mallory"):
            raise SystemExit(1)
        super().on_login(user)

    def on_message(self, user, contact, body, fields):
        if contact == "echo":
            self.say(user, "echo", body)
        elif contact == "hostile":
            getattr(self, f"do_{body}")(user)
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
    arguments, _ = parser.parse_known_args()
    Hostile(arguments.host, arguments.port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
