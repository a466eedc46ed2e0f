# SPDX-License-Identifier: MIT
"""Backends that are against us: what they may not say, and how they are ended. Each time a bystander, whom another
process serves, gets answers all the while."""
import asyncio
import json
import os
import re
import signal
import socket
import time
from xml.sax.saxutils import escape

from harness.gateway import zombie
from harness.process import PATIENCE, find_program_or_skip, require, wait_until
from harness.watch import cpu_seconds, resident_kb
from test_hostile import ALICE, BOB, ECHO, GATEWAY, HOSTILE, MUC, fake_component, register

APART = {"service.users_per_backend": "1", "service.ping_interval": "1"}


async def tell(server, who, contact, body):
    mark = server.mark()
    await server.send(f"<message type='chat' from='{who}' to='{contact}@{GATEWAY}'><body>{escape(body)}</body></message>")
    return mark


async def apart(world, mode="", **keys):
    """Alice and bob, each with a backend process of their own: (server, gateway, pid of alice's, pid of bob's)."""
    server, gateway = await fake_component(world, f"{HOSTILE} --mode {mode}" if mode else HOSTILE, **{**APART, **keys})
    await server.log_in(BOB, ECHO)
    bobs = processes(gateway)
    await server.log_in(ALICE, ECHO)
    others = [pid for pid in processes(gateway) if pid not in bobs]
    require(len(bobs) == 1 and len(others) == 1, f"there are {len(bobs)} and {len(others)} processes")
    return server, gateway, others[0], bobs[0]


def processes(gateway):
    """Of the backend, in order of their start."""
    return [int(pid) for pid in re.findall(r": started, pid (\d+)", gateway.process.log())
            if os.path.exists(f"/proc/{pid}") and not zombie(pid)]


def gone(pid):
    return not os.path.exists(f"/proc/{pid}") or zombie(pid)


async def appear(server, who):
    """Registers, and is there, whether a backend can be had or not."""
    mark = server.mark()
    await server.send(register(who, "appear"))
    await server.expect("<iq type='result'[^>]*id='appear'", mark)
    await server.send(f"<presence from='{who}' to='{GATEWAY}'/>")


async def until(server, condition, what, timeout=30.0):
    """Until it is so; bob is answered within two seconds all the while."""
    end = time.monotonic() + timeout * PATIENCE
    while not condition():
        require(time.monotonic() < end, f"waited in vain for {what}")
        await server.ask(BOB, ECHO, 2)
        await asyncio.sleep(0.05)


async def comes_back(server, gateway, old, bobs):
    """Alice on another process, and bob on the same as before."""
    await server.come_back(ALICE, ECHO)
    require(old not in processes(gateway), "alice's old backend lives on")
    require(bobs in processes(gateway), "bob has lost his backend")
    await server.ask(BOB, ECHO, 2)


async def scenario_another_ones_user_and_room(world):
    """Whatever alice's backend says of bob, in his name or in his room, is refused, and told with the backend's name."""
    server, gateway, old, bobs = await apart(world)
    bob = BOB.split("/", maxsplit=1)[0]
    await server.send(f"<presence from='{BOB}' to='#lobby@{GATEWAY}/bob'>{MUC}</presence>")
    await server.expect("code='110'")
    mark = server.mark()
    forged = [["CONNECTED", {1: bob}], ["CONV_MESSAGE", {1: bob, 2: "eve", 3: "forged"}],
              ["CONV_MESSAGE", {1: bob, 2: "#lobby", 3: "forged", 4: "eve"}],
              ["CONV_MESSAGE", {1: bob, 2: "eve", 3: "forged", 10: True}],
              ["PARTICIPANT_CHANGED", {1: bob, 2: "#lobby", 3: "forged", 4: 0, 5: 1}],
              ["PARTICIPANT_CHANGED", {1: bob, 2: "#lobby", 3: "bob", 4: 2, 5: 0, 6: "forged"}],
              ["ROOM_SUBJECT_CHANGED", {1: bob, 2: "#lobby", 3: "forged", 4: "eve"}],
              ["ROOM_NICKNAME_CHANGED", {1: bob, 2: "#lobby", 3: "forged"}],
              ["BUDDY_CHANGED", {1: bob, 2: "forged", 3: "forged", 5: 1}], ["BUDDY_REMOVED", {1: bob, 2: "echo"}],
              ["BUDDY_TYPING", {1: bob, 2: "forged"}], ["AUTH_REQUEST", {1: bob, 2: "forged"}],
              ["ATTENTION", {1: bob, 2: "forged", 3: "forged"}], ["VCARD", {1: bob, 2: "echo", 3: 1, 4: "forged"}],
              ["CONV_MESSAGE_ACK", {1: bob, 2: "echo", 3: "", 8: "forged"}], ["DISCONNECTED", {1: bob, 2: 3, 3: "forged"}]]
    await tell(server, ALICE, "control", json.dumps(
        forged + [["CONV_MESSAGE", {1: "USER", 2: "control", 3: "after it"}]]))
    await server.expect("<body>after it", mark)
    await server.ask(BOB, ECHO, 2)
    for found in re.finditer(rb"<(message|presence|iq) [^>]*to='bob@localhost[^>]*>(?:(?!</\1>).)*", server.seen[mark:], re.DOTALL):
        require(b"question" in found.group(), f"bob got {found.group()!r}")
    require(await gateway.control("online_users_count") == "2", "somebody was lost")
    # a room that it has no part in: alice's backend speaks in bob's room, for alice, who is not there
    await tell(server, ALICE, "control", json.dumps(
        [["CONV_MESSAGE", {1: "USER", 2: "#lobby", 3: "to nobody", 4: "eve"}],
         ["ROOM_SUBJECT_CHANGED", {1: "USER", 2: "#lobby", 3: "to nobody", 4: "eve"}]]))
    await server.ask(ALICE, ECHO)
    require(not re.search(rb"<message [^>]*to='bob@localhost[^>]*>(?:(?!</message>).)*to nobody", server.seen[mark:],
                          re.DOTALL), "bob's room hears what is said in alice's")
    named = re.search(r"(backend \d+): message for .bob@localhost. refused", gateway.process.log())
    require(named, "the log names nobody")
    require(f"{named.group(1)}: started, pid {old}" in gateway.process.log(), "the log names the wrong backend")
    # who goes on with it is cut off
    for _ in range(11):
        await tell(server, ALICE, "control", json.dumps([["CONV_MESSAGE", {1: bob, 2: "eve", 3: "x"}]] * 100))
    await until(server, lambda: gone(old), "the backend's end")
    await comes_back(server, gateway, old, bobs)


async def scenario_a_pid_in_its_statistics(world):
    """Nobody is ended but the backend itself, whatever it says its process id is."""
    innocent = await asyncio.create_subprocess_exec(find_program_or_skip("sleep"), "600")
    try:
        server, gateway, old, bobs = await apart(world)
        mark = await tell(server, ALICE, "hostile", f"stats {innocent.pid}")
        await server.expect("<body>after it", mark)
        await until(server, lambda: gone(old), "the silent backend's end")
        await comes_back(server, gateway, old, bobs)
        require(innocent.returncode is None, "a process that the backend named was ended")
    finally:
        innocent.kill()
        await innocent.wait()


async def scenario_never_answers_without_users(world):
    """It is ended though nobody waits for it, and not started again and again."""
    server, gateway = await fake_component(world, f"{HOSTILE} --mode mute", **{"service.ping_interval": "1"})
    first = (await wait_until(lambda: processes(gateway), "a backend"))[0]
    await wait_until(lambda: gone(first), "the silent backend's end")
    require("silent for" in gateway.process.log(), "the log does not say why")
    require("Running" in await gateway.control("status"), "the gateway does not answer")
    cpu, begin = cpu_seconds(gateway.process.pid), time.monotonic()
    started = gateway.process.log().count(": started, pid")
    await appear(server, ALICE)
    while time.monotonic() < begin + 5:
        await gateway.control("status")
        await asyncio.sleep(0.2)
    more = gateway.process.log().count(": started, pid") - started
    require(more <= 5, f"{more} were started in 5 s")
    require(cpu_seconds(gateway.process.pid) - cpu < 2.5, "the core is busy with it")


async def scenario_exits_in_a_loop(world):
    """Started again after longer and longer times; who waits for it is told in words."""
    server, gateway = await fake_component(world, f"{HOSTILE} --mode exits:{world.folder}/first", **{
        **APART, "backend.sandbox_write": [world.folder]})
    await server.log_in(BOB, ECHO)
    mark, begin = server.mark(), time.monotonic()
    await appear(server, ALICE)
    # by itself, or by us, who saw its connection end first
    await until(server, lambda: re.search("exited with status 3|closed its connection", gateway.process.log()), "an exit")
    cpu = cpu_seconds(gateway.process.pid)
    await until(server, lambda: time.monotonic() > begin + 6, "the time")
    started = gateway.process.log().count(": started, pid")
    require(started <= 12, f"{started} backends were started in 6 s")
    require(cpu_seconds(gateway.process.pid) - cpu < 3, "the core is busy with it")
    await server.expect(f"<message [^>]*to='alice@localhost[^>]*>(?:(?!</message>).)*does not work", mark, 40)


async def scenario_closes_without_exiting(world):
    server, gateway, old, bobs = await apart(world)
    await tell(server, ALICE, "hostile", "close")
    await until(server, lambda: gone(old), "the end of a process whose connection is closed")
    require("closed its connection; 1 users lose it" in gateway.process.log(), "the log does not say it")
    await comes_back(server, gateway, old, bobs)


async def scenario_eats_memory(world):
    """No more than it is given; the core's own does not grow."""
    server, gateway, old, bobs = await apart(world, **{"backend.sandbox_memory": "100"})
    before, most = resident_kb(gateway.process.pid), 0

    def look():
        nonlocal most
        try:
            most = max(most, resident_kb(old))
        except OSError:
            pass
        return gone(old)
    await tell(server, ALICE, "hostile", "memory")
    await until(server, look, "the end of one that wants all memory")
    require(most < 200 << 10, f"it had {most} KiB")
    await comes_back(server, gateway, old, bobs)
    # a sanitizer keeps what was freed, so that this says little of more than a leak
    require(resident_kb(gateway.process.pid) - before < 64 << 10, "the core has grown with it")


async def scenario_eats_the_processor(world):
    """Its time is limited, if it answers or not; the others have theirs."""
    server, gateway, old, bobs = await apart(world, **{"backend.sandbox_cpu": "2", "service.ping_interval": "600"})
    await tell(server, ALICE, "hostile", "spin")
    await until(server, lambda: gone(old), "the end of one that spins")
    require(re.search(r"was ended by signal (24|9) ", gateway.process.log()), "the log does not say why it has ended")
    await comes_back(server, gateway, old, bobs)


async def scenario_a_stranger_at_a_backends_port(world):
    """The port that a process was given, while that has yet to speak, and for whoever is not it."""
    _, gateway = await fake_component_without_backend(world)
    pid = (await wait_until(lambda: processes(gateway), "a backend"))[0]

    def find_port():
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            words = file.read().split("\0")
        # the sandbox's own options come first
        return int(words[len(words) - 1 - words[::-1].index("--port") + 1]) if "--host" in words else 0
    port = await wait_until(find_port, "the backend's port")
    import wire  # pylint: disable=import-outside-toplevel
    for data in (wire.frame(wire.PONG), wire.frame(wire.BACKEND_CONFIG, {1: "[features]\nmuc=1\n"}), b"\xff" * 100, b""):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            try:
                client.sendall(data)
                answer = client.recv(100)
            except ConnectionError:
                answer = b""
            require(answer == b"", f"a stranger is answered {answer!r}")
    await gateway.process.wait_log(f"refused a connection to port {port} from a process that was not started for it")
    require(f"pid {os.getpid()})" in gateway.process.log(), "the log does not name the stranger")
    require("ready after" not in gateway.process.log(), "a stranger became a backend")
    os.kill(pid, signal.SIGKILL)


async def fake_component_without_backend(world):
    """Like fake_component, with a program that never says a word: nobody connects to the server."""
    from harness.fake_xmpp import FakeXmpp  # pylint: disable=import-outside-toplevel
    server = FakeXmpp(GATEWAY)
    world.started.append(server)
    await server.start()
    gateway = world.gateway(backend="echo")
    gateway.component_of(server)
    gateway.keys["service.backend"] = f"{HOSTILE} --mode silent"
    await gateway.start(wait=False)
    return server, gateway
