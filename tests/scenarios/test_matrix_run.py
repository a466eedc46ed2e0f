# SPDX-License-Identifier: MIT
"""`scripts/run matrix`: what README.md and docs/matrix.md say that it shows."""
import asyncio
import os
import re
import signal

from harness.process import Skip, require
from harness.run_script import RunScript
from harness.synapse import Synapse, client_packages, environment
from test_matrix import BOT, ask, chat_with, fetch

PACKAGES = client_packages
PICTURE = b"\x89PNG\r\n\x1a\n not much of a picture"


async def scenario_example(world):
    """What it proposes, done by a person with a client of his own: he registers, says something in the channel, and somebody who
    sits on IRC answers, there and in private. Then it is ended by whoever started it, and nothing is left."""
    if not environment():
        raise Skip("Synapse is not installed (scripts/install-synapse)")
    example = RunScript(world, "matrix")
    await example.start("^Ctrl-C stops everything")
    told = re.search(r"homeserver +(http://\S+)\n +user +(\w+) or \w+\n +password +(\w+)", example.output)
    require(told, f"it does not say how to log in: {example.output}")
    greeter = re.search(r"@\S*greeter:\S+", example.output)[0]
    synapse = Synapse(world.folder, port=int(told[1].rpartition(":")[2]))
    alice = await world.matrix_person(synapse, told[2], register=False, password=told[3])
    bot = await chat_with(alice, BOT)
    await ask(alice, bot, "register alice", "You are registered")
    room = await alice.join(re.search(r"Join the room +(#\S+)", example.output)[1])
    mark = alice.mark()
    await alice.say(room, "hello, who is there?")
    await alice.message(room, "alice, I read: hello, who is there", greeter, mark)
    chat = await chat_with(alice, greeter)
    await alice.say(chat, "psst")
    await alice.message(chat, "alice, I read: psst", greeter)
    # A picture, which somebody on IRC can look at.
    mark = alice.mark()
    await alice.send_file(room, PICTURE, "image/png", "cat.png", "m.image", "my cat")
    event = await alice.message(room, r"alice, I read: .*cat\.png", greeter, mark)
    content, headers = await asyncio.to_thread(fetch, re.search(r"http://\S+/cat\.png\S*", event["content"]["body"])[0])
    require(content == PICTURE and headers["Content-Type"] == "image/png", f"there is {headers}")
    state = os.path.join(example.top, ".run", "matrix")
    require(os.stat(state).st_mode & 0o077 == 0, "others can read what is there")
    require(os.stat(os.path.join(state, "transport.cfg")).st_mode & 0o077 == 0, "others can read the configuration")
    require(os.stat(os.path.join(state, "registration.yaml")).st_mode & 0o077 == 0, "others can read the tokens")
    await example.end(signal.SIGTERM)
    require(example.output.rstrip().endswith("Stopping ..."), example.output)
