# SPDX-License-Identifier: MIT
"""Munin's graphs: by our plugin under the real munin-run, and by what Spectrum 2's own one asks."""
import asyncio
import os
import re

from harness.process import PATIENCE, Skip, find_program_or_skip, free_port, require
from test_backends import ask, wire

DOMAIN = "localhost"
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLUGIN = os.path.join(TOP, "daemon", "munin", "spectrum2_")
# The graphs of Spectrum 2's plugin, and the variables that it asks spectrum2_manager for.
GRAPHS = {
    "uptime": ["uptime"], "backends_count": ["backends_count"], "crashed_backends_count": ["crashed_backends_count"],
    "online": ["online_users_count"], "messages": ["messages_from_xmpp", "messages_to_xmpp"],
    "messages_sec": ["messages_from_xmpp", "messages_to_xmpp"], "memory": ["used_memory"],
    "average_memory_per_user": ["average_memory_per_user"],
}


class Munin:
    """A munin-run with folders of its own: plugins and their configuration."""

    def __init__(self, world, base):
        self.program = find_program_or_skip("munin-run")
        self.folder = os.path.join(world.folder, "munin")
        for name in ("plugins", "plugin-conf.d", "state"):
            os.makedirs(os.path.join(self.folder, name))
        for graph in GRAPHS:
            os.symlink(PLUGIN, os.path.join(self.folder, "plugins", f"spectrum2_{graph}"))
        with open(os.path.join(self.folder, "munin-node.conf"), "w") as file:
            file.write("host_name here\nallow ^127\\.0\\.0\\.1$\n")
        self.settings = {"base": base, "transportctl": os.path.join(world.build, "daemon", "transportctl")}
        self.configure()

    def configure(self, **more):
        with open(os.path.join(self.folder, "plugin-conf.d", "transport"), "w") as file:
            file.write("[spectrum2_*]\nuser root\n" +
                       "".join(f"env.{name} {value}\n" for name, value in {**self.settings, **more}.items()))

    async def run(self, graph, *words):
        child = await asyncio.create_subprocess_exec(
            self.program, "--config", os.path.join(self.folder, "munin-node.conf"),
            "--servicedir", os.path.join(self.folder, "plugins"), "--sconfdir", os.path.join(self.folder, "plugin-conf.d"),
            f"spectrum2_{graph}", *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env={**os.environ, "MUNIN_PLUGSTATE": os.path.join(self.folder, "state")})
        output, _ = await asyncio.wait_for(child.communicate(), 60 * PATIENCE)
        text = output.decode(errors="replace")
        require(child.returncode == 0, f"munin-run {graph} {words}: {text}")
        return text

    async def values(self, graph):
        return dict(re.findall(r"^(\S+)\.value (\S+)$", await self.run(graph), re.M))


async def two_instances(world):
    """One that runs, with somebody who has said three things; one that does not run; and a file that is wrong."""
    base = os.path.join(world.folder, "etc")
    os.mkdir(base)
    gateway = world.gateway(jid=DOMAIN, backend="echo")
    gateway.server()
    gateway.config = os.path.join(base, "here.cfg")
    gateway.keys["service.backend_port"] = free_port()
    await gateway.start()
    for name, text in (("away", f"jid = away.{DOMAIN}\nworking_dir = {world.folder}/away\n"), ("broken", "nothing\n")):
        with open(os.path.join(base, f"{name}.cfg"), "w") as file:
            file.write(f"[service]\n{text}")
    alice = await world.person(f"alice@{DOMAIN}", gateway.port)
    for number in range(3):
        alice.say(f"echo@{DOMAIN}", f"number {number}")
        await alice.message(f"echo@{DOMAIN}", f"number {number}")
    return gateway, base


async def scenario_graphs_have_the_names_of_spectrum_2(world):
    if os.geteuid() != 0:
        raise Skip("munin-run becomes the user of a plugin: that needs root")
    gateway, base = await two_instances(world)
    munin = Munin(world, base)
    fields = {"localhost": DOMAIN, "away_localhost": f"away.{DOMAIN}"}
    for graph, variables in GRAPHS.items():
        shape = await munin.run(graph, "config")
        several = "_total" if len(variables) > 1 else ""
        labels = dict(re.findall(r"^(\S+)\.label (.+)$", shape, re.M))
        wanted = {field + several: jid + several.replace("_", " ") for field, jid in fields.items()}
        require(labels == wanted and "graph_title " in shape and "graph_category transports" in shape,
                f"{graph} is described as {shape}")
        require((f"localhost{several}.type DERIVE" in shape) == (graph == "messages_sec"), f"the type of {graph}: {shape}")
        values = await munin.values(graph)
        require(values.keys() == labels.keys() and values[f"away_localhost{several}"] == "U", f"{graph} is {values}")
        require(re.fullmatch(r"\d+(\.\d+)?", values[f"localhost{several}"]), f"{graph} is {values}")
    require((await munin.values("online"))["localhost"] == "1", "alice is not counted")
    require((await munin.values("messages"))["localhost_total"] == "6", "three messages and their echoes are no six")
    require((await munin.values("backends_count"))["localhost"] == "1", "the backend is not counted")
    require(1 < float((await munin.values("memory"))["localhost"]) < 4096, "the memory is no number of megabytes")

    munin.configure(verbose="1", jids=f"{DOMAIN} other.{DOMAIN}")
    require(await munin.values("messages") == {"localhost_from_xmpp": "3", "localhost_to_xmpp": "3", "localhost_total": "6"},
            f"verbose: {await munin.values('messages')}")
    require((await munin.run("messages", "suggest")).split() == list(GRAPHS), "other graphs are suggested")
    require((await munin.run("uptime", "autoconf")).strip() == "yes", "autoconf does not say yes")
    munin.configure(transportctl="/nowhere/transportctl")
    require((await munin.run("uptime", "autoconf")).startswith("no ("), "autoconf says yes without transportctl")
    await gateway.stop()
    munin.configure()
    require(set((await munin.values("messages")).values()) == {"U"}, "what has stopped still has values")


async def scenario_answers_what_the_plugin_of_spectrum_2_asks(world):
    """It runs "spectrum2_manager JID VARIABLE", which sends a QUERY to the port at once, and takes int() of the answer."""
    gateway, _ = await two_instances(world)
    port = gateway.keys["service.backend_port"]

    async def asked(variable):
        _, answer = await asyncio.get_running_loop().run_in_executor(None, ask, port, wire.frame(wire.QUERY, {1: variable}))
        return answer
    for variable in sorted(set(sum(GRAPHS.values(), []))):
        answer = await asked(variable)
        require(answer and answer.isdigit(), f"{variable} is answered {answer!r}")
    require((await asked("messages_from_xmpp"), await asked("online_users_count")) == ("3", "1"), "the figures are wrong")
