# SPDX-License-Identifier: MIT
"""Everything that one scenario starts, so that it can be ended and shown."""
import asyncio
import os
import shutil
import stat
import tempfile

from .fake_homeserver import FakeHomeserver
from .fake_irc import FakeIrc
from .gateway import Gateway
from .irc_client import IrcClient
from .network import Network
from .person import Person
from .process import Skip, free_port
from .relay import Relay
from .servers import Ejabberd, Ngircd, Prosody
from .slack import Slack, manifest
from .synapse import Synapse


class World:
    def __init__(self, build, plain_build):
        self.build = build              # with sanitizers
        self.plain_build = plain_build
        self.folder = tempfile.mkdtemp(prefix="libtransport-test-")
        self.started = []  # in order; stopped in reverse

    async def ngircd(self, **options):
        server = Ngircd(self.folder, **options)
        self.started.append(server)
        await server.start()
        return server

    async def fake_irc(self, **options):
        server = FakeIrc(free_port(), **options)
        self.started.append(server)
        await server.start()
        return server

    async def prosody(self, gateway="irc.localhost", people=(("alice", "secret"), ("bob", "secret")),
                      **options):
        server = Prosody(self.folder, gateway, **options)
        self.started.append(server)
        await server.start(people)
        return server

    async def ejabberd(self, gateway="irc.localhost", access=("local",)):
        server = Ejabberd(self.folder, gateway, access)
        self.started.append(server)
        await server.start()
        return server

    def synapse_or_skip(self, **options):
        """Not started yet: application services come before."""
        server = Synapse(self.folder, **options)
        self.started.append(server)
        return server

    def fake_homeserver(self):
        """In Synapse's place, not started yet either."""
        server = FakeHomeserver()
        self.started.append(server)
        return server

    async def relay(self, *targets, **options):
        relay = Relay(*targets, **options)
        self.started.append(relay)
        await relay.start()
        return relay

    async def slack(self, **options):
        slack = Slack(**{**manifest(self.build), **options})
        self.started.append(slack)
        await slack.start()
        return slack

    async def network(self, gateway):
        """In the network's place: one that a test steers."""
        network = Network()
        self.started.append(network)
        await network.start()
        gateway.keys["service.backend"] = network.command
        return network

    async def matrix_person(self, synapse, name, **options):
        if isinstance(synapse, FakeHomeserver):
            person = synapse.person(name)
        else:
            from .matrix_person import MatrixPerson  # which only these scenarios have
            person = MatrixPerson(synapse, name)
        self.started.append(person)
        await person.start(**options)
        return person

    def plain_build_or_skip(self):
        """The build without sanitizers: they keep what is freed, and have to be the first library."""
        if not self.plain_build or not os.path.isdir(self.plain_build):
            raise Skip("there is no build without sanitizers")
        return self.plain_build

    def gateway(self, **options):
        gateway = Gateway(options.pop("build", self.build), self.folder, **options)
        self.started.append(gateway)
        return gateway

    async def irc_client(self, ircd, nick, **options):
        client = IrcClient(ircd.port, nick, **options)
        self.started.append(client)
        await client.start()
        return client

    async def person(self, jid, port, password="secret", **options):
        tls = options.pop("tls", False)
        person = Person(jid, password, port, tls)
        self.started.append(person)
        await person.start(**options)
        return person

    async def irc_component(self, **keys):
        """Prosody, ngircd, the gateway as component with the IRC backend: (prosody, ircd, gateway)."""
        ircd = await self.ngircd()
        prosody = await self.prosody()
        gateway = self.gateway()
        gateway.component_of(prosody)
        gateway.irc(ircd)
        gateway.keys.update(keys)
        await gateway.start()
        await gateway.process.wait_log("connected to the server as ")
        return prosody, ircd, gateway

    async def irc_server(self, ircd=None, **keys):
        """The gateway as server with the IRC backend, on a ngircd if there is no other server: (ircd, gateway)."""
        ircd = ircd or await self.ngircd()
        gateway = self.gateway(jid="localhost")
        gateway.server()
        gateway.irc(ircd)
        gateway.keys.update(keys)
        await gateway.start()
        return ircd, gateway

    async def irc_appservice(self, ircd=None, synapse=None, **keys):
        """Synapse, a network, the gateway as application service with the IRC backend: (synapse, ircd, gateway)."""
        synapse = synapse or self.synapse_or_skip()
        ircd = ircd or await self.ngircd()
        gateway = self.gateway()
        gateway.irc(ircd)
        gateway.keys.update({"irc.line_interval": "0", **keys})
        await gateway.appservice_of(synapse)
        await asyncio.gather(synapse.start(), gateway.start())
        return synapse, ircd, gateway

    async def irc_slack(self, ircd=None, slack=None, **keys):
        """A test Slack, a network, the gateway as an app of the one with the IRC backend: (slack, ircd, gateway)."""
        slack = slack or await self.slack()
        ircd = ircd or await self.ngircd()
        gateway = self.gateway()
        gateway.irc(ircd)
        gateway.slack_of(slack)
        gateway.keys.update({"irc.line_interval": "0", **keys})
        await gateway.start()
        await slack.wait_connected()
        return slack, ircd, gateway

    async def stop(self):
        """Stops all; the first thing that went wrong is raised after the rest was stopped."""
        first = None
        for thing in reversed(self.started):
            try:
                await thing.stop()
            except Exception as problem:  # noqa: BLE001 - every one of them is reported
                first = first or problem
        if first:
            raise first

    def show(self):
        """Traffic of the people and the ends of the logs, for a failure."""
        shown = []
        seen = False
        for thing in self.started:
            if isinstance(thing, Person):
                if not seen:
                    shown.append(f"--- XMPP traffic\n{thing.traffic()[-20000:]}")
                seen = True
            elif isinstance(thing, IrcClient):
                shown.append(f"--- IRC traffic of {thing.nick}\n{thing.traffic()[-8000:]}")
            elif isinstance(thing, Slack):
                shown.append(thing.show())
            elif isinstance(thing, Network):
                shown.append(f"--- what the network was sent\n{thing.traffic()[-12000:]}")
            elif hasattr(thing, "traffic"):
                shown.append(f"--- Matrix traffic of {thing.id}\n{thing.traffic()[-12000:]}")
            elif getattr(thing, "process", None):
                shown.append(f"--- log of {thing.process.name}\n{thing.process.log()[-12000:]}")
        return "\n".join(shown)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self):
        target = os.environ.get("KEEP_FAILED")
        if target:
            shutil.copytree(self.folder, os.path.join(target, os.path.basename(self.folder)), dirs_exist_ok=True, symlinks=True,
                            ignore=lambda folder, names: [name for name in names
                                                          if is_socket(os.path.join(folder, name))])


def is_socket(path):
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return True
