#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The example that `scripts/run slack` starts: a test Slack with a workspace and two people, a private IRC server with a channel,
somebody in it who answers, and the gateway as an app of the workspace. What is typed here is said in Slack by egon.
"""
import asyncio
import os
import shutil
import sys

from example import BUILD, CHANNEL, TOP, Example

sys.path.insert(0, os.path.join(TOP, "tests", "scenarios"))
from harness.slack import Slack, manifest  # noqa: E402

EXAMPLE = Example("slack")
STATE = EXAMPLE.state


def write_gateway_config(slack, admin, irc_port):
    return EXAMPLE.write_gateway_config(irc_port, """frontend = slack
jid = irc.localhost
""", f"""[slack]
api = {slack.api_url}
app_token = {slack.app_token}
bot_token = {slack.bot_token}
admin = {admin}
""")


EXPLANATION = f"""
The gateway runs: between a Slack of this machine and a private IRC server.

You are egon, in the channel #general. What you type is said there; a line that begins with
    /       is a slash command:        /bridge help
    @       is said to the bot alone:  @help

Try this:
1. @relay login slackers        an account on IRC that speaks for people of the workspace
2. /bridge link {CHANNEL}        ties #general to the channel of IRC
3. hello                        greeter, who sits on IRC, answers

Logs are in {STATE}. `{BUILD}/daemon/transportctl -c {STATE}/transport.cfg status` asks the gateway.
Ctrl-C stops everything."""


def act(slack, egon, dm, line):
    if line.startswith("/"):
        command, _, text = line.partition(" ")
        egon.slash(command, text, "general")
    elif line.startswith("@"):
        egon.say(dm, line[1:])
    else:
        egon.say("general", line)


async def show(slack, dm):
    """What the app says, as it comes."""
    shown = set()
    while True:
        for where, channel in (("#general", "general"), ("bot", dm)):
            for message in slack.posted(channel):
                if message["ts"] not in shown:
                    shown.add(message["ts"])
                    print(f"{where}  <{message.get('username', 'bridge')}> {message['text']}", flush=True)
        for number, (_, message) in enumerate(list(slack.team.user("egon").ephemerals)):
            if ("ephemeral", number) not in shown:
                shown.add(("ephemeral", number))
                print(f"only you  <bridge> {message['text']}", flush=True)
        await asyncio.sleep(0.2)


async def begin():
    slack = Slack(**manifest(BUILD))
    await slack.start()
    egon = slack.person("egon", display_name="egon")
    slack.person("dana")
    slack.channel("general", "egon", ["dana"])
    dm = egon.dm(slack.bot.bot_user)
    config = write_gateway_config(slack, f"{slack.team.id}/{egon.id}", await EXAMPLE.start_network())
    await EXAMPLE.start("transportd", os.path.join(BUILD, "daemon", "transportd"), config)
    await slack.wait_connected()
    print(EXPLANATION, flush=True)

    def typed():
        line = sys.stdin.readline()
        if not line:
            asyncio.get_running_loop().remove_reader(sys.stdin)
        elif line.strip():
            act(slack, egon, dm, line.strip())
    try:
        asyncio.get_running_loop().add_reader(sys.stdin, typed)
    except PermissionError:  # a file, or /dev/null: nobody types
        pass
    return [asyncio.create_task(show(slack, dm))]


if __name__ == "__main__":
    shutil.rmtree(STATE, ignore_errors=True)
    asyncio.run(EXAMPLE.run(begin))
