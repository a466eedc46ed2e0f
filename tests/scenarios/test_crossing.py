# SPDX-License-Identifier: MIT
"""A room on Slack and on Matrix: what crosses from one to the other when everything dies, and comes back one after the other."""
import asyncio
import contextlib
import os
import signal

from harness.process import require
from test_matrix import enter, with_account
from test_slack import Asker

PEOPLE = 3  # on Matrix: they are brought back one by one, and with them whoever is shown the room on Slack


def kill_all(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def scenario_nobody_is_back_yet(world):
    """Killed with all backends, which may have died before: what is said on Matrix before the account that listens for Slack
    is there again waits for it."""
    slack = await world.slack()
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    homeserver, ircd = world.fake_homeserver(), await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    await gateway.appservice_of(homeserver)
    gateway.slack_of(slack)
    gateway.keys.update({"irc.line_interval": "0", "settings.stay_connected": "1",
                         "slack.admin": f"{slack.team.id}/{egon.id}"})
    await asyncio.gather(homeserver.start(), gateway.start())
    await slack.wait_connected()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    people = []
    for number in range(PEOPLE):
        person, _ = await with_account(world, homeserver, f"alice{number}")
        portal = await enter(person, carol)
        people.append(person)
    asker = Asker(slack, egon)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$")
    await people[0].say(portal, "before")
    await slack.wait_for_text("general", "before", "alice0")
    for turn in range(3):
        if turn == 2:
            kill_all(gateway.backends())
            await gateway.process.wait_log("connection lost")
        kill_all(await gateway.kill_core())
        # The homeserver has it, and brings it as soon as somebody listens.
        said = [f"{turn} from {person.name}" for person in people]
        for person, text in zip(people, said):
            await person.say(portal, text)
        await gateway.start()
        await homeserver.idle()
        if turn == 1:
            await gateway.kill_core()
            await gateway.start()
        for person, text in zip(people, said):
            await slack.wait_for_text("general", text, person.name)
    shown = [message["text"] for message in slack.posted("general") if message.get("username", "").startswith("alice")]
    require(shown == ["before"] + [f"{turn} from {person.name}" for turn in range(3) for person in people], f"{shown}")
    # And back.
    egon.say("general", "the end")
    await people[0].message(portal, "^the end$")
