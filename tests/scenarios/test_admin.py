# SPDX-License-Identifier: MIT
"""Administration: every command on the real daemon, from the terminal and from a chat, and the shells' completion."""
import asyncio
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import stat
import struct
import termios
import time

from harness.gateway import SANITIZERS, wait_for_answer
from harness.http import metrics_of
from harness.process import (PATIENCE, Failure, ended, find_program_or_skip, free_port, require, wait_answer,
                             wait_until)
from harness.raw import RawClient, sasl_plain

DOMAIN = "localhost"
GATEWAY = "irc.localhost"
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ECHO = f"echo@{DOMAIN}"


def program(world):
    return os.path.join(world.build, "daemon", "transportctl")


async def run(*argv, path=None, text=None):
    """(exit status, what it prints on both ways)"""
    environment = {**os.environ, **SANITIZERS, **({"PATH": path} if path else {})}
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=environment)
    output, _ = await asyncio.wait_for(child.communicate((text or "").encode()), 60 * PATIENCE)
    return child.returncode, output.decode(errors="replace")


async def server(world, **keys):
    """The gateway as a server with the echo backend."""
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.keys.update(keys)
    await gateway.start()
    return gateway


async def ask_json(gateway, *words):
    return json.loads(await gateway.control("--json", *words))


async def log_in(gateway, name, password="secret"):
    """A raw client that tries to authenticate; what the server said."""
    raw = RawClient(gateway.port)
    await raw.open(DOMAIN)
    await raw.send(sasl_plain(name, password))
    await wait_for_text(raw, "</failure>", "<success")
    return raw


async def wait_for_text(raw, *texts):
    while not any(text in raw.seen for text in texts):
        require(await raw._more(30), f"the stream ended: {raw.seen[-500:]}")


async def component(world, **keys):
    """Prosody, the gateway with the echo backend; alice and bob are registered and there."""
    prosody = await world.prosody()
    gateway = world.gateway(backend="echo")
    gateway.component_of(prosody)
    gateway.keys.update(keys)
    await gateway.start()
    await gateway.process.wait_log("connected to")
    people = []
    for name in ("alice", "bob"):
        person = await world.person(f"{name}@localhost", prosody.c2s_port)
        await person.register(GATEWAY, name)
        await person.presence(f"echo@{GATEWAY}", "available")
        people.append(person)
    return prosody, gateway, *people


# --------------------------------------------------------------------------------------------------- what is shown


async def scenario_lists(world):
    ircd, gateway = await world.irc_server()
    alice = await world.person(f"alice@{DOMAIN}/desk", gateway.port)
    alice.join(f"#lobby@{DOMAIN}", "alice")
    await alice.joined(f"#lobby@{DOMAIN}", "alice")
    users = (await ask_json(gateway, "users"))["rows"]
    require(len(users) == 1 and users[0]["user"] == f"alice@{DOMAIN}" and users[0]["name"] == "alice" and
            users[0]["state"] == "connected" and users[0]["rooms"] == 1 and users[0]["clients"] == 1 and
            users[0]["backend"] == 1 and users[0]["error"] is None, f"users are {users}")
    require((await ask_json(gateway, "users", "nobody"))["rows"] == [], "a filter that fits nobody")
    rooms = (await ask_json(gateway, "rooms"))["rows"]
    require(len(rooms) == 1 and rooms[0]["room"] == "#lobby" and rooms[0]["nickname"] == "alice" and
            rooms[0]["state"] == "joined" and rooms[0]["participants"] >= 1, f"rooms are {rooms}")
    backends = (await ask_json(gateway, "backends"))["rows"]
    require(backends[0]["pid"] in gateway.backends() and backends[0]["state"] == "ready" and
            backends[0]["users"] == 1, f"backends are {backends}")
    queues = {row["queue"]: row for row in (await ask_json(gateway, "queues"))["rows"]}
    require({"spool: to the network", "spool: to people", "spool: dead letters", "database", "xmpp: clients' streams",
             "logins without a backend", "backend 1"} == set(queues), f"queues are {queues}")
    require(queues["xmpp: clients' streams"]["bytes"] == 0 and queues["backend 1"]["held"] == "no", f"queues are {queues}")
    spool = await ask_json(gateway, "spool_status")
    require(spool["waiting"] == 0 and spool["durability"] == "process" and spool["to_network"] == "confirmed" and
            spool["to_people"] == {"xmpp": "socket"} and spool["oldest"] is None, f"spool_status is {spool}")
    require((await ask_json(gateway, "frontends"))["rows"] == [
        {"frontend": "xmpp", "state": "serving", "people": 1, "backends_held": "no"}], "the frontend is another")
    lines = (await gateway.control("users")).splitlines()
    require(len(lines) == 2 and lines[0].split()[:3] == ["USER", "NAME", "STATE"] and
            lines[1].split()[:3] == [f"alice@{DOMAIN}", "alice", "connected"], f"the table is {lines}")
    status = await ask_json(gateway, "status")
    require(status["users"] == 1 and status["backends"] == 1 and status["draining"] is False and
            status["value"] == "Running (1 users connected using 1 backends)", f"status is {status}")
    for name in ("uptime", "online_users_count", "backends_count", "crashed_backends_count", "res_memory",
                 "shr_memory", "used_memory", "average_memory_per_user", "messages_from_xmpp", "messages_to_xmpp"):
        value = (await ask_json(gateway, name))["value"]
        require(isinstance(value, int) and str(value).isdigit(), f"{name} is {value}")
        require((await gateway.control("get", name)).isdigit(), f"get {name} gives no number")
    require("Error:" in await gateway.control("set", "uptime", "3", expect=1), "uptime can be set")
    require("error" in json.loads(await gateway.control("--json", "nonsense", expect=1)), "an error is no error in JSON")
    # A crash is counted under its number.
    await gateway.kill_backend()
    await wait_for_answer(gateway, "crashed_backends", "1")


async def scenario_the_server_that_people_are_on(world):
    """Whether it is reached is seen, by an administrator and by Prometheus; whoever asks need not wait for it."""
    prosody, gateway, alice, bob = await component(world, **{"metrics.port": free_port()})

    async def becomes(state, value):
        async def now():
            rows = (await ask_json(gateway, "frontends"))["rows"]
            return rows, (await metrics_of(gateway.keys["metrics.port"]))['libtransport_frontend_connected{frontend="xmpp"}']
        rows, told = await wait_answer(now, lambda answer: answer[0][0]["state"] == state, f"the state to be {state}")
        require(len(rows) == 1 and rows[0]["frontend"] == "xmpp" and rows[0]["backends_held"] == "no", f"frontends are {rows}")
        require(told == value, f"{state} is {told} for Prometheus")
        return rows[0]["people"]
    require(await becomes("connected", 1) == 2, "alice and bob are not counted")
    await prosody.stop()
    await becomes("not connected", 0)
    require((await ask_json(gateway, "status"))["value"].startswith("Running"), "it does not run")
    await prosody.start()
    await becomes("connected", 1)


async def on_a_terminal(columns, *argv):
    """The lines that a program writes on a terminal of this width."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    child = await asyncio.create_subprocess_exec(*argv, stdin=terminal, stdout=terminal, stderr=terminal,
                                                 env={**os.environ, **SANITIZERS})
    require(await child.wait() == 0, f"{argv} fails on a terminal")
    text = os.read(controller, 65536).decode()
    os.close(terminal)
    os.close(controller)
    return text.splitlines()


async def scenario_texts_are_harmless_on_a_terminal(world):
    """What people choose does not command the terminal of an operator, and is whole for programs."""
    gateway = await server(world)
    reason = "evil\u202e\u009b31m"
    await gateway.control("ban", f"x@{DOMAIN}", reason)
    for options, shown in (([], "evil\\u{202e}\\u{9b}31m"), (["--json"], "evil\\u{202e}\\u009b31m")):
        lines = await on_a_terminal(200, program(world), "-c", gateway.config, *options, "bans")
        text = "\n".join(lines)
        require(shown in text and reason[4] not in text, f"{options}: {text!r}")
    require((await ask_json(gateway, "bans"))["rows"][0]["reason"] == reason, "the reason is another")


async def scenario_tables_fit_the_terminal(world):
    gateway = await server(world)
    long_name = "a-name-that-is-longer-than-most-are"
    person = await world.person(f"{long_name}@{DOMAIN}", gateway.port)
    person.say(ECHO, "here")
    await person.message(ECHO, "^here$")
    for columns in (80, 110, 200):
        lines = await on_a_terminal(columns, program(world), "-c", gateway.config, "users")
        require(max(map(len, lines)) <= columns, f"on {columns} columns: {lines}")
        left_out = re.fullmatch(r"(\d+) columns? left out: --json or a wider terminal shows them", lines[-1])
        require(len(lines) == (2 if columns == 200 else 3) and bool(left_out) == (columns != 200),
                f"on {columns} columns: {lines}")
        require(len(re.split(" {1,}", lines[0])) == 12 - (int(left_out[1]) if left_out else 0),
                f"on {columns} columns another number of columns is left out: {lines}")
        require((f"{long_name}@{DOMAIN}" in lines[1]) == (columns == 200) and lines[1].startswith("a-name-that-is-"),
                f"on {columns} columns: {lines[1]}")
    for command in ("backends", "rooms", "spool", "bans", "workspaces", "queues", "frontends"):
        lines = await on_a_terminal(80, program(world), "-c", gateway.config, command)
        require(max(map(len, lines)) <= 80, f"{command} does not fit 80 columns: {lines}")
    require(long_name in await gateway.control("users"), "what goes into a pipe is cut")


# --------------------------------------------------------------------------------------------------- people


async def scenario_kick(world):
    _, gateway, alice, bob = await component(world)
    mark = alice.mark()
    await gateway.control("kick", f"alice@{DOMAIN}", "Too", "loud, sorry.")
    sentence = "You were logged out by an administrator: Too loud, sorry."
    await alice.message(GATEWAY, f"^{re.escape(sentence)}$", after=mark)
    await alice.presence(GATEWAY, "unavailable", mark, where=lambda p: p["status"] == sentence)
    await alice.presence(f"echo@{GATEWAY}", "unavailable", mark)
    require("has no session" in await gateway.control("kick", f"alice@{DOMAIN}", expect=1), "she is there twice")
    # Nobody else notices, and the next presence is welcome.
    bob.say(f"echo@{GATEWAY}", "still here")
    await bob.message(f"echo@{GATEWAY}", "^still here$")
    mark = alice.mark()
    alice.send_presence()
    await alice.presence(f"echo@{GATEWAY}", "available", mark)
    await gateway.control("kick", "no address", expect=1)


async def scenario_kick_from_a_server(world):
    gateway = await server(world)
    raw = await log_in(gateway, "alice")
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>")
    await raw.expect("</iq>")
    await wait_for_answer(gateway, "online_users_count", "1")
    await wait_for_clients(gateway, 1)
    await gateway.control("kick", f"alice@{DOMAIN}", "Enough.")
    text = await raw.until_closed("who was kicked")
    require("You were logged out by an administrator: Enough." in text and "<stream:error" in text, f"she is told {text}")
    await raw.close()
    again = await log_in(gateway, "alice")
    require("<success" in again.seen, "she may not come again")
    await again.close()


async def wait_for_clients(gateway, count):
    end = time.monotonic() + 20 * PATIENCE
    while True:
        rows = (await ask_json(gateway, "users"))["rows"]
        if sum(row["clients"] for row in rows) == count:
            return
        require(time.monotonic() < end, f"there are never {count} clients: {rows}")
        await asyncio.sleep(0.05)


async def scenario_ban(world):
    """It is told in words at each door, and outlives the account and the process."""
    gateway = await server(world)
    sentence = "You are banned from this gateway: Spam &amp; more"
    raw = await log_in(gateway, "alice")
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>")
    await raw.expect("</iq>")
    await wait_for_clients(gateway, 1)
    answer = await gateway.control("ban", f"Alice@{DOMAIN.upper()}/some-client", "Spam &", "more")
    require(answer == f"alice@{DOMAIN} is banned and logged out.", f"the answer is {answer}")
    require(sentence in await raw.until_closed("who was banned"), "she is not told why")
    await raw.close()
    for _ in range(2):
        refused = await log_in(gateway, "alice")
        require("<not-authorized" in refused.seen or "<not-allowed" in refused.seen or "<account-disabled" in refused.seen,
                f"she is let in: {refused.seen}")
        require(sentence in refused.seen, f"she is not told why: {refused.seen}")
        await refused.close()
        rows = (await ask_json(gateway, "bans"))["rows"]
        require(len(rows) == 1 and rows[0]["user"] == f"alice@{DOMAIN}" and rows[0]["reason"] == "Spam & more" and
                rows[0]["since"].startswith("20"), f"bans are {rows}")
        await gateway.stop()
        await gateway.start()
    answer = await gateway.control("register", f"alice@{DOMAIN}", "other", "secret", expect=1)
    require("You are banned" in answer or "already" in answer, f"registering gives {answer}")
    await gateway.control("unregister", f"alice@{DOMAIN}")
    require("You are banned" in await gateway.control("register", f"alice@{DOMAIN}", "other", "secret", expect=1),
            "a removed account is no longer banned")
    await gateway.control("unban", f"alice@{DOMAIN}")
    await gateway.control("unban", f"alice@{DOMAIN}", expect=1)
    welcome = await log_in(gateway, "alice")
    require("<success" in welcome.seen, "she is still kept out")
    await welcome.close()


async def scenario_ban_through_a_server(world):
    _, gateway, alice, bob = await component(world)
    mark = alice.mark()
    await gateway.control("ban", f"alice@{DOMAIN}", "Spam.")
    sentence = "^You are banned from this gateway: Spam.$"
    await alice.message(GATEWAY, sentence, after=mark)
    await alice.presence(GATEWAY, "unavailable", mark)
    mark = alice.mark()
    alice.send_presence()
    await alice.message(GATEWAY, sentence, after=mark)
    from slixmpp.exceptions import IqError
    try:
        await alice.register(GATEWAY, "another")
        raise Failure("who is banned can register")
    except IqError as error:
        require("You are banned from this gateway: Spam." in str(error.iq), f"registering says {error.iq}")
    await gateway.control("unban", f"alice@{DOMAIN}")
    mark = alice.mark()
    alice.send_presence(ptype="unavailable")
    alice.send_presence()
    await alice.presence(f"echo@{GATEWAY}", "available", mark)


async def scenario_messages(world):
    _, gateway, alice, bob = await component(world)
    await gateway.control("message", f"bob@{DOMAIN}", "Don't", "  \"panic\"")
    await bob.message(GATEWAY, "^Don't   \"panic\"$")
    await gateway.control("broadcast", "To all of you")
    for person in (alice, bob):
        await person.message(GATEWAY, "^To all of you$")
    require(not [m for m in alice.messages if "panic" in m["body"]], "a message for one came to two")
    await gateway.control("message", f"nobody@{DOMAIN}", "hello", expect=1)


async def scenario_maintenance(world):
    gateway = await server(world)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await wait_for_clients(gateway, 1)
    await gateway.control("drain", "0", "Back", "at noon.")
    await alice.message(DOMAIN, "^Back at noon.$")
    require((await ask_json(gateway, "status"))["draining"] is True, "status does not say so")
    refused = await log_in(gateway, "bob")
    require("Back at noon." in refused.seen and "<failure" in refused.seen, f"bob is told {refused.seen}")
    await refused.close()
    # Who is there goes on, and the backend ends with the last one.
    alice.say(ECHO, "still here")
    await alice.message(ECHO, "^still here$")
    await alice.stop()
    await wait_for_answer(gateway, "backends_count", "0")
    await gateway.control("undrain")
    await gateway.control("undrain", expect=1)
    bob = await log_in(gateway, "bob")
    require("<success" in bob.seen, f"after maintenance bob is told {bob.seen}")
    await bob.close()


async def scenario_maintenance_that_logs_out(world):
    """With a time limit people are logged out, wait, and are logged in when it is over."""
    _, gateway, alice, bob = await component(world)
    mark = alice.mark()
    await gateway.control("drain", "1")
    await alice.message(GATEWAY, "under maintenance", after=mark)
    await alice.presence(GATEWAY, "unavailable", mark)
    await wait_for_answer(gateway, "backends_count", "0")
    # Who comes now is told, and logged in with the others.
    bob.send_presence(ptype="unavailable")
    mark = bob.mark()
    bob.send_presence()
    await bob.message(GATEWAY, "under maintenance", after=mark)
    mark = alice.mark()
    await gateway.control("undrain")
    await alice.presence(f"echo@{GATEWAY}", "available", mark)
    await bob.presence(f"echo@{GATEWAY}", "available", mark)
    await wait_for_answer(gateway, "online_users_count", "2")


async def scenario_registration_from_the_terminal(world):
    """A password need not be an argument, where others can read it."""
    gateway = await server(world)
    status, output = await run(program(world), "-c", gateway.config, "register", f"tom@{DOMAIN}", "to m", "-",
                               text="canary password\n")
    require(status == 0 and output.strip() == "User registered", f"registering gives {status}: {output}")
    require("canary" not in gateway.process.log(), "the password is in the log")
    require((await ask_json(gateway, "has_online_user", f"tom@{DOMAIN}"))["value"] == 0, "tom is online")
    await gateway.control("unregister", f"tom@{DOMAIN}")


# --------------------------------------------------------------------------------------------------- watching


class Follower:
    """transportctl --follow, with what it has printed."""

    def __init__(self, world, gateway, *options):
        self.argv = [program(world), "-c", gateway.config, *options]
        self.text = ""

    async def start(self):
        self.child = await asyncio.create_subprocess_exec(
            *self.argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env={**os.environ, **SANITIZERS})
        self.reading = asyncio.create_task(self.read())
        return self

    async def read(self):
        while data := await self.child.stdout.read(65536):
            self.text += data.decode()

    async def expect(self, pattern):
        return await wait_until(lambda: re.search(pattern, self.text, re.M), f"{pattern!r} in {self.text[-2000:]}")

    async def stop(self):
        if self.child.returncode is None:
            self.child.terminate()
        await self.reading
        return await self.child.wait()


async def scenario_follow(world):
    gateway = await server(world)
    user = f"alice@{DOMAIN}"
    hidden = await Follower(world, gateway, "--follow", user).start()
    shown = await Follower(world, gateway, "--bodies", "--json", "-f", user).start()
    try:
        await hidden.expect(f"^following {user}, who is not here now$")
        await shown.expect("following")
        alice = await world.person(user, gateway.port)
        bob = await world.person(f"bob@{DOMAIN}", gateway.port)
        await hidden.expect("to network backend 1: login, .*name \"alice\"")
        alice.say(ECHO, "canary to the echo")
        await alice.message(ECHO, "canary")
        bob.say(ECHO, "canary of bob")
        await bob.message(ECHO, "canary")
        await hidden.expect(f"from person {user}/\\S+: message, trace \\d+, .*name \"echo\", text of 18 bytes")
        await hidden.expect(f"to person {user}\\S*: message, trace \\d+, .*text of 18 bytes")
        await shown.expect("\"at\":\"to network\".*\"text\":\"canary to the echo\"")
        trace = re.search(r"from person \S+: message, trace (\d+)", hidden.text).group(1)
        require(re.search(rf"to network \S+ \d+: message, trace {trace},", hidden.text), "the trace is not the same")
        objects = [json.loads(line) for line in shown.text.splitlines()]
        require(objects[0] == {"following": user, "live": False}, f"the first is {objects[0]}")
        require({o["at"] for o in objects[1:]} == {"from person", "to network", "from network", "to person"},
                "a point of the way is missing")
        for follower in (hidden, shown):
            require("canary of bob" not in follower.text and "secret" not in follower.text, "too much is shown")
        require("canary" not in hidden.text, "what is said is shown")
        # One that goes is forgotten; the other one sees the end.
        await hidden.stop()
        alice.say(ECHO, "more")
        await alice.message(ECHO, "more")
        await alice.stop()
        await shown.expect("\"event\":\"logout\"")
        await gateway.stop()
        require(await ended(shown.child) == 3, "the end of the instance is no end")
        require("has ended" in shown.text, f"the end says {shown.text[-200:]}")
    finally:
        await hidden.stop()
        await shown.stop()
    require("canary" not in gateway.process.log(), "what is said is in the log")


async def scenario_follower_that_does_not_read(world):
    """Its events are left out; the gateway neither waits nor grows."""
    gateway = await server(world)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await wait_for_clients(gateway, 1)
    reader, writer = await asyncio.open_unix_connection(os.path.join(gateway.folder, "state", "control"), limit=1)
    try:
        writer.write(f"--bodies follow alice@{DOMAIN}\n".encode())
        await writer.drain()
        # It is shown four times, as much of a text as is shown: more than the kernel and LIMIT_CONTROL_OUT_BYTES hold, and not so
        # much that alice is slowed down.
        for round_ in range(4):
            for _ in range(50):
                alice.say(ECHO, "x" * 4000)
            alice.say(ECHO, f"round {round_}")
            await alice.message(ECHO, f"^round {round_}$", timeout=60)
        transport = writer.transport
        transport.resume_reading()
        async def drain():
            while await reader.read(1 << 20):
                pass
        draining = asyncio.create_task(drain())
        await asyncio.sleep(0)

        def told():
            alice.say(ECHO, "go on")
            return "events were left out" in gateway.process.log()
        await wait_until(told, "the log to say that events were left out")
        draining.cancel()
    finally:
        writer.close()
    await wait_for_answer(gateway, "online_users_count", "1")


async def scenario_log_level_of_one_user(world):
    gateway = await server(world, **{"logging.level": "info"})
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    bob = await world.person(f"bob@{DOMAIN}", gateway.port)

    async def talk(text):
        for person in (alice, bob):
            person.say(ECHO, text)
            await person.message(ECHO, text)
    await talk("before")
    require(" debug: " not in gateway.process.log(), "debug is logged at level info")
    require(await gateway.control("user_log_level", f"alice@{DOMAIN}", "debug") == "debug", "the level is not taken")
    await talk("during")
    await gateway.process.wait_log(f"debug: user alice@{DOMAIN}: message from")
    require("debug: user bob@" not in gateway.process.log(), "the level is everybody's")
    await gateway.control("user_log_level", f"alice@{DOMAIN}", "default")
    size = len(gateway.process.log())
    await talk("after")
    require(" debug: " not in gateway.process.log()[size:], "the level stays")
    require(await gateway.control("set", "log_level", "debug") == "debug", "the instance's level is not taken")
    await talk("at last")
    await gateway.process.wait_log(f"debug: user bob@{DOMAIN}: message from")
    await gateway.control("set", "log_level", "loud", expect=1)


# --------------------------------------------------------------------------------------------------- chat


async def scenario_from_a_chat(world):
    prosody, gateway, alice, bob = await component(world, **{"service.admin_jid": f"alice@{DOMAIN}"})

    async def chat(person, line):
        mark = person.mark()
        person.say(GATEWAY, line)
        return (await person.message(GATEWAY, after=mark))["body"]
    require(await chat(alice, "status") == "Running (2 users connected using 1 backends)", "the status is another")
    require(re.search(r"^USER +NAME +STATE", await chat(alice, "users")), "there is no table")
    require(json.loads(await chat(alice, "--json backends_count"))["value"] == 1, "there is no JSON")
    mark = bob.mark()
    require(await chat(alice, f"message bob@{DOMAIN} It's \"me\"") == "Message sent.", "the message is not sent")
    await bob.message(GATEWAY, "^It's \"me\"$", after=mark)
    require((await chat(bob, f"kick alice@{DOMAIN}")).startswith("I do not understand"), "anybody may")
    require("kick" in await chat(alice, "help") and "kick" not in await chat(bob, "help"), "help shows the same to both")
    # Administrators may throw themselves out, and are answered.
    require(await chat(alice, f"kick alice@{DOMAIN}") in (
        f"alice@{DOMAIN} is logged out.", "You were logged out by an administrator."), "no answer to the one who has gone")
    mark = alice.mark()
    alice.send_presence()
    await alice.presence(f"echo@{GATEWAY}", "available", mark)
    # The same as forms (XEP-0050).
    items = {}
    for person in (alice, bob):
        listed = await person.plugin["xep_0050"].get_commands(jid=GATEWAY)
        items[person] = {item[1] for item in listed["disco_items"]["items"]}
    require({"kick", "ban", "unban", "drain", "broadcast", "users", "admin-register"} <= items[alice],
            f"the administrator is offered {items[alice]}")
    require(not {"kick", "ban", "drain"} & items[bob] and "settings" in items[bob], f"bob is offered {items[bob]}")
    form = await alice.plugin["xep_0050"].send_command(GATEWAY, "kick")
    require(set(form["command"]["form"].get_fields()) == {"user", "reason"}, f"the form is {form}")
    submit = alice.plugin["xep_0004"].make_form(ftype="submit")
    submit.add_field(var="user", value=f"bob@{DOMAIN}")
    submit.add_field(var="reason", value="By a form")
    mark = bob.mark()
    done = await alice.plugin["xep_0050"].send_command(GATEWAY, "kick", action="complete", payload=submit,
                                                       sessionid=form["command"]["sessionid"])
    require(f"bob@{DOMAIN} is logged out." in str(done), f"the form is answered with {done}")
    await bob.message(GATEWAY, "administrator: By a form$", after=mark)
    from slixmpp.exceptions import IqError
    try:
        await bob.plugin["xep_0050"].send_command(GATEWAY, "kick")
        raise Failure("bob may use the form")
    except IqError as error:
        require(error.condition == "forbidden", f"bob is answered {error.condition}")


# --------------------------------------------------------------------------------------------------- the instance


async def scenario_reload(world):
    gateway = await server(world, **{"registration.allowed_usernames": "[a-z]+", "logging.level": "info",
                                     "irc.some_key": "1"})
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await wait_for_clients(gateway, 1)
    require(await gateway.control("reload") == "Config reloaded", "nothing has changed, and that is not what it says")
    size = len(gateway.process.log())
    gateway.keys.update({"service.port": free_port(), "registration.allowed_usernames": "[A-Z]+",
                         "logging.level": "debug", "irc.some_key": "2", "identity.name": "Another name"})
    gateway.write_config()
    os.kill(gateway.process.pid, signal.SIGHUP)
    await gateway.process.wait_log("configuration reloaded", after=size)
    log = gateway.process.log()[size:]
    for text in ("registration.allowed_usernames has changed", "logging.level has changed", "identity.name has changed",
                 "service.port differs in the file: it takes effect with a restart",
                 "irc.some_key differs in the file: it takes effect with a restart"):
        require(text in log, f"the log does not say {text}: {log}")
    require(await gateway.control("log_level") == "debug", "the level is the old one")
    require("not allowed" in await gateway.control("register", f"tom@{DOMAIN}", "lower", "x", expect=1),
            "the old expression is in force")
    require(await gateway.control("register", f"tom@{DOMAIN}", "UPPER", "x") == "User registered",
            "the new expression is not in force")
    answer = await gateway.control("reload")
    require(answer == "Config reloaded\nThese take effect with a restart: service.port, irc.some_key",
            f"the second reload says {answer}")
    # A file that is wrong changes nothing at all.
    for key, value in (("service.users_per_backend", "many"), ("logging.level", "loud"),
                       ("registration.allowed_usernames", "[")):
        good = gateway.keys.get(key)
        gateway.keys.update({key: value, "identity.name": "A third name"})
        gateway.write_config()
        answer = await gateway.control("reload", expect=1)
        require(answer.startswith("Error: Error during config reload") and key in answer, f"a wrong {key} gives {answer}")
        gateway.keys.update({key: good, "identity.name": "Another name"} if good else {"identity.name": "Another name"})
        if not good:
            del gateway.keys[key]
        gateway.write_config()
    require(await gateway.control("register", f"tim@{DOMAIN}", "OTHER", "x") == "User registered",
            "an expression that is wrong has replaced the good one")
    # People notice nothing.
    alice.say(ECHO, "still here")
    await alice.message(ECHO, "^still here$")


async def scenario_log_file(world):
    folder = os.path.join(world.folder, "logs")
    os.mkdir(folder)
    path = os.path.join(folder, "gateway.log")
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.keys["logging.file"] = path
    await gateway.start(wait=False)

    def read(name):
        try:
            with open(os.path.join(folder, name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""
    await wait_until(lambda: "ready" in read("gateway.log"), "the log to be in its file")
    require(stat.S_IMODE(os.stat(path).st_mode) & 0o027 == 0, "others may read the log")
    require("ready" not in gateway.process.log(), "it is in both")
    os.rename(path, path + ".1")
    os.kill(gateway.process.pid, signal.SIGHUP)
    await wait_until(lambda: "configuration reloaded" in read("gateway.log"), "a new file to be begun")
    require("configuration reloaded" not in read("gateway.log.1"), "the old file is still written to")
    # Whoever asks for it is told what has not been possible.
    os.rename(folder, folder + ".away")
    answer = await gateway.control("reload")
    require(answer.startswith(f"Config reloaded\nlogging.file: cannot write {path}: "), f"the answer is {answer}")
    os.rename(folder + ".away", folder)
    # Many who ask for the end do not get another one than one.
    while gateway.process.running():
        with contextlib.suppress(ProcessLookupError):
            os.kill(gateway.process.pid, signal.SIGTERM)
        await asyncio.sleep(0)
    require(await ended(gateway.process.child) == 0, "asked again and again, it is killed")
    require("stopping" in read("gateway.log"), "the end is not in the new file")
    # What keeps it from starting is seen by who starts it, and is a line of the log like any other.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        gateway.keys["metrics.port"] = taken.getsockname()[1]
        await gateway.start(wait=False)
        require(await ended(gateway.process.child) == 1, "it starts though a port is taken")
    require(re.search(r"(?m)^\d\S+Z error: .*Address already in use$", read("gateway.log")), "the log does not have it")
    require(re.search(r"(?m)^[^Z]*Address already in use$", gateway.process.log()), "stderr does not have it")
    del gateway.keys["metrics.port"]
    gateway.keys["logging.file"] = "/nowhere/at/all.log"
    await gateway.start(wait=False)
    require(await ended(gateway.process.child) == 1, "it starts without its log")
    require("/nowhere/at/all.log" in gateway.process.log(), "the file is not named")
    gateway.process = None


async def scenario_ends_in_time_whatever_hangs(world):
    """SIGTERM, with a backend that ignores everything and a client that does not read: told, and over in five seconds."""
    os.environ["TEST_BACKEND"] = "ignores-eof"
    gateway = world.gateway(jid=DOMAIN)
    gateway.keys["service.backend"] = f"/usr/bin/python3 {TOP}/tests/scenarios/backends/strict.py"
    gateway.server()
    await gateway.start()
    raw = await log_in(gateway, "alice")
    await raw.open(DOMAIN)
    await raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>")
    await raw.expect("</iq>")
    begin = time.monotonic()
    os.kill(gateway.process.pid, signal.SIGTERM)
    require(await ended(gateway.process.child) == 0, "it ends with an error")
    took = time.monotonic() - begin
    require("killing it" in gateway.process.log(), "the backend went by itself")
    require(took < 15, f"the end takes {took:.1f} s")
    require("<system-shutdown" in await raw.until_closed("the client"), "the client is not told")
    await raw.close()


async def scenario_instances(world):
    """list, status, start and stop: NAME.cfg is transportd@NAME."""
    folder = os.path.join(world.folder, "etc")
    tools = os.path.join(world.folder, "bin")
    for path in (folder, tools):
        os.mkdir(path)
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.config = os.path.join(folder, "here.cfg")
    await gateway.start()
    away = os.path.join(world.folder, "away")
    with open(os.path.join(folder, "away.cfg"), "w") as file:
        file.write(f"[service]\njid = away.{DOMAIN}\nworking_dir = {away}\n")
    with open(os.path.join(folder, "broken.cfg"), "w") as file:
        file.write("[service]\nnothing that a file may have\n")
    for name in ("-option.cfg", "a b.cfg", "readme.txt", ".hidden.cfg"):
        with open(os.path.join(folder, name), "w") as file:
            file.write("[service]\n")
    with open(os.path.join(tools, "systemctl"), "w") as file:
        file.write(f"#!/bin/sh\necho \"$@\" >>{world.folder}/calls\ncase $2 in *away*) exit 5 ;; esac\n")
    os.chmod(os.path.join(tools, "systemctl"), 0o755)
    ctl = [program(world), "-d", folder]
    path = f"{tools}:{os.environ['PATH']}"

    for words in (("--json", "list"), ("list", "--json")):
        status, output = await run(*ctl, *words)
        rows = json.loads(output)
        require(status == 0 and [row["name"] for row in rows] == ["away", "broken", "here"] and
                rows[2]["jid"] == DOMAIN and rows[1]["jid"] is None, f"the instances are {rows}")
    status, output = await run(*ctl, "list", "--nonsense")
    require(status == 2, "an unknown option behind the command is taken")
    status, output = await run(*ctl, "--json", "status")
    rows = {row["name"]: row for row in json.loads(output)}
    require(status == 3 and rows["here"]["state"] == "running" and rows["here"]["backends"] == 1 and
            rows["away"]["state"] == "stopped" and rows["broken"]["state"] == "wrong configuration",
            f"the states are {rows}")
    await run(*ctl, "-i", "here", "drain")
    status, output = await run(*ctl, "status")
    require(re.search(r"^here +localhost +maintenance +0 +\d", output, re.M), f"the table is {output}")
    status, output = await run(*ctl, "-i", "here", "status")
    require(output.startswith("Running (0 users"), f"the one instance says {output}")
    status, output = await run(*ctl, "uptime")
    require(status == 2 and "--instance" in output and "here" in output, f"without a name: {output}")

    for word in ("start", "stop", "list"):
        status, output = await run(*ctl, "-i", "here", word, path=path)
        require(status == 2 and "without -i" in output, f"{word} of one instance gives {status}: {output}")
    status, output = await run(*ctl, "start", "here", path=path)
    require(status == 0, f"start gives {status}: {output}")
    status, output = await run(*ctl, "restart", "here", "away", path=path)
    require(status == 1, f"a unit that fails gives {status}")
    status, output = await run(*ctl, "stop", path=path)
    for name in ("nobody", "../here", "-option"):
        status, output = await run(*ctl, "start", "--", name, path=path) if name[0] == "-" else \
            await run(*ctl, "start", name, path=path)
        require(status == 2 and name in output, f"start {name} gives {status}: {output}")
    with open(os.path.join(world.folder, "calls")) as file:
        calls = file.read().splitlines()
    require(calls == ["start transportd@here.service", "restart transportd@here.service",
                      "restart transportd@away.service", "stop transportd@away.service",
                      "stop transportd@broken.service", "stop transportd@here.service"], f"systemctl was called {calls}")
    status, output = await run(*ctl, "start", "here", path="/nowhere")
    require(status == 1 and "no systemctl" in output and f"transportd {folder}/here.cfg" in output,
            f"without systemd it says {output}")
    # The only one need not be named.
    for name in ("away.cfg", "broken.cfg"):
        os.remove(os.path.join(folder, name))
    status, output = await run(*ctl, "backends_count")
    require(status == 0 and output.strip().isdigit(), f"the only one answers {output}")
    # Nobody is there, a stranger is there.
    status, output = await run(program(world), "-s", os.path.join(world.folder, "none"), "status")
    require(status == 3 and "cannot reach" in output, f"a socket that is not there gives {status}: {output}")


async def scenario_slips_of_the_terminal(world):
    """What people type who do not read the manual, and what goes wrong around them."""
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.write_config()
    ctl = [program(world), "-c", gateway.config]
    status, output = await run(*ctl, "status")
    require(status == 3 and "does not run" in output, f"of an instance that is not there it says: {output}")
    await gateway.start()
    # Options behind the command, where the words can be nothing else.
    status, output = await run(*ctl, "frontends", "--json")
    require(status == 0 and json.loads(output)["rows"][0]["frontend"] == "xmpp", f"frontends --json says {output}")
    status, output = await run(*ctl, "get", "uptime", "--json")
    require(status == 0 and json.loads(output)["command"] == "uptime", f"get uptime --json says {output}")
    status, output = await run(*ctl, "broadcast", "say", "--json")
    require(status == 0 and output == "Message sent to 0 users.\n", f"the text of a message is taken for an option: {output}")
    status, output = await run(*ctl, "register", f"dora@{DOMAIN}", "dora", "-")
    require(status == 2 and output == "transportctl: no password was given\n", f"without a password: {output}")
    # What cannot be written is no success.
    child = await asyncio.create_subprocess_exec(*ctl, "help", stdin=asyncio.subprocess.DEVNULL, stdout=open("/dev/full", "w"),
                                                 stderr=asyncio.subprocess.PIPE)
    _, complaint = await child.communicate()
    require(child.returncode == 1 and b"No space left" in complaint, f"a full disk gives {child.returncode}: {complaint}")
    # A configuration that is broken while the instance runs: it can still be asked.
    with open(gateway.config, "a") as file:
        file.write("nonsense\n")
    status, output = await run(*ctl, "status")
    require(status == 2 and "-s SOCKET" in output, f"with a broken configuration it says {output}")
    socket_path = os.path.join(gateway.folder, "state", "control")
    status, output = await run(program(world), "-s", socket_path, "reload")
    require(status == 1 and output.startswith("Error: Error during config reload\n"), f"reload says {output}")
    status, output = await run(program(world), "-s", socket_path, "status")
    require(status == 0 and output.startswith("Running "), f"the instance says {output}")
    # A socket that a killed instance has left behind, and one that is not ours.
    await gateway.kill_core()
    status, output = await run(program(world), "-s", socket_path, "status")
    require(status == 3 and "does not run" in output, f"of a socket that is left over it says: {output}")
    if os.geteuid() == 0:
        for path in (world.folder, gateway.folder, os.path.dirname(socket_path)):
            os.chmod(path, 0o755)
        copy = os.path.join(world.folder, "transportctl")
        shutil.copy(program(world), copy)
        status, output = await run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy, "-s", socket_path, "status")
        require(status == 3 and "only root and the instance's user" in output, f"to a stranger it says: {output}")
    for words, complaint in (((), "a command is missing"), (("-i", "a", "-s", "b", "status"), "only one of -i, -c and -s"),
                             (("--follow", "x@y", "status"), "--follow USER stands for a command")):
        status, output = await run(program(world), *words)
        require(status == 2 and output.startswith(f"transportctl: {complaint}") and len(output) < 120, f"of {words}: {output}")
    # Each line of the help has its text in one column.
    status, output = await run(program(world), "--help")
    odd = [line for line in output.splitlines() if line.startswith("  join_room") and "tie a channel" in line]
    require(status == 0 and not odd, f"the help has {odd}")


# --------------------------------------------------------------------------------------------------- completion


class Shell:
    """An interactive shell on a terminal."""

    def __init__(self, argv, folder):
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 500, 0, 0))
            os.environ.update({"TERM": "dumb", "HOME": folder, "PS1": "", "HISTFILE": "/dev/null", **SANITIZERS})
            os.execvp(argv[0], argv)
        self.text = ""

    def send(self, text):
        os.write(self.fd, text.encode())

    async def expect(self, pattern, timeout=20):
        end = time.monotonic() + timeout * PATIENCE
        while not re.search(pattern, self.text):
            require(time.monotonic() < end, f"the shell does not write {pattern!r}: {self.text[-1500:]!r}")
            if select.select([self.fd], [], [], 0)[0]:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
            else:
                await asyncio.sleep(0.02)

    async def complete(self, line, wanted):
        """The line as the shell completes it, shown by "echo" instead of being run."""
        self.text = ""
        self.send(line + "\t\x01echo \r")  # control-A: the line's begin
        await self.expect(f"(?m)^(?=transportctl ).*{re.escape(wanted)}\\s*$")

    def close(self):
        os.close(self.fd)
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)


async def check_completion(world, shell):
    gateway = world.started[0]
    await shell.complete("transportctl --follo", "transportctl --follow")
    await shell.complete("transportctl undr", "transportctl undrain")
    await shell.complete("transportctl que", "transportctl queues")
    await shell.complete("transportctl front", "transportctl frontends")
    await shell.complete("transportctl set lo", "set log_level")
    await shell.complete("transportctl set log_level deb", "set log_level debug")
    await shell.complete("transportctl args crashed_backends_c", "args crashed_backends_count")
    await shell.complete(f"transportctl -c {gateway.config} kick ali", f"kick alice@{DOMAIN}")
    await shell.complete(f"transportctl -c {gateway.config} kick alice@loc", f"kick alice@{DOMAIN}")
    await shell.complete(f"transportctl -c {gateway.config} --follow al", f"--follow alice@{DOMAIN}")
    await shell.complete("transportctl slack man", "transportctl slack manifest")
    await shell.complete("transportctl user_log_level alice@x inf", "alice@x info")
    await shell.complete(f"transportctl -d {world.folder}/etc -i pro", "-i production")
    await shell.complete(f"transportctl -d {world.folder}/etc restart te", "restart testing")


async def completion_world(world):
    gateway = await server(world)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await wait_for_clients(gateway, 1)
    os.mkdir(os.path.join(world.folder, "etc"))
    for name in ("production", "testing"):
        with open(os.path.join(world.folder, "etc", f"{name}.cfg"), "w") as file:
            file.write("[service]\n")
    return alice


async def scenario_completion_of_bash(world):
    bash = find_program_or_skip("bash")
    await completion_world(world)
    shell = Shell([bash, "--norc", "--noprofile", "-i"], world.folder)
    try:
        shell.send(f"PATH={world.build}/daemon:$PATH; PS1=; bind 'set bell-style none'; "
                   f"source {TOP}/daemon/completion/transportctl.bash; echo re''ady\r")
        await shell.expect("ready")
        await check_completion(world, shell)
    finally:
        shell.close()


async def scenario_completion_of_zsh(world):
    zsh = find_program_or_skip("zsh")
    await completion_world(world)
    shell = Shell([zsh, "-f", "-i"], world.folder)
    try:
        shell.send(f"PATH={world.build}/daemon:$PATH; PS1=; bindkey -e; unsetopt zle_bracketed_paste; "
                   f"fpath=({TOP}/daemon/completion $fpath); autoload -U compinit; compinit -u -D; echo re''ady\r")
        await shell.expect("ready")
        await check_completion(world, shell)
    finally:
        shell.close()
