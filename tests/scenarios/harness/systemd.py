# SPDX-License-Identifier: MIT
"""A systemd of its own: as first process of new namespaces, with copies of /etc and empty /run and /var/lib."""
import asyncio
import os
import signal

from .process import PATIENCE, Failure, Skip, find_program_or_skip, wait_until

BOOT = """#!/bin/sh
set -e
mount --make-rprivate /
mkdir -p {folder}/etc
cp -a /etc/. {folder}/etc
echo 'libtransport:x:64001:64001::/nonexistent:/usr/sbin/nologin' >> {folder}/etc/passwd
echo 'libtransport:x:64001:' >> {folder}/etc/group
rm -rf {folder}/etc/systemd/system
mkdir -p {folder}/etc/systemd/system/{unit}.d {folder}/nothing
# A unit with default dependencies would bring the whole start of a machine with it, whose systemd-tmpfiles empties /tmp:
# that of the machine, which is seen in here.
for one in sysinit.target systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.service \
        systemd-sysctl.service systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket \
        systemd-journald-audit.socket; do
  ln -s /dev/null {folder}/etc/systemd/system/$one
done
rm -rf {folder}/etc/tmpfiles.d
mount --bind {folder}/nothing /usr/lib/tmpfiles.d
cp -a {folder}/files/. {folder}/etc
mount --bind {folder}/etc /etc
mount --bind {prefix} /usr/local
for folder in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mkdir -p /run/systemd/system
{journal}
export container=unshare
exec /lib/systemd/systemd --system --unit={unit} --log-level=info --log-target=console --show-status=no
"""

# The program alone: its units would reach for /dev/log, which is the machine's.
JOURNAL = """mkdir -p /run/systemd/journal {folder}/etc/systemd/journald.conf.d
test -s /etc/machine-id || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\nForwardToWall=no\\n' \
  >/etc/systemd/journald.conf.d/test.conf
/lib/systemd/systemd-journald </dev/null &
until [ -S /run/systemd/journal/stdout ]; do sleep 0.05; done"""


class Systemd:
    """`files` are put below /etc: path -> (text, mode, group of the service's user?). journal: with a journald."""

    def __init__(self, folder, prefix, unit, journal=False):
        self.folder = os.path.join(folder, "systemd")
        self.prefix = prefix
        self.unit = unit
        self.journal = JOURNAL.format(folder=self.folder) if journal else ""
        self.console = os.path.join(self.folder, "console")
        self.log_path = os.path.join(self.folder, "log")  # of the service
        self.process = self  # what is shown when a scenario fails
        self.name = f"systemd and {unit}"
        self.child = None
        self.pid = None
        os.makedirs(os.path.join(self.folder, "files"))

    def put(self, path, text):
        target = os.path.join(self.folder, "files", path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as file:
            file.write(text)
        os.chmod(target, 0o644)

    async def start(self):
        if os.geteuid() != 0 or not os.path.exists("/lib/systemd/systemd"):
            raise Skip("a systemd of our own needs root and the package systemd")
        script = os.path.join(self.folder, "boot")
        with open(script, "w") as file:
            file.write(BOOT.format(folder=self.folder, prefix=self.prefix, unit=self.unit, journal=self.journal))
        os.chmod(script, 0o700)
        with open(self.console, "wb") as console:
            self.child = await asyncio.create_subprocess_exec(
                find_program_or_skip("unshare"), "-m", "-p", "-f", "-u", "-i", "-C", "--mount-proc", script,
                stdin=asyncio.subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)

        def booted():
            if self.child.returncode is not None:
                raise Skip(f"no systemd of our own here: {self.said()[-500:]}")
            for entry in os.listdir("/proc"):
                try:
                    stat = open(f"/proc/{entry}/stat").read()
                except (OSError, NotADirectoryError):
                    continue
                if stat.split("(", 1)[1].startswith("systemd)") and \
                        int(stat.rsplit(")", 1)[1].split()[1]) == self.child.pid:
                    return int(entry)
            return None
        self.pid = await wait_until(booted, "systemd to start")

    def said(self):
        return open(self.console, errors="replace").read()

    def log(self):
        try:
            return self.said() + open(self.log_path, errors="replace").read()
        except FileNotFoundError:
            return self.said()

    async def run(self, *argv, expect=0):
        """Runs a program inside."""
        child = await asyncio.create_subprocess_exec(
            find_program_or_skip("nsenter"), "-t", str(self.pid), "-m", "-p", "-u", "-i", "-C", "--", *argv,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        output, _ = await asyncio.wait_for(child.communicate(), 60 * PATIENCE)
        text = output.decode(errors="replace").strip()
        if expect is not None and child.returncode != expect:
            raise Failure(f"{' '.join(argv)} ended with {child.returncode}: {text}\n{self.said()}")
        return text

    async def property(self, name):
        return await self.run("systemctl", "show", "--value", "--property", name, self.unit)

    async def main_pid(self):
        """Of the service, as it is called outside."""
        inner = int(await self.property("MainPID"))
        for entry in os.listdir("/proc"):
            try:
                line = [line for line in open(f"/proc/{entry}/status") if line.startswith("NSpid:")][0].split()
            except (OSError, NotADirectoryError, IndexError):
                continue
            if len(line) == 3 and int(line[2]) == inner and os.readlink(f"/proc/{entry}/ns/pid") == \
                    os.readlink(f"/proc/{self.pid}/ns/pid"):
                return int(entry)
        return None

    async def stop(self):
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)  # and with the first process all of its namespace
            except ProcessLookupError:
                pass
        if self.child:
            try:
                self.child.kill()
            except ProcessLookupError:
                pass
            await self.child.wait()
