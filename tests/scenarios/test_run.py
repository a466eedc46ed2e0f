# SPDX-License-Identifier: MIT
"""`scripts/run` and `scripts/run --chat`: what README.md says that they show; Matrix and Slack have files of their own."""
import asyncio
import os
import signal

from harness.process import ended, require
from harness.run_script import RunScript


async def in_the_terminal(world):
    """A chat that is in the channel already; Ctrl-C ends it, and what it says that does. Its tree."""
    example = RunScript(world, "--chat")
    await example.start("^Ctrl-C stops everything")
    await example.printed("^This terminal is you@localhost in #lobby@localhost")
    await example.printed(r"^\* greeter is here$")
    await example.printed("^<greeter> Welcome, you")
    example.type("hello")
    await example.printed("^<greeter> you, I read: hello$")
    await example.end(signal.SIGINT)
    # Once more, as its database is there already; ended by what it says that ends it.
    again = await RunScript(world, "--chat", top=example.top).start("^This terminal is you")
    await again.printed("^<greeter> Welcome, you")
    again.type("/quit")
    await again.printed("^Stopping ")
    await ended(again.child, 30)
    require(again.child.returncode == 0 and "Traceback" not in again.output, again.output)
    return example.top


async def scenario_example(world):
    """A chat in the terminal; and without one: address, port and certificate that it prints are good for a client."""
    # One after the other, as both want the port that clients expect.
    example = RunScript(world, top=await in_the_terminal(world))
    await example.start("^Ctrl-C stops everything")
    port = [line for line in example.output.splitlines() if line.strip().startswith("server ")][0].split()[-1]
    require(os.path.exists(os.path.join(example.top, ".run", "demo", "gateway", "cert.pem")), "there is no certificate")
    alice = await world.person("alice@localhost", int(port), password="any I like")
    alice.join("#lobby@localhost", "alice")
    await alice.joined("#lobby@localhost", "alice")
    alice.say("#lobby@localhost", "hello", "groupchat")
    await alice.message("#lobby@localhost/greeter", "I read: hello", "groupchat")
    await example.end(signal.SIGTERM)
