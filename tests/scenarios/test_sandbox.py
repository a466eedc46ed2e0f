# SPDX-License-Identifier: MIT
"""Backends as the sandbox lets them run, seen from outside: with the real IRC backend and one in Python."""
import os
import pwd
import shutil

from harness.gateway import wait_for_answer
from harness.process import Failure, Skip, wait_until

DOMAIN = "localhost"

# Of a Spectrum 2 backend in Python: speaks over --host and --port, and tells on stdout what it can do.
PYTHON_BACKEND = r'''#!/usr/bin/env python3
import os, socket, ssl, struct, subprocess, sys, tempfile, threading
words = sys.argv
core = socket.create_connection((words[words.index("--host") + 1], int(words[words.index("--port") + 1])))
def tell(name, act):
    try:
        act()
        print(f"python {name}: allowed", flush=True)
    except (OSError, ImportError, subprocess.SubprocessError) as problem:
        print(f"python {name}: refused {problem}", flush=True)
def ask_control():
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(10)
        control.connect(os.path.join(os.path.dirname(os.getcwd()), "control"))
        control.sendall(b"status\n")
        if not control.recv(100):
            raise OSError("cut off")
tell("configuration", lambda: open(words[-1]).read().index("jid") or 0)
tell("folder", lambda: open("own.txt", "w").write("mine"))
tell("temporary", lambda: tempfile.TemporaryFile())
tell("thread", lambda: threading.Thread(target=int).start())
tell("module", lambda: __import__("helper_of_the_backend"))
tell("tls", lambda: ssl.create_default_context())
tell("name", lambda: socket.getaddrinfo("localhost", 80))
tell("key", lambda: open(os.path.join(os.path.dirname(os.getcwd()), "key"), "rb").read())
tell("shell", lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True))
tell("key by a shell", lambda: subprocess.run(["/bin/cat", "../key"], check=True, capture_output=True))
tell("control", lambda: ask_control())
tell("server", lambda: socket.create_server(("127.0.0.1", 0)))
secret = "SECRET-OF-THE-COMPONENT" in open(words[-1]).read()
print(f"python secret in the configuration: {secret}", flush=True)
print("python end", flush=True)
while core.recv(4096):
    core.sendall(struct.pack(">I", 2) + b"\x08\x0a")  # PONG
'''


def status(pid):
    with open(f"/proc/{pid}/status") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def limits(pid):
    with open(f"/proc/{pid}/limits") as file:
        return file.read()


async def scenario_the_irc_backend_is_confined(world):
    ircd = await world.ngircd()
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.irc(ircd)
    gateway.keys["service.admin_password"] = "SECRET-OF-ADMINISTRATORS"
    gateway.keys["backend.sandbox_files"] = 500
    gateway.keys["backend.sandbox_connect"] = [ircd.port]
    await gateway.start()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    room = f"#lobby@{DOMAIN}"
    alice.join(room, "alice")
    await alice.joined(room, "alice")
    alice.say(room, "from inside", "groupchat")
    await carol.expect("PRIVMSG #lobby :from inside")
    pid = (await wait_until(gateway.backends, "a backend"))[0]
    found = status(pid)
    if found["NoNewPrivs"] != "1" or found["Seccomp"] != "2":
        raise Failure(f"the backend has NoNewPrivs {found['NoNewPrivs']}, Seccomp {found['Seccomp']}")
    if int(found["CapEff"], 16) or int(found["CapBnd"], 16) and os.geteuid() == 0:
        raise Failure(f"the backend has capabilities: {found['CapEff']} of {found['CapBnd']}")
    if "Max open files            500                  500" not in limits(pid):
        raise Failure(f"the backend's limits are:\n{limits(pid)}")
    state = gateway.keys["service.working_dir"]
    if os.readlink(f"/proc/{pid}/cwd") != os.path.join(state, "backend"):
        raise Failure(f"the backend is in {os.readlink(f'/proc/{pid}/cwd')}")
    with open(os.path.join(state, "backend.cfg")) as file:
        copy = file.read()
    if "SECRET" in copy or "database" in copy or f"jid = {DOMAIN}" not in copy or "irc_server" not in copy:
        raise Failure(f"the backends' copy of the configuration is:\n{copy}")


async def scenario_a_python_backend_works_confined(world):
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    folder = os.path.join(world.folder, "python")
    os.makedirs(folder)
    script = os.path.join(folder, "backend.py")
    with open(script, "w") as file:
        file.write(PYTHON_BACKEND)
    os.chmod(script, 0o700)
    with open(os.path.join(folder, "helper_of_the_backend.py"), "w"):
        pass
    gateway.keys["service.backend"] = script
    gateway.keys["service.password"] = "SECRET-OF-THE-COMPONENT"
    # an interpreter that a version manager's script stands for would need "exec"
    path = os.environ["PATH"]
    os.environ["PATH"] = "/usr/bin:/bin"
    try:
        await gateway.start(wait=False)
    finally:
        os.environ["PATH"] = path
    await gateway.process.wait_log("python end")
    log = gateway.process.log()
    for name in ("configuration", "folder", "temporary", "thread", "module", "tls", "name", "shell"):
        if f"python {name}: allowed" not in log:
            raise Failure(f"{name} does not work in the sandbox")
    for name in ("key", "key by a shell", "control", "server"):
        if f"python {name}: refused" not in log:
            raise Failure(f"{name} is allowed in the sandbox")
    if "python secret in the configuration: False" not in log:
        raise Failure("the backend was given a secret")
    await gateway.process.wait_log("ready")


async def scenario_a_wrapper_script_and_off(world):
    """A shell script that starts the backend works as it is; the sandbox is off by a word."""
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    script = os.path.join(world.folder, "wrapper.sh")
    with open(script, "w") as file:
        file.write(f'#!/bin/sh\n"{gateway.backend}" "$@"\n')
    os.chmod(script, 0o700)
    backend = gateway.backend
    gateway.keys["service.backend"] = script
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await wait_for_answer(gateway, "online_users_count", "1")
    alice.say(f"echo@{DOMAIN}", "through a wrapper")
    await alice.message(f"echo@{DOMAIN}", "through a wrapper", "chat")
    if any(status(pid)["Seccomp"] != "2" for pid in await wait_until(gateway.backends, "a backend")):
        raise Failure("what a wrapper starts is not in the sandbox")
    await alice.stop()
    await gateway.stop()
    gateway.keys["service.backend"] = backend
    gateway.keys["backend.sandbox"] = "off"
    await gateway.start()
    pid = (await wait_until(gateway.backends, "a backend"))[0]
    if status(pid)["Seccomp"] == "2" or os.readlink(f"/proc/{pid}/cwd") != gateway.keys["service.working_dir"]:
        raise Failure("the sandbox is on although it was switched off")


async def scenario_no_backend_may_ask_the_control_socket(world):
    """Not even one that has all the rights of the daemon."""
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    script = os.path.join(world.folder, "backend.py")
    with open(script, "w") as file:
        file.write(PYTHON_BACKEND.replace("os.path.dirname(os.getcwd())", "os.getcwd()"))
    os.chmod(script, 0o700)
    gateway.keys["service.backend"] = f"/usr/bin/python3 {script}"
    gateway.keys["backend.sandbox"] = "off"
    await gateway.start(wait=False)
    await gateway.process.wait_log("python end")
    log = gateway.process.log()
    if "python control: refused" not in log or "python key: allowed" not in log:
        raise Failure("the control socket answered a backend")
    if "refused a connection of another uid or of a backend" not in log:
        raise Failure("nothing was logged of it")
    await gateway.process.wait_log("ready")
    if "Running" not in await gateway.control("status"):
        raise Failure("transportctl is refused too")


# Where the sandbox would let it: only its uid keeps it from what it tries.
UID_BACKEND = r'''#!/usr/bin/env python3
import os, socket, struct, sys
words = sys.argv
core = socket.create_connection((words[words.index("--host") + 1], int(words[words.index("--port") + 1])))
state = os.path.dirname(os.getcwd())
def tell(name, act):
    try:
        act()
        print(f"uid {name}: allowed", flush=True)
    except OSError as problem:
        print(f"uid {name}: refused {problem}", flush=True)
def ask_control():
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(os.path.join(state, "control"))
def signal_core():
    os.kill(os.getppid(), 0)
for name in ("key", "database.sqlite"):
    tell(name, lambda: open(os.path.join(state, name), "rb").read())
    tell(f"{name} away", lambda: os.rename(os.path.join(state, name), os.path.join(state, "mine")))
tell("listing", lambda: os.listdir(state))
tell("planting", lambda: open(os.path.join(state, "planted"), "w"))
tell("control", ask_control)
tell("signal", signal_core)
tell("own folder", lambda: open(os.path.join(os.environ["HOME"], "own.txt"), "w").write("mine"))
tell("configuration", lambda: open(words[-1]).read().index("jid") or 0)
print("uid end", flush=True)
while core.recv(4096):
    core.sendall(struct.pack(">I", 2) + b"\x08\x0a")  # PONG
'''


def as_root_in_public(world, **keys):
    """A gateway in server mode whose folders others may pass, and a copy of the echo backend that they may read."""
    if os.geteuid() != 0:
        raise Skip("only root starts backends as somebody else")
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    programs = os.path.join(world.folder, "programs")
    os.makedirs(programs)
    for folder in (world.folder, gateway.folder, programs):
        os.chmod(folder, 0o755)
    gateway.keys["service.backend"] = shutil.copy(gateway.backend, programs)
    gateway.keys.update(keys)
    return gateway, programs


def check_ids(pid, uid, gid):
    found = status(pid)
    if found["Uid"].split() != [str(uid)] * 4 or found["Gid"].split() != [str(gid)] * 4 or found["Groups"]:
        raise Failure(f"the backend has uids {found['Uid']}, gids {found['Gid']}, groups {found['Groups']!r}")
    if any(int(found[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")):
        raise Failure(f"the backend has capabilities: {found}")


async def scenario_backends_of_root_have_a_uid_of_their_own(world):
    """Without being asked, the same at each start; it works, and with the core's files only its uid is against it."""
    gateway, programs = as_root_in_public(world)
    await gateway.start()
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    await wait_for_answer(gateway, "online_users_count", "1")
    alice.say(f"echo@{DOMAIN}", "as somebody else")
    await alice.message(f"echo@{DOMAIN}", "as somebody else", "chat")
    uid = int(status((await wait_until(gateway.backends, "a backend"))[0])["Uid"].split()[0])
    if not 61184 <= uid <= 65519:
        raise Failure(f"the backend's uid is {uid}")
    check_ids(gateway.backends()[0], uid, uid)
    state = gateway.keys["service.working_dir"]
    if os.stat(os.path.join(state, "backend")).st_uid != uid or os.stat(state).st_mode & 0o777 != 0o711:
        raise Failure("the folders have other owners or modes")
    await alice.stop()
    await gateway.stop()
    script = os.path.join(programs, "backend.py")
    with open(script, "w") as file:
        file.write(UID_BACKEND)
    os.chmod(script, 0o755)
    gateway.keys.update({"service.backend": f"/usr/bin/python3 {script}", "backend.sandbox_allow": ["unix", "trace"],
                         "backend.sandbox_write": [state]})
    await gateway.start(wait=False)
    await gateway.process.wait_log("uid end")
    log = gateway.process.log()
    for name in ("key", "key away", "database.sqlite", "database.sqlite away", "listing", "planting", "control", "signal"):
        if f"uid {name}: refused" not in log:
            raise Failure(f"{name} is allowed to another uid")
    for name in ("own folder", "configuration"):
        if f"uid {name}: allowed" not in log:
            raise Failure(f"{name} does not work as another uid")
    await gateway.process.wait_log("ready")
    if os.stat(os.path.join(state, "backend", "own.txt")).st_uid != uid:
        raise Failure("the second start took another uid")


async def scenario_backends_of_root_as_a_user_that_is_named(world):
    nobody = pwd.getpwnam("nobody")
    gateway, _ = as_root_in_public(world, **{"backend.sandbox_user": "nobody"})
    await gateway.start()
    pid = (await wait_until(gateway.backends, "a backend"))[0]
    check_ids(pid, nobody.pw_uid, nobody.pw_gid)
    await gateway.kill_backend()
    await world.person(f"alice@{DOMAIN}", gateway.port)
    await wait_for_answer(gateway, "online_users_count", "1")
    check_ids((await wait_until(gateway.backends, "another backend"))[0], nobody.pw_uid, nobody.pw_gid)


async def scenario_a_private_backend_of_root_still_starts(world):
    """A program that nobody else may read, as an old configuration may have it: a warning that names the way out."""
    gateway, programs = as_root_in_public(world)
    os.chmod(programs, 0o700)
    await gateway.start()
    if "backends run as root, since a user of their own could not get at" not in gateway.process.log():
        raise Failure("nothing is said of it")
    pid = (await wait_until(gateway.backends, "a backend"))[0]
    check_ids(pid, 0, 0)
