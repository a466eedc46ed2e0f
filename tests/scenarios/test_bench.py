# SPDX-License-Identifier: MIT
"""The benchmark measures something: every step of it gets through, and what it counts is there."""
import asyncio
import json
import os

from harness.process import Failure

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIGURES = ("CPU per 100,000, user → backend", "CPU per 100,000, backend → user", "round trip", "memory", "login storm",
           "leave", "presence flood", "start to connected", "Matrix", "Slack")


async def scenario_every_figure_is_measured(world):
    out = os.path.join(world.folder, "bench")
    child = await asyncio.create_subprocess_exec(
        os.path.join(TOP, "scripts", "bench"), "--smoke", "--durability", "power", "--build", world.build, "--out", out,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await child.communicate()
    if child.returncode != 0:
        raise Failure(f"scripts/bench ended with {child.returncode}: {output.decode(errors='replace')}")
    with open(os.path.join(out, "bench.json")) as file:
        rows = json.load(file)["rows"]
    for figure in FIGURES:
        found = [row for row in rows if figure in row["figure"]]
        if not found:
            raise Failure(f"{figure} is not among {[row['figure'] for row in rows]}")
        for row in found:
            is_time = row["unit"] in ("s", "ms", "µs")
            if is_time and not row["measured"] > 0:
                raise Failure(f"{row['figure']}, {row['case']}: {row['measured']}")
    for chart in ("latency.svg", "memory.svg"):
        with open(os.path.join(out, chart)) as file:
            if "<path" not in file.read():
                raise Failure(f"{chart} shows nothing")
