# SPDX-License-Identifier: MIT
"""Bad input from every side against the real program. Each time: it lives, and a bystander still gets answers."""
import asyncio
import json
import os
import re
import resource
import socket
import sqlite3
import struct
import sys
import time
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from harness.fake_xmpp import FakeXmpp
from harness.gateway import wait_for_answer
from harness.process import PATIENCE, Failure, Skip, find_program_or_skip, free_port, require, wait_until
from harness.raw import RawClient, sasl_plain
from harness.watch import SmallDisk, cpu_seconds, descriptors, resident_kb

HERE = os.path.dirname(os.path.abspath(__file__))
BACKENDS = os.path.join(HERE, "backends")
sys.path.insert(0, BACKENDS)
import wire  # noqa: E402  (the backends' own module)

GATEWAY, DOMAIN = "irc.localhost", "localhost"
ECHO = f"echo@{GATEWAY}"
ALICE, BOB = "alice@localhost/desk", "bob@localhost/desk"
HOSTILE = f"/usr/bin/python3 {BACKENDS}/hostile.py"
NAMES = (
    "quo\"te's", "100%s%n%n%x", "back\\slash\\20", "new\nline\r\nQUIT :x", "\u202egnp.exe\u2066\u200f",
    "<b>&amp;]]>", "'; DROP TABLE users; --", "../../etc/passwd", "é" * 2000, "${jndi:x}`id`$(id)",
    "\ufffe\uffff\x7f\x85", "  ", "@@//",
)


async def fake_component(world, backend=None, build=None, **keys):
    """The gateway as component of a fake server: (server, gateway). backend: a command instead of echo."""
    server = FakeXmpp(GATEWAY)
    world.started.append(server)
    await server.start()
    gateway = world.gateway(backend="echo", build=build or world.build)
    gateway.component_of(server)
    gateway.keys.update(keys)
    if backend:
        gateway.keys["service.backend"] = backend
    await gateway.start()
    await server.connected()
    return server, gateway


async def echo_server(world, **keys):
    """Server mode with the echo backend, and bob there."""
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.keys.update(keys)
    await gateway.start()
    return gateway, await world.person(f"bob@{DOMAIN}", gateway.port)


async def echoes(person, contact=f"echo@{DOMAIN}", timeout=20.0):
    mark = person.mark()
    person.say(contact, f"question {mark[0]}")
    await person.message(contact, f"^question {mark[0]}$", "chat", mark, timeout)


# XMPP --------------------------------------------------------------------------------------------------------------


async def scenario_bad_xml_from_the_server(world):
    """What people can make their server pass on is left out; what only a broken server sends ends the stream."""
    server, gateway = await fake_component(world)
    await server.log_in(BOB, ECHO)
    begin, end = f"<message type='chat' from='{ALICE}' to='{ECHO}'><body>", "</body></message>"
    for name, data in {
            "200,000 levels": begin + "<a>" * 200000 + "</a>" * 200000 + end,
            "an attribute of 3 MiB": f"<message from='{ALICE}' to='" + "x" * (3 << 20) + "'/>",
            "a body of 3 MiB": begin + "x" * (3 << 20) + end,
            "100,000 attributes": "<message " + " ".join(f"a{n}='1'" for n in range(100000)) + "/>",
            "500,000 elements": f"<iq type='set' id='1' from='{ALICE}' to='{GATEWAY}'>" + "<a/>" * 500000 + "</iq>",
    }.items():
        await server.send(data)
        await server.ask(BOB, ECHO)
        require(server.connections == 1, f"{name} ended the stream of everybody")
    log = gateway.process.log()
    require(log.count("is above the limits and has been left out") >= 5, "what was left out is not told")
    # Few of them, as the gateway waits twice as long each time.
    for data in ("<!DOCTYPE x [<!ENTITY a 'b'>]>", f"<message from='{ALICE}' to='" + "x" * (64 << 20), begin + "&a;",
                 "\x01\x02</a>", begin.encode() + b"\xc3\x28\xff", "<!-- a comment -->"):
        before = server.connections
        await server.send(data, may_break=True)
        await server.connected(before + 1)
        await server.come_back(BOB, ECHO)


async def scenario_flood_of_strange_stanzas(world):
    """100,000 stanzas, among them questions of 50,000 people: memory stays, and a person's answers come as before."""
    server, gateway = await fake_component(world, build=world.plain_build_or_skip(), **{"logging.level": "info"})
    await server.log_in(BOB, ECHO)

    def strange(n):
        who = f"u{n}@flood.example/r"
        return (f"<iq type='get' id='q{n}' from='{who}' to='{GATEWAY}'><query xmlns='x:{n}'/></iq>",
                f"<message type='t{n}' from='{who}' to='c{n}@{GATEWAY}'><x{n} xmlns='y:{n}'/></message>",
                f"<presence type='t{n}' from='{who}' to='c{n}@{GATEWAY}'/>",
                f"<x{n} from='{who}' to='{GATEWAY}'/>")[n % 2 * (1 + n // 2 % 3)]
    quiet = sorted([await server.ask(BOB, ECHO) for _ in range(200)])
    before = resident_kb(gateway.process.pid)
    loud = []
    for chunk in range(200):
        await server.send("".join(strange(n) for n in range(chunk * 500, chunk * 500 + 500)))
        loud.append(await server.ask(BOB, ECHO))
    grown = resident_kb(gateway.process.pid) - before
    loud.sort()
    told = f"p99 {quiet[198] * 1000:.1f} ms without, {loud[198] * 1000:.1f} ms with the flood; memory +{grown} KiB"
    print(f"# {told}")
    require(server.connections == 1, "the stream was lost")
    answers = len(set(re.findall(rb"id='q(\d+)'", server.seen)))
    require(answers == 50000, f"{answers} of 50,000 questions were answered")
    require(grown < 32 << 10, told)
    require(loud[198] < quiet[198] + 3, told)


async def scenario_forged_senders(world):
    """Who is meant is who the server says in from: not what is in a copy, and never one of our own addresses."""
    server, gateway = await fake_component(world)
    await server.log_in(ALICE, ECHO)
    await server.log_in(BOB, ECHO)
    mark = server.mark()
    inner = (f"<message xmlns='jabber:client' type='chat' from='{ALICE}' to='{ECHO}'><body>forged</body></message>")
    forwarded = f"<forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded>"
    for kind in ("received", "sent"):
        for to in (ECHO, GATEWAY):
            await server.send(f"<message from='{BOB}' to='{to}'><{kind} xmlns='urn:xmpp:carbons:2'>{forwarded}</{kind}>"
                              "</message>")
    await server.send(f"<message from='{BOB}' to='{ECHO}'>{forwarded}</message>")
    await server.send(f"<message from='{BOB}' to='{ECHO}'><result xmlns='urn:xmpp:mam:2'>{forwarded}</result>"
                      "</message>")
    for sender in (GATEWAY, ECHO, f"{ECHO}/bot", f"{GATEWAY}/x", f"#lobby@{GATEWAY}/bob", GATEWAY.upper(), "", "@", "/",
                   f"alice@localhost@{GATEWAY}"):
        for to in (ECHO, GATEWAY):
            await server.send(f"<message type='chat' from='{sender}' to='{to}'><body>forged</body></message>"
                              f"<presence from='{sender}' to='{to}'/>"
                              f"<presence type='subscribe' from='{sender}' to='{to}'/>"
                              f"<iq type='set' id='forged' from='{sender}' to='{to}'><query xmlns='jabber:iq:register'>"
                              "<remove/></query></iq>")
    await server.send(f"<message type='chat' to='{ECHO}'><body>forged</body></message>")
    await server.ask(ALICE, ECHO)
    await server.ask(BOB, ECHO)
    for found in re.finditer(rb"<(message|iq) (?:(?!</\1>).)*?forged", server.seen[mark:], re.DOTALL):
        require(b"type='error'" in found.group(), f"a forged stanza is answered: {found.group()!r}")
    answered = re.search(rb"<[^>]* to='[^']*%b[^>]*>" % GATEWAY.encode(), server.seen[mark:], re.IGNORECASE)
    require(not answered, f"the gateway speaks to itself: {answered}")
    require(await gateway.control("online_users_count") == "2", "somebody came or went")


MUC = "<x xmlns='http://jabber.org/protocol/muc'/>"


def escaped_node(name):
    """As XEP-0106 has it."""
    return re.sub("[ \"&'/:<>@\\\\]", lambda found: f"\\{ord(found.group()):02x}", name)


def check_stream(server):
    """All that came is well-formed: expat says so."""
    parser = expat.ParserCreate()
    parser.Parse(bytes(server.seen), False)


def check_log(gateway):
    log = gateway.process.log()
    bad = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", log)
    require(not bad, f"the log has {bad and log[max(0, bad.start() - 100):bad.end() + 20]!r}")
    require(not re.search("^QUIT", log, re.MULTILINE), "a name began a line of the log")


async def scenario_names_that_are_code(world):
    """Quotes, formats, line breaks, direction marks, in every place a name or a text can be, from both sides."""
    server, gateway = await fake_component(world, HOSTILE)
    await server.log_in(BOB, ECHO)
    await server.send(f"<presence from='{BOB}' to='#lobby@{GATEWAY}/bob'>{MUC}</presence>")
    await server.expect("code='110'")
    # XML lets no control characters in; a backend can send them, see below.
    for n, name in enumerate(re.sub("[\ufffe\uffff]", "", name) for name in NAMES):
        text = escape(name)

        def jid(pattern):
            return quoteattr(pattern.format(name))
        await server.send("".join(
            f"<message type='chat' from='{BOB}' to={to} id='n{n}'><body>{text}</body><thread>{text}</thread></message>"
            f"<presence type='subscribe' from='{BOB}' to={to}><status>{text}</status></presence>"
            f"<iq type='get' id='v{n}' from='{BOB}' to={to}><vCard xmlns='vcard-temp'/></iq>"
            for to in (jid("{}@" + GATEWAY), quoteattr(f"{escaped_node(name)}@{GATEWAY}"), jid(GATEWAY + "/{}"))))
        await server.send("".join(
            f"<presence from='{BOB}' to={to}>{MUC}<status>{text}</status></presence><message type='groupchat' "
            f"from='{BOB}' to={to}><body>{text}</body></message><message type='groupchat' from='{BOB}' to={to}><subject>"
            f"{text}</subject></message>" for to in (jid(f"#lobby@{GATEWAY}/{{}}"), jid(f"#{{}}@{GATEWAY}/bob"))))
        await server.send("".join(
            f"<iq type='set' id='r{n}' from={who} to='{GATEWAY}'><query xmlns='jabber:iq:register'><username>{text}"
            f"</username><password>{text}</password></query></iq><message from={who} to='{GATEWAY}'><body>{text}</body>"
            "</message>" for who in (jid("{}@localhost/desk"), jid(f"x{n}@localhost/{{}}"), jid("{}"))))
        await server.send(f"<presence from='{BOB}' to='{GATEWAY}'><status>{text}</status></presence>")
    await server.ask(BOB, ECHO)
    for name in (*NAMES, "\x1b[31mred\x1b[0m\x07\x00", "\x1b]0;title\x07"):
        events = [["BUDDY_CHANGED", {1: "USER", 2: name, 3: name, 4: name, 5: 1, 6: name, 7: name}],
                  ["CONV_MESSAGE", {1: "USER", 2: name, 3: name, 4: name, 5: name, 6: name, 8: name}],
                  ["CONV_MESSAGE", {1: "USER", 2: "#lobby", 3: name, 4: name}],
                  ["PARTICIPANT_CHANGED", {1: "USER", 2: "#lobby", 3: name, 4: 0, 5: 1, 6: name, 7: name, 8: name}],
                  ["ROOM_SUBJECT_CHANGED", {1: "USER", 2: "#lobby", 3: name, 4: name}],
                  ["ROOM_NICKNAME_CHANGED", {1: "USER", 2: "#lobby", 3: name, 4: f"{name}_"}],
                  ["PARTICIPANT_CHANGED", {1: "USER", 2: name, 3: name, 4: 0, 5: 1, 6: name, 7: name, 8: name,
                                           9: name}],
                  ["ROOM_NICKNAME_CHANGED", {1: "USER", 2: name, 3: name, 4: name}],
                  ["ROOM_SUBJECT_CHANGED", {1: "USER", 2: name, 3: name, 4: name}],
                  ["AUTH_REQUEST", {1: "USER", 2: name, 3: name, 4: name, 5: 1}],
                  ["VCARD", {1: "USER", 2: name, 3: 1, 4: name, 5: name}], ["ROOM_LIST", {1: name, 2: name, 3: name}],
                  ["BUDDY_REMOVED", {1: "USER", 2: name}], ["DISCONNECTED", {1: name, 2: 1, 3: name}]]
        body = escape(json.dumps(events))
        await server.send(f"<message type='chat' from='{BOB}' to='control@{GATEWAY}'><body>{body}</body></message>")
        await server.ask(BOB, ECHO)
    require(server.connections == 1, "the stream was lost")
    require("backend 1: exited" not in gateway.process.log(), "the backend was lost")
    check_stream(server)
    check_log(gateway)


# backends ----------------------------------------------------------------------------------------------------------


async def scenario_frames_that_are_wrong(world):
    """Each is refused and the good one behind it taken; where no good one can follow, only its own user notices."""
    server, gateway = await fake_component(world, HOSTILE, **{"service.users_per_backend": "1"})
    await server.log_in(ALICE, ECHO)
    await server.log_in(BOB, ECHO)

    async def tell(what):
        mark = server.mark()
        await server.send(f"<message type='chat' from='{ALICE}' to='hostile@{GATEWAY}'><body>{what}</body></message>")
        return mark
    for what in ("unknown", "core", "dates", "garbage", "drip"):
        mark = await tell(what)
        await server.ask(BOB, ECHO, 2)
        await server.expect(f"<message [^>]*to='{ALICE.split('/')[0]}[^>]*><body>after it", mark)
    require("exited" not in gateway.process.log(), "a backend was lost over a frame that can be left out")
    # Some of these are good frames that say the session has ended.
    await tell("lacking")
    await server.ask(BOB, ECHO, 2)
    await server.come_back(ALICE, ECHO)
    await tell("huge")
    await server.ask(BOB, ECHO, 2)
    await gateway.process.wait_log("frame")
    await server.come_back(ALICE, ECHO)
    require(await gateway.control("online_users_count") == "2", "somebody was lost")


async def scenario_a_login_that_ends_every_backend(world):
    """Processes are not started as fast as they end, and those of others live on."""
    server, gateway = await fake_component(world, HOSTILE, **{"service.users_per_backend": "1"})
    await server.log_in(BOB, ECHO)
    mallory = "mallory@localhost/desk"
    await server.send(register(mallory, "mallory"))
    await server.expect("<iq type='result'[^>]*id='mallory'")
    cpu, begin = cpu_seconds(gateway.process.pid), time.monotonic()
    while time.monotonic() < begin + 5:
        await server.send(f"<presence from='{mallory}' to='{GATEWAY}'/><message type='chat' from='{mallory}' "
                          f"to='{ECHO}'><body>x</body></message>")
        await server.ask(BOB, ECHO, 2)
        await asyncio.sleep(0.05)
    used = (cpu_seconds(gateway.process.pid) - cpu) / (time.monotonic() - begin)
    log = gateway.process.log()
    started, ended_by_it = log.count(": started, pid"), log.count("closed its connection; 1 users lose it")
    require(ended_by_it > 0, "mallory ends nothing")
    require(started <= 10, f"{started} backends were started in 5 seconds")
    require(used < 0.5, f"it takes {used * 100:.0f} % of a processor")
    await server.log_in(ALICE, ECHO)


async def log_in_raw(port, name):
    """A client that can stop to read."""
    raw = RawClient(port)
    await raw.open(DOMAIN)
    await raw.send(sasl_plain(name, "secret"))
    await raw.expect("<success")
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>")
    await raw.expect("<jid>")
    return raw


async def scenario_flood_to_one_who_does_not_read(world):
    """100,000 messages: that client is cut off, and nobody else waits for it."""
    gateway, bob = await echo_server(world, **{"service.backend": HOSTILE, "service.users_per_backend": "1"})
    alice = await log_in_raw(gateway.port, "alice")
    await alice.send(f"<message type='chat' to='hostile@{DOMAIN}'><body>flood</body></message>")
    for _ in range(5):
        await echoes(bob, timeout=5)
    await wait_for_answer(gateway, "online_users_count", "1")
    await echoes(bob)
    await alice.close()


# descriptors -------------------------------------------------------------------------------------------------------


def connect(port):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def ended(client):
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


async def scenario_2000_connections(world):
    """Those who are in stay; when the strangers have gone, others come in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        raise Skip("not enough descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    gateway, bob = await echo_server(world)
    before = descriptors(gateway.process.pid)
    strangers = [connect(gateway.port) for _ in range(2000)]
    for stranger in strangers[:500]:
        try:
            stranger.send(b"<?xml version='1.0'?><stream:stream ")
        except OSError:
            pass
    await echoes(bob, timeout=5)
    await wait_until(lambda: descriptors(gateway.process.pid) > before, "connections to be taken")
    require(descriptors(gateway.process.pid) <= before + 256, "more than 256 strangers were let in")
    for stranger in strangers:
        stranger.close()
    await wait_until(lambda: descriptors(gateway.process.pid) <= before, "the strangers' descriptors to be closed")
    carol = await world.person(f"carol@{DOMAIN}", gateway.port)
    await echoes(carol)


async def scenario_no_descriptors_left(world):
    """It neither ends nor spins, and takes people again when there are some."""
    gateway, bob = await echo_server(world)
    pid = gateway.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # Sanitizers and the store need some of their own: the lowest number that is free decides, not the count.
    highest = max(int(number) for number in os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 2, limits[1]))
    strangers = [connect(gateway.port) for _ in range(200)]
    await echoes(bob, timeout=5)
    begin, cpu = time.monotonic(), cpu_seconds(pid)
    for _ in range(10):
        await echoes(bob, timeout=5)
        await asyncio.sleep(0.2)
    refused = sum(1 for stranger in strangers if ended(stranger))
    require(refused > 150, f"{refused} of 200 connections were refused: there were descriptors left")
    used = (cpu_seconds(pid) - cpu) / (time.monotonic() - begin)
    require(used < 0.5, f"it takes {used * 100:.0f} % of a processor while it has no descriptors")
    require(gateway.process.log().count("connections are refused: Too many open files") == 1, "it is not told, once")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    for stranger in strangers:
        stranger.close()
    carol = await world.person(f"carol@{DOMAIN}", gateway.port)
    await echoes(carol)
    require("connections are taken again" in gateway.process.log(), "the end of it is not told")


async def scenario_2000_open_descriptors(world):
    """All numbers that it gets are above 2,000, which select() could not watch."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
        raise Skip("not enough descriptors")
    ircd = await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.irc(ircd)
    crowded = os.path.join(world.folder, "crowded.py")
    with open(crowded, "w", encoding="utf-8") as file:
        file.write(f"""#!/usr/bin/python3
import os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
while True:
    fd = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(fd, True)
    if fd >= 2000:
        break
os.execv({gateway.daemon!r}, [{gateway.daemon!r}, *sys.argv[1:]])
""")
    os.chmod(crowded, 0o755)
    gateway.daemon = crowded
    await gateway.start()
    require(max(map(int, os.listdir(f"/proc/{gateway.process.pid}/fd"))) > 2000, "it has fewer descriptors")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, tls=True)
    room = f"#lobby@{DOMAIN}"
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice.say(room, "above 2,000", "groupchat")
    await carol.expect("PRIVMSG #lobby :above 2,000")
    require("Running" in await gateway.control("status"), "the control socket does not answer")
    mark = carol.mark()
    await gateway.kill_backend()
    await carol.expect("^:alice!.* JOIN :?#lobby", mark, timeout=30)
    require("ended by signal" in gateway.process.log(), "no backend was killed")


# the database ------------------------------------------------------------------------------------------------------


def register(who, number):
    return (f"<iq type='set' id='{number}' from='{who}' to='{GATEWAY}'><query xmlns='jabber:iq:register'><username>x"
            f"</username></query></iq>")


async def scenario_database_locked_by_another(world):
    server, gateway = await fake_component(world)
    await server.log_in(BOB, ECHO)
    other = sqlite3.connect(gateway.keys["database.database"], isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    mark = server.mark()
    await server.send(register(ALICE, "locked") + f"<presence from='{ALICE}' to='{GATEWAY}'/>")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        await server.ask(BOB, ECHO, 1)
        await asyncio.sleep(0.1)
    require(b"id='locked'" not in server.seen[mark:], "a registration was answered that cannot be stored yet")
    other.execute("COMMIT")
    other.close()
    await server.expect("<iq type='result'[^>]*id='locked'", mark)
    await server.come_back(ALICE, ECHO)


async def scenario_a_stop_while_the_database_is_locked(world):
    """It does not wait for somebody else for ever; what could not be written is told."""
    server, gateway = await fake_component(world)
    await server.log_in(BOB, ECHO)
    other = sqlite3.connect(gateway.keys["database.database"], isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    mark = server.mark()
    # The form needs a look-up, which stands behind hers: when it is there, her account is being written. Where it stands
    # behind that too, it does not come.
    await server.send(register(ALICE, "locked") +
                      f"<iq type='get' id='form' from='carol@localhost/desk' to='{GATEWAY}'>"
                      "<query xmlns='jabber:iq:register'/></iq>")
    try:
        await server.expect("<iq type='result'[^>]*id='form'", mark, 5)
    except Failure:
        pass
    begin = time.monotonic()
    require(await gateway.process.stop(timeout=25) == 0, "it ended with an error")
    require(time.monotonic() - begin < 40, f"it took {time.monotonic() - begin:.0f} s to end")
    require("requests fail: database is locked" in gateway.process.log(), "what was lost is not told")
    other.execute("COMMIT")
    other.close()


async def scenario_disk_is_full(world):
    folder = os.path.join(world.folder, "disk")
    disk = SmallDisk(folder, "1m")
    world.started.append(disk)
    server, gateway = await fake_component(world, **{
        "service.working_dir": folder, "database.database": os.path.join(folder, "database.sqlite")})
    await server.log_in(BOB, ECHO)
    disk.fill()
    # Some pages of the database may still be free.
    for number in range(200):
        mark = server.mark()
        await server.send(register(f"someone{number}@localhost/desk", f"full{number}"))
        found = await server.expect(f"<iq type='([a-z]+)'[^>]*id='full{number}'", mark)
        if found.group(1) == b"error":
            break
    else:
        raise Failure("200 people registered on a full disk")
    await server.ask(BOB, ECHO)
    require(re.search("(disk|full)", gateway.process.log()), "the log does not say that the disk is full")
    disk.empty()
    await server.log_in(ALICE, ECHO)


# strangers at the ports of administration --------------------------------------------------------------------------


CONTROL = """
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.settimeout(10)
try:
    client.connect(sys.argv[1])
    client.sendall(b"status\\n")
    print(client.recv(4096))
except OSError as problem:
    print(b"")
"""


async def scenario_strangers_at_the_control_socket(world):
    path = os.path.join(world.folder, "control")
    port = free_port()
    gateway, bob = await echo_server(world, **{"service.control_socket": path, "service.backend_port": str(port)})
    if os.geteuid() == 0:
        os.chmod(world.folder, 0o755)
        os.chmod(path, 0o777)  # what the permissions would not stop, the uid does
        child = await asyncio.create_subprocess_exec(
            find_program_or_skip("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups",
            "/usr/bin/python3", "-c", CONTROL, path, stdout=asyncio.subprocess.PIPE)
        output, _ = await child.communicate()
        require(output == b"b''\n", f"another uid is told {output!r}")
        await gateway.process.wait_log("refused a connection of another uid")
    clients = []
    for data in (b"x" * (1 << 20), b"\0\xff\x1b[31m\n" * 1000, b"%s%n%n\n", b"\n" * 10000, b"") * 20:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        clients.append(client)
        try:
            client.connect(path)
            client.send(data)
        except OSError:
            pass
    for data in (b"\xff\xff\xff\xff" + b"x" * 1000, b"GET / HTTP/1.1\r\n\r\n", struct.pack(">I", 5) + b"\xff" * 5,
                 wire.frame(wire.LOGIN, {1: "bob"}),
                 wire.frame(wire.CONV_MESSAGE, {1: "bob@localhost", 2: "x", 3: "y"}),
                 wire.frame(wire.EXIT), wire.frame(wire.DISCONNECTED, {1: "bob@localhost", 2: 1}), b"\0") * 3:
        client = connect(port)
        clients.append(client)
        try:
            client.setblocking(True)
            client.sendall(data)
        except OSError:
            pass
    await echoes(bob, timeout=5)
    for client in clients:
        client.close()
    await wait_for_answer(gateway, "online_users_count", "1")
    require(not bob.messages or all(m["from"].bare != f"x@{DOMAIN}" for m in bob.messages), "a stranger spoke to bob")
    require("refused message\n" in gateway.process.log(), "what was refused at the port is not told")
    check_log(gateway)


async def scenario_strangers_at_the_port_of_clients(world):
    """Other protocols, and people who say nothing: an error and the end, or the end after a while."""
    gateway, bob = await echo_server(world)
    hello = bytes.fromhex("16030100c8010000c40303") + b"\x55" * 190
    for data in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", hello, b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 1000,
                 b"\xff\xfe<\0?\0x\0m\0l\0", b"EHLO localhost\r\n", b"NICK x\r\nUSER x x x x\r\n", b"<", b"<a/>",
                 wire.frame(wire.PONG), b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='other.example' "
                 b"xmlns='jabber:client' version='1.0'>"):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(data)
        if data == b"<":
            writer.write_eof()
        try:
            answer = await asyncio.wait_for(reader.read(), 20 * PATIENCE)
        except ConnectionError:
            answer = b""
        require(b"features" not in answer, f"{data!r} is welcomed: {answer!r}")
        writer.close()
        await echoes(bob, timeout=5)
    check_log(gateway)


async def drip(opening, data, least):
    """Sends a byte a second until the other side closes; that is a failure if it does so too soon."""
    reader, writer = await opening
    begin = time.monotonic()
    closed = asyncio.ensure_future(reader.read())
    for byte in data:
        writer.write(bytes([byte]))
        if (await asyncio.wait([closed], timeout=1))[0]:
            break
    else:
        raise Failure(f"{data[:40]!r}, a byte a second, is read for ever")
    took = time.monotonic() - begin
    writer.close()
    if not closed.exception():
        require(took > least, f"{data[:40]!r} was cut off after {took:.0f} s")


async def scenario_a_byte_a_second(world):
    """At every port and socket, and from a backend: nobody else waits, and the time limit cuts it."""
    path, port = os.path.join(world.folder, "control"), free_port()
    gateway, bob = await echo_server(world, **{
        "service.backend": HOSTILE, "service.users_per_backend": "1", "service.control_socket": path,
        "service.backend_port": str(port)})
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await echoes(alice)
    alice.say(f"hostile@{DOMAIN}", "drip_for_ever")
    strangers = asyncio.gather(
        drip(asyncio.open_connection("127.0.0.1", gateway.port), b"<?xml version='1.0'?><stream:stream " + b"a" * 100, 20),
        drip(asyncio.open_unix_connection(path), b"status" * 30, 40),
        drip(asyncio.open_connection("127.0.0.1", port), wire.frame(wire.QUERY, {1: "status" * 30}), 40))
    while not strangers.done():
        await echoes(bob, timeout=2)
        await asyncio.sleep(0.2)
    await strangers
    log = gateway.process.log()
    require("did not finish a frame in 30 s; 1 users lose it" in log, "the backend went on")
    require(re.search(r"control: pid \d+ sent no whole line", log), "the log does not name who was at the control socket")
    require("query port: a connection without a whole frame" in log, "the log does not tell of the query port")
    mark = alice.mark()
    alice.say(f"echo@{DOMAIN}", "and again")
    await alice.message(f"echo@{DOMAIN}", "^and again$", "chat", mark)


# IRC ---------------------------------------------------------------------------------------------------------------


GARBAGE = (
    b"", b":", b": ", b"@", b"@a=b", b"@a=b :", b":x", b" ", b"\0\0\0", b"\xff\xfe\xfd",
    b":\x1b[31m PRIVMSG alice :\x1b[0m", b"PING", b"PONG", b"ERROR", b"PART", b"JOIN", b"KICK",
    b"KICK #lobby", b"NICK", b"MODE", b"MODE #lobby +ooooovvvv", b"QUIT", b"TOPIC", b"TOPIC #lobby",
    b"INVITE", b"PRIVMSG", b"PRIVMSG alice", b":x!y@z PRIVMSG #lobby", b"NOTICE", b"CAP", b"CAP * ACK",
    b"CAP * LS", b"CAP * NAK :x", b"AUTHENTICATE", b"AUTHENTICATE " + b"A" * 400, b"WALLOPS", b"AWAY",
    b"ACCOUNT",
    b":irc.fake 005 alice PREFIX=((((( CHANTYPES= NICKLEN=99999999999999999999 CHANMODES=,,,,,,, :x",
    b":irc.fake 005 alice PREFIX=(ov)@+ CHANTYPES=# CASEMAPPING=%s%n MODES=-1 :x", b":irc.fake 001",
    b":irc.fake 001 bob :again", b":irc.fake 001 alice :again", b":irc.fake 353 alice = #nowhere :a b c",
    b":irc.fake 353 alice", b":irc.fake 366 alice #nowhere", b":irc.fake 352 alice", b":irc.fake 311 alice x",
    b":irc.fake 318", b":irc.fake 322 alice", b":irc.fake 323", b":irc.fake 332",
    b":irc.fake 333 alice #lobby x 99999999999999999999999", b":irc.fake 000", b":irc.fake 999 alice",
    b":irc.fake 99999999999 x", b":irc.fake 433 alice alice :in use", b":irc.fake 904 alice",
    b":irc.fake 903", b":irc.fake 302", b":irc.fake 301 alice", b":eve!x@y PRIVMSG alice :\x01",
    b":eve!x@y PRIVMSG alice :\x01DCC SEND x 1 1 1\x01", b":eve!x@y PRIVMSG alice :\x01VERSION",
    b":eve!x@y PRIVMSG alice :" + bytes(range(1, 10)) + bytes(range(14, 256)),
    b":eve PRIVMSG " + b"," * 400 + b" :x", b":" + b"n" * 480 + b"!u@h PRIVMSG alice :long",
    b":eve!x@y JOIN " + b"#c," * 150, b"x" * 65536, b":eve!x@y PRIVMSG alice :" + b"y" * 65536,
    b" ".join(b"p" for _ in range(30000)), b"\r\r\r", b":eve!x@y NICK :", b":alice!x@y NICK :\x1b[31m",
)


async def scenario_garbage_from_irc(world):
    """Before the welcome and after it; of the person to whom it is sent nothing is lost but perhaps the connection."""
    irc = await world.fake_irc()
    _, gateway = await world.irc_server(irc)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    room = f"#lobby@{DOMAIN}"
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    victim = irc.writers[0]
    bob = await world.person(f"bob@{DOMAIN}", gateway.port)
    bob.join(room, "bob")
    await bob.joined(room, "bob")
    for line in GARBAGE:
        if victim.is_closing():
            break
        victim.write(line + b"\r\n")
    mark = len(irc.lines)
    bob.say(room, "bob is here", "groupchat")
    await irc.expect("PRIVMSG #lobby :bob is here", mark)
    victim.write(b"PING :end of garbage\r\n")

    def alive():
        return any("end of garbage" in line for line in irc.lines) or victim.is_closing()
    await wait_until(alive, "an answer behind the garbage")
    irc.greeting = "\r\n".join(line.decode("latin-1") for line in GARBAGE if len(line) < 1000)
    carol = await world.person(f"carol@{DOMAIN}", gateway.port)
    carol.join(room, "carol")
    mark = len(irc.lines)
    bob.say(room, "bob is still here", "groupchat")
    await irc.expect("PRIVMSG #lobby :bob is still here", mark)
    require("exited with" not in gateway.process.log() and "ended by signal" not in gateway.process.log(),
            "the backend has ended")
    check_log(gateway)
