# SPDX-License-Identifier: MIT
"""Numbered messages, and what became of each."""
import re


class Ledger:
    """One direction. Messages are texts `<prefix><number>`, sent in growing order."""

    def __init__(self, name, prefix, ordered=True):
        self.ordered = ordered  # False: each is said in another conversation
        self.name = name
        self.prefix = prefix
        self.pattern = re.compile(rf"^{prefix}(\d+)$")
        self.sent = 0
        self.arrived = {}      # number -> how often
        self.bounced = set()
        self.accepted = set()  # seen in the spool after a kill
        self.waiting = set()   # of them, those that nobody had taken at the last look
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
        elif number < self.last and self.ordered:
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
        """Accepted, neither here nor back, and not taken by the other end either."""
        return [n for n in self.open() if n in self.waiting]

    def taken(self):
        """Accepted, and taken by the kernel for the other end, which has not got it: its socket went with a process."""
        return [n for n in self.open() if n in self.accepted and n not in self.waiting]

    def unaccounted(self):
        """Not accepted: what the kernel held for a process that was killed, or that process in its hands."""
        return [n for n in self.open() if n not in self.accepted and n not in self.excused]

    def report(self):
        return {
            "name": self.name, "sent": self.sent, "arrived": len(self.arrived), "bounced": len(self.bounced),
            "accepted and lost": len(self.lost()), "reordered": len(self.reordered),
            "repeated": len(self.repeated),
            "on their way to the gateway when a process was killed": len(self.unaccounted()),
            "taken by the kernel for the other end, when the core was killed": len(self.taken()),
            "said while out of the room": len([n for n in self.open() if n in self.excused]),
            "arrived and bounced": len(self.bounced & set(self.arrived)),
        }


class _Reader:
    """Entries of one segment of the spool: docs/durability.md, "The log"."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self, size):
        value = int.from_bytes(self.data[self.at:self.at + size], "little")
        self.at += size
        return value

    def chars(self, size):
        value = self.data[self.at:self.at + size]
        self.at += size + 1
        return value

    def text(self):
        return self.chars(self.number(2))

    def skip(self, size):
        self.at += size

    def entries(self):
        """(type, id, frame); frame only of what is put."""
        while self.at < len(self.data):
            kind = self.number(1)
            if kind == 1:
                flags = self.number(1)
                self.skip(2 + 4)
                identity = self.number(8)
                self.skip(8)
                frame, owner, origin, _ = self.number(4), self.number(2), self.number(2), self.number(2)
                self.skip(16 if flags & 4 else 0)
                self.chars(owner)
                if flags & 2:
                    self.chars(origin)
                yield kind, identity, self.data[self.at:self.at + frame]
                self.skip(frame)
            elif kind in (2, 4):
                yield kind, self.number(8), None
            elif kind == 3:
                identity = self.number(8)
                self.skip(8)
                self.text()
                yield kind, identity, None
            elif kind == 5:
                self.text()
                self.text()
                self.skip(self.number(4))
            elif kind == 6:
                self.text()
                self.text()
            elif kind == 7:
                self.skip(16 + 8)
            elif kind == 8:
                flags = self.number(1)
                self.skip(16 + 16 + 8)
                for _ in range(3 if flags & 8 else 2):
                    self.text()
            else:
                raise ValueError(f"an entry of type {kind}")


def _batches(data):
    at = 64
    while at + 8 <= len(data):
        length = int.from_bytes(data[at:at + 4], "little")
        if not length or at + 8 + length > len(data):
            return
        yield data[at + 8:at + 8 + length]
        at += 8 + length


def look_in(folder, prefixes):
    """What the spool's files say: numbers that were accepted, and those of them that nobody has taken yet; by prefix."""
    import os
    # A text is behind its length; the byte behind it may be a digit as well.
    pattern = re.compile(rb"(?<![0-9A-Za-z])([\x02-\x0a])(" + "|".join(prefixes).encode() + rb")(\d+)", re.S)
    accepted = {prefix: set() for prefix in prefixes}
    records = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".log"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        for batch in _batches(data):
            for kind, identity, frame in _Reader(batch).entries():
                if kind == 1:
                    records[identity] = {(prefix.decode(), int(number[:length[0] - len(prefix)]))
                                         for length, prefix, number in pattern.findall(frame)
                                         if 0 < length[0] - len(prefix) <= len(number)}
                elif kind == 2:
                    for prefix, number in records.pop(identity, ()):
                        accepted[prefix].add(number)
    waiting = {prefix: set() for prefix in prefixes}
    for found in records.values():
        for prefix, number in found:
            accepted[prefix].add(number)
            waiting[prefix].add(number)
    return accepted, waiting
