# SPDX-License-Identifier: MIT
"""Synapse, the Matrix homeserver, configured in a temporary folder: `scripts/install-synapse` has put it into the cache."""
import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.parse import quote

from .process import Failure, Process, Skip, free_port, port_open, wait_until

INSTALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "scripts", "install-synapse")
START_SECONDS = 90  # of a machine that does much else; a few otherwise
PLENTY = {"per_second": 100000, "burst_count": 100000}
NO_LIMITS = {
    "rc_message": PLENTY, "rc_registration": PLENTY, "rc_presence": {"per_user": PLENTY}, "rc_admin_redaction": PLENTY,
    "rc_login": {"address": PLENTY, "account": PLENTY, "failed_attempts": PLENTY},
    "rc_joins": {"local": PLENTY, "remote": PLENTY}, "rc_joins_per_room": PLENTY, "rc_room_creation": PLENTY,
    "rc_invites": {"per_room": PLENTY, "per_user": PLENTY, "per_issuer": PLENTY}, "rc_media_create": PLENTY,
    "rc_user_directory": PLENTY,
}


def environment():
    """The folder of the virtual environment that has Synapse and matrix-nio, or None."""
    found = subprocess.run([INSTALL, "--where"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    return found.stdout.decode().strip() if found.returncode == 0 else None


def client_packages():
    """Where matrix-nio is to be imported from, or None. It has to be in front of the path before anything else is imported:
    some packages are there and in Debian's folder, in versions that do not go together."""
    found = environment()
    return found and os.path.join(found, "lib", f"python3.{sys.version_info[1]}", "site-packages")


class Answer(Failure):
    """The homeserver refuses a call."""

    def __init__(self, status, content, what):
        super().__init__(f"{what} is answered {status}: {content}")
        self.status = status
        self.errcode = content.get("errcode") if isinstance(content, dict) else None


class Synapse:
    """One homeserver, `localhost`, that knows no other."""

    name = "localhost"
    secret = "a registration secret"

    def __init__(self, folder, registrations=(), room_version=None, limits=False, port=None):
        """registrations: files of application services, read at each start. room_version: of rooms for which nobody asks
        for another ("10"); None: Synapse's own choice. limits: with the rate limits that Synapse has by default."""
        self.environment = environment()
        if not self.environment:
            raise Skip("Synapse is not installed (scripts/install-synapse)")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = os.path.join(folder, f"synapse-{self.port}")
        os.makedirs(self.folder)
        self.config = os.path.join(self.folder, "homeserver.yaml")
        self.registrations = list(registrations)
        self.room_version = room_version
        self.limits = limits
        self.more = {}  # of homeserver.yaml
        self.process = None

    def write_config(self):
        log_config = os.path.join(self.folder, "log.yaml")
        with open(log_config, "w") as file:
            json.dump({
                "version": 1,
                "formatters": {"line": {"format": "%(asctime)s %(name)s %(levelname)s %(request)s %(message)s"}},
                "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
                "root": {"level": "INFO", "handlers": ["console"]},
                "loggers": {name: {"level": "WARNING"} for name in ("synapse.storage", "synapse.util", "synapse.push")},
                "disable_existing_loggers": False,
            }, file)
        signing_key = os.path.join(self.folder, "signing.key")
        if not os.path.exists(signing_key):
            with open(signing_key, "w") as file:
                file.write(f"ed25519 a_test {base64.b64encode(os.urandom(32)).decode().rstrip('=')}\n")
        config = {
            "server_name": self.name,
            "public_baseurl": self.url,
            "pid_file": os.path.join(self.folder, "synapse.pid"),
            "listeners": [{"port": self.port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False,
                           "resources": [{"names": ["client"], "compress": False}]}],
            "database": {"name": "sqlite3", "args": {"database": os.path.join(self.folder, "homeserver.db")}},
            "media_store_path": os.path.join(self.folder, "media"),
            "signing_key_path": signing_key,
            "log_config": log_config,
            "registration_shared_secret": self.secret,
            "macaroon_secret_key": "a macaroon secret", "form_secret": "a form secret",
            "bcrypt_rounds": 4,
            "app_service_config_files": self.registrations,
            "federation_domain_whitelist": [], "trusted_key_servers": [], "suppress_key_server_warning": True,
            "report_stats": False,
            # A person's client is told everything that was said, not the last hundred.
            "filter_timeline_limit": -1,
            "room_list_publication_rules": [{"action": "allow"}],
            "user_directory": {"enabled": False}, "stats": {"enabled": False}, "push": {"enabled": False},
            "presence": {"enabled": True},
        }
        if self.room_version:
            config["default_room_version"] = self.room_version
        if not self.limits:
            config.update(NO_LIMITS)
        config.update(self.more)
        with open(self.config, "w") as file:
            json.dump(config, file, indent=1)  # which is YAML, too

    def command(self):
        return [os.path.join(self.environment, "bin", "python3"), "-m", "synapse.app.homeserver",
                "--config-path", self.config]

    async def start(self):
        self.write_config()
        self.process = Process("synapse", self.command(), self.folder)
        await self.process.start()
        await self.wait_until_there()

    async def wait_until_there(self):
        def listens():
            if not self.process.running():
                raise Failure(f"Synapse ended with {self.process.child.returncode}: {self.process.log()[-2000:]}")
            return port_open(self.port)
        await wait_until(listens, "Synapse to listen", START_SECONDS)
        await self.call("GET", "/_matrix/client/versions")

    async def stop(self, how=signal.SIGTERM):
        if self.process:
            await self.process.stop(how, timeout=30)

    async def restart(self, how=signal.SIGTERM):
        await self.stop(how)
        await self.start()

    # calls of the client-server API, for what a client library does not offer -----------------------------------------

    async def call(self, method, path, content=None, token=None):
        """The answer's JSON; an Answer is raised if it is no 2xx. `path` begins behind the host."""
        return await asyncio.to_thread(request, f"{self.url}{path}", method, content, token)

    async def register(self, name, password="a secret", admin=False):
        """A new person by the registration secret: the answer has "user_id" and "access_token"."""
        path = "/_synapse/admin/v1/register"
        nonce = (await self.call("GET", path))["nonce"]
        words = (nonce, name, password, "admin" if admin else "notadmin")
        mac = hmac.new(self.secret.encode(), "\0".join(words).encode(), hashlib.sha1).hexdigest()
        return await self.call("POST", path, {"nonce": nonce, "username": name, "password": password, "admin": admin,
                                              "mac": mac})

    async def room_of_alias(self, alias, token):
        return (await self.call("GET", f"/_matrix/client/v3/directory/room/{quote(alias, safe='')}", token=token))["room_id"]


def request(url, method, content=None, token=None):
    """One HTTP request with JSON both ways; blocks."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(content if content is not None else {}).encode() if method in ("POST", "PUT") else None
    call = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(call, timeout=60) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        text = refusal.read().decode(errors="replace")
        try:
            raise Answer(refusal.code, json.loads(text), f"{method} {url}") from None
        except ValueError:
            raise Answer(refusal.code, text, f"{method} {url}") from None


def registration_value(path, key):
    """A scalar of a registration file, as it stands on a line of its own."""
    with open(path) as file:
        for line in file:
            name, colon, value = line.partition(":")
            if colon and name.strip() == key:
                return value.strip().strip("'\"")
    raise Failure(f"{path} has no {key}")
