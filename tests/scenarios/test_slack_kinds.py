# SPDX-License-Identifier: MIT
"""
Every kind of message between Slack and each other side: IRC (ngircd), XMPP (Prosody) and Matrix (Synapse). One script goes
through KINDS in both directions; a side says by which means of its own it says them and sees them, and names those that it
has no means to say (CANNOT_SAY).
"""
import asyncio
import html
import os
import re
from types import SimpleNamespace
from urllib.parse import quote

from harness.http import http_ask
from harness.namespace import enter
from harness.process import free_port, require, wait_until
from harness.synapse import client_packages
from slixmpp.xmlstream import ET
from test_files import ADDRESS
from test_logs import each_way_is_whole
from test_matrix import fetch
from test_slack import Asker, tied, with_matrix

PACKAGES = client_packages  # where people on Matrix have their client from

# Of docs/slack.md, "What becomes of what".
KINDS = ("text", "everybody", "formatting", "mention", "channel", "link", "emoji", "custom emoji", "me", "edit", "deletion",
         "tombstone", "thread", "broadcast", "reaction", "reaction back", "file", "long")
LONG = [f"line {number:03} of a text that is quite long, as texts go, and goes on and on" for number in range(100)]
THUMB = "\U0001f44d\U0001f3fd"  # with the third skin tone of five


async def until(good, what):
    return await wait_until(good, what, 30)


class Side:
    """What a side has no means to say; the rest it does by its methods of these names."""
    CANNOT_SAY = frozenset()
    room = "general"

    def __init__(self, slack, egon, name):
        self.slack = slack
        self.egon = egon
        self.name = name  # of who speaks there

    # What came to Slack ----------------------------------------------------------------------------------------------

    def posts(self):
        return [message for message in self.slack.posted(self.room) if message.get("username") == self.name]

    async def post(self, good, what):
        return await until(lambda: next(filter(good, self.posts()), None), f"{what} in Slack, where {self.name} has said "
                           f"{[one['text'] for one in self.posts()]}")

    async def text(self, pattern):
        return await self.post(lambda one: re.search(pattern, one["text"], re.S), repr(pattern))

    async def check_file(self, name, content):
        post = await self.post(lambda one: one.get("files"), "a file")
        file = self.slack.team.files[post["files"][0]["id"]]
        require(file.content == content and file.name.replace("_", " ") == name, f"{file.name} of {len(file.content)} bytes")
        links = [one["text"] for one in self.posts() if one["text"].startswith(("http", "<http"))]
        require(not links, f"the file is shown as a link, too: {links}")

    def stands(self, ts):
        return next((one for one in self.slack.messages(self.room) if one["ts"] == ts), None)


async def to_slack(side):
    """What somebody of the side says, as Slack has it; the kinds that were seen."""
    slack, channel = side.slack, side.slack.team.channel(side.room)
    slack.team.emoji["bowtie"] = f"{slack.url}/emoji/bowtie.png"
    seen = set()

    def can(kind):
        if kind in side.CANNOT_SAY:
            return False
        seen.add(kind)
        return True
    if can("text"):
        await side.say("one & two <three> *four*")
        post = await side.text("^one &amp; two &lt;three&gt; ")
        require(post["subtype"] == "bot_message" and "user" not in post, f"{post}")
    if can("everybody"):
        await side.say("<!channel> <!here> @channel @everyone <@U0AAAAAAA>")
        await side.text("^&lt;!channel&gt; &lt;!here&gt; @channel @everyone &lt;@U0AAAAAAA&gt;$")
        require(not channel.pings, f"everybody is called by {channel.pings}")
    if can("formatting"):
        await side.say_formatted()
        await side.text(r"^a \*bold\* and an _italic_ word$")
    if can("mention"):
        await side.say("Egon: look here")
        await side.text(rf"^<@{side.egon.id}>: look here$")
    if can("channel"):
        # A remote name of a channel is text: it may be the network's.
        await side.say("in #general then")
        await side.text("^in #general then$")
    if can("link"):
        await side.say("see https://example.org/a?b=1&c=2 there")
        await side.text(r"^see <?https://example\.org/a\?b=1&amp;c=2(\|[^>]*)?>? there$")
    if can("emoji"):
        await side.say("well \U0001f389 done")
        await side.text("^well (\U0001f389|:tada:) done$")
    if can("custom emoji"):
        await side.say("with a :bowtie:")
        await side.text("^with a :bowtie:$")
    if can("me"):
        await side.me("waves to all")
        await side.text("waves to all_?$")
    if can("edit"):
        own = await side.say("at tow")
        ts = (await side.text("^at tow$"))["ts"]
        await side.edit(own, "at two")
        await until(lambda: side.stands(ts)["text"] == "at two", f"the edit of {side.stands(ts)}")
    if can("deletion"):
        own = await side.say("a slip")
        ts = (await side.text("^a slip$"))["ts"]
        await side.retract(own)
        await until(lambda: not side.stands(ts), "the message to be gone")
    if can("thread"):
        own = await side.say("the first")
        ts = (await side.text("^the first$"))["ts"]
        side.egon.say(side.room, "below it", thread=ts)
        await side.reply_in_thread(own, "and below")
        post = await side.text("^and below$")
        require(post["thread_ts"] == ts, f"{post}")
        if can("broadcast"):
            # A reply stays in its thread, as those of Slack do that are not sent to the channel.
            require(post["subtype"] == "bot_message" and "root" not in post, f"{post}")
    if can("tombstone"):
        await side.retract(own)
        await until(lambda: side.stands(ts).get("subtype") == "tombstone", f"a tombstone in place of {side.stands(ts)}")
    if can("reaction"):
        theirs = side.egon.say(side.room, "what of this?")
        await side.react(await side.sees("^what of this\\?$"), THUMB)
        await until(lambda: "+1::skin-tone-4" in [one["name"] for one in side.stands(theirs).get("reactions", [])],
                    f"the reaction to {side.stands(theirs)}")
        require([one["users"] for one in side.stands(theirs)["reactions"]] == [[slack.bot.bot_user.id]], f"{side.stands(theirs)}")
    if can("reaction back"):
        await side.unreact()
        await until(lambda: not side.stands(theirs).get("reactions"), "the reaction to be taken back")
    if can("file"):
        await side.check_file("a note.txt", await side.send_file("a note.txt"))
    if can("long"):
        lines = await side.say_long(LONG)
        await side.text(lines[-1])
        whole = "\n".join(one["text"] for one in side.posts())
        require([line for line in lines if line not in whole] == [], f"not all is there: {whole}")
    return seen


async def from_slack(side):
    """What somebody in Slack says, as the side sees it."""
    slack, egon, room = side.slack, side.egon, side.room
    general = slack.team.channel(room)
    seen = {"everybody"}  # is to Slack

    async def said(kind, text, pattern, **more):
        seen.add(kind)
        ts = egon.say(room, text, **more)
        return ts, await side.sees(pattern)
    await said("text", "one &amp; two &lt;three&gt;", "^one & two <three>$")
    await said("formatting", "a *bold* and an _italic_ word", "^a (bold|\\*bold\\*) and an (italic|[_*]italic[_*]) word$")
    await side.sees_formatted()
    await said("mention", f"<@{slack.team.user('dana').id}>: look here", "^@Dana: look here$")
    await said("channel", f"in <#{general.id}|{general.name}> then", "^in #general then$")
    await said("link", "see <https://example.org/a?b=1&amp;c=2|the page>",
               r"^see (the page|the page.*https://example\.org/a\?b=1&c=2.*)$")
    await said("emoji", "well :tada: done :+1::skin-tone-4:", f"^well \U0001f389 done {THUMB}$")
    _, ref = await said("custom emoji", "with a :bowtie: on", "^with a :bowtie: on$")
    await side.sees_picture(ref, ":bowtie:", slack.team.emoji["bowtie"])
    seen.add("me")
    egon.me(room, "waves to all of them")
    await side.sees_me("waves to all of them")

    ts, ref = await said("edit", "at eno", "^at eno$")
    egon.edit(room, ts, "at one")
    await side.sees_edit(ref, "at one")
    ts, ref = await said("deletion", "by mistake", "^by mistake$")
    egon.delete(room, ts)
    await side.sees_retract(ref, "by mistake")
    ts, ref = await said("thread", "a root", "^a root$")
    egon.say(room, "a leaf", thread=ts)
    await side.sees_in_thread(ref, "a leaf")
    seen.add("broadcast")
    egon.say(room, "a leaf for all", thread=ts, broadcast=True)
    await side.sees_in_thread(ref, "a leaf for all")
    seen.add("tombstone")
    egon.delete(room, ts)
    require(side.stands(ts)["subtype"] == "tombstone", f"{side.stands(ts)}")
    await side.sees_retract(ref, "a root")

    ts, ref = await said("reaction", "who agrees?", "^who agrees\\?$")
    egon.react(room, ts, "+1::skin-tone-4")
    await side.sees_reaction(ref, THUMB)
    egon.unreact(room, ts, "+1::skin-tone-4")
    seen.add("reaction back")
    await side.sees_no_reaction(ref)
    seen.add("file")
    content = os.urandom(5000)
    egon.upload(room, "noise.bin", content, "listen")
    fetched, _ = await asyncio.to_thread(fetch, *await side.sees_file("noise.bin"))
    require(fetched == content, f"{len(fetched)} bytes")
    await side.sees("listen")
    seen.add("long")
    egon.say(room, "\n".join(LONG))
    await side.sees_long(LONG)
    return seen


async def both_ways(side):
    seen = await to_slack(side)
    require(seen | side.CANNOT_SAY == set(KINDS), f"to Slack without {set(KINDS) ^ (seen | side.CANNOT_SAY)}")
    seen = await from_slack(side)
    require(seen == set(KINDS), f"from Slack without {set(KINDS) ^ seen}")
    # Nothing of all that came twice, and nothing of Slack's own came back.
    await side.say("the very end")
    await side.text("^the very end$")
    shown = [one["text"] for one in side.posts() if not one.get("files")]
    require(len(shown) == len(set(shown)), f"twice: {[text for text in shown if shown.count(text) > 1]}")
    foreign = [one for one in side.slack.posted(side.room) if one.get("username") not in (side.name, None)]
    require(not foreign, f"by somebody else: {foreign}")
    await each_way_is_whole(side.gateway)


# ----------------------------------------------------------------------------------------------------------------- IRC


class Irc(Side):
    """Whatever refers to another message is in words there; a line has no means for it."""
    CANNOT_SAY = frozenset(("edit", "deletion", "tombstone", "thread", "broadcast", "reaction", "reaction back", "file"))

    def __init__(self, lobby):
        super().__init__(lobby.slack, lobby.egon, "carol")
        self.gateway = lobby.gateway
        self.carol = lobby.carol

    async def say(self, text):
        self.carol.send(f"PRIVMSG #lobby :{text}")

    async def say_formatted(self):
        await self.say("a \x02bold\x02 and an \x1ditalic\x1d word")

    async def me(self, text):
        await self.say(f"\x01ACTION {text}\x01")

    async def say_long(self, lines):
        # A line there is at most 512 bytes, and who sends many is held back.
        lines = [" ".join(lines[index:index + 6]) for index in (0, 6, 12)]
        for line in lines:
            await self.say(line)
        return lines

    async def line(self, pattern):
        await self.carol.expect(rf"^:bridge!\S+ PRIVMSG #lobby :{pattern}")

    async def sees(self, pattern):
        plain = r"[\x02\x1d\x0f]*"
        await self.line("<Egon> " + pattern.removeprefix("^").replace("bold", f"{plain}bold{plain}")
                        .replace("italic", f"{plain}italic{plain}"))

    async def sees_formatted(self):
        await self.line("<Egon> a (\x02|\\*)bold.* and an (\x1d|[_*])italic.* word")

    async def sees_me(self, text):
        await self.line(rf"\* Egon {text}$")

    async def sees_edit(self, _, text):
        await self.line(rf"<Egon> \* {text}$")

    async def sees_retract(self, _, text):
        await self.line(rf"<Egon> \(takes back: {text}\)$")

    async def sees_in_thread(self, _, text):
        await self.line(f"<Egon> {text}$")

    async def sees_reaction(self, _, emoji):
        await self.line(f"<Egon> {emoji}$")

    async def sees_no_reaction(self, _):
        await self.line(rf"<Egon> \(takes back: {THUMB}\)$")

    async def sees_picture(self, ref, name, url):
        """Its name is all."""

    async def sees_file(self, name):
        return [(await self.carol.expect(rf"^:bridge!\S+ PRIVMSG #lobby :(?:<Egon> )?{name}: (http://\S+)"))[1]]

    async def sees_long(self, lines):
        await self.line(f".*{lines[-1]}$")
        heard = "\n".join(match[1] for match in self.carol.find_all(r"^:bridge!\S+ PRIVMSG #lobby :(.*)$"))
        words = re.sub(r"\s+|<Egon>", "", heard)
        require([line for line in lines if line.replace(" ", "") not in words] == [], f"not all is there: {heard}")


def media_keys(host="127.0.0.1"):
    port = free_port()
    return {"media.host": host, "media.port": port, "media.public_url": f"http://{host}:{port}"}


async def scenario_irc(world):
    lobby = await tied(world, people=("egon", "dana"), **media_keys())
    await both_ways(Irc(lobby))


def events_first(slack):
    """Events come before the answers to the calls that they are of, and those about files name the bot."""
    slack.faults.event_first = slack.file_events_name_bot = True


async def scenario_irc_events_first(world):
    lobby = await tied(world, people=("egon", "dana"), **media_keys())
    events_first(lobby.slack)
    await both_ways(Irc(lobby))


# ----------------------------------------------------------------------------------------------------------------- XMPP

OOB, SID, REACTIONS, RETRACT, CORRECT = "jabber:x:oob", "urn:xmpp:sid:0", "urn:xmpp:reactions:0", "urn:xmpp:message-retract:1", \
    "urn:xmpp:message-correct:0"


class Xmpp(Side):
    ROOM = "#lobby@irc.localhost"

    def __init__(self, slack, egon, bob, gateway):
        super().__init__(slack, egon, "bob")
        self.bob = bob
        self.gateway = gateway

    async def _said(self, text, *elements):
        """The id by which others refer to it: the room's."""
        mark = self.bob.mark()
        own = self.bob.say_xml(self.ROOM, text, *elements, kind="groupchat")
        back = await self.bob.message(f"{self.ROOM}/bob", kind="groupchat", after=mark, where=lambda m: m["id"] == own)
        return own, stanza_id(back)

    async def say(self, text):
        return await self._said(text)

    async def say_long(self, lines):
        await self.say("\n".join(lines))
        return lines

    async def say_formatted(self):
        xhtml, body = "{http://jabber.org/protocol/xhtml-im}html", "{http://www.w3.org/1999/xhtml}body"
        inner = "{http://www.w3.org/1999/xhtml}"
        message = self.bob.make_message(mto=self.ROOM, mbody="a bold and an italic word", mtype="groupchat")
        markup = ET.SubElement(ET.SubElement(message.xml, xhtml), body)
        markup.text = "a "
        for name, text, tail in (("strong", "bold", " and an "), ("em", "italic", " word")):
            element = ET.SubElement(markup, f"{inner}{name}")
            element.text, element.tail = text, tail
        message.send()

    async def me(self, text):
        await self.say(f"/me {text}")

    async def edit(self, own, text):
        await self._said(text, (f"{{{CORRECT}}}replace", {"id": own[0]}, ""))

    async def retract(self, own):
        self.bob.say_xml(self.ROOM, None, (f"{{{RETRACT}}}retract", {"id": own[1]}, ""), kind="groupchat")

    async def reply_in_thread(self, own, text):
        await self._said(text, ("{jabber:client}thread", {}, own[1]))

    async def react(self, ref, emoji):
        self.reacted = ref
        self.bob.say_xml(self.ROOM, None, (f"{{{REACTIONS}}}reactions", {"id": stanza_id(ref)},
                                           [(f"{{{REACTIONS}}}reaction", {}, emoji)]), kind="groupchat")

    async def unreact(self):
        self.bob.say_xml(self.ROOM, None, (f"{{{REACTIONS}}}reactions", {"id": stanza_id(self.reacted)}, ""), kind="groupchat")

    async def send_file(self, name):
        content = self.stranger.files["/" + name.replace(" ", "_")] = os.urandom(20000)
        self.bob.send_file(self.ROOM, self.stranger.url("/" + name.replace(" ", "_")), "groupchat")
        return content

    async def message(self, pattern=None, where=None):
        return await self.bob.message(f"{self.ROOM}/bridge", pattern, "groupchat", where=where)

    async def sees(self, pattern):
        return await self.message(f"^<Egon> {pattern.removeprefix('^')}" if pattern.startswith("^") else pattern)

    async def sees_formatted(self):
        message = await self.message("a .*bold.* and an .*italic")
        markup = message.xml.find("{http://jabber.org/protocol/xhtml-im}html")
        require(markup is not None and b"bold" in ET.tostring(markup), f"{message}")

    async def sees_picture(self, ref, name, url):
        html = ET.tostring(ref.xml.find("{http://jabber.org/protocol/xhtml-im}html")).decode()
        require(url in html and name in html, html)

    async def sees_me(self, text):
        await self.message(rf"^(/me|\*) Egon {text}$")

    async def sees_edit(self, ref, text):
        edit = await self.message(f"^<Egon> {text}$", lambda m: m.xml.find(f"{{{CORRECT}}}replace") is not None)
        require(edit.xml.find(f"{{{CORRECT}}}replace").get("id") == ref["id"], f"{edit}")

    async def sees_retract(self, ref, _):
        await self.message(where=lambda m: any(element.get("id") == stanza_id(ref)
                                               for element in m.xml.iter(f"{{{RETRACT}}}retract")))

    async def sees_in_thread(self, ref, text):
        message = await self.message(f"^(<Egon> |> ).*{text}$")
        thread, reply = message.xml.find("{jabber:client}thread"), message.xml.find("{urn:xmpp:reply:0}reply")
        require(thread is not None or reply is not None and reply.get("id") == stanza_id(ref), f"{message}")

    async def sees_reaction(self, ref, emoji):
        await self.message(where=lambda m: reactions(m, ref) == [emoji])

    async def sees_no_reaction(self, ref):
        await self.message(where=lambda m: reactions(m, ref) == [])

    async def sees_file(self, name):
        message = await self.message(rf"^http://\S+/{name}\S+$")
        url = message.xml.find(f"{{{OOB}}}x/{{{OOB}}}url")
        require(url is not None and url.text == message["body"], f"clients are not told that it is a file: {message}")
        return [url.text]

    async def sees_long(self, lines):
        message = await self.message(f"{lines[-1]}$")
        require([line for line in lines if line not in message["body"]] == [], f"not all is there: {message['body']}")


def stanza_id(message):
    found = message.xml.find(f"{{{SID}}}stanza-id")
    return found.get("id") if found is not None else message["id"]


def reactions(message, ref):
    found = message.xml.find(f"{{{REACTIONS}}}reactions")
    if found is None or found.get("id") != stanza_id(ref):
        return None
    return [one.text for one in found]


async def scenario_xmpp(world):
    """Somebody on XMPP, in a network that has words for everything."""
    await xmpp(world)


async def scenario_xmpp_events_first(world):
    await xmpp(world, events_first)


async def xmpp(world, prepare=lambda slack: None):
    from harness.http import FileServer
    enter(ADDRESS)
    slack = await world.slack()
    egon = slack.person("egon", display_name="Egon")
    slack.person("dana", display_name="Dana")
    slack.channel("general", "egon", ["dana"])
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.keys["service.frontend"] = "xmpp"
    gateway.slack_of(slack)
    gateway.keys.update({"registration.auto_register": "1", "slack.admin": f"{slack.team.id}/{egon.id}",
                         **media_keys(ADDRESS)})
    await world.network(gateway)
    await gateway.start()
    await gateway.process.wait_log("connected to 127.0.0.1")
    await slack.wait_connected()
    asker = Asker(slack, egon)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    prepare(slack)
    bob = await world.person("bob@localhost", prosody.c2s_port)
    bob.join(Xmpp.ROOM, "bob")
    await bob.joined(Xmpp.ROOM, "bob")
    await bob.presence(f"{Xmpp.ROOM}/bridge", "available")
    side = Xmpp(slack, egon, bob, gateway)
    side.stranger = FileServer(ADDRESS)
    world.started.append(side.stranger)
    await side.stranger.start()
    await both_ways(side)


# --------------------------------------------------------------------------------------------------------------- Matrix


class Matrix(Side):

    def __init__(self, hall):
        super().__init__(hall.slack, hall.egon, "alice")
        self.gateway = hall.gateway
        self.alice = hall.alice
        self.portal = hall.portal

    async def say(self, text):
        return await self.alice.say(self.portal, text)

    async def say_long(self, lines):
        await self.say("\n".join(lines))
        return lines

    async def say_formatted(self):
        await self.alice.say(self.portal, "a bold and an italic word", "a <strong>bold</strong> and an <em>italic</em> word")

    async def me(self, text):
        await self.alice.say(self.portal, text, kind="m.emote")

    async def edit(self, own, text):
        await self.alice.edit(self.portal, own, text)

    async def retract(self, own):
        await self.alice.redact(self.portal, own)

    async def reply_in_thread(self, own, text):
        await self.alice.reply_in_thread(self.portal, own, text)

    async def react(self, ref, emoji):
        self.reacted = await self.alice.react(self.portal, ref["event_id"], emoji)

    async def unreact(self):
        await self.alice.redact(self.portal, self.reacted)

    async def send_file(self, name):
        content = os.urandom(20000)
        await self.alice.send_file(self.portal, content, "application/octet-stream", name)
        return content

    async def sees(self, pattern):
        return await self.alice.message(self.portal, pattern, self.ghost)

    async def sees_formatted(self):
        message = await self.sees("^a .*bold.* and an .*italic")
        require(re.search("<(b|strong)>bold</", message["content"]["formatted_body"]), f"{message}")

    async def sees_picture(self, ref, name, url):
        html = ref["content"]["formatted_body"]
        require(url in html and name in html, html)

    async def sees_me(self, text):
        message = await self.sees(text)
        require(message["content"]["msgtype"] == "m.emote", f"{message}")
        # The emoji before it was among words: it is no picture behind them.
        found = self.alice.find(self.portal, "m.room.message", self.ghost, lambda event: event["content"]["msgtype"] == "m.image" or
                                event["content"]["body"].startswith("http"))
        require(not found, f"{found}")

    async def sees_edit(self, ref, text):
        await self.alice.event(self.portal, "m.room.message", where=lambda e: e["content"].get("m.new_content", {}).get("body")
                               == text and e["content"]["m.relates_to"]["event_id"] == ref["event_id"])

    async def sees_retract(self, ref, _):
        await self.alice.event(self.portal, "m.room.redaction",
                               where=lambda e: ref["event_id"] in (e.get("redacts"), e["content"].get("redacts")))

    async def sees_in_thread(self, ref, text):
        message = await self.sees(f"{text}$")
        relation = message["content"]["m.relates_to"]
        require(relation["rel_type"] == "m.thread" and relation["event_id"] == ref["event_id"], f"{message}")

    async def sees_reaction(self, ref, emoji):
        await self.alice.event(
            self.portal, "m.reaction", where=lambda e: e["content"].get("m.relates_to", {}).get("event_id") == ref["event_id"]
            and e["content"]["m.relates_to"]["key"] == emoji)

    async def sees_no_reaction(self, ref):
        put = [event["event_id"] for event in self.alice.find(self.portal, "m.reaction")
               if event["content"].get("m.relates_to", {}).get("event_id") == ref["event_id"]]
        await self.alice.event(self.portal, "m.room.redaction",
                               where=lambda e: {e.get("redacts"), e["content"].get("redacts")} & set(put))

    async def sees_file(self, name):
        content = (await self.sees(name))["content"]
        require(content["msgtype"] == "m.file", f"{content}")
        server, media = re.fullmatch(r"mxc://([^/]+)/(\S+)", content["url"]).groups()
        require(not self.alice.messages(self.portal, f"{name}: http", self.ghost), "the link is shown beside the file")
        return f"{self.alice.client.homeserver}/_matrix/client/v1/media/download/{server}/{media}", self.alice.client.access_token

    async def sees_long(self, lines):
        message = await self.sees(f"{lines[-1]}$")
        require([line for line in lines if line not in message["content"]["body"]] == [], f"not all is there: {message}")


async def scenario_matrix(world):
    hall = await with_matrix(world, **media_keys())
    hall.slack.person("dana", display_name="Dana").join("general")
    side = Matrix(hall)
    hall.egon.say("general", "who I am")
    side.ghost = (await hall.alice.message(hall.portal, "^who I am$"))["sender"]
    require(side.ghost.startswith("@_irc_slack"), f"the author is {side.ghost}")
    await both_ways(side)


# ---------------------------------------------------------------------------------------------------------------- faces


async def between(world, **keys):
    """#general, which egon has made, tied to #lobby of the network; bridge is the account that speaks for people."""
    slack = await world.slack()
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    gateway = world.gateway()
    gateway.slack_of(slack)
    gateway.keys.update({"slack.admin": f"{slack.team.id}/{egon.id}", **keys})
    network = await world.network(gateway)
    await gateway.start()
    await slack.wait_connected()
    asker = Asker(slack, egon)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    await network.joined("#lobby")
    return SimpleNamespace(slack=slack, egon=egon, gateway=gateway, network=network, asker=asker)


async def scenario_faces(world):
    """Whoever speaks has a name and a picture of his own, which Slack can fetch without a token; another one once he changed it."""
    lobby = await between(world, **media_keys())
    slack, gateway, network = lobby.slack, lobby.gateway, lobby.network

    def face_of(message):
        return message.get("icons", {}).get("image_72")

    async def said(nickname, number):
        network.say("#lobby", nickname, f"{nickname} {number}")
        return await slack.wait_for_text("general", f"{nickname} {number}", nickname)

    async def face(nickname, content, since):
        """Posts until one has a picture, as the first goes before it is there; the picture is looked at."""
        for number in range(since, since + 20):
            url = face_of(await said(nickname, number))
            if url:
                status, head, found = await http_ask("GET", url)
                if status == 200 and found == content:
                    require("image/png" in head and url.startswith(gateway.keys["media.public_url"]), f"{url} {head}")
                    return url
        raise AssertionError(f"{nickname} is never seen with this picture")
    from testslack.server import picture
    carols, bobs, newer = (picture(about) for about in ("carol", "bob", "carol again"))
    require(face_of(await said("carol", 0)) is None, "a picture that nobody has given")
    network.picture("carol", carols)
    network.picture("bob", bobs)
    first = await face("carol", carols, 1)
    other = await face("bob", bobs, 1)
    network.picture("carol", newer)
    second = await face("carol", newer, 30)
    require(len({first, other, second}) == 3, f"{first} {other} {second}")
    # A correction goes on under the name and the picture that the message had.
    own = network.say("#lobby", "carol", "at tow")
    ts = (await slack.wait_for_text("general", "at tow", "carol"))["ts"]
    network.say("#lobby", "carol", "at two", replaces=own)
    message = await slack.wait_for_text("general", "at two", "carol")
    require(message["ts"] == ts and face_of(message) == second, f"{message}")


async def scenario_faces_in_matrix(world):
    """Somebody of Slack is in Matrix under his name, and with his picture; with another one once he has changed it."""
    from harness.http import FileServer
    from testslack.server import picture
    enter(ADDRESS)
    hall = await with_matrix(world, **media_keys())
    pictures = FileServer(ADDRESS)
    world.started.append(pictures)
    await pictures.start()
    hall.slack.avatars_url = pictures.url("")

    async def shows(name):
        content = picture(name)
        pictures.files |= {f"/avatars/{name}_{size}.png": content for size in (24, 32, 48, 72, 192, 512)}
        hall.slack.change_user(hall.slack.team, hall.egon.user, avatar=name)
        ghost = None
        for number in range(20):
            hall.egon.say("general", f"{name} {number}")
            ghost = (await hall.alice.message(hall.portal, f"^{name} {number}$"))["sender"]
            profile = await hall.alice.call("GET", f"/_matrix/client/v3/profile/{quote(ghost, safe='')}")
            if profile.get("avatar_url"):
                server, media = re.fullmatch(r"mxc://([^/]+)/(\S+)", profile["avatar_url"]).groups()
                url = f"{hall.alice.client.homeserver}/_matrix/client/v1/media/download/{server}/{media}"
                found, _ = await asyncio.to_thread(fetch, url, hall.alice.client.access_token)
                if found == content:
                    require(profile["displayname"] == "Egon", f"{profile}")
                    return ghost
        raise AssertionError(f"the picture {name} is never seen")
    ghost = await shows("first")
    require(await shows("second") == ghost, "another person with another picture")
