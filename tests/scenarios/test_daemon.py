# SPDX-License-Identifier: MIT
"""transportd as an operator meets it: configuration, exit status, a foreign database, transportctl, leaks."""
import asyncio
import hashlib
import os
import pwd
import re
import shutil
import sqlite3

from harness.gateway import wait_for_answer
from harness.process import PATIENCE, Failure, Skip, find_program_or_skip

DOMAIN = "localhost"


async def run(*argv, env=None):
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=env)
    output, _ = await asyncio.wait_for(child.communicate(), 30 * PATIENCE)
    return child.returncode, output.decode(errors="replace")


async def scenario_check_names_what_is_wrong(world):
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.write_config()
    status, output = await run(gateway.daemon, "--check", gateway.config)
    if status != 0:
        raise Failure(f"a good configuration is refused: {output}")
    with open(gateway.config, "a") as file:
        file.write("[service]\nusers_per_backend = many\n[registration]\nencoding = utf8\n[some]\nthing = 1\n")
    lines = open(gateway.config).read().splitlines()
    line = lines.index("users_per_backend = many") + 1
    status, output = await run(gateway.daemon, "--check", gateway.config)
    if status != 3 or f"transport.cfg:{line}:" not in output or "users_per_backend" not in output:
        raise Failure(f"a wrong value gives {status}: {output}")
    status, output = await run(gateway.daemon, "--check", gateway.config, "--service.users_per_backend=5")
    if status not in (0, 3):
        raise Failure(f"an override gives {status}: {output}")
    for argv in ([], ["/nowhere/at/all.cfg"], ["--no-such-option", gateway.config]):
        status, output = await run(gateway.daemon, *argv)
        if status not in (2, 3) or not output.strip():
            raise Failure(f"transportd {argv} ends with {status}: {output!r}")
    status, output = await run(gateway.daemon, "--reference")
    for key in ("jid", "type", "name", "users_per_backend"):
        if f"| `{key}` |" not in output:
            raise Failure(f"the reference does not have {key}")
    status, output = await run(gateway.daemon, "--sample")
    sample = os.path.join(world.folder, "sample.cfg")
    with open(sample, "w") as file:
        file.write(output)
    status, output = await run(gateway.daemon, "--check", sample, "--service.jid=x.example", "--service.server_mode=1",
                               "--service.port=5222", f"--service.backend={gateway.backend}")
    if status != 0:
        raise Failure(f"the sample configuration is not good: {output}")


async def scenario_becomes_another_user(world):
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    # The build may lie where nobody else can look.
    programs = os.path.join(world.folder, "programs")
    os.mkdir(programs)
    for folder in (world.folder, gateway.folder, programs):
        os.chmod(folder, 0o755)
    for program in (gateway.daemon, os.path.join(os.path.dirname(gateway.daemon), "transport-sandbox"),
                    gateway.backend):
        shutil.copy(program, programs)
    gateway.daemon = os.path.join(programs, "transportd")
    gateway.keys["service.backend"] = os.path.join(programs, "transport-echo")
    gateway.server()
    pidfile = os.path.join(world.folder, "run", "gateway.pid")
    gateway.keys.update({"service.user": "nobody", "service.pidfile": pidfile})
    uid, gid = pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid
    gateway.write_config()
    status, output = await run(gateway.daemon, gateway.config)
    if status != 1 or gateway.config not in output or "nobody" not in output:
        raise Failure(f"a configuration that backends cannot read gives {status}: {output}")
    write = gateway.write_config

    def write_readable():
        write()
        os.chown(gateway.config, 0, gid)
        os.chmod(gateway.config, 0o640)
    gateway.write_config = write_readable
    await gateway.start()
    status = open(f"/proc/{gateway.process.pid}/status").read()
    if not re.search(rf"^Uid:\t{uid}\t{uid}\t{uid}\t{uid}$", status, re.M):
        raise Failure(f"transportd is still somebody else: {status}")
    if os.stat(gateway.keys["database.database"]).st_uid != uid:
        raise Failure("the database belongs to somebody else")
    if open(pidfile).read().strip() != str(gateway.process.pid):
        raise Failure("the pidfile does not name the process")
    await gateway.stop()
    if os.path.exists(pidfile):
        raise Failure("the pidfile is left behind")


async def scenario_leaves_files_that_are_no_sockets(world):
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    precious = os.path.join(world.folder, "precious")
    with open(precious, "w") as file:
        file.write("do not remove")
    gateway.keys["service.control_socket"] = precious
    gateway.write_config()
    status, output = await run(gateway.daemon, gateway.config)
    if status != 1 or precious not in output:
        raise Failure(f"a control socket that is a file gives {status}: {output}")
    if open(precious).read() != "do not remove":
        raise Failure("the file was changed")


async def scenario_a_missing_backend_is_named(world):
    gateway = world.gateway(jid=DOMAIN)
    gateway.server()
    gateway.keys["service.backend"] = "/nowhere/backend"
    gateway.write_config()
    for arguments, wanted in (((), 1), (("--check",), 3)):
        status, output = await run(gateway.daemon, *arguments, gateway.config)
        if status != wanted or "/nowhere/backend" not in output or "is good" in output:
            raise Failure(f"a backend that is not there gives {status} with {arguments}: {output}")


async def scenario_a_taken_port_is_named(world):
    first = world.gateway(jid=DOMAIN, backend="echo")
    first.server()
    await first.start()
    second = os.path.join(world.folder, "second.cfg")
    with open(second, "w") as file:
        file.write(open(first.config).read().replace(first.folder, world.folder + "/second"))
    status, output = await run(first.daemon, second)
    if status != 1 or str(first.port) not in output:
        raise Failure(f"a port that is taken gives {status}: {output}")
    if len(re.findall(" error: ", output)) != 1:
        raise Failure(f"that a port is taken is not said once: {output}")
    status, output = await run(first.daemon, first.config)
    if status != 1 or "in use by another process" not in output:
        raise Failure(f"a second process of one instance gives {status}: {output}")


async def scenario_a_spectrum_database_is_left_alone(world):
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    path = os.path.join(world.folder, "spectrum.sql")
    gateway.keys["database.database"] = path
    database = sqlite3.connect(path)
    database.executescript("""
        CREATE TABLE users (id INTEGER PRIMARY KEY NOT NULL, jid VARCHAR(255) NOT NULL, uin VARCHAR(4095) NOT NULL,
            password VARCHAR(255) NOT NULL, language VARCHAR(25) NOT NULL, encoding VARCHAR(50) NOT NULL DEFAULT 'utf8',
            last_login DATETIME, vip INTEGER(1) NOT NULL DEFAULT '0', online INTEGER(1) NOT NULL DEFAULT '0');
        CREATE TABLE db_version (ver INTEGER NOT NULL DEFAULT '3');
        INSERT INTO db_version VALUES (3);
        INSERT INTO users (jid, uin, password, language) VALUES ('alice@example.org', 'alice', 'secret', 'en');""")
    database.commit()
    database.close()
    before = hashlib.sha256(open(path, "rb").read()).hexdigest()
    gateway.write_config()
    status, output = await run(gateway.daemon, gateway.config)
    if status != 1 or "Spectrum 2" not in output or "database.database" not in output:
        raise Failure(f"a Spectrum 2 database gives {status}: {output}")
    if hashlib.sha256(open(path, "rb").read()).hexdigest() != before or os.path.exists(path + "-wal"):
        raise Failure("the database was altered")


async def scenario_transportctl_asks(world):
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    await gateway.start()
    if not re.fullmatch(r"Running \(0 users connected using \d backends\)", await gateway.control("status")):
        raise Failure(f"status says {await gateway.control('status')}")
    await gateway.control("register", f"alice@{DOMAIN}", "alice", "secret")
    if "already" not in await gateway.control("register", f"alice@{DOMAIN}", "alice", "secret", expect=1):
        raise Failure("the second registration is not refused as such")
    await gateway.control("nonsense", expect=1)
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    if "alice@localhost" not in await gateway.control("online_users"):
        raise Failure("alice is not listed")
    alice.say(f"echo@{DOMAIN}", "hello echo")
    await alice.message(f"echo@{DOMAIN}", "hello echo", "chat")
    if await gateway.control("messages_from_xmpp") != "1" or await gateway.control("messages_to_xmpp") != "1":
        raise Failure("messages are not counted")
    await gateway.control("unregister", f"alice@{DOMAIN}")
    await wait_for_answer(gateway, "online_users_count", "0")
    mode = os.stat(os.path.join(gateway.folder, "state", "control")).st_mode & 0o777
    if mode != 0o600:
        raise Failure(f"the control socket has mode {mode:o}")


async def scenario_no_leak_over_a_session(world):
    """Valgrind over a login, a talk and a logout: the daemon and its backend."""
    valgrind = find_program_or_skip("valgrind")
    build = world.plain_build_or_skip()
    ircd = await world.ngircd()
    gateway = world.gateway(jid=DOMAIN, build=build)
    gateway.server()
    gateway.irc(ircd)
    gateway.wrapper = [valgrind, "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
                       "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=96", "--trace-children=yes",
                       f"--log-file={gateway.folder}/valgrind-%p.log"]
    await gateway.start()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port, tls=True)
    room = f"#lobby@{DOMAIN}"
    alice.join(room, "alice")
    await alice.joined(room, "alice", timeout=60)
    alice.say(room, "under valgrind", "groupchat")
    await carol.expect("PRIVMSG #lobby :under valgrind$", timeout=60)
    carol.send("PRIVMSG #lobby :indeed")
    await alice.message(f"{room}/carol", "^indeed$", "groupchat", timeout=60)
    mark = carol.mark()
    await alice.stop()
    await carol.expect("^:alice!.* (PART|QUIT)", mark, timeout=60)
    await gateway.stop()
    logs = [name for name in os.listdir(gateway.folder) if name.startswith("valgrind-")]
    if len(logs) < 2:
        raise Failure(f"valgrind saw {len(logs)} processes")
    for name in logs:
        text = open(os.path.join(gateway.folder, name), errors="replace").read()
        if "ERROR SUMMARY: 0 errors" not in text:
            raise Failure(f"valgrind complains:\n{text[-6000:]}")
