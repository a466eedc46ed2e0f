# SPDX-License-Identifier: MIT
"""Matrix as clients in JavaScript see it: matrix-js-sdk (Element's), and Hydrogen in Chromium."""
import asyncio
import os
import re
from base64 import b64encode

from harness import matrix_js
from harness.process import free_port, require, wait_until
from harness.synapse import client_packages
from test_matrix import BOT, CAROL, alias, chat_with, fetch, ghost, heard_on_irc, with_account
from test_matrix_attachments import network, picture, with_files

PACKAGES = client_packages
# Where the picture of what Hydrogen shows is kept.
PICTURES = os.environ.get("SCENARIO_PICTURES", "")


async def js_person(world, synapse, name):
    person = matrix_js.JsPerson(synapse, name)
    world.started.append(person)
    await person.start()
    return person


async def scenario_matrix_js_sdk(world):
    """Registration, a portal, and messages of all kinds, both ways, with IRC on the other side."""
    matrix_js.folder_or_skip()
    port = free_port()
    synapse, ircd, _ = await world.irc_appservice(**{"media.port": port, "media.public_url": f"http://127.0.0.1:{port}"})
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
    url = (await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :.*?(http://\S+/a\.png\S*)", mark))[1]
    require((await asyncio.to_thread(fetch, url))[0] == picture(8, 8), f"{url} is another picture")
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
    """A formatted message, a reply, an edit and a picture that people of the network have sent, as a browser shows them in the
    portal, beside an answer from here."""
    matrix_js.folder_or_skip()
    matrix_js.chromium_or_skip()
    synapse, stranger, _ = await with_files(world)
    stranger.files["/the%20pot.png"] = picture(240, 120)
    alice, _ = await with_account(world, synapse, "alice")
    control = await chat_with(alice, ghost("control"))
    portal = await alice.join(alias("#hall"))
    await alice.wait_state(portal, "m.room.name", lambda content: content["name"] == "The lobby")
    news = "bold news: tea at four"
    await network(alice, control, {3: news, 4: "carol", 5: "<strong>bold</strong> news: <em>tea</em> at four", 1000: "n1"})
    await alice.message(portal, "tea at four", CAROL)
    await network(alice, control,
                  {3: "mine, of course", 4: "dave", 1000: "n2", 1001: "n1", 1008: news, 1009: "carol"},
                  {3: "whose tee?", 4: "bob", 1000: "n3"}, {3: "whose tea?", 4: "bob", 1000: "n4", 1003: "n3"},
                  {3: "", 4: "carol", 1000: "n5", 11: [{1: stranger.url("/the%20pot.png"), 2: "image/png"}]})
    await alice.message(portal, "^the pot.png$", CAROL)
    await alice.say(portal, "I am coming")
    await alice.message(portal, "^I am coming$")
    screenshot = os.path.join(PICTURES or world.folder, "hydrogen.png")
    shown = await matrix_js.look(synapse, "alice", portal, ["news: tea at four", "whose tea?", "mine, of course", "I am coming"], 1,
                                 screenshot)

    def of(sender, text):
        found = [one for one in shown if one["sender"] == sender and one["text"] == text]
        require(len(found) == 1, f"{text!r} of {sender} is shown {len(found)} times: {shown}")
        return found[0]
    require(of("carol", news)["html"].endswith("<strong>bold</strong> news: <em>tea</em> at four"), f"the formatting: {shown}")
    reply = of("dave", "mine, of course")
    require("carol" in reply["quoted"] and news in reply["quoted"], f"the reply quotes {reply}")
    # Hydrogen knows no edits: it shows what a message says for those, under the same sender.
    require([one["text"] for one in shown if "whose te" in one["text"]] == ["whose tee?", "* whose tea?"],
            f"the edit is not shown: {shown}")
    of("bob", "whose tee?")
    pictures = [one for one in shown if one["pictures"]]
    require([one["sender"] for one in pictures] == ["carol"], f"pictures are shown by {pictures}")
    width, height = pictures[0]["pictures"][0]
    require(abs(width - 2 * height) <= 2 < height, f"the picture is {width} x {height}")
    of("alice", "I am coming")
    require(os.path.getsize(screenshot) > 5000, "there is no picture of it")
