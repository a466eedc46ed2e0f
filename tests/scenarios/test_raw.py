# SPDX-License-Identifier: MIT
"""A backend whose network is XMPP: stanzas travel as they are (features.rawxml), between a client and the wire."""
import asyncio
import os
import signal

from slixmpp.xmlstream import ET

from harness.gateway import wait_for_answer
from harness.person import muc_item
from harness.process import Failure, attempts
from test_backends import BACKENDS, CONNECTED, GATEWAY, PYTHON

ECHO, MIRROR, TELLER, SILENT = (f"{name}\\40net@{GATEWAY}" for name in ("echo", "mirror", "teller", "silent"))
WITNESS = f"witness\\40net@{GATEWAY}"
ROOM = f"room%rooms.net@{GATEWAY}"
MARK = "{urn:test}mark"


async def raw_component(world, people=1, **keys):
    """Prosody, the gateway with the raw backend, alice (and bob) logged in: (prosody, gateway, alice[, bob])."""
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/raw.py"
    gateway.keys.update(keys)
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    found = []
    for name in ("alice", "bob")[:people]:
        person = await world.person(f"{name}@localhost", prosody.c2s_port)
        await person.register(GATEWAY, f"{name}@net", "pw")
        await person.presence(GATEWAY, "available")
        found.append(person)
    return (prosody, gateway, *found)


async def echoes(person, text="hello"):
    mark = person.mark()
    person.say(ECHO, text)
    return await person.message(ECHO, f"^echo: {text}$", "chat", after=mark)


async def mirrored(person, after):
    return (await person.message(MIRROR, "<", "chat", after=after))["body"]


async def tell(person, stanza):
    """Has the backend send this."""
    mark = person.mark()
    person.say(TELLER, stanza)
    await person.message(TELLER, "^told$", "chat", after=mark)


async def scenario_messages_keep_all_that_is_in_them(world):
    _, _, alice = await raw_component(world)
    answer = await echoes(alice)
    if answer.xml.find(MARK) is None or answer["id"] != "e1" or not answer["from"].resource.isdigit():
        raise Failure(f"something is lost: {answer}")
    mark = alice.mark()
    message = alice.make_message(mto=f"{MIRROR}/m", mbody="a < b", mtype="chat")
    message["id"] = "m1"
    ET.SubElement(ET.SubElement(message.xml, "{urn:test}x"), "{urn:other}y").text = "z"
    message.send()
    text = await mirrored(alice, mark)
    for part in (f"from='{alice.boundjid.full}'", "to='mirror@net/m'", "<body>a &lt; b</body>",
                 "<x xmlns='urn:test'><y xmlns='urn:other'>z</y></x>"):
        if part not in text:
            raise Failure(f"{part} is not in {text}")
    if "component" in text:
        raise Failure(f"the stream is seen in it: {text}")
    # What has no words of ours.
    mark = alice.mark()
    message = alice.make_message(mto=MIRROR, mtype="chat")
    ET.SubElement(message.xml, "{urn:xmpp:chat-markers:0}displayed").set("id", "x")
    message.send()
    if "<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>" not in await mirrored(alice, mark):
        raise Failure("a marker is lost")
    if [m for m in alice.messages if m["from"].bare == WITNESS and "CONV_MESSAGE" in m["body"]]:
        raise Failure("messages came in both forms")


async def scenario_queries_are_answered_to_who_asked(world):
    prosody, _, alice = await raw_component(world)
    second = await world.person("alice@localhost/second", prosody.c2s_port)
    second.send_presence(pto=GATEWAY)
    await second.presence(GATEWAY, "available")
    for person in (alice, second):
        version = await person.plugin["xep_0092"].get_version(f"{ECHO}/phone", timeout=20)
        if version["software_version"]["name"] != "echo":
            raise Failure(f"the version is {version}")
    # A question of the network's is the first client's, and so is the answer's way back.
    second.send_presence(ppriority=10)
    second.send_presence(pto=GATEWAY, ppriority=10)
    await second.presence(GATEWAY, "available")
    mark = second.mark()
    await tell(second, "<iq type='get' id='v1' from='mirror@net/m' to='USER'><query xmlns='jabber:iq:version'/></iq>")
    text = await mirrored(second, mark)
    if "type='result'" not in text or "id='v1'" not in text or f"from='{second.boundjid.full}'" not in text:
        raise Failure(f"the answer is {text}")
    # Cards of contacts are the network's as well; rosters are not.
    mark = second.mark()
    iq = alice.make_iq_get(ito=f"{MIRROR}/m")
    ET.SubElement(iq.xml, "{vcard-temp}vCard")
    waiting = asyncio.ensure_future(iq.send(timeout=60))
    if "<vCard xmlns='vcard-temp'/>" not in await mirrored(second, mark):
        raise Failure("a request for a card is not raw")
    waiting.cancel()


async def scenario_presence_of_contacts_is_their_own(world):
    prosody, _, alice = await raw_component(world)

    def shown(presence):
        return presence["from"].resource == "phone" and presence.xml.find(MARK) is not None
    await alice.presence(ECHO, "subscribe")
    alice.send_presence(pto=ECHO)
    await alice.presence(ECHO, "available", where=shown)
    # Who comes later is shown it too.
    second = await world.person("alice@localhost/second", prosody.c2s_port)
    second.send_presence(pto=GATEWAY)
    await second.presence(ECHO, "available", where=shown)
    if any(presence["from"].resource == "bot" for presence in alice.presences + second.presences
           if presence["from"].bare == ECHO):
        raise Failure("a client that the contact does not have is shown")
    mark = alice.mark()
    await tell(alice, "<presence type='unavailable' from='echo@net/phone' to='USER'/>")
    await alice.presence(f"{ECHO}/phone", "unavailable", after=mark)
    # Requests, and what becomes of them.
    mark = alice.mark()
    await tell(alice, "<presence type='subscribe' from='mirror@net' to='USER'/>")
    await alice.presence(MIRROR, "subscribe", after=mark)
    mark = alice.mark()
    alice.send_presence(pto=MIRROR, ptype="subscribed")
    # The person's presence may come before it, as the server sends that to a contact that is agreed upon.
    await alice.message(MIRROR, "type='subscribed'", "chat", after=mark)
    await alice.message(WITNESS, "^BUDDY_CHANGED mirror@net$", "chat")


async def scenario_rooms(world):
    prosody, gateway, alice = await raw_component(world)
    alice.join(ROOM, "al")
    await alice.joined(ROOM, "al")
    bob = await alice.presence(f"{ROOM}/bob", "available")
    if muc_item(bob).get("jid") != "bob@net/x" or muc_item(bob).get("affiliation") != "owner":
        raise Failure("what the room says of bob is lost")
    subject = await alice.message(ROOM, kind="groupchat", where=lambda m: m["subject"])
    alice.say(ROOM, "hello room", "groupchat")
    await alice.message(f"{ROOM}/al", "^hello room$", "groupchat")
    alice.say(f"{ROOM}/bob", "psst")
    await alice.message(f"{ROOM}/bob", "^private: psst$", "chat")
    # A second client is shown the room without joining it again.
    second = await world.person("alice@localhost/second", prosody.c2s_port)
    second.join(ROOM, "al")
    await second.joined(ROOM, "al")
    await second.presence(f"{ROOM}/bob", "available")
    alice.say(ROOM, "to both", "groupchat")
    await second.message(f"{ROOM}/al", "^to both$", "groupchat")
    # Another nickname.
    mark = alice.mark()
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice", after=mark)
    alice.say(ROOM, "renamed", "groupchat")
    await alice.message(f"{ROOM}/alice", "^renamed$", "groupchat")
    # The backend is killed: the room is joined again.
    mark = alice.mark()
    os.kill(int(subject["subject"].split()[1]), signal.SIGKILL)
    await alice.message(ROOM, kind="groupchat", after=mark, timeout=30, where=lambda m: m["subject"].startswith("pid"))
    await wait_for_answer(gateway, "online_users_count", "1")

    async def heard(text):
        async for _ in attempts("the room is lost"):
            if any(m["body"] == text for m in alice.messages):
                return
            alice.say(ROOM, text, "groupchat")
    await heard("again")
    # The last client to leave is told to the network, also when it just goes.
    second.send_presence(pto=f"{ROOM}/al", ptype="unavailable")
    mark = alice.mark()
    alice.send_presence(pto=f"{ROOM}/alice", ptype="unavailable")
    await alice.message(WITNESS, "^left as al", "chat", after=mark)


async def scenario_hostile_stanzas(world):
    prosody, gateway, alice, bob = await raw_component(world, people=2, **{"service.users_per_backend": "10"})
    for bad in ("<message from='echo@net' to='USER'><body>cut", "</message>", "<!DOCTYPE a [<!ENTITY b 'c'>]>",
                "</stream:stream>", "<message from='echo@net'/>", "<message to='USER'><body>x</body></message>",
                "<message from='echo@net' to='nobody@localhost'><body>x</body></message>",
                "<iq type='set' id='1' from='echo@net' to='USER'><query xmlns='jabber:iq:roster'><item jid='evil@net'/>"
                "</query></iq>",
                "<message from='echo@net' to='USER'>" + "<a>" * 5000 + "</a>" * 5000 + "</message>"):
        await tell(alice, bad)
        await echoes(alice)
        await echoes(bob)
    refused = gateway.process.log().count("raw xml for ")
    if refused < 9:
        raise Failure(f"{refused} refusals are logged")
    # From wherever it says it is: it is from behind the gateway.
    mark = alice.mark()
    for forged in (GATEWAY, "bob@localhost", "localhost", "alice@localhost"):
        await tell(alice, f"<message type='chat' from='{forged}' to='USER'><body>forged</body></message>")
    senders = {m["from"].full for m in alice.messages[mark[0]:] if m["body"] == "forged"}
    if senders != {f"{GATEWAY}@{GATEWAY}", f"bob\\40localhost@{GATEWAY}", f"localhost@{GATEWAY}",
                   f"alice\\40localhost@{GATEWAY}"}:
        raise Failure(f"forged senders appear as {senders}")
    # A backend that does nothing else is cut off, and everybody gets another.
    first = (await echoes(bob))["from"].resource
    os.kill(int(first), 0)
    flood = "<x>" * 1
    alice.say(TELLER, "</message>")
    for _ in range(1100):
        alice.say(TELLER, flood)
    await gateway.process.wait_log("of its frames had to be ignored", 60)

    async def another():
        async for _ in attempts("there is no other backend"):
            last = [m for m in bob.messages if m["body"] == "echo: who is it?"]
            if last and last[-1]["from"].resource != first:
                return
            bob.say(ECHO, "who is it?")
    await another()


async def scenario_in_server_mode(world):
    gateway = world.gateway(jid="localhost")
    gateway.server()
    gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/raw.py"
    await gateway.start()
    alice = await world.person("alice@localhost", gateway.port, "pw", tls=True)
    echo = "echo\\40net@localhost"
    alice.say(echo, "hello")
    answer = await alice.message(echo, "^echo: hello$", "chat")
    if answer.xml.find(MARK) is None:
        raise Failure(f"something is lost: {answer}")
    version = await alice.plugin["xep_0092"].get_version(f"{echo}/phone", timeout=20)
    if version["software_version"]["version"] != "1":
        raise Failure(f"the version is {version}")
    alice.send_presence(pto=echo)
    await alice.presence(f"{echo}/phone", "available", where=lambda p: p.xml.find(MARK) is not None)
    try:
        await alice.plugin["xep_0092"].get_version("nobody@elsewhere", timeout=20)
        raise Failure("another domain answers")
    except Exception as problem:  # noqa: BLE001
        if isinstance(problem, Failure):
            raise
