# SPDX-License-Identifier: MIT
"""What a process takes of the machine, and a disk that is soon full."""
import os
import subprocess

from .process import Skip


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise OSError(f"no VmRSS of {pid}")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class SmallDisk:
    """A tmpfs; stop() takes it away."""

    def __init__(self, folder, size):
        self.folder = folder
        os.makedirs(folder, mode=0o700)
        if os.geteuid() != 0:
            raise Skip("only root can mount")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise Skip(f"mount: {done.stdout.decode(errors='replace')}")

    def fill(self):
        try:
            with open(os.path.join(self.folder, "filler"), "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        except OSError:
            pass

    def empty(self):
        os.unlink(os.path.join(self.folder, "filler"))

    async def stop(self):
        subprocess.run(["umount", self.folder], stdin=subprocess.DEVNULL, check=True)
