# SPDX-License-Identifier: MIT
"""Slack's OAuth: the app is installed by a browser, its tokens are kept and rotate."""
import asyncio
import http.cookiejar
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness.process import free_port, require
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


async def scenario_install(world):
    """No token in the configuration: the app is installed by a browser, also for the next process; its token rotates."""
    slack = await world.slack()
    slack.app.rotation = True
    slack.consent = False
    egon = slack.person("egon", display_name="Egon")
    slack.channel("general", "egon")
    ircd = await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    gateway.slack_of(slack)
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    slack.app.redirect_uris = [f"{public}/slack/callback"]
    del gateway.keys["slack.bot_token"]
    gateway.keys.update({"irc.line_interval": "0", "slack.admin": f"{slack.team.id}/{egon.id}",
                         "slack.client_id": slack.app.client_id, "slack.client_secret": slack.app.client_secret,
                         "slack.public_url": public, "slack.port": str(port)})
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
