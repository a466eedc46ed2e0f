# SPDX-License-Identifier: MIT
"""
One account with addresses on two frontends of one instance: people on XMPP (Prosody) and on Matrix (Synapse), IRC behind.
docs/administration.md says what is promised.
"""
import asyncio
import re
from types import SimpleNamespace

from harness.process import require, wait_answer
from harness.synapse import client_packages
from test_matrix import BOT, ask, chat_with, enter, ghost, is_on_irc, with_account
from test_slack import Asker, tied

PACKAGES = client_packages
CAROL = ghost("carol")
ON_XMPP = "carol@irc.localhost"


async def on_both(world):
    """Prosody, Synapse and ngircd around one gateway; alice on XMPP and on Matrix, with an account on XMPP; carol on IRC."""
    synapse = world.synapse_or_skip()
    ircd, prosody = await world.ngircd(), await world.prosody()
    await prosody.register("alice", "secret")
    gateway = world.gateway()
    gateway.component_of(prosody)
    gateway.irc(ircd)
    gateway.keys["irc.line_interval"] = "0"
    await gateway.appservice_of(synapse)
    gateway.keys["service.frontend"] = ["xmpp", "matrix"]
    await asyncio.gather(synapse.start(), gateway.start())
    await gateway.process.wait_log("connected to the server as ")
    carol = await world.irc_client(ircd, "carol")
    xmpp = await world.person("alice@localhost", prosody.c2s_port)
    await xmpp.register(gateway.jid, "alice")
    await xmpp.presence(gateway.jid, "available")
    await is_on_irc(carol, "alice")
    matrix = await world.matrix_person(synapse, "alice")
    return SimpleNamespace(prosody=prosody, gateway=gateway, ircd=ircd, carol=carol, xmpp=xmpp, matrix=matrix,
                           bot=await chat_with(matrix, BOT), synapse=synapse)


async def said(both, line, answer):
    """What the gateway answers on XMPP."""
    mark = both.xmpp.mark()
    both.xmpp.say(both.gateway.jid, line)
    return (await both.xmpp.message(both.gateway.jid, answer, after=mark))["body"]


async def link(both):
    code = re.search(r"link (\S+)", await said(both, "link", "show it to nobody"))[1]
    mark = both.xmpp.mark()
    answer = await ask(both.matrix, both.bot, f"link {code}", "This address belongs to your account now")
    require("alice@localhost (xmpp), @alice:localhost (matrix)" in answer["content"]["body"]
            or "@alice:localhost (matrix), alice@localhost (xmpp)" in answer["content"]["body"], f"{answer['content']}")
    await both.xmpp.message(both.gateway.jid, "@alice:localhost .matrix. is an address of your account now", after=mark)
    await wait_answer(lambda: ask(both.matrix, both.bot, "status", "."), lambda a: "alice: connected" in a["content"]["body"],
                      "the session to be the same on Matrix")
    return code


async def scenario_same_session_on_both(world):
    """link on XMPP, the code on Matrix: what is said to and by either is shown on both, rooms too; and unlink."""
    both = await on_both(world)
    xmpp, matrix, carol, gateway = both.xmpp, both.matrix, both.carol, both.gateway
    code = await link(both)
    # One session on IRC, which both are shown the contact's words by.
    carol.send("PRIVMSG alice :hello you two")
    await xmpp.message(ON_XMPP, "^hello you two$")
    chat = await matrix.join(await matrix.invited(CAROL))
    await matrix.message(chat, "^hello you two$", CAROL)
    # What she says on one is shown on the other as her own, and the answer on both.
    mark = carol.mark()
    xmpp.say(ON_XMPP, "from XMPP")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :from XMPP$", mark)
    await matrix.message(chat, r"^\(from another client of yours\) from XMPP$")
    xmpp_mark = xmpp.mark()
    await matrix.say(chat, "from Matrix")
    await carol.expect(r"^:alice!\S+ PRIVMSG carol :from Matrix$", mark)
    # Prosody has not let the gateway speak for her, so that it says so (XEP-0356 is in the unit tests).
    await xmpp.message(ON_XMPP, r"^\(from another client of yours\) from Matrix$", after=xmpp_mark)
    xmpp_mark, matrix_mark = xmpp.mark(), matrix.mark()
    carol.send("PRIVMSG alice :to both")
    await xmpp.message(ON_XMPP, "^to both$", after=xmpp_mark)
    await matrix.message(chat, "^to both$", CAROL, matrix_mark)
    # A room of one is joined on the other.
    await carol.join("#lobby")
    mark = carol.mark()
    portal = await enter(matrix, carol)
    room = "#lobby@irc.localhost"
    xmpp.join(room, "alice")
    await xmpp.joined(room, "alice")
    await matrix.say(portal, "in the room, from Matrix")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :in the room, from Matrix$", mark)
    await xmpp.message(f"{room}/alice", "^in the room, from Matrix$")
    matrix_mark = matrix.mark()
    xmpp.say(room, "in the room, from XMPP", "groupchat")
    await carol.expect(r"^:alice!\S+ PRIVMSG #lobby :in the room, from XMPP$", mark)
    await matrix.message(portal, "in the room, from XMPP$", after=matrix_mark)
    require(len(carol.find_all(r"^:alice!\S+ JOIN ", mark)) == 1, "she came twice")
    # A code is good once; and the gateway may die as soon as it has said so.
    eve = await world.matrix_person(both.synapse, "eve")
    await ask(eve, await chat_with(eve, BOT), f"link {code}", "That code is not good")
    await gateway.kill_core()
    await gateway.start()
    await gateway.process.wait_log("connected to the server as ")
    answer = await wait_answer(lambda: ask(matrix, both.bot, "status", "."),
                               lambda a: "alice: connected" in a["content"]["body"], "the session to be there again")
    require("alice@localhost (xmpp)" in answer["content"]["body"], f"{answer['content']}")
    # Both addresses are shown what is said now.
    xmpp_mark, matrix_mark = xmpp.mark(), matrix.mark()
    xmpp.send_presence()
    await xmpp.presence(gateway.jid, "available", after=xmpp_mark)
    carol.send("PRIVMSG alice :after the crash")
    await xmpp.message(ON_XMPP, "^after the crash$", after=xmpp_mark)
    await matrix.message(chat, "^after the crash$", CAROL, matrix_mark)
    # Away with it: from now on Matrix has no account, and XMPP has all.
    await ask(matrix, both.bot, "unlink", "is no address of the account any more")
    await ask(matrix, both.bot, "status", "You are not logged in")
    require("matrix" not in await said(both, "status", "alice: connected"), "it is an address still")
    await said(both, "unlink", "the last address of your account")
    xmpp_mark, matrix_mark = xmpp.mark(), matrix.mark()
    carol.send("PRIVMSG alice :to one")
    await xmpp.message(ON_XMPP, "^to one$", after=xmpp_mark)
    require(not matrix.messages(chat, "^to one$", CAROL, matrix_mark), "it is shown on Matrix as well")
    await is_on_irc(carol, "alice")


async def scenario_two_accounts_are_not_merged(world):
    """An address with an account is refused until that is unregistered; link and its code are for the chat with the bot alone."""
    both = await on_both(world)
    matrix, bot = both.matrix, both.bot
    await ask(matrix, bot, "register alicia", "You are registered")
    code = re.search(r"link (\S+)", await said(both, "link", "show it to nobody"))[1]
    await ask(matrix, bot, f"link {code}", r"You have an account of your own here \(alicia\)")
    await is_on_irc(both.carol, "alicia")
    await ask(matrix, bot, "unregister", "You are unregistered")
    await is_on_irc(both.carol, "alicia", False)
    await ask(matrix, bot, f"link {code}", "This address belongs to your account now")
    hall = await matrix.create_room([BOT], name="A hall")
    await matrix.member(hall, BOT)
    bob = await world.matrix_person(both.synapse, "bob")
    await matrix.invite(hall, bob.id)
    await bob.join(hall)
    await ask(matrix, hall, "ircbot: link", "Not here: say that in a chat with me alone")
    # XMPP's may go, though the account began with it; and register anew, which is another account.
    await ask(matrix, bot, "unlink alice@localhost", "alice@localhost .xmpp. is no address of the account any more")
    await said(both, "status", "You are not logged in")
    await both.xmpp.register(both.gateway.jid, "alexandra")
    await is_on_irc(both.carol, "alexandra")
    await is_on_irc(both.carol, "alice")


async def scenario_administrators_name_people_of_each_frontend(world):
    """transportctl finds whom it is told to, on whichever frontend, and by any address of an account."""
    both = await on_both(world)
    gateway, carol, bot = both.gateway, both.carol, both.bot
    eve, room = await with_account(world, both.synapse, "eve")
    await is_on_irc(carol, "eve")
    require(await gateway.control("has_online_user", eve.id) == "1", "she is not here")
    await gateway.control("message", eve.id, "only for eve")
    await eve.message(room, "^only for eve$", BOT)
    xmpp_mark = both.xmpp.mark()
    require(await gateway.control("broadcast", "for all") == "Message sent to 2 users.", "somebody was left out")
    await eve.message(room, "^for all$", BOT)
    await both.xmpp.message(gateway.jid, "^for all$", after=xmpp_mark)
    await gateway.control("user_log_level", eve.id, "debug")
    require(await gateway.control("user_log_level", eve.id) == "debug", "her log level")
    await gateway.control("ban", eve.id, "Spam.")
    await eve.message(room, "You are banned from this gateway: Spam", BOT)
    await is_on_irc(carol, "eve", False)
    await is_on_irc(carol, "alice")
    await gateway.control("unban", eve.id)
    # The session began on XMPP; Matrix' address is one of the account.
    await link(both)
    mark = both.matrix.mark()
    await gateway.control("kick", both.matrix.id, "Too many rooms.")
    await both.matrix.message(bot, "You were logged out by an administrator: Too many rooms", BOT, mark)
    await is_on_irc(carol, "alice", False)


async def scenario_linked_on_slack(world):
    """The same commands in a DM with the app; in a channel link and unlink are about the channel, but for a code."""
    lobby = await tied(world, people=("egon", "dana"))
    slack, carol = lobby.slack, lobby.carol
    egon, dana = Asker(slack, lobby.egon), Asker(slack, lobby.dana)
    await dana.ask("login dana", "registered")
    await is_on_irc(carol, "dana")
    await dana.command("general", "link", "link needs a name behind it")
    code = re.search(r"link (\S+)", await dana.ask("link", "show it to nobody"))[1]
    # Behind the slash command nobody sees it.
    await egon.command("general", f"link {code}", "This address belongs to your account now")
    # (An administrator's status is the instance's.)
    await egon.ask("settings", rf"addresses: .*{slack.team.id}/{lobby.egon.id} \(slack\)")
    carol.send("PRIVMSG dana :hello both of you")
    for asker in (egon, dana):
        await slack.wait_for_text(asker.dm, "hello both of you")
    mark = carol.mark()
    lobby.egon.say("general", "in the same name")
    await carol.expect(r"^:dana!\S+ PRIVMSG #lobby :in the same name$", mark)
    await egon.ask("unlink", "is no address of the account any more")
    await egon.ask("contacts", "You are not logged in")
    await dana.ask("unlink", "the last address of your account")
    await dana.command("general", "list", "#lobby")
