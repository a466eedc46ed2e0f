# SPDX-License-Identifier: MIT
"""Slack's OAuth: the app is installed by a browser, its tokens are kept and rotate."""
import asyncio
import glob
import http.cookiejar
import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness import slack_reference
from harness.gateway import contains
from harness.process import Skip, free_port, require, wait_answer, wait_until
from harness.slack import manifest
from test_slack import Asker, irc_hears, said_on_irc, tied


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


async def at_work(world, *names):
    """With a token in the configuration, and a channel; carol is where it will be tied to: (slack, gateway, address, carol, people)"""
    slack = await world.slack()
    slack.consent = True
    people = [slack.person(name, display_name=name.title()) for name in names]
    slack.channel("general", names[0])
    ircd = await world.ngircd()
    gateway, public = page_of(world, slack, people[0])
    gateway.irc(ircd)
    gateway.keys["slack.bot_token"] = slack.bot_token
    await gateway.start()
    await slack.wait_connected()
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    return slack, gateway, public, carol, people


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

    require(await gateway.control("get_oauth2_url") == f"{public}/slack/install", "the page is not named")
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
    # What is said goes behind the room's topic, whose answer is not to be held as well.
    await slack.wait_for_call("conversations.setTopic")
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


async def scenario_said_while_it_is_installed(world):
    """What is said between Slack's consent and our knowing who we are there is taken then, once; and what was said while the
    workspace was lost is read back."""
    slack, gateway, public, carol, (egon, dana, louis) = await at_work(world, "egon", "dana", "louis")
    asker, early, late = Asker(slack, egon), Asker(slack, dana), Asker(slack, louis)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    egon.say("general", "before")
    await irc_hears(carol, "bridge", "<Egon> before")
    mark = carol.mark()
    slack.revoke(slack.bot.tokens[-1])
    await gateway.process.wait_log("is lost to the gateway")
    egon.slash("/bridge", "list", "general")
    await wait_until(lambda: any("not at work in this workspace" in shown["text"] for _, shown in egon.user.ephemerals),
                     "an answer to the command", 20)
    egon.say("general", "while it was lost")
    await slack.wait_acknowledged()

    def calls(method):
        return len([call for call in slack.calls if call.name == method])
    slack.hub.ack_seconds, slack.hub.retry_delays = 1.0, (0.0,) * 5
    slack.faults.plan("late", "oauth.v2.access", seconds=1.5)
    slack.faults.plan("delay", "auth.test", seconds=1.5)
    asked = calls("auth.test")
    browser = asyncio.create_task(Browser().go(f"{public}/slack/install"))
    await wait_until(lambda: calls("oauth.v2.access"), "the question for a token", 20)
    # Nobody has a token yet; early is one whose DM nobody has met.
    egon.say("general", "while the token was on its way")
    dana.say(early.dm, "list")
    egon.slash("/bridge", "list", "general")
    require(calls("auth.test") == asked, "it was too late")
    await wait_until(lambda: any("say that again in a moment" in shown["text"] for _, shown in egon.user.ephemerals),
                     "an answer to the command", 20)
    await wait_until(lambda: calls("auth.test") > asked, "the question who we are", 20)
    egon.say("general", "while we asked who we are")
    louis.say(late.dm, "list")
    answers = len(egon.user.ephemerals)
    egon.slash("/bridge", "list", "general")
    require(slack.calls[-1].name == "auth.test" and slack.calls[-1].answer is None, "it was too late")
    status, page, _ = await browser
    require(status == 200 and slack.team.name in page, f"{status} {page}")

    for one in (early, late):
        await wait_until(lambda: any("#lobby" in text for text in one.heard()), "an answer", 20)  # noqa: B023 - used at once
    await wait_until(lambda: any("#lobby" in message["text"] for _, message in egon.user.ephemerals[answers:]), "an answer", 20)
    egon.say("general", "after")
    await irc_hears(carol, "bridge", "<Egon> after", mark)
    await slack.wait_acknowledged()
    said = said_on_irc(carol, mark)
    require(sorted(said) == sorted(f"<Egon> {text}" for text in ("while it was lost", "while the token was on its way",
                                                               "while we asked who we are", "after")), f"{said}")
    require(len(early.heard()) == 1 and len(late.heard()) == 1, f"{early.heard()} {late.heard()}")
    require(not slack.faults.planned, f"nothing was late: {slack.faults.planned}")


async def scenario_lost_while_it_is_read_back(world):
    """With threads that are still to be read: what was said until the app is installed again is read back all the same."""
    slack, gateway, public, carol, (egon,) = await at_work(world, "egon")
    asker = Asker(slack, egon)
    await asker.ask("relay login bridge", "registered")
    await asker.command("general", "link #lobby", "tied to #lobby now")
    for number in range(3):
        egon.say("general", f"leaf {number}", thread=egon.say("general", f"root {number}"))
    await irc_hears(carol, "bridge", "<Egon> .*leaf 2")
    await slack.wait_acknowledged()
    slack.faults.plan("delay", "conversations.replies", seconds=60)
    for socket in slack.hub.live():
        socket.cut()
    await slack.wait_connected()
    await wait_until(lambda: not slack.faults.planned, "a thread to be read", 20)
    slack.revoke(slack.bot.tokens[-1])
    await gateway.process.wait_log("is lost to the gateway")
    mark = carol.mark()
    egon.say("general", "while it was lost")
    await slack.wait_acknowledged()
    status, page, _ = await Browser().go(f"{public}/slack/install")
    require(status == 200 and slack.team.name in page, f"{status} {page}")
    await irc_hears(carol, "bridge", "<Egon> while it was lost", mark)
    egon.say("general", "after")
    await irc_hears(carol, "bridge", "<Egon> after", mark)


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


async def scenario_channels_from_the_terminal(world):
    """Spectrum 2's commands about channels: listed, untied, tied again; and the page that installs the app."""
    lobby = await tied(world)
    slack, carol, gateway = lobby.slack, lobby.carol, lobby.gateway
    egon, other = f"{slack.team.id}/{lobby.egon.id}", slack.channel("other", "egon", bot=False)
    private = slack.channel("private", "egon", private=True, bot=False)

    async def rooms():
        rows = json.loads(await gateway.control("--json", "list_rooms", egon))["rows"]
        return {row["channel"]: row["room"] for row in rows}
    general = slack.team.channel("general").id
    require(await rooms() == {general: "#lobby"}, f"{await rooms()}")
    require("#lobby" in await gateway.control("list_rooms", slack.team.id), "the workspace alone is not taken")
    await gateway.control("leave_room", egon, general)
    require(await rooms() == {}, f"{await rooms()}")
    await gateway.control("leave_room", egon, general, expect=1)
    mark = carol.mark()
    await gateway.control("join_room", egon, "egon", "#lobby", "-", other.id)
    await wait_answer(rooms, lambda found: found == {other.id: "#lobby"}, "the other channel to be tied")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    carol.send("PRIVMSG #lobby :said to the other")
    await slack.wait_for_text("other", "said to the other", "carol")
    require(not [m for m in slack.posted("general") if m["text"] == "said to the other"], "general is still tied")
    await gateway.control("join_room", egon, "egon", "#lobby", "-", other.id, expect=1)
    # Where the app may not come in by itself the log says so.
    await gateway.control("join_room", egon, "egon", "#lobby", "-", private.id)
    await gateway.process.wait_log(f"channel {private.id} is not tied to")
    require("slack.client_id" in await gateway.control("get_oauth2_url", expect=1), "there is a page, or no word about it")
    for words in (["set_oauth2_code", "1", "2"], ["list_rooms", "T0NOBODY"], ["list_rooms"]):
        require((await gateway.control(*words, expect=1)).startswith("Error: "), f"{words} is no error")


async def scenario_manifest(world):
    """transportctl prints the manifest without an instance."""
    done = subprocess.run([f"{world.build}/daemon/transportctl", "slack", "manifest", "gate"], capture_output=True, text=True,
                          timeout=20, check=True)
    content = json.loads(done.stdout)
    require(content["settings"]["socket_mode_enabled"] is True, done.stdout)
    require(content["features"]["bot_user"]["display_name"] == "gate", done.stdout)


def source_of_the_frontend():
    paths = glob.glob(f"{slack_reference.TOP}/frontends/slack/**/*.c", recursive=True)
    return "".join(open(path).read() for path in sorted(paths))


async def scenario_manifest_events(world):
    """The manifest subscribes to each event that the frontend knows what to do with, and to no other."""
    table = re.search(r"event_types\[\] = \{(.*?)\n\};", source_of_the_frontend(), re.S).group(1)
    known = set(re.findall(r'\{"(\w+)"', table))
    require(len(known) > 20, f"{known}")
    # app_rate_limited comes unasked; user_change tells the same as the two; new channels are tied when somebody says so.
    known -= {"message", "app_rate_limited", "user_profile_changed", "user_status_changed", "channel_created"}
    known |= {f"message.{kind}" for kind in ("channels", "groups", "im", "mpim")}
    events = set(manifest(world.build)["events"])
    require(events == known, f"more: {events - known}, missing: {known - events}")


async def scenario_manifest_scopes(world):
    """The manifest has a scope for each method that the frontend calls, as it is documented: one for each kind of
    conversation."""
    slack_reference.there_or_skip()
    scopes, called = set(manifest(world.build)["scopes"]), set()
    for name in sorted(set(re.findall(r'"([a-z0-9]+(?:\.[a-z0-9]+)+)"', source_of_the_frontend(), re.I))):
        path = os.path.join(slack_reference.PLACE, "methods", f"{name}.json")
        if not os.path.exists(path):
            continue
        called.add(name)
        with open(path) as file:
            wanted = (json.load(file).get("scope") or {}).get("bot") or []
        for family in {scope.partition(":")[0] for scope in wanted}:
            one_of = {scope for scope in wanted if scope.startswith(f"{family}:")}
            require(one_of & scopes, f"{name} needs one of {one_of}")
    require({"conversations.create", "conversations.invite", "conversations.setTopic", "chat.postMessage",
             "files.info"} <= called, f"{called}")
