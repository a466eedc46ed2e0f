# SPDX-License-Identifier: MIT
"""Matrix as clients in JavaScript see it: matrix-js-sdk (Element's), and Hydrogen in Chromium."""
import json
import os
import re
import struct
import zlib
from base64 import b64encode

from harness import matrix_js
from harness.process import require, wait_until
from harness.synapse import client_packages
from test_matrix import BOT, CAROL, alias, appservice_with, chat_with, ghost, heard_on_irc, with_account

PACKAGES = client_packages
# Where the picture of what Hydrogen shows is kept.
PICTURES = os.environ.get("SCENARIO_PICTURES", "")


def picture(width, height):
    """A PNG: a gradient."""
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in (255 * x // width, 255 * y // height, 160))
                    for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


async def js_person(world, synapse, name):
    person = matrix_js.JsPerson(synapse, name)
    world.started.append(person)
    await person.start()
    return person


async def scenario_matrix_js_sdk(world):
    """Registration, a portal, and messages of all kinds, both ways, with IRC on the other side."""
    matrix_js.folder_or_skip()
    synapse, ircd, _ = await world.irc_appservice()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await js_person(world, synapse, "alice")
    bot = (await alice.do("chat", who=BOT))["room"]
    await alice.event(bot, type="m.room.member", state_key=BOT, where=lambda event: event["content"]["membership"] == "join")
    await alice.do("say", room=bot, text="register alice")
    await alice.event(bot, lambda event: "registered" in str(event["content"].get("body")), "the answer", sender=BOT)
    mark = carol.mark()
    portal = (await alice.do("join", room=alias("#lobby")))["room"]
    await carol.expect(r"^:alice!\S+ JOIN :?#lobby$", mark)
    # What the network says.
    carol.send("PRIVMSG #lobby :hello \x02alice\x02")
    hello = await alice.message(portal, "hello alice", CAROL)
    require(re.search("<(b|strong)>alice", hello["content"]["formatted_body"]) and hello["name"] == "carol", f"it comes as {hello}")
    members = (await alice.do("members", room=portal))["members"]
    require({"carol", "alice"} <= {member["name"] for member in members}, f"in the room are {members}")
    # What she says: formatted, as an answer, corrected, reacted to, taken back.
    first = (await alice.do("say", room=portal, text="**hi**", html="<strong>hi</strong> carol"))["id"]
    await carol.expect("^:alice!\\S+ PRIVMSG #lobby :\x02hi[\x02\x0f] carol$", mark)
    await alice.do("say", room=portal, text="an answer", reply_to=hello["id"])
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*an answer$", mark)
    await alice.do("edit", room=portal, id=first, text="hi there")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*hi there$", mark)
    await alice.do("react", room=portal, id=hello["id"], key="👍")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*👍", mark)
    await alice.do("redact", room=portal, id=first)
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :\(takes back: ", mark)
    await alice.do("upload", room=portal, name="a.png", type="image/png", base64=b64encode(picture(8, 8)).decode())
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*a\.png", mark)
    # What she said is there once, by her; nothing came back.
    carol.send("PRIVMSG #lobby :the end")
    await alice.message(portal, "the end", CAROL)
    senders = {event["sender"] for event in alice.find(portal, type="m.room.message")}
    require(senders == {alice.id, CAROL}, f"somebody else spoke: {senders}")
    require(len(heard_on_irc(carol, mark)) == 7, f"IRC has heard {heard_on_irc(carol, mark)}")
    # A chat, begun by the network.
    carol.send("PRIVMSG alice :psst")
    await wait_until(lambda: [one for one in alice.memberships if one["membership"] == "invite"], "an invitation", 30)
    chat = [one["room"] for one in alice.memberships if one["membership"] == "invite"][-1]
    await alice.do("join", room=chat)
    await alice.message(chat, "psst", CAROL)
    await alice.do("say", room=chat, text="yes?")
    await carol.expect(r"^:alice!\S+ PRIVMSG alice :yes\?$|^:alice!\S+ PRIVMSG carol :yes\?$", mark)


async def scenario_hydrogen_shows_a_bridged_room(world):
    """A formatted message, a reply, an edit and a picture in a portal, as a browser shows them."""
    matrix_js.folder_or_skip()
    matrix_js.chromium_or_skip()
    synapse, _ = await appservice_with(world, "steps")
    alice, _ = await with_account(world, synapse, "alice")
    bob, _ = await with_account(world, synapse, "bob")
    control = await chat_with(alice, ghost("control"))

    async def network(*messages):
        await alice.say(control, json.dumps([["CONV_MESSAGE", {1: "USER", 2: "#hall", **fields}] for fields in messages]))
    portal = await alice.join(alias("#hall"))
    await alice.wait_state(portal, "m.room.name", lambda content: content["name"] == "The lobby")
    await bob.join(portal)
    await network({3: "bold news: tea at four", 4: "carol", 5: "<strong>bold</strong> news: <em>tea</em> at four", 1000: "n1"})
    news = await alice.message(portal, "tea at four", CAROL)
    await network({3: "whose tee?", 4: "dave", 1000: "n2", 1001: "n1", 1008: "bold news: tea at four", 1009: "carol"},
                  {3: "whose tea?", 4: "dave", 1000: "n3", 1003: "n2"})
    edit = await alice.message(portal, "whose tea", ghost("dave"))
    require(edit["content"]["m.relates_to"]["rel_type"] == "m.replace", f"the edit comes as {edit}")
    await alice.reply(portal, news["event_id"], "mine, of course")
    await bob.send_file(portal, picture(240, 120), "image/png", "the pot.png", "m.image", info={"w": 240, "h": 120})
    await alice.message(portal, "the pot", bob.id)
    screenshot = os.path.join(PICTURES or world.folder, "hydrogen.png")
    shown = await matrix_js.look(synapse, "alice", portal, ["news: tea at four", "whose tea?", "mine, of course"], 1, screenshot)
    bodies = "\n".join(shown["html"])
    require("<strong>bold</strong>" in bodies and "<em>tea</em>" in bodies, f"the formatting is not shown: {bodies}")
    # Hydrogen knows no edits: it shows what a message says for those.
    require("* whose tea?" in shown["text"], f"the edit is not shown: {shown['text']}")
    require("carol" in shown["text"] and "dave" in shown["text"], f"the names are not shown: {shown['text']}")
    require("<blockquote" in bodies or "In reply to" in shown["text"], f"the reply is not shown: {bodies}")
    require(os.path.getsize(screenshot) > 5000, "there is no picture of it")
