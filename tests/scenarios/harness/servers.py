# SPDX-License-Identifier: MIT
"""The counterparts: ngircd, Prosody and ejabberd, configured in a temporary folder."""
import asyncio
import glob
import os
import signal

from .process import Process, Skip, find_program_or_skip, free_port, port_open, wait_until


class Ngircd:
    name = "irc.test"

    def __init__(self, folder, password=None, certificate=None, name=None):
        """certificate: the files of one and of its key; the port is for TLS then."""
        self.name = name or self.name
        self.port = free_port()
        self.folder = os.path.join(folder, f"ngircd-{self.port}")
        os.makedirs(self.folder)
        self.password = password
        self.certificate = certificate
        self.peers = []  # Peer: servers of the same network
        self.process = None

    async def start(self):
        config = os.path.join(self.folder, "ngircd.conf")
        ports, tls = f"Ports = {self.port}", ""
        if self.certificate:
            ports = f"Ports = {free_port()}"
            tls = f"[SSL]\nPorts = {self.port}\nCertFile = {self.certificate[0]}\nKeyFile = {self.certificate[1]}\n"
        with open(config, "w") as file:
            file.write(f"""[Global]
Name = {self.name}
Info = a server for tests
Listen = 127.0.0.1
{ports}
{f"Password = {self.password}" if self.password else ""}
ServerUID = {os.getuid()}
ServerGID = {os.getgid()}
MotdPhrase = welcome
[Limits]
MaxNickLength = 30
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 120
PongTimeout = 20
ConnectRetry = 5
[Options]
DNS = no
Ident = no
PAM = no
OperCanUseMode = no
{tls}[Channel]
Name = #lobby
Topic = the lobby
""" + "".join(f"""[Server]
Name = {peer.name}
MyPassword = between-servers
PeerPassword = between-servers
""" + (f"Host = 127.0.0.1\nPort = {peer.port}\n" if peer.port else "Passive = yes\n") for peer in self.peers))
        self.process = Process("ngircd", [find_program_or_skip("ngircd"), "-n", "-f", config], self.folder)
        await self.process.start()
        await wait_until(lambda: port_open(self.port), "ngircd to listen")

    async def stop(self, how=signal.SIGTERM):
        if self.process:
            await self.process.stop(how)


class Peer:
    """Another server of the network. port: where it is to be found, at it or at what stands in between; None: it comes by
    itself."""

    def __init__(self, name, port=None):
        self.name, self.port = name, port


class Prosody:
    """One host, `localhost`, and a component for the gateway. With `upload`, an address of this machine, also an upload
    service (XEP-0363), which has more lines of configuration in `upload_lines`."""

    host = "localhost"
    secret = "a component secret"

    def __init__(self, folder, gateway, upload=None, upload_lines=""):
        self.folder = os.path.join(folder, "prosody")
        self.upload = upload
        self.upload_lines = upload_lines
        self.http_port = free_port()
        os.makedirs(self.folder, exist_ok=True)
        self.gateway = gateway
        self.c2s_port = free_port()
        self.component_port = free_port()
        self.config = os.path.join(self.folder, "prosody.cfg.lua")
        self.process = None

    def write_config(self):
        with open(self.config, "w") as file:
            file.write(f"""run_as_root = true
daemonize = false
pidfile = "{self.folder}/prosody.pid"
data_path = "{self.folder}/data"
modules_enabled = {{ "roster", "saslauth", "tls", "dialback", "disco", "ping", "carbons", "private", "vcard_legacy", "pep", "offline" }}
modules_disabled = {{ "s2s" }}
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
authentication = "internal_plain"
storage = "internal"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.c2s_port} }}
http_interfaces = {{ "{self.upload or "127.0.0.1"}" }}
http_ports = {{ {self.http_port} }}
https_ports = {{ }}
component_interfaces = {{ "127.0.0.1" }}
component_ports = {{ {self.component_port} }}
log = {{ {{ levels = {{ min = "debug" }}, to = "console" }} }}
VirtualHost "{self.host}"
Component "{self.gateway}"
  component_secret = "{self.secret}"
""")
            if self.upload:
                file.write(f"""Component "upload.{self.host}" "http_file_share"
  http_host = "{self.upload}"
  http_external_url = "http://{self.upload}:{self.http_port}/"
  {self.upload_lines}
""")

    async def register(self, name, password):
        control = await asyncio.create_subprocess_exec(
            find_program_or_skip("prosodyctl"), "--config", self.config, "register", name, self.host, password,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT)
        output, _ = await control.communicate()
        if control.returncode != 0:
            raise Skip(f"prosodyctl register failed: {output.decode(errors='replace')}")

    async def start(self, people=()):
        os.makedirs(os.path.join(self.folder, "data"), exist_ok=True)
        self.write_config()
        for name, password in people:
            await self.register(name, password)
        self.process = Process("prosody", [find_program_or_skip("prosody"), "-F", "--config", self.config], self.folder)
        await self.process.start()
        await wait_until(lambda: port_open(self.c2s_port) and port_open(self.component_port),
                         "Prosody to listen")

    async def stop(self, how=signal.SIGTERM):
        if self.process:
            await self.process.stop(how)


class Ejabberd:
    """The same with mod_http_upload, `access` are those who may upload. Anybody may log in, with any password."""

    host = "localhost"
    secret = "a component secret"

    def __init__(self, folder, gateway, access):
        self.folder = os.path.join(folder, "ejabberd")
        os.makedirs(os.path.join(self.folder, "spool"))
        self.gateway = gateway
        self.access = access
        self.c2s_port, self.component_port, self.http_port = free_port(), free_port(), free_port()
        self.process = None

    async def start(self):
        code = glob.glob("/usr/lib/*/ejabberd-*/ebin")
        if not code:
            raise Skip("ejabberd is not installed")
        config = os.path.join(self.folder, "ejabberd.yml")
        with open(config, "w") as file:
            file.write(f"""hosts: [{self.host}]
loglevel: info
auth_method: anonymous
anonymous_protocol: login_anon
listen:
  - {{port: {self.c2s_port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls_required: false}}
  - {{port: {self.component_port}, ip: "127.0.0.1", module: ejabberd_service, access: all,
      hosts: {{"{self.gateway}": {{password: "{self.secret}"}}}}}}
  - {{port: {self.http_port}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {{"/upload": mod_http_upload}}}}
acl:
  local: {{user_regexp: ""}}
  gateway: {{server: "{self.gateway}"}}
access_rules:
  uploaders: [{", ".join(f"{{allow: {who}}}" for who in self.access)}]
modules:
  mod_disco: {{}}
  mod_roster: {{}}
  mod_http_upload:
    access: uploaders
    host: "upload.{self.host}"
    put_url: "http://127.0.0.1:{self.http_port}/upload"
    docroot: "{self.folder}/files"
""")
        self.process = Process("ejabberd", [
            find_program_or_skip("erl"), "-noinput", "-pa", code[0], "-mnesia", "dir", f'"{self.folder}/spool"',
            "-ejabberd", "config", f'"{config}"', "log_path", f'"{self.folder}/ejabberd.log"', "-s", "ejabberd"], self.folder)
        await self.process.start()
        await wait_until(lambda: port_open(self.c2s_port) and port_open(self.component_port) and port_open(self.http_port),
                         "ejabberd to listen", 30)

    async def stop(self, how=signal.SIGTERM):
        if self.process:
            await self.process.stop(how)
