#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The example that `scripts/run matrix` starts: a Matrix homeserver with two people, a private IRC server with a channel, somebody
in it who answers, and the gateway as the homeserver's application service.
"""
import asyncio
import os
import shutil
import subprocess
import sys

from example import BUILD, CHANNEL, TOP, CannotStart, Example, choose_port

sys.path.insert(0, os.path.join(TOP, "tests", "scenarios"))
from harness.synapse import Synapse  # noqa: E402

EXAMPLE = Example("matrix")
STATE = EXAMPLE.state
PEOPLE = ("alice", "bob")
PASSWORD = "secret"
REGISTRATION = os.path.join(STATE, "registration.yaml")


def write_gateway_config(synapse, port, irc_port, files_port):
    return EXAMPLE.write_gateway_config(irc_port, f"""frontend = matrix
jid = irc.{synapse.name}
""", f"""[matrix]
homeserver = {synapse.url}
server_name = {synapse.name}
prefix = _irc_
bot = ircbot
port = {port}
registration = {REGISTRATION}
[media]
public_url = http://127.0.0.1:{files_port}
port = {files_port}
""")


def write_registration(transportd, config):
    written = subprocess.run([transportd, "--matrix-registration", REGISTRATION, config], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if written.returncode != 0:
        raise CannotStart(f"transportd writes no registration: {written.stdout.decode(errors='replace').strip()}")


def explain(synapse):
    name = synapse.name
    print(f"""
The gateway runs: between a Matrix homeserver, {synapse.url}, and a private IRC server.

Log in with any Matrix client on this machine:
    homeserver   {synapse.url}
    user         {' or '.join(PEOPLE)}
    password     {PASSWORD}
1. Begin a chat with   @ircbot:{name}   and say   register alice   (which becomes your nickname on IRC); help shows more.
2. Join the room   #_irc_{CHANNEL}:{name}   and say something: greeter, who sits on IRC, answers.
3. Begin a chat with   @_irc_greeter:{name}   for a word in private.
4. Send a picture into the room: greeter reads an address, and a browser on this machine shows what is there.

Everything of an earlier example is gone: a client that was logged in then has to log in anew.
Logs are in {STATE}. `{BUILD}/daemon/transportctl -c {STATE}/transport.cfg status` asks the gateway.
Ctrl-C stops everything.""", flush=True)


async def begin():
    transportd = os.path.join(BUILD, "daemon", "transportd")
    synapse = Synapse(STATE, [REGISTRATION], port=choose_port(8008))
    port = choose_port(29001)
    config = write_gateway_config(synapse, port, await EXAMPLE.start_network(), choose_port(29002))
    write_registration(transportd, config)
    synapse.write_config()
    server = await EXAMPLE.start("synapse", *synapse.command())
    await EXAMPLE.wait_for_port(synapse.port, "Synapse", server)
    for name in PEOPLE:
        await synapse.register(name, PASSWORD)
    gateway = await EXAMPLE.start("transportd", transportd, config)
    await EXAMPLE.wait_for_port(port, "transportd", gateway)
    explain(synapse)
    return []


if __name__ == "__main__":
    # The homeserver's rooms and what the gateway remembers of them belong together.
    shutil.rmtree(STATE, ignore_errors=True)
    asyncio.run(EXAMPLE.run(begin))
