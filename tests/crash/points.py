# SPDX-License-Identifier: MIT
"""The crash points of the source: a new one is passed by a trial, or somebody has said why not."""
import os
import re

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# Passed by what no trial does: scenarios kill there.
SCENARIOS = {"slack.token.": "slack_install.rotation_killed"}


def crash_points():
    """Names in the source."""
    found = set()
    for folder, folders, files in os.walk(SOURCES):
        folders[:] = [name for name in folders if name != "build" and not name.startswith(".")]
        for name in files:
            if name.endswith(".c"):
                with open(os.path.join(folder, name)) as file:
                    found.update(re.findall(r'CRASH_POINT\("([a-z_.]+)"\)', file.read()))
    return sorted(found)


def begins(point, prefixes):
    return any(point.startswith(prefix) for prefix in prefixes)


def gaps(trials):
    """What is wrong with the lists of these trials: faults, in words."""
    points = crash_points()
    faults = [f"no trial comes to {point}, and no scenario" for point in points
              if not begins(point, SCENARIOS) and all(begins(point, trial.elsewhere) for trial in trials)]
    for trial in trials:
        faults += [f"{trial.__name__} says of {prefix} why it does not come there, and there is none"
                   for prefix in trial.elsewhere if not any(point.startswith(prefix) for point in points)]
    return faults
