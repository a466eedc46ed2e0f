# SPDX-License-Identifier: MIT
"""A network of its own for a process, in which an address that is not loopback reaches nobody but that process."""
import ctypes
import os
import socket
import subprocess

from .process import Skip, find_program_or_skip

ADDRESS = "192.0.2.1"
CLONE_NEWNET = 0x40000000


def wrapper():
    """The words to put before a program that is to run there."""
    unshare = find_program_or_skip("unshare")
    find_program_or_skip("ip")
    if os.getuid() != 0 or subprocess.run([unshare, "-n", "true"], stdin=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip("network namespaces need root")
    return [unshare, "-n", "sh", "-c", f'ip link set lo up && ip addr add {ADDRESS}/32 dev lo && exec "$@"', "sh"]


def connect(pid, port):
    """A socket in the network of process `pid`, connected from and to the address."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as own, open(f"/proc/{pid}/ns/net") as other:
        if libc.setns(other.fileno(), CLONE_NEWNET):
            raise Skip(f"setns: {os.strerror(ctypes.get_errno())}")
        try:
            return socket.create_connection((ADDRESS, port), timeout=20)
        finally:
            if libc.setns(own.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")


def enter(address):
    """Takes this process, and what it starts from now on, into a network of its own. All that is sent to the address comes
    back, but it is none that a program would find to be its machine's."""
    libc = ctypes.CDLL(None, use_errno=True)
    find_program_or_skip("ip")
    if os.getuid() != 0 or libc.unshare(CLONE_NEWNET):
        raise Skip("network namespaces need root")
    for words in (["link", "set", "lo", "up"], ["route", "add", "local", f"{address}/32", "dev", "lo"]):
        subprocess.run(["ip", *words], stdin=subprocess.DEVNULL, check=True)
