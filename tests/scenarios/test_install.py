# SPDX-License-Identifier: MIT
"""What `meson install` puts on a machine is complete: it runs from there, and a backend can be written against it."""
import asyncio
import os
import re

from harness.process import Failure, find_program_or_skip

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


async def run(*argv, env=None):
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(env or {})})
    output, _ = await child.communicate()
    text = output.decode(errors="replace")
    if child.returncode != 0:
        raise Failure(f"{' '.join(argv)} ended with {child.returncode}: {text}")
    return text


async def install(world):
    """Installs the build without sanitizers below a folder; the prefix there."""
    root = os.path.join(world.folder, "root")
    await run(find_program_or_skip("meson"), "install", "-C", world.plain_build_or_skip(), "--no-rebuild", "--destdir", root)
    return os.path.join(root, "usr", "local")


async def scenario_runs_from_where_it_is_installed(world):
    prefix = await install(world)
    for path in ("sbin/transportd", "bin/transportctl", "libexec/libtransport/transport-irc",
                 "libexec/libtransport/transport-echo", "include/libtransport/plugin/plugin.h",
                 "share/doc/libtransport/component-irc.cfg", "share/doc/libtransport/server-irc.cfg",
                 "share/doc/libtransport/architecture.md", "lib/systemd/system/transportd@.service",
                 "share/bash-completion/completions/transportctl", "share/zsh/site-functions/_transportctl"):
        if not os.path.exists(os.path.join(prefix, path)):
            raise Failure(f"{path} is not installed")
    gateway = world.gateway(jid="localhost", backend="echo")
    gateway.daemon = os.path.join(prefix, "sbin", "transportd")
    gateway.keys["service.backend"] = "transport-echo"  # found in libexec beside the daemon
    gateway.server()
    await gateway.start()
    alice = await world.person("alice@localhost", gateway.port)
    alice.say("echo@localhost", "installed")
    await alice.message("echo@localhost", "installed")
    for sample in ("component-irc.cfg", "server-irc.cfg"):
        await run(gateway.daemon, "--check", os.path.join(prefix, "share", "doc", "libtransport", sample),
                  "--service.backend=transport-irc")  # the sample has the path without where it was staged


async def scenario_a_backend_is_built_against_it(world):
    prefix = await install(world)
    libraries = next(folder for folder, _, files in os.walk(prefix) if "libtransport-plugin.so" in files)
    environment = {"PKG_CONFIG_PATH": os.path.join(libraries, "pkgconfig"),
                   "PKG_CONFIG_SYSROOT_DIR": os.path.join(world.folder, "root")}
    flags = (await run(find_program_or_skip("pkg-config"), "--cflags", "--libs", "libtransport-plugin",
                       env=environment)).split()
    program = os.path.join(world.folder, "transport-mine")
    await run(find_program_or_skip("gcc"), "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", program,
              os.path.join(TOP, "backends", "echo", "echo.c"), *flags, f"-Wl,-rpath,{libraries}")
    gateway = world.gateway(jid="localhost")
    gateway.keys["service.backend"] = program
    gateway.server()
    await gateway.start()
    alice = await world.person("alice@localhost", gateway.port)
    alice.say("echo@localhost", "from outside of the tree")
    await alice.message("echo@localhost", "from outside of the tree")


MAN_PAGES = {"transportd": 8, "transportctl": 1, "transport-irc": 8, "transport-echo": 8, "transport-sandbox": 8,
             "transport.cfg": 5}


async def scenario_manual_pages_are_complete(world):
    """Installed for every program and the configuration, without a complaint, with every option and every key."""
    prefix = await install(world)
    mandoc, man = find_program_or_skip("mandoc"), find_program_or_skip("man")
    texts = {}
    for name, section in MAN_PAGES.items():
        page = os.path.join(prefix, "share", "man", f"man{section}", f"{name}.{section}")
        complaints = await run(mandoc, "-T", "lint", "-W", "warning", page)
        if complaints:
            raise Failure(f"mandoc says of {name}: {complaints}")
        child = await asyncio.create_subprocess_exec(
            man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
        _, complaints = await child.communicate()
        if complaints:
            raise Failure(f"man says of {name}: {complaints.decode()}")
        shown = await run(mandoc, "-T", "utf8", "-O", "width=200", page)
        texts[name] = re.sub(r".\x08", "", shown)
    for program, path in (("transportd", "sbin/transportd"), ("transportctl", "bin/transportctl")):
        said = await run(os.path.join(prefix, path), "--help")
        options = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", said, re.M))
        missing = [option for option in options if option not in texts[program]]
        if len(options) < 3 or missing:
            raise Failure(f"the page of {program} lacks {missing}")
        if "Exit status" in said and "2 wrong usage" not in texts[program]:
            raise Failure(f"the page of {program} has no exit status")
    listed = await run(os.path.join(prefix, "bin/transportctl"), "--list-commands")
    commands = [line.split("\t")[0] for line in listed.splitlines()] + ["list", "start", "stop", "restart"]
    missing = [name for name in commands if not re.search(rf"^ +{name}\b", texts["transportctl"], re.M)]
    if len(commands) < 40 or missing:
        raise Failure(f"the page of transportctl lacks the commands {missing}")
    for name, said in (("transport.cfg", await run(os.path.join(prefix, "sbin/transportd"), "--sample")),
                       ("transport-irc", await run(os.path.join(prefix, "libexec/libtransport/transport-irc"), "--help"))):
        keys = set(re.findall(r"^#([a-z_]+) =", said, re.M))
        missing = [key for key in keys if not re.search(rf"^ +{key}\b", texts[name], re.M)]
        if len(keys) < 10 or missing:
            raise Failure(f"the page {name} lacks {missing}")
