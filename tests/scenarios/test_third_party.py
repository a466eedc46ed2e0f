# SPDX-License-Identifier: MIT
"""Backends that others wrote for Spectrum 2, as they are published. Skipped where they cannot be installed."""
import os

from harness.gateway import wait_for_answer
from harness.process import Failure, wait_until
from harness.third_party import FakeSignald, python_with
from test_backends import CONNECTED, GATEWAY

ALICE, BOB, BUDDY = "+15550001", "+15550002", "signal"
LOGGING = """log4j.rootLogger=debug, R
log4j.appender.R.File={folder}/backend-${{id}}.log
log4j.appender.R.MaxFileSize=10MB
log4j.appender.R.MaxBackupIndex=1
"""


async def signal_component(world):
    """Prosody, signald's place, the gateway with spectrum2-signald: (prosody, signald, gateway)."""
    python = await python_with(world.build, "spectrum2-signald", "spectrum2-signald==0.1.4",
                               "pysignald-async==0.1.4", "pyspectrum2==0.2.0", "protobuf==3.20.3")
    # Its protocol module is older than what protobuf's fast implementation takes.
    os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
    folder = os.path.join(world.folder, "signal")
    os.makedirs(folder)
    with open(os.path.join(folder, "logging.cfg"), "w") as file:
        file.write(LOGGING.format(folder=folder))
    signald = FakeSignald(os.path.join(folder, "signald.sock"))
    await signald.start()
    world.started.append(signald)
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.keys.update({
        "service.backend": f"{python} -m spectrum2_signald", "logging.backend_config": f"{folder}/logging.cfg",
        "signal.device_name": "test", "signal.socket": signald.path, "signal.buddy": BUDDY, "signal.refresh": "3600",
        "signal.send_room_list_to_user": "false",
        # It writes its own log and connects to a socket of another program.
        "backend.sandbox": "off",
    })
    await gateway.start()
    await gateway.process.wait_log(CONNECTED, 40)
    return prosody, signald, gateway


async def scenario_the_signal_backend(world):
    prosody, signald, gateway = await signal_component(world)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await alice.register(GATEWAY, ALICE)
    # It asks people before they are connected, in words, and waits for the answers.
    buddy = f"{BUDDY}@{GATEWAY}"
    for question, answer in (("register", "register"), ("verification code", "123456"), ("name", "Alice")):
        await alice.message(buddy, question, "chat")
        alice.say(buddy, answer)
    await alice.presence(GATEWAY, "available")
    bob = f"{BOB}@{GATEWAY}"
    await alice.presence(bob, "subscribe")
    alice.send_presence(pto=bob, ptype="subscribed")
    await alice.presence(bob, "available")
    # Messages both ways, with a receipt.
    message = alice.make_message(mto=bob, mbody="hello Bob", mtype="chat")
    message["id"] = "m1"
    message["request_receipt"] = True
    message.send()
    await wait_until(lambda: signald.sent, "the message to be sent")
    sent = signald.sent[0]
    if sent["messageBody"] != "hello Bob" or sent["recipientAddress"]["number"] != BOB:
        raise Failure(f"this was sent: {sent}")
    signald.message(ALICE, BOB, type="RECEIPT", timestamp=sent["timestamp"])
    await alice.message(bob, where=lambda m: m["receipt"] == "m1")
    signald.message(ALICE, BOB, dataMessage={"timestamp": 1606000000000, "body": "hello Alice"})
    heard = await alice.message(bob, "^hello Alice$", "chat")
    stamp = heard.xml.find("{urn:xmpp:delay}delay")
    if stamp is None or not stamp.get("stamp").startswith("2020-11-2"):
        raise Failure("the time of the message is lost")
    signald.message(ALICE, BOB, typing={"action": "STARTED"})
    await alice.message(bob, where=lambda m: m["chat_state"] == "composing")
    card = await alice.plugin["xep_0054"].get_vcard(jid=bob, timeout=20)
    if card.xml.findtext("{vcard-temp}vCard/{vcard-temp}NICKNAME") != f"Name of {BOB}":
        raise Failure(f"the card is {card}")
    items = await alice.plugin["xep_0030"].get_items(jid=GATEWAY, timeout=20)
    if not any(name == "A group" for _, _, name in items["disco_items"]["items"]):
        raise Failure(f"the rooms are {items}")
    # The gateway and the program end in peace.
    alice.send_presence(pto=GATEWAY, ptype="unavailable")
    await wait_for_answer(gateway, "online_users_count", "0")
    if "ignored" in gateway.process.log() or "refused" in gateway.process.log():
        raise Failure("something that it sent was not taken")


async def scenario_the_signal_backend_again_after_a_crash(world):
    prosody, signald, gateway = await signal_component(world)
    signald.accounts.add(ALICE)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await alice.register(GATEWAY, ALICE)
    await alice.presence(GATEWAY, "available")
    mark = alice.mark()
    # Its daemon goes away: it ends, and the next one finds the daemon again.
    for writer in signald.writers:
        writer.close()
    signald.writers.clear()
    await gateway.process.wait_log("closed its connection; 1 users lose it", 30)
    # The first login is told twice: a presence does not say which login it is of.
    again = "info: user alice@localhost: connected"
    await wait_until(lambda: gateway.process.log().count(again) == 2, "the second login", 60)
    await alice.presence(GATEWAY, "available", after=mark, timeout=60)
    signald.message(ALICE, BOB, dataMessage={"timestamp": 1606000000000, "body": "still there"})
    await alice.message(f"{BOB}@{GATEWAY}", "^still there$", "chat")
