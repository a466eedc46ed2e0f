# SPDX-License-Identifier: MIT
"""XMPP in detail, through real Prosody: what is seldom done, done wrongly, or done while something ends."""
import re
import signal

from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

from harness.gateway import wait_for_answer
from harness.person import error_condition, muc_item, statuses
from harness.process import Failure, require, wait_until

GATEWAY = "irc.localhost"
ROOM = f"#lobby@{GATEWAY}"
CONNECTED = "connected to 127.0.0.1"
COMMANDS = "{http://jabber.org/protocol/commands}"
DATA = "{jabber:x:data}"
REGISTER = "{jabber:iq:register}"
STATES = "{http://jabber.org/protocol/chatstates}"


def element(text):
    return ET.fromstring(text)


async def ask(person, to, payload, kind="get"):
    """The payload of the answer, or the condition of the error as a string."""
    iq = person.make_iq_set(ito=to) if kind == "set" else person.make_iq_get(ito=to)
    iq.xml.append(element(payload))
    try:
        answer = await iq.send(timeout=20)
    except IqError as error:
        return error.condition
    return answer.xml[0] if len(answer.xml) else answer.xml


async def echo_gateway(world, **keys):
    """Prosody, the gateway with the echo backend, and alice, who is registered: (prosody, gateway, alice)."""
    prosody = await world.prosody()
    gateway = world.gateway(backend="echo")
    gateway.component_of(prosody)
    gateway.keys.update(keys)
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await alice.register(GATEWAY, "alice")
    await alice.presence(f"echo@{GATEWAY}", "available")
    return prosody, gateway, alice


async def lobby(world, **keys):
    """Prosody, ngircd, the gateway; carol on IRC and alice's client "desk" on XMPP, both in #lobby."""
    prosody, ircd, gateway = await world.irc_component(**keys)
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await world.person("alice@localhost/desk", prosody.c2s_port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    return prosody, gateway, alice, carol


# -------------------------------------------------------------------------------------------------- messages


async def scenario_messages_of_all_kinds(world):
    _, _, alice = await echo_gateway(world)
    echo = f"echo@{GATEWAY}"
    alice.say(echo, "first")
    await alice.message(echo, "^first$")
    message = alice.make_message(mto=echo, mtype="chat")
    message["chat_state"] = "composing"
    message.send()
    await alice.message(echo, where=lambda m: m.xml.find(f"{STATES}composing") is not None)
    # A correction, with a request for a receipt that nobody can give: the new text is readable.
    first = alice.say(echo, "teh text")
    await alice.message(echo, "^teh text$")
    message = alice.make_message(mto=echo, mbody="the text", mtype="chat")
    message.xml.append(element(f"<replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>"))
    message.xml.append(element("<request xmlns='urn:xmpp:receipts'/>"))
    message.send()
    await alice.message(echo, "the text")
    # XHTML comes back without what could hurt.
    message = alice.make_message(mto=echo, mbody="bold and bad", mtype="chat")
    message.xml.append(element(
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
        "<strong onclick='x()'>bold</strong> and <script>bad</script><a href='javascript:x()'>bad</a>"
        "</body></html>"))
    message.send()
    answer = await alice.message(echo, "^bold and bad$")
    html = answer.xml.find("{http://jabber.org/protocol/xhtml-im}html")
    require(html is not None, "the formatting is lost")
    text = ET.tostring(html, encoding="unicode")
    require("strong" in text and not any(word in text for word in ("onclick", "script", "javascript")),
            f"the formatting came back as {text}")
    # Sizes: 64 KiB at most; what is longer is refused, and nothing else suffers.
    alice.say(echo, "x" * 65536)
    await alice.message(echo, "^x{65536}$")
    sent = alice.say(echo, "y" * 65537)
    error = await alice.message(echo, kind="error", where=lambda m: m["id"] == sent)
    require(error_condition(error) == "not-acceptable", f"a message that is too long gives {error_condition(error)}")
    # Texts that other programs take for something else.
    for body in ("%s%n%d%%", "' \" \\ ` $(x) ${y}", "]]> <!-- & &amp; </body>", "\U0001f600\U0001f468\u200d\U0001f469 é e\u0301",
                 "/me waves", "/me", " leading and trailing ", "a\n\nb", "\u202eright to left", "null \\0 \\x00"):
        mark = alice.mark()
        alice.say(echo, body)
        answer = await alice.message(echo, after=mark, where=lambda m: bool(m["body"]))
        require(answer["body"] == body, f"{body!r} came back as {answer['body']!r}")


async def scenario_strange_names(world):
    """Contacts and rooms of any name: refused or taken, never lost, and the gateway lives on."""
    _, _, alice = await echo_gateway(world)
    for node in ("\\22quoted\\22", "100%25", "back\\5cslash", "\U0001f600", "%s%n%x", "a\\20b", "..\\2f..\\2fetc", "\\40",
                 "lobby\\2fecho", "x" * 1000, "'; DROP TABLE users; --".replace(" ", "\\20").replace("'", "\\27"),
                 "straße", "ΑΒΓ"):
        name = f"{node}@{GATEWAY}"
        iq = await ask(alice, name, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
        require(iq is not None, f"{node} does not answer")
        mark = alice.mark()
        presence = alice.make_presence(pto=f"{name}/alice")
        presence.xml.append(element("<x xmlns='http://jabber.org/protocol/muc'/>"))
        presence.send()
        error = await wait_until(lambda: next((p for p in alice.presences[mark[1]:] if p.xml.get("type") == "error"),
                                              None), f"an answer to the join of {node}")
        require(error_condition(error) == "item-not-found", f"{node} gives {error_condition(error)}")
        alice.say(name, "hello")
    alice.say(f"echo@{GATEWAY}", "still there?")
    await alice.message(f"echo@{GATEWAY}", "^still there\\?$")


async def scenario_old_messages_carry_their_time(world):
    fake = await world.fake_irc(capabilities="server-time away-notify")
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.irc(fake)
    await gateway.start()
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    fake.tell("@time=2020-02-03T04:05:06.789Z :carol!u@h PRIVMSG #lobby :old")
    old = await alice.message(f"{ROOM}/carol", "^old$", "groupchat")
    delay = old.xml.find("{urn:xmpp:delay}delay")
    require(delay is not None and delay.get("stamp").startswith("2020-02-03T04:05:06"),
            f"an old message is {old}")
    fake.tell(":carol!u@h PRIVMSG #lobby :new")
    new = await alice.message(f"{ROOM}/carol", "^new$", "groupchat")
    require(new.xml.find("{urn:xmpp:delay}delay") is None, "a new message has a delay")


# -------------------------------------------------------------------------------------------------- presence


async def scenario_two_clients_through_prosody(world):
    prosody, gateway, desk, carol = await lobby(world, **{"service.irc_away_timeout": "0"})
    phone = await world.person("alice@localhost/phone", prosody.c2s_port)
    phone.join(ROOM, "alice")
    await phone.joined(ROOM, "alice")
    await phone.presence(f"{ROOM}/carol", "available")
    mark = carol.mark()
    sent = phone.say(ROOM, "from the phone", "groupchat")
    await carol.expect("PRIVMSG #lobby :from the phone$", mark)
    echo = await phone.message(f"{ROOM}/alice", "^from the phone$", "groupchat")
    require(echo["id"] == sent, "the reflection has another id")
    await desk.message(f"{ROOM}/alice", "^from the phone$", "groupchat")
    # A private answer goes to the client that wrote.
    phone.say(f"{ROOM}/carol", "psst", "chat")
    await carol.expect("PRIVMSG carol :psst$")
    carol.send("PRIVMSG alice :yes?")
    await phone.message(f"{ROOM}/carol", "^yes\\?$", "chat")

    async def whois(pattern):
        mark = carol.mark()
        carol.send("WHOIS alice")
        await carol.expect(" 318 ", mark)
        return bool(carol.find(pattern, mark))

    async def becomes(pattern, wanted):
        for _ in range(400):
            if await whois(pattern) == wanted:
                return
        raise Failure(f"WHOIS does {'not ' if wanted else ''}say {pattern}")
    # The client with the highest priority speaks for the person.
    desk.send_presence(pto=GATEWAY, ppriority=5, pshow="away", pstatus="at the desk, away")
    phone.send_presence(pto=GATEWAY, ppriority=1, pshow="chat")
    await becomes(" 301 carol alice :at the desk, away$", True)
    phone.send_presence(pto=GATEWAY, ppriority=9)
    await becomes(" 301 ", False)
    # One leaves: the other stays in the room, on the network and in sight.
    mark = carol.mark()
    await phone.stop()
    await becomes(" 301 carol alice :at the desk, away$", True)
    desk.say(ROOM, "still here", "groupchat")
    await carol.expect("PRIVMSG #lobby :still here$", mark)
    require(not carol.find("^:alice!.* (PART|QUIT)", mark), "the second client threw the first one out")
    # One leaves the room only.
    desk.send_presence(pto=f"{ROOM}/alice", ptype="unavailable")
    await carol.expect("^:alice!.* PART #lobby", mark)
    await desk.stop()
    await carol.expect("^:alice!.* (PART|QUIT)", mark)
    await wait_for_answer(gateway, "online_users_count", "0")


async def scenario_room_errors(world):
    """Everything that cannot be done in a room is answered."""
    prosody, _, alice, carol = await lobby(world)

    async def error_of(stanza, name, kind="message"):
        mark = alice.mark()
        stanza.send()
        if kind == "message":
            return error_condition(await alice.message(name, kind="error", after=mark))
        return error_condition(await alice.presence(name, "error", mark))

    other = f"#other@{GATEWAY}"
    message = alice.make_message(mto=other, mbody="x", mtype="groupchat")
    require(await error_of(message, other) == "not-acceptable", "a message to a room that one is not in")
    message = alice.make_message(mto=f"{other}/carol", mbody="x", mtype="chat")
    require(await error_of(message, f"{other}/carol") == "not-acceptable", "a private message to such a room")
    message = alice.make_message(mto=f"{ROOM}/nobody", mbody="x", mtype="chat")
    require(await error_of(message, f"{ROOM}/nobody") == "item-not-found", "a private message to nobody")
    message = alice.make_message(mto=f"{ROOM}/carol", mbody="x", mtype="groupchat")
    require(await error_of(message, f"{ROOM}/carol") == "bad-request", "a room message to one person")
    presence = alice.make_presence(pto=other)
    presence.xml.append(element("<x xmlns='http://jabber.org/protocol/muc'/>"))
    require(await error_of(presence, other, "presence") == "jid-malformed", "a join without a nickname")
    dave = await world.irc_client(type("Port", (), {"port": carol.port}), "dave")
    await dave.join("#lobby")
    await alice.presence(f"{ROOM}/dave", "available")
    await dave.stop()
    await alice.presence(f"{ROOM}/dave", "unavailable")
    message = alice.make_message(mto=f"{ROOM}/dave", mbody="are you there?", mtype="chat")
    require(await error_of(message, f"{ROOM}/dave") == "item-not-found", "a private message to somebody who left")
    for payload, kind in (("<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='carol' role='none'/></query>", "set"),
                          ("<query xmlns='http://jabber.org/protocol/muc#owner'/>", "set"),
                          ("<query xmlns='jabber:iq:version'/>", "set"), ("<x xmlns='y'/>", "set")):
        answer = await ask(alice, ROOM, payload, kind)
        require(isinstance(answer, str), f"{payload} was answered with {answer}")
    for payload in ("<vCard xmlns='vcard-temp'/>", "<query xmlns='jabber:iq:last'/>", "<ping xmlns='urn:xmpp:ping'/>",
                    "<query xmlns='jabber:iq:version'/>"):
        await ask(alice, f"{ROOM}/nobody", payload)
    alice.send_presence(pto=f"{other}/alice", ptype="unavailable")  # was never there: nothing to say

    # XEP-0410, before and after leaving.
    ping = "<ping xmlns='urn:xmpp:ping'/>"
    require(not isinstance(await ask(alice, f"{ROOM}/alice", ping), str), "the self-ping fails")
    require(await ask(alice, f"{ROOM}/carol", ping) == "service-unavailable", "a ping to somebody else")
    require(await ask(alice, f"{ROOM}/nobody", ping) == "item-not-found", "a ping to nobody")
    alice.send_presence(pto=f"{ROOM}/alice", ptype="unavailable")
    await alice.presence(f"{ROOM}/alice", "unavailable")
    require(await ask(alice, f"{ROOM}/alice", ping) == "not-acceptable", "the self-ping after leaving")
    # A join again, and once more while in: everything is shown a second time.
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    mark = alice.mark()
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice", mark)
    await alice.presence(f"{ROOM}/carol", "available", mark)
    await alice.message(ROOM, kind="groupchat", after=mark, where=lambda m: "lobby" in m["subject"])


def items(*attributes, reason="too loud"):
    inner = "".join(f"<item {words}><reason>{reason}</reason></item>" for words in attributes)
    return f"<query xmlns='http://jabber.org/protocol/muc#admin'>{inner}</query>"


async def scenario_a_moderator_moderates(world):
    """XEP-0045 8 and 9, on a real IRC server: what is answered with a result has happened there."""
    prosody, ircd, _ = await world.irc_component()
    room = f"#own@{GATEWAY}"
    alice = await world.person("alice@localhost/desk", prosody.c2s_port)
    alice.join(room, "alice")
    await alice.joined(room, "alice")  # the first one is the operator
    carol, dave = [await world.irc_client(ircd, name) for name in ("carol", "dave")]
    for client in (carol, dave):
        await client.join("#own")
        await alice.presence(f"{room}/{client.nick}", "available")

    async def do(*words):
        answer = await ask(alice, room, items(*words), "set")
        require(not isinstance(answer, str), f"{words} is answered with {answer}")

    async def is_shown(nick, affiliation, role, after):
        await alice.presence(f"{room}/{nick}", "available", after, where=lambda p: (
            muc_item(p).get("affiliation"), muc_item(p).get("role")) == (affiliation, role))
    irc_mark, mark = carol.mark(), alice.mark()
    await do("nick='dave' role='none'")
    await carol.expect("^:alice!.* KICK #own dave :too loud$", irc_mark)
    gone = await alice.presence(f"{room}/dave", "unavailable", mark)
    require("307" in statuses(gone) and muc_item(gone).get("role") == "none", f"he is shown out as {gone}")
    await dave.join("#own")
    await alice.presence(f"{room}/dave", "available", mark)
    # Ranks, each way that a client has to say them.
    for item, mode, affiliation, role in (("affiliation='member'", "[+]v", "member", "participant"),
                                          ("role='moderator'", "[+]o", "admin", "moderator"),
                                          ("role='participant'", "-o", "none", "participant")):
        irc_mark, mark = carol.mark(), alice.mark()
        await do(f"nick='dave' {item}")
        await carol.expect(rf"^:alice!.* MODE #own {mode} dave", irc_mark)
        await is_shown("dave", affiliation, role, mark)
    # A ban holds, and is taken back.
    irc_mark, mark = carol.mark(), alice.mark()
    await do("nick='dave' affiliation='outcast'")
    await carol.expect(r"^:alice!.* MODE #own [+]b ", irc_mark)
    await alice.presence(f"{room}/dave", "unavailable", mark)
    dave_mark = dave.mark()
    dave.send("JOIN #own")
    await dave.expect(" 474 dave #own ", dave_mark)
    await do("nick='dave' affiliation='none'")
    await carol.expect(r"^:alice!.* MODE #own -b ", irc_mark)
    mark = alice.mark()
    await dave.join("#own")
    await alice.presence(f"{room}/dave", "available", mark)
    # Lists are what there is.
    answer = await ask(alice, room, "<query xmlns='http://jabber.org/protocol/muc#admin'><item role='moderator'/></query>")
    require([item.get("nick") for item in answer] == ["alice"], f"moderators are {[item.attrib for item in answer]}")
    # IRC has no names for channels.
    form = ("<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>"
            "<field var='muc#roomconfig_roomname'><value>Our hall</value></field></x></query>")
    require(await ask(alice, room, form, "set") == "feature-not-implemented", "the channel has a name")
    # Two at once, of whom one is not there: the one that can be is put out.
    irc_mark = carol.mark()
    answer = await ask(alice, room, items("nick='dave' role='none'", "nick='nobody' role='none'"), "set")
    require(answer == "item-not-found", f"the answer is {answer}")
    await carol.expect("^:alice!.* KICK #own dave ", irc_mark)
    # And the other way: alice is no operator any more, and is put out herself.
    mark = alice.mark()
    await do("nick='carol' role='moderator'")
    carol.send("MODE #own -o alice")
    await is_shown("alice", "none", "participant", mark)
    for words in ("nick='carol' role='none'", "nick='carol' affiliation='outcast'", "nick='carol' role='participant'"):
        answer = await ask(alice, room, items(words), "set")
        require(answer == "not-allowed", f"{words} without power is answered with {answer}")
    carol.send("TOPIC #own :hers")
    carol.send("MODE #own +t")
    await carol.expect("MODE #own [+]t", irc_mark)
    subject = alice.make_message(mto=room, mtype="groupchat")
    subject["subject"] = "mine"
    mark = alice.mark()
    subject.send()
    error = await alice.message(room, kind="error", after=mark)
    require(error_condition(error) == "not-allowed", f"the subject is answered with {error}")
    carol.send("KICK #own alice :your turn")
    gone = await alice.presence(f"{room}/alice", "unavailable", mark, where=lambda p: "307" in statuses(p))
    require("110" in statuses(gone), f"she is shown out as {gone}")


async def scenario_the_list_of_bans(world):
    """XEP-0045 9.2 on a real IRC server: bans that put somebody out, and masks that were set in advance."""
    prosody, ircd, gateway = await world.irc_component()
    room = f"#own@{GATEWAY}"
    alice = await world.person("alice@localhost/desk", prosody.c2s_port)
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    carol, dave = [await world.irc_client(ircd, name) for name in ("carol", "dave")]
    for client in (carol, dave):
        await client.join("#own")
        await alice.presence(f"{room}/{client.nick}", "available")

    async def do(words, expected=None):
        answer = await ask(alice, room, items(words), "set")
        require((answer if isinstance(answer, str) else None) == expected, f"{words} is answered with {answer}")

    async def listed():
        answer = await ask(alice, room, items("affiliation='outcast'"))
        require(not isinstance(answer, str), f"the list is answered with {answer}")
        return {item.get("jid").removeprefix(f"{room}/"): item for item in answer}

    async def command(line, answer):
        mark = alice.mark()
        alice.say(GATEWAY, line)
        return (await alice.message(GATEWAY, answer, after=mark))["body"]
    require(not await listed(), "somebody is banned")
    await command("room-bans #own", "^Nobody is banned from #own")
    irc_mark = carol.mark()
    await do("nick='*!*@*.example.net' affiliation='outcast'")
    await carol.expect(r"^:alice!.* MODE #own [+]b \*!\*@\*\.example\.net", irc_mark)
    await do("nick='dave' affiliation='outcast'")
    await carol.expect(r"^:alice!.* KICK #own dave", irc_mark)
    bans = await listed()
    by_host, = set(bans) - {"*!*@*.example.net"}
    require(len(bans) == 2 and by_host.startswith("*!*@"), f"banned are {list(bans)}")
    item = bans[by_host]
    require(item.get("nick") == "dave" and by_host in item[0].text and item.get("affiliation") == "outcast",
            f"dave is listed as {item.attrib}")
    as_jids = await alice["xep_0045"].get_affiliation_list(room, "outcast")
    require(f"{room}/{by_host}" in [str(jid) for jid in as_jids], f"to a client's library they are {as_jids}")
    text = await command("room-bans #own", "^Banned from #own:")
    require(f"\n{by_host} (dave)" in text and "\n*!*@*.example.net" in text, f"the command lists {text}")
    # As clients take back what is listed: by its address.
    irc_mark = carol.mark()
    await do(f"jid='{room}/{by_host}' affiliation='none'")
    await carol.expect(rf"^:alice!.* MODE #own -b {re.escape(by_host)}", irc_mark)
    require(list(await listed()) == ["*!*@*.example.net"], "the list is not shorter")
    mark = alice.mark()
    await dave.join("#own")
    await alice.presence(f"{room}/dave", "available", mark)
    # A mask that means others as well is not taken back for the sake of one.
    await do("nick='d?ve!*@*' affiliation='outcast'")
    await do("nick='dave' role='none'")
    await alice.presence(f"{room}/dave", "unavailable", mark)
    await do("nick='dave' affiliation='none'", "not-allowed")
    require("d?ve!*@*" in await listed(), "others may come back as well")
    await command("room-unban #own d?ve!*@*", "is to take the ban of")
    await carol.expect(r"^:alice!.* MODE #own -b d\?ve!", irc_mark)
    for words in ("nick='dave' affiliation='none'", f"jid='{room}/*!*@nowhere' affiliation='none'"):
        await do(words, "not-allowed")
    await dave.join("#own")
    # Of a room where one is not.
    await command("room-bans #elsewhere", "You are not in #elsewhere")
    require(await ask(alice, f"#elsewhere@{GATEWAY}", items("affiliation='outcast'")) == "not-acceptable", "it is listed")
    # A core that takes over knows as much: nothing is kept.
    await gateway.kill_core()
    await gateway.start()
    await gateway.process.wait_log("1 sessions go on")
    await gateway.process.wait_log(CONNECTED)
    alice.say(room, "still here", "groupchat")
    await alice.message(f"{room}/alice", "^still here$", "groupchat", mark)
    require(list(await listed()) == ["*!*@*.example.net"], "the bans are gone with the core")


async def scenario_questions_and_storage(world):
    prosody, _, alice, carol = await lobby(world)
    info = await ask(alice, ROOM, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    identity = info.find("{http://jabber.org/protocol/disco#info}identity")
    require(identity is not None and identity.get("category") == "conference", f"the room is {ET.tostring(info)}")
    for to in (ROOM, f"{ROOM}/carol", f"carol@{GATEWAY}"):
        items = await ask(alice, to, "<query xmlns='http://jabber.org/protocol/disco#items'/>")
        require(not isinstance(items, str), f"{to} gives {items} for its items")
    info = await ask(alice, GATEWAY, "<query xmlns='http://jabber.org/protocol/disco#info' node='no such node'/>")
    require(info == "item-not-found", f"an unknown node gives {info}")
    last = await ask(alice, GATEWAY, "<query xmlns='jabber:iq:last'/>")
    require(last.get("seconds", "").isdigit(), "no uptime")
    version = await ask(alice, GATEWAY, "<query xmlns='jabber:iq:version'/>")
    require(version.findtext("{jabber:iq:version}name") == "libtransport", "no version")
    time = await ask(alice, GATEWAY, "<time xmlns='urn:xmpp:time'/>")
    require(time == "feature-not-implemented", f"the time gives {time}")
    card = await ask(alice, GATEWAY, "<vCard xmlns='vcard-temp'/>")
    require(isinstance(card, str) or card.tag == "{vcard-temp}vCard", f"the card of the gateway is {card}")
    # jabber:iq:gateway
    prompt = await ask(alice, GATEWAY, "<query xmlns='jabber:iq:gateway'/>")
    require(prompt.find("{jabber:iq:gateway}prompt") is not None, "no prompt")
    jid = await ask(alice, GATEWAY, "<query xmlns='jabber:iq:gateway'><prompt>Carol</prompt></query>", "set")
    require((jid.findtext("{jabber:iq:gateway}jid") or "").lower() == f"carol@{GATEWAY}", "the JID of a contact")
    nothing = await ask(alice, GATEWAY, "<query xmlns='jabber:iq:gateway'><prompt></prompt></query>", "set")
    require(nothing == "not-acceptable", f"an empty name gives {nothing}")
    # Private storage: bookmarks survive, other things are refused.
    private = "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>%s</storage></query>"
    room = f"<conference jid='{ROOM}' name='a &lt;b&gt; &amp; &quot;c&quot;' autojoin='1'><nick>alice</nick></conference>"
    require(not isinstance(await ask(alice, GATEWAY, private % room, "set"), str), "bookmarks are not stored")
    stored = await ask(alice, GATEWAY, private % "")
    conference = stored.find("{storage:bookmarks}storage/{storage:bookmarks}conference")
    require(conference is not None and conference.get("name") == 'a <b> & "c"', f"stored: {ET.tostring(stored)}")
    other = await ask(alice, GATEWAY, "<query xmlns='jabber:iq:private'><x xmlns='y'/></query>", "set")
    require(other == "not-acceptable", f"other private things give {other}")


# ------------------------------------------------------------------------------- registration and commands


async def scenario_registration_in_every_way(world):
    prosody, gateway, alice = await echo_gateway(world)
    # alice is registered by the plain fields; again, with a form and another name.
    form = ("<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>"
            "<field var='FORM_TYPE'><value>jabber:iq:register</value></field>%s</x></query>")
    field = "<field var='%s'><value>%s</value></field>"
    mark = alice.mark()
    answer = await ask(alice, GATEWAY, form % (field % ("username", "alicia")), "set")
    require(not isinstance(answer, str), f"a form gives {answer}")
    await alice.presence(f"echo@{GATEWAY}", "available", mark)
    require("alicia" in await gateway.control("online_users"), "the new name is not in use")
    again = await alice.plugin["xep_0077"].get_registration(jid=GATEWAY)
    require(again.xml.find(f"{REGISTER}query").findtext(f"{REGISTER}username") == "alicia", "the form has the old name")
    # bob tries what cannot be.
    bob = await world.person("bob@localhost", prosody.c2s_port)
    for query in (form % "", form % (field % ("username", "")), form % (field % ("username", "bob@localhost")),
                  "<query xmlns='jabber:iq:register'/>", form % (field % ("username", "x" * 5000))):
        answer = await ask(bob, GATEWAY, query, "set")
        require(answer in ("not-acceptable", "bad-request"), f"{query[:150]} gives {answer}")
    answer = await ask(bob, GATEWAY, form % (field % ("username", "alicia")), "set")
    require(isinstance(answer, str), "two people have one name without a password")
    answer = await ask(bob, GATEWAY, "<query xmlns='jabber:iq:register'><remove/></query>", "set")
    require(answer == "registration-required", f"removing what is not there gives {answer}")
    answer = await ask(bob, GATEWAY, "<query xmlns='jabber:iq:register'>"
                       "<x xmlns='jabber:x:data' type='cancel'/></query>", "set")
    require(not isinstance(answer, str), f"giving up gives {answer}")
    # Removal takes the contact and the gateway away, although Prosody gives no rights to rosters.
    def subscription(jid):
        return alice.client_roster[jid]["subscription"]
    await wait_until(lambda: subscription(f"echo@{GATEWAY}") == "both", "a subscription in both directions")
    answer = await ask(alice, GATEWAY, form % (field % ("unregister", "1")), "set")
    require(not isinstance(answer, str), f"unregistering gives {answer}")
    for jid in (f"echo@{GATEWAY}", GATEWAY):
        await wait_until(lambda: subscription(jid) in ("none", "remove"), f"{jid} to leave the roster")
    alice.say(f"echo@{GATEWAY}", "anybody there?")
    error = await alice.message(f"echo@{GATEWAY}", kind="error")
    require(error_condition(error) == "registration-required", f"afterwards it is {error_condition(error)}")


def command(node, action=None, session=None, inner=""):
    more = f" action='{action}'" if action else ""
    more += f" sessionid='{session}'" if session else ""
    return f"<command xmlns='http://jabber.org/protocol/commands' node='{node}'{more}>{inner}</command>"


async def scenario_commands_done_wrongly(world):
    prosody, gateway, alice = await echo_gateway(world)
    first = await ask(alice, GATEWAY, command("settings"), "set")
    require(first.get("status") == "executing" and first.find(f"{DATA}x") is not None, "no form")
    session = first.get("sessionid")
    cancelled = await ask(alice, GATEWAY, command("settings", "cancel", session), "set")
    require(cancelled.get("status") == "canceled", f"cancelling gives {cancelled.get('status')}")
    again = await ask(alice, GATEWAY, command("settings", "complete", session), "set")
    require(again == "bad-request", f"a cancelled session gives {again}")
    for payload, conditions in (
            (command("no such command"), ("item-not-found",)),
            (command("settings", "dance"), ("bad-request",)),
            (command("settings", "complete"), ("bad-request",)),
            (command("settings", "execute", "not a session"), ("bad-request",)),
            (command(""), ("bad-request", "item-not-found")),
            ("<command xmlns='http://jabber.org/protocol/commands'/>", ("bad-request",))):
        answer = await ask(alice, GATEWAY, payload, "set")
        require(answer in conditions, f"{payload} gives {answer}")
    # Another's session is nobody's; another command's neither.
    session = (await ask(alice, GATEWAY, command("settings"), "set")).get("sessionid")
    bob = await world.person("bob@localhost", prosody.c2s_port)
    answer = await ask(bob, GATEWAY, command("settings", "complete", session), "set")
    require(answer in ("bad-request", "forbidden"), f"the session of another gives {answer}")
    answer = await ask(alice, GATEWAY, command("join", "complete", session), "set")
    require(answer == "bad-request", f"the session of another command gives {answer}")
    # Bad input completes with an error that says what is missing.
    session = (await ask(alice, GATEWAY, command("join"), "set")).get("sessionid")
    answer = await ask(alice, GATEWAY, command("join", "complete", session,
                                               "<x xmlns='jabber:x:data' type='submit'/>"), "set")
    note = answer.find(f"{COMMANDS}note")
    require(note is not None and note.get("type") == "error" and note.text, "a form without its field is accepted")
    # Forms that nobody sends are limited.
    answers = [await ask(bob, GATEWAY, command("join"), "set") for _ in range(8)]
    require("resource-constraint" in answers or "forbidden" in answers, "forms without end")
    # As text: help, quotes without end, too many words, and people who may not.
    for line, wanted in (("help", "I understand"), ("join \"x", "[Qq]uote"), ("settings stay_connected", "Say: settings NAME on"),
                         (" ".join(["join"] * 40), "words|sense"), ("%s%n%x", "understand"), ("reload", "understand")):
        mark = alice.mark()
        alice.say(GATEWAY, line)
        await alice.message(GATEWAY, wanted, after=mark)


# ------------------------------------------------------------------------------------- a gateway that goes


async def scenario_stopped_and_started_again(world):
    """People are told that it goes; when it is back they are asked, and are there again without a hand's turn."""
    prosody, gateway, alice, carol = await lobby(world)
    mark, irc_mark = alice.mark(), carol.mark()
    await alice.register(GATEWAY, "alice_irc", "no matter")
    await alice.presence(GATEWAY, "available")
    await wait_until(lambda: alice.client_roster[GATEWAY]["subscription"] in ("both", "from"), "a subscription")
    # The registration was changed in the room: one is in it again, under the new name.
    await carol.expect("^:alice_irc!.* JOIN :?#lobby", irc_mark)
    renamed = await alice.presence(f"{ROOM}/alice", "unavailable", mark)
    require({"303", "110"} <= statuses(renamed) and muc_item(renamed).get("nick") == "alice_irc",
            f"another name in the room is told as {renamed}")
    await alice.joined(ROOM, "alice_irc", mark)
    alice.say(ROOM, "registered", "groupchat")
    await carol.expect("PRIVMSG #lobby :registered$", irc_mark)
    for how in (signal.SIGTERM, signal.SIGKILL):
        mark, irc_mark = alice.mark(), carol.mark()
        if how == signal.SIGTERM:
            await gateway.stop()
            gone = await alice.presence(f"{ROOM}/alice_irc", "unavailable", mark,
                                        where=lambda p: "332" in statuses(p))
            require("110" in statuses(gone), f"the end of a room has status {statuses(gone)}")
            await alice.presence(GATEWAY, "unavailable", mark)
            await carol.expect("^:alice\\S* QUIT", irc_mark)
        else:
            await gateway.kill_core()
        mark = alice.mark()
        await gateway.start()
        if how == signal.SIGKILL:  # nobody was told, as the session goes on
            await gateway.process.wait_log(CONNECTED)
            alice.say(ROOM, "not into the void", "groupchat")
            await carol.expect("^:alice_irc!.* PRIVMSG #lobby :not into the void$", irc_mark)
            require(not carol.find("^:alice\\S* QUIT", irc_mark), "IRC has noticed the end of the core")
        await alice.presence(GATEWAY, "available", mark, 30)
        await wait_for_answer(gateway, "online_users_count", "1")
        alice.join(ROOM, "alice_irc")
        await alice.joined(ROOM, "alice_irc", mark)
        irc_mark = carol.mark()
        alice.say(ROOM, f"back after {how.name}", "groupchat")
        await carol.expect(f"PRIVMSG #lobby :back after {how.name}$", irc_mark)


async def scenario_network_away_at_the_login(world):
    """The person is told why nothing works, and gets in later."""
    ircd = await world.ngircd()
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.irc(ircd)
    await ircd.process.stop()
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(ROOM, "alice")
    error = await alice.presence(f"{ROOM}/alice", "error", timeout=40)
    require(error_condition(error) == "recipient-unavailable", f"the join gives {error_condition(error)}")
    said = await alice.message(GATEWAY, "onnect")
    require(said.xml.find("{http://spectrum.im/error}spectrumerror") is not None, "no <spectrumerror/>")
    await ircd.start()
    mark = alice.mark()
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice", mark)


async def scenario_clients_that_vanish(world):
    """A client whose connection breaks is gone from the network, one that comes back is in again."""
    prosody, gateway, alice, carol = await lobby(world)
    mark = carol.mark()
    alice.abort()
    await carol.expect("^:alice!.* (PART|QUIT)", mark)
    await wait_for_answer(gateway, "online_users_count", "0")
    again = await world.person("alice@localhost/desk", prosody.c2s_port)
    again.join(ROOM, "alice")
    await again.joined(ROOM, "alice")
    mark = carol.mark()
    again.say(ROOM, "again", "groupchat")
    await carol.expect("^:alice!.* PRIVMSG #lobby :again$", mark)


async def scenario_contacts_and_invitations(world):
    prosody, gateway, alice, carol = await lobby(world)
    alice.send_presence(pto=GATEWAY)
    await alice.presence(GATEWAY, "available")
    contact = f"carol@{GATEWAY}"
    alice.send_presence(pto=contact, ptype="subscribe")
    await alice.presence(contact, "subscribed")
    mark = carol.mark()
    alice.say(contact, "hello")
    await carol.expect("PRIVMSG carol :hello$", mark)
    carol.send("PRIVMSG alice :hi")
    await alice.message(contact, "^hi$", "chat")
    alice.send_presence(pto=contact, ptype="unsubscribe")
    await wait_until(lambda: alice.client_roster[contact]["subscription"] == "none", "the contact to let go")
    # Joining by command: the client is invited (XEP-0249).
    alice.say(GATEWAY, "join #other")
    invitation = await alice.message(GATEWAY, where=lambda m: m.xml.find("{jabber:x:conference}x") is not None)
    require(invitation.xml.find("{jabber:x:conference}x").get("jid") == f"#other@{GATEWAY}", f"invited by {invitation}")
    # Nobody is invited by a gateway that has no invitations, and that is said.
    message = alice.make_message(mto=ROOM)
    message.xml.append(element("<x xmlns='http://jabber.org/protocol/muc#user'><invite to='bob@localhost'/></x>"))
    mark = alice.mark()
    message.send()
    error = await alice.message(ROOM, kind="error", after=mark)
    require(error_condition(error) == "feature-not-implemented", f"an invitation gives {error_condition(error)}")


async def scenario_password_refused_and_changed(world):
    """A wrong password is said to be one; the right one, by registering again, logs in at once."""
    ircd = await world.ngircd(password="sesame")
    prosody = await world.prosody()
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.irc(ircd)
    gateway.keys["service.irc_send_pass"] = "1"
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await alice.register(GATEWAY, "alice", "wrong")
    said = await alice.message(GATEWAY, "[Pp]assword")
    problem = said.xml.find("{http://spectrum.im/error}spectrumerror")
    require(problem is not None and problem.text == "CONNECTION_ERROR_AUTHENTICATION_FAILED", f"it is told as {said}")
    alice.join(ROOM, "alice")
    error = await alice.presence(f"{ROOM}/alice", "error")
    require(error_condition(error) in ("recipient-unavailable", "not-authorized"), f"a join gives {error}")
    mark = alice.mark()
    await alice.register(GATEWAY, "alice", "sesame")
    await alice.presence(GATEWAY, "available", mark)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice", mark)
