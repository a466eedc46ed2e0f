# SPDX-License-Identifier: MIT
"""What changes on one side and is followed on the other: names, who comes and goes, people and channels that are gone for a while."""
from harness.process import require
from test_matrix import BOT, chat_with
from test_slack import Asker, tied, until
from test_slack_kinds import between


def changes(network):
    """Names that the network was asked to give to rooms."""
    return [(fields[2][0], fields[3][0]) for kind, fields in network.frames if kind == "ROOM_CHANGE"]


def renames(slack):
    return [call.arguments["name"] for call in slack.calls if call.name == "conversations.rename"]


async def scenario_names_of_a_made_channel(world):
    """A channel that the bridge has made is called as the room is, whoever gives it another name."""
    sides = await between(world)
    slack, network, egon, asker = sides.slack, sides.network, sides.egon, sides.asker
    await asker.ask("create #hall", "made a channel for #hall, hall, and invited you")
    await until(lambda: any(kind == "JOIN_ROOM" and fields[3] == ["#hall"] for kind, fields in network.frames), "the room")
    network.say("#hall", "carol", "here")
    await slack.wait_for_text("hall", "here", "carol")
    network.call("#hall", "The Great Hall!")
    await slack.wait_for_call("conversations.rename", lambda call: call.arguments["name"] == "the-great-hall" and
                              call.answer["ok"])
    await asker.ask("list", "#the-great-hall - #hall")
    # And back: the network is asked, and what it says of it comes back to nobody.
    egon.rename("the-great-hall", "small-hall")
    await until(lambda: changes(network) == [("#hall", "small-hall")], "the network to be asked")
    network.say("#hall", "carol", "small now")
    await slack.wait_for_text("small-hall", "small now", "carol")
    await asker.ask("list", "#small-hall - #hall")
    require(renames(slack) == ["the-great-hall"], f"{renames(slack)}")
    # The network does not do it: people of both sides are told.
    network.refuse_changes(2, "Only the owner may do that.")
    egon.rename("small-hall", "cellar")
    await slack.wait_for_message("cellar", lambda m: "room's name is not changed: Only the owner may do that." in m["text"])
    await network.heard("the new name", lambda said: said["to"] == "#hall" and
                        said["text"] == "/me has renamed the channel to cellar")
    await asker.ask("list", "#cellar - #hall")
    # Slack does not do it: people are told, once for each name.
    slack.channel("taken", "egon")
    for _ in range(2):
        network.call("#hall", "Taken")
    network.say("#hall", "carol", "taken now")
    await slack.wait_for_text("cellar", "taken now", "carol")
    network.call("#hall", "\u5927\u5e83\u9593")
    await slack.wait_for_message("cellar", lambda m: "#hall is called \u5927\u5e83\u9593 on the network now" in m["text"])
    told = [message["text"] for message in slack.posted("cellar") if "on the network now" in message["text"]]
    require(len(told) == 2 and "#hall is called Taken" in told[0] and "name_taken" in told[0], f"{told}")
    require(renames(slack) == ["the-great-hall", "taken"], f"{renames(slack)}")
    # Nor is it news to the next process.
    await sides.gateway.kill_core()
    network.frames.clear()
    await sides.gateway.start()
    await network.joined("#hall")
    await asker.ask("list", "#cellar - #hall")
    network.say("#hall", "carol", "after the restart")
    await slack.wait_for_text("cellar", "after the restart", "carol")
    require(not changes(network) and renames(slack) == ["the-great-hall", "taken"], f"{renames(slack)}")
    require(sum("on the network now" in message["text"] for message in slack.posted("cellar")) == 2, "it is told once more")


async def scenario_names_of_a_tied_channel(world):
    """A channel of the people's own keeps its name, and so does the room: either side is told of the other."""
    sides = await between(world)
    slack, network, egon = sides.slack, sides.network, sides.egon
    network.call("#lobby", "The Lobby")
    await slack.wait_for_message("general", lambda m: "#lobby is called The Lobby on the network now." in m["text"])
    egon.rename("general", "generals")
    await network.heard("the new name", lambda said: said["text"] == "/me has renamed the channel to generals")
    await sides.asker.ask("list", "#generals - #lobby")
    # A rename that a gap of the socket has hidden is told all the same, once.
    slack.hub.retry_delays, slack.hub.drop = (), 1000
    egon.rename("generals", "majors")
    slack.hub.drop = 0
    slack.tell_rate_limited(slack.team)
    await network.heard("the name from history", lambda said: said["text"] == "/me has renamed the channel to majors")
    egon.say("majors", "behind it")
    await network.heard("a text", lambda said: said["text"] == "behind it")
    told = [fields[3] for kind, fields in network.frames if kind == "CONV_MESSAGE" and "renamed" in fields[3][0]]
    require(len(told) == 2 and not renames(slack) and not changes(network), f"{told} {renames(slack)} {changes(network)}")
    # What a private one is called is told to nobody who is not in it: by an event, nor by history.
    slack.channel("vault", "egon", private=True)
    await sides.asker.command("vault", "link #cave", "tied to #cave now")
    egon.rename("vault", "vault-of-gold")
    await network.heard("that there is a new name", lambda said: said["to"] == "#cave" and
                        said["text"] == "/me has given the channel another name")
    slack.hub.retry_delays, slack.hub.drop = (), 1000
    egon.rename("vault-of-gold", "empty-vault")
    slack.hub.drop = 0
    slack.tell_rate_limited(slack.team)
    await until(lambda: sum("another name" in f"{fields}" for _, fields in network.frames) == 2, "that there is another one")
    require(not any("vault" in f"{fields}" for _, fields in network.frames), "the network learns it")


async def scenario_killed_while_a_channel_is_renamed(world):
    """A title that Slack has not taken when the gateway is killed is followed by the next process."""
    sides = await between(world)
    slack, network = sides.slack, sides.network
    await sides.asker.ask("create #hall", "made a channel for #hall, hall, and invited you")
    await until(lambda: any(kind == "JOIN_ROOM" and fields[3] == ["#hall"] for kind, fields in network.frames), "the room")
    network.say("#hall", "carol", "here")
    await slack.wait_for_text("hall", "here", "carol")
    slack.faults.plan("hangup", "conversations.rename", times=1000)
    network.call("#hall", "The Great Hall!")
    await until(lambda: any(call.name == "conversations.rename" for call in slack.calls), "Slack to be asked")
    await sides.gateway.kill_core()
    slack.faults.planned.clear()
    await sides.gateway.start()
    await slack.wait_for_call("conversations.rename", lambda call: call.answer and call.answer["ok"])
    await sides.asker.ask("list", "#the-great-hall - #hall")


async def scenario_who_comes_and_goes(world):
    """With slack.show_joins the channel is told of the room; who has an account is in the room as he is in the channel."""
    lobby = await tied(world, people=("egon", "dana"), **{"slack.show_joins": "1"})
    slack, carol = lobby.slack, lobby.carol
    bob = await world.irc_client(lobby.ircd, "bob")
    await bob.join("#lobby")
    await slack.wait_for_message("general", lambda m: m["text"] == "bob has come into #lobby.")
    bob.send("NICK robert")
    await slack.wait_for_message("general", lambda m: m["text"] == "bob is now called robert.")
    bob.send("PART #lobby")
    await slack.wait_for_message("general", lambda m: m["text"] == "robert has left #lobby.")
    # Our own people are seen in Slack: nothing is said of them there.
    mark = carol.mark()
    await Asker(slack, lobby.dana).ask("login dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    lobby.dana.leave("general")
    await carol.expect(r"^:dana!\S+ (PART #lobby|QUIT)", mark)
    mark = carol.mark()
    lobby.dana.join("general")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    carol.send("PRIVMSG #lobby :that is all")
    await slack.wait_for_text("general", "that is all", "carol")
    told = [message["text"] for message in slack.posted("general") if "#lobby." in message["text"]]
    require(told == ["bob has come into #lobby.", "robert has left #lobby."], f"{told}")


async def scenario_topic_changed_while_killed(world):
    """What the room's topic has become while no process served the channel is the channel's when the next one does."""
    lobby = await tied(world)
    slack, carol, gateway = lobby.slack, lobby.carol, lobby.gateway
    carol.send("TOPIC #lobby :before")
    await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments["topic"] == "before")
    await gateway.kill_core()
    mark = carol.mark()
    carol.send("TOPIC #lobby :meanwhile")
    await carol.expect("TOPIC #lobby :meanwhile", mark)
    await gateway.start()
    await slack.wait_for_call("conversations.setTopic", lambda call: call.arguments["topic"] == "meanwhile")
    require(not carol.count(r"^:bridge!\S+ (QUIT|JOIN)", mark), "the session did not go on")
    # It is not told again by the next one.
    await gateway.kill_core()
    before = len(slack.calls)
    await gateway.start()
    await slack.wait_connected()
    carol.send("PRIVMSG #lobby :behind it")
    await slack.wait_for_text("general", "behind it", "carol")
    require(not any(call.name == "conversations.setTopic" for call in slack.calls[before:]), "the topic is told once more")


class Gap:
    """What happens at Slack in here is told to nobody; then the socket breaks, and another is opened."""

    def __init__(self, slack):
        self.slack = slack

    async def __aenter__(self):
        await self.slack.wait_acknowledged()
        self.slack.hub.retry_delays, self.slack.hub.drop = (), 10000

    async def __aexit__(self, *fault):
        self.slack.hub.drop = 0
        before = len([call for call in self.slack.calls if call.name == "apps.connections.open"])
        for socket in list(self.slack.hub.sockets):
            socket.cut()
        await until(lambda: len([call for call in self.slack.calls if call.name == "apps.connections.open"]) > before,
                    "another socket")
        await self.slack.wait_connected()


async def scenario_channels_changed_in_a_gap(world):
    """Whether a channel is archived, what it is called and whether we are in it, is looked at after each gap."""
    lobby = await tied(world)
    slack, carol, egon, asker = lobby.slack, lobby.carol, lobby.egon, lobby.asker
    mark = carol.mark()
    async with Gap(slack):
        egon.rename("general", "generals")
        egon.archive("generals")
    await carol.expect(r"^:bridge!\S+ (PART #lobby|QUIT)", mark)
    await asker.ask("list", r"#generals - #lobby \(archived\)")
    mark = carol.mark()
    async with Gap(slack):
        egon.unarchive("generals")
        egon.say("generals", "open again")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    await carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :<Egon> open again$", mark)
    # Also while nobody served it.
    await lobby.gateway.stop()
    mark = carol.mark()
    egon.archive("generals")
    await lobby.gateway.start()
    await slack.wait_connected()
    await asker.ask("list", r"#generals - #lobby \(archived\)")
    async with Gap(slack):
        egon.unarchive("generals")
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    mark = carol.mark()
    egon.say("generals", "and again")
    await carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :<Egon> and again$", mark)
    # We were put out.
    async with Gap(slack):
        egon.kick("generals", slack.bot.bot_user.name)
    await until(lambda: any("is not tied to the channel" in text and "put out" in text for text in asker.heard()),
                "an administrator to be told")
    await carol.expect(r"^:bridge!\S+ (PART #lobby|QUIT)", mark)
    await asker.ask("list", "No channel is tied")
    # And one is gone.
    slack.channel("attic", "egon")
    await asker.command("attic", "link #lobby", "tied to #lobby now")
    async with Gap(slack):
        egon.delete_channel("attic")
    await until(lambda: any("is not tied to the channel" in text and "is gone" in text for text in asker.heard()),
                "an administrator to be told")
    await asker.ask("list", "No channel is tied")
    # A chat of several people is no channel, and stays.
    group = slack.team.add_channel("mpdm-egon--bridge-1", "mpim", egon.id, dict.fromkeys((egon.id, slack.bot.bot_user.id)))
    await asker.command(group, "link #lobby", "tied to #lobby now")
    calls = len(slack.calls)
    async with Gap(slack):
        egon.say(group, "in the gap")
    await slack.wait_for_call("users.conversations", after=calls)
    await carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :<Egon> in the gap$", mark)
    await asker.ask("list", "- #lobby")
    require(not any(call.name == "conversations.info" and call.arguments["channel"] == group.id for call in slack.calls[calls:]),
            "it is not among those that Slack names")


async def scenario_too_much_was_missed(world):
    """Of more than is read back after a gap the channel is told, and administrators are."""
    sides = await between(world)
    slack, network, egon = sides.slack, sides.network, sides.egon
    channel = slack.team.channel("general")
    async with Gap(slack):
        egon.say("general", "too long ago")
        # What is told to nobody: 10,000 messages would take the test long.
        for number in range(10000):
            slack.describe(channel, egon.user, "purpose", f"purpose {number}", events=[])
        egon.say("general", "of late")
    await network.heard("the last one", lambda said: said["text"] == "of late")
    await slack.wait_for_message("general", lambda m: "more than 10000 messages were said here" in m["text"])
    await until(lambda: any("More than 10000 messages of general were missed" in text for text in sides.asker.heard()),
                "an administrator to be told")
    await slack.wait_acknowledged()
    heard = [fields[3] for kind, fields in network.frames if kind == "CONV_MESSAGE"]
    require(heard == [["of late"]], f"{heard}")


async def scenario_logged_out_over_a_restart(world):
    """Who has logged out stays so: he is spoken for by the workspace's account, told once, and logs in again when he wants to."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, carol = lobby.slack, lobby.carol
    dana = Asker(slack, lobby.dana)
    mark = carol.mark()
    await dana.ask("login dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    settings = await dana.ask("settings", "Your settings")
    require("enable_transport: on (" in settings and "Matrix" not in settings and "offline" not in settings, settings)
    await dana.ask("logout", "logged out")
    await carol.expect(r"^:dana!\S+ QUIT", mark)
    await lobby.gateway.stop()
    mark = carol.mark()
    await lobby.gateway.start()
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    before = len(dana.heard())
    for text in ("one", "two"):
        lobby.dana.say("general", text)
        await carol.expect(rf"^:bridge!\S+ PRIVMSG #lobby :<Dana> {text}$", mark)
    told = dana.heard()[before:]
    require(len(told) <= 1, f"{told}")
    await dana.command("general", "login", "being logged in")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)


async def scenario_people_who_are_deactivated(world):
    """Whoever may not use Slack any more is signed out of the network at once, and until he logs in again."""
    lobby = await tied(world, people=("egon", "dana", "gerd"))
    slack, carol, asker = lobby.slack, lobby.carol, lobby.asker
    dana, gerd = Asker(slack, lobby.dana), Asker(slack, lobby.gerd)
    for who, name in ((dana, "dana"), (gerd, "gerd")):
        mark = carol.mark()
        await who.ask(f"login {name}", "registered")
        await carol.expect(rf"^:{name}!\S+ JOIN :?#lobby$", mark)
    mark = carol.mark()
    lobby.dana.change(deleted=True)
    await carol.expect(r"^:dana!\S+ (PART #lobby|QUIT)", mark)
    await until(lambda: any("Dana" in text and "was deactivated" in text and "unregister" in text for text in asker.heard()),
                "an administrator to be told")
    # Also while no socket was open.
    async with Gap(slack):
        lobby.gerd.change(deleted=True)
    await carol.expect(r"^:gerd!\S+ (PART #lobby|QUIT)", mark)
    await until(lambda: any("Gerd" in text and "was deactivated" in text for text in asker.heard()), "an administrator to be told")
    # May he use Slack again, and nobody has said so, he can log in all the same.
    async with Gap(slack):
        lobby.dana.change(deleted=False)
    mark = carol.mark()
    await dana.ask("login", "being logged in")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    mark = carol.mark()
    lobby.dana.change(deleted=True)
    await carol.expect(r"^:dana!\S+ (PART #lobby|QUIT)", mark)
    # The account is kept, and nobody comes back with a restart.
    mark = carol.mark()
    await lobby.gateway.stop()
    await lobby.gateway.start()
    await carol.expect(r"^:bridge!\S+ JOIN :?#lobby$", mark)
    lobby.dana.change(deleted=False)
    lobby.egon.say("general", "restarted")
    await carol.expect(r"^:bridge!\S+ PRIVMSG #lobby :<Egon> restarted$", mark)
    require(not carol.count(r"^:(dana|gerd)!\S+ JOIN", mark), f"{carol.find_all('JOIN', mark)}")
    await dana.ask("login", "being logged in")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    lobby.dana.say("general", "as myself")
    await carol.expect(r"^:dana!\S+ PRIVMSG #lobby :as myself$", mark)
    told = [text for text in asker.heard() if "was deactivated" in text]
    require(len(told) == 3, f"{told}")
    require(not carol.count(r"^:gerd!\S+ JOIN", mark), "gerd is back")


async def scenario_administrators_elsewhere(world):
    """That a workspace is lost is told to the instance's administrators on XMPP, too: also before XMPP's server is there."""
    slack, prosody = await world.slack(), await world.prosody()
    await prosody.register("root", "secret")
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.keys.update({"service.frontend": "xmpp", "service.admin_jid": "root@localhost"})
    gateway.slack_of(slack)
    root = await world.person("root@localhost", prosody.c2s_port)
    await gateway.start()
    await gateway.process.wait_log("connected to the server as ")
    await slack.wait_connected()
    mark = root.mark()
    slack.revoke(slack.bot.tokens[-1])
    await root.message(gateway.jid, "The workspace Softball is lost to the gateway", after=mark)
    await gateway.stop()
    # Its token is refused before the connection to XMPP's server has been made.
    await prosody.stop()
    await gateway.start()
    await gateway.process.wait_log("is lost to the gateway")
    await prosody.start()
    root = await world.person("root@localhost", prosody.c2s_port)
    await root.message(gateway.jid, "is lost to the gateway")


async def scenario_administrators_on_matrix(world):
    """So are those on Matrix, in a chat with the bot that is made for it if there is none; also before the homeserver is there."""
    slack, homeserver = await world.slack(), world.fake_homeserver()
    gateway = world.gateway()
    await gateway.appservice_of(homeserver)
    gateway.keys.update({"matrix.admin": "@root:localhost"})
    gateway.slack_of(slack)
    root, somebody = [await world.matrix_person(homeserver, name) for name in ("root", "somebody")]
    await homeserver.start()
    await gateway.start()
    await slack.wait_connected()
    await chat_with(somebody, BOT)
    slack.revoke(slack.bot.tokens[-1])
    chat = await root.join(await root.invited(BOT))
    await root.message(chat, "The workspace Softball is lost to the gateway", BOT)
    await gateway.stop()
    # Its token is refused while the homeserver is away.
    await homeserver.stop()
    mark = root.mark()
    await gateway.start()
    await gateway.process.wait_log("is lost to the gateway")
    await homeserver.start()
    await root.message(chat, "is lost to the gateway", BOT, mark)
    told = [event["room_id"] for event in root.messages(None, "is lost to the gateway")]
    require(told == [chat, chat], f"it is told in {told}, and the chat with the administrator is {chat}")
