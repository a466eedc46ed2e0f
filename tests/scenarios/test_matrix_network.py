# SPDX-License-Identifier: MIT
"""
The gateway between a real Synapse and a network that has words for everything, which says what a test wants
(harness/network.py). docs/matrix.md says what is promised.
"""
import asyncio
import itertools
from types import SimpleNamespace

from harness.http import FileServer, http_ask
from harness.namespace import enter
from harness.process import require, wait_answer, wait_until
from harness.synapse import client_packages
from test_files import ADDRESS
from test_matrix import PHOTO, alias, ask, ghost, redacts, with_account, witnessed
from test_matrix_clients import picture
from test_matrix_people import do, with_events
from test_slack import with_matrix
from test_slack_kinds import media_keys

PACKAGES = client_packages
CAROL = ghost("carol")


async def between(world, **keys):
    """alice in the portal of #lobby, where carol and bob are."""
    synapse = world.synapse_or_skip()
    gateway = world.gateway()
    network = await world.network(gateway)
    gateway.keys.update(keys)
    await gateway.appservice_of(synapse)
    await asyncio.gather(synapse.start(), gateway.start())
    alice, bot = await with_account(world, synapse, "alice")
    portal = await alice.join(alias("#lobby"))
    await network.joined("#lobby")
    await alice.wait_members(portal, lambda ids: CAROL in ids)
    return SimpleNamespace(synapse=synapse, gateway=gateway, network=network, alice=alice, bot=bot, portal=portal)


async def with_files(world, *names):
    """Beside that a server with files: [(URL, type)]."""
    enter(ADDRESS)
    stranger = FileServer(ADDRESS)
    world.started.append(stranger)
    await stranger.start()
    for name in names:
        stranger.files[f"/{name}"] = name.encode() * 100
    sides = await between(world, **media_keys(ADDRESS))
    sides.stranger = stranger
    return sides, [(stranger.url(f"/{name}"), "text/plain") for name in names]


async def are(person, room, since, wanted):
    """Waits until these are the messages that stand: bodies without those that were redacted, edits as what they made of it."""
    def standing():
        gone = {event.get("redacts") or event["content"].get("redacts") for event in person.find(room, "m.room.redaction")}
        bodies = {}
        for event in person.messages(room, None, CAROL, since):
            relation = event["content"].get("m.relates_to", {})
            if relation.get("rel_type") == "m.replace":
                bodies[relation["event_id"]] = event["content"]["m.new_content"]["body"]
            else:
                bodies[event["event_id"]] = event["content"]["body"]
        return [body for event, body in bodies.items() if event not in gone]
    try:
        await wait_until(lambda: standing() == wanted, f"{wanted}", 30)
    except Exception as problem:
        raise AssertionError(f"{standing()} instead of {wanted}") from problem


async def a_file_becomes_another(sides, files, mark):
    """What an edit makes a file of is that file, and what is said about it then is said about that."""
    network, alice, portal = sides.network, sides.alice, sides.portal

    def edit(text, *shared):
        network.say("#lobby", "carol", text, replaces=own, files=list(shared))
    own = network.say("#lobby", "carol", files[0][0], files=files[:1])
    await are(alice, portal, mark, ["one.txt"])
    edit(files[1][0], files[1])
    await are(alice, portal, mark, ["two.txt"])
    shown = [event["event_id"] for event in alice.messages(portal, "^two.txt$", CAROL, mark)][-1]
    network.say("#lobby", "carol", "+", reacts_to=own, reactions=["+"])
    await alice.event(portal, "m.reaction", CAROL, lambda event: event["content"]["m.relates_to"]["event_id"] == shown)
    # The same file once more is nothing new.
    edit(files[1][0], files[1])
    edit(files[0][0], *files)
    await are(alice, portal, mark, ["two.txt", "one.txt"])
    edit("words instead of them")
    await are(alice, portal, mark, ["words instead of them"])
    edit("other words")
    await are(alice, portal, mark, ["other words"])
    await alice.react(portal, alice.messages(portal, "^other words$", CAROL, mark)[-1]["event_id"], "+")
    await network.heard("the reaction", lambda said: said["reacts_to"] == own and said["reactions"] == ["+"])
    network.frames.clear()
    network.say("#lobby", "carol", "(takes back)", retracts=own)
    await are(alice, portal, mark, [])
    own = network.say("#lobby", "carol", "a text")
    await are(alice, portal, mark, ["a text"])
    edit(files[0][0], files[0])
    await are(alice, portal, mark, ["one.txt"])
    network.say("#lobby", "carol", "(takes back)", retracts=own)
    await are(alice, portal, mark, [])
    # Files that become a text are none any more, unless it says so; a text that is changed leaves its files.
    own = network.say("#lobby", "carol", files[0][0], files=files)
    await are(alice, portal, mark, ["one.txt", "two.txt"])
    edit("the wrong ones")
    await are(alice, portal, mark, ["the wrong ones"])
    network.say("#lobby", "carol", "(takes back)", retracts=own)
    await are(alice, portal, mark, [])
    own = network.say("#lobby", "carol", files[0][0], files=files)
    await are(alice, portal, mark, ["one.txt", "two.txt"])
    edit("this one", files[1])
    await are(alice, portal, mark, ["this one", "two.txt"])
    edit("that one")
    await are(alice, portal, mark, ["that one", "two.txt"])
    network.say("#lobby", "carol", "(takes back)", retracts=own)
    await are(alice, portal, mark, [])


async def scenario_a_message_of_several_events(world):
    """A text with files, or one that is too long for an event, is taken back as a whole; an edit touches the text only."""
    sides, files = await with_files(world, "one.txt", "two.txt")
    network, gateway, alice, portal = sides.network, sides.gateway, sides.alice, sides.portal
    mark = alice.mark()
    own = network.say("#lobby", "carol", "look at theese", files=files)
    # At once, while its files are on their way.
    gone = network.say("#lobby", "carol", "not for you", files=files)
    network.say("#lobby", "carol", "(takes back)", retracts=gone)
    await alice.message(portal, "^not for you$", CAROL)
    await are(alice, portal, mark, ["look at theese", "one.txt", "two.txt"])
    network.say("#lobby", "carol", "look at these", replaces=own)
    await are(alice, portal, mark, ["look at these", "one.txt", "two.txt"])
    # What is said about one of the files is said about the message.
    file = alice.messages(portal, "^two.txt$", CAROL, mark)[0]["event_id"]
    await alice.react(portal, file, "+")
    await network.heard("the reaction", lambda said: said["reacts_to"] == own and said["reactions"] == ["+"])
    await alice.reply(portal, file, "nice")
    await network.heard("the reply", lambda said: said["text"].endswith("nice") and said["reply_to"] == own)
    # Long ones: the rest of the text is anew with each edit.
    long = {letter: f"{letter * 59}\n" * 1000 for letter in "abc"}
    more = network.say("#lobby", "carol", long["a"])
    await wait_until(lambda: len(alice.messages(portal, "^a", CAROL, mark)) > 1, "its parts", 30)
    network.say("#lobby", "carol", long["b"], replaces=more)
    last = network.say("#lobby", "carol", "behind it")
    await alice.message(portal, "^behind it$", CAROL)
    network.say("#lobby", "carol", "short", replaces=more)
    await are(alice, portal, mark, ["look at these", "one.txt", "two.txt", "short", "behind it"])
    # After a crash as well.
    network.say("#lobby", "carol", long["c"], replaces=more)
    await wait_until(lambda: len(alice.messages(portal, "^c", CAROL, mark)) > 1, "its parts", 30)
    network.say("#lobby", "carol", "(takes back)", retracts=last)
    await alice.event(portal, "m.room.redaction", CAROL, redacts(alice.messages(portal, "^behind it$", CAROL)[0]["event_id"]))
    await gateway.kill_core()
    network.frames.clear()
    await gateway.start()
    await network.joined("#lobby")
    network.say("#lobby", "carol", "(takes back)", retracts=own)
    network.say("#lobby", "carol", "(takes back)", retracts=more)
    await are(alice, portal, mark, [])
    # The link alone: the file stands for the message.
    own = network.say("#lobby", "carol", files[0][0], files=files)
    await are(alice, portal, mark, ["one.txt", "two.txt"])
    network.say("#lobby", "carol", "(takes back)", retracts=own)
    await are(alice, portal, mark, [])
    await a_file_becomes_another(sides, files, mark)
    require(not [said for said in network.frames if said[0] == "CONV_MESSAGE"], f"{network.frames}")


async def scenario_killed_between_files(world):
    """An edit gives a text two files, and the core dies when one of them is there: the other comes, and each once."""
    sides, files = await with_files(world, "one.txt", "two.txt")
    network, gateway, alice, portal = sides.network, sides.gateway, sides.alice, sides.portal
    mark, gate = alice.mark(), asyncio.Event()
    own = network.say("#lobby", "carol", "files folow")
    await are(alice, portal, mark, ["files folow"])
    sides.stranger.gates["/two.txt"] = gate
    network.say("#lobby", "carol", "files follow", replaces=own, files=files)
    await are(alice, portal, mark, ["files follow", "one.txt"])
    await gateway.kill_core()
    gate.set()
    await gateway.start()
    await are(alice, portal, mark, ["files follow", "one.txt", "two.txt"])


async def scenario_threads(world):
    """A thread goes by its first message, on either side; a word that is none's is no thread."""
    sides = await between(world)
    network, alice, portal = sides.network, sides.alice, sides.portal

    async def shown(text, **more):
        own = network.say("#lobby", "carol", text, **more)
        return own, await alice.message(portal, f"^{text}$", CAROL)

    def relation(event):
        return event["content"].get("m.relates_to")
    root, first = await shown("lunch")
    answer, second = await shown("pizza", thread=root)
    require(relation(second) == {"rel_type": "m.thread", "event_id": first["event_id"], "is_falling_back": True,
                                 "m.in_reply_to": {"event_id": first["event_id"]}}, f"{second}")
    _, third = await shown("gladly", thread=root, reply_to=answer)
    require(relation(third) == {"rel_type": "m.thread", "event_id": first["event_id"], "is_falling_back": False,
                                "m.in_reply_to": {"event_id": second["event_id"]}}, f"{third}")
    _, beside = await shown("beside it", thread="a-word-of-some-client")
    require(relation(beside) is None, f"{beside}")
    # From here into the same thread, and into one of her own, which the network goes on with; also after a crash.
    await alice.reply_in_thread(portal, first["event_id"], "me too")
    await network.heard("the answer", lambda said: said["text"].endswith("me too") and said["thread"] == root)
    mine = await alice.say(portal, "dinner")
    await network.heard("her own", lambda said: said["text"] == "dinner")
    await shown("behind the name that the network gives it")
    await sides.gateway.kill_core()
    network.frames.clear()
    await sides.gateway.start()
    await network.joined("#lobby")
    await alice.reply_in_thread(portal, mine, "at eight")
    said = await network.heard("the thread", lambda said: said["text"].endswith("at eight"))
    require(said["thread"] == "net-2", f"{said}")
    _, late = await shown("fine", thread=said["thread"])
    require(relation(late)["rel_type"] == "m.thread" and relation(late)["event_id"] == mine, f"{late}")


async def scenario_what_has_arrived_is_marked(world):
    """Where the network says so, and for whoever wants it; not as a reaction of the contact's."""
    _, gateway, alice, bot, chats = await with_events(world, "bob")
    bob, witness = chats["bob"], chats["witness"]

    async def arrives(text):
        """What she has said, and whether the network was asked to tell that it has arrived; it tells."""
        event = await alice.say(bob, text)
        got = await witnessed(alice, witness, "CONV_MESSAGE", lambda fields: fields["3"] == [text])
        await do(alice, chats, ["CONV_MESSAGE_ACK", {1: "USER", 2: "bob", 3: "", 8: event}])
        return event, got

    async def is_marked(event):
        return await alice.event(bob, "m.reaction", ghost("bob"),
                                 lambda found: found["content"]["m.relates_to"]["event_id"] == event)
    _, got = await arrives("one")
    require("8" not in got, f"asked for by {got}")
    await ask(alice, bot, "settings delivery on", ".")
    event, got = await arrives("two")
    require(got["8"] == [event], f"asked for by {got}")
    mark = await is_marked(event)
    require(mark["content"]["m.relates_to"] == {"rel_type": "m.annotation", "event_id": event, "key": "\u2713"}, f"{mark}")
    # What bob puts on it and takes back leaves the mark alone.
    own = got["1000"][0]
    for number, keys in enumerate((["+"], [])):
        await do(alice, chats, ["CONV_MESSAGE", {1: "USER", 2: "bob", 3: "", 1000: f"n{number}", 1005: own, 1006: keys}])
    plus = await alice.event(bob, "m.reaction", ghost("bob"), lambda found: found["content"]["m.relates_to"]["key"] == "+")
    await alice.event(bob, "m.room.redaction", where=redacts(plus["event_id"]))
    # What is about something that was said is not asked about.
    await alice.edit(bob, event, "two!")
    got = await witnessed(alice, witness, "CONV_MESSAGE", lambda fields: fields["3"] == ["two!"])
    require("8" not in got, f"asked for by {got}")
    event, _ = await arrives("four")
    await is_marked(event)
    await gateway.kill_core()
    await gateway.start()
    event, _ = await arrives("five")
    await is_marked(event)
    marks = alice.find(bob, "m.reaction", ghost("bob"), lambda found: found["content"]["m.relates_to"]["key"] == "\u2713")
    require(len(marks) == 3, f"{marks}")
    require(not alice.find(bob, "m.room.redaction", where=redacts(marks[0]["event_id"])), "the mark was taken back")


# ----------------------------------------------------------------------------------------------------- and Slack beside it


async def scenario_faces_of_matrix_in_slack(world):
    """Who speaks on Matrix has his picture in Slack, with an account or without one; an edit in Slack leaves the files."""
    hall = await with_matrix(world, **media_keys())
    slack, alice, portal, gateway = hall.slack, hall.alice, hall.portal, hall.gateway
    bob = await world.matrix_person(hall.synapse, "bob")
    await bob.join(portal)
    await ask(alice, portal, "relay on", ".")
    faces, count = {}, itertools.count()

    async def put_on(person, pixels):
        faces[person] = picture(*pixels)
        await person.set_avatar(await person.upload(faces[person], "image/png", "me.png"))

    async def seen(person):
        """The URL of the picture beside something that is said now, if it is the right one."""
        text = f"{person.name} {next(count)}"
        await person.say(portal, text)
        url = (await slack.wait_for_text("general", text, person.name)).get("icons", {}).get("image_72")
        if url:
            status, head, content = await http_ask("GET", url)
            require(status == 200 and "image/png" in head, f"{url}: {status} {head}")
            require(url.startswith(gateway.keys["media.public_url"]), f"{url}")
        return url if url and content == faces[person] else None

    async def seen_twice(person):
        return [await seen(person), await seen(person)]
    for person, pixels in ((alice, (3, 2)), (bob, (2, 3)), (alice, (5, 5))):
        await put_on(person, pixels)
        await wait_answer(lambda: seen(person), bool, f"{person.name} with a picture")  # noqa: B023 - ends in this turn
        # From then on it is always the same address.
        await wait_answer(lambda: seen_twice(person), lambda urls: urls[0] == urls[1], "one address")  # noqa: B023
    # A picture in formatted text is one in Slack, and an address elsewhere; an emoji of Matrix is its name.
    mark = hall.carol.mark()
    view = await alice.upload(picture(7, 7), "image/png", "view.png")
    await alice.say(portal, "fallback", f"so <img data-mx-emoticon src='{view}' alt=':so:'> look <img src='{view}' alt='a view'>")
    await hall.carol.expect(r"^:alice!\S+ PRIVMSG #lobby :so :so: look a view http\S+/media/mxc/\S+$", mark)
    await slack.wait_for_text("general", "so :so: look a view", alice.name)

    def files():
        return [slack.team.files[one["id"]].content for message in slack.posted("general") for one in message.get("files", [])
                if message.get("username") == alice.name]
    await wait_until(lambda: files() == [picture(7, 7)], "the view in Slack")
    # The text of a message of Slack with a file is changed.
    ts, _ = hall.egon.upload("general", "cat.png", PHOTO, "see my cta")
    first = await alice.message(portal, "^see my cta$")
    file = await alice.message(portal, "^cat.png$")
    hall.egon.edit("general", ts, "see my cat")
    edit = await alice.message(portal, r"^\* see my cat$")
    require(edit["content"]["m.relates_to"]["event_id"] == first["event_id"], f"{edit}")
    hall.egon.delete("general", ts)
    for event in (first, file):
        await alice.event(portal, "m.room.redaction", where=redacts(event["event_id"]))
    require(len(alice.messages(portal, "cat.png")) == 1, f"{alice.texts(portal)}")
