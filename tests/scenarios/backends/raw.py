#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A backend whose network is XMPP, as Spectrum 2's swiften backend is one: after LOGIN stanzas come and go as RAW_XML and
all other frames about people and rooms mean nothing to it. Its network is small:

  echo@net      answers messages with their text, behind "echo: "; asked for its version, says "echo 1"
  mirror@net    answers each stanza with its text, as it came
  silent@net    is never heard of again
  teller@net    sends what it is told: the text of a message is put on the wire as it is, USER is the person
  room@rooms.net  a room with bob in it; says what is said in it

It tells the person "witness@net said: NAME ..." of frames that are not raw.
"""
import argparse
import os
import re
import sys
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import wire

CLIENT = "{jabber:client}"
MUC_USER = "http://jabber.org/protocol/muc#user"


class Raw(wire.Backend):
    config = "[registration]\nneedRegistration=0\n[features]\nmuc=1\nrawxml=1\n"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.rooms = {}  # user -> nickname

    def raw(self, text):
        self.send(wire.RAW_XML, text.encode())

    def on_login(self, user):
        super().on_login(user)
        self.send(wire.BUDDY_CHANGED, {1: user, 2: "echo@net", 3: "Echo", 4: ["Net"], 5: 5})

    def on_message(self, user, contact, body, fields):
        self.tell(user, f"CONV_MESSAGE to {contact}: {body}")

    def tell(self, user, text):
        self.raw(f"<message type='chat' from='witness@net' to={quoteattr(user)}><body>{escape(text)}</body></message>")

    def on_frame(self, kind, payload):
        if kind != wire.RAW_XML:
            super().on_frame(kind, payload)
            return
        text = payload.decode()
        # What the stanza inherits in a client's stream.
        stanza = ElementTree.fromstring(re.sub("^<([a-z]+)", r"<\1 xmlns='jabber:client'", text))
        user = stanza.get("from").split("/")[0]
        name = stanza.tag.removeprefix(CLIENT)
        contact, _, resource = stanza.get("to").partition("/")
        handler = getattr(self, f"on_{name}_to_{contact.split('@')[0]}", None)
        if handler:
            handler(user, stanza, resource, text)

    def on_other(self, kind, fields):
        if kind in (wire.BUDDY_CHANGED, wire.BUDDY_REMOVED, wire.VCARD):
            self.tell(wire.text(fields, 1), f"{wire.NAMES[kind]} {wire.text(fields, 2)}")

    # people

    def on_message_to_echo(self, user, stanza, resource, text):
        body = stanza.find(f"{CLIENT}body")
        if body is not None:
            self.raw(f"<message type='chat' id='e1' from='echo@net/{os.getpid()}' to={quoteattr(user)}>"
                     f"<body>echo: {escape(body.text)}</body><mark xmlns='urn:test'/></message>")

    def on_presence_to_echo(self, user, stanza, resource, text):
        if stanza.get("type") is None:
            self.raw(f"<presence from='echo@net/phone' to={quoteattr(user)}><show>away</show><mark xmlns='urn:test'/>"
                     "</presence>")

    def on_iq_to_echo(self, user, stanza, resource, text):
        if stanza.get("type") == "get":
            self.raw(f"<iq type='result' id={quoteattr(stanza.get('id'))} from={quoteattr(stanza.get('to'))} "
                     f"to={quoteattr(user)}><query xmlns='jabber:iq:version'><name>echo</name><version>1</version>"
                     "</query></iq>")

    def mirror(self, user, stanza, resource, text):
        self.raw(f"<message type='chat' from='mirror@net/m' to={quoteattr(user)}><body>{escape(text)}</body></message>")

    on_message_to_mirror = on_presence_to_mirror = on_iq_to_mirror = mirror

    def on_message_to_teller(self, user, stanza, resource, text):
        self.raw(stanza.find(f"{CLIENT}body").text.replace("USER", user))
        self.raw(f"<message type='chat' from='teller@net' to={quoteattr(user)}><body>told</body></message>")

    # the room

    def occupant(self, user, nickname, inner, kind=""):
        self.raw(f"<presence from={quoteattr('room@rooms.net/' + nickname)} to={quoteattr(user)}{kind}>"
                 f"<x xmlns='{MUC_USER}'>{inner}</x></presence>")

    def on_presence_to_room(self, user, stanza, nickname, text):
        if stanza.get("type") == "unavailable":
            self.rooms.pop(user, None)
            self.occupant(user, nickname, "<item affiliation='member' role='none'/><status code='110'/>",
                          " type='unavailable'")
            self.tell(user, f"left as {nickname}")
            return
        known = self.rooms.get(user)
        self.rooms[user] = nickname
        if known and known != nickname:
            self.occupant(user, known, f"<item affiliation='member' role='participant' nick={quoteattr(nickname)}/>"
                          "<status code='303'/><status code='110'/>", " type='unavailable'")
        else:
            self.occupant(user, "bob", "<item affiliation='owner' role='moderator' jid='bob@net/x'/>")
        self.occupant(user, nickname, "<item affiliation='member' role='participant'/><status code='110'/>")
        if not known:
            self.raw(f"<message type='groupchat' from='room@rooms.net/bob' to={quoteattr(user)}>"
                     f"<subject>pid {os.getpid()}</subject></message>")

    def on_message_to_room(self, user, stanza, nickname, text):
        body = stanza.find(f"{CLIENT}body")
        if body is None:
            return
        if nickname:
            self.raw(f"<message type='chat' from={quoteattr('room@rooms.net/' + nickname)} to={quoteattr(user)}>"
                     f"<body>private: {escape(body.text)}</body></message>")
        elif user in self.rooms:
            self.raw(f"<message type='groupchat' id={quoteattr(stanza.get('id') or '')} "
                     f"from={quoteattr('room@rooms.net/' + self.rooms[user])} to={quoteattr(user)}>"
                     f"<body>{escape(body.text)}</body></message>")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port")
    arguments, _ = parser.parse_known_args()
    Raw(arguments.host, arguments.port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
