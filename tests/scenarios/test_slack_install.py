# SPDX-License-Identifier: MIT
"""Slack's OAuth: the app is installed by a browser, its tokens are kept and rotate."""
import asyncio
import http.cookiejar
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness.gateway import contains
from harness.process import Skip, free_port, require, wait_until
from test_slack import Asker, irc_hears


class Browser:
    """Follows redirects, and keeps cookies."""

    def __init__(self):
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def fetch(self, url, form=None):
        content = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self.opener.open(url, content, timeout=20) as answer:
                return answer.status, answer.read().decode(), answer.geturl()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.geturl()

    async def go(self, url, form=None):
        """Status, content and address of where it ends. form: is sent."""
        return await asyncio.to_thread(self.fetch, url, form)


def page_of(world, slack, admin, **options):
    """A gateway without a token, and the address below which its install page is."""
    gateway = world.gateway(**options)
    gateway.slack_of(slack)
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    slack.app.redirect_uris = [f"{public}/slack/callback"]
    del gateway.keys["slack.bot_token"]
    gateway.keys.update({"irc.line_interval": "0", "slack.admin": f"{slack.team.id}/{admin.id}",
                         "slack.client_id": slack.app.client_id, "slack.client_secret": slack.app.client_secret,
                         "slack.public_url": public, "slack.port": str(port)})
    return gateway, public


async def scenario_install(world):
    """No token in the configuration: the app is installed by a browser, also for the next process; its token rotates."""
    slack = await world.slack()
    slack.app.rotation = True
    slack.consent = False
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    ircd = await world.ngircd()
    gateway, public = page_of(world, slack, egon)
    gateway.irc(ircd)
    await gateway.start()
    await slack.wait_connected()

    status, page, _ = await Browser().go(f"{public}/slack/install")
    require(status == 403 and "did not allow" in page, f"{status} {page}")
    slack.consent = True
    browser = Browser()
    status, page, came_to = await browser.go(f"{public}/slack/install")
    require(status == 200 and slack.team.name in page, f"{status} {page}")
    for other in (browser, Browser()):
        status, page, _ = await other.go(came_to)
        require(status == 400 and "used before" in page, f"{status} {page}")

    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    asker = Asker(slack, egon)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    carol.send("PRIVMSG #lobby :with the first")
    await slack.wait_for_text("general", "with the first", "carol")

    # What is said when the token has expired waits for the next one.
    first = slack.bot_token
    slack.tokens[first].expires = 1.0
    carol.send("PRIVMSG #lobby :with the second")
    await slack.wait_for_text("general", "with the second", "carol")
    require(slack.bot_token != first, "the token was not refreshed")

    # The next process has it, and can refresh it.
    await gateway.kill_core()
    await gateway.start()
    await slack.wait_connected()
    slack.tokens[slack.bot_token].expires = 1.0
    mark = carol.mark()
    egon.say("general", "still here")
    await irc_hears(carol, "bridge", "<Egon> still here", mark)
    carol.send("PRIVMSG #lobby :with the third")
    await slack.wait_for_text("general", "with the third", "carol")
    with open(gateway.process.log_path) as log:
        require("xoxe" not in log.read() and slack.app.client_secret not in log.read(), "a secret is in the log")


async def scenario_rotation_killed(world):
    """kill -9 wherever a token is refreshed: afterwards there is one that is good. Where Slack has taken the old refresh token
    and its answer is lost, that is the old one until it expires, and administrators are told to install the app again."""
    build = world.plain_build_or_skip()
    slack = await world.slack()
    slack.app.rotation = slack.consent = True
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    ircd = await world.ngircd()
    gateway, public = page_of(world, slack, egon, build=build)
    gateway.irc(ircd)
    if not contains(gateway.daemon, b"slack.token.asking"):
        raise Skip("that build has no crash points")
    await gateway.start()
    await slack.wait_connected()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    asker = Asker(slack, egon)

    async def install():
        kept = gateway.process.log().count("was refreshed, and is kept")
        status, page, _ = await Browser().go(f"{public}/slack/install")
        require(status == 200 and "Softball" in page, f"{status} {page}")
        await gateway.process.wait_log(f"{slack.team.id}: we are")
        await wait_until(lambda: gateway.process.log().count("was refreshed, and is kept") > kept, "the next token", 20)
    slack.token_seconds = 3600  # so little that it is refreshed as soon as it is there
    await install()
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")

    def told():
        return [text for text in asker.heard() if "cannot be refreshed" in text]
    number = 0
    for point in ("slack.token.asking", "slack.token.answered", "slack.token.stored"):
        await gateway.kill_core()
        refreshes = [call for call in slack.calls if call.arguments.get("grant_type") == "refresh_token"]
        mark = os.path.join(gateway.folder, "crash")
        with open(mark, "w"):
            pass
        os.environ["LIBTRANSPORT_CRASH_AT"] = f"{point}:1:{mark}"
        await gateway.start(wait=False)
        del os.environ["LIBTRANSPORT_CRASH_AT"]
        await wait_until(lambda: not os.path.exists(mark), f"a crash at {point}", 30)  # noqa: B023 - used at once
        await gateway.process.child.wait()
        asked = [call for call in slack.calls if call.arguments.get("grant_type") == "refresh_token"][len(refreshes):]
        require(len(asked) == (point != "slack.token.asking"), f"at {point} Slack was asked {len(asked)} times")
        before = len(told())
        await gateway.start()
        await slack.wait_connected()
        number += 1
        carol.send(f"PRIVMSG #lobby :number {number}")
        await slack.wait_for_text("general", f"number {number}", "carol")
        if point == "slack.token.answered":
            await wait_until(lambda: len(told()) > before, "a word to the administrator", 20)  # noqa: B023 - used at once
            await install()
        else:
            require(len(told()) == before, f"after {point}: {told()[before:]}")

    # Slack's answer to a refresh is lost on the way: the same, without a kill.
    await gateway.process.stop()
    before = len(told())
    slack.faults.plan("hangup_after", "oauth.v2.access")
    await gateway.start()
    await slack.wait_connected()
    await wait_until(lambda: len(told()) > before, "a word to the administrator", 20)
    carol.send("PRIVMSG #lobby :still with the old one")
    await slack.wait_for_text("general", "still with the old one", "carol")
    await install()
    carol.send("PRIVMSG #lobby :with another")
    await slack.wait_for_text("general", "with another", "carol")
    require(not slack.faults.planned, f"nothing was lost: {slack.faults.planned}")


async def scenario_lost_and_back(world):
    """A token is revoked while a message is on its way: when the app is installed again it is there once. Meanwhile the account
    that speaks for the workspace is not in the room."""
    slack = await world.slack()
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    ircd = await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    gateway.slack_of(slack)
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    slack.app.redirect_uris = [f"{public}/slack/callback"]
    slack.consent = True
    gateway.keys.update({"irc.line_interval": "0", "slack.admin": f"{slack.team.id}/{egon.id}",
                         "slack.client_id": slack.app.client_id, "slack.client_secret": slack.app.client_secret,
                         "slack.public_url": public, "slack.port": str(port)})
    await gateway.start()
    await slack.wait_connected()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    asker = Asker(slack, egon)
    mark = carol.mark()
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    slack.faults.hold_answers = asyncio.Event()
    carol.send("PRIVMSG #lobby :on its way")
    await slack.wait_for_text("general", "on its way", "carol")
    slack.revoke(slack.bot.tokens[-1])
    await gateway.process.wait_log("is lost to the gateway")
    slack.faults.hold_answers, held = None, slack.faults.hold_answers
    held.set()
    await carol.expect(r"^:bridge!\S+ (QUIT|PART)", mark)
    carol.send("PRIVMSG #lobby :meanwhile")
    mark = carol.mark()
    status, page, _ = await Browser().go(f"{public}/slack/install")
    require(status == 200 and slack.team.name in page, f"{status} {page}")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    await slack.wait_for_text("general", "on its way", "carol")
    carol.send("PRIVMSG #lobby :after")
    await slack.wait_for_text("general", "after", "carol")
    shown = [message["text"] for message in slack.posted("general") if message.get("username") == "carol"]
    require(shown == ["on its way", "after"], f"{shown}")


async def scenario_administration(world):
    """Workspaces are listed, stopped and removed by transportctl; the others go on."""
    slack = await world.slack()
    other = slack.add_workspace("Hockey")
    bots = (slack.bot, slack.install(slack.app, other))
    gateway = world.gateway()
    gateway.irc(await world.ngircd())
    gateway.slack_of(slack, *bots)
    await gateway.start()
    await slack.wait_connected()

    async def states():
        rows = json.loads(await gateway.control("--json", "workspaces"))["rows"]
        return {row["workspace"]: row["state"] for row in rows}
    require(await states() == {slack.team.id: "ready", other.id: "ready"}, f"{await states()}")
    await gateway.control("workspace_stop", slack.team.id)
    require(await states() == {slack.team.id: "ended", other.id: "ready"}, f"{await states()}")
    await gateway.control("workspace_stop", slack.team.id, expect=1)
    await gateway.control("workspace_remove", other.id)
    call = await slack.wait_for_call("auth.revoke")
    require(call.answer["ok"], f"{call.answer}")

    await gateway.process.wait_log("removed by an administrator")
    require((await states())[other.id] == "ended", f"{await states()}")


async def scenario_manifest(world):
    """transportctl prints the manifest without an instance."""
    done = subprocess.run([f"{world.build}/daemon/transportctl", "slack", "manifest", "gate"], capture_output=True, text=True,
                          timeout=20, check=True)
    manifest = json.loads(done.stdout)
    require(manifest["settings"]["socket_mode_enabled"] is True, done.stdout)
    require(manifest["features"]["bot_user"]["display_name"] == "gate", done.stdout)
