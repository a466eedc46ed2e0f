# SPDX-License-Identifier: MIT
"""What people say to the bot, in a chat with it and behind its slash command; and conversations that not everybody sees."""
import html
import re

from harness.process import require
from test_backends import BACKENDS, PYTHON
from test_slack import Asker, irc_hears, tied, until


async def scenario_commands(world):
    """help, an unknown word, list, status and settings: by slash command, which only that person sees, and in the chat."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, dana, carol = lobby.slack, Asker(lobby.slack, lobby.dana), lobby.carol

    async def both(line, answer):
        return html.unescape(await dana.command("general", line, answer)), await dana.ask(line, answer)
    for text in await both("help", "what I can do for you"):
        for word in ("register", "settings", "login <username> [password]", "link <room>", "create <room>", "presence <name>"):
            require(word in text, f"{word} is not in {text}")
        require("reload" not in text, f"commands of the instance's administrators are shown to all: {text}")
    # Nothing behind it is the same, and a word that nobody knows leads there.
    await dana.command("general", "", "what I can do for you")
    for text in await both("sing a song", "I do not understand that. Try: help"):
        require("status" in text and "reload" not in text, text)
    await both("list", "^#general - #lobby$")
    await both("status", "You are not logged in")
    await both("settings send_headlines on", "You are not registered here")
    await both("contacts", "You are not logged in. Say: login")
    await both("presence carol", "You have no session here. Say: login")
    await both("presence", "presence needs a name behind it")
    await both("settings stay_connected", "Say: settings NAME on")
    # With an account.
    mark = carol.mark()
    await dana.command("general", "login dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#lobby$", mark)
    for text in await both("status", "dana: connected"):
        require("#lobby" in text, text)
    for text in await both("settings", "Your settings:"):
        require("enable_transport: " in text, text)
    await dana.command("general", "settings send_headlines on", "")
    await dana.ask("settings", "send_headlines: on")
    await dana.ask("settings send_headlines off", "")
    await dana.command("general", "settings", "send_headlines: off")
    await dana.ask("settings no_such_thing on", "Names are enable_transport, send_headlines\\.$")
    # Who is in the room.
    text = await dana.command("general", "people", "carol")
    require(set(text.split(", ")) == {"bridge", "carol", "dana"}, text)
    slack.channel("elsewhere", "dana")
    await dana.command("elsewhere", "people", "This channel is tied to nothing")
    await dana.ask("people", "This channel is tied to nothing")
    # Nobody else saw what was answered, and in the channel nothing of it was said.
    require(not lobby.egon.user.ephemerals or all("dana" not in message["text"] for _, message in lobby.egon.user.ephemerals),
            f"{lobby.egon.user.ephemerals}")
    require([m["text"] for m in slack.posted("general")] ==
            [m["text"] for m in slack.posted("general") if "is tied to a room" in m["text"]], f"{slack.posted('general')}")


async def scenario_private_channels(world):
    """A private channel is carried both ways like others; who is not in it does not learn of it, and is not let in."""
    lobby = await tied(world, people=("egon", "dana", "otto"))
    slack, carol = lobby.slack, lobby.carol
    secret = slack.channel("secret", "dana", private=True)
    dana, otto = Asker(slack, lobby.dana), Asker(slack, lobby.otto)
    await carol.join("#cellar")
    await dana.command(secret, "link #cellar", "tied to #cellar now")
    await carol.expect(r"^:bridge!\S+ JOIN :?#cellar$")
    carol.send("PRIVMSG #cellar :to the few")
    message = await slack.wait_for_text(secret, "to the few", "carol")
    lobby.dana.say(secret, "from the few")
    await carol.expect(r"^:bridge!\S+ PRIVMSG #cellar :<Dana> from the few$")
    lobby.dana.react(secret, message["ts"], "tada")
    await carol.expect(r"^:bridge!\S+ PRIVMSG #cellar :<Dana> \U0001f389$")
    lobby.dana.topic(secret, "of the few")
    # What it is called is not told where others can read it, nor what those are called that the bot is not in.
    hidden, general = slack.channel("hidden", "dana", private=True, bot=False), slack.team.channel("general")
    lobby.dana.say("general", f"ask in <#{secret.id}>, <#{secret.id}|secret>, <#{hidden.id}|hidden> or <#{general.id}>")
    await carol.expect(rf"^:bridge!\S+ PRIVMSG #lobby :<Dana> ask in #private-channel, #private-channel, #{hidden.id} or #general$")
    # In the list of those who are in it, and of nobody else.
    listed = await dana.ask("list", "#secret - #cellar")
    require("#general - #lobby" in listed, listed)
    for asker in (otto, lobby.asker):
        for text in (await asker.ask("list", "#lobby"), await asker.command("general", "list", "#lobby")):
            require("secret" not in text and "cellar" not in text, f"somebody who is not in it learns of it: {text}")
    # Where it is not known who may see what, nothing is said of any.
    slack.faults.plan("error", "users.conversations", error="missing_scope")
    await otto.command("general", "list", "does not tell me which channels you may see: missing_scope$")
    # Nor does a command let anybody in.
    await otto.ask("login otto", "registered")
    await otto.ask("join #cellar", "No channel is tied to #cellar")
    require(lobby.otto.id not in secret.members, "somebody is in a private channel by a command")
    require(not any(call.name == "conversations.invite" for call in slack.calls), "somebody was invited")
    # Where there is an open one besides, it is that.
    slack.channel("open", "egon")
    await lobby.asker.command("open", "link #cellar", "tied to #cellar now")
    await otto.ask("join #cellar", "invited you")
    await until(lambda: lobby.otto.id in slack.team.channel("open").members, "him to be invited")
    require(lobby.otto.id not in secret.members, "somebody is in a private channel by a command")
    lobby.dana.say(secret, "across")
    await slack.wait_for_text("open", "across", "Dana")
    # Who has an account of his own is in the room with it.
    mark = carol.mark()
    await dana.ask("login dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#cellar$", mark)
    lobby.dana.say(secret, "as myself")
    await carol.expect(r"^:dana!\S+ PRIVMSG #cellar :as myself$", mark)
    await dana.ask("join #cellar", "You are in the channel of #cellar already: secret.")
    await dana.command(secret, "unlink", "not tied to #cellar any more")
    require("secret" not in await dana.ask("list", "#general - #lobby"), "it is still there")


async def scenario_group_dms(world):
    """A chat of several people with the bot: commands are taken there, who calls the bot is told how, and it can be tied."""
    lobby = await tied(world, people=("egon", "dana", "otto"))
    slack, carol = lobby.slack, lobby.carol
    bot = slack.bot.bot_user.id
    group = slack.team.add_channel("mpdm-egon--dana--bridge-1", "mpim", lobby.egon.id,
                                   dict.fromkeys((lobby.egon.id, lobby.dana.id, bot)))
    egon, dana = lobby.asker, Asker(slack, lobby.dana)
    await dana.command(group, "status", "You are not logged in")
    await dana.command(group, "people", "This channel is tied to nothing")
    # What people say to each other there is not for the bot, unless they call it.
    before, others = len(lobby.dana.user.ephemerals), len(dana.heard())
    lobby.dana.say(group, "help")
    lobby.dana.say(group, f"<@{bot}> help")
    await until(lambda: len(lobby.dana.user.ephemerals) > before, "an answer to who calls the bot")
    where, message = lobby.dana.user.ephemerals[-1]
    require(where == group.id and "/bridge help" in message["text"], f"{where} {message}")
    require(not slack.posted(group) and len(dana.heard()) == others, f"{slack.posted(group)}")
    require(len(lobby.dana.user.ephemerals) == before + 1, f"{lobby.dana.user.ephemerals}")
    await carol.join("#cellar")
    await dana.command(group, "link #cellar", "administrators of this workspace and whoever made the channel")
    await egon.command(group, "link #cellar", "tied to #cellar now")
    await carol.expect(r"^:bridge!\S+ JOIN :?#cellar$")
    carol.send("PRIVMSG #cellar :to the three")
    await slack.wait_for_text(group, "to the three", "carol")
    lobby.dana.say(group, f"<@{bot}> from one of them")
    await carol.expect(r"^:bridge!\S+ PRIVMSG #cellar :<Dana> @\S+ from one of them$")
    require(len(lobby.dana.user.ephemerals) == before + 2, f"who is heard is told how to be: {lobby.dana.user.ephemerals}")
    require("#cellar" in await dana.ask("list", "#lobby"), "it is not in the list of somebody who is in it")
    require("#cellar" not in await Asker(slack, lobby.otto).ask("list", "#lobby"), "it is in the list of somebody who is not")
    mark = carol.mark()
    await dana.ask("login dana", "registered")
    await carol.expect(r"^:dana!\S+ JOIN :?#cellar$", mark)
    lobby.dana.say(group, "as myself")
    await carol.expect(r"^:dana!\S+ PRIVMSG #cellar :as myself$", mark)


async def scenario_called_in_a_channel(world):
    """Who calls the bot in a channel that is tied to nothing is told how to talk to it; in a tied one it is a message."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, bot = lobby.slack, lobby.slack.bot.bot_user.id
    slack.channel("elsewhere", "dana")
    lobby.dana.say("elsewhere", f"<@{bot}> are you there?")
    await until(lambda: lobby.dana.user.ephemerals, "an answer")
    where, message = lobby.dana.user.ephemerals[-1]
    require(where == slack.team.channel("elsewhere").id and "/bridge help" in message["text"], f"{where} {message}")
    lobby.egon.say("general", f"<@{bot}> are you here?")
    await irc_hears(lobby.carol, "bridge", "<Egon> @\\S+ are you here.")
    await slack.wait_acknowledged()
    require(all("/bridge help" not in one["text"] for _, one in lobby.egon.user.ephemerals), f"{lobby.egon.user.ephemerals}")


async def scenario_said_to_the_account(world):
    """What somebody says to the account that speaks for people, and to nobody else, administrators are told: it has no chats."""
    lobby = await tied(world)
    slack, carol, gateway = lobby.slack, lobby.carol, lobby.gateway
    carol.send("PRIVMSG bridge :who <are> you?")
    told = "carol says to the account that speaks for people of Softball: who <are> you?"
    await until(lambda: told in lobby.asker.heard(), "what is said to it")
    carol.send(f"PRIVMSG bridge :{'x' * 400}")
    await until(lambda: any("x" * 400 in text for text in lobby.asker.heard()), "more of it")
    carol.send("PRIVMSG #lobby :the end")
    await slack.wait_for_text("general", "the end", "carol")
    opened = [call.arguments for call in slack.calls if call.name == "conversations.open"]
    require(all(slack.bot.bot_user.id not in str(arguments) for arguments in opened), f"a chat with the bot itself: {opened}")
    require("who <are>" not in gateway.process.log() and "waits" not in gateway.process.log(), "it is in the log, or waits")


async def scenario_logins_in_steps(world):
    """A login that asks for more: in the chat, behind the slash command, for the workspace's account; given up, ended, begun
    anew. A secret stays nowhere that the gateway could have put it."""
    slack = await world.slack()
    slack.person("egon", display_name="Egon")
    slack.person("dana", display_name="Dana")
    slack.channel("general", "egon", ["dana"])
    egon, dana = Asker(slack, slack.person("egon")), Asker(slack, slack.person("dana"))
    gateway = world.gateway()
    gateway.slack_of(slack)
    gateway.keys["service.backend"] = f"{PYTHON} {BACKENDS}/steps.py"
    gateway.keys["slack.admin"] = f"{slack.team.id}/{egon.person.id}"
    await gateway.start()
    await slack.wait_connected()

    async def hears(asker, pattern):
        return await until(lambda: next((text for text in asker.heard() if re.search(pattern, text)), None),
                           f"{pattern!r} in {asker.heard()}")
    # In the chat, where what one says stays: it is said that it does.
    await dana.ask("login code-dana", "You are registered")
    await hears(dana, "^The code, please.(.|\n)*cancel")
    await dana.ask("1", "One moment, please(.|\n)*delete it yourself")
    await hears(dana, "^Wrong code number 1")
    await dana.ask("list", "One moment")  # whatever it looks like
    await hears(dana, "^Wrong code number 2")
    await dana.ask("314159", "One moment")
    await hears(dana, "^You are connected to the network")
    await dana.command("general", "rooms", "You are in no room")
    await dana.command("general", "logout", "You are logged out until you say: login")
    await dana.command("general", "status", "code-dana: logged out")
    before = len(dana.heard())
    await dana.command("general", "login", "")
    await until(lambda: any("The code, please" in text for text in dana.heard()[before:]), "to be asked again")
    require("password" not in await dana.ask("cancel", "^The login is given up"), "to give it up is no secret")
    # Behind the slash command nothing stays.
    await egon.command("general", "login choice-egon", "You are registered")
    await hears(egon, "^How.\n1. by mail\n2. by phone\n")
    await egon.command("general", "3", "none of the choices")
    await egon.command("general", "2", "One moment")
    await hears(egon, "^The secret, by phone.")
    shown = await egon.command("general", "open sesame", "One moment")
    require("delete" not in shown, shown)
    await hears(egon, "^You are connected to the network")
    # For the workspace's account, by whoever may.
    await dana.command("general", "relay login code-bridge", "for administrators")
    await egon.command("general", "relay login code-bridge", "You are registered")
    await hears(egon, "^Of the account that speaks for people of Softball: The code, please.")
    await egon.command("general", "relay 314159", "One moment")
    await hears(egon, "^Of the account that speaks for people of Softball: You are connected")
    await dana.command("general", "relay 314159", "for administrators")
    said = [message["text"] for channel in slack.team.channels.values() for message in slack.messages(channel)]
    for secret in ("314159", "open sesame"):
        require(secret not in gateway.process.log(), f"{secret} is in the log")
        require([text for text in said if secret in text] == (["314159"] if secret == "314159" else []), f"{secret} was said: {said}")
