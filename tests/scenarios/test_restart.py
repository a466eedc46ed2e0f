# SPDX-License-Identifier: MIT
"""transportd dies or is replaced, and the legacy sessions go on: real Prosody, slixmpp as the person."""
import os

from harness.process import Failure, require, wait_until
from test_hostile import fake_component

GATEWAY = "irc.localhost"
ECHO = f"echo@{GATEWAY}"
LOBBY = f"lobby@{GATEWAY}"
IRC_LOBBY = f"#lobby@{GATEWAY}"
CONNECTED = "connected to 127.0.0.1"
BACKENDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "backends")


async def echo_component(world, **keys):
    """Prosody, and the gateway with the echo backend; alice is there and in the lobby."""
    prosody = await world.prosody()
    gateway = world.gateway(backend="echo")
    gateway.component_of(prosody)
    gateway.keys.update({"registration.auto_register": "1", **keys})
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(LOBBY, "alice")
    await alice.joined(LOBBY, "alice")
    alice.say(ECHO, "one")
    await alice.message(ECHO, "^one$", "chat")
    return prosody, gateway, alice


def alive(pid):
    return os.path.exists(f"/proc/{pid}")


def told_of_an_end(alice, mark):
    """Presences that tell a person that somebody has gone."""
    return [presence for presence in alice.presences[mark[1]:]
            if presence.xml.get("type") == "unavailable" and presence["from"].bare in (ECHO, LOBBY, GATEWAY)]


async def scenario_a_killed_core_is_followed(world):
    _, gateway, alice = await echo_component(world)
    mark = alice.mark()
    backends = await gateway.kill_core()
    if len(backends) != 1 or not alive(backends[0]):
        raise Failure(f"the backend did not outlive the core: {backends}")
    await gateway.start()
    await gateway.process.wait_log("1 sessions go on")
    await gateway.process.wait_log(CONNECTED)
    alice.say(ECHO, "two")
    await alice.message(ECHO, "^two$", "chat", mark)
    alice.say(LOBBY, "three", "groupchat")
    await alice.message(f"{LOBBY}/alice", "^three$", "groupchat", mark)
    if told_of_an_end(alice, mark):
        raise Failure(f"alice was told of an end: {told_of_an_end(alice, mark)}")
    if not alive(backends[0]):
        raise Failure("the backend was not taken over")
    # It is the new core's now, and ends with it.
    await gateway.process.stop()
    await wait_until(lambda: not alive(backends[0]), "the backend to end with the core that has taken it over", 10)


async def scenario_a_backend_waits_for_a_core_in_vain(world):
    _, gateway, _ = await echo_component(world, **{"spool.hold": "1"})
    backends = await gateway.kill_core()
    await wait_until(lambda: not alive(backends[0]), "the backend to end by itself", 10)


async def scenario_a_core_is_replaced(world):
    _, gateway, alice = await echo_component(world)
    mark = alice.mark()
    backends = gateway.backends()
    log = len(gateway.process.log())
    await gateway.control("restart")
    await gateway.process.wait_log("1 sessions go on", after=log)
    await gateway.process.wait_log(CONNECTED, after=log)
    alice.say(ECHO, "two")
    await alice.message(ECHO, "^two$", "chat", mark)
    alice.say(LOBBY, "three", "groupchat")
    await alice.message(f"{LOBBY}/alice", "^three$", "groupchat", mark)
    if told_of_an_end(alice, mark):
        raise Failure(f"alice was told of an end: {told_of_an_end(alice, mark)}")
    if gateway.backends() != backends:
        raise Failure(f"backends {backends} became {gateway.backends()}")


async def scenario_asked_to_end_while_it_starts_anew(world):
    """A server that does not close its stream is waited for: what asks for the end meanwhile is heard."""
    _, gateway = await fake_component(world)
    backends = gateway.backends()
    await gateway.control("restart")
    await gateway.process.wait_log("asked to start anew")
    require("starting anew" not in gateway.process.log(), "the server closed its stream")
    require(await gateway.process.stop() == 0, "it has not ended as it does otherwise")
    await wait_until(lambda: not any(map(alive, backends)), "backends to end with the core")


async def scenario_sockets_of_backends_are_not_left_behind(world):
    """Those of backends which do not outlive a core that is killed go with the next one."""
    gateway = world.gateway(backend="echo")
    gateway.server()
    gateway.keys["service.backend"] = f"/usr/bin/python3 {BACKENDS}/strict.py"
    folder = os.path.join(gateway.keys["service.working_dir"], "backends")
    for _ in range(3):
        await gateway.start()
        require(len(os.listdir(folder)) == 1, f"sockets for one backend: {os.listdir(folder)}")
        for pid in await gateway.kill_core():
            await wait_until(lambda: not alive(pid), "the backend to end")  # noqa: B023 - used at once
    await gateway.start()
    await gateway.process.stop()
    require(not os.listdir(folder), f"left behind: {os.listdir(folder)}")


async def irc_component(world, **keys):
    """Prosody, ngircd with carol in #lobby, and the gateway with the IRC backend; alice is in the room."""
    prosody = await world.prosody()
    ircd = await world.ngircd()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    gateway = world.gateway(backend="irc")
    gateway.component_of(prosody)
    gateway.irc(ircd)
    gateway.keys.update({"registration.auto_register": "1", **keys})
    await gateway.start()
    await gateway.process.wait_log(CONNECTED)
    alice = await world.person("alice@localhost", prosody.c2s_port)
    alice.join(IRC_LOBBY, "alice")
    await alice.joined(IRC_LOBBY, "alice")
    return gateway, alice, carol


async def scenario_irc_notices_no_death(world):
    """Three cores are killed: nobody quits or joins on IRC, and what is said in both directions arrives, once."""
    gateway, alice, carol = await irc_component(world)
    mark, irc_mark = alice.mark(), carol.mark()
    for number in range(3):
        alice.say(IRC_LOBBY, f"before {number}", "groupchat")
        await alice.message(f"{IRC_LOBBY}/alice", f"^before {number}$", "groupchat", mark)
        backends = await gateway.kill_core()
        carol.send(f"PRIVMSG #lobby :meanwhile {number}")
        await gateway.start()
        await gateway.process.wait_log("1 sessions go on")
        await alice.message(f"{IRC_LOBBY}/carol", f"^meanwhile {number}$", "groupchat", mark)
        carol.send(f"PRIVMSG #lobby :after {number}")
        await alice.message(f"{IRC_LOBBY}/carol", f"^after {number}$", "groupchat", mark)
        if not all(alive(pid) for pid in backends):
            raise Failure("the backend was not taken over")
    alice.say(IRC_LOBBY, "the last", "groupchat")
    await carol.expect("PRIVMSG #lobby :the last$", irc_mark)
    for number in range(3):
        if carol.count(f"PRIVMSG #lobby :before {number}$", irc_mark) != 1:
            raise Failure(f"before {number} did not arrive once")
        for text in (f"meanwhile {number}", f"after {number}"):
            heard = [m for m in alice.messages[mark[0]:] if m["body"] == text]
            if len(heard) != 1:
                raise Failure(f"{text} arrived {len(heard)} times")
    if carol.find("QUIT|JOIN|PART", irc_mark):
        raise Failure("IRC noticed that cores died")


async def scenario_an_irc_backend_is_killed(world):
    """The backend dies with messages on their way: the next one sends what was not confirmed, in order."""
    gateway, alice, carol = await irc_component(world, **{"irc.line_burst": "2", "irc.line_interval": "300"})
    irc_mark = carol.mark()
    for number in range(6):
        alice.say(IRC_LOBBY, f"number {number}", "groupchat")
    await carol.expect("PRIVMSG #lobby :number 1$", irc_mark)
    await gateway.kill_backend()
    await carol.expect("PRIVMSG #lobby :number 5$", irc_mark, 60)
    counts = [carol.count(f"PRIVMSG #lobby :number {number}$", irc_mark) for number in range(6)]
    if min(counts) < 1 or sum(counts) > 7:
        raise Failure(f"the messages arrived {counts} times: at most one may come twice")
