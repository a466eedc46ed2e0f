#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A backend that does what it is told: a message to the contact "control" is JSON, a list of [type name, fields], each
sent as it is ("USER" stands for the person). What the core sends is told by the contact "witness", as JSON.
"""
import argparse
import json
import sys

import wire

PHOTO = b"\x89PNG\r\n\x1a\n not much of a picture"


class Events(wire.Backend):
    config = "[registration]\nneedPassword=0\n[features]\nmuc=1\nreceipts=1\nsend_buddies_on_login=1\n"

    def on_login(self, user):
        self.user = user
        super().on_login(user)

    def on_frame(self, kind, payload):
        super().on_frame(kind, payload)
        if kind == wire.LOGOUT:
            print("LOGOUT of", wire.text(wire.parse(payload), 1), flush=True)

    def witness(self, kind, fields):
        def plain(value):
            return value.decode(errors="replace") if isinstance(value, bytes) else value
        if fields.get(1):
            user = wire.text(fields, 1)
            if "@" not in user or kind == wire.BUDDIES:
                user = getattr(self, "user", user)
            self.say(user, "witness", json.dumps([wire.NAMES[kind], {number: [plain(value) for value in values]
                                                                      for number, values in fields.items()}]))

    def on_message(self, user, contact, body, fields):
        if contact != "control":
            self.witness(wire.CONV_MESSAGE, fields)
            return

        def numbered(value):
            if isinstance(value, dict):
                return {int(number): numbered(inner) for number, inner in value.items()}
            if isinstance(value, list):
                return [numbered(inner) for inner in value]
            return user if value == "USER" else value
        for name, payload in json.loads(body):
            self.send(getattr(wire, name), numbered(payload))

    def on_other(self, kind, fields):
        if kind == wire.LOGOUT:
            return
        self.witness(kind, fields)
        if kind == wire.VCARD and 6 not in fields:
            self.send(wire.VCARD, {1: wire.text(fields, 1), 2: wire.text(fields, 2), 3: fields[3][0], 4: "Robert B.",
                                   5: "bobby", 6: PHOTO})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port")
    arguments, _ = parser.parse_known_args()
    Events(arguments.host, arguments.port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
