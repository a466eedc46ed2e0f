# SPDX-License-Identifier: MIT
"""XMPP in gateway mode: real Prosody, slixmpp as the person, the IRC backend on real ngircd."""
import asyncio

from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

from harness.gateway import wait_for_answer
from harness.person import error_condition, muc_item, statuses
from harness.process import Failure, wait_answer, wait_until

GATEWAY = "irc.localhost"
ROOM = f"#lobby@{GATEWAY}"
CONNECTED = "connected to 127.0.0.1"


async def alice_in_the_lobby(world, prosody, ircd):
    """alice on XMPP and carol on IRC, both in #lobby."""
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    return alice, carol


async def scenario_talks_in_a_room(world):
    prosody, ircd, _ = await world.irc_component()
    alice, carol = await alice_in_the_lobby(world, prosody, ircd)
    await alice.presence(f"{ROOM}/carol", "available")
    await alice.message(ROOM, kind="groupchat", where=lambda m: "the lobby" in (m["subject"] or ""))

    mark = carol.mark()
    sent = alice.say(ROOM, "hello from XMPP: äöü \U0001f600", "groupchat")
    await carol.expect("^:alice!.* PRIVMSG #lobby :hello from XMPP: äöü \U0001f600$", mark)
    echo = await alice.message(f"{ROOM}/alice", "hello from XMPP", "groupchat")
    if echo["id"] != sent:
        raise Failure(f"the reflection has id {echo['id']}, the message had {sent}")

    carol.send("PRIVMSG #lobby :hello from IRC: äöü \U0001f600")
    await alice.message(f"{ROOM}/carol", "^hello from IRC: äöü \U0001f600$", "groupchat")

    carol.send("PRIVMSG #lobby :\x01ACTION waves\x01")
    await alice.message(f"{ROOM}/carol", "^/me waves$", "groupchat")
    mark = carol.mark()
    alice.say(ROOM, "/me waves back", "groupchat")
    await carol.expect("PRIVMSG #lobby :\x01ACTION waves back\x01$", mark)


async def scenario_long_and_many_lines_stay_whole(world):
    prosody, ircd, _ = await world.irc_component()
    alice, carol = await alice_in_the_lobby(world, prosody, ircd)
    mark = carol.mark()
    text = "ü" * 700
    alice.say(ROOM, f"first\nsecond\r\n\r\nQUIT :injected\n{text}", "groupchat")
    await carol.expect("PRIVMSG #lobby :first$", mark)
    await carol.expect("PRIVMSG #lobby :second$", mark)
    await carol.expect("PRIVMSG #lobby :QUIT :injected$", mark)

    def whole():
        got = "".join(line.split(" :", 1)[1] for way, line in carol.lines[mark:]
                      if way == "<" and "PRIVMSG #lobby :ü" in line)
        return got == text
    await wait_until(whole, "the long line in pieces that make it whole")
    if carol.find("^:alice!.* QUIT", mark):
        raise Failure("a line break in a message became an IRC command")


async def scenario_topic_nick_and_leave(world):
    prosody, ircd, _ = await world.irc_component()
    alice, carol = await alice_in_the_lobby(world, prosody, ircd)
    mark = alice.mark()
    carol.send("TOPIC #lobby :a new topic")
    # carol is no operator of the predefined channel; whoever comes first to another one is.
    carol.send("JOIN #own")
    own = f"#own@{GATEWAY}"
    alice.join(own, "alice")
    await alice.joined(own, "alice")
    carol_there = await alice.presence(f"{own}/carol", "available", mark)
    if muc_item(carol_there).get("role") != "moderator":
        raise Failure("the operator of the channel is no moderator")
    carol.send("TOPIC #own :set on IRC")
    await alice.message(own, kind="groupchat", where=lambda m: m["subject"] == "set on IRC")

    irc_mark = carol.mark()
    subject = alice.make_message(mto=own, mtype="groupchat")
    subject["subject"] = "set on XMPP"
    carol.send("MODE #own +o alice")
    await carol.expect("MODE #own \\+o alice", irc_mark)
    subject.send()
    await carol.expect("TOPIC #own :set on XMPP", irc_mark)

    carol.send("NICK caroline")
    renamed = await alice.presence(f"{own}/carol", "unavailable", mark)
    if "303" not in statuses(renamed) or muc_item(renamed).get("nick") != "caroline":
        raise Failure("a nick change is not announced as one")
    await alice.presence(f"{own}/caroline", "available", mark)

    irc_mark = carol.mark()
    mark = alice.mark()
    alice.send_presence(pto=f"{own}/alicia")
    await carol.expect("^:alice!.* NICK :?alicia", irc_mark)
    renamed = await alice.presence(f"{own}/alice", "unavailable", mark)
    if not {"303", "110"} <= statuses(renamed):
        raise Failure(f"own nick change has status {statuses(renamed)}")
    await alice.joined(own, "alicia", mark)

    irc_mark = carol.mark()
    alice.send_presence(pto=f"{own}/alicia", ptype="unavailable")
    await carol.expect("^:alicia!.* PART #own", irc_mark)
    await alice.presence(f"{own}/alicia", "unavailable", mark, where=lambda p: "110" in statuses(p))

    irc_mark = carol.mark()
    await alice.stop()
    await carol.expect("^:alicia!.* QUIT", irc_mark)


async def scenario_private_messages(world):
    prosody, ircd, _ = await world.irc_component()
    alice, carol = await alice_in_the_lobby(world, prosody, ircd)
    mark = carol.mark()
    alice.say(f"{ROOM}/carol", "psst", "chat")
    await carol.expect("^:alice!.* PRIVMSG carol :psst$", mark)
    carol.send("PRIVMSG alice :what?")
    await alice.message(f"{ROOM}/carol", "^what\\?$", "chat")

    dave = await world.irc_client(ircd, "dave")
    dave.send("PRIVMSG alice :you do not know me")
    heard = await alice.message(body="^you do not know me$", kind="chat")
    if heard["from"].bare != f"dave@{GATEWAY}":
        raise Failure(f"a private message came from {heard['from']}")
    mark = dave.mark()
    alice.say(heard["from"].bare, "now I do", "chat")
    await dave.expect("^:alice!.* PRIVMSG dave :now I do$", mark)
    alice.say(f"nobody@{GATEWAY}", "hello?", "chat")
    await alice.message(f"nobody@{GATEWAY}", where=lambda m: m["type"] == "error" or "o such nick" in m["body"])


async def scenario_goes_on_after_the_backend_was_killed(world):
    prosody, ircd, gateway = await world.irc_component()
    alice, carol = await alice_in_the_lobby(world, prosody, ircd)
    alice.say(ROOM, "before", "groupchat")
    await carol.expect("PRIVMSG #lobby :before$")

    irc_mark, mark = carol.mark(), alice.mark()
    killed = await gateway.kill_backend()
    await carol.expect("^:alice!.* QUIT", irc_mark)
    await carol.expect("^:alice!.* JOIN :?#lobby", irc_mark, timeout=15)
    new = await wait_until(gateway.backends, "a new backend")
    if set(new) & set(killed):
        raise Failure("the killed backend is still there")

    # While nobody is connected the person gets an error for what is said, not silence.
    for attempt in range(100):
        body = f"after {attempt}"
        sent = alice.say(ROOM, body, "groupchat")
        outcome = await wait_until(
            lambda: carol.find(f"PRIVMSG #lobby :{body}$", irc_mark) and "heard" or
            any(m["id"] == sent and m["type"] == "error" for m in alice.messages) and "refused",
            f"{body!r} to arrive or to be refused")
        if outcome == "heard":
            break
        await asyncio.sleep(0.1)
    else:
        raise Failure("nothing arrives after the backend was killed")
    carol.send("PRIVMSG #lobby :are you back?")
    await alice.message(f"{ROOM}/carol", "^are you back\\?$", "groupchat", mark)
    for presence in alice.presences[mark[1]:]:
        if presence["from"].full == f"{ROOM}/alice" and presence.xml.get("type") == "unavailable":
            raise Failure("alice was thrown out of the room by a restart of the backend")
    if await gateway.control("crashed_backends_count") != "1":
        raise Failure("the crash was not counted")


async def scenario_reconnects_to_the_server(world):
    prosody, ircd, gateway = await world.irc_component()
    alice, carol = await alice_in_the_lobby(world, prosody, ircd)
    mark = len(gateway.process.log())
    await prosody.process.stop()
    await prosody.start()
    await gateway.process.wait_log(CONNECTED, after=mark)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    mark = carol.mark()
    alice.say(ROOM, "again", "groupchat")
    await carol.expect("PRIVMSG #lobby :again$", mark)


async def scenario_registration_settings_and_removal(world):
    prosody, ircd, gateway = await world.irc_component(**{"registration.auto_register": "0"})
    alice = await world.person("alice@localhost", prosody.c2s_port)
    form = await alice.register(GATEWAY, "alice_irc", "unused")
    fields = form.xml.find("{jabber:iq:register}query")
    if fields.find("{jabber:iq:register}username") is None or fields.find("{jabber:x:data}x") is None:
        raise Failure("the registration form lacks the plain fields or the data form")
    # XEP-0100: the gateway asks to be on the roster, and comes online when we do.
    await alice.presence(GATEWAY, "available")
    status = await gateway.control("online_users")
    if "alice@localhost" not in status or "alice_irc" not in status:
        raise Failure(f"online_users says {status!r}")
    again = await alice.plugin["xep_0077"].get_registration(jid=GATEWAY)
    query = again.xml.find("{jabber:iq:register}query")
    if query.find("{jabber:iq:register}registered") is None or \
            query.find("{jabber:iq:register}username").text != "alice_irc":
        raise Failure("who is registered does not see it in the form")

    commands = await alice.plugin["xep_0030"].get_items(GATEWAY, node="http://jabber.org/protocol/commands")
    nodes = {item[1] for item in commands["disco_items"]["items"]}
    if not {"settings", "register", "unregister", "join", "status", "help"} <= nodes:
        raise Failure(f"ad-hoc commands offered: {nodes}")
    iq = alice.make_iq_set(ito=GATEWAY)
    command = ET.SubElement(iq.xml, "{http://jabber.org/protocol/commands}command",
                            {"node": "settings", "action": "execute"})
    answer = await iq.send(timeout=20)
    command = answer.xml.find("{http://jabber.org/protocol/commands}command")
    iq = alice.make_iq_set(ito=GATEWAY)
    complete = ET.SubElement(iq.xml, "{http://jabber.org/protocol/commands}command",
                             {"node": "settings", "action": "complete", "sessionid": command.get("sessionid")})
    form = ET.SubElement(complete, "{jabber:x:data}x", {"type": "submit"})
    field = ET.SubElement(form, "{jabber:x:data}field", {"var": "stay_connected"})
    ET.SubElement(field, "{jabber:x:data}value").text = "1"
    answer = await iq.send(timeout=20)
    if answer.xml.find("{http://jabber.org/protocol/commands}command").get("status") != "completed":
        raise Failure("the settings command did not complete")
    alice.say(GATEWAY, "settings")
    await alice.message(GATEWAY, "stay_connected: on")
    alice.say(GATEWAY, "what is this")
    await alice.message(GATEWAY, "[Hh]elp")

    iq = alice.make_iq_set(ito=GATEWAY)
    query = ET.SubElement(iq.xml, "{jabber:iq:register}query")
    ET.SubElement(query, "{jabber:iq:register}remove")
    await iq.send(timeout=20)
    await wait_for_answer(gateway, "online_users_count", "0")


async def scenario_answers_questions(world):
    prosody, ircd, gateway = await world.irc_component()
    alice, carol = await alice_in_the_lobby(world, prosody, ircd)
    info = await alice.plugin["xep_0030"].get_info(GATEWAY)
    identities = {(identity[0], identity[1]) for identity in info["disco_info"]["identities"]}
    features = set(info["disco_info"]["features"])
    if not any(category == "gateway" for category, _ in identities):
        raise Failure(f"identities of the gateway: {identities}")
    for feature in ("jabber:iq:register", "http://jabber.org/protocol/muc", "http://jabber.org/protocol/disco#info",
                    "http://jabber.org/protocol/commands", "urn:xmpp:ping", "jabber:iq:version"):
        if feature not in features:
            raise Failure(f"the gateway does not announce {feature}")
    version = await alice.plugin["xep_0092"].get_version(GATEWAY)
    if not version["software_version"]["version"]:
        raise Failure("no version")
    await alice.plugin["xep_0199"].send_ping(GATEWAY)
    await alice.plugin["xep_0199"].send_ping(f"{ROOM}/alice")  # XEP-0410
    card = await alice.plugin["xep_0054"].get_vcard(f"{ROOM}/carol")
    if "carol in person" not in (card["vcard_temp"]["FN"] or ""):
        raise Failure(f"carol's card says {card['vcard_temp']['FN']!r}")

    async def listed():
        rooms = await alice.plugin["xep_0030"].get_items(GATEWAY)
        return {item[0] for item in rooms["disco_items"]["items"]}
    await wait_answer(listed, lambda rooms: ROOM in rooms, "the list of rooms")

    for to, payload, conditions in (
            (GATEWAY, "{nobody:knows:this}query", ("feature-not-implemented", "service-unavailable")),
            (f"{ROOM}/carol", "{nobody:knows:this}query", ("feature-not-implemented", "service-unavailable")),
            (ROOM, "{nobody:knows:this}query", ("feature-not-implemented", "service-unavailable"))):
        iq = alice.make_iq_get(ito=to)
        ET.SubElement(iq.xml, payload)
        try:
            await iq.send(timeout=20)
        except IqError as error:
            if error.condition in conditions:
                continue
            raise Failure(f"{to} answered {error.condition}") from None
        raise Failure(f"{to} answered an impossible question")

    # IRC knows no name of a channel but its own.
    iq = alice.make_iq_set(ito=ROOM)
    query = ET.SubElement(iq.xml, "{http://jabber.org/protocol/muc#owner}query")
    form = ET.SubElement(query, "{jabber:x:data}x", type="submit")
    field = ET.SubElement(form, "{jabber:x:data}field", var="muc#roomconfig_roomname")
    ET.SubElement(field, "{jabber:x:data}value").text = "Our hall"
    try:
        await iq.send(timeout=20)
    except IqError as error:
        if error.condition not in ("feature-not-implemented", "not-allowed"):
            raise Failure(f"another name is answered with {error.condition}") from None
    else:
        raise Failure("IRC took another name for a channel")


async def scenario_errors_instead_of_silence(world):
    """Who is not registered is told so, whatever they try: the echo backend asks for registration."""
    prosody = await world.prosody()
    gateway = world.gateway(backend="echo")
    gateway.component_of(prosody)
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    bob = await world.person("bob@localhost", prosody.c2s_port)
    bob.say(f"#nowhere@{GATEWAY}", "is anybody there?", "groupchat")
    error = await bob.message(f"#nowhere@{GATEWAY}", kind="error")
    if error_condition(error) not in ("not-acceptable", "registration-required", "item-not-found"):
        raise Failure(f"a message to a room that one is not in gives {error_condition(error)}")
    bob.say(f"someone@{GATEWAY}", "is anybody there?")
    error = await bob.message(f"someone@{GATEWAY}", kind="error")
    if error_condition(error) != "registration-required":
        raise Failure(f"a message without registration gives {error_condition(error)}")
    bob.join(ROOM, "bob")
    error = await bob.presence(f"{ROOM}/bob", "error")
    if error_condition(error) != "registration-required":
        raise Failure(f"a join without registration gives {error_condition(error)}")


async def scenario_echo_with_registration(world):
    """A contact of the network comes to the roster, and answers; removal takes it away."""
    prosody = await world.prosody()
    gateway = world.gateway(backend="echo")
    gateway.component_of(prosody)
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await alice.register(GATEWAY, "alice", "password")
    await alice.presence(f"echo@{GATEWAY}", "available")
    alice.say(f"echo@{GATEWAY}", "hello", "chat")
    await alice.message(f"echo@{GATEWAY}", "hello", "chat")
    mark = alice.mark()
    alice.send_presence(ptype="unavailable")
    await wait_for_answer(gateway, "online_users_count", "0")
    alice.send_presence()
    await alice.presence(f"echo@{GATEWAY}", "available", mark)


async def scenario_nicknames_that_are_taken(world):
    """Somebody on IRC has the nickname: the person is let in under another one, and told."""
    prosody, ircd, _ = await world.irc_component()
    taken = await world.irc_client(ircd, "alice")
    await taken.join("#lobby")
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(ROOM, "alice")
    own = await wait_until(lambda: next((p for p in alice.presences if "110" in statuses(p)), None),
                           "own presence under another nickname")
    if own["from"].resource == "alice" or "210" not in statuses(own):
        raise Failure(f"own presence is {own}")
    mark = taken.mark()
    alice.say(ROOM, "under another name", "groupchat")
    await taken.expect(f"^:{own['from'].resource}!.* PRIVMSG #lobby :under another name$", mark)
