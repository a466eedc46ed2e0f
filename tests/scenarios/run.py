#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Runs scenario tests against a build. Each runs in a process of its own, some at once. With --again one that failed is run
once more, alone, when all the others are over (docs/testing.md says why); what it said the first time is shown in any case.

    run.py --build DIR [--plain DIR] [--jobs N] [--again] [--valgrind] [--stepped-clock] [NAME]...
                                                                    NAME: a scenario, or the beginning of names
    run.py --list
"""
import argparse
import asyncio
import importlib
import os
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
SKIPPED = 77
UNAVAILABLE = 78  # skipped where CI=true too
AGAIN_MOST = 3  # more that fail are no accident
SCENARIO_SECONDS = float(os.environ.get("SCENARIO_SECONDS", "600"))


def scenarios():
    """name -> coroutine function, over all test_*.py."""
    found = {}
    for file in sorted(os.listdir(HERE)):
        if file.startswith("test_") and file.endswith(".py"):
            module = importlib.import_module(file[:-3])
            for name, value in vars(module).items():
                if name.startswith("scenario_"):
                    found[f"{file[5:-3]}.{name[9:]}"] = value
    return found


def chosen(wanted):
    """Names that begin with one of `wanted`; all, if nothing is."""
    return [name for name in scenarios()
            if not wanted or any(name.startswith(begin) or name.split(".", 1)[1].startswith(begin) for begin in wanted)]


async def run_in_world(scenario, build, plain):
    from harness.process import Skip, Unavailable
    from harness.world import World
    world = World(build, plain)
    status, text = 0, ""
    try:
        await asyncio.wait_for(scenario(world), SCENARIO_SECONDS)
    except Skip as reason:
        status, text = UNAVAILABLE if isinstance(reason, Unavailable) else SKIPPED, str(reason)
    except Exception:  # noqa: BLE001 - shown whole
        status, text = 1, traceback.format_exc()
    try:
        await world.stop()
    except Exception:  # noqa: BLE001
        if status == 0:
            status, text = 1, "while stopping:\n" + traceback.format_exc()
    if status == 1:
        text = world.show() + "\n--- " + text
        try:
            world.keep()
        except OSError as problem:
            text += f"\nNot all of it is kept: {problem}"
    world.remove()
    print(text)
    return status


def run_one(name, build, plain):
    return asyncio.run(run_in_world(scenarios()[name], build, plain))


def run_child(arguments, name, packages):
    begin = time.monotonic()
    child = subprocess.run(
        [sys.executable, os.path.abspath(__file__), "--build", arguments.build, "--plain", arguments.plain,
         "--child", name, *(["--packages", packages] if packages else [])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return name, child.returncode, child.stdout.decode(errors="replace"), time.monotonic() - begin


def packages_of(names):
    """What is to be in front of the module path of each: modules that need that have a function PACKAGES which tells."""
    found = scenarios()
    modules = [sys.modules[found[name].__module__] for name in names]
    told = {module: module.PACKAGES() if hasattr(module, "PACKAGES") else None for module in set(modules)}
    return [told[module] for module in modules]


def show_output(output):
    for line in output.rstrip().splitlines():
        print(f"# {line}")
    sys.stdout.flush()


def report(number, result, must_run):
    name, status, output, seconds = result
    if status == UNAVAILABLE or (status == SKIPPED and not must_run):
        print(f"ok {number} - {name} # SKIP {output.strip()}", flush=True)
        return "skipped"
    if status == 0:
        print(f"ok {number} - {name} ({seconds:.1f} s)", flush=True)
        return "passed"
    if status == SKIPPED:
        output += "\nA counterpart is missing, and where CI=true that is a failure."
    print(f"not ok {number} - {name} ({seconds:.1f} s)", flush=True)
    show_output(output)
    return "failed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="")
    parser.add_argument("--plain", default="")
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--valgrind", action="store_true", help="transportd and its backends under memcheck")
    parser.add_argument("--stepped-clock", action="store_true",
                        help="the gateway's wall clock is set again and again (a build without sanitizers)")
    parser.add_argument("--again", action="store_true", help="what failed is run once more, alone, at the end")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--child", metavar="NAME")
    parser.add_argument("--packages", metavar="DIR")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.packages:
        sys.path.insert(1, arguments.packages)
    if arguments.child:
        sys.exit(run_one(arguments.child, arguments.build, arguments.plain))
    names = chosen(arguments.names)
    if arguments.list:
        print("\n".join(names))
        return
    if arguments.valgrind:
        os.environ.update({"SCENARIO_VALGRIND": "1", "SCENARIO_PATIENCE": "12", "SCENARIO_SECONDS": "1800"})
    if arguments.stepped_clock:
        os.environ["SCENARIO_STEPPED_CLOCK"] = "1"
    must_run = os.environ.get("CI") == "true"
    counts, again = {"passed": 0, "failed": 0, "skipped": 0}, []
    print(f"1..{len(names)}")
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda name, packages: run_child(arguments, name, packages), names, packages_of(names))
        for number, result in enumerate(results, 1):
            if arguments.again and result[1] not in (0, SKIPPED, UNAVAILABLE) and len(again) < AGAIN_MOST:
                print(f"# {result[0]} failed after {result[3]:.1f} s; it is run again at the end. It said:")
                show_output(result[2])
                again.append((number, result[0]))
            else:
                counts[report(number, result, must_run)] += 1
    for (number, name), packages in zip(again, packages_of([name for _, name in again])):
        outcome = report(number, run_child(arguments, name, packages), must_run)
        counts[outcome] += 1
        if outcome == "passed":
            print(f"# unsteady: {name} failed beside others and passed alone")
    print(f"scenarios: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(1 if counts["failed"] else 0)


if __name__ == "__main__":
    main()
