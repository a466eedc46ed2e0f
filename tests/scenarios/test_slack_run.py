# SPDX-License-Identifier: MIT
"""`scripts/run slack`: what README.md and docs/slack.md say that it shows."""
import os
import signal

from harness.process import require
from harness.run_script import RunScript


async def through_the_example(example, number):
    """What it proposes to do, word by word; then it is ended."""
    await example.start("^Ctrl-C stops everything")
    steps = {line.split(". ", 1)[0]: line.split(". ", 1)[1] for line in example.output.splitlines() if line[:3] in ("1. ", "2. ", "3. ")}
    example.type(steps["1"].split("   ")[0])
    await example.printed("^bot .*registered")
    example.type(steps["2"].split("   ")[0])
    await example.printed("^only you .*tied to #lobby now")
    await example.printed("^#general  <greeter> Welcome")
    example.type(steps["3"].split("   ")[0])
    await example.printed("^#general  <greeter> .*I read: .*hello")
    await example.end(number)
    require(example.output.rstrip().endswith("Stopping ..."), example.output)


async def scenario_example(world):
    """Ended by Ctrl-C; begun anew, as people do, and ended by whoever started it."""
    example = RunScript(world, "slack")
    await through_the_example(example, signal.SIGINT)
    state = os.path.join(example.top, ".run", "slack")
    require(os.stat(state).st_mode & 0o077 == 0, "others can read what is there")
    require(os.stat(os.path.join(state, "transport.cfg")).st_mode & 0o077 == 0, "others can read the tokens")
    await through_the_example(RunScript(world, "slack", top=example.top), signal.SIGTERM)
    # What it leaves is in one folder of the tree.
    require({".run"} == set(os.listdir(example.top)) - {name for name in os.listdir(example.top) if os.path.islink(
        os.path.join(example.top, name))} - {"scripts", "build"}, f"{os.listdir(example.top)}")
