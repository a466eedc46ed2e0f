# SPDX-License-Identifier: MIT
"""
A test Slack by itself:  python3 -m testslack [--port N] [--broken RULE] [--users N] [--channels N]
It has a workspace "Softball" with an app "bridge", people egon, dana and peter and the channels general and random, says
where it is and its tokens as one line of JSON, and serves until it is ended. POST /control/... makes people do things.
"""
import argparse
import asyncio
import json
import signal

from .control import state
from .server import TestSlack


async def main():
    parser = argparse.ArgumentParser(prog="testslack")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--broken", action="append", default=[], metavar="RULE")
    parser.add_argument("--users", type=int, default=0, help="this many people more")
    parser.add_argument("--channels", type=int, default=0, help="this many channels more")
    parser.add_argument("--ack-seconds", type=float, default=3.0)
    parser.add_argument("--ping-seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    slack = TestSlack(arguments.broken)
    await slack.start(arguments.port)
    app = slack.add_app()
    app.redirect_uris.append("http://127.0.0.1")
    hub = slack.hub_of(app)
    hub.ack_seconds, hub.ping_seconds = arguments.ack_seconds, arguments.ping_seconds
    team = slack.add_workspace("Softball")
    egon = slack.add_person(team, "egon", real_name="Egon Spengler", display_name="spengler")
    slack.add_person(team, "dana", real_name="Dana Barrett")
    slack.add_person(team, "peter", real_name="Peter Venkman", display_name="venkman")
    install = slack.install(app, team, egon.user)
    egon.create("general", members=["dana", "peter", install.bot_user]).general = True
    egon.create("random", members=["dana"])
    if arguments.users:
        slack.add_people(team, arguments.users)
    if arguments.channels:
        slack.add_channels(team, arguments.channels, egon.id)
    print(json.dumps(state(slack, team) if arguments.users < 100 else {"api_url": slack.api_url}), flush=True)
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await end.wait()
    await slack.stop()


asyncio.run(main())
