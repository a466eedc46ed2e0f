# SPDX-License-Identifier: MIT
"""A channel that is tied to a room: who may tie it, its topic, who comes and goes, and what Slack does not let the bot do."""
import html

from harness.process import require
from test_slack import Asker, irc_hears, tied, until


async def scenario_topic_and_life_of_a_channel(world):
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    carol.send("TOPIC #lobby :of the network")
    await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments.get("topic") == "of the network")
    carol.send("MODE #lobby -t")
    mark = carol.mark()
    lobby.egon.topic("general", "of Slack")
    await carol.expect(r"^:bridge!\S+ TOPIC #lobby :of Slack$", mark)
    lobby.egon.rename("general", "generals")
    lobby.egon.say("generals", "still here")
    await irc_hears(carol, "bridge", "<Egon> still here", mark)
    lobby.egon.archive("generals")
    await carol.expect(r"^:bridge!\S+ (PART #lobby|QUIT)", mark)
    mark = carol.mark()
    lobby.egon.unarchive("generals")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    await lobby.asker.ask("list", "generals - #lobby")
    await lobby.asker.command("generals", "unlink", "not tied to #lobby any more")
    await carol.expect(r"^:bridge!\S+ (PART #lobby|QUIT)", mark)
    await lobby.asker.ask("list", "No channel is tied")


async def scenario_refused_to_the_bot(world):
    """What Slack does not let the bot do, people are told."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    # The topic that the room has already comes first: it may not meet the refusal that the next one is for.
    await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments.get("topic") == "the lobby")
    slack.faults.plan("error", "conversations.setTopic", error="user_is_restricted")
    carol.send("TOPIC #lobby :of <the> network")
    await slack.wait_for_message("general", lambda m: "The topic of #lobby is: of &lt;the&gt; network" in m["text"]
                                 and "user_is_restricted" in m["text"])
    carol.send("TOPIC #lobby :another")
    await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments.get("topic") == "another" and
                              call.answer["ok"])
    # The channel is made, and whoever asked for it told that he has to come in by himself.
    slack.faults.plan("error", "conversations.invite", error="missing_scope")
    await lobby.asker.ask("create #attic", "made a channel for #attic, attic, but Slack does not let me invite you: missing_scope")
    await lobby.asker.ask("create #cellar", "made a channel for #cellar, cellar, and invited you")


async def scenario_long_topic(world):
    """Slack takes 250 characters: the rest is left out, and said to be."""
    lobby = await tied(world)
    slack, carol = lobby.slack, lobby.carol
    long = " ".join(f"word{number}é&" for number in range(40))
    carol.send(f"TOPIC #lobby :{long}")
    call = await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments["topic"].startswith("word0"))
    require(call.answer["ok"], f"{call.arguments} {call.answer}")
    topic = call.arguments["topic"]
    require(topic.endswith("…") and 240 < len(topic) <= 250 and long.startswith(html.unescape(topic[:-1])), topic)
    # It is that topic's beginning, so nothing goes back.
    await slack.wait_acknowledged()
    mark = carol.mark()
    lobby.egon.say("general", "seen")
    await irc_hears(carol, "bridge", "<Egon> seen", mark)
    require(not carol.count(r"^:bridge!\S+ TOPIC", mark), f"{carol.find_all('TOPIC', mark)}")


async def scenario_who_may_tie(world):
    """The channel's maker and administrators; nobody else."""
    lobby = await tied(world, people=("egon", "dana"))
    slack = lobby.slack
    dana = Asker(slack, lobby.dana)
    await dana.command("general", "unlink", "administrators of this workspace and whoever made the channel")
    await dana.ask("relay status", "administrators")
    slack.channel("hers", "dana", bot=False)
    await dana.command("hers", "link #lobby", "tied to #lobby now")
    lobby.carol.send("PRIVMSG #lobby :to both")
    await slack.wait_for_text("general", "to both", "carol")
    await slack.wait_for_text("hers", "to both", "carol")
    # What is said in one is shown in the other, with its author.
    mark = lobby.carol.mark()
    lobby.egon.say("general", "across")
    await slack.wait_for_text("hers", "across", "Egon")
    await irc_hears(lobby.carol, "bridge", "<Egon> across", mark)
    require(not [m for m in slack.posted("general") if m["text"] == "across"], "it came back to where it was said")
    secret = slack.channel("secret", "dana", private=True, bot=False)
    await dana.command(secret, "link #lobby", "Invite me")
    await lobby.asker.ask("create #attic", "made a channel")
    await until(lambda: slack.team.channel("attic"), "the channel to be made")


async def scenario_old_changes_of_the_channel(world):
    """Topics, joins, leaves and archiving that history tells once more have no effect; of topics the newest stands."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, carol, egon = lobby.slack, lobby.carol, lobby.egon

    async def read_back():
        slack.tell_rate_limited(slack.team)
        mark = carol.mark()
        await lobby.gateway.process.wait_log("are read back from history", after=lobby.read)
        lobby.read = len(lobby.gateway.process.log())
        egon.say("general", "read back")
        await irc_hears(carol, "bridge", "<Egon> read back", mark)
        await slack.wait_acknowledged()
    lobby.read = len(lobby.gateway.process.log())
    carol.send("MODE #lobby -t")
    mark = carol.mark()
    await Asker(slack, lobby.dana).ask("login dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    mark = carol.mark()
    lobby.dana.leave("general")
    await carol.expect(r"^:dana!\S+ PART #lobby", mark)
    lobby.dana.join("general")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    egon.topic("general", "of egon")
    await carol.expect(r"TOPIC #lobby :of egon$", mark)
    mark = carol.mark()
    egon.archive("general")
    await carol.expect(r"^:bridge!\S+ (PART #lobby|QUIT)", mark)
    mark = carol.mark()
    egon.unarchive("general")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    carol.send("TOPIC #lobby :of carol")
    await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments.get("topic") == "of carol")
    await slack.wait_acknowledged()
    mark = carol.mark()
    await read_back()
    changes = r"^:(bridge|dana)!\S+ (TOPIC|PART|JOIN|QUIT)"
    require(not carol.count(changes, mark), f"{carol.find_all(changes, mark)}")
    require(slack.team.channel("general").topic["value"] == "of carol", f"{slack.team.channel('general').topic}")
    # One that was left out, and is not the last: it would be the network's otherwise, and not Slack's.
    slack.hub.retry_delays, slack.hub.drop = (), 1000
    egon.topic("general", "of egon again")
    carol.send("TOPIC #lobby :of carol again")
    await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments.get("topic") == "of carol again")
    slack.hub.drop = 0
    mark = carol.mark()
    await read_back()
    require(not carol.count(changes, mark), f"{carol.find_all(changes, mark)}")
    # And the last of several is told.
    slack.hub.drop = 1000
    egon.topic("general", "one")
    egon.topic("general", "two")
    slack.hub.drop = 0
    await read_back()
    await carol.expect(r"^:bridge!\S+ TOPIC #lobby :two$", mark)
    require(carol.count(changes, mark) == 1, f"{carol.find_all(changes, mark)}")
