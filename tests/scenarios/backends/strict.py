#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A backend with the command line of the Python ones: exactly these options, status 2 for anything else."""
import argparse
import os
import signal
import sys
import time

import wire


class ConfigFirst(wire.Backend):
    """Says what it is as soon as it is connected, before it has read anything."""
    config_first = True


class IgnoresEof(wire.Backend):
    """pyspectrum2 does not end when its connection does; this one knows no EXIT and no SIGTERM either."""

    def on_frame(self, kind, payload):
        if kind != wire.EXIT:
            super().on_frame(kind, payload)

    def on_eof(self):
        while True:
            time.sleep(3600)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--service.backend_id", dest="backend_id", type=int, required=True)
    parser.add_argument("-j", dest="jid", required=True)
    parser.add_argument("config", type=argparse.FileType("r"))
    arguments = parser.parse_args()
    # The variant is chosen by the environment, so that the command line stays as it is.
    kind = os.environ.get("TEST_BACKEND", "plain")
    if kind == "config-first":
        ConfigFirst(arguments.host, arguments.port).run()
    elif kind == "ignores-eof":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        IgnoresEof(arguments.host, arguments.port).run()
    else:
        wire.Backend(arguments.host, arguments.port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
