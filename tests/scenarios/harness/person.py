# SPDX-License-Identifier: MIT
"""A person with an XMPP client: slixmpp, which is nobody's of this project."""
import asyncio
import logging
import re

import slixmpp
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback

from .process import PATIENCE, Failure, wait_until


class _Tap(logging.Handler):
    """Keeps what slixmpp logs of its stream."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        text = record.getMessage()
        if text.startswith(("SEND:", "RECV:")):
            self.lines.append(text)


class Person(slixmpp.ClientXMPP):
    def __init__(self, jid, password, port, tls=False):
        super().__init__(jid, password)
        self.port = port
        self.tls = tls
        self.messages, self.presences = [], []
        self.failed = None
        self.tap = _Tap()
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0004")
        self.register_plugin("xep_0045")
        self.register_plugin("xep_0050")
        self.register_plugin("xep_0054")
        self.register_plugin("xep_0077")
        self.register_plugin("xep_0085")
        self.register_plugin("xep_0092")
        self.register_plugin("xep_0184")
        self.register_plugin("xep_0199")
        self.plugin["xep_0184"].auto_request = False
        # ibr takes every registration form that comes with a stream; the tests ask for it themselves.
        self.plugin["xep_0077"].force_registration = False
        self.online = asyncio.Event()
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("failed_auth", lambda _: self._fail("authentication failed"))
        self.add_event_handler("failed_all_auth", lambda _: self._fail("authentication failed"))
        self.add_event_handler("connection_failed", lambda why: self._fail(f"connection failed: {why}"))
        self.add_event_handler("disconnected", self._ended)
        self.auto_subscribe = True
        self.auto_authorize = True
        self.register_handler(Callback("all messages", _Matcher("message"), self.messages.append))
        self.register_handler(Callback("all presences", _Matcher("presence"), self.presences.append))

    def _fail(self, why):
        self.failed = why

    def _ended(self, _):
        self.online.clear()

    async def _started(self, _):
        self.online.set()

    async def start(self, presence=True, roster=True):
        # Every person listens to the one stream logger; what is whose is told by the stream it came on.
        logging.getLogger("slixmpp.xmlstream.xmlstream").addHandler(self.tap)
        logging.getLogger("slixmpp.xmlstream.xmlstream").setLevel(logging.DEBUG)
        logging.getLogger("slixmpp.xmlstream.xmlstream").propagate = False
        if self.tls:
            self.ssl_context.check_hostname = False
            import ssl
            self.ssl_context.verify_mode = ssl.CERT_NONE
            self.ca_certs = None
        else:
            self.plugin["feature_mechanisms"].unencrypted_plain = True
            self.plugin["feature_mechanisms"].unencrypted_scram = True
        self.connect(("127.0.0.1", self.port), disable_starttls=not self.tls, force_starttls=self.tls)

        def settled():
            if self.failed:
                raise Failure(f"{self.requested_jid}: {self.failed}")
            return self.online.is_set()
        await wait_until(settled, f"{self.requested_jid} to log in", 30)
        if roster:
            await self.get_roster()
        if presence:
            self.send_presence()

    async def stop(self):
        if self.online.is_set():
            await self.disconnect(wait=1.0)
        else:
            self.abort()
        logging.getLogger("slixmpp.xmlstream.xmlstream").removeHandler(self.tap)

    # what came in -------------------------------------------------------------------------------------------

    def mark(self):
        return len(self.messages), len(self.presences)

    async def message(self, sender=None, body=None, kind=None, after=(0, 0), timeout=20.0, where=None):
        """The first message whose parts match; sender is a full or bare JID, body a regular expression."""
        def find():
            for message in self.messages[after[0]:]:
                if sender and message["from"].full != sender and message["from"].bare != sender:
                    continue
                if kind and message["type"] != kind:
                    continue
                if body is not None and not re.search(body, message["body"] or "", re.S):
                    continue
                if where and not where(message):
                    continue
                return message
            return None
        return await wait_until(find, f"a message from {sender} like {body!r} at {self.boundjid.bare}", timeout)

    async def presence(self, sender, kind=None, after=(0, 0), timeout=20.0, where=None):
        """kind: "available", "unavailable", "error", "subscribe" ..."""
        def find():
            for presence in self.presences[after[1]:]:
                if presence["from"].full != sender and presence["from"].bare != sender:
                    continue
                type_ = presence.xml.get("type") or "available"
                if kind and type_ != kind:
                    continue
                if where and not where(presence):
                    continue
                return presence
            return None
        return await wait_until(find, f"presence {kind} from {sender} at {self.boundjid.bare}", timeout)

    # what is done ---------------------------------------------------------------------------------------------

    async def register(self, gateway, username, password=None):
        form = await self.plugin["xep_0077"].get_registration(jid=gateway)
        iq = self.make_iq_set(ito=gateway)
        query = ET.SubElement(iq.xml, "{jabber:iq:register}query")
        ET.SubElement(query, "{jabber:iq:register}username").text = username
        if password is not None:
            ET.SubElement(query, "{jabber:iq:register}password").text = password
        await iq.send(timeout=20 * PATIENCE)
        return form

    def join(self, room, nick, password=None):
        presence = self.make_presence(pto=f"{room}/{nick}")
        x = ET.SubElement(presence.xml, "{http://jabber.org/protocol/muc}x")
        if password:
            ET.SubElement(x, "{http://jabber.org/protocol/muc}password").text = password
        presence.send()

    async def joined(self, room, nick, after=(0, 0), timeout=30.0):
        """Waits for the presence that says that we are in (status 110)."""
        await self.presence(f"{room}/{nick}", "available", after, timeout, where=lambda p: "110" in statuses(p))

    def say(self, to, body, kind="chat", **more):
        message = self.make_message(mto=to, mbody=body, mtype=kind)
        for name, value in more.items():
            message[name] = value
        message.send()
        return message["id"]

    def say_xml(self, to, body, *elements, kind="chat"):
        """elements: (name in Clark's notation, {attribute: value}, content: text or more of them); returns the message's id."""
        message = self.make_message(mto=to, mbody=body, mtype=kind)

        def append(parent, name, attributes, content):
            element = ET.SubElement(parent, name, attributes)
            if isinstance(content, str):
                element.text = content
            else:
                for inner in content:
                    append(element, *inner)
        for element in elements:
            append(message.xml, *element)
        message.send()
        return message["id"]

    def send_file(self, to, url, kind="chat"):
        """A file as clients send it once it is uploaded (XEP-0066)."""
        oob = "{jabber:x:oob}"
        return self.say_xml(to, url, (f"{oob}x", {}, [(f"{oob}url", {}, url)]), kind=kind)

    def traffic(self):
        return "\n".join(self.tap.lines)


class _Matcher:
    """Matches by the local name of a stanza."""

    def __init__(self, name):
        self.name = name

    def match(self, stanza):
        return stanza.xml.tag.rsplit("}", 1)[-1] == self.name


def statuses(presence):
    """The MUC status codes of a presence."""
    user = "{http://jabber.org/protocol/muc#user}"
    return {status.get("code") for status in presence.xml.findall(f"{user}x/{user}status")}


def muc_item(presence):
    user = "{http://jabber.org/protocol/muc#user}"
    return presence.xml.find(f"{user}x/{user}item")


def error_condition(stanza):
    """The defined condition of an error stanza, or None."""
    for error in stanza.xml:
        if error.tag.rsplit("}", 1)[-1] == "error":
            for condition in error:
                if condition.tag.startswith("{urn:ietf:params:xml:ns:xmpp-stanzas}") and \
                        not condition.tag.endswith("}text"):
                    return condition.tag.rsplit("}", 1)[-1]
    return None
