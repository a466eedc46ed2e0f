# SPDX-License-Identifier: MIT
"""The gateway as an app of a Slack in which nothing is ours: emulate's Web API, slacktest's socket (harness/slack_foreign.py)."""
from harness.process import require, wait_answer, wait_until
from harness.slack_foreign import Foreign


async def foreign_slack(world):
    slack = Foreign(world.folder)
    world.started.append(slack)
    await slack.start()
    return slack


async def scenario_text_both_ways(world):
    """A channel is tied to a room by the slash command; what is said comes once, under its author's name; an edit, a reply."""
    slack = await foreign_slack(world)
    team, egon = slack.bot["team_id"], (await slack.call("users.lookupByEmail", "xoxp-egon", email="egon@example.org"))["user"]["id"]
    channel = (await slack.call("conversations.create", name="lobby"))["channel"]["id"]
    await slack.call("conversations.join", "xoxp-egon", channel=channel)
    ircd = await world.ngircd()
    gateway = world.gateway()
    gateway.irc(ircd)
    gateway.keys.update({"service.frontend": "slack", "slack.api": slack.api_url, "slack.app_token": slack.app_token,
                         "slack.bot_token": slack.bot_token, "slack.admin": f"{team}/{egon}", "irc.line_interval": "0"})
    await gateway.start()
    await wait_until(lambda: slack.opened, "the gateway's socket")
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")

    # An account that speaks for people without one, and the tie.
    dm = (await slack.call("conversations.open", "xoxp-egon", users=slack.bot_user))["channel"]["id"]
    asked = await slack.call("chat.postMessage", "xoxp-egon", channel=dm, text="relay login bridge")
    envelope = slack.tell({"type": "message", "channel": dm, "channel_type": "im", "text": "relay login bridge", "user": egon,
                           "ts": asked["ts"], "event_ts": asked["ts"], "team": team})
    await slack.acknowledged(envelope)
    await wait_answer(lambda: slack.call("conversations.history", channel=dm),
                      lambda found: any("registered" in one["text"] for one in found["messages"]), "the account")
    mark = carol.mark()
    await slack.acknowledged(slack.command("link #lobby", channel, egon, "egon"))
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)

    mark = carol.mark()
    ts, envelope = await slack.say("egon", channel, "from Slack &amp; more")
    await slack.acknowledged(envelope)
    await carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :.*[Ee]gon.*from Slack & more$", mark)
    carol.send("PRIVMSG #lobby :from IRC & <more>")
    found = await wait_answer(lambda: slack.call("conversations.history", channel=channel),
                              lambda found: any("from IRC" in one["text"] for one in found["messages"]), "carol's line")
    message = next(one for one in found["messages"] if "from IRC" in one["text"])
    require(message["username"] == "carol" and message["text"] == "from IRC &amp; &lt;more&gt;", f"{message}")

    # The same event again, and the bot's own message as an event: neither is heard.
    mark = carol.mark()
    slack.tell({"type": "message", "channel": channel, "channel_type": "channel", "text": "from Slack &amp; more", "user": egon,
                "ts": ts, "event_ts": ts, "team": team})
    slack.tell({"type": "message", "subtype": "bot_message", "channel": channel, "channel_type": "channel", "username": "carol",
                "text": message["text"], "ts": message["ts"], "event_ts": message["ts"], "app_id": "A000000001",
                "bot_id": slack.bot.get("bot_id", "B000000001")})
    _, envelope = await slack.say("egon", channel, "the last")
    await slack.acknowledged(envelope)
    await carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :.*the last$", mark)
    heard = [match[0] for match in carol.find_all(r"^:bridge!\S+ PRIVMSG #lobby :.*$", mark)]
    require(len(heard) == 1, f"{heard}")
