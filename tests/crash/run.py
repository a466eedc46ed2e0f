#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Kills the gateway's processes under traffic and looks whether a message was lost. See docs/durability.md.

Messages are numbered, in both directions, through real Prosody; with the echo backend, then with the IRC backend on real
ngircd; then between IRC and a Matrix homeserver of the tests' own, and a test Slack. A ledger says of each whether it arrived
(once, in order), came back as an error, or neither. What was neither and
had been accepted, that is, had been in the spool at one of the kills, is lost: that must not be.
"""
import argparse
import asyncio
import json
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "scenarios")]

from harness.process import Failure, Skip, wait_until  # noqa: E402
from harness.world import World  # noqa: E402
from linked_trial import LinkedTrial  # noqa: E402
from matrix_trial import MatrixTrial  # noqa: E402
from points import gaps  # noqa: E402
from slack_trial import SlackChannelsTrial, SlackTrial  # noqa: E402
from trial import EchoTrial, IrcTrial  # noqa: E402

TRIALS = {"echo": EchoTrial, "irc": IrcTrial, "matrix": MatrixTrial, "slack": SlackTrial, "linked": LinkedTrial,
          "channels": SlackChannelsTrial}


async def kill_at_random(trial, kills, seconds, only):
    end = time.monotonic() + seconds
    for _ in range(kills):
        await asyncio.sleep(random.uniform(0.05, 0.5))
        if time.monotonic() > end:
            break
        victim = only or random.choices(["core", "backend"], [3, 1])[0]
        try:
            await trial.kill(victim)
        except ProcessLookupError:
            continue
        # A core that was never up has nothing to lose.
        if victim == "core":
            await wait_until(lambda: trial.started is None, "a message to come through", 60)


async def kill_at_points(trial, counts, wanted):
    for point, count in trial.passages(counts):
        if point.startswith(wanted):
            await trial.kill_at(point, count)


async def run_trial(kind, options):
    world = World(options.build, options.build)
    trial = kind(world, options)
    try:
        await trial.start()
        await asyncio.sleep(1)
        if options.points:
            await kill_at_points(trial, options.counts, options.only_points)
        await kill_at_random(trial, options.kills, options.seconds, options.only)
        await trial.settle()
        report, faults = trial.report(), trial.verdict()
        if faults and os.environ.get("KEEP_FAILED"):
            world.keep()
        return report, faults
    except Failure:
        print(world.show()[-6000:], file=sys.stderr)
        world.keep()
        raise
    finally:
        await world.stop()
        world.remove()


def show(report, faults):
    print(json.dumps(report, indent=2))
    for fault in faults:
        print(f"FAULT: {fault}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="a build with crash points (scripts/build plain)")
    parser.add_argument("--kills", type=int, default=50, help="kills at random moments, of each backend's trial")
    parser.add_argument("--seconds", type=float, default=3600, help="no more kills after that, of each trial")
    parser.add_argument("--points", action="store_true", help="also a kill at every crash point in turn")
    parser.add_argument("--only-points", default="", help="only points whose names begin so")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 7], help="at which passage of a point")
    parser.add_argument("--rate", type=float, default=150, help="messages a second to the echo backend")
    parser.add_argument("--irc-rate", type=float, default=20, help="messages a second each way on IRC")
    parser.add_argument("--only", choices=["core", "backend"], help="kill only these")
    parser.add_argument("--durability", default="process", choices=["process", "power"])
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("trials", nargs="*", metavar="trial", default=["echo", "irc", "matrix", "slack", "linked"],
                        help="echo, irc, matrix, slack, linked (Matrix and Slack), channels (two of Slack, tied to one room)")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    random.seed(options.seed)
    wrong = gaps(TRIALS.values())
    for fault in wrong:
        print(f"FAULT: {fault}")
    failed = len(wrong)
    for name in options.trials:
        try:
            report, faults = asyncio.run(run_trial(TRIALS[name], options))
        except Skip as why:
            print(f"skipped: {why}")
            continue
        show(report, faults)
        failed += bool(faults)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
