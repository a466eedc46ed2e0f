# SPDX-License-Identifier: MIT
"""Numbered messages, and what became of each."""
import re


class Ledger:
    """One direction. Messages are texts `<prefix><number>`, sent in growing order."""

    def __init__(self, name, prefix):
        self.name = name
        self.prefix = prefix
        self.pattern = re.compile(rf"^{prefix}(\d+)$")
        self.sent = 0
        self.arrived = {}      # number -> how often
        self.bounced = set()
        self.committed = set() # seen in the spool after a kill
        self.excused = set()   # sent while nobody could have heard it
        self.last = 0
        self.reordered = []
        self.repeated = []     # in order of arrival

    def next(self):
        self.sent += 1
        return f"{self.prefix}{self.sent}"

    def number(self, text):
        match = self.pattern.match(text or "")
        return int(match[1]) if match else None

    def arrives(self, text):
        number = self.number(text)
        if number is None:
            return False
        self.arrived[number] = self.arrived.get(number, 0) + 1
        if self.arrived[number] > 1:
            self.repeated.append(number)
        elif number < self.last:
            self.reordered.append(number)
        self.last = max(self.last, number)
        return True

    def bounces(self, text):
        number = self.number(text)
        if number is not None:
            self.bounced.add(number)

    def open(self):
        """Numbers without an outcome."""
        return [n for n in range(1, self.sent + 1) if n not in self.arrived and n not in self.bounced]

    def lost(self):
        """Accepted by the gateway (it was in its spool), and neither here nor back."""
        return [n for n in self.open() if n in self.committed]

    def unaccounted(self):
        """Not accepted: what the kernel held for a process that was killed, or that process in its hands."""
        return [n for n in self.open() if n not in self.committed and n not in self.excused]

    def report(self):
        return {
            "name": self.name, "sent": self.sent, "arrived": len(self.arrived), "bounced": len(self.bounced),
            "accepted and lost": len(self.lost()), "reordered": len(self.reordered),
            "repeated": len(self.repeated),
            "in the hands of the kernel when a process was killed": len(self.unaccounted()),
            "said while out of the room": len([n for n in self.open() if n in self.excused]),
            "arrived and bounced": len(self.bounced & set(self.arrived)),
        }


def committed_in(folder, prefixes):
    """Numbers that stand in the spool's files, by prefix. Frames are not compressed, so their texts can be found."""
    import os
    found = {prefix: set() for prefix in prefixes}
    pattern = re.compile(rb"(?<![0-9A-Za-z])(" + "|".join(prefixes).encode() + rb")(\d+)(?![0-9])")
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return found
    for name in names:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
        except OSError:
            continue
        for prefix, number in pattern.findall(data):
            found[prefix.decode()].add(int(number))
    return found
