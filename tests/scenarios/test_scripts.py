# SPDX-License-Identifier: MIT
"""Scripts of the project that other things rely on: scripts/fuzz, in a tree of its own, with programs that act as libFuzzer does."""
import asyncio
import os
import shutil
import signal

from harness.process import PATIENCE, Failure, require, wait_until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEAD = "# A ledger.\ntarget\truns\texecutions\tseconds\tfast_executions\tfast_seconds\tedges\tcrashes\tlast_run\n"
STATISTICS = ("echo '#1000 DONE cov: 77 ft: 90'\necho 'Done 1000 runs in 2 second(s)'\n"
              "echo 'stat::number_of_executed_units: 1000'\necho 'stat::average_exec_per_sec:     500'\n")
PROGRAMS = {
    "fine": STATISTICS,
    "bad": ("echo 'ERROR: AddressSanitizer: something'\n" + STATISTICS +
            "echo 'Test unit written to build/fuzz-crashes/bad-crash-1234'\necho 'Base64: YWJj'\nexit 77\n"),
    # Told to end, libFuzzer prints what it has done, and ends with 72.
    "slow": "trap 'told=1' TERM INT\ntouch build/slow-runs\nwhile [ -z \"$told\" ]; do sleep 0.05; done\n" + STATISTICS +
            "exit 72\n",
    "killed": STATISTICS + "kill -KILL $$\n",
}


def tree(world, *names):
    """A folder with scripts/fuzz, and these as its targets."""
    top = os.path.join(world.folder, "tree")
    for folder in ("scripts", "tests/fuzz", "build/fuzz/tests/fuzz", "build/fuzz-fast/tests/fuzz", "bin"):
        os.makedirs(os.path.join(top, folder))
    shutil.copy(os.path.join(TOP, "scripts", "fuzz"), os.path.join(top, "scripts", "fuzz"))

    def write(path, text, mode=0o644):
        path = os.path.join(top, path)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
    write("scripts/install-packages", "#!/bin/sh\n", 0o755)
    write("bin/ninja", "#!/bin/sh\n", 0o755)
    for build in ("fuzz", "fuzz-fast"):
        write(f"build/{build}/build.ninja", "")
    write("tests/fuzz/ledger.tsv", HEAD)
    write("tests/fuzz/lengths.tsv", "target\tbytes\tbecause\nfine\t99\tit is short\n")
    for name in names:
        write(f"tests/fuzz/fuzz_{name}.c", "")
        for build in ("fuzz", "fuzz-fast"):
            write(f"build/{build}/tests/fuzz/fuzz-{name}",
                  f"#!/bin/sh\necho {build} $* >>build/runs-{name}\n" + PROGRAMS[name], 0o755)
    return top


async def fuzz(top, *arguments):
    environment = {**os.environ, "PATH": os.path.join(top, "bin") + ":" + os.environ["PATH"]}
    return await asyncio.create_subprocess_exec(
        os.path.join(top, "scripts", "fuzz"), *arguments, env=environment, cwd=top, start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        # Whoever runs us in the background may have it ignored, and a shell cannot trap that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


async def ended(child):
    output, _ = await asyncio.wait_for(child.communicate(), 30 * PATIENCE)
    return output.decode()


def lines_of(top):
    """target -> (runs, executions, without AddressSanitizer, crashes)"""
    with open(os.path.join(top, "tests/fuzz/ledger.tsv")) as file:
        lines = [line.rstrip("\n").split("\t") for line in file.read()[len(HEAD):].splitlines()]
    return {line[0]: (int(line[1]), int(line[2]), int(line[4]), int(line[7])) for line in lines}


async def scenario_fuzzing_counts_what_was_run(world):
    top = tree(world, "bad", "fine", "killed")
    child = await fuzz(top, "--jobs", "2", "20")
    output = await ended(child)
    require(child.returncode == 1, f"ended with {child.returncode}: {output}")
    require("reproduce: build/fuzz/tests/fuzz/fuzz-bad build/fuzz-crashes/bad-crash-1234" in output
            and "base64: YWJj" in output, f"nobody could repeat that: {output}")
    require(lines_of(top) == {"bad": (1, 1000, 0, 1), "fine": (1, 1000, 0, 0), "killed": (1, 1000, 0, 0)},
            f"{lines_of(top)}: {output}")
    require(output.count("CRASH") == 1 and output.count("interrupted") == 1, output)
    child = await fuzz(top, "fine")
    require(await ended(child) and child.returncode == 0, "a run that found nothing failed")
    require(lines_of(top)["fine"] == (2, 2000, 0, 0), str(lines_of(top)))


async def scenario_fuzzing_fast_counts_apart(world):
    """Long runs have another build, inputs of another length, counters for a tenth of them, and one run with
    AddressSanitizer behind them."""
    top = tree(world, "bad", "fine")
    child = await fuzz(top, "--fast", "fine", "20")
    output = await ended(child)
    require(child.returncode == 0, f"ended with {child.returncode}: {output}")
    with open(os.path.join(top, "build/runs-fine")) as file:
        gather, fast, again = file.read().splitlines()
    require(gather.startswith("fuzz-fast -max_len=99 -max_total_time=2 ") and "-use_counters=0" not in gather, gather)
    require(fast.startswith("fuzz-fast -max_len=99 -max_total_time=18 ") and "-use_counters=0" in fast, fast)
    require(again.startswith("fuzz -max_len=4096 -runs=0 ") and "build/fuzz-corpus/fine" in again, again)
    require(lines_of(top) == {"fine": (1, 1000, 2000, 0)}, f"{lines_of(top)}: {output}")
    # What crashed there is shown as AddressSanitizer sees it, and found once.
    child = await fuzz(top, "--fast", "bad")
    output = await ended(child)
    require(child.returncode == 1 and output.count("CRASH") == 1, f"ended with {child.returncode}: {output}")
    require("reproduce: build/fuzz/tests/fuzz/fuzz-bad " in output and "AddressSanitizer: something" in output, output)
    require(lines_of(top)["bad"] == (1, 0, 1000, 1), f"{lines_of(top)}: {output}")


async def scenario_fuzzing_until_there_is_enough(world):
    """What the ledger has counts, and of which it has enough is not run."""
    top = tree(world, "fine")
    for last in (1000, 2000):
        child = await fuzz(top, "--until", "1500", "fine", "20")
        require(await ended(child) is not None and child.returncode == 0, f"ended with {child.returncode}")
        require(lines_of(top)["fine"] == (last // 1000, last, 0, 0), str(lines_of(top)))
    child = await fuzz(top, "--until", "2000", "fine", "20")
    require(await ended(child) == "" and child.returncode == 0, "it was run once more")
    # What was run while inputs were gathered counts as well: 1,000 whatever was asked for.
    child = await fuzz(top, "--fast", "--until", "5000", "fine", "20")
    await ended(child)
    child = await fuzz(top, "--fast", "--until", "6000", "fine", "20")
    await ended(child)
    with open(os.path.join(top, "build/runs-fine")) as file:
        first, second, gather, fast, _, enough, again = file.read().splitlines()
    require(" -runs=1500 " in first and " -runs=500 " in second and " -runs=300 " in gather and " -runs=2000 " in fast,
            f"{first}\n{second}\n{gather}\n{fast}")
    require(" -runs=100 " in enough and " -runs=0 " in again, f"{enough}\n{again}")
    child = await fuzz(top, "--until", "many", "fine")
    require("--until needs a number" in await ended(child) and child.returncode == 2, "that was taken")


async def scenario_fuzzing_leaves_the_ledger_alone(world):
    top = tree(world, "bad", "fine")
    child = await fuzz(top, "--no-ledger", "--jobs", "2", "20")
    output = await ended(child)
    require(child.returncode == 1 and "CRASH" in output, f"ended with {child.returncode}: {output}")
    require(lines_of(top) == {}, f"the ledger was written: {lines_of(top)}")


async def scenario_fuzzing_that_is_interrupted_is_no_crash(world):
    """By one who kills the script, and by Ctrl-C at a terminal, which everybody in it hears of."""
    for number, (how, jobs) in enumerate(((os.kill, "1"), (os.killpg, "2")), 1):
        top = tree(world, "slow", "fine") if number == 1 else top
        child = await fuzz(top, "--jobs", jobs, *(("slow",) if number == 1 else ("20",)))
        try:
            await wait_until(lambda: os.path.exists(os.path.join(top, "build/slow-runs")), "the slow one runs")
            how(child.pid, signal.SIGTERM if number == 1 else signal.SIGINT)
            output = await ended(child)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        if child.returncode != 1 or "interrupted" not in output or "CRASH" in output:
            raise Failure(f"ended with {child.returncode}: {output}")
        require(lines_of(top)["slow"] == (number, 1000 * number, 0, 0), f"{lines_of(top)}: {output}")
        os.unlink(os.path.join(top, "build/slow-runs"))


async def scenario_the_ledger_is_in_the_docs(_world):
    """What docs/testing.md says of fuzzing is what was run; each target has a line."""
    child = await asyncio.create_subprocess_exec(os.path.join(TOP, "scripts", "fuzz"), "--ledger",
                                                 stdout=asyncio.subprocess.PIPE)
    table = await ended(child)
    with open(os.path.join(TOP, "docs", "testing.md")) as file:
        require(table in file.read(), f"docs/testing.md has another table than this (scripts/fuzz --document):\n{table}")
    for name in os.listdir(os.path.join(TOP, "tests", "fuzz")):
        if name.startswith("fuzz_"):
            require(f"| `{name[5:-2]}` |" in table, f"nothing was run of {name}")


async def scenario_names_that_nothing_defines(world):
    """scripts/check-names: what an import has lost is found, and nothing is found that is all right."""
    os.makedirs(os.path.join(world.folder, "other"))
    sources = {
        "good.py": "import os as system\nfrom other.kept import *\n",
        "other/kept.py": ("import sys\nfrom .beside import one, late\n\ndef first(a, *b, c=len, **d):\n    global late\n"
                          "    late = [x + a for x in b]\n    try:\n        return lambda y: y + later + one\n"
                          "    except OSError as error:\n        return error, __file__, sys, c, d\n\n"
                          "class Kind:\n    size = 1\n    other = size\n\nfor later in ():\n    pass\n"),
        "other/beside.py": "import os\none = os\nlate = (n := 1)\nprint(n)\n",
        "lost.py": "from other.beside import one, two\n\ndef use():\n    return one, [three for _ in one]\n\nprint(use, four)\n",
    }
    for name, text in sources.items():
        with open(os.path.join(world.folder, name), "w") as file:
            file.write(text)
    child = await asyncio.create_subprocess_exec(
        os.path.join(TOP, "scripts", "check-names"), *(os.path.join(world.folder, name) for name in sources),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    said = (await asyncio.wait_for(child.communicate(), PATIENCE))[0].decode()
    found = sorted(line.split(":", 1)[1] for line in said.splitlines())
    require([line.split("/")[-1] for line in found] ==
            ["beside.py has no two", "4: three is not defined", "6: four is not defined"], said)
    require(child.returncode == 1, "what is missing is no failure")
