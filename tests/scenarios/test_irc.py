# SPDX-License-Identifier: MIT
"""The IRC backend on real ngircd. The gateway is the person's server here, as that needs no Prosody."""
import sqlite3
import ssl
from contextlib import closing

from slixmpp.xmlstream import ET

from harness.certificates import Authority
from harness.person import error_condition, muc_item, statuses
from harness.process import Failure, free_port, require, wait_until
from harness.raw import RawClient, sasl_plain

DOMAIN = "localhost"
ROOM = f"#lobby@{DOMAIN}"
XHTML_IM = "{http://jabber.org/protocol/xhtml-im}"
XHTML = "{http://www.w3.org/1999/xhtml}"


async def in_the_lobby(world, **keys):
    """alice on XMPP and carol on IRC, both in #lobby: (alice, carol, ircd, gateway)."""
    ircd, gateway = await world.irc_server(**keys)
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    return alice, carol, ircd, gateway


def error_text(stanza):
    texts = [text.text for text in stanza.xml.iter("{urn:ietf:params:xml:ns:xmpp-stanzas}text")]
    return texts[0] if texts else ""


async def refused(person, room, nick, password=None):
    """The condition and the sentence of a join that fails."""
    mark = person.mark()
    person.join(room, nick, password)
    answer = await person.presence(f"{room}/{nick}", "error", mark)
    return error_condition(answer), error_text(answer)


def thrown_out(person, room, nick, after):
    return any(p["from"].full == f"{room}/{nick}" and p.xml.get("type") == "unavailable"
               for p in person.presences[after[1]:])


# ------------------------------------------------------------------------------------------ several networks


async def scenario_two_networks_at_once(world):
    """The server stands in the address of a room or contact; the same nickname is two people."""
    one, two = await world.ngircd(), await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.keys.update({"irc.allow_private": "1"})
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    carols = []
    for ircd in (one, two):
        carol = await world.irc_client(ircd, "carol")
        await carol.join("#lobby")
        carols.append(carol)
        room = f"#lobby%127.0.0.1\\3a{ircd.port}@{DOMAIN}"
        alice.join(room, "alice")
        await alice.joined(room, "alice")
        await alice.presence(f"{room}/carol", "available")
    rooms = [f"#lobby%127.0.0.1\\3a{ircd.port}@{DOMAIN}" for ircd in (one, two)]
    people = [f"carol%127.0.0.1\\3a{ircd.port}@{DOMAIN}" for ircd in (one, two)]
    marks = [carol.mark() for carol in carols]
    for number in (0, 1):
        alice.say(rooms[number], f"to network {number}", "groupchat")
        await carols[number].expect(f"PRIVMSG #lobby :to network {number}$", marks[number])
        carols[number].send(f"PRIVMSG #lobby :from network {number}")
        await alice.message(f"{rooms[number]}/carol", f"^from network {number}$", "groupchat")
        carols[number].send(f"PRIVMSG alice :in private {number}")
        heard = await alice.message(body=f"^in private {number}$", kind="chat")
        require(heard["from"].bare == people[number], f"a private message came from {heard['from']}")
        alice.say(people[number], f"answer {number}")
        await carols[number].expect(f"PRIVMSG carol :answer {number}$", marks[number])
        alice.say(people[number].replace("%", "\\40"), f"other form {number}")
        await carols[number].expect(f"PRIVMSG carol :other form {number}$", marks[number])
    require(not carols[0].find("network 1|answer 1") and not carols[1].find("network 0|answer 0"),
            "a message went to the wrong network")
    # One network goes: the other stays.
    mark = alice.mark()
    await one.stop()
    await alice.message(rooms[0], "connection to .* was lost", "groupchat", mark)
    alice.say(rooms[1], "still here", "groupchat")
    await carols[1].expect("PRIVMSG #lobby :still here$")
    # What cannot be a server, or is none, is refused in words.
    condition, text = await refused(alice, f"#lobby%127.0.0.1\\3a{free_port()}@{DOMAIN}", "alice")
    require(condition and "connect" in text, f"no server there: {condition} {text!r}")
    condition, text = await refused(alice, f"#lobby@{DOMAIN}", "alice")
    require(condition and "server" in text, f"no server named: {condition} {text!r}")
    sent = alice.say(f"nobody@{DOMAIN}", "hello?")
    error = await alice.message(f"nobody@{DOMAIN}", kind="error")
    require(error["id"] == sent and "server" in error["error"]["text"], f"no server named: {error}")


async def scenario_private_addresses_are_refused(world):
    """Without irc.allow_private nobody reaches what listens inside, under whatever name."""
    ircd = await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.keys.update({"irc.allowed_server": ["127.0.0.1", "localhost", "2130706433"]})
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    for host in ("127.0.0.1", "localhost", "2130706433"):
        condition, text = await refused(alice, f"#lobby%{host}\\3a{ircd.port}@{DOMAIN}", "alice")
        require("private" in text, f"{host} gives {condition} {text!r}")
    condition, text = await refused(alice, f"#lobby%irc.example.org@{DOMAIN}", "alice")
    require("does not connect to irc.example.org" in text, f"another host gives {condition} {text!r}")


# ------------------------------------------------------------------------------------------------------- TLS


async def login_fails(gateway, name="alice", password="secret"):
    """The text of a <failure/>."""
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send(sasl_plain(name, password))
    await raw.expect("</failure>", 30)
    await raw.close()
    return raw.seen[raw.seen.index("<failure"):]


async def scenario_tls_is_verified(world):
    authority, stranger = Authority(world.folder), Authority(world.folder, "stranger")
    right = await world.ngircd(certificate=authority.issue("right", "IP:127.0.0.1"))
    wrong = await world.ngircd(certificate=authority.issue("wrong", "DNS:irc.example.org"))
    own = await world.ngircd(certificate=stranger.issue("own", "IP:127.0.0.1"))
    context = ssl.create_default_context(cafile=authority.certificate)
    carol = await world.irc_client(right, "carol", tls=context)
    await carol.join("#lobby")
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.keys.update({"irc.allow_private": "1", "irc.ca_file": authority.certificate})
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    room = f"#lobby%127.0.0.1\\3a+{right.port}@{DOMAIN}"
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    alice.say(room, "over TLS", "groupchat")
    await carol.expect("^:alice!.* PRIVMSG #lobby :over TLS$")
    for ircd, word in ((wrong, "mismatch"), (own, "certificate")):
        condition, text = await refused(alice, f"#lobby%127.0.0.1\\3a+{ircd.port}@{DOMAIN}", "alice")
        require("certificate is not accepted" in text and word in text, f"{word}: {condition} {text!r}")
    plain = await world.fake_irc(greeting="NOTICE * :*** Looking up your hostname")
    condition, text = await refused(alice, f"#lobby%127.0.0.1\\3a+{plain.port}@{DOMAIN}", "alice")
    require("TLS" in text, f"a server without TLS gives {condition} {text!r}")


async def scenario_tls_of_the_one_network(world):
    """The same with service.irc_server: the person's login fails with the sentence."""
    authority, stranger = Authority(world.folder), Authority(world.folder, "stranger")
    ircd = await world.ngircd(certificate=stranger.issue("own", "IP:127.0.0.1"))
    _, gateway = await world.irc_server(ircd, **{"service.irc_tls": "always", "irc.ca_file": authority.certificate})
    failure = await login_fails(gateway)
    require("certificate is not accepted" in failure, f"the login fails with {failure}")
    await gateway.stop()
    gateway.keys["irc.ca_file"] = stranger.certificate
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")


# ------------------------------------------------------------------------------------------------- passwords


async def scenario_password_for_nickserv(world):
    ircd = await world.ngircd()
    services = await world.irc_client(ircd, "NickServ")
    _, gateway = await world.irc_server(ircd)
    await world.person(f"alice@{DOMAIN}", gateway.port, password="pa ss$name%s")
    await services.expect("^:alice!.* PRIVMSG NickServ :identify pa ss\\$name%s$")


async def scenario_password_for_the_server(world):
    """service.irc_send_pass: the network refuses a wrong password, and that is said as one."""
    ircd = await world.ngircd(password="sesame")
    services = await world.irc_client(ircd, "NickServ", password="sesame")
    _, gateway = await world.irc_server(ircd, **{"service.irc_send_pass": "1"})
    failure = await login_fails(gateway, password="wrong")
    require("<not-authorized" in failure, f"a wrong password gives {failure}")
    with closing(sqlite3.connect(gateway.keys["database.database"])) as database:
        accounts = database.execute("SELECT COUNT(*) FROM users").fetchone()[0]
    require(accounts == 0, "an account was made for a wrong password")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, password="sesame")
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    require(not services.find("PRIVMSG NickServ"), "the server's password was told to NickServ")


async def scenario_sasl(world):
    long = "x" * 290  # its base64 has 400 characters or more: two pieces
    fake = await world.fake_irc(capabilities="multi-prefix sasl=EXTERNAL,PLAIN away-notify")
    fake.passwords = {"alice": "secret", "bob": long}
    _, gateway = await world.irc_server(fake)
    await world.person(f"alice@{DOMAIN}", gateway.port)
    await world.person(f"bob@{DOMAIN}", gateway.port, password=long)
    require(fake.logins == ["alice", "bob"], f"SASL accepted {fake.logins}")
    failure = await login_fails(gateway, "mallory", "guess")
    require("<not-authorized" in failure, f"a wrong password gives {failure}")
    require(not [line for line in fake.lines if "NickServ" in line], "the password was told to NickServ as well")


# ------------------------------------------------------------------------------------------ joins that fail


async def scenario_joins_that_fail(world):
    alice, carol, _, _ = await in_the_lobby(world)
    for channel, mode in (("#key", "+k sesame"), ("#invited", "+i"), ("#full", "+l 1"), ("#banned", "+b alice!*@*")):
        await carol.join(channel)
        mark = carol.mark()
        carol.send(f"MODE {channel} {mode}")
        await carol.expect(f"MODE {channel} \\{mode[:2]}", mark)
    condition, text = await refused(alice, f"#key@{DOMAIN}", "alice")
    require(condition == "not-authorized" and "+k" in text, f"+k gives {condition} {text!r}")
    condition, text = await refused(alice, f"#key@{DOMAIN}", "alice", "open")
    require(condition == "not-authorized", f"a wrong key gives {condition} {text!r}")
    alice.join(f"#key@{DOMAIN}", "alice", "sesame")
    await alice.joined(f"#key@{DOMAIN}", "alice")
    for channel, word, wanted in (("invited", "+i", "registration-required"), ("full", "+l", "service-unavailable"),
                                  ("banned", "+b", "forbidden")):
        condition, text = await refused(alice, f"#{channel}@{DOMAIN}", "alice")
        require(word in text, f"{channel} gives {condition} {text!r}")
        require(condition in (wanted, "not-authorized"), f"{channel} gives {condition}")
    mark = alice.mark()
    carol.send("INVITE alice #invited")
    await alice.message(body="invites you to #invited", after=mark)
    alice.join(f"#invited@{DOMAIN}", "alice")
    await alice.joined(f"#invited@{DOMAIN}", "alice")
    for name in ("#a,b", "no-channel", "#x\\20y", "#" + "x" * 300):
        condition, text = await refused(alice, f"{name}@{DOMAIN}", "alice")
        require(condition in ("item-not-found", "not-acceptable", "bad-request"), f"{name} gives {condition} {text!r}")
    require(not carol.find("JOIN :?#a"), "one name became two channels")


async def scenario_kick_and_ban(world):
    alice, carol, _, _ = await in_the_lobby(world)
    room = f"#own@{DOMAIN}"
    await carol.join("#own")
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    mark = alice.mark()
    carol.send("KICK #own alice :too <loud> & 'rude'")
    gone = await alice.presence(f"{room}/alice", "unavailable", mark)
    require({"307", "110"} <= statuses(gone), f"a kick has status {statuses(gone)}")
    reason = muc_item(gone).findtext("{http://jabber.org/protocol/muc#user}reason") or ""
    require("too <loud> & 'rude'" in reason and "carol" in reason, f"the reason is {reason!r}")
    sent = alice.say(room, "are you there?", "groupchat")
    error = await alice.message(room, kind="error", after=mark)
    require(error["id"] == sent, "the error is for something else")
    alice.join(room, "alice")
    await alice.joined(room, "alice", mark)
    # Somebody else is kicked; a ban alone throws nobody out, but its bearer cannot speak.
    dave = await world.irc_client(type("Port", (), {"port": carol.port}), "dave")
    await dave.join("#own")
    await alice.presence(f"{room}/dave", "available", mark)
    carol.send("KICK #own dave")
    gone = await alice.presence(f"{room}/dave", "unavailable", mark)
    require("307" in statuses(gone) and "110" not in statuses(gone), f"a kick has status {statuses(gone)}")
    carol.send("MODE #own +b alice!*@*")
    mark = alice.mark()
    sent = alice.say(room, "banned", "groupchat")
    error = await alice.message(room, kind="error", after=mark)
    require(error["id"] == sent and "annot send" in error["error"]["text"], f"a ban is told as {error}")
    require(not [m for m in alice.messages[mark[0]:] if m["body"] == "banned"], "what was refused was shown")


async def scenario_no_right_to_the_topic_or_nickname(world):
    alice, carol, ircd, _ = await in_the_lobby(world)
    room = f"#own@{DOMAIN}"
    carol.send("JOIN #own")
    carol.send("MODE #own +t")
    carol.send("TOPIC #own :hers")
    await carol.expect("TOPIC #own :hers")
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    await alice.message(room, kind="groupchat", where=lambda m: m["subject"] == "hers")
    mark = alice.mark()
    subject = alice.make_message(mto=room, mtype="groupchat")
    subject["subject"] = "mine"
    subject.send()
    error = await alice.message(room, kind="error", after=mark)
    require("not channel operator" in error["error"]["text"], f"no right to the topic is told as {error}")
    await alice.message(room, kind="groupchat", after=mark, where=lambda m: m["subject"] == "hers")
    mark = alice.mark()
    alice.send_presence(pto=f"{room}/carol")
    error = await alice.presence(f"{room}/carol", "error", mark)
    require(error_condition(error) == "conflict", f"a taken nickname gives {error_condition(error)}")
    irc_mark = carol.mark()
    alice.say(room, "still me", "groupchat")
    await carol.expect("^:alice!.* PRIVMSG #own :still me$", irc_mark)
    require(not thrown_out(alice, room, "alice", mark), "a refused nickname threw alice out")
    # The next one that is free is taken.
    alice.send_presence(pto=f"{room}/alicia")
    await alice.joined(room, "alicia", mark)
    # What no nickname can hold is made into one.
    mark = alice.mark()
    alice.send_presence(pto=f"{room}/Al\U0001f600 ice!")
    own = await wait_until(lambda: next((p for p in alice.presences[mark[1]:] if p["from"].bare == room and
                                         ("110" in statuses(p) and p.xml.get("type") is None or
                                          p.xml.get("type") == "error")), None), "an answer to a strange nickname")
    irc_mark = carol.mark()
    alice.say(room, "whoever I am", "groupchat")
    await carol.expect(":whoever I am$", irc_mark)
    if own.xml.get("type") is None:
        await alice.message(f"{room}/{own['from'].resource}", "^whoever I am$", "groupchat")


# ----------------------------------------------------------------------------------------- presence and cards


async def scenario_away_both_ways(world):
    alice, carol, _, _ = await in_the_lobby(world, **{"service.irc_away_timeout": "0"})
    alice.send_presence(pshow="away", pstatus="gone fishing")

    async def whois(pattern):
        mark = carol.mark()
        carol.send("WHOIS alice")
        await carol.expect(" 318 ", mark)
        return carol.find(pattern, mark)
    for _ in range(300):
        if await whois(" 301 carol alice :gone fishing$"):
            break
    else:
        raise Failure("alice does not become away")
    alice.send_presence()
    for _ in range(300):
        if not await whois(" 301 "):
            break
    else:
        raise Failure("alice does not come back")
    # carol's is told to who writes to her.
    carol.send("AWAY :at lunch")
    await carol.expect(" 306 ")
    alice.say(f"{ROOM}/carol", "there?", "chat")
    await alice.message(f"{ROOM}/carol", "is away: at lunch", "chat")


async def scenario_away_notify_and_answers_before_the_welcome(world):
    """What only other servers do: away-notify; and a nickname that is taken while connecting."""
    fake = await world.fake_irc()
    fake.taken = {"alice"}
    _, gateway = await world.irc_server(fake)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice_")
    mark = alice.mark()
    fake.tell(":carol!u@h AWAY :at lunch")
    await alice.presence(f"{ROOM}/carol", "available", mark, where=lambda p: p["show"] == "away")
    mark = alice.mark()
    fake.tell(":carol!u@h AWAY")
    await alice.presence(f"{ROOM}/carol", "available", mark, where=lambda p: not p["show"])
    # Lines of a server that has lost its mind hurt nobody.
    for line in ("", ":", ": ", ":x", "@", "@a=b", "@a=b :x", "JOIN", ":carol JOIN", "353", ":x 353 a b", ":x 366",
                 ":a!b@c PRIVMSG", ":a!b@c PRIVMSG #lobby", ":a!b@c NICK", ":carol!u@h KICK #lobby", "MODE #lobby +ov",
                 ":x MODE #lobby +oooooo carol", ":x 005 a PREFIX=( :x", ":x 005 a PREFIX=(ov :x",
                 ":x 005 a NICKLEN=-1 LINELEN=0 :x", ":x 433", ":x 001", "CAP", "CAP * LS :sasl", "AUTHENTICATE +",
                 ":" + "n" * 5000 + " PRIVMSG #lobby :x", "PRIVMSG #lobby :" + "y" * 20000, ":x 322 a", ":x 318 a",
                 ":x 311 a b c d e", ":\x01\x02 PRIVMSG #lobby :z", ":a!b@c PRIVMSG alice_ :\x01\x01",
                 ":a!b@c PRIVMSG alice_ :\x01PING\x01", ":a!b@c PRIVMSG alice_ :\x01ACTION"):
        fake.tell(line)
    fake.tell(":carol!u@h PRIVMSG #lobby :sane again")
    await alice.message(f"{ROOM}/carol", "^sane again$", "groupchat")


async def scenario_cards_and_requests(world):
    alice, carol, _, _ = await in_the_lobby(world)
    card = await alice.plugin["xep_0054"].get_vcard(f"carol@{DOMAIN}")
    require("carol in person" in (card["vcard_temp"]["FN"] or ""), f"the card says {card}")
    mark = carol.mark()
    carol.send("PRIVMSG alice :\x01VERSION\x01")
    await carol.expect("NOTICE carol :\x01VERSION libtransport [0-9]", mark)
    carol.send("PRIVMSG alice :\x01PING 12 34\x01")
    await carol.expect("NOTICE carol :\x01PING 12 34\x01$", mark)
    # A text that looks like a request is text.
    mark = carol.mark()
    alice.say(f"carol@{DOMAIN}", "VERSION %s%n\\r\\n$password")
    await carol.expect("PRIVMSG carol :VERSION %s%n\\\\r\\\\n\\$password$", mark)


# ---------------------------------------------------------------------------------------------------- texts


async def scenario_formatting_both_ways(world):
    alice, carol, _, _ = await in_the_lobby(world)
    carol.send("PRIVMSG #lobby :plain \x02bold\x02 \x1ditalic\x1d \x0304red\x03 <&>")
    heard = await alice.message(f"{ROOM}/carol", "^plain bold italic red <&>$", "groupchat")
    body = heard.xml.find(f"{XHTML_IM}html/{XHTML}body")
    require(body is not None, "no XHTML")
    text = ET.tostring(body, encoding="unicode").lower()
    require("".join(body.itertext()) == "plain bold italic red <&>", f"the XHTML says {text}")
    require(("bold" in text.replace("bold<", "") or "strong>" in text) and "color" in text, f"the XHTML is {text}")
    message = alice.make_message(mto=ROOM, mbody="a big red <word>", mtype="groupchat")
    html = ET.SubElement(message.xml, f"{XHTML_IM}html")
    body = ET.SubElement(html, f"{XHTML}body")
    body.text = "a "
    strong = ET.SubElement(body, f"{XHTML}strong")
    strong.text, strong.tail = "big", " "
    red = ET.SubElement(body, f"{XHTML}span", {"style": "color: #ff0000"})
    red.text, red.tail = "red", " <word>"
    mark = carol.mark()
    message.send()
    line = (await carol.expect("^:alice!.* PRIVMSG #lobby :(a .*)$", mark)).group(1)
    require(line.startswith("a \x02big") and "\x0304red" in line and line.endswith("<word>"), f"IRC got {line!r}")


async def scenario_other_encodings(world):
    alice, carol, _, _ = await in_the_lobby(world)
    carol.send_bytes("PRIVMSG #lobby :latin äöü €".encode("cp1252"))
    await alice.message(f"{ROOM}/carol", "^latin äöü €$", "groupchat")
    carol.send_bytes(b"PRIVMSG #lobby :half \xc3\xa4 \xf0\x9f and \x01\x05\x7f end")
    await alice.message(f"{ROOM}/carol", "^half .* end", "groupchat")
    carol.send_bytes("PRIVMSG #lobby :right äöü \ufdd0 \U0001f600".encode())
    await alice.message(f"{ROOM}/carol", "^right äöü .* \U0001f600$", "groupchat")


async def scenario_many_lines_in_order(world):
    """More than the flood control lets through at once: all arrive, in order, and come back as said."""
    alice, carol, _, _ = await in_the_lobby(world, **{"irc.line_interval": "40"})
    mark, seen = carol.mark(), alice.mark()
    for number in range(50):
        alice.say(ROOM, f"line {number}", "groupchat")
    alice.say(ROOM, "\n".join(f"line {number}" for number in range(50, 70)), "groupchat")
    wanted = [f"line {number}" for number in range(70)]

    def arrived():
        got = [line.split(" :", 1)[1] for way, line in carol.lines[mark:] if way == "<" and "PRIVMSG #lobby :" in line]
        return len(got) >= 70 and got
    got = await wait_until(arrived, "70 lines")
    require(got == wanted, f"the lines arrived as {got}")
    await alice.message(f"{ROOM}/alice", "line 69$", "groupchat", seen)
    echoes = [m["body"] for m in alice.messages[seen[0]:] if m["from"].full == f"{ROOM}/alice"]
    require(echoes[:50] == wanted[:50] and echoes[50] == "\n".join(wanted[50:]), f"echoes: {echoes}")


# --------------------------------------------------------------------------------------- a network that goes


async def scenario_network_restarted(world):
    """The person stays in the room, is told, and goes on when the server is back."""
    alice, carol, ircd, _ = await in_the_lobby(world)
    mark = alice.mark()
    await ircd.process.stop()
    await alice.message(ROOM, "connection to .* was lost", "groupchat", mark)
    alice.say(ROOM, "meanwhile", "groupchat")
    await ircd.start()
    dave = await world.irc_client(ircd, "dave")
    await dave.join("#lobby")
    # dave may have come before or after alice.
    await alice.presence(f"{ROOM}/dave", "available", mark, 30)
    await alice.presence(f"{ROOM}/carol", "unavailable", mark)
    await alice.message(ROOM, "Connected again", "groupchat", mark)
    irc_mark = dave.mark()
    alice.say(ROOM, "again", "groupchat")
    await dave.expect("^:alice!.* PRIVMSG #lobby :again$", irc_mark)
    dave.send("PRIVMSG #lobby :welcome back")
    await alice.message(f"{ROOM}/dave", "^welcome back$", "groupchat")
    require(not thrown_out(alice, ROOM, "alice", mark), "alice was thrown out of the room")
    # What was said while there was no network went out before what was said after.
    echoes = [m["body"] for m in alice.messages[mark[0]:] if m["from"].full == f"{ROOM}/alice"]
    require(echoes == ["meanwhile", "again"], f"alice sees of her own {echoes}")


async def scenario_thrown_off_the_network(world):
    """What is cut off comes again. A ban is for good: the rooms are closed, and the person is told why."""
    fake = await world.fake_irc()
    _, gateway = await world.irc_server(fake)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    # A connection that is cut, whatever the server says about it, is tried again; the rooms stay.
    mark, sent = alice.mark(), len(fake.lines)
    fake.tell("ERROR :Closing Link: alice (a <netsplit>)")
    fake.hang_up()
    await alice.message(ROOM, "a <netsplit>", "groupchat", mark)
    await fake.expect("JOIN #lobby", sent)
    await alice.message(ROOM, "Connected again", "groupchat", mark)
    require(not thrown_out(alice, ROOM, "alice", mark), "a cut connection threw alice out of the room")
    fake.refusal = "465 alice :You are banned: go away"
    fake.hang_up()
    await alice.message(DOMAIN, "go away", after=mark, timeout=40)
    gone = await alice.presence(f"{ROOM}/alice", "unavailable", mark)
    require("110" in statuses(gone), f"the end of the room has status {statuses(gone)}")
    await wait_until(lambda: not alice.online.is_set(), "the stream to be closed")


# ---------------------------------------------------------------------------------------------------- names


async def scenario_names_of_channels_and_people(world):
    """What IRC has in names and XMPP has not, and the other way round."""
    alice, carol, ircd, _ = await in_the_lobby(world, **{"irc.line_interval": "40"})
    for channel, node in (("#c++", "#c++"), ("#MiXed", "#mixed"), ("#a'b&c\"", "#a\\27b\\26c\\22"), ("#x/y<z>", "#x\\2fy\\3cz\\3e"),
                          ("#été", "#été"), ("&local", "\\26local"), ("#back\\slash", "#back\\5cslash")):
        mark = carol.mark()
        carol.send(f"JOIN {channel}")
        await carol.expect(r" 366 | 403 | 479 ", mark)
        if not carol.find(" 366 ", mark):
            continue  # this server has no such names
        room = f"{node}@{DOMAIN}"
        alice.join(room, "alice")
        await alice.joined(room, "alice")
        carol.send(f"PRIVMSG {channel} :in {channel}")
        heard = await alice.message(f"{room}/carol", kind="groupchat", where=lambda m: bool(m["body"]))
        require(heard["body"] == f"in {channel}", f"in {channel} was heard {heard['body']!r}")
        mark = carol.mark()
        alice.say(room, "answer", "groupchat")
        await carol.expect("^:alice!.* PRIVMSG .* :answer$", mark)
        alice.send_presence(pto=f"{room}/alice", ptype="unavailable")
        await carol.expect("^:alice!.* PART", mark)
    for nick in ("[c|d]", "a`^{}", "x\\y_-"):
        friend = await world.irc_client(ircd, nick)
        await friend.join("#lobby")
        there = await wait_until(lambda: next((p for p in alice.presences if p["from"].bare == ROOM and
                                               p["from"].resource == nick), None), f"{nick} in the room")
        mark = friend.mark()
        alice.say(there["from"].full, "psst", "chat")
        await friend.expect("^:alice!.* PRIVMSG .* :psst$", mark)
        friend.send("PRIVMSG alice :what?")
        await alice.message(there["from"].full, "^what\\?$", "chat")
        await friend.stop()
        await alice.presence(there["from"].full, "unavailable")


async def scenario_only_passwords_that_were_checked(world):
    """irc.require_sasl: a network that takes everybody does not open the gateway's accounts."""
    fake = await world.fake_irc(capabilities="sasl=PLAIN")
    fake.passwords = {"alice": "secret"}
    _, gateway = await world.irc_server(fake, **{"irc.require_sasl": "1"})
    await world.person(f"alice@{DOMAIN}", gateway.port)
    require("<not-authorized" in await login_fails(gateway, "alice", "guess"), "another password got in")
    fake.capabilities = "away-notify"
    failure = await login_fails(gateway, "bob", "secret")
    require("SASL" in failure, f"without SASL the login fails with {failure}")
    fake.capabilities = ""
    failure = await login_fails(gateway, "carol", "secret")
    require("SASL" in failure, f"without capabilities the login fails with {failure}")
