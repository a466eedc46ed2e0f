# SPDX-License-Identifier: MIT
"""The extension of the backend protocol, with a backend in Python and clients of its own: logins in several steps above all."""
import asyncio
import base64
import hashlib
import os
import sqlite3

from harness.person import statuses
from harness.process import Failure, require, wait_answer, wait_until
from slixmpp.plugins.xep_0004 import Form
from slixmpp.xmlstream import ET
from test_backends import BACKENDS, CONNECTED, GATEWAY, PYTHON, child, do, witness
from test_xmpp import DATA, ask

CODE = "314159"
BOB = f"bob@{GATEWAY}"
ROOM = f"#lobby@{GATEWAY}"
BOB_NS, OOB, XHTML = "urn:xmpp:bob", "jabber:x:oob", "http://www.w3.org/1999/xhtml"


def scan_folder(gateway):
    folder = os.path.join(gateway.folder, "scans")
    os.makedirs(folder, exist_ok=True)
    return folder


def scan(gateway):
    with open(os.path.join(scan_folder(gateway), "scanned"), "w"):
        pass


async def component(world, **keys):
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/steps.py --folder {scan_folder(gateway)}"
    gateway.keys.update(keys)
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    return prosody, gateway


async def person(world, prosody, username, name="alice"):
    """Registered under this name of the network, and online."""
    someone = await world.person(f"{name}@localhost", prosody.c2s_port)
    await someone.register(GATEWAY, username)
    return someone


# a room


async def scenario_a_room_is_configured(world):
    """Where the network has names and pictures of rooms; what it refuses is told."""
    prosody, _ = await component(world)
    alice = await person(world, prosody, "others")
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")

    def form(title):
        return ("<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>"
                f"<field var='muc#roomconfig_roomname'><value>{title}</value></field></x></query>")

    async def name():
        answer = await ask(alice, ROOM, "<query xmlns='http://jabber.org/protocol/muc#owner'/>")
        return answer.find(f"{DATA}x/{DATA}field[@var='muc#roomconfig_roomname']/{DATA}value").text
    await wait_answer(name, lambda text: text == "The lobby", "the name")
    mark = alice.mark()
    require(not isinstance(await ask(alice, ROOM, form("Our hall"), "set"), str), "the name is refused")
    await alice.message(ROOM, kind="groupchat", after=mark, where=lambda m: "104" in statuses(m))
    await wait_answer(name, lambda text: text == "Our hall", "the new name")
    require(await ask(alice, ROOM, form("forbidden"), "set") == "not-allowed", "it is called what it may not be called")
    picture = "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw==</BINVAL></PHOTO></vCard>"
    mark = alice.mark()
    require(not isinstance(await ask(alice, ROOM, picture, "set"), str), "the picture is refused")
    await alice.presence(ROOM, "available", mark, where=lambda p: hashlib.sha1(b"\x89PNG").hexdigest() in str(p))
    require(await ask(alice, ROOM, "<vCard xmlns='vcard-temp'/>", "set") == "not-allowed", "the picture is taken away")


# in the chat with the gateway ---------------------------------------------------------------------------------------------


async def scenario_a_dialogue_in_a_chat(world):
    prosody, gateway = await component(world)
    alice = await person(world, prosody, "code1")
    await alice.message(GATEWAY, "^The code, please\\.\nWrite the answer here", "chat")
    alice.say(GATEWAY, "271828")
    await alice.message(GATEWAY, "^Wrong code number 1\\.")
    mark = alice.mark()
    alice.say(GATEWAY, f" {CODE} ")
    await alice.presence(GATEWAY, "available", mark)
    await alice.message(f"keeper@{GATEWAY}", "^logins: 1$")
    # What it keeps is there the next time, and on no disk as it is; nor is the answer anywhere.
    await gateway.stop()
    mark = alice.mark()
    await gateway.start()
    # She is still there, as her server says when it is asked.
    await alice.message(GATEWAY, "^The code, please", after=mark)
    alice.say(GATEWAY, CODE)
    await alice.message(f"keeper@{GATEWAY}", "^logins: 2$", after=mark)
    for folder, _, files in os.walk(gateway.folder):
        for name in files:
            if not os.path.isfile(os.path.join(folder, name)):
                continue
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            require(CODE.encode() not in content and b"271828" not in content, f"an answer is in {name}")


async def scenario_wrong_to_the_end_and_given_up(world):
    prosody, _ = await component(world)
    alice = await person(world, prosody, "code1")
    for question in ("The code, please", "Wrong code number 1", "Wrong code number 2"):
        await alice.message(GATEWAY, f"^{question}")
        alice.say(GATEWAY, "0")
    await alice.message(GATEWAY, "^Three wrong codes\\.$", where=lambda m: child(m, "http://spectrum.im/error",
                                                                                  "spectrumerror") is not None)
    # A late answer is nobody's; then anew, and given up.
    mark = alice.mark()
    alice.say(GATEWAY, CODE)
    await alice.message(GATEWAY, "not asked any more", after=mark)
    alice.say(GATEWAY, "login")
    await alice.message(GATEWAY, "^The code, please", after=mark)
    alice.say(GATEWAY, "cancel")
    await alice.message(GATEWAY, "^You have given up the login", after=mark)
    await alice.message(GATEWAY, "^The login is given up", after=mark)
    # A change of one's presence does not begin it anew; the next command does.
    mark = alice.mark()
    alice.send_presence(pshow="away")
    alice.say(GATEWAY, "status")
    await alice.message(GATEWAY, "^code1: logged out", after=mark)
    require(not any("The code" in (m["body"] or "") for m in alice.messages[mark[0]:]), "it was asked again")
    alice.say(GATEWAY, "login")
    await alice.message(GATEWAY, "^The code, please", after=mark)
    alice.say(GATEWAY, CODE)
    await alice.presence(GATEWAY, "available", mark)


async def scenario_too_late(world):
    prosody, _ = await component(world)
    alice = await person(world, prosody, "slow1")
    await alice.message(GATEWAY, "^The code, at once")
    await alice.message(GATEWAY, "^The login was not completed in time", timeout=30)


async def scenario_the_backend_dies_in_the_middle(world):
    prosody, gateway = await component(world)
    alice = await person(world, prosody, "code1")
    await alice.message(GATEWAY, "^The code, please")
    mark = alice.mark()
    alice.say(GATEWAY, "die")
    await gateway.process.wait_log("exited with status 3")
    await alice.message(GATEWAY, "^The code, please", after=mark)
    alice.say(GATEWAY, CODE)
    await alice.presence(GATEWAY, "available", mark)


async def scenario_two_clients_and_a_stranger(world):
    prosody, _ = await component(world)
    alice = await person(world, prosody, "code1")
    await alice.message(GATEWAY, "^The code, please")
    second = await world.person("alice@localhost/second", prosody.c2s_port)
    await second.message(GATEWAY, "^The code, please")
    bob = await world.person("bob@localhost", prosody.c2s_port)
    for line in (CODE, "answer " + CODE, "cancel"):
        bob.say(GATEWAY, line)
    await bob.message(GATEWAY, "^I do not understand that")
    await wait_until(lambda: sum("You are not logged in" in (m["body"] or "") for m in bob.messages) == 2, "two refusals")
    mark = alice.mark()
    second.say(GATEWAY, CODE)
    await alice.presence(GATEWAY, "available", mark)
    await second.presence(GATEWAY, "available")


async def scenario_a_code_to_scan_and_a_link(world):
    prosody, gateway = await component(world)
    alice = await person(world, prosody, "qr1")
    message = await alice.message(GATEWAY, "^Scan this\\.\nsgnl://link\\?key=abc\n```\n")
    data = child(message, BOB_NS, "data")
    picture = base64.b64decode(data.text)
    cid = f"sha1+{hashlib.sha1(picture).hexdigest()}@bob.xmpp.org"
    require(picture.startswith(b"\x89PNG\r\n\x1a\n") and data.get("cid") == cid, f"{picture[:20]!r} as {data.get('cid')}")
    image = message.xml.find(f".//{{{XHTML}}}img")
    require(image is not None and image.get("src") == f"cid:{cid}", "the picture is not in the XHTML")
    iq = alice.make_iq_get(ito=GATEWAY)
    ET.SubElement(iq.xml, f"{{{BOB_NS}}}data").set("cid", cid)
    answer = await iq.send(timeout=20)
    require(base64.b64decode(answer.xml.find(f"{{{BOB_NS}}}data").text) == picture, "asked for it, it is another")
    mark = alice.mark()
    scan(gateway)
    await alice.presence(GATEWAY, "available", mark)
    os.unlink(os.path.join(scan_folder(gateway), "scanned"))
    mark = alice.mark()
    await alice.register(GATEWAY, "link1")
    message = await alice.message(GATEWAY, "^Go there\\.\nhttps://example.org/", after=mark)
    url = message.xml.find(f"{{{OOB}}}x/{{{OOB}}}url")
    require(url.text == "https://example.org/device?code=ABCD&x=1", f"the link is {url.text}")
    mark = alice.mark()
    scan(gateway)
    await alice.presence(GATEWAY, "available", mark)


# as an ad-hoc command -----------------------------------------------------------------------------------------------------


async def command(client, action="execute", session=None, form=None, timeout=40):
    iq = client.make_iq_set(ito=GATEWAY)
    iq["command"]["node"] = "login"
    iq["command"]["action"] = action
    if session:
        iq["command"]["sessionid"] = session
    if form is not None:
        iq["command"].append(form)
    answer = await iq.send(timeout=timeout)
    return answer["command"]


def filled(command_, **values):
    """The form that came, as it is sent back."""
    reply = Form()
    reply["type"] = "submit"
    for name, field in command_["form"].get_fields().items():
        if field["type"] != "fixed":
            reply.add_field(var=name, value=values.get(name, field["value"]))
    return reply


def note(command_):
    return " ".join(text for _, text in command_["notes"])


async def scenario_an_ad_hoc_dialogue(world):
    prosody, _ = await component(world)
    alice = await person(world, prosody, "choice1")
    await alice.message(GATEWAY, r"^How\?")
    items = await alice.plugin["xep_0050"].get_commands(GATEWAY)
    require("login" in {item[1] for item in items["disco_items"]["items"]}, "there is no command to log in")
    step = await command(alice)
    require(step["status"] == "executing" and step["actions"] == {"next"}, f"{step}")
    field = step["form"].get_fields()["answer"]
    require(field["type"] == "list-single" and step["form"]["instructions"] == "How?", f"{step}")
    session = step["sessionid"]
    step = await command(alice, "next", session, filled(step, answer="by bird"))
    require(step["status"] == "executing" and "none of the choices" in note(step), f"{step}")
    step = await command(alice, "next", session, filled(step, answer="by phone"))
    require(step["form"]["instructions"] == "The secret, by phone.", f"{step}")
    require(step["form"].get_fields()["answer"]["type"] == "text-private", f"{step}")
    step = await command(alice, "next", session, filled(step, answer="guess"))
    require(step["form"]["instructions"] == "That is not it.", f"{step}")
    step = await command(alice, "next", session, filled(step, answer="open sesame"))
    require(step["status"] == "completed" and note(step) == "You are logged in.", f"{step}")
    await alice.presence(GATEWAY, "available")
    # Who is in is told so.
    step = await command(alice)
    require(step["status"] == "completed" and note(step) == "You are logged in.", f"{step}")


async def scenario_an_ad_hoc_dialogue_that_waits(world):
    prosody, gateway = await component(world)
    alice = await person(world, prosody, "qr1")
    await alice.message(GATEWAY, "^Scan this")
    step = await command(alice)
    media = step["form"].xml.find(".//{urn:xmpp:media-element}uri")
    require(media is not None and media.text.startswith("cid:sha1+"), f"{step}")
    # Nothing to answer, so the next page comes when the code was scanned.
    waiting = asyncio.create_task(command(alice, "next", step["sessionid"], filled(step)))
    await asyncio.sleep(0)
    scan(gateway)
    step = await waiting
    require(step["status"] == "completed" and note(step) == "You are logged in.", f"{step}")


async def scenario_an_ad_hoc_dialogue_given_up(world):
    prosody, _ = await component(world)
    alice = await person(world, prosody, "code1")
    await alice.message(GATEWAY, "^The code, please")
    step = await command(alice)
    mark = alice.mark()
    step = await command(alice, "cancel", step["sessionid"])
    require(step["status"] == "canceled", f"{step}")
    await alice.message(GATEWAY, "^You have given up the login", after=mark)
    # The command begins it anew, and shows where it is.
    step = await command(alice)
    require(step["form"]["instructions"] == "The code, please.", f"{step}")
    step = await command(alice, "next", step["sessionid"], filled(step, answer=CODE))
    require(step["status"] == "completed", f"{step}")


# where the gateway is the server --------------------------------------------------------------------------------------------


async def scenario_after_a_login_with_a_password(world):
    gateway = world.gateway(jid="localhost")
    gateway.server()
    gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/steps.py --folder {scan_folder(gateway)}"
    await gateway.start()
    alice = await world.person("code1@localhost", gateway.port)
    await alice.message("localhost", "^The code, please")
    alice.say("localhost", CODE)
    await alice.message("keeper@localhost", "^logins: 1$")
    # The password of that login counts from now on.
    thief = None
    try:
        thief = await world.person("code1@localhost", gateway.port, password="guess")
    except Failure as failure:
        require("authentication failed" in str(failure), f"{failure}")
    require(thief is None, "another password is let in")
    # Nothing is left of somebody who gives up.
    bob = await world.person("code2@localhost", gateway.port)
    await bob.message("localhost", "^The code, please")
    bob.say("localhost", "cancel")
    await bob.message("localhost", "^You have given up the login")
    await wait_until(lambda: not bob.online.is_set(), "the stream to be closed")
    again = await world.person("code2@localhost", gateway.port, password="another")
    await again.message("localhost", "^The code, please")
    again.say("localhost", CODE)
    await again.message("keeper@localhost", "^logins: 1$")


# messages and rooms ---------------------------------------------------------------------------------------------------------


def send(client, to, kind, body=None, *elements, id=None):
    message = client.make_message(mto=to, mbody=body, mtype=kind)
    if id:
        message["id"] = id
    for tag, attributes, children in elements:
        element = ET.SubElement(message.xml, tag)
        for name, value in attributes.items():
            element.set(name, value)
        for child_tag, child_attributes, text in children:
            inner = ET.SubElement(element, child_tag)
            inner.text = text
            for name, value in child_attributes.items():
                inner.set(name, value)
    message.send()
    return message["id"]


async def scenario_messages_about_messages(world):
    prosody, _ = await component(world)
    alice = await person(world, prosody, "al")
    await alice.message(f"keeper@{GATEWAY}", "^logins: 1$")
    first = send(alice, BOB, "chat", "helo")
    got = await witness(alice, "CONV_MESSAGE", lambda f: f["3"] == ["helo"])
    require(got["1000"] == [first], f"the message goes as {got}")
    send(alice, BOB, "chat", "hello", ("{urn:xmpp:message-correct:0}replace", {"id": first}, ()))
    got = await witness(alice, "CONV_MESSAGE", lambda f: f["3"] == ["hello"])
    require(got["1003"] == [first], f"the correction goes as {got}")
    send(alice, BOB, "chat", None, ("{urn:xmpp:message-retract:1}retract", {"id": first}, ()))
    await witness(alice, "CONV_MESSAGE", lambda f: f.get("1004") == [first])
    reaction = "{urn:xmpp:reactions:0}reaction"
    send(alice, BOB, "chat", None, ("{urn:xmpp:reactions:0}reactions", {"id": "n1"}, ((reaction, {}, "\U0001f44b"),)))
    got = await witness(alice, "CONV_MESSAGE", lambda f: f.get("1005") == ["n1"])
    require(got["1006"] == ["\U0001f44b"], f"the reaction goes as {got}")
    send(alice, BOB, "chat", "> well?\nyes", ("{urn:xmpp:reply:0}reply", {"id": "n1", "to": BOB}, ()),
         ("{urn:xmpp:fallback:0}fallback", {"for": "urn:xmpp:reply:0"},
          (("{urn:xmpp:fallback:0}body", {"start": "0", "end": "8"}, None),)))
    got = await witness(alice, "CONV_MESSAGE", lambda f: f.get("1001") == ["n1"])
    require(got["3"] == ["yes"] and got["1008"] == ["well?"], f"the reply goes as {got}")
    send(alice, BOB, "chat", None, ("{urn:xmpp:chat-markers:0}displayed", {"id": "n1"}, ()))
    got = await witness(alice, "READ_MARKER")
    require(got["2"] == ["bob"] and got["3"] == ["n1"], f"the read marker goes as {got}")
    # And the other way.
    do(alice, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "well?", 1000: "n7"}],
       ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "well, well?", 1000: "n8", 1003: "n7"}],
       ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "", 1000: "n9", 1005: first, 1006: ["+"]}],
       ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "took it back", 1000: "n10", 1004: "n8"}],
       ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "indeed", 1000: "n11", 1001: first, 1008: "hello", 1009: "al"}],
       ["CONV_MESSAGE", {1: "USER", 2: "relay", 3: "hi", 1000: "n12", 1007: {1: "Carol"}}],
       ["READ_MARKER", {1: "USER", 2: "bob", 3: first}])
    message = await alice.message(BOB, "^well\\?$")
    require(message["id"] == "n7" and child(message, "urn:xmpp:chat-markers:0", "markable") is not None, f"{message}")
    message = await alice.message(BOB, "^well, well")
    require(child(message, "urn:xmpp:message-correct:0", "replace").get("id") == "n7", f"{message}")
    message = await alice.message(BOB, where=lambda m: child(m, "urn:xmpp:reactions:0", "reactions") is not None)
    require(child(message, "urn:xmpp:reactions:0", "reactions").get("id") == first and not message["body"], f"{message}")
    message = await alice.message(BOB, "^took it back$")
    require(child(message, "urn:xmpp:message-retract:1", "retract").get("id") == "n8", f"{message}")
    message = await alice.message(BOB, "^> al:\n> hello\nindeed$")
    require(child(message, "urn:xmpp:reply:0", "reply").get("id") == first, f"{message}")
    await alice.message(f"relay@{GATEWAY}", "^<Carol> hi$")
    await alice.message(BOB, where=lambda m: child(m, "urn:xmpp:chat-markers:0", "displayed") is not None and
                        child(m, "urn:xmpp:chat-markers:0", "displayed").get("id") == first)


async def scenario_rooms(world):
    prosody, _ = await component(world)
    alice = await person(world, prosody, "al")
    await alice.message(f"keeper@{GATEWAY}", "^logins: 1$")
    alice.join(ROOM, "al")
    await alice.joined(ROOM, "al")
    for name in ("bob", "carol"):
        await alice.presence(f"{ROOM}/{name}", "available")
    await alice.presence(ROOM, "available", where=lambda p: p["from"].full == ROOM and "0a0a" in str(p))
    info = await alice.plugin["xep_0030"].get_info(ROOM)
    names = {identity[3] for identity in info["disco_info"]["identities"]}
    require(names == {"The lobby"} and "urn:xmpp:sid:0" in info["disco_info"]["features"], f"{info}")
    fields = info["disco_info"]["form"].get_fields() if "form" in info["disco_info"].interfaces else None
    require("For everybody" in str(info) and (fields is None or fields), f"{info}")
    own = send(alice, ROOM, "groupchat", "hello all")
    message = await alice.message(f"{ROOM}/al", "^hello all$", "groupchat")
    stanza_id = child(message, "urn:xmpp:sid:0", "stanza-id")
    require(message["id"] == own and stanza_id.get("id") == "net-1" and stanza_id.get("by") == ROOM, f"{message}")
    do(alice, ["ROOM_INFO", {1: "USER", 2: "#lobby", 3: "The hall"}])
    await alice.message(ROOM, kind="groupchat", where=lambda m: "104" in statuses(m))
    do(alice, ["READ_MARKER", {1: "USER", 2: "#lobby", 3: "net-1", 4: "bob"}])
    await alice.message(f"{ROOM}/bob", where=lambda m: child(m, "urn:xmpp:chat-markers:0", "displayed") is not None)


async def scenario_values_that_are_too_much(world):
    prosody, gateway = await component(world)
    alice = await person(world, prosody, "al")
    await alice.message(f"keeper@{GATEWAY}", "^logins: 1$")
    do(alice, ["VALUES", {1: "USER", 2: [{1: "k", 2: "x"}] * 300}], ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "after it"}])
    await alice.message(BOB, "^after it$")
    require('error: backend 1: refused values for "alice@localhost"' in gateway.process.log(), "the log does not say so")
    # All at once they are 257.
    do(alice, ["VALUES", {1: "USER", 2: [{1: f"k{i}", 2: "x"} for i in range(256)]}])
    await gateway.process.wait_log("is refused: at most")
    do(alice, ["VALUES", {1: "USER", 2: [{1: "kept", 2: "x"}]}], ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "at last"}])
    await alice.message(BOB, "^at last$")
    await gateway.stop()
    database = sqlite3.connect(gateway.keys["database.database"])
    names = {name for name, in database.execute("SELECT name FROM users_values")}
    database.close()
    require(names == {"logins", "kept"}, f"there are the values {names}")
    gateway.process = None


# what is acknowledged to the backend --------------------------------------------------------------------------------------


async def acknowledged(world, durability):
    prosody, gateway = await component(world, **{"spool.durability": durability})
    alice = await person(world, prosody, "numbers")
    await alice.message(f"keeper@{GATEWAY}", "^logins: 1$")
    for number in (1, 2, 7):
        alice.say(f"numbers@{GATEWAY}", str(number))
        await alice.message(f"numbers@{GATEWAY}", f"^frame {number}$")
        await gateway.process.wait_log(f"ACKNOWLEDGED up to {number}")
    # One that comes again is acknowledged, and not shown, again.
    mark = alice.mark()
    alice.say(f"numbers@{GATEWAY}", "7")
    alice.say(f"numbers@{GATEWAY}", "8")
    await alice.message(f"numbers@{GATEWAY}", "^frame 8$", after=mark)
    require(not [m for m in alice.messages[mark[0]:] if m["body"] == "frame 7"], "a frame is shown twice")
    await gateway.process.wait_log("ACKNOWLEDGED up to 8")


async def scenario_messages_are_acknowledged(world):
    """As soon as they are on record here."""
    await acknowledged(world, "process")


async def scenario_messages_are_acknowledged_when_the_disk_has_them(world):
    await acknowledged(world, "power")
