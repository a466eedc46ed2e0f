# SPDX-License-Identifier: MIT
"""
Files between a network that has them and Matrix, with a real Synapse: what a backend sends as attachments is media of the
homeserver, with what is known of it, byte by byte the same. The network's files are in a network namespace of the scenario's own,
at an address that counts as public.
"""
import json
import os
import re
import struct
import zlib

from harness import valgrind
from harness.http import FileServer, http_ask
from harness.namespace import enter
from harness.process import Unavailable, free_port, require, wait_until
from harness.synapse import client_packages
from test_matrix import CAROL, alias, appservice_with, chat_with, ghost, in_the_lobby, witnessed, with_account

PACKAGES = client_packages
ADDRESS = "5.5.5.5"


def picture(width, height):
    """A PNG: a gradient."""
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in (255 * x // width, 255 * y // height, 160))
                    for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


async def with_files(world, build=None):
    """Synapse with a network of everything, and a stranger's server whose files the gateway may fetch: (synapse, server,
    gateway)."""
    enter(ADDRESS)
    stranger = FileServer(ADDRESS)
    world.started.append(stranger)
    await stranger.start()
    port = free_port()
    synapse, gateway = await appservice_with(world, "steps", build=build, **{"media.host": ADDRESS, "media.port": port,
                                                          "media.public_url": f"http://{ADDRESS}:{port}"})
    return synapse, stranger, gateway


async def network(person, control, *messages):
    """Has the network say these in #hall, or where they say: fields of a CONV_MESSAGE."""
    await person.say(control, json.dumps([["CONV_MESSAGE", {1: "USER", 2: "#hall", **fields}] for fields in messages]))


# What the network calls it (path, type), the file, and what it has to be in Matrix.
FILES = (
    ("/the%20pot.png", "image/png", picture(240, 120), "m.image", "image/png", {"w": 240, "h": 120}),
    ("/a/song.ogg", "audio/ogg", b"OggS\0\2" + bytes(22) + b"OpusHead" + bytes(range(256)) * 20, "m.audio", "audio/ogg", {}),
    ("/clip.mp4", "video/mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(5000), "m.video", "video/mp4", {}),
    ("/paper.pdf", "application/pdf", b"%PDF-1.4\n" + bytes(range(256)) * 10, "m.file", "application/pdf", {}),
    ("/letter.docx", "application/msword", b"PK\3\4" + bytes(range(255, -1, -1)) * 300, "m.file", "application/msword", {}),
    # Whoever says that a page is a picture is not believed.
    ("/page.html", "image/png", b"<html><script>alert(1)</script></html>", "m.file", "text/plain", {}),
    ("/no-name", None, picture(3, 2), "m.image", "image/png", {"w": 3, "h": 2}),
)


async def is_file(person, event, path, content, kind, mime, size):
    """The event shows this file, and the homeserver has it."""
    said = event["content"]
    name = path.rpartition("/")[2].replace("%20", " ")
    require(said["msgtype"] == kind and said.get("filename", said["body"]) == name, f"{path} comes as {said}")
    require(said["info"] == {"mimetype": mime, "size": len(content), **size}, f"{path} comes as {said}")
    require(re.fullmatch(r"mxc://localhost/\w+", said["url"]), f"{path} comes as {said}")
    require(await person.download(said["url"]) == content, f"the homeserver has another file for {path}")


async def scenario_files_of_the_network(world):
    """Of each kind, in a portal and in a chat, as the network's attachments; with a caption; and what cannot be had."""
    synapse, stranger, _ = await with_files(world)
    alice, _ = await with_account(world, synapse, "alice")
    control = await chat_with(alice, ghost("control"))
    chat = await chat_with(alice, CAROL)
    portal = await alice.join(alias("#hall"))
    stranger.files.update({path: content for path, _, content, *_ in FILES})
    for room, where in ((portal, {4: "carol"}), (chat, {2: "carol"})):
        mark = alice.mark()
        await network(alice, control, *[{3: "", 11: [{1: stranger.url(path), 2: claimed}], **where}
                                        for path, claimed, *_ in FILES], {3: "that was all", **where})
        await alice.message(room, "^that was all$", CAROL, mark, timeout=60)
        events = alice.messages(room, None, CAROL, mark)
        require(len(events) == len(FILES) + 1, f"of {len(FILES)} files came {[event['content'] for event in events]}")
        for event, (path, _, content, *wanted) in zip(events, FILES):
            await is_file(alice, event, path, content, *wanted)
    # Words about it are its caption where the network says so, and stand before it where not.
    mark = alice.mark()
    path, _, content, *wanted = FILES[0]
    url = stranger.url(path)
    await network(alice, control, {3: f"the pot: {url}", 4: "carol", 11: [{1: url, 2: "image/png", 3: "the pot"}]},
                  {3: f"look at this\n{url}", 4: "carol", 11: [{1: url}]},
                  {3: "", 4: "carol", 11: [{1: stranger.url("/gone.png"), 2: "image/png"}]}, {3: "the end", 4: "carol"})
    await alice.message(portal, "^the end$", CAROL, mark)
    captioned, words, bare, gone, _ = alice.messages(portal, None, CAROL, mark)
    require(captioned["content"]["body"] == "the pot", f"the caption is not there: {captioned['content']}")
    for event in (captioned, bare):
        await is_file(alice, event, path, content, *wanted)
    require(words["content"]["body"] == "look at this" and words["content"]["msgtype"] == "m.text", f"{words['content']}")
    require(gone["content"]["body"] == stranger.url("/gone.png"), f"what cannot be had is {gone['content']}")
    # A picture that is in the markup only, as libpurple's backend has it; and one between words.
    mark = alice.mark()
    for text, markup in ((url, f"<img src='{url}'/>"), ("", f"<p><img src='{url}'/></p>"),
                         ("see and say", f"see <img src='{url}'/><em>and say</em>"), ("the end", None)):
        await network(alice, control, {3: text, 4: "carol", 5: markup})
    await alice.message(portal, "^the end$", CAROL, mark)
    bare, empty, words, between, _ = alice.messages(portal, None, CAROL, mark)
    for event in (bare, empty, between):
        await is_file(alice, event, path, content, *wanted)
    require(words["content"]["body"] == "see and say" and "<em>and say</em>" in words["content"]["formatted_body"], f"{words}")


def peak_kb(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])


async def scenario_large_files_pass_in_pieces(world):
    """40 MiB each way, and the core has never had much of that in memory."""
    if valgrind.is_on():
        raise Unavailable("what it measures would be memcheck's own memory")
    synapse, stranger, gateway = await with_files(world, build=world.plain_build_or_skip())
    alice, _ = await with_account(world, synapse, "alice")
    control, chat, witness = [await chat_with(alice, who) for who in (ghost("control"), CAROL, ghost("witness"))]
    content = FILES[0][2] + os.urandom(40 << 20)
    stranger.files["/large.png"] = content
    before = peak_kb(gateway.process.pid)
    await network(alice, control, {2: "carol", 3: "", 11: [{1: stranger.url("/large.png"), 2: "image/png"}]})
    event = await wait_until(lambda: alice.messages(chat, None, CAROL), "the file to come", 120)
    require(await alice.download(event[0]["content"]["url"]) == content, "the homeserver has another file")
    await alice.send_file(chat, content, "image/png", "back.png", "m.image")
    said = await witnessed(alice, witness, "CONV_MESSAGE", lambda fields: "back.png" in fields["3"][0])
    status, _, got = await http_ask("GET", re.search(r"http://\S+back\.png\S*", said["3"][0])[0])
    require(status == 200 and got == content, f"it is answered {status} with {len(got)} bytes")
    grown = peak_kb(gateway.process.pid) - before
    print(f"the core's peak has grown by {grown} kB")
    require(grown < 20 << 10, f"the core's peak has grown by {grown} kB")


async def scenario_files_of_people(world):
    """What people of Matrix send has an address that everybody can open, who has it: in parts, of its own type, for a time; what
    is changed in it is none."""
    port = free_port()
    lobby = await in_the_lobby(world, "alice", **{"media.public_url": f"http://127.0.0.1:{port}", "media.port": port})
    alice, carol = lobby.people[0], lobby.carol
    irc_mark, content = carol.mark(), FILES[0][2] + os.urandom(1 << 20)
    await alice.send_file(lobby.portal, content, "image/png", "the pot.png", "m.image")
    await alice.send_file(lobby.portal, b"<html><script>alert(1)</script>", "image/png", "page.png", "m.image")
    picture_at, page_at = [(await carol.expect(rf"^:alice!\S+ PRIVMSG #lobby :.*?(http://\S+{name}\S*)", irc_mark))[1]
                           for name in ("pot", "page")]
    status, head, got = await http_ask("GET", picture_at)
    require(status == 200 and got == content, f"{picture_at} is answered {status} with {len(got)} bytes")
    for line in ("Content-Type: image/png", "X-Content-Type-Options: nosniff", "Content-Disposition: inline",
                 "Accept-Ranges: bytes"):
        require(line.lower() in head.lower(), f"no {line} in {head}")
    for asked, part in (("bytes=10-99", content[10:100]), ("bytes=-7", content[-7:]), ("bytes=1000000-", content[1000000:])):
        status, head, got = await http_ask("GET", picture_at, headers=[f"Range: {asked}"])
        require(status == 206 and got == part, f"{asked} is answered {status} with {len(got)} bytes: {head}")
    status, *_ = await http_ask("GET", picture_at, headers=["Range: bytes=9999999-"])
    require(status == 416, f"behind its end is {status}")
    status, head, _ = await http_ask("GET", page_at)
    require(status == 200 and "text/html" not in head and "image/" not in head, f"a page is shown as {head}")
    # Whoever changes anything, or takes it from one address to another, has none.
    other = re.search("s=([^&]+)", page_at)[1]
    for changed in (re.sub("s=[^&]+", f"s={other}", picture_at), re.sub(r"e=(\d+)", r"e=9\1", picture_at),
                    picture_at.replace("/mxc/localhost/", "/mxc/elsewhere/"), picture_at.split("?")[0],
                    picture_at.replace("/mxc/localhost/", "/mxc/localhost/../")):
        status, *_ = await http_ask("GET", changed)
        require(status in (400, 404), f"{changed} is answered with {status}")
