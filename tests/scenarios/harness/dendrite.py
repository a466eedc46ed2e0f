# SPDX-License-Identifier: MIT
"""Dendrite, another Matrix homeserver, configured in a temporary folder: `scripts/install-dendrite` has built it."""
import base64
import json
import os
import subprocess

from .process import Skip
from .synapse import Synapse

INSTALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "scripts", "install-dendrite")


def program():
    """Its path, or None."""
    found = subprocess.run([INSTALL, "--where"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    return found.stdout.decode().strip() if found.returncode == 0 else None


class Dendrite(Synapse):
    """With the same calls: it speaks the same client API, and Synapse's own way to register by a secret."""

    def __init__(self, folder):
        super().__init__(folder)
        self.program = program()
        if not self.program:
            raise Skip("Dendrite is not installed (scripts/install-dendrite)")

    def write_config(self):
        key = os.path.join(self.folder, "matrix_key.pem")
        if not os.path.exists(key):
            with open(key, "w") as file:
                file.write("-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: ed25519:test\n\n"
                           f"{base64.b64encode(os.urandom(32)).decode()}\n-----END MATRIX PRIVATE KEY-----\n")

        def database(name):
            return {"connection_string": f"file:{os.path.join(self.folder, name)}.db"}
        config = {
            "version": 2,
            "global": {
                "server_name": self.name, "private_key": key, "disable_federation": True,
                "jetstream": {"storage_path": os.path.join(self.folder, "jetstream")},
                "presence": {"enable_inbound": False, "enable_outbound": False},
            },
            "app_service_api": {"config_files": self.registrations},
            "client_api": {"registration_disabled": True, "registration_shared_secret": self.secret,
                           "rate_limiting": {"enabled": False}},
            "media_api": {"base_path": os.path.join(self.folder, "media"), "database": database("media")},
            "user_api": {"account_database": database("accounts"), "bcrypt_cost": 4},
            **{name: {"database": database(name)} for name in ("federation_api", "key_server", "mscs", "room_server", "sync_api",
                                                               "relay_api")},
            "logging": [{"type": "std", "level": "info"}],
        }
        with open(self.config, "w") as file:
            json.dump(config, file, indent=1)

    def command(self):
        return [self.program, "--config", self.config, "--http-bind-address", f"127.0.0.1:{self.port}"]
