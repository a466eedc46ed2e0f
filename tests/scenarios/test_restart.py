# SPDX-License-Identifier: MIT
"""transportd dies or is replaced, and the legacy sessions go on: real Prosody, slixmpp as the person."""
import os

from harness.process import Failure, wait_until

GATEWAY = "irc.localhost"
ECHO = f"echo@{GATEWAY}"
LOBBY = f"lobby@{GATEWAY}"
CONNECTED = "connected to 127.0.0.1"


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
