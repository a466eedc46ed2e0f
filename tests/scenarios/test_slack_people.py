# SPDX-License-Identifier: MIT
"""People: contacts of somebody with an account and the threads that stand for them, other names and pictures, calling everybody."""
import asyncio
import os
import re

from harness.http import FileServer
from harness.namespace import enter
from harness.process import require
from test_files import ADDRESS
from test_matrix import fetch
from test_slack import irc_hears, tied, until
from test_slack_kinds import between, media_keys

AWAY, NONE = 1, 5  # status of a contact, as the backend protocol numbers them


async def logged_in(world, **keys):
    """between, with an account of egon's own: (sides, what the network calls it)."""
    sides = await between(world, **keys)
    await sides.asker.ask("login egon", "registered")
    account = await sides.network.account("egon")
    await until(lambda: "You are connected to the network." in sides.asker.heard(), "egon's session")
    return sides, account


async def scenario_contacts(world):
    """Contacts by commands: requests that are answered, presence on request, added, called otherwise, removed."""
    sides, account = await logged_in(world, **{"service.enable_remove_buddy": "1"})
    network, asker, slack = sides.network, sides.asker, sides.slack

    async def ask(line, answer):
        """Behind the slash command, as Slack takes one message a second into a chat."""
        return await asker.command("general", line, answer)
    await ask("contacts", "You have no contacts")
    await ask("presence carol", "There is no such contact")
    # Somebody asks: the person is told in the chat, and the list says it, too.
    network.tell("AUTH_REQUEST", account, {2: "carol"})
    await until(lambda: any(re.search("carol asks to see when you are there. Say: accept carol", text)
                            for text in asker.heard()), "the request")
    await ask("contacts", "carol asks to see when you are there")
    mark = len(network.frames)
    await ask("accept carol", "carol may see when you are there")
    await network.sent("BUDDY_CHANGED", lambda fields: fields[2] == ["carol"], mark)
    await ask("accept carol", "carol has not asked for anything")
    network.tell("BUDDY_CHANGED", account, {2: "carol", 3: "Carol C.", 5: AWAY, 6: "at <lunch>"})
    for _ in range(50):
        text = await ask("presence carol", "^carol is ")
        if text != "carol is offline":
            break
    require(text == "carol is away: at &lt;lunch&gt;", text)
    await asker.ask("presence carol", "^carol is away: at <lunch>$")
    await ask("contacts", r"carol \(Carol C\.\): there")
    network.tell("BUDDY_CHANGED", account, {2: "carol", 3: "Carol C.", 5: NONE})
    for _ in range(50):
        text = await ask("presence carol", "^carol is ")
        if text == "carol is offline":
            break
    require(text == "carol is offline", text)
    # No is an answer as well.
    network.tell("AUTH_REQUEST", account, {2: "dave d"})
    await until(lambda: any("accept \"dave d\"" in text for text in asker.heard()), "the second request")
    mark = len(network.frames)
    await ask('refuse "dave d"', "dave d is refused")
    await network.sent("BUDDY_REMOVED", lambda fields: fields[2] == ["dave d"], mark)
    # Added, called otherwise, removed.
    mark = len(network.frames)
    await ask("add erin Erin", "erin is among your contacts")
    await network.sent("BUDDY_CHANGED", lambda fields: fields[2] == ["erin"] and fields[3] == ["Erin"], mark)
    await ask("contacts", r"erin \(Erin\)")
    await ask("remove erin", "erin is not among your contacts any more")
    await network.sent("BUDDY_REMOVED", lambda fields: fields[2] == ["erin"], mark)
    text = await ask("contacts", "carol")
    require("erin" not in text and "dave" not in text, text)
    # What is missing is asked for.
    await asker.ask("add", "(?i)name")
    await asker.ask("frank", "frank is among your contacts")
    require(all("carol" not in m["text"] for m in slack.posted("general")), f"{slack.posted('general')}")


async def scenario_chat_thread(world):
    """In the thread that stands for a contact: edits, deletions, files and reactions, both ways."""
    enter(ADDRESS)
    stranger = FileServer(ADDRESS)
    world.started.append(stranger)
    await stranger.start()
    sides, account = await logged_in(world, **media_keys(ADDRESS))
    network, slack, egon, dm = sides.network, sides.slack, sides.egon, sides.asker.dm
    slack.add_emoji(slack.team, "bowtie")

    def write(text, **more):
        return network.write(account, "carol", text, **more)

    def stands(ts):
        return next((message for message in slack.messages(dm) if message["ts"] == ts), None)

    async def heard(what, where):
        said = await network.heard(what, lambda said: said["to"] == "carol" and where(said))
        require(said["who"] == account, f"said by {said}")
        return said
    # To Slack.
    own = write("psst :bowtie:")
    message = await slack.wait_for_text(dm, "psst :bowtie:", "carol")
    thread, ts = message["thread_ts"], message["ts"]
    write("psst!", replaces=own)
    await until(lambda: stands(ts)["text"] == "psst!", f"the edit of {stands(ts)}")
    stranger.files["/a%20note.txt"] = b"a note" * 50
    write("look", files=[(stranger.url("/a%20note.txt"), "text/plain")])
    post = await slack.wait_for_message(dm, lambda m: m.get("files"))
    require(post.get("thread_ts") == thread and slack.team.files[post["files"][0]["id"]].content == b"a note" * 50, f"{post}")
    gone = write("a slip")
    slip = (await slack.wait_for_text(dm, "a slip", "carol"))["ts"]
    write("(takes back: a slip)", retracts=gone)
    await until(lambda: not stands(slip), "it to be gone")
    # From Slack.
    first = egon.say(dm, "at eno :bowtie:", thread=thread)
    said = await heard("a message", lambda one: one["text"] == "at eno :bowtie:")
    egon.edit(dm, first, "at one")
    await heard("its edit", lambda one: one["text"].endswith("at one") and one["replaces"] == said["id"])
    write("\U0001f44d:bowtie:", reacts_to=said["id"], reactions=["\U0001f44d\U0001f3fd", ":bowtie:"])

    def reactions():
        return {one["name"] for one in stands(first).get("reactions", [])}
    await until(lambda: reactions() == {"+1::skin-tone-4", "bowtie"}, f"both reactions, not {reactions()}")
    write("(none)", reacts_to=said["id"])
    await until(lambda: not reactions(), f"none of them, not {reactions()}")
    egon.react(dm, ts, "bowtie")
    await heard("a reaction", lambda one: one["reacts_to"] == own and one["reactions"] == [":bowtie:"])
    egon.unreact(dm, ts, "bowtie")
    await heard("none of it", lambda one: one["reacts_to"] == own and one["reactions"] in ([], [""]) and "takes back" in one["text"])
    content = os.urandom(3000)
    egon.upload(dm, "noise.bin", content, "listen", thread=thread)
    filed = await heard("a file", lambda one: one["text"].startswith("listen") and "noise.bin" in one["text"])
    url = re.search(r"http://\S+", filed["text"])[0]
    require((await asyncio.to_thread(fetch, url))[0] == content, f"{url} is another file")
    egon.delete(dm, first)
    await heard("the deletion", lambda one: one["retracts"] == said["id"])
    egon.me(dm, "waves")  # outside of the thread it is for the bot
    await until(lambda: any("Unknown variable or command" in text for text in sides.asker.heard()), "the bot's answer")
    write("the end")
    last = await slack.wait_for_text(dm, "the end", "carol")
    require(last["thread_ts"] == thread, f"{last}")
    require(all(one["thread_ts"] == thread for one in slack.posted(dm) if one.get("username") == "carol"), "another thread")


async def scenario_another_name(world):
    """Who calls himself otherwise is shown so from the next message on, and is called by that name."""
    lobby = await tied(world)
    slack, egon, carol = lobby.slack, lobby.egon, lobby.carol
    egon.say("general", "as ever")
    await irc_hears(carol, "bridge", "<Egon> as ever")
    egon.change(display_name="Professor")
    egon.say("general", "as another")
    await irc_hears(carol, "bridge", "<Professor> as another")
    carol.send("PRIVMSG #lobby :Professor: look")
    await slack.wait_for_text("general", f"<@{egon.id}>: look", "carol")
    carol.send("PRIVMSG #lobby :Egon: look")
    await slack.wait_for_text("general", "Egon: look", "carol")
    # Without one of his own choice the full name is shown.
    egon.change(display_name="", real_name="Egon S.")
    egon.say("general", f"<@{egon.id}> is me")
    await irc_hears(carol, "bridge", r"<Egon S\.> @Egon S\. is me")


LOUD = ("<!channel>", "<!here|here>", "<!everyone>", "<!subteam^S0AAAAAAA>", "<!subteam^S0AAAAAAA|@team>", "@channel", "@here",
        "@everyone", "<@U0AAAAAAA>", "&lt;!channel&gt;")
TOKEN = re.compile(r"<[!@]")


async def scenario_nobody_is_called(world):
    """Whatever somebody of the network says, and wherever: it calls neither everybody nor a group."""
    enter(ADDRESS)
    stranger = FileServer(ADDRESS)
    world.started.append(stranger)
    await stranger.start()
    sides = await between(world, **media_keys(ADDRESS), **{"slack.show_joins": "1"})
    slack, network = sides.slack, sides.network
    await sides.asker.ask("login egon", "registered")
    account = await sides.network.account("egon")
    bridge = await network.account("bridge")
    calls = len(slack.calls)
    plain = " ".join(LOUD)
    own = network.say("#lobby", "carol", plain)
    escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    await slack.wait_for_text("general", escaped, "carol")
    network.say("#lobby", "carol", f"edited {plain}", replaces=own)
    await slack.wait_for_text("general", f"edited {escaped}", "carol")
    # Marked up: as text, in code, as what a link shows and where it leads.
    inner = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    markup = (f"<body xmlns='http://www.w3.org/1999/xhtml'><p><b>{inner}</b> <code>{inner}</code> "
              f"<a href='https://example.org/&lt;!channel&gt;'>&lt;!here&gt;</a> "
              f"<a href='!channel'>all</a> <a href='mailto:!here'>all</a> &lt;<i>!channel</i>&gt;</p>"
              f"<blockquote>{inner}</blockquote><pre>{inner}</pre></body>")
    network.say("#lobby", "carol", f"marked {plain}", xhtml=markup)
    network.say("#lobby", "carol", f"a reply {plain}", reply_to="elsewhere", reply_text=plain, reply_author="<!channel>")
    network.say("#lobby", "<!channel>", "by such a name")
    network.say("#lobby", "carol", f"/me {plain}")
    network.say("#lobby", "carol", "\n".join([plain] * 60))
    network.say("#lobby", "carol", "https://example.org/<!channel> https://example.org/|<!here>")
    path = "/%3C!channel%3E%20@here.txt"
    stranger.files[path] = b"x" * 100
    network.say("#lobby", "carol", "<!here>", files=[(stranger.url(path), "text/plain")])
    await slack.wait_for_message("general", lambda m: m.get("files"))
    # One that cannot be fetched is a link under its name.
    network.say("#lobby", "carol", "gone", files=[(stranger.url("/%3C!here%3E.txt"), "text/plain")])
    network.tell("ROOM_SUBJECT_CHANGED", bridge, {2: "#lobby", 3: f"topic {plain}", 4: "carol"})
    topic = (await slack.wait_for_call("conversations.setTopic", after=calls)).arguments["topic"]
    require(topic == f"topic {escaped}", topic)
    slack.faults.plan("error", "conversations.setTopic", error="user_is_restricted")
    network.tell("ROOM_SUBJECT_CHANGED", bridge, {2: "#lobby", 3: f"another {plain}", 4: "carol"})
    await slack.wait_for_message("general", lambda m: "The topic of #lobby is: another" in m["text"])
    network.tell("PARTICIPANT_CHANGED", bridge, {2: "#lobby", 3: "<!everyone>", 4: 0, 5: 0, 9: "<!everyone>"})
    await slack.wait_for_message("general", lambda m: "&lt;!everyone&gt; has come into" in m["text"])
    # Alone with somebody: it is a DM, and a thread whose first message names the contact.
    network.write(account, "<!channel>", plain)
    await slack.wait_for_message(sides.asker.dm, lambda m: m["text"] == escaped)
    network.tell("AUTH_REQUEST", account, {2: "<!here>"})
    await until(lambda: any("<!here> asks" in text for text in sides.asker.heard()), "the request")
    network.say("#lobby", "carol", "the end")
    await slack.wait_for_text("general", "the end", "carol")
    for name in ("general", sides.asker.dm):
        require(not slack.team.channel(name).pings, f"everybody is called: {slack.team.channel(name).pings}")
    for call in slack.calls[calls:]:
        for key in ("text", "topic", "initial_comment", "blocks", "attachments"):
            value = call.arguments.get(key, "")
            found = [one for one in re.findall(r"<[!@][^>]*>", value) if one != f"<@{sides.egon.id}>"]
            require(not found, f"{call.name} has {key} {value}")
        require(call.arguments.get("link_names", "false") == "false" and call.arguments.get("parse", "none") == "none",
                f"{call.name} {call.arguments}")
