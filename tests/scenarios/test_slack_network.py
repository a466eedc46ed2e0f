# SPDX-License-Identifier: MIT
"""The gateway between Slack and a network that has words for everything, which says what a test wants (harness/network.py)."""

from harness.http import FileServer
from harness.namespace import enter
from harness.process import require, wait_answer, wait_until
from test_files import ADDRESS
from test_slack_kinds import between, media_keys
from test_slack_several import dead_letters

THUMB, PARTY = "\U0001f44d", "\U0001f389"


async def until(good, what, timeout=30.0):
    return await wait_until(good, what, timeout)


class Reactions:
    """On a message that carol has said."""

    def __init__(self, sides, own, ts):
        self.sides = sides
        self.own = own
        self.ts = ts

    @classmethod
    async def on(cls, sides, text):
        own = sides.network.say("#lobby", "carol", text)
        return cls(sides, own, (await sides.slack.wait_for_text("general", text, "carol"))["ts"])

    def react(self, who, *emoji):
        """Those that somebody of the network has on it now."""
        self.sides.network.say("#lobby", who, "".join(emoji) or "(none)", reacts_to=self.own, reactions=list(emoji))

    def stand(self):
        """emoji -> those who have it, as Slack has it: the bot is called us."""
        slack = self.sides.slack
        message = next(one for one in slack.messages("general") if one["ts"] == self.ts)
        names = {slack.bot.bot_user.id: "us", self.sides.egon.id: "egon"}
        return {one["name"]: {names[user] for user in one["users"]} for one in message.get("reactions", [])}

    async def are(self, **wanted):
        wanted = {name.replace("thumb", "+1"): set(who.split()) for name, who in wanted.items()}
        await until(lambda: self.stand() == wanted, f"{wanted} instead of {self.stand()}")

    async def egon_reacts(self, name, added=True):
        before = len(self.sides.network.frames)
        (self.sides.egon.react if added else self.sides.egon.unreact)("general", self.ts, name)
        await until(lambda: any(kind == "CONV_MESSAGE" for kind, _ in self.sides.network.frames[before:]),
                    "egon's reaction on the network")


async def scenario_reactions_beside_slacks_own(world):
    """What people of Slack have put on a message themselves is another matter than what the bot has."""
    sides = await between(world)
    # egon is first, then somebody of the network.
    one = await Reactions.on(sides, "first")
    await one.egon_reacts("+1")
    one.react("bob", THUMB)
    await one.are(thumb="egon us")
    one.react("bob")
    await one.are(thumb="egon")
    # The other way round.
    two = await Reactions.on(sides, "second")
    two.react("bob", THUMB)
    await two.are(thumb="us")
    await two.egon_reacts("+1")
    two.react("bob")
    await two.are(thumb="egon")
    # Two of the network are one at Slack, until both have taken it back.
    three = await Reactions.on(sides, "third")
    three.react("bob", THUMB, PARTY)
    three.react("carol", THUMB)
    three.react("bob", PARTY)
    three.react("dave", PARTY)
    three.react("bob")
    await three.are(thumb="us", tada="us")
    three.react("carol")
    three.react("dave")
    await three.are()
    refused = [call.answer for call in sides.slack.calls if call.name.startswith("reactions.")
               and call.answer.get("error") not in (None, "already_reacted")]
    require(not refused, f"{refused}")


async def scenario_reactions_outlive_the_process(world):
    """What was put on before the gateway was killed is taken off again."""
    sides = await between(world)
    message = await Reactions.on(sides, "still here")
    message.react("bob", THUMB, PARTY)
    message.react("carol", THUMB)
    await message.are(thumb="us", tada="us")
    # Its answer is under way when the process dies.
    sides.slack.faults.plan("late", "reactions.remove", seconds=5)
    message.react("bob", THUMB)
    await message.are(thumb="us")
    await sides.gateway.kill_core()
    sides.network.frames.clear()
    await sides.gateway.start()
    await sides.slack.wait_connected()
    await sides.network.joined("#lobby")
    message.react("bob")
    message.react("dave", PARTY)
    await message.are(thumb="us", tada="us")
    message.react("carol")
    await message.are(tada="us")
    message.react("dave")
    await message.are()


async def scenario_text_with_files_taken_back(world):
    """A message with a text and files is gone as a whole."""
    enter(ADDRESS)
    stranger = FileServer(ADDRESS)
    world.started.append(stranger)
    await stranger.start()
    sides = await between(world, **media_keys(ADDRESS))
    slack, network = sides.slack, sides.network
    files = []
    for name in ("one.txt", "two.txt"):
        stranger.files[f"/{name}"] = name.encode() * 100
        files.append((stranger.url(f"/{name}"), "text/plain"))

    def shown():
        return [message for message in slack.posted("general") if message.get("username") == "carol"]

    def is_whole():
        return len(shown()) == 3 and len([message for message in shown() if message.get("files")]) == 2
    for text in ("look at these", ""):
        own = network.say("#lobby", "carol", text or files[0][0], files=files)
        await until(is_whole if text else lambda: len(shown()) == 2, f"all of it, {shown()}")
        network.say("#lobby", "carol", "(takes back)", retracts=own)
        await until(lambda: not shown(), f"nothing, {shown()}")
    # A correction of the text leaves the files.
    own = network.say("#lobby", "carol", "look at theese", files=files)
    await until(is_whole, f"all of it, {shown()}")
    network.say("#lobby", "carol", "look at these", replaces=own)
    await slack.wait_for_text("general", "look at these", "carol")
    network.say("#lobby", "carol", "behind it")
    await slack.wait_for_text("general", "behind it", "carol")
    require(len([message for message in shown() if message.get("files")]) == 2, f"{shown()}")
    # Events about a bot's file may name nobody; none of it comes back all the same.
    await slack.wait_acknowledged()
    sides.egon.say("general", "from Slack")
    await network.heard("egon", lambda said: said["text"] == "<Egon> from Slack" or said["text"] == "from Slack")
    back = [fields for kind, fields in network.frames if kind == "CONV_MESSAGE"]
    require(len(back) == 1, f"{back}")


async def scenario_said_about_at_once(world):
    """What is said about a message at once, on either side, while Slack's answer to it is late."""
    sides = await between(world)
    slack, egon, network = sides.slack, sides.egon, sides.network
    slack.faults.event_first = True

    async def late(text):
        slack.faults.plan("late", "chat.postMessage", seconds=1.2)
        own = network.say("#lobby", "carol", text)
        return own, (await slack.wait_for_text("general", text, "carol"))["ts"]
    own, ts = await late("at tow")
    network.say("#lobby", "carol", "at two", replaces=own)
    network.say("#lobby", "bob", THUMB, reacts_to=own, reactions=[THUMB])
    message = await slack.wait_for_text("general", "at two", "carol")
    require(message["ts"] == ts, f"{message}")
    await Reactions(sides, own, ts).are(thumb="us")

    own, ts = await late("look")
    egon.react("general", ts, "tada")
    egon.say("general", "below it", thread=ts)
    await network.heard("the reaction", lambda said: said["reacts_to"] == own and said["reactions"] == [PARTY])
    await network.heard("the reply", lambda said: said["text"].endswith("below it") and own in (said["thread"], said["reply_to"]))
    own, ts = await late("gone soon")
    network.say("#lobby", "carol", "(takes back)", retracts=own)
    await until(lambda: not [one for one in slack.messages("general") if one["ts"] == ts], "the message to be gone")
    shown = [one["text"] for one in slack.posted("general") if one.get("username") == "carol"]
    require(shown == ["at two", "look"], f"{shown}")


async def scenario_pieces_of_a_refused_file(world):
    """A long text that Slack does not take as a file is said in pieces; what it had of them is not said again by a later try,
    of this process or another."""
    sides = await between(world)
    slack, network, gateway = sides.slack, sides.network, sides.gateway
    channel = slack.team.channel("general")
    slack.faults.plan("late", "chat.postMessage", times=1000, seconds=0.5)

    def said(word):
        return [message["text"] for message in slack.posted("general")
                if message.get("username") == "carol" and message["text"].startswith(word)]

    async def begin(word):
        """Until the beginning is there, and the first of two pieces."""
        lines = [f"{word} {number:04} of a text that is long" for number in range(1500)]
        slack.faults.plan("error", "files.getUploadURLExternal", times=2, error="file_uploads_disabled")
        network.say("#lobby", "carol", "\n".join(lines))
        await until(lambda: len(said(word)) == 2, "the first piece")
        return lines

    async def is_whole(word, lines):
        await until(lambda: len(said(word)) == 3, f"the last piece of {len(said(word))}")
        network.say("#lobby", "carol", f"behind {word}")
        await slack.wait_for_text("general", f"behind {word}", "carol")
        found = "\n".join(said(word)).split("\n")
        require(found == lines, f"{len(found)} of {len(lines)} lines, {len(said(word))} messages")
    lines = await begin("refused")
    channel.restriction = "restricted_action"
    row, = await wait_answer(lambda: dead_letters(gateway), len, "a dead letter")
    channel.restriction = None
    await gateway.control("spool_retry", str(row["number"]))
    await is_whole("refused", lines)
    lines = await begin("killed")
    await gateway.kill_core()
    await gateway.start()
    await slack.wait_connected()
    await network.joined("#lobby")
    await is_whole("killed", lines)


async def scenario_pictures_in_markup(world):
    """A picture of the network's markup is a picture in Slack; an emoji among words is its name."""
    enter(ADDRESS)
    from testslack.server import picture
    sides = await between(world, **media_keys(ADDRESS))
    slack, network = sides.slack, sides.network
    stranger = FileServer(ADDRESS)
    world.started.append(stranger)
    await stranger.start()
    stranger.files |= {"/cat.png": picture("cat"), "/dog.png": picture("dog")}

    def files():
        return [slack.team.files[one["id"]].content for message in slack.posted("general") for one in message.get("files", [])]
    network.say("#lobby", "carol", "", xhtml=f"<img src='{stranger.url('/cat.png')}'/>")
    await until(lambda: files() == [picture("cat")], "the cat")
    cat, dog = stranger.url("/cat.png"), stranger.url("/dog.png")
    network.say("#lobby", "carol", "well :done: see", xhtml=f"well <img src='{cat}' alt=':done:'/> see <img src='{dog}' alt='a dog'/>")
    await slack.wait_for_text("general", "well :done: see a dog", "carol")
    await until(lambda: files() == [picture("cat"), picture("dog")], "the dog")
    network.say("#lobby", "carol", "", xhtml="<b>bold</b> and no more")
    await slack.wait_for_text("general", "*bold* and no more", "carol")
    shown = [one["text"] for one in slack.posted("general") if one.get("username") == "carol" and one["text"]]
    require(shown == ["well :done: see a dog", "*bold* and no more"], f"{shown}")
