# SPDX-License-Identifier: MIT
"""What logs and other places tell, and what they must never tell."""
import asyncio
import base64
import json
import os
import re
import signal
import xml.etree.ElementTree as ET

from harness.process import PATIENCE, Failure, Skip, descendants, ended, wait_until
from harness.raw import RawClient, sasl_plain
from test_durable import CONNECTED, all_said, fake_network, waiting

DOMAIN = "localhost"
ROOM = f"#lobby@{DOMAIN}"


async def run(*argv):
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await asyncio.wait_for(child.communicate(), 30 * PATIENCE)
    return child.returncode, output.decode(errors="replace")


def lines_of_trace(log, number):
    return [line for line in log.splitlines() if re.search(rf"\btrace {number}$", line)]


async def scenario_one_grep_shows_the_way_of_a_message(world):
    """From the person to the backend and from the network to the person: each line has who, where, and the number."""
    _, gateway = await world.irc_server()
    alice = await world.person(f"alice@{DOMAIN}/desk", gateway.port)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    mark = len(gateway.process.log())
    alice.say(ROOM, "on its way", "groupchat")
    await alice.message(f"{ROOM}/alice", "on its way", "groupchat")
    for first, wanted in (
            (rf"user alice@{DOMAIN}: message from \"alice@{DOMAIN}\": taken, trace (\d+)",
             [rf"user alice@{DOMAIN}: message to backend \d+,", rf"message \d+ for \"alice@{DOMAIN}\" is with the network,"]),
            (rf"user alice@{DOMAIN}: message from backend \d+, trace (\d+)",
             [rf"user alice@{DOMAIN}: message to \"alice@{DOMAIN}\" at \"desk\",",
              rf"message \d+ for \"alice@{DOMAIN}\" has arrived,"])):
        await wait_for_way(gateway, first, wanted, mark)
    # what the frontend refuses never gets a number, but a line
    alice.say(ROOM, "x" * 70000, "groupchat")
    await alice.message(ROOM, kind="error")
    refused = rf'message of "alice@{DOMAIN}/desk" to "#lobby@{DOMAIN}" is answered with not-acceptable$'
    if not re.search(refused, gateway.process.log()[mark:], re.M):
        raise Failure("a refused message has no line")


def broken_ways(log):
    """Lines of those traces of messages that have no beginning, or have been kept more often than they have come to an end."""
    traces = {}
    for line in log.splitlines():
        if found := re.search(r"\btrace (\d+)$", line):
            traces.setdefault(found[1], []).append(line)
    broken = []
    for lines in traces.values():
        text = "\n".join(lines)
        ends = re.findall(r" has arrived,| is with the network,| is not delivered[,:]", text)
        whole = re.search(r": taken,| from backend \d+,", text) and text.count(" is kept,") <= len(ends)
        if " is kept," in text and (not whole or "=3a" in text):
            broken.append(text)
    return broken


async def each_way_is_whole(gateway):
    """Of whatever was said so far, of each kind: and people are called by their addresses."""
    try:
        await wait_until(lambda: not broken_ways(gateway.process.log()), "each message's way to have an end")
    except Failure:
        raise Failure("ways that are not whole:\n" + "\n\n".join(broken_ways(gateway.process.log()))) from None
    if " is kept, " not in gateway.process.log():
        raise Failure("no message was kept")


async def wait_for_way(gateway, first, wanted, mark):
    """The trace of the first line that fits `first`; its lines have each of `wanted`, in this order."""
    found = await wait_until(lambda: re.search(first, gateway.process.log()[mark:]), f"a line like {first}", 120.0)

    def all_there():
        rest = list(wanted)
        for line in lines_of_trace(gateway.process.log()[mark:], found[1]):
            if rest and re.search(rest[0], line):
                rest.pop(0)
        return not rest
    try:
        await wait_until(all_there, "the whole way", 120.0)
    except Failure:
        lines = "\n".join(lines_of_trace(gateway.process.log()[mark:], found[1]))
        raise Failure(f"of trace {found[1]} the log has\n{lines}\nand not, in this order, {wanted}") from None
    return found[1]


async def scenario_one_grep_with_the_network_away(world):
    """What waits, is handed on late, comes back to its author or outlives the process keeps its number."""
    fake, gateway, alice = await fake_network(world, "JOIN")
    address = "alice@localhost"
    for room in ("#lobby", "#second"):
        alice.join(f"{room}@irc.localhost", "alice")
        await fake.expect(f"JOIN {room}")
        mark = len(gateway.process.log())
        for text in ("comes back", "waits"):
            alice.say(f"{room}@irc.localhost", text, "groupchat")
        await waiting(gateway, 2)
        number = json.loads(await gateway.control("--json", "spool"))["rows"][0]["number"]
        first = await wait_for_way(gateway, rf'user {address}: message from "{address}": taken, trace (\d+)', [" is kept,"], mark)
        way = rf'message {number} for "{address}" is kept, trace ({first})'
        if room == "#second":
            before = gateway.process.log_path
            await gateway.kill_core()
            await gateway.start()
            await gateway.process.wait_log("1 sessions go on")
            await gateway.process.wait_log(CONNECTED)
            await waiting(gateway, 2)
            # One that another process has accepted keeps its number.
            mark, way = 0, rf'message {number} for "{address}", from before the start, trace ({first})\b'
        await gateway.control("spool_bounce", str(number))
        await wait_for_way(gateway, way, [r' is not delivered: "An administrator'], mark)
        fake.release("JOIN")
        await all_said(fake, room, ["waits"])
        await waiting(gateway, 0)
        other = await wait_for_way(gateway, rf'user {address}: message to backend \d+, trace (\d+)',
                                   [" is kept," if room == "#lobby" else " from before the start,", " message to backend ",
                                    " is with the network"], mark)
        if room == "#second":
            # And nobody else gets it.
            with open(before, errors="replace") as file:
                lines = lines_of_trace(file.read(), other)
            if not any(f'message from "{address}": taken' in line for line in lines):
                raise Failure(f"trace {other} was of something else before: {lines}")
            mark = len(gateway.process.log())
            alice.say(f"{room}@irc.localhost", "new", "groupchat")
            newer = await wait_for_way(gateway, rf'message from "{address}": taken, trace (\d+)', [" is kept,"], mark)
            if int(newer) <= int(other):
                raise Failure(f"trace {newer} comes after {other}")
        fake.holds.add("JOIN")


async def scenario_journald_gets_priorities(world):
    """Where stderr is the journal a line begins with its priority instead of the time."""
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.write_config()
    path = os.path.join(world.folder, "journal")
    with open(path, "wb") as journal:
        info = os.fstat(journal.fileno())
        child = await asyncio.create_subprocess_exec(
            gateway.daemon, gateway.config, stdin=asyncio.subprocess.DEVNULL, stdout=journal, stderr=journal,
            env={**os.environ, "JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"}, start_new_session=True)
    try:
        await wait_until(lambda: "<6>ready" in open(path).read(), "the instance to be ready")
        child.send_signal(signal.SIGHUP)
        await wait_until(lambda: "<4>" in open(path).read(), "a warning")
    finally:
        child.terminate()
        await ended(child)
    lines = [line for line in open(path).read().splitlines() if line]
    strange = [line for line in lines if not re.match(r"<[3467]>\S", line)]
    if strange:
        raise Failure(f"lines without a priority: {strange}")


# ---- secrets ----

SECRETS = {
    "the person's password": "canary-password-1",
    "a wrong password": "canary-password-2",
    "the password of an account that transportctl made": "canary-password-3",
    "the password of a room": "canary-room-4",
    "a chat message": "canary-chat-5",
    "a room message": "canary-groupchat-6",
    "a message from the network": "canary-network-7",
    "a private message from the network": "canary-private-8",
    "a message that is refused": "canary-refused-9",
    "the subject of a room": "canary-subject-10",
    "a message of a stranger on the network": "canary-stranger-11",
    "the body of a stanza that is no XML": "canary-broken-12",
    "a password on the IRC server": "canary-nickserv-13",
    "the body of a message that is too long": "canary-long-14",
    "the XHTML of a message": "canary-xhtml-15",
    "the network's password in the configuration": "canary-config-16",
    "the new password of a person": "canary-new-17",
    "a registration's password": "canary-register-18",
}
# The spool is made of what was accepted and not yet handed over, and of the rooms to go back to (docs/security.md).
OF_THE_SPOOL = ("message", "room", "XHTML", "on the IRC server")


def forms(secret):
    """As it is, in base64 (however it lies in it), in hexadecimal, and backwards escaped."""
    found = {secret, secret.encode().hex(), secret.encode().hex().upper()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        found.add(text[(0, 2, 3)[shift]:-4])
    found.add(base64.b64encode(f"\0alice\0{secret}".encode()).decode().rstrip("="))
    return found


def leaks(where, text, secrets):
    if isinstance(text, str):
        text = text.encode()
    return [f"{name} is in {where}" for name, secret in secrets.items()
            if any(form.encode() in text for form in forms(secret))]


def of_process(pid):
    """argv and environment of a process, and what it may leave when it crashes."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        text = file.read()
    with open(f"/proc/{pid}/environ", "rb") as file:
        return text + file.read()


def in_files(gateway, secrets, *spare, key=None):
    """Leaks in what is below the gateway's folder, but for its configuration and what is in `spare`."""
    found = []
    for folder, _, files in os.walk(gateway.folder):
        for name in files:
            path = os.path.join(folder, name)
            if path == gateway.config or path in spare or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                content = file.read()
            wanted = secrets
            if "spool" in os.path.relpath(folder, gateway.folder).split(os.sep):
                wanted = {n: s for n, s in secrets.items() if not any(word in n for word in OF_THE_SPOOL)}
                if os.stat(path).st_mode & 0o077:
                    found.append(f"others may read {path}")
            found += leaks(os.path.relpath(path, gateway.folder), content, wanted)
            if key and (key in content or key.hex().encode() in content or base64.b64encode(key)[:-4] in content):
                found.append(f"the key is in {path}")
    return found


async def make_them_pass_everywhere(world, gateway, ircd, alice):
    """Every secret goes where it belongs, and wherever something goes wrong with it."""
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice.join(ROOM, "alice", SECRETS["the password of a room"])
    await alice.joined(ROOM, "alice")
    alice.say(ROOM, SECRETS["a room message"], "groupchat")
    await carol.expect(SECRETS["a room message"])
    alice.say(f"carol@{DOMAIN}", SECRETS["a chat message"])
    await carol.expect(SECRETS["a chat message"])
    message = alice.make_message(mto=ROOM, mbody="plain", mtype="groupchat")
    xhtml = ET.SubElement(message.xml, "{http://jabber.org/protocol/xhtml-im}html")
    body = ET.SubElement(xhtml, "{http://www.w3.org/1999/xhtml}body")
    ET.SubElement(body, "{http://www.w3.org/1999/xhtml}p").text = SECRETS["the XHTML of a message"]
    message.send()
    alice.say(ROOM, SECRETS["the body of a message that is too long"] + "x" * 70000, "groupchat")
    await alice.message(ROOM, kind="error")
    alice.say(f"#elsewhere@{DOMAIN}", SECRETS["a message that is refused"], "groupchat")
    await alice.message(f"#elsewhere@{DOMAIN}", kind="error")
    carol.send(f"PRIVMSG #lobby :{SECRETS['a message from the network']}")
    await alice.message(ROOM + "/carol", SECRETS["a message from the network"])
    carol.send(f"PRIVMSG alice :{SECRETS['a private message from the network']}")
    await alice.message(body=SECRETS["a private message from the network"])
    carol.send(f"TOPIC #lobby :{SECRETS['the subject of a room']}")
    await alice.message(ROOM, kind="groupchat", where=lambda m: SECRETS["the subject of a room"] in (m["subject"] or ""))
    alice.join(f"#locked@{DOMAIN}", "alice", SECRETS["the password of a room"])
    alice.say(f"NickServ@{DOMAIN}", f"identify {SECRETS['a password on the IRC server']}")
    stranger = await world.irc_client(ircd, "stranger")
    stranger.send(f"NOTICE alice :{SECRETS['a message of a stranger on the network']}")
    stranger.send(f"PRIVMSG alice :\x01PING {SECRETS['a message of a stranger on the network']}\x01")
    await stranger.expect("NOTICE stranger")


async def make_them_fail(gateway):
    """Logins and stanzas that go wrong; what was answered."""
    answers = ""
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send(sasl_plain("alice", SECRETS["a wrong password"]))
    await raw.expect("failure")
    await raw.send(sasl_plain("", SECRETS["a wrong password"]), may_break=True)
    await raw.send("<message><body>" + SECRETS["the body of a stanza that is no XML"] + "</wrong>", may_break=True)
    answers += await raw.until_closed("a stanza that is no XML")
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>eve</username><password>"
                   f"{SECRETS['a registration' + chr(39) + 's password']}</password></query></iq>", may_break=True)
    await raw.send("</stream:stream>", may_break=True)
    answers += await raw.until_closed("a registration that is not offered")
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send(sasl_plain("alice", SECRETS["the person's password"]))
    await raw.expect("success")
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    await raw.expect("jid>")
    await raw.send("<iq type='set' id='n' to='localhost'><query xmlns='jabber:iq:register'><username>alice</username>"
                   f"<password>{SECRETS['the new password of a person']}</password></query></iq>")
    await raw.expect("id='n'")
    await raw.send(f"<message to='x y'><body>{SECRETS['the body of a stanza that is no XML']}</body></message>"
                   f"<message to='@'><body>{SECRETS['the body of a stanza that is no XML']}</body></message>"
                   f"<nonsense><body>{SECRETS['the body of a stanza that is no XML']}</body></nonsense>", may_break=True)
    answers += await raw.until_closed("nonsense")
    return answers


async def scenario_secrets_and_texts_stay_out_of_logs(world):
    """Canaries for every secret and text; then everything is searched: logs, argv, environment, errors, files."""
    ircd = await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.irc(ircd)
    gateway.keys.update({"database.password": SECRETS["the network's password in the configuration"],
                         "database.encryption_key": SECRETS["the network's password in the configuration"]})
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, password=SECRETS["the person's password"])
    found = []
    await gateway.control("register", f"dave@{DOMAIN}", "dave",
                          SECRETS["the password of an account that transportctl made"])
    await make_them_pass_everywhere(world, gateway, ircd, alice)
    for words in (("register", f"dave@{DOMAIN}", "dave", SECRETS["the password of an account that transportctl made"]),
                  ("register", f"dave@{DOMAIN}", SECRETS["a wrong password"]),
                  ("nonsense", SECRETS["a wrong password"])):
        found += leaks(f"the answer to {words[0]}", await gateway.control(*words, expect=1), SECRETS)
    found += leaks("answers to a stranger", await make_them_fail(gateway), SECRETS)
    pids = [gateway.process.pid, *descendants(gateway.process.pid)]
    if len(pids) < 2:
        raise Failure("no backend runs")
    for pid in pids:
        found += leaks(f"argv or environment of {pid}", of_process(pid), SECRETS)
        limits = open(f"/proc/{pid}/limits").read()
        if pid != gateway.process.pid and not re.search(r"^Max core file size\s+0\s+0\s", limits, re.M):
            raise Failure(f"the backend {pid} may dump core: {limits}")
    received = "\n".join(line for line in alice.traffic().splitlines() if line.startswith("RECV"))
    passwords = {name: secret for name, secret in SECRETS.items() if "password" in name and "room" not in name}
    found += leaks("what the person's client got", received, passwords)
    keyfile = os.path.join(gateway.keys["service.working_dir"], "key")
    key = open(keyfile, "rb").read()
    gateway.process.child.send_signal(signal.SIGHUP)
    await gateway.kill_backend()  # a crash logs more than an orderly end
    await gateway.process.wait_log("lose it")
    await gateway.stop()
    found += in_files(gateway, SECRETS, keyfile, key=key)
    if found:
        raise Failure("\n".join(sorted(set(found))))
    log = gateway.process.log()
    if "debug: " not in log or "message from" not in log or "alice" not in log:
        raise Failure("there was nothing to find in the log")


async def scenario_complaints_do_not_quote_secrets(world):
    """A configuration that is wrong around its secrets."""
    gateway = world.gateway(jid="irc.localhost", backend="echo")
    secret = SECRETS["the network's password in the configuration"]
    for text in (f"[service]\npassword = {secret}\npassword = {secret}2\n",
                 f"[service]\npassword {secret}\n", f"[database]\npassword = {secret}\ntype = nonsense\n",
                 f"[database]\nencryption_key = {secret}\n", f"[service\npassword = {secret}\n",
                 f"[service]\nport = 1\npasword = {secret}\n[database]\nconnectionstring = password={secret}\n"):
        gateway.keys["service.password"] = secret
        gateway.write_config()
        with open(gateway.config, "a") as file:
            file.write(text)
        for arguments in (("--check",), (), ("--check", f"--service.password={secret}", f"--database.password={secret}")):
            _, output = await run(gateway.daemon, *arguments, gateway.config, "--service.port=none")
            if secret in output or not output:
                raise Failure(f"with {text!r} and {arguments} it says: {output}")


async def scenario_the_core_cannot_be_dumped(world):
    """A process that may not be dumped has its files in /proc owned by root, whoever it runs as."""
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    if os.path.exists("/proc/sys/fs/suid_dumpable") and open("/proc/sys/fs/suid_dumpable").read().strip() == "1":
        raise Skip("this machine dumps everything")
    gateway = world.gateway(jid=DOMAIN, backend="echo", build=world.plain_build_or_skip())
    gateway.server()
    programs = os.path.join(world.folder, "programs")
    await run("cp", "-r", os.path.dirname(gateway.daemon), programs)
    await run("cp", gateway.backend, programs)
    for folder in (world.folder, gateway.folder, programs):
        os.chmod(folder, 0o755)
    gateway.daemon = os.path.join(programs, "transportd")
    gateway.keys.update({"service.backend": os.path.join(programs, "transport-echo"), "service.user": "nobody",
                         "service.group": "nogroup"})
    write = gateway.write_config

    def write_readable():
        write()
        os.chmod(gateway.config, 0o644)
    gateway.write_config = write_readable
    await gateway.start()
    status = open(f"/proc/{gateway.process.pid}/status").read()
    if not re.search(r"^Uid:\t65534\t", status, re.M):
        raise Failure(f"it runs as somebody else: {status}")
    if os.stat(f"/proc/{gateway.process.pid}/environ").st_uid != 0:
        raise Failure("the core can be dumped")
