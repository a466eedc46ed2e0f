# SPDX-License-Identifier: MIT
"""The gateway and its backends under valgrind's memcheck: run.py --valgrind."""
import os

from .process import find_program_or_skip

SUPPRESSIONS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "valgrind.supp")
# Interpreters have their own ways with memory; tools that only start ours are nobody's business.
NOT_FOLLOWED = "*.py,*.sh,*/python3*,*/sh,*/dash,*/env,*/unshare,*/ip"


def is_on():
    return os.environ.get("SCENARIO_VALGRIND") == "1"


def words(folder):
    """What stands before the program. Nothing is written but complaints, for each process into a file of its own."""
    return [find_program_or_skip("valgrind"), "-q", "--leak-check=full", "--show-leak-kinds=definite",
            "--errors-for-leak-kinds=definite", "--num-callers=30", "--trace-children=yes",
            f"--trace-children-skip={NOT_FOLLOWED}", f"--suppressions={SUPPRESSIONS}",
            f"--log-file={folder}/memcheck-%p.log"]


def complaints(folder):
    """What was found in the processes that were started with words(folder), or the empty string."""
    found = []
    for name in sorted(os.listdir(folder)):
        if name.startswith("memcheck-"):
            with open(os.path.join(folder, name), errors="replace") as file:
                found.append(file.read())
    return "".join(found)
