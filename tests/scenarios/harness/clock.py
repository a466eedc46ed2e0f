# SPDX-License-Identifier: MIT
"""The wall clock: one that is set for a gateway alone, and whether that of the machine was set."""
import asyncio
import glob
import os
import random
import time

from .process import Skip

LIBFAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
# Seconds that it is ahead or behind, for run.py --stepped-clock.
STEPS = (0, 2, -2, 30, -30, 700, -700, 3600, -3600, 90000, -90000)


def is_stepped():
    """run.py --stepped-clock: that of each gateway is."""
    return os.environ.get("SCENARIO_STEPPED_CLOCK") == "1"


class JumpingClock:
    """The wall clock of a gateway and its backends; the monotonic one goes on as ever."""

    def __init__(self, folder, gateway):
        found = glob.glob(LIBFAKETIME)
        if not found:
            raise Skip("libfaketime is not installed")
        self.file = os.path.join(folder, "clock")
        self.jump(0)
        gateway.wrapper = ["env", f"LD_PRELOAD={found[0]}", f"FAKETIME_TIMESTAMP_FILE={self.file}", "FAKETIME_NO_CACHE=1",
                           "FAKETIME_DONT_FAKE_MONOTONIC=1"]

    def jump(self, seconds):
        """It is so far ahead of that of the machine from now on, or behind."""
        with open(self.file + ".new", "w") as file:
            file.write(f"{seconds:+d}")
        os.rename(self.file + ".new", self.file)

    async def go_on_jumping(self):
        while True:
            await asyncio.sleep(random.uniform(0.1, 1.5))
            self.jump(random.choice(STEPS))


class WallClock:
    """Whether somebody has set it since: then no time of day says when anything was."""

    def __init__(self):
        self.ahead = time.time() - time.monotonic()

    def stepped(self):
        return is_stepped() or abs(time.time() - time.monotonic() - self.ahead) > 0.3
