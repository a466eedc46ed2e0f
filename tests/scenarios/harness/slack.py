# SPDX-License-Identifier: MIT
"""
The test Slack (tests/slack/testslack) with one app and one workspace, inside the scenario's process.

    slack = Slack()                       # or world.slack(): ended with the scenario
    await slack.start()
    slack.api_url, slack.app_token, slack.bot_token       what a frontend is configured with
    egon = slack.person("egon", display_name="spengler")
    general = slack.channel("general", "egon")            # the bot is in it, too; bot=False: it is not
    ts = egon.say("general", "hi")                         # edit, delete, react, upload, slash ...: testslack/people.py
    message = await slack.wait_for_message("general", lambda m: m["text"] == "hello")
    slack.hub, slack.faults, slack.limits                 # sockets, faults of the Web API, 429s: their files say what
"""
import functools
import json
import os
import subprocess
import sys

from . import slack_reference, valgrind
from .process import Failure, wait_until

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "slack"))

from testslack import BOT_SCOPES, EVENTS, TestSlack  # noqa: E402 - where it is has just been said
from testslack.control import state  # noqa: E402
from testslack.shapes import message_json  # noqa: E402


@functools.cache
def manifest(build):
    """Scopes and events of an app that is made as people make it: from what transportctl prints."""
    printed = subprocess.run([f"{build}/daemon/transportctl", "slack", "manifest"], capture_output=True, check=True, timeout=20)
    content = json.loads(printed.stdout)
    return {"scopes": tuple(content["oauth_config"]["scopes"]["bot"]),
            "events": tuple(content["settings"]["event_subscriptions"]["bot_events"])}


class Slack(TestSlack):
    def __init__(self, team="Softball", app="bridge", scopes=BOT_SCOPES, events=EVENTS, broken=(), seed=1, rotation=False,
                 conform=True):
        """scopes, events: what the app may and hears; world.slack() takes manifest().
        conform: whether each call has to be as its method is documented, where the reference data is there."""
        super().__init__(broken, seed)
        self.conform = conform
        self.app = self.add_app(app, scopes, events)
        self.app.rotation = rotation
        self.team = self.add_workspace(team)
        self.bot = self.install(self.app, self.team)
        # A retry that a scenario waits for is not minutes away.
        self.hub.retry_delays = (0.0, 1.0, 2.0)

    async def start(self, port=0, tls=None):
        await super().start(port, tls)

    async def stop(self):
        await super().stop()
        if self.failures:
            raise Failure("the test Slack failed itself:\n" + "\n".join(self.failures))
        if self.conform:
            self._check_sockets()
        if self.conform and slack_reference.there():
            reference = slack_reference.Reference()
            # What a fault of the test kept from being read has no arguments.
            faults = {fault for call in self.calls if call.answer is not None
                      for fault in reference.request_faults(call) + reference.error_faults(call)}
            if faults:
                raise Failure("calls are not as they are documented:\n" + "\n".join(sorted(faults)))

    def _check_sockets(self):
        for hub in self.hubs.values():
            late = [f"{one.kind} {one.payload.get('event', one.payload)}"[:300] for one in hub.late]
            # Under memcheck three seconds would be about memcheck.
            if late and not valgrind.is_on():
                raise Failure("not acknowledged at the first attempt within three seconds:\n" + "\n".join(late))
            if hub.dropped:
                raise Failure(f"acknowledgements that Slack would not see: {hub.dropped}")
        if self.complaints:
            raise Failure("Slack would not like:\n" + "\n".join(self.complaints))

    def show(self):
        """For a scenario that failed: calls, deliveries, complaints."""
        lines = [f"--- test Slack {self.url}"]
        lines += [f"{call.name} {call.arguments} -> {call.status} {call.answer}"[:400] for call in self.calls[-80:]]
        lines += [f"{one.kind} {one.payload.get('event', one.payload)} attempts {len(one.attempts)} acked {one.acked}"[:400]
                  for one in self.hub.deliveries[-80:]]
        return "\n".join(lines + self.complaints + self.failures)

    def state(self):
        """Ids, tokens and names, as POST /control/state answers them."""
        return state(self, self.team)

    @property
    def hub(self):
        return self.hubs[self.app.id]

    @property
    def app_token(self):
        return self.app.app_token

    @property
    def bot_token(self):
        return self.bot.tokens[-1].value

    # people and channels ---------------------------------------------------------------------------------------------

    def person(self, name, team=None, **about):
        """Somebody with a client of Slack's; made if they are not there."""
        team = team or self.team
        if name in team.names:
            return self.person_of(team, name)
        return self.add_person(team, name, **about)

    def channel(self, name, creator, members=(), private=False, bot=True, team=None):
        """A new channel. creator, members: names. bot: whether the app's bot is in it."""
        team = team or self.team
        others = list(members) + ([team.installs[self.app.id].bot_user] if bot else [])
        return self.person(creator, team).create(name, private, others)

    # what a frontend did ---------------------------------------------------------------------------------------------

    def messages(self, channel, team=None):
        """The messages of a conversation as they stand, replies too, oldest first."""
        channel = (team or self.team).channel(channel)
        return [message_json(self, channel, message) for message in channel.in_order()]

    def posted(self, channel, team=None):
        """Those that the app posted."""
        return [message for message in self.messages(channel, team) if message.get("app_id") == self.app.id]

    async def wait_for_message(self, channel, good=lambda message: True, what=None, team=None, timeout=20.0):
        """The first message of the app in a channel that is good(message)."""
        def found():
            return next((message for message in self.posted(channel, team) if good(message)), None)
        try:
            return await wait_until(found, what or f"a message in {channel}", timeout)
        except Failure as failure:
            raise Failure(f"{failure}: there are {self.messages(channel, team)}") from None

    async def wait_for_text(self, channel, text, username=None, team=None, timeout=20.0):
        return await self.wait_for_message(
            channel, lambda m: m["text"] == text and username in (None, m.get("username")),
            f"{text!r} by {username or 'anybody'} in {channel}", team, timeout)

    async def wait_for_call(self, method, good=lambda call: True, timeout=20.0, after=0):
        """The first call of a method, behind the first `after` calls of all, that is good(call); it has been answered."""
        return await wait_until(lambda: next((call for call in self.calls[after:] if call.name == method
                                              and call.answer is not None and good(call)), None),
                                f"a call of {method}", timeout)

    async def wait_connected(self, number=1, timeout=20.0):
        await wait_until(lambda: len(self.hub.live()) >= number, f"{number} sockets", timeout)

    async def wait_acknowledged(self, timeout=20.0):
        """Until nothing that was sent is without its acknowledgement."""
        await wait_until(lambda: not self.hub.unacknowledged() and not self.hub.held, "acknowledgements", timeout)
