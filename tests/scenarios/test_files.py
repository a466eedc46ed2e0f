# SPDX-License-Identifier: MIT
"""
Files for people on XMPP: upload services of real Prosody servers, and the gateway's own store. What has to be fetched or
uploaded is at an address that counts as public, in a network of the scenario's own. docs/media.md says what is promised.
"""
import asyncio
import base64
import hashlib

from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

from harness.http import FileServer, http_ask
from harness.namespace import enter
from harness.process import Failure, free_port, require, wait_until
from test_backends import BACKENDS, PYTHON, child, do, witness
from test_logs import wait_for_way

ADDRESS = "5.5.5.5"
GATEWAY = "irc.localhost"
ROOM = f"#den@{GATEWAY}"
UPLOAD = "urn:xmpp:http:upload:0"
OOB, SFS, SIMS = "{jabber:x:oob}", "{urn:xmpp:sfs:0}", "{urn:xmpp:sims:1}"
PICTURE = (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (3).to_bytes(4, "big") + (2).to_bytes(4, "big") + b"\x08\x02\0\0\0"
           + b"not much of a picture")


def say(text, *urls, sender="bob", room=None, **more):
    """A CONV_MESSAGE with files."""
    fields = {1: "USER", 2: room or sender, 3: text, 11: [{1: url, 2: "image/png", 3: "a view"} for url in urls], **more}
    if room:
        fields[4] = sender
    return ["CONV_MESSAGE", fields]


async def with_files(world, upload_lines="", upload="127.0.0.1", jid=GATEWAY, **keys):
    """Prosody with an upload service, the gateway with a store, a stranger's server, alice."""
    enter(ADDRESS)
    return await with_server(world, await world.prosody(jid, upload=upload, upload_lines=upload_lines), jid, **keys)


async def with_server(world, server, jid=GATEWAY, **keys):
    stranger = FileServer(ADDRESS)
    world.started.append(stranger)
    await stranger.start()
    gateway = world.gateway(jid=jid)
    gateway.component_of(server)
    port = free_port()
    gateway.keys.update({"service.backend": f"{PYTHON} {BACKENDS}/events.py", "media.host": ADDRESS, "media.port": port,
                         "media.public_url": f"http://{ADDRESS}:{port}", **keys})
    await gateway.start()
    await gateway.process.wait_log("connected to 127.0.0.1")
    alice = await world.person("alice@localhost", server.c2s_port)
    await alice.register(jid, "al")
    await alice.presence(jid, "available")
    return server, gateway, stranger, alice


async def content_of(url):
    status, _, content = await http_ask("GET", url)
    require(status == 200, f"{url} is answered with {status}")
    return content


async def picture(alice, after, sender=f"bob@{GATEWAY}", kind="chat"):
    """The next message with a file, which is checked: its URL."""
    message = await alice.message(sender, kind=kind, after=after, where=lambda m: m.xml.find(f"{OOB}x") is not None)
    url = message.xml.find(f"{OOB}x/{OOB}url").text
    require(message["body"] == url, f"the body is {message['body']}, the file at {url}")
    return message, url


def check_facts(message, url):
    digest = base64.b64encode(hashlib.sha256(PICTURE).digest()).decode()
    for names, source, where in (
            ("urn:xmpp:file:metadata:0", "{http://jabber.org/protocol/url-data}url-data", f"{SFS}file-sharing"),
            ("urn:xmpp:jingle:apps:file-transfer:5", "{urn:xmpp:reference:0}reference",
             f"{{urn:xmpp:reference:0}}reference/{SIMS}media-sharing")):
        sharing = message.xml.find(where)
        require(sharing is not None, f"no {where} in {message}")
        file = sharing.find(f"{{{names}}}file")
        facts = {element.tag.rpartition("}")[2]: element.text for element in file}
        require(facts["media-type"] == "image/png" and facts["size"] == str(len(PICTURE)) and facts["name"] == "view.png"
                and facts["hash"] == digest and facts["desc"] == "a view", f"{where} says {facts}")
        found = [element.get("target") or element.get("uri") for element in sharing.iter(source)]
        require(found == [url], f"{where} is at {found}")
    require(message.xml.find(f"{SFS}file-sharing").get("disposition") == "inline", "the picture is no picture")
    size = message.xml.find(f"{SFS}file-sharing/{{urn:xmpp:file:metadata:0}}file/{{urn:xmpp:file:metadata:0}}width")
    require(size.text == "3", f"the picture is {size.text} wide")


async def scenario_to_the_persons_server(world):
    """Prosody's mod_http_file_share gives a component of its own server a slot."""
    prosody, _, stranger, alice = await with_files(world)
    stranger.files["/view.png"] = PICTURE
    mark = alice.mark()
    do(alice, say("", stranger.url("/view.png")))
    message, url = await picture(alice, mark)
    require(url.startswith(f"http://127.0.0.1:{prosody.http_port}/"), f"it is at {url}")
    require(await content_of(url) == PICTURE, "another file")
    check_facts(message, url)
    # A text with the link in it has the new one, and a second time nothing is fetched.
    mark = alice.mark()
    do(alice, say(f"look: {stranger.url('/view.png')}", stranger.url("/view.png")))
    _, again = await picture(alice, mark)
    require(again == url and stranger.asked == ["/view.png"], f"fetched {stranger.asked}, shown at {again}")
    # What cannot be had is shown where the network has it.
    mark = alice.mark()
    do(alice, say("", stranger.url("/nothing.png")), say("and on"))
    message, url = await picture(alice, mark)
    require(url == stranger.url("/nothing.png") and message.xml.find(f"{SFS}file-sharing") is None, f"{message}")
    await alice.message(f"bob@{GATEWAY}", "^and on$", after=mark)


async def scenario_wait_for_their_turn(world):
    """What is said behind a file comes behind it, in chats and rooms; other conversations go on."""
    _, _, stranger, alice = await with_files(world)
    stranger.files.update({"/view.png": PICTURE, "/room.png": PICTURE})
    for path in stranger.files:
        stranger.gates[path] = asyncio.Event()
    alice.join(ROOM, "al")
    await witness(alice, "JOIN_ROOM")
    for nick in ("bob", "al"):
        do(alice, ["PARTICIPANT_CHANGED", {1: "USER", 2: "#den", 3: nick, 4: 0, 5: 0}])
    await alice.joined(ROOM, "al")
    mark = alice.mark()
    do(alice, say("", stranger.url("/view.png")), say("behind it"), say("", stranger.url("/room.png"), room="#den"),
       say("behind it there", room="#den"), say("something else", sender="carol"))
    await alice.message(f"carol@{GATEWAY}", "^something else$", after=mark)
    await wait_until(lambda: len(stranger.asked) == 2, "both files to be asked for")
    require(len(alice.messages) == mark[0] + 1, "something has overtaken its file")
    stranger.gates["/room.png"].set()
    await picture(alice, mark, f"{ROOM}/bob", "groupchat")
    await alice.message(f"{ROOM}/bob", "^behind it there$", after=mark)
    stranger.gates["/view.png"].set()
    await picture(alice, mark)
    await alice.message(f"bob@{GATEWAY}", "^behind it$", after=mark)
    bodies = [m["body"] for m in alice.messages[mark[0]:] if m["from"].bare == f"bob@{GATEWAY}"]
    require(bodies.index("behind it") == 1, f"the order is {bodies}")


async def scenario_into_the_own_store(world):
    """Where the server has no service, or one that does not let us."""
    _, gateway, stranger, alice = await with_files(world, upload_lines='http_file_share_access = { "somebody.else" }')
    stranger.files["/view.png"] = PICTURE
    mark, log_mark = alice.mark(), len(gateway.process.log())
    do(alice, say("", stranger.url("/view.png")))
    message, url = await picture(alice, mark)
    require(url.startswith(gateway.keys["media.public_url"] + "/media/"), f"it is at {url}")
    require(await content_of(url) == PICTURE, "another file")
    check_facts(message, url)
    await wait_for_way(gateway, r"message from backend \d+, trace (\d+)",
                       [" is kept,", 'upload.localhost" takes no file: ', " message to "], log_mark)


async def with_ejabberd(world, access):
    enter(ADDRESS)
    server = await world.ejabberd(access=access)
    _, gateway, stranger, alice = await with_server(world, server)
    stranger.files["/view.png"] = PICTURE
    mark = alice.mark()
    do(alice, say("", stranger.url("/view.png")))
    message, url = await picture(alice, mark)
    require(await content_of(url) == PICTURE, "another file")
    check_facts(message, url)
    return url, f"http://127.0.0.1:{server.http_port}/upload/", gateway.keys["media.public_url"]


async def scenario_ejabberd(world):
    """Its access rule has to name the component."""
    url, service, _ = await with_ejabberd(world, ["local", "gateway"])
    require(url.startswith(service), f"it is at {url}")


async def scenario_ejabberd_refuses_components(world):
    """The rule that it has if nobody writes another: people of its own hosts."""
    url, _, own = await with_ejabberd(world, ["local"])
    require(url.startswith(own + "/media/"), f"it is at {url}")


async def scenario_no_service(world):
    _, gateway, stranger, alice = await with_files(world, upload=None)
    stranger.files["/view.png"] = PICTURE
    mark = alice.mark()
    do(alice, say("", stranger.url("/view.png")))
    _, url = await picture(alice, mark)
    require(url.startswith(gateway.keys["media.public_url"] + "/media/"), f"it is at {url}")


async def with_another_server(world, upload, **keys):
    """The gateway's name does not say that it is a component of the person's server: where a file of its went."""
    prosody, gateway, stranger, alice = await with_files(world, upload=upload, jid="irc.test", **keys)
    stranger.files["/view.png"] = PICTURE
    mark = alice.mark()
    do(alice, say("", stranger.url("/view.png")), domain="irc.test")
    _, url = await picture(alice, mark, "bob@irc.test")
    require(await content_of(url) == PICTURE, "another file")
    return url, f"http://{upload}:{prosody.http_port}/", gateway.keys["media.public_url"]


async def scenario_another_server(world):
    url, service, _ = await with_another_server(world, ADDRESS)
    require(url.startswith(service), f"it is at {url}")


async def scenario_nothing_to_this_machine(world):
    """For another server's word nothing is sent to an address that is not public."""
    url, _, own = await with_another_server(world, "127.0.0.1")
    require(url.startswith(own + "/media/"), f"it is at {url}")


async def scenario_a_configured_service(world):
    """The administrator's word counts: it may be on this very machine."""
    url, service, _ = await with_another_server(world, "127.0.0.1", **{"service.upload": "upload.localhost"})
    require(url.startswith(service), f"it is at {url}")


async def scenario_switched_off(world):
    url, _, own = await with_another_server(world, ADDRESS, **{"service.upload": "off"})
    require(url.startswith(own + "/media/"), f"it is at {url}")


async def slot(person, to, name, size, kind="image/png"):
    iq = person.make_iq_get(ito=to)
    request = ET.SubElement(iq.xml, f"{{{UPLOAD}}}request")
    request.set("filename", name)
    request.set("size", str(size))
    request.set("content-type", kind)
    answer = await iq.send(timeout=20)
    found = child(answer, UPLOAD, "slot")
    return [found.find(f"{{{UPLOAD}}}{way}").get("url") for way in ("put", "get")]


async def scenario_upload_in_server_mode(world):
    """The gateway is the server: its clients upload, and whoever has the link opens it."""
    port = free_port()
    ircd, gateway = await world.irc_server(**{"media.port": port, "media.public_url": f"http://127.0.0.1:{port}",
                                              "media.max_file_size": 1})
    carol = await world.irc_client(ircd, "carol")
    await carol.join("#lobby")
    alice = await world.person("alice@localhost", gateway.port)
    info = await alice.plugin["xep_0030"].get_info(jid="localhost")
    require(UPLOAD in info["disco_info"]["features"], "the server does not offer it")
    require(("store", "file", None, "HTTP File Upload") in info["disco_info"]["identities"], "no identity of a store")
    form = info.xml.find("{http://jabber.org/protocol/disco#info}query/{jabber:x:data}x")
    values = {field.get("var"): field.find("{jabber:x:data}value").text for field in form}
    require(values == {"FORM_TYPE": UPLOAD, "max-file-size": str(1 << 20)}, f"the form is {values}")
    put, get = await slot(alice, "localhost", "../view of \U0001f600.png", len(PICTURE))
    require((await http_ask("GET", get))[0] == 404, "it is there before it was sent")
    require((await http_ask("PUT", put, PICTURE + b"!"))[0] == 400, "another size is taken")
    status, _, content = await http_ask("PUT", put, PICTURE)
    require(status == 201, f"the answer is {status}: {content}")
    require((await http_ask("PUT", put, PICTURE))[0] == 409, "the place is given twice")
    alice.join("#lobby@localhost", "alice")
    await alice.joined("#lobby@localhost", "alice")
    mark = carol.mark()
    alice.say("#lobby@localhost", get, "groupchat")
    link = (await carol.expect("^:alice!.* PRIVMSG #lobby :(http.*)$", mark))[1]
    status, head, content = await http_ask("GET", link)
    require(status == 200 and content == PICTURE and "image/png" in head and "nosniff" in head, f"{head}")
    require("view%20of%20%F0%9F%98%80.png" in link and "/../" not in link, f"the link is {link}")
    try:
        await slot(alice, "localhost", "large.png", (1 << 20) + 1)
        raise Failure("a file that is too large gets a slot")
    except IqError as error:
        large = error.iq.xml.find(f".//{{{UPLOAD}}}file-too-large/{{{UPLOAD}}}max-file-size")
        require(error.condition == "not-acceptable" and large.text == str(1 << 20), f"{error.iq}")


async def scenario_from_clients(world):
    """What a client says of its file goes to the network, whichever way it says it."""
    _, _, _, alice = await with_files(world, upload=None)
    link = "https://files.example.org/view.png"

    def client_says(body, *elements):
        message = alice.make_message(mto=f"bob@{GATEWAY}", mbody=body, mtype="chat")
        for element in elements:
            message.xml.append(ET.fromstring(element))
        message.send()

    def facts(ns):
        return (f"<file xmlns='{ns}'><media-type>image/png</media-type><name>view.png</name><desc>a view</desc>"
                f"<size>7</size></file>")
    sfs = (f"<file-sharing xmlns='urn:xmpp:sfs:0'>{facts('urn:xmpp:file:metadata:0')}<sources><url-data "
           f"xmlns='http://jabber.org/protocol/url-data' target='{link}'/></sources></file-sharing>")
    sims = (f"<reference xmlns='urn:xmpp:reference:0' type='data'><media-sharing xmlns='urn:xmpp:sims:1'>"
            f"{facts('urn:xmpp:jingle:apps:file-transfer:5')}<sources><reference xmlns='urn:xmpp:reference:0' type='data' "
            f"uri='{link}'/></sources></media-sharing></reference>")
    oob = f"<x xmlns='jabber:x:oob'><url>{link}</url><desc>a view</desc></x>"
    for body, elements in ((link, [oob, sfs, sims]), (None, [sfs]), (None, [sims]), (link, [sims]), (None, [oob, sfs])):
        mark = alice.mark()
        client_says(body, *elements)
        fields = await witness(alice, "CONV_MESSAGE", after=mark)
        require(fields["3"] == [link] and fields["11"] == [f"\n\"{link}\x12\timage/png\x1a\x06a view"],
                f"{elements} becomes {fields}")
    mark = alice.mark()
    client_says("no file", "<x xmlns='jabber:x:oob'><url>javascript:alert(1)</url></x>")
    fields = await witness(alice, "CONV_MESSAGE", after=mark)
    require(fields["3"] == ["no file"] and "11" not in fields, f"{fields}")
