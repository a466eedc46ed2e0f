# SPDX-License-Identifier: MIT
"""Backends that others wrote: programs in Python that know nothing but the wire, --host and --port."""
import asyncio
import base64
import hashlib
import json
import os
import signal
import socket
import sys

from slixmpp.xmlstream import ET

from harness.gateway import wait_for_answer
from harness.process import Failure, attempts, free_port, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
BACKENDS = os.path.join(HERE, "backends")
sys.path.insert(0, BACKENDS)
import wire  # noqa: E402  (the backends' own module)

GATEWAY = "irc.localhost"
CONNECTED = "connected to 127.0.0.1"
PYTHON = "/usr/bin/python3"
STRICT = f"{PYTHON} {BACKENDS}/strict.py"
BOB = f"bob@{GATEWAY}"


async def component(world, backend, **keys):
    """Prosody, the gateway with this backend, alice registered and logged in: (prosody, gateway, alice)."""
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.keys["service.backend"] = backend
    gateway.keys.update(keys)
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await alice.register(GATEWAY, "al")
    await alice.presence(GATEWAY, "available")
    # From now on the person decides about requests.
    alice.auto_authorize, alice.auto_subscribe = None, False
    return prosody, gateway, alice


async def events_component(world, **keys):
    return await component(world, f"{PYTHON} {BACKENDS}/events.py", **keys)


def do(person, *events, domain=GATEWAY):
    person.say(f"control@{domain}", json.dumps(events))


async def witness(person, kind, where=lambda fields: True, after=(0, 0), domain=GATEWAY):
    """What the backend got, as fields: {"2": ["bob"]}."""
    def is_it(message):
        name, fields = json.loads(message["body"])
        return name == kind and where(fields)
    message = await person.message(f"witness@{domain}", kind="chat", after=after,
                                   where=lambda m: m["body"].startswith("[") and is_it(m))
    return json.loads(message["body"])[1]


def child(stanza, namespace, name):
    return stanza.xml.find(f"{{{namespace}}}{name}")


# command lines --------------------------------------------------------------------------------------------------


async def talks(alice):
    alice.say(BOB, "are you there?")
    answer = await alice.message(BOB, "^are you there\\? \\(pid [0-9]+\\)$", "chat")
    return int(answer["body"].rstrip(")").rsplit(" ", 1)[1])


async def scenario_a_strict_command_line(world):
    _, gateway, alice = await component(world, STRICT)
    pid = await talks(alice)
    words = open(f"/proc/{pid}/cmdline", "rb").read().decode().split("\0")[:-1]
    host = words.index("--host")
    config = os.path.join(gateway.keys["service.working_dir"], "backend.cfg")
    if words[host + 1] != "127.0.0.1" or words[host + 2] != "--port" or \
            words[host + 4] != "--service.backend_id=1" or words[host + 5:] != ["-j", GATEWAY, config]:
        raise Failure(f"the command line is {words}")
    os.kill(pid, signal.SIGKILL)
    await gateway.process.wait_log("was ended by signal 9")
    mark = alice.mark()

    async def talks_again():
        async for _ in attempts("the second backend is not reached"):
            if any(m["body"].startswith("again? (pid") for m in alice.messages[mark[0]:]):
                return
            alice.say(BOB, "again?")
    await talks_again()


async def scenario_configuration_before_the_first_ping(world):
    os.environ["TEST_BACKEND"] = "config-first"
    _, _, alice = await component(world, STRICT)
    await talks(alice)
    info = await alice.plugin["xep_0030"].get_info(GATEWAY)
    if "http://jabber.org/protocol/muc" not in info["disco_info"]["features"]:
        raise Failure("what the backend said before its first PONG is lost")


async def scenario_a_backend_that_ignores_everything_is_killed(world):
    os.environ["TEST_BACKEND"] = "ignores-eof"
    _, gateway, alice = await component(world, STRICT)
    pid = await talks(alice)
    await gateway.stop()
    if os.path.exists(f"/proc/{pid}"):
        raise Failure("the backend outlives the gateway")
    if "killing it" not in gateway.process.log():
        raise Failure("it went by itself")


async def scenario_shells_and_wrapper_scripts(world):
    _, gateway, alice = await component(world, f"/bin/sh -c '{STRICT} \"$@\"; exit $?' sh")
    pid = await talks(alice)
    await alice.stop()
    await gateway.stop()
    if os.path.exists(f"/proc/{pid}"):
        raise Failure("the shell's child outlives the gateway")


async def scenario_a_wrapper_script(world):
    _, gateway, alice = await component(world, f"{BACKENDS}/wrapper.sh")
    pid = await talks(alice)
    await alice.stop()
    await gateway.stop()
    if os.path.exists(f"/proc/{pid}"):
        raise Failure("the script's child outlives the gateway")


# events -----------------------------------------------------------------------------------------------------------


async def scenario_contacts_come_change_and_go(world):
    _, _, alice = await events_component(world)
    bob = f"bob\\40net@{GATEWAY}"
    icon = hashlib.sha1(b"icon").hexdigest()
    do(alice, ["BUDDY_CHANGED", {1: "USER", 2: "bob@net", 3: "Bob", 4: ["Friends", "Work"], 5: 1, 6: "lunch", 7: icon}])
    await alice.presence(bob, "subscribe")
    alice.send_presence(pto=bob, ptype="subscribed")
    alice.send_presence(pto=bob, ptype="subscribe")
    fields = await witness(alice, "BUDDY_CHANGED", lambda f: f["2"] == ["bob@net"])
    if fields.get("3") != ["Bob"] or fields.get("4") != ["Friends", "Work"]:
        raise Failure(f"the backend learns of the contact as {fields}")
    await alice.presence(bob, "subscribed")
    shown = await alice.presence(bob, "available", where=lambda p: p["show"] == "away" and p["status"] == "lunch")
    photo = shown.xml.find("{vcard-temp:x:update}x/{vcard-temp:x:update}photo")
    if photo is None or photo.text != icon:
        raise Failure("the avatar's hash is not in the presence")

    mark = alice.mark()
    do(alice, ["BUDDY_CHANGED", {1: "USER", 2: "bob@net", 5: 4, 6: "busy"}])
    await alice.presence(bob, "available", mark, where=lambda p: p["show"] == "dnd" and p["status"] == "busy")
    do(alice, ["BUDDY_CHANGED", {1: "USER", 2: "bob@net", 5: 5}])
    await alice.presence(bob, "unavailable", mark)
    # A stored contact is told at the next login, as the backend wishes.
    mark = alice.mark()
    alice.send_presence(ptype="unavailable", pto=GATEWAY)
    alice.send_presence(pto=GATEWAY)
    buddies = await witness(alice, "BUDDIES", after=mark)
    if not any("bob@net" in entry and "Friends" in entry for entry in buddies["1"]):
        raise Failure(f"the contacts at login are {buddies}")
    mark = alice.mark()
    do(alice, ["BUDDY_REMOVED", {1: "USER", 2: "bob@net"}])
    await alice.presence(bob, after=mark, where=lambda p: p.xml.get("type") in ("unsubscribe", "unsubscribed"))


async def scenario_somebody_asks_for_authorization(world):
    _, _, alice = await events_component(world)
    eve, mallory = f"eve@{GATEWAY}", f"mallory@{GATEWAY}"
    do(alice, ["AUTH_REQUEST", {1: "USER", 2: "eve", 3: "Eve"}], ["AUTH_REQUEST", {1: "USER", 2: "mallory"}])
    await alice.presence(eve, "subscribe")
    await alice.presence(mallory, "subscribe")
    alice.send_presence(pto=eve, ptype="subscribed")
    await witness(alice, "BUDDY_CHANGED", lambda f: f["2"] == ["eve"])
    alice.send_presence(pto=mallory, ptype="unsubscribed")
    await witness(alice, "BUDDY_REMOVED", lambda f: f["2"] == ["mallory"])


async def scenario_typing_attention_and_receipts(world):
    _, _, alice = await events_component(world)
    states = "http://jabber.org/protocol/chatstates"
    do(alice, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "hello"}], ["BUDDY_TYPING", {1: "USER", 2: "bob"}],
       ["BUDDY_TYPED", {1: "USER", 2: "bob"}], ["BUDDY_STOPPED_TYPING", {1: "USER", 2: "bob"}],
       ["ATTENTION", {1: "USER", 2: "bob", 3: "wake up"}])
    await alice.message(BOB, "^hello$", "chat")
    for state in ("composing", "paused", "active"):
        await alice.message(BOB, where=lambda m, state=state: child(m, states, state) is not None and not m["body"])
    buzz = await alice.message(BOB, "^wake up$")
    if child(buzz, "urn:xmpp:attention:0", "attention") is None:
        raise Failure("the call for attention is none")

    for state, kind in (("composing", "BUDDY_TYPING"), ("paused", "BUDDY_TYPED"), ("active", "BUDDY_STOPPED_TYPING")):
        message = alice.make_message(mto=BOB, mtype="chat")
        ET.SubElement(message.xml, f"{{{states}}}{state}")
        message.send()
        await witness(alice, kind, lambda f: f["2"] == ["bob"])
    message = alice.make_message(mto=BOB, mtype="headline", mbody="hey")
    ET.SubElement(message.xml, "{urn:xmpp:attention:0}attention")
    message.send()
    await witness(alice, "ATTENTION", lambda f: f["2"] == ["bob"] and f["3"] == ["hey"])

    message = alice.make_message(mto=BOB, mtype="chat", mbody="did you get it?")
    message["id"] = "receipt-1"
    ET.SubElement(message.xml, "{urn:xmpp:receipts}request")
    message.send()
    fields = await witness(alice, "CONV_MESSAGE", lambda f: f["3"] == ["did you get it?"])
    if fields.get("8") != ["receipt-1"] or "5" not in fields:
        raise Failure(f"the message arrives as {fields}")
    do(alice, ["CONV_MESSAGE_ACK", {1: "USER", 2: "bob", 3: "", 8: "receipt-1"}])
    receipt = await alice.message(BOB, where=lambda m: child(m, "urn:xmpp:receipts", "received") is not None)
    if child(receipt, "urn:xmpp:receipts", "received").get("id") != "receipt-1":
        raise Failure("the receipt is for something else")


async def scenario_times_files_and_headlines(world):
    _, _, alice = await events_component(world, **{"settings.send_headlines": "1"})
    stamps = {"iso": "20260102T030405", "epoch": "1767323045", "words": "yesterday", "broken": "2026-13-99T99:99:99",
              "huge": "9" * 30, "negative": "-5"}
    do(alice, *[["CONV_MESSAGE", {1: "USER", 2: "bob", 3: name, 6: stamp}] for name, stamp in stamps.items()])
    for name in stamps:
        message = await alice.message(BOB, f"^{name}$")
        delay = child(message, "urn:xmpp:delay", "delay")
        if name in ("iso", "epoch"):
            if delay is None or delay.get("stamp") != "2026-01-02T03:04:05Z":
                raise Failure(f"{name}: {delay is not None and delay.get('stamp')}")
        elif delay is not None:
            raise Failure(f"{name} is taken for {delay.get('stamp')}")

    url = "https://files.example/cat.png"
    do(alice, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: url, 11: [{1: url, 2: "image/png", 3: "A cat"}]}],
       ["CONV_MESSAGE", {1: "USER", 2: "news", 3: "The network is closed tonight", 7: True}],
       ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "bold", 5: "<b>bold</b>"}])
    message = await alice.message(BOB, "cat.png")
    if message.xml.find("{jabber:x:oob}x/{jabber:x:oob}url").text != url:
        raise Failure("the file has no URL of its own")
    description = message.xml.find("{jabber:x:oob}x/{jabber:x:oob}desc")
    if description is not None and description.text != "A cat":
        raise Failure(f"the description is {description.text!r}")
    await alice.message(f"news@{GATEWAY}", "closed tonight", "headline")
    message = await alice.message(BOB, "^bold$")
    if message.xml.find("{http://jabber.org/protocol/xhtml-im}html") is None:
        raise Failure("the markup is lost")


async def scenario_pictures_in_markup(world):
    """A picture of the markup is a file to clients (XEP-0066); a message of markup alone has a body."""
    _, _, alice = await events_component(world)
    cat, dog = "https://files.example/cat.png", "https://files.example/dog.png"

    def url(message):
        return message.xml.findtext("{jabber:x:oob}x/{jabber:x:oob}url")

    def markup(message):
        html = message.xml.find("{http://jabber.org/protocol/xhtml-im}html")
        return "" if html is None else ET.tostring(html, encoding="unicode")
    for text, xhtml in (("", f"<img src='{cat}'/>"), ("tabby", f"<p><img src='{cat}' alt='tabby'/></p>"),
                        (":cat:", f"<img src='{cat}' alt=':cat:'/>")):
        mark = alice.mark()
        do(alice, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: text, 5: xhtml}])
        message = await alice.message(BOB, after=mark)
        if (message["body"], url(message), markup(message)) != (cat, cat, ""):
            raise Failure(f"nothing but a picture is shown as {message}")
    mark = alice.mark()
    do(alice, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "the dog :wag: there",
                                5: f"the <b>dog</b> <img src='{cat}' alt=':wag:'/> there <img src='{dog}' alt=''/>"}])
    message = await alice.message(BOB, "^the dog :wag: there$", after=mark)
    if url(message) or dog in markup(message) or cat not in markup(message):
        raise Failure(f"the words are shown as {message}")
    message = await alice.message(BOB, "dog.png", after=mark)
    if (message["body"], url(message)) != (dog, dog):
        raise Failure(f"the picture among them is shown as {message}")
    do(alice, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "", 5: "<p>only <b>markup</b></p><p><a href='https://x.example/'>here</a></p>"}])
    message = await alice.message(BOB, "^only markup\nhere \\(https://x.example/\\)$", after=mark)
    if "markup</" not in markup(message):
        raise Failure(f"the markup is lost: {message}")


async def scenario_cards_and_the_room_list(world):
    _, _, alice = await events_component(world)
    card = await alice.plugin["xep_0054"].get_vcard(BOB)
    card = card["vcard_temp"]
    if card["FN"] != "Robert B." or card["NICKNAME"] not in ("bobby", ["bobby"]):
        raise Failure(f"the card says {card['FN']!r}, {card['NICKNAME']!r}")
    photo = card.xml.find("{vcard-temp}PHOTO/{vcard-temp}BINVAL")
    if photo is None or b"not much of a picture" not in base64.b64decode(photo.text):
        raise Failure("the card has no photo")

    own = alice.plugin["xep_0054"].make_vcard()
    own["NICKNAME"] = "ally"
    picture = b"\x89PNG\r\n\x1a\n me"
    own["PHOTO"]["TYPE"] = "image/png"
    own["PHOTO"]["BINVAL"] = picture
    await alice.plugin["xep_0054"].publish_vcard(own)
    presence = alice.make_presence(pto=GATEWAY)
    update = ET.SubElement(presence.xml, "{vcard-temp:x:update}x")
    ET.SubElement(update, "{vcard-temp:x:update}photo").text = hashlib.sha1(picture).hexdigest()
    presence.send()
    fields = await witness(alice, "VCARD", lambda f: f["2"] == [""] and "6" in f)
    if not fields["6"][0].endswith(" me") or fields["3"] != [0]:
        raise Failure(f"the own card arrives as {fields}")

    do(alice, ["ROOM_LIST", {1: ["#one", "#two"], 2: ["The first", "The second"]}],
       ["ROOM_LIST", {1: ["#mine"], 2: ["My own"], 3: "USER"}],
       # At any time, and what was said first stays.
       ["BACKEND_CONFIG", {1: "[features]\nmuc=0\n"}])
    wanted = {f"#one@{GATEWAY}", f"#two@{GATEWAY}", f"#mine@{GATEWAY}"}
    async for _ in attempts(f"the rooms are not {wanted}"):
        rooms = await alice.plugin["xep_0030"].get_items(GATEWAY)
        if wanted <= {item[0] for item in rooms["disco_items"]["items"]}:
            break
    info = await alice.plugin["xep_0030"].get_info(GATEWAY)
    if "http://jabber.org/protocol/muc" not in info["disco_info"]["features"]:
        raise Failure("a later BACKEND_CONFIG takes back what was said")


async def scenario_own_messages_from_another_client(world):
    """Server mode: carbons need no privileges there."""
    gateway = world.gateway(jid="localhost")
    gateway.server()
    gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/events.py"
    await gateway.start()
    alice = await world.person("alice@localhost", gateway.port, tls=True)
    enable = alice.make_iq_set()
    ET.SubElement(enable.xml, "{urn:xmpp:carbons:2}enable")
    await enable.send(timeout=20)
    do(alice, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "said elsewhere", 10: True}], domain="localhost")
    path = "{urn:xmpp:carbons:2}sent/{urn:xmpp:forward:0}forwarded/{jabber:client}message"
    copy = await alice.message(where=lambda m: m.xml.find(path) is not None)
    inner = copy.xml.find(path)
    if inner.get("to") != "bob@localhost" or inner.find("{jabber:client}body").text != "said elsewhere":
        raise Failure(f"the copy is {ET.tostring(inner)}")


async def scenario_it_may_not_speak_for_others(world):
    prosody, gateway, alice = await events_component(world)
    bob = await world.person("bob@localhost", prosody.c2s_port)
    do(alice, ["CONV_MESSAGE", {1: "bob@localhost", 2: "eve", 3: "boo"}], ["QUERY", {1: "unregister alice@localhost"}],
       ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "after it"}])
    await alice.message(BOB, "^after it$")
    if bob.messages:
        raise Failure("a backend spoke for somebody else")
    await wait_for_answer(gateway, "online_users_count", "1")


# what the server side manages ---------------------------------------------------------------------------------


async def scenario_idle_people_move(world):
    _, gateway, alice = await component(world, STRICT, **{"service.idle_reconnect_time": "2"})
    first = await talks(alice)
    mark = alice.mark()
    await gateway.process.wait_log("is for people who are idle")
    await gateway.process.wait_log("idle: moved to another backend")
    after = len(gateway.process.log())
    async for _ in attempts("alice is not reached after the move"):
        answers = [m["body"] for m in alice.messages[mark[0]:] if m["body"].startswith("moved? (pid")]
        if answers:
            break
        alice.say(BOB, "moved?")
    if f"(pid {first})" in answers[0]:
        raise Failure("alice is still on the old backend")
    if [m for m in alice.messages[mark[0]:] if m["from"].bare == GATEWAY]:
        raise Failure("alice is told of a move that does not concern her")
    if "crash" in gateway.process.log()[after:]:
        raise Failure("something crashed")


async def scenario_quarantine_is_told_in_words(world):
    switch = os.path.join(world.folder, "broken")
    script = os.path.join(world.folder, "sometimes.sh")
    with open(script, "w") as file:
        file.write(f"#!/bin/sh\n[ -e {switch} ] && exit 3\nexec {STRICT} \"$@\"\n")
    os.chmod(script, 0o755)
    _, gateway, alice = await component(world, script)
    pid = await talks(alice)
    mark = alice.mark()
    open(switch, "w").close()
    os.kill(pid, signal.SIGKILL)
    await alice.message(GATEWAY, "does not work at the moment", after=mark, timeout=40)
    if "quarantine" not in gateway.process.log():
        raise Failure("the log does not say it")
    os.unlink(switch)
    await alice.message(GATEWAY, "can be reached again", after=mark, timeout=90)
    told = [m["body"] for m in alice.messages[mark[0]:] if m["from"].bare == GATEWAY]
    if len(told) != 2:
        raise Failure(f"alice is told {told}")
    await talks(alice)


# administration by the port -------------------------------------------------------------------------------------


def ask(port, frames, wanted=wire.QUERY):
    """What comes back until a frame of the wanted type, or the end."""
    reader = wire.Frames()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(frames)
        kinds = []
        while True:
            try:
                data = client.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return kinds, None
            for kind, payload in reader.feed(data):
                kinds.append(kind)
                if kind == wanted:
                    return kinds, wire.text(wire.parse(payload), 1)


async def scenario_query_by_the_port(world):
    port = free_port()
    _, gateway, alice = await component(world, STRICT, **{"service.backend_port": port})
    portfile = gateway.keys["service.portfile"]
    if open(portfile).read() != f"{port}\n":
        raise Failure(f"the portfile says {open(portfile).read()!r}")
    backends = await gateway.control("status")

    async def query(*frames):
        return await asyncio.get_running_loop().run_in_executor(None, ask, port, b"".join(frames))
    kinds, answer = await query(wire.frame(wire.QUERY, {1: "status"}))
    if answer != backends or wire.PING not in kinds:
        raise Failure(f"asked at once: {kinds}, {answer!r}; the control socket says {backends!r}")
    _, answer = await query(wire.frame(wire.PONG), wire.frame(wire.STATS, {1: 1, 2: 1, 3: 1, 4: "1"}),
                            wire.frame(wire.QUERY, {1: "online_users_count"}))
    if answer != "1":
        raise Failure(f"asked after a PONG: {answer!r}")
    _, answer = await query(wire.frame(wire.QUERY, {1: "nonsense"}))
    if not answer.startswith("Error"):
        raise Failure(f"nonsense gives {answer!r}")
    # all else ends the connection, and never makes a backend
    for bad in (wire.frame(wire.BACKEND_CONFIG, {1: "[features]\nrawxml=1\n"}),
                wire.frame(wire.CONV_MESSAGE, {1: "alice@localhost", 2: "eve", 3: "boo"}),
                wire.frame(wire.CONNECTED, {1: "alice@localhost"}), b"\x00\x00\x00\x03\xff\xff\xff", b"\x7f\xff\xff\xff"):
        kinds, answer = await query(bad)
        if answer is not None or set(kinds) - {wire.PING}:
            raise Failure(f"{bad!r} is answered {kinds}, {answer!r}")
    if await gateway.control("status") != backends:
        raise Failure("who asks is counted as a backend")
    if "query port: refused CONV_MESSAGE" not in gateway.process.log() and \
            "refused message" not in gateway.process.log():
        raise Failure("what was refused is not logged")
    await talks(alice)
    await gateway.stop()
    if os.path.exists(portfile):
        raise Failure("the portfile outlives the gateway")


async def scenario_no_backend_may_query(world):
    """A backend, and a child of it that has left its session and lost its parents, are refused at the port."""
    port = free_port()
    script = os.path.join(world.folder, "asker.py")
    with open(script, "w") as file:
        file.write(f"""
import os, socket, sys
sys.path.insert(0, {BACKENDS!r})
import strict, wire

def ask(who):
    client = socket.create_connection(("127.0.0.1", {port}), timeout=10)
    try:
        client.sendall(wire.frame(wire.QUERY, {{1: "status"}}))
        data = client.recv(100)
    except OSError:
        data = b""
    print(who, "is answered" if data else "is refused", flush=True)

class Asker(wire.Backend):
    def on_login(self, user):
        ask("the backend")
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while os.getppid() == os.getsid(0):
                    pass
                ask("the orphan")
            os._exit(0)
        super().on_login(user)

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
Asker(arguments["--host"], arguments["--port"]).run()
""")
    # The sandbox lets nobody leave a session: this is what there is without it.
    _, gateway, alice = await component(world, f"{PYTHON} {script}",
                                        **{"service.backend_port": port, "backend.sandbox": "off"})
    await gateway.process.wait_log("the backend is ")
    await gateway.process.wait_log("the orphan is ")
    if "is answered" in gateway.process.log():
        raise Failure("a backend may give administrator's commands")

    def reaped():
        return not [pid for pid in os.listdir("/proc") if pid.isdigit() and parent_and_state(pid) ==
                    (gateway.process.pid, "Z")]
    await wait_until(reaped, "the orphans to be reaped")


def parent_and_state(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(fields[1]), fields[0]
