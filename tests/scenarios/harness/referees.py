# SPDX-License-Identifier: MIT
"""
Programs with Slack's SDKs that check the test Slack (tests/slack/referees), one a language. Each reads jobs and answers
them, a line of JSON each; a job is a test Slack of its own and the checks that are to be made of it.
"""
import asyncio
import json
import os
import shutil
import signal
import subprocess

from .process import PATIENCE, Failure, Skip
from .slack import Slack

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALL = os.path.join(HERE, "..", "..", "..", "scripts", "install-slack-sdks")
REFEREES = os.path.realpath(os.path.join(HERE, "..", "..", "slack", "referees"))
LANGUAGES = ("python", "node", "go", "java")


def environment(language):
    """The folder that has the SDK of a language, or None."""
    found = subprocess.run([INSTALL, "--where", language], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, check=False)
    return found.stdout.decode().strip() if found.returncode == 0 else None


def environment_or_skip(language):
    where = environment(language)
    if not where:
        raise Skip(f"Slack's SDK for {language} is not installed (scripts/install-slack-sdks {language})")
    return where


def command(language):
    """argv and environment of a referee."""
    where = environment_or_skip(language)
    folder = os.path.join(REFEREES, language)
    if language == "python":
        return [os.path.join(where, "bin", "python3"), os.path.join(folder, "referee.py")], {}
    if language == "node":
        return ([os.path.join(where, "node_modules", "node", "bin", "node"), os.path.join(folder, "referee.js")],
                {"NODE_PATH": os.path.join(where, "node_modules"),
                 "SLACK_EVENT_SCHEMA": os.path.join(where, "events.schema.json")})
    if language == "go":
        return [os.path.join(where, "referee")], {}
    java = shutil.which("java")
    if not java:
        raise Skip("there is no java")
    return [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", os.path.join(where, "lib", "*"),
            os.path.join(folder, "Referee.java")], {}


def furnished(broken=()):
    """A test Slack as `python3 -m testslack` has it: what the checks count on."""
    slack = Slack(broken=broken, conform=False)
    slack.app.redirect_uris.append("http://127.0.0.1")
    egon = slack.person("egon", real_name="Egon Spengler", display_name="spengler")
    slack.person("dana", real_name="Dana Barrett")
    slack.person("peter", real_name="Peter Venkman", display_name="venkman")
    return slack, egon


async def start_furnished(broken=()):
    slack, egon = furnished(broken)
    await slack.start()
    egon.create("general", members=["dana", "peter", slack.bot.bot_user]).general = True
    egon.create("random", members=["dana"])
    # What arose before anybody listened is not what the checks are about.
    slack.hub.forget_all()
    return slack


class Referee:
    """One process, for as many jobs as there are. Ended with the scenario (World.started), with what it has started itself;
    its temporary files are in `folder`."""

    def __init__(self, language, folder):
        self.language = language
        self.argv, self.env = command(language)
        self.env["TMPDIR"] = folder
        self.child = None
        self.reader = None
        self.waiting = {}
        self.count = 0
        self.errors = b""

    async def start(self):
        self.child = await asyncio.create_subprocess_exec(
            *self.argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self.env}, start_new_session=True, limit=1 << 26)
        self.feed = []
        self.tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._errors())]
        return self

    async def _read(self):
        while line := await self.child.stdout.readline():
            try:
                answer = json.loads(line)
            except ValueError:
                self.errors += line
                continue
            self.waiting.pop(answer["id"]).set_result(answer)
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(Failure(f"the referee in {self.language} ended: {self.errors.decode()[-3000:]}"))

    async def _errors(self):
        while data := await self.child.stderr.read(65536):
            self.errors += data

    async def ask(self, timeout=120, **content):
        """One job; the answer."""
        self.count += 1
        identity = f"{self.language}-{self.count}"
        future = self.waiting[identity] = asyncio.get_running_loop().create_future()
        self.child.stdin.write(json.dumps({"id": identity, **content}).encode() + b"\n")
        await self.child.stdin.drain()
        try:
            return await asyncio.wait_for(future, timeout * PATIENCE)
        except asyncio.TimeoutError:
            raise Failure(f"the referee in {self.language} does not answer: {self.errors.decode()[-3000:]}") from None

    async def judge(self, checks, broken=()):
        """Checks of a fresh test Slack; {name: why} of those that failed."""
        slack = await start_furnished(broken)
        try:
            state = slack.state()
            return (await self.ask(state=state, checks=list(checks)))["failed"]
        finally:
            # What went wrong in a test Slack that has to go wrong is no failure of the scenario.
            failures, slack.failures = slack.failures, []
            await slack.stop()
            if failures and not broken:
                raise Failure("the test Slack failed itself:\n" + "\n".join(failures))

    async def stop(self):
        if self.child and self.child.returncode is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            await self.child.wait()
        for task in self.tasks:
            task.cancel()


def checks_of(language):
    """The names of the checks that a referee knows."""
    argv, env = command(language)
    listed = subprocess.run([*argv, "--list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                            env={**os.environ, **env})
    return listed.stdout.decode().split()
