# SPDX-License-Identifier: MIT
"""What was accepted arrives, once and in order, or comes back: whatever the network, the server or the disk do meanwhile."""
import asyncio
import calendar
import json
import os
import re
import signal
import time

from harness.clock import JumpingClock, WallClock
from harness.person import error_condition
from harness.process import Failure, wait_answer, wait_until
from harness.watch import SmallDisk, resident_kb

GATEWAY = "irc.localhost"
ROOM = f"#lobby@{GATEWAY}"
CONNECTED = "connected to 127.0.0.1"


async def fake_network(world, *holds, build=None, **keys):
    """Prosody, a fake IRC server that holds things back, and the gateway; alice is there, and not in a room."""
    fake = await world.fake_irc()
    fake.holds.update(holds)
    prosody = await world.prosody()
    gateway = world.gateway(build=build or world.build)
    gateway.component_of(prosody)
    gateway.irc(fake)
    gateway.keys.update({"registration.auto_register": "1", "irc.line_interval": "0", **keys})
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    return fake, gateway, alice


def said(fake, target):
    """Texts that clients have sent to a nickname or channel, as they came."""
    found = (re.match(rf"PRIVMSG {re.escape(target)} :(.*)$", line) for line in fake.lines)
    return [match[1] for match in found if match]


async def waiting(gateway, count):
    async def look():
        return await gateway.control("spool_status")
    await wait_answer(look, lambda text: text.startswith(f"{count} waiting, 0 handed on"), f"{count} messages to wait")


async def all_said(fake, target, wanted):
    await wait_until(lambda: len(said(fake, target)) >= len(wanted), f"{len(wanted)} messages to {target}")
    if said(fake, target) != wanted:
        raise Failure(f"{target} was told {said(fake, target)}")


async def scenario_said_before_the_login_is_through(world):
    """To a person while the login is under way, to a room while it is being joined: in order, after that."""
    fake, gateway, alice = await fake_network(world, "welcome", "JOIN")
    alice.join(ROOM, "alice")
    await fake.expect("NICK alice")
    to_dave, to_room = [f"to dave {n}" for n in range(20)], [f"to the room {n}" for n in range(20)]
    for dave, room in zip(to_dave[:10], to_room[:10]):
        alice.say(f"dave@{GATEWAY}", dave)
        alice.say(ROOM, room, "groupchat")
    await waiting(gateway, 20)
    fake.release("welcome")
    await fake.expect("JOIN #lobby")
    await all_said(fake, "dave", to_dave[:10])
    for dave, room in zip(to_dave[10:], to_room[10:]):
        alice.say(f"dave@{GATEWAY}", dave)
        alice.say(ROOM, room, "groupchat")
    await all_said(fake, "dave", to_dave)
    if said(fake, "#lobby"):
        raise Failure("something was said in a room that alice is not in yet")
    await waiting(gateway, 20)
    fake.release("JOIN")
    await all_said(fake, "#lobby", to_room)
    await waiting(gateway, 0)
    if [m for m in alice.messages if m["type"] == "error"]:
        raise Failure("alice was told of an error")


async def scenario_a_login_that_fails_gives_back(world):
    fake, gateway, alice = await fake_network(world, "welcome")
    fake.refusal = "465 alice :You are banned: go away"
    alice.join(ROOM, "alice")
    await fake.expect("NICK alice")
    ids = [alice.say(f"dave@{GATEWAY}", f"text {n}") for n in range(5)]
    ids += [alice.say(ROOM, f"text {n}", "groupchat") for n in range(5)]
    await waiting(gateway, 10)
    fake.release("welcome")

    def given_back():
        return [m["id"] for m in alice.messages if m["type"] == "error"]
    await wait_until(lambda: len(given_back()) >= len(ids), "the messages to come back")
    if sorted(given_back()) != sorted(ids):
        raise Failure(f"{ids} were sent, {given_back()} came back")
    errors = {(m["from"].bare, error_condition(m)) for m in alice.messages if m["type"] == "error"}
    if errors != {(f"dave@{GATEWAY}", "recipient-unavailable"), (ROOM, "item-not-found")}:
        raise Failure(f"the errors are {errors}")
    await waiting(gateway, 0)
    if said(fake, "dave") or said(fake, "#lobby"):
        raise Failure("what came back was sent all the same")


# ---------------------------------------------------------------------------------- the ends go away and come back


ROUNDS = int(os.environ.get("DURABLE_ROUNDS", "6"))  # restarts of Prosody; half as many of ngircd
DELAY = "{urn:xmpp:delay}delay"


async def irc_network(world, **keys):
    """Prosody, ngircd with carol in #lobby, and the gateway; alice is in the room: (prosody, ircd, gateway, alice, carol)."""
    ircd = await world.ngircd()
    prosody = await world.prosody()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.irc(ircd)
    gateway.keys.update({"registration.auto_register": "1", "irc.line_interval": "0", **keys})
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    await enter(alice)
    return prosody, ircd, gateway, alice, carol


async def enter(person):
    mark = person.mark()
    person.join(ROOM, "alice")
    await person.joined(ROOM, "alice", mark)


def texts(person, sender):
    return [m["body"] for m in person.messages if m["from"].full == sender and m["type"] != "error" and m["body"]]


def stamp(message):
    """Unix seconds of the delay stamp, or None."""
    delay = message.xml.find(DELAY)
    return calendar.timegm(time.strptime(delay.get("stamp")[:19], "%Y-%m-%dT%H:%M:%S")) if delay is not None else None


async def scenario_prosody_is_restarted(world):
    """While people on IRC talk; every second time it is killed. alice stays connected, and gets everything from carol once,
    in order; what was late says when it was said."""
    prosody, _, gateway, alice, carol = await irc_network(world, **{"settings.stay_connected": "1"})
    irc_mark, number, heard, late = carol.mark(), 0, [], 0

    def says():
        nonlocal number
        number += 1
        carol.send(f"PRIVMSG #lobby :{number}")
        carol.send(f"PRIVMSG alice :{number}")

    async def hears(person):
        for sender in (f"{ROOM}/carol", f"carol@{GATEWAY}"):
            await person.message(sender, f"^{number}$")

    says()
    await hears(alice)
    clock = WallClock()
    for turn in range(ROUNDS):
        log, down = len(gateway.process.log()), time.time()
        await prosody.stop(signal.SIGKILL if turn % 2 else signal.SIGTERM)
        await alice.stop()
        await gateway.process.wait_log("lost the server", after=log)
        for _ in range(5):
            says()
        # So late that it is told.
        await asyncio.sleep(2.5)
        heard += alice.messages
        up = time.time()
        await prosody.start()
        await gateway.process.wait_log(CONNECTED, 60, log)
        alice = await world.person("alice@localhost", prosody.c2s_port)
        await enter(alice)
        says()
        await hears(alice)
        for message in alice.messages:
            if message["body"] and message["body"] != str(number):
                at = stamp(message)
                late += 1
                if at is None or not (clock.stepped() or down - 1 <= at <= up):
                    raise Failure(f"{message['body']} was said from {down} to {up}, its stamp is {at}")
    heard += alice.messages
    for sender in (f"{ROOM}/carol", f"carol@{GATEWAY}"):
        got = [m["body"] for m in heard if m["from"].full.startswith(sender) and m["type"] != "error" and m["body"]]
        if got != [str(n) for n in range(1, number + 1)]:
            raise Failure(f"of {number} messages of {sender} came {got}")
    if late < 10 * ROUNDS:
        raise Failure(f"{late} messages came late, of {10 * ROUNDS}")
    if carol.find("^:alice!.* (QUIT|PART)", irc_mark):
        raise Failure("IRC noticed that the XMPP server was restarted")


async def scenario_ngircd_is_restarted(world):
    """While alice talks: everything arrives in order, and at most one message a restart comes twice."""
    _, ircd, gateway, alice, carol = await irc_network(world)
    turns, number, heard = max(1, ROUNDS // 2), 0, []

    def says():
        nonlocal number
        number += 1
        alice.say(ROOM, str(number), "groupchat")

    def hears():
        return [match[1] for match in (re.match(r":alice!.* PRIVMSG #lobby :(\d+)$", line)
                                       for way, line in carol.lines if way == "<") if match]
    for turn in range(turns):
        for _ in range(3):
            says()
        await carol.expect(f"PRIVMSG #lobby :{number}$")
        says()
        lost = len(gateway.process.log())
        await ircd.stop(signal.SIGKILL if turn % 2 else signal.SIGTERM)
        await gateway.process.wait_log("127.0.0.1: lost", after=lost)
        for _ in range(3):
            says()
        heard += hears()
        await carol.stop()
        # carol is in the channel before alice comes back.
        backends = gateway.backends()
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        await ircd.start()
        carol = await world.irc_client(ircd, "carol")
        await carol.join("#lobby")
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
        # Sessions that are short are tried again more and more slowly.
        await carol.expect(f"PRIVMSG #lobby :{number}$", timeout=500)
        says()
        await carol.expect(f"PRIVMSG #lobby :{number}$")
    heard += hears()
    if list(dict.fromkeys(heard)) != [str(n) for n in range(1, number + 1)]:
        raise Failure(f"of {number} messages came {heard}")
    if len(heard) > number + turns:
        raise Failure(f"{len(heard) - number} messages came twice, in {turns} restarts")
    errors = [m["body"] for m in alice.messages if m["type"] == "error"]
    if errors:
        raise Failure(f"alice got errors for {errors}")


# ---------------------------------------------------------------------------------------------- nobody is there


async def scenario_away_and_staying_connected(world):
    """Server mode: what came meanwhile is shown at the next login, in order, with the time when it came."""
    ircd, gateway = await world.irc_server(**{"settings.stay_connected": "1", "spool.room_backlog": "5"})
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    room, friend = "#lobby@localhost", "carol@localhost"
    alice = await world.person("alice@localhost/desk", gateway.port)
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    mark = carol.mark()
    await alice.stop()
    clock, begun = WallClock(), time.time()
    # Also over a restart of the core.
    for half in range(2):
        for number in range(half * 4, half * 4 + 4):
            carol.send(f"PRIVMSG #lobby :room {number}")
            carol.send(f"PRIVMSG alice :chat {number}")
        # 4 chats and 4 of the room; then 8, and of the room the last 5.
        await waiting(gateway, (8, 13)[half])
        if half == 0:
            await gateway.kill_core()
            await gateway.start()
            await gateway.process.wait_log("1 sessions go on")
    came = time.time()
    await asyncio.sleep(3)  # for the stamps to differ from the time of the login
    alice = await world.person("alice@localhost/desk", gateway.port)
    await alice.message(friend, "^chat 7$", "chat")
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    await alice.message(f"{room}/carol", "^room 7$", "groupchat")
    carol.send("PRIVMSG #lobby :now")
    await alice.message(f"{room}/carol", "^now$", "groupchat")
    for sender, wanted in ((friend, [f"chat {n}" for n in range(8)]),
                           (f"{room}/carol", [f"room {n}" for n in range(3, 8)] + ["now"])):
        got = [m for m in alice.messages if m["from"].full.startswith(sender) and m["body"]]
        if [m["body"] for m in got] != wanted:
            raise Failure(f"from {sender} came {[m['body'] for m in got]}")
        for message in got:
            at = stamp(message)
            if message["body"] == "now":
                if at is not None:
                    raise Failure("what is said now has a delay stamp")
            elif at is None or not (clock.stepped() or begun - 1 < at <= came + 1):
                raise Failure(f"{message['body']} came from {begun} to {came}, its stamp is {at}")
    await waiting(gateway, 0)
    if carol.find("^:alice!.* (QUIT|PART)", mark):
        raise Failure("alice did not stay connected")


# ------------------------------------------------------------------------------------------------- administrators


async def spool(gateway, *words):
    return json.loads(await gateway.control("--json", "spool", *words))["rows"]


async def scenario_administrators_and_what_waits(world):
    """Shown, sent back, dropped, tried again; over a restart of the core in place, and one by SIGKILL."""
    fake, gateway, alice = await fake_network(world, "JOIN")
    alice.join(ROOM, "alice")
    await fake.expect("JOIN #lobby")
    ids = [alice.say(ROOM, f"text {n}", "groupchat") for n in range(5)]
    await waiting(gateway, 5)
    rows = await spool(gateway)
    numbers = [row["number"] for row in rows]
    if numbers != sorted(numbers) or len(rows) != 5 or any(
            row["to"] != "network" or row["user"] != "alice@localhost" or row["state"] != "waiting" or row["tries"]
            for row in rows):
        raise Failure(f"what waits is shown as {rows}")
    if await spool(gateway, "bob@") or len(await spool(gateway, "alice@")) != 5:
        raise Failure("the argument of spool does not choose")
    table = await gateway.control("spool")
    if not all(str(number) in table for number in numbers):
        raise Failure(f"the table is {table}")

    await gateway.control("spool_bounce", str(numbers[0]))
    error = await alice.message(ROOM, kind="error", where=lambda m: m["id"] == ids[0])
    if "administrator" not in str(error):
        raise Failure(f"the error is {error}")
    log = len(gateway.process.log())
    await gateway.control("restart")
    await gateway.process.wait_log("1 sessions go on", after=log)
    await gateway.process.wait_log(CONNECTED, after=log)
    if [row["number"] for row in await spool(gateway)] != numbers[1:]:
        raise Failure(f"after the restart {await spool(gateway)} waits, not {numbers[1:]}")
    await gateway.control("spool_drop", str(numbers[1]))
    await gateway.control("spool_retry", str(numbers[2]))
    await gateway.kill_core()
    await gateway.start()
    await gateway.process.wait_log("1 sessions go on")
    await gateway.process.wait_log(CONNECTED)
    await waiting(gateway, 3)
    for command, number in (("spool_bounce", numbers[0]), ("spool_drop", numbers[1]), ("spool_retry", 1),
                            ("spool_drop", "x"), ("spool_bounce", "-1")):
        await gateway.control(command, str(number), expect=1)
    fake.release("JOIN")
    await all_said(fake, "#lobby", [f"text {n}" for n in (2, 3, 4)])
    await waiting(gateway, 0)
    if [m["id"] for m in alice.messages if m["type"] == "error"] != ids[:1]:
        raise Failure("another message than the first came back")


# --------------------------------------------------------------------------------------------- the machine's faults


async def scenario_a_disk_of_one_megabyte(world):
    """It fills up: senders are told, nothing that was accepted is lost, and when there is room it works again."""
    folder = os.path.join(world.folder, "disk")
    disk = SmallDisk(folder, "1m")
    world.started.append(disk)
    fake, gateway, alice = await fake_network(world, "JOIN", **{"spool.folder": os.path.join(folder, "spool")})
    alice.join(ROOM, "alice")
    await fake.expect("JOIN #lobby")
    sent = {}

    def refused():
        return {m["id"]: error_condition(m) for m in alice.messages if m["type"] == "error"}

    async def say(count):
        for _ in range(count):
            text = f"{len(sent)} " + "x" * 400
            sent[alice.say(ROOM, text, "groupchat")] = text
        # An answer to this comes after the answers to what was said before.
        await alice.plugin["xep_0199"].send_ping(GATEWAY)
    while not refused():
        if len(sent) > 5000:
            raise Failure("5000 messages of 400 bytes fit into 1 MiB")
        await say(100)
    await say(100)
    if set(refused().values()) != {"resource-constraint"}:
        raise Failure(f"the errors are {set(refused().values())}")
    errors = refused()
    accepted = [text for key, text in sent.items() if key not in errors]
    await waiting(gateway, len(accepted))
    await gateway.kill_core()
    await gateway.start()
    await gateway.process.wait_log("1 sessions go on")
    await gateway.process.wait_log(CONNECTED)
    await waiting(gateway, len(accepted))
    if len(accepted) < 300:
        raise Failure(f"only {len(accepted)} messages of 400 bytes fit into 1 MiB")
    fake.release("JOIN")
    await all_said(fake, "#lobby", accepted)
    await waiting(gateway, 0)
    # Files of what is gone are removed by the spool's housekeeping.
    end = time.monotonic() + 10
    while True:
        before = len(refused())
        await say(1)
        if len(refused()) == before:
            break
        if time.monotonic() > end:
            sizes = {entry.name: entry.stat().st_size for entry in os.scandir(os.path.join(folder, "spool"))}
            raise Failure(f"messages are refused when nothing waits: {await gateway.control('spool_status')} {sizes}")
    await say(50)
    if len(refused()) != before:
        raise Failure("there is room again, and messages are refused")
    accepted += list(sent.values())[-51:]
    await all_said(fake, "#lobby", accepted)


class Memory:
    """The highest resident memory of the core while something goes on, in KiB."""

    def __init__(self, gateway):
        self.pid = gateway.process.pid
        self.before = self.highest = resident_kb(self.pid)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.look())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()

    async def look(self):
        while True:
            self.highest = max(self.highest, resident_kb(self.pid))
            await asyncio.sleep(0.05)

    def check(self, limit_kb):
        print(f"resident memory of the core: {self.before} KiB before, {self.highest} KiB at most")
        if self.highest - self.before > limit_kb:
            raise Failure(f"the core grew from {self.before} to {self.highest} KiB")


async def scenario_prosody_does_not_read_for_a_while(world):
    """Under load from the network: it is held back, nothing is lost, and it goes on in order."""
    fake, gateway, alice = await fake_network(world, build=world.plain_build_or_skip())
    alice.send_presence(pto=GATEWAY)
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    count, prosody = 20000, world.started[1].process.pid

    def heard():
        return [m["body"].split(" ")[0] for m in alice.messages if m["from"].full == f"{ROOM}/carol" and m["body"]]
    async with Memory(gateway) as memory:
        os.kill(prosody, signal.SIGSTOP)
        stopped = time.monotonic()
        number = 0
        try:
            while number < count:
                for _ in range(100):
                    fake.tell(f":carol!u@host PRIVMSG #lobby :{number} {'x' * 350}")
                    number += 1
                try:
                    await asyncio.wait_for(fake.writers[0].drain(), 0.5)
                except asyncio.TimeoutError:
                    pass  # the gateway reads no more
            await asyncio.sleep(max(0.0, stopped + 5 - time.monotonic()))
        finally:
            os.kill(prosody, signal.SIGCONT)
        await wait_until(lambda: len(heard()) >= count, f"{count} messages at alice", 120)
    if heard() != [str(n) for n in range(count)]:
        raise Failure("messages are missing, doubled or in another order")
    memory.check(64 << 10)
    alice.say(ROOM, "still here", "groupchat")
    await fake.expect("PRIVMSG #lobby :still here")


async def scenario_a_backend_does_not_read_for_a_while(world):
    """Under load from a person: it waits in the spool, then the sender is told; nothing that was accepted is lost."""
    fake, gateway, alice = await fake_network(world, build=world.plain_build_or_skip(), **{"spool.max_user_messages": "5000"})
    alice.join(ROOM, "alice")
    await alice.joined(ROOM, "alice")
    count, sent = 7000, {}

    def refused():
        return {m["id"]: error_condition(m) for m in alice.messages if m["type"] == "error"}
    async with Memory(gateway) as memory:
        backends = gateway.backends()
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        stopped = time.monotonic()
        try:
            for number in range(count):
                text = f"{number} {'x' * 350}"
                sent[alice.say(ROOM, text, "groupchat")] = text
                if number % 100 == 99:
                    await alice.plugin["xep_0199"].send_ping(GATEWAY)
            await asyncio.sleep(max(0.0, stopped + 5 - time.monotonic()))
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)
        errors = refused()  # once: minutes of it would make the IRC server silent, which runs in this process
        accepted = [text for key, text in sent.items() if key not in errors]
        if set(errors.values()) != {"resource-constraint"} or not 5000 <= len(accepted) < count:
            raise Failure(f"{len(accepted)} were accepted, the errors are {set(errors.values())}")
        await wait_until(lambda: len(said(fake, "#lobby")) >= len(accepted), f"{len(accepted)} messages on IRC", 120)
        await waiting(gateway, 0)
    arrived = said(fake, "#lobby")
    if arrived != accepted:
        numbers, wanted = ([int(text.split()[0]) for text in texts] for texts in (arrived, accepted))
        raise Failure(f"missing: {sorted(set(wanted) - set(numbers))}, refused and there: "
                      f"{sorted(set(numbers) - set(wanted))}, doubled: {len(numbers) - len(set(numbers))}, "
                      f"in order: {numbers == sorted(numbers)}")
    memory.check(64 << 10)
    alice.say(ROOM, "still here", "groupchat")
    await fake.expect("PRIVMSG #lobby :still here")


async def scenario_a_clock_that_jumps(world):
    """An hour either way, while messages wait: they go on waiting, and arrive in order."""
    fake, prosody = await world.fake_irc(), await world.prosody()
    fake.holds.add("JOIN")
    gateway = world.gateway(build=world.plain_build_or_skip())
    clock = JumpingClock(world.folder, gateway)
    gateway.component_of(prosody)
    gateway.irc(fake)
    gateway.keys.update({"registration.auto_register": "1", "irc.line_interval": "0", "spool.people_wait": "600"})
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(ROOM, "alice")
    await fake.expect("JOIN #lobby")
    wanted = []

    async def says():
        for _ in range(3):
            wanted.append(f"text {len(wanted)}")
            alice.say(ROOM, wanted[-1], "groupchat")
        await waiting(gateway, len(wanted))
    for jump in (0, 3600, -3600, 0):
        clock.jump(jump)
        log = len(gateway.process.log())
        await says()
        # The clock in the log is the one that jumps.
        hours = [time.strftime("%Y-%m-%dT%H:", time.gmtime(time.time() + jump - ago)) for ago in (0, 600)]
        if not any(hour in gateway.process.log()[log:] for hour in hours):
            raise Failure(f"the gateway's clock is not at {hours}: {gateway.process.log()[log:][-500:]}")
        # Longer than the time between two looks at what has waited too long.
        await asyncio.sleep(7)
        await waiting(gateway, len(wanted))
    clock.jump(-3600)
    fake.release("JOIN")
    await all_said(fake, "#lobby", wanted)
    await waiting(gateway, 0)
    if [m for m in alice.messages if m["type"] == "error"]:
        raise Failure("messages were given back")
    fake.tell(":carol!u@host PRIVMSG #lobby :hello")
    await alice.message(f"{ROOM}/carol", "^hello$", "groupchat")
